//! The chipwire program: arguments, log, panics, exit status. Everything else is in the library.

use chipwire::command;
use std::process::ExitCode;

fn main() -> ExitCode {
    chipwire::store::abort_on_sled_panic();
    ExitCode::from(command::run(std::env::args_os()))
}

//! Programs that may be missing.

use std::process::Command;

/// A command of this program, or `None` and a word that its test is skipped.
pub(super) fn tool(name: &str) -> Option<Command> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&paths).any(|directory| directory.join(name).is_file()) {
        return Some(Command::new(name));
    }
    println!("skipped: {name} is not installed");
    None
}

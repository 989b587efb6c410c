//! The daemon under a service manager: a small harness plays systemd's part, and where systemd's own tools, strace or
//! promtool are installed, they judge what we ship. Where one is missing, its test says so and is skipped.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests"
)]
#![expect(clippy::disallowed_methods, reason = "a test reads the clock and the environment of its machine")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

mod activation;
mod commands;
mod exits;
mod http;
mod logs;
mod manager;
mod manual;
mod monitoring;
mod notify;
mod package;
mod publisher;
mod reload;
mod scarcity;
mod tools;
mod unit;

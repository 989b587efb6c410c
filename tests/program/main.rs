//! The whole program from outside: the real binary, real HTTP on loopback, real signals. Each test is named for what
//! a reader, a publisher or an operator sees.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, and reads the clock of the machine as the program does"
)]

#[path = "../tls_support/authority.rs"]
mod authority;
mod bodies;
mod commands;
mod conditional;
mod data;
mod errors;
mod freshness;
mod hostile;
mod hubs;
mod identity;
mod lifecycle;
mod moves;
mod news;
mod polling;
mod publisher;
mod reload;
mod secrets;
mod stories;
mod tls;
mod walls;
mod world;

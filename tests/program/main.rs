//! The whole program from outside: the real binary, real HTTP on loopback, real signals. Each test is named for what
//! a reader, a publisher or an operator sees.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]

mod commands;
mod data;
mod hostile;
mod hubs;
mod lifecycle;
mod moves;
mod news;
mod polling;
mod publisher;
mod reload;
mod secrets;
mod stories;
mod world;

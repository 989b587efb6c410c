//! What readers and the operator get over HTTP, through the public door: real sockets, real requests.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod feeds;
mod limits;
mod operator;
mod pages;
mod server;
mod websub;
mod wire;

//! The demo wire: a small invented press, compiled into the program, and the farm that serves it on loopback.
//!
//! The data stand in `demo/wire/*.toml`, one file a publisher, each entry written by hand with its label beside
//! it: is it about chips, which story does it tell, and as what. Publishers live on `.example` hosts. The
//! companies that act are mostly real, what they do here is not: **the events are fiction**, save for the two
//! Trainium storylines. Ages count back from the start of the farm, so that the newest entries are of today.
//!
//! Labels are for tests and for the demo's summary alone: nothing that is served carries them.

mod farm;
mod render;
mod wire;

pub use farm::Farm;
pub use wire::{Label, Labelled, WireError, labels};

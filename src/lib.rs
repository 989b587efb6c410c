//! chipwire: see ARCHITECTURE.md.

pub mod config;
pub mod link;
pub mod model;
pub mod normalise;
pub mod parse;
pub mod text;
pub mod store;

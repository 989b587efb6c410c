//! chipwire: see ARCHITECTURE.md.

pub mod config;
pub mod model;
pub mod publish;

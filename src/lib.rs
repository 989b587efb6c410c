//! chipwire: see ARCHITECTURE.md.

pub mod classify;
pub mod model;

//! chipwire: see ARCHITECTURE.md.

pub mod fetch;
pub mod model;
pub mod schedule;

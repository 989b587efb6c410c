//! chipwire: see ARCHITECTURE.md.

pub mod model;
pub mod store;

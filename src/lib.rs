//! chipwire: see ARCHITECTURE.md.

pub mod link;
pub mod model;
pub mod text;

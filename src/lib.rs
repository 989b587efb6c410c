//! chipwire: see ARCHITECTURE.md.

pub mod cluster;
pub mod link;
pub mod model;
pub mod text;

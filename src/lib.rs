//! chipwire: see ARCHITECTURE.md.

pub mod config;
pub mod metrics;
pub mod model;
pub mod publish;
pub mod serve;

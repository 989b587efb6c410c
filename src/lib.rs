//! chipwire: see ARCHITECTURE.md.

pub mod config;
pub mod link;
pub mod metrics;
pub mod demo;
pub mod model;
pub mod normalise;
pub mod parse;
pub mod publish;
pub mod store;
pub mod text;

//! chipwire: see ARCHITECTURE.md.

pub mod classify;
pub mod cluster;
pub mod config;
pub mod demo;
pub mod fetch;
pub mod link;
pub mod metrics;
pub mod model;
pub mod normalise;
pub mod parse;
pub mod publish;
pub mod schedule;
pub mod serve;
pub mod store;
pub mod text;
pub mod websub;

//! chipwire reads the world's technology feeds and publishes one: every chip story once, with who else covers it.
//!
//! Reading order, as the data flow: [`config`] → [`fetch`] → [`parse`] → [`normalise`] → [`classify`] → [`cluster`] →
//! [`store`] → [`publish`] → [`serve`]; [`pipeline`] composes the pure stages, [`daemon`] everything. ARCHITECTURE.md has
//! the map and the layers.

pub mod classify;
pub mod cluster;
pub mod command;
pub mod config;
pub mod control;
pub mod daemon;
pub mod demo;
pub mod desk;
pub mod fetch;
pub mod link;
pub mod metrics;
pub mod model;
pub mod normalise;
pub mod parse;
pub mod pipeline;
pub mod publish;
pub mod schedule;
pub mod serve;
pub mod store;
pub mod text;
pub mod websub;

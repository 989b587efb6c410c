//! Why the daemon did not start, or had to end.

use crate::classify::RulesError;
use crate::config::ConfigError;
use crate::fetch::FetchError;
use crate::schedule::CadenceError;
use crate::store::{Advice, StoreError};
use std::io;

/// Why the daemon did not start, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The configuration.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// Topics or terms.
    #[error("{0}")]
    Rules(#[from] RulesError),
    /// Intervals.
    #[error("{0}")]
    Cadence(#[from] CadenceError),
    /// The table of publishers.
    #[error("config/publishers.toml: {0}")]
    Publishers(String),
    /// Certificates or contact.
    #[error("{0}")]
    Fetch(#[from] FetchError),
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A listener.
    #[error(
        "{key} = {address:?} can't be served: {source}; choose another in the configuration, or stop what listens there"
    )]
    Listen {
        /// The key.
        key: &'static str,
        /// Its value.
        address: String,
        /// The system's word.
        source: io::Error,
    },
    /// The system refused something else.
    #[error("{0}")]
    System(#[from] io::Error),
}

impl DaemonError {
    /// After sysexits.h; from 64 to 78 what no restart mends.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Rules(_) | Self::Cadence(_) | Self::Publishers(_) | Self::Fetch(_) => 78,
            Self::Store(StoreError::NewerSchema { .. }) => 65,
            Self::Store(error) if error.advice() == Advice::Stop => 73,
            Self::Listen { .. } => 71,
            Self::Store(_) | Self::System(_) => 1,
        }
    }
}

//! Files and environment to [`Settings`]: compiled-in defaults first, then the operator's files, then single
//! values from the environment. Nothing below this module sees a raw value, and no value is left that means
//! "default". Every fault is reported, not only the first.

mod fault;
mod feeds;
mod keys;
mod layers;
mod location;
mod rules;
mod value;

pub use fault::{ConfigError, Fault};
pub use layers::load;
pub use location::{Environment, Locations, locate_config, locate_data};

use crate::classify::RulesFile;
use crate::model::{Feed, Kind};
use crate::schedule::HostRule;
use crate::serve::Listen;
use ipnet::IpNet;
use rustc_hash::FxHashMap;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// The reference configuration, with every key at its default.
pub const REFERENCE: &str = include_str!("../config/chipwire.toml");

/// Publishers: owners and kinds.
pub const PUBLISHERS: &str = include_str!("../config/publishers.toml");

/// The whole configuration, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Files that were read, in the order of their authority.
    pub files: Vec<PathBuf>,
    /// `[poll]`.
    pub poll: Poll,
    /// `[filter]`.
    pub filter: Filter,
    /// `[dedupe]`.
    pub dedupe: Dedupe,
    /// `[publish]`.
    pub publish: Publish,
    /// `[serve]`.
    pub serve: Serve,
    /// The built-in feeds and the operator's, those switched off included.
    pub feeds: Vec<Feed>,
    /// `[[host]]`: domains that bear less, or more, than `poll.per_host` and `poll.host_gap`.
    pub hosts: FxHashMap<String, HostRule>,
    /// Contexts, terms and topics, built-in ones and the operator's.
    pub rules: RulesFile,
}

/// `[poll]`: how feeds are asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Poll {
    /// Whether the built-in list is polled.
    pub builtin_feeds: bool,
    /// Between polls of a feed that says nothing about itself.
    pub default_interval: Duration,
    /// No feed is polled more often.
    pub min_interval: Duration,
    /// No feed that works is polled less often.
    pub max_interval: Duration,
    /// Requests at once.
    pub concurrency: usize,
    /// Requests at once to one host.
    pub per_host: usize,
    /// Between two requests to one host.
    pub host_gap: Duration,
    /// A whole fetch.
    pub timeout: Duration,
    /// The longest body, in bytes, as sent and as decoded.
    pub max_body_bytes: u64,
    /// For the User-Agent.
    pub contact: String,
    /// Private networks that may be asked.
    pub allow_networks: Vec<IpNet>,
    /// Certificate authorities to trust beside the system's.
    pub extra_ca: Option<PathBuf>,
    /// The base of WebSub callbacks, where it is not `public_url`.
    pub websub_callback: Option<Url>,
}

/// `[filter]`: what is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// The least score of a relevant entry.
    pub threshold: f32,
    /// Kinds that stay off the wire.
    pub exclude_kinds: Vec<Kind>,
    /// How long rejects are kept.
    pub keep_rejects: Duration,
}

/// `[dedupe]`: what is one story.
#[derive(Debug, Clone, PartialEq)]
pub struct Dedupe {
    /// How far apart two entries of one story can be.
    pub window: Duration,
}

/// `[publish]`: what the feeds hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Publish {
    /// What the feeds call themselves.
    pub title: String,
    /// Where readers reach us, without a slash at its end.
    pub public_url: Option<Url>,
    /// BCP 47; empty is all.
    pub languages: Vec<String>,
    /// At least so many stories, where there are that many.
    pub items: usize,
    /// All stories of this time.
    pub window: Duration,
    /// At most so many stories.
    pub max_items: usize,
    /// How long a story waits before it is published.
    pub settle: Duration,
    /// How long stories are kept.
    pub retention: Duration,
    /// A WebSub hub to name.
    pub hub: Option<Url>,
}

/// `[serve]`: where it is served.
#[derive(Debug, Clone, PartialEq)]
pub struct Serve {
    /// For readers.
    pub listen: Option<Listen>,
    /// For the operator.
    pub admin_listen: Option<Listen>,
}

/// A duration as configuration writes it (`90m`, `14d`), for the command line.
pub fn duration(text: &str) -> Option<Duration> {
    value::duration(&toml::de::DeValue::String(text.into())).ok()
}

#[cfg(test)]
mod tests;

//! What the operator decides about what is republished.

use crate::model::Kind;
use std::time::Duration;
use url::Url;

const DAY: Duration = Duration::from_hours(24);

/// The `[publish]` section, with the kinds that `[filter]` keeps off the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The name of the wire.
    pub title: String,
    /// Where readers find us; it may have a path.
    pub public_url: Option<Url>,
    /// Languages of the default wire (BCP 47); none means all.
    pub languages: Vec<String>,
    /// Kinds that stay off the wire and its topics, and have their feeds under `/kinds/` alone.
    pub exclude_kinds: Vec<Kind>,
    /// A feed holds at least so many items, where there are that many.
    pub items: usize,
    /// A feed holds the stories of so long.
    pub window: Duration,
    /// A feed holds at most so many items.
    pub max_items: usize,
    /// How long a story waits for its lead, from the lead's claimed time on.
    pub settle: Duration,
    /// How long stories are kept.
    pub retention: Duration,
    /// A WebSub hub that readers' services are told of, and that is told of changes.
    pub hub: Option<Url>,
}

impl Settings {
    /// The short name of the wire and the rest of its title: `chipwire: every chip story once` is divided at its colon.
    pub fn name_and_motto(&self) -> (&str, &str) {
        self.title.split_once(": ").unwrap_or((&self.title, ""))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            title: "Chipwire".to_owned(),
            public_url: None,
            languages: vec!["en".to_owned()],
            exclude_kinds: vec![Kind::Deal, Kind::MarketNote],
            items: 100,
            window: 7 * DAY,
            max_items: 500,
            settle: Duration::from_mins(5),
            retention: 400 * DAY,
            hub: None,
        }
    }
}

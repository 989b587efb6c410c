//! The feeds that are polled, and how they are doing, as readers and the operator see them.

use super::FeedInfo;
use crate::model::{Condition, FeedState, Timestamp};
use std::sync::Arc;

/// A snapshot of the feeds, in the order in which they are shown: what needs a look first.
#[derive(Debug, Clone)]
pub struct Sources {
    /// When it was taken.
    pub at: Timestamp,
    feeds: Vec<Source>,
}

/// A feed and its health.
#[derive(Debug, Clone)]
pub struct Source {
    /// The feed.
    pub info: Arc<FeedInfo>,
    /// Its state.
    pub state: Arc<FeedState>,
    /// New entries a day, oldest first, today last; as many days as are known, 28 at most.
    pub entries_per_day: Vec<u32>,
}

impl Sources {
    /// Feeds in any order.
    pub fn new(at: Timestamp, mut feeds: Vec<Source>) -> Self {
        feeds.sort_by_cached_key(|feed| {
            (urgency(feed.state.condition), feed.info.name.to_lowercase(), feed.info.id)
        });
        Self { at, feeds }
    }

    /// The feeds that may be shown: broken, stale and moved ones first, then by name. Never a private one.
    pub fn feeds(&self) -> impl Iterator<Item = &Source> {
        self.feeds.iter().filter(|feed| !feed.info.private)
    }

    /// All feeds, private ones too: for numbers, never for names.
    pub fn all(&self) -> &[Source] {
        &self.feeds
    }
}

impl Source {
    /// New entries in the last seven days.
    pub fn entries_a_week(&self) -> u32 {
        self.entries_per_day.iter().rev().take(7).sum()
    }

    /// Of its entries, the share that was relevant; `None` before the first one.
    pub fn relevant_share(&self) -> Option<f64> {
        share(self.state.counts.relevant, self.state.counts.entries)
    }

    /// Of its relevant entries, the share that were copies of somebody else's.
    pub fn copied_share(&self) -> Option<f64> {
        share(self.state.counts.copies, self.state.counts.relevant)
    }

    /// Whether an operator should look at it.
    pub fn is_in_trouble(&self) -> bool {
        matches!(
            self.state.condition,
            Condition::Gone | Condition::Failing | Condition::Stale | Condition::Moved
        )
    }
}

/// The word for a feed's condition.
pub(super) const fn condition_word(condition: Condition) -> &'static str {
    match condition {
        Condition::Active => "active",
        Condition::Failing => "failing",
        Condition::Stale => "stale",
        Condition::Moved => "moved",
        Condition::Gone => "gone",
        Condition::Paused => "paused",
    }
}

const fn urgency(condition: Condition) -> u8 {
    match condition {
        Condition::Gone => 0,
        Condition::Failing => 1,
        Condition::Stale => 2,
        Condition::Moved => 3,
        Condition::Active => 4,
        Condition::Paused => 5,
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a share that is shown in per cent")]
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl Source {
    /// How it is doing, in a word.
    pub fn condition_word(&self) -> &'static str {
        condition_word(self.state.condition)
    }
}

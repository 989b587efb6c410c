//! How many new entries a feed may bring in a day: one that makes up new ids at every poll must not fill the disk.
//! What is over it is not taken, and the body counts as not taken, so that the rest comes on a day with room.

use crate::model::{FeedId, Timestamp};
use chrono::NaiveDate;
use rustc_hash::FxHashMap;

/// New entries of one feed in a day (UTC). The busiest feed of the built-in list brings some 300; a first poll, at most
/// 3,000, the limit of a document.
const NEW_A_DAY: usize = 5_000;

/// What the feeds have brought today. It begins anew with the process, which costs a hostile feed's worth of a day.
#[derive(Debug, Default)]
pub(super) struct Quota {
    day: NaiveDate,
    brought: FxHashMap<FeedId, usize>,
}

impl Quota {
    /// How many new entries a feed may still bring today.
    pub(super) fn left(&mut self, feed: FeedId, now: Timestamp) -> usize {
        if self.day != now.date_naive() {
            *self = Self { day: now.date_naive(), brought: FxHashMap::default() };
        }
        NEW_A_DAY.saturating_sub(self.brought.get(&feed).copied().unwrap_or_default())
    }

    /// Notes what was kept.
    pub(super) fn count(&mut self, feed: FeedId, new: usize) {
        if new > 0 {
            *self.brought.entry(feed).or_default() += new;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_that_makes_up_new_entries_is_bounded_by_the_day_and_others_are_not() {
        let (flood, other) = (FeedId(1), FeedId(2));
        let monday: Timestamp = "2026-11-23T23:59:59Z".parse().unwrap();
        let tuesday: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
        let mut quota = Quota::default();
        for _ in 0..3 {
            let taken = quota.left(flood, monday).min(2_000);
            quota.count(flood, taken);
        }
        assert_eq!((quota.left(flood, monday), quota.left(other, monday)), (0, NEW_A_DAY));
        assert_eq!(quota.left(flood, tuesday), NEW_A_DAY);
    }
}

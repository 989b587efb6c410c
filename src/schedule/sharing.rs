//! Subscriptions that came to one address: several feeds that moved to the same place, or to where another one is
//! subscribed. One of them is polled for all, or the publisher would be asked as often as there are subscriptions.

use super::moves::FAILURES_TO_RETURN;
use crate::model::{Condition, FeedId, FeedState};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;

/// Who is polled where. Feeds that stay where they were subscribed cost it next to nothing.
///
/// ```
/// use chipwire::model::{FeedId, FeedState, Timestamp};
/// use chipwire::schedule::Sharing;
/// # let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
/// let state = |url| FeedState::new(FeedId::of(url), url, now);
/// let (new, mut old) = (state("https://a.example/new"), state("https://a.example/old"));
/// let mut sharing = Sharing::default();
/// sharing.put(&new);
/// sharing.put(&old);
/// assert_eq!(sharing.stand_in(&old), None);
/// old.polled_url = new.url.clone();
/// sharing.put(&old);
/// assert_eq!(sharing.stand_in(&old), Some(new.feed));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Sharing {
    /// Feeds that are polled where they were subscribed.
    settled: FxHashSet<FeedId>,
    /// Feeds that moved, by the address that they are polled at. An address is named like the feed that would be
    /// subscribed there.
    moved: FxHashMap<FeedId, BTreeSet<FeedId>>,
    /// The addresses of feeds that moved.
    addresses: FxHashMap<FeedId, FeedId>,
}

impl Sharing {
    /// Takes in a feed as it is now, in the place of what was known of it. One that is not polled, or that fails for
    /// so long that its address is no good, stands in for nobody.
    pub fn put(&mut self, state: &FeedState) {
        self.remove(state.feed);
        let is_at_rest = matches!(state.condition, Condition::Gone | Condition::Paused);
        if is_at_rest || state.failures >= FAILURES_TO_RETURN {
            return;
        }
        if state.polled_url == state.url {
            self.settled.insert(state.feed);
        } else {
            let address = FeedId::of(&state.polled_url);
            self.moved.entry(address).or_default().insert(state.feed);
            self.addresses.insert(state.feed, address);
        }
    }

    /// Forgets a feed.
    pub fn remove(&mut self, feed: FeedId) {
        self.settled.remove(&feed);
        let Some(address) = self.addresses.remove(&feed) else { return };
        if let Some(there) = self.moved.get_mut(&address) {
            there.remove(&feed);
            if there.is_empty() {
                self.moved.remove(&address);
            }
        }
    }

    /// The feed that is polled in this one's stead: the one that is subscribed at its address, else one of those that
    /// moved there, always the same. `None` where it is polled itself.
    pub fn stand_in(&self, state: &FeedState) -> Option<FeedId> {
        if state.polled_url == state.url {
            return None;
        }
        let address = FeedId::of(&state.polled_url);
        let first = || self.moved.get(&address).and_then(BTreeSet::first).copied();
        let polled = if self.settled.contains(&address) { Some(address) } else { first() };
        polled.filter(|polled| *polled != state.feed)
    }

    /// All feeds that moved.
    pub fn movers(&self) -> impl Iterator<Item = FeedId> {
        self.addresses.keys().copied()
    }

    /// The feeds that moved to the address of this one.
    pub fn movers_beside(&self, state: &FeedState) -> Vec<FeedId> {
        let there = self.moved.get(&FeedId::of(&state.polled_url));
        there.into_iter().flatten().copied().filter(|feed| *feed != state.feed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn at(url: &str, polled: &str) -> FeedState {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let polled_url = format!("https://a.example/{polled}");
        FeedState { polled_url, ..FeedState::new(FeedId::of(url), &format!("https://a.example/{url}"), now) }
    }

    fn subscribed(path: &str) -> FeedState {
        let state = at(path, path);
        FeedState { feed: FeedId::of(&state.url), ..state }
    }

    #[test]
    fn of_several_that_moved_to_one_place_one_is_polled_until_it_leaves() {
        let (one, two) = (at("one", "new"), at("two", "new"));
        let mut sharing = Sharing::default();
        sharing.put(&one);
        assert_eq!(sharing.stand_in(&one), None);
        sharing.put(&two);
        let polled = sharing.stand_in(&one).or(sharing.stand_in(&two)).unwrap();
        let (polled, other) = if polled == one.feed { (one, two) } else { (two, one) };
        assert_eq!((sharing.stand_in(&polled), sharing.stand_in(&other)), (None, Some(polled.feed)));
        assert_eq!(sharing.movers_beside(&polled), [other.feed]);
        sharing.remove(polled.feed);
        assert_eq!(sharing.stand_in(&other), None);
    }

    #[test]
    fn who_is_subscribed_at_the_address_is_polled_unless_it_rests_or_fails_for_long() {
        let (home, guest) = (subscribed("new"), at("old", "new"));
        let mut sharing = Sharing::default();
        sharing.put(&guest);
        sharing.put(&home);
        assert_eq!((sharing.stand_in(&guest), sharing.stand_in(&home)), (Some(home.feed), None));
        sharing.put(&FeedState { failures: FAILURES_TO_RETURN - 1, ..home.clone() });
        assert_eq!(sharing.stand_in(&guest), Some(home.feed), "anybody fails now and then");
        for away in [
            FeedState { failures: FAILURES_TO_RETURN, ..home.clone() },
            FeedState { condition: Condition::Gone, ..home.clone() },
            FeedState { condition: Condition::Paused, ..home.clone() },
            FeedState { polled_url: "https://a.example/elsewhere".to_owned(), ..home.clone() },
        ] {
            sharing.put(&away);
            assert_eq!(sharing.stand_in(&guest), None, "{away:?}");
        }
    }
}

//! All subscriptions: which feed a callback belongs to, and which hub is to be asked next.

use crate::model::{FeedId, FeedState, HubState, Timestamp};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// Subscriptions that are being ended at a time; older ones are forgotten, and their hubs find out by our 404s.
const MAX_LEAVING: usize = 256;

/// The subscriptions of all feeds, by token and by time. Rebuilt from the feeds' states at a start.
#[derive(Debug, Default)]
pub struct Subscriptions {
    tokens: FxHashMap<String, FeedId>,
    feeds: FxHashMap<FeedId, (String, Timestamp)>,
    agenda: BTreeSet<(Timestamp, FeedId)>,
    leaving: BTreeMap<String, HubState>,
}

impl Subscriptions {
    /// Takes in a feed's state as it is stored now, in the place of an earlier one.
    pub fn put(&mut self, state: &FeedState) {
        self.remove(state.feed);
        if let Some(hub) = &state.hub {
            self.tokens.insert(hub.token.clone(), state.feed);
            self.feeds.insert(state.feed, (hub.token.clone(), hub.next_request));
            self.agenda.insert((hub.next_request, state.feed));
        }
    }

    /// Takes a feed out.
    pub fn remove(&mut self, feed: FeedId) {
        if let Some((token, at)) = self.feeds.remove(&feed) {
            self.tokens.remove(&token);
            self.agenda.remove(&(at, feed));
        }
    }

    /// Keeps the subscription of a removed feed until its hub has verified that it ended. Not kept over a restart.
    pub fn keep_leaving(&mut self, hub: HubState) {
        if self.leaving.len() >= MAX_LEAVING {
            self.leaving.pop_first();
        }
        self.leaving.insert(hub.token.clone(), hub);
    }

    /// The feed that a callback belongs to.
    pub fn feed_of(&self, token: &str) -> Option<FeedId> {
        self.tokens.get(token).copied()
    }

    /// The subscription of a removed feed that a callback belongs to.
    pub fn leaving(&self, token: &str) -> Option<&HubState> {
        self.leaving.get(token)
    }

    /// The hub has verified that it ended.
    pub fn ended(&mut self, token: &str) {
        self.leaving.remove(token);
    }

    /// The feeds whose hubs are to be asked now. Each must be [put](Self::put) again when the hub has been asked.
    pub fn take_due(&mut self, now: Timestamp) -> Vec<FeedId> {
        let mut due = Vec::new();
        while let Some((at, feed)) = self.agenda.first().copied().filter(|(at, _)| *at <= now) {
            self.agenda.remove(&(at, feed));
            due.push(feed);
        }
        due
    }

    /// When the next hub is to be asked.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.agenda.first().map(|(at, _)| *at)
    }
}

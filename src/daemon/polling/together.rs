//! Subscriptions that came to one address are polled together: one of them for all, the others stand back and are told
//! when it leaves. Who it is, [`Sharing`](crate::schedule::Sharing) decides.

use super::Polling;
use crate::daemon::now;
use crate::link;
use crate::model::{FeedId, FeedState};
use crate::schedule::later;
use tracing::info;

impl Polling {
    /// Takes a feed's state in, in the place of the one before, and puts it into the queue: due when the state says so,
    /// unless another feed is polled in its stead.
    pub(super) fn place(&mut self, state: FeedState) {
        let feed = state.feed;
        self.sharing.put(&state);
        let mut beside = self.sharing.movers_beside(&state);
        if self.means.by_schedule
            && self.sharing.stand_in(&state).is_none()
            && !self.standing_back.contains(&feed)
        {
            // Once more for a feed that left and came back while it was on its way.
            self.queue.put(&state);
        }
        if let Some(before) = self.states.insert(feed, state)
            && self.states.get(&feed).is_none_or(|state| state.polled_url != before.polled_url)
        {
            beside.extend(self.sharing.movers_beside(&before));
        }
        self.arrange(feed);
        for feed in beside {
            self.arrange(feed);
        }
    }

    /// Forgets a feed; gives what was known of it.
    pub(super) fn forget(&mut self, feed: FeedId) -> Option<FeedState> {
        self.queue.remove(feed);
        self.sharing.remove(feed);
        self.standing_back.remove(&feed);
        let state = self.states.remove(&feed)?;
        for beside in self.sharing.movers_beside(&state) {
            self.arrange(beside);
        }
        Some(state)
    }

    /// Takes a feed out of the queue where another is polled in its stead, and back in where none is any more.
    pub(super) fn arrange(&mut self, feed: FeedId) {
        let Some(state) = self.states.get(&feed) else { return };
        match self.sharing.stand_in(state) {
            Some(polled) => {
                self.queue.remove(feed);
                if self.standing_back.insert(feed) {
                    info!(
                        subscription = %feed,
                        "moved to {}, which is polled for {polled} already: one poll serves both",
                        link::mask(&state.polled_url)
                    );
                }
            }
            None => {
                if self.standing_back.remove(&feed) && self.means.by_schedule {
                    // The address was asked a moment ago, perhaps.
                    let earliest = later(now(), self.means.current.borrow().cadence.min());
                    self.queue.put_not_before(state, earliest);
                }
            }
        }
    }

    /// Why a feed that another is polled for is not asked by a sweep.
    pub(super) fn stood_in_for(&self, state: &FeedState) -> Option<String> {
        let polled = self.feeds.get(&self.sharing.stand_in(state)?)?;
        let name = polled.name.clone().unwrap_or_else(|| link::mask(&polled.url));
        Some(format!("not polled: it moved to where {name} is polled, one poll serves both"))
    }
}

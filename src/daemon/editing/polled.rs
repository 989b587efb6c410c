//! A poll is over: its entries, and the feed's next state, in one batch. The validators of a body are thereby kept
//! exactly when its entries are.

use super::Editor;
use super::draft::Draft;
use super::entries::Fate;
use crate::metrics::Decision;
use crate::model::{Cause, Change, Feed, FeedState, Role, Timestamp};
use crate::normalise;
use crate::pipeline::Judged;
use crate::schedule::{self, PollOutcome, Reading};
use crate::store::StoreError;
use crate::websub::{self, Offer};
use tracing::{info, warn};

/// What a poll or a push brought.
#[derive(Debug)]
pub struct Polled {
    /// The subscription.
    pub feed: Feed,
    /// How it ended; the writer counts the new entries.
    pub brought: Brought,
    /// The entries, in the order of the document; empty where none was read.
    pub judged: Vec<Judged>,
    /// What the document offers to subscribers, where one was read and WebSub is on.
    pub offer: Option<HubOffer>,
    /// When it was read.
    pub now: Timestamp,
}

/// How a document came, or why none did.
#[derive(Debug)]
pub enum Brought {
    /// By a poll.
    Poll(Box<PollOutcome>),
    /// By a hub's push, which says little of the schedule.
    Push(Reading),
}

/// What a document offers to subscribers.
#[derive(Debug)]
pub struct HubOffer {
    /// Its hubs.
    pub hubs: Vec<String>,
    /// Its name with them.
    pub topic: String,
    /// 32 bytes that nobody can guess, for a new subscription.
    pub random: [u8; 32],
}

/// What was kept of a poll.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The feed's next state.
    pub state: FeedState,
    /// Entries that were new.
    pub new: usize,
    /// Of these, relevant ones.
    pub relevant: usize,
    /// Stories that were founded.
    pub founded: usize,
    /// New entries that are somebody's copy.
    pub copies: usize,
    /// Known entries with another text.
    pub updated: usize,
}

impl Editor {
    pub(super) fn polled(&mut self, polled: Polled) -> Result<Accepted, StoreError> {
        let Polled { feed, brought, judged, offer, now } = polled;
        let state = self.reader.feed_state(feed.id)?;
        let state = state.unwrap_or_else(|| FeedState::new(feed.id, &feed.url, now));
        let reader = self.reader.clone();
        let mut draft = Draft::new(&reader, now);
        let mut tally = Accepted { state, new: 0, relevant: 0, founded: 0, copies: 0, updated: 0 };
        if !self.feeds.get(&feed.id).is_some_and(|known| known.enabled) {
            // Removed or paused while it was on its way.
            return Ok(tally);
        }
        let (entries, aliases_before) = (judged.len(), draft.aliases());
        // Documents have their newest entry first; stories are told from the oldest on.
        let (room, mut left_out) = (self.quota.left(feed.id, now), 0);
        for judged in judged.into_iter().rev() {
            if tally.new >= room && self.reader.seen(judged.entry.id)?.is_none() {
                left_out += 1;
                continue;
            }
            let is_relevant = judged.verdict.relevant;
            tally.count(self.edit(&mut draft, judged, now)?, is_relevant);
        }
        if left_out > 0 {
            warn!(subscription = %feed.id, left_out, "the feed brings more new entries than any does in a day; the rest waits for a day with room");
        }
        let renamed = draft.aliases() - aliases_before;
        if normalise::is_mass_change(entries, renamed + tally.new, renamed) {
            warn!(subscription = %feed.id, renamed, "the feed changed all its ids at once; known entries stay known");
        }
        tally.state = match brought {
            Brought::Poll(mut outcome) => {
                if let PollOutcome::Read(_, reading) = &mut *outcome {
                    reading.new_entries = tally.new;
                }
                let cadence = &self.current.cadence;
                schedule::finish_poll(&tally.state, &outcome, feed.interval, cadence, now)
            }
            Brought::Push(mut reading) => {
                reading.new_entries = tally.new;
                schedule::finish_push(&tally.state, &reading, now)
            }
        };
        if left_out > 0 {
            // Not taken whole: the next poll asks for all of it again, and takes the rest when there is room.
            tally.state.forget_body();
        }
        if let Some(HubOffer { hubs, topic, random }) = offer {
            let offer = Offer { hubs: &hubs, topic: &topic };
            tally.state.hub = websub::follow_offer(tally.state.hub.take(), &offer, &random, now);
        }
        tally.keep_counts();
        draft.push(Change::Feed(Box::new(tally.state.clone())));
        self.release(&mut draft, now)?;
        let roles = draft.new_roles();
        self.keep_draft(draft, Cause::Poll(feed.id))?;
        self.quota.count(feed.id, tally.new);
        self.count(&tally, &roles);
        if tally.new > 0 {
            let Accepted { new, relevant, founded, .. } = tally;
            let name = feed.name.as_deref().or(tally.state.title.as_deref()).unwrap_or("a feed");
            info!(subscription = %feed.id, new, relevant, stories = founded, "{name}: {new} new, {relevant} about chips");
        }
        Ok(tally)
    }
}

impl Editor {
    fn count(&self, tally: &Accepted, roles: &[Role]) {
        self.metrics.entries.of(Decision::Relevant).add(tally.relevant as u64);
        self.metrics.entries.of(Decision::Rejected).add((tally.new - tally.relevant) as u64);
        for role in roles {
            self.metrics.members.of(*role).increment();
        }
    }
}

impl Accepted {
    fn count(&mut self, fate: Fate, is_relevant: bool) {
        match fate {
            Fate::Unchanged => {}
            Fate::Updated => self.updated += 1,
            Fate::Rejected => self.new += 1,
            Fate::Founded => {
                self.new += 1;
                self.founded += 1;
            }
            Fate::Joined { is_copy } => {
                self.new += 1;
                self.copies += usize::from(is_copy);
            }
        }
        let is_new = matches!(fate, Fate::Rejected | Fate::Founded | Fate::Joined { .. });
        self.relevant += usize::from(is_new && is_relevant);
    }

    fn keep_counts(&mut self) {
        let counts = &mut self.state.counts;
        counts.relevant += self.relevant as u64;
        counts.copies += self.copies as u64;
        counts.firsts += self.founded as u64;
    }
}

//! What the one writer decides, in the only form in which it reaches the store: outcomes. Replaying the
//! batches of a journal gives the same stories, ids and feeds, without filter or story engine.

use super::{Entry, EntryId, Feed, FeedId, FeedState, Story, StoryId, Timestamp, Verdict};

/// What belongs together: all of it is kept, or none.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// When it was decided.
    pub at: Timestamp,
    /// What led to it.
    pub cause: Cause,
    /// The outcomes, in order; a later one on the same subject wins.
    pub changes: Vec<Change>,
}

/// What led to a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A poll or a push of this feed.
    Poll(FeedId),
    /// The operator's command.
    Operator,
    /// Time passed: settled stories are released, repairs are made, old things leave.
    Clock,
}

/// One outcome.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The feed's state after a poll.
    Feed(Box<FeedState>),
    /// What was remembered of a feed is dropped (it was removed).
    FeedForgotten(FeedId),
    /// A relevant entry, new or changed.
    Entry(Box<Kept>),
    /// An entry that was turned away.
    Reject(Box<Reject>),
    /// An entry known under `to` appeared under another guid: `from` is the same entry.
    EntryAlias {
        /// The id that the new guid would give.
        from: EntryId,
        /// The entry that it is.
        to: EntryId,
    },
    /// A story as it is now.
    Story(Box<Story>),
    /// `from` joined `to`: its page leads there for ever.
    StoryAlias {
        /// The story that is no more.
        from: StoryId,
        /// Where its entries are.
        to: StoryId,
    },
    /// A story leaves the store (retention); its entries stay known as seen.
    StoryExpired(StoryId),
    /// A reject leaves the store; it stays known as seen.
    RejectExpired(EntryId),
    /// A subscription of the command line's.
    Subscription(Subscription),
    /// An operator's correction, kept for ever.
    Decision(Decision),
}

/// A relevant entry with its verdict; its story holds its place there.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The entry.
    pub entry: Entry,
    /// The filter's decision.
    pub verdict: Verdict,
    /// The story that it belongs to.
    pub story: StoryId,
    /// The piece or its publisher says itself that a machine wrote it.
    pub is_machine_written: bool,
}

/// An entry that the filter turned away, kept for a while so that "why not?" has an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reject {
    /// The entry; its content is not kept.
    pub entry: Entry,
    /// The filter's decision.
    pub verdict: Verdict,
}

/// A change of the subscriptions that live in the data directory.
#[derive(Debug, Clone, PartialEq)]
pub enum Subscription {
    /// Added, or changed (paused, resumed).
    Put(Box<Feed>),
    /// Removed; a feed of the configuration is switched off by this.
    Removed {
        /// The URL as subscribed.
        url: String,
    },
}

/// An operator's correction of the story engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// These two entries never belong together.
    Apart(EntryId, EntryId),
    /// These two entries belong together.
    Together(EntryId, EntryId),
}

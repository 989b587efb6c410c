//! Batches: the payload of a journal frame.

use super::{FeedRecord, FeedStateRecord, KeptRecord, Moment, Record, RejectRecord, StoryRecord};
use crate::model::{Batch, Cause, Change, Decision, EntryId, Subscription};
use crate::normalise::substance;
use crate::store::StoreError;
use serde::{Deserialize, Serialize};

/// What one frame of the journal decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct BatchRecord {
    at: Moment,
    cause: CauseRecord,
    pub(in crate::store) changes: Vec<ChangeRecord>,
}

impl Record for BatchRecord {
    const WHAT: &'static str = "a batch";
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CauseRecord {
    Poll(u64),
    Operator,
    Clock,
}

/// One outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::store) enum ChangeRecord {
    Feed(Box<FeedStateRecord>),
    FeedForgotten(u64),
    Entry(Box<KeptRecord>),
    Reject(Box<RejectRecord>),
    EntryAlias { from: u64, to: u64 },
    Story(Box<StoryRecord>),
    StoryAlias { from: u64, to: u64 },
    StoryExpired(u64),
    RejectExpired(u64),
    Subscription(SubscriptionRecord),
    Decision(DecisionRecord),
}

/// A change of the subscriptions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::store) enum SubscriptionRecord {
    Put(Box<FeedRecord>),
    Removed { url: String },
}

impl Record for SubscriptionRecord {
    const WHAT: &'static str = "a subscription";
}

/// An operator's correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::store) enum DecisionRecord {
    Apart(u64, u64),
    Together(u64, u64),
}

impl Record for DecisionRecord {
    const WHAT: &'static str = "a decision";
}

impl BatchRecord {
    /// For the journal.
    pub(in crate::store) fn of(batch: &Batch) -> Result<Self, StoreError> {
        let cause = match batch.cause {
            Cause::Poll(feed) => CauseRecord::Poll(feed.0),
            Cause::Operator => CauseRecord::Operator,
            Cause::Clock => CauseRecord::Clock,
        };
        let changes = batch.changes.iter().map(ChangeRecord::of).collect::<Result<_, _>>()?;
        Ok(Self { at: batch.at.into(), cause, changes })
    }
}

impl ChangeRecord {
    fn of(change: &Change) -> Result<Self, StoreError> {
        Ok(match change {
            Change::Feed(state) => Self::Feed(Box::new(FeedStateRecord::of(state))),
            Change::FeedForgotten(feed) => Self::FeedForgotten(feed.0),
            Change::Entry(kept) => Self::Entry(Box::new(KeptRecord::of(kept, substance(&kept.entry))?)),
            Change::Reject(reject) => {
                Self::Reject(Box::new(RejectRecord::of(reject, substance(&reject.entry))?))
            }
            Change::EntryAlias { from, to } => Self::EntryAlias { from: from.0, to: to.0 },
            Change::Story(story) => Self::Story(Box::new(StoryRecord::of(story))),
            Change::StoryAlias { from, to } => Self::StoryAlias { from: from.0, to: to.0 },
            Change::StoryExpired(story) => Self::StoryExpired(story.0),
            Change::RejectExpired(entry) => Self::RejectExpired(entry.0),
            Change::Subscription(subscription) => Self::Subscription(SubscriptionRecord::of(subscription)),
            Change::Decision(decision) => Self::Decision(DecisionRecord::of(decision)),
        })
    }
}

impl SubscriptionRecord {
    fn of(subscription: &Subscription) -> Self {
        match subscription {
            Subscription::Put(feed) => Self::Put(Box::new(FeedRecord::of(feed))),
            Subscription::Removed { url } => Self::Removed { url: url.clone() },
        }
    }

    /// The change that it records.
    pub(in crate::store) fn subscription(self) -> Subscription {
        match self {
            Self::Put(feed) => Subscription::Put(Box::new(feed.feed())),
            Self::Removed { url } => Subscription::Removed { url },
        }
    }
}

impl DecisionRecord {
    fn of(decision: &Decision) -> Self {
        match *decision {
            Decision::Apart(one, other) => Self::Apart(one.0, other.0),
            Decision::Together(one, other) => Self::Together(one.0, other.0),
        }
    }

    /// The decision that it records.
    pub(in crate::store) fn decision(self) -> Decision {
        match self {
            Self::Apart(one, other) => Decision::Apart(EntryId(one), EntryId(other)),
            Self::Together(one, other) => Decision::Together(EntryId(one), EntryId(other)),
        }
    }
}

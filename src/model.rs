//! The nouns of chipwire. They hold data and keep their own invariants; they do no I/O, read no clock
//! and know no module above them.
//!
//! Reading order: [`Feed`] → [`Document`] → [`Entry`] → [`Verdict`] → [`Story`] → [`Batch`].

mod change;
mod document;
mod entry;
mod feed;
mod id;
mod story;
mod verdict;

pub use change::{Batch, Cause, Change, Decision, Kept, Reject, Subscription};
pub use document::{Answer, Document, Freshness, Validators};
pub use entry::{Claimed, DeclaredSource, Enclosure, Entry};
pub use feed::{Condition, Excerpt, Feed, FeedCounts, FeedState, HubState, MoveCandidate, Origin, Rhythm};
pub use id::{EntryId, FeedId, IdError, StoryId};
pub use story::{Member, Role, Story};
pub use verdict::{Field, Kind, Reason, Verdict};

/// A moment in UTC. chipwire keeps no local times.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

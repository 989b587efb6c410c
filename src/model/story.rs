//! A story: one piece of news, told by one entry or more.

use super::verdict::words;
use super::{EntryId, StoryId, Timestamp};
use std::fmt;
use std::str::FromStr;

/// One piece of news and the entries that tell it. `members` is never empty and holds `lead`.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// For ever.
    pub id: StoryId,
    /// The entry that stands for the story.
    pub lead: EntryId,
    /// All entries, in the order in which they joined.
    pub members: Vec<Member>,
    /// When its first entry was first seen.
    pub first_seen: Timestamp,
    /// The time that feeds show as `published`; fixed once the story was published.
    pub published: Timestamp,
    /// When it went on the wire; `None` while it settles, or while its kind or language keeps it off.
    pub released: Option<Timestamp>,
    /// The last change of substance, never of coverage.
    pub updated: Timestamp,
    /// Stories of the same subject, another event.
    pub related: Vec<StoryId>,
    /// Entries that ever led it on the wire: readers know them, so a split never shows one of them as new.
    pub led: Vec<EntryId>,
    /// Never on the wire: it was split off with an entry that readers know from another story's item.
    pub is_withheld: bool,
}

/// An entry's place in its story.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The entry.
    pub entry: EntryId,
    /// What it is to the story.
    pub role: Role,
    /// How alike it is to what it was joined by, 0 to 1.
    pub similarity: f32,
    /// The strongest reasons, in words.
    pub because: String,
}

words! {
    /// What an entry is to its story.
    Role, "role" {
        /// It stands for the story.
        Lead = "lead",
        /// The same text again: syndication, repost, the same entry in two feeds.
        Duplicate = "duplicate",
        /// Rewritten from a named or evident original.
        Derivative = "derivative",
        /// Another newsroom's own report of the same event.
        Report = "report",
        /// An aggregator's link to it.
        Pointer = "pointer",
    }
}

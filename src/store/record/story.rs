//! Stories.

use super::entry::cut;
use super::{Moment, Record, float, is_default, moment, timestamp};
use crate::model::{EntryId, Member, Story, StoryId};
use crate::store::StoreError;
use serde::{Deserialize, Serialize};

/// The reasons of a membership are words for people; more than this nobody reads.
const MAX_BECAUSE_BYTES: usize = 500;

/// A story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct StoryRecord {
    pub(in crate::store) id: u64,
    lead: u64,
    pub(in crate::store) members: Vec<MemberRecord>,
    first_seen: Moment,
    pub(in crate::store) published: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    released: Option<Moment>,
    updated: Moment,
    #[serde(default, skip_serializing_if = "is_default")]
    related: Vec<u64>,
    #[serde(default, skip_serializing_if = "is_default")]
    led: Vec<u64>,
    #[serde(default, skip_serializing_if = "is_default")]
    withheld: bool,
}

impl Record for StoryRecord {
    const WHAT: &'static str = "a story";
}

/// An entry's place in a story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct MemberRecord {
    pub(in crate::store) entry: u64,
    role: String,
    #[serde(with = "float")]
    similarity: f32,
    #[serde(default, skip_serializing_if = "is_default")]
    because: String,
}

impl StoryRecord {
    /// For the journal.
    pub(in crate::store) fn of(story: &Story) -> Self {
        Self {
            id: story.id.0,
            lead: story.lead.0,
            members: story.members.iter().map(MemberRecord::of).collect(),
            first_seen: story.first_seen.into(),
            published: story.published.into(),
            released: moment(story.released),
            updated: story.updated.into(),
            related: story.related.iter().map(|id| id.0).collect(),
            led: story.led.iter().map(|id| id.0).collect(),
            withheld: story.is_withheld,
        }
    }

    /// The story that it records.
    pub(in crate::store) fn story(self) -> Result<Story, StoreError> {
        Ok(Story {
            id: StoryId(self.id),
            lead: EntryId(self.lead),
            members: self.members.into_iter().map(MemberRecord::member).collect::<Result<_, _>>()?,
            first_seen: self.first_seen.timestamp(),
            published: self.published.timestamp(),
            released: timestamp(self.released),
            updated: self.updated.timestamp(),
            related: self.related.into_iter().map(StoryId).collect(),
            led: self.led.into_iter().map(EntryId).collect(),
            is_withheld: self.withheld,
        })
    }
}

impl MemberRecord {
    fn of(member: &Member) -> Self {
        let mut because = member.because.clone();
        cut(&mut because, MAX_BECAUSE_BYTES);
        Self {
            entry: member.entry.0,
            role: member.role.as_str().to_owned(),
            similarity: member.similarity,
            because,
        }
    }

    /// The member that it records.
    pub(in crate::store) fn member(self) -> Result<Member, StoreError> {
        Ok(Member {
            entry: EntryId(self.entry),
            role: self.role.parse().map_err(|reason: String| StoryRecord::fault(&reason))?,
            similarity: self.similarity,
            because: self.because,
        })
    }
}

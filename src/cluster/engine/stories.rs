//! Stories as groups of entries.

use super::super::dictionary::NONE;
use super::{Assignment, Engine, Group, Outcome};
use crate::model::{EntryId, Role, StoryId};

impl Engine {
    /// Splits the second of two entries off the story that both are in, as a story of its own.
    pub(in crate::cluster) fn part(&mut self, one: EntryId, other: EntryId) -> Vec<Outcome> {
        let (Some(ours), Some(theirs)) = (self.number(one), self.number(other)) else { return Vec::new() };
        let story = self.story_of(ours);
        if story != self.story_of(theirs) {
            return Vec::new();
        }
        // The one that leads keeps the story.
        let leads = |engine: &Self, number: u32| {
            engine.shelf.get(number).is_some_and(|record| record.role == Role::Lead)
        };
        let leaver = if leads(self, theirs) { ours } else { theirs };
        let entry = self.shelf.get(leaver).map_or(0, |record| record.entry);
        if let Some(group) = self.groups.get_mut(&story) {
            group.members.retain(|member| *member != leaver);
        }
        let own = self.free_story(StoryId::founded_by(EntryId(entry)));
        self.move_to(leaver, own.0);
        let mut outcomes = vec![Outcome::Assigned(self.assignment(
            leaver,
            Role::Lead,
            1.0,
            "the operator split it off".to_owned(),
        ))];
        outcomes.extend(self.renew_roles(story, None));
        outcomes
    }

    /// Joins the stories of two entries; the one that was published first, else the older, keeps its id.
    pub(in crate::cluster) fn join_stories(&mut self, one: u32, other: u32) -> Vec<Outcome> {
        let (ours, theirs) = (self.story_of(one), self.story_of(other));
        if ours == theirs {
            return Vec::new();
        }
        let rank = |engine: &Self, story: u64| {
            let released = match engine.released(story) {
                0 => u32::MAX,
                at => at,
            };
            (released, engine.members(story).into_iter().min().unwrap_or(NONE))
        };
        let (into, from) =
            if rank(self, ours) <= rank(self, theirs) { (ours, theirs) } else { (theirs, ours) };
        let movers = self.members(from);
        let mut members = self.members(into);
        let released = self.released(into);
        self.groups.remove(&from);
        for mover in &movers {
            if let Some(record) = self.shelf.get_mut(*mover) {
                record.story = into;
            }
        }
        members.extend(&movers);
        self.groups.insert(into, Group { members, released });
        let mut outcomes = vec![Outcome::Joined { from: StoryId(from), into: StoryId(into) }];
        outcomes.extend(self.renew_roles(into, Some(&movers)));
        outcomes
    }

    pub(in crate::cluster) fn story_of(&self, number: u32) -> u64 {
        self.shelf.get(number).map_or(0, |record| record.story)
    }

    /// The only entry of a story that is no group.
    pub(in crate::cluster) fn alone(&self, story: u64) -> Option<u32> {
        self.stories.find(&self.shelf, story, move |record| record.story == story).next()
    }

    /// Entries of a story, in the order in which they joined.
    pub(in crate::cluster) fn members(&self, story: u64) -> Vec<u32> {
        match self.groups.get(&story) {
            Some(group) => group.members.clone(),
            None => self.alone(story).into_iter().collect(),
        }
    }

    pub(in crate::cluster) fn released(&self, story: u64) -> u32 {
        match self.groups.get(&story) {
            Some(group) => group.released,
            None => self
                .alone(story)
                .and_then(|number| self.shelf.get(number))
                .map_or(0, |record| record.released),
        }
    }

    /// Makes some entries the members of a story.
    pub(in crate::cluster) fn put(&mut self, story: u64, released: u32, members: Vec<u32>) {
        for member in &members {
            if let Some(record) = self.shelf.get_mut(*member) {
                record.story = story;
            }
        }
        self.groups.insert(story, Group { members, released });
    }

    /// The number under which an entry lies on the shelf.
    pub(in crate::cluster) fn number(&self, entry: EntryId) -> Option<u32> {
        self.entries.find(&self.shelf, entry.0, move |record| record.entry == entry.0).next()
    }

    pub(in crate::cluster) fn free_story(&self, mut story: StoryId) -> StoryId {
        while self.groups.contains_key(&story.0) || self.alone(story.0).is_some() {
            story = story.successor();
        }
        story
    }

    /// The same as an outcome.
    pub(in crate::cluster) fn assigned(
        &self,
        number: u32,
        role: Role,
        similarity: f32,
        because: String,
    ) -> Outcome {
        Outcome::Assigned(self.assignment(number, role, similarity, because))
    }

    pub(in crate::cluster) fn assignment(
        &self,
        number: u32,
        role: Role,
        similarity: f32,
        because: String,
    ) -> Assignment {
        let (entry, story) = self.shelf.get(number).map_or((0, 0), |record| (record.entry, record.story));
        Assignment { entry: EntryId(entry), story: StoryId(story), role, similarity, because }
    }
}

pub(super) fn earliest(one: u32, other: u32) -> u32 {
    if one == 0 { other } else { one.min(other) }
}

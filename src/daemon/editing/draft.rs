//! A batch in the making: what the store holds, overlaid with what was decided since the last commit.

use crate::cluster::{Assignment, Outcome};
use crate::model::{Batch, Cause, Change, EntryId, Kept, Member, Reject, Role, Story, StoryId, Timestamp};
use crate::publish;
use crate::store::{Reader, StoreError, StoryLookup};
use std::collections::{BTreeMap, BTreeSet};

/// Stories that one story names as related.
const MOST_RELATED: usize = 8;

/// The changes of one batch. Reads go through it, so that later decisions see earlier ones.
pub(super) struct Draft<'a> {
    reader: &'a Reader,
    now: Timestamp,
    stories: BTreeMap<StoryId, Story>,
    entries: BTreeMap<EntryId, Kept>,
    rejects: BTreeMap<EntryId, Reject>,
    joined: BTreeMap<StoryId, StoryId>,
    arrived: BTreeSet<EntryId>,
    others: Vec<Change>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(reader: &'a Reader, now: Timestamp) -> Self {
        let (stories, entries, rejects) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self {
            reader,
            now,
            stories,
            entries,
            rejects,
            joined: BTreeMap::new(),
            arrived: BTreeSet::new(),
            others: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, change: Change) {
        self.others.push(change);
    }

    /// Entries that were recognised under a new guid.
    pub(super) fn aliases(&self) -> usize {
        self.others.iter().filter(|change| matches!(change, Change::EntryAlias { .. })).count()
    }

    /// The entry, if it was kept.
    pub(super) fn kept(&self, id: EntryId) -> Result<Option<Kept>, StoreError> {
        match self.entries.get(&id) {
            Some(kept) => Ok(Some(kept.clone())),
            None => self.reader.kept(id),
        }
    }

    /// The entry, if it was turned away.
    pub(super) fn reject(&self, id: EntryId) -> Result<Option<Reject>, StoreError> {
        match self.rejects.get(&id) {
            Some(reject) => Ok(Some(reject.clone())),
            None => self.reader.reject(id),
        }
    }

    pub(super) fn put_entry(&mut self, kept: Kept) {
        self.rejects.remove(&kept.entry.id);
        self.entries.insert(kept.entry.id, kept);
    }

    pub(super) fn put_reject(&mut self, reject: Reject) {
        self.rejects.insert(reject.entry.id, reject);
    }

    /// The story under this id, where it is still there under it.
    pub(super) fn story(&self, id: StoryId) -> Result<Option<Story>, StoreError> {
        if let Some(story) = self.stories.get(&id) {
            return Ok(Some(story.clone()));
        }
        if self.joined.contains_key(&id) {
            return Ok(None);
        }
        Ok(match self.reader.story(id)? {
            Some(StoryLookup::Here(story)) => Some(*story),
            Some(StoryLookup::MovedTo(_)) | None => None,
        })
    }

    pub(super) fn put_story(&mut self, story: Story) {
        self.stories.insert(story.id, story);
    }

    /// The roles that entries got which were not placed before.
    pub(super) fn new_roles(&self) -> Vec<Role> {
        let members = self.stories.values().flat_map(|story| &story.members);
        members.filter(|member| self.arrived.contains(&member.entry)).map(|member| member.role).collect()
    }

    /// An entry that is kept from now on.
    pub(super) fn arrive(&mut self, kept: Kept) {
        self.arrived.insert(kept.entry.id);
        self.put_entry(kept);
    }

    /// Stories that this draft touches.
    pub(super) fn touched(&self) -> BTreeSet<StoryId> {
        self.stories.keys().chain(self.joined.keys()).copied().collect()
    }

    /// Takes a decision of the story engine over. Whose entry it assigns must have been put before.
    pub(super) fn apply(&mut self, outcome: &Outcome) -> Result<(), StoreError> {
        match outcome {
            Outcome::Assigned(assignment) => self.assign(assignment),
            Outcome::Joined { from, into } => self.join(*from, *into),
            Outcome::Related { story, to } => self.relate(*story, *to),
        }
    }

    fn assign(&mut self, assignment: &Assignment) -> Result<(), StoreError> {
        let Some(mut kept) = self.kept(assignment.entry)? else { return Ok(()) };
        let left = kept.story;
        let mut readers_know_it = false;
        if left != assignment.story {
            readers_know_it = self.leave(left, assignment)?;
            kept.story = assignment.story;
            self.put_entry(kept.clone());
        }
        let mut story = match self.story(assignment.story)? {
            Some(story) => story,
            None => started(assignment, &kept),
        };
        // A part that readers know from another item never shows as a new one.
        story.is_withheld |= readers_know_it && story.released.is_none();
        if assignment.role == Role::Lead {
            for member in story.members.iter_mut().filter(|member| member.role == Role::Lead) {
                member.role = Role::Report;
            }
            story.lead = assignment.entry;
            if story.released.is_none() {
                story.published = publish::published_time(kept.entry.claimed, kept.entry.first_seen);
            } else if !story.led.contains(&assignment.entry) {
                story.led.push(assignment.entry);
            }
        }
        story.first_seen = story.first_seen.min(kept.entry.first_seen);
        let member = Member {
            entry: assignment.entry,
            role: assignment.role,
            similarity: assignment.similarity,
            because: assignment.because.clone(),
        };
        match story.members.iter_mut().find(|known| known.entry == assignment.entry) {
            Some(known) => *known = member,
            None => story.members.push(member),
        }
        self.put_story(story);
        Ok(())
    }

    /// Takes an entry out of the story that it was in; says whether it ever led that story on the wire.
    fn leave(&mut self, id: StoryId, assignment: &Assignment) -> Result<bool, StoreError> {
        let Some(mut story) = self.story(id)? else { return Ok(false) };
        if !story.members.iter().any(|member| member.entry == assignment.entry) {
            return Ok(false);
        }
        story.members.retain(|member| member.entry != assignment.entry);
        let readers_know_it = story.led.contains(&assignment.entry);
        if let Some(first) = story.members.first_mut() {
            if story.lead == assignment.entry {
                // The engine names the new lead with its next outcome; until then the story is never without one.
                first.role = Role::Lead;
                story.lead = first.entry;
            }
            self.put_story(story);
        } else {
            self.stories.remove(&id);
            self.joined.insert(id, assignment.story);
        }
        Ok(readers_know_it)
    }

    fn join(&mut self, from: StoryId, into: StoryId) -> Result<(), StoreError> {
        let (Some(gone), Some(mut story)) = (self.story(from)?, self.story(into)?) else { return Ok(()) };
        for mut member in gone.members {
            if story.members.iter().any(|known| known.entry == member.entry) {
                continue;
            }
            if let Some(mut kept) = self.kept(member.entry)? {
                kept.story = into;
                self.put_entry(kept);
            }
            if member.role == Role::Lead {
                member.role = Role::Report;
            }
            story.members.push(member);
        }
        for entry in gone.led {
            if !story.led.contains(&entry) {
                story.led.push(entry);
            }
        }
        story.first_seen = story.first_seen.min(gone.first_seen);
        story.is_withheld &= gone.is_withheld;
        self.put_story(story);
        self.stories.remove(&from);
        self.joined.insert(from, into);
        Ok(())
    }

    fn relate(&mut self, one: StoryId, other: StoryId) -> Result<(), StoreError> {
        if one == other {
            return Ok(());
        }
        for (id, to) in [(one, other), (other, one)] {
            let Some(mut story) = self.story(id)? else { continue };
            if !story.related.contains(&to) && story.related.len() < MOST_RELATED {
                story.related.push(to);
                self.put_story(story);
            }
        }
        Ok(())
    }

    /// Whether nothing was decided.
    pub(super) fn is_empty(&self) -> bool {
        self.stories.is_empty()
            && self.entries.is_empty()
            && self.rejects.is_empty()
            && self.joined.is_empty()
            && self.others.is_empty()
    }

    /// The batch: entries before the stories that name them, so that any prefix makes sense.
    pub(super) fn into_batch(self, cause: Cause) -> Batch {
        let entries = self.entries.into_values().map(|kept| Change::Entry(Box::new(kept)));
        let rejects = self.rejects.into_values().map(|reject| Change::Reject(Box::new(reject)));
        let stories = self.stories.into_values().map(|story| Change::Story(Box::new(story)));
        let joined = self.joined.into_iter().map(|(from, to)| Change::StoryAlias { from, to });
        let changes = entries.chain(rejects).chain(stories).chain(joined).chain(self.others).collect();
        Batch { at: self.now, cause, changes }
    }
}

/// A story that an entry founds.
fn started(assignment: &Assignment, kept: &Kept) -> Story {
    let published = publish::published_time(kept.entry.claimed, kept.entry.first_seen);
    Story {
        id: assignment.story,
        lead: assignment.entry,
        members: Vec::new(),
        first_seen: kept.entry.first_seen,
        published,
        released: None,
        updated: published,
        related: Vec::new(),
        led: Vec::new(),
        is_withheld: false,
    }
}

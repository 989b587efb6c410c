//! The engine: where a new entry goes, and what becomes of its story.

use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{Decision, EntryId, Role, StoryId, Timestamp};

mod choosing;
mod keeping;
mod stories;

use super::dictionary::Dictionary;
use super::fingerprint::Fingerprint;
use super::model::Model;
use super::shelf::{Chain, Heads, Shelf};
use super::side::Side;
use super::storylines::Storylines;
pub(super) use choosing::{CREDITED_FOLD, Edge, LEAST_EDGE, MAX_MEMBERS};
use stories::earliest;

/// Entries further apart are not compared: slow threads run for a week.
pub(super) const REACH_DAYS: f32 = 8.0;

/// Settings of the story engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long entries can gain company (`dedupe.window`).
    pub window: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { window: Duration::from_hours(14 * 24) }
    }
}

/// An entry's place.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The entry.
    pub entry: EntryId,
    /// Its story.
    pub story: StoryId,
    /// What it is there.
    pub role: Role,
    /// How alike it is to what it was joined by, 0 to 1.
    pub similarity: f32,
    /// The strongest reasons, in words.
    pub because: String,
}

/// What the engine decided.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The entry has this place now.
    Assigned(Assignment),
    /// `from` is no more; its entries are told of one by one.
    Joined {
        /// The story that is no more.
        from: StoryId,
        /// Where its entries are.
        into: StoryId,
    },
    /// The same subject, another event.
    Related {
        /// The newer story.
        story: StoryId,
        /// The older one.
        to: StoryId,
    },
}

/// A story of two entries or more.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    /// Numbers of its entries, in the order in which they joined.
    pub(super) members: Vec<u32>,
    /// When it was first published; 0 is not yet.
    pub(super) released: u32,
}

/// What an entry credits, where it credits anything.
#[derive(Debug, Clone, Default)]
pub(super) struct Credit {
    pub(super) links: Vec<u64>,
    /// Owners named as the source.
    pub(super) owners: Vec<u32>,
    /// Owners whose report is told of.
    pub(super) told_by: Vec<u32>,
}

/// The story engine's state.
#[derive(Debug)]
pub struct Engine {
    pub(super) settings: Settings,
    pub(super) model: Model,
    pub(super) dictionary: Dictionary,
    pub(super) shelf: Shelf,
    entries: Heads,
    links: Heads,
    titles: Heads,
    stories: Heads,
    pub(super) groups: FxHashMap<u64, Group>,
    pub(super) credits: BTreeMap<u32, Credit>,
    /// Who declared a link as its source.
    pub(super) claims: FxHashMap<u64, Vec<u32>>,
    pub(super) apart: FxHashMap<EntryId, Vec<EntryId>>,
    together: FxHashMap<EntryId, Vec<EntryId>>,
    /// How the words of the entry that is being placed are spelled, for its reasons.
    pub(super) spelled: Vec<(u32, String)>,
    /// Its headline.
    pub(super) headline: String,
    /// Entries that may tell one story, both ways, packed (see [`Edge`]): what repair passes look at.
    pub(super) edges: FxHashMap<u32, Vec<u32>>,
    /// The entries up to which the first and the second repair pass have looked.
    pub(super) looked: [u32; 2],
    pub(super) storylines: Storylines,
    /// Room for the sides of a comparison, used again and again.
    room: (Side, Side),
}

/// Where an entry could go.
#[derive(Debug, Clone, Default)]
struct Choice {
    story: u64,
    score: f32,
    nearest: u32,
    because: String,
}

impl Engine {
    /// An engine that knows no entry.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            model: Model::shipped().clone(),
            dictionary: Dictionary::new(),
            shelf: Shelf::default(),
            entries: Heads::new(Chain::Entry),
            links: Heads::new(Chain::Link),
            titles: Heads::new(Chain::Title),
            stories: Heads::new(Chain::Story),
            groups: FxHashMap::default(),
            credits: BTreeMap::new(),
            claims: FxHashMap::default(),
            apart: FxHashMap::default(),
            together: FxHashMap::default(),
            spelled: Vec::new(),
            headline: String::new(),
            edges: FxHashMap::default(),
            looked: [0; 2],
            storylines: Storylines::default(),
            room: (Side::default(), Side::default()),
        }
    }

    /// How many entries it holds.
    pub fn len(&self) -> usize {
        self.shelf.len() as usize
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Places an entry. The first outcome is its assignment; others follow where its coming changed the roles or the
    /// lead of other entries, or named a related story. An entry that is known already is revised.
    pub fn place(&mut self, item: Fingerprint) -> Vec<Outcome> {
        if self.number(item.entry).is_some() {
            return self.revise(item);
        }
        let own = self.free_story(StoryId::founded_by(item.entry));
        let number = self.shelve_in(&item, own.0);
        let (choice, related) = self.choose(number);
        let mut outcomes = match &choice {
            Some(choice) => self.join(number, choice),
            None => {
                vec![self.assigned(number, Role::Lead, 1.0, "the first to tell it".to_owned())]
            }
        };
        // A story's first entry is remembered for long, so that a later story of the same subject finds it.
        if choice.is_none() {
            let subjects = self.subjects(number);
            let earlier = self.storylines.find(&subjects);
            self.storylines.remember(own.0, &subjects);
            let to = related.or(earlier).filter(|to| *to != own.0);
            outcomes.extend(to.map(|to| Outcome::Related { story: own, to: StoryId(to) }));
        }
        outcomes
    }

    /// Takes in an entry whose text changed. It stays in its story (an operator or a repair pass may move it); its
    /// role, or the lead, may change.
    pub fn revise(&mut self, item: Fingerprint) -> Vec<Outcome> {
        let Some(old) = self.number(item.entry) else { return self.place(item) };
        let Some(before) = self.shelf.get(old).cloned() else { return Vec::new() };
        self.withdraw(old);
        let number = self.shelve_in(&item, before.story);
        self.compare_with_live(number);
        if let Some(record) = self.shelf.get_mut(number) {
            (record.role, record.similarity, record.released) =
                (before.role, before.similarity, before.released);
        }
        if let Some(group) = self.groups.get_mut(&before.story) {
            for member in group.members.iter_mut().filter(|member| **member == old) {
                *member = number;
            }
            return self.renew_roles(before.story, None);
        }
        vec![self.assigned(number, Role::Lead, 1.0, "its text changed".to_owned())]
    }

    /// Puts back an entry where the store has it; in arrival order, at a start.
    pub fn restore(&mut self, item: &Fingerprint, assignment: &Assignment) {
        if self.number(item.entry).is_some() {
            return;
        }
        let story = assignment.story.0;
        let company = self.members(story);
        let number = self.shelve_in(item, story);
        self.compare_with_live(number);
        if let Some(record) = self.shelf.get_mut(number) {
            (record.role, record.similarity) = (assignment.role, assignment.similarity);
        }
        if company.is_empty() {
            let subjects = self.subjects(number);
            self.storylines.remember(story, &subjects);
        }
        if !company.is_empty() {
            let released = self.released(story);
            let group = self.groups.entry(story).or_insert_with(|| Group { members: company, released });
            group.members.push(number);
        }
    }

    /// Remembers a story that has left the window, by the entry that led it, so that a later story of the same subject
    /// is told of it. Before [`Self::restore`], oldest first; the last half year or so.
    pub fn remember(&mut self, lead: &Fingerprint, story: StoryId) {
        let subjects = self.subjects_of(lead);
        self.storylines.remember(story.0, &subjects);
    }

    /// Tells that a story was published: where stories join, the id that was published first stays.
    pub fn mark_published(&mut self, story: StoryId, at: Timestamp) {
        let at = seconds(at);
        if let Some(group) = self.groups.get_mut(&story.0) {
            group.released = earliest(group.released, at);
            return;
        }
        if let Some(record) = self.alone(story.0).and_then(|number| self.shelf.get_mut(number)) {
            record.released = earliest(record.released, at);
        }
    }

    /// Takes the operator's correction to heart.
    pub fn decide(&mut self, decision: &Decision) -> Vec<Outcome> {
        match *decision {
            Decision::Apart(one, other) => {
                self.apart.entry(one).or_default().push(other);
                self.apart.entry(other).or_default().push(one);
                self.part(one, other)
            }
            Decision::Together(one, other) => {
                self.together.entry(one).or_default().push(other);
                self.together.entry(other).or_default().push(one);
                let (Some(ours), Some(theirs)) = (self.number(one), self.number(other)) else {
                    return Vec::new();
                };
                self.join_stories(ours, theirs)
            }
        }
    }
}

/// Seconds since 1970, as the shelf keeps them.
pub(super) fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.timestamp().max(0)).unwrap_or(u32::MAX)
}

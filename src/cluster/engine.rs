//! The engine: where a new entry goes, and what becomes of its story.

use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{Decision, EntryId, Role, StoryId, Timestamp};

use super::dictionary::{Dictionary, NONE};
use super::fingerprint::Fingerprint;
use super::model::{Model, tempering};
use super::pair::{Values, compare, gap_days};
use super::shelf::{Chain, Heads, Parts, Record, Shelf, bit};
use super::side::{Side, mark, sort_mark};

/// Words by which an entry is found: its rarest.
const MAX_POSTS: usize = 16;
/// Words with a lower idf find nothing (one headline in five has them).
const MIN_POST_IDF: f32 = 1.5;
/// Of each word the newest entries are looked at.
const MAX_POSTINGS: usize = 100;
/// Candidates that are compared.
const MAX_CANDIDATES: usize = 60;
/// What shared words must weigh together for a candidate.
const MIN_SHARED: f32 = 3.0;
/// Members of a story that a newcomer is compared with.
const MAX_COMPARED: usize = 12;
/// A story takes no more members on likeness alone beyond this; copies may still join.
const MAX_MEMBERS: usize = 40;
/// Entries further apart are not compared: slow threads run for a week.
pub(super) const REACH_DAYS: f32 = 8.0;
/// A piece that credits another joins it at this score.
const CREDITED_FOLD: f32 = 0.3;

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
    pub(super) owners: Vec<u32>,
}

/// The story engine's state.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
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
    claims: FxHashMap<u64, Vec<u32>>,
    pub(super) apart: FxHashMap<EntryId, Vec<EntryId>>,
    together: FxHashMap<EntryId, Vec<EntryId>>,
    /// How the words of the entry that is being placed are spelled, for its reasons.
    pub(super) spelled: Vec<(u32, String)>,
}

/// Where an entry could go.
#[derive(Debug, Clone, Default)]
pub(super) struct Choice {
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
        let story = self.free_story(StoryId::founded_by(item.entry));
        let number = self.shelve_in(&item, story.0);
        let (choice, related) = self.choose(number);
        let mut outcomes = match choice {
            Some(choice) => self.join(number, &choice),
            None => vec![Outcome::Assigned(self.assignment(
                number,
                Role::Lead,
                1.0,
                "the first to tell it".to_owned(),
            ))],
        };
        if let Some(related) = related {
            let story = self.shelf.get(number).map_or(story, |record| StoryId(record.story));
            if story.0 != related {
                outcomes.push(Outcome::Related { story, to: StoryId(related) });
            }
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
        vec![Outcome::Assigned(self.assignment(number, Role::Lead, 1.0, "its text changed".to_owned()))]
    }

    /// Puts back an entry where the store has it; in arrival order, at a start.
    pub fn restore(&mut self, item: &Fingerprint, assignment: &Assignment) {
        if self.number(item.entry).is_some() {
            return;
        }
        let story = assignment.story.0;
        let company = self.members(story);
        let number = self.shelve_in(item, story);
        if let Some(record) = self.shelf.get_mut(number) {
            (record.role, record.similarity) = (assignment.role, assignment.similarity);
        }
        if !company.is_empty() {
            let released = self.released(story);
            let group = self.groups.entry(story).or_insert_with(|| Group { members: company, released });
            group.members.push(number);
        }
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

    /// Lets go of what left the window.
    pub fn repair(&mut self, now: Timestamp) -> Vec<Outcome> {
        let window = u32::try_from(self.settings.window.as_secs()).unwrap_or(u32::MAX);
        let limit = seconds(now).saturating_sub(window);
        let (dictionary, mut gone) = (&mut self.dictionary, Vec::new());
        self.shelf.expire(limit, |record, words| {
            for word in words {
                if let Some(term) = dictionary.term_mut(word & ((1 << super::dictionary::ID_BITS) - 1)) {
                    term.live = term.live.saturating_sub(1);
                }
            }
            gone.push(record.story);
        });
        if gone.is_empty() {
            return Vec::new();
        }
        let first = self.shelf.first_number();
        for story in gone {
            if let Some(group) = self.groups.get_mut(&story) {
                group.members.retain(|member| *member >= first);
                if group.members.is_empty() {
                    self.groups.remove(&story);
                }
            }
        }
        self.credits = self.credits.split_off(&first);
        self.claims.retain(|_, numbers| {
            numbers.retain(|number| *number >= first);
            !numbers.is_empty()
        });
        self.dictionary.sweep();
        Vec::new()
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

    /// Splits the second of two entries off the story that both are in, as a story of its own.
    fn part(&mut self, one: EntryId, other: EntryId) -> Vec<Outcome> {
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
    pub(super) fn join_stories(&mut self, one: u32, other: u32) -> Vec<Outcome> {
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

    // What is known of a story.

    pub(super) fn story_of(&self, number: u32) -> u64 {
        self.shelf.get(number).map_or(0, |record| record.story)
    }

    /// The only entry of a story that is no group.
    fn alone(&self, story: u64) -> Option<u32> {
        self.stories.find(&self.shelf, story, move |record| record.story == story).next()
    }

    /// Entries of a story, in the order in which they joined.
    pub(super) fn members(&self, story: u64) -> Vec<u32> {
        match self.groups.get(&story) {
            Some(group) => group.members.clone(),
            None => self.alone(story).into_iter().collect(),
        }
    }

    fn released(&self, story: u64) -> u32 {
        match self.groups.get(&story) {
            Some(group) => group.released,
            None => self
                .alone(story)
                .and_then(|number| self.shelf.get(number))
                .map_or(0, |record| record.released),
        }
    }

    /// The number under which an entry lies on the shelf.
    pub(super) fn number(&self, entry: EntryId) -> Option<u32> {
        self.entries.find(&self.shelf, entry.0, move |record| record.entry == entry.0).next()
    }

    fn free_story(&self, mut story: StoryId) -> StoryId {
        while self.groups.contains_key(&story.0) || self.alone(story.0).is_some() {
            story = story.successor();
        }
        story
    }

    pub(super) fn assignment(&self, number: u32, role: Role, similarity: f32, because: String) -> Assignment {
        let (entry, story) = self.shelf.get(number).map_or((0, 0), |record| (record.entry, record.story));
        Assignment { entry: EntryId(entry), story: StoryId(story), role, similarity, because }
    }

    // Keeping entries.

    /// Puts an entry on the shelf, in a story of its own.
    pub(super) fn shelve(&mut self, item: &Fingerprint) -> u32 {
        self.shelve_in(item, StoryId::founded_by(item.entry).0)
    }

    /// Puts an entry on the shelf and into every chain.
    fn shelve_in(&mut self, item: &Fingerprint, story: u64) -> u32 {
        let words = self.words_of(item);
        let mut parts = Parts { words, posts: Vec::new(), facts: item.facts.clone() };
        parts.facts.extend(&item.summary_facts);
        let number = self.shelf.next_number();
        for id in self.posts_of(&parts.words) {
            if let Some(term) = self.dictionary.term_mut(id) {
                parts.posts.push((id, term.newest));
                term.newest = number;
            }
        }
        for word in &parts.words {
            if let Some(term) = self.dictionary.term_mut(word & ((1 << super::dictionary::ID_BITS) - 1)) {
                term.live += 1;
            }
        }
        let mut record = record_of(item, story, &parts);
        self.entries.link(record.entry, number, &mut record);
        self.stories.link(story, number, &mut record);
        if record.canonical != 0 {
            self.links.link(record.canonical, number, &mut record);
        }
        if record.title_key != 0 {
            self.titles.link(record.title_key, number, &mut record);
        }
        if !item.declared.is_empty() || !item.credited.is_empty() {
            for link in &item.declared {
                self.claims.entry(*link).or_default().push(number);
            }
            let credit = Credit { links: item.declared.clone(), owners: item.credited.clone() };
            self.credits.insert(number, credit);
        }
        self.shelf.push(record, &parts);
        if self.entries.is_crowded(self.shelf.len()) {
            self.grow();
        }
        number
    }

    fn grow(&mut self) {
        let mut all = [&mut self.entries, &mut self.links, &mut self.titles, &mut self.stories];
        for heads in &mut all {
            heads.grow();
        }
        for number in self.shelf.first_number()..self.shelf.next_number() {
            let Some(record) = self.shelf.get_mut(number) else { continue };
            let keys = [record.entry, record.canonical, record.title_key, record.story];
            for (heads, key) in all.iter_mut().zip(keys) {
                if key != 0 {
                    heads.link(key, number, record);
                }
            }
        }
    }

    /// Takes an entry out of sight; what remains of it leaves with its chunk.
    fn withdraw(&mut self, number: u32) {
        if let Some(record) = self.shelf.get_mut(number) {
            record.bits |= bit::DEAD;
        }
        if let Some(credit) = self.credits.remove(&number) {
            for link in credit.links {
                if let Some(claimants) = self.claims.get_mut(&link) {
                    claimants.retain(|claimant| *claimant != number);
                }
            }
        }
    }

    /// Gives an entry another story, of which it is the only member.
    pub(super) fn move_to(&mut self, number: u32, story: u64) {
        let Some(mut record) = self.shelf.get(number).cloned() else { return };
        record.story = story;
        record.role = Role::Lead;
        record.released = 0;
        self.groups.insert(story, Group { members: vec![number], released: 0 });
        if let Some(slot) = self.shelf.get_mut(number) {
            *slot = record;
        }
    }

    /// The words of an entry as ids with marks: the headline's in order, then the URL's, then the summary's.
    fn words_of(&mut self, item: &Fingerprint) -> Vec<u32> {
        let mut words: Vec<u32> = Vec::with_capacity(item.title.len() + item.slug.len() + item.summary.len());
        let mut at: FxHashMap<u32, usize> = FxHashMap::default();
        let parts = [(&item.title, mark::TITLE), (&item.slug, mark::SLUG), (&item.summary, mark::SUMMARY)];
        self.spelled.clear();
        for (part, place) in parts {
            for word in part {
                let id = self.dictionary.intern(&word.text);
                self.spelled.push((id, word.text.clone()));
                let capital = if word.is_capital && place != mark::SLUG { mark::CAPITAL } else { 0 };
                let marks = place | sort_mark(word.sort) | capital;
                if let Some(stored) = at.get(&id).and_then(|at| words.get_mut(*at)) {
                    *stored |= marks;
                } else {
                    at.insert(id, words.len());
                    words.push(id | marks);
                }
            }
        }
        words
    }

    /// The words by which an entry is found: its rarest, each counted once.
    fn posts_of(&self, words: &[u32]) -> Vec<u32> {
        let id = |word: &u32| word & ((1 << super::dictionary::ID_BITS) - 1);
        let mut rare: Vec<(f32, u32)> = words
            .iter()
            .map(|word| {
                let idf = self.dictionary.term(id(word)).idf;
                // The headline's words first: a summary's finds much that is not the point.
                (if word & (mark::TITLE | mark::SLUG) == 0 { idf * 0.6 } else { idf }, id(word))
            })
            .filter(|(idf, _)| *idf >= MIN_POST_IDF)
            .collect();
        rare.sort_unstable_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        rare.into_iter().take(MAX_POSTS).map(|(_, id)| id).collect()
    }

    // Choosing.

    /// Which story the entry belongs to, and which one is related.
    fn choose(&mut self, number: u32) -> (Option<Choice>, Option<u64>) {
        if let Some(choice) = self.certain(number) {
            return (Some(choice), None);
        }
        let mut one = Side::default();
        one.read(number, &self.shelf, &self.dictionary);
        one.index();
        let mut stories: BTreeMap<u64, (f32, u32, Values)> = BTreeMap::new();
        let mut other = Side::default();
        for candidate in self.candidates(&one) {
            other.read(candidate, &self.shelf, &self.dictionary);
            if gap_days(&one, &other) > REACH_DAYS {
                continue;
            }
            let (chance, values) = self.score(&one, &other);
            let story = self.story_of(candidate);
            let best = stories.entry(story).or_insert((0.0, candidate, values));
            if chance > best.0 {
                *best = (chance, candidate, values);
            }
        }
        let mut best: Option<(Choice, Values)> = None;
        for (story, (chance, nearest, values)) in stories {
            if chance < self.model.related.min(CREDITED_FOLD) * 0.5 || self.is_kept_apart(number, story) {
                continue;
            }
            let score = self.story_score(&one, story, chance);
            if best.as_ref().is_none_or(|(best, _)| score > best.score) {
                best = Some((Choice { story, score, nearest, because: String::new() }, values));
            }
        }
        let Some((mut choice, values)) = best else { return (None, None) };
        let is_credited = self.credits_between(number, choice.nearest);
        let fold = if is_credited { CREDITED_FOLD } else { self.model.fold };
        if choice.score >= fold {
            choice.because = self.reasons(&one, choice.nearest, &values, is_credited);
            return (Some(choice), None);
        }
        let related = (choice.score >= self.model.related).then_some(choice.story);
        (None, related)
    }

    /// Identity decides: the same link, a declared source, the same headline, the operator's word.
    fn certain(&self, number: u32) -> Option<Choice> {
        self.identical(number).into_iter().find_map(|(other, because)| {
            let story = self.story_of(other);
            (!self.is_kept_apart(number, story)).then(|| Choice {
                story,
                score: 1.0,
                nearest: other,
                because: because.to_owned(),
            })
        })
    }

    /// Entries that are certainly of one story with this one.
    pub(super) fn same_as(&self, number: u32) -> Vec<u32> {
        self.identical(number).into_iter().map(|(other, _)| other).collect()
    }

    fn identical(&self, number: u32) -> Vec<(u32, &'static str)> {
        let Some(record) = self.shelf.get(number) else { return Vec::new() };
        let mut found: Vec<(u32, &'static str)> = Vec::new();
        let told = self.together.get(&EntryId(record.entry)).into_iter().flatten();
        found.extend(told.filter_map(|other| self.number(*other)).map(|other| (other, "the operator joined them")));
        let by_link = |link: u64| self.links.find(&self.shelf, link, move |other| other.canonical == link);
        if record.canonical != 0 {
            found.extend(by_link(record.canonical).map(|other| (other, "the same link")));
            let claimants = self.claims.get(&record.canonical).into_iter().flatten();
            found.extend(claimants.map(|other| (*other, "it is named there as the source")));
        }
        for link in self.credits.get(&number).into_iter().flat_map(|credit| &credit.links) {
            found.extend(by_link(*link).map(|other| (other, "it names that as its source")));
        }
        if record.title_key != 0 {
            let key = record.title_key;
            let same = self.titles.find(&self.shelf, key, move |other| other.title_key == key);
            let fits = |other: &u32| self.shelf.get(*other).is_some_and(|other| is_one_headline(record, other));
            found.extend(same.filter(fits).map(|other| (other, "the same headline")));
        }
        found.retain(|(other, _)| *other != number);
        found
    }

    /// Entries that share rare words, those that share most first.
    pub(super) fn candidates(&self, one: &Side) -> Vec<u32> {
        let mut found: FxHashMap<u32, f32> = FxHashMap::default();
        let ids: Vec<u32> = one.words.iter().map(|word| word.id | word.marks).collect();
        for id in self.posts_of(&ids) {
            let term = self.dictionary.term(id);
            let mut number = term.newest;
            for _ in 0..MAX_POSTINGS {
                let Some(record) = self.shelf.get(number) else { break };
                if number != one.number && record.bits & bit::DEAD == 0 {
                    *found.entry(number).or_default() += term.idf;
                }
                number = self.shelf.before(number, id);
            }
        }
        let mut ranked: Vec<(f32, u32)> = found
            .into_iter()
            .map(|(number, weight)| (weight, number))
            .filter(|(weight, _)| *weight >= MIN_SHARED)
            .collect();
        ranked.sort_unstable_by(|one, other| other.0.total_cmp(&one.0).then(other.1.cmp(&one.1)));
        ranked.truncate(MAX_CANDIDATES);
        ranked.into_iter().map(|(_, number)| number).collect()
    }

    /// The chance that two sides tell one story; `one` is indexed.
    pub(super) fn score(&self, one: &Side, other: &Side) -> (f32, Values) {
        let values = compare(one, other);
        let (factor, _) = tempering(one, other);
        (self.model.chance(&values) * factor, values)
    }

    /// Half the best, half the mean over the members: one likeness alone is no bridge into a large story.
    fn story_score(&self, one: &Side, story: u64, best: f32) -> f32 {
        let members = self.members(story);
        if members.len() < 2 {
            return best;
        }
        if members.len() >= MAX_MEMBERS {
            return 0.0;
        }
        let mut other = Side::default();
        let mut sum = 0.0;
        let compared = members.iter().rev().take(MAX_COMPARED);
        let mut count = 0.0_f32;
        for member in compared {
            other.read(*member, &self.shelf, &self.dictionary);
            sum += self.score(one, &other).0;
            count += 1.0;
        }
        0.5 * best + 0.5 * sum / count.max(1.0)
    }

    /// Whether the operator keeps the entry out of the story.
    pub(super) fn is_kept_apart(&self, number: u32, story: u64) -> bool {
        if self.apart.is_empty() {
            return false;
        }
        let entry = |number: u32| self.shelf.get(number).map(|record| EntryId(record.entry));
        let barred = entry(number).and_then(|entry| self.apart.get(&entry));
        barred.is_some_and(|barred| {
            self.members(story).into_iter().filter_map(entry).any(|member| barred.contains(&member))
        })
    }

    /// Whether the operator keeps any of some entries apart from any of others.
    pub(super) fn are_kept_apart(&self, ones: impl Iterator<Item = u32>, others: impl Iterator<Item = u32>) -> bool {
        if self.apart.is_empty() {
            return false;
        }
        let entry = |number: u32| self.shelf.get(number).map(|record| EntryId(record.entry));
        let others: Vec<EntryId> = others.filter_map(entry).collect();
        let mut barred = ones.filter_map(entry).filter_map(|entry| self.apart.get(&entry)).flatten();
        barred.any(|entry| others.contains(entry))
    }

    /// Whether one of two entries credits the other's link or owner.
    pub(super) fn credits_between(&self, one: u32, other: u32) -> bool {
        self.names_as_source(one, other) || self.names_as_source(other, one)
    }

    /// Whether `one` credits `other`.
    pub(super) fn names_as_source(&self, one: u32, other: u32) -> bool {
        let (Some(credit), Some(record)) = (self.credits.get(&one), self.shelf.get(other)) else {
            return false;
        };
        credit.links.contains(&record.canonical) && record.canonical != 0
            || credit.owners.contains(&record.owner)
    }

    /// Puts an entry into the chosen story.
    fn join(&mut self, number: u32, choice: &Choice) -> Vec<Outcome> {
        let released = self.released(choice.story);
        let mut members = self.members(choice.story);
        members.push(number);
        if let Some(record) = self.shelf.get_mut(number) {
            (record.story, record.similarity) = (choice.story, choice.score);
        }
        self.groups.insert(choice.story, Group { members, released });
        let mut outcomes = self.renew_roles(choice.story, Some(&[number]));
        for outcome in &mut outcomes {
            if let Outcome::Assigned(assignment) = outcome
                && self.number(assignment.entry) == Some(number)
            {
                assignment.because.clone_from(&choice.because);
                assignment.similarity = choice.score;
            }
        }
        // The newcomer's own assignment comes first.
        let own = outcomes.iter().position(|outcome| matches!(outcome, Outcome::Assigned(assignment) if self.number(assignment.entry) == Some(number)));
        if let Some(own) = own {
            outcomes.swap(0, own);
        }
        outcomes
    }
}

/// Whether one headline means one piece: within a few days, and not where a publisher uses it again on another day
/// for another page ("Market wrap").
fn is_one_headline(one: &Record, other: &Record) -> bool {
    let apart = one.at.abs_diff(other.at);
    let is_again = one.publisher == other.publisher
        && one.canonical != other.canonical
        && other.bits & bit::AGGREGATOR == 0
        && apart > 86_400;
    apart < 8 * 86_400 && !is_again
}

/// Seconds since 1970, as the shelf keeps them.
pub(super) fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.timestamp().max(0)).unwrap_or(u32::MAX)
}

fn earliest(one: u32, other: u32) -> u32 {
    if one == 0 { other } else { one.min(other) }
}

fn record_of(item: &Fingerprint, story: u64, parts: &Parts) -> Record {
    use super::publishers::PublisherKind as Kind;
    let small = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    let bits = [
        (item.is_day_only, bit::DAY_ONLY),
        (!item.is_at_home, bit::POINTER),
        (item.is_machine_written, bit::MACHINE),
        (item.publisher_kind == Kind::Vendor, bit::VENDOR),
        (item.publisher_kind == Kind::Aggregator, bit::AGGREGATOR),
        (!item.declared.is_empty() || !item.credited.is_empty(), bit::CREDITS),
    ];
    Record {
        entry: item.entry.0,
        story,
        canonical: item.canonical.unwrap_or(0),
        title_key: item.title_key.unwrap_or(0),
        sketch: item.sketch,
        at: seconds(item.at),
        seen: seconds(item.seen),
        publisher: item.publisher,
        owner: item.owner,
        next: [NONE; 4],
        similarity: 1.0,
        released: 0,
        offset: 0,
        words: small(parts.words.len()),
        posts: small(parts.posts.len()),
        facts: small(parts.facts.len()),
        title_facts: small(item.facts.len()),
        bits: bits.into_iter().filter(|(is_so, _)| *is_so).fold(0, |bits, (_, bit)| bits | bit),
        flags: item.flags,
        role: Role::Lead,
    }
}

//! The second look: entries of six hours and of a day are grouped anew with all that came since, whatever the order
//! in which they arrived; members that do not fit leave, stories that are one join.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{EntryId, Role, StoryId, Timestamp};

use super::agglomerate::{Groups, Linkage};
use super::dictionary::{ID, NONE};
use super::engine::{CREDITED_FOLD, Edge, Engine, LEAST_EDGE, MAX_MEMBERS, Outcome, REACH_DAYS, seconds};
use super::model::tempering;
use super::pair::{Values, compare, gap_days};
use super::side::Side;

/// A pair of entries, by number, with the chance that they tell one story.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scored {
    pub(super) one: u32,
    pub(super) other: u32,
    pub(super) chance: f32,
}

impl Scored {
    pub(super) fn key(&self) -> (usize, usize) {
        (self.one.min(self.other) as usize, self.one.max(self.other) as usize)
    }
}

/// Ages at which an entry is looked at again, in seconds.
const PASSES: [u32; 2] = [6 * 3_600, 24 * 3_600];
/// Entries that one look takes in; a larger region keeps its place.
const MOST_AT_ONCE: usize = 400;

/// Scores pairs; those of one entry should follow each other.
struct Judge<'a> {
    engine: &'a Engine,
    one: Side,
    other: Side,
    /// The entry that `one` is of.
    at: u32,
}

impl Judge<'_> {
    fn chance(&mut self, first: u32, second: u32) -> f32 {
        let engine = self.engine;
        if self.at != first {
            self.one.read(first, &engine.shelf, &engine.dictionary);
            self.one.index();
            self.at = first;
        }
        self.other.read(second, &engine.shelf, &engine.dictionary);
        engine.chance(&self.one, &self.other, &compare(&self.one, &self.other))
    }
}

impl Engine {
    /// Looks again at the entries that are six hours or a day old, and lets go of what left the window. Meant to be
    /// called every hour or so; how often does not change what comes out by much.
    pub fn repair(&mut self, now: Timestamp) -> Vec<Outcome> {
        let due = self.due(seconds(now));
        let outcomes = self.regroup_around(&due);
        self.expire(seconds(now));
        outcomes
    }

    /// Entries that a pass is due for and that might be told together with others.
    fn due(&mut self, now: u32) -> Vec<u32> {
        let mut due = Vec::new();
        for (pass, age) in PASSES.into_iter().enumerate() {
            let Some(from) = self.looked.get(pass).copied() else { continue };
            let mut at = from.max(self.shelf.first_number());
            while let Some(record) =
                self.shelf.get(at).filter(|record| record.seen.saturating_add(age) <= now)
            {
                if self.edges.contains_key(&at) || self.groups.contains_key(&record.story) {
                    due.push(at);
                }
                at += 1;
            }
            if let Some(looked) = self.looked.get_mut(pass) {
                *looked = at;
            }
        }
        due.sort_unstable();
        due.dedup();
        due
    }

    /// Groups anew the entries that hang together with some others.
    fn regroup_around(&mut self, due: &[u32]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let mut done: BTreeSet<u32> = BTreeSet::new();
        for number in due {
            if !done.contains(number) {
                let (region, pairs) = self.region(*number);
                done.extend(&region);
                outcomes.extend(self.regroup_region(&region, &pairs));
            }
        }
        outcomes
    }

    /// All entries that hang together with one, by pairs that could join and by common stories, and the pairs among
    /// them as they score now.
    fn region(&self, start: u32) -> (Vec<u32>, Vec<Scored>) {
        let mut region = BTreeSet::from([start]);
        let mut open = vec![start];
        let mut known: BTreeSet<(u32, u32)> = BTreeSet::new();
        let mut pairs = Vec::new();
        let mut judge = Judge { engine: self, one: Side::default(), other: Side::default(), at: NONE };
        while let Some(number) = open.pop() {
            let mut next = self.members(self.story_of(number));
            for edge in self.edges_of(number).filter(|edge| edge.is_strong) {
                if !known.insert((number.min(edge.to), number.max(edge.to))) {
                    continue;
                }
                let chance = judge.chance(number, edge.to);
                pairs.push(Scored { one: number, other: edge.to, chance });
                // Groups join only where their best pair reaches the threshold, or where one credits the other.
                if chance >= self.model.fold
                    || chance >= CREDITED_FOLD && self.credits_between(number, edge.to)
                {
                    next.push(edge.to);
                }
            }
            for neighbour in next {
                if region.len() < MOST_AT_ONCE && region.insert(neighbour) {
                    open.push(neighbour);
                }
            }
        }
        // Weak pairs join nothing, but count in the mean.
        for number in &region {
            for edge in self.edges_of(*number).filter(|edge| !edge.is_strong && region.contains(&edge.to)) {
                if known.insert(((*number).min(edge.to), (*number).max(edge.to))) {
                    let chance = judge.chance(*number, edge.to);
                    pairs.push(Scored { one: *number, other: edge.to, chance });
                }
            }
        }
        pairs.retain(|pair| pair.chance >= LEAST_EDGE);
        (region.into_iter().collect(), pairs)
    }

    fn edges_of(&self, number: u32) -> impl Iterator<Item = Edge> + '_ {
        let edges = self.edges.get(&number).into_iter().flatten().map(|edge| Edge::unpack(*edge));
        edges.filter(|edge| self.shelf.get(edge.to).is_some_and(|record| !record.is_dead()))
    }

    fn regroup_region(&mut self, region: &[u32], pairs: &[Scored]) -> Vec<Outcome> {
        // A region that was cut off would tear stories apart.
        if region.len() < 2 || region.len() >= MOST_AT_ONCE {
            return Vec::new();
        }
        let linkage = Linkage { fold: self.model.fold, best_share: self.model.best_share, most: MAX_MEMBERS };
        let labels = regroup(self, region, pairs, linkage);
        let mut groups: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (number, label) in region.iter().zip(labels) {
            groups.entry(label).or_default().push(*number);
        }
        let changed = groups.values().any(|members| {
            let stories: BTreeSet<u64> = members.iter().map(|member| self.story_of(*member)).collect();
            stories.len() > 1 || stories.iter().any(|story| self.members(*story).len() != members.len())
        });
        if changed { self.settle(groups.into_values().collect()) } else { Vec::new() }
    }

    /// Gives groups of entries their stories. A story goes where its lead is; of several in one group the one that was
    /// published first stays, and a group that holds no lead is a new story.
    fn settle(&mut self, groups: Vec<Vec<u32>>) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let mut homes: BTreeMap<u64, u64> = BTreeMap::new();
        let mut plans: Vec<(u64, u32, Vec<u32>)> = Vec::new();
        for members in groups {
            let leads = members
                .iter()
                .filter(|member| self.shelf.get(**member).is_some_and(|record| record.role == Role::Lead));
            let mut anchored: Vec<(u32, u32, u64)> = leads
                .map(|lead| {
                    let story = self.story_of(*lead);
                    let released = self.released(story);
                    (if released == 0 { u32::MAX } else { released }, *lead, story)
                })
                .collect();
            anchored.sort_unstable();
            let into = anchored.first().map_or_else(
                || {
                    let founder = members
                        .first()
                        .and_then(|first| self.shelf.get(*first))
                        .map_or(0, |record| record.entry);
                    self.free_story(StoryId::founded_by(EntryId(founder))).0
                },
                |(_, _, story)| *story,
            );
            homes.extend(anchored.iter().map(|(_, _, story)| (*story, into)));
            let released = anchored.first().map_or(0, |(_, _, story)| self.released(*story));
            plans.push((into, released, members));
        }
        for (from, into) in homes.iter().filter(|(from, into)| from != into) {
            self.groups.remove(from);
            outcomes.push(Outcome::Joined { from: StoryId(*from), into: StoryId(*into) });
        }
        for (into, released, members) in plans {
            let movers: Vec<u32> =
                members.iter().copied().filter(|member| self.story_of(*member) != into).collect();
            let is_same = movers.is_empty() && self.members(into).len() == members.len();
            if is_same {
                continue;
            }
            self.put(into, released, members);
            outcomes.extend(self.renew_roles(into, Some(&movers)));
        }
        outcomes
    }

    fn expire(&mut self, now: u32) {
        let window = u32::try_from(self.settings.window.as_secs()).unwrap_or(u32::MAX);
        let (dictionary, mut gone) = (&mut self.dictionary, BTreeSet::new());
        self.shelf.expire(now.saturating_sub(window), |record, words| {
            for word in words {
                if let Some(term) = dictionary.term_mut(word & ID) {
                    term.live = term.live.saturating_sub(1);
                }
            }
            gone.insert(record.story);
        });
        if gone.is_empty() {
            return;
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
        self.edges.retain(|number, _| *number >= first);
        self.dictionary.sweep();
    }

    /// Pairs of entries that share enough rare words to be compared, each once.
    pub(super) fn pairs_among(&self, numbers: &[u32]) -> Vec<(u32, u32)> {
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        let mut side = Side::default();
        for number in numbers {
            side.read(*number, &self.shelf, &self.dictionary);
            let found = self.candidates(&side).into_iter();
            pairs.extend(found.map(|other| ((*number).min(other), (*number).max(other))));
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// The numbers of many pairs; pairs of one entry should follow each other.
    pub(super) fn compare_all(&self, pairs: &[(u32, u32)]) -> Vec<Values> {
        let (mut one, mut other) = (Side::default(), Side::default());
        let mut at = NONE;
        let compared = pairs.iter().map(|(first, second)| {
            if *first != at {
                one.read(*first, &self.shelf, &self.dictionary);
                one.index();
                at = *first;
            }
            other.read(*second, &self.shelf, &self.dictionary);
            compare(&one, &other)
        });
        compared.collect()
    }

    /// A pair with its chance, tempered by the rules.
    pub(super) fn scored(&self, first: u32, second: u32, chance: f32, values: &Values) -> Scored {
        if chance < LEAST_EDGE {
            return Scored { one: first, other: second, chance: 0.0 };
        }
        let (mut one, mut other) = (Side::default(), Side::default());
        one.read(first, &self.shelf, &self.dictionary);
        other.read(second, &self.shelf, &self.dictionary);
        let factor =
            if gap_days(&one, &other) > REACH_DAYS { 0.0 } else { tempering(&one, &other, values).0 };
        Scored { one: first, other: second, chance: chance * factor }
    }
}

/// Groups entries by their scored pairs; identity and credits join first. Gives each entry's group, in the order of
/// `numbers`.
pub(super) fn regroup(engine: &Engine, numbers: &[u32], pairs: &[Scored], linkage: Linkage) -> Vec<usize> {
    let index: BTreeMap<u32, usize> = numbers.iter().enumerate().map(|(at, number)| (*number, at)).collect();
    let at = |number: u32| index.get(&number).copied();
    let likely = pairs.iter().filter(|pair| pair.chance >= LEAST_EDGE);
    let linked: Vec<(usize, usize, f32)> =
        likely.filter_map(|pair| Some((at(pair.one)?, at(pair.other)?, pair.chance))).collect();
    let mut groups = Groups::new(numbers.len(), &linked);
    let is_apart = |one: u32, other: u32| engine.are_kept_apart([one].into_iter(), [other].into_iter());
    for (place, number) in numbers.iter().enumerate() {
        for other in engine.same_as(*number) {
            if let Some(other_place) = at(other).filter(|_| !is_apart(*number, other)) {
                groups.join(place, other_place);
            }
        }
    }
    for pair in pairs.iter().filter(|pair| pair.chance >= CREDITED_FOLD) {
        if let (Some(one), Some(other)) = (at(pair.one), at(pair.other))
            && engine.credits_between(pair.one, pair.other)
            && !is_apart(pair.one, pair.other)
        {
            groups.join(one, other);
        }
    }
    groups.run(linkage, |one, other| {
        let number = |place: &usize| numbers.get(*place).copied();
        engine.are_kept_apart(one.iter().filter_map(number), other.iter().filter_map(number))
    });
    (0..numbers.len()).map(|place| groups.of(place)).collect()
}

//! Where an entry goes.

use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

use super::super::agglomerate::story_score;
use super::super::dictionary::ID;
use super::super::lexicon::flag;
use super::super::model::tempering;
use super::super::pair::{Values, compare, gap_to};
use super::super::shelf::{Record, bit};
use super::super::side::{Side, mark};
use super::super::tally::{Tally, WeightsOfSets};
use super::{Choice, Engine, Group, Outcome, REACH_DAYS};
use crate::model::EntryId;

/// Candidates that are compared.
const MAX_CANDIDATES: usize = 60;
/// Of these, so many are compared in any case, the others only where they share so much of what the best shares.
const SURE_CANDIDATES: usize = 20;
const LEAST_SHARE_OF_BEST: f32 = 0.3;
/// What shared words must weigh together for a candidate.
const MIN_SHARED: f32 = 3.0;
/// Below this likeness of all words hardly any pair of the labelled weeks reaches [`LEAST_EDGE`] (three of 1,143 pairs
/// that reached .2), and half of the candidates are below; results and sector moves, which tell one story in other
/// words, are compared in any case.
const LEAST_LIKENESS: f32 = 0.1;
/// Entries that may have one front page as their link before it means nothing any more.
const MOST_OF_FRONT_PAGE: usize = 3;
/// From this idf on a word in two headlines says that both are of one site: about one headline in fifty.
const TELLING: f32 = 4.0;
/// Members of a story that a newcomer is compared with.
const MAX_COMPARED: usize = 12;
/// A story takes no more members on likeness alone beyond this; copies may still join.
pub(in crate::cluster) const MAX_MEMBERS: usize = 40;
/// A piece that credits another joins it at this score.
pub(in crate::cluster) const CREDITED_FOLD: f32 = 0.3;
/// Pairs from this chance on are remembered for the repair passes.
pub(in crate::cluster) const LEAST_EDGE: f32 = 0.05;

/// Pairs from this chance on may join at a later look: what is live around them moves a score by less.
const STRONG_EDGE: f32 = 0.2;

/// A pair that a repair pass looks at, by its other entry.
#[derive(Debug, Clone, Copy)]
pub(in crate::cluster) struct Edge {
    pub(in crate::cluster) to: u32,
    /// It may join what it links; else it only counts in the mean.
    pub(in crate::cluster) is_strong: bool,
}

impl Edge {
    const STRONG: u32 = 1 << 31;

    fn pack(self) -> u32 {
        self.to | if self.is_strong { Self::STRONG } else { 0 }
    }

    /// An edge as it is kept.
    pub(in crate::cluster) fn unpack(packed: u32) -> Self {
        Self { to: packed & !Self::STRONG, is_strong: packed & Self::STRONG != 0 }
    }
}

impl Engine {
    /// Which story the entry belongs to, and which one is related.
    pub(super) fn choose(&mut self, number: u32) -> (Option<Choice>, Option<u64>) {
        let compared = self.compare_with_live(number);
        if let Some(choice) = self.certain(number) {
            return (Some(choice), None);
        }
        let mut stories: BTreeMap<u64, (f32, u32, &Values)> = BTreeMap::new();
        for (other, chance, values) in &compared {
            let best = stories.entry(self.story_of(*other)).or_insert((0.0, *other, values));
            if *chance > best.0 {
                *best = (*chance, *other, values);
            }
        }
        let chances: FxHashMap<u32, f32> =
            compared.iter().map(|(other, chance, _)| (*other, *chance)).collect();
        let mut best: Option<(Choice, &Values, bool)> = None;
        for (story, (chance, nearest, values)) in stories {
            if self.is_kept_apart(number, story) {
                continue;
            }
            let is_credited = chance >= CREDITED_FOLD && self.credits_between(number, nearest);
            let score = self.score_of_story(number, story, chance, &chances);
            let rank = |score: f32, is_credited: bool| (is_credited, score);
            if best
                .as_ref()
                .is_none_or(|(best, _, credited)| rank(score, is_credited) > rank(best.score, *credited))
            {
                best = Some((Choice { story, score, nearest, because: String::new() }, values, is_credited));
            }
        }
        let Some((mut choice, values, is_credited)) = best else { return (None, None) };
        if is_credited || choice.score >= self.model.fold {
            choice.because = self.reasons(number, choice.nearest, values, is_credited);
            return (Some(choice), None);
        }
        (None, (choice.score >= self.model.related).then_some(choice.story))
    }

    /// Compares an entry with those that share its rare words, and remembers which may tell one story with it.
    pub(super) fn compare_with_live(&mut self, number: u32) -> Vec<(u32, f32, Values)> {
        let (mut one, mut other) = std::mem::take(&mut self.room);
        one.read(number, &self.shelf, &self.dictionary);
        one.index();
        let mut compared = Vec::new();
        for candidate in self.candidates(&one) {
            if !self.shelf.get(candidate).is_some_and(|record| self.is_comparable(&one, candidate, record)) {
                continue;
            }
            other.read(candidate, &self.shelf, &self.dictionary);
            let values = compare(&one, &other);
            let chance = self.chance(&one, &other, &values);
            if chance >= LEAST_EDGE {
                compared.push((candidate, chance, values));
                let edge = Edge { to: number, is_strong: chance >= STRONG_EDGE };
                self.edges.entry(candidate).or_default().push(edge.pack());
            }
        }
        if !compared.is_empty() {
            let edges = compared
                .iter()
                .map(|(to, chance, _)| Edge { to: *to, is_strong: *chance >= STRONG_EDGE }.pack());
            self.edges.entry(number).or_default().extend(edges);
        }
        self.room = (one, other);
        compared
    }

    /// Whether a candidate may tell one story with the entry, by what can be told cheaply.
    fn is_comparable(&self, one: &Side, number: u32, record: &Record) -> bool {
        let is_identical = record.page() != 0 && record.page() == one.canonical
            || record.title_key != 0 && record.title_key == one.title_key;
        let is_lane = |flags: u16| one.flags & record.flags & flags != 0;
        let shop = flag::MARKET | flag::RESULTS;
        let is_results = (one.flags | record.flags) & flag::RESULTS != 0
            && one.flags & shop != 0
            && record.flags & shop != 0;
        !record.is_dead()
            && gap_to(one, record) <= REACH_DAYS
            && (is_identical
                || is_results
                || is_lane(flag::SECTOR)
                || one.likeness(self.shelf.words(number), record.norm) >= LEAST_LIKENESS)
    }

    /// The chance that a pair with these numbers tells one story, tempered by the rules.
    pub(in crate::cluster) fn chance(&self, one: &Side, other: &Side, values: &Values) -> f32 {
        let chance = self.model.chance(values);
        if chance < LEAST_EDGE { chance } else { chance * tempering(one, other, values).0 }
    }

    /// The entry against the whole story: one likeness alone is no bridge into a large story.
    #[expect(clippy::cast_precision_loss, reason = "stories are small")]
    fn score_of_story(&self, number: u32, story: u64, best: f32, chances: &FxHashMap<u32, f32>) -> f32 {
        let members: Vec<u32> = self.members(story).into_iter().filter(|member| *member != number).collect();
        if members.len() < 2 {
            return best;
        }
        if members.len() >= MAX_MEMBERS {
            return 0.0;
        }
        let newest = members.iter().rev().take(MAX_COMPARED);
        let (sum, count) = newest.fold((0.0, 0_usize), |(sum, count), member| {
            (sum + chances.get(member).copied().unwrap_or(0.0), count + 1)
        });
        story_score(
            best,
            sum * members.len() as f32 / count.max(1) as f32,
            members.len(),
            self.model.best_share,
        )
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
    pub(in crate::cluster) fn same_as(&self, number: u32) -> Vec<u32> {
        self.identical(number).into_iter().map(|(other, _)| other).collect()
    }

    fn identical(&self, number: u32) -> Vec<(u32, &'static str)> {
        let Some(record) = self.shelf.get(number) else { return Vec::new() };
        let mut found: Vec<(u32, &'static str)> = Vec::new();
        let told = self.together.get(&EntryId(record.entry)).into_iter().flatten();
        found.extend(
            told.filter_map(|other| self.number(*other)).map(|other| (other, "the operator joined them")),
        );
        let by_link = |link: u64| self.links.find(&self.shelf, link, move |other| other.canonical == link);
        if record.canonical != 0 {
            found.extend(self.of_one_link(number).into_iter().map(|other| (other, "the same link")));
            let claimants = self.claims.get(&record.canonical).into_iter().flatten();
            found.extend(claimants.map(|other| (*other, "it is named there as the source")));
        }
        for link in self.credits.get(&number).into_iter().flat_map(|credit| &credit.links) {
            found.extend(by_link(*link).map(|other| (other, "it names that as its source")));
        }
        if record.title_key != 0 {
            let key = record.title_key;
            let same = self.titles.find(&self.shelf, key, move |other| other.title_key == key);
            let fits =
                |other: &u32| self.shelf.get(*other).is_some_and(|other| is_one_headline(record, other));
            found.extend(same.filter(fits).map(|other| (other, "the same headline")));
        }
        found.retain(|(other, _)| *other != number);
        found
    }

    /// Other entries of the same link. That of a front page tells little: a feed may give it to every entry. It counts
    /// while few have it, and between those that agree on what it is.
    fn of_one_link(&self, number: u32) -> Vec<u32> {
        let Some(record) = self.shelf.get(number).filter(|record| record.canonical != 0) else {
            return Vec::new();
        };
        let link = record.canonical;
        let mut others: Vec<u32> =
            self.links.find(&self.shelf, link, move |other| other.canonical == link).collect();
        others.retain(|other| *other != number);
        if record.bits & bit::FRONT_PAGE != 0 {
            if others.len() >= MOST_OF_FRONT_PAGE {
                return Vec::new();
            }
            others.retain(|other| self.agree_on_site(number, *other));
        }
        others
    }

    /// Whether two entries have the same link, and that means one piece.
    pub(in crate::cluster) fn is_one_link(&self, one: u32, other: u32) -> bool {
        self.of_one_link(one).contains(&other)
    }

    /// Whether a headline of two names the site, or they share a telling word.
    fn agree_on_site(&self, one: u32, other: u32) -> bool {
        let names_site =
            |number: u32| self.shelf.get(number).is_some_and(|record| record.bits & bit::NAMES_SITE != 0);
        let is_telling =
            |word: &&u32| **word & mark::TITLE != 0 && self.dictionary.term(**word & ID).idf >= TELLING;
        let theirs: Vec<u32> =
            self.shelf.words(other).iter().filter(is_telling).map(|word| word & ID).collect();
        names_site(one)
            || names_site(other)
            || self.shelf.words(one).iter().filter(is_telling).any(|word| theirs.contains(&(word & ID)))
    }

    /// Entries that share rare words, those that share most first.
    pub(in crate::cluster) fn candidates(&self, one: &Side) -> Vec<u32> {
        let ids: Vec<u32> = one.words.iter().map(|word| word.id | word.marks).collect();
        let terms: Vec<(f32, u32)> =
            self.posts_of(&ids).into_iter().map(|id| (self.dictionary.term(id).idf, id)).collect();
        let first = self.shelf.first_number();
        let mut tally = Tally::new();
        for (word, (_, id)) in terms.iter().enumerate() {
            for number in self.dictionary.posted(*id).iter().filter(|number| **number >= first) {
                if *number != one.number {
                    tally.note(*number, word);
                }
            }
        }
        let weights = WeightsOfSets::new(terms.iter().map(|(idf, _)| *idf));
        let mut ranked: Vec<(f32, u32)> = tally
            .entries()
            .map(|(number, shared)| (weights.of(shared), number))
            .filter(|(weight, _)| *weight >= MIN_SHARED)
            .collect();
        let order =
            |one: &(f32, u32), other: &(f32, u32)| other.0.total_cmp(&one.0).then(other.1.cmp(&one.1));
        if ranked.len() > MAX_CANDIDATES {
            ranked.select_nth_unstable_by(MAX_CANDIDATES, order);
            ranked.truncate(MAX_CANDIDATES);
        }
        ranked.sort_unstable_by(order);
        // Far behind the best there is hardly ever a second telling.
        let least = ranked.first().map_or(0.0, |(weight, _)| weight * LEAST_SHARE_OF_BEST);
        let mut rank = 0;
        ranked.retain(|(weight, _)| {
            rank += 1;
            rank <= SURE_CANDIDATES || rank <= MAX_CANDIDATES && *weight >= least
        });
        ranked.into_iter().map(|(_, number)| number).collect()
    }

    /// Whether the operator keeps the entry out of the story.
    pub(in crate::cluster) fn is_kept_apart(&self, number: u32, story: u64) -> bool {
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
    pub(in crate::cluster) fn are_kept_apart(
        &self,
        ones: impl Iterator<Item = u32>,
        others: impl Iterator<Item = u32>,
    ) -> bool {
        if self.apart.is_empty() {
            return false;
        }
        let entry = |number: u32| self.shelf.get(number).map(|record| EntryId(record.entry));
        let others: Vec<EntryId> = others.filter_map(entry).collect();
        let mut barred = ones.filter_map(entry).filter_map(|entry| self.apart.get(&entry)).flatten();
        barred.any(|entry| others.contains(entry))
    }

    /// Whether one of two entries names the other's link or owner as its source.
    pub(in crate::cluster) fn credits_between(&self, one: u32, other: u32) -> bool {
        let names = |one: u32, other: u32| {
            let (Some(credit), Some(record)) = (self.credits.get(&one), self.shelf.get(other)) else {
                return false;
            };
            credit.links.contains(&record.page()) && record.page() != 0
                || credit.owners.contains(&record.owner)
        };
        names(one, other) || names(other, one)
    }

    /// Whether `one` names `other` as its source, or tells of its report.
    pub(in crate::cluster) fn names_as_source(&self, one: u32, other: u32) -> bool {
        let (Some(credit), Some(record)) = (self.credits.get(&one), self.shelf.get(other)) else {
            return false;
        };
        credit.links.contains(&record.page()) && record.page() != 0
            || credit.owners.contains(&record.owner)
            || credit.told_by.contains(&record.owner)
    }

    /// Puts an entry into the chosen story.
    pub(super) fn join(&mut self, number: u32, choice: &Choice) -> Vec<Outcome> {
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

//! Who leads a story, and what the others are to it: a function of the members alone, in whatever order they came.

use crate::model::{EntryId, Role};

use super::engine::{Engine, Outcome};
use super::pair::{Feature, compare};
use super::shelf::{Record, bit};
use super::side::{RARE, Side};

/// Sketches that differ in so few of 64 bits are of one text (Manku et al. 2007 take 3 for web pages).
const SAME_SKETCH: u32 = 3;
/// From this likeness of all words on, two pieces with summaries are one text.
const SAME_TEXT: f32 = 0.93;
/// From this share of its headline's weight found in the lead on, a later piece without news of its own is a rewrite.
const REWRITE_SHARE: f32 = 0.8;

impl Engine {
    /// Settles lead and roles of a story anew. Gives the assignments that changed; those of `movers` in any case.
    pub(super) fn renew_roles(&mut self, story: u64, movers: Option<&[u32]>) -> Vec<Outcome> {
        let members = self.members(story);
        let Some(lead) = self.lead_of(&members) else { return Vec::new() };
        let mut outcomes = Vec::new();
        let mut lead_side = Side::default();
        lead_side.read(lead, &self.shelf, &self.dictionary);
        lead_side.index();
        for number in &members {
            let (role, because) = self.role_of(*number, &lead_side, &members);
            let Some(record) = self.shelf.get_mut(*number) else { continue };
            let is_changed = record.role != role || movers.is_some_and(|movers| movers.contains(number));
            record.role = role;
            let similarity = record.similarity;
            if is_changed {
                outcomes.push(self.assigned(*number, role, similarity, because.to_owned()));
            }
        }
        outcomes
    }

    /// The entry that stands for the story: the named original; else the earliest that is nobody's derivative. A
    /// pointer leads only where there is nothing else.
    pub(super) fn lead_of(&self, members: &[u32]) -> Option<u32> {
        let rank = |number: u32| {
            let record = self.shelf.get(number)?;
            let follows = members.iter().any(|other| {
                *other != number && !self.is_pointer(*other) && self.names_as_source(number, *other)
            });
            Some((
                self.is_pointer(number),
                follows,
                record.bits & bit::MACHINE != 0,
                record.at,
                record.seen,
                EntryId(record.entry),
            ))
        };
        members
            .iter()
            .copied()
            .filter_map(|number| Some((rank(number)?, number)))
            .min()
            .map(|(_, number)| number)
    }

    pub(super) fn is_pointer(&self, number: u32) -> bool {
        self.shelf.get(number).is_some_and(|record| record.bits & bit::POINTER != 0)
    }

    fn role_of(&self, number: u32, lead: &Side, members: &[u32]) -> (Role, &'static str) {
        if number == lead.number {
            return (Role::Lead, "the first to tell it");
        }
        let (Some(record), Some(lead_record)) = (self.shelf.get(number), self.shelf.get(lead.number)) else {
            return (Role::Report, "");
        };
        // Who has the same text on a page of its own shows more than a link to it.
        let is_syndicated = record.bits & bit::AGGREGATOR == 0
            && record.page() != lead_record.page()
            && is_copy(record, lead_record);
        if record.bits & bit::POINTER != 0 && !is_syndicated {
            return (Role::Pointer, "a link to somebody else's piece");
        }
        if is_copy(record, lead_record) {
            return (Role::Duplicate, "the same text again");
        }
        let earlier =
            members.iter().filter(|other| **other != number).filter_map(|other| self.shelf.get(*other));
        if earlier
            .filter(|other| other.at <= record.at && other.entry != record.entry)
            .any(|other| is_copy(record, other))
        {
            return (Role::Duplicate, "the same text again");
        }
        if members.iter().any(|other| *other != number && self.names_as_source(number, *other)) {
            return (Role::Derivative, "it credits the original");
        }
        if self.credits.get(&number).is_some_and(|credit| !credit.told_by.is_empty()) {
            return (Role::Derivative, "it tells of somebody else's report");
        }
        let mut side = Side::default();
        side.read(number, &self.shelf, &self.dictionary);
        let values = compare(lead, &side);
        let value = |feature: Feature| values.get(feature as usize).copied().unwrap_or(0.0);
        if side.has_summary && lead.has_summary && value(Feature::cosine_all) >= SAME_TEXT {
            return (Role::Duplicate, "the same text again");
        }
        if record.bits & bit::MACHINE != 0 {
            return (Role::Derivative, "a machine wrote it, by its own words");
        }
        if record.at >= lead_record.at && adds_nothing(&side, lead) {
            return (Role::Derivative, "it adds no word or number of its own");
        }
        (Role::Report, "a report of its own")
    }
}

/// Whether all that a piece says stands in the lead: its headline's weight, its numbers, no rare word of its own.
fn adds_nothing(side: &Side, lead: &Side) -> bool {
    if !lead.has_summary || side.owner == lead.owner {
        return false;
    }
    let weight = |is_known: bool| -> f32 {
        side.words
            .iter()
            .filter(|word| word.title > 0.0 && (!is_known || lead.word(word.id).is_some()))
            .map(|word| word.title)
            .sum()
    };
    let is_covered = weight(true) >= REWRITE_SHARE * weight(false);
    let is_rare_known = side.words.iter().all(|word| word.term.idf <= RARE || lead.word(word.id).is_some());
    let is_number_known = side.facts.iter().all(|fact| lead.facts.contains(fact));
    is_covered && is_rare_known && is_number_known
}

/// The same link, the same headline, or nearly the same text.
fn is_copy(one: &Record, other: &Record) -> bool {
    let same = |a: u64, b: u64| a != 0 && a == b;
    let is_near =
        one.sketch != 0 && other.sketch != 0 && (one.sketch ^ other.sketch).count_ones() <= SAME_SKETCH;
    same(one.page(), other.page()) || same(one.title_key, other.title_key) || is_near
}

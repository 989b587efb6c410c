//! The second look: entries of a few hours or a day are grouped anew with all that came since, whatever the order in
//! which they arrived; members that do not fit leave, stories that are one join.

use std::collections::BTreeMap;

use super::agglomerate::{Groups, Linkage};
use super::engine::Engine;
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

/// Pairs below this chance say nothing.
const LEAST_CHANCE: f32 = 0.01;

impl Engine {
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
        let mut at = super::dictionary::NONE;
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
    pub(super) fn scored(&self, first: u32, second: u32, chance: f32) -> Scored {
        if chance < LEAST_CHANCE {
            return Scored { one: first, other: second, chance: 0.0 };
        }
        let (mut one, mut other) = (Side::default(), Side::default());
        one.read(first, &self.shelf, &self.dictionary);
        other.read(second, &self.shelf, &self.dictionary);
        let factor = if gap_days(&one, &other) > super::engine::REACH_DAYS { 0.0 } else { tempering(&one, &other).0 };
        Scored { one: first, other: second, chance: chance * factor }
    }
}

/// Groups entries by their scored pairs; identity joins first. Gives each entry's group, in the order of `numbers`.
pub(super) fn regroup(engine: &Engine, numbers: &[u32], pairs: &[Scored], linkage: Linkage) -> Vec<usize> {
    let index: BTreeMap<u32, usize> = numbers.iter().enumerate().map(|(at, number)| (*number, at)).collect();
    let at = |number: u32| index.get(&number).copied();
    let linked: Vec<(usize, usize, f32)> = pairs
        .iter()
        .filter(|pair| pair.chance >= LEAST_CHANCE)
        .filter_map(|pair| Some((at(pair.one)?, at(pair.other)?, pair.chance)))
        .collect();
    let mut groups = Groups::new(numbers.len(), &linked);
    for (place, number) in numbers.iter().enumerate() {
        for other in engine.same_as(*number) {
            if let Some(other) = at(other) {
                groups.join(place, other);
            }
        }
    }
    groups.run(linkage, |one, other| {
        let number = |place: &usize| numbers.get(*place).copied();
        engine.are_kept_apart(one.iter().filter_map(number), other.iter().filter_map(number))
    });
    (0..numbers.len()).map(|place| groups.of(place)).collect()
}

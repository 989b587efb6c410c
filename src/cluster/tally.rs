//! Which of an entry's words other entries share, counted up while their lists are read.

use super::dictionary::NONE;

/// Words that can be told apart.
pub(super) const MOST_WORDS: usize = 16;
/// Slots of the table; at most a third is ever used.
const SLOTS: usize = 4_096;

/// A small table by entry number: a bit for each word that it shares. It is of one size however many entries are live,
/// so that it stays in the processor's cache, and it can be cleared without touching what was not used.
#[derive(Debug)]
pub(super) struct Tally {
    slots: Vec<(u32, u16)>,
    used: Vec<u16>,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self { slots: vec![(NONE, 0); SLOTS], used: Vec::new() }
    }

    /// Notes that the entry `number` shares the word `word` (below [`MOST_WORDS`]).
    pub(super) fn note(&mut self, number: u32, word: usize) {
        // Fibonacci hashing: the high bits of the product are well mixed.
        let mut at = (number.wrapping_mul(0x9e37_79b9) >> 20) as usize;
        for _ in 0..SLOTS {
            let Some((known, shared)) = self.slots.get_mut(at) else { return };
            if *known == NONE {
                *known = number;
                self.used.push(u16::try_from(at).unwrap_or(0));
            }
            if *known == number {
                *shared |= 1 << word;
                return;
            }
            at = (at + 1) & (SLOTS - 1);
        }
    }

    /// Every entry noted, with the words that it shares as bits.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, u16)> + '_ {
        self.used.iter().filter_map(|at| self.slots.get(usize::from(*at)).copied())
    }
}

/// What each set of words weighs together: of sixteen words, two halves that are looked up.
#[derive(Debug)]
pub(super) struct WeightsOfSets([[f32; 256]; 2]);

impl WeightsOfSets {
    /// Of words that weigh so much each.
    pub(super) fn new(weights: impl Iterator<Item = f32>) -> Self {
        let mut words = [0.0; MOST_WORDS];
        for (slot, weight) in words.iter_mut().zip(weights) {
            *slot = weight;
        }
        let mut halves = [[0.0; 256]; 2];
        for (half, words) in halves.iter_mut().zip(words.chunks(8)) {
            for (bit, weight) in words.iter().enumerate() {
                let (known, open) = half.split_at_mut(1 << bit);
                for (slot, before) in open.iter_mut().zip(known) {
                    *slot = *before + weight;
                }
            }
        }
        Self(halves)
    }

    /// Of the set of words that are set as bits.
    pub(super) fn of(&self, set: u16) -> f32 {
        let [low, high] = &self.0;
        let half = |half: &[f32; 256], at: u16| half.get(usize::from(at)).copied().unwrap_or(0.0);
        half(low, set & 0xff) + half(high, set >> 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "small whole numbers")]
    fn a_set_weighs_what_its_words_weigh() {
        let weights = WeightsOfSets::new((1_u8..=16).map(f32::from));
        assert_eq!(weights.of(0), 0.0);
        assert_eq!(weights.of(0b1000_0001_0000_0101), 1.0 + 3.0 + 9.0 + 16.0);
        assert_eq!(weights.of(u16::MAX), 136.0);
    }

    #[test]
    fn entries_that_meet_in_the_table_are_told_apart() {
        let mut tally = Tally::new();
        for number in 0..1_280 {
            tally.note(number * 4_096, (number % 16) as usize);
            tally.note(number * 4_096, 3);
        }
        let noted: Vec<(u32, u16)> = tally.entries().collect();
        let expected: Vec<(u32, u16)> =
            (0..1_280).map(|number| (number * 4_096, 1 << (number % 16) | 1 << 3)).collect();
        assert_eq!(noted, expected);
    }
}

//! Which of an entry's words other entries share, counted up while their chains are walked.

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

#[cfg(test)]
mod tests {
    use super::*;

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

//! The memory of storylines: what each story was about, in a few rare words, long after its entries have left the
//! window; so that another event of the same subject is linked to it.

use rustc_hash::FxHashMap;
use std::collections::VecDeque;

use super::dictionary::Term;
use super::fingerprint::hash32;

/// Stories that are remembered: about half a year of 350 a day.
const MOST: usize = 65_536;
/// Words that a story is remembered by.
const WORDS: usize = 8;
/// Words with a lower idf are no subject, unless they name an organisation.
const SUBJECT: f32 = 4.0;
/// What shared words must weigh together, and what one of them must weigh.
const ENOUGH: f32 = 14.0;
const RARE: f32 = 6.0;
/// The newest stories of a word that are looked at: a word of very many is no subject.
const NEWEST: usize = 100;
/// Bits for the place of a word among a story's.
const PLACE_BITS: u32 = 3;
const _: () = assert!(WORDS <= 1 << PLACE_BITS, "each word has a place");
/// Shared words that are needed.
const LEAST_SHARED: usize = 3;

/// What a story is about: hashes of its rarest words with their idf.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Subjects {
    at: u32,
    words: Vec<(u32, f32)>,
}

impl Subjects {
    /// The subjects among some words; `at` in seconds since 1970.
    pub(super) fn new<'a>(at: u32, terms: impl Iterator<Item = (&'a str, Term)>) -> Self {
        let wanted = terms
            .filter(|(_, term)| !term.sense.is_wide && (term.idf >= SUBJECT || term.sense.organisation != 0));
        let mut words: Vec<(u32, f32)> = wanted.map(|(word, term)| (hash32(word), term.idf)).collect();
        words.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        words.dedup_by_key(|(word, _)| *word);
        words.truncate(WORDS);
        Self { at, words }
    }
}

#[derive(Debug)]
struct Line {
    story: u64,
    at: u32,
    words: Box<[u32]>,
}

/// All remembered stories, oldest first.
#[derive(Debug, Default)]
pub(super) struct Storylines {
    lines: VecDeque<Line>,
    /// Number of the first line; numbers go on for ever.
    first: u32,
    /// Oldest first.
    by_word: FxHashMap<u32, VecDeque<u32>>,
}

impl Storylines {
    /// Remembers a story; the oldest makes room.
    pub(super) fn remember(&mut self, story: u64, subjects: &Subjects) {
        if self.lines.len() >= MOST
            && let Some(oldest) = self.lines.pop_front()
        {
            for word in &oldest.words {
                if let Some(numbers) = self.by_word.get_mut(word) {
                    numbers.pop_front_if(|number| *number <= self.first);
                    if numbers.is_empty() {
                        self.by_word.remove(word);
                    }
                }
            }
            self.first += 1;
        }
        let number = self.first + u32::try_from(self.lines.len()).unwrap_or(0);
        for (word, _) in &subjects.words {
            self.by_word.entry(*word).or_default().push_back(number);
        }
        let words = subjects.words.iter().map(|(word, _)| *word).collect();
        self.lines.push_back(Line { story, at: subjects.at, words });
    }

    /// The story of the same subject: the one that shares most; of equals the newest.
    pub(super) fn find(&self, subjects: &Subjects) -> Option<u64> {
        // A story and one of the words that it shares, in one number: sorted, those of a story lie together. A table
        // by story cost more than all of the rest.
        let mut shared: Vec<u64> = Vec::with_capacity(WORDS * NEWEST);
        for (place, (word, _)) in (0_u64..).zip(&subjects.words) {
            let numbers = self.by_word.get(word).into_iter().flat_map(|numbers| numbers.iter().rev());
            shared.extend(numbers.take(NEWEST).map(|number| u64::from(*number) << PLACE_BITS | place));
        }
        shared.sort_unstable();
        let story = |shared: u64| u32::try_from(shared >> PLACE_BITS).unwrap_or(0);
        let idf = |shared: u64| {
            let place = usize::try_from(shared & ((1 << PLACE_BITS) - 1)).unwrap_or(0);
            subjects.words.get(place).map_or(0.0, |(_, idf)| *idf)
        };
        let mut best: Option<(f32, u32, u32)> = None;
        for words in shared.chunk_by(|one, other| story(*one) == story(*other)) {
            // The rarest word comes first.
            let (Some(first), true) = (words.first(), words.len() >= LEAST_SHARED) else { continue };
            let weight: f32 = words.iter().map(|word| idf(*word)).sum();
            if idf(*first) < RARE || weight < ENOUGH {
                continue;
            }
            let found = (weight, self.at(story(*first)), story(*first));
            if best.is_none_or(|best| found > best) {
                best = Some(found);
            }
        }
        best.and_then(|(.., number)| self.line(number)).map(|line| line.story)
    }

    fn line(&self, number: u32) -> Option<&Line> {
        self.lines.get(number.checked_sub(self.first)? as usize)
    }

    fn at(&self, number: u32) -> u32 {
        self.line(number).map_or(0, |line| line.at)
    }
}

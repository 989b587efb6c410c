//! The words that the engine knows: how rare each is by the shipped background counts, what it means, and the newest
//! entries that carry it. Words that no live entry carries and the background does not know are forgotten.

use rustc_hash::FxHashMap;
use std::sync::LazyLock;

use super::lexicon::{Sense, lexicon};
use super::postings::{List, Postings};

/// Document frequencies of words in headlines, counted over a public stream of technology news by
/// `examples/train_stories.rs`: a word a line, its count in all headlines, its count in those about chips.
const BACKGROUND: &str = include_str!("../../config/story-terms.tsv");

/// No entry.
pub(super) const NONE: u32 = u32::MAX;
/// Ids of words have this many bits; the rest of a token holds marks.
pub(super) const ID_BITS: u32 = 24;
/// The bits of the id.
pub(super) const ID: u32 = (1 << ID_BITS) - 1;

/// A word of the dictionary.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    /// How rare it is: about the logarithm of one in how many headlines has it.
    pub(super) idf: f32,
    /// What it means.
    pub(super) sense: Sense,
    /// The newest entries that are found by it.
    list: List,
    /// Live entries that carry it.
    pub(super) live: u32,
}

/// All words, by id.
#[derive(Debug)]
pub(super) struct Dictionary {
    ids: FxHashMap<Box<str>, u32>,
    terms: Vec<Term>,
    free: Vec<u32>,
    postings: Postings,
    /// Ids below are the background's.
    background: usize,
}

/// Counts of the background.
struct Background {
    headlines: f32,
    chip_headlines: f32,
    words: Vec<(&'static str, f32, f32)>,
}

fn background() -> &'static Background {
    static READ: LazyLock<Background> = LazyLock::new(|| {
        let mut read = Background { headlines: 1.0, chip_headlines: 1.0, words: Vec::new() };
        for line in BACKGROUND.lines() {
            let mut parts = line.split('\t');
            let (Some(word), Some(all), Some(chip)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            let (Ok(all), Ok(chip)) = (all.parse::<f32>(), chip.parse::<f32>()) else { continue };
            if word == "#headlines" {
                (read.headlines, read.chip_headlines) = (all, chip);
            } else {
                read.words.push((word, all, chip));
            }
        }
        read
    });
    &READ
}

/// How rare a word is that was seen so often: the mean of its rareness in all headlines and in those about chips,
/// so that "chip" and "nvidia" count for little.
fn idf(all: f32, chip: f32) -> f32 {
    let background = background();
    let of = |total: f32, count: f32| ((total + 1.0) / (count + 0.5)).ln();
    (0.425 * of(background.headlines, all) + 0.5 * of(background.chip_headlines, chip)).clamp(0.05, 10.0)
}

impl Dictionary {
    pub(super) fn new() -> Self {
        let mut this = Self {
            ids: FxHashMap::default(),
            terms: Vec::new(),
            free: Vec::new(),
            postings: Postings::default(),
            background: usize::MAX,
        };
        for (word, all, chip) in &background().words {
            this.insert(word, idf(*all, *chip));
        }
        this.background = this.terms.len();
        this
    }

    /// The id of a word, made where it is new.
    pub(super) fn intern(&mut self, word: &str) -> u32 {
        match self.ids.get(word) {
            Some(id) => *id,
            None => self.insert(word, idf(0.0, 0.0)),
        }
    }

    fn insert(&mut self, word: &str, idf: f32) -> u32 {
        let term = Term { idf, sense: lexicon().sense_of(word), list: List::EMPTY, live: 0 };
        let id = match self.free.pop() {
            Some(id) => id,
            None => u32::try_from(self.terms.len()).unwrap_or(NONE) & ID,
        };
        match self.terms.get_mut(id as usize) {
            Some(slot) => *slot = term,
            None => self.terms.push(term),
        }
        self.ids.insert(word.into(), id);
        id
    }

    /// The term of a word, where it is known.
    pub(super) fn known(&self, word: &str) -> Option<Term> {
        self.ids.get(word).map(|id| self.term(*id))
    }

    /// The term of an id that [`Self::intern`] gave.
    pub(super) fn term(&self, id: u32) -> Term {
        const UNKNOWN: Term = Term {
            idf: 0.0,
            sense: Sense {
                organisation: 0,
                is_name: false,
                is_wide: true,
                events: 0,
                direction: 0,
                is_place: false,
            },
            list: List::EMPTY,
            live: 0,
        };
        self.terms.get(id as usize).copied().unwrap_or(UNKNOWN)
    }

    pub(super) fn term_mut(&mut self, id: u32) -> Option<&mut Term> {
        self.terms.get_mut(id as usize)
    }

    /// Lets an entry be found by a word; entries below `first` are no more.
    pub(super) fn post(&mut self, id: u32, number: u32, first: u32) {
        if let Some(term) = self.terms.get_mut(id as usize) {
            self.postings.push(&mut term.list, number, first);
        }
    }

    /// The newest entries that are found by a word; some may be no more.
    pub(super) fn posted(&self, id: u32) -> &[u32] {
        self.terms.get(id as usize).map_or(&[], |term| self.postings.entries(&term.list))
    }

    /// The word of an id; slow, for people only.
    pub(super) fn word(&self, id: u32) -> Option<&str> {
        self.ids.iter().find(|(_, known)| **known == id).map(|(word, _)| word.as_ref())
    }

    /// Forgets words that no live entry carries.
    pub(super) fn sweep(&mut self) {
        let (background, terms, free) = (self.background, &mut self.terms, &mut self.free);
        let postings = &mut self.postings;
        self.ids.retain(|_, id| {
            let is_needed =
                (*id as usize) < background || terms.get(*id as usize).is_some_and(|term| term.live > 0);
            if !is_needed {
                free.push(*id);
                if let Some(term) = terms.get_mut(*id as usize) {
                    postings.release(&mut term.list);
                }
            }
            is_needed
        });
        // The order of a hash map must not decide which id is used next (which room is, changes nothing).
        free.sort_unstable_by(|one, other| other.cmp(one));
        free.dedup();
    }
}

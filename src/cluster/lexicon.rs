//! The tables of `config/story-words.toml`, read once: phrases, organisations, events, directions, places and what
//! a headline's words say about the kind of piece.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;
use std::sync::LazyLock;

use super::words::stem;

/// The shipped tables.
const TABLES: &str = include_str!("../../config/story-words.toml");

/// What the piece's headline says about its kind; a set of bits.
pub(super) mod flag {
    /// It speaks of shares and markets.
    pub(in crate::cluster) const MARKET: u16 = 1;
    /// It speaks of a whole sector's or market's move.
    pub(in crate::cluster) const SECTOR: u16 = 1 << 1;
    /// It asks or argues.
    pub(in crate::cluster) const OPINION: u16 = 1 << 2;
    /// It gathers several stories.
    pub(in crate::cluster) const DIGEST: u16 = 1 << 3;
    /// An offer to shoppers.
    pub(in crate::cluster) const BARGAIN: u16 = 1 << 4;
    /// A test of a product.
    pub(in crate::cluster) const REVIEW: u16 = 1 << 5;
    /// An analyst's view.
    pub(in crate::cluster) const ANALYST: u16 = 1 << 6;
    /// It looks ahead of an event.
    pub(in crate::cluster) const PREVIEW: u16 = 1 << 7;
    /// It speaks of a company's results.
    pub(in crate::cluster) const RESULTS: u16 = 1 << 8;
    /// A fund's or insider's filing.
    pub(in crate::cluster) const FILING: u16 = 1 << 9;
    /// The first word asks, or the headline ends with a question mark.
    pub(in crate::cluster) const QUESTION: u16 = 1 << 10;
    /// The piece's language is written without spaces.
    pub(in crate::cluster) const UNSPACED: u16 = 1 << 11;
}

/// What one word means to the engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sense {
    /// The organisation it names or implies, from 1; 0 is none.
    pub(super) organisation: u16,
    /// It is the organisation's own name, not a product that implies it.
    pub(super) is_name: bool,
    /// So widely shared that it tells little.
    pub(super) is_wide: bool,
    /// Classes of events, a bit each.
    pub(super) events: u32,
    /// +1 a rise, -1 a fall.
    pub(super) direction: i8,
    /// A place.
    pub(super) is_place: bool,
}

/// All tables, ready for look-up.
#[derive(Debug)]
pub(super) struct Lexicon {
    stop: FxHashSet<String>,
    phrases: FxHashMap<String, Vec<Phrase>>,
    senses: FxHashMap<String, Sense>,
    flags: FxHashMap<String, u16>,
    /// Names of the event classes, by bit.
    pub(super) event_names: Vec<String>,
}

/// Several words that are read as others.
#[derive(Debug)]
pub(super) struct Phrase {
    /// The words after the first.
    pub(super) rest: Vec<String>,
    /// What is read instead.
    pub(super) reading: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Tables {
    stop: String,
    phrases: String,
    organisations: String,
    wide: String,
    events: String,
    up: String,
    down: String,
    places: String,
    market: String,
    sector: String,
    opinion: String,
    digest: String,
    bargain: String,
    review: String,
    analyst: String,
    preview: String,
    results: String,
}

/// The one lexicon of the program. A test holds that the shipped tables can be read.
pub(super) fn lexicon() -> &'static Lexicon {
    static LEXICON: LazyLock<Lexicon> =
        LazyLock::new(|| Lexicon::new(&toml::from_str(TABLES).unwrap_or_default()));
    &LEXICON
}

impl Lexicon {
    fn new(tables: &Tables) -> Self {
        let mut this = Self {
            stop: tables.stop.split_whitespace().map(|word| word.replace('\'', "")).collect(),
            phrases: FxHashMap::default(),
            senses: FxHashMap::default(),
            flags: FxHashMap::default(),
            event_names: Vec::new(),
        };
        this.read_phrases(&tables.phrases);
        this.read_organisations(&tables.organisations);
        this.read_events(&tables.events);
        for word in tables.wide.split_whitespace() {
            this.sense(word).is_wide = true;
        }
        for (words, direction) in [(&tables.up, 1), (&tables.down, -1)] {
            for word in words.split_whitespace() {
                this.sense(word).direction = direction;
            }
        }
        for word in tables.places.split_whitespace() {
            this.sense(word).is_place = true;
        }
        let flags = [
            (&tables.market, flag::MARKET),
            (&tables.sector, flag::SECTOR),
            (&tables.opinion, flag::OPINION),
            (&tables.digest, flag::DIGEST),
            (&tables.bargain, flag::BARGAIN),
            (&tables.review, flag::REVIEW),
            (&tables.analyst, flag::ANALYST),
            (&tables.preview, flag::PREVIEW),
            (&tables.results, flag::RESULTS),
        ];
        for (words, bit) in flags {
            for word in words.split_whitespace() {
                *this.flags.entry(word.replace('\'', "")).or_default() |= bit;
            }
        }
        this
    }

    fn read_phrases(&mut self, lines: &str) {
        for line in lines.lines() {
            let Some((left, right)) = line.split_once(" = ") else { continue };
            let mut words = left.split_whitespace().map(str::to_owned);
            let Some(first) = words.next() else { continue };
            let phrase = Phrase {
                rest: words.collect(),
                reading: right.split_whitespace().map(str::to_owned).collect(),
            };
            self.phrases.entry(first).or_default().push(phrase);
        }
        for phrases in self.phrases.values_mut() {
            phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.rest.len()));
        }
    }

    fn read_organisations(&mut self, lines: &str) {
        let mut number = 0;
        for line in lines.lines() {
            let Some((name, implied)) = line.split_once(':') else { continue };
            number += 1;
            let name_sense = self.sense(name);
            (name_sense.organisation, name_sense.is_name) = (number, true);
            for word in implied.split_whitespace() {
                self.sense(word).organisation = number;
            }
        }
    }

    fn read_events(&mut self, lines: &str) {
        for line in lines.lines() {
            let Some((name, words)) = line.split_once(':') else { continue };
            let bit = 1_u32 << self.event_names.len().min(31);
            self.event_names.push(name.trim().to_owned());
            for word in words.split_whitespace() {
                self.sense(word).events |= bit;
            }
        }
    }

    fn sense(&mut self, word: &str) -> &mut Sense {
        self.senses.entry(stem(word)).or_default()
    }

    /// The phrases that begin with `first`, longest first.
    pub(super) fn phrases_from(&self, first: &str) -> &[Phrase] {
        self.phrases.get(first).map_or(&[], Vec::as_slice)
    }

    /// Whether the (unstemmed) word says nothing.
    pub(super) fn is_stop(&self, word: &str) -> bool {
        self.stop.contains(word)
    }

    /// What the stemmed word means.
    pub(super) fn sense_of(&self, stemmed: &str) -> Sense {
        self.senses.get(stemmed).copied().unwrap_or_default()
    }

    /// What the unstemmed word says about the kind of piece.
    pub(super) fn flags_of(&self, word: &str) -> u16 {
        self.flags.get(word).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_tables_can_be_read() {
        let tables: Tables = toml::from_str(TABLES).unwrap();
        assert!(tables.phrases.lines().count() > 100);
        assert!(lexicon().event_names.len() <= 32, "an event class is a bit of 32");
    }

    #[test]
    fn a_product_line_implies_its_maker() {
        let sense = |word: &str| lexicon().sense_of(&stem(word));
        assert_eq!(sense("trainium").organisation, sense("amazon").organisation);
        assert_ne!(sense("trainium").organisation, sense("nvidia").organisation);
        assert!(sense("nvidia").is_name && !sense("geforce").is_name);
    }
}

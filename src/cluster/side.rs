//! One side of a comparison: an entry of the shelf, spread out with the weight of each word and what it means.

use rustc_hash::FxHashMap;

use super::dictionary::{Dictionary, ID, ID_BITS, Term};
use super::lexicon::flag;
use super::numbers::Fact;
use super::shelf::{Record, Shelf, bit};
use super::words::Sort;

/// Marks of a stored word, above its id.
pub(super) mod mark {
    use super::ID_BITS;
    /// In the headline.
    pub(in crate::cluster) const TITLE: u32 = 1 << ID_BITS;
    /// In the URL's words.
    pub(in crate::cluster) const SLUG: u32 = 1 << (ID_BITS + 1);
    /// In the summary.
    pub(in crate::cluster) const SUMMARY: u32 = 1 << (ID_BITS + 2);
    /// Begins with a capital.
    pub(in crate::cluster) const CAPITAL: u32 = 1 << (ID_BITS + 3);
    /// A model.
    pub(in crate::cluster) const MODEL: u32 = 1 << (ID_BITS + 4);
    /// A bare number.
    pub(in crate::cluster) const NUMBER: u32 = 1 << (ID_BITS + 5);
    /// A number with its unit.
    pub(in crate::cluster) const QUANTITY: u32 = 1 << (ID_BITS + 6);
}

/// From this idf on a word counts as rare: about one headline in 500.
pub(super) const RARE: f32 = 6.3;
/// Counts of what is live mean little below so many entries; the weights were learnt on about as many.
const LEAST_LIVE: u32 = 300;
/// The logarithm of one in 150: rarer than that cannot be told apart among 300 entries.
const MOST_LOCAL: f32 = 5.0;
/// Seconds of a day.
const DAY: f32 = 86_400.0;

/// Days since 1970, of seconds since then.
pub(super) fn days(seconds: u32) -> f64 {
    f64::from(seconds) / f64::from(DAY)
}

/// The marks of a word's sort.
pub(super) fn sort_mark(sort: Sort) -> u32 {
    match sort {
        Sort::Plain => 0,
        Sort::Model => mark::MODEL,
        Sort::Number => mark::NUMBER,
        Sort::Quantity => mark::QUANTITY,
    }
}

/// A word of a side.
#[derive(Debug, Clone, Copy)]
pub(super) struct SideWord {
    pub(super) id: u32,
    pub(super) marks: u32,
    pub(super) term: Term,
    /// Weight in the headline, in the URL's words, in both together, in the summary, in all.
    pub(super) title: f32,
    pub(super) slug: f32,
    pub(super) headline: f32,
    pub(super) summary: f32,
    pub(super) all: f32,
}

/// What a stored word of this idf weighs in the headline, in the URL's words, in both, in the summary, in all.
#[derive(Debug, Clone, Copy)]
struct Weights {
    title: f32,
    slug: f32,
    headline: f32,
    summary: f32,
    all: f32,
}

impl Weights {
    fn of(stored: u32, idf: f32) -> Self {
        let factor = |number: f32, model: f32| {
            if stored & mark::NUMBER != 0 {
                number
            } else if stored & (mark::MODEL | mark::QUANTITY) != 0 {
                model
            } else {
                1.0
            }
        };
        let has = |place: u32, weight: f32| if stored & place != 0 { weight } else { 0.0 };
        let title = has(mark::TITLE, idf * factor(0.6, 1.15));
        let slug = has(mark::SLUG, idf * factor(0.5, 1.0));
        let summary = has(mark::SUMMARY, idf * factor(0.6, 1.0));
        let headline = if title > 0.0 { title } else { 0.8 * slug };
        let all = match (headline > 0.0, summary > 0.0) {
            (true, true) => headline * 1.15,
            (true, false) => headline,
            (false, _) => 0.4 * summary,
        };
        Self { title, slug, headline, summary, all }
    }
}

/// The length of the weights of an entry's stored words.
pub(super) fn norm(words: &[u32], dictionary: &Dictionary) -> f32 {
    let all = words.iter().map(|stored| Weights::of(*stored, dictionary.term(stored & ID).idf).all);
    all.map(|weight| weight * weight).sum::<f32>().sqrt().max(1e-6)
}

impl SideWord {
    fn new(stored: u32, dictionary: &Dictionary) -> Self {
        let id = stored & ID;
        let term = dictionary.term(id);
        let Weights { title, slug, headline, summary, all } = Weights::of(stored, term.idf);
        Self { id, marks: stored & !ID, term, title, slug, headline, summary, all }
    }

    /// How rare it is among `live` entries: at most its idf, and the same without that bound. Only words that a pair
    /// shares are asked, so it is not worked out for all.
    #[expect(clippy::cast_precision_loss, reason = "counts within a window; a float is near enough")]
    pub(super) fn local(&self, live: u32) -> (f32, f32) {
        let only = (live as f32 / self.term.live.max(2) as f32).ln().min(MOST_LOCAL);
        (only.min(self.term.idf).max(0.0), only)
    }

    /// In the headline or the URL.
    pub(super) fn is_headline(&self) -> bool {
        self.headline > 0.0
    }
}

/// Organisations of a text, as a set; more than a handful say nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(pub(super) Vec<u16>);

impl Names {
    fn add(&mut self, organisation: u16) {
        if organisation != 0 && !self.0.contains(&organisation) && self.0.len() < 12 {
            self.0.push(organisation);
        }
    }

    /// How many are in both.
    pub(super) fn shared(&self, other: &Self) -> usize {
        self.0.iter().filter(|name| other.0.contains(name)).count()
    }
}

/// 64-bit words of [`Side::maybe`]: 1,024 bits for the fifty or so words of an entry.
const MAYBE_WORDS: usize = 16;

fn maybe_bit(id: u32) -> (usize, u64) {
    (((id >> 6) as usize) & (MAYBE_WORDS - 1), 1 << (id & 63))
}

/// An entry, spread out.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    pub(super) number: u32,
    pub(super) words: Vec<SideWord>,
    /// Index of each word by id, and a bit for each id that may be there: most words of another entry are not, and a
    /// bit tells so faster than the map.
    by_id: FxHashMap<u32, usize>,
    maybe: [u64; MAYBE_WORDS],
    /// How many entries there were when it was read.
    pub(super) live: u32,
    pub(super) facts: Vec<Fact>,
    pub(super) title_facts: usize,
    /// Lengths of the word vectors.
    pub(super) title_norm: f32,
    pub(super) slug_norm: f32,
    pub(super) headline_norm: f32,
    pub(super) summary_norm: f32,
    pub(super) all_norm: f32,
    /// Neighbouring words of the headline, with their idf summed up.
    pub(super) pairs: Vec<(u32, u32, f32)>,
    pub(super) title_sum: f32,
    pub(super) all_sum: f32,
    pub(super) title_count: usize,
    /// Organisations of the headline, of headline and URL, of everything.
    pub(super) title_names: Names,
    pub(super) headline_names: Names,
    pub(super) all_names: Names,
    pub(super) title_events: u32,
    pub(super) headline_events: u32,
    pub(super) all_events: u32,
    pub(super) direction: i32,
    pub(super) flags: u16,
    pub(super) bits: u8,
    pub(super) publisher: u32,
    pub(super) owner: u32,
    /// Days since 1970, as a real number; `None`s of time are filled by the caller.
    pub(super) at: f64,
    pub(super) day: i32,
    pub(super) trading_day: i32,
    pub(super) canonical: u64,
    pub(super) title_key: u64,
    pub(super) sketch: u64,
    pub(super) has_summary: bool,
}

impl Side {
    /// Spreads out an entry of the shelf; the room of an earlier one is used again.
    pub(super) fn read(&mut self, number: u32, entries: &Shelf, dictionary: &Dictionary) {
        let Some(record) = entries.get(number) else { return };
        self.number = number;
        self.words.clear();
        self.live = entries.len().max(LEAST_LIVE);
        self.words.extend(entries.words(number).iter().map(|stored| SideWord::new(*stored, dictionary)));
        self.facts.clear();
        self.facts.extend(entries.facts(number));
        self.take_record(record);
        self.sum_up();
    }

    /// Makes the words findable by id; only the side that is compared with many needs it.
    pub(super) fn index(&mut self) {
        self.by_id.clear();
        self.by_id.extend(self.words.iter().enumerate().map(|(at, word)| (word.id, at)));
        self.maybe = [0; MAYBE_WORDS];
        for word in &self.words {
            let (slot, bit) = maybe_bit(word.id);
            if let Some(slot) = self.maybe.get_mut(slot) {
                *slot |= bit;
            }
        }
    }

    /// The word with this id, after [`Self::index`].
    pub(super) fn word(&self, id: u32) -> Option<&SideWord> {
        self.words.get(self.place_of(id)?)
    }

    /// The place of the word with this id, after [`Self::index`].
    pub(super) fn place_of(&self, id: u32) -> Option<usize> {
        let (slot, bit) = maybe_bit(id);
        self.maybe.get(slot).filter(|slot| **slot & bit != 0)?;
        self.by_id.get(&id).copied()
    }

    /// How alike the words are to those of an entry that is not spread out, by its stored words and their length; after
    /// [`Self::index`].
    pub(super) fn likeness(&self, words: &[u32], norm: f32) -> f32 {
        let shared = words.iter().filter_map(|stored| Some((*stored, self.word(stored & ID)?)));
        let product: f32 =
            shared.map(|(stored, ours)| ours.all * Weights::of(stored, ours.term.idf).all).sum();
        product / (self.all_norm * norm)
    }

    fn take_record(&mut self, record: &Record) {
        self.title_facts = usize::from(record.title_facts);
        self.flags = record.flags;
        self.bits = record.bits;
        self.publisher = record.publisher;
        self.owner = record.owner;
        self.canonical = record.page();
        self.title_key = record.title_key;
        self.sketch = record.sketch;
        self.at = days(record.at);
        let day = |seconds: i64| i32::try_from(seconds.div_euclid(86_400)).unwrap_or(0);
        self.day = day(i64::from(record.at));
        // New York's trading day, roughly: what happens before five in the morning UTC is still yesterday's.
        self.trading_day = day(i64::from(record.at) - 5 * 3_600);
    }

    fn sum_up(&mut self) {
        let mut squares = [0.0_f32; 5];
        for word in &self.words {
            let weights = [word.title, word.slug, word.headline, word.summary, word.all];
            for (square, weight) in squares.iter_mut().zip(weights) {
                *square += weight * weight;
            }
        }
        let [title, slug, headline, summary, all] = squares.map(|square| square.sqrt().max(1e-6));
        (self.title_norm, self.slug_norm, self.headline_norm) = (title, slug, headline);
        (self.summary_norm, self.all_norm) = (summary, all);
        self.title_sum = self.words.iter().map(|word| word.title).sum::<f32>().max(1e-6);
        self.all_sum = self.words.iter().map(|word| word.all).sum::<f32>().max(1e-6);
        self.title_count = self.words.iter().filter(|word| word.title > 0.0).count();
        self.pairs.clear();
        let title = self.words.iter().filter(|word| word.title > 0.0);
        let next = self.words.iter().filter(|word| word.title > 0.0).skip(1);
        let pairs = title.zip(next).map(|(one, two)| (one.id, two.id, one.term.idf + two.term.idf));
        self.pairs.extend(pairs);
        self.has_summary = self.words.iter().any(|word| word.summary > 0.0);
        for names in [&mut self.title_names, &mut self.headline_names, &mut self.all_names] {
            names.0.clear();
        }
        (self.title_events, self.headline_events, self.all_events) = (0, 0, 0);
        let (mut ups, mut downs) = (0, 0);
        for word in &self.words {
            let sense = word.term.sense;
            let organisation = if sense.is_wide { 0 } else { sense.organisation };
            self.all_names.add(organisation);
            self.all_events |= sense.events;
            if word.is_headline() {
                self.headline_names.add(organisation);
                self.headline_events |= sense.events;
            }
            if word.title > 0.0 {
                self.title_names.add(organisation);
                self.title_events |= sense.events;
                ups += i32::from(sense.direction > 0);
                downs += i32::from(sense.direction < 0);
            }
        }
        self.direction = (ups - downs).signum();
    }

    /// The first organisation of the headline, 0 where there is none.
    pub(super) fn first_name(&self) -> u16 {
        self.title_names.0.first().copied().unwrap_or(0)
    }

    /// What the headline is about: its first organisation or very rare word, as an organisation number or a word id.
    pub(super) fn subject(&self) -> Option<u32> {
        let word = self.words.iter().find(|word| {
            word.title > 0.0
                && (word.term.sense.organisation != 0 && !word.term.sense.is_wide || word.term.idf > 6.5)
        })?;
        Some(match word.term.sense.organisation {
            0 => word.id | 1 << 31,
            organisation => u32::from(organisation),
        })
    }

    pub(super) fn has(&self, flags: u16) -> bool {
        self.flags & flags != 0
    }

    /// A sector's or market's move: a sector word in a headline about shares.
    pub(super) fn is_sector_move(&self) -> bool {
        self.has(flag::SECTOR) && (self.has(flag::MARKET) || self.direction != 0)
    }

    pub(super) fn is_aggregator(&self) -> bool {
        self.bits & bit::AGGREGATOR != 0
    }
}

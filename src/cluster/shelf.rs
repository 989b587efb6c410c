//! Where the engine keeps its entries: in arrival order, in chunks that are dropped whole when they leave the window.
//! An entry is named by its arrival number; numbers below the first live chunk lead nowhere, so that chains of
//! entries need no repair when old ones go.

use std::collections::VecDeque;

use super::dictionary::NONE;
use super::numbers::{Fact, FactSort};
use crate::model::Role;

/// Entries of a chunk.
const CHUNK: usize = 1_024;
const CHUNK_U32: u32 = 1_024;

/// Chains by which entries are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chain {
    /// By entry id.
    Entry = 0,
    /// By canonical link.
    Link = 1,
    /// By headline.
    Title = 2,
    /// By the id of the story that it founded.
    Story = 3,
}

/// What is kept of an entry. Small: a million of them are to fit into a few hundred MiB.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) entry: u64,
    pub(super) story: u64,
    /// Hash of the canonical link; 0 is none.
    pub(super) canonical: u64,
    /// Hash of the headline; 0 is none.
    pub(super) title_key: u64,
    pub(super) sketch: u64,
    /// Seconds since 1970.
    pub(super) at: u32,
    pub(super) seen: u32,
    pub(super) publisher: u32,
    pub(super) owner: u32,
    pub(super) next: [u32; 4],
    pub(super) similarity: f32,
    /// The length of its words' weights, see [`super::side::norm`].
    pub(super) norm: f32,
    /// When its story was first published, where it stands alone in it; 0 is not yet.
    pub(super) released: u32,
    /// Its words and numbers in the chunk's data.
    pub(super) offset: u32,
    pub(super) words: u8,
    pub(super) facts: u8,
    pub(super) title_facts: u8,
    pub(super) bits: u8,
    pub(super) flags: u16,
    pub(super) role: Role,
}

impl Record {
    /// Hash of the link of a page; 0 where there is none, or only a front page.
    pub(super) fn page(&self) -> u64 {
        if self.bits & bit::FRONT_PAGE == 0 { self.canonical } else { 0 }
    }

    /// It was withdrawn.
    pub(super) fn is_dead(&self) -> bool {
        self.bits & bit::DEAD != 0
    }
}

/// Bits of [`Record::bits`].
pub(super) mod bit {
    /// Only the day of its time is known.
    pub(in crate::cluster) const DAY_ONLY: u8 = 1;
    /// An aggregator's, or of a link that is another's: never leads.
    pub(in crate::cluster) const POINTER: u8 = 1 << 1;
    /// By its own words a machine's.
    pub(in crate::cluster) const MACHINE: u8 = 1 << 2;
    /// A vendor's own release.
    pub(in crate::cluster) const VENDOR: u8 = 1 << 3;
    /// Its publisher is an aggregator.
    pub(in crate::cluster) const AGGREGATOR: u8 = 1 << 5;
    /// Its link is a site's front page.
    pub(in crate::cluster) const FRONT_PAGE: u8 = 1 << 4;
    /// Its headline names the site that its link leads to.
    pub(in crate::cluster) const NAMES_SITE: u8 = 1 << 6;
    /// Withdrawn (the entry was revised); found by no chain.
    pub(in crate::cluster) const DEAD: u8 = 1 << 7;
}

/// The words and numbers of an entry, as they lie on the shelf.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    /// Ids with marks, see `side`.
    pub(super) words: Vec<u32>,
    pub(super) facts: Vec<Fact>,
}

#[derive(Debug, Default)]
struct Chunk {
    records: Vec<Record>,
    data: Vec<u32>,
}

/// All live entries.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    chunks: VecDeque<Chunk>,
    /// Number of the first entry of the first chunk.
    first: u32,
}

impl Shelf {
    /// The number that the next entry gets.
    pub(super) fn next_number(&self) -> u32 {
        let full = u32::try_from(self.chunks.len().saturating_sub(1)).unwrap_or(0) * CHUNK_U32;
        let last = self.chunks.back().map_or(0, |chunk| u32::try_from(chunk.records.len()).unwrap_or(0));
        self.first + full + last
    }

    /// The number of the oldest entry that is still here.
    pub(super) fn first_number(&self) -> u32 {
        self.first
    }

    /// How many entries are here.
    pub(super) fn len(&self) -> u32 {
        self.next_number() - self.first
    }

    pub(super) fn push(&mut self, mut record: Record, parts: &Parts) -> u32 {
        let number = self.next_number();
        if self.chunks.back().is_none_or(|chunk| chunk.records.len() == CHUNK) {
            self.chunks.push_back(Chunk { records: Vec::with_capacity(CHUNK), data: Vec::new() });
        }
        if let Some(chunk) = self.chunks.back_mut() {
            record.offset = u32::try_from(chunk.data.len()).unwrap_or(NONE);
            chunk.data.extend(&parts.words);
            for fact in &parts.facts {
                chunk.data.extend([u32::from(fact.sort.0), fact.value.to_bits()]);
            }
            chunk.records.push(record);
            if chunk.records.len() == CHUNK {
                chunk.data.shrink_to_fit();
            }
        }
        number
    }

    fn place(&self, number: u32) -> Option<(usize, usize)> {
        let at = number.checked_sub(self.first).filter(|_| number != NONE)?;
        Some(((at / CHUNK_U32) as usize, (at % CHUNK_U32) as usize))
    }

    pub(super) fn get(&self, number: u32) -> Option<&Record> {
        let (chunk, at) = self.place(number)?;
        self.chunks.get(chunk)?.records.get(at)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Record> {
        let (chunk, at) = self.place(number)?;
        self.chunks.get_mut(chunk)?.records.get_mut(at)
    }

    fn data(&self, number: u32, from: usize, length: usize) -> &[u32] {
        let found = self.place(number).and_then(|(chunk, at)| {
            let chunk = self.chunks.get(chunk)?;
            let start = chunk.records.get(at)?.offset as usize + from;
            chunk.data.get(start..start + length)
        });
        found.unwrap_or_default()
    }

    /// Its words, ids with marks.
    pub(super) fn words(&self, number: u32) -> &[u32] {
        self.get(number).map_or(&[], |record| self.data(number, 0, usize::from(record.words)))
    }

    /// Its numbers, and how many of them are the headline's.
    pub(super) fn facts(&self, number: u32) -> impl Iterator<Item = Fact> + '_ {
        let range = self
            .get(number)
            .map_or((0, 0), |record| (usize::from(record.words), 2 * usize::from(record.facts)));
        self.data(number, range.0, range.1).chunks_exact(2).filter_map(|pair| match pair {
            [sort, value] => {
                Some(Fact { sort: FactSort(u16::try_from(*sort).ok()?), value: f32::from_bits(*value) })
            }
            _ => None,
        })
    }

    /// Drops whole chunks all of whose entries were first seen before `limit`; `each` is told of every entry dropped.
    pub(super) fn expire(&mut self, limit: u32, mut each: impl FnMut(&Record, &[u32])) {
        while let Some(chunk) = self.chunks.front() {
            let is_full = chunk.records.len() == CHUNK;
            if !is_full || chunk.records.iter().any(|record| record.seen >= limit) {
                return;
            }
            for record in &chunk.records {
                let start = record.offset as usize;
                each(record, chunk.data.get(start..start + usize::from(record.words)).unwrap_or_default());
            }
            self.chunks.pop_front();
            self.first += CHUNK_U32;
        }
    }
}

/// Heads of the chains of one kind, by hash.
#[derive(Debug)]
pub(super) struct Heads {
    heads: Vec<u32>,
    chain: Chain,
}

impl Heads {
    pub(super) fn new(chain: Chain) -> Self {
        Self { heads: vec![NONE; 1_024], chain }
    }

    fn bucket(&self, key: u64) -> usize {
        // Fibonacci hashing: the high bits of the product are well mixed.
        let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        usize::try_from(mixed).unwrap_or(0) & (self.heads.len() - 1)
    }

    /// The newest entry in the bucket of `key`.
    pub(super) fn first(&self, key: u64) -> u32 {
        self.heads.get(self.bucket(key)).copied().unwrap_or(NONE)
    }

    /// Puts an entry at the head of its bucket.
    pub(super) fn link(&mut self, key: u64, number: u32, record: &mut Record) {
        let bucket = self.bucket(key);
        if let (Some(head), Some(next)) =
            (self.heads.get_mut(bucket), record.next.get_mut(self.chain as usize))
        {
            *next = *head;
            *head = number;
        }
    }

    /// Entries with this key, newest first; `is_it` compares.
    pub(super) fn find<'a>(
        &self,
        entries: &'a Shelf,
        key: u64,
        is_it: impl Fn(&Record) -> bool + 'a,
    ) -> impl Iterator<Item = u32> + 'a {
        let chain = self.chain as usize;
        let mut number = self.first(key);
        std::iter::from_fn(move || {
            while let Some(record) = entries.get(number) {
                let this = number;
                number = record.next.get(chain).copied().unwrap_or(NONE);
                if record.bits & bit::DEAD == 0 && is_it(record) {
                    return Some(this);
                }
            }
            None
        })
    }

    /// Whether there are so many entries that the buckets should be doubled.
    pub(super) fn is_crowded(&self, entries: u32) -> bool {
        entries as usize > self.heads.len()
    }

    /// Twice the buckets, all of them empty: the caller links every entry again, oldest first.
    pub(super) fn grow(&mut self) {
        self.heads = vec![NONE; self.heads.len() * 2];
    }
}

//! Putting entries on the shelf and into every chain.

use rustc_hash::FxHashMap;

use super::super::dictionary::{ID, NONE};
use super::super::fingerprint::{Fingerprint, LeadsTo};
use super::super::publishers::PublisherKind;
use super::super::shelf::{Parts, Record, bit};
use super::super::side::{mark, norm, sort_mark};
use super::super::storylines::Subjects;
use super::super::tally::MOST_WORDS;
use super::{Credit, Engine, Group, seconds};
use crate::model::{Role, StoryId};

/// Words by which an entry is found: its rarest.
const MAX_POSTS: usize = MOST_WORDS;
/// Words with a lower idf find nothing (one headline in five has them).
const MIN_POST_IDF: f32 = 1.5;

impl Engine {
    /// Puts an entry on the shelf, in a story of its own.
    pub(in crate::cluster) fn shelve(&mut self, item: &Fingerprint) -> u32 {
        self.shelve_in(item, StoryId::founded_by(item.entry).0)
    }

    /// Puts an entry on the shelf and into every chain.
    pub(super) fn shelve_in(&mut self, item: &Fingerprint, story: u64) -> u32 {
        let words = self.words_of(item);
        let mut parts = Parts { words, facts: item.facts.clone() };
        parts.facts.extend(&item.summary_facts);
        let number = self.shelf.next_number();
        for id in self.posts_of(&parts.words) {
            self.dictionary.post(id, number, self.shelf.first_number());
        }
        for word in &parts.words {
            if let Some(term) = self.dictionary.term_mut(word & ID) {
                term.live += 1;
            }
        }
        let mut record = record_of(item, story, &parts);
        record.norm = norm(&parts.words, &self.dictionary);
        self.entries.link(record.entry, number, &mut record);
        self.stories.link(story, number, &mut record);
        if record.canonical != 0 {
            self.links.link(record.canonical, number, &mut record);
        }
        if record.title_key != 0 {
            self.titles.link(record.title_key, number, &mut record);
        }
        if !item.declared.is_empty() || !item.credited.is_empty() || !item.told_by.is_empty() {
            for link in &item.declared {
                self.claims.entry(*link).or_default().push(number);
            }
            let credit = Credit {
                links: item.declared.clone(),
                owners: item.credited.clone(),
                told_by: item.told_by.clone(),
            };
            self.credits.insert(number, credit);
        }
        self.shelf.push(record, &parts);
        if self.entries.is_crowded(self.shelf.len()) {
            self.grow();
        }
        number
    }

    fn grow(&mut self) {
        let mut all = [&mut self.entries, &mut self.links, &mut self.titles, &mut self.stories];
        for heads in &mut all {
            heads.grow();
        }
        for number in self.shelf.first_number()..self.shelf.next_number() {
            let Some(record) = self.shelf.get_mut(number) else { continue };
            let keys = [record.entry, record.canonical, record.title_key, record.story];
            for (heads, key) in all.iter_mut().zip(keys) {
                if key != 0 {
                    heads.link(key, number, record);
                }
            }
        }
    }

    /// Takes an entry out of sight; what remains of it leaves with its chunk.
    pub(super) fn withdraw(&mut self, number: u32) {
        if let Some(record) = self.shelf.get_mut(number) {
            record.bits |= bit::DEAD;
        }
        if let Some(credit) = self.credits.remove(&number) {
            for link in credit.links {
                if let Some(claimants) = self.claims.get_mut(&link) {
                    claimants.retain(|claimant| *claimant != number);
                }
            }
        }
    }

    /// Gives an entry another story, of which it is the only member.
    pub(in crate::cluster) fn move_to(&mut self, number: u32, story: u64) {
        let Some(mut record) = self.shelf.get(number).cloned() else { return };
        record.story = story;
        record.role = Role::Lead;
        record.released = 0;
        self.groups.insert(story, Group { members: vec![number], released: 0 });
        if let Some(slot) = self.shelf.get_mut(number) {
            *slot = record;
        }
    }

    /// The words of an entry as ids with marks: the headline's in order, then the URL's, then the summary's.
    fn words_of(&mut self, item: &Fingerprint) -> Vec<u32> {
        let mut words: Vec<u32> = Vec::with_capacity(item.title.len() + item.slug.len() + item.summary.len());
        let mut at: FxHashMap<u32, usize> = FxHashMap::default();
        let parts = [(&item.title, mark::TITLE), (&item.slug, mark::SLUG), (&item.summary, mark::SUMMARY)];
        self.spelled.clear();
        self.headline.clone_from(&item.headline);
        for (part, place) in parts {
            for word in part {
                let id = self.dictionary.intern(&word.text);
                self.spelled.push((id, word.text.clone()));
                let capital = if word.is_capital && place != mark::SLUG { mark::CAPITAL } else { 0 };
                let marks = place | sort_mark(word.sort) | capital;
                if let Some(stored) = at.get(&id).and_then(|at| words.get_mut(*at)) {
                    *stored |= marks;
                } else {
                    at.insert(id, words.len());
                    words.push(id | marks);
                }
            }
        }
        words
    }

    /// What an entry is about, for the memory of storylines.
    pub(super) fn subjects(&self, number: u32) -> Subjects {
        let at = self.shelf.get(number).map_or(0, |record| record.at);
        let words =
            self.shelf.words(number).iter().filter(|word| **word & (mark::NUMBER | mark::QUANTITY) == 0);
        let terms = words.filter_map(|word| {
            let term = self.dictionary.term(word & ID);
            let (_, spelling) = self.spelled.iter().find(|(id, _)| *id == word & ID)?;
            Some((spelling.as_str(), term))
        });
        Subjects::new(at, terms)
    }

    /// The same of an entry that is not on the shelf.
    pub(super) fn subjects_of(&self, item: &Fingerprint) -> Subjects {
        let words = item.title.iter().chain(&item.slug).chain(&item.summary).filter(|word| word.is_name());
        let terms = words.filter_map(|word| Some((word.text.as_str(), self.dictionary.known(&word.text)?)));
        Subjects::new(seconds(item.at), terms)
    }

    /// The words by which an entry is found: its rarest, each counted once.
    pub(super) fn posts_of(&self, words: &[u32]) -> Vec<u32> {
        let mut rare: Vec<(f32, usize, u32)> = words
            .iter()
            .enumerate()
            .map(|(place, word)| {
                let idf = self.dictionary.term(word & ID).idf;
                // The headline's words first: a summary's finds much that is not the point.
                let weight = if word & (mark::TITLE | mark::SLUG) == 0 { idf * 0.6 } else { idf };
                (weight, place, word & ID)
            })
            .filter(|(weight, ..)| *weight >= MIN_POST_IDF)
            .collect();
        // Of equals the first in the text: ids depend on what came before.
        rare.sort_unstable_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        rare.into_iter().take(MAX_POSTS).map(|(.., id)| id).collect()
    }
}

fn record_of(item: &Fingerprint, story: u64, parts: &Parts) -> Record {
    let small = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    let bits = [
        (item.is_day_only, bit::DAY_ONLY),
        (item.is_pointer, bit::POINTER),
        (item.leads_to != LeadsTo::Page, bit::FRONT_PAGE),
        (item.leads_to == LeadsTo::NamedFrontPage, bit::NAMES_SITE),
        (item.is_machine_written, bit::MACHINE),
        (item.publisher_kind == PublisherKind::Vendor, bit::VENDOR),
        (item.publisher_kind == PublisherKind::Aggregator, bit::AGGREGATOR),
    ];
    Record {
        entry: item.entry.0,
        story,
        canonical: item.canonical.unwrap_or(0),
        title_key: item.title_key.unwrap_or(0),
        sketch: item.sketch,
        at: seconds(item.at),
        seen: seconds(item.seen),
        publisher: item.publisher,
        owner: item.owner,
        next: [NONE; 4],
        similarity: 1.0,
        released: 0,
        offset: 0,
        words: small(parts.words.len()),
        norm: 0.0,
        facts: small(parts.facts.len()),
        title_facts: small(item.facts.len()),
        bits: bits.into_iter().filter(|(is_so, _)| *is_so).fold(0, |bits, (_, bit)| bits | bit),
        flags: item.flags,
        role: Role::Lead,
    }
}

//! An entry as the classifier reads it: its fields prepared, its words found, its ambiguous terms decided.

use super::FeedContext;
use super::clean;
use super::language;
use super::lexicon::{Counted, Hit, Lexicon, Role};
use super::prepare::Prepared;
use crate::model::{Entry, Field};
use std::ops::Range;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Ends of the fields in the prepared text, in the order title, body, aside, publisher.
    ends: [u32; 4],
    /// All that was found, sorted by start, longest first.
    pub hits: Vec<Hit>,
    /// The terms that count.
    pub terms: Vec<Counted>,
    /// Phrases that hid terms.
    pub hidden: u32,
    /// Contexts in the title.
    pub title_contexts: u128,
    /// Contexts in the body.
    pub body_contexts: u128,
    /// Contexts that the publisher's name gives.
    pub publisher_contexts: u128,
    /// Words in the title.
    pub title_words: usize,
    /// Words in the body.
    pub body_words: usize,
    /// Whether the body is the feed's content, for want of a summary.
    pub is_content: bool,
    /// Whether the entry is in English, as far as can be told.
    is_english: bool,
    /// The prepared text, for reasons.
    pub text: Prepared,
}

/// Where something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// In the title.
    Title,
    /// In the summary or content.
    Body,
    /// In the tags or the link.
    Aside,
    /// In the publisher's name.
    Publisher,
}

/// A summary shorter than this, in bytes, says too little: the content is read instead.
const SHORT_SUMMARY_BYTES: usize = 40;
/// Of an article so much is read for topics: what comes later is background.
const ARTICLE_BYTES: usize = 4_096;

impl Reading {
    /// Reads an entry.
    pub(super) fn of(entry: &Entry, feed: &FeedContext<'_>, lexicon: &Lexicon) -> Self {
        let mut reading = Self::default();
        let is_content =
            entry.summary.len() < SHORT_SUMMARY_BYTES && entry.content.len() > entry.summary.len();
        let given = if is_content { &entry.content } else { &entry.summary };
        let title = clean::title(&entry.title, given, feed.publisher);
        let body = clean::body(title, given);
        reading.is_content = is_content;
        let mut text = Prepared::with_capacity(title.len() + body.len() + 256);
        let title_range = text.add(title);
        reading.title_words = text.words;
        let body_range = text.add(body);
        reading.body_words = text.words - reading.title_words;
        for tag in entry.categories.iter().take(12) {
            text.add(tag);
        }
        text.add(clean::slug(entry.url.as_deref().unwrap_or_default()));
        let aside_end = text.cased.len();
        text.add(feed.publisher);
        reading.ends = [title_range.end, body_range.end, aside_end, text.cased.len()]
            .map(|end| u32::try_from(end).unwrap_or(u32::MAX));
        text.finish();
        reading.hits.reserve(64);
        lexicon.scan(&text, &mut reading.hits);
        reading.hits.sort_unstable_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end), hit.role));
        reading.see_contexts();
        let language = language::of(entry, &reading, lexicon, text.cased.get(usize_range(0, body_range.end)));
        reading.decide(lexicon, language);
        reading.is_english = language == "en";
        reading.text = text;
        reading
    }

    /// Reads the article behind a summary, as far as topics need it; its one field is the body.
    pub(super) fn of_article(entry: &Entry, lexicon: &Lexicon) -> Self {
        let mut reading = Self { is_content: true, ..Self::default() };
        let end = entry.content.floor_char_boundary(ARTICLE_BYTES);
        let article = entry.content.get(..end).unwrap_or_default();
        let mut text = Prepared::with_capacity(article.len() + 64);
        let range = text.add(article);
        reading.body_words = text.words;
        reading.ends = [0, range.end, text.cased.len(), text.cased.len()]
            .map(|end| u32::try_from(end).unwrap_or(u32::MAX));
        text.finish();
        lexicon.scan(&text, &mut reading.hits);
        reading.hits.sort_unstable_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end), hit.role));
        reading.see_contexts();
        let language = language::of(entry, &reading, lexicon, text.cased.get(usize_range(0, range.end)));
        reading.decide(lexicon, language);
        reading.text = text;
        reading
    }

    fn see_contexts(&mut self) {
        for hit in &self.hits {
            let Role::Context(bit) = hit.role else { continue };
            let bit = 1_u128 << bit;
            match self.place(*hit) {
                Place::Title => self.title_contexts |= bit,
                Place::Body => self.body_contexts |= bit,
                Place::Aside => {}
                Place::Publisher => self.publisher_contexts |= bit,
            }
        }
    }

    fn decide(&mut self, lexicon: &Lexicon, language: &str) {
        let mut contexts = self.title_contexts | self.body_contexts | self.publisher_contexts;
        // The hits are sorted, and the publisher's name comes last: it counts only as a context.
        let publisher_start = self.ends[2];
        let own = self.hits.partition_point(|hit| hit.start + 1 < publisher_start);
        let own = self.hits.get(..own).unwrap_or_default();
        let (terms, hidden) = lexicon.count(own, &mut contexts, language);
        self.terms = terms;
        self.hidden = hidden;
        self.body_contexts |= contexts & 1;
    }

    /// The field that a hit is in.
    pub(super) fn place(&self, hit: Hit) -> Place {
        let [title, body, aside, _] = self.ends;
        if hit.start + 1 < title {
            Place::Title
        } else if hit.start + 1 < body {
            Place::Body
        } else if hit.start + 1 < aside {
            Place::Aside
        } else {
            Place::Publisher
        }
    }

    /// How far into its field a hit stands, in bytes.
    pub(super) fn offset(&self, hit: Hit) -> u32 {
        match self.place(hit) {
            Place::Title => hit.start,
            Place::Body => hit.start.saturating_sub(self.ends[0]),
            Place::Aside => hit.start.saturating_sub(self.ends[1]),
            Place::Publisher => hit.start.saturating_sub(self.ends[2]),
        }
    }

    /// The words of a hit, as written.
    pub(super) fn words(&self, hit: Hit) -> &str {
        let range = usize::try_from(hit.start).unwrap_or(0)..usize::try_from(hit.end).unwrap_or(0);
        self.text.cased.get(range).unwrap_or_default().trim()
    }

    /// The words of an English headline in lower case, as the learned layer knows them: those with a letter, each once
    /// (a headline that says "chip" a thousand times says it once), in alphabetical order.
    pub(super) fn headline_words(&self) -> Vec<&str> {
        let end = usize::try_from(self.ends[0]).unwrap_or(0);
        let title = self.text.lower.get(..end).filter(|_| self.is_english).unwrap_or_default();
        let is_word = |word: &&str| word.bytes().any(|byte| byte.is_ascii_lowercase());
        let mut words: Vec<&str> = title.split(' ').filter(is_word).collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// The model's word for the field of a hit.
    pub(super) fn field(&self, hit: Hit) -> Field {
        match self.place(hit) {
            Place::Title => Field::Title,
            Place::Body if self.is_content => Field::Content,
            Place::Body => Field::Summary,
            Place::Aside => Field::Categories,
            Place::Publisher => Field::Feed,
        }
    }

    /// Contexts of title and body, and of the publisher's name.
    pub(super) fn contexts(&self) -> u128 {
        self.title_contexts | self.body_contexts
    }
}

fn usize_range(start: usize, end: usize) -> Range<usize> {
    start..end
}

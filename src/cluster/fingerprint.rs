//! What the engine keeps of an entry: who says it, when, under which links, in which words and with which numbers.
//! A pure function of the entry, so that a restart makes the same one.

use crate::link;
use crate::model::{Entry, EntryId, Kind, Timestamp, Verdict};
use crate::text;
use rustc_hash::FxHashSet;
use std::hash::{Hash, Hasher};
use url::Url;

use super::credit;
use super::headline;
use super::lexicon::flag;
use super::numbers::Fact;
use super::publishers::{PublisherKind, Publishers, is_machine_written, key};
use super::words::{self, Sort, Word};

/// Words of a headline, of a URL and of a summary that are kept; what comes after says little.
const MAX_TITLE_WORDS: usize = 24;
const MAX_SLUG_WORDS: usize = 16;
const MAX_SUMMARY_WORDS: usize = 32;
/// Characters of the summary (or, where there is none, of the content) that are read.
const MAX_SUMMARY_CHARS: usize = 600;
const MAX_FACTS: usize = 12;
/// A text around a link of at most so many characters is a remark on it: what a short message holds.
const MAX_REMARK_CHARS: usize = 280;
/// Words that a text must have for its sketch to mean anything (`SimHash` of short texts collides).
const SKETCH_WORDS: usize = 40;
/// Characters of a text that its sketch is made of.
const SKETCH_CHARS: usize = 4_000;
/// Letters that a word must share with the name of a site to name it.
const SITE_LETTERS: usize = 4;
/// Words that a headline must have to identify a piece.
const TITLE_KEY_WORDS: usize = 4;

/// Where an entry's link leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeadsTo {
    /// To a page, or it has no link.
    Page,
    /// To a site's front page: hardly a piece, unless few entries have it and they agree on what it is.
    FrontPage,
    /// To the front page of the site that the headline names.
    NamedFrontPage,
}

impl LeadsTo {
    fn of(entry: &Entry, title: &str, url: &str) -> Self {
        if !entry.canonical.as_deref().is_some_and(is_front_page) {
            Self::Page
        } else if names_site(title, url) {
            Self::NamedFrontPage
        } else {
            Self::FrontPage
        }
    }
}

/// An entry as the story engine sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fingerprint {
    pub(super) entry: EntryId,
    pub(super) at: Timestamp,
    pub(super) seen: Timestamp,
    /// Only the day of `at` is known.
    pub(super) is_day_only: bool,
    pub(super) kind: Kind,
    /// Hash of the publisher's name.
    pub(super) publisher: u32,
    /// Hash of the owner's name.
    pub(super) owner: u32,
    pub(super) publisher_kind: PublisherKind,
    /// Hash of the canonical link.
    pub(super) canonical: Option<u64>,
    pub(super) leads_to: LeadsTo,
    /// The entry only points to another publisher's page.
    pub(super) is_pointer: bool,
    /// Hashes of links that it declares as its source.
    pub(super) declared: Vec<u64>,
    /// Hashes of links in its body.
    pub(super) links: Vec<u64>,
    /// Hashes of publishers that it credits by name.
    pub(super) credited: Vec<u32>,
    /// Hashes of publishers whose report it tells of.
    pub(super) told_by: Vec<u32>,
    pub(super) is_machine_written: bool,
    /// Hash of the headline's words, where there are enough of them.
    pub(super) title_key: Option<u64>,
    /// The headline without its publisher's tail.
    pub(super) headline: String,
    pub(super) title: Vec<Word>,
    pub(super) slug: Vec<Word>,
    pub(super) summary: Vec<Word>,
    pub(super) facts: Vec<Fact>,
    pub(super) summary_facts: Vec<Fact>,
    pub(super) flags: u16,
    /// `SimHash` of the whole text, 0 where it is too short.
    pub(super) sketch: u64,
}

impl Fingerprint {
    /// The entry that it is of.
    pub fn entry(&self) -> EntryId {
        self.entry
    }

    /// When the engine takes the entry to have been published.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The piece or its publisher says that a machine wrote it.
    pub fn is_machine_written(&self) -> bool {
        self.is_machine_written
    }
}

/// The fingerprint of an entry; `publisher` is the name of its feed.
pub fn fingerprint(
    entry: &Entry,
    verdict: &Verdict,
    publisher: &str,
    publishers: &Publishers,
) -> Fingerprint {
    let title = headline::bare(&entry.title, publisher, publishers);
    let url = entry.url.as_deref().unwrap_or_default();
    let title_reading = words::read(title);
    let mut slug_reading = words::read(&headline::slug(url));
    let body = if entry.summary.trim().is_empty() { &entry.content } else { &entry.summary };
    let own_summary = headline::own_summary(body, title);
    let summary_reading = words::read(&own_summary.chars().take(MAX_SUMMARY_CHARS).collect::<String>());
    let publisher_kind = publishers.kind(publisher);
    let credits = credit::find(entry, publisher, publishers);
    let (at, is_day_only) = moment(entry, url);
    // Numbers in a URL's words are bare ("1 5 billion" for 1.5): only models and quarters are taken from them.
    slug_reading.facts.retain(|fact| fact.sort.is_model() || fact.sort == super::numbers::FactSort::QUARTER);
    let mut facts = title_reading.facts;
    facts.extend(slug_reading.facts);
    let mut flags = title_reading.flags;
    flags |= piece_flags(title, verdict.kind, &title_reading.words);
    Fingerprint {
        entry: entry.id,
        at,
        seen: entry.first_seen,
        is_day_only,
        kind: verdict.kind,
        publisher: hash32(&key(publisher)),
        owner: hash32(&key(publishers.owner(publisher))),
        publisher_kind,
        canonical: entry.canonical.as_deref().map(bare_key),
        leads_to: LeadsTo::of(entry, title, url),
        is_pointer: publisher_kind == PublisherKind::Aggregator
            || !url.is_empty() && !publishers.is_at_home(entry.feed, publisher, url)
            || is_remark(entry, publisher, publishers),
        declared: credits.links.iter().filter_map(|url| link_key(url)).collect(),
        links: entry.links.iter().take(24).filter_map(|url| link_key(url)).collect(),
        credited: credits.names.iter().map(|name| hash32(&key(publishers.owner(name)))).collect(),
        told_by: credits.told_by.iter().map(|name| hash32(&key(publishers.owner(name)))).collect(),
        is_machine_written: is_machine_written(entry, publisher, publishers),
        title_key: title_key(&title_reading.words),
        headline: title.to_owned(),
        title: distinct(title_reading.words, MAX_TITLE_WORDS),
        slug: distinct(slug_reading.words, MAX_SLUG_WORDS),
        summary: distinct(summary_reading.words, MAX_SUMMARY_WORDS),
        facts: facts.into_iter().take(MAX_FACTS).collect(),
        summary_facts: summary_reading.facts.into_iter().take(MAX_FACTS).collect(),
        flags,
        sketch: sketch(entry),
    }
}

/// Whether it is a few words around a link that it declares as its source, as link blogs have them.
fn is_remark(entry: &Entry, publisher: &str, publishers: &Publishers) -> bool {
    let source = entry.source.as_ref().and_then(|source| source.url.as_deref());
    let leads_away = source.is_some_and(|url| {
        let has_path = Url::parse(url).is_ok_and(|url| url.path().len() > 1);
        has_path && !publishers.is_at_home(entry.feed, publisher, url)
    });
    let is_short = |text: &str| text.chars().nth(MAX_REMARK_CHARS).is_none();
    leads_away && is_short(&entry.summary) && is_short(&entry.content)
}

/// When it was published, and whether only the day is known. The day that the URL itself names goes before a feed's
/// time where that is a few days later: feeds give crawl times.
fn moment(entry: &Entry, url: &str) -> (Timestamp, bool) {
    let at = entry.published();
    let is_day_only = entry.claimed.is_some_and(|claimed| !claimed.has_time_of_day) || is_date_stamp(at);
    let Some(day) = headline::day_in_url(url) else {
        // A bare date means some time of that day.
        return if is_day_only && at.timestamp() % 86_400 == 0 {
            (at + chrono::TimeDelta::hours(10), true)
        } else {
            (at, is_day_only)
        };
    };
    let is_earlier_day = day.date_naive() < at.date_naive() && at - day < chrono::TimeDelta::days(8);
    if is_earlier_day || is_day_only && day.date_naive() == at.date_naive() {
        (day, true)
    } else {
        (at, is_day_only)
    }
}

/// Exactly midnight, or 07:00:00 as Google News stamps dates (midnight in California).
fn is_date_stamp(at: Timestamp) -> bool {
    matches!(at.timestamp().rem_euclid(86_400), 0 | 25_200)
}

fn piece_flags(title: &str, kind: Kind, words: &[Word]) -> u16 {
    let mut flags = 0;
    let first =
        title.split(|c: char| !c.is_alphanumeric() && c != '\'').next().unwrap_or_default().to_lowercase();
    let asks = [
        "why", "how", "what", "is", "are", "can", "should", "will", "could", "did", "does", "do", "which",
        "who", "where",
    ];
    if asks.contains(&first.as_str()) || title.ends_with('?') {
        flags |= flag::QUESTION;
    }
    let lower = title.to_lowercase();
    let looks_ahead = [
        "ahead of",
        "what to expect",
        "what to watch",
        "big test",
        "braces for",
        "to report",
        "before earnings",
    ];
    if looks_ahead.iter().any(|words| lower.contains(words)) {
        flags |= flag::PREVIEW;
    }
    if words.windows(2).any(is_sector_pair) {
        flags |= flag::SECTOR | flag::MARKET;
    }
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.text.as_str()));
    let is_filing = has(&["position", "stak", "hold", "holding"])
        && (has(&["llc", "lp", "advisor", "wealth", "capital", "management", "fund", "etf"])
            || has(&[
                "buy", "sell", "sold", "trim", "acquir", "tak", "take", "boost", "reduc", "increas", "lower",
                "own",
            ]));
    if is_filing {
        flags |= flag::FILING;
    }
    flags
        | match kind {
            Kind::MarketNote => flag::MARKET,
            Kind::Opinion => flag::OPINION,
            Kind::Deal => flag::BARGAIN,
            Kind::Review => flag::REVIEW,
            Kind::RoundUp => flag::DIGEST,
            Kind::News | Kind::HowTo | Kind::Vendor | Kind::Job => 0,
        }
}

/// "Chip stocks", "semiconductor selloff", "memory names": a sector, not a company.
fn is_sector_pair(pair: &[Word]) -> bool {
    const SECTORS: [&str; 8] = ["chip", "semiconductor", "memory", "tech", "ai", "asian", "global", "asia"];
    const MOVES: [&str; 14] = [
        "stock", "selloff", "rally", "sector", "rout", "trad", "slid", "etf", "index", "name", "market",
        "rebound", "slump", "sell",
    ];
    let [first, second] = pair else { return false };
    SECTORS.contains(&first.text.as_str()) && MOVES.contains(&second.text.as_str())
}

/// The words without repeats, at most `most`.
fn distinct(words: Vec<Word>, most: usize) -> Vec<Word> {
    let mut seen = FxHashSet::default();
    words.into_iter().filter(|word| seen.insert(word.text.clone())).take(most).collect()
}

/// A headline with enough words identifies a piece, in whatever order its function words stand.
fn title_key(words: &[Word]) -> Option<u64> {
    let telling = words.iter().filter(|word| word.sort != Sort::Number).count();
    (telling >= TITLE_KEY_WORDS).then(|| {
        let mut hasher = rustc_hash::FxHasher::default();
        for word in words {
            word.text.hash(&mut hasher);
        }
        hasher.finish()
    })
}

/// The key under which links are compared.
pub(super) fn link_key(url: &str) -> Option<u64> {
    canonical_key(link::canonical(&Url::parse(url).ok()?).as_str())
}

/// The key of a link that is canonical already, where it may be named as a source: a site's front page is no piece.
fn canonical_key(canonical: &str) -> Option<u64> {
    (!is_front_page(canonical)).then(|| bare_key(canonical))
}

fn bare_key(canonical: &str) -> u64 {
    hash64(canonical.trim_end_matches('/'))
}

fn is_front_page(canonical: &str) -> bool {
    let bare = canonical.trim_end_matches('/');
    bare.split_once("://").is_none_or(|(_, rest)| !rest.contains(['/', '?']))
}

/// Whether a headline names the site of a URL: by a word of its host's name, or by the initials of its own words.
fn names_site(title: &str, url: &str) -> bool {
    let Some(host) = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_lowercase)) else {
        return false;
    };
    let labels: Vec<String> = host.split('.').map(|label| label.replace('-', "")).collect();
    // The top-level domain is in the name of no site.
    let labels = labels.split_last().map_or(&[][..], |(_, labels)| labels);
    let is_label = |word: &str| {
        word.len() >= SITE_LETTERS
            && labels.iter().any(|label| {
                label.contains(word) || label.len() >= SITE_LETTERS && word.contains(label.as_str())
            })
    };
    let words = || title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let initials: String =
        words().filter_map(|word| word.chars().next().filter(|c| c.is_uppercase())).collect();
    words().any(|word| is_label(&word.to_lowercase())) || is_label(&initials.to_lowercase())
}

pub(super) fn hash64(text: &str) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    text.hash(&mut hasher);
    hasher.finish()
}

#[expect(clippy::cast_possible_truncation, reason = "the low half of a hash is a hash")]
pub(super) fn hash32(text: &str) -> u32 {
    (hash64(text) >> 16) as u32
}

/// `SimHash` (Charikar 2002) over pairs of words of the longest text that there is.
fn sketch(entry: &Entry) -> u64 {
    let body = if entry.content.len() > entry.summary.len() { &entry.content } else { &entry.summary };
    let opening: String = body.chars().take(SKETCH_CHARS).collect();
    let tokens = text::tokens(&opening);
    if tokens.len() < SKETCH_WORDS {
        return 0;
    }
    let mut counts = [0_i32; 64];
    for pair in tokens.windows(2) {
        let mut hasher = rustc_hash::FxHasher::default();
        pair.hash(&mut hasher);
        // FxHash leaves its low bits weak; mix once more (the finaliser of SplitMix64).
        let mut hash = hasher.finish();
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash ^= hash >> 27;
        for (bit, count) in counts.iter_mut().enumerate() {
            *count += if hash >> bit & 1 == 1 { 1 } else { -1 };
        }
    }
    counts.iter().enumerate().filter(|(_, count)| **count > 0).fold(1, |sketch, (bit, _)| sketch | 1 << bit)
}

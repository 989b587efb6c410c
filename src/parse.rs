//! Bytes to a feed: decoding, feed-rs for what is well-formed, and salvage for what it would refuse or lose.
//!
//! [`parse`] never panics, never hangs and never silently loses entries: what it could not read is said in
//! [`ParsedFeed::faults`], what it had to mend in [`ParsedFeed::repaired`]. It judges nothing and cleans no markup;
//! that is `normalise`'s.

mod dates;
mod decode;
mod discover;
mod fields;
mod json;
mod survey;
mod tolerant;
mod well_formed;

pub use dates::read as read_date;
pub use decode::{Decoded, decode};
pub use discover::{FeedLink, discover};

use crate::model::{Claimed, DeclaredSource, Document, Enclosure, Freshness, Timestamp};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a document may cost. Each limit is met by a noted truncation, never by a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Entries read of one document, the first ones.
    pub entries: usize,
    /// Elements within elements; deeper ones are text of the deepest.
    pub depth: usize,
    /// Attributes read of one element.
    pub attributes: usize,
    /// Bytes of one text or markup field.
    pub text_bytes: usize,
    /// Bytes of one title, name, link or id.
    pub line_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // Generous beside what is out there: of 2,559 feeds of public suites (November 2026) the largest had some
        // 1,500 entries, a depth of 30 and a text of 500 KB. A feed of 100,000 tiny entries, of which 10,000 were read,
        // took 357 MiB until all were stories; 3,000 take 124 MiB.
        Self { entries: 3_000, depth: 200, attributes: 256, text_bytes: 1 << 20, line_bytes: 32 << 10 }
    }
}

/// A feed as its document tells it, dialects levelled.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedFeed {
    /// `rss2`, `rss1`, `rss0`, `atom`, `atom03`, `json`, `cdf`.
    pub format: &'static str,
    /// Plain text, one line.
    pub title: Option<String>,
    /// The web page that the feed belongs to, absolute.
    pub link: Option<String>,
    /// As declared.
    pub language: Option<String>,
    /// WebSub hubs, absolute.
    pub hubs: Vec<String>,
    /// The feed's own URL (`rel=self`), exactly as given: a WebSub topic.
    pub self_link: Option<String>,
    /// `feed`, `skip_hours` and `skip_days`; the rest is HTTP's.
    pub freshness: Freshness,
    /// What had to be mended, in words, in order.
    pub repaired: Vec<String>,
    /// Entries that could not be read.
    pub faults: Vec<EntryFault>,
    /// In document order.
    pub entries: Vec<ParsedEntry>,
}

/// An entry as its publisher wrote it, dialects levelled.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParsedEntry {
    /// The publisher's id, as written.
    pub id: Option<String>,
    /// Plain text, one line.
    pub title: Option<String>,
    /// The permalink, absolute.
    pub link: Option<String>,
    /// When the publisher says that it was published.
    pub published: Option<Claimed>,
    /// When the publisher says that it was changed.
    pub updated: Option<Timestamp>,
    /// Plain text, one line.
    pub author: Option<String>,
    /// HTML, not sanitised.
    pub summary: Option<String>,
    /// HTML, not sanitised.
    pub content: Option<String>,
    /// Tags and categories, as written.
    pub categories: Vec<String>,
    /// A picture, absolute.
    pub image: Option<String>,
    /// Attached media.
    pub enclosures: Vec<Enclosure>,
    /// The original that the entry itself declares (`<source>`).
    pub source: Option<DeclaredSource>,
    /// Links to originals (`rel=via`, `external_url` of JSON Feed), absolute.
    pub via: Vec<String>,
    /// As declared for the entry.
    pub language: Option<String>,
}

/// An entry that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryFault {
    /// Its place in the document, from 0; of the first, where it stands for several.
    pub position: usize,
    /// Why, in words.
    pub reason: String,
}

/// Why a document gave no feed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Nothing but blanks.
    #[error("the document is empty; the server may be failing quietly, or the feed was emptied")]
    Empty,
    /// A page for people.
    #[error("{}", html_message(title.as_deref(), *feeds))]
    Html {
        /// The page's title.
        title: Option<String>,
        /// Feeds that the page names.
        feeds: usize,
    },
    /// A page that wants to know whether we are a robot.
    #[error("a bot challenge instead of a feed ({sign}); the publisher must let feed readers through")]
    Challenge {
        /// What gave it away.
        sign: &'static str,
    },
    /// Something else.
    #[error("no feed: {what}")]
    NotAFeed {
        /// What it seems to be, in words.
        what: String,
    },
    /// A fault of ours or of a library's, caught.
    #[error("the parser failed ({reason}); this is a fault of chipwire, please report the feed")]
    Panicked {
        /// The panic's message.
        reason: String,
    },
}

fn html_message(title: Option<&str>, feeds: usize) -> String {
    let title = title.map(|title| format!(" ({title:?})")).unwrap_or_default();
    match feeds {
        0 => format!("a web page{title} instead of a feed; look for the feed's own URL"),
        _ => {
            format!("a web page{title} instead of a feed; `chipwire feeds add` finds the feed that it names")
        }
    }
}

/// Reads a feed document.
pub fn parse(document: &Document, limits: &Limits) -> Result<ParsedFeed, ParseError> {
    catch_unwind(AssertUnwindSafe(|| read(document, limits))).unwrap_or_else(|panic| {
        let reason = panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        Err(ParseError::Panicked { reason })
    })
}

fn read(document: &Document, limits: &Limits) -> Result<ParsedFeed, ParseError> {
    let decoded = decode(&document.body, document.content_type.as_deref());
    let text = decoded.text.trim_start();
    if text.trim_start_matches('\0').is_empty() {
        return Err(ParseError::Empty);
    }
    let read = choose(text, document, limits);
    let mut feed =
        read.map_err(|what| discover::what_it_is(text, document).unwrap_or(ParseError::NotAFeed { what }))?;
    feed.repaired.splice(0..0, decoded.repaired);
    if feed.entries.iter().any(|entry| is_cut(entry, limits)) {
        feed.repaired.push("texts cut at the limits of length".to_owned());
    }
    Ok(feed)
}

/// Whether one of an entry's texts reached its limit; a whole character may have been left out before it.
fn is_cut(entry: &ParsedEntry, limits: &Limits) -> bool {
    let reaches =
        |text: &Option<String>, most: usize| text.as_ref().is_some_and(|text| text.len() + 4 > most);
    reaches(&entry.title, limits.line_bytes)
        || reaches(&entry.summary, limits.text_bytes)
        || reaches(&entry.content, limits.text_bytes)
}

/// The reading in rising steps: feed-rs for what is well-formed and holds nothing that feed-rs would lose, the tolerant
/// reader for the rest.
fn choose(text: &str, document: &Document, limits: &Limits) -> Result<ParsedFeed, String> {
    let url = &document.url;
    let survey = survey::survey(text, limits);
    if survey.root == survey::Root::Json {
        return json::read(text, url, limits);
    }
    let is_plain = matches!(survey.root, survey::Root::Rss | survey::Root::Atom) && !survey.is_rich;
    let mut fault = survey.fault.map(str::to_owned);
    if is_plain && fault.is_none() && survey.entries <= limits.entries {
        match well_formed::read(text.get(survey.root_at..).unwrap_or(text), url, limits) {
            Ok(feed) if feed.entries.len() == survey.entries && !well_formed::lacks_links(&feed) => {
                return Ok(feed);
            }
            Ok(_) => {}
            Err(error) => fault = Some(error),
        }
    } else if fault.is_none() && survey::has_bare_ampersand(text) {
        fault = Some("bare &".to_owned());
    }
    let feed = tolerant::read(text, url, limits);
    let mut feed = feed.ok_or_else(|| discover::kind_of(&document.body).to_owned())?;
    feed.repaired.extend(fault.map(|fault| format!("not well-formed: {fault}")));
    Ok(feed)
}

#[cfg(test)]
mod tests;

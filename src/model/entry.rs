//! An entry: one item of one feed, normalised.

use super::{EntryId, FeedId, Timestamp};

/// One item of one feed: plain text for judging, markup for showing.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Derived from `feed` and `guid`.
    pub id: EntryId,
    /// The feed that brought it.
    pub feed: FeedId,
    /// The publisher's id, as written; derived from link or text where there is none.
    pub guid: String,
    /// Plain text, one line.
    pub title: String,
    /// The permalink: absolute, http or https.
    pub url: Option<String>,
    /// `url` in the form that is compared, see `link::canonical`.
    pub canonical: Option<String>,
    /// Plain text, one line.
    pub author: Option<String>,
    /// When the publisher says that it was published; absent where it says nothing, or nonsense.
    pub claimed: Option<Claimed>,
    /// When the publisher says that it was changed.
    pub updated: Option<Timestamp>,
    /// When we first saw it.
    pub first_seen: Timestamp,
    /// Plain text of the summary, paragraphs divided by line feeds.
    pub summary: String,
    /// Plain text of the content, likewise.
    pub content: String,
    /// The summary's HTML; sanitised from `normalise::sanitise` on.
    pub summary_html: String,
    /// The content's HTML; sanitised from `normalise::sanitise` on.
    pub content_html: String,
    /// Tags and categories as written.
    pub categories: Vec<String>,
    /// A picture, absolute.
    pub image: Option<String>,
    /// Attached media.
    pub enclosures: Vec<Enclosure>,
    /// The original that the entry itself declares: `<source>`, or a `via` link.
    pub source: Option<DeclaredSource>,
    /// Absolute http(s) links in the body to other pages, in order, without repeats.
    pub links: Vec<String>,
    /// BCP 47, as the document declares it, or as recognised.
    pub language: Option<String>,
}

impl Entry {
    /// An entry of which no more is known than whose it is and when it was seen.
    pub fn bare(feed: FeedId, guid: String, first_seen: Timestamp) -> Self {
        Self {
            id: EntryId::of(feed, &guid),
            feed,
            guid,
            title: String::new(),
            url: None,
            canonical: None,
            author: None,
            claimed: None,
            updated: None,
            first_seen,
            summary: String::new(),
            content: String::new(),
            summary_html: String::new(),
            content_html: String::new(),
            categories: Vec::new(),
            image: None,
            enclosures: Vec::new(),
            source: None,
            links: Vec::new(),
            language: None,
        }
    }

    /// The text that readers would recognise the entry by; for hashes of what is visible.
    pub fn visible_text(&self) -> impl Iterator<Item = &str> {
        [self.title.as_str(), self.summary.as_str(), self.content.as_str()].into_iter()
    }

    /// The best guess of when it was published: what the publisher claims, else when it was first seen.
    pub fn published(&self) -> Timestamp {
        self.claimed.map_or(self.first_seen, |claimed| claimed.at)
    }
}

/// A time that a publisher claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    /// The moment.
    pub at: Timestamp,
    /// False where only a date was given.
    pub has_time_of_day: bool,
}

/// An attached file (RSS 2.0 `enclosure`, Atom `rel=enclosure`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosure {
    /// Absolute http or https.
    pub url: String,
    /// The media type, as declared.
    pub media_type: Option<String>,
    /// Size, as declared.
    pub length_bytes: Option<u64>,
}

/// Where an entry says that it comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredSource {
    /// The name given.
    pub title: Option<String>,
    /// The URL given: of the original, or of its feed.
    pub url: Option<String>,
}

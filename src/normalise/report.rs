//! What `chipwire parse` prints of a document: entries as they would be kept, before any judgement.

use super::{identity, safe};
use crate::model::{DeclaredSource, Document, Enclosure, Timestamp};
use crate::parse::{Limits, ParsedEntry, parse};
use crate::text;
use chrono::SecondsFormat;
use serde::Serialize;
use url::Url;

/// One line of `chipwire parse --json`.
#[derive(Debug, Serialize)]
pub struct Report {
    /// As given.
    pub path: String,
    /// A feed came out.
    pub ok: bool,
    /// Why none did.
    pub error: Option<String>,
    /// As [`crate::parse::ParsedFeed::format`].
    pub format: Option<&'static str>,
    /// What had to be mended.
    pub repaired: Vec<String>,
    feed: FeedReport,
    entries: Vec<EntryReport>,
}

#[derive(Debug, Default, Serialize)]
struct FeedReport {
    title: Option<String>,
    link: Option<String>,
    language: Option<String>,
}

#[derive(Debug, Serialize)]
struct EntryReport {
    id: String,
    title: Option<String>,
    link: Option<String>,
    published: Option<String>,
    updated: Option<String>,
    author: Option<String>,
    summary: Option<String>,
    content: Option<String>,
    categories: Vec<String>,
    image: Option<String>,
    enclosures: Vec<EnclosureReport>,
    source: Option<SourceReport>,
}

#[derive(Debug, Serialize)]
struct EnclosureReport {
    url: String,
    #[serde(rename = "type")]
    media_type: Option<String>,
    length: Option<u64>,
}

#[derive(Debug, Serialize)]
struct SourceReport {
    title: Option<String>,
    url: Option<String>,
}

/// Parses a document and tells what came out.
pub fn report(path: &str, document: &Document, limits: &Limits) -> Report {
    match parse(document, limits) {
        Ok(feed) => Report {
            path: path.to_owned(),
            ok: true,
            error: None,
            format: Some(feed.format),
            repaired: feed.repaired,
            feed: FeedReport { title: feed.title, link: feed.link, language: feed.language },
            entries: feed.entries.into_iter().map(EntryReport::of).collect(),
        },
        Err(error) => Report::failed(path, error.to_string()),
    }
}

impl Report {
    /// The line for a document that could not even be read.
    pub fn failed(path: &str, error: String) -> Self {
        Self {
            path: path.to_owned(),
            ok: false,
            error: Some(error),
            format: None,
            repaired: Vec::new(),
            feed: FeedReport::default(),
            entries: Vec::new(),
        }
    }
}

impl EntryReport {
    fn of(parsed: ParsedEntry) -> Self {
        let base = parsed.link.as_deref().and_then(|link| Url::parse(link).ok());
        // Of an entry without a link, an id that is a URI (`tag:…`, `urn:…`) is the only address that it has.
        let address = parsed.id.as_deref().and_then(|id| Url::parse(id).ok()).map(String::from);
        let link = parsed.link.clone().or(address);
        let id = parsed.id.or_else(|| parsed.link.clone()).unwrap_or_else(|| {
            let plain = |html: &Option<String>| text::plain(html.as_deref().unwrap_or_default());
            let title = parsed.title.as_deref().unwrap_or_default();
            identity::guid_of_text(title, &plain(&parsed.summary), &plain(&parsed.content))
        });
        Self {
            title: parsed.title,
            link,
            id,
            published: parsed.published.map(|claimed| shown(claimed.at)),
            updated: parsed.updated.map(shown),
            author: parsed.author,
            summary: parsed.summary.map(|html| safe::clean(&html, base.as_ref())),
            content: parsed.content.map(|html| safe::clean(&html, base.as_ref())),
            categories: parsed.categories,
            image: parsed.image,
            enclosures: parsed.enclosures.into_iter().map(EnclosureReport::of).collect(),
            source: parsed.source.map(SourceReport::of),
        }
    }
}

impl EnclosureReport {
    fn of(file: Enclosure) -> Self {
        Self { url: file.url, media_type: file.media_type, length: file.length_bytes }
    }
}

impl SourceReport {
    fn of(source: DeclaredSource) -> Self {
        Self { title: source.title, url: source.url }
    }
}

fn shown(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

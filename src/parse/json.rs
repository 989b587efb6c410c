//! JSON Feed 1.0 and 1.1, as it is really written: numbers for ids, missing titles, versions of all kinds.
//!
//! feed-rs refuses a whole feed for each of these, and cannot tell an item's own URL from the page that it is about;
//! so JSON is read here. Values of the wrong type are skipped, and what came before a fault is kept.

mod lenient;

use super::fields::{self, Kind};
use super::{Limits, ParsedEntry, ParsedFeed, dates};
use crate::model::{Enclosure, Freshness};
use lenient::{Author, Feed, FeedSeed, Flexible, Item};
use serde::de::DeserializeSeed as _;
use std::iter::Peekable;
use std::str::Chars;
use url::Url;

/// Reads a document; `Err` with what is wrong where it is no JSON Feed.
pub(super) fn read(text: &str, url: &Url, limits: &Limits) -> Result<ParsedFeed, String> {
    let mut repaired = Vec::new();
    let (mut feed, mut outcome) = deserialised(text, limits);
    if outcome.is_err()
        && let Some(mended) = mended(text)
    {
        let (again, outcome_again) = deserialised(&mended, limits);
        if outcome_again.is_ok() || again.items.len() > feed.items.len() {
            (feed, outcome) = (again, outcome_again);
            repaired.push("JSON with control characters or wrong escapes".to_owned());
        }
    }
    let is_feed =
        feed.version.0.as_deref().is_some_and(|version| version.contains("jsonfeed.org")) || feed.has_items;
    if !is_feed {
        return Err(match outcome {
            Ok(()) => "JSON, but no JSON Feed".to_owned(),
            Err(error) => format!("JSON that is broken: {error}"),
        });
    }
    if let Err(error) = outcome {
        repaired.push(format!("JSON broken after {} items: {error}", feed.items.len()));
    }
    if feed.left_out > 0 {
        repaired.push(format!("{} entries beyond the first {} left out", feed.left_out, limits.entries));
    }
    let author = names(&feed.authors, limits);
    let reader = Reader { url, limits, author: author.as_deref() };
    Ok(ParsedFeed {
        format: "json",
        title: reader.line(&feed.title),
        link: reader.web(&feed.home_page_url),
        language: feed.language.0.clone(),
        hubs: feed.hubs.0.iter().filter_map(|hub| reader.web(&hub.0.as_ref()?.url)).collect(),
        self_link: feed.own_url.0.clone(),
        freshness: Freshness::default(),
        repaired,
        faults: Vec::new(),
        entries: feed.items.iter().map(|item| reader.entry(item)).collect(),
    })
}

fn deserialised(text: &str, limits: &Limits) -> (Feed, serde_json::Result<()>) {
    let mut feed = Feed { most: limits.entries, ..Feed::default() };
    let outcome = FeedSeed(&mut feed).deserialize(&mut serde_json::Deserializer::from_str(text));
    (feed, outcome)
}

/// A text whose strings hold line feeds, other control characters or escapes that JSON does not know, with these as
/// JSON wants them; `None` where there are none.
fn mended(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 64);
    let mut is_in_string = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                is_in_string = !is_in_string;
                out.push('"');
            }
            '\\' if is_in_string => match characters.next_if(|next| "\"\\/bfnrtu".contains(*next)) {
                Some('u') => out.push_str(&unicode_escape(&mut characters)),
                Some(escaped) => out.extend(['\\', escaped]),
                None => out.push_str(r"\\"),
            },
            control if control.is_ascii_control() => out.push(' '),
            other => out.push(other),
        }
    }
    (out != text).then_some(out)
}

/// A `\u` escape, of which the `\u` was read: half of a surrogate pair names no character (RFC 8259 §8.2), and becomes
/// the one that stands for what can't be read.
fn unicode_escape(characters: &mut Peekable<Chars<'_>>) -> String {
    let unit = |from: &Peekable<Chars<'_>>| {
        let digits: String = from.clone().take(4).filter(char::is_ascii_hexdigit).collect();
        (digits.len() == 4).then(|| u32::from_str_radix(&digits, 16).ok()).flatten()
    };
    let Some(first) = unit(characters) else { return r"\\u".to_owned() };
    characters.by_ref().take(4).for_each(drop);
    if !(0xD800..=0xDFFF).contains(&first) {
        return format!(r"\u{first:04x}");
    }
    let mut after = characters.clone();
    let is_escape = after.next() == Some('\\') && after.next() == Some('u');
    let second = unit(&after).filter(|second| is_escape && (0xDC00..=0xDFFF).contains(second));
    match second {
        Some(second) if first < 0xDC00 => {
            characters.by_ref().take(6).for_each(drop);
            format!(r"\u{first:04x}\u{second:04x}")
        }
        _ => r"\ufffd".to_owned(),
    }
}

/// What holds for all items of a document.
struct Reader<'a> {
    url: &'a Url,
    limits: &'a Limits,
    author: Option<&'a str>,
}

impl Reader<'_> {
    fn web(&self, text: &Flexible) -> Option<String> {
        fields::web(text.0.as_deref()?, Some(self.url), self.limits)
    }

    fn line(&self, text: &Flexible) -> Option<String> {
        fields::line(text.0.as_deref()?, Kind::Unsaid, self.limits)
    }

    fn html(&self, text: &Flexible, kind: Kind) -> Option<String> {
        fields::html(text.0.as_deref()?, kind, self.limits)
    }

    fn entry(&self, item: &Item) -> ParsedEntry {
        let id = item.id.0.as_deref().and_then(|id| fields::id(id, self.limits));
        let (own, about) = (self.web(&item.url), self.web(&item.external_url));
        let date = |text: &Flexible| text.0.as_deref().and_then(dates::read);
        let updated = date(&item.date_modified);
        let id_link = || fields::web(id.as_deref()?, None, self.limits);
        let mut categories: Vec<String> = Vec::new();
        for tag in item.tags.0.iter().filter_map(|tag| self.line(tag)) {
            if !categories.contains(&tag) {
                categories.push(tag);
            }
        }
        let authors = if item.authors.0.is_empty() { &item.author } else { &item.authors };
        ParsedEntry {
            title: self.line(&item.title),
            link: own.clone().or_else(|| about.clone()).or_else(id_link),
            published: date(&item.date_published).or(updated),
            updated: updated.map(|claimed| claimed.at),
            author: names(&authors.0, self.limits).or_else(|| self.author.map(str::to_owned)),
            summary: self.html(&item.summary, Kind::Plain),
            content: self
                .html(&item.content_html, Kind::Html)
                .or_else(|| self.html(&item.content_text, Kind::Plain)),
            categories,
            image: self.web(&item.image).or_else(|| self.web(&item.banner_image)),
            enclosures: item
                .attachments
                .0
                .iter()
                .filter_map(|file| self.enclosure(file.0.as_ref()?))
                .collect(),
            source: None,
            via: about.filter(|about| own.as_ref().is_some_and(|own| own != about)).into_iter().collect(),
            language: item.language.0.clone(),
            id,
        }
    }

    fn enclosure(&self, file: &lenient::Attachment) -> Option<Enclosure> {
        Some(Enclosure {
            url: self.web(&file.url)?,
            media_type: file.mime_type.0.clone(),
            length_bytes: file.size_in_bytes.0.as_deref().and_then(|size| size.parse().ok()),
        })
    }
}

fn names(authors: &[Author], limits: &Limits) -> Option<String> {
    let name = |author: &Author| fields::line(author.name.0.as_deref()?, Kind::Unsaid, limits);
    let names: Vec<_> = authors.iter().filter_map(name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests;

//! The good path: feed-rs reads the document, and its model becomes ours. The only place that names feed-rs.

use super::fields::{Kind, html, id, line, person, web};
use super::{Limits, ParsedEntry, ParsedFeed, dates, tolerant};
use crate::model::{Claimed, Enclosure, Timestamp};
use chrono::{DateTime, Timelike, Utc};
use feed_rs::model::{Content, Entry, FeedType, Link, LinkTarget, Person, Text};
use feed_rs::parser::Builder;
use url::Url;

/// feed-rs has no place to say that a date had no time of day; this many nanoseconds say it.
const NO_TIME_OF_DAY: u32 = 999_999_999;

/// Reads a document whose XML declaration was taken off.
pub(super) fn read(text: &str, url: &Url, limits: &Limits) -> Result<ParsedFeed, String> {
    let parser = Builder::new()
        .base_uri(Some(url.as_str()))
        .timestamp_parser(timestamp)
        .id_generator(|_, _, _| String::new())
        .sanitize_content(false)
        .build();
    let feed = parser.parse(text.as_bytes()).map_err(|error| {
        let reason = error.to_string();
        reason.rsplit("error: ").next().unwrap_or(&reason).replace("unable to parse feed: ", "")
    })?;
    let format = match feed.feed_type {
        FeedType::Atom => "atom",
        FeedType::JSON => "json",
        FeedType::RSS0 => "rss0",
        FeedType::RSS1 => "rss1",
        FeedType::RSS2 => "rss2",
    };
    let head = tolerant::head(text, url, limits);
    let authors: Vec<_> = feed.authors.iter().collect();
    Ok(ParsedFeed {
        format,
        title: head.title,
        link: head.link,
        language: head.language,
        hubs: head.hubs,
        self_link: head.self_link,
        freshness: head.freshness,
        repaired: Vec::new(),
        faults: Vec::new(),
        entries: feed
            .entries
            .iter()
            .take(limits.entries)
            .map(|entry| convert(entry, url, &authors, limits))
            .collect(),
    })
}

/// Whether entries came out without a link; the tolerant reader knows more places to look for one.
pub(super) fn lacks_links(feed: &ParsedFeed) -> bool {
    feed.entries.iter().any(|entry| entry.link.is_none())
}

fn timestamp(text: &str) -> Option<DateTime<Utc>> {
    let claimed = dates::read(text)?;
    if claimed.has_time_of_day { Some(claimed.at) } else { claimed.at.with_nanosecond(NO_TIME_OF_DAY) }
}

fn claimed(at: DateTime<Utc>) -> Claimed {
    let has_time_of_day = at.nanosecond() != NO_TIME_OF_DAY;
    Claimed { at: if has_time_of_day { at } else { whole(at) }, has_time_of_day }
}

fn whole(at: DateTime<Utc>) -> Timestamp {
    if at.nanosecond() == NO_TIME_OF_DAY { at.with_nanosecond(0).unwrap_or(at) } else { at }
}

fn convert(entry: &Entry, url: &Url, feed_authors: &[&Person], limits: &Limits) -> ParsedEntry {
    let rel =
        |wanted: &'static str| entry.links.iter().filter(move |link| link.rel.as_deref() == Some(wanted));
    let own: Vec<_> = entry.authors.iter().collect();
    let media = || entry.media.iter();
    let declared = media().flat_map(|media| &media.content).filter_map(|content| {
        let url = content.url.as_ref()?;
        Some(Enclosure {
            url: web(url.as_str(), None, limits)?,
            media_type: content.content_type.as_ref().map(ToString::to_string),
            length_bytes: content.size,
        })
    });
    let linked = rel("enclosure").filter_map(|link| {
        Some(Enclosure {
            url: web(&link.href, Some(url), limits)?,
            media_type: link.media_type.clone(),
            length_bytes: link.length,
        })
    });
    let enclosures: Vec<_> = declared.chain(linked).collect();
    let thumbnail = media()
        .flat_map(|media| &media.thumbnails)
        .find_map(|thumb| web(&thumb.image.uri, Some(url), limits));
    let picture = enclosures
        .iter()
        .find(|file| file.media_type.as_deref().is_some_and(|kind| kind.starts_with("image/")));
    let described = || media().find_map(|media| media.description.as_ref());
    ParsedEntry {
        id: id(&entry.id, limits),
        title: entry.title.as_ref().and_then(|title| title_of(title, limits)),
        link: page_of(entry).and_then(|link| web(&link.href, Some(url), limits)),
        // A feed that knows only one time calls it what it likes.
        published: entry.published.or(entry.updated).map(claimed),
        updated: entry.updated.map(whole),
        author: author(&own, limits).or_else(|| author(feed_authors, limits)),
        summary: entry.summary.as_ref().or_else(described).and_then(|text| html_of(text, limits)),
        content: entry.content.as_ref().and_then(|content| content_of(content, limits)),
        categories: categories(entry, limits),
        image: thumbnail.or_else(|| picture.map(|file| file.url.clone())),
        enclosures,
        source: None,
        via: rel("via").filter_map(|link| web(&link.href, Some(url), limits)).collect(),
        language: entry.language.clone(),
    }
}

/// The entry's page: a link that says that it leads to HTML before one that says nothing, of several the last.
fn page_of(entry: &Entry) -> Option<&Link> {
    let pages = || entry.links.iter().rev().filter(|link| is_page(link));
    let is_html = |link: &&Link| link.media_type.as_deref().is_some_and(|kind| kind.contains("html"));
    pages()
        .find(is_html)
        .or_else(|| pages().find(|link| link.media_type.is_none()))
        .or_else(|| pages().next())
}

fn is_page(link: &Link) -> bool {
    let is_other = matches!(link.target, Some(LinkTarget::Comments | LinkTarget::CommentsFeed));
    !is_other && link.rel.as_deref().is_none_or(|rel| rel == "alternate") && !link.href.is_empty()
}

fn title_of(title: &Text, limits: &Limits) -> Option<String> {
    let kind = if title.content_type.subty() == "plain" { Kind::Unsaid } else { Kind::Html };
    line(&title.content, kind, limits)
}

fn html_of(text: &Text, limits: &Limits) -> Option<String> {
    html(&text.content, kind_of(text.content_type.subty().as_str()), limits)
}

fn content_of(content: &Content, limits: &Limits) -> Option<String> {
    html(content.body.as_deref()?, kind_of(content.content_type.subty().as_str()), limits)
}

fn kind_of(subtype: &str) -> Kind {
    if subtype == "plain" { Kind::Plain } else { Kind::Html }
}

fn author(people: &[&Person], limits: &Limits) -> Option<String> {
    let mut names: Vec<_> = people
        .iter()
        .filter_map(|person| person.name.as_deref().or(person.email.as_deref()))
        .filter_map(|name| person(name, limits))
        .collect();
    names.dedup();
    (!names.is_empty()).then(|| names.join(", "))
}

fn categories(entry: &Entry, limits: &Limits) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for category in &entry.categories {
        let name = category.label.as_deref().unwrap_or(&category.term);
        if let Some(name) = line(name, Kind::Unsaid, limits)
            && !found.contains(&name)
        {
            found.push(name);
        }
    }
    found
}

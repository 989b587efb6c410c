//! A publisher's entry to ours: plain text, a stable id, times that make sense, links in the form that is compared.
//!
//! Nothing here judges what an entry is about. Markup is made safe by [`sanitise`] alone, and only for what is kept,
//! so that the many entries that are turned away cost nothing.

mod identity;
mod report;
mod safe;

pub use identity::{is_mass_change, is_same_entry, is_substantial_change, substance};
pub use report::{Report, report};
pub use safe::sanitise;

use crate::model::{DeclaredSource, Entry, EntryId, Feed, Timestamp};
use crate::parse::ParsedEntry;
use crate::{link, text};
use chrono::Duration;
use url::Url;

/// How far ahead of our clock a publisher's may go before its time counts as nonsense.
const CLOCK_SKEW: Duration = Duration::minutes(10);
/// A made-up title is no longer than this.
const HEADLINE_CHARS: usize = 100;
/// Links taken of one entry's body.
const MOST_LINKS: usize = 200;
/// Languages are recognised from this much text on, and only where the recogniser is sure.
const ENOUGH_TO_RECOGNISE: usize = 60;

/// Makes an entry of what was parsed.
///
/// A time that lies ahead of `now` is no claim: `claimed` stays empty, and [`Entry::published`] falls back to when the
/// entry was first seen. An entry without an id gets one of its link, else of its text;
/// one without a title the beginning of its text.
pub fn entry(parsed: ParsedEntry, feed: &Feed, feed_language: Option<&str>, now: Timestamp) -> Entry {
    let summary_html = parsed.summary.unwrap_or_default();
    let content_html = parsed.content.unwrap_or_default();
    let summary = text::plain(&summary_html);
    let content = text::plain(&content_html);
    let base = parsed.link.as_deref().and_then(|link| Url::parse(link).ok());
    let canonical = base.as_ref().map(|url| String::from(link::canonical(url)));
    let written_title = parsed.title.unwrap_or_default();
    let guid = parsed
        .id
        .or_else(|| parsed.link.clone())
        .unwrap_or_else(|| identity::guid_of_text(&written_title, &summary, &content));
    let title = if written_title.is_empty() { headline(&summary, &content) } else { written_title };
    let links = links(&summary_html, &content_html, base.as_ref(), canonical.as_deref());
    let language = parsed
        .language
        .as_deref()
        .or(feed_language)
        .and_then(language_tag)
        .or_else(|| feed.language.clone())
        .or_else(|| recognised(&title, &summary, &content));
    Entry {
        id: EntryId::of(feed.id, &guid),
        feed: feed.id,
        guid,
        title,
        url: parsed.link,
        canonical,
        author: parsed.author,
        claimed: parsed.published.filter(|claimed| claimed.at <= now + CLOCK_SKEW),
        updated: parsed.updated.filter(|at| *at <= now + CLOCK_SKEW),
        first_seen: now,
        summary,
        content,
        summary_html,
        content_html,
        categories: parsed.categories,
        image: parsed.image,
        enclosures: parsed.enclosures,
        source: parsed.source.or_else(|| via(&parsed.via)),
        links,
        language,
    }
}

/// What stands for the title of an entry without one, as short messages are: the beginning of its text.
fn headline(summary: &str, content: &str) -> String {
    let body = if summary.is_empty() { content } else { summary };
    text::cut(body.lines().next().unwrap_or_default(), HEADLINE_CHARS)
}

fn via(links: &[String]) -> Option<DeclaredSource> {
    links.first().map(|url| DeclaredSource { title: None, url: Some(url.clone()) })
}

/// The links to other pages in an entry's markup, without repeats.
fn links(summary: &str, content: &str, base: Option<&Url>, own: Option<&str>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    seen.extend(own.map(str::to_owned));
    text::links(summary)
        .chain(text::links(content))
        .filter_map(|href| link::absolute(base, &href))
        .filter(|url| seen.insert(link::canonical(url).into()))
        .map(String::from)
        .take(MOST_LINKS)
        .collect()
}

/// `EN_us` → `en-US`; `None` for what is no BCP 47 tag.
fn language_tag(declared: &str) -> Option<String> {
    let tag = declared.trim().replace('_', "-");
    let mut parts = tag.split('-');
    let primary = parts
        .next()
        .filter(|part| matches!(part.len(), 2 | 3) && part.bytes().all(|byte| byte.is_ascii_alphabetic()))?;
    let mut out = primary.to_ascii_lowercase();
    for part in parts.take_while(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }) {
        out.push('-');
        if part.len() == 2 { out.push_str(&part.to_ascii_uppercase()) } else { out.push_str(part) }
    }
    Some(out)
}

/// The language that a text is in, by its looks, where that is sure.
fn recognised(title: &str, summary: &str, content: &str) -> Option<String> {
    let body = if summary.is_empty() { content } else { summary };
    let sample = format!("{title} {}", text::cut(body, 400));
    if sample.chars().count() < ENOUGH_TO_RECOGNISE {
        return None;
    }
    let info = whatlang::detect(&sample).filter(whatlang::Info::is_reliable)?;
    two_letters(info.lang().code()).map(str::to_owned)
}

/// ISO 639-3 to ISO 639-1, for the languages that technology feeds are in.
fn two_letters(code: &str) -> Option<&'static str> {
    #[rustfmt::skip]
    const CODES: &[(&str, &str)] = &[
        ("eng", "en"), ("deu", "de"), ("fra", "fr"), ("spa", "es"), ("ita", "it"), ("por", "pt"), ("nld", "nl"), ("cmn", "zh"),
        ("jpn", "ja"), ("kor", "ko"), ("rus", "ru"), ("ukr", "uk"), ("pol", "pl"), ("ces", "cs"), ("swe", "sv"), ("dan", "da"),
        ("nob", "nb"), ("fin", "fi"), ("hun", "hu"), ("tur", "tr"), ("ell", "el"), ("heb", "he"), ("ara", "ar"), ("hin", "hi"),
        ("vie", "vi"), ("ind", "id"), ("tha", "th"), ("ron", "ro"), ("bul", "bg"), ("cat", "ca"),
    ];
    CODES.iter().find(|(three, _)| *three == code).map(|(_, two)| *two)
}

#[cfg(test)]
mod tests;

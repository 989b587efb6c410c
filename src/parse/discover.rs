//! Web pages where a feed was expected: which feeds do they name, and what are they.

use super::{ParseError, decode};
use crate::link;
use crate::model::Document;
use crate::text;
use url::Url;

/// How far into a page is looked for its title and links.
const PAGE_BYTES: usize = 1 << 20;
/// A challenge says no more than this to people; a guess.
const CHALLENGE_BYTES: usize = 2 << 10;
/// Feeds taken of one page.
const MOST_FEEDS: usize = 32;

/// Marks of pages that ask whether we are human, and what each shows: the services' own element names and phrases.
const CHALLENGES: &[(&str, &str)] = &[
    ("cf-browser-verification", "Cloudflare"),
    ("cf_chl_opt", "Cloudflare"),
    ("/cdn-cgi/challenge-platform", "Cloudflare"),
    ("<title>just a moment...", "Cloudflare"),
    ("attention required! | cloudflare", "Cloudflare"),
    ("_incapsula_resource", "Imperva"),
    ("/_sec/cp_challenge", "Akamai"),
    ("ak_bmsc", "Akamai"),
    ("px-captcha", "HUMAN"),
    ("perimeterx", "HUMAN"),
    ("datadome", "DataDome"),
    ("awswaf", "AWS WAF"),
    ("sucuri_cloudproxy", "Sucuri"),
    ("ddos-guard", "DDoS-Guard"),
    ("within.website/x/cmd/anubis", "Anubis"),
    ("making sure you're not a bot", "Anubis"),
    ("g-recaptcha", "a captcha"),
    ("h-captcha", "a captcha"),
    ("are you a robot", "its own words"),
    ("verify you are human", "its own words"),
    ("enable javascript and cookies to continue", "its own words"),
];

/// A feed that a page names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedLink {
    /// Absolute.
    pub url: Url,
    /// The title given to it.
    pub title: Option<String>,
    /// The media type given to it.
    pub media_type: Option<String>,
}

/// The feeds that a web page names, best first: `<link rel="alternate">` of a feed's type (and `rel="feed"`), the
/// page's own feed before feeds of comments; only where there is none, links in the body that look like feeds.
pub fn discover(document: &Document) -> Vec<FeedLink> {
    let decoded = decode(&document.body, document.content_type.as_deref());
    feeds_in(head_of(&decoded.text), &document.url)
}

/// What a document that is no feed is, where that can be said.
pub(super) fn what_it_is(text: &str, document: &Document) -> Option<ParseError> {
    let page = head_of(text);
    let lower = page.to_ascii_lowercase();
    if !["<!doctype html", "<html", "<head", "<body"].iter().any(|mark| lower.contains(mark)) {
        return None;
    }
    let challenge = CHALLENGES.iter().find(|(mark, _)| lower.contains(mark));
    // Many a page has a captcha in some form of its own; a challenge has hardly any text beside it.
    if let Some((_, sign)) = challenge.filter(|_| text::plain(page).len() < CHALLENGE_BYTES) {
        return Some(ParseError::Challenge { sign });
    }
    let title = lower.find("<title").and_then(|at| page.get(at..)).and_then(|from| from.split_once('>'));
    let title =
        title.map(|(_, rest)| text::one_line(&text::plain(rest.split('<').next().unwrap_or_default())));
    let title = title.map(|title| text::cut(&title, 80)).filter(|title| !title.is_empty());
    Some(ParseError::Html { title, feeds: feeds_in(page, &document.url).len() })
}

/// What a document that is neither feed nor web page seems to be, by its first bytes.
pub(super) fn kind_of(body: &[u8]) -> &'static str {
    const KINDS: &[(&[u8], &str)] = &[
        (b"\x1f\x8b", "compressed data (gzip) that was not declared as such"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"%PDF", "a PDF document"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8\xff", "a picture"),
        (b"GIF8", "a picture"),
        (b"<", "markup, but of no feed"),
    ];
    let start = body.trim_ascii_start();
    KINDS.iter().find(|(magic, _)| start.starts_with(magic)).map_or("neither XML nor JSON", |(_, kind)| kind)
}

/// The first part of a text that is searched.
fn head_of(text: &str) -> &str {
    (0..4).find_map(|less| text.get(..PAGE_BYTES.min(text.len()) - less.min(text.len()))).unwrap_or_default()
}

fn feeds_in(page: &str, url: &Url) -> Vec<FeedLink> {
    let mut base = url.clone();
    let mut found: Vec<(u8, FeedLink)> = Vec::new();
    for tag in text::tags(page) {
        if tag.is("base") {
            if let Some(url) = tag.attribute("href").and_then(|href| link::absolute(Some(&base), &href)) {
                base = url;
            }
            continue;
        }
        if !tag.is("link") && !tag.is("a") {
            continue;
        }
        let Some(href) = tag.attribute("href") else { continue };
        let Some(target) = link::absolute(Some(&base), href.strip_prefix("feed:").unwrap_or(&href)) else {
            continue;
        };
        let media_type = tag.attribute("type").map(|text| text.trim().to_ascii_lowercase());
        let rel = tag.attribute("rel").unwrap_or_default().to_ascii_lowercase();
        let title =
            tag.attribute("title").map(|title| text::one_line(&title)).filter(|title| !title.is_empty());
        let rank = if tag.is("link") {
            rank_of_link(&rel, media_type.as_deref(), title.as_deref(), &target)
        } else {
            looks_like_a_feed(&target).then_some(8)
        };
        if let Some(rank) = rank
            && !found.iter().any(|(_, known)| known.url == target)
        {
            found.push((rank, FeedLink { url: target, title, media_type }));
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    let has_declared = found.first().is_some_and(|(rank, _)| *rank < 8);
    found
        .into_iter()
        .filter(|(rank, _)| !has_declared || *rank < 8)
        .map(|(_, feed)| feed)
        .take(MOST_FEEDS)
        .collect()
}

/// How good a `<link>` is, best 0; `None` where it names no feed.
fn rank_of_link(rel: &str, media_type: Option<&str>, title: Option<&str>, target: &Url) -> Option<u8> {
    let rels: Vec<_> = rel.split_ascii_whitespace().collect();
    let kind = match media_type.and_then(|text| text.split(';').next()).map(str::trim) {
        Some("application/atom+xml") => 0,
        Some("application/rss+xml" | "application/rdf+xml") => 1,
        Some("application/feed+json") => 2,
        Some("application/json" | "application/xml" | "text/xml" | "text/rss+xml")
            if looks_like_a_feed(target) =>
        {
            3
        }
        None if rels.contains(&"feed") => 1,
        _ => return None,
    };
    let is_feed = rels.contains(&"feed") || rels.contains(&"alternate");
    let text = format!("{} {}", title.unwrap_or_default(), target.path()).to_lowercase();
    let is_of_comments =
        text.contains("comment") || text.contains("kommentar") || text.contains("commentaire");
    is_feed.then_some(if is_of_comments { 6 } else { kind })
}

/// Whether a URL's path or query speaks of a feed.
fn looks_like_a_feed(url: &Url) -> bool {
    let path = url.path().trim_end_matches('/').to_ascii_lowercase();
    let last = path.rsplit('/').next().unwrap_or_default();
    let is_named_so = matches!(last, "feed" | "feeds" | "rss" | "atom" | "rss2" | "feed.json")
        || [".rss", ".rdf", ".atom", "feed.xml", "rss.xml", "atom.xml", "index.xml"]
            .iter()
            .any(|end| last.ends_with(end));
    is_named_so || url.query().is_some_and(|query| query.contains("feed=") || query.contains("format=rss"))
}

#[cfg(test)]
mod tests;

//! The subscriptions: listed, added, removed, paused, imported and exported.

use super::{Out, Refusal, current, feed, opml, order};
use crate::daemon::{Current, Handle, Order, now};
use crate::fetch::{FetchRequest, Fetched};
use crate::link;
use crate::model::{Document, Feed, FeedId, Origin, Subscription};
use crate::parse;
use serde_json::json;
use std::collections::BTreeSet;
use url::Url;

/// A feed to subscribe to.
pub(super) struct Addition {
    pub(super) url: String,
    pub(super) name: Option<String>,
    pub(super) category: Option<String>,
    pub(super) unchecked: bool,
}

pub(super) async fn list(handle: &Handle, json: bool, out: &Out) -> Result<u8, Refusal> {
    for feed in &current(handle).feeds {
        let url = link::mask(&feed.url);
        if json {
            out.json(&json!({
                "url": url, "name": feed.name, "site": feed.site, "category": feed.category, "language": feed.language,
                "enabled": feed.enabled, "origin": feed.origin.as_str(), "always_relevant": feed.always_relevant,
                "private": feed.private, "interval_seconds": feed.interval.map(|interval| interval.as_secs_f64()),
            }))
            .await?;
        } else {
            let mark = if feed.enabled { "on " } else { "off" };
            let name = feed.name.as_deref().unwrap_or("");
            out.line(format!("{mark} {:<13} {:<12} {name} <{url}>", feed.origin.as_str(), feed.category))
                .await?;
        }
    }
    Ok(0)
}

/// Subscribes to a feed, or to the feed that a web page names. What can't be reached now is refused, unless it is to be
/// taken unchecked.
pub(super) async fn add(handle: &Handle, addition: Addition, out: &Out) -> Result<u8, Refusal> {
    let typed = addition.url.trim();
    let url = if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
    Url::parse(&url).map_err(|error| Refusal(format!("{url}: no URL ({error})")))?;
    let (url, title, entries) =
        if addition.unchecked { (url, None, None) } else { find(handle, &url).await? };
    let known = current(handle).feeds.iter().find(|feed| feed.url == url).cloned();
    if known.as_ref().is_some_and(|feed| feed.enabled) {
        out.line(format!("{}: subscribed already", link::mask(&url))).await?;
        return Ok(0);
    }
    let mut feed = known.unwrap_or_else(|| Feed::at(&url, Origin::CommandLine));
    feed.enabled = true;
    feed.origin = Origin::CommandLine;
    feed.name = addition.name.or(feed.name).or(title);
    if let Some(category) = addition.category {
        feed.category = category;
    }
    let name = feed.name.clone().unwrap_or_else(|| link::mask(&url));
    put(handle, feed).await?;
    let found = entries.map(|entries| format!(", {entries} entries")).unwrap_or_default();
    out.line(format!("{name} <{}>: subscribed{found}", link::mask(&url))).await?;
    Ok(0)
}

/// The feed at a URL, or the best one that the page there names: its URL, title, and how many entries it has.
async fn find(handle: &Handle, url: &str) -> Result<(String, Option<String>, Option<usize>), Refusal> {
    let document = fetch(handle, url).await?;
    let limits = current(handle).rules.limits.clone();
    match parse::parse(&document, &limits) {
        Ok(parsed) => Ok((url.to_owned(), parsed.title, Some(parsed.entries.len()))),
        Err(error) => {
            for link in parse::discover(&document) {
                let document = fetch(handle, link.url.as_str()).await?;
                if let Ok(parsed) = parse::parse(&document, &limits) {
                    return Ok((link.url.to_string(), parsed.title, Some(parsed.entries.len())));
                }
            }
            Err(Refusal(format!("{}: {error}", link::mask(url))))
        }
    }
}

async fn fetch(handle: &Handle, url: &str) -> Result<Document, Refusal> {
    let fetcher = handle.fetcher.borrow().clone();
    match fetcher.fetch(FetchRequest::first(url, now())).await? {
        Fetched::Document(document, _) => Ok(document),
        Fetched::Unchanged(_) => {
            Err(Refusal(format!("{}: 304 to a request that asked for no such thing", link::mask(url))))
        }
    }
}

async fn put(handle: &Handle, feed: Feed) -> Result<(), Refusal> {
    order(handle, |reply| Order::Subscription(Subscription::Put(Box::new(feed)), now(), reply)).await?;
    handle.refresh().await?;
    Ok(())
}

pub(super) async fn remove(handle: &Handle, word: &str, out: &Out) -> Result<u8, Refusal> {
    let current = current(handle);
    let url = feed(&current, word)?.url.clone();
    let shown = link::mask(&url);
    order(handle, |reply| Order::Subscription(Subscription::Removed { url }, now(), reply)).await?;
    handle.refresh().await?;
    out.line(format!("{shown}: removed; its stories stay")).await?;
    Ok(0)
}

pub(super) async fn pause(handle: &Handle, word: &str, paused: bool, out: &Out) -> Result<u8, Refusal> {
    let current = current(handle);
    let mut feed = feed(&current, word)?.clone();
    let shown = link::mask(&feed.url);
    feed.enabled = !paused;
    feed.origin = Origin::CommandLine;
    put(handle, feed).await?;
    out.line(format!("{shown}: {}", if paused { "paused" } else { "polled again" })).await?;
    Ok(0)
}

/// Subscribes to the feeds of an OPML document that are not subscribed yet.
pub(super) async fn import(handle: &Handle, text: &str, out: &Out) -> Result<u8, Refusal> {
    let outlines = opml::read(text)?;
    let current = current(handle);
    let mut known: BTreeSet<FeedId> =
        current.feeds.iter().filter(|feed| feed.enabled).map(|feed| feed.id).collect();
    let (mut added, all) = (0, outlines.len());
    for outline in outlines {
        let mut feed = Feed::at(&outline.url, Origin::CommandLine);
        if Url::parse(&feed.url).is_err() || !known.insert(feed.id) {
            continue;
        }
        feed.name = outline.name;
        feed.site = outline.site;
        if let Some(category) = outline.category {
            feed.category = category;
        }
        order(handle, |reply| Order::Subscription(Subscription::Put(Box::new(feed)), now(), reply)).await?;
        added += 1;
    }
    handle.refresh().await?;
    out.line(format!("{added} feeds subscribed, {} were already", all - added)).await?;
    Ok(0)
}

pub(super) async fn export(handle: &Handle, out: &Out) -> Result<u8, Refusal> {
    let current = current(handle);
    for line in opml::write(&title(&current), &shown(&current)).lines() {
        out.line(line).await?;
    }
    Ok(0)
}

fn title(current: &Current) -> String {
    current.settings.publish.title.clone()
}

/// The operator's own list, for a file of his: private feeds are in it, credentials too.
fn shown(current: &Current) -> Vec<&Feed> {
    current.feeds.iter().filter(|feed| feed.enabled).collect()
}

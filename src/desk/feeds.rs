//! The subscriptions: listed, added, removed, paused, imported and exported.

use super::{Out, Refusal, current, feed, moment, opml, order};
use crate::daemon::{Current, Handle, Order, now};
use crate::fetch::{FetchError, FetchRequest, Fetched};
use crate::link;
use crate::model::{Answer, Document, Feed, FeedId, Origin, Subscription};
use crate::parse;
use crate::schedule::Failure;
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
/// taken unchecked, or its server merely wants to be asked later.
pub(super) async fn add(handle: &Handle, addition: Addition, out: &Out) -> Result<u8, Refusal> {
    let typed = addition.url.trim();
    let url = if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
    Url::parse(&url).map_err(|error| Refusal(format!("{url}: no URL ({error})")))?;
    let is_known = |url: &str| current(handle).feeds.iter().any(|feed| feed.url == url && feed.enabled);
    if is_known(&url) {
        // Known without asking anybody.
        out.line(format!("{}: subscribed already", link::mask(&url))).await?;
        return Ok(0);
    }
    let looked = if addition.unchecked { None } else { Some(find(handle, &url).await) };
    let (found, pause) = match looked {
        None => (None, None),
        Some(Ok(found)) => (Some(found), None),
        Some(Err(Absence::Paused(failure))) => (None, Some(failure)),
        Some(Err(Absence::Refused(refusal))) => return Err(refusal),
    };
    let url = found.as_ref().map_or(url, |found| found.url.clone());
    let known = current(handle).feeds.iter().find(|feed| feed.url == url).cloned();
    if is_known(&url) {
        out.line(format!("{}: subscribed already", link::mask(&url))).await?;
        return Ok(0);
    }
    let mut feed = known.unwrap_or_else(|| Feed::at(&url, Origin::CommandLine));
    feed.enabled = true;
    feed.origin = Origin::CommandLine;
    feed.name = addition.name.or(feed.name).or(found.as_ref().and_then(|found| found.title.clone()));
    if let Some(category) = addition.category {
        feed.category = category;
    }
    let name = feed.name.clone().unwrap_or_else(|| link::mask(&url));
    let mut what = String::new();
    subscribe(handle, vec![Subscription::Put(Box::new(feed.clone()))]).await?;
    if let Some(failure) = pause {
        let reason = failure.reason.clone();
        let accepted = handle.begin_later(feed, failure).await?;
        what = format!("; {reason}: it is asked again at {}", moment(accepted.state.next_poll));
    } else if let Some(found) = found {
        let accepted = handle.begin(feed, found.document, found.answer).await?;
        what = format!(", {} entries, {} about chips", found.entries, accepted.relevant);
    }
    handle.refresh().await?;
    out.line(format!("{name} <{}>: subscribed{what}", link::mask(&url))).await?;
    Ok(0)
}

/// A feed that was found at or behind an address.
struct Found {
    url: String,
    title: Option<String>,
    entries: usize,
    document: Document,
    answer: Answer,
}

/// Why there is no feed to be seen.
enum Absence {
    /// The server asked to be left alone for a while: whether it is a feed, a poll will find out.
    Paused(Failure),
    Refused(Refusal),
}

/// The feed at a URL, or the best one that the page there names.
async fn find(handle: &Handle, url: &str) -> Result<Found, Absence> {
    let limits = current(handle).rules.limits.clone();
    let read = |url: String, (document, answer): (Document, Answer)| match parse::parse(&document, &limits) {
        Ok(parsed) => Ok(Found { url, title: parsed.title, entries: parsed.entries.len(), document, answer }),
        Err(error) => Err(Box::new((document, error))),
    };
    let (page, error) = match read(url.to_owned(), fetch(handle, url).await?) {
        Ok(found) => return Ok(found),
        Err(no_feed) => *no_feed,
    };
    // Pages name feeds that are long gone, too: the first one that answers with a feed is meant.
    let mut trouble = None;
    for link in parse::discover(&page) {
        let url = link.url.to_string();
        match fetch(handle, &url).await {
            Ok(fetched) => {
                if let Ok(found) = read(url, fetched) {
                    return Ok(found);
                }
            }
            Err(Absence::Refused(refusal)) => trouble = trouble.or(Some(refusal)),
            Err(Absence::Paused(failure)) => trouble = trouble.or(Some(Refusal(failure.reason))),
        }
    }
    Err(Absence::Refused(trouble.unwrap_or_else(|| Refusal(format!("{}: {error}", link::mask(url))))))
}

async fn fetch(handle: &Handle, url: &str) -> Result<(Document, Answer), Absence> {
    let fetcher = handle.fetcher.borrow().clone();
    match fetcher.fetch(FetchRequest::first(url, now())).await {
        Ok(Fetched::Document(document, answer)) => Ok((document, answer)),
        Ok(Fetched::Unchanged(_)) => {
            let message = format!("{}: 304 to a request that asked for no such thing", link::mask(url));
            Err(Absence::Refused(Refusal(message)))
        }
        Err(error @ FetchError::SlowDown { .. }) => Err(Absence::Paused(error.failure())),
        Err(error) => Err(Absence::Refused(error.into())),
    }
}

async fn subscribe(handle: &Handle, subscriptions: Vec<Subscription>) -> Result<(), Refusal> {
    order(handle, |reply| Order::Subscriptions(subscriptions, now(), reply)).await
}

pub(super) async fn remove(handle: &Handle, word: &str, out: &Out) -> Result<u8, Refusal> {
    let current = current(handle);
    let url = feed(&current, word)?.url.clone();
    let shown = link::mask(&url);
    subscribe(handle, vec![Subscription::Removed { url }]).await?;
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
    subscribe(handle, vec![Subscription::Put(Box::new(feed))]).await?;
    handle.refresh().await?;
    out.line(format!("{shown}: {}", if paused { "paused" } else { "polled again" })).await?;
    Ok(0)
}

/// Subscribes to the feeds of an OPML document that are not subscribed yet.
pub(super) async fn import(handle: &Handle, text: &str, out: &Out) -> Result<u8, Refusal> {
    let outlines = opml::read(text)?;
    let current = current(handle);
    let mut known: BTreeSet<FeedId> =
        current.feeds.iter().filter(|feed| feed.enabled).map(|feed| feed.id).collect();
    let (mut added, all) = (Vec::new(), outlines.len());
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
        added.push(Subscription::Put(Box::new(feed)));
    }
    let new = added.len();
    subscribe(handle, added).await?;
    handle.refresh().await?;
    out.line(format!("{new} feeds subscribed, {} were already", all - new)).await?;
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

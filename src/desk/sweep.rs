//! A sweep now, and a look at feeds that keeps nothing.

use super::{Answer, Out, Refusal, current, named};
use crate::daemon::{Accepted, Handle, Sweep, Swept, now};
use crate::fetch::{FetchRequest, Fetched};
use crate::link;
use crate::model::{Feed, FeedId};
use crate::parse;
use serde_json::json;
use std::collections::BTreeMap;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Hosts looked at side by side by `feeds check`; the feeds of one host come one after the other.
const SIDE_BY_SIDE: usize = 16;

/// What a sweep came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) feeds: usize,
    pub(crate) failed: usize,
    pub(crate) new: usize,
    pub(crate) relevant: usize,
    pub(crate) stories: usize,
}

impl Tally {
    pub(crate) fn count(&mut self, outcome: &Result<Accepted, String>) {
        self.feeds += 1;
        match outcome {
            Ok(accepted) => {
                self.new += accepted.new;
                self.relevant += accepted.relevant;
                self.stories += accepted.founded;
            }
            Err(_) => self.failed += 1,
        }
    }
}

/// A sweep on its way: each feed with its outcome, as they come.
pub(crate) struct Sweeping<'a> {
    feeds: BTreeMap<FeedId, &'a Feed>,
    outcomes: mpsc::Receiver<Swept>,
}

impl<'a> Sweeping<'a> {
    /// Polls feeds now.
    pub(crate) async fn start(handle: &Handle, feeds: &[&'a Feed]) -> Result<Self, Refusal> {
        let (progress, outcomes) = mpsc::channel(feeds.len().max(1));
        let feeds: BTreeMap<_, _> = feeds.iter().map(|feed| (feed.id, *feed)).collect();
        let sweep = Sweep { feeds: feeds.keys().copied().collect(), progress };
        handle.sweeps.send(sweep).await.map_err(|_| Refusal("chipwire is stopping".into()))?;
        Ok(Self { feeds, outcomes })
    }

    /// The next feed that is done; `None` when all are.
    pub(crate) async fn next(&mut self) -> Option<(&'a Feed, Result<Accepted, String>)> {
        loop {
            let Swept { feed, outcome } = self.outcomes.recv().await?;
            if let Some(feed) = self.feeds.get(&feed) {
                return Some((*feed, outcome));
            }
        }
    }
}

/// `chipwire poll`.
pub(super) async fn poll(handle: &Handle, words: &[String], json: bool, out: &Out) -> Result<u8, Refusal> {
    let current = current(handle);
    let feeds = named(&current, words)?;
    if feeds.is_empty() {
        return Err(Refusal("no feed is switched on; see chipwire feeds list".into()));
    }
    let total = feeds.len();
    let began = now();
    let mut tally = Tally::default();
    let mut sweeping = Sweeping::start(handle, &feeds).await?;
    while let Some((feed, outcome)) = sweeping.next().await {
        tally.count(&outcome);
        let last = feed.name.clone().unwrap_or_else(|| link::mask(&feed.url));
        out.say(Answer::Progress { done: tally.feeds, total, last }).await?;
        show(feed, &outcome, json, out).await?;
    }
    let seconds = (now() - began).as_seconds_f64();
    if !json {
        let Tally { feeds, failed, new, relevant, stories } = tally;
        out.line(format!(
            "{feeds} feeds in {seconds:.1} s, {failed} of them failed: {new} new entries, {relevant} relevant, {stories} new stories"
        ))
        .await?;
    }
    Ok(u8::from(tally.failed == total))
}

async fn show(feed: &Feed, outcome: &Result<Accepted, String>, json: bool, out: &Out) -> Result<(), Refusal> {
    let url = link::mask(&feed.url);
    match outcome {
        _ if json => {
            let accepted = outcome.as_ref().ok();
            out.json(&json!({
                "url": url, "name": feed.name, "error": outcome.as_ref().err(),
                "new": accepted.map(|kept| kept.new), "relevant": accepted.map(|kept| kept.relevant),
                "stories": accepted.map(|kept| kept.founded), "updated": accepted.map(|kept| kept.updated),
            }))
            .await
        }
        Err(reason) => {
            let name = feed.name.as_deref().unwrap_or(&url);
            out.say(Answer::Error(format!("{name}: {reason}"))).await
        }
        Ok(accepted) if accepted.new > 0 => {
            let name = feed.name.as_deref().unwrap_or(&url);
            out.line(format!("{name}: {} new, {} relevant", accepted.new, accepted.relevant)).await
        }
        Ok(_) => Ok(()),
    }
}

/// `chipwire feeds check`: one fetch of each, and what it found; nothing is kept.
pub(super) async fn check(handle: &Handle, words: &[String], json: bool, out: &Out) -> Result<u8, Refusal> {
    let current = current(handle);
    let feeds: Vec<Feed> = if words.is_empty() {
        current.feeds.clone()
    } else {
        named(&current, words)?.into_iter().cloned().collect()
    };
    let (total, mut done, mut bad) = (feeds.len(), 0, 0);
    let mut looked = look_at_all(handle, feeds);
    while let Some((feed, finding)) = looked.recv().await {
        done += 1;
        bad += usize::from(finding.is_err());
        let url = link::mask(&feed.url);
        out.say(Answer::Progress { done, total, last: url.clone() }).await?;
        if json {
            let found = finding.as_ref().ok();
            out.json(&json!({"url": url, "name": feed.name, "ok": finding.is_ok(), "error": finding.as_ref().err(), "found": found})).await?;
        } else {
            let name = feed.name.as_deref().unwrap_or("");
            match finding {
                Ok(found) => out.line(format!("good  {name} <{url}>: {found}")).await?,
                Err(reason) => out.line(format!("BAD   {name} <{url}>: {reason}")).await?,
            }
        }
    }
    if !json {
        out.line(format!("{} of {total} feeds are good", total - bad)).await?;
    }
    Ok(u8::from(bad > 0))
}

/// Looks at feeds, host by host, within what hosts bear. Dropping the receiver ends it.
fn look_at_all(handle: &Handle, feeds: Vec<Feed>) -> mpsc::Receiver<(Feed, Result<String, String>)> {
    let mut hosts: BTreeMap<String, Vec<Feed>> = BTreeMap::new();
    for feed in feeds {
        let host = url::Url::parse(&feed.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        hosts.entry(host.unwrap_or_default()).or_default().push(feed);
    }
    let (sender, looked) = mpsc::channel(SIDE_BY_SIDE);
    let current = current(handle);
    let (fetcher, gap) = (handle.fetcher.borrow().clone(), current.settings.poll.host_gap);
    tokio::spawn(async move {
        let mut looks = JoinSet::new();
        for feeds in hosts.into_values() {
            if looks.len() >= SIDE_BY_SIDE {
                looks.join_next().await;
            }
            let (fetcher, limits, sender) = (fetcher.clone(), current.rules.limits.clone(), sender.clone());
            looks.spawn(async move {
                for (number, feed) in feeds.into_iter().enumerate() {
                    if number > 0 {
                        tokio::time::sleep(gap).await;
                    }
                    let finding = look(&fetcher, &feed.url, &limits).await;
                    if sender.send((feed, finding)).await.is_err() {
                        return;
                    }
                }
            });
        }
        while looks.join_next().await.is_some() {}
    });
    looked
}

async fn look(fetcher: &crate::fetch::Fetcher, url: &str, limits: &parse::Limits) -> Result<String, String> {
    let outcome = fetcher.fetch(FetchRequest::first(url, now())).await.map_err(|error| error.to_string())?;
    let Fetched::Document(document, answer) = outcome else { return Err("304 to a first request".into()) };
    let parsed = parse::parse(&document, limits).map_err(|error| error.to_string())?;
    let newest = parsed.entries.iter().filter_map(|entry| entry.published).map(|claimed| claimed.at).max();
    let newest = newest.map(|at| format!(", newest of {}", at.format("%Y-%m-%d"))).unwrap_or_default();
    let moved =
        answer.permanent_target.map(|to| format!(", moved to {}", link::mask(&to))).unwrap_or_default();
    let repaired = if parsed.repaired.is_empty() {
        String::new()
    } else {
        format!(", repaired: {}", parsed.repaired.join(", "))
    };
    Ok(format!("{} of {} entries{newest}{moved}{repaired}", parsed.format, parsed.entries.len()))
}

//! A document of a feed, read: what its schedule, its hub and its stories get of it. Polls, pushes and `feeds add` alike
//! come through here.

use super::editing::HubOffer;
use crate::model::{Answer, Document, Feed, FeedState, Timestamp};
use crate::pipeline::{self, Judged, Rules, Source};
use crate::schedule::{self, PollOutcome};
use crate::{fetch, link, parse};
use std::sync::Arc;

/// Whose document it is.
pub(super) struct Subject {
    pub(super) feed: Feed,
    pub(super) state: FeedState,
    pub(super) rules: Arc<Rules>,
    /// Whether hubs can reach us.
    pub(super) has_callback: bool,
}

/// What a document is.
pub(super) type Finding = (PollOutcome, Vec<Judged>, Option<HubOffer>);

/// Reads a document on a thread where that may take its time.
pub(super) async fn read(subject: Subject, document: Document, answer: Answer, now: Timestamp) -> Finding {
    let has_callback = subject.has_callback;
    let work = tokio::task::spawn_blocking(move || {
        let read = pipeline::read(&document, source(&subject), &subject.rules, now);
        let feed_link = if read.is_err() { parse::discover(&document).into_iter().next() } else { None };
        (read, feed_link.map(|link| link.url.to_string()), document.is_delta)
    });
    match work.await {
        Ok((Ok(mut reading), _, is_delta)) => {
            let hubs = std::mem::take(&mut reading.hubs);
            let offer = if has_callback { offer(&answer, hubs, reading.self_link.take()) } else { None };
            let (summary, judged) = summary(reading, is_delta);
            (PollOutcome::Read(answer, summary), judged, offer)
        }
        Ok((Err(error), feed_link, _)) => {
            let reason = format!("{}: {error}", link::mask(&answer.final_url));
            (PollOutcome::NoFeed { answer, reason, feed_link }, Vec::new(), None)
        }
        Err(_) => {
            let reason = "reading it failed inside chipwire; please report this feed".to_owned();
            (PollOutcome::NoFeed { answer, reason, feed_link: None }, Vec::new(), None)
        }
    }
}

/// What the judges know of a feed beside the document.
pub(super) fn source(subject: &Subject) -> Source<'_> {
    Source {
        feed: &subject.feed,
        title: subject.state.title.as_deref(),
        relevant_share: subject.state.counts.relevant_share(),
    }
}

/// What the schedule needs of a reading, and the entries.
pub(super) fn summary(reading: pipeline::Reading, is_delta: bool) -> (schedule::Reading, Vec<Judged>) {
    let claimed = reading.judged.iter().filter_map(|judged| judged.entry.claimed);
    let summary = schedule::Reading {
        newest: claimed.map(|claimed| claimed.at).max(),
        title: reading.title,
        link: reading.link,
        entries: reading.judged.len(),
        new_entries: 0,
        is_delta,
        freshness: reading.freshness,
    };
    (summary, reading.judged)
}

/// What the document offers to subscribers: its `Link` fields, else its own links (WebSub §4).
fn offer(answer: &Answer, hubs: Vec<String>, self_link: Option<String>) -> Option<HubOffer> {
    let hubs = if answer.hubs.is_empty() { hubs } else { answer.hubs.clone() };
    let topic = answer.self_link.clone().or(self_link).unwrap_or_else(|| answer.final_url.clone());
    Some(HubOffer { hubs, topic, random: fetch::random_bytes().ok()? })
}

//! One poll, from the request to what editing kept of it.

use crate::daemon::editing::{Accepted, HubOffer, Order, Polled};
use crate::fetch::{self, FetchRequest, Fetched, Fetcher};
use crate::link;
use crate::metrics::{Metrics, PollResult};
use crate::model::{Answer, Document, Feed, FeedId, FeedState, Timestamp};
use crate::parse;
use crate::pipeline::{self, Judged, Rules, Source};
use crate::schedule::{self, Network, PollOutcome, Retry};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};
use tracing::warn;
use url::Url;

/// What a poll needs.
pub(super) struct Job {
    pub(super) feed: Feed,
    pub(super) state: FeedState,
    pub(super) rules: Arc<Rules>,
    pub(super) fetcher: Fetcher,
    pub(super) orders: mpsc::Sender<Order>,
    /// Whether hubs can reach us.
    pub(super) has_callback: bool,
    pub(super) network: Arc<Mutex<Network>>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) now: Timestamp,
}

/// How a poll ended, and what was kept of it, or why nothing was.
pub(super) struct Finished {
    pub(super) feed: FeedId,
    pub(super) outcome: PollOutcome,
    pub(super) kept: Result<Accepted, String>,
}

pub(super) async fn poll(job: Job) -> Finished {
    let began = tokio::time::Instant::now();
    let fetched = job.fetcher.fetch(FetchRequest::of(&job.state, job.now)).await;
    let (mut outcome, judged, offer) = match fetched {
        Err(error) => (PollOutcome::Failed(error.failure()), Vec::new(), None),
        Ok(Fetched::Unchanged(answer)) => (PollOutcome::Unchanged(answer), Vec::new(), None),
        Ok(Fetched::Document(_, answer)) if schedule::is_same_body(&job.state, &answer) => {
            (PollOutcome::Same(answer), Vec::new(), None)
        }
        Ok(Fetched::Document(document, answer)) => read(&job, document, answer).await,
    };
    watch_network(&job, &mut outcome);
    job.metrics.poll_seconds.observe(began.elapsed().as_secs_f64());
    let polled = Polled {
        feed: job.feed.clone(),
        outcome: Some(outcome.clone()),
        judged,
        offer,
        now: crate::daemon::now(),
    };
    let (reply, kept) = oneshot::channel();
    let stopping = || "chipwire is stopping".to_owned();
    let sent = job.orders.send(Order::Polled(Box::new(polled), reply)).await;
    let kept = match sent {
        Ok(()) => kept.await.map_or_else(|_| Err(stopping()), |kept| kept.map_err(|error| error.to_string())),
        Err(_) => Err(stopping()),
    };
    count(&job.metrics, &outcome, kept.as_ref().ok());
    Finished { feed: job.feed.id, outcome, kept }
}

/// Reads a document on a thread where that may take its time.
async fn read(job: &Job, document: Document, answer: Answer) -> (PollOutcome, Vec<Judged>, Option<HubOffer>) {
    let (feed, rules, now) = (job.feed.clone(), Arc::clone(&job.rules), job.now);
    let (title, share) = (job.state.title.clone(), job.state.counts.relevant_share());
    let work = tokio::task::spawn_blocking(move || {
        let source = Source { feed: &feed, title: title.as_deref(), relevant_share: share };
        let read = pipeline::read(&document, source, &rules, now);
        let feed_link = if read.is_err() { parse::discover(&document).into_iter().next() } else { None };
        (read, feed_link.map(|link| link.url.to_string()), document.is_delta)
    });
    match work.await {
        Ok((Ok(reading), _, is_delta)) => {
            let newest = reading
                .judged
                .iter()
                .filter_map(|judged| judged.entry.claimed)
                .map(|claimed| claimed.at)
                .max();
            let offer = offer(job, &answer, reading.hubs, reading.self_link);
            let summary = schedule::Reading {
                title: reading.title,
                link: reading.link,
                entries: reading.judged.len(),
                new_entries: 0,
                newest,
                is_delta,
                freshness: reading.freshness,
            };
            (PollOutcome::Read(answer, summary), reading.judged, offer)
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

/// What the document offers to subscribers: its `Link` fields, else its own links (WebSub §4).
fn offer(job: &Job, answer: &Answer, hubs: Vec<String>, self_link: Option<String>) -> Option<HubOffer> {
    if !job.has_callback {
        return None;
    }
    let hubs = if answer.hubs.is_empty() { hubs } else { answer.hubs.clone() };
    let topic = answer.self_link.clone().or(self_link).unwrap_or_else(|| answer.final_url.clone());
    Some(HubOffer { hubs, topic, random: fetch::random_bytes().ok()? })
}

/// When nobody can be reached, that is no feed's fault.
fn watch_network(job: &Job, outcome: &mut PollOutcome) {
    let mut network = job.network.lock().unwrap_or_else(PoisonError::into_inner);
    let PollOutcome::Failed(failure) = outcome else {
        if network.reached() {
            tracing::info!("the network is back");
        }
        return;
    };
    if failure.retry != Retry::Unreachable {
        return;
    }
    let host = Url::parse(&job.state.polled_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let was_down = network.is_down();
    if network.unreachable(host.as_deref().unwrap_or_default()) {
        failure.retry = Retry::Offline;
        if !was_down {
            warn!(
                "no network: no publisher can be reached. What is stored is served, and polling goes on when one can"
            );
        }
    }
}

fn count(metrics: &Metrics, outcome: &PollOutcome, kept: Option<&Accepted>) {
    let (result, wire_bytes) = match outcome {
        PollOutcome::Unchanged(_) => (PollResult::Unchanged, 0),
        PollOutcome::Same(answer) => (PollResult::Same, answer.wire_bytes),
        PollOutcome::Read(answer, _) => {
            let is_fresh = kept.is_some_and(|kept| kept.new + kept.updated > 0);
            (if is_fresh { PollResult::Fresh } else { PollResult::Same }, answer.wire_bytes)
        }
        PollOutcome::NoFeed { answer, .. } => (PollResult::Failed, answer.wire_bytes),
        PollOutcome::Failed(_) => (PollResult::Failed, 0),
    };
    metrics.polls.of(result).add(1);
    metrics.poll_received_bytes.add(wire_bytes);
}

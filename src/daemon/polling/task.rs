//! One poll, from the request to what editing kept of it.

use crate::daemon::editing::{Accepted, Brought, Order, Polled};
use crate::daemon::reading::{self, Subject};
use crate::fetch::{FetchRequest, Fetched, Fetcher};
use crate::metrics::{Metrics, PollResult};
use crate::model::{Feed, FeedId, FeedState, Timestamp};
use crate::pipeline::Rules;
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
        Ok(Fetched::Document(document, answer)) => {
            let subject = Subject {
                feed: job.feed.clone(),
                state: job.state.clone(),
                rules: Arc::clone(&job.rules),
                has_callback: job.has_callback,
            };
            reading::read(subject, document, answer, job.now).await
        }
    };
    watch_network(&job, &mut outcome);
    job.metrics.poll_seconds.observe(began.elapsed().as_secs_f64());
    let polled = Polled {
        feed: job.feed.clone(),
        brought: Brought::Poll(outcome.clone()),
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

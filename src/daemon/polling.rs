//! Polling: what is due is fetched, read and handed to editing; what editing keeps decides when the feed is due again.
//! This role holds nothing that the store does not hold, but which feeds are on their way.

mod task;
mod together;

use super::editing::{Accepted, Order};
use super::hubs::HubNote;
use super::{Current, now};
use crate::fetch::Fetcher;
use crate::metrics::{self, Metrics};
use crate::model::{Condition, Feed, FeedId, FeedState, Timestamp};
use crate::schedule::{HostLimits, Network, PollOutcome, Queue, QueueSettings, Sharing, later};
use crate::store::{Reader, StoreError};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use task::{Finished, Job};
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinSet};
use tracing::{debug, error, warn};

/// With nothing due at all, the loop still looks around so often, for clocks that jump.
const LOOK_AROUND: Duration = Duration::from_mins(1);
/// Polls that are on their way at the end have so long.
const LAST_POLLS: Duration = Duration::from_secs(1);
/// What the metrics say of the queue is looked up so often.
const MEASURE_EVERY: Duration = Duration::from_secs(15);
/// A feed whose batch the store refused is asked again after so long, at the least.
const AFTER_REFUSAL: Duration = Duration::from_mins(1);

/// An order to poll feeds now, each outcome reported. Their due times are ignored; pauses that a server asked for, a
/// confirmed 410 and the limits of hosts are not. No feeds: an answer that the loop is alive, by closing the channel.
#[derive(Debug)]
pub struct Sweep {
    /// Which.
    pub feeds: Vec<FeedId>,
    /// Where each outcome goes; closed when all are done.
    pub progress: mpsc::Sender<Swept>,
}

/// One feed's part of a sweep.
#[derive(Debug)]
pub struct Swept {
    /// The feed.
    pub feed: FeedId,
    /// What was kept, or why it was not asked, or what failed, in words.
    pub outcome: Result<Accepted, String>,
}

/// What the polling role works with.
pub(super) struct Means {
    pub(super) reader: Reader,
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) current: watch::Receiver<Arc<Current>>,
    pub(super) fetcher: watch::Receiver<Fetcher>,
    pub(super) sweeps: mpsc::Receiver<Sweep>,
    pub(super) hub_notes: mpsc::Sender<HubNote>,
    pub(super) metrics: Arc<Metrics>,
    /// Poll what is due; else only what sweeps ask for.
    pub(super) by_schedule: bool,
}

/// The state of the polling role.
pub(super) struct Polling {
    means: Means,
    queue: Queue,
    states: FxHashMap<FeedId, FeedState>,
    /// Which feeds came to one address, and those of them that are not polled themselves.
    sharing: Sharing,
    standing_back: BTreeSet<FeedId>,
    feeds: FxHashMap<FeedId, Feed>,
    tasks: JoinSet<Finished>,
    running: FxHashMap<Id, FeedId>,
    waiting: Vec<(BTreeSet<FeedId>, mpsc::Sender<Swept>)>,
    network: Arc<Mutex<Network>>,
}

/// Loads what the store knows of the feeds.
///
/// # Errors
/// The store can't be read.
pub(super) fn load(means: Means) -> Result<Polling, StoreError> {
    let now = now();
    let current = Arc::clone(&means.current.borrow());
    let mut polling = Polling {
        queue: Queue::new(queue_settings(&current), now),
        means,
        states: FxHashMap::default(),
        sharing: Sharing::default(),
        standing_back: BTreeSet::new(),
        feeds: FxHashMap::default(),
        tasks: JoinSet::new(),
        running: FxHashMap::default(),
        waiting: Vec::new(),
        network: Arc::default(),
    };
    polling.take_over(&current, now)?;
    Ok(polling)
}

/// Polls until `stop` is closed; what is on its way then is awaited for a moment, so that no feed is asked again right
/// after the next start.
pub(super) async fn run(mut polling: Polling, mut stop: watch::Receiver<()>) {
    let mut measure = tokio::time::interval(MEASURE_EVERY);
    loop {
        polling.start_due();
        let wake = polling.wait();
        tokio::select! {
            _ = stop.changed() => {
                let rest = async { while let Some(last) = polling.tasks.join_next_with_id().await { polling.finish(last); } };
                if tokio::time::timeout(LAST_POLLS, rest).await.is_err() {
                    debug!("some polls took too long for the end; they are asked again after the next start");
                }
                return;
            }
            () = tokio::time::sleep(wake) => {}
            _ = measure.tick() => polling.measure(),
            Some(finished) = polling.tasks.join_next_with_id() => polling.finish(finished),
            Some(sweep) = polling.means.sweeps.recv() => polling.sweep(sweep),
            Ok(()) = polling.means.current.changed() => {
                let current = Arc::clone(&polling.means.current.borrow_and_update());
                if let Err(error) = polling.take_over(&current, now()) {
                    error!(%error, "the feeds stay as they were");
                }
            }
        }
    }
}

impl Polling {
    /// Reports the polls of all feeds that were never polled before; they are due, and are asked no sooner for it.
    pub(super) fn watch_first(&mut self) -> mpsc::Receiver<Swept> {
        let never_polled = self.states.values().filter(|state| state.last_poll.is_none());
        let feeds: BTreeSet<FeedId> = never_polled.map(|state| state.feed).collect();
        let (progress, outcomes) = mpsc::channel(feeds.len().max(1));
        if !feeds.is_empty() {
            self.waiting.push((feeds, progress));
        }
        outcomes
    }

    /// Takes a configuration over: feeds come, go and change.
    fn take_over(&mut self, current: &Current, now: Timestamp) -> Result<(), StoreError> {
        let before: BTreeSet<FeedId> = self.feeds.keys().copied().collect();
        self.feeds =
            current.feeds.iter().filter(|feed| feed.enabled).map(|feed| (feed.id, feed.clone())).collect();
        let by_schedule = self.means.by_schedule;
        self.queue.reconfigure(queue_settings(current));
        let left: Vec<FeedId> = before.iter().copied().filter(|id| !self.feeds.contains_key(id)).collect();
        for gone in &left {
            // Whoever waits for it waits no longer.
            self.tell(*gone, || Err("removed or paused meanwhile".to_owned()));
            if let Some(hub) = self.forget(*gone).and_then(|state| state.hub) {
                self.note_hub(HubNote::Left(*gone, Box::new(hub)));
            }
        }
        // What the operator may have resumed is looked up again.
        let is_in_trouble = |state: &FeedState| {
            matches!(state.condition, Condition::Gone | Condition::Paused | Condition::Failing)
        };
        for feed in self.feeds.values() {
            if before.contains(&feed.id) && !self.states.get(&feed.id).is_some_and(is_in_trouble) {
                continue;
            }
            let known = self.means.reader.feed_state(feed.id)?;
            let state = known.unwrap_or_else(|| FeedState::new(feed.id, &feed.url, now));
            if by_schedule {
                self.queue.restore(&state, now);
            }
            self.sharing.put(&state);
            self.states.insert(feed.id, state);
        }
        let all: Vec<FeedId> = self.sharing.movers().collect();
        for feed in all {
            self.arrange(feed);
        }
        Ok(())
    }

    fn measure(&self) {
        self.means.metrics.queued.of(metrics::Queue::DueFeeds).set_count(self.queue.waiting(now()));
    }

    fn start_due(&mut self) {
        let now = now();
        for id in self.queue.take_due(now) {
            let (Some(feed), Some(state)) = (self.feeds.get(&id), self.states.get(&id)) else { continue };
            let job = Job {
                feed: feed.clone(),
                state: state.clone(),
                rules: Arc::clone(&self.means.current.borrow().rules),
                fetcher: self.means.fetcher.borrow().clone(),
                orders: self.means.orders.clone(),
                has_callback: self.means.current.borrow().callback_base.is_some(),
                network: Arc::clone(&self.network),
                metrics: Arc::clone(&self.means.metrics),
                now,
            };
            debug!(subscription = %id, "polled");
            let task = self.tasks.spawn(task::poll(job));
            self.running.insert(task.id(), id);
        }
    }

    fn wait(&self) -> Duration {
        let wake = self.queue.next_wake().map(|at| (at - now()).to_std().unwrap_or_default());
        wake.unwrap_or(LOOK_AROUND).min(LOOK_AROUND)
    }

    fn finish(&mut self, finished: Result<(Id, Finished), tokio::task::JoinError>) {
        match finished {
            Ok((task, Finished { feed, outcome, kept })) => {
                self.running.remove(&task);
                match kept {
                    Ok(accepted) => {
                        self.queue.finished(&accepted.state, &outcome, now());
                        if !self.feeds.contains_key(&feed) {
                            return self.tell(feed, || Err("removed or paused meanwhile".to_owned()));
                        }
                        if !self.means.by_schedule {
                            self.queue.remove(feed);
                        }
                        self.note_condition(&accepted.state);
                        let had_hub = self.states.get(&feed).is_some_and(|state| state.hub.is_some());
                        if had_hub || accepted.state.hub.is_some() {
                            self.note_hub(HubNote::Stored(Box::new(accepted.state.clone())));
                        }
                        self.place(accepted.state.clone());
                        self.report(feed, &outcome, &accepted);
                    }
                    Err(message) => {
                        self.abandon(feed);
                        self.tell(feed, || Err(message.clone()));
                    }
                }
            }
            Err(error) => {
                // The panic's hook has said what and where.
                let Some(feed) = self.running.remove(&error.id()) else { return };
                warn!(subscription = %feed, "the poll broke off inside chipwire; it is tried again");
                self.abandon(feed);
                self.tell(feed, || Err("the poll broke off inside chipwire; see the log".to_owned()));
            }
        }
    }

    /// A channel that is full or closed loses the note: the next poll brings another.
    fn note_hub(&self, note: HubNote) {
        let _ = self.means.hub_notes.try_send(note);
    }

    fn abandon(&mut self, feed: FeedId) {
        let wait = self.means.current.borrow().cadence.min().max(AFTER_REFUSAL);
        // The place is freed for a feed that was removed meanwhile, too.
        let state = self.states.get(&feed).cloned().unwrap_or_else(|| FeedState::new(feed, "", now()));
        self.queue.abandoned(&state, later(now(), wait));
        if !self.means.by_schedule || !self.feeds.contains_key(&feed) {
            self.queue.remove(feed);
        }
    }

    /// A line where a feed begins to fail or to answer again, none in between.
    fn note_condition(&self, after: &FeedState) {
        let Some(before) = self.states.get(&after.feed) else { return };
        if before.condition == after.condition {
            return;
        }
        let (id, reason) = (after.feed, &after.condition_reason);
        match after.condition {
            Condition::Failing => warn!(subscription = %id, "{reason}"),
            Condition::Gone => {
                warn!(subscription = %id, "{reason}; not polled any more, chipwire feeds remove drops it");
            }
            Condition::Active if before.condition == Condition::Failing => {
                tracing::info!(subscription = %id, "answers again");
            }
            condition => tracing::info!(subscription = %id, "{condition}: {reason}"),
        }
    }

    fn report(&mut self, feed: FeedId, outcome: &PollOutcome, accepted: &Accepted) {
        let failure = match outcome {
            PollOutcome::Failed(failure) => Some(failure.reason.clone()),
            PollOutcome::NoFeed { reason, .. } => Some(reason.clone()),
            PollOutcome::Unchanged(_) | PollOutcome::Same(_) | PollOutcome::Read(..) => None,
        };
        self.tell(feed, || failure.clone().map_or_else(|| Ok(accepted.clone()), Err));
    }

    /// Reports to the sweeps that wait for this feed. A full channel belongs to somebody who does not read; what
    /// matters is that its closing says that all is done.
    fn tell(&mut self, feed: FeedId, outcome: impl Fn() -> Result<Accepted, String>) {
        for (feeds, progress) in &mut self.waiting {
            if feeds.remove(&feed) {
                let _ = progress.try_send(Swept { feed, outcome: outcome() });
            }
        }
        self.waiting.retain(|(feeds, progress)| !feeds.is_empty() && !progress.is_closed());
    }

    fn sweep(&mut self, sweep: Sweep) {
        let now = now();
        let mut asked = BTreeSet::new();
        for id in sweep.feeds {
            let refused = match (self.feeds.get(&id), self.states.get(&id)) {
                (Some(_), Some(state)) => refusal(state, now).or_else(|| self.stood_in_for(state)),
                _ => Some("not polled: it is switched off".to_owned()),
            };
            match refused {
                Some(reason) => drop(sweep.progress.try_send(Swept { feed: id, outcome: Err(reason) })),
                None => drop(asked.insert(id)),
            }
        }
        for id in &asked {
            if let Some(state) = self.states.get(id) {
                self.queue.put_now(state, now);
            }
        }
        if !asked.is_empty() {
            self.waiting.push((asked, sweep.progress));
        }
    }
}

/// Why a sweep must leave a feed alone.
fn refusal(state: &FeedState, now: Timestamp) -> Option<String> {
    if state.condition == Condition::Gone {
        return Some("not polled: it is gone for good (410)".to_owned());
    }
    let until = state.held_until.filter(|until| *until > now)?;
    Some(format!(
        "not polled: the server asked to be left alone until {}",
        until.format("%Y-%m-%d %H:%M:%S UTC")
    ))
}

fn queue_settings(current: &Current) -> QueueSettings {
    let poll = &current.settings.poll;
    QueueSettings {
        concurrency: poll.concurrency,
        hosts: HostLimits {
            rules: current.settings.hosts.clone(),
            ..HostLimits::uniform(poll.per_host, poll.host_gap)
        },
        cadence: current.cadence,
    }
}

//! Editing: judged entries into stories. The one writer; it runs on a thread of its own, since the store blocks, and
//! handles one order at a time. What belongs together goes into one batch, and is acknowledged when that is kept.

mod clock;
mod draft;
mod entries;
mod polled;
mod quota;
mod restart;

use super::{Current, DaemonError};
use crate::cluster::{Engine, Explanation};
use crate::metrics::Metrics;
use crate::model::{Batch, Cause, Change, Condition, Decision, EntryId, Feed, FeedId, FeedState, HubState};
use crate::model::{StoryId, Subscription, Timestamp};
use crate::store::{Advice, BackupReport, OpeningReport, Reader, Store, StoreError, VerifyReport};
use crate::{pipeline, schedule};
use draft::Draft;
pub use polled::{Accepted, Brought, HubOffer, Polled};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{debug, error, info, warn};

/// Subscriptions that are kept together: a few hundred bytes each.
const SUBSCRIPTIONS_A_BATCH: usize = 500;

/// An order for the writer. Every one that changes something is answered after it is kept, or with why it is not.
#[derive(Debug)]
pub enum Order {
    /// A poll or a push is over.
    Polled(Box<Polled>, Reply<Accepted>),
    /// A feed's hub answered, or the subscription with it ended; kept unless the feed has another one by now.
    Hub {
        /// The feed.
        feed: FeedId,
        /// The token of the subscription that this is about.
        token: String,
        /// What it is now; `None` where there is none any more.
        hub: Option<Box<HubState>>,
        /// The clock.
        now: Timestamp,
        /// When it is kept.
        reply: Reply<()>,
    },
    /// Time passed.
    Clock(Timestamp, Reply<()>),
    /// Subscriptions of the command line's.
    Subscriptions(Vec<Subscription>, Timestamp, Reply<()>),
    /// An operator's correction.
    Decide(Decision, Timestamp, Reply<()>),
    /// Today's rules on what was kept since then; a dry run where `apply` is false.
    Refilter {
        /// First seen at or after.
        since: Timestamp,
        /// Keep the outcome.
        apply: bool,
        /// The clock.
        now: Timestamp,
        /// What changes, in words, one object each.
        reply: Reply<Vec<Refiltered>>,
    },
    /// New settings and rules, and the feeds that are there now.
    Reload(Arc<Current>),
    /// All data into one file.
    Backup(PathBuf, Reply<BackupReport>),
    /// Every byte and record checked.
    Verify(Reply<VerifyReport>),
    /// Where the control socket is, for `DATA/LOCK`.
    Socket(PathBuf, Reply<()>),
    /// Why two entries are together or not, as the engine holds them now.
    Explain(EntryId, EntryId, oneshot::Sender<Option<Explanation>>),
    /// Keep everything and end.
    Stop(oneshot::Sender<()>),
}

/// Where an order's outcome goes.
pub type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What publishing is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    /// Stories that are new, changed or gone.
    pub stories: BTreeSet<StoryId>,
    /// Whether a feed's state changed.
    pub feeds: bool,
}

/// An entry whose verdict today's rules change.
#[derive(Debug, Clone, PartialEq)]
pub struct Refiltered {
    /// The entry.
    pub entry: EntryId,
    /// Its headline.
    pub title: String,
    /// Its link.
    pub url: Option<String>,
    /// The verdict that was kept.
    pub before: crate::model::Verdict,
    /// Today's.
    pub after: crate::model::Verdict,
}

/// The state of the editing role.
pub(super) struct Editor {
    store: Store,
    reader: Reader,
    /// `None` after a batch was refused: the engine knew more than the store, and is rebuilt from it.
    engine: Option<Engine>,
    current: Arc<Current>,
    feeds: FxHashMap<FeedId, Feed>,
    settling: BTreeSet<(Timestamp, StoryId)>,
    last_sweep: Option<Timestamp>,
    /// The store can't be relied on any more ([`Advice::Restart`]).
    is_broken: bool,
    /// Batches that the store has refused since it last took one.
    refused: u64,
    quota: quota::Quota,
    /// What the store's last opening found, as far as it was counted.
    opening: OpeningReport,
    changed: mpsc::Sender<Changed>,
    due: watch::Sender<Option<Timestamp>>,
    metrics: Arc<Metrics>,
}

/// What the editing role works with.
pub(super) struct Desk {
    pub(super) store: Store,
    pub(super) current: Arc<Current>,
    pub(super) changed: mpsc::Sender<Changed>,
    /// When time alone brings something next.
    pub(super) due: watch::Sender<Option<Timestamp>>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) now: Timestamp,
}

/// Starts the editing thread; it ends with [`Order::Stop`], or when every sender of orders is gone.
///
/// # Errors
/// The store can't be read, or the system gives no thread.
pub(super) fn start(
    desk: Desk,
    mut orders: mpsc::Receiver<Order>,
) -> Result<std::thread::JoinHandle<()>, DaemonError> {
    let reader = desk.store.reader();
    let mut editor = Editor {
        feeds: by_id(&desk.current),
        opening: desk.store.opening_report().clone(),
        store: desk.store,
        reader,
        engine: None,
        current: desk.current,
        settling: BTreeSet::new(),
        last_sweep: None,
        is_broken: false,
        refused: 0,
        quota: quota::Quota::default(),
        changed: desk.changed,
        due: desk.due,
        metrics: desk.metrics,
    };
    editor.metrics.store_writable.set(1.0);
    editor.metrics.store_repairs.add(u64::from(editor.opening.is_repaired()));
    editor.restore(desk.now)?;
    editor.due.send_replace(editor.next_due());
    let work = move || {
        while let Some(order) = orders.blocking_recv() {
            if let Order::Stop(done) = order {
                if let Err(error) = editor.store.close() {
                    warn!(%error, "the store did not close cleanly; the journal has everything that was acknowledged");
                }
                // Nobody waits any more where the receiver is gone.
                let _ = done.send(());
                return;
            }
            editor.take(order);
            if editor.is_broken {
                // What is published is served until the process is started anew, which is all that helps.
                error!("the store takes no more; this process ends, so that it is started again");
                return;
            }
            editor.due.send_replace(editor.next_due());
        }
    };
    std::thread::Builder::new().name("editing".into()).spawn(work).map_err(DaemonError::from)
}

fn by_id(current: &Current) -> FxHashMap<FeedId, Feed> {
    current.feeds.iter().map(|feed| (feed.id, feed.clone())).collect()
}

impl Editor {
    fn take(&mut self, order: Order) {
        // A receiver that is gone has no use for the outcome; the store has it.
        match order {
            Order::Polled(polled, reply) => drop(reply.send(self.polled(*polled))),
            Order::Hub { feed, token, hub, now, reply } => {
                drop(reply.send(self.keep_hub((feed, &token), hub.map(|hub| *hub), now)));
            }
            Order::Clock(now, reply) => drop(reply.send(self.clock(now))),
            Order::Subscriptions(subscriptions, now, reply) => {
                drop(reply.send(self.subscribe(subscriptions, now)));
            }
            Order::Decide(decision, now, reply) => drop(reply.send(self.decide(decision, now))),
            Order::Refilter { since, apply, now, reply } => {
                drop(reply.send(self.refilter(since, apply, now)));
            }
            Order::Reload(current) => self.reload(current),
            Order::Backup(file, reply) => self.backup(file, reply),
            Order::Verify(reply) => drop(reply.send(self.store.verify())),
            Order::Socket(path, reply) => drop(reply.send(self.store.announce_socket(&path))),
            Order::Explain(one, other, reply) => {
                let explanation = self.engine.as_ref().and_then(|engine| engine.explain(one, other));
                drop(reply.send(explanation));
            }
            Order::Stop(done) => drop(done), // Taken by the loop around this.
        }
    }

    /// The engine, rebuilt from the store where it is gone.
    fn engine(&mut self, now: Timestamp) -> Result<&mut Engine, StoreError> {
        if self.engine.is_none() {
            self.restore(now)?;
        }
        Ok(self.engine.get_or_insert_with(|| Engine::new(self.current.engine_settings())))
    }

    fn fingerprint(
        &self,
        entry: &crate::model::Entry,
        verdict: &crate::model::Verdict,
    ) -> Result<crate::cluster::Fingerprint, StoreError> {
        let publisher = self.publisher(entry.feed)?;
        Ok(pipeline::fingerprint(entry, verdict, &publisher, &self.current.rules))
    }

    /// The name of a feed's publisher, of one that is not subscribed any more, too.
    fn publisher(&self, feed: FeedId) -> Result<String, StoreError> {
        let state = self.reader.feed_state(feed)?;
        let title = state.as_ref().and_then(|state| state.title.as_deref());
        Ok(match (self.feeds.get(&feed), &state) {
            (Some(feed), _) => pipeline::publisher_name(feed, title).to_owned(),
            (None, Some(state)) => title.unwrap_or(&state.url).to_owned(),
            (None, None) => String::new(),
        })
    }

    /// Keeps a batch and tells publishing. A refused batch leaves no trace: the engine is thrown away with it.
    fn keep(&mut self, batch: &Batch, feeds: bool) -> Result<(), StoreError> {
        if let Err(error) = self.store.commit(batch) {
            self.engine = None;
            self.is_broken |= error.advice() == Advice::Restart;
            self.note_refusal(&error);
            return Err(error);
        }
        self.note_success();
        let stories = batch.changes.iter().filter_map(|change| match change {
            Change::Story(story) => Some(story.id),
            Change::StoryAlias { from, .. } | Change::StoryExpired(from) => Some(*from),
            _ => None,
        });
        let changed = Changed { stories: stories.collect(), feeds };
        if self.changed.blocking_send(changed).is_err() {
            debug!("publishing has ended before: the next start shows this");
        }
        Ok(())
    }

    /// One loud line where it begins, none for every poll.
    fn note_refusal(&mut self, error: &StoreError) {
        self.metrics.store_refusals.increment();
        self.metrics.store_writable.set(0.0);
        self.refused += 1;
        if self.refused == 1 {
            error!(%error, "nothing is kept now; what was there before is still served");
        } else {
            debug!(%error, "refused again");
        }
    }

    fn note_success(&mut self) {
        if self.refused > 0 {
            let refused = std::mem::take(&mut self.refused);
            info!(refused, "what comes is kept again; the feeds whose batches were refused are asked again");
        }
        self.metrics.store_writable.set(1.0);
        if self.store.opening_report() != &self.opening {
            self.opening = self.store.opening_report().clone();
            self.metrics.store_repairs.add(u64::from(self.opening.is_repaired()));
        }
    }

    /// On a thread of its own: a slow disk must not hold up what comes meanwhile.
    fn backup(&self, file: PathBuf, reply: Reply<BackupReport>) {
        let snapshot = match self.store.snapshot() {
            Ok(snapshot) => snapshot,
            Err(error) => return drop(reply.send(Err(error))),
        };
        let work = move || drop(reply.send(snapshot.write(&file)));
        if let Err(error) = std::thread::Builder::new().name("backup".into()).spawn(work) {
            // Whoever asked is told by the closed channel.
            warn!(%error, "no thread for a backup");
        }
    }

    fn keep_draft(&mut self, draft: Draft<'_>, cause: Cause) -> Result<(), StoreError> {
        if draft.is_empty() {
            return Ok(());
        }
        self.keep(&draft.into_batch(cause), matches!(cause, Cause::Poll(_)))
    }

    /// Keeps subscriptions, at most a journal frame's worth at a time.
    fn subscribe(&mut self, subscriptions: Vec<Subscription>, now: Timestamp) -> Result<(), StoreError> {
        let mut waiting = subscriptions.into_iter().peekable();
        while waiting.peek().is_some() {
            let mut changes = Vec::new();
            for subscription in waiting.by_ref().take(SUBSCRIPTIONS_A_BATCH) {
                self.subscription(subscription, &mut changes, now)?;
            }
            self.keep(&Batch { at: now, cause: Cause::Operator, changes }, true)?;
        }
        Ok(())
    }

    fn subscription(
        &mut self,
        subscription: Subscription,
        changes: &mut Vec<Change>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        changes.push(Change::Subscription(subscription.clone()));
        match subscription {
            Subscription::Put(feed) => {
                let was_polled = self.feeds.get(&feed.id).is_some_and(|known| known.enabled);
                let state = self.reader.feed_state(feed.id)?;
                let state = state.and_then(|state| switched(&state, (was_polled, feed.enabled), now));
                changes.extend(state.map(|state| Change::Feed(Box::new(state))));
                self.feeds.insert(feed.id, *feed);
            }
            Subscription::Removed { url } => {
                let id = FeedId::of(&url);
                self.feeds.remove(&id);
                changes.push(Change::FeedForgotten(id));
            }
        }
        Ok(())
    }

    fn keep_hub(
        &mut self,
        (feed, token): (FeedId, &str),
        hub: Option<HubState>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(mut state) = self.reader.feed_state(feed)? else { return Ok(()) };
        if state.hub.as_ref().is_none_or(|known| known.token != token) {
            return Ok(());
        }
        state.hub = hub;
        let changes = vec![Change::Feed(Box::new(state))];
        self.keep(&Batch { at: now, cause: Cause::Poll(feed), changes }, true)
    }

    fn decide(&mut self, decision: Decision, now: Timestamp) -> Result<(), StoreError> {
        let outcomes = self.engine(now)?.decide(&decision);
        let reader = self.reader.clone();
        let mut draft = Draft::new(&reader, now);
        draft.push(Change::Decision(decision));
        for outcome in &outcomes {
            draft.apply(outcome)?;
        }
        self.release(&mut draft, now)?;
        self.keep_draft(draft, Cause::Operator)
    }

    fn reload(&mut self, current: Arc<Current>) {
        if current.settings.dedupe != self.current.settings.dedupe {
            self.engine = None;
        }
        self.feeds = by_id(&current);
        self.current = current;
    }
}

/// The state of a feed that the operator switched off or on; `None` where it goes on as it is.
fn switched(state: &FeedState, (was_polled, is_polled): (bool, bool), now: Timestamp) -> Option<FeedState> {
    match (was_polled, is_polled) {
        (true, false) => Some(schedule::pause(state, now)),
        (false, true) => Some(schedule::resume(state, now)),
        // Asked for a feed that is gone or fails, too: the operator knows better.
        (true, true) if matches!(state.condition, Condition::Gone | Condition::Failing) => {
            Some(schedule::resume(state, now))
        }
        (true, true) | (false, false) => None,
    }
}

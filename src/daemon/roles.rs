//! The three roles, started and stopped together, and the handle by which others speak to them.

use super::editing::{self, Accepted, Brought, Changed, Desk, Order, Polled};
use super::hubs::HubNote;
use super::polling::{self, Means, Sweep, Swept};
use super::publishing::{self, Snapshots};
use super::reading::{self, Subject};
use super::{Current, DaemonError, now};
use crate::fetch::Fetcher;
use crate::metrics::Metrics;
use crate::model::{Answer, Document, Feed, FeedState, Timestamp};
use crate::publish::Base;
use crate::schedule::{Failure, PollOutcome};
use crate::store::{self, OpeningReport, Reader, Store, StoreError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tracing::{error, warn};

/// Polls that wait for editing; a further one waits with its body in memory.
const ORDERS: usize = 16;
/// Batches that publishing has not looked at; editing waits for it then.
const CHANGES: usize = 256;
/// Notes on subscriptions that wait.
const HUB_NOTES: usize = 256;
/// The clock is looked at no less often.
const CLOCK_EVERY: Duration = Duration::from_mins(1);

/// How much of the daemon is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    Daemon,
    /// A command without a daemon: polls only what sweeps ask for.
    Command,
}

/// What others need to speak to the roles. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    /// Reads the store.
    pub reader: Reader,
    /// Orders to editing.
    pub orders: mpsc::Sender<Order>,
    /// Orders to polling.
    pub sweeps: mpsc::Sender<Sweep>,
    /// What is in force.
    pub current: watch::Receiver<Arc<Current>>,
    /// The HTTP client in force.
    pub fetcher: watch::Receiver<Fetcher>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The data directory.
    pub data: PathBuf,
    currents: Arc<watch::Sender<Arc<Current>>>,
    fetchers: Arc<watch::Sender<Fetcher>>,
}

impl Handle {
    /// Puts another configuration in force, with the subscriptions of the data directory.
    ///
    /// # Errors
    /// It can't be used; the old one stays.
    pub async fn put_in_force(&self, current: &Current) -> Result<(), DaemonError> {
        let fetcher = current.fetcher()?;
        let current = Arc::new(current.with_subscriptions(self.reader.subscriptions()?));
        self.fetchers.send_replace(fetcher);
        self.announce(current).await;
        Ok(())
    }

    /// Takes the data directory's subscriptions over again, after one was changed.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let now = self.current.borrow().with_subscriptions(self.reader.subscriptions()?);
        self.announce(Arc::new(now)).await;
        Ok(())
    }

    /// Takes the first document of a new subscription in, as if a poll had brought it: who has just asked a server need
    /// not ask it again.
    ///
    /// # Errors
    /// In words: it is no feed, or can't be kept.
    pub async fn begin(&self, feed: Feed, document: Document, answer: Answer) -> Result<Accepted, String> {
        let at = now();
        let current = Arc::clone(&self.current.borrow());
        let stored = self.reader.feed_state(feed.id).map_err(|error| error.to_string())?;
        let subject = Subject {
            state: stored.unwrap_or_else(|| FeedState::new(feed.id, &feed.url, at)),
            feed: feed.clone(),
            rules: Arc::clone(&current.rules),
            has_callback: current.callback_base.is_some(),
        };
        let (outcome, judged, offer) = reading::read(subject, document, answer, at).await;
        let brought = Brought::Poll(Box::new(outcome));
        self.keep_first(Polled { feed, brought, judged, offer, now: at }).await
    }

    /// Notes of a new subscription that its server asked to be left alone, as if a poll had been told so: what was asked
    /// of us while a feed is added holds for its polls.
    ///
    /// # Errors
    /// In words: it can't be kept.
    pub async fn begin_later(&self, feed: Feed, failure: Failure) -> Result<Accepted, String> {
        let brought = Brought::Poll(Box::new(PollOutcome::Failed(failure)));
        self.keep_first(Polled { feed, brought, judged: Vec::new(), offer: None, now: now() }).await
    }

    async fn keep_first(&self, polled: Polled) -> Result<Accepted, String> {
        let (reply, kept) = oneshot::channel();
        let stopping = || "chipwire is stopping".to_owned();
        self.orders.send(Order::Polled(Box::new(polled), reply)).await.map_err(|_| stopping())?;
        kept.await.map_err(|_| stopping())?.map_err(|error| error.to_string())
    }

    /// Writes the control socket's place to `DATA/LOCK`.
    ///
    /// # Errors
    /// The system's word.
    pub async fn announce_socket(&self, path: &Path) -> Result<(), StoreError> {
        let (reply, done) = oneshot::channel();
        // Editing that has ended has given the lock back.
        let _ = self.orders.send(Order::Socket(path.to_owned(), reply)).await;
        done.await.unwrap_or(Ok(()))
    }

    async fn announce(&self, current: Arc<Current>) {
        // Editing that has ended needs no settings any more.
        let _ = self.orders.send(Order::Reload(Arc::clone(&current))).await;
        self.currents.send_replace(current);
    }

    /// Waits until both loops have answered; for the watchdog.
    pub async fn is_alive(&self) -> bool {
        let (progress, mut closed) = mpsc::channel(1);
        let polling = self.sweeps.send(Sweep { feeds: Vec::new(), progress }).await.is_ok()
            && closed.recv().await.is_none();
        let (reply, ticked) = oneshot::channel();
        polling && self.orders.send(Order::Clock(now(), reply)).await.is_ok() && ticked.await.is_ok()
    }
}

/// The store of a data directory, locked for this process, before anything runs on it.
pub struct Opened {
    store: Store,
    opening: OpeningReport,
    data: PathBuf,
}

impl Opened {
    /// Opens the store of a data directory.
    ///
    /// # Errors
    /// It can't be opened; where another process has it, the text names that process.
    pub fn at(data: &Path) -> Result<Self, DaemonError> {
        let (store, opening) = Store::open(data, store::Settings::default(), now())?;
        Ok(Self { store, opening, data: data.to_owned() })
    }
}

/// The running roles.
#[derive(Debug)]
pub struct Roles {
    /// To speak to them.
    pub handle: Handle,
    /// What is served.
    pub snapshots: Snapshots,
    /// What polling tells of WebSub subscriptions; to be followed where there is a server for hubs.
    pub hub_notes: Option<mpsc::Receiver<HubNote>>,
    /// The outcomes of the polls of feeds that were never polled before; closed when all are done.
    pub first_polls: Option<mpsc::Receiver<Swept>>,
    /// What opening the store found.
    pub opening: OpeningReport,
    editing: std::thread::JoinHandle<()>,
    polling: JoinHandle<()>,
    clock: JoinHandle<()>,
    publishing: JoinHandle<()>,
    stop: watch::Sender<()>,
}

impl Roles {
    /// Starts the roles on an opened store.
    ///
    /// # Errors
    /// The store can't be read, or the client can't be built.
    pub fn start(
        opened: Opened,
        current: &Current,
        listening: Base,
        scope: Scope,
    ) -> Result<Self, DaemonError> {
        let fetcher = current.fetcher()?;
        let Opened { store, opening, data } = opened;
        let reader = store.reader();
        let current = Arc::new(current.with_subscriptions(reader.subscriptions()?));
        let metrics = Arc::new(Metrics::default());
        metrics.start_timestamp.set(publishing::seconds_of(now()));
        let (order_sender, orders) = mpsc::channel(ORDERS);
        let (teller, changes) = mpsc::channel::<Changed>(CHANGES);
        let (sweep_sender, sweeps) = mpsc::channel(4);
        let (hub_notes, of_hubs) = mpsc::channel(HUB_NOTES);
        let (currents, current_receiver) = watch::channel(Arc::clone(&current));
        let (fetchers, fetcher_receiver) = watch::channel(fetcher);
        let (stop, stopped) = watch::channel(());
        let (due_sender, due) = watch::channel(None);
        let (publishing, snapshots) =
            publishing::load(reader.clone(), Arc::clone(&current), listening, Arc::clone(&metrics))?;
        let desk = Desk {
            store,
            current,
            changed: teller,
            due: due_sender,
            metrics: Arc::clone(&metrics),
            now: now(),
        };
        let editing = editing::start(desk, orders)?;
        let mut polling = polling::load(Means {
            reader: reader.clone(),
            orders: order_sender.clone(),
            current: current_receiver.clone(),
            fetcher: fetcher_receiver.clone(),
            sweeps,
            hub_notes,
            metrics: Arc::clone(&metrics),
            by_schedule: scope == Scope::Daemon,
        })?;
        // Watched from before the first of them begins, so that none is asked twice.
        let first_polls = (scope == Scope::Daemon).then(|| polling.watch_first());
        let handle = Handle {
            reader,
            orders: order_sender,
            sweeps: sweep_sender,
            current: current_receiver.clone(),
            fetcher: fetcher_receiver,
            metrics,
            data,
            currents: Arc::new(currents),
            fetchers: Arc::new(fetchers),
        };
        Ok(Self {
            clock: tokio::spawn(tick(handle.orders.clone(), due)),
            publishing: tokio::spawn(publishing::run(publishing, changes, current_receiver, stopped.clone())),
            polling: tokio::spawn(polling::run(polling, stopped)),
            handle,
            snapshots,
            hub_notes: Some(of_hubs),
            first_polls,
            opening,
            editing,
            stop,
        })
    }

    /// Whether a role has ended by itself, which none should.
    pub fn has_failed(&self) -> bool {
        self.editing.is_finished() || self.polling.is_finished() || self.publishing.is_finished()
    }

    /// Stops the polls, keeps what was accepted, closes the store.
    pub async fn stop(self) {
        self.clock.abort();
        // A store that is being made smaller breaks that off.
        self.handle.reader.hurry();
        drop(self.stop);
        if self.polling.await.is_err() {
            warn!("polling had broken off");
        }
        // It reads the store, so it ends before that is closed.
        if self.publishing.await.is_err() {
            warn!("publishing had broken off");
        }
        let (reply, done) = oneshot::channel();
        if self.handle.orders.send(Order::Stop(reply)).await.is_ok() {
            // Answered when the store is closed.
            let _ = done.await;
        }
        let editing = self.editing;
        if tokio::task::spawn_blocking(move || editing.join()).await.is_ok_and(|ended| ended.is_err()) {
            error!("editing had broken off; what was acknowledged is in the journal");
        }
    }
}

/// Tells editing when time alone brings something.
async fn tick(orders: mpsc::Sender<Order>, mut due: watch::Receiver<Option<Timestamp>>) {
    loop {
        let next = *due.borrow_and_update();
        let wait =
            next.map_or(CLOCK_EVERY, |next| (next - now()).to_std().unwrap_or_default()).min(CLOCK_EVERY);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            changed = due.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        }
        let (reply, done) = oneshot::channel();
        if orders.send(Order::Clock(now(), reply)).await.is_err() {
            return;
        }
        match done.await {
            Ok(Ok(())) => {}
            // The store refuses: without a pause this would be a busy loop.
            Ok(Err(_)) => tokio::time::sleep(CLOCK_EVERY).await,
            Err(_) => return,
        }
    }
}

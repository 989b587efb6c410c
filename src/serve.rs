//! The HTTP server: readers' feeds and pages on one listener, the operator's on another. The only module that names
//! axum and hyper.
//!
//! It changes nothing: it reads snapshots ([`Wire`], [`Sources`]), asks the daemon for what is older
//! ([`ArchiveRequest`]), and hands over what WebSub hubs send ([`HubEvent`]). Every feed and page is rendered and
//! compressed once for each snapshot, not once for each request.
//!
//! Reading order: [`Listeners`] → [`run`] → `connections` → `routes` → `feeds`, `pages` → `cache` → `reply`.

mod admin;
mod archive;
mod assets;
mod cache;
mod connections;
mod feeds;
mod listen;
mod older;
mod pages;
mod reply;
mod routes;
mod state;
mod websub;
mod wishes;

pub use archive::{ArchiveRequest, StoryAnswer};
pub use listen::{Handed, Listen, Listeners, ServeError};
pub use websub::{HubEvent, PushAnswer, Verification};

use crate::metrics::Metrics;
use crate::model::Timestamp;
use crate::publish::{Sources, Wire};
use connections::Connections;
use state::Shared;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// How long answers that are under way may take once the server stops.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// The `[serve]` section, and the limits that have no key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// For readers; `None` switches it off.
    pub listen: Option<Listen>,
    /// For the operator; `None` switches it off.
    pub admin_listen: Option<Listen>,
    /// Connections at once to a listener. At the limit the one that has been idle for longest makes room.
    pub max_connections: usize,
    /// How long a request's head may take to arrive, from the connection's start or the last answer on.
    pub head_timeout: Duration,
    /// How long a request may take from its head to the last byte of its answer.
    pub request_timeout: Duration,
    /// The longest push of a hub.
    pub max_push_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: Some(Listen::Tcp("127.0.0.1:8787".to_owned())),
            admin_listen: Some(Listen::Tcp("127.0.0.1:8788".to_owned())),
            // An idle connection costs 32 KiB (measured with 10,000 of them): this many cost 32 MiB at worst.
            max_connections: 1_024,
            head_timeout: Duration::from_secs(20),
            request_timeout: Duration::from_mins(2),
            max_push_bytes: 16 << 20,
        }
    }
}

/// Whether the daemon is ready to serve all that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// The store is open and its stories are loaded.
    Ready,
    /// Not yet, or no longer, for this reason.
    Waiting(String),
}

/// Reads the clock; given by the daemon, so that nothing else reads it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What the server reads, and whom it asks.
#[derive(Clone)]
pub struct Inputs {
    /// The stories.
    pub wire: watch::Receiver<Arc<Wire>>,
    /// The feeds and their health.
    pub sources: watch::Receiver<Arc<Sources>>,
    /// Whom to ask for what is not in the snapshot.
    pub archive: mpsc::Sender<ArchiveRequest>,
    /// Who takes what hubs send.
    pub hub_events: mpsc::Sender<HubEvent>,
    /// Where requests are counted, and what `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// What `/readyz` says.
    pub readiness: watch::Receiver<Readiness>,
    /// The time.
    pub clock: Clock,
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs").finish_non_exhaustive()
    }
}

/// Serves until `stop` says true or its sender is gone; then lets the answers that are under way end.
pub async fn run(listeners: Listeners, settings: Settings, inputs: Inputs, mut stop: watch::Receiver<bool>) {
    let metrics = Arc::clone(&inputs.metrics);
    let shared = Arc::new(Shared::new(inputs, &settings));
    let readers = Arc::new(Connections::new(&settings, Some(Arc::clone(&metrics))));
    let operators = Arc::new(Connections::new(&settings, None));
    let mut accepting = JoinSet::new();
    for listener in listeners.readers {
        let service = routes::readers(&shared);
        accepting.spawn(connections::accept(listener, service, Arc::clone(&readers), stop.clone()));
    }
    for listener in listeners.operators {
        let service = routes::operators(&shared);
        accepting.spawn(connections::accept(listener, service, Arc::clone(&operators), stop.clone()));
    }
    // An error means that the daemon is gone: that is a reason to stop, too.
    let _ = stop.wait_for(|stop| *stop).await;
    let ended = tokio::time::timeout(LAST_ANSWERS, async { while accepting.join_next().await.is_some() {} });
    if ended.await.is_err() {
        tracing::info!("some readers were too slow for the server's end; their connections are cut");
    }
}

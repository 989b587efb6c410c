//! What every handler shares.

use super::archive::{ArchiveRequest, StoryAnswer};
use super::cache::{Cache, Generation, Rendered};
use super::older::{self, Older};
use super::reply::{self, Refusal};
use super::{Inputs, Settings};
use crate::model::{Reject, StoryId, Timestamp};
use crate::publish::{Selection, Sources, StoryView, Wire};
use axum::body::Body;
use axum::http::{HeaderMap, Response};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Feeds and pages rendered at once: rendering uses the processor and nothing else, and polling needs it, too.
const RENDERING: usize = 2;
/// Requests that may wait for it; what comes on top is told to come back.
const WAITING: usize = 256;
/// How long the archive may take.
const ARCHIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// State of both listeners.
pub(super) struct Shared {
    pub(super) inputs: Inputs,
    pub(super) max_push_bytes: usize,
    pub(super) request_timeout: Duration,
    /// The host of the operator's listener, as configured.
    pub(super) admin_host: Option<String>,
    cache: Cache,
    older: Older,
    wires: Numbered<Wire>,
    sources: Numbered<Sources>,
    rendering: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Shared {
    pub(super) fn new(inputs: Inputs, settings: &Settings) -> Self {
        let admin_host = match &settings.admin_listen {
            Some(super::Listen::Tcp(address)) => address.rsplit_once(':').map(|(host, _)| host.to_owned()),
            _ => None,
        };
        let wire = Arc::clone(&inputs.wire.borrow());
        let sources = Arc::clone(&inputs.sources.borrow());
        Self {
            wires: Numbered::new(wire),
            sources: Numbered::new(sources),
            inputs,
            max_push_bytes: settings.max_push_bytes,
            request_timeout: settings.request_timeout,
            admin_host,
            cache: Cache::default(),
            older: Older::default(),
            rendering: Arc::new(Semaphore::new(RENDERING)),
            waiting: Arc::new(Semaphore::new(WAITING)),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.inputs.clock)()
    }

    /// The stories as they are now, and the number of this snapshot.
    pub(super) fn wire(&self) -> (Arc<Wire>, u64) {
        self.wires.number(&self.inputs.wire.borrow())
    }

    /// The feeds as they are now, and the number of this snapshot.
    pub(super) fn sources(&self) -> (Arc<Sources>, u64) {
        self.sources.number(&self.inputs.sources.borrow())
    }

    /// Answers with what `render` makes, or has made for this generation before.
    pub(super) async fn cached<F>(
        self: &Arc<Self>,
        address: String,
        generation: Generation,
        request: &HeaderMap,
        render: impl FnOnce() -> F,
    ) -> Result<Response<Body>, Refusal>
    where
        F: Future<Output = Result<Rendered, Refusal>>,
    {
        let now = self.now();
        let rendition = self.cache.get(address, generation, now, render).await?;
        let plan = reply::Plan::new(&rendition, request, now);
        if plan.is_ready(&rendition) {
            return Ok(reply::answer(&rendition, plan));
        }
        self.on_a_thread(move || Ok(reply::answer(&rendition, plan))).await
    }

    /// Runs what takes processor time beside the event loop.
    pub(super) async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let _waiting = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| Refusal::Busy)?;
        let permit = Arc::clone(&self.rendering).acquire_owned().await.map_err(|_| Refusal::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        // A panic while rendering is this request's loss alone; the panic itself is logged by its hook.
        done.await.unwrap_or(Err(Refusal::Busy))
    }

    /// A story, from the snapshot or the archive.
    pub(super) async fn story(&self, wire: &Wire, id: StoryId) -> Result<StoryAnswer, Refusal> {
        match wire.story(id) {
            Some(view) => Ok(StoryAnswer::Here(Arc::clone(view))),
            None => self.ask(|reply| ArchiveRequest::Story { id, reply }).await,
        }
    }

    /// The stories of a selection: from the snapshot where it has them all, else the older ones from the archive.
    pub(super) async fn stories(
        &self,
        wire: &Arc<Wire>,
        selection: &Selection,
    ) -> Result<Vec<Arc<StoryView>>, Refusal> {
        let mut stories = {
            let (wire, selection) = (Arc::clone(wire), selection.clone());
            self.on_a_thread(move || Ok(wire.select(&selection).into_iter().cloned().collect::<Vec<_>>()))
                .await?
        };
        if wire.holds_all(selection, &stories) {
            return Ok(stories);
        }
        let limit = wire.page_len(selection);
        stories.retain(|story| story.story.published > wire.complete_since);
        let wanted = older::before_snapshot(wire, selection);
        let older = if let Some(stories) = self.older.get(&wanted, &wire.settings) {
            stories
        } else {
            let selection = wanted.clone();
            let asked = self.ask(|reply| ArchiveRequest::Stories { selection, limit, reply });
            let found = Arc::new(asked.await?);
            self.older.put(wanted, wire.settings.clone(), &found);
            found
        };
        let room = limit.saturating_sub(stories.len());
        stories.extend(older.iter().take(room).cloned());
        Ok(stories)
    }

    pub(super) async fn rejects(&self, limit: usize) -> Result<Vec<Reject>, Refusal> {
        self.ask(|reply| ArchiveRequest::Rejects { limit, reply }).await
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> ArchiveRequest) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        ask(&self.inputs.archive, request(reply), answer).await
    }
}

/// Sends a request without waiting for room, and waits for its answer for a while.
pub(super) async fn ask<R, T>(
    to: &mpsc::Sender<R>,
    request: R,
    answer: oneshot::Receiver<T>,
) -> Result<T, Refusal> {
    to.try_send(request).map_err(|_| Refusal::Busy)?;
    match tokio::time::timeout(ARCHIVE_TIMEOUT, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) | Err(_) => Err(Refusal::Busy),
    }
}

/// Numbers snapshots as they come, so that what was made of one can be told from what was made of the next.
struct Numbered<T>(Mutex<(Arc<T>, u64)>);

impl<T> Numbered<T> {
    fn new(first: Arc<T>) -> Self {
        Self(Mutex::new((first, 0)))
    }

    fn number(&self, current: &Arc<T>) -> (Arc<T>, u64) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&last.0, current) {
            *last = (Arc::clone(current), last.1 + 1);
        }
        (Arc::clone(&last.0), last.1)
    }
}

//! Connections: accepted up to a limit, and closed when they take too long. At the limit the connection that has been
//! idle for longest makes room, so that many that hold on, or send their request byte by byte, lock nobody out.

use super::Settings;
use super::listen::{Listener, Socket};
use crate::metrics::Metrics;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::{Request, Response, server::conn::http1};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// The longest head of a request: request line and headers.
const MOST_HEAD_BYTES: usize = 16 << 10;
/// The most headers of a request.
const MOST_HEADERS: usize = 64;
/// How long to wait where the system has no file descriptor left.
const NO_DESCRIPTOR_PAUSE: Duration = Duration::from_millis(100);

/// Answers requests; one for each listener.
pub(super) trait Answer: Clone + Send + Sync + 'static {
    /// Never fails: errors are answers, too.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response<axum::body::Body>> + Send;
}

/// The open connections of the listeners of one kind.
pub(super) struct Connections {
    limit: usize,
    head_timeout: Duration,
    request_timeout: Duration,
    metrics: Option<Arc<Metrics>>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    open: usize,
    /// Grows by one for each connection that becomes idle: the order of making room.
    clock: u64,
    idle: BTreeMap<u64, Arc<Slot>>,
}

/// One connection's place.
struct Slot {
    phase: Mutex<Phase>,
    make_room: Notify,
}

/// What a connection does, and since when.
#[derive(Clone, Copy)]
enum Phase {
    /// Waits for a request, or for the rest of one; the number is its key in [`Held::idle`].
    Idle(u64, Instant),
    /// Is being answered.
    Busy(Instant),
}

impl Connections {
    pub(super) fn new(settings: &Settings, metrics: Option<Arc<Metrics>>) -> Self {
        Self {
            limit: settings.max_connections.max(1),
            head_timeout: settings.head_timeout,
            request_timeout: settings.request_timeout,
            metrics,
            held: Mutex::default(),
        }
    }

    /// A place for a new connection; `None` where all others are being answered.
    fn admit(self: &Arc<Self>) -> Option<Place> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.open >= self.limit {
            let (_, idlest) = held.idle.pop_first()?;
            idlest.make_room.notify_one();
            self.count_dropped();
        }
        held.open += 1;
        held.clock += 1;
        let key = held.clock;
        let slot =
            Arc::new(Slot { phase: Mutex::new(Phase::Idle(key, Instant::now())), make_room: Notify::new() });
        held.idle.insert(key, Arc::clone(&slot));
        self.show_open(held.open);
        Some(Place { connections: Arc::clone(self), slot })
    }

    fn set_phase(&self, slot: &Arc<Slot>, is_busy: bool) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut phase = slot.phase.lock().unwrap_or_else(PoisonError::into_inner);
        if let Phase::Idle(key, _) = *phase {
            held.idle.remove(&key);
        }
        *phase = if is_busy {
            Phase::Busy(Instant::now())
        } else {
            held.clock += 1;
            let key = held.clock;
            held.idle.insert(key, Arc::clone(slot));
            Phase::Idle(key, Instant::now())
        };
    }

    /// When the connection has taken too long, as things are.
    fn deadline(&self, slot: &Slot) -> Instant {
        match *slot.phase.lock().unwrap_or_else(PoisonError::into_inner) {
            // hyper's own limit is for the head alone; this one holds for an answer that nobody takes, too.
            Phase::Idle(_, since) => since + self.head_timeout + self.request_timeout,
            Phase::Busy(since) => since + self.request_timeout,
        }
    }

    fn count_dropped(&self) {
        if let Some(metrics) = &self.metrics {
            metrics.http_connections_dropped.increment();
        }
    }

    fn show_open(&self, open: usize) {
        if let Some(metrics) = &self.metrics {
            metrics.http_connections.set_count(open);
        }
    }
}

/// A connection's place, given back when it is dropped.
struct Place {
    connections: Arc<Connections>,
    slot: Arc<Slot>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.connections.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Phase::Idle(key, _) = *self.slot.phase.lock().unwrap_or_else(PoisonError::into_inner) {
            held.idle.remove(&key);
        }
        held.open = held.open.saturating_sub(1);
        self.connections.show_open(held.open);
    }
}

/// Marks a connection as busy while it lives: from a request's head to the end of its answer's body.
struct Busy {
    connections: Arc<Connections>,
    slot: Arc<Slot>,
}

impl Busy {
    fn begin(connections: &Arc<Connections>, slot: &Arc<Slot>) -> Self {
        connections.set_phase(slot, true);
        Self { connections: Arc::clone(connections), slot: Arc::clone(slot) }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.connections.set_phase(&self.slot, false);
    }
}

/// Accepts until `stop` says true, then waits for the answers that are under way.
pub(super) async fn accept<A: Answer>(
    listener: Listener,
    service: A,
    connections: Arc<Connections>,
    mut stop: watch::Receiver<bool>,
) {
    let mut serving = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = accept_one(&listener) => accepted,
        };
        while serving.try_join_next().is_some() {}
        match accepted {
            Ok(stream) => {
                let Some(place) = connections.admit() else {
                    connections.count_dropped();
                    continue;
                };
                serving.spawn(serve(stream, service.clone(), place, stop.clone()));
            }
            Err(error) => {
                // Mostly EMFILE. The listener stays; a moment later there may be room.
                tracing::warn!(%error, "cannot accept a connection: {error}");
                tokio::time::sleep(NO_DESCRIPTOR_PAUSE).await;
            }
        }
    }
    drop(listener);
    while serving.join_next().await.is_some() {}
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

async fn accept_one(listener: &Listener) -> std::io::Result<Box<dyn Stream>> {
    match &listener.socket {
        Socket::Tcp(listener) => {
            let (stream, _) = listener.accept().await?;
            // Answers are written whole; waiting for more would only delay them. A failure costs that delay.
            let _ = stream.set_nodelay(true);
            Ok(Box::new(stream))
        }
        Socket::Unix(listener) => Ok(Box::new(listener.accept().await?.0)),
    }
}

/// Serves one connection until it ends, has to make room, or takes too long.
async fn serve<A: Answer>(
    stream: Box<dyn Stream>,
    service: A,
    place: Place,
    mut stop: watch::Receiver<bool>,
) {
    let connections = Arc::clone(&place.connections);
    let slot = Arc::clone(&place.slot);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let busy = Busy::begin(&connections, &slot);
        let service = service.clone();
        async move {
            let answer = service.answer(request).await;
            Ok::<_, Infallible>(answer.map(|body| WhileSending { body, _busy: busy }))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(place.connections.head_timeout)
        .max_buf_size(MOST_HEAD_BYTES)
        .max_headers(MOST_HEADERS)
        .half_close(false)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut is_stopping = false;
    loop {
        let deadline = place.connections.deadline(&place.slot);
        tokio::select! {
            // Errors are the client's: it left, or sent what is no HTTP and was told so.
            _ = connection.as_mut() => return,
            () = place.slot.make_room.notified() => return,
            _ = stop.wait_for(|stop| *stop), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = tokio::time::sleep_until(deadline) => {
                // A new phase may have begun meanwhile, with a deadline of its own.
                if place.connections.deadline(&place.slot) <= Instant::now() {
                    place.connections.count_dropped();
                    return;
                }
            }
        }
    }
}

/// A body that keeps its connection marked as busy.
struct WhileSending {
    body: axum::body::Body,
    _busy: Busy,
}

impl Body for WhileSending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

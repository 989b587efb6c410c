//! The farm: every publisher of the demo wire behind a loopback address of its own, so that limits a host act
//! as they do in life.

use super::render;
use super::wire::{self, Edition, Format, Label, Publisher};
use crate::model::{EntryId, Excerpt, Feed, FeedId, Origin, Timestamp};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

#[cfg(test)]
mod tests;

/// Preferred, so that a second demo over kept data knows its feeds again; another one is taken where it is in use.
const PORT: u16 = 18_787;

/// How often the feeds of the demo ask to be polled: often enough to see the second editions come in.
const INTERVAL: Duration = Duration::from_secs(20);

/// What `Retry-After` asks for, in seconds.
const RETRY_AFTER: &str = "5";

/// A running farm. It stops when it is dropped.
#[derive(Debug)]
pub struct Farm {
    feeds: Vec<Feed>,
    networks: Vec<IpNet>,
    labels: BTreeMap<EntryId, Label>,
    servers: Vec<JoinHandle<()>>,
}

impl Farm {
    /// Starts one server a publisher on loopback; the ages of the entries count back from `now`. Needs a tokio
    /// runtime around it.
    pub fn start(now: Timestamp) -> io::Result<Self> {
        let runtime = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        let publishers =
            wire::publishers().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let labels = wire::labels().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let mut farm =
            Self { feeds: Vec::new(), networks: Vec::new(), labels: BTreeMap::new(), servers: Vec::new() };
        for (place, publisher) in (11..).zip(&publishers) {
            let listener = listen(place)?;
            let address = listener.local_addr()?;
            let feed = subscription(publisher, address);
            farm.networks.push(IpNet::from(address.ip()));
            let own = labels.iter().filter(|one| one.publisher == publisher.slug);
            farm.labels.extend(own.map(|one| (EntryId::of(feed.id, &one.guid), one.label.clone())));
            farm.feeds.push(feed);
            let listener = tokio::net::TcpListener::from_std(listener)?;
            farm.servers.push(runtime.spawn(serve(listener, Arc::new(Stand::new(publisher, now)))));
        }
        Ok(farm)
    }

    /// The subscriptions, in the order of the data.
    pub fn feeds(&self) -> Vec<Feed> {
        self.feeds.clone()
    }

    /// The addresses that it listens on, each as a network: what a daemon must be allowed to ask.
    pub fn networks(&self) -> Vec<IpNet> {
        self.networks.clone()
    }

    /// What is true of each entry, those of the second editions among them.
    pub fn labels(&self) -> &BTreeMap<EntryId, Label> {
        &self.labels
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

/// Binds a loopback address of the publisher's own. Systems that know 127.0.0.1 alone get another port there.
fn listen(place: u8) -> io::Result<TcpListener> {
    let own = Ipv4Addr::new(127, 0, 0, place);
    let listener = TcpListener::bind((own, PORT))
        .or_else(|_| TcpListener::bind((own, 0)))
        .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn subscription(publisher: &Publisher, address: SocketAddr) -> Feed {
    let path = if publisher.manner.moved { publisher.old_path() } else { publisher.path() };
    let url = format!("http://{address}{path}");
    Feed {
        id: FeedId::of(&url),
        name: Some(publisher.title.clone()),
        site: Some(publisher.site.to_string()),
        category: publisher.category.clone(),
        language: Some(publisher.language.clone()),
        interval: Some(INTERVAL),
        excerpt: Excerpt::Short,
        ..Feed::at(&url, Origin::Configuration)
    }
}

impl Publisher {
    fn path(&self) -> String {
        let ending = if self.format == Format::Json { "json" } else { "xml" };
        format!("/{}/feed.{ending}", self.slug)
    }

    fn old_path(&self) -> String {
        format!("/{}/index.rdf", self.slug)
    }
}

/// Answers connections until it is aborted.
async fn serve(listener: tokio::net::TcpListener, stand: Arc<Stand>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely: they come back.
                tracing::warn!(%error, "the demo farm cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let stand = Arc::clone(&stand);
        connections.spawn(async move {
            let answer = service_fn(|request: Request<Incoming>| {
                let answer = stand.answer(request.method(), request.uri().path(), request.headers());
                async { Ok::<_, Infallible>(answer) }
            });
            // A poller that goes away in the middle is no fault of the farm.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// A publisher's two documents and what was asked of them so far.
#[derive(Debug)]
struct Stand {
    path: String,
    old_path: String,
    content_type: String,
    editions: [Printed; 2],
    takes_gzip: bool,
    busy_at: Option<usize>,
    requests: AtomicUsize,
    served: AtomicUsize,
}

/// One edition, with the validators that it is served with.
#[derive(Debug)]
struct Printed {
    body: Bytes,
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Stand {
    fn new(publisher: &Publisher, now: Timestamp) -> Self {
        Self {
            path: publisher.path(),
            old_path: publisher.old_path(),
            content_type: render::content_type(publisher).to_owned(),
            editions: [Edition::First, Edition::Second].map(|edition| Printed::new(publisher, edition, now)),
            takes_gzip: publisher.manner.gzip,
            busy_at: publisher.manner.busy_at,
            requests: AtomicUsize::new(0),
            served: AtomicUsize::new(0),
        }
    }

    fn answer(&self, method: &Method, path: &str, headers: &HeaderMap) -> Response<Full<Bytes>> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "");
        }
        if path == self.old_path {
            return with(plain(StatusCode::MOVED_PERMANENTLY, ""), header::LOCATION, &self.path);
        }
        if path != self.path {
            return plain(StatusCode::NOT_FOUND, "");
        }
        let request = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        if self.busy_at == Some(request) {
            return with(plain(StatusCode::SERVICE_UNAVAILABLE, "busy\n"), header::RETRY_AFTER, RETRY_AFTER);
        }
        let [first, second] = &self.editions;
        let printed = if self.served.load(Ordering::Relaxed) == 0 { first } else { second };
        if printed.is_known_by(headers) {
            return printed.validated(plain(StatusCode::NOT_MODIFIED, ""));
        }
        self.served.fetch_add(1, Ordering::Relaxed);
        self.full(printed, headers)
    }

    fn full(&self, printed: &Printed, headers: &HeaderMap) -> Response<Full<Bytes>> {
        let accepted =
            headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let packed =
            if self.takes_gzip && accepted.contains("gzip") { gzip(&printed.body).ok() } else { None };
        let is_packed = packed.is_some();
        let response = Response::new(Full::new(packed.unwrap_or_else(|| printed.body.clone())));
        let response = with(printed.validated(response), header::CONTENT_TYPE, &self.content_type);
        if is_packed { with(response, header::CONTENT_ENCODING, "gzip") } else { response }
    }
}

impl Printed {
    fn new(publisher: &Publisher, edition: Edition, now: Timestamp) -> Self {
        let body = Bytes::from(render::document(publisher, edition, now));
        let manner = &publisher.manner;
        let changed = publisher.entries(edition).iter().map(|entry| entry.updated(now)).max().unwrap_or(now);
        Self {
            etag: (!manner.without_etag).then(|| {
                let weak = if manner.gzip { "W/" } else { "" };
                format!("{weak}\"{:08x}\"", crc32fast::hash(&body))
            }),
            last_modified: (!manner.without_last_modified).then(|| httpdate::fmt_http_date(changed.into())),
            body,
        }
    }

    /// RFC 9110 §13.2.2: where there is an `If-None-Match`, the date is not looked at.
    fn is_known_by(&self, headers: &HeaderMap) -> bool {
        let given = |name, own: Option<&String>| {
            headers
                .get(name)
                .map(|value: &HeaderValue| own.is_some_and(|own| value.as_bytes() == own.as_bytes()))
        };
        given(header::IF_NONE_MATCH, self.etag.as_ref())
            .or_else(|| given(header::IF_MODIFIED_SINCE, self.last_modified.as_ref()))
            .unwrap_or(false)
    }

    fn validated(&self, mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
        if let Some(etag) = &self.etag {
            response = with(response, header::ETAG, etag);
        }
        if let Some(last_modified) = &self.last_modified {
            response = with(response, header::LAST_MODIFIED, last_modified);
        }
        response
    }
}

fn plain(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    response
}

/// The response with one more header; a value that no header can hold is left out.
fn with(mut response: Response<Full<Bytes>>, name: header::HeaderName, value: &str) -> Response<Full<Bytes>> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

fn gzip(body: &[u8]) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body)?;
    Ok(Bytes::from(encoder.finish()?))
}

//! Which path is answered by whom.

use super::connections::Answer;
use super::pages;
use super::reply::{self, Refusal};
use super::state::Shared;
use super::wishes::Wishes;
use super::{Readiness, admin, assets, feeds, websub};
use crate::metrics::StatusClass;
use crate::model::Kind;
use crate::publish::{Format, Scope};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Request, Response, StatusCode, Uri, header};
use axum::routing::get;
use hyper::body::{Body as _, Incoming};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tower::ServiceExt;

/// What a handler gives.
pub(super) type Reply = Result<Response<Body>, Refusal>;

impl axum::response::IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        reply::refuse(&self)
    }
}

/// What readers may ask.
pub(super) fn readers(shared: &Arc<Shared>) -> Readers {
    let router = Router::new()
        .route("/", get(front))
        .route("/feed.rss", get(|shared, query, headers| wire(shared, query, headers, Format::Rss)))
        .route("/feed.atom", get(|shared, query, headers| wire(shared, query, headers, Format::Atom)))
        .route("/feed.json", get(|shared, query, headers| wire(shared, query, headers, Format::Json)))
        .route("/days/{day}", get(day))
        .route("/topics", get(topics))
        .route("/topics.opml", get(assets::topics_opml))
        .route("/topics/{topic}", get(topic))
        .route("/kinds/{kind}", get(kind))
        .route("/search", get(search))
        .route("/search.rss", get(|shared, query, headers| search_feed(shared, query, headers, Format::Rss)))
        .route(
            "/search.atom",
            get(|shared, query, headers| search_feed(shared, query, headers, Format::Atom)),
        )
        .route(
            "/search.json",
            get(|shared, query, headers| search_feed(shared, query, headers, Format::Json)),
        )
        .route("/stories/{story}", get(story))
        .route("/sources", get(sources))
        .route("/sources.opml", get(assets::sources_opml))
        .route("/sources.atom", get(assets::sources_atom))
        .route("/icon.svg", get(assets::icon))
        .route("/icon.png", get(assets::png))
        .route("/favicon.ico", get(assets::favicon))
        .route("/robots.txt", get(assets::robots))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/websub/{id}", get(websub::verify).post(websub::push))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(Arc::clone(shared));
    Readers { shared: Arc::clone(shared), router, has_warned: Arc::new(AtomicBool::new(false)) }
}

/// What the operator may ask.
pub(super) fn operators(shared: &Arc<Shared>) -> Operators {
    let router = Router::new()
        .route("/", get(admin::index))
        .route("/metrics", get(admin::metrics))
        .route("/rejects", get(admin::rejects))
        .route("/rejects.json", get(admin::rejects_json))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(Arc::clone(shared));
    Operators { shared: Arc::clone(shared), router }
}

/// Answers readers.
#[derive(Clone)]
pub(super) struct Readers {
    shared: Arc<Shared>,
    router: Router,
    has_warned: Arc<AtomicBool>,
}

impl Answer for Readers {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let began = tokio::time::Instant::now();
        self.warn_of_unknown_host(request.headers());
        let mut answer = route(&self.router, &self.shared, request).await;
        reply::protect(&mut answer);
        let metrics = &self.shared.inputs.metrics;
        metrics.http_requests.of(StatusClass::of(answer.status().as_u16())).increment();
        metrics.http_seconds.observe(began.elapsed().as_secs_f64());
        metrics.http_sent_bytes.add(answer.body().size_hint().exact().unwrap_or_default());
        answer
    }
}

impl Readers {
    /// Readers who come under another name than our links use would be sent to a place that they cannot reach.
    fn warn_of_unknown_host(&self, headers: &HeaderMap) {
        let (wire, _) = self.shared.wire();
        if wire.settings.public_url.is_some() || self.has_warned.load(Ordering::Relaxed) {
            return;
        }
        let Some(given) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return };
        let ours = wire.base.authority();
        let is_loopback = |authority: &str| {
            let host = host_of(authority);
            host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        };
        if given.eq_ignore_ascii_case(ours) || (is_loopback(given) && is_loopback(ours)) {
            return;
        }
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            let shown: String = given.chars().filter(|c| !c.is_control()).take(100).collect();
            tracing::warn!(
                host = %shown,
                "a reader came under the host name {shown:?}, but links in the feeds point to {ours}; set publish.public_url \
                 to the address that readers use"
            );
        }
    }
}

/// Answers the operator.
#[derive(Clone)]
pub(super) struct Operators {
    shared: Arc<Shared>,
    router: Router,
}

impl Answer for Operators {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let mut answer = if is_known_host(request.headers(), self.shared.admin_host.as_deref()) {
            route(&self.router, &self.shared, request).await
        } else {
            reply::refuse(&Refusal::Misdirected(
                "this listener answers under an IP address, localhost, or the name in serve.admin_listen"
                    .to_owned(),
            ))
        };
        reply::protect(&mut answer);
        answer
    }
}

/// A web page elsewhere can point a name of its own to our address and read what its visitor's browser may (DNS
/// rebinding); but then the browser sends that name.
fn is_known_host(headers: &HeaderMap, configured: Option<&str>) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) else {
        return false;
    };
    let host = host_of(host);
    host.parse::<IpAddr>().is_ok()
        || host.eq_ignore_ascii_case("localhost")
        || configured.is_some_and(|configured| host_of(configured).eq_ignore_ascii_case(host))
}

/// The host of `host:port` or `[v6]:port`.
fn host_of(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    match authority.split_once(':') {
        // More than one colon without brackets: an IPv6 address as it is.
        Some((_, rest)) if rest.contains(':') => authority,
        Some((host, _)) => host,
        None => authority,
    }
}

/// Routes a request, under the path of `public_url` as well as without it: a web server before us may strip it.
async fn route(router: &Router, shared: &Arc<Shared>, mut request: Request<Incoming>) -> Response<Body> {
    let (wire, _) = shared.wire();
    if let Some(uri) = without_prefix(request.uri(), &wire.base.path()) {
        *request.uri_mut() = uri;
    }
    let answered = router.clone().oneshot(request.map(Body::new));
    match tokio::time::timeout(shared.request_timeout, answered).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(never)) => match never {},
        Err(_) => reply::refuse(&Refusal::Timeout),
    }
}

fn without_prefix(uri: &Uri, prefix: &str) -> Option<Uri> {
    if prefix.is_empty() {
        return None;
    }
    let rest = uri.path_and_query()?.as_str().strip_prefix(prefix)?;
    match rest.chars().next() {
        Some('/') => rest.parse().ok(),
        None => Some(Uri::from_static("/")),
        Some('?') => format!("/{rest}").parse().ok(),
        Some(_) => None,
    }
}

fn wishes(query: Option<&str>) -> Result<Wishes, Refusal> {
    Wishes::read(query).map_err(Refusal::BadRequest)
}

/// `memory.rss` is a feed, `memory` a page.
fn named(path: &str) -> (&str, Option<Format>) {
    match path.rsplit_once('.') {
        Some((name, ending)) => match Format::of_ending(ending) {
            Some(format) => (name, Some(format)),
            None => (path, None),
        },
        None => (path, None),
    }
}

async fn wire(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    format: Format,
) -> Reply {
    feeds::feed(&shared, Scope::Wire, format, wishes(query.as_deref())?, &headers).await
}

async fn front(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Reply {
    pages::front(&shared, &headers).await
}

async fn topics(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Reply {
    pages::topics(&shared, &headers).await
}

async fn topic(
    State(shared): State<Arc<Shared>>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Reply {
    let (slug, format) = named(&path);
    // Only slugs of our own list go on: nothing that a client sends reaches a header or a cache key otherwise.
    let (wire, _) = shared.wire();
    let topic = wire.topic(slug).ok_or_else(|| Refusal::NotFound("there is no such topic".to_owned()))?;
    list_or_feed(&shared, Scope::Topic(topic.slug.clone()), format, wishes(query.as_deref())?, &headers).await
}

async fn kind(
    State(shared): State<Arc<Shared>>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Reply {
    let (name, format) = named(&path);
    let kind: Kind = name.parse().map_err(|_| Refusal::NotFound("there is no such kind".to_owned()))?;
    list_or_feed(&shared, Scope::Kind(kind), format, wishes(query.as_deref())?, &headers).await
}

async fn list_or_feed(
    shared: &Arc<Shared>,
    scope: Scope,
    format: Option<Format>,
    wishes: Wishes,
    headers: &HeaderMap,
) -> Reply {
    match format {
        Some(format) => feeds::feed(shared, scope, format, wishes, headers).await,
        None => pages::list(shared, scope, wishes, headers).await,
    }
}

async fn search(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Reply {
    let wishes = wishes(query.as_deref())?;
    if wishes.query().is_none() {
        return pages::search_form(&shared, &headers).await;
    }
    let scope = wishes.scope().map_err(Refusal::BadRequest)?;
    pages::list(&shared, scope, wishes, &headers).await
}

async fn search_feed(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    format: Format,
) -> Reply {
    let wishes = wishes(query.as_deref())?;
    let scope = wishes.scope().map_err(Refusal::BadRequest)?;
    feeds::feed(&shared, scope, format, wishes, &headers).await
}

async fn day(State(shared): State<Arc<Shared>>, Path(day): Path<String>, headers: HeaderMap) -> Reply {
    let no_day = || Refusal::NotFound("there is no such day; days are written like 2026-03-10".to_owned());
    let day: chrono::NaiveDate = day.parse().map_err(|_| no_day())?;
    if day > shared.now().date_naive() || day < chrono::DateTime::UNIX_EPOCH.date_naive() {
        return Err(no_day());
    }
    pages::list(&shared, Scope::Day(day), Wishes::default(), &headers).await
}

async fn story(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap) -> Reply {
    let id = id.parse().map_err(|_| Refusal::NotFound("there is no such story".to_owned()))?;
    pages::story(&shared, id, &headers).await
}

async fn sources(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Reply {
    pages::sources(&shared, &headers).await
}

async fn healthz() -> Response<Body> {
    reply::plain(StatusCode::OK, "ok\n")
}

async fn readyz(State(shared): State<Arc<Shared>>) -> Response<Body> {
    match &*shared.inputs.readiness.borrow() {
        Readiness::Ready => reply::plain(StatusCode::OK, "ready\n"),
        Readiness::Waiting(why) => {
            reply::plain(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n"))
        }
    }
}

async fn not_found() -> Refusal {
    Refusal::NotFound("there is nothing here".to_owned())
}

async fn method_not_allowed() -> Refusal {
    Refusal::MethodNotAllowed
}

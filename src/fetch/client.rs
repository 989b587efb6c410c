//! The HTTP client beneath: connections behind the wall, kept for the next request, with bounded heads. It follows
//! nothing, retries nothing that a server can have seen, and adds nothing to a request but who we are.
//!
//! It is hyper's own client rather than one of the comfortable ones, since those send a URL as the URL standard
//! rewrites it, not as it was subscribed.

use super::guard::GuardedResolver;
use super::target::Target;
use super::{FetchError, Settings, tls};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderValue, USER_AGENT};
use hyper::rt::{Read, Write};
use hyper::{Method, Request, Response, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::client::legacy::{self};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use ipnet::IpNet;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::Service;

/// Fields of a head; real ones have up to some sixty (guess from heads of content delivery networks).
const MAX_HEADER_FIELDS: usize = 256;

/// Bytes of a head under HTTP/2; under HTTP/1 hyper's own limit of about 400 KiB holds.
const MAX_HEADER_BYTES: u32 = 256 * 1024;

/// An idle connection is kept for the next feed of the same host.
const IDLE_TIME: Duration = Duration::from_secs(30);
const MAX_IDLE_PER_HOST: usize = 4;

/// What the client says of a request that it could not send, or that got no answer.
pub(super) type ClientError = legacy::Error;

/// The client. Clones share connections.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: legacy::Client<Timed<HttpsConnector<HttpConnector<GuardedResolver>>>, Full<Bytes>>,
    user_agent: HeaderValue,
}

impl Client {
    pub(super) fn new(settings: &Settings, allowed: Arc<[IpNet]>) -> Result<Self, FetchError> {
        let mut plain = HttpConnector::new_with_resolver(GuardedResolver { allowed });
        plain.enforce_http(false);
        plain.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::client_config(settings.extra_ca.as_deref())?)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(plain);
        let connector = Timed { connector, limit: settings.limits.connect_timeout };
        let http = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .http1_max_headers(MAX_HEADER_FIELDS)
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http2_max_header_list_size(MAX_HEADER_BYTES)
            .build(connector);
        Ok(Self { http, user_agent: settings.user_agent()? })
    }

    /// One request, as the future of the head of its answer.
    pub(super) fn send(
        &self,
        method: Method,
        target: &Target,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<impl Future<Output = Result<Response<Incoming>, ClientError>> + use<>, FetchError> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = target.uri()?;
        *request.headers_mut() = headers;
        request.headers_mut().insert(USER_AGENT, self.user_agent.clone());
        Ok(self.http.request(request))
    }
}

/// No connection within the time, TCP and TLS together.
#[derive(Debug, thiserror::Error)]
#[error("no connection in time")]
pub(super) struct ConnectTimeout;

/// A connector that gives up after a while.
#[derive(Debug, Clone)]
struct Timed<C> {
    connector: C,
    limit: Duration,
}

type Cause = Box<dyn Error + Send + Sync>;

impl<C> Service<Uri> for Timed<C>
where
    C: Service<Uri, Error = Cause>,
    C::Response: Read + Write + Connection + Unpin + Send + 'static,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = Cause;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, Cause>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = tokio::time::timeout(self.limit, self.connector.call(uri));
        Box::pin(async move { connecting.await.unwrap_or_else(|_| Err(Box::new(ConnectTimeout))) })
    }
}

//! One conditional GET, and everything that a hostile or clumsy server can make of it: the only HTTP client.
//!
//! It follows redirects itself, so that every hop passes the wall against private addresses; undoes
//! content codings itself, so that both what comes over the wire and what comes out of it are bounded; and takes
//! a body only when it is whole. It keeps no state between fetches but open connections: no cookies, no cache, no
//! retries. When to ask again is `schedule`'s, what the document says is `parse`'s to decide.
//!
//! ```no_run
//! # async fn example(fetcher: chipwire::fetch::Fetcher, state: chipwire::model::FeedState,
//! #     cadence: chipwire::schedule::Cadence, now: chipwire::model::Timestamp) {
//! use chipwire::fetch::{Fetched, FetchRequest};
//! use chipwire::schedule::{self, PollOutcome, Reading};
//!
//! let outcome = match fetcher.fetch(FetchRequest::of(&state, now)).await {
//!     Err(error) => PollOutcome::Failed(error.failure()),
//!     Ok(Fetched::Unchanged(answer)) => PollOutcome::Unchanged(answer),
//!     Ok(Fetched::Document(_, answer)) if schedule::is_same_body(&state, &answer) => PollOutcome::Same(answer),
//!     Ok(Fetched::Document(document, answer)) => {
//!         // Parse it; a document that is no feed is PollOutcome::NoFeed instead.
//!         PollOutcome::Read(answer, Reading { is_delta: document.is_delta, ..Reading::default() })
//!     }
//! };
//! // Goes into the same batch as the entries that the poll brought.
//! let next = schedule::finish_poll(&state, &outcome, None, &cadence, now);
//! # }
//! ```

mod decode;
mod error;
mod guard;
mod headers;
mod hub;
mod redirect;
mod settings;
mod tls;

pub use decode::DecodeError;
pub use error::{FetchError, RedirectFault, Shown, Stage};
pub use guard::Refused;
pub use hub::random_bytes;
pub use settings::{Limits, Settings};

use crate::model::{Answer, Document, FeedState, Timestamp, Validators};
use crate::schedule;
use bytes::Bytes;
use decode::Decoder;
use ipnet::IpNet;
use redirect::{Credentials, Trail};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    IF_MODIFIED_SINCE, IF_NONE_MATCH,
};
use reqwest::{Client, Response, StatusCode};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

/// What we can read, best first; `*/*` at the end, since some servers answer 406 without it.
const ACCEPTED_TYPES: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1";

const ACCEPTED_CODINGS: &str = "gzip, deflate, br, zstd";

/// RFC 3229 §10.5.1 with the instance manipulation `feed`, which publishers of feeds made up for themselves.
const A_IM: HeaderName = HeaderName::from_static("a-im");
const IM: HeaderName = HeaderName::from_static("im");

/// Fields of a head; real ones have up to some sixty (guess from heads of content delivery networks).
const MAX_HEADER_FIELDS: usize = 256;

/// Bytes of a head under HTTP/2; under HTTP/1 hyper's own limit of about 400 KiB holds.
const MAX_HEADER_BYTES: u32 = 256 * 1024;

/// Of the body of a redirect or an error only so much is read, to keep the connection.
const MAX_DRAINED_BYTES: usize = 64 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// An idle connection is kept for the next feed of the same host.
const IDLE_TIME: Duration = Duration::from_secs(30);
const MAX_IDLE_PER_HOST: usize = 4;

/// What to fetch.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    /// The URL; credentials in it go to its own host only.
    pub url: String,
    /// What to ask conditionally with; sent to the URL that gave it, to no other.
    pub validators: Validators,
    /// The time now.
    pub now: Timestamp,
}

impl FetchRequest {
    /// The request that a feed's next poll is.
    pub fn of(state: &FeedState, now: Timestamp) -> Self {
        let validators = if schedule::is_unconditional(state, now) {
            Validators::default()
        } else {
            state.validators.clone()
        };
        Self { url: state.polled_url.clone(), validators, now }
    }

    /// A request without a history.
    pub fn first(url: &str, now: Timestamp) -> Self {
        Self { url: url.to_owned(), validators: Validators::default(), now }
    }
}

/// What an answered request brought.
#[derive(Debug)]
pub enum Fetched {
    /// 304: what we have is current.
    Unchanged(Answer),
    /// A whole body.
    Document(Document, Answer),
}

/// A body that grows beyond so much waits for one of a few places, so that many hostile publishers at once cost no
/// more memory than a few. Both numbers are guesses: a feed of 2 MiB is rare.
const LARGE_BODY_BYTES: u64 = 2 << 20;
const LARGE_BODIES: usize = 6;

/// The HTTP client. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client,
    limits: Limits,
    allowed: Arc<[IpNet]>,
    large_bodies: Arc<Semaphore>,
}

impl Fetcher {
    /// Builds the client; an error where `extra_ca` or `contact` cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, FetchError> {
        let allowed: Arc<[IpNet]> = settings.allow_networks.as_slice().into();
        let client = Client::builder()
            .user_agent(settings.user_agent()?)
            .tls_backend_preconfigured(tls::client_config(settings.extra_ca.as_deref())?)
            .dns_resolver(guard::GuardedResolver { allowed: Arc::clone(&allowed) })
            // A proxy of the environment would connect for us, behind the wall.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(settings.limits.connect_timeout)
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .http1_max_headers(MAX_HEADER_FIELDS)
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http2_max_header_list_size(MAX_HEADER_BYTES)
            .build()
            .map_err(|error| FetchError::Setup(error.to_string()))?;
        let large_bodies = Arc::new(Semaphore::new(LARGE_BODIES));
        Ok(Self { client, limits: settings.limits, allowed, large_bodies })
    }

    /// Fetches a document, within the limits whatever the server does. Dropping the future ends the fetch.
    pub async fn fetch(&self, request: FetchRequest) -> Result<Fetched, FetchError> {
        let start = redirect::http_url(&request.url)?;
        let limit = self.limits.timeout;
        let too_slow = FetchError::TooSlow { url: Shown::of(&start), stage: Stage::Whole, limit };
        tokio::time::timeout(limit, self.follow(start, &request)).await.unwrap_or(Err(too_slow))
    }

    async fn follow(&self, mut start: Url, request: &FetchRequest) -> Result<Fetched, FetchError> {
        let began = Instant::now();
        let credentials = Credentials::take(&mut start);
        let mut trail = Trail::new(start);
        loop {
            let url = trail.url().clone();
            let mut headers = HeaderMap::new();
            if let Some(value) = credentials.as_ref().and_then(|credentials| credentials.for_hop(&url)) {
                headers.insert(AUTHORIZATION, value);
            }
            if request.validators.url == url.as_str() {
                add_conditions(&mut headers, &request.validators);
            }
            let was_conditional =
                headers.contains_key(IF_NONE_MATCH) || headers.contains_key(IF_MODIFIED_SINCE);
            let response = self.ask(&url, headers).await?;
            if trail.step(response.status().as_u16(), response.headers())? {
                drain(response).await;
                continue;
            }
            let at = request.now + began.elapsed();
            let permanent_target = trail.permanent_target().cloned().map(|target| match &credentials {
                Some(credentials) => credentials.put_into(target),
                None => target,
            });
            return self.take(response, Hop { url, permanent_target, was_conditional, at }).await;
        }
    }

    /// One request; gives the head of its answer.
    async fn ask(&self, url: &Url, headers: HeaderMap) -> Result<Response, FetchError> {
        guard::check_literal(url, &self.allowed)
            .map_err(|refused| FetchError::Forbidden { url: Shown::of(url), refused })?;
        let sent = self
            .client
            .get(url.clone())
            .header(ACCEPT, ACCEPTED_TYPES)
            .header(ACCEPT_ENCODING, ACCEPTED_CODINGS)
            .headers(headers)
            .send();
        self.head(url, sent).await
    }

    async fn head(
        &self,
        url: &Url,
        sent: impl Future<Output = reqwest::Result<Response>>,
    ) -> Result<Response, FetchError> {
        let limit = self.limits.head_timeout;
        match tokio::time::timeout(limit, sent).await {
            Ok(answer) => {
                answer.map_err(|error| FetchError::from_client(&error, url, self.limits.connect_timeout))
            }
            Err(_) => Err(FetchError::TooSlow { url: Shown::of(url), stage: Stage::Head, limit }),
        }
    }

    async fn take(&self, response: Response, hop: Hop) -> Result<Fetched, FetchError> {
        let status = response.status();
        let is_delta = status == StatusCode::IM_USED && hop.was_conditional && names_feed(response.headers());
        if status == StatusCode::NOT_MODIFIED {
            return Ok(Fetched::Unchanged(hop.answer(&response)));
        }
        if status != StatusCode::OK && !is_delta {
            let error = refusal(&hop.url, &response, hop.at);
            drain(response).await;
            return Err(error);
        }
        let content_type = response
            .headers()
            .get(CONTENT_TYPE)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let mut answer = hop.answer(&response);
        let (body, wire_bytes) = self.body(response, &hop.url).await?;
        answer.wire_bytes = wire_bytes;
        answer.body_hash = Some(body_hash(&body));
        Ok(Fetched::Document(Document { url: hop.url, content_type, body, is_delta }, answer))
    }

    /// The whole body, decoded, and its bytes on the wire.
    async fn body(&self, mut response: Response, url: &Url) -> Result<(Bytes, u64), FetchError> {
        let limit_bytes = self.limits.max_body_bytes;
        let too_large = || FetchError::TooLarge { url: Shown::of(url), limit_bytes };
        if response.content_length().is_some_and(|length| length > limit_bytes) {
            return Err(too_large());
        }
        let coding = |cause| FetchError::from_coding(cause, url);
        let mut decoder = Decoder::new(&headers::codings(response.headers()), limit_bytes).map_err(coding)?;
        let mut wire_bytes = 0;
        let mut place = None;
        loop {
            let piece = response
                .chunk()
                .await
                .map_err(|error| FetchError::from_client(&error, url, self.limits.connect_timeout))?;
            let Some(piece) = piece else { break };
            wire_bytes += piece.len() as u64;
            if wire_bytes > limit_bytes {
                return Err(too_large());
            }
            decoder.feed(&piece).map_err(coding)?;
            if place.is_none() && decoder.len().max(wire_bytes) > LARGE_BODY_BYTES {
                // The semaphore is never closed; without a place the body is read all the same.
                place = self.large_bodies.acquire().await.ok();
            }
        }
        Ok((decoder.finish().map_err(coding)?.into(), wire_bytes))
    }
}

/// The last hop of a fetch.
struct Hop {
    url: Url,
    permanent_target: Option<Url>,
    was_conditional: bool,
    at: Timestamp,
}

impl Hop {
    /// What the head of the answer says; of its body nothing yet.
    fn answer(&self, response: &Response) -> Answer {
        let headers = response.headers();
        let (hubs, self_link) = headers::links(headers, &self.url);
        Answer {
            status: response.status().as_u16(),
            at: self.at,
            final_url: self.url.as_str().to_owned(),
            validators: headers::validators(headers, &self.url),
            was_conditional: self.was_conditional,
            fresh_for: headers::fresh_for(headers, self.at),
            permanent_target: self.permanent_target.as_ref().map(|url| url.as_str().to_owned()),
            hubs,
            self_link,
            host_pause: headers::budget_pause(headers, self.at),
            wire_bytes: 0,
            body_hash: None,
        }
    }
}

fn add_conditions(headers: &mut HeaderMap, validators: &Validators) {
    let value = |bytes: &Option<Vec<u8>>| HeaderValue::from_bytes(bytes.as_deref()?).ok();
    if let Some(etag) = value(&validators.etag) {
        headers.insert(IF_NONE_MATCH, etag);
        headers.insert(A_IM, HeaderValue::from_static("feed"));
    }
    if let Some(last_modified) = value(&validators.last_modified) {
        headers.insert(IF_MODIFIED_SINCE, last_modified);
    }
}

/// Whether a 226 says that it was made with the manipulation that we offered.
fn names_feed(headers: &HeaderMap) -> bool {
    headers
        .get_all(IM)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| one.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("feed"))
}

/// The error that a status stands for.
fn refusal(url: &Url, response: &Response, at: Timestamp) -> FetchError {
    let (status, headers, url) = (response.status(), response.headers(), Shown::of(url));
    // Cloudflare marks its challenges: developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/
    let is_challenge = headers.get("cf-mitigated").is_some_and(|value| value.as_bytes() == b"challenge");
    let pause = headers::retry_after(headers, at);
    match (status, pause) {
        (StatusCode::GONE, _) => FetchError::Gone { url },
        (StatusCode::TOO_MANY_REQUESTS, pause) => {
            let pause = pause.or_else(|| headers::budget_pause(headers, at));
            FetchError::SlowDown { url, status: status.as_u16(), pause }
        }
        (StatusCode::SERVICE_UNAVAILABLE, Some(_)) => {
            FetchError::SlowDown { url, status: status.as_u16(), pause }
        }
        _ if is_challenge => FetchError::Challenged { url, status: status.as_u16() },
        _ => FetchError::Status { url, status: status.as_u16() },
    }
}

/// Reads what is left of a short body, so that the connection can serve the next request; a long or slow one
/// costs the connection.
async fn drain(mut response: Response) {
    let read = async {
        let mut left = MAX_DRAINED_BYTES;
        while let Ok(Some(piece)) = response.chunk().await {
            let Some(rest) = left.checked_sub(piece.len()) else { return };
            left = rest;
        }
    };
    // Out of time is as good as out of bytes.
    let _ = tokio::time::timeout(DRAIN_TIME, read).await;
}

/// The first 64 bits of SHA-256: a publisher must not be able to make two bodies look the same.
fn body_hash(body: &[u8]) -> u64 {
    Sha256::digest(body).iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
}

//! The subscriber's side of WebSub (W3C Recommendation, 23 January 2018): what to ask hubs, what to answer them,
//! and whether a push is to be believed. Pure; `fetch` carries the requests, `serve` the callbacks, and `daemon`
//! stores the states that come out of here as part of their feed's.
//!
//! ```
//! use chipwire::model::{FeedState, FeedId, Timestamp};
//! use chipwire::websub::{self, Offer, Push, Reply, Subscriptions};
//! # let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
//! # let mut state = FeedState::new(FeedId::of("https://a.example/feed"), "https://a.example/feed", now);
//! # let base = url::Url::parse("https://wire.example/").unwrap();
//! # let random = [7; 32];
//! // 1. After a poll that read a document: what it offers.
//! let hubs = vec!["https://hub.example/".to_owned()];
//! let offer = Offer { hubs: &hubs, topic: "https://a.example/feed" };
//! state.hub = websub::follow_offer(state.hub.take(), &offer, &random, now);
//! // 2. Once the state is stored; also for each state at a start.
//! let mut subscriptions = Subscriptions::default();
//! subscriptions.put(&state);
//! // 3. When it wakes: fetcher.ask_hub(&hub.hub, &form, now), then websub::asked(…), then store and put again.
//! assert_eq!(subscriptions.take_due(now), [state.feed]);
//! let hub = state.hub.as_ref().unwrap();
//! let form = websub::form(hub, &base);
//! state.hub = Some(websub::asked(hub, Ok(websub::HubAnswer { status: 202, pause: None }), now));
//! // 4. GET /websub/TOKEN
//! let hub = state.hub.as_ref().unwrap();
//! let query = "hub.mode=subscribe&hub.topic=https%3A%2F%2Fa.example%2Ffeed&hub.challenge=abc&hub.lease_seconds=864000";
//! let (reply, next) = websub::verify(hub, query, now);
//! assert_eq!(reply, Reply::Challenge("abc".to_owned()));
//! // 5. POST /websub/TOKEN
//! let push = Push { signature: Some("sha256=00"), body: b"<feed/>" };
//! assert!(websub::check(hub, &push).is_err());
//! ```

mod push;
mod subscriptions;

pub use push::{Push, PushError, check};
pub use subscriptions::Subscriptions;

use crate::model::{HubState, Timestamp};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::time::Duration;
use url::{Host, Url, form_urlencoded};

/// How long a lease we ask for; hubs shorten it as they like (Google's gives at most this).
const LEASE: Duration = Duration::from_hours(10 * 24);

/// Bounds of a lease that is believed: shorter, and we would ask without a pause; longer, and a hub that forgot
/// us would not be noticed.
const MIN_LEASE: Duration = Duration::from_secs(6);
const MAX_LEASE: Duration = Duration::from_hours(30 * 24);

/// A hub that took a request has so long to verify it before it is asked again; doubles each time.
const VERIFICATION_TIME: Duration = Duration::from_mins(10);

/// The wait after a request that failed; doubles each time.
const FAILURE_WAIT: Duration = Duration::from_mins(2);

/// No wait is longer, and a hub that refuses is asked again after so long.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// Longer challenges are refused; real ones have some thirty characters.
const MAX_CHALLENGE_BYTES: usize = 4096;

/// What a feed offers: its hubs in its order, and the topic to name to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer<'a> {
    /// `rel=hub`: of the `Link` fields or, where these have none, of the document (WebSub §4).
    pub hubs: &'a [String],
    /// `rel=self` likewise; where there is none, the URL that the document came from.
    pub topic: &'a str,
}

/// Where hubs reach us: `poll.websub_callback`, or `publish.public_url` where that is https under a name that the
/// internet may know. `None` turns WebSub off.
pub fn callback_base(websub_callback: Option<&Url>, public_url: Option<&Url>) -> Option<Url> {
    websub_callback.or_else(|| public_url.filter(|url| is_public(url))).cloned()
}

/// Names that never resolve on the internet: RFC 6761, RFC 7686, RFC 8375, ICANN's `internal`, and what home
/// routers use.
const LOCAL_SUFFIXES: &[&str] =
    &["localhost", "local", "internal", "lan", "home", "arpa", "test", "example", "invalid", "onion"];

fn is_public(url: &Url) -> bool {
    let Some(Host::Domain(name)) = url.host() else { return false };
    let name = name.trim_end_matches('.');
    let last = name.rsplit('.').next().unwrap_or_default();
    url.scheme() == "https" && name.contains('.') && !LOCAL_SUFFIXES.contains(&last)
}

/// The subscription after a poll that read a document: the one we have while it is still offered, a new one, or
/// none. `random` are 32 bytes that nobody can guess, used once.
pub fn follow_offer(
    current: Option<HubState>,
    offer: &Offer,
    random: &[u8; 32],
    now: Timestamp,
) -> Option<HubState> {
    if let Some(current) = current
        && current.topic == offer.topic
        && offer.hubs.contains(&current.hub)
    {
        return Some(current);
    }
    let is_web = |hub: &&String| hub.starts_with("https://") || hub.starts_with("http://");
    let hub = offer
        .hubs
        .iter()
        .find(|hub| hub.starts_with("https://"))
        .or_else(|| offer.hubs.iter().find(is_web))?;
    let secret = |what: &str, bytes: usize| {
        let digest = Sha256::new().chain_update(what).chain_update(random).finalize();
        hex(digest.get(..bytes).unwrap_or(&digest))
    };
    Some(HubState {
        hub: hub.clone(),
        topic: offer.topic.to_owned(),
        token: secret("token", 16),
        secret: secret("secret", 32),
        is_verified: false,
        is_leaving: false,
        lease_until: None,
        next_request: now,
        failures: 0,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The subscription of a feed that was removed: the hub is to be asked to forget us.
#[must_use]
pub fn leave(hub: &HubState, now: Timestamp) -> HubState {
    HubState { is_leaving: true, next_request: now, failures: 0, ..hub.clone() }
}

/// The request that is due, as the form to send to the hub (§5.1).
pub fn form(hub: &HubState, callback_base: &Url) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("hub.callback", &callback(hub, callback_base));
    form.append_pair("hub.mode", if hub.is_leaving { "unsubscribe" } else { "subscribe" });
    form.append_pair("hub.topic", &hub.topic);
    if !hub.is_leaving {
        form.append_pair("hub.lease_seconds", &LEASE.as_secs().to_string());
        form.append_pair("hub.secret", &hub.secret);
    }
    form.finish()
}

fn callback(hub: &HubState, base: &Url) -> String {
    format!("{}/websub/{}", base.as_str().trim_end_matches('/'), hub.token)
}

/// What a hub answered to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubAnswer {
    /// The status.
    pub status: u16,
    /// Its `Retry-After`.
    pub pause: Option<Duration>,
}

/// The subscription after a request: `Err` where the hub could not be asked. A hub that took it has to verify it;
/// until it does, and after a failure, it is asked again after growing waits.
#[must_use]
pub fn asked(hub: &HubState, answer: Result<HubAnswer, ()>, now: Timestamp) -> HubState {
    let (first, pause) = match answer {
        Ok(HubAnswer { status: 200..=299, .. }) => (VERIFICATION_TIME, None),
        Ok(HubAnswer { status: 429 | 500..=599, pause }) => (FAILURE_WAIT, pause),
        // Not a topic of its own, not a hub at all: it may be tomorrow.
        Ok(HubAnswer { pause, .. }) => (LONGEST_WAIT, pause),
        Err(()) => (FAILURE_WAIT, None),
    };
    let doubled = first.saturating_mul(2_u32.saturating_pow(hub.failures.min(20)));
    let wait = doubled.max(pause.unwrap_or_default()).min(LONGEST_WAIT);
    let mut next = hub.clone();
    next.failures = hub.failures.saturating_add(1);
    next.next_request = later(now, wait);
    // Between two answers of a hub a lease may end: from then on the feed is polled at its own interval.
    next.is_verified = hub.is_verified && hub.lease_until.is_none_or(|until| until > now);
    next
}

/// What to answer to a hub's GET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// 200 with exactly this as `text/plain`.
    Challenge(String),
    /// 200 with nothing.
    Noted,
    /// 404: we asked for no such thing.
    NotFound,
}

/// What a verification leaves of the subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// It stays as it was.
    Unchanged,
    /// It is now this.
    Changed(HubState),
    /// It ended, as we asked.
    Ended,
}

/// A hub's GET to the callback of this subscription (§5.2, §5.3). For a token that we never gave out, answer 404
/// without asking here.
pub fn verify(hub: &HubState, query: &str, now: Timestamp) -> (Reply, Verified) {
    let find = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let not_found = (Reply::NotFound, Verified::Unchanged);
    if find("hub.topic").as_deref() != Some(hub.topic.as_str()) {
        return not_found;
    }
    let challenge = find("hub.challenge").filter(|text| (1..=MAX_CHALLENGE_BYTES).contains(&text.len()));
    match (find("hub.mode").as_deref(), challenge) {
        (Some("subscribe"), Some(challenge)) if !hub.is_leaving => {
            // Without a lease the hub forgets us never, it says; we ask again all the same.
            let asked = find("hub.lease_seconds").and_then(|text| text.parse().ok()).map(Duration::from_secs);
            let lease = asked.unwrap_or(LEASE).clamp(MIN_LEASE, MAX_LEASE);
            let next = HubState {
                is_verified: true,
                failures: 0,
                lease_until: Some(later(now, lease)),
                next_request: later(now, lease * 2 / 3),
                ..hub.clone()
            };
            (Reply::Challenge(challenge), Verified::Changed(next))
        }
        (Some("unsubscribe"), Some(challenge)) if hub.is_leaving => {
            (Reply::Challenge(challenge), Verified::Ended)
        }
        (Some("denied"), _) if !hub.is_leaving => {
            let next = HubState {
                is_verified: false,
                lease_until: None,
                next_request: later(now, LONGEST_WAIT),
                ..hub.clone()
            };
            (Reply::Noted, Verified::Changed(next))
        }
        _ => not_found,
    }
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.checked_add_signed(chrono::TimeDelta::from_std(wait).unwrap_or_default()).unwrap_or(now)
}

#[cfg(test)]
mod tests;

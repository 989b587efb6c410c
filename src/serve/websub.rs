//! The callback for WebSub hubs (W3C Recommendation, 23 January 2018): what they send goes to the daemon, which knows
//! the subscriptions and checks signatures. The id in the path is not guessable; one that nobody knows gets a 404.

use super::reply::{self, Refusal};
use super::routes::Reply;
use super::state::{Shared, ask};
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::sync::Arc;
use tokio::sync::oneshot;
use url::form_urlencoded;

/// The longest id of a callback.
const MOST_ID_CHARS: usize = 128;
/// The longest parameter of a verification: topics are URLs.
const MOST_PARAMETER_CHARS: usize = 4_096;

/// What a hub sent. Whoever drops the sender unanswered makes the hub try again later.
#[derive(Debug)]
pub enum HubEvent {
    /// It asks whether we want a subscription, or tells that it refuses one (§5.2, §5.3).
    Verify {
        /// Its question.
        verification: Verification,
        /// Whether the answer is yes.
        reply: oneshot::Sender<bool>,
    },
    /// It brings a feed's new content (§7).
    Push {
        /// The part of the callback's path that names the subscription.
        id: String,
        /// `X-Hub-Signature`: method and hex digits, as sent.
        signature: Option<String>,
        /// `Content-Type`, as sent.
        content_type: Option<String>,
        /// The document.
        body: Bytes,
        /// What became of it.
        reply: oneshot::Sender<PushAnswer>,
    },
}

/// A hub's question before it sends anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The part of the callback's path that names the subscription.
    pub id: String,
    /// `subscribe`, `unsubscribe` or `denied`.
    pub mode: String,
    /// The topic, as we gave it.
    pub topic: String,
    /// For how long the hub subscribes us.
    pub lease_seconds: Option<u64>,
    /// Why the hub denies it.
    pub reason: Option<String>,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushAnswer {
    /// Taken, or left aside since its signature is wrong; the hub is not told the difference (§8).
    Accepted,
    /// There is no such subscription: the hub should forget it.
    Gone,
}

pub(super) async fn verify(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Reply {
    let id = checked(id)?;
    let mut verification =
        Verification { id, mode: String::new(), topic: String::new(), lease_seconds: None, reason: None };
    let mut challenge = None;
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if value.len() > MOST_PARAMETER_CHARS {
            return Err(Refusal::BadRequest("a parameter is too long".to_owned()));
        }
        match name.as_ref() {
            "hub.mode" => verification.mode = value.into_owned(),
            "hub.topic" => verification.topic = value.into_owned(),
            "hub.challenge" => challenge = Some(value.into_owned()),
            "hub.lease_seconds" => verification.lease_seconds = value.parse().ok(),
            "hub.reason" => verification.reason = Some(value.into_owned()),
            _ => {}
        }
    }
    let is_denial = verification.mode == "denied";
    if !is_denial && !matches!(verification.mode.as_str(), "subscribe" | "unsubscribe") {
        return Err(unknown());
    }
    if !is_denial && challenge.is_none() {
        return Err(Refusal::BadRequest("hub.challenge is missing".to_owned()));
    }
    let (reply, answer) = oneshot::channel();
    let is_wanted = ask(&shared.inputs.hub_events, HubEvent::Verify { verification, reply }, answer).await?;
    if !is_wanted {
        return Err(unknown());
    }
    // The challenge goes back as plain text under `nosniff` and a policy that runs nothing.
    Ok(reply::plain(StatusCode::OK, challenge.unwrap_or_default()))
}

pub(super) async fn push(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    let id = checked(id)?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = match Limited::new(body, shared.max_push_bytes).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => return Err(Refusal::TooLarge),
        Err(_) => return Err(Refusal::BadRequest("the body broke off".to_owned())),
    };
    let (reply, answer) = oneshot::channel();
    let event = HubEvent::Push {
        id,
        signature: text("x-hub-signature"),
        content_type: text(header::CONTENT_TYPE.as_str()),
        body,
        reply,
    };
    match ask(&shared.inputs.hub_events, event, answer).await? {
        PushAnswer::Accepted => Ok(reply::plain(StatusCode::ACCEPTED, "taken\n")),
        PushAnswer::Gone => Ok(reply::plain(StatusCode::GONE, "there is no such subscription\n")),
    }
}

fn checked(id: String) -> Result<String, Refusal> {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let is_id = !id.is_empty() && id.len() <= MOST_ID_CHARS && id.bytes().all(is_token);
    if is_id { Ok(id) } else { Err(unknown()) }
}

fn unknown() -> Refusal {
    Refusal::NotFound("there is no such subscription".to_owned())
}

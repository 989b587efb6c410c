//! What only the operator sees: numbers, and what was turned away.

use super::cache::{Rendered, Rendition};
use super::pages;
use super::reply::{self, Media, Refusal};
use super::routes::Reply;
use super::state::Shared;
use crate::model::{Condition, Reject};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use std::sync::Arc;

/// So many rejects are shown.
const MOST_REJECTS: usize = 500;

pub(super) async fn index() -> Response<Body> {
    reply::plain(StatusCode::OK, "/metrics\n/rejects\n/rejects.json\n/healthz\n/readyz\n")
}

pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let metrics = &shared.inputs.metrics;
    let (sources, _) = shared.sources();
    let now = shared.now();
    for condition in <Condition as crate::metrics::Label>::ALL {
        let count = sources.all().iter().filter(|feed| feed.state.condition == *condition).count();
        metrics.feeds.of(*condition).set_count(count);
    }
    metrics.feed_success_age.replace(
        sources
            .all()
            .iter()
            .filter(|feed| !matches!(feed.state.condition, Condition::Gone | Condition::Paused))
            .filter_map(|feed| feed.state.last_success)
            .map(|success| now.signed_duration_since(success).as_seconds_f64().max(0.0)),
    );
    let mut answer = reply::plain(StatusCode::OK, metrics.render());
    let version = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, version);
    answer
}

pub(super) async fn rejects(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Reply {
    let rejects = shared.rejects(MOST_REJECTS).await?;
    let (wire, _) = shared.wire();
    let (sources, _) = shared.sources();
    let body = shared.on_a_thread(move || pages::rejects(&wire, &sources, &rejects)).await?;
    let mut answer = fresh(Rendered::new(Media::Html, body), &headers, &shared);
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

#[derive(Serialize)]
struct RejectLine<'a> {
    id: String,
    feed: String,
    title: &'a str,
    url: Option<&'a str>,
    first_seen: String,
    score: f32,
    kind: &'static str,
    topics: &'a [String],
    reasons: Vec<ReasonLine<'a>>,
}

#[derive(Serialize)]
struct ReasonLine<'a> {
    term: &'a str,
    field: &'static str,
    weight: f32,
}

pub(super) async fn rejects_json(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Reply {
    let rejects = shared.rejects(MOST_REJECTS).await?;
    let lines: Vec<RejectLine<'_>> = rejects.iter().map(reject_line).collect();
    let body = serde_json::to_vec(&lines).map_err(|_| Refusal::Busy)?;
    Ok(fresh(Rendered::new(Media::Json, body), &headers, &shared))
}

/// An answer that is made for this request alone.
fn fresh(rendered: Rendered, headers: &HeaderMap, shared: &Shared) -> Response<Body> {
    let rendition = Rendition::new(rendered, None, shared.now());
    let plan = reply::Plan::new(&rendition, headers, shared.now());
    reply::answer(&rendition, plan)
}

fn reject_line(reject: &Reject) -> RejectLine<'_> {
    let (entry, verdict) = (&reject.entry, &reject.verdict);
    RejectLine {
        id: entry.id.to_string(),
        feed: entry.feed.to_string(),
        title: &entry.title,
        url: entry.url.as_deref(),
        first_seen: entry.first_seen.to_rfc3339(),
        score: verdict.score,
        kind: verdict.kind.as_str(),
        topics: &verdict.topics,
        reasons: verdict
            .reasons
            .iter()
            .map(|reason| ReasonLine {
                term: &reason.term,
                field: reason.field.as_str(),
                weight: reason.weight,
            })
            .collect(),
    }
}

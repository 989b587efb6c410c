//! Answers about live data, for the control socket and for commands without a daemon alike. Reads come from the
//! store's reader; whatever changes something is an order to the editing role.

mod digest;
mod export;
mod feeds;
mod health;
mod opml;
mod request;
mod rules;
mod stories;
mod sweep;
mod why;

pub use digest::{Digest, digest};
pub use request::{Answer, Request};

use crate::daemon::{Current, Handle, Order, now};
use crate::model::{Feed, Timestamp};
use crate::store::StoreError;
use chrono::TimeDelta;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Why a request could not be answered, in words for whoever asked.
#[derive(Debug)]
pub(crate) struct Refusal(String);

impl<E: std::fmt::Display> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Where an answer's lines go; a client that went away stops the work at its next line.
pub(crate) struct Out(mpsc::Sender<Answer>);

impl Out {
    async fn line(&self, line: impl Into<String>) -> Result<(), Refusal> {
        self.say(Answer::Out(line.into())).await
    }

    async fn json(&self, value: &impl serde::Serialize) -> Result<(), Refusal> {
        self.line(serde_json::to_string(value)?).await
    }

    async fn say(&self, answer: Answer) -> Result<(), Refusal> {
        self.0.send(answer).await.map_err(|_| Refusal("whoever asked has gone".into()))
    }
}

/// Answers a request to its end.
pub async fn answer(handle: Handle, request: Request, answers: mpsc::Sender<Answer>) {
    let out = Out(answers);
    let status = match perform(&handle, request, &out).await {
        Ok(status) => status,
        Err(Refusal(message)) => {
            // A client that is gone needs no reason.
            let _ = out.say(Answer::Error(message)).await;
            1
        }
    };
    let _ = out.say(Answer::Exit(status)).await;
}

async fn perform(handle: &Handle, request: Request, out: &Out) -> Result<u8, Refusal> {
    match request {
        Request::Poll { feeds, json } => sweep::poll(handle, &feeds, json, out).await,
        Request::FeedsList { json } => feeds::list(handle, json, out).await,
        Request::FeedsAdd { url, name, category, unchecked } => {
            feeds::add(handle, feeds::Addition { url, name, category, unchecked }, out).await
        }
        Request::FeedsRemove { feed } => feeds::remove(handle, &feed, out).await,
        Request::FeedsPause { feed, paused } => feeds::pause(handle, &feed, paused, out).await,
        Request::FeedsCheck { feeds, json } => sweep::check(handle, &feeds, json, out).await,
        Request::FeedsImport { opml } => feeds::import(handle, &opml, out).await,
        Request::FeedsExport => feeds::export(handle, out).await,
        Request::FeedsHealth { json } => health::show(handle, json, out).await,
        Request::Stories { topic, since_seconds, limit, json } => {
            stories::list(handle, &stories::Listing { topic, since_seconds, limit, json }, out).await
        }
        Request::Correct { one, other, together } => {
            stories::correct(handle, (&one, &other), together, out).await
        }
        Request::TopicsList { json } => rules::topics(handle, json, out).await,
        Request::TopicsTest { slug, since_seconds, json } => {
            rules::test(handle, &slug, since_seconds, json, out).await
        }
        Request::Refilter { since_seconds, apply, json } => {
            rules::refilter(handle, since_seconds, apply, json, out).await
        }
        Request::Search { query, limit, json } => stories::search(handle, &query, limit, json, out).await,
        Request::Explain { one, other, json } => {
            why::explain(handle, &one, other.as_deref(), json, out).await
        }
        Request::Backup { file } => export::backup(handle, file, out).await,
        Request::Verify => export::verify(handle, out).await,
        Request::Export { entries, rejected } => export::export(handle, entries, rejected, out).await,
    }
}

/// Sends an order that is answered, and waits for its outcome.
async fn order<T>(
    handle: &Handle,
    make: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Order,
) -> Result<T, Refusal> {
    let (reply, outcome) = oneshot::channel();
    let stopped = || Refusal("chipwire is stopping".into());
    handle.orders.send(make(reply)).await.map_err(|_| stopped())?;
    Ok(outcome.await.map_err(|_| stopped())??)
}

fn current(handle: &Handle) -> Arc<Current> {
    Arc::clone(&handle.current.borrow())
}

/// RFC 3339 in UTC, to the second.
fn moment(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// The moment so long ago.
fn ago(seconds: u64) -> Timestamp {
    let age = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX);
    now().checked_sub_signed(age).unwrap_or(Timestamp::MIN_UTC)
}

/// The feeds that words name: by URL, or by name whatever its case. None named is all that are polled.
fn named<'a>(current: &'a Current, words: &[String]) -> Result<Vec<&'a Feed>, Refusal> {
    if words.is_empty() {
        return Ok(current.feeds.iter().filter(|feed| feed.enabled).collect());
    }
    words.iter().map(|word| feed(current, word)).collect()
}

fn feed<'a>(current: &'a Current, word: &str) -> Result<&'a Feed, Refusal> {
    let by_url = current.feeds.iter().find(|feed| feed.url == word);
    let has_name =
        |feed: &&Feed| feed.name.as_deref().is_some_and(|name| name.to_lowercase() == word.to_lowercase());
    by_url.or_else(|| current.feeds.iter().find(has_name)).ok_or_else(|| {
        let near = current.feeds.iter().filter_map(|feed| feed.name.as_deref());
        let near =
            near.min_by_key(|name| strsim::damerau_levenshtein(&name.to_lowercase(), &word.to_lowercase()));
        let hint = near.map(|name| format!("; the nearest name is {name:?}")).unwrap_or_default();
        Refusal(format!("{word}: no such feed, by URL or name{hint}; see chipwire feeds list"))
    })
}

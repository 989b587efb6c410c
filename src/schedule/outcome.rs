//! How a poll ended.

use crate::model::{Answer, Freshness, Timestamp};
use std::time::Duration;

/// How a poll ended: the whole list.
#[derive(Debug, Clone, PartialEq)]
pub enum PollOutcome {
    /// 304.
    Unchanged(Answer),
    /// A 200 whose body is that of the last time, see [`is_same_body`](super::is_same_body); not parsed.
    Same(Answer),
    /// A document that was read as a feed.
    Read(Answer, Reading),
    /// A document that is no feed.
    NoFeed {
        /// The answer that brought it.
        answer: Answer,
        /// Why it could not be read, in words.
        reason: String,
        /// The best feed that it names, where it is a web page.
        feed_link: Option<String>,
    },
    /// No document.
    Failed(Failure),
}

/// What reading a feed showed, as far as the schedule needs it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The document's title.
    pub title: Option<String>,
    /// The web page that it names as its own.
    pub link: Option<String>,
    /// Entries in the document.
    pub entries: usize,
    /// Of these, such as this feed never brought before.
    pub new_entries: usize,
    /// The time of the newest entry, where entries have times.
    pub newest: Option<Timestamp>,
    /// An answer 226: entries that are not in it are not gone.
    pub is_delta: bool,
    /// What the document asks for (`feed`, `skip_hours`, `skip_days`).
    pub freshness: Freshness,
}

/// A poll that brought no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What follows.
    pub retry: Retry,
    /// The status of the answer, where there was one.
    pub status: Option<u16>,
    /// What went wrong, in words, without credentials.
    pub reason: String,
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// 410: confirmed by further polls, then never again.
    Gone,
    /// The server said how long to stay away.
    After(Duration),
    /// The server said that we come too often, not how often we may.
    SlowDown,
    /// Growing waits.
    Backoff,
    /// Growing waits up to a few hours: nobody was bothered, and the fault may be on our side.
    Unreachable,
    /// We have no network: says nothing about the feed. See [`Network`](super::Network).
    Offline,
}

//! When to poll a feed again, and what becomes of it: pure decisions on what polls brought. It asks no server and
//! reads no clock.
//!
//! Every poll ends in a [`PollOutcome`], every outcome goes through [`finish_poll`], and what that gives is
//! stored with the entries of the poll and then handed to the [`Queue`]. The daemon's loop is:
//!
//! ```no_run
//! # use chipwire::model::{FeedState, Timestamp};
//! # use chipwire::schedule::{self, Cadence, PollOutcome, Queue};
//! # fn poll(_: chipwire::model::FeedId) -> (FeedState, PollOutcome) { loop {} }
//! # fn example(queue: &mut Queue, cadence: Cadence, now: Timestamp) {
//! for feed in queue.take_due(now) {
//!     // Each in a task of its own; what it brings comes back as an event.
//!     let (state, outcome) = poll(feed);
//!     let state = schedule::finish_poll(&state, &outcome, None, &cadence, now);
//!     // Commit the batch that holds `state`, then:
//!     queue.finished(&state, &outcome, now);
//! }
//! // Sleep until then, or until a poll ends, whichever comes first.
//! let wake = queue.next_wake();
//! # }
//! ```
//!
//! # The decision table
//!
//! | outcome | next poll after | then |
//! | --- | --- | --- |
//! | 200, 226, 304 | the feed's interval (its own setting; its rhythm, once known; `default_interval`), at least what HTTP or the feed ask for, between `min_interval` and `max_interval`, moved out of `skipHours` and `skipDays` | active, moved or stale |
//! | 429, 503 with `Retry-After` | what it says, up to a day or `max_interval`; longer when it repeats | failing |
//! | 429 without | two intervals, doubling | failing |
//! | 410 | an interval, doubling; after three in a row never | failing, gone |
//! | name or network not reachable | an interval, doubling, up to four `default_interval`s | failing |
//! | we have no network | a quarter of `default_interval` | as before |
//! | all else, a document that is no feed among it | an interval, doubling, up to `max_interval` | failing |
//!
//! All waits get a little longer by chance, so that feeds that met once part again; the chance is a hash of feed
//! and time, so that a replay decides the same.

mod finish;
mod hosts;
mod moves;
mod network;
mod outcome;
mod queue;
mod sharing;
mod wait;

pub use finish::{finish_poll, finish_push, is_same_body, is_unconditional, pause, resume};
pub use hosts::{HostLimits, HostRule};
pub use network::Network;
pub use outcome::{Failure, PollOutcome, Reading, Retry};
pub use queue::{Queue, QueueSettings};
pub use sharing::Sharing;

use crate::model::Timestamp;
use std::time::Duration;

/// How often feeds are polled where nothing else is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    default: Duration,
    min: Duration,
    max: Duration,
}

/// Intervals that contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CadenceError {
    /// Nothing would stop us from asking without a pause.
    #[error("poll.default_interval is zero; give it a duration such as \"1h\"")]
    Zero,
    /// Not min ≤ default ≤ max.
    #[error(
        "poll.min_interval ({min:?}), poll.default_interval ({default:?}) and poll.max_interval ({max:?}) must not decrease in this order"
    )]
    Disordered {
        /// `poll.min_interval`
        min: Duration,
        /// `poll.default_interval`
        default: Duration,
        /// `poll.max_interval`
        max: Duration,
    },
}

impl Cadence {
    /// The cadence of `poll.default_interval`, `poll.min_interval` and `poll.max_interval`.
    pub fn new(default: Duration, min: Duration, max: Duration) -> Result<Self, CadenceError> {
        if default.is_zero() {
            return Err(CadenceError::Zero);
        }
        if min > default || default > max {
            return Err(CadenceError::Disordered { min, default, max });
        }
        Ok(Self { default, min, max })
    }

    /// `poll.min_interval`
    pub fn min(&self) -> Duration {
        self.min
    }
}

/// A moment later; the end of time where there is none.
pub(crate) fn later(now: Timestamp, wait: Duration) -> Timestamp {
    chrono::TimeDelta::from_std(wait)
        .ok()
        .and_then(|wait| now.checked_add_signed(wait))
        .unwrap_or(Timestamp::MAX_UTC)
}

/// The time from one moment to another, zero where it is the earlier one.
pub(crate) fn between(from: Timestamp, until: Timestamp) -> Duration {
    (until - from).to_std().unwrap_or_default()
}

/// A number from 0 (included) to 1 (excluded) that looks random and depends on nothing but the two: the finaliser
/// of `SplitMix64` (Steele, Lea, Flood 2014).
pub(crate) fn chance(feed: u64, salt: u64) -> f64 {
    let mut z = feed ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    let bits = u32::try_from(z >> 32).unwrap_or_default();
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

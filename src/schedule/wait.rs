//! How long to wait: intervals, floors, backoff, jitter.

use super::{Cadence, between, chance, later};
use crate::model::{FeedId, FeedState, Freshness, Rhythm, Timestamp};
use chrono::{Datelike, Timelike};
use std::fmt;
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);
pub(super) const DAY: Duration = Duration::from_hours(24);

/// From here on a feed's rhythm is known better than the default: ten new entries over a week.
const RHYTHM_ENTRIES: u64 = 10;
const RHYTHM_TIME: Duration = Duration::from_hours(7 * 24);

/// Polls for each entry that is expected: between four and eight, so that an entry waits a sixteenth to an eighth of
/// the usual gap between two on average. Where the default interval lies within these it stays. What comes of it
/// in requests and delays: `tests/schedule_simulation.rs`.
const FEWEST_POLLS_PER_ENTRY: u32 = 4;
const MOST_POLLS_PER_ENTRY: u32 = 8;

/// While a hub pushes, polls only guard against lost pushes.
const HUB_SLOWDOWN: u32 = 4;

/// Waits grow by up to this share, by chance; after the first reading by more, to part feeds that were
/// added together.
const JITTER: f64 = 0.1;
const FIRST_JITTER: f64 = 0.4;
const BACKOFF_JITTER: f64 = 0.25;

/// A network that is down may come back any time.
const OFFLINE_DIVISOR: u32 = 4;

/// A name that does not resolve costs nobody anything but us.
const UNREACHABLE_FACTOR: u32 = 4;

/// A wait and what led to it, in words.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wait {
    pub(super) time: Duration,
    pub(super) why: String,
}

/// The interval of a feed before anybody asks for anything else.
pub(super) fn interval(state: &FeedState, own: Option<Duration>, cadence: &Cadence, now: Timestamp) -> Wait {
    if let Some(own) = own {
        return Wait {
            time: own.clamp(cadence.min, cadence.max),
            why: "the interval set for this feed".to_owned(),
        };
    }
    match mean_gap(&state.rhythm, now) {
        Some(gap) => Wait {
            time: cadence
                .default
                .clamp(gap / MOST_POLLS_PER_ENTRY, gap / FEWEST_POLLS_PER_ENTRY)
                .clamp(cadence.min, cadence.max),
            why: format!("its rhythm: an entry every {}", Words(gap)),
        },
        None => Wait { time: cadence.default, why: "the default interval".to_owned() },
    }
}

/// The usual time between two entries, once enough of them were seen. The silence since the last one counts, so a
/// feed that falls silent slows down.
pub(super) fn mean_gap(rhythm: &Rhythm, now: Timestamp) -> Option<Duration> {
    let since = rhythm.since?;
    if rhythm.seen < RHYTHM_ENTRIES || between(since, now) < RHYTHM_TIME {
        return None;
    }
    let first = *rhythm.arrivals.first()?;
    // Entries that came in one poll have one time; the watch begins where the kept arrivals do.
    let kept = u32::try_from(rhythm.arrivals.len()).unwrap_or(u32::MAX);
    let began = if rhythm.seen > u64::from(kept) { first } else { since };
    Some(between(began, now) / kept)
}

/// The wait after an answer: the interval, at least what the publisher asks for, and a little by chance.
pub(super) fn after_answer(
    state: &FeedState,
    interval: Wait,
    cadence: &Cadence,
    is_first: bool,
    now: Timestamp,
) -> Wait {
    let mut wait = interval;
    let is_pushed = state.hub.as_ref().is_some_and(|hub| {
        hub.is_verified && !hub.is_leaving && hub.lease_until.is_none_or(|until| until > now)
    });
    let slowed = wait.time.saturating_mul(HUB_SLOWDOWN).min(cadence.max);
    if is_pushed && slowed > wait.time {
        wait = Wait { time: slowed, why: "its hub pushes what is new".to_owned() };
    }
    for (asked, what) in [
        (state.freshness.http, "the server's Cache-Control or Expires"),
        (state.freshness.feed, "the feed's ttl or update period"),
    ] {
        let Some(asked) = asked.map(|asked| asked.min(cadence.max)) else { continue };
        if asked > wait.time {
            wait = Wait { time: asked, why: what.to_owned() };
        }
    }
    let jitter = if is_first { FIRST_JITTER } else { JITTER };
    let time = wait.time.max(cadence.min);
    // Spreading never adds to the longest wait more than chance does.
    let ceiling = cadence.max.mul_f64(1.0 + JITTER).max(time);
    Wait { time: stretched(time, jitter, state).min(ceiling), why: wait.why }
}

/// The wait after a failure: `failures` of them in a row, this one included.
pub(super) fn backoff(state: &FeedState, base: Duration, doublings: u32, cadence: &Cadence) -> Duration {
    let doubled = base.saturating_mul(2_u32.saturating_pow(doublings.min(31)));
    stretched(doubled.min(cadence.max), BACKOFF_JITTER, state)
}

/// The wait after a failure that may be our own network's.
pub(super) fn unreachable(state: &FeedState, base: Duration, doublings: u32, cadence: &Cadence) -> Duration {
    let ceiling = cadence.default.saturating_mul(UNREACHABLE_FACTOR).max(base);
    let doubled = base.saturating_mul(2_u32.saturating_pow(doublings.min(31)));
    stretched(doubled.min(ceiling).min(cadence.max), BACKOFF_JITTER, state)
}

/// The wait while there is no network.
pub(super) fn offline(state: &FeedState, cadence: &Cadence) -> Duration {
    stretched((cadence.default / OFFLINE_DIVISOR).max(cadence.min), 0.5, state)
}

/// The wait that a server asked for, and no absurd one.
pub(super) fn asked(state: &FeedState, pause: Duration, cadence: &Cadence) -> Duration {
    stretched(pause.min(cadence.max.max(DAY)), JITTER, state)
}

/// What a failing feed's waits grow from.
pub(super) fn base(interval: Duration, cadence: &Cadence) -> Duration {
    interval.min(cadence.default).max(cadence.min)
}

/// A wait made longer by up to `share` of it, of a day at most.
fn stretched(wait: Duration, share: f64, state: &FeedState) -> Duration {
    let polls = state.last_poll.map_or(0, |at| at.timestamp_millis().cast_unsigned());
    let FeedId(feed) = state.feed;
    wait + wait.min(DAY).mul_f64(share * chance(feed, polls))
}

/// The moment, moved out of the hours and days in which the feed asks not to be read. One that names all hours or
/// all days means nothing.
pub(super) fn outside_skipped(due: Timestamp, freshness: &Freshness) -> Timestamp {
    const ALL_HOURS: u32 = (1 << 24) - 1;
    const ALL_DAYS: u8 = (1 << 7) - 1;
    let hours = if freshness.skip_hours & ALL_HOURS == ALL_HOURS { 0 } else { freshness.skip_hours };
    let days = if freshness.skip_days & ALL_DAYS == ALL_DAYS { 0 } else { freshness.skip_days };
    let is_skipped = |moment: Timestamp| {
        hours >> moment.hour() & 1 == 1 || days >> moment.weekday().num_days_from_monday() & 1 == 1
    };
    let mut moment = due;
    // A week has 168 hours, and at least one of them is free.
    for _ in 0..7 * 24 {
        if !is_skipped(moment) {
            break;
        }
        let into_hour = moment.timestamp().rem_euclid(3600).cast_unsigned();
        moment = later(moment, HOUR.saturating_sub(Duration::from_secs(into_hour)));
    }
    moment
}

/// A duration for people: its two largest units.
pub(super) struct Words(pub(super) Duration);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
        match (days, hours, minutes) {
            (0, 0, 0) if seconds < 10 => write!(f, "{:.1} s", self.0.as_secs_f64()),
            (0, 0, 0) => write!(f, "{seconds} s"),
            (0, 0, _) => write!(f, "{minutes} min"),
            (0, _, 0) => write!(f, "{hours} h"),
            (0, ..) => write!(f, "{hours} h {minutes} min"),
            (_, 0, _) => write!(f, "{days} d"),
            _ => write!(f, "{days} d {hours} h"),
        }
    }
}

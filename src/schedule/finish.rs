//! What a poll leaves behind: the one place that decides a feed's condition, its next poll, and why.

use super::outcome::{Failure, PollOutcome, Reading, Retry};
use super::wait::{self, DAY, Wait, Words};
use super::{Cadence, between, later, moves};
use crate::model::{Answer, Condition, FeedState, Timestamp, Validators};
use std::time::Duration;

/// Answers 410 in a row that end a feed: one may be a mishap of a deployment.
const GONE_ANSWERS: u32 = 3;

/// After so long a time of nothing but 304s one request goes without validators: some servers answer 304 for
/// ever (rachelbythebay.com, "feed reader score").
const MAX_UNCHANGED: Duration = Duration::from_hours(8 * 24);

/// A feed is stale when it was silent for ten times its usual gap, within bounds; for half a year where its
/// rhythm is not known.
const STALE_GAPS: u32 = 10;
const STALE_MIN: Duration = Duration::from_hours(30 * 24);
const STALE_MAX: Duration = Duration::from_hours(365 * 24);
const STALE_UNKNOWN: Duration = Duration::from_hours(182 * 24);

/// A document in which nothing is known says that some were missed, unless it shows so few that this is its habit.
const FEWEST_TO_MISS: usize = 5;

/// Arrivals that a rhythm keeps.
const MAX_ARRIVALS: usize = 32;

/// Whether the next request goes without validators, to find out whether the 304s are true.
pub fn is_unconditional(state: &FeedState, now: Timestamp) -> bool {
    state.unchanged_since.is_some_and(|since| between(since, now) >= MAX_UNCHANGED)
}

/// Whether a document is byte for byte the one that was read last.
pub fn is_same_body(state: &FeedState, answer: &Answer) -> bool {
    state.body_hash.is_some() && state.body_hash == answer.body_hash
}

/// The state that a poll leaves. `own_interval` is the one that the operator set for this feed, if any.
#[must_use]
pub fn finish_poll(
    state: &FeedState,
    outcome: &PollOutcome,
    own_interval: Option<Duration>,
    cadence: &Cadence,
    now: Timestamp,
) -> FeedState {
    let mut next = state.clone();
    next.last_poll = Some(now);
    let timing = Timing { own_interval, cadence, now };
    match outcome {
        PollOutcome::Unchanged(_) if state.last_success.is_none() => {
            let reason = "answered 304 to a request without conditions".to_owned();
            timing.fail(&mut next, &Failure { retry: Retry::Backoff, status: Some(304), reason });
        }
        PollOutcome::Unchanged(answer) => {
            keep_validators(&mut next, answer);
            next.freshness.http = answer.fresh_for.or(next.freshness.http);
            note_unchanged(&mut next, now);
            timing.succeed(&mut next, answer, None);
        }
        PollOutcome::Same(answer) => {
            next.validators = answer.validators.clone();
            next.freshness.http = answer.fresh_for;
            next.unchanged_since = None;
            timing.succeed(&mut next, answer, None);
        }
        PollOutcome::Read(answer, reading) => {
            next.validators = answer.validators.clone();
            take_freshness(&mut next, answer, reading);
            next.unchanged_since = None;
            if !reading.is_delta {
                next.body_hash = answer.body_hash;
            }
            timing.succeed(&mut next, answer, Some(reading));
        }
        PollOutcome::NoFeed { feed_link: Some(link), .. } if is_page(state, link) => {
            follow_page(&mut next, link, now);
        }
        PollOutcome::NoFeed { answer, reason, .. } => {
            let failure =
                Failure { retry: Retry::Backoff, status: Some(answer.status), reason: reason.clone() };
            timing.fail(&mut next, &failure);
        }
        PollOutcome::Failed(failure) => timing.fail(&mut next, failure),
    }
    next
}

/// The state that a hub's push leaves. The next poll stays where it is: a push is no promise that nothing else was
/// published. `reading.is_delta` is true for every push, since hubs may send only what is new.
#[must_use]
pub fn finish_push(state: &FeedState, reading: &Reading, now: Timestamp) -> FeedState {
    let mut next = state.clone();
    if reading.new_entries == 0 {
        return next;
    }
    take_reading(&mut next, reading, state.last_success.is_none(), now);
    if next.condition == Condition::Stale {
        settle_condition(&mut next, now);
    }
    next
}

/// The state of a feed that the operator pauses.
#[must_use]
pub fn pause(state: &FeedState, now: Timestamp) -> FeedState {
    let mut next = state.clone();
    become_condition(&mut next, Condition::Paused, "paused by the operator".to_owned(), now);
    "paused".clone_into(&mut next.next_poll_reason);
    next
}

/// The state of a feed that the operator wants polled again: after it was paused or gone, or because it failed and is
/// mended.
#[must_use]
pub fn resume(state: &FeedState, now: Timestamp) -> FeedState {
    let mut next = state.clone();
    // A wait that grew from failures ends; one that the publisher asked for still holds.
    let due = if state.failures > 0 { state.held_until.unwrap_or(now) } else { state.next_poll };
    next.next_poll = due.max(now);
    (next.failures, next.gone_answers) = (0, 0);
    become_condition(&mut next, Condition::Active, "resumed by the operator".to_owned(), now);
    "resumed by the operator".clone_into(&mut next.next_poll_reason);
    next
}

/// What all waits of one poll depend on.
struct Timing<'a> {
    own_interval: Option<Duration>,
    cadence: &'a Cadence,
    now: Timestamp,
}

impl Timing<'_> {
    fn succeed(&self, next: &mut FeedState, answer: &Answer, reading: Option<&Reading>) {
        let is_first = next.last_success.is_none();
        // Before anything of the reading is taken: it compares with what was known.
        moves::note(next, answer, reading);
        let may_have_missed = !is_first && reading.is_some_and(is_all_new);
        let since_last = next.last_success.map(|last| between(last, self.now));
        if let Some(reading) = reading {
            take_reading(next, reading, is_first, self.now);
        }
        next.last_success = Some(self.now);
        next.held_until = None;
        next.freshness.at = Some(self.now);
        (next.failures, next.gone_answers) = (0, 0);
        settle_condition(next, self.now);

        let mut interval = wait::interval(next, self.own_interval, self.cadence, self.now);
        if next.condition == Condition::Stale {
            interval = Wait { time: self.cadence.max, why: "it is stale".to_owned() };
        }
        if let Some(halved) = since_last.filter(|_| may_have_missed).map(|since| since / 2)
            && halved < interval.time
        {
            interval = Wait {
                time: halved.max(self.cadence.min),
                why: "every entry was new, so some may have been missed".to_owned(),
            };
        }
        let wait = wait::after_answer(next, interval, self.cadence, is_first, self.now);
        self.schedule(next, &wait);
    }

    fn fail(&self, next: &mut FeedState, failure: &Failure) {
        let cadence = self.cadence;
        if failure.retry == Retry::Offline {
            let time = wait::offline(next, cadence);
            return self.schedule(next, &Wait { time, why: "there is no network".to_owned() });
        }
        if let Retry::After(pause) = failure.retry {
            next.held_until = Some(later(self.now, pause.min(horizon(cadence))));
        }
        next.failures = next.failures.saturating_add(1);
        next.gone_answers = if failure.retry == Retry::Gone { next.gone_answers + 1 } else { 0 };
        // A request without conditions that failed counts as made.
        if is_unconditional(next, self.now) {
            next.unchanged_since = Some(self.now);
        }
        moves::return_if_lost(next, failure.status.is_some());
        if next.gone_answers >= GONE_ANSWERS {
            become_condition(next, Condition::Gone, failure.reason.clone(), self.now);
            return "gone for good".clone_into(&mut next.next_poll_reason);
        }
        become_condition(next, Condition::Failing, failure.reason.clone(), self.now);

        let interval = wait::interval(next, self.own_interval, cadence, self.now);
        let base = wait::base(interval.time, cadence);
        let doublings = next.failures - 1;
        let (time, why) = match failure.retry {
            Retry::After(pause) => {
                let own = if doublings == 0 { base } else { wait::backoff(next, base, doublings, cadence) };
                (wait::asked(next, pause.max(cadence.min), cadence).max(own), "the server asked for a pause")
            }
            Retry::SlowDown => {
                (wait::backoff(next, base, doublings + 1, cadence), "the server asked for a pause")
            }
            Retry::Unreachable => (wait::unreachable(next, base, doublings, cadence), "it was not reachable"),
            Retry::Gone => (wait::backoff(next, base, doublings, cadence), "to confirm that it is gone"),
            Retry::Backoff | Retry::Offline => (wait::backoff(next, base, doublings, cadence), "it failed"),
        };
        let why = if next.failures > 1 {
            format!("{why}, {} times in a row", next.failures)
        } else {
            why.to_owned()
        };
        self.schedule(next, &Wait { time, why });
    }

    fn schedule(&self, next: &mut FeedState, wait: &Wait) {
        let due = later(self.now, wait.time);
        next.next_poll = wait::outside_skipped(due, &next.freshness);
        next.next_poll_reason = if next.next_poll == due {
            format!("after {}: {}", Words(wait.time), wait.why)
        } else {
            format!("after {}: the feed's skipHours or skipDays", Words(between(self.now, next.next_poll)))
        };
    }
}

/// Whether nothing that the feed showed was known, so that entries may have come and gone between two polls.
fn is_all_new(reading: &Reading) -> bool {
    !reading.is_delta && reading.entries >= FEWEST_TO_MISS && reading.new_entries == reading.entries
}

/// A 304 may bring newer validators; what it does not bring stays (RFC 9111 §4.3.4).
fn keep_validators(next: &mut FeedState, answer: &Answer) {
    let Validators { url, etag, last_modified } = &answer.validators;
    if *url != next.validators.url {
        return;
    }
    for (kept, new) in
        [(&mut next.validators.etag, etag), (&mut next.validators.last_modified, last_modified)]
    {
        if new.is_some() {
            kept.clone_from(new);
        }
    }
}

fn note_unchanged(next: &mut FeedState, now: Timestamp) {
    if is_unconditional(next, now) || next.unchanged_since.is_none() {
        next.unchanged_since = Some(now);
    }
}

fn take_freshness(next: &mut FeedState, answer: &Answer, reading: &Reading) {
    let asked = &reading.freshness;
    next.freshness.http = answer.fresh_for;
    // A delta may leave out what describes the feed.
    if !reading.is_delta || asked.feed.is_some() {
        next.freshness.feed = asked.feed;
    }
    if !reading.is_delta || asked.skip_hours != 0 || asked.skip_days != 0 {
        (next.freshness.skip_hours, next.freshness.skip_days) = (asked.skip_hours, asked.skip_days);
    }
}

fn take_reading(next: &mut FeedState, reading: &Reading, is_first: bool, now: Timestamp) {
    if reading.title.is_some() || !reading.is_delta {
        next.title.clone_from(&reading.title);
        next.link.clone_from(&reading.link);
    }
    let new = reading.new_entries as u64;
    next.counts.entries += new;
    if is_first {
        next.rhythm.since = Some(now);
        next.last_entry = reading.newest.map(|newest| newest.min(now)).or((new > 0).then_some(now));
    } else if new > 0 {
        next.last_entry = Some(now);
        next.rhythm.seen += new;
        let arrivals = &mut next.rhythm.arrivals;
        arrivals.extend(std::iter::repeat_n(now, reading.new_entries.min(MAX_ARRIVALS)));
        let surplus = arrivals.len().saturating_sub(MAX_ARRIVALS);
        arrivals.drain(..surplus);
    }
}

fn settle_condition(next: &mut FeedState, now: Timestamp) {
    let silence = next.last_entry.or(next.rhythm.since).map_or(Duration::ZERO, |last| between(last, now));
    let limit = match usual_gap(next) {
        Some(gap) => gap.saturating_mul(STALE_GAPS).clamp(STALE_MIN, STALE_MAX),
        None => STALE_UNKNOWN,
    };
    let (condition, reason) = if silence > limit {
        (Condition::Stale, format!("answers, but has brought nothing new for {}", Words(silence)))
    } else if next.polled_url != next.url {
        (Condition::Moved, format!("moved to {}", shown(&next.polled_url)))
    } else {
        (Condition::Active, "answers".to_owned())
    };
    become_condition(next, condition, reason, now);
}

/// The usual gap up to the last entry: the silence since then is what is being judged.
fn usual_gap(state: &FeedState) -> Option<Duration> {
    let last = *state.rhythm.arrivals.last()?;
    wait::mean_gap(&state.rhythm, last)
}

fn become_condition(next: &mut FeedState, condition: Condition, reason: String, now: Timestamp) {
    if next.condition != condition {
        next.condition = condition;
        next.condition_since = now;
    }
    next.condition_reason = reason;
}

/// Whether what was subscribed is a web page that names its feed, rather than a feed that a page stands in for at
/// the moment.
fn is_page(state: &FeedState, link: &str) -> bool {
    state.last_success.is_none() && state.polled_url == state.url && link != state.url
}

fn follow_page(next: &mut FeedState, link: &str, now: Timestamp) {
    link.clone_into(&mut next.polled_url);
    next.next_poll = now;
    "the page names its feed".clone_into(&mut next.next_poll_reason);
    let reason = format!("a web page, which names its feed as {}", shown(link));
    become_condition(next, Condition::Moved, reason, now);
}

/// A URL without its credentials and query.
fn shown(url: &str) -> String {
    let without_query = url.split(['?', '#']).next().unwrap_or_default();
    match without_query.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
            let host = host.rsplit('@').next().unwrap_or_default();
            path.map_or_else(|| format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}"))
        }
        None => without_query.to_owned(),
    }
}

/// The longest that a next poll can lie ahead: what a server may ask for, and a week of skipped days.
pub(super) fn horizon(cadence: &Cadence) -> Duration {
    (cadence.max.max(DAY) * 2).saturating_add(8 * DAY)
}

#[cfg(test)]
mod tests;

//! Which feed is to be polled now: due times, bounded by what each host bears and by how many polls may run.
//!
//! Nothing here looks at all feeds: a step costs the logarithm of their number. The queue forgets everything with
//! the process; the due times themselves live in the store, as `FeedState::next_poll`.

mod throttle;

use super::{Cadence, HostLimits, PollOutcome, between, chance, finish, later};
use crate::model::{Condition, FeedId, FeedState, Timestamp};
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::time::Duration;
use throttle::Throttle;

/// How the queue is set up.
#[derive(Debug, Clone)]
pub struct QueueSettings {
    /// Polls that may run at once (`poll.concurrency`), at least 1.
    pub concurrency: usize,
    /// What hosts bear.
    pub hosts: HostLimits,
    /// The intervals: feeds that were missed while we were away are spread over as long as they are late, from
    /// `min_interval` to half of `default_interval`.
    pub cadence: Cadence,
}

/// The feeds and when they are due.
#[derive(Debug)]
pub struct Queue {
    settings: QueueSettings,
    feeds: FxHashMap<FeedId, Place>,
    hosts: Vec<Host>,
    host_numbers: FxHashMap<String, usize>,
    /// When each host can be asked next, for hosts that wait for nothing but time.
    agenda: BTreeSet<(Timestamp, usize)>,
    running: usize,
    /// The clock when it was last looked at.
    clock: Timestamp,
}

#[derive(Debug)]
struct Place {
    host: usize,
    /// The hash of the URL that gave the host, which costs more to find out.
    url: u64,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting(Timestamp),
    Polled,
    /// Polled, and taken out meanwhile: nothing follows.
    Dropped,
    /// Neither: between the end of a poll and the next wait.
    Between,
}

#[derive(Debug)]
struct Host {
    rule: super::HostRule,
    waiting: BTreeSet<(Timestamp, FeedId)>,
    running: usize,
    /// No request starts before.
    open_at: Timestamp,
    /// Where it stands in the agenda, if it does.
    listed_at: Option<Timestamp>,
    throttle: Throttle,
}

impl Queue {
    /// An empty queue.
    pub fn new(settings: QueueSettings, now: Timestamp) -> Self {
        Self {
            settings,
            feeds: FxHashMap::default(),
            hosts: Vec::new(),
            host_numbers: FxHashMap::default(),
            agenda: BTreeSet::new(),
            running: 0,
            clock: now,
        }
    }

    /// Takes other settings over; what runs and what waits stays.
    pub fn reconfigure(&mut self, settings: QueueSettings) {
        self.settings = settings;
        for (name, number) in &self.host_numbers {
            if let Some(host) = self.hosts.get_mut(*number) {
                host.rule = self.settings.hosts.rule_of(name);
            }
        }
        for number in 0..self.hosts.len() {
            self.list(number);
        }
    }

    /// Puts a feed back in at a start of the process. A feed that should have been polled long ago gets a moment
    /// some way off, so that all that were missed don't come at once; one whose state was
    /// written by a clock ahead of ours keeps its wait, not its moment.
    pub fn restore(&mut self, state: &FeedState, now: Timestamp) {
        self.clock = now;
        let mut due = state.next_poll;
        if let Some(last) = state.last_poll.filter(|last| *last > now) {
            due = later(now, between(last, due));
        }
        due = due.min(later(now, finish::horizon(&self.settings.cadence)));
        if state.last_poll.is_some() && between(due, now) > self.settings.cadence.min() {
            due = caught_up(&self.settings.cadence, state.feed, due, now);
        }
        self.put_at(state, due);
    }

    /// Puts a feed in, or changes when it is due. A feed that is not to be polled any more leaves.
    pub fn put(&mut self, state: &FeedState) {
        self.put_at(state, state.next_poll);
    }

    /// Puts a feed in, due when it is, but not before `earliest`.
    pub fn put_not_before(&mut self, state: &FeedState, earliest: Timestamp) {
        self.put_at(state, state.next_poll.max(earliest));
    }

    /// Makes a feed due now, whatever its time. Hosts' limits hold.
    pub fn put_now(&mut self, state: &FeedState, now: Timestamp) {
        self.put_at(state, now);
    }

    /// Takes a feed out. A poll of it that is running is still to be reported as finished.
    pub fn remove(&mut self, feed: FeedId) {
        let Some(place) = self.feeds.get_mut(&feed) else { return };
        if matches!(place.phase, Phase::Polled | Phase::Dropped) {
            place.phase = Phase::Dropped;
            return;
        }
        let host = place.host;
        self.unlist(feed);
        self.feeds.remove(&feed);
        self.list(host);
    }

    /// The feeds to poll now, each of them reported as [finished](Self::finished) later: never more than may run,
    /// nor than their hosts bear.
    pub fn take_due(&mut self, now: Timestamp) -> Vec<FeedId> {
        self.follow_clock(now);
        let mut taken = Vec::new();
        while self.running < self.settings.concurrency.max(1)
            && let Some(&(at, number)) = self.agenda.first()
            && at <= now
        {
            let Some(host) = self.hosts.get_mut(number) else { break };
            if let Some((_, feed)) = host.waiting.pop_first() {
                host.running += 1;
                host.open_at = later(now, host.throttle.gap(host.rule.gap));
                self.running += 1;
                if let Some(place) = self.feeds.get_mut(&feed) {
                    place.phase = Phase::Polled;
                }
                taken.push(feed);
            }
            self.list(number);
        }
        taken
    }

    /// A poll ended, and `state` is what it left and what is stored.
    pub fn finished(&mut self, state: &FeedState, outcome: &PollOutcome, now: Timestamp) {
        if let Some(place) = self.feeds.get(&state.feed) {
            let cadence = &self.settings.cadence;
            if let Some(host) = self.hosts.get_mut(place.host)
                && let Some(pause) = host.throttle.learn(outcome, cadence.min())
            {
                host.open_at = host.open_at.max(later(now, pause.min(finish::horizon(cadence))));
            }
        }
        if self.release(state.feed) {
            self.put(state);
        }
    }

    /// A poll ended without an outcome (its task was lost); the feed is due again at `due`.
    pub fn abandoned(&mut self, state: &FeedState, due: Timestamp) {
        if self.release(state.feed) {
            self.put_at(state, due);
        }
    }

    /// Nothing of this URL's host is asked before `until`.
    pub fn pause_host(&mut self, url: &str, until: Timestamp) {
        let number = self.host_of(url);
        if let Some(host) = self.hosts.get_mut(number) {
            host.open_at = host.open_at.max(until);
        }
        self.list(number);
    }

    /// When to call [`take_due`](Self::take_due) again, if no poll ends before; `None` while nothing can become
    /// due without that.
    pub fn next_wake(&self) -> Option<Timestamp> {
        if self.running >= self.settings.concurrency.max(1) {
            return None;
        }
        self.agenda.first().map(|(at, _)| *at)
    }

    /// How many feeds are due and wait for their host or for room.
    pub fn waiting(&self, now: Timestamp) -> usize {
        self.hosts.iter().map(|host| host.waiting.iter().take_while(|(due, _)| *due <= now).count()).sum()
    }

    /// How many polls run.
    pub fn running(&self) -> usize {
        self.running
    }

    /// How many feeds are polled.
    pub fn len(&self) -> usize {
        self.feeds.len()
    }

    /// Whether no feed is polled.
    pub fn is_empty(&self) -> bool {
        self.feeds.is_empty()
    }

    fn put_at(&mut self, state: &FeedState, due: Timestamp) {
        let known = self.feeds.get(&state.feed).map(|place| (place.host, place.url, place.phase));
        if let Some(place) = self.feeds.get_mut(&state.feed)
            && matches!(place.phase, Phase::Polled | Phase::Dropped)
        {
            place.phase = Phase::Polled;
            return; // What ends the poll puts it in again.
        }
        self.unlist(state.feed);
        if matches!(state.condition, Condition::Gone | Condition::Paused) {
            self.feeds.remove(&state.feed);
            if let Some((host, ..)) = known {
                self.list(host);
            }
            return;
        }
        let url = FxBuildHasher.hash_one(&state.polled_url);
        let host = match known {
            Some((host, known_url, _)) if known_url == url => host,
            _ => self.host_of(&state.polled_url),
        };
        self.feeds.insert(state.feed, Place { host, url, phase: Phase::Waiting(due) });
        if let Some(line) = self.hosts.get_mut(host) {
            line.waiting.insert((due, state.feed));
        }
        if let Some((old_host, ..)) = known.filter(|known| known.0 != host) {
            self.list(old_host);
        }
        self.list(host);
    }

    /// Takes a waiting feed out of its host's line.
    fn unlist(&mut self, feed: FeedId) {
        let Some(place) = self.feeds.get_mut(&feed) else { return };
        if let Phase::Waiting(due) = place.phase {
            place.phase = Phase::Between;
            if let Some(host) = self.hosts.get_mut(place.host) {
                host.waiting.remove(&(due, feed));
            }
        }
    }

    /// Frees the place of a running poll; gives whether the feed is to be polled again.
    fn release(&mut self, feed: FeedId) -> bool {
        let Some(place) = self.feeds.get_mut(&feed) else { return false };
        let is_dropped = match place.phase {
            Phase::Polled => false,
            Phase::Dropped => true,
            Phase::Waiting(_) | Phase::Between => return false,
        };
        let number = place.host;
        place.phase = Phase::Between;
        if is_dropped {
            self.feeds.remove(&feed);
        }
        self.running = self.running.saturating_sub(1);
        if let Some(host) = self.hosts.get_mut(number) {
            host.running = host.running.saturating_sub(1);
        }
        self.list(number);
        !is_dropped
    }

    fn host_of(&mut self, url: &str) -> usize {
        let (name, rule) = self.settings.hosts.budget_of(url);
        if let Some(number) = self.host_numbers.get(&name) {
            return *number;
        }
        let number = self.hosts.len();
        self.hosts.push(Host {
            rule,
            waiting: BTreeSet::new(),
            running: 0,
            open_at: Timestamp::MIN_UTC,
            listed_at: None,
            throttle: Throttle::default(),
        });
        self.host_numbers.insert(name, number);
        number
    }

    /// Puts a host where it belongs in the agenda, after anything about it changed.
    fn list(&mut self, number: usize) {
        let Some(host) = self.hosts.get_mut(number) else { return };
        if let Some(at) = host.listed_at.take() {
            self.agenda.remove(&(at, number));
        }
        if host.running >= host.rule.per_host.max(1) {
            return;
        }
        if let Some((due, _)) = host.waiting.first() {
            let at = (*due).max(host.open_at);
            host.listed_at = Some(at);
            self.agenda.insert((at, number));
        }
    }

    /// Keeps the schedule when the clock jumps. Back: everything moves with it, so that no feed waits out the
    /// jump. Forth, or after the machine slept: what is overdue is spread, as at a start.
    fn follow_clock(&mut self, now: Timestamp) {
        /// Clocks are corrected by less all the time.
        const TOLERANCE: Duration = Duration::from_secs(10);
        let before = std::mem::replace(&mut self.clock, now);
        let back = between(now, before);
        if back > TOLERANCE {
            self.reschedule(|_, _, moment| earlier(moment, back));
            return;
        }
        let min = self.settings.cadence.min();
        let is_late = self.agenda.first().is_some_and(|(at, _)| between(*at, now) > min);
        if is_late && between(before, now) > min.max(TOLERANCE) {
            self.reschedule(
                |cadence, feed, due| if due < now { caught_up(cadence, feed, due, now) } else { due },
            );
        }
    }

    /// Gives every waiting feed another moment. Costs a look at all of them; clocks jump seldom.
    fn reschedule(&mut self, moment: impl Fn(&Cadence, FeedId, Timestamp) -> Timestamp) {
        let cadence = &self.settings.cadence;
        for host in &mut self.hosts {
            host.waiting =
                host.waiting.iter().map(|(due, feed)| (moment(cadence, *feed, *due), *feed)).collect();
            // Pauses are measured in waits, not in moments; the longest that can be meant starts now.
            host.open_at = host.open_at.min(later(self.clock, host.throttle.longest_pause(host.rule.gap)));
            for (due, feed) in &host.waiting {
                if let Some(place) = self.feeds.get_mut(feed) {
                    place.phase = Phase::Waiting(*due);
                }
            }
        }
        for number in 0..self.hosts.len() {
            self.list(number);
        }
    }
}

/// When a feed that was due before is polled: some time between now and as long from now as it is late, always the same
/// for a feed. A long absence is caught up with within half a `default_interval`, a short one within `min_interval`.
fn caught_up(cadence: &Cadence, feed: FeedId, due: Timestamp, now: Timestamp) -> Timestamp {
    let spread = between(due, now).min(cadence.default / 2).max(cadence.min);
    later(now, spread.mul_f64(chance(feed.0, 1)))
}

fn earlier(moment: Timestamp, by: Duration) -> Timestamp {
    chrono::TimeDelta::from_std(by)
        .ok()
        .and_then(|by| moment.checked_sub_signed(by))
        .unwrap_or(Timestamp::MIN_UTC)
}

#[cfg(test)]
mod tests;

//! A discrete-event simulation of the schedule: ten thousand feeds on a virtual clock, a week in seconds. It shows
//! that no feed and no host is asked more than it bears, and reports what that costs in delay. The publishing times
//! are generated: newsrooms, blogs, quarterly newsletters and dead feeds, by day and mostly on weekdays.
//!
//! `cargo test --test schedule_simulation -- --nocapture` prints the figures.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail loudly, and this one reports"
)]

use chipwire::model::{Answer, FeedId, FeedState, Freshness, Rhythm, Timestamp, Validators};
use chipwire::schedule::{
    self, Cadence, Failure, HostLimits, Network, PollOutcome, Queue, QueueSettings, Reading, Retry,
};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

const FEEDS: usize = 10_000;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// Publishing begins so long before the simulation, for feeds whose rhythm is known.
const HISTORY_DAYS: i64 = 84;
/// Entries that a feed shows.
const WINDOW: usize = 20;
const PER_HOST: usize = 2;
const HOST_GAP: i64 = 1;

/// `SplitMix64`, so that every run is the same.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: i64) -> i64 {
        i64::try_from(self.next() >> 1).unwrap() % bound
    }

    fn is_one_in(&mut self, count: i64) -> bool {
        self.below(count) == 0
    }
}

/// Entries in thirty days, and how many feeds of a hundred are such. Shares are a guess.
const KINDS: [(&str, i64, i64); 5] =
    [("newsroom", 900, 5), ("trade press", 150, 18), ("daily", 30, 32), ("weekly", 4, 35), ("dead", 0, 10)];

struct SimFeed {
    kind: usize,
    host: usize,
    published: Vec<i64>,
    has_etag: bool,
    max_age: Option<i64>,
    is_broken: bool,
    state: FeedState,
    /// Entries that we have.
    seen: usize,
    last_start: Option<i64>,
}

/// The Monday of 2 March 2026, when the simulation begins, in Unix time.
const START: i64 = 1_772_409_600;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp_secs(START + seconds).unwrap()
}

fn seconds(moment: Timestamp) -> i64 {
    // Rounded up: nothing happens before its time.
    moment.timestamp() - START + i64::from(moment.timestamp_subsec_nanos() > 0)
}

fn cadence() -> Cadence {
    Cadence::new(Duration::from_hours(1), Duration::from_mins(15), Duration::from_hours(24)).unwrap()
}

fn queue(now: i64) -> Queue {
    let hosts = HostLimits::uniform(PER_HOST, Duration::from_secs(HOST_GAP.unsigned_abs()));
    Queue::new(QueueSettings { concurrency: 64, hosts, cadence: cadence() }, at(now))
}

/// When a feed publishes: mostly between seven and twenty-one o'clock, seldom at weekends.
fn publishing_times(entries_a_month: i64, dice: &mut Dice) -> Vec<i64> {
    let days = HISTORY_DAYS + 8;
    let mut times = Vec::new();
    for _ in 0..entries_a_month * days / 30 {
        let day = dice.below(days) - HISTORY_DAYS;
        let is_weekend = day.rem_euclid(7) >= 5;
        if is_weekend && !dice.is_one_in(4) {
            continue;
        }
        let hour = if dice.is_one_in(10) { dice.below(24) } else { 7 + dice.below(14) };
        times.push(day * DAY + hour * HOUR + dice.below(HOUR));
    }
    times.sort_unstable();
    times
}

fn feeds(dice: &mut Dice) -> Vec<SimFeed> {
    (0..FEEDS)
        .map(|number| {
            let mut share = dice.below(100);
            let kind = KINDS.iter().position(|kind| {
                share -= kind.2;
                share < 0
            });
            let kind = kind.unwrap();
            // One host in fifty has many feeds, the largest a hundred.
            let host = if dice.is_one_in(5) { usize::try_from(dice.below(60)).unwrap() } else { 60 + number };
            let url = format!("https://{host}.example/{number}");
            let published = publishing_times(KINDS[kind].1, dice);
            let mut state = FeedState::new(FeedId::of(&url), &url, at(0));
            let seen = published.partition_point(|time| *time < 0);
            // Nineteen in twenty are known: they were polled for twelve weeks, and are due some time in the first hour.
            let is_known = !dice.is_one_in(20);
            if is_known {
                know(&mut state, &published[..seen]);
                state.next_poll = at(dice.below(HOUR));
            }
            SimFeed {
                kind,
                host,
                published,
                has_etag: !dice.is_one_in(4),
                max_age: dice
                    .is_one_in(5)
                    .then(|| [300, 600, 3600, 7200][usize::try_from(dice.below(4)).unwrap()]),
                is_broken: dice.is_one_in(50),
                state,
                seen: if is_known { seen } else { 0 },
                last_start: None,
            }
        })
        .collect()
}

/// What twelve weeks of polls would have left.
fn know(state: &mut FeedState, published: &[i64]) {
    let arrivals = published.iter().rev().take(32).rev().map(|time| at(*time)).collect();
    state.rhythm = Rhythm { since: Some(at(-HISTORY_DAYS * DAY)), seen: published.len() as u64, arrivals };
    state.last_poll = Some(at(-1));
    state.last_success = Some(at(-1));
    state.last_entry = Some(published.last().map_or(at(-365 * DAY), |time| at(*time)));
    state.title = Some("known".to_owned());
}

#[derive(Default)]
struct Host {
    running: usize,
    last_start: Option<i64>,
}

/// What was seen.
#[derive(Default)]
struct Report {
    requests: u64,
    unchanged: u64,
    missed: usize,
    /// By kind of feed, the delays of its entries in seconds.
    delays: BTreeMap<usize, Vec<i64>>,
    by_minute: BTreeMap<i64, u64>,
}

impl Report {
    fn peak(&self, from: i64, until: i64) -> u64 {
        self.by_minute.range(from / 60..until / 60).map(|(_, count)| *count).max().unwrap_or(0)
    }
}

struct Simulation {
    feeds: Vec<SimFeed>,
    numbers: FxHashMap<FeedId, usize>,
    hosts: FxHashMap<usize, Host>,
    queue: Queue,
    running: BinaryHeap<Reverse<(i64, i64, usize)>>,
    network: Network,
    /// No packet leaves the machine.
    is_cut_off: bool,
    dice: Dice,
    report: Report,
}

impl Simulation {
    fn new() -> Self {
        let mut dice = Dice(6);
        let feeds = feeds(&mut dice);
        let mut queue = queue(0);
        for feed in &feeds {
            queue.put(&feed.state);
        }
        Self {
            numbers: feeds.iter().enumerate().map(|(number, feed)| (feed.state.feed, number)).collect(),
            feeds,
            hosts: FxHashMap::default(),
            queue,
            running: BinaryHeap::new(),
            network: Network::default(),
            is_cut_off: false,
            dice,
            report: Report::default(),
        }
    }

    /// The daemon's loop, on a virtual clock.
    fn run(&mut self, from: i64, until: i64) {
        let mut now = from;
        while now < until {
            while let Some(Reverse((end, began, number))) =
                self.running.peek().copied().filter(|next| next.0.0 <= now)
            {
                self.running.pop();
                self.finish(number, began, end);
            }
            for feed in self.queue.take_due(at(now)) {
                self.begin(self.numbers[&feed], now);
            }
            let wake = self.queue.next_wake().map(|wake| seconds(wake).max(now + 1));
            let end = self.running.peek().map(|next| next.0.0.max(now + 1));
            now = wake.into_iter().chain(end).min().unwrap_or(until);
        }
    }

    fn begin(&mut self, number: usize, now: i64) {
        let feed = &mut self.feeds[number];
        if let Some(last) = feed.last_start.filter(|_| !self.is_cut_off && feed.state.last_success.is_some())
        {
            let least = feed.max_age.filter(|_| !feed.is_broken).unwrap_or(0).max(15 * 60);
            assert!(now - last >= least, "feed {number} was asked again after {} s", now - last);
        }
        feed.last_start = Some(now);
        let host = self.hosts.entry(feed.host).or_default();
        host.running += 1;
        assert!(host.running <= PER_HOST, "host {} was asked more than it bears", feed.host);
        assert!(host.last_start.is_none_or(|last| now - last >= HOST_GAP), "host {}: no gap", feed.host);
        host.last_start = Some(now);
        self.report.requests += 1;
        *self.report.by_minute.entry(now / 60).or_default() += 1;
        let takes = 1 + if self.dice.is_one_in(20) { self.dice.below(29) } else { self.dice.below(2) };
        self.running.push(Reverse((now + takes, now, number)));
    }

    fn finish(&mut self, number: usize, began: i64, end: i64) {
        let feed = &mut self.feeds[number];
        self.hosts.get_mut(&feed.host).unwrap().running -= 1;
        let outcome = if self.is_cut_off {
            let is_down = self.network.unreachable(&feed.host.to_string());
            let retry = if is_down { Retry::Offline } else { Retry::Unreachable };
            PollOutcome::Failed(Failure { retry, status: None, reason: "not reachable".to_owned() })
        } else {
            self.network.reached();
            answer(feed, began, end, &mut self.report)
        };
        feed.state = schedule::finish_poll(&feed.state, &outcome, None, &cadence(), at(end));
        self.queue.finished(&feed.state, &outcome, at(end));
    }

    /// The process ends, and another one begins with what is stored.
    fn restart(&mut self, now: i64) {
        self.running.clear();
        self.hosts.clear();
        self.queue = queue(now);
        for feed in &self.feeds {
            self.queue.restore(&feed.state, at(now));
        }
    }
}

/// What a feed answers to a request that began and ended then.
fn answer(feed: &mut SimFeed, began: i64, end: i64, report: &mut Report) -> PollOutcome {
    if feed.is_broken {
        return PollOutcome::Failed(Failure {
            retry: Retry::Backoff,
            status: Some(500),
            reason: "answered 500".to_owned(),
        });
    }
    let available = feed.published.partition_point(|time| *time <= began);
    let url = feed.state.polled_url.clone();
    let version = (feed.has_etag).then(|| available.to_string().into_bytes());
    let is_conditional =
        !feed.state.validators.is_empty() && !schedule::is_unconditional(&feed.state, at(began));
    let is_unchanged = is_conditional && version == feed.state.validators.etag;
    let answer = Answer {
        status: if is_unchanged { 304 } else { 200 },
        at: at(end),
        final_url: url.clone(),
        validators: Validators { url, etag: version, last_modified: None },
        was_conditional: is_conditional,
        fresh_for: feed.max_age.map(|age| Duration::from_secs(age.unsigned_abs())),
        permanent_target: None,
        hubs: Vec::new(),
        self_link: None,
        host_pause: None,
        wire_bytes: 0,
        body_hash: (!is_unchanged).then_some(available as u64),
    };
    if is_unchanged {
        report.unchanged += 1;
        return PollOutcome::Unchanged(answer);
    }
    if schedule::is_same_body(&feed.state, &answer) {
        return PollOutcome::Same(answer);
    }
    let shown = available.saturating_sub(WINDOW);
    let is_first = feed.state.last_success.is_none();
    let new = shown.max(feed.seen)..available;
    if !is_first {
        report.missed += shown.saturating_sub(feed.seen);
        let delays = report.delays.entry(feed.kind).or_default();
        delays.extend(feed.published[new.clone()].iter().filter(|time| **time >= 0).map(|time| end - time));
    }
    feed.seen = available;
    let newest = feed.published[..available].last().map(|time| at(*time));
    let freshness = Freshness::default();
    let title = Some("known".to_owned());
    let reading = Reading {
        title,
        entries: available - shown,
        new_entries: new.len(),
        newest,
        freshness,
        ..Reading::default()
    };
    PollOutcome::Read(answer, reading)
}

fn percentile(delays: &mut [i64], percent: usize) -> i64 {
    delays.sort_unstable();
    delays.get(delays.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0) / 60
}

#[test]
fn a_week_of_ten_thousand_feeds_keeps_every_limit() {
    let mut simulation = Simulation::new();
    simulation.run(0, 7 * DAY);
    let mut report = simulation.report;
    let per_day = report.requests * 1000 / 7 / FEEDS as u64;
    let unchanged = report.unchanged * 100 / report.requests;
    println!(
        "{per_day} requests a day for 1,000 feeds; {unchanged} % answered 304; {} entries missed",
        report.missed
    );
    println!(
        "at most {} requests a minute, {} on the last day",
        report.peak(0, 7 * DAY),
        report.peak(6 * DAY, 7 * DAY)
    );
    for (kind, delays) in &mut report.delays {
        println!(
            "{:>12}: {:>6} entries, delay median {:>4} min, 95th percentile {:>5} min",
            KINDS[*kind].0,
            delays.len(),
            percentile(delays, 50),
            percentile(delays, 95)
        );
    }
    let mut all: Vec<i64> = report.delays.into_values().flatten().collect();
    let (median, late) = (percentile(&mut all, 50), percentile(&mut all, 95));
    println!(
        "         all: {:>6} entries, delay median {median:>4} min, 95th percentile {late:>5} min",
        all.len()
    );
    assert!(median <= 30, "median delay {median} min");
    assert!(per_day < 24 * 1000, "no more than one an hour for each feed");
    assert!(unchanged >= 50, "{unchanged} % answered 304");
}

#[test]
fn twelve_hours_of_absence_end_in_no_stampede() {
    let mut simulation = Simulation::new();
    let (gone, back) = (20 * HOUR, 32 * HOUR);
    simulation.run(0, gone);
    simulation.restart(back);
    simulation.run(back, back + 3 * HOUR);
    let usual = simulation.report.peak(10 * HOUR, gone);
    let peak = simulation.report.peak(back, back + 3 * HOUR);
    println!("after twelve hours away: at most {peak} requests a minute, before {usual}");
    // All that are overdue, over half an interval, beside what is usual then.
    assert!(peak < usual * 4, "{peak} in a minute, {usual} before");
    let asked = simulation.feeds.iter().filter(|feed| feed.last_start >= Some(back)).count();
    assert!(asked > FEEDS * 3 / 5, "only {asked} feeds were asked again");
}

#[test]
fn twelve_hours_without_a_network_end_in_no_stampede_and_no_feed_is_blamed() {
    let mut simulation = Simulation::new();
    let (lost, found) = (20 * HOUR, 32 * HOUR);
    simulation.run(0, lost);
    simulation.is_cut_off = true;
    simulation.run(lost, found);
    simulation.is_cut_off = false;
    for feed in &mut simulation.feeds {
        feed.last_start = None;
    }
    simulation.run(found, found + 3 * HOUR);
    let peak = simulation.report.peak(found, found + 3 * HOUR);
    println!("after twelve hours without a network: at most {peak} requests a minute");
    assert!(peak < FEEDS as u64 / 15 * 3 / 2, "{peak} in a minute");
    let due =
        simulation.feeds.iter().filter(|feed| !feed.is_broken && feed.state.next_poll < at(found + 3 * HOUR));
    assert_eq!(due.filter(|feed| feed.state.failures > 0).count(), 0, "feeds still failing");
    let behind = simulation
        .feeds
        .iter()
        .filter(|feed| feed.state.last_poll < Some(at(found)) && feed.state.next_poll < at(found + HOUR));
    assert_eq!(behind.count(), 0, "feeds not yet asked");
}

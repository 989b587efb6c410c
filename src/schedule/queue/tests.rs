use super::*;
use crate::schedule::{Failure, HostRule, Retry};
use proptest::prelude::*;

fn start() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(offset: u64) -> Timestamp {
    later(start(), seconds(offset))
}

fn queue(concurrency: usize, per_host: usize, gap: u64) -> Queue {
    let cadence = Cadence::new(seconds(3600), seconds(900), seconds(86_400)).unwrap();
    let hosts = HostLimits::uniform(per_host, seconds(gap));
    Queue::new(QueueSettings { concurrency, hosts, cadence }, start())
}

fn feed(url: &str, due: u64) -> FeedState {
    let mut state = FeedState::new(FeedId::of(url), url, start());
    state.next_poll = at(due);
    state
}

fn failed(status: u16, retry: Retry) -> PollOutcome {
    PollOutcome::Failed(Failure { retry, status: Some(status), reason: "test".to_owned() })
}

#[test]
fn a_feed_is_taken_when_it_is_due_and_not_before() {
    let mut queue = queue(4, 2, 0);
    let state = feed("https://a.example/", 10);
    queue.put(&state);
    assert_eq!(queue.next_wake(), Some(at(10)));
    assert!(queue.take_due(at(9)).is_empty());
    assert_eq!(queue.take_due(at(10)), [state.feed]);
    assert_eq!((queue.next_wake(), queue.running()), (None, 1));
    assert!(queue.take_due(at(100)).is_empty(), "a feed that is being polled is not due");
}

#[test]
fn a_host_gets_no_more_requests_at_once_than_it_bears_and_none_before_the_gap() {
    let mut queue = queue(64, 2, 5);
    let states: Vec<_> = (0..4).map(|n| feed(&format!("https://a.example/{n}"), 0)).collect();
    for state in &states {
        queue.put(state);
    }
    assert_eq!(queue.take_due(at(0)).len(), 1);
    assert_eq!(queue.next_wake(), Some(at(5)), "the gap");
    assert_eq!(queue.take_due(at(5)).len(), 1);
    assert_eq!(queue.next_wake(), None, "two run, and two are all");
    assert!(queue.take_due(at(50)).is_empty());
    let done = states.iter().find(|state| queue.feeds[&state.feed].phase == Phase::Polled).unwrap();
    let mut left = done.clone();
    left.next_poll = at(3600);
    queue.finished(&left, &failed(500, Retry::Backoff), at(50));
    assert_eq!(queue.take_due(at(50)).len(), 1);
}

#[test]
fn concurrency_bounds_all_hosts_together() {
    let mut queue = queue(3, 2, 0);
    for n in 0..10 {
        queue.put(&feed(&format!("https://{n}.example/"), 0));
    }
    assert_eq!(queue.take_due(at(0)).len(), 3);
    assert_eq!(queue.next_wake(), None);
}

#[test]
fn a_slow_host_does_not_delay_the_others() {
    let mut queue = queue(64, 1, 60);
    for n in 0..50 {
        queue.put(&feed(&format!("https://slow.example/{n}"), 0));
    }
    let other = feed("https://other.example/", 1);
    queue.put(&other);
    assert_eq!(queue.take_due(at(0)).len(), 1);
    assert_eq!(queue.take_due(at(1)), [other.feed]);
}

#[test]
fn feeds_under_a_rule_share_one_budget() {
    let mut queue = queue(64, 2, 0);
    let rule = HostRule { per_host: 1, gap: seconds(60) };
    queue.settings.hosts.rules.insert("big.example".to_owned(), rule);
    queue.put(&feed("https://www.big.example/", 0));
    queue.put(&feed("https://old.big.example/", 0));
    assert_eq!(queue.take_due(at(0)).len(), 1);
    assert_eq!(queue.running(), 1);
}

#[test]
fn one_429_slows_its_feed_and_a_second_one_the_host() {
    let mut queue = queue(64, 2, 0);
    let states: Vec<_> = (0..3).map(|n| feed(&format!("https://a.example/{n}"), n)).collect();
    for state in &states {
        queue.put(state);
    }
    let limited = failed(429, Retry::After(seconds(300)));
    let poll = |queue: &mut Queue, n: usize, now: u64| {
        assert_eq!(queue.take_due(at(now)), [states[n].feed], "feed {n}");
        let mut left = states[n].clone();
        left.next_poll = at(10_000);
        queue.finished(&left, &limited, at(now));
    };
    poll(&mut queue, 0, 0);
    poll(&mut queue, 1, 1);
    assert!(queue.take_due(at(2)).is_empty(), "the host is left alone now");
    assert_eq!(queue.next_wake(), Some(at(301)));
    poll(&mut queue, 2, 301);
}

#[test]
fn a_single_403_concerns_its_feed_alone_and_a_burst_the_host() {
    let mut queue = queue(64, 2, 0);
    for n in 0..5 {
        let state = feed(&format!("https://a.example/{n}"), n);
        queue.put(&state);
        assert_eq!(queue.take_due(at(n)).len(), usize::from(n < 4), "feed {n}");
        let mut left = state;
        left.next_poll = at(10_000);
        queue.finished(&left, &failed(403, Retry::Backoff), at(n));
    }
}

#[test]
fn what_is_gone_paused_or_removed_leaves_the_queue() {
    let mut queue = queue(4, 2, 0);
    let mut state = feed("https://a.example/", 0);
    queue.put(&state);
    state.condition = Condition::Paused;
    queue.put(&state);
    assert!(queue.is_empty() && queue.take_due(at(1)).is_empty());
    let state = feed("https://b.example/", 0);
    queue.put(&state);
    assert_eq!(queue.take_due(at(1)).len(), 1);
    queue.remove(state.feed);
    queue.finished(&state, &failed(500, Retry::Backoff), at(2));
    assert!(queue.is_empty(), "removed while it was polled");
    assert_eq!(queue.running(), 0);
}

#[test]
fn a_feed_that_is_removed_and_added_again_while_it_is_polled_stays() {
    let mut queue = queue(4, 2, 0);
    let state = feed("https://a.example/", 0);
    queue.put(&state);
    queue.take_due(at(0));
    queue.remove(state.feed);
    queue.put(&state);
    queue.finished(&state, &failed(500, Retry::Backoff), at(1));
    assert_eq!((queue.len(), queue.running()), (1, 0));
}

#[test]
fn a_feed_that_moved_counts_with_its_new_host() {
    let mut queue = queue(4, 1, 60);
    let mut state = feed("https://a.example/", 0);
    queue.put(&state);
    queue.take_due(at(0));
    state.polled_url = "https://b.example/".to_owned();
    state.next_poll = at(10);
    queue.finished(&state, &failed(500, Retry::Backoff), at(1));
    assert_eq!(queue.next_wake(), Some(at(10)), "the gap is a.example's");
}

/// How many feeds are taken within so many seconds, with a look every few minutes: a longer silence would be a jump of
/// the clock.
fn taken_within(queue: &mut Queue, from: Timestamp, length_seconds: u64) -> usize {
    (1..=length_seconds / 300).map(|step| queue.take_due(later(from, seconds(step * 300))).len()).sum()
}

#[test]
fn what_was_missed_while_away_is_spread_over_half_an_interval_and_new_feeds_are_due_at_once() {
    let mut queue = queue(10_000, 2, 0);
    let now = at(12 * 3600);
    for n in 0..1000 {
        let mut state = feed(&format!("https://{n}.example/"), 60);
        state.last_poll = Some(start());
        queue.restore(&state, now);
    }
    queue.restore(&feed("https://new.example/", 0), now);
    assert_eq!(queue.take_due(now), [FeedId::of("https://new.example/")]);
    let third = queue.take_due(later(now, seconds(600))).len();
    assert!((250..420).contains(&third), "{third} of 1000 in a third of the time");
    assert_eq!(taken_within(&mut queue, later(now, seconds(600)), 1200), 1000 - third);
    // Twenty minutes late, at most twenty minutes more.
    let mut state = feed("https://late.example/", 60);
    state.last_poll = Some(start());
    queue.restore(&state, at(1260));
    assert_eq!(taken_within(&mut queue, at(1260), 1200), 1);
}

#[test]
fn a_state_of_a_clock_ahead_of_ours_keeps_its_wait() {
    let mut queue = queue(4, 2, 0);
    let mut state = feed("https://a.example/", 0);
    let year = seconds(365 * 86_400);
    state.last_poll = Some(later(start(), year));
    state.next_poll = later(start(), year + seconds(100));
    queue.restore(&state, start());
    assert_eq!(queue.next_wake(), Some(at(100)));
}

#[test]
fn a_clock_that_jumps_back_takes_the_schedule_with_it() {
    let mut queue = queue(4, 2, 0);
    queue.put(&feed("https://a.example/", 1000));
    queue.take_due(at(900));
    queue.take_due(earlier(at(900), seconds(86_400)));
    assert_eq!(queue.next_wake(), Some(earlier(at(1000), seconds(86_400))));
}

#[test]
fn a_clock_that_jumps_forth_spreads_what_became_due() {
    let mut queue = queue(10_000, 2, 0);
    for n in 0..1000 {
        queue.put(&feed(&format!("https://{n}.example/"), 60 + n));
    }
    let now = at(86_400);
    let taken = queue.take_due(now).len();
    assert!(taken < 50, "{taken} of 1000 at once");
    assert_eq!(taken_within(&mut queue, now, 1800), 1000 - taken);
}

#[test]
fn a_lost_poll_frees_its_place() {
    let mut queue = queue(1, 1, 0);
    let state = feed("https://a.example/", 0);
    queue.put(&state);
    queue.take_due(at(0));
    queue.abandoned(&state, at(30));
    assert_eq!((queue.running(), queue.next_wake()), (0, Some(at(30))));
}

#[derive(Debug, Clone)]
enum Step {
    Put { feed: usize, in_seconds: u64 },
    Remove { feed: usize },
    Wait { seconds: u64 },
    Finish { nth: usize, next_in_seconds: u64 },
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..20_usize, 0..100_u64).prop_map(|(feed, in_seconds)| Step::Put { feed, in_seconds }),
        (0..20_usize).prop_map(|feed| Step::Remove { feed }),
        (0..60_u64).prop_map(|seconds| Step::Wait { seconds }),
        (0..9_usize, 900..2000_u64).prop_map(|(nth, next_in_seconds)| Step::Finish { nth, next_in_seconds }),
    ]
}

proptest! {
    #[test]
    fn no_limit_is_broken_and_no_feed_is_lost_whatever_happens(
        steps in proptest::collection::vec(any_step(), 1..120)
    ) {
        const PER_HOST: usize = 2;
        const GAP: u64 = 3;
        // Twenty feeds on four hosts.
        let url = |feed: usize| format!("https://{}.example/{feed}", feed % 4);
        let host = |state: &FeedState| state.url.chars().nth(8).unwrap();
        let mut queue = queue(5, PER_HOST, GAP);
        let mut now = 0;
        let mut states: FxHashMap<FeedId, FeedState> = FxHashMap::default();
        let mut running: Vec<FeedState> = Vec::new();
        let mut started: FxHashMap<char, u64> = FxHashMap::default();
        for step in steps.into_iter().chain((0..200).map(|_| Step::Wait { seconds: 30 })) {
            let is_last = matches!(step, Step::Wait { seconds: 30 });
            match step {
                Step::Put { feed, in_seconds } => {
                    let state = self::feed(&url(feed), now + in_seconds);
                    queue.put(&state);
                    if !running.iter().any(|one| one.feed == state.feed) {
                        states.insert(state.feed, state);
                    }
                }
                Step::Remove { feed } => {
                    let id = FeedId::of(&url(feed));
                    queue.remove(id);
                    states.remove(&id);
                }
                Step::Wait { seconds } => now += seconds,
                Step::Finish { nth, next_in_seconds } if nth < running.len() => {
                    let mut state = running.remove(nth);
                    state.next_poll = at(now + next_in_seconds);
                    queue.finished(&state, &failed(500, Retry::Backoff), at(now));
                }
                Step::Finish { .. } => {}
            }
            if is_last && !running.is_empty() {
                let mut state = running.remove(0);
                state.next_poll = at(1 << 30);
                queue.finished(&state, &failed(500, Retry::Backoff), at(now));
            }
            for id in queue.take_due(at(now)) {
                prop_assert!(running.iter().all(|one| one.feed != id), "polled twice at once");
                let state = states.remove(&id).unwrap_or_else(|| {
                    (0..20).map(|feed| self::feed(&url(feed), 0)).find(|state| state.feed == id).unwrap()
                });
                let before = started.insert(host(&state), now);
                prop_assert!(before.is_none_or(|before| now - before >= GAP), "no gap");
                running.push(state.clone());
                let at_once = running.iter().filter(|one| host(one) == host(&state)).count();
                prop_assert!(at_once <= PER_HOST && running.len() <= 5);
            }
            prop_assert_eq!(queue.running(), running.len());
        }
        prop_assert!(states.is_empty(), "never polled: {:?}", states.keys());
    }
}

mod places;
mod waits;

use super::*;
use crate::model::{FeedId, Freshness, HubState};
use chrono::SubsecRound;
use proptest::prelude::*;

const URL: &str = "https://a.example/feed";
const HOUR: Duration = Duration::from_hours(1);

fn start() -> Timestamp {
    // A Sunday.
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn cadence() -> Cadence {
    Cadence::new(HOUR, Duration::from_mins(15), Duration::from_hours(24)).unwrap()
}

fn answer(status: u16) -> Answer {
    Answer {
        status,
        at: start(),
        final_url: URL.to_owned(),
        validators: Validators { url: URL.to_owned(), ..Validators::default() },
        was_conditional: status == 304,
        fresh_for: None,
        permanent_target: None,
        hubs: Vec::new(),
        self_link: None,
        host_pause: None,
        wire_bytes: 0,
        body_hash: (status != 304).then_some(1),
    }
}

fn etag(answer: Answer, etag: &str) -> Answer {
    let validators = Validators { etag: Some(etag.as_bytes().to_vec()), ..answer.validators };
    Answer { validators, ..answer }
}

fn reading(entries: usize, new_entries: usize) -> Reading {
    Reading { title: Some("A".to_owned()), entries, new_entries, ..Reading::default() }
}

fn read(entries: usize, new_entries: usize) -> PollOutcome {
    PollOutcome::Read(answer(200), reading(entries, new_entries))
}

fn failed(status: u16, retry: Retry) -> PollOutcome {
    PollOutcome::Failed(Failure { retry, status: Some(status), reason: format!("answered {status}") })
}

fn error() -> PollOutcome {
    failed(500, Retry::Backoff)
}

/// A feed and its clock.
struct Poller {
    state: FeedState,
    now: Timestamp,
    own_interval: Option<Duration>,
}

impl Poller {
    fn new() -> Self {
        Self { state: FeedState::new(FeedId::of(URL), URL, start()), now: start(), own_interval: None }
    }

    /// One that was read once.
    fn known() -> Self {
        let mut poller = Self::new();
        poller.poll(&read(20, 20));
        poller
    }

    /// Polls when it is due; gives the wait until the next poll.
    fn poll(&mut self, outcome: &PollOutcome) -> Duration {
        self.now = self.now.max(self.state.next_poll);
        self.state = finish_poll(&self.state, outcome, self.own_interval, &cadence(), self.now);
        between(self.now, self.state.next_poll)
    }

    fn etag(&self) -> Option<String> {
        self.state.validators.etag.clone().map(|etag| String::from_utf8(etag).unwrap())
    }
}

/// Whether a wait is what was meant, and a little more by chance.
#[track_caller]
fn assert_about(wait: Duration, least: Duration, share: f64) {
    assert!(wait >= least && wait <= least.mul_f64(1.0 + share), "{wait:?} is not about {least:?}");
}

#[test]
fn a_feed_that_was_never_polled_is_due_at_once_and_spread_afterwards() {
    let mut poller = Poller::new();
    assert_eq!(poller.state.next_poll, start());
    assert_about(poller.poll(&read(20, 20)), HOUR, 0.4);
    assert_about(poller.poll(&PollOutcome::Same(answer(200))), HOUR, 0.1);
    assert_eq!(poller.state.condition, Condition::Active);
    let year = Answer { fresh_for: Some(Duration::from_hours(8760)), ..answer(200) };
    for _ in 0..20 {
        let mut poller = Poller::new();
        poller.state.feed = FeedId(poller.state.feed.0 + 1);
        let wait = poller.poll(&PollOutcome::Read(year.clone(), reading(20, 20)));
        assert_about(wait, Duration::from_hours(24), 0.1);
    }
}

#[test]
fn the_newest_validators_of_a_200_or_a_304_are_kept_and_dropped_ones_forgotten() {
    let mut poller = Poller::new();
    let mut polls = |outcome: PollOutcome| {
        poller.poll(&outcome);
        poller.etag()
    };
    assert_eq!(polls(PollOutcome::Read(etag(answer(200), "1"), reading(9, 9))).as_deref(), Some("1"));
    assert_eq!(polls(PollOutcome::Unchanged(answer(304))).as_deref(), Some("1"), "a bare 304");
    assert_eq!(polls(PollOutcome::Unchanged(etag(answer(304), "2"))).as_deref(), Some("2"));
    assert_eq!(polls(error()).as_deref(), Some("2"), "an error");
    assert_eq!(
        polls(PollOutcome::NoFeed {
            answer: etag(answer(200), "html"),
            reason: String::new(),
            feed_link: None
        })
        .as_deref(),
        Some("2"),
        "an error page"
    );
    assert_eq!(polls(PollOutcome::Same(etag(answer(200), "3"))).as_deref(), Some("3"));
    assert_eq!(polls(read(9, 0)), None, "a 200 without any");
}

#[test]
fn validators_of_a_304_from_another_url_are_not_taken() {
    let mut poller = Poller::new();
    poller.poll(&PollOutcome::Read(etag(answer(200), "1"), reading(9, 9)));
    let mut other = etag(answer(304), "2");
    other.validators.url = "https://b.example/".to_owned();
    poller.poll(&PollOutcome::Unchanged(other));
    assert_eq!(poller.etag().as_deref(), Some("1"));
}

#[test]
fn a_week_and_a_day_of_304s_ends_in_one_request_without_conditions() {
    let mut poller = Poller::known();
    let mut unconditional = Vec::new();
    while between(start(), poller.now) < Duration::from_hours(20 * 24) {
        if is_unconditional(&poller.state, poller.state.next_poll) {
            unconditional.push(between(start(), poller.state.next_poll).as_secs() / 86_400);
        }
        poller.poll(&PollOutcome::Unchanged(answer(304)));
    }
    assert_eq!(unconditional, [8, 16], "days");
    let mut poller = Poller::known();
    for days in 1..30 {
        poller.now = later(start(), Duration::from_hours(24 * days));
        poller.poll(&if days % 7 == 0 {
            PollOutcome::Same(answer(200))
        } else {
            PollOutcome::Unchanged(answer(304))
        });
        assert!(!is_unconditional(&poller.state, poller.now), "a 200 now and then");
    }
}

#[test]
fn a_304_to_a_first_request_is_an_error() {
    let mut poller = Poller::new();
    poller.poll(&PollOutcome::Unchanged(answer(304)));
    assert_eq!(poller.state.condition, Condition::Failing);
}

#[test]
fn a_feed_that_is_silent_for_much_longer_than_its_rhythm_is_stale_until_it_speaks() {
    let mut poller = Poller::known();
    for _ in 0..30 {
        // An entry a week.
        poller.now = later(poller.now, Duration::from_hours(7 * 24));
        poller.poll(&read(20, 1));
    }
    assert_eq!(poller.state.condition, Condition::Active);
    poller.now = later(poller.now, Duration::from_hours(60 * 24));
    poller.poll(&PollOutcome::Unchanged(answer(304)));
    assert_eq!(poller.state.condition, Condition::Active, "sixty days are not much longer than seven");
    poller.now = later(poller.now, Duration::from_hours(20 * 24));
    assert_about(poller.poll(&PollOutcome::Unchanged(answer(304))), Duration::from_hours(24), 0.1);
    assert_eq!(poller.state.condition, Condition::Stale);
    poller.poll(&read(20, 1));
    assert_eq!(poller.state.condition, Condition::Active);
}

#[test]
fn a_feed_whose_newest_entry_is_old_when_it_is_subscribed_is_stale() {
    let mut poller = Poller::new();
    let newest = Some("2024-01-01T00:00:00Z".parse().unwrap());
    poller.poll(&PollOutcome::Read(answer(200), Reading { newest, ..reading(20, 20) }));
    assert_eq!(poller.state.condition, Condition::Stale);
}

#[test]
fn a_delta_keeps_what_it_does_not_say() {
    let mut poller = Poller::new();
    let freshness = Freshness { feed: Some(2 * HOUR), skip_hours: 1, ..Freshness::default() };
    poller.poll(&PollOutcome::Read(answer(200), Reading { freshness, ..reading(20, 20) }));
    let delta = Reading { title: None, is_delta: true, ..reading(1, 1) };
    let wait = poller.poll(&PollOutcome::Read(Answer { body_hash: Some(2), ..answer(226) }, delta));
    assert_about(wait, 2 * HOUR, 0.1);
    assert_eq!((poller.state.title.as_deref(), poller.state.body_hash), (Some("A"), Some(1)));
    assert_eq!(poller.state.counts.entries, 21);
}

#[test]
fn the_same_body_is_known_by_its_hash() {
    let poller = Poller::known();
    assert!(is_same_body(&poller.state, &answer(200)));
    assert!(!is_same_body(&poller.state, &Answer { body_hash: Some(2), ..answer(200) }));
    assert!(!is_same_body(&Poller::new().state, &Answer { body_hash: None, ..answer(304) }));
}

#[test]
fn a_hub_slows_polls_down_while_its_lease_lasts_and_never_stops_them() {
    let mut poller = Poller::known();
    let lease_until = Some(later(poller.state.next_poll, Duration::from_secs(1)));
    poller.state.hub = Some(HubState {
        hub: "https://hub.example/".to_owned(),
        topic: URL.to_owned(),
        token: String::new(),
        secret: String::new(),
        is_verified: true,
        is_leaving: false,
        lease_until,
        next_request: start(),
        failures: 0,
    });
    assert_about(poller.poll(&read(20, 0)), 4 * HOUR, 0.1);
    assert_about(poller.poll(&read(20, 0)), HOUR, 0.1);
}

#[test]
fn a_push_counts_as_news_and_leaves_the_schedule() {
    let poller = Poller::known();
    let pushed =
        finish_push(&poller.state, &Reading { is_delta: true, ..reading(1, 1) }, later(start(), HOUR));
    assert_eq!((pushed.next_poll, pushed.counts.entries), (poller.state.next_poll, 21));
    assert_eq!((pushed.last_entry, pushed.rhythm.seen), (Some(later(start(), HOUR)), 1));
}

#[test]
fn without_a_network_no_feed_is_blamed() {
    let mut poller = Poller::known();
    let offline =
        PollOutcome::Failed(Failure { retry: Retry::Offline, status: None, reason: "no route".to_owned() });
    for _ in 0..20 {
        assert_about(poller.poll(&offline), Duration::from_mins(15), 0.5);
    }
    assert_eq!((poller.state.failures, poller.state.condition), (0, Condition::Active));
    let unreachable =
        PollOutcome::Failed(Failure { retry: Retry::Unreachable, status: None, reason: String::new() });
    for _ in 0..10 {
        assert!(poller.poll(&unreachable) <= 5 * HOUR);
    }
}

#[test]
fn a_paused_feed_says_so() {
    let paused = pause(&Poller::known().state, start());
    assert_eq!((paused.condition, paused.next_poll_reason.as_str()), (Condition::Paused, "paused"));
}

fn any_outcome() -> impl Strategy<Value = PollOutcome> {
    let wait =
        || prop_oneof![Just(None), (0..u64::from(u32::MAX)).prop_map(|s| Some(Duration::from_secs(s)))];
    let answered = (wait(), wait(), any::<u32>(), any::<u8>(), 0..40_usize, 0..40_usize);
    prop_oneof![
        answered.prop_map(|(http, feed, skip_hours, skip_days, entries, new)| {
            let freshness = Freshness { feed, skip_hours, skip_days, ..Freshness::default() };
            let answer = Answer { fresh_for: http, ..answer(200) };
            PollOutcome::Read(answer, Reading { freshness, ..reading(entries.max(new), new) })
        }),
        Just(PollOutcome::Unchanged(answer(304))),
        Just(error()),
        wait().prop_map(|pause| failed(429, pause.map_or(Retry::SlowDown, Retry::After))),
        Just(failed(410, Retry::Gone)),
        Just(PollOutcome::Failed(Failure { retry: Retry::Offline, status: None, reason: String::new() })),
    ]
}

proptest! {
    #[test]
    fn the_next_poll_is_never_sooner_than_the_minimum_nor_beyond_the_horizon(
        outcomes in proptest::collection::vec(any_outcome(), 1..30)
    ) {
        let mut poller = Poller::new();
        for outcome in outcomes {
            if poller.state.condition == Condition::Gone {
                break;
            }
            let wait = poller.poll(&outcome);
            if poller.state.condition != Condition::Gone {
                prop_assert!(wait >= cadence().min(), "{wait:?} after {outcome:?}");
                prop_assert!(wait <= horizon(&cadence()), "{wait:?} after {outcome:?}");
            }
        }
    }
}

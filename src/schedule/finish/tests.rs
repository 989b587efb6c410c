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
fn what_the_publisher_asks_for_is_a_floor_with_a_ceiling() {
    let hours = |hours| Some(Duration::from_hours(hours));
    let cases = [
        ("nothing", None, None, HOUR),
        ("Cache-Control", hours(3), None, Duration::from_hours(3)),
        ("ttl", None, hours(5), Duration::from_hours(5)),
        ("both: the longer one", hours(3), hours(5), Duration::from_hours(5)),
        ("less than the interval", Some(Duration::ZERO), Some(Duration::from_mins(1)), HOUR),
        ("a year", hours(8760), None, Duration::from_hours(24)),
    ];
    for (name, http, feed, want) in cases {
        let mut poller = Poller::known();
        let answer = Answer { fresh_for: http, ..answer(200) };
        let freshness = Freshness { feed, ..Freshness::default() };
        let wait = poller.poll(&PollOutcome::Read(answer, Reading { freshness, ..reading(20, 0) }));
        assert!(wait >= want && wait <= want.mul_f64(1.1), "case {name}: {wait:?}");
    }
}

#[test]
fn a_304_renews_freshness_and_one_that_says_nothing_keeps_it() {
    let mut poller = Poller::known();
    let fresh = Answer { fresh_for: Some(Duration::from_hours(3)), ..answer(304) };
    assert_about(poller.poll(&PollOutcome::Unchanged(fresh)), Duration::from_hours(3), 0.1);
    assert_about(poller.poll(&PollOutcome::Unchanged(answer(304))), Duration::from_hours(3), 0.1);
    assert_about(poller.poll(&PollOutcome::Same(answer(200))), HOUR, 0.1);
}

#[test]
fn skipped_hours_and_days_are_slept_through() {
    let skip = |skip_hours, skip_days| {
        let mut poller = Poller::known();
        let freshness = Freshness { skip_hours, skip_days, ..Freshness::default() };
        poller.now = start();
        poller.state.next_poll = start();
        poller.poll(&PollOutcome::Read(answer(200), Reading { freshness, ..reading(20, 0) }));
        poller.state.next_poll.trunc_subsecs(0)
    };
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let monday = at("2026-03-02T00:00:00Z");
    assert_eq!(skip(1 << 12 | 1 << 13 | 1 << 14, 0), at("2026-03-01T15:00:00Z"));
    assert_eq!(skip(0, 1 << 6), monday, "Sundays");
    assert_eq!(skip(1, 1 << 6), at("2026-03-02T01:00:00Z"), "Sundays, and the hour after midnight");
    assert_eq!(skip(0, 0b101_1111), at("2026-03-07T00:00:00Z"), "all days but Saturdays");
    assert!(skip(u32::MAX, u8::MAX) < monday, "all hours and days mean nothing");
}

#[test]
fn a_rhythm_replaces_the_default_interval_once_it_is_known_and_not_before() {
    // An entry a day, so a poll every three hours; ten of them take longer than the week.
    let mut poller = Poller::known();
    let mut published = start();
    while between(start(), poller.now) < Duration::from_hours(14 * 24) {
        let due = poller.state.next_poll;
        let new = std::iter::from_fn(|| {
            (later(published, Duration::from_hours(24)) <= due)
                .then(|| published = later(published, Duration::from_hours(24)))
        })
        .count();
        let wait = poller.poll(&read(20, new));
        let is_known =
            poller.state.rhythm.seen >= 10 && between(start(), poller.now) >= Duration::from_hours(7 * 24);
        let expected = if is_known { Duration::from_hours(3) } else { HOUR };
        assert_about(wait, expected, 0.2);
    }
    assert!(
        poller.state.next_poll_reason.contains("its rhythm: an entry every"),
        "{}",
        poller.state.next_poll_reason
    );
}

#[test]
fn nine_entries_in_a_month_or_ninety_in_a_day_are_no_rhythm() {
    for (polls, new) in [(9, 1), (1, 90)] {
        let mut poller = Poller::known();
        for _ in 0..polls {
            poller.poll(&read(100, new));
        }
        if polls == 9 {
            poller.now = later(start(), Duration::from_hours(30 * 24));
        }
        poller.poll(&read(100, 0));
        assert!(poller.state.next_poll_reason.contains("default"), "{}", poller.state.next_poll_reason);
    }
}

#[test]
fn an_interval_of_the_operators_beats_the_rhythm() {
    let mut poller = Poller::known();
    poller.own_interval = Some(Duration::from_mins(30));
    for _ in 0..500 {
        assert_about(poller.poll(&read(20, 1)), Duration::from_mins(30), 0.1);
    }
}

#[test]
fn a_poll_that_shows_only_new_entries_makes_the_next_one_come_sooner() {
    let mut poller = Poller::known();
    let wait = poller.poll(&read(20, 20));
    assert!(wait < Duration::from_mins(50), "{wait:?}");
    assert_about(poller.poll(&read(20, 3)), HOUR, 0.1);
    // A feed that shows its last few alone is not asked more often for it.
    assert_about(poller.poll(&read(1, 1)), HOUR, 0.1);
}

#[test]
fn errors_back_off_up_to_the_maximum_and_an_answer_ends_that() {
    let mut poller = Poller::known();
    let mut want = HOUR;
    for failures in 1..12 {
        assert_about(poller.poll(&error()), want, 0.25);
        assert_eq!((poller.state.failures, poller.state.condition), (failures, Condition::Failing));
        want = (want * 2).min(Duration::from_hours(24));
    }
    assert!(poller.state.next_poll_reason.contains("11 times in a row"));
    assert_about(poller.poll(&read(20, 1)), HOUR, 0.1);
    assert_eq!((poller.state.failures, poller.state.condition), (0, Condition::Active));
}

#[test]
fn retry_after_is_obeyed_at_the_first_fetch_too_and_nothing_absurd_is() {
    let cases = [
        ("two hours", Duration::from_hours(2), Duration::from_hours(2)),
        ("less than the interval", Duration::from_secs(5), HOUR),
        ("ten years", Duration::from_hours(87_600), Duration::from_hours(24)),
    ];
    for (name, asked, want) in cases {
        for status in [429, 503] {
            let wait = Poller::new().poll(&failed(status, Retry::After(asked)));
            assert!(wait >= want && wait <= want.mul_f64(1.1), "case {name}: {wait:?}");
        }
    }
    let wait = Poller::new().poll(&failed(429, Retry::SlowDown));
    assert_about(wait, 2 * HOUR, 0.25);
}

#[test]
fn intervals_of_fractions_of_a_second_work() {
    let millis = Duration::from_millis;
    let cadence = Cadence::new(millis(500), millis(200), millis(3000)).unwrap();
    let state = FeedState::new(FeedId::of(URL), URL, start());
    let next = finish_poll(&state, &error(), None, &cadence, start());
    assert_about(between(start(), next.next_poll), millis(500), 0.25);
    let pause =
        finish_poll(&state, &failed(503, Retry::After(Duration::from_secs(12))), None, &cadence, start());
    assert_about(between(start(), pause.next_poll), Duration::from_secs(12), 0.1);
}

#[test]
fn a_410_is_confirmed_twice_and_then_believed() {
    let mut poller = Poller::known();
    for _ in 0..2 {
        poller.poll(&failed(410, Retry::Gone));
        assert_eq!(poller.state.condition, Condition::Failing);
    }
    poller.poll(&failed(410, Retry::Gone));
    assert_eq!(poller.state.condition, Condition::Gone);
    let resumed = resume(&poller.state, poller.now);
    assert_eq!((resumed.condition, resumed.gone_answers), (Condition::Active, 0));
}

#[test]
fn a_410_between_other_answers_is_not_believed() {
    let mut poller = Poller::known();
    for _ in 0..5 {
        poller.poll(&failed(410, Retry::Gone));
        poller.poll(&failed(410, Retry::Gone));
        poller.poll(&error());
    }
    assert_eq!(poller.state.condition, Condition::Failing);
}

fn moved_to(target: &str) -> Answer {
    Answer { permanent_target: Some(target.to_owned()), ..answer(200) }
}

#[test]
fn a_permanent_redirect_is_adopted_when_it_leads_to_the_same_feed_again() {
    let mut poller = Poller::known();
    let target = "https://b.example/feed";
    poller.poll(&PollOutcome::Read(moved_to(target), reading(20, 1)));
    assert_eq!((poller.state.polled_url.as_str(), poller.state.condition), (URL, Condition::Active));
    poller.poll(&error());
    poller.poll(&PollOutcome::Unchanged(moved_to(target)));
    assert_eq!((poller.state.polled_url.as_str(), poller.state.condition), (target, Condition::Moved));
    assert_eq!(poller.state.condition_reason, "moved to https://b.example/feed");
    assert_eq!(poller.state.url, URL, "the subscription keeps its name");
    let condition_since = poller.state.condition_since;
    poller.poll(&read(20, 1));
    assert_eq!((poller.state.polled_url.as_str(), poller.state.condition_since), (target, condition_since));
}

#[test]
fn a_move_from_the_first_poll_on_is_adopted() {
    let mut poller = Poller::new();
    poller.poll(&PollOutcome::Read(moved_to("https://b.example/"), reading(20, 20)));
    poller.poll(&PollOutcome::Same(moved_to("https://b.example/")));
    assert_eq!(poller.state.polled_url, "https://b.example/");
}

#[test]
fn redirects_that_change_their_mind_move_nothing() {
    let mut poller = Poller::known();
    for target in ["https://b.example/", "https://c.example/", "https://b.example/"] {
        poller.poll(&PollOutcome::Read(moved_to(target), reading(20, 1)));
    }
    poller.poll(&read(20, 1));
    poller.poll(&PollOutcome::Read(moved_to("https://b.example/"), reading(20, 1)));
    assert_eq!(poller.state.polled_url, URL);
}

#[test]
fn a_redirect_to_something_else_moves_nothing() {
    let mut poller = Poller::known();
    let page = |target| PollOutcome::NoFeed {
        answer: moved_to(target),
        reason: "a web page".to_owned(),
        feed_link: Some("https://b.example/other-feed".to_owned()),
    };
    for _ in 0..5 {
        poller.poll(&page("https://b.example/maintenance"));
    }
    assert_eq!((poller.state.polled_url.as_str(), poller.state.condition), (URL, Condition::Failing));
    let mut poller = Poller::known();
    let other = Reading { title: Some("Another feed".to_owned()), ..reading(20, 20) };
    for _ in 0..5 {
        // All entries are new each time: a different feed stands there.
        poller.state.title = Some("A".to_owned());
        poller.poll(&PollOutcome::Read(moved_to("https://b.example/"), other.clone()));
    }
    assert_eq!(poller.state.polled_url, URL);
}

#[test]
fn a_feed_finds_back_when_its_new_place_answers_without_it() {
    let mut poller = Poller::known();
    poller.state.polled_url = "https://b.example/".to_owned();
    for _ in 0..8 {
        poller.poll(&PollOutcome::Failed(Failure {
            retry: Retry::Backoff,
            status: None,
            reason: "reset".to_owned(),
        }));
    }
    assert_eq!(poller.state.polled_url, "https://b.example/", "a broken network is no answer");
    poller.poll(&failed(404, Retry::Backoff));
    assert_eq!(poller.state.polled_url, URL);
}

#[test]
fn a_page_that_names_its_feed_is_followed_once() {
    let page = |link: &str| PollOutcome::NoFeed {
        answer: answer(200),
        reason: "a web page".to_owned(),
        feed_link: Some(link.to_owned()),
    };
    let mut poller = Poller::new();
    assert_eq!(poller.poll(&page("https://a.example/rss?key=secret")), Duration::ZERO);
    assert_eq!(poller.state.polled_url, "https://a.example/rss?key=secret");
    assert!(!poller.state.condition_reason.contains("secret"));
    assert!(poller.poll(&page("https://a.example/other")) >= HOUR, "a page again is an error");
    assert_eq!(poller.state.polled_url, "https://a.example/rss?key=secret");
    let mut poller = Poller::known();
    poller.poll(&page("https://a.example/rss"));
    assert_eq!((poller.state.polled_url.as_str(), poller.state.condition), (URL, Condition::Failing));
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

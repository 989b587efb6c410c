//! How long a feed is left alone: its own wishes, its rhythm, the operator's, and failures.

use super::*;

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

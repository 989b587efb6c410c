//! The rules of time: when a story goes on the wire, and which time it bears there.

use crate::model::{Claimed, Timestamp};
use chrono::TimeDelta;
use std::time::Duration;

/// A claimed time counts as `published` if it lies within this time before the entry was first seen.
const BELIEVED: TimeDelta = TimeDelta::days(7);

/// The time that feeds show as `published`: the lead's claimed time where it has a time of day and lies within seven
/// days before it was first seen; else when it was first seen. A reader that sorts by time would never see what comes
/// dated weeks back.
pub fn published_time(claimed: Option<Claimed>, first_seen: Timestamp) -> Timestamp {
    match claimed {
        Some(claimed)
            if claimed.has_time_of_day
                && claimed.at <= first_seen
                && first_seen.signed_duration_since(claimed.at) <= BELIEVED =>
        {
            claimed.at
        }
        _ => first_seen,
    }
}

/// When a story has waited long enough for its lead. `settle` counts from the lead's claimed time, so that what is
/// older is due at once; a date alone may mean any time of its day, so the day's end counts, though never a moment
/// after the entry was first seen.
pub fn due_at(claimed: Option<Claimed>, first_seen: Timestamp, settle: Duration) -> Timestamp {
    let told = match claimed {
        None => first_seen,
        Some(claimed) if claimed.has_time_of_day => claimed.at,
        Some(claimed) => claimed.at.checked_add_signed(TimeDelta::days(1)).unwrap_or(first_seen),
    };
    TimeDelta::from_std(settle)
        .ok()
        .and_then(|settle| told.min(first_seen).checked_add_signed(settle))
        .unwrap_or(Timestamp::MAX_UTC)
}

/// Whether a story has settled by `now`, see [`due_at`].
pub fn is_due(claimed: Option<Claimed>, first_seen: Timestamp, settle: Duration, now: Timestamp) -> bool {
    due_at(claimed, first_seen, settle) <= now
}

/// A duration as a URL gives it: `15m`, `1.5h`, `2d`, `500ms`; a bare number means seconds. At most ten years.
pub fn parse_duration(text: &str) -> Option<Duration> {
    const MOST_SECONDS: f64 = 10.0 * 366.0 * 86_400.0;
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(unit_at)?;
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        _ => return None,
    };
    if !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let seconds = number.parse::<f64>().ok()? * seconds;
    (seconds <= MOST_SECONDS).then(|| Duration::from_secs_f64(seconds))
}

/// "3 December 2025, 14:05 UTC".
pub(super) fn in_words(at: Timestamp) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// "3 December 2025".
pub(super) fn in_words_of_day(at: Timestamp) -> String {
    at.format("%-d %B %Y").to_string()
}

/// The date form of RSS 2.0 (RFC 822 with a year of four digits).
pub(super) fn rfc822(at: Timestamp) -> String {
    // Not `to_rfc2822`: it panics where the year has more than four digits.
    at.format("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// RFC 3339 in UTC, to the second.
pub(super) fn rfc3339(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn claim(text: &str, has_time_of_day: bool) -> Claimed {
        Claimed { at: at(text), has_time_of_day }
    }

    #[test]
    fn the_claimed_time_is_shown_where_it_can_be_believed() {
        let seen = "2026-03-10T12:00:00Z";
        let cases = [
            ("an hour ago", Some(claim("2026-03-10T11:00:00Z", true)), "2026-03-10T11:00:00Z"),
            ("seven days ago", Some(claim("2026-03-03T12:00:00Z", true)), "2026-03-03T12:00:00Z"),
            ("longer ago", Some(claim("2026-03-03T11:59:59Z", true)), seen),
            ("a date alone", Some(claim("2026-03-10T00:00:00Z", false)), seen),
            ("the future", Some(claim("2026-03-10T12:00:01Z", true)), seen),
            ("nothing", None, seen),
        ];
        for (name, claimed, want) in cases {
            assert_eq!(published_time(claimed, at(seen)), at(want), "case: {name}");
        }
    }

    #[test]
    fn a_story_settles_from_its_leads_claimed_time() {
        let settle = Duration::from_mins(5);
        let seen = at("2026-03-10T12:00:00Z");
        let cases = [
            ("just told", Some(claim("2026-03-10T11:58:00Z", true)), "2026-03-10T12:03:00Z"),
            ("told yesterday", Some(claim("2026-03-09T11:58:00Z", true)), "2026-03-09T12:03:00Z"),
            (
                "told today, without a time",
                Some(claim("2026-03-10T00:00:00Z", false)),
                "2026-03-10T12:05:00Z",
            ),
            (
                "told yesterday, without a time",
                Some(claim("2026-03-09T00:00:00Z", false)),
                "2026-03-10T00:05:00Z",
            ),
            ("without a date", None, "2026-03-10T12:05:00Z"),
        ];
        for (name, claimed, want) in cases {
            assert_eq!(due_at(claimed, seen, settle), at(want), "case: {name}");
        }
        assert!(is_due(None, seen, Duration::ZERO, seen));
        assert!(!is_due(None, seen, settle, seen));
    }

    #[test]
    fn durations_read_as_configuration_writes_them() {
        for (text, want) in
            [("90", 90.0), ("0s", 0.0), ("0.5s", 0.5), ("500ms", 0.5), ("2d", 172_800.0), ("1.5h", 5_400.0)]
        {
            assert_eq!(parse_duration(text), Some(Duration::from_secs_f64(want)), "{text}");
        }
        for text in ["", "h", "-1h", "1e9d", "99999999d", "1 h", "1x", "nan", "١h"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}

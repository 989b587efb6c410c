//! Order hardly matters to the story engine, and a restart changes nothing: on our own labelled stream, and on the
//! labelled weeks where `CHIPWIRE_SHARED` names them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a test may fail, and asks the environment where shared data is"
)]

use chipwire::cluster::lines::Lines;
use chipwire::cluster::{Assignment, Engine, Fingerprint, Outcome, Publishers, Settings, fingerprint};
use chipwire::model::{Claimed, Entry, EntryId, FeedId, Kind, StoryId, Timestamp, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Entries may come so much too late, in seconds.
const LATE: i64 = 600;
/// Repair passes of a run, in seconds of the stream.
const REPAIR_EVERY: i64 = 6 * 3_600;

fn verdict() -> Verdict {
    Verdict { relevant: true, score: 1.0, kind: Kind::News, topics: Vec::new(), reasons: Vec::new() }
}

/// Publisher, time, URL, headline and summary of each entry of our own stream.
fn own_stream() -> Vec<[String; 5]> {
    let table = include_str!("fixtures/stories/labelled.tsv");
    let lines = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let mut parts = line.split('\t').skip(1).map(str::to_owned);
            std::array::from_fn(|_| parts.next().unwrap_or_default())
        })
        .collect()
}

fn own_lines() -> Vec<Value> {
    let entries = own_stream().into_iter().enumerate();
    entries
        .map(|(at, [publisher, published, url, title, summary])| {
            json!({ "id": at.to_string(), "publisher": publisher, "published": published, "url": url, "title": title, "summary": summary })
        })
        .collect()
}

fn labelled_weeks() -> Vec<Vec<Value>> {
    let Ok(shared) = std::env::var("CHIPWIRE_SHARED") else { return Vec::new() };
    let read = |name: &str| -> Vec<Value> {
        let text = std::fs::read_to_string(format!("{shared}/stories/{name}")).unwrap();
        text.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    ["items.jsonl", "more.jsonl", "may-june.jsonl"].map(read).into()
}

/// Pairs of entries of one story, by their ids.
fn pairs(lines: &[Value]) -> BTreeSet<(String, String)> {
    let mut reader = Lines::new(Settings::default(), Publishers::shipped());
    for line in lines {
        reader.take(&line.to_string(), true, |_, _| verdict());
    }
    let mut stories: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for answer in reader.finish() {
        let answer: Value = serde_json::from_str(&answer).unwrap();
        stories.entry(answer["story"].to_string()).or_default().push(answer["id"].to_string());
    }
    let pairs = stories.values().flat_map(|ids| {
        ids.iter().flat_map(|one| {
            ids.iter().filter(move |other| one < *other).map(|other| (one.clone(), other.clone()))
        })
    });
    pairs.collect()
}

/// The same lines, each up to ten minutes late; those that come together in any order.
fn shuffled(lines: &[Value], seed: u64) -> Vec<Value> {
    let mut state = seed;
    let mut late = || {
        // Knuth's MMIX generator.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(state >> 33).unwrap() % LATE
    };
    let mut last = 0;
    let mut timed: Vec<(i64, i64, &Value)> = lines
        .iter()
        .map(|line| {
            let published = line["published"].as_str().unwrap_or_default();
            let published =
                if published.len() == 10 { format!("{published}T00:00:00Z") } else { published.to_owned() };
            // The order of a labelled file is that of arrival: a time of its own never goes back.
            last = published.parse::<Timestamp>().map_or(last, |at| at.timestamp().max(last));
            (last + late(), late(), line)
        })
        .collect();
    timed.sort_by_key(|(at, tie, _)| (*at, *tie));
    timed.into_iter().map(|(_, _, line)| line.clone()).collect()
}

/// Pairs that are the same in both orders, and those that are in either.
fn same_pairs(lines: &[Value], seed: u64) -> (usize, usize) {
    let (before, after) = (pairs(lines), pairs(&shuffled(lines, seed)));
    (before.intersection(&after).count(), before.union(&after).count())
}

fn entry([publisher, time, url, title, summary]: &[String; 5], at: usize) -> Entry {
    let (feed, guid) = (FeedId::of(publisher), at.to_string());
    let moment: Timestamp = time.parse().unwrap();
    let canonical = chipwire::link::canonical(&url::Url::parse(url).unwrap()).to_string();
    Entry {
        title: title.clone(),
        canonical: Some(canonical),
        url: Some(url.clone()),
        claimed: Some(Claimed { at: moment, has_time_of_day: true }),
        summary: summary.clone(),
        ..Entry::bare(feed, guid, moment)
    }
}

/// Where each entry is after the whole stream, with a restart before each of some entries.
fn run(prints: &[(Timestamp, Fingerprint)], restarts: &[usize]) -> BTreeMap<EntryId, StoryId> {
    let mut engine = Engine::new(Settings::default());
    let mut places: BTreeMap<EntryId, Assignment> = BTreeMap::new();
    let mut repaired = 0;
    let note = |places: &mut BTreeMap<EntryId, Assignment>, outcomes: Vec<Outcome>| {
        for outcome in outcomes {
            if let Outcome::Assigned(assignment) = outcome {
                places.insert(assignment.entry, assignment);
            }
        }
    };
    for (number, (at, print)) in prints.iter().enumerate() {
        if restarts.contains(&number) {
            engine = Engine::new(Settings::default());
            for (_, earlier) in prints.iter().take(number) {
                engine.restore(earlier, &places[&earlier.entry()]);
            }
        }
        if at.timestamp() - repaired >= REPAIR_EVERY {
            repaired = at.timestamp();
            note(&mut places, engine.repair(*at));
        }
        note(&mut places, engine.place(print.clone()));
    }
    let end = prints.last().unwrap().0 + chrono::TimeDelta::days(2);
    note(&mut places, engine.repair(end));
    places.into_iter().map(|(entry, place)| (entry, place.story)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn entries_that_come_ten_minutes_late_give_the_same_pairs(seed in any::<u64>()) {
        let (same, all) = same_pairs(&own_lines(), seed);
        prop_assert!(same as f64 >= 0.99 * all as f64, "{same} of {all} pairs are the same");
        let weeks = labelled_weeks();
        let (same, all) = weeks.iter().map(|lines| same_pairs(lines, seed)).fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
        prop_assert!(same as f64 >= 0.99 * all as f64, "{same} of {all} pairs are the same");
    }

    #[test]
    fn restarts_in_the_middle_change_nothing(restarts in prop::collection::vec(1_usize..314, 1..4)) {
        let publishers = Publishers::shipped();
        let prints: Vec<(Timestamp, Fingerprint)> = own_stream()
            .iter()
            .enumerate()
            .map(|(at, row)| {
                let entry = entry(row, at);
                (entry.first_seen, fingerprint(&entry, &verdict(), &row[0], &publishers))
            })
            .collect();
        prop_assert_eq!(run(&prints, &restarts), run(&prints, &[]));
    }
}

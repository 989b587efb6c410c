//! What the story engine promises the daemon: restarts, operators, storylines, explanations.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use chipwire::cluster::{Assignment, Engine, Fingerprint, Outcome, Publishers, Settings, fingerprint};
use chipwire::model::{Claimed, Decision, Entry, EntryId, FeedId, Kind, StoryId, Timestamp, Verdict};
use std::collections::BTreeMap;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn entry(publisher: &str, guid: &str, title: &str, time: &str) -> Entry {
    let feed = FeedId::of(publisher);
    let url = format!("https://{}.example/{guid}", publisher.to_lowercase());
    Entry {
        title: title.to_owned(),
        canonical: Some(url.clone()),
        url: Some(url),
        claimed: Some(Claimed { at: at(time), has_time_of_day: true }),
        ..Entry::bare(feed, guid.to_owned(), at(time))
    }
}

fn print(entry: &Entry, publisher: &str) -> Fingerprint {
    let verdict =
        Verdict { relevant: true, score: 1.0, kind: Kind::News, topics: Vec::new(), reasons: Vec::new() };
    fingerprint(entry, &verdict, publisher, &Publishers::shipped())
}

/// Three newsrooms on one event, and one on another.
fn sample() -> Vec<Fingerprint> {
    let rows = [
        ("Alpha", "1", "Corvane buys photonics startup Lumitra for $310 million", "2026-03-02T09:00:00Z"),
        ("Beta", "2", "Photonics firm Lumitra acquired by Corvane in $310M deal", "2026-03-02T10:00:00Z"),
        ("Gamma", "3", "Tessarine opens second packaging plant in Penang", "2026-03-02T10:30:00Z"),
        (
            "Delta",
            "4",
            "Corvane to acquire Lumitra, maker of photonics chips, for $310 million",
            "2026-03-02T11:00:00Z",
        ),
    ];
    rows.iter()
        .map(|(publisher, guid, title, published)| {
            print(&entry(publisher, guid, title, published), publisher)
        })
        .collect()
}

fn note(places: &mut BTreeMap<EntryId, Assignment>, outcomes: Vec<Outcome>) {
    for outcome in outcomes {
        if let Outcome::Assigned(assignment) = outcome {
            places.insert(assignment.entry, assignment);
        }
    }
}

fn story(places: &BTreeMap<EntryId, Assignment>, print: &Fingerprint) -> StoryId {
    places[&print.entry()].story
}

#[test]
fn a_restart_in_the_middle_changes_nothing() {
    let prints = sample();
    let run = |restart_after: usize| {
        let mut engine = Engine::new(Settings::default());
        let mut places = BTreeMap::new();
        for (number, print) in prints.iter().enumerate() {
            if number == restart_after {
                let mut again = Engine::new(Settings::default());
                for print in prints.iter().take(number) {
                    again.restore(print, &places[&print.entry()]);
                }
                engine = again;
            }
            note(&mut places, engine.place(print.clone()));
        }
        note(&mut places, engine.repair(at("2026-03-04T00:00:00Z")));
        places.into_iter().map(|(entry, place)| (entry, place.story, place.role)).collect::<Vec<_>>()
    };
    let whole = run(usize::MAX);
    for restart_after in 1..prints.len() {
        assert_eq!(run(restart_after), whole, "restarted after {restart_after}");
    }
}

#[test]
fn the_operators_word_is_kept() {
    let prints = sample();
    let [one, other, apart, _] = prints.as_slice() else { panic!() };
    let mut engine = Engine::new(Settings::default());
    let mut places = BTreeMap::new();
    for print in &prints {
        note(&mut places, engine.place(print.clone()));
    }
    assert_eq!(story(&places, one), story(&places, other));
    note(&mut places, engine.decide(&Decision::Apart(one.entry(), other.entry())));
    assert_ne!(story(&places, one), story(&places, other));
    note(&mut places, engine.decide(&Decision::Together(one.entry(), apart.entry())));
    assert_eq!(story(&places, one), story(&places, apart));
    note(&mut places, engine.repair(at("2026-03-04T00:00:00Z")));
    assert_ne!(story(&places, one), story(&places, other), "a repair pass respects it");
    assert_eq!(story(&places, one), story(&places, apart));
}

#[test]
fn joining_keeps_the_id_that_was_published_first() {
    let prints = sample();
    let [one, _, other, _] = prints.as_slice() else { panic!() };
    let mut engine = Engine::new(Settings::default());
    let mut places = BTreeMap::new();
    note(&mut places, engine.place(one.clone()));
    note(&mut places, engine.place(other.clone()));
    let (ours, theirs) = (story(&places, one), story(&places, other));
    engine.mark_published(theirs, at("2026-03-02T11:00:00Z"));
    let outcomes = engine.decide(&Decision::Together(one.entry(), other.entry()));
    assert!(outcomes.contains(&Outcome::Joined { from: ours, into: theirs }), "{outcomes:?}");
}

#[test]
fn an_explanation_replayed_gives_the_same_score() {
    let prints = sample();
    let mut engine = Engine::new(Settings::default());
    for print in &prints {
        engine.place(print.clone());
    }
    let [one, other, ..] = prints.as_slice() else { panic!() };
    let explanation = engine.explain(one.entry(), other.entry()).unwrap();
    let sum: f32 =
        explanation.bias + explanation.parts.iter().map(chipwire::cluster::Part::contribution).sum::<f32>();
    let replayed = explanation.factor / (1.0 + (-sum).exp());
    assert!((replayed - explanation.score).abs() < 1e-4, "{replayed} {}", explanation.score);
    assert!(explanation.together);
    assert!(explanation.shared_words.contains(&"lumitra".to_owned()), "{:?}", explanation.shared_words);
}

#[test]
fn a_later_story_of_the_same_subject_is_linked_to_the_earlier_one() {
    let early = entry(
        "TechCrunch",
        "1",
        "Amazon's Trainium is a multibillion-dollar business, Jassy says",
        "2025-12-03T18:00:00Z",
    );
    let late = entry(
        "TechCrunch",
        "2",
        "Amazon may sell Trainium to other data centers, Jassy says",
        "2026-06-19T08:00:00Z",
    );
    let mut engine = Engine::new(Settings::default());
    let outcomes = engine.place(print(&early, "TechCrunch"));
    let [Outcome::Assigned(first)] = outcomes.as_slice() else { panic!() };
    engine.repair(at("2026-06-19T00:00:00Z"));
    let outcomes = engine.place(print(&late, "TechCrunch"));
    let [Outcome::Assigned(second), ..] = outcomes.as_slice() else { panic!() };
    assert_ne!(first.story, second.story);
    assert!(outcomes.contains(&Outcome::Related { story: second.story, to: first.story }), "{outcomes:?}");
}

#[test]
fn a_piece_says_itself_that_a_machine_wrote_it() {
    let mut piece = entry("Knowledge", "1", "Amazon weighs selling Trainium", "2026-06-19T08:00:00Z");
    assert!(!print(&piece, "Knowledge").is_machine_written());
    piece.content = "Amazon weighs it.\n\nThis article was generated by a large language model.".to_owned();
    assert!(print(&piece, "Knowledge").is_machine_written());
}

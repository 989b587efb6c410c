use super::*;
use crate::model::Role;
use crate::publish::examples::{at, entry, feed, single, story, telling, with};
use crate::publish::{Base, Topic, Wire};
use std::sync::Arc;
use std::time::Duration;

const NOW: &str = "2026-03-10T12:00:00Z";

fn wire(settings: Settings, stories: Vec<StoryView>) -> Wire {
    let topics = vec![Topic { slug: "memory".to_owned(), name: "Memory".to_owned() }];
    let stories = stories.into_iter().map(Arc::new).collect();
    Wire::new(settings, Base::listening("127.0.0.1:8787"), at(NOW), topics, (stories, Timestamp::MIN_UTC))
}

fn titles(wire: &Wire, selection: &Selection) -> Vec<String> {
    wire.select(selection).iter().map(|view| view.lead.kept.entry.title.clone()).collect()
}

fn some(change: impl FnOnce(&mut Selection)) -> Selection {
    let mut selection = Selection::of(Scope::Wire);
    change(&mut selection);
    selection
}

#[test]
fn a_feed_holds_its_window_but_at_least_some_and_at_most_so_many() {
    let stories = |days: &[u32]| -> Vec<StoryView> {
        days.iter()
            .map(|day| single("A", &format!("s{day}"), &format!("2026-03-{day:02}T10:00:00Z")))
            .collect()
    };
    let settings = |items, max_items| Settings {
        items,
        max_items,
        window: Duration::from_hours(48),
        ..Settings::default()
    };
    let cases = [
        ("the window's", settings(1, 10), vec!["s10", "s9"]),
        ("older ones where there are too few", settings(3, 10), vec!["s10", "s9", "s8"]),
        ("no more than the limit", settings(1, 1), vec!["s10"]),
    ];
    for (name, settings, want) in cases {
        let wire = wire(settings, stories(&[7, 10, 8, 9]));
        assert_eq!(titles(&wire, &Selection::of(Scope::Wire)), want, "case: {name}");
    }
}

#[test]
fn an_excluded_kind_is_off_the_wire_and_its_topics_but_in_its_own_feed() {
    let deal = with(single("A", "deal", "2026-03-10T10:00:00Z"), |kept| kept.verdict.kind = Kind::Deal);
    let mut loved = with(single("B", "loved", "2026-03-10T09:00:00Z"), |kept| kept.verdict.kind = Kind::Deal);
    Arc::make_mut(&mut loved.lead.feed).always_relevant = true;
    let mut unreleased = deal;
    unreleased.story.released = None;
    let wire =
        wire(Settings::default(), vec![unreleased, loved, single("C", "news", "2026-03-10T08:00:00Z")]);
    let of = |scope| titles(&wire, &Selection::of(scope));
    assert_eq!(of(Scope::Wire), ["loved", "news"]);
    assert_eq!(of(Scope::Topic("memory".to_owned())), ["loved", "news"]);
    assert_eq!(of(Scope::Kind(Kind::Deal)), ["deal", "loved"]);
}

#[test]
fn languages_choose_the_stories_and_the_headline() {
    let (ja, en) = (feed("Ja"), feed("En"));
    let original = entry(&ja, "original", "2026-03-10T08:00:00Z");
    let report = entry(&en, "report", "2026-03-10T09:00:00Z");
    let mut both = story(vec![telling(&ja, Role::Lead, original), telling(&en, Role::Report, report)]);
    both = with(both, |kept| kept.entry.language = Some("ja-JP".to_owned()));
    let mut german = with(single("De", "german", "2026-03-10T10:00:00Z"), |kept| {
        kept.entry.language = Some("de".to_owned());
    });
    german.story.released = None;
    let silent = with(single("X", "silent", "2026-03-10T07:00:00Z"), |kept| kept.entry.language = None);
    let wire = wire(Settings::default(), vec![both.clone(), german, silent]);
    assert_eq!(titles(&wire, &Selection::of(Scope::Wire)), ["original", "silent"]);
    let lang = |languages: &[&str]| {
        let languages = languages.iter().map(|one| (*one).to_owned()).collect();
        titles(&wire, &some(|selection| selection.languages = Some(languages)))
    };
    assert_eq!(lang(&["de", "ja"]), ["german", "original", "silent"]);
    assert_eq!(lang(&[]), ["german", "original", "silent"]);
    let face = |language: &str| both.face(&[language.to_owned()]).kept.entry.title.clone();
    assert_eq!(
        (face("en").as_str(), face("ja").as_str(), face("fr").as_str()),
        ("report", "original", "original")
    );
}

#[test]
fn owners_are_counted_once_and_only_for_work_of_their_own() {
    let names = ["A", "B", "C", "D"];
    let roles = [Role::Lead, Role::Report, Role::Report, Role::Duplicate];
    let mut tellings = Vec::new();
    for (name, role) in names.into_iter().zip(roles) {
        let feed = feed(name);
        tellings.push(telling(&feed, role, entry(&feed, "x", "2026-03-10T08:00:00Z")));
    }
    for telling in &mut tellings[1..3] {
        Arc::make_mut(&mut telling.feed).owner = "one house".to_owned();
    }
    let view = story(tellings);
    assert_eq!(view.owners(), 2);
    let wire = wire(Settings::default(), vec![view]);
    assert_eq!(titles(&wire, &some(|selection| selection.owners = 2)).len(), 1);
    assert_eq!(titles(&wire, &some(|selection| selection.owners = 3)).len(), 0);
}

#[test]
fn pages_after_a_cursor_neither_repeat_nor_skip_a_story() {
    let stories =
        (0..7).map(|n| single("A", &format!("s{n}"), &format!("2026-03-10T0{}:00:00Z", n / 3))).collect();
    let wire = wire(Settings { items: 2, max_items: 2, ..Settings::default() }, stories);
    let mut seen = titles(&wire, &Selection::of(Scope::Wire));
    let mut last = wire.select(&Selection::of(Scope::Wire)).last().map(|view| Cursor::after(view));
    while let Some(cursor) = last {
        let cursor: Cursor = cursor.to_string().parse().unwrap();
        let next = some(|selection| selection.before = Some(cursor));
        seen.extend(titles(&wire, &next));
        last = wire.select(&next).last().map(|view| Cursor::after(view));
    }
    let all: Vec<_> = wire.stories().iter().map(|view| view.lead.kept.entry.title.clone()).collect();
    assert_eq!(seen, all);
}

#[test]
fn a_cursor_is_a_date_a_time_or_what_it_prints() {
    for text in [
        "2026-03-10",
        "2026-03-10T12:00:00Z",
        "2026-03-10T12:00:00 01:00",
        "2026-03-10T12:00:00Z_00112233aabbccdd",
    ] {
        assert!(text.parse::<Cursor>().is_ok(), "{text}");
    }
    for text in ["", "yesterday", "2026-03-10T12:00:00Z_x", "_"] {
        assert!(text.parse::<Cursor>().is_err(), "{text}");
    }
}

#[test]
fn a_story_that_has_not_settled_is_nowhere() {
    let mut fresh = single("A", "fresh", "2026-03-10T11:58:00Z");
    fresh.story.released = None;
    let wire = wire(Settings::default(), vec![fresh]);
    assert!(wire.stories().is_empty());
}

#[test]
fn a_query_finds_words_phrases_and_beginnings() {
    let view = with(single("Chip News", "TSMC's RISC-V plan", "2026-03-10T08:00:00Z"), |kept| {
        kept.entry.content = "Intelligence on HBM4 stacks; 半導体の新工場".to_owned();
    });
    let cases = [
        ("tsmc", true),
        ("risc-v", true),
        ("\"v plan\"", true),
        ("\"plan v\"", false),
        ("intel", false),
        ("intel*", true),
        ("hbm4 -samsung", true),
        ("hbm4 -stacks", false),
        ("半導体", true),
        ("\"chip news\" TSMC", true),
        ("nvidia tsmc", false),
    ];
    for (query, want) in cases {
        assert_eq!(query.parse::<Query>().unwrap().matches(&view), want, "{query}");
    }
    for nonsense in ["", "  ", "-only", "\"\"", "***"] {
        assert!(nonsense.parse::<Query>().is_err(), "{nonsense:?}");
    }
}

#[test]
fn the_range_of_a_selection_leaves_out_nothing_that_it_accepts() {
    let views = ["2026-03-08T23:59:59.999999999Z", "2026-03-09T00:00:00Z", "2026-03-09T23:59:59.999999900Z"]
        .map(|published| single("A", "s", published));
    let cases = [
        ("all", Selection::of(Scope::Wire), 3),
        ("a day", Selection::of(Scope::Day("2026-03-09".parse().unwrap())), 2),
        ("until a story's own nanosecond", some(|wish| wish.until = Some(views[0].story.published)), 1),
        ("before a day", some(|wish| wish.before = Some("2026-03-09".parse().unwrap())), 1),
        ("before a story", some(|wish| wish.before = Some(Cursor::after(&views[2]))), 2),
    ];
    for (case, selection, want) in cases {
        let (from, to) = selection.range();
        let accepted: Vec<_> =
            views.iter().filter(|view| selection.accepts(view, &Settings::default(), at(NOW))).collect();
        assert_eq!(accepted.len(), want, "case: {case}");
        assert!(
            accepted.iter().all(|view| from <= view.story.published && view.story.published < to),
            "case: {case}"
        );
        assert_eq!(to == Timestamp::MAX_UTC, case == "all", "case: {case}");
    }
}

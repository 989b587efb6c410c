use super::examples::{at, entry, feed, single, story, telling, with};
use super::*;
use crate::model::{DeclaredSource, Excerpt, Role};
use std::sync::Arc;

fn head() -> Head {
    Head {
        title: "Chipwire".to_owned(),
        description: "Chip stories, each once.".to_owned(),
        page: "https://wire.example/chips/".to_owned(),
        address: "https://wire.example/chips/feed".to_owned(),
        next: Some("https://wire.example/chips/feed?before=x".to_owned()),
    }
}

fn settings() -> Settings {
    Settings { hub: Some(url::Url::parse("https://hub.example/").unwrap()), ..Settings::default() }
}

fn rendered(stories: &[&StoryView], format: Format, is_full: bool) -> String {
    let settings = settings();
    let base = Base::public(&url::Url::parse("https://wire.example/chips/").unwrap());
    let topics = [Topic { slug: "memory".to_owned(), name: "Memory & HBM".to_owned() }];
    let options = Options {
        base: &base,
        settings: &settings,
        topics: &topics,
        languages: &settings.languages,
        is_full,
    };
    String::from_utf8(render(&head(), stories, &options, format)).unwrap()
}

/// A lead with an author and a picture, a report, a rewrite that a machine wrote, a copy, and a link.
fn covered() -> StoryView {
    let mut tellings = Vec::new();
    let roles = [
        ("Chip Daily", Role::Lead, "2026-03-10T08:00:00Z"),
        ("Wafer Post", Role::Report, "2026-03-10T08:30:00Z"),
        ("Robo Digest", Role::Derivative, "2026-03-10T09:00:00Z"),
        ("Mirror", Role::Duplicate, "2026-03-10T09:30:00Z"),
        ("Links & Co", Role::Pointer, "2026-03-10T10:00:00Z"),
    ];
    for (name, role, told) in roles {
        let feed = feed(name);
        let mut entry = entry(&feed, "Maker doubles <HBM4> output", told);
        if role == Role::Lead {
            entry.author = Some("Ada Byron".to_owned());
            entry.image = Some("https://chip-daily.example/a&b.jpg".to_owned());
        }
        tellings.push(telling(&feed, role, entry));
    }
    Arc::make_mut(&mut tellings[2].kept).is_machine_written = true;
    story(tellings)
}

#[test]
fn the_three_formats_say_the_same() {
    let view = covered();
    for format in Format::ALL {
        insta::assert_snapshot!(format.ending(), rendered(&[&view], format, false));
    }
}

#[test]
fn a_feed_of_nothing_is_a_feed() {
    let atom = rendered(&[], Format::Atom, false);
    assert!(atom.contains("<updated>1970-01-01T00:00:00+00:00</updated>"), "{atom}");
    assert!(rendered(&[], Format::Rss, false).contains("<channel>"));
    assert!(rendered(&[], Format::Json, false).contains("\"items\":[]"));
}

#[test]
fn what_publishers_write_breaks_no_format() {
    let nasty = "]]> <script>&\u{0}\u{b}\u{202e} \"'\u{2028}</title>";
    let view = with(covered(), |kept| {
        kept.entry.title = nasty.to_owned();
        kept.entry.summary = nasty.repeat(30);
        kept.entry.author = Some(nasty.to_owned());
        kept.entry.url = Some("javascript:alert(1)".to_owned());
        kept.entry.language = Some("en-\"><x".to_owned());
        kept.verdict.topics = vec![nasty.to_owned()];
    });
    let rss = ::rss::Channel::read_from(rendered(&[&view], Format::Rss, false).as_bytes()).unwrap();
    let item = &rss.items()[0];
    assert_eq!(item.title(), Some("]]> <script>& \"' </title>"));
    assert_eq!(item.link(), Some("https://chip-daily.example/"));
    assert!(!item.description().unwrap().contains("<script"));
    let atom = atom_syndication::Feed::read_from(rendered(&[&view], Format::Atom, false).as_bytes()).unwrap();
    assert_eq!(atom.entries()[0].title().as_str(), "]]> <script>& \"' </title>");
    let json: serde_json::Value = serde_json::from_str(&rendered(&[&view], Format::Json, false)).unwrap();
    assert_eq!(json["items"][0]["title"], "]]> <script>& \"' </title>");
    assert_eq!(json["items"][0].get("language"), None);
}

fn item_of(view: &StoryView, is_full: bool) -> Item {
    let settings = settings();
    let base = Base::listening("127.0.0.1:8787");
    let options =
        Options { base: &base, settings: &settings, topics: &[], languages: &settings.languages, is_full };
    Item::of(view, &options)
}

#[test]
fn the_id_depends_on_the_story_alone() {
    let view = covered();
    assert_eq!(item_of(&view, false).urn(), view.story.id.urn());
    for format in Format::ALL {
        assert!(rendered(&[&view], format, false).contains(&view.story.id.urn()), "{format:?}");
    }
}

#[test]
fn a_summary_is_short_or_comes_from_the_coverage_or_is_missing() {
    let long = with(covered(), |kept| kept.entry.summary = "Word after word. ".repeat(60));
    let item = item_of(&long, false);
    assert!(
        item.summary.chars().count() <= SUMMARY_CHARS && item.summary.ends_with("word."),
        "{}",
        item.summary
    );

    let silent = with(covered(), |kept| kept.entry.summary = kept.entry.title.clone());
    assert!(
        item_of(&silent, false).body.starts_with("<p>Wafer Post: Maker doubles &lt;HBM4&gt; output, in a")
    );

    let alone = with(single("A", "Title", "2026-03-10T08:00:00Z"), |kept| kept.entry.summary.clear());
    let item = item_of(&alone, false);
    assert_eq!(item.summary, "");
    assert!(
        item.body
            .starts_with("<p>First: <a href=\"https://a.example/title\">A</a>, 10 March 2026, 08:00 UTC</p>")
    );
}

#[test]
fn a_feed_that_forbids_it_gives_no_text() {
    let mut view = single("A", "Title", "2026-03-10T08:00:00Z");
    view = with(view, |kept| {
        kept.entry.image = Some("https://a.example/x.png".to_owned());
        kept.entry.content_html = "<p>All of it</p>".to_owned();
    });
    let with_excerpt = |excerpt, private| {
        let mut view = view.clone();
        let feed = Arc::make_mut(&mut view.lead.feed);
        (feed.excerpt, feed.private) = (excerpt, private);
        item_of(&view, true)
    };
    assert_eq!(with_excerpt(Excerpt::Full, false).full.as_deref(), Some("<p>All of it</p>"));
    let short = with_excerpt(Excerpt::Short, false);
    assert!(short.full.is_none() && !short.summary.is_empty() && short.image.is_some());
    for item in [with_excerpt(Excerpt::None, false), with_excerpt(Excerpt::Full, true)] {
        assert!(item.full.is_none() && item.summary.is_empty() && item.image.is_none());
    }
    assert!(with_excerpt(Excerpt::Full, true).source.is_none());
}

#[test]
fn the_original_of_a_translated_story_is_credited() {
    let mut view = covered();
    view = with(view, |kept| {
        kept.entry.language = Some("ko".to_owned());
        kept.entry.title = "원래 제목".to_owned();
    });
    let item = item_of(&view, false);
    assert_eq!(item.link.as_deref(), Some("https://wafer-post.example/maker-doubles-%3Chbm4%3E-output"));
    assert!(item.author.starts_with("Wafer Post"));
    assert!(item.body.contains("<p>Original: <a href=\"https://chip-daily.example/"));
    assert!(item.body.contains("원래 제목"));
}

#[test]
fn a_declared_source_is_credited_until_it_is_here_itself() {
    let credited = |url: &str| {
        with(covered(), |kept| {
            kept.entry.source =
                Some(DeclaredSource { title: Some("The Original".to_owned()), url: Some(url.to_owned()) });
        })
    };
    let body = item_of(&credited("https://elsewhere.example/1"), false).body;
    assert!(
        body.contains("Names as its source: <a href=\"https://elsewhere.example/1\">The Original</a>"),
        "{body}"
    );
    let here = covered().coverage[0].kept.entry.url.clone().unwrap();
    assert!(!item_of(&credited(&here), false).body.contains("Names as its source"));
}

#[test]
fn topics_are_the_leads_and_those_of_half_the_entries() {
    let mut view = covered();
    for (index, telling) in view.coverage.iter_mut().enumerate() {
        let topics = &mut Arc::make_mut(&mut telling.kept).verdict.topics;
        topics.push("often".to_owned());
        if index == 0 {
            topics.push("rare".to_owned());
        }
    }
    assert_eq!(view.topics(), ["memory", "often"]);
}

#[test]
fn opml_lists_topics_and_public_sources() {
    let base = Base::listening("127.0.0.1:8787");
    let topics = [Topic { slug: "a".to_owned(), name: "A & \"B\"".to_owned() }];
    insta::assert_snapshot!(String::from_utf8(topics_opml("Chipwire", &topics, &base)).unwrap());
}

#[test]
fn troubles_are_told_and_private_feeds_are_not() {
    use crate::model::{Condition, FeedState};
    let source = |name: &str, condition, private| {
        let mut feed = feed(name);
        feed.private = private;
        let mut state = FeedState::new(feed.id, &feed.url, at("2026-03-10T08:00:00Z"));
        (state.condition, state.condition_reason) = (condition, "404 <Not Found>".to_owned());
        Source {
            info: Arc::new(FeedInfo::new(&feed, None, None)),
            state: Arc::new(state),
            entries_per_day: vec![1; 9],
        }
    };
    let sources = Sources::new(
        at("2026-03-10T12:00:00Z"),
        vec![
            source("Fine", Condition::Active, false),
            source("Secret", Condition::Gone, true),
            source("Broken", Condition::Failing, false),
        ],
    );
    let names: Vec<_> = sources.feeds().map(|source| source.info.name.as_str()).collect();
    assert_eq!(names, ["Broken", "Fine"]);
    assert_eq!(sources.feeds().next().unwrap().entries_a_week(), 7);
    let base = Base::listening("127.0.0.1:8787");
    let atom =
        atom_syndication::Feed::read_from(troubles_atom(&sources, &base, "Chipwire").as_slice()).unwrap();
    assert_eq!(atom.entries().len(), 1);
    assert_eq!(atom.entries()[0].title().as_str(), "Broken fails");
    insta::assert_snapshot!(String::from_utf8(feeds_opml("Chipwire", &sources)).unwrap());
}

#[test]
fn a_shelf_keeps_the_window_and_what_rare_topics_lack() {
    let topics = [Topic { slug: "rare".to_owned(), name: "Rare".to_owned() }];
    let settings = Settings { items: 1, ..Settings::default() };
    let mut shelf = Wire::shelf(&settings, at("2026-03-10T12:00:00Z"), &topics);
    let rare =
        |told: &str| with(single("A", "x", told), |kept| kept.verdict.topics = vec!["rare".to_owned()]);
    assert!(shelf.takes(&single("A", "new", "2026-03-10T08:00:00Z")));
    assert!(shelf.takes(&single("A", "new too", "2026-03-09T08:00:00Z")));
    assert!(!shelf.takes(&single("A", "old", "2026-02-09T08:00:00Z")));
    assert!(shelf.takes(&rare("2026-02-08T08:00:00Z")));
    assert!(!shelf.takes(&rare("2026-02-07T08:00:00Z")));
}

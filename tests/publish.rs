//! What is published can be read back, whatever publishers write: by our own parser and by the crates that others use.
#![expect(clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;
use chipwire::model::{
    Claimed, Document, Entry, EntryId, Feed, Kept, Kind, Member, Origin, Role, Story, StoryId, Timestamp,
    Verdict,
};
use chipwire::parse::{Limits, parse};
use chipwire::publish::{
    Base, FeedInfo, Format, Head, Options, Scope, Selection, Settings, StoryView, Telling, Wire, render,
    web_address,
};
use proptest::prelude::*;
use std::sync::Arc;
use url::Url;

/// What an entry may hold: anything, and what is known to break formats.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,60}",
        "[ a-z]{0,400}",
        Just("]]> <script>&amp;</title>\u{0}\u{b}\u{202e}\u{2028}\u{fffe}".to_owned()),
        Just("&lt;b&gt; & \"quoted\" 'single' <![CDATA[".to_owned()),
    ]
}

fn address() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        "[a-z0-9/?=&;'\"<>%ü ]{0,40}".prop_map(|path| Some(format!("https://a.example/{path}"))),
        Just(Some("javascript:alert(1)".to_owned())),
        Just(Some("https://user:secret@a.example/x".to_owned())),
    ]
}

prop_compose! {
    fn piece()(
        title in text(), summary in text(), author in proptest::option::of(text()), url in address(), image in address(),
        minute in 0_i64..20_000, claims in any::<bool>(), language in proptest::option::of("[a-z]{2}|.{0,8}"),
    ) -> (Entry, bool) {
        let feed = Feed::at("https://a.example/feed", Origin::Builtin);
        let first_seen = now() - chrono::TimeDelta::minutes(minute);
        let bare = Entry::bare(feed.id, title.clone(), first_seen);
        let claimed = claims.then_some(Claimed { at: first_seen, has_time_of_day: true });
        let id = EntryId::of(feed.id, &format!("{title}{minute}"));
        let entry = Entry { id, title, url, author, claimed, summary, image, language, ..bare };
        (entry, claims)
    }
}

fn now() -> Timestamp {
    "2026-03-10T12:00:00Z".parse().unwrap()
}

fn view(entries: Vec<Entry>, topic: &str) -> StoryView {
    let roles = [Role::Lead, Role::Report, Role::Derivative, Role::Duplicate, Role::Pointer];
    let tellings: Vec<Telling> = entries
        .into_iter()
        .zip(roles)
        .map(|(entry, role)| {
            let mut feed = Feed::at("https://a.example/feed", Origin::Builtin);
            feed.name = Some(format!("Paper & Co {role}"));
            let verdict = Verdict {
                relevant: true,
                score: 0.9,
                kind: Kind::News,
                topics: vec![topic.to_owned()],
                reasons: Vec::new(),
            };
            let story = StoryId::founded_by(entry.id);
            Telling {
                member: Member { entry: entry.id, role, similarity: 1.0, because: String::new() },
                kept: Arc::new(Kept { entry, verdict, story, is_machine_written: false }),
                feed: Arc::new(FeedInfo::new(&feed, None, None)),
            }
        })
        .collect();
    let lead = tellings.first().unwrap();
    let first_seen = lead.kept.entry.first_seen;
    let story = Story {
        id: StoryId::founded_by(lead.member.entry),
        lead: lead.member.entry,
        members: tellings.iter().map(|telling| telling.member.clone()).collect(),
        first_seen,
        published: first_seen,
        released: Some(first_seen),
        updated: first_seen,
        related: Vec::new(),
        led: Vec::new(),
        is_withheld: false,
    };
    StoryView::new(story, tellings).unwrap()
}

fn wire(stories: Vec<StoryView>) -> Wire {
    let settings = Settings { languages: Vec::new(), ..Settings::default() };
    let stories = stories.into_iter().map(Arc::new).collect();
    let base = Base::public(&Url::parse("https://wire.example/chips").unwrap());
    Wire::new(settings, base, now(), Vec::new(), (stories, Timestamp::MIN_UTC))
}

fn published(wire: &Wire, format: Format) -> Vec<u8> {
    let selection = Selection::of(Scope::Wire);
    let head = Head {
        title: wire.settings.title.clone(),
        description: "Chip stories".to_owned(),
        page: wire.base.to("/"),
        address: wire.base.to("/feed"),
        next: None,
    };
    let stories: Vec<&StoryView> = wire.select(&selection).into_iter().map(AsRef::as_ref).collect();
    render(&head, &stories, &Options::of(wire, &selection, false), format)
}

fn read(body: Vec<u8>, format: Format) -> chipwire::parse::ParsedFeed {
    let document = Document {
        url: Url::parse("https://wire.example/chips/feed").unwrap(),
        content_type: Some(format.media_type().to_owned()),
        body: Bytes::from(body),
        is_delta: false,
    };
    parse(&document, &Limits::default()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_published_reads_back(pieces in proptest::collection::vec(piece(), 1..5), topic in text()) {
        let entries: Vec<Entry> = pieces.into_iter().map(|(entry, _)| entry).collect();
        let story = view(entries, &topic);
        let urn = story.story.id.urn();
        let lead = story.lead.kept.entry.clone();
        let wire = wire(vec![story]);
        for format in Format::ALL {
            let feed = read(published(&wire, format), format);
            prop_assert!(feed.repaired.is_empty(), "{format:?} had to be repaired: {:?}", feed.repaired);
            prop_assert_eq!(feed.entries.len(), 1);
            let item = feed.entries.first().unwrap();
            prop_assert_eq!(item.id.as_deref(), Some(urn.as_str()));
            // Nothing but the publisher's page, where there is one.
            let want = lead.url.as_deref().and_then(web_address);
            prop_assert_eq!(item.link.is_some(), want.is_some());
            if let (Some(link), Some(want)) = (&item.link, want) {
                prop_assert!(!link.contains("secret"));
                prop_assert_eq!(Url::parse(link).unwrap(), Url::parse(&want).unwrap());
            }
            prop_assert_eq!(item.published.unwrap().at, lead.first_seen);
            let body = item.content.as_ref().or(item.summary.as_ref()).unwrap();
            prop_assert!(!body.is_empty() && !body.contains("<script"));
        }
    }

    #[test]
    fn other_peoples_parsers_read_it_too(pieces in proptest::collection::vec(piece(), 1..5)) {
        let stories: Vec<StoryView> = pieces.into_iter().map(|(entry, _)| view(vec![entry], "memory")).collect();
        let count = stories.iter().map(|story| story.story.id).collect::<std::collections::BTreeSet<_>>().len();
        let wire = wire(stories);
        prop_assume!(wire.stories().len() == count);
        let rss = rss::Channel::read_from(published(&wire, Format::Rss).as_slice()).unwrap();
        let atom = atom_syndication::Feed::read_from(published(&wire, Format::Atom).as_slice()).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&published(&wire, Format::Json)).unwrap();
        let items = json.get("items").and_then(serde_json::Value::as_array).unwrap();
        prop_assert_eq!((rss.items().len(), atom.entries().len(), items.len()), (count, count, count));
        for ((rss, atom), json) in rss.items().iter().zip(atom.entries()).zip(items) {
            let id = json.get("id").and_then(serde_json::Value::as_str);
            prop_assert_eq!(rss.guid().map(rss::Guid::value), id);
            prop_assert_eq!(Some(atom.id()), id);
            let title = json.get("title").and_then(serde_json::Value::as_str).unwrap();
            prop_assert!(!title.is_empty());
            prop_assert_eq!(rss.title(), Some(title));
            prop_assert_eq!(atom.title().as_str(), title);
            let summary = json.get("summary").and_then(serde_json::Value::as_str).unwrap_or_default();
            prop_assert!(summary.chars().count() <= 300);
        }
    }

    #[test]
    fn the_order_of_arrival_leaves_no_trace(pieces in proptest::collection::vec(piece(), 1..6)) {
        let stories: Vec<StoryView> = pieces.into_iter().map(|(entry, _)| view(vec![entry], "memory")).collect();
        let ids: std::collections::BTreeSet<_> = stories.iter().map(|story| story.story.id).collect();
        prop_assume!(ids.len() == stories.len());
        let reversed = stories.iter().rev().cloned().collect();
        let (one, other) = (wire(stories), wire(reversed));
        for format in Format::ALL {
            prop_assert_eq!(published(&one, format), published(&other, format));
        }
    }
}

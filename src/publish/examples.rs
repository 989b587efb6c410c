//! Stories for tests, written by us.

use super::{FeedInfo, StoryView, Telling};
use crate::model::{
    Claimed, Entry, Feed, Field, Kept, Kind, Member, Origin, Reason, Role, Story, StoryId, Timestamp, Verdict,
};
use std::sync::Arc;

/// A moment, from RFC 3339.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A feed of this name.
pub(crate) fn feed(name: &str) -> Feed {
    let host = name.to_lowercase().replace(' ', "-");
    let mut feed = Feed::at(&format!("https://{host}.example/feed.xml"), Origin::Builtin);
    feed.name = Some(name.to_owned());
    feed.site = Some(format!("https://{host}.example/"));
    feed
}

/// An entry of this feed, told at this time and seen two minutes later.
pub(crate) fn entry(feed: &Feed, title: &str, told: &str) -> Entry {
    let told = at(told);
    let page = title.to_lowercase().replace(' ', "-");
    Entry {
        title: title.to_owned(),
        url: Some(format!("{}{page}", feed.site.as_deref().unwrap())),
        claimed: Some(Claimed { at: told, has_time_of_day: true }),
        summary: format!("{title}, in a sentence more."),
        language: Some("en".to_owned()),
        ..Entry::bare(feed.id, page, told + chrono::TimeDelta::minutes(2))
    }
}

/// An entry's place in a story to be.
pub(crate) fn telling(feed: &Feed, role: Role, entry: Entry) -> Telling {
    let member = Member { entry: entry.id, role, similarity: 0.75, because: "same numbers".to_owned() };
    let verdict = Verdict {
        relevant: true,
        score: 0.875,
        kind: Kind::News,
        topics: vec!["memory".to_owned()],
        reasons: vec![Reason { term: "hbm4".to_owned(), field: Field::Title, weight: 2.5 }],
    };
    let story = StoryId::founded_by(entry.id);
    Telling {
        member,
        kept: Arc::new(Kept { entry, verdict, story, is_machine_written: false }),
        feed: Arc::new(FeedInfo::new(feed, None, None)),
    }
}

/// A released story of these tellings, whose first one leads.
pub(crate) fn story(tellings: Vec<Telling>) -> StoryView {
    let lead = tellings.first().unwrap().clone();
    let entry = &lead.kept.entry;
    let published = super::published_time(entry.claimed, entry.first_seen);
    let story = Story {
        id: StoryId::founded_by(entry.id),
        lead: entry.id,
        members: tellings.iter().map(|one| one.member.clone()).collect(),
        first_seen: entry.first_seen,
        published,
        released: Some(entry.first_seen),
        updated: published,
        related: Vec::new(),
        led: vec![entry.id],
        is_withheld: false,
    };
    StoryView::new(story, tellings).unwrap()
}

/// A released story of one entry.
pub(crate) fn single(publisher: &str, title: &str, told: &str) -> StoryView {
    let feed = feed(publisher);
    let entry = entry(&feed, title, told);
    story(vec![telling(&feed, Role::Lead, entry)])
}

/// The same with its lead's entry and verdict changed.
pub(crate) fn with(mut view: StoryView, change: impl FnOnce(&mut Kept)) -> StoryView {
    let mut kept = (*view.lead.kept).clone();
    change(&mut kept);
    view.lead.kept = Arc::new(kept);
    view
}

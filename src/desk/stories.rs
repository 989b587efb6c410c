//! Stories for the command line: listed, searched, corrected.

use super::{Out, Refusal, ago, current, moment, order};
use crate::daemon::{Current, Handle, Order, now};
use crate::model::{Decision, EntryId, Kept, Role, Story, StoryId, Timestamp, Verdict};
use crate::pipeline;
use crate::store::StoryLookup;
use crate::text;
use serde_json::{Value, json};

/// What `chipwire stories` is to list.
pub(super) struct Listing {
    pub(super) topic: Option<String>,
    pub(super) since_seconds: Option<u64>,
    pub(super) limit: usize,
    pub(super) json: bool,
}

/// A story with its entries.
pub(super) struct View {
    story: Story,
    /// The lead first, then the coverage in the order in which it joined.
    entries: Vec<(Kept, Role, String)>,
}

impl View {
    pub(super) fn of(handle: &Handle, current: &Current, story: Story) -> Result<Self, Refusal> {
        let mut entries = Vec::with_capacity(story.members.len());
        for member in &story.members {
            let Some(kept) = handle.reader.kept(member.entry)? else { continue };
            let publisher = publisher(handle, current, &kept)?;
            entries.push((kept, member.role, publisher));
        }
        entries.sort_by_key(|(kept, ..)| kept.entry.id != story.lead);
        Ok(Self { story, entries })
    }

    pub(super) fn lead(&self) -> Option<&Kept> {
        self.entries.first().map(|(kept, ..)| kept)
    }

    pub(super) fn published(&self) -> Timestamp {
        self.story.published
    }

    fn is_on_the_wire(&self) -> bool {
        self.story.released.is_some() && self.entries.iter().any(|(kept, ..)| kept.verdict.relevant)
    }

    fn topics(&self) -> &[String] {
        self.entries.first().map_or(&[], |(kept, ..)| &kept.verdict.topics)
    }

    pub(super) fn as_json(&self) -> Value {
        let entry = |(kept, role, publisher): &(Kept, Role, String)| {
            json!({
                "id": kept.entry.id.to_string(), "title": kept.entry.title, "link": kept.entry.url,
                "publisher": publisher, "role": role.as_str(),
                "published": kept.entry.claimed.map(|claimed| moment(claimed.at)),
                "machine_written": kept.is_machine_written,
            })
        };
        let lead = self.entries.first();
        json!({
            "id": self.story.id.to_string(),
            "urn": self.story.id.urn(),
            "title": lead.map(|(kept, ..)| &kept.entry.title),
            "link": lead.and_then(|(kept, ..)| kept.entry.url.as_ref()),
            "publisher": lead.map(|(.., publisher)| publisher),
            "published": moment(self.story.published),
            "updated": moment(self.story.updated),
            "released": self.story.released.map(moment),
            "score": lead.map(|(kept, ..)| kept.verdict.score),
            "kind": lead.map(|(kept, ..)| kept.verdict.kind.as_str()),
            "topics": self.topics(),
            "reasons": lead.map(|(kept, ..)| reasons(&kept.verdict)),
            "coverage": self.entries.iter().skip(1).map(entry).collect::<Vec<_>>(),
            "related": self.story.related.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }

    pub(super) fn as_text(&self) -> String {
        let Some((lead, _, publisher)) = self.entries.first() else { return self.story.id.to_string() };
        let when = self.story.published.format("%Y-%m-%d %H:%M");
        let mut text = format!("{when}  {}  ({publisher})", lead.entry.title);
        if let Some(url) = &lead.entry.url {
            text += &format!("\n                  {url}");
        }
        text += &format!("\n                  {}  {}", self.story.id, self.topics().join(", "));
        for (kept, role, publisher) in self.entries.iter().skip(1) {
            text += &format!(
                "\n                  + {role:<10} {publisher}: {}",
                text::cut(&kept.entry.title, 100)
            );
        }
        text
    }
}

pub(super) async fn list(handle: &Handle, listing: &Listing, out: &Out) -> Result<u8, Refusal> {
    let current = current(handle);
    if let Some(slug) = &listing.topic
        && !current.rules.classifier.topics().iter().any(|topic| topic.slug == *slug)
    {
        return Err(Refusal(format!("{slug}: no such topic; see chipwire topics list")));
    }
    let since = listing.since_seconds.map(ago);
    let mut left = listing.limit;
    for story in handle.reader.stories_newest_first() {
        let story = story?;
        if left == 0 || since.is_some_and(|since| story.published < since) {
            break;
        }
        let view = View::of(handle, &current, story)?;
        if !view.is_on_the_wire() || listing.topic.as_ref().is_some_and(|slug| !view.topics().contains(slug))
        {
            continue;
        }
        left -= 1;
        if listing.json { out.json(&view.as_json()).await? } else { out.line(view.as_text()).await? }
    }
    Ok(0)
}

/// Stories in whose headlines or summaries all words stand.
pub(super) async fn search(
    handle: &Handle,
    query: &str,
    limit: usize,
    json: bool,
    out: &Out,
) -> Result<u8, Refusal> {
    let words = text::tokens(query);
    if words.is_empty() {
        return Err(Refusal("nothing to search for; give a word".into()));
    }
    let current = current(handle);
    let mut left = limit;
    for story in handle.reader.stories_newest_first() {
        if left == 0 {
            break;
        }
        let view = View::of(handle, &current, story?)?;
        let matches = view.entries.iter().any(|(kept, ..)| {
            let held = text::tokens(&format!("{} {}", kept.entry.title, kept.entry.summary));
            words.iter().all(|word| held.contains(word))
        });
        if view.is_on_the_wire() && matches {
            left -= 1;
            if json { out.json(&view.as_json()).await? } else { out.line(view.as_text()).await? }
        }
    }
    Ok(u8::from(left == limit))
}

/// An operator's correction: two entries (or the leads of two stories) belong together, or do not.
pub(super) async fn correct(
    handle: &Handle,
    (one, other): (&str, &str),
    together: bool,
    out: &Out,
) -> Result<u8, Refusal> {
    let (one, other) = (entry(handle, one)?, entry(handle, other)?);
    if one.entry.id == other.entry.id {
        return Err(Refusal("both name the same entry".into()));
    }
    let is_so = (one.story == other.story) == together;
    let decision = if together {
        Decision::Together(one.entry.id, other.entry.id)
    } else {
        // The first is the one that leaves.
        Decision::Apart(one.entry.id, other.entry.id)
    };
    order(handle, |reply| Order::Decide(decision, now(), reply)).await?;
    let after = entry(handle, &one.entry.id.to_string())?;
    let done = match (together, is_so) {
        (true, true) => "they were one story already; kept as a decision".to_owned(),
        (false, true) => "they were two stories already; kept as a decision".to_owned(),
        (true, false) => format!("one story now: {}", after.story),
        (false, false) => format!(
            "two stories now: {} and {}",
            after.story,
            entry(handle, &other.entry.id.to_string())?.story
        ),
    };
    out.line(done).await?;
    Ok(0)
}

/// The kept entry that a word names: a link, an entry's id, or a story's id or URN (its lead).
pub(super) fn entry(handle: &Handle, word: &str) -> Result<Kept, Refusal> {
    find(handle, word)?.ok_or_else(|| Refusal(format!("{word}: no entry and no story is known by that")))
}

/// As [`entry`], but not finding one is no error.
pub(super) fn find(handle: &Handle, word: &str) -> Result<Option<Kept>, Refusal> {
    if let Ok(id) = word.parse::<EntryId>() {
        if let Some(kept) = handle.reader.kept(id)? {
            return Ok(Some(kept));
        }
        if let Some(story) = story(handle, StoryId(id.0))? {
            return Ok(handle.reader.kept(story.lead)?);
        }
        return Ok(None);
    }
    let Ok(url) = url::Url::parse(word) else {
        return Err(Refusal(format!("{word}: neither a link nor an id (16 hexadecimal digits)")));
    };
    let canonical = crate::link::canonical(&url);
    let mut found = Vec::new();
    for id in handle.reader.entries_by_url(canonical.as_str())? {
        found.extend(handle.reader.kept(id)?);
    }
    Ok(found.into_iter().min_by_key(|kept| (kept.entry.first_seen, kept.entry.id)))
}

/// A story by its id, or where it went.
pub(super) fn story(handle: &Handle, id: StoryId) -> Result<Option<Story>, Refusal> {
    Ok(match handle.reader.story(id)? {
        Some(StoryLookup::Here(story)) => Some(*story),
        Some(StoryLookup::MovedTo(to)) => match handle.reader.story(to)? {
            Some(StoryLookup::Here(story)) => Some(*story),
            _ => None,
        },
        None => None,
    })
}

pub(super) fn publisher(handle: &Handle, current: &Current, kept: &Kept) -> Result<String, Refusal> {
    let state = handle.reader.feed_state(kept.entry.feed)?;
    let title = state.as_ref().and_then(|state| state.title.as_deref());
    let feed = current.feeds.iter().find(|feed| feed.id == kept.entry.feed);
    Ok(match feed {
        Some(feed) => pipeline::publisher_name(feed, title).to_owned(),
        None => title.unwrap_or("a feed that was removed").to_owned(),
    })
}

pub(super) fn reasons(verdict: &Verdict) -> Value {
    let reason = |reason: &crate::model::Reason| json!({"term": reason.term, "field": reason.field.as_str(), "weight": reason.weight});
    verdict.reasons.iter().map(reason).collect()
}

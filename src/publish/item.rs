//! What an item says, before any format: the same in all of them.

use super::clean::{clean_line, language_tag, web_address};
use super::{Base, Selection, Settings, StoryView, Telling, Topic, Wire, body};
use crate::model::{Excerpt, Kind, Reason, Role, StoryId, Timestamp};

/// A name for an entry without a headline is cut from its text at this length, in characters.
const HEADLINE_CHARS: usize = 100;

/// What a feed says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its name.
    pub title: String,
    /// A sentence on what it holds.
    pub description: String,
    /// The address of the page that shows the same.
    pub page: String,
    /// Its own address.
    pub address: String,
    /// The address of the stories that follow, if there may be any.
    pub next: Option<String>,
}

/// How items are written.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Where readers find us.
    pub base: &'a Base,
    /// The settings.
    pub settings: &'a Settings,
    /// The names of the topics.
    pub topics: &'a [Topic],
    /// The languages that titles are taken from; empty means all.
    pub languages: &'a [String],
    /// Whole texts, of the feeds that allow it.
    pub is_full: bool,
}

impl<'a> Options<'a> {
    /// How the items of this selection are written.
    pub fn of(wire: &'a Wire, selection: &'a Selection, is_full: bool) -> Self {
        Self {
            base: &wire.base,
            settings: &wire.settings,
            topics: &wire.topics,
            languages: selection.languages.as_deref().unwrap_or(&wire.settings.languages),
            is_full,
        }
    }

    /// The name of a topic; its slug where it has none.
    fn topic_name(&self, slug: &str) -> String {
        self.topics.iter().find(|topic| topic.slug == slug).map_or(slug, |topic| &topic.name).to_owned()
    }
}

/// One story as a feed shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The story.
    pub story: StoryId,
    /// The headline.
    pub title: String,
    /// The publisher's page.
    pub link: Option<String>,
    /// Our page of the story.
    pub page: String,
    /// "Name, Publisher", or "Publisher".
    pub author: String,
    /// At most 300 characters, or nothing.
    pub summary: String,
    /// HTML: summary, who was first, coverage, the story's page.
    pub body: String,
    /// The whole text in HTML, where it was asked for and is allowed.
    pub full: Option<String>,
    /// As the wire shows it; fixed.
    pub published: Timestamp,
    /// The last change of substance.
    pub updated: Timestamp,
    /// Slugs and names.
    pub topics: Vec<(String, String)>,
    /// The language of title and link.
    pub language: Option<String>,
    /// A picture, linked.
    pub image: Option<String>,
    /// The kind of piece.
    pub kind: Kind,
    /// The filter's score.
    pub score: f32,
    /// The filter's reasons.
    pub reasons: Vec<Reason>,
    /// How many owners reported it independently.
    pub owners: usize,
    /// The feed that title and link come from; `None` where it is private.
    pub source: Option<ItemSource>,
    /// The entry that stands for the story.
    pub lead: ItemCoverage,
    /// The other entries, in time order.
    pub coverage: Vec<ItemCoverage>,
}

/// The feed of an item's lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemSource {
    /// The publisher's name.
    pub name: String,
    /// The feed's address.
    pub url: String,
    /// The publisher's web site.
    pub site: Option<String>,
}

/// One entry of an item's story.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemCoverage {
    /// What it is to the story.
    pub role: Role,
    /// Who published it.
    pub publisher: String,
    /// Who owns the publisher.
    pub owner: String,
    /// Its headline.
    pub title: String,
    /// Its page.
    pub url: Option<String>,
    /// When it was told.
    pub at: Timestamp,
    /// Its language.
    pub language: Option<String>,
    /// How alike it is to what it was joined by.
    pub similarity: f32,
    /// It says itself, or its publisher does, that a machine wrote it.
    pub is_machine_written: bool,
}

impl Item {
    /// The item of a story.
    pub fn of(view: &StoryView, options: &Options<'_>) -> Self {
        let face = view.face(options.languages);
        let entry = &face.kept.entry;
        let page = options.base.to(&format!("/stories/{}", view.story.id));
        let (summary, body) = body::body(view, face, &page);
        let shows_text = may_excerpt(face);
        Self {
            story: view.story.id,
            title: headline(face),
            link: page_of(face),
            author: author(face),
            summary,
            body,
            full: (options.is_full && shows_text && face.feed.excerpt == Excerpt::Full)
                .then(|| super::clean::clean(&entry.content_html).into_owned())
                .filter(|html| !html.trim().is_empty()),
            published: view.story.published,
            updated: view.story.updated.max(view.story.published),
            topics: view
                .topics()
                .into_iter()
                .map(|slug| (slug.to_owned(), options.topic_name(slug)))
                .collect(),
            language: entry.language.as_deref().and_then(language_tag).map(str::to_owned),
            image: entry.image.as_deref().filter(|_| shows_text).and_then(web_address),
            kind: view.kind(),
            score: view.lead.kept.verdict.score,
            reasons: view.lead.kept.verdict.reasons.clone(),
            owners: view.owners(),
            source: source(face),
            lead: ItemCoverage::of(&view.lead),
            coverage: view.coverage.iter().map(ItemCoverage::of).collect(),
            page,
        }
    }

    /// Its id for feed readers.
    pub fn urn(&self) -> String {
        self.story.urn()
    }
}

impl ItemCoverage {
    /// One entry as it is shown.
    pub fn of(telling: &Telling) -> Self {
        let entry = &telling.kept.entry;
        Self {
            role: telling.member.role,
            publisher: telling.feed.name.clone(),
            owner: telling.feed.owner.clone(),
            title: headline(telling),
            url: entry.url.as_deref().and_then(web_address),
            at: telling.told(),
            language: entry.language.as_deref().and_then(language_tag).map(str::to_owned),
            similarity: telling.member.similarity,
            is_machine_written: telling.kept.is_machine_written,
        }
    }
}

/// The headline as it stands; where there is none, the beginning of the text, or the publisher's name.
pub(super) fn headline(telling: &Telling) -> String {
    let entry = &telling.kept.entry;
    let title = clean_line(&entry.title);
    if !title.is_empty() {
        return title;
    }
    let text = if may_excerpt(telling) { clean_line(&entry.summary) } else { String::new() };
    if text.is_empty() { telling.feed.name.clone() } else { crate::text::cut(&text, HEADLINE_CHARS) }
}

/// Whether text of this entry may be shown besides its headline.
pub(super) fn may_excerpt(telling: &Telling) -> bool {
    !telling.feed.private && telling.feed.excerpt != Excerpt::None
}

/// The publisher's page: the entry's, else the publisher's web site; never ours.
fn page_of(telling: &Telling) -> Option<String> {
    [telling.kept.entry.url.as_deref(), telling.feed.site.as_deref()]
        .into_iter()
        .flatten()
        .find_map(web_address)
}

fn author(telling: &Telling) -> String {
    let publisher = &telling.feed.name;
    match telling.kept.entry.author.as_deref().map(clean_line) {
        Some(author) if !author.is_empty() && author != *publisher => format!("{author}, {publisher}"),
        _ => publisher.clone(),
    }
}

fn source(telling: &Telling) -> Option<ItemSource> {
    let feed = &telling.feed;
    (!feed.private).then(|| web_address(&feed.url)).flatten().map(|url| ItemSource {
        name: feed.name.clone(),
        url,
        site: feed.site.as_deref().and_then(web_address),
    })
}

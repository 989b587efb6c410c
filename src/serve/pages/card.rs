//! A story in a list.

use crate::model::{Kind, Role};
use crate::publish::{Item, Options, StoryView};
use crate::serve::feeds::kind_name;

/// So many others are named beside a story; its page has them all.
const MOST_OTHERS: usize = 6;
/// A story that so many owners report by themselves is set larger.
const BIG_OWNERS: usize = 3;
/// So many topics are named beside a story.
const MOST_TOPICS: usize = 5;

/// A story as a list shows it.
#[derive(Debug)]
pub(super) struct Card {
    pub(super) page: String,
    pub(super) title: String,
    pub(super) link: Option<String>,
    /// The writer's name, where there is one.
    pub(super) author: String,
    pub(super) publisher: String,
    /// What kind of piece it is, where it is not news.
    pub(super) kind: Option<&'static str>,
    pub(super) summary: String,
    pub(super) time: String,
    pub(super) datetime: String,
    pub(super) language: Option<String>,
    pub(super) topics: Vec<super::PageLink>,
    pub(super) introduction: &'static str,
    pub(super) others: Vec<Other>,
    pub(super) more: usize,
    pub(super) is_big: bool,
    pub(super) is_machine_written: bool,
}

/// Somebody else who has the story.
#[derive(Debug)]
pub(super) struct Other {
    pub(super) name: String,
    pub(super) url: Option<String>,
}

impl Card {
    pub(super) fn of(view: &StoryView, options: &Options<'_>) -> Self {
        let item = Item::of(view, options);
        let face = view.face(options.languages);
        let root = options.base.path();
        let publisher = face.feed.name.clone();
        let author = item.author.strip_suffix(&format!(", {publisher}")).unwrap_or_default().to_owned();
        // Those who did work of their own first: they are who a reader may want to read, too.
        let rank = |role: Role| match role {
            Role::Lead => 0,
            Role::Report => 1,
            Role::Derivative => 2,
            Role::Duplicate => 3,
            Role::Pointer => 4,
        };
        let mut all: Vec<_> =
            view.tellings().filter(|telling| telling.member.entry != face.member.entry).collect();
        all.sort_by_key(|telling| rank(telling.member.role));
        let has_reports = all.iter().any(|telling| rank(telling.member.role) <= 1);
        let mut others: Vec<Other> = Vec::new();
        for telling in &all {
            if telling.feed.name != publisher && others.iter().all(|other| other.name != telling.feed.name) {
                let url = telling.kept.entry.url.as_deref().and_then(crate::publish::web_address);
                others.push(Other { name: telling.feed.name.clone(), url });
            }
        }
        let more = others.len().saturating_sub(MOST_OTHERS);
        others.truncate(MOST_OTHERS);
        Self {
            page: format!("{root}/stories/{}", view.story.id),
            title: item.title,
            link: item.link,
            author,
            publisher,
            kind: (item.kind != Kind::News).then(|| singular(item.kind)),
            summary: item.summary,
            time: view.story.published.format("%H:%M").to_string(),
            datetime: view.story.published.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            language: item.language,
            topics: item
                .topics
                .into_iter()
                .take(MOST_TOPICS)
                .map(|(slug, name)| super::PageLink { name, href: format!("{root}/topics/{slug}") })
                .collect(),
            introduction: if has_reports { "Also:" } else { "Copied or linked by" },
            others,
            more,
            is_big: item.owners >= BIG_OWNERS,
            is_machine_written: face.kept.is_machine_written,
        }
    }
}

/// One piece of a kind.
pub(super) fn singular(kind: Kind) -> &'static str {
    match kind {
        Kind::News => "news",
        Kind::Opinion => "opinion",
        Kind::MarketNote => "market note",
        Kind::Deal => "deal",
        Kind::Review => "review",
        Kind::HowTo => "how-to",
        Kind::Vendor => "vendor’s release",
        Kind::RoundUp => "round-up",
        Kind::Job => "job",
    }
}

/// The heading of a kind's page.
pub(super) fn plural(kind: Kind) -> &'static str {
    kind_name(kind)
}

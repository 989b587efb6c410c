//! A story in a list.

use crate::model::{Kind, Role};
use crate::publish::{Item, Options, StoryView, Telling};
use crate::serve::feeds::kind_name;
use chrono::TimeDelta;

/// So many others are named beside a story, and one of each role at least; its page has them all.
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
    pub(super) others: Vec<Others>,
    pub(super) is_big: bool,
    pub(super) is_machine_written: bool,
    /// When it was told, where that was days before it came on the wire.
    pub(super) dated: Option<String>,
}

/// Others who have the story, of one role.
#[derive(Debug)]
pub(super) struct Others {
    pub(super) introduction: &'static str,
    pub(super) names: Vec<Other>,
    /// So many are not named.
    pub(super) more: usize,
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
        let others = others(view, face);
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
            others,
            is_big: item.owners >= BIG_OWNERS,
            is_machine_written: face.kept.is_machine_written,
            dated: (view.story.published - face.told() > TimeDelta::days(1)).then(|| face.told_in_words()),
        }
    }
}

/// Who else has the story, by role: those who did work of their own first. Each publisher is named once.
fn others(view: &StoryView, face: &Telling) -> Vec<Others> {
    let roles: [(&[Role], &'static str); 4] = [
        (&[Role::Lead, Role::Report], "Also reported by"),
        (&[Role::Derivative], "Rewritten by"),
        (&[Role::Duplicate], "Same text at"),
        (&[Role::Pointer], "Linked by"),
    ];
    let mut shown = vec![face.feed.name.as_str()];
    let mut room = MOST_OTHERS;
    let mut groups = Vec::new();
    for (roles, introduction) in roles {
        let mut names = Vec::new();
        let mut more = 0;
        for telling in view.tellings().filter(|telling| roles.contains(&telling.member.role)) {
            let name = telling.feed.name.as_str();
            if shown.contains(&name) {
                continue;
            }
            shown.push(name);
            if room == 0 && !names.is_empty() {
                more += 1;
                continue;
            }
            room = room.saturating_sub(1);
            let url = telling.kept.entry.url.as_deref().and_then(crate::publish::web_address);
            names.push(Other { name: name.to_owned(), url });
        }
        if !names.is_empty() {
            groups.push(Others { introduction, names, more });
        }
    }
    groups
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

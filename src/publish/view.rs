//! A story as it is read: with the entries that tell it and the feeds that brought them.

use super::clean::clean_line;
use super::is_due;
use super::times::{in_words, in_words_of_day};
use crate::model::{Excerpt, Feed, FeedId, Kept, Kind, Member, Role, Story, Timestamp};
use chrono::TimeDelta;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// From the first to the last second of a day.
const ALMOST_A_DAY: TimeDelta = TimeDelta::seconds(86_399);

/// A feed as readers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedInfo {
    /// Which feed.
    pub id: FeedId,
    /// The publisher's name; never empty.
    pub name: String,
    /// Who owns the publisher: names of one owner are not independent of each other.
    pub owner: String,
    /// The publisher's web site.
    pub site: Option<String>,
    /// The URL as subscribed, with its secrets masked.
    pub url: String,
    /// The operator's group.
    pub category: String,
    /// The language of most entries.
    pub language: Option<String>,
    /// Published whatever the verdict or the kind.
    pub always_relevant: bool,
    /// In no `/sources`, OPML or excerpt.
    pub private: bool,
    /// How much of an entry's text may be shown.
    pub excerpt: Excerpt,
}

impl FeedInfo {
    /// A feed under the name that the operator gave it, else its document's title, else its host.
    pub fn new(feed: &Feed, document_title: Option<&str>, owner: Option<&str>) -> Self {
        let host = || url::Url::parse(&feed.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let name = [feed.name.as_deref(), document_title]
            .into_iter()
            .flatten()
            .map(clean_line)
            .find(|name| !name.is_empty())
            .or_else(host)
            .unwrap_or_else(|| "an unnamed feed".to_owned());
        Self {
            id: feed.id,
            owner: owner.map_or_else(|| name.clone(), clean_line),
            name,
            site: feed.site.clone(),
            url: crate::link::mask(&feed.url),
            category: feed.category.clone(),
            language: feed.language.clone(),
            always_relevant: feed.always_relevant,
            private: feed.private,
            excerpt: feed.excerpt,
        }
    }
}

/// One entry's telling of a story.
#[derive(Debug, Clone, PartialEq)]
pub struct Telling {
    /// Its place in the story.
    pub member: Member,
    /// The entry.
    pub kept: Arc<Kept>,
    /// The feed that brought it.
    pub feed: Arc<FeedInfo>,
}

impl Telling {
    /// When it was told, for putting tellings in order: what bears a date alone counts as the last of its day. Nothing
    /// was told after we saw it.
    pub fn at(&self) -> Timestamp {
        let entry = &self.kept.entry;
        let told = match entry.claimed {
            None => entry.first_seen,
            Some(claimed) if claimed.has_time_of_day => claimed.at,
            Some(claimed) => claimed.at.checked_add_signed(ALMOST_A_DAY).unwrap_or(claimed.at),
        };
        told.min(entry.first_seen)
    }

    /// When it was told, for showing: as its publisher says, else when we first saw it.
    pub fn told(&self) -> Timestamp {
        self.kept.entry.published()
    }

    /// "3 December 2025, 14:05 UTC", or without the time where the publisher gives none.
    pub fn told_in_words(&self) -> String {
        let is_date_alone = self.kept.entry.claimed.is_some_and(|claimed| !claimed.has_time_of_day);
        if is_date_alone { in_words_of_day(self.told()) } else { in_words(self.told()) }
    }

    /// Whether it is in one of these languages. What says nothing of its language is in all of them.
    pub fn is_in(&self, languages: &[String]) -> bool {
        let Some(language) = self.kept.entry.language.as_deref().or(self.feed.language.as_deref()) else {
            return true;
        };
        languages.is_empty() || languages.iter().any(|listed| covers(listed, language))
    }

    /// Whether somebody who has it did work of their own: the lead and other newsrooms' reports.
    fn is_independent(&self) -> bool {
        matches!(self.member.role, Role::Lead | Role::Report)
    }
}

/// `en` covers `en` and `en-GB`, but not `enm` (RFC 4647 §3.3.1).
fn covers(listed: &str, language: &str) -> bool {
    let (Some(head), Some(rest)) = (language.get(..listed.len()), language.get(listed.len()..)) else {
        return false;
    };
    head.eq_ignore_ascii_case(listed) && (rest.is_empty() || rest.starts_with(['-', '_']))
}

/// A story with all that is needed to show it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoryView {
    /// The story.
    pub story: Story,
    /// The entry that stands for it.
    pub lead: Telling,
    /// The other entries, in time order.
    pub coverage: Vec<Telling>,
}

impl StoryView {
    /// Whether it came on the wire days after its lead says that it was told: out of an archive.
    pub fn is_old_news(&self) -> bool {
        self.story.published - self.lead.told() > TimeDelta::days(1)
    }

    /// A story with its tellings. `None` where its lead is not among them.
    pub fn new(story: Story, mut tellings: Vec<Telling>) -> Option<Self> {
        let at = tellings.iter().position(|telling| telling.member.entry == story.lead)?;
        let lead = tellings.remove(at);
        tellings.sort_by_key(|telling| (telling.at(), telling.kept.entry.first_seen, telling.member.entry));
        Some(Self { story, lead, coverage: tellings })
    }

    /// All tellings, the lead first.
    pub fn tellings(&self) -> impl Iterator<Item = &Telling> {
        std::iter::once(&self.lead).chain(&self.coverage)
    }

    /// All tellings, earliest first; the lead before others of the same moment.
    pub fn in_time_order(&self) -> Vec<&Telling> {
        let mut tellings: Vec<_> = self.tellings().collect();
        tellings.sort_by_key(|telling| telling.at());
        tellings
    }

    /// Who had it first: the earliest of those that did work of their own.
    pub fn first(&self) -> &Telling {
        self.tellings()
            .filter(|telling| telling.is_independent())
            .min_by_key(|one| one.at())
            .unwrap_or(&self.lead)
    }

    /// The telling that gives title and link to readers of these languages: the lead, or the earliest one in a
    /// language of theirs.
    pub fn face(&self, languages: &[String]) -> &Telling {
        if self.lead.is_in(languages) {
            return &self.lead;
        }
        self.coverage.iter().find(|telling| telling.is_in(languages)).unwrap_or(&self.lead)
    }

    /// Whether one of its entries is in one of these languages.
    pub fn is_in(&self, languages: &[String]) -> bool {
        self.tellings().any(|telling| telling.is_in(languages))
    }

    /// How many owners reported it independently of each other.
    pub fn owners(&self) -> usize {
        let owners: BTreeSet<&str> =
            self.tellings().filter(|one| one.is_independent()).map(|one| one.feed.owner.as_str()).collect();
        owners.len()
    }

    /// What kind of piece it is: its lead's.
    pub fn kind(&self) -> Kind {
        self.lead.kept.verdict.kind
    }

    /// The topics' slugs: the lead's, then those that at least half of the entries are about.
    pub fn topics(&self) -> Vec<&str> {
        let mut topics: Vec<&str> = self.lead.kept.verdict.topics.iter().map(String::as_str).collect();
        let votes = |topic: &str| {
            self.tellings().filter(|one| one.kept.verdict.topics.iter().any(|held| held == topic)).count()
        };
        let others: BTreeSet<&str> =
            self.coverage.iter().flat_map(|one| &one.kept.verdict.topics).map(String::as_str).collect();
        let entries = 1 + self.coverage.len();
        for topic in others {
            if !topics.contains(&topic) && 2 * votes(topic) >= entries {
                topics.push(topic);
            }
        }
        topics
    }

    /// Whether it waited long enough for its lead, see [`super::due_at`].
    pub fn is_settled(&self, settle: Duration, now: Timestamp) -> bool {
        let entry = &self.lead.kept.entry;
        self.story.released.is_some() || is_due(entry.claimed, entry.first_seen, settle, now)
    }

    /// Newest first; of one moment the highest id first, as the store walks them.
    pub(super) fn order(&self) -> std::cmp::Reverse<(Timestamp, crate::model::StoryId)> {
        std::cmp::Reverse((self.story.published, self.story.id))
    }
}

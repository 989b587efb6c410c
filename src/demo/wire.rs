//! The data of the demo wire, read from the TOML files that are compiled in.

use crate::model::{Kind, Role, Timestamp};
use chrono::TimeDelta;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use url::Url;

#[cfg(test)]
mod tests;

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("wire/", $name, ".toml")))),+]
    };
}

/// The publishers, in the order in which they are subscribed.
const FILES: &[(&str, &str)] = files![
    "gleaner",
    "techcrunch",
    "meridian",
    "harbour",
    "ledger",
    "fabline",
    "gatepost",
    "bench",
    "kernelnotes",
    "lattice",
    "linkdrift",
    "nordchip",
    "handotai",
    "tapeout",
    "presslane",
    "ticker",
    "nerdboard",
    "courier",
];

/// A file of the demo wire that cannot be read. Only an edit of the data can cause it.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// It is no TOML of the expected form.
    #[error("demo wire, {file}.toml: {cause}; correct the file and build again")]
    Form {
        /// The file's name without ending.
        file: &'static str,
        /// What is wrong, and where.
        cause: Box<toml::de::Error>,
    },
}

/// What is true of an entry of the demo wire.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// 0: not about chips; 1: touches them substantially; 2: about them.
    pub relevant: u8,
    /// The story that it tells: a slug, the same in every entry that tells it.
    pub story: String,
    /// What it is to that story.
    #[serde(deserialize_with = "word")]
    pub role: Role,
    /// What kind of piece it is.
    #[serde(default = "news", deserialize_with = "word")]
    pub kind: Kind,
}

/// A label with the entry that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The publisher's slug: the first part of its feed's path.
    pub publisher: String,
    /// The entry's id, as its publisher writes it.
    pub guid: String,
    /// The headline of the first edition.
    pub title: String,
    /// Only the second edition of its document carries it.
    pub is_late: bool,
    /// What is true of it.
    pub label: Label,
}

/// The labels of all entries, in the order of the data.
pub fn labels() -> Result<Vec<Labelled>, WireError> {
    let publishers = publishers()?;
    Ok(publishers.iter().flat_map(Publisher::labels).collect())
}

/// Reads all files.
pub(super) fn publishers() -> Result<Vec<Publisher>, WireError> {
    let read = |&(file, text): &(&'static str, &str)| {
        toml::from_str(text).map_err(|cause| WireError::Form { file, cause: Box::new(cause) })
    };
    FILES.iter().map(read).collect()
}

/// One publisher with what it wrote.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Publisher {
    /// The first part of the feed's path.
    pub(super) slug: String,
    pub(super) title: String,
    /// The web site that links are relative to.
    pub(super) site: Url,
    pub(super) description: String,
    /// The group that it is subscribed under.
    pub(super) category: String,
    pub(super) language: String,
    pub(super) format: Format,
    #[serde(default)]
    pub(super) manner: Manner,
    #[serde(rename = "entry")]
    pub(super) entries: Vec<Entry>,
}

/// The format that a publisher writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// RSS 2.0.
    Rss2,
    /// RSS 1.0, an RDF document.
    Rss1,
    /// Atom 1.0.
    Atom,
    /// JSON Feed 1.1.
    Json,
}

/// The habits of a publisher's software.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "independent habits, each named in the data")]
pub(super) struct Manner {
    /// How titles are written into XML.
    pub(super) titles: Titles,
    /// The label of the encoding; UTF-8 where absent.
    pub(super) encoding: Option<String>,
    /// The `Content-Type`; the format's own where absent.
    pub(super) content_type: Option<String>,
    /// HTML that is put into the middle of every body.
    pub(super) promotion: Option<String>,
    /// Long runs of empty paragraphs between paragraphs.
    pub(super) blank_runs: bool,
    /// HTML that ends every body, with `{title}` and `{link}`.
    pub(super) footer: Option<String>,
    /// Dates without a time of day.
    pub(super) dates_only: bool,
    /// Links relative to an `xml:base`.
    pub(super) relative_links: bool,
    /// Answers in gzip to those who take it.
    pub(super) gzip: bool,
    /// Gives no `ETag`.
    pub(super) without_etag: bool,
    /// Gives no `Last-Modified`.
    pub(super) without_last_modified: bool,
    /// This request, counted from 1, is answered by 503 and a `Retry-After`.
    pub(super) busy_at: Option<usize>,
    /// The feed is subscribed under an old address that has moved for good.
    pub(super) moved: bool,
}

/// How titles are written into XML.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Titles {
    /// Escaped once, as it should be.
    #[default]
    Plain,
    /// In a CDATA section.
    Cdata,
    /// With numeric references for typographic signs.
    Entities,
    /// Escaped twice.
    Twice,
}

/// One entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    guid: Option<String>,
    /// A path on the publisher's site, or a URL; `{date}` stands for the day of publication.
    link: String,
    /// How long before the start it was published.
    #[serde(deserialize_with = "age")]
    age: TimeDelta,
    pub(super) title: String,
    pub(super) author: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) content: Option<String>,
    #[serde(default)]
    pub(super) categories: Vec<String>,
    pub(super) image: Option<String>,
    pub(super) source: Option<Source>,
    /// The original's URL: a `via` link in Atom, `external_url` in JSON Feed.
    pub(super) via: Option<String>,
    /// What its publisher changes after the first poll.
    revision: Option<Revision>,
    /// Appears after the first poll.
    #[serde(default)]
    late: bool,
    /// It reads as its revision says.
    #[serde(skip)]
    pub(super) is_revised: bool,
    label: Label,
}

/// The original that an entry of RSS 2.0 names in `<source>`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) title: String,
    pub(super) url: String,
}

/// The fields that a revision replaces.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revision {
    title: Option<String>,
    summary: Option<String>,
    content: Option<String>,
}

/// Which state of a publisher's document is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edition {
    /// Until it was fetched once.
    First,
    /// Afterwards: revised, with what came late.
    Second,
}

impl Publisher {
    /// The entries of an edition as they read then, newest first.
    pub(super) fn entries(&self, edition: Edition) -> Vec<Entry> {
        let mut entries: Vec<_> =
            self.entries.iter().filter(|one| edition == Edition::Second || !one.late).cloned().collect();
        if edition == Edition::Second {
            entries.iter_mut().for_each(Entry::revise);
        }
        entries.sort_by_key(|one| one.age);
        entries
    }

    /// Where an entry is found on the web.
    pub(super) fn link(&self, entry: &Entry, now: Timestamp) -> String {
        let dated = entry.link.replace("{date}", &entry.published(now).format("%Y/%m/%d").to_string());
        self.site.join(&dated).map_or(dated, String::from)
    }

    /// An entry's id. RSS 1.0 knows no other than its address.
    pub(super) fn guid(&self, entry: &Entry) -> String {
        let undated = entry.link.replace("{date}/", "");
        entry.guid.clone().unwrap_or_else(|| self.site.join(&undated).map_or(undated, String::from))
    }

    fn labels(&self) -> impl Iterator<Item = Labelled> {
        self.entries.iter().map(|entry| Labelled {
            publisher: self.slug.clone(),
            guid: self.guid(entry),
            title: entry.title.clone(),
            is_late: entry.late,
            label: entry.label.clone(),
        })
    }
}

impl Entry {
    /// When it was published, in a farm started at `now`.
    pub(super) fn published(&self, now: Timestamp) -> Timestamp {
        now - self.age
    }

    /// When it was last changed, in a farm started at `now`: revisions are of that moment.
    pub(super) fn updated(&self, now: Timestamp) -> Timestamp {
        if self.is_revised { now } else { self.published(now) }
    }

    fn revise(&mut self) {
        let Some(revision) = &self.revision else { return };
        self.is_revised = true;
        if let Some(title) = &revision.title {
            self.title.clone_from(title);
        }
        if revision.summary.is_some() {
            self.summary.clone_from(&revision.summary);
        }
        if revision.content.is_some() {
            self.content.clone_from(&revision.content);
        }
    }
}

fn news() -> Kind {
    Kind::News
}

/// Reads a role or a kind by its word.
fn word<'de, D: Deserializer<'de>, T: std::str::FromStr<Err = String>>(
    deserializer: D,
) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

/// Reads an age such as `199d4h` or `25m`.
fn age<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
    let text = String::deserialize(deserializer)?;
    let error =
        || D::Error::custom(format!("{text:?} is no age; write days, hours and minutes, as in 2d4h30m"));
    let mut age = TimeDelta::zero();
    for part in text.split_inclusive(['d', 'h', 'm']) {
        let number = part.trim_end_matches(['d', 'h', 'm']);
        let minutes = match part.strip_prefix(number) {
            Some("d") => 24 * 60,
            Some("h") => 60,
            Some("m") => 1,
            _ => return Err(error()),
        };
        age += number
            .parse::<u32>()
            .map(|number| TimeDelta::minutes(i64::from(number) * minutes))
            .map_err(|_| error())?;
    }
    Ok(age)
}

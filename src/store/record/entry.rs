//! Entries with their verdicts, kept or turned away.

use super::{Moment, Record, float, is_default, moment, timestamp};
use crate::model::{
    Claimed, DeclaredSource, Enclosure, Entry, EntryId, FeedId, Kept, Reason, Reject, StoryId, Verdict,
};
use crate::store::StoreError;
use serde::{Deserialize, Serialize};

/// A record of this size or less goes into the index in one piece (STORE.md, rule 7: values below 64 KiB).
pub(in crate::store) const MAX_ENTRY_BYTES: usize = 60 * 1024;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct EntryRecord {
    pub(in crate::store) id: u64,
    pub(in crate::store) feed: u64,
    guid: String,
    pub(in crate::store) title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) canonical: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claimed: Option<(Moment, bool)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    updated: Option<Moment>,
    pub(in crate::store) first_seen: Moment,
    #[serde(default, skip_serializing_if = "is_default")]
    summary: String,
    #[serde(default, skip_serializing_if = "is_default")]
    content: String,
    #[serde(default, skip_serializing_if = "is_default")]
    summary_html: String,
    #[serde(default, skip_serializing_if = "is_default")]
    content_html: String,
    #[serde(default, skip_serializing_if = "is_default")]
    categories: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    enclosures: Vec<EnclosureRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<SourceRecord>,
    #[serde(default, skip_serializing_if = "is_default")]
    links: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct EnclosureRecord {
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    length_bytes: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SourceRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct VerdictRecord {
    relevant: bool,
    #[serde(with = "float")]
    score: f32,
    kind: String,
    topics: Vec<String>,
    reasons: Vec<ReasonRecord>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ReasonRecord {
    term: String,
    field: String,
    #[serde(with = "float")]
    weight: f32,
}

/// A relevant entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct KeptRecord {
    pub(in crate::store) entry: EntryRecord,
    verdict: VerdictRecord,
    pub(in crate::store) story: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    machine: bool,
    /// Hash of the visible text as it was before anything was cut.
    pub(in crate::store) substance: u64,
    /// Which batch brought it first, and as which of its changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) arrived: Option<(u64, u32)>,
}

impl Record for KeptRecord {
    const WHAT: &'static str = "an entry";
}

/// An entry that was turned away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct RejectRecord {
    pub(in crate::store) entry: EntryRecord,
    verdict: VerdictRecord,
    /// Hash of the visible text as it was before anything was cut.
    pub(in crate::store) substance: u64,
}

impl Record for RejectRecord {
    const WHAT: &'static str = "a reject";
}

impl KeptRecord {
    /// For the journal: texts are cut so that the record fits the index.
    pub(in crate::store) fn of(kept: &Kept, substance: u64) -> Result<Self, StoreError> {
        let mut record = Self {
            entry: EntryRecord::of(&kept.entry),
            verdict: VerdictRecord::of(&kept.verdict),
            story: kept.story.0,
            machine: kept.is_machine_written,
            substance,
            arrived: None,
        };
        for step in Cut::STEPS {
            // 64 bytes for `arrived`, which is only known when the record is applied.
            if record.encode()?.len() + 64 <= MAX_ENTRY_BYTES {
                return Ok(record);
            }
            step.apply(&mut record.entry);
            step.apply_to_verdict(&mut record.verdict);
        }
        Ok(record)
    }

    /// The entry that it records.
    pub(in crate::store) fn kept(self) -> Result<Kept, StoreError> {
        Ok(Kept {
            entry: self.entry.entry(),
            verdict: self.verdict.verdict()?,
            story: StoryId(self.story),
            is_machine_written: self.machine,
        })
    }
}

impl RejectRecord {
    /// For the journal: without content, which is not kept of what was turned away.
    pub(in crate::store) fn of(reject: &Reject, substance: u64) -> Result<Self, StoreError> {
        let mut entry = EntryRecord::of(&reject.entry);
        Cut::Html.apply(&mut entry);
        entry.content.clear();
        entry.summary_html.clear();
        let mut record = Self { entry, verdict: VerdictRecord::of(&reject.verdict), substance };
        for step in Cut::STEPS {
            if record.encode()?.len() <= MAX_ENTRY_BYTES {
                return Ok(record);
            }
            step.apply(&mut record.entry);
            step.apply_to_verdict(&mut record.verdict);
        }
        Ok(record)
    }

    /// The reject that it records.
    pub(in crate::store) fn reject(self) -> Result<Reject, StoreError> {
        Ok(Reject { entry: self.entry.entry(), verdict: self.verdict.verdict()? })
    }
}

/// What is given up of an entry that is too long, step by step; markup first, since half of it would be none.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Html,
    Content,
    SummaryHtml,
    Lists,
    Texts,
}

impl Cut {
    const STEPS: [Self; 5] = [Self::Html, Self::Content, Self::SummaryHtml, Self::Lists, Self::Texts];

    fn apply(self, entry: &mut EntryRecord) {
        match self {
            Self::Html => entry.content_html.clear(),
            Self::Content => {
                cut_escaped(&mut entry.content, 32 * 1024);
                cut_escaped(&mut entry.summary, 8 * 1024);
            }
            Self::SummaryHtml => entry.summary_html.clear(),
            Self::Lists => {
                for list in [&mut entry.categories, &mut entry.links] {
                    list.truncate(50);
                    list.retain(|text| text.len() <= 150);
                }
                entry.enclosures.truncate(5);
                entry.enclosures.retain(|enclosure| enclosure.url.len() <= 300);
                for enclosure in &mut entry.enclosures {
                    if let Some(text) = &mut enclosure.media_type {
                        cut(text, 100);
                    }
                }
            }
            Self::Texts => {
                cut(&mut entry.content, 2_000);
                cut(&mut entry.summary, 1_000);
                cut(&mut entry.title, 500);
                cut(&mut entry.guid, 200);
                for text in [&mut entry.author, &mut entry.language].into_iter().flatten() {
                    cut(text, 100);
                }
                for url in [&mut entry.image, &mut entry.url, &mut entry.canonical] {
                    url.take_if(|url| url.len() > 1_000);
                }
                entry.source.take_if(|source| escaped_length(&format!("{source:?}")) > 1_000);
            }
        }
    }

    fn apply_to_verdict(self, verdict: &mut VerdictRecord) {
        if matches!(self, Self::Lists) {
            verdict.topics.truncate(50);
            verdict.reasons.truncate(50);
            verdict.reasons.retain(|reason| reason.term.len() <= 50);
            verdict.topics.retain(|topic| topic.len() <= 50);
        }
    }
}

/// Cuts at a character.
pub(in crate::store) fn cut(text: &mut String, max_bytes: usize) {
    if text.len() > max_bytes {
        text.truncate(text.floor_char_boundary(max_bytes));
    }
}

/// Cuts to about so many bytes as JSON writes them: at worst six for one, mostly one and a bit.
fn cut_escaped(text: &mut String, max_bytes: usize) {
    let allowed = max_bytes * text.len() / escaped_length(text).max(1);
    cut(text, allowed.min(max_bytes));
}

fn escaped_length(text: &str) -> usize {
    serde_json::to_string(text).map_or(text.len(), |json| json.len())
}

impl EntryRecord {
    fn of(entry: &Entry) -> Self {
        Self {
            id: entry.id.0,
            feed: entry.feed.0,
            guid: entry.guid.clone(),
            title: entry.title.clone(),
            url: entry.url.clone(),
            canonical: entry.canonical.clone(),
            author: entry.author.clone(),
            claimed: entry.claimed.map(|claimed| (claimed.at.into(), claimed.has_time_of_day)),
            updated: moment(entry.updated),
            first_seen: entry.first_seen.into(),
            summary: entry.summary.clone(),
            content: entry.content.clone(),
            summary_html: entry.summary_html.clone(),
            content_html: entry.content_html.clone(),
            categories: entry.categories.clone(),
            image: entry.image.clone(),
            enclosures: entry.enclosures.iter().map(EnclosureRecord::of).collect(),
            source: entry
                .source
                .as_ref()
                .map(|source| SourceRecord { title: source.title.clone(), url: source.url.clone() }),
            links: entry.links.clone(),
            language: entry.language.clone(),
        }
    }

    fn entry(self) -> Entry {
        Entry {
            id: EntryId(self.id),
            feed: FeedId(self.feed),
            guid: self.guid,
            title: self.title,
            url: self.url,
            canonical: self.canonical,
            author: self.author,
            claimed: self
                .claimed
                .map(|(at, has_time_of_day)| Claimed { at: at.timestamp(), has_time_of_day }),
            updated: timestamp(self.updated),
            first_seen: self.first_seen.timestamp(),
            summary: self.summary,
            content: self.content,
            summary_html: self.summary_html,
            content_html: self.content_html,
            categories: self.categories,
            image: self.image,
            enclosures: self.enclosures.into_iter().map(EnclosureRecord::enclosure).collect(),
            source: self.source.map(|source| DeclaredSource { title: source.title, url: source.url }),
            links: self.links,
            language: self.language,
        }
    }
}

impl EnclosureRecord {
    fn of(enclosure: &Enclosure) -> Self {
        Self {
            url: enclosure.url.clone(),
            media_type: enclosure.media_type.clone(),
            length_bytes: enclosure.length_bytes,
        }
    }

    fn enclosure(self) -> Enclosure {
        Enclosure { url: self.url, media_type: self.media_type, length_bytes: self.length_bytes }
    }
}

impl VerdictRecord {
    fn of(verdict: &Verdict) -> Self {
        Self {
            relevant: verdict.relevant,
            score: verdict.score,
            kind: verdict.kind.as_str().to_owned(),
            topics: verdict.topics.clone(),
            reasons: verdict.reasons.iter().map(ReasonRecord::of).collect(),
        }
    }

    fn verdict(self) -> Result<Verdict, StoreError> {
        let kind = self.kind.parse().map_err(|reason: String| KeptRecord::fault(&reason))?;
        let reasons = self.reasons.into_iter().map(ReasonRecord::reason).collect::<Result<_, _>>()?;
        Ok(Verdict { relevant: self.relevant, score: self.score, kind, topics: self.topics, reasons })
    }
}

impl ReasonRecord {
    fn of(reason: &Reason) -> Self {
        Self { term: reason.term.clone(), field: reason.field.as_str().to_owned(), weight: reason.weight }
    }

    fn reason(self) -> Result<Reason, StoreError> {
        let field = self.field.parse().map_err(|reason: String| KeptRecord::fault(&reason))?;
        Ok(Reason { term: self.term, field, weight: self.weight })
    }
}

//! `chipwire classify`: entries as JSON lines in, verdicts as JSON lines out.

use super::{Classifier, FeedContext};
use crate::model::{Entry, FeedId, Timestamp, Verdict};
use crate::text;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An entry as the line gives it; keys that are not here are ignored, null means absent.
#[derive(Debug, Default, Deserialize)]
struct Line {
    id: Option<Value>,
    title: Option<String>,
    summary: Option<String>,
    content: Option<String>,
    #[serde(alias = "link")]
    url: Option<String>,
    feed: Option<String>,
    publisher: Option<String>,
    categories: Option<Vec<String>>,
    language: Option<String>,
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    id: Value,
    relevant: bool,
    score: f32,
    kind: &'a str,
    topics: &'a [String],
    reasons: Vec<AnswerReason<'a>>,
}

#[derive(Debug, Serialize)]
struct AnswerReason<'a> {
    term: &'a str,
    field: &'a str,
    weight: f32,
}

#[derive(Debug, Serialize)]
struct Failure {
    id: Value,
    error: String,
}

/// Judges the entry of one line and gives the line to print, without its line feed. A line that can't be read
/// gives one that says so.
pub fn line(classifier: &Classifier, line: &str) -> String {
    match read(line) {
        Ok((id, entry, publisher)) => {
            let context = FeedContext { publisher: &publisher, category: "", relevant_share: None };
            answer(id, &classifier.judge(&entry, &context))
        }
        Err(failure) => as_json(&failure),
    }
}

/// Reads a line to the entry and the publisher's name, for measurements and training; the error is in words.
pub fn entry(line: &str) -> Result<(Entry, String), String> {
    match read(line) {
        Ok((_, entry, publisher)) => Ok((entry, publisher)),
        Err(failure) => Err(failure.error),
    }
}

/// Reads a line to its id (as given), the entry, and the publisher's name.
fn read(line: &str) -> Result<(Value, Entry, String), Failure> {
    let failure = |id, error| Failure { id, error };
    let value: Value =
        serde_json::from_str(line).map_err(|error| failure(Value::Null, format!("no JSON: {error}")))?;
    let id = value.get("id").cloned().unwrap_or_default();
    let given: Line =
        serde_json::from_value(value).map_err(|error| failure(id.clone(), format!("no entry: {error}")))?;
    let publisher = given.publisher.clone().or_else(|| given.feed.clone()).unwrap_or_default();
    Ok((id, to_entry(given), publisher))
}

fn to_entry(given: Line) -> Entry {
    let feed = FeedId::of(given.feed.as_deref().or(given.publisher.as_deref()).unwrap_or_default());
    let guid = match given.id {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => String::new(),
    };
    Entry {
        title: given.title.unwrap_or_default(),
        url: given.url,
        summary: plain(given.summary),
        content: plain(given.content),
        categories: given.categories.unwrap_or_default(),
        language: given.language,
        ..Entry::bare(feed, guid, Timestamp::UNIX_EPOCH)
    }
}

/// The daemon judges plain text; on a line there may be markup.
fn plain(given: Option<String>) -> String {
    match given {
        Some(text) if text::looks_like_markup(&text) => text::plain(&text),
        given => given.unwrap_or_default(),
    }
}

fn answer(id: Value, verdict: &Verdict) -> String {
    as_json(&Answer {
        id,
        relevant: verdict.relevant,
        score: verdict.score,
        kind: verdict.kind.as_str(),
        topics: &verdict.topics,
        reasons: verdict
            .reasons
            .iter()
            .map(|reason| AnswerReason {
                term: &reason.term,
                field: reason.field.as_str(),
                weight: reason.weight,
            })
            .collect(),
    })
}

/// Serialising these plain structs can't fail; should it ever, the line says so and its place stays.
fn as_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| r#"{"id":null,"error":"unprintable"}"#.to_owned())
}

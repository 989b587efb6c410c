//! Entries as JSON lines in, assignments out: the engine as a filter (`chipwire cluster`). No I/O: lines are strings.

use chrono::{NaiveDate, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::link;
use crate::model::{Claimed, DeclaredSource, Entry, EntryId, FeedId, Timestamp, Verdict};
use crate::text;

use super::engine::{Assignment, Engine, Outcome, Settings};
use super::fingerprint::{Fingerprint, fingerprint};
use super::publishers::Publishers;

/// Repair passes come so often, by the clock of the input.
const REPAIR_EVERY: TimeDelta = TimeDelta::hours(6);

fn round_down(at: Timestamp) -> Timestamp {
    let seconds = at.timestamp().rem_euclid(REPAIR_EVERY.num_seconds());
    at - TimeDelta::seconds(seconds) - TimeDelta::nanoseconds(i64::from(at.timestamp_subsec_nanos()))
}

/// An entry as a line gives it; unknown keys are ignored.
#[derive(Debug, Deserialize)]
struct Line {
    id: serde_json::Value,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    link: Option<String>,
    #[serde(default)]
    feed: Option<String>,
    #[serde(default)]
    publisher: Option<String>,
    #[serde(default)]
    published: Option<String>,
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    categories: Vec<String>,
    #[serde(default)]
    source: Option<Source>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Source {
    Name(String),
    Both {
        #[serde(default)]
        title: Option<String>,
        #[serde(default)]
        url: Option<String>,
    },
}

/// One line of the answer.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    id: &'a serde_json::Value,
    story: Option<String>,
    role: Option<&'static str>,
    similarity: Option<f32>,
    because: &'a str,
}

/// Reads entries line by line and remembers where each went.
#[derive(Debug)]
pub struct Lines {
    engine: Engine,
    publishers: Publishers,
    order: Vec<Place>,
    assignments: BTreeMap<EntryId, Assignment>,
    clock: Timestamp,
    repaired: Timestamp,
    keeps_answers: bool,
}

/// What a line became.
#[derive(Debug)]
enum Place {
    Entry { id: serde_json::Value, entry: EntryId },
    LeftOut { id: serde_json::Value },
    Unread(String),
}

impl Lines {
    /// Begins with no entry known.
    pub fn new(settings: Settings, publishers: Publishers) -> Self {
        Self {
            engine: Engine::new(settings),
            publishers,
            order: Vec::new(),
            assignments: BTreeMap::new(),
            clock: Timestamp::UNIX_EPOCH,
            repaired: Timestamp::UNIX_EPOCH,
            keeps_answers: true,
        }
    }

    /// Without the answers at the end: what is kept is the engine's state alone, for measuring.
    #[must_use]
    pub fn without_answers(mut self) -> Self {
        self.keeps_answers = false;
        self
    }

    /// Takes a line. `judge` gives the filter's verdict on an entry of a publisher; `keep_all` clusters what it would
    /// leave out, too. Gives the answer as it stands now.
    pub fn take(&mut self, line: &str, keep_all: bool, judge: impl Fn(&Entry, &str) -> Verdict) -> String {
        let place = match serde_json::from_str::<Line>(line) {
            Ok(line) => self.place(line, keep_all, judge),
            Err(error) => Place::Unread(unread(line, &error)),
        };
        let answer = self.answer(&place);
        if self.keeps_answers {
            self.order.push(place);
        } else {
            self.assignments.clear();
        }
        answer
    }

    /// Ends the input: the last repairs are made. Gives the final answers in the order of the input.
    pub fn finish(mut self) -> Vec<String> {
        for hours in [6, 24, 48] {
            let outcomes = self.engine.repair(self.clock + TimeDelta::hours(hours));
            self.note(outcomes);
        }
        self.order.iter().map(|place| self.answer(place)).collect()
    }

    /// The fingerprint of a line's entry.
    pub(super) fn fingerprint(
        &self,
        line: &str,
        verdict: &Verdict,
    ) -> Result<Fingerprint, serde_json::Error> {
        let line: Line = serde_json::from_str(line)?;
        let publisher = line.publisher.clone().or_else(|| line.feed.clone()).unwrap_or_default();
        Ok(fingerprint(&self.entry(line), verdict, &publisher, &self.publishers))
    }

    fn place(&mut self, line: Line, keep_all: bool, judge: impl Fn(&Entry, &str) -> Verdict) -> Place {
        let publisher = line.publisher.clone().or_else(|| line.feed.clone()).unwrap_or_default();
        let id = line.id.clone();
        let entry = self.entry(line);
        let verdict = judge(&entry, &publisher);
        if !keep_all && !verdict.relevant {
            return Place::LeftOut { id };
        }
        self.clock = self.clock.max(entry.first_seen);
        // At round hours, so that a first entry some minutes earlier or later moves no look.
        let due = round_down(self.clock);
        if due > self.repaired {
            self.repaired = due;
            let outcomes = self.engine.repair(due);
            self.note(outcomes);
        }
        let place = Place::Entry { id, entry: entry.id };
        let outcomes = self.engine.place(fingerprint(&entry, &verdict, &publisher, &self.publishers));
        self.note(outcomes);
        place
    }

    /// The entry of a line. Its feed is the line's feed, else its publisher; its guid the line's id.
    fn entry(&self, line: Line) -> Entry {
        let feed = FeedId::of(line.feed.as_deref().or(line.publisher.as_deref()).unwrap_or_default());
        let guid = match &line.id {
            serde_json::Value::String(id) => id.clone(),
            other => other.to_string(),
        };
        let url = line.url.or(line.link).and_then(|url| link::absolute(None, &url));
        let claimed = line.published.as_deref().and_then(claimed);
        let (title, url_of) = match line.source {
            Some(Source::Name(name)) if name.contains("://") => (None, Some(name)),
            Some(Source::Name(name)) => (Some(name), None),
            Some(Source::Both { title, url }) => (title, url),
            None => (None, None),
        };
        let source = (title.is_some() || url_of.is_some()).then_some(DeclaredSource { title, url: url_of });
        let content_html = line.content.unwrap_or_default();
        Entry {
            title: text::one_line(&text::plain(&line.title.unwrap_or_default())),
            canonical: url.as_ref().map(|url| link::canonical(url).into()),
            author: line.author,
            claimed,
            summary: text::plain(&line.summary.unwrap_or_default()),
            content: text::plain(&content_html),
            links: text::links(&content_html)
                .filter_map(|link| link::absolute(url.as_ref(), &link))
                .map(Into::into)
                .collect(),
            categories: line.categories,
            source,
            url: url.map(Into::into),
            ..Entry::bare(feed, guid, claimed.map_or(self.clock, |claimed| claimed.at))
        }
    }

    fn note(&mut self, outcomes: Vec<Outcome>) {
        for outcome in outcomes {
            if let Outcome::Assigned(assignment) = outcome {
                self.assignments.insert(assignment.entry, assignment);
            }
        }
    }

    fn answer(&self, place: &Place) -> String {
        let answer = match place {
            Place::Unread(error) => return error.clone(),
            Place::LeftOut { id } => {
                Answer { id, story: None, role: None, similarity: None, because: "the filter leaves it out" }
            }
            Place::Entry { id, entry } => {
                let Some(found) = self.assignments.get(entry) else { return String::new() };
                Answer {
                    id,
                    story: Some(found.story.to_string()),
                    role: Some(found.role.as_str()),
                    similarity: Some(found.similarity),
                    because: &found.because,
                }
            }
        };
        serde_json::to_string(&answer).unwrap_or_default()
    }
}

/// The answer to a line that cannot be read; its id where that much can be read.
fn unread(line: &str, error: &serde_json::Error) -> String {
    let id = serde_json::from_str::<serde_json::Value>(line).ok().and_then(|value| value.get("id").cloned());
    serde_json::json!({ "id": id, "error": error.to_string() }).to_string()
}

/// RFC 3339, or a date.
fn claimed(text: &str) -> Option<Claimed> {
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(text.trim()) {
        return Some(Claimed { at: at.with_timezone(&Utc), has_time_of_day: true });
    }
    let date = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok()?;
    Some(Claimed { at: Utc.from_utc_datetime(&date.and_hms_opt(0, 0, 0)?), has_time_of_day: false })
}

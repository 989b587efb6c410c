//! Which stories a feed or page shows.

use super::{Query, Settings, StoryView};
use crate::model::{Kind, StoryId, Timestamp};
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use std::fmt;
use std::str::FromStr;

/// The subject of a feed or page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything but the excluded kinds.
    Wire,
    /// One topic's part of it, by slug.
    Topic(String),
    /// One kind, the excluded ones too.
    Kind(Kind),
    /// What matches a query.
    Search(Query),
    /// The stories of one day (UTC).
    Day(NaiveDate),
}

/// A subject and a reader's wishes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Selection {
    /// The subject.
    pub scope: Scope,
    /// Only what was published until then (`wait`).
    pub until: Option<Timestamp>,
    /// At least so many independent owners.
    pub owners: usize,
    /// Other languages than the default; an empty list means all.
    pub languages: Option<Vec<String>>,
    /// Only what stands after this place in the order.
    pub before: Option<Cursor>,
}

impl Selection {
    /// A subject, with no further wishes.
    pub fn of(scope: Scope) -> Self {
        Self { scope, until: None, owners: 0, languages: None, before: None }
    }

    /// Whether it asks for nothing but its subject.
    pub fn has_no_wishes(&self) -> bool {
        self.until.is_none() && self.owners <= 1 && self.languages.is_none() && self.before.is_none()
    }

    /// No story that was published before the first of these moments, or at the second or later, is in it.
    pub fn range(&self) -> (Timestamp, Timestamp) {
        let after =
            |at: Timestamp| at.checked_add_signed(TimeDelta::microseconds(1)).unwrap_or(Timestamp::MAX_UTC);
        let mut range = (Timestamp::MIN_UTC, Timestamp::MAX_UTC);
        if let Scope::Day(day) = self.scope {
            let midnight = day.and_time(NaiveTime::MIN).and_utc();
            range = (midnight, midnight.checked_add_signed(TimeDelta::days(1)).unwrap_or(Timestamp::MAX_UTC));
        }
        let ends = [self.until, self.before.map(|before| before.at)];
        range.1 = ends.into_iter().flatten().map(after).fold(range.1, Timestamp::min);
        range
    }

    /// Whether it shows this story at this time.
    pub fn accepts(&self, view: &StoryView, settings: &Settings, now: Timestamp) -> bool {
        let published = view.story.published;
        let is_off_by_kind = settings.exclude_kinds.contains(&view.kind()) && !view.lead.feed.always_relevant;
        let is_off_by_language = !view.is_in(&settings.languages);
        // What belongs on the default wire is shown from its release on, which the editing role records. What kind or
        // language keep off the wire is never released; it only has to settle.
        let is_out = if view.story.is_withheld {
            false
        } else if is_off_by_kind || is_off_by_language {
            view.is_settled(settings.settle, now)
        } else {
            view.story.released.is_some()
        };
        let is_in_scope = match &self.scope {
            Scope::Kind(kind) => view.kind() == *kind,
            Scope::Wire => !is_off_by_kind,
            Scope::Topic(slug) => !is_off_by_kind && view.topics().contains(&slug.as_str()),
            Scope::Day(day) => !is_off_by_kind && published.date_naive() == *day,
            Scope::Search(query) => !is_off_by_kind && query.matches(view),
        };
        is_out
            && view.is_in(self.languages.as_deref().unwrap_or(&settings.languages))
            && self.until.is_none_or(|until| published <= until)
            && self.before.is_none_or(|before| before.is_before(view))
            && (self.owners <= 1 || view.owners() >= self.owners)
            && is_in_scope
    }
}

/// A place in the order of stories: after all of that moment, or after one story of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The moment.
    pub at: Timestamp,
    /// The last story shown; `None`: all of this moment were.
    pub story: Option<StoryId>,
}

impl Cursor {
    /// The place after this story.
    pub fn after(view: &StoryView) -> Self {
        Self { at: view.story.published, story: Some(view.story.id) }
    }

    fn is_before(&self, view: &StoryView) -> bool {
        let published = view.story.published;
        published < self.at || (published == self.at && self.story.is_some_and(|last| view.story.id < last))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // To the last nanosecond: a rounded place would show stories again or skip them.
        write!(f, "{}", self.at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))?;
        self.story.map_or(Ok(()), |story| write!(f, "_{story}"))
    }
}

impl FromStr for Cursor {
    type Err = String;

    /// A date, a time (RFC 3339), or what [`Cursor`] prints.
    fn from_str(text: &str) -> Result<Self, String> {
        let error = || "before must be a date or a time like 2026-03-10T12:00:00Z".to_owned();
        let (time, story) = match text.split_once('_') {
            Some((time, story)) => (time, Some(story.parse().map_err(|_| error())?)),
            None => (text, None),
        };
        let at = match time.parse::<NaiveDate>() {
            Ok(date) => date.and_hms_opt(0, 0, 0).ok_or_else(error)?.and_utc(),
            // A `+` of an offset that was not escaped arrives as a blank.
            Err(_) => time.replace(' ', "+").parse().map_err(|_| error())?,
        };
        Ok(Self { at, story })
    }
}

#[cfg(test)]
mod tests;

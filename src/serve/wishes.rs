//! A reader's wishes: the parameters that every feed and list takes. Unknown ones are ignored; a known one that cannot
//! be understood is refused, since a feed that silently shows something else would go unnoticed for years.

use crate::model::Timestamp;
use crate::publish::{Cursor, Query, Scope, Selection, parse_duration};
use chrono::{DurationRound, TimeDelta};
use std::time::Duration;
use url::form_urlencoded;

/// The most languages of `lang`.
const MOST_LANGUAGES: usize = 16;

/// What a request's query asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    query: Option<String>,
    wait: Option<(String, Duration)>,
    owners: Option<usize>,
    languages: Option<Vec<String>>,
    /// Whole texts.
    pub(super) is_full: bool,
    before: Option<Cursor>,
}

impl Wishes {
    pub(super) fn read(query: Option<&str>) -> Result<Self, String> {
        let mut wishes = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            // A form sends its empty fields, too.
            if value.is_empty() {
                continue;
            }
            match name.as_ref() {
                "q" => wishes.query = Some(value.into_owned()),
                "wait" => {
                    let wait = parse_duration(&value).ok_or("wait must be a duration like 90m, 6h or 2d")?;
                    wishes.wait = Some((value.into_owned(), wait));
                }
                "owners" => {
                    wishes.owners = Some(value.parse().map_err(|_| "owners must be a number".to_owned())?);
                }
                "lang" => wishes.languages = Some(languages(&value)?),
                "full" => wishes.is_full = matches!(value.as_ref(), "1" | "true" | "yes"),
                "before" => wishes.before = Some(value.parse()?),
                _ => {}
            }
        }
        Ok(wishes)
    }

    /// The text of a search, if there is one.
    pub(super) fn query(&self) -> Option<&str> {
        self.query.as_deref().map(str::trim).filter(|query| !query.is_empty())
    }

    /// The query to search for.
    pub(super) fn scope(&self) -> Result<Scope, String> {
        let query = self.query().ok_or("say what to search for: ?q=…")?;
        query.parse::<Query>().map(Scope::Search)
    }

    /// The selection of this scope. `wait` counts back from `now`, by whole minutes: what is shown changes no more
    /// often than that.
    pub(super) fn selection(&self, scope: Scope, now: Timestamp) -> Selection {
        let until = self.wait.as_ref().map(|(_, wait)| {
            TimeDelta::from_std(*wait)
                .ok()
                .and_then(|wait| now.checked_sub_signed(wait))
                .and_then(|until| until.duration_trunc(TimeDelta::minutes(1)).ok())
                .unwrap_or(Timestamp::MIN_UTC)
        });
        Selection {
            scope,
            until,
            owners: self.owners.unwrap_or_default(),
            languages: self.languages.clone(),
            before: self.before,
        }
    }

    /// The same wishes from this place on.
    pub(super) fn after(&self, cursor: Cursor) -> Self {
        Self { before: Some(cursor), ..self.clone() }
    }

    /// The same wishes from the newest story on.
    pub(super) fn without_before(&self) -> Self {
        Self { before: None, ..self.clone() }
    }

    /// The wishes as a query, with its `?`, in an order of its own: equal wishes give equal addresses. Only searches
    /// carry a `q`.
    pub(super) fn to_query(&self, scope: &Scope) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Scope::Search(text) = scope {
            query.append_pair("q", text.as_str());
        }
        if let Some((wait, _)) = &self.wait {
            query.append_pair("wait", wait);
        }
        if let Some(owners) = self.owners {
            query.append_pair("owners", &owners.to_string());
        }
        if let Some(languages) = &self.languages {
            query.append_pair(
                "lang",
                &if languages.is_empty() { "*".to_owned() } else { languages.join(",") },
            );
        }
        if self.is_full {
            query.append_pair("full", "1");
        }
        if let Some(before) = &self.before {
            query.append_pair("before", &before.to_string());
        }
        let query = query.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

/// `en,de`; `*` means all.
fn languages(value: &str) -> Result<Vec<String>, String> {
    let languages: Vec<String> =
        value.split(',').map(|one| one.trim().to_lowercase()).filter(|one| !one.is_empty()).collect();
    if languages.iter().any(|one| one == "*") {
        return Ok(Vec::new());
    }
    let is_tag =
        |tag: &String| tag.len() <= 35 && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if languages.len() > MOST_LANGUAGES || !languages.iter().all(is_tag) {
        return Err("lang must be languages like en,de".to_owned());
    }
    Ok(languages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_wishes_give_equal_addresses_and_unknown_ones_are_ignored() {
        let read = |query| Wishes::read(Some(query)).unwrap().to_query(&Scope::Wire);
        let want = "?wait=2h&owners=2&lang=en%2Cde&full=1&before=2026-03-10T00%3A00%3A00Z";
        assert_eq!(read("full=1&lang=EN,+de&owners=2&utm_source=x&before=2026-03-10&wait=2h&q=unused"), want);
        assert_eq!(read(want.trim_start_matches('?')), want);
        assert_eq!(read("utm_source=x"), "");
        assert_eq!(read("lang=*"), "?lang=*");
        assert_eq!(read("wait=&owners=&lang=&full=&before="), "");
    }

    #[test]
    fn what_cannot_be_understood_is_said() {
        for query in ["wait=soon", "owners=-1", "owners=many", "lang=e%22n", "before=once"] {
            assert!(Wishes::read(Some(query)).is_err(), "{query}");
        }
    }

    proptest::proptest! {
        #[test]
        fn wishes_read_back_from_their_address(query in "(q|wait|owners|lang|full|before|x)=[a-z0-9%,*._ -]{0,12}(&(wait|owners|lang|before)=[0-9a-z-]{0,12}){0,3}") {
            if let Ok(wishes) = Wishes::read(Some(&query)) {
                let address = wishes.to_query(&Scope::Wire);
                let again = Wishes::read(Some(address.trim_start_matches('?'))).unwrap();
                proptest::prop_assert_eq!(again.to_query(&Scope::Wire), address);
                // A search's text is its scope's affair.
                proptest::prop_assert_eq!(Wishes { query: None, ..wishes }, again);
            }
        }
    }

    #[test]
    fn waiting_counts_back_by_whole_minutes() {
        let now = "2026-03-10T12:00:42Z".parse().unwrap();
        let selection = Wishes::read(Some("wait=90m")).unwrap().selection(Scope::Wire, now);
        assert_eq!(selection.until, Some("2026-03-10T10:30:00Z".parse().unwrap()));
    }
}

//! `[[feed]]` tables: a known `url` overrides key by key, an unknown one adds a feed.

use super::keys::nearest;
use super::value::{boolean, duration, string, wanted};
use crate::model::{Excerpt, Feed, Origin};
use toml::de::{DeTable, DeValue};

/// The keys of a `[[feed]]`.
const KEYS: [&str; 10] = [
    "url",
    "name",
    "site",
    "category",
    "language",
    "interval",
    "enabled",
    "always_relevant",
    "private",
    "excerpt",
];

/// Takes one `[[feed]]` over into `feeds`. `report` gets each fault with its key and its byte offset.
pub(super) fn overlay(
    feeds: &mut Vec<Feed>,
    table: &DeTable<'_>,
    origin: Origin,
    report: &mut dyn FnMut(&str, usize, String),
) {
    let url = table.iter().find(|(key, _)| key.get_ref() == "url");
    let url = match url.map(|(_, value)| (string(value.get_ref()), value.span().start)) {
        Some((Ok(url), _)) if !url.trim().is_empty() => url.trim().to_owned(),
        Some((Ok(_), at)) => return report("url", at, "it is empty; write the feed's address".into()),
        Some((Err(message), at)) => return report("url", at, message),
        None => {
            let at = table.iter().next().map_or(0, |(key, _)| key.span().start);
            return report("url", at, "it is missing; every [[feed]] needs one".into());
        }
    };
    let known = feeds.iter().position(|feed| feed.url == url);
    let mut feed = known.and_then(|at| feeds.get(at).cloned()).unwrap_or_else(|| Feed::at(&url, origin));
    for (key, value) in table {
        if let Err(message) = set(&mut feed, key.get_ref(), value.get_ref()) {
            report(key.get_ref(), key.span().start, message);
        }
    }
    match known.and_then(|at| feeds.get_mut(at)) {
        Some(place) => *place = feed,
        None => feeds.push(feed),
    }
}

fn set(feed: &mut Feed, key: &str, value: &DeValue<'_>) -> Result<(), String> {
    match key {
        "url" => {}
        "name" => feed.name = Some(string(value)?),
        "site" => feed.site = Some(string(value)?),
        "category" => feed.category = string(value)?,
        "language" => feed.language = Some(string(value)?),
        "interval" => feed.interval = Some(duration(value)?),
        "enabled" => feed.enabled = boolean(value)?,
        "always_relevant" => feed.always_relevant = boolean(value)?,
        "private" => feed.private = boolean(value)?,
        "excerpt" => {
            feed.excerpt = match value.as_str() {
                Some("none") => Excerpt::None,
                Some("short") => Excerpt::Short,
                Some("full") => Excerpt::Full,
                _ => return Err(wanted("\"none\", \"short\" or \"full\"", value)),
            }
        }
        _ => return Err(unknown(key, KEYS)),
    }
    Ok(())
}

/// The sentence for a key that does not exist.
pub(super) fn unknown<'a>(key: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(key, known) {
        Some(near) => format!("unknown key; did you mean {near:?}?"),
        None => "unknown key; see the reference, config/chipwire.toml".to_owned(),
    }
}

//! Headlines without what is not theirs: the publisher's tail, wire prefixes, credits in brackets; the URL's words as a
//! second headline, and the URL's own date.

use crate::model::Timestamp;
use chrono::{NaiveDate, TimeZone, Utc};

use super::publishers::{Publishers, host_of, key};

/// Prefixes that wires and video desks put in front.
const PREFIXES: [&str; 22] = [
    "update 1-",
    "update 2-",
    "update 3-",
    "update 4-",
    "wrapup 1-",
    "wrapup 2-",
    "rpt-",
    "exclusive:",
    "exclusive -",
    "breaking:",
    "analysis:",
    "analysis-",
    "video:",
    "watch:",
    "live:",
    "opinion:",
    "explainer:",
    "factbox:",
    "just in:",
    "[video]",
    "focus-",
    "exclusive-",
];

/// Where a summary stops being the piece's own.
const BOILERPLATE: [&str; 9] = [
    "the post ",
    "read entire article",
    "read full article",
    "continue reading",
    "read more",
    "learn more",
    "appeared first on",
    "sign up for",
    "subscribe to our",
];

/// The headline as it is compared; `publisher` is the feed's name.
pub(super) fn bare<'a>(title: &'a str, publisher: &str, publishers: &Publishers) -> &'a str {
    let mut title = title.trim();
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| strip_prefix(title, prefix)) {
        title = rest.trim_start();
    }
    title = without_credit(title);
    for _ in 0..2 {
        let Some((head, tail)) = tail(title) else { break };
        if !is_name_of_publisher(tail, publisher, publishers) {
            break;
        }
        title = head;
    }
    title
}

/// The name in the headline's tail ("… - Reuters"), where it is a publisher's; it tells whose piece an aggregator
/// points to.
pub(super) fn credited_in_tail<'a>(
    title: &'a str,
    publisher: &str,
    publishers: &Publishers,
) -> Option<&'a str> {
    let (_, tail) = tail(title.trim())?;
    (key(tail) != key(publisher) && is_name_of_publisher(tail, publisher, publishers)).then_some(tail)
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| text.get(prefix.len()..)).flatten()
}

/// "… (Jane Doe/Reuters)", "… (Bloomberg)".
fn without_credit(title: &str) -> &str {
    let Some(inner) = title.strip_suffix(')') else { return title };
    let Some((head, credit)) = inner.rsplit_once(" (") else { return title };
    let is_credit = credit.contains('/') && !credit.chars().any(|c| c.is_ascii_digit())
        || ["Reuters", "Bloomberg", "CNBC", "FT", "Financial Times", "The Information", "Nikkei Asia", "AP"]
            .contains(&credit);
    if is_credit { head.trim_end() } else { title }
}

/// Splits "headline - Name" at the last divider.
fn tail(title: &str) -> Option<(&str, &str)> {
    let dividers = [" - ", " – ", " — ", " | ", " :: ", " • ", " » "];
    let (head, tail) = dividers
        .iter()
        .filter_map(|divider| title.rsplit_once(divider))
        .min_by_key(|(_, tail)| tail.len())?;
    let tail = tail.trim();
    let fits = (2..=45).contains(&tail.chars().count()) && !head.trim().is_empty();
    fits.then_some((head.trim_end(), tail))
}

/// Whether the tail of a headline is a publisher's name: the feed's own, a known one, a host, or a name with a word
/// that newspapers have.
fn is_name_of_publisher(tail: &str, publisher: &str, publishers: &Publishers) -> bool {
    const TRADE: [&str; 40] = [
        "news",
        "times",
        "blog",
        "magazine",
        "journal",
        "post",
        "herald",
        "daily",
        "tech",
        "hardware",
        "finance",
        "stock",
        "wire",
        "today",
        "digest",
        "review",
        "insider",
        "press",
        "weekly",
        "globe",
        "tribune",
        "university",
        "chronicle",
        "investing",
        "street",
        "fool",
        "alpha",
        "guardian",
        "telegraph",
        "newsroom",
        "media",
        "network",
        "radio",
        "tv",
        "online",
        "business",
        "report",
        "observer",
        "gazette",
        "standard",
    ];
    let (own, named) = (key(publisher), key(tail));
    if named.is_empty() {
        return false;
    }
    if !own.is_empty() && (own.contains(&named) && named.len() > 2 || named.contains(&own)) {
        return true;
    }
    if publishers.named(tail).is_some() {
        return true;
    }
    let begins_large = tail.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    let words: Vec<String> = tail.split_whitespace().map(str::to_lowercase).collect();
    let is_host = words.len() == 1 && tail.contains('.') && !tail.ends_with('.') && !tail.contains(',');
    is_host
        || begins_large
            && words.len() <= 5
            && words.iter().any(|word| TRADE.contains(&word.as_str()) || word.contains(".com"))
}

/// The summary's own words: nothing where it only repeats the headline, and without boilerplate.
pub(super) fn own_summary<'a>(summary: &'a str, title: &str) -> &'a str {
    let mut text = summary.trim();
    let lower = text.to_lowercase();
    let end = BOILERPLATE
        .iter()
        .filter_map(|words| lower.find(words))
        .filter(|at| *at > 40 || lower.len() < 200)
        .min();
    if let Some(end) = end.filter(|_| lower.len() == text.len()) {
        text = text.get(..end).unwrap_or(text);
    }
    let opening: String = title.chars().take(40).collect::<String>().to_lowercase();
    let repeats = text.to_lowercase().starts_with(&opening) && !opening.is_empty();
    if repeats && text.chars().count() < title.chars().count() + 40 {
        return "";
    }
    text.strip_prefix(title).unwrap_or(text).trim()
}

/// The words of the URL's longest part, as a second headline; publishers edit the first more often.
pub(super) fn slug(url: &str) -> String {
    const OPAQUE: [&str; 4] = ["news.google.", "ycombinator", "/redirect", "reddit.com"];
    if OPAQUE.iter().any(|part| url.contains(part)) {
        return String::new();
    }
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    let dashes = |part: &str| part.chars().filter(|c| matches!(c, '-' | '_')).count();
    let best = path.split('/').skip(1).max_by_key(|part| dashes(part)).unwrap_or_default();
    if dashes(best) < 2 {
        return String::new();
    }
    let best =
        best.rsplit_once('.').map_or(best, |(stem, ending)| if ending.len() <= 5 { stem } else { best });
    let is_word = |word: &&str| {
        let is_number = word.len() >= 5 && word.chars().all(|c| c.is_ascii_digit());
        let is_hash = word.len() >= 8 && word.chars().all(|c| c.is_ascii_hexdigit());
        !word.is_empty() && !is_number && !is_hash
    };
    let words: Vec<&str> = best.split(['-', '_']).filter(is_word).collect();
    words.join(" ").chars().take(220).collect()
}

/// The day that the URL itself names ("/2026/06/01/", Techmeme's "/260601/").
pub(super) fn day_in_url(url: &str) -> Option<Timestamp> {
    let host = host_of(url)?;
    let path = url.split(['?', '#']).next()?;
    let parts: Vec<&str> = path.split('/').collect();
    if host == "techmeme.com" {
        return parts.iter().filter(|part| part.len() == 6).find_map(|part| {
            let number = |at: usize| part.get(at..at + 2)?.parse::<u32>().ok();
            noon(2000 + i32::try_from(number(0)?).ok()?, number(2)?, number(4)?)
        });
    }
    let dashed = parts.iter().find_map(|part| {
        let mut numbers = part.splitn(4, '-');
        date(numbers.next()?, numbers.next()?, numbers.next()?)
    });
    dashed.or_else(|| {
        parts.windows(3).find_map(|window| {
            let [year, month, day] = window else { return None };
            date(year, month, day)
        })
    })
}

fn date(year: &str, month: &str, day: &str) -> Option<Timestamp> {
    if year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    let year: i32 = year.parse().ok()?;
    (2000..2100).contains(&year).then(|| noon(year, month.parse().ok()?, day.parse().ok()?)).flatten()
}

/// The middle of an American and European working day.
fn noon(year: i32, month: u32, day: u32) -> Option<Timestamp> {
    Some(Utc.from_utc_datetime(&NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(18, 0, 0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_prefixes_and_credits_go() {
        let publishers = Publishers::shipped();
        let cases = [
            ("tail of a known name", "Chip maker opens plant - Reuters", "Chip maker opens plant"),
            ("two tails", "Chip maker opens plant | Markets Today - MSN", "Chip maker opens plant"),
            ("prefix", "UPDATE 2-EXCLUSIVE: Chip maker opens plant", "Chip maker opens plant"),
            ("credit", "Chip maker opens plant (Jane Doe/Some Paper)", "Chip maker opens plant"),
            (
                "a clause is no tail",
                "Chip maker opens plant - and closes another",
                "Chip maker opens plant - and closes another",
            ),
        ];
        for (name, title, want) in cases {
            assert_eq!(bare(title, "Google News", &publishers), want, "case: {name}");
        }
    }

    #[test]
    fn the_url_gives_words_and_a_day() {
        let url = "https://paper.example/2026/06/03/chip-maker-opens-plant-in-town-12345678.html";
        assert_eq!(slug(url), "chip maker opens plant in town");
        assert_eq!(day_in_url(url).unwrap().to_rfc3339(), "2026-06-03T18:00:00+00:00");
        assert_eq!(day_in_url("https://techmeme.com/260603/p1"), day_in_url(url));
        assert_eq!(day_in_url("https://paper.example/articles/2026-06-03/x"), day_in_url(url));
    }
}

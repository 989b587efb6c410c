//! A feed's head, and the whole feed.

use super::element::Element;
use super::entry::{self, person, title};
use super::outline::{Outline, outline};
use super::space::Space;
use crate::model::Freshness;
use crate::parse::fields;
use crate::parse::{Limits, ParsedFeed};
use std::time::Duration;
use url::Url;

/// What a feed says of itself.
#[derive(Debug, Default)]
pub(in crate::parse) struct Head {
    pub(in crate::parse) title: Option<String>,
    pub(in crate::parse) link: Option<String>,
    pub(in crate::parse) language: Option<String>,
    pub(in crate::parse) hubs: Vec<String>,
    pub(in crate::parse) self_link: Option<String>,
    pub(in crate::parse) freshness: Freshness,
    pub(in crate::parse) author: Option<String>,
}

/// Reads the head of a feed alone, up to its first entry.
pub(in crate::parse) fn head(text: &str, url: &Url, limits: &Limits) -> Head {
    outline(text, url, 0).map(|outline| head_of(&outline, limits)).unwrap_or_default()
}

/// Reads a whole document; `None` where there is no feed in it.
pub(in crate::parse) fn read(text: &str, url: &Url, limits: &Limits) -> Option<ParsedFeed> {
    let outline = outline(without_torn_end(text), url, limits.entries)?;
    // A page may use these words for elements of its own, or hold licences as RDF.
    if outline.is_in_page && (outline.entries.is_empty() || !outline.root.is_one_of(&["rss", "rdf", "feed"]))
    {
        return None;
    }
    let head = head_of(&outline, limits);
    let mut repaired: Vec<_> = dialect_of(&outline).into_iter().collect();
    if outline.has_junk_before {
        repaired.push("something before the feed".to_owned());
    }
    if outline.is_cut_off {
        repaired.push("document cut off".to_owned());
    }
    if outline.left_out > 0 {
        repaired.push(format!("{} entries beyond the first {} left out", outline.left_out, limits.entries));
    }
    let mut entries: Vec<_> = outline.entries.iter().map(|element| entry::read(element, limits)).collect();
    for entry in &mut entries {
        entry.author = entry.author.take().or_else(|| head.author.clone());
    }
    Some(ParsedFeed {
        format: format_of(&outline),
        title: head.title,
        link: head.link,
        language: head.language,
        hubs: head.hubs,
        self_link: head.self_link,
        freshness: head.freshness,
        repaired,
        faults: Vec::new(),
        entries,
    })
}

/// A text without the tag or reference in whose middle it was cut off.
fn without_torn_end(text: &str) -> &str {
    const LONGEST_TORN: usize = 4 << 10;
    let bytes = text.as_bytes();
    let tag = memchr::memrchr(b'<', bytes).filter(|at| {
        let tail = bytes.get(*at..).unwrap_or_default();
        tail.len() < LONGEST_TORN && !tail.contains(&b'>') && !tail.starts_with(b"<![CDATA[")
    });
    let text = tag.and_then(|at| text.get(..at)).unwrap_or(text);
    let reference = text.rfind('&').filter(|at| {
        let tail = text.get(at + 1..).unwrap_or_default();
        tail.len() < 10 && tail.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#')
    });
    reference.and_then(|at| text.get(..at)).unwrap_or(text)
}

fn format_of(outline: &Outline<'_>) -> &'static str {
    let root = &outline.root;
    let version = root.attribute("version").unwrap_or_default().trim().to_owned();
    match root.local.to_ascii_lowercase().as_str() {
        "feed" | "entry" if root.space == Space::Atom03 || version == "0.3" => "atom03",
        "feed" | "entry" => "atom",
        "rdf" => "rss1",
        "channel" if outline.entries.first().is_some_and(|entry| entry.attribute("href").is_some()) => "cdf",
        "channel" if root.space == Space::Rss => "rss1",
        "rss" if version.starts_with("0.") => "rss0",
        _ => "rss2",
    }
}

/// The dialect, where it is one that strict readers refuse.
fn dialect_of(outline: &Outline<'_>) -> Option<String> {
    let root = &outline.root;
    let version = root.attribute("version").unwrap_or_default().trim().to_owned();
    match root.local.to_ascii_lowercase().as_str() {
        "rss" if version.is_empty() => Some("RSS without a version".to_owned()),
        "rss" if !matches!(version.as_str(), "2.0" | "0.91" | "0.92") => {
            Some(format!("RSS of version {version:.20}"))
        }
        "feed" if root.space == Space::Atom03 || version == "0.3" => Some("Atom 0.3".to_owned()),
        "feed" if root.space != Space::Atom => Some("Atom without its namespace".to_owned()),
        "channel" => Some("a channel without a feed around it".to_owned()),
        "item" => Some("items without a feed around them".to_owned()),
        _ => None,
    }
}

fn head_of(outline: &Outline<'_>, limits: &Limits) -> Head {
    let mut head = Head { language: outline.root.scope.language().map(str::to_owned), ..Head::default() };
    let mut period = Period::default();
    let mut lesser_title = None;
    for container in &outline.containers {
        // Channel Definition Format: <channel href="…">.
        if head.link.is_none() && container.is("channel") {
            head.link =
                container.filled("href").and_then(|href| fields::web(&href, container.scope.base(), limits));
        }
        head.language = head.language.or_else(|| container.scope.language().map(str::to_owned));
    }
    for element in &outline.head {
        match element.space {
            Space::Syndication => period.read(element),
            Space::Dc | Space::DcTerms if element.is("title") => {
                lesser_title = lesser_title.or_else(|| title(element, limits));
            }
            Space::Dc if element.is("language") => {
                head.language = fields::id(&element.text(), limits).or(head.language);
            }
            Space::Dc if element.is("creator") => {
                head.author = fields::id(&element.text(), limits).or(head.author);
            }
            Space::Itunes if element.is("author") => {
                head.author = head.author.or_else(|| fields::id(&element.text(), limits));
            }
            space if space.is_own() => own(element, &mut head, limits),
            _ => {}
        }
    }
    head.title = head.title.or(lesser_title);
    head.freshness.feed = head.freshness.feed.or(period.length());
    head
}

fn own(element: &Element<'_>, head: &mut Head, limits: &Limits) {
    let text = || element.text();
    match element.local.to_ascii_lowercase().as_str() {
        "title" if head.title.is_none() => head.title = title(element, limits),
        "link" => link(element, head, limits),
        "language" => head.language = fields::id(&text(), limits).or(head.language.take()),
        "author" => head.author = head.author.take().or_else(|| person(element, limits)),
        "ttl" => {
            let minutes: Option<u64> = text().trim().parse().ok();
            head.freshness.feed = minutes.map(|minutes| Duration::from_secs(minutes.min(1 << 32) * 60));
        }
        "skiphours" => {
            let hours =
                element.children().into_iter().filter_map(|hour| hour.text().trim().parse::<u32>().ok());
            // 24 is how some write 0.
            head.freshness.skip_hours =
                hours.filter(|hour| *hour <= 24).fold(0, |set, hour| set | 1 << (hour % 24));
        }
        "skipdays" => {
            const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
            let days = element.children().into_iter().filter_map(|day| {
                let name = day.text().trim().to_ascii_lowercase();
                DAYS.iter().position(|known| name.starts_with(known))
            });
            head.freshness.skip_days = days.fold(0, |set, day| set | 1 << day);
        }
        _ => {}
    }
}

fn link(element: &Element<'_>, head: &mut Head, limits: &Limits) {
    let Some(target) = element.filled("href") else {
        if head.link.is_none() {
            head.link = fields::web(&element.text(), element.scope.base(), limits);
        }
        return;
    };
    let absolute = fields::web(&target, element.scope.base(), limits);
    match element.attribute("rel").unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "hub" => head.hubs.extend(absolute),
        "self" if head.self_link.is_none() => head.self_link = fields::id(&target, limits),
        "" | "alternate" if head.link.is_none() => head.link = absolute,
        _ => {}
    }
}

/// `sy:updatePeriod` and `sy:updateFrequency` (RSS 1.0's syndication module).
#[derive(Debug, Default)]
struct Period {
    period: Option<u64>,
    frequency: Option<u64>,
}

impl Period {
    fn read(&mut self, element: &Element<'_>) {
        let text = element.text();
        if element.is("updatefrequency") {
            self.frequency = text.trim().parse().ok().filter(|frequency| *frequency > 0);
        } else if element.is("updateperiod") {
            let seconds = match text.trim().to_ascii_lowercase().as_str() {
                "hourly" => 3_600,
                "daily" => 86_400,
                "weekly" => 604_800,
                "monthly" => 2_592_000,
                "yearly" => 31_536_000,
                _ => return,
            };
            self.period = Some(seconds);
        }
    }

    fn length(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.period? / self.frequency.unwrap_or(1)))
    }
}

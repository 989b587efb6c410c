//! Whom an entry credits, by its own words: a declared source, a "source:" line with a link, "Source: Name" at the
//! end, "via", "first appeared on", "according to a report by".

use crate::model::Entry;

use super::headline;
use super::publishers::{PublisherKind, Publishers};

/// Credits of one kind each that are kept.
const MOST: usize = 4;

/// What an entry credits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Credits {
    /// Links to the original.
    pub(super) links: Vec<String>,
    /// Publishers by name.
    pub(super) names: Vec<String>,
    /// Publishers whose report it tells of, without naming it as its source.
    pub(super) told_by: Vec<String>,
}

/// Reads the credits of an entry whose feed is called `publisher`.
pub(super) fn find(entry: &Entry, publisher: &str, publishers: &Publishers) -> Credits {
    let mut credits = Credits::default();
    if let Some(source) = &entry.source {
        credits.link(source.url.as_deref());
        credits.name(source.title.as_deref(), publisher, publishers);
    }
    for text in [&entry.summary, &entry.content] {
        read_lines(text, publisher, publishers, &mut credits);
    }
    credits.told_by.extend(reported_by(&entry.title, publishers).map(str::to_owned));
    // "Headline - Publisher" at an aggregator tells whose piece it is.
    credits
        .told_by
        .extend(headline::credited_in_tail(&entry.title, publisher, publishers).map(str::to_owned));
    // A link away from its publisher names the page that it points to.
    let is_pointer = publishers.kind(publisher) == PublisherKind::Aggregator;
    if is_pointer {
        let outside = entry.links.iter().filter(|link| !publishers.is_at_home(entry.feed, publisher, link));
        credits.links.extend(outside.take(1).cloned());
    }
    credits.links.truncate(MOST);
    credits.names.truncate(MOST);
    credits
}

impl Credits {
    fn link(&mut self, url: Option<&str>) {
        if let Some(url) = url.filter(|url| !self.links.iter().any(|known| known == url)) {
            self.links.push(url.to_owned());
        }
    }

    fn name(&mut self, name: Option<&str>, publisher: &str, publishers: &Publishers) {
        let Some(name) = name.map(str::trim).filter(|name| (2..=60).contains(&name.len())) else { return };
        let is_own = publishers.owner(name) == publishers.owner(publisher);
        if !is_own && !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
    }
}

/// Lines that credit: at the start or the end of a text, or a line of their own.
fn read_lines(text: &str, publisher: &str, publishers: &Publishers, credits: &mut Credits) {
    const LABELS: [&str; 12] = [
        "source:",
        "sources:",
        "via:",
        "via ",
        "original:",
        "originally published on ",
        "originally published by ",
        "originally appeared on ",
        "first published by ",
        "first appeared on ",
        "read the original at ",
        "quelle:",
    ];
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let line = line.trim_matches(['(', ')', '[', ']', '*', '_', '.']);
        let whole = LABELS.iter().find_map(|label| after_label(line, label));
        // "… and so on. Source: TechCrunch" on the last sentence of a line.
        let ended = whole.or_else(|| {
            LABELS.iter().take(3).find_map(|label| {
                let at = line
                    .char_indices()
                    .rev()
                    .map(|(at, _)| at)
                    .find(|at| line.get(*at..).is_some_and(|rest| after_label(rest, label).is_some()))?;
                let before = line.get(..at)?.trim_end();
                let is_end = before.ends_with(['.', '!', '?', ')', '"', '”']);
                is_end.then(|| after_label(line.get(at..)?, label)).flatten()
            })
        });
        let Some(credit) = ended else { continue };
        let credit = credit.trim().trim_matches(['(', ')', '[', ']', '<', '>', '.', '"', '“', '”']);
        if credit.is_empty() || credit.chars().count() > 200 {
            continue;
        }
        match credit
            .split_whitespace()
            .find(|word| word.starts_with("http://") || word.starts_with("https://"))
        {
            Some(url) => credits.link(Some(url.trim_matches(['(', ')', '<', '>', ',', '.']))),
            None if credit.split_whitespace().count() <= 5 => {
                for name in credit.split([',', '/', ';']).map(str::trim) {
                    credits.name(Some(name), publisher, publishers);
                }
            }
            None => {}
        }
    }
}

fn after_label<'a>(line: &'a str, label: &str) -> Option<&'a str> {
    let head = line.get(..label.len())?;
    head.eq_ignore_ascii_case(label).then(|| line.get(label.len()..)).flatten()
}

/// "…, Reuters reports", "…, according to Bloomberg", "Report by The Information: …": only known publishers.
fn reported_by<'a>(title: &'a str, publishers: &Publishers) -> Option<&'a str> {
    for ending in [" reports", " says", " report", " reported"] {
        let Some(head) = title.strip_suffix(ending) else { continue };
        let name = head.rsplit_once([',', ':', '-', '–']).map_or(head, |(_, name)| name).trim();
        if publishers.named(name).is_some_and(|publisher| publisher.kind != PublisherKind::Vendor) {
            return Some(name);
        }
    }
    let (_, name) = title.rsplit_once("ccording to ")?;
    let name = name.trim_end_matches('.').trim();
    publishers.named(name).is_some_and(|publisher| publisher.kind != PublisherKind::Vendor).then_some(name)
}

//! Parse → normalise → classify as one pure function: a document in, judged entries out. The same document, feed and
//! rules at the same `now` always give the same reading.

use crate::classify::{Classifier, FeedContext};
use crate::cluster::{self, Fingerprint, Publishers};
use crate::model::{Document, Entry, Feed, Field, Freshness, Reason, Timestamp, Verdict};
use crate::normalise;
use crate::parse::{self, ParseError};
use std::sync::Arc;

/// Everything that judging depends on beside the document: today's rules.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The filter.
    pub classifier: Arc<Classifier>,
    /// Who is who among the publishers.
    pub publishers: Publishers,
    /// Bounds of what is read.
    pub limits: parse::Limits,
}

/// The feed that a document belongs to, with what its past says.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The subscription.
    pub feed: &'a Feed,
    /// What the feed called itself before, for feeds without a name.
    pub title: Option<&'a str>,
    /// The share of its entries that were relevant, 0 to 1, where enough are known.
    pub relevant_share: Option<f32>,
}

/// What a document says.
#[derive(Debug, Clone)]
pub struct Reading {
    /// What the document calls itself.
    pub title: Option<String>,
    /// The web page that it names as its own.
    pub link: Option<String>,
    /// WebSub hubs that it names.
    pub hubs: Vec<String>,
    /// Its `rel=self`.
    pub self_link: Option<String>,
    /// How long it asks to be left alone.
    pub freshness: Freshness,
    /// Repairs that were needed to read it.
    pub repaired: Vec<String>,
    /// Entries that could not be read, in words.
    pub faults: Vec<String>,
    /// The entries, in the order of the document.
    pub judged: Vec<Judged>,
}

/// An entry with the filter's verdict on it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Normalised, not yet sanitised.
    pub entry: Entry,
    /// The verdict; relevant where the feed is `always_relevant`.
    pub verdict: Verdict,
}

/// Reads a document of a feed.
///
/// # Errors
/// Where it is no feed at all; entries that can't be read are faults of the reading.
pub fn read(
    document: &Document,
    source: Source<'_>,
    rules: &Rules,
    now: Timestamp,
) -> Result<Reading, ParseError> {
    let parsed = parse::parse(document, &rules.limits)?;
    let publisher = publisher_name(source.feed, parsed.title.as_deref().or(source.title)).to_owned();
    let mut judged = Vec::with_capacity(parsed.entries.len());
    for entry in parsed.entries {
        let entry = normalise::entry(entry, source.feed, parsed.language.as_deref(), now);
        let verdict = judge(&entry, source, &publisher, rules);
        judged.push(Judged { entry, verdict });
    }
    Ok(Reading {
        title: parsed.title,
        link: parsed.link,
        hubs: parsed.hubs,
        self_link: parsed.self_link,
        freshness: parsed.freshness,
        repaired: parsed.repaired,
        faults: parsed
            .faults
            .into_iter()
            .map(|fault| format!("entry {}: {}", fault.position + 1, fault.reason))
            .collect(),
        judged,
    })
}

/// The verdict on an entry of a feed.
pub fn judge(entry: &Entry, source: Source<'_>, publisher: &str, rules: &Rules) -> Verdict {
    let context =
        FeedContext { publisher, category: &source.feed.category, relevant_share: source.relevant_share };
    let mut verdict = rules.classifier.judge(entry, &context);
    if source.feed.always_relevant && !verdict.relevant {
        verdict.relevant = true;
        let term = "always_relevant".to_owned();
        verdict.reasons.insert(0, Reason { term, field: Field::Feed, weight: 0.0 });
    }
    verdict
}

/// What the story engine needs of a relevant entry.
pub fn fingerprint(entry: &Entry, verdict: &Verdict, publisher: &str, rules: &Rules) -> Fingerprint {
    cluster::fingerprint(entry, verdict, publisher, &rules.publishers)
}

/// What readers see as the publisher: the configured name, else the document's title, else the host.
pub fn publisher_name<'a>(feed: &'a Feed, title: Option<&'a str>) -> &'a str {
    let host =
        || feed.url.split("://").nth(1).and_then(|rest| rest.split(['/', '?']).next()).unwrap_or(&feed.url);
    feed.name.as_deref().or(title.filter(|title| !title.is_empty())).unwrap_or_else(host)
}

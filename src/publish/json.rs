//! JSON Feed 1.1 (<https://www.jsonfeed.org/version/1.1/>), with our own extension `_chipwire`.

use super::item::ItemCoverage;
use super::rss::only_language;
use super::times::rfc3339;
use super::{HOMEPAGE, Head, Item, Options};
use serde::Serialize;

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are the specification's")]
struct Feed<'a> {
    version: &'static str,
    title: &'a str,
    home_page_url: &'a str,
    feed_url: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<&'a str>,
    icon: String,
    favicon: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hubs: Vec<Hub<'a>>,
    items: Vec<FeedItem<'a>>,
}

#[derive(Serialize)]
struct Hub<'a> {
    r#type: &'static str,
    url: &'a str,
}

#[derive(Serialize)]
struct FeedItem<'a> {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    title: &'a str,
    content_html: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    summary: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    date_published: String,
    date_modified: String,
    authors: [Author<'a>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    _chipwire: Extension<'a>,
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
}

/// What only chipwire says.
#[derive(Serialize)]
struct Extension<'a> {
    about: &'static str,
    story: String,
    page: &'a str,
    kind: &'static str,
    score: f64,
    reasons: Vec<Reason<'a>>,
    topics: Vec<&'a str>,
    owners: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source<'a>>,
    lead: Coverage<'a>,
    coverage: Vec<Coverage<'a>>,
}

#[derive(Serialize)]
struct Reason<'a> {
    term: &'a str,
    field: &'static str,
    weight: f64,
}

#[derive(Serialize)]
struct Source<'a> {
    title: &'a str,
    url: &'a str,
}

#[derive(Serialize)]
struct Coverage<'a> {
    role: &'static str,
    publisher: &'a str,
    owner: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    similarity: f64,
    machine_written: bool,
}

pub(super) fn render(head: &Head, items: &[Item], options: &Options<'_>) -> Vec<u8> {
    let feed = Feed {
        version: "https://jsonfeed.org/version/1.1",
        title: &head.title,
        home_page_url: &head.page,
        feed_url: &head.address,
        description: &head.description,
        next_url: head.next.as_deref(),
        icon: options.base.to("/icon.svg"),
        favicon: options.base.to("/favicon.ico"),
        language: only_language(options),
        hubs: options.settings.hub.iter().map(|hub| Hub { r#type: "WebSub", url: hub.as_str() }).collect(),
        items: items.iter().map(feed_item).collect(),
    };
    // Strings, numbers and lists: there is nothing that JSON could not say, and memory takes it all.
    serde_json::to_vec(&feed).unwrap_or_default()
}

fn feed_item(item: &Item) -> FeedItem<'_> {
    FeedItem {
        id: item.urn(),
        url: item.link.as_deref(),
        title: &item.title,
        content_html: match &item.full {
            Some(full) => format!("{full}\n{}", item.body),
            None => item.body.clone(),
        },
        summary: &item.summary,
        image: item.image.as_deref(),
        date_published: rfc3339(item.published),
        date_modified: rfc3339(item.updated),
        authors: [Author { name: &item.author }],
        tags: item.topics.iter().map(|(_, name)| name.as_str()).collect(),
        language: item.language.as_deref(),
        _chipwire: extension(item),
    }
}

fn extension(item: &Item) -> Extension<'_> {
    Extension {
        about: HOMEPAGE,
        story: item.story.to_string(),
        page: &item.page,
        kind: item.kind.as_str(),
        score: rounded(item.score),
        reasons: item
            .reasons
            .iter()
            .map(|reason| Reason {
                term: &reason.term,
                field: reason.field.as_str(),
                weight: rounded(reason.weight),
            })
            .collect(),
        topics: item.topics.iter().map(|(slug, _)| slug.as_str()).collect(),
        owners: item.owners,
        source: item.source.as_ref().map(|source| Source { title: &source.name, url: &source.url }),
        lead: coverage(&item.lead),
        coverage: item.coverage.iter().map(coverage).collect(),
    }
}

/// Four places: what comes after them is noise.
fn rounded(number: f32) -> f64 {
    (f64::from(number) * 10_000.0).round() / 10_000.0
}

fn coverage(telling: &ItemCoverage) -> Coverage<'_> {
    Coverage {
        role: telling.role.as_str(),
        publisher: &telling.publisher,
        owner: &telling.owner,
        title: &telling.title,
        url: telling.url.as_deref(),
        date: rfc3339(telling.at),
        language: telling.language.as_deref(),
        similarity: rounded(telling.similarity),
        machine_written: telling.is_machine_written,
    }
}

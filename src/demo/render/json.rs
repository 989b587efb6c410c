//! JSON Feed 1.1.

use super::Page;
use crate::demo::wire::Entry;
use crate::model::Timestamp;
use serde_json::{Map, Value, json};

/// The document as JSON Feed 1.1.
pub(super) fn write(page: &Page<'_>) -> String {
    let publisher = page.publisher;
    let document = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": publisher.title,
        "home_page_url": publisher.site.as_str(),
        "description": publisher.description,
        "language": publisher.language,
        "items": page.entries.iter().map(|entry| item(page, entry)).collect::<Vec<_>>(),
    });
    document.to_string()
}

fn item(page: &Page<'_>, entry: &Entry) -> Value {
    let time = |at: Timestamp| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let updated = entry.is_revised.then(|| time(entry.updated(page.now)));
    let texts = [
        ("id", Some(page.publisher.guid(entry))),
        ("url", Some(page.written_link(entry))),
        ("external_url", entry.via.clone()),
        ("title", Some(entry.title.clone())),
        ("date_published", Some(time(entry.published(page.now)))),
        ("date_modified", updated),
        ("image", entry.image.clone()),
        ("summary", page.summary(entry).filter(|_| entry.content.is_some())),
        // The format wants a body of every item.
        ("content_html", page.content(entry).or_else(|| page.summary(entry))),
    ];
    let mut item: Map<_, _> =
        texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), Value::String(text?)))).collect();
    if let Some(author) = &entry.author {
        item.insert("authors".to_owned(), json!([{ "name": author }]));
    }
    if !entry.categories.is_empty() {
        item.insert("tags".to_owned(), json!(entry.categories));
    }
    Value::Object(item)
}

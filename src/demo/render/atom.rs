//! Atom 1.0.

use super::{Page, element, escape};
use crate::demo::wire::Entry;
use crate::model::Timestamp;
use std::fmt::Write as _;

/// The document as Atom 1.0.
pub(super) fn write(page: &Page<'_>) -> String {
    let publisher = page.publisher;
    let site = escape(publisher.site.as_str());
    let mut document = page.declaration();
    let base = if publisher.manner.relative_links { format!(" xml:base=\"{site}\"") } else { String::new() };
    let language = escape(&publisher.language);
    let _ = writeln!(document, "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{language}\"{base}>");
    element(&mut document, "title", &escape(&publisher.title));
    element(&mut document, "subtitle", &escape(&publisher.description));
    element(&mut document, "id", &site);
    let _ = writeln!(document, "<link rel=\"alternate\" type=\"text/html\" href=\"{site}\"/>");
    let newest = page.entries.iter().map(|entry| entry.updated(page.now)).max().unwrap_or(page.now);
    element(&mut document, "updated", &time(newest));
    for entry in &page.entries {
        item(page, entry, &mut document);
    }
    document.push_str("</feed>\n");
    document
}

fn item(page: &Page<'_>, entry: &Entry, document: &mut String) {
    document.push_str("<entry>\n");
    let _ = writeln!(document, "<title type=\"html\">{}</title>", escape(&page.title(&entry.title)));
    let _ = writeln!(document, "<link rel=\"alternate\" href=\"{}\"/>", escape(&page.written_link(entry)));
    if let Some(via) = &entry.via {
        let _ = writeln!(document, "<link rel=\"via\" href=\"{}\"/>", escape(via));
    }
    if let Some(image) = &entry.image {
        let _ =
            writeln!(document, "<link rel=\"enclosure\" type=\"image/jpeg\" href=\"{}\"/>", escape(image));
    }
    element(document, "id", &escape(&page.publisher.guid(entry)));
    element(document, "published", &time(entry.published(page.now)));
    element(document, "updated", &time(entry.updated(page.now)));
    if let Some(author) = &entry.author {
        let _ = writeln!(document, "<author><name>{}</name></author>", escape(author));
    }
    for category in &entry.categories {
        let _ = writeln!(document, "<category term=\"{}\"/>", escape(category));
    }
    if let Some(source) = &entry.source {
        let (title, url) = (escape(&source.title), escape(&source.url));
        let _ =
            writeln!(document, "<source><title>{title}</title><id>{url}</id><link href=\"{url}\"/></source>");
    }
    if let Some(summary) = page.summary(entry) {
        let _ = writeln!(document, "<summary type=\"html\">{}</summary>", escape(&summary));
    }
    if let Some(content) = page.content(entry) {
        let _ = writeln!(document, "<content type=\"html\">{}</content>", escape(&content));
    }
    document.push_str("</entry>\n");
}

fn time(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

//! RSS 2.0 and RSS 1.0.

use super::{Page, cdata, element, escape};
use crate::demo::wire::Entry;
use std::fmt::Write as _;

/// The document as RSS 2.0.
pub(super) fn two(page: &Page<'_>) -> String {
    let publisher = page.publisher;
    let mut document = page.declaration();
    document.push_str(
        "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:media=\"http://search.yahoo.com/mrss/\">\n<channel>\n",
    );
    element(&mut document, "title", &escape(&publisher.title));
    element(&mut document, "link", &escape(publisher.site.as_str()));
    element(&mut document, "description", &escape(&publisher.description));
    element(&mut document, "language", &escape(&publisher.language));
    for entry in &page.entries {
        item_of_two(page, entry, &mut document);
    }
    document.push_str("</channel>\n</rss>\n");
    document
}

fn item_of_two(page: &Page<'_>, entry: &Entry, document: &mut String) {
    document.push_str("<item>\n");
    element(document, "title", &page.title(&entry.title));
    element(document, "link", &escape(&page.written_link(entry)));
    let _ = writeln!(document, "<guid isPermaLink=\"false\">{}</guid>", escape(&page.publisher.guid(entry)));
    let published = entry.published(page.now);
    let format =
        if page.publisher.manner.dates_only { "%a, %d %b %Y" } else { "%a, %d %b %Y %H:%M:%S +0000" };
    element(document, "pubDate", &published.format(format).to_string());
    common(page, entry, document, "category");
    if let Some(image) = &entry.image {
        let _ = writeln!(document, "<media:content url=\"{}\" medium=\"image\"/>", escape(image));
    }
    if let Some(source) = &entry.source {
        let (url, title) = (escape(&source.url), escape(&source.title));
        let _ = writeln!(document, "<source url=\"{url}\">{title}</source>");
    }
    document.push_str("</item>\n");
}

/// The document as RSS 1.0.
pub(super) fn one(page: &Page<'_>) -> String {
    let publisher = page.publisher;
    let mut document = page.declaration();
    document.push_str(
        "<rdf:RDF xmlns=\"http://purl.org/rss/1.0/\" xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n",
    );
    let _ = writeln!(document, "<channel rdf:about=\"{}\">", escape(publisher.site.as_str()));
    element(&mut document, "title", &escape(&publisher.title));
    element(&mut document, "link", &escape(publisher.site.as_str()));
    element(&mut document, "description", &escape(&publisher.description));
    element(&mut document, "dc:language", &escape(&publisher.language));
    document.push_str("<items><rdf:Seq>\n");
    for entry in &page.entries {
        let _ = writeln!(document, "<rdf:li rdf:resource=\"{}\"/>", escape(&page.publisher.guid(entry)));
    }
    document.push_str("</rdf:Seq></items>\n</channel>\n");
    for entry in &page.entries {
        let _ = writeln!(document, "<item rdf:about=\"{}\">", escape(&page.publisher.guid(entry)));
        element(&mut document, "title", &page.title(&entry.title));
        element(&mut document, "link", &escape(&page.written_link(entry)));
        let format = if page.publisher.manner.dates_only { "%Y-%m-%d" } else { "%Y-%m-%dT%H:%M:%SZ" };
        element(&mut document, "dc:date", &entry.published(page.now).format(format).to_string());
        common(page, entry, &mut document, "dc:subject");
        document.push_str("</item>\n");
    }
    document.push_str("</rdf:RDF>\n");
    document
}

/// What both have: the author, the subjects, the summary and the body.
fn common(page: &Page<'_>, entry: &Entry, document: &mut String, subject: &str) {
    if let Some(author) = &entry.author {
        element(document, "dc:creator", &escape(author));
    }
    for category in &entry.categories {
        element(document, subject, &escape(category));
    }
    if let Some(summary) = page.summary(entry) {
        element(document, "description", &escape(&summary));
    }
    if let Some(content) = page.content(entry) {
        element(document, "content:encoded", &cdata(&content));
    }
}

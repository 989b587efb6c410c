//! Publishers' documents, written the way publishers write them: by hand, and not always well.

use super::wire::{Edition, Entry, Format, Publisher, Titles};
use crate::model::Timestamp;
use std::borrow::Cow;
use std::fmt::Write as _;

mod atom;
mod json;
mod rss;
#[cfg(test)]
mod tests;

/// A publisher's document at a moment, in its encoding.
pub(super) fn document(publisher: &Publisher, edition: Edition, now: Timestamp) -> Vec<u8> {
    let page = Page { publisher, entries: publisher.entries(edition), now };
    let text = match publisher.format {
        Format::Rss2 => rss::two(&page),
        Format::Rss1 => rss::one(&page),
        Format::Atom => atom::write(&page),
        Format::Json => json::write(&page),
    };
    match page.encoding() {
        Some(encoding) => encoding.encode(&text).0.into_owned(),
        None => text.into_bytes(),
    }
}

/// The `Content-Type` that the document is served with.
pub(super) fn content_type(publisher: &Publisher) -> &str {
    publisher.manner.content_type.as_deref().unwrap_or(match publisher.format {
        Format::Rss2 => "application/rss+xml; charset=UTF-8",
        Format::Rss1 => "application/rdf+xml",
        Format::Atom => "application/atom+xml; charset=utf-8",
        Format::Json => "application/feed+json",
    })
}

/// What a writer needs.
struct Page<'a> {
    publisher: &'a Publisher,
    entries: Vec<Entry>,
    now: Timestamp,
}

impl Page<'_> {
    fn encoding(&self) -> Option<&'static encoding_rs::Encoding> {
        encoding_rs::Encoding::for_label(self.publisher.manner.encoding.as_ref()?.as_bytes())
    }

    /// The XML declaration.
    fn declaration(&self) -> String {
        let encoding = self.encoding().unwrap_or(encoding_rs::UTF_8).name();
        format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>\n")
    }

    fn link(&self, entry: &Entry) -> String {
        self.publisher.link(entry, self.now)
    }

    /// The same link as the publisher writes it in its own document.
    fn written_link(&self, entry: &Entry) -> String {
        let link = self.link(entry);
        match link.strip_prefix(self.publisher.site.as_str()) {
            Some(path) if self.publisher.manner.relative_links => format!("/{path}"),
            _ => link,
        }
    }

    /// The title as XML content.
    fn title(&self, title: &str) -> String {
        match self.publisher.manner.titles {
            Titles::Plain => escape(title).into_owned(),
            Titles::Cdata => cdata(title),
            Titles::Twice => escape(&escape(title)).into_owned(),
            Titles::Entities => {
                let mut written = String::with_capacity(title.len());
                for character in title.chars() {
                    if character.is_ascii_alphanumeric() || matches!(character, ' ' | '.' | ',' | ':' | '-') {
                        written.push(character);
                    } else {
                        // Writing into a string cannot fail.
                        let _ = write!(written, "&#{};", u32::from(character));
                    }
                }
                written
            }
        }
    }

    /// The summary, which carries the footer where there is no body.
    fn summary(&self, entry: &Entry) -> Option<String> {
        let summary = entry.summary.clone()?;
        Some(if entry.content.is_some() { summary } else { summary + &self.footer(entry) })
    }

    /// The body with what the publisher's software adds to it.
    fn content(&self, entry: &Entry) -> Option<String> {
        const END: &str = "</p>";
        let manner = &self.publisher.manner;
        let paragraphs: Vec<_> = entry.content.as_deref()?.split_inclusive(END).collect();
        let middle = paragraphs.len() / 2;
        let mut content = String::new();
        for (n, paragraph) in paragraphs.iter().enumerate() {
            if let Some(promotion) = manner.promotion.as_deref().filter(|_| n == middle) {
                content.push_str(promotion);
            }
            if manner.blank_runs && n > 0 {
                content.push_str("\n\n\n<p>&nbsp;</p>\n\n\n\n<p> </p>\n\n<br>\n\n\n\n\n");
            }
            content.push_str(paragraph);
        }
        Some(content + &self.footer(entry))
    }

    fn footer(&self, entry: &Entry) -> String {
        let footer = self.publisher.manner.footer.as_deref().unwrap_or_default();
        footer.replace("{title}", &escape(&entry.title)).replace("{link}", &escape(&self.link(entry)))
    }
}

/// Text as XML content or as an attribute's value.
fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"']) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            other => written.push(other),
        }
    }
    Cow::Owned(written)
}

/// Text as a CDATA section.
fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

/// Appends `<name>content</name>` on a line of its own; `content` is XML already.
fn element(document: &mut String, name: &str, content: &str) {
    // Writing into a string cannot fail.
    let _ = writeln!(document, "<{name}>{content}</{name}>");
}

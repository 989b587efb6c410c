//! OPML 2.0 (<http://opml.org/spec2.opml>): our topics' feeds, and the feeds that we read, for import elsewhere.

use super::clean::{clean_line, web_address};
use super::{Base, Format, Sources, Topic};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::collections::BTreeMap;
use std::io;

/// Every topic's feed.
pub fn topics_opml(title: &str, topics: &[Topic], base: &Base) -> Vec<u8> {
    let lines = topics.iter().map(|topic| Line {
        text: topic.name.clone(),
        feed: base.to(&format!("/topics/{}.{}", topic.slug, Format::Atom.ending())),
        page: Some(base.to(&format!("/topics/{}", topic.slug))),
        language: None,
    });
    document(&format!("{title}: topics"), [(None, lines.collect())].into_iter())
}

/// Every feed that we read, but private ones, grouped by category.
pub fn feeds_opml(title: &str, sources: &Sources) -> Vec<u8> {
    let mut groups: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for source in sources.feeds() {
        let info = &source.info;
        // An address with a masked secret could not be polled by anybody.
        let Some(feed) = web_address(&info.url).filter(|url| !url.contains("***")) else { continue };
        groups.entry(clean_line(&info.category)).or_default().push(Line {
            text: info.name.clone(),
            feed,
            page: info.site.as_deref().and_then(web_address),
            language: info.language.clone(),
        });
    }
    for lines in groups.values_mut() {
        lines.sort_by_cached_key(|line| (line.text.to_lowercase(), line.feed.clone()));
    }
    let groups = groups.into_iter().map(|(category, lines)| (Some(category), lines));
    document(&format!("{title}: sources"), groups)
}

struct Line {
    text: String,
    feed: String,
    page: Option<String>,
    language: Option<String>,
}

fn document(title: &str, groups: impl Iterator<Item = (Option<String>, Vec<Line>)>) -> Vec<u8> {
    // Writing to memory cannot fail.
    write(title, groups).unwrap_or_default()
}

fn write(title: &str, groups: impl Iterator<Item = (Option<String>, Vec<Line>)>) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("opml").with_attribute(("version", "2.0")).write_inner_content(|xml| {
        xml.create_element("head").write_inner_content(|xml| {
            xml.create_element("title").write_text_content(BytesText::new(title))?;
            Ok(())
        })?;
        xml.write_event(Event::Start(BytesStart::new("body")))?;
        for (category, lines) in groups {
            if let Some(category) = &category {
                let mut group = BytesStart::new("outline");
                group.push_attribute(("text", category.as_str()));
                xml.write_event(Event::Start(group))?;
            }
            for line in &lines {
                xml.write_event(Event::Empty(outline(line)))?;
            }
            if category.is_some() {
                xml.write_event(Event::End(BytesEnd::new("outline")))?;
            }
        }
        xml.write_event(Event::End(BytesEnd::new("body")))?;
        Ok(())
    })?;
    Ok(xml.into_inner())
}

fn outline(line: &Line) -> BytesStart<'_> {
    let mut outline = BytesStart::new("outline");
    // The specification knows one type for all formats.
    outline.push_attribute(("type", "rss"));
    outline.push_attribute(("text", line.text.as_str()));
    outline.push_attribute(("title", line.text.as_str()));
    outline.push_attribute(("xmlUrl", line.feed.as_str()));
    if let Some(page) = &line.page {
        outline.push_attribute(("htmlUrl", page.as_str()));
    }
    if let Some(language) = &line.language {
        outline.push_attribute(("language", language.as_str()));
    }
    outline
}

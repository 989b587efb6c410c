//! OPML 2.0 subscription lists in (opml.org/spec2.opml). Written with a pull parser: readers that build a tree overflow
//! the stack on deep input.

use super::Refusal;
use crate::model::Feed;
use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeSet;

/// No subscription list is nested deeper.
const DEEPEST: usize = 64;
/// Feeds taken from one document.
const MOST_FEEDS: usize = 10_000;

/// One feed of a subscription list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outline {
    pub(super) url: String,
    pub(super) name: Option<String>,
    pub(super) site: Option<String>,
    /// The outline that it stands in.
    pub(super) category: Option<String>,
}

/// The feeds of a document; only http(s) addresses are taken, whatever else an outline says.
pub(super) fn read(text: &str) -> Result<Vec<Outline>, Refusal> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    let mut folders: Vec<Option<String>> = Vec::new();
    let (mut feeds, mut is_opml) = (Vec::new(), false);
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => {
                is_opml |= element.local_name().as_ref().eq_ignore_ascii_case("opml");
                if folders.len() >= DEEPEST {
                    return Err(Refusal(format!(
                        "the OPML is nested deeper than {DEEPEST} levels; this is no subscription list"
                    )));
                }
                let outline = outline(&element, &folders);
                folders.push(if outline.is_some() { None } else { attribute(&element, &["text", "title"]) });
                feeds.extend(outline);
            }
            Ok(Event::Empty(element)) => feeds.extend(outline(&element, &folders)),
            Ok(Event::End(_)) => drop(folders.pop()),
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => {
                let at = reader.error_position();
                return Err(Refusal(format!("the OPML can't be read at byte {at}: {error}")));
            }
        }
        if feeds.len() > MOST_FEEDS {
            return Err(Refusal(format!("more than {MOST_FEEDS} feeds; split the file")));
        }
    }
    if !is_opml {
        return Err(Refusal("this is no OPML document: it has no <opml> element".into()));
    }
    Ok(feeds)
}

fn outline(element: &BytesStart<'_>, folders: &[Option<String>]) -> Option<Outline> {
    if !element.local_name().as_ref().eq_ignore_ascii_case("outline") {
        return None;
    }
    let url = attribute(element, &["xmlUrl", "xmlurl"])?;
    let is_web = ["http://", "https://"].iter().any(|scheme| url.to_lowercase().starts_with(scheme));
    is_web.then(|| Outline {
        url,
        name: attribute(element, &["title", "text"]),
        site: attribute(element, &["htmlUrl", "htmlurl"]),
        category: folders.iter().rev().flatten().next().cloned(),
    })
}

fn attribute(element: &BytesStart<'_>, names: &[&str]) -> Option<String> {
    let found = names.iter().find_map(|name| element.try_get_attribute(name).ok().flatten())?;
    let value = found.normalized_value(quick_xml::XmlVersion::Explicit1_0).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// The feeds as a document, a folder a category.
pub(super) fn write(title: &str, feeds: &[&Feed]) -> String {
    let mut text =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n  <head>\n");
    text += &format!("    <title>{}</title>\n  </head>\n  <body>\n", escape(title));
    let categories: BTreeSet<&str> = feeds.iter().map(|feed| feed.category.as_str()).collect();
    for category in categories {
        text += &format!("    <outline text=\"{}\">\n", escape(category));
        for feed in feeds.iter().filter(|feed| feed.category == category) {
            let name = escape(feed.name.as_deref().unwrap_or(&feed.url));
            text += &format!(
                "      <outline type=\"rss\" text=\"{name}\" title=\"{name}\" xmlUrl=\"{}\"",
                escape(&feed.url)
            );
            if let Some(site) = &feed.site {
                text += &format!(" htmlUrl=\"{}\"", escape(site));
            }
            text += "/>\n";
        }
        text += "    </outline>\n";
    }
    text += "  </body>\n</opml>\n";
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_are_read_with_the_folder_they_stand_in() {
        let text = r#"<opml version="2.0"><body><outline text="Chips"><outline text="A &amp; B" xmlUrl="https://a.example/feed" htmlUrl="https://a.example"/></outline>
            <outline xmlUrl="https://b.example/feed"/></body></opml>"#;
        let feeds = read(text).unwrap();
        assert_eq!(feeds.len(), 2);
        assert_eq!(feeds[0].name.as_deref(), Some("A & B"));
        assert_eq!(feeds[0].category.as_deref(), Some("Chips"));
        assert_eq!((feeds[1].category.as_deref(), feeds[1].url.as_str()), (None, "https://b.example/feed"));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut feed = Feed::at("https://a.example/feed?a=1&b=2", crate::model::Origin::CommandLine);
        feed.name = Some("\"A\" & <B>".into());
        feed.site = Some("https://a.example/".into());
        feed.category = "chips & more".into();
        let read = read(&write("mine", &[&feed])).unwrap();
        let want = Outline {
            url: feed.url.clone(),
            name: feed.name,
            site: feed.site,
            category: Some(feed.category),
        };
        assert_eq!(read, [want]);
    }

    #[test]
    fn an_address_that_is_no_web_address_is_passed_over() {
        let text = r#"<opml><body><outline xmlUrl="|rm -rf ~"/><outline xmlUrl="file:///etc/passwd"/></body></opml>"#;
        assert_eq!(read(text).unwrap(), []);
    }

    #[test]
    fn endless_nesting_is_refused_and_does_not_overflow_the_stack() {
        let text = format!("<opml>{}", "<outline text='x'>".repeat(100_000));
        assert!(read(&text).is_err());
    }

    #[test]
    fn entities_are_not_expanded_and_nothing_is_read_from_a_file() {
        let laughs = (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)));
        let text = format!(
            "<!DOCTYPE opml [<!ENTITY l0 \"lol\">{}<!ENTITY x SYSTEM \"file:///etc/passwd\">]><opml><body>\
             <outline text=\"&l9;&x;\" xmlUrl=\"https://a.example/feed\"/></body></opml>",
            laughs.collect::<String>()
        );
        // Refused or taken as it stands; either way nothing of it grew.
        for feed in read(&text).unwrap_or_default() {
            assert!(feed.name.unwrap_or_default().len() < 20);
        }
    }

    #[test]
    fn a_million_outlines_are_refused() {
        let text =
            format!("<opml><body>{}</body></opml>", "<outline xmlUrl='http://a.example'/>".repeat(1_000_000));
        assert!(read(&text).unwrap_err().0.contains("split the file"));
    }

    #[test]
    fn what_is_no_opml_is_refused_in_words() {
        assert!(read("<html></html>").unwrap_err().0.contains("no OPML"));
        assert!(read("<opml><outline").unwrap_err().0.contains("can't be read"));
    }
}

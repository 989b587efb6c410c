//! Every feed that is out there is read: one fixture a quirk, and what comes out of it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail by panicking")]

use chipwire::model::Document;
use chipwire::parse::{Limits, ParseError, ParsedEntry, ParsedFeed, parse};
use std::fmt::Write as _;
use std::path::PathBuf;
use url::Url;

fn fixtures() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures", "feeds"].iter().collect()
}

fn document(body: Vec<u8>) -> Document {
    let url = Url::parse("https://a.example/dir/feed.xml").unwrap();
    Document { url, content_type: None, body: body.into(), is_delta: false }
}

fn parsed(file: &str) -> Result<ParsedFeed, ParseError> {
    let body = std::fs::read(fixtures().join(file)).expect("a fixture");
    parse(&document(body), &Limits::default())
}

/// A feed in a few lines, for people to read in a snapshot.
fn told(feed: &ParsedFeed) -> String {
    let mut out = format!(
        "{} {:?} {}\n",
        feed.format,
        feed.title.as_deref().unwrap_or("-"),
        feed.link.as_deref().unwrap_or("-")
    );
    for note in &feed.repaired {
        writeln!(out, "  repaired: {note}").unwrap();
    }
    for entry in &feed.entries {
        tell_entry(entry, &mut out);
    }
    out
}

fn tell_entry(entry: &ParsedEntry, out: &mut String) {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    writeln!(out, "  {} | {} | {}", text(&entry.id), text(&entry.title), text(&entry.link)).unwrap();
    let published = entry.published.map(|claimed| {
        format!("published {} ({})", claimed.at, if claimed.has_time_of_day { "time" } else { "date" })
    });
    let rest = [
        published,
        entry.updated.map(|at| format!("updated {at}")),
        entry.author.as_ref().map(|author| format!("by {author}")),
        entry.summary.as_ref().map(|html| format!("summary {html:?}")),
        entry.content.as_ref().map(|html| format!("content {html:?}")),
        entry.image.as_ref().map(|image| format!("image {image}")),
        entry.source.as_ref().map(|source| format!("source {} {}", text(&source.title), text(&source.url))),
        entry.language.as_ref().map(|language| format!("in {language}")),
    ];
    for line in rest.into_iter().flatten() {
        writeln!(out, "    {line}").unwrap();
    }
    for file in &entry.enclosures {
        writeln!(out, "    file {} {} {:?}", file.url, text(&file.media_type), file.length_bytes).unwrap();
    }
    for link in &entry.via {
        writeln!(out, "    via {link}").unwrap();
    }
}

#[test]
fn each_quirk_gives_what_its_publisher_meant() {
    let mut names: Vec<_> = std::fs::read_dir(fixtures())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    names.sort();
    let mut out = String::new();
    for name in names {
        let told = parsed(&name).map_or_else(|error| format!("{error}\n"), |feed| told(&feed));
        write!(out, "== {name}\n{told}").unwrap();
    }
    insta::assert_snapshot!(out);
}

#[test]
fn a_feed_says_when_to_come_again_and_where_its_hub_is() {
    let feed = parsed("rss2-plain.xml").unwrap();
    assert_eq!(feed.freshness.feed.map(|wait| wait.as_secs()), Some(45 * 60));
    assert_eq!(feed.freshness.skip_hours, 1 | 1 << 3);
    assert_eq!(feed.freshness.skip_days, 1 << 6);
    assert_eq!(feed.hubs, ["https://hub.example/"]);
    assert_eq!(feed.self_link.as_deref(), Some("https://fab.example/feed"));
    let daily = parsed("rss1-about.xml").unwrap();
    assert_eq!(daily.freshness.feed.map(|wait| wait.as_secs()), Some(6 * 3600));
}

#[test]
fn a_feed_cut_off_anywhere_gives_the_entries_before_the_cut() {
    let body = std::fs::read(fixtures().join("rss2-plain.xml")).unwrap();
    let text = String::from_utf8(body).unwrap();
    let title_end = text.find("</title>\n<link>https://fab.example/river").unwrap();
    for length in title_end..text.len() {
        let Some(part) = text.get(..length) else { continue };
        let feed = parse(&document(part.into()), &Limits::default()).unwrap();
        assert_eq!(feed.entries.len(), 1, "cut after {length} bytes");
        assert_eq!(feed.entries.first().unwrap().title.as_deref(), Some("Second line at the river plant"));
    }
}

#[test]
fn limits_are_met_by_noted_truncation() {
    let many = format!(
        "<rss version='2.0'><channel>{}</channel></rss>",
        "<item><title>x</title></item>".repeat(20_000)
    );
    let feed = parse(&document(many.into()), &Limits::default()).unwrap();
    assert_eq!(feed.entries.len(), 3_000);
    assert_eq!(feed.repaired, ["17000 entries beyond the first 3000 left out"]);
    let long = format!(
        "<rss version='2.0'><channel><item><title>{}</title></item></channel></rss>",
        "x ".repeat(1 << 20)
    );
    let feed = parse(&document(long.into()), &Limits::default()).unwrap();
    assert!(feed.entries.first().unwrap().title.as_ref().unwrap().len() < 64 << 10);
    assert!(feed.repaired.contains(&"texts cut at the limits of length".to_owned()), "{:?}", feed.repaired);
}

#[test]
fn hostile_documents_cost_little() {
    let head = "<rss version='2.0'><channel><title>t</title><item><title>x</title>";
    let repeated = [
        "<a>",
        "<div>",
        "<channel>",
        "<![CDATA[",
        "<!--",
        "<?x ",
        "<!DOCTYPE a [",
        "<",
        "&",
        "<a b=\"",
        "</a>",
        "<media:group>",
    ];
    for piece in repeated {
        let body = format!("{head}{}", piece.repeat((1 << 18) / piece.len()));
        assert!(parse(&document(body.into()), &Limits::default()).is_ok(), "{piece}");
    }
    let attributes: Vec<_> = (0..100_000).map(|n| format!(" a{n}='1'")).collect();
    let body = format!(
        "<rss version='2.0'{}><channel><item><title>x</title></item></channel></rss>",
        attributes.concat()
    );
    assert_eq!(parse(&document(body.into()), &Limits::default()).unwrap().entries.len(), 1);
    let levels: Vec<_> =
        (1..20).map(|n| format!("<!ENTITY e{n} '{}'>", format!("&e{};", n - 1).repeat(10))).collect();
    let body = format!(
        "<!DOCTYPE r [<!ENTITY e0 'ha'>{}]><rss version='2.0'><channel><item><title>&e19;</title></item></channel></rss>",
        levels.concat()
    );
    assert!(
        parse(&document(body.into()), &Limits::default())
            .unwrap()
            .entries
            .first()
            .unwrap()
            .title
            .as_ref()
            .unwrap()
            .len()
            < 100
    );
}

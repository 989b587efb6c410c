use super::*;
use bytes::Bytes;
use proptest::prelude::*;
use url::Url;

fn document(body: &str) -> Document {
    Document {
        url: Url::parse("https://a.example/feed").unwrap(),
        content_type: None,
        body: Bytes::copy_from_slice(body.as_bytes()),
        is_delta: false,
    }
}

fn read_by_both(text: &str) -> (ParsedFeed, ParsedFeed) {
    let url = Url::parse("https://a.example/feed").unwrap();
    let limits = Limits::default();
    let seen = survey::survey(text, &limits);
    assert!(!seen.is_rich && seen.fault.is_none(), "the good path would not be taken: {seen:?}");
    (well_formed::read(text, &url, &limits).unwrap(), tolerant::read(text, &url, &limits).unwrap())
}

/// What feed-rs adds of its own: it copies RSS's `pubDate` to `updated`.
fn comparable(mut feed: ParsedFeed) -> ParsedFeed {
    for entry in &mut feed.entries {
        entry.updated = entry.updated.or(entry.published.map(|claimed| claimed.at));
    }
    feed
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An entry as a publisher might write it.
#[derive(Debug, Clone)]
struct Piece {
    title: String,
    path: String,
    id: String,
    html: String,
    seconds: i64,
    author: String,
    tag: String,
}

prop_compose! {
    fn a_piece()(
        title in "[a-zA-Z0-9 é&<>'\"„“]{1,30}", path in "[a-z0-9/]{1,12}", id in "[a-z0-9:-]{1,12}",
        html in "(<p>)?[a-z &é]{1,20}(<b>[a-z]{1,5}</b>)?(</p>)?", seconds in 1_000_000_000_i64..1_900_000_000,
        author in "[A-Z][a-z]{2,8}( [A-Z][a-z]{2,8})?", tag in "[a-z]{1,8}",
    ) -> Piece {
        Piece { title, path, id, html, seconds, author, tag }
    }
}

fn as_rss(pieces: &[Piece]) -> String {
    let item = |piece: &Piece| {
        let Piece { title, path, id, html, seconds, author, tag } = piece;
        let date = chrono::DateTime::from_timestamp(*seconds, 0).unwrap().to_rfc2822();
        let (title, description) = (escaped(title), escaped(html));
        format!(
            "<item><title>{title}</title><link>https://a.example/{path}</link><guid isPermaLink=\"false\">{id}</guid>\
            <pubDate>{date}</pubDate><dc:creator>{author}</dc:creator><category>{tag}</category>\
            <description>{description}</description><content:encoded><![CDATA[{html}]]></content:encoded></item>"
        )
    };
    let items: Vec<_> = pieces.iter().map(item).collect();
    format!(
        "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
        xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>T</title>{}</channel></rss>",
        items.concat()
    )
}

fn as_atom(pieces: &[Piece]) -> String {
    let entry = |piece: &Piece| {
        let Piece { title, path, id, html, seconds, author, tag } = piece;
        let date = chrono::DateTime::from_timestamp(*seconds, 0).unwrap().to_rfc3339();
        let (title, content) = (escaped(&escaped(title)), escaped(html));
        format!(
            "<entry><title type=\"html\">{title}</title><link href=\"https://a.example/{path}\"/><id>{id}</id>\
            <published>{date}</published><updated>{date}</updated><author><name>{author}</name></author>\
            <category term=\"{tag}\"/><content type=\"html\">{content}</content></entry>"
        )
    };
    let entries: Vec<_> = pieces.iter().map(entry).collect();
    format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>T</title>{}</feed>", entries.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn feed_rs_and_the_tolerant_reader_agree_on_what_is_well_formed(entries in prop::collection::vec(a_piece(), 0..4)) {
        for text in [as_rss(&entries), as_atom(&entries)] {
            let (strict, tolerant) = read_by_both(&text);
            prop_assert_eq!(comparable(strict), comparable(tolerant), "{}", text);
        }
    }

    #[test]
    fn no_document_makes_parsing_fail_hard(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("<rss version='2.0'>"), Just("<channel>"), Just("<item>"), Just("</item>"), Just("<title>"), Just("</title>"),
                Just("<feed xmlns='http://www.w3.org/2005/Atom'>"), Just("<entry>"), Just("<link href='/x'/>"), Just("<![CDATA["),
                Just("]]>"), Just("<!--"), Just("-->"), Just("&amp;"), Just("&"), Just("<"), Just(">"), Just("é"), Just("\""),
                Just("<content type='xhtml'>"), Just("{\"items\":["), Just("{\"id\":1}"), Just("]}"), Just("<pubDate>1 Jan 26</pubDate>"),
                Just("<media:group>"), Just("<!DOCTYPE a [<!ENTITY b 'c'>]>"), Just("&b;"), Just("\u{0}"), Just("text "),
            ],
            0..40,
        ),
    ) {
        let outcome = parse(&document(&pieces.concat()), &Limits::default());
        prop_assert!(!matches!(outcome, Err(ParseError::Panicked { .. })), "{:?}", outcome);
    }

    #[test]
    fn a_mended_feed_needs_no_more_mending(entries in prop::collection::vec(a_piece(), 1..4), cut in 0_usize..400) {
        // What came out of a torn document, written anew, is whole and the same.
        let whole = as_rss(&entries);
        let torn = whole.get(..whole.floor_char_boundary(whole.len().saturating_sub(cut))).unwrap();
        let Some(first) = tolerant::read(torn, &document("").url, &Limits::default()) else { return Ok(()) };
        let item = |entry: &ParsedEntry| {
            let text = |text: &Option<String>| escaped(text.as_deref().unwrap_or_default());
            let (title, link, summary) = (text(&entry.title), text(&entry.link), text(&entry.summary));
            format!("<item><title>{title}</title><link>{link}</link><description>{summary}</description></item>")
        };
        let items: Vec<_> = first.entries.iter().map(item).collect();
        let again = format!("<rss version='2.0'><channel>{}</channel></rss>", items.concat());
        let second = tolerant::read(&again, &document("").url, &Limits::default()).unwrap();
        prop_assert!(second.repaired.is_empty(), "{:?}", second.repaired);
        for (one, other) in first.entries.iter().zip(&second.entries) {
            prop_assert_eq!((&one.title, &one.link, &one.summary), (&other.title, &other.link, &other.summary));
        }
    }
}

#[test]
fn a_delta_may_hold_nothing_new() {
    let feed =
        parse(&document("<rss version='2.0'><channel><title>t</title></channel></rss>"), &Limits::default())
            .unwrap();
    assert_eq!((feed.entries.len(), feed.repaired.len()), (0, 0));
}

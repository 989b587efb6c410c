use super::*;
use bytes::Bytes;

fn page(body: &str) -> Document {
    Document {
        url: Url::parse("https://a.example/blog/").unwrap(),
        content_type: Some("text/html".to_owned()),
        body: Bytes::copy_from_slice(body.as_bytes()),
        is_delta: false,
    }
}

#[test]
fn a_page_names_its_feeds_best_first() {
    let found = discover(&page(
        r#"<html><head><link rel="stylesheet" href="x.css">
        <link rel=alternate type="application/rss+xml" title="Comments" href="comments/feed/">
        <link rel="alternate" type="application/rss+xml" title="News" href="/feed">
        <LINK REL="alternate home" TYPE="application/atom+xml" HREF="atom.xml">
        <link rel="alternate" hreflang="de" href="/de"></head><a href="/other.rss">o</a>"#,
    ));
    let urls: Vec<_> = found.iter().map(|feed| feed.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "https://a.example/blog/atom.xml",
            "https://a.example/feed",
            "https://a.example/blog/comments/feed/"
        ]
    );
    assert_eq!(found[1].title.as_deref(), Some("News"));
}

#[test]
fn links_in_the_body_are_the_last_resort() {
    let found = discover(&page(
        r#"<base href="https://b.example/"><a href="/about">a</a> <a href="rss.xml">RSS</a>"#,
    ));
    assert_eq!(found.iter().map(|feed| feed.url.as_str()).collect::<Vec<_>>(), ["https://b.example/rss.xml"]);
}

#[test]
fn pages_are_told_apart() {
    let error = |body: &str| super::super::parse(&page(body), &super::super::Limits::default()).unwrap_err();
    assert_eq!(error(" \n"), ParseError::Empty);
    assert_eq!(
        error("<!doctype html><html><head><title>Not &amp; found</title></head>"),
        ParseError::Html { title: Some("Not & found".to_owned()), feeds: 0 }
    );
    assert_eq!(
        error("<html><head><title>Just a moment...</title></head><body></body>"),
        ParseError::Challenge { sign: "Cloudflare" }
    );
    let busy = format!("<html><title>Shop</title><form class=g-recaptcha></form>{}", "Words. ".repeat(500));
    assert!(matches!(error(&busy), ParseError::Html { .. }));
    let elements = "<html><body><item>Menu</item><rdf:RDF><Work/></rdf:RDF></body></html>";
    assert!(matches!(error(elements), ParseError::Html { .. }));
    assert!(matches!(error("hello"), ParseError::NotAFeed { .. }));
}

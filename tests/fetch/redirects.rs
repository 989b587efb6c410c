//! Redirects: how far, where to, and what goes along.

use crate::publisher::{Publisher, Reply};
use crate::{document, fetcher, get};
use chipwire::fetch::{FetchError, RedirectFault};

#[tokio::test]
async fn a_chain_of_redirects_is_followed_to_the_document() {
    let publisher = Publisher::start(|request| match request.target() {
        "/1" => Reply::redirect("302 Found", "/2"),
        "/2" => Reply::redirect("303 See Other", "/3"),
        "/3" => Reply::redirect("307 Temporary Redirect", "/4"),
        "/4" => Reply::redirect("308 Permanent Redirect", "/5"),
        _ => Reply::ok("", "feed"),
    })
    .await;
    let (document, answer) = document(get(&fetcher(), &publisher.url("/1")).await);
    assert_eq!(document.url.as_str(), publisher.url("/5"));
    assert_eq!(answer.permanent_target, None, "what stands behind a temporary redirect moves nothing");
}

#[tokio::test]
async fn the_permanent_part_of_a_chain_is_told() {
    let cases = [
        ("301 alone", "301 Moved Permanently", "200 OK", Some("/b")),
        ("308 alone", "308 Permanent Redirect", "200 OK", Some("/b")),
        ("301 then 302", "301 Moved Permanently", "302 Found", Some("/b")),
        ("301 then 308", "301 Moved Permanently", "308 Permanent Redirect", Some("/c")),
        ("302 then 301", "302 Found", "301 Moved Permanently", None),
        ("307", "307 Temporary Redirect", "200 OK", None),
    ];
    for (name, first, second, want) in cases {
        let publisher = Publisher::start(move |request| match request.target() {
            "/a" => Reply::redirect(first, "/b"),
            "/b" if !second.starts_with("200") => Reply::redirect(second, "/c"),
            _ => Reply::ok("", "feed"),
        })
        .await;
        let (_, answer) = document(get(&fetcher(), &publisher.url("/a")).await);
        assert_eq!(answer.permanent_target, want.map(|path| publisher.url(path)), "case: {name}");
    }
}

#[tokio::test]
async fn a_relative_location_is_resolved() {
    let publisher = Publisher::start(|request| match request.target() {
        "/dir/sub/feed" => Reply::redirect("302 Found", "../x/./feed.xml?a=1&b=%2F#part"),
        _ => Reply::ok("", "feed"),
    })
    .await;
    get(&fetcher(), &publisher.url("/dir/sub/feed")).await.unwrap();
    assert_eq!(publisher.targets()[1], "/dir/x/feed.xml?a=1&b=%2F");
}

#[tokio::test]
async fn circles_and_endless_chains_end() {
    let circle = Publisher::start(|request| {
        Reply::redirect("302 Found", if request.target() == "/a" { "/b" } else { "/a" })
    })
    .await;
    let error = get(&fetcher(), &circle.url("/a")).await.unwrap_err();
    assert!(matches!(error, FetchError::Redirect { cause: RedirectFault::Circle, .. }), "{error}");

    let chain = Publisher::start(|request| {
        let number: u32 = request.target().trim_start_matches('/').parse().unwrap();
        Reply::redirect("301 Moved Permanently", &format!("/{}", number + 1))
    })
    .await;
    let error = get(&fetcher(), &chain.url("/0")).await.unwrap_err();
    assert!(matches!(error, FetchError::Redirect { cause: RedirectFault::TooMany(10), .. }), "{error}");
    assert_eq!(chain.requests().len(), 11);
}

#[tokio::test]
async fn only_http_and_https_are_followed() {
    for location in ["file:///etc/passwd", "gopher://127.0.0.1/", "data:text/xml,<rss/>", "ftp://a.example/"]
    {
        let publisher = Publisher::start(move |_| Reply::redirect("302 Found", location)).await;
        let error = get(&fetcher(), &publisher.url("/")).await.unwrap_err();
        assert!(
            matches!(error, FetchError::Redirect { cause: RedirectFault::NotHttp, .. }),
            "{location}: {error}"
        );
    }
    for url in ["file:///etc/passwd", "ftp://a.example/", "nonsense", "http://"] {
        let error = get(&fetcher(), url).await.unwrap_err();
        assert!(matches!(error, FetchError::NotHttp { .. }), "{url}: {error}");
    }
}

#[tokio::test]
async fn credentials_go_to_their_own_host_only() {
    let other = Publisher::start(|_| Reply::ok("", "feed")).await;
    let elsewhere = other.url("/feed");
    let publisher = Publisher::start(move |request| match request.target() {
        "/feed" => Reply::redirect("302 Found", "/here"),
        _ => Reply::redirect("302 Found", &elsewhere),
    })
    .await;
    let url = publisher.url("/feed").replace("http://", "http://us%40er:p%3Ass@");
    let (document, _) = document(get(&fetcher(), &url).await);
    // "us@er:p:ss" in base64.
    let want = Some("Basic dXNAZXI6cDpzcw==");
    assert_eq!(
        publisher.requests().iter().map(|one| one.field("authorization")).collect::<Vec<_>>(),
        [want, want]
    );
    assert_eq!(other.requests()[0].field("authorization"), None);
    assert!(!document.url.as_str().contains('@'));
}

#[tokio::test]
async fn a_feed_that_moves_on_its_host_keeps_its_credentials() {
    let publisher = Publisher::start(|request| match request.target() {
        "/old" => Reply::redirect("301 Moved Permanently", "/new"),
        _ => Reply::ok("", "feed"),
    })
    .await;
    let url = publisher.url("/old").replace("http://", "http://user:pass@");
    let (_, answer) = document(get(&fetcher(), &url).await);
    let moved = publisher.url("/new").replace("http://", "http://user:pass@");
    assert_eq!(answer.permanent_target, Some(moved));
}

#[tokio::test]
async fn errors_show_no_credentials_and_no_query() {
    let publisher = Publisher::start(|_| Reply::new("500 Internal Server Error", "", "")).await;
    let url = publisher.url("/feed?key=secret").replace("http://", "http://user:pass@");
    let message = get(&fetcher(), &url).await.unwrap_err().to_string();
    assert_eq!(message, format!("{}: answered 500", publisher.url("/feed?…")));
    let message =
        get(&fetcher(), "https://user:pass@exa mple/feed?key=secret").await.unwrap_err().to_string();
    assert!(!message.contains("pass") && !message.contains("secret"), "{message}");
}

//! Conditional requests, and who we say we are.

use crate::publisher::{Publisher, Reply};
use crate::{document, fetcher, get, get_with, unchanged};
use chipwire::fetch::FetchError;
use chipwire::schedule::Retry;
use std::time::Duration;

#[tokio::test]
async fn a_first_request_says_who_we_are_and_what_we_read_and_nothing_else() {
    let publisher = Publisher::start(|_| Reply::ok("", "feed")).await;
    get(&fetcher(), &publisher.url("/feed")).await.unwrap();
    let request = publisher.requests().remove(0);
    assert!(request.head.starts_with("GET /feed HTTP/1.1\r\n"));
    let product = concat!("chipwire/", env!("CARGO_PKG_VERSION"), " (+https://operator.example/)");
    assert_eq!(request.field("user-agent"), Some(product));
    assert_eq!(request.field("accept-encoding"), Some("gzip, deflate, br, zstd"));
    for kind in ["application/atom+xml", "application/rss+xml", "application/feed+json", "application/xml"] {
        assert!(request.field("accept").unwrap().contains(kind), "{kind}");
    }
    let mut fields: Vec<_> =
        request.head.lines().skip(1).map(|line| line.split(':').next().unwrap().to_lowercase()).collect();
    fields.sort();
    assert_eq!(fields, ["accept", "accept-encoding", "host", "user-agent"]);
}

#[tokio::test]
async fn validators_go_back_byte_for_byte() {
    let cases = [
        ("a strong ETag", "ETag: \"v1\"\r\n", Some("\"v1\""), None),
        ("a weak ETag", "ETag: W/\"v1\"\r\n", Some("W/\"v1\""), None),
        ("an odd ETag", "ETag: \"a,b;c\\d-gzip\"\r\n", Some("\"a,b;c\\d-gzip\""), None),
        ("an ETag without quotes", "ETag: abc\r\n", Some("abc"), None),
        (
            "a date with a wrong weekday",
            "Last-Modified: Fri, 01 Mar 2026 10:00:00 GMT\r\n",
            None,
            Some("Fri, 01 Mar 2026 10:00:00 GMT"),
        ),
        ("a date that is none", "Last-Modified: yesterday\r\n", None, Some("yesterday")),
        (
            "both",
            "ETag: \"v1\"\r\nLast-Modified: Sun, 01 Mar 2026 10:00:00 GMT\r\n",
            Some("\"v1\""),
            Some("Sun, 01 Mar 2026 10:00:00 GMT"),
        ),
        ("neither", "", None, None),
    ];
    for (name, fields, etag, last_modified) in cases {
        let publisher = Publisher::start(move |_| Reply::ok(fields, "feed")).await;
        let fetcher = fetcher();
        let url = publisher.url("/");
        let (_, answer) = document(get(&fetcher, &url).await);
        document(get_with(&fetcher, &url, &answer.validators).await);
        let second = &publisher.requests()[1];
        assert_eq!(second.field("if-none-match"), etag, "case: {name}");
        assert_eq!(second.field("if-modified-since"), last_modified, "case: {name}");
        assert_eq!(second.field("a-im"), etag.map(|_| "feed"), "case: {name}");
    }
}

#[tokio::test]
async fn a_304_says_that_nothing_changed_and_may_bring_a_new_etag_and_freshness() {
    let publisher = Publisher::start(|request| {
        if request.field("if-none-match").is_some() {
            let head = "HTTP/1.1 304 Not Modified\r\nETag: \"v2\"\r\nCache-Control: max-age=12\r\n\r\n";
            Reply::Keep(head.as_bytes().to_vec())
        } else {
            Reply::ok("ETag: \"v1\"\r\n", "feed")
        }
    })
    .await;
    let fetcher = fetcher();
    let (_, first) = document(get(&fetcher, &publisher.url("/")).await);
    let answer = unchanged(get_with(&fetcher, &publisher.url("/"), &first.validators).await);
    assert!(answer.was_conditional && !first.was_conditional);
    assert_eq!(answer.validators.etag.as_deref(), Some(&b"\"v2\""[..]));
    assert_eq!((first.fresh_for, answer.fresh_for), (None, Some(Duration::from_secs(12))));
}

#[tokio::test]
async fn validators_are_sent_to_the_url_that_gave_them_and_to_no_other() {
    let publisher = Publisher::start(|request| match request.target() {
        "/feed" => Reply::redirect("302 Found", "/a"),
        "/feed2" => Reply::redirect("302 Found", "/b"),
        _ => Reply::ok("ETag: \"v1\"\r\n", "feed"),
    })
    .await;
    let fetcher = fetcher();
    let (_, answer) = document(get(&fetcher, &publisher.url("/feed")).await);
    document(get_with(&fetcher, &publisher.url("/feed"), &answer.validators).await);
    document(get_with(&fetcher, &publisher.url("/feed2"), &answer.validators).await);
    let asked: Vec<_> = publisher
        .requests()
        .iter()
        .map(|request| (request.target().to_owned(), request.field("if-none-match").is_some()))
        .collect();
    let want =
        [("/feed", false), ("/a", false), ("/feed", false), ("/a", true), ("/feed2", false), ("/b", false)];
    assert_eq!(asked, want.map(|(target, conditional)| (target.to_owned(), conditional)));
}

#[tokio::test]
async fn a_226_is_a_delta_where_we_asked_for_one_and_an_error_where_we_did_not() {
    let publisher = Publisher::start(|request| {
        if request.field("a-im").is_some() || request.target() == "/unasked" {
            Reply::new("226 IM Used", "IM: feed\r\nETag: \"v2\"\r\n", "new entries")
        } else {
            Reply::ok("ETag: \"v1\"\r\n", "feed")
        }
    })
    .await;
    let fetcher = fetcher();
    let (first, answer) = document(get(&fetcher, &publisher.url("/")).await);
    let (delta, answer) = document(get_with(&fetcher, &publisher.url("/"), &answer.validators).await);
    assert!(delta.is_delta && !first.is_delta);
    assert_eq!(answer.validators.etag.as_deref(), Some(&b"\"v2\""[..]));
    let unasked = get(&fetcher, &publisher.url("/unasked")).await;
    assert!(matches!(unasked, Err(FetchError::Status { status: 226, .. })), "{unasked:?}");
}

#[tokio::test]
async fn cookies_never_come_back() {
    let publisher = Publisher::start(|request| match request.target() {
        "/feed" => Reply::new("302 Found", "Set-Cookie: a=1; Path=/\r\nLocation: /there\r\n", ""),
        _ => Reply::ok("Set-Cookie: b=2\r\n", "feed"),
    })
    .await;
    let fetcher = fetcher();
    for _ in 0..2 {
        get(&fetcher, &publisher.url("/feed")).await.unwrap();
    }
    assert_eq!(publisher.requests().len(), 4);
    for request in publisher.requests() {
        assert_eq!(request.field("cookie"), None);
        assert_eq!(request.field("referer"), None);
        assert!(request.field("user-agent").unwrap().starts_with("chipwire/"), "on every hop");
    }
}

#[tokio::test]
async fn the_url_is_sent_as_subscribed() {
    let publisher = Publisher::start(|_| Reply::ok("", "feed")).await;
    // Percent-encoding, the case of its digits, empty parameters and their order.
    for target in [
        "/a%2Fb/%7Euser/c%c3%a9%C3%A9?x=&y=a+b&&z=%20&q=1%2C2",
        "/it's;v=1?z&a=&b",
        "/?",
        "/feed.xml?a=1&amp;b=2",
        "//x//y/",
    ] {
        get(&fetcher(), &publisher.url(target)).await.unwrap();
        assert_eq!(publisher.targets().last().unwrap(), target);
    }
}

#[tokio::test]
async fn feeds_of_one_host_share_a_connection() {
    let publisher = Publisher::start(|request| match request.target() {
        "/gone" => Reply::new("404 Not Found", "", "no such feed"),
        "/moved" => Reply::redirect("302 Found", "/feed"),
        _ => Reply::ok("", "feed"),
    })
    .await;
    let fetcher = fetcher();
    for path in ["/1", "/gone", "/moved", "/2"] {
        let _ = get(&fetcher, &publisher.url(path)).await;
    }
    assert_eq!((publisher.requests().len(), publisher.connections()), (5, 1));
}

#[tokio::test]
async fn refusals_say_what_follows() {
    let cases = [
        ("429 Too Many Requests", "Retry-After: 12\r\n", Retry::After(Duration::from_secs(12))),
        ("429 Too Many Requests", "", Retry::SlowDown),
        ("429 Too Many Requests", "Retry-After: soon\r\n", Retry::SlowDown),
        (
            "429 Too Many Requests",
            "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 30\r\n",
            Retry::After(Duration::from_secs(30)),
        ),
        (
            "503 Service Unavailable",
            "Date: Sun, 01 Mar 2026 12:00:00 GMT\r\nRetry-After: Sun, 01 Mar 2026 12:00:20 GMT\r\n",
            Retry::After(Duration::from_secs(20)),
        ),
        ("503 Service Unavailable", "", Retry::Backoff),
        ("410 Gone", "", Retry::Gone),
        ("404 Not Found", "", Retry::Backoff),
        ("403 Forbidden", "", Retry::Backoff),
        ("500 Internal Server Error", "Retry-After: 1\r\n", Retry::Backoff),
        ("204 No Content", "", Retry::Backoff),
        ("206 Partial Content", "", Retry::Backoff),
    ];
    for (status, fields, retry) in cases {
        let publisher = Publisher::start(move |_| Reply::new(status, fields, "")).await;
        let error = get(&fetcher(), &publisher.url("/")).await.unwrap_err();
        assert_eq!(error.retry(), retry, "{status} {fields}");
        assert_eq!(error.status(), status.split(' ').next().unwrap().parse().ok(), "{status}");
    }
}

#[tokio::test]
async fn a_page_that_tests_for_browsers_is_named_as_such() {
    let publisher =
        Publisher::start(|_| Reply::new("403 Forbidden", "cf-mitigated: challenge\r\n", "<html>")).await;
    let error = get(&fetcher(), &publisher.url("/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Challenged { status: 403, .. }), "{error}");
}

#[tokio::test]
async fn hubs_and_self_come_from_link_fields() {
    let publisher = Publisher::start(|_| {
        Reply::ok("Link: <https://hub.example/>; rel=hub\r\nLink: </me>; rel=\"self\"\r\n", "feed")
    })
    .await;
    let (_, answer) = document(get(&fetcher(), &publisher.url("/")).await);
    assert_eq!(answer.hubs, ["https://hub.example/"]);
    assert_eq!(answer.self_link, Some(publisher.url("/me")));
}

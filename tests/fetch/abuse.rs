//! Publishers that mean harm, or are broken beyond recognition: each costs a bounded time and a bounded number of
//! bytes.

use crate::publisher::{Publisher, Reply};
use crate::{MAX_BODY_BYTES, fetcher, get, impatient, settings};
use chipwire::fetch::{FetchError, Fetcher, Stage};
use chipwire::schedule::Retry;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::net::Ipv4Addr;

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[tokio::test]
async fn an_endless_body_is_given_up_at_the_limit() {
    let publisher = Publisher::start(|_| {
        Reply::Endless(
            bytes("HTTP/1.1 200 OK\r\n\r\n<rss>"),
            b"<item><title>chip</title></item>".repeat(1000),
        )
    })
    .await;
    let error = get(&fetcher(), &publisher.url("/")).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { limit_bytes: MAX_BODY_BYTES, .. }), "{error}");
}

#[tokio::test]
async fn a_body_that_announces_more_than_the_limit_is_not_read() {
    let publisher = Publisher::start(|_| {
        Reply::Keep(bytes("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n<rss>"))
    })
    .await;
    let error = get(&fetcher(), &publisher.url("/")).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_bomb_is_given_up_at_the_limit() {
    let zeroes = vec![0; 64 << 20];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&zeroes).unwrap();
    let bombs = [("gzip", encoder.finish().unwrap()), ("zstd", zstd::encode_all(&zeroes[..], 1).unwrap())];
    for (coding, bomb) in bombs {
        assert!((bomb.len() as u64) < MAX_BODY_BYTES, "{coding} is small on the wire");
        let publisher =
            Publisher::start(move |_| Reply::ok(&format!("Content-Encoding: {coding}\r\n"), &bomb)).await;
        let error = get(&fetcher(), &publisher.url("/")).await.unwrap_err();
        assert!(matches!(error, FetchError::TooLarge { .. }), "{coding}: {error}");
    }
}

#[tokio::test]
async fn whatever_drips_is_given_up_in_time() {
    let cases = [
        ("a body", Reply::Drip(bytes("HTTP/1.1 200 OK\r\n\r\n"), bytes("x")), Stage::Whole),
        ("a head", Reply::Drip(bytes("HTTP/1.1 200 OK\r\n"), bytes("X-More: 1\r\n")), Stage::Head),
        ("nothing", Reply::Silence, Stage::Head),
        (
            "103s",
            Reply::Drip(Vec::new(), bytes("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")),
            Stage::Head,
        ),
        (
            "103s at full speed",
            Reply::Endless(Vec::new(), bytes("HTTP/1.1 103 Early Hints\r\n\r\n")),
            Stage::Head,
        ),
    ];
    for (name, reply, want) in cases {
        let publisher = Publisher::start(move |_| reply.clone()).await;
        let error = get(&impatient(), &publisher.url("/")).await.unwrap_err();
        assert!(matches!(error, FetchError::TooSlow { stage, .. } if stage == want), "case {name}: {error}");
        assert_eq!(publisher.requests().len(), 1, "case: {name}");
    }
}

#[tokio::test]
async fn a_redirect_with_an_endless_body_leads_on_all_the_same() {
    let publisher = Publisher::start(|request| match request.target() {
        "/a" => Reply::Endless(bytes("HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n"), vec![b'x'; 4096]),
        _ => Reply::ok("", "feed"),
    })
    .await;
    get(&fetcher(), &publisher.url("/a")).await.unwrap();
}

#[tokio::test]
async fn a_huge_head_is_refused() {
    let one = Reply::Endless(bytes("HTTP/1.1 200 OK\r\nX-Huge: "), vec![b'x'; 65_536]);
    let many = Reply::Endless(bytes("HTTP/1.1 200 OK\r\n"), b"X-Header: value\r\n".repeat(1000));
    for reply in [one, many] {
        let publisher = Publisher::start(move |_| reply.clone()).await;
        let error = get(&fetcher(), &publisher.url("/")).await.unwrap_err();
        assert!(matches!(error, FetchError::Broken { .. }), "{error}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_broken() {
    for garbage in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "HTTP/1.1 9999 What\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n<rss>!",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n<rss>",
    ] {
        let publisher = Publisher::start(move |_| Reply::Close(bytes(garbage))).await;
        let error = get(&fetcher(), &publisher.url("/")).await.unwrap_err();
        assert!(matches!(error, FetchError::Broken { .. }), "{garbage:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_publisher_that_hangs_up_is_not_asked_again() {
    let publisher = Publisher::start(|_| Reply::Close(Vec::new())).await;
    let error = get(&fetcher(), &publisher.url("/")).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Backoff, "{error}");
    assert_eq!((publisher.requests().len(), publisher.connections()), (1, 1));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_unreachable() {
    let error = get(&fetcher(), "http://no-such-host.invalid/feed").await.unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error:?}");
    assert_eq!(error.retry(), Retry::Unreachable);
}

#[tokio::test]
async fn a_server_that_never_speaks_tls_is_given_up_as_a_connection() {
    let publisher = Publisher::start(|_| Reply::Silence).await;
    let error = get(&impatient(), &format!("https://{}/", publisher.address)).await.unwrap_err();
    let is_connection = matches!(error, FetchError::TooSlow { stage: Stage::Connection, .. });
    assert!(is_connection, "{error}");
    assert_eq!(error.retry(), Retry::Unreachable);
}

#[tokio::test]
async fn no_private_address_is_asked_directly() {
    let publisher = Publisher::start(|_| Reply::ok("", "feed")).await;
    let walled = Fetcher::new(&crate::Settings { allow_networks: Vec::new(), ..settings() }).unwrap();
    let port = publisher.address.port();
    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"] {
        let error = get(&walled, &format!("http://{host}:{port}/")).await.unwrap_err();
        assert!(matches!(error, FetchError::Forbidden { .. }), "{host}: {error:?}");
    }
    assert_eq!(publisher.connections(), 0);
}

#[tokio::test]
async fn no_redirect_leads_to_a_private_address_that_is_not_listed() {
    let secret = Publisher::at(Ipv4Addr::LOCALHOST, |_| Reply::ok("", "secret")).await;
    let settings = crate::Settings { allow_networks: vec!["127.9.1.0/24".parse().unwrap()], ..settings() };
    let fetcher = Fetcher::new(&settings).unwrap();
    let port = secret.address.port();
    for host in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0177.0.0.1",
        "127.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ] {
        let location = format!("http://{host}:{port}/");
        // Every status, and as the second step of a chain.
        for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
            let location = location.clone();
            let listed = Publisher::at(Ipv4Addr::new(127, 9, 1, 1), move |request| {
                Reply::redirect(status, if request.target() == "/" { "/next" } else { &location })
            })
            .await;
            let error = get(&fetcher, &listed.url("/")).await.unwrap_err();
            assert!(matches!(error, FetchError::Forbidden { .. }), "{status} to {host}: {error:?}");
            assert_eq!(listed.requests().len(), 2, "what is listed is asked");
        }
    }
    assert_eq!(secret.connections(), 0);
}

#[tokio::test]
async fn a_hub_behind_the_wall_is_not_asked() {
    let hub = Publisher::start(|_| Reply::new("202 Accepted", "", "")).await;
    let walled = Fetcher::new(&crate::Settings { allow_networks: Vec::new(), ..settings() }).unwrap();
    let refused = walled.ask_hub(&hub.url("/"), "hub.mode=subscribe", crate::now()).await;
    assert!(matches!(refused, Err(FetchError::Forbidden { .. })), "{refused:?}");
    assert_eq!(hub.connections(), 0);
    let reply = fetcher().ask_hub(&hub.url("/"), "hub.mode=subscribe", crate::now()).await.unwrap();
    assert_eq!(reply.status, 202);
    let request = hub.requests().remove(0);
    assert!(request.head.starts_with("POST / HTTP/1.1"));
    assert_eq!(request.field("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(request.body, "hub.mode=subscribe");
}

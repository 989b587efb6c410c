//! The operator's listener, and what tells whether the daemon is well.

use crate::server::{Server, Setup};
use chipwire::serve::Readiness;
use std::io;
use std::sync::{Arc, Mutex};

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_reader_under_another_host_name_is_told_of_once() {
    let log = Log::default();
    let written = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || written.clone()).with_ansi(false).finish();
    // The test's runtime has one thread: all of the server runs under this subscriber.
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Server::start(Setup::default()).await;
    for (host, warnings) in [("localhost:1", 0), ("news.example", 1), ("other.example", 1)] {
        crate::server::exchange(server.readers, &crate::server::request("GET", "/healthz", host, &[], ""))
            .await;
        assert_eq!(log.text().matches("publish.public_url").count(), warnings, "{host}: {}", log.text());
    }
    assert!(log.text().contains("WARN") && log.text().contains("news.example"), "{}", log.text());
}

#[tokio::test]
async fn numbers_and_rejects_are_for_the_operator_alone() {
    let server = Server::start(Setup::default()).await;
    for path in ["/metrics", "/rejects", "/rejects.json"] {
        assert_eq!(server.get(path).await.status, 404, "{path} on the readers' listener");
        let forwarded = [
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-Host", "localhost"),
            ("Forwarded", "for=127.0.0.1"),
        ];
        assert_eq!(server.get_with(path, &forwarded).await.status, 404, "{path} with a forged sender");
        assert_eq!(server.ask(path, "127.0.0.1:8788").await.status, 200, "{path}");
    }
    let page = server.ask("/rejects", "localhost").await;
    assert!(page.text().contains("Potato") && !page.text().contains("<chips>"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(server.ask("/rejects.json", "[::1]:8788").await.json()[0]["title"], "Potato <chips> & dips");
}

#[tokio::test]
async fn a_foreign_host_name_gets_nothing_from_the_operators_listener() {
    let server = Server::start(Setup::default()).await;
    for host in ["evil.example", "evil.example:8788", "localhost.evil.example", "", "127.0.0.1.evil.example"]
    {
        let answer = server.ask("/metrics", host).await;
        assert_eq!(answer.status, 421, "{host:?}");
        assert!(!answer.text().contains("chipwire_"));
    }
    for host in ["localhost:8788", "127.0.0.1", "10.0.0.1:8788", "[::1]:1"] {
        assert_eq!(server.ask("/metrics", host).await.status, 200, "{host:?}");
    }
}

#[tokio::test]
async fn metrics_show_requests_and_feeds() {
    let server = Server::start(Setup::default()).await;
    server.get("/feed.rss").await;
    server.get("/nothing").await;
    let answer = server.ask("/metrics", "127.0.0.1").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text();
    for line in [
        "chipwire_http_requests_total{status=\"2xx\"} 1",
        "chipwire_http_requests_total{status=\"4xx\"} 1",
        "chipwire_feeds{condition=\"failing\"} 2",
        "chipwire_feed_success_age_seconds_bucket{le=\"3600\"} 6",
    ] {
        assert!(text.lines().any(|given| given == line), "{line} is missing in {text}");
    }
}

#[tokio::test]
async fn health_and_readiness_are_told_on_both_listeners() {
    let server = Server::start(Setup::default()).await;
    assert_eq!(server.get("/readyz").await.status, 200);
    server.readiness.send(Readiness::Waiting("the store is being opened".to_owned())).unwrap();
    let waiting = server.get("/readyz").await;
    assert_eq!((waiting.status, waiting.text().as_str()), (503, "not ready: the store is being opened\n"));
    assert_eq!(server.ask("/readyz", "localhost").await.status, 503);
    assert_eq!(
        (server.get("/healthz").await.status, server.ask("/healthz", "localhost").await.status),
        (200, 200)
    );
    assert_eq!(waiting.header("cache-control"), "no-store");
}

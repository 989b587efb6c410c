//! What a hostile or clumsy client cannot do.

use crate::server::{Server, Setup, exchange, request};
use chipwire::publish::Settings as PublishSettings;
use chipwire::serve::{Handed, Inputs, Listen, Listeners, Settings, run};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

fn settings() -> Settings {
    Setup::default().settings
}

#[tokio::test]
async fn idle_connections_beyond_the_limit_make_room_and_others_are_served() {
    let settings = Settings { max_connections: 8, ..settings() };
    let server = Server::start(Setup { settings, ..Setup::default() }).await;
    let mut idle = Vec::new();
    for n in 0..50 {
        let mut stream = TcpStream::connect(server.readers).await.unwrap();
        if n % 2 == 0 {
            // Half a request and no more.
            stream.write_all(b"GET /feed.rss HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
        }
        idle.push(stream);
    }
    assert_eq!(server.get("/healthz").await.status, 200);
    // The first one was closed to make room.
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), idle[0].read_to_end(&mut bytes)).await;
    assert!(read.is_ok());
    assert!(server.metrics.http_connections.get() <= 9.0);
    assert!(server.metrics.http_connections_dropped.get() >= 42);
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let settings = Settings { head_timeout: Duration::from_millis(200), ..settings() };
    let server = Server::start(Setup { settings, ..Setup::default() }).await;
    let mut stream = TcpStream::connect(server.readers).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    let mut bytes = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off() {
    let settings = Settings { request_timeout: Duration::from_millis(200), ..settings() };
    let server = Server::start(Setup { settings, ..Setup::default() }).await;
    let text = "POST /websub/tok HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf";
    let answer = tokio::time::timeout(Duration::from_secs(10), exchange(server.readers, text)).await.unwrap();
    assert!(matches!(answer.status, 0 | 408), "{answer:?}");
}

#[tokio::test]
async fn heads_that_are_too_long_are_refused() {
    let server = Server::start(Setup::default()).await;
    let long = "x".repeat(100_000);
    let path = request("GET", &format!("/{long}"), "127.0.0.1", &[], "");
    let header = request("GET", "/", "127.0.0.1", &[("If-None-Match", &long)], "");
    let query = request("GET", &format!("/search?q={long}"), "127.0.0.1", &[], "");
    let tags = "\"a\", ".repeat(200_000);
    let known = request("GET", "/feed.rss", "127.0.0.1", &[("If-None-Match", &tags)], "");
    let many: Vec<(&str, &str)> = (0..1_000).map(|_| ("X-A", "b")).collect();
    let headers = request("GET", "/", "127.0.0.1", &many, "");
    for text in [path, header, query, known, headers] {
        let answer = exchange(server.readers, &text).await;
        // 0: closed before the answer could be read, since the client was still sending.
        assert!(matches!(answer.status, 0 | 414 | 431), "{}", answer.status);
    }
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn requests_cannot_be_smuggled() {
    let server = Server::start(Setup::default()).await;
    for head in [
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX-Folded: a\r\n GET /admin HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\nHost: x\nContent-Length: 0\nConnection: close\n\nGET /admin HTTP/1.1\n\n",
    ] {
        let answer = exchange(server.readers, head).await;
        let answers = String::from_utf8_lossy(&answer.body).matches("HTTP/1.1 ").count();
        assert_eq!(answers, 0, "a second answer to {head:?}");
    }
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_range_is_answered_with_the_whole_and_http_2_is_not_spoken() {
    let server = Server::start(Setup::default()).await;
    let whole = server.get("/feed.rss").await;
    let part = request("GET", "/feed.rss", "127.0.0.1", &[("Range", "bytes=0-9,5-20,1-")], "");
    let part = exchange(server.readers, &part).await;
    assert_eq!((part.status, part.body.len()), (200, whole.body.len()));
    // So no flood of its frames can be: what begins it is an error, and closed.
    let answer = exchange(server.readers, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(matches!(answer.status, 0 | 400 | 505), "{}", answer.status);
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn no_path_leads_to_a_file_or_into_a_header() {
    let server = Server::start(Setup::default()).await;
    let long = format!("/topics/{}", "a".repeat(4_000));
    for path in [
        "/..%2f..%2fetc/passwd",
        "/../../etc/passwd",
        "/topics/..%2f..%2fjournal",
        "/topics/%00",
        "//example.org/",
        "/\\example.org",
        "/topics/a%0d%0aSet-Cookie:%20x=1",
        "/stories/%0d%0aLocation:%20http:%2f%2fevil.example",
        "/days/%2e%2e",
        long.as_str(),
    ] {
        let answer = exchange(server.readers, &request("GET", path, "127.0.0.1", &[], "")).await;
        assert!(matches!(answer.status, 400 | 404 | 414), "{path}: {}", answer.status);
        assert!(answer.header("set-cookie").is_empty() && answer.header("location").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn stopping_ends_answers_that_are_under_way_and_closes_the_rest() {
    let server = Server::start(Setup::default()).await;
    let mut idle = TcpStream::connect(server.readers).await.unwrap();
    idle.write_all(request("GET", "/healthz", "x", &[], "").replace("close", "keep-alive").as_bytes())
        .await
        .unwrap();
    let mut buffer = [0; 12];
    idle.read_exact(&mut buffer).await.unwrap();
    server.stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(10), server.running).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.readers).await.is_err());
}

#[tokio::test]
async fn a_unix_socket_serves_the_same_and_a_stale_one_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("web.sock");
    // What a killed process leaves behind.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let settings = Settings { listen: Some(Listen::Unix(path.clone())), ..settings() };
    let server = Server::start(Setup { settings: settings.clone(), ..Setup::default() }).await;
    assert_eq!(server.base.as_str(), "http://localhost");
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(request("GET", "/healthz", "x", &[], "").as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o666);
    // A living one is not taken away.
    let error = Listeners::bind(&settings, Vec::new(), Vec::new()).await.unwrap_err().to_string();
    assert!(error.contains("web.sock") && error.contains("serve.listen"), "{error}");
    server.stop.send(true).unwrap();
    server.running.await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn sockets_handed_over_take_the_place_of_the_configured_ones() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let settings = Settings { admin_listen: None, ..settings() };
    let listeners = Listeners::bind(&settings, vec![Handed::Tcp(listener)], Vec::new()).await.unwrap();
    assert_eq!(listeners.addresses(), (vec![address.clone()], Vec::new()));
    assert_eq!(listeners.authority(), address);
}

#[tokio::test]
async fn a_silent_archive_costs_its_reader_an_answer_and_nobody_else() {
    let listeners = Listeners::bind(&settings(), Vec::new(), Vec::new()).await.unwrap();
    let readers = listeners.addresses().0[0].parse().unwrap();
    let base = chipwire::publish::Base::listening(&listeners.authority());
    let wire = chipwire::publish::Wire::empty(PublishSettings::default(), base, crate::wire::now());
    let (_wire, wire) = tokio::sync::watch::channel(Arc::new(wire));
    let (_sources, sources) = tokio::sync::watch::channel(Arc::new(crate::wire::sources()));
    let (_ready, readiness) = tokio::sync::watch::channel(chipwire::serve::Readiness::Ready);
    let (archive, mut questions) = tokio::sync::mpsc::channel(1);
    let (hub_events, _events) = tokio::sync::mpsc::channel(1);
    let (_stop, stop) = tokio::sync::watch::channel(false);
    let inputs = Inputs {
        wire,
        sources,
        archive,
        hub_events,
        metrics: Arc::default(),
        readiness,
        clock: Arc::new(crate::wire::now),
    };
    tokio::spawn(run(listeners, settings(), inputs, stop));
    // Each question is dropped unanswered.
    tokio::spawn(async move { while questions.recv().await.is_some() {} });
    let get = |path: &str| request("GET", path, "127.0.0.1", &[], "");
    let answer = exchange(readers, &get("/stories/0011223344556677")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "60"));
    assert_eq!(exchange(readers, &get("/healthz")).await.status, 200);
}

//! SIGHUP: another configuration without losing a poll or a connection; a bad one is refused as a whole.

use super::http::{self, until_shown};
use super::manager::{Manager, PATIENCE, Service};
use super::publisher::Publisher;
use rustix::process::Signal;

fn subscription(publisher: &Publisher) -> String {
    format!("[[feed]]\nurl = \"{}\"\nalways_relevant = true\n", publisher.url())
}

fn reload(service: &Service) -> String {
    service.signal(Signal::HUP);
    let reloading = service.next("RELOADING");
    assert!(reloading["MONOTONIC_USEC"].parse::<u64>().unwrap() > 0);
    service.next("READY").remove("STATUS").unwrap()
}

fn urls(service: &Service) -> Vec<String> {
    let (status, out, _) = service.run(&["feeds", "list", "--json"]);
    assert_eq!(status, 0);
    let lines = out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.map(|line| line["url"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn feeds_and_addresses_change_and_no_connection_is_lost() {
    let (one, other) = (Publisher::start("First fab opens"), Publisher::start("Memory prices fall in Seoul"));
    one.go.send(()).unwrap();
    other.go.send(()).unwrap();
    let manager = Manager::new();
    manager.configure(&subscription(&one));
    let service = manager.start(&["run"]);
    service.next("READY");
    until_shown(&service.socket("http"), "/feed.rss", "First fab opens");
    let mut kept = http::unix(&service.socket("http"));
    assert_eq!(kept.get("/healthz").0, 200);

    let text = format!(
        "publish.public_url = \"https://chips.example/wire\"\npublish.title = \"Other chips\"\n{}",
        subscription(&other)
    );
    service.manager.configure(&text);
    assert!(reload(&service).starts_with("polling 1 feeds"));

    assert_eq!(urls(&service), [other.url()]);
    let feed = until_shown(&service.socket("http"), "/feed.rss", "Memory prices fall in Seoul");
    assert!(feed.contains("First fab opens"), "what a removed feed told stays told");
    assert!(feed.contains("https://chips.example/wire/feed.rss"), "{feed}");
    assert!(feed.contains("<title>Other chips</title>"), "{feed}");
    assert_eq!(kept.get("/healthz").0, 200, "the connection was lost");
}

#[test]
fn a_poll_that_is_under_way_is_not_lost() {
    let publisher = Publisher::start("A slow answer");
    let manager = Manager::new();
    manager.configure(&subscription(&publisher));
    let service = manager.start(&["run"]);
    service.next("READY");
    publisher.asked.recv_timeout(PATIENCE).expect("a poll");
    service.manager.configure(&format!("filter.threshold = 0.9\n{}", subscription(&publisher)));
    reload(&service);
    publisher.go.send(()).unwrap();
    until_shown(&service.socket("http"), "/feed.rss", "A slow answer");
    assert!(publisher.asked.try_recv().is_err(), "it was asked a second time");
}

#[test]
fn a_bad_configuration_is_refused_as_a_whole_and_check_says_the_same() {
    let publisher = Publisher::start("Old and good");
    let manager = Manager::new();
    manager.configure(&subscription(&publisher));
    let service = manager.start(&["run"]);
    service.next("READY");
    let bad =
        "poll.concurency = 3\npublish.title = \"Never\"\n[[feed]]\nurl = \"https://new.example/feed\"\n";
    service.manager.configure(bad);

    let (status, out, fault) = service.run(&["check"]);
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(
        fault.contains("concurrency") && fault.contains("chipwire.toml"),
        "names file and nearest key: {fault}"
    );

    let told = reload(&service);
    assert!(told.contains("configuration refused") && told.contains(fault.lines().next().unwrap()), "{told}");
    assert_eq!(urls(&service), [publisher.url()]);
    assert!(!http::unix(&service.socket("http")).get("/feed.rss").1.contains("Never"));

    service.manager.configure(&subscription(&publisher));
    assert!(!reload(&service).contains("refused"), "the old trouble is told for ever");
}

#[test]
fn what_only_shows_when_it_is_put_in_force_is_refused_alike() {
    let service = Manager::new().start(&["run"]);
    service.next("READY");
    service.manager.configure("poll.extra_ca = \"/nowhere/authorities.pem\"\n");
    let (status, _, fault) = service.run(&["check"]);
    assert!(status == 1 && fault.contains("/nowhere/authorities.pem"), "{fault}");
    assert!(reload(&service).contains("/nowhere/authorities.pem"));
}

#[test]
fn a_moved_listener_is_named_since_it_moves_at_a_restart_only() {
    let service = Manager::new().start(&["run"]);
    service.next("READY");
    let path = service.manager.path("chipwire.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace("/admin\"", "/elsewhere\"");
    std::fs::write(&path, text).unwrap();
    reload(&service);
    service.logged("serve.admin_listen has changed");
}

//! WebSub from end to end: a hub on loopback, and what it brings on the wire.

use crate::news::{event, rss, rss_with};
use crate::publisher::{Publisher, Reply, Request};
use crate::world::{Answer, Daemon, World};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

fn world_with_hub() -> World {
    let mut world = World::patient();
    // Hubs reach the daemon at its own address; the test carries the calls there, whatever stands here.
    world.poll += "websub_callback = \"http://127.0.0.1:9/base\"\n";
    world.subscribe("/feed", "Pushed Chips");
    world.publisher.put("/hub", Reply::status("202 Accepted", ""));
    let links = format!(
        "<atom:link rel=\"hub\" href=\"{}\"/><atom:link rel=\"self\" href=\"{}\"/>",
        world.publisher.url("/hub"),
        world.publisher.url("/feed?self=1")
    );
    world
        .publisher
        .put("/feed", Reply::feed(rss_with("Pushed Chips", &links, &[event(0, "pushed.example")])));
    world
}

/// The path of the callback that a request names, at the daemon.
fn callback(request: &Request) -> String {
    let url = request.form("hub.callback").unwrap();
    url.strip_prefix("http://127.0.0.1:9/base").unwrap().to_owned()
}

fn verify(daemon: &Daemon, request: &Request, mode: &str, lease: u32) -> Answer {
    let topic: String =
        url::form_urlencoded::byte_serialize(request.form("hub.topic").unwrap().as_bytes()).collect();
    daemon.get(&format!(
        "{}?hub.mode={mode}&hub.topic={topic}&hub.challenge=tell-me-this&hub.lease_seconds={lease}",
        callback(request)
    ))
}

fn sign(secret: &str, body: &str) -> String {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let digest =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    format!("X-Hub-Signature: sha256={digest}\r\n")
}

#[test]
fn a_signed_push_is_on_the_wire_and_a_forged_one_is_not() {
    let world = world_with_hub();
    let daemon = world.start();
    let request = world.publisher.wait_for("/hub", 1).remove(0);
    assert_eq!(request.method, "POST");
    assert_eq!(request.form("hub.mode").as_deref(), Some("subscribe"));
    assert_eq!(request.form("hub.topic"), Some(world.publisher.url("/feed?self=1")));
    let secret = request.form("hub.secret").unwrap();
    assert!((16..200).contains(&secret.len()));

    assert_ne!(daemon.get("/websub/0123456789abcdef?hub.mode=subscribe&hub.challenge=x").status, 200);
    assert_ne!(verify(&daemon, &request, "unsubscribe", 600).status, 200, "not asked for");
    let verified = verify(&daemon, &request, "subscribe", 600);
    assert_eq!((verified.status, verified.body.as_str()), (200, "tell-me-this"));

    let path = callback(&request);
    let forged = rss("Pushed Chips", &[event(1, "pushed.example")]);
    daemon.post(&path, &sign("another secret", &forged), forged.as_bytes());
    daemon.post(&path, "", forged.as_bytes());
    let true_push = rss("Pushed Chips", &[event(2, "pushed.example")]);
    let answer = daemon.post(&path, &sign(&secret, &true_push), true_push.as_bytes());
    assert!((200..300).contains(&answer.status), "{answer:?}");
    let wire = daemon.wait_for_story("Infineon");
    assert!(!wire.titles().iter().any(|title| title.contains("HBM4")), "{wire:?}");
    let health = &world.ask_json(&["feeds", "health", "--json"])[0];
    assert_eq!((&health["websub"], &health["entries"]), (&true.into(), &2.into()), "{health}");

    // Unsubscribed with the feed, and that only.
    world.ask(&["feeds", "remove", "Pushed Chips"]);
    let request = world.publisher.wait_for("/hub", 2).remove(1);
    assert_eq!(request.form("hub.mode").as_deref(), Some("unsubscribe"));
    assert_eq!(verify(&daemon, &request, "unsubscribe", 0).status, 200);
    assert_ne!(daemon.post(&path, &sign(&secret, &true_push), true_push.as_bytes()).status, 202);
}

#[test]
fn what_a_hub_verifies_before_it_answers_the_request_stands_and_is_renewed_in_time() {
    let world = world_with_hub();
    world.publisher.close("/hub");
    let daemon = world.start();
    let request = world.publisher.wait_for("/hub", 1).remove(0);
    assert_eq!(verify(&daemon, &request, "subscribe", 6).status, 200);
    world.publisher.open("/hub");
    // Long before the ten minutes that an unverified request is given.
    let renewal = world.publisher.wait_for("/hub", 2).remove(1);
    assert_eq!(callback(&renewal), callback(&request));
    assert!(renewal.at - request.at < std::time::Duration::from_secs(30));
    let health = &world.ask_json(&["feeds", "health", "--json"])[0];
    assert_eq!(health["websub"], true, "{health}");
}

#[test]
fn a_feed_that_left_the_configuration_while_the_daemon_was_away_is_unsubscribed_at_the_next_start() {
    let mut world = world_with_hub();
    let daemon = world.start();
    let request = world.publisher.wait_for("/hub", 1).remove(0);
    assert_eq!(verify(&daemon, &request, "subscribe", 600).status, 200);
    daemon.stop();
    world.further.clear();
    let daemon = world.start();
    let request = world.publisher.wait_for("/hub", 2).remove(1);
    assert_eq!(request.form("hub.mode").as_deref(), Some("unsubscribe"));
    assert_eq!(verify(&daemon, &request, "unsubscribe", 0).status, 200);
    daemon.stop();
    let daemon = world.start();
    assert_eq!(daemon.get("/feed.rss").status, 200);
    assert_eq!(world.publisher.requests("/hub").len(), 2);
}

#[test]
fn a_hub_of_the_link_field_is_asked_with_its_topic_as_given_and_each_feed_has_its_own_callback_and_secret() {
    let mut world = World::patient();
    world.poll += "websub_callback = \"http://127.0.0.1:9/base\"\n";
    world.publisher.put("/hub", Reply::status("202 Accepted", ""));
    for path in ["/one", "/two"] {
        let (hub, topic) = (world.publisher.url("/hub"), world.publisher.url(&format!("{path}?a='&b=")));
        let fields = format!("Link: <{hub}>; rel=\"hub\", <{topic}>; rel=\"self\"\r\n");
        world.follow(path, Reply::with(&fields, rss("Pushed Chips", &[event(0, "pushed.example")])));
    }
    let _daemon = world.start();
    let requests = world.publisher.wait_for("/hub", 2);
    let all =
        |name: &str| requests.iter().map(|request| request.form(name).unwrap()).collect::<BTreeSet<_>>();
    let topics = ["/one?a='&b=", "/two?a='&b="].map(|path| world.publisher.url(path));
    assert_eq!(all("hub.topic"), BTreeSet::from(topics));
    assert_eq!((all("hub.callback").len(), all("hub.secret").len()), (2, 2));
    for request in &requests {
        assert_eq!(request.field("content-type"), Some("application/x-www-form-urlencoded"));
        assert!(callback(request).rsplit('/').next().unwrap().len() >= 16);
    }
}

#[test]
fn hubs_that_refuse_fail_or_stand_behind_the_wall_change_nothing_of_the_polls() {
    let mut world = World::quick();
    world.poll = world.poll.replace("127.0.0.0/8", "127.0.0.1/32");
    world.poll += "websub_callback = \"http://127.0.0.1:9/base\"\n";
    let walled = Publisher::at(Ipv4Addr::new(127, 0, 0, 2));
    let hubs = [
        ("/denied", world.publisher.url("/hub")),
        ("/broken", world.publisher.url("/broken-hub")),
        ("/walled", walled.url("/hub")),
    ];
    world.publisher.put("/hub", Reply::status("202 Accepted", ""));
    world.publisher.put("/broken-hub", Reply::status("503 Service Unavailable", ""));
    for (path, hub) in &hubs {
        let links = format!("<atom:link rel=\"hub\" href=\"{hub}\"/>");
        world.follow(path, Reply::feed(rss_with("Pushed Chips", &links, &[event(0, "pushed.example")])));
    }
    let daemon = world.start();
    let request = world.publisher.wait_for("/hub", 1).remove(0);
    assert_eq!(verify(&daemon, &request, "denied", 0).status, 200);
    daemon.wait_for_line("its hub refuses us");
    world.publisher.wait_for("/broken-hub", 1);
    for (path, _) in &hubs {
        let asked = world.publisher.requests(path).len();
        world.publisher.wait_for(path, asked + 8);
    }
    assert_eq!(world.publisher.requests("/hub").len(), 1, "who refuses is not asked again today");
    assert_eq!(world.publisher.requests("/broken-hub").len(), 1, "who fails is left alone for minutes");
    assert_eq!(walled.connections(), 0);
}

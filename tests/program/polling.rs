//! What arrives at a publisher: when, and with which conditions.

use crate::news::{event, rss};
use crate::publisher::Reply;
use crate::world::World;
use chrono::TimeDelta;
use std::time::Duration;

#[test]
fn a_new_feed_is_polled_at_once_and_its_story_is_on_all_three_feeds() {
    let mut world = World::patient();
    world.subscribe("/feed", "Fabline");
    world.publisher.put("/feed", Reply::feed(rss("Fabline", &[event(0, "fabline.example")])));
    let daemon = world.start();
    let wire = daemon.wait_for_story("2-nanometre");
    let item = wire.item("2-nanometre");
    assert_eq!(item.url, "https://fabline.example/news/0");
    for path in ["/feed.rss", "/feed.atom", "/", "/topics/tsmc.rss"] {
        let answer = daemon.get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.contains("2-nanometre"), "{path}: {}", answer.body);
        assert!(path == "/" || answer.body.contains(&item.id), "{path}: {}", answer.body);
    }
    daemon.wait_for_line("first sweep done");
    assert_eq!(world.publisher.targets(), ["/feed"], "asked once, not again for the first sweep");
}

#[test]
fn a_restart_goes_on_conditionally_with_the_same_items_and_asks_nobody_early() {
    let mut world = World::new();
    world.poll = world.poll.replace("\"20s\"", "\"10m\"");
    world.publish += "public_url = \"http://wire.example\"\n";
    world.subscribe("/quick", "Quick Chips");
    world.subscribe("/fresh", "Fresh Chips");
    world.publisher.put("/quick", Reply::tagged(rss("Quick Chips", &[event(0, "quick.example")])));
    let fresh = rss("Fresh Chips", &[event(1, "fresh.example")]);
    let fields = "Content-Type: application/rss+xml\r\nCache-Control: max-age=600\r\n";
    world.publisher.put("/fresh", Reply::Plain("200 OK".into(), fields.into(), fresh.into()));
    let daemon = world.start();
    let before = daemon.wait_for_wire(|wire| wire.items.len() == 2);
    let body = daemon.get("/feed.rss").body;
    assert_eq!(daemon.stop(), Some(0));

    let asked = world.publisher.requests("/quick");
    let daemon = world.start();
    assert_eq!(daemon.wire(), before, "served from the store at once");
    let first = world.publisher.wait_for("/quick", asked.len() + 1).pop().unwrap();
    assert!(first.field("if-none-match").is_some(), "{first:?}");
    let gap = first.at - asked.last().unwrap().at;
    assert!(gap >= Duration::from_millis(300), "asked again after {gap:?}");
    world.publisher.wait_for_next("/quick");
    assert_eq!(world.publisher.requests("/fresh").len(), 1, "still fresh");
    assert_eq!(without_build_date(&daemon.get("/feed.rss").body), without_build_date(&body));
}

fn without_build_date(rss: &str) -> String {
    let (before, after) = rss.split_once("<lastBuildDate>").unwrap_or((rss, ""));
    let after = after.split_once("</lastBuildDate>").map_or("", |(_, after)| after);
    format!("{before}{after}")
}

#[test]
fn a_pause_that_the_server_asked_for_holds_for_the_daemon_a_restart_and_a_sweep() {
    let mut world = World::new();
    world.subscribe("/busy", "Busy Chips");
    world.subscribe("/canary", "Canary Chips");
    world.publisher.put("/busy", Reply::status("429 Too Many Requests", "Retry-After: 600\r\n"));
    world.publisher.put("/canary", Reply::tagged(rss("Canary Chips", &[event(0, "canary.example")])));
    let daemon = world.start();
    daemon.wait_for_story("2-nanometre");
    world.publisher.wait_for("/busy", 1);
    daemon.wait_for_line("429");
    let swept = world.run(&["poll", "Busy Chips"]);
    assert!(swept.err.contains("asked to be left alone"), "{swept:?}");
    assert_eq!(swept.status, Some(1));
    daemon.stop();
    let daemon = world.start();
    world.publisher.wait_for_next("/canary");
    world.publisher.wait_for_next("/canary");
    assert_eq!(world.publisher.requests("/busy").len(), 1);
    drop(daemon);
    let swept = world.run(&["poll"]);
    assert!(swept.err.contains("Busy Chips: not polled"), "{swept:?}");
    assert_eq!(world.publisher.requests("/busy").len(), 1);
}

#[test]
fn a_feed_that_is_gone_is_confirmed_and_then_left_alone_for_ever() {
    let mut world = World::new();
    world.poll = world.poll.replace("default_interval = \"1s\"", "default_interval = \"0.3s\"");
    world.subscribe("/gone", "Gone Chips");
    world.subscribe("/canary", "Canary Chips");
    world.publisher.put("/gone", Reply::status("410 Gone", ""));
    world.publisher.put("/canary", Reply::tagged(rss("Canary Chips", &[event(0, "canary.example")])));
    let daemon = world.start();
    world.publisher.wait_for("/gone", 3);
    daemon.wait_for_line("not polled any more");
    let swept = world.run(&["poll", "Gone Chips"]);
    assert!(swept.err.contains("gone for good"), "{swept:?}");
    assert!(world.ask(&["feeds", "health"]).contains("next never"));
    let health = world.ask_json(&["feeds", "health", "--json"]);
    let gone = health.iter().find(|feed| feed["name"] == "Gone Chips").unwrap();
    assert!(gone["state"] == "gone" && gone["next_poll"].is_null(), "{gone}");
    let canary = health.iter().find(|feed| feed["name"] == "Canary Chips").unwrap();
    assert!(canary["next_poll"].is_string() && canary["next_poll_reason"].is_string(), "{canary}");
    daemon.stop();
    let daemon = world.start();
    for _ in 0..3 {
        world.publisher.wait_for_next("/canary");
    }
    assert_eq!(world.publisher.requests("/gone").len(), 3);
    // The operator who knows better has the last word.
    world.publisher.put("/gone", Reply::feed(rss("Gone Chips", &[event(1, "gone.example")])));
    world.ask(&["feeds", "resume", "Gone Chips"]);
    daemon.wait_for_story("HBM4");
}

#[test]
fn a_failing_feed_is_asked_less_and_less_and_comes_back() {
    let mut world = World::new();
    world.poll = world.poll.replace("default_interval = \"1s\"", "default_interval = \"0.4s\"");
    world.subscribe("/feed", "Frail Chips");
    world.publisher.put("/feed", Reply::status("500 Internal Server Error", ""));
    let daemon = world.start();
    let asked = world.publisher.wait_for("/feed", 4);
    let gaps: Vec<_> = asked.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    assert!(gaps[2] > gaps[0] * 2, "{gaps:?}");
    world.publisher.put("/feed", Reply::feed(rss("Frail Chips", &[event(0, "frail.example")])));
    daemon.wait_for_story("2-nanometre");
    daemon.wait_for_line("answers again");
    let health = &world.ask_json(&["feeds", "health", "--json"])[0];
    assert_eq!(health["state"], "active", "{health}");
}

#[test]
fn with_nobody_to_be_reached_that_is_said_once_in_plain_words() {
    let mut world = World::new();
    world.poll = world.poll.replace("default_interval = \"1s\"", "default_interval = \"0.3s\"");
    for number in 0..6 {
        world.feed(&format!("http://publisher-{number}.invalid/feed"), "");
    }
    let daemon = world.start();
    let said = daemon.wait_for_line("no network");
    assert!(said.contains("What is stored is served"), "{said}");
    assert_eq!(daemon.get("/feed.rss").status, 200);
    assert_eq!(daemon.log().matches("no network").count(), 1, "{}", daemon.log());
}

#[test]
fn two_publishers_with_one_story_make_one_item_in_whatever_order_they_answer() {
    for first in ["/original", "/copy"] {
        let mut world = World::patient();
        world.subscribe("/original", "Fabline");
        world.subscribe("/copy", "Gleaner");
        let original = event(0, "fabline.example");
        let mut copy = event(0, "gleaner.example");
        copy.date += TimeDelta::minutes(10);
        copy.further = "<source url=\"https://fabline.example/feed\">Fabline</source>".into();
        world.publisher.put("/original", Reply::feed(rss("Fabline", &[original])));
        world.publisher.put("/copy", Reply::feed(rss("Gleaner", &[copy])));
        let second = if first == "/original" { "/copy" } else { "/original" };
        world.publisher.close(second);
        let daemon = world.start();
        let early = daemon.wait_for_wire(|wire| wire.items.len() == 1);
        world.publisher.open(second);
        let wire = daemon.wait_for_wire(|wire| {
            wire.items
                .first()
                .is_some_and(|item| item.chipwire["coverage"].as_array().is_some_and(|all| all.len() == 1))
        });
        assert_eq!(wire.items.len(), 1, "{first} first: {wire:?}");
        assert_eq!(wire.items[0].id, early.items[0].id, "{first} first: the id stays");
        assert_eq!(wire.items[0].published, early.items[0].published, "{first} first: the time stays");
        assert_eq!(wire.items[0].url, "https://fabline.example/news/0", "{first} first: the original leads");
    }
}

//! Feeds that move, and pages that name their feeds.

use crate::news::{event, rss};
use crate::publisher::Reply;
use crate::world::World;

#[test]
fn a_permanent_move_is_adopted_and_survives_a_restart() {
    let mut world = World::new();
    world.poll = world.poll.replace("default_interval = \"1s\"", "default_interval = \"0.4s\"");
    world.subscribe("/old", "Moving Chips");
    world.publisher.put("/old", Reply::redirect("301 Moved Permanently", "/new"));
    world.publisher.put("/new", Reply::tagged(rss("Moving Chips", &[event(0, "moving.example")])));
    let daemon = world.start();
    world.publisher.wait_for("/new", 6);
    let asked = world.publisher.requests("/old").len();
    assert!(asked <= 3, "the old address was asked {asked} times");
    let health = &world.ask_json(&["feeds", "health", "--json"])[0];
    assert_eq!(health["state"], "moved", "{health}");
    daemon.stop();
    let _daemon = world.start();
    world.publisher.wait_for_next("/new");
    assert_eq!(world.publisher.requests("/old").len(), asked);
}

#[test]
fn a_temporary_redirect_moves_nothing() {
    let mut world = World::new();
    world.poll = world.poll.replace("default_interval = \"1s\"", "default_interval = \"0.4s\"");
    world.subscribe("/here", "Resting Chips");
    world.publisher.put("/here", Reply::redirect("302 Found", "/there"));
    world.publisher.put("/there", Reply::tagged(rss("Resting Chips", &[event(0, "resting.example")])));
    let _daemon = world.start();
    world.publisher.wait_for("/there", 5);
    assert!(world.publisher.requests("/here").len() >= 5);
}

#[test]
fn a_subscribed_page_leads_to_the_feed_that_it_names() {
    let mut world = World::new();
    world.subscribe("/", "Paged Chips");
    let page = "<html><head><title>Paged</title><link rel=\"alternate\" type=\"application/rss+xml\" href=\"/feed\"></head><body>Welcome</body></html>";
    world.publisher.put("/", Reply::page(page));
    world.publisher.put("/feed", Reply::tagged(rss("Paged Chips", &[event(0, "paged.example")])));
    let daemon = world.start();
    daemon.wait_for_story("2-nanometre");
    world.publisher.wait_for("/feed", 2);
    assert_eq!(world.publisher.requests("/").len(), 1);
}

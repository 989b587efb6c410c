//! Private feeds and credentials: where they may be seen and where not.

use crate::news::{event, rss};
use crate::publisher::Reply;
use crate::world::World;

#[test]
fn credentials_and_private_feeds_are_seen_nowhere() {
    let mut world = World::patient();
    let address = world.publisher.address;
    let url = format!("http://reader:hunter2@{address}/feed?token=s3cr3t-t0k3n");
    world.feed(&url, "name = \"Paid Chips\"\n");
    let failing = format!("http://reader:hunter2@{address}/missing?token=s3cr3t-t0k3n");
    world.feed(&failing, "name = \"Missing Chips\"\n");
    world.feed(&world.publisher.url("/inside"), "name = \"Inside Chips\"\nprivate = true\n");
    world
        .publisher
        .put("/feed?token=s3cr3t-t0k3n", Reply::feed(rss("Paid Chips", &[event(0, "paid.example")])));
    let mut inside = event(1, "inside.example");
    inside.text += " The password of the press room is swordfish.";
    world.publisher.put("/inside", Reply::feed(rss("Inside Chips", &[inside])));
    let daemon = world.start();
    daemon.wait_for_line("first sweep done");
    daemon.wait_for_story("2-nanometre");
    let asked = world.publisher.requests("/feed?token=s3cr3t-t0k3n").remove(0);
    assert!(asked.field("authorization").is_some_and(|value| value.starts_with("Basic ")), "{asked:?}");

    for path in ["/sources", "/sources.opml", "/sources.atom", "/", "/feed.rss", "/feed.atom", "/feed.json"] {
        let body = daemon.get(path).body;
        for secret in ["hunter2", "s3cr3t", "swordfish"] {
            assert!(!body.contains(secret), "{secret} in {path}: {body}");
        }
        if path.starts_with("/sources") {
            assert!(!body.contains("/inside"), "a private feed in {path}: {body}");
        }
    }
    for arguments in [
        &["feeds", "list"][..],
        &["feeds", "list", "--json"],
        &["feeds", "health"],
        &["feeds", "health", "--json"],
        &["export"],
        &["export", "--entries"],
        &["poll", "Missing Chips"],
    ] {
        let finished = world.run(arguments);
        let said = finished.out + &finished.err;
        assert!(!said.contains("hunter2") && !said.contains("s3cr3t"), "{arguments:?}: {said}");
    }
    let log = daemon.log();
    assert!(!log.contains("hunter2") && !log.contains("s3cr3t"), "{log}");
}

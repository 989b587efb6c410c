//! SIGHUP: the configuration read again while the daemon runs.

use crate::news::{event, rss};
use crate::publisher::Reply;
use crate::world::World;
use rustix::process::Signal;

#[test]
fn a_reload_adds_and_removes_feeds_and_a_bad_file_changes_nothing() {
    let mut world = World::new();
    world.subscribe("/old", "Old Chips");
    world.publisher.put("/old", Reply::tagged(rss("Old Chips", &[event(0, "old.example")])));
    world.publisher.put("/new", Reply::tagged(rss("New Chips", &[event(1, "new.example")])));
    let daemon = world.start();
    daemon.wait_for_story("2-nanometre");

    let good = std::mem::take(&mut world.further);
    world.further = "[[feed]]\nurl = \"https://unfinished.example/\"\nintervall = \"5m\"\n".into();
    world.write_config();
    daemon.signal(Signal::HUP);
    daemon.wait_for_line("refused");
    let log = daemon.log();
    assert!(log.contains("interval"), "names the nearest key: {log}");
    assert!(log.contains("chipwire.toml:"), "names file and line: {log}");
    world.publisher.wait_for_next("/old");

    world.further = good;
    world.subscribe("/new", "New Chips");
    world.publish += "public_url = \"http://wire.example/chips\"\n";
    world.write_config();
    daemon.signal(Signal::HUP);
    daemon.wait_for_story("HBM4");
    daemon.wait_for_answer("/feed.rss", |answer| answer.body.contains("http://wire.example/chips/stories/"));

    world.further.clear();
    world.subscribe("/new", "New Chips");
    world.write_config();
    daemon.signal(Signal::HUP);
    daemon.wait_for_line("1 feeds are polled");
    let asked = world.publisher.requests("/old").len();
    world.publisher.wait_for_next("/new");
    world.publisher.wait_for_next("/new");
    assert!(world.publisher.requests("/old").len() <= asked + 1, "one may have been on its way");
    assert_eq!(daemon.wire().items.len(), 2, "the stories of a removed feed stay");
}

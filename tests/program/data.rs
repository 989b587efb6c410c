//! Backups, checks and rebuilds of a daemon's data.

use crate::news::{event, rss};
use crate::publisher::Reply;
use crate::world::{Daemon, World};

const FEEDS: &[&str] = &["/feed.rss", "/feed.atom", "/feed.json", "/topics/tsmc.rss"];

/// The feeds without the moment at which they were made.
fn feeds(daemon: &Daemon) -> Vec<String> {
    let body = |path: &&str| {
        let body = daemon.get(path).body;
        let body = without(&body, "<lastBuildDate>", "</lastBuildDate>");
        // The first <updated> of an Atom document is the feed's own.
        match body.split_once("<entry>") {
            Some((head, entries)) => without(head, "<updated>", "</updated>") + entries,
            None => body,
        }
    };
    FEEDS.iter().map(body).collect()
}

fn without(text: &str, from: &str, to: &str) -> String {
    let Some((before, rest)) = text.split_once(from) else { return text.to_owned() };
    before.to_owned() + rest.split_once(to).map_or("", |(_, after)| after)
}

#[test]
fn a_restored_backup_serves_the_same_feeds() {
    let mut world = World::patient();
    world.publish += "public_url = \"http://wire.example\"\n";
    world.subscribe("/feed", "Fabline");
    world.subscribe("/copy", "Gleaner");
    let mut copy = event(0, "gleaner.example");
    copy.further = "<source url=\"https://fabline.example/feed\">Fabline</source>".into();
    let news: Vec<_> = (0..4).map(|number| event(number, "fabline.example")).collect();
    world.publisher.put("/feed", Reply::tagged(rss("Fabline", &news)));
    world.publisher.put("/copy", Reply::tagged(rss("Gleaner", &[copy])));
    let daemon = world.start();
    daemon.wait_for_line("first sweep done");
    daemon.wait_for_wire(|wire| wire.items.len() == 4);
    let before = feeds(&daemon);
    let file = world.directory.path().join("backup");
    let file = file.to_str().unwrap();
    assert!(world.ask(&["backup", file]).contains("records"));
    assert!(world.refused(&["backup", file]).contains(file), "an existing file is not written over");
    assert!(world.ask(&["verify"]).contains("all well"));
    assert_eq!(feeds(&daemon), before);
    assert!(world.refused(&["restore", file]).contains("in use"), "not under a running daemon");
    daemon.stop();
    assert!(world.refused(&["restore", file]).contains("--force"));

    world.data = world.directory.path().join("restored");
    world.ask(&["restore", file]);
    let daemon = world.start();
    assert_eq!(feeds(&daemon), before, "the restored data");
    daemon.stop();
    world.ask(&["rebuild"]);
    assert!(world.ask(&["verify"]).contains("all well"));
    let daemon = world.start();
    assert_eq!(feeds(&daemon), before, "the index made anew");
    drop(daemon);
    assert_eq!(world.publisher.targets().len(), 2, "nobody was asked again");
}

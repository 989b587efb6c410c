//! The wall against private addresses, from outside: with one network listed, nothing beside it is asked.

use crate::news::{event, rss};
use crate::publisher::{Publisher, Reply};
use crate::world::World;
use std::net::Ipv4Addr;

#[test]
fn beside_the_listed_network_no_form_of_a_private_address_is_asked() {
    let mut world = World::quick();
    world.poll = world.poll.replace("127.0.0.0/8", "127.7.1.0/24");
    let listed = Publisher::at(Ipv4Addr::new(127, 7, 1, 1));
    let feed = Reply::tagged(rss("Listed Chips", &[event(0, "listed.example")]));
    listed.put("/feed", feed.clone());
    world.feed(&listed.url("/feed"), "");
    // Every address of this machine, beside the listed one.
    let private = Publisher::at(Ipv4Addr::UNSPECIFIED);
    let port = private.address.port();
    let hosts = [
        "127.7.2.1",
        "127.0.0.1",
        "2130706433",
        "0177.0.0.1",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "localhost",
    ];
    for (number, host) in hosts.iter().enumerate() {
        let path = format!("/{number}");
        listed.put(&path, Reply::redirect("302 Found", &format!("http://{host}:{port}/secret")));
        world.feed(&listed.url(&path), "");
        // The subscription itself.
        world.feed(&format!("http://{host}:{port}/direct"), "");
    }
    private.put("/secret", feed);
    let daemon = world.start();
    daemon.wait_for_story("2-nanometre");
    for number in 0..hosts.len() {
        listed.wait_for(&format!("/{number}"), 2);
    }
    daemon.wait_for_line("first sweep done");
    assert_eq!(private.connections(), 0, "{:?}", private.targets());
    let health = world.ask_json(&["feeds", "health", "--json"]);
    let refused =
        health.iter().filter(|feed| feed["reason"].as_str().unwrap().contains("poll.allow_networks"));
    assert_eq!(refused.count(), hosts.len() * 2, "each says how it could be allowed: {health:?}");
}

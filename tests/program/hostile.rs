//! Hostile feeds beside a canary: each costs bounded time and memory, and the canary is polled on.

use crate::news::{event, rss};
use crate::publisher::Reply;
use crate::world::{Daemon, World};
use std::io::Write;

/// The most memory that the daemon ever held, in MiB.
fn peak_mib(daemon: &Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

fn bomb() -> Vec<u8> {
    let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..512 {
        coder.write_all(&zeros).unwrap();
    }
    coder.finish().unwrap()
}

#[test]
fn hostile_feeds_cost_little_and_delay_nobody() {
    let mut world = World::new();
    world.subscribe("/canary", "Canary Chips");
    world.publisher.put("/canary", Reply::tagged(rss("Canary Chips", &[event(0, "canary.example")])));
    let (deep, shut) = ("<a>".repeat(65_536), "</a>".repeat(65_536));
    let lol: String = (1..10)
        .map(|level| {
            let below = level - 1;
            format!("<!ENTITY l{level} \"{}\">", format!("&l{below};").repeat(10))
        })
        .collect();
    let gzip = "Content-Type: application/rss+xml\r\nContent-Encoding: gzip\r\n";
    let hostile = [
        ("/deep", Reply::feed(format!("<rss><channel>{deep}{shut}</channel></rss>"))),
        (
            "/laughs",
            Reply::feed(format!(
                "<!DOCTYPE rss [<!ENTITY l0 \"lol\">{lol}]><rss version=\"2.0\"><channel><title>&l9;</title><item><title>&l9;</title><guid>1</guid></item></channel></rss>"
            )),
        ),
        (
            "/file",
            Reply::feed(
                "<!DOCTYPE rss [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><rss version=\"2.0\"><channel><title>Chips</title><item><title>New chip fab &x;</title><guid>1</guid></item></channel></rss>",
            ),
        ),
        ("/bomb", Reply::Plain("200 OK".into(), gzip.into(), bomb())),
        ("/endless", Reply::Endless),
        ("/silent", Reply::Silence),
        ("/loop", Reply::redirect("302 Found", "/loop")),
        ("/secret", Reply::redirect("302 Found", "file:///etc/passwd")),
        ("/metadata", Reply::redirect("302 Found", "http://169.254.169.254/latest/")),
    ];
    for (path, reply) in hostile {
        world.subscribe(path, path);
        world.publisher.put(path, reply);
    }
    let daemon = world.start();
    daemon.wait_for_story("2-nanometre");
    for path in ["/endless", "/silent", "/bomb", "/deep", "/laughs", "/file"] {
        world.publisher.wait_for(path, 1);
    }
    daemon.wait_for_line("first sweep done");
    world.publisher.wait_for_next("/canary");
    let rounds = world.publisher.requests("/canary").len();
    assert!(rounds >= 3, "the canary was asked {rounds} times while others hung");
    assert!(world.publisher.requests("/loop").len() <= 22, "a loop of redirects is bounded");
    assert!(peak_mib(&daemon) < 400, "{} MiB", peak_mib(&daemon));
    assert!(!daemon.get("/feed.json").body.contains("root:"));
    let health = world.ask_json(&["feeds", "health", "--json"]);
    let failing = health.iter().filter(|feed| feed["state"] == "failing").count();
    assert!(failing >= 6, "{health:?}");
    assert_eq!(daemon.stop(), Some(0));
}

//! Hostile feeds beside a canary: each costs bounded time and memory, and the canary is polled on.

use crate::news::{event, rss};
use crate::publisher::{Publisher, Reply};
use crate::world::{Daemon, World};
use std::io::Write;
use std::net::Ipv4Addr;
use std::time::Duration;

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
    // On another host: those that hang take up what their own one bears.
    let canary = Publisher::at(Ipv4Addr::new(127, 0, 0, 2));
    canary.put("/canary", Reply::tagged(rss("Canary Chips", &[event(0, "canary.example")])));
    world.feed(&canary.url("/canary"), "");
    let (deep, shut) = ("<a>".repeat(65_536), "</a>".repeat(65_536));
    let lol = (1..10)
        .map(|level| {
            let below = level - 1;
            format!("<!ENTITY l{level} \"{}\">", format!("&l{below};").repeat(10))
        })
        .collect::<Vec<_>>()
        .concat();
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
    canary.wait_for_next("/canary");
    let rounds = canary.requests("/canary").len();
    assert!(rounds >= 3, "the canary was asked {rounds} times while others hung");
    assert!(world.publisher.requests("/loop").len() <= 22, "a loop of redirects is bounded");
    assert!(peak_mib(&daemon) < 400, "{} MiB", peak_mib(&daemon));
    assert!(!daemon.get("/feed.json").body.contains("root:"));
    let health = world.ask_json(&["feeds", "health", "--json"]);
    let failing = health.iter().filter(|feed| feed["state"] == "failing").count();
    assert!(failing >= 6, "{health:?}");
    assert_eq!(daemon.stop(), Some(0));
}

/// A frame of zstd that holds ten gibibytes of blanks in blocks of run-length coding.
fn zstd_bomb() -> Vec<u8> {
    const BLOCKS: u32 = 10 * 1024 * 8;
    // Magic, no checksum and no size, a window of 128 KiB (RFC 8878 §3.1.1).
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    for number in 1..=BLOCKS {
        let head = u32::from(number == BLOCKS) | 1 << 1 | 131_072 << 3;
        bytes.extend_from_slice(&head.to_le_bytes()[..3]);
        bytes.push(b' ');
    }
    bytes
}

#[test]
fn what_drips_swells_or_repeats_is_given_up_or_cut_and_delays_nobody() {
    const CHANNEL: &str = "<rss version=\"2.0\"><channel><title>Chips</title>";
    let mut world = World::quick();
    let (pause, quick) = (Duration::from_millis(300), Duration::ZERO);
    let zstd = "Content-Type: application/rss+xml\r\nContent-Encoding: zstd\r\n";
    let head = |text: &str| text.as_bytes().to_vec();
    let items: Vec<String> = (0..100_000)
        .map(|number| format!("<item><title>Note {number}</title><guid>{number}</guid></item>"))
        .collect();
    let items = items.concat();
    let attributes: Vec<String> = (0..100_000).map(|number| format!(" a{number}=\"v\"")).collect();
    let attributes = attributes.concat();
    let hostile = [
        ("/zstd", Reply::Plain("200 OK".into(), zstd.into(), zstd_bomb())),
        ("/body", Reply::Drip(head("HTTP/1.1 200 OK\r\n\r\n"), head("<"), pause)),
        ("/head", Reply::Drip(head("HTTP/1.1 200 OK\r\n"), head("X-More: 1\r\n"), pause)),
        ("/103", Reply::Drip(Vec::new(), head("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), pause)),
        ("/field", Reply::Drip(head("HTTP/1.1 200 OK\r\nX-Huge: "), vec![b'x'; 65_536], quick)),
        (
            "/quadratic",
            Reply::feed(format!(
                "<!DOCTYPE rss [<!ENTITY a \"{}\">]>{CHANNEL}<item><title>Quadratic</title><description>{}</description></item></channel></rss>",
                "a".repeat(100_000),
                "&a;".repeat(20_000)
            )),
        ),
        (
            "/title",
            Reply::feed(format!(
                "{CHANNEL}<item><title>Giant {}</title><guid>1</guid></item></channel></rss>",
                "chip ".repeat((8 << 20) / 5)
            )),
        ),
        ("/items", Reply::feed(format!("{CHANNEL}{items}</channel></rss>"))),
        (
            "/attributes",
            Reply::feed(format!(
                "{CHANNEL}<item{attributes}><title>Attributes</title></item></channel></rss>"
            )),
        ),
    ];
    for (path, reply) in hostile {
        world.feed(&world.publisher.url(path), &format!("name = \"{path}\"\n"));
        world.publisher.put(path, reply);
    }
    // On another host: what is tested is that they cost no time here.
    let canary = Publisher::at(Ipv4Addr::new(127, 0, 0, 2));
    canary.put("/canary", Reply::tagged(rss("Canary Chips", &[event(0, "canary.example")])));
    world.feed(&canary.url("/canary"), "");
    let daemon = world.start();
    daemon.wait_for_line("first sweep done");
    let health = world.ask_json(&["feeds", "health", "--json"]);
    for path in ["/zstd", "/body", "/head", "/103", "/field"] {
        let feed = health.iter().find(|feed| feed["name"] == path).unwrap();
        assert_eq!(feed["state"], "failing", "{feed}");
    }
    let answer = daemon.wait_for_answer("/feed.json", |answer| answer.body.contains("Giant chip"));
    let wire: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let titles = wire["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().len());
    assert!(titles.max() < Some(64 << 10));
    let rounds = canary.all_requests();
    let longest = rounds.windows(2).map(|pair| pair[1].at - pair[0].at).max().unwrap();
    // Unoptimised, the reading of the large ones alone takes its time.
    assert!(longest < Duration::from_secs(8), "the canary waited for {longest:?}");
    assert!(peak_mib(&daemon) < 400, "{} MiB", peak_mib(&daemon));
}

/// 3,000 items, the most that is read of a document, that no feed had before; none of them about chips.
fn flood(day: &str) -> Reply {
    let item = |at| format!("<item><title>Garden {at} on {day}</title><guid>{day} {at}</guid></item>");
    let items: String = (0..3_000).map(item).collect();
    Reply::tagged(format!("<rss version=\"2.0\"><channel><title>Flood</title>{items}</channel></rss>"))
}

#[test]
fn what_a_feed_brings_beyond_a_days_bound_is_said_and_comes_later_and_others_are_not_touched() {
    let mut world = World::quick();
    world.subscribe("/flood", "Flood");
    world.publisher.put("/flood", flood("Monday"));
    world.follow("/other", Reply::tagged(rss("Other", &[event(0, "other.example")])));
    let daemon = world.start();
    daemon.wait_for_line("Flood: 3000 new");
    world.publisher.put("/flood", flood("Tuesday"));
    daemon.wait_for_line("Flood: 2000 new");
    let said = daemon.wait_for_line("more new entries than any does in a day");
    assert!(said.contains("1000"), "{said}");
    world
        .publisher
        .put("/other", Reply::tagged(rss("Other", &[event(0, "other.example"), event(1, "other.example")])));
    daemon.wait_for_story("HBM4");
    // The body was not taken whole, so nobody asks whether it changed.
    let asked = world.publisher.wait_for_next("/flood");
    assert_eq!(asked.field("If-None-Match"), None, "{asked:?}");
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(world.ask_json(&["export", "--rejected"]).len(), 5_000);
    // The bound begins anew, as it does on the next day.
    let daemon = world.start();
    daemon.wait_for_line("Flood: 1000 new");
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(world.ask_json(&["export", "--rejected"]).len(), 6_000);
}

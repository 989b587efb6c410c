//! Feeds that move, and pages that name their feeds.

use crate::news::{event, item_titled, rss, rss_with};
use crate::publisher::{Publisher, Reply};
use crate::world::World;
use std::net::Ipv4Addr;
use std::time::Duration;

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
fn only_what_is_permanent_from_the_start_of_a_chain_moves_a_feed() {
    const PERMANENT: &str = "301 Moved Permanently";
    const LASTING: &str = "308 Permanent Redirect";
    const FOUND: &str = "302 Found";
    const TEMPORARY: &str = "307 Temporary Redirect";
    // The statuses of a chain of redirects, and the place of the chain that is polled in the end.
    let cases: [(&str, &[&str], usize); 7] = [
        ("/308", &[LASTING], 1),
        ("/302", &[FOUND], 0),
        ("/307", &[TEMPORARY], 0),
        ("/301-302", &[PERMANENT, FOUND], 1),
        ("/302-301", &[FOUND, PERMANENT], 0),
        ("/301-308", &[PERMANENT, LASTING], 2),
        ("/four", &[FOUND, FOUND, FOUND, FOUND], 0),
    ];
    let mut world = World::quick();
    let place = |path: &str, number: usize| format!("{path}{}", "/next".repeat(number));
    for (path, statuses, _) in cases {
        world.subscribe(path, path);
        for (number, status) in statuses.iter().enumerate() {
            world.publisher.put(&place(path, number), Reply::redirect(status, &place(path, number + 1)));
        }
        let feed = rss("Moving Chips", &[event(0, "moving.example")]);
        world.publisher.put(&place(path, statuses.len()), Reply::tagged(feed));
    }
    let _daemon = world.start();
    for (path, statuses, polled) in cases {
        let polls = world.publisher.wait_for(&place(path, statuses.len()), 6).len();
        for number in 0..statuses.len() {
            let asked = world.publisher.requests(&place(path, number)).len();
            let is_asked_on = asked + 1 >= polls;
            assert_eq!(is_asked_on, number >= polled, "{path}, place {number}: {asked} of {polls} times");
            assert!(is_asked_on || asked <= 3, "{path}, place {number}: {asked} times");
        }
    }
}

#[test]
fn a_page_behind_a_permanent_redirect_moves_nothing_and_the_feed_comes_back() {
    let mut world = World::quick();
    let feed = |title: &str| Reply::feed(rss("Resting Chips", &[item_titled(title)]));
    let away = Reply::redirect("301 Moved Permanently", "/maintenance");
    let page = "<html><head><title>Back soon</title><link rel=\"alternate\" type=\"application/rss+xml\" href=\"/other\"></head></html>";
    world.follow("/feed", Reply::Turns(vec![feed("Early chip"), away.clone(), away, feed("Late chip")]));
    world.publisher.put("/maintenance", Reply::page(page));
    world.publisher.put("/other", feed("Other chip"));
    let daemon = world.start();
    daemon.wait_for_story("Late chip");
    assert_eq!(world.publisher.requests("/maintenance").len(), 2);
    assert!(world.publisher.requests("/other").is_empty());
}

#[test]
fn a_relative_location_is_resolved_and_its_query_stays_as_it_is() {
    let mut world = World::quick();
    world.subscribe("/dir/sub/feed", "Relative Chips");
    world.publisher.put("/dir/sub/feed", Reply::redirect("302 Found", "../x/./feed.xml?b=%2F&a=1&&c="));
    let feed = rss("Relative Chips", &[event(0, "relative.example")]);
    world.publisher.put("/dir/x/feed.xml?b=%2F&a=1&&c=", Reply::feed(feed));
    let daemon = world.start();
    daemon.wait_for_story("2-nanometre");
}

#[test]
fn a_loop_of_redirects_is_bounded_and_backed_off_from() {
    let mut world = World::quick();
    let publisher = Publisher::at(Ipv4Addr::new(127, 0, 0, 2));
    world.feed(&publisher.url("/0"), "");
    for number in 0..40 {
        let next = format!("/{}", number + 1);
        publisher.put(&format!("/{number}"), Reply::redirect("302 Found", &next));
    }
    world.follow("/canary", Reply::tagged(rss("Canary Chips", &[event(0, "canary.example")])));
    let _daemon = world.start();
    let polls = publisher.wait_for("/0", 3);
    assert!(polls[2].at - polls[1].at > polls[1].at - polls[0].at);
    let first: Vec<_> =
        publisher.all_requests().into_iter().filter(|request| request.at < polls[1].at).collect();
    assert!(first.len() <= 11, "{} requests in one poll", first.len());
}

#[test]
fn credentials_go_to_their_host_and_to_no_other() {
    let mut world = World::quick();
    let other = Publisher::at(Ipv4Addr::new(127, 0, 0, 2));
    let url = world.publisher.url("/feed").replace("http://", "http://reader:secret@");
    world.feed(&url, "");
    world.publisher.put("/feed", Reply::redirect("302 Found", &other.url("/elsewhere")));
    other.put("/elsewhere", Reply::feed(rss("Secret Chips", &[event(0, "secret.example")])));
    let _daemon = world.start();
    let there = other.wait_for("/elsewhere", 2);
    // "reader:secret" in base64.
    let want = Some("Basic cmVhZGVyOnNlY3JldA==");
    assert!(world.publisher.requests("/feed").iter().all(|request| request.field("authorization") == want));
    assert!(there.iter().all(|request| request.field("authorization").is_none()));
}

#[test]
fn neither_a_self_link_nor_archive_pages_lead_away_from_the_feed() {
    let mut world = World::quick();
    let link = |rel: &str| {
        format!("<atom:link rel=\"{rel}\" href=\"{}\"/>", world.publisher.url(&format!("/{rel}")))
    };
    let links = ["self", "next", "prev-archive"].map(link).concat();
    let feed = rss_with("Archived Chips", &links, &[event(0, "archived.example")]);
    world.follow("/feed", Reply::feed(feed));
    let _daemon = world.start();
    world.publisher.wait_for("/feed", 4);
    assert!(
        world.publisher.targets().iter().all(|target| target == "/feed"),
        "{:?}",
        world.publisher.targets()
    );
}

#[test]
fn feeds_that_moved_to_one_place_become_one_poll_also_after_a_restart() {
    let mut world = World::quick();
    for path in ["/old", "/older"] {
        world.subscribe(path, &format!("Chips of {path}"));
        world.publisher.put(path, Reply::redirect("301 Moved Permanently", "/new"));
    }
    world.publisher.put("/new", Reply::tagged(rss("Moving Chips", &[event(0, "moving.example")])));
    let daemon = world.start();
    daemon.wait_for_line("one poll serves both");
    let is_single = |world: &World| {
        let before = world.publisher.requests("/new").len();
        let after = world.publisher.wait_for("/new", before + 5);
        after[before..].windows(2).all(|pair| pair[1].at - pair[0].at >= Duration::from_millis(300))
    };
    // One may have been on its way.
    world.publisher.wait_for_next("/new");
    assert!(is_single(&world));
    let health = world.ask_json(&["feeds", "health", "--json"]);
    let reasons: Vec<_> = health.iter().map(|feed| feed["next_poll_reason"].as_str().unwrap()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("polled at the same address")), "{reasons:?}");
    assert_eq!(health[0]["next_poll"], health[1]["next_poll"]);
    daemon.stop();
    let daemon = world.start();
    world.publisher.wait_for_next("/new");
    assert!(is_single(&world));
    // Where the one that is polled leaves, the other is.
    let other = |reason: &&str| reason.contains("same address");
    let polled = health.iter().find(|feed| !other(&feed["next_poll_reason"].as_str().unwrap())).unwrap();
    world.ask(&["feeds", "pause", polled["name"].as_str().unwrap()]);
    world.publisher.wait_for_next("/new");
    world.publisher.wait_for_next("/new");
    drop(daemon);
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

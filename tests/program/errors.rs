//! Publishers that fail: how long they are left alone, and that they are heard again.

use crate::news::{event, item_titled, rss};
use crate::publisher::{Publisher, Reply};
use crate::world::World;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant, SystemTime};

fn document() -> String {
    rss("Chips", &[event(0, "chips.example")])
}

#[test]
fn a_pause_is_kept_in_either_form_on_429_and_503_from_the_first_fetch_on() {
    // Rounded up to a whole second, as far as a date can say.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let until = Duration::from_secs(now.as_secs() + 4);
    let (date, until) =
        (httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + until), Instant::now() + until.saturating_sub(now));
    let cases = [
        ("/seconds", "429 Too Many Requests", "Retry-After: 2\r\n".to_owned(), 2.0),
        ("/unavailable", "503 Service Unavailable", "Retry-After: 2\r\n".to_owned(), 2.0),
        ("/no-pause", "429 Too Many Requests", String::new(), 0.8),
        ("/nonsense", "429 Too Many Requests", "Retry-After: soon; -5\r\n".to_owned(), 0.4),
    ];
    let mut world = World::quick();
    // Each on a host of its own, since repeated refusals slow down a whole host.
    let publisher = Publisher::at(Ipv4Addr::UNSPECIFIED);
    let mut hosts = 2..;
    let mut follow = |path: &str, replies: Vec<Reply>| {
        let host = Ipv4Addr::new(127, 0, 0, hosts.next().unwrap());
        world.feed(&format!("http://{host}:{}{path}", publisher.address.port()), "");
        publisher.put(path, Reply::Turns(replies));
    };
    for (path, status, fields, _) in &cases {
        let pause = Reply::status(status, fields);
        follow(path, vec![pause.clone(), Reply::feed(document())]);
        follow(&format!("{path}-later"), vec![Reply::feed(document()), pause, Reply::feed(document())]);
    }
    let pause = Reply::status("503 Service Unavailable", &format!("Retry-After: {date}\r\n"));
    follow("/date", vec![pause, Reply::feed(document())]);
    let _daemon = world.start();
    for (path, _, fields, least) in cases {
        for (path, refused) in [(path.to_owned(), 0), (format!("{path}-later"), 1)] {
            let requests = publisher.wait_for(&path, refused + 2);
            let gap = (requests[refused + 1].at - requests[refused].at).as_secs_f64();
            assert!(gap >= least, "{path} {fields}: {gap} s");
        }
    }
    assert!(publisher.wait_for("/date", 2)[1].at >= until);
}

#[test]
fn whatever_fails_is_asked_less_and_less_over_one_connection_each() {
    let mut world = World::quick();
    let cases = [
        ("/500", Reply::status("500 Internal Server Error", "")),
        ("/404", Reply::status("404 Not Found", "")),
        ("/403", Reply::status("403 Forbidden", "")),
        ("/reset", Reply::Reset),
        ("/hung-up", Reply::Cut(Vec::new())),
    ];
    for (path, reply) in &cases {
        world.follow(path, reply.clone());
    }
    let _daemon = world.start();
    for (path, _) in cases {
        let requests = world.publisher.wait_for(path, 4);
        let gaps: Vec<_> = requests.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
        assert!(gaps[0] >= Duration::from_millis(400), "{path}: {gaps:?}");
        assert!(gaps[2] >= gaps[0] * 2, "{path}: {gaps:?}");
    }
}

#[test]
fn after_errors_and_error_pages_what_is_new_is_delivered_and_what_was_known_is_kept() {
    let mut world = World::quick();
    let before = Reply::feed(rss("Chips", &[item_titled("Early chip")]));
    let after = |title: &str| Reply::feed(rss("Chips", &[item_titled(title), item_titled("Early chip")]));
    let page = Reply::page("<html><head><title>Error</title></head><body>Please call again</body></html>");
    world.follow(
        "/errors",
        Reply::Turns(vec![
            before.clone(),
            Reply::status("502 Bad Gateway", ""),
            Reply::status("500 Internal Server Error", ""),
            after("Chip after errors"),
        ]),
    );
    world.follow("/page", Reply::Turns(vec![before, page, after("Chip after a page")]));
    let daemon = world.start();
    for title in ["Chip after errors", "Chip after a page"] {
        let answer = daemon.wait_for_answer("/feed.json", |answer| answer.body.contains(title));
        assert!(answer.body.contains("Early chip"), "{title}");
    }
}

#[test]
fn a_name_that_does_not_resolve_delays_nobody() {
    let mut world = World::quick();
    world.feed("http://no-such-publisher.invalid/feed", "name = \"Nowhere\"\n");
    world.follow("/feed", Reply::tagged(document()));
    let daemon = world.start();
    daemon.wait_for_line("does not resolve");
    let requests = world.publisher.wait_for("/feed", 5);
    let longest = requests.windows(2).map(|pair| pair[1].at - pair[0].at).max().unwrap();
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    let health = world.ask_json(&["feeds", "health", "--json"]);
    assert_eq!((&health[0]["name"], &health[0]["state"]), (&"Nowhere".into(), &"failing".into()));
}

#[test]
fn a_failing_feed_that_the_operator_resumes_is_asked_at_once() {
    let mut world = World::quick();
    world.poll = world.poll.replace("\"0.4s\"", "\"20s\"");
    world.subscribe("/feed", "Frail Chips");
    world.publisher.put("/feed", Reply::status("500 Internal Server Error", ""));
    let daemon = world.start();
    world.publisher.wait_for("/feed", 1);
    daemon.wait_for_line("answered 500");
    world.publisher.put("/feed", Reply::feed(document()));
    let before = Instant::now();
    world.ask(&["feeds", "resume", "Frail Chips"]);
    world.publisher.wait_for("/feed", 2);
    assert!(before.elapsed() < Duration::from_secs(15), "twenty seconds and more were left");
    daemon.wait_for_story("2-nanometre");
}

#[test]
fn a_pause_that_a_server_asks_for_while_its_feed_is_added_is_kept() {
    let mut world = World::quick();
    world.follow("/canary", Reply::tagged(document()));
    let busy = Reply::status("429 Too Many Requests", "Retry-After: 3\r\n");
    let news = Reply::feed(rss("Busy Chips", &[event(1, "busy.example")]));
    world.publisher.put("/busy", Reply::Turns(vec![busy, news]));
    let daemon = world.start();
    let url = world.publisher.url("/busy");
    let said = world.ask(&["feeds", "add", &url]);
    assert!(said.contains("429") && said.contains("asked again at"), "{said}");
    assert!(world.ask(&["feeds", "add", &url]).contains("already"), "and is not asked by that");
    let requests = world.publisher.wait_for("/busy", 2);
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(3));
    daemon.wait_for_story("HBM4");
}

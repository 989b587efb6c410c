//! When a feed is polled again, as its publisher sees it: what it asks for, and what its host bears.

use crate::news::{event, rss, rss_with};
use crate::publisher::{Publisher, Reply};
use crate::world::World;
use chrono::{Datelike, TimeDelta, Timelike, Utc};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime};

/// An interval of half a second, of three at the most.
fn world() -> World {
    let mut world = World::quick();
    world.poll = world.poll.replace("\"0.4s\"", "\"0.5s\"").replace("\"20s\"", "\"3s\"");
    world
}

fn document(inside: &str) -> String {
    let syndication = "<sy:updatePeriod xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\">hourly</sy:updatePeriod><sy:updateFrequency xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\">1800</sy:updateFrequency>";
    rss_with("Chips", &inside.replace("SYNDICATION", syndication), &[event(0, "chips.example")])
}

#[test]
fn what_a_publisher_asks_for_is_waited_for_up_to_the_longest_interval() {
    let date = httpdate::fmt_http_date(SystemTime::now());
    let in_two = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2));
    let in_a_day = httpdate::fmt_http_date(SystemTime::now() + Duration::from_hours(24));
    let expires = |when: &str, more: &str| format!("Date: {date}\r\nExpires: {when}\r\n{more}");
    // Path, fields, elements of the channel, the least and the most seconds until the next poll; a busy machine may
    // be late by some.
    let cases = [
        ("/max-age", "Cache-Control: public, max-age=2\r\n".to_owned(), "", 2.0, 3.0),
        ("/age", "Cache-Control: max-age=4\r\nAge: 2\r\n".to_owned(), "", 2.0, 3.0),
        ("/expires", expires(&in_two, ""), "", 2.0, 3.0),
        ("/max-age-first", expires(&in_a_day, "Cache-Control: max-age=1\r\n"), "", 1.0, 2.0),
        ("/no-store", expires("0", "Cache-Control: no-store, max-age=0\r\n"), "", 0.5, 1.0),
        ("/a-year", "Cache-Control: max-age=31536000\r\n".to_owned(), "", 3.0, 3.5),
        ("/ttl", String::new(), "<ttl>1</ttl>", 3.0, 3.5),
        ("/syndication", String::new(), "SYNDICATION", 2.0, 3.0),
        ("/no-hints", String::new(), "", 0.5, 1.0),
    ];
    let mut world = world();
    for (path, fields, inside, ..) in &cases {
        world.follow(path, Reply::with(fields, document(inside)));
    }
    let on_304 = Reply::unchanged("Cache-Control: max-age=2\r\n");
    world.follow("/on-304", Reply::Turns(vec![Reply::with("ETag: \"1\"\r\n", document("")), on_304]));
    let _daemon = world.start();
    for (path, _, _, least, most) in cases {
        let requests = world.publisher.wait_for(path, 2);
        let gap = (requests[1].at - requests[0].at).as_secs_f64();
        assert!(gap >= least && gap < most + 2.0, "{path}: {gap} s");
    }
    let requests = world.publisher.wait_for("/on-304", 3);
    let gap = requests[2].at - requests[1].at;
    assert!(gap >= Duration::from_secs(2), "a 304's freshness counts, too: {gap:?}");
}

#[test]
fn hours_and_days_to_be_skipped_are_skipped() {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let mut world = world();
    let moments = [Utc::now(), Utc::now() + TimeDelta::hours(1)];
    let hours = moments.map(|moment| format!("<hour>{}</hour>", moment.hour())).concat();
    let days = [0, 1].map(|more| {
        let weekday = (Utc::now() + TimeDelta::days(more)).weekday().num_days_from_monday();
        format!("<day>{}</day>", DAYS[usize::try_from(weekday).unwrap()])
    });
    world.follow("/hours", Reply::feed(document(&format!("<skipHours>{hours}</skipHours>"))));
    world.follow("/days", Reply::feed(document(&format!("<skipDays>{}</skipDays>", days.concat()))));
    world.follow("/canary", Reply::feed(document("")));
    let _daemon = world.start();
    // More than the longest interval.
    world.publisher.wait_for("/canary", 8);
    for path in ["/hours", "/days"] {
        assert_eq!(world.publisher.requests(path).len(), 1, "{path}");
    }
}

#[test]
fn no_url_is_asked_twice_within_the_shortest_interval_and_one_without_hints_about_every_default_one() {
    let mut world = World::new();
    for path in ["/one", "/two"] {
        world.follow(path, Reply::tagged(document("")));
    }
    // One whose every poll shows another entry alone.
    let news = (0..5).map(|number| Reply::feed(rss("Chips", &[event(number, "chips.example")])));
    world.follow("/always-new", Reply::Turns(news.collect()));
    let _daemon = world.start();
    for path in ["/one", "/two", "/always-new"] {
        let requests = world.publisher.wait_for(path, 6);
        let mut gaps: Vec<_> =
            requests.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs_f64()).collect();
        gaps.sort_by(f64::total_cmp);
        assert!(gaps[0] >= 0.9, "{path}: {gaps:?}");
        assert!(gaps[2] <= 2.0, "{path}: {gaps:?}");
    }
}

#[test]
fn the_feeds_of_one_host_are_asked_two_at_a_time_over_few_connections() {
    let mut world = World::quick();
    let host = Publisher::at(Ipv4Addr::new(127, 0, 0, 2));
    let paths: Vec<String> = (0..8).map(|number| format!("/{number}")).collect();
    for path in &paths {
        world.feed(&host.url(path), "");
        host.put(path, Reply::tagged(document("")));
        host.close(path);
    }
    world.follow("/canary", Reply::tagged(document("")));
    let _daemon = world.start();
    world.publisher.wait_for("/canary", 4);
    assert_eq!(host.all_requests().len(), 2, "the others wait until these are answered");
    for path in &paths {
        host.open(path);
    }
    let first: BTreeSet<usize> = paths.iter().map(|path| host.wait_for(path, 1)[0].connection).collect();
    assert!(first.len() <= 2, "{first:?}");
}

//! Polls one after the other, as the daemon makes them: fetched over HTTP, parsed, and scheduled, on a clock that
//! jumps to each next poll.

use crate::publisher::{Publisher, Reply, Request};
use crate::{fetcher, now};
use chipwire::fetch::{FetchRequest, Fetched, Fetcher};
use chipwire::model::{Condition, FeedId, FeedState, Timestamp};
use chipwire::parse;
use chipwire::schedule::{self, Cadence, PollOutcome, Reading};
use std::collections::HashSet;
use std::time::Duration;

struct Poller {
    fetcher: Fetcher,
    state: FeedState,
    now: Timestamp,
    /// Titles, in the order in which they came.
    titles: Vec<String>,
}

impl Poller {
    fn of(url: &str) -> Self {
        let state = FeedState::new(FeedId::of(url), url, now());
        Self { fetcher: fetcher(), state, now: now(), titles: Vec::new() }
    }

    /// Polls when it is due, unless it never is again; gives the wait until the next poll.
    async fn poll(&mut self) -> Duration {
        if self.state.condition == Condition::Gone {
            return Duration::MAX;
        }
        self.now = self.state.next_poll;
        let outcome = match self.fetcher.fetch(FetchRequest::of(&self.state, self.now)).await {
            Err(error) => PollOutcome::Failed(error.failure()),
            Ok(Fetched::Unchanged(answer)) => PollOutcome::Unchanged(answer),
            Ok(Fetched::Document(_, answer)) if schedule::is_same_body(&self.state, &answer) => {
                PollOutcome::Same(answer)
            }
            Ok(Fetched::Document(document, answer)) => {
                match parse::parse(&document, &parse::Limits::default()) {
                    Ok(feed) => {
                        let entries = feed.entries.len();
                        let known: HashSet<_> = self.titles.iter().cloned().collect();
                        let titles = feed.entries.into_iter().filter_map(|entry| entry.title);
                        let new: Vec<_> = titles.filter(|title| !known.contains(title)).collect();
                        let reading = Reading {
                            title: feed.title,
                            link: feed.link,
                            entries,
                            new_entries: new.len(),
                            is_delta: document.is_delta,
                            freshness: feed.freshness,
                            ..Reading::default()
                        };
                        self.titles.extend(new);
                        PollOutcome::Read(answer, reading)
                    }
                    Err(error) => {
                        let feed_link =
                            parse::discover(&document).into_iter().next().map(|link| link.url.into());
                        PollOutcome::NoFeed { answer, reason: error.to_string(), feed_link }
                    }
                }
            }
        };
        self.state = schedule::finish_poll(&self.state, &outcome, None, &cadence(), self.now);
        (self.state.next_poll - self.now).to_std().unwrap_or_default()
    }

    async fn polls(&mut self, count: usize) -> Vec<Duration> {
        let mut waits = Vec::new();
        for _ in 0..count {
            waits.push(self.poll().await);
        }
        waits
    }
}

fn cadence() -> Cadence {
    Cadence::new(Duration::from_hours(1), Duration::from_mins(15), Duration::from_hours(24)).unwrap()
}

/// A feed with these entries, newest first.
fn feed(entries: &[&str]) -> Vec<u8> {
    let items: Vec<_> = entries.iter().map(|title| format!("<item><title>{title}</title></item>")).collect();
    let items = items.concat();
    format!("<rss version=\"2.0\"><channel><title>Chips</title>{items}</channel></rss>").into_bytes()
}

const PAGE: &str = "<!doctype html><html><head><title>Chips</title>\
    <link rel=\"alternate\" type=\"application/rss+xml\" href=\"/feed.xml\"></head><body>Chips!</body></html>";

/// The validators that requests carried, in order.
fn conditions(requests: &[Request]) -> Vec<Option<&str>> {
    requests.iter().map(|request| request.field("if-none-match")).collect()
}

/// A publisher that answers the first, second … request for a path with these, and the last one from then on.
async fn in_turn(replies: Vec<Reply>) -> Publisher {
    let turn = std::sync::atomic::AtomicUsize::new(0);
    Publisher::start(move |_| {
        let turn = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        replies[turn.min(replies.len() - 1)].clone()
    })
    .await
}

#[tokio::test]
async fn an_etag_is_kept_over_errors_error_pages_and_restarts_and_forgotten_when_it_is_dropped() {
    let publisher = in_turn(vec![
        Reply::ok("ETag: \"1\"\r\n", feed(&["a"])),
        Reply::new("500 Internal Server Error", "ETag: \"error\"\r\n", "oops"),
        Reply::ok("ETag: \"page\"\r\nContent-Type: text/html\r\n", PAGE),
        Reply::Keep(b"HTTP/1.1 304 Not Modified\r\nETag: \"2\"\r\n\r\n".to_vec()),
        Reply::ok("", feed(&["b", "a"])),
    ])
    .await;
    let mut poller = Poller::of(&publisher.url("/feed"));
    poller.polls(3).await;
    assert_eq!(poller.state.condition, Condition::Failing);
    // What a restart keeps is the state.
    poller.fetcher = fetcher();
    poller.polls(3).await;
    let requests = publisher.requests();
    assert_eq!(
        conditions(&requests),
        [None, Some("\"1\""), Some("\"1\""), Some("\"1\""), Some("\"2\""), None]
    );
    assert_eq!(poller.titles, ["a", "b"]);
}

#[tokio::test]
async fn a_body_that_was_cut_short_leaves_no_validators_and_is_fetched_whole() {
    let cut = [
        "HTTP/1.1 200 OK\r\nETag: \"cut\"\r\nContent-Length: 9999\r\n\r\n<rss version=\"2.0\"><channel>",
        "HTTP/1.1 200 OK\r\nETag: \"cut\"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n",
    ];
    for cut in cut {
        let whole = Reply::ok("ETag: \"whole\"\r\n", feed(&["a"]));
        let publisher = in_turn(vec![Reply::Close(cut.as_bytes().to_vec()), whole]).await;
        let mut poller = Poller::of(&publisher.url("/feed"));
        poller.polls(3).await;
        assert_eq!(conditions(&publisher.requests()), [None, None, Some("\"whole\"")]);
        assert_eq!(poller.titles, ["a"]);
    }
}

#[tokio::test]
async fn a_delta_adds_to_what_is_known() {
    let publisher = Publisher::start(|request| match request.field("if-none-match") {
        Some("\"1\"") if request.field("a-im") == Some("feed") => {
            Reply::new("226 IM Used", "IM: feed\r\nETag: \"2\"\r\n", feed(&["b"]))
        }
        Some(_) => Reply::Keep(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()),
        None => Reply::ok("ETag: \"1\"\r\n", feed(&["a"])),
    })
    .await;
    let mut poller = Poller::of(&publisher.url("/feed"));
    poller.polls(3).await;
    assert_eq!(poller.titles, ["a", "b"]);
    assert_eq!(conditions(&publisher.requests()), [None, Some("\"1\""), Some("\"2\"")]);
}

#[tokio::test]
async fn an_unchanged_body_under_a_200_is_not_read_again() {
    let publisher = Publisher::start(|_| Reply::ok("", feed(&["a"]))).await;
    let mut poller = Poller::of(&publisher.url("/feed"));
    poller.poll().await;
    poller.titles.clear();
    poller.poll().await;
    assert!(poller.titles.is_empty() && poller.state.condition == Condition::Active);
}

#[tokio::test]
async fn permanent_redirects_move_the_subscription_and_temporary_ones_do_not() {
    let cases = [
        ("301", "301 Moved Permanently", "200 OK", "/b"),
        ("308", "308 Permanent Redirect", "200 OK", "/b"),
        ("302", "302 Found", "200 OK", "/a"),
        ("307", "307 Temporary Redirect", "200 OK", "/a"),
        ("301 then 302", "301 Moved Permanently", "302 Found", "/b"),
        ("302 then 301", "302 Found", "301 Moved Permanently", "/a"),
    ];
    for (name, first, second, polled) in cases {
        let publisher = Publisher::start(move |request| match request.target() {
            "/a" => Reply::redirect(first, "/b"),
            "/b" if second != "200 OK" => Reply::redirect(second, "/c"),
            _ => Reply::ok("ETag: \"1\"\r\n", feed(&["a"])),
        })
        .await;
        let mut poller = Poller::of(&publisher.url("/a"));
        poller.polls(6).await;
        assert_eq!(poller.state.polled_url, publisher.url(polled), "case: {name}");
        let at_first = publisher.targets().iter().filter(|target| *target == "/a").count();
        assert!(at_first <= 3 || polled == "/a", "case {name}: {at_first} requests to the old URL");
    }
}

#[tokio::test]
async fn a_maintenance_page_behind_a_permanent_redirect_moves_nothing() {
    let is_down = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = is_down.clone();
    let publisher = Publisher::start(move |request| match request.target() {
        "/maintenance" => Reply::ok("Content-Type: text/html\r\n", PAGE),
        _ if flag.load(std::sync::atomic::Ordering::Relaxed) => {
            Reply::redirect("301 Moved Permanently", "/maintenance")
        }
        _ => Reply::ok("", feed(&["a"])),
    })
    .await;
    let mut poller = Poller::of(&publisher.url("/feed"));
    poller.poll().await;
    is_down.store(true, std::sync::atomic::Ordering::Relaxed);
    poller.polls(6).await;
    assert_eq!(poller.state.condition, Condition::Failing);
    is_down.store(false, std::sync::atomic::Ordering::Relaxed);
    poller.poll().await;
    assert_eq!(
        (poller.state.condition, poller.state.polled_url),
        (Condition::Active, publisher.url("/feed"))
    );
    assert!(!publisher.targets().contains(&"/feed.xml".to_owned()));
}

#[tokio::test]
async fn a_subscribed_page_leads_to_its_feed() {
    let publisher = Publisher::start(|request| match request.target() {
        "/" => Reply::ok("Content-Type: text/html\r\n", PAGE),
        _ => Reply::ok("", feed(&["a"])),
    })
    .await;
    let mut poller = Poller::of(&publisher.url("/"));
    poller.polls(4).await;
    assert_eq!(publisher.targets(), ["/", "/feed.xml", "/feed.xml", "/feed.xml"]);
    assert_eq!((poller.state.condition, poller.titles.len()), (Condition::Moved, 1));
}

#[tokio::test]
async fn refusals_and_pauses_are_obeyed() {
    let hour = Duration::from_hours(1);
    let cases = [
        ("429 Too Many Requests", "Retry-After: 9000\r\n", hour * 5 / 2),
        ("503 Service Unavailable", "Retry-After: Sun, 01 Mar 2026 15:00:00 GMT\r\n", hour * 3),
        ("429 Too Many Requests", "", hour * 2),
        ("503 Service Unavailable", "Retry-After: soon\r\n", hour),
    ];
    for (status, fields, least) in cases {
        let publisher = in_turn(vec![Reply::new(status, fields, ""), Reply::ok("", feed(&["a"]))]).await;
        let mut poller = Poller::of(&publisher.url("/feed"));
        let waits = poller.polls(2).await;
        assert!(waits[0] >= least && waits[0] <= least * 5 / 4, "{status} {fields}: {:?}", waits[0]);
        assert_eq!(poller.state.condition, Condition::Active, "{status} {fields}");
    }
}

#[tokio::test]
async fn errors_back_off_and_are_tried_again() {
    for status in ["500 Internal Server Error", "404 Not Found", "403 Forbidden"] {
        let publisher = Publisher::start(move |_| Reply::new(status, "", "")).await;
        let waits = Poller::of(&publisher.url("/feed")).polls(8).await;
        assert!(waits[1] > waits[0] && waits[2] > waits[1], "{status}: {waits:?}");
        assert!(waits[7] <= Duration::from_hours(30), "{status}: {waits:?}");
    }
    let publisher = Publisher::start(|_| Reply::Close(Vec::new())).await;
    let waits = Poller::of(&publisher.url("/feed")).polls(3).await;
    assert!(waits[2] > waits[0] && publisher.connections() == 3, "hung up on: {waits:?}");
}

#[tokio::test]
async fn gone_is_gone_after_three_answers() {
    let publisher = Publisher::start(|_| Reply::new("410 Gone", "", "")).await;
    let mut poller = Poller::of(&publisher.url("/feed"));
    poller.polls(9).await;
    assert_eq!((publisher.requests().len(), poller.state.condition), (3, Condition::Gone));
}

#[tokio::test]
async fn what_the_feed_asks_for_is_waited_for() {
    let item = "<item><title>a</title></item>";
    let rss = |inside: &str| {
        format!("<rss version=\"2.0\"><channel><title>t</title>{inside}{item}</channel></rss>")
    };
    let hour = Duration::from_hours(1);
    // It is noon on a Sunday.
    let cases = [
        ("max-age", "Cache-Control: max-age=7200\r\n", rss(""), hour * 2),
        ("max-age less its age", "Cache-Control: max-age=9000\r\nAge: 1800\r\n", rss(""), hour * 2),
        (
            "Expires",
            "Date: Sun, 01 Mar 2026 01:00:00 GMT\r\nExpires: Sun, 01 Mar 2026 04:00:00 GMT\r\n",
            rss(""),
            hour * 3,
        ),
        (
            "max-age before Expires",
            "Cache-Control: max-age=60\r\nExpires: Tue, 01 Dec 2026 00:00:00 GMT\r\n",
            rss(""),
            hour,
        ),
        ("no-store", "Cache-Control: no-store\r\nExpires: 0\r\n", rss(""), hour),
        ("ttl", "", rss("<ttl>300</ttl>"), hour * 5),
        (
            "skipHours",
            "",
            rss("<skipHours><hour>12</hour><hour>13</hour><hour>14</hour></skipHours>"),
            hour * 3,
        ),
        ("skipDays", "", rss("<skipDays><day>Sunday</day><day>Monday</day></skipDays>"), hour * 36),
        ("a year", "Cache-Control: max-age=31536000\r\n", rss(""), hour * 24),
    ];
    for (name, fields, body, least) in cases {
        let publisher = Publisher::start(move |_| Reply::ok(fields, &body)).await;
        let wait = Poller::of(&publisher.url("/feed")).poll().await;
        assert!(wait >= least && wait <= least * 3 / 2, "case {name}: {wait:?}");
    }
}

//! Conditional requests as a publisher sees them: which validators come back, and when none may.

use crate::news::{event, item_titled, rss};
use crate::publisher::{Reply, Request};
use crate::world::World;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

fn etags(requests: &[Request]) -> Vec<Option<&str>> {
    requests.iter().map(|request| request.field("if-none-match")).collect()
}

/// Path, answers in turn, the entity tags that requests carry.
type Case = (&'static str, Vec<Reply>, &'static [Option<&'static str>]);

fn document() -> String {
    rss("Chips", &[event(0, "chips.example")])
}

#[test]
fn validators_go_back_byte_for_byte_with_every_later_poll_and_none_is_invented() {
    const DATE: &str = "Sun, 01 Mar 2026 12:00:00 GMT";
    // The first of March 2026 was no Friday.
    const WRONG_DATE: &str = "Fri, 01 Mar 2026 12:00:00 GMT";
    let cases = [
        ("/etag", Some("\"abc\""), None),
        ("/weak", Some("W/\"abc\""), None),
        ("/odd", Some("\"a,b;c\\d-gzip\""), None),
        ("/date", None, Some(DATE)),
        ("/wrong-date", None, Some(WRONG_DATE)),
        ("/both", Some("\"both\""), Some(DATE)),
        ("/neither", None, None),
    ];
    let mut world = World::quick();
    for (path, etag, date) in cases {
        let etag = etag.map(|etag| format!("ETag: {etag}\r\n")).unwrap_or_default();
        let date = date.map(|date| format!("Last-Modified: {date}\r\n")).unwrap_or_default();
        world.follow(path, Reply::with(&(etag + &date), document()));
    }
    let _daemon = world.start();
    for (path, etag, date) in cases {
        let requests = world.publisher.wait_for(path, 4);
        let sent = |request: &Request| {
            let own = |name| request.field(name).map(ToOwned::to_owned);
            (own("if-none-match"), own("if-modified-since"))
        };
        assert_eq!(sent(&requests[0]), (None, None), "{path}");
        for later in &requests[1..] {
            assert_eq!(sent(later), (etag.map(ToOwned::to_owned), date.map(ToOwned::to_owned)), "{path}");
        }
    }
}

#[test]
fn the_newest_validator_counts_errors_change_none_and_dropped_ones_are_forgotten() {
    let tagged = |tag: &str, title: &str| {
        Reply::with(&format!("ETag: \"{tag}\"\r\n"), rss("Chips", &[item_titled(title)]))
    };
    let cases: [Case; 5] = [
        (
            "/changing",
            vec![tagged("1", "First chip"), tagged("2", "Second chip"), tagged("3", "Third chip")],
            &[None, Some("\"1\""), Some("\"2\""), Some("\"3\"")],
        ),
        (
            "/new-on-304",
            vec![tagged("1", "First chip"), Reply::unchanged("ETag: \"2\"\r\n"), Reply::unchanged("")],
            &[None, Some("\"1\""), Some("\"2\""), Some("\"2\"")],
        ),
        (
            "/bare-304",
            vec![tagged("1", "First chip"), Reply::unchanged("")],
            &[None, Some("\"1\""), Some("\"1\""), Some("\"1\"")],
        ),
        (
            "/dropped",
            vec![tagged("1", "First chip"), Reply::feed(document())],
            &[None, Some("\"1\""), None, None],
        ),
        (
            "/error",
            vec![
                tagged("1", "First chip"),
                Reply::status("500 Internal Server Error", "ETag: \"of the error\"\r\n"),
                tagged("1", "First chip"),
            ],
            &[None, Some("\"1\""), Some("\"1\""), Some("\"1\"")],
        ),
    ];
    let mut world = World::quick();
    for (path, replies, _) in &cases {
        world.follow(path, Reply::Turns(replies.clone()));
    }
    let _daemon = world.start();
    for (path, _, want) in &cases {
        assert_eq!(etags(&world.publisher.wait_for(path, want.len()))[..want.len()], **want, "{path}");
    }
}

#[test]
fn a_body_that_was_cut_short_is_fetched_anew_without_conditions_and_the_whole_one_is_delivered() {
    let mut world = World::quick();
    let paths = ["/length", "/chunked", "/gzip"];
    for path in paths {
        let whole = rss("Chips", &[item_titled(&format!("Whole chip {path}"))]);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: \"cut\"\r\n";
        let (part, _) = whole.split_at(whole.len() - 40);
        let cut = match path {
            "/length" => {
                Reply::Cut(format!("{head}Content-Length: {}\r\n\r\n{part}", whole.len()).into_bytes())
            }
            "/chunked" => Reply::Cut(
                format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{part}\r\n", part.len())
                    .into_bytes(),
            ),
            _ => {
                let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
                gzip.write_all(whole.as_bytes()).unwrap();
                let mut body = gzip.finish().unwrap();
                body.truncate(body.len() - 8);
                Reply::with("ETag: \"cut\"\r\nContent-Encoding: gzip\r\n", body)
            }
        };
        world.follow(path, Reply::Turns(vec![cut, Reply::with("ETag: \"whole\"\r\n", whole)]));
    }
    let daemon = world.start();
    for path in paths {
        let requests = world.publisher.wait_for(path, 3);
        assert_eq!(etags(&requests)[..3], [None, None, Some("\"whole\"")], "{path}");
        daemon.wait_for_answer("/feed.json", |answer| answer.body.contains(&format!("Whole chip {path}")));
    }
}

#[test]
fn validators_stay_with_the_url_that_gave_them() {
    let mut world = World::quick();
    let to = |path| Reply::redirect("302 Found", path);
    world.follow("/feed", Reply::Turns(vec![to("/one"), to("/one"), to("/two")]));
    for path in ["/one", "/two"] {
        world.publisher.put(path, Reply::with(&format!("ETag: \"of {path}\"\r\n"), document()));
    }
    let _daemon = world.start();
    assert_eq!(etags(&world.publisher.wait_for("/two", 2))[..2], [None, Some("\"of /two\"")]);
    assert_eq!(etags(&world.publisher.requests("/one")), [None, Some("\"of /one\"")]);
}

#[test]
fn a_delta_that_was_asked_for_adds_to_what_is_known() {
    let mut world = World::quick();
    let first = Reply::with("ETag: \"1\"\r\n", rss("Chips", &[item_titled("First chip")]));
    let delta = Reply::Plain(
        "226 IM Used".into(),
        "IM: feed\r\nETag: \"2\"\r\n".into(),
        rss("Chips", &[item_titled("Second wafer")]).into(),
    );
    world.follow("/feed", Reply::Turns(vec![first, delta, Reply::unchanged("")]));
    let daemon = world.start();
    let wire = daemon.wait_for_story("Second wafer");
    wire.item("First chip");
    let requests = world.publisher.wait_for("/feed", 3);
    assert_eq!(requests[1].field("a-im"), Some("feed"));
    assert_eq!(etags(&requests)[..3], [None, Some("\"1\""), Some("\"2\"")]);
}

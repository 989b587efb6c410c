//! What every request says of us, and what none does.

use crate::news::{event, rss_with};
use crate::publisher::Reply;
use crate::world::World;
use std::collections::BTreeSet;

/// A path and query with much that a client could want to put right. Not with `'` in the query or dot segments, which
/// the URL type of the HTTP client writes its own way: docs/politeness.md.
const ODD: &str = "/a%2Fb/%7Euser//it's/c%c3%a9%C3%A9;v?z=&x=&y=a+b&&a=%20&q=1%2C2&end";

#[test]
fn every_request_says_who_we_are_asks_for_feeds_and_carries_nothing_that_nobody_needs() {
    let mut world = World::quick();
    world.poll +=
        "websub_callback = \"http://127.0.0.1:9/base\"\ncontact = \"https://operator.example/chips\"\n";
    let links = format!("<atom:link rel=\"hub\" href=\"{}\"/>", world.publisher.url("/hub"));
    let feed = rss_with("Odd Chips", &links, &[event(0, "odd.example")]);
    world.publisher.put("/hub", Reply::status("202 Accepted", "Set-Cookie: hub=1\r\n"));
    world.publisher.put("/there", Reply::with("Set-Cookie: there=1\r\n", feed.clone()));
    world.follow(ODD, Reply::with("Set-Cookie: id=1; Path=/\r\n", feed));
    world.follow(
        "/from?",
        Reply::Plain("302 Found".into(), "Set-Cookie: from=1\r\nLocation: /there\r\n".into(), Vec::new()),
    );
    let daemon = world.start();
    world.publisher.wait_for(ODD, 3);
    world.publisher.wait_for("/there", 3);
    world.publisher.wait_for("/hub", 1);
    daemon.stop();
    let daemon = world.start();
    world.publisher.wait_for_next(ODD);
    daemon.stop();

    let requests = world.publisher.all_requests();
    let targets: BTreeSet<_> = requests.iter().map(|request| request.target.as_str()).collect();
    assert_eq!(
        targets,
        BTreeSet::from([ODD, "/from?", "/there", "/hub"]),
        "no icon, no robots.txt, no home page"
    );
    let version = env!("CARGO_PKG_VERSION");
    for request in &requests {
        let agent = request.field("user-agent");
        assert_eq!(
            agent,
            Some(&*format!("chipwire/{version} (+https://operator.example/chips)")),
            "{request:?}"
        );
        for needless in [
            "cookie",
            "referer",
            "from",
            "cache-control",
            "pragma",
            "dnt",
            "upgrade-insecure-requests",
            "x-forwarded-for",
        ] {
            assert_eq!(request.field(needless), None, "{request:?}");
        }
        assert!(
            !request.fields.iter().any(|(name, _)| name.to_lowercase().starts_with("sec-")),
            "{request:?}"
        );
        if request.target == "/hub" {
            continue;
        }
        assert_eq!(request.method, "GET");
        let accepted = request.field("accept").unwrap();
        assert!(
            accepted.contains("application/atom+xml") && accepted.contains("application/rss+xml"),
            "{accepted}"
        );
        assert!(request.field("accept-encoding").unwrap().contains("gzip"));
    }
}

//! Pages for people.

use crate::server::{Server, Setup, exchange, request};
use crate::wire::{self, piece, story};
use chipwire::model::{Kind, Role, StoryId};
use std::collections::BTreeMap;

#[tokio::test]
async fn every_page_is_plain_html_that_loads_nothing_from_elsewhere() {
    let server = Server::start(Setup::default()).await;
    let id = wire::stories()[0].story.id;
    let story = format!("/stories/{id}");
    for path in [
        "/",
        "/days/2026-03-10",
        "/topics",
        "/topics/memory",
        "/kinds/deal",
        "/search",
        "/search?q=fab",
        &story,
        "/sources",
    ] {
        let page = server.get(path).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{path}: {policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        let text = page.text();
        for forbidden in ["<script", " style=", "src=\"http", "@import", "url("] {
            assert!(!text.contains(forbidden), "{path} has {forbidden}");
        }
        assert!(text.contains("<meta name=\"viewport\"") && text.contains("lang=\"en\""), "{path}");
    }
}

#[tokio::test]
async fn the_front_page_shows_today_once_and_who_else_has_it() {
    let server = Server::start(Setup::default()).await;
    let page = server.get("/").await.text();
    let title = "Northgate doubles its 2-nanometre lines and books them out until 2029";
    assert_eq!(page.matches(title).count(), 1);
    for name in ["Chip Daily", "Harbour Times", "Robo Digest", "Mirror One"] {
        assert!(page.contains(name), "{name}");
    }
    assert!(!page.contains("64 GB of DDR5"), "an excluded kind is not on the front page");
    assert!(page.contains("/days/"));
}

#[tokio::test]
async fn a_day_has_its_own_stories_and_leads_to_its_neighbours() {
    let server = Server::start(Setup::default()).await;
    let page = server.get("/days/2026-03-09").await.text();
    assert!(page.contains("HBM4 samples") && !page.contains("Northgate doubles"));
    assert!(page.contains("/days/2026-03-08") && page.contains("/days/2026-03-10"));
    for nonsense in ["/days/2026-03-11", "/days/2026-13-01", "/days/x", "/days/-0001-01-01"] {
        assert_eq!(server.get(nonsense).await.status, 404, "{nonsense}");
    }
}

#[tokio::test]
async fn a_story_shows_its_coverage_in_time_order_and_why_it_is_here() {
    let server = Server::start(Setup::default()).await;
    let page = server.get(&format!("/stories/{}", wire::stories()[0].story.id)).await.text();
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    let order =
        ["Northgate adds two fabs", "Contract chip maker", "Two more halls for", "Northgate to expand 2nm"];
    assert!(order.windows(2).all(|pair| at(pair[0]) < at(pair[1])));
    for words in [
        "score of 0.93",
        "wafer",
        "+3.2",
        "−0.8",
        "4 owners report it",
        "machine-written",
        "names the same figures",
    ] {
        at(words);
    }
}

#[tokio::test]
async fn a_joined_story_leads_to_where_it_is_now() {
    let (old, new) = (StoryId(0x0011_2233_4455_6677), wire::stories()[0].story.id);
    let setup = Setup { moved: BTreeMap::from([(old, new)]), ..Setup::default() };
    let server = Server::start(setup).await;
    let answer = server.get(&format!("/stories/{old}")).await;
    assert_eq!((answer.status, answer.header("location")), (301, format!("/stories/{new}").as_str()));
    assert_eq!(server.get("/stories/ffffffffffffffff").await.status, 404);
    assert_eq!(server.get("/stories/..%2f..%2fetc").await.status, 404);
}

#[tokio::test]
async fn an_old_story_comes_from_the_archive() {
    let old =
        story(Kind::News, &["memory"], &[piece("Chip Daily", Role::Lead, "Long ago", "Once.", 600_000)]);
    let id = old.story.id;
    let server = Server::start(Setup { archived: vec![old], ..Setup::default() }).await;
    assert!(server.get(&format!("/stories/{id}")).await.text().contains("Long ago"));
}

#[tokio::test]
async fn what_publishers_write_is_text_on_every_page() {
    let nasty = "<img src=x onerror=alert(1)>\"'&";
    let leaked: &'static str = Box::leak(nasty.to_owned().into_boxed_str());
    let view = story(Kind::News, &["memory"], &[piece("Chip Daily", Role::Lead, leaked, leaked, 5)]);
    let id = view.story.id;
    let server = Server::start(Setup { stories: vec![view], ..Setup::default() }).await;
    for path in ["/".to_owned(), format!("/stories/{id}"), "/search?q=%3Cimg%20src%3Dx%3E".to_owned()] {
        let page = server.get(&path).await.text();
        assert!(!page.contains("<img src=x"), "{path}");
        assert!(page.contains("&#60;img src=x") || page.contains("&lt;img src=x"), "{path}");
    }
}

#[tokio::test]
async fn the_sources_are_listed_but_for_private_ones() {
    let server = Server::start(Setup::default()).await;
    for path in ["/sources", "/sources.opml", "/sources.atom"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 200);
        let text = answer.text();
        assert!(!text.contains("Secret Desk") && !text.contains("secret-desk"), "{path}");
        assert!(text.contains("Silicon Gazette"), "{path}");
    }
    let page = server.get("/sources").await.text();
    let at = |name: &str| page.find(name).unwrap();
    assert!(at("Kernel Weekly") < at("Silicon Gazette") && at("Silicon Gazette") < at("Wafer Post"));
    assert!(page.contains("<svg class=\"plot\"") && page.contains("502 Bad Gateway"));
    let troubles = server.get("/sources.atom").await;
    let feed = atom_syndication::Feed::read_from(troubles.body.as_slice()).unwrap();
    assert_eq!(feed.entries().len(), 4);
}

#[tokio::test]
async fn icons_and_robots_are_there() {
    let server = Server::start(Setup::default()).await;
    for (path, media) in [
        ("/icon.svg", "image/svg+xml"),
        ("/icon.png", "image/png"),
        ("/favicon.ico", "image/vnd.microsoft.icon"),
        ("/robots.txt", "text/plain; charset=utf-8"),
        ("/topics.opml", "text/x-opml; charset=utf-8"),
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, media), "{path}");
        assert!(answer.header("cache-control").starts_with("public, max-age="));
    }
}

#[tokio::test]
async fn errors_are_plain_text_without_anything_of_the_request() {
    let server = Server::start(Setup::default()).await;
    for (path, status) in [
        ("/%3Cb%3Ex", 404),
        ("/topics/%3Cscript%3E.rss", 404),
        ("/kinds/x.rss", 404),
        ("/search?q=-", 400),
        ("/%00", 404),
        ("//etc/passwd", 404),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
        assert!(!answer.text().contains("script") && !answer.text().contains("<b>"));
    }
    let post = exchange(server.readers, &request("POST", "/feed.rss", "127.0.0.1", &[], "x=1")).await;
    assert_eq!((post.status, post.header("allow")), (405, "GET,HEAD"));
}

#[tokio::test]
async fn head_gives_the_headers_alone() {
    let server = Server::start(Setup::default()).await;
    for path in ["/", "/feed.rss"] {
        let head = exchange(server.readers, &request("HEAD", path, "127.0.0.1", &[], "")).await;
        let get = server.get(path).await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        for name in ["etag", "content-length", "content-type", "last-modified"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
}

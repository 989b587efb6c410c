//! Feeds: what they hold, and how they are cached.

use crate::server::{Server, Setup};
use crate::wire::{self, piece, story};
use chipwire::model::{Kind, Role, Timestamp};
use chipwire::publish::Settings;
use chrono::TimeDelta;
use std::io::Read;

const TYPES: [(&str, &str); 3] = [
    ("rss", "application/rss+xml; charset=utf-8"),
    ("atom", "application/atom+xml; charset=utf-8"),
    ("json", "application/feed+json"),
];

#[tokio::test]
async fn every_feed_is_served_in_three_formats() {
    let server = Server::start(Setup::default()).await;
    for path in ["/feed", "/topics/memory", "/kinds/deal"] {
        for (ending, media_type) in TYPES {
            let answer = server.get(&format!("{path}.{ending}")).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, media_type), "{path}.{ending}");
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            assert_eq!(answer.header("set-cookie"), "");
        }
    }
    let search = server.get("/search.json?q=hbm4").await;
    assert_eq!(search.titles(), ["HBM4 samples leave Suwon two months early"]);
    // Other sites' scripts may read the feeds, and nothing else.
    let origin = [("Origin", "https://evil.example")];
    assert_eq!(server.get_with("/feed.rss", &origin).await.header("access-control-allow-origin"), "*");
    for path in ["/", "/sources", "/healthz", "/nowhere"] {
        assert_eq!(server.get_with(path, &origin).await.header("access-control-allow-origin"), "", "{path}");
    }
}

#[tokio::test]
async fn an_excluded_kind_is_in_its_own_feed_alone() {
    let server = Server::start(Setup::default()).await;
    let deal = "64 GB of DDR5 for the price of 48".to_owned();
    assert!(!server.get("/feed.json").await.titles().contains(&deal));
    assert!(!server.get("/topics/memory.json").await.titles().contains(&deal));
    assert_eq!(server.get("/kinds/deal.json").await.titles(), [deal]);
}

#[tokio::test]
async fn a_feed_that_is_known_is_not_sent_again() {
    let server = Server::start(Setup::default()).await;
    for (ending, _) in TYPES {
        let path = format!("/feed.{ending}");
        let first = server.get(&path).await;
        let known = server.get_with(&path, &[("If-None-Match", first.header("etag"))]).await;
        assert_eq!((known.status, known.body.len()), (304, 0));
        assert_eq!(known.header("etag"), first.header("etag"));
        assert_eq!(known.header("cache-control"), first.header("cache-control"));
        let dated = server.get_with(&path, &[("If-Modified-Since", first.header("last-modified"))]).await;
        assert_eq!(dated.status, 304);
        let older = server.get_with(&path, &[("If-Modified-Since", "Tue, 10 Mar 2026 11:59:59 GMT")]).await;
        assert_eq!(older.status, 200);
    }
}

#[tokio::test]
async fn a_change_is_seen_at_once_and_what_did_not_change_is_still_known() {
    let server = Server::start(Setup::default()).await;
    let (feed, topic) = (server.get("/feed.json").await, server.get("/topics/mobile.json").await);
    *server.clock.lock().unwrap() += TimeDelta::minutes(1);
    let mut stories = wire::stories();
    stories.push(story(Kind::News, &["memory"], &[piece("Chip Daily", Role::Lead, "Just in", "Now.", 1)]));
    server.publish(stories);
    let changed = server.get_with("/feed.json", &[("If-None-Match", feed.header("etag"))]).await;
    assert_eq!((changed.status, changed.titles()[0].as_str()), (200, "Just in"));
    assert_ne!(changed.header("last-modified"), feed.header("last-modified"));
    let same = server.get_with("/topics/mobile.json", &[("If-None-Match", topic.header("etag"))]).await;
    assert_eq!((same.status, same.header("last-modified")), (304, topic.header("last-modified")));
}

#[tokio::test]
async fn a_feed_is_compressed_as_the_reader_likes() {
    let server = Server::start(Setup::default()).await;
    let plain = server.get("/feed.atom").await;
    let gzip = server.get_with("/feed.atom", &[("Accept-Encoding", "gzip, deflate")]).await;
    let brotli = server.get_with("/feed.atom", &[("Accept-Encoding", "gzip, br")]).await;
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(gzip.body.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    unpacked.clear();
    brotli::Decompressor::new(brotli.body.as_slice(), 4096).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    assert_eq!((plain.header("content-encoding"), brotli.header("content-encoding")), ("", "br"));
    assert_eq!(brotli.header("vary"), "accept-encoding");
    assert!(brotli.body.len() < gzip.body.len() && gzip.body.len() < plain.body.len() / 3);
    let known = server.get_with("/feed.atom", &[("If-None-Match", brotli.header("etag"))]).await;
    assert_eq!(known.status, 304);
}

#[tokio::test]
async fn a_reader_can_wait_for_coverage() {
    let server = Server::start(Setup::default()).await;
    let titles = server.get("/feed.json?wait=2h").await.titles();
    assert_eq!(titles[0], "Hands on: a laptop with Cascade’s new 16-core part sips 9 watts");
    *server.clock.lock().unwrap() -= TimeDelta::hours(2);
    assert_eq!(
        server.get("/feed.json?wait=2h").await.titles()[0],
        "Ministry narrows the licence for used etching tools"
    );
}

#[tokio::test]
async fn a_reader_can_ask_for_independent_owners_and_for_languages() {
    let mut stories = wire::stories();
    let mut german = story(
        Kind::News,
        &["memory"],
        &[piece("Halbleiter heute", Role::Lead, "Speicher wird knapp", "Sehr.", 5)],
    );
    std::sync::Arc::make_mut(&mut german.lead.kept).entry.language = Some("de-AT".to_owned());
    german.story.released = None;
    german.story.published -= TimeDelta::hours(1);
    std::sync::Arc::make_mut(&mut german.lead.kept).entry.claimed.as_mut().unwrap().at -= TimeDelta::hours(1);
    stories.push(german);
    let server = Server::start(Setup { stories, ..Setup::default() }).await;
    assert_eq!(server.get("/feed.json?owners=3").await.titles().len(), 1);
    assert_eq!(server.get("/feed.json?owners=2&unknown=1").await.titles().len(), 3);
    assert_eq!(server.get("/feed.json?lang=de").await.titles(), ["Speicher wird knapp"]);
    assert!(!server.get("/feed.json").await.text().contains("Speicher wird knapp"));
    assert!(server.get("/feed.json?lang=en,de").await.titles().len() > 5);
    for wrong in ["owners=x", "lang=%22", "wait=soon", "before=never"] {
        assert_eq!(server.get(&format!("/feed.json?{wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn paging_leads_through_the_snapshot_into_the_archive_without_a_gap() {
    let all = wire::stories();
    let expected: Vec<String> = {
        let server = Server::start(Setup::default()).await;
        server.get("/feed.json").await.titles()
    };
    let boundary = wire::now() - TimeDelta::days(4);
    let (stories, archived): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|view| view.story.published >= boundary);
    let publish = Settings { items: 3, max_items: 3, ..Settings::default() };
    let setup = Setup { publish, stories, archived, complete_since: boundary, ..Setup::default() };
    let server = Server::start(setup).await;
    let mut seen = Vec::new();
    let mut next = Some("/feed.json".to_owned());
    while let Some(path) = next {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        seen.extend(answer.titles());
        let prefix = server.base.to("");
        next = answer.json()["next_url"].as_str().map(|url| url.strip_prefix(&prefix).unwrap().to_owned());
        assert!(seen.len() < 50, "paging never ends");
    }
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_search_finds_what_is_in_the_snapshot_and_what_is_older() {
    let all = wire::stories();
    let boundary = wire::now() - TimeDelta::days(4);
    let (stories, archived): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|view| view.story.published >= boundary);
    let setup = Setup { stories: stories.clone(), archived, complete_since: boundary, ..Setup::default() };
    let server = Server::start(setup).await;
    let complete = Server::start(Setup::default()).await.get("/search.json?q=longer").await.titles();
    assert!(complete.len() > 5);
    assert_eq!(server.get("/search.json?q=longer").await.titles(), complete);
    // The older part is known by now; what is new comes on top of it.
    let mut stories = stories;
    stories.push(story(
        Kind::News,
        &["memory"],
        &[piece("Chip Daily", Role::Lead, "Longer still", "A longer look.", 1)],
    ));
    server.publish(stories);
    let titles = server.get("/search.json?q=longer").await.titles();
    assert_eq!((titles[0].as_str(), &titles[1..]), ("Longer still", &complete[..]));
}

#[tokio::test]
async fn links_honour_a_public_address_with_a_path() {
    let publish = Settings {
        public_url: Some(url::Url::parse("https://news.example/chips/").unwrap()),
        ..Settings::default()
    };
    let server = Server::start(Setup { publish, ..Setup::default() }).await;
    for path in ["/feed.json", "/chips/feed.json"] {
        let json = server.get(path).await.json();
        assert_eq!(json["feed_url"], "https://news.example/chips/feed.json");
        assert!(
            json["items"][0]["_chipwire"]["page"]
                .as_str()
                .unwrap()
                .starts_with("https://news.example/chips/stories/")
        );
    }
    let page = server.get("/chips/").await;
    assert_eq!(page.status, 200);
    for link in page.text().split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let is_ours = link.starts_with('/');
        assert!(!is_ours || link.starts_with("/chips/"), "{link}");
    }
    assert_eq!(server.get("/chipsfeed.json").await.status, 404);
    assert!(
        server.get("/topics.opml").await.text().contains("https://news.example/chips/topics/memory.atom")
    );
}

#[tokio::test]
async fn the_ids_are_the_same_in_every_format_and_under_every_address() {
    let publish = Settings {
        public_url: Some(url::Url::parse("https://news.example/").unwrap()),
        ..Settings::default()
    };
    let here = Server::start(Setup::default()).await;
    let there = Server::start(Setup { publish, ..Setup::default() }).await;
    let ids = |json: serde_json::Value| -> Vec<String> {
        json["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let want = ids(here.get("/feed.json").await.json());
    assert_eq!(ids(there.get("/feed.json").await.json()), want);
    let rss = rss::Channel::read_from(there.get("/feed.rss").await.body.as_slice()).unwrap();
    let guids: Vec<_> = rss.items().iter().map(|item| item.guid().unwrap().value().to_owned()).collect();
    assert_eq!(guids, want);
    assert!(rss.items().iter().all(|item| !item.guid().unwrap().is_permalink()));
    let atom = atom_syndication::Feed::read_from(here.get("/feed.atom").await.body.as_slice()).unwrap();
    assert_eq!(atom.entries().iter().map(|entry| entry.id().to_owned()).collect::<Vec<_>>(), want);
}

#[tokio::test]
async fn a_hub_is_named_to_those_who_subscribe() {
    let publish =
        Settings { hub: Some(url::Url::parse("https://hub.example/").unwrap()), ..Settings::default() };
    let server = Server::start(Setup { publish, ..Setup::default() }).await;
    let answer = server.get("/feed.json").await;
    let want =
        format!("<https://hub.example/>; rel=\"hub\", <{}>; rel=\"self\"", server.base.to("/feed.json"));
    assert_eq!(answer.header("link"), want);
}

#[tokio::test]
async fn a_wire_without_a_story_is_a_feed_too() {
    let setup = Setup { stories: Vec::new(), ..Setup::default() };
    let server = Server::start(setup).await;
    for (ending, _) in TYPES {
        assert_eq!(server.get(&format!("/feed.{ending}")).await.status, 200);
    }
    assert!(server.get("/").await.text().contains("Nothing yet"));
    assert_eq!(server.get("/feed.json?before=2020-01-01").await.titles(), Vec::<String>::new());
    assert_eq!(Timestamp::MIN_UTC, server.wire.borrow().complete_since);
}

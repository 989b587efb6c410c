//! What readers see of a story while its entries come, change and are corrected.

use crate::news::{News, event, rss};
use crate::publisher::Reply;
use crate::world::{Daemon, World};
use chrono::{DateTime, TimeDelta, Utc};

fn one_feed(path: &str, name: &str, news: &[News]) -> World {
    let mut world = World::patient();
    world.subscribe(path, name);
    world.publisher.put(path, Reply::feed(rss(name, news)));
    world
}

/// The same entry with other words, polled now.
fn revise(world: &World, daemon: &Daemon, news: &News) {
    world.publisher.put("/feed", Reply::feed(rss("Fabline", std::slice::from_ref(news))));
    world.ask(&["poll", "Fabline"]);
    // The page of the wire shows what was kept as soon as publishing has it.
    let word = news.text.split(' ').next_back().unwrap().to_owned();
    daemon.wait_for_answer("/feed.atom", |answer| answer.body.contains(word.trim_end_matches('.')));
}

#[test]
fn a_changed_text_moves_updated_only_where_it_is_of_substance() {
    let mut news = event(0, "fabline.example");
    news.text = "The foundry TSMC has begun volume production of 2-nanometre chips in Kaohsiung, and yields are ahead of plan.".into();
    let world = one_feed("/feed", "Fabline", std::slice::from_ref(&news));
    let daemon = world.start();
    let first = daemon.wait_for_story("2-nanometre").item("2-nanometre").clone();

    news.text = news.text.replace("ahead of plan.", "ahead of schedule.");
    revise(&world, &daemon, &news);
    let corrected = daemon.wire().item("2-nanometre").clone();
    assert_eq!((&corrected.id, &corrected.updated), (&first.id, &first.updated), "a word was corrected");

    news.text += " A second building follows next year, the company told suppliers, with room for thirty thousand wafers a month from Hsinchu.";
    revise(&world, &daemon, &news);
    let revised = daemon.wait_for_wire(|wire| wire.items[0].updated != first.updated);
    let revised = revised.item("2-nanometre");
    assert_eq!((&revised.id, &revised.published), (&first.id, &first.published));
    assert_eq!(daemon.wire().items.len(), 1);
}

#[test]
fn a_guid_that_only_moved_to_https_is_no_new_entry() {
    let mut news = event(0, "fabline.example");
    news.link = "http://fabline.example/news/two-nanometre".into();
    news.guid.clone_from(&news.link);
    let world = one_feed("/feed", "Fabline", std::slice::from_ref(&news));
    let daemon = world.start();
    let first = daemon.wait_for_story("2-nanometre");
    news.link = news.link.replace("http:", "https:");
    news.guid.clone_from(&news.link);
    world.publisher.put("/feed", Reply::feed(rss("Fabline", &[news, event(1, "fabline.example")])));
    world.ask(&["poll"]);
    let wire = daemon.wait_for_story("HBM4");
    assert_eq!(wire.items.len(), 2, "{wire:?}");
    assert_eq!(wire.item("2-nanometre").id, first.item("2-nanometre").id);
    let entries = world.ask_json(&["export", "--entries"]);
    assert_eq!(entries.len(), 2, "{entries:?}");
}

#[test]
fn a_story_waits_until_it_has_settled_and_an_old_one_does_not() {
    let mut fresh = event(0, "fabline.example");
    fresh.date = Utc::now();
    let mut world = one_feed("/feed", "Fabline", &[fresh, event(1, "fabline.example")]);
    world.publish = "settle = \"4s\"\n".into();
    let daemon = world.start();
    daemon.wait_for_wire(|wire| wire.items.len() == 2);
    let stories = world.ask_json(&["export"]);
    let waited = |title: &str| {
        let story = stories.iter().find(|story| story["title"].as_str().unwrap().contains(title)).unwrap();
        let at = |key: &str| story[key].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
        at("released") - at("published")
    };
    assert!(waited("2-nanometre") >= TimeDelta::seconds(4), "{stories:?}");
    assert!(waited("2-nanometre") < TimeDelta::minutes(5), "{stories:?}");
    assert!(
        waited("HBM4") >= TimeDelta::minutes(30),
        "published at once, long after it was written: {stories:?}"
    );
}

#[test]
fn one_sweeps_entries_settle_their_lead_before_anybody_sees_the_item() {
    let mut world = World::patient();
    world.publish = "settle = \"10s\"\n".into();
    world.subscribe("/copy", "Gleaner");
    world.subscribe("/original", "Fabline");
    let (mut original, mut copy) = (event(0, "fabline.example"), event(0, "gleaner.example"));
    (original.date, copy.date) = (Utc::now(), Utc::now());
    copy.further = "<source url=\"https://fabline.example/feed\">Fabline</source>".into();
    world.publisher.put("/copy", Reply::feed(rss("Gleaner", &[copy])));
    world.publisher.put("/original", Reply::feed(rss("Fabline", &[original])));
    world.publisher.close("/original");
    let daemon = world.start();
    daemon.wait_for_line("Gleaner: 1 new");
    world.publisher.open("/original");
    let wire = daemon.wait_for_wire(|wire| !wire.items.is_empty());
    assert_eq!(wire.items[0].url, "https://fabline.example/news/0");
}

#[test]
fn a_split_shows_nothing_twice_and_a_join_keeps_the_id_that_was_published_first() {
    let world = one_feed("/feed", "Fabline", &[event(0, "fabline.example"), event(1, "fabline.example")]);
    let daemon = world.start();
    let before = daemon.wait_for_wire(|wire| wire.items.len() == 2);
    let (older, younger) = (before.item("HBM4").clone(), before.item("2-nanometre").clone());
    world.ask(&["stories", "join", &older.url, &younger.url]);
    let joined = daemon.wait_for_wire(|wire| wire.items.len() == 1);
    let kept = joined.items[0].id.clone();
    assert!(kept == older.id || kept == younger.id);
    let story = joined.items[0].chipwire["story"].as_str().unwrap().to_owned();
    let gone = if kept == older.id { &younger } else { &older };
    let gone_story = gone.chipwire["story"].as_str().unwrap();
    let page = daemon.get(&format!("/stories/{gone_story}"));
    assert_eq!(page.status, 301, "{page:?}");
    assert!(page.field("location").unwrap().ends_with(&format!("/stories/{story}")), "{page:?}");

    // Both parts are known to readers, so nothing shows as new.
    world.ask(&["stories", "split", &older.url, &younger.url]);
    daemon.wait_for_answer(&format!("/stories/{story}"), |answer| answer.status == 200);
    let split = world.ask_json(&["export"]);
    assert_eq!(split.len(), 2, "two stories again: {split:?}");
    let after = daemon.wire();
    assert!(after.items.iter().all(|item| item.id == older.id || item.id == younger.id), "{after:?}");

    // The decision is kept: a restart does not fold them again, and explain says why.
    daemon.stop();
    let daemon = world.start();
    assert_eq!(daemon.wire().titles(), after.titles());
    let why = world.ask(&["explain", &older.url, &younger.url]);
    assert!(why.starts_with("apart"), "{why}");
}

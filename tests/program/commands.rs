//! Commands: beside a running daemon over its socket, and without one.

use crate::news::{event, rss};
use crate::publisher::Reply;
use crate::world::{World, bare};
use std::process::{Command, Stdio};

fn world() -> World {
    let mut world = World::patient();
    world.subscribe("/feed", "Fabline");
    let news = [event(0, "fabline.example"), event(1, "fabline.example"), event(2, "fabline.example")];
    let mut rest = event(3, "fabline.example");
    rest.title = "Ten recipes for potato chips".into();
    rest.text = "Crisp, salted and baked: ten ways to make potato chips at home for a party.".into();
    let news: Vec<_> = news.into_iter().chain([rest]).collect();
    world.publisher.put("/feed", Reply::tagged(rss("Fabline", &news)));
    world
}

/// What all commands say of the same data, with or without a daemon.
fn ask_everything(world: &World) {
    let stories = world.ask(&["stories"]);
    assert_eq!(stories.matches("(Fabline)").count(), 3, "{stories}");
    let json = world.ask_json(&["stories", "--json"]);
    assert_eq!(json.len(), 3);
    assert_eq!(world.ask_json(&["stories", "--json", "--limit", "1"]).len(), 1);
    assert_eq!(world.ask_json(&["stories", "--json", "--topic", "tsmc"]).len(), 1);
    assert_eq!(world.ask_json(&["stories", "--json", "--since", "1m"]).len(), 0);
    assert!(world.refused(&["stories", "--topic", "nosuch"]).contains("topics list"));

    assert!(world.ask(&["topics", "list"]).contains("tsmc"));
    assert!(world.ask(&["topics", "test", "tsmc"]).contains("0 would come in, 0 would go out"));
    assert!(world.ask(&["refilter", "--since", "14d"]).contains("0 come in, 0 go out"));
    assert!(world.ask(&["search", "hbm4"]).contains("SK hynix"));
    assert_eq!(world.run(&["search", "unheardof"]).status, Some(1));

    let link = "https://fabline.example/news/1";
    let why = world.ask(&["explain", link]);
    assert!(why.contains("in: score") && why.contains("HBM"), "{why}");
    let id = json[0]["id"].as_str().unwrap();
    assert!(world.ask(&["explain", id]).contains("it leads"));
    let out = world.ask(&["explain", "https://fabline.example/news/3"]);
    assert!(out.starts_with("Ten recipes") && out.contains("out: score"), "{out}");
    assert!(world.ask(&["explain", link, "https://fabline.example/news/0"]).starts_with("apart"));
    assert!(world.refused(&["explain", "https://nowhere.example/"]).contains("not known"));

    let entries = world.ask_json(&["export", "--entries"]);
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[0]["feed"], world.publisher.url("/feed"));
    assert_eq!(entries[0]["role"], "lead");
    assert_eq!(world.ask_json(&["export", "--entries", "--rejected"]).len(), 4);
    let rejected = world.ask_json(&["export", "--rejected"]);
    assert_eq!((rejected.len(), &rejected[0]["relevant"]), (1, &false.into()), "{rejected:?}");
    assert_eq!(world.ask_json(&["export"]).len(), 3);

    let listed = world.ask(&["feeds", "list"]);
    assert!(listed.contains("configuration") && listed.contains("Fabline"), "{listed}");
    assert!(world.ask(&["feeds", "health"]).contains("next in"));
    assert!(world.ask(&["verify"]).contains("all well"));
    assert!(world.refused(&["poll", "Fabalien"]).contains("Fabline"), "the nearest name is given");
}

#[test]
fn commands_say_the_same_beside_a_daemon_and_without_one() {
    let world = world();
    let daemon = world.start();
    daemon.wait_for_wire(|wire| wire.items.len() == 3);
    ask_everything(&world);
    daemon.stop();
    ask_everything(&world);
    assert_eq!(world.publisher.targets().len(), 1, "none of it asked a publisher");
}

#[test]
fn a_poll_without_a_daemon_keeps_what_it_read_for_the_daemon() {
    let world = world();
    let said = world.ask(&["poll"]);
    assert!(said.contains("4 new entries, 3 relevant, 3 new stories"), "{said}");
    let daemon = world.start();
    assert_eq!(daemon.wire().items.len(), 3);
    let again = world.ask(&["poll"]);
    assert!(again.contains("0 new entries"), "{again}");
    assert!(world.publisher.requests("/feed")[1].field("if-none-match").is_some());
    drop(daemon);
}

#[test]
fn feeds_come_and_go_on_the_command_line_of_a_running_daemon() {
    let mut world = World::patient();
    world.subscribe("/feed", "Fabline");
    world.publisher.put("/feed", Reply::tagged(rss("Fabline", &[event(0, "fabline.example")])));
    let page = "<html><head><link rel=\"alternate\" type=\"application/rss+xml\" href=\"/long-gone\"><link rel=\"alternate\" type=\"application/rss+xml\" href=\"/added\"></head></html>";
    world.publisher.put("/", Reply::page(page));
    world.publisher.put("/added", Reply::tagged(rss("Added Chips", &[event(1, "added.example")])));
    let daemon = world.start();
    daemon.wait_for_story("2-nanometre");

    let said = world.ask(&["feeds", "add", &world.publisher.url("/")]);
    assert!(said.contains("Added Chips") && said.contains("1 entries"), "{said}");
    daemon.wait_for_story("HBM4");
    assert_eq!(world.publisher.requests("/added").len(), 1, "asked once, not again for the first poll");
    assert!(world.ask(&["feeds", "add", &world.publisher.url("/added")]).contains("already"));
    assert!(world.refused(&["feeds", "add", &world.publisher.url("/nothing")]).contains("404"));

    assert!(world.ask(&["feeds", "pause", "added chips"]).contains("paused"));
    let health = world.ask_json(&["feeds", "health", "--json"]);
    assert!(
        health.iter().any(|feed| feed["name"] == "Added Chips" && feed["state"] == "paused"),
        "{health:?}"
    );
    assert!(world.run(&["poll", "Added Chips"]).err.contains("switched off"));
    assert!(world.ask(&["feeds", "resume", "Added Chips"]).contains("polled again"));
    world.ask(&["poll", "Added Chips"]);
    assert!(world.publisher.requests("/added").last().unwrap().field("if-none-match").is_some());

    let opml = world.ask(&["feeds", "export"]);
    assert!(opml.contains("/added") && opml.contains("/feed"), "{opml}");
    assert!(world.ask(&["feeds", "remove", "Added Chips"]).contains("removed"));
    assert!(!world.ask(&["feeds", "list"]).contains("Added Chips"));
    let file = world.directory.path().join("feeds.opml");
    std::fs::write(&file, opml).unwrap();
    let imported = world.ask(&["feeds", "import", file.to_str().unwrap()]);
    assert!(imported.contains("1 feeds subscribed, 1 were already"), "{imported}");
    let checked = world.ask(&["feeds", "check"]);
    assert!(checked.contains("2 of 2 feeds are good"), "{checked}");
    assert!(world.ask_json(&["feeds", "list", "--json"]).iter().any(|feed| feed["origin"] == "command-line"));
    drop(daemon);
    assert!(world.ask(&["feeds", "list"]).contains("Added Chips"), "kept in the data directory");
}

#[test]
fn a_mistake_is_answered_in_one_line_with_a_status() {
    let world = World::patient();
    let directory = world.directory.path();
    for (arguments, part) in [
        (&["stroies"][..], "stories"),
        (&["stories", "--limit", "many"], "limit"),
        (&["stories", "--since", "yesterday"], "90m"),
        (&["feeds"], "chipwire"),
        (&["explain"], "URL|ID"),
        (&["--log", "loud", "check"], "debug"),
        (&["--config", "/nowhere/at/all.toml", "check"], "/nowhere/at/all.toml"),
        (&["--data", "/nowhere/at/all", "stories"], "no data here yet"),
        (&["restore", "/nowhere/backup"], "/nowhere/backup"),
    ] {
        let finished = bare(directory, arguments, "");
        assert!(finished.status.is_some_and(|status| status != 0), "{arguments:?}: {finished:?}");
        assert_eq!(finished.err.lines().count(), 1, "{arguments:?}: {finished:?}");
        assert!(finished.err.contains(part), "{arguments:?}: {finished:?}");
    }
}

#[test]
fn check_names_file_line_and_key_of_everything_that_is_wrong() {
    let mut world = World::patient();
    world.write_config();
    let good = world.run(&["check"]);
    assert_eq!(good.status, Some(0), "{good:?}");
    assert!(good.out.contains("good; 0 of 0 feeds are polled"), "{good:?}");
    world.poll += "concurency = 3\n";
    world.publish += "window = \"a week\"\n";
    world.write_config();
    let bad = world.run(&["check"]);
    assert_eq!(bad.status, Some(1), "{bad:?}");
    let lines: Vec<_> = bad.err.lines().collect();
    assert_eq!(lines.len(), 2, "{bad:?}");
    assert!(lines[0].contains("chipwire.toml:9") && lines[0].contains("concurrency"), "{bad:?}");
    assert!(lines[1].contains("publish.window"), "{bad:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_mishap() {
    let world = world();
    world.ask(&["poll"]);
    for verb in ["stories", "export", "topics list", "--help", "man", "completions bash"] {
        let line = format!(
            "{} --config {} --data {} --log warn {verb} | head -1",
            env!("CARGO_BIN_EXE_chipwire"),
            world.config().display(),
            world.data().display()
        );
        let output = Command::new("sh").args(["-c", &line]).stdin(Stdio::null()).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(errors.is_empty(), "{verb}: {errors}");
    }
}

#[test]
fn the_three_stages_are_filters() {
    let world = World::patient();
    let directory = world.directory.path();
    let file = directory.join("feed.xml");
    std::fs::write(&file, rss("Fabline", &[event(0, "fabline.example")])).unwrap();
    let parsed = bare(directory, &["parse", "--json", file.to_str().unwrap()], "");
    assert_eq!(parsed.status, Some(0), "{parsed:?}");
    let parsed: serde_json::Value = serde_json::from_str(&parsed.out).unwrap();
    assert_eq!((&parsed["ok"], &parsed["format"]), (&true.into(), &"rss2".into()), "{parsed}");
    let entry = &parsed["entries"][0];
    let line = serde_json::json!({"id": "a", "title": entry["title"], "summary": entry["summary"], "published": entry["published"]});
    let input = format!("{line}\nno json\n{{\"id\":\"b\",\"title\":\"Ten recipes for potato chips\"}}\n");
    let judged = bare(directory, &["classify"], &input);
    let judged: Vec<serde_json::Value> =
        judged.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(judged.len(), 3, "{judged:?}");
    assert_eq!((&judged[0]["relevant"], &judged[2]["relevant"]), (&true.into(), &false.into()));
    assert!(judged[1]["error"].is_string());
    let placed = bare(directory, &["cluster"], &input);
    let placed: Vec<serde_json::Value> =
        placed.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(placed[0]["role"], "lead", "{placed:?}");
    assert!(!directory.join(".local").exists(), "no data directory is opened");
}

//! How large, how fast: fills a store with N stories (1.5 entries each), then measures opening, recovery,
//! memory, disk, and what is left after nine tenths of them expire. For docs/storage.md.
//!
//! `cargo run --profile quick --example store_size -- 100000`, and, for a process that only opens what is there,
//! `… -- 100000 /tmp keep` and then `… -- open DIR`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    dead_code,
    clippy::similar_names,
    reason = "a measuring program"
)]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

#[path = "../tests/store_support/world.rs"]
mod world;

use chipwire::model::{Batch, Cause, Change, StoryId, Timestamp};
use chipwire::store::{Settings, Store};
use std::time::Instant;
use world::World;

fn main() {
    if std::env::args().nth(1).is_some_and(|arg| arg == "open") {
        let dir = std::env::args().nth(2).unwrap();
        let mut store = None;
        timed("open", || store = Some(open(dir.as_ref())));
        return show(&store.unwrap(), "opened");
    }
    let count: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let mut dir = tempfile::tempdir_in(std::env::args().nth(2).unwrap_or_else(|| "/tmp".to_owned())).unwrap();
    let (mut store, _) = Store::open(dir.path(), Settings::default(), Timestamp::default()).unwrap();
    let mut world = World::new(7);
    world.feeds = 200;
    world.content_chars = 600;
    let began = Instant::now();
    let mut stories: Vec<StoryId> = vec![];
    let mut commits = 0;
    let mut slowest = 0.0_f64;
    while (stories.len() as u64) < count {
        let mut changes = vec![];
        for at in 0..10 {
            let feed = world.dice.below(200);
            let new = world.new_story(feed);
            let Change::Story(story) = &new[0] else { continue };
            stories.push(story.id);
            if at % 2 == 0 {
                let (Change::Story(story), Change::Entry(kept)) = (&new[0], &new[1]) else { continue };
                let (mut story, mut other) = (story.clone(), kept.clone());
                other.entry = world.entry(feed + 1);
                story
                    .members
                    .push(chipwire::model::Member { entry: other.entry.id, ..story.members[0].clone() });
                changes.extend([Change::Story(story), Change::Entry(other), new[1].clone()]);
            } else {
                changes.extend(new);
            }
        }
        changes.push(Change::Feed(Box::new(world.feed_state(commits % 200))));
        world.now += std::time::Duration::from_mins(1);
        let one = Instant::now();
        store.commit(&Batch { at: world.now, cause: Cause::Clock, changes }).unwrap();
        slowest = slowest.max(one.elapsed().as_secs_f64());
        commits += 1;
    }
    println!(
        "{count} stories in {commits} batches: {:.1} s, slowest commit {slowest:.2} s",
        began.elapsed().as_secs_f64()
    );
    show(&store, "filled");
    drop(store);
    if std::env::args().any(|arg| arg == "keep") {
        dir.disable_cleanup(true);
        println!("{}", dir.path().display());
        return;
    }
    timed("open after a kill (index not closed)", || drop(open(dir.path())));
    timed("open again", || drop(open(dir.path())));
    std::fs::remove_dir_all(dir.path().join("sled")).unwrap();
    let mut store = None;
    timed("recovery from the journal alone", || store = Some(open(dir.path())));
    let mut store = store.unwrap();
    show(&store, "recovered");
    let began = Instant::now();
    for chunk in stories[..stories.len() / 10 * 9].chunks(20) {
        let changes = chunk.iter().map(|id| Change::StoryExpired(*id)).collect();
        store.commit(&Batch { at: world.now, cause: Cause::Clock, changes }).unwrap();
    }
    println!("nine tenths expired in {:.1} s", began.elapsed().as_secs_f64());
    show(&store, "after that");
}

fn open(dir: &std::path::Path) -> Store {
    let (store, report) = Store::open(dir, Settings::default(), Timestamp::default()).unwrap();
    println!("  {report}");
    store
}

/// Says how long something took, and how much of that the processor worked: the rest is the disk's, or other processes'.
fn timed(what: &str, work: impl FnOnce()) {
    let (began, before) = (Instant::now(), processor_seconds());
    work();
    println!(
        "{what}: {:.2} s, {:.2} s of processor time, {}",
        began.elapsed().as_secs_f64(),
        processor_seconds() - before,
        memory()
    );
}

fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // After the name in brackets: user and system time are the 12th and 13th field, in hundredths (proc(5)).
    let fields = stat.rsplit(')').next().unwrap().split_whitespace();
    fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default()
    };
    format!("{} MiB resident, {} MiB at most so far", kib("VmRSS") >> 10, kib("VmHWM") >> 10)
}

fn show(store: &Store, when: &str) {
    let counts = store.reader().counts().unwrap();
    println!(
        "{when}: disk {} MiB, live {} MiB, {} entries, {} stories, {} tombstones, {}",
        store.disk_bytes() >> 20,
        counts.live_bytes >> 20,
        counts.entries,
        counts.stories,
        counts.tombstones,
        memory()
    );
}

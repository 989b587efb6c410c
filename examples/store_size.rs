//! How large, how fast: fills a store with N stories (1.5 entries each), then measures opening, recovery,
//! memory, disk, and what is left after nine tenths of them expire. For docs/storage.md.
//!
//! `cargo run --profile quick --example store_size -- 100000`
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
    timed("open after a kill (index not closed)", || drop(open(&dir)));
    timed("open again", || drop(open(&dir)));
    std::fs::remove_dir_all(dir.path().join("sled")).unwrap();
    let mut store = None;
    timed("recovery from the journal alone", || store = Some(open(&dir)));
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

fn open(dir: &tempfile::TempDir) -> Store {
    let (store, report) = Store::open(dir.path(), Settings::default(), Timestamp::default()).unwrap();
    println!("  {report}");
    store
}

fn timed(what: &str, work: impl FnOnce()) {
    let began = Instant::now();
    work();
    println!("{what}: {:.2} s", began.elapsed().as_secs_f64());
}

fn show(store: &Store, when: &str) {
    let counts = store.reader().counts().unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let memory = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    println!(
        "{when}: disk {} MiB, live {} MiB, {} entries, {} stories, {} tombstones, {memory}",
        store.disk_bytes() >> 20,
        counts.live_bytes >> 20,
        counts.entries,
        counts.stories,
        counts.tombstones,
    );
}

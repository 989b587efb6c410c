//! Two simulated years: what comes in leaves again after the retention, and disk stays flat but for the
//! tombstones, which let nothing old come back as new.
//!
//! By hand, at full size: `CHIPWIRE_YEARS=200x30 cargo test --profile quick --test store_years -- --nocapture`
//! (feeds x entries a day).
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "helpers of tests"
)]
#![expect(dead_code, reason = "each test program uses a part of the helpers")]

#[path = "store_support/world.rs"]
mod world;

use chipwire::model::{Batch, Cause, Change, EntryId, FeedId, Reject, Timestamp};
use chipwire::store::{Place, Settings, Store};
use std::time::Duration;
use world::World;

/// A tombstone may take so much (issue 7).
const TOMBSTONE_BYTES: u64 = 16;
const RETENTION: Duration = Duration::from_hours(30 * 24);

fn scale() -> (u64, u64) {
    let given = std::env::var("CHIPWIRE_YEARS").ok();
    let parsed = given.as_deref().and_then(|text| text.split_once('x'));
    parsed.map_or((2, 10), |(feeds, entries)| (feeds.parse().unwrap(), entries.parse().unwrap()))
}

/// The day's poll of one feed: a sixth of its entries are about chips.
fn poll(world: &mut World, feed: u64, entries: u64) -> Vec<Change> {
    let mut changes = vec![];
    for at in 0..entries {
        if at % 6 == 0 {
            changes.extend(world.new_story(feed));
        } else {
            let reject = Reject { entry: world.entry(feed), verdict: world::verdict(false) };
            changes.push(Change::Reject(Box::new(reject)));
        }
    }
    changes.push(Change::Feed(Box::new(world.feed_state(feed))));
    changes
}

#[test]
fn two_years_leave_nothing_but_tombstones() {
    let (feeds, entries) = scale();
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings {
        checkpoint_min_bytes: 128 * 1024,
        compaction_min_bytes: 1024 * 1024,
        ..Settings::default()
    };
    let (mut store, _) = Store::open(dir.path(), settings, Timestamp::default()).unwrap();
    let mut world = World::new(1);
    // The world numbers its entries.
    let old = EntryId::of(FeedId::of(&world::feed_url(0)), "urn:entry:1");
    let (mut days, mut memories): (Vec<u64>, Vec<u64>) = (vec![], vec![]);
    for day in 1..=730_u64 {
        world.now += Duration::from_hours(24);
        let mut commit = |changes, at| store.commit(&Batch { at, cause: Cause::Clock, changes }).unwrap();
        let mut changes = vec![];
        for feed in 0..feeds {
            changes.extend(poll(&mut world, feed, entries));
            if feed % 10 == 9 || feed + 1 == feeds {
                commit(std::mem::take(&mut changes), world.now);
            }
        }
        let before = world.now - RETENTION;
        loop {
            let due = store.reader().due_to_expire(before, before, 500).unwrap();
            if due.is_empty() {
                break;
            }
            store.commit(&Batch { at: world.now, cause: Cause::Clock, changes: due }).unwrap();
        }
        let (counts, disk) = (store.reader().counts().unwrap(), store.disk_bytes());
        let without = disk.saturating_sub(counts.tombstones * TOMBSTONE_BYTES);
        days.push(without);
        memories.push(resident_kib());
        if day % 73 == 0 {
            println!(
                "day {day}: disk {} KiB (journal {}), {} KiB without tombstones; live {} KiB, {} entries, {} rejects, {} tombstones, {} MiB resident",
                disk >> 10,
                store.sizes().0 >> 10,
                without >> 10,
                counts.live_bytes >> 10,
                counts.entries,
                counts.rejects,
                counts.tombstones,
                resident_kib() >> 10
            );
        }
    }
    // The disk goes up and down by half with each compaction, every 25 to 30 days: a year ends with the mean of half a
    // year, which is six or seven of them; of 120 days, the phase alone made 8 %.
    let mean = |until: usize| days[until - 182..until].iter().sum::<u64>() / 182;
    let (first, second) = (mean(365), mean(730));
    println!("end of the first year {} KiB, of the second {} KiB", first >> 10, second >> 10);
    assert!(second * 10 <= first * 12, "{first} {second}");
    let most = |days: std::ops::Range<usize>| memories[days].iter().max().copied().unwrap();
    let (first, second) = (most(0..365), most(365..730));
    println!("at most {} MiB resident in the first year, {} MiB in the second", first >> 10, second >> 10);
    // What the allocator keeps for later depends on what met when, so a half more is not growth.
    assert!(second * 2 <= first * 3 + (32 << 11), "{first} {second} KiB");
    assert_eq!(store.reader().seen(old).unwrap().unwrap().place, Place::Expired);
    let unknown = EntryId::of(FeedId(1), "never seen");
    assert_eq!(store.reader().seen(unknown).unwrap(), None);
    assert!(store.verify().unwrap().is_well());
}

/// The process's memory; 0 where the system doesn't say.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}

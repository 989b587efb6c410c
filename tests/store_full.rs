//! A disk that is really full, with nothing held in reserve, so that sled meets it as well as the journal.
//!
//! Needs a small file system of its own, so it runs only where `CHIPWIRE_TINY_DISK` names one:
//! `mount -t tmpfs -o size=12m tmpfs /mnt/tiny && CHIPWIRE_TINY_DISK=/mnt/tiny cargo test --test store_full`
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "helpers of tests"
)]

#[path = "store_support/world.rs"]
mod world;

use chipwire::model::Timestamp;
use chipwire::store::{Advice, Settings, Store, abort_on_sled_panic};
use std::io::Write;
use std::path::Path;
use world::World;

/// Takes all space but so much.
fn fill_disk(ballast: &Path, leave_bytes: usize) {
    let mut file = std::fs::File::create(ballast).unwrap();
    let block = vec![0_u8; 4096];
    while file.write_all(&block).is_ok() {}
    let length = file.metadata().unwrap().len();
    file.set_len(length.saturating_sub(leave_bytes as u64)).unwrap();
}

#[test]
fn a_disk_that_is_full_in_earnest_costs_batches_and_loses_none() {
    let Ok(tiny) = std::env::var("CHIPWIRE_TINY_DISK") else {
        println!("skipped: CHIPWIRE_TINY_DISK names no small file system");
        return;
    };
    abort_on_sled_panic();
    let (dir, ballast) = (Path::new(&tiny).join("data"), Path::new(&tiny).join("ballast"));
    let _ = std::fs::remove_dir_all(&dir);
    let _ = std::fs::remove_file(&ballast);
    let settings = Settings { reserve_bytes: 0, checkpoint_min_bytes: 256 * 1024, ..Settings::default() };
    let (mut store, _) = Store::open(&dir, settings.clone(), Timestamp::default()).unwrap();
    let mut world = World::new(1);
    let (mut kept, mut refused) = (0, 0);
    for round in 0..12 {
        fill_disk(&ballast, round * 40_000);
        let mut failures = 0;
        for _ in 0..400 {
            let batch = world.next_batch();
            match store.commit(&batch) {
                Ok(_) => {
                    kept += 1;
                    world.expected.apply(&batch);
                }
                Err(error) => {
                    assert_eq!(error.advice(), Advice::GoOn, "round {round}: {error}");
                    failures += 1;
                    if failures > 5 {
                        break;
                    }
                }
            }
        }
        refused += failures;
        assert!(failures > 0, "round {round}: the disk was not full");
        std::fs::remove_file(&ballast).unwrap();
        let batch = world.next_batch();
        store.commit(&batch).unwrap_or_else(|error| panic!("round {round}: with room again: {error}"));
        kept += 1;
        world.expected.apply(&batch);
        world.expected.check(&store.reader(), &format!("round {round}"));
        if round % 3 == 2 {
            drop(store);
            (store, _) = Store::open(&dir, settings.clone(), Timestamp::default()).unwrap();
            world.expected.check(&store.reader(), &format!("after a restart in round {round}"));
        }
    }
    println!("a full disk: {kept} batches kept, {refused} refused, none lost");
}

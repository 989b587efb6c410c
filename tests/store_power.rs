//! The power goes out at any moment, the first seconds of a new directory included. The journal loses nothing
//! that was synced; sled, which syncs nothing, is whatever the disk had of it.
//!
//! `CHIPWIRE_FAULT_RUNS` gives how many states are made; by hand use 900 and more.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "helpers of tests"
)]
#![expect(dead_code, reason = "each test program uses a part of the helpers")]

#[path = "store_support/power.rs"]
mod power;
#[path = "store_support/tree_copy.rs"]
mod tree_copy;
#[path = "store_support/world.rs"]
mod world;

use chipwire::model::Timestamp;
use chipwire::store::{Settings, Store, StoreError};
use power::RecordingFiles;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use tree_copy::TreeCopy;
use world::{Dice, Expected, World};

fn runs() -> u64 {
    let given = std::env::var("CHIPWIRE_FAULT_RUNS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(90)
}

/// What happened in one life of a store, moment by moment.
struct Life {
    files: RecordingFiles,
    dir: PathBuf,
    /// How much had been done to files when a batch was acknowledged, and what the store held then.
    acknowledged: Vec<(usize, Expected)>,
    /// sled's files as they were at each acknowledgement.
    index: Vec<TreeCopy>,
}

fn live(files: RecordingFiles, seed: u64, batches: usize) -> Life {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { checkpoint_min_bytes: 16 * 1024, ..Settings::default() };
    let opened = Store::open_on(dir.path(), settings, Timestamp::default(), Arc::new(files.clone()));
    let (mut store, _) = opened.unwrap();
    let mut world = World::new(seed);
    let mut life = Life { files, dir: dir.path().to_owned(), acknowledged: vec![], index: vec![] };
    for _ in 0..batches {
        let batch = world.next_batch();
        store.commit(&batch).unwrap();
        world.expected.apply(&batch);
        life.acknowledged.push((life.files.moment(), world.expected.clone()));
        life.index.push(TreeCopy::of(dir.path()).below("sled"));
    }
    life
}

/// sled's files after a power loss: none, old ones, or pages of several moments side by side.
fn index_after_power_loss(life: &Life, acknowledged: usize, dice: &mut Dice) -> TreeCopy {
    let moments = &life.index[..acknowledged];
    let Some(newest) = moments.last() else { return TreeCopy::default() };
    let any = |dice: &mut Dice| &moments[usize::try_from(dice.below(moments.len() as u64)).unwrap()];
    match dice.below(4) {
        0 => TreeCopy::default(),
        1 => any(dice).clone(),
        2 => newest.clone(),
        _ => {
            let (old, mut mixed) = (any(dice).clone(), newest.clone());
            for (name, bytes) in &mut mixed.0 {
                let before = old.0.get(name).map(Vec::as_slice).unwrap_or_default();
                for (at, page) in bytes.chunks_mut(4096).enumerate() {
                    if dice.below(3) == 0 {
                        let old_page = before.get(at * 4096..).unwrap_or_default();
                        for (offset, byte) in page.iter_mut().enumerate() {
                            *byte = old_page.get(offset).copied().unwrap_or_default();
                        }
                    }
                }
            }
            mixed
        }
    }
}

/// Makes a state, opens it, and says what is wrong with it.
fn fault_after(life: &Life, moment: usize, dice: &mut Dice) -> Result<(), String> {
    let acknowledged = life.acknowledged.iter().take_while(|(at, _)| *at <= moment).count();
    let dir = tempfile::tempdir().unwrap();
    let mut state = index_after_power_loss(life, acknowledged, dice);
    for (path, bytes) in life.files.after_power_loss(moment, dice) {
        state.0.insert(path.strip_prefix(&life.dir).unwrap_or(&path).to_owned(), bytes);
    }
    state.write(dir.path());
    let opened: Result<_, StoreError> = Store::open(dir.path(), Settings::default(), Timestamp::default());
    let (store, report) = opened.map_err(|error| format!("unopenable: {error}"))?;
    let nothing = Expected::default();
    let least = acknowledged.checked_sub(1).map_or(&nothing, |at| &life.acknowledged[at].1);
    let is = |expected: &Expected| {
        // A store that lost a part of its journal may lead to anything, to a panic of the test's, too.
        let found = std::panic::catch_unwind(AssertUnwindSafe(|| Expected::of(&store.reader(), expected)));
        found.is_ok_and(|found| found == *expected)
    };
    // The batch that was under way may be there, or not; never half of it.
    let next = life.acknowledged.get(acknowledged).map(|(_, expected)| expected);
    if !is(least) && !next.is_some_and(is) {
        return Err(format!("not what batch {acknowledged} left: {report}"));
    }
    let verified = store.verify().map_err(|error| error.to_string())?;
    if verified.is_well() { Ok(()) } else { Err(format!("{:?}", verified.problems)) }
}

#[test]
fn a_power_loss_at_any_moment_loses_nothing_acknowledged() {
    let mut dice = Dice(31);
    let mut ran = 0;
    for seed in 0..3 {
        let life = live(RecordingFiles::default(), 40 + seed, 25);
        let end = life.files.moment();
        for run in 0..runs() / 3 {
            // A third of the states lie in the first seconds of the new directory.
            let last = if run % 3 == 0 { 8 } else { end };
            let moment = usize::try_from(dice.below(last as u64 + 1)).unwrap();
            if let Err(fault) = fault_after(&life, moment, &mut dice) {
                panic!("seed {seed}, run {run}, moment {moment} of {end}: {fault}");
            }
            ran += 1;
        }
    }
    println!("power loss: {ran} states, none lost, none half, all opened");
}

#[test]
fn a_store_that_does_not_sync_would_be_caught() {
    let life = live(RecordingFiles::that_forget_syncs(), 50, 25);
    let mut dice = Dice(32);
    let runs = 40;
    let end = life.files.moment();
    let moments = (0..runs).map(|_| end / 2 + usize::try_from(dice.below(end as u64 / 2)).unwrap());
    let moments: Vec<_> = moments.collect();
    let caught = moments.into_iter().filter(|moment| fault_after(&life, *moment, &mut dice).is_err()).count();
    println!("planted: no fsync: caught in {caught} of {runs} power losses");
    assert!(caught > runs / 2, "{caught}");
}

//! Every single thing that the store asks of the file system fails once, in every way; and a process is killed
//! at every write. What was acknowledged is there afterwards, and nothing is there by half.
//!
//! `CHIPWIRE_FAULT_RUNS` gives how many runs a sweep may take; by hand use 100000 for all.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "helpers of tests"
)]
#![expect(dead_code, reason = "each test program uses a part of the helpers")]

#[path = "store_support/faulty.rs"]
mod faulty;
#[path = "store_support/tree_copy.rs"]
mod tree_copy;
#[path = "store_support/world.rs"]
mod world;

use chipwire::model::Timestamp;
use chipwire::store::{Advice, IndexCondition, Settings, Store, StoreError};
use faulty::{Fault, FaultyFiles};
use std::path::Path;
use std::sync::Arc;
use tree_copy::TreeCopy;
use world::{Expected, World};

/// Checkpoints come early, so that a short script has some.
fn settings() -> Settings {
    Settings { checkpoint_min_bytes: 12 * 1024, ..Settings::default() }
}

fn runs() -> u64 {
    let given = std::env::var("CHIPWIRE_FAULT_RUNS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(60)
}

fn reopen(dir: &Path) -> (Store, chipwire::store::OpeningReport) {
    Store::open(dir, Settings::default(), Timestamp::default()).unwrap()
}

/// What a script of opening and committing led to.
struct Outcome {
    /// What was acknowledged.
    acknowledged: Expected,
    /// The same, with the batch after it, whose fate a broken store leaves open.
    in_flight: Option<Expected>,
    commits: u64,
    refused: u64,
    /// The directory as it was when the process was killed.
    killed: Option<TreeCopy>,
}

fn script(dir: &Path, files: &FaultyFiles, seed: u64, batches: u64) -> Outcome {
    let mut world = World::new(seed);
    let mut outcome =
        Outcome { acknowledged: Expected::default(), in_flight: None, commits: 0, refused: 0, killed: None };
    let opened = Store::open_on(dir, settings(), Timestamp::default(), Arc::new(files.clone()));
    let Ok((mut store, _)) = opened else {
        outcome.killed = files.is_dead().then(|| TreeCopy::of(dir));
        return outcome;
    };
    for _ in 0..batches {
        let batch = world.next_batch();
        let mut after = world.expected.clone();
        after.apply(&batch);
        match store.commit(&batch) {
            Ok(_) => {
                world.expected = after;
                outcome.commits += 1;
            }
            Err(error) => {
                outcome.refused += 1;
                if error.advice() == Advice::Restart {
                    outcome.in_flight = Some(after);
                    break;
                }
            }
        }
        if files.is_dead() {
            outcome.in_flight =
                Some(world.expected.clone()).filter(|_| outcome.in_flight.is_none()).or(outcome.in_flight);
            break;
        }
    }
    outcome.killed = files.is_dead().then(|| TreeCopy::of(dir));
    outcome.acknowledged = world.expected;
    outcome
}

/// Reopens and compares; what was found.
fn check(dir: &Path, outcome: &Outcome, case: &str) -> IndexCondition {
    let (store, report) = reopen(dir);
    let found = Expected::of(&store.reader(), &outcome.acknowledged);
    let is_in_flight =
        outcome.in_flight.as_ref().is_some_and(|after| Expected::of(&store.reader(), after) == *after);
    if !is_in_flight {
        assert!(report.sequence >= outcome.commits, "{case}: a batch is lost: {report}");
        if found != outcome.acknowledged {
            outcome.acknowledged.check(&store.reader(), case);
        }
    }
    let verified = store.verify().unwrap();
    assert!(verified.is_well(), "{case}: {:?}", verified.problems);
    report.index
}

#[test]
fn whatever_fails_once_nothing_acknowledged_is_lost() {
    let dry = FaultyFiles::default();
    let dir = tempfile::tempdir().unwrap();
    script(dir.path(), &dry, 5, 14);
    let steps = dry.asked();
    let all = steps * Fault::ALL.len() as u64;
    let stride = all.div_ceil(runs()).max(1);
    let (mut ran, mut acknowledged, mut refused) = (0, 0, 0);
    for at in (0..all).step_by(usize::try_from(stride).unwrap()) {
        let (number, fault) = (at / 4 + 1, Fault::ALL[usize::try_from(at % 4).unwrap()]);
        let dir = tempfile::tempdir().unwrap();
        let outcome = script(dir.path(), &FaultyFiles::fail_at(number, fault), 5, 14);
        check(dir.path(), &outcome, &format!("step {number} of {steps}, {fault:?}"));
        ran += 1;
        acknowledged += outcome.commits;
        refused += outcome.refused;
    }
    println!(
        "failed once: {ran} of {all} faults, {acknowledged} batches acknowledged, {refused} refused, none lost"
    );
}

#[test]
fn a_process_that_is_killed_at_any_write_loses_nothing_acknowledged() {
    let dry = FaultyFiles::default();
    let dir = tempfile::tempdir().unwrap();
    script(dir.path(), &dry, 6, 30);
    let steps = dry.asked();
    let stride = steps.div_ceil(runs()).max(1);
    let (mut ran, mut acknowledged) = (0, 0);
    for number in (1..=steps).step_by(usize::try_from(stride).unwrap()) {
        let dir = tempfile::tempdir().unwrap();
        let outcome = script(dir.path(), &FaultyFiles::die_at(number), 6, 30);
        let after = tempfile::tempdir().unwrap();
        outcome.killed.as_ref().unwrap().write(after.path());
        let index = check(after.path(), &outcome, &format!("killed at step {number} of {steps}"));
        assert!(
            !matches!(index, IndexCondition::Damaged(_) | IndexCondition::Ahead),
            "step {number}: {index:?}"
        );
        ran += 1;
        acknowledged += outcome.commits;
    }
    println!("killed: at {ran} of {steps} steps, {acknowledged} batches acknowledged, none lost");
}

/// How many things an opening of a store that is well asks of the file system.
fn steps_of_an_opening(dir: &Path) -> u64 {
    drop(reopen(dir));
    let files = FaultyFiles::default();
    drop(Store::open_on(dir, Settings::default(), Timestamp::default(), Arc::new(files.clone())).unwrap());
    files.asked()
}

#[test]
fn a_write_that_fails_is_taken_back_and_the_store_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    // Each batch is a write and a sync; this is the write of the third one.
    let number = steps_of_an_opening(dir.path()) + 5;
    let files = FaultyFiles::fail_at(number, Fault::ShortWrite);
    let opened = Store::open_on(dir.path(), Settings::default(), Timestamp::default(), Arc::new(files));
    let (mut store, _) = opened.unwrap();
    let mut world = World::new(8);
    let mut refused = 0;
    for _ in 0..20 {
        let batch = world.next_batch();
        match store.commit(&batch) {
            Ok(_) => world.expected.apply(&batch),
            Err(error) => {
                assert!(matches!(error, StoreError::Refused { .. }), "{error}");
                assert!(error.is_disk_full());
                assert_eq!(error.advice(), Advice::GoOn);
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 1);
    world.expected.check(&store.reader(), "after a refused batch");
    drop(store);
    world.expected.check(&reopen(dir.path()).0.reader(), "after a restart");
}

#[test]
fn a_directory_that_is_removed_or_replaced_takes_no_more_batches() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let (mut store, _) = reopen(&dir);
    let mut world = World::new(11);
    store.commit(&world.next_batch()).unwrap();
    std::fs::rename(&dir, parent.path().join("elsewhere")).unwrap();
    let error = store.commit(&world.next_batch()).unwrap_err();
    assert!(matches!(error, StoreError::Broken { .. }), "{error}");
    let (other, _) = reopen(&dir);
    assert_eq!(other.sequence(), 0);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn killed_at_any_write_of_any_history_a_store_reopens_with_all_that_was_acknowledged(
        seed in proptest::num::u64::ANY,
        batches in 1..25_u64,
        number in 1..90_u64,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let outcome = script(dir.path(), &FaultyFiles::die_at(number), seed, batches);
        let after = tempfile::tempdir().unwrap();
        // A history shorter than that ends without a kill: then it is what a restart finds.
        outcome.killed.clone().unwrap_or_else(|| TreeCopy::of(dir.path())).write(after.path());
        let index = check(after.path(), &outcome, &format!("seed {seed}, killed at step {number}"));
        assert!(!matches!(index, IndexCondition::Damaged(_) | IndexCondition::Ahead));
    }
}

#[test]
fn a_full_disk_refuses_batches_until_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let files = FaultyFiles::default();
    let opened =
        Store::open_on(dir.path(), Settings::default(), Timestamp::default(), Arc::new(files.clone()));
    let (mut store, _) = opened.unwrap();
    let mut world = World::new(9);
    for round in 0..3 {
        files.set_free_bytes(Some(1000));
        let error = store.commit(&world.next_batch()).unwrap_err();
        assert!(matches!(error, StoreError::DiskFull { free_bytes: 1000, .. }), "{error}");
        assert_eq!(error.advice(), Advice::GoOn);
        world.expected.check(&store.reader(), "still readable");
        files.set_free_bytes(None);
        let batch = world.next_batch();
        store.commit(&batch).unwrap();
        world.expected.apply(&batch);
        world.expected.check(&store.reader(), &format!("round {round}"));
    }
}

#[test]
fn a_failed_fsync_stops_the_store_for_good() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(10);
    let files = FaultyFiles::fail_at(steps_of_an_opening(dir.path()) + 2, Fault::Io);
    let opened = Store::open_on(dir.path(), Settings::default(), Timestamp::default(), Arc::new(files));
    let (mut store, _) = opened.unwrap();
    for _ in 0..3 {
        let error = store.commit(&world.next_batch()).unwrap_err();
        assert!(matches!(error, StoreError::Broken { .. }), "{error}");
        assert_eq!(error.advice(), Advice::Restart);
    }
    drop(store);
    world.expected.check(&reopen(dir.path()).0.reader(), "after a restart");
}

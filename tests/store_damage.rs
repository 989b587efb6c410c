//! Files that rot at rest: single bits flipped, ends cut off, pages zeroed, files gone; in the journal and in
//! every file of sled's. One such fault loses nothing, since journal and index stand in for each other.
//!
//! `CHIPWIRE_FAULT_RUNS` gives how many runs a sweep may take.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "helpers of tests"
)]

#[path = "store_support/tree_copy.rs"]
mod tree_copy;
#[path = "store_support/world.rs"]
mod world;

use chipwire::model::Timestamp;
use chipwire::store::files::{DataFile, Files, RealFiles};
use chipwire::store::{IndexCondition, OpeningReport, Settings, Store, StoreError};
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tree_copy::TreeCopy;
use world::{Dice, Expected, World};

fn runs() -> u64 {
    let given = std::env::var("CHIPWIRE_FAULT_RUNS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(60)
}

fn open(dir: &Path) -> Result<(Store, OpeningReport), StoreError> {
    Store::open(dir, Settings::default(), Timestamp::default())
}

/// A store with a checkpoint, batches after it, and long values; closed in good order.
fn filled(seed: u64, batches: usize) -> (TreeCopy, Expected) {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { checkpoint_min_bytes: 60 * 1024, ..Settings::default() };
    let (mut store, _) = Store::open(dir.path(), settings, Timestamp::default()).unwrap();
    let mut world = World::new(seed);
    for _ in 0..batches {
        let batch = world.next_batch();
        store.commit(&batch).unwrap();
        world.expected.apply(&batch);
    }
    store.close().unwrap();
    (TreeCopy::of(dir.path()), world.expected)
}

/// Writes the files out, opens them, and compares.
fn check(files: &TreeCopy, expected: &Expected, case: &str) -> OpeningReport {
    let dir = tempfile::tempdir().unwrap();
    files.write(dir.path());
    let (store, report) = open(dir.path()).unwrap_or_else(|error| panic!("{case}: {error}"));
    expected.check(&store.reader(), case);
    let verified = store.verify().unwrap();
    assert!(verified.is_well(), "{case}: {:?}", verified.problems);
    drop(store);
    let (store, again) = open(dir.path()).unwrap();
    assert!(!again.is_repaired(), "{case}: repaired twice: {again}");
    expected.check(&store.reader(), case);
    report
}

fn pick(files: &TreeCopy, dice: &mut Dice) -> PathBuf {
    let names: Vec<_> = files.0.iter().filter(|(_, bytes)| !bytes.is_empty()).map(|(name, _)| name).collect();
    // Half of the faults go where the truth is.
    match dice.below(2) {
        0 => PathBuf::from("journal"),
        _ => names[usize::try_from(dice.below(names.len() as u64)).unwrap()].clone(),
    }
}

fn below(dice: &mut Dice, end: usize) -> usize {
    usize::try_from(dice.below(end as u64)).unwrap()
}

#[test]
fn a_flipped_bit_in_any_file_loses_nothing() {
    let (files, expected) = filled(11, 60);
    let mut dice = Dice(12);
    let (mut repaired, mut harmless) = (0, 0);
    for run in 0..runs() {
        let mut flipped = files.clone();
        let name = pick(&files, &mut dice);
        let bytes = flipped.0.get_mut(&name).unwrap();
        let at = below(&mut dice, bytes.len());
        bytes[at] ^= 1 << dice.below(8);
        let report =
            check(&flipped, &expected, &format!("run {run}: a bit of {}, byte {at}", name.display()));
        if report.is_repaired() { repaired += 1 } else { harmless += 1 }
    }
    println!("bit flips: {} runs, {repaired} repaired, {harmless} without effect, none lost", runs());
}

#[test]
fn a_file_that_is_cut_off_loses_nothing() {
    let (files, expected) = filled(13, 60);
    let mut dice = Dice(14);
    for run in 0..runs() {
        let mut cut = files.clone();
        let name = pick(&files, &mut dice);
        let bytes = cut.0.get_mut(&name).unwrap();
        let length = match run % 3 {
            0 => bytes.len() - 1 - below(&mut dice, bytes.len().min(2000)),
            1 => below(&mut dice, bytes.len()),
            _ => 0,
        };
        bytes.truncate(length);
        check(&cut, &expected, &format!("run {run}: {} cut to {length}", name.display()));
    }
}

#[test]
fn a_zeroed_page_loses_nothing() {
    let (files, expected) = filled(15, 60);
    let mut dice = Dice(16);
    for run in 0..runs() {
        let mut zeroed = files.clone();
        let name = pick(&files, &mut dice);
        let bytes = zeroed.0.get_mut(&name).unwrap();
        let page = below(&mut dice, bytes.len().div_ceil(4096)) * 4096;
        let end = (page + 4096).min(bytes.len());
        bytes[page..end].fill(0);
        check(&zeroed, &expected, &format!("run {run}: {} zeroed at {page}", name.display()));
    }
}

#[test]
fn a_file_that_is_gone_loses_nothing() {
    let (files, expected) = filled(17, 60);
    for name in files.0.keys() {
        let mut less = files.clone();
        less.0.remove(name);
        check(&less, &expected, &format!("{} is gone", name.display()));
    }
    let mut without_index = files.clone();
    without_index.0.retain(|name, _| !name.starts_with("sled"));
    assert_eq!(check(&without_index, &expected, "no index").index, IndexCondition::Behind);
}

#[test]
fn garbage_after_the_journal_is_a_torn_end_and_dropped() {
    let (files, expected) = filled(18, 20);
    let mut longer = files.clone();
    longer
        .0
        .get_mut(Path::new("journal"))
        .unwrap()
        .extend_from_slice(&[0xC7, b'W', b'J', 1, 0xFF, 0xFF, 0xFF, 0xFF, 9]);
    let report = check(&longer, &expected, "garbage at the end");
    assert_eq!((report.torn_bytes, report.is_repaired()), (9, false));
}

#[test]
fn half_a_snapshot_of_sleds_is_removed_before_it_trips_over_it() {
    let (mut files, expected) = filled(19, 20);
    files.0.insert("sled/snap.0000000000000123.generating".into(), b"half".to_vec());
    check(&files, &expected, "a half-written snapshot");
}

#[test]
fn an_index_that_is_older_than_the_checkpoint_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path()).unwrap();
    let mut world = World::new(20);
    let mut old_index = TreeCopy::default();
    for at in 0..30 {
        let batch = world.next_batch();
        store.commit(&batch).unwrap();
        world.expected.apply(&batch);
        if at == 10 {
            old_index = TreeCopy::of(dir.path()).below("sled");
        }
    }
    store.checkpoint().unwrap();
    store.close().unwrap();
    let mut files = TreeCopy::of(dir.path());
    files.0.retain(|name, _| !name.starts_with("sled"));
    files.0.extend(old_index.0);
    assert_eq!(check(&files, &world.expected, "an old index").index, IndexCondition::Behind);
}

#[test]
fn a_damaged_journal_and_a_damaged_index_give_what_is_left_and_keep_both_aside() {
    let (mut files, expected) = filled(21, 60);
    let journal = files.0.get_mut(Path::new("journal")).unwrap();
    let at = journal.len() / 2;
    journal[at] ^= 1;
    files.0.get_mut(Path::new("sled/db")).unwrap().fill(0x55);
    let dir = tempfile::tempdir().unwrap();
    files.write(dir.path());
    let (store, report) = open(dir.path()).unwrap();
    assert!(matches!(report.index, IndexCondition::Damaged(_)), "{report}");
    assert!(!report.journal_damage.is_empty(), "{report}");
    let quarantine = report.quarantine.unwrap();
    assert!(quarantine.join("journal").exists() && quarantine.join("sled/db").exists());
    let left = store.reader().all_kept().count();
    assert!(left > 0 && left <= expected.kept.len(), "{left} of {}", expected.kept.len());
}

/// The planted bug: a reader of frames that does not look at their checksums. It is the real reader, over files
/// that put the checksum right that the damaged bytes would have.
#[derive(Debug)]
struct Unchecked;

impl Files for Unchecked {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DataFile>> {
        RealFiles.create(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DataFile>> {
        let mut bytes = std::fs::read(path)?;
        let mut at = 0;
        while let Some(head) = bytes.get(at..at + 21) {
            let length = usize::try_from(u32::from_be_bytes(head[4..8].try_into().unwrap())).unwrap();
            let Some(payload) = bytes.get(at + 21..at + 21 + length) else { break };
            let mut hasher = crc32fast::Hasher::new();
            hasher.update(&head[..17]);
            hasher.update(payload);
            let crc = hasher.finalize().to_be_bytes();
            bytes[at + 17..at + 21].copy_from_slice(&crc);
            at += 21 + length;
        }
        std::fs::write(path, bytes)?;
        RealFiles.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealFiles.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealFiles.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        RealFiles.sync_directory(path)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        RealFiles.free_bytes(path)
    }
}

#[test]
fn a_store_that_does_not_check_checksums_would_be_caught() {
    let (mut files, expected) = filled(22, 60);
    files.0.retain(|name, _| !name.starts_with("sled"));
    let mut dice = Dice(23);
    let (mut caught, runs) = (0, 40);
    for _ in 0..runs {
        let mut flipped = files.clone();
        let journal = flipped.0.get_mut(Path::new("journal")).unwrap();
        let at = below(&mut dice, journal.len());
        journal[at] ^= 1 << dice.below(8);
        let dir = tempfile::tempdir().unwrap();
        flipped.write(dir.path());
        let opened =
            Store::open_on(dir.path(), Settings::default(), Timestamp::default(), Arc::new(Unchecked));
        // The sound store says that the journal is damaged; this one must not get away with wrong data. What it
        // takes from the file may be no JSON, no entry, no word that anybody knows: that is caught, too.
        let is_right = opened.is_ok_and(|(store, _)| {
            let found =
                std::panic::catch_unwind(AssertUnwindSafe(|| Expected::of(&store.reader(), &expected)));
            found.is_ok_and(|found| found == expected)
        });
        caught += u32::from(!is_right);
    }
    println!("planted: no checksums: caught in {caught} of {runs} bit flips");
    assert!(caught > runs / 2, "{caught}");
}

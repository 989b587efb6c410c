//! What the store promises: what was acknowledged is there, after every way of ending.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

#[path = "store_support/world.rs"]
mod world;

use chipwire::model::{Change, EntryId, Timestamp};
use chipwire::store::{IndexCondition, Place, Settings, Store, StoreError};
use std::path::Path;
use world::World;

fn open(dir: &Path) -> (Store, chipwire::store::OpeningReport) {
    Store::open(dir, Settings::default(), Timestamp::default()).unwrap()
}

#[test]
fn what_was_acknowledged_is_there_at_once_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    let mut world = World::new(1);
    for _ in 0..400 {
        let batch = world.next_batch();
        store.commit(&batch).unwrap();
        world.expected.apply(&batch);
    }
    world.expected.check(&store.reader(), "at once");
    store.close().unwrap();
    let (store, report) = open(dir.path());
    assert_eq!(report.index, IndexCondition::Well);
    assert_eq!(store.sequence(), 400);
    world.expected.check(&store.reader(), "after a restart");
}

#[test]
fn a_second_process_is_told_who_has_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let _held = open(dir.path());
    let error = Store::open(dir.path(), Settings::default(), Timestamp::default()).err().unwrap();
    assert!(
        matches!(&error, StoreError::Locked { pid, .. } if *pid == std::process::id().to_string()),
        "{error}"
    );
}

#[test]
fn a_story_that_expired_is_known_and_not_new() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    let mut world = World::new(2);
    let changes = world.new_story(0);
    let Change::Entry(kept) = changes[1].clone() else { panic!("no entry") };
    let batch = |changes| chipwire::model::Batch { changes, ..World::new(3).next_batch() };
    store.commit(&batch(changes)).unwrap();
    store.commit(&batch(vec![Change::StoryExpired(kept.story)])).unwrap();
    let reader = store.reader();
    assert_eq!(reader.kept(kept.entry.id).unwrap(), None);
    assert_eq!(reader.seen(kept.entry.id).unwrap().unwrap().place, Place::Expired);
    let same = reader.same_entry(kept.entry.feed, kept.entry.canonical.as_deref(), "Another title").unwrap();
    assert_eq!(reader.seen(same.unwrap()).unwrap().unwrap().place, Place::Expired);
    assert_eq!(reader.seen(EntryId(1)).unwrap(), None);
}

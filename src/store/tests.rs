use super::index::{Index, Write};
use super::key::Place;
use super::opening::IndexCondition;
use super::record::{BatchRecord, Record};
use super::tree::Tree;
use super::{Health, Settings, Store, apply, draft, opening};
use crate::model::{
    Batch, Cause, Change, Entry, EntryId, FeedId, Kept, Kind, Member, Role, Story, StoryId, Timestamp,
    Verdict,
};
use std::path::Path;

fn open(dir: &Path) -> (Store, super::OpeningReport) {
    Store::open(dir, Settings::default(), Timestamp::default()).unwrap()
}

/// A batch that touches many trees.
fn batch(number: u64) -> Batch {
    let (feed, at) = (FeedId::of("https://a.example/"), Timestamp::default());
    let id = EntryId::of(feed, &number.to_string());
    let story = StoryId::founded_by(id);
    let entry = Entry {
        title: format!("Title {number}"),
        canonical: Some(format!("https://a.example/{number}")),
        summary: "text".repeat(20),
        ..Entry::bare(feed, number.to_string(), at)
    };
    let verdict =
        Verdict { relevant: true, score: f32::NAN, kind: Kind::News, topics: vec![], reasons: vec![] };
    let member = Member { entry: id, role: Role::Lead, similarity: 1.0, because: String::new() };
    let story = Story {
        id: story,
        lead: id,
        members: vec![member],
        first_seen: at,
        published: at,
        released: None,
        updated: at,
        related: vec![],
        led: vec![],
        is_withheld: false,
    };
    let kept = Kept { entry, verdict, story: story.id, is_machine_written: false };
    let changes = vec![Change::Entry(Box::new(kept)), Change::Story(Box::new(story))];
    Batch { at, cause: Cause::Poll(feed), changes }
}

fn copy(from: &Path, to: &Path) {
    for item in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&item.path(), &target);
        } else {
            std::fs::copy(item.path(), target).unwrap();
        }
    }
}

/// The tombstones of the first schema, as it laid them out.
fn first_buckets(ids: &[u64]) -> std::collections::BTreeMap<Vec<u8>, Vec<u8>> {
    let mut buckets: std::collections::BTreeMap<Vec<u8>, Vec<u8>> = std::collections::BTreeMap::new();
    for id in ids {
        let rest = (id & (u64::MAX >> 12)).to_be_bytes();
        let key = u16::try_from(id >> 52).unwrap().to_be_bytes();
        buckets.entry(key.to_vec()).or_default().extend_from_slice(&rest[1..]);
    }
    buckets
}

#[test]
fn a_tombstone_is_found_before_and_after_its_bucket_grows_old() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let guard = store.shared.index.read().unwrap();
    let mut draft = draft::Draft::new(guard.as_ref().unwrap());
    // All of one young bucket, spread over its sixteen old ones.
    let ids: Vec<u64> = (0..400_u64).map(|at| 7 << 56 | at << 47 | at << 8).collect();
    for (at, id) in ids.iter().enumerate() {
        apply::bury(&mut draft, *id).unwrap();
        apply::bury(&mut draft, *id).unwrap();
        assert!(ids[..=at].iter().all(|id| apply::is_buried(&draft, *id).unwrap()), "{at}");
        assert!(!apply::is_buried(&draft, id | 1 << 40).unwrap());
    }
    for id in &ids {
        apply::exhume(&mut draft, *id).unwrap();
        assert!(!apply::is_buried(&draft, *id).unwrap());
    }
    let (_, summary) = draft.finish(store.summary.clone()).unwrap();
    assert_eq!(summary.of(Tree::Tombstone).bytes, 0, "nothing of them is left");
}

/// With the journal gone, the index of an older version is all there is: it is brought up to date where it lies.
#[test]
fn an_index_of_the_first_schema_is_upgraded_in_place_when_the_journal_is_lost() {
    let mut ids: Vec<u64> = (1..2_000_u64).map(|at| at.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
    // The lowest and the highest buckets, and two that are one now.
    ids.extend([0, 1, 5 << 8, 0x12_34FF_0000_0000, u64::MAX]);
    ids.sort_unstable();
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    store.commit(&batch(1)).unwrap();
    let mut summary = store.summary.clone();
    let mut writes = vec![];
    for (key, value) in first_buckets(&ids) {
        summary.entry(Tree::Tombstone).add(&key, &value);
        writes.push(Write { tree: Tree::Tombstone, key, value: Some(value) });
    }
    store.shared.read(|index| Ok(index.write_as(1, &writes, Some(1), &summary)?)).unwrap();
    store.close().unwrap();
    std::fs::remove_file(dir.path().join("journal")).unwrap();
    let (store, report) = open(dir.path());
    assert_eq!(report.sequence, 1, "{report}");
    let reader = store.reader();
    for id in &ids {
        assert_eq!(reader.seen(EntryId(*id)).unwrap().unwrap().place, Place::Expired, "{id:016x}");
    }
    assert_eq!(reader.seen(EntryId(7 << 40)).unwrap(), None);
    assert_eq!(reader.counts().unwrap().tombstones, ids.len() as u64 - 1);
    assert_eq!(reader.stories_newest_first().count(), 1);
    assert!(store.verify().unwrap().is_well());
    drop(store);
    assert_eq!(open(dir.path()).1.index, IndexCondition::Well);
}

/// The planted bug: writes one by one instead of in one transaction, and a kill after each of them.
#[test]
fn a_batch_that_is_written_without_a_transaction_would_be_caught() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    store.commit(&batch(1)).unwrap();
    let next = BatchRecord::of(&batch(2)).unwrap();
    store.journal.append(2, &next.encode().unwrap()).unwrap();
    let guard = store.shared.index.read().unwrap();
    let index: &Index = guard.as_ref().unwrap();
    let mut draft = draft::Draft::new(index);
    apply::apply(&mut draft, next, 2).unwrap();
    let (writes, _) = draft.finish(store.summary.clone()).unwrap();
    assert!(writes.len() > 5, "{writes:?}");
    for (done, write) in (1..).zip(&writes) {
        index.write_alone(std::slice::from_ref(write)).unwrap();
        index.flush().unwrap();
        let killed = tempfile::tempdir().unwrap();
        copy(dir.path(), killed.path());
        let (after, report) = open(killed.path());
        assert!(
            matches!(report.index, IndexCondition::Damaged(_)),
            "{done} of {} writes: {report}",
            writes.len()
        );
        assert_eq!(after.reader().stories_newest_first().count(), 2);
        assert!(after.verify().unwrap().is_well());
    }
}

#[test]
fn an_index_that_failed_is_opened_again_with_the_next_batch() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    let reader = store.reader();
    store.commit(&batch(1)).unwrap();
    *store.shared.index.write().unwrap() = None;
    store.health = Health::WithoutIndex("a test took it".to_owned());
    assert!(reader.counts().is_err());
    assert_eq!(store.commit(&batch(2)).unwrap(), 2);
    assert_eq!(reader.stories_newest_first().count(), 2);
}

#[test]
fn an_index_that_can_not_be_opened_again_costs_batches_but_loses_none() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    store.commit(&batch(1)).unwrap();
    *store.shared.index.write().unwrap() = None;
    store.health = Health::WithoutIndex("a test took it".to_owned());
    // A file where the directory was: opening it is refused by the system, or repaired.
    let index = opening::index_path(dir.path());
    std::fs::remove_dir_all(&index).unwrap();
    std::fs::write(&index, b"no directory").unwrap();
    assert_eq!(store.commit(&batch(2)).unwrap(), 2, "what is no index is set aside");
    drop(store);
    let (store, _) = open(dir.path());
    assert_eq!(store.reader().stories_newest_first().count(), 2);
}

#[test]
fn numbers_that_json_can_not_hold_become_zero() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    store.commit(&batch(1)).unwrap();
    let kept = store.reader().all_kept().next().unwrap().unwrap();
    assert_eq!(kept.verdict.score.to_bits(), 0);
}

#[test]
fn a_process_that_is_ending_breaks_off_a_rebuild_and_keeps_what_it_had() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    for number in 0..400 {
        store.commit(&batch(number)).unwrap();
    }
    let reader = store.reader();
    reader.hurry();
    let error = store.rebuild().unwrap_err();
    assert!(error.to_string().contains("is ending"), "{error}");
    assert!(!opening::next_index_path(dir.path()).exists());
    store.commit(&batch(400)).unwrap();
    assert_eq!(reader.stories_newest_first().count(), 401);
}

#[test]
fn what_the_system_refuses_is_no_damage() {
    let of_system = |number| sled::Error::Io(std::io::Error::from_raw_os_error(number));
    let cases = [
        ("no space (ENOSPC)", of_system(28), true),
        ("no permission (EACCES)", of_system(13), true),
        ("too many files (EMFILE)", of_system(24), true),
        ("out of memory (ENOMEM)", of_system(12), true),
        ("read-only (EROFS)", of_system(30), true),
        ("the disk does not answer (EIO)", of_system(5), true),
        (
            "held by a handle",
            sled::Error::Io(std::io::Error::other("could not acquire lock on \"db\"")),
            true,
        ),
        ("a file is missing (ENOENT)", of_system(2), false),
        ("a file ends too early", sled::Error::Io(std::io::ErrorKind::UnexpectedEof.into()), false),
        ("corruption", sled::Error::Corruption { at: None, bt: () }, false),
        ("a bug", sled::Error::ReportableBug(String::new()), false),
    ];
    for (case, error, is_environment) in cases {
        assert_eq!(super::index::is_environment(&error), is_environment, "case: {case}");
    }
}

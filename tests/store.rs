//! What the store promises: what was acknowledged is there, after every way of ending.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::similar_names,
    reason = "helpers of tests"
)]

#[path = "store_support/world.rs"]
mod world;

use chipwire::model::{
    Batch, Cause, Change, EntryId, FeedId, Kept, Member, Reject, Role, Story, StoryId, Timestamp,
};
use chipwire::store::{
    self, IndexCondition, OpeningReport, Place, Settings, Store, StoreError, StoryLookup, check_backup,
    restore, verify,
};
use std::path::Path;
use std::time::Duration;
use world::World;

fn open(dir: &Path) -> (Store, OpeningReport) {
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
    let batch = |changes| Batch { changes, ..World::new(3).next_batch() };
    store.commit(&batch(changes)).unwrap();
    store.commit(&batch(vec![Change::StoryExpired(kept.story)])).unwrap();
    let reader = store.reader();
    assert_eq!(reader.kept(kept.entry.id).unwrap(), None);
    assert_eq!(reader.seen(kept.entry.id).unwrap().unwrap().place, Place::Expired);
    let same = reader.same_entry(kept.entry.feed, kept.entry.canonical.as_deref(), "Another title").unwrap();
    assert_eq!(reader.seen(same.unwrap()).unwrap().unwrap().place, Place::Expired);
    assert_eq!(reader.seen(EntryId(1)).unwrap(), None);
}

/// Commits as many batches as asked for, and has them expected.
fn fill(store: &mut Store, world: &mut World, batches: usize) {
    for _ in 0..batches {
        let batch = world.next_batch();
        store.commit(&batch).unwrap();
        world.expected.apply(&batch);
    }
}

fn commit(store: &mut Store, changes: Vec<Change>) {
    store.commit(&Batch { at: world::start(), cause: Cause::Clock, changes }).unwrap();
}

fn kept(changes: &[Change]) -> Kept {
    let found = changes.iter().find_map(|change| match change {
        Change::Entry(kept) => Some(kept.as_ref().clone()),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn an_entry_is_the_same_under_another_guid_by_its_link_or_when_only_the_site_moved() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    let mut world = World::new(3);
    let changes = world.new_story(0);
    let entry = kept(&changes).entry;
    commit(&mut store, changes);
    let reader = store.reader();
    let link = entry.canonical.clone().unwrap();
    let moved = link.replace("news.example", "www.newer.example");
    let cases = [
        ("the same link", Some(link.as_str()), "Any title", true),
        ("no link, the same title", None, entry.title.as_str(), true),
        ("another host, the same path and title", Some(moved.as_str()), entry.title.as_str(), true),
        ("another host, the same path, another title", Some(moved.as_str()), "Any title", false),
        ("a title that comes every week", Some("https://news.example/week-2"), entry.title.as_str(), false),
        ("nothing in common", None, "Any title", false),
    ];
    for (case, canonical, title, is_same) in cases {
        let found = reader.same_entry(entry.feed, canonical, title).unwrap();
        assert_eq!(found, is_same.then_some(entry.id), "case: {case}");
    }
    let other_feed = FeedId(1);
    assert_eq!(reader.same_entry(other_feed, Some(&link), &entry.title).unwrap(), None);
    assert_eq!(reader.entries_by_url(&link).unwrap(), [entry.id]);
}

#[test]
fn another_guid_of_an_entry_leads_to_it_until_both_expire() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    let mut world = World::new(4);
    let mut changes = world.new_story(0);
    let kept = kept(&changes);
    let (other, third) = (EntryId(1), EntryId(2));
    changes.push(Change::EntryAlias { from: other, to: kept.entry.id });
    changes.push(Change::EntryAlias { from: third, to: other });
    commit(&mut store, changes);
    let reader = store.reader();
    for alias in [other, third] {
        assert_eq!(reader.kept(alias).unwrap().unwrap().entry.id, kept.entry.id);
        assert_eq!(reader.seen(alias).unwrap().unwrap().place, Place::Kept);
    }
    commit(&mut store, vec![Change::StoryExpired(kept.story)]);
    commit(&mut store, vec![Change::EntryAlias { from: EntryId(3), to: kept.entry.id }]);
    for id in [kept.entry.id, other, third, EntryId(3)] {
        assert_eq!(reader.seen(id).unwrap().unwrap().place, Place::Expired, "{id}");
        assert_eq!(reader.kept(id).unwrap(), None);
    }
    assert!(store.verify().unwrap().is_well());
}

#[test]
fn a_joined_story_leads_to_where_it_went_however_often_that_moves() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    let mut world = World::new(5);
    let stories: Vec<StoryId> = (0..3)
        .map(|_| {
            let changes = world.new_story(0);
            let id = kept(&changes).story;
            commit(&mut store, changes);
            id
        })
        .collect();
    commit(&mut store, vec![Change::StoryAlias { from: stories[0], to: stories[1] }]);
    commit(&mut store, vec![Change::StoryAlias { from: stories[1], to: stories[2] }]);
    let reader = store.reader();
    for moved in &stories[..2] {
        assert_eq!(reader.story(*moved).unwrap(), Some(StoryLookup::MovedTo(stories[2])));
    }
    assert_eq!(reader.stories_newest_first().count(), 1);
}

#[test]
fn stories_come_by_their_day_and_what_is_too_old_is_due_to_leave() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    let mut world = World::new(6);
    for _ in 0..300 {
        world.now += Duration::from_hours(1);
        let mut changes = world.new_story(0);
        let reject = Reject { entry: world.entry(1), verdict: world::verdict(false) };
        changes.push(Change::Reject(Box::new(reject)));
        commit(&mut store, changes);
    }
    let reader = store.reader();
    let times: Vec<Timestamp> = reader.stories_newest_first().map(|story| story.unwrap().published).collect();
    assert_eq!(times.len(), 300);
    assert!(times.is_sorted_by(|one, other| one > other));
    let (from, to) = (world.now - Duration::from_hours(48), world.now - Duration::from_hours(24));
    assert_eq!(reader.stories_between(from, to).count(), 24);
    assert_eq!(reader.stories_since(from).count(), 49);
    let due = reader.due_to_expire(from, to, 1000).unwrap();
    assert_eq!(due.len(), 251 + 275);
    commit(&mut store, due);
    assert_eq!(reader.due_to_expire(from, to, 1000).unwrap(), []);
    assert_eq!(reader.stories_newest_first().count(), 49);
    assert_eq!(reader.rejects().count(), 25);
    assert!(store.verify().unwrap().is_well());
}

#[test]
fn a_story_of_thousands_of_entries_and_an_entry_of_megabytes_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    let mut world = World::new(7);
    world.content_chars = 1_000_000;
    let changes = world.new_story(0);
    let Change::Story(story) = changes[0].clone() else { panic!("no story") };
    let long = kept(&changes);
    commit(&mut store, changes);
    let reader = store.reader();
    let found = reader.kept(long.entry.id).unwrap().unwrap();
    assert!(!found.entry.content.is_empty() && found.entry.content.len() < 64 * 1024);
    assert!(long.entry.content.starts_with(&found.entry.content));
    assert_eq!(found.entry.content_html, "", "half of a markup would be none");
    let before = reader.seen(long.entry.id).unwrap().unwrap();
    let members = (0..3000).map(|at| Member {
        entry: EntryId(at),
        role: Role::Duplicate,
        similarity: 1.0,
        because: "the same text".repeat(5),
    });
    let mut large: Story = *story;
    large.members.extend(members);
    commit(&mut store, vec![Change::Story(Box::new(large.clone())), Change::Entry(Box::new(found))]);
    assert_eq!(reader.story(large.id).unwrap(), Some(StoryLookup::Here(Box::new(large.clone()))));
    assert_eq!(reader.seen(long.entry.id).unwrap().unwrap(), before, "put back as it was read: nothing new");
    large.members.truncate(1);
    commit(&mut store, vec![Change::Story(Box::new(large.clone()))]);
    store.close().unwrap();
    let (store, _) = open(dir.path());
    assert_eq!(store.reader().story(large.id).unwrap(), Some(StoryLookup::Here(Box::new(large))));
    assert!(store.verify().unwrap().is_well());
}

#[test]
fn walking_is_complete_at_every_size_of_page() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    let mut world = World::new(8);
    for size in 1..=260 {
        world.now += Duration::from_secs(1);
        let changes = world.new_story(0);
        commit(&mut store, changes);
        if [1, 2, 127, 128, 129, 255, 256, 257].contains(&size) {
            let reader = store.reader();
            assert_eq!(reader.stories_newest_first().count(), size);
            assert_eq!(reader.entries_in_arrival_order(Timestamp::default()).count(), size);
            assert_eq!(reader.all_kept().count(), size);
        }
    }
}

#[test]
fn a_backup_restores_the_same_store_in_another_directory() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut store, _) = open(dir.path());
    let mut world = World::new(9);
    fill(&mut store, &mut world, 120);
    let file = elsewhere.path().join("backup");
    let report = store.backup(&file).unwrap();
    let then = world.expected.clone();
    fill(&mut store, &mut world, 30);
    let checked = check_backup(&file).unwrap();
    assert_eq!((checked.sequence, checked.bytes), (report.sequence, report.bytes));
    let data = elsewhere.path().join("data");
    let (restored, opened) = restore(&data, &file, Settings::default(), Timestamp::default(), false).unwrap();
    assert!(!opened.is_repaired(), "{opened}");
    assert_eq!(restored.sequence(), 120);
    then.check(&restored.reader(), "restored");
    assert!(restored.verify().unwrap().is_well());
    world.expected.check(&store.reader(), "the live one went on");
}

#[test]
fn restoring_over_data_asks_first_and_keeps_the_old_data_aside() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut store, _) = open(dir.path());
    let mut world = World::new(10);
    fill(&mut store, &mut world, 20);
    let file = elsewhere.path().join("backup");
    store.backup(&file).unwrap();
    let then = world.expected.clone();
    fill(&mut store, &mut world, 20);
    store.close().unwrap();
    let now = Timestamp::default();
    let refused = restore(dir.path(), &file, Settings::default(), now, false).err().unwrap();
    assert!(matches!(refused, StoreError::NotEmpty { .. }), "{refused}");
    world.expected.check(&open(dir.path()).0.reader(), "untouched");
    let (restored, _) = restore(dir.path(), &file, Settings::default(), now, true).unwrap();
    then.check(&restored.reader(), "replaced");
    drop(restored);
    then.check(&open(dir.path()).0.reader(), "replaced, after a restart");
    let aside = std::fs::read_dir(dir.path()).unwrap().flatten();
    let mut aside = aside.filter(|item| item.file_name().to_string_lossy().starts_with("replaced-"));
    world.expected.check(&open(&aside.next().unwrap().path()).0.reader(), "the old data");
}

#[test]
fn what_is_no_whole_backup_is_refused_and_nothing_is_touched() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut store, _) = open(dir.path());
    let mut world = World::new(11);
    fill(&mut store, &mut world, 20);
    let file = elsewhere.path().join("backup");
    store.backup(&file).unwrap();
    let whole = std::fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 4;
    let mut huge = whole.clone();
    huge[4..8].fill(0xFF);
    let cases: [(&str, &[u8]); 6] = [
        ("empty", b""),
        ("text", b"not a backup at all"),
        ("cut", &whole[..whole.len() - 10]),
        ("a flipped bit", &flipped),
        ("a frame of 4 GiB", &huge),
        ("something after its end", &[whole.as_slice(), b"more"].concat()),
    ];
    for (case, bytes) in cases {
        std::fs::write(&file, bytes).unwrap();
        let data = elsewhere.path().join("data");
        let refused = restore(&data, &file, Settings::default(), Timestamp::default(), true).err();
        assert!(matches!(refused, Some(StoreError::Backup { .. })), "case: {case}: {refused:?}");
        assert!(!data.exists(), "case: {case}");
    }
}

#[test]
fn rebuild_and_verify_work_on_a_store_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    let mut world = World::new(12);
    fill(&mut store, &mut world, 60);
    let reader = store.reader();
    store.rebuild().unwrap();
    world.expected.check(&reader, "a reader from before");
    fill(&mut store, &mut world, 20);
    store.checkpoint().unwrap();
    store.rebuild().unwrap();
    fill(&mut store, &mut world, 20);
    let report = store.verify().unwrap();
    assert!(report.is_well(), "{:?}", report.problems);
    assert_eq!((report.sequence, report.batches), (100, 20));
    world.expected.check(&reader, "after all");
    drop(store);
    let report = verify(dir.path(), &Settings::default()).unwrap();
    assert!(report.is_well(), "{:?}", report.problems);
    world.expected.check(&open(dir.path()).0.reader(), "after a restart");
}

#[test]
fn verify_says_what_is_damaged_and_repairs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    let mut world = World::new(13);
    fill(&mut store, &mut world, 60);
    store.close().unwrap();
    let journal = dir.path().join("journal");
    let mut bytes = std::fs::read(&journal).unwrap();
    let at = bytes.len() / 3;
    bytes[at] ^= 1;
    std::fs::write(&journal, &bytes).unwrap();
    for _ in 0..2 {
        let report = verify(dir.path(), &Settings::default()).unwrap();
        assert!(
            report.problems.iter().any(|problem| problem.starts_with("journal: ")),
            "{:?}",
            report.problems
        );
    }
    let (store, opened) = open(dir.path());
    assert!(opened.is_repaired());
    world.expected.check(&store.reader(), "the next start repairs it from the index");
    assert!(store.verify().unwrap().is_well());
}

#[test]
fn a_store_shrinks_when_most_of_it_has_left() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { compaction_min_bytes: 3 * 1024 * 1024, ..Settings::default() };
    let (mut store, _) = Store::open(dir.path(), settings, Timestamp::default()).unwrap();
    let mut world = World::new(14);
    world.content_chars = 2000;
    let mut stories = vec![];
    for _ in 0..128 {
        let changes: Vec<_> = (0..8).flat_map(|_| world.new_story(0)).collect();
        stories.extend(changes.iter().filter_map(|change| match change {
            Change::Story(story) => Some(story.id),
            _ => None,
        }));
        commit(&mut store, changes);
    }
    let full = store.disk_bytes();
    let reader = store.reader();
    for chunk in stories[..stories.len() / 10 * 9].chunks(10) {
        commit(&mut store, chunk.iter().map(|id| Change::StoryExpired(*id)).collect());
    }
    // The smaller index is made by a thread and takes its place after some later batch.
    for _ in 0..6000 {
        commit(&mut store, vec![]);
        if store.disk_bytes() < full / 4 {
            break;
        }
    }
    let (disk, live) = (store.disk_bytes(), reader.counts().unwrap().live_bytes);
    println!("disk {full} bytes with all, {disk} with a tenth ({live} live)");
    assert!(disk < full / 4, "{disk} bytes for {live}");
    assert_eq!(reader.stories_newest_first().count(), stories.len() - stories.len() / 10 * 9);
    assert!(store.verify().unwrap().is_well());
}

#[test]
fn a_store_of_a_newer_schema_is_refused_and_an_older_one_upgraded() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    let mut world = World::new(15);
    fill(&mut store, &mut world, 10);
    store.checkpoint().unwrap();
    store.close().unwrap();
    let journal = dir.path().join("journal");
    let bytes = std::fs::read(&journal).unwrap();
    for (schema, is_newer) in [(b"9", true), (b"0", false)] {
        std::fs::write(&journal, with_schema(&bytes, *schema)).unwrap();
        match Store::open(dir.path(), Settings::default(), Timestamp::default()) {
            Err(error) => {
                assert!(is_newer && matches!(error, StoreError::NewerSchema { found: 9, .. }), "{error}");
                assert!(error.to_string().contains("newer chipwire"), "{error}");
            }
            Ok((store, report)) => {
                assert!(!is_newer && report.quarantine.is_some(), "{report}");
                world.expected.check(&store.reader(), "upgraded");
            }
        }
    }
    let again = open(dir.path()).1;
    assert_eq!((again.index, again.quarantine), (IndexCondition::Well, None));
}

/// A journal whose first frame names another schema, with the right checksum.
fn with_schema(journal: &[u8], digit: [u8; 1]) -> Vec<u8> {
    let mut bytes = journal.to_vec();
    let needle = b"\"schema\":";
    let at = bytes.windows(needle.len()).position(|window| window == needle).unwrap() + needle.len();
    bytes[at] = digit[0];
    let length = usize::try_from(u32::from_be_bytes(bytes[4..8].try_into().unwrap())).unwrap();
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..17]);
    hasher.update(&bytes[21..21 + length]);
    let crc = hasher.finalize().to_be_bytes();
    bytes[17..21].copy_from_slice(&crc);
    bytes
}

#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("new/data");
    let (store, _) = open(&dir);
    store.backup(&parent.path().join("backup")).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for file in [dir.join("LOCK"), dir.join("journal"), parent.path().join("backup")] {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn the_lock_says_where_the_control_socket_is() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path());
    let pid = std::process::id().to_string();
    assert_eq!(store::holder(dir.path()), Some(store::Holder { pid: pid.clone(), socket: None }));
    store.announce_socket(Path::new("/run/short.sock")).unwrap();
    let holder = store::Holder { pid, socket: Some("/run/short.sock".into()) };
    assert_eq!(store::holder(dir.path()), Some(holder));
}

/// Written by the first version of the store; made by this test with `CHIPWIRE_WRITE_FIXTURE=1`, once.
#[test]
fn a_store_of_the_first_version_opens() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/store/schema-1.journal");
    if std::env::var("CHIPWIRE_WRITE_FIXTURE").is_ok() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings { checkpoint_min_bytes: 16 * 1024, ..Settings::default() };
        let (mut store, _) = Store::open(dir.path(), settings, Timestamp::default()).unwrap();
        let mut world = World::new(1999);
        world.content_chars = 40;
        fill(&mut store, &mut world, 40);
        let counts = store.reader().counts().unwrap();
        println!("{counts:?}, {:?}", store.reader().stories_newest_first().next());
        std::fs::create_dir_all(fixture.parent().unwrap()).unwrap();
        std::fs::copy(dir.path().join("journal"), &fixture).unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(&fixture, dir.path().join("journal")).unwrap();
    let (store, report) = open(dir.path());
    assert!(!report.is_repaired(), "{report}");
    assert_eq!(store.sequence(), 40);
    assert!(store.verify().unwrap().is_well());
    let reader = store.reader();
    let counts = reader.counts().unwrap();
    let newest = reader.stories_newest_first().next().unwrap().unwrap();
    let lead = reader.kept(newest.lead).unwrap().unwrap();
    insta::assert_snapshot!(
        format!(
            "{} feeds, {} entries, {} rejects, {} stories, {} tombstones; {} {}: {}",
            counts.feeds, counts.entries, counts.rejects, counts.stories, counts.tombstones,
            newest.id, newest.published, lead.entry.title
        ),
        @r#"5 feeds, 28 entries, 23 rejects, 19 stories, 12 tombstones; f13a3bfa3be84d1d 2026-05-28 20:57:57.123456789 UTC: Foundry 57 tapes out "N186""#
    );
}

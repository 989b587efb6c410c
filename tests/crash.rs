//! The real daemon, killed with SIGKILL at random moments while a farm of publishers keeps changing, and started
//! again. What it acknowledged is there once; a validator is kept only with its body; a story keeps its id.
//!
//! `CHIPWIRE_KILLS` gives how often it is killed; by hand use 1000 and more.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "helpers of tests"
)]
#![expect(dead_code, reason = "each test program uses a part of the helpers")]

#[path = "crash_support/farm.rs"]
mod farm;
#[path = "store_support/tree_copy.rs"]
mod tree_copy;
#[path = "store_support/world.rs"]
mod world;

use chipwire::model::{EntryId, FeedId, Timestamp};
use chipwire::store::{IndexCondition, Settings, Store};
use farm::{FEEDS, Farm};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tree_copy::TreeCopy;
use world::Dice;

fn kills() -> u64 {
    let given = std::env::var("CHIPWIRE_KILLS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(25)
}

/// The daemon in a directory of its own, its pages on a socket there.
struct Daemon {
    dir: tempfile::TempDir,
}

impl Daemon {
    fn new(farm: &Farm) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = format!(
            "[poll]\nbuiltin_feeds = false\ndefault_interval = \"150ms\"\nmin_interval = \"100ms\"\nhost_gap = \"0s\"\n\
             per_host = 4\nallow_networks = [\"127.0.0.0/8\"]\n[publish]\nsettle = \"0s\"\n\
             [serve]\nlisten = \"unix:{}\"\nadmin_listen = \"\"\n",
            dir.path().join("web").display()
        );
        for feed in 0..FEEDS {
            config += &format!("[[feed]]\nurl = \"{}\"\n", farm.url(feed));
        }
        std::fs::write(dir.path().join("config.toml"), config).unwrap();
        Self { dir }
    }

    fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    fn start(&self) -> Child {
        Command::new(env!("CARGO_BIN_EXE_chipwire"))
            .args(["run", "--config"])
            .arg(self.dir.path().join("config.toml"))
            .arg("--data")
            .arg(self.data())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(self.dir.path().join("log")).unwrap())
            .spawn()
            .unwrap()
    }

    /// Waits until the farm was asked so many times more.
    fn wait_for_requests(&self, farm: &Farm, more: u64, case: &str) {
        if !farm.wait_for(more) {
            let log = std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            let copy = tempfile::tempdir().unwrap();
            TreeCopy::of(&self.data()).write(copy.path());
            let (store, _) = Store::open(copy.path(), Settings::default(), Timestamp::default()).unwrap();
            let states: Vec<_> = store.reader().feed_states().map(Result::unwrap).collect();
            panic!("{case}: the daemon asks for nothing any more\n{states:#?}\n{log}");
        }
    }

    /// The wire's items: id and headline. `None` while nothing is served yet.
    fn wire(&self) -> Option<Vec<(String, String)>> {
        let mut stream = UnixStream::connect(self.dir.path().join("web")).ok()?;
        stream.write_all(b"GET /feed.json HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        assert!(head.contains(" 200 "), "{head}");
        let feed: serde_json::Value = serde_json::from_str(body).unwrap();
        let text = |item: &serde_json::Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
        Some(feed["items"].as_array()?.iter().map(|item| (text(item, "id"), text(item, "title"))).collect())
    }
}

/// What readers were ever shown.
#[derive(Default)]
struct Shown {
    ids: BTreeMap<String, String>,
    looks: u64,
}

impl Shown {
    fn look(&mut self, daemon: &Daemon, case: &str) {
        let Some(items) = daemon.wire() else { return };
        self.looks += 1;
        let mut now = BTreeMap::new();
        for (id, title) in items {
            if let Some(other) = now.insert(title.clone(), id.clone()) {
                panic!("{case}: {title:?} is published twice, as {other} and {id}");
            }
            let first = self.ids.entry(title.clone()).or_insert_with(|| id.clone());
            assert_eq!(*first, id, "{case}: {title:?} changed its id");
        }
    }
}

/// Holds a copy of what the killed daemon left against what the farm served.
fn check(data: &Path, farm: &Farm, case: &str) -> (u64, u64) {
    let copy = tempfile::tempdir().unwrap();
    TreeCopy::of(data).write(copy.path());
    let (store, report) = Store::open(copy.path(), Settings::default(), Timestamp::default()).unwrap();
    assert!(!matches!(report.index, IndexCondition::Damaged(_) | IndexCondition::Ahead), "{case}: {report}");
    assert_eq!(report.journal_damage, [""; 0], "{case}");
    let verified = store.verify().unwrap();
    assert!(verified.is_well(), "{case}: {:?}", verified.problems);
    let reader = store.reader();
    let state = farm.state.0.lock().unwrap();
    let mut entries = 0;
    for feed in 0..FEEDS {
        let id = FeedId::of(&farm.url(feed));
        let etag = reader.feed_state(id).unwrap().and_then(|state| state.validators.etag);
        let version: usize = etag.map_or(0, |tag| {
            String::from_utf8(tag).unwrap().trim_matches('"').strip_prefix('v').unwrap().parse().unwrap()
        });
        assert!(version >= state.acknowledged[feed], "{case}: what was asked for with is not in the store");
        // A validator is only there with the whole body that it came with.
        for item in &state.feeds[feed][..version] {
            let seen = reader.seen(EntryId::of(id, &item.guid)).unwrap();
            assert!(seen.is_some(), "{case}: feed {feed}, version {version}: {} is lost", item.guid);
            entries += 1;
        }
    }
    (report.sequence, entries)
}

#[test]
fn a_daemon_that_is_killed_at_any_moment_loses_and_doubles_nothing() {
    let farm = Farm::start();
    let daemon = Daemon::new(&farm);
    let mut shown = Shown::default();
    let mut dice = Dice(kills());
    let mut last = (0, 0);
    for kill in 0..kills() {
        let case = format!("kill {kill}");
        let mut child = daemon.start();
        daemon.wait_for_requests(&farm, 1 + dice.below(10), &case);
        shown.look(&daemon, &case);
        daemon.wait_for_requests(&farm, dice.below(4), &case);
        // A moment of its own, not one that the farm's answers are in step with.
        std::thread::sleep(Duration::from_micros(dice.below(20_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        last = check(&daemon.data(), &farm, &case);
    }
    let mut child = daemon.start();
    daemon.wait_for_requests(&farm, 3 * FEEDS as u64, "the end");
    shown.look(&daemon, "at the end");
    end_in_good_order(&mut child);
    let (batches, entries) = check(&daemon.data(), &farm, "after the end");
    println!(
        "{} kills: {batches} batches and {entries} entries acknowledged (before the end {last:?}), \
         {} headlines shown in {} looks; none lost, none doubled",
        kills(),
        shown.ids.len(),
        shown.looks
    );
    assert!(shown.ids.len() > 5, "nothing was published");
}

#[expect(clippy::disallowed_methods, reason = "a promise about time")]
fn end_in_good_order(child: &mut Child) {
    let asked = Instant::now();
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}

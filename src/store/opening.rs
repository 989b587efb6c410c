//! Opening a data directory, in whatever state the last process, the power or the disk left it (STORE.md,
//! rule 3). The journal is the truth; the index is checked against what it says of itself, and made anew from
//! the journal when it is not whole.

use super::build;
use super::checkpoint;
use super::error::StoreError;
use super::files::{self, Files};
use super::index::{self, Index, IndexState};
use super::journal::{Checkpoint, Journal, Scan};
use super::panics::Opening;
use super::tree::Summary;
use super::upgrade;
use super::{SCHEMA, Settings};
use crate::model::Timestamp;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What an opening found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningReport {
    /// The last batch that the store holds.
    pub sequence: u64,
    /// Records in all trees.
    pub records: u64,
    /// Batches that were taken from the journal because the index did not have them.
    pub replayed: u64,
    /// Bytes of a batch that was never acknowledged, cut off the journal's end.
    pub torn_bytes: u64,
    /// What the index was like.
    pub index: IndexCondition,
    /// What is wrong with the journal; empty is well.
    pub journal_damage: Vec<String>,
    /// Where damaged files were kept.
    pub quarantine: Option<PathBuf>,
}

/// What the index was like when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexCondition {
    /// Whole.
    Well,
    /// There was none, as in a new directory.
    New,
    /// Gone, or older than the journal's checkpoint: made anew.
    Behind,
    /// Damaged: made anew from the journal.
    Damaged(String),
    /// It had batches that the damaged journal has lost, so the journal was made anew from it.
    Ahead,
}

impl OpeningReport {
    /// Whether something was damaged: for a loud line and a metric.
    pub fn is_repaired(&self) -> bool {
        matches!(self.index, IndexCondition::Damaged(_) | IndexCondition::Ahead)
            || !self.journal_damage.is_empty()
    }
}

impl fmt::Display for OpeningReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records up to batch {}", self.records, self.sequence)?;
        if self.replayed > 0 {
            write!(f, ", {} batches replayed from the journal", self.replayed)?;
        }
        if self.torn_bytes > 0 {
            write!(f, ", {} bytes of an unfinished batch dropped", self.torn_bytes)?;
        }
        match &self.index {
            IndexCondition::Well | IndexCondition::New => {}
            IndexCondition::Behind => write!(f, ", the index was made anew")?,
            IndexCondition::Damaged(reason) => {
                write!(f, "; THE INDEX WAS DAMAGED ({reason}) and was made anew from the journal")?;
            }
            IndexCondition::Ahead => write!(f, "; THE JOURNAL HAD LOST BATCHES that the index still has")?,
        }
        if !self.journal_damage.is_empty() {
            write!(f, "; THE JOURNAL IS DAMAGED: {}", self.journal_damage.join(", "))?;
        }
        if let Some(quarantine) = &self.quarantine {
            write!(f, "; the damaged files are kept in {}", quarantine.display())?;
        }
        Ok(())
    }
}

/// What an opening leads to.
pub(super) struct Opened {
    pub(super) index: Index,
    pub(super) journal: Journal,
    pub(super) sequence: u64,
    pub(super) summary: Summary,
    pub(super) report: OpeningReport,
}

/// The name of the index in the data directory.
pub(super) fn index_path(dir: &Path) -> PathBuf {
    dir.join("sled")
}

/// Where an index is made that will take the place of the one in use.
pub(super) fn next_index_path(dir: &Path) -> PathBuf {
    dir.join("sled.next")
}

/// Where the index goes whose place was taken.
pub(super) fn old_index_path(dir: &Path) -> PathBuf {
    dir.join("sled.old")
}

/// Opens what lies in a locked directory.
pub(super) fn open(
    dir: &Path,
    settings: &Settings,
    files: &Arc<dyn Files>,
    now: Timestamp,
) -> Result<Opened, StoreError> {
    let _panics = Opening::begin();
    remove_leftovers(dir, files.as_ref())?;
    let mut scan = scan_journal(dir, files.as_ref())?;
    if scan.is_none() && !index_path(dir).exists() {
        // The truth comes first: a power loss a moment later finds an empty store, not a damaged one.
        begin_journal(dir, files.as_ref())?;
        scan = scan_journal(dir, files.as_ref())?;
    }
    if let Some(found) =
        scan.as_ref().and_then(|scan| scan.checkpoint.as_ref()).map(|checkpoint| checkpoint.schema)
    {
        refuse_newer(dir, found)?;
    }
    let mut opening = Attempt { dir, settings, files, now, quarantine: None };
    let (mut index, mut condition) = opening.examine_index(scan.as_ref())?;
    if Opening::saw_panic() && index.take().is_some() {
        condition = IndexCondition::Damaged("one of its threads panicked".to_owned());
    }
    let opened = opening.settle(scan, index, condition)?;
    if Opening::saw_panic() {
        return Err(StoreError::Index {
            reason: "one of its threads panicked while it was made anew".to_owned(),
        });
    }
    Ok(opened)
}

/// The journal of a new store.
fn begin_journal(dir: &Path, files: &dyn Files) -> Result<(), StoreError> {
    let (path, draft) = (Journal::path_in(dir), Journal::draft_path_in(dir));
    checkpoint::write_empty(files, &draft)?;
    let done = files.rename(&draft, &path).and_then(|()| files.sync_directory(dir));
    done.map_err(|source| StoreError::environment("put the journal in place", &path, source))
}

fn refuse_newer(dir: &Path, found: u32) -> Result<(), StoreError> {
    if found > SCHEMA {
        Err(StoreError::NewerSchema { dir: dir.to_owned(), found, known: SCHEMA })
    } else {
        Ok(())
    }
}

/// What a process that was killed may have left half done. sled trips over its own half-written snapshots
/// (upstream #1527).
fn remove_leftovers(dir: &Path, files: &dyn Files) -> Result<(), StoreError> {
    let failed = |path: &Path, source| StoreError::environment("remove", path, source);
    let draft = Journal::draft_path_in(dir);
    if draft.exists() {
        files.remove(&draft).map_err(|source| failed(&draft, source))?;
    }
    for path in [next_index_path(dir), old_index_path(dir)] {
        remove_directory(&path).map_err(|source| failed(&path, source))?;
    }
    for item in fs::read_dir(index_path(dir)).into_iter().flatten().flatten() {
        let name = item.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(item.path()).map_err(|source| failed(&item.path(), source))?;
        }
    }
    Ok(())
}

/// Removes a directory with what is in it; none is fine.
pub(super) fn remove_directory(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

pub(super) fn scan_journal(dir: &Path, files: &dyn Files) -> Result<Option<Scan>, StoreError> {
    let path = Journal::path_in(dir);
    let failed = |source| StoreError::environment("read the journal", &path, source);
    match files.open(&path) {
        Ok(file) => Scan::of(file.as_ref()).map(Some).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

struct Attempt<'a> {
    dir: &'a Path,
    settings: &'a Settings,
    files: &'a Arc<dyn Files>,
    now: Timestamp,
    quarantine: Option<PathBuf>,
}

impl Attempt<'_> {
    /// The index as it lies there, if it is whole; and what it was like.
    fn examine_index(
        &self,
        scan: Option<&Scan>,
    ) -> Result<(Option<(Index, IndexState)>, IndexCondition), StoreError> {
        let path = index_path(self.dir);
        if scan.is_some_and(|scan| scan.is_older_schema() && scan.is_well()) {
            // Records are upgraded while they are loaded, so the index has to be made anew.
            return Ok((None, IndexCondition::Behind));
        }
        if !path.exists() {
            let is_new = scan.is_none_or(|scan| scan.last() == 0 && scan.is_well());
            return Ok((None, if is_new { IndexCondition::New } else { IndexCondition::Behind }));
        }
        // A process that was killed in its first moments leaves half an index of nothing.
        let is_empty = scan.is_some_and(|scan| scan.last() == 0 && scan.is_well());
        let damaged = |reason: String| {
            let condition = if is_empty { IndexCondition::New } else { IndexCondition::Damaged(reason) };
            Ok((None, condition))
        };
        // What the system refuses is no damage, and nothing may be touched.
        let judged = |error: sled::Error| {
            if index::is_environment(&error) {
                Err(StoreError::of_opening(&path, error))
            } else {
                damaged(error.to_string())
            }
        };
        let index = match Index::open(&path, self.settings.cache_bytes) {
            Ok(index) => index,
            Err(error) => return judged(error),
        };
        let state = match index.state() {
            Ok(state) => state,
            Err(error) => return judged(error),
        };
        if scan.is_none_or(|scan| scan.checkpoint.is_none()) {
            refuse_newer(self.dir, state.schema)?;
        }
        let Some(sequence) = state.sequence else {
            return damaged("it does not say what it holds".to_owned());
        };
        match index.count(&|| ()) {
            Ok(found) => {
                if let Some(tree) = found.differences(&state.summary).first() {
                    return damaged(format!("the tree {} does not hold what it should", tree.name()));
                }
            }
            Err(error) => return judged(error),
        }
        let base = scan.and_then(|scan| scan.checkpoint.as_ref());
        if base.is_some_and(|base| sequence < base.sequence) {
            return Ok((None, IndexCondition::Behind));
        }
        if base.is_some_and(|base| {
            sequence == base.sequence && !base.summary.differences(&state.summary).is_empty()
        }) {
            return damaged("it is not what the journal's checkpoint says".to_owned());
        }
        let state = upgrade::in_place(&index, state)?;
        Ok((Some((index, state)), IndexCondition::Well))
    }

    /// Brings index and journal together.
    fn settle(
        &mut self,
        scan: Option<Scan>,
        index: Option<(Index, IndexState)>,
        mut condition: IndexCondition,
    ) -> Result<Opened, StoreError> {
        let is_new = scan.is_none();
        let scan = scan.unwrap_or_default();
        let (index, sequence, summary, replayed) = if let Some((index, state)) = index {
            let from = state.sequence.unwrap_or(0);
            let (replayed, summary) = build::replay(&self.site(), &scan, &index, (from, state.summary))?;
            if from > scan.last() {
                condition = IndexCondition::Ahead;
            }
            (index, from.max(scan.last()), summary, replayed)
        } else {
            self.clear_index(&condition, is_new || scan.is_well())?;
            let (sequence, summary) = build::make(&self.site(), &scan)?;
            let index = build::put_in_place(&self.site())?;
            (index, sequence, summary, scan.batches.len() as u64)
        };
        index.write(&[], Some(sequence), &summary)?;
        let journal =
            if is_new || !scan.is_well() || scan.is_older_schema() || condition == IndexCondition::Ahead {
                self.rewrite_journal(&index, sequence, &summary, is_new)?
            } else {
                Journal::resume(Arc::clone(self.files), &Journal::path_in(self.dir), &scan)?
            };
        let report = OpeningReport {
            sequence,
            records: summary.records(),
            replayed,
            torn_bytes: scan.tail_bytes,
            index: condition,
            journal_damage: if is_new { Vec::new() } else { scan.damage },
            quarantine: self.quarantine.clone(),
        };
        Ok(Opened { index, journal, sequence, summary, report })
    }

    fn site(&self) -> build::Site<'_> {
        let (files, cache_bytes) = (self.files.as_ref(), self.settings.cache_bytes);
        build::Site { dir: self.dir, files, cache_bytes, is_ending: None }
    }

    /// Makes room for another index. The old one is kept aside if that says something: because it is damaged, or
    /// because the journal can't replace all of it.
    fn clear_index(&mut self, condition: &IndexCondition, is_journal_well: bool) -> Result<(), StoreError> {
        let path = index_path(self.dir);
        if path.exists() && (matches!(condition, IndexCondition::Damaged(_)) || !is_journal_well) {
            let aside = self.quarantine()?.join("sled");
            return self
                .files
                .rename(&path, &aside)
                .map_err(|e| StoreError::environment("set aside", &path, e));
        }
        remove_directory(&path).map_err(|source| StoreError::environment("remove", &path, source))
    }

    /// The directory for damaged files.
    fn quarantine(&mut self) -> Result<PathBuf, StoreError> {
        if let Some(path) = &self.quarantine {
            return Ok(path.clone());
        }
        prune_quarantine(self.dir);
        let time = self.now.format("%Y%m%dT%H%M%S%.6fZ");
        let names = (0..).map(|at| match at {
            0 => format!("quarantine-{time}"),
            _ => format!("quarantine-{time}-{at}"),
        });
        let mut paths = names.map(|name| self.dir.join(name)).filter(|path| !path.exists());
        let Some(path) = paths.next() else { return Ok(self.dir.to_owned()) };
        files::create_directory(&path, self.files.as_ref())
            .map_err(|source| StoreError::environment("create", &path, source))?;
        self.quarantine = Some(path.clone());
        Ok(path)
    }

    /// A new journal that begins with what the index holds; a damaged old one is kept aside.
    fn rewrite_journal(
        &mut self,
        index: &Index,
        sequence: u64,
        summary: &Summary,
        is_new: bool,
    ) -> Result<Journal, StoreError> {
        let path = Journal::path_in(self.dir);
        let draft = Journal::draft_path_in(self.dir);
        let checkpoint = Checkpoint { schema: SCHEMA, sequence, summary: summary.clone() };
        let written = checkpoint::write(self.files.as_ref(), &draft, index, &checkpoint, &|| ())?;
        if !is_new {
            // A second name, not another one: at no moment may the directory be without a journal.
            let aside = self.quarantine()?.join("journal");
            fs::hard_link(&path, &aside).map_err(|e| StoreError::environment("set aside", &path, e))?;
        }
        let failed = |source| StoreError::environment("put the journal in place", &path, source);
        self.files.rename(&draft, &path).map_err(failed)?;
        self.files.sync_directory(self.dir).map_err(failed)?;
        let scan = Scan { end: written.bytes, checkpoint_end: written.bytes, ..Scan::default() };
        Journal::resume(Arc::clone(self.files), &path, &scan)
    }
}

/// So many quarantines are kept, the newest ones: a disk that goes on failing must not fill itself.
const MAX_QUARANTINES: usize = 3;

/// Makes room for one more. That it fails changes nothing but the space.
fn prune_quarantine(dir: &Path) {
    let names = fs::read_dir(dir).into_iter().flatten().flatten().map(|item| item.path());
    let is_quarantine = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("quarantine-"))
    };
    let mut all: Vec<_> = names.filter(is_quarantine).collect();
    all.sort_unstable();
    let surplus = (all.len() + 1).saturating_sub(MAX_QUARANTINES);
    for path in all.into_iter().take(surplus) {
        let _ = remove_directory(&path);
    }
}

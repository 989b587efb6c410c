//! Backup and restore: one file that holds everything, in the journal's own format. A backup is the journal as it is
//! between two batches, so it is consistent, and writing it costs the writer nothing.

use super::checkpoint::{self, Contents};
use super::error::StoreError;
use super::files::{DataFile, Files, RealFiles, create_directory};
use super::journal::Journal;
use super::lock::Lock;
use super::{OpeningReport, SCHEMA, Settings, Store, opening};
use crate::model::Timestamp;
use std::io;
use std::path::{Path, PathBuf};

/// Bytes copied at a time.
const CHUNK_BYTES: usize = 1024 * 1024;

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupReport {
    /// The last batch in it.
    pub sequence: u64,
    /// Records in it.
    pub records: u64,
    /// Its size.
    pub bytes: u64,
}

/// The journal as it is at one moment. What comes later goes behind its end, or into another file.
pub struct Snapshot {
    journal: Box<dyn DataFile>,
    path: PathBuf,
    bytes: u64,
    sequence: u64,
    records: u64,
    reserve_bytes: u64,
}

impl Store {
    /// Everything that is kept at this moment, for [`Snapshot::write`] on any other thread.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let path = self.journal.path().to_owned();
        if !self.journal.is_in_place() {
            let reason = format!("{} was removed or replaced while chipwire ran", path.display());
            return Err(StoreError::Broken { reason });
        }
        let opened = self.files.open(&path);
        Ok(Snapshot {
            journal: opened.map_err(|source| StoreError::environment("read the journal", &path, source))?,
            path,
            bytes: self.journal.length(),
            sequence: self.sequence,
            records: self.summary.records(),
            reserve_bytes: self.settings.reserve_bytes,
        })
    }

    /// [`Snapshot::write`] at once.
    pub fn backup(&self, file: &Path) -> Result<BackupReport, StoreError> {
        self.snapshot()?.write(file)
    }
}

impl Snapshot {
    /// Writes everything into one file, which replaces one of that name only when it is whole, checked and durable.
    pub fn write(&self, file: &Path) -> Result<BackupReport, StoreError> {
        let draft = draft_of(file);
        let written = self.copy_to(&draft).and_then(|()| put_in_place(&RealFiles, &draft, file));
        if let Err(error) = written {
            let _ = RealFiles.remove(&draft);
            return Err(error);
        }
        Ok(BackupReport { sequence: self.sequence, records: self.records, bytes: self.bytes })
    }

    fn copy_to(&self, draft: &Path) -> Result<(), StoreError> {
        let dir = parent_of(draft);
        // A backup on the data's own disk must not be what stops the daemon.
        let needed_bytes = self.bytes.saturating_add(self.reserve_bytes);
        if let Ok(free_bytes) = RealFiles.free_bytes(dir)
            && free_bytes < needed_bytes
        {
            return Err(StoreError::DiskFull { dir: dir.to_owned(), free_bytes, needed_bytes });
        }
        let copied = copy(self.journal.as_ref(), self.bytes, &RealFiles, draft);
        copied.map_err(|source| StoreError::environment("write", draft, source))?;
        let report = check_backup(draft)?;
        if (report.sequence, report.bytes) != (self.sequence, self.bytes) {
            let problem = format!("the journal is damaged: it ends with batch {}", report.sequence);
            return Err(StoreError::Backup { path: self.path.clone(), problem });
        }
        Ok(())
    }
}

/// Checks every byte of a backup (or of a journal) without touching anything. Its batches are not applied, so the records
/// are those of the checkpoint that it begins with.
pub fn check_backup(file: &Path) -> Result<BackupReport, StoreError> {
    let opened = RealFiles.open(file).map_err(|source| StoreError::environment("open", file, source))?;
    check(opened.as_ref(), file)
}

fn check(opened: &dyn DataFile, file: &Path) -> Result<BackupReport, StoreError> {
    let failed = |source| StoreError::environment("read", file, source);
    let Contents { scan, summary } = checkpoint::contents(opened).map_err(failed)?;
    let problem = |problem: String| StoreError::Backup { path: file.to_owned(), problem };
    let Some(base) = &scan.checkpoint else { return Err(problem("it has no header".to_owned())) };
    if base.schema > SCHEMA {
        return Err(StoreError::NewerSchema { dir: file.to_owned(), found: base.schema, known: SCHEMA });
    }
    if let Some(damage) = scan.damage.first() {
        return Err(problem(damage.clone()));
    }
    if scan.tail_bytes > 0 {
        return Err(problem(format!("{} damaged bytes at its end", scan.tail_bytes)));
    }
    if let Some(tree) = summary.differences(&base.summary).first() {
        return Err(problem(format!("the tree {} does not hold what it should", tree.name())));
    }
    Ok(BackupReport { sequence: scan.last(), records: summary.records(), bytes: scan.end })
}

/// Puts a backup in the place of what a directory holds, and opens it. Data that is there already is only
/// replaced if `force` says so, and kept aside in `replaced-TIME`.
pub fn restore(
    dir: &Path,
    file: &Path,
    settings: Settings,
    now: Timestamp,
    force: bool,
) -> Result<(Store, OpeningReport), StoreError> {
    let files = RealFiles;
    let source = files.open(file).map_err(|error| StoreError::environment("open", file, error))?;
    check(source.as_ref(), file)?;
    let failed = |source| StoreError::environment("create the data directory", dir, source);
    create_directory(dir, &files).map_err(failed)?;
    let lock = Lock::take(dir)?;
    let (journal, index) = (Journal::path_in(dir), opening::index_path(dir));
    if (journal.exists() || index.exists()) && !force {
        return Err(StoreError::NotEmpty { dir: dir.to_owned() });
    }
    let draft = Journal::draft_path_in(dir);
    let copied = copy(source.as_ref(), u64::MAX, &files, &draft);
    copied.map_err(|error| StoreError::environment("copy the backup to", &draft, error))?;
    // Whenever this is interrupted, a whole journal is in place: the old one, then the new one.
    let aside = dir.join(format!("replaced-{}", now.format("%Y%m%dT%H%M%S%.6fZ")));
    let set_aside = |path: &Path, done: io::Result<()>| {
        done.map_err(|error| StoreError::environment("set aside", path, error))
    };
    if journal.exists() || index.exists() {
        create_directory(&aside, &files).map_err(failed)?;
    }
    if journal.exists() {
        set_aside(&journal, std::fs::hard_link(&journal, aside.join("journal")))?;
    }
    if index.exists() {
        set_aside(&index, files.rename(&index, &aside.join("sled")))?;
    }
    put_in_place(&files, &draft, &journal)?;
    drop(lock);
    Store::open(dir, settings, now)
}

fn draft_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".tmp");
    PathBuf::from(name)
}

fn parent_of(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn put_in_place(files: &dyn Files, draft: &Path, file: &Path) -> Result<(), StoreError> {
    let done = files.rename(draft, file).and_then(|()| files.sync_directory(parent_of(file)));
    done.map_err(|source| StoreError::environment("put in place", file, source))
}

/// Copies so many bytes, or what there is.
fn copy(source: &dyn DataFile, bytes: u64, files: &dyn Files, to: &Path) -> io::Result<()> {
    let mut target = files.create(to)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut offset = 0;
    while offset < bytes {
        let want = usize::try_from(bytes - offset).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
        let Some(part) = chunk.get_mut(..want) else { break };
        let read = source.read_at(part, offset)?;
        let Some(part) = part.get(..read).filter(|part| !part.is_empty()) else { break };
        target.append(part)?;
        offset += read as u64;
    }
    target.sync()
}

//! Backup and restore: one file that holds everything, in the journal's own format. It is written by the
//! writer between two batches, so it is consistent, and the daemon goes on reading meanwhile.

use super::checkpoint::{self, Contents};
use super::error::StoreError;
use super::files::{DataFile, Files, RealFiles, create_directory};
use super::journal::{Checkpoint, Journal};
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

impl Store {
    /// Writes everything into one file, which replaces one of that name only when it is whole and durable.
    pub fn backup(&self, file: &Path) -> Result<BackupReport, StoreError> {
        let draft = draft_of(file);
        let checkpoint =
            Checkpoint { schema: SCHEMA, sequence: self.sequence, summary: self.summary.clone() };
        let written = self.shared.read(|index| checkpoint::write(&RealFiles, &draft, index, &checkpoint));
        let written = match written {
            Ok(written) => written,
            Err(error) => {
                let _ = RealFiles.remove(&draft);
                return Err(error);
            }
        };
        put_in_place(&RealFiles, &draft, file)?;
        Ok(BackupReport { sequence: self.sequence, records: self.summary.records(), bytes: written.bytes })
    }
}

/// Checks every byte of a backup (or of a journal) without touching anything.
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
    let copied = copy(source.as_ref(), &files, &draft);
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

fn put_in_place(files: &dyn Files, draft: &Path, file: &Path) -> Result<(), StoreError> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let done = files.rename(draft, file).and_then(|()| files.sync_directory(parent));
    done.map_err(|source| StoreError::environment("put in place", file, source))
}

fn copy(source: &dyn DataFile, files: &dyn Files, to: &Path) -> io::Result<()> {
    let mut target = files.create(to)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut offset = 0;
    loop {
        let read = source.read_at(&mut chunk, offset)?;
        let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        target.append(bytes)?;
        offset += read as u64;
    }
    target.sync()
}

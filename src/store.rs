//! The store: what was acknowledged is there, whatever happens to the process, the power or the disk.
//!
//! The journal is the truth, sled is the index (docs/storage.md). One [`Store`] writes; any number of
//! [`Reader`]s read beside it. The code outside speaks of feeds, entries and stories only.

mod apply;
mod backup;
mod build;
mod checkpoint;
mod compactor;
mod draft;
mod error;
pub mod files;
mod frame;
mod index;
mod journal;
mod key;
mod lock;
mod opening;
mod panics;
mod reader;
mod record;
mod tree;
mod upgrade;
mod upkeep;
mod verify;

pub use backup::{BackupReport, Snapshot, check_backup, restore};
pub use error::{Advice, StoreError};
pub use key::{Place, Seen};
pub use lock::{Holder, holder};
pub use opening::{IndexCondition, OpeningReport};
pub use panics::abort_on_sled_panic;
pub use reader::{Counts, Reader, StoryLookup};
pub use verify::{VerifyReport, verify};

use crate::model::{Batch, Timestamp};
use files::{Files, RealFiles};
use index::{Index, Write};
use journal::{AppendError, Journal};
use record::{BatchRecord, Record};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tree::Summary;

/// The version of the records, the trees and the journal. A newer one is refused, an older one migrated.
///
/// 2 (November 2026): smaller tombstones, in young and old buckets; see `upgrade`.
pub const SCHEMA: u32 = 2;

/// What the store may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// sled's page cache. 8 MiB: 41 MiB resident with a million records; 64 MiB: 141 MiB (STORE.md).
    pub cache_bytes: u64,
    /// Bytes that are left free on the disk; a batch that would use them is refused.
    pub reserve_bytes: u64,
    /// A journal shorter than this is never replaced by a checkpoint.
    pub checkpoint_min_bytes: u64,
    /// The journal is replaced by a checkpoint when it is so many times longer than the last one. Tombstones are left
    /// out of this, and of the next one, and added on: they are many, and hardly change.
    pub checkpoint_factor: u64,
    /// The index is made anew when journal and index take so many times more than what is live in them.
    pub compaction_factor: u64,
    /// Below this nothing is made anew: sled takes some space whatever it holds.
    pub compaction_min_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cache_bytes: 8 * 1024 * 1024,
            reserve_bytes: 16 * 1024 * 1024,
            checkpoint_min_bytes: 2 * 1024 * 1024,
            checkpoint_factor: 3,
            compaction_factor: 4,
            compaction_min_bytes: 64 * 1024 * 1024,
        }
    }
}

/// The one writer.
pub struct Store {
    dir: PathBuf,
    settings: Settings,
    files: Arc<dyn Files>,
    shared: Arc<Shared>,
    journal: Journal,
    sequence: u64,
    summary: Summary,
    /// The journal's length at which the next checkpoint is tried.
    checkpoint_at: u64,
    /// What disk and data measured after the last compaction, in bytes.
    compacted: (u64, u64),
    compactor: compactor::Compactor,
    health: Health,
    last_report: OpeningReport,
    lock: lock::Lock,
}

/// Whether the store can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Health {
    Well,
    /// The journal is right, the index isn't there: it is opened again before the next batch.
    WithoutIndex(String),
    /// Nobody knows what is on the disk; only a restart helps.
    Broken(String),
}

impl Drop for Store {
    fn drop(&mut self) {
        self.break_off_compaction();
        // Not when the last reader goes: the directory is free as soon as the lock is.
        *self.shared.index.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// What the writer and the readers share.
#[derive(Debug)]
struct Shared {
    /// Absent after it failed, until it is opened again.
    index: RwLock<Option<Index>>,
    /// The process wants to end: nothing long may begin or go on.
    is_ending: AtomicBool,
    /// Steps of the writer's long works; see [`Reader::steps`].
    steps: AtomicU64,
}

impl Shared {
    /// The writer got on with something long.
    fn step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    fn read<T>(&self, work: impl FnOnce(&Index) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match self.index.read().unwrap_or_else(PoisonError::into_inner).as_ref() {
            Some(index) => work(index),
            None => Err(StoreError::Index { reason: "it is closed".to_owned() }),
        }
    }
}

impl Store {
    /// Opens or creates the store in a directory, and repairs what can be repaired. `now` only names what is
    /// set aside.
    pub fn open(dir: &Path, settings: Settings, now: Timestamp) -> Result<(Self, OpeningReport), StoreError> {
        Self::open_on(dir, settings, now, Arc::new(RealFiles))
    }

    /// [`Store::open`] on files of the caller's.
    pub fn open_on(
        dir: &Path,
        settings: Settings,
        now: Timestamp,
        files: Arc<dyn Files>,
    ) -> Result<(Self, OpeningReport), StoreError> {
        files::create_directory(dir, files.as_ref())
            .map_err(|source| StoreError::environment("create the data directory", dir, source))?;
        let lock = lock::Lock::take(dir)?;
        let opened = opening::open(dir, &settings, &files, now)?;
        let mut store = Self {
            dir: dir.to_owned(),
            settings,
            files,
            shared: Arc::new(Shared {
                index: RwLock::new(Some(opened.index)),
                is_ending: AtomicBool::new(false),
                steps: AtomicU64::new(0),
            }),
            journal: opened.journal,
            sequence: opened.sequence,
            summary: opened.summary,
            checkpoint_at: 0,
            compacted: (0, 0),
            compactor: compactor::Compactor::default(),
            health: Health::Well,
            last_report: opened.report.clone(),
            lock,
        };
        store.plan_checkpoint();
        Ok((store, opened.report))
    }

    /// Keeps a batch: when this returns its number, the batch is on the disk, whole, for good. On an error
    /// nothing of it was kept; [`StoreError::advice`] says how to go on.
    pub fn commit(&mut self, batch: &Batch) -> Result<u64, StoreError> {
        if let Health::Broken(reason) = &self.health {
            return Err(StoreError::Broken { reason: reason.clone() });
        }
        if !self.journal.is_in_place() {
            let path = self.journal.path().display();
            return Err(self.broken(format!("{path} was removed or replaced while chipwire ran")));
        }
        let payload = BatchRecord::of(batch)?.encode()?;
        self.check_room(payload.len() as u64)?;
        if let Health::WithoutIndex(_) = self.health {
            self.reopen_index(batch.at)?;
        }
        let (writes, summary) = match self.draft(&payload) {
            Err(error @ StoreError::Index { .. }) => {
                // sled fails for good once one of its writes has failed, on a full disk, say.
                tracing::error!(%error, "the index is opened again");
                self.reopen_index(batch.at)?;
                self.draft(&payload)?
            }
            other => other?,
        };
        let sequence = self.sequence + 1;
        self.journal.append(sequence, &payload).map_err(|error| self.failed_append(error, payload.len()))?;
        // From here on the batch is kept, whatever becomes of the index.
        let written = self.shared.read(|index| Ok(index.write(&writes, Some(sequence), &summary)?));
        self.sequence = sequence;
        self.summary = summary;
        match written {
            Ok(()) => self.upkeep(),
            Err(error) => self.lose_index(&error, batch.at),
        }
        Ok(sequence)
    }

    /// What the next batch will write, and what the trees hold after it.
    fn draft(&self, payload: &[u8]) -> Result<(Vec<Write>, Summary), StoreError> {
        self.shared.read(|index| {
            let mut draft = draft::Draft::new(index);
            apply::apply(&mut draft, BatchRecord::decode(payload)?, self.sequence + 1)?;
            Ok(draft.finish(self.summary.clone())?)
        })
    }

    /// The index failed while the journal is right: it is opened anew, now or before the next batch.
    fn lose_index(&mut self, error: &StoreError, now: Timestamp) {
        tracing::error!(%error, "batch {} is safe in the journal", self.sequence);
        if let Err(error) = self.reopen_index(now) {
            tracing::error!(%error, "tried again with the next batch");
        }
    }

    fn reopen_index(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.recover(now).map_err(|error| {
            let reason = error.to_string();
            self.health = Health::WithoutIndex(reason.clone());
            StoreError::Index { reason }
        })
    }

    /// For the readers; cheap to clone.
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.shared))
    }

    /// The number of the last batch.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// What the last opening found: at the start, or after the index failed.
    pub fn opening_report(&self) -> &OpeningReport {
        &self.last_report
    }

    /// Writes into the lock file where the control socket is, for a path too long for the data directory.
    pub fn announce_socket(&mut self, socket: &Path) -> Result<(), StoreError> {
        let announced = self.lock.announce(Some(socket));
        announced.map_err(|source| StoreError::environment("write the lock", &self.dir, source))
    }

    /// Ends the store: hands the index to the operating system, so that the next opening has nothing to replay.
    /// Readers that are still about answer with an error from then on.
    pub fn close(self) -> Result<(), StoreError> {
        self.shared.read(|index| Ok(index.flush()?))
    }

    fn check_room(&self, payload_bytes: u64) -> Result<(), StoreError> {
        // Once into the journal, and into sled with what it rewrites around it.
        let needed_bytes = self.settings.reserve_bytes.saturating_add(payload_bytes.saturating_mul(3));
        match self.files.free_bytes(&self.dir) {
            Ok(free_bytes) if free_bytes < needed_bytes => {
                Err(StoreError::DiskFull { dir: self.dir.clone(), free_bytes, needed_bytes })
            }
            // A file system that does not say tells by refusing the write.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn failed_append(&mut self, error: AppendError, bytes: usize) -> StoreError {
        match error {
            AppendError::TooLarge => {
                StoreError::TooLarge { bytes: bytes as u64, limit_bytes: frame::MAX_PAYLOAD_BYTES as u64 }
            }
            AppendError::Undone(source) => {
                StoreError::Refused { path: self.journal.path().to_owned(), source }
            }
            AppendError::Unknown(error) => self.broken(format!("the disk failed: {error}")),
        }
    }

    fn broken(&mut self, reason: String) -> StoreError {
        self.health = Health::Broken(reason.clone());
        StoreError::Broken { reason }
    }
}

#[cfg(test)]
mod tests;

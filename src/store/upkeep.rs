//! What the store does for itself between batches: checkpoints that keep the journal short, an index made anew
//! where the old one has grown far beyond what it holds, and going on after the index failed.

use super::compactor::Made;
use super::error::StoreError;
use super::files::bytes_below;
use super::index::Index;
use super::journal::{Checkpoint, Journal, Scan};
use super::panics::Opening;
use super::tree::{Summary, Tree};
use super::{Health, SCHEMA, Store, build, checkpoint, opening};
use crate::model::Timestamp;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

/// The disk may hold tombstones so many times over: once in the journal, twice in sled, which is what a new index takes.
const TOMBSTONE_FACTOR: u64 = 3;
/// Batches between two looks at how much disk is used.
const LOOK_EVERY: u64 = 64;

impl Store {
    /// Bytes that the journal and the index take on the disk.
    pub fn disk_bytes(&self) -> u64 {
        let (journal, index) = self.sizes();
        journal + index
    }

    /// Bytes of the journal, and of the index.
    pub fn sizes(&self) -> (u64, u64) {
        (bytes_below(self.journal.path()), bytes_below(&opening::index_path(&self.dir)))
    }

    /// Replaces the journal by a checkpoint of everything that the store holds.
    pub fn checkpoint(&mut self) -> Result<(), StoreError> {
        self.break_off_compaction();
        let draft = Journal::draft_path_in(&self.dir);
        let checkpoint =
            Checkpoint { schema: SCHEMA, sequence: self.sequence, summary: self.summary.clone() };
        let written = self.shared.read(|index| {
            checkpoint::write(self.files.as_ref(), &draft, index, &checkpoint, &|| self.shared.step())
        });
        let written = match written {
            Ok(written) => written,
            Err(error) => {
                // What is left of it is removed by the next opening at the latest.
                let _ = self.files.remove(&draft);
                return Err(error);
            }
        };
        let replaced = self.journal.replace(&self.dir, written);
        self.plan_checkpoint();
        replaced.map_err(|error| self.failed_append(error, 0))
    }

    /// Makes the index anew from the journal and puts it in the place of the one in use; readers wait only
    /// while the two change places. It is the operator's `rebuild`, and the compaction: sled gives no space back.
    pub fn rebuild(&mut self) -> Result<(), StoreError> {
        self.break_off_compaction();
        let _panics = Opening::begin();
        let scan = opening::scan_journal(&self.dir, self.files.as_ref())?.unwrap_or_default();
        if !scan.is_well() {
            return Err(StoreError::Index {
                reason: format!(
                    "the journal is damaged ({}), so the index stays as it is",
                    scan.damage.join(", ")
                ),
            });
        }
        let made = build::make(&self.site(), &scan);
        let is_same = matches!(&made, Ok((_, summary)) if summary.differences(&self.summary).is_empty());
        if !is_same {
            // What is left of it is removed by the next opening at the latest.
            let _ = opening::remove_directory(&opening::next_index_path(&self.dir));
            made?;
            return Err(StoreError::Index {
                reason: "the journal leads to another index than this one".to_owned(),
            });
        }
        let swapped = self.swap();
        self.compacted = (self.disk_bytes(), self.summary.live_bytes());
        swapped
    }

    fn swap(&mut self) -> Result<(), StoreError> {
        let swapped = self.swap_index();
        if let Err(error) = &swapped {
            self.health = Health::WithoutIndex(error.to_string());
        }
        swapped
    }

    fn site(&self) -> build::Site<'_> {
        let (files, cache_bytes) = (self.files.as_ref(), self.settings.cache_bytes);
        build::Site { dir: &self.dir, files, cache_bytes, is_ending: Some(&self.shared.is_ending) }
    }

    /// A process that is killed in here finds no index, or the old one, at its next start; both are fine.
    fn swap_index(&self) -> Result<(), StoreError> {
        let (path, old) = (opening::index_path(&self.dir), opening::old_index_path(&self.dir));
        let mut index = self.shared.index.write().unwrap_or_else(PoisonError::into_inner);
        *index = None;
        let set_aside = self.files.rename(&path, &old);
        set_aside.map_err(|source| StoreError::environment("set aside", &path, source))?;
        *index = Some(build::put_in_place(&self.site())?);
        drop(index);
        // It holds nothing any more; the next opening removes it if this can't.
        let _ = opening::remove_directory(&old);
        Ok(())
    }

    /// After the index failed: the whole opening again, in the same process.
    pub(super) fn recover(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.break_off_compaction();
        let mut index = self.shared.index.write().unwrap_or_else(PoisonError::into_inner);
        *index = None;
        let opened = opening::open(&self.dir, &self.settings, &self.files, now)?;
        *index = Some(opened.index);
        drop(index);
        self.journal = opened.journal;
        self.sequence = opened.sequence;
        self.summary = opened.summary;
        self.health = Health::Well;
        tracing::warn!("the index failed and was opened again: {}", opened.report);
        self.last_report = opened.report;
        self.plan_checkpoint();
        Ok(())
    }

    /// After a batch: a checkpoint if the journal is long, another index if the disk holds far more than is
    /// live. That these fail costs nothing but disk: they are tried again later.
    pub(super) fn upkeep(&mut self) {
        if self.shared.is_ending.load(Ordering::Relaxed) {
            return;
        }
        if self.compactor.is_at_work() {
            // The journal that it reads stays in place until it is done.
            if let Some(made) = self.compactor.outcome() {
                self.end_compaction(made);
            }
            return;
        }
        if self.journal.length() >= self.checkpoint_at {
            self.upkeep_checkpoint();
        }
        if self.sequence.is_multiple_of(LOOK_EVERY) && self.is_worth_compacting() {
            self.upkeep_checkpoint();
            if self.is_worth_compacting() {
                self.begin_compaction();
            }
        }
    }

    /// Has a smaller index made, while batches go on.
    fn begin_compaction(&mut self) {
        let (dir, files, shared) = (self.dir.clone(), Arc::clone(&self.files), Arc::clone(&self.shared));
        let cache_bytes = self.settings.cache_bytes;
        let work = move || {
            let _panics = Opening::begin();
            let scan = opening::scan_journal(&dir, files.as_ref())?.unwrap_or_default();
            if !scan.is_well() {
                return Err(StoreError::Index {
                    reason: "the journal is damaged, so it stays as it is".to_owned(),
                });
            }
            let is_ending = Some(&shared.is_ending);
            let made = build::make(
                &build::Site { dir: &dir, files: files.as_ref(), cache_bytes, is_ending },
                &scan,
            )?;
            Ok((made.0, made.1, scan.end))
        };
        if let Err(error) = self.compactor.begin(Box::new(work)) {
            tracing::warn!(%error, "the index could not be made smaller");
        }
    }

    /// Brings the smaller index up to date and puts it in place.
    fn end_compaction(&mut self, made: Made) {
        let done = made.and_then(|made| self.catch_up(made));
        if let Err(error) = done {
            tracing::warn!(%error, "the index could not be made smaller");
            let _ = opening::remove_directory(&opening::next_index_path(&self.dir));
        }
        self.compacted = (self.disk_bytes(), self.summary.live_bytes());
    }

    /// Applies the batches that came while the smaller index was made, and swaps.
    fn catch_up(&mut self, (sequence, summary, end): (u64, Summary, u64)) -> Result<(), StoreError> {
        let _panics = Opening::begin();
        let next = opening::next_index_path(&self.dir);
        let opened = Index::open(&next, self.settings.cache_bytes);
        let index = opened.map_err(|error| StoreError::of_opening(&next, error))?;
        // What was appended since begins where the scan ended.
        let since = (self.sequence > sequence).then_some((sequence + 1, end));
        let scan = Scan { batches: since.into_iter().collect(), ..Scan::default() };
        let (_, summary) = build::replay(&self.site(), &scan, &index, (sequence, summary))?;
        if !summary.differences(&self.summary).is_empty() {
            return Err(StoreError::Index {
                reason: "the journal leads to another index than this one".to_owned(),
            });
        }
        index.write(&[], Some(self.sequence), &summary)?;
        index.flush()?;
        drop(index);
        self.swap()
    }

    /// Ends a compaction that is under way, without its outcome.
    pub(super) fn break_off_compaction(&mut self) {
        if self.compactor.is_at_work() {
            let was_ending = self.shared.is_ending.swap(true, Ordering::Relaxed);
            self.compactor.wait();
            self.shared.is_ending.store(was_ending, Ordering::Relaxed);
            let _ = opening::remove_directory(&opening::next_index_path(&self.dir));
        }
    }

    fn upkeep_checkpoint(&mut self) {
        if let Err(error) = self.checkpoint() {
            tracing::warn!(%error, "no checkpoint was written; the journal goes on growing until one is");
            self.checkpoint_at = self.journal.length() + self.settings.checkpoint_min_bytes;
        }
    }

    fn is_bloated(&self) -> bool {
        let tombstones = self.summary.of(Tree::Tombstone).bytes;
        let others = self.summary.live_bytes().saturating_sub(tombstones);
        let allowed = others
            .saturating_mul(self.settings.compaction_factor)
            .saturating_add(tombstones.saturating_mul(TOMBSTONE_FACTOR));
        self.disk_bytes() > allowed.max(self.settings.compaction_min_bytes)
    }

    /// sled has its own overhead, up to four times in a small store: a new index is only worth making when the
    /// last one grew by half since, or half of what it held has left.
    fn is_worth_compacting(&self) -> bool {
        let (disk, live) = self.compacted;
        let is_other = self.disk_bytes() > disk + disk / 2 || self.summary.live_bytes() < live / 2;
        self.health == Health::Well && is_other && self.is_bloated()
    }

    pub(super) fn plan_checkpoint(&mut self) {
        // Tombstones hardly change: that there are many is no reason to let the journal grow.
        let tombstones = self.summary.of(Tree::Tombstone).bytes.min(self.journal.checkpoint_bytes());
        let others = self.journal.checkpoint_bytes().saturating_sub(tombstones);
        let times = others.saturating_mul(self.settings.checkpoint_factor).saturating_add(tombstones);
        self.checkpoint_at = times.max(self.settings.checkpoint_min_bytes);
    }
}

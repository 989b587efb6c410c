//! Making an index from the journal: its checkpoint into an empty one, its batches on top.

use super::apply::apply;
use super::checkpoint;
use super::draft::Draft;
use super::error::StoreError;
use super::files::{DataFile, Files};
use super::frame::{FrameKind, FrameReader, Item};
use super::index::Index;
use super::journal::{Journal, Scan};
use super::opening::{index_path, next_index_path, remove_directory};
use super::record::{BatchRecord, Record};
use super::tree::Summary;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Batches replayed are written to the index in transactions of about so many bytes: 1 MiB took a third longer
/// and 166 MiB of memory instead of 63 (10,000 stories).
const REPLAY_BYTES: usize = 64 * 1024;

/// Where an index is made, and with what.
pub(super) struct Site<'a> {
    /// The data directory.
    pub(super) dir: &'a Path,
    pub(super) files: &'a dyn Files,
    pub(super) cache_bytes: u64,
    /// The process wants to end: break off. `None` where nothing works without the index.
    pub(super) is_ending: Option<&'a AtomicBool>,
}

impl Site<'_> {
    fn go_on(&self) -> Result<(), StoreError> {
        if self.is_ending.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Err(StoreError::Index {
                reason: "it was to be made anew, but chipwire is ending".to_owned(),
            });
        }
        Ok(())
    }

    fn open_journal(&self) -> Result<Box<dyn DataFile>, StoreError> {
        let path = Journal::path_in(self.dir);
        self.files.open(&path).map_err(|source| StoreError::environment("open the journal", &path, source))
    }
}

/// Makes a whole index from the journal beside the one in use, and closes it; the last batch in it, and what it
/// holds. It gets its place by [`put_in_place`], so that no unfinished one ever lies there.
pub(super) fn make(site: &Site<'_>, scan: &Scan) -> Result<(u64, Summary), StoreError> {
    let next = next_index_path(site.dir);
    remove_directory(&next).map_err(|source| StoreError::environment("remove", &next, source))?;
    let opened = Index::open(&next, site.cache_bytes);
    let index = opened.map_err(|error| StoreError::of_opening(&next, error))?;
    let start = load(site, scan, &index)?;
    let (_, summary) = replay(site, scan, &index, start)?;
    let sequence = scan.last();
    index.write(&[], Some(sequence), &summary)?;
    index.flush()?;
    Ok((sequence, summary))
}

/// Gives the index that was made its place, which is free, and opens it.
pub(super) fn put_in_place(site: &Site<'_>) -> Result<Index, StoreError> {
    let (path, next) = (index_path(site.dir), next_index_path(site.dir));
    site.files
        .rename(&next, &path)
        .map_err(|source| StoreError::environment("put in place", &next, source))?;
    Index::open(&path, site.cache_bytes).map_err(|error| StoreError::of_opening(&path, error))
}

/// Fills an empty index from the journal's checkpoint; the last batch that this includes, and what it holds.
fn load(site: &Site<'_>, scan: &Scan, index: &Index) -> Result<(u64, Summary), StoreError> {
    let sequence = scan.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.sequence);
    let summary = match scan.end {
        0 => Summary::default(),
        _ => checkpoint::load(site.open_journal()?.as_ref(), index, &|| site.go_on())?,
    };
    Ok((sequence, summary))
}

/// Applies the batches that an index does not have; how many these were, and what it holds then.
pub(super) fn replay(
    site: &Site<'_>,
    scan: &Scan,
    index: &Index,
    (sequence, mut summary): (u64, Summary),
) -> Result<(u64, Summary), StoreError> {
    let Some((_, offset)) = scan.batches.iter().find(|(number, _)| *number > sequence) else {
        return Ok((0, summary));
    };
    let file = site.open_journal()?;
    let path = Journal::path_in(site.dir);
    let failed = |source| StoreError::environment("read the journal", &path, source);
    let mut reader = FrameReader::new(file.as_ref(), *offset).map_err(failed)?;
    let (mut replayed, mut last, mut bytes) = (0, sequence, 0);
    let mut draft = Draft::new(index);
    while let Some(item) = reader.next().map_err(failed)? {
        let Item::Frame { frame, .. } = item else { continue };
        if frame.kind != FrameKind::Batch || frame.sequence <= sequence {
            continue;
        }
        apply(&mut draft, BatchRecord::decode(&frame.payload)?, frame.sequence)?;
        replayed += 1;
        last = last.max(frame.sequence);
        bytes += frame.payload.len();
        if bytes >= REPLAY_BYTES {
            summary = write(draft, index, last, summary)?;
            site.go_on()?;
            draft = Draft::new(index);
            bytes = 0;
        }
    }
    summary = write(draft, index, last, summary)?;
    Ok((replayed, summary))
}

fn write(draft: Draft<'_>, index: &Index, last: u64, summary: Summary) -> Result<Summary, StoreError> {
    let (writes, summary) = draft.finish(summary)?;
    index.write(&writes, Some(last), &summary)?;
    Ok(summary)
}

//! The journal: the truth. A file that begins with a checkpoint (everything there was, maybe nothing) and goes
//! on with batches, each made durable before it is acknowledged.

use super::error::StoreError;
use super::files::{DataFile, Files};
use super::frame::{self, FrameKind, FrameReader, Item};
use super::tree::Summary;
use super::tree::Tree;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the first frame of a file says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct HeaderRecord {
    format: String,
    schema: u32,
    /// Tree's code, records, bytes, digest.
    trees: Vec<(u8, u64, u64, u64)>,
}

const FORMAT: &str = "chipwire journal";

/// The checkpoint at the start of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// The schema of its records.
    pub(super) schema: u32,
    /// The last batch that it includes.
    pub(super) sequence: u64,
    /// What it sums up to.
    pub(super) summary: Summary,
}

impl Checkpoint {
    pub(super) fn payload(&self) -> Result<Vec<u8>, StoreError> {
        let trees = Tree::ALL.iter().map(|tree| {
            let totals = self.summary.of(*tree);
            (tree.code(), totals.count, totals.bytes, totals.digest)
        });
        let record = HeaderRecord { format: FORMAT.to_owned(), schema: self.schema, trees: trees.collect() };
        serde_json::to_vec(&record)
            .map_err(|error| StoreError::Record { what: "a journal's header", reason: error.to_string() })
    }

    pub(super) fn of_payload(payload: &[u8], sequence: u64) -> Option<Self> {
        let record: HeaderRecord = serde_json::from_slice(payload).ok()?;
        let mut summary = Summary::default();
        for (code, count, bytes, digest) in record.trees {
            if let Some(tree) = Tree::of(code) {
                *summary.entry(tree) = super::tree::Totals { count, bytes, digest };
            }
        }
        (record.format == FORMAT).then_some(Self { schema: record.schema, sequence, summary })
    }
}

/// What a file was found to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// The first frame, if it can be read.
    pub(super) checkpoint: Option<Checkpoint>,
    /// Whether all parts of the checkpoint are there.
    pub(super) is_checkpoint_whole: bool,
    /// The batches: sequence number and where their frames start.
    pub(super) batches: Vec<(u64, u64)>,
    /// Where the checkpoint ends.
    pub(super) checkpoint_end: u64,
    /// Where the last valid frame ends.
    pub(super) end: u64,
    /// Bytes after it.
    pub(super) tail_bytes: u64,
    /// What is wrong with it, for people; empty is well.
    pub(super) damage: Vec<String>,
}

impl Scan {
    /// Reads a whole file, and checks every frame.
    pub(super) fn of(file: &dyn DataFile) -> io::Result<Self> {
        Self::visiting(file, |_| ())
    }

    /// [`Scan::of`], which shows the payload of each of the checkpoint's frames on the way.
    pub(super) fn visiting(file: &dyn DataFile, mut visit: impl FnMut(&[u8])) -> io::Result<Self> {
        let mut scan = Self::default();
        let mut parts = 0_u32;
        let mut last: Option<u64> = None;
        let mut reader = FrameReader::new(file, 0)?;
        while let Some(item) = reader.next()? {
            let (offset, end, frame) = match item {
                Item::Hole { offset, bytes } => {
                    scan.damage.push(format!("{bytes} damaged bytes at {offset}"));
                    continue;
                }
                Item::Tail { bytes, .. } => {
                    scan.tail_bytes = bytes;
                    continue;
                }
                Item::Frame { offset, end, frame } => (offset, end, frame),
            };
            scan.end = end;
            match frame.kind {
                FrameKind::Header => scan.checkpoint = Checkpoint::of_payload(&frame.payload, frame.sequence),
                FrameKind::Records => {
                    visit(&frame.payload);
                    parts += 1;
                }
                FrameKind::End => {
                    let expected = frame.payload.as_slice().try_into().ok().map(u32::from_be_bytes);
                    scan.is_checkpoint_whole = scan.checkpoint.is_some() && expected == Some(parts);
                    scan.checkpoint_end = end;
                    last = Some(frame.sequence);
                }
                FrameKind::Batch => {
                    if last.is_some_and(|last| frame.sequence != last + 1) {
                        scan.damage
                            .push(format!("batch {} does not follow the one before it", frame.sequence));
                    }
                    last = Some(frame.sequence);
                    scan.batches.push((frame.sequence, offset));
                }
            }
        }
        if !scan.is_checkpoint_whole {
            scan.damage.push("the checkpoint at its start is not whole".to_owned());
        }
        Ok(scan)
    }

    /// The last batch that the file knows of.
    pub(super) fn last(&self) -> u64 {
        let base = self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.sequence);
        self.batches.iter().map(|(sequence, _)| *sequence).max().unwrap_or(0).max(base)
    }

    /// Whether an older version of the program wrote it.
    pub(super) fn is_older_schema(&self) -> bool {
        self.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.schema < super::SCHEMA)
    }

    /// Whether all of it can be read, but for a torn end.
    pub(super) fn is_well(&self) -> bool {
        self.damage.is_empty()
    }
}

/// Why a frame is not in the journal.
#[derive(Debug)]
pub(super) enum AppendError {
    /// It does not fit in a frame.
    TooLarge,
    /// It was taken back: the journal is as it was.
    Undone(io::Error),
    /// Nobody knows what is on the disk now.
    Unknown(io::Error),
}

/// The journal, open at its end.
pub(super) struct Journal {
    files: Arc<dyn Files>,
    file: Box<dyn DataFile>,
    path: PathBuf,
    length: u64,
    checkpoint_bytes: u64,
}

impl Journal {
    /// The name in the data directory.
    pub(super) fn path_in(dir: &Path) -> PathBuf {
        dir.join("journal")
    }

    /// Where a new one is written until it is whole.
    pub(super) fn draft_path_in(dir: &Path) -> PathBuf {
        dir.join("journal.tmp")
    }

    /// Goes on with a scanned file, without what stands after the last valid frame.
    pub(super) fn resume(files: Arc<dyn Files>, path: &Path, scan: &Scan) -> Result<Self, StoreError> {
        let failed = |source| StoreError::environment("open the journal", path, source);
        let mut file = files.open(path).map_err(failed)?;
        if scan.tail_bytes > 0 {
            file.truncate(scan.end).map_err(failed)?;
            file.sync().map_err(failed)?;
        }
        let path = path.to_owned();
        Ok(Self { files, file, path, length: scan.end, checkpoint_bytes: scan.checkpoint_end })
    }

    /// Bytes in the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Bytes of the checkpoint that it begins with.
    pub(super) fn checkpoint_bytes(&self) -> u64 {
        self.checkpoint_bytes
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file that is written is the one that the next start will find.
    pub(super) fn is_in_place(&self) -> bool {
        // Where the system can't say, the write will tell.
        self.file.is_at(&self.path).unwrap_or(true)
    }

    /// Writes a batch and makes it durable: when this returns, it is there for good.
    pub(super) fn append(&mut self, sequence: u64, payload: &[u8]) -> Result<(), AppendError> {
        let frame = frame::encode(FrameKind::Batch, sequence, payload).ok_or(AppendError::TooLarge)?;
        if let Err(error) = self.file.append(&frame) {
            return Err(match self.file.truncate(self.length) {
                Ok(()) => AppendError::Undone(error),
                Err(second) => AppendError::Unknown(second),
            });
        }
        if let Err(error) = self.file.sync() {
            // After a failed fsync the kernel may have dropped the pages and say nothing the next time, so a
            // second try proves nothing (PostgreSQL's fsync trouble of 2018). Cut it off if that works.
            let _ = self.file.truncate(self.length);
            return Err(AppendError::Unknown(error));
        }
        self.length += frame.len() as u64;
        Ok(())
    }

    /// Replaces the journal by a checkpoint that was written to `journal.tmp`, in one step.
    pub(super) fn replace(&mut self, dir: &Path, written: Written) -> Result<(), AppendError> {
        self.files.rename(&Self::draft_path_in(dir), &self.path).map_err(AppendError::Undone)?;
        self.file = written.file;
        self.length = written.bytes;
        self.checkpoint_bytes = written.bytes;
        // Until the new name is durable, a power loss could bring the old file back, without what comes now.
        self.files.sync_directory(dir).map_err(AppendError::Unknown)
    }
}

/// A file that holds a whole checkpoint, durable but for its name.
pub(super) struct Written {
    pub(super) file: Box<dyn DataFile>,
    pub(super) bytes: u64,
}

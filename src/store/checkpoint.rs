//! Checkpoints: everything in the trees as frames in one file. The start of every journal, and a backup.

use super::error::StoreError;
use super::files::{DataFile, Files};
use super::frame::{self, FrameKind, FrameReader, Item};
use super::index::{Index, Write};
use super::journal::{Checkpoint, Scan, Written};
use super::tree::{Summary, Tree};
use super::upgrade;
use std::io;
use std::ops::Bound;
use std::path::Path;

/// A frame of records is closed when it is this long.
const FRAME_BYTES: usize = 256 * 1024;
/// Pairs read from a tree at a time.
const PAGE: usize = 256;
/// Bytes written to the index in one transaction while it is filled: written one by one, it took twice the disk.
const TRANSACTION_BYTES: usize = 64 * 1024;

/// Writes everything in the index to a new file and makes it durable; only its name isn't yet. `step` is called now
/// and then.
pub(super) fn write(
    files: &dyn Files,
    path: &Path,
    index: &Index,
    checkpoint: &Checkpoint,
    step: &dyn Fn(),
) -> Result<Written, StoreError> {
    let mut writer = Writer::begin(files, path, checkpoint)?;
    let mut payload = Vec::with_capacity(FRAME_BYTES * 2);
    let mut found = Summary::default();
    for tree in Tree::ALL {
        let mut from = Bound::Unbounded;
        loop {
            let page = index.page(*tree, (from, Bound::Unbounded), false, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            step();
            from = Bound::Excluded(last.to_vec());
            for (key, value) in &page {
                found.entry(*tree).add(key, value);
                put_pair(&mut payload, *tree, key, value);
                if payload.len() >= FRAME_BYTES {
                    writer.records(&mut payload)?;
                }
            }
        }
    }
    if !payload.is_empty() {
        writer.records(&mut payload)?;
    }
    // What goes to the disk as the new truth is what was acknowledged, or it does not go.
    if let Some(tree) = found.differences(&checkpoint.summary).first() {
        return Err(StoreError::Index {
            reason: format!("the tree {} does not hold what it should", tree.name()),
        });
    }
    writer.end()
}

/// The checkpoint of a store that holds nothing.
pub(super) fn write_empty(files: &dyn Files, path: &Path) -> Result<Written, StoreError> {
    Writer::begin(files, path, &Checkpoint { schema: super::SCHEMA, ..Checkpoint::default() })?.end()
}

struct Writer<'a> {
    file: Box<dyn DataFile>,
    path: &'a Path,
    sequence: u64,
    bytes: u64,
    parts: u32,
}

impl<'a> Writer<'a> {
    fn begin(files: &dyn Files, path: &'a Path, checkpoint: &Checkpoint) -> Result<Self, StoreError> {
        let file = files.create(path).map_err(|source| StoreError::environment("write", path, source))?;
        let mut writer = Self { file, path, sequence: checkpoint.sequence, bytes: 0, parts: 0 };
        writer.frame(FrameKind::Header, &checkpoint.payload()?)?;
        Ok(writer)
    }

    fn end(mut self) -> Result<Written, StoreError> {
        let parts = self.parts.to_be_bytes();
        self.frame(FrameKind::End, &parts)?;
        self.file.sync().map_err(|source| StoreError::environment("write", self.path, source))?;
        Ok(Written { file: self.file, bytes: self.bytes })
    }

    fn records(&mut self, payload: &mut Vec<u8>) -> Result<(), StoreError> {
        self.frame(FrameKind::Records, payload)?;
        self.parts += 1;
        payload.clear();
        Ok(())
    }

    fn frame(&mut self, kind: FrameKind, payload: &[u8]) -> Result<(), StoreError> {
        let limit_bytes = frame::MAX_PAYLOAD_BYTES as u64;
        let frame = frame::encode(kind, self.sequence, payload)
            .ok_or(StoreError::TooLarge { bytes: payload.len() as u64, limit_bytes })?;
        self.file.append(&frame).map_err(|source| StoreError::environment("write", self.path, source))?;
        self.bytes += frame.len() as u64;
        Ok(())
    }
}

fn put_pair(payload: &mut Vec<u8>, tree: Tree, key: &[u8], value: &[u8]) {
    payload.push(tree.code());
    for bytes in [key, value] {
        // Values are bounded far below 4 GiB, see `index::split`.
        payload.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        payload.extend_from_slice(bytes);
    }
}

/// The records in the payload of a frame; what can't be read ends them.
fn pairs(payload: &[u8]) -> impl Iterator<Item = (u8, &[u8], &[u8])> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        let (code, after) = rest.split_first()?;
        let (key, after) = sized(after)?;
        let (value, after) = sized(after)?;
        rest = after;
        Some((*code, key, value))
    })
}

fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}

/// What a file holds, read in one pass.
pub(super) struct Contents {
    /// Its frames.
    pub(super) scan: Scan,
    /// What the records of its checkpoint really sum up to.
    pub(super) summary: Summary,
}

/// Reads a whole file and sums up its checkpoint.
pub(super) fn contents(file: &dyn DataFile) -> io::Result<Contents> {
    let mut summary = Summary::default();
    let scan = Scan::visiting(file, |payload| {
        for (code, key, value) in pairs(payload) {
            if let Some(tree) = Tree::of(code) {
                summary.entry(tree).add(key, value);
            }
        }
    })?;
    Ok(Contents { scan, summary })
}

/// Fills an empty index from the checkpoint at the start of a file, as long as `go_on` allows.
pub(super) fn load(
    file: &dyn DataFile,
    index: &Index,
    go_on: &dyn Fn() -> Result<(), StoreError>,
) -> Result<Summary, StoreError> {
    let (writes, summary) = (Vec::new(), Summary::default());
    let mut filler = Filler { index, schema: super::SCHEMA, writes, bytes: 0, summary };
    let unreadable =
        |error: io::Error| StoreError::Index { reason: format!("the journal cannot be read: {error}") };
    let mut reader = FrameReader::new(file, 0).map_err(unreadable)?;
    while let Some(item) = reader.next().map_err(unreadable)? {
        let Item::Frame { frame, .. } = item else { continue };
        match frame.kind {
            FrameKind::Records => {
                go_on()?;
                for (code, key, value) in pairs(&frame.payload) {
                    filler.put(code, key, value)?;
                }
            }
            FrameKind::End | FrameKind::Batch => break,
            FrameKind::Header => {
                let base = Checkpoint::of_payload(&frame.payload, frame.sequence);
                filler.schema = base.map_or(super::SCHEMA, |base| base.schema);
            }
        }
    }
    filler.flush()?;
    Ok(filler.summary)
}

struct Filler<'a> {
    index: &'a Index,
    /// What the records were written with.
    schema: u32,
    writes: Vec<Write>,
    bytes: usize,
    summary: Summary,
}

impl Filler<'_> {
    fn put(&mut self, code: u8, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        // A tree that this version does not know can't come from an accepted schema.
        let Some(tree) = Tree::of(code) else { return Ok(()) };
        let value = upgrade::value(self.schema, tree, key, value);
        self.summary.entry(tree).add(key, &value);
        self.bytes += key.len() + value.len();
        self.writes.push(Write { tree, key: key.to_vec(), value: Some(value.into_owned()) });
        if self.bytes >= TRANSACTION_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.index.write(&self.writes, None, &self.summary)?;
        self.writes.clear();
        self.bytes = 0;
        Ok(())
    }
}

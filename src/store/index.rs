//! The index: sled's trees, the only place that names sled. It can be lost at any time and made anew from the
//! journal; what it says of itself is checked at every opening (see [`Summary`]).

use super::error::StoreError;
use super::tree::{Summary, Totals, Tree};
use sled::transaction::{ConflictableTransactionError, TransactionError, Transactional};
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A value of more bytes is kept in parts (STORE.md, rule 7: values below 64 KiB).
const MAX_VALUE_BYTES: usize = 60 * 1024;
/// The first byte of a value that is kept in parts; no record has this version.
const IN_PARTS: u8 = 0xFF;

/// How often sled's lock is tried, and how long apart: the threads of a dropped handle take milliseconds to end.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// sled's cache is emptied by hand after so many bytes of pages were read or written: see [`Index::let_go`].
const LINGERING_BYTES: u64 = 12 * 1024 * 1024;
/// Records that are read before the writer says that it gets on.
const RECORDS_A_STEP: u64 = 256;
/// A leaf of sled's trees splits at 17 records: one record that is asked for brings some ten others along.
const RECORDS_A_PAGE: usize = 10;
/// sled looks whether its cache is full only at each 65th access to one of its 256 shards (its `lru.rs`).
const ACCESSES: usize = 256 * 80;
/// Records that these accesses go to: enough to meet nearly every shard.
const ACCESSED: usize = 2048;

/// What a transaction writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Write {
    pub(super) tree: Tree,
    pub(super) key: Vec<u8>,
    /// `None` removes.
    pub(super) value: Option<Vec<u8>>,
}

/// A key with its value.
pub(super) type Pair = (sled::IVec, sled::IVec);

/// The opened index.
#[derive(Debug)]
pub(super) struct Index {
    db: sled::Db,
    /// In the order of [`Tree::ALL`], then `meta`.
    trees: Vec<sled::Tree>,
    /// Bytes of pages that were touched since the cache was last emptied.
    lingering: AtomicU64,
}

/// What the index's `meta` tree says of it: one value, with a checksum of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct IndexState {
    /// The last batch that it includes; `None` while it is being made.
    pub(super) sequence: Option<u64>,
    /// The schema that it was written with.
    pub(super) schema: u32,
    /// What its trees should hold.
    pub(super) summary: Summary,
}

impl IndexState {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.schema.to_be_bytes().to_vec();
        bytes.push(u8::from(self.sequence.is_some()));
        bytes.extend_from_slice(&self.sequence.unwrap_or(0).to_be_bytes());
        for tree in Tree::ALL {
            bytes.push(tree.code());
            bytes.extend_from_slice(&self.summary.of(*tree).to_bytes());
        }
        let crc = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&crc.to_be_bytes());
        bytes
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (bytes, crc) = bytes.split_last_chunk::<4>()?;
        if crc32fast::hash(bytes) != u32::from_be_bytes(*crc) {
            return None;
        }
        let (schema, rest) = bytes.split_first_chunk::<4>()?;
        let (&is_finished, rest) = rest.split_first()?;
        let (sequence, rest) = rest.split_first_chunk::<8>()?;
        let sequence = (is_finished == 1).then_some(u64::from_be_bytes(*sequence));
        let mut summary = Summary::default();
        for of_tree in rest.chunks(1 + Totals::BYTES) {
            let (&code, totals) = of_tree.split_first()?;
            if let Some(tree) = Tree::of(code) {
                *summary.entry(tree) = Totals::of_bytes(totals)?;
            }
        }
        Some(Self { sequence, schema: u32::from_be_bytes(*schema), summary })
    }
}

const STATE: &str = "state";

impl Index {
    /// Opens or creates it. sled may panic over a damaged file; that is an error here.
    pub(super) fn open(path: &Path, cache_bytes: u64) -> Result<Self, sled::Error> {
        // Only a handle of our own that is just being dropped can hold sled's lock: ours keeps others out.
        for _ in 0..LOCK_TRIES {
            match Self::open_once(path, cache_bytes) {
                Err(error) if is_lock(&error) => std::thread::sleep(LOCK_PAUSE),
                other => return other,
            }
        }
        Self::open_once(path, cache_bytes)
    }

    fn open_once(path: &Path, cache_bytes: u64) -> Result<Self, sled::Error> {
        guard(|| {
            let db = sled::Config::new()
                .path(path)
                .cache_capacity(cache_bytes)
                .flush_every_ms(None)
                .use_compression(false)
                .open()?;
            let names = Tree::ALL.iter().map(|tree| tree.name()).chain(["meta"]);
            let trees = names.map(|name| db.open_tree(name)).collect::<Result<_, _>>()?;
            Ok(Self { db, trees, lingering: AtomicU64::new(0) })
        })
    }

    fn tree(&self, tree: Tree) -> Result<&sled::Tree, sled::Error> {
        let position = Tree::ALL.iter().position(|one| *one == tree);
        position.and_then(|at| self.trees.get(at)).ok_or_else(|| bug("a tree is missing"))
    }

    fn meta(&self) -> Result<&sled::Tree, sled::Error> {
        self.trees.get(Tree::ALL.len()).ok_or_else(|| bug("the meta tree is missing"))
    }

    /// What the index says of itself.
    pub(super) fn state(&self) -> Result<IndexState, sled::Error> {
        guard(|| match self.meta()?.get(STATE)? {
            Some(bytes) => IndexState::of_bytes(&bytes).ok_or_else(|| bug("its own state is damaged")),
            None => Ok(IndexState::default()),
        })
    }

    /// What the trees really hold: reads every record, and calls `step` now and then.
    pub(super) fn count(&self, step: &dyn Fn()) -> Result<Summary, sled::Error> {
        guard(|| {
            let mut summary = Summary::default();
            for tree in Tree::ALL {
                let totals = summary.entry(*tree);
                for pair in self.tree(*tree)? {
                    let (key, value) = pair?;
                    totals.add(&key, &value);
                    if totals.count.is_multiple_of(RECORDS_A_STEP) {
                        step();
                    }
                    self.touched(key.len() + value.len())?;
                }
            }
            Ok(summary)
        })
    }

    /// One value as it lies in the tree.
    pub(super) fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<sled::IVec>, sled::Error> {
        guard(|| {
            let value = self.tree(tree)?.get(key)?;
            self.touched(value.as_ref().map_or(0, |value| value.len() * RECORDS_A_PAGE))?;
            Ok(value)
        })
    }

    /// One record, put together if it is kept in parts.
    pub(super) fn record(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, sled::Error> {
        self.get(tree, key)?.map(|value| self.whole(tree, key, &value)).transpose()
    }

    /// A value, put together if it is kept in parts.
    pub(super) fn whole(&self, tree: Tree, key: &[u8], value: &[u8]) -> Result<Vec<u8>, sled::Error> {
        let Some((parts, first)) = in_parts(value) else { return Ok(value.to_vec()) };
        let mut whole = first.to_vec();
        for number in 0..parts {
            let part = self.get(Tree::Part, &part_key(tree, key, number))?;
            whole.extend_from_slice(&part.ok_or_else(|| bug("a part of a long value is missing"))?);
        }
        Ok(whole)
    }

    /// At most `limit` pairs between two keys, from the first one on, or from the last one back.
    pub(super) fn page(
        &self,
        tree: Tree,
        range: (Bound<Vec<u8>>, Bound<Vec<u8>>),
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<Pair>, sled::Error> {
        guard(|| {
            let pairs = self.tree(tree)?.range(range);
            let page: Result<Vec<_>, _> =
                if backwards { pairs.rev().take(limit).collect() } else { pairs.take(limit).collect() };
            let page = page?;
            self.touched(page.iter().map(|(key, value)| key.len() + value.len()).sum())?;
            Ok(page)
        })
    }

    /// The keys that begin with `prefix`.
    pub(super) fn keys_below(&self, tree: Tree, prefix: &[u8]) -> Result<Vec<Vec<u8>>, sled::Error> {
        guard(|| self.tree(tree)?.scan_prefix(prefix).keys().map(|key| Ok(key?.to_vec())).collect())
    }

    /// Writes all of it in one transaction across the trees, with what it then holds. Not flushed: the journal
    /// has it already.
    pub(super) fn write(
        &self,
        writes: &[Write],
        sequence: Option<u64>,
        summary: &Summary,
    ) -> Result<(), sled::Error> {
        self.write_as(super::SCHEMA, writes, sequence, summary)
    }

    /// [`Index::write`], for what says that it is of this schema.
    pub(super) fn write_as(
        &self,
        schema: u32,
        writes: &[Write],
        sequence: Option<u64>,
        summary: &Summary,
    ) -> Result<(), sled::Error> {
        let state = IndexState { sequence, schema, summary: summary.clone() }.to_bytes();
        guard(|| {
            // A new index is filled in the order of its keys: neighbours lie on one page.
            let pages = if sequence.is_some() { RECORDS_A_PAGE } else { 2 };
            self.touched(bytes(writes) * pages)?;
            let outcome: Result<(), TransactionError<sled::Error>> =
                self.trees.as_slice().transaction(|trees| {
                    for write in writes {
                        let position = Tree::ALL.iter().position(|one| *one == write.tree);
                        let tree = position.and_then(|at| trees.get(at));
                        let tree = tree
                            .ok_or_else(|| ConflictableTransactionError::Abort(bug("a tree is missing")))?;
                        match &write.value {
                            Some(value) => tree.insert(write.key.as_slice(), value.as_slice())?,
                            None => tree.remove(write.key.as_slice())?,
                        };
                    }
                    let meta = trees.get(Tree::ALL.len());
                    let meta = meta.ok_or_else(|| {
                        ConflictableTransactionError::Abort(bug("the meta tree is missing"))
                    })?;
                    meta.insert(STATE, state.as_slice())?;
                    Ok(())
                });
            outcome.map_err(|error| match error {
                TransactionError::Abort(error) | TransactionError::Storage(error) => error,
            })
        })
    }

    /// The bug that a test plants: writes outside of any transaction.
    #[cfg(test)]
    pub(super) fn write_alone(&self, writes: &[Write]) -> Result<(), sled::Error> {
        for write in writes {
            let tree = self.tree(write.tree)?;
            match &write.value {
                Some(value) => tree.insert(&write.key, value.as_slice())?,
                None => tree.remove(&write.key)?,
            };
        }
        Ok(())
    }

    /// Notes that so many bytes of pages came into the cache.
    fn touched(&self, bytes: usize) -> Result<(), sled::Error> {
        let before = self.lingering.fetch_add(bytes as u64, Ordering::Relaxed);
        if before + bytes as u64 >= LINGERING_BYTES && self.lingering.swap(0, Ordering::Relaxed) > 0 {
            self.let_go()?;
        }
        Ok(())
    }

    /// Makes sled keep to its cache's size. It forgets pages only after 64 accesses to one of its shards, up to 16,384
    /// pages of any size until then: half a gigabyte with 100,000 stories, whatever `cache_capacity` says. So small
    /// pages are asked for until every shard has had its accesses: some 20 ms.
    fn let_go(&self) -> Result<(), sled::Error> {
        let tree = self.tree(Tree::Seen)?;
        let keys = tree.iter().keys().step_by(RECORDS_A_PAGE).take(ACCESSED);
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        for key in keys.iter().cycle().take(if keys.len() < 256 { 0 } else { ACCESSES }) {
            tree.get(key)?;
        }
        Ok(())
    }

    /// Hands everything to the operating system.
    pub(super) fn flush(&self) -> Result<(), sled::Error> {
        guard(|| self.db.flush().map(|_| ()))
    }
}

fn bytes(writes: &[Write]) -> usize {
    writes.iter().map(|write| write.key.len() + write.value.as_ref().map_or(0, Vec::len)).sum()
}

/// A value split so that each part fits: the first goes under the key itself, the others into [`Tree::Part`].
pub(super) fn split(value: &[u8]) -> (Vec<u8>, Vec<&[u8]>) {
    if value.len() <= MAX_VALUE_BYTES {
        return (value.to_vec(), Vec::new());
    }
    let (head, rest) = value.split_at_checked(MAX_VALUE_BYTES - 5).unwrap_or((value, &[]));
    let parts: Vec<_> = rest.chunks(MAX_VALUE_BYTES).collect();
    let mut first = vec![IN_PARTS];
    first.extend_from_slice(&u32::try_from(parts.len()).unwrap_or(u32::MAX).to_be_bytes());
    first.extend_from_slice(head);
    (first, parts)
}

/// How many further parts a value has, and its first.
pub(super) fn in_parts(value: &[u8]) -> Option<(u32, &[u8])> {
    let (count, first) = value.strip_prefix(&[IN_PARTS])?.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*count), first))
}

/// Where a further part lies.
pub(super) fn part_key(tree: Tree, key: &[u8], number: u32) -> Vec<u8> {
    [&[tree.code()], key, &number.to_be_bytes()].concat()
}

/// Runs something of sled's; a panic (it has many assertions about its files) becomes an error.
fn guard<T>(work: impl FnOnce() -> Result<T, sled::Error>) -> Result<T, sled::Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked");
        Err(bug(said))
    })
}

fn bug(what: &str) -> sled::Error {
    sled::Error::ReportableBug(what.to_owned())
}

/// Whether opening failed for a reason outside of the files themselves: then nothing may be touched.
pub(super) fn is_environment(error: &sled::Error) -> bool {
    use std::io::ErrorKind;
    // A missing or odd file is damage; any other complaint of the system is not ours to repair.
    let is_odd =
        |kind| matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory);
    let is_of_system =
        matches!(error, sled::Error::Io(error) if error.raw_os_error().is_some() && !is_odd(error.kind()));
    is_of_system || is_lock(error)
}

/// sled words its failure to lock by itself.
fn is_lock(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

impl StoreError {
    /// What an error of sled's at an opening means, where it is the system's.
    pub(super) fn of_opening(path: &Path, error: sled::Error) -> Self {
        match error {
            sled::Error::Io(source) => Self::environment("open the index", path, source),
            other => Self::from(other),
        }
    }
}

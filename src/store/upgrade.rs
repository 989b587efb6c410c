//! What older versions of the store wrote, in today's form.

use super::error::StoreError;
use super::index::{Index, IndexState, Write};
use super::key::Grave;
use super::tree::Tree;
use crate::model::EntryId;
use std::borrow::Cow;
use std::ops::Bound;

/// The first version. Its tombstones lay in buckets with the keys that old ones have today, as the other 52 bits of the
/// id, in seven bytes.
const FIRST: u32 = 1;
const FIRST_TOMBSTONE_BYTES: usize = 7;

/// A record of a checkpoint of that schema, as it is written today under the same key. (Buckets of more than 60 KiB, with
/// 35 million tombstones, were never written.)
pub(super) fn value<'a>(schema: u32, tree: Tree, key: &[u8], value: &'a [u8]) -> Cow<'a, [u8]> {
    if schema != FIRST || tree != Tree::Tombstone {
        return Cow::Borrowed(value);
    }
    let first = key.iter().fold(0, |bits, byte| (bits << 8) | u64::from(*byte)) << 52;
    let mut bucket = Vec::new();
    for rest in value.as_chunks::<FIRST_TOMBSTONE_BYTES>().0 {
        let rest = rest.iter().fold(0, |bits, byte| (bits << 8) | u64::from(*byte));
        let tombstone = Grave::of(EntryId(first | rest)).tombstone;
        // They are sorted; two that differ in what is no longer kept are one.
        if bucket.last_chunk() != Some(&tombstone) {
            bucket.extend_from_slice(&tombstone);
        }
    }
    Cow::Owned(bucket)
}

/// Brings an index up to date that is needed because the journal is damaged; it would be made anew otherwise.
pub(super) fn in_place(index: &Index, mut state: IndexState) -> Result<IndexState, StoreError> {
    if state.schema >= super::SCHEMA {
        return Ok(state);
    }
    let old = index.page(Tree::Tombstone, (Bound::Unbounded, Bound::Unbounded), false, usize::MAX)?;
    let totals = state.summary.entry(Tree::Tombstone);
    let mut writes = Vec::new();
    for (key, first) in &old {
        let today = value(state.schema, Tree::Tombstone, key, first).into_owned();
        totals.take(key, first);
        totals.add(key, &today);
        writes.push(Write { tree: Tree::Tombstone, key: key.to_vec(), value: Some(today) });
    }
    index.write(&writes, state.sequence, &state.summary)?;
    state.schema = super::SCHEMA;
    Ok(state)
}

//! What older versions of the store wrote, in today's form.

use super::error::StoreError;
use super::index::{Index, IndexState, Write};
use super::key::Grave;
use super::tree::Tree;
use crate::model::EntryId;
use std::collections::BTreeMap;
use std::ops::Bound;

/// The first version. Its tombstones had 12 bits of the id in the key of their bucket, in two bytes, and the other 52
/// in the bucket, in seven.
const FIRST: u32 = 1;
const FIRST_TOMBSTONE_BYTES: usize = 7;

/// A record of a checkpoint of that schema, as it is written today. What an old bucket holds goes into new ones that
/// no other old bucket shares. (Buckets of more than 60 KiB, with 35 million tombstones, were never written.)
pub(super) fn pairs(schema: u32, tree: Tree, key: &[u8], value: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    if schema != FIRST || tree != Tree::Tombstone {
        return vec![(key.to_vec(), value.to_vec())];
    }
    let mut buckets: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let first = key.iter().fold(0, |bits, byte| (bits << 8) | u64::from(*byte)) << 52;
    for rest in value.as_chunks::<FIRST_TOMBSTONE_BYTES>().0 {
        let rest = rest.iter().fold(0, |bits, byte| (bits << 8) | u64::from(*byte));
        let Grave { old, tombstone, .. } = Grave::of(EntryId(first | rest));
        let bucket = buckets.entry(old.to_vec()).or_default();
        // They are sorted; two that differ in what is no longer kept are one.
        if bucket.last_chunk() != Some(&tombstone) {
            bucket.extend_from_slice(&tombstone);
        }
    }
    buckets.into_iter().collect()
}

/// Brings an index up to date that is needed because the journal is damaged; it would be made anew otherwise.
pub(super) fn in_place(index: &Index, mut state: IndexState) -> Result<IndexState, StoreError> {
    if state.schema >= super::SCHEMA {
        return Ok(state);
    }
    let old = index.page(Tree::Tombstone, (Bound::Unbounded, Bound::Unbounded), false, usize::MAX)?;
    let totals = state.summary.entry(Tree::Tombstone);
    let mut writes: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
    for (key, value) in &old {
        totals.take(key, value);
        writes.entry(key.to_vec()).or_default();
        for (key, value) in pairs(state.schema, Tree::Tombstone, key, value) {
            totals.add(&key, &value);
            writes.insert(key, Some(value));
        }
    }
    let writes: Vec<_> =
        writes.into_iter().map(|(key, value)| Write { tree: Tree::Tombstone, key, value }).collect();
    index.write(&writes, state.sequence, &state.summary)?;
    state.schema = super::SCHEMA;
    Ok(state)
}

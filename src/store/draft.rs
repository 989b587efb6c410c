//! What a batch will write: changes laid over the index, worked out in full before anything is written, so
//! that a batch that can't be applied is refused before the journal sees it.

use super::index::{self, Index, Write};
use super::tree::{Summary, Tree};
use std::collections::BTreeMap;

/// The index with changes laid over it.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    index: &'a Index,
    writes: BTreeMap<(Tree, Vec<u8>), Option<Vec<u8>>>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(index: &'a Index) -> Self {
        Self { index, writes: BTreeMap::new() }
    }

    /// One value as it lies in the tree.
    pub(super) fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, sled::Error> {
        match self.writes.get(&(tree, key.to_vec())) {
            Some(written) => Ok(written.clone()),
            None => Ok(self.index.get(tree, key)?.map(|value| value.to_vec())),
        }
    }

    /// One record, put together if it is kept in parts.
    pub(super) fn record(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, sled::Error> {
        let Some(value) = self.get(tree, key)? else { return Ok(None) };
        let Some((parts, first)) = index::in_parts(&value) else { return Ok(Some(value)) };
        let mut whole = first.to_vec();
        for number in 0..parts {
            whole.extend(self.get(Tree::Part, &index::part_key(tree, key, number))?.unwrap_or_default());
        }
        Ok(Some(whole))
    }

    /// Puts a small value.
    pub(super) fn put(&mut self, tree: Tree, key: &[u8], value: &[u8]) {
        self.writes.insert((tree, key.to_vec()), Some(value.to_vec()));
    }

    /// Removes a small value.
    pub(super) fn delete(&mut self, tree: Tree, key: &[u8]) {
        self.writes.insert((tree, key.to_vec()), None);
    }

    /// Puts a record, in parts if it is long.
    pub(super) fn put_record(&mut self, tree: Tree, key: &[u8], record: &[u8]) -> Result<(), sled::Error> {
        self.delete_record(tree, key)?;
        let (first, parts) = index::split(record);
        self.put(tree, key, &first);
        for (number, part) in (0..).zip(parts) {
            self.put(Tree::Part, &index::part_key(tree, key, number), part);
        }
        Ok(())
    }

    /// Removes a record with its parts.
    pub(super) fn delete_record(&mut self, tree: Tree, key: &[u8]) -> Result<(), sled::Error> {
        let old = self.get(tree, key)?;
        for number in 0..old.as_deref().and_then(index::in_parts).map_or(0, |(parts, _)| parts) {
            self.delete(Tree::Part, &index::part_key(tree, key, number));
        }
        self.delete(tree, key);
        Ok(())
    }

    /// The keys that begin with `prefix`, in order.
    pub(super) fn keys_below(&self, tree: Tree, prefix: &[u8]) -> Result<Vec<Vec<u8>>, sled::Error> {
        let mut keys: Vec<_> = self.index.keys_below(tree, prefix)?;
        keys.retain(|key| !self.writes.contains_key(&(tree, key.clone())));
        let written = self.writes.range((tree, prefix.to_vec())..);
        let below = written.take_while(|((of, key), _)| *of == tree && key.starts_with(prefix));
        keys.extend(below.filter(|(_, value)| value.is_some()).map(|((_, key), _)| key.clone()));
        keys.sort_unstable();
        Ok(keys)
    }

    /// The writes that change something, and what the trees hold after them.
    pub(super) fn finish(self, mut summary: Summary) -> Result<(Vec<Write>, Summary), sled::Error> {
        let mut writes = Vec::with_capacity(self.writes.len());
        for ((tree, key), value) in self.writes {
            let old = self.index.get(tree, &key)?;
            if old.as_deref() == value.as_deref() {
                continue;
            }
            let totals = summary.entry(tree);
            if let Some(old) = &old {
                totals.take(&key, old);
            }
            if let Some(new) = &value {
                totals.add(&key, new);
            }
            writes.push(Write { tree, key, value });
        }
        Ok((writes, summary))
    }
}

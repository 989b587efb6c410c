//! Keys of the trees, and the small values of those that hold no records. Numbers are big-endian, so that keys
//! sort as the numbers do.

use crate::model::{EntryId, FeedId};
use sha2::{Digest, Sha256};

/// Bytes of an id.
pub(super) const ID_BYTES: usize = 8;
/// Bytes of the key of a bucket of tombstones.
pub(super) const BUCKET_BYTES: usize = 2;
/// A tombstone's bytes in its bucket: with the first of the id, which its bucket has, 56 of 64 bits. Among ten million
/// tombstones a new entry meets one that isn't its own once in seven thousand million times.
pub(super) const TOMBSTONE_BYTES: usize = 6;
/// What a young bucket holds before its tombstones go to old ones.
pub(super) const YOUNG_BYTES: usize = 128 * TOMBSTONE_BYTES;
/// Buckets of old tombstones have twelve bits of the id for their number; those of young ones follow.
const YOUNG: u16 = 1 << 12;

/// Where a known entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Kept, in a story.
    Kept,
    /// Turned away by the filter.
    Rejected,
    /// Left the store with its story, or as an old reject. Whatever it says now, it is not new.
    Expired,
}

/// That an entry was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Hash of its visible text as it was last taken; of an expired entry it is not kept, and 0 here.
    pub substance: u64,
    /// Where it is now.
    pub place: Place,
}

/// The value in [`super::tree::Tree::Seen`].
pub(super) fn seen_value(place: Place, substance: u64) -> Vec<u8> {
    let mut value = vec![match place {
        Place::Kept => b'k',
        Place::Rejected => b'r',
        Place::Expired => b'x',
    }];
    value.extend_from_slice(&substance.to_be_bytes());
    value
}

/// Back from the value in [`super::tree::Tree::Seen`].
pub(super) fn seen(value: &[u8]) -> Option<Seen> {
    let (place, substance) = value.split_first()?;
    let place = match place {
        b'k' => Place::Kept,
        b'r' => Place::Rejected,
        b'x' => Place::Expired,
        _ => return None,
    };
    Some(Seen { place, substance: u64::from_be_bytes(substance.try_into().ok()?) })
}

/// The id in a key or value that is one, or that ends in one.
pub(super) fn id_at_end(bytes: &[u8]) -> Option<u64> {
    bytes.last_chunk::<ID_BYTES>().map(|bytes| u64::from_be_bytes(*bytes))
}

/// Two numbers side by side.
pub(super) fn pair(one: u64, other: u64) -> Vec<u8> {
    [one.to_be_bytes(), other.to_be_bytes()].concat()
}

/// What follows a time in a key.
pub(super) fn timed(time: [u8; 8], rest: &[u8]) -> Vec<u8> {
    [time.as_slice(), rest].concat()
}

/// The key in [`super::tree::Tree::Arrival`].
pub(super) fn arrival(first_seen: [u8; 8], (sequence, position): (u64, u32)) -> Vec<u8> {
    [first_seen.as_slice(), &sequence.to_be_bytes(), &position.to_be_bytes()].concat()
}

/// The key in [`super::tree::Tree::Identity`] of a feed's canonical link. When its entry has left the store, it becomes a
/// tombstone like the ids of entries.
pub(super) fn identity_of_link(feed: FeedId, canonical: &str) -> u64 {
    digest(&["link", &feed.to_string(), canonical])
}

/// The key in [`super::tree::Tree::Identity`] of a feed's title.
pub(super) fn identity_of_title(feed: FeedId, title: &str) -> u64 {
    digest(&["title", &feed.to_string(), title])
}

/// The first part of the key in [`super::tree::Tree::Link`].
pub(super) fn link(canonical: &str) -> u64 {
    digest(&["link", canonical])
}

fn digest(parts: &[&str]) -> u64 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    hasher.finalize().iter().take(ID_BYTES).fold(0, |id, byte| (id << 8) | u64::from(*byte))
}

/// Where a tombstone may lie (keys in [`super::tree::Tree::Tombstone`]), and its bytes there. A burial writes one of
/// 256 young buckets, below a kilobyte each; a full one is spread over 16 of 4,096 old ones. Old buckets alone would
/// have been rewritten for each burial, 6 KB with four million tombstones; more of them cost a small store a hundred
/// bytes a tombstone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grave {
    pub(super) young: [u8; BUCKET_BYTES],
    pub(super) old: [u8; BUCKET_BYTES],
    pub(super) tombstone: [u8; TOMBSTONE_BYTES],
}

impl Grave {
    pub(super) fn of(id: EntryId) -> Self {
        let [first, rest @ .., _] = id.0.to_be_bytes();
        Self {
            young: (YOUNG | u16::from(first)).to_be_bytes(),
            old: old_bucket(first, rest),
            tombstone: rest,
        }
    }

    /// Where another tombstone of the same young bucket goes when it grows old.
    pub(super) fn old_of(&self, tombstone: [u8; TOMBSTONE_BYTES]) -> [u8; BUCKET_BYTES] {
        old_bucket(self.young[1], tombstone)
    }
}

fn old_bucket(first: u8, [second, ..]: [u8; TOMBSTONE_BYTES]) -> [u8; BUCKET_BYTES] {
    (u16::from(first) << 4 | u16::from(second) >> 4).to_be_bytes()
}

/// Where in a bucket the tombstone is, or belongs.
pub(super) fn find_tombstone(bucket: &[u8], rest: [u8; TOMBSTONE_BYTES]) -> Result<usize, usize> {
    bucket.as_chunks::<TOMBSTONE_BYTES>().0.binary_search(&rest)
}

//! What each change means for the trees. The same function serves a batch that was just decided and one that
//! is replayed from the journal, so both lead to the same store.

use super::draft::Draft;
use super::error::StoreError;
use super::key::{self, Grave, Place, TOMBSTONE_BYTES};
use super::record::{
    BatchRecord, ChangeRecord, DecisionRecord, EntryRecord, KeptRecord, Record, RejectRecord, StoryRecord,
    SubscriptionRecord,
};
use super::tree::Tree;
use crate::model::{EntryId, FeedId};

/// An entry that appears under ever new guids is remembered under so many of them.
const MAX_ALIASES: usize = 64;

/// Lays a batch over the index.
pub(super) fn apply(draft: &mut Draft<'_>, batch: BatchRecord, sequence: u64) -> Result<(), StoreError> {
    for (position, change) in (0..).zip(batch.changes) {
        match change {
            ChangeRecord::Feed(state) => {
                draft.put_record(Tree::Feed, &state.feed.to_be_bytes(), &state.encode()?)?;
            }
            ChangeRecord::FeedForgotten(feed) => draft.delete_record(Tree::Feed, &feed.to_be_bytes())?,
            ChangeRecord::Entry(kept) => put_entry(draft, *kept, (sequence, position))?,
            ChangeRecord::Reject(reject) => put_reject(draft, *reject)?,
            ChangeRecord::EntryAlias { from, to } => put_entry_alias(draft, from, to)?,
            ChangeRecord::Story(story) => put_story(draft, &story)?,
            ChangeRecord::StoryAlias { from, to } => put_story_alias(draft, from, to)?,
            ChangeRecord::StoryExpired(story) => expire_story(draft, story)?,
            ChangeRecord::RejectExpired(entry) => expire_reject(draft, entry)?,
            ChangeRecord::Subscription(subscription) => put_subscription(draft, &subscription)?,
            ChangeRecord::Decision(decision) => put_decision(draft, decision, (sequence, position))?,
        }
    }
    Ok(())
}

fn entry(draft: &Draft<'_>, id: u64) -> Result<Option<KeptRecord>, StoreError> {
    draft.record(Tree::Entry, &id.to_be_bytes())?.map(|bytes| KeptRecord::decode(&bytes)).transpose()
}

fn reject(draft: &Draft<'_>, id: u64) -> Result<Option<RejectRecord>, StoreError> {
    draft.record(Tree::Reject, &id.to_be_bytes())?.map(|bytes| RejectRecord::decode(&bytes)).transpose()
}

fn story(draft: &Draft<'_>, id: u64) -> Result<Option<StoryRecord>, StoreError> {
    draft.record(Tree::Story, &id.to_be_bytes())?.map(|bytes| StoryRecord::decode(&bytes)).transpose()
}

fn put_entry(draft: &mut Draft<'_>, mut kept: KeptRecord, now: (u64, u32)) -> Result<(), StoreError> {
    let id = kept.entry.id;
    let old = entry(draft, id)?;
    // An entry that changes keeps its place in the order of arrival.
    kept.arrived = Some(old.as_ref().and_then(|old| old.arrived).unwrap_or(now));
    if let Some(old) = old {
        // What was read from here and put back (it changed its story, say) may have been cut: the hash of its
        // whole text is the old one.
        if old.entry == kept.entry {
            kept.substance = old.substance;
        }
        remove_entry(draft, id)?;
    }
    remove_reject(draft, id)?;
    exhume(draft, id)?;
    remove_entry_alias(draft, id)?;
    let key = id.to_be_bytes();
    draft.put_record(Tree::Entry, &key, &kept.encode()?)?;
    draft.put(Tree::Seen, &key, &key::seen_value(Place::Kept, kept.substance));
    if let Some(arrived) = kept.arrived {
        draft.put(Tree::Arrival, &key::arrival(kept.entry.first_seen.sort_key(), arrived), &key);
    }
    if let Some(canonical) = &kept.entry.canonical {
        draft.put(Tree::Link, &key::pair(key::link(canonical), id), &[]);
    }
    put_identity(draft, &kept.entry)
}

fn put_reject(draft: &mut Draft<'_>, mut new: RejectRecord) -> Result<(), StoreError> {
    let id = new.entry.id;
    if let Some(old) = reject(draft, id)?.filter(|old| old.entry == new.entry) {
        new.substance = old.substance;
    }
    remove_entry(draft, id)?;
    remove_reject(draft, id)?;
    exhume(draft, id)?;
    remove_entry_alias(draft, id)?;
    let key = id.to_be_bytes();
    draft.put_record(Tree::Reject, &key, &new.encode()?)?;
    draft.put(Tree::Seen, &key, &key::seen_value(Place::Rejected, new.substance));
    draft.put(Tree::RejectTime, &key::timed(new.entry.first_seen.sort_key(), &key), &[]);
    put_identity(draft, &new.entry)
}

/// Takes an entry out of all trees, as if it had never been there.
fn remove_entry(draft: &mut Draft<'_>, id: u64) -> Result<(), StoreError> {
    let Some(kept) = entry(draft, id)? else { return Ok(()) };
    let key = id.to_be_bytes();
    draft.delete_record(Tree::Entry, &key)?;
    draft.delete(Tree::Seen, &key);
    if let Some(arrived) = kept.arrived {
        draft.delete(Tree::Arrival, &key::arrival(kept.entry.first_seen.sort_key(), arrived));
    }
    if let Some(canonical) = &kept.entry.canonical {
        draft.delete(Tree::Link, &key::pair(key::link(canonical), id));
    }
    remove_identity(draft, &kept.entry)
}

/// Takes a reject out of all trees, as if it had never been there.
fn remove_reject(draft: &mut Draft<'_>, id: u64) -> Result<(), StoreError> {
    let Some(reject) = reject(draft, id)? else { return Ok(()) };
    let key = id.to_be_bytes();
    draft.delete_record(Tree::Reject, &key)?;
    draft.delete(Tree::Seen, &key);
    draft.delete(Tree::RejectTime, &key::timed(reject.entry.first_seen.sort_key(), &key));
    remove_identity(draft, &reject.entry)
}

/// What a feed's entry is recognised by under another guid.
fn identities(entry: &EntryRecord) -> impl Iterator<Item = u64> {
    let feed = FeedId(entry.feed);
    let link = entry.canonical.as_ref().map(|canonical| key::identity_of_link(feed, canonical));
    let title = (!entry.title.is_empty()).then(|| key::identity_of_title(feed, &entry.title));
    [link, title].into_iter().flatten()
}

fn put_identity(draft: &mut Draft<'_>, entry: &EntryRecord) -> Result<(), StoreError> {
    for identity in identities(entry) {
        exhume(draft, identity)?;
        draft.put(Tree::Identity, &identity.to_be_bytes(), &entry.id.to_be_bytes());
    }
    Ok(())
}

fn remove_identity(draft: &mut Draft<'_>, entry: &EntryRecord) -> Result<(), StoreError> {
    for identity in identities(entry) {
        let key = identity.to_be_bytes();
        // A later entry of the same title has it now.
        if draft.get(Tree::Identity, &key)?.is_some_and(|id| id == entry.id.to_be_bytes()) {
            draft.delete(Tree::Identity, &key);
        }
    }
    Ok(())
}

/// Remembers an id that has left the store, in a few bytes. A bucket is a plain value, never one in parts: its first
/// byte may be any.
pub(super) fn bury(draft: &mut Draft<'_>, id: u64) -> Result<(), StoreError> {
    let grave = Grave::of(EntryId(id));
    if has_tombstone(draft, &grave.old, grave.tombstone)? {
        return Ok(());
    }
    add_tombstones(draft, &grave.young, &grave.tombstone)?;
    let young = draft.get(Tree::Tombstone, &grave.young)?.unwrap_or_default();
    if young.len() < key::YOUNG_BYTES {
        return Ok(());
    }
    draft.delete(Tree::Tombstone, &grave.young);
    // They are sorted, so those of one old bucket lie together.
    let tombstones = young.as_chunks::<TOMBSTONE_BYTES>().0;
    for together in tombstones.chunk_by(|one, other| grave.old_of(*one) == grave.old_of(*other)) {
        if let Some(first) = together.first() {
            add_tombstones(draft, &grave.old_of(*first), together.as_flattened())?;
        }
    }
    Ok(())
}

/// Puts tombstones into a bucket, which stays sorted.
fn add_tombstones(draft: &mut Draft<'_>, bucket: &[u8], tombstones: &[u8]) -> Result<(), StoreError> {
    let mut all = draft.get(Tree::Tombstone, bucket)?.unwrap_or_default();
    for tombstone in tombstones.as_chunks::<TOMBSTONE_BYTES>().0 {
        if let Err(position) = key::find_tombstone(&all, *tombstone) {
            let at = position * TOMBSTONE_BYTES;
            all.splice(at..at, *tombstone);
        }
    }
    draft.put(Tree::Tombstone, bucket, &all);
    Ok(())
}

/// Forgets a tombstone: its entry is here again.
pub(super) fn exhume(draft: &mut Draft<'_>, id: u64) -> Result<(), StoreError> {
    let grave = Grave::of(EntryId(id));
    for key in [grave.young, grave.old] {
        let Some(mut bucket) = draft.get(Tree::Tombstone, &key)? else { continue };
        let Ok(position) = key::find_tombstone(&bucket, grave.tombstone) else { continue };
        let at = position * TOMBSTONE_BYTES;
        bucket.drain(at..at + TOMBSTONE_BYTES);
        if bucket.is_empty() {
            draft.delete(Tree::Tombstone, &key);
        } else {
            draft.put(Tree::Tombstone, &key, &bucket);
        }
    }
    Ok(())
}

pub(super) fn is_buried(draft: &Draft<'_>, id: u64) -> Result<bool, StoreError> {
    let grave = Grave::of(EntryId(id));
    Ok(has_tombstone(draft, &grave.young, grave.tombstone)?
        || has_tombstone(draft, &grave.old, grave.tombstone)?)
}

fn has_tombstone(
    draft: &Draft<'_>,
    bucket: &[u8],
    tombstone: [u8; TOMBSTONE_BYTES],
) -> Result<bool, StoreError> {
    let bucket = draft.get(Tree::Tombstone, bucket)?;
    Ok(bucket.is_some_and(|bucket| key::find_tombstone(&bucket, tombstone).is_ok()))
}

/// Tombstones for an entry that leaves, the guids it also had, and its link.
fn bury_entry(draft: &mut Draft<'_>, entry: &EntryRecord) -> Result<(), StoreError> {
    bury(draft, entry.id)?;
    if let Some(canonical) = &entry.canonical {
        bury(draft, key::identity_of_link(FeedId(entry.feed), canonical))?;
    }
    for alias in aliases_of(draft, Tree::EntryAliasOf, entry.id)? {
        remove_entry_alias(draft, alias)?;
        bury(draft, alias)?;
    }
    Ok(())
}

/// The aliases of an entry or a story.
fn aliases_of(draft: &Draft<'_>, tree: Tree, of: u64) -> Result<Vec<u64>, StoreError> {
    Ok(draft.keys_below(tree, &of.to_be_bytes())?.iter().filter_map(|key| key::id_at_end(key)).collect())
}

fn put_entry_alias(draft: &mut Draft<'_>, from: u64, to: u64) -> Result<(), StoreError> {
    let to = draft.get(Tree::EntryAlias, &to.to_be_bytes())?.and_then(|id| key::id_at_end(&id)).unwrap_or(to);
    let is_known = draft.get(Tree::Seen, &from.to_be_bytes())?.is_some();
    if from == to || is_known {
        return Ok(());
    }
    if is_buried(draft, to)? {
        return bury(draft, from);
    }
    remove_entry_alias(draft, from)?;
    let others = aliases_of(draft, Tree::EntryAliasOf, to)?;
    if let Some(one) = others.first().filter(|_| others.len() >= MAX_ALIASES) {
        remove_entry_alias(draft, *one)?;
    }
    draft.put(Tree::EntryAlias, &from.to_be_bytes(), &to.to_be_bytes());
    draft.put(Tree::EntryAliasOf, &key::pair(to, from), &[]);
    Ok(())
}

fn remove_entry_alias(draft: &mut Draft<'_>, from: u64) -> Result<(), StoreError> {
    remove_alias(draft, (Tree::EntryAlias, Tree::EntryAliasOf), from)
}

fn remove_story_alias(draft: &mut Draft<'_>, from: u64) -> Result<(), StoreError> {
    remove_alias(draft, (Tree::StoryAlias, Tree::StoryAliasOf), from)
}

fn remove_alias(draft: &mut Draft<'_>, (forth, back): (Tree, Tree), from: u64) -> Result<(), StoreError> {
    if let Some(to) = draft.get(forth, &from.to_be_bytes())?.and_then(|id| key::id_at_end(&id)) {
        draft.delete(forth, &from.to_be_bytes());
        draft.delete(back, &key::pair(to, from));
    }
    Ok(())
}

fn put_story(draft: &mut Draft<'_>, story: &StoryRecord) -> Result<(), StoreError> {
    remove_story(draft, story.id)?;
    remove_story_alias(draft, story.id)?;
    let key = story.id.to_be_bytes();
    draft.put_record(Tree::Story, &key, &story.encode()?)?;
    draft.put(Tree::StoryTime, &key::timed(story.published.sort_key(), &key), &[]);
    Ok(())
}

fn remove_story(draft: &mut Draft<'_>, id: u64) -> Result<(), StoreError> {
    let Some(old) = story(draft, id)? else { return Ok(()) };
    let key = id.to_be_bytes();
    draft.delete_record(Tree::Story, &key)?;
    draft.delete(Tree::StoryTime, &key::timed(old.published.sort_key(), &key));
    Ok(())
}

fn put_story_alias(draft: &mut Draft<'_>, from: u64, to: u64) -> Result<(), StoreError> {
    let to = draft.get(Tree::StoryAlias, &to.to_be_bytes())?.and_then(|id| key::id_at_end(&id)).unwrap_or(to);
    if from == to {
        return Ok(());
    }
    remove_story(draft, from)?;
    // What led to `from` leads to `to`, so that a look-up is one step.
    let mut all = aliases_of(draft, Tree::StoryAliasOf, from)?;
    all.push(from);
    for alias in all.into_iter().filter(|alias| *alias != to) {
        remove_story_alias(draft, alias)?;
        draft.put(Tree::StoryAlias, &alias.to_be_bytes(), &to.to_be_bytes());
        draft.put(Tree::StoryAliasOf, &key::pair(to, alias), &[]);
    }
    remove_story_alias(draft, to)
}

/// A story leaves, with those of its entries that no other story holds.
fn expire_story(draft: &mut Draft<'_>, id: u64) -> Result<(), StoreError> {
    let Some(old) = story(draft, id)? else { return Ok(()) };
    remove_story(draft, id)?;
    for alias in aliases_of(draft, Tree::StoryAliasOf, id)? {
        remove_story_alias(draft, alias)?;
    }
    for member in old.members {
        let Some(kept) = entry(draft, member.entry)? else { continue };
        let is_elsewhere = kept.story != id
            && story(draft, kept.story)?
                .is_some_and(|story| story.members.iter().any(|other| other.entry == member.entry));
        if !is_elsewhere {
            remove_entry(draft, member.entry)?;
            bury_entry(draft, &kept.entry)?;
        }
    }
    Ok(())
}

fn expire_reject(draft: &mut Draft<'_>, id: u64) -> Result<(), StoreError> {
    let Some(old) = reject(draft, id)? else { return Ok(()) };
    remove_reject(draft, id)?;
    bury_entry(draft, &old.entry)
}

fn put_subscription(draft: &mut Draft<'_>, subscription: &SubscriptionRecord) -> Result<(), StoreError> {
    let feed = match subscription {
        SubscriptionRecord::Put(feed) => feed.id(),
        SubscriptionRecord::Removed { url } => FeedId::of(url),
    };
    Ok(draft.put_record(Tree::Subscription, &feed.0.to_be_bytes(), &subscription.encode()?)?)
}

fn put_decision(draft: &mut Draft<'_>, decision: DecisionRecord, at: (u64, u32)) -> Result<(), StoreError> {
    let key = [at.0.to_be_bytes().as_slice(), &at.1.to_be_bytes()].concat();
    Ok(draft.put_record(Tree::Decision, &key, &decision.encode()?)?)
}

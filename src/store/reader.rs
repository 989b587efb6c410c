//! Reading: what pages, feeds, commands and the daemon's start ask of the store, beside the writer.

use super::Shared;
use super::error::StoreError;
use super::index::Pair;
use super::key::{self, Grave, Place, Seen};
use super::record::{
    DecisionRecord, FeedStateRecord, KeptRecord, Record, RejectRecord, StoryRecord, SubscriptionRecord,
    time_key,
};
use super::tree::Tree;
use crate::model::{
    Change, Decision, EntryId, FeedId, FeedState, Kept, Member, Reject, Story, StoryId, Subscription,
    Timestamp,
};
use std::collections::VecDeque;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Records fetched at a time while walking; no lock is held between.
const PAGE: usize = 128;

/// Reads the store. Each call sees whole batches; two calls may see different ones.
#[derive(Debug, Clone)]
pub struct Reader {
    shared: Arc<Shared>,
}

/// What is known under a story's id.
#[derive(Debug, Clone, PartialEq)]
pub enum StoryLookup {
    /// The story.
    Here(Box<Story>),
    /// It joined another one, whose page is the right one now.
    MovedTo(StoryId),
}

/// How much the store holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Feeds that were polled.
    pub feeds: u64,
    /// Relevant entries.
    pub entries: u64,
    /// Entries turned away and still explained.
    pub rejects: u64,
    /// Stories.
    pub stories: u64,
    /// Ids and links that left the store and are still recognised.
    pub tombstones: u64,
    /// Bytes of all keys and values.
    pub live_bytes: u64,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// What the last poll left of a feed.
    pub fn feed_state(&self, feed: FeedId) -> Result<Option<FeedState>, StoreError> {
        self.get::<FeedStateRecord>(Tree::Feed, feed.0)?.map(FeedStateRecord::state).transpose()
    }

    /// The states of all feeds that were ever polled.
    pub fn feed_states(&self) -> impl Iterator<Item = Result<FeedState, StoreError>> + use<> {
        self.all::<FeedStateRecord>(Tree::Feed).map(|record| record?.state())
    }

    /// Whether and how an entry is known, under this id or as another guid of the same entry.
    pub fn seen(&self, entry: EntryId) -> Result<Option<Seen>, StoreError> {
        let direct = self.seen_as(entry)?;
        match direct {
            Some(_) => Ok(direct),
            None => match self.entry_alias(entry)? {
                Some(other) => self.seen_as(other),
                None => Ok(None),
            },
        }
    }

    fn seen_as(&self, entry: EntryId) -> Result<Option<Seen>, StoreError> {
        if let Some(seen) =
            self.value(Tree::Seen, &entry.0.to_be_bytes())?.and_then(|value| key::seen(&value))
        {
            return Ok(Some(seen));
        }
        Ok(self.is_buried(entry)?.then_some(Seen { substance: 0, place: Place::Expired }))
    }

    fn is_buried(&self, entry: EntryId) -> Result<bool, StoreError> {
        let grave = Grave::of(entry);
        // In this order: a batch in between may move it from the young to the old one, never back.
        for bucket in [grave.young, grave.old] {
            let bucket = self.value(Tree::Tombstone, &bucket)?;
            if bucket.is_some_and(|bucket| key::find_tombstone(&bucket, grave.tombstone).is_ok()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The entry that this id is another guid of.
    pub fn entry_alias(&self, entry: EntryId) -> Result<Option<EntryId>, StoreError> {
        let value = self.value(Tree::EntryAlias, &entry.0.to_be_bytes())?;
        Ok(value.and_then(|id| key::id_at_end(&id)).map(EntryId))
    }

    /// The entry of this feed that an item with another guid is, by its link or, where either has none or only
    /// the site moved, by its title. An answer whose [`Reader::seen`] is `Expired` is one that left the store.
    pub fn same_entry(
        &self,
        feed: FeedId,
        canonical: Option<&str>,
        title: &str,
    ) -> Result<Option<EntryId>, StoreError> {
        if let Some(canonical) = canonical {
            let identity = key::identity_of_link(feed, canonical);
            if let Some(id) = self.value(Tree::Identity, &identity.to_be_bytes())? {
                return Ok(key::id_at_end(&id).map(EntryId));
            }
            if self.is_buried(EntryId(identity))? {
                return Ok(Some(EntryId(identity)));
            }
        }
        let identity = key::identity_of_title(feed, title);
        let found = self.value(Tree::Identity, &identity.to_be_bytes())?;
        let Some(id) = found.and_then(|id| key::id_at_end(&id)) else { return Ok(None) };
        let theirs = match self.get::<KeptRecord>(Tree::Entry, id)? {
            Some(kept) => Some(kept.entry),
            None => self.get::<RejectRecord>(Tree::Reject, id)?.map(|reject| reject.entry),
        };
        let Some(theirs) = theirs else { return Ok(None) };
        let is_same = match (canonical, &theirs.canonical) {
            (Some(ours), Some(theirs)) => is_moved_site(ours, theirs),
            (None, _) | (_, None) => true,
        };
        Ok(is_same.then_some(EntryId(id)))
    }

    /// A relevant entry, under this id or as another guid of the same entry.
    pub fn kept(&self, entry: EntryId) -> Result<Option<Kept>, StoreError> {
        let direct = self.get::<KeptRecord>(Tree::Entry, entry.0)?;
        let record = match direct {
            Some(record) => Some(record),
            None => match self.entry_alias(entry)? {
                Some(other) => self.get(Tree::Entry, other.0)?,
                None => None,
            },
        };
        record.map(KeptRecord::kept).transpose()
    }

    /// An entry that was turned away, under this id or as another guid of the same entry.
    pub fn reject(&self, entry: EntryId) -> Result<Option<Reject>, StoreError> {
        let direct = self.get::<RejectRecord>(Tree::Reject, entry.0)?;
        let record = match direct {
            Some(record) => Some(record),
            None => match self.entry_alias(entry)? {
                Some(other) => self.get(Tree::Reject, other.0)?,
                None => None,
            },
        };
        record.map(RejectRecord::reject).transpose()
    }

    /// What was turned away, newest first.
    pub fn rejects(&self) -> impl Iterator<Item = Result<Reject, StoreError>> + use<> {
        self.rejects_within(Bound::Unbounded)
    }

    fn rejects_within(&self, to: Bound<Vec<u8>>) -> impl Iterator<Item = Result<Reject, StoreError>> + use<> {
        let reader = self.clone();
        self.walk(Tree::RejectTime, Bound::Unbounded, to, true).filter_map(move |pair| {
            let id = match pair {
                Ok((key, _)) => key::id_at_end(&key)?,
                Err(error) => return Some(Err(error)),
            };
            reader
                .get::<RejectRecord>(Tree::Reject, id)
                .and_then(|record| record.map(RejectRecord::reject).transpose())
                .transpose()
        })
    }

    /// What was turned away before `moment`, newest first.
    pub fn rejects_before(
        &self,
        moment: Timestamp,
    ) -> impl Iterator<Item = Result<Reject, StoreError>> + use<> {
        self.rejects_within(Bound::Excluded(time_key(moment).to_vec()))
    }

    /// What is known under a story's id.
    pub fn story(&self, story: StoryId) -> Result<Option<StoryLookup>, StoreError> {
        if let Some(record) = self.get::<StoryRecord>(Tree::Story, story.0)? {
            return Ok(Some(StoryLookup::Here(Box::new(record.story()?))));
        }
        let alias = self.value(Tree::StoryAlias, &story.0.to_be_bytes())?;
        Ok(alias.and_then(|id| key::id_at_end(&id)).map(|id| StoryLookup::MovedTo(StoryId(id))))
    }

    /// All stories, the newest `published` first, whether released or not.
    pub fn stories_newest_first(&self) -> impl Iterator<Item = Result<Story, StoreError>> + use<> {
        self.stories(Bound::Unbounded, Bound::Unbounded)
    }

    /// The stories published at `since` or later, newest first.
    pub fn stories_since(&self, since: Timestamp) -> impl Iterator<Item = Result<Story, StoreError>> + use<> {
        self.stories(Bound::Included(time_key(since).to_vec()), Bound::Unbounded)
    }

    /// The stories published at `from` or later and before `to`, newest first.
    pub fn stories_between(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = Result<Story, StoreError>> + use<> {
        self.stories(Bound::Included(time_key(from).to_vec()), Bound::Excluded(time_key(to).to_vec()))
    }

    fn stories(
        &self,
        from: Bound<Vec<u8>>,
        to: Bound<Vec<u8>>,
    ) -> impl Iterator<Item = Result<Story, StoreError>> + use<> {
        let reader = self.clone();
        self.walk(Tree::StoryTime, from, to, true).filter_map(move |pair| {
            let id = match pair {
                Ok((key, _)) => key::id_at_end(&key)?,
                Err(error) => return Some(Err(error)),
            };
            reader
                .get::<StoryRecord>(Tree::Story, id)
                .and_then(|record| record.map(StoryRecord::story).transpose())
                .transpose()
        })
    }

    /// The relevant entries first seen at `since` or later, in the order in which they were placed, with their
    /// places in their stories; for the story engine's start.
    pub fn entries_in_arrival_order(
        &self,
        since: Timestamp,
    ) -> impl Iterator<Item = Result<(Kept, Member), StoreError>> + use<> {
        let reader = self.clone();
        let from = Bound::Included(time_key(since).to_vec());
        let mut story: Option<StoryRecord> = None;
        self.walk(Tree::Arrival, from, Bound::Unbounded, false).filter_map(move |pair| {
            let found = pair.and_then(|(_, id)| {
                let Some(id) = key::id_at_end(&id) else { return Ok(None) };
                let Some(kept) = reader.get::<KeptRecord>(Tree::Entry, id)? else { return Ok(None) };
                if story.as_ref().is_none_or(|story| story.id != kept.story) {
                    story = reader.get(Tree::Story, kept.story)?;
                }
                let member =
                    story.as_ref().and_then(|story| story.members.iter().find(|one| one.entry == id));
                member.map(|member| Ok((kept.kept()?, member.clone().member()?))).transpose()
            });
            found.transpose()
        })
    }

    /// All relevant entries, by id.
    pub fn all_kept(&self) -> impl Iterator<Item = Result<Kept, StoreError>> + use<> {
        self.all::<KeptRecord>(Tree::Entry).map(|record| record?.kept())
    }

    /// The relevant entries of all feeds that link to this canonical URL.
    pub fn entries_by_url(&self, canonical: &str) -> Result<Vec<EntryId>, StoreError> {
        let prefix = key::link(canonical).to_be_bytes();
        let keys = self.shared.read(|index| Ok(index.keys_below(Tree::Link, &prefix)?))?;
        Ok(keys.iter().filter_map(|key| key::id_at_end(key)).map(EntryId).collect())
    }

    /// The subscriptions of the command line's, those that were removed included.
    pub fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        let all = self.all::<SubscriptionRecord>(Tree::Subscription);
        all.map(|record| Ok(record?.subscription())).collect()
    }

    /// The operator's corrections, in their order.
    pub fn decisions(&self) -> Result<Vec<Decision>, StoreError> {
        self.all::<DecisionRecord>(Tree::Decision).map(|record| Ok(record?.decision())).collect()
    }

    /// What is due to leave: at most `limit` changes for the daemon to commit, the oldest stories (published
    /// before `stories_before`) and rejects (first seen before `rejects_before`) first. No change is left when
    /// nothing more is due.
    pub fn due_to_expire(
        &self,
        stories_before: Timestamp,
        rejects_before: Timestamp,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        let old = |tree, before| {
            let ids = self.walk(tree, Bound::Unbounded, Bound::Excluded(time_key(before).to_vec()), false);
            ids.filter_map(|pair| pair.map(|(key, _)| key::id_at_end(&key)).transpose())
        };
        let stories = old(Tree::StoryTime, stories_before).map(|id| Ok(Change::StoryExpired(StoryId(id?))));
        let rejects = old(Tree::RejectTime, rejects_before).map(|id| Ok(Change::RejectExpired(EntryId(id?))));
        stories.chain(rejects).take(limit).collect()
    }

    /// For a process that is about to end: a compaction that is under way is broken off, and made up for later.
    /// With 100,000 stories it would take half a minute.
    pub fn hurry(&self) {
        self.shared.is_ending.store(true, Ordering::Relaxed);
    }

    /// Moves on while the writer is at work on something long, such as a checkpoint or a check of everything: who
    /// waits for an answer can tell a writer that works from one that hangs.
    pub fn steps(&self) -> u64 {
        self.shared.steps.load(Ordering::Relaxed)
    }

    /// How much the store holds.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        let summary = self.shared.read(|index| Ok(index.state()?.summary))?;
        let tombstones = summary.of(Tree::Tombstone);
        let keys = tombstones.count.saturating_mul(key::BUCKET_BYTES as u64);
        Ok(Counts {
            feeds: summary.of(Tree::Feed).count,
            entries: summary.of(Tree::Entry).count,
            rejects: summary.of(Tree::Reject).count,
            stories: summary.of(Tree::Story).count,
            tombstones: tombstones.bytes.saturating_sub(keys) / key::TOMBSTONE_BYTES as u64,
            live_bytes: summary.live_bytes(),
        })
    }

    fn value(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.shared.read(|index| Ok(index.get(tree, key)?.map(|value| value.to_vec())))
    }

    fn get<R: Record>(&self, tree: Tree, id: u64) -> Result<Option<R>, StoreError> {
        let bytes = self.shared.read(|index| Ok(index.record(tree, &id.to_be_bytes())?))?;
        bytes.map(|bytes| R::decode(&bytes)).transpose()
    }

    fn all<R: Record>(&self, tree: Tree) -> impl Iterator<Item = Result<R, StoreError>> + use<R> {
        let reader = self.clone();
        self.walk(tree, Bound::Unbounded, Bound::Unbounded, false).map(move |pair| {
            let (key, value) = pair?;
            let whole = reader.shared.read(|index| Ok(index.whole(tree, &key, &value)?))?;
            R::decode(&whole)
        })
    }

    fn walk(&self, tree: Tree, from: Bound<Vec<u8>>, to: Bound<Vec<u8>>, backwards: bool) -> Walk {
        Walk { reader: self.clone(), tree, from, to, backwards, page: VecDeque::new(), is_done: false }
    }
}

/// Whether two links differ in their host only: the site moved, or changed its scheme.
fn is_moved_site(one: &str, other: &str) -> bool {
    let path = |link: &str| {
        let url = url::Url::parse(link).ok()?;
        (url.path().len() > 1).then(|| (url.path().to_owned(), url.query().map(str::to_owned)))
    };
    path(one).is_some_and(|one| path(other) == Some(one))
}

/// The pairs of a tree, page by page.
struct Walk {
    reader: Reader,
    tree: Tree,
    from: Bound<Vec<u8>>,
    to: Bound<Vec<u8>>,
    backwards: bool,
    page: VecDeque<Pair>,
    is_done: bool,
}

impl Iterator for Walk {
    type Item = Result<Pair, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty() && !self.is_done {
            let range = (self.from.clone(), self.to.clone());
            let page =
                self.reader.shared.read(|index| Ok(index.page(self.tree, range, self.backwards, PAGE)?));
            match page {
                Ok(page) => self.page = page.into(),
                Err(error) => {
                    self.is_done = true;
                    return Some(Err(error));
                }
            }
            self.is_done = self.page.len() < PAGE;
            if let Some((last, _)) = self.page.back() {
                let last = Bound::Excluded(last.to_vec());
                if self.backwards { self.to = last } else { self.from = last }
            }
        }
        self.page.pop_front().map(Ok)
    }
}

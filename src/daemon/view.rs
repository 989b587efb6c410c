//! Stories of the store as publishing shows them.

use super::Current;
use crate::model::{FeedId, Kept, Member, Story};
use crate::publish::{FeedInfo, StoryView, Telling};
use crate::store::{Reader, StoreError};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Joins stories with their entries and the feeds that brought them.
pub(super) struct Viewer {
    reader: Reader,
    current: Arc<Current>,
    feeds: FxHashMap<FeedId, Arc<FeedInfo>>,
}

impl Viewer {
    pub(super) fn new(reader: Reader, current: Arc<Current>) -> Self {
        Self { reader, current, feeds: FxHashMap::default() }
    }

    pub(super) fn current(&self) -> &Arc<Current> {
        &self.current
    }

    /// Shows a feed like this from here on.
    pub(super) fn remember(&mut self, feed: Arc<FeedInfo>) {
        self.feeds.insert(feed.id, feed);
    }

    /// A story with its entries; `None` where today's rules want none of them.
    pub(super) fn view(&mut self, story: Story) -> Result<Option<StoryView>, StoreError> {
        let mut tellings = Vec::with_capacity(story.members.len());
        for member in &story.members {
            if let Some(kept) = self.reader.kept(member.entry)? {
                tellings.push(self.telling(member.clone(), kept)?);
            }
        }
        if !tellings.iter().any(|telling| telling.kept.verdict.relevant) {
            return Ok(None);
        }
        Ok(StoryView::new(story, tellings))
    }

    fn telling(&mut self, member: Member, kept: Kept) -> Result<Telling, StoreError> {
        let id = kept.entry.feed;
        let feed = if let Some(feed) = self.feeds.get(&id) {
            Arc::clone(feed)
        } else {
            let state = self.reader.feed_state(id)?;
            let feed = Arc::new(self.current.feed_info(id, state.as_ref()));
            self.feeds.insert(id, Arc::clone(&feed));
            feed
        };
        Ok(Telling { member, kept: Arc::new(kept), feed })
    }
}

/// Whether a story is on the wire, whatever today's rules say of its entries.
pub(super) fn is_shown(story: &Story) -> bool {
    story.released.is_some() && !story.is_withheld
}

//! The wire: everything that can be republished now, as one snapshot that never changes.

use super::{Base, Scope, Selection, Settings, StoryView};
use crate::model::{Kind, StoryId, Timestamp};
use chrono::TimeDelta;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A subject with a feed of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its part of URLs, for ever.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// A snapshot of the stories, and how they are shown.
#[derive(Debug, Clone)]
pub struct Wire {
    /// How they are shown.
    pub settings: Settings,
    /// Where readers find us.
    pub base: Base,
    /// When it was taken: `window` counts back from here.
    pub at: Timestamp,
    /// Every story published after this moment is in it; of older ones some may be. [`Timestamp::MIN_UTC`]: all are.
    pub complete_since: Timestamp,
    /// The topics, in the order of their list.
    pub topics: Vec<Topic>,
    /// Newest first.
    stories: Vec<Arc<StoryView>>,
    by_id: FxHashMap<StoryId, Arc<StoryView>>,
}

impl Wire {
    /// A wire of these stories, in any order. Those that haven't settled are left out.
    pub fn new(
        settings: Settings,
        base: Base,
        at: Timestamp,
        topics: Vec<Topic>,
        (stories, complete_since): (Vec<Arc<StoryView>>, Timestamp),
    ) -> Self {
        let mut stories: Vec<_> =
            stories.into_iter().filter(|story| story.is_settled(settings.settle, at)).collect();
        stories.sort_by_key(|story| story.order());
        let by_id = stories.iter().map(|story| (story.story.id, Arc::clone(story))).collect();
        Self { settings, base, at, complete_since, topics, stories, by_id }
    }

    /// A wire without a story: what is served before the store is open.
    pub fn empty(settings: Settings, base: Base, at: Timestamp) -> Self {
        Self::new(settings, base, at, Vec::new(), (Vec::new(), at))
    }

    /// All stories, newest first.
    pub fn stories(&self) -> &[Arc<StoryView>] {
        &self.stories
    }

    /// The story with this id, if it is here.
    pub fn story(&self, id: StoryId) -> Option<&Arc<StoryView>> {
        self.by_id.get(&id)
    }

    /// The topic with this slug.
    pub fn topic(&self, slug: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.slug == slug)
    }

    /// The start of `window`.
    pub fn window_start(&self) -> Timestamp {
        TimeDelta::from_std(self.settings.window)
            .ok()
            .and_then(|window| self.at.checked_sub_signed(window))
            .unwrap_or(Timestamp::MIN_UTC)
    }

    /// The stories that a selection gives: those of `window`, at least `items`, at most `max_items`; `items` of them
    /// after a cursor. A day gives all of its stories up to `max_items`.
    pub fn select(&self, selection: &Selection) -> Vec<&Arc<StoryView>> {
        let window_start = self.window_start();
        let mut chosen = Vec::new();
        for story in &self.stories {
            let is_enough = match (&selection.scope, &selection.before) {
                (Scope::Day(_), _) => chosen.len() >= self.settings.max_items,
                (_, Some(_)) => chosen.len() >= self.settings.items,
                (_, None) => {
                    chosen.len() >= self.settings.max_items
                        || (chosen.len() >= self.settings.items && story.story.published < window_start)
                }
            };
            if is_enough {
                break;
            }
            if selection.accepts(story, &self.settings, self.at) {
                chosen.push(story);
            }
        }
        chosen
    }

    /// Whether these stories, as [`Wire::select`] gave them, are all that there are: nothing older than the snapshot
    /// is missing among them.
    pub fn holds_all(&self, selection: &Selection, selected: &[Arc<StoryView>]) -> bool {
        let start = match (&selection.scope, &selection.before) {
            (Scope::Day(day), _) => day.and_time(chrono::NaiveTime::MIN).and_utc(),
            // The shelf holds what these lack, as far as there are no further wishes.
            (Scope::Wire | Scope::Topic(_) | Scope::Kind(_), None) if selection.has_no_wishes() => {
                return true;
            }
            // Enough of them, and none missing between.
            _ if selected.len() >= self.page_len(selection) => {
                selected.last().map_or(Timestamp::MIN_UTC, |last| last.story.published)
            }
            _ => Timestamp::MIN_UTC,
        };
        self.complete_since == Timestamp::MIN_UTC || start > self.complete_since
    }

    /// How many stories a page after a cursor, or an answer of the archive, holds.
    pub fn page_len(&self, selection: &Selection) -> usize {
        match selection.scope {
            Scope::Day(_) => self.settings.max_items,
            _ => self.settings.items.min(self.settings.max_items),
        }
    }

    /// Of stories given newest first, those that some feed (the wire, a topic, a kind) may show: whoever fills a wire
    /// from the archive offers each story and stops at the first `None`.
    pub fn shelf(settings: &Settings, at: Timestamp, topics: &[Topic]) -> Shelf {
        let window = TimeDelta::from_std(settings.window).unwrap_or(TimeDelta::MAX);
        Shelf {
            settings: settings.clone(),
            at,
            window_start: at.checked_sub_signed(window).unwrap_or(Timestamp::MIN_UTC),
            room: std::iter::once(Scope::Wire)
                .chain(topics.iter().map(|topic| Scope::Topic(topic.slug.clone())))
                .chain(Kind::ALL.iter().copied().map(Scope::Kind))
                .map(|scope| (Selection::of(scope), settings.items))
                .collect(),
        }
    }
}

/// Decides which stories of an archive belong in memory, see [`Wire::shelf`].
#[derive(Debug)]
pub struct Shelf {
    settings: Settings,
    at: Timestamp,
    window_start: Timestamp,
    /// The feeds, and how many items each lacks.
    room: Vec<(Selection, usize)>,
}

impl Shelf {
    /// Whether this story, older than all before it, belongs in the wire.
    pub fn takes(&mut self, story: &StoryView) -> bool {
        let mut is_taken = story.story.published >= self.window_start;
        for (selection, room) in &mut self.room {
            if *room > 0 && selection.accepts(story, &self.settings, self.at) {
                *room -= 1;
                is_taken = true;
            }
        }
        is_taken
    }

    /// Whether no older story can be wanted any more.
    pub fn is_full(&self) -> bool {
        self.room.iter().all(|(_, room)| *room == 0)
    }
}

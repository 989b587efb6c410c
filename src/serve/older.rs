//! What the archive said of the time before the snapshot. Old stories hardly change, but a search that finds little, or
//! a rare language, would have the whole archive read again after every change of the wire, for every such feed; so its
//! answers are kept for a while.

use crate::publish::{Cursor, Selection, Settings, StoryView, Wire};
use chrono::TimeDelta;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long an answer is kept: so late, at most, an operator's correction of an old story shows in such a feed.
const KEPT: Duration = Duration::from_mins(15);
/// So many answers are kept; each holds up to `publish.items` stories.
const MOST_ANSWERS: usize = 24;

/// Stories of an answer, newest first.
type Stories = Arc<Vec<Arc<StoryView>>>;

/// The answers, oldest first.
#[derive(Default)]
pub(super) struct Older {
    answers: Mutex<VecDeque<Answer>>,
}

struct Answer {
    selection: Selection,
    settings: Settings,
    at: Instant,
    stories: Stories,
}

impl Older {
    /// The answer to this selection, if it was asked not long ago under the same settings.
    pub(super) fn get(&self, selection: &Selection, settings: &Settings) -> Option<Stories> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|answer| answer.at.elapsed() < KEPT);
        let answer =
            answers.iter().find(|answer| answer.selection == *selection && answer.settings == *settings)?;
        Some(Arc::clone(&answer.stories))
    }

    /// Keeps an answer.
    pub(super) fn put(&self, selection: Selection, settings: Settings, stories: &Stories) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|answer| answer.selection != selection);
        while answers.len() >= MOST_ANSWERS {
            answers.pop_front();
        }
        answers.push_back(Answer { selection, settings, at: Instant::now(), stories: Arc::clone(stories) });
    }
}

/// The part of a selection that lies before the snapshot: as old as its beginning, or older. Wishes that no such story
/// can fail are dropped, so that equal questions are seen to be equal.
pub(super) fn before_snapshot(wire: &Wire, selection: &Selection) -> Selection {
    let start = wire.complete_since;
    let edge =
        Cursor { at: start.checked_add_signed(TimeDelta::nanoseconds(1)).unwrap_or(start), story: None };
    Selection {
        before: Some(selection.before.filter(|before| before.at <= start).unwrap_or(edge)),
        until: selection.until.filter(|until| *until < start),
        ..selection.clone()
    }
}

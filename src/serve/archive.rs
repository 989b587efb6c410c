//! What the server asks the daemon for: all that is too old for the snapshot, and what only the operator sees.

use crate::model::{Reject, StoryId};
use crate::publish::{Selection, StoryView};
use std::sync::Arc;
use tokio::sync::oneshot;

/// A question. Whoever drops the sender unanswered makes the reader see a 503.
#[derive(Debug)]
pub enum ArchiveRequest {
    /// One story.
    Story {
        /// Which.
        id: StoryId,
        /// Where the answer goes.
        reply: oneshot::Sender<StoryAnswer>,
    },
    /// The newest `limit` stories that `selection` accepts (see [`Selection::accepts`]), newest `published` first,
    /// and of one moment the highest id first.
    Stories {
        /// Which.
        selection: Selection,
        /// How many at most.
        limit: usize,
        /// Where the answer goes.
        reply: oneshot::Sender<Vec<Arc<StoryView>>>,
    },
    /// The newest rejects, newest first.
    Rejects {
        /// How many at most.
        limit: usize,
        /// Where the answer goes.
        reply: oneshot::Sender<Vec<Reject>>,
    },
}

/// Where a story is.
#[derive(Debug, Clone)]
pub enum StoryAnswer {
    /// Here.
    Here(Arc<StoryView>),
    /// It joined this one.
    MovedTo(StoryId),
    /// There is none.
    Unknown,
}

//! Answers to the server about what is too old for its snapshot. Reads only, on threads where that may take its time.

use super::view::{Viewer, is_shown};
use super::{Handle, now};
use crate::model::StoryId;
use crate::publish::{Selection, StoryView};
use crate::serve::{ArchiveRequest, StoryAnswer};
use crate::store::{StoreError, StoryLookup};
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};
use tracing::warn;

/// Looks into the archive at once; each may read the whole of it.
const AT_ONCE: usize = 2;
/// Stories that one look reads at the most: a query that matches nothing must not read for ever.
const MOST_READ: usize = 50_000;

/// Answers until the server has gone.
pub async fn answer(handle: Handle, mut requests: mpsc::Receiver<ArchiveRequest>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(request) = requests.recv().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let handle = handle.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = look(&handle, request) {
                warn!(%error, "a page of the archive can't be shown");
            }
            drop(place);
        });
    }
}

/// A reader who has gone needs no answer; one whose answer failed is told by the closed channel.
fn look(handle: &Handle, request: ArchiveRequest) -> Result<(), StoreError> {
    let current = Arc::clone(&handle.current.borrow());
    let mut viewer = Viewer::new(handle.reader.clone(), current);
    match request {
        ArchiveRequest::Story { id, reply } => drop(reply.send(story(handle, &mut viewer, id)?)),
        ArchiveRequest::Stories { selection, limit, reply } => {
            drop(reply.send(stories(handle, &mut viewer, &selection, limit)?));
        }
        ArchiveRequest::Rejects { limit, reply } => {
            let rejects: Result<Vec<_>, _> = handle.reader.rejects().take(limit).collect();
            drop(reply.send(rejects?));
        }
    }
    Ok(())
}

fn story(handle: &Handle, viewer: &mut Viewer, id: StoryId) -> Result<StoryAnswer, StoreError> {
    Ok(match handle.reader.story(id)? {
        Some(StoryLookup::MovedTo(to)) => StoryAnswer::MovedTo(to),
        Some(StoryLookup::Here(story)) if is_shown(&story) => {
            viewer.view(*story)?.map_or(StoryAnswer::Unknown, |view| StoryAnswer::Here(Arc::new(view)))
        }
        Some(StoryLookup::Here(_)) | None => StoryAnswer::Unknown,
    })
}

fn stories(
    handle: &Handle,
    viewer: &mut Viewer,
    selection: &Selection,
    limit: usize,
) -> Result<Vec<Arc<StoryView>>, StoreError> {
    let settings = viewer.current().publish_settings();
    let at = now();
    let mut found = Vec::new();
    let (from, to) = selection.range();
    for story in handle.reader.stories_between(from, to).take(MOST_READ) {
        let story = story?;
        if found.len() >= limit {
            break;
        }
        if !is_shown(&story) {
            continue;
        }
        if let Some(view) = viewer.view(story)?
            && selection.accepts(&view, &settings, at)
        {
            found.push(Arc::new(view));
        }
    }
    Ok(found)
}

//! Moves: a feed follows permanent redirects to its new URL, once they were seen more than once and what stands
//! there is the same feed; and finds its way back where the new URL fails.

use super::outcome::Reading;
use crate::model::{Answer, FeedState, MoveCandidate};

/// Polls that must end at the same permanent target before it is adopted. A maintenance page or a captive portal
/// gives no feed, so two are enough.
const POLLS_TO_MOVE: u32 = 2;

/// Failed polls at the new URL after which the subscribed one is tried again.
pub(super) const FAILURES_TO_RETURN: u32 = 4;

/// Notes where a successful poll was led, and adopts it when it was led there often enough. `reading` is absent
/// where the document is the known one (304, or the same bytes).
pub(super) fn note(state: &mut FeedState, answer: &Answer, reading: Option<&Reading>) {
    let Some(target) = &answer.permanent_target else {
        state.move_candidate = None;
        return;
    };
    if reading.is_some_and(|reading| !is_same_feed(state, reading)) {
        state.move_candidate = None;
        return;
    }
    let polls = match &state.move_candidate {
        Some(candidate) if candidate.url == *target => candidate.polls + 1,
        _ => 1,
    };
    if polls >= POLLS_TO_MOVE {
        state.polled_url.clone_from(target);
        state.move_candidate = None;
    } else {
        state.move_candidate = Some(MoveCandidate { url: target.clone(), polls });
    }
}

/// Whether what was read there is the feed that we know: some of its entries are known, or it calls itself the
/// same. A feed that was never read before is whatever it is.
fn is_same_feed(state: &FeedState, reading: &Reading) -> bool {
    let is_first = state.last_success.is_none();
    let has_known_entry = reading.new_entries < reading.entries;
    let same = |old: &Option<String>, new: &Option<String>| old.is_some() && old == new;
    is_first || has_known_entry || same(&state.title, &reading.title) || same(&state.link, &reading.link)
}

/// Goes back to the subscribed URL where the one that it moved to answers, but no more with the feed.
pub(super) fn return_if_lost(state: &mut FeedState, is_answered: bool) {
    if is_answered && state.polled_url != state.url && state.failures >= FAILURES_TO_RETURN {
        state.polled_url.clone_from(&state.url);
        state.move_candidate = None;
    }
}

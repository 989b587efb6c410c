//! One judged entry: known and unchanged, known and changed, or new.

use super::draft::Draft;
use super::{Editor, Refiltered};
use crate::cluster::{self, Outcome};
use crate::model::{Cause, Change, Entry, EntryId, Kept, Reject, StoryId, Timestamp, Verdict};
use crate::normalise;
use crate::pipeline::{self, Judged, Source};
use crate::store::{Place, StoreError};

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Known, and the same as before.
    Unchanged,
    /// Known, with another text.
    Updated,
    /// New and turned away.
    Rejected,
    /// New and kept: it founded a story.
    Founded,
    /// New and kept: it joined a story, as somebody's copy or not.
    Joined {
        /// A duplicate or a derivative.
        is_copy: bool,
    },
}

impl Editor {
    /// Decides on one entry.
    pub(super) fn edit(
        &mut self,
        draft: &mut Draft<'_>,
        mut judged: Judged,
        now: Timestamp,
    ) -> Result<Fate, StoreError> {
        // Another guid of an entry that is known by its first one.
        let id = self.reader.entry_alias(judged.entry.id)?.unwrap_or(judged.entry.id);
        judged.entry.id = id;
        if let Some(place) = self.place_of(draft, id)? {
            return self.meet_again(draft, place, judged, now);
        }
        if let Some(known) = self.known_under_another_guid(draft, &judged.entry)? {
            draft.push(Change::EntryAlias { from: id, to: known });
            judged.entry.id = known;
            if let Some(place) = self.place_of(draft, known)? {
                return self.meet_again(draft, place, judged, now);
            }
        }
        if judged.verdict.relevant {
            self.keep_entry(draft, judged, now)
        } else {
            draft.put_reject(reject(judged));
            Ok(Fate::Rejected)
        }
    }

    /// The entry of the same feed that this one is, where the publisher changed only its guid.
    fn known_under_another_guid(
        &self,
        draft: &Draft<'_>,
        entry: &Entry,
    ) -> Result<Option<EntryId>, StoreError> {
        let known = self.reader.same_entry(entry.feed, entry.canonical.as_deref(), &entry.title)?;
        let Some(known) = known.filter(|known| *known != entry.id) else { return Ok(None) };
        if self.reader.seen(known)?.is_some_and(|seen| seen.place == Place::Expired) {
            return Ok(Some(known));
        }
        let old = match draft.kept(known)? {
            Some(kept) => Some(kept.entry),
            None => draft.reject(known)?.map(|reject| reject.entry),
        };
        Ok(old.filter(|old| normalise::is_same_entry(old, entry)).map(|old| old.id))
    }

    /// Where an entry is known, with the hash of its visible text.
    fn place_of(&self, draft: &Draft<'_>, id: EntryId) -> Result<Option<(Place, u64)>, StoreError> {
        if let Some(seen) = self.reader.seen(id)? {
            return Ok(Some((seen.place, seen.substance)));
        }
        // Twice in one document: the second is a repeat of what this draft holds.
        if let Some(kept) = draft.kept(id)? {
            return Ok(Some((Place::Kept, normalise::substance(&kept.entry))));
        }
        Ok(draft.reject(id)?.map(|reject| (Place::Rejected, normalise::substance(&reject.entry))))
    }

    fn meet_again(
        &mut self,
        draft: &mut Draft<'_>,
        (place, substance): (Place, u64),
        judged: Judged,
        now: Timestamp,
    ) -> Result<Fate, StoreError> {
        let id = judged.entry.id;
        if substance == normalise::substance(&judged.entry) || place == Place::Expired {
            return Ok(Fate::Unchanged);
        }
        if let Some(kept) = draft.kept(id)? {
            self.revise(draft, &kept, judged, now)?;
            return Ok(Fate::Updated);
        }
        if judged.verdict.relevant {
            return self.keep_entry(draft, judged, now);
        }
        draft.put_reject(reject(judged));
        Ok(Fate::Updated)
    }

    /// A new entry that is kept: into its story.
    fn keep_entry(
        &mut self,
        draft: &mut Draft<'_>,
        judged: Judged,
        now: Timestamp,
    ) -> Result<Fate, StoreError> {
        let Judged { mut entry, verdict } = judged;
        let item = self.fingerprint(&entry, &verdict)?;
        let is_machine_written =
            cluster::is_machine_written(&entry, &self.publisher(entry.feed)?, &self.current.rules.publishers);
        normalise::sanitise(&mut entry);
        let id = entry.id;
        let outcomes = self.engine(now)?.place(item);
        let story = first_story(&outcomes, id).unwrap_or(StoryId::founded_by(id));
        let founded = draft.story(story)?.is_none();
        draft.arrive(Kept { entry, verdict, story, is_machine_written });
        for outcome in &outcomes {
            draft.apply(outcome)?;
        }
        let role = outcomes.iter().find_map(|outcome| match outcome {
            Outcome::Assigned(assignment) if assignment.entry == id => Some(assignment.role),
            _ => None,
        });
        let is_copy = matches!(role, Some(crate::model::Role::Duplicate | crate::model::Role::Derivative));
        Ok(if founded { Fate::Founded } else { Fate::Joined { is_copy } })
    }

    /// A kept entry with another text: it stays in its story, and the story's `updated` moves if readers should look
    /// again.
    fn revise(
        &mut self,
        draft: &mut Draft<'_>,
        old: &Kept,
        judged: Judged,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Judged { mut entry, mut verdict } = judged;
        entry.first_seen = old.entry.first_seen;
        if old.verdict.relevant && !verdict.relevant {
            // A correction that says less about chips takes nothing off the wire that readers have.
            verdict = old.verdict.clone();
        }
        let item = self.fingerprint(&entry, &verdict)?;
        let is_machine_written =
            cluster::is_machine_written(&entry, &self.publisher(entry.feed)?, &self.current.rules.publishers);
        normalise::sanitise(&mut entry);
        let is_substantial = normalise::is_substantial_change(&old.entry, &entry);
        let (id, story_id) = (entry.id, old.story);
        draft.put_entry(Kept { entry, verdict, story: story_id, is_machine_written });
        if let Some(mut story) = draft.story(story_id)? {
            if story.lead == id && is_substantial && story.released.is_some() {
                story.updated = now;
            }
            // Put in any case: its page and its items show the new text.
            draft.put_story(story);
        }
        for outcome in &self.engine(now)?.revise(item) {
            draft.apply(outcome)?;
        }
        Ok(())
    }

    /// Today's rules on what was kept and turned away since then. What was turned away and comes in now is placed like
    /// any entry, with the time at which it was first seen, so that nothing old shows as new.
    pub(super) fn refilter(
        &mut self,
        since: Timestamp,
        apply: bool,
        now: Timestamp,
    ) -> Result<Vec<Refiltered>, StoreError> {
        let reader = self.reader.clone();
        let mut draft = Draft::new(&reader, now);
        let mut changes = Vec::new();
        for arrived in reader.entries_in_arrival_order(since) {
            let (kept, _) = arrived?;
            let Some(after) = self.judge_again(&kept.entry)? else { continue };
            if differs(&kept.verdict, &after) {
                changes.push(refiltered(&kept.entry, &kept.verdict, &after));
                let story = kept.story;
                draft.put_entry(Kept { verdict: after, ..kept });
                if let Some(story) = draft.story(story)? {
                    draft.put_story(story);
                }
            }
        }
        for rejected in reader.rejects() {
            let rejected = rejected?;
            if rejected.entry.first_seen < since {
                continue;
            }
            let Some(after) = self.judge_again(&rejected.entry)? else { continue };
            if !differs(&rejected.verdict, &after) {
                continue;
            }
            changes.push(refiltered(&rejected.entry, &rejected.verdict, &after));
            if !apply {
                continue;
            }
            let entry = rejected.entry;
            if after.relevant {
                self.keep_entry(&mut draft, Judged { entry, verdict: after }, now)?;
            } else {
                draft.put_reject(reject(Judged { entry, verdict: after }));
            }
        }
        if apply {
            self.release(&mut draft, now)?;
            self.keep_draft(draft, Cause::Operator)?;
        }
        Ok(changes)
    }

    fn judge_again(&self, entry: &Entry) -> Result<Option<Verdict>, StoreError> {
        let Some(feed) = self.feeds.get(&entry.feed) else { return Ok(None) };
        let state = self.reader.feed_state(entry.feed)?;
        let source = Source {
            feed,
            title: state.as_ref().and_then(|state| state.title.as_deref()),
            relevant_share: state.as_ref().and_then(|state| state.counts.relevant_share()),
        };
        let publisher = self.publisher(entry.feed)?;
        Ok(Some(pipeline::judge(entry, source, &publisher, &self.current.rules)))
    }
}

fn first_story(outcomes: &[Outcome], id: EntryId) -> Option<StoryId> {
    outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Assigned(assignment) if assignment.entry == id => Some(assignment.story),
        _ => None,
    })
}

/// Only what "why not?" needs is kept of a rejected entry.
fn reject(judged: Judged) -> Reject {
    let Judged { mut entry, verdict } = judged;
    entry.content = String::new();
    entry.content_html = String::new();
    entry.summary_html = String::new();
    Reject { entry, verdict }
}

/// Small moves of the score are no news to an operator.
fn differs(before: &Verdict, after: &Verdict) -> bool {
    before.relevant != after.relevant || before.topics != after.topics || before.kind != after.kind
}

fn refiltered(entry: &Entry, before: &Verdict, after: &Verdict) -> Refiltered {
    Refiltered {
        entry: entry.id,
        title: entry.title.clone(),
        url: entry.url.clone(),
        before: before.clone(),
        after: after.clone(),
    }
}

//! What time alone brings: settled stories go on the wire, the engine looks again, old things leave.

use super::Editor;
use super::draft::Draft;
use crate::model::{Cause, Change, Story, Timestamp};
use crate::publish;
use crate::store::StoreError;
use chrono::TimeDelta;
use std::time::Duration;

/// How often the engine looks at stories again and old things leave.
const SWEEP_EVERY: TimeDelta = TimeDelta::minutes(10);
/// Stories and rejects that leave in one batch; the rest go with the next sweep.
const MOST_LEAVING: usize = 2_000;

impl Editor {
    /// Releases what has settled; now and then repairs and retires.
    pub(super) fn clock(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let reader = self.reader.clone();
        let mut draft = Draft::new(&reader, now);
        let settled: Vec<_> =
            self.settling.iter().take_while(|(due, _)| *due <= now).map(|(_, id)| *id).collect();
        for id in settled {
            if let Some(story) = draft.story(id)? {
                draft.put_story(story);
            }
        }
        // A clock that was set back must not stop the sweeps.
        let is_time = self.last_sweep.is_none_or(|last| now >= last + SWEEP_EVERY || now < last);
        if is_time {
            self.last_sweep = Some(now);
            for outcome in &self.engine(now)?.repair(now) {
                draft.apply(outcome)?;
            }
        }
        self.release(&mut draft, now)?;
        self.keep_draft(draft, Cause::Clock)?;
        if is_time {
            self.retire(now)?;
            self.measure()?;
        }
        Ok(())
    }

    /// What the metrics say of the store.
    pub(super) fn measure(&self) -> Result<(), StoreError> {
        let counts = self.reader.counts()?;
        self.metrics.stories.set_count(usize::try_from(counts.stories).unwrap_or(usize::MAX));
        let (journal_bytes, index_bytes) = self.store.sizes();
        self.metrics.journal_bytes.set_count(usize::try_from(journal_bytes).unwrap_or(usize::MAX));
        self.metrics.store_bytes.set_count(usize::try_from(index_bytes).unwrap_or(usize::MAX));
        Ok(())
    }

    /// Puts every story of the draft that is due on the wire; notes when the others will be.
    pub(super) fn release(&mut self, draft: &mut Draft<'_>, now: Timestamp) -> Result<(), StoreError> {
        for id in draft.touched() {
            self.settling.retain(|(_, settling)| *settling != id);
            let Some(mut story) = draft.story(id)? else { continue };
            if story.released.is_some() || story.is_withheld {
                continue;
            }
            let due = self.due_in(draft, &story)?;
            if due > now {
                self.settling.insert((due, id));
                continue;
            }
            story.released = Some(now);
            story.updated = story.published;
            story.led.push(story.lead);
            draft.put_story(story);
            self.engine(now)?.mark_published(id, now);
            self.metrics.stories_released.increment();
        }
        Ok(())
    }

    /// When a kept story is due on the wire.
    pub(super) fn due(&self, story: &Story) -> Result<Timestamp, StoreError> {
        self.due_in(&Draft::new(&self.reader, story.first_seen), story)
    }

    fn due_in(&self, draft: &Draft<'_>, story: &Story) -> Result<Timestamp, StoreError> {
        let lead = draft.kept(story.lead)?;
        Ok(lead.map_or(story.first_seen, |lead| {
            publish::due_at(lead.entry.claimed, lead.entry.first_seen, self.current.settings.publish.settle)
        }))
    }

    /// When the clock must next be looked at.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.settling.first().map(|(due, _)| *due)
    }

    /// Stories and rejects that are too old leave the store; their entries stay known as seen.
    fn retire(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let reader = self.reader.clone();
        let mut draft = Draft::new(&reader, now);
        let too_old = before(now, self.current.settings.publish.retention);
        for story in reader.stories_between(Timestamp::MIN_UTC, too_old).take(MOST_LEAVING) {
            draft.push(Change::StoryExpired(story?.id));
        }
        let too_old = before(now, self.current.settings.filter.keep_rejects);
        for reject in reader.rejects_before(too_old).take(MOST_LEAVING) {
            draft.push(Change::RejectExpired(reject?.entry.id));
        }
        self.keep_draft(draft, Cause::Clock)
    }
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    let age = TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX);
    now.checked_sub_signed(age).unwrap_or(Timestamp::MIN_UTC)
}

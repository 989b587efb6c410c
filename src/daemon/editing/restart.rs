//! A start, or the engine's loss: what editing holds in memory, made anew from the store without deciding anything again.

use super::Editor;
use crate::cluster::{Assignment, Engine};
use crate::model::Timestamp;
use crate::store::StoreError;

/// So long before the window a story can still have a sequel: half a year, and some.
const STORYLINES: chrono::TimeDelta = chrono::TimeDelta::days(200);
/// Older stories that a start reads for their sequels, the newest first.
const MOST_REMEMBERED: usize = 20_000;

impl Editor {
    /// Rebuilds what is held in memory from the window of the store, without deciding anything again.
    pub(super) fn restore(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let mut engine = Engine::new(self.current.engine_settings());
        let window =
            chrono::Duration::from_std(self.current.settings.dedupe.window).unwrap_or(chrono::Duration::MAX);
        let since = now.checked_sub_signed(window).unwrap_or(Timestamp::MIN_UTC);
        self.remember_storylines(&mut engine, since)?;
        for arrived in self.reader.entries_in_arrival_order(since) {
            let (kept, member) = arrived?;
            let item = self.fingerprint(&kept.entry, &kept.verdict)?;
            let assignment = Assignment {
                entry: member.entry,
                story: kept.story,
                role: member.role,
                similarity: member.similarity,
                because: member.because,
            };
            engine.restore(&item, &assignment);
        }
        for decision in self.reader.decisions()? {
            engine.decide(&decision);
        }
        self.settling.clear();
        for story in self.reader.stories_since(since) {
            let story = story?;
            match story.released {
                Some(at) => engine.mark_published(story.id, at),
                None if !story.is_withheld => drop(self.settling.insert((self.due(&story)?, story.id))),
                None => {}
            }
        }
        self.engine = Some(engine);
        Ok(())
    }

    /// Older stories are no candidates any more, but a new one can follow them up.
    fn remember_storylines(&self, engine: &mut Engine, until: Timestamp) -> Result<(), StoreError> {
        let from = until.checked_sub_signed(STORYLINES).unwrap_or(Timestamp::MIN_UTC);
        let stories = self.reader.stories_between(from, until).take(MOST_REMEMBERED);
        let stories: Vec<_> = stories.collect::<Result<_, _>>()?;
        for story in stories.into_iter().rev() {
            if let Some(kept) = self.reader.kept(story.lead)? {
                engine.remember(&self.fingerprint(&kept.entry, &kept.verdict)?, story.id);
            }
        }
        Ok(())
    }
}

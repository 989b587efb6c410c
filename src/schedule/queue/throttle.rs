//! What a host's refusals teach: one 429 is its feed's matter, repeated ones are the host's.

use crate::schedule::{Failure, PollOutcome, Retry};
use std::time::Duration;

/// Answers 429 in a row, from whatever feeds of the host, that pause the host.
const LIMITED_IN_A_ROW: u32 = 2;

/// Answers 403 in a row that pause the host: some servers limit that way and don't say so, but a 403 may also
/// concern one feed alone, so a few more are needed.
const FORBIDDEN_IN_A_ROW: u32 = 4;

/// The pause of a host that does not say how long, or `min_interval` where that is shorter; it doubles with every
/// further refusal.
const FIRST_PAUSE: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(6);

/// How many times the usual gap a host that refused is asked with, at most.
const MAX_STRETCH: u32 = 64;

#[derive(Debug)]
pub(super) struct Throttle {
    limited: u32,
    forbidden: u32,
    /// The factor of the gap: doubled by refusals, halved by answers.
    stretch: u32,
    longest_pause: Duration,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { limited: 0, forbidden: 0, stretch: 1, longest_pause: Duration::ZERO }
    }
}

impl Throttle {
    /// Takes in how a poll of the host ended; gives how long the whole host is to be left alone, if it is.
    pub(super) fn learn(&mut self, outcome: &PollOutcome, min_interval: Duration) -> Option<Duration> {
        let pause = self.pause_after(outcome, FIRST_PAUSE.min(min_interval))?;
        self.longest_pause = self.longest_pause.max(pause);
        Some(pause)
    }

    /// The gap between two requests as it is now.
    pub(super) fn gap(&self, usual: Duration) -> Duration {
        usual.saturating_mul(self.stretch)
    }

    /// The longest time that the host can be closed for.
    pub(super) fn longest_pause(&self, usual: Duration) -> Duration {
        self.longest_pause.max(self.gap(usual))
    }

    fn pause_after(&mut self, outcome: &PollOutcome, first: Duration) -> Option<Duration> {
        match outcome {
            PollOutcome::Unchanged(answer)
            | PollOutcome::Same(answer)
            | PollOutcome::Read(answer, _)
            | PollOutcome::NoFeed { answer, .. } => {
                (self.limited, self.forbidden) = (0, 0);
                self.stretch = (self.stretch / 2).max(1);
                answer.host_pause
            }
            PollOutcome::Failed(Failure { status: Some(429), retry, .. }) => {
                self.limited = self.limited.saturating_add(1);
                self.stretch = (self.stretch * 2).min(MAX_STRETCH);
                let again = self.limited.checked_sub(LIMITED_IN_A_ROW)?;
                match retry {
                    Retry::After(pause) => Some(*pause),
                    _ => Some(doubled(first, again)),
                }
            }
            PollOutcome::Failed(Failure { status: Some(403), .. }) => {
                self.forbidden = self.forbidden.saturating_add(1);
                self.forbidden.checked_sub(FORBIDDEN_IN_A_ROW).map(|again| doubled(first, again))
            }
            PollOutcome::Failed(_) => None,
        }
    }
}

fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(times.min(20))).min(LONGEST_PAUSE)
}

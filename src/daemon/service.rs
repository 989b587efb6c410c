//! What the service manager is told (`sd_notify(3)`); without one, nothing happens.

use sd_notify::NotifyState;
use std::time::Duration;
use tracing::debug;

/// Speaks to the service manager.
#[derive(Debug, Clone, Copy, Default)]
pub struct Notifier;

impl Notifier {
    /// Ready to serve; also after a reload.
    pub fn ready(self, status: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// The configuration is read again; [`Notifier::ready`] ends it.
    pub fn reloading(self) {
        match NotifyState::monotonic_usec_now() {
            Ok(at) => tell(&[NotifyState::Reloading, at]),
            Err(error) => debug!(%error, "the monotonic clock can't be read"),
        }
    }

    /// What is going on, in a line.
    pub fn status(self, status: &str) {
        tell(&[NotifyState::Status(status)]);
    }

    /// The process is ending.
    pub fn stopping(self, status: &str) {
        tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
    }

    /// All loops are alive.
    pub fn alive(self) {
        tell(&[NotifyState::Watchdog]);
    }
}

/// How often the service manager wants to hear that we are alive, if it does.
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        debug!(%error, "the service manager can't be told");
    }
}

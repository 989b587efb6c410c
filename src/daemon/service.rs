//! What the service manager is told (`sd_notify(3)`); without one, nothing happens.

use crate::config::Environment;
use sd_notify::NotifyState;
use std::io;
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
    let environment = Environment::of_process();
    let told = match environment.get("NOTIFY_SOCKET").and_then(|socket| socket.strip_prefix('@')) {
        Some(name) => tell_abstract(name, state),
        None => sd_notify::notify(state),
    };
    if let Err(error) = told {
        debug!(%error, "the service manager can't be told");
    }
}

/// To a socket without a file, which the crate doesn't know (`sd_notify(3)`: its address begins with `@`).
#[cfg(target_os = "linux")]
fn tell_abstract(name: &str, state: &[NotifyState<'_>]) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let address = SocketAddr::from_abstract_name(name)?;
    let message = state.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    UnixDatagram::unbound()?.send_to_addr(message.as_bytes(), &address)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn tell_abstract(_: &str, _: &[NotifyState<'_>]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

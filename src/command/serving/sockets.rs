//! Sockets that systemd holds and hands over (`sd_listen_fds(3)`), so that a restart turns no reader away.

use crate::serve::Handed;
use listenfd::ListenFd;
use tracing::warn;

/// Those for readers, and those for the operator (`FileDescriptorName=admin`).
pub(super) fn handed() -> (Vec<Handed>, Vec<Handed>) {
    let names =
        crate::config::Environment::of_process().get("LISTEN_FDNAMES").map(str::to_owned).unwrap_or_default();
    let names: Vec<&str> = names.split(':').collect();
    let mut sockets = ListenFd::from_env();
    let (mut readers, mut operators) = (Vec::new(), Vec::new());
    for index in 0..sockets.len() {
        let tcp = sockets.take_tcp_listener(index).ok().flatten().map(Handed::Tcp);
        let socket = tcp.or_else(|| sockets.take_unix_listener(index).ok().flatten().map(Handed::Unix));
        if socket.is_none() {
            // The numbering of sd_listen_fds(3) begins at 3.
            warn!(
                "the socket handed over as descriptor {} is no listening stream socket; it is left alone",
                index + 3
            );
        }
        let is_admin = names.get(index).is_some_and(|name| *name == "admin");
        if is_admin { operators.extend(socket) } else { readers.extend(socket) }
    }
    (readers, operators)
}

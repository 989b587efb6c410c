//! Do we have a network at all? When nobody can be reached, that says nothing about any feed.

use std::collections::BTreeSet;

/// Different hosts that must have been out of reach, with nobody reached in between.
const HOSTS_DOWN: usize = 5;

/// Watches the polls of all feeds for signs that the fault is ours.
///
/// ```
/// use chipwire::schedule::Network;
/// let mut network = Network::default();
/// assert!(!network.unreachable("a.example"));
/// network.reached();
/// assert!(!network.is_down());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Network {
    unreached: BTreeSet<String>,
}

impl Network {
    /// Somebody answered, with whatever. Gives whether the network was down until now.
    pub fn reached(&mut self) -> bool {
        let was_down = self.is_down();
        self.unreached.clear();
        was_down
    }

    /// A host was not reachable ([`Retry::Unreachable`](super::Retry::Unreachable)). Gives whether the network
    /// is down; then the outcome's `retry` becomes [`Retry::Offline`](super::Retry::Offline).
    pub fn unreachable(&mut self, host: &str) -> bool {
        if !self.is_down() {
            self.unreached.insert(host.to_owned());
        }
        self.is_down()
    }

    /// Whether nobody can be reached.
    pub fn is_down(&self) -> bool {
        self.unreached.len() >= HOSTS_DOWN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_is_down_when_several_hosts_in_a_row_are_out_of_reach() {
        let mut network = Network::default();
        for _ in 0..20 {
            assert!(!network.unreachable("same.example"), "one host alone says nothing");
        }
        for host in ["b.example", "c.example", "d.example"] {
            assert!(!network.unreachable(host));
        }
        assert!(network.unreachable("e.example"));
        assert!(network.reached());
        assert!(!network.is_down());
    }
}

//! The wall against server-side request forgery: which addresses may be asked at all. It stands where the
//! connection is made, so that a redirect, a name that resolves differently the second time, or an odd way to
//! write an address cannot step around it.
//!
//! A name is checked when it is resolved, and the connection goes to the very addresses that passed. A literal
//! address never reaches a resolver; [`check_literal`] must be called for every hop.

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use url::{Host, Url};

/// An address that is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{address} is no public address; add its network to poll.allow_networks if it is meant")]
pub struct Refused {
    /// The address.
    pub address: IpAddr,
}

/// A name that could not be resolved.
#[derive(Debug, thiserror::Error)]
#[error("the name does not resolve: {0}")]
pub(super) struct Unresolved(#[source] std::io::Error);

/// Refuses a URL whose host is a literal address that may not be asked. `url` has normalised what looks like an
/// IPv4 address (decimal, octal, hexadecimal, short forms) to one.
pub(super) fn check_literal(url: &Url, allowed: &[IpNet]) -> Result<(), Refused> {
    match url.host() {
        Some(Host::Ipv4(address)) => check(IpAddr::V4(address), allowed),
        Some(Host::Ipv6(address)) => check(IpAddr::V6(address), allowed),
        Some(Host::Domain(_)) | None => Ok(()),
    }
}

fn check(address: IpAddr, allowed: &[IpNet]) -> Result<(), Refused> {
    let canonical = address.to_canonical();
    if allowed.iter().any(|network| network.contains(&canonical)) || is_public(canonical) {
        return Ok(());
    }
    Err(Refused { address })
}

/// Of the addresses of a name those that may be asked; an error where none may.
pub(super) fn permitted(addresses: Vec<SocketAddr>, allowed: &[IpNet]) -> Result<Vec<SocketAddr>, Refused> {
    let mut refused = None;
    let mut passed = Vec::with_capacity(addresses.len());
    for address in addresses {
        match check(address.ip(), allowed) {
            Ok(()) => passed.push(address),
            Err(error) => refused = Some(error),
        }
    }
    match refused {
        Some(error) if passed.is_empty() => Err(error),
        _ => Ok(passed),
    }
}

/// Whether anybody on the internet may be meant (IANA's special-purpose address registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

#[expect(clippy::match_same_arms, reason = "an arm for each registry entry")]
fn is_public_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        // This network, private, loopback.
        [0 | 10 | 127, ..] => false,
        // Carrier-grade NAT (RFC 6598), link-local (cloud metadata among it), private.
        [100, 64..=127, ..] | [169, 254, ..] | [172, 16..=31, ..] | [192, 168, ..] => false,
        // IETF protocols, the old 6to4 relays (RFC 7526), benchmarks (RFC 2544).
        [192, 0, 0, _] | [192, 88, 99, _] | [198, 18..=19, ..] => false,
        // Documentation.
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => false,
        // Multicast, reserved, broadcast.
        [224..=255, ..] => false,
        _ => true,
    }
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // The well-known NAT64 prefix (RFC 6052) and 6to4 (RFC 3056) lead to the IPv4 address inside.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => is_public_v4(embedded(high, low)),
        // IETF protocols (Teredo, ORCHID …, RFC 2928), documentation (also RFC 9637).
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // All that is given out globally lies in 2000::/3; loopback, mapped and compatible addresses, unique
        // local, link-local and multicast ones lie outside.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

/// The system's resolver behind the wall.
pub(super) struct GuardedResolver {
    pub(super) allowed: Arc<[IpNet]>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = Arc::clone(&self.allowed);
        Box::pin(async move {
            // The port is replaced by the connector; 0 is its convention for "none given".
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(Unresolved)?;
            let passed = permitted(found.collect(), &allowed)?;
            let addresses: Addrs = Box::new(passed.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(url: &str, allowed: &[&str]) -> bool {
        let allowed: Vec<IpNet> = allowed.iter().map(|network| network.parse().unwrap()).collect();
        check_literal(&Url::parse(url).unwrap(), &allowed).is_ok()
    }

    #[test]
    fn no_form_of_a_private_address_passes() {
        for host in [
            "127.0.0.1",
            "127.8.9.1",
            "0.0.0.0",
            "0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "192.0.0.8",
            "198.18.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "2130706433",
            "0177.1",
            "0x7f.1",
            "127.1",
            "0x7f000001",
            "017700000001",
            "127.0.0.1.",
            "１２７.0.0.1",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2002:a00:1::1]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd12::1]",
            "[ff02::1]",
            "[fec0::1]",
            "[2001:db8::1]",
            "[2001::1]",
            "[100::1]",
        ] {
            assert!(!literal(&format!("http://{host}/feed"), &[]), "{host} passed");
            assert!(
                !literal(&format!("http://user:pass@{host}:8080/feed"), &[]),
                "{host} with a port passed"
            );
        }
    }

    #[test]
    fn public_addresses_pass() {
        for host in
            ["93.184.216.34", "172.32.0.1", "100.128.0.1", "[2606:4700::1111]", "[64:ff9b::5db8:d822]"]
        {
            assert!(literal(&format!("https://{host}/"), &[]), "{host} was refused");
        }
    }

    #[test]
    fn a_listed_network_passes_and_nothing_beside_it() {
        assert!(literal("http://127.3.1.7/", &["127.3.1.0/24"]));
        assert!(
            literal("http://[::ffff:127.3.1.7]/", &["127.3.1.0/24"]),
            "the mapped form is the same address"
        );
        assert!(!literal("http://127.3.2.1/", &["127.3.1.0/24"]));
        assert!(!literal("http://[::1]/", &["127.0.0.0/8"]));
    }

    #[test]
    fn a_name_that_resolves_to_both_gives_only_what_may_be_asked() {
        let socket = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        let (public, private) = (socket("93.184.216.34"), socket("127.0.0.1"));
        assert_eq!(permitted(vec![private, public], &[]), Ok(vec![public]));
        assert_eq!(permitted(vec![private], &[]), Err(Refused { address: private.ip() }));
    }
}

//! How the fetcher is set up, and the bounds of one fetch.

use super::FetchError;
use ipnet::IpNet;
use reqwest::header::HeaderValue;
use std::time::Duration;

/// How the fetcher is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where a publisher finds the operator: a URL or an address (`poll.contact`).
    pub contact: Option<String>,
    /// The bounds of one fetch.
    pub limits: Limits,
    /// Networks that may be asked though they are not public (`poll.allow_networks`).
    pub allow_networks: Vec<IpNet>,
    /// More certificate authorities, as PEM (the content of `poll.extra_ca`).
    pub extra_ca: Option<Vec<u8>>,
}

impl Settings {
    /// `chipwire/1.2.3 (+https://operator.example/)`: product, version, and whom to write to.
    pub(super) fn user_agent(&self) -> Result<HeaderValue, FetchError> {
        const PRODUCT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        let text = match self.contact.as_deref() {
            Some(contact) if !contact.is_empty() => format!("{PRODUCT} (+{contact})"),
            _ => PRODUCT.to_owned(),
        };
        HeaderValue::from_str(&text)
            .map_err(|_| FetchError::Setup("poll.contact: holds a character that no header may".to_owned()))
    }
}

/// The bounds of one fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For TCP and TLS of one hop.
    pub connect_timeout: Duration,
    /// For the head of one hop's answer, its connection included.
    pub head_timeout: Duration,
    /// For all of it, redirects and body included (`poll.timeout`).
    pub timeout: Duration,
    /// Bytes of a body, as it comes over the wire and as it is decoded (`poll.max_body`).
    pub max_body_bytes: u64,
}

impl Limits {
    /// The limits that `poll.timeout` and `poll.max_body` stand for: a connection gets at most 10 s, a head at most
    /// 20 s.
    pub fn new(timeout: Duration, max_body_bytes: u64) -> Self {
        Self {
            connect_timeout: timeout.min(Duration::from_secs(10)),
            head_timeout: timeout.min(Duration::from_secs(20)),
            timeout,
            max_body_bytes,
        }
    }
}

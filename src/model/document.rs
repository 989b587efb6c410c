//! What one answered request brings: the body and what the headers say about it.

use super::Timestamp;
use bytes::Bytes;
use std::time::Duration;
use url::Url;

/// One feed document as it was fetched.
#[derive(Debug, Clone)]
pub struct Document {
    /// Where it came from, after redirects: the base of relative links.
    pub url: Url,
    /// The `Content-Type` header, as sent.
    pub content_type: Option<String>,
    /// The decoded body.
    pub body: Bytes,
    /// An answer 226 (RFC 3229): only the entries that are new since the validators we sent.
    pub is_delta: bool,
}

/// What a server gave to ask conditionally with (RFC 9110 §8.8). Opaque: sent back byte for byte, and only to
/// the URL that gave them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The URL that gave them.
    pub url: String,
    /// `ETag`, quotes and `W/` included; bytes, since nothing says that it is text.
    pub etag: Option<Vec<u8>>,
    /// `Last-Modified`, never parsed.
    pub last_modified: Option<Vec<u8>>,
}

impl Validators {
    /// Whether there is nothing to ask conditionally with.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

/// What the head of an answer says, for the schedule: an answer 200, 226 or 304.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status of the last hop.
    pub status: u16,
    /// When the answer was whole.
    pub at: Timestamp,
    /// Where it came from, after redirects.
    pub final_url: String,
    /// What this answer gave to ask conditionally with; nothing of older answers.
    pub validators: Validators,
    /// Whether the request carried validators.
    pub was_conditional: bool,
    /// See [`Freshness::http`]; `None` where the answer says nothing.
    pub fresh_for: Option<Duration>,
    /// Where the permanent redirects (301, 308) at the beginning of the chain end; `None` where the first
    /// hop was no permanent one.
    pub permanent_target: Option<String>,
    /// `Link: rel=hub`, in order.
    pub hubs: Vec<String>,
    /// `Link: rel=self`, exactly as given where it is absolute.
    pub self_link: Option<String>,
    /// The server says that its budget for us is used up for so long (`RateLimit` headers).
    pub host_pause: Option<Duration>,
    /// Bytes of the body as they came over the wire.
    pub wire_bytes: u64,
    /// Hash of the decoded body; `None` for a 304.
    pub body_hash: Option<u64>,
}

/// How long the publisher asks us to wait before the next poll; each part is a floor, bounded by
/// `poll.max_interval`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Freshness {
    /// `Cache-Control: max-age`, or `Expires` less `Date`, less `Age` (RFC 9111 §4.2).
    pub http: Option<Duration>,
    /// `<ttl>` of RSS 2.0 (in minutes there) or `sy:updatePeriod`/`sy:updateFrequency` of RSS 1.0.
    pub feed: Option<Duration>,
    /// `skipHours`: hours of the day in GMT, 0 to 23, as a bit set.
    pub skip_hours: u32,
    /// `skipDays`: days of the week, Monday = bit 0.
    pub skip_days: u8,
    /// When the answer arrived.
    pub at: Option<Timestamp>,
}

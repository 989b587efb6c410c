//! What can go wrong with a fetch, and what follows from it.

use super::decode::DecodeError;
use super::guard::{Refused, Unresolved};
use crate::schedule::{Failure, Retry};
use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;
use url::Url;

/// Why a fetch brought no document. Messages show URLs without credentials and queries.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The fetcher could not be built.
    #[error("cannot set up the HTTP client: {0}")]
    Setup(String),
    /// Not a URL, or one of a scheme that is not fetched.
    #[error("{url:?} is no http or https URL")]
    NotHttp {
        /// The text, without what follows a `?` or stands before an `@`.
        url: String,
    },
    /// The address may not be asked.
    #[error("{url}: {refused}")]
    Forbidden {
        /// The hop that was refused.
        url: Shown,
        /// The address.
        refused: Refused,
    },
    /// The name does not resolve, or no route leads there: this says as much about our network as about the
    /// publisher.
    #[error("{url}: not reachable: {cause}")]
    Unreachable {
        /// The hop.
        url: Shown,
        /// What the system said.
        cause: String,
    },
    /// Nobody accepts connections there, or the connection broke before there was an answer.
    #[error("{url}: the connection failed: {cause}")]
    Connection {
        /// The hop.
        url: Shown,
        /// What the system said.
        cause: String,
    },
    /// The server's certificate is not to be trusted.
    #[error("{url}: {cause}; for a private authority set poll.extra_ca")]
    Untrusted {
        /// The hop.
        url: Shown,
        /// What is wrong with it.
        cause: String,
    },
    /// Too slow.
    #[error("{url}: no {stage} within {limit:?}; raise poll.timeout if it is merely slow")]
    TooSlow {
        /// The hop.
        url: Shown,
        /// What did not come in time.
        stage: Stage,
        /// The time it had.
        limit: Duration,
    },
    /// What came is not HTTP, its head is too large, or its body ended too early.
    #[error("{url}: the answer is broken: {cause}")]
    Broken {
        /// The hop.
        url: Shown,
        /// What is wrong with it.
        cause: String,
    },
    /// The body is larger than is taken.
    #[error("{url}: body longer than {limit_bytes} bytes; raise poll.max_body if that is right")]
    TooLarge {
        /// The hop.
        url: Shown,
        /// The limit.
        limit_bytes: u64,
    },
    /// The content coding could not be undone.
    #[error("{url}: {cause}")]
    Coding {
        /// The hop.
        url: Shown,
        /// What is wrong with it.
        cause: DecodeError,
    },
    /// Redirects that lead nowhere.
    #[error("{url}: {cause}")]
    Redirect {
        /// The hop that redirected.
        url: Shown,
        /// What is wrong with it.
        cause: RedirectFault,
    },
    /// A status that brings no document.
    #[error("{url}: answered {status}")]
    Status {
        /// The hop.
        url: Shown,
        /// The status.
        status: u16,
    },
    /// A page that tests for a browser stands before the feed.
    #[error(
        "{url}: answered {status} with a challenge that only a browser passes; ask the publisher to let feed readers through"
    )]
    Challenged {
        /// The hop.
        url: Shown,
        /// The status.
        status: u16,
    },
    /// 429, or a 503 with `Retry-After`.
    #[error("{url}: answered {status}, come back later")]
    SlowDown {
        /// The hop.
        url: Shown,
        /// The status.
        status: u16,
        /// How long we are to stay away, where it says so.
        pause: Option<Duration>,
    },
    /// 410.
    #[error("{url}: gone for good (410)")]
    Gone {
        /// The hop.
        url: Shown,
    },
}

/// What did not come in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// TCP and TLS.
    Connection,
    /// The head of the answer.
    Head,
    /// All of it, redirects included.
    Whole,
}

/// What is wrong with a redirect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedirectFault {
    /// More hops than are followed.
    #[error("more than {0} redirects")]
    TooMany(usize),
    /// A hop that was there before.
    #[error("redirects in a circle")]
    Circle,
    /// To something that is not fetched.
    #[error("redirects to something that is no http or https URL")]
    NotHttp,
    /// From https to http.
    #[error("redirects from https to plain http")]
    Downgrade,
}

impl FetchError {
    /// What follows for the feed.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Gone { .. } => Retry::Gone,
            Self::SlowDown { pause: Some(pause), .. } => Retry::After(*pause),
            Self::SlowDown { pause: None, .. } => Retry::SlowDown,
            // A connection that gets no answer at all may be lost on our side of the network.
            Self::Unreachable { .. } | Self::TooSlow { stage: Stage::Connection, .. } => Retry::Unreachable,
            Self::Setup(_)
            | Self::NotHttp { .. }
            | Self::Forbidden { .. }
            | Self::Connection { .. }
            | Self::Untrusted { .. }
            | Self::TooSlow { .. }
            | Self::Broken { .. }
            | Self::TooLarge { .. }
            | Self::Coding { .. }
            | Self::Redirect { .. }
            | Self::Status { .. }
            | Self::Challenged { .. } => Retry::Backoff,
        }
    }

    /// The status of the answer, where there was one that says something.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } | Self::Challenged { status, .. } | Self::SlowDown { status, .. } => {
                Some(*status)
            }
            Self::Gone { .. } => Some(410),
            _ => None,
        }
    }

    /// This failure as the schedule takes it.
    pub fn failure(&self) -> Failure {
        Failure { retry: self.retry(), status: self.status(), reason: self.to_string() }
    }

    /// Sorts an error of the HTTP client's by what lies at its root.
    pub(super) fn from_client(error: &reqwest::Error, url: &Url, connect_limit: Duration) -> Self {
        let url = Shown::of(url);
        let roots = || causes(error);
        let cause = roots().last().map_or_else(|| error.to_string(), ToString::to_string);
        for root in roots() {
            if let Some(refused) = root.downcast_ref::<Refused>() {
                return Self::Forbidden { url, refused: *refused };
            }
            if let Some(unresolved) = root.downcast_ref::<Unresolved>() {
                return Self::Unreachable { url, cause: unresolved.to_string() };
            }
            if let Some(tls) = root.downcast_ref::<rustls::Error>() {
                return match tls {
                    rustls::Error::InvalidCertificate(_) => Self::Untrusted { url, cause: tls.to_string() },
                    _ => Self::Connection { url, cause: tls.to_string() },
                };
            }
            if let Some(io) = root.downcast_ref::<io::Error>()
                && is_about_our_network(io.kind())
            {
                return Self::Unreachable { url, cause };
            }
        }
        if error.is_connect() && error.is_timeout() {
            return Self::TooSlow { url, stage: Stage::Connection, limit: connect_limit };
        }
        // What breaks off within a body is the answer's fault, whatever broke it.
        let is_within_body = error.is_body() || error.is_decode();
        if error.is_connect() || (!is_within_body && roots().any(<dyn Error>::is::<io::Error>)) {
            return Self::Connection { url, cause };
        }
        Self::Broken { url, cause }
    }

    pub(super) fn from_coding(cause: DecodeError, url: &Url) -> Self {
        match cause {
            DecodeError::TooLong(limit_bytes) => Self::TooLarge { url: Shown::of(url), limit_bytes },
            cause => Self::Coding { url: Shown::of(url), cause },
        }
    }
}

/// What an error was caused by, the nearest first. An I/O error's own `source` passes over what it wraps.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        };
        Some(cause)
    })
}

fn is_about_our_network(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{AddrNotAvailable, HostUnreachable, NetworkDown, NetworkUnreachable};
    matches!(kind, NetworkDown | NetworkUnreachable | HostUnreachable | AddrNotAvailable)
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connection => "connection",
            Self::Head => "head of an answer",
            Self::Whole => "whole answer",
        })
    }
}

/// A URL as messages show it: without credentials, and without the query, which may hold a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown(String);

impl Shown {
    pub(super) fn of(url: &Url) -> Self {
        let mut shown = url.clone();
        // Neither can fail for a URL with a host.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown.set_fragment(None);
        if shown.query().is_some() {
            shown.set_query(Some("…"));
            return Self(shown.as_str().replace("%E2%80%A6", "…"));
        }
        Self(shown.into())
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

//! Redirects, followed by ourselves: bounded, never to another scheme than http and https, never from https down
//! to http, with credentials for the first host only.

use super::target::Target;
use super::{FetchError, RedirectFault, Shown};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{HeaderMap, HeaderValue, LOCATION};
use percent_encoding::percent_decode_str;
use url::Host;

/// RFC 9110 §15.4 leaves the bound to us; fetch.spec.whatwg.org allows 20, curl's documentation shows 10 to 50.
const MAX_REDIRECTS: usize = 10;

/// The hops of one fetch.
pub(super) struct Trail {
    /// The hop that is asked now.
    target: Target,
    /// The hops before it.
    passed: Vec<Target>,
    /// How many hops from the start on were left by permanent redirects alone.
    permanent: usize,
}

impl Trail {
    pub(super) fn new(start: Target) -> Self {
        Self { target: start, passed: Vec::new(), permanent: 0 }
    }

    /// The hop that is asked now.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Goes on to where the answer leads; false where it leads nowhere and is the answer.
    pub(super) fn step(&mut self, status: u16, headers: &HeaderMap) -> Result<bool, FetchError> {
        if !matches!(status, 301 | 302 | 303 | 307 | 308) {
            return Ok(false);
        }
        let Some(location) = headers.get(LOCATION) else { return Ok(false) };
        let from = &self.target;
        let fault = |cause| FetchError::Redirect { url: Shown::of(from.url()), cause };
        let location = String::from_utf8_lossy(location.as_bytes());
        let mut target = from.join(&location).ok_or_else(|| fault(RedirectFault::NotHttp))?;
        if from.is_https() && !target.is_https() {
            return Err(fault(RedirectFault::Downgrade));
        }
        // A publisher gives no credentials of ours; what stands there is a trick or a mistake.
        target.set_login("", None);
        let text = target.text();
        if text == from.text() || self.passed.iter().any(|passed| passed.text() == text) {
            return Err(fault(RedirectFault::Circle));
        }
        if self.passed.len() >= MAX_REDIRECTS {
            return Err(fault(RedirectFault::TooMany(MAX_REDIRECTS)));
        }
        if matches!(status, 301 | 308) && self.permanent == self.passed.len() {
            self.permanent += 1;
        }
        self.passed.push(std::mem::replace(&mut self.target, target));
        Ok(true)
    }

    /// Where the permanent redirects at the beginning end.
    pub(super) fn permanent_target(&self) -> Option<&Target> {
        match self.permanent {
            0 => None,
            permanent => self.passed.get(permanent).or(Some(&self.target)),
        }
    }
}

/// Credentials of the feed's URL (RFC 9110 §11.6), for its own host only.
pub(super) struct Credentials {
    host: Host<String>,
    port: Option<u16>,
    is_https: bool,
    name: String,
    password: Option<String>,
    value: HeaderValue,
}

impl Credentials {
    /// Takes the credentials out of a URL.
    pub(super) fn take(target: &mut Target) -> Option<Self> {
        let url = target.url();
        let (name, password) = (url.username().to_owned(), url.password().map(ToOwned::to_owned));
        if name.is_empty() && password.is_none() {
            return None;
        }
        let decode = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
        let pair = [decode(&name), decode(password.as_deref().unwrap_or_default())].join(&b':');
        let host = url.host().map(|host| host.to_owned());
        let port = url.port_or_known_default();
        target.set_login("", None);
        let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
        value.set_sensitive(true);
        Some(Self { host: host?, port, is_https: target.is_https(), name, password, value })
    }

    /// The URL with the credentials in it again, where it is on the same host: a feed that moves there still
    /// needs them.
    pub(super) fn put_into(&self, mut target: Target) -> Target {
        if self.for_hop(&target).is_some() {
            target.set_login(&self.name, self.password.as_deref());
        }
        target
    }

    /// The header for a hop, if it is on the same host: the same port, or its https beside http.
    pub(super) fn for_hop(&self, hop: &Target) -> Option<HeaderValue> {
        let port = hop.url().port_or_known_default();
        let is_upgrade = !self.is_https && hop.is_https() && self.port == Some(80) && port == Some(443);
        let is_same = port == self.port && hop.is_https() == self.is_https;
        let is_home = hop.host().map(|host| host.to_owned()).as_ref() == Some(&self.host);
        (is_home && (is_same || is_upgrade)).then(|| self.value.clone())
    }
}

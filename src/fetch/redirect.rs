//! Redirects, followed by ourselves: bounded, never to another scheme than http and https, never from https down
//! to http, with credentials for the first host only.

use super::{FetchError, RedirectFault, Shown};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use reqwest::header::{HeaderMap, HeaderValue, LOCATION};
use url::{Host, Url};

/// RFC 9110 §15.4 leaves the bound to us; fetch.spec.whatwg.org allows 20, curl's documentation shows 10 to 50.
const MAX_REDIRECTS: usize = 10;

/// Reads a URL that may be fetched.
pub(super) fn http_url(text: &str) -> Result<Url, FetchError> {
    let url = Url::parse(text).ok().filter(is_http);
    url.map(without_fragment).ok_or_else(|| {
        let start = text.split(['?', '#']).next().unwrap_or_default();
        let shown = start.rsplit('@').next().unwrap_or_default();
        FetchError::NotHttp { url: shown.chars().take(200).collect() }
    })
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.host().is_some()
}

fn without_fragment(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}

/// The hops of one fetch.
pub(super) struct Trail {
    /// The hop that is asked now.
    url: Url,
    /// The hops before it.
    passed: Vec<Url>,
    /// How many hops from the start on were left by permanent redirects alone.
    permanent: usize,
}

impl Trail {
    pub(super) fn new(start: Url) -> Self {
        Self { url: start, passed: Vec::new(), permanent: 0 }
    }

    /// The hop that is asked now.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Goes on to where the answer leads; false where it leads nowhere and is the answer.
    pub(super) fn step(&mut self, status: u16, headers: &HeaderMap) -> Result<bool, FetchError> {
        if !matches!(status, 301 | 302 | 303 | 307 | 308) {
            return Ok(false);
        }
        let Some(location) = headers.get(LOCATION) else { return Ok(false) };
        let from = &self.url;
        let fault = |cause| FetchError::Redirect { url: Shown::of(from), cause };
        let location = String::from_utf8_lossy(location.as_bytes());
        let mut target = from.join(location.trim()).map_err(|_| fault(RedirectFault::NotHttp))?;
        if !is_http(&target) {
            return Err(fault(RedirectFault::NotHttp));
        }
        if from.scheme() == "https" && target.scheme() == "http" {
            return Err(fault(RedirectFault::Downgrade));
        }
        // A publisher gives no credentials of ours; what stands there is a trick or a mistake.
        let _ = target.set_username("");
        let _ = target.set_password(None);
        let target = without_fragment(target);
        if self.passed.contains(&target) || target == *from {
            return Err(fault(RedirectFault::Circle));
        }
        if self.passed.len() >= MAX_REDIRECTS {
            return Err(fault(RedirectFault::TooMany(MAX_REDIRECTS)));
        }
        if matches!(status, 301 | 308) && self.permanent == self.passed.len() {
            self.permanent += 1;
        }
        self.passed.push(std::mem::replace(&mut self.url, target));
        Ok(true)
    }

    /// Where the permanent redirects at the beginning end.
    pub(super) fn permanent_target(&self) -> Option<&Url> {
        match self.permanent {
            0 => None,
            permanent => self.passed.get(permanent).or(Some(&self.url)),
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
    pub(super) fn take(url: &mut Url) -> Option<Self> {
        let (name, password) = (url.username().to_owned(), url.password().map(ToOwned::to_owned));
        if name.is_empty() && password.is_none() {
            return None;
        }
        // Neither can fail for a URL with a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let decode = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
        let pair = [decode(&name), decode(password.as_deref().unwrap_or_default())].join(&b':');
        let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
        value.set_sensitive(true);
        let host = url.host()?.to_owned();
        Some(Self {
            host,
            port: url.port_or_known_default(),
            is_https: url.scheme() == "https",
            name,
            password,
            value,
        })
    }

    /// The URL with the credentials in it again, where it is on the same host: a feed that moves there still
    /// needs them.
    pub(super) fn put_into(&self, mut url: Url) -> Url {
        if self.for_hop(&url).is_some() {
            // Neither can fail for a URL with a host.
            let _ = url.set_username(&self.name);
            let _ = url.set_password(self.password.as_deref());
        }
        url
    }

    /// The header for a hop, if it is on the same host: the same port, or its https beside http.
    pub(super) fn for_hop(&self, hop: &Url) -> Option<HeaderValue> {
        let port = hop.port_or_known_default();
        let is_upgrade =
            !self.is_https && hop.scheme() == "https" && self.port == Some(80) && port == Some(443);
        let is_same = port == self.port && (hop.scheme() == "https") == self.is_https;
        (hop.host().map(|host| host.to_owned()).as_ref() == Some(&self.host) && (is_same || is_upgrade))
            .then(|| self.value.clone())
    }
}

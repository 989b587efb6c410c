//! Requests to a WebSub hub: the same client, the same wall, the same name.

use super::{FetchError, Fetcher, Shown, Stage, drain, guard, headers, redirect};
use crate::model::Timestamp;
use crate::websub::HubAnswer;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use url::Url;

/// A hub may move its endpoint with 307 and 308 (WebSub §5.1.1); further than this none is followed.
const MAX_HUB_REDIRECTS: usize = 3;

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// 32 bytes that nobody can guess, for `websub::follow_offer`.
pub fn random_bytes() -> Result<[u8; 32], FetchError> {
    let mut bytes = [0; 32];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut bytes).map_err(|_| FetchError::Setup("the system gives no random bytes".to_owned()))?;
    Ok(bytes)
}

impl Fetcher {
    /// Sends a form to a hub, see `websub::form`.
    pub async fn ask_hub(&self, hub: &str, form: &str, now: Timestamp) -> Result<HubAnswer, FetchError> {
        let url = redirect::http_url(hub)?;
        let limit = self.limits.timeout;
        let too_slow = FetchError::TooSlow { url: Shown::of(&url), stage: Stage::Whole, limit };
        tokio::time::timeout(limit, self.post(url, form, now)).await.unwrap_or(Err(too_slow))
    }

    async fn post(&self, mut url: Url, form: &str, now: Timestamp) -> Result<HubAnswer, FetchError> {
        for _ in 0..=MAX_HUB_REDIRECTS {
            guard::check_literal(&url, &self.allowed)
                .map_err(|refused| FetchError::Forbidden { url: Shown::of(&url), refused })?;
            let sent = self.client.post(url.clone()).header(CONTENT_TYPE, FORM).body(form.to_owned()).send();
            let response = self.head(&url, sent).await?;
            let status = response.status().as_u16();
            let next = next_hop(&url, status, response.headers());
            let pause = headers::retry_after(response.headers(), now);
            drain(response).await;
            match next {
                Some(next) => url = next,
                None => return Ok(HubAnswer { status, pause }),
            }
        }
        let cause = super::RedirectFault::TooMany(MAX_HUB_REDIRECTS);
        Err(FetchError::Redirect { url: Shown::of(&url), cause })
    }
}

/// Where a hub's redirect leads, if it keeps the method and does not fall back to plain http: the form holds a
/// secret.
fn next_hop(url: &Url, status: u16, headers: &HeaderMap) -> Option<Url> {
    if !matches!(status, 307 | 308) {
        return None;
    }
    let target = url.join(headers.get(LOCATION)?.to_str().ok()?).ok()?;
    let is_allowed = target.scheme() == "https" || (target.scheme() == "http" && url.scheme() == "http");
    is_allowed.then_some(target)
}

//! Requests to a WebSub hub: the same client, the same wall, the same name.

use super::target::Target;
use super::{FetchError, Fetcher, Shown, Stage, drain, headers};
use crate::model::Timestamp;
use crate::websub::HubAnswer;
use bytes::Bytes;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};

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
        let target = Target::parse(hub)?;
        let limit = self.limits.timeout;
        let too_slow = FetchError::TooSlow { url: Shown::of(target.url()), stage: Stage::Whole, limit };
        let form = Bytes::copy_from_slice(form.as_bytes());
        tokio::time::timeout(limit, self.post(target, form, now)).await.unwrap_or(Err(too_slow))
    }

    async fn post(&self, mut target: Target, form: Bytes, now: Timestamp) -> Result<HubAnswer, FetchError> {
        for _ in 0..=MAX_HUB_REDIRECTS {
            let fields = HeaderMap::from_iter([(CONTENT_TYPE, FORM)]);
            let response = self.head(Method::POST, &target, fields, form.clone()).await?;
            let status = response.status().as_u16();
            let next = next_hop(&target, status, response.headers());
            let pause = headers::retry_after(response.headers(), now);
            drain(response).await;
            match next {
                Some(next) => target = next,
                None => return Ok(HubAnswer { status, pause }),
            }
        }
        let cause = super::RedirectFault::TooMany(MAX_HUB_REDIRECTS);
        Err(FetchError::Redirect { url: Shown::of(target.url()), cause })
    }
}

/// Where a hub's redirect leads, if it keeps the method and does not fall back to plain http: the form holds a
/// secret.
fn next_hop(target: &Target, status: u16, headers: &HeaderMap) -> Option<Target> {
    if !matches!(status, 307 | 308) {
        return None;
    }
    let next = target.join(headers.get(LOCATION)?.to_str().ok()?)?;
    (next.is_https() || !target.is_https()).then_some(next)
}

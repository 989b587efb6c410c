//! What the head of an answer says: how long it is fresh, when to come back, which links it names.

use crate::model::{Timestamp, Validators};
use reqwest::header::{
    AGE, CACHE_CONTROL, CONTENT_ENCODING, DATE, ETAG, EXPIRES, HeaderMap, HeaderName, LAST_MODIFIED, LINK,
    RETRY_AFTER,
};
use std::time::{Duration, SystemTime};
use url::Url;

/// Links that are looked at in one head, and bytes of a value: no honest server sends more.
const MAX_LINKS: usize = 16;
const MAX_VALIDATOR_BYTES: usize = 8 * 1024;

/// `max-age`, or `Expires` less `Date`, less `Age` (RFC 9111 §4.2); `None` where nothing is said. An answer that
/// says that it is never fresh gives zero.
pub(super) fn fresh_for(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let directives = cache_directives(headers);
    let lifetime = if directives.iter().any(|(name, _)| name == "no-store" || name == "no-cache") {
        Duration::ZERO
    } else if let Some((_, value)) = directives.iter().find(|(name, _)| name == "max-age") {
        seconds(value).unwrap_or_default()
    } else {
        let expires = text(headers, &EXPIRES)?;
        // What is no date is a time in the past (RFC 9111 §5.3).
        http_date(expires).map(|expires| between(sent(headers, now), expires)).unwrap_or_default()
    };
    let age = text(headers, &AGE).and_then(seconds).unwrap_or_default();
    Some(lifetime.saturating_sub(age))
}

/// How long `Retry-After` asks us to stay away, in either form (RFC 9110 §10.2.3); `None` where there is none or
/// nonsense.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = text(headers, &RETRY_AFTER)?;
    // Against the server's own clock, where it tells it: only the difference means something.
    seconds(value).or_else(|| http_date(value).map(|until| between(sent(headers, now), until)))
}

/// How long the server's budget for us is used up: `X-RateLimit-Remaining: 0` with `X-RateLimit-Reset`, or the
/// names of the IETF's draft (draft-ietf-httpapi-ratelimit-headers, up to version 06), which say the same.
pub(super) fn budget_pause(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    for (remaining, reset) in
        [("x-ratelimit-remaining", "x-ratelimit-reset"), ("ratelimit-remaining", "ratelimit-reset")]
    {
        let number = |name| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
        let (Some(remaining), Some(reset)) = (number(remaining), number(reset)) else { continue };
        if remaining >= 1.0 || !reset.is_finite() || reset <= 0.0 {
            continue;
        }
        // Some give seconds to wait, some a moment in Unix time; no pause is thirty years.
        let is_moment = reset > 1e9;
        #[expect(clippy::cast_precision_loss, reason = "a moment in seconds has 31 bits")]
        let pause = if is_moment { reset - now.timestamp() as f64 } else { reset };
        return Duration::try_from_secs_f64(pause.clamp(0.0, 1e8)).ok();
    }
    None
}

/// What to ask conditionally with the next time, byte for byte.
pub(super) fn validators(headers: &HeaderMap, url: &Url) -> Validators {
    let bytes = |name: &HeaderName| {
        let value = headers.get(name)?.as_bytes();
        (!value.is_empty() && value.len() <= MAX_VALIDATOR_BYTES).then(|| value.to_vec())
    };
    Validators { url: url.as_str().to_owned(), etag: bytes(&ETAG), last_modified: bytes(&LAST_MODIFIED) }
}

/// The codings of the body in the order in which they were applied.
pub(super) fn codings(headers: &HeaderMap) -> Vec<String> {
    list(headers, &CONTENT_ENCODING).map(|coding| coding.trim().to_ascii_lowercase()).collect()
}

/// Hubs and the feed's own URL out of the `Link` fields (RFC 8288), made absolute.
pub(super) fn links(headers: &HeaderMap, base: &Url) -> (Vec<String>, Option<String>) {
    let (mut hubs, mut own) = (Vec::new(), None);
    let values = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    for link in values.flat_map(split_links).take(MAX_LINKS) {
        let Some((target, rels)) = read_link(link) else { continue };
        // The topic goes to the hub exactly as it was given (WebSub §5.1); only a relative one is resolved.
        let absolute = if Url::parse(target).is_ok() {
            target.to_owned()
        } else if let Ok(url) = base.join(target) {
            url.into()
        } else {
            continue;
        };
        let has = |rel: &str| rels.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(rel));
        if has("hub") {
            hubs.push(absolute);
        } else if has("self") {
            own.get_or_insert(absolute);
        }
    }
    (hubs, own)
}

/// Splits a field value at the commas that stand neither in `<…>` nor in quotes.
fn split_links(value: &str) -> Vec<&str> {
    let (mut in_target, mut in_quotes, mut is_escaped) = (false, false, false);
    value
        .split(|c: char| {
            let was_escaped = std::mem::take(&mut is_escaped);
            match c {
                '\\' if in_quotes && !was_escaped => is_escaped = true,
                '"' if !in_target && !was_escaped => in_quotes = !in_quotes,
                '<' if !in_quotes => in_target = true,
                '>' if !in_quotes => in_target = false,
                ',' => return !in_target && !in_quotes,
                _ => {}
            }
            false
        })
        .collect()
}

/// Target and relations of one link; `None` where it is none, or speaks of another document (`anchor`).
fn read_link(link: &str) -> Option<(&str, String)> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let mut rels = None;
    for parameter in parameters.split(';') {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        let name = name.trim();
        if name.eq_ignore_ascii_case("anchor") {
            return None;
        }
        if name.eq_ignore_ascii_case("rel") && rels.is_none() {
            rels = Some(value.trim().trim_matches('"').to_owned());
        }
    }
    Some((target.trim(), rels?))
}

fn cache_directives(headers: &HeaderMap) -> Vec<(String, String)> {
    list(headers, &CACHE_CONTROL)
        .map(|directive| {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned())
        })
        .collect()
}

/// The members of a list field over all its lines.
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

/// Delta-seconds; more than fit are as many as fit (RFC 9111 §1.2.2).
fn seconds(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Duration::from_secs(text.parse::<u32>().unwrap_or(u32::MAX).into()))
}

/// The server's clock when it answered; ours where it does not say.
fn sent(headers: &HeaderMap, now: Timestamp) -> SystemTime {
    text(headers, &DATE).and_then(http_date).unwrap_or_else(|| now.into())
}

fn http_date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

fn between(from: SystemTime, until: SystemTime) -> Duration {
    until.duration_since(from).unwrap_or_default()
}

#[cfg(test)]
mod tests;

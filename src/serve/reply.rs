//! Answers: what is rendered under which headers, conditional requests (RFC 9110 §13), content encoding, and refusals.

use super::cache::Rendition;
use super::pages::style_policy;
use crate::model::Timestamp;
use crate::publish::Format;
use axum::body::Body;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Response, StatusCode};
use std::time::{Duration, SystemTime};

/// What a body is, which decides its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// A page.
    Html,
    /// A republished feed.
    Feed(Format),
    /// A list of feeds.
    Opml,
    /// Plain text.
    Text,
    /// JSON for the operator.
    Json,
    /// A picture of ours.
    Svg,
    /// The same for formats and programs that know no SVG.
    Png,
    /// The icon of ours that old browsers ask for.
    Icon,
}

impl Media {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Feed(Format::Rss) => "application/rss+xml; charset=utf-8",
            Self::Feed(Format::Atom) => "application/atom+xml; charset=utf-8",
            // JSON is UTF-8 and has no parameter (RFC 8259 §11).
            Self::Feed(Format::Json) => "application/feed+json",
            Self::Opml => "text/x-opml; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
            Self::Json => "application/json",
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
            Self::Icon => "image/vnd.microsoft.icon",
        }
    }

    /// A wire changes every few minutes at most: a cache may keep an answer for as long as nobody would notice.
    const fn cache_control(self) -> &'static str {
        match self {
            Self::Html | Self::Feed(_) | Self::Opml => "public, max-age=60",
            Self::Svg | Self::Png | Self::Icon => "public, max-age=86400",
            Self::Text => "public, max-age=3600",
            Self::Json => "no-store",
        }
    }
}

/// Why a request gets nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no such thing.
    NotFound(String),
    /// The request cannot be understood.
    BadRequest(String),
    /// Not by this method.
    MethodNotAllowed,
    /// Not under this host name.
    Misdirected(String),
    /// Too long.
    TooLarge,
    /// Too slow.
    Timeout,
    /// Too much to do, or the daemon doesn't answer.
    Busy,
}

impl Refusal {
    fn status_and_words(&self) -> (StatusCode, &str) {
        match self {
            Self::NotFound(words) => (StatusCode::NOT_FOUND, words),
            Self::BadRequest(words) => (StatusCode::BAD_REQUEST, words),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here"),
            Self::Misdirected(words) => (StatusCode::MISDIRECTED_REQUEST, words),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"),
            Self::Timeout => (StatusCode::REQUEST_TIMEOUT, "the request took too long"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too much to do just now; try again in a minute"),
        }
    }
}

/// An answer in plain words, never with anything that the client sent.
pub(super) fn refuse(refusal: &Refusal) -> Response<Body> {
    let (status, words) = refusal.status_and_words();
    let mut answer = plain(status, format!("{words}\n"));
    if *refusal == Refusal::Busy {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    }
    answer
}

/// A short text that no cache keeps.
pub(super) fn plain(status: StatusCode, words: impl Into<String>) -> Response<Body> {
    let mut answer = Response::new(Body::from(words.into()));
    *answer.status_mut() = status;
    set(answer.headers_mut(), header::CONTENT_TYPE, Media::Text.content_type());
    set(answer.headers_mut(), header::CACHE_CONTROL, "no-store");
    answer
}

/// The way to where a story is now: a path of ours, never anything that the client sent.
pub(super) fn moved(path: &str) -> Response<Body> {
    let mut answer = plain(StatusCode::MOVED_PERMANENTLY, "the story joined another one\n");
    set(answer.headers_mut(), header::CACHE_CONTROL, "public, max-age=3600");
    if let Ok(path) = HeaderValue::from_str(path) {
        answer.headers_mut().insert(header::LOCATION, path);
    }
    answer
}

/// How a rendition will be answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    encoding: Encoding,
    /// Shown, and compared by, where it is not to come yet: a time to come would not be believed, and a change within
    /// the same second would go unseen.
    modified: Option<Timestamp>,
    is_known: bool,
}

impl Plan {
    pub(super) fn new(rendition: &Rendition, request: &HeaderMap, now: Timestamp) -> Self {
        let modified = Some(rendition.modified).filter(|modified| *modified <= now);
        let is_small = rendition.body.len() < LEAST_COMPRESSED;
        Self {
            encoding: if is_small { Encoding::Identity } else { preferred(request) },
            modified,
            is_known: is_known(request, &rendition.tag, modified),
        }
    }

    /// Whether the answer takes no work any more.
    pub(super) fn is_ready(&self, rendition: &Rendition) -> bool {
        self.is_known
            || match self.encoding {
                Encoding::Brotli => rendition.has_brotli(),
                Encoding::Gzip => rendition.has_gzip(),
                Encoding::Identity => true,
            }
    }
}

/// The rendition, or 304 where the client has it.
pub(super) fn answer(rendition: &Rendition, plan: Plan) -> Response<Body> {
    let media = rendition.media;
    let Plan { encoding, modified, is_known } = plan;
    let mut answer = Response::new(match encoding {
        _ if is_known => Body::empty(),
        Encoding::Brotli => Body::from(rendition.brotli().clone()),
        Encoding::Gzip => Body::from(rendition.gzip().clone()),
        Encoding::Identity => Body::from(rendition.body.clone()),
    });
    let headers = answer.headers_mut();
    set(headers, header::ETAG, &format!("\"{}{}\"", rendition.tag, encoding.suffix()));
    if let Some(modified) = modified {
        set(headers, header::LAST_MODIFIED, &httpdate::fmt_http_date(modified.into()));
    }
    set(headers, header::CACHE_CONTROL, media.cache_control());
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(links) = &rendition.links {
        set(headers, header::LINK, links);
    }
    if let Media::Feed(_) | Media::Opml = media {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    if is_known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        return answer;
    }
    set(headers, header::CONTENT_TYPE, media.content_type());
    if let Some(name) = encoding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    answer
}

/// What every answer bears.
pub(super) fn protect(answer: &mut Response<Body>) {
    let headers = answer.headers_mut();
    let is_page = headers.get(header::CONTENT_TYPE).is_some_and(|media| media == Media::Html.content_type());
    let policy = if is_page { style_policy() } else { "default-src 'none'; frame-ancestors 'none'; sandbox" };
    set(headers, header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

/// Below this size a compressed body saves no packet.
const LEAST_COMPRESSED: usize = 860;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    const fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// A strong validator names the bytes, so each encoding has its own (RFC 9110 §8.8.3.3).
    const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => "-br",
            Self::Gzip => "-gz",
            Self::Identity => "",
        }
    }
}

/// The best encoding that the client takes (RFC 9110 §12.5.3).
fn preferred(request: &HeaderMap) -> Encoding {
    let weight_of = |wanted: &str| {
        let codings = request
            .get_all(header::ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        let mut any = 0;
        for coding in codings {
            let mut parts = coding.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1_000, thousandths);
            if name.eq_ignore_ascii_case(wanted) {
                return weight;
            }
            if name == "*" {
                any = weight;
            }
        }
        any
    };
    let (brotli, gzip) = (weight_of("br"), weight_of("gzip").max(weight_of("x-gzip")));
    if brotli > 0 && brotli >= gzip {
        Encoding::Brotli
    } else if gzip > 0 {
        Encoding::Gzip
    } else {
        Encoding::Identity
    }
}

fn thousandths(weight: &str) -> u16 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1000")]
    weight.parse::<f32>().map_or(0, |weight| (weight.clamp(0.0, 1.0) * 1_000.0) as u16)
}

/// Whether the client has this already (RFC 9110 §13.2.2): `If-None-Match` decides alone where it stands.
fn is_known(request: &HeaderMap, tag: &str, modified: Option<Timestamp>) -> bool {
    let mut tags = request.get_all(header::IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        return tags.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(
            |given| {
                let given = given.trim();
                let opaque = given.strip_prefix("W/").unwrap_or(given).trim_matches('"');
                // All encodings of one text are known together, also under the marks that web servers add.
                given == "*"
                    || opaque == tag
                    || opaque.strip_prefix(tag).is_some_and(|rest| rest.starts_with('-'))
            },
        );
    }
    let since = request.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    let (Some(since), Some(modified)) =
        (since.and_then(|since| httpdate::parse_http_date(since).ok()), modified)
    else {
        return false;
    };
    SystemTime::from(modified) < since + Duration::from_secs(1)
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // Every value is ours: ASCII without line breaks. If one were not, it would be left out.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn the_client_chooses_the_encoding() {
        let cases = [
            ("", Encoding::Identity),
            ("gzip, deflate, br", Encoding::Brotli),
            ("gzip;q=1.0, br;q=0.5", Encoding::Gzip),
            ("br;q=0, gzip", Encoding::Gzip),
            ("*", Encoding::Brotli),
            ("*;q=0", Encoding::Identity),
            ("identity, GZIP;q=0.1", Encoding::Gzip),
            ("br;q=nan", Encoding::Identity),
        ];
        for (accepted, want) in cases {
            assert_eq!(preferred(&headers(header::ACCEPT_ENCODING, accepted)), want, "{accepted:?}");
        }
    }

    #[test]
    fn a_known_tag_decides_and_a_date_only_without_one() {
        let modified: Timestamp = "2026-03-10T12:00:00Z".parse().unwrap();
        let tagged = |value| is_known(&headers(header::IF_NONE_MATCH, value), "abc", Some(modified));
        for known in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc-br\"", "\"abc-gzip\"", "*"] {
            assert!(tagged(known), "{known}");
        }
        for unknown in ["\"abcd\"", "\"\"", "", "\"ab\""] {
            assert!(!tagged(unknown), "{unknown}");
        }
        let dated = |value| is_known(&headers(header::IF_MODIFIED_SINCE, value), "abc", Some(modified));
        assert!(dated("Tue, 10 Mar 2026 12:00:00 GMT"));
        assert!(!dated("Tue, 10 Mar 2026 11:59:59 GMT"));
        assert!(!dated("yesterday"));
        let mut both = headers(header::IF_MODIFIED_SINCE, "Tue, 10 Mar 2026 12:00:00 GMT");
        both.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"other\""));
        assert!(!is_known(&both, "abc", Some(modified)));
    }
}

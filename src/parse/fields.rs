//! What every dialect's fields have in common: trimming, bounding, and levelling to plain lines or HTML.

use super::Limits;
use crate::{link, text};
use std::borrow::Cow;
use url::Url;

/// What a text construct says that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Plain text; markup in it is meant to be seen as such.
    Plain,
    /// HTML.
    Html,
    /// Nothing said: HTML where it looks like it.
    Unsaid,
}

/// A title, name or category: plain text on one line.
pub(super) fn line(raw: &str, kind: Kind, limits: &Limits) -> Option<String> {
    let raw = &*encoded_once(bounded(raw, limits.text_bytes));
    let is_html = match kind {
        Kind::Plain => false,
        Kind::Html => true,
        Kind::Unsaid => text::looks_like_markup(raw),
    };
    let line = if is_html { text::one_line(&text::plain(raw)) } else { text::one_line(raw) };
    let line =
        if line.len() > limits.line_bytes { bounded(&line, limits.line_bytes).to_owned() } else { line };
    (!line.is_empty()).then_some(line)
}

/// A person's name: `joe@a.example (Joe)` and `Joe <joe@a.example>` are `Joe`; an address alone stays.
pub(super) fn person(raw: &str, limits: &Limits) -> Option<String> {
    let raw = raw.trim();
    let before = |end: char| raw.split_once(end).map(|(before, _)| before.trim()).unwrap_or_default();
    let named = if raw.contains('@') && raw.ends_with(')') {
        raw.split_once('(').and_then(|(_, name)| name.strip_suffix(')'))
    } else if raw.contains('@') && raw.ends_with('>') {
        Some(before('<').trim_matches('"'))
    } else {
        raw.strip_prefix('(').and_then(|name| name.strip_suffix(')'))
    };
    line(named.map(str::trim).filter(|name| !name.is_empty()).unwrap_or(raw), Kind::Unsaid, limits)
}

/// A summary or content: HTML.
pub(super) fn html(raw: &str, kind: Kind, limits: &Limits) -> Option<String> {
    let raw = &*encoded_once(bounded(raw.trim(), limits.text_bytes));
    if raw.is_empty() {
        return None;
    }
    Some(match kind {
        Kind::Html | Kind::Unsaid => raw.to_owned(),
        Kind::Plain => escape(raw),
    })
}

/// An id: as written, but for the blanks around it.
pub(super) fn id(raw: &str, limits: &Limits) -> Option<String> {
    let id = bounded(raw.trim(), limits.line_bytes);
    (!id.is_empty()).then(|| id.to_owned())
}

/// A link: absolute, http or https.
pub(super) fn web(raw: &str, base: Option<&Url>, limits: &Limits) -> Option<String> {
    if raw.len() > limits.line_bytes {
        return None;
    }
    link::absolute(base, raw).map(String::from)
}

/// Undoes the second encoding of UTF-8 that somebody took for ISO 8859-1 (`CataluÃ±a`). Certain: a text of nothing but
/// such characters whose bytes, one each, happen to be valid UTF-8 is written by nobody.
fn encoded_once(text: &str) -> Cow<'_, str> {
    let starts_suspicious = |bytes: &[u8]| bytes.iter().any(|byte| matches!(byte, 0xC3 | 0xC2));
    if text.is_ascii() || !starts_suspicious(text.as_bytes()) || text.chars().any(|c| u32::from(c) > 0xFF) {
        return Cow::Borrowed(text);
    }
    let bytes = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// At most so many bytes of a text, whole characters.
pub(super) fn bounded(text: &str, most: usize) -> &str {
    if text.len() <= most { text } else { text.get(..text.floor_char_boundary(most)).unwrap_or_default() }
}

/// Plain text as HTML: its markup escaped, its line feeds kept.
pub(super) fn escape(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len() + 16);
    for (index, line) in plain.lines().enumerate() {
        if index > 0 {
            out.push_str("<br>\n");
        }
        for character in line.chars() {
            match character {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                other => out.push(other),
            }
        }
    }
    out
}

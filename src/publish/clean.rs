//! The last wall before the wire: what publishers wrote, made harmless for XML, HTML and one-line fields.
//!
//! `normalise` has been here before; this wall holds even where it let something through.

use std::borrow::Cow;
use url::Url;

/// A text without the characters that XML 1.0 forbids (§2.2) and without controls of writing direction, which could
/// turn what stands after it around.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_allowed) {
        Cow::Borrowed(text)
    } else {
        text.chars().filter(|c| is_allowed(*c)).collect()
    }
}

/// The same, on one line, with single blanks.
pub(super) fn clean_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let word = clean(word);
        if !line.is_empty() && !word.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    line
}

fn is_allowed(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        // Line and paragraph separators end a line in JavaScript; from U+202A on and from U+2066 on it is bidi
        // embeddings, overrides and isolates.
        c => {
            !(c.is_control()
                || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        }
    }
}

/// Text into HTML: element content and quoted attribute values.
pub fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 16);
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
    html
}

/// An address that a link may point to: http or https with a host, without credentials, spelt in ASCII. `None` for
/// anything else.
pub fn web_address(url: &str) -> Option<String> {
    let mut url = Url::parse(url.trim()).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return None;
    }
    // Neither call can fail for a scheme and host like these; if one did, the address is not shown.
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(url.into())
}

/// A language tag (BCP 47) as far as its shape goes; anything else is not repeated in attributes.
pub(super) fn language_tag(tag: &str) -> Option<&str> {
    let is_subtag =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let primary = tag.split('-').next().unwrap_or_default();
    let is_primary = (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
    (is_primary && tag.len() <= 35 && tag.split('-').all(is_subtag)).then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_forbids_and_what_turns_text_around_is_dropped() {
        assert_eq!(clean_line("a\u{0}b\u{202e}c\u{fffe}\r\n\t d\u{2028}e\u{2066}"), "abc d e");
        assert!(matches!(clean("plain\ntext"), Cow::Borrowed(_)));
    }

    #[test]
    fn only_web_addresses_are_linked_and_never_with_credentials() {
        let cases = [
            ("https://a.example/x?q=1", Some("https://a.example/x?q=1")),
            ("https://user:secret@a.example/", Some("https://a.example/")),
            ("https://a.example/ü\r\nX: y", Some("https://a.example/%C3%BCX:%20y")),
            ("javascript:alert(1)", None),
            ("JaVa\tScript:alert(1)", None),
            ("data:text/html,x", None),
            ("//a.example/", None),
            ("ftp://a.example/", None),
        ];
        for (url, want) in cases {
            assert_eq!(web_address(url).as_deref(), want, "{url:?}");
        }
    }

    #[test]
    fn a_language_tag_has_its_shape() {
        for (tag, ok) in
            [("en", true), ("zh-Hant-TW", true), ("e", false), ("en\" x", false), ("", false), ("en-", false)]
        {
            assert_eq!(language_tag(tag).is_some(), ok, "{tag:?}");
        }
    }
}

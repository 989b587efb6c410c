//! Bytes to text, whatever encoding they are in and whatever they claim to be in.

use encoding_rs::{Encoding, GB18030, ISO_2022_JP, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;

/// How far into a document its XML declaration may stand.
const HEAD_BYTES: usize = 4 << 10;
/// Beyond this share of bytes that are no UTF-8, a text that claims to be UTF-8 is something else: 1 in 10, since
/// Latin text has fewer accents than that, and Greek or Cyrillic more. A guess.
const MOST_STRAY_SHARE: usize = 10;

/// From this many bytes of multi-byte characters on, with this many of them to each stray, a text is UTF-8 whatever is
/// declared: legacy text has no such runs by accident.
const CERTAIN_BYTES: usize = 16;
const CERTAIN_SHARE: usize = 10;
/// Fewer bytes beyond ASCII say too little to guess a language by.
const ENOUGH_TO_DETECT: usize = 6;

/// A document as text.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The text, without byte order mark.
    pub text: Cow<'a, str>,
    /// What had to be mended, in words.
    pub repaired: Vec<String>,
}

/// Decodes a document, in this order: byte order mark; the pattern of UTF-16 and UTF-32; UTF-8 where the bytes are
/// valid UTF-8, whatever is declared (a declaration is more often wrong than 2 multi-byte characters are accidental);
/// the charset of `Content-Type` (RFC 7303 §3); the XML declaration; detection.
pub fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Decoded<'a> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes)
        && !bytes.starts_with(&[0xFF, 0xFE, 0, 0])
    {
        return with(encoding, bytes.get(length..).unwrap_or_default(), Vec::new());
    }
    if let Some((is_big_endian, skip)) = utf_32(bytes) {
        return from_utf_32(bytes.get(skip..).unwrap_or_default(), is_big_endian);
    }
    if let Some(encoding) = utf_16(bytes) {
        return with(encoding, bytes, Vec::new());
    }
    let claims = claims(bytes, content_type);
    if let Ok(text) = std::str::from_utf8(bytes)
        && !is_seven_bit_encoding(bytes, &claims)
    {
        return Decoded { text: Cow::Borrowed(text), repaired: Vec::new() };
    }
    if let Some(text) = utf_8_with_strays(bytes, claims.first().is_none_or(|encoding| *encoding == UTF_8)) {
        return Decoded { text: Cow::Owned(text), repaired: vec!["bytes that are no UTF-8".to_owned()] };
    }
    for (index, encoding) in claims.iter().enumerate() {
        let (text, has_errors) = encoding.decode_without_bom_handling(bytes);
        if !has_errors {
            let repaired = if index == 0 { Vec::new() } else { vec![declared_wrong(encoding)] };
            return Decoded { text, repaired };
        }
    }
    let encoding = if claims.first().is_none_or(|encoding| *encoding == UTF_8) {
        detect(bytes)
    } else {
        claims.first().copied().unwrap_or(WINDOWS_1252)
    };
    with(encoding, bytes, vec![declared_wrong(encoding)])
}

fn declared_wrong(encoding: &'static Encoding) -> String {
    format!("encoding declared wrong, read as {}", encoding.name())
}

fn with<'a>(encoding: &'static Encoding, bytes: &'a [u8], mut repaired: Vec<String>) -> Decoded<'a> {
    let (text, has_errors) = encoding.decode_without_bom_handling(bytes);
    if has_errors && repaired.is_empty() {
        repaired.push(format!("bytes that are no {}", encoding.name()));
    }
    Decoded { text, repaired }
}

/// The encodings that HTTP and the XML declaration name, in that order.
fn claims(bytes: &[u8], content_type: Option<&str>) -> Vec<&'static Encoding> {
    let charset = content_type.and_then(charset).and_then(|label| for_label(label.as_bytes()));
    let declared = declaration(bytes).and_then(for_label);
    let mut claims: Vec<_> = charset.into_iter().chain(declared).collect();
    claims.dedup();
    claims
}

/// WHATWG's labels, less the ones that are no encoding, and with us-ascii as what it is: nothing said.
fn for_label(label: &[u8]) -> Option<&'static Encoding> {
    let label = label.trim_ascii();
    if label.eq_ignore_ascii_case(b"us-ascii") || label.eq_ignore_ascii_case(b"ascii") {
        return None;
    }
    let encoding = Encoding::for_label_no_replacement(label)?;
    // A document whose declaration could be read as bytes is in no such encoding.
    (encoding != UTF_16LE && encoding != UTF_16BE && encoding != REPLACEMENT).then_some(encoding)
}

/// `text/xml; charset="utf-8"` → `utf-8`.
fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']))
    })
}

/// The encoding that the XML declaration names, wherever in the document's head it stands.
fn declaration(bytes: &[u8]) -> Option<&[u8]> {
    let head = bytes.get(..bytes.len().min(HEAD_BYTES))?;
    let from = memchr::memmem::find(head, b"<?xml")?;
    let head = head.get(from..)?;
    let head = head.get(..memchr::memchr(b'>', head)?)?;
    let after =
        head.get(memchr::memmem::find(head, b"encoding")? + 8..)?.trim_ascii_start().strip_prefix(b"=")?;
    let value = after.trim_ascii_start();
    let quote = *value.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    value.get(1..)?.split(|byte| *byte == quote).next()
}

/// ISO-2022-JP is ASCII to the eye; only its escapes tell.
fn is_seven_bit_encoding(bytes: &[u8], claims: &[&'static Encoding]) -> bool {
    claims.first() == Some(&ISO_2022_JP) && memchr::memmem::find(bytes, b"\x1b$").is_some()
}

/// UTF-32 by its byte order mark or by `<` as four bytes, and how many bytes to skip.
fn utf_32(bytes: &[u8]) -> Option<(bool, usize)> {
    match bytes.get(..4)? {
        [0, 0, 0xFE, 0xFF] => Some((true, 4)),
        [0xFF, 0xFE, 0, 0] => Some((false, 4)),
        [0, 0, 0, b'<'] => Some((true, 0)),
        [b'<', 0, 0, 0] => Some((false, 0)),
        _ => None,
    }
}

fn from_utf_32(bytes: &[u8], is_big_endian: bool) -> Decoded<'static> {
    let mut has_errors = false;
    let text = bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|chunk| if is_big_endian { u32::from_be_bytes(*chunk) } else { u32::from_le_bytes(*chunk) })
        .map(|code| {
            char::from_u32(code).unwrap_or_else(|| {
                has_errors = true;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect::<String>();
    let repaired = if has_errors { vec!["bytes that are no UTF-32".to_owned()] } else { Vec::new() };
    Decoded { text: Cow::Owned(text), repaired }
}

/// UTF-16 without a byte order mark, by `<` or `{` and a zero byte.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let blanks = bytes.iter().take_while(|byte| matches!(byte, 0 | b' ' | b'\r' | b'\n' | b'\t')).count();
    let at = blanks & !1;
    match bytes.get(at..at + 2)? {
        [0, b'<' | b'{'] => Some(UTF_16BE),
        [b'<' | b'{', 0] => Some(UTF_16LE),
        _ => None,
    }
}

/// Almost-UTF-8: each byte that is none is taken for Windows-1252. `None` where too many are; where another encoding is
/// declared, hardly any may be.
fn utf_8_with_strays(bytes: &[u8], is_declared: bool) -> Option<String> {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    let (mut strays, mut others) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        others += chunk.valid().bytes().filter(|byte| !byte.is_ascii()).count();
        strays += chunk.invalid().len();
        text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    // Where nothing but strays is beyond ASCII, it is not UTF-8 with faults but another encoding.
    let is_likely = others > 0 && strays * MOST_STRAY_SHARE <= bytes.len() && strays <= others;
    let is_certain = others >= CERTAIN_BYTES && strays * CERTAIN_SHARE <= others;
    (if is_declared { is_likely } else { is_certain }).then_some(text)
}

/// The likeliest legacy encoding.
fn detect(bytes: &[u8]) -> &'static Encoding {
    if bytes.iter().filter(|byte| !byte.is_ascii()).take(ENOUGH_TO_DETECT).count() < ENOUGH_TO_DETECT {
        return WINDOWS_1252;
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    let guess = detector.guess(None, chardetng::Utf8Detection::Deny);
    if guess == encoding_rs::GBK { GB18030 } else { guess }
}

#[cfg(test)]
mod tests;

//! Character references of HTML (HTML Living Standard §13.2.5.72 and after).

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};
use std::borrow::Cow;

/// The longest name in HTML's table is `CounterClockwiseContourIntegral;`.
const LONGEST_NAME: usize = 32;

/// Replaces the character references of a text: numeric ones, and named ones of HTML's table.
///
/// What is no reference stays as it is: `AT&T`, `a & b`, `?x=1&copy=2`.
pub fn decode(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'&', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        let Some((before, from)) = rest.split_at_checked(at) else { break };
        out.push_str(before);
        if let Some((characters, length)) = reference(from) {
            out.extend(characters.into_iter().flatten());
            rest = from.get(length..).unwrap_or_default();
        } else {
            out.push('&');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character that a name without `&` and `;` stands for, where it is one character.
pub fn named(name: &str) -> Option<char> {
    let (first, second) = *NAMED_ENTITIES.get(&format!("{name};"))?;
    if second == 0 { char::from_u32(first).filter(|_| first != 0) } else { None }
}

/// The reference that `text` (which begins with `&`) opens with, and its length in bytes.
pub(super) fn reference(text: &str) -> Option<([Option<char>; 2], usize)> {
    let body = text.strip_prefix('&')?;
    if let Some(number) = body.strip_prefix('#') {
        return numeric(number).map(|(character, length)| ([Some(character), None], length + 2));
    }
    let length = body.bytes().take(LONGEST_NAME).take_while(u8::is_ascii_alphanumeric).count();
    let name = body.get(..length)?;
    if body.as_bytes().get(length) == Some(&b';') {
        let (first, second) = *NAMED_ENTITIES.get(body.get(..=length)?)?;
        return (first != 0).then(|| (pair(first, second), length + 2));
    }
    // A few old names count without a semicolon, but in `&copy=2` or `&notes` they are part of something else.
    let is_apart = body.as_bytes().get(length) != Some(&b'=');
    let (first, second) = *NAMED_ENTITIES.get(name).filter(|_| is_apart)?;
    (first != 0).then(|| (pair(first, second), length + 1))
}

fn pair(first: u32, second: u32) -> [Option<char>; 2] {
    [char::from_u32(first), if second == 0 { None } else { char::from_u32(second) }]
}

/// `160;…` or `xA0;…` to the character and the length of the number with its semicolon.
fn numeric(text: &str) -> Option<(char, usize)> {
    let (radix, prefix) = if text.starts_with(['x', 'X']) { (16, 1) } else { (10, 0) };
    let digits = text.get(prefix..)?;
    let count = digits.bytes().take(12).take_while(|byte| char::from(*byte).is_digit(radix)).count();
    let value = u32::from_str_radix(digits.get(..count)?, radix).ok()?;
    let semicolon = usize::from(digits.as_bytes().get(count) == Some(&b';'));
    let character = match value {
        // Written by Windows programs that took their code page for Unicode.
        0x80..=0x9F => {
            usize::try_from(value - 0x80).ok().and_then(|at| C1_REPLACEMENTS.get(at).copied().flatten())?
        }
        _ => char::from_u32(value).filter(|_| value != 0)?,
    };
    Some((character, prefix + count + semicolon))
}

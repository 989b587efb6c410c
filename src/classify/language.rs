//! The language of an entry, as far as the rules need it: which groups of terms apply.
//!
//! The writing tells Japanese, Korean and Chinese; common words tell German and French from English. What a
//! document declares counts only where the text has too few words to say: feeds declare wrongly.

use super::lexicon::{Lexicon, Role};
use super::prepare::is_cjk;
use super::reading::{Place, Reading};
use crate::model::Entry;

/// The languages whose common words are contexts of the rules, as `language-de`.
const BY_WORDS: [(&str, &str); 3] = [("en", "language-en"), ("de", "language-de"), ("fr", "language-fr")];
/// Common words needed before they say anything.
const ENOUGH_WORDS: usize = 2;

/// The primary tag of the entry's language; `en` where nothing is known. `text` is the title and the body.
pub(super) fn of(entry: &Entry, reading: &Reading, lexicon: &Lexicon, text: Option<&str>) -> &'static str {
    if let Some(language) = by_writing(text.unwrap_or_default()) {
        return language;
    }
    let declared = entry.language.as_deref().and_then(known);
    let mut counts = [0_usize; BY_WORDS.len()];
    let bits = BY_WORDS.map(|(_, context)| lexicon.context(context));
    for hit in &reading.hits {
        let Role::Context(bit) = hit.role else { continue };
        if matches!(reading.place(*hit), Place::Title | Place::Body) {
            for (count, language) in counts.iter_mut().zip(bits) {
                *count += usize::from(language == Some(bit));
            }
        }
    }
    // The last of equals wins, so in reverse: English where the words say nothing.
    let most = BY_WORDS.iter().zip(counts).rev().max_by_key(|(_, count)| *count);
    match most {
        Some(((language, _), count)) if count >= ENOUGH_WORDS => language,
        Some(((language, _), count)) if count > 0 && declared.is_none() => language,
        _ => declared.unwrap_or("en"),
    }
}

/// Japanese, Korean or Chinese, by the letters. A quarter of the letters is enough: headlines are full of
/// Latin names.
pub(super) fn by_writing(text: &str) -> Option<&'static str> {
    if text.is_ascii() {
        return None;
    }
    let (mut kana, mut hangul, mut han, mut other) = (0_usize, 0_usize, 0_usize, 0_usize);
    for char in text.chars() {
        match char {
            '\u{3040}'..='\u{30ff}' => kana += 1,
            '\u{ac00}'..='\u{d7af}' | '\u{1100}'..='\u{11ff}' => hangul += 1,
            _ if is_cjk(char) => han += 1,
            _ if char.is_alphabetic() => other += 1,
            _ => {}
        }
    }
    // One character of these writings says about as much as two Latin letters.
    let asian = 2 * (kana + hangul + han);
    if asian == 0 || 2 * asian < other {
        None
    } else if hangul >= kana && hangul * 3 >= han {
        Some("ko")
    } else if kana * 20 >= han {
        Some("ja")
    } else {
        Some("zh")
    }
}

/// The declared tag's primary part, where the rules know it.
fn known(tag: &str) -> Option<&'static str> {
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    ["en", "de", "fr", "zh", "ja", "ko"].into_iter().find(|known| primary.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_tell_chinese_japanese_and_korean() {
        let cases = [
            ("台积电二纳米良率提升", Some("zh")),
            ("ラピダス、2ナノ試作を開始", Some("ja")),
            ("삼성전자 HBM4 양산 시작", Some("ko")),
            ("Wer baut die Chips für Zürich?", None),
            ("Plain", None),
        ];
        for (text, want) in cases {
            assert_eq!(by_writing(text), want, "case: {text}");
        }
    }
}

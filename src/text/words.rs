//! Plain text to sentences and words.

use super::markup::is_invisible;
use unicode_normalization::UnicodeNormalization;

/// Abbreviations whose full stop ends no sentence (English newsroom style, plus German's commonest).
const ABBREVIATIONS: &[&str] = &[
    "adm", "al", "approx", "apr", "aug", "bros", "ca", "capt", "cf", "co", "col", "corp", "dec", "dr", "e.g",
    "est", "etc", "feb", "fig", "gen", "gov", "i.e", "inc", "jan", "jr", "lt", "ltd", "messrs", "mr", "mrs",
    "ms", "no", "nov", "oct", "prof", "rep", "rev", "sen", "sept", "sep", "sgt", "sr", "st", "u.k", "u.n",
    "u.s", "usw", "vs", "z.b", "d.h", "bzw", "nr",
];
/// How much of the room a whole sentence must fill for `cut` to end there rather than at a word.
const ENOUGH: usize = 2;

/// Blanks collapsed, invisible characters out, line feeds kept one at a time.
pub fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let start = out.len();
        for word in line.split(|c: char| c.is_whitespace()) {
            let word_start = out.len();
            if out.len() > start {
                out.push(' ');
            } else if start > 0 {
                out.push('\n');
            }
            let before = out.len();
            out.extend(word.chars().filter(|c| !is_invisible(*c)));
            if out.len() == before {
                out.truncate(word_start);
            }
        }
    }
    out
}

/// A text on one line: blanks and line feeds become single blanks.
pub fn one_line(text: &str) -> String {
    tidy(text).replace('\n', " ")
}

/// The form in which headlines are compared: NFKC, lower case, words alone with single blanks between.
pub fn fold(text: &str) -> String {
    tokens(text).join(" ")
}

/// At most `max_chars` characters of a text, cut after a whole sentence where that fills half of the room, else after
/// a whole word with `…` (which counts).
pub fn cut(text: &str, max_chars: usize) -> String {
    let text = text.trim();
    if text.char_indices().nth(max_chars).is_none() {
        return text.to_owned();
    }
    let room = text.char_indices().nth(max_chars).map_or(text.len(), |(at, _)| at);
    let mut end = 0;
    for sentence in sentences(text.get(..text.len().min(room + 256)).unwrap_or(text)) {
        let sentence_end = sentence.as_ptr() as usize - text.as_ptr() as usize + sentence.len();
        if sentence_end > room {
            break;
        }
        end = sentence_end;
    }
    let kept = text.get(..end).unwrap_or_default();
    if kept.chars().count() * ENOUGH >= max_chars && kept.ends_with(is_sentence_end_or_closer) {
        return kept.to_owned();
    }
    let room = text.char_indices().nth(max_chars.saturating_sub(1)).map_or(0, |(at, _)| at);
    let (head, tail) = text.split_at_checked(room).unwrap_or((text, ""));
    let head = if tail.starts_with(char::is_whitespace) {
        head
    } else {
        // A text without blanks (Chinese, or one endless word) is cut where it is.
        head.rfind(char::is_whitespace)
            .filter(|at| at * ENOUGH >= room)
            .and_then(|at| head.get(..at))
            .unwrap_or(head)
    };
    let head = head.trim_end_matches(|c: char| c.is_whitespace() || ",;:–—-(".contains(c));
    if max_chars == 0 { String::new() } else { format!("{head}…") }
}

/// The sentences of a plain text, without the blanks between them. A line feed ends a sentence, too.
pub fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut start = 0;
        let mut characters = line.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            if !is_sentence_end(character) {
                continue;
            }
            let mut end = at + character.len_utf8();
            while let Some((at, next)) = characters.next_if(|(_, next)| is_sentence_end_or_closer(*next)) {
                end = at + next.len_utf8();
            }
            let is_wide = matches!(character, '。' | '！' | '？' | '．');
            let next = line.get(end..).unwrap_or_default();
            if is_wide
                || (next.starts_with(char::is_whitespace)
                    && (end > at + 1 || ends_here(line, start, at, next)))
            {
                push_trimmed(&mut found, line.get(start..end));
                start = end;
            }
        }
        push_trimmed(&mut found, line.get(start..));
    }
    found
}

fn push_trimmed<'a>(found: &mut Vec<&'a str>, sentence: Option<&'a str>) {
    let sentence = sentence.unwrap_or_default().trim();
    if !sentence.is_empty() {
        found.push(sentence);
    }
}

fn is_sentence_end(character: char) -> bool {
    matches!(character, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '．')
}

fn is_sentence_end_or_closer(character: char) -> bool {
    is_sentence_end(character) || matches!(character, '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '」' | '』')
}

/// Whether the full stop at `at` ends the sentence that began at `start`.
fn ends_here(line: &str, start: usize, at: usize, next: &str) -> bool {
    if line.as_bytes().get(at) != Some(&b'.') {
        return true;
    }
    let before = line.get(start..at).unwrap_or_default();
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    let goes_on = next.trim_start().starts_with(char::is_lowercase);
    !is_initial && !goes_on && !ABBREVIATIONS.contains(&word.as_str())
}

/// The words of a text: NFKC, lower case. Letters and digits, with `.` and `,` inside numbers, `'` inside words (its
/// `'s` taken off), `+` and `#` after letters (`c++`); a hyphen divides. Han, kana and Thai have no blanks: they give
/// overlapping pairs of characters.
pub fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut run = Run::default();
    let mut characters = text.nfkc().flat_map(char::to_lowercase).peekable();
    while let Some(character) = characters.next() {
        if is_unspaced(character) {
            flush(&mut word, &mut found);
            run.push(character, &mut found);
            continue;
        }
        run.end(&mut found);
        let next = characters.peek().copied();
        if character.is_alphanumeric() || is_mark(character) || belongs(&word, character, next) {
            word.push(if character == '’' { '\'' } else { character });
        } else if !is_invisible(character) {
            flush(&mut word, &mut found);
        }
    }
    run.end(&mut found);
    flush(&mut word, &mut found);
    found
}

/// Whether a character that is no letter is part of the word around it.
fn belongs(word: &str, character: char, next: Option<char>) -> bool {
    let Some(last) = word.chars().next_back() else { return false };
    match character {
        '.' | ',' => last.is_ascii_digit() && next.is_some_and(|next| next.is_ascii_digit()),
        '\'' | '’' => last.is_alphabetic() && next.is_some_and(char::is_alphabetic),
        '+' | '#' => last.is_ascii_alphabetic() && word.len() == 1 || last == '+',
        _ => false,
    }
}

fn flush(word: &mut String, found: &mut Vec<String>) {
    if word.ends_with("'s") {
        word.truncate(word.len() - 2);
    }
    if !word.is_empty() {
        found.push(std::mem::take(word));
    }
}

/// Combining marks, without which Indic and Arabic words would fall apart.
fn is_mark(character: char) -> bool {
    unicode_normalization::char::is_combining_mark(character)
}

fn is_unspaced(character: char) -> bool {
    matches!(u32::from(character), 0x0E00..=0x0E7F | 0x3041..=0x30FF | 0x3400..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// A run of characters of a script without blanks.
#[derive(Default)]
struct Run {
    last: Option<char>,
    length: usize,
}

impl Run {
    fn push(&mut self, character: char, found: &mut Vec<String>) {
        if let Some(last) = self.last.replace(character) {
            found.push([last, character].iter().collect());
        }
        self.length += 1;
    }

    fn end(&mut self, found: &mut Vec<String>) {
        if let Some(last) = self.last.take().filter(|_| self.length == 1) {
            found.push(last.to_string());
        }
        self.length = 0;
    }
}

/// The hash of each run of `length` tokens (FNV-1a, stable between versions); of all tokens where there are fewer.
pub fn shingles(tokens: &[String], length: usize) -> Vec<u64> {
    let length = length.clamp(1, tokens.len().max(1));
    tokens
        .windows(length)
        .map(|window| window.iter().fold(0xcbf2_9ce4_8422_2325, |hash, token| hash_token(hash, token)))
        .collect()
}

fn hash_token(hash: u64, token: &str) -> u64 {
    let bytes = token.bytes().chain(std::iter::once(0));
    bytes.fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

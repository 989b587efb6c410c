//! Text made ready for the automaton: words between single spaces, twice over — as written and in lower case,
//! byte for byte at the same places.
//!
//! Hyphens are spaces, sentence marks are a word of their own (`|`, so that no phrase reaches across),
//! possessives are dropped, Chinese, Japanese and Korean runs stand apart from Latin words.

/// One text or several, prepared; every field begins and ends with a space.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// As written.
    pub cased: String,
    /// In lower case.
    pub lower: String,
    /// Words so far; a sentence mark is no word.
    pub words: usize,
}

/// A mark that no phrase reaches across.
const BREAK: char = '|';

impl Prepared {
    /// Room for `bytes` of text.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { cased: String::with_capacity(bytes), lower: String::with_capacity(bytes), words: 0 }
    }

    /// Adds a text and gives the range of bytes that it takes up.
    pub(super) fn add(&mut self, text: &str) -> std::ops::Range<usize> {
        self.stop();
        let start = self.cased.len().saturating_sub(1);
        let mut previous = ' ';
        let mut chars = text.chars().peekable();
        while let Some(raw) = chars.next() {
            let char = fold(raw);
            if char.is_ascii_alphanumeric() {
                self.letter(char, previous);
            } else if char.is_ascii() {
                let next = chars.peek().copied().map_or(' ', fold);
                if char == '\'' && matches!(next, 's' | 'S') {
                    // A possessive, if the word ends here.
                    chars.next();
                    let after = chars.peek().copied().map_or(' ', fold);
                    if after.is_alphanumeric() {
                        self.space();
                        self.letter(next, ' ');
                        previous = next;
                        continue;
                    }
                    self.space();
                } else {
                    self.mark(char, previous, next);
                }
            } else if char.is_alphanumeric() {
                self.letter(char, previous);
            } else {
                self.space();
            }
            previous = char;
        }
        self.stop();
        start..self.cased.len()
    }

    fn letter(&mut self, char: char, previous: char) {
        if is_cjk(char) != is_cjk(previous) && previous.is_alphanumeric() {
            self.space();
        }
        if self.cased.ends_with(' ') {
            self.words += 1;
        }
        self.push(char);
    }

    /// Punctuation of ASCII between `previous` and `next`.
    fn mark(&mut self, char: char, previous: char, next: char) {
        match char {
            '.' if previous.is_ascii_digit() && next.is_ascii_digit() => self.push(char),
            '.' if previous.is_alphanumeric() && next.is_alphanumeric() => self.space(),
            // "U.S." is one word, and no sentence ends there.
            '.' if self.ends_in_initial() => self.space(),
            '&' if previous.is_alphanumeric() && next.is_alphanumeric() => self.push(char),
            '%' if previous.is_ascii_digit() => self.push(char),
            '$' if next.is_ascii_digit() => {
                self.space();
                self.push(char);
            }
            '\'' if previous.is_alphanumeric() && next.is_alphanumeric() && !self.ends_in_initial() => {}
            '.' | ',' | ';' | ':' | '!' | '?' | '|' | '(' | ')' | '[' | ']' | '"' | '\n' => self.stop(),
            _ => self.space(),
        }
    }

    /// The last word has one letter.
    fn ends_in_initial(&self) -> bool {
        let bytes = self.cased.as_bytes();
        let (last, before) = (bytes.len().checked_sub(1), bytes.len().checked_sub(2));
        let at = |place: Option<usize>| place.and_then(|place| bytes.get(place)).copied().unwrap_or(b' ');
        at(last).is_ascii_alphabetic() && at(before) == b' '
    }

    fn stop(&mut self) {
        self.space();
        if !self.cased.ends_with("| ") && self.cased.len() > 1 {
            self.push(BREAK);
        }
        self.space();
    }

    fn space(&mut self) {
        if !self.cased.ends_with(' ') {
            self.push(' ');
        }
    }

    fn push(&mut self, char: char) {
        if char.is_ascii() {
            self.cased.push(char);
            self.lower.push(char.to_ascii_lowercase());
            return;
        }
        self.cased.push(char);
        let mut lower = char.to_lowercase();
        match (lower.next(), lower.next()) {
            // Both texts must stay in step, so the few letters whose lower case is longer keep their form.
            (Some(one), None) if one.len_utf8() == char.len_utf8() => self.lower.push(one),
            _ => self.lower.push(char),
        }
    }
}

/// Typographic variants to their plain form: quotes, dashes, spaces, full-width Latin.
fn fold(char: char) -> char {
    if char.is_ascii() {
        return if char == '\t' || char == '\r' { ' ' } else { char };
    }
    match char {
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2032}' => '\'',
        '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '「' | '」' | '『' | '』' | '《' | '》' => '"',
        '\u{2010}' | '\u{2011}' => '-',
        '\u{2012}'..='\u{2015}' | '…' | '。' | '、' | '，' => ',',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(char as u32 - 0xfee0).unwrap_or(char),
        '\u{a0}' | '\u{3000}' | '\u{2000}'..='\u{200b}' | '\u{202f}' | '®' | '™' => ' ',
        other => other,
    }
}

/// Chinese, Japanese or Korean writing, which has no spaces between words, or none before particles.
pub(super) fn is_cjk(char: char) -> bool {
    matches!(char, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{1100}'..='\u{11ff}')
}

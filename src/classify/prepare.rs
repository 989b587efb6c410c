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
    /// In lower case; empty until [`Self::finish`].
    pub lower: String,
    /// Words so far; a sentence mark is no word.
    pub words: usize,
}

/// A mark that no phrase reaches across.
const BREAK: char = '|';

impl Prepared {
    /// Room for `bytes` of text.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { cased: String::with_capacity(bytes), lower: String::new(), words: 0 }
    }

    /// Adds a text and gives the range of bytes that it takes up.
    pub(super) fn add(&mut self, text: &str) -> std::ops::Range<usize> {
        self.stop();
        let start = self.cased.len().saturating_sub(1);
        let mut previous = ' ';
        let mut rest = text;
        loop {
            let run = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            if run > 0 {
                let (word, after) = rest.split_at(run);
                self.begin_word(is_cjk(previous));
                self.cased.push_str(word);
                previous = 'a';
                if word.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit()) {
                    previous = '0';
                }
                rest = after;
            }
            let mut chars = rest.chars();
            let Some(raw) = chars.next() else { break };
            rest = chars.as_str();
            let char = fold(raw);
            if char.is_ascii() && !char.is_ascii_alphanumeric() {
                let next = chars.next().map_or(' ', fold);
                if char == '\''
                    && matches!(next, 's' | 'S')
                    && !chars.next().map_or(' ', fold).is_alphanumeric()
                {
                    // A possessive goes.
                    rest = rest.get(1..).unwrap_or_default();
                    self.space();
                } else {
                    self.mark(char, previous, next);
                }
            } else if char.is_alphanumeric() {
                self.begin_word(previous.is_alphanumeric() && is_cjk(char) != is_cjk(previous));
                self.cased.push(char);
            } else {
                self.space();
            }
            previous = char;
        }
        self.stop();
        start..self.cased.len()
    }

    /// Makes the text in lower case.
    pub(super) fn finish(&mut self) {
        if self.cased.is_ascii() {
            self.lower = self.cased.to_ascii_lowercase();
            return;
        }
        self.lower = String::with_capacity(self.cased.len());
        for char in self.cased.chars() {
            let mut lower = char.to_lowercase();
            match (lower.next(), lower.next()) {
                // Both texts must stay in step, so the few letters whose lower case is longer keep their form.
                (Some(one), None) if one.len_utf8() == char.len_utf8() => self.lower.push(one),
                _ => self.lower.push(char),
            }
        }
    }

    /// Before a letter or digit; `apart` where the writing changes.
    fn begin_word(&mut self, apart: bool) {
        if apart {
            self.space();
        }
        if self.cased.ends_with(' ') {
            self.words += 1;
        }
    }

    /// Punctuation of ASCII between `previous` and `next`.
    fn mark(&mut self, char: char, previous: char, next: char) {
        match char {
            '.' if previous.is_ascii_digit() && next.is_ascii_digit() => self.cased.push(char),
            '.' if previous.is_alphanumeric() && next.is_alphanumeric() => self.space(),
            // "U.S." is one word, and no sentence ends there.
            '.' if self.ends_in_initial() => self.space(),
            '&' if previous.is_alphanumeric() && next.is_alphanumeric() => self.cased.push(char),
            // A word of its own, so that "% off" is a phrase.
            '%' if previous.is_ascii_digit() => {
                self.space();
                self.cased.push(char);
                self.space();
            }
            '$' if next.is_ascii_digit() => {
                self.space();
                self.cased.push(char);
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
            self.cased.push(BREAK);
        }
        self.space();
    }

    fn space(&mut self) {
        if !self.cased.ends_with(' ') {
            self.cased.push(' ');
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

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(text: &str) -> (String, String) {
        let mut prepared = Prepared::default();
        prepared.add(text);
        prepared.finish();
        (prepared.cased, prepared.lower)
    }

    #[test]
    fn words_stand_between_single_spaces_and_marks_stand_alone() {
        let cases = [
            ("High-NA: Intel’s turn", " High NA | Intel turn | "),
            ("U.S. curbs, again", " U S curbs | again | "),
            ("1.4nm at $500 (50% off)", " 1.4nm at $500 | 50 % off | "),
            ("AT&T's R&D", " AT&T R&D | "),
            ("ＨＢＭ４を量産", " HBM4 を量産 | "),
            ("台积电N2良率", " 台积电 N2 良率 | "),
            ("node.js isn't it", " node js isnt it | "),
            ("d'Intel", " d Intel | "),
            ("'s", " "),
            ("", " "),
        ];
        for (text, want) in cases {
            assert_eq!(prepared(text).0, want, "case: {text}");
        }
    }

    #[test]
    fn both_texts_stay_in_step() {
        for text in ["GRÖẞE İstanbul", "Ünal ǅ ﬁ", "日本ＡＢＣ", "\u{1F600} x"] {
            let (cased, lower) = prepared(text);
            assert_eq!(cased.len(), lower.len(), "case: {text}");
        }
    }
}

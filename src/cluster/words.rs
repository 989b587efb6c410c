//! Headlines and summaries as words: lower case, light stems, phrases read as one name, numbers with their units.

use unicode_normalization::UnicodeNormalization;

use super::lexicon::{flag, lexicon};
use super::numbers::{self, Fact};

/// Characters of one text that are looked at; longer texts say nothing new about which story it is.
const MAX_CHARS: usize = 1_500;

/// One word of a text, as the engine compares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Lower case, stemmed; numbers with their unit joined.
    pub(super) text: String,
    /// What sort of word it is.
    pub(super) sort: Sort,
    /// It began with a capital letter.
    pub(super) is_capital: bool,
}

impl Word {
    /// It is no number.
    pub(super) fn is_name(&self) -> bool {
        matches!(self.sort, Sort::Plain | Sort::Model)
    }
}

/// What sort of word it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// A plain word.
    Plain,
    /// Letters and digits: a model, a process, a code name.
    Model,
    /// A bare number.
    Number,
    /// A number with its unit.
    Quantity,
}

/// A text, read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reading {
    /// Its words in order, those that say nothing left out.
    pub(super) words: Vec<Word>,
    /// Its numbers, models and quarters.
    pub(super) facts: Vec<Fact>,
    /// What the words say about the kind of piece, see [`flag`].
    pub(super) flags: u16,
}

/// A word as it stands, before phrases and stems.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Raw {
    /// Lower case.
    pub(super) text: String,
    pub(super) is_capital: bool,
    /// The currency sign in front of it.
    pub(super) currency: Option<char>,
    /// A percent sign follows.
    pub(super) is_percent: bool,
}

/// Reads a text.
pub(super) fn read(text: &str) -> Reading {
    let raws = raw_words(text);
    let mut reading = Reading::default();
    if text.chars().any(is_unspaced) {
        reading.flags |= flag::UNSPACED;
    }
    let mut rest = raws.as_slice();
    while let [first, after @ ..] = rest {
        reading.flags |= lexicon().flags_of(&first.text);
        if let Some((taken, phrase)) = phrase_at(first, after) {
            for text in phrase {
                reading.flags |= lexicon().flags_of(text);
                if let Some(fact) = numbers::quarter(text) {
                    reading.facts.push(fact);
                }
                reading.push(text.clone(), Sort::Plain, first.is_capital);
            }
            rest = after.get(taken..).unwrap_or_default();
        } else if first.text.bytes().any(|byte| byte.is_ascii_digit()) {
            rest = numbers::read(first, after, &mut reading);
        } else {
            if !lexicon().is_stop(&first.text) && first.text.len() > 1 {
                reading.push(stem(&first.text), Sort::Plain, first.is_capital);
            }
            let next = after.first().map_or("", |raw| raw.text.as_str());
            reading.facts.extend(numbers::month(&first.text, next));
            rest = numbers::read_family(first, after, &mut reading);
        }
    }
    reading
}

impl Reading {
    pub(super) fn push(&mut self, text: String, sort: Sort, is_capital: bool) {
        self.words.push(Word { text, sort, is_capital });
    }
}

/// The longest phrase that begins at `first`: how many words after it belong to it, and its reading.
fn phrase_at<'a>(first: &Raw, after: &[Raw]) -> Option<(usize, &'a [String])> {
    lexicon().phrases_from(&first.text).iter().find_map(|phrase| {
        let matches = phrase.rest.len() <= after.len()
            && phrase.rest.iter().zip(after).all(|(word, raw)| *word == raw.text);
        matches.then_some((phrase.rest.len(), phrase.reading.as_slice()))
    })
}

/// Splits a text into words: letters and digits, with the signs that belong to numbers and names.
fn raw_words(text: &str) -> Vec<Raw> {
    let mut scanner = Scanner::default();
    let characters: Vec<char> = text.chars().take(MAX_CHARS).nfkc().collect();
    let mut rest = characters.as_slice();
    while let [this, after @ ..] = rest {
        rest = after;
        let next = after.first().copied().unwrap_or(' ');
        match *this {
            c if is_unspaced(c) => {
                scanner.flush();
                rest = scanner.take_unspaced(c, after);
            }
            c if c.is_alphanumeric() => scanner.take(c),
            '.' if scanner.is_number() && next.is_ascii_digit() => scanner.word.text.push('.'),
            // "U.S." is one word; "end.Next" hardly ever occurs.
            '.' if scanner.letters == 1 && next.is_alphabetic() => scanner.letters = 0,
            ',' if scanner.is_number() && next.is_ascii_digit() => {}
            '&' if !scanner.word.text.is_empty() && next.is_alphanumeric() => scanner.word.text.push('&'),
            '\'' | '\u{2019}' | '\u{2018}' => {
                let is_possessive = next == 's' && !after.get(1).is_some_and(|after| after.is_alphanumeric());
                if is_possessive {
                    rest = after.get(1..).unwrap_or_default();
                    scanner.flush();
                }
            }
            '%' if scanner.is_number() => {
                scanner.word.is_percent = true;
                scanner.flush();
            }
            '$' | '€' | '£' | '¥' | '₹' | '₩' => {
                // "US$5" and "NT$5": the letters are the currency's.
                if scanner.word.text.len() > 3 {
                    scanner.flush();
                }
                scanner.word = Raw { currency: Some(*this), ..Raw::default() };
                scanner.letters = 0;
            }
            _ => scanner.flush(),
        }
    }
    scanner.flush();
    scanner.words
}

#[derive(Default)]
struct Scanner {
    words: Vec<Raw>,
    word: Raw,
    /// Letters since the last full stop within the word.
    letters: u32,
    is_all_capitals: bool,
}

impl Scanner {
    fn take(&mut self, c: char) {
        if self.word.text.is_empty() {
            self.word.is_capital = c.is_uppercase();
            self.is_all_capitals = true;
        }
        self.is_all_capitals &= c.is_uppercase();
        self.letters += u32::from(c.is_alphabetic());
        self.word.text.extend(c.to_lowercase());
    }

    fn is_number(&self) -> bool {
        self.word.text.ends_with(|c: char| c.is_ascii_digit())
            && self.word.text.starts_with(|c: char| c.is_ascii_digit())
    }

    /// Ends the word.
    fn flush(&mut self) {
        let mut word = std::mem::take(&mut self.word);
        self.letters = 0;
        if word.text.is_empty() {
            return;
        }
        if word.text == "us" && self.is_all_capitals {
            "usa".clone_into(&mut word.text);
        }
        self.words.push(word);
    }

    /// Chinese, Japanese and Korean: a known name where one begins, else pairs of characters.
    fn take_unspaced<'a>(&mut self, first: char, after: &'a [char]) -> &'a [char] {
        for length in (1..=5_usize).rev() {
            let Some(tail) = after.get(..length) else { continue };
            let name: String = std::iter::once(first).chain(tail.iter().copied()).collect();
            if lexicon().phrases_from(&name).iter().any(|phrase| phrase.rest.is_empty()) {
                self.words.push(Raw { text: name, is_capital: true, ..Raw::default() });
                return after.get(length..).unwrap_or_default();
            }
        }
        if let Some(second) = after.first().filter(|next| is_unspaced(**next)) {
            self.words.push(Raw { text: [first, *second].iter().collect(), ..Raw::default() });
        }
        after
    }
}

/// Scripts that are written without spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

/// A light stem: plural, -ing, -ed and a final e go, so that forms of one word meet. (Harman 1991 found plural
/// stemming alone nearly as good as Porter's; the verbs' endings matter in headlines.)
pub(super) fn stem(word: &str) -> String {
    let mut stem = word;
    if word.len() > 4 && word.ends_with("ies") {
        return format!("{}y", word.strip_suffix("ies").unwrap_or(word));
    }
    if word.len() > 4 && word.ends_with("sses") {
        stem = word.strip_suffix("es").unwrap_or(word);
    } else if word.len() > 3
        && word.ends_with('s')
        && !["ss", "us", "is"].iter().any(|end| word.ends_with(end))
    {
        stem = word.strip_suffix('s').unwrap_or(word);
    }
    if stem.len() > 6 && stem.ends_with("ing") {
        stem = undouble(stem.strip_suffix("ing").unwrap_or(stem));
    } else if stem.len() > 5 && stem.ends_with("ed") {
        stem = undouble(stem.strip_suffix("ed").unwrap_or(stem));
    }
    if stem.len() > 4 {
        stem = stem.strip_suffix('e').unwrap_or(stem);
    }
    stem.to_owned()
}

/// "slipp" → "slip"; "sell" and "miss" stay.
fn undouble(stem: &str) -> &str {
    let mut ends = stem.chars().rev();
    let (last, before) = (ends.next(), ends.next());
    if stem.len() > 3 && last == before && !matches!(last, Some('l' | 's')) {
        let mut characters = stem.chars();
        characters.next_back();
        return characters.as_str();
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        read(text).words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn forms_of_one_word_meet() {
        for forms in
            [["launches", "launched"], ["prices", "pricing"], ["slips", "slipped"], ["factory", "factories"]]
        {
            let [one, other] = forms.map(stem);
            assert_eq!(one, other, "{forms:?}");
        }
    }

    #[test]
    fn names_are_read_in_every_spelling() {
        assert_eq!(words("SK Hynix's fab"), words("SK-hynix fab"));
        assert_eq!(words("U.S. chips"), words("US chips"));
        assert_eq!(words("Taiwan Semiconductor Manufacturing"), ["tsmc"]);
        assert_eq!(words("英伟达"), ["nvidia"]);
    }

    #[test]
    fn the_pronoun_us_is_not_the_country() {
        assert_eq!(words("tell us"), ["tell"]);
    }

    #[test]
    fn numbers_carry_their_unit() {
        assert_eq!(words("$16.5B"), words("$16.5 billion"));
        assert_eq!(words("2 nm"), words("2nm"));
        assert_eq!(words("40%"), words("40 percent"));
        assert_eq!(words("HBM 4"), words("HBM4"));
    }
}

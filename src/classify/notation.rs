//! The notation of terms: `{a,b} c` is "a c" and "b c", `*` opens an end, a hyphen is a space.

use super::prepare::{Prepared, is_cjk};
use super::rules::RulesError;

/// One term, ready for the automaton.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// What the automaton looks for; begins with a space where a word must begin.
    pub lower: String,
    /// The same as written.
    pub cased: String,
    /// The term ends where a word ends.
    pub closed: bool,
    /// Its last letter allows for a plural.
    pub can_be_plural: bool,
}

/// The most alternatives that the braces of one term may spell out.
const MAX_ALTERNATIVES: usize = 500;

/// Reads one term of `user`'s; several where it has braces.
pub(super) fn read(user: &str, written: &str) -> Result<Vec<Term>, RulesError> {
    let error = || RulesError::Term { user: user.to_owned(), term: written.to_owned() };
    let plain = alternatives(written).ok_or_else(error)?;
    plain.iter().map(|text| term(text).ok_or_else(error)).collect()
}

fn term(text: &str) -> Option<Term> {
    let text = text.trim();
    let inner = text.trim_matches('*');
    // A percent sign is a word only after a digit.
    let (digit, inner) =
        if inner.starts_with('%') { ("0", format!("0{inner}")) } else { ("", inner.to_owned()) };
    let mut prepared = Prepared::default();
    prepared.add(&inner);
    prepared.finish();
    let strip = |text: &str| {
        let text = text.trim_start_matches([' ', '|']);
        text.strip_prefix(digit).unwrap_or(text).trim_matches([' ', '|']).to_owned()
    };
    let (cased, lower) = (strip(&prepared.cased), strip(&prepared.lower));
    let first = lower.chars().find(|char| char.is_alphanumeric() || matches!(char, '$' | '%'))?;
    let last = lower.chars().next_back()?;
    let begins = !text.starts_with('*') && !is_cjk(first);
    let space = if begins { " " } else { "" };
    Some(Term {
        lower: format!("{space}{lower}"),
        cased: format!("{space}{cased}"),
        closed: !text.ends_with('*') && !is_cjk(last),
        can_be_plural: last.is_alphanumeric() && last != 's',
    })
}

/// Spells out braces, left to right.
fn alternatives(text: &str) -> Option<Vec<String>> {
    let Some((before, rest)) = text.split_once('{') else {
        return if text.contains('}') { None } else { Some(vec![text.to_owned()]) };
    };
    let (choices, after) = rest.split_once('}')?;
    if choices.contains('{') || before.contains('}') {
        return None;
    }
    let tails = alternatives(after)?;
    let mut spelled = Vec::new();
    for choice in choices.split(',') {
        for tail in &tails {
            spelled.push(format!("{before}{}{tail}", choice.trim()));
        }
    }
    (spelled.len() <= MAX_ALTERNATIVES).then_some(spelled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lower(written: &str) -> Vec<String> {
        read("test", written).unwrap().into_iter().map(|term| term.lower).collect()
    }

    #[test]
    fn braces_spell_out_every_combination() {
        assert_eq!(
            lower("{ai,memory} chip{set,}"),
            [" ai chipset", " ai chip", " memory chipset", " memory chip"]
        );
    }

    #[test]
    fn hyphens_are_spaces_and_stars_open_the_ends() {
        assert_eq!(lower("RISC-V"), [" risc v"]);
        assert_eq!(lower("*chips"), ["chips"]);
        let halbleiter = read("test", "Halbleiter*").unwrap();
        assert_eq!(halbleiter[0].lower, " halbleiter");
        assert!(!halbleiter[0].closed);
    }

    #[test]
    fn chinese_terms_need_no_spaces_around_them() {
        let term = &read("test", "半导体").unwrap()[0];
        assert_eq!((term.lower.as_str(), term.closed), ("半导体", false));
    }

    #[test]
    fn terms_of_nothing_and_broken_braces_are_errors() {
        for written in ["", "*", "--", "{a,b", "a}", "{a,{b}}"] {
            assert!(read("test", written).is_err(), "{written:?}");
        }
    }
}

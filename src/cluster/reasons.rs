//! Reasons in words for people: which words two entries share, as the headline spells them, and what else speaks for
//! one story. What a program wants are the numbers of [`super::Explanation`].

use super::engine::Engine;
use super::pair::{Feature, Values, gap_days};
use super::side::{Side, SideWord, mark};

/// Shared words that are named.
const MOST_WORDS: usize = 4;
/// So many are named in any case, names or not.
const LEAST_WORDS: usize = 2;
/// From this share of a headline found in the other on, it is nearly the same.
const NEARLY_SAME: f32 = 0.85;

impl Engine {
    /// The strongest reasons of a join, in one line.
    pub(super) fn reasons(&self, number: u32, nearest: u32, values: &Values, is_credited: bool) -> String {
        let (mut one, mut other) = (Side::default(), Side::default());
        one.read(number, &self.shelf, &self.dictionary);
        one.index();
        other.read(nearest, &self.shelf, &self.dictionary);
        let mut shared: Vec<&SideWord> =
            one.words.iter().filter(|word| other.words.iter().any(|theirs| theirs.id == word.id)).collect();
        shared.sort_by(|a, b| b.term.idf.total_cmp(&a.term.idf).then(a.id.cmp(&b.id)));
        let is_name = |word: &SideWord| {
            let marks = word.marks & (mark::CAPITAL | mark::MODEL | mark::QUANTITY);
            marks != 0 || word.term.sense.organisation != 0
        };
        let mut names: Vec<String> = Vec::new();
        // Names and numbers say more to people than other words, however rare.
        for (most, wants_name) in [(MOST_WORDS, true), (LEAST_WORDS, false)] {
            for word in shared.iter().filter(|word| is_name(word) == wants_name) {
                let name = self.shown(word).filter(|name| !names.iter().any(|known| overlap(known, name)));
                names.extend(name.filter(|_| names.len() < most));
            }
        }
        let value = |feature: Feature| values.get(feature as usize).copied().unwrap_or(0.0);
        let mut reasons = Vec::new();
        if is_credited {
            reasons.push("one credits the other".to_owned());
        }
        if let Some(names) = listed(&names) {
            reasons.push(format!("both name {names}"));
        }
        if value(Feature::contained_max) >= NEARLY_SAME {
            reasons.push("nearly the same headline".to_owned());
        }
        if value(Feature::lane_results) > 0.0 {
            reasons.push("on the same results".to_owned());
        } else if value(Feature::lane_own_move) > 0.0 {
            reasons.push("the results and what the shares made of them".to_owned());
        } else if value(Feature::lane_sector) > 0.0 {
            reasons.push("the same move of the market".to_owned());
        }
        reasons.push(apart(gap_days(&one, &other), one.day == other.day));
        reasons.join("; ")
    }

    /// A word as the headline of the entry that was placed last spells it.
    fn shown(&self, word: &SideWord) -> Option<String> {
        let (_, text) = self.spelled.iter().find(|(id, _)| *id == word.id)?;
        if word.marks & mark::QUANTITY != 0 {
            return Some(plain_quantity(text));
        }
        as_spelled(text, &self.headline)
    }
}

/// Whether one of two names is in the other ("RX" in "RX 9070").
fn overlap(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    one.contains(&other) || other.contains(&one)
}

/// "a", "a and b", "a, b and c".
fn listed(names: &[String]) -> Option<String> {
    let (last, others) = names.split_last()?;
    Some(if others.is_empty() { last.clone() } else { format!("{} and {last}", others.join(", ")) })
}

fn apart(days: f32, is_same_day: bool) -> String {
    if is_same_day {
        "same day".to_owned()
    } else if days < 1.5 {
        "a day apart".to_owned()
    } else {
        format!("{days:.0} days apart")
    }
}

/// Where a headline has a word that was put into lower case, stemmed and joined ("skhynix"): its spelling there, to the
/// end of the last word ("SK hynix", "manufacturing").
fn as_spelled(word: &str, headline: &str) -> Option<String> {
    let letters: Vec<(usize, char)> = headline.char_indices().filter(|(_, c)| c.is_alphanumeric()).collect();
    let wanted: Vec<char> = word.chars().filter(|c| c.is_alphanumeric()).collect();
    let is_start = |at: usize| {
        headline.get(..at).and_then(|before| before.chars().next_back()).is_none_or(|c| !c.is_alphanumeric())
    };
    let place = letters.windows(wanted.len().max(1)).find(|window| {
        window.first().is_some_and(|(at, _)| is_start(*at))
            && window.iter().zip(&wanted).all(|((_, c), wanted)| c.to_lowercase().eq([*wanted]))
    })?;
    let (start, last) = (place.first()?.0, place.last()?);
    let rest = headline.get(last.0..)?;
    let end = rest.find(|c: char| !c.is_alphanumeric()).map_or(headline.len(), |length| last.0 + length);
    headline.get(start..end).map(str::to_owned)
}

/// A quantity as people write it: `$5.00e10` is $50bn, `3.84e2gb` 384 GB.
fn plain_quantity(word: &str) -> String {
    let (sign, rest) = word.strip_prefix('$').map_or(("", word), |rest| ("$", rest));
    let Some((mantissa, tail)) = rest.split_once('e') else { return word.to_owned() };
    let digits = tail.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(tail.len());
    let (exponent, unit) = tail.split_at_checked(digits).unwrap_or((tail, ""));
    let Ok(value) = format!("{mantissa}e{exponent}").parse::<f64>() else { return word.to_owned() };
    if sign.is_empty() {
        let unit = match unit {
            "%" | "x" | "" => unit.to_owned(),
            "gb" | "tb" | "pb" | "mw" | "gw" | "kw" | "w" => format!(" {}", unit.to_uppercase()),
            _ => format!(" {unit}"),
        };
        return format!("{value}{unit}");
    }
    for (scale, name) in [(1e12, "tn"), (1e9, "bn"), (1e6, "m")] {
        if value >= scale {
            return format!("${}{name}", trimmed(value / scale));
        }
    }
    format!("${}", trimmed(value))
}

/// Two digits after the point, where they say anything.
fn trimmed(value: f64) -> String {
    format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_shown_as_the_headline_spells_them() {
        let headline = "SK hynix expands HBM4 manufacturing";
        assert_eq!(as_spelled("skhynix", headline).as_deref(), Some("SK hynix"));
        assert_eq!(as_spelled("manufactur", headline).as_deref(), Some("manufacturing"));
        assert_eq!(as_spelled("hbm4", headline).as_deref(), Some("HBM4"));
        assert_eq!(as_spelled("factur", headline), None);
        assert_eq!(as_spelled("été", "L'ÉTÉ chaud").as_deref(), Some("ÉTÉ"));
    }

    #[test]
    fn quantities_are_shown_as_people_write_them() {
        for (word, shown) in [
            ("$5.00e10", "$50bn"),
            ("$1.65e9", "$1.65bn"),
            ("$4.99e2", "$499"),
            ("3.84e2gb", "384 GB"),
            ("2.00e0nm", "2 nm"),
            ("1.20e1%", "12%"),
            ("q2", "q2"),
        ] {
            assert_eq!(plain_quantity(word), shown);
        }
    }

    #[test]
    fn a_list_reads_like_one() {
        let names = |names: &[&str]| listed(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&[]), None);
        assert_eq!(names(&["a", "b", "c"]).as_deref(), Some("a, b and c"));
    }
}

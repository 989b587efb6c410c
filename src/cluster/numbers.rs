//! Numbers with their units, money, quarters and model numbers: the identity of a story, and the first thing in
//! which template twins differ.

use super::words::{Raw, Reading, Sort, stem};

/// A number, model or quarter that a text states.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fact {
    /// What sort of number; facts of different sorts are not compared.
    pub(super) sort: FactSort,
    /// The value: US dollars, percent, units; for models a hash.
    pub(super) value: f32,
}

/// Sorts of facts. Units and model families have a number of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FactSort(pub(super) u16);

impl FactSort {
    pub(super) const MONEY: Self = Self(1);
    pub(super) const PERCENT: Self = Self(2);
    pub(super) const TIMES: Self = Self(3);
    pub(super) const QUARTER: Self = Self(4);
    pub(super) const NUMBER: Self = Self(5);
    /// A word of letters and digits of no known family.
    pub(super) const NAME: Self = Self(6);
    /// The month that figures are of.
    pub(super) const MONTH: Self = Self(7);
    const FIRST_UNIT: u16 = 100;
    const FIRST_FAMILY: u16 = 200;

    /// Whether it is a model of a known family.
    pub(super) fn is_model(self) -> bool {
        self.0 >= Self::FIRST_FAMILY
    }

    /// Whether it is a number with a physical unit.
    pub(super) fn is_unit(self) -> bool {
        (Self::FIRST_UNIT..Self::FIRST_FAMILY).contains(&self.0)
    }
}

/// Multipliers, as words and as suffixes.
const MULTIPLIERS: [(&str, f64); 17] = [
    ("trillion", 1e12),
    ("tn", 1e12),
    ("trn", 1e12),
    ("t", 1e12),
    ("billion", 1e9),
    ("bn", 1e9),
    ("b", 1e9),
    ("million", 1e6),
    ("mn", 1e6),
    ("mln", 1e6),
    ("m", 1e6),
    ("thousand", 1e3),
    ("k", 1e3),
    ("crore", 1e7),
    ("milliarden", 1e9),
    ("milliards", 1e9),
    ("millionen", 1e6),
];

/// Rough rates to the US dollar (mid-2026), so that one sum in two currencies is seen as one. Wrong by a few per
/// cent is right enough: sums are compared with a tolerance.
const CURRENCIES: [(&str, f64); 16] = [
    ("$", 1.0),
    ("€", 1.15),
    ("£", 1.34),
    ("¥", 0.0066),
    ("₹", 0.0116),
    ("₩", 0.000_69),
    ("dollars", 1.0),
    ("euros", 1.15),
    ("euro", 1.15),
    ("eur", 1.15),
    ("pounds", 1.34),
    ("yen", 0.0066),
    ("yuan", 0.14),
    ("rmb", 0.14),
    ("won", 0.000_69),
    ("rupees", 0.0116),
];

/// Units, each with its other spellings.
const UNITS: [&[&str]; 21] = [
    &["nm", "nanometer", "nanometre", "nanometers", "nanometres"],
    &["gb", "gigabyte", "gigabytes"],
    &["tb", "terabyte", "terabytes"],
    &["pb"],
    &["ghz"],
    &["mhz"],
    &["gw", "gigawatt", "gigawatts"],
    &["mw", "megawatt", "megawatts"],
    &["kw"],
    &["w", "watt", "watts"],
    &["inch", "inches"],
    &["core", "cores"],
    &["bit", "bits"],
    &["layer", "layers"],
    &["qubit", "qubits"],
    &["mm"],
    &["kv"],
    &["fps"],
    &["tops"],
    &["petaflops", "pflops"],
    &["mt"],
];

/// Model families: the number that follows is the model.
const FAMILIES: [&str; 42] = [
    "rtx",
    "gtx",
    "rx",
    "arc",
    "ryzen",
    "ultra",
    "xeon",
    "epyc",
    "snapdragon",
    "exynos",
    "dimensity",
    "tensor",
    "gaudi",
    "mi",
    "instinct",
    "threadripper",
    "kirin",
    "ascend",
    "hbm",
    "ddr",
    "gddr",
    "lpddr",
    "pcie",
    "tpu",
    "trainium",
    "inferentia",
    "graviton",
    "maia",
    "zen",
    "rdna",
    "iphone",
    "galaxy",
    "pixel",
    "windows",
    "gen",
    "usb",
    "dlss",
    "fsr",
    "phase",
    "b",
    "m",
    "h",
];

/// Words that belong to the model number in front of them.
const MODEL_SUFFIXES: [&str; 11] =
    ["ti", "xt", "xtx", "super", "gre", "x3d", "pro", "max", "ultra", "elite", "plus"];

/// Reads the number that `first` begins; gives what is left.
pub(super) fn read<'a>(first: &Raw, after: &'a [Raw], reading: &mut Reading) -> &'a [Raw] {
    let digits = first.text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').count();
    let (number, suffix) = first.text.split_at_checked(digits).unwrap_or((&first.text, ""));
    let next = after.first().map_or("", |raw| raw.text.as_str());
    let rest = after.get(1..).unwrap_or_default();
    let Ok(value) = number.parse::<f64>() else { return read_model(first, after, reading) };
    if suffix == "q" && (1.0..=4.0).contains(&value) {
        push(reading, format!("q{value:.0}"), FactSort::QUARTER, value);
        return after;
    }
    // Money: a currency sign, or a large multiplier ("16.5 billion", "16.5bn").
    if suffix.is_empty() || multiplier(suffix).is_some() {
        let (scale, word_taken) = match (multiplier(suffix), multiplier(next)) {
            (Some(scale), _) => (scale, false),
            (None, Some(scale)) if first.currency.is_some() || next.len() > 1 => (scale, true),
            _ => (1.0, false),
        };
        let left = if word_taken { rest } else { after };
        let named = left.first().and_then(|raw| rate(&raw.text));
        let sign = first.currency.and_then(|sign| rate(sign.encode_utf8(&mut [0; 4])));
        if sign.is_some()
            || (scale > 1.0 && (named.is_some() || scale >= 1e6 && suffix != "m" && suffix != "t"))
        {
            let dollars = value * scale * sign.or(named).unwrap_or(1.0);
            push(reading, format!("${}", short(dollars)), FactSort::MONEY, dollars);
            return if named.is_some() { left.get(1..).unwrap_or_default() } else { left };
        }
    }
    if first.is_percent || suffix.is_empty() && matches!(next, "percent" | "pct" | "prozent") {
        push(reading, format!("{}%", short(value)), FactSort::PERCENT, value);
        return if first.is_percent { after } else { rest };
    }
    if suffix == "x" || suffix.is_empty() && matches!(next, "x" | "fold" | "times") {
        push(reading, format!("{}x", short(value)), FactSort::TIMES, value);
        return if suffix == "x" { after } else { rest };
    }
    if let Some((unit, name)) = unit(suffix).or_else(|| unit(next).filter(|_| suffix.is_empty())) {
        push(reading, format!("{}{name}", short(value)), FactSort(FactSort::FIRST_UNIT + unit), value);
        return if suffix.is_empty() { rest } else { after };
    }
    if suffix.is_empty() || matches!(suffix, "st" | "nd" | "rd" | "th" | "s") {
        reading.facts.push(Fact { sort: FactSort::NUMBER, value: narrow(value) });
        reading.push(number.replace('.', ""), Sort::Number, false);
        return after;
    }
    read_model(first, after, reading)
}

/// Reads a word of letters and digits: a quarter, or a model of a family that it begins with.
fn read_model<'a>(first: &Raw, after: &'a [Raw], reading: &mut Reading) -> &'a [Raw] {
    if let Some(fact) = quarter(&first.text) {
        push(reading, first.text.clone(), fact.sort, f64::from(fact.value));
        return after;
    }
    let letters = first.text.chars().take_while(|c| !c.is_ascii_digit()).count();
    let (family, number) = first.text.split_at_checked(letters).unwrap_or(("", &first.text));
    let known = FAMILIES.iter().position(|name| *name == family);
    let (suffixes, rest) = model_suffix(after);
    let mut model = first.text.replace('.', "");
    let sort = if let Some(index) = known {
        model += &suffixes;
        if family.len() > 1 {
            reading.push(stem(family), Sort::Plain, first.is_capital);
        }
        family_sort(index)
    } else {
        FactSort::NAME
    };
    let identity = if known.is_some() { format!("{number}{suffixes}") } else { model.clone() };
    reading.facts.push(Fact { sort, value: hashed(&identity) });
    reading.push(model, Sort::Model, true);
    if known.is_some() { rest } else { after }
}

/// After the plain word `first` was read: where it is a model family and a number follows, reads the model.
pub(super) fn read_family<'a>(first: &Raw, after: &'a [Raw], reading: &mut Reading) -> &'a [Raw] {
    let Some(index) = FAMILIES.iter().position(|name| *name == first.text && name.len() > 1) else {
        return after;
    };
    let [next, rest @ ..] = after else { return after };
    let is_model = next.text.bytes().any(|byte| byte.is_ascii_digit())
        && next.currency.is_none()
        && !next.is_percent
        && unit(next.text.trim_start_matches(|c: char| c.is_ascii_digit())).is_none();
    if !is_model {
        return after;
    }
    let (suffixes, rest) = model_suffix(rest);
    let identity = format!("{}{suffixes}", next.text.replace('.', ""));
    reading.facts.push(Fact { sort: family_sort(index), value: hashed(&identity) });
    reading.push(format!("{}{identity}", first.text), Sort::Model, true);
    rest
}

/// The quarter that a word names: "q2".
pub(super) fn quarter(word: &str) -> Option<Fact> {
    let number = word.strip_prefix('q')?.parse::<u8>().ok().filter(|number| (1..=4).contains(number))?;
    Some(Fact { sort: FactSort::QUARTER, value: f32::from(number) })
}

/// The month that a headline's figures are of ("June revenue"); the name alone says nothing ("may", "march").
pub(super) fn month(word: &str, next: &str) -> Option<Fact> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    const FIGURES: [&str; 9] =
        ["revenue", "revenues", "sales", "exports", "imports", "shipments", "billings", "output", "orders"];
    let at = MONTHS.iter().position(|month| *month == word).filter(|_| FIGURES.contains(&next))?;
    Some(Fact { sort: FactSort::MONTH, value: f32::from(u8::try_from(at).ok()?) })
}

fn push(reading: &mut Reading, text: String, sort: FactSort, value: f64) {
    reading.facts.push(Fact { sort, value: narrow(value) });
    reading.push(text, Sort::Quantity, false);
}

fn family_sort(index: usize) -> FactSort {
    FactSort(FactSort::FIRST_FAMILY.saturating_add(u16::try_from(index).unwrap_or(u16::MAX)))
}

fn model_suffix(after: &[Raw]) -> (String, &[Raw]) {
    let mut suffixes = String::new();
    let mut rest = after;
    while let [next, more @ ..] = rest {
        if !MODEL_SUFFIXES.contains(&next.text.as_str()) {
            break;
        }
        suffixes += &next.text;
        rest = more;
    }
    (suffixes, rest)
}

fn multiplier(word: &str) -> Option<f64> {
    MULTIPLIERS.iter().find(|(name, _)| *name == word).map(|(_, scale)| *scale)
}

fn rate(name: &str) -> Option<f64> {
    CURRENCIES.iter().find(|(currency, _)| *currency == name).map(|(_, rate)| *rate)
}

fn unit(word: &str) -> Option<(u16, &'static str)> {
    let index = UNITS.iter().position(|spellings| spellings.contains(&word))?;
    Some((u16::try_from(index).ok()?, UNITS.get(index)?.first()?))
}

/// Three significant digits, so that $16.5B and $16.51 billion are one word.
fn short(value: f64) -> String {
    format!("{value:.2e}")
}

/// A hash that a float holds exactly (24 bits).
fn hashed(text: &str) -> f32 {
    let hash =
        text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    narrow(f64::from(hash >> 8))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "facts are compared with a tolerance; 24 bits are plenty"
)]
fn narrow(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::super::words::read;
    use super::*;

    fn facts(text: &str) -> Vec<Fact> {
        read(text).facts
    }

    #[test]
    fn one_sum_in_two_currencies_is_nearly_one_number() {
        let [one] = facts("raises $752m")[..] else { panic!() };
        let [other] = facts("raises €659 million")[..] else { panic!() };
        assert_eq!((one.sort, other.sort), (FactSort::MONEY, FactSort::MONEY));
        assert!((one.value / other.value - 1.0).abs() < 0.05, "{one:?} {other:?}");
    }

    #[test]
    fn twins_of_a_model_family_differ_in_a_fact_of_one_sort() {
        let [one] = facts("RTX 5070 Ti")[..] else { panic!() };
        let [other] = facts("RTX 5060 Ti")[..] else { panic!() };
        assert!(one.sort.is_model() && one.sort == other.sort && one != other);
        assert_eq!(facts("RTX5070 Ti"), [one]);
    }

    #[test]
    fn figures_of_two_months_differ() {
        let [one] = facts("TSMC June revenue")[..] else { panic!() };
        let [other] = facts("TSMC May revenue")[..] else { panic!() };
        assert!(one.sort == FactSort::MONTH && other.sort == FactSort::MONTH && one != other);
        assert_eq!(facts("TSMC may build"), []);
    }

    #[test]
    fn quarters_are_read_in_every_spelling() {
        for text in ["Q2", "2Q", "second quarter", "second-quarter"] {
            assert_eq!(facts(text), [Fact { sort: FactSort::QUARTER, value: 2.0 }], "{text}");
        }
    }
}

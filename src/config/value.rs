//! Single values: what may stand in a key, and the sentence that says so when something else does.

use crate::serve::Listen;
use std::path::PathBuf;
use std::time::Duration;
use toml::de::DeValue;
use url::Url;

type Read<T> = Result<T, String>;

/// Units of time and their length in seconds.
const TIME_UNITS: [(&str, f64); 6] =
    [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0), ("w", 604_800.0)];
/// Units of size and their bytes.
const SIZE_UNITS: [(&str, f64); 7] = [
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("B", 1.0),
];
/// A thousand years: longer is a slip of the pen, and would overflow times.
const LONGEST_SECONDS: f64 = 1000.0 * 365.25 * 86_400.0;

pub(super) fn string(value: &DeValue<'_>) -> Read<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| wanted("a string", value))
}

pub(super) fn boolean(value: &DeValue<'_>) -> Read<bool> {
    match (value.as_bool(), value.as_str()) {
        (Some(is_set), _) => Ok(is_set),
        (None, Some("true")) => Ok(true),
        (None, Some("false")) => Ok(false),
        (None, _) => Err(wanted("true or false", value)),
    }
}

/// A whole number of at least `least`.
pub(super) fn count(value: &DeValue<'_>, least: usize) -> Read<usize> {
    let number = value.as_integer().and_then(|number| {
        let digits: String = number.as_str().chars().filter(|&digit| digit != '_').collect();
        usize::from_str_radix(&digits, number.radix()).ok()
    });
    match number {
        Some(number) if number >= least => Ok(number),
        _ => Err(wanted(&format!("a whole number of at least {least}"), value)),
    }
}

/// A number from 0 to 1.
pub(super) fn share(value: &DeValue<'_>) -> Read<f32> {
    let text = value.as_float().map(|float| float.as_str().to_owned());
    let text = text.or_else(|| value.as_integer().map(|integer| integer.as_str().to_owned()));
    match text.and_then(|text| text.parse::<f32>().ok()) {
        Some(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(wanted("a number from 0 to 1", value)),
    }
}

/// `"15m"`, `"0.5s"`, `"0s"`.
pub(super) fn duration(value: &DeValue<'_>) -> Read<Duration> {
    value
        .as_str()
        .and_then(|text| quantity(text, &TIME_UNITS))
        .filter(|&seconds| seconds <= LONGEST_SECONDS)
        .map(Duration::from_secs_f64)
        .ok_or_else(|| wanted("a duration like \"15m\" (units: ms, s, m, h, d, w)", value))
}

/// `"16MiB"`, at least one byte.
pub(super) fn size(value: &DeValue<'_>) -> Read<u64> {
    let bytes = value.as_str().and_then(|text| quantity(text, &SIZE_UNITS));
    match bytes {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and 2^53, checked in the pattern"
        )]
        Some(bytes) if (1.0..9e15).contains(&bytes) => Ok(bytes as u64),
        _ => Err(wanted("a size like \"16MiB\" (units: B, KiB, MiB, GiB)", value)),
    }
}

/// A list of strings; one string stands for its parts between commas, as the environment gives it.
pub(super) fn strings(value: &DeValue<'_>) -> Read<Vec<String>> {
    if let Some(text) = value.as_str() {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        return Ok(parts.map(str::to_owned).collect());
    }
    let items = value.as_array().ok_or_else(|| wanted("a list of strings", value))?;
    items.iter().map(|item| string(item.get_ref())).collect()
}

/// An absolute http or https URL; an empty string is none.
pub(super) fn web_url(value: &DeValue<'_>) -> Read<Option<Url>> {
    let text = string(value)?;
    if text.is_empty() {
        return Ok(None);
    }
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(url)),
        _ => Err(format!("{text:?} is no http or https URL")),
    }
}

/// A path; an empty string is none.
pub(super) fn path(value: &DeValue<'_>) -> Read<Option<PathBuf>> {
    let text = string(value)?;
    Ok((!text.is_empty()).then(|| PathBuf::from(text)))
}

/// `ADDRESS:PORT` or `unix:PATH`; an empty string is none.
pub(super) fn listen(value: &DeValue<'_>) -> Read<Option<Listen>> {
    let text = string(value)?;
    if text.is_empty() {
        return Ok(None);
    }
    if let Some(path) = text.strip_prefix("unix:") {
        return if path.is_empty() {
            Err("unix: needs a path".into())
        } else {
            Ok(Some(Listen::Unix(path.into())))
        };
    }
    let has_port =
        text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if has_port {
        Ok(Some(Listen::Tcp(text)))
    } else {
        Err(format!("{text:?} is no ADDRESS:PORT and no unix:PATH"))
    }
}

/// What was wanted and what was there.
pub(super) fn wanted(what: &str, value: &DeValue<'_>) -> String {
    match value.as_str() {
        Some(text) => format!("{text:?} is no value for it; it takes {what}"),
        None => format!("{} is no value for it; it takes {what}", article(value.type_str())),
    }
}

fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

/// A number and its unit, in the unit's base; no sign, no exponent.
fn quantity(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let split = text.find(|symbol: char| !symbol.is_ascii_digit() && symbol != '.')?;
    let (number, unit) = text.split_at_checked(split)?;
    let number: f64 = number.parse().ok()?;
    let (_, scale) = units.iter().find(|(name, _)| *name == unit.trim())?;
    Some(number * scale)
}

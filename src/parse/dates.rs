//! Dates as feeds really write them.
//!
//! One reader for all forms, in two attempts: numbers in ISO 8601's order, then words and numbers in any order that
//! is not ambiguous. Week days are ignored (they are wrong as often as right). What is ambiguous (`1/2/2018`), or is a
//! machine's zero (year 1, 1970-01-01), counts as missing.

mod words;

use crate::model::Claimed;
use chrono::{DateTime, Duration, NaiveDate, NaiveTime};
use words::{meridian, month, zone_minutes};

/// Longer texts are no dates.
const LONGEST: usize = 120;

/// A moment, from whatever a feed gives as one; `None` where it is no date, or nonsense.
pub fn read(text: &str) -> Option<Claimed> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    let text = if text.is_ascii() { text.to_owned() } else { ascii_separators(text) };
    let claimed = iso(&text).or_else(|| epoch(&text)).or_else(|| wordy(&text))?;
    // 1970-01-01 in any zone; year 1 and its like are no years for `full_year`.
    let is_zero = (-86_400..=86_400).contains(&claimed.at.timestamp());
    (!is_zero).then_some(claimed)
}

/// Seconds or milliseconds since 1970, as some programs write them.
fn epoch(text: &str) -> Option<Claimed> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(text.len(), 10 | 13) {
        return None;
    }
    let number: i64 = text.parse().ok()?;
    let at = DateTime::from_timestamp(if text.len() == 10 { number } else { number / 1000 }, 0)?;
    Some(Claimed { at, has_time_of_day: true })
}

/// Chinese, Japanese and Korean write the units after the numbers; dashes and blanks come in many shapes.
fn ascii_separators(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '年' | '月' | '년' | '월' | '‐' | '‑' | '–' | '−' => '-',
            '日' | '일' | '，' | '、' => ' ',
            '時' | '时' | '시' | '：' => ':',
            c if c.is_whitespace() => ' ',
            c => c,
        })
        .collect::<String>()
        .replace("- ", "-")
}

/// A date in the making.
#[derive(Default)]
struct Parts {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    time: Option<NaiveTime>,
    /// The time was 24:00.
    is_next_day: bool,
    is_afternoon: Option<bool>,
    offset_minutes: Option<i32>,
}

impl Parts {
    fn moment(self) -> Option<Claimed> {
        let date = NaiveDate::from_ymd_opt(self.year?, self.month?, self.day?)?;
        let mut time = self.time.unwrap_or_default();
        if let Some(is_afternoon) = self.is_afternoon {
            let hour = chrono::Timelike::hour(&time);
            let wanted = hour % 12 + if is_afternoon { 12 } else { 0 };
            if hour <= 12 {
                time = chrono::Timelike::with_hour(&time, wanted)?;
            }
        }
        let days = i64::from(self.is_next_day);
        let minutes = i64::from(self.offset_minutes.unwrap_or(0));
        let local = date.and_time(time).checked_add_signed(Duration::days(days))?;
        let at = local.checked_sub_signed(Duration::minutes(minutes))?.and_utc();
        Some(Claimed { at, has_time_of_day: self.time.is_some() })
    }

    fn set_time(&mut self, text: &str) -> Option<()> {
        let mut fields = text.split(':');
        let hour: u32 = number(fields.next()?, 1..=2)?;
        let minute = number(fields.next()?, 1..=2)?;
        let (second, fraction) =
            fields.next().map_or(("0", ""), |text| text.split_once(['.', ',']).unwrap_or((text, "")));
        let second: u32 = number(second, 1..=2)?;
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.is_next_day = hour == 24;
        // A leap second is the second before it.
        self.time = Some(
            NaiveTime::from_hms_opt(hour % 24, minute, second.min(59))
                .filter(|_| hour <= 24 && second <= 60)?,
        );
        Some(())
    }
}

fn number<T: std::str::FromStr>(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<T> {
    let is_number = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// Two digits mean 1970 to 2069; three are years since 1900, which programs of the nineties wrote.
fn full_year(text: &str) -> Option<i32> {
    let year: i32 = number(text, 2..=4)?;
    match text.len() {
        2 if year < 70 => Some(2000 + year),
        2 => Some(1900 + year),
        3 => Some(1900 + year).filter(|year| *year >= 2000),
        _ => Some(year).filter(|year| (1600..=9999).contains(year)),
    }
}

/// `2018-12-13T01:02:03.4+05:30` and all that resembles it: `2018-12-13 01:02`, `20181213T010203Z`, `2018-12`,
/// `2018-347`, `2018/12/13`.
fn iso(text: &str) -> Option<Claimed> {
    let date_end =
        text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | '/' | '.')).unwrap_or(text.len());
    let (date, rest) = text.split_at_checked(date_end)?;
    let mut parts = Parts::default();
    iso_date(date, &mut parts)?;
    let rest = rest.trim_start_matches(['T', 't', ' ', '_']);
    if rest.is_empty() {
        return parts.moment();
    }
    if !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return wordy(text);
    }
    let time_end =
        rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ',')).unwrap_or(rest.len());
    let (time, zone) = rest.split_at_checked(time_end)?;
    if time.contains(':') {
        parts.set_time(time)?;
    } else {
        // 010203, 0102 or 01
        let time = time.split(['.', ',']).next()?;
        let pair = |at: usize| time.get(at..at + 2).unwrap_or("00");
        parts.set_time(&format!("{}:{}:{}", pair(0), pair(2), pair(4)))?;
    }
    trailing_words(zone, &mut parts);
    parts.moment()
}

/// `2018-12-13`, `2018-12`, `2018`, `20181213`, `2018-347`, `18-12-13`.
fn iso_date(text: &str, parts: &mut Parts) -> Option<()> {
    let mut fields = text.split(['-', '/', '.']).filter(|field| !field.is_empty());
    let first = fields.next()?;
    let (second, third, rest) = (fields.next(), fields.next(), fields.next());
    if rest.is_some() {
        return None;
    }
    (parts.month, parts.day) = (Some(1), Some(1));
    match (first.len(), second, third) {
        (4, None, None) => parts.year = full_year(first),
        (8, None, None) => {
            parts.year = full_year(first.get(..4)?);
            parts.month = number(first.get(4..6)?, 2..=2);
            parts.day = number(first.get(6..)?, 2..=2);
        }
        (7, None, None) => return ordinal(first.get(..4)?, first.get(4..)?, parts),
        (4, Some(days), None) if days.len() == 3 => return ordinal(first, days, parts),
        (4, Some(month), None) => (parts.year, parts.month) = (full_year(first), number(month, 1..=2)),
        (4, Some(month), Some(day)) => {
            (parts.year, parts.month, parts.day) =
                (full_year(first), number(month, 1..=2), number(day, 1..=2));
        }
        // 03-12-31: with dashes and two digits each it is ISO 8601's short form.
        (2, Some(month), Some(day)) if text.contains('-') && month.len() == 2 && day.len() == 2 => {
            (parts.year, parts.month, parts.day) =
                (full_year(first), number(month, 2..=2), number(day, 2..=2));
        }
        _ => return None,
    }
    parts.year.zip(parts.month).zip(parts.day).map(|_| ())
}

fn ordinal(year: &str, days: &str, parts: &mut Parts) -> Option<()> {
    let date = NaiveDate::from_yo_opt(full_year(year)?, number(days, 3..=3)?)?;
    parts.year = Some(chrono::Datelike::year(&date));
    parts.month = Some(chrono::Datelike::month(&date));
    parts.day = Some(chrono::Datelike::day(&date));
    Some(())
}

/// Words and numbers in any order: `Thu, 13 Dec 2018 01:02:03 GMT`, `December 13th, 2018 1:02 pm PST`, asctime,
/// `13.12.2018 - 01:02`, `2004-07-13T9:15` with a month in words.
fn wordy(text: &str) -> Option<Claimed> {
    let mut parts = Parts::default();
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '|')) {
        date_word(word, &mut parts);
    }
    parts.moment()
}

fn date_word(word: &str, parts: &mut Parts) {
    let word = word.trim_matches('.');
    if word.contains(':') {
        time_word(word, parts);
    } else if word.starts_with(['+', '-']) && parts.time.is_some() {
        parts.offset_minutes = parts.offset_minutes.or(offset(word));
    } else if word.starts_with(|c: char| c.is_ascii_digit()) {
        number_word(word, parts);
    } else if let Some((name, rest)) = word.split_once(['-', '/']).filter(|(name, _)| month(name).is_some()) {
        // Dec-13-2018
        parts.month = parts.month.or(month(name));
        rest.split(['-', '/']).for_each(|word| date_word(word, parts));
    } else if parts.month.is_none() && month(word).is_some() {
        parts.month = month(word);
    } else {
        trailing_words(word, parts);
    }
}

/// `01:02:03`, with what may cling to it: `1:02pm`, `01:02:03Z`, `01:02:03-0500`, `13T01:02`.
fn time_word(word: &str, parts: &mut Parts) {
    let word = match word.split_once(['T', 't']) {
        Some((date, time)) if date.ends_with(|c: char| c.is_ascii_digit()) && time.contains(':') => {
            date_word(date, parts);
            time
        }
        _ => word,
    };
    let end = word.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.')).unwrap_or(word.len());
    let (time, rest) = word.split_at_checked(end).unwrap_or((word, ""));
    if parts.time.is_none() && parts.set_time(time.trim_end_matches([':', '.'])).is_some() {
        trailing_words(rest, parts);
    }
}

/// `13`, `13th`, `2018`, `13-Dec-18`, `13.12.2018`, `2018/12/13`.
fn number_word(word: &str, parts: &mut Parts) {
    let fields: Vec<_> = word.split(['-', '/', '.']).filter(|field| !field.is_empty()).collect();
    match fields.as_slice() {
        [one] => single_number(one, parts),
        [day, name, year] if month(name).is_some() => {
            // 13-Dec-2018 or 2018-Dec-13
            let (day, year) = if day.len() == 4 { (year, day) } else { (day, year) };
            (parts.day, parts.month, parts.year) = (number(day, 1..=2), month(name), full_year(year));
        }
        [day, name] if month(name).is_some() => (parts.day, parts.month) = (number(day, 1..=2), month(name)),
        [year, month, day] if year.len() == 4 => {
            (parts.year, parts.month, parts.day) =
                (full_year(year), number(month, 1..=2), number(day, 1..=2));
        }
        [one, other, year] if year.len() == 4 || word.contains('.') => {
            // With dots, or a first number beyond 12, the day comes first; beyond 12 in the second, the month.
            let (Some(one), Some(other)) = (number::<u32>(one, 1..=2), number::<u32>(other, 1..=2)) else {
                return;
            };
            let is_day_first = word.contains('.') || one > 12 || one == other;
            if is_day_first || other > 12 {
                let (day, month) = if is_day_first { (one, other) } else { (other, one) };
                (parts.day, parts.month, parts.year) = (Some(day), Some(month), full_year(year));
            }
        }
        _ => {}
    }
}

fn single_number(word: &str, parts: &mut Parts) {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let (value, rest) = word.split_at_checked(digits).unwrap_or((word, ""));
    if rest.eq_ignore_ascii_case("am") || rest.eq_ignore_ascii_case("pm") {
        if parts.set_time(&format!("{value}:00")).is_some() {
            parts.is_afternoon = meridian(rest);
        }
    } else if digits == 4 || (digits >= 2 && parts.day.is_some()) {
        parts.year = parts.year.or(full_year(value));
    } else if parts.day.is_none() {
        parts.day = number(value, 1..=2);
    }
}

/// What follows a time: `Z`, `pm`, `EST`, `GMT+0200`, `+05:30`, in any number.
fn trailing_words(text: &str, parts: &mut Parts) {
    for word in text
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']'))
        .filter(|word| !word.is_empty())
    {
        if let Some(is_afternoon) = meridian(word) {
            parts.is_afternoon = Some(is_afternoon);
        } else if parts.offset_minutes.is_none() {
            parts.offset_minutes = offset(word);
        }
    }
}

/// The offset of a zone from UTC in minutes: `+0530`, `-5`, `EST`, `UTC+2`, `Etc/GMT`.
fn offset(zone: &str) -> Option<i32> {
    let zone = zone.trim_start_matches("Etc/").trim_start_matches("etc/");
    let Some(at) = zone.find(['+', '-']) else { return zone_minutes(zone) };
    let (name, number) = zone.split_at_checked(at)?;
    let base = if name.is_empty() { 0 } else { zone_minutes(name)? };
    let is_west = number.starts_with('-');
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.as_str(), "0"),
        3 => digits.split_at_checked(1)?,
        4.. => (digits.get(..2)?, digits.get(2..4)?),
        _ => return None,
    };
    let minutes = hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?;
    (minutes <= 15 * 60).then_some(base + if is_west { -minutes } else { minutes })
}

#[cfg(test)]
mod tests;

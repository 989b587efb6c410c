//! The labelled data: weeks of the shared files, weeks of the stream that we labelled, single pairs.

use super::Failed;
use chipwire::cluster::Publishers;
use chipwire::cluster::training::{Week, is_about_chips};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::path::Path;

/// The weeks of the shared files: name, file, first day, first day after. No story crosses from one to another.
const WEEKS: [(&str, &str, &str, &str); 8] = [
    ("may 5-8", "may-june.jsonl", "2026-05-05", "2026-05-09"),
    ("may 12-15", "may-june.jsonl", "2026-05-12", "2026-05-16"),
    ("may 26-29", "may-june.jsonl", "2026-05-26", "2026-05-30"),
    ("jun 23-26", "may-june.jsonl", "2026-06-23", "2026-06-27"),
    ("jun 1-7", "items.jsonl", "2026-06-01", "2026-06-08"),
    ("jul 6-12", "items.jsonl", "2026-07-06", "2026-07-13"),
    ("jul 14-17", "more.jsonl", "2026-07-14", "2026-07-18"),
    ("jul 29-aug 5", "more.jsonl", "2026-07-29", "2026-08-09"),
];
/// Weeks of the stream, labelled by us: week, id, story (`-`: alone), `?` where one may well decide otherwise.
const OUR_WEEKS: &str = include_str!("../story-weeks.tsv");
/// Pairs labelled by us: two ids and 1 or 0 a line.
const PAIRS: &str = include_str!("../story-pairs.tsv");
/// When the entries of these pairs were published: from, and before.
const PAIRS_PUBLISHED: (&str, &str) = ("2026-02-20", "2026-05-05");

/// Lines of a file, without empty ones.
pub(super) fn lines(path: &Path) -> Result<Vec<String>, Failed> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The weeks of the shared files.
pub(super) fn shared_weeks(directory: &Path, publishers: &Publishers) -> Result<Vec<Week>, Failed> {
    let mut weeks = Vec::new();
    for (name, file, from, until) in WEEKS {
        let mut lines = lines(&directory.join(file))?;
        lines.retain(|line| {
            let entry: Value = serde_json::from_str(line).unwrap_or_default();
            (from..until).contains(&text(&entry, "published"))
        });
        weeks.push(Week::new(name, &lines, publishers)?);
    }
    Ok(weeks)
}

/// What the stream gives.
pub(super) struct OfStream {
    /// The weeks that we labelled whole.
    pub(super) weeks: Vec<Week>,
    /// Pairs that we labelled, but for those within the weeks.
    pub(super) pairs: Week,
}

impl OfStream {
    pub(super) fn read(directory: &Path, publishers: &Publishers) -> Result<Self, Failed> {
        let labels: BTreeMap<&str, Label> = OUR_WEEKS.lines().filter_map(Label::read).collect();
        let mut of_week: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
        let mut about_chips = Vec::new();
        let file = std::fs::File::open(directory.join("stream.jsonl.zst"))?;
        for line in std::io::BufReader::new(zstd::Decoder::new(file)?).lines() {
            let line = line?;
            let mut entry: Value = serde_json::from_str(&line)?;
            let (id, published) = (text(&entry, "id").to_owned(), text(&entry, "published").to_owned());
            if (PAIRS_PUBLISHED.0..PAIRS_PUBLISHED.1).contains(&published.as_str())
                && is_about_chips(text(&entry, "title"))
            {
                about_chips.push(line);
            }
            let (Some(label), Some(fields)) = (labels.get(id.as_str()), entry.as_object_mut()) else {
                continue;
            };
            let story = if label.story == "-" { id.as_str() } else { label.story };
            fields.insert("story".to_owned(), story.into());
            fields.insert("soft".to_owned(), label.is_soft.into());
            of_week.entry(label.week).or_default().push((published, entry.to_string()));
        }
        let mut weeks = Vec::new();
        for (name, mut entries) in of_week {
            entries.sort();
            let lines: Vec<String> = entries.into_iter().map(|(_, line)| line).collect();
            weeks.push(Week::new(name, &lines, publishers)?);
        }
        let within: BTreeSet<&str> = labels.keys().copied().collect();
        let pairs = PAIRS.lines().filter_map(|line| {
            let mut parts = line.split('\t');
            let (one, other, label) = (parts.next()?, parts.next()?, parts.next()?);
            let is_within = within.contains(one) && within.contains(other);
            (!is_within).then(|| (one.to_owned(), other.to_owned(), label == "1"))
        });
        let pairs: Vec<_> = pairs.collect();
        Ok(Self { weeks, pairs: Week::of_pairs("pairs", &about_chips, &pairs, publishers)? })
    }
}

struct Label {
    week: &'static str,
    story: &'static str,
    is_soft: bool,
}

impl Label {
    fn read(line: &'static str) -> Option<(&'static str, Self)> {
        let mut parts = line.split('\t');
        let (week, id, story) = (parts.next()?, parts.next()?, parts.next()?);
        Some((id, Self { week, story, is_soft: parts.next() == Some("?") }))
    }
}

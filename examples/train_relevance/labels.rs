//! Labelled entries, read: files of whole entries, and labels by id for entries of a stream.

use chipwire::classify::{Classifier, FeedContext, entry};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// An entry with its labels, as features and words.
pub(crate) struct Example {
    /// As `chipwire classify` sees it: nothing is known of the feed's history.
    pub(crate) features: Vec<f32>,
    /// The same for training; every second entry of a well-known publisher with its feed's history.
    pub(crate) training: Vec<f32>,
    /// The words of the headline.
    pub(crate) words: Vec<String>,
    /// None: only the kind is known.
    pub(crate) label: Option<u8>,
    pub(crate) is_soft: bool,
    pub(crate) kind: Option<String>,
    /// For people.
    pub(crate) line: String,
    /// The place of its file among the sources.
    pub(crate) file: usize,
}

impl Example {
    /// The label, for measures over those that have one.
    pub(crate) fn level(&self) -> u8 {
        self.label.unwrap_or(0)
    }
}

#[derive(Deserialize)]
struct Label {
    #[serde(rename = "label")]
    level: Option<u8>,
    #[serde(default)]
    soft: bool,
    kind: Option<String>,
}

/// A line with its label.
struct Given {
    line: String,
    label: Label,
    file: usize,
}

/// A publisher has a history from this many labelled entries on.
const ENOUGH_HISTORY: usize = 8;

/// Reads `files`, and of `stream` (two paths: labels by id, entries) what is labelled, as the last source.
pub(crate) fn read(
    classifier: &Classifier,
    files: &[String],
    stream: Option<&(String, String)>,
) -> Result<Vec<Example>, Box<dyn std::error::Error>> {
    let mut given = Vec::new();
    for (file, path) in files.iter().enumerate() {
        for line in std::fs::read_to_string(path)?.lines().filter(|line| !line.trim().is_empty()) {
            given.push(Given { label: serde_json::from_str(line)?, line: line.to_owned(), file });
        }
    }
    if let Some((labels, entries)) = stream {
        given.extend(labelled_by_id(labels, entries, files.len())?);
    }
    examples(classifier, given)
}

/// The entries of `entries` that the table `labels` names: id, label, soft, kind, topics, between tabs.
fn labelled_by_id(
    labels: &str,
    entries: &str,
    file: usize,
) -> Result<Vec<Given>, Box<dyn std::error::Error>> {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    let table = std::fs::read_to_string(labels)?;
    let mut by_id: BTreeMap<&str, Label> = BTreeMap::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let mut cells = line.split('\t');
        let (Some(id), Some(label), Some(soft), Some(kind)) =
            (cells.next(), cells.next(), cells.next(), cells.next())
        else {
            return Err(format!("{labels}: {line:?} has not the columns id, label, soft, kind").into());
        };
        let label = Label { level: Some(label.parse()?), soft: soft == "1", kind: Some(kind.to_owned()) };
        by_id.insert(id, label);
    }
    let mut given = Vec::new();
    for line in std::fs::read_to_string(entries)?.lines() {
        let Id { id } = serde_json::from_str(line)?;
        if let Some(label) = by_id.remove(id.as_str()) {
            given.push(Given { line: line.to_owned(), label, file });
        }
    }
    Ok(given)
}

fn examples(classifier: &Classifier, given: Vec<Given>) -> Result<Vec<Example>, Box<dyn std::error::Error>> {
    // For each publisher how many entries there are, and how many of them are relevant.
    let mut histories: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut read = Vec::new();
    for one in given {
        let (entry, publisher) = entry(&one.line)?;
        let history = histories.entry(publisher.clone()).or_default();
        history.0 += 1;
        history.1 += usize::from(one.label.level >= Some(1));
        read.push((one, entry, publisher));
    }
    let mut examples = Vec::new();
    for (place, (one, entry, publisher)) in read.into_iter().enumerate() {
        let Label { level, soft, kind } = one.label;
        let (count, relevant) = histories.get(&publisher).copied().unwrap_or_default();
        let is_known = !publisher.is_empty() && count >= ENOUGH_HISTORY && place % 2 == 1;
        // The share among the publisher's other entries: its own label must not leak.
        let others = (relevant - usize::from(level >= Some(1))) as f32 / (count.max(2) - 1) as f32;
        let features = |relevant_share| {
            let context = FeedContext { publisher: &publisher, category: "", relevant_share };
            classifier.features(&entry, &context)
        };
        let (plain, words) = features(None);
        examples.push(Example {
            features: plain,
            training: features(is_known.then_some(others)).0,
            words,
            label: level,
            is_soft: soft,
            kind,
            line: format!("{} | {:.120} | {publisher}", entry.title, entry.summary.replace('\n', " ")),
            file: one.file,
        });
    }
    Ok(examples)
}

/// The words that stand in at least `enough` headlines, in order.
pub(crate) fn vocabulary(examples: &[Example], enough: usize) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for example in examples {
        for word in example.words.iter().map(String::as_str).collect::<BTreeSet<_>>() {
            *counts.entry(word).or_default() += 1;
        }
    }
    counts.into_iter().filter(|(_, count)| *count >= enough).map(|(word, _)| word.to_owned()).collect()
}

//! Trains the learned layer of the filter: two logistic regressions on the features of labelled entries.
//!
//! `cargo run --release --example train_relevance -- LABELLED.jsonl… [--out config/relevance-weights.toml]
//! [--penalty 4] [--folds 10]` reads lines `{"title","summary"?,"url"?,"publisher"?,"label":0|1|2,"soft":bool}`,
//! prints how well the rules and weights do on entries that were left out of the training, and writes the table.
//! The same lines give the same table: nothing in it is random.

#![expect(clippy::print_stdout, reason = "a program of the command line")]
#![expect(clippy::indexing_slicing, reason = "dense linear algebra over lengths that are fixed at the top")]
#![expect(clippy::cast_precision_loss, reason = "counts of a few thousand")]

#[path = "train_relevance/fit.rs"]
mod fit;
#[path = "train_relevance/measure.rs"]
mod measure;

use chipwire::classify::{Classifier, DEFAULT_THRESHOLD, FeedContext, RulesFile, entry};
use fit::{Model, fit};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// An entry with its label, as features.
pub(crate) struct Example {
    /// As `chipwire classify` sees it: nothing is known of the feed's history.
    features: Vec<f64>,
    /// The same for training; every second entry of a well-known publisher with its feed's history.
    training: Vec<f64>,
    label: u8,
    is_soft: bool,
    weight: f64,
    line: String,
    file: usize,
}

#[derive(Deserialize)]
struct Label {
    label: u8,
    #[serde(default)]
    soft: bool,
}

struct Options {
    files: Vec<String>,
    out: Option<String>,
    penalty: f64,
    folds: usize,
    fails: bool,
}

/// A soft label counts this much: the annotator hesitated.
const SOFT_WEIGHT: f64 = 0.5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = options()?;
    let classifier = Classifier::new(&RulesFile::builtin()?, DEFAULT_THRESHOLD)?;
    let names = classifier.feature_names();
    let examples = read(&classifier, &options.files)?;
    println!("{} examples, {} features", examples.len(), names.len());
    let bounds: Vec<fit::Bound> = names.iter().map(|name| bound(name)).collect();

    let all: Vec<usize> = (0..names.len()).collect();
    let plain: Vec<usize> =
        all.iter().copied().filter(|place| PLAIN.contains(&names[*place].as_str())).collect();
    for (what, columns) in [("the lexicon's sums alone", &plain), ("with the learned layer", &all)] {
        let scores = cross_validate(&examples, columns, &bounds, &options);
        println!("\n== {what}, each entry judged by weights that never saw it");
        measure::report(&examples, &scores, None);
        for (file, name) in options.files.iter().enumerate() {
            println!("-- {name}");
            measure::report(&examples, &scores, Some(file));
        }
        if columns.len() == all.len() {
            measure::reliability(&examples, &scores);
            if options.fails {
                measure::fails(&examples, &scores, f64::from(DEFAULT_THRESHOLD));
            }
        }
    }

    let training: Vec<&Example> = examples.iter().collect();
    let model = fit_both(&training, &all, &bounds, options.penalty);
    if let Some(path) = &options.out {
        std::fs::write(path, table(names, &model, &options))?;
        println!("\nwrote {path}");
    }
    Ok(())
}

/// Features that a weighted lexicon has without any learning.
const PLAIN: [&str; 2] = ["title: sum", "body: sum"];

/// Evidence never speaks against relevance by itself; what it looks like without this is chance.
fn bound(name: &str) -> fit::Bound {
    let is_class = (name.starts_with("title: ") || name.starts_with("body: "))
        && !name.contains("hidden")
        && !name.contains("only")
        && !name.contains("little")
        && !name.contains("short")
        && !name.contains("there")
        && !name.contains("device")
        && !name.contains("squared")
        && !name.contains("first place");
    if name.contains("hidden") {
        fit::Bound::NotPositive
    } else if is_class
        || name.starts_with("publisher")
        || name.starts_with("feed")
        || name.starts_with("aside: sum")
    {
        fit::Bound::NotNegative
    } else {
        fit::Bound::Free
    }
}

fn fit_both(training: &[&Example], columns: &[usize], bounds: &[fit::Bound], penalty: f64) -> [Model; 2] {
    [1, 2].map(|label| fit(training, columns, bounds, (label, penalty)))
}

/// For each example P(touches) and P(about) from weights that were fitted without it.
fn cross_validate(
    examples: &[Example],
    columns: &[usize],
    bounds: &[fit::Bound],
    options: &Options,
) -> Vec<[f64; 2]> {
    let mut scores = vec![[0.0; 2]; examples.len()];
    for fold in 0..options.folds {
        let training: Vec<&Example> = examples
            .iter()
            .enumerate()
            .filter(|(place, _)| place % options.folds != fold)
            .map(|(_, one)| one)
            .collect();
        let models = fit_both(&training, columns, bounds, options.penalty);
        for (place, example) in examples.iter().enumerate().filter(|(place, _)| place % options.folds == fold)
        {
            let touches = models[0].probability(&example.features);
            scores[place] = [touches, models[1].probability(&example.features).min(touches)];
        }
    }
    scores
}

/// A publisher has a history from this many labelled entries on.
const ENOUGH_HISTORY: usize = 8;

fn read(classifier: &Classifier, files: &[String]) -> Result<Vec<Example>, Box<dyn std::error::Error>> {
    let mut given = Vec::new();
    // For each publisher how many entries there are, and how many of them are relevant.
    let mut histories: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (file, path) in files.iter().enumerate() {
        for line in std::fs::read_to_string(path)?.lines().filter(|line| !line.trim().is_empty()) {
            let label: Label = serde_json::from_str(line)?;
            let (entry, publisher) = entry(line)?;
            let history = histories.entry(publisher.clone()).or_default();
            history.0 += 1;
            history.1 += usize::from(label.label >= 1);
            given.push((entry, publisher, label, file));
        }
    }
    let mut examples = Vec::new();
    for (place, (entry, publisher, label, file)) in given.into_iter().enumerate() {
        let (count, relevant) = histories.get(&publisher).copied().unwrap_or_default();
        let is_known = !publisher.is_empty() && count >= ENOUGH_HISTORY && place % 2 == 1;
        // The share among the publisher's other entries: its own label must not leak.
        let others = (relevant - usize::from(label.label >= 1)) as f32 / (count.max(2) - 1) as f32;
        let features = |relevant_share| {
            let context = FeedContext { publisher: &publisher, category: "", relevant_share };
            classifier.features(&entry, &context).into_iter().map(f64::from).collect()
        };
        examples.push(Example {
            features: features(None),
            training: features(is_known.then_some(others)),
            label: label.label,
            is_soft: label.soft,
            weight: if label.soft { SOFT_WEIGHT } else { 1.0 },
            line: format!("{} | {:.120} | {publisher}", entry.title, entry.summary.replace('\n', " ")),
            file,
        });
    }
    Ok(examples)
}

fn table(names: &[String], model: &[Model; 2], options: &Options) -> String {
    let mut text = format!(
        "# The learned layer's weights in log-odds: [touches chips, is about chips] for each feature.\n\
         # Written by examples/train_relevance.rs (penalty {}); docs/relevance.md says how to retrain.\n\
         \"bias\" = [{:.3}, {:.3}]\n",
        options.penalty, model[0].bias, model[1].bias
    );
    for (place, name) in names.iter().enumerate() {
        let [touches, about] = [0, 1].map(|which: usize| model[which].weights[place]);
        if touches.abs() >= 0.0005 || about.abs() >= 0.0005 {
            let _ = writeln!(text, "{name:?} = [{touches:.3}, {about:.3}]");
        }
    }
    text
}

fn options() -> Result<Options, Box<dyn std::error::Error>> {
    let mut options = Options { files: Vec::new(), out: None, penalty: 1.0, folds: 10, fails: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--out" => options.out = Some(value()?),
            "--penalty" => options.penalty = value()?.parse()?,
            "--folds" => options.folds = value()?.parse()?,
            "--fails" => options.fails = true,
            _ => options.files.push(argument),
        }
    }
    if options.files.is_empty() || options.folds < 2 {
        return Err("give files of labelled entries, and at least two folds".into());
    }
    Ok(options)
}

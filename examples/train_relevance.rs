//! Trains the learned layer of the filter: logistic regressions on the features and the headline's words of
//! labelled entries, two for the score and one for each kind.
//!
//! `cargo run --release --example train_relevance -- LABELLED.jsonl… [--labels LABELS.tsv --stream STREAM.jsonl]
//! [--rules config/topics.toml] [--out config/relevance-weights.toml] [--penalty 1] [--folds 10] [--fails]` reads lines
//! `{"title","summary"?,"url"?,"publisher"?,"label"?:0|1|2,"soft"?:bool,"kind"?}`, and labels by id of entries of
//! a stream; prints how well the rules and weights do on entries that were left out of the training, and writes
//! the table. The same lines give the same table: nothing in it is random.

#![expect(clippy::print_stdout, reason = "a program of the command line")]
#![expect(clippy::indexing_slicing, reason = "dense linear algebra over lengths that are fixed at the top")]
#![expect(clippy::cast_precision_loss, reason = "counts of a few thousand")]

#[path = "train_relevance/fit.rs"]
mod fit;
#[path = "train_relevance/labels.rs"]
mod labels;
#[path = "train_relevance/measure.rs"]
mod measure;

use chipwire::classify::{Classifier, DEFAULT_THRESHOLD, KINDS, RulesFile};
use chipwire::model::Kind;
use fit::{Case, Column, Model, Row, Sign, fit};
use labels::Example;
use std::collections::BTreeMap;
use std::fmt::Write;

struct Options {
    files: Vec<String>,
    labels: Option<String>,
    stream: Option<String>,
    rules: String,
    out: Option<String>,
    penalty: f64,
    folds: usize,
    fails: bool,
}

/// A soft label counts this much: the annotator hesitated.
const SOFT_WEIGHT: f64 = 0.5;
/// A word is learned from this many headlines on …
const ENOUGH_HEADLINES: usize = 8;
/// … and held to 0 so much more strongly than a feature, since it is one of many.
const WORD_PENALTY: f64 = 4.0;

/// What is learned from: the examples as rows of numbers.
struct Data<'a> {
    examples: &'a [Example],
    /// For judging.
    rows: Vec<Row>,
    /// For learning.
    training: Vec<Row>,
    columns: Vec<Column>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = options()?;
    // As they stand in the working copy, so that a change of the rules needs no build before its weights.
    let rules = RulesFile::parse(&std::fs::read_to_string(&options.rules)?)?;
    let classifier = Classifier::new(&rules, DEFAULT_THRESHOLD)?;
    let names = classifier.feature_names();
    let stream = options.labels.clone().zip(options.stream.clone());
    let examples = labels::read(&classifier, &options.files, stream.as_ref())?;
    let words = labels::vocabulary(&examples, ENOUGH_HEADLINES);
    println!("{} examples, {} features, {} words", examples.len(), names.len(), words.len());
    let data = data(&examples, names, &words, options.penalty);

    let sums = data.columns.iter().enumerate().map(|(place, column)| {
        let is_sum = names.get(place).is_some_and(|name| SUMS.contains(&name.as_str()));
        if is_sum { *column } else { Column { sign: Sign::Zero, ..*column } }
    });
    let features = data.columns.iter().enumerate().map(|(place, column)| {
        if place < names.len() { *column } else { Column { sign: Sign::Zero, ..*column } }
    });
    for (what, columns) in [
        ("the lexicon's sums alone", sums.collect()),
        ("with all features", features.collect()),
        ("with all features and words", data.columns.clone()),
    ] {
        let scores = cross_validate(&data, &columns, options.folds);
        println!("\n== {what}, each entry judged by weights that never saw it");
        measure::report(&examples, &scores, None);
        for (file, name) in options.files.iter().chain(&options.stream).enumerate() {
            println!("-- {name}");
            measure::report(&examples, &scores, Some(file));
        }
        if columns == data.columns {
            measure::reliability(&examples, &scores);
            if options.fails {
                measure::fails(&examples, &scores, f64::from(DEFAULT_THRESHOLD));
            }
        }
    }
    measure::kinds(&examples, &kinds_cross_validated(&data, options.folds));

    if let Some(path) = &options.out {
        std::fs::write(path, table(names, &words, &data, options.penalty))?;
        println!("\nwrote {path}");
    }
    Ok(())
}

/// Features that a weighted lexicon has without any learning.
const SUMS: [&str; 2] = ["title: sum", "body: sum"];

fn data<'a>(examples: &'a [Example], names: &[String], words: &[String], penalty: f64) -> Data<'a> {
    let places: BTreeMap<&str, usize> =
        words.iter().enumerate().map(|(place, word)| (word.as_str(), names.len() + place)).collect();
    let row = |features: &[f32], example: &Example| -> Row {
        let mut row: BTreeMap<usize, f64> = BTreeMap::new();
        row.extend(features.iter().map(|value| f64::from(*value)).enumerate().filter(|one| one.1 != 0.0));
        for place in example.words.iter().filter_map(|word| places.get(word.as_str())) {
            *row.entry(*place).or_default() += 1.0;
        }
        row.into_iter().collect()
    };
    let columns = names.iter().map(|name| Column { sign: sign(name), penalty });
    let word = Column { sign: Sign::Free, penalty: penalty * WORD_PENALTY };
    Data {
        rows: examples.iter().map(|example| row(&example.features, example)).collect(),
        training: examples.iter().map(|example| row(&example.training, example)).collect(),
        columns: columns.chain(words.iter().map(|_| word)).collect(),
        examples,
    }
}

/// Evidence never speaks against relevance by itself; what it looks like without this is chance.
fn sign(name: &str) -> Sign {
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
        Sign::NotPositive
    } else if is_class
        || name.ends_with("press")
        || name.starts_with("feed")
        || name.starts_with("aside: sum")
    {
        Sign::NotNegative
    } else {
        Sign::Free
    }
}

/// Fits "the label is at least `label`" to the examples that `is_used`.
fn fit_label(data: &Data<'_>, columns: &[Column], label: u8, is_used: impl Fn(usize) -> bool) -> Model {
    let cases: Vec<Case<'_>> = (0..data.examples.len())
        .filter(|place| is_used(*place))
        .filter_map(|place| {
            let example = &data.examples[place];
            let weight = if example.is_soft { SOFT_WEIGHT } else { 1.0 };
            Some(Case { row: &data.training[place], is_true: example.label? >= label, weight })
        })
        .collect();
    fit(&cases, columns)
}

/// Fits "it is of this kind" to the examples with a kind that `is_used`. Signs are about chips: here they are free.
fn fit_kind(data: &Data<'_>, kind: &str, is_used: impl Fn(usize) -> bool) -> Model {
    let columns: Vec<Column> =
        data.columns.iter().map(|column| Column { sign: Sign::Free, ..*column }).collect();
    let cases: Vec<Case<'_>> = (0..data.examples.len())
        .filter(|place| is_used(*place))
        .filter_map(|place| {
            let is_true = data.examples[place].kind.as_deref()? == kind;
            Some(Case { row: &data.rows[place], is_true, weight: 1.0 })
        })
        .collect();
    fit(&cases, &columns)
}

/// For each example P(touches) and P(about) from weights that were fitted without it.
fn cross_validate(data: &Data<'_>, columns: &[Column], folds: usize) -> Vec<[f64; 2]> {
    let mut scores = vec![[0.0; 2]; data.examples.len()];
    for fold in 0..folds {
        let [touches, about] =
            [1, 2].map(|label| fit_label(data, columns, label, |place| place % folds != fold));
        for (place, row) in data.rows.iter().enumerate().filter(|(place, _)| place % folds == fold) {
            let touches = touches.probability(row);
            scores[place] = [touches, about.probability(row).min(touches)];
        }
    }
    scores
}

/// For each example the log-odds of the kinds from weights that were fitted without it.
fn kinds_cross_validated(data: &Data<'_>, folds: usize) -> Vec<[f64; KINDS.len()]> {
    let mut scores = vec![[0.0; KINDS.len()]; data.examples.len()];
    for fold in 0..folds {
        let models = KINDS.map(|kind| fit_kind(data, kind.as_str(), |place| place % folds != fold));
        for (place, row) in data.rows.iter().enumerate().filter(|(place, _)| place % folds == fold) {
            for (score, model) in scores[place].iter_mut().zip(&models) {
                *score = model.log_odds(row);
            }
        }
    }
    scores
}

/// Words whose weights are all smaller say nothing, and stay out of the table.
const SMALL: f64 = 0.1;

fn table(names: &[String], words: &[String], data: &Data<'_>, penalty: f64) -> String {
    let score = [1, 2].map(|label| fit_label(data, &data.columns, label, |_| true));
    let kinds = KINDS.map(|kind| fit_kind(data, kind.as_str(), |_| true));
    let models: Vec<&Model> = score.iter().chain(&kinds).collect();
    let row = |of: &dyn Fn(&Model) -> f64| {
        let cells: Vec<String> = models.iter().map(|model| format!("{:.2}", of(model))).collect();
        format!("[{}]", cells.join(", ").replace("-0.00", "0.00"))
    };
    let mut text = format!(
        "# The learned layer's weights in log-odds, for each feature and for words of the headline: touches chips, is\n\
         # about chips, and the kinds {}.\n\
         # Written by examples/train_relevance.rs (penalty {penalty}); docs/relevance.md says how to retrain.\n\
         \"bias\" = {}\n",
        KINDS.map(Kind::as_str).join(", "),
        row(&|model| model.bias)
    );
    let words = words.iter().map(|word| format!("word: {word}"));
    for (place, name) in names.iter().cloned().chain(words).enumerate() {
        if models.iter().any(|model| model.weights[place].abs() >= SMALL) {
            let _ = writeln!(text, "{name:?} = {}", row(&|model| model.weights[place]));
        }
    }
    text
}

fn options() -> Result<Options, Box<dyn std::error::Error>> {
    let mut options = Options {
        files: Vec::new(),
        labels: None,
        stream: None,
        rules: "config/topics.toml".to_owned(),
        out: None,
        penalty: 1.0,
        folds: 10,
        fails: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--labels" => options.labels = Some(value()?),
            "--stream" => options.stream = Some(value()?),
            "--rules" => options.rules = value()?,
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
    if options.labels.is_some() != options.stream.is_some() {
        return Err("--labels and --stream go together: labels by id, and the entries that have them".into());
    }
    Ok(options)
}

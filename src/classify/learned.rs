//! The learned layer: logistic regressions on the features and on the words of the headline, two for the score
//! ("touches chips", "is about chips") and one for each kind of piece. The weights come from
//! `examples/train_relevance.rs` and ship as a table.

use super::features::Layout;
use super::rules::RulesError;
use crate::model::Kind;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// What the regressions are asked, in the order of the table's columns: the two of the score, then the kinds.
const OUTPUTS: usize = 2 + KINDS.len();
/// The kinds in the order of the columns of the table of weights, for the training program.
pub const KINDS: [Kind; 9] = [
    Kind::News,
    Kind::Opinion,
    Kind::MarketNote,
    Kind::Deal,
    Kind::Review,
    Kind::HowTo,
    Kind::Vendor,
    Kind::RoundUp,
    Kind::Job,
];
/// What the table calls a word of the headline.
const WORD: &str = "word: ";

/// Log-odds for each of the outputs.
type Row = [f32; OUTPUTS];

/// The regressions.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Weights {
    /// Log-odds with no feature at all.
    bias: Row,
    /// For each feature, in the layout's order, what it adds.
    pub features: Vec<Row>,
    /// For each word of a headline, what it adds.
    words: FxHashMap<Box<str>, Row>,
}

/// What the regressions say of one entry, in log-odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Judgement {
    log_odds: Row,
}

impl Judgement {
    /// The score of the contract: half of P(touches chips) and half of P(is about chips).
    pub(super) fn score(&self) -> f32 {
        let [touches, about, ..] = self.log_odds;
        let touches = logistic(touches);
        // Who is about chips touches them; the regressions are fitted apart and may disagree.
        f32::midpoint(touches, logistic(about).min(touches))
    }

    /// Each kind with its log-odds, the likeliest first; of equals the earlier of [`KINDS`].
    pub(super) fn kinds(&self) -> [(Kind, f32); KINDS.len()] {
        let mut kinds = KINDS.map(|kind| (kind, 0.0));
        for ((_, log_odds), judged) in kinds.iter_mut().zip(self.log_odds.iter().skip(2)) {
            *log_odds = *judged;
        }
        kinds.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        kinds
    }
}

impl Weights {
    /// The weights that ship with the program.
    pub(super) fn builtin(layout: &Layout) -> Result<Self, RulesError> {
        Self::parse(include_str!("../../config/relevance-weights.toml"), layout)
    }

    /// Reads the table; a feature that it doesn't name (a frame of the user's) has no weight, and a name that
    /// is no feature any more is passed over.
    pub(super) fn parse(toml: &str, layout: &Layout) -> Result<Self, RulesError> {
        let table: BTreeMap<String, Row> = toml::from_str(toml)
            .map_err(|error| RulesError::Syntax { message: format!("the table of weights: {error}") })?;
        let of = |name: &str| table.get(name).copied().unwrap_or_default();
        let word = |(name, row): (&String, &Row)| Some((name.strip_prefix(WORD)?.into(), *row));
        Ok(Self {
            bias: of("bias"),
            features: layout.names.iter().map(|name| of(name)).collect(),
            words: table.iter().filter_map(word).collect(),
        })
    }

    /// What the regressions say of `features` and of the headline's words.
    pub(super) fn judge(&self, features: &[f32], words: &[&str]) -> Judgement {
        let mut log_odds = self.bias;
        let mut add = |row: &Row, value: f32| {
            for (sum, weight) in log_odds.iter_mut().zip(row) {
                *sum += value * weight;
            }
        };
        for (value, row) in features.iter().zip(&self.features).filter(|(value, _)| **value != 0.0) {
            add(row, *value);
        }
        for row in words.iter().filter_map(|word| self.words.get(*word)) {
            add(row, 1.0);
        }
        Judgement { log_odds }
    }
}

fn logistic(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds).exp())
}

//! The scorer: a logistic regression whose weights ship as a table, and the few rules that temper it.

use std::sync::LazyLock;

use super::lexicon::flag;
use super::pair::{FEATURES, Feature, TABLE, Values, gap_days};
use super::side::Side;

/// The shipped weights, made by `examples/train_stories.rs`.
const SHIPPED: &str = include_str!("../../config/story-weights.tsv");

/// From this share of its words found in the other on, a piece is the other retold.
const RETOLD: f32 = 0.5;

/// Weights of the pair features.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Model {
    pub(super) weights: Values,
    pub(super) bias: f32,
    /// From this story score on an entry joins.
    pub(super) fold: f32,
    /// What the best pair counts in a story score; the rest is the mean.
    pub(super) best_share: f32,
    /// From this story score on a story is named as related.
    pub(super) related: f32,
}

/// The error of reading a weight table.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("story weights, line {line}: {text:?}; a line is a name and a number, and every name is a feature")]
pub(super) struct WeightsError {
    line: usize,
    text: String,
}

impl Model {
    /// The shipped model. A test holds that it can be read.
    pub(super) fn shipped() -> &'static Self {
        static MODEL: LazyLock<Model> =
            LazyLock::new(|| Model::parse(SHIPPED).unwrap_or_else(|_| Model::empty()));
        &MODEL
    }

    /// A model that joins nothing.
    pub(super) fn empty() -> Self {
        Self { weights: [0.0; FEATURES], bias: -10.0, fold: 0.8, best_share: 0.3, related: 0.5 }
    }

    /// Reads a table: a name, a tab, a number a line; `#` begins a comment.
    pub(super) fn parse(table: &str) -> Result<Self, WeightsError> {
        let mut model = Self::empty();
        for (at, text) in
            table.lines().enumerate().filter(|(_, text)| !text.starts_with('#') && !text.is_empty())
        {
            let error = || WeightsError { line: at + 1, text: text.to_owned() };
            let (name, number) = text.split_once('\t').ok_or_else(error)?;
            let number: f32 = number.parse().map_err(|_| error())?;
            match name {
                "bias" => model.bias = number,
                "threshold:fold" => model.fold = number,
                "share:best" => model.best_share = number,
                "threshold:related" => model.related = number,
                _ => {
                    let at = TABLE.iter().position(|(known, _)| *known == name).ok_or_else(error)?;
                    if let Some(weight) = model.weights.get_mut(at) {
                        *weight = number;
                    }
                }
            }
        }
        Ok(model)
    }

    /// The chance that a pair with these numbers tells one story, before the rules.
    pub(super) fn chance(&self, values: &Values) -> f32 {
        let sum: f32 = self.weights.iter().zip(values).map(|(weight, value)| weight * value).sum();
        1.0 / (1.0 + (-(sum + self.bias)).exp())
    }
}

/// Rules that temper the score of a pair, each with its reason: what they know was too rare in the labelled weeks to
/// be learnt, and known to the annotators' conventions. Gives the factor and the rule that decided.
pub(super) fn tempering(one: &Side, other: &Side, values: &Values) -> (f32, Option<&'static str>) {
    let is_same = one.canonical != 0 && one.canonical == other.canonical
        || one.title_key != 0 && one.title_key == other.title_key;
    if is_same {
        return (1.0, None);
    }
    let both = |flags: u16| one.has(flags) && other.has(flags);
    let only = |flags: u16| one.has(flags) != other.has(flags);
    let gap = gap_days(one, other);
    // A rewrite of a test need not say that it is one.
    let is_retold = values.get(Feature::covered_all as usize).is_some_and(|covered| *covered >= RETOLD);
    let holds = |feature: Feature| values.get(feature as usize).is_some_and(|value| *value > 0.0);
    // Shares move on: of one session, each report has its own percentage.
    let is_in_lane = [
        Feature::lane_results,
        Feature::lane_own_move,
        Feature::lane_sector,
        Feature::lane_market,
        Feature::lane_day,
    ]
    .into_iter()
    .any(holds);
    let rules = [
        (holds(Feature::quarter_conflict), 0.5, "results of different quarters or months"),
        (holds(Feature::model_conflict), 0.5, "different models of one family"),
        (holds(Feature::percent_conflict) && !is_in_lane, 0.7, "different percentages"),
        (holds(Feature::unit_conflict), 0.7, "different measures"),
        (only(flag::QUESTION), 0.7, "a question or guide against news"),
        (holds(Feature::names_conflict), 0.6, "different companies"),
        (holds(Feature::place_conflict), 0.7, "different places"),
        (both(flag::FILING), 0.3, "two funds' filings"),
        (both(flag::MARKET) && gap > 1.6 && !both(flag::RESULTS), 0.6, "market notes of different days"),
        (only(flag::PREVIEW | flag::DIGEST), 0.7, "a preview or round-up against news"),
        (only(flag::REVIEW) && !is_retold, 0.6, "a test against news"),
        (both(flag::ANALYST) && gap > 1.6, 0.5, "analysts' notes of different days"),
        (one.title_count.min(other.title_count) <= 2, 0.8, "a headline of two words"),
    ];
    let mut decided = (1.0, None);
    for (holds, factor, reason) in rules {
        if holds && factor < decided.0 {
            decided = (factor, Some(reason));
        }
    }
    decided
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_weights_can_be_read_and_keep_their_signs() {
        let model = Model::parse(SHIPPED).unwrap();
        for ((name, sign), weight) in TABLE.iter().zip(model.weights) {
            assert!(f32::from(*sign) * weight >= 0.0, "{name}: {weight}");
        }
    }

    #[test]
    fn an_unknown_feature_is_refused_with_its_line() {
        let error = Model::parse("bias\t-3\nno_such\t1\n").unwrap_err();
        assert_eq!(error, WeightsError { line: 2, text: "no_such\t1".into() });
    }
}

//! The learned layer: two logistic regressions on the features, "touches chips" and "is about chips". The
//! weights come from `examples/train_relevance.rs` and ship as a table.

use super::features::Layout;
use super::rules::RulesError;
use std::collections::BTreeMap;

/// The two regressions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights {
    /// Log-odds of "touches chips" and of "is about chips" with no feature at all.
    pub bias: [f32; 2],
    /// For each feature, in the layout's order, what it adds to the two.
    pub features: Vec<[f32; 2]>,
}

/// P(touches chips substantially) and P(is about chips).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Probabilities {
    /// Label 1 or 2.
    pub touches: f32,
    /// Label 2.
    pub about: f32,
}

impl Probabilities {
    /// The score of the contract: half of each.
    pub(super) fn score(self) -> f32 {
        f32::midpoint(self.touches, self.about)
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
        let table: BTreeMap<String, [f32; 2]> = toml::from_str(toml)
            .map_err(|error| RulesError::Syntax { message: format!("the table of weights: {error}") })?;
        let of = |name: &str| table.get(name).copied().unwrap_or_default();
        Ok(Self { bias: of("bias"), features: layout.names.iter().map(|name| of(name)).collect() })
    }

    /// What the regressions say.
    pub(super) fn judge(&self, features: &[f32]) -> Probabilities {
        let [mut touches, mut about] = self.bias;
        for (value, [touch, is_about]) in features.iter().zip(&self.features) {
            touches += value * touch;
            about += value * is_about;
        }
        let touches = logistic(touches);
        // Who is about chips touches them; the regressions are fitted apart and may disagree.
        Probabilities { touches, about: logistic(about).min(touches) }
    }
}

fn logistic(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds).exp())
}

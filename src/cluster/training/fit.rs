//! A logistic regression with signs: evidence never counts against, a conflict never for. Fitted by Newton
//! rounds of coordinate descent, each weight held on its side of zero.

use super::super::model::Model;
use super::super::pair::{FEATURES, TABLE, Values};
use super::week::{Choice, Week};

/// How to fit.
#[derive(Debug, Clone)]
pub struct Fitting {
    /// How strongly weights are held small, on standardised features.
    pub ridge: f64,
    /// How much more pairs count that the fit so far is in doubt of: most pairs are plainly two stories, and teach
    /// nothing about the few near the threshold.
    pub focus: f64,
    /// Rounds, each of some sweeps over all weights.
    pub rounds: usize,
    /// Features that are left out, by name.
    pub without: Vec<String>,
}

impl Default for Fitting {
    fn default() -> Self {
        Self { ridge: 60.0, focus: 10.0, rounds: 40, without: Vec::new() }
    }
}

/// A weight table in the making.
#[derive(Debug, Clone)]
pub struct Weights(pub(in crate::cluster) Model);

impl Weights {
    /// The table that ships.
    pub fn shipped() -> Self {
        Self(Model::shipped().clone())
    }

    /// With these thresholds.
    #[must_use]
    pub fn with_choice(mut self, choice: Choice, related: f32) -> Self {
        (self.0.fold, self.0.best_share, self.0.related) = (choice.fold, choice.best_share, related);
        self
    }

    /// The thresholds of this table.
    pub fn choice(&self) -> Choice {
        Choice { fold: self.0.fold, best_share: self.0.best_share }
    }

    /// The table as it ships.
    pub fn table(&self) -> String {
        let mut lines = vec![
            "# Weights of the story engine, in log-odds for each unit of a feature (src/cluster/pair.rs says what each is)."
                .to_owned(),
            "# Made by examples/train_stories.rs; do not edit by hand.".to_owned(),
            format!("threshold:fold\t{}", self.0.fold),
            format!("share:best\t{}", self.0.best_share),
            format!("threshold:related\t{}", self.0.related),
            format!("bias\t{:.4}", self.0.bias),
        ];
        for ((name, _), weight) in TABLE.iter().zip(&self.0.weights).filter(|(_, weight)| **weight != 0.0) {
            lines.push(format!("{name}\t{weight:.4}"));
        }
        lines.join("\n") + "\n"
    }
}

/// A pair to learn from.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) values: Values,
    pub(super) is_same: bool,
    pub(super) weight: f64,
}

/// Fits weights to the pairs of some weeks, each with the weight that its pairs have.
pub fn fit(weeks: &[(&Week, f64)], fitting: &Fitting) -> Weights {
    let samples = weeks.iter().flat_map(|(week, weight)| week.samples().map(|sample| (sample, *weight)));
    let samples: Vec<(&Sample, f64)> = samples.collect();
    let columns: Vec<Column> = TABLE
        .iter()
        .enumerate()
        .map(|(at, (name, sign))| {
            let is_out = fitting.without.iter().any(|out| out == name);
            Column::new(&samples, at, *sign, is_out)
        })
        .collect();
    let targets: Vec<f64> =
        samples.iter().map(|(sample, _)| if sample.is_same { 1.0 } else { 0.0 }).collect();
    let weights: Vec<f64> = samples.iter().map(|(sample, weight)| sample.weight * weight).collect();
    let mut solver = Solver {
        margins: vec![-4.0; samples.len()],
        targets,
        weights,
        bias: -4.0,
        coefficients: vec![0.0; FEATURES],
    };
    for _ in 0..fitting.rounds {
        solver.advance(&columns, fitting.ridge, 2);
    }
    let even = solver.weights.clone();
    for _ in 0..FOCUSINGS {
        solver.focus(&even, fitting.focus);
        for _ in 0..fitting.rounds {
            solver.advance(&columns, fitting.ridge, 2);
        }
    }
    solver.model(&columns)
}

/// A feature's values, centred and scaled.
struct Column {
    values: Vec<f64>,
    mean: f64,
    scale: f64,
    sign: i8,
    is_out: bool,
}

impl Column {
    fn new(samples: &[(&Sample, f64)], at: usize, sign: i8, is_out: bool) -> Self {
        let raw = samples.iter().map(|(sample, _)| f64::from(sample.values.get(at).copied().unwrap_or(0.0)));
        let values: Vec<f64> = raw.collect();
        let count = f64::from(u32::try_from(values.len().max(1)).unwrap_or(u32::MAX));
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        let scale = variance.sqrt();
        let is_out = is_out || scale < 1e-6;
        let scale = scale.max(1e-6);
        Self {
            values: values.into_iter().map(|value| (value - mean) / scale).collect(),
            mean,
            scale,
            sign,
            is_out,
        }
    }
}

struct Solver {
    /// Log-odds of each sample.
    margins: Vec<f64>,
    targets: Vec<f64>,
    weights: Vec<f64>,
    bias: f64,
    coefficients: Vec<f64>,
}

/// Fits anew with the doubts of the last one.
const FOCUSINGS: usize = 3;
/// Samples that are settled still hold the steps back: without this, early rounds overshoot.
const LEAST_SPREAD: f64 = 0.02;

/// The loss near where the solver stands: a weighted sum of squares, in which a step costs no logarithm.
struct Nearby {
    spreads: Vec<f64>,
    /// What the samples still lack, times their spread.
    lacks: Vec<f64>,
}

impl Solver {
    /// Weighs each sample by how far it is from settled. Two stories that look like one always count in full: a wrong
    /// merge hides a story.
    fn focus(&mut self, even: &[f64], by: f64) {
        let samples = self.weights.iter_mut().zip(even).zip(self.margins.iter().zip(&self.targets));
        for ((weight, even), (margin, target)) in samples {
            let chance = 1.0 / (1.0 + (-margin).exp());
            let is_mistaken = *target < 0.5 && chance > 0.5;
            let doubt = if is_mistaken { 1.0 } else { 4.0 * chance * (1.0 - chance) };
            *weight = even * (1.0 + by * doubt);
        }
    }

    fn nearby(&self) -> Nearby {
        let mut nearby = Nearby { spreads: Vec::with_capacity(self.margins.len()), lacks: Vec::new() };
        for ((margin, target), weight) in self.margins.iter().zip(&self.targets).zip(&self.weights) {
            let chance = 1.0 / (1.0 + (-margin).exp());
            nearby.spreads.push(weight * (chance * (1.0 - chance)).max(LEAST_SPREAD));
            nearby.lacks.push(weight * (target - chance));
        }
        nearby
    }

    /// One look at the loss, then sweeps over all weights.
    fn advance(&mut self, columns: &[Column], ridge: f64, sweeps: usize) {
        let mut nearby = self.nearby();
        for _ in 0..sweeps {
            let (slope, curve) = (nearby.lacks.iter().sum::<f64>(), nearby.spreads.iter().sum::<f64>());
            let step = (slope / curve.max(1e-9)).clamp(-1.0, 1.0);
            self.bias += step;
            for ((margin, lack), spread) in
                self.margins.iter_mut().zip(&mut nearby.lacks).zip(&nearby.spreads)
            {
                *margin += step;
                *lack -= spread * step;
            }
            for (at, column) in columns.iter().enumerate().filter(|(_, column)| !column.is_out) {
                self.move_coefficient(at, column, ridge, &mut nearby);
            }
        }
    }

    fn move_coefficient(&mut self, at: usize, column: &Column, ridge: f64, nearby: &mut Nearby) {
        let Some(coefficient) = self.coefficients.get_mut(at) else { return };
        let all = column.values.iter().zip(&nearby.lacks).zip(&nearby.spreads);
        let (slope, curve) = all.fold((0.0, 0.0), |(slope, curve), ((value, lack), spread)| {
            (slope + value * lack, curve + spread * value * value)
        });
        let step = ((slope - ridge * *coefficient) / (curve + ridge)).clamp(-0.5, 0.5);
        let next = match column.sign {
            1 => (*coefficient + step).max(0.0),
            -1 => (*coefficient + step).min(0.0),
            _ => *coefficient + step,
        };
        let step = next - *coefficient;
        if step == 0.0 {
            return;
        }
        *coefficient = next;
        let rest = self.margins.iter_mut().zip(&mut nearby.lacks).zip(&nearby.spreads);
        for (((margin, lack), spread), value) in rest.zip(&column.values) {
            *margin += step * value;
            *lack -= spread * step * value;
        }
    }

    /// The weights on the features as they are computed.
    #[expect(clippy::cast_possible_truncation, reason = "weights ship with four digits")]
    fn model(&self, columns: &[Column]) -> Weights {
        let mut model = Model::empty();
        let mut bias = self.bias;
        for ((column, coefficient), weight) in columns.iter().zip(&self.coefficients).zip(&mut model.weights)
        {
            *weight = (coefficient / column.scale) as f32;
            bias -= coefficient * column.mean / column.scale;
        }
        model.bias = bias as f32;
        Weights(model)
    }
}

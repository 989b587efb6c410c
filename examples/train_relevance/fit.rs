//! Logistic regression with a quadratic penalty and bounds on the signs: Newton's method outside, coordinate
//! descent within.

use super::Example;

/// What sign a weight may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    /// Any.
    Free,
    /// At least 0.
    NotNegative,
    /// At most 0.
    NotPositive,
}

/// A fitted regression; weights of columns that were left out are 0.
pub(crate) struct Model {
    pub(crate) bias: f64,
    pub(crate) weights: Vec<f64>,
}

impl Model {
    pub(crate) fn probability(&self, features: &[f64]) -> f64 {
        let log_odds: f64 =
            self.bias + self.weights.iter().zip(features).map(|(weight, value)| weight * value).sum::<f64>();
        1.0 / (1.0 + (-log_odds).exp())
    }
}

const NEWTON_STEPS: usize = 30;
const DESCENT_PASSES: usize = 60;
const SMALL_STEP: f64 = 1e-7;

/// Fits "label is at least `target.0`" with penalty `target.1`.
pub(crate) fn fit(training: &[&Example], columns: &[usize], bounds: &[Bound], target: (u8, f64)) -> Model {
    let (label, penalty) = target;
    let mut model = Model { bias: 0.0, weights: vec![0.0; bounds.len()] };
    let count = columns.len();
    for _ in 0..NEWTON_STEPS {
        // Curvature and slope at the present weights; the last row is the bias.
        let mut hessian = vec![vec![0.0; count + 1]; count + 1];
        let mut gradient = vec![0.0; count + 1];
        for example in training {
            let probability = model.probability(&example.training);
            let is_positive = f64::from(u8::from(example.label >= label));
            let curve = (probability * (1.0 - probability)).max(1e-6) * example.weight;
            let slope = (is_positive - probability) * example.weight;
            let row: Vec<f64> =
                columns.iter().map(|column| example.training[*column]).chain(std::iter::once(1.0)).collect();
            for (place, value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                gradient[place] += slope * value;
                for (other, second) in row.iter().enumerate() {
                    hessian[place][other] += curve * value * second;
                }
            }
        }
        for place in 0..count {
            gradient[place] -= penalty * model.weights[columns[place]];
            hessian[place][place] += penalty;
        }
        hessian[count][count] += 1e-6;
        let step = descend(&hessian, &gradient, |place| {
            if place == count {
                (0.0, Bound::Free)
            } else {
                (model.weights[columns[place]], bounds[columns[place]])
            }
        });
        for (place, change) in step.iter().enumerate() {
            if place == count {
                model.bias += change;
            } else {
                model.weights[columns[place]] += change;
            }
        }
        if step.iter().all(|change| change.abs() < SMALL_STEP) {
            break;
        }
    }
    model
}

/// The step that is best for the quadratic of `hessian` and `gradient` within the bounds.
fn descend(hessian: &[Vec<f64>], gradient: &[f64], at: impl Fn(usize) -> (f64, Bound)) -> Vec<f64> {
    let mut step = vec![0.0; gradient.len()];
    let mut rest = gradient.to_vec();
    for _ in 0..DESCENT_PASSES {
        let mut largest = 0.0_f64;
        for place in 0..step.len() {
            let (weight, bound) = at(place);
            let mut wanted: f64 = step[place] + rest[place] / hessian[place][place];
            match bound {
                Bound::Free => {}
                Bound::NotNegative => wanted = wanted.max(-weight),
                Bound::NotPositive => wanted = wanted.min(-weight),
            }
            let change = wanted - step[place];
            if change != 0.0 {
                step[place] = wanted;
                for (other, value) in rest.iter_mut().enumerate() {
                    *value -= change * hessian[place][other];
                }
                largest = largest.max(change.abs());
            }
        }
        if largest < SMALL_STEP {
            break;
        }
    }
    step
}

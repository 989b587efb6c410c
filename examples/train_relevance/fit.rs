//! Logistic regression with a quadratic penalty and bounds on the signs: Newton's method outside, coordinate
//! descent within.

/// What a column's weight may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Column {
    /// Its sign.
    pub(crate) sign: Sign,
    /// How strongly it is held to 0.
    pub(crate) penalty: f64,
}

/// What sign a weight may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Sign {
    /// Any.
    Free,
    /// At least 0.
    NotNegative,
    /// At most 0.
    NotPositive,
    /// None: the column is left out.
    Zero,
}

/// A row of features: the columns that are not 0, with their values.
pub(crate) type Row = Vec<(usize, f64)>;

/// One case to learn from.
pub(crate) struct Case<'a> {
    pub(crate) row: &'a Row,
    pub(crate) is_true: bool,
    /// How much it counts.
    pub(crate) weight: f64,
}

/// A fitted regression.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) bias: f64,
    pub(crate) weights: Vec<f64>,
}

impl Model {
    pub(crate) fn log_odds(&self, row: &Row) -> f64 {
        self.bias + row.iter().map(|(column, value)| self.weights[*column] * value).sum::<f64>()
    }

    pub(crate) fn probability(&self, row: &Row) -> f64 {
        1.0 / (1.0 + (-self.log_odds(row)).exp())
    }
}

const NEWTON_STEPS: usize = 12;
const DESCENT_PASSES: usize = 40;
/// Weights are written with three digits.
const SMALL_STEP: f64 = 1e-4;

/// Fits the cases.
pub(crate) fn fit(cases: &[Case<'_>], columns: &[Column]) -> Model {
    let count = columns.len();
    let mut model = Model { bias: 0.0, weights: vec![0.0; count] };
    for _ in 0..NEWTON_STEPS {
        // Curvature and slope at the present weights; the last row is the bias.
        let mut hessian = vec![vec![0.0; count + 1]; count + 1];
        let mut gradient = vec![0.0; count + 1];
        for case in cases {
            let probability = model.probability(case.row);
            let is_true = f64::from(u8::from(case.is_true));
            let curve = (probability * (1.0 - probability)).max(1e-6) * case.weight;
            let slope = (is_true - probability) * case.weight;
            let row = || case.row.iter().copied().chain(std::iter::once((count, 1.0)));
            for (place, value) in row() {
                gradient[place] += slope * value;
                for (other, second) in row() {
                    hessian[place][other] += curve * value * second;
                }
            }
        }
        for (place, column) in columns.iter().enumerate() {
            gradient[place] -= column.penalty * model.weights[place];
            hessian[place][place] += column.penalty;
        }
        hessian[count][count] += 1e-6;
        let step = descend(&hessian, &gradient, |place| match columns.get(place) {
            Some(column) => (model.weights[place], column.sign),
            None => (0.0, Sign::Free),
        });
        for (weight, change) in model.weights.iter_mut().chain(std::iter::once(&mut model.bias)).zip(&step) {
            *weight += change;
        }
        if step.iter().all(|change| change.abs() < SMALL_STEP) {
            break;
        }
    }
    model
}

/// The step that is best for the quadratic of `hessian` and `gradient` within the signs.
fn descend(hessian: &[Vec<f64>], gradient: &[f64], at: impl Fn(usize) -> (f64, Sign)) -> Vec<f64> {
    let mut step = vec![0.0; gradient.len()];
    let mut rest = gradient.to_vec();
    for _ in 0..DESCENT_PASSES {
        let mut largest = 0.0_f64;
        for place in 0..step.len() {
            let (weight, sign) = at(place);
            let mut wanted: f64 = step[place] + rest[place] / hessian[place][place];
            match sign {
                Sign::Free => {}
                Sign::NotNegative => wanted = wanted.max(-weight),
                Sign::NotPositive => wanted = wanted.min(-weight),
                Sign::Zero => wanted = 0.0,
            }
            let change = wanted - step[place];
            if change.abs() > SMALL_STEP / 100.0 {
                step[place] = wanted;
                for (other, value) in rest.iter_mut().zip(&hessian[place]) {
                    *other -= change * value;
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

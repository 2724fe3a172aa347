//! Linear baselines: logistic regression (binary and multinomial) and ridge regression, on one-hot categories and standardised numbers.

use crate::engine::Rows;
use crate::lbfgs::minimize;
use crate::target::class_index;
use ingot_base::{Field, FieldKind, Result, Tabular};
use ingot_runtime::Matrix;

/// A baseline needs no more rows than this; larger tables are thinned evenly.
const MAX_ROWS: usize = 100_000;
const STEPS: usize = 200;

/// How one input becomes weights.
#[derive(Debug)]
enum Slot {
    /// `(value - mean) / deviation` at `at`; missing counts as the mean and has its own weight at `at + 1`.
    Number { at: usize, mean: f64, deviation: f64 },
    /// One weight per category from `at`; missing is the last.
    Category { at: usize, count: usize },
}

/// A fitted linear model: per class a weight per dimension, the intercept last.
#[derive(Debug)]
pub(crate) struct Linear {
    slots: Vec<Slot>,
    dimensions: usize,
    classes: usize,
    weights: Vec<f64>,
    task: Tabular,
    /// Regression: targets are standardised while fitting.
    mean: f64,
    deviation: f64,
}

impl Linear {
    /// Minimises the weighted mean loss plus `|w|²/2n`, scikit-learn's default strength. Intercepts are free.
    pub(crate) fn fit(task: Tabular, fields: &[Field], rows: &Rows, classes: usize) -> Self {
        let step = rows.labels.len().div_ceil(MAX_ROWS).max(1);
        let picked: Vec<usize> = (0..rows.labels.len()).step_by(step).collect();
        let thinned = rows.select(&picked);
        let (slots, dimensions) = slots(fields, &thinned.matrix);
        let (mean, deviation) = match task {
            Tabular::Regression => moments(thinned.labels.iter().copied()),
            _ => (0.0, 1.0),
        };
        let mut model = Self { slots, dimensions, classes, weights: vec![], task, mean, deviation };
        let active: Vec<Vec<(usize, f64)>> =
            thinned.matrix.iter_rows().map(|row| model.active(row)).collect();
        let total: f64 = thinned.weights.iter().sum();
        let start = vec![0.0; classes * (dimensions + 1)];
        #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
        let ridge = 1.0 / thinned.labels.len().max(1) as f64;
        let mut margins = vec![0.0; classes];
        model.weights = minimize(start, STEPS, 1e-7, |weights, gradient| {
            gradient.fill(0.0);
            let mut loss = 0.0;
            for ((active, &label), &weight) in
                active.iter().zip(&thinned.labels).zip(&thinned.weights)
            {
                model.margins(weights, active, &mut margins);
                let share = weight / total;
                loss += share * model.slopes(label, &mut margins);
                for (class, slope) in margins.iter().enumerate() {
                    let offset = class * (dimensions + 1);
                    for &(at, value) in active {
                        if let Some(gradient) = gradient.get_mut(offset + at) {
                            *gradient += share * slope * value;
                        }
                    }
                }
            }
            for (index, (gradient, weight)) in gradient.iter_mut().zip(weights).enumerate() {
                if index % (dimensions + 1) != dimensions {
                    *gradient += ridge * weight;
                    loss += 0.5 * ridge * weight * weight;
                }
            }
            loss
        });
        model
    }

    /// The dimensions that are not zero in a row, the intercept among them.
    fn active(&self, row: &[f64]) -> Vec<(usize, f64)> {
        let mut active = Vec::with_capacity(row.len() + 1);
        for (slot, &value) in self.slots.iter().zip(row) {
            match *slot {
                Slot::Number { at, .. } if value.is_nan() => active.push((at + 1, 1.0)),
                Slot::Number { at, mean, deviation } => {
                    active.push((at, (value - mean) / deviation));
                }
                Slot::Category { at, count } => {
                    let category =
                        if value.is_nan() { count } else { class_index(value).min(count) };
                    active.push((at + category, 1.0));
                }
            }
        }
        active.push((self.dimensions, 1.0));
        active
    }

    fn margins(&self, weights: &[f64], active: &[(usize, f64)], margins: &mut [f64]) {
        for (margin, weights) in margins.iter_mut().zip(weights.chunks_exact(self.dimensions + 1)) {
            *margin = active
                .iter()
                .map(|&(at, value)| weights.get(at).copied().unwrap_or_default() * value)
                .sum();
        }
    }

    /// Turns margins into the loss's derivatives by them; answers the loss.
    fn slopes(&self, label: f64, margins: &mut [f64]) -> f64 {
        match (self.task, margins) {
            (Tabular::Regression, [margin]) => {
                let error = *margin - (label - self.mean) / self.deviation;
                *margin = error;
                0.5 * error * error
            }
            (_, [margin]) => {
                let z = *margin;
                *margin = 1.0 / (1.0 + (-z).exp()) - label;
                z.max(0.0) + (-z.abs()).exp().ln_1p() - label * z
            }
            (_, margins) => {
                softmax(margins);
                let truth = class_index(label);
                let p = margins.get(truth).copied().unwrap_or(1.0);
                if let Some(margin) = margins.get_mut(truth) {
                    *margin -= 1.0;
                }
                -p.max(1e-300).ln()
            }
        }
    }

    /// Probabilities or numbers, as a predictor's scores.
    pub(crate) fn scores(&self, matrix: &Matrix) -> Result<Matrix> {
        let mut out = Matrix::zeros(matrix.rows(), self.classes)?;
        for (row, scores) in matrix.iter_rows().zip(out.data_mut().chunks_exact_mut(self.classes)) {
            self.margins(&self.weights, &self.active(row), scores);
            match (self.task, scores) {
                (Tabular::Regression, [score]) => *score = *score * self.deviation + self.mean,
                (_, [score]) => *score = 1.0 / (1.0 + (-*score).exp()),
                (_, scores) => softmax(scores),
            }
        }
        Ok(out)
    }
}

fn softmax(row: &mut [f64]) {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for value in row.iter_mut() {
        *value = (*value - largest).exp();
    }
    let sum: f64 = row.iter().sum();
    for value in row {
        *value /= sum;
    }
}

fn slots(fields: &[Field], matrix: &Matrix) -> (Vec<Slot>, usize) {
    let mut at = 0;
    let slots = fields.iter().enumerate().map(|(index, field)| match &field.kind {
        FieldKind::Category { values } => {
            let slot = Slot::Category { at, count: values.len() };
            at += values.len() + 1;
            slot
        }
        FieldKind::Number { .. }
        | FieldKind::Boolean
        | FieldKind::Image { .. }
        | FieldKind::Text { .. } => {
            let (mean, deviation) = moments(matrix.column(index).filter(|value| !value.is_nan()));
            let slot = Slot::Number { at, mean, deviation };
            at += 2;
            slot
        }
    });
    let slots = slots.collect();
    (slots, at)
}

/// Mean and standard deviation; 1 where there is no spread.
fn moments(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for value in values {
        count += 1.0;
        let delta: f64 = value - mean;
        mean += delta / count;
        squares += delta * (value - mean);
    }
    let deviation = if count > 1.0 { (squares / count).sqrt() } else { 0.0 };
    (mean, if deviation > 0.0 { deviation } else { 1.0 })
}

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small exact numbers"
)]
mod tests {
    use super::*;
    use ingot_base::Rng;

    fn number(name: &str) -> Field {
        let kind = FieldKind::Number { min: -9.0, max: 9.0, integer: false };
        Field::new(name, kind, true)
    }

    #[test]
    fn logistic_regression_recovers_known_weights() {
        let mut rng = Rng::new(2, "logistic");
        let (mut data, mut labels) = (vec![], vec![]);
        for _ in 0..30_000 {
            let (x, c) = (rng.between(-2.0, 2.0), rng.below(2) as f64);
            let margin = 1.5 * x - 0.5 + 2.0 * c;
            data.extend([x, c]);
            labels.push(f64::from(u8::from(rng.unit() < 1.0 / (1.0 + f64::exp(-margin)))));
        }
        let kind = FieldKind::Category { values: vec!["a".into(), "b".into()] };
        let fields = [number("x"), Field::new("c", kind, false)];
        let rows = Rows {
            matrix: Matrix::new(30_000, 2, data).unwrap(),
            weights: vec![1.0; 30_000],
            labels,
        };
        let model = Linear::fit(Tabular::Binary, &fields, &rows, 1);
        let asked = Matrix::new(3, 2, vec![0.0, 0.0, 1.0, 1.0, f64::NAN, 1.0]).unwrap();
        let scores = model.scores(&asked).unwrap();
        let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
        assert!((scores.row(0)[0] - sigmoid(-0.5)).abs() < 0.02, "{scores:?}");
        assert!((scores.row(1)[0] - sigmoid(3.0)).abs() < 0.02);
        assert!(scores.row(2)[0] > 0.5, "a missing number counts as the mean");
    }

    #[test]
    fn ridge_regression_has_its_closed_form() {
        // One standardised feature: the slope is n·cov / (n·var + 1) in standardised units.
        let x = [1.0, 2.0, 3.0, 4.0];
        let y = [1.0, 3.0, 2.0, 6.0];
        let rows = Rows {
            matrix: Matrix::new(4, 1, x.to_vec()).unwrap(),
            labels: y.to_vec(),
            weights: vec![1.0; 4],
        };
        let model = Linear::fit(Tabular::Regression, &[number("x")], &rows, 1);
        let (mx, sx) = moments(x.into_iter());
        let (my, sy) = moments(y.into_iter());
        let correlation: f64 =
            x.iter().zip(y).map(|(x, y)| (x - mx) / sx * (y - my) / sy).sum::<f64>() / 4.0;
        let slope = correlation / (1.0 + 0.25);
        let scores = model.scores(&rows.matrix).unwrap();
        for (score, x) in scores.data().iter().zip(x) {
            assert!((score - (my + sy * slope * (x - mx) / sx)).abs() < 1e-5);
        }
    }

    #[test]
    fn several_classes_are_told_apart() {
        let mut rng = Rng::new(4, "multinomial");
        let (mut data, mut labels) = (vec![], vec![]);
        for row in 0..3000 {
            let class = row % 3;
            data.push(f64::from(class) * 3.0 + rng.between(-1.0, 1.0));
            labels.push(f64::from(class));
        }
        let rows =
            Rows { matrix: Matrix::new(3000, 1, data).unwrap(), labels, weights: vec![1.0; 3000] };
        let model = Linear::fit(Tabular::Multiclass, &[number("x")], &rows, 3);
        let scores = model.scores(&rows.matrix).unwrap();
        let right = scores.iter_rows().zip(&rows.labels).filter(|(row, label)| {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            row.iter().all(|p| *p <= row[**label as usize])
        });
        assert!(right.count() > 2900);
    }
}

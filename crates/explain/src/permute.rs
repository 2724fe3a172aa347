//! Permutation importance: how much worse the model gets when one input is shuffled.

use crate::outcome::Permutation;
use crate::random::Random;
use crate::words::{index, real};
use ingot_base::{Output, Result, Text};
use ingot_runtime::{Matrix, Predictor as _, TabularModel};
use rayon::prelude::*;

/// What [`loss`] measures.
pub(crate) fn loss_name(output: &Output) -> Text {
    match output {
        Output::Number { .. } | Output::Text { .. } => Text::new("root mean squared error", "均方根误差"),
        _ => Text::new("log loss", "对数损失"),
    }
}

/// Log loss, or the root of the mean squared error for numbers.
pub(crate) fn loss(output: &Output, scores: &Matrix, labels: &[f64]) -> f64 {
    let rows = scores.iter_rows().zip(labels);
    let likely = |probability: f64| -probability.clamp(1e-15, 1.0).ln();
    let sum: f64 = match output {
        Output::Binary { .. } => rows
            .map(|(row, &label)| {
                let positive = row.first().copied().unwrap_or(f64::NAN);
                likely(if label > 0.5 { positive } else { 1.0 - positive })
            })
            .sum(),
        Output::Multiclass { .. } => rows
            .map(|(row, &label)| {
                likely(index(label).and_then(|at| row.get(at)).copied().unwrap_or_default())
            })
            .sum(),
        Output::Number { .. } | Output::Text { .. } => rows
            .map(|(row, &label)| (row.first().copied().unwrap_or(f64::NAN) - label).powi(2))
            .sum(),
    };
    let mean = sum / real(labels.len().max(1));
    if matches!(output, Output::Number { .. }) { mean.sqrt() } else { mean }
}

/// One importance for each input.
pub(crate) fn importance(
    model: &TabularModel,
    rows: &Matrix,
    labels: &[f64],
    repeats: usize,
    seed: u64,
) -> Result<(f64, Vec<Permutation>)> {
    let output = &model.signature().output;
    let plain = loss(output, &model.scores(rows)?, labels);
    let all = (0..rows.cols())
        .into_par_iter()
        .map(|feature| {
            let mut random = Random::new(seed, feature as u64 + 1);
            let mut growth = Vec::with_capacity(repeats);
            let mut column: Vec<f64> = rows.column(feature).collect();
            let mut shuffled = rows.clone();
            for _ in 0..repeats {
                random.shuffle(&mut column);
                let places =
                    shuffled.data_mut().iter_mut().skip(feature).step_by(rows.cols().max(1));
                for (place, &value) in places.zip(&column) {
                    *place = value;
                }
                growth.push(loss(output, &model.scores(&shuffled)?, labels) - plain);
            }
            Ok(Permutation {
                mean: growth.iter().sum::<f64>() / real(repeats.max(1)),
                low: growth.iter().copied().reduce(f64::min).unwrap_or_default(),
                high: growth.iter().copied().reduce(f64::max).unwrap_or_default(),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok((plain, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-12, "{found} instead of {wanted}");
    }

    #[test]
    fn losses_have_their_textbook_values() {
        let matrix = |cols: usize, data: &[f64]| Matrix::new(2, cols, data.to_vec()).unwrap();
        let word = String::new;
        let binary =
            Output::Binary { target: word(), positive: word(), negative: word(), threshold: 0.5 };
        near(loss(&binary, &matrix(1, &[0.5, 0.5]), &[1.0, 0.0]), 2_f64.ln());
        near(
            loss(&binary, &matrix(1, &[0.8, 0.4]), &[1.0, 0.0]),
            -(0.8_f64.ln() + 0.6_f64.ln()) / 2.0,
        );
        let several = Output::Multiclass { target: word(), labels: vec![word(), word(), word()] };
        let scores = matrix(3, &[0.2, 0.3, 0.5, 0.25, 0.5, 0.25]);
        near(loss(&several, &scores, &[2.0, 0.0]), -(0.5_f64.ln() + 0.25_f64.ln()) / 2.0);
        let number = Output::Number { target: word() };
        near(loss(&number, &matrix(1, &[1.0, 2.0]), &[4.0, 6.0]), 12.5_f64.sqrt());
    }
}

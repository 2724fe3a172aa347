//! What a person should hear of a model before trusting it: that it has learnt nothing, or that one column tells it the answer.

use crate::features::Encoded;
use crate::messages::{FEATURE_LEAKS, MODEL_WEAK};
use crate::outcome::{Metric, TrainOutcome};
use ingot_base::{Fault, FieldKind, Signature};
use std::collections::BTreeMap;

/// A column that separates the classes this well by itself hardly does so honestly.
const LEAK: f64 = 0.99;
/// With fewer rows of a class an area under the curve says nothing.
const ROWS: usize = 20;

/// Whether the model is not measurably better than always answering the same.
///
/// Compares the unfavourable end of the first metric's interval with the majority baseline's value.
pub fn weak(outcome: &TrainOutcome) -> Option<Fault> {
    let metric = outcome.metrics.first()?;
    let majority = outcome.baselines.iter().find(|baseline| baseline.name == "majority")?;
    let plain = majority.metrics.iter().find(|one| one.name == metric.name)?;
    let better = if lower_is_better(metric) {
        worst(metric.high, metric.value) < plain.value
    } else {
        worst(metric.low, metric.value) > plain.value
    };
    (!better).then(|| {
        Fault::new(&MODEL_WEAK)
            .arg("metric", metric.name.to_uppercase().replace('_', " "))
            .arg("value", format!("{:.4}", metric.value))
            .arg("baseline", format!("{:.4}", plain.value))
    })
}

/// The unfavourable end of the interval, where there is one.
fn worst(end: f64, value: f64) -> f64 {
    if end.is_finite() { end } else { value }
}

/// Whether the smaller value of a figure is the better one.
pub(crate) fn lower_is_better(metric: &Metric) -> bool {
    matches!(metric.name.as_str(), "log_loss" | "brier" | "rmse" | "mae" | "ece")
}

/// Columns that alone tell a binary target: their area under the ROC curve on the test rows, categories ordered by how often
/// they were positive in training.
pub fn leaks(signature: &Signature, train: &Encoded, test: &Encoded) -> Vec<Fault> {
    let binary = |labels: &[f64]| {
        let positive = labels.iter().filter(|label| **label > 0.5).count();
        let negative = labels.iter().filter(|label| **label < 0.5).count();
        positive >= ROWS && negative >= ROWS
    };
    if !matches!(signature.output, ingot_base::Output::Binary { .. }) || !binary(&test.labels) {
        return Vec::new();
    }
    let column = |table: &Encoded, index: usize| -> Vec<f64> {
        (0..table.matrix.rows())
            .map(|row| table.matrix.row(row).get(index).copied().unwrap_or(f64::NAN))
            .collect()
    };
    let mut faults = Vec::new();
    for (index, field) in signature.inputs.iter().enumerate() {
        let values = column(test, index);
        let scores = match field.kind {
            FieldKind::Category { .. } => rates(&column(train, index), &train.labels, &values),
            FieldKind::Number { .. }
            | FieldKind::Boolean
            | FieldKind::Image { .. }
            | FieldKind::Text { .. } => values,
        };
        let area = area(&scores, &test.labels);
        let area = area.max(1.0 - area);
        if area > LEAK {
            faults.push(
                Fault::new(&FEATURE_LEAKS)
                    .arg("column", &field.name)
                    .arg("auc", format!("{area:.4}"))
                    .at("train.exclude"),
            );
        }
    }
    faults
}

/// For each value its share of positives in training; missing and new values as the whole.
fn rates(train: &[f64], labels: &[f64], values: &[f64]) -> Vec<f64> {
    let mut counts: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    let mut whole = (0.0, 0.0);
    for (value, label) in train.iter().zip(labels).filter(|(_, label)| !label.is_nan()) {
        let slot = counts.entry(value.to_bits()).or_default();
        *slot = (slot.0 + label, slot.1 + 1.0);
        whole = (whole.0 + label, whole.1 + 1.0);
    }
    let rate = |(positive, all): (f64, f64)| if all > 0.0 { positive / all } else { 0.5 };
    values
        .iter()
        .map(|value| rate(counts.get(&value.to_bits()).copied().unwrap_or(whole)))
        .collect()
}

/// Area under the ROC curve: the chance that a positive row scores above a negative one, ties counted half (Mann and Whitney
/// 1947). Missing scores stand below all others. In [0, 1]; 0.5 without rows of both classes.
#[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
fn area(scores: &[f64], labels: &[f64]) -> f64 {
    let mut rows: Vec<(f64, bool)> = scores
        .iter()
        .zip(labels)
        .filter(|(_, label)| !label.is_nan())
        .map(|(score, label)| {
            (if score.is_nan() { f64::NEG_INFINITY } else { *score }, *label > 0.5)
        })
        .collect();
    rows.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut ranks, mut before) = (0.0, 0_usize);
    for tied in rows.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
        let rank = before as f64 + f64::midpoint(tied.len() as f64, 1.0);
        ranks += rank * tied.iter().filter(|(_, positive)| *positive).count() as f64;
        before += tied.len();
    }
    let positive = rows.iter().filter(|(_, positive)| *positive).count() as f64;
    let negative = rows.len() as f64 - positive;
    if positive == 0.0 || negative == 0.0 {
        return 0.5;
    }
    (ranks - positive * (positive + 1.0) / 2.0) / (positive * negative)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::{Field, Output, Tabular};
    use ingot_runtime::Matrix;

    #[test]
    fn the_area_is_the_known_one() {
        let known = area(&[0.1, 0.4, 0.35, 0.8], &[0.0, 0.0, 1.0, 1.0]);
        assert!((known - 0.75).abs() < 1e-12, "the example of scikit-learn");
        assert!((area(&[1.0, 1.0, 1.0], &[0.0, 1.0, 1.0]) - 0.5).abs() < 1e-12, "ties");
        assert!((area(&[f64::NAN, 1.0], &[0.0, 1.0]) - 1.0).abs() < 1e-12, "missing is lowest");
    }

    #[test]
    fn a_column_that_is_the_answer_is_told_and_others_are_not() {
        let field =
            |name: &str, kind| Field { name: name.into(), title: None, kind, nullable: true };
        let number = || FieldKind::Number { min: 0.0, max: 99.0, integer: true };
        let signature = Signature {
            task: Tabular::Binary.into(),
            inputs: vec![
                field("honest", number()),
                field("paid_back", FieldKind::Category { values: vec!["a".into(), "b".into()] }),
                field("inverse", number()),
            ],
            output: Output::Binary {
                target: "y".into(),
                positive: "1".into(),
                negative: "0".into(),
                threshold: 0.5,
            },
        };
        let table = |rows: u32| {
            let labels: Vec<f64> = (0..rows).map(|row| f64::from(row % 2)).collect();
            let data = (0..rows)
                .flat_map(|row| {
                    let label = f64::from(row % 2);
                    [f64::from(row % 7) + label, label, -10.0 * label + f64::from(row % 3)]
                })
                .collect();
            let matrix = Matrix::new(labels.len(), 3, data).unwrap();
            Encoded { matrix, labels, unknown: BTreeMap::new() }
        };
        let found: Vec<String> = leaks(&signature, &table(200), &table(80))
            .iter()
            .map(|fault| fault.args()[0].1.clone())
            .collect();
        assert_eq!(found, ["paid_back", "inverse"]);
        assert!(leaks(&signature, &table(200), &table(20)).is_empty(), "ten of a class are few");
    }
}

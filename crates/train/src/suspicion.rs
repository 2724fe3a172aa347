//! What a person should hear of a model before trusting it: that it has learnt nothing, that nothing or something simpler does better, or
//! that one column tells it the answer.

use crate::features::Encoded;
use crate::messages::{
    FEATURE_LEAKS, FEW_TEST_NUMBERS, FEW_TEST_ROWS, MODEL_BEATEN, MODEL_COSTLY, MODEL_WEAK,
};
use crate::outcome::{Baseline, Metric, TrainOutcome};
use crate::report::{model_word, spaced, title};
use ingot_base::{Fault, FieldKind, Lang, Signature, Text};
use std::collections::BTreeMap;

/// A column that separates the classes this well by itself hardly does so honestly.
const LEAK: f64 = 0.99;
/// With fewer rows of a class an area under the curve says nothing.
const ROWS: usize = 20;

/// That the test rows are too few to tell anything: then nothing else of this room is said.
pub fn few(outcome: &TrainOutcome) -> Option<Fault> {
    let (rows, rare) = outcome.few_test_rows()?;
    Some(match rare {
        Some(rare) => Fault::new(&FEW_TEST_ROWS).arg("rows", rows).arg("rare", rare),
        None => Fault::new(&FEW_TEST_NUMBERS).arg("rows", rows),
    })
}

/// Whether the model is not measurably better than always answering the same, told in both languages.
///
/// Compares the unfavourable end of the first metric's interval with the majority baseline's value.
pub fn weak(outcome: &TrainOutcome) -> Option<Text> {
    if outcome.few_test_rows().is_some() {
        return None;
    }
    let metric = outcome.metrics.first()?;
    let majority = outcome.baselines.iter().find(|baseline| baseline.name == "majority")?;
    let plain = majority.metrics.iter().find(|one| one.name == metric.name)?;
    let better = if lower_is_better(metric) {
        worst(metric.high, metric.value) < plain.value
    } else {
        worst(metric.low, metric.value) > plain.value
    };
    if better {
        return None;
    }
    let name = title(&metric.name);
    let name = Text::new(name.en, spaced(&name.zh));
    Some(told(|lang| {
        Fault::new(&MODEL_WEAK)
            .arg("metric", name.get(lang))
            .arg("value", format!("{:.4}", metric.value))
            .arg("baseline", format!("{:.4}", plain.value))
    }))
}

/// A fault whose arguments are words, with its advice, in both languages.
fn told(fault: impl Fn(Lang) -> Fault) -> Text {
    let say = |lang| fault(lang).advice(lang);
    Text::new(say(Lang::En), say(Lang::Zh))
}

/// Whether deciding by the model costs more on the test rows than labelling every row alike; only with stated costs.
pub fn costly(outcome: &TrainOutcome) -> Option<Fault> {
    if outcome.few_test_rows().is_some() {
        return None;
    }
    let threshold = outcome.threshold.as_ref()?;
    let cost = threshold.cost?;
    if threshold.test_cost <= threshold.test_cost_constant {
        return None;
    }
    let [negative, positive] = outcome.classes.as_slice() else { return None };
    let truly: Vec<u64> = outcome.confusion.iter().map(|row| row.iter().sum()).collect();
    #[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
    let total =
        |class: usize, each: f64| truly.get(class).copied().unwrap_or_default() as f64 * each;
    let all_positive = total(0, cost.false_positive) < total(1, cost.false_negative);
    Some(
        Fault::new(&MODEL_COSTLY)
            .arg("cost", format!("{:.4}", threshold.test_cost))
            .arg("constant", format!("{:.4}", threshold.test_cost_constant))
            .arg("label", if all_positive { positive } else { negative }),
    )
}

/// The simpler model that is better than the model beyond chance, told in both languages.
///
/// Better is one whose loss is lower with the 95 % interval of the rows' paired differences beyond 0, or whose first figure (AUC, root mean
/// square error) lies beyond the favourable end of the model's interval.
pub fn beaten(outcome: &TrainOutcome) -> Option<Text> {
    if outcome.few_test_rows().is_some() {
        return None;
    }
    let loss = if outcome.task.is_classification() { "log_loss" } else { "rmse" };
    let primary = if outcome.task.is_classification() { "auc" } else { "rmse" };
    let by_loss = outcome
        .baselines
        .iter()
        .filter(|one| one.gap.is_some_and(|gap| gap.low > 0.0))
        .max_by(|a, b| gap(a).total_cmp(&gap(b)))
        .map(|one| (one, loss));
    let by_primary = || {
        Some((best(outcome, primary)?, primary)).filter(|(one, name)| {
            let pair = (figure(&outcome.metrics, name), figure(&one.metrics, name));
            matches!(pair, (Some(model), Some(other)) if beyond(model, other))
        })
    };
    let (baseline, name) = by_loss.or_else(by_primary)?;
    let (model, other) = (figure(&outcome.metrics, name)?, figure(&baseline.metrics, name)?);
    let word = model_word(&baseline.name);
    Some(told(|lang| {
        Fault::new(&MODEL_BEATEN)
            .arg("metric", title(name).get(lang))
            .arg("name", word.get(lang))
            .arg("baseline", format!("{:.4}", other.value))
            .arg("value", format!("{:.4}", model.value))
    }))
}

fn gap(baseline: &Baseline) -> f64 {
    baseline.gap.map_or(f64::NEG_INFINITY, |gap| gap.value)
}

pub(crate) fn figure<'a>(metrics: &'a [Metric], name: &str) -> Option<&'a Metric> {
    metrics.iter().find(|metric| metric.name == name)
}

/// The best of the simpler models by a figure.
pub(crate) fn best<'a>(outcome: &'a TrainOutcome, name: &str) -> Option<&'a Baseline> {
    let known = outcome.baselines.iter().filter_map(|one| Some((one, figure(&one.metrics, name)?)));
    known.reduce(|best, one| if ahead(one.1, best.1) { one } else { best }).map(|(one, _)| one)
}

/// Whether a figure is better than the same figure of another model.
pub(crate) fn ahead(one: &Metric, other: &Metric) -> bool {
    if lower_is_better(one) { one.value < other.value } else { one.value > other.value }
}

/// Whether another model's figure is better than the favourable end of a model's interval.
fn beyond(model: &Metric, other: &Metric) -> bool {
    let end = if lower_is_better(model) { model.low } else { model.high };
    end.is_finite() && if lower_is_better(model) { other.value < end } else { other.value > end }
}

/// The unfavourable end of the interval, where there is one.
fn worst(end: f64, value: f64) -> f64 {
    if end.is_finite() { end } else { value }
}

/// Whether the smaller value of a figure is the better one.
pub(crate) fn lower_is_better(metric: &Metric) -> bool {
    matches!(metric.name.as_str(), "log_loss" | "brier" | "rmse" | "mae" | "ece" | "cost")
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
        let field = |name: &str, kind| Field::new(name, kind, true);
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

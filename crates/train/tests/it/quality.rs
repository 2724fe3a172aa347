//! Whether what is trained is any good, against truths that are known.

use crate::data::{Draw, config, credit, people, run, table};
use arrow::array::{ArrayRef, Float64Array, StringArray};
use arrow::record_batch::RecordBatch;
use ingot_base::Tabular;
use ingot_train::TrainOutcome;
use ingot_train::outcome::Metric;
use std::collections::BTreeMap;
use std::sync::Arc;

fn metric<'a>(metrics: &'a [Metric], name: &str) -> &'a Metric {
    metrics.iter().find(|metric| metric.name == name).unwrap()
}

fn baseline<'a>(outcome: &'a TrainOutcome, name: &str) -> &'a [Metric] {
    &outcome.baselines.iter().find(|baseline| baseline.name == name).unwrap().metrics
}

#[test]
fn binary_comes_near_the_best_possible() {
    let (train, test) = (credit(1, 4000), credit(2, 3000));
    let mut config = config(Tabular::Binary);
    config.trials = 8;
    config.fairness = vec!["sex".into()];
    let outcome = run(&config, &train, &test).unwrap().outcome;
    let people = people(2, 3000);
    // The log loss of the true probabilities: no model does better but by luck.
    let best = people
        .iter()
        .map(|p| {
            let truth = 1.0 / (1.0 + (-p.margin()).exp());
            -(if p.bad() { truth } else { 1.0 - truth }).ln()
        })
        .sum::<f64>()
        / 3000.0;
    let loss = metric(&outcome.metrics, "log_loss");
    assert!(loss.value < best + 0.02, "{loss:?} {best}");
    assert!(loss.low < loss.value && loss.value < loss.high);
    let auc = metric(&outcome.metrics, "auc");
    assert_eq!(auc.method, "delong");
    assert!(auc.low < auc.value && auc.value < auc.high && auc.high - auc.low < 0.06);
    assert!(auc.value > metric(baseline(&outcome, "tree"), "auc").value);
    assert!((metric(baseline(&outcome, "majority"), "auc").value - 0.5).abs() < 1e-12);
    assert!(
        metric(baseline(&outcome, "logistic"), "auc").value > 0.7,
        "the truth is nearly linear"
    );
    let calibration = outcome.calibration.as_ref().unwrap();
    assert!(calibration.ece.1 < 0.04, "{:?}", calibration.ece);
    let confusion: u64 = outcome.confusion.iter().flatten().sum();
    assert_eq!(confusion, 3000);
    let groups = &outcome.fairness[0].groups;
    assert_eq!(groups.len(), 2);
    assert!((groups[1].selection_ratio.unwrap() - 1.0).abs() < 0.2, "sex does not matter here");
}

#[test]
fn balanced_training_is_calibrated_back_to_the_truth() {
    let (train, test) = (credit(1, 3000), credit(2, 2000));
    let mut config = config(Tabular::Binary);
    config.balance = true;
    config.trials = 3;
    let outcome = run(&config, &train, &test).unwrap().outcome;
    let calibration = outcome.calibration.unwrap();
    assert_ne!(calibration.method, "none");
    assert!(
        calibration.ece.1 < 0.05 && calibration.ece.1 < calibration.ece.0 / 2.0,
        "{:?}",
        calibration.ece
    );
    assert!(calibration.brier.1 < calibration.brier.0);
}

/// Two noisy rings of 60 rows each and 20 columns of noise: LightGBM's defaults overfit, so a search pays.
fn small_and_noisy(seed: u64, count: usize) -> RecordBatch {
    let mut draw = Draw(seed);
    let mut columns: Vec<Vec<f64>> = vec![vec![]; 12];
    let mut target = vec![];
    for _ in 0..count {
        let row: Vec<f64> = (0..12).map(|_| draw.unit() * 2.0 - 1.0).collect();
        let margin = 1.6 * row[0] - 1.2 * row[1] + 0.8 * row[2];
        target.push(if draw.unit() < 1.0 / (1.0 + f64::exp(-margin)) { "yes" } else { "no" });
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    let mut named: Vec<(String, ArrayRef)> = columns
        .into_iter()
        .enumerate()
        .map(|(index, values)| {
            (format!("x{index}"), Arc::new(Float64Array::from(values)) as ArrayRef)
        })
        .collect();
    named.push(("risk".into(), Arc::new(StringArray::from(target))));
    RecordBatch::try_from_iter(named).unwrap()
}

#[test]
fn the_search_beats_the_defaults_where_they_can_be_beaten() {
    let (train, test) = (small_and_noisy(1, 400), small_and_noisy(2, 4000));
    let mut config = config(Tabular::Binary);
    config.trials = 12;
    config.calibrate = false;
    let searched = run(&config, &train, &test).unwrap().outcome;
    config.trials = 1;
    let defaults = run(&config, &train, &test).unwrap().outcome;
    let search = &searched.search;
    assert!(search.chosen > 0 && search.trials[search.chosen].loss < search.trials[0].loss);
    assert!(search.trials.iter().all(|trial| trial.loss >= search.trials[search.chosen].loss));
    assert_eq!(search.trials[0].rounds, 100);
    assert!(search.trials[0].params.is_empty(), "trial 0 is LightGBM as it comes");
    let loss = |outcome: &TrainOutcome| metric(&outcome.metrics, "log_loss").value;
    assert!(loss(&searched) < loss(&defaults) - 0.05, "{} {}", loss(&searched), loss(&defaults));
}

#[test]
fn several_classes() {
    let build = |seed: u64, count: usize| {
        let people = people(seed, count);
        let kinds = people.iter().map(|p| match p.margin() + p.draw - 0.5 {
            margin if margin < -1.5 => "low",
            margin if margin < 0.0 => "middle",
            _ => "high",
        });
        let target = Arc::new(StringArray::from_iter_values(kinds));
        table(&people, target)
    };
    let mut config = config(Tabular::Multiclass);
    config.trials = 3;
    let trained = run(&config, &build(1, 2000), &build(2, 1000)).unwrap();
    let outcome = &trained.outcome;
    assert_eq!(outcome.classes, ["high", "low", "middle"]);
    assert!(metric(&outcome.metrics, "accuracy").value > 0.75);
    assert!(metric(&outcome.metrics, "auc").value > metric(baseline(outcome, "tree"), "auc").value);
    assert_eq!(trained.model.forest().classes(), 3);
    assert!(outcome.threshold.is_none() && outcome.confusion.len() == 3);
    assert!(outcome.calibration.as_ref().unwrap().ece.1 < 0.06);
}

#[test]
fn numbers() {
    let build = |seed: u64, count: usize| {
        let people = people(seed, count);
        let values = people.iter().map(|p| 100.0 * p.margin() + 20.0 * (p.draw - 0.5));
        let target = Arc::new(Float64Array::from_iter_values(values));
        table(&people, target)
    };
    let mut config = config(Tabular::Regression);
    config.trials = 4;
    config.fairness = vec!["sex".into()];
    let outcome = run(&config, &build(1, 2000), &build(2, 1000)).unwrap().outcome;
    assert!(metric(&outcome.metrics, "r2").value > 0.97);
    assert!(
        metric(&outcome.metrics, "rmse").value < metric(baseline(&outcome, "tree"), "rmse").value
    );
    assert!(metric(baseline(&outcome, "linear"), "r2").value > 0.8);
    assert!(metric(baseline(&outcome, "majority"), "r2").value.abs() < 0.01);
    assert_eq!(outcome.residuals.len(), 5);
    assert!(outcome.fairness[0].groups[0].error.is_some() && outcome.calibration.is_none());
    config.params.insert("objective".into(), "regression_l1".into());
    let robust = run(&config, &build(1, 2000), &build(2, 1000)).unwrap();
    assert_eq!(robust.outcome.search.metric, "regression_l1");
}

#[test]
fn fixed_training_is_lightgbm_and_nothing_else() {
    let (train, test) = (credit(1, 1000), credit(2, 300));
    let trained = run(&config(Tabular::Binary), &train, &test).unwrap();
    let encoded = ingot_train::encode_table(&trained.preprocessing.signature, &[train]).unwrap();
    let params = BTreeMap::from([
        ("objective".to_owned(), "binary".to_owned()),
        ("num_threads".into(), "2".into()),
    ]);
    let text =
        ingot_train::fit_fixed(&params, 20, &[2, 3], &encoded.matrix, &encoded.labels).unwrap();
    let forest = ingot_runtime::Forest::parse(&text).unwrap();
    assert_eq!((forest.iterations(), forest.features()), (20, encoded.matrix.cols()));
}

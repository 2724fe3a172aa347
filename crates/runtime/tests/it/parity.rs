//! Our evaluation equals LightGBM's, on data made to meet every branch of its decision rule.

use ingot_runtime::lightgbm::{Booster, Dataset, Output, Params};
use ingot_runtime::{Forest, Matrix};

/// A small generator (`SplitMix64`), so that the data is the same everywhere.
struct Draw(u64);

impl Draw {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Columns: numbers, numbers with NaN, numbers with many zeros, a category, a category with NaN, counts.
fn rows(seed: u64, count: usize) -> Matrix {
    let mut draw = Draw(seed);
    let mut data = Vec::new();
    for _ in 0..count {
        let a = draw.unit() * 4.0 - 2.0;
        let b = if draw.unit() < 0.2 { f64::NAN } else { draw.unit() };
        let c = if draw.unit() < 0.6 { 0.0 } else { draw.unit() - 0.5 };
        let d = (draw.unit() * 70.0).floor();
        let e = if draw.unit() < 0.1 { f64::NAN } else { (draw.unit() * 5.0).floor() };
        let f = (draw.unit() * 10.0).floor();
        data.extend([a, b, c, d, e, f]);
    }
    Matrix::new(count, 6, data).unwrap()
}

fn signal(row: &[f64]) -> f64 {
    let b = if row[1].is_nan() { 1.0 } else { row[1] };
    row[0] + 2.0 * b - row[2] * 3.0 + (row[3] % 7.0) * 0.4 + if row[4] == 2.0 { 1.5 } else { 0.0 }
        - row[5] * 0.1
}

/// Rows with everything a server may be sent: huge, tiny, negative, fractional and unknown categories, NaN everywhere.
fn odd_rows() -> Matrix {
    let odd = [
        f64::NAN,
        0.0,
        -0.0,
        1e-36,
        -1e-36,
        1e-35,
        -1e-35,
        1.000_000_018e-35,
        1e-30,
        -1e-30,
        0.5,
        -0.5,
        -1.0,
        -0.999,
        1.5,
        2.0,
        4.999,
        5.0,
        31.0,
        32.0,
        33.0,
        69.0,
        70.0,
        71.0,
        1e6,
        2_147_483_647.0,
        2_147_483_648.0,
        -2_147_483_649.0,
        1e300,
        -1e300,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    let mut draw = Draw(9);
    let data: Vec<f64> =
        (0..600 * 6).map(|_| odd[(draw.bits() % odd.len() as u64) as usize]).collect();
    Matrix::new(600, 6, data).unwrap()
}

fn compare(params: &Params, label: impl Fn(&[f64], f64) -> f64, rounds: usize) {
    let matrix = rows(1, 3000);
    let mut draw = Draw(5);
    let labels: Vec<f64> = matrix.iter_rows().map(|row| label(row, draw.unit())).collect();
    let params = params
        .clone()
        .with("deterministic", true)
        .with("force_row_wise", true)
        .with("num_threads", 2);
    let data = Dataset::new(&matrix, &labels, None, &[3, 4], &params, None).unwrap();
    let mut booster = Booster::new(&data, &params).unwrap();
    for _ in 0..rounds {
        booster.update().unwrap();
    }
    let text = booster.to_text(rounds).unwrap();
    assert!(!text.contains("num_threads"), "the model does not depend on the machine");
    let forest = Forest::parse(&text).unwrap();
    assert!(
        forest
            .trees()
            .iter()
            .any(|tree| (0..tree.split_feature().len()).any(|node| tree.is_categorical(node)))
    );
    for sample in [rows(2, 1500), odd_rows()] {
        let ours = forest.raw_batch(&sample).unwrap();
        let theirs = booster.predict(&sample, Output::Margin).unwrap();
        assert_eq!(ours.data().len(), theirs.data().len());
        // LightGBM averages a random forest only in its scores; our margins are what the link takes.
        let scale = if forest.average_output() { forest.iterations() as f64 } else { 1.0 };
        for (row, (a, b)) in ours.data().iter().zip(theirs.data()).enumerate() {
            assert!((a - b / scale).abs() <= 1e-12, "margin {row}: {a} {b}");
        }
        let scores = forest.scores(&sample).unwrap();
        let theirs = booster.predict(&sample, Output::Score).unwrap();
        for (row, (a, b)) in scores.data().iter().zip(theirs.data()).enumerate() {
            assert!((a - b).abs() <= 1e-12, "score {row}: {a} {b}");
        }
        let mut one = vec![0.0; forest.classes()];
        for (index, row) in sample.iter_rows().enumerate() {
            forest.raw(row, &mut one);
            assert_eq!(one, ours.row(index), "one row and a batch agree to the bit");
        }
        let contributions = booster.predict(&sample, Output::Contributions).unwrap();
        for (index, row) in contributions.iter_rows().enumerate() {
            for (class, part) in row.chunks(7).enumerate() {
                let sum: f64 = part.iter().sum();
                assert!((sum / scale - ours.row(index)[class]).abs() < 1e-6);
            }
        }
    }
}

#[test]
fn binary_with_nan_as_missing() {
    let label = |row: &[f64], noise: f64| f64::from(u8::from(signal(row) + noise > 2.2));
    compare(&Params::new().with("objective", "binary"), label, 60);
}

#[test]
fn binary_with_another_sigmoid_and_zero_as_missing() {
    let label = |row: &[f64], noise: f64| f64::from(u8::from(signal(row) + noise > 2.2));
    let params = Params::new()
        .with("objective", "binary")
        .with("sigmoid", 1.7)
        .with("zero_as_missing", true);
    compare(&params, label, 30);
}

#[test]
fn binary_without_missing() {
    let label = |row: &[f64], noise: f64| f64::from(u8::from(signal(row) + noise > 2.2));
    compare(&Params::new().with("objective", "binary").with("use_missing", false), label, 30);
}

#[test]
fn several_classes() {
    let label = |row: &[f64], noise: f64| (signal(row) + noise).clamp(0.0, 3.9).floor();
    compare(&Params::new().with("objective", "multiclass").with("num_class", 4), label, 20);
}

#[test]
fn numbers_with_every_objective_that_has_no_link() {
    for objective in ["regression", "regression_l1", "huber", "fair", "quantile", "mape"] {
        compare(
            &Params::new().with("objective", objective),
            |row, noise| signal(row) * 10.0 + noise,
            25,
        );
    }
}

#[test]
fn a_split_on_missing_alone_has_an_infinite_threshold() {
    // Values on both sides of zero: no threshold below them all exists, so "known or missing" needs one above them all.
    let mut matrix = rows(1, 2000);
    matrix.data_mut().iter_mut().skip(1).step_by(6).for_each(|value| *value = *value * 2.0 - 1.0);
    let labels: Vec<f64> =
        matrix.iter_rows().map(|row| f64::from(u8::from(row[1].is_nan()))).collect();
    let params = Params::new().with("objective", "binary").with("deterministic", true);
    let data = Dataset::new(&matrix, &labels, None, &[3, 4], &params, None).unwrap();
    let mut booster = Booster::new(&data, &params).unwrap();
    booster.update().unwrap();
    let forest = Forest::parse(&booster.to_text(1).unwrap()).unwrap();
    assert!(forest.trees()[0].threshold().contains(&f64::INFINITY), "{:?}", forest.trees()[0]);
    for sample in [rows(2, 500), odd_rows()] {
        let (ours, theirs) =
            (forest.raw_batch(&sample).unwrap(), booster.predict(&sample, Output::Margin).unwrap());
        assert_eq!(ours.data(), theirs.data());
    }
}

#[test]
fn random_forest_averages() {
    let label = |row: &[f64], noise: f64| f64::from(u8::from(signal(row) + noise > 2.2));
    let params = Params::new()
        .with("objective", "binary")
        .with("boosting", "rf")
        .with("bagging_freq", 1)
        .with("bagging_fraction", 0.6);
    compare(&params, label, 15);
}

#[test]
fn links_that_are_not_offered_are_refused_by_name() {
    let matrix = rows(1, 300);
    let labels: Vec<f64> =
        matrix.iter_rows().map(|row| (signal(row).abs() + 0.1).min(1.0)).collect();
    for objective in ["poisson", "gamma", "tweedie", "cross_entropy"] {
        let params = Params::new().with("objective", objective);
        let data = Dataset::new(&matrix, &labels, None, &[3, 4], &params, None).unwrap();
        let mut booster = Booster::new(&data, &params).unwrap();
        booster.update().unwrap();
        let fault = Forest::parse(&booster.to_text(1).unwrap()).unwrap_err();
        assert_eq!(fault.code(), "runtime-model-unsupported");
        assert!(fault.to_string().contains(objective));
    }
}

#[test]
fn validation_scores_metrics_and_rollback() {
    let (train, valid) = (rows(1, 2000), rows(2, 500));
    let label = |row: &[f64]| f64::from(u8::from(signal(row) > 2.2));
    let labels = |matrix: &Matrix| matrix.iter_rows().map(label).collect::<Vec<_>>();
    let params = Params::new().with("objective", "binary").with("metric", "binary_logloss,auc");
    let data = Dataset::new(&train, &labels(&train), None, &[3, 4], &params, None).unwrap();
    let held = Dataset::new(&valid, &labels(&valid), None, &[3, 4], &params, Some(&data)).unwrap();
    let mut booster = Booster::new(&data, &params).unwrap();
    booster.add_valid(&held).unwrap();
    for _ in 0..10 {
        booster.update().unwrap();
    }
    let after_ten = booster.scores(1).unwrap();
    let metrics = booster.eval(1).unwrap();
    assert!(metrics.len() == 2 && metrics[0] < 0.6 && metrics[1] > 0.8, "{metrics:?}");
    let predicted = booster.predict(&valid, Output::Score).unwrap();
    for (a, b) in after_ten.iter().zip(predicted.data()) {
        assert!((a - b).abs() < 1e-12);
    }
    booster.update().unwrap();
    assert_ne!(booster.scores(1).unwrap(), after_ten);
    booster.rollback().unwrap();
    assert_eq!(booster.iterations().unwrap(), 10);
    assert!(booster.eval(2).is_err());
}

#[test]
fn failures_are_faults() {
    let matrix = rows(1, 100);
    let labels = vec![7.0; 100];
    let params = Params::new().with("objective", "binary");
    assert!(Dataset::new(&matrix, &labels[..99], None, &[], &params, None).is_err());
    let data = Dataset::new(&matrix, &labels, None, &[], &params, None).unwrap();
    let few = Params::new().with("objective", "multiclass").with("num_class", 3);
    let fault = Booster::new(&data, &few).unwrap_err();
    assert_eq!(fault.code(), "runtime-lightgbm");
    assert!(Booster::new(&data, &Params::new().with("objective", "no such")).is_err());
    assert!(Booster::new(&data, &Params::new().with("objective", "nosuch")).is_err());
    let empty = Matrix::new(0, 6, vec![]).unwrap();
    assert!(Dataset::new(&empty, &[], None, &[], &params, None).is_err());
}

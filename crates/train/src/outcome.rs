//! What a training run found out; everything a report or a model card says comes from here. Holds no clock time, so that equal runs
//! give equal documents.

use crate::Cost;
use crate::review::Review;
use ingot_base::{Tabular, Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The evidence of one training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainOutcome {
    /// The kind of question.
    pub task: Tabular,
    /// The target column.
    pub target: String,
    /// Binary: negative, positive; multiclass: the classes; empty for numbers.
    pub classes: Vec<String>,
    /// Rows of each table.
    pub rows: Rows,
    /// The columns learned from, in feature order.
    pub features: Vec<Feature>,
    /// The columns left out, and why.
    pub excluded: Vec<Excluded>,
    /// How candidates were compared.
    pub scheme: Scheme,
    /// What was tried and chosen.
    pub search: Search,
    /// The final model's size.
    pub model: ModelSize,
    /// Whether sources have weights. They count in what models learn from; every figure here counts each row once.
    #[serde(default)]
    pub weighted: bool,
    /// Groups among the test rows, where the split keeps groups together: intervals are of whole groups drawn anew.
    #[serde(default)]
    pub test_groups: Option<u64>,
    /// On the test rows.
    pub metrics: Vec<Metric>,
    /// The same metrics of simpler models on the same rows.
    pub baselines: Vec<Baseline>,
    /// Classification: how scores became probabilities.
    pub calibration: Option<CalibrationOutcome>,
    /// Binary: how probabilities become labels.
    pub threshold: Option<Threshold>,
    /// Classification: test rows by true (outer) and predicted (inner) class, in the order of `classes`.
    pub confusion: Vec<Vec<u64>>,
    /// Binary: points of the test rows' ROC curve, false positive rate and true positive rate, at most 101.
    pub roc: Vec<(f64, f64)>,
    /// Regression: the 5 %, 25 %, 50 %, 75 % and 95 % quantiles of prediction minus truth on the test rows.
    pub residuals: Vec<f64>,
    /// Groups compared, per named column.
    pub fairness: Vec<Slices>,
    /// The gate that the exported model passed.
    pub parity: Parity,
    /// What is worth another look, when it was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// Per column: test rows with a category that training did not have.
    pub unknown_categories: BTreeMap<String, u64>,
}

/// With fewer test rows intervals are no longer what they say: bootstraps of a handful of rows draw the same few again and again, and a
/// model that has all of them right seems certain. 30 is the usual least for intervals that rest on large samples.
const TEST_ROWS: u64 = 30;
/// The same for test rows outside the largest class: with two classes, of the rarer one.
const TEST_RARE: u64 = 5;

/// The test rows, and those of them outside the largest class, where they are too few for intervals and comparisons: fewer than 30 rows, or
/// fewer than 5 outside the largest class. Without classes, of numbers, rows alone count.
pub(crate) fn few(rows: u64, confusion: &[Vec<u64>]) -> Option<(u64, Option<u64>)> {
    let counts: Vec<u64> = confusion.iter().map(|row| row.iter().sum()).collect();
    let largest = counts.iter().max();
    let rare = largest.map(|largest| counts.iter().sum::<u64>() - largest);
    let few = rows < TEST_ROWS || rare.is_some_and(|rare| rare < TEST_RARE);
    few.then_some((rows, rare))
}

impl TrainOutcome {
    /// The test rows, and of classes those outside the largest one, where they are too few for intervals and comparisons.
    pub fn few_test_rows(&self) -> Option<(u64, Option<u64>)> {
        few(self.rows.test, &self.confusion)
    }

    /// The figures as they may be told: without intervals where the test rows are too few for any.
    pub fn told_metrics(&self) -> Vec<Metric> {
        self.metrics.iter().map(|metric| self.told(metric)).collect()
    }

    /// The same of one figure on the test rows, the model's or a simpler one's.
    pub fn told(&self, metric: &Metric) -> Metric {
        metric.told(self.few_test_rows().is_some())
    }
}

/// Rows of each table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Learned from.
    pub train: u64,
    /// Given by the split for early stopping; 0 when it gave none.
    pub validation: u64,
    /// Only measured on.
    pub test: u64,
}

/// What a part of the data is called in messages.
pub(crate) fn part(name: &str) -> Text {
    match name {
        "train" | "training" => Text::new("training", "训练集"),
        "validation" => Text::new("validation", "验证集"),
        "test" => Text::new("test", "测试集"),
        other => Text::same(other),
    }
}

/// A column learned from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// Training rows without a value.
    pub missing: u64,
    /// Training rows.
    pub rows: u64,
}

/// A column left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: Text,
}

/// How candidates were compared, rounds were counted and probabilities calibrated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Scheme {
    /// On the validation rows of the split; the final model is trained on the training rows alone.
    Validation {
        /// Rows held out.
        rows: u64,
    },
    /// On inner folds of the training rows; the final model is trained on all training rows with the number of rounds found.
    Folds {
        /// How many folds the rows were dealt into.
        folds: usize,
        /// How many of them were each held out once; 1 for large tables.
        held_out: usize,
        /// Whether groups or near duplicates were kept together (then folds are stratified only as far as these allow).
        grouped: bool,
    },
}

/// The search for parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// LightGBM's name of the loss that was compared on held-out rows; smaller is better.
    pub metric: String,
    /// Everything that was tried, in order; 0 is LightGBM's defaults.
    pub trials: Vec<Trial>,
    /// Index of the winner.
    pub chosen: usize,
    /// How many trials were planned.
    pub planned: usize,
    /// Whether the time budget ended the search early. Then another machine may find another model.
    pub budget_cut: bool,
}

/// One candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// What differs from LightGBM's defaults.
    pub params: BTreeMap<String, String>,
    /// Boosting rounds: where the loss was lowest, or fixed for the defaults.
    pub rounds: usize,
    /// The loss on held-out rows, mean over folds.
    pub loss: f64,
    /// Its standard error over folds; none with a single one.
    pub error: Option<f64>,
}

/// The final model's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSize {
    /// Boosting rounds.
    pub rounds: usize,
    /// Trees: rounds × classes for multiclass.
    pub trees: usize,
    /// Leaves of all trees.
    pub leaves: usize,
}

/// A figure and its 95 % confidence interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// `auc`, `log_loss`, `brier`, `accuracy`, `precision`, `recall`, `f1`, `ks`, `balanced_accuracy`, `rmse`, `mae`, `r2`;
    /// multiclass: macro averages under the same names. Where the recipe states costs also `cost`, the mean cost per row.
    pub name: String,
    /// On all test rows.
    pub value: f64,
    /// Lower end; no number where there is no interval.
    pub low: f64,
    /// Upper end; the same.
    pub high: f64,
    /// `delong`, `bootstrap`, `group_bootstrap` (whole groups of rows are drawn), `band` (a uniform band, which covers at least 95 %) or
    /// `wilson` (of shares, where no draw would differ; of groups, each counts as one row).
    pub method: String,
}

impl Metric {
    /// As it may be told of few test rows, or of enough.
    pub(crate) fn told(&self, few: bool) -> Self {
        if few { Self { low: f64::NAN, high: f64::NAN, ..self.clone() } } else { self.clone() }
    }

    /// The interval, where there is one.
    pub fn interval(&self) -> Option<(f64, f64)> {
        (self.low.is_finite() && self.high.is_finite()).then_some((self.low, self.high))
    }
}

/// A simpler model for comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// `majority` (the mean for numbers), `logistic` (`linear` for numbers) or `tree`.
    pub name: String,
    /// On the test rows.
    pub metrics: Vec<Metric>,
    /// How much worse the model does than this one.
    #[serde(default)]
    pub gap: Option<Gap>,
}

/// The model's mean loss per test row minus a simpler model's: log loss, or the squared error of numbers. Positive: the simpler
/// model is better. The interval is of the rows' paired differences, so it is much narrower than what two separate intervals tell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// Mean difference.
    pub value: f64,
    /// Lower end of its 95 % interval (normal).
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How scores became probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationOutcome {
    /// `none`, `platt`, `isotonic` or `temperature`.
    pub method: String,
    /// Every method tried with its cross-validated log loss on held-out scores.
    pub tried: Vec<(String, f64)>,
    /// Expected calibration error on the test rows, before and after.
    pub ece: (f64, f64),
    /// Brier score on the test rows, before and after.
    pub brier: (f64, f64),
    /// Reliability on the test rows before; multiclass: of the likeliest class.
    pub before: Vec<ReliabilityBin>,
    /// Reliability on the test rows after.
    pub after: Vec<ReliabilityBin>,
}

/// Rows whose probability lies in one tenth of [0, 1]; empty tenths are left out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Mean predicted probability.
    pub predicted: f64,
    /// Share that was true.
    pub observed: f64,
    /// Lower end of the share's 95 % interval (Wilson).
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Rows.
    pub rows: u64,
}

/// How probabilities become labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Scores at or above it are labelled positive.
    pub value: f64,
    /// The costs it was chosen for; none when both mistakes cost the same (0.5).
    pub cost: Option<Cost>,
    /// The threshold that is optimal when probabilities are exact: `fp / (fp + fn)`.
    pub theoretical: f64,
    /// The chosen and other thresholds compared on held-out training scores.
    pub table: Vec<ThresholdRow>,
    /// Mean cost per test row at the chosen threshold.
    pub test_cost: f64,
    /// Mean cost per test row when every row is labelled alike, the cheaper way.
    pub test_cost_constant: f64,
}

/// One threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ThresholdRow {
    /// Scores at or above it are labelled positive.
    pub threshold: f64,
    /// Mean cost per row.
    pub cost: f64,
    /// Share of rows labelled positive.
    pub selected: f64,
    /// Share of the positive class labelled positive.
    pub recall: f64,
    /// Share of the negative class labelled positive.
    pub false_positive_rate: f64,
}

/// The groups of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slices {
    /// The column.
    pub column: String,
    /// Its name for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
    /// Its groups on the test rows, largest first; the first is the reference of the ratios.
    pub groups: Vec<Slice>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// The value, range or "missing".
    pub name: Text,
    /// Test rows.
    pub rows: u64,
    /// Whether it is too small for its figures to mean much (under 30 rows, or under 10 of a class).
    pub small: bool,
    /// Binary: share of the positive class.
    pub base_rate: Option<Share>,
    /// Binary: share labelled positive.
    pub selected: Option<Share>,
    /// Binary: share of the positive class labelled positive.
    pub true_positive_rate: Option<Share>,
    /// Binary: share of the negative class labelled positive.
    pub false_positive_rate: Option<Share>,
    /// Binary: share labelled positive divided by the reference group's.
    pub selection_ratio: Option<f64>,
    /// Multiclass: share labelled rightly.
    pub accuracy: Option<Share>,
    /// Regression: mean of prediction minus truth, and root mean square.
    pub error: Option<(f64, f64)>,
}

/// A share with its 95 % interval (Wilson).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Hits divided by rows.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Rows it is a share of.
    pub rows: u64,
}

/// The exported model evaluated by this project's own code against LightGBM's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Parity {
    /// Rows compared.
    pub rows: u64,
    /// Largest difference of margins.
    pub difference: f64,
    /// Largest difference allowed.
    pub tolerance: f64,
}

//! Simpler models on the same rows, so that a reader sees what the chosen one buys.

use crate::Cost;
use crate::engine::{Rows, Setup, fit};
use crate::linear::Linear;
use crate::metrics::{Binary, EPSILON, Multiclass, Sampling, paired, regression};
use crate::outcome::{Baseline, Metric};
use crate::target::class_index;
use ingot_base::{Field, Result, Tabular};
use ingot_runtime::Matrix;
use ingot_runtime::lightgbm::Output;

/// Depth of the single tree: at most 16 leaves, what a person can still read.
const DEPTH: usize = 4;

/// How scores are judged, the same for every model.
pub(crate) struct Judge<'a> {
    pub(crate) task: Tabular,
    pub(crate) test: &'a Rows,
    pub(crate) threshold: f64,
    pub(crate) cost: Option<Cost>,
    /// What may be drawn anew for intervals.
    pub(crate) sampling: Sampling<'a>,
}

impl Judge<'_> {
    /// All figures of one model's scores on the test rows.
    pub(crate) fn metrics(&self, scores: &Matrix) -> Vec<Metric> {
        let (labels, sampling) = (&self.test.labels, self.sampling);
        match self.task {
            Tabular::Binary => {
                let (threshold, cost) = (self.threshold, self.cost);
                Binary { scores: scores.data(), labels, threshold, cost }.metrics(sampling)
            }
            Tabular::Multiclass => Multiclass { scores, labels }.metrics(sampling),
            Tabular::Regression => regression(scores.data(), labels, sampling),
        }
    }

    /// Each test row's loss: the log loss, or the squared error of a number.
    fn losses(&self, scores: &Matrix) -> Vec<f64> {
        let rows = scores.iter_rows().zip(&self.test.labels);
        rows.map(|(row, &label)| {
            let likely = |p: f64| -p.clamp(EPSILON, 1.0).ln();
            match (self.task, row) {
                (Tabular::Regression, row) => {
                    (row.first().copied().unwrap_or(f64::NAN) - label).powi(2)
                }
                (_, [p]) => likely(if label > 0.5 { *p } else { 1.0 - p }),
                (_, row) => likely(row.get(class_index(label)).copied().unwrap_or_default()),
            }
        })
        .collect()
    }
}

/// Majority (or mean), logistic (or linear) regression and a single tree, trained on the training rows; `model` are the scores of the
/// model that they are compared with.
pub(crate) fn all(
    judge: &Judge<'_>,
    model: &Matrix,
    setup: &Setup,
    fields: &[Field],
    train: &Rows,
) -> Result<Vec<Baseline>> {
    let linear =
        Linear::fit(judge.task, fields, train, setup.classes).scores(&judge.test.matrix)?;
    let linear_name = if judge.task == Tabular::Regression { "linear" } else { "logistic" };
    let scores = [
        ("majority", majority(judge, setup, train)?),
        (linear_name, linear),
        ("tree", tree(judge, setup, train)?),
    ];
    let own = judge.losses(model);
    let named = scores.into_iter().map(|(name, scores)| {
        let theirs = judge.losses(&scores);
        let differences: Vec<f64> =
            own.iter().zip(theirs).map(|(own, other)| own - other).collect();
        let gap = paired(&differences, judge.sampling);
        Baseline { name: name.to_owned(), metrics: judge.metrics(&scores), gap }
    });
    Ok(named.collect())
}

/// The classes' shares, or the mean, for every row.
fn majority(judge: &Judge<'_>, setup: &Setup, train: &Rows) -> Result<Matrix> {
    let total: f64 = train.weights.iter().sum();
    let mut shares = vec![0.0; setup.classes];
    for (&label, weight) in train.labels.iter().zip(&train.weights) {
        match shares.as_mut_slice() {
            [mean] => *mean += weight * label / total,
            shares => {
                if let Some(share) = shares.get_mut(class_index(label)) {
                    *share += weight / total;
                }
            }
        }
    }
    let rows = judge.test.matrix.rows();
    Matrix::new(rows, setup.classes, shares.repeat(rows))
}

/// One round of LightGBM at full learning rate.
fn tree(judge: &Judge<'_>, setup: &Setup, train: &Rows) -> Result<Matrix> {
    let mut params = setup.base.clone();
    params.set("max_depth", DEPTH);
    params.set("num_leaves", 1 << DEPTH);
    params.set("learning_rate", 1);
    // Without class weights: a baseline is what a person would get from the rows as they are.
    let setup = Setup { class_weights: vec![], ..setup.clone() };
    let data = setup.dataset(train, &params, None)?;
    fit(&data, &params, 1)?.predict(&judge.test.matrix, Output::Score)
}

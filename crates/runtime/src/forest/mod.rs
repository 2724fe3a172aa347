//! Gradient-boosted trees as LightGBM writes them, evaluated as LightGBM does.

mod parse;
mod tree;

pub use tree::{Missing, Tree};

use crate::Matrix;
use crate::calibration::sigmoid;
use crate::messages::SHAPE;
use ingot_base::{Fault, Result};
use tree::{Cell, LANES, Walk};

/// Rows evaluated together, so that a tree's nodes stay in the cache while a block passes.
const BLOCK: usize = 64;

/// Features of a row that need no allocation to be walked with.
const INLINE: usize = 64;

/// How the sum of the leaves becomes a score.
#[derive(Debug, Clone, PartialEq)]
pub enum Objective {
    /// Log loss: the score is `1 / (1 + exp(-sigmoid·margin))`, the probability of class 1.
    Binary {
        /// LightGBM's `sigmoid` parameter.
        sigmoid: f64,
    },
    /// Cross entropy over classes: softmax.
    Softmax {
        /// How many classes.
        classes: usize,
    },
    /// A number, as it is: one of LightGBM's regression objectives without a link function.
    Identity {
        /// LightGBM's name for it.
        name: String,
    },
}

impl Objective {
    /// Turns the margins of one row into scores, in place (LightGBM's `ConvertOutput`).
    pub fn convert(&self, margins: &mut [f64]) {
        match self {
            Self::Binary { sigmoid: slope } => {
                for margin in margins {
                    *margin = sigmoid(slope * *margin);
                }
            }
            Self::Softmax { .. } => softmax(margins),
            Self::Identity { .. } => {}
        }
    }
}

fn softmax(row: &mut [f64]) {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for value in row.iter_mut() {
        *value = (*value - largest).exp();
        sum += *value;
    }
    for value in row {
        *value /= sum;
    }
}

/// A validated ensemble. Every index in it is in range, every tree is a tree, every number finite.
#[derive(Debug, Clone)]
pub struct Forest {
    objective: Objective,
    classes: usize,
    features: usize,
    feature_names: Vec<String>,
    average_output: bool,
    trees: Vec<Tree>,
    walk: Walk,
}

impl Forest {
    /// Reads LightGBM's text model (`version=v3` or `v4`).
    ///
    /// # Errors
    /// When the text is damaged, truncated, beyond the limits, or uses an objective or leaf model that is not offered; the fault names the
    /// line or the feature.
    pub fn parse(text: &str) -> Result<Self> {
        parse::forest(text)
    }

    fn assemble(header: parse::Header, trees: Vec<Tree>) -> Self {
        let walk = Walk::new(&trees);
        let parse::Header { objective, classes, features, feature_names, average_output } = header;
        Self { objective, classes, features, feature_names, average_output, trees, walk }
    }

    /// The trees in training order; tree `i` adds to output `i % classes()`.
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// Outputs per row: 1 for binary and numbers, the number of classes otherwise.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many features a row has.
    pub fn features(&self) -> usize {
        self.features
    }

    /// LightGBM's names of the features.
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// How margins become scores.
    pub fn objective(&self) -> &Objective {
        &self.objective
    }

    /// Whether outputs are the mean over iterations (random forest mode) rather than their sum.
    pub fn average_output(&self) -> bool {
        self.average_output
    }

    /// Boosting rounds: trees per output.
    pub fn iterations(&self) -> usize {
        self.trees.len() / self.classes
    }

    /// The margins of one row: `out[k]` is the sum (or mean) of the reached leaves of output `k`. Allocates only for more than 64 features.
    ///
    /// Features that `row` is too short for count as missing; outputs that `out` is too short for are not computed.
    pub fn raw(&self, row: &[f64], out: &mut [f64]) {
        let mut inline = [Cell::MISSING; INLINE];
        if row.len() > INLINE {
            return self.add(&row.iter().copied().map(Cell::new).collect::<Vec<_>>(), out);
        }
        for (cell, &value) in inline.iter_mut().zip(row) {
            *cell = Cell::new(value);
        }
        self.add(&inline, out);
    }

    fn add(&self, row: &[Cell], out: &mut [f64]) {
        out.fill(0.0);
        for (group, roots) in self.walk.roots.chunks(LANES).enumerate() {
            let values = self.walk.values(lanes(roots.iter().copied()), |_| row);
            for ((tree, _), value) in (group * LANES..).zip(roots).zip(values) {
                if let Some(sum) = out.get_mut(tree % self.classes) {
                    *sum += value;
                }
            }
        }
        self.average(out);
    }

    /// The margins of many rows (`rows × features()`), as `rows × classes()`; tree by tree over blocks of rows.
    ///
    /// # Errors
    /// When the matrix does not have exactly `features()` columns.
    pub fn raw_batch(&self, rows: &Matrix) -> Result<Matrix> {
        self.check(rows)?;
        let mut out = Matrix::zeros(rows.rows(), self.classes)?;
        self.raw_block(rows.data(), out.data_mut());
        Ok(out)
    }

    /// LightGBM's own scores, before any calibration: `rows × classes()`.
    ///
    /// # Errors
    /// When the matrix does not have exactly `features()` columns.
    pub fn scores(&self, rows: &Matrix) -> Result<Matrix> {
        let mut out = self.raw_batch(rows)?;
        for row in out.data_mut().chunks_exact_mut(self.classes) {
            self.objective.convert(row);
        }
        Ok(out)
    }

    /// Row-major features into row-major margins, for callers that divide the rows among threads.
    ///
    /// Computes as many rows as both slices hold.
    pub fn raw_block(&self, rows: &[f64], out: &mut [f64]) {
        let blocks = rows.chunks(BLOCK * self.features);
        let mut cells = Vec::with_capacity(BLOCK * self.features);
        for (rows, out) in blocks.zip(out.chunks_mut(BLOCK * self.classes)) {
            cells.clear();
            cells.extend(rows.iter().copied().map(Cell::new));
            out.fill(0.0);
            for (index, &root) in self.walk.roots.iter().enumerate() {
                if let Some(out) = out.get_mut(index % self.classes..) {
                    self.tree(root, &cells, out);
                }
            }
            self.average(out);
        }
    }

    /// Adds what one tree gives to every `classes()`th place of `out`, for so many rows as both hold.
    fn tree(&self, root: i32, rows: &[Cell], out: &mut [f64]) {
        let rows = rows.chunks(LANES * self.features);
        for (rows, out) in rows.zip(out.chunks_mut(LANES * self.classes)) {
            let count = rows.len() / self.features;
            let row = |lane| rows.get(lane * self.features..).unwrap_or_default();
            let values = self.walk.values(lanes(std::iter::repeat_n(root, count)), row);
            let sums = out.iter_mut().step_by(self.classes).take(count);
            for (sum, value) in sums.zip(values) {
                *sum += value;
            }
        }
    }

    fn average(&self, out: &mut [f64]) {
        if self.average_output {
            #[expect(clippy::cast_precision_loss, reason = "at most a few thousand rounds")]
            let rounds = self.iterations().max(1) as f64;
            for value in out {
                *value /= rounds;
            }
        }
    }

    fn check(&self, rows: &Matrix) -> Result<()> {
        if rows.cols() == self.features {
            return Ok(());
        }
        Err(Fault::new(&SHAPE)
            .arg("found", format_args!("{} columns", rows.cols()))
            .arg("expected", self.features))
    }
}

/// The given places side by side; walks that nobody asked for are at their leaf already.
fn lanes(places: impl Iterator<Item = i32>) -> [i32; LANES] {
    let mut lanes = [!0; LANES];
    for (lane, place) in lanes.iter_mut().zip(places) {
        *lane = place;
    }
    lanes
}

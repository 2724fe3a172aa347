//! The model as a whole: importance, dependence, the surrogate tree.

use crate::draw;
use crate::local::{Background, title, word};
use crate::messages::NO_ROWS;
use crate::rng::Rng;
use crate::shapley::{Shap, TreeShap};
use crate::surrogate::{Surrogate, real};
use ingot_base::{Fault, FieldKind, Lang, Output, Reporter, Result, Text};
use ingot_runtime::{Matrix, Predictor as _, TabularModel};
use serde::{Deserialize, Serialize};

/// Points of a dependence curve.
const GRID: usize = 24;
/// Features shown in detail.
const SHOWN: usize = 8;
/// Rows whose single values are shown.
const DOTS: usize = 240;

/// How to explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExplainConfig {
    /// Decides samples and shuffles.
    pub seed: u64,
    /// Most rows that figures are computed over.
    pub sample: usize,
    /// Questions on a row's way through the surrogate tree.
    pub surrogate_depth: usize,
    /// Shuffles of each feature for permutation importance.
    pub repeats: usize,
}

impl Default for ExplainConfig {
    fn default() -> Self {
        Self { seed: 42, sample: 1000, surrogate_depth: 3, repeats: 5 }
    }
}

/// Everything that was found, and what goes with the model.
#[derive(Debug)]
pub struct Explained {
    /// Figures.
    pub outcome: ExplainOutcome,
    /// For explanations of single rows.
    pub background: Background,
    /// The surrogate tree, both languages inside.
    pub surrogate_svg: String,
    /// The surrogate tree in English.
    pub surrogate_png: Vec<u8>,
}

/// Figures of an explanation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainOutcome {
    /// Rows explained.
    pub rows: usize,
    /// Largest difference between a row's contributions with base, and its raw score.
    pub additivity: f64,
    /// Features, most important first.
    pub importance: Vec<Importance>,
    /// Dependence of the score on the most important features.
    pub dependence: Vec<Dependence>,
    /// The imitating tree.
    pub surrogate: Surrogate,
}

/// How much a feature matters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// Its name.
    pub feature: String,
    /// Its name for a person.
    pub title: Text,
    /// Mean absolute Shapley value over the rows explained, in units of the raw score.
    pub shapley: f64,
    /// Mean growth of the error when its values are shuffled (log loss; squared error for numbers).
    pub permutation: f64,
    /// Standard deviation of that growth over the shuffles.
    pub spread: f64,
    /// Shapley value and place within the feature's range (0 to 1) of some rows; only for the features shown in detail.
    pub dots: Vec<Point>,
}

/// A pair of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Horizontal.
    pub x: f64,
    /// Vertical, or shade.
    pub y: f64,
}

/// Mean score if every row had a feature's value (Friedman 2001).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dependence {
    /// Its name.
    pub feature: String,
    /// Its name for a person.
    pub title: Text,
    /// Value and mean score.
    pub curve: Vec<Point>,
    /// Names of the values when they are categories.
    pub labels: Vec<String>,
    /// Share of rows near each value.
    pub shares: Vec<f64>,
}

/// Explains a model on held-out rows.
///
/// # Errors
/// When there are no rows, contributions do not add up, or the picture cannot be drawn.
pub fn explain(
    config: &ExplainConfig,
    model: &TabularModel,
    train: &Matrix,
    test: &Matrix,
    labels: &[f64],
    reporter: &dyn Reporter,
) -> Result<Explained> {
    if test.rows() == 0 || train.rows() == 0 {
        return Err(Fault::new(&NO_ROWS));
    }
    let mut rng = Rng::new(config.seed);
    let chosen = rng.sample(test.rows(), config.sample.max(1));
    let rows = test.select(&chosen);
    let labels: Vec<f64> = chosen.iter().map(|row| labels.get(*row).copied().unwrap_or(f64::NAN)).collect();
    let shap = TreeShap::new(model.forest())?.values(&rows)?;
    reporter.advance(rows.rows() as u64);
    let importance = importance(config, model, &rows, &labels, &shap, &mut rng)?;
    let dependence = importance
        .iter()
        .take(SHOWN)
        .map(|feature| dependence(model, &rows, &feature.feature))
        .collect::<Result<Vec<_>>>()?;
    let surrogate = surrogate(config, model, train, test)?;
    let surrogate_svg = draw::svg(&surrogate, None);
    let surrogate_png = draw::png(&draw::svg(&surrogate, Some(Lang::En)))?;
    Ok(Explained {
        outcome: ExplainOutcome { rows: rows.rows(), additivity: additivity(model, &rows, &shap), importance, dependence, surrogate },
        background: Background::measure(model, train)?,
        surrogate_svg,
        surrogate_png,
    })
}

/// Mean score of a row: the score itself for one output, the highest for several.
fn first(scores: &Matrix) -> Vec<f64> {
    scores.iter_rows().map(|row| row.iter().copied().fold(f64::NEG_INFINITY, f64::max)).collect()
}

fn additivity(model: &TabularModel, rows: &Matrix, shap: &Shap) -> f64 {
    let stride = rows.cols() + 1;
    let mut raw = vec![0.0; model.forest().classes().max(1)];
    let mut worst = 0.0_f64;
    for row in 0..rows.rows() {
        model.forest().raw(rows.row(row), &mut raw);
        for (part, raw) in shap.row(row).chunks_exact(stride).zip(&raw) {
            worst = worst.max((part.iter().sum::<f64>() - raw).abs());
        }
    }
    worst
}

/// The error that permutation importance watches: log loss, or squared error for numbers. Rows without a label do not count.
fn error(output: &Output, scores: &Matrix, labels: &[f64]) -> f64 {
    let losses: Vec<f64> = scores
        .iter_rows()
        .zip(labels)
        .filter(|(_, label)| label.is_finite())
        .map(|(row, label)| {
            let likelihood = match output {
                Output::Number { .. } => return row.first().map_or(0.0, |score| (score - label).powi(2)),
                Output::Binary { .. } => {
                    let score = row.first().copied().unwrap_or(0.5);
                    if *label > 0.5 { score } else { 1.0 - score }
                }
                Output::Multiclass { .. } => {
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a class index")]
                    let class = *label as usize;
                    row.get(class).copied().unwrap_or(0.0)
                }
            };
            -likelihood.clamp(1e-15, 1.0).ln()
        })
        .collect();
    losses.iter().sum::<f64>() / real(losses.len().max(1))
}

fn importance(
    config: &ExplainConfig,
    model: &TabularModel,
    rows: &Matrix,
    labels: &[f64],
    shap: &Shap,
    rng: &mut Rng,
) -> Result<Vec<Importance>> {
    let signature = model.signature();
    let outputs = model.forest().classes().max(1);
    let before = error(&signature.output, &model.scores(rows)?, labels);
    let mut list = Vec::new();
    for (column, field) in signature.inputs.iter().enumerate() {
        let total: f64 = (0..rows.rows())
            .flat_map(|row| (0..outputs).map(move |output| (row, output)))
            .filter_map(|(row, output)| shap.contributions(row, output).get(column))
            .map(|value| value.abs())
            .sum();
        let mut growth = Vec::new();
        for _ in 0..config.repeats.max(1) {
            let mut order: Vec<usize> = (0..rows.rows()).collect();
            rng.shuffle(&mut order);
            let mut shuffled = rows.clone();
            for (row, other) in order.into_iter().enumerate() {
                let value = rows.row(other).get(column).copied().unwrap_or(f64::NAN);
                if let Some(slot) = shuffled.data_mut().get_mut(row * rows.cols() + column) {
                    *slot = value;
                }
            }
            growth.push(error(&signature.output, &model.scores(&shuffled)?, labels) - before);
        }
        let mean = growth.iter().sum::<f64>() / real(growth.len());
        let squares: f64 = growth.iter().map(|value| (value - mean).powi(2)).sum();
        list.push(Importance {
            feature: field.name.clone(),
            title: title(field),
            shapley: total / real(rows.rows() * outputs),
            permutation: mean,
            spread: (squares / real(growth.len().saturating_sub(1).max(1))).sqrt(),
            dots: dots(rows, shap, column),
        });
    }
    list.sort_by(|one, other| other.shapley.total_cmp(&one.shapley).then_with(|| one.feature.cmp(&other.feature)));
    for feature in list.iter_mut().skip(SHOWN) {
        feature.dots.clear();
    }
    Ok(list)
}

fn dots(rows: &Matrix, shap: &Shap, column: usize) -> Vec<Point> {
    let values = || rows.column(column).filter(|value| value.is_finite());
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let step = (rows.rows() / DOTS).max(1);
    (0..rows.rows())
        .step_by(step)
        .filter_map(|row| {
            let value = rows.row(row).get(column)?;
            let shade = if high > low { (value - low) / (high - low) } else { 0.5 };
            // Rounded: a picture needs no more, and single rows should not be found again by their exact values.
            let round = |number: f64, unit: f64| (number / unit).round() * unit;
            Some(Point { x: round(*shap.contributions(row, 0).get(column)?, 0.001), y: if shade.is_nan() { -1.0 } else { round(shade, 0.1) } })
        })
        .collect()
}

fn dependence(model: &TabularModel, rows: &Matrix, feature: &str) -> Result<Dependence> {
    let inputs = &model.signature().inputs;
    let column = inputs.iter().position(|field| field.name == feature).unwrap_or(0);
    let field = inputs.get(column).ok_or_else(|| Fault::new(&NO_ROWS))?;
    let mut known: Vec<f64> = rows.column(column).filter(|value| value.is_finite()).collect();
    known.sort_by(f64::total_cmp);
    let mut grid = known.clone();
    grid.dedup();
    let mut labels = Vec::new();
    if let FieldKind::Category { values } = &field.kind {
        labels = grid.iter().map(|code| word(values, *code)).collect();
    } else if grid.len() > GRID {
        grid = (0..GRID).filter_map(|step| known.get(step * (known.len() - 1) / (GRID - 1)).copied()).collect();
        grid.dedup();
    }
    let mut curve = Vec::new();
    for value in &grid {
        let mut changed = rows.clone();
        for slot in changed.data_mut().iter_mut().skip(column).step_by(rows.cols().max(1)) {
            *slot = *value;
        }
        let scores = first(&model.scores(&changed)?);
        curve.push(Point { x: *value, y: scores.iter().sum::<f64>() / real(scores.len().max(1)) });
    }
    let nearest = |value: f64| {
        grid.iter()
            .enumerate()
            .min_by(|one, other| (one.1 - value).abs().total_cmp(&(other.1 - value).abs()))
            .map_or(0, |(index, _)| index)
    };
    let mut shares = vec![0.0; grid.len()];
    for value in &known {
        if let Some(slot) = shares.get_mut(nearest(*value)) {
            *slot += 1.0 / real(known.len().max(1));
        }
    }
    Ok(Dependence { feature: feature.to_owned(), title: title(field), curve, labels, shares })
}

fn surrogate(config: &ExplainConfig, model: &TabularModel, train: &Matrix, test: &Matrix) -> Result<Surrogate> {
    let inputs = &model.signature().inputs;
    let mut tree = Surrogate::fit(inputs, train, &first(&model.scores(train)?), config.surrogate_depth.clamp(1, 6));
    let threshold = match &model.signature().output {
        Output::Binary { threshold, .. } => Some(*threshold),
        _ => None,
    };
    tree.measure(test, &first(&model.scores(test)?), threshold);
    Ok(tree)
}

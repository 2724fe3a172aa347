//! The study of a trained model: what matters, how, and a tree that says it simply.

use crate::explainer::{Background, Middle, Typical};
use crate::messages::{EMPTY, FONTS};
use crate::outcome::{ExplainOutcome, FeatureEffect, SwarmDot, Usual};
use crate::random::Random;
use crate::words::{self, index, real};
use crate::{Shap, TreeShap, dependence, permute, picture, surrogate};
use ingot_base::{Fault, Field, FieldKind, Lang, Output, Reporter, Result, Text};
use ingot_runtime::{Matrix, Predictor as _, TabularModel};
use std::cmp::Ordering;

/// Rows drawn in the beeswarm.
const SWARM: usize = 300;
/// A share of rows that is a majority, also when it is told in whole percent.
const MAJORITY: f64 = 0.51;
/// Rows that partial dependence is averaged over.
const DEPENDENCE_ROWS: usize = 500;

/// How a model is studied.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainConfig {
    /// Decides samples and permutations.
    pub seed: u64,
    /// At most so many held-out rows are explained, and training rows imitated.
    pub sample: usize,
    /// Depth of the surrogate tree; a person reads four levels.
    pub surrogate_depth: usize,
    /// How often each input is permuted.
    pub repeats: usize,
    /// How many inputs get a dependence curve.
    pub dependence: usize,
}

impl Default for ExplainConfig {
    fn default() -> Self {
        Self { seed: 0, sample: 2000, surrogate_depth: 3, repeats: 5, dependence: 4 }
    }
}

/// What a study hands on.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// Figures.
    pub outcome: ExplainOutcome,
    /// For the server.
    pub background: Background,
    /// The surrogate tree; the page's language comes first.
    pub surrogate: Pictures,
}

/// The surrogate tree as pictures. Each has both languages.
#[derive(Debug, Clone, PartialEq)]
pub struct Pictures {
    /// English first.
    pub en: String,
    /// Chinese first.
    pub zh: String,
    /// English first, as pixels.
    pub png: Vec<u8>,
}

/// Rows of the feature matrix and the truth of each.
#[derive(Debug, Clone, Copy)]
pub struct Truth<'a> {
    /// One row a case.
    pub rows: &'a Matrix,
    /// 1 for the positive class, a class index, or the number itself; NaN where it is not known.
    pub labels: &'a [f64],
}

/// Studies a model.
///
/// # Errors
/// When there are no rows, their width is wrong, contributions do not add up, or the picture cannot be drawn.
pub fn explain(
    config: &ExplainConfig,
    model: &TabularModel,
    train: Truth<'_>,
    test: Truth<'_>,
    reporter: &dyn Reporter,
) -> Result<Explained> {
    let empty = |one: Truth<'_>| one.rows.rows() == 0 || one.rows.rows() != one.labels.len();
    if empty(train) || empty(test) {
        let (train, test) = (train.rows.rows(), test.rows.rows());
        return Err(Fault::new(&EMPTY).arg("train", train).arg("test", test));
    }
    reporter.start(&Text::new("explain", "解释"), Some(4));
    let mut random = Random::new(config.seed, 0);
    let picked = random.sample(test.rows.rows(), config.sample.max(1));
    let rows = test.rows.select(&picked);
    let labels: Vec<f64> = picked.iter().filter_map(|&at| test.labels.get(at).copied()).collect();

    let signature = model.signature();
    let shap = TreeShap::new(model.forest())?.values(&rows)?;
    let scores = model.scores(&rows)?;
    let mut features = effects(&signature.inputs, &rows, &shap, &scores);
    reporter.advance(1);

    let (loss_value, permutations) =
        permute::importance(model, &rows, &labels, config.repeats, config.seed)?;
    for (feature, permutation) in features.iter_mut().zip(permutations) {
        feature.permutation = permutation;
    }
    reporter.advance(1);

    let mut order: Vec<usize> = (0..features.len()).collect();
    let importance = |at: &usize| features.get(*at).map_or(0.0, |feature| feature.importance);
    order.sort_by(|a, b| importance(b).total_cmp(&importance(a)).then(a.cmp(b)));
    let few = rows.select(&random.sample(rows.rows(), DEPENDENCE_ROWS));
    let dependence = order
        .iter()
        .filter(|at| importance(at) > 0.0)
        .take(config.dependence)
        .map(|&at| dependence::dependence(model, &few, at))
        .collect::<Result<Vec<_>>>()?;
    let features = order.iter().filter_map(|&at| features.get(at).cloned()).collect();
    reporter.advance(1);

    let learned = train.rows.select(&random.sample(train.rows.rows(), config.sample.max(1)));
    let learned_scores = model.scores(&learned)?;
    let tree = surrogate::grow(signature, &learned, &learned_scores, config.surrogate_depth);
    let fidelity =
        surrogate::fidelity(&tree, &signature.output, &rows, &scores, config.surrogate_depth);
    let drawn = |lang| picture::svg(signature, &tree, lang);
    let (en, zh) = (drawn(Lang::En), drawn(Lang::Zh));
    let png = picture::png(&en)?;
    if !png.chinese {
        reporter.warn(&Fault::new(&FONTS));
    }
    reporter.advance(1);

    let typical = typical(&signature.inputs, &signature.output, train);
    let (groups, usual) = usual(&signature.inputs, &signature.output, &typical);
    let outcome = ExplainOutcome {
        rows: rows.rows(),
        classes: classes(&signature.output),
        answer: answer(&signature.output),
        base: shap.base().to_vec(),
        features,
        loss: permute::loss_name(&signature.output),
        loss_value,
        repeats: config.repeats,
        dependence,
        surrogate: fidelity,
        groups,
        usual,
    };
    reporter.finish(&outcome.summary());
    let background = Background::new(shap.base().to_vec(), typical);
    let surrogate = Pictures { en, zh, png: png.bytes };
    Ok(Explained { outcome, background, surrogate })
}

fn classes(output: &Output) -> Vec<String> {
    match output {
        Output::Binary { positive, .. } => vec![positive.clone()],
        Output::Multiclass { labels, .. } => labels.clone(),
        Output::Number { target } | Output::Text { target } => vec![target.clone()],
    }
}

/// What dependence shows on its vertical axis.
fn answer(output: &Output) -> Text {
    match output {
        Output::Binary { positive, .. } => Text::new(
            format!("mean probability of “{positive}”"),
            format!("“{positive}”的平均概率"),
        ),
        Output::Multiclass { .. } => Text::new("mean probability", "平均概率"),
        Output::Number { target } | Output::Text { target } => {
            Text::new(format!("mean estimate of {target}"), format!("{target}的平均估计值"))
        }
    }
}

fn effects(inputs: &[Field], rows: &Matrix, shap: &Shap, scores: &Matrix) -> Vec<FeatureEffect> {
    let step = rows.rows().div_ceil(SWARM).max(1);
    inputs
        .iter()
        .enumerate()
        .map(|(at, field)| {
            let effect = |row: usize, class: usize| {
                shap.contributions(row, class).get(at).copied().unwrap_or_default()
            };
            let by_class: Vec<f64> = (0..shap.base().len())
                .map(|class| {
                    let sum: f64 = (0..rows.rows()).map(|row| effect(row, class).abs()).sum();
                    sum / real(rows.rows().max(1))
                })
                .collect();
            let ranks = ranks(field, rows, at);
            let mut swarm: Vec<SwarmDot> = (0..rows.rows())
                .step_by(step)
                .map(|row| SwarmDot {
                    effect: effect(row, words::largest(scores.row(row))),
                    rank: ranks.get(row).copied().flatten(),
                })
                .collect();
            // By effect, not by row: in one order throughout, the dots of all inputs would tell each row's values.
            swarm.sort_by(|a, b| {
                a.effect
                    .total_cmp(&b.effect)
                    .then(a.rank.partial_cmp(&b.rank).unwrap_or(Ordering::Equal))
            });
            FeatureEffect {
                feature: field.name.clone(),
                title: words::title(field),
                importance: by_class.iter().sum(),
                by_class,
                permutation: crate::Permutation::default(),
                swarm,
            }
        })
        .collect()
}

/// Where each row's value stands among all rows: the share of smaller values. Categories have no order.
fn ranks(field: &Field, rows: &Matrix, at: usize) -> Vec<Option<f64>> {
    if matches!(field.kind, FieldKind::Category { .. }) {
        return vec![None; rows.rows()];
    }
    let mut sorted: Vec<f64> = rows.column(at).filter(|value| !value.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let most = real(sorted.len().saturating_sub(1).max(1));
    rows.column(at)
        .map(|value| {
            let below = sorted.partition_point(|known| *known < value);
            let through = sorted.partition_point(|known| *known <= value);
            let middle = f64::midpoint(real(below), real(through.saturating_sub(1)));
            (!value.is_nan()).then(|| (middle / most).clamp(0.0, 1.0))
        })
        .collect()
}

/// What is typical among all training rows, and among those that truly have each of two classes.
fn typical(inputs: &[Field], output: &Output, train: Truth<'_>) -> Vec<Typical> {
    let truly = |wanted: fn(f64) -> bool| -> Option<Matrix> {
        let Output::Binary { .. } = output else { return None };
        let labels = train.labels.iter().enumerate();
        let chosen = labels.filter(|(_, label)| wanted(**label)).map(|(row, _)| row);
        Some(train.rows.select(&chosen.collect::<Vec<_>>()))
    };
    let (negative, positive) = (truly(|label| label < 0.5), truly(|label| label > 0.5));
    inputs
        .iter()
        .enumerate()
        .map(|(at, field)| {
            let middle = |rows: &Matrix| middle(field, rows, at);
            Typical {
                feature: field.name.clone(),
                overall: middle(train.rows),
                negative: negative.as_ref().and_then(middle),
                positive: positive.as_ref().and_then(middle),
            }
        })
        .collect()
}

/// The median of a number's known values, to three digits: it may be one person's. The category that a majority of all rows has, missing
/// values counted among them.
fn middle(field: &Field, rows: &Matrix, at: usize) -> Option<Middle> {
    let mut values: Vec<f64> = rows.column(at).filter(|value| !value.is_nan()).collect();
    values.sort_by(f64::total_cmp);
    if matches!(field.kind, FieldKind::Number { .. }) {
        let half = values.len() / 2;
        let high = *values.get(half)?;
        let low =
            if values.len().is_multiple_of(2) { *values.get(half.checked_sub(1)?)? } else { high };
        let value = words::rounded(f64::midpoint(low, high));
        return Some(Middle { value, share: None });
    }
    let (count, value) = commonest(&values)?;
    let share = real(count) / real(rows.rows().max(1));
    (share >= MAJORITY).then_some(Middle { value, share: Some(share) })
}

/// The same in words, for the report.
fn usual(inputs: &[Field], output: &Output, typical: &[Typical]) -> (Vec<Text>, Vec<Usual>) {
    let binary = if let Output::Binary { positive, negative, .. } = output {
        Some(
            [negative, positive]
                .map(|class| Text::new(format!("Truly “{class}”"), format!("实际为“{class}”"))),
        )
    } else {
        None
    };
    let by_class = binary.is_some();
    let groups = std::iter::once(Text::new("All", "全部")).chain(binary.into_iter().flatten());
    let usual = inputs.iter().zip(typical).map(|(field, typical)| {
        let values = [typical.overall, typical.negative, typical.positive];
        Usual {
            feature: field.name.clone(),
            title: words::title(field),
            values: values
                .into_iter()
                .take(if by_class { 3 } else { 1 })
                .map(|middle| middle.map(|middle| told(field, middle)))
                .collect(),
        }
    });
    (groups.collect(), usual.collect())
}

/// A typical value in words, a category with its share.
fn told(field: &Field, middle: Middle) -> Text {
    if middle.share.is_none() && matches!(field.kind, FieldKind::Number { .. }) {
        return words::about(field, middle.value);
    }
    let value = words::value(field, middle.value);
    let share = words::percent(middle.share);
    Text::new(format!("{} ({share})", value.en), format!("{}（{share}）", value.zh))
}

/// The commonest of sorted values with its count, the lowest of equally common ones.
fn commonest(sorted: &[f64]) -> Option<(usize, f64)> {
    let mut best: Option<(usize, f64)> = None;
    for group in sorted.chunk_by(|a, b| index(*a) == index(*b)) {
        if let Some(&value) = group.first()
            && best.is_none_or(|(count, _)| group.len() > count)
        {
            best = Some((group.len(), value));
        }
    }
    best
}

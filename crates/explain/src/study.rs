//! The study of a trained model: what matters, how, and a tree that says it simply.

use crate::explainer::{Background, Typical};
use crate::messages::{EMPTY, FONTS};
use crate::outcome::{ExplainOutcome, FeatureEffect, SwarmDot, Usual};
use crate::random::Random;
use crate::words::{self, index, real};
use crate::{Shap, TreeShap, dependence, permute, picture, surrogate};
use ingot_base::{Fault, Field, FieldKind, Output, Reporter, Result, Text};
use ingot_runtime::{Matrix, Predictor as _, TabularModel};

/// Rows drawn in the beeswarm.
const SWARM: usize = 300;
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
    /// The surrogate tree.
    pub surrogate_svg: String,
    /// The same as pixels.
    pub surrogate_png: Vec<u8>,
}

/// Studies a model. `test_labels` are 1 for the positive class, a class index, or the number itself.
///
/// # Errors
/// When there are no rows, their width is wrong, contributions do not add up, or the picture cannot be drawn.
pub fn explain(
    config: &ExplainConfig,
    model: &TabularModel,
    train: &Matrix,
    test: &Matrix,
    test_labels: &[f64],
    reporter: &dyn Reporter,
) -> Result<Explained> {
    if train.rows() == 0 || test.rows() == 0 || test.rows() != test_labels.len() {
        return Err(Fault::new(&EMPTY).arg("train", train.rows()).arg("test", test.rows()));
    }
    reporter.start(&Text::new("explain", "解释"), Some(4));
    let mut random = Random::new(config.seed, 0);
    let picked = random.sample(test.rows(), config.sample.max(1));
    let rows = test.select(&picked);
    let labels: Vec<f64> = picked.iter().filter_map(|&at| test_labels.get(at).copied()).collect();

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

    let learned = train.select(&random.sample(train.rows(), config.sample.max(1)));
    let learned_scores = model.scores(&learned)?;
    let tree = surrogate::grow(signature, &learned, &learned_scores, config.surrogate_depth);
    let fidelity =
        surrogate::fidelity(&tree, &signature.output, &rows, &scores, config.surrogate_depth);
    let surrogate_svg = picture::svg(signature, &tree);
    let png = picture::png(&surrogate_svg)?;
    if !png.chinese {
        reporter.warn(&Fault::new(&FONTS));
    }
    reporter.advance(1);

    let typical = typical(&signature.inputs, &signature.output, &learned, &learned_scores);
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
    Ok(Explained { outcome, background, surrogate_svg, surrogate_png: png.bytes })
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
            let swarm = (0..rows.rows())
                .step_by(step)
                .map(|row| SwarmDot {
                    effect: effect(row, words::largest(scores.row(row))),
                    rank: ranks.get(row).copied().flatten(),
                })
                .collect();
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

/// What is usual among training rows, all of them and by the model's own answer.
fn typical(inputs: &[Field], output: &Output, rows: &Matrix, scores: &Matrix) -> Vec<Typical> {
    let answered = |positive: bool| -> Option<Matrix> {
        let Output::Binary { threshold, .. } = output else { return None };
        let chosen = |row: &usize| {
            scores.row(*row).first().is_some_and(|score| (score >= threshold) == positive)
        };
        Some(rows.select(&(0..rows.rows()).filter(chosen).collect::<Vec<_>>()))
    };
    let (negative, positive) = (answered(false), answered(true));
    inputs
        .iter()
        .enumerate()
        .map(|(at, field)| {
            let middle = |rows: &Matrix| middle(field, rows.column(at));
            Typical {
                feature: field.name.clone(),
                overall: middle(rows),
                negative: negative.as_ref().and_then(middle),
                positive: positive.as_ref().and_then(middle),
            }
        })
        .collect()
}

/// The median of a number, the commonest category.
fn middle(field: &Field, values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
    values.sort_by(f64::total_cmp);
    match &field.kind {
        FieldKind::Number { .. } => values.get(values.len() / 2).copied(),
        _ => commonest(&values),
    }
}

/// The same in words, for the report.
fn usual(inputs: &[Field], output: &Output, typical: &[Typical]) -> (Vec<Text>, Vec<Usual>) {
    let binary = if let Output::Binary { positive, negative, .. } = output {
        Some(
            [negative, positive]
                .map(|class| Text::new(format!("Answered “{class}”"), format!("判为“{class}”"))),
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
                .map(|value| value.map(|value| words::value(field, value)))
                .collect(),
        }
    });
    (groups.collect(), usual.collect())
}

/// The commonest of sorted values, the lowest of equally common ones.
fn commonest(sorted: &[f64]) -> Option<f64> {
    let mut best: Option<(usize, f64)> = None;
    for group in sorted.chunk_by(|a, b| index(*a) == index(*b)) {
        if let Some(&value) = group.first()
            && best.is_none_or(|(count, _)| group.len() > count)
        {
            best = Some((group.len(), value));
        }
    }
    best.map(|(_, value)| value)
}

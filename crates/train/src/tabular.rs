//! One training run, from tables to a model with its evidence.

use crate::TrainConfig;
use crate::baseline::{self, Judge};
use crate::calibrate::{self, HeldOut};
use crate::columns::{self, groups, numbers};
use crate::engine::{Fold, Rows, Setup, fit, network, share};
use crate::fairness::{self, Judged};
use crate::features::{self, Encoded, Inputs, encode_table};
use crate::folds;
use crate::group::{Alone, Group};
use crate::messages::{BUDGET_WHOLE, NO_ROWS, ONE_GROUP, PARITY, TOO_FEW, WEIGHT};
use crate::metrics::{Sampling, bins, brier, distinct, ece, multiclass_top, quantiles, roc_points};
use crate::outcome::{
    self, CalibrationOutcome, ModelSize, Parity, Scheme, Threshold, TrainOutcome,
};
use crate::review::{Review, Subject};
use crate::search::{self, Found};
use crate::target::{self, class_index};
use crate::threshold::{self, or_equal, theoretical};
use arrow::record_batch::RecordBatch;
use ingot_base::{Fault, FieldKind, Output, Reporter, Result, Signature, Silent, Tabular, Text};
use ingot_runtime::lightgbm::{Booster, Dataset, Output as Kind, Params};
use ingot_runtime::{Calibration, Forest, Matrix, Predictor, Preprocessing, TabularModel};
use std::time::Instant;

/// Above this many rows one inner fold is held out instead of each in turn.
const ROTATE_ROWS: usize = 20_000;
/// The parity gate's tolerance on margins, relative to the larger of 1 and the margin.
const TOLERANCE: f64 = 1e-9;

/// The three parts of a split. `_source` and `_row` are never features; `_weight`, if present, weighs rows.
#[derive(Debug, Clone, Copy)]
pub struct Tables<'a> {
    /// Learned from.
    pub train: &'a [RecordBatch],
    /// For early stopping, the search and calibration; may be empty.
    pub validation: &'a [RecordBatch],
    /// Only measured on.
    pub test: &'a [RecordBatch],
}

/// A trained model with its evidence.
#[derive(Debug)]
pub struct Trained {
    /// Ready to answer.
    pub model: TabularModel,
    /// LightGBM's text, without its parameters section.
    pub model_text: String,
    /// Signature and calibration.
    pub preprocessing: Preprocessing,
    /// What was tried and measured.
    pub outcome: TrainOutcome,
}

/// Everything read from the tables.
struct Prepared {
    inputs: Inputs,
    signature: Signature,
    setup: Setup,
    train: Rows,
    validation: Option<Rows>,
    test: Rows,
    unknown: std::collections::BTreeMap<String, u64>,
}

/// Trains a model. Same tables, configuration and seed give the same bytes, unless the outcome says `budget_cut`.
///
/// # Errors
/// When the tables do not fit the configuration, LightGBM fails, or the parity gate refuses the exported model.
pub fn train(
    config: &TrainConfig,
    tables: &Tables<'_>,
    reporter: &dyn Reporter,
) -> Result<Trained> {
    train_together(config, tables, reporter, &Alone)
}

/// Trains with the processes of a group, of which this is the first, and measures alone. Each process learns from its share of the rows, through
/// LightGBM's data-parallel learner; all read all tables.
///
/// # Errors
/// As [`train`], and when the processes cannot meet or end with different trees.
pub fn train_together(
    config: &TrainConfig,
    tables: &Tables<'_>,
    reporter: &dyn Reporter,
    group: &dyn Group,
) -> Result<Trained> {
    config.check()?;
    run(config, tables, reporter, group).map_err(|fault| suspected(config, fault))
}

/// Helps the first process of a group, which calls [`train_together`] with the same settings and tables.
///
/// # Errors
/// As [`train_together`].
pub fn assist(config: &TrainConfig, tables: &Tables<'_>, group: &dyn Group) -> Result<()> {
    let helped = || {
        let prepared = prepare(config, tables, &Silent)?;
        let plan = Plan::new(config, &prepared, tables, group)?;
        let rows = prepared.train.labels.len();
        let found = search::run(config, &prepared.setup, &plan.folds, rows, &Silent, group)?;
        let params = prepared.setup.params(&found.trial().params);
        let data = share(prepared.setup.dataset(&prepared.train, &params, None)?, group)?;
        forest(&data, &params, found.trial().rounds, group).map(drop)
    };
    config.check()?;
    helped().map_err(|fault| suspected(config, fault))
}

/// LightGBM refuses values out of range only when it runs; the recipe's parameters are then the only suspects.
fn suspected(config: &TrainConfig, fault: Fault) -> Fault {
    let lightgbm = fault.code() == ingot_runtime::messages::LIGHTGBM.code;
    if lightgbm && !config.params.is_empty() { fault.at("train.params") } else { fault }
}

/// The chosen forest, by all processes of a group, and its text.
fn forest<'data>(
    data: &'data Dataset,
    params: &Params,
    rounds: usize,
    group: &dyn Group,
) -> Result<(Booster<'data>, String)> {
    let network = network(group)?;
    let shared = network.as_ref().map(|network| network.params(params));
    let booster = fit(data, shared.as_ref().unwrap_or(params), rounds)?;
    let text = booster.to_text(rounds)?;
    group.same(text.as_bytes())?;
    Ok((booster, text))
}

fn run(
    config: &TrainConfig,
    tables: &Tables<'_>,
    reporter: &dyn Reporter,
    group: &dyn Group,
) -> Result<Trained> {
    reporter.start(&Text::new("training", "训练"), Some(config.trials as u64));
    let begun = Instant::now();
    let mut prepared = prepare(config, tables, reporter)?;
    let plan = Plan::new(config, &prepared, tables, group)?;
    let asked = Instant::now();
    let rows = prepared.train.labels.len();
    let found = search::run(config, &prepared.setup, &plan.folds, rows, reporter, group)?;
    let searched = asked.elapsed();
    let held = plan.held_out(&prepared, &found)?;
    let (calibration, tried) = if config.calibrate && config.task.is_classification() {
        calibrate::choose(&held, config.seed)?
    } else {
        (Calibration::None, vec![])
    };
    let calibrated = held.calibrated(&calibration)?;
    if let Output::Binary { threshold, .. } = &mut prepared.signature.output {
        *threshold = threshold::choose(calibrated.data(), &held.labels, config.cost);
    }
    let params = prepared.setup.params(&found.trial().params);
    let data = share(prepared.setup.dataset(&prepared.train, &params, None)?, group)?;
    let (booster, model_text) = forest(&data, &params, found.trial().rounds, group)?;
    let preprocessing = Preprocessing::new(prepared.signature.clone(), calibration);
    let model = TabularModel::new(Forest::parse(&model_text)?, preprocessing.clone())?;
    let parity = parity(&booster, model.forest(), &prepared.test.matrix)?;
    let evidence = Evidence { config, prepared: &prepared, plan: &plan, model: &model };
    let outcome = evidence.gather(tables, found, &held, &calibrated, (tried, parity))?;
    let whole = begun.elapsed();
    // Half as long again is what a search of a few trials has after it.
    if whole > config.budget.saturating_add(config.budget / 2) {
        let fault = Fault::new(&BUDGET_WHOLE).arg("seconds", search::seconds(whole));
        let fault = fault.arg("budget", search::seconds(config.budget));
        reporter.warn(&fault.arg("search", search::seconds(searched)));
    }
    reporter.finish(&summary(&outcome));
    Ok(Trained { model, model_text, preprocessing, outcome })
}

fn prepare(config: &TrainConfig, tables: &Tables<'_>, reporter: &dyn Reporter) -> Result<Prepared> {
    for (name, table) in [("train", tables.train), ("test", tables.test)] {
        if columns::rows(table) == 0 {
            return Err(Fault::new(&NO_ROWS).words("table", crate::outcome::part(name)));
        }
    }
    let (output, labels) = target::fit(config, tables.train)?;
    let inputs = features::fit(config, tables.train, reporter)?;
    let signature = Signature { task: config.task.into(), inputs: inputs.fields.clone(), output };
    let classes = signature.output.width();
    let categorical = inputs.fields.iter().enumerate();
    let categorical =
        categorical.filter(|(_, field)| matches!(field.kind, FieldKind::Category { .. }));
    let categorical = categorical.map(|(index, _)| index).collect();
    let train = Rows { matrix: inputs.matrix.clone(), labels, weights: weights(tables.train)? };
    let setup = Setup::new(config, classes, categorical, &train);
    let (test, unknown) = other(&signature, tables.test, "test")?;
    let validation = if columns::rows(tables.validation) > 0 {
        Some(other(&signature, tables.validation, "validation")?.0)
    } else {
        None
    };
    Ok(Prepared { inputs, signature, setup, train, validation, test, unknown })
}

fn other(
    signature: &Signature,
    batches: &[RecordBatch],
    table: &str,
) -> Result<(Rows, std::collections::BTreeMap<String, u64>)> {
    let Encoded { matrix, unknown, .. } = encode_table(signature, batches)?;
    let labels = target::complete(&signature.output, batches, table)?;
    Ok((Rows { matrix, labels, weights: weights(batches)? }, unknown))
}

fn weights(batches: &[RecordBatch]) -> Result<Vec<f64>> {
    if !columns::has(batches, "_weight") {
        return Ok(vec![1.0; columns::rows(batches)]);
    }
    let weights = numbers(batches, "_weight")?;
    if weights.iter().all(|weight| *weight > 0.0) { Ok(weights) } else { Err(Fault::new(&WEIGHT)) }
}

/// How candidates are compared.
struct Plan {
    scheme: Scheme,
    folds: Vec<Fold>,
    /// Per fold: the training rows held out; empty when the split gave validation rows.
    held: Vec<Vec<usize>>,
}

impl Plan {
    fn new(
        config: &TrainConfig,
        prepared: &Prepared,
        tables: &Tables<'_>,
        group: &dyn Group,
    ) -> Result<Self> {
        let params = prepared.setup.params(&config.params);
        if let Some(validation) = &prepared.validation {
            let fold = prepared.setup.fold(&prepared.train, validation, &params, group)?;
            let rows = validation.labels.len() as u64;
            return Ok(Self {
                scheme: Scheme::Validation { rows },
                folds: vec![fold],
                held: vec![],
            });
        }
        let count = prepared.train.labels.len();
        let Dealt { folds, fold_of, grouped } = deal(config, prepared, tables)?;
        let held_out = if count > ROTATE_ROWS { 1 } else { folds };
        let mut plan = Self {
            scheme: Scheme::Folds { folds, held_out, grouped },
            folds: vec![],
            held: vec![],
        };
        for fold in 0..held_out {
            let (held, rest): (Vec<usize>, Vec<usize>) =
                (0..count).partition(|&row| fold_of.get(row) == Some(&fold));
            let (train, rows) = (prepared.train.select(&rest), prepared.train.select(&held));
            plan.folds.push(prepared.setup.fold(&train, &rows, &params, group)?);
            plan.held.push(held);
        }
        Ok(plan)
    }

    /// The winner's scores of the rows it had not been trained on.
    fn held_out(&self, prepared: &Prepared, found: &Found) -> Result<HeldOut> {
        let classes = prepared.setup.classes;
        let (mut scores, mut labels) = (vec![], vec![]);
        for (index, by_class) in found.winner.scores.iter().enumerate() {
            let rows = match (&prepared.validation, self.held.get(index)) {
                (None, Some(held)) => &prepared.train.select(held),
                (Some(validation), _) => validation,
                (None, None) => continue,
            };
            let count = rows.labels.len();
            for row in 0..count {
                scores.extend(
                    (0..classes).filter_map(|class| by_class.get(class * count + row).copied()),
                );
            }
            labels.extend_from_slice(&rows.labels);
        }
        // What is chosen and told by held-out rows counts each once: weights are for learning.
        let weights = vec![1.0; labels.len()];
        Ok(HeldOut { scores: Matrix::new(labels.len(), classes, scores)?, labels, weights })
    }
}

/// Inner folds, and the one of each training row.
struct Dealt {
    folds: usize,
    fold_of: Vec<usize>,
    /// Whether rows stay together by groups or as near duplicates.
    grouped: bool,
}

/// Deals the training rows into inner folds; as many as the groups, or the smallest class, allow.
fn deal(config: &TrainConfig, prepared: &Prepared, tables: &Tables<'_>) -> Result<Dealt> {
    let labels = &prepared.train.labels;
    let strata: Vec<usize> = if config.task.is_classification() {
        labels.iter().map(|&label| class_index(label)).collect()
    } else {
        folds::deciles(labels)
    };
    let groups = match (&config.families, &config.group) {
        (Some(families), _) if families.len() == labels.len() => Some(families.clone()),
        (_, Some(group)) => {
            Some(groups(tables.train, group).map_err(|fault| fault.at("split.group"))?)
        }
        _ => None,
    };
    let count = groups.iter().flatten().max().map_or(0, |last| *last as usize + 1);
    let folds = match &config.group {
        Some(column) if config.folds.min(count) < 2 => {
            return Err(Fault::new(&ONE_GROUP).arg("column", column).at("split.group"));
        }
        Some(_) => config.folds,
        None => config.folds.min(smallest(config, &strata)?),
    };
    Ok(match groups {
        // Rows that are all near duplicates of each other are dealt as if they were not: none could be held out else.
        Some(groups) if count > 1 => {
            let folds = folds.min(count);
            let fold_of = folds::grouped(&groups, &strata, folds, config.seed);
            Dealt { folds, fold_of, grouped: true }
        }
        _ => {
            let fold_of = folds::stratified(&strata, folds, config.seed);
            Dealt { folds, fold_of, grouped: false }
        }
    })
}

/// Rows of the smallest class, which every fold is to have one of; of numbers all rows.
fn smallest(config: &TrainConfig, strata: &[usize]) -> Result<usize> {
    let mut sizes = vec![0_usize; strata.iter().max().map_or(1, |last| last + 1)];
    for &stratum in strata {
        if let Some(size) = sizes.get_mut(stratum) {
            *size += 1;
        }
    }
    let smallest = sizes.iter().copied().filter(|&size| size > 0).min().unwrap_or_default();
    let smallest = if config.task.is_classification() { smallest } else { strata.len() };
    if smallest < 2 {
        return Err(Fault::new(&TOO_FEW)
            .arg("column", &config.target)
            .arg("rows", smallest)
            .arg("needed", 2));
    }
    Ok(smallest)
}

/// Compares our evaluation of the exported text with LightGBM's of the trained model.
fn parity(booster: &Booster<'_>, forest: &Forest, rows: &Matrix) -> Result<Parity> {
    let ours = forest.raw_batch(rows)?;
    let theirs = booster.predict(rows, Kind::Margin)?;
    let mut parity = Parity { rows: rows.rows() as u64, difference: 0.0, tolerance: TOLERANCE };
    let mut fine = ours.data().len() == theirs.data().len();
    for (a, b) in ours.data().iter().zip(theirs.data()) {
        let difference = (a - b).abs();
        fine &= difference <= TOLERANCE * b.abs().max(1.0);
        parity.difference = parity.difference.max(difference);
    }
    if fine {
        return Ok(parity);
    }
    Err(Fault::new(&PARITY)
        .arg("difference", format_args!("{:e}", parity.difference))
        .arg("rows", parity.rows)
        .arg("tolerance", format_args!("{TOLERANCE:e}")))
}

/// What the figures are computed from.
struct Evidence<'a> {
    config: &'a TrainConfig,
    prepared: &'a Prepared,
    plan: &'a Plan,
    model: &'a TabularModel,
}

impl Evidence<'_> {
    fn gather(
        &self,
        tables: &Tables<'_>,
        found: Found,
        held: &HeldOut,
        calibrated: &Matrix,
        (tried, parity): (Vec<(String, f64)>, Parity),
    ) -> Result<TrainOutcome> {
        let (config, prepared) = (self.config, self.prepared);
        let test = &prepared.test;
        let scores = self.model.scores(&test.matrix)?;
        let cut = match &prepared.signature.output {
            Output::Binary { threshold, .. } => *threshold,
            _ => 0.5,
        };
        let groups = config.group.as_deref().map(|group| groups(tables.test, group));
        let groups = groups.transpose().map_err(|fault| fault.at("split.group"))?;
        let sampling = Sampling::of(config.seed, groups.as_deref());
        let judge = Judge { task: config.task, test, threshold: cut, cost: config.cost, sampling };
        // Baselines are not tuned: their threshold is the one theory gives.
        let plain = Judge { threshold: theoretical(config.cost), ..judge };
        let binary = config.task == Tabular::Binary;
        let judged =
            Judged { task: config.task, scores: &scores, labels: &test.labels, threshold: cut };
        let forest = self.model.forest();
        let review = if config.review { Some(self.review(tables, &found)?) } else { None };
        Ok(TrainOutcome {
            task: config.task,
            target: config.target.clone(),
            classes: classes(&prepared.signature.output),
            rows: outcome::Rows {
                train: prepared.train.labels.len() as u64,
                validation: prepared.validation.as_ref().map_or(0, |rows| rows.labels.len() as u64),
                test: test.labels.len() as u64,
            },
            features: prepared.inputs.features.clone(),
            excluded: prepared.inputs.excluded.clone(),
            scheme: self.plan.scheme.clone(),
            model: ModelSize {
                rounds: forest.iterations(),
                trees: forest.trees().len(),
                leaves: forest.trees().iter().map(ingot_runtime::Tree::leaves).sum(),
            },
            weighted: columns::has(tables.train, "_weight"),
            test_groups: groups.as_deref().map(|groups| distinct(groups) as u64),
            metrics: judge.metrics(&scores),
            baselines: baseline::all(
                &plain,
                &scores,
                &prepared.setup,
                &prepared.inputs.fields,
                &prepared.train,
            )?,
            calibration: self.calibration(&scores, tried)?,
            threshold: binary.then(|| self.threshold(cut, held, calibrated, &scores)),
            confusion: confusion(&prepared.signature.output, &scores, &test.labels, cut),
            roc: if binary { roc_points(scores.data(), &test.labels) } else { vec![] },
            residuals: if config.task.is_classification() {
                vec![]
            } else {
                quantiles(scores.data(), &test.labels)
            },
            fairness: fairness::slices(&config.fairness, &config.titles, tables.test, &judged)?,
            parity,
            review,
            unknown_categories: prepared.unknown.clone(),
            search: found.search,
        })
    }

    /// Looks at the training rows again, on folds of their own when the search had none of them all.
    fn review(&self, tables: &Tables<'_>, found: &Found) -> Result<Review> {
        let (config, prepared) = (self.config, self.prepared);
        let classes = classes(&prepared.signature.output);
        let fold_of =
            if classes.is_empty() { Vec::new() } else { deal(config, prepared, tables)?.fold_of };
        let subject = Subject {
            config,
            setup: &prepared.setup,
            inputs: &prepared.inputs,
            classes: &classes,
            train: &prepared.train,
            test: &prepared.test,
            table: tables.train,
        };
        subject.review(found, &fold_of, &self.plan.held)
    }

    fn calibration(
        &self,
        scores: &Matrix,
        tried: Vec<(String, f64)>,
    ) -> Result<Option<CalibrationOutcome>> {
        if !self.config.task.is_classification() {
            return Ok(None);
        }
        let test = &self.prepared.test;
        let uncalibrated = self.model.forest().scores(&test.matrix)?;
        let reliability = |scores: &Matrix| {
            if scores.cols() == 1 {
                return bins(scores.data(), &test.labels);
            }
            let (top, right) = multiclass_top(scores, &test.labels);
            bins(&top, &right)
        };
        let (before, after) = (reliability(&uncalibrated), reliability(scores));
        Ok(Some(CalibrationOutcome {
            method: self.model.preprocessing().calibration.name().to_owned(),
            tried,
            ece: (ece(&before), ece(&after)),
            brier: (brier(&uncalibrated, &test.labels), brier(scores, &test.labels)),
            before,
            after,
        }))
    }

    fn threshold(
        &self,
        value: f64,
        held: &HeldOut,
        calibrated: &Matrix,
        scores: &Matrix,
    ) -> Threshold {
        let cost = or_equal(self.config.cost);
        let theoretical = theoretical(self.config.cost);
        let test = &self.prepared.test;
        let on_test = |at: f64| threshold::row(scores.data(), &test.labels, cost, at).cost;
        Threshold {
            value,
            cost: self.config.cost,
            theoretical,
            table: threshold::table(calibrated.data(), &held.labels, cost, &[value, theoretical]),
            test_cost: on_test(value),
            test_cost_constant: on_test(-1.0).min(on_test(2.0)),
        }
    }
}

fn classes(output: &Output) -> Vec<String> {
    match output {
        Output::Binary { positive, negative, .. } => vec![negative.clone(), positive.clone()],
        Output::Multiclass { labels, .. } => labels.clone(),
        Output::Number { .. } | Output::Text { .. } => vec![],
    }
}

fn confusion(output: &Output, scores: &Matrix, labels: &[f64], threshold: f64) -> Vec<Vec<u64>> {
    let classes = classes(output).len();
    let mut table = vec![vec![0_u64; classes]; classes];
    if classes == 0 {
        return table;
    }
    for (row, &label) in scores.iter_rows().zip(labels) {
        let guess = match row {
            [p] => usize::from(*p >= threshold),
            row => (0..row.len())
                .fold(0, |best, class| if row.get(class) > row.get(best) { class } else { best }),
        };
        if let Some(cell) = table.get_mut(class_index(label)).and_then(|line| line.get_mut(guess)) {
            *cell += 1;
        }
    }
    table
}

fn summary(outcome: &TrainOutcome) -> Text {
    let shown =
        outcome.metrics.iter().take(2).map(|metric| format!("{} {:.4}", metric.name, metric.value));
    let shown = shown.collect::<Vec<_>>().join(", ");
    let (done, chosen) = (outcome.search.trials.len(), outcome.search.chosen);
    Text::new(
        format!(
            "{done} trials, number {chosen} chosen, {} trees; test: {shown}",
            outcome.model.trees
        ),
        format!(
            "共 {done} 组试验，选用第 {chosen} 组，{} 棵树；测试集：{shown}",
            outcome.model.trees
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::threads::together;
    use arrow::array::{ArrayRef, Float64Array, StringArray, UInt64Array};
    use ingot_base::Rng;
    use std::sync::Arc;
    use std::time::Duration;

    /// Applicants whose risk hangs on two numbers and a word, and on chance.
    fn table(seed: u64, count: u32) -> RecordBatch {
        let mut random = Rng::new(seed, "applicants");
        let (mut ages, mut sums, mut jobs, mut risks) = (vec![], vec![], vec![], vec![]);
        for _ in 0..count {
            let (age, sum) = (random.between(18.0, 80.0), random.between(0.0, 9.0));
            let job = ["工人", "农民", "经理", "教师"][random.below(4)];
            let margin =
                (age - 49.0) / 15.0 + (sum - 4.5) / 3.0 + if job == "经理" { 1.5 } else { 0.0 };
            risks.push(if random.unit() < 1.0 / (1.0 + margin.exp()) { "bad" } else { "good" });
            ages.push(age);
            sums.push(sum);
            jobs.push(job);
        }
        let columns: [(&str, ArrayRef); 6] = [
            ("age", Arc::new(Float64Array::from(ages))),
            ("sum", Arc::new(Float64Array::from(sums))),
            ("job", Arc::new(StringArray::from(jobs))),
            ("risk", Arc::new(StringArray::from(risks))),
            ("_source", Arc::new(StringArray::from_iter_values((0..count).map(|_| "bank")))),
            ("_row", Arc::new(UInt64Array::from_iter_values(1..=u64::from(count)))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    /// Threads have networks of their own: two of them meet at the loopback address as two processes do.
    #[test]
    fn processes_grow_the_forest_that_one_grows() {
        let (train, test) = (table(1, 1_501), table(2, 1_000));
        let tables = Tables {
            train: std::slice::from_ref(&train),
            validation: &[],
            test: std::slice::from_ref(&test),
        };
        let mut config = TrainConfig::new(Tabular::Binary, "risk");
        (config.budget, config.trials, config.threads) = (Duration::from_hours(1), 4, 1);
        let auc = |trained: &Trained| {
            trained.outcome.metrics.iter().find(|metric| metric.name == "auc").unwrap().value
        };
        let one = super::train(&config, &tables, &Silent).unwrap();
        let both = |config: &TrainConfig| -> Result<Trained> {
            let found = together(2, |group| {
                if group.is_first() {
                    return train_together(config, &tables, &Silent, group).map(Some);
                }
                assist(config, &tables, group).map(|()| None)
            });
            let found = found.into_iter().collect::<Result<Vec<_>>>()?;
            Ok(found.into_iter().flatten().next().unwrap())
        };
        let two = both(&config).unwrap();
        let (two_auc, one_auc) = (auc(&two), auc(&one));
        assert!(one_auc > 0.75 && (two_auc - one_auc).abs() < 0.01, "{two_auc} {one_auc}");
        assert_eq!(two.outcome.search.trials.len(), 4);
        // Of deep leaves LightGBM's processes only estimate how many rows they have. With few leaves, what is held out costs the same.
        for (name, value) in [("num_leaves", "3"), ("num_iterations", "8")] {
            config.params.insert(name.to_owned(), value.to_owned());
        }
        config.trials = 1;
        let one = super::train(&config, &tables, &Silent).unwrap();
        let two = both(&config).unwrap();
        let loss = |trained: &Trained| trained.outcome.search.trials[0].loss;
        assert!((loss(&two) - loss(&one)).abs() < 1e-6, "{} {}", loss(&two), loss(&one));
    }
}

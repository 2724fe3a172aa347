//! From tables of features to a measured head.

use super::head::{Epoch, Examples, Fitted, HeadSettings, Net, Truth, fit_together, still_falling};
use super::mix::{Mixed, Mixup, pairs};
use super::outcome::{HeadOutcome, ToLabel};
use super::private::{PrivacySpent, PrivateSettings, Units, fit_privately};
use crate::columns::numbered;
use crate::group::{Alone, Group};
use crate::messages::{
    CLASS_UNSEEN, CLASSES_ALIKE, DIVERGED, NO_ROWS, ONE_CLASS, POSITIVE, SCORE_UNDEFINED,
};
use crate::metrics::{Binary, Multiclass, Sampling, distinct, top};
use crate::outcome::{Metric, Parity, Rows};
use ingot_base::{Fault, Output, Result, Task, fault, told_apart};
use ingot_runtime::Matrix;
use ingot_runtime::onnx::{Activation, Dense};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Rows of features with what is known of them.
#[derive(Debug, Clone, Default)]
pub struct FeatureTable {
    /// Row-major, `rows × width`.
    pub features: Vec<f32>,
    /// The class of each row; `None` where nobody gave one.
    pub labels: Vec<Option<String>>,
    /// Source and row number of each row.
    pub places: Vec<(String, u64)>,
    /// Whether the row is an augmented copy.
    pub copy: Vec<bool>,
    /// The second class of each row that is two in one, `None` of other rows; empty where no row is.
    pub mixed: Vec<Option<Mixed>>,
    /// The group of each row, `None` where it has none; empty where the split keeps no groups together.
    pub groups: Vec<Option<String>>,
}

impl FeatureTable {
    /// The second class of a row that is two in one.
    pub(super) fn second(&self, row: usize) -> Option<&Mixed> {
        self.mixed.get(row).and_then(Option::as_ref)
    }
}

/// What a head is to answer and how it is trained.
#[derive(Debug, Clone)]
pub struct HeadConfig {
    /// The kind of question.
    pub task: Task,
    /// The column of classes.
    pub target: String,
    /// Of two classes: the one whose probability is given.
    pub positive: Option<String>,
    /// Name of the network that gave the features.
    pub backbone: String,
    /// Features of a row.
    pub width: usize,
    /// The training.
    pub settings: HeadSettings,
    /// Mixtures of rows that are learned from besides; no rows of a private training.
    pub mixup: Option<Mixup>,
    /// Decides every random choice.
    pub seed: u64,
    /// Whether and how the training hides single rows.
    pub privacy: Option<PrivateSettings>,
    /// Whether all classes count alike, however many rows each has; not in a private training.
    pub balance: bool,
}

/// A head with its evidence.
#[derive(Debug)]
pub struct TrainedHead {
    /// The layers.
    pub layers: Vec<Dense>,
    /// What makes probabilities of the last.
    pub activation: Activation,
    /// The answer.
    pub output: Output,
    /// The evidence; its parity is still open.
    pub outcome: HeadOutcome,
    /// The head's own scores of the test rows, row-major, for the parity gate.
    pub scores: Vec<f64>,
}

/// Rows listed for labelling at most.
const TO_LABEL: usize = 50;

/// Trains and measures a head.
///
/// # Errors
/// When a table has no row with a class, when there are fewer than two classes or two that nothing tells apart, when the test rows have
/// one that training has not, and when a loss or figure is no number.
pub fn train_head(
    config: &HeadConfig,
    train: &FeatureTable,
    validation: &FeatureTable,
    test: &FeatureTable,
) -> Result<TrainedHead> {
    train_head_together(config, (train, validation, test), &Alone)
}

/// Helps the first process of a group, which calls [`train_head_together`] with the same settings and tables.
///
/// # Errors
/// As [`train_head`], but for what the test rows are needed for.
pub fn assist_head(
    config: &HeadConfig,
    (train, validation): (&FeatureTable, &FeatureTable),
    group: &dyn Group,
) -> Result<()> {
    let classes = classes(config, train)?;
    let (mut learned, held, _) = Labelled::pair(config, (train, validation), &classes)?;
    learned.mix(config);
    let watched = (!held.truths.is_empty()).then(|| held.examples(config.width));
    fitted(config, &learned, watched, classes.len(), group)?;
    Ok(())
}

/// Trains with the processes of a group, of which this is the first, and measures alone.
///
/// # Errors
/// As [`train_head`], and when the processes end with different weights.
pub fn train_head_together(
    config: &HeadConfig,
    (train, validation, test): (&FeatureTable, &FeatureTable, &FeatureTable),
    group: &dyn Group,
) -> Result<TrainedHead> {
    for (name, table) in [("train", train), ("test", test)] {
        if table.labels.iter().all(Option::is_none) {
            return Err(Fault::new(&NO_ROWS).words("table", crate::outcome::part(name)));
        }
    }
    let classes = classes(config, train)?;
    let (mut learned, held, weights) = Labelled::pair(config, (train, validation), &classes)?;
    let unseen = Labelled::of("test", test, &classes, config)?;
    learned.told_apart(&classes, config)?;
    let mixtures = learned.mix(config);
    let watched = (!held.truths.is_empty()).then(|| held.examples(config.width));
    let (fitted, privacy) = fitted(config, &learned, watched, classes.len(), group)?;
    let Fitted { net, history, best } = fitted;
    if let Some(epoch) = history.iter().position(Epoch::is_lost) {
        return Err(Fault::new(&DIVERGED)
            .arg("epoch", epoch + 1)
            .arg("rate", config.settings.learning_rate)
            .at("train.head.learning_rate"));
    }
    let scores = answers(&net, unseen.examples(config.width));
    if let Some(at) = scores.iter().position(|score| !score.is_finite()) {
        return Err(undefined(test, at / outputs(&classes)));
    }
    let Measured { metrics, majority, confusion, groups } =
        measured_on(&classes, &scores, &unseen, test, config.seed)?;
    let counted = |table: &FeatureTable, copies: bool| {
        let rows = table.copy.iter().zip(&table.labels);
        rows.filter(|(copy, label)| **copy == copies && label.is_some()).count() as u64
    };
    let count = |table: &FeatureTable| counted(table, false);
    let outcome = HeadOutcome {
        task: config.task,
        target: config.target.clone(),
        classes: classes.clone(),
        rows: Rows { train: count(train), validation: count(validation), test: count(test) },
        // How many rows are alike would tell of single ones.
        repeated: if privacy.is_none() { repeated(train, test, config.width) } else { 0 },
        rare: if privacy.is_none() { rare(train, &classes) } else { Vec::new() },
        copies: counted(train, true) + mixtures,
        mixed: train.mixed.iter().flatten().count() as u64 + mixtures,
        backbone: config.backbone.clone(),
        width: config.width,
        parameters: net.layers.iter().map(|layer| layer.weight.len() + layer.bias.len()).sum(),
        falling: still_falling(&history, &config.settings, best, classes.len()),
        history,
        best,
        weights,
        test_groups: groups,
        metrics,
        majority,
        confusion,
        parity: Parity { rows: 0, difference: 0.0, tolerance: 0.0 },
        // The rows of a training whose privacy is bounded are not told one by one.
        to_label: match privacy {
            None => to_label(&net, [train, validation, test], config.width),
            Some(_) => Vec::new(),
        },
        privacy,
        labels: None,
        unfrozen: None,
        encoder: None,
    };
    Ok(TrainedHead {
        output: output(config, &classes),
        activation: net.activation,
        layers: net.layers,
        outcome,
        scores,
    })
}

/// What the scores of the test rows that have a class say.
pub(super) fn measured_on(
    classes: &[String],
    scores: &[f64],
    unseen: &Labelled,
    test: &FeatureTable,
    seed: u64,
) -> Result<Measured> {
    let labelled = test.groups.iter().zip(&test.labels).filter(|(_, label)| label.is_some());
    let groups =
        (!test.groups.is_empty()).then(|| numbered(labelled.map(|(group, _)| group.as_deref())));
    let labels: Vec<usize> = unseen.truths.iter().map(|truth| truth.class).collect();
    measured(classes, scores, &labels, groups.as_deref(), seed)
}

/// Trains as the configuration asks, privately or not.
fn fitted(
    config: &HeadConfig,
    learned: &Labelled,
    watched: Option<Examples<'_>>,
    classes: usize,
    group: &dyn Group,
) -> Result<(Fitted, Option<PrivacySpent>)> {
    let (settings, rows) = (&config.settings, learned.examples(config.width));
    let start = (classes, config.seed);
    let (fitted, spent) = match &config.privacy {
        None => (fit_together(settings, rows, watched, start, group), None),
        Some(private) => {
            let units = Units { rows, made: &learned.made };
            let (own, spent) = fit_privately(settings, private, units, watched, start, group)?;
            (own, Some(spent))
        }
    };
    group.same(&fitted.net.bytes())?;
    Ok((fitted, spent))
}

/// That a test row's score is no number; rows with a class are counted, as scores stand for these.
pub(super) fn undefined(test: &FeatureTable, row: usize) -> Fault {
    let labelled = test.places.iter().zip(&test.labels).filter(|(_, label)| label.is_some());
    let place = labelled.map(|(place, _)| place).nth(row);
    let (source, row) = place.cloned().unwrap_or_default();
    Fault::new(&SCORE_UNDEFINED).arg("source", source).arg("row", row)
}

/// Scores of a row.
fn outputs(classes: &[String]) -> usize {
    if classes.len() == 2 { 1 } else { classes.len() }
}

/// That a target has two classes or more.
///
/// # Errors
/// Otherwise: before minutes of work there is nothing to learn.
pub fn several_classes<'a>(target: &str, mut labels: impl Iterator<Item = &'a str>) -> Result<()> {
    let first = labels.next();
    if labels.any(|label| Some(label) != first) {
        return Ok(());
    }
    Err(Fault::new(&ONE_CLASS).arg("column", target).at("project.target"))
}

/// The classes in index order: sorted; of two, the positive one last.
pub(super) fn classes(config: &HeadConfig, train: &FeatureTable) -> Result<Vec<String>> {
    let labels = || train.labels.iter().flatten();
    several_classes(&config.target, labels().map(String::as_str))?;
    let mut classes: Vec<String> = labels().cloned().collect();
    classes.sort();
    classes.dedup();
    if let Some(positive) = &config.positive {
        if classes.len() != 2 || !classes.contains(positive) {
            return Err(Fault::new(&POSITIVE)
                .arg("positive", positive)
                .arg("column", &config.target)
                .arg("known", classes.join(", "))
                .at("project.positive"));
        }
        classes.sort_by_key(|class| class == positive);
    }
    Ok(classes)
}

fn output(config: &HeadConfig, classes: &[String]) -> Output {
    let target = config.target.clone();
    match classes {
        [negative, positive] => Output::Binary {
            target,
            positive: positive.clone(),
            negative: negative.clone(),
            threshold: 0.5,
        },
        _ => Output::Multiclass { target, labels: classes.to_vec() },
    }
}

/// What a private training hides. Copies have the place of the row that they were made of.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unit<'a> {
    /// As the split tells groups apart.
    Group(String),
    Row(Option<&'a (String, u64)>),
}

/// The rows of a table that have a class.
#[derive(Default)]
pub(super) struct Labelled {
    features: Vec<f32>,
    pub(super) truths: Vec<Truth>,
    /// Rows that are copies of none, nor mixtures.
    plain: Vec<usize>,
    /// Rows by what a private training would hide: the row that they were made of, or their group.
    made: Vec<Vec<usize>>,
}

impl Labelled {
    pub(super) fn of(
        name: &str,
        table: &FeatureTable,
        classes: &[String],
        config: &HeadConfig,
    ) -> Result<Self> {
        let (mut found, mut unknown) = (Self::default(), 0);
        let mut units: BTreeMap<Unit<'_>, usize> = BTreeMap::new();
        let groups = config.privacy.as_ref().is_some_and(|privacy| privacy.groups);
        let known = |label: &String| classes.iter().position(|class| class == label);
        let rows = table.features.chunks_exact(config.width.max(1)).zip(&table.labels).enumerate();
        for (at, (row, label)) in rows {
            let Some(label) = label else { continue };
            let second = table.second(at);
            if second.is_some() && config.privacy.is_some() {
                // It has a row in it that another unit stands for: of that one more would be told than is promised.
                return Err(fault::internal("a mixture of two rows in a private training"));
            }
            let other = second.map_or(label, |own| &own.label);
            let (Some(class), Some(other)) = (known(label), known(other)) else {
                unknown += 1;
                continue;
            };
            let index = found.truths.len();
            found.features.extend_from_slice(row);
            let share = second.map_or(1.0, |own| own.share);
            found.truths.push(Truth { class, other, share, weight: 1.0 });
            if second.is_none() && !table.copy.get(at).copied().unwrap_or_default() {
                found.plain.push(index);
            }
            let group = table.groups.get(at).and_then(Option::as_ref).filter(|_| groups);
            let person = group.map(|group| told_apart(group));
            let unit = person.map_or(Unit::Row(table.places.get(at)), Unit::Group);
            let unit = *units.entry(unit).or_insert(found.made.len());
            match found.made.get_mut(unit) {
                Some(made) => made.push(index),
                None => found.made.push(vec![index]),
            }
        }
        if unknown > 0 {
            return Err(Fault::new(&CLASS_UNSEEN)
                .arg("rows", unknown)
                .words("table", crate::outcome::part(name))
                .arg("column", &config.target)
                .at("split.stratify"));
        }
        Ok(found)
    }

    /// The rows to learn from and those that say when it is enough, their classes weighed alike, and the classes' weights.
    ///
    /// # Errors
    /// As [`Labelled::of`] and [`Labelled::weights`].
    pub(super) fn pair(
        config: &HeadConfig,
        (train, validation): (&FeatureTable, &FeatureTable),
        classes: &[String],
    ) -> Result<(Self, Self, Vec<f64>)> {
        let mut learned = Self::of("train", train, classes, config)?;
        let mut held = Self::of("validation", validation, classes, config)?;
        let weights = learned.weights(config, classes.len())?;
        learned.weigh(&weights);
        held.weigh(&weights);
        Ok((learned, held, weights))
    }

    /// What the loss of a row of each class counts where all classes are to count alike: `n / (k · n_c)` of n rows of k classes, which is 1
    /// in the mean of all rows. Empty where nobody asked for it.
    ///
    /// # Errors
    /// In a private training. The weights are made of how many rows each class has: one row more would change the gradients of all the
    /// others, and noise for the length of one gradient would not hide that.
    #[expect(clippy::cast_precision_loss, reason = "rows are counted in millions")]
    fn weights(&self, config: &HeadConfig, classes: usize) -> Result<Vec<f64>> {
        if !config.balance {
            return Ok(Vec::new());
        }
        if config.privacy.is_some() {
            return Err(fault::internal("weights of classes in a private training"));
        }
        let mut counts = vec![0.0; classes];
        for truth in &self.truths {
            for (class, share) in [(truth.class, truth.share), (truth.other, 1.0 - truth.share)] {
                if let Some(count) = counts.get_mut(class) {
                    *count += share;
                }
            }
        }
        let each = self.truths.len() as f64 / classes.max(1) as f64;
        Ok(counts.into_iter().map(|own| if own > 0.0 { each / own } else { 1.0 }).collect())
    }

    /// Has rows count by their classes, what is of two classes by the shares of both.
    fn weigh(&mut self, weights: &[f64]) {
        let of = |class: usize| weights.get(class).copied().unwrap_or(1.0);
        for truth in &mut self.truths {
            truth.weight = truth.share * of(truth.class) + (1.0 - truth.share) * of(truth.other);
        }
    }

    pub(super) fn examples(&self, width: usize) -> Examples<'_> {
        Examples { features: &self.features, width, truths: &self.truths }
    }

    /// The rows, of so many numbers each.
    #[cfg(feature = "nets")]
    pub(super) fn rows(&self, width: usize) -> Vec<&[f32]> {
        self.features.chunks_exact(width.max(1)).collect()
    }

    /// Adds the mixtures that are asked for, none to a private training: features and classes of two plain rows each, by the same
    /// shares. Gives how many were added.
    pub(super) fn mix(&mut self, config: &HeadConfig) -> u64 {
        let Some(how) = config.mixup.filter(|_| config.privacy.is_none()) else { return 0 };
        let before = self.truths.len();
        let plain = std::mem::take(&mut self.plain);
        for (one, other, share) in pairs(plain.len(), how, config.seed) {
            let (Some(&one), Some(&other)) = (plain.get(one), plain.get(other)) else { continue };
            let rows = self.examples(config.width);
            let (first, second) = (rows.truth(one), rows.truth(other));
            let weight = share * first.weight + (1.0 - share) * second.weight;
            #[expect(clippy::cast_possible_truncation, reason = "features are single precision")]
            let own = share as f32;
            let mixture: Vec<f32> = rows
                .row(one)
                .iter()
                .zip(rows.row(other))
                .map(|(one, other)| own * one + (1.0 - own) * other)
                .collect();
            self.features.extend(mixture);
            self.truths.push(Truth { class: first.class, other: second.class, share, weight });
        }
        self.plain = plain;
        (self.truths.len() - before) as u64
    }

    /// Refuses two classes whose rows are the same, however often each is there.
    fn told_apart(&self, classes: &[String], config: &HeadConfig) -> Result<()> {
        let rows = self.examples(config.width);
        let mut distinct: Vec<Vec<&[f32]>> = vec![Vec::new(); classes.len()];
        for (index, truth) in self.truths.iter().enumerate() {
            // What is of two classes cannot tell them apart.
            if let Some(own) = distinct.get_mut(truth.class).filter(|_| truth.share >= 1.0) {
                own.push(rows.row(index));
            }
        }
        for own in &mut distinct {
            own.sort_unstable_by(|one, other| by_bits(one, other));
            own.dedup_by(|one, other| by_bits(one, other).is_eq());
        }
        let alike = |one: &[&[f32]], other: &[&[f32]]| {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| by_bits(one, other).is_eq())
        };
        for (at, (first, one)) in classes.iter().zip(&distinct).enumerate() {
            let mut later = classes.iter().zip(&distinct).skip(at + 1);
            if let Some((second, _)) = later.find(|(_, other)| alike(one, other)) {
                return Err(Fault::new(&CLASSES_ALIKE)
                    .arg("first", first)
                    .arg("second", second)
                    .arg("column", &config.target)
                    .at("project.target"));
            }
        }
        Ok(())
    }
}

/// Test rows with a class whose features are those of a training row with one, copies left out.
fn repeated(train: &FeatureTable, test: &FeatureTable, width: usize) -> u64 {
    let width = width.max(1);
    let own = train.features.chunks_exact(width).zip(train.labels.iter().zip(&train.copy));
    let learned = own.filter(|(_, (label, copy))| label.is_some() && !**copy);
    let mut known: Vec<&[f32]> = learned.map(|(row, _)| row).collect();
    known.sort_unstable_by(|one, other| by_bits(one, other));
    let there = |row: &[f32]| known.binary_search_by(|own| by_bits(own, row)).is_ok();
    let tested = test.features.chunks_exact(width).zip(&test.labels);
    tested.filter(|(row, label)| label.is_some() && there(row)).count() as u64
}

/// Classes that one training row alone has.
fn rare(train: &FeatureTable, classes: &[String]) -> Vec<String> {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for label in train.labels.iter().zip(&train.copy).filter(|(_, copy)| !**copy) {
        if let Some(label) = label.0 {
            *counts.entry(label).or_default() += 1;
        }
    }
    classes.iter().filter(|class| counts.get(class) == Some(&1)).cloned().collect()
}

/// An order of rows in which only equal bits are equal.
fn by_bits(one: &[f32], other: &[f32]) -> Ordering {
    one.iter().map(|number| number.to_bits()).cmp(other.iter().map(|number| number.to_bits()))
}

fn answers(net: &Net, rows: Examples<'_>) -> Vec<f64> {
    (0..rows.truths.len()).flat_map(|row| net.scores(rows.row(row))).collect()
}

/// What the test rows say of a model.
#[derive(Debug)]
pub struct Measured {
    /// Its figures.
    pub metrics: Vec<Metric>,
    /// Those of always answering the most frequent class.
    pub majority: Vec<Metric>,
    /// Rows by true (outer) and predicted class.
    pub confusion: Vec<Vec<u64>>,
    /// How many groups the rows belong to, where they have groups.
    pub groups: Option<u64>,
}

/// Measures scores of rows with known classes: row-major, one of the second of two classes, else one for each class. `groups` are
/// those of the rows, or none at all.
///
/// # Errors
/// When the scores are not those of so many rows.
pub fn measure(
    classes: &[String],
    scores: &[f64],
    labels: &[usize],
    groups: &[Option<String>],
    seed: u64,
) -> Result<Measured> {
    let groups = (!groups.is_empty()).then(|| numbered(groups.iter().map(Option::as_deref)));
    measured(classes, scores, labels, groups.as_deref(), seed)
}

/// The same with groups as numbers.
#[expect(clippy::cast_precision_loss, reason = "classes are counted in thousands")]
fn measured(
    classes: &[String],
    scores: &[f64],
    labels: &[usize],
    groups: Option<&[u32]>,
    seed: u64,
) -> Result<Measured> {
    let width = outputs(classes);
    let sampling = Sampling::of(seed, groups);
    let truth: Vec<f64> = labels.iter().map(|label| *label as f64).collect();
    let of = |scores: &[f64]| -> Result<Vec<Metric>> {
        Ok(if width == 1 {
            Binary { scores, labels: &truth, threshold: 0.5, cost: None }.metrics(sampling)
        } else {
            let scores = Matrix::new(labels.len(), width, scores.to_vec())?;
            Multiclass { scores: &scores, labels: &truth }.metrics(sampling)
        })
    };
    let share: Vec<f64> = (0..classes.len())
        .map(|class| {
            let count = labels.iter().filter(|label| **label == class).count();
            count as f64 / labels.len().max(1) as f64
        })
        .collect();
    let constant = if width == 1 { share.get(1..).unwrap_or_default() } else { &share[..] };
    let constant: Vec<f64> = labels.iter().flat_map(|_| constant.iter().copied()).collect();
    let mut confusion = vec![vec![0; classes.len()]; classes.len()];
    for (row, label) in scores.chunks_exact(width).zip(labels) {
        let guess = if width == 1 { usize::from(row.first() >= Some(&0.5)) } else { top(row).0 };
        if let Some(cell) = confusion.get_mut(*label).and_then(|line| line.get_mut(guess)) {
            *cell += 1;
        }
    }
    Ok(Measured {
        metrics: of(scores)?,
        majority: of(&constant)?,
        confusion,
        groups: groups.map(|groups| distinct(groups) as u64),
    })
}

/// Rows without a class, whatever part they are in, the least certain first: margin sampling (Scheffer et al. 2001). `scores` are those
/// of these rows alone, table by table and in order.
pub(super) fn margins(tables: [&FeatureTable; 3], scores: Vec<Vec<f64>>) -> Vec<ToLabel> {
    let rows = tables.into_iter().flat_map(|table| table.places.iter().zip(&table.labels));
    let places = rows.filter(|(_, label)| label.is_none());
    let mut list: Vec<ToLabel> = scores
        .into_iter()
        .zip(places)
        .map(|(mut scores, ((source, number), _))| {
            if let [score] = scores[..] {
                scores = vec![score, 1.0 - score];
            }
            scores.sort_by(|a, b| b.total_cmp(a));
            let margin = scores.first().zip(scores.get(1)).map_or(0.0, |(most, next)| most - next);
            ToLabel { source: source.clone(), row: *number, margin }
        })
        .collect();
    list.sort_by(|a, b| a.margin.total_cmp(&b.margin));
    list.truncate(TO_LABEL);
    list
}

fn to_label(net: &Net, tables: [&FeatureTable; 3], width: usize) -> Vec<ToLabel> {
    let rows = tables
        .into_iter()
        .flat_map(|table| table.features.chunks_exact(width.max(1)).zip(&table.labels));
    // Of rows with a class nothing is asked.
    let asked = rows.filter(|(_, label)| label.is_none());
    margins(tables, asked.map(|(row, _)| net.scores(row)).collect())
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
mod tests;

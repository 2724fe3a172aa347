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
use ingot_base::{Fault, Output, Result, Task, fault};
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
    let mut learned = Labelled::of("train", train, &classes, config)?;
    let mut held = Labelled::of("validation", validation, &classes, config)?;
    let weights = learned.weights(config, classes.len())?;
    learned.weigh(&weights);
    held.weigh(&weights);
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
            return Err(Fault::new(&NO_ROWS).arg("table", name));
        }
    }
    let classes = classes(config, train)?;
    let mut learned = Labelled::of("train", train, &classes, config)?;
    let mut held = Labelled::of("validation", validation, &classes, config)?;
    let weights = learned.weights(config, classes.len())?;
    learned.weigh(&weights);
    held.weigh(&weights);
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
    let count = |table: &FeatureTable| table.copy.iter().filter(|copy| !**copy).count() as u64;
    let outcome = HeadOutcome {
        task: config.task,
        target: config.target.clone(),
        classes: classes.clone(),
        rows: Rows { train: count(train), validation: count(validation), test: count(test) },
        copies: train.copy.iter().filter(|copy| **copy).count() as u64 + mixtures,
        mixed: train.mixed.iter().flatten().count() as u64 + mixtures,
        backbone: config.backbone.clone(),
        width: config.width,
        parameters: net.layers.iter().map(|layer| layer.weight.len() + layer.bias.len()).sum(),
        falling: still_falling(&history, config.settings.epochs, best, classes.len()),
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
            None => to_label(&net, train, config.width),
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

/// The classes in index order: sorted; of two, the positive one last.
pub(super) fn classes(config: &HeadConfig, train: &FeatureTable) -> Result<Vec<String>> {
    let mut classes: Vec<String> = train.labels.iter().flatten().cloned().collect();
    classes.sort();
    classes.dedup();
    if classes.len() < 2 {
        return Err(Fault::new(&ONE_CLASS).arg("column", &config.target).at("project.target"));
    }
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
    Group(&'a String),
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
            let unit = group.map_or(Unit::Row(table.places.get(at)), Unit::Group);
            let unit = *units.entry(unit).or_insert(found.made.len());
            match found.made.get_mut(unit) {
                Some(made) => made.push(index),
                None => found.made.push(vec![index]),
            }
        }
        if unknown > 0 {
            return Err(Fault::new(&CLASS_UNSEEN)
                .arg("rows", unknown)
                .arg("table", name)
                .arg("column", &config.target)
                .at("split.stratify"));
        }
        Ok(found)
    }

    /// What the loss of a row of each class counts where all classes are to count alike: n / (k · n_c) of n rows of k classes, which is 1
    /// in the mean of all rows. Empty where nobody asked for it.
    ///
    /// # Errors
    /// In a private training. The weights are made of how many rows each class has: one row more would change the gradients of all the
    /// others, and noise for the length of one gradient would not hide that.
    #[expect(clippy::cast_precision_loss, reason = "rows are counted in millions")]
    pub(super) fn weights(&self, config: &HeadConfig, classes: usize) -> Result<Vec<f64>> {
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
    pub(super) fn weigh(&mut self, weights: &[f64]) {
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

/// Rows without a class, the least certain first: margin sampling (Scheffer et al. 2001). `scores` are those of these rows alone, in
/// order.
pub(super) fn margins(table: &FeatureTable, scores: Vec<Vec<f64>>) -> Vec<ToLabel> {
    let places = table.places.iter().zip(&table.labels).filter(|(_, label)| label.is_none());
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

fn to_label(net: &Net, table: &FeatureTable, width: usize) -> Vec<ToLabel> {
    let rows = table.features.chunks_exact(width.max(1)).zip(&table.labels);
    // Of rows with a class nothing is asked.
    let asked = rows.filter(|(_, label)| label.is_none());
    margins(table, asked.map(|(row, _)| net.scores(row)).collect())
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
mod tests {
    use super::super::head::Schedule;
    use super::*;

    fn config() -> HeadConfig {
        HeadConfig {
            task: Task::ImageClassify,
            target: "label".into(),
            positive: None,
            backbone: "tiny".into(),
            width: 2,
            settings: HeadSettings {
                hidden: vec![],
                epochs: 40,
                batch: 16,
                learning_rate: 0.05,
                weight_decay: 0.0,
                schedule: Schedule::Cosine,
                dropout: 0.0,
                patience: 0,
            },
            mixup: None,
            seed: 1,
            privacy: None,
            balance: false,
        }
    }

    /// Rows on a line; the class changes at 0.
    fn table(rows: usize, names: [&str; 2]) -> FeatureTable {
        let mut table = FeatureTable::default();
        for row in 0..rows {
            let place = row as f32 / rows as f32 * 4.0 - 2.0 + 1e-3;
            table.features.extend([place, 1.0]);
            table.labels.push(Some(names[usize::from(place > 0.0)].to_owned()));
            table.places.push(("line".into(), row as u64 + 1));
            table.copy.push(false);
        }
        table
    }

    #[test]
    fn a_head_learns_is_measured_and_names_what_to_label() {
        let mut train = table(200, ["no", "yes"]);
        for row in [3, 99, 180] {
            train.labels[row] = None;
        }
        let trained =
            train_head(&config(), &train, &FeatureTable::default(), &table(50, ["no", "yes"]))
                .unwrap();
        let accuracy =
            |metrics: &[Metric]| metrics.iter().find(|m| m.name == "accuracy").unwrap().value;
        assert!(accuracy(&trained.outcome.metrics) > 0.95);
        assert!(accuracy(&trained.outcome.majority) < 0.6);
        assert_eq!(trained.outcome.confusion.iter().flatten().sum::<u64>(), 50);
        let first: Vec<u64> = trained.outcome.to_label.iter().map(|one| one.row).collect();
        assert_eq!(first[0], 100, "the row at the border first");
        assert_eq!(first.len(), 3);
        assert!(matches!(&trained.output, Output::Binary { positive, .. } if positive == "yes"));
    }

    #[test]
    fn intervals_know_that_rows_of_a_group_resemble_each_other() {
        let train = table(200, ["no", "yes"]);
        let mut once = table(40, ["no", "yes"]);
        // Some rows are labelled wrong, so that figures have a width.
        for row in [4, 17, 30] {
            once.labels[row] = table(40, ["yes", "no"]).labels[row].clone();
        }
        let mut tenfold = FeatureTable::default();
        for _ in 0..10 {
            tenfold.features.extend(&once.features);
            tenfold.labels.extend(once.labels.clone());
            tenfold.places.extend(once.places.clone());
            tenfold.copy.extend(&once.copy);
        }
        let found = |test: &FeatureTable| {
            let outcome =
                train_head(&config(), &train, &FeatureTable::default(), test).unwrap().outcome;
            let metric = outcome.metrics.iter().find(|metric| metric.name == "accuracy").unwrap();
            (metric.high - metric.low, metric.method.clone(), outcome.test_groups)
        };
        let honest = found(&once).0;
        let narrow = found(&tenfold);
        assert!(narrow.0 < honest * 0.5, "rows taken for independent: {} {honest}", narrow.0);
        assert_eq!(narrow.2, None);
        tenfold.groups = (0..400).map(|row| Some(format!("person {}", row % 40))).collect();
        let (grouped, method, groups) = found(&tenfold);
        assert!(grouped > honest * 0.7 && grouped < honest * 1.4, "{grouped} {honest}");
        assert_eq!((method.as_str(), groups), ("group_bootstrap", Some(40)));
    }

    #[test]
    fn the_positive_class_is_the_one_asked_for() {
        let asked = HeadConfig { positive: Some("no".into()), ..config() };
        let (train, test) = (table(100, ["no", "yes"]), table(40, ["no", "yes"]));
        let trained = train_head(&asked, &train, &FeatureTable::default(), &test).unwrap();
        assert!(matches!(&trained.output, Output::Binary { positive, .. } if positive == "no"));
        assert!(trained.scores[0] > 0.5, "the first rows are `no`");
        let wrong = HeadConfig { positive: Some("maybe".into()), ..config() };
        assert_eq!(
            train_head(&wrong, &train, &FeatureTable::default(), &test).unwrap_err().code(),
            "train-positive"
        );
        let none = train_head(&config(), &train, &test, &FeatureTable::default());
        assert_eq!(none.unwrap_err().code(), "train-no-rows", "nothing to measure on");
        let one = table(10, ["same", "same"]);
        assert!(train_head(&config(), &one, &FeatureTable::default(), &one).is_err());
    }

    #[test]
    fn a_handful_of_test_rows_gives_no_certainty() {
        let train = table(200, ["no", "yes"]);
        let run = |test: &FeatureTable| {
            train_head(&config(), &train, &FeatureTable::default(), test).unwrap().outcome
        };
        let says = |outcome: &HeadOutcome| {
            let page = super::super::head_report(outcome).html(ingot_base::Lang::En);
            let bounds = outcome.metrics.iter().filter_map(Metric::interval);
            let mut bounds = bounds.map(|(low, high)| {
                let number = |end| ingot_report::number(end, 4);
                format!("{} … {}", number(low), number(high))
            });
            (page.contains("Too few test rows"), bounds.any(|bounds| page.contains(&bounds)))
        };
        let known = |metrics: &[Metric]| {
            metrics.iter().filter(|metric| metric.interval().is_some()).count()
        };
        let enough = run(&table(50, ["no", "yes"]));
        assert_eq!((enough.few_test_rows(), says(&enough)), (None, (false, true)));
        assert_eq!(known(&enough.told_metrics()), known(&enough.metrics));
        // Rows without a class are measured on by nobody.
        let mut test = table(50, ["no", "yes"]);
        test.labels[..22].fill(None);
        let few = run(&test);
        assert_eq!((few.few_test_rows(), says(&few)), (Some((28, Some(3))), (true, false)));
        assert!(known(&few.metrics) > 0 && known(&few.told_metrics()) == 0);
        assert_eq!(few.told_metrics().len(), few.metrics.len());
    }

    /// Mixtures of all classes with their shares, and a training that they do not lead astray.
    #[test]
    fn mixtures_are_learned_from_and_counted_and_touch_nothing_that_is_measured() {
        let (train, test) = (table(200, ["no", "yes"]), table(50, ["no", "yes"]));
        let how = Mixup { copies: 2, alpha: 0.4 };
        let asked = HeadConfig { mixup: Some(how), ..config() };
        let classes = classes(&asked, &train).unwrap();
        let mut learned = Labelled::of("train", &train, &classes, &asked).unwrap();
        let mixtures = learned.mix(&asked);
        assert_eq!((learned.truths.len(), mixtures, learned.made.len()), (600, 400, 200));
        let rows = learned.examples(2);
        for (at, (one, other, share)) in pairs(200, how, asked.seed).enumerate() {
            let (truth, row) = (rows.truth(200 + at), rows.row(200 + at));
            assert_eq!(
                (truth.class, truth.other),
                (rows.truth(one).class, rows.truth(other).class)
            );
            let expected =
                share * f64::from(rows.row(one)[0]) + (1.0 - share) * f64::from(rows.row(other)[0]);
            assert!(
                (truth.share - share).abs() < 1e-12 && (f64::from(row[0]) - expected).abs() < 1e-6
            );
            assert!((row[1] - 1.0).abs() < 1e-6, "1 mixed with 1 is 1");
        }
        let none = FeatureTable::default();
        let trained = train_head(&asked, &train, &none, &test).unwrap();
        let plain = train_head(&config(), &train, &none, &test).unwrap();
        let outcome = &trained.outcome;
        assert_eq!((outcome.copies, outcome.mixed, outcome.rows.train), (400, 400, 200));
        assert_eq!(outcome.confusion.iter().flatten().sum::<u64>(), 50);
        let accuracy = outcome.metrics.iter().find(|metric| metric.name == "accuracy").unwrap();
        assert!(accuracy.value > 0.9, "{accuracy:?}");
        assert_ne!(trained.layers, plain.layers);
        assert_eq!(trained.layers, train_head(&asked, &train, &none, &test).unwrap().layers);
    }

    /// A row that is two in one is a copy, has the classes that the table says, and is no reason to take classes for alike.
    #[test]
    fn rows_that_come_mixed_are_learned_from_as_they_are() {
        let mut train = table(40, ["no", "yes"]);
        train.mixed = vec![None; 40];
        train.features.extend([0.0, 1.0]);
        train.labels.push(Some("yes".into()));
        train.places.push(("line".into(), 1));
        train.copy.push(true);
        train.mixed.push(Some(Mixed { label: "no".into(), share: 0.25 }));
        let classes = classes(&config(), &train).unwrap();
        let learned = Labelled::of("train", &train, &classes, &config()).unwrap();
        let truth = learned.examples(2).truth(40);
        assert_eq!((truth.class, truth.other, truth.share), (1, 0, 0.25));
        assert_eq!((learned.plain.len(), learned.made.len(), learned.made[0].len()), (40, 40, 2));
        let none = FeatureTable::default();
        let outcome =
            train_head(&config(), &train, &none, &table(20, ["no", "yes"])).unwrap().outcome;
        assert_eq!((outcome.copies, outcome.mixed, outcome.rows.train), (1, 1, 40));
        // Where labels are judged it is left out: its other part may be what is judged.
        let found = super::super::doubtful_labels(&config(), &train).unwrap();
        let plain = super::super::doubtful_labels(&config(), &table(40, ["no", "yes"])).unwrap();
        assert_eq!(found, plain);
    }

    /// Of two classes that overlap the rare one is hardly ever answered, unless its rows count for more.
    #[test]
    fn balanced_classes_are_found_though_one_is_rare() {
        let overlapping = |rows: usize, seed: u64| {
            let mut random = ingot_base::Rng::new(seed, "overlapping");
            let mut table = FeatureTable::default();
            for row in 0..rows {
                let rare = row % 12 == 0;
                let centre = if rare { 0.3 } else { -0.3 };
                let place = (centre + random.between(-1.0, 1.0)) as f32;
                table.features.extend([place, 1.0]);
                table.labels.push(Some(if rare { "yes" } else { "no" }.to_owned()));
                table.places.push(("cloud".into(), row as u64 + 1));
                table.copy.push(false);
            }
            table
        };
        let (train, test) = (overlapping(600, 1), overlapping(600, 2));
        let none = FeatureTable::default();
        let run = |balance: bool| {
            let asked = HeadConfig { balance, ..config() };
            train_head(&asked, &train, &none, &test).unwrap().outcome
        };
        let (plain, balanced) = (run(false), run(true));
        let recall = |outcome: &HeadOutcome, class: usize| {
            let row = &outcome.confusion[class];
            row[class] as f64 / row.iter().sum::<u64>() as f64
        };
        assert!(recall(&balanced, 1) > recall(&plain, 1) + 0.2, "{:?}", balanced.confusion);
        assert!(recall(&balanced, 1) > 0.4 && recall(&balanced, 0) > 0.4);
        assert!(plain.weights.is_empty());
        // 550 and 50 of 600 rows.
        let expected = [600.0 / 1100.0, 6.0];
        for (own, expected) in balanced.weights.iter().zip(expected) {
            assert!((own - expected).abs() < 1e-12, "{:?}", balanced.weights);
        }
        let page = super::super::head_report(&balanced).html(ingot_base::Lang::En);
        assert!(page.contains("yes × 6.00"), "{page}");
        // A mixture counts as its parts do.
        let how = Mixup { copies: 1, alpha: 0.4 };
        let asked = HeadConfig { balance: true, mixup: Some(how), ..config() };
        let classes = classes(&asked, &train).unwrap();
        let mut learned = Labelled::of("train", &train, &classes, &asked).unwrap();
        let weights = learned.weights(&asked, 2).unwrap();
        learned.weigh(&weights);
        learned.mix(&asked);
        let (one, other, share) = pairs(600, how, asked.seed).next().unwrap();
        let expected =
            share * learned.truths[one].weight + (1.0 - share) * learned.truths[other].weight;
        assert!((learned.truths[600].weight - expected).abs() < 1e-12);
        let secret = ingot_base::Secret::new(vec![1; 32]);
        let privacy =
            PrivateSettings { epsilon: 5.0, delta: 1e-4, clip: 1.0, groups: false, secret };
        let asked = HeadConfig { balance: true, privacy: Some(privacy), ..config() };
        let refused = train_head(&asked, &train, &none, &test).unwrap_err();
        assert_eq!(refused.code(), "base-internal", "counts of classes are secrets too");
    }

    /// A pass or two at a small step: more would learn more, and the report says so.
    #[test]
    fn a_training_that_ended_too_soon_says_so() {
        let (train, test) = (table(16, ["no", "yes"]), table(50, ["no", "yes"]));
        let run = |epochs: usize, schedule: Schedule| {
            let rate = if schedule == Schedule::Constant { 0.1 } else { 0.05 };
            let settings =
                HeadSettings { epochs, schedule, learning_rate: rate, ..config().settings };
            let asked = HeadConfig { settings, ..config() };
            train_head(&asked, &train, &FeatureTable::default(), &test).unwrap().outcome
        };
        let (short, long) = (run(5, Schedule::Constant), run(400, Schedule::Cosine));
        let says = |outcome: &HeadOutcome| {
            let page = super::super::head_report(outcome).html(ingot_base::Lang::En);
            (outcome.falling, page.contains("still falling"))
        };
        assert_eq!((says(&short), says(&long)), ((true, true), (false, false)), "{short:?}");
    }

    /// What hides one row does not hide two that are in one.
    #[test]
    fn a_private_training_takes_no_mixture() {
        let (mut train, test) = (table(400, ["no", "yes"]), table(50, ["no", "yes"]));
        let none = FeatureTable::default();
        let secret = ingot_base::Secret::new(vec![1; 32]);
        let privacy =
            PrivateSettings { epsilon: 5.0, delta: 1e-4, clip: 1.0, groups: false, secret };
        let mixup = Some(Mixup { copies: 1, alpha: 0.4 });
        let asked = HeadConfig { privacy: Some(privacy), mixup, ..config() };
        let outcome = train_head(&asked, &train, &none, &test).unwrap().outcome;
        assert_eq!((outcome.mixed, outcome.copies), (0, 0), "none is made of its rows");
        train.mixed = vec![None; 400];
        train.mixed[3] = Some(Mixed { label: "yes".into(), share: 0.5 });
        let refused = train_head(&asked, &train, &none, &test).unwrap_err();
        assert_eq!(refused.code(), "base-internal");
        assert!(refused.to_string().contains("mixture"), "{refused}");
        train_head(&config(), &train, &none, &test).unwrap();
    }

    /// Of a person with many rows the gradients are one: all of them together are hidden.
    #[test]
    fn a_group_is_hidden_as_a_whole_where_that_is_asked_for() {
        let mut train = table(60, ["no", "yes"]);
        train.groups = (0..60).map(|row| (row < 50).then(|| format!("p{}", row % 10))).collect();
        train.copy[7] = true;
        let private = |groups| {
            let secret = ingot_base::Secret::new(vec![1; 32]);
            let privacy = PrivateSettings { epsilon: 9.0, delta: 1e-3, clip: 1.0, groups, secret };
            HeadConfig { privacy: Some(privacy), ..config() }
        };
        let units = |config: &HeadConfig| {
            let classes = classes(config, &train).unwrap();
            Labelled::of("train", &train, &classes, config).unwrap().made
        };
        let (rows, groups) = (units(&private(false)), units(&private(true)));
        assert_eq!((rows.len(), groups.len()), (60, 20), "ten persons, and ten rows of nobody");
        assert_eq!((&groups[3], &groups[10]), (&vec![3, 13, 23, 33, 43], &vec![50]));
        let test = table(50, ["no", "yes"]);
        let found = train_head(&private(true), &train, &FeatureTable::default(), &test).unwrap();
        let spent = found.outcome.privacy.unwrap();
        assert!(spent.groups && spent.units == 20 && spent.steps == 80, "{spent:?}");
        let page = super::super::head_report(&found.outcome).html(ingot_base::Lang::En);
        assert!(page.contains("Every group"), "{page}");
    }

    #[test]
    fn a_private_training_tells_no_row_and_what_it_cost() {
        let (mut train, test) = (table(400, ["no", "yes"]), table(50, ["no", "yes"]));
        train.labels[3] = None;
        let secret = ingot_base::Secret::new(vec![1; 32]);
        let privacy =
            PrivateSettings { epsilon: 5.0, delta: 1e-4, clip: 1.0, groups: false, secret };
        let asked = HeadConfig { privacy: Some(privacy), ..config() };
        let found = train_head(&asked, &train, &FeatureTable::default(), &test).unwrap().outcome;
        let spent = found.privacy.unwrap();
        assert!(spent.epsilon <= 5.0 && spent.epsilon > 4.9, "{spent:?}");
        assert!(found.to_label.is_empty());
        let told = serde_json::to_string(&found).unwrap();
        assert!(!told.contains("train_loss"), "{told}");
        let page = super::super::head_report(&found).html(ingot_base::Lang::En);
        assert!(page.contains("DP-SGD") && !page.contains("cross-entropy"), "no loss to draw");
    }

    #[test]
    fn classes_with_the_same_rows_are_refused() {
        let (mut train, test) = (table(40, ["no", "yes"]), table(20, ["no", "yes"]));
        let some = train.features.clone();
        // Each row a second time, as the other class; one of them once more.
        for (row, label) in some.chunks(2).chain(some.chunks(2).take(1)).zip(0..) {
            train.features.extend(row);
            let other =
                if train.labels[label % 40].as_deref() == Some("no") { "yes" } else { "no" };
            train.labels.push(Some(other.into()));
            train.places.push(("again".into(), label as u64 + 1));
            train.copy.push(false);
        }
        let refused = train_head(&config(), &train, &FeatureTable::default(), &test).unwrap_err();
        assert_eq!(refused.code(), "train-classes-alike");
        assert!(refused.to_string().contains("`no` and `yes`"), "{refused}");
        train.features[0] += 0.25;
        train_head(&config(), &train, &FeatureTable::default(), &test).unwrap();
    }

    #[test]
    fn a_training_that_runs_away_is_told_with_its_epoch() {
        let (mut train, test) = (table(40, ["no", "yes"]), table(20, ["no", "yes"]));
        train.features[6] = f32::NAN;
        let lost = train_head(&config(), &train, &FeatureTable::default(), &test).unwrap_err();
        assert_eq!(lost.code(), "train-diverged");
        assert!(lost.to_string().contains("epoch 1"), "{lost}");
        // Behind a hidden layer, and with a softmax, too.
        let mut hidden = config();
        hidden.settings.hidden = vec![4];
        let lost = train_head(&hidden, &train, &FeatureTable::default(), &test).unwrap_err();
        assert_eq!(lost.code(), "train-diverged");
        let three = |rows: usize| {
            let mut three = table(rows, ["no", "yes"]);
            for label in three.labels.iter_mut().step_by(3) {
                *label = Some("perhaps".into());
            }
            three
        };
        let (mut train, test) = (three(42), three(21));
        train_head(&config(), &train, &FeatureTable::default(), &test).unwrap();
        train.features[6] = f32::NAN;
        let lost = train_head(&config(), &train, &FeatureTable::default(), &test).unwrap_err();
        assert_eq!(lost.code(), "train-diverged");
        // A test row of which nothing can be said.
        let mut blind = table(20, ["no", "yes"]);
        blind.features[3] = f32::NAN;
        let good = table(40, ["no", "yes"]);
        let lost = train_head(&config(), &good, &FeatureTable::default(), &blind).unwrap_err();
        assert_eq!(lost.code(), "train-score-undefined");
        assert!(lost.to_string().contains("row 2"), "{lost}");
        // Rows without a class have no score, and are counted all the same.
        blind.labels[0] = None;
        blind.places[1] = ("other".into(), 7);
        let lost = train_head(&config(), &good, &FeatureTable::default(), &blind).unwrap_err();
        assert!(lost.to_string().contains("row 7 of source `other`"), "{lost}");
        // Of more classes than two a row has as many scores.
        let mut blind = three(21);
        blind.labels[0] = None;
        blind.features[9] = f32::NAN;
        let lost = train_head(&config(), &three(42), &FeatureTable::default(), &blind).unwrap_err();
        assert!(lost.to_string().contains("row 5 of source `line`"), "{lost}");
    }
}

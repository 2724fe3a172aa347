//! From tables of features to a measured head.

use super::head::{Epoch, Examples, Fitted, HeadSettings, Net, fit};
use super::outcome::{HeadOutcome, ToLabel};
use super::private::{PrivateSettings, fit_privately};
use crate::messages::{
    CLASS_UNSEEN, CLASSES_ALIKE, DIVERGED, NO_ROWS, ONE_CLASS, POSITIVE, SCORE_UNDEFINED,
};
use crate::metrics::{Binary, Multiclass, Sampling, distinct, top};
use crate::outcome::{Metric, Parity, Rows};
use ingot_base::{Fault, Output, Result, Task};
use ingot_runtime::Matrix;
use ingot_runtime::onnx::{Activation, Dense};
use std::cmp::Ordering;
use std::collections::HashMap;

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
    /// The group of each row, `None` where it has none; empty where the split keeps no groups together.
    pub groups: Vec<Option<String>>,
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
    /// Decides every random choice.
    pub seed: u64,
    /// Whether and how the training hides single rows.
    pub privacy: Option<PrivateSettings>,
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
    for (name, table) in [("train", train), ("test", test)] {
        if table.labels.iter().all(Option::is_none) {
            return Err(Fault::new(&NO_ROWS).arg("table", name));
        }
    }
    let classes = classes(config, train)?;
    let learned = Labelled::of("train", train, &classes, config)?;
    let held = Labelled::of("validation", validation, &classes, config)?;
    let unseen = Labelled::of("test", test, &classes, config)?;
    learned.told_apart(&classes, config)?;
    let watched = (!held.labels.is_empty()).then(|| held.examples(config.width));
    let (settings, rows) = (&config.settings, learned.examples(config.width));
    let (fitted, privacy) = match &config.privacy {
        None => (fit(settings, rows, watched, classes.len(), config.seed), None),
        Some(private) => {
            let made = fit_privately(settings, private, rows, watched, classes.len(), config.seed)?;
            (made.0, Some(made.1))
        }
    };
    let Fitted { net, history, best } = fitted;
    if let Some(epoch) = history.iter().position(Epoch::is_lost) {
        return Err(Fault::new(&DIVERGED)
            .arg("epoch", epoch + 1)
            .arg("rate", settings.learning_rate)
            .at("train.head.learning_rate"));
    }
    let scores = answers(&net, unseen.examples(config.width));
    if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
        let width = scores.len().checked_div(unseen.labels.len()).unwrap_or(1).max(1);
        return Err(Fault::new(&SCORE_UNDEFINED).arg("row", row / width + 1));
    }
    let groups: Vec<_> = test.groups.iter().zip(&test.labels).collect();
    let groups: Vec<_> = groups
        .into_iter()
        .filter(|(_, label)| label.is_some())
        .map(|(own, _)| own.clone())
        .collect();
    let Measured { metrics, majority, confusion, groups } =
        measure(&classes, &scores, &unseen.labels, &groups, config.seed)?;
    let count = |table: &FeatureTable| table.copy.iter().filter(|copy| !**copy).count() as u64;
    let outcome = HeadOutcome {
        task: config.task,
        target: config.target.clone(),
        classes: classes.clone(),
        rows: Rows { train: count(train), validation: count(validation), test: count(test) },
        copies: train.copy.iter().filter(|copy| **copy).count() as u64,
        backbone: config.backbone.clone(),
        width: config.width,
        parameters: net.layers.iter().map(|layer| layer.weight.len() + layer.bias.len()).sum(),
        history,
        best,
        test_groups: groups,
        metrics,
        majority,
        confusion,
        parity: Parity { rows: 0, difference: 0.0, tolerance: 0.0 },
        to_label: to_label(&net, train, config.width),
        privacy,
        labels: None,
    };
    Ok(TrainedHead {
        output: output(config, &classes),
        activation: net.activation,
        layers: net.layers,
        outcome,
        scores,
    })
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

/// The rows of a table that have a class.
struct Labelled {
    features: Vec<f32>,
    labels: Vec<usize>,
}

impl Labelled {
    fn of(
        name: &str,
        table: &FeatureTable,
        classes: &[String],
        config: &HeadConfig,
    ) -> Result<Self> {
        let (mut features, mut labels, mut unknown) = (Vec::new(), Vec::new(), 0);
        for (row, label) in table.features.chunks_exact(config.width.max(1)).zip(&table.labels) {
            let Some(label) = label else { continue };
            let Some(index) = classes.iter().position(|class| class == label) else {
                unknown += 1;
                continue;
            };
            features.extend_from_slice(row);
            labels.push(index);
        }
        if unknown > 0 {
            return Err(Fault::new(&CLASS_UNSEEN)
                .arg("rows", unknown)
                .arg("table", name)
                .arg("column", &config.target)
                .at("split.stratify"));
        }
        Ok(Self { features, labels })
    }

    fn examples(&self, width: usize) -> Examples<'_> {
        Examples { features: &self.features, width, labels: &self.labels }
    }

    /// Refuses two classes whose rows are the same, however often each is there.
    fn told_apart(&self, classes: &[String], config: &HeadConfig) -> Result<()> {
        let rows = self.examples(config.width);
        let mut distinct: Vec<Vec<&[f32]>> = vec![Vec::new(); classes.len()];
        for (index, label) in self.labels.iter().enumerate() {
            if let Some(own) = distinct.get_mut(*label) {
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
    (0..rows.labels.len()).flat_map(|row| net.scores(rows.row(row))).collect()
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
#[expect(clippy::cast_precision_loss, reason = "classes are counted in thousands")]
pub fn measure(
    classes: &[String],
    scores: &[f64],
    labels: &[usize],
    groups: &[Option<String>],
    seed: u64,
) -> Result<Measured> {
    let width = if classes.len() == 2 { 1 } else { classes.len() };
    let groups = (!groups.is_empty()).then(|| numbered(groups));
    let sampling = Sampling::of(seed, groups.as_deref());
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
        groups: groups.map(|groups| distinct(&groups) as u64),
    })
}

/// Groups as numbers from 0; rows without a group are each their own.
fn numbered(groups: &[Option<String>]) -> Vec<u32> {
    let mut known: HashMap<&str, u32> = HashMap::new();
    let mut next = 0..;
    let mut numbers = Vec::with_capacity(groups.len());
    for group in groups {
        let fresh = || next.next().unwrap_or(u32::MAX);
        numbers.push(match group {
            Some(name) => *known.entry(name.as_str()).or_insert_with(fresh),
            None => next.next().unwrap_or(u32::MAX),
        });
    }
    numbers
}

/// Rows without a class, the least certain first: margin sampling (Scheffer et al. 2001).
fn to_label(net: &Net, table: &FeatureTable, width: usize) -> Vec<ToLabel> {
    let rows = table.features.chunks_exact(width.max(1)).zip(&table.labels).zip(&table.places);
    let mut list: Vec<ToLabel> = rows
        .filter(|((_, label), _)| label.is_none())
        .map(|((row, _), (source, number))| {
            let mut scores = net.scores(row);
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

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
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
            seed: 1,
            privacy: None,
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
    }
}

//! The training itself.

use super::super::head::{
    Adam, Epoch, Gradients, HeadSettings, Net, Truth, dropped, probabilities,
};
use super::super::train::{
    FeatureTable, HeadConfig, Labelled, TrainedHead, classes, margins, measured_on, undefined,
};
use super::lesson::{Teacher, lesson};
use super::maps::{MapShape, backward, forward, shapes, turned};
use super::{TuneSettings, Unfrozen};
use crate::messages::{TUNE_DIVERGED, TUNE_MAPS};
use ingot_base::{Fault, Result, Rng};
use ingot_runtime::onnx::{Activation, Dense, Tail};

/// Rows that are measured together.
const TOGETHER: usize = 32;

/// A fine-tuned network's end with its head.
#[derive(Debug)]
pub struct Tuned {
    /// The convolutions with what they have learnt.
    pub tail: Tail,
    /// The head, measured anew.
    pub head: TrainedHead,
    /// The whole's logits of every row of the training table, row-major: what a smaller network may learn from.
    pub logits: Vec<f32>,
}

/// The features of rows whose maps are known: what the end of the network, as it is, gives for each.
///
/// # Errors
/// When the maps are not of this shape, or the end does not fit it.
pub fn pooled(tail: &Tail, shape: MapShape, table: &FeatureTable) -> Result<FeatureTable> {
    let net = End::new(tail, shape)?;
    let rows = net.rows(table)?;
    let features = rows.chunks(TOGETHER).flat_map(|rows| net.features(rows.iter().copied()));
    Ok(FeatureTable {
        features: features.collect(),
        labels: table.labels.clone(),
        places: table.places.clone(),
        copy: table.copy.clone(),
        mixed: table.mixed.clone(),
        groups: table.groups.clone(),
    })
}

/// Trains the end of a network and the head on it further. `tables` are maps of the training, validation and test rows; `head` was
/// trained on what [`pooled`] gives for the same. The weights with the least validation loss are kept, the unchanged ones among
/// them; without validation rows the last.
///
/// # Errors
/// When the maps are not of this shape, when a loss or figure is no number, and as [`train_head`](super::super::train_head).
pub fn fine_tune(
    config: &HeadConfig,
    settings: &TuneSettings,
    (tail, shape): (&Tail, MapShape),
    head: TrainedHead,
    tables: [&FeatureTable; 3],
    teacher: Option<&Teacher>,
) -> Result<Tuned> {
    let [train, validation, test] = tables;
    let mut end = End::new(tail, shape)?;
    for table in tables {
        end.rows(table)?;
    }
    let wide = HeadConfig { width: shape.numbers(), ..config.clone() };
    let classes = classes(config, train)?;
    let mut learned = Labelled::of("train", train, &classes, &wide)?;
    let held = Labelled::of("validation", validation, &classes, &wide)?;
    let unseen = Labelled::of("test", test, &classes, &wide)?;
    learned.mix(&wide);
    let net = Net { layers: head.layers.clone(), activation: head.activation };
    let steps = steps(settings, &config.settings);
    let lessons = Lessons { learned: &learned, teacher: labelled(train, &net, teacher) };
    let mut state = State { weights: end.weights.clone(), net };
    let (history, best) = state.train(&mut end, &steps, &lessons, &held, config.seed)?;
    end.weights.clone_from(&state.weights);
    let scores: Vec<f64> = state
        .logits(&end, &unseen)
        .into_iter()
        .flat_map(|row| probabilities(&row, state.net.activation))
        .collect();
    let outputs = state.net.layers.last().map_or(1, |layer| layer.bias.len());
    if let Some(at) = scores.iter().position(|score| !score.is_finite()) {
        return Err(undefined(test, at / outputs.max(1)));
    }
    let features = |table: &FeatureTable| -> Result<Vec<Vec<f32>>> {
        let rows = end.rows(table)?;
        let features = rows.chunks(TOGETHER).flat_map(|rows| end.features(rows.iter().copied()));
        let features: Vec<f32> = features.collect();
        let of = |row: &[f32]| state.net.forward(row).pop().unwrap_or_default();
        Ok(features.chunks(config.width.max(1)).map(of).collect())
    };
    let logits = features(train)?;
    let mut outcome = head.outcome;
    let frozen = std::mem::take(&mut outcome.metrics);
    let measured = measured_on(&classes, &scores, &unseen, test, config.seed)?;
    outcome.metrics = measured.metrics;
    outcome.confusion = measured.confusion;
    outcome.parameters += tail.parameters();
    let answers = logits.iter().map(|row| probabilities(row, state.net.activation)).collect();
    outcome.to_label = margins(train, answers);
    let tail = end.tail();
    let maps: usize = tables.iter().map(|table| table.features.len()).sum();
    outcome.unfrozen = Some(Unfrozen {
        blocks: settings.blocks,
        from: tail.from.clone(),
        shape: [shape.channels, shape.height, shape.width],
        convolutions: tail.convolutions.iter().map(|own| own.name.clone()).collect(),
        parameters: tail.parameters(),
        bytes: 4 * maps as u64,
        history,
        best,
        frozen,
    });
    let head = TrainedHead { layers: state.net.layers, outcome, scores, ..head };
    Ok(Tuned { tail, head, logits: logits.concat() })
}

/// As a head has them; what is left out of the features at random stays as it was.
fn steps(settings: &TuneSettings, head: &HeadSettings) -> HeadSettings {
    HeadSettings {
        hidden: Vec::new(),
        epochs: settings.epochs,
        batch: settings.batch,
        learning_rate: settings.learning_rate,
        weight_decay: settings.weight_decay,
        schedule: settings.schedule,
        dropout: head.dropout,
        patience: settings.patience,
    }
}

/// The teacher's answers to the rows that have a class: mixtures and rows without one are learnt from without it.
fn labelled<'t>(
    table: &FeatureTable,
    net: &Net,
    teacher: Option<&'t Teacher>,
) -> Option<(&'t Teacher, Vec<&'t [f32]>)> {
    let teacher = teacher?;
    let outputs = net.layers.last().map_or(1, |layer| layer.bias.len());
    let rows = teacher.logits.chunks_exact(outputs.max(1)).zip(&table.labels);
    Some((teacher, rows.filter(|(_, label)| label.is_some()).map(|(row, _)| row).collect()))
}

/// What is learnt from.
struct Lessons<'a> {
    learned: &'a Labelled,
    teacher: Option<(&'a Teacher, Vec<&'a [f32]>)>,
}

impl Lessons<'_> {
    fn of(&self, row: usize, truth: Truth, logits: &[f32], kind: Activation) -> (f64, Vec<f32>) {
        let teacher = self.teacher.as_ref();
        let theirs = teacher.and_then(|(teacher, rows)| Some((teacher.how, *rows.get(row)?)));
        lesson(logits, truth, kind, theirs)
    }
}

/// The end of a network with its weights.
struct End<'t> {
    tail: &'t Tail,
    shape: MapShape,
    weights: Vec<Dense>,
}

impl<'t> End<'t> {
    fn new(tail: &'t Tail, shape: MapShape) -> Result<Self> {
        shapes(tail, shape)?;
        let weights = tail
            .convolutions
            .iter()
            .map(|own| Dense { weight: own.weight.clone(), bias: own.bias.clone() })
            .collect();
        Ok(Self { tail, shape, weights })
    }

    /// A table's maps.
    fn rows<'a>(&self, table: &'a FeatureTable) -> Result<Vec<&'a [f32]>> {
        let each = self.shape.numbers();
        if table.features.len() != each * table.labels.len() {
            return Err(Fault::new(&TUNE_MAPS).arg("value", &self.tail.from));
        }
        Ok(table.features.chunks_exact(each.max(1)).collect())
    }

    fn features<'a>(&self, rows: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
        let mut values = forward(self.tail, &self.weights, turned(rows, self.shape));
        values.pop().map(|map| map.data).unwrap_or_default()
    }

    fn tail(&self) -> Tail {
        let mut tail = self.tail.clone();
        for (own, dense) in tail.convolutions.iter_mut().zip(&self.weights) {
            own.weight.clone_from(&dense.weight);
            own.bias.clone_from(&dense.bias);
        }
        tail
    }
}

/// What is trained.
#[derive(Clone)]
struct State {
    weights: Vec<Dense>,
    net: Net,
}

impl State {
    /// Gives the passes, and the number of the one whose weights are here now.
    fn train(
        &mut self,
        end: &mut End<'_>,
        settings: &HeadSettings,
        lessons: &Lessons<'_>,
        held: &Labelled,
        seed: u64,
    ) -> Result<(Vec<Epoch>, usize)> {
        let count = lessons.learned.truths.len();
        let mut order: Vec<usize> = (0..count).collect();
        let (mut shuffle, mut drop) =
            (Rng::new(seed, "tune order"), Rng::new(seed, "tune dropout"));
        let steps = settings.epochs * count.div_ceil(settings.batch.max(1));
        // The convolutions take Adam's steps as dense layers do: to it they are lists of numbers.
        let mut front = Net { layers: self.weights.clone(), activation: self.net.activation };
        let (mut first, mut second) = (Adam::new(&front), Adam::new(&self.net));
        let watched = !held.truths.is_empty();
        let start = if watched { self.judge(end, held).0 } else { f64::INFINITY };
        let (mut history, mut kept) = (Vec::new(), (start, 0, self.clone()));
        for epoch in 1..=settings.epochs {
            shuffle.shuffle(&mut order);
            let mut loss = 0.0;
            for rows in order.chunks(settings.batch.max(1)) {
                let rate = settings.rate(first.step, steps);
                (first.rate, second.rate) = (rate, rate);
                let (own, mut tail, mut head) =
                    self.step(end, rows, lessons, (settings.dropout, &mut drop));
                loss += own;
                tail.divide(rows.len());
                head.divide(rows.len());
                first.update(&mut front, &tail, settings.weight_decay);
                second.update(&mut self.net, &head, settings.weight_decay);
                end.weights.clone_from(&front.layers);
            }
            self.weights.clone_from(&front.layers);
            let judged = watched.then(|| self.judge(end, held));
            #[expect(clippy::cast_precision_loss, reason = "rows are counted in millions")]
            history.push(Epoch {
                train_loss: Some(loss / count.max(1) as f64),
                validation_loss: judged.map(|judged| judged.0),
                validation_accuracy: judged.map(|judged| judged.1),
                learning_rate: first.rate,
            });
            if history.last().is_some_and(Epoch::is_lost) {
                return Err(Fault::new(&TUNE_DIVERGED)
                    .arg("epoch", epoch)
                    .arg("rate", settings.learning_rate)
                    .at("train.unfreeze.learning_rate"));
            }
            match judged {
                Some((loss, _)) if loss < kept.0 => kept = (loss, epoch, self.clone()),
                Some(_) if settings.patience > 0 && epoch - kept.1 >= settings.patience => break,
                Some(_) => {}
                None => kept = (0.0, epoch, self.clone()),
            }
        }
        *self = kept.2;
        Ok((history, kept.1))
    }

    /// Losses and gradients of some rows, summed.
    fn step(
        &self,
        end: &End<'_>,
        rows: &[usize],
        lessons: &Lessons<'_>,
        (share, drop): (f64, &mut Rng),
    ) -> (f64, Gradients, Gradients) {
        let examples = lessons.learned.examples(end.shape.numbers());
        let batch = turned(rows.iter().map(|row| examples.row(*row)), end.shape);
        let values = forward(end.tail, &end.weights, batch);
        let features = values.last().map(|map| map.data.as_slice()).unwrap_or_default();
        let width = features.len().checked_div(rows.len()).unwrap_or_default().max(1);
        let (mut head, mut loss) = (Gradients::of(&self.net), 0.0);
        let mut error = Vec::with_capacity(features.len());
        for (row, features) in rows.iter().zip(features.chunks(width)) {
            // What is left of each feature, the same on the way back.
            let left = dropped(&vec![1.0; features.len()], share, &mut || drop.unit());
            let taken: Vec<f32> =
                features.iter().zip(&left).map(|(number, left)| number * left).collect();
            let outputs = self.net.forward(&taken);
            let logits = outputs.last().map(Vec::as_slice).unwrap_or_default();
            let (own, wrong) = lessons.of(*row, examples.truth(*row), logits, self.net.activation);
            loss += own;
            let back = head.descend(&self.net, &taken, &outputs, wrong, true);
            error.extend(back.iter().zip(&left).map(|(number, left)| number * left));
        }
        (loss, Gradients::made(backward(end.tail, &end.weights, &values, error)), head)
    }

    fn logits(&self, end: &End<'_>, rows: &Labelled) -> Vec<Vec<f32>> {
        let examples = rows.examples(end.shape.numbers());
        let all: Vec<usize> = (0..rows.truths.len()).collect();
        let width = self.net.layers.first().map_or(1, Dense::inputs).max(1);
        all.chunks(TOGETHER)
            .flat_map(|rows| {
                let features = end.features(rows.iter().map(|row| examples.row(*row)));
                let of = |row: &[f32]| self.net.forward(row).pop().unwrap_or_default();
                features.chunks(width).map(of).collect::<Vec<_>>()
            })
            .collect()
    }

    /// Mean cross-entropy and accuracy.
    #[expect(clippy::cast_precision_loss, reason = "rows are counted in millions")]
    fn judge(&self, end: &End<'_>, rows: &Labelled) -> (f64, f64) {
        let (mut loss, mut right) = (0.0, 0_usize);
        for (logits, truth) in self.logits(end, rows).iter().zip(&rows.truths) {
            let (own, is_right) = super::super::head::judged(logits, *truth, self.net.activation);
            loss += own;
            right += usize::from(is_right);
        }
        let count = rows.truths.len().max(1) as f64;
        (loss / count, right as f64 / count)
    }
}

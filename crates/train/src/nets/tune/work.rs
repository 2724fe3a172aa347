//! The training itself.

use super::super::head::{
    Adam, Epoch, Gradients, HeadSettings, Net, Truth, dropped, judged, probabilities,
};
use super::super::outcome::HeadOutcome;
use super::super::train::{
    FeatureTable, HeadConfig, Labelled, TrainedHead, classes, margins, measured_on, undefined,
};
use super::lesson::{Teacher, lesson};
use super::maps::{MapShape, backward, forward, shapes, turned};
use super::{TuneSettings, Unfrozen};
use crate::messages::{TUNE_DIVERGED, TUNE_MAPS};
use ingot_base::{Fault, Result, Rng};
use ingot_runtime::onnx::{Activation, Convolution, Dense, Tail};

/// Rows that are measured together.
const TOGETHER: usize = 32;

/// A fine-tuned network's end with its head.
#[derive(Debug)]
pub struct Tuned {
    /// The convolutions with what they have learnt.
    pub tail: Tail,
    /// The head, measured anew; where no pass made the validation loss lower, what it was.
    pub head: TrainedHead,
}

/// The features of rows whose maps are known: what the end of the network, as it is, gives for each.
///
/// # Errors
/// When the maps are not of this shape, or the end does not fit it.
pub fn pooled(tail: &Tail, shape: MapShape, table: &FeatureTable) -> Result<FeatureTable> {
    let end = End::new(tail, shape)?;
    Ok(FeatureTable {
        features: end.features(&end.weights(), &end.rows(table)?),
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
    let end = End::new(tail, shape)?;
    for table in tables {
        end.rows(table)?;
    }
    let wide = HeadConfig { width: shape.numbers(), ..config.clone() };
    let classes = classes(config, train)?;
    let (mut learned, held, _) = Labelled::pair(&wide, (train, validation), &classes)?;
    learned.mix(&wide);
    let net = Net { layers: head.layers.clone(), activation: head.activation };
    let steps = settings.passes.steps(&config.settings);
    let lessons = Lessons { learned: &learned, teacher: labelled(train, &net, teacher) };
    let mut state =
        State { front: Net { layers: end.weights(), activation: head.activation }, net };
    let (history, best) = state.train(&end, &steps, &lessons, &held, config.seed);
    settings.passes.converged(&history, &TUNE_DIVERGED)?;
    let maps: usize = tables.iter().map(|table| table.features.len()).sum();
    let unfrozen = Unfrozen {
        blocks: settings.blocks,
        from: tail.from.clone(),
        shape: [shape.channels, shape.height, shape.width],
        convolutions: tail.convolutions.iter().map(|own| own.name.clone()).collect(),
        parameters: tail.parameters(),
        bytes: 4 * maps as u64,
        history,
        best,
        frozen: head.outcome.metrics.clone(),
    };
    if !unfrozen.helped() {
        let outcome = HeadOutcome { unfrozen: Some(unfrozen), ..head.outcome };
        return Ok(Tuned { tail: tail.clone(), head: TrainedHead { outcome, ..head } });
    }
    let unseen = Labelled::of("test", test, &classes, &wide)?;
    let scores: Vec<f64> = state.scores(&end, &unseen.rows(wide.width)).concat();
    let outputs = state.net.layers.last().map_or(1, |layer| layer.bias.len());
    if let Some(at) = scores.iter().position(|score| !score.is_finite()) {
        return Err(undefined(test, at / outputs.max(1)));
    }
    let mut unlabelled: Vec<&[f32]> = Vec::new();
    for table in tables {
        let rows = end.rows(table)?.into_iter().zip(&table.labels);
        unlabelled.extend(rows.filter(|(_, label)| label.is_none()).map(|(row, _)| row));
    }
    let measured = measured_on(&classes, &scores, &unseen, test, config.seed)?;
    let outcome = HeadOutcome {
        metrics: measured.metrics,
        confusion: measured.confusion,
        parameters: head.outcome.parameters + tail.parameters(),
        to_label: margins(tables, state.scores(&end, &unlabelled)),
        unfrozen: Some(unfrozen),
        // What is kept went on from where the head ended.
        falling: false,
        ..head.outcome
    };
    let tail = end.with(state.front.layers);
    Ok(Tuned { tail, head: TrainedHead { layers: state.net.layers, outcome, scores, ..head } })
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

/// The end of a network.
struct End<'t> {
    tail: &'t Tail,
    shape: MapShape,
}

impl<'t> End<'t> {
    fn new(tail: &'t Tail, shape: MapShape) -> Result<Self> {
        shapes(tail, shape)?;
        Ok(Self { tail, shape })
    }

    /// The weights that it has.
    fn weights(&self) -> Vec<Dense> {
        let own = |own: &Convolution| Dense { weight: own.weight.clone(), bias: own.bias.clone() };
        self.tail.convolutions.iter().map(own).collect()
    }

    /// The same with other weights.
    fn with(&self, weights: Vec<Dense>) -> Tail {
        let mut tail = self.tail.clone();
        for (own, dense) in tail.convolutions.iter_mut().zip(weights) {
            (own.weight, own.bias) = (dense.weight, dense.bias);
        }
        tail
    }

    /// A table's maps.
    fn rows<'a>(&self, table: &'a FeatureTable) -> Result<Vec<&'a [f32]>> {
        let each = self.shape.numbers();
        if table.features.len() != each * table.labels.len() {
            return Err(Fault::new(&TUNE_MAPS).arg("value", &self.tail.from));
        }
        Ok(table.features.chunks_exact(each.max(1)).collect())
    }

    /// The features of maps, row-major.
    fn features(&self, weights: &[Dense], rows: &[&[f32]]) -> Vec<f32> {
        let of = |rows: &[&[f32]]| {
            let mut values = forward(self.tail, weights, turned(rows.iter().copied(), self.shape));
            values.pop().map(|map| map.data).unwrap_or_default()
        };
        rows.chunks(TOGETHER).flat_map(of).collect()
    }
}

/// What is trained.
#[derive(Clone)]
struct State {
    /// The convolutions. They take Adam's steps as dense layers do: to it they are lists of numbers.
    front: Net,
    /// The head.
    net: Net,
}

impl State {
    /// Gives the passes, the last of which is lost where the training diverged, and the number of the one whose weights are here then;
    /// 0: none was better than what was here before, and what is here now is nothing.
    fn train(
        &mut self,
        end: &End<'_>,
        settings: &HeadSettings,
        lessons: &Lessons<'_>,
        held: &Labelled,
        seed: u64,
    ) -> (Vec<Epoch>, usize) {
        let count = lessons.learned.truths.len();
        let mut order: Vec<usize> = (0..count).collect();
        let (mut shuffle, mut drop) =
            (Rng::new(seed, "tune order"), Rng::new(seed, "tune dropout"));
        let steps = settings.epochs * count.div_ceil(settings.batch.max(1));
        let (mut first, mut second) = (Adam::new(&self.front), Adam::new(&self.net));
        let watched = !held.truths.is_empty();
        let mut least = if watched { self.judge(end, held).0 } else { f64::INFINITY };
        let (mut history, mut best, mut kept) = (Vec::new(), 0, None);
        for epoch in 1..=settings.epochs {
            shuffle.shuffle(&mut order);
            let mut loss = 0.0;
            for rows in order.chunks(settings.batch.max(1)) {
                let rate = settings.rate(first.step, steps);
                (first.rate, second.rate) = (rate, rate);
                let (own, mut front, mut head) =
                    self.step(end, rows, lessons, (settings.dropout, &mut drop));
                loss += own;
                front.divide(rows.len());
                head.divide(rows.len());
                first.update(&mut self.front, &front, settings.weight_decay);
                second.update(&mut self.net, &head, settings.weight_decay);
            }
            let judged = watched.then(|| self.judge(end, held));
            #[expect(clippy::cast_precision_loss, reason = "rows are counted in millions")]
            history.push(Epoch {
                train_loss: Some(loss / count.max(1) as f64),
                validation_loss: judged.map(|judged| judged.0),
                validation_accuracy: judged.map(|judged| judged.1),
                learning_rate: first.rate,
            });
            if history.last().is_some_and(Epoch::is_lost) {
                break;
            }
            match judged {
                Some((loss, _)) if loss < least => {
                    (least, best, kept) = (loss, epoch, Some(self.clone()));
                }
                Some(_) if settings.patience > 0 && epoch - best >= settings.patience => break,
                Some(_) => {}
                None => best = epoch,
            }
        }
        if let Some(kept) = kept {
            *self = kept;
        }
        (history, best)
    }

    /// Losses and gradients of some rows, summed: of the convolutions and of the head.
    fn step(
        &self,
        end: &End<'_>,
        rows: &[usize],
        lessons: &Lessons<'_>,
        (share, drop): (f64, &mut Rng),
    ) -> (f64, Gradients, Gradients) {
        let examples = lessons.learned.examples(end.shape.numbers());
        let batch = turned(rows.iter().map(|row| examples.row(*row)), end.shape);
        let values = forward(end.tail, &self.front.layers, batch);
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
        let front = Gradients::made(backward(end.tail, &self.front.layers, &values, error));
        (loss, front, head)
    }

    /// The whole's logits of maps.
    fn logits(&self, end: &End<'_>, rows: &[&[f32]]) -> Vec<Vec<f32>> {
        let width = self.net.layers.first().map_or(1, Dense::inputs).max(1);
        let features = end.features(&self.front.layers, rows);
        let of = |row: &[f32]| self.net.forward(row).pop().unwrap_or_default();
        features.chunks(width).map(of).collect()
    }

    /// The whole's probabilities.
    fn scores(&self, end: &End<'_>, rows: &[&[f32]]) -> Vec<Vec<f64>> {
        let logits = self.logits(end, rows);
        logits.iter().map(|row| probabilities(row, self.net.activation)).collect()
    }

    /// Mean cross-entropy and accuracy.
    #[expect(clippy::cast_precision_loss, reason = "rows are counted in millions")]
    fn judge(&self, end: &End<'_>, held: &Labelled) -> (f64, f64) {
        let (mut loss, mut right) = (0.0, 0_usize);
        let logits = self.logits(end, &held.rows(end.shape.numbers()));
        for (logits, truth) in logits.iter().zip(&held.truths) {
            let (own, is_right) = judged(logits, *truth, self.net.activation);
            loss += own;
            right += usize::from(is_right);
        }
        let count = held.truths.len().max(1) as f64;
        (loss / count, right as f64 / count)
    }
}

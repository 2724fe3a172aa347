//! The training itself.

use super::super::head::{
    Epoch, Gradients, HeadSettings, Net, Truth, dropped, judged, probabilities,
};
use super::super::outcome::HeadOutcome;
use super::super::passes::Passes;
use super::super::train::{
    FeatureTable, HeadConfig, Labelled, TrainedHead, classes, margins, measured_on, undefined,
};
use super::super::tune::{Distill, lesson};
use super::change::Change;
use super::model::{Embeddings, Layer, put_back, read};
use super::net::{self, pieces};
use super::state::State;
use super::{EncoderSettings, TunedEncoder};
use crate::language::Checkpoints;
use crate::messages::{ENCODER_DIVERGED, ENCODER_LAYERS};
use ingot_base::{Fault, Reporter, Result, Rng, fault};
use ingot_runtime::onnx;
use ingot_runtime::weights::Weights;

/// Rows whose features are held together where nothing is learnt from them.
const TOGETHER: usize = 256;

/// An encoder as it was published.
#[derive(Debug, Clone, Copy)]
pub struct SourceEncoder<'a> {
    /// Its tensors.
    pub weights: &'a Weights,
    /// What they do not tell.
    pub encoder: onnx::Encoder,
    /// Numbers of the tokens of the training, validation and test rows.
    pub tokens: [&'a [Vec<i64>]; 3],
}

/// Around a training: where it is kept while it goes on, and who is told how far it is.
#[derive(Clone, Copy)]
pub struct EncoderCourse<'a> {
    /// Stands for everything that decides the training: a checkpoint of another one is not gone on from.
    pub key: &'a str,
    /// Where an unfinished training is kept, after every pass.
    pub checkpoints: &'a dyn Checkpoints,
    /// Told the steps that were made.
    pub reporter: &'a dyn Reporter,
}

impl std::fmt::Debug for EncoderCourse<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("EncoderCourse").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A larger encoder's answers to the training rows.
#[derive(Debug, Clone, PartialEq)]
pub struct EncoderTeacher {
    /// How much its answers count.
    pub how: Distill,
    /// Its logits of every row, row-major: one of two classes, else one for each class.
    pub logits: Vec<f32>,
    /// Its embedding of every row, of length 1; the student's is drawn to it by 1 − cosine, which counts as `how.weight` does.
    pub embeddings: Vec<f32>,
}

/// A fine-tuned encoder with its head.
#[derive(Debug)]
pub struct TunedText {
    /// The encoder's tensors, with what its layers have learnt.
    pub weights: Weights,
    /// The head, measured anew.
    pub head: TrainedHead,
}

/// An encoder with fewer layers: `count` of its own, evenly from the first on, the rest left out (Sanh et al. 2019).
///
/// # Errors
/// When it has fewer than that, or lacks a weight.
pub fn fewer_layers(weights: &Weights, encoder: onnx::Encoder, count: usize) -> Result<Weights> {
    let (_, layers) = read(weights, encoder)?;
    if count == 0 || count > layers.len() {
        return Err(Fault::new(&ENCODER_LAYERS).arg("asked", count).arg("layers", layers.len()));
    }
    let own: Vec<Layer> =
        (0..count).filter_map(|at| layers.get(at * layers.len() / count).cloned()).collect();
    Ok(put_back(weights, &own))
}

/// Trains an encoder and the head on it further. `tables` have the features of the unchanged encoder, on which `head` was trained. The
/// numbers with the least validation loss are kept, the unchanged ones among them; without validation rows the last.
///
/// # Errors
/// When the encoder lacks a weight or has fewer layers, when a loss or figure is no number, when a checkpoint cannot be kept, and as
/// [`train_head`](super::super::train_head).
pub fn tune_encoder(
    config: &HeadConfig,
    settings: &EncoderSettings,
    source: SourceEncoder<'_>,
    head: TrainedHead,
    tables: [&FeatureTable; 3],
    (teacher, course): (Option<&EncoderTeacher>, EncoderCourse<'_>),
) -> Result<TunedText> {
    let [train, validation, test] = tables;
    let (embeddings, base) = read(source.weights, source.encoder)?;
    if settings.layers == 0 || settings.layers > base.len() {
        return Err(Fault::new(&ENCODER_LAYERS)
            .arg("asked", settings.layers)
            .arg("layers", base.len())
            .at(format!("{}.layers", settings.passes.section)));
    }
    let classes = classes(config, train)?;
    let (learned, held, _) = Labelled::pair(config, (train, validation), &classes)?;
    let known = [learned, held, Labelled::of("test", test, &classes, config)?];
    let mut all = Vec::new();
    for ((table, known), tokens) in tables.into_iter().zip(&known).zip(source.tokens) {
        let texts = Texts { table, tokens, width: config.width, embedded: embeddings.width };
        all.push(texts.labelled(&known.truths)?);
    }
    let ([learned, held, unseen], [.., measured]) = (&all[..], &known[..]) else {
        return Err(fault::internal("three tables"));
    };
    let change = Change::new(&base, settings.layers, settings.method, config.seed);
    let net = Net { layers: head.layers.clone(), activation: head.activation };
    let work = Training {
        embeddings: &embeddings,
        base: &base,
        passes: &settings.passes,
        settings: &settings.passes.steps(&config.settings),
        learned,
        held,
        teacher: teacher.map(|teacher| Taught::of(teacher, train, &net, embeddings.width)),
        course,
        seed: config.seed,
    };
    let mut tuned = Tuned { change, net, layers: base.clone() };
    let (history, best) = work.run(&mut tuned)?;
    let encoder = TunedEncoder {
        method: settings.method,
        layers: settings.layers,
        of: base.len(),
        parameters: tuned.change.parameters(),
        history,
        best,
        frozen: head.outcome.metrics.clone(),
    };
    if !encoder.helped() {
        let outcome = HeadOutcome { encoder: Some(encoder), ..head.outcome };
        return Ok(TunedText {
            weights: source.weights.clone(),
            head: TrainedHead { outcome, ..head },
        });
    }
    let scores = work.scores(&tuned, unseen).concat();
    let outputs = tuned.net.layers.last().map_or(1, |layer| layer.bias.len());
    if let Some(at) = scores.iter().position(|score| !score.is_finite()) {
        return Err(undefined(test, at / outputs.max(1)));
    }
    let found = measured_on(&classes, &scores, measured, test, config.seed)?;
    let mut unlabelled = Vec::new();
    for (table, tokens) in tables.into_iter().zip(source.tokens) {
        let texts = Texts { table, tokens, width: config.width, embedded: embeddings.width };
        unlabelled.extend(texts.unlabelled()?);
    }
    let outcome = HeadOutcome {
        metrics: found.metrics,
        confusion: found.confusion,
        parameters: head.outcome.parameters + tuned.change.parameters(),
        to_label: margins(tables, work.scores(&tuned, &unlabelled)),
        encoder: Some(encoder),
        // What is kept went on from where the head ended.
        falling: false,
        ..head.outcome
    };
    Ok(TunedText {
        weights: put_back(source.weights, &tuned.layers),
        head: TrainedHead { layers: tuned.net.layers, outcome, scores, ..head },
    })
}

/// A table's texts.
struct Texts<'a> {
    table: &'a FeatureTable,
    tokens: &'a [Vec<i64>],
    /// Features of a row, and those of them that are its embedding; the others are its single words.
    width: usize,
    embedded: usize,
}

impl<'a> Texts<'a> {
    /// Each row's tokens and words.
    fn rows(&self) -> Result<Vec<Text<'a>>> {
        if self.tokens.len() != self.table.labels.len() {
            return Err(fault::internal("texts that are not those of the features"));
        }
        let features = self.table.features.chunks_exact(self.width.max(1));
        let row = |(tokens, features): (&'a Vec<i64>, &'a [f32])| Text {
            tokens,
            words: features.get(self.embedded..).unwrap_or_default(),
            truth: Truth::of(0),
        };
        Ok(self.tokens.iter().zip(features).map(row).collect())
    }

    /// The rows that have a class, which are these.
    fn labelled(&self, truths: &[Truth]) -> Result<Vec<Text<'a>>> {
        let rows = self.rows()?.into_iter().zip(&self.table.labels);
        let known = rows.filter(|(_, label)| label.is_some()).map(|(row, _)| row);
        Ok(known.zip(truths).map(|(row, truth)| Text { truth: *truth, ..row }).collect())
    }

    /// The rows that have none.
    fn unlabelled(&self) -> Result<Vec<Text<'a>>> {
        let rows = self.rows()?.into_iter().zip(&self.table.labels);
        Ok(rows.filter(|(_, label)| label.is_none()).map(|(row, _)| row).collect())
    }
}

/// A row.
#[derive(Debug, Clone, Copy)]
struct Text<'a> {
    tokens: &'a [i64],
    /// Which buckets its tokens fall into, as the features have it.
    words: &'a [f32],
    truth: Truth,
}

/// A teacher's answers to the rows that have a class.
struct Taught<'a> {
    how: Distill,
    logits: Vec<&'a [f32]>,
    embeddings: Vec<&'a [f32]>,
}

impl<'a> Taught<'a> {
    fn of(teacher: &'a EncoderTeacher, table: &FeatureTable, net: &Net, width: usize) -> Self {
        let outputs = net.layers.last().map_or(1, |layer| layer.bias.len());
        let known = |numbers: &'a [f32], each: usize| -> Vec<&'a [f32]> {
            let rows = numbers.chunks_exact(each.max(1)).zip(&table.labels);
            rows.filter(|(_, label)| label.is_some()).map(|(row, _)| row).collect()
        };
        Self {
            how: teacher.how,
            logits: known(&teacher.logits, outputs),
            embeddings: known(&teacher.embeddings, width),
        }
    }
}

/// What is trained, as it is.
struct Tuned {
    change: Change,
    net: Net,
    /// The layers with the change.
    layers: Vec<Layer>,
}

impl Tuned {
    fn take(&mut self, values: &[f32], base: &[Layer]) {
        State::tell(values, &mut self.change, &mut self.net);
        self.change.apply(base, &mut self.layers);
    }
}

/// What a training needs and does not change.
struct Training<'a> {
    embeddings: &'a Embeddings,
    base: &'a [Layer],
    passes: &'a Passes,
    settings: &'a HeadSettings,
    learned: &'a [Text<'a>],
    held: &'a [Text<'a>],
    teacher: Option<Taught<'a>>,
    course: EncoderCourse<'a>,
    seed: u64,
}

impl Training<'_> {
    /// Gives the passes, and the number of the one whose numbers are there now.
    fn run(&self, tuned: &mut Tuned) -> Result<(Vec<Epoch>, usize)> {
        let watched = !self.held.is_empty();
        let start = if watched { self.judge(tuned).0 } else { f64::INFINITY };
        let mut state = State::new(&tuned.change, &tuned.net, start);
        if let Some(bytes) = self.course.checkpoints.load()?
            && state.resume(self.course.key, &bytes)?
        {
            tuned.take(&state.values, self.base);
        }
        for epoch in state.history.len() + 1..=self.settings.epochs {
            if self.is_over(&state) {
                break;
            }
            let loss = self.pass(tuned, &mut state, epoch);
            let judged = watched.then(|| self.judge(tuned));
            state.history.push(Epoch {
                train_loss: Some(loss),
                validation_loss: judged.map(|judged| judged.0),
                validation_accuracy: judged.map(|judged| judged.1),
                learning_rate: self.rate(state.step),
            });
            self.passes.converged(&state.history, &ENCODER_DIVERGED)?;
            let loss = judged.map(|judged| judged.0);
            if loss.is_none_or(|loss| loss < state.best.0) {
                state.best = (loss.unwrap_or_default(), epoch, state.values.clone());
            }
            self.course.checkpoints.keep(&state.checkpoint(self.course.key)?)?;
        }
        tuned.take(&state.best.2, self.base);
        Ok((state.history, state.best.1))
    }

    /// Whether no pass was better for so long that none more is made.
    fn is_over(&self, state: &State) -> bool {
        let since = state.history.len() - state.best.1.min(state.history.len());
        let patience = self.settings.patience;
        !self.held.is_empty() && patience > 0 && since >= patience
    }

    /// Adam's step before so many steps were made.
    #[expect(clippy::cast_precision_loss, reason = "steps are counted in millions")]
    fn rate(&self, step: usize) -> f64 {
        let each = self.learned.len().div_ceil(self.settings.batch.max(1));
        let steps = self.settings.epochs * each;
        let warm = steps.div_ceil(10).max(1);
        self.settings.rate(step, steps) * ((step + 1) as f64 / warm as f64).min(1.0)
    }

    /// One pass over the training rows; gives its mean loss. What is random depends on its number alone.
    fn pass(&self, tuned: &mut Tuned, state: &mut State, epoch: usize) -> f64 {
        let seed = self.seed ^ (epoch as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut order: Vec<usize> = (0..self.learned.len()).collect();
        Rng::new(seed, "encoder order").shuffle(&mut order);
        let mut drop = Rng::new(seed, "encoder dropout");
        let mut sum = 0.0;
        for rows in order.chunks(self.settings.batch.max(1)) {
            let mut gradients = vec![0.0; tuned.change.parameters()];
            let mut head = Gradients::of(&tuned.net);
            sum += self.step(tuned, rows, (&mut gradients, &mut head), &mut drop);
            let pace = (self.rate(state.step), self.settings.weight_decay);
            state.update((&gradients, &head), rows.len(), pace);
            tuned.take(&state.values, self.base);
            self.course.reporter.advance(1);
        }
        #[expect(clippy::cast_precision_loss, reason = "rows are counted in millions")]
        let count = self.learned.len().max(1) as f64;
        sum / count
    }

    /// Losses and gradients of some rows, summed: the change's and the head's.
    fn step(
        &self,
        tuned: &Tuned,
        rows: &[usize],
        (gradients, head): (&mut [f32], &mut Gradients),
        drop: &mut Rng,
    ) -> f64 {
        let net = net::Net { embeddings: self.embeddings, layers: &tuned.layers };
        let picked: Vec<(usize, &Text<'_>)> =
            rows.iter().filter_map(|row| Some((*row, self.learned.get(*row)?))).collect();
        let texts: Vec<&[i64]> = picked.iter().map(|(_, text)| text.tokens).collect();
        let (mut rest, mut loss) = (picked.as_slice(), 0.0);
        for piece in pieces(&texts) {
            let (own, after) = rest.split_at(piece.len().min(rest.len()));
            rest = after;
            let passed = net.forward(&piece, tuned.change.first);
            let width = self.embeddings.width.max(1);
            let mut by = Vec::with_capacity(passed.embeddings.len());
            for ((row, text), embedding) in own.iter().zip(passed.embeddings.chunks(width)) {
                let (cost, back) = self.learn(tuned, (*row, text), embedding, head, drop);
                loss += cost;
                by.extend(back);
            }
            net.backward(passed, &by, &tuned.change, gradients);
        }
        loss
    }

    /// A row's loss and the gradient by its embedding; the head's gradients are added.
    fn learn(
        &self,
        tuned: &Tuned,
        (row, text): (usize, &Text<'_>),
        embedding: &[f32],
        head: &mut Gradients,
        drop: &mut Rng,
    ) -> (f64, Vec<f32>) {
        let features = features(embedding, text.words);
        // What is left of each feature, the same on the way back.
        let left = dropped(&vec![1.0; features.len()], self.settings.dropout, &mut || drop.unit());
        let taken: Vec<f32> = features.iter().zip(&left).map(|(own, left)| own * left).collect();
        let outputs = tuned.net.forward(&taken);
        let logits = outputs.last().map(Vec::as_slice).unwrap_or_default();
        let teacher = self.teacher.as_ref();
        let theirs = teacher.and_then(|own| Some((own.how, *own.logits.get(row)?)));
        let (mut loss, wrong) = lesson(logits, text.truth, tuned.net.activation, theirs);
        let back = head.descend(&tuned.net, &taken, &outputs, wrong, true);
        let root = root(embedding.len());
        let scaled = back.iter().zip(&left).take(embedding.len());
        let mut by: Vec<f32> = scaled.map(|(number, left)| number * left * root).collect();
        if let Some((teacher, theirs)) =
            teacher.and_then(|own| Some((own, own.embeddings.get(row)?)))
        {
            #[expect(clippy::cast_possible_truncation, reason = "single precision")]
            let share = teacher.how.weight as f32;
            let cosine: f32 = embedding.iter().zip(*theirs).map(|(own, other)| own * other).sum();
            loss += f64::from(share * (1.0 - cosine));
            by.iter_mut().zip(*theirs).for_each(|(number, other)| *number -= share * other);
        }
        (loss, by)
    }

    fn logits(&self, tuned: &Tuned, rows: &[Text<'_>]) -> Vec<Vec<f32>> {
        let net = net::Net { embeddings: self.embeddings, layers: &tuned.layers };
        let width = self.embeddings.width.max(1);
        let mut all = Vec::with_capacity(rows.len());
        for rows in rows.chunks(TOGETHER) {
            let texts: Vec<&[i64]> = rows.iter().map(|text| text.tokens).collect();
            for (embedding, text) in net.embed(&texts).chunks(width).zip(rows) {
                let outputs = tuned.net.forward(&features(embedding, text.words)).pop();
                all.push(outputs.unwrap_or_default());
            }
        }
        all
    }

    /// The whole's probabilities.
    fn scores(&self, tuned: &Tuned, rows: &[Text<'_>]) -> Vec<Vec<f64>> {
        let logits = self.logits(tuned, rows);
        logits.iter().map(|row| probabilities(row, tuned.net.activation)).collect()
    }

    /// Mean cross-entropy and accuracy of the validation rows.
    #[expect(clippy::cast_precision_loss, reason = "rows are counted in millions")]
    fn judge(&self, tuned: &Tuned) -> (f64, f64) {
        let (mut loss, mut right) = (0.0, 0_usize);
        for (logits, text) in self.logits(tuned, self.held).iter().zip(self.held) {
            let (own, is_right) = judged(logits, text.truth, tuned.net.activation);
            loss += own;
            right += usize::from(is_right);
        }
        let count = self.held.len().max(1) as f64;
        (loss / count, right as f64 / count)
    }
}

/// As the graph has them: the embedding times the root of its width, and the words.
fn features(embedding: &[f32], words: &[f32]) -> Vec<f32> {
    let root = root(embedding.len());
    embedding.iter().map(|number| number * root).chain(words.iter().copied()).collect()
}

#[expect(clippy::cast_precision_loss, reason = "widths are counted in thousands")]
fn root(width: usize) -> f32 {
    (width as f32).sqrt()
}

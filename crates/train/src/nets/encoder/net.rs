//! The layers forwards and backwards. Texts stand side by side without padding, and no text sees another.

use super::change::Change;
use super::math::{self, Normed};
use super::model::{Embeddings, Layer, Part};
use crate::language::attention::{Inputs, Layout, Span, attend, attend_back};
use ingot_runtime::product::{Target, View, product};

/// Tokens that go through the layers together: what is kept of each for the way back stays within some hundred megabytes.
const TOKENS: usize = 2_048;

/// What one layer's way back needs of its way forth.
#[derive(Debug, Default)]
struct Saved {
    input: Vec<f32>,
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    mixed: Vec<f32>,
    first: Normed,
    middle: Vec<f32>,
    wide: Vec<f32>,
    active: Vec<f32>,
    second: Normed,
}

/// Texts that have gone through.
#[derive(Debug)]
pub(super) struct Passed {
    spans: Vec<Span>,
    saved: Vec<Saved>,
    /// The length of each text's mean.
    lengths: Vec<f32>,
    /// Each text's embedding, of length 1.
    pub(super) embeddings: Vec<f32>,
}

/// Consecutive groups of texts with so many tokens that they go through together.
pub(super) fn pieces<'t>(texts: &[&'t [i64]]) -> Vec<Vec<&'t [i64]>> {
    let mut pieces: Vec<Vec<&[i64]>> = Vec::new();
    let mut tokens = 0;
    for text in texts {
        match pieces.last_mut() {
            Some(piece) if tokens + text.len() <= TOKENS => piece.push(text),
            _ => {
                pieces.push(vec![text]);
                tokens = 0;
            }
        }
        tokens += text.len();
    }
    pieces
}

/// An encoder as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Net<'a> {
    pub(super) embeddings: &'a Embeddings,
    pub(super) layers: &'a [Layer],
}

impl Net<'_> {
    fn heads(&self) -> Layout {
        let heads = self.embeddings.heads;
        let head = self.embeddings.width / heads.max(1);
        Layout { heads, kv_heads: heads, head, causal: false }
    }

    /// Embeddings of texts, a row each; nothing is kept.
    pub(super) fn embed(&self, texts: &[&[i64]]) -> Vec<f32> {
        let pieces = pieces(texts).into_iter();
        pieces.flat_map(|piece| self.forward(&piece, self.layers.len()).embeddings).collect()
    }

    /// A piece of texts through all layers; from layer `keep` on, what the way back needs is kept.
    pub(super) fn forward(&self, texts: &[&[i64]], keep: usize) -> Passed {
        let width = self.embeddings.width;
        let (mut spans, mut rows) = (Vec::with_capacity(texts.len()), Vec::new());
        for text in texts {
            spans.push(Span { start: rows.len() / width.max(1), length: text.len() });
            rows.extend(self.embeddings.rows(text));
        }
        let mut saved = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            let own = self.layer(layer, &spans, rows);
            let last = &layer.norms[1];
            rows = math::scaled(&own.second.rows, &last.scale, &last.shift);
            if index >= keep {
                saved.push(own);
            }
        }
        let (mut embeddings, mut lengths) = (Vec::new(), Vec::with_capacity(spans.len()));
        for span in &spans {
            let own = rows.get(span.start * width..(span.start + span.length) * width);
            let mut mean = vec![0.0; width];
            math::add_rows(&mut mean, own.unwrap_or_default());
            let share = share(span.length);
            for number in &mut mean {
                *number *= share;
            }
            let length = mean.iter().map(|number| number * number).sum::<f32>().sqrt().max(1e-12);
            embeddings.extend(mean.iter().map(|number| number / length));
            lengths.push(length);
        }
        Passed { spans, saved, lengths, embeddings }
    }

    fn layer(&self, layer: &Layer, spans: &[Span], input: Vec<f32>) -> Saved {
        let (width, epsilon) = (self.embeddings.width, self.embeddings.epsilon);
        let queries = dense(layer, Part::Query, &input, None);
        let keys = dense(layer, Part::Key, &input, None);
        let values = dense(layer, Part::Value, &input, None);
        let inputs = Inputs { queries: &queries, keys: &keys, values: &values };
        let mixed = attend(inputs, &self.heads(), spans);
        let at = dense(layer, Part::Output, &mixed, Some(&input));
        let [before, _] = &layer.norms;
        let first = math::normalise(at, width, epsilon);
        let middle = math::scaled(&first.rows, &before.scale, &before.shift);
        let wide = dense(layer, Part::Wide, &middle, None);
        let active = math::gelu(&wide);
        let out = dense(layer, Part::Narrow, &active, Some(&middle));
        let second = math::normalise(out, width, epsilon);
        Saved { input, queries, keys, values, mixed, first, middle, wide, active, second }
    }

    /// Adds to `gradients` what the change's numbers have of the gradient by the embeddings.
    pub(super) fn backward(
        &self,
        mut passed: Passed,
        by_embeddings: &[f32],
        change: &Change,
        gradients: &mut [f32],
    ) {
        let mut by = self.unpooled(&passed, by_embeddings);
        for index in (change.first..self.layers.len()).rev() {
            let (Some(layer), Some(saved)) = (self.layers.get(index), passed.saved.pop()) else {
                return;
            };
            let back = Back { layer, index, change, heads: self.heads(), spans: &passed.spans };
            by = back.layer(&saved, by, gradients);
        }
    }

    /// The gradient by the last layer's rows: through the length of 1 and the mean.
    fn unpooled(&self, passed: &Passed, by_embeddings: &[f32]) -> Vec<f32> {
        let width = self.embeddings.width;
        let rows = passed.spans.iter().map(|span| span.length).sum::<usize>();
        let mut by = Vec::with_capacity(rows * width);
        let own = passed.embeddings.chunks(width).zip(by_embeddings.chunks(width));
        for ((span, length), (embedding, gradient)) in
            passed.spans.iter().zip(&passed.lengths).zip(own)
        {
            let along: f32 = embedding.iter().zip(gradient).map(|(one, other)| one * other).sum();
            let share = share(span.length) / length;
            let row: Vec<f32> = gradient
                .iter()
                .zip(embedding)
                .map(|(gradient, embedding)| (gradient - embedding * along) * share)
                .collect();
            (0..span.length).for_each(|_| by.extend_from_slice(&row));
        }
        by
    }
}

#[expect(clippy::cast_precision_loss, reason = "texts are short")]
fn share(length: usize) -> f32 {
    1.0 / length.max(1) as f32
}

/// x·Wᵀ with bias, and `beside` added.
fn dense(layer: &Layer, part: Part, x: &[f32], beside: Option<&[f32]>) -> Vec<f32> {
    let matrix = layer.matrix(part);
    let (inputs, outputs) = (matrix.inputs(), matrix.outputs());
    let rows = x.len().checked_div(inputs).unwrap_or_default();
    let mut out = match beside {
        Some(beside) => beside.to_vec(),
        None => vec![0.0; rows * outputs],
    };
    for row in out.chunks_mut(outputs.max(1)) {
        row.iter_mut().zip(&matrix.bias).for_each(|(number, bias)| *number += bias);
    }
    let weight = View::rows(&matrix.weight, outputs, inputs).transposed();
    product(Target::add(&mut out, outputs), View::rows(x, rows, inputs), weight, 1.0);
    out
}

/// One layer's way back.
struct Back<'a> {
    layer: &'a Layer,
    index: usize,
    change: &'a Change,
    heads: Layout,
    spans: &'a [Span],
}

impl Back<'_> {
    /// The gradient by the layer's input, empty where nothing before it is trained; those by its own numbers are added.
    fn layer(&self, saved: &Saved, mut by: Vec<f32>, gradients: &mut [f32]) -> Vec<f32> {
        let [before, last] = &self.layer.norms;
        self.change.norm_back((self.index, 1), &by, &saved.second.rows, gradients);
        math::normalise_back(&mut by, &saved.second, &last.scale);
        let mut by_wide = vec![0.0; saved.wide.len()];
        self.matrix(Part::Narrow, &by, &saved.active, Some(&mut by_wide), gradients);
        math::gelu_back(&mut by_wide, &saved.wide);
        // What comes past the second half is there already.
        self.matrix(Part::Wide, &by_wide, &saved.middle, Some(&mut by), gradients);
        drop(by_wide);
        self.change.norm_back((self.index, 0), &by, &saved.first.rows, gradients);
        math::normalise_back(&mut by, &saved.first, &before.scale);
        let mut by_mixed = vec![0.0; saved.mixed.len()];
        self.matrix(Part::Output, &by, &saved.mixed, Some(&mut by_mixed), gradients);
        let inputs = Inputs { queries: &saved.queries, keys: &saved.keys, values: &saved.values };
        let three = attend_back(inputs, &saved.mixed, &by_mixed, &self.heads, self.spans);
        let through = self.index > self.change.first;
        for (part, own) in [Part::Query, Part::Key, Part::Value].into_iter().zip(&three) {
            self.matrix(part, own, &saved.input, through.then_some(&mut by), gradients);
        }
        if through { by } else { Vec::new() }
    }

    /// Adds to `into` the gradient by the rows `x` that went into a matrix, and to `gradients` those by its numbers.
    fn matrix(
        &self,
        part: Part,
        by: &[f32],
        x: &[f32],
        into: Option<&mut Vec<f32>>,
        gradients: &mut [f32],
    ) {
        let matrix = self.layer.matrix(part);
        let (inputs, outputs) = (matrix.inputs(), matrix.outputs());
        if let Some(into) = into {
            let rows = by.len().checked_div(outputs).unwrap_or_default();
            let weight = View::rows(&matrix.weight, outputs, inputs);
            product(Target::add(into, inputs), View::rows(by, rows, outputs), weight, 1.0);
        }
        let own = (self.index, part);
        self.change.matrix_back(own, by, x, (inputs, outputs), gradients);
    }
}

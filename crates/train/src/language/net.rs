//! The whole model forwards and backwards: only adapters get gradients; of the frozen weights nothing is kept but themselves.

use super::adapter::{Adapter, Place};
use super::attention::{Inputs, Span, attend, attend_back, attend_one};
use super::math;
use super::model::{BaseModel, Layer, Part, Shape};
use ingot_base::Rng;
use ingot_runtime::product::{Target, View, product};
use rayon::prelude::*;

/// Rows whose scores of all tokens are in memory at once.
const SCORED: usize = 256;

/// Texts side by side, without padding: no text sees another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub(super) tokens: Vec<u32>,
    pub(super) positions: Vec<usize>,
    pub(super) spans: Vec<Span>,
    /// Rows whose next token is to be learnt, and that token.
    pub(super) targets: Vec<(usize, u32)>,
}

impl Batch {
    /// Adds a text; `learnt[i]` says whether token i is to be learnt (the first cannot be).
    pub fn push(&mut self, tokens: &[u32], learnt: &[bool]) {
        let start = self.tokens.len();
        self.tokens.extend_from_slice(tokens);
        self.positions.extend(0..tokens.len());
        self.spans.push(Span { start, length: tokens.len() });
        let next = tokens.iter().zip(learnt).enumerate().skip(1);
        self.targets.extend(
            next.filter(|(_, (_, learnt))| **learnt)
                .map(|(index, (token, _))| (start + index - 1, *token)),
        );
    }

    /// Tokens in all texts.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Tokens to be learnt.
    pub fn learnt(&self) -> usize {
        self.targets.len()
    }
}

/// What random choices of a step depend on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chance {
    pub(super) share: f32,
    pub(super) seed: u64,
    /// Tokens of the batch that other processes have before this one's.
    pub(super) before: usize,
}

/// How much the loss of each token to be learnt counts.
pub(super) enum Weigh<'a> {
    /// As much as every other.
    Same(f32),
    /// What it says when it is told all of them: as many weights, which may be below 0.
    By(&'a mut dyn FnMut(&[f32]) -> Vec<f32>),
}

/// A frozen model with an adapter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Net<'a> {
    pub(super) base: &'a BaseModel,
    pub(super) adapter: Option<&'a Adapter>,
}

/// What one layer's way back needs of its way forth.
#[derive(Default)]
struct Saved {
    input: Vec<f32>,
    first: Vec<f32>,
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    mixed: Vec<f32>,
    middle: Vec<f32>,
    second: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    /// A·x of every changed matrix.
    low: [Vec<f32>; 7],
}

/// Keys and values of one layer, after a forward pass.
pub(super) type Cached = (Vec<f32>, Vec<f32>);

/// One layer of one pass.
struct Pass<'a> {
    net: Net<'a>,
    layer: &'a Layer,
    index: usize,
    angles: &'a [(f32, f32)],
    spans: &'a [Span],
    chance: Option<Chance>,
}

impl<'a> Net<'a> {
    pub(super) fn shape(self) -> &'a Shape {
        &self.base.shape
    }

    pub(super) fn embed(self, tokens: &[u32]) -> Vec<f32> {
        let width = self.shape().width;
        let mut rows = vec![0.0; tokens.len() * width];
        for (row, token) in rows.chunks_mut(width).zip(tokens) {
            let at = *token as usize * width;
            if let Some(own) = self.base.embedding.get(at..at + width) {
                row.copy_from_slice(own);
            }
        }
        rows
    }

    fn pass<'b>(
        self,
        index: usize,
        batch: &'b Batch,
        angles: &'b [(f32, f32)],
        chance: Option<Chance>,
    ) -> Option<Pass<'b>>
    where
        'a: 'b,
    {
        let layer = self.base.layers.get(index)?;
        Some(Pass { net: self, layer, index, angles, spans: &batch.spans, chance })
    }

    fn angles(self, batch: &Batch) -> Vec<(f32, f32)> {
        math::angles(&batch.positions, self.shape().head, self.shape().theta)
    }

    /// Rows after the last layer; keys and values of each layer go to `keep`.
    pub(super) fn forward(self, batch: &Batch, mut keep: impl FnMut(Cached)) -> Vec<f32> {
        let angles = self.angles(batch);
        let mut rows = self.embed(&batch.tokens);
        for index in 0..self.shape().layers {
            let Some(pass) = self.pass(index, batch, &angles, None) else { continue };
            let (out, saved) = pass.forward(rows);
            rows = out;
            keep((saved.keys, saved.values));
        }
        rows
    }

    /// Scores of all tokens after the last norm.
    pub(super) fn scores(self, rows: &[f32]) -> Vec<f32> {
        let shape = self.shape();
        let count = rows.len() / shape.width;
        let (normed, _) = math::normalise(rows, &self.base.norm, shape.epsilon);
        let mut scores = vec![0.0; count * shape.vocabulary];
        let table = View::rows(self.base.scores(), shape.vocabulary, shape.width);
        let rows = View::rows(&normed, count, shape.width);
        product(Target::set(&mut scores, shape.vocabulary), rows, table.transposed(), 1.0);
        scores
    }

    /// Sum of the losses of all tokens to be learnt: what a model says of texts.
    pub(super) fn losses(self, batch: &Batch) -> Vec<f32> {
        let rows = self.forward(batch, drop);
        self.head(batch, &rows, None).0
    }

    /// The sum of losses; the adapter's gradients by the losses as they are weighed are added to `gradients`. With `frugal`, layers are
    /// computed again on the way back instead of kept: memory for a third more time (Chen et al. 2016).
    pub(super) fn learn(
        self,
        batch: &Batch,
        gradients: &mut [f32],
        weigh: Weigh<'_>,
        frugal: bool,
        chance: Option<Chance>,
    ) -> f64 {
        let angles = self.angles(batch);
        let mut rows = self.embed(&batch.tokens);
        let mut saved: Vec<Saved> = Vec::new();
        for index in 0..self.shape().layers {
            let Some(pass) = self.pass(index, batch, &angles, chance) else { continue };
            if frugal {
                saved.push(Saved { input: rows.clone(), ..Saved::default() });
                rows = pass.forward(rows).0;
            } else {
                let (out, own) = pass.forward(rows);
                rows = out;
                saved.push(own);
            }
        }
        let (losses, mut back) = match weigh {
            Weigh::Same(share) => self.head(batch, &rows, Some(share)),
            Weigh::By(weigh) => {
                let (losses, mut back) = self.head(batch, &rows, Some(1.0));
                let weights = weigh(&losses);
                // The gradient of a target's row is that of its loss alone.
                let width = self.shape().width;
                for ((row, _), weight) in batch.targets.iter().zip(weights) {
                    let own = back.get_mut(row * width..(row + 1) * width).unwrap_or_default();
                    for number in own {
                        *number *= weight;
                    }
                }
                (losses, back)
            }
        };
        drop(rows);
        for index in (0..self.shape().layers).rev() {
            let (Some(pass), Some(mut own)) =
                (self.pass(index, batch, &angles, chance), saved.pop())
            else {
                continue;
            };
            if frugal {
                own = pass.forward(std::mem::take(&mut own.input)).1;
            }
            back = pass.backward(&own, back, gradients, index > 0);
        }
        losses.iter().map(|loss| f64::from(*loss)).sum()
    }

    /// Losses of the targets, and with the weight of every one the gradient by the rows.
    fn head(self, batch: &Batch, rows: &[f32], weight: Option<f32>) -> (Vec<f32>, Vec<f32>) {
        let shape = self.shape();
        let (width, known) = (shape.width, shape.vocabulary);
        let table = View::rows(self.base.scores(), known, width);
        let mut losses = Vec::with_capacity(batch.targets.len());
        let mut back = if weight.is_some() { vec![0.0; rows.len()] } else { Vec::new() };
        for targets in batch.targets.chunks(SCORED) {
            let picked: Vec<f32> = targets
                .iter()
                .flat_map(|(row, _)| rows.get(row * width..(row + 1) * width).unwrap_or_default())
                .copied()
                .collect();
            let (normed, scales) = math::normalise(&picked, &self.base.norm, shape.epsilon);
            let mut scores = vec![0.0; targets.len() * known];
            product(
                Target::set(&mut scores, known),
                View::rows(&normed, targets.len(), width),
                table.transposed(),
                1.0,
            );
            let own: Vec<f32> = scores
                .par_chunks_mut(known)
                .zip(targets)
                .map(|(scores, (_, token))| {
                    let token = *token as usize;
                    let own = scores.get(token).copied().unwrap_or(f32::NEG_INFINITY);
                    let log = math::softmax(scores);
                    if let Some(share) = weight {
                        for number in scores.iter_mut() {
                            *number *= share;
                        }
                        if let Some(slot) = scores.get_mut(token) {
                            *slot -= share;
                        }
                    }
                    log - own
                })
                .collect();
            losses.extend(own);
            if weight.is_some() {
                let mut by = vec![0.0; picked.len()];
                product(
                    Target::set(&mut by, width),
                    View::rows(&scores, targets.len(), known),
                    table,
                    1.0,
                );
                let mut own = vec![0.0; picked.len()];
                math::normalise_back(&mut own, &by, &picked, &self.base.norm, &scales);
                for ((row, _), own) in targets.iter().zip(own.chunks(width)) {
                    if let Some(slot) = back.get_mut(row * width..(row + 1) * width) {
                        slot.copy_from_slice(own);
                    }
                }
            }
        }
        (losses, back)
    }
}

/// One more token of each text under way: the rows after the last layer; `seen` grows by their keys and values.
pub(super) fn step(
    net: Net<'_>,
    tokens: &[u32],
    positions: &[usize],
    seen: &mut [&mut Vec<Cached>],
) -> Vec<f32> {
    let shape = net.shape();
    let angles = math::angles(positions, shape.head, shape.theta);
    let mut rows = net.embed(tokens);
    for (index, layer) in net.base.layers.iter().enumerate() {
        let pass = Pass { net, layer, index, angles: &angles, spans: &[], chance: None };
        rows = pass.further(&rows, seen);
    }
    rows
}

impl Pass<'_> {
    /// One row of each text, which attends to what its text saw before.
    fn further(&self, input: &[f32], seen: &mut [&mut Vec<Cached>]) -> Vec<f32> {
        let (shape, layer) = (self.shape(), self.layer);
        let mut low: [Vec<f32>; 7] = Default::default();
        let (normed, _) = math::normalise(input, &layer.first_norm, shape.epsilon);
        let mut queries = self.apply(Part::Query, &normed, &mut low);
        let mut keys = self.apply(Part::Key, &normed, &mut low);
        let values = self.apply(Part::Value, &normed, &mut low);
        math::rotate(&mut queries, self.angles, shape.heads, shape.head, 1.0);
        math::rotate(&mut keys, self.angles, shape.kv_heads, shape.head, 1.0);
        let wide = shape.kv_heads * shape.head;
        for (own, (key, value)) in seen.iter_mut().zip(keys.chunks(wide).zip(values.chunks(wide))) {
            if let Some(cached) = own.get_mut(self.index) {
                cached.0.extend_from_slice(key);
                cached.1.extend_from_slice(value);
            }
        }
        let mut mixed = vec![0.0; queries.len()];
        let each = shape.heads * shape.head;
        mixed.par_chunks_mut(each).zip(queries.par_chunks(each)).zip(&*seen).for_each(
            |((out, query), own)| {
                if let Some((keys, values)) = own.get(self.index) {
                    attend_one(&shape.attention(), query, keys, values, out);
                }
            },
        );
        self.rest(input, &mixed, &mut low).0
    }

    fn shape(&self) -> &Shape {
        &self.net.base.shape
    }

    fn place(&self, part: Part) -> Option<(&Adapter, &Place)> {
        let adapter = self.net.adapter?;
        Some((adapter, adapter.place(self.index, part)?))
    }

    fn matrix(&self, part: Part) -> &[f32] {
        self.layer.matrices.get(part.index()).map(Vec::as_slice).unwrap_or_default()
    }

    /// What goes into A: some numbers left out at random, the same again on the way back.
    fn dropped(&self, part: Part, x: &[f32]) -> Option<Vec<f32>> {
        let chance = self.chance.filter(|chance| chance.share > 0.0)?;
        let mut out = x.to_vec();
        self.mask(part, chance, &mut out);
        Some(out)
    }

    /// Leaves numbers out by chance: those of a whole batch come in chunks with a sequence each, whichever process has which tokens of it.
    fn mask(&self, part: Part, chance: Chance, numbers: &mut [f32]) {
        const CHUNK: usize = 1 << 12;
        let keep = 1.0 / (1.0 - chance.share);
        let seed = chance.seed
            ^ ((self.index * 7 + part.index()) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let leave = |chunk: usize, passed: usize, numbers: &mut [f32]| {
            let mut random = Rng::new(seed ^ (chunk as u64) << 40, "adapter dropout");
            for _ in 0..passed {
                random.unit();
            }
            for number in numbers {
                *number *= if random.unit() < f64::from(chance.share) { 0.0 } else { keep };
            }
        };
        let start = chance.before * part.size(self.net.shape()).0;
        let begun = (CHUNK - start % CHUNK) % CHUNK;
        let (first, rest) = numbers.split_at_mut(begun.min(numbers.len()));
        leave(start / CHUNK, start % CHUNK, first);
        let next = start.div_ceil(CHUNK);
        rest.par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, numbers)| leave(next + chunk, 0, numbers));
    }

    /// x·Wᵀ with bias and change; A·x is kept in `low`.
    fn apply(&self, part: Part, x: &[f32], low: &mut [Vec<f32>; 7]) -> Vec<f32> {
        let (inputs, outputs) = part.size(self.shape());
        let rows = x.len() / inputs;
        let mut out = vec![0.0; rows * outputs];
        let bias = self.layer.biases.as_ref().and_then(|biases| biases.get(part.index()));
        if let Some(bias) = bias {
            out.chunks_mut(outputs).for_each(|row| row.copy_from_slice(bias));
        }
        let to = if bias.is_some() { Target::add } else { Target::set };
        let matrix = View::rows(self.matrix(part), outputs, inputs);
        product(to(&mut out, outputs), View::rows(x, rows, inputs), matrix.transposed(), 1.0);
        if let Some((adapter, place)) = self.place(part) {
            let rank = adapter.form.rank;
            let dropped = self.dropped(part, x);
            let x = dropped.as_deref().unwrap_or(x);
            let mut own = vec![0.0; rows * rank];
            let a = View::rows(adapter.a(place), rank, inputs);
            product(Target::set(&mut own, rank), View::rows(x, rows, inputs), a.transposed(), 1.0);
            let b = View::rows(adapter.b(place), outputs, rank);
            product(
                Target::add(&mut out, outputs),
                View::rows(&own, rows, rank),
                b.transposed(),
                adapter.form.scale(),
            );
            if let Some(slot) = low.get_mut(part.index()) {
                *slot = own;
            }
        }
        out
    }

    /// Adds to `into` the gradient by `x` of [`Pass::apply`], and to `gradients` those by A and B.
    fn apply_back(
        &self,
        part: Part,
        by: &[f32],
        x: &[f32],
        saved: &Saved,
        (into, gradients): (Option<&mut [f32]>, &mut [f32]),
    ) {
        let low = saved.low.get(part.index()).map(Vec::as_slice).unwrap_or_default();
        let (inputs, outputs) = part.size(self.shape());
        let rows = by.len() / outputs;
        let by = View::rows(by, rows, outputs);
        let mut into = into;
        if let Some(into) = into.as_deref_mut() {
            product(
                Target::add(into, inputs),
                by,
                View::rows(self.matrix(part), outputs, inputs),
                1.0,
            );
        }
        let Some((adapter, place)) = self.place(part) else { return };
        let (rank, scale) = (adapter.form.rank, adapter.form.scale());
        if let Some(slot) = gradients.get_mut(place.b.clone()) {
            product(Target::add(slot, rank), by.transposed(), View::rows(low, rows, rank), scale);
        }
        let mut by_low = vec![0.0; rows * rank];
        product(
            Target::set(&mut by_low, rank),
            by,
            View::rows(adapter.b(place), outputs, rank),
            scale,
        );
        let by_low = View::rows(&by_low, rows, rank);
        let dropped = self.dropped(part, x);
        if let Some(slot) = gradients.get_mut(place.a.clone()) {
            let x = View::rows(dropped.as_deref().unwrap_or(x), rows, inputs);
            product(Target::add(slot, inputs), by_low.transposed(), x, 1.0);
        }
        let Some(into) = into else { return };
        let a = View::rows(adapter.a(place), rank, inputs);
        match self.chance.filter(|chance| chance.share > 0.0) {
            None => product(Target::add(into, inputs), by_low, a, 1.0),
            Some(chance) => {
                let mut own = vec![0.0; rows * inputs];
                product(Target::set(&mut own, inputs), by_low, a, 1.0);
                self.mask(part, chance, &mut own);
                math::add(into, &own);
            }
        }
    }

    fn forward(&self, input: Vec<f32>) -> (Vec<f32>, Saved) {
        let (shape, layer) = (self.shape(), self.layer);
        let mut low: [Vec<f32>; 7] = Default::default();
        let (normed, first) = math::normalise(&input, &layer.first_norm, shape.epsilon);
        let mut queries = self.apply(Part::Query, &normed, &mut low);
        let mut keys = self.apply(Part::Key, &normed, &mut low);
        let values = self.apply(Part::Value, &normed, &mut low);
        drop(normed);
        math::rotate(&mut queries, self.angles, shape.heads, shape.head, 1.0);
        math::rotate(&mut keys, self.angles, shape.kv_heads, shape.head, 1.0);
        let inputs = Inputs { queries: &queries, keys: &keys, values: &values };
        let mixed = attend(inputs, &shape.attention(), self.spans);
        let (out, rest) = self.rest(&input, &mixed, &mut low);
        (out, Saved { input, first, queries, keys, values, mixed, low, ..rest })
    }

    /// What comes after attention.
    fn rest(&self, input: &[f32], mixed: &[f32], low: &mut [Vec<f32>; 7]) -> (Vec<f32>, Saved) {
        let mut middle = self.apply(Part::Output, mixed, low);
        math::add(&mut middle, input);
        let (normed, second) =
            math::normalise(&middle, &self.layer.second_norm, self.shape().epsilon);
        let gate = self.apply(Part::Gate, &normed, low);
        let up = self.apply(Part::Up, &normed, low);
        drop(normed);
        let let_through = math::swiglu(&gate, &up);
        let mut out = self.apply(Part::Down, &let_through, low);
        math::add(&mut out, &middle);
        (out, Saved { middle, second, gate, up, ..Saved::default() })
    }

    /// The gradient by the layer's input from the one by its output; `deeper`: whether anything below needs it.
    fn backward(
        &self,
        saved: &Saved,
        by: Vec<f32>,
        gradients: &mut [f32],
        deeper: bool,
    ) -> Vec<f32> {
        let (shape, layer) = (self.shape(), self.layer);
        let let_through = math::swiglu(&saved.gate, &saved.up);
        let mut by_gate = vec![0.0; let_through.len()];
        self.apply_back(Part::Down, &by, &let_through, saved, (Some(&mut by_gate), gradients));
        let mut by_up = let_through;
        math::swiglu_back(&mut by_gate, &mut by_up, &saved.gate, &saved.up);
        let normed = math::normalised(&saved.middle, &layer.second_norm, &saved.second);
        let mut by_normed = vec![0.0; normed.len()];
        self.apply_back(Part::Gate, &by_gate, &normed, saved, (Some(&mut by_normed), gradients));
        self.apply_back(Part::Up, &by_up, &normed, saved, (Some(&mut by_normed), gradients));
        drop((by_gate, by_up, normed));
        let mut by = by;
        math::normalise_back(&mut by, &by_normed, &saved.middle, &layer.second_norm, &saved.second);
        let mut by_mixed = vec![0.0; saved.mixed.len()];
        self.apply_back(Part::Output, &by, &saved.mixed, saved, (Some(&mut by_mixed), gradients));
        let inputs = Inputs { queries: &saved.queries, keys: &saved.keys, values: &saved.values };
        let [mut queries, mut keys, values] =
            attend_back(inputs, &saved.mixed, &by_mixed, &shape.attention(), self.spans);
        math::rotate(&mut queries, self.angles, shape.heads, shape.head, -1.0);
        math::rotate(&mut keys, self.angles, shape.kv_heads, shape.head, -1.0);
        let normed = math::normalised(&saved.input, &layer.first_norm, &saved.first);
        let mut by_normed = if deeper { vec![0.0; normed.len()] } else { Vec::new() };
        for (part, own) in [(Part::Query, &queries), (Part::Key, &keys), (Part::Value, &values)] {
            let into = deeper.then_some(by_normed.as_mut_slice());
            self.apply_back(part, own, &normed, saved, (into, gradients));
        }
        if deeper {
            math::normalise_back(
                &mut by,
                &by_normed,
                &saved.input,
                &layer.first_norm,
                &saved.first,
            );
        }
        by
    }
}

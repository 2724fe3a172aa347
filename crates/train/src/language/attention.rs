//! Attention with shared keys and values (Ainslie et al. 2023) within each text of a batch: no text sees another. A token sees those
//! before it, or all of its text.
//!
//! Weights are never kept: backwards they are computed again, block by block (Dao et al. 2022), so memory grows with the tokens
//! and not with their square.

use super::math::{dot, softmax};
use ingot_runtime::product::{Target, View, product};
use rayon::prelude::*;

/// Queries that are worked on at once.
const BLOCK: usize = 64;

/// How heads stand side by side, and what each token sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Heads that ask.
    pub(crate) heads: usize,
    /// Heads that are asked; divides `heads`.
    pub(crate) kv_heads: usize,
    /// Numbers of a head.
    pub(crate) head: usize,
    /// Whether a token sees only itself and those before it.
    pub(crate) causal: bool,
}

impl Layout {
    /// How many tokens of a text the queries up to `end` see.
    fn seen(&self, end: usize, span: Span) -> usize {
        if self.causal { end } else { span.length }
    }
}

/// One text of a batch: its first row and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) length: usize,
}

/// Queries, keys and values of a batch, rows of heads side by side, already turned by their positions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) queries: &'a [f32],
    pub(crate) keys: &'a [f32],
    pub(crate) values: &'a [f32],
}

/// One head's numbers in rows `from..from + count`.
fn head<'a>(
    all: &'a [f32],
    shape: &Layout,
    heads: usize,
    index: usize,
    rows: (usize, usize),
) -> View<'a> {
    let wide = heads * shape.head;
    let start = rows.0 * wide + index * shape.head;
    View::strided(all.get(start..).unwrap_or_default(), (rows.1, shape.head), (wide, 1))
}

#[expect(clippy::cast_precision_loss, reason = "heads are counted in hundreds")]
fn scale(shape: &Layout) -> f32 {
    1.0 / (shape.head as f32).sqrt()
}

/// Shares of attention of `count` queries from `first` on, over the keys that they see.
fn shares(
    inputs: Inputs<'_>,
    shape: &Layout,
    query: usize,
    span: Span,
    first: usize,
    count: usize,
) -> Vec<f32> {
    let wide = shape.seen(first + count, span);
    let mut scores = vec![0.0; count * wide];
    let group = query / (shape.heads / shape.kv_heads.max(1)).max(1);
    let own = head(inputs.queries, shape, shape.heads, query, (span.start + first, count));
    let keys = head(inputs.keys, shape, shape.kv_heads, group, (span.start, wide));
    product(Target::set(&mut scores, wide), own, keys.transposed(), scale(shape));
    for (index, row) in scores.chunks_mut(wide).enumerate() {
        let (seen, hidden) = row.split_at_mut(shape.seen(first + index + 1, span));
        softmax(seen);
        hidden.fill(0.0);
    }
    scores
}

/// What every query found: rows of heads side by side.
pub(crate) fn attend(inputs: Inputs<'_>, shape: &Layout, spans: &[Span]) -> Vec<f32> {
    let tasks: Vec<(Span, usize)> =
        spans.iter().flat_map(|span| (0..shape.heads).map(move |query| (*span, query))).collect();
    let found: Vec<Vec<f32>> = tasks
        .par_iter()
        .map(|(span, query)| {
            let group = query / (shape.heads / shape.kv_heads.max(1)).max(1);
            let mut out = vec![0.0; span.length * shape.head];
            for first in (0..span.length).step_by(BLOCK) {
                let count = (span.length - first).min(BLOCK);
                let shares = shares(inputs, shape, *query, *span, first, count);
                let wide = shape.seen(first + count, *span);
                let values = head(inputs.values, shape, shape.kv_heads, group, (span.start, wide));
                let to = out.get_mut(first * shape.head..).unwrap_or_default();
                product(Target::set(to, shape.head), View::rows(&shares, count, wide), values, 1.0);
            }
            out
        })
        .collect();
    let mut out = vec![0.0; inputs.queries.len()];
    for ((span, query), found) in tasks.iter().zip(&found) {
        place(&mut out, found, shape, shape.heads, *query, *span);
    }
    out
}

/// Copies one head's rows to their place among the heads.
fn place(all: &mut [f32], own: &[f32], shape: &Layout, heads: usize, index: usize, span: Span) {
    let wide = heads * shape.head;
    let rows = all.chunks_mut(wide).skip(span.start).take(span.length);
    for (row, own) in rows.zip(own.chunks(shape.head)) {
        let slots = row.iter_mut().skip(index * shape.head);
        slots.zip(own).for_each(|(slot, number)| *slot = *number);
    }
}

/// What one row's heads find among everything that its text saw, itself included.
pub(super) fn attend_one(
    shape: &Layout,
    query: &[f32],
    keys: &[f32],
    values: &[f32],
    out: &mut [f32],
) {
    let wide = shape.kv_heads * shape.head;
    let each = (shape.heads / shape.kv_heads.max(1)).max(1);
    for (index, (query, out)) in
        query.chunks(shape.head).zip(out.chunks_mut(shape.head)).enumerate()
    {
        let from = index / each * shape.head;
        let near = |row: &[f32]| {
            dot(query, row.get(from..from + shape.head).unwrap_or_default()) * scale(shape)
        };
        let mut shares: Vec<f32> = keys.chunks(wide).map(near).collect();
        softmax(&mut shares);
        out.fill(0.0);
        for (share, row) in shares.iter().zip(values.chunks(wide)) {
            for (out, value) in out.iter_mut().zip(row.iter().skip(from)) {
                *out += share * value;
            }
        }
    }
}

/// Gradients by queries, keys and values, from the one by what [`attend`] gave.
pub(crate) fn attend_back(
    inputs: Inputs<'_>,
    found: &[f32],
    gradient: &[f32],
    shape: &Layout,
    spans: &[Span],
) -> [Vec<f32>; 3] {
    let tasks: Vec<(Span, usize)> = spans
        .iter()
        .flat_map(|span| (0..shape.kv_heads).map(move |group| (*span, group)))
        .collect();
    let parts: Vec<Back> = tasks
        .par_iter()
        .map(|(span, group)| group_back(inputs, (found, gradient), shape, *span, *group))
        .collect();
    let mut out = [inputs.queries, inputs.keys, inputs.values].map(|all| vec![0.0; all.len()]);
    let [queries, keys, values] = &mut out;
    for ((span, group), part) in tasks.iter().zip(&parts) {
        for (query, own) in &part.queries {
            place(queries, own, shape, shape.heads, *query, *span);
        }
        place(keys, &part.keys, shape, shape.kv_heads, *group, *span);
        place(values, &part.values, shape, shape.kv_heads, *group, *span);
    }
    out
}

struct Back {
    queries: Vec<(usize, Vec<f32>)>,
    keys: Vec<f32>,
    values: Vec<f32>,
}

/// One text's gradients of the heads that share keys and values.
fn group_back(
    inputs: Inputs<'_>,
    (found, gradient): (&[f32], &[f32]),
    shape: &Layout,
    span: Span,
    group: usize,
) -> Back {
    let each = (shape.heads / shape.kv_heads.max(1)).max(1);
    let size = span.length * shape.head;
    let mut back = Back { queries: Vec::new(), keys: vec![0.0; size], values: vec![0.0; size] };
    for query in group * each..(group + 1) * each {
        let mut by_queries = vec![0.0; size];
        for first in (0..span.length).step_by(BLOCK) {
            let count = (span.length - first).min(BLOCK);
            let wide = shape.seen(first + count, span);
            let shares = shares(inputs, shape, query, span, first, count);
            let rows = (span.start + first, count);
            let from = head(gradient, shape, shape.heads, query, rows);
            let values = head(inputs.values, shape, shape.kv_heads, group, (span.start, wide));
            let mut by_scores = vec![0.0; count * wide];
            product(Target::set(&mut by_scores, wide), from, values.transposed(), 1.0);
            let seen = View::rows(&shares, count, wide);
            product(Target::add(&mut back.values, shape.head), seen.transposed(), from, 1.0);
            for (index, (by, share)) in
                by_scores.chunks_mut(wide).zip(shares.chunks(wide)).enumerate()
            {
                let at = (rows.0 + index) * shape.heads * shape.head + query * shape.head;
                let own = at..at + shape.head;
                let mean = dot(
                    found.get(own.clone()).unwrap_or_default(),
                    gradient.get(own).unwrap_or_default(),
                );
                for (by, share) in by.iter_mut().zip(share) {
                    *by = share * (*by - mean);
                }
            }
            let by = View::rows(&by_scores, count, wide);
            let keys = head(inputs.keys, shape, shape.kv_heads, group, (span.start, wide));
            let to = by_queries.get_mut(first * shape.head..).unwrap_or_default();
            product(Target::set(to, shape.head), by, keys, scale(shape));
            let own = head(inputs.queries, shape, shape.heads, query, rows);
            product(Target::add(&mut back.keys, shape.head), by.transposed(), own, scale(shape));
        }
        back.queries.push((query, by_queries));
    }
    back
}

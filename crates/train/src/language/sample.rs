//! Answers: the likeliest token, one after the other, of many prompts side by side.

use super::adapter::Adapter;
use super::math;
use super::model::BaseModel;
use super::net::{Batch, Cached, Net, step};

/// Prompts that are answered side by side.
const GROUP: usize = 32;

/// The likeliest answers, each up to a token in `ends` (which is left out) or `limit` tokens; `told` hears of each token.
pub(super) fn answers(
    net: Net<'_>,
    prompts: &[Vec<u32>],
    limit: usize,
    ends: &[u32],
    told: &dyn Fn(),
) -> Vec<Vec<u32>> {
    prompts.chunks(GROUP).flat_map(|group| together(net, group, limit, (ends, told))).collect()
}

/// One prompt under way.
struct Open {
    index: usize,
    position: usize,
    last: u32,
    /// Keys and values of each layer.
    seen: Vec<Cached>,
}

/// Answers to the prompts of one group.
fn together(
    net: Net<'_>,
    prompts: &[Vec<u32>],
    limit: usize,
    (ends, told): (&[u32], &dyn Fn()),
) -> Vec<Vec<u32>> {
    let shape = net.shape();
    let mut batch = Batch::default();
    for prompt in prompts {
        batch.push(prompt, &[]);
    }
    let mut found: Vec<Vec<u32>> = vec![Vec::new(); prompts.len()];
    let mut open: Vec<Open> = (0..prompts.len())
        .map(|index| Open { index, position: 0, last: 0, seen: Vec::with_capacity(shape.layers) })
        .collect();
    let wide = shape.kv_heads * shape.head;
    let rows = net.forward(&batch, |(keys, values)| {
        for (one, span) in open.iter_mut().zip(&batch.spans) {
            let own = span.start * wide..(span.start + span.length) * wide;
            let cut = |all: &[f32]| all.get(own.clone()).unwrap_or_default().to_vec();
            one.seen.push((cut(&keys), cut(&values)));
        }
    });
    let mut last = Vec::with_capacity(prompts.len() * shape.width);
    for (one, span) in open.iter_mut().zip(&batch.spans) {
        let at = (span.start + span.length).saturating_sub(1) * shape.width;
        last.extend_from_slice(rows.get(at..at + shape.width).unwrap_or_default());
        one.position = span.length;
    }
    for _ in 0..limit {
        told();
        let scores = net.scores(&last);
        let mut kept = Vec::with_capacity(open.len());
        for (mut one, scores) in open.into_iter().zip(scores.chunks(shape.vocabulary)) {
            let token = likeliest(scores);
            if !ends.contains(&token) {
                if let Some(text) = found.get_mut(one.index) {
                    text.push(token);
                }
                one.last = token;
                kept.push(one);
            }
        }
        open = kept;
        if open.is_empty() {
            break;
        }
        let tokens: Vec<u32> = open.iter().map(|one| one.last).collect();
        let positions: Vec<usize> = open.iter().map(|one| one.position).collect();
        let mut seen: Vec<&mut Vec<Cached>> = open.iter_mut().map(|one| &mut one.seen).collect();
        last = step(net, &tokens, &positions, &mut seen);
        for one in &mut open {
            one.position += 1;
        }
    }
    found
}

/// The first of the greatest.
pub(super) fn likeliest(scores: &[f32]) -> u32 {
    let mut best = (0_u32, f32::NEG_INFINITY);
    for (score, token) in scores.iter().zip(0_u32..) {
        if *score > best.1 {
            best = (token, *score);
        }
    }
    best.0
}

/// Scores of all tokens after each row of a text: what parity is judged by.
pub fn text_scores(base: &BaseModel, adapter: Option<&Adapter>, tokens: &[u32]) -> Vec<f32> {
    let mut batch = Batch::default();
    batch.push(tokens, &[]);
    let net = Net { base, adapter };
    net.scores(&net.forward(&batch, drop))
}

/// How far two models' next-token distributions are apart on a text.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Apart {
    pub(super) rows: usize,
    /// Sum of Kullback-Leibler divergences, in nats.
    pub(super) divergence: f64,
    /// Greatest difference of a score.
    pub(super) difference: f64,
    /// Rows whose likeliest token is the same.
    pub(super) same: usize,
}

/// Compares scores row by row.
pub(super) fn apart(own: &[f32], other: &[f32], vocabulary: usize) -> Apart {
    let mut found = Apart::default();
    for (own, other) in own.chunks(vocabulary).zip(other.chunks(vocabulary)) {
        let difference = own.iter().zip(other).map(|(own, other)| f64::from((own - other).abs()));
        // What is no number is further apart than any.
        let most = difference
            .fold(0.0, |most: f64, one| if one.is_nan() { f64::INFINITY } else { most.max(one) });
        found.difference = found.difference.max(most);
        found.same += usize::from(likeliest(own) == likeliest(other));
        let (mut p, mut q) = (own.to_vec(), other.to_vec());
        let logs = (math::softmax(&mut p), math::softmax(&mut q));
        let terms = p.iter().zip(own.iter().zip(other)).map(|(p, (own, other))| {
            f64::from(*p) * (f64::from(own - logs.0) - f64::from(other - logs.1))
        });
        found.divergence += terms.sum::<f64>().max(0.0);
        found.rows += 1;
    }
    found
}

//! Neighbours side by side: how many words become few parts, and which parts are looked at more closely.

use std::ops::Range;

/// Share of the greatest effect from which on a part is looked at more closely.
const CLOSER: f64 = 0.1;

/// So many words in so many parts of about the same size; a part rather ends after a word that is near and of which `ends` holds.
pub(crate) fn evenly(
    count: usize,
    parts: usize,
    ends: &dyn Fn(usize) -> bool,
) -> Vec<Range<usize>> {
    let near = count / parts.max(1) / 3;
    let mut start = 0;
    (1..=parts)
        .map(|part| {
            let planned = part * count / parts;
            let mut end = planned;
            if part < parts {
                let mut sides = (0..=near).flat_map(|by| [planned - by, planned + by]);
                end = sides.find(|end| *end > start && ends(*end - 1)).unwrap_or(end);
            }
            std::mem::replace(&mut start, end)..end
        })
        .collect()
}

/// Of each part the pieces it is seen in: parts that did much, the greatest first, in their single words, or in as many pieces as
/// may be there, so that all together are at most `most`; the others whole.
pub(crate) fn closer(
    parts: &[Range<usize>],
    effects: &[f64],
    most: usize,
) -> Vec<Vec<Range<usize>>> {
    let effect = |at: &usize| effects.get(*at).map_or(0.0, |effect| effect.abs());
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| effect(b).total_cmp(&effect(a)));
    let greatest = order.first().map_or(0.0, effect);
    let mut pieces = vec![1; parts.len()];
    let mut left = most.saturating_sub(parts.len());
    for at in order.into_iter().filter(|at| effect(at) >= greatest * CLOSER) {
        if let (Some(own), Some(part)) = (pieces.get_mut(at), parts.get(at)) {
            let more = part.len().saturating_sub(1).min(left);
            *own += more;
            left -= more;
        }
    }
    let split = |(part, pieces): (&Range<usize>, usize)| {
        let (start, size) = (part.start, part.len());
        (0..pieces).map(|at| start + at * size / pieces..start + (at + 1) * size / pieces).collect()
    };
    parts.iter().zip(pieces).map(split).collect()
}

//! From a graph of layers to a sequence of blocks, and of blocks to those that repeat.

use ingot_runtime::onnx::Layer;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A part of the sequence: blocks one after another, as often as they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    /// How often.
    pub(super) times: usize,
    /// Blocks of the first time; each is layers in order, of which only the last gives something to what follows.
    pub(super) blocks: Vec<Vec<usize>>,
    /// All layers of all times.
    pub(super) layers: Vec<usize>,
}

/// A source that so many layers take, over so much of the graph, is not drawn as a path: a mask, for instance.
const SHARED: usize = 3;

/// Sources whose lines are left out.
pub(super) fn shared(layers: &[Layer]) -> Vec<Option<usize>> {
    let mut takers: BTreeMap<Option<usize>, (usize, usize)> = BTreeMap::new();
    for (index, layer) in layers.iter().enumerate() {
        for source in &layer.inputs {
            let entry = takers.entry(*source).or_default();
            *entry = (entry.0 + 1, index);
        }
    }
    let far = layers.len() / 3;
    let is_shared = |(source, (count, last)): (Option<usize>, (usize, usize))| {
        let from = source.unwrap_or(0);
        (count >= SHARED && last.saturating_sub(from) > far.max(8)).then_some(source)
    };
    takers.into_iter().filter_map(is_shared).collect()
}

/// The whole graph as runs of blocks.
pub(super) fn runs(layers: &[Layer]) -> Vec<Run> {
    let blocks = blocks(layers);
    let marks: Vec<String> = blocks.iter().map(|block| mark(layers, block)).collect();
    let mut runs = Vec::new();
    let mut at = 0;
    while at < blocks.len() {
        let (period, times) = repeat(&marks, at);
        let all = blocks.get(at..at + period * times).unwrap_or_default();
        runs.push(Run {
            times,
            blocks: all.iter().take(period).cloned().collect(),
            layers: all.iter().flatten().copied().collect(),
        });
        at += period * times;
    }
    runs
}

/// The longest stretch from `at` on that repeats itself: how many blocks, how often.
fn repeat(marks: &[String], at: usize) -> (usize, usize) {
    let mut best = (1, 1);
    for period in 1..=(marks.len() - at) / 2 {
        let Some(first) = marks.get(at..at + period) else { break };
        let mut times = 1;
        while marks.get(at + times * period..at + (times + 1) * period) == Some(first) {
            times += 1;
        }
        // A longer period must save more than a shorter one: what repeats twice within it is said already.
        if times > 1 && (times - 1) * period > (best.1 - 1) * best.0 {
            best = (period, times);
        }
    }
    best
}

/// Cuts where one value alone goes from what is before to what is behind.
fn blocks(layers: &[Layer]) -> Vec<Vec<usize>> {
    let shared = shared(layers);
    // How many lines pass over each place between two layers, besides that of the layer before it.
    let mut over = vec![0_i64; layers.len() + 1];
    for (index, layer) in layers.iter().enumerate() {
        for source in layer.inputs.iter().filter(|source| !shared.contains(source)) {
            let from = source.map_or(0, |source| source + 1);
            if from < index {
                if let Some(slot) = over.get_mut(from) {
                    *slot += 1;
                }
                if let Some(slot) = over.get_mut(index) {
                    *slot -= 1;
                }
            }
        }
    }
    let mut blocks = Vec::new();
    let (mut block, mut lines) = (Vec::new(), 0);
    for (index, change) in over.iter().take(layers.len()).enumerate() {
        block.push(index);
        lines += change;
        if lines == 0 {
            blocks.push(std::mem::take(&mut block));
        }
    }
    if !block.is_empty() {
        blocks.push(block);
    }
    blocks
}

/// Equal for blocks of the same layers: the same operations on the same sources, with as many parameters, each giving the same shape.
/// A layer of which nothing is known that it gives is like no other.
fn mark(layers: &[Layer], block: &[usize]) -> String {
    let first = block.first().copied().unwrap_or_default();
    let mut mark = String::new();
    for index in block {
        let Some(layer) = layers.get(*index) else { continue };
        let places: Vec<String> = layer
            .inputs
            .iter()
            .map(|source| match source {
                Some(source) if *source >= first => (source - first).to_string(),
                _ => "<".to_owned(),
            })
            .collect();
        let _ = write!(
            mark,
            "{} {} {} {} {} {} {:?}|",
            layer.operator,
            layer.detail,
            layer.activation,
            places.join(","),
            layer.parameters,
            layer.bits,
            layer.shape,
        );
        if layer.shape.is_empty() {
            let _ = write!(mark, "{index}|");
        }
    }
    mark
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn layer(operator: &str, inputs: &[Option<usize>], width: u64) -> Layer {
        Layer {
            name: operator.to_lowercase(),
            operator: operator.to_owned(),
            detail: String::new(),
            activation: String::new(),
            inputs: inputs.to_vec(),
            shape: vec![None, Some(width)],
            parameters: 10,
            bits: 32,
        }
    }

    #[test]
    fn repeated_residual_blocks_are_one_run() {
        let mut layers = vec![layer("Conv", &[None], 8)];
        for _ in 0..3 {
            let last = layers.len() - 1;
            layers.push(layer("Conv", &[Some(last)], 24));
            layers.push(layer("Conv", &[Some(last + 1)], 8));
            layers.push(layer("Add", &[Some(last), Some(last + 2)], 8));
        }
        layers.push(layer("Gemm", &[Some(layers.len() - 1)], 2));
        let runs = runs(&layers);
        let shape: Vec<(usize, usize)> =
            runs.iter().map(|run| (run.times, run.blocks[0].len())).collect();
        assert_eq!(shape, [(1, 1), (3, 3), (1, 1)]);
        assert_eq!(runs[1].layers.len(), 9);
    }

    #[test]
    fn layers_that_differ_in_weights_or_shapes_are_no_repetition() {
        let chain = |change: &dyn Fn(&mut Layer)| {
            let mut layers = vec![layer("Conv", &[None], 8)];
            for at in 0..4 {
                layers.push(layer("Conv", &[Some(at)], 8));
            }
            change(&mut layers[2]);
            runs(&layers).iter().map(|run| run.times).collect::<Vec<_>>()
        };
        assert_eq!(chain(&|_| {}), [5]);
        assert_eq!(chain(&|layer| layer.parameters = 11), [2, 1, 2]);
        assert_eq!(chain(&|layer| layer.shape = vec![None, Some(9)]), [2, 1, 2]);
        assert_eq!(chain(&|layer| layer.bits = 8), [2, 1, 2]);
        // Of two layers that give nobody knows what, nobody knows that they are the same.
        let layers = [None, Some(0), Some(1)].map(|from| {
            let mut one = layer("Unheard", &[from], 8);
            one.shape.clear();
            one
        });
        assert_eq!(runs(&layers).len(), 3);
    }

    #[test]
    fn a_period_of_several_blocks_is_found_and_a_mask_does_not_hide_it() {
        let mut layers = vec![layer("Mask", &[None], 8), layer("Gather", &[None], 8)];
        for _ in 0..4 {
            let last = layers.len() - 1;
            layers.push(layer("MatMul", &[Some(last), Some(0)], 8));
            layers.push(layer("Add", &[Some(last), Some(last + 1)], 8));
            layers.push(layer("LayerNormalization", &[Some(last + 2)], 8));
        }
        let runs = runs(&layers);
        let last = runs.last().unwrap();
        assert_eq!((last.times, last.blocks.len()), (4, 2), "{runs:?}");
    }
}

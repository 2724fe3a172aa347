//! Which channels of a graph can be taken out: those between a convolution and a 1 × 1 convolution that alone takes them,
//! through activations and through convolutions of single channels. In `MobileNetV2` these are the wide parts of the inverted
//! residuals.

use super::edit::{self, Wires, bounds, input, integer, output};
use super::proto::{Graph, Model};

/// Channels that stand between two convolutions. Indices are of operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    /// Makes the channels.
    pub(super) wide: usize,
    /// Work on each channel by itself.
    pub(super) single: Vec<usize>,
    /// Takes them all.
    pub(super) narrow: usize,
    /// The value that `narrow` takes.
    pub(super) hidden: String,
    /// The value that should stay as it is: what `narrow` gives, or the sum it is part of.
    pub(super) target: String,
    /// The other part of that sum.
    pub(super) residual: Option<String>,
    /// Channels.
    pub(super) channels: usize,
}

/// All chains, in the order of the graph.
pub(super) fn chains(graph: &Graph) -> Vec<Chain> {
    let wires = Wires::of(graph);
    (0..graph.node.len()).filter_map(|narrow| chain(graph, &wires, narrow)).collect()
}

fn chain(graph: &Graph, wires: &Wires<'_>, narrow: usize) -> Option<Chain> {
    let node = graph.node.get(narrow)?;
    let (dims, _) = wires.own_weight(node)?;
    let pointwise = dims.len() == 4
        && dims.get(2..) == Some(&[1, 1])
        && integer(node, "group").unwrap_or(1) == 1
        && edit::integers(node, "strides").iter().all(|stride| *stride == 1)
        && edit::integers(node, "pads").iter().all(|pad| *pad == 0);
    if node.op_type != "Conv" || !pointwise {
        return None;
    }
    let channels = *dims.get(1)?;
    let hidden = input(node, 0)?;
    let (mut value, mut taker, mut activated, mut single) = (hidden, narrow, false, Vec::new());
    let wide = loop {
        let giver = wires.giver(value)?;
        if wires.only_taker(value) != Some(taker) {
            return None;
        }
        let given = graph.node.get(giver)?;
        if bounds(wires, given).is_some() {
            activated = true;
        } else {
            let (dims, _) = wires.own_weight(given)?;
            if given.op_type != "Conv" || dims.first() != Some(&channels) {
                return None;
            }
            match integer(given, "group").unwrap_or(1) {
                1 => break giver,
                group if usize::try_from(group) == Ok(channels) && dims.get(1) == Some(&1) => {
                    single.push(giver);
                }
                _ => return None,
            }
        }
        (value, taker) = (input(given, 0)?, giver);
    };
    // Between two convolutions without an activation stands a bottleneck, which is narrow already.
    if !activated {
        return None;
    }
    let sum = wires.only_taker(output(node)).and_then(|next| graph.node.get(next));
    let sum = sum.filter(|next| next.op_type == "Add");
    let residual = sum.and_then(|sum| {
        let other = sum.input.iter().find(|name| name.as_str() != output(node))?;
        (wires.constant(other).is_none() && sum.input.len() == 2).then(|| other.clone())
    });
    let target = match (&residual, sum) {
        (Some(_), Some(sum)) => output(sum),
        _ => output(node),
    };
    let target = target.to_owned();
    Some(Chain { wide, single, narrow, hidden: hidden.to_owned(), target, residual, channels })
}

/// Multiplications of a chain for each of its channels; `places` are the numbers of pixels that `wide` and each of `single`
/// gives, and `narrow`.
pub(super) fn multiplications(graph: &Graph, chain: &Chain, places: &[u64]) -> u64 {
    let wires = Wires::of(graph);
    let each = |index: usize, skip: usize| -> u64 {
        let found = graph.node.get(index).and_then(|node| wires.own_weight(node));
        found.map_or(0, |(dims, _)| {
            dims.iter().skip(skip).map(|dim| *dim as u64).product::<u64>()
                / if skip == 0 { (chain.channels as u64).max(1) } else { 1 }
        })
    };
    let nodes = std::iter::once((chain.wide, 1))
        .chain(chain.single.iter().map(|index| (*index, 1)))
        .chain([(chain.narrow, 0)]);
    nodes.zip(places).map(|((index, skip), places)| each(index, skip) * places).sum()
}

/// Leaves only the channels `kept`, in order, and gives `narrow` new weights: `weight` is row-major, `kept × outputs`.
pub(super) fn cut(
    model: &mut Model,
    chain: &Chain,
    kept: &[usize],
    weight: &[f32],
    bias: &[f32],
) -> Option<()> {
    let graph = model.graph.as_mut()?;
    // What was known of the values between has another shape now.
    graph.value_info.clear();
    for index in std::iter::once(chain.wide).chain(chain.single.iter().copied()) {
        let node = graph.node.get(index)?.clone();
        for name in [input(&node, 1), input(&node, 2)].into_iter().flatten() {
            let tensor = graph.initializer.iter_mut().find(|tensor| tensor.name == name)?;
            let (mut dims, data) = (edit::shape(tensor), edit::floats(tensor)?);
            let each = data.len().checked_div(chain.channels)?.max(1);
            let rows: Vec<&[f32]> = data.chunks_exact(each).collect();
            let left: Vec<f32> = kept
                .iter()
                .filter_map(|at| rows.get(*at))
                .flat_map(|row| row.iter().copied())
                .collect();
            *dims.first_mut()? = kept.len();
            edit::set_floats(tensor, &dims, &left);
        }
        if index != chain.wide {
            let node = graph.node.get_mut(index)?;
            let group = node.attribute.iter_mut().find(|attribute| attribute.name == "group")?;
            group.i = i64::try_from(kept.len()).ok();
        }
    }
    let node = graph.node.get_mut(chain.narrow)?;
    let outputs = bias.len();
    let turned: Vec<f32> = (0..outputs)
        .flat_map(|column| weight.iter().skip(column).step_by(outputs.max(1)).copied())
        .collect();
    let name = input(node, 1)?.to_owned();
    let bias_name = input(node, 2).map_or_else(|| format!("{name}.constant"), str::to_owned);
    node.input.truncate(2);
    node.input.push(bias_name.clone());
    let tensor = graph.initializer.iter_mut().find(|tensor| tensor.name == name)?;
    edit::set_floats(tensor, &[outputs, kept.len(), 1, 1], &turned);
    if !graph.initializer.iter().any(|tensor| tensor.name == bias_name) {
        graph
            .initializer
            .push(super::proto::Tensor { name: bias_name.clone(), ..Default::default() });
    }
    let tensor = graph.initializer.iter_mut().find(|tensor| tensor.name == bias_name)?;
    edit::set_floats(tensor, &[outputs], bias);
    Some(())
}

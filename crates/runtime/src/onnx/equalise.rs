//! Channels of like size: eight bits share one step among all channels of a value, so that small channels are told apart coarsely
//! beside a large one. Scaling a channel where it is made, and back where it is taken, changes nothing else (cross-layer
//! equalisation: Nagel et al. 2019, <https://arxiv.org/abs/1906.04721>, §4.1). Weights have a step for each output, so what makes a
//! channel bears any scale; what takes several channels bears half of it, in the logarithm (as Xiao et al. 2022,
//! <https://arxiv.org/abs/2211.10438>, share it between weights and what they are multiplied with).

use super::calibrate::Probe;
use super::edit::{self, Wires, bounds, input, integer, output};
use super::proto::{Graph, Model, Node};
use super::ranges::planes;
use super::session::Library;
use crate::messages::{CALIBRATION_EMPTY, ONNX_INVALID};
use crate::weights::Tensor;
use ingot_base::{Fault, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Channels are made larger by at most so much.
const MOST: f32 = 64.0;
/// Share, in the logarithm, of what tells channels apart that weights take over which several channels come together in.
const SHARED: f32 = 0.5;

/// Values that are scaled together, as sums of them are taken.
#[derive(Debug, Default, PartialEq, Eq)]
struct Group {
    values: BTreeSet<String>,
    /// Convolutions that make them, or what an activation makes them of.
    makers: BTreeSet<usize>,
    /// Convolutions that take them.
    takers: BTreeSet<usize>,
    /// Whether the takers work on each channel by itself.
    single: bool,
}

/// Scales channels between convolutions, so that eight bits serve all of them; `inputs` of the graph's one input `name` show how large
/// they are. What the graph gives stays as it is, but for channels that an activation cuts above: those that reach its bound are not
/// scaled, others are cut only above what any of the inputs had, and so by eight bits too. `keep` names operations that are not touched.
///
/// # Errors
/// When there are no inputs, or the graph does not run.
pub fn equalise(
    library: &Library,
    mut model: Model,
    name: &str,
    inputs: &[Tensor],
    keep: &[&str],
) -> Result<Model> {
    if inputs.is_empty() {
        return Err(Fault::new(&CALIBRATION_EMPTY));
    }
    let lost = || Fault::new(&ONNX_INVALID).arg("detail", "it holds no graph");
    let found = groups(model.graph.as_ref().ok_or_else(lost)?, keep);
    let values: BTreeSet<String> = found.iter().flat_map(|group| &group.values).cloned().collect();
    let values: Vec<String> = values.into_iter().collect();
    if values.is_empty() {
        return Ok(model);
    }
    let probe = Probe::new(library, &model, &values)?;
    let mut peaks: BTreeMap<&str, Vec<f32>> = BTreeMap::new();
    for input in inputs {
        for (value, tensor) in values.iter().zip(probe.look(name, input)?) {
            let peaks = peaks.entry(value).or_default();
            for (channel, plane) in planes(&tensor.shape, &tensor.data) {
                if peaks.len() <= channel {
                    peaks.resize(channel + 1, 0.0);
                }
                if let Some(peak) = peaks.get_mut(channel) {
                    *peak = plane.iter().fold(*peak, |peak, number| peak.max(number.abs()));
                }
            }
        }
    }
    let graph = model.graph.as_mut().ok_or_else(lost)?;
    for group in &found {
        let sizes = group.values.iter().filter_map(|value| peaks.get(value.as_str()));
        if let Some(scales) = scales(sizes, group.single) {
            rescale(graph, group, &scales);
        }
    }
    Ok(model)
}

/// What the channels of values are divided by; `None` where there is nothing to gain.
fn scales<'a>(sizes: impl Iterator<Item = &'a Vec<f32>>, single: bool) -> Option<Vec<f32>> {
    let mut peaks: Vec<f32> = Vec::new();
    for sizes in sizes {
        peaks.resize(peaks.len().max(sizes.len()), 0.0);
        for (peak, size) in peaks.iter_mut().zip(sizes) {
            *peak = peak.max(*size);
        }
    }
    let largest = peaks.iter().copied().fold(0.0, f32::max);
    if largest <= f32::MIN_POSITIVE || !largest.is_finite() {
        return None;
    }
    let share = if single { 1.0 } else { SHARED };
    Some(peaks.into_iter().map(|peak| (peak / largest).max(1.0 / MOST).powf(share)).collect())
}

/// Values between convolutions whose channels can be scaled.
fn groups(graph: &Graph, keep: &[&str]) -> Vec<Group> {
    let wires = Wires::of(graph);
    let usable = |node: &Node| {
        let weight = wires.own_weight(node).map(|(dims, _)| dims);
        let weight = weight.filter(|dims| dims.len() >= 3 && node.op_type == "Conv")?;
        (!keep.contains(&node.name.as_str())).then_some(weight)
    };
    // Whether it takes each channel by itself; `None` where it takes channels in groups.
    let taking = |node: &Node| match (integer(node, "group").unwrap_or(1), usable(node)?.as_slice())
    {
        (1, _) => Some(false),
        (group, [outputs, 1, ..]) if usize::try_from(group) == Ok(*outputs) => Some(true),
        _ => None,
    };
    let mut found: Vec<Group> = Vec::new();
    let mut done = BTreeSet::new();
    for (index, node) in graph.node.iter().enumerate() {
        if usable(node).is_none() || done.contains(output(node)) {
            continue;
        }
        let group = match activation(graph, &wires, node) {
            Some(value) => Some(Group {
                values: [value.to_owned()].into(),
                makers: [index].into(),
                ..Group::default()
            }),
            None => summed(graph, &wires, index),
        };
        let Some(mut group) = group else { continue };
        done.extend(group.values.iter().cloned());
        let makers = group.makers.iter().filter_map(|maker| graph.node.get(*maker));
        if makers.clone().any(|maker| usable(maker).is_none()) || seen(graph, &group.values) {
            continue;
        }
        let mut kinds = BTreeSet::new();
        for taker in group.values.iter().flat_map(|value| wires.takers(value)) {
            let Some(node) = graph.node.get(*taker) else { continue };
            // A sum within the group takes what it should.
            if node.op_type == "Add" && group.values.contains(output(node)) {
                continue;
            }
            let data = input(node, 0).is_some_and(|value| group.values.contains(value));
            kinds.insert(taking(node).filter(|_| data));
            group.takers.insert(*taker);
        }
        let kinds: Vec<Option<bool>> = kinds.into_iter().collect();
        if let [Some(single)] = kinds[..] {
            group.single = single;
            found.push(group);
        }
    }
    found
}

/// The value of an activation that keeps zero and directions, alone behind a convolution.
fn activation<'g>(graph: &'g Graph, wires: &Wires<'_>, node: &Node) -> Option<&'g str> {
    let next = graph.node.get(wires.only_taker(output(node))?)?;
    bounds(wires, next).filter(|(low, _)| *low == 0.0).map(|_| output(next))
}

/// What a convolution without an activation gives, with all that it is summed up with.
fn summed(graph: &Graph, wires: &Wires<'_>, maker: usize) -> Option<Group> {
    let mut group = Group::default();
    let mut waiting = vec![output(graph.node.get(maker)?).to_owned()];
    while let Some(value) = waiting.pop() {
        if !group.values.insert(value.clone()) {
            continue;
        }
        let giver = wires.giver(&value)?;
        let given = graph.node.get(giver)?;
        match given.op_type.as_str() {
            "Conv" => {
                group.makers.insert(giver);
            }
            "Add" => waiting.extend(given.input.iter().cloned()),
            _ => return None,
        }
        let takers = wires.takers(&value).iter().filter_map(|taker| graph.node.get(*taker));
        for sum in takers.filter(|taker| taker.op_type == "Add") {
            waiting.push(output(sum).to_owned());
        }
    }
    Some(group)
}

/// Whether somebody outside sees one of the values.
fn seen(graph: &Graph, values: &BTreeSet<String>) -> bool {
    graph.output.iter().any(|output| values.contains(&output.name))
}

/// Divides what the makers give by the scales and multiplies what the takers are multiplied with.
fn rescale(graph: &mut Graph, group: &Group, scales: &[f32]) {
    let names = |index: &usize, at: usize| {
        graph.node.get(*index).and_then(|node| input(node, at)).map(str::to_owned)
    };
    let made: Vec<String> = group
        .makers
        .iter()
        .flat_map(|maker| [names(maker, 1), names(maker, 2)])
        .flatten()
        .collect();
    let taken: Vec<String> = group.takers.iter().filter_map(|taker| names(taker, 1)).collect();
    for tensor in &mut graph.initializer {
        let (made, taken) = (made.contains(&tensor.name), taken.contains(&tensor.name));
        let (dims, Some(mut data)) = (edit::shape(tensor), edit::floats(tensor)) else { continue };
        if made {
            let each = data.len().checked_div(scales.len()).unwrap_or_default().max(1);
            for (row, scale) in data.chunks_mut(each).zip(scales) {
                for number in row {
                    *number /= scale;
                }
            }
        }
        if taken {
            let places: usize = dims.iter().skip(2).product();
            for (channel, scale) in data.chunks_mut(places.max(1)).zip(scales.iter().cycle()) {
                for number in channel {
                    *number *= scale;
                }
            }
        }
        if made || taken {
            edit::set_floats(tensor, &dims, &data);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::build::{Builder, whole, wholes};
    use super::*;

    /// Widened, each channel by itself, narrowed, and added to what went in after a first convolution.
    fn network() -> Model {
        let mut builder = Builder::new("residual");
        builder.input("x", &[None, Some(1), None, None]);
        let conv = |builder: &mut Builder, name: &str, from: &str, dims: &[usize], group: i64| {
            let count: usize = dims.iter().product();
            #[expect(clippy::cast_precision_loss, reason = "a few weights")]
            let numbers: Vec<f32> =
                (0..count).map(|at| ((at * 7 + 3) % 11) as f32 / 5.0 - 0.9).collect();
            let weight = builder.weight(&format!("{name}.weight"), dims, &numbers);
            #[expect(clippy::cast_precision_loss, reason = "a few channels")]
            let biases: Vec<f32> = (0..dims[0]).map(|at| at as f32 / 7.0).collect();
            let bias = builder.weight(&format!("{name}.bias"), &dims[..1], &biases);
            let how = vec![wholes("pads", &[i64::try_from(dims[2] / 2).unwrap(); 4])];
            let how = how.into_iter().chain([whole("group", group)]).collect();
            builder.node("Conv", name, &[from, &weight, &bias], how);
        };
        conv(&mut builder, "stem", "x", &[2, 1, 1, 1], 1);
        conv(&mut builder, "wide", "stem", &[4, 2, 1, 1], 1);
        builder.node("Relu", "wide.active", &["wide"], Vec::new());
        conv(&mut builder, "each", "wide.active", &[4, 1, 3, 3], 4);
        builder.node("Relu", "each.active", &["each"], Vec::new());
        conv(&mut builder, "narrow", "each.active", &[2, 4, 1, 1], 1);
        builder.node("Add", "sum", &["stem", "narrow"], Vec::new());
        conv(&mut builder, "last", "sum", &[3, 2, 1, 1], 1);
        builder.output("last", &[None, Some(3), None, None]);
        builder.finish()
    }

    #[test]
    fn sums_go_together_and_what_is_kept_or_seen_stays() {
        let model = network();
        let graph = model.graph.as_ref().unwrap();
        let name = |index: &usize| graph.node[*index].name.as_str();
        let shown = |group: &Group| -> (Vec<String>, Vec<&str>, Vec<&str>, bool) {
            let names = |of: &BTreeSet<usize>| of.iter().map(name).collect();
            let values = group.values.iter().cloned().collect();
            (values, names(&group.makers), names(&group.takers), group.single)
        };
        let found = groups(graph, &[]);
        let found: Vec<_> = found.iter().map(shown).collect();
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(
            found,
            [
                (
                    texts(&["narrow", "stem", "sum"]),
                    vec!["stem", "narrow"],
                    vec!["wide", "last"],
                    false
                ),
                (texts(&["wide.active"]), vec!["wide"], vec!["each"], true),
                (texts(&["each.active"]), vec!["each"], vec!["narrow"], false),
            ]
        );
        let kept: Vec<bool> = groups(graph, &["last"]).iter().map(|group| group.single).collect();
        assert_eq!(kept, [true, false], "the sum goes to an operation that is kept");
    }

    #[test]
    fn channels_come_closer_to_the_largest() {
        let sizes = [vec![4.0, 1.0, 0.0], vec![2.0, 0.5, 0.0]];
        assert_eq!(scales(sizes.iter(), true).unwrap(), [1.0, 0.25, 1.0 / 64.0]);
        assert_eq!(scales(sizes.iter(), false).unwrap(), [1.0, 0.5, 0.125]);
        assert_eq!(scales([vec![0.0]].iter(), true), None);
    }

    /// Multiplied out by hand for one place: what is divided where it is made comes back where it is taken.
    #[test]
    fn what_is_scaled_is_scaled_back() {
        let mut model = network();
        let graph = model.graph.as_mut().unwrap();
        let numbers = |graph: &Graph, name: &str| {
            edit::floats(graph.initializer.iter().find(|one| one.name == name).unwrap()).unwrap()
        };
        let before = |name: &str| numbers(&network().graph.unwrap(), name);
        let group = groups(graph, &[]).swap_remove(2);
        rescale(graph, &group, &[1.0, 0.5, 0.25, 0.125]);
        let made = numbers(graph, "each.weight");
        let bias = numbers(graph, "each.bias");
        let taken = numbers(graph, "narrow.weight");
        let factor = |channel: usize| [1.0, 2.0, 4.0, 8.0][channel];
        let near = |one: f32, other: f32| assert!((one - other).abs() < 1e-6, "{one} {other}");
        for (at, number) in before("each.weight").iter().enumerate() {
            near(made[at], number * factor(at / 9));
        }
        for (at, number) in before("each.bias").iter().enumerate() {
            near(bias[at], number * factor(at));
        }
        for (at, number) in before("narrow.weight").iter().enumerate() {
            near(taken[at] * factor(at % 4), *number);
        }
        assert_eq!(numbers(graph, "last.weight"), before("last.weight"));
    }
}

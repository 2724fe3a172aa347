//! Looking into graphs and changing them: who gives a value, who takes it, what a constant holds.

use super::FLOAT;
use super::proto::{Graph, Node, Tensor};
use std::collections::{BTreeMap, BTreeSet};

/// Who gives and who takes each value of a graph.
#[derive(Debug)]
pub(crate) struct Wires<'g> {
    givers: BTreeMap<&'g str, usize>,
    takers: BTreeMap<&'g str, Vec<usize>>,
    constants: BTreeMap<&'g str, &'g Tensor>,
    outputs: BTreeSet<&'g str>,
}

impl<'g> Wires<'g> {
    pub(crate) fn of(graph: &'g Graph) -> Self {
        let mut wires = Self {
            givers: BTreeMap::new(),
            takers: BTreeMap::new(),
            constants: BTreeMap::new(),
            outputs: graph.output.iter().map(|output| output.name.as_str()).collect(),
        };
        for (index, node) in graph.node.iter().enumerate() {
            for name in &node.output {
                wires.givers.insert(name, index);
            }
            for name in node.input.iter().filter(|name| !name.is_empty()) {
                wires.takers.entry(name).or_default().push(index);
            }
        }
        for tensor in &graph.initializer {
            wires.constants.insert(&tensor.name, tensor);
        }
        wires
    }

    /// The operation that gives a value; `None` for what goes in and for constants.
    pub(crate) fn giver(&self, value: &str) -> Option<usize> {
        self.givers.get(value).copied()
    }

    /// Operations that take a value, in order; one that takes it twice stands twice.
    pub(crate) fn takers(&self, value: &str) -> &[usize] {
        self.takers.get(value).map(Vec::as_slice).unwrap_or_default()
    }

    /// The only operation that takes a value, where nobody outside sees the value.
    pub(crate) fn only_taker(&self, value: &str) -> Option<usize> {
        match self.takers(value) {
            [one] if !self.outputs.contains(value) => Some(*one),
            _ => None,
        }
    }

    pub(crate) fn constant(&self, value: &str) -> Option<&'g Tensor> {
        self.constants.get(value).copied()
    }

    /// The numbers of a constant of 32-bit numbers.
    pub(crate) fn numbers(&self, value: &str) -> Option<(Vec<usize>, Vec<f32>)> {
        let tensor = self.constant(value)?;
        Some((shape(tensor), floats(tensor)?))
    }

    /// The weights of an operation, where no other one shares them, nor its bias.
    pub(crate) fn own_weight(&self, node: &Node) -> Option<(Vec<usize>, Vec<f32>)> {
        let own = |name: &str| self.numbers(name).filter(|_| self.only_taker(name).is_some());
        let weight = own(input(node, 1)?)?;
        input(node, 2).is_none_or(|bias| own(bias).is_some()).then_some(weight)
    }
}

/// A constant's shape.
pub(crate) fn shape(tensor: &Tensor) -> Vec<usize> {
    tensor.dims.iter().map(|dim| usize::try_from(*dim).unwrap_or_default()).collect()
}

/// A constant's elements, where they are 32-bit numbers.
pub(crate) fn floats(tensor: &Tensor) -> Option<Vec<f32>> {
    if tensor.data_type != FLOAT {
        return None;
    }
    if tensor.raw_data.is_empty() {
        return Some(tensor.float_data.clone());
    }
    Some(
        tensor.raw_data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
    )
}

/// Makes a constant hold these numbers.
pub(crate) fn set_floats(tensor: &mut Tensor, dims: &[usize], data: &[f32]) {
    tensor.dims = dims.iter().map(|dim| i64::try_from(*dim).unwrap_or(i64::MAX)).collect();
    tensor.data_type = FLOAT;
    tensor.float_data.clear();
    tensor.raw_data = data.iter().flat_map(|number| number.to_le_bytes()).collect();
}

/// A whole-number setting of an operation.
pub(crate) fn integer(node: &Node, name: &str) -> Option<i64> {
    node.attribute.iter().find(|attribute| attribute.name == name)?.i
}

/// A setting of an operation that is a list of whole numbers; empty where it is not there.
pub(crate) fn integers<'n>(node: &'n Node, name: &str) -> &'n [i64] {
    let found = node.attribute.iter().find(|attribute| attribute.name == name);
    found.map(|attribute| attribute.ints.as_slice()).unwrap_or_default()
}

/// An operation's input by position; `None` where it is left out.
pub(crate) fn input(node: &Node, index: usize) -> Option<&str> {
    node.input.get(index).map(String::as_str).filter(|name| !name.is_empty())
}

/// An operation's first output.
pub(crate) fn output(node: &Node) -> &str {
    node.output.first().map_or("", String::as_str)
}

/// The bounds that an activation cuts at: `(0, ∞)` of `Relu`, the constants of `Clip`; `None` of any other operation.
pub(crate) fn bounds(wires: &Wires<'_>, node: &Node) -> Option<(f32, f32)> {
    let bound = |index: usize, without: f32| match input(node, index) {
        Some(name) => wires.numbers(name).and_then(|(_, data)| data.first().copied()),
        None => Some(without),
    };
    match node.op_type.as_str() {
        "Relu" => Some((0.0, f32::INFINITY)),
        "Clip" => Some((bound(1, f32::NEG_INFINITY)?, bound(2, f32::INFINITY)?)),
        _ => None,
    }
}

/// Leaves out what no output needs.
pub(crate) fn sweep(graph: &mut Graph) {
    let mut needed: BTreeSet<String> =
        graph.output.iter().map(|output| output.name.clone()).collect();
    let mut kept = Vec::with_capacity(graph.node.len());
    for node in graph.node.drain(..).rev() {
        if node.output.iter().any(|name| needed.contains(name)) {
            needed.extend(node.input.iter().cloned());
            kept.push(node);
        }
    }
    kept.reverse();
    graph.node = kept;
    graph.initializer.retain(|tensor| needed.contains(&tensor.name));
}

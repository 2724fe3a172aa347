//! Shapes of a graph's values, worked out without running it. What depends on an input of unknown size, or on an operation not
//! known here, stays unknown: a shape is for people to read.

mod arrange;
mod wholes;
mod windows;

use super::edit::{input, integer, integers, output};
use super::proto::{Graph, Node, Tensor, ValueInfo};
use std::collections::BTreeMap;
use wholes::{Whole, Wholes};

/// A dimension; `None` where it is not known, or differs from run to run.
pub type Dim = Option<u64>;

/// Dimensions of the deepest value that is followed.
const DIMENSIONS: usize = 64;

/// Shapes by value; a value that is missing has an unknown shape.
pub(crate) type Shapes = BTreeMap<String, Vec<Dim>>;

/// `inputs` gives shapes of what goes in, where they are known better than the graph says.
pub(crate) fn shapes(graph: &Graph, inputs: &BTreeMap<String, Vec<u64>>) -> Shapes {
    let mut constants: BTreeMap<&str, &Tensor> =
        graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let written = graph.node.iter().filter(|node| node.op_type == "Constant");
    constants.extend(written.filter_map(|node| Some((output(node), wholes::held(node)?))));
    let mut known = Known { constants, shapes: Shapes::new(), wholes: Wholes::new() };
    let between = if fit(graph, inputs) { graph.value_info.as_slice() } else { &[] };
    for value in graph.input.iter().chain(between) {
        if let Some(dims) = declared(value) {
            known.shapes.insert(value.name.clone(), dims);
        }
    }
    for (name, dims) in inputs {
        known.shapes.insert(name.clone(), dims.iter().copied().map(Some).collect());
    }
    for tensor in &graph.initializer {
        known.shapes.insert(tensor.name.clone(), wholes::dims(tensor));
    }
    for node in &graph.node {
        if let Some(list) = wholes::given(node, &known) {
            known.wholes.insert(output(node).to_owned(), list);
        }
        for (at, name) in node.output.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            if let Some(dims) = known.infer(node, at) {
                known.learn(name, dims);
            }
        }
    }
    // What the graph says itself of its outputs fills the gaps.
    for value in &graph.output {
        if let (false, Some(dims)) = (known.shapes.contains_key(&value.name), declared(value)) {
            known.shapes.insert(value.name.clone(), dims);
        }
    }
    known.shapes
}

/// Whether the graph may be as it says itself with inputs of these shapes: what it says of the values between holds for no others.
fn fit(graph: &Graph, inputs: &BTreeMap<String, Vec<u64>>) -> bool {
    graph.input.iter().all(|value| match (inputs.get(&value.name), declared(value)) {
        (Some(given), Some(own)) => {
            given.len() == own.len()
                && given.iter().zip(own).all(|(given, own)| own.is_none_or(|own| own == *given))
        }
        _ => true,
    })
}

fn declared(value: &ValueInfo) -> Option<Vec<Dim>> {
    let dims = &value.kind.as_ref()?.tensor.as_ref()?.shape.as_ref()?.dim;
    Some(dims.iter().map(|dim| dim.value.and_then(|size| u64::try_from(size).ok())).collect())
}

/// What is known of a graph's values so far.
struct Known<'g> {
    /// Constants of the graph, also those that an operation gives.
    constants: BTreeMap<&'g str, &'g Tensor>,
    shapes: Shapes,
    /// Whole numbers that graphs reckon shapes with.
    wholes: Wholes,
}

impl Known<'_> {
    fn shape(&self, node: &Node, index: usize) -> Option<&Vec<Dim>> {
        self.shapes.get(input(node, index)?)
    }

    fn all(&self, node: &Node) -> Option<Vec<&Vec<Dim>>> {
        (0..node.input.len()).map(|index| self.shape(node, index)).collect()
    }

    /// Whole numbers that an operation takes, some of which may not be known.
    fn list(&self, node: &Node, index: usize) -> Option<Vec<Whole>> {
        let name = input(node, index)?;
        self.wholes.get(name).cloned().or_else(|| wholes::constant(self.constants.get(name)?))
    }

    /// Whole numbers that an operation takes, all of them known.
    fn sure(&self, node: &Node, index: usize) -> Option<Vec<i64>> {
        self.list(node, index)?.into_iter().collect()
    }

    /// A setting of an operation, which newer operator sets take as an input: empty where it is left out, `None` where it is not known.
    fn setting(&self, node: &Node, index: usize, name: &str) -> Option<Vec<i64>> {
        match input(node, index) {
            Some(_) => self.sure(node, index),
            None => Some(integers(node, name).to_vec()),
        }
    }

    /// Takes what was worked out, and where that says nothing what the graph says.
    fn learn(&mut self, name: &str, mut dims: Vec<Dim>) {
        // A few operations in a row may double the dimensions again and again.
        if dims.len() > DIMENSIONS {
            return;
        }
        if let Some(own) = self.shapes.get(name).filter(|own| own.len() == dims.len()) {
            for (dim, own) in dims.iter_mut().zip(own) {
                *dim = dim.or(*own);
            }
        }
        self.shapes.insert(name.to_owned(), dims);
    }

    /// The shape of an operation's output by position.
    fn infer(&self, node: &Node, at: usize) -> Option<Vec<Dim>> {
        let operator = node.op_type.as_str();
        let shape = |index: usize| self.shape(node, index);
        match (operator, at) {
            ("Split", at) => arrange::split(self, node, at),
            // A scale and a zero point.
            ("DynamicQuantizeLinear", 1 | 2) => Some(Vec::new()),
            ("MaxPool" | "Dropout" | "TopK", 1) => self.infer(node, 0),
            (_, 1..) => None,
            ("Conv" | "ConvInteger", _) => windows::conv(node, shape(0)?, shape(1)?),
            ("QLinearConv", _) => windows::conv(node, shape(0)?, shape(3)?),
            ("ConvTranspose", _) => windows::turned(node, shape(0)?, shape(1)?),
            ("MaxPool" | "AveragePool" | "LpPool" | "QLinearAveragePool", _) => {
                windows::pool(node, shape(0)?)
            }
            (
                "GlobalAveragePool" | "GlobalMaxPool" | "GlobalLpPool" | "QLinearGlobalAveragePool",
                _,
            ) => {
                let mut dims = shape(0)?.clone();
                dims.iter_mut().skip(2).for_each(|dim| *dim = Some(1));
                Some(dims)
            }
            ("Gemm", _) => gemm(node, shape(0)?, shape(1)?),
            ("MatMul" | "MatMulInteger" | "DynamicQuantizeMatMul" | "MatMulIntegerToFloat", _) => {
                matmul(shape(0)?, shape(1)?)
            }
            ("QLinearMatMul", _) => matmul(shape(0)?, shape(3)?),
            ("QLinearAdd" | "QLinearMul", _) => Some(broadcast(shape(0)?, shape(3)?)),
            _ if MIXING.contains(&operator) => {
                let shapes = self.all(node)?.into_iter();
                Some(shapes.fold(Vec::new(), |all, one| broadcast(&all, one)))
            }
            _ if ALIKE.contains(&operator) => shape(0).cloned(),
            _ if operator.starts_with("Reduce") => {
                let axes = self.setting(node, 1, "axes")?;
                let all = integer(node, "noop_with_empty_axes").unwrap_or(0) == 0;
                reduced(node, shape(0)?, &axes, all)
            }
            ("ArgMax" | "ArgMin", _) => {
                reduced(node, shape(0)?, &[integer(node, "axis").unwrap_or(0)], true)
            }
            _ => arrange::infer(self, node).or_else(|| self.shapes.get(output(node)).cloned()),
        }
    }
}

/// Operators that give one number for one of each input, smaller inputs repeated.
const MIXING: &[&str] = &[
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Pow",
    "Mod",
    "Min",
    "Max",
    "Sum",
    "Mean",
    "Where",
    "Equal",
    "Less",
    "LessOrEqual",
    "Greater",
    "GreaterOrEqual",
    "And",
    "Or",
    "Xor",
];

/// Operators that give what has the shape of their first input.
const ALIKE: &[&str] = &[
    "Abs",
    "BatchNormalization",
    "BiasGelu",
    "Cast",
    "CastLike",
    "Ceil",
    "Celu",
    "Clip",
    "Cos",
    "CumSum",
    "DequantizeLinear",
    "Dropout",
    "DynamicQuantizeLinear",
    "Elu",
    "Erf",
    "Exp",
    "FastGelu",
    "Floor",
    "Gelu",
    "GroupNormalization",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "InstanceNormalization",
    "IsNaN",
    "LRN",
    "LayerNormalization",
    "LeakyRelu",
    "Log",
    "LogSoftmax",
    "LpNormalization",
    "Mish",
    "Neg",
    "Not",
    "PRelu",
    "QLinearLeakyRelu",
    "QLinearSigmoid",
    "QLinearSoftmax",
    "QuantizeLinear",
    "QuickGelu",
    "RMSNormalization",
    "Reciprocal",
    "Relu",
    "Round",
    "ScatterElements",
    "ScatterND",
    "Selu",
    "Sigmoid",
    "Sign",
    "SimplifiedLayerNormalization",
    "Sin",
    "SkipLayerNormalization",
    "Softmax",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Swish",
    "Tan",
    "Tanh",
    "ThresholdedRelu",
    "Trilu",
];

/// An axis that may count from behind.
fn place(axis: i64, rank: usize) -> Option<usize> {
    let count = i64::try_from(rank).ok()?;
    usize::try_from(if axis < 0 { axis + count } else { axis }).ok().filter(|at| *at <= rank)
}

fn product<'d>(dims: impl IntoIterator<Item = &'d Dim>) -> Dim {
    dims.into_iter().try_fold(1_u64, |all, dim| all.checked_mul((*dim)?))
}

fn gemm(node: &Node, left: &[Dim], right: &[Dim]) -> Option<Vec<Dim>> {
    let turned = |name: &str| integer(node, name).unwrap_or(0) != 0;
    let ([rows, inner], [other, columns]) = (left, right) else { return None };
    let rows = if turned("transA") { inner } else { rows };
    let columns = if turned("transB") { other } else { columns };
    Some(vec![*rows, *columns])
}

/// A product of stacks of matrices; a side of one dimension is a vector.
fn matmul(left: &[Dim], right: &[Dim]) -> Option<Vec<Dim>> {
    let (row, column) = (left.len() == 1, right.len() == 1);
    let left = if row { [&[Some(1)][..], left].concat() } else { left.to_vec() };
    let right = if column { [right, &[Some(1)][..]].concat() } else { right.to_vec() };
    let (stack, [rows, _]) = left.split_last_chunk::<2>()?;
    let (other, [_, columns]) = right.split_last_chunk::<2>()?;
    let mut dims = broadcast(stack, other);
    dims.extend((!row).then_some(*rows));
    dims.extend((!column).then_some(*columns));
    Some(dims)
}

/// Without some dimensions, or with 1 in their place; of none named all go where `all` says so.
fn reduced(node: &Node, dims: &[Dim], axes: &[i64], all: bool) -> Option<Vec<Dim>> {
    let keep = integer(node, "keepdims").unwrap_or(1) != 0;
    let named = axes.iter().map(|axis| place(*axis, dims.len())).collect::<Option<Vec<_>>>()?;
    let goes = |at: usize| named.contains(&at) || (all && named.is_empty());
    let left = dims
        .iter()
        .enumerate()
        .filter_map(|(at, dim)| if goes(at) { keep.then_some(Some(1)) } else { Some(*dim) });
    Some(left.collect())
}

fn broadcast(left: &[Dim], right: &[Dim]) -> Vec<Dim> {
    let rank = left.len().max(right.len());
    let at = |dims: &[Dim], index: usize| match (index + dims.len()).checked_sub(rank) {
        Some(own) => dims.get(own).copied().unwrap_or(Some(1)),
        None => Some(1),
    };
    let one = |index: usize| match (at(left, index), at(right, index)) {
        (Some(1), other) | (other, Some(1)) => other,
        (Some(size), _) | (None, Some(size)) => Some(size),
        (None, None) => None,
    };
    (0..rank).map(one).collect()
}

#[cfg(test)]
mod tests;

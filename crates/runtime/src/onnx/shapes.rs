//! Shapes of a graph's values, worked out without running it. What depends on an input of unknown size, or on an operation not
//! known here, stays unknown: a shape is for people to read.

use super::edit::{self, Wires, input, integer, integers, output};
use super::proto::{Graph, Node, Tensor, ValueInfo};
use std::collections::BTreeMap;

/// A dimension; `None` where it is not known, or differs from run to run.
pub type Dim = Option<u64>;

/// Shapes by value; a value that is missing has an unknown shape.
pub(crate) type Shapes = BTreeMap<String, Vec<Dim>>;

/// `inputs` gives shapes of what goes in, where they are known better than the graph says.
pub(crate) fn shapes(graph: &Graph, inputs: &BTreeMap<String, Vec<u64>>) -> Shapes {
    let wires = Wires::of(graph);
    let mut known = Shapes::new();
    for value in graph.input.iter().chain(&graph.value_info) {
        if let Some(dims) = declared(value) {
            known.insert(value.name.clone(), dims);
        }
    }
    for (name, dims) in inputs {
        known.insert(name.clone(), dims.iter().copied().map(Some).collect());
    }
    for tensor in &graph.initializer {
        let dims = edit::shape(tensor).into_iter().map(|dim| Some(dim as u64)).collect();
        known.insert(tensor.name.clone(), dims);
    }
    for node in &graph.node {
        if let Some(dims) = infer(node, &known, &wires) {
            for name in node.output.iter().take(outputs_of_one_shape(node)) {
                known.insert(name.clone(), dims.clone());
            }
        }
    }
    // What the graph says itself of its outputs fills the gaps.
    for value in &graph.output {
        if let (false, Some(dims)) = (known.contains_key(&value.name), declared(value)) {
            known.insert(value.name.clone(), dims);
        }
    }
    known
}

fn outputs_of_one_shape(node: &Node) -> usize {
    if node.op_type == "Split" { node.output.len() } else { 1 }
}

fn declared(value: &ValueInfo) -> Option<Vec<Dim>> {
    let dims = &value.kind.as_ref()?.tensor.as_ref()?.shape.as_ref()?.dim;
    Some(dims.iter().map(|dim| dim.value.and_then(|size| u64::try_from(size).ok())).collect())
}

/// The numbers of a constant of 64-bit whole numbers.
fn wholes(tensor: &Tensor) -> Option<Vec<i64>> {
    if tensor.data_type != 7 {
        return None;
    }
    if tensor.raw_data.is_empty() {
        return Some(tensor.int64_data.clone());
    }
    Some(
        tensor.raw_data.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect(),
    )
}

#[expect(clippy::too_many_lines, reason = "one arm an operator")]
fn infer(node: &Node, known: &Shapes, wires: &Wires<'_>) -> Option<Vec<Dim>> {
    let shape = |index: usize| known.get(input(node, index)?);
    let constant = |index: usize| wires.constant(input(node, index)?).and_then(wholes);
    match node.op_type.as_str() {
        "Conv" => conv(node, shape(0)?, shape(1)?),
        "MaxPool" | "AveragePool" => pool(node, shape(0)?),
        "GlobalAveragePool" | "GlobalMaxPool" => {
            let mut dims = shape(0)?.clone();
            dims.iter_mut().skip(2).for_each(|dim| *dim = Some(1));
            Some(dims)
        }
        "Flatten" => {
            let dims = shape(0)?;
            let axis = place(integer(node, "axis").unwrap_or(1), dims.len())?;
            let (before, after) = dims.split_at_checked(axis)?;
            Some(vec![product(before), product(after)])
        }
        "Gemm" => {
            let (left, right) = (shape(0)?, shape(1)?);
            let pick = |dims: &[Dim], turned: bool, first: bool| {
                dims.get(usize::from(turned == first)).copied().flatten()
            };
            let turned = |name: &str| integer(node, name).unwrap_or(0) != 0;
            Some(vec![pick(left, turned("transA"), true), pick(right, turned("transB"), false)])
        }
        "MatMul" | "MatMulInteger" => {
            let (left, right) = (shape(0)?, shape(1)?);
            let mut dims = left.clone();
            *dims.last_mut()? = *right.last()?;
            Some(dims)
        }
        "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Where" | "Equal" => {
            let shapes = (0..node.input.len()).map(shape).collect::<Option<Vec<_>>>()?;
            Some(shapes.into_iter().fold(Vec::new(), |all, one| broadcast(&all, one)))
        }
        "Transpose" => {
            let (dims, order) = (shape(0)?, integers(node, "perm"));
            if order.is_empty() {
                return Some(dims.iter().rev().copied().collect());
            }
            order.iter().map(|at| dims.get(usize::try_from(*at).ok()?).copied()).collect()
        }
        "Reshape" => reshape(shape(0)?, &constant(1)?),
        "Concat" => {
            let shapes = (0..node.input.len()).map(shape).collect::<Option<Vec<_>>>()?;
            let mut dims = (*shapes.first()?).clone();
            let axis = place(integer(node, "axis")?, dims.len())?;
            *dims.get_mut(axis)? =
                shapes.iter().map(|one| one.get(axis).copied().flatten()).sum::<Option<u64>>();
            Some(dims)
        }
        "Unsqueeze" => {
            let axes = constant(1).unwrap_or_else(|| integers(node, "axes").to_vec());
            let mut dims = shape(0)?.clone();
            for axis in axes {
                let axis = place(axis, dims.len() + 1)?;
                dims.insert(axis.min(dims.len()), Some(1));
            }
            Some(dims)
        }
        "Gather" => {
            let (dims, picked) = (shape(0)?, shape(1)?);
            let axis = place(integer(node, "axis").unwrap_or(0), dims.len())?;
            let (before, after) = dims.split_at_checked(axis)?;
            Some([before, picked, after.get(1..)?].concat())
        }
        "ReduceMean" | "ReduceSum" | "ReduceMax" => {
            let axes = constant(1).unwrap_or_else(|| integers(node, "axes").to_vec());
            let dims = shape(0)?;
            let axes = axes.into_iter().map(|axis| place(axis, dims.len()));
            let axes = axes.collect::<Option<Vec<_>>>()?;
            let keep = integer(node, "keepdims").unwrap_or(1) != 0;
            let out = dims.iter().enumerate().filter_map(|(at, dim)| {
                if axes.contains(&at) { keep.then_some(Some(1)) } else { Some(*dim) }
            });
            Some(out.collect())
        }
        "Relu"
        | "Clip"
        | "Sigmoid"
        | "Tanh"
        | "Erf"
        | "Gelu"
        | "Softmax"
        | "LogSoftmax"
        | "HardSwish"
        | "HardSigmoid"
        | "LeakyRelu"
        | "Elu"
        | "Identity"
        | "Dropout"
        | "Cast"
        | "Sqrt"
        | "Exp"
        | "Neg"
        | "Abs"
        | "BatchNormalization"
        | "LayerNormalization"
        | "InstanceNormalization"
        | "QuantizeLinear"
        | "DequantizeLinear"
        | "DynamicQuantizeLinear" => shape(0).cloned(),
        _ => known.get(output(node)).cloned(),
    }
}

fn place(axis: i64, rank: usize) -> Option<usize> {
    let rank = i64::try_from(rank).ok()?;
    usize::try_from(if axis < 0 { axis + rank } else { axis }).ok()
}

fn product(dims: &[Dim]) -> Dim {
    dims.iter().copied().try_fold(1_u64, |all, dim| all.checked_mul(dim?))
}

fn conv(node: &Node, image: &[Dim], weight: &[Dim]) -> Option<Vec<Dim>> {
    let kernel: Vec<Dim> = weight.get(2..)?.to_vec();
    let mut dims = vec![*image.first()?, *weight.first()?];
    dims.extend(slide(node, image.get(2..)?, &kernel));
    Some(dims)
}

fn pool(node: &Node, image: &[Dim]) -> Option<Vec<Dim>> {
    let kernel: Vec<Dim> =
        integers(node, "kernel_shape").iter().map(|size| u64::try_from(*size).ok()).collect();
    let mut dims = image.get(..2)?.to_vec();
    dims.extend(slide(node, image.get(2..)?, &kernel));
    Some(dims)
}

/// How often a window fits along each side.
fn slide(node: &Node, sides: &[Dim], kernel: &[Dim]) -> Vec<Dim> {
    let at = |name: &str, index: usize, without: u64| {
        let found = integers(node, name).get(index);
        found.map_or(Some(without), |size| u64::try_from(*size).ok())
    };
    let text =
        |name: &str| node.attribute.iter().find(|a| a.name == name).and_then(|a| a.s.clone());
    let same = text("auto_pad").is_some_and(|pad| pad.starts_with(b"SAME"));
    let up = integer(node, "ceil_mode").unwrap_or(0) != 0;
    let one = |index: usize, side: Dim| -> Dim {
        let stride = at("strides", index, 1)?.max(1);
        if same {
            return Some(side?.div_ceil(stride));
        }
        let reach = (kernel.get(index).copied().flatten()?.checked_sub(1)?)
            * at("dilations", index, 1)?
            + 1;
        let pads = at("pads", index, 0)? + at("pads", index + sides.len(), 0)?;
        let room = (side? + pads).checked_sub(reach)?;
        Some(if up { room.div_ceil(stride) } else { room / stride } + 1)
    };
    sides.iter().enumerate().map(|(index, side)| one(index, *side)).collect()
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

#[expect(clippy::unnecessary_wraps, reason = "as every operator's shape")]
fn reshape(dims: &[Dim], wanted: &[i64]) -> Option<Vec<Dim>> {
    let mut out: Vec<Dim> = Vec::with_capacity(wanted.len());
    for (index, size) in wanted.iter().enumerate() {
        out.push(match size {
            0 => dims.get(index).copied().flatten(),
            -1 => None,
            size => u64::try_from(*size).ok(),
        });
    }
    let rest = wanted.iter().position(|size| *size == -1);
    if let (Some(at), Some(all)) = (rest, product(dims)) {
        let others: Vec<Dim> =
            out.iter().enumerate().filter(|(index, _)| *index != at).map(|(_, dim)| *dim).collect();
        if let (Some(slot), Some(others)) = (out.get_mut(at), product(&others)) {
            *slot = all.checked_div(others);
        }
    }
    Some(out)
}

//! A graph as layers that people count: an operation with its weights, the activation behind it, what it gives. Pairs that only
//! turn numbers into bytes and back belong to the layer before them.

use super::edit::{Wires, bounds, input, integer, integers, output};
use super::proto::{Graph, Model, Node, Tensor};
use super::shapes::{Dim, shapes};
use crate::messages::ONNX_INVALID;
use ingot_base::{Fault, Result};
use serde::Serialize;
use std::collections::BTreeMap;

/// One layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Layer {
    /// Name of its operation.
    pub name: String,
    /// Operator, as the standard calls it.
    pub operator: String,
    /// What distinguishes it from others of the operator: `3 × 3 /2`, for instance; may be empty.
    pub detail: String,
    /// The activation behind it; may be empty.
    pub activation: String,
    /// Layers whose results it takes; `None` is the graph's input.
    pub inputs: Vec<Option<usize>>,
    /// What it gives; empty where nothing is known.
    pub shape: Vec<Dim>,
    /// Weights and biases.
    pub parameters: u64,
    /// Bits of its weights; 0 without weights.
    pub bits: u8,
}

/// A graph as layers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The graph's name.
    pub name: String,
    /// What goes in, with its shape.
    pub inputs: Vec<(String, Vec<Dim>)>,
    /// What comes out, with its shape and the layer that gives it.
    pub outputs: Vec<(String, Vec<Dim>, Option<usize>)>,
    /// Layers in order: each after those it takes from.
    pub layers: Vec<Layer>,
    /// Operations of the graph as it is written.
    pub operations: usize,
}

impl Summary {
    /// Weights and biases of all layers.
    pub fn parameters(&self) -> u64 {
        self.layers.iter().map(|layer| layer.parameters).sum()
    }
}

/// Reads the layers off a graph. `inputs` gives shapes of what goes in, where they are known better than the graph says.
///
/// # Errors
/// When the file holds no graph.
pub fn summary(model: &Model, inputs: &BTreeMap<String, Vec<u64>>) -> Result<Summary> {
    let graph = model
        .graph
        .as_ref()
        .ok_or_else(|| Fault::new(&ONNX_INVALID).arg("detail", "it holds no graph"))?;
    let wires = Wires::of(graph);
    let shapes = shapes(graph, inputs);
    let shape = |name: &str| shapes.get(name).cloned().unwrap_or_default();
    // The layer that a value comes from; `None` inside is the graph's input.
    let mut from: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    for value in graph.input.iter().filter(|value| wires.constant(&value.name).is_none()) {
        from.insert(&value.name, None);
    }
    let mut layers: Vec<Layer> = Vec::new();
    for (index, node) in graph.node.iter().enumerate() {
        let sources: Vec<Option<usize>> =
            node.input.iter().filter_map(|name| from.get(name.as_str()).copied()).collect();
        // Constants by other names: no layer of their own.
        if sources.is_empty() {
            continue;
        }
        let result = match (carried(&wires, graph, index, node), sources.first()) {
            (Carried::Along, Some(source)) => *source,
            (Carried::Activation(name), Some(Some(source))) => {
                if let Some(layer) = layers.get_mut(*source) {
                    layer.activation = name;
                    layer.shape = shape(output(node));
                }
                Some(*source)
            }
            _ => {
                let (parameters, bits) = weights(&wires, graph, node);
                layers.push(Layer {
                    name: node.name.clone(),
                    operator: node.op_type.clone(),
                    detail: detail(&wires, graph, node),
                    activation: String::new(),
                    inputs: sources,
                    shape: shape(output(node)),
                    parameters,
                    bits,
                });
                Some(layers.len() - 1)
            }
        };
        for name in &node.output {
            from.insert(name, result);
        }
    }
    let named = |value: &super::proto::ValueInfo| (value.name.clone(), shape(&value.name));
    let given = |value: &super::proto::ValueInfo| {
        let (name, dims) = named(value);
        (name, dims, from.get(value.name.as_str()).copied().flatten())
    };
    let real = graph.input.iter().filter(|value| wires.constant(&value.name).is_none());
    Ok(Summary {
        name: graph.name.clone(),
        inputs: real.map(named).collect(),
        outputs: graph.output.iter().map(given).collect(),
        layers,
        operations: graph.node.len(),
    })
}

/// Weights and biases of a graph, and how many of them are 0.
pub fn parameters(model: &Model) -> (u64, u64) {
    let Some(graph) = &model.graph else { return (0, 0) };
    let wires = Wires::of(graph);
    let (mut all, mut zeros) = (0, 0);
    for tensor in graph.node.iter().flat_map(|node| held(&wires, graph, node)) {
        let width = if tensor.data_type == 3 || tensor.data_type == 2 { 1 } else { 4 };
        for element in tensor.raw_data.chunks_exact(width) {
            all += 1;
            zeros += u64::from(element.iter().all(|byte| *byte == 0));
        }
        all += tensor.float_data.len() as u64;
        zeros += tensor.float_data.iter().filter(|number| **number == 0.0).count() as u64;
    }
    (all, zeros)
}

/// What an operation is to the layer before it.
enum Carried {
    /// The same numbers by another name.
    Along,
    /// Its activation.
    Activation(String),
    /// Nothing: a layer of its own.
    Own,
}

fn carried(wires: &Wires<'_>, graph: &Graph, index: usize, node: &Node) -> Carried {
    match node.op_type.as_str() {
        "QuantizeLinear" | "DequantizeLinear" | "Identity" | "Dropout" | "Cast" => Carried::Along,
        "Relu" | "Clip" | "Sigmoid" | "Tanh" | "Softmax" | "Gelu" | "HardSwish" | "LeakyRelu" => {
            let before = input(node, 0).unwrap_or_default();
            let giver = wires.giver(before).and_then(|giver| graph.node.get(giver));
            let weighted = giver.is_some_and(|giver| {
                matches!(
                    giver.op_type.as_str(),
                    "Conv" | "Gemm" | "MatMul" | "Add" | "BatchNormalization"
                )
            });
            if weighted && wires.takers(before) == [index] {
                Carried::Activation(activation(wires, node))
            } else {
                Carried::Own
            }
        }
        _ => Carried::Own,
    }
}

fn activation(wires: &Wires<'_>, node: &Node) -> String {
    match (node.op_type.as_str(), bounds(wires, node)) {
        ("Relu", _) => "ReLU".to_owned(),
        ("Clip", Some((low, high))) if low == 0.0 && (high - 6.0).abs() < f32::EPSILON => {
            "ReLU6".to_owned()
        }
        (other, _) => other.to_owned(),
    }
}

/// Constants that are an operation's weights and biases, seen through what turns bytes into numbers.
fn held<'g>(wires: &Wires<'g>, graph: &'g Graph, node: &'g Node) -> Vec<&'g Tensor> {
    if matches!(
        node.op_type.as_str(),
        "QuantizeLinear" | "DequantizeLinear" | "Clip" | "DynamicQuantizeLinear"
    ) {
        return Vec::new();
    }
    let one = |name: &String| -> Option<&'g Tensor> {
        let giver = wires.giver(name).and_then(|giver| graph.node.get(giver));
        let name = match giver.filter(|giver| giver.op_type == "DequantizeLinear") {
            Some(giver) => input(giver, 0)?,
            None => name.as_str(),
        };
        // Numbers of one value, and whole numbers of 64 bits, are settings.
        wires.constant(name).filter(|tensor| {
            !tensor.dims.is_empty() && matches!(tensor.data_type, 1 | 2 | 3 | 6 | 10)
        })
    };
    // Among whole numbers the scales and zero points stand beside the weights.
    let own: &[usize] = match node.op_type.as_str() {
        "MatMulInteger" | "ConvInteger" | "MatMulIntegerToFloat" | "DynamicQuantizeMatMul" => {
            &[0, 1]
        }
        "QLinearConv" => &[0, 3, 8],
        "QLinearMatMul" | "QLinearAdd" | "QLinearMul" => &[0, 3],
        _ => return node.input.iter().filter_map(one).collect(),
    };
    own.iter().filter_map(|at| node.input.get(*at)).filter_map(one).collect()
}

fn weights(wires: &Wires<'_>, graph: &Graph, node: &Node) -> (u64, u8) {
    let held = held(wires, graph, node);
    let size = |tensor: &&Tensor| {
        tensor.dims.iter().filter_map(|dim| u64::try_from(*dim).ok()).product::<u64>()
    };
    let bits = held.first().map_or(0, |tensor| match tensor.data_type {
        2 | 3 => 8,
        10 => 16,
        _ => 32,
    });
    (held.iter().map(size).sum(), bits)
}

fn detail(wires: &Wires<'_>, graph: &Graph, node: &Node) -> String {
    let sizes = |sizes: &[i64]| sizes.iter().map(i64::to_string).collect::<Vec<_>>().join("×");
    let stride = match integers(node, "strides") {
        [1, ..] | [] => String::new(),
        [stride, ..] => format!(" /{stride}"),
    };
    match node.op_type.as_str() {
        "Conv" => {
            let weight = held(wires, graph, node).first().map(|tensor| tensor.dims.clone());
            let kernel =
                weight.as_ref().and_then(|dims| dims.get(2..)).map(sizes).unwrap_or_default();
            let each = match integer(node, "group").unwrap_or(1) {
                1 => "",
                group if weight.as_ref().and_then(|dims| dims.first()) == Some(&group) => {
                    " depthwise"
                }
                _ => " grouped",
            };
            format!("{kernel}{each}{stride}")
        }
        "MaxPool" | "AveragePool" => format!("{}{stride}", sizes(integers(node, "kernel_shape"))),
        _ => String::new(),
    }
}

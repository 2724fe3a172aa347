//! Writing graphs: nodes one after the other, and a head of dense layers on another graph's features.

use super::edit::sweep;
use super::proto::{
    Attribute, Dimension, Graph, Model, Node, OperatorSet, Shape, Tensor, TensorType, Type,
    ValueInfo,
};
use super::{FLOAT, OPSET, WHOLE};
use crate::messages::ONNX_INVALID;
use ingot_base::{Fault, Result};
use serde::{Deserialize, Serialize};

/// What the names of a head's operations begin with.
pub const HEAD: &str = "head.";
/// The name of a head's answer.
pub const SCORES: &str = "scores";

/// A dense layer: `y = x W + b`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dense {
    /// Row-major, `inputs × outputs`.
    pub weight: Vec<f32>,
    /// One for each output.
    pub bias: Vec<f32>,
}

impl Dense {
    /// How many numbers go in.
    pub fn inputs(&self) -> usize {
        self.weight.len().checked_div(self.bias.len()).unwrap_or_default()
    }
}

/// What makes probabilities of a head's last layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// Each output by itself: two classes, one output.
    Sigmoid,
    /// All outputs sum to 1.
    Softmax,
}

/// A graph in the making.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    graph: Graph,
}

impl Builder {
    pub(crate) fn new(name: &str) -> Self {
        Self { graph: Graph { name: name.into(), ..Graph::default() } }
    }

    /// Goes on with a graph that is there.
    pub(crate) fn on(graph: Graph) -> Self {
        Self { graph }
    }

    pub(crate) fn into_graph(self) -> Graph {
        self.graph
    }

    /// Adds operations and constants of another graph behind those that are there.
    #[cfg(feature = "onnx")]
    pub(crate) fn append(&mut self, graph: Graph) {
        self.graph.node.extend(graph.node);
        self.graph.initializer.extend(graph.initializer);
    }

    #[cfg(feature = "onnx")]
    pub(crate) fn clear_outputs(&mut self) {
        self.graph.output.clear();
    }

    pub(crate) fn weight(&mut self, name: &str, dims: &[usize], data: &[f32]) -> String {
        self.graph.initializer.push(Tensor {
            dims: dims.iter().map(|dim| i64::try_from(*dim).unwrap_or(i64::MAX)).collect(),
            data_type: FLOAT,
            name: name.into(),
            raw_data: data.iter().flat_map(|number| number.to_le_bytes()).collect(),
            ..Tensor::default()
        });
        name.to_owned()
    }

    /// A constant of whole numbers.
    pub(crate) fn wholes(&mut self, name: &str, dims: &[i64], data: &[i64]) -> String {
        self.graph.initializer.push(Tensor {
            dims: dims.to_vec(),
            data_type: WHOLE,
            name: name.into(),
            raw_data: data.iter().flat_map(|number| number.to_le_bytes()).collect(),
            ..Tensor::default()
        });
        name.to_owned()
    }

    /// Adds an operation with one output, named after it.
    pub(crate) fn node(
        &mut self,
        op: &str,
        name: &str,
        inputs: &[&str],
        attributes: Vec<Attribute>,
    ) -> String {
        self.node_of_many(op, &[name.to_owned()], inputs, attributes);
        name.to_owned()
    }

    /// Adds an operation with several outputs, named after the first.
    pub(crate) fn node_of_many(
        &mut self,
        op: &str,
        outputs: &[String],
        inputs: &[&str],
        attributes: Vec<Attribute>,
    ) {
        self.graph.node.push(Node {
            input: inputs.iter().map(|input| (*input).to_owned()).collect(),
            output: outputs.to_vec(),
            name: outputs.first().cloned().unwrap_or_default(),
            op_type: op.to_owned(),
            attribute: attributes,
            ..Node::default()
        });
    }

    pub(crate) fn input(&mut self, name: &str, dims: &[Option<i64>]) {
        self.graph.input.push(value(name, FLOAT, dims));
    }

    /// An input of whole numbers.
    pub(crate) fn input_wholes(&mut self, name: &str, dims: &[Option<i64>]) {
        self.graph.input.push(value(name, WHOLE, dims));
    }

    pub(crate) fn output(&mut self, name: &str, dims: &[Option<i64>]) {
        self.graph.output.push(value(name, FLOAT, dims));
    }

    pub(crate) fn finish(self) -> Model {
        Model {
            ir_version: 8,
            producer_name: "ingot".into(),
            graph: Some(self.graph),
            opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
            ..Model::default()
        }
    }
}

/// A value; `None` is a size that differs: the first is the number of rows.
fn value(name: &str, element: i32, dims: &[Option<i64>]) -> ValueInfo {
    let free = |at: usize| if at == 0 { "rows".to_owned() } else { format!("size.{at}") };
    let dim = dims
        .iter()
        .enumerate()
        .map(|(at, dim)| Dimension { value: *dim, name: dim.is_none().then(|| free(at)) })
        .collect();
    let tensor = TensorType { element, shape: Some(Shape { dim }) };
    ValueInfo { name: name.into(), kind: Some(Type { tensor: Some(tensor) }) }
}

pub(crate) fn whole(name: &str, value: i64) -> Attribute {
    Attribute { name: name.into(), i: Some(value), kind: 2, ..Attribute::default() }
}

pub(crate) fn decimal(name: &str, value: f32) -> Attribute {
    Attribute { name: name.into(), f: Some(value), kind: 1, ..Attribute::default() }
}

pub(crate) fn text(name: &str, value: &str) -> Attribute {
    let bytes = value.as_bytes().to_vec();
    Attribute { name: name.into(), s: Some(bytes), kind: 3, ..Attribute::default() }
}

pub(crate) fn wholes(name: &str, values: &[i64]) -> Attribute {
    Attribute { name: name.into(), ints: values.to_vec(), kind: 7, ..Attribute::default() }
}

/// Puts dense layers (`ReLU` between them) on the output `features` of a graph: the answer is [`SCORES`], and of the outputs
/// only those of `keep` stay. Operations that nothing needs any more are left out.
///
/// # Errors
/// When the graph has no such output, or the layers do not fit it or each other.
pub fn with_head(
    mut model: Model,
    features: &str,
    layers: &[Dense],
    activation: Activation,
    keep: &[&str],
) -> Result<Model> {
    let wrong = |detail: &str| Fault::new(&ONNX_INVALID).arg("detail", detail);
    let graph = model.graph.take().ok_or_else(|| wrong("it holds no graph"))?;
    let width = graph.output.iter().find(|output| output.name == features).and_then(last_dimension);
    let mut width = width.ok_or_else(|| wrong("it has no such features"))?;
    let mut builder = Builder::on(graph);
    let mut at = features.to_owned();
    for (index, layer) in layers.iter().enumerate() {
        if layer.inputs() != width || layer.weight.len() != width * layer.bias.len() {
            return Err(wrong("a layer does not fit the one before it"));
        }
        width = layer.bias.len();
        let name = format!("{HEAD}{index}");
        let weight =
            builder.weight(&format!("{name}.weight"), &[layer.inputs(), width], &layer.weight);
        let bias = builder.weight(&format!("{name}.bias"), &[width], &layer.bias);
        at = builder.node("Gemm", &name, &[&at, &weight, &bias], Vec::new());
        if index + 1 < layers.len() {
            at = builder.node("Relu", &format!("{name}.relu"), &[&at], Vec::new());
        }
    }
    match activation {
        Activation::Sigmoid => builder.node("Sigmoid", SCORES, &[&at], Vec::new()),
        Activation::Softmax => builder.node("Softmax", SCORES, &[&at], vec![whole("axis", -1)]),
    };
    builder.graph.output.retain(|output| keep.contains(&output.name.as_str()));
    builder.output(SCORES, &[None, i64::try_from(width).ok()]);
    sweep(&mut builder.graph);
    model.graph = Some(builder.into_graph());
    Ok(model)
}

/// The part of a graph that gives these of its outputs.
pub fn with_outputs(mut model: Model, keep: &[&str]) -> Model {
    if let Some(graph) = &mut model.graph {
        graph.output.retain(|output| keep.contains(&output.name.as_str()));
        sweep(graph);
    }
    model
}

/// A graph with more of its values, of four dimensions each, among the outputs.
pub fn showing(mut model: Model, values: &[String]) -> Model {
    if let Some(graph) = &mut model.graph {
        graph.output.extend(values.iter().map(|name| value(name, FLOAT, &[None; 4])));
    }
    model
}

fn last_dimension(value: &ValueInfo) -> Option<usize> {
    let dims = &value.kind.as_ref()?.tensor.as_ref()?.shape.as_ref()?.dim;
    usize::try_from(dims.last()?.value?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_replaces_what_stood_on_the_features() {
        let mut builder = Builder::new("tiny");
        builder.input("x", &[None, Some(2)]);
        builder.node("Relu", "f", &["x"], Vec::new());
        let weight = builder.weight("old.weight", &[2, 1], &[1.0, 1.0]);
        builder.node("MatMul", "old", &["f", &weight], Vec::new());
        builder.output("f", &[None, Some(2)]);
        builder.output("old", &[None, Some(1)]);
        let layer = Dense { weight: vec![1.0, 2.0], bias: vec![0.5] };
        let model = with_head(
            builder.finish(),
            "f",
            std::slice::from_ref(&layer),
            Activation::Sigmoid,
            &["f"],
        )
        .unwrap();
        let graph = model.graph.as_ref().unwrap();
        let ops: Vec<&str> = graph.node.iter().map(|node| node.op_type.as_str()).collect();
        assert_eq!(ops, ["Relu", "Gemm", "Sigmoid"]);
        assert!(graph.initializer.iter().all(|tensor| tensor.name.starts_with("head")));
        super::super::read(&super::super::write(&model), &super::super::Limits::default()).unwrap();
        let wide = Dense { weight: vec![1.0; 3], bias: vec![0.5] };
        assert!(with_head(model, "f", &[wide], Activation::Softmax, &[]).is_err());
    }
}

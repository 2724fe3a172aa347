//! Reading a file that may be hostile: bounded before it is looked at, then checked whole.

use super::proto::{Graph, Model, Tensor};
use crate::messages::ONNX_INVALID;
use ingot_base::{Fault, Result};
use prost::Message as _;
use std::collections::BTreeSet;

/// What a file may be at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Operations.
    pub nodes: usize,
    /// Elements of all constants.
    pub elements: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 2 << 30, nodes: 100_000, elements: 2_000_000_000 }
    }
}

/// Reads a graph and checks that every value comes from somewhere, every constant has its elements, and nothing lies in
/// another file.
///
/// # Errors
/// When the file is no such graph, or larger than the limits; the fault says where.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Model> {
    let wrong = |detail: String| Fault::new(&ONNX_INVALID).arg("detail", detail);
    if bytes.len() > limits.bytes {
        return Err(wrong(format!("it has {} bytes, more than {}", bytes.len(), limits.bytes)));
    }
    let model = Model::decode(bytes)
        .map_err(|error| wrong("it is cut off or no ONNX file".into()).because(error))?;
    let graph = model.graph.as_ref().ok_or_else(|| wrong("it holds no graph".into()))?;
    if !model.opset_import.iter().any(|set| set.domain.is_empty() && set.version > 0) {
        return Err(wrong("it names no operator set".into()));
    }
    if let Some(defect) = defect(graph, limits) {
        return Err(wrong(defect));
    }
    Ok(model)
}

/// The file of a model: equal models give equal bytes.
pub fn write(model: &Model) -> Vec<u8> {
    model.encode_to_vec()
}

fn defect(graph: &Graph, limits: &Limits) -> Option<String> {
    if graph.node.len() > limits.nodes {
        return Some(format!("it has {} operations, more than {}", graph.node.len(), limits.nodes));
    }
    let mut known: BTreeSet<&str> = graph.input.iter().map(|input| input.name.as_str()).collect();
    let mut elements = 0_u64;
    for (index, tensor) in graph.initializer.iter().enumerate() {
        match count(tensor) {
            Ok(count) => elements = elements.saturating_add(count),
            Err(detail) => return Some(format!("constant {index} {detail}")),
        }
        known.insert(&tensor.name);
    }
    for (index, node) in graph.node.iter().enumerate() {
        for tensor in node.attribute.iter().filter_map(|attribute| attribute.t.as_ref()) {
            match count(tensor) {
                Ok(count) => elements = elements.saturating_add(count),
                Err(detail) => return Some(format!("a constant of operation {index} {detail}")),
            }
        }
        if node.attribute.iter().any(|attribute| attribute.g.is_some()) {
            return Some(format!("operation {index} holds a graph of its own"));
        }
        if let Some(input) =
            node.input.iter().position(|name| !name.is_empty() && !known.contains(name.as_str()))
        {
            return Some(format!(
                "input {input} of operation {index} comes from nowhere before it"
            ));
        }
        for name in &node.output {
            if !name.is_empty() && !known.insert(name) {
                return Some(format!("operation {index} gives a value that is already there"));
            }
        }
    }
    if elements > limits.elements {
        return Some(format!(
            "its constants have {elements} elements, more than {}",
            limits.elements
        ));
    }
    let lost = graph.output.iter().position(|output| !known.contains(output.name.as_str()));
    lost.map(|index| format!("output {index} comes from nowhere"))
}

/// How many elements a constant has, if its bytes are all there.
fn count(tensor: &Tensor) -> std::result::Result<u64, &'static str> {
    if tensor.data_location != 0 || !tensor.external_data.is_empty() {
        return Err("lies in another file");
    }
    let size = |dim: &i64| u64::try_from(*dim).ok();
    let count = tensor
        .dims
        .iter()
        .try_fold(1_u64, |product, dim| product.checked_mul(size(dim)?))
        .ok_or("has an impossible shape")?;
    let width = match tensor.data_type {
        1 | 6 | 12 => 4,
        2 | 3 | 9 => 1,
        4 | 5 | 10 | 16 => 2,
        7 | 11 | 13 => 8,
        _ => return Err("is of an unknown type"),
    };
    let held = if tensor.raw_data.is_empty() {
        (tensor.float_data.len() + tensor.int32_data.len() + tensor.int64_data.len()) as u64
    } else if tensor.raw_data.len().is_multiple_of(width) {
        (tensor.raw_data.len() / width) as u64
    } else {
        return Err("is cut off within an element");
    };
    if held == count { Ok(count) } else { Err("has fewer or more elements than its shape says") }
}

#[cfg(test)]
mod tests {
    use super::super::proto::{Node, OperatorSet, ValueInfo};
    use super::*;
    use proptest::prelude::*;

    fn small() -> Model {
        let value = |name: &str| ValueInfo { name: name.into(), kind: None };
        let weight = Tensor {
            dims: vec![2],
            data_type: 1,
            name: "w".into(),
            raw_data: vec![0; 8],
            ..Tensor::default()
        };
        let node = Node {
            input: vec!["x".into(), "w".into()],
            output: vec!["y".into()],
            op_type: "Mul".into(),
            ..Node::default()
        };
        Model {
            ir_version: 8,
            graph: Some(Graph {
                node: vec![node],
                initializer: vec![weight],
                input: vec![value("x")],
                output: vec![value("y")],
                ..Graph::default()
            }),
            opset_import: vec![OperatorSet { domain: String::new(), version: 17 }],
            ..Model::default()
        }
    }

    fn refused(change: impl FnOnce(&mut Graph)) -> String {
        let mut model = small();
        change(model.graph.as_mut().unwrap());
        read(&write(&model), &Limits::default()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read(&write(&small()), &Limits::default()).unwrap(), small());
    }

    #[test]
    fn defects_are_told() {
        assert!(
            refused(|graph| graph.node[0].input[0] = "z".into()).contains("input 0 of operation 0")
        );
        assert!(refused(|graph| graph.initializer[0].raw_data.truncate(4)).contains("constant 0"));
        assert!(refused(|graph| graph.initializer[0].data_location = 1).contains("another file"));
        assert!(
            refused(|graph| graph.initializer[0].dims = vec![i64::MAX, 4]).contains("impossible")
        );
        assert!(refused(|graph| graph.output[0].name = "q".into()).contains("output 0"));
        assert!(refused(|graph| graph.node[0].output[0] = "x".into()).contains("already there"));
        let small_limits = Limits { elements: 1, ..Limits::default() };
        assert!(read(&write(&small()), &small_limits).is_err());
        let short = Limits { bytes: 10, ..Limits::default() };
        assert!(read(&write(&small()), &short).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0_usize..60, byte: u8, cut in 0_usize..80) {
            let mut bytes = write(&small());
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(cut.max(1));
            let _ = read(&bytes, &Limits::default());
        }
    }
}

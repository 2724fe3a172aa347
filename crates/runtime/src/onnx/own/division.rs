//! Division of whole numbers. A processor stops a program that divides by 0, or the smallest number by −1, and with it the server: a
//! divisor must be known not to be either before anything runs.

use super::called;
use crate::messages::BACKBONE_DIVISION;
use crate::onnx::edit::{Wires, input, integer};
use crate::onnx::proto::{Graph, Node, Tensor};
use crate::onnx::{FLOAT, WHOLE};
use ingot_base::{Fault, Result};
use std::collections::BTreeMap;

/// Element types of numbers with fractions: 32, 16 and 64 bits, and bfloat16.
const FRACTIONS: [i32; 4] = [FLOAT, 10, 11, 16];
/// Element type of flags.
const FLAG: i32 = 9;

/// Refuses whole-number divisions by what is no constant without 0 and −1.
///
/// # Errors
/// Then; the fault names the operation.
pub(super) fn safe(graph: &Graph) -> Result<()> {
    let wires = Wires::of(graph);
    let mut types: BTreeMap<&str, i32> = graph
        .input
        .iter()
        .map(|value| (value.name.as_str(), super::element_of(value)))
        .chain(graph.initializer.iter().map(|own| (own.name.as_str(), own.data_type)))
        .collect();
    for node in &graph.node {
        let of = |index: usize| types.get(input(node, index)?).copied();
        let divides = match node.op_type.as_str() {
            "Div" => true,
            // With this setting it is the library's remainder of numbers with fractions.
            "Mod" => integer(node, "fmod") != Some(1),
            _ => false,
        };
        // Both operands are of one type; where neither's is known they may be whole.
        let whole = !of(0).or(of(1)).is_some_and(|kind| FRACTIONS.contains(&kind));
        if divides && whole && !input(node, 1).is_some_and(|own| is_harmless(graph, &wires, own)) {
            return Err(Fault::new(&BACKBONE_DIVISION)
                .arg("operator", &node.op_type)
                .arg("name", called(node)));
        }
        let given: Vec<Option<i32>> =
            (0..node.output.len()).map(|at| element(node, at, &of)).collect();
        for (name, kind) in node.output.iter().zip(given) {
            types.extend(kind.map(|kind| (name.as_str(), kind)));
        }
    }
    Ok(())
}

/// The element type of an output, where it is known; `of` are those of the inputs.
fn element(node: &Node, at: usize, of: &dyn Fn(usize) -> Option<i32>) -> Option<i32> {
    let set = |name: &str| integer(node, name).and_then(|kind| i32::try_from(kind).ok());
    let value = || node.attribute.iter().find(|own| own.name == "value")?.t.as_ref();
    match (node.op_type.as_str(), at) {
        ("Cast", _) => set("to"),
        ("EyeLike", _) => set("dtype").or(of(0)),
        ("ConstantOfShape", _) => Some(value().map_or(FLOAT, |own| own.data_type)),
        ("Constant", _) => match (value(), node.attribute.first()?.name.as_str()) {
            (Some(own), _) => Some(own.data_type),
            (None, "value_float" | "value_floats") => Some(FLOAT),
            (None, "value_int" | "value_ints") => Some(WHOLE),
            _ => None,
        },
        ("Shape" | "Size" | "NonZero" | "ArgMax" | "ArgMin" | "NonMaxSuppression", _)
        | ("TopK" | "MaxPool", 1)
        | ("Unique", 1..) => Some(WHOLE),
        (
            "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "IsInf" | "IsNaN"
            | "Not" | "And" | "Or" | "Xor",
            _,
        )
        | ("Dropout", 1) => Some(FLAG),
        ("Where" | "CastLike" | "DequantizeLinear", _) => of(1),
        ("OneHot", _) => of(2),
        ("DynamicQuantizeLinear", 1) => Some(FLOAT),
        // Whole numbers, of whatever width.
        (
            "MatMulInteger"
            | "ConvInteger"
            | "QuantizeLinear"
            | "QLinearConv"
            | "QLinearMatMul"
            | "DynamicQuantizeLinear",
            _,
        ) => Some(WHOLE),
        ("BlackmanWindow" | "HannWindow" | "HammingWindow" | "MelWeightMatrix", _) => {
            Some(set("output_datatype").unwrap_or(FLOAT))
        }
        _ => of(0),
    }
}

/// Whether a value is a constant of whole numbers, neither 0 nor −1, however it is shaped.
fn is_harmless(graph: &Graph, wires: &Wires<'_>, value: &str) -> bool {
    let mut at = value;
    for _ in 0..=graph.node.len() {
        if let Some(tensor) = wires.constant(at) {
            return is_divisor(tensor);
        }
        let Some(node) = wires.giver(at).and_then(|giver| graph.node.get(giver)) else {
            return false;
        };
        match (node.op_type.as_str(), input(node, 0)) {
            ("Identity" | "Squeeze" | "Unsqueeze" | "Reshape", Some(before)) => at = before,
            ("Constant", _) => {
                let own = node.attribute.first();
                let numbers = own.map(|own| own.ints.iter().chain(&own.i).copied());
                return numbers.is_some_and(|numbers| each(numbers.collect::<Vec<_>>()));
            }
            _ => return false,
        }
    }
    false
}

/// Whether there are numbers, and each can be divided by.
fn each(numbers: impl IntoIterator<Item = i64>) -> bool {
    let mut numbers = numbers.into_iter().peekable();
    numbers.peek().is_some() && numbers.all(|number| number != 0 && number != -1)
}

fn is_divisor(tensor: &Tensor) -> bool {
    let width = match tensor.data_type {
        2 | 3 => 1,
        4 | 5 => 2,
        6 | 12 => 4,
        7 | 13 => 8,
        _ => return false,
    };
    let raw = &tensor.raw_data;
    if raw.is_empty() {
        let short = tensor.int32_data.iter().copied().map(i64::from);
        return each(tensor.int64_data.iter().copied().chain(short));
    }
    let all = |one: &[u8], byte: u8| one.iter().all(|own| *own == byte);
    let mut numbers = raw.chunks_exact(width);
    numbers.remainder().is_empty() && numbers.all(|one| !all(one, 0) && !all(one, 0xff))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::build::{Builder, whole};

    /// Division of two inputs, one of whole numbers and one of others, by what `divisor` adds.
    fn divided(op: &str, by: &str, add: impl FnOnce(&mut Builder)) -> Result<()> {
        let mut builder = Builder::new("division");
        builder.input("numbers", &[Some(2)]);
        builder.input_wholes("wholes", &[Some(2)]);
        add(&mut builder);
        let divided = if by == "numbers" { "numbers" } else { "wholes" };
        builder.node(op, "divided", &[divided, by], Vec::new());
        safe(&builder.into_graph())
    }

    #[test]
    fn what_may_stop_the_program_is_refused_by_name() {
        for op in ["Div", "Mod"] {
            let told = divided(op, "wholes", |_| {}).unwrap_err();
            assert_eq!(told.code(), "runtime-backbone-division");
            assert!(told.to_string().contains("`divided`") && told.to_string().contains(op));
            for bad in [&[2, 0][..], &[-1], &[]] {
                let by = |builder: &mut Builder| {
                    builder.wholes("by", &[1], bad);
                };
                assert!(divided(op, "by", by).is_err(), "{bad:?}");
            }
            let good = |builder: &mut Builder| {
                builder.wholes("two", &[], &[2]);
                builder.node("Unsqueeze", "by", &["two"], Vec::new());
            };
            divided(op, "by", good).unwrap();
        }
        let cast = |builder: &mut Builder| {
            builder.wholes("two", &[], &[1 << 32]);
            builder.node("Cast", "by", &["two"], vec![whole("to", 6)]);
        };
        assert!(divided("Div", "by", cast).is_err(), "what is cast may be 0");
    }

    #[test]
    fn numbers_with_fractions_are_divided_by_anything() {
        divided("Div", "numbers", |_| {}).unwrap();
        let mut builder = Builder::new("mean");
        builder.input_wholes("wholes", &[Some(2)]);
        builder.node("Cast", "numbers", &["wholes"], vec![whole("to", i64::from(FLOAT))]);
        builder.node("Sqrt", "length", &["numbers"], Vec::new());
        builder.node("Div", "unit", &["numbers", "length"], Vec::new());
        builder.node("Shape", "sizes", &["unit"], Vec::new());
        safe(&builder.into_graph()).unwrap();
        let mut builder = Builder::new("sizes");
        builder.input("numbers", &[None]);
        builder.node("Shape", "sizes", &["numbers"], Vec::new());
        builder.node("Div", "share", &["sizes", "sizes"], Vec::new());
        assert!(safe(&builder.into_graph()).is_err());
    }
}

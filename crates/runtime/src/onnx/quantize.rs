//! Eight-bit graphs. Static: values between operations are kept in unsigned eight bits by ranges known beforehand, weights in
//! signed eight bits with one scale for each output channel, biases in 32 bits; written as pairs of `QuantizeLinear` and
//! `DequantizeLinear` (QDQ), which every engine can run and ONNX Runtime fuses into eight-bit operations. Dynamic: values are
//! quantised anew in each run by their own range, so that no calibration is needed; for graphs of `MatMul` and `Gemm`.

use super::build::whole;
use super::edit::{self, Wires, bounds, input, output, sweep};
use super::proto::{Graph, Model, Node, Tensor};
use super::ranges::{Observed, Range, Ranges};
use super::rows::{Added, Rows};
use crate::messages::{ONNX_INVALID, QUANTIZE_NOTHING};
use ingot_base::{Fault, Result};
use std::collections::{BTreeMap, BTreeSet};

const BYTE: i32 = 2;
const SIGNED_BYTE: i32 = 3;
const INT32: i32 = 6;
/// Channels that eight-bit kernels take at a time: of fewer left over ONNX Runtime copies every place's surroundings first.
const TOGETHER: usize = 4;
/// The least operator set with a scale for each channel.
const LEAST_OPSET: i64 = 13;

/// Which operations become eight-bit ones, and which values between them.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Operations with weights, and how many channels each is given besides those that go in.
    weighted: BTreeMap<usize, usize>,
    /// Values that are kept in eight bits.
    pub(super) values: BTreeSet<String>,
    /// Activations that cutting at the ends of the range replaces.
    folded: BTreeSet<usize>,
}

impl Plan {
    /// `keep` names operations that stay as they are.
    pub(super) fn of(graph: &Graph, keep: &[&str]) -> Self {
        let wires = Wires::of(graph);
        let mut plan = Self::default();
        for (index, node) in graph.node.iter().enumerate() {
            if keep.contains(&node.name.as_str()) {
                continue;
            }
            let inputs: Vec<&str> = node.input.iter().map(String::as_str).collect();
            match node.op_type.as_str() {
                _ if axis(&wires, node).is_some() => {
                    plan.weighted.insert(index, lacking(&wires, node));
                    plan.values.extend(input(node, 0).map(str::to_owned));
                    // A convolution in eight bits must give eight bits; a product may give 32.
                    if node.op_type == "Conv" {
                        plan.values.insert(activated(graph, &wires, output(node)).to_owned());
                    }
                }
                "Add" | "Concat" | "MaxPool"
                    if inputs.iter().all(|name| plan.values.contains(*name)) =>
                {
                    plan.values.insert(activated(graph, &wires, output(node)).to_owned());
                }
                _ => {}
            }
        }
        for (index, node) in graph.node.iter().enumerate() {
            let before = input(node, 0).unwrap_or_default();
            let cuts_at_zero = bounds(&wires, node).is_some_and(|(low, _)| low == 0.0);
            let alone = wires.only_taker(before) == Some(index) && !plan.values.contains(before);
            let given = wires.giver(before).and_then(|giver| graph.node.get(giver));
            let eight = given.is_some_and(|given| {
                matches!(given.op_type.as_str(), "Conv" | "Gemm" | "MatMul" | "Add")
            });
            if cuts_at_zero && alone && eight && plan.values.contains(output(node)) {
                plan.folded.insert(index);
            }
        }
        plan
    }

    /// What turns each value into bytes.
    fn steps(&self, graph: &Graph, ranges: &Ranges) -> Result<BTreeMap<&str, Step>> {
        let wires = Wires::of(graph);
        let step = |value: &'_ String| -> Option<Step> {
            let cut = wires.giver(value).filter(|index| self.folded.contains(index));
            let cut = cut.and_then(|index| bounds(&wires, graph.node.get(index)?));
            Some(Step::of(*ranges.get(value)?, cut))
        };
        let unknown = |value: &String| {
            let detail = format!("no range is known of the value `{value}`");
            Fault::new(&ONNX_INVALID).arg("detail", detail)
        };
        let all = self.values.iter();
        all.map(|value| Ok((value.as_str(), step(value).ok_or_else(|| unknown(value))?))).collect()
    }
}

/// The value that an operation gives after the activation behind it, where only that activation takes it.
fn activated<'g>(graph: &'g Graph, wires: &Wires<'_>, value: &'g str) -> &'g str {
    let next = wires.only_taker(value).and_then(|taker| graph.node.get(taker));
    next.filter(|node| bounds(wires, node).is_some_and(|(low, _)| low == 0.0)).map_or(value, output)
}

/// The dimension of a weight that has one scale for each index, where the operation is one with constant weights.
fn axis(wires: &Wires<'_>, node: &Node) -> Option<usize> {
    let weight = input(node, 1).and_then(|name| wires.constant(name));
    let rank = weight.filter(|tensor| tensor.data_type == super::FLOAT).map(|t| t.dims.len())?;
    let bias = input(node, 2);
    let bias_known = bias.is_none_or(|name| wires.numbers(name).is_some());
    let plain = |name: &str| {
        let found = node.attribute.iter().find(|attribute| attribute.name == name);
        found.is_none_or(|attribute| attribute.f == Some(1.0))
    };
    match node.op_type.as_str() {
        "Conv" if rank >= 3 && bias_known => Some(0),
        "Gemm"
            if rank == 2
                && bias_known
                && edit::integer(node, "transA").unwrap_or(0) == 0
                && plain("alpha")
                && plain("beta") =>
        {
            Some(usize::from(edit::integer(node, "transB").unwrap_or(0) == 0))
        }
        "MatMul" if rank == 2 => Some(1),
        _ => None,
    }
}

/// Channels that a convolution with a kernel of several places lacks to take whole groups of them: the colours of a picture are
/// three.
fn lacking(wires: &Wires<'_>, node: &Node) -> usize {
    let weight = input(node, 1).and_then(|name| wires.constant(name)).map(edit::shape);
    match weight.as_deref() {
        Some([_, taken, inner @ ..])
            if node.op_type == "Conv"
                && inner.len() == 2
                && inner.iter().product::<usize>() > 1
                && edit::integer(node, "group").unwrap_or(1) == 1 =>
        {
            taken.next_multiple_of(TOGETHER) - taken
        }
        _ => 0,
    }
}

/// Weights of a convolution with more channels that go in, all 0.
fn widened(dims: &[usize], bytes: &[u8], more: usize) -> (Vec<usize>, Vec<u8>) {
    let [outputs, taken, inner @ ..] = dims else { return (dims.to_vec(), bytes.to_vec()) };
    let places: usize = inner.iter().product();
    if more == 0 {
        return (dims.to_vec(), bytes.to_vec());
    }
    let mut wide = Vec::with_capacity(outputs * (taken + more) * places);
    for filter in bytes.chunks((taken * places).max(1)) {
        wide.extend_from_slice(filter);
        wide.resize(wide.len() + more * places, 0);
    }
    let dims = [*outputs, taken + more].into_iter().chain(inner.iter().copied());
    (dims.collect(), wide)
}

/// The static eight-bit form of a graph with `Conv`, `Gemm` or `MatMul` operations on constant weights; `observed` is what
/// [`calibrate`](super::calibrate) found with the same `keep`, the names of operations that stay in 32 bits. What rounding the
/// weights shifts in the mean is taken back by the biases (Nagel et al. 2019, <https://arxiv.org/abs/1906.04721>, §4.2). Outputs
/// keep their names and types.
///
/// # Errors
/// When nothing in the graph can be quantised, a range is missing, or its operator set is older than 13.
pub fn quantize_static(mut model: Model, observed: &Observed, keep: &[&str]) -> Result<Model> {
    let wrong = |detail: String| Fault::new(&ONNX_INVALID).arg("detail", detail);
    recent(&model)?;
    let graph = model.graph.take().ok_or_else(|| wrong("it holds no graph".into()))?;
    let plan = Plan::of(&graph, keep);
    if plan.weighted.is_empty() {
        return Err(Fault::new(&QUANTIZE_NOTHING));
    }
    let steps = plan.steps(&graph, &observed.ranges)?;
    let wires = Wires::of(&graph);
    let mut writer =
        Writer { made: Graph { node: Vec::new(), ..graph.clone() }, done: BTreeSet::new() };
    let mut moved = BTreeMap::new();
    for value in &graph.input {
        if let Some(step) = steps.get(value.name.as_str()) {
            let read = format!("{}/read", value.name);
            writer.pair(&value.name, &read, *step);
            moved.insert(value.name.as_str(), read);
        }
    }
    for (index, node) in graph.node.iter().enumerate() {
        if plan.folded.contains(&index) {
            continue;
        }
        let mut own = node.clone();
        let weighted = plan.weighted.get(&index).copied();
        if let Some(more) = weighted {
            let value = input(node, 0).unwrap_or_default();
            let scale = steps.get(value).map_or(1.0, |step| step.scale);
            let means = observed.means.get(value).map_or(&[][..], Vec::as_slice);
            writer.weights(&wires, &mut own, Taken { scale, means, more })?;
        }
        for name in &mut own.input {
            if let Some(read) = moved.get(name.as_str()) {
                name.clone_from(read);
            }
        }
        if let Some(more) = weighted.filter(|more| *more > 0) {
            writer.fill(&mut own, more);
        }
        // What an activation behind it gives is now given here.
        let next = wires.only_taker(output(node)).filter(|next| plan.folded.contains(next));
        let given = next.and_then(|next| graph.node.get(next)).map_or(output(node), output);
        match steps.get(given) {
            Some(step) => {
                let plain = format!("{given}/float");
                if let Some(first) = own.output.first_mut() {
                    first.clone_from(&plain);
                }
                writer.made.node.push(own);
                writer.pair(&plain, given, *step);
            }
            None => writer.made.node.push(own),
        }
    }
    sweep(&mut writer.made);
    model.graph = Some(writer.made);
    Ok(model)
}

fn recent(model: &Model) -> Result<()> {
    let standard = model.opset_import.iter().find(|set| set.domain.is_empty());
    match standard {
        Some(set) if set.version < LEAST_OPSET => Err(Fault::new(&ONNX_INVALID).arg(
            "detail",
            format!("its operator set {} is older than {LEAST_OPSET}", set.version),
        )),
        _ => Ok(()),
    }
}

/// What turns numbers into unsigned bytes: `byte = number / scale + zero`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    scale: f32,
    zero: u8,
}

impl Step {
    /// With an activation that cuts at 0 and `cut.1` the range stays within it, so that bytes alone cut as it does.
    fn of(range: Range, cut: Option<(f32, f32)>) -> Self {
        let (mut low, mut high) = (range.low.min(0.0), range.high.max(0.0));
        if let Some((least, most)) = cut {
            (low, high) = (least, high.min(most));
        }
        let span = high - low;
        if span <= 0.0 || !span.is_finite() {
            return Self { scale: 1.0, zero: 0 };
        }
        let scale = (span / 255.0).max(f32::MIN_POSITIVE);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let zero = (-low / scale).round().clamp(0.0, 255.0) as u8;
        Self { scale, zero }
    }
}

/// What an operation with weights takes.
#[derive(Clone, Copy)]
struct Taken<'a> {
    /// One step of its bytes.
    scale: f32,
    /// Means of the channels that go in; none where they are not known.
    means: &'a [f32],
    /// Channels that it is given besides, all 0.
    more: usize,
}

struct Writer {
    made: Graph,
    /// Weights that are there already: two operations may share one.
    done: BTreeSet<String>,
}

impl Writer {
    fn constant(&mut self, name: &str, dims: &[usize], data_type: i32, raw: Vec<u8>) {
        self.made.initializer.push(Tensor {
            dims: dims.iter().map(|dim| i64::try_from(*dim).unwrap_or(i64::MAX)).collect(),
            data_type,
            name: name.to_owned(),
            raw_data: raw,
            ..Tensor::default()
        });
    }

    fn node(&mut self, op: &str, inputs: &[&str], output: &str, axis: Option<i64>) {
        self.made.node.push(Node {
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.to_owned()],
            name: format!("{output}/{op}"),
            op_type: op.to_owned(),
            attribute: axis.map(|axis| whole("axis", axis)).into_iter().collect(),
            ..Node::default()
        });
    }

    /// Into bytes and back.
    fn pair(&mut self, from: &str, to: &str, step: Step) {
        let (scale, zero, bytes) =
            (format!("{to}/scale"), format!("{to}/zero"), format!("{to}/int8"));
        self.constant(&scale, &[], super::FLOAT, step.scale.to_le_bytes().to_vec());
        self.constant(&zero, &[], BYTE, vec![step.zero]);
        self.node("QuantizeLinear", &[from, &scale, &zero], &bytes, None);
        self.node("DequantizeLinear", &[&bytes, &scale, &zero], to, None);
    }

    /// Replaces an operation's weights and bias by eight and 32 bits.
    fn weights(&mut self, wires: &Wires<'_>, node: &mut Node, taken: Taken<'_>) -> Result<()> {
        let lost = || Fault::new(&ONNX_INVALID).arg("detail", "a weight has no numbers");
        let axis = axis(wires, node).ok_or_else(lost)?;
        let name = input(node, 1).ok_or_else(lost)?.to_owned();
        let (dims, data) = wires.numbers(&name).ok_or_else(lost)?;
        let bias = input(node, 2).map(|bias| (bias.to_owned(), wires.numbers(bias)));
        let factor = taken.scale;
        let one = dims.get(axis).copied().unwrap_or(1);
        let least: Vec<f32> = match bias.as_ref().and_then(|(_, found)| found.as_ref()) {
            // A bias must fit 32 bits in units of both scales.
            Some((_, bias)) if bias.len() == one => {
                bias.iter().map(|bias| bias.abs() / (factor * 1_073_741_824.0)).collect()
            }
            _ => vec![0.0; one],
        };
        let groups = usize::try_from(edit::integer(node, "group").unwrap_or(1)).unwrap_or(1);
        let added = Added::of(&dims, axis, groups, taken.more);
        let rows = Rows::of(&dims, &data, axis, added, &least);
        let shift = rows.shift(&dims, &data, (axis, groups), taken.means);
        // The least scales come from the bias: a shared weight with two biases is two weights.
        let name = format!("{name}/{}", output(node));
        if self.done.insert(name.clone()) {
            let (bytes, scale, zero) =
                (format!("{name}/int8"), format!("{name}/scale"), format!("{name}/zero"));
            let (dims, own) = widened(&dims, &rows.bytes, taken.more);
            self.constant(&bytes, &dims, SIGNED_BYTE, own);
            self.constant(&scale, &[one], super::FLOAT, raw(&rows.scales));
            self.constant(&zero, &[one], SIGNED_BYTE, vec![0; one]);
            let along = i64::try_from(axis).unwrap_or_default();
            self.node("DequantizeLinear", &[&bytes, &scale, &zero], &name, Some(along));
        }
        if let Some(slot) = node.input.get_mut(1) {
            slot.clone_from(&name);
        }
        if let Some((bias, found)) = bias {
            let (shape, numbers) = found.ok_or_else(lost)?;
            // Another shape than one for each channel stays as it is.
            if shape == [one] {
                let scales: Vec<f32> = rows.scales.iter().map(|scale| scale * factor).collect();
                let bias = format!("{bias}/{}", output(node));
                let moved: Vec<f32> =
                    numbers.iter().zip(&shift).map(|(number, shift)| number + shift).collect();
                self.bias(&bias, &moved, &scales);
                if let Some(slot) = node.input.get_mut(2) {
                    slot.clone_from(&bias);
                }
            }
        }
        Ok(())
    }

    /// Gives an operation more channels that are all 0: its weights have as many zeros for them.
    fn fill(&mut self, node: &mut Node, more: usize) {
        let Some(read) = input(node, 0).map(str::to_owned) else { return };
        let own = format!("{}/filled", output(node));
        let part = |name: &str| format!("{read}/{name}");
        let (pads, bytes) = (format!("{own}/pads"), format!("{own}/int8"));
        let counts = [0, 0, 0, 0, 0, more as u64, 0, 0];
        let raw = counts.iter().flat_map(|count| count.to_le_bytes()).collect();
        self.constant(&pads, &[counts.len()], super::WHOLE, raw);
        self.node("Pad", &[&part("int8"), &pads, &part("zero")], &bytes, None);
        self.node("DequantizeLinear", &[&bytes, &part("scale"), &part("zero")], &own, None);
        if let Some(slot) = node.input.first_mut() {
            *slot = own;
        }
    }

    fn bias(&mut self, name: &str, numbers: &[f32], scales: &[f32]) {
        let (whole, scale) = (format!("{name}/int32"), format!("{name}/scale"));
        #[expect(clippy::cast_possible_truncation, reason = "the scales are made so that it fits")]
        let units = |(number, scale): (&f32, &f32)| (number / scale).round() as i32;
        let bytes = numbers.iter().zip(scales).flat_map(|pair| units(pair).to_le_bytes()).collect();
        self.constant(&whole, &[numbers.len()], INT32, bytes);
        self.constant(&scale, &[scales.len()], super::FLOAT, raw(scales));
        self.node("DequantizeLinear", &[&whole, &scale], name, Some(0));
    }
}

fn raw(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// The dynamic eight-bit form of a graph: each `MatMul` and `Gemm` on a constant weight takes its input in unsigned bytes by the
/// range that the input has in this very run, and its weight in signed bytes with a scale for each output. Nothing need be
/// calibrated; made for encoders of text. `keep` names operations that stay as they are. Outputs keep their names and types.
///
/// # Errors
/// When the graph has no such operation, or its operator set is older than 13.
pub fn quantize_dynamic(mut model: Model, keep: &[&str]) -> Result<Model> {
    let wrong = |detail: &str| Fault::new(&ONNX_INVALID).arg("detail", detail);
    recent(&model)?;
    let graph = model.graph.take().ok_or_else(|| wrong("it holds no graph"))?;
    let wires = Wires::of(&graph);
    let mut writer =
        Writer { made: Graph { node: Vec::new(), ..graph.clone() }, done: BTreeSet::new() };
    let mut count = 0;
    for node in &graph.node {
        let product = matches!(node.op_type.as_str(), "MatMul" | "Gemm");
        match axis(&wires, node).filter(|_| product && !keep.contains(&node.name.as_str())) {
            Some(axis) => {
                writer
                    .product(&wires, node, axis)
                    .ok_or_else(|| wrong("a weight has no numbers"))?;
                count += 1;
            }
            None => writer.made.node.push(node.clone()),
        }
    }
    if count == 0 {
        return Err(Fault::new(&QUANTIZE_NOTHING));
    }
    sweep(&mut writer.made);
    model.graph = Some(writer.made);
    Ok(model)
}

impl Writer {
    /// A product in whole numbers, in the form that ONNX Runtime fuses into one operation.
    fn product(&mut self, wires: &Wires<'_>, node: &Node, axis: usize) -> Option<()> {
        let (value, weight, result) = (input(node, 0)?, input(node, 1)?, output(node));
        let (dims, data) = wires.numbers(weight)?;
        let rows = Rows::of(&dims, &data, axis, Added::Channels, &[]);
        let (bytes, scales) = (format!("{weight}/int8"), format!("{weight}/scale"));
        let zero = format!("{weight}/zero");
        if self.done.insert(format!("{weight} by {axis}")) {
            let (dims, turned) =
                if axis == 0 { turned(&dims, &rows.bytes) } else { (dims, rows.bytes) };
            self.constant(&bytes, &dims, SIGNED_BYTE, turned);
            self.constant(&scales, &[rows.scales.len()], super::FLOAT, raw(&rows.scales));
            self.constant(&zero, &[rows.scales.len()], SIGNED_BYTE, vec![0; rows.scales.len()]);
        }
        let own = |part: &str| format!("{value}/{part}");
        if self.done.insert(value.to_owned()) {
            self.made.node.push(Node {
                input: vec![value.to_owned()],
                output: vec![own("byte"), own("step"), own("nought")],
                name: own("byte"),
                op_type: "DynamicQuantizeLinear".to_owned(),
                ..Node::default()
            });
        }
        let part = |name: &str| format!("{result}/{name}");
        let (sum, float, step) = (part("sum"), part("float"), part("step"));
        self.node("MatMulInteger", &[&own("byte"), &bytes, &own("nought"), &zero], &sum, None);
        self.node("Cast", &[&sum], &float, None);
        if let Some(cast) = self.made.node.last_mut() {
            cast.attribute.push(whole("to", i64::from(super::FLOAT)));
        }
        self.node("Mul", &[&own("step"), &scales], &step, None);
        match input(node, 2) {
            Some(bias) => {
                let scaled = part("scaled");
                self.node("Mul", &[&float, &step], &scaled, None);
                self.node("Add", &[&scaled, bias], result, None);
            }
            None => self.node("Mul", &[&float, &step], result, None),
        }
        Some(())
    }
}

/// A matrix of bytes with rows and columns exchanged.
fn turned(dims: &[usize], bytes: &[u8]) -> (Vec<usize>, Vec<u8>) {
    let [rows, columns] = dims[..] else { return (dims.to_vec(), bytes.to_vec()) };
    let turned = (0..columns)
        .flat_map(|column| bytes.iter().skip(column).step_by(columns.max(1)).take(rows).copied())
        .collect();
    (vec![columns, rows], turned)
}

#[cfg(test)]
mod tests {
    use super::super::build::{Builder, wholes};
    use super::super::{Limits, read, write};
    use super::*;

    /// A convolution with an activation, a product on its flat result.
    fn network() -> Model {
        let mut builder = Builder::new("two");
        builder.input("x", &[None, Some(2), Some(1), Some(1)]);
        let kernel = builder.weight("c.weight", &[2, 2, 1, 1], &[0.5, -1.0, 100.0, 50.0]);
        let bias = builder.weight("c.bias", &[2], &[0.25, -4.0]);
        let low = builder.weight("low", &[], &[0.0]);
        let high = builder.weight("high", &[], &[6.0]);
        builder.node("Conv", "c", &["x", &kernel, &bias], vec![wholes("kernel_shape", &[1, 1])]);
        builder.node("Clip", "a", &["c", &low, &high], Vec::new());
        builder.node("Flatten", "f", &["a"], Vec::new());
        let matrix = builder.weight("g.weight", &[2, 1], &[1.0, -2.0]);
        let offset = builder.weight("g.bias", &[1], &[0.5]);
        builder.node("Gemm", "y", &["f", &matrix, &offset], Vec::new());
        builder.output("y", &[None, Some(1)]);
        builder.finish()
    }

    fn observed() -> Observed {
        let range = |low, high| Range { low, high };
        Observed {
            ranges: [("x", range(-1.0, 1.0)), ("a", range(0.0, 5.1)), ("f", range(0.0, 5.1))]
                .map(|(name, range)| (name.to_owned(), range))
                .into(),
            means: [("x".to_owned(), vec![0.0, 0.0])].into(),
        }
    }

    fn ops(graph: &Graph) -> Vec<&str> {
        graph.node.iter().map(|node| node.op_type.as_str()).collect()
    }

    fn constant<'g>(graph: &'g Graph, name: &str) -> &'g Tensor {
        graph.initializer.iter().find(|tensor| tensor.name == name).unwrap()
    }

    #[test]
    fn pairs_stand_where_engines_fuse_them_and_the_activation_goes() {
        let model = quantize_static(network(), &observed(), &[]).unwrap();
        let model = read(&write(&model), &Limits::default()).unwrap();
        let graph = model.graph.as_ref().unwrap();
        assert!(!ops(graph).contains(&"Clip"), "bytes cut at 0 and at the range's end");
        assert_eq!(ops(graph).iter().filter(|op| **op == "QuantizeLinear").count(), 3);
        let bytes: Vec<i8> = constant(graph, "c.weight/c/int8")
            .raw_data
            .iter()
            .map(|byte| byte.cast_signed())
            .collect();
        // 0.5 is 47.04 of 94.07 steps, nearer than 63.5 of 127; of 100 and 50 both together are at most 128.
        assert_eq!(bytes, [47, -94, 62, 31], "a scale for each output");
        assert_eq!(graph.output[0].name, "y");
        let mut names: Vec<&str> = graph.node.iter().map(|node| node.name.as_str()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "each operation has a name of its own");
    }

    /// A kernel of 3 × 3 over three colours takes four: the fourth is 0 wherever it is looked at.
    #[test]
    fn channels_are_filled_up_to_what_kernels_take_at_a_time() {
        let mut builder = Builder::new("colours");
        builder.input("x", &[None, Some(3), None, None]);
        let numbers: Vec<f32> = (0..54_u8).map(|at| f32::from(at) - 27.0).collect();
        let kernel = builder.weight("c.weight", &[2, 3, 3, 3], &numbers);
        builder.node("Conv", "c", &["x", &kernel], vec![wholes("pads", &[1; 4])]);
        let point = builder.weight("p.weight", &[1, 2, 1, 1], &[0.5, 1.0]);
        builder.node("Conv", "p", &["c", &point], Vec::new());
        builder.output("p", &[None, Some(1), None, None]);
        let range = Range { low: -1.0, high: 1.0 };
        let ranges = ["x", "c", "p"].map(|name| (name.to_owned(), range)).into();
        let means = [("x".to_owned(), vec![1.0, 2.0, 3.0])].into();
        let seen = Observed { ranges, means };
        let model = quantize_static(builder.finish(), &seen, &[]).unwrap();
        let model = read(&write(&model), &Limits::default()).unwrap();
        let graph = model.graph.as_ref().unwrap();
        let pads: Vec<&Node> = graph.node.iter().filter(|node| node.op_type == "Pad").collect();
        assert_eq!(pads.len(), 1, "a kernel of one place needs none");
        assert_eq!(pads[0].input, ["x/read/int8", "c/filled/pads", "x/read/zero"]);
        let conv = graph.node.iter().find(|node| node.name == "c").unwrap();
        assert_eq!(conv.input[0], "c/filled");
        let weight = constant(graph, "c.weight/c/int8");
        assert_eq!(weight.dims, [2, 4, 3, 3]);
        assert!(
            weight.raw_data.chunks(36).all(|filter| filter[27..].iter().all(|byte| *byte == 0))
        );
        assert_eq!(weight.raw_data[36].cast_signed(), 0, "0 is 0");
        assert_eq!(weight.raw_data[0].cast_signed(), -77);
    }

    #[test]
    fn operations_that_are_kept_stay_and_ranges_must_be_known() {
        let model = quantize_static(network(), &observed(), &["y"]).unwrap();
        let graph = model.graph.unwrap();
        assert!(graph.initializer.iter().any(|tensor| tensor.name == "g.weight"));
        let few = Observed { ranges: [].into(), ..observed() };
        assert!(
            quantize_static(network(), &few, &[]).unwrap_err().to_string().contains("no range")
        );
        let nothing = quantize_static(network(), &observed(), &["c", "y"]).unwrap_err();
        assert_eq!(nothing.code(), "runtime-quantize-nothing");
        let mut old = network();
        old.opset_import[0].version = 11;
        assert!(quantize_static(old, &observed(), &[]).is_err());
    }

    #[test]
    fn what_rounding_shifts_is_taken_back() {
        let seen = Observed { means: [("x".to_owned(), vec![1.0, 0.0])].into(), ..observed() };
        let bias = |seen: &Observed| {
            let graph = quantize_static(network(), seen, &[]).unwrap().graph.unwrap();
            let units = constant(&graph, "c.bias/c/int32").raw_data.clone();
            i32::from_le_bytes(units[..4].try_into().unwrap())
        };
        // 0.5 is 47 steps of 1.35/127, which is less by 0.0004; in steps of 2/255 of that 4.7.
        assert_eq!(bias(&seen) - bias(&observed()), 4);
    }

    #[test]
    fn products_quantise_what_comes_in_each_run() {
        let model = quantize_dynamic(network(), &[]).unwrap();
        let graph = model.graph.as_ref().unwrap();
        let expected = [
            "Conv",
            "Clip",
            "Flatten",
            "DynamicQuantizeLinear",
            "MatMulInteger",
            "Cast",
            "Mul",
            "Mul",
            "Add",
        ];
        assert_eq!(ops(graph), expected);
        read(&write(&model), &Limits::default()).unwrap();
        assert!(quantize_dynamic(network(), &["y"]).is_err());
    }
}

//! The end of a graph, behind one of its values, as operations with their weights: what is trained further while everything before
//! the value stays as it is. Convolutions, activations that cut, sums and the mean over all places; batch normalisation is folded
//! before (its scale and shift are part of the weights).

use super::build::showing;
use super::edit::{self, Wires, bounds, input, integer, integers, output, set_floats};
use super::proto::{Graph, Model, Node, Tensor};
use super::with_outputs;
use crate::messages::{ONNX_INVALID, TAIL_SHALLOW, TAIL_UNKNOWN};
use ingot_base::{Fault, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Convolution weights with their place in the graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Convolution {
    /// Name of the operation.
    pub name: String,
    /// Row-major, `outputs × inputs / group × height × width`.
    pub weight: Vec<f32>,
    /// One for each output.
    pub bias: Vec<f32>,
    /// The weight's shape.
    pub dims: [usize; 4],
    /// Channels are convolved in so many groups by themselves: 1 or as many as there are channels.
    pub group: usize,
    /// Steps down and right.
    pub strides: [usize; 2],
    /// Rows above, columns left, rows below, columns right that count as 0.
    pub pads: [usize; 4],
    /// The constants' names.
    constants: (String, Option<String>),
}

impl Convolution {
    /// Height and width of what it gives for a map of this height and width; 0 where the kernel does not fit.
    pub fn given(&self, height: usize, width: usize) -> (usize, usize) {
        let one = |size: usize, before: usize, after: usize, kernel: usize, stride: usize| {
            (size + before + after).checked_sub(kernel).map_or(0, |free| free / stride.max(1) + 1)
        };
        let [_, _, high, wide] = self.dims;
        let [top, left, bottom, right] = self.pads;
        (
            one(height, top, bottom, high, self.strides[0]),
            one(width, left, right, wide, self.strides[1]),
        )
    }
}

/// What an operation does. Numbers are of values: 0 is the one that goes in, `i + 1` what operation `i` gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// The convolution of this index.
    Convolve {
        /// What it takes.
        input: usize,
        /// Index among [`Tail::convolutions`].
        index: usize,
    },
    /// Cuts at both ends (`Relu`, `Clip`).
    Clip {
        /// What it takes.
        input: usize,
        /// The least that is left.
        low: f32,
        /// The most.
        high: f32,
    },
    /// The sum of two maps of one shape.
    Add {
        /// One.
        left: usize,
        /// The other.
        right: usize,
    },
    /// The mean over all places, one number for each channel.
    Mean {
        /// What it takes.
        input: usize,
    },
}

/// The end of a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Tail {
    /// Name of the value that goes in: a map of `rows × channels × height × width`.
    pub from: String,
    /// In the graph's order; the last gives the features.
    pub operations: Vec<Operation>,
    /// In the graph's order.
    pub convolutions: Vec<Convolution>,
}

impl Tail {
    /// Reads off a graph what stands between the value `from` and the value `to`.
    ///
    /// # Errors
    /// When `to` depends on anything else, or on an operation that cannot be trained; the fault names it.
    pub fn of(model: &Model, from: &str, to: &str) -> Result<Self> {
        let graph = model.graph.as_ref().ok_or_else(|| invalid("it holds no graph"))?;
        let wires = Wires::of(graph);
        let needed = between(graph, &wires, from, to)?;
        let mut tail =
            Self { from: from.to_owned(), operations: Vec::new(), convolutions: Vec::new() };
        let mut known: BTreeMap<&str, usize> = BTreeMap::from([(from, 0)]);
        for index in needed {
            let Some(node) = graph.node.get(index) else { continue };
            let value = match tail.operation(&wires, &known, node)? {
                Some(operation) => {
                    tail.operations.push(operation);
                    tail.operations.len()
                }
                // Another view of the same numbers.
                None => taken(&known, node, 0)?,
            };
            known.insert(output(node), value);
        }
        let last = tail.operations.len();
        match tail.operations.last() {
            Some(Operation::Mean { .. }) if known.get(to) == Some(&last) => Ok(tail),
            _ => Err(Fault::new(&ONNX_INVALID)
                .arg("detail", format!("`{to}` is not the mean of a map behind `{from}`"))),
        }
    }

    fn operation(
        &mut self,
        wires: &Wires<'_>,
        known: &BTreeMap<&str, usize>,
        node: &Node,
    ) -> Result<Option<Operation>> {
        let first = || taken(known, node, 0);
        Ok(Some(match node.op_type.as_str() {
            "Conv" => {
                let found = convolution(wires, node).ok_or_else(|| unknown(node))?;
                self.convolutions.push(found);
                Operation::Convolve { input: first()?, index: self.convolutions.len() - 1 }
            }
            "Relu" | "Clip" => {
                let (low, high) = bounds(wires, node).ok_or_else(|| unknown(node))?;
                Operation::Clip { input: first()?, low, high }
            }
            "Add" if node.input.len() == 2 => {
                Operation::Add { left: first()?, right: taken(known, node, 1)? }
            }
            "GlobalAveragePool" => Operation::Mean { input: first()? },
            "Flatten" if integer(node, "axis").unwrap_or(1) == 1 => {
                let mean = first()?.checked_sub(1).and_then(|at| self.operations.get(at));
                match mean {
                    Some(Operation::Mean { .. }) => return Ok(None),
                    _ => return Err(unknown(node)),
                }
            }
            _ => return Err(unknown(node)),
        }))
    }

    /// Weights and biases.
    pub fn parameters(&self) -> usize {
        self.convolutions.iter().map(|own| own.weight.len() + own.bias.len()).sum()
    }

    /// The graph with these weights in the place of its own.
    ///
    /// # Errors
    /// When the graph is not the one that the tail was read off.
    pub fn put_back(&self, mut model: Model) -> Result<Model> {
        let graph = model.graph.as_mut().ok_or_else(|| invalid("it holds no graph"))?;
        for own in &self.convolutions {
            let (weight, bias) = &own.constants;
            let find = |graph: &Graph, name: &str| {
                graph.initializer.iter().position(|tensor| tensor.name == name)
            };
            let lost = || invalid("it lost a convolution's weights");
            let at = find(graph, weight).ok_or_else(lost)?;
            let tensor = graph.initializer.get_mut(at).ok_or_else(lost)?;
            if edit::shape(tensor) != own.dims {
                return Err(lost());
            }
            set_floats(tensor, &own.dims, &own.weight);
            if let Some(bias) = bias {
                let at = find(graph, bias).ok_or_else(lost)?;
                let tensor = graph.initializer.get_mut(at).ok_or_else(lost)?;
                set_floats(tensor, &[own.bias.len()], &own.bias);
                continue;
            }
            // A convolution without a bias has learnt one.
            let name = format!("{weight}.bias");
            let mut tensor = Tensor { name: name.clone(), ..Tensor::default() };
            set_floats(&mut tensor, &[own.bias.len()], &own.bias);
            graph.initializer.push(tensor);
            let mut takers = graph.node.iter_mut();
            let node =
                takers.find(|node| input(node, 1) == Some(weight.as_str())).ok_or_else(lost)?;
            node.input.truncate(2);
            node.input.push(name);
        }
        Ok(model)
    }
}

/// The part of a graph before a value of four dimensions, which is its only output then.
pub fn up_to(model: Model, value: &str) -> Model {
    with_outputs(showing(model, &[value.to_owned()]), &[value])
}

/// The values at which the last `blocks` blocks of a graph begin, and with it what follows: a block is a convolution that widens,
/// convolutions of single channels and one that narrows (an inverted residual of `MobileNetV2`).
///
/// # Errors
/// When the graph has fewer blocks.
#[cfg(feature = "onnx")]
pub fn last_blocks(model: &Model, blocks: usize) -> Result<String> {
    let graph = model.graph.as_ref().ok_or_else(|| invalid("it holds no graph"))?;
    let found = super::chains::chains(graph);
    let first = found.len().checked_sub(blocks).and_then(|at| found.get(at));
    let begin = first.and_then(|chain| input(graph.node.get(chain.wide)?, 0));
    begin
        .map(str::to_owned)
        .ok_or_else(|| Fault::new(&TAIL_SHALLOW).arg("blocks", blocks).arg("known", found.len()))
}

fn invalid(detail: &str) -> Fault {
    Fault::new(&ONNX_INVALID).arg("detail", detail)
}

fn unknown(node: &Node) -> Fault {
    Fault::new(&TAIL_UNKNOWN).arg("name", &node.name).arg("operator", &node.op_type)
}

fn taken(known: &BTreeMap<&str, usize>, node: &Node, index: usize) -> Result<usize> {
    let found = input(node, index).and_then(|name| known.get(name));
    found.copied().ok_or_else(|| unknown(node))
}

/// Operations that `to` needs besides `from`, in order.
fn between(graph: &Graph, wires: &Wires<'_>, from: &str, to: &str) -> Result<BTreeSet<usize>> {
    let (mut needed, mut open) = (BTreeSet::new(), vec![to]);
    while let Some(value) = open.pop() {
        if value == from || wires.constant(value).is_some() {
            continue;
        }
        let giver = wires.giver(value).ok_or_else(|| {
            invalid(&format!("`{to}` needs the value `{value}`, which is not behind `{from}`"))
        })?;
        if needed.insert(giver) {
            let inputs = graph.node.get(giver).into_iter().flat_map(|node| &node.input);
            // An optional input that is left out has no name.
            open.extend(inputs.map(String::as_str).filter(|name| !name.is_empty()));
        }
    }
    Ok(needed)
}

/// A convolution over height and width whose weights nobody else takes: of all channels, or of each by itself.
fn convolution(wires: &Wires<'_>, node: &Node) -> Option<Convolution> {
    let count = |number: &i64| usize::try_from(*number).ok();
    let list = |name: &str, without: usize, length: usize| -> Option<Vec<usize>> {
        match integers(node, name) {
            [] => Some(vec![without; length]),
            numbers => numbers.iter().map(count).collect(),
        }
    };
    let (dims, weight) = wires.own_weight(node)?;
    let dims: [usize; 4] = dims.try_into().ok()?;
    let automatic = node.attribute.iter().any(|attribute| {
        attribute.name == "auto_pad" && attribute.s.as_deref().is_some_and(|s| s != b"NOTSET")
    });
    let dilated = list("dilations", 1, 2)?.iter().any(|dilation| *dilation != 1);
    let group = count(&integer(node, "group").unwrap_or(1))?;
    let own = dims[1] == 1 && dims[0] == group;
    if automatic || dilated || !(group == 1 || own) || dims.contains(&0) {
        return None;
    }
    let bias = match input(node, 2) {
        Some(bias) => wires.numbers(bias)?.1,
        None => vec![0.0; dims[0]],
    };
    (bias.len() == dims[0]).then_some(())?;
    Some(Convolution {
        name: node.name.clone(),
        weight,
        bias,
        dims,
        group,
        strides: list("strides", 1, 2)?.try_into().ok()?,
        pads: list("pads", 0, 4)?.try_into().ok()?,
        constants: (input(node, 1)?.to_owned(), input(node, 2).map(str::to_owned)),
    })
}

#[cfg(test)]
mod tests {
    use super::super::build::{Builder, whole, wholes};
    use super::*;

    /// A convolution, then an inverted residual that is added to its input, a last convolution, its mean.
    fn network() -> Model {
        let mut builder = Builder::new("small");
        builder.input("x", &[None, Some(2), None, None]);
        let low = builder.weight("low", &[], &[0.0]);
        let high = builder.weight("high", &[], &[6.0]);
        let weight = |builder: &mut Builder, name: &str, dims: &[usize]| {
            let count: usize = dims.iter().product();
            builder.weight(name, dims, &vec![0.5; count])
        };
        let first = weight(&mut builder, "first.weight", &[2, 2, 1, 1]);
        builder.node("Conv", "first", &["x", &first], Vec::new());
        let wide = weight(&mut builder, "wide.weight", &[4, 2, 1, 1]);
        let bias = weight(&mut builder, "wide.bias", &[4]);
        builder.node("Conv", "wide", &["first", &wide, &bias], Vec::new());
        builder.node("Clip", "wide.relu6", &["wide", &low, &high], Vec::new());
        let single = weight(&mut builder, "single.weight", &[4, 1, 3, 3]);
        let attributes = vec![wholes("pads", &[1; 4]), whole("group", 4)];
        builder.node("Conv", "single", &["wide.relu6", &single], attributes);
        builder.node("Relu", "single.relu", &["single"], Vec::new());
        let narrow = weight(&mut builder, "narrow.weight", &[2, 4, 1, 1]);
        builder.node("Conv", "narrow", &["single.relu", &narrow], Vec::new());
        builder.node("Add", "sum", &["first", "narrow"], Vec::new());
        let last = weight(&mut builder, "last.weight", &[8, 2, 1, 1]);
        builder.node("Conv", "last", &["sum", &last], Vec::new());
        builder.node("GlobalAveragePool", "pooled", &["last"], Vec::new());
        builder.node("Flatten", "features", &["pooled"], vec![whole("axis", 1)]);
        builder.output("features", &[None, Some(8)]);
        builder.finish()
    }

    #[test]
    fn the_end_of_a_graph_is_read_and_put_back() {
        let model = network();
        let mut tail = Tail::of(&model, "first", "features").unwrap();
        assert_eq!(
            tail.operations,
            [
                Operation::Convolve { input: 0, index: 0 },
                Operation::Clip { input: 1, low: 0.0, high: 6.0 },
                Operation::Convolve { input: 2, index: 1 },
                Operation::Clip { input: 3, low: 0.0, high: f32::INFINITY },
                Operation::Convolve { input: 4, index: 2 },
                Operation::Add { left: 0, right: 5 },
                Operation::Convolve { input: 6, index: 3 },
                Operation::Mean { input: 7 },
            ]
        );
        assert_eq!(tail.parameters(), (8 + 4) + (36 + 4) + (8 + 2) + (16 + 8));
        assert_eq!(tail.convolutions[1].given(7, 5), (7, 5));
        assert_eq!(
            Convolution { strides: [2, 2], ..tail.convolutions[1].clone() }.given(7, 4),
            (4, 2)
        );
        // What nobody changed is what it was; what had no bias has one where it was trained.
        let same = tail.put_back(model.clone()).unwrap();
        assert_eq!(Tail::of(&same, "first", "features").unwrap().operations, tail.operations);
        tail.convolutions[2].weight[3] = -2.0;
        tail.convolutions[2].bias[1] = 0.25;
        let changed = tail.put_back(model.clone()).unwrap();
        super::super::read(&super::super::write(&changed), &super::super::Limits::default())
            .unwrap();
        let again = Tail::of(&changed, "first", "features").unwrap();
        assert_eq!(again.convolutions[2].weight[3].to_bits(), (-2.0_f32).to_bits());
        assert_eq!(again.convolutions[2].bias, [0.0, 0.25]);
        assert_eq!(again.convolutions[0], tail.convolutions[0]);
        assert!(tail.put_back(Model { graph: Some(Graph::default()), ..model }).is_err());
    }

    #[test]
    fn an_activation_that_cuts_above_alone_leaves_its_lower_bound_out() {
        let mut model = network();
        for node in &mut model.graph.as_mut().unwrap().node {
            if node.name == "wide.relu6" {
                node.input[1].clear();
            }
        }
        let tail = Tail::of(&model, "first", "features").unwrap();
        let expected = Operation::Clip { input: 1, low: f32::NEG_INFINITY, high: 6.0 };
        assert_eq!(tail.operations[1], expected);
    }

    #[test]
    fn what_cannot_be_trained_is_named() {
        // The sum needs what stands before the cut.
        let told = Tail::of(&network(), "wide", "features").unwrap_err().to_string();
        assert!(told.contains("`x`"), "{told}");
        let told = Tail::of(&network(), "first", "sum").unwrap_err().to_string();
        assert!(told.contains("mean"), "{told}");
        let refused = |change: &dyn Fn(&mut Node)| {
            let mut model = network();
            model.graph.as_mut().unwrap().node.iter_mut().for_each(change);
            Tail::of(&model, "first", "features").unwrap_err()
        };
        let told = refused(&|node| {
            if node.name == "single.relu" {
                node.op_type = "HardSwish".into();
            }
        });
        assert_eq!(told.code(), "runtime-tail-unknown");
        assert!(told.to_string().contains("single.relu"), "{told}");
        for (name, value) in [("dilations", vec![2, 2]), ("group", vec![])] {
            let told = refused(&|node| {
                if node.name == "single" {
                    node.attribute.retain(|own| own.name != name);
                    node.attribute.push(match value.as_slice() {
                        [] => whole(name, 2),
                        numbers => wholes(name, numbers),
                    });
                }
            });
            assert!(told.to_string().contains("`single`"), "{told}");
        }
        // Weights that two share would be trained as one of them.
        let told = refused(&|node| {
            if node.name == "last" {
                node.input[1] = "narrow.weight".into();
            }
        });
        assert!(told.to_string().contains("`narrow`"), "{told}");
    }

    #[cfg(feature = "onnx")]
    #[test]
    fn blocks_are_found_from_the_end() {
        assert_eq!(last_blocks(&network(), 1).unwrap(), "first");
        let told = last_blocks(&network(), 2).unwrap_err();
        assert_eq!(told.code(), "runtime-tail-shallow");
        let front = up_to(network(), "first").graph.unwrap();
        assert_eq!((front.node.len(), front.initializer.len()), (1, 1));
        assert_eq!(front.output[0].name, "first");
    }
}

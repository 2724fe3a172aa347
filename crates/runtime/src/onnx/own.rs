//! A network of the user's as a backbone: its graph is checked, cut off behind the value that the features are, and brought to the
//! names that graphs of this project have, so that nothing behind this file need know whose it was. Values of the user's that are
//! called as ours are renamed; everything else stays as it was written.

mod division;

use super::build::{Builder, whole};
use super::edit::{Wires, input, output, sweep};
use super::proto::{Graph, Model, Node, Shape, Tensor, TensorType, Type, ValueInfo};
use super::read::{Limits, read};
use super::session::{Library, Session};
use super::{EMBEDDING, FEATURES, FLOAT, HEAD, IMAGE, LOGITS, MAP, SCORES, TOKENS, WHOLE, write};
use crate::messages::{
    BACKBONE_FEATURES, BACKBONE_INPUT, BACKBONE_NEEDS, BACKBONE_NUMBERS, BACKBONE_OPERATOR,
    BACKBONE_OPSET, BACKBONE_POOLING, BACKBONE_RUN, BACKBONE_SHAPE, BACKBONE_TYPE, ONNX_INVALID,
};
use crate::weights;
use ingot_base::{Fault, Result, Text};
use std::collections::{BTreeMap, BTreeSet};

/// What names of values begin with that this file adds, and those of the user's that would be taken for ours.
const OWN: &str = "own.";
/// The least operator set: what is added here means the same from it on.
const OLDEST: i64 = 11;
/// Values named where the one asked for is not there, at most.
const NAMED: usize = 12;
/// By how much the mean of a map may differ from the features, of their largest number, to be the same.
const SAME: f32 = 1e-4;
/// Element type of 32-bit whole numbers.
const INT32: i32 = 6;
/// Kinds of settings that files are written with again here: a number, a whole one, text, a tensor, lists of numbers.
const KINDS: [i32; 7] = [0, 1, 2, 3, 4, 6, 7];

/// Operators of the standard that a backbone may have, in order. Not among them: what holds graphs of its own, what is random, what
/// is of texts or of lists of tensors.
#[rustfmt::skip]
const OPERATORS: [&str; 166] = [
    "Abs", "Acos", "Acosh", "Add", "AffineGrid", "And", "ArgMax", "ArgMin", "Asin", "Asinh",
    "Atan", "Atanh", "Attention", "AveragePool", "BatchNormalization", "BitShift", "BitwiseAnd",
    "BitwiseNot", "BitwiseOr", "BitwiseXor", "BlackmanWindow", "Cast", "CastLike", "Ceil",
    "Celu", "CenterCropPad", "Clip", "Col2Im", "Compress", "Concat", "Constant",
    "ConstantOfShape", "Conv", "ConvInteger", "ConvTranspose", "Cos", "Cosh", "CumSum", "DFT",
    "DeformConv", "DepthToSpace", "DequantizeLinear", "Det", "Div", "Dropout",
    "DynamicQuantizeLinear", "Einsum", "Elu", "Equal", "Erf", "Exp", "Expand", "EyeLike",
    "Flatten", "Floor", "GRU", "Gather", "GatherElements", "GatherND", "Gelu", "Gemm",
    "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "Greater", "GreaterOrEqual",
    "GridSample", "GroupNormalization", "HammingWindow", "HannWindow", "HardSigmoid",
    "HardSwish", "Hardmax", "Identity", "InstanceNormalization", "IsInf", "IsNaN", "LRN",
    "LSTM", "LayerNormalization", "LeakyRelu", "Less", "LessOrEqual", "Log", "LogSoftmax",
    "LpNormalization", "LpPool", "MatMul", "MatMulInteger", "Max", "MaxPool", "MaxRoiPool",
    "MaxUnpool", "Mean", "MeanVarianceNormalization", "MelWeightMatrix", "Min", "Mish", "Mod",
    "Mul", "Neg", "NonMaxSuppression", "NonZero", "Not", "OneHot", "Or", "PRelu", "Pad", "Pow",
    "QLinearConv", "QLinearMatMul", "QuantizeLinear", "RMSNormalization", "RNN", "Range",
    "Reciprocal", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax",
    "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "Relu", "Reshape",
    "Resize", "ReverseSequence", "RoiAlign", "RotaryEmbedding", "Round", "STFT",
    "ScatterElements", "ScatterND", "Selu", "Shape", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh",
    "Size", "Slice", "Softmax", "Softplus", "Softsign", "SpaceToDepth", "Split", "Sqrt",
    "Squeeze", "Sub", "Sum", "Swish", "Tan", "Tanh", "ThresholdedRelu", "Tile", "TopK",
    "Transpose", "Trilu", "Unique", "Unsqueeze", "Where", "Xor",
];

/// What is asked of a graph of pictures.
#[derive(Debug, Clone, Copy)]
pub struct OwnPictures<'a> {
    /// The value that the features are.
    pub features: &'a str,
    /// The input of pictures; `None`: the only one.
    pub input: Option<&'a str>,
    /// Height and width of what goes in, in pixels.
    pub side: usize,
}

/// What is asked of a graph of texts.
#[derive(Debug, Clone, Copy)]
pub struct OwnTexts<'a> {
    /// The value that the features are.
    pub features: &'a str,
    /// How they become one vector.
    pub pool: Pool,
    /// Tokens that are read of a text at most.
    pub window: usize,
    /// What the tokenizer's numbers are.
    pub vocabulary: Vocabulary,
    /// Buckets that a text's single tokens fall into, as features besides the embedding; 0: none.
    pub buckets: usize,
}

/// How the vectors of a text's tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// Their mean.
    Mean,
    /// The first token's.
    First,
    /// There is one already.
    Whole,
}

/// Numbers of a tokenizer that do not stand for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vocabulary {
    /// From this number on, words that the vocabulary lacks.
    pub known: i64,
    /// The token that these are to the network.
    pub unknown: i64,
    /// The token that fills texts up.
    pub padding: i64,
    /// What stands for token 0, since 0 itself ends a text.
    pub zero: i64,
}

/// Reads a file of the user's and checks that it is written in operators of the standard alone.
///
/// # Errors
/// As [`read`]; besides, operators of other domains, unknown ones, an operator set older than 11, and whole-number divisions that may
/// stop the program are refused by name.
pub fn read_own(bytes: &[u8], limits: &Limits) -> Result<Model> {
    let mut model = read(bytes, limits)?;
    let set = model.opset_import.iter().find(|set| set.domain.is_empty());
    let version = set.map_or(0, |set| set.version);
    if version < OLDEST {
        return Err(Fault::new(&BACKBONE_OPSET).arg("version", version).arg("oldest", OLDEST));
    }
    let nodes = model.graph.iter().flat_map(|graph| &graph.node);
    for node in nodes {
        let standard = matches!(node.domain.as_str(), "" | "ai.onnx");
        let known = OPERATORS.binary_search(&node.op_type.as_str()).is_ok();
        let plain = node.attribute.iter().all(|attribute| KINDS.contains(&attribute.kind));
        if !(standard && known && plain) {
            let domain = if standard { "ai.onnx" } else { node.domain.as_str() };
            return Err(Fault::new(&BACKBONE_OPERATOR)
                .arg("operator", format!("{domain}:{}", node.op_type))
                .arg("name", called(node)));
        }
    }
    // Sets that no operation is of.
    model.opset_import.retain(|set| set.domain.is_empty());
    // Before version 4 of the format constants were inputs too.
    model.ir_version = model.ir_version.max(8);
    if let Some(graph) = &mut model.graph {
        settle(graph);
        division::safe(graph)?;
    }
    Ok(model)
}

/// The graph from prepared pictures to features: [`IMAGE`] in, [`FEATURES`] out, and [`MAP`] where the features are its mean over all
/// places. The network is run once, on a made-up picture.
///
/// # Errors
/// When the input or the features are not there or of another form, the features need more than the picture, or the network fails.
pub fn own_pictures(library: &Library, mut model: Model, asked: &OwnPictures<'_>) -> Result<Model> {
    let graph = model.graph.as_mut().ok_or_else(empty)?;
    let inputs = inputs(graph);
    let picture = match asked.input {
        Some(name) => inputs.iter().find(|value| value.name == name),
        None if inputs.len() == 1 => inputs.first(),
        None => None,
    };
    let known = || inputs.iter().map(|value| value.name.as_str()).collect::<Vec<_>>().join(", ");
    let picture = picture.cloned().ok_or_else(|| {
        Fault::new(&BACKBONE_INPUT).arg("known", known()).at(if asked.input.is_some() {
            "train.backbone.input"
        } else {
            "train.backbone"
        })
    })?;
    element(&picture, &[FLOAT])?;
    let dims = dimensions(&picture);
    let side = i64::try_from(asked.side).unwrap_or(i64::MAX);
    let fits = |dim: Option<&Option<i64>>, size: i64| {
        dim.is_some_and(|dim| dim.is_none_or(|dim| dim == size))
    };
    if let Some(dims) = &dims
        && !(dims.len() == 4
            && fits(dims.get(1), 3)
            && fits(dims.get(2), side)
            && fits(dims.get(3), side))
    {
        return Err(Fault::new(&BACKBONE_SHAPE)
            .words("what", Text::new("the input of pictures", "图片输入"))
            .arg("found", told(dims))
            .arg("expected", format!("[rows, 3, {side}, {side}]"))
            .at("train.backbone"));
    }
    let features = named(graph, asked.features)?;
    let free: Vec<Option<i64>> = dims.unwrap_or_else(|| vec![None, Some(3), None, None]);
    let renamed = rename(graph, &BTreeMap::from([(picture.name.as_str(), IMAGE)]));
    let features = renamed.get(features.as_str()).cloned().unwrap_or(features);
    let mut sizes = free;
    if let Some(first) = sizes.first_mut() {
        *first = None;
    }
    let map = pooled(graph, &features);
    let mut taken = Builder::new("");
    taken.input(IMAGE, &sizes);
    graph.input = taken.into_graph().input;
    let values: Vec<&str> = std::iter::once(features.as_str()).chain(map.as_deref()).collect();
    cut(graph, &values);
    needs_no_more(graph, &[IMAGE])?;
    let numbers: Vec<f32> = (0..3 * asked.side * asked.side).map(made_up).collect();
    let shape = [1, 3, asked.side, asked.side];
    let found = trial(library, &model, |session| session.run(IMAGE, &shape, &numbers, &values))?;
    let graph = model.graph.as_mut().ok_or_else(empty)?;
    join_pictures(graph, (&features, map.as_deref()), &found)?;
    Ok(model)
}

/// Names features and map as ours, and pools them where they are a map.
fn join_pictures(
    graph: &mut Graph,
    (features, map): (&str, Option<&str>),
    found: &[weights::Tensor],
) -> Result<()> {
    let [first, others @ ..] = found else { return Err(empty()) };
    let mean = map.zip(others.first()).filter(|(_, map)| is_mean(first, map));
    let (width, map) = match (first.shape.as_slice(), mean) {
        // Already a number for each channel, whatever stands behind it.
        ([1, width, 1, 1], Some((map, _))) => {
            let mut builder = Builder::on(std::mem::take(graph));
            builder.node("Flatten", FEATURES, &[features], vec![whole("axis", 1)]);
            *graph = builder.into_graph();
            (*width, Some(map.to_owned()))
        }
        ([1, width], mean) => {
            let map = mean.map(|(map, _)| map.to_owned());
            rename_one(graph, features, FEATURES);
            (*width, map)
        }
        ([1, width, _, _], _) => {
            let mut builder = Builder::on(std::mem::take(graph));
            let pooled = format!("{OWN}pooled");
            builder.node("GlobalAveragePool", &pooled, &[features], Vec::new());
            builder.node("Flatten", FEATURES, &[&pooled], vec![whole("axis", 1)]);
            *graph = builder.into_graph();
            (*width, Some(features.to_owned()))
        }
        (other, _) => {
            return Err(Fault::new(&BACKBONE_SHAPE)
                .words("what", Text::new("the features", "特征"))
                .arg("found", format!("{other:?}"))
                .arg("expected", "[1, channels], [1, channels, height, width]")
                .at("train.backbone.features"));
        }
    };
    let width = i64::try_from(width).ok();
    let mut builder = Builder::on(std::mem::take(graph));
    builder.clear_outputs();
    if map.is_some() {
        builder.output(MAP, &[None, width, None, None]);
    }
    builder.output(FEATURES, &[None, width]);
    *graph = builder.into_graph();
    if let Some(map) = map {
        rename_one(graph, &map, MAP);
    }
    sweep(graph);
    Ok(())
}

/// The graph from tokens' numbers to one vector a text: [`TOKENS`] in, [`EMBEDDING`] and [`FEATURES`] out, as of the project's own
/// encoder. The network is run once, on made-up tokens.
///
/// # Errors
/// When the inputs or the features are not there or of another form, or the network fails.
pub fn own_texts(library: &Library, mut model: Model, asked: &OwnTexts<'_>) -> Result<Model> {
    let mut graph = model.graph.take().ok_or_else(empty)?;
    let inputs = inputs(&graph);
    let known = || inputs.iter().map(|value| value.name.as_str()).collect::<Vec<_>>().join(", ");
    let by = |name: &str| inputs.iter().find(|value| value.name == name);
    let only = if inputs.len() == 1 { inputs.first() } else { None };
    let ids = by("input_ids")
        .or(only)
        .ok_or_else(|| Fault::new(&BACKBONE_INPUT).arg("known", known()).at("train.backbone"))?;
    let dims = dimensions(ids).unwrap_or_else(|| vec![None, None]);
    let window = i64::try_from(asked.window).unwrap_or(i64::MAX);
    let [rows, tokens] = dims[..] else {
        return Err(Fault::new(&BACKBONE_SHAPE)
            .words("what", Text::new("the input of tokens", "词元输入"))
            .arg("found", told(&dims))
            .arg("expected", "[rows, tokens]")
            .at("train.backbone"));
    };
    if tokens.is_some_and(|tokens| tokens < window) {
        return Err(Fault::new(&BACKBONE_SHAPE)
            .words("what", Text::new("the input of tokens", "词元输入"))
            .arg("found", told(&dims))
            .arg("expected", format!("[rows, {window}]"))
            .at("train.backbone.tokens"));
    }
    let mut sources = vec![(ids, Source::Ids)];
    sources.extend(by("attention_mask").map(|value| (value, Source::Mask)));
    sources.extend(by("token_type_ids").map(|value| (value, Source::Types)));
    for (value, _) in &sources {
        element(value, &[WHOLE, INT32])?;
    }
    let features = named(&graph, asked.features)?;
    let renamed = rename(&mut graph, &BTreeMap::new());
    let now = |name: &str| renamed.get(name).cloned().unwrap_or_else(|| name.to_owned());
    let mut builder = Builder::new(&graph.name);
    builder.input_wholes(TOKENS, &[rows, tokens]);
    prelude(&mut builder, asked.vocabulary);
    for (value, source) in sources {
        feed(&mut builder, source, &now(&value.name), element_of(value));
    }
    builder.append(graph);
    let features = now(&features);
    model.graph = Some(builder.into_graph());
    let size = |dim: Option<i64>, free: usize| {
        dim.and_then(|size| usize::try_from(size).ok()).unwrap_or(free)
    };
    let shape = [size(rows, 2), size(tokens, 5)];
    let width = tried_texts(library, &model, &features, shape, asked)?;
    let mut builder = Builder::on(model.graph.take().ok_or_else(empty)?);
    builder.clear_outputs();
    vector(&mut builder, &features, asked.pool, width);
    joined(&mut builder, width, asked.buckets);
    let mut graph = builder.into_graph();
    sweep(&mut graph);
    model.graph = Some(graph);
    Ok(model)
}

/// How wide the features of a graph are, which gives them for tokens of this shape as `asked` says.
fn tried_texts(
    library: &Library,
    model: &Model,
    features: &str,
    shape: [usize; 2],
    asked: &OwnTexts<'_>,
) -> Result<usize> {
    let mut probe = model.clone();
    let graph = probe.graph.as_mut().ok_or_else(empty)?;
    cut(graph, &[features]);
    needs_no_more(graph, &[TOKENS])?;
    let made = made_up_tokens(shape, asked.vocabulary);
    let found =
        trial(library, &probe, |session| session.run_wholes(TOKENS, &shape, &made, &[features]))?;
    let found = found.first().map(|found| found.shape.clone()).unwrap_or_default();
    let of_texts = found.first() == shape.first();
    let of_tokens = of_texts && found.get(1) == shape.get(1);
    match (found.as_slice(), asked.pool) {
        ([_, _, width], Pool::Mean | Pool::First) if *width > 0 && of_tokens => Ok(*width),
        ([_, width], Pool::Whole) if *width > 0 && of_texts => Ok(*width),
        ([_, _, _], Pool::Whole) | ([_, _], Pool::Mean | Pool::First) => {
            Err(Fault::new(&BACKBONE_POOLING)
                .arg("found", format!("{found:?}"))
                .at("train.backbone.pooling"))
        }
        _ => Err(Fault::new(&BACKBONE_SHAPE)
            .words("what", Text::new("the features", "特征"))
            .arg("found", format!("{found:?}"))
            .arg("expected", "[rows, tokens, channels], [rows, channels]")
            .at("train.backbone.features")),
    }
}

/// What an input of an encoder is fed from.
#[derive(Debug, Clone, Copy)]
enum Source {
    Ids,
    Mask,
    Types,
}

/// Whether a place holds a token.
const THERE: &str = "own.there";
/// The same as whole numbers, and as numbers.
const MASK: &str = "own.mask";
const WEIGHTS: &str = "own.weights";
/// The vocabulary's numbers.
const IDS: &str = "own.ids";
/// All 0: every token is of the first text.
const TYPES: &str = "own.types";
/// A text as a row, and its weights as a column.
const ROW: &str = "own.row";
const COLUMN: &str = "own.column";

/// From the numbers of this project's tokenizer to what encoders take.
fn prelude(builder: &mut Builder, vocabulary: Vocabulary) {
    let scalar = |builder: &mut Builder, name: &str, number: i64| {
        builder.wholes(&format!("{OWN}{name}"), &[], &[number])
    };
    let none = scalar(builder, "zero", 0);
    let beyond = scalar(builder, "beyond", vocabulary.known);
    let unknown = scalar(builder, "unknown", vocabulary.unknown);
    let padding = scalar(builder, "padding", vocabulary.padding);
    let first = scalar(builder, "first", vocabulary.zero);
    builder.node("Greater", THERE, &[TOKENS, &none], Vec::new());
    builder.node("Cast", MASK, &[THERE], vec![whole("to", i64::from(WHOLE))]);
    builder.node("Cast", WEIGHTS, &[THERE], vec![whole("to", i64::from(FLOAT))]);
    builder.node("Less", "own.known", &[TOKENS, &beyond], Vec::new());
    builder.node("Where", "own.words", &["own.known", TOKENS, &unknown], Vec::new());
    builder.node("Equal", "own.is_first", &[TOKENS, &first], Vec::new());
    builder.node("Where", "own.tokens", &["own.is_first", &none, "own.words"], Vec::new());
    builder.node("Where", IDS, &[THERE, "own.tokens", &padding], Vec::new());
    builder.node("Sub", TYPES, &[MASK, MASK], Vec::new());
    let row = builder.wholes("own.shape.row", &[3], &[0, 1, -1]);
    let column = builder.wholes("own.shape.column", &[3], &[0, -1, 1]);
    builder.node("Reshape", ROW, &[WEIGHTS, &row], Vec::new());
    builder.node("Reshape", COLUMN, &[WEIGHTS, &column], Vec::new());
    builder.wholes("own.shape.flat", &[2], &[0, -1]);
    builder.weight("own.least", &[], &[1e-9]);
}

/// Gives a former input its numbers, in its own type.
fn feed(builder: &mut Builder, source: Source, name: &str, kind: i32) {
    let from = match source {
        Source::Ids => IDS,
        Source::Mask => MASK,
        Source::Types => TYPES,
    };
    builder.node("Cast", name, &[from], vec![whole("to", i64::from(kind))]);
}

/// One vector a text, of length 1. Products stand for sums, whose settings differ between operator sets.
fn vector(builder: &mut Builder, features: &str, pool: Pool, width: usize) {
    let one = match pool {
        Pool::Mean => {
            builder.node("MatMul", "own.sums", &[ROW, features], Vec::new());
            builder.node("MatMul", "own.count", &[ROW, COLUMN], Vec::new());
            builder.node("Max", "own.counted", &["own.count", "own.least"], Vec::new());
            builder.node("Div", "own.pooled", &["own.sums", "own.counted"], Vec::new())
        }
        Pool::First => {
            let first = builder.wholes("own.place", &[1], &[0]);
            builder.node("Gather", "own.pooled", &[features, &first], vec![whole("axis", 1)])
        }
        Pool::Whole => {
            builder.node("Reshape", "own.pooled", &[features, "own.shape.row"], Vec::new())
        }
    };
    unit(builder, &one, EMBEDDING);
    builder.output(EMBEDDING, &[None, i64::try_from(width).ok()]);
}

/// Rows of one vector each, brought to length 1: `rows × width`.
fn unit(builder: &mut Builder, value: &str, name: &str) {
    let step = |part: &str| format!("{OWN}{name}.{part}");
    builder.node("Reshape", &step("turned"), &[value, "own.shape.column"], Vec::new());
    builder.node("MatMul", &step("square"), &[value, &step("turned")], Vec::new());
    builder.node("Sqrt", &step("length"), &[&step("square")], Vec::new());
    builder.node("Max", &step("bounded"), &[&step("length"), "own.least"], Vec::new());
    builder.node("Div", &step("unit"), &[value, &step("bounded")], Vec::new());
    builder.node("Reshape", name, &[&step("unit"), "own.shape.flat"], Vec::new());
}

/// The embedding and the buckets of words, both of the length √width, as of the project's own encoder.
fn joined(builder: &mut Builder, width: usize, buckets: usize) {
    #[expect(clippy::cast_precision_loss, reason = "widths are small")]
    let scale = builder.weight("own.scale", &[], &[(width as f32).sqrt()]);
    let both = if buckets == 0 {
        EMBEDDING.to_owned()
    } else {
        bag(builder, buckets);
        builder.node("Concat", "own.both", &[EMBEDDING, "own.bag"], vec![whole("axis", 1)])
    };
    builder.node("Mul", FEATURES, &[&both, &scale], Vec::new());
    builder.output(FEATURES, &[None, i64::try_from(width + buckets).ok()]);
}

/// Which buckets a text's tokens fall into, of length 1. Padding falls into one more, which is left out.
fn bag(builder: &mut Builder, buckets: usize) {
    let count = i64::try_from(buckets).unwrap_or(i64::MAX);
    let wide = builder.wholes("own.bag.count", &[1], &[count]);
    let beyond = builder.wholes("own.bag.beyond", &[], &[count]);
    let more = builder.wholes("own.bag.more", &[1], &[count.saturating_add(1)]);
    let first = builder.wholes("own.bag.first", &[1], &[0]);
    let second = builder.wholes("own.bag.second", &[1], &[1]);
    let one = builder.weight("own.bag.one", &[], &[1.0]);
    builder.node("Mod", "own.bag.places", &[TOKENS, &wide], Vec::new());
    builder.node("Where", "own.bag.there", &[THERE, "own.bag.places", &beyond], Vec::new());
    builder.node("Shape", "own.bag.sizes", &[TOKENS], Vec::new());
    let axis = vec![whole("axis", 0)];
    builder.node("Gather", "own.bag.rows", &["own.bag.sizes", &first], axis.clone());
    builder.node("Concat", "own.bag.shape", &["own.bag.rows", &more], axis);
    builder.node("ConstantOfShape", "own.bag.empty", &["own.bag.shape"], Vec::new());
    builder.node("Where", "own.bag.ones", &[THERE, &one, &one], Vec::new());
    // A place that is written twice is written the same: sums would need a later operator set.
    let inputs = ["own.bag.empty", "own.bag.there", "own.bag.ones"];
    builder.node("ScatterElements", "own.bag.all", &inputs, vec![whole("axis", 1)]);
    let inputs = ["own.bag.all", first.as_str(), &wide, &second];
    builder.node("Slice", "own.bag.own", &inputs, Vec::new());
    builder.node("Reshape", "own.bag.row", &["own.bag.own", "own.shape.row"], Vec::new());
    unit(builder, "own.bag.row", "own.bag");
}

/// Constants that are operations become constants; every operation has a name of its own.
fn settle(graph: &mut Graph) {
    let shared = graph.node.iter().filter(|node| node.op_type == "Identity");
    let shared: BTreeSet<String> =
        shared.filter_map(|node| input(node, 0)).map(str::to_owned).collect();
    let taken = graph.initializer.iter().filter(|tensor| shared.contains(&tensor.name));
    let mut known: BTreeMap<String, Tensor> =
        taken.map(|tensor| (tensor.name.clone(), tensor.clone())).collect();
    let mut constants: Vec<Tensor> = Vec::new();
    graph.node.retain(|node| {
        let tensor = match (node.op_type.as_str(), node.attribute.as_slice()) {
            ("Constant", [one]) => one.t.as_ref(),
            // How exporters write a constant that several operations share: each has its own then.
            ("Identity", _) => input(node, 0).and_then(|name| known.get(name)),
            _ => None,
        };
        let tensor = tensor.map(|own| Tensor { name: output(node).to_owned(), ..own.clone() });
        let stays = tensor.is_none();
        if let Some(tensor) = tensor {
            if shared.contains(&tensor.name) {
                known.insert(tensor.name.clone(), tensor.clone());
            }
            constants.push(tensor);
        }
        stays
    });
    graph.initializer.extend(constants);
    graph.value_info.clear();
    let mut names = BTreeSet::new();
    for node in &mut graph.node {
        let own = !node.name.is_empty() && !is_ours(&node.name);
        if !(own && names.insert(node.name.clone())) {
            let given = output(node);
            node.name = if is_ours(given) { format!("{OWN}{given}") } else { given.to_owned() };
            names.insert(node.name.clone());
        }
    }
}

/// Whether a name means something to this project.
fn is_ours(name: &str) -> bool {
    [IMAGE, MAP, FEATURES, LOGITS, TOKENS, EMBEDDING, SCORES].contains(&name)
        || [OWN, HEAD, "encoder.layer."].iter().any(|begin| name.starts_with(begin))
}

/// Gives values other names: those asked for, and those that would be taken for ours. Gives what was changed.
fn rename(graph: &mut Graph, asked: &BTreeMap<&str, &str>) -> BTreeMap<String, String> {
    let mut changed = BTreeMap::new();
    let mut of = |name: &mut String| {
        let now = match asked.get(name.as_str()) {
            Some(now) => (*now).to_owned(),
            None if is_ours(name) => format!("{OWN}{name}"),
            None => return,
        };
        changed.insert(name.clone(), now.clone());
        *name = now;
    };
    for node in &mut graph.node {
        node.input.iter_mut().chain(&mut node.output).for_each(&mut of);
    }
    graph.initializer.iter_mut().for_each(|tensor| of(&mut tensor.name));
    let values = graph.input.iter_mut().chain(&mut graph.output);
    values.for_each(|value| of(&mut value.name));
    changed
}

fn rename_one(graph: &mut Graph, from: &str, to: &str) {
    let names =
        graph.node.iter_mut().flat_map(|node| node.input.iter_mut().chain(&mut node.output));
    names.filter(|name| *name == from).for_each(|name| to.clone_into(name));
}

/// What goes in and is no constant.
fn inputs(graph: &Graph) -> Vec<ValueInfo> {
    let wires = Wires::of(graph);
    graph.input.iter().filter(|value| wires.constant(&value.name).is_none()).cloned().collect()
}

/// The value of this name, where an operation gives it.
fn named(graph: &Graph, name: &str) -> Result<String> {
    let given = |node: &Node| node.output.iter().any(|given| given == name);
    if !name.is_empty() && graph.node.iter().any(given) {
        return Ok(name.to_owned());
    }
    Err(Fault::new(&BACKBONE_FEATURES)
        .arg("name", name)
        .arg("known", candidates(graph, name).join(", "))
        .at("train.backbone.features"))
}

/// Values that may be meant: those of a like name, outputs, and what the last operations before these take.
fn candidates(graph: &Graph, name: &str) -> Vec<String> {
    let wires = Wires::of(graph);
    let plain = |text: &str| -> String {
        text.chars()
            .filter(|letter| letter.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let asked = plain(name);
    let like = |own: &str| {
        let own = plain(own);
        own.len() > 2 && asked.len() > 2 && (own.contains(&asked) || asked.contains(&own))
    };
    let mut list: Vec<String> = Vec::new();
    let mut add = |value: &str| {
        let there = list.iter().any(|own| own == value);
        if !there && list.len() < NAMED && !value.is_empty() && wires.giver(value).is_some() {
            list.push(value.to_owned());
        }
    };
    for output in &graph.output {
        add(&output.name);
    }
    for node in
        graph.node.iter().rev().filter(|node| node.name == name || like(output(node))).take(4)
    {
        add(output(node));
    }
    for end in &graph.output {
        let mut at = end.name.as_str();
        for _ in 0..4 {
            let Some(node) = wires.giver(at).and_then(|giver| graph.node.get(giver)) else { break };
            let Some(before) = input(node, 0) else { break };
            add(before);
            at = before;
        }
    }
    list
}

/// The map whose mean a value seems to be. Whether it is, a run tells.
fn pooled(graph: &Graph, value: &str) -> Option<String> {
    let wires = Wires::of(graph);
    let mut at = value;
    for _ in 0..graph.node.len() {
        let node = graph.node.get(wires.giver(at)?)?;
        let before = input(node, 0)?;
        match node.op_type.as_str() {
            "Flatten" | "Squeeze" | "Reshape" | "Identity" | "Dropout" => at = before,
            "GlobalAveragePool" | "AveragePool" | "ReduceMean" => {
                return Some(before.to_owned()).filter(|map| wires.giver(map).is_some());
            }
            _ => return None,
        }
    }
    None
}

/// Whether features are a map's mean over all its places.
fn is_mean(features: &weights::Tensor, map: &weights::Tensor) -> bool {
    let [1, channels, height, width] = map.shape[..] else { return false };
    let places = height * width;
    if places == 0 || features.data.len() != channels || map.data.len() != channels * places {
        return false;
    }
    #[expect(clippy::cast_precision_loss, reason = "a map has some hundreds of places")]
    let share = 1.0 / places as f32;
    let largest = features.data.iter().fold(1e-6_f32, |most, number| most.max(number.abs()));
    let means = map.data.chunks_exact(places).map(|plane| plane.iter().sum::<f32>() * share);
    means.zip(&features.data).all(|(mean, own)| (mean - own).abs() <= SAME * largest)
}

/// The part of a graph that gives these values, whatever their shape.
fn cut(graph: &mut Graph, values: &[&str]) {
    graph.output = values
        .iter()
        .map(|name| {
            // What is asked of a run is 32-bit numbers; of other types nothing is asked.
            let tensor = TensorType { element: FLOAT, shape: None::<Shape> };
            ValueInfo { name: (*name).to_owned(), kind: Some(Type { tensor: Some(tensor) }) }
        })
        .collect();
    sweep(graph);
}

/// That what is left needs nothing else to go in.
fn needs_no_more(graph: &Graph, given: &[&str]) -> Result<()> {
    let made: BTreeSet<&str> = graph
        .node
        .iter()
        .flat_map(|node| &node.output)
        .chain(graph.initializer.iter().map(|tensor| &tensor.name))
        .map(String::as_str)
        .chain(given.iter().copied())
        .collect();
    let needed = graph.node.iter().flat_map(|node| &node.input).map(String::as_str);
    let lacking: BTreeSet<&str> =
        needed.filter(|name| !name.is_empty() && !made.contains(name)).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let lacking: Vec<&str> = lacking.into_iter().collect();
    Err(Fault::new(&BACKBONE_NEEDS).arg("inputs", lacking.join(", ")).at("train.backbone"))
}

/// A run on what was made up; what comes out are numbers.
fn trial(
    library: &Library,
    model: &Model,
    run: impl FnOnce(&Session) -> Result<Vec<weights::Tensor>>,
) -> Result<Vec<weights::Tensor>> {
    let session = Session::new(library, &write(model));
    let found = session
        .and_then(|session| run(&session))
        .map_err(|fault| Fault::new(&BACKBONE_RUN).because(fault).at("train.backbone"))?;
    if found.iter().flat_map(|tensor| &tensor.data).all(|number| number.is_finite()) {
        return Ok(found);
    }
    Err(Fault::new(&BACKBONE_NUMBERS).at("train.backbone.features"))
}

/// A number of a made-up picture, from −1 to 1.
#[expect(clippy::cast_precision_loss, reason = "below 256")]
fn made_up(at: usize) -> f32 {
    (at * 37 % 255) as f32 / 127.5 - 1.0
}

/// Made-up texts: the last token of the vocabulary, so that its number is known to fit, and in the last text less.
fn made_up_tokens([rows, tokens]: [usize; 2], vocabulary: Vocabulary) -> Vec<i64> {
    let last = vocabulary.known.saturating_sub(1).max(1);
    let token = |at: usize| {
        let (row, place) = (at / tokens.max(1), at % tokens.max(1));
        match (place, row) {
            (0, _) => last,
            (place, row) if row + 1 == rows && place + 1 == tokens => 0,
            (1, _) => vocabulary.zero,
            _ => 1,
        }
    };
    (0..rows * tokens).map(token).collect()
}

/// An input's element type is one of these.
fn element(value: &ValueInfo, known: &[i32]) -> Result<()> {
    let found = element_of(value);
    if known.contains(&found) {
        return Ok(());
    }
    let kind = |element: i32| match element {
        1 => "float32",
        2 => "uint8",
        3 => "int8",
        6 => "int32",
        7 => "int64",
        10 => "float16",
        11 => "float64",
        16 => "bfloat16",
        _ => "?",
    };
    let expected: Vec<&str> = known.iter().map(|known| kind(*known)).collect();
    Err(Fault::new(&BACKBONE_TYPE)
        .arg("name", &value.name)
        .arg("found", kind(found))
        .arg("expected", expected.join(", "))
        .at("train.backbone"))
}

fn element_of(value: &ValueInfo) -> i32 {
    let tensor = value.kind.as_ref().and_then(|kind| kind.tensor.as_ref());
    tensor.map_or(0, |tensor| tensor.element)
}

/// The dimensions that the graph says an input has; `None` inside where they differ.
fn dimensions(value: &ValueInfo) -> Option<Vec<Option<i64>>> {
    let shape = value.kind.as_ref()?.tensor.as_ref()?.shape.as_ref()?;
    Some(shape.dim.iter().map(|dim| dim.value.filter(|size| *size > 0)).collect())
}

/// Dimensions for a person.
fn told(dims: &[Option<i64>]) -> String {
    let one = |dim: &Option<i64>| dim.map_or_else(|| "?".to_owned(), |size| size.to_string());
    format!("[{}]", dims.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn called(node: &Node) -> &str {
    if node.name.is_empty() { output(node) } else { &node.name }
}

fn empty() -> Fault {
    Fault::new(&ONNX_INVALID).arg("detail", "it holds no graph")
}

#[cfg(test)]
mod tests;

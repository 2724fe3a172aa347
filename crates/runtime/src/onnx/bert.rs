//! Sentence encoders of the BERT class (Devlin et al. 2019, <https://arxiv.org/abs/1810.04805>) from their weights. One input, the
//! tokens' numbers; padding is number 0 and takes no part. Query, key and value are one multiplication, the scale of the
//! attention is folded into it, and the token type, always the first, into the positions.

use super::build::{Builder, decimal, text, whole, wholes};
use super::edit::Wires;
use super::proto::Model;
use crate::messages::WEIGHTS_MISSING;
use crate::weights::{Tensor, Weights};
use ingot_base::{Fault, Result};

/// The input: numbers of tokens, `rows × tokens`; 0 is padding. Numbers beyond the vocabulary are words that it lacks: to the
/// encoder they are all [`Encoder::unknown`], among the single words each is itself.
pub const TOKENS: &str = "tokens";
/// Output: the mean of the last layer over a row's tokens, scaled to length 1: `rows × width`.
pub const EMBEDDING: &str = "embedding";

/// What the weights do not tell.
#[derive(Debug, Clone, Copy)]
pub struct Encoder {
    /// Name of the model, for graph and faults.
    pub name: &'static str,
    /// Heads of each attention.
    pub heads: usize,
    /// What layer normalisation adds to the variance.
    pub epsilon: f32,
    /// The token that stands for every word which the vocabulary lacks.
    pub unknown: i64,
    /// Buckets that a text's single tokens fall into, as features besides the embedding; 0: none.
    pub buckets: usize,
}

impl Encoder {
    /// `all-MiniLM-L6-v2`: 6 layers, 384 wide (Wang et al. 2020, <https://arxiv.org/abs/2002.10957>).
    pub const MINILM_L6: Self =
        Self { name: "minilm-l6", heads: 12, epsilon: 1e-12, unknown: 100, buckets: 0 };
}

/// The name of a layer's attention: `rows × heads × tokens × tokens`, each row of it sums to 1. Not an output of the graph, so
/// that nobody pays for it who does not ask.
pub fn attention(layer: usize) -> String {
    format!("encoder.layer.{layer}.attention")
}

/// How many layers an encoder has.
pub fn layers(weights: &Weights) -> usize {
    let there =
        |layer: &usize| weights.contains_key(&format!("encoder.layer.{layer}.output.dense.weight"));
    // No encoder has more layers than its file has numbers.
    (0..weights.len()).take_while(there).count()
}

/// The graph, with the outputs [`EMBEDDING`] and [`super::FEATURES`]: the embedding times the square root of its width, so that a
/// feature is about as large as those of other networks. With buckets, beside it, which of them the text's tokens fall into
/// (Weinberger et al. 2009), as a vector of the same length as the embedding's: what single words say, an embedding blurs.
///
/// # Errors
/// When a weight is missing or of another shape.
pub fn sentence_encoder(weights: &Weights, encoder: Encoder) -> Result<Model> {
    let words = get(weights, encoder, "embeddings.word_embeddings.weight", &[None, None])?;
    let width = words.shape.get(1).copied().unwrap_or_default();
    if width == 0 || encoder.heads == 0 || !width.is_multiple_of(encoder.heads) {
        return Err(missing(encoder, "embeddings.word_embeddings.weight"));
    }
    let mut net = Net { builder: Builder::new(encoder.name), weights, encoder, width };
    net.builder.input_wholes(TOKENS, &[None, None]);
    let (mut at, mask) = net.embed(words)?;
    let layers = layers(weights);
    for layer in 0..layers {
        at = net.layer(&at, &mask, layer)?;
    }
    if layers == 0 {
        return Err(missing(encoder, "encoder.layer.0.output.dense.weight"));
    }
    net.pool(&at);
    net.features();
    Ok(net.builder.finish())
}

/// The tensors of an encoder out of a graph that [`sentence_encoder`] wrote, whatever stands behind it: what the graph has as one, as
/// positions and token type, or query, key and value, is taken apart again.
///
/// # Errors
/// When the graph lacks one of them.
pub fn encoder_weights(model: &Model, encoder: Encoder) -> Result<Weights> {
    let graph = model.graph.as_ref().ok_or_else(|| missing(encoder, "embeddings.words"))?;
    let wires = Wires::of(graph);
    let read = |name: &str| -> Result<Tensor> {
        let found = wires.numbers(name).ok_or_else(|| missing(encoder, name))?;
        Ok(Tensor { shape: found.0, data: found.1 })
    };
    // A weight as the graph has it, a row for each input, from a column on, as a row for each output.
    let turned = |tensor: &Tensor, from: usize, outputs: usize, factor: f32| -> Tensor {
        let [inputs, columns] = tensor.shape[..] else { return tensor.clone() };
        let number = |at: usize| {
            let (output, input) = (at / inputs.max(1), at % inputs.max(1));
            tensor.data.get(input * columns + from + output).map_or(f32::NAN, |own| own * factor)
        };
        let data = (0..outputs * inputs).map(number).collect();
        Tensor { shape: vec![outputs, inputs], data }
    };
    let mut weights = Weights::new();
    let words = read("embeddings.words")?;
    let width = words.shape.get(1).copied().unwrap_or_default();
    weights.insert("embeddings.word_embeddings.weight".to_owned(), words);
    weights
        .insert("embeddings.position_embeddings.weight".to_owned(), read("embeddings.positions")?);
    let types = Tensor { shape: vec![1, width], data: vec![0.0; width] };
    weights.insert("embeddings.token_type_embeddings.weight".to_owned(), types);
    for part in ["weight", "bias"] {
        let name = format!("embeddings.LayerNorm.{part}");
        weights.insert(name.clone(), read(&name)?);
    }
    #[expect(clippy::cast_precision_loss, reason = "widths are small")]
    let root = ((width / encoder.heads.max(1)) as f32).sqrt();
    let there = |layer: &usize| {
        wires.constant(&format!("encoder.layer.{layer}.output.dense.weight")).is_some()
    };
    for layer in (0..).take_while(there) {
        let whole = attention(layer);
        let (joined, shift) = (read(&format!("{whole}.weight"))?, read(&format!("{whole}.bias"))?);
        for (at, (part, factor)) in
            [("query", root), ("key", 1.0), ("value", 1.0)].into_iter().enumerate()
        {
            let name = format!("encoder.layer.{layer}.attention.self.{part}");
            let own = shift.data.iter().skip(at * width).take(width);
            let bias = own.map(|number| number * factor).collect();
            weights.insert(format!("{name}.weight"), turned(&joined, at * width, width, factor));
            weights.insert(format!("{name}.bias"), Tensor { shape: vec![width], data: bias });
        }
        for part in ["attention.output.dense", "intermediate.dense", "output.dense"] {
            let name = format!("encoder.layer.{layer}.{part}");
            let bias = read(&format!("{name}.bias"))?;
            let weight = read(&format!("{name}.weight"))?;
            weights.insert(format!("{name}.weight"), turned(&weight, 0, bias.data.len(), 1.0));
            weights.insert(format!("{name}.bias"), bias);
        }
        for part in ["attention.output.LayerNorm", "output.LayerNorm"] {
            for kind in ["weight", "bias"] {
                let name = format!("encoder.layer.{layer}.{part}.{kind}");
                weights.insert(name.clone(), read(&name)?);
            }
        }
    }
    Ok(weights)
}

struct Net<'w> {
    builder: Builder,
    weights: &'w Weights,
    encoder: Encoder,
    width: usize,
}

impl<'w> Net<'w> {
    /// Words and positions; and what is added to attention scores: 0 for a token, −10,000 for padding.
    fn embed(&mut self, words: &Tensor) -> Result<(String, String)> {
        let width = Some(self.width);
        let positions = self.get("embeddings.position_embeddings.weight", &[None, width])?;
        let types = self.get("embeddings.token_type_embeddings.weight", &[None, width])?;
        let lacking = || missing(self.encoder, "embeddings.token_type_embeddings.weight");
        let first = types.data.get(..self.width).ok_or_else(lacking)?;
        let sums: Vec<f32> = positions
            .data
            .chunks(self.width)
            .flat_map(|row| row.iter().zip(first).map(|(position, kind)| position + kind))
            .collect();
        let rows = positions.shape.clone();
        let table = self.builder.weight("embeddings.words", &words.shape, &words.data);
        let places = self.builder.weight("embeddings.positions", &rows, &sums);
        let (zero, first_axis) =
            (self.builder.wholes("zero", &[1], &[0]), self.builder.wholes("axis.rows", &[1], &[0]));
        let count = words.shape.first().copied().unwrap_or_default();
        let count = self.builder.wholes("words.count", &[], &[signed(count)]);
        let unknown = self.builder.wholes("words.unknown", &[], &[self.encoder.unknown]);
        self.builder.node("Less", "words.known", &[TOKENS, &count], Vec::new());
        self.builder.node("Where", "words", &["words.known", TOKENS, &unknown], Vec::new());
        self.builder.node("Gather", "embeddings.word", &[&table, "words"], Vec::new());
        let bounds = vec![whole("start", 1), whole("end", 2)];
        self.builder.node("Shape", "length", &[TOKENS], bounds);
        let inputs = [places.as_str(), &zero, "length", &first_axis];
        self.builder.node("Slice", "embeddings.position", &inputs, Vec::new());
        let both = ["embeddings.word", "embeddings.position"];
        self.builder.node("Add", "embeddings.sum", &both, Vec::new());
        let at = self.normalise("embeddings.sum", "embeddings.LayerNorm")?;
        let nothing = self.builder.wholes("padding", &[], &[0]);
        self.builder.node("Greater", "there", &[TOKENS, &nothing], Vec::new());
        self.builder.node("Cast", "mask", &["there"], vec![whole("to", 1)]);
        let (one, far) =
            (self.builder.weight("one", &[], &[1.0]), self.builder.weight("far", &[], &[1e4]));
        self.builder.node("Sub", "mask.less", &["mask", &one], Vec::new());
        self.builder.node("Mul", "mask.far", &["mask.less", &far], Vec::new());
        let axes = self.builder.wholes("axes.heads", &[2], &[1, 2]);
        let mask = self.builder.node("Unsqueeze", "mask.added", &["mask.far", &axes], Vec::new());
        Ok((at, mask))
    }

    fn layer(&mut self, input: &str, mask: &str, index: usize) -> Result<String> {
        let part = |name: &str| format!("encoder.layer.{index}.{name}");
        let mixed = self.attend(input, mask, index)?;
        let own = Some(self.width);
        let at = self.dense(&mixed, &part("attention.output.dense"), [own, own])?;
        self.builder.node("Add", &part("attention.sum"), &[&at, input], Vec::new());
        let middle = self.normalise(&part("attention.sum"), &part("attention.output.LayerNorm"))?;
        let wide = self.dense(&middle, &part("intermediate.dense"), [None, own])?;
        let active = self.gelu(&wide);
        let inner = self.get(&part("intermediate.dense.bias"), &[None])?.data.len();
        let narrow = self.dense(&active, &part("output.dense"), [own, Some(inner)])?;
        self.builder.node("Add", &part("sum"), &[&narrow, &middle], Vec::new());
        self.normalise(&part("sum"), &part("output.LayerNorm"))
    }

    /// Softmax(Q Kᵀ / √d) V, for each head.
    fn attend(&mut self, input: &str, mask: &str, index: usize) -> Result<String> {
        let name = attention(index);
        let (heads, width) = (self.encoder.heads, self.width);
        let joined = self.joined(index)?;
        self.builder.node("MatMul", &format!("{name}.product"), &[input, &joined.0], Vec::new());
        let three = format!("{name}.qkv");
        self.builder.node("Add", &three, &[&format!("{name}.product"), &joined.1], Vec::new());
        let split = ["query", "key", "value"].map(|part| format!("{name}.{part}"));
        self.builder.node_of_many("Split", &split, &[&three], vec![whole("axis", -1)]);
        let shape = self.builder.wholes(
            &format!("{name}.shape"),
            &[4],
            &[0, 0, signed(heads), signed(width / heads)],
        );
        let flat = self.builder.wholes(&format!("{name}.flat"), &[3], &[0, 0, signed(width)]);
        let orders = [[0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]];
        let parts: Vec<String> = split
            .iter()
            .zip(orders)
            .map(|(part, order)| {
                let by_head = format!("{part}.heads");
                self.builder.node("Reshape", &by_head, &[part, &shape], Vec::new());
                let turned = format!("{part}.turned");
                self.builder.node("Transpose", &turned, &[&by_head], vec![wholes("perm", &order)])
            })
            .collect();
        let [query, key, value] = parts.as_slice() else {
            return Err(missing(self.encoder, &name));
        };
        let scores = format!("{name}.scores");
        self.builder.node("MatMul", &scores, &[query, key], Vec::new());
        let masked = format!("{name}.masked");
        self.builder.node("Add", &masked, &[&scores, mask], Vec::new());
        self.builder.node("Softmax", &name, &[&masked], vec![whole("axis", -1)]);
        let seen = format!("{name}.seen");
        self.builder.node("MatMul", &seen, &[&name, value], Vec::new());
        let back = format!("{name}.back");
        self.builder.node("Transpose", &back, &[&seen], vec![wholes("perm", &[0, 2, 1, 3])]);
        Ok(self.builder.node("Reshape", &format!("{name}.mixed"), &[&back, &flat], Vec::new()))
    }

    /// Query, key and value as one weight, `width × 3 width`, and one bias; the query's scaled by 1/√(width of a head).
    fn joined(&mut self, index: usize) -> Result<(String, String)> {
        let width = self.width;
        #[expect(clippy::cast_precision_loss, reason = "widths are small")]
        let scale = 1.0 / ((width / self.encoder.heads) as f32).sqrt();
        let (mut weight, mut bias) = (vec![0.0; width * width * 3], Vec::with_capacity(width * 3));
        for (place, (part, factor)) in
            [("query", scale), ("key", 1.0), ("value", 1.0)].into_iter().enumerate()
        {
            let name = format!("encoder.layer.{index}.attention.self.{part}");
            let own = self.get(&format!("{name}.weight"), &[Some(width), Some(width)])?;
            let shift = self.get(&format!("{name}.bias"), &[Some(width)])?;
            bias.extend(shift.data.iter().map(|number| number * factor));
            transpose(&own.data, width, (&mut weight, width * 3, place * width), factor);
        }
        let name = attention(index);
        let weight = self.builder.weight(&format!("{name}.weight"), &[width, width * 3], &weight);
        Ok((weight, self.builder.weight(&format!("{name}.bias"), &[width * 3], &bias)))
    }

    /// A dense layer whose weight has this shape, outputs and inputs, where that is known.
    fn dense(&mut self, input: &str, name: &str, shape: [Option<usize>; 2]) -> Result<String> {
        let weight = self.get(&format!("{name}.weight"), &shape)?;
        let (outputs, inputs) = match weight.shape.as_slice() {
            [outputs, inputs] => (*outputs, *inputs),
            _ => return Err(missing(self.encoder, name)),
        };
        let bias = self.get(&format!("{name}.bias"), &[Some(outputs)])?;
        let mut turned = vec![0.0; weight.data.len()];
        transpose(&weight.data, inputs, (&mut turned, outputs, 0), 1.0);
        let weight = self.builder.weight(&format!("{name}.weight"), &[inputs, outputs], &turned);
        let bias = self.builder.weight(&format!("{name}.bias"), &[outputs], &bias.data);
        let product = format!("{name}.product");
        self.builder.node("MatMul", &product, &[input, &weight], Vec::new());
        Ok(self.builder.node("Add", name, &[&product, &bias], Vec::new()))
    }

    /// x Φ(x), with the error function (Hendrycks & Gimpel 2016).
    fn gelu(&mut self, input: &str) -> String {
        let constants = [("root", std::f32::consts::SQRT_2), ("one", 1.0), ("half", 0.5)]
            .map(|(name, value)| self.builder.weight(&format!("{input}.{name}"), &[], &[value]));
        let [root, one, half] = constants;
        let step = |name: &str| format!("{input}.{name}");
        self.builder.node("Div", &step("scaled"), &[input, &root], Vec::new());
        self.builder.node("Erf", &step("erf"), &[&step("scaled")], Vec::new());
        self.builder.node("Add", &step("share"), &[&step("erf"), &one], Vec::new());
        self.builder.node("Mul", &step("twice"), &[input, &step("share")], Vec::new());
        self.builder.node("Mul", &step("gelu"), &[&step("twice"), &half], Vec::new())
    }

    fn normalise(&mut self, input: &str, name: &str) -> Result<String> {
        let width = Some(self.width);
        let scale = self.get(&format!("{name}.weight"), &[width])?;
        let shift = self.get(&format!("{name}.bias"), &[width])?;
        let scale = self.builder.weight(&format!("{name}.weight"), &[self.width], &scale.data);
        let shift = self.builder.weight(&format!("{name}.bias"), &[self.width], &shift.data);
        let attributes = vec![whole("axis", -1), decimal("epsilon", self.encoder.epsilon)];
        Ok(self.builder.node("LayerNormalization", name, &[input, &scale, &shift], attributes))
    }

    /// The mean over a row's tokens as a multiplication, its length 1.
    fn pool(&mut self, at: &str) {
        let builder = &mut self.builder;
        let axes = [("axis.tokens", 1), ("axis.width", -1)]
            .map(|(name, axis)| builder.wholes(name, &[1], &[axis]));
        let small = builder.weight("pool.small", &[], &[1e-9]);
        builder.node("ReduceSum", "pool.count", &["mask", &axes[1]], vec![whole("keepdims", 1)]);
        builder.node("Max", "pool.counted", &["pool.count", &small], Vec::new());
        builder.node("Div", "pool.shares", &["mask", "pool.counted"], Vec::new());
        builder.node("Unsqueeze", "pool.row", &["pool.shares", &axes[0]], Vec::new());
        builder.node("MatMul", "pool.means", &["pool.row", at], Vec::new());
        builder.node("Squeeze", "pool.mean", &["pool.means", &axes[0]], Vec::new());
        let over = vec![wholes("axes", &[-1]), whole("keepdims", 1)];
        builder.node("ReduceL2", "pool.length", &["pool.mean"], over);
        let least = builder.weight("pool.least", &[], &[1e-12]);
        builder.node("Max", "pool.bounded", &["pool.length", &least], Vec::new());
        builder.node("Div", EMBEDDING, &["pool.mean", "pool.bounded"], Vec::new());
        builder.output(EMBEDDING, &[None, Some(signed(self.width))]);
    }

    /// The embedding and the buckets of words, both of the length √width.
    fn features(&mut self) {
        let (width, buckets) = (self.width, self.encoder.buckets);
        #[expect(clippy::cast_precision_loss, reason = "widths are small")]
        let scale = self.builder.weight("features.scale", &[], &[(width as f32).sqrt()]);
        if buckets == 0 {
            self.builder.node("Mul", super::FEATURES, &[EMBEDDING, &scale], Vec::new());
        } else {
            self.bag(buckets);
            let both = [EMBEDDING, "bag"];
            self.builder.node("Concat", "features.both", &both, vec![whole("axis", -1)]);
            self.builder.node("Mul", super::FEATURES, &["features.both", &scale], Vec::new());
        }
        self.builder.output(super::FEATURES, &[None, Some(signed(width + buckets))]);
    }

    /// Which buckets a row's tokens fall into, of length 1. The marks fall into some too, the same of every text.
    fn bag(&mut self, buckets: usize) {
        let builder = &mut self.builder;
        let count = builder.wholes("bag.buckets", &[1], &[signed(buckets)]);
        builder.node("Mod", "bag.places", &[TOKENS, &count], Vec::new());
        builder.node("Shape", "bag.rows", &[TOKENS], vec![whole("start", 0), whole("end", 1)]);
        builder.node("Concat", "bag.shape", &["bag.rows", &count], vec![whole("axis", 0)]);
        builder.node("ConstantOfShape", "bag.empty", &["bag.shape"], Vec::new());
        let inputs = ["bag.empty", "bag.places", "mask"];
        let adding = vec![whole("axis", 1), text("reduction", "add")];
        builder.node("ScatterElements", "bag.counts", &inputs, adding);
        let most = builder.weight("bag.most", &[], &[1.0]);
        builder.node("Min", "bag.there", &["bag.counts", &most], Vec::new());
        let over = vec![wholes("axes", &[-1]), whole("keepdims", 1)];
        builder.node("ReduceL2", "bag.length", &["bag.there"], over);
        let least = builder.weight("bag.least", &[], &[1e-9]);
        builder.node("Max", "bag.bounded", &["bag.length", &least], Vec::new());
        builder.node("Div", "bag", &["bag.there", "bag.bounded"], Vec::new());
    }

    fn get(&self, name: &str, shape: &[Option<usize>]) -> Result<&'w Tensor> {
        get(self.weights, self.encoder, name, shape)
    }
}

/// Writes a weight as `PyTorch` keeps it, a row for each output, into the columns of a wider one, a row for each input, from a column on.
fn transpose(
    weight: &[f32],
    inputs: usize,
    (target, width, from): (&mut [f32], usize, usize),
    factor: f32,
) {
    for (output, row) in weight.chunks(inputs.max(1)).enumerate() {
        for (input, number) in row.iter().enumerate() {
            if let Some(cell) = target.get_mut(input * width + from + output) {
                *cell = number * factor;
            }
        }
    }
}

/// A weight of the shape asked for.
fn get<'w>(
    weights: &'w Weights,
    encoder: Encoder,
    name: &str,
    shape: &[Option<usize>],
) -> Result<&'w Tensor> {
    let fits = |tensor: &&Tensor| {
        tensor.shape.len() == shape.len()
            && tensor
                .shape
                .iter()
                .zip(shape)
                .all(|(own, asked)| asked.is_none_or(|size| size == *own))
            && tensor.shape.iter().product::<usize>() == tensor.data.len()
    };
    weights.get(name).filter(fits).ok_or_else(|| missing(encoder, name))
}

fn missing(encoder: Encoder, name: &str) -> Fault {
    Fault::new(&WEIGHTS_MISSING).arg("model", encoder.name).arg("name", name)
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tiny encoder: 4 wide, 2 heads, 1 layer, 5 words, 3 positions.
    fn tiny() -> Weights {
        let mut weights = Weights::new();
        let mut put = |name: &str, shape: &[usize]| {
            let count: usize = shape.iter().product();
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let data = (0..count).map(|at| ((at * 7 + name.len()) % 11) as f32 / 11.0 - 0.4);
            weights.insert(name.into(), Tensor { shape: shape.to_vec(), data: data.collect() });
        };
        for (name, shape) in [
            ("word_embeddings.weight", vec![5, 4]),
            ("position_embeddings.weight", vec![3, 4]),
            ("token_type_embeddings.weight", vec![2, 4]),
            ("LayerNorm.weight", vec![4]),
            ("LayerNorm.bias", vec![4]),
        ] {
            put(&format!("embeddings.{name}"), &shape);
        }
        for (name, outputs, inputs) in [
            ("attention.self.query", 4, 4),
            ("attention.self.key", 4, 4),
            ("attention.self.value", 4, 4),
            ("attention.output.dense", 4, 4),
            ("intermediate.dense", 8, 4),
            ("output.dense", 4, 8),
        ] {
            put(&format!("encoder.layer.0.{name}.weight"), &[outputs, inputs]);
            put(&format!("encoder.layer.0.{name}.bias"), &[outputs]);
        }
        for name in ["attention.output.LayerNorm", "output.LayerNorm"] {
            put(&format!("encoder.layer.0.{name}.weight"), &[4]);
            put(&format!("encoder.layer.0.{name}.bias"), &[4]);
        }
        weights
    }

    const TINY: Encoder =
        Encoder { name: "tiny", heads: 2, epsilon: 1e-12, unknown: 1, buckets: 3 };

    #[test]
    fn the_graph_is_whole_and_equal_weights_give_equal_bytes() {
        let written = super::super::write(&sentence_encoder(&tiny(), TINY).unwrap());
        let read = super::super::read(&written, &super::super::Limits::default()).unwrap();
        let outputs: Vec<&str> =
            read.graph.as_ref().unwrap().output.iter().map(|output| output.name.as_str()).collect();
        assert_eq!(outputs, [EMBEDDING, super::super::FEATURES]);
        assert!(read.graph.unwrap().node.iter().any(|node| node.output == [attention(0)]));
        assert_eq!(written, super::super::write(&sentence_encoder(&tiny(), TINY).unwrap()));
    }

    #[test]
    fn what_a_graph_was_made_of_comes_out_of_it_again() {
        let given = tiny();
        let graph = sentence_encoder(&given, TINY).unwrap();
        let found = encoder_weights(&graph, TINY).unwrap();
        assert_eq!(layers(&found), layers(&given));
        for (name, tensor) in &found {
            // Positions and the first token type are one in the graph.
            if !name.contains("position_embeddings") && !name.contains("token_type") {
                let given = &given[name];
                assert_eq!(tensor.shape, given.shape, "{name}");
                let near = |(own, other): (&f32, &f32)| (own - other).abs() < 1e-6;
                assert!(tensor.data.iter().zip(&given.data).all(near), "{name}");
            }
        }
        let again = sentence_encoder(&found, TINY).unwrap();
        let (graph, again) = (graph.graph.unwrap(), again.graph.unwrap());
        assert_eq!(graph.node, again.node);
        for (own, other) in graph.initializer.iter().zip(&again.initializer) {
            assert_eq!((&own.name, &own.dims), (&other.name, &other.dims));
        }
    }

    #[test]
    fn a_weight_that_is_missing_or_of_another_shape_is_named() {
        for name in ["encoder.layer.0.intermediate.dense.bias", "embeddings.LayerNorm.weight"] {
            let mut weights = tiny();
            weights.get_mut(name).unwrap().shape = vec![3];
            let fault = sentence_encoder(&weights, TINY).unwrap_err();
            assert!(fault.to_string().contains(name), "{fault}");
            weights.remove(name);
            assert!(sentence_encoder(&weights, TINY).is_err());
        }
        assert!(sentence_encoder(&tiny(), Encoder { heads: 3, ..TINY }).is_err());
    }
}

//! What a Llama is: measures and frozen weights, from GGUF files and from Hugging Face's checkpoints.

use super::attention::Layout;
use super::blocks;
use crate::messages::{BASE_INVALID, BASE_UNSUPPORTED};
use ingot_base::{Fault, Result, Text};
use ingot_runtime::gguf::{self, Header};
use ingot_runtime::weights::numbers;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A family of models: how their files name and order things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Llama and what is built like it (`SmolLM2`, `TinyLlama`, Mistral without windows).
    Llama,
    /// Qwen2 and Qwen2.5: Llama with biases on queries, keys and values.
    Qwen2,
}

impl Family {
    /// Its name in GGUF files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Qwen2 => "qwen2",
        }
    }
}

/// The measures of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// The family.
    pub family: Family,
    /// Tokens that it knows.
    pub vocabulary: usize,
    /// Numbers per token between layers.
    pub width: usize,
    /// Numbers per token within a layer's second half.
    pub inner: usize,
    /// Layers.
    pub layers: usize,
    /// Heads that ask.
    pub heads: usize,
    /// Heads that are asked; divides `heads`.
    pub kv_heads: usize,
    /// Numbers of a head; even.
    pub head: usize,
    /// Tokens that it was trained to see at once.
    pub context: usize,
    /// What keeps the root of a mean square from 0.
    pub epsilon: f32,
    /// Base of the angles of positions.
    pub theta: f32,
}

impl Shape {
    /// How its heads attend.
    pub(super) const fn attention(&self) -> Layout {
        Layout { heads: self.heads, kv_heads: self.kv_heads, head: self.head, causal: true }
    }
}

/// A matrix of a layer that an adapter can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// Queries.
    #[serde(rename = "q_proj")]
    Query,
    /// Keys.
    #[serde(rename = "k_proj")]
    Key,
    /// Values.
    #[serde(rename = "v_proj")]
    Value,
    /// What attention found, to the layer's width.
    #[serde(rename = "o_proj")]
    Output,
    /// The gate of the second half.
    #[serde(rename = "gate_proj")]
    Gate,
    /// What the gate lets through.
    #[serde(rename = "up_proj")]
    Up,
    /// Back to the layer's width.
    #[serde(rename = "down_proj")]
    Down,
}

impl Part {
    /// Every matrix, in the order of the computation.
    pub const ALL: [Self; 7] =
        [Self::Query, Self::Key, Self::Value, Self::Output, Self::Gate, Self::Up, Self::Down];

    /// Its name in recipes and in Hugging Face's checkpoints.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "q_proj",
            Self::Key => "k_proj",
            Self::Value => "v_proj",
            Self::Output => "o_proj",
            Self::Gate => "gate_proj",
            Self::Up => "up_proj",
            Self::Down => "down_proj",
        }
    }

    /// Its place in Hugging Face's checkpoints, within a layer.
    pub(super) const fn module(self) -> &'static str {
        match self {
            Self::Query | Self::Key | Self::Value | Self::Output => "self_attn",
            Self::Gate | Self::Up | Self::Down => "mlp",
        }
    }

    /// Its name in GGUF files, within a block.
    pub(super) const fn gguf(self) -> &'static str {
        match self {
            Self::Query => "attn_q",
            Self::Key => "attn_k",
            Self::Value => "attn_v",
            Self::Output => "attn_output",
            Self::Gate => "ffn_gate",
            Self::Up => "ffn_up",
            Self::Down => "ffn_down",
        }
    }

    pub(super) const fn index(self) -> usize {
        self as usize
    }

    /// Numbers in and out.
    pub(super) const fn size(self, shape: &Shape) -> (usize, usize) {
        let (all, own) = (shape.heads * shape.head, shape.kv_heads * shape.head);
        match self {
            Self::Query => (shape.width, all),
            Self::Key | Self::Value => (shape.width, own),
            Self::Output => (all, shape.width),
            Self::Gate | Self::Up => (shape.width, shape.inner),
            Self::Down => (shape.inner, shape.width),
        }
    }

    /// Heads whose halves GGUF files of the Llama family interleave; none for other matrices.
    pub(super) fn interleaved(self, shape: &Shape) -> Option<usize> {
        match (shape.family, self) {
            (Family::Llama, Self::Query) => Some(shape.heads),
            (Family::Llama, Self::Key) => Some(shape.kv_heads),
            _ => None,
        }
    }
}

/// One layer's frozen weights; matrices row by row, a row for each number out.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    pub(super) first_norm: Vec<f32>,
    pub(super) second_norm: Vec<f32>,
    pub(super) matrices: [Vec<f32>; 7],
    /// Of queries, keys and values.
    pub(super) biases: Option<[Vec<f32>; 3]>,
}

/// A model whose weights stay as they are.
#[derive(Debug, Clone)]
pub struct BaseModel {
    /// Its measures.
    pub shape: Shape,
    pub(super) embedding: Vec<f32>,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Vec<f32>,
    /// From the last layer to scores of tokens; `None`: the embedding again.
    pub(super) output: Option<Vec<f32>>,
}

fn invalid(english: impl Into<String>, chinese: impl Into<String>) -> Fault {
    Fault::new(&BASE_INVALID).words("detail", Text::new(english, chinese))
}

fn unsupported(english: impl Into<String>, chinese: impl Into<String>) -> Fault {
    Fault::new(&BASE_UNSUPPORTED).words("detail", Text::new(english, chinese))
}

impl BaseModel {
    /// Reads a GGUF file, turning blocks of few bits back into numbers.
    ///
    /// # Errors
    /// When the file is none of a family known here, lacks a tensor, or holds a storage type that cannot be turned back.
    pub fn from_gguf(bytes: &[u8]) -> Result<Self> {
        let header = gguf::read(bytes, bytes.len() as u64, &gguf::Limits::default())?;
        let shape = gguf_shape(&header)?;
        if header.tensor("rope_freqs.weight").is_some() {
            return Err(unsupported(
                "scaled positions (rope_freqs)",
                "缩放的位置编码（rope_freqs）",
            ));
        }
        let find = |name: &str, size: usize| -> Result<Vec<f32>> {
            let tensor = header
                .tensor(name)
                .ok_or_else(|| invalid(format!("`{name}` is missing"), format!("缺少 `{name}`")))?;
            if tensor.elements() != size as u64 {
                let there = tensor.elements();
                return Err(invalid(
                    format!("`{name}` has {there} numbers instead of {size}"),
                    format!("`{name}` 有 {there} 个数，应为 {size} 个"),
                ));
            }
            let start = usize::try_from(header.data + tensor.offset).unwrap_or(usize::MAX);
            let end = start.saturating_add(usize::try_from(tensor.bytes).unwrap_or(usize::MAX));
            let own = bytes.get(start..end).ok_or_else(|| {
                invalid(format!("`{name}` lies outside the file"), format!("`{name}` 超出文件范围"))
            })?;
            blocks::numbers(tensor.kind, own).ok_or_else(|| {
                let kind = tensor.kind.name;
                unsupported(format!("tensors of type {kind}"), format!("{kind} 类型的张量"))
            })
        };
        let there = |name: &str| header.tensor(name).is_some();
        let name = |layer: usize, part: &str, what: &str| format!("blk.{layer}.{part}.{what}");
        let mut layers = Vec::with_capacity(shape.layers);
        for layer in 0..shape.layers {
            let mut own = Layer {
                first_norm: find(&name(layer, "attn_norm", "weight"), shape.width)?,
                second_norm: find(&name(layer, "ffn_norm", "weight"), shape.width)?,
                ..Layer::default()
            };
            for part in Part::ALL {
                let (inputs, outputs) = part.size(&shape);
                let mut matrix = find(&name(layer, part.gguf(), "weight"), inputs * outputs)?;
                if let Some(heads) = part.interleaved(&shape) {
                    matrix = turn(&matrix, inputs, heads, false);
                }
                if let Some(slot) = own.matrices.get_mut(part.index()) {
                    *slot = matrix;
                }
            }
            let bias = |part: Part| {
                let bias = find(&name(layer, part.gguf(), "bias"), part.size(&shape).1)?;
                Ok(part
                    .interleaved(&shape)
                    .map_or(bias.clone(), |heads| turn(&bias, 1, heads, false)))
            };
            if there(&name(layer, "attn_q", "bias")) {
                own.biases = Some([bias(Part::Query)?, bias(Part::Key)?, bias(Part::Value)?]);
            }
            layers.push(own);
        }
        let table = shape.vocabulary * shape.width;
        Ok(Self {
            embedding: find("token_embd.weight", table)?,
            layers,
            norm: find("output_norm.weight", shape.width)?,
            output: if there("output.weight") { Some(find("output.weight", table)?) } else { None },
            shape,
        })
    }

    /// Reads a checkpoint of Hugging Face's: `config.json` and one or more safetensors files.
    ///
    /// # Errors
    /// When the architecture is none known here, or a tensor is missing or of another shape or type.
    pub fn from_checkpoint(config: &[u8], files: &[&[u8]]) -> Result<Self> {
        let config: Value = serde_json::from_slice(config).map_err(|error| {
            invalid("config.json is no JSON", "config.json 不是 JSON").because(error)
        })?;
        let shape = config_shape(&config)?;
        let open = |bytes| {
            SafeTensors::deserialize(bytes).map_err(|error| {
                invalid("a safetensors file is damaged", "safetensors 文件已损坏").because(error)
            })
        };
        let files = files.iter().map(|bytes| open(bytes)).collect::<Result<Vec<_>>>()?;
        let seek = |name: &str| files.iter().find_map(|file| file.tensor(name).ok());
        let find = |name: &str, size: usize| -> Result<Vec<f32>> {
            let tensor = seek(name)
                .ok_or_else(|| invalid(format!("`{name}` is missing"), format!("缺少 `{name}`")))?;
            let numbers = numbers(tensor.dtype(), tensor.data()).ok_or_else(|| {
                let kind = tensor.dtype();
                unsupported(format!("tensors of type {kind:?}"), format!("{kind:?} 类型的张量"))
            })?;
            if numbers.len() == size {
                Ok(numbers)
            } else {
                let found = numbers.len();
                let (en, zh) = (
                    format!("`{name}` has {found} numbers instead of {size}"),
                    format!("`{name}` 有 {found} 个数，应为 {size} 个"),
                );
                Err(invalid(en, zh))
            }
        };
        let mut layers = Vec::with_capacity(shape.layers);
        for layer in 0..shape.layers {
            let name = |rest: &str| format!("model.layers.{layer}.{rest}");
            let mut own = Layer {
                first_norm: find(&name("input_layernorm.weight"), shape.width)?,
                second_norm: find(&name("post_attention_layernorm.weight"), shape.width)?,
                ..Layer::default()
            };
            for part in Part::ALL {
                let (inputs, outputs) = part.size(&shape);
                let matrix = find(
                    &name(&format!("{}.{}.weight", part.module(), part.as_str())),
                    inputs * outputs,
                )?;
                if let Some(slot) = own.matrices.get_mut(part.index()) {
                    *slot = matrix;
                }
            }
            let place = |part: Part| name(&format!("self_attn.{}.bias", part.as_str()));
            let bias = |part: Part| find(&place(part), part.size(&shape).1);
            if seek(&place(Part::Query)).is_some() {
                own.biases = Some([bias(Part::Query)?, bias(Part::Key)?, bias(Part::Value)?]);
            }
            layers.push(own);
        }
        let table = shape.vocabulary * shape.width;
        let tied = config.get("tie_word_embeddings").and_then(Value::as_bool).unwrap_or(false);
        Ok(Self {
            embedding: find("model.embed_tokens.weight", table)?,
            layers,
            norm: find("model.norm.weight", shape.width)?,
            output: if tied { None } else { Some(find("lm_head.weight", table)?) },
            shape,
        })
    }

    /// The weights by Hugging Face's names, with their shapes.
    pub fn named(&self) -> BTreeMap<String, (Vec<usize>, &[f32])> {
        let shape = &self.shape;
        let mut all: BTreeMap<String, (Vec<usize>, &[f32])> = BTreeMap::new();
        let table = vec![shape.vocabulary, shape.width];
        all.insert("model.embed_tokens.weight".into(), (table.clone(), &self.embedding));
        all.insert("model.norm.weight".into(), (vec![shape.width], &self.norm));
        if let Some(output) = &self.output {
            all.insert("lm_head.weight".into(), (table, output));
        }
        for (index, layer) in self.layers.iter().enumerate() {
            let mut put = |rest: &str, shape: Vec<usize>, numbers| {
                all.insert(format!("model.layers.{index}.{rest}"), (shape, numbers));
            };
            put("input_layernorm.weight", vec![shape.width], &layer.first_norm);
            put("post_attention_layernorm.weight", vec![shape.width], &layer.second_norm);
            for (part, matrix) in Part::ALL.into_iter().zip(&layer.matrices) {
                let (inputs, outputs) = part.size(shape);
                put(
                    &format!("{}.{}.weight", part.module(), part.as_str()),
                    vec![outputs, inputs],
                    matrix,
                );
            }
            for (part, bias) in Part::ALL.into_iter().zip(layer.biases.iter().flatten()) {
                put(&format!("self_attn.{}.bias", part.as_str()), vec![bias.len()], bias);
            }
        }
        all
    }

    pub(super) fn scores(&self) -> &[f32] {
        self.output.as_deref().unwrap_or(&self.embedding)
    }

    /// How many numbers it has.
    pub fn parameters(&self) -> usize {
        self.named().values().map(|(_, numbers)| numbers.len()).sum()
    }
}

/// Rows of each head, halves interleaved (`to` GGUF's order) or back: GGUF's row 2i + j of a head is row j · half + i.
pub(super) fn turn(matrix: &[f32], columns: usize, heads: usize, to: bool) -> Vec<f32> {
    let rows = matrix.len() / columns.max(1);
    let head = rows / heads.max(1);
    let half = head / 2;
    let mut out = Vec::with_capacity(matrix.len());
    for row in 0..rows {
        let (start, within) = (row / head.max(1) * head, row % head.max(1));
        let from = if to {
            within % 2 * half + within / 2
        } else {
            within % half.max(1) * 2 + within / half.max(1)
        };
        let at = (start + from) * columns;
        out.extend_from_slice(matrix.get(at..at + columns).unwrap_or_default());
    }
    out
}

fn gguf_shape(header: &Header) -> Result<Shape> {
    let own = gguf::Shape::of(header)?;
    let family = match own.family.as_str() {
        "llama" => Family::Llama,
        "qwen2" => Family::Qwen2,
        other => {
            return Err(unsupported(
                format!("models of the family `{other}`"),
                format!("`{other}` 系列的模型"),
            ));
        }
    };
    let count = |key: &str| {
        header
            .number(&format!("{}.{key}", own.family))
            .and_then(|number| usize::try_from(number).ok())
    };
    let float = |key: &str| match header.metadata.get(&format!("{}.{key}", own.family)) {
        Some(gguf::Value::Float(number)) => Some(*number),
        _ => None,
    };
    let need = |key: &str| {
        count(key).ok_or_else(|| {
            let family = &own.family;
            invalid(format!("`{family}.{key}` is missing"), format!("缺少 `{family}.{key}`"))
        })
    };
    let (width, heads) = (need("embedding_length")?, need("attention.head_count")?);
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    #[expect(clippy::cast_possible_truncation, reason = "single precision in every model")]
    let shape = Shape {
        family,
        vocabulary: size(own.vocabulary),
        width,
        inner: need("feed_forward_length")?,
        layers: need("block_count")?,
        heads,
        kv_heads: count("attention.head_count_kv").unwrap_or(heads),
        head: count("attention.key_length").unwrap_or(width / heads.max(1)),
        context: size(own.context),
        epsilon: float("attention.layer_norm_rms_epsilon").unwrap_or(1e-5) as f32,
        theta: float("rope.freq_base").unwrap_or(10_000.0) as f32,
    };
    if count("rope.dimension_count").is_some_and(|turned| turned != shape.head) {
        return Err(unsupported(
            "positions in a part of each head",
            "只作用于注意力头一部分的位置编码",
        ));
    }
    checked(shape)
}

fn config_shape(config: &Value) -> Result<Shape> {
    let name = config.get("model_type").and_then(Value::as_str).unwrap_or_default();
    let family = match name {
        "llama" => Family::Llama,
        "qwen2" => Family::Qwen2,
        other => {
            return Err(unsupported(
                format!("models of the family `{other}`"),
                format!("`{other}` 系列的模型"),
            ));
        }
    };
    let count = |key: &str| {
        config.get(key).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok())
    };
    let need = |key: &str| {
        count(key).ok_or_else(|| {
            invalid(
                format!("`{key}` is missing in config.json"),
                format!("config.json 中缺少 `{key}`"),
            )
        })
    };
    let float = |key: &str| config.get(key).and_then(Value::as_f64);
    if config.get("rope_scaling").is_some_and(|scaling| !scaling.is_null()) {
        return Err(unsupported(
            "scaled positions (rope_scaling)",
            "缩放的位置编码（rope_scaling）",
        ));
    }
    if config.get("use_sliding_window").and_then(Value::as_bool) == Some(true) {
        return Err(unsupported("attention in a sliding window", "滑动窗口注意力"));
    }
    let theta =
        float("rope_theta").or_else(|| config.get("rope_parameters")?.get("rope_theta")?.as_f64());
    let (width, heads) = (need("hidden_size")?, need("num_attention_heads")?);
    #[expect(clippy::cast_possible_truncation, reason = "single precision in every model")]
    let shape = Shape {
        family,
        vocabulary: need("vocab_size")?,
        width,
        inner: need("intermediate_size")?,
        layers: need("num_hidden_layers")?,
        heads,
        kv_heads: count("num_key_value_heads").unwrap_or(heads),
        head: count("head_dim").unwrap_or(width / heads.max(1)),
        context: count("max_position_embeddings").unwrap_or(2048),
        epsilon: float("rms_norm_eps").unwrap_or(1e-6) as f32,
        theta: theta.unwrap_or(10_000.0) as f32,
    };
    checked(shape)
}

/// Measures that fit each other and a machine.
fn checked(shape: Shape) -> Result<Shape> {
    let most = [
        (shape.vocabulary, 10_000_000),
        (shape.width, 1 << 16),
        (shape.inner, 1 << 18),
        (shape.layers, 1024),
        (shape.heads, 1024),
        (shape.kv_heads, 1024),
        (shape.head, 4096),
    ];
    let within = most.iter().all(|(number, most)| (1..=*most).contains(number));
    let fits = shape.heads.is_multiple_of(shape.kv_heads.max(1)) && shape.head.is_multiple_of(2);
    let numbers =
        shape.epsilon > 0.0 && shape.epsilon < 1.0 && shape.theta >= 1.0 && shape.theta.is_finite();
    if within && fits && numbers {
        Ok(shape)
    } else {
        Err(invalid("its measures do not fit each other", "各项尺寸彼此不符"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_rows_there_and_back() {
        let matrix: Vec<f32> = (0..24_u8).map(f32::from).collect();
        // Two heads of six rows, two columns: rows 0, 3, 1, 4, 2, 5 of each.
        let turned = turn(&matrix, 2, 2, true);
        assert_eq!(turned[..6], [0.0, 1.0, 6.0, 7.0, 2.0, 3.0]);
        assert_eq!(turn(&turned, 2, 2, false), matrix);
    }
}

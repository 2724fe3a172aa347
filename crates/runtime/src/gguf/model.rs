//! What a head tells of the model: checked before llama.cpp loads it.

use super::Header;
use crate::messages::GGUF_INVALID;
use ingot_base::{Fault, Result, Text};

/// Families of models that are served: decoders whose memory is one cache of keys and values.
const FAMILIES: [&str; 12] = [
    "llama",
    "qwen2",
    "qwen3",
    "mistral",
    "gemma",
    "gemma2",
    "gemma3",
    "phi2",
    "phi3",
    "smollm3",
    "starcoder2",
    "granite",
];

/// The measures of a model, in tokens, layers and heads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The family, as llama.cpp names it.
    pub family: String,
    /// Tokens that it knows.
    pub vocabulary: u64,
    /// Tokens that it was trained to see at once.
    pub context: u64,
    /// Layers.
    pub layers: u64,
    /// Numbers per token between layers.
    pub width: u64,
    /// Bytes of keys and values that one token takes in all layers, at half precision.
    pub cache_bytes: u64,
    /// Bytes of its tensors.
    pub weights: u64,
    /// Bytes of those of which an engine may make a second copy, in the order in which it multiplies them fastest.
    pub copies: u64,
}

/// The fault of a head that cannot be used.
pub(crate) fn refused(english: impl Into<String>, chinese: impl Into<String>) -> Fault {
    Fault::new(&GGUF_INVALID).words("detail", Text::new(english, chinese))
}

impl Shape {
    /// Reads the measures of a model's head.
    ///
    /// # Errors
    /// When the file is no model of a served family, or its figures are impossible.
    pub fn of(header: &Header) -> Result<Self> {
        if header.is_adapter() {
            return Err(refused("it is an adapter and no model", "这是适配器而非模型"));
        }
        let family = header.text("general.architecture").unwrap_or_default();
        if !FAMILIES.contains(&family) {
            let known = FAMILIES.join(", ");
            return Err(refused(
                format!("its family `{family}` is none of: {known}"),
                format!("其系列 `{family}` 不受支持，支持的有：{known}"),
            ));
        }
        let figure = |key: &str, most: u64| {
            let found = header.number(&format!("{family}.{key}"));
            found.filter(|number| (1..=most).contains(number)).ok_or_else(|| {
                let name = format!("`{family}.{key}`");
                refused(format!("{name} is missing or impossible"), format!("{name} 缺失或无效"))
            })
        };
        let layers = figure("block_count", 1024)?;
        let width = figure("embedding_length", 1 << 20)?;
        let heads = figure("attention.head_count", 4096)?;
        let context = figure("context_length", 1 << 30)?;
        let either = |key: &str, other: u64| match header.number(&format!("{family}.{key}")) {
            Some(number) if (1..=(1 << 20)).contains(&number) => number,
            _ => other,
        };
        let of_keys = either("attention.head_count_kv", heads);
        let key = either("attention.key_length", width / heads);
        let value = either("attention.value_length", width / heads);
        let table = header
            .tensor("token_embd.weight")
            .ok_or_else(|| refused("it has no table of tokens", "没有词元表"))?;
        let &[across, vocabulary] = table.dims.as_slice() else {
            return Err(refused("its table of tokens is of another shape", "词元表的形状不符"));
        };
        if across != width || vocabulary > 10_000_000 {
            return Err(refused("its table of tokens is of another shape", "词元表的形状不符"));
        }
        if let Some(super::Value::Texts(tokens)) = header.metadata.get("tokenizer.ggml.tokens")
            && tokens.len() as u64 != vocabulary
        {
            return Err(refused(
                "its tokens are more or fewer than their table says",
                "词元数量与词元表不符",
            ));
        }
        let cache_bytes = layers * of_keys * (key + value) * 2;
        Ok(Self {
            family: family.to_owned(),
            vocabulary,
            context,
            layers,
            width,
            cache_bytes,
            weights: header.tensor_bytes(),
            copies: copies(header),
        })
    }

    /// Bytes that serving takes: weights, the cache of `tokens`, and what one step of `batch` tokens with `outputs` rows of
    /// scores computes with. An upper estimate, for refusing before loading.
    pub fn memory(&self, tokens: u64, batch: u64, outputs: u64) -> u64 {
        let cache = self.cache_bytes.saturating_mul(tokens);
        let step = batch.saturating_mul(self.width).saturating_mul(4 * 16);
        let scores = outputs.saturating_mul(self.vocabulary).saturating_mul(4);
        let base = 64 << 20;
        [cache, step, scores, base].into_iter().fold(self.weights, u64::saturating_add)
    }
}

/// Bytes of the matrices whose types llama.cpp, or what Ingot adds to it, keeps in another order.
fn copies(header: &Header) -> u64 {
    const TYPES: [&str; 7] = ["Q2_K", "Q4_0", "Q4_1", "Q4_K", "Q8_0", "IQ4_NL", "MXFP4"];
    let matrices = header.tensors.iter().filter(|tensor| tensor.dims.len() == 2);
    let copied = matrices.filter(|tensor| TYPES.contains(&tensor.kind.name));
    copied.map(|tensor| tensor.bytes).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::super::{Data, Limits, Value, read, write};
    use super::*;
    use std::collections::BTreeMap;

    fn head(family: &str, width: u64) -> Header {
        let name = |key: &str| format!("{family}.{key}");
        let metadata = BTreeMap::from([
            ("general.architecture".to_owned(), Value::Text(family.into())),
            (name("block_count"), Value::Unsigned(2)),
            (name("embedding_length"), Value::Unsigned(width)),
            (name("attention.head_count"), Value::Unsigned(2)),
            (name("attention.head_count_kv"), Value::Unsigned(1)),
            (name("context_length"), Value::Unsigned(16)),
        ]);
        let numbers = [0.0; 24];
        let tensors = [("token_embd.weight", vec![8, 3], Data::F32(&numbers))];
        let bytes = write(&metadata, &tensors).unwrap();
        read(&bytes, bytes.len() as u64, &Limits::default()).unwrap()
    }

    #[test]
    fn figures_are_checked_against_the_tensors() {
        let shape = Shape::of(&head("llama", 8)).unwrap();
        // Two layers, one head of four keys and four values, two bytes each.
        assert_eq!((shape.vocabulary, shape.cache_bytes, shape.weights), (3, 32, 96));
        assert_eq!(shape.copies, 0);
        assert!(Shape::of(&head("llama", 16)).unwrap_err().to_string().contains("another shape"));
        assert!(Shape::of(&head("rwkv", 8)).unwrap_err().to_string().contains("family"));
    }

    #[test]
    fn memory_grows_with_the_cache() {
        let shape = Shape::of(&head("llama", 8)).unwrap();
        assert_eq!(shape.memory(1000, 1, 1) - shape.memory(0, 1, 1), 32_000);
        assert_eq!(shape.memory(u64::MAX, 1, 1), u64::MAX);
    }
}

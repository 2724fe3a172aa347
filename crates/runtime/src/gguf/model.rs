//! What a head tells of the model: checked before llama.cpp loads it.

use super::{Header, Tensor, Value};
use crate::messages::GGUF_INVALID;
use ingot_base::{Fault, Result, Text};
use std::collections::BTreeSet;

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

/// Tokenizers that are served, as llama.cpp names them: byte pairs, and `SentencePiece` with tokens for bytes.
const TOKENIZERS: [&str; 2] = ["gpt2", "llama"];
/// The type of tokens that stand for one byte.
const BYTE: i64 = 6;
/// Types that matrices may have: those that llama.cpp's processor code multiplies.
const MATRICES: [&str; 25] = [
    "F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K",
    "Q6_K", "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_NL", "IQ4_XS",
    "TQ1_0", "TQ2_0", "MXFP4",
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
        header.tensors.iter().enumerate().try_for_each(|(index, tensor)| {
            let allowed = if is_vector(tensor) { &["F32"][..] } else { &MATRICES[..] };
            let (kind, fine) = (tensor.kind.name, allowed.contains(&tensor.kind.name));
            if fine {
                return Ok(());
            }
            Err(refused(
                format!("tensor {index} is of type {kind}, which cannot stand there"),
                format!("第 {index} 个张量的类型为 {kind}，不能用在此处"),
            ))
        })?;
        words(header)?;
        if let Some(Value::Texts(tokens)) = header.metadata.get("tokenizer.ggml.tokens")
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

/// Whether a tensor is added to or multiplied number by number: norms, biases, factors of positions.
fn is_vector(tensor: &Tensor) -> bool {
    let one_row = tensor.dims.iter().skip(1).all(|dim| *dim == 1);
    one_row || tensor.name.contains("norm") || tensor.name.rsplit('.').next() == Some("bias")
}

/// Whether the words of a model are of a kind that llama.cpp reads every text with.
fn words(header: &Header) -> Result<()> {
    let Some(kind) = header.text("tokenizer.ggml.model") else { return Ok(()) };
    if !TOKENIZERS.contains(&kind) {
        let known = TOKENIZERS.join(", ");
        return Err(refused(
            format!("its tokenizer `{kind}` is none of: {known}"),
            format!("不支持其分词器 `{kind}`；支持：{known}"),
        ));
    }
    let Some(Value::Texts(tokens)) = header.metadata.get("tokenizer.ggml.tokens") else {
        return Err(refused("its tokens are missing", "缺少词元"));
    };
    let spelled = |text: &str| text.len() == 6 && text.starts_with("<0x") && text.ends_with('>');
    if let Some(Value::Integers(types)) = header.metadata.get("tokenizer.ggml.token_type") {
        let wrong = types.iter().zip(tokens).position(|(one, text)| *one == BYTE && !spelled(text));
        if let Some(index) = wrong {
            return Err(refused(
                format!("its token {index} stands for no byte, though it says so"),
                format!("第 {index} 个词元标为字节，却不代表任何字节"),
            ));
        }
    }
    if kind == "llama" {
        // A character that is no token is read as its bytes, and each of them must be one.
        let tokens: BTreeSet<&str> = tokens.iter().map(String::as_str).collect();
        let there = |byte: u8| {
            let plain = char::from(byte).to_string();
            tokens.contains(format!("<0x{byte:02X}>").as_str())
                || (1..0x80).contains(&byte) && tokens.contains(plain.as_str())
        };
        if !(0..=255).all(there) {
            return Err(refused("its tokenizer lacks tokens for bytes", "分词器缺少字节词元"));
        }
    }
    Ok(())
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
    use super::super::{Data, Limits, TensorKind, Value, read, write};
    use super::*;
    use std::collections::BTreeMap;

    fn head(family: &str, width: u64) -> Header {
        with(family, width, &[], &[])
    }

    fn with(
        family: &str,
        width: u64,
        more: &[(&str, Value)],
        others: &[(&str, Vec<u64>, Data<'_>)],
    ) -> Header {
        let name = |key: &str| format!("{family}.{key}");
        let mut metadata = BTreeMap::from([
            ("general.architecture".to_owned(), Value::Text(family.into())),
            (name("block_count"), Value::Unsigned(2)),
            (name("embedding_length"), Value::Unsigned(width)),
            (name("attention.head_count"), Value::Unsigned(2)),
            (name("attention.head_count_kv"), Value::Unsigned(1)),
            (name("context_length"), Value::Unsigned(16)),
        ]);
        metadata.extend(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        let numbers = [0.0; 24];
        let mut tensors = vec![("token_embd.weight", vec![8, 3], Data::F32(&numbers))];
        tensors.extend_from_slice(others);
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
    fn tensors_are_of_types_that_can_stand_there() {
        let bytes = [0_u8; 512];
        for (name, dims, kind, fine) in [
            ("blk.0.attn_q.weight", vec![32, 2], 2, true),
            ("blk.0.attn_q.weight", vec![8, 8], 26, false),
            ("blk.0.attn_k.weight", vec![8, 8], 24, false),
            ("output.weight", vec![8, 8], 28, false),
            ("output.weight", vec![32, 2], 9, false),
            ("output_norm.weight", vec![8], 1, false),
            ("blk.0.attn_norm.weight", vec![8, 1], 28, false),
            ("blk.0.attn_q_norm.weight", vec![32, 2], 2, false),
            ("blk.0.attn_q.bias", vec![8], 1, false),
            ("blk.0.attn_q.bias", vec![8], 0, true),
        ] {
            let kind = TensorKind::of(kind).unwrap();
            let length = usize::try_from(kind.size(&dims).unwrap()).unwrap();
            let tensor = (name, dims, Data::Raw(kind, &bytes[..length]));
            let head = with("llama", 8, &[], &[tensor]);
            assert_eq!(Shape::of(&head).is_ok(), fine, "{name} {}", kind.name);
        }
    }

    #[test]
    fn tokenizers_read_every_text_or_are_refused() {
        let words = |kind: &str, tokens: &[String], types: &[i64]| {
            let more = [
                ("tokenizer.ggml.model", Value::Text(kind.into())),
                ("tokenizer.ggml.tokens", Value::Texts(tokens.to_vec())),
                ("tokenizer.ggml.token_type", Value::Integers(types.to_vec())),
            ];
            words(&with("llama", 8, &more, &[])).is_ok()
        };
        let three = ["a", "b", "c"].map(str::to_owned);
        assert!(words("gpt2", &three, &[1, 1, 1]) && !words("gpt2", &three, &[1, 6, 1]));
        for kind in ["llama", "none", "no_vocab", "rwkv", "t5", "test"] {
            assert!(!words(kind, &three, &[1, 1, 1]), "{kind}");
        }
        let bytes: Vec<String> = (0..=255_u8).map(|byte| format!("<0x{byte:02X}>")).collect();
        assert!(words("llama", &bytes, &[6; 256]));
    }

    #[test]
    fn memory_grows_with_the_cache() {
        let shape = Shape::of(&head("llama", 8)).unwrap();
        assert_eq!(shape.memory(1000, 1, 1) - shape.memory(0, 1, 1), 32_000);
        assert_eq!(shape.memory(u64::MAX, 1, 1), u64::MAX);
    }
}

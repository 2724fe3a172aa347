//! The head of a GGUF file for a model that came as a checkpoint: measures, vocabulary, template.

use super::model::Shape;
use super::words::{LLAMA, QWEN, Words};
use crate::messages::BASE_UNSUPPORTED;
use ingot_base::{Fault, Result, Text, fault};
use ingot_runtime::gguf::Value as Entry;
use serde_json::Value;
use std::collections::BTreeMap;

fn unsupported(english: &str, chinese: &str) -> Fault {
    Fault::new(&BASE_UNSUPPORTED).words("detail", Text::new(english, chinese))
}

impl Words {
    /// What a GGUF file says of a model with this vocabulary and these measures.
    ///
    /// # Errors
    /// When the vocabulary is no byte-level BPE of a kind that llama.cpp knows by name.
    pub fn head(&self, shape: &Shape, name: &str) -> Result<BTreeMap<String, Entry>> {
        let document = serde_json::to_value(self.tokenizer())
            .map_err(|error| fault::internal("a vocabulary without a JSON form").because(error))?;
        let family = shape.family.as_str();
        let text = |text: &str| Entry::Text(text.to_owned());
        let count = |number: usize| Entry::Unsigned(number as u64);
        let mut all = BTreeMap::from([
            ("general.architecture".to_owned(), text(family)),
            ("general.type".to_owned(), text("model")),
            ("general.name".to_owned(), text(name)),
            ("general.quantization_version".to_owned(), Entry::Unsigned(2)),
            ("tokenizer.ggml.model".to_owned(), text("gpt2")),
            ("tokenizer.ggml.pre".to_owned(), text(split(&document)?)),
            ("tokenizer.ggml.add_bos_token".to_owned(), Entry::Bool(self.begins())),
            ("tokenizer.chat_template".to_owned(), text(self.template())),
        ]);
        for (key, value) in [
            ("block_count", count(shape.layers)),
            ("context_length", count(shape.context)),
            ("embedding_length", count(shape.width)),
            ("feed_forward_length", count(shape.inner)),
            ("attention.head_count", count(shape.heads)),
            ("attention.head_count_kv", count(shape.kv_heads)),
            ("attention.key_length", count(shape.head)),
            ("attention.value_length", count(shape.head)),
            ("attention.layer_norm_rms_epsilon", Entry::Float(f64::from(shape.epsilon))),
            ("rope.freq_base", Entry::Float(f64::from(shape.theta))),
            ("rope.dimension_count", count(shape.head)),
            ("vocab_size", count(shape.vocabulary)),
        ] {
            all.insert(format!("{family}.{key}"), value);
        }
        let (begin, end) = self.bounds();
        for (key, token) in [("bos", begin), ("eos", end)] {
            if let Some(token) = token {
                all.insert(
                    format!("tokenizer.ggml.{key}_token_id"),
                    Entry::Unsigned(u64::from(token)),
                );
            }
        }
        let (tokens, kinds) = vocabulary(&document, shape.vocabulary)?;
        all.insert("tokenizer.ggml.tokens".into(), Entry::Texts(tokens));
        all.insert("tokenizer.ggml.token_type".into(), Entry::Integers(kinds));
        all.insert("tokenizer.ggml.merges".into(), Entry::Texts(merges(&document)?));
        Ok(all)
    }
}

/// Tokens by number, and what kind each is: 1 a text, 3 a mark, 4 a text that is always one token, 5 nothing.
fn vocabulary(document: &Value, size: usize) -> Result<(Vec<String>, Vec<i64>)> {
    let known = document.pointer("/model/vocab").and_then(Value::as_object);
    let known = known.ok_or_else(|| unsupported("a vocabulary that is no BPE", "非 BPE 的词表"))?;
    let mut tokens: Vec<(String, i64)> = (0..size).map(|id| (format!("[PAD{id}]"), 5)).collect();
    let mut put = |id: &Value, token: &str, kind: i64| {
        let slot =
            id.as_u64().and_then(|id| usize::try_from(id).ok()).and_then(|id| tokens.get_mut(id));
        if let Some(slot) = slot {
            *slot = (token.to_owned(), kind);
        }
    };
    for (token, id) in known {
        put(id, token, 1);
    }
    for added in document.get("added_tokens").and_then(Value::as_array).into_iter().flatten() {
        let special = added.get("special").and_then(Value::as_bool) == Some(true);
        if let (Some(id), Some(token)) =
            (added.get("id"), added.get("content").and_then(Value::as_str))
        {
            put(id, token, if special { 3 } else { 4 });
        }
    }
    Ok(tokens.into_iter().unzip())
}

fn merges(document: &Value) -> Result<Vec<String>> {
    let list = document.pointer("/model/merges").and_then(Value::as_array);
    let list = list.ok_or_else(|| unsupported("a vocabulary that is no BPE", "非 BPE 的词表"))?;
    let one = |merge: &Value| match merge {
        Value::String(text) => Some(text.clone()),
        Value::Array(pair) => match pair.as_slice() {
            [left, right] => Some(format!("{} {}", left.as_str()?, right.as_str()?)),
            _ => None,
        },
        _ => None,
    };
    let all: Option<Vec<String>> = list.iter().map(one).collect();
    all.ok_or_else(|| unsupported("a vocabulary whose merges are no pairs", "合并规则不成对的词表"))
}

/// llama.cpp's name of how texts are split.
fn split(document: &Value) -> Result<&'static str> {
    let outer = document.get("pre_tokenizer").unwrap_or(&Value::Null);
    let steps = match outer.get("pretokenizers").and_then(Value::as_array) {
        Some(steps) => steps.iter().collect::<Vec<_>>(),
        None => vec![outer],
    };
    let kind =
        |step: &&Value| step.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let kinds: Vec<String> = steps.iter().map(kind).collect();
    let pattern =
        steps.first().and_then(|step| step.pointer("/pattern/Regex")).and_then(Value::as_str);
    match (kinds.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), pattern) {
        (["ByteLevel"], _) => Ok("gpt-2"),
        (["Digits", "ByteLevel"], _) => Ok("smollm"),
        (["Split", "ByteLevel"], Some(QWEN)) => Ok("qwen2"),
        (["Split", "ByteLevel"], Some(LLAMA)) => Ok("llama-bpe"),
        _ => Err(unsupported(
            "a way to split texts that llama.cpp has no name for here",
            "llama.cpp 没有对应名称的文本切分方式",
        )),
    }
}

//! Texts and tokens: the model's own vocabulary and its own template of conversations.

use crate::messages::{BASE_INVALID, BASE_UNSUPPORTED};
use ingot_base::{Fault, Result, Text};
use ingot_runtime::generate::{ChatTemplate, Message};
use ingot_runtime::gguf::{Header, Value as Entry};
use serde_json::{Value, json};
use tokenizers::Tokenizer;

/// Digits one by one, then as GPT-2.
const SMOLLM: &str = "smollm";
pub(super) const QWEN: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
pub(super) const LLAMA: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// A model's vocabulary and template.
#[derive(Debug, Clone)]
pub struct Words {
    tokenizer: Tokenizer,
    template: ChatTemplate,
    source: String,
    /// Tokens that end an answer.
    ends: Vec<u32>,
    /// Texts of tokens that are no text.
    marks: Vec<String>,
    /// A token that every text begins with.
    begin: Option<(u32, String)>,
    /// The numbers of the tokens that begin and end a text, whether or not texts do.
    bounds: (Option<u32>, Option<u32>),
}

/// A conversation as tokens, and which of them are to be learnt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Its tokens.
    pub tokens: Vec<u32>,
    /// As many: whether the token is the assistant's.
    pub learnt: Vec<bool>,
}

impl Example {
    /// Tokens that count in the loss: those to be learnt, but never the first, which follows nothing.
    pub(super) fn counted(&self) -> usize {
        self.learnt.iter().skip(1).filter(|learnt| **learnt).count()
    }
}

/// Why a conversation is not learnt from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It has more tokens than asked for.
    Long,
    /// No message of the assistant, or an empty one.
    Silent,
    /// Somebody's words hold a mark of the template.
    Mark,
    /// The template refuses it.
    Refused,
    /// The answer that is preferred is the one it is preferred to.
    Alike,
}

fn invalid(english: impl Into<String>, chinese: impl Into<String>) -> Fault {
    Fault::new(&BASE_INVALID).words("detail", Text::new(english, chinese))
}

impl Words {
    /// Out of a GGUF file's head.
    ///
    /// # Errors
    /// When the vocabulary is of a kind not known here, or there is no template.
    pub fn from_gguf(header: &Header) -> Result<Self> {
        let list = |key: &str| match header.metadata.get(key) {
            Some(Entry::Texts(texts)) => Ok(texts),
            _ => Err(invalid(format!("`{key}` is missing"), format!("缺少 `{key}`"))),
        };
        let model = header.text("tokenizer.ggml.model").unwrap_or_default();
        if model != "gpt2" {
            return Err(Fault::new(&BASE_UNSUPPORTED).words(
                "detail",
                Text::new(
                    format!("vocabularies of the kind `{model}`"),
                    format!("`{model}` 类型的词表"),
                ),
            ));
        }
        let tokens = list("tokenizer.ggml.tokens")?;
        let kinds = match header.metadata.get("tokenizer.ggml.token_type") {
            Some(Entry::Integers(kinds)) => kinds.as_slice(),
            _ => &[],
        };
        let pre = header.text("tokenizer.ggml.pre").unwrap_or("gpt-2");
        let document = document(tokens, kinds, list("tokenizer.ggml.merges")?, pre)?;
        let tokenizer = read(&document)?;
        let token = |key: &str| {
            let id = u32::try_from(header.number(key)?).ok()?;
            Some((id, tokens.get(id as usize)?.clone()))
        };
        let (begin, end) =
            (token("tokenizer.ggml.bos_token_id"), token("tokenizer.ggml.eos_token_id"));
        let begins = match header.metadata.get("tokenizer.ggml.add_bos_token") {
            Some(Entry::Bool(begins)) => *begins,
            _ => pre == "llama-bpe",
        };
        let source = header
            .chat_template()
            .ok_or_else(|| invalid("it has no chat template", "没有对话模板"))?;
        Self::new(tokenizer, source, (begin, begins), end)
    }

    /// Out of `tokenizer.json` and `tokenizer_config.json`.
    ///
    /// # Errors
    /// When one of them is damaged, or there is no template.
    pub fn from_checkpoint(tokenizer: &[u8], config: &[u8]) -> Result<Self> {
        let tokenizer = Tokenizer::from_bytes(tokenizer).map_err(|error| {
            invalid(format!("tokenizer.json: {error}"), format!("tokenizer.json：{error}"))
        })?;
        let config: Value = serde_json::from_slice(config).map_err(|error| {
            invalid("tokenizer_config.json is no JSON", "tokenizer_config.json 不是 JSON")
                .because(error)
        })?;
        let token = |key: &str| {
            let value = config.get(key)?;
            let text = value.as_str().or_else(|| value.get("content")?.as_str())?;
            Some((tokenizer.token_to_id(text)?, text.to_owned()))
        };
        let source = config
            .get("chat_template")
            .and_then(Value::as_str)
            .ok_or_else(|| invalid("it has no chat template", "没有对话模板"))?;
        let begins = config.get("add_bos_token").and_then(Value::as_bool).unwrap_or(false);
        let (begin, end) = (token("bos_token"), token("eos_token"));
        Self::new(tokenizer, source, (begin, begins), end)
    }

    #[expect(clippy::needless_pass_by_value, reason = "it is kept")]
    fn new(
        tokenizer: Tokenizer,
        source: &str,
        (begin, begins): (Option<(u32, String)>, bool),
        end: Option<(u32, String)>,
    ) -> Result<Self> {
        let text = |token: &Option<(u32, String)>| {
            token.as_ref().map(|one| one.1.clone()).unwrap_or_default()
        };
        let template = ChatTemplate::new(source, &text(&begin), &text(&end))?;
        let mut marks: Vec<String> = tokenizer
            .get_added_tokens_decoder()
            .into_values()
            .filter(|token| token.special)
            .map(|token| token.content)
            .collect();
        marks.sort();
        // Whatever ends a turn in templates in use, besides what the model says itself.
        let named = ["<|im_end|>", "<|eot_id|>", "<|end_of_text|>", "<|endoftext|>", "</s>"];
        let mut ends: Vec<u32> =
            named.iter().filter_map(|name| tokenizer.token_to_id(name)).collect();
        let bounds = (begin.as_ref().map(|one| one.0), end.as_ref().map(|one| one.0));
        ends.extend(bounds.1);
        ends.sort_unstable();
        ends.dedup();
        Ok(Self {
            tokenizer,
            template,
            source: source.to_owned(),
            ends,
            marks,
            begin: begin.filter(|_| begins),
            bounds,
        })
    }

    pub(super) fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    pub(super) fn begins(&self) -> bool {
        self.begin.is_some()
    }

    pub(super) fn bounds(&self) -> (Option<u32>, Option<u32>) {
        self.bounds
    }

    /// The template, as the model brought it.
    pub fn template(&self) -> &str {
        &self.source
    }

    /// Tokens that end an answer.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The tokens of a text; marks in it become their tokens.
    ///
    /// # Errors
    /// When the tokenizer fails, which no text is known to cause.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>> {
        let encoded = self
            .tokenizer
            .encode_fast(text, false)
            .map_err(|error| invalid(format!("tokenizer: {error}"), format!("分词器：{error}")))?;
        Ok(encoded.get_ids().to_vec())
    }

    /// The text of tokens, without marks.
    pub fn text(&self, tokens: &[u32]) -> String {
        self.tokenizer.decode(tokens, true).unwrap_or_default()
    }

    /// A conversation up to where the assistant's next words begin, as tokens.
    ///
    /// # Errors
    /// When the template refuses the conversation.
    pub fn prompt(&self, messages: &[Message]) -> Result<Vec<u32>> {
        let text = self.template.render(messages, &[], true)?;
        let mut tokens = self.begin(&text);
        tokens.extend(self.tokens(&text)?);
        Ok(tokens)
    }

    fn begin(&self, text: &str) -> Vec<u32> {
        self.begin
            .iter()
            .filter(|(_, mark)| !text.starts_with(mark.as_str()))
            .map(|(id, _)| *id)
            .collect()
    }

    /// A conversation whose assistant's words are to be learnt: each with the mark that ends it, split where a prompt would end, so
    /// that training sees what serving will.
    ///
    /// # Errors
    /// Why it is not learnt from.
    pub fn example(
        &self,
        messages: &[Message],
        limit: usize,
    ) -> std::result::Result<Example, Unfit> {
        let marked = |message: &Message| {
            // Calls, names and whatever else a template may write.
            let whole = serde_json::to_string(message).unwrap_or_default();
            let held = |mark: &String| message.content.contains(mark) || whole.contains(mark);
            self.marks.iter().any(held)
        };
        if messages.iter().any(marked) {
            return Err(Unfit::Mark);
        }
        let mut example = Example { tokens: Vec::new(), learnt: Vec::new() };
        let mut done = String::new();
        for (index, message) in messages.iter().enumerate() {
            if message.role != "assistant" {
                continue;
            }
            if message.content.trim().is_empty() && message.tool_calls.is_empty() {
                return Err(Unfit::Silent);
            }
            let render = |count: usize, open: bool| {
                self.template
                    .render(messages.get(..count).unwrap_or_default(), &[], open)
                    .map_err(|_| Unfit::Refused)
            };
            let (open, closed) = (render(index, true)?, render(index + 1, false)?);
            let asked = open.strip_prefix(&done).ok_or(Unfit::Refused)?;
            let said = closed.strip_prefix(&open).ok_or(Unfit::Refused)?;
            let tokens = |text: &str| self.tokens(text).map_err(|_| Unfit::Refused);
            if example.tokens.is_empty() {
                example.tokens.extend(self.begin(&open));
            }
            example.tokens.extend(tokens(asked)?);
            example.learnt.resize(example.tokens.len(), false);
            let said = tokens(said)?;
            let last = said
                .iter()
                .position(|token| self.ends.contains(token))
                .map_or(said.len(), |end| end + 1);
            example.tokens.extend(&said);
            example.learnt.resize(example.learnt.len() + last, true);
            example.learnt.resize(example.tokens.len(), false);
            done = closed;
        }
        // What follows the last token to be learnt teaches nothing.
        let last = example.learnt.iter().rposition(|learnt| *learnt).ok_or(Unfit::Silent)?;
        example.tokens.truncate(last + 1);
        example.learnt.truncate(last + 1);
        if example.tokens.len() > limit { Err(Unfit::Long) } else { Ok(example) }
    }
}

/// A vocabulary of a GGUF file in the form that `tokenizers` reads.
fn document(tokens: &[String], kinds: &[i64], merges: &[String], pre: &str) -> Result<Value> {
    let vocabulary: serde_json::Map<String, Value> =
        tokens.iter().zip(0_u32..).map(|(token, id)| (token.clone(), json!(id))).collect();
    // 3: a mark; 4: a text that is always one token.
    let added: Vec<Value> = (0_u32..)
        .zip(tokens)
        .zip(kinds)
        .filter(|(_, kind)| matches!(kind, 3 | 4))
        .map(|((id, token), kind)| {
            json!({"id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": *kind == 3})
        })
        .collect();
    let bytes = |regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": regex});
    let split = |pattern: &str| {
        let split = json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false});
        json!({"type": "Sequence", "pretokenizers": [split, bytes(false)]})
    };
    let (split, normaliser, whole) = match pre {
        "gpt-2" | "default" => (bytes(true), Value::Null, false),
        SMOLLM => {
            let digits = json!({"type": "Digits", "individual_digits": true});
            (
                json!({"type": "Sequence", "pretokenizers": [digits, bytes(true)]}),
                Value::Null,
                false,
            )
        }
        "qwen2" => (split(QWEN), json!({"type": "NFC"}), false),
        "llama-bpe" => (split(LLAMA), Value::Null, true),
        other => {
            return Err(Fault::new(&BASE_UNSUPPORTED).words(
                "detail",
                Text::new(
                    format!("texts split as `{other}`"),
                    format!("按 `{other}` 方式切分文本"),
                ),
            ));
        }
    };
    let pairs: Vec<Value> = merges
        .iter()
        .filter_map(|merge| merge.split_once(' '))
        .map(|(left, right)| json!([left, right]))
        .collect();
    if pairs.len() != merges.len() {
        return Err(invalid("a merge of its vocabulary is no pair", "词表中有一条合并规则不成对"));
    }
    Ok(json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": normaliser,
        "pre_tokenizer": split, "post_processor": null,
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
            "fuse_unk": false, "byte_fallback": false, "ignore_merges": whole, "vocab": vocabulary, "merges": pairs,
        },
    }))
}

fn read(document: &Value) -> Result<Tokenizer> {
    Tokenizer::from_bytes(document.to_string())
        .map_err(|error| invalid(format!("its vocabulary: {error}"), format!("词表：{error}")))
}

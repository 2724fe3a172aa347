//! GGUF files, the form of language models for llama.cpp: read with limits and checked whole before any engine sees them, and
//! written. Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, versions 2 and 3, little-endian.

mod adapter;
mod kinds;
mod model;
mod read;
mod write;

pub use adapter::belongs;
pub use kinds::TensorKind;
pub use model::Shape;
pub(crate) use model::refused;
pub use read::{Limits, of_file, read, read_file};
pub use write::{Data, write};

use std::collections::BTreeMap;

/// The head of a file: everything but the numbers of its tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Version of the format: 2 or 3.
    pub version: u32,
    /// What the file says about itself, by key.
    pub metadata: BTreeMap<String, Value>,
    /// How the file stores each of them, by the format's numbers of types: some readers take one width only.
    pub kinds: BTreeMap<String, u32>,
    /// The tensors, in the file's order.
    pub tensors: Vec<Tensor>,
    /// Where the tensors' bytes begin in the file.
    pub data: u64,
}

/// One value of the metadata.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A whole number without sign, of any width.
    Unsigned(u64),
    /// A whole number with sign, of any width.
    Signed(i64),
    /// A number.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// A text; bytes that are no UTF-8 are replaced.
    Text(String),
    /// Whole numbers.
    Integers(Vec<i64>),
    /// Numbers.
    Floats(Vec<f32>),
    /// Texts.
    Texts(Vec<String>),
}

/// Where a tensor lies and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Elements per dimension, the fastest first (the reverse of `PyTorch`'s order); at most four.
    pub dims: Vec<u64>,
    /// How its numbers are stored.
    pub kind: TensorKind,
    /// Bytes from [`Header::data`] to its first.
    pub offset: u64,
    /// Bytes that it takes.
    pub bytes: u64,
}

impl Tensor {
    /// How many numbers it holds.
    pub fn elements(&self) -> u64 {
        self.dims.iter().product()
    }
}

impl Value {
    /// A whole number that is not negative.
    pub fn unsigned(&self) -> Option<u64> {
        match self {
            Self::Unsigned(number) => Some(*number),
            Self::Signed(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Header {
    /// A text of the metadata.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).and_then(Value::text)
    }

    /// A whole number of the metadata.
    pub fn number(&self, key: &str) -> Option<u64> {
        self.metadata.get(key).and_then(Value::unsigned)
    }

    /// How the file stores an entry of the metadata.
    pub fn kind(&self, key: &str) -> Option<u32> {
        self.kinds.get(key).copied()
    }

    /// A tensor by name.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// Bytes of all tensors.
    pub fn tensor_bytes(&self) -> u64 {
        self.tensors.iter().map(|tensor| tensor.bytes).fold(0, u64::saturating_add)
    }

    /// The chat template of the model, a Jinja text.
    pub fn chat_template(&self) -> Option<&str> {
        self.text("tokenizer.chat_template")
    }

    /// Whether the file holds an adapter (`LoRA`) and no model.
    pub fn is_adapter(&self) -> bool {
        self.text("general.type") == Some("adapter")
    }
}

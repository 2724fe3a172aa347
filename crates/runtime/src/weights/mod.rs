//! Named tensors out of files that others wrote.

mod pickle;
mod pytorch;
mod safetensors;

pub use pytorch::read_pytorch;
pub use safetensors::{numbers, read_safetensors};

use std::collections::BTreeMap;

/// Tensors by name.
pub type Weights = BTreeMap<String, Tensor>;

/// A dense tensor, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Its shape; empty for a single number.
    pub shape: Vec<usize>,
    /// As many as the shape says.
    pub data: Vec<f32>,
}

//! The table `[compress]`, typed.

use super::Unfreeze;
use serde::{Deserialize, Serialize};

/// The table `[compress]`: a smaller and faster model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compress {
    /// Fewer bits; `None`: as it was trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantize: Option<Quantize>,
    /// Forms of a language model that are measured too.
    pub beside: Vec<Quantize>,
    /// How the ranges of values are found.
    pub calibration: Calibration,
    /// What is taken out.
    pub prune: Prune,
    /// What a smaller network learns from the trained one; `None`: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distill: Option<Distill>,
    /// What it may cost.
    pub tolerance: Tolerance,
}

impl Compress {
    /// Whether anything is asked for.
    pub fn is_asked(&self) -> bool {
        let student = self.distill.is_some_and(|distill| distill.layers.is_some());
        self.quantize.is_some() || self.prune.is_asked() || !self.beside.is_empty() || student
    }
}

/// Fewer bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(non_camel_case_types, reason = "llama.cpp's names, of which the digits are the point")]
pub enum Quantize {
    /// Eight, of a network of pictures or texts.
    Int8,
    /// Of a language model: eight bits in blocks of 32.
    Q8_0,
    /// Six bits and a half in blocks of 256.
    Q6_K,
    /// Five bits and a half, some matrices with more.
    Q5_K_M,
    /// Six bits in blocks of 32, with an offset.
    Q5_1,
    /// Five bits and a half in blocks of 32.
    Q5_0,
    /// Four bits and a half in blocks of 256, some matrices with more.
    Q4_K_M,
    /// Five bits in blocks of 32, with an offset.
    Q4_1,
    /// Four bits and a half in blocks of 32.
    Q4_0,
    /// Four bits and a half, steps that are not equal.
    Iq4_Nl,
    /// Three bits and a half, some matrices with more.
    Q3_K_M,
}

impl Quantize {
    /// Its name, as recipes write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Q8_0 => "q8_0",
            Self::Q6_K => "q6_k",
            Self::Q5_K_M => "q5_k_m",
            Self::Q5_1 => "q5_1",
            Self::Q5_0 => "q5_0",
            Self::Q4_K_M => "q4_k_m",
            Self::Q4_1 => "q4_1",
            Self::Q4_0 => "q4_0",
            Self::Iq4_Nl => "iq4_nl",
            Self::Q3_K_M => "q3_k_m",
        }
    }
}

/// The table `compress.calibration`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// How a range is found.
    pub method: CalibrationMethod,
    /// Percent of the numbers that are not 0 within the range, with that method; in (50, 100].
    pub percentile: f64,
    /// Training pictures looked at: 1 to 1,000.
    pub pictures: usize,
    /// Tokens of training conversations that show which weights of a language model matter; 0: none.
    pub tokens: usize,
}

/// How the range of a value is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CalibrationMethod {
    /// From the least to the greatest.
    MinMax,
    /// Of least divergence.
    Entropy,
    /// All but the outermost.
    Percentile,
}

/// The table `compress.prune`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prune {
    /// Share of the multiplications between convolutions that taking out channels saves; in [0, 0.9].
    pub channels: f64,
    /// Share of the smallest weights that become 0; in [0, 0.9].
    pub weights: f64,
}

impl Prune {
    /// Whether anything is asked for.
    pub fn is_asked(&self) -> bool {
        self.channels > 0.0 || self.weights > 0.0
    }
}

/// The table `compress.distill`: how a smaller network learns from the trained one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distill {
    /// What both networks' logits are divided by: 1 to 100.
    pub temperature: f64,
    /// The teacher's share of the loss; in (0, 1].
    pub weight: f64,
    /// Layers of an encoder of texts that the student has: 1 to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<usize>,
    /// The training of the last blocks, or of the student, whose settings stand beside these.
    #[serde(flatten)]
    pub training: Unfreeze,
}

/// The table `compress.tolerance`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// How much lower the accuracy may be; in [0, 1).
    pub metric: f64,
    /// Least share of rows with the answer of before; in [0, 1].
    pub agreement: f64,
    /// Greatest divergence of a language model from the unquantised one, in nats; above 0.
    pub divergence: f64,
    /// Share by which a language model's perplexity may rise.
    pub perplexity: f64,
}

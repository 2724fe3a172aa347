//! The table `[compress]`, typed.

use serde::{Deserialize, Serialize};

/// The table `[compress]`: a smaller and faster network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compress {
    /// Fewer bits; `None`: as it was trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantize: Option<Quantize>,
    /// How the ranges of values are found.
    pub calibration: Calibration,
    /// What is taken out.
    pub prune: Prune,
    /// What it may cost.
    pub tolerance: Tolerance,
}

impl Compress {
    /// Whether anything is asked for.
    pub fn is_asked(&self) -> bool {
        self.quantize.is_some() || self.prune.is_asked()
    }
}

/// Fewer bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantize {
    /// Eight.
    Int8,
}

/// The table `compress.calibration`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// How a range is found.
    pub method: CalibrationMethod,
    /// Percent of the values within the range, with that method; in (50, 100].
    pub percentile: f64,
    /// Training pictures looked at: 1 to 1,000.
    pub pictures: usize,
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

/// The table `compress.tolerance`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// How much lower the accuracy may be; in [0, 1).
    pub metric: f64,
    /// Least share of rows with the answer of before; in [0, 1].
    pub agreement: f64,
}

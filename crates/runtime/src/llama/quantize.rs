//! Models of fewer bits, by llama.cpp, and which weights matter most: the importance that a user's own texts show.

use super::measure::Weights;
use super::native::{self, Batch, Context, Sizes, Step};
use crate::generate::Token;
use crate::messages::QUANTISATION_UNKNOWN;
use ingot_base::{Fault, Result};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// How the weights of a model are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantisation {
    name: &'static str,
    /// llama.cpp's number.
    id: u32,
}

/// What can be made, the largest first.
static ALL: [Quantisation; 20] = [
    Quantisation { name: "f32", id: 0 },
    Quantisation { name: "f16", id: 1 },
    Quantisation { name: "bf16", id: 32 },
    Quantisation { name: "q8_0", id: 7 },
    Quantisation { name: "q6_k", id: 18 },
    Quantisation { name: "q5_1", id: 9 },
    Quantisation { name: "q5_k_m", id: 17 },
    Quantisation { name: "q5_k_s", id: 16 },
    Quantisation { name: "q5_0", id: 8 },
    Quantisation { name: "q4_1", id: 3 },
    Quantisation { name: "q4_k_m", id: 15 },
    Quantisation { name: "q4_k_s", id: 14 },
    Quantisation { name: "iq4_nl", id: 25 },
    Quantisation { name: "q4_0", id: 2 },
    Quantisation { name: "iq4_xs", id: 30 },
    Quantisation { name: "q3_k_l", id: 13 },
    Quantisation { name: "q3_k_m", id: 12 },
    Quantisation { name: "q3_k_s", id: 11 },
    Quantisation { name: "q2_k", id: 10 },
    Quantisation { name: "q2_k_s", id: 21 },
];

impl Quantisation {
    /// What can be made, the largest first.
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// Its name, as recipes and llama.cpp write it, in small letters.
    pub const fn name(self) -> &'static str {
        self.name
    }
}

impl fmt::Display for Quantisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl FromStr for Quantisation {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self> {
        let wanted = text.to_ascii_lowercase();
        ALL.iter().copied().find(|one| one.name == wanted).ok_or_else(|| {
            let known: Vec<&str> = ALL.iter().map(|one| one.name).collect();
            Fault::new(&QUANTISATION_UNKNOWN).arg("name", text).arg("known", known.join(", "))
        })
    }
}

/// How much the columns of each matrix matter: the mean square of what they are multiplied with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Importance {
    pub(super) tensors: BTreeMap<String, Columns>,
}

/// Sums over the tokens seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Columns {
    pub(super) squares: Vec<f32>,
    pub(super) tokens: usize,
}

impl Importance {
    /// Reads texts, as tokens, with a model and watches its matrices, for about `most` tokens.
    ///
    /// # Errors
    /// When the model cannot compute.
    pub fn of(weights: &Weights, texts: &[&[Token]], most: usize) -> Result<Self> {
        let sizes =
            Sizes { tokens: 512, sequences: 1, batch: 512, outputs: 1, threads: super::threads(0) };
        let mut found = Box::new(Self::default());
        let watch = native::watching(&mut found);
        let mut context = Context::new(weights.model(), sizes, Some(watch))?;
        let mut batch = Batch::default();
        let mut seen = 0;
        for text in texts {
            for part in text.chunks(512) {
                if seen >= most {
                    break;
                }
                context.forget(0, 0);
                batch.clear();
                for (position, token) in part.iter().enumerate() {
                    batch.push(*token, position, 0, position + 1 == part.len());
                }
                if context.step(&mut batch, None)? != Step::Done {
                    return Err(native::failed("watching the matrices"));
                }
                seen += part.len();
            }
        }
        // The context watches no more before what it wrote to is moved.
        drop(context);
        Ok(*found)
    }

    /// Matrices that were watched.
    pub fn matrices(&self) -> usize {
        self.tensors.len()
    }

    /// The mean squares of a matrix's columns.
    pub(super) fn means(&self) -> Vec<(String, Vec<f32>)> {
        let mean = |columns: &Columns| {
            #[expect(clippy::cast_precision_loss, reason = "some thousands of tokens")]
            let tokens = columns.tokens.max(1) as f32;
            columns.squares.iter().map(|square| square / tokens).collect()
        };
        self.tensors.iter().map(|(name, columns)| (name.clone(), mean(columns))).collect()
    }
}

/// Writes a model with other bits. From fewer bits to more it only unfolds what is there.
///
/// # Errors
/// When the input is no model, or the output cannot be written.
pub fn quantize(
    input: &Path,
    output: &Path,
    kind: Quantisation,
    importance: Option<&Importance>,
) -> Result<()> {
    let header = crate::gguf::read_file(input, &crate::gguf::Limits::default())?;
    crate::gguf::Shape::of(&header)?;
    let means = importance.map(Importance::means).unwrap_or_default();
    native::quantize(input, output, kind.id, &means)
}

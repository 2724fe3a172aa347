//! A model of texts: tokens, one ONNX graph from tokens to scores, and what its attention looked at.

mod encoder;
mod sessions;
mod tagger;
mod tokens;

pub use encoder::TextEncoder;
pub use tagger::{TagPlace, Tagger};
pub use tokens::{Tokenised, Tokenizer};

use self::encoder::Size;
use crate::Library;
use crate::messages::{MODEL_MISMATCH, PREPROCESSING};
use crate::onnx::{self, Limits};
use ingot_base::{Fault, FieldKind, Output, Result, Signature, Task, fault};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};

/// What stands beside the graph and the tokenizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextPreprocessing {
    /// One text in, a class out.
    pub signature: Signature,
}

/// A network that shows its attention, and the values that this is.
type Attentive = (TextEncoder, Vec<String>);

/// A loaded model of texts.
#[derive(Debug)]
pub struct TextModel {
    encoder: TextEncoder,
    tokenizer: Tokenizer,
    preprocessing: TextPreprocessing,
    /// The graph, to show its attention when somebody asks.
    graph: Arc<[u8]>,
    library: &'static Library,
    attentive: OnceLock<std::result::Result<Option<Attentive>, String>>,
}

impl TextModel {
    /// Makes a model of its three documents, for so many callers at once.
    ///
    /// # Errors
    /// When one is damaged, or they do not belong together.
    pub fn load(
        library: &'static Library,
        graph: &[u8],
        preprocessing: &[u8],
        tokenizer: &[u8],
        callers: usize,
    ) -> Result<Self> {
        let preprocessing: TextPreprocessing = serde_json::from_slice(preprocessing)
            .map_err(|error| Fault::new(&PREPROCESSING).arg("what", error))?;
        let signature = &preprocessing.signature;
        let wrong = || {
            Fault::new(&MODEL_MISMATCH)
                .arg("what", "the signature is not of one text and its class")
        };
        let window = match signature.inputs.as_slice() {
            [field] => match field.kind {
                FieldKind::Text { tokens } => tokens as usize,
                _ => return Err(wrong()),
            },
            _ => return Err(wrong()),
        };
        let classes = matches!(signature.output, Output::Binary { .. } | Output::Multiclass { .. });
        if !(classes && signature.task == Task::TextClassify) {
            return Err(wrong());
        }
        let graph: Arc<[u8]> = Arc::from(graph);
        Ok(Self {
            encoder: TextEncoder::sharing(library, Arc::clone(&graph), callers)?,
            tokenizer: Tokenizer::load(tokenizer, window)?,
            preprocessing,
            graph,
            library,
            attentive: OnceLock::new(),
        })
    }

    /// What goes in and what comes out.
    pub fn signature(&self) -> &Signature {
        &self.preprocessing.signature
    }

    /// What makes numbers of texts.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// As [`TextEncoder::alone`].
    pub fn alone(&self) -> bool {
        self.encoder.alone()
    }

    /// Scores of tokenised texts, `rows × output.width()`, on the caller's thread.
    ///
    /// # Errors
    /// When the network fails.
    pub fn scores(&self, texts: &[Vec<i64>]) -> Result<Vec<f64>> {
        Ok(flat(&self.encoder.run(texts, onnx::SCORES)?))
    }

    /// As [`Self::scores`], on as many threads as there are callers.
    ///
    /// # Errors
    /// When the network fails.
    pub fn scores_wide(&self, texts: &[Vec<i64>]) -> Result<Vec<f64>> {
        Ok(flat(&self.encoder.run_wide(texts, onnx::SCORES)?))
    }

    /// Embeddings of tokenised texts, of length 1 each, on the caller's thread.
    ///
    /// # Errors
    /// When the network fails.
    pub fn embeddings(&self, texts: &[Vec<i64>]) -> Result<Vec<Vec<f32>>> {
        self.encoder.run(texts, onnx::EMBEDDING)
    }

    /// How much of each token the answer saw: attention rollout (Abnar & Zuidema 2020), the product over the layers of half the
    /// mean attention of the heads and half the token itself, averaged over the tokens as the embedding is. One number for each
    /// token; they sum to 1. `None` where nobody knows which values of the graph are attention: of a graph of the user's.
    ///
    /// # Errors
    /// When the graph fails.
    pub fn rollout(&self, text: &[i64]) -> Result<Option<Vec<f64>>> {
        let shown = self
            .attentive
            .get_or_init(|| self.attentive().map_err(|fault| fault.to_string()))
            .as_ref()
            .map_err(|error| {
                fault::internal("a network that shows its attention").because(error.as_str())
            })?;
        let Some((encoder, layers)) = shown else { return Ok(None) };
        let names: Vec<&str> = layers.iter().map(String::as_str).collect();
        let layers = encoder.one(text, &names)?;
        let layers: Vec<&[f32]> = layers.iter().map(|layer| layer.data.as_slice()).collect();
        Ok(Some(rolled(&layers, text.len())))
    }

    /// The same network with its attention among the outputs, and their names, where it has any.
    fn attentive(&self) -> Result<Option<Attentive>> {
        let model = onnx::read(&self.graph, &Limits::default())?;
        let size = Size::of(&model);
        let nodes = model.graph.as_ref().map_or(&[][..], |graph| graph.node.as_slice());
        let has = |name: &String| nodes.iter().any(|node| node.output.contains(name));
        let layers: Vec<String> = (0..nodes.len()).map(onnx::attention).take_while(has).collect();
        if layers.is_empty() {
            return Ok(None);
        }
        let graph = onnx::write(&onnx::showing(model, &layers));
        Ok(Some((TextEncoder::trusting(self.library, graph.into(), 1, size)?, layers)))
    }
}

/// The rollout of layers, each `heads × size × size`, to the mean of `size` tokens.
fn rolled(layers: &[&[f32]], size: usize) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "texts are short")]
    let share = 1.0 / size.max(1) as f64;
    // From the pooled row back to the tokens: a row times a matrix, layer by layer from the last.
    let mut row = vec![share; size];
    for layer in layers.iter().rev() {
        let heads = layer.len().checked_div(size * size).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "some heads")]
        let weight = 0.5 / heads.max(1) as f64;
        let mut before: Vec<f64> = row.iter().map(|own| own * 0.5).collect();
        for head in layer.chunks_exact((size * size).max(1)) {
            for (own, attended) in row.iter().zip(head.chunks_exact(size.max(1))) {
                for (slot, part) in before.iter_mut().zip(attended) {
                    *slot += own * weight * f64::from(*part);
                }
            }
        }
        row = before;
    }
    row
}

fn flat(rows: &[Vec<f32>]) -> Vec<f64> {
    rows.iter().flatten().map(|number| f64::from(*number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollout_is_the_product_of_its_layers() {
        // Two tokens. First layer, two heads whose mean is [[1, 0], [.5, .5]]; second layer: the first token sees the second only.
        let first = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0];
        let second = [0.0, 1.0, 0.0, 1.0];
        // (½I + ½A₂) = [[.5, .5], [0, 1]]; the mean row before it is [.25, .75].
        // (½I + ½A₁) = [[1, 0], [.25, .75]]: [.25 + .75 · .25, .75 · .75].
        let row = rolled(&[&first, &second], 2);
        assert!((row[0] - 0.4375).abs() < 1e-12 && (row[1] - 0.5625).abs() < 1e-12, "{row:?}");
        assert_eq!(rolled(&[], 4), [0.25; 4]);
    }
}

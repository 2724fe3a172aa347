//! Texts through the frozen network, and what else the stages need of texts.

use crate::convert;
use crate::messages::TEXT_COLUMN;
use crate::project::Project;
use crate::stages::features::{self, Found, Row};
use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Schema};
use ingot_base::{Digest, Fault, Result, Rng};
use ingot_runtime::{TextEncoder, Tokenizer, onnx};
use ingot_train::texts;
use serde_json::{Value, json};

/// Tokens that the network reads of a text, as its publisher set it.
pub(crate) const WINDOW: usize = 256;
/// The tokenizer's file, as published and in packages.
pub(crate) const TOKENIZER: &str = "tokenizer.json";

/// What decides how texts become features.
pub(crate) fn preparation(project: &Project<'_>) -> Value {
    let train = &project.recipe().train;
    json!({ "window": WINDOW, "text": train.text, "words": train.words })
}

/// The backbone's tokenizer.
pub(crate) fn tokenizer_file(project: &Project<'_>) -> Result<Vec<u8>> {
    features::published(project.recipe().backbone())?.read_beside(TOKENIZER)
}

/// The column of texts: the one that the recipe names, else the only one of text.
pub(crate) fn column(project: &Project<'_>, schema: &Schema) -> Result<String> {
    let recipe = project.recipe();
    let mut known: Vec<String> = schema
        .fields()
        .iter()
        .filter(|field| is_text(field.data_type()))
        .map(|field| field.name().clone())
        .collect();
    let other = |name: &String| {
        *name != recipe.project.target
            && *name != ingot_data::SOURCE
            && Some(name) != recipe.split.group.as_ref()
            && Some(name) != recipe.split.time.as_ref()
    };
    if let Some(named) = recipe.train.text.as_ref().filter(|named| known.contains(named)) {
        return Ok(named.clone());
    }
    known.retain(other);
    match known.as_slice() {
        [one] if recipe.train.text.is_none() => Ok(one.clone()),
        _ => Err(Fault::new(&TEXT_COLUMN)
            .arg("count", known.len())
            .arg("columns", known.join(", "))
            .at("train.text")),
    }
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

/// The texts of a batch.
pub(crate) fn of(project: &Project<'_>, batch: &RecordBatch) -> Result<StringArray> {
    let name = column(project, &batch.schema())?;
    features::text(batch, &name)
        .ok_or_else(|| Fault::new(&TEXT_COLUMN).arg("count", 0).arg("columns", "").at("train.text"))
}

/// A number that stands for a text: its copies differ by it, wherever the text stands.
pub(crate) fn seed(project: &Project<'_>, text: &str) -> u64 {
    let digest = Digest::of(text.as_bytes());
    let own = digest.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    own ^ project.recipe().project.seed
}

/// The frozen network with its tokenizer.
pub(crate) struct TextReader {
    encoder: TextEncoder,
    tokenizer: Tokenizer,
}

impl TextReader {
    pub(crate) fn new(project: &Project<'_>, graph: &[u8], threads: usize) -> Result<Self> {
        Ok(Self {
            encoder: TextEncoder::new(features::library()?, graph, threads)?,
            tokenizer: Tokenizer::load(&tokenizer_file(project)?, WINDOW)?,
        })
    }

    /// The features of a batch's texts and of their copies.
    pub(crate) fn featurise(
        &self,
        project: &Project<'_>,
        batch: &RecordBatch,
        copies: usize,
    ) -> Result<(RecordBatch, Found)> {
        let augment = convert::augment_text(project.recipe());
        let texts = of(project, batch)?;
        let (mut rows, mut ids) = (Vec::new(), Vec::new());
        let (mut blank, mut cut) = (Vec::new(), 0);
        let mut add = |index: usize, copy: bool, tokens: Vec<i64>| {
            rows.push(Row { index, copy, mixed: None, features: Vec::new() });
            ids.push(tokens);
        };
        for (index, text) in texts.iter().enumerate() {
            let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
                blank.push(index);
                continue;
            };
            let (tokens, long) = self.tokenizer.beginning(text)?;
            cut += u64::from(long);
            add(index, false, tokens);
            let mut seeds = Rng::new(seed(project, text), "copies");
            for _ in 0..copies {
                let changed = texts::augment(text, &augment, seeds.bits());
                // What is left may be nothing: then there is nothing to learn from it.
                if !changed.trim().is_empty() {
                    add(index, true, self.tokenizer.beginning(&changed)?.0);
                }
            }
        }
        let features = self.encoder.run_wide(&ids, onnx::FEATURES)?;
        for (row, features) in rows.iter_mut().zip(features) {
            row.features = features;
        }
        let found = Found::of(&rows, &features::places(batch)?, &blank, cut);
        Ok((features::table(project, batch, &rows)?, found))
    }
}

//! Texts through the frozen network, and what else the stages need of texts.

use crate::messages::{TEXT_COLUMN, TEXT_NORMALIZED};
use crate::project::Project;
#[cfg(feature = "nets")]
use crate::run::Done;
use crate::stages::features::{self, Found, Row};
use crate::stages::split;
use crate::{backbones, convert};
use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Schema};
use ingot_base::{Digest, Fault, Result, Rng, fault};
use ingot_recipe::{Backbone, OwnBackbone};
use ingot_runtime::{TextEncoder, Tokenizer, onnx};
#[cfg(feature = "nets")]
use ingot_train::nets::FeatureTable;
use ingot_train::texts;
use serde_json::{Value, json};

/// Tokens that the published network reads of a text, as its publisher set it.
const WINDOW: usize = OwnBackbone::TOKENS as usize;
/// The tokenizer's file, as published and in packages.
pub(crate) const TOKENIZER: &str = "tokenizer.json";

/// Tokens that the network reads of a text.
pub(crate) fn window(project: &Project<'_>) -> usize {
    match &project.recipe().train.backbone {
        Some(Backbone::Own(own)) => own.tokens() as usize,
        _ => WINDOW,
    }
}

/// What decides how texts become features.
pub(crate) fn preparation(project: &Project<'_>) -> Value {
    let train = &project.recipe().train;
    json!({ "window": window(project), "text": train.text, "words": train.words })
}

/// The backbone's tokenizer.
pub(crate) fn tokenizer_file(project: &Project<'_>) -> Result<Vec<u8>> {
    match project.recipe().backbone() {
        Backbone::Own(own) => backbones::tokenizer_file(project, &own),
        named => features::published(&named)?.read_beside(TOKENIZER),
    }
}

/// The column of texts: the one that the recipe names, else the only one of text.
///
/// # Errors
/// When there is none, several, or cleaning wrote it in another form than it is asked with.
pub(crate) fn column(project: &Project<'_>, schema: &Schema) -> Result<String> {
    let recipe = project.recipe();
    let column = found(project, schema)?;
    let before = recipe.protect.before(&column);
    match recipe.clean.normalize.iter().position(|rule| rule.column == before) {
        Some(rule) => Err(Fault::new(&TEXT_NORMALIZED)
            .arg("column", &column)
            .at(format!("clean.normalize[{rule}].column"))),
        None => Ok(column),
    }
}

fn found(project: &Project<'_>, schema: &Schema) -> Result<String> {
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

/// Texts of a batch and copies of them, as tokens.
#[derive(Default)]
struct Told {
    /// Each one's index in the batch, and whether it is a copy.
    places: Vec<(usize, bool)>,
    ids: Vec<Vec<i64>>,
    /// Indices of blank texts.
    blank: Vec<usize>,
    /// Texts of which only the beginning is there.
    cut: u64,
    /// Tokens of the texts, copies left out, and those of them that the vocabulary lacks.
    tokens: u64,
    strangers: u64,
}

impl Told {
    fn of(
        project: &Project<'_>,
        tokenizer: &Tokenizer,
        batch: &RecordBatch,
        copies: usize,
    ) -> Result<Self> {
        let augment = convert::augment_text(project.recipe());
        let mut told = Self::default();
        for (index, text) in of(project, batch)?.iter().enumerate() {
            let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
                told.blank.push(index);
                continue;
            };
            let (tokens, long) = tokenizer.beginning(text)?;
            told.cut += u64::from(long);
            told.strangers += tokenizer.strangers(&tokens) as u64;
            // The marks of beginning and end are no words.
            told.tokens += tokens.len().saturating_sub(2) as u64;
            told.add(index, false, tokens);
            let mut seeds = Rng::new(seed(project, text), "copies");
            for _ in 0..copies {
                let changed = texts::augment(text, &augment, seeds.bits());
                // What is left may be nothing: then there is nothing to learn from it.
                if !changed.trim().is_empty() {
                    told.add(index, true, tokenizer.beginning(&changed)?.0);
                }
            }
        }
        Ok(told)
    }

    fn add(&mut self, index: usize, copy: bool, tokens: Vec<i64>) {
        self.places.push((index, copy));
        self.ids.push(tokens);
    }
}

/// Copies of each text of a part of the split.
pub(crate) fn copies(project: &Project<'_>, part: &str) -> usize {
    if part == split::TRAIN { project.recipe().augment.copies } else { 0 }
}

/// Numbers of the tokens of the training, validation and test texts, copies among them, in the order of their features.
#[cfg(feature = "nets")]
pub(crate) fn tokens(project: &Project<'_>, parts: &Done) -> Result<[Vec<Vec<i64>>; 3]> {
    let of = |part: &str| part_tokens(project, parts, part);
    Ok([of(split::TRAIN)?, of(split::VALIDATION)?, of(split::TEST)?])
}

#[cfg(feature = "nets")]
fn part_tokens(project: &Project<'_>, parts: &Done, part: &str) -> Result<Vec<Vec<i64>>> {
    let mut ids = Vec::new();
    if !parts.has(part) {
        return Ok(ids);
    }
    let (keys, copies) = (convert::encryption(project), copies(project, part));
    let tokenizer = Tokenizer::load(&tokenizer_file(project)?, window(project))?;
    for batch in ingot_data::read(&parts.verified(part)?, Some(&keys))? {
        ids.extend(Told::of(project, &tokenizer, &batch, copies)?.ids);
    }
    Ok(ids)
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
            tokenizer: Tokenizer::load(&tokenizer_file(project)?, window(project))?,
        })
    }

    /// The features of the training, validation and test texts, not kept.
    #[cfg(feature = "nets")]
    pub(crate) fn tables(&self, project: &Project<'_>, parts: &Done) -> Result<[FeatureTable; 3]> {
        let keys = convert::encryption(project);
        let of = |part: &str| {
            let mut table = FeatureTable::default();
            if !parts.has(part) {
                return Ok(table);
            }
            for batch in ingot_data::read(&parts.verified(part)?, Some(&keys))? {
                let found = self.featurise(project, &batch, copies(project, part))?.0;
                features::append(project, &mut table, &found)?;
            }
            Ok(table)
        };
        Ok([of(split::TRAIN)?, of(split::VALIDATION)?, of(split::TEST)?])
    }

    /// One output of the network for each of these texts, in their order, a row after the other.
    #[cfg(feature = "nets")]
    pub(crate) fn output(&self, ids: &[Vec<i64>], output: &str) -> Result<Vec<f32>> {
        Ok(self.encoder.run_wide(ids, output)?.concat())
    }

    /// The features of a batch's texts and of their copies.
    pub(crate) fn featurise(
        &self,
        project: &Project<'_>,
        batch: &RecordBatch,
        copies: usize,
    ) -> Result<(RecordBatch, Found)> {
        let told = Told::of(project, &self.tokenizer, batch, copies)?;
        let features = self.encoder.run_wide(&told.ids, onnx::FEATURES)?;
        let places = features::places(batch)?;
        for ((index, _), features) in told.places.iter().zip(&features) {
            let place = places.get(*index);
            let place = place.ok_or_else(|| fault::internal("a text without a place"))?;
            features::finite(features, place)?;
        }
        let rows: Vec<Row> = told
            .places
            .iter()
            .zip(features)
            .map(|((index, copy), features)| Row {
                index: *index,
                copy: *copy,
                mixed: None,
                features,
            })
            .collect();
        let blank = told.blank.into_iter().map(|index| (index, None)).collect();
        let mut found = Found::of(&rows, &places, blank);
        (found.cut, found.words) = (told.cut, (told.strangers, told.tokens));
        Ok((features::table(project, batch, &rows)?, found))
    }
}

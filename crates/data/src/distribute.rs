//! Cleaning on a cluster: pieces travel as bytes, executors decode them and apply the rules, results come back to the one
//! sink. The same code runs on both sides, so a table's digest does not tell where its rows were cleaned.
//!
//! Executors read no source and write no file: whoever runs the recipe reads, and keeps all keys.

use crate::chunk::{Astray, Chunk};
use crate::clean::{Cleaned, Item, Piece, Work};
use crate::config::{CleanConfig, Format};
use crate::csv_decode::{Bad, Decoded};
use crate::infer::Dialect;
use crate::json_keys::StrayKeys;
use crate::messages::PIECE;
use crate::profile::Partial;
use crate::rules::{Action, Rules};
use crate::source::{Part, Sources};
use crate::texts::{TextFound, TextTest};
use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use ingot_base::{Fault, Result, Text};
use ingot_cluster::{Answer, Client, Identity, Job, Role};
use ingot_quality::passages::{Contamination, Overlap};
use ingot_quality::text::{Finding, LANGUAGE, Language, RULES};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most pieces asked for at once: each is a few megabytes on either side.
const PIECES: usize = 32;

/// A cluster that cleans: where its scheduler is, and who asks.
#[derive(Debug, Clone, Copy)]
pub struct Cluster<'a> {
    /// Address and port of the scheduler.
    pub address: &'a str,
    /// Folder with the client's certificate.
    pub certificates: &'a Path,
}

/// What a program must share with another for equal digests.
pub const CLUSTER_VERSION: &str = concat!("ingot ", env!("CARGO_PKG_VERSION"));

/// What an executor of this program does: cleans pieces.
#[derive(Debug)]
pub struct CleanPieces;

/// What all pieces of one pass have in common; schemas follow as Arrow streams.
#[derive(Serialize, Deserialize)]
struct Setup {
    clean: CleanConfig,
    steps: usize,
    parts: Vec<PartSetup>,
    weights: Option<Vec<u64>>,
    /// Bounds of outliers by step, as the bits of their numbers.
    bounds: Vec<Option<(u64, u64)>>,
    /// Which steps' fillings stand in the stream of fillings, in its columns' order.
    fillings: Vec<usize>,
    /// An evaluation set as its passages' hashes: no executor reads a file.
    set: Option<(usize, BTreeMap<usize, Vec<u64>>)>,
}

#[derive(Serialize, Deserialize)]
struct PartSetup {
    source: usize,
    label: String,
    file: String,
    format: Format,
    names: Vec<String>,
    delimiter: Option<u8>,
    identities: BTreeSet<String>,
    strays: StrayKeys,
}

/// Head of a piece; its text or columns follow.
#[derive(Serialize, Deserialize)]
enum Head {
    Text {
        part: usize,
        first_row: u64,
        first_line: u64,
        records: u64,
        astray: Vec<Astray>,
    },
    /// As the file has them.
    Columns {
        part: usize,
        first_row: u64,
    },
    /// With the table's columns.
    Ready {
        part: usize,
        rows: Vec<u64>,
        refused: u64,
    },
}

/// Head of a result; the rows' hashes and the kept rows, as an Arrow stream, follow.
#[derive(Serialize, Deserialize)]
struct Tail {
    part: usize,
    rows_in: u64,
    refused: u64,
    bad: Vec<(u64, u64, Text)>,
    rows: Vec<u64>,
    dropped: Vec<u64>,
    changed: Vec<u64>,
    lost: Vec<u64>,
    first_lost: Vec<Option<u64>>,
    flagged: Vec<u64>,
    failed: Vec<Option<u64>>,
    unique: Vec<(usize, Vec<Option<u128>>)>,
    before: Vec<PartialBits>,
    after_distinct: bool,
    found: Vec<(u64, FoundBits)>,
    languages: BTreeMap<Language, u64>,
    not_finite: BTreeMap<usize, u64>,
}

/// What was found in a text; figures as the bits of their numbers.
#[derive(Serialize, Deserialize)]
enum FoundBits {
    Rule { rule: String, value: Option<u64>, limit: Option<u64>, language: Language },
    Set { tokens: u64, share: u64 },
}

impl FoundBits {
    fn of(found: &TextFound) -> Self {
        match found {
            TextFound::Rule(finding) => Self::Rule {
                rule: finding.rule.to_owned(),
                value: finding.value.map(f64::to_bits),
                limit: finding.limit.map(f64::to_bits),
                language: finding.language,
            },
            TextFound::Set(overlap) => {
                Self::Set { tokens: overlap.tokens, share: overlap.share.to_bits() }
            }
        }
    }

    fn found(self) -> std::result::Result<TextFound, ArrowError> {
        Ok(match self {
            Self::Rule { rule, value, limit, language } => {
                let known = RULES.iter().map(|known| known.name).chain([LANGUAGE]);
                let rule = known.into_iter().find(|known| *known == rule).ok_or_else(|| {
                    ArrowError::IpcError("a rule of texts that is not known".to_owned())
                })?;
                let (value, limit) = (value.map(f64::from_bits), limit.map(f64::from_bits));
                TextFound::Rule(Finding { rule, value, limit, language })
            }
            Self::Set { tokens, share } => {
                TextFound::Set(Overlap { tokens, share: f64::from_bits(share) })
            }
        })
    }
}

/// Rows, missing values, hashes, moments as bits.
type PartialBits = (u64, u64, Vec<u128>, (u64, u64, u64));

/// The remote half of a pass.
pub(crate) struct Remote {
    client: Client,
}

impl Remote {
    /// Connects for one pass over `steps` rules.
    pub(crate) fn connect(
        cluster: &Cluster<'_>,
        clean: &CleanConfig,
        work: &Work<'_>,
        rules: &Rules,
        steps: usize,
    ) -> Result<Self> {
        let setup = pack_setup(clean, work, rules, steps).map_err(wire)?;
        let identity = Identity::read(cluster.certificates, Role::Client)?;
        let client = Client::connect(cluster.address, &identity, CLUSTER_VERSION, setup)?;
        Ok(Self { client })
    }

    /// How many threads should wait for pieces: enough that no executor does.
    pub(crate) fn threads(&self) -> usize {
        usize::try_from(self.client.places() * 2).unwrap_or(PIECES).clamp(2, PIECES)
    }

    /// Decodes and cleans a piece on some executor; here, when none can, so that the fault is the same.
    pub(crate) fn clean(
        &self,
        work: &Work<'_>,
        rules: &Rules,
        steps: usize,
        item: Item,
    ) -> Result<Cleaned> {
        // Who may not enter is decided with keys, which no executor has.
        let item = if work.admits_all() { Ok(item) } else { Err(work.decode(item)?) };
        let bytes = match &item {
            Ok(item) => pack_item(item),
            Err(piece) => pack_piece(piece),
        };
        match self.client.piece(bytes.map_err(wire)?)? {
            Answer::Done(bytes) => {
                let mut cleaned = unpack_cleaned(&bytes).map_err(wire)?;
                if let Err(piece) = item {
                    cleaned.bad = piece.decoded.bad;
                    cleaned.not_finite = piece.not_finite;
                }
                Ok(cleaned)
            }
            Answer::Undone => {
                let piece = item.map_or_else(Ok, |item| work.decode(item))?;
                work.clean(rules, steps, piece)
            }
        }
    }
}

impl ingot_cluster::Work for CleanPieces {
    fn prepare(&self, setup: &[u8]) -> Result<Box<dyn Job>> {
        Ok(Box::new(Pass::unpack(setup)?))
    }
}

/// An executor's half of a pass.
struct Pass {
    sources: Sources,
    rules: Rules,
    steps: usize,
    weights: Option<Vec<f64>>,
}

impl Pass {
    fn unpack(bytes: &[u8]) -> Result<Self> {
        let mut blocks = Blocks(bytes);
        let setup: Setup = blocks.json().map_err(wire)?;
        let schema = blocks.schema().map_err(wire)?;
        let mut parts = Vec::new();
        for part in setup.parts {
            let columns = blocks.schema().map_err(wire)?;
            parts.push(Part {
                source: part.source,
                label: part.label,
                path: PathBuf::new(),
                file: part.file,
                format: part.format,
                dialect: part.delimiter.map(|delimiter| Dialect {
                    delimiter,
                    header_bytes: 0,
                    header_lines: 0,
                    schema: Arc::clone(&columns),
                    mixed: Vec::new(),
                }),
                schema: columns,
                names: part.names,
                // They were told of where the sources were read.
                strays: Vec::new(),
                passed: part.strays,
                taken: None,
                identities: part.identities,
            });
        }
        let fillings = blocks.batch().map_err(wire)?;
        let mut rules = Rules::compile(&setup.clean, &schema, &|_| {
            // Without its set the rule would find nothing, and the table would look clean.
            let missing = || ArrowError::IpcError("an evaluation set that did not come".to_owned());
            let (width, passages) = setup.set.clone().ok_or_else(missing).map_err(wire)?;
            Ok(Contamination::from_parts(width, passages))
        })?;
        for (step, bounds) in rules.steps.iter_mut().zip(setup.bounds) {
            if let Action::Outlier(.., slot) = &mut step.action {
                *slot = bounds.map(|(low, high)| (f64::from_bits(low), f64::from_bits(high)));
            }
        }
        for (index, column) in setup.fillings.iter().zip(fillings.columns()) {
            if let Some(Action::Impute(.., slot)) =
                rules.steps.get_mut(*index).map(|step| &mut step.action)
            {
                *slot = Some(Arc::clone(column));
            }
        }
        let weights = setup.weights.map(|bits| bits.into_iter().map(f64::from_bits).collect());
        Ok(Self { sources: Sources::of(parts, schema), rules, steps: setup.steps, weights })
    }
}

impl Job for Pass {
    fn piece(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        let work = Work::elsewhere(&self.sources, self.weights.clone());
        let mut blocks = Blocks(bytes);
        let piece = match blocks.json().map_err(wire)? {
            Head::Text { part, first_row, first_line, records: rows, astray } => {
                let bytes = blocks.next().map_err(wire)?.to_vec();
                work.decode(Item::Text(part, Chunk { bytes, first_row, first_line, rows, astray }))?
            }
            Head::Columns { part, first_row } => {
                work.decode(Item::Batch(part, blocks.batch().map_err(wire)?, first_row))?
            }
            Head::Ready { part, rows, refused } => {
                let batch = blocks.batch().map_err(wire)?;
                let decoded = Decoded { batch, rows, bad: Vec::new(), odd: Vec::new() };
                // What became missing was counted where the piece was decoded.
                Piece { part, decoded, refused, not_finite: BTreeMap::new() }
            }
        };
        pack_cleaned(&work.clean(&self.rules, self.steps, piece)?).map_err(wire)
    }
}

fn pack_setup(clean: &CleanConfig, work: &Work<'_>, rules: &Rules, steps: usize) -> Packed {
    let (mut bounds, mut fillings, mut columns) = (Vec::new(), Vec::new(), Vec::<ArrayRef>::new());
    let mut set = None;
    for (index, step) in rules.steps.iter().enumerate() {
        bounds.push(match &step.action {
            Action::Outlier(.., Some((low, high))) => Some((low.to_bits(), high.to_bits())),
            _ => None,
        });
        if let Action::Text(_, TextTest::Set(passages, _), _) = &step.action {
            set = Some(passages.to_parts());
        }
        if let Action::Impute(.., Some(value)) = &step.action {
            fillings.push(index);
            columns.push(Arc::clone(value));
        }
    }
    let sources = work.sources();
    let part = |part: &Part| PartSetup {
        source: part.source,
        label: part.label.clone(),
        file: part.file.clone(),
        format: part.format,
        names: part.names.clone(),
        delimiter: part.dialect.as_ref().map(|dialect| dialect.delimiter),
        identities: part.identities.clone(),
        strays: part.passed.clone(),
    };
    let setup = Setup {
        clean: clean.clone(),
        steps,
        parts: sources.parts.iter().map(part).collect(),
        weights: work
            .weights()
            .map(|weights| weights.iter().map(|weight| weight.to_bits()).collect()),
        bounds,
        fillings,
        set,
    };
    let mut bytes = Vec::new();
    json_block(&mut bytes, &setup)?;
    stream_block(&mut bytes, &sources.schema, None)?;
    for part in &sources.parts {
        let schema = part.dialect.as_ref().map_or(&part.schema, |dialect| &dialect.schema);
        stream_block(&mut bytes, schema, None)?;
    }
    let fields = columns.iter().enumerate();
    let fields: Vec<Field> = fields
        .map(|(index, column)| Field::new(index.to_string(), column.data_type().clone(), true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = if columns.is_empty() {
        None
    } else {
        Some(RecordBatch::try_new(Arc::clone(&schema), columns)?)
    };
    stream_block(&mut bytes, &schema, batch.as_ref())?;
    Ok(bytes)
}

fn pack_item(item: &Item) -> Packed {
    let mut bytes = Vec::new();
    match item {
        Item::Text(part, chunk) => {
            let (first_row, first_line) = (chunk.first_row, chunk.first_line);
            let (records, astray) = (chunk.rows, chunk.astray.clone());
            let part = *part;
            let head = Head::Text { part, first_row, first_line, records, astray };
            json_block(&mut bytes, &head)?;
            block(&mut bytes, &chunk.bytes)?;
        }
        Item::Batch(part, batch, first) => {
            json_block(&mut bytes, &Head::Columns { part: *part, first_row: *first })?;
            stream_block(&mut bytes, &batch.schema(), Some(batch))?;
        }
    }
    Ok(bytes)
}

fn pack_piece(piece: &Piece) -> Packed {
    let mut bytes = Vec::new();
    let rows = piece.decoded.rows.clone();
    json_block(&mut bytes, &Head::Ready { part: piece.part, rows, refused: piece.refused })?;
    stream_block(&mut bytes, &piece.decoded.batch.schema(), Some(&piece.decoded.batch))?;
    Ok(bytes)
}

fn pack_cleaned(cleaned: &Cleaned) -> Packed {
    let tail = Tail {
        part: cleaned.part,
        rows_in: cleaned.rows_in,
        refused: cleaned.refused,
        bad: cleaned.bad.iter().map(|bad| (bad.row, bad.line, bad.reason.clone())).collect(),
        rows: cleaned.rows.clone(),
        dropped: cleaned.dropped.clone(),
        changed: cleaned.changed.clone(),
        lost: cleaned.lost.clone(),
        first_lost: cleaned.first_lost.clone(),
        flagged: cleaned.flagged.clone(),
        failed: cleaned.failed.clone(),
        unique: cleaned.unique.clone(),
        before: cleaned.before.iter().map(Partial::to_bits).collect(),
        after_distinct: cleaned.after_distinct,
        found: cleaned.found.iter().map(|(row, found)| (*row, FoundBits::of(found))).collect(),
        languages: cleaned.languages.clone(),
        not_finite: cleaned.not_finite.clone(),
    };
    let mut bytes = Vec::new();
    json_block(&mut bytes, &tail)?;
    let hashes: Vec<u8> = cleaned.hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
    block(&mut bytes, &hashes)?;
    stream_block(&mut bytes, &cleaned.kept.schema(), Some(&cleaned.kept))?;
    Ok(bytes)
}

fn unpack_cleaned(bytes: &[u8]) -> std::result::Result<Cleaned, ArrowError> {
    let mut blocks = Blocks(bytes);
    let tail: Tail = blocks.json()?;
    let (hashes, _) = blocks.next()?.as_chunks::<16>();
    let hashes = hashes.iter().map(|hash| u128::from_le_bytes(*hash)).collect();
    let found = tail.found.into_iter().map(|(row, found)| Ok((row, found.found()?)));
    let found = found.collect::<std::result::Result<Vec<_>, ArrowError>>()?;
    Ok(Cleaned {
        part: tail.part,
        rows_in: tail.rows_in,
        refused: tail.refused,
        bad: tail.bad.into_iter().map(|(row, line, reason)| Bad { row, line, reason }).collect(),
        kept: blocks.batch()?,
        rows: tail.rows,
        dropped: tail.dropped,
        changed: tail.changed,
        lost: tail.lost,
        first_lost: tail.first_lost,
        flagged: tail.flagged,
        failed: tail.failed,
        hashes,
        unique: tail.unique,
        before: tail.before.into_iter().map(Partial::from_bits).collect(),
        after_distinct: tail.after_distinct,
        found,
        languages: tail.languages,
        not_finite: tail.not_finite,
    })
}

type Packed = std::result::Result<Vec<u8>, ArrowError>;

/// Appends a block: its length, then its bytes.
fn block(to: &mut Vec<u8>, bytes: &[u8]) -> std::result::Result<(), ArrowError> {
    let length = u32::try_from(bytes.len())
        .map_err(|_| ArrowError::IpcError("a block of more than 4 GiB".to_owned()))?;
    to.extend_from_slice(&length.to_le_bytes());
    to.extend_from_slice(bytes);
    Ok(())
}

fn json_block(to: &mut Vec<u8>, value: &impl Serialize) -> std::result::Result<(), ArrowError> {
    let bytes =
        serde_json::to_vec(value).map_err(|error| ArrowError::ExternalError(error.into()))?;
    block(to, &bytes)
}

fn stream_block(
    to: &mut Vec<u8>,
    schema: &SchemaRef,
    batch: Option<&RecordBatch>,
) -> std::result::Result<(), ArrowError> {
    let mut writer = StreamWriter::try_new(Vec::new(), schema)?;
    if let Some(batch) = batch {
        writer.write(batch)?;
    }
    let bytes = writer.into_inner()?;
    block(to, &bytes)
}

/// Reads blocks one after another.
struct Blocks<'a>(&'a [u8]);

impl<'a> Blocks<'a> {
    fn next(&mut self) -> std::result::Result<&'a [u8], ArrowError> {
        let short = || ArrowError::IpcError("a message that ends too early".to_owned());
        let (length, rest) = self.0.split_first_chunk::<4>().ok_or_else(short)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| short())?;
        let (block, rest) = rest.split_at_checked(length).ok_or_else(short)?;
        self.0 = rest;
        Ok(block)
    }

    fn json<T: for<'de> Deserialize<'de>>(&mut self) -> std::result::Result<T, ArrowError> {
        serde_json::from_slice(self.next()?)
            .map_err(|error| ArrowError::ExternalError(error.into()))
    }

    fn schema(&mut self) -> std::result::Result<SchemaRef, ArrowError> {
        Ok(StreamReader::try_new(self.next()?, None)?.schema())
    }

    /// The one batch of a stream; an empty one when it holds none.
    fn batch(&mut self) -> std::result::Result<RecordBatch, ArrowError> {
        let mut reader = StreamReader::try_new(self.next()?, None)?;
        let schema = reader.schema();
        reader.next().unwrap_or_else(|| Ok(RecordBatch::new_empty(schema)))
    }
}

fn wire(error: ArrowError) -> Fault {
    Fault::new(&PIECE).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{OnFail, SetRule};
    use arrow::datatypes::DataType;

    /// What an executor is told of a pass with an evaluation set.
    fn told(set: Option<(usize, BTreeMap<usize, Vec<u64>>)>) -> Vec<u8> {
        let rule = SetRule {
            column: "answer".to_owned(),
            against: PathBuf::from("questions.csv"),
            against_column: None,
            tokens: 5,
            share: 0.5,
            on_fail: OnFail::Drop,
        };
        let setup = Setup {
            clean: CleanConfig { decontaminate: Some(rule), ..CleanConfig::default() },
            steps: 1,
            parts: Vec::new(),
            weights: None,
            bounds: vec![None],
            fillings: Vec::new(),
            set,
        };
        let schema = Arc::new(Schema::new(vec![Field::new("answer", DataType::Utf8, true)]));
        let mut bytes = Vec::new();
        json_block(&mut bytes, &setup).unwrap();
        stream_block(&mut bytes, &schema, None).unwrap();
        stream_block(&mut bytes, &Arc::new(Schema::empty()), None).unwrap();
        bytes
    }

    #[test]
    fn an_evaluation_set_that_did_not_come_is_a_fault() {
        let mut set = Contamination::new(5);
        set.add("how many days are in a leap year");
        assert!(Pass::unpack(&told(Some(set.to_parts()))).is_ok());
        let code = Pass::unpack(&told(None)).err().map(|fault| fault.code());
        assert_eq!(code, Some("data-piece"));
    }

    #[test]
    fn what_was_found_comes_back_by_its_name() {
        for rule in RULES.iter().map(|rule| rule.name).chain([LANGUAGE]) {
            let finding = Finding { rule, value: Some(0.1), limit: None, language: Language::Zh };
            let back = FoundBits::of(&TextFound::Rule(finding)).found().unwrap();
            assert!(matches!(back, TextFound::Rule(back) if back.rule == rule), "{rule}");
        }
        let strange = FoundBits::Rule {
            rule: "charm".to_owned(),
            value: None,
            limit: None,
            language: Language::En,
        };
        assert!(strange.found().is_err());
    }
}

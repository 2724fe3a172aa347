//! Columns of free text in record batches: what they hold is found on all cores, then replaced in order.

use crate::cells::{Kind, each, held};
use crate::detect::{self, DetectConfig, Detector, Finding, NameModel, Why, unite};
use crate::known::{Known, Pieces, written};
use crate::messages::{BATCH_LARGE, COLUMN_MISSING, TYPE_WITHOUT_TEXT};
use crate::pseudonym::{Pseudonyms, TextAction, TextProtector};
use crate::token::ColumnKeys;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use ingot_base::{Fault, Result, fault};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How often a text is read again, because what stands around a replaced value may show another.
const ROUNDS: usize = 4;

/// What was found in one column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TextEvidence {
    /// The column.
    pub column: String,
    /// Cells that hold a text.
    pub cells: u64,
    /// Cells of them in which something was found.
    pub touched: u64,
    /// By type, as [`Kind::name`](crate::detect::Kind::name) says it.
    pub findings: BTreeMap<String, Found>,
}

/// Findings of one type.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// How many.
    pub count: u64,
    /// Sum of their scores; over `count` it is the mean, 0 to 1.
    pub scores: f64,
    /// How many had a reason of this sort: `pattern`, `checksum`, `context`, `model`, `network`, `dictionary`, `column`.
    pub why: BTreeMap<String, u64>,
}

/// Text columns of one schema, with what was found so far.
#[derive(Debug)]
pub struct TextColumns {
    columns: Vec<Column>,
    output: SchemaRef,
}

#[derive(Debug)]
struct Column {
    index: usize,
    protector: TextProtector,
    evidence: TextEvidence,
}

impl TextColumns {
    /// Checks that every column is there and holds text.
    ///
    /// # Errors
    /// A column that is missing or has no text, at `protect.text.columns[i]`; a user-defined type that makes no sense; keys of
    /// the wrong length.
    pub fn new(
        columns: &[String],
        detect: &DetectConfig,
        action: TextAction,
        keys: &ColumnKeys,
        schema: &Schema,
    ) -> Result<Self> {
        let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
        let mut list = Vec::with_capacity(columns.len());
        for (place, name) in columns.iter().enumerate() {
            let at = format!("protect.text.columns[{place}]");
            let Some((index, field)) =
                fields.iter_mut().enumerate().find(|(_, field)| field.name() == name)
            else {
                let known: Vec<&str> =
                    schema.fields().iter().map(|field| field.name().as_str()).collect();
                return Err(Fault::new(&COLUMN_MISSING)
                    .arg("column", name)
                    .arg("known", known.join(", "))
                    .at(at));
            };
            if !matches!(Kind::of(field.data_type()), Some(Kind::Text | Kind::Null)) {
                return Err(Fault::new(&TYPE_WITHOUT_TEXT)
                    .arg("column", name)
                    .words("kind", held(field.data_type()))
                    .arg("action", "text")
                    .at(at));
            }
            *field = Arc::new(Field::new(name, DataType::Utf8, field.is_nullable()));
            list.push(Column {
                index,
                protector: TextProtector::new(
                    Detector::new(detect.clone())?,
                    action,
                    keys.clone(),
                    name,
                )?,
                evidence: TextEvidence { column: name.clone(), ..TextEvidence::default() },
            });
        }
        let output = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
        Ok(Self { columns: list, output })
    }

    /// The columns, read by a plugged-in model besides.
    #[must_use]
    pub fn with_names(mut self, names: &Arc<dyn NameModel>) -> Self {
        let columns = self.columns.into_iter();
        self.columns = columns
            .map(|column| Column {
                protector: column.protector.with_names(Arc::clone(names)),
                ..column
            })
            .collect();
        self
    }

    /// The batch with its texts protected; rows and nulls stay where they are. `known` is what other columns say of each row, or empty.
    ///
    /// # Errors
    /// When the batch has other columns than the schema, one column of it would hold more than 2 GiB, or a plugged-in model fails.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "taking the batch leaves the caller without the raw texts"
    )]
    pub fn apply(
        &mut self,
        batch: RecordBatch,
        known: &[Vec<Known>],
        names: &Mutex<Pseudonyms>,
    ) -> Result<RecordBatch> {
        let mut arrays = batch.columns().to_vec();
        for column in &mut self.columns {
            let array = arrays
                .get_mut(column.index)
                .ok_or_else(|| fault::internal("a batch whose columns are not those checked"))?;
            *array = column.protect(array, known, names)?;
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.output.clone(), arrays, &options)
            .map_err(|error| fault::internal("protected texts that make no table").because(error))
    }

    /// Keeps what is found in the texts from being given to others as a pseudonym.
    ///
    /// # Errors
    /// When a column cannot be read, or a plugged-in model fails.
    pub fn reserve(&self, batch: &RecordBatch, names: &Mutex<Pseudonyms>) -> Result<()> {
        for column in &self.columns {
            let Some(array) = batch.column_by_name(&column.evidence.column) else { continue };
            let texts = Column::texts(array)?;
            let values = texts
                .par_iter()
                .with_min_len(16)
                .flatten()
                .map(|text| column.protector.values(text))
                .collect::<Result<Vec<Vec<String>>>>()?;
            let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
            for value in values.iter().flatten() {
                names.reserve(value);
            }
        }
        Ok(())
    }

    /// What was found so far, a column each.
    pub fn evidence(&self) -> Vec<TextEvidence> {
        self.columns.iter().map(|column| column.evidence.clone()).collect()
    }
}

impl Column {
    fn texts(array: &ArrayRef) -> Result<Vec<Option<String>>> {
        let mut texts = Vec::with_capacity(array.len());
        each(array, false, &mut |cell| {
            texts.push(cell.map(str::to_owned));
            Ok(())
        })?;
        Ok(texts)
    }

    /// What stands in a text; of a row whose columns are known, what they say too. A known value within something longer, such as a
    /// name within an address of e-mail, hides no more than itself: the longer one stays.
    fn find(&self, text: &str, known: &[Known], mut found: Vec<Finding>) -> Vec<Finding> {
        if known.is_empty() {
            return found;
        }
        let before = found.len();
        let pieces = Pieces::of(text);
        let days = if known.iter().any(Known::is_day) { written(&pieces) } else { Vec::new() };
        for value in known {
            value.find((&pieces, &days), &|value| self.whole(value), &mut found);
        }
        if found.len() > before { unite(found) } else { found }
    }

    /// The type of a value that is personal data from its first to its last letter.
    fn whole(&self, value: &str) -> Option<detect::Kind> {
        let length = value.chars().count();
        let mut found = self.protector.again(value).into_iter();
        found.find(|one| one.start == 0 && one.end == length).map(|one| one.kind)
    }

    fn protect(
        &mut self,
        array: &ArrayRef,
        known: &[Vec<Known>],
        names: &Mutex<Pseudonyms>,
    ) -> Result<ArrayRef> {
        let mut texts = Self::texts(array)?;
        let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
        let none: &[Known] = &[];
        let known = known.iter().map(Vec::as_slice).chain(std::iter::repeat(none));
        let mut pending: Vec<(&mut String, &[Known])> = texts
            .iter_mut()
            .zip(known)
            .filter_map(|(text, known)| text.as_mut().map(|text| (text, known)))
            .collect();
        self.evidence.cells += pending.len() as u64;
        for round in 0..ROUNDS {
            let read = |text: &str| match round {
                0 => self.protector.find(text),
                _ => Ok(self.protector.again(text)),
            };
            let found = pending
                .par_iter()
                .with_min_len(16)
                .map(|(text, known)| Ok(self.find(text, known, read(text)?)))
                .collect::<Result<Vec<Vec<Finding>>>>()?;
            let mut again = Vec::new();
            for ((text, known), found) in pending.into_iter().zip(&found) {
                if found.is_empty() {
                    continue;
                }
                self.evidence.touched += u64::from(round == 0);
                self.evidence.note(found);
                let outright = |one: &Finding| known.iter().any(|known| known.outright(one));
                *text = self.protector.rewrite(text, found, &outright, &mut names)?;
                again.push((text, known));
            }
            pending = again;
            if pending.is_empty() || !self.protector.settles() {
                pending.clear();
                break;
            }
        }
        for (text, _) in pending {
            let (settled, starred) = self.protector.star(std::mem::take(text));
            self.evidence.note(&starred);
            *text = settled;
        }
        let total =
            texts.iter().flatten().fold(0_usize, |sum, text| sum.saturating_add(text.len()));
        if i32::try_from(total).is_err() {
            return Err(Fault::new(&BATCH_LARGE).arg("column", &self.evidence.column));
        }
        let mut out = StringBuilder::with_capacity(texts.len(), total);
        for text in &texts {
            out.append_option(text.as_deref());
        }
        Ok(Arc::new(out.finish()))
    }
}

impl TextEvidence {
    fn note(&mut self, found: &[Finding]) {
        for finding in found {
            let sum = self.findings.entry(finding.kind.name().to_owned()).or_default();
            sum.count += 1;
            sum.scores += f64::from(finding.score);
            let mut sorts: Vec<&str> = finding.why.iter().map(sort).collect();
            sorts.sort_unstable();
            sorts.dedup();
            for sort in sorts {
                *sum.why.entry(sort.to_owned()).or_default() += 1;
            }
        }
    }
}

fn sort(why: &Why) -> &'static str {
    match why {
        Why::Pattern(_) => "pattern",
        Why::Checksum(_) => "checksum",
        Why::Context(_) => "context",
        Why::Model => "model",
        Why::Network => "network",
        Why::Dictionary => "dictionary",
        Why::Column(_) => "column",
    }
}

//! Columns of free text in record batches: what they hold is found on all cores, then replaced in order. Where a cell is JSON, its keys,
//! strings and numbers are the texts: in the cell itself, escapes stand between words (`\\n110…`).

use crate::cells::{Kind, each, held};
use crate::detect::{self, DetectConfig, Detector, Finding, NameModel, Why, unite};
use crate::json::{self, Sort};
use crate::known::{Addressed, Instead, Known, Pieces, Repeats, cut, values_in, written};
use crate::messages::{BATCH_LARGE, COLUMN_MISSING, TYPE_WITHOUT_TEXT};
use crate::pseudonym::{Pseudonyms, TextAction, TextProtector};
use crate::titled::Title;
use crate::token::ColumnKeys;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use ingot_base::{Fault, Result, fault};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
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
    /// How many had a reason of this sort: `pattern`, `checksum`, `context`, `model`, `network`, `dictionary`, `column`, `repeated`.
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
    title: Title,
    protector: TextProtector,
    evidence: TextEvidence,
}

/// A text of a cell: the cell itself, or a key, a string or a number of its JSON. It shows what persons wrote, so there is no `Debug`.
struct Part {
    /// Which of the columns of text.
    column: usize,
    row: usize,
    /// The key that it stands under, or the column.
    title: Title,
    sort: Sort,
    text: String,
    /// Whether it is to be read: as long as something in it was replaced.
    pending: bool,
    touched: bool,
}

impl Part {
    /// What is read of it: of a number its digits, however it is written.
    fn said(&self) -> Cow<'_, str> {
        match self.sort {
            Sort::Number => json::decimal(&self.text),
            Sort::Key | Sort::Text => Cow::Borrowed(&self.text),
        }
    }
}

/// What stands in keys by themselves, by the column of text and the key.
type Keys<'p> = BTreeMap<(usize, &'p str), Vec<Finding>>;

/// A cell whose texts are taken out of it.
enum Cell {
    Null,
    Text,
    Json {
        raw: String,
        /// How many texts it has.
        parts: usize,
    },
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
                title: Title::of(name),
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
        let (mut cells, mut parts) = (Vec::new(), Vec::new());
        for (number, column) in self.columns.iter_mut().enumerate() {
            let array = arrays
                .get(column.index)
                .ok_or_else(|| fault::internal("a batch whose columns are not those checked"))?;
            cells.push(column.take(number, array, &mut parts)?);
        }
        self.protect(&mut parts, known, names)?;
        let mut parts = parts.into_iter();
        for (column, cells) in self.columns.iter_mut().zip(cells) {
            if let Some(array) = arrays.get_mut(column.index) {
                *array = column.put(cells, &mut parts)?;
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.output.clone(), arrays, &options)
            .map_err(|error| fault::internal("protected texts that make no table").because(error))
    }

    /// Replaces what is found in the texts, column by column, until nothing more shows.
    fn protect(
        &mut self,
        parts: &mut [Part],
        known: &[Vec<Known>],
        names: &Mutex<Pseudonyms>,
    ) -> Result<()> {
        for round in 0..ROUNDS {
            let mut found = self.find(parts, known, round == 0)?;
            // Of a number that is hidden nothing stays, no sign and no zeros of a column's scale.
            for (part, _) in parts.iter_mut().zip(&found).filter(|(_, found)| !found.is_empty()) {
                if part.sort == Sort::Number {
                    part.text = part.said().into_owned();
                }
            }
            let repeats = repeats(parts, &found, known);
            let none = Repeats::default();
            let of = |row: usize| repeats.get(&row).unwrap_or(&none);
            parts
                .par_iter()
                .zip(found.par_iter_mut())
                .filter(|(part, _)| part.sort != Sort::Number)
                .for_each(|(part, found)| of(part.row).find(&part.text, found));
            let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
            for (part, found) in parts.iter_mut().zip(&found) {
                part.pending = false;
                let Some(column) = self.columns.get_mut(part.column).filter(|_| !found.is_empty())
                else {
                    continue;
                };
                let repeats = of(part.row);
                let row = said(known, part.row);
                let pseudonyms = column.protector.makes_pseudonyms();
                let instead = |one: &Finding, value: &str, titled: Option<&Addressed<'_>>| {
                    if row.iter().any(|known| known.outright(one)) {
                        return Instead::Kind;
                    }
                    let mut own = row.iter().filter(|_| pseudonyms);
                    let token = own.find_map(|known| known.token(one, value));
                    token.map_or_else(|| repeats.instead(one, value, titled), Instead::Token)
                };
                column.evidence.note(found);
                part.text = column.protector.rewrite(&part.text, found, &instead, &mut names)?;
                // What stands for a number is read as any text.
                if part.sort == Sort::Number {
                    part.sort = Sort::Text;
                }
                part.touched = true;
                part.pending = column.protector.settles();
            }
            if parts.iter().all(|part| !part.pending) {
                return Ok(());
            }
        }
        for part in parts.iter_mut().filter(|part| part.pending) {
            let Some(column) = self.columns.get_mut(part.column) else { continue };
            let (settled, starred) =
                column.protector.star(&part.title, std::mem::take(&mut part.text));
            column.evidence.note(&starred);
            part.text = settled;
        }
        Ok(())
    }

    /// What stands in the texts that are to be read, of each in order.
    fn find(&self, parts: &[Part], known: &[Vec<Known>], first: bool) -> Result<Vec<Vec<Finding>>> {
        let keys = if first { self.keys(parts)? } else { Keys::new() };
        let one = |part: &Part| -> Result<Vec<Finding>> {
            let column = self.columns.get(part.column).filter(|_| part.pending);
            let Some(column) = column else { return Ok(Vec::new()) };
            let once = if part.sort == Sort::Key {
                keys.get(&(part.column, part.text.as_str()))
            } else {
                None
            };
            let found = once.map_or_else(|| column.find(part, first), |found| Ok(found.clone()))?;
            Ok(column.beside(part, said(known, part.row), found))
        };
        parts.par_iter().with_min_len(16).map(one).collect()
    }

    /// What stands in each key by itself: most cells have the same few.
    fn keys<'p>(&self, parts: &'p [Part]) -> Result<Keys<'p>> {
        let mut keys: BTreeMap<(usize, &'p str), &'p Part> = BTreeMap::new();
        for part in parts.iter().filter(|part| part.sort == Sort::Key) {
            keys.entry((part.column, part.text.as_str())).or_insert(part);
        }
        let one = |(key, part): ((usize, &'p str), &'p Part)| -> Result<_> {
            let column = self.columns.get(part.column);
            let found = column.map_or_else(|| Ok(Vec::new()), |column| column.find(part, true))?;
            Ok((key, found))
        };
        keys.into_par_iter().map(one).collect()
    }

    /// Keeps what is found in the texts from being given to others as a pseudonym.
    ///
    /// # Errors
    /// When a column cannot be read, or a plugged-in model fails.
    pub fn reserve(&self, batch: &RecordBatch, names: &Mutex<Pseudonyms>) -> Result<()> {
        for (number, column) in self.columns.iter().enumerate() {
            let Some(array) = batch.column_by_name(&column.evidence.column) else { continue };
            let mut parts = Vec::new();
            column.split(number, array, &mut parts)?;
            let found = self.find(&parts, &[], true)?;
            let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
            for (part, found) in parts.iter().zip(&found) {
                for value in values_in(&part.said(), found) {
                    names.reserve(&value);
                }
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

    /// The cells of a column, with their texts taken out of them.
    fn split(&self, number: usize, array: &ArrayRef, parts: &mut Vec<Part>) -> Result<Vec<Cell>> {
        let texts = Self::texts(array)?;
        let values: Vec<Option<Vec<json::Value>>> =
            texts.par_iter().map(|text| json::values(text.as_ref()?)).collect();
        let mut cells = Vec::with_capacity(texts.len());
        let mut titles: BTreeMap<String, Title> = BTreeMap::new();
        for (row, (text, values)) in texts.into_iter().zip(values).enumerate() {
            let part = |title, text, sort| {
                let (column, touched) = (number, false);
                Part { column, row, title, sort, text, pending: true, touched }
            };
            cells.push(match (text, values) {
                (None, _) => Cell::Null,
                (Some(text), None) => {
                    parts.push(part(self.title.clone(), text, Sort::Text));
                    Cell::Text
                }
                (Some(raw), Some(values)) => {
                    let count = values.len();
                    parts.extend(values.into_iter().map(|one| {
                        let title = match one.title {
                            Some(name) => titles
                                .entry(name)
                                .or_insert_with_key(|name| Title::of(name))
                                .clone(),
                            None if one.sort == Sort::Key => Title::default(),
                            None => self.title.clone(),
                        };
                        part(title, one.text, one.sort)
                    }));
                    Cell::Json { raw, parts: count }
                }
            });
        }
        Ok(cells)
    }

    /// The same, counted.
    fn take(
        &mut self,
        number: usize,
        array: &ArrayRef,
        parts: &mut Vec<Part>,
    ) -> Result<Vec<Cell>> {
        let cells = self.split(number, array, parts)?;
        let texts = cells.iter().filter(|cell| !matches!(cell, Cell::Null)).count();
        self.evidence.cells += texts as u64;
        Ok(cells)
    }

    /// The cells with their texts, which come in order, put back.
    fn put(
        &mut self,
        cells: Vec<Cell>,
        parts: &mut impl Iterator<Item = Part>,
    ) -> Result<ArrayRef> {
        let mut texts = Vec::with_capacity(cells.len());
        for cell in cells {
            let (count, raw) = match cell {
                Cell::Null => (0, None),
                Cell::Text => (1, None),
                Cell::Json { raw, parts } => (parts, Some(raw)),
            };
            let own: Vec<Part> = parts.by_ref().take(count).collect();
            let touched = own.iter().any(|part| part.touched);
            let mut own = own.into_iter().map(|part| part.text);
            let text = match raw {
                Some(raw) if touched => Some(json::with_values(&raw, &mut own)?),
                Some(raw) => Some(raw),
                None => own.next(),
            };
            self.evidence.touched += u64::from(touched);
            texts.push(text);
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

    /// What stands in a text by itself and with its title before it.
    fn find(&self, part: &Part, first: bool) -> Result<Vec<Finding>> {
        let text = &*part.said();
        Ok(match (first, part.sort) {
            (true, Sort::Text | Sort::Key) => {
                self.protector.titled(self.protector.find_once(text)?, &part.title, text)
            }
            _ => self.protector.again_under(&part.title, text),
        })
    }

    /// The same with what its row's columns say, where they are known. A known value within something longer, such as a name within an
    /// address of e-mail, hides no more than itself: the longer one stays. A number is personal data whole or not at all.
    fn beside(&self, part: &Part, known: &[Known], mut found: Vec<Finding>) -> Vec<Finding> {
        let text = &*part.said();
        if !known.is_empty() {
            let pieces = Pieces::of(text);
            let days = if known.iter().any(Known::is_day) { written(&pieces) } else { Vec::new() };
            let mut said = Vec::new();
            for value in known {
                value.find((&pieces, &days), &|value| self.whole(value), &mut said);
            }
            if !said.is_empty() {
                // What the table has no stand-in for shows its column's name however much of the text that takes.
                let outright = |one: &Finding| known.iter().any(|known| known.outright(one));
                let named: Vec<Finding> =
                    said.iter().filter(|one| !outright(one)).cloned().collect();
                cut(text, &named, &mut found);
                found.append(&mut said);
                found = unite(found);
            }
        }
        if part.sort == Sort::Number {
            found.retain(|one| one.start == 0 && one.end >= text.len());
        }
        found
    }

    /// The type of a value that is personal data from its first to its last letter.
    fn whole(&self, value: &str) -> Option<detect::Kind> {
        let length = value.chars().count();
        let mut found = self.protector.again(value).into_iter();
        found.find(|one| one.start == 0 && one.end == length).map(|one| one.kind)
    }
}

/// What the columns of a row say, if they are known.
fn said(known: &[Vec<Known>], row: usize) -> &[Known] {
    known.get(row).map_or(&[][..], Vec::as_slice)
}

/// The persons whom the columns and texts of each row name, where the texts name some.
fn repeats(
    parts: &[Part],
    found: &[Vec<Finding>],
    known: &[Vec<Known>],
) -> BTreeMap<usize, Repeats> {
    let mut rows: BTreeMap<usize, Vec<(&str, &[Finding])>> = BTreeMap::new();
    for (part, found) in parts.iter().zip(found).filter(|(_, found)| !found.is_empty()) {
        rows.entry(part.row).or_default().push((&part.text, found));
    }
    rows.into_par_iter().map(|(row, texts)| (row, Repeats::of(said(known, row), texts))).collect()
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
        Why::Repeated => "repeated",
    }
}

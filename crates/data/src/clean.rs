//! Sources to one clean table, in one ordered pass over all cores.
//!
//! A reader numbers pieces of work, workers decode and apply the rules, and one sink takes the results in their numbers'
//! order: so duplicates fall, figures add up and rows are written the same whatever the number of threads. A first pass of
//! the same kind gathers figures when a rule needs them.

use crate::chunk::Chunk;
use crate::config::{CleanConfig, Format, ImputeMethod, SourceConfig};
use crate::csv_decode::{self, Bad, Decoded};
use crate::distribute::{Cluster, Remote};
use crate::duplicates::{self, Near};
use crate::exact;
use crate::finite::finite;
use crate::images;
use crate::json_keys;
use crate::messages::{ENCODING_TAKEN, FILE_WRONG, IMAGES_CLASSES, NUMBERS_MIXED};
use crate::outcome::{CleanOutcome, Found};
use crate::profile::{self, Partial};
use crate::row_hash::row_hashes;
use crate::rules::{Action, Rules, constant};
use crate::sink::{Sieve, Sink};
use crate::source::{self, Part, Sources};
use crate::statistics::Gathered;
use crate::table::Encryption;
use crate::texts::{TextFound, evaluation_set, texts};
use crate::{ROW, SOURCE, WEIGHT};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Float64Array, Int32Array, RecordBatch,
    StringArray, UInt64Array,
};
use arrow::compute::{cast, filter_record_batch, is_null, nullif};
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Schema, SchemaRef};
use ingot_base::{Fault, Reporter, Result, fault};
use ingot_quality::near::{NearIndex, Sketch, Sketcher};
use ingot_quality::text::Language;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of text a piece of work holds.
const CHUNK: usize = 4 << 20;

/// Everything a cleaning needs.
#[derive(Debug)]
pub struct CleanJob<'a> {
    /// Folder that relative addresses start at.
    pub base_dir: &'a Path,
    /// Sources, in order.
    pub sources: &'a [SourceConfig],
    /// Rules.
    pub clean: &'a CleanConfig,
    /// Table to write (Parquet).
    pub output: &'a Path,
    /// File for what is set aside: JSON lines of source, file, line and reason.
    pub quarantine: &'a Path,
    /// File for what the rules about texts find: JSON lines of source, row, rule, figure and limit. Written only when there is
    /// such a rule.
    pub findings: &'a Path,
    /// Keys of the table; `None` writes it in plain.
    pub encryption: Option<&'a Encryption>,
    /// Bytes of memory the work should stay below.
    pub memory_limit: u64,
    /// Worker threads, at least 1.
    pub threads: usize,
    /// Columns that hold personal data: of these the outcome tells counts only.
    pub personal: &'a BTreeSet<String>,
    /// Which rows may enter at all, before any rule; `None` lets all in.
    pub admit: Option<Admit<'a>>,
    /// Whose executors decode and clean; `None` for the threads of this program.
    pub cluster: Option<Cluster<'a>>,
}

/// Says of each row whether it may enter.
#[derive(Clone, Copy)]
pub struct Admit<'a>(pub &'a (dyn Fn(&RecordBatch) -> Result<BooleanArray> + Sync));

impl std::fmt::Debug for Admit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Admit")
    }
}

/// Reads, reconciles, cleans and writes.
///
/// # Errors
/// When a source or rule is wrong, an expectation with `fail` is not met, or the table cannot be written.
pub fn clean(job: &CleanJob<'_>, reporter: &dyn Reporter) -> Result<CleanOutcome> {
    let sources = source::resolve(job.base_dir, job.sources)?;
    warn_of_pictures(job, &sources, reporter)?;
    let mut rules =
        Rules::compile(job.clean, &sources.schema, &|rule| evaluation_set(job.base_dir, rule))?;
    warn_of_encodings(job.sources, &sources, reporter);
    warn_of_mixed(job.clean, &sources, reporter);
    warn_of_strays(&sources, reporter);
    let work = Work::new(job, &sources);
    if rules.needs_figures() {
        let figures = gather(job, &work, &rules)?;
        settle(&mut rules, figures, &sources.schema)?;
    }
    let near = survey(&work, &rules, job.clean)?;
    let mut sink = Sink::create(job, &sources, &rules, near)?;
    pass(job, &work, (&rules, rules.steps.len()), |cleaned| {
        reporter.advance(cleaned.rows_in);
        sink.take(cleaned)
    })?;
    sink.finish(job, reporter)
}

/// Tells in which encoding files are read that are no UTF-8, once for each source and encoding.
fn warn_of_encodings(configs: &[SourceConfig], sources: &Sources, reporter: &dyn Reporter) {
    let mut told: BTreeMap<(usize, &str), (&str, u64)> = BTreeMap::new();
    for part in &sources.parts {
        if let Some(encoding) = part.taken {
            told.entry((part.source, encoding.title())).or_insert((&part.file, 0)).1 += 1;
        }
    }
    for ((source, encoding), (file, count)) in told {
        let name = configs.get(source).map_or("", |source| source.name.as_str());
        let warning = Fault::new(&ENCODING_TAKEN).arg("source", name).arg("count", count);
        reporter.warn(&warning.arg("file", file).arg("encoding", encoding));
    }
}

/// Tells of text columns that are mostly numbers and that no cast makes numbers.
fn warn_of_mixed(clean: &CleanConfig, sources: &Sources, reporter: &dyn Reporter) {
    for part in &sources.parts {
        let mixed = part.dialect.iter().flat_map(|dialect| &dialect.mixed);
        for (name, odd, seen) in mixed {
            let position = part.schema.index_of(name).ok();
            let name = position.and_then(|at| part.names.get(at)).unwrap_or(name);
            let cast = clean.cast.iter().any(|cast| cast.column == *name);
            // What tells persons apart is to stay text.
            if !cast && !part.identities.contains(name) {
                let example = format!("{{ column = \"{name}\", to = \"number\" }}");
                reporter.warn(
                    &Fault::new(&NUMBERS_MIXED)
                        .arg("column", name)
                        .arg("file", &part.file)
                        .arg("count", odd)
                        .arg("rows", seen)
                        .arg("example", example),
                );
            }
        }
    }
}

/// Tells of files that are no pictures here, and of pictures that stand in the folders of two classes.
fn warn_of_pictures(job: &CleanJob<'_>, sources: &Sources, reporter: &dyn Reporter) -> Result<()> {
    for told in job.sources.iter().filter_map(|source| images::passed(job.base_dir, source)) {
        reporter.warn(&told);
    }
    for part in sources.parts.iter().filter(|part| part.format == Format::Images) {
        let count = images::in_two_classes(&part.path)?;
        if count > 0 {
            let name = job.sources.get(part.source).map_or("", |source| source.name.as_str());
            reporter.warn(&Fault::new(&IMAGES_CLASSES).arg("source", name).arg("count", count));
        }
    }
    Ok(())
}

/// Tells of keys of JSON lines that are no columns; where, not which.
fn warn_of_strays(sources: &Sources, reporter: &dyn Reporter) {
    for part in sources.parts.iter().filter(|part| !part.strays.is_empty()) {
        reporter.warn(&json_keys::rare(&part.file, &part.strays));
    }
}

/// One pass of the first `steps` rules over all rows, here or on the cluster; results reach the sink in order.
fn pass(
    job: &CleanJob<'_>,
    work: &Work<'_>,
    (rules, steps): (&Rules, usize),
    sink: impl FnMut(Cleaned) -> Result<()>,
) -> Result<()> {
    match &job.cluster {
        Some(cluster) => {
            let remote = Remote::connect(cluster, job.clean, work, rules, steps)?;
            let work = Work { threads: remote.threads(), ..work.clone() };
            work.run(|item| remote.clean(&work, rules, steps, item), sink)
        }
        None => work.run(|item| work.clean(rules, steps, work.decode(item)?), sink),
    }
}

/// The shared, read-only part of the work.
#[derive(Clone)]
pub(crate) struct Work<'a> {
    sources: &'a Sources,
    threads: usize,
    chunk: usize,
    weights: Option<Vec<f64>>,
    admit: Option<Admit<'a>>,
}

/// A numbered piece of work.
pub(crate) enum Item {
    Text(usize, Chunk),
    Batch(usize, RecordBatch, u64),
}

/// A decoded piece: table columns, their row numbers, what was set aside.
pub(crate) struct Piece {
    pub(crate) part: usize,
    pub(crate) decoded: Decoded,
    pub(crate) refused: u64,
    /// Numbers that are none, by column of the table: they are missing.
    pub(crate) not_finite: BTreeMap<usize, u64>,
}

/// A cleaned piece.
pub(crate) struct Cleaned {
    pub(crate) part: usize,
    pub(crate) rows_in: u64,
    pub(crate) refused: u64,
    pub(crate) bad: Vec<Bad>,
    /// Rows kept so far, with lineage columns.
    pub(crate) kept: RecordBatch,
    pub(crate) rows: Vec<u64>,
    pub(crate) dropped: Vec<u64>,
    pub(crate) changed: Vec<u64>,
    /// Values that a cast could not read, and the first row's number, by step.
    pub(crate) lost: Vec<u64>,
    pub(crate) first_lost: Vec<Option<u64>>,
    pub(crate) flagged: Vec<u64>,
    /// First failing row's number, by step.
    pub(crate) failed: Vec<Option<u64>>,
    /// Hash of each kept row over all data columns; empty without a rule that needs it.
    pub(crate) hashes: Vec<u128>,
    /// Hashes of single columns for uniqueness, by step.
    pub(crate) unique: Vec<(usize, Vec<Option<u128>>)>,
    pub(crate) before: Vec<Partial>,
    pub(crate) after_distinct: bool,
    /// What the rules about texts found, by row number.
    pub(crate) found: Vec<(u64, TextFound)>,
    pub(crate) languages: BTreeMap<Language, u64>,
    /// Numbers that are none, by column of the table.
    pub(crate) not_finite: BTreeMap<usize, u64>,
}

impl<'a> Work<'a> {
    /// Reading alone, without any rule.
    pub(crate) fn plain(sources: &'a Sources) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { sources, threads, chunk: CHUNK, weights: None, admit: None }
    }

    fn new(job: &CleanJob<'a>, sources: &'a Sources) -> Self {
        let weighted = job.sources.iter().any(|source| (source.weight - 1.0).abs() > f64::EPSILON);
        let threads = job.threads.max(1);
        // A piece is held as text, as columns and as output. Its size must not depend on the number of threads: figures are
        // summed piece by piece, and their last digits would tell.
        let room = job.memory_limit / 64;
        let chunk = usize::try_from(room).unwrap_or(CHUNK).clamp(256 << 10, CHUNK);
        Self {
            sources,
            threads,
            chunk,
            weights: weighted.then(|| job.sources.iter().map(|source| source.weight).collect()),
            admit: job.admit,
        }
    }

    /// The work of an executor: pieces come to it, it reads no source.
    pub(crate) fn elsewhere(sources: &'a Sources, weights: Option<Vec<f64>>) -> Self {
        Self { sources, threads: 1, chunk: CHUNK, weights, admit: None }
    }

    pub(crate) fn sources(&self) -> &'a Sources {
        self.sources
    }

    pub(crate) fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// Whether every row may enter.
    pub(crate) fn admits_all(&self) -> bool {
        self.admit.is_none()
    }

    /// Feeds every piece through `map` on all threads and gives the results to `sink` in order.
    pub(crate) fn run<T: Send>(
        &self,
        map: impl Fn(Item) -> Result<T> + Sync,
        mut sink: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        // A piece needs a place before it is read and gives it back when the sink has taken it: a slow piece cannot let
        // those after it pile up, and a failure, which takes all places away, ends the reader. With a slot for every place
        // and one for a fault, the reader never waits anywhere else.
        let places = self.threads * 4;
        let (enter, leave) = sync_channel::<()>(places);
        let (give, take) = sync_channel::<(usize, Result<Item>)>(places + 1);
        let (done, results) = sync_channel::<(usize, Result<T>)>(self.threads * 2);
        let take = Mutex::new(take);
        std::thread::scope(|scope| {
            scope.spawn(move || self.read(&enter, &give));
            for _ in 0..self.threads {
                let (take, done, map) = (&take, done.clone(), &map);
                scope.spawn(move || worker(take, &done, map));
            }
            drop(done);
            let mut waiting = BTreeMap::new();
            let mut next = 0;
            let mut failure = None;
            for (number, result) in results {
                waiting.insert(number, result);
                while let Some(result) = waiting.remove(&next) {
                    next += 1;
                    let _ = leave.try_recv();
                    if failure.is_none()
                        && let Err(error) = result.and_then(&mut sink)
                    {
                        failure = Some(error);
                    }
                }
                if failure.is_some() {
                    // The workers end too: their sends fail once the receiver is gone.
                    break;
                }
            }
            drop(leave);
            failure.map_or(Ok(()), Err)
        })
    }

    /// Numbers every piece of every part.
    fn read(&self, enter: &SyncSender<()>, give: &SyncSender<(usize, Result<Item>)>) {
        let mut number = 0;
        for (index, part) in self.sources.parts.iter().enumerate() {
            let outcome = self.read_part(index, part, &mut |item| {
                number += 1;
                enter.send(()).is_ok() && give.send((number - 1, item)).is_ok()
            });
            if let Err(error) = outcome {
                let _ = give.send((number, Err(error)));
                return;
            }
        }
    }

    fn read_part(
        &self,
        index: usize,
        part: &Part,
        give: &mut dyn FnMut(Result<Item>) -> bool,
    ) -> Result<()> {
        match part.format {
            Format::Csv | Format::Jsonl | Format::Images => {
                for chunk in source::chunks(part, self.chunk)? {
                    if !give(Ok(Item::Text(index, chunk?))) {
                        return Ok(());
                    }
                }
            }
            Format::Parquet => {
                let mut row = 1;
                for batch in source::parquet_reader(&part.path)? {
                    let batch = batch.map_err(|error| part.wrong(error))?;
                    let first = row;
                    row += batch.num_rows() as u64;
                    if !give(Ok(Item::Batch(index, batch, first))) {
                        return Ok(());
                    }
                }
            }
            Format::Arrow => {
                let mut row = 1;
                for batch in source::arrow_reader(&part.path)? {
                    let batch = batch.map_err(|error| part.wrong(error))?;
                    let first = row;
                    row += batch.num_rows() as u64;
                    if !give(Ok(Item::Batch(index, batch, first))) {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// A piece of a file as columns of the table's schema.
    pub(crate) fn decode(&self, item: Item) -> Result<Piece> {
        let (index, decoded) = match item {
            Item::Batch(index, batch, first) => {
                let rows = (first..).take(batch.num_rows()).collect();
                (index, Ok(Decoded { batch, rows, bad: Vec::new(), odd: Vec::new() }))
            }
            Item::Text(index, chunk) => {
                let part = self.part(index)?;
                let decoded = match &part.dialect {
                    Some(dialect) => csv_decode::csv(&chunk, dialect),
                    None => csv_decode::jsonl(&chunk, &part.schema, &part.passed),
                };
                (index, decoded)
            }
        };
        let part = self.part(index)?;
        let mut decoded = decoded.map_err(|error| {
            Fault::new(&FILE_WRONG).arg("file", &part.file).arg("format", "table").because(error)
        })?;
        let aside = decoded.bad.len();
        let odd = self.conform(part, &mut decoded)?;
        let whole = aside == decoded.bad.len();
        let refused = self.refuse(&mut decoded)?;
        let mut not_finite = BTreeMap::new();
        // Of rows that may not enter, or are set aside, nothing is told.
        for (column, row) in odd {
            if (whole && refused == 0) || decoded.rows.binary_search(&row).is_ok() {
                *not_finite.entry(column).or_default() += 1;
            }
        }
        Ok(Piece { part: index, decoded, refused, not_finite })
    }

    /// Takes out the rows that may not enter; how many.
    fn refuse(&self, decoded: &mut Decoded) -> Result<u64> {
        let Some(Admit(admit)) = self.admit else { return Ok(0) };
        let mask = admit(&decoded.batch)?;
        let refused = mask.iter().filter(|stays| *stays != Some(true)).count();
        if refused > 0 {
            decoded.batch = filter_record_batch(&decoded.batch, &mask)
                .map_err(|error| fault::internal("rows could not be selected").because(error))?;
            let mut stays = mask.iter();
            decoded.rows.retain(|_| stays.next().flatten() == Some(true));
        }
        Ok(refused as u64)
    }

    pub(crate) fn part(&self, index: usize) -> Result<&Part> {
        self.sources.parts.get(index).ok_or_else(|| fault::internal("part index"))
    }

    /// Renames, widens and fills in columns up to the table's schema. Numbers that are none become missing; their columns and rows.
    /// Rows with a value that does not fit its type are set aside.
    fn conform(&self, part: &Part, decoded: &mut Decoded) -> Result<Vec<(usize, u64)>> {
        let (batch, rows) = (&decoded.batch, &decoded.rows);
        let (mut odd, mut misfits) = (Vec::new(), BTreeMap::new());
        let mut column = |index: usize, field: &Field| {
            let Some(own) = part.names.iter().position(|name| name == field.name()) else {
                return Ok(arrow::array::new_null_array(field.data_type(), batch.num_rows()));
            };
            odd.extend(
                decoded.odd.iter().filter(|(at, _)| *at == own).map(|(_, row)| (index, *row)),
            );
            let mut array = Arc::clone(batch.column(own));
            if array.data_type().is_floating() {
                // Before the column is widened: NaN must not become a text. Only where it stood is taken from the wider numbers, whose
                // digits are others: of 32 bits 0.1 is 0.1, of 64 it is 0.10000000149011612.
                let (kept, places) = finite(cast(&array, &DataType::Float64)?);
                odd.extend(places.iter().filter_map(|at| Some((index, *rows.get(*at)?))));
                if !places.is_empty() {
                    array = nullif(&array, &is_null(&kept)?)?;
                }
            }
            let identity = part.identities.contains(field.name());
            let fitted = if identity
                && array.data_type().is_floating()
                && field.data_type() == &DataType::Utf8
            {
                exact::shortest(&array)?
            } else {
                cast(&array, field.data_type())?
            };
            let lost = exact::misfits(&array, &fitted)?.into_iter();
            misfits.extend(lost.map(|at| (at, field.name().clone())));
            without_empty(part.format, fitted)
        };
        let fields = self.sources.schema.fields().iter().enumerate();
        let columns = fields
            .map(|(index, field)| column(index, field))
            .collect::<std::result::Result<Vec<ArrayRef>, _>>()
            .and_then(|columns| RecordBatch::try_new(Arc::clone(&self.sources.schema), columns));
        decoded.batch = columns.map_err(|error| {
            Fault::new(&FILE_WRONG).arg("file", &part.file).arg("format", "table").because(error)
        })?;
        set_aside(part, decoded, &misfits)?;
        Ok(odd)
    }

    /// Applies the first `steps` rules and keeps the rows that survive them.
    pub(crate) fn clean(&self, rules: &Rules, steps: usize, piece: Piece) -> Result<Cleaned> {
        let Decoded { batch, rows, bad, .. } = piece.decoded;
        let refused = piece.refused;
        let distinct = rows.first().is_some_and(|row| profile::wants_distinct(*row));
        let before = profile::partial(&batch, batch.num_columns(), distinct);
        let applied = rules.apply(&batch, steps)?;
        let mut dropped = vec![0; rules.steps.len()];
        for fate in applied.fates.iter().filter(|fate| **fate > 0) {
            if let Some(slot) = dropped.get_mut(usize::from(*fate) - 1) {
                *slot += 1;
            }
        }
        let numbered = |places: &[Option<usize>]| -> Vec<Option<u64>> {
            places.iter().map(|row| row.and_then(|row| rows.get(row).copied())).collect()
        };
        let (failed, first_lost) = (numbered(&applied.failed), numbered(&applied.first_lost));
        let internal = |error: arrow::error::ArrowError| {
            fault::internal("rows could not be selected").because(error)
        };
        let mask: BooleanArray = applied.fates.iter().map(|fate| Some(*fate == 0)).collect();
        let kept = filter_record_batch(&applied.batch, &mask).map_err(internal)?;
        let numbers: Vec<u64> = rows
            .iter()
            .zip(&applied.fates)
            .filter(|(_, fate)| **fate == 0)
            .map(|(row, _)| *row)
            .collect();
        let found = applied
            .texts
            .rows
            .into_iter()
            .filter_map(|(row, found)| Some((*rows.get(row)?, found)))
            .collect();
        let dedupe = rules.steps.iter().any(|step| matches!(step.action, Action::Dedupe));
        let hashes =
            if dedupe { row_hashes(&self.compared(&kept)).map_err(internal)? } else { Vec::new() };
        let mut unique = Vec::new();
        for (index, step) in rules.steps.iter().enumerate() {
            if let Action::Unique(column, _) = step.action {
                let array = kept.column(column);
                let hashes = row_hashes(std::slice::from_ref(array)).map_err(internal)?;
                let present = hashes
                    .into_iter()
                    .enumerate()
                    .map(|(row, hash)| array.is_valid(row).then_some(hash))
                    .collect();
                unique.push((index, present));
            }
        }
        Ok(Cleaned {
            part: piece.part,
            rows_in: rows.len() as u64,
            refused,
            bad,
            kept: self.with_lineage(piece.part, &kept, &numbers)?,
            rows: numbers,
            dropped,
            changed: applied.changed,
            lost: applied.lost,
            first_lost,
            flagged: applied.flagged,
            failed,
            hashes,
            unique,
            before,
            after_distinct: distinct,
            found,
            languages: applied.texts.languages,
            not_finite: piece.not_finite,
        })
    }

    /// The columns by which two rows are the same. A picture is its content, wherever the file stands: in the folders of two classes it would
    /// be learnt from and tested on.
    fn compared(&self, batch: &RecordBatch) -> Vec<ArrayRef> {
        let pictures = self.sources.parts.iter().any(|part| part.format == Format::Images);
        let schema = batch.schema();
        let named = schema.fields().iter().zip(batch.columns());
        named
            .filter(|(field, _)| {
                !(pictures && [images::IMAGE, images::LABEL].contains(&field.name().as_str()))
            })
            .map(|(_, column)| Arc::clone(column))
            .collect()
    }

    fn with_lineage(&self, part: usize, batch: &RecordBatch, rows: &[u64]) -> Result<RecordBatch> {
        let source = self.part(part)?;
        let mut columns = batch.columns().to_vec();
        let label: ArrayRef = Arc::new(StringArray::from(vec![source.label.as_str()]));
        let keys = Int32Array::from(vec![0; rows.len()]);
        let labels = DictionaryArray::<Int32Type>::try_new(keys, label)
            .map_err(|error| fault::internal("lineage column").because(error))?;
        columns.push(Arc::new(labels));
        columns.push(Arc::new(UInt64Array::from(rows.to_vec())));
        if let Some(weights) = &self.weights {
            let weight = weights.get(source.source).copied().unwrap_or(1.0);
            columns.push(Arc::new(Float64Array::from(vec![weight; rows.len()])));
        }
        RecordBatch::try_new(lineage_schema(&batch.schema(), self.weights.is_some()), columns)
            .map_err(|error| fault::internal("lineage columns").because(error))
    }
}

/// Sets rows aside that hold a value which does not fit its type, by their place and the value's column. A file without lines has
/// the record's number in place of one.
fn set_aside(part: &Part, decoded: &mut Decoded, misfits: &BTreeMap<usize, String>) -> Result<()> {
    if misfits.is_empty() {
        return Ok(());
    }
    let stays = |at: &usize| !misfits.contains_key(at);
    let mask: BooleanArray = (0..decoded.rows.len()).map(|at| Some(stays(&at))).collect();
    decoded.batch = filter_record_batch(&decoded.batch, &mask)
        .map_err(|error| fault::internal("rows could not be selected").because(error))?;
    let header = part.dialect.as_ref().map_or(0, |dialect| dialect.header_lines);
    for (at, column) in misfits {
        if let Some(row) = decoded.rows.get(*at).copied() {
            let reason = exact::misfit(column, row);
            decoded.bad.push(Bad { row, line: row + header, reason });
        }
    }
    decoded.bad.sort_by_key(|bad| bad.row);
    let mut places = 0..;
    decoded.rows.retain(|_| places.next().is_some_and(|at| stays(&at)));
    Ok(())
}

/// Empty text is no value: the reader of CSV knows that, other formats hold both.
fn without_empty(
    format: Format,
    array: ArrayRef,
) -> std::result::Result<ArrayRef, arrow::error::ArrowError> {
    match array.as_string_opt::<i32>() {
        Some(texts) if format != Format::Csv && texts.iter().any(|text| text == Some("")) => {
            let empty: BooleanArray = texts.iter().map(|text| Some(text == Some(""))).collect();
            nullif(&array, &empty)
        }
        _ => Ok(array),
    }
}

fn worker<T>(
    take: &Mutex<Receiver<(usize, Result<Item>)>>,
    done: &SyncSender<(usize, Result<T>)>,
    map: &(impl Fn(Item) -> Result<T> + Sync),
) {
    loop {
        let next = take.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, item)) = next else { return };
        if done.send((number, item.and_then(map))).is_err() {
            return;
        }
    }
}

pub(crate) fn lineage_schema(data: &Schema, weighted: bool) -> SchemaRef {
    let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let mut fields: Vec<Field> = data.fields().iter().map(|field| field.as_ref().clone()).collect();
    fields.push(Field::new(SOURCE, text, false));
    fields.push(Field::new(ROW, DataType::UInt64, false));
    if weighted {
        fields.push(Field::new(WEIGHT, DataType::Float64, false));
    }
    Arc::new(Schema::new(fields))
}

/// First pass: figures of the columns that rules ask for, over the rows that the rules before them keep.
fn gather(job: &CleanJob<'_>, work: &Work<'_>, rules: &Rules) -> Result<Vec<Option<Gathered>>> {
    let mut figures: Vec<Option<Gathered>> = rules
        .steps
        .iter()
        .map(|step| {
            matches!(step.action, Action::Impute(_, _, None) | Action::Outlier(_, _, _, None))
                .then(Gathered::default)
        })
        .collect();
    pass(job, work, (rules, rules.before_figures()), |Cleaned { kept: batch, .. }| {
        for (step, figures) in rules.steps.iter().zip(&mut figures) {
            let Some(figures) = figures else { continue };
            match &step.action {
                Action::Impute(column, rule, _) if rule.method == ImputeMethod::Mode => {
                    let texts = cast(batch.column(*column), &DataType::Utf8)
                        .map_err(|error| fault::internal("values as text").because(error))?;
                    texts.as_string::<i32>().iter().flatten().for_each(|text| figures.text(text));
                }
                Action::Impute(column, ..) | Action::Outlier(column, ..) => {
                    let numbers = cast(batch.column(*column), &DataType::Float64)
                        .map_err(|error| fault::internal("values as numbers").because(error))?;
                    numbers
                        .as_primitive::<Float64Type>()
                        .iter()
                        .flatten()
                        .for_each(|value| figures.number(value));
                }
                _ => {}
            }
        }
        Ok(())
    })?;
    Ok(figures)
}

/// A pass over the rows that all other rules keep, when near duplicates are looked for. It is done here, with a cluster too: each
/// text leaves only its sketch, and the first of a group may stand anywhere.
fn survey(work: &Work<'_>, rules: &Rules, config: &CleanConfig) -> Result<Option<Near>> {
    let column = rules.steps.iter().find_map(|step| match step.action {
        Action::Near(column) => Some(column),
        _ => None,
    });
    let (Some(column), Some(rule)) = (column, &config.near) else { return Ok(None) };
    let config = duplicates::config(rule);
    let sketcher = Sketcher::new(&config);
    let mut index = NearIndex::new(config);
    let mut sieve = Sieve::default();
    let mut outcomes = rules.outcomes();
    work.run(
        |item| {
            let cleaned = work.clean(rules, rules.steps.len(), work.decode(item)?)?;
            let texts = texts(cleaned.kept.column(column))
                .map_err(|error| fault::internal("values as text").because(error))?;
            let sketches: Vec<Option<Sketch>> =
                texts.iter().map(|text| text.and_then(|text| sketcher.sketch(text))).collect();
            Ok((cleaned, sketches))
        },
        |(cleaned, sketches)| {
            let keep = sieve.keep(rules, &cleaned, &mut outcomes);
            for (sketch, _) in sketches.into_iter().zip(keep).filter(|(_, keep)| *keep) {
                index.push(sketch);
            }
            Ok(())
        },
    )?;
    Ok(Some(Near::new(rule, &index)))
}

/// Puts the gathered figures into the rules.
fn settle(rules: &mut Rules, figures: Vec<Option<Gathered>>, source: &SchemaRef) -> Result<()> {
    let schema = Arc::clone(&rules.schema);
    for (step, figures) in rules.steps.iter_mut().zip(figures) {
        let Some(mut figures) = figures else { continue };
        match &mut step.action {
            Action::Impute(column, rule, value) => {
                let field = schema.fields().get(*column).or_else(|| source.fields().get(*column));
                if let (Some(text), Some(field)) = (figures.filling(&rule.method), field) {
                    *value =
                        Some(constant(&text, field.data_type(), &rule.column, &step.key_path)?);
                    step.found = Some(Found::Fill { column: rule.column.clone(), value: text });
                }
            }
            Action::Outlier(column, method, _, bounds) => {
                *bounds = figures.bounds(*method);
                let name = source.fields().get(*column).map(|field| field.name().clone());
                if let (Some((low, high)), Some(column)) = (*bounds, name)
                    && low.is_finite()
                    && high.is_finite()
                {
                    step.found = Some(Found::Bounds { column, low, high });
                }
            }
            _ => {}
        }
    }
    Ok(())
}

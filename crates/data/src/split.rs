//! Train, validation and test: exact, seeded, and nothing of a group on both sides, nor near duplicates.
//!
//! Rows are gathered into groups (a row without a group column is its own); values of its column in which [`told_apart`]
//! sees one person are one group. A stratum holds the groups of one value of
//! the stratifying column; within it groups are put in the order of a keyed hash of their name and cut at the shares, so
//! that adding a row elsewhere moves no other group. Groups with near duplicates of each other become one. Afterwards the parts
//! are read back and both promises are checked, near duplicates under other permutations than those that found them.
//!
//! By time the latest rows are the test, whatever they are like. Near duplicates are not moved together then, which would bring
//! old rows into the test: those in earlier parts than the latest of them are left out.

use crate::config::NearRule;
use crate::config::{SplitConfig, SplitMethod};
use crate::messages::{COLUMN_NOT_TEXT, SPLIT_CROSSED, SPLIT_EMPTY, SPLIT_NEAR, SPLIT_TIME};
use crate::names::unknown_column;
use crate::outcome::{NearSplit, PartOutcome, SplitOutcome};
use crate::table::{Encryption, open, read_fault, schema};
use crate::table_writer::TableWriter;
use crate::texts::is_text;
use crate::{ROW, SOURCE};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use ingot_base::{Fault, Result, crash, fault, told_apart};
use ingot_quality::Unite;
use ingot_quality::near::{Groups, NearConfig, NearIndex, Sketcher};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use twox_hash::XxHash3_128;

/// Names of the parts, in order.
const PARTS: [&str; 3] = ["train", "validation", "test"];
/// Most values of the balance column that are shown.
const SHOWN: usize = 20;
/// The time of a row without one, older than any: it can then never leak the future into training's past.
const UNDATED: i64 = i64::MIN;
/// The place of rows that stand in no part.
const OUT: usize = PARTS.len();

/// What the split knows of a group.
#[derive(Debug, Default)]
struct Group {
    rows: u64,
    /// Rows by stratum; the most frequent decides.
    strata: BTreeMap<String, u64>,
    /// Latest time of its rows.
    time: i64,
}

/// The first and the last time of a part's rows, each with its text.
struct Span(Option<[(i64, String); 2]>);

impl Span {
    const fn new() -> Self {
        Self(None)
    }

    fn add<'a>(&mut self, time: i64, text: impl Fn() -> &'a str) {
        match &mut self.0 {
            None => {
                let text = text().to_owned();
                self.0 = Some([(time, text.clone()), (time, text)]);
            }
            Some([first, _]) if time < first.0 => *first = (time, text().to_owned()),
            Some([_, last]) if time > last.0 => *last = (time, text().to_owned()),
            Some(_) => {}
        }
    }

    /// Both texts; a day without its midnight.
    fn told(self) -> Option<(String, String)> {
        let day = |text: String| text.strip_suffix("T00:00:00").map_or(text.clone(), str::to_owned);
        self.0.map(|[first, last]| (day(first.1), day(last.1)))
    }
}

/// Divides a table into `train.parquet`, `validation.parquet` (when asked for) and `test.parquet`.
///
/// # Errors
/// When a column is missing, a part would be empty, or the check afterwards finds a group in two parts.
pub fn split(
    input: &Path,
    output_dir: &Path,
    config: &SplitConfig,
    encryption: Option<&Encryption>,
) -> Result<SplitOutcome> {
    let mut columns = Columns::find(input, config, encryption)?;
    let near = columns.unite_near(input, encryption)?;
    let (groups, undated) = groups(input, &columns, encryption)?;
    let mut places = assign(&groups, config);
    let left_out = columns.leave_out(&groups, &mut places);
    filled(&groups, &places, config)?;
    let mut outcome = write(input, output_dir, &columns, &places, encryption, config)?;
    outcome.undated = undated;
    outcome.near = near.map(|near| NearSplit { left_out, ..near });
    check(output_dir, &columns, encryption, outcome)
}

/// For each row of a part, in its order, a number from 0 that only its near duplicates and the rows of its group share: they stay together when
/// the part is divided further. `None` where every row is alone.
///
/// # Errors
/// When the part cannot be read, or lacks a column that the split looked at.
pub fn families(
    part: &Path,
    config: &SplitConfig,
    encryption: Option<&Encryption>,
) -> Result<Option<Vec<u32>>> {
    if config.near.is_none() && config.group.is_none() {
        return Ok(None);
    }
    let mut columns = Columns::find(part, config, encryption)?;
    columns.unite_near(part, encryption)?;
    let mut numbers: BTreeMap<u128, u32> = BTreeMap::new();
    let mut families = Vec::new();
    for batch in open(part, encryption, Some(&columns.wanted()))? {
        let batch = batch.map_err(|error| read_fault(part, error))?;
        for key in columns.own_keys(&batch)? {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            families.push(*numbers.entry(columns.first_of(key)).or_insert(next));
        }
    }
    Ok((numbers.len() < families.len()).then_some(families))
}

/// Names of the columns a split looks at.
struct Columns {
    group: Option<String>,
    stratum: Option<String>,
    time: Option<String>,
    near: Option<NearRule>,
    /// Groups that near duplicates make one, by the first of them.
    united: BTreeMap<u128, u128>,
}

impl Columns {
    fn find(input: &Path, config: &SplitConfig, keys: Option<&Encryption>) -> Result<Self> {
        let schema = schema(input, keys)?;
        let (stratum, time) = match &config.method {
            SplitMethod::Random => (None, None),
            SplitMethod::Stratified(column) => (Some(column.clone()), None),
            SplitMethod::Time(column) => (None, Some(column.clone())),
        };
        let known: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        for (column, key) in
            [(&config.group, "split.group"), (&stratum, "split.stratify"), (&time, "split.time")]
        {
            if let Some(column) = column
                && schema.index_of(column).is_err()
            {
                return Err(unknown_column(column, &known).at(key));
            }
        }
        if let Some(rule) = &config.near {
            let key = "clean.dedupe.near.column";
            let field = schema
                .field_with_name(&rule.column)
                .map_err(|_| unknown_column(&rule.column, &known).at(key))?;
            if !is_text(field.name(), field.data_type()) {
                return Err(Fault::new(&COLUMN_NOT_TEXT).arg("column", &rule.column).at(key));
            }
        }
        let (group, near) = (config.group.clone(), config.near.clone());
        Ok(Self { group, stratum, time, near, united: BTreeMap::new() })
    }

    /// Finds near duplicates of the whole table and makes their groups one.
    fn unite_near(&mut self, input: &Path, keys: Option<&Encryption>) -> Result<Option<NearSplit>> {
        let Some(rule) = self.near.clone() else { return Ok(None) };
        let mut index = NearIndex::new(near_config(&rule, rule.seed));
        let mut owners: Vec<u128> = Vec::new();
        self.sketch(input, keys, &rule, &mut index, &mut owners)?;
        let groups = index.group();
        let numbers: BTreeMap<u128, u32> =
            owners.iter().copied().collect::<BTreeSet<u128>>().into_iter().zip(0..).collect();
        let number =
            |text: u32| owners.get(text as usize).and_then(|owner| numbers.get(owner)).copied();
        let mut unite = Unite::new(numbers.len());
        for link in &groups.links {
            if let (Some(one), Some(other)) = (number(link.text), number(link.like)) {
                unite.unite(one, other);
            }
        }
        let names: Vec<u128> = numbers.keys().copied().collect();
        let firsts = unite.roots();
        self.united = names
            .iter()
            .zip(firsts)
            .filter_map(|(name, first)| Some((*name, *names.get(first as usize)?)))
            .filter(|(name, first)| name != first)
            .collect();
        Ok(Some(NearSplit {
            column: rule.column,
            similarity: rule.similarity,
            groups: groups.groups() as u64,
            rows: groups.repeated() as u64,
            left_out: 0,
            crossing: 0,
        }))
    }

    /// By time: takes rows out of the parts before the latest in which a near duplicate of theirs stands; how many.
    fn leave_out(&self, groups: &BTreeMap<u128, Group>, places: &mut BTreeMap<u128, usize>) -> u64 {
        if self.time.is_none() {
            return 0;
        }
        let mut families: BTreeMap<u128, Vec<u128>> = BTreeMap::new();
        for (name, first) in &self.united {
            families.entry(*first).or_insert_with(|| vec![*first]).push(*name);
        }
        let mut left_out = 0;
        for members in families.values() {
            let latest = members.iter().filter_map(|name| places.get(name)).max().copied();
            for name in members {
                if let Some(place) = places.get_mut(name).filter(|place| Some(**place) < latest) {
                    *place = OUT;
                    left_out += groups.get(name).map_or(0, |group| group.rows);
                }
            }
        }
        left_out
    }

    /// Adds every row's text to an index, and the group it belongs to by itself to `owners`.
    fn sketch(
        &self,
        path: &Path,
        keys: Option<&Encryption>,
        rule: &NearRule,
        index: &mut NearIndex,
        owners: &mut Vec<u128>,
    ) -> Result<()> {
        let sketcher = Sketcher::new(index.config());
        let mut wanted = self.wanted();
        wanted.push(&rule.column);
        for batch in open(path, keys, Some(&wanted))? {
            let batch = batch.map_err(|error| read_fault(path, error))?;
            let texts = texts(&batch, &rule.column)?;
            let texts: Vec<Option<&str>> = texts.as_string::<i32>().iter().collect();
            sketcher.all(&texts).into_iter().for_each(|sketch| index.push(sketch));
            owners.extend(self.own_keys(&batch)?);
        }
        Ok(())
    }

    /// Columns to read for the assignment.
    fn wanted(&self) -> Vec<&str> {
        let own = [&self.group, &self.stratum, &self.time];
        let mut wanted: Vec<&str> =
            own.into_iter().filter_map(|column| column.as_deref()).collect();
        wanted.extend([SOURCE, ROW]);
        wanted
    }

    /// The group of each row of a batch, near duplicates in one unless time parts them.
    fn keys(&self, batch: &RecordBatch) -> Result<Vec<u128>> {
        let own = self.own_keys(batch)?;
        if self.time.is_some() {
            return Ok(own);
        }
        Ok(own.into_iter().map(|key| self.first_of(key)).collect())
    }

    /// The group that a group is one with by its near duplicates.
    fn first_of(&self, key: u128) -> u128 {
        self.united.get(&key).copied().unwrap_or(key)
    }

    /// The group of each row of a batch by itself: the hash of its group value, or of its source and row number.
    fn own_keys(&self, batch: &RecordBatch) -> Result<Vec<u128>> {
        let group = self.group.as_deref().map(|name| texts(batch, name)).transpose()?;
        let (sources, rows) = (texts(batch, SOURCE)?, texts(batch, ROW)?);
        let (sources, rows) = (sources.as_string::<i32>(), rows.as_string::<i32>());
        Ok((0..batch.num_rows())
            .map(|row| match &group {
                // A missing group value makes a row its own group.
                Some(group) if group.is_valid(row) => {
                    named(&told_apart(group.as_string::<i32>().value(row)))
                }
                _ => XxHash3_128::oneshot(
                    format!("r\u{0}{}\u{0}{}", sources.value(row), rows.value(row)).as_bytes(),
                ),
            })
            .collect())
    }
}

/// The hash of a group by its value as persons are told apart.
fn named(group: &str) -> u128 {
    XxHash3_128::oneshot(format!("g\u{0}{group}").as_bytes())
}

fn texts(batch: &RecordBatch, name: &str) -> Result<ArrayRef> {
    let column = batch
        .column_by_name(name)
        .ok_or_else(|| fault::internal(format!("table without `{name}`")))?;
    cast(column, &DataType::Utf8)
        .map_err(|error| fault::internal(format!("`{name}` as text")).because(error))
}

/// Text as instants; what is no instant is refused, since its row would stand at the wrong end of time.
fn text_times(column: &ArrayRef, name: &str) -> Result<ArrayRef> {
    let wrong = |error| fault::internal(format!("`{name}` as time")).because(error);
    let texts = cast(column, &DataType::Utf8).map_err(wrong)?;
    let stamp = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None);
    let known = cast(&cast(&texts, &stamp).map_err(wrong)?, &DataType::Int64).map_err(wrong)?;
    let known = known.as_primitive::<Int64Type>();
    let (mut unread, mut times) = (0_u64, Vec::with_capacity(texts.len()));
    for (row, text) in texts.as_string::<i32>().iter().enumerate() {
        let text = text.filter(|text| !text.trim().is_empty());
        let time = match text {
            Some(_) if known.is_valid(row) => Some(known.value(row)),
            Some(text) => ingot_base::day::instant(text),
            None => None,
        };
        unread += u64::from(text.is_some() && time.is_none());
        times.push(time);
    }
    if unread > 0 {
        return Err(Fault::new(&SPLIT_TIME)
            .arg("column", name)
            .arg("count", unread)
            .at("split.time"));
    }
    Ok(Arc::new(Int64Array::from(times)))
}

/// A whole number that sorts as a number does among others; none of what is no number.
fn rank(number: f64) -> Option<i64> {
    // Zero has a sign, which means nothing: added to another zero it is positive.
    let bits = (number + 0.0).to_bits().cast_signed();
    // The bits of positive numbers sort like them, those of negative ones, but for the sign, the other way round.
    (!number.is_nan()).then_some(if bits < 0 { bits ^ i64::MAX } else { bits })
}

/// A time column as whole numbers that sort like it.
fn times(batch: &RecordBatch, name: &str) -> Result<Vec<i64>> {
    let column = batch
        .column_by_name(name)
        .ok_or_else(|| fault::internal(format!("table without `{name}`")))?;
    let wrong = |error| fault::internal(format!("`{name}` as time")).because(error);
    let numbers = match column.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
            text_times(column, name)?
        }
        DataType::Date32 => cast(&cast(column, &DataType::Int32).map_err(wrong)?, &DataType::Int64)
            .map_err(wrong)?,
        // What lies between two whole numbers is in order too.
        kind if kind.is_numeric() && !kind.is_integer() => {
            let numbers = cast(column, &DataType::Float64).map_err(wrong)?;
            let numbers = numbers.as_primitive::<Float64Type>();
            Arc::new(numbers.iter().map(|number| number.and_then(rank)).collect::<Int64Array>())
        }
        _ => cast(column, &DataType::Int64).map_err(wrong)?,
    };
    Ok(numbers.as_primitive::<Int64Type>().iter().map(|value| value.unwrap_or(UNDATED)).collect())
}

/// What is to be known of every group, and how many rows have no time.
fn groups(
    input: &Path,
    columns: &Columns,
    keys: Option<&Encryption>,
) -> Result<(BTreeMap<u128, Group>, u64)> {
    let mut groups: BTreeMap<u128, Group> = BTreeMap::new();
    let mut undated = 0;
    for batch in open(input, keys, Some(&columns.wanted()))? {
        let batch = batch.map_err(|error| read_fault(input, error))?;
        let strata = columns.stratum.as_deref().map(|name| texts(&batch, name)).transpose()?;
        let times = columns.time.as_deref().map(|name| times(&batch, name)).transpose()?;
        for (row, key) in columns.keys(&batch)?.into_iter().enumerate() {
            let group =
                groups.entry(key).or_insert_with(|| Group { time: UNDATED, ..Group::default() });
            group.rows += 1;
            if let Some(strata) = &strata {
                let value =
                    if strata.is_valid(row) { strata.as_string::<i32>().value(row) } else { "" };
                *group.strata.entry(value.to_owned()).or_default() += 1;
            }
            if let Some(time) = times.as_ref().and_then(|times| times.get(row)) {
                group.time = group.time.max(*time);
                undated += u64::from(*time == UNDATED);
            }
        }
    }
    Ok((groups, undated))
}

/// The part of each group.
fn assign(groups: &BTreeMap<u128, Group>, config: &SplitConfig) -> BTreeMap<u128, usize> {
    let mut strata: BTreeMap<&str, Vec<(u128, &Group)>> = BTreeMap::new();
    for (key, group) in groups {
        let stratum = group
            .strata
            .iter()
            .max_by(|one, other| one.1.cmp(other.1).then_with(|| other.0.cmp(one.0)))
            .map_or("", |(value, _)| value.as_str());
        strata.entry(stratum).or_default().push((*key, group));
    }
    let mut places = BTreeMap::new();
    let mut rows = [0_u64; 3];
    for members in strata.values_mut() {
        match config.method {
            // The latest come first, since the test part is cut from the front.
            SplitMethod::Time(_) => {
                members.sort_by_key(|(key, group)| (std::cmp::Reverse(group.time), *key));
            }
            _ => members.sort_by_key(|(key, _)| order(*key, config.seed)),
        }
        let total: u64 = members.iter().map(|(_, group)| group.rows).sum();
        let (test, validation) = (share(total, config.test), share(total, config.validation));
        let timed = matches!(config.method, SplitMethod::Time(_));
        let mut taken = 0;
        // Rows of one time stay on one side: part of a day would tell of the rest of it.
        for block in members.chunk_by(|(_, one), (_, next)| timed && one.time == next.time) {
            // A block goes to the part in which its middle row stands.
            let size: u64 = block.iter().map(|(_, group)| group.rows).sum();
            let middle = taken + size / 2;
            let part = match usize::from(middle < test + validation) {
                _ if middle < test || (timed && taken == 0) => 2,
                0 if timed && validation > 0 && rows[1] == 0 => 1,
                part => part,
            };
            taken += size;
            places.extend(block.iter().map(|(key, _)| (*key, part)));
            if let Some(count) = rows.get_mut(part) {
                *count += size;
            }
        }
    }
    places
}

/// Whether every part that is asked for has rows.
fn filled(
    groups: &BTreeMap<u128, Group>,
    places: &BTreeMap<u128, usize>,
    config: &SplitConfig,
) -> Result<()> {
    let taken: BTreeSet<usize> = places.values().copied().collect();
    let needed = [true, config.validation > 0.0, true];
    for (index, (part, needed)) in PARTS.iter().zip(needed).enumerate() {
        if needed && !taken.contains(&index) {
            let total: u64 = groups.values().map(|group| group.rows).sum();
            return Err(Fault::new(&SPLIT_EMPTY)
                .arg("part", part)
                .arg("rows", total)
                .arg("groups", groups.len())
                .at("split"));
        }
    }
    Ok(())
}

/// The share of a number of rows, rounded half up.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of rows stay below 2^53 and shares in [0, 1]"
)]
fn share(total: u64, share: f64) -> u64 {
    (total as f64 * share + 0.5).floor() as u64
}

fn order(key: u128, seed: u64) -> u128 {
    let mut bytes = [0; 24];
    let (head, tail) = bytes.split_at_mut(8);
    head.copy_from_slice(&seed.to_le_bytes());
    tail.copy_from_slice(&key.to_le_bytes());
    XxHash3_128::oneshot(&bytes)
}

fn write(
    input: &Path,
    output_dir: &Path,
    columns: &Columns,
    places: &BTreeMap<u128, usize>,
    keys: Option<&Encryption>,
    config: &SplitConfig,
) -> Result<SplitOutcome> {
    let schema = schema(input, keys)?;
    let mut writers = Vec::new();
    for (index, part) in PARTS.iter().enumerate() {
        let wanted = index != 1 || config.validation > 0.0;
        let path = output_dir.join(format!("{part}.parquet"));
        writers.push(if wanted { Some(TableWriter::create(&path, &schema, keys)?) } else { None });
    }
    let mut balance = vec![BTreeMap::<String, u64>::new(); PARTS.len()];
    let mut spans = [const { Span::new() }; PARTS.len()];
    for batch in open(input, keys, None)? {
        let batch = batch.map_err(|error| read_fault(input, error))?;
        let parts: Vec<usize> =
            columns.keys(&batch)?.iter().map(|key| places.get(key).copied().unwrap_or(0)).collect();
        let strata = columns.stratum.as_deref().map(|name| texts(&batch, name)).transpose()?;
        if let Some(name) = &columns.time {
            let (times, texts) = (times(&batch, name)?, texts(&batch, name)?);
            for (row, (time, part)) in times.iter().zip(&parts).enumerate() {
                if let Some(span) = spans.get_mut(*part).filter(|_| texts.is_valid(row)) {
                    span.add(*time, || texts.as_string::<i32>().value(row));
                }
            }
        }
        for (index, writer) in writers.iter_mut().enumerate() {
            let Some(writer) = writer else { continue };
            let mask: BooleanArray = parts.iter().map(|part| Some(*part == index)).collect();
            let chosen = filter_record_batch(&batch, &mask)
                .map_err(|error| fault::internal("rows could not be selected").because(error))?;
            writer.write(&chosen)?;
            crash::point("split-mid");
        }
        if let Some(strata) = strata {
            let strata = strata.as_string::<i32>();
            for (row, part) in parts.iter().enumerate() {
                let value = if strata.is_valid(row) { strata.value(row) } else { "" };
                if let Some(counts) = balance.get_mut(*part) {
                    *counts.entry(value.to_owned()).or_default() += 1;
                }
            }
        }
    }
    let mut parts = Vec::new();
    for (((name, writer), counts), span) in PARTS.iter().zip(writers).zip(balance).zip(spans) {
        let Some(writer) = writer else { continue };
        let rows = writer.finish()?;
        let balance = counts.into_iter().take(SHOWN).collect();
        let times = span.told();
        parts.push(PartOutcome { name: (*name).to_owned(), rows, groups: 0, balance, times });
    }
    Ok(SplitOutcome {
        parts,
        group: columns.group.clone(),
        crossing_groups: 0,
        balance: columns.stratum.clone(),
        time: columns.time.clone(),
        undated: 0,
        near: None,
    })
}

/// Reads the parts back and proves that no group stands in two of them.
fn check(
    output_dir: &Path,
    columns: &Columns,
    keys: Option<&Encryption>,
    mut outcome: SplitOutcome,
) -> Result<SplitOutcome> {
    let mut seen: BTreeSet<u128> = BTreeSet::new();
    let mut crossing = 0;
    let wanted = columns.wanted();
    for part in &mut outcome.parts {
        let path = output_dir.join(format!("{}.parquet", part.name));
        let mut own = BTreeSet::new();
        for batch in open(&path, keys, Some(&wanted))? {
            let batch = batch.map_err(|error| read_fault(&path, error))?;
            own.extend(columns.own_keys(&batch)?);
        }
        crossing += own.iter().filter(|key| seen.contains(*key)).count() as u64;
        part.groups = own.len() as u64;
        seen.extend(own);
    }
    if crossing > 0 {
        return Err(Fault::new(&SPLIT_CROSSED).arg("count", crossing));
    }
    outcome.crossing_groups = 0;
    if let (Some(rule), Some(near)) = (&columns.near, &mut outcome.near) {
        let parts: Vec<PathBuf> = outcome
            .parts
            .iter()
            .map(|part| output_dir.join(format!("{}.parquet", part.name)))
            .collect();
        near.crossing = crossing_pairs(&parts, columns, keys, rule)?;
        if near.crossing > 0 {
            return Err(Fault::new(&SPLIT_NEAR)
                .arg("count", near.crossing)
                .arg("column", &rule.column));
        }
    }
    Ok(outcome)
}

/// Near duplicates that stand in different parts, found anew from what was written.
fn crossing_pairs(
    parts: &[PathBuf],
    columns: &Columns,
    keys: Option<&Encryption>,
    rule: &NearRule,
) -> Result<u64> {
    // Other permutations than those of the division: what these miss is not missed twice.
    let mut index = NearIndex::new(near_config(rule, !rule.seed));
    let mut owners = Vec::new();
    let mut ends = Vec::new();
    for path in parts {
        columns.sketch(path, keys, rule, &mut index, &mut owners)?;
        ends.push(owners.len());
    }
    let part = |text: u32| ends.partition_point(|end| *end <= text as usize);
    let Groups { links, .. } = index.group();
    // The links of a group are a tree of similar pairs: a group in two parts has a link between them.
    Ok(links.iter().filter(|link| part(link.text) != part(link.like)).count() as u64)
}

/// Near duplicates for a split: a pair at the threshold is missed once in a million.
fn near_config(rule: &NearRule, seed: u64) -> NearConfig {
    NearConfig { shingle: rule.shingle, seed, miss: 1e-6, ..NearConfig::new(rule.similarity) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn config(method: SplitMethod) -> SplitConfig {
        SplitConfig { test: 0.2, validation: 0.1, method, group: None, near: None, seed: 7 }
    }

    fn sizes(places: &BTreeMap<u128, usize>, groups: &BTreeMap<u128, Group>) -> [u64; 3] {
        let mut sizes = [0; 3];
        for (key, part) in places {
            sizes[*part] += groups[key].rows;
        }
        sizes
    }

    #[test]
    fn times_are_read_in_the_forms_that_can_mean_one_day_only() {
        let column = |texts: &[&str]| -> ArrayRef {
            Arc::new(arrow::array::StringArray::from(texts.to_vec()))
        };
        let micros = |text: &str| {
            text_times(&column(&[text]), "when").unwrap().as_primitive::<Int64Type>().value(0)
        };
        let day = micros("2026-01-31");
        for form in
            ["2026/01/31", "31.01.2026", "2026年01月31日", "20260131", "2026-01-31T00:00:00Z"]
        {
            assert_eq!(micros(form), day, "{form}");
        }
        assert_eq!(micros("2026-01-31 09:30") - day, 9 * 3_600_000_000 + 1_800_000_000);
        let fault =
            text_times(&column(&["2026-01-31", "01/02/2026", "soon", ""]), "when").unwrap_err();
        assert_eq!(fault.code(), "data-split-time");
        assert!(fault.to_string().starts_with("2 value(s) of `when`"), "{fault}");
    }

    #[test]
    fn single_rows_are_divided_exactly_and_by_seed() {
        let groups: BTreeMap<u128, Group> =
            (0..1000).map(|key| (key, Group { rows: 1, ..Group::default() })).collect();
        let one = assign(&groups, &config(SplitMethod::Random));
        assert_eq!(sizes(&one, &groups), [700, 100, 200]);
        assert_eq!(one, assign(&groups, &config(SplitMethod::Random)));
        let other = SplitConfig { seed: 8, ..config(SplitMethod::Random) };
        assert_ne!(one, assign(&groups, &other));
    }

    #[test]
    fn strata_keep_their_shares() {
        let groups: BTreeMap<u128, Group> = (0..1000_u128)
            .map(|key| {
                let stratum = if key % 10 < 3 { "bad" } else { "good" };
                (key, Group { rows: 1, strata: BTreeMap::from([(stratum.to_owned(), 1)]), time: 0 })
            })
            .collect();
        let places = assign(&groups, &config(SplitMethod::Stratified("risk".into())));
        let bad = places.iter().filter(|(key, part)| **part == 2 && **key % 10 < 3).count();
        assert_eq!((bad, sizes(&places, &groups)), (60, [700, 100, 200]));
    }

    #[test]
    fn by_time_nothing_of_training_is_later_than_the_test() {
        let groups: BTreeMap<u128, Group> = (0..100_u128)
            .map(|key| {
                (
                    key,
                    Group {
                        rows: 1,
                        time: i64::try_from(key * 37 % 100).unwrap(),
                        ..Group::default()
                    },
                )
            })
            .collect();
        let places = assign(&groups, &config(SplitMethod::Time("t".into())));
        let of = |part: usize| {
            places.iter().filter(move |(_, p)| **p == part).map(|(key, _)| groups[key].time)
        };
        assert!(of(0).max() < of(1).min() && of(1).max() < of(2).min());
    }

    #[test]
    fn rows_of_one_time_stay_on_one_side() {
        let places = |days: &[u32]| {
            let times =
                days.iter().zip(0_i64..).flat_map(|(rows, day)| (0..*rows).map(move |_| day));
            let group = |time| Group { rows: 1, time, ..Group::default() };
            let groups: BTreeMap<u128, Group> = (0_u128..).zip(times.map(group)).collect();
            let places = assign(&groups, &config(SplitMethod::Time("t".into())));
            let mut parts: BTreeMap<i64, BTreeSet<usize>> = BTreeMap::new();
            for (key, part) in places {
                parts.entry(groups[&key].time).or_default().insert(part);
            }
            parts
                .into_values()
                .map(|parts| parts.into_iter().collect())
                .collect::<Vec<Vec<usize>>>()
        };
        // Two tenths are the test, one the validation: the cut would run through the last day and the one before.
        assert_eq!(places(&[100; 6]), [vec![0], vec![0], vec![0], vec![0], vec![1], vec![2]]);
        // A last day of nearly all rows is the test all the same.
        assert_eq!(places(&[10, 10, 500]), [vec![0], vec![1], vec![2]]);
    }

    #[test]
    fn numbers_are_ordered_by_all_their_digits() {
        let column = |column: ArrayRef| -> Vec<i64> {
            let batch = RecordBatch::try_from_iter_with_nullable([("t", column, true)]).unwrap();
            times(&batch, "t").unwrap()
        };
        let tiny = f64::from_bits(1);
        let rising = [
            f64::NEG_INFINITY,
            f64::MIN,
            -2.5,
            -2.25,
            -tiny,
            0.0,
            tiny,
            0.1,
            0.1 + f64::EPSILON,
            1.0,
            f64::MAX,
            f64::INFINITY,
        ];
        let ranks = column(Arc::new(arrow::array::Float64Array::from(rising.to_vec())));
        assert!(ranks.is_sorted_by(|one, next| one < next), "{ranks:?}");
        let odd = vec![Some(-0.0), Some(0.0), Some(f64::NAN), Some(-f64::NAN), None];
        let ranks = column(Arc::new(arrow::array::Float64Array::from(odd)));
        assert_eq!(ranks, [0, 0, i64::MIN, i64::MIN, i64::MIN]);
        let single = column(Arc::new(arrow::array::Float32Array::from(vec![0.5, 0.75])));
        assert!(single[0] < single[1]);
        let whole = [(1 << 53) - 1, 1 << 53, (1 << 53) + 1, i64::MAX];
        assert_eq!(column(Arc::new(Int64Array::from(whole.to_vec()))), whole);
    }

    #[test]
    fn by_time_near_duplicates_stay_in_the_latest_part_that_they_reach() {
        let groups: BTreeMap<u128, Group> = (0..100_u128)
            .map(|key| {
                let time = i64::try_from(key).unwrap();
                (key, Group { rows: 1, time, ..Group::default() })
            })
            .collect();
        let config = config(SplitMethod::Time("t".into()));
        let mut columns = Columns {
            group: None,
            stratum: None,
            time: Some("t".into()),
            near: None,
            // Train and test; train, validation and test; train alone; train and validation.
            united: BTreeMap::from([(95, 3), (72, 5), (99, 5), (11, 10), (75, 20), (21, 20)]),
        };
        let before = assign(&groups, &config);
        assert_eq!(sizes(&before, &groups), [70, 10, 20]);
        let mut places = before.clone();
        assert_eq!(columns.leave_out(&groups, &mut places), 5);
        for (key, place) in &places {
            let wanted = if [3, 5, 72, 20, 21].contains(key) { OUT } else { before[key] };
            assert_eq!(*place, wanted, "{key}");
        }
        filled(&groups, &places, &config).unwrap();
        columns.time = None;
        assert_eq!(columns.leave_out(&groups, &mut before.clone()), 0);
        let all: BTreeMap<u128, usize> = before.keys().map(|key| (*key, 2)).collect();
        assert_eq!(filled(&groups, &all, &config).unwrap_err().code(), "data-split-empty");
    }

    #[test]
    fn a_span_is_the_first_and_the_last_time() {
        let mut span = Span::new();
        for (time, text) in
            [(2, "2020-01-02T00:00:00"), (3, "2020-01-03"), (1, "2020-01-01T08:00:00")]
        {
            span.add(time, || text);
        }
        assert_eq!(span.told(), Some(("2020-01-01T08:00:00".into(), "2020-01-03".into())));
        assert_eq!(Span::new().told(), None);
    }

    proptest! {
        #[test]
        fn groups_of_any_size_stay_whole_and_near_the_shares(sizes_of in prop::collection::vec(1_u64..9, 60..200), seed: u64) {
            let groups: BTreeMap<u128, Group> = sizes_of
                .iter()
                .enumerate()
                .map(|(key, rows)| (key as u128, Group { rows: *rows, ..Group::default() }))
                .collect();
            let places = assign(&groups, &SplitConfig { seed, ..config(SplitMethod::Random) });
            prop_assert_eq!(places.len(), groups.len());
            let total: u64 = sizes_of.iter().sum();
            let sizes = sizes(&places, &groups);
            prop_assert_eq!(sizes.iter().sum::<u64>(), total);
            prop_assert!(sizes[2].abs_diff(share(total, 0.2)) <= 9, "{:?} of {}", sizes, total);
        }
    }
}

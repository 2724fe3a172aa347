//! Rules on a table, checked once and applied batch by batch.

use crate::anonymity::messages::HIERARCHY_LACKS;
use crate::calendar::{Day, fixed_offset};
use crate::cells::{Kind, each, held, values_of};
use crate::generalize;
use crate::known::Known;
use crate::messages::{
    BATCH_LARGE, COLUMN_AMBIGUOUS, COLUMN_MISSING, COLUMN_RESERVED, DROP_RENAMED, MASK_INVALID,
    NAME_EMPTY, NAME_TAKEN, PREFIX_INVALID, RULE_TWICE, TYPE_WITHOUT_DATE, TYPE_WITHOUT_TEXT,
    WIDTH_INVALID, ZONE_UNKNOWN,
};
use crate::pseudonym::{FormatCipher, Pseudonyms};
use crate::rule::{Action, ColumnRule, Generalize};
use crate::shift::{self, Shifter};
use crate::token::{ColumnKeys, Encryptor, Hasher};
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use ingot_base::spelling::plain;
use ingot_base::{Fault, Result, Text, fault};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Columns that say where a row is from.
const RESERVED: [&str; 3] = ["_source", "_row", "_weight"];

/// Column rules that fit a schema.
#[derive(Debug)]
pub struct Protector {
    rules: Vec<ColumnRule>,
    keys: ColumnKeys,
    input: SchemaRef,
    output: SchemaRef,
    /// For each input column the index of its rule.
    plan: Vec<Option<usize>>,
    /// For each rule what became of its values.
    counts: Vec<Count>,
    /// Shared with the text columns of the same project.
    pseudonyms: Arc<Mutex<Pseudonyms>>,
}

/// Values of a rule, so far.
#[derive(Debug, Default)]
struct Count {
    /// Those that it was given.
    given: AtomicU64,
    /// Those of them that it could not read.
    lost: AtomicU64,
    /// Rows that went by, without a value too.
    rows: AtomicU64,
    /// What a given hierarchy lacks.
    lacks: Mutex<Lacks>,
}

/// Values of a column that its hierarchy does not list. It holds none of them.
#[derive(Debug, Default)]
struct Lacks {
    /// Hashes of the values.
    values: BTreeSet<u64>,
    rows: u64,
    /// The first row that has one, counted from 1.
    first: u64,
}

impl Protector {
    /// Checks every rule against the schema.
    ///
    /// # Errors
    /// The first fault of a rule, at `protect.columns[i]` of the recipe: a column that is missing, ambiguous, reserved or has two
    /// rules; a new name that is taken; an action that does not fit the type; a setting out of range. Keys of the wrong length.
    pub fn new(rules: Vec<ColumnRule>, keys: ColumnKeys, schema: &Schema) -> Result<Self> {
        keys.check()?;
        let mut plan = vec![None; schema.fields().len()];
        for (index, rule) in rules.iter().enumerate() {
            let column = find(rule, index, schema)?;
            let slot = plan
                .get_mut(column)
                .ok_or_else(|| fault::internal("a column beyond the schema"))?;
            if slot.replace(index).is_some() {
                return Err(faulty(&RULE_TWICE, rule).at(at(index, "name")));
            }
        }
        let mut fields = Vec::with_capacity(schema.fields().len());
        for (field, rule) in schema.fields().iter().zip(&plan) {
            match rule.and_then(|index| rules.get(index).map(|rule| (index, rule))) {
                None => fields.push(field.clone()),
                Some((index, rule)) => {
                    check_person(rule, index, schema)?;
                    fields.extend(protected(rule, index, field)?.map(Arc::new));
                }
            }
        }
        check_names(&rules, schema)?;
        let output = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
        let counts = rules.iter().map(|_| Count::default()).collect();
        let pseudonyms = Arc::new(Mutex::new(Pseudonyms::new(keys.clone())?));
        let input = Arc::new(schema.clone());
        Ok(Self { rules, keys, input, output, plan, counts, pseudonyms })
    }

    /// The pseudonyms given so far.
    pub fn pseudonyms(&self) -> &Arc<Mutex<Pseudonyms>> {
        &self.pseudonyms
    }

    /// Keeps the values of pseudonymized columns from being given to others.
    ///
    /// # Errors
    /// When a column cannot be read.
    pub fn reserve(&self, batch: &RecordBatch) -> Result<()> {
        let mut names = self.pseudonyms.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in self.rules.iter().filter(|rule| matches!(rule.action, Action::Pseudonymize(_)))
        {
            let Some(array) = batch.column_by_name(&rule.name) else { continue };
            each(array, false, &mut |cell| {
                if let Some(value) = cell {
                    names.reserve(value);
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// What each row's protected columns say in full, those too that are dropped, moved or made coarser, for [`TextColumns::apply`](crate::TextColumns::apply) on the same rows: to be taken
    /// before [`apply`](Self::apply). `coarser` are columns without a rule that are made coarser later, as quasi-identifiers are.
    ///
    /// # Errors
    /// When a column cannot be read.
    pub fn known(&self, batch: &RecordBatch, coarser: &[&str]) -> Result<Vec<Vec<Known>>> {
        let mut rows = vec![Vec::new(); batch.num_rows()];
        for rule in &self.rules {
            let local = matches!(rule.action, Action::Shift { .. } | Action::Generalize(_));
            let cipher = match &rule.action {
                Action::Fpe => Some(Arc::new(FormatCipher::new(&self.keys, rule.output())?)),
                _ => None,
            };
            learn(batch, &rule.name, local, &mut rows, &|column, value| match &rule.action {
                Action::Pseudonymize(kind) => Known::new(column, Some(kind.clone()), value),
                Action::Encrypt | Action::Fpe | Action::Hash | Action::Mask { .. } => {
                    Known::new(column, None, value).map(|known| known.in_form(cipher.as_ref()))
                }
                Action::Drop => Known::dropped(column, value),
                Action::Shift { .. } | Action::Generalize(_) => Known::coarse(column, value),
            })?;
        }
        for name in coarser.iter().filter(|name| self.rules.iter().all(|rule| rule.name != **name))
        {
            learn(batch, name, true, &mut rows, &Known::coarse)?;
        }
        Ok(rows)
    }

    /// The schema afterwards. Tokens, masks, months and prefixes are `Utf8`; years and decades `Int32`; lower ends of intervals
    /// `Int64` (`UInt64` from `UInt64`) or `Float64`. A protected column loses its field metadata, which might describe raw values.
    pub fn schema(&self) -> SchemaRef {
        self.output.clone()
    }

    /// The batch, protected. Rows keep their order; nulls stay null; values that a generalisation cannot read become null and
    /// are counted.
    ///
    /// # Errors
    /// When the batch has another schema than the one checked, or holds more than 2 GiB of text in one column.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "taking the batch leaves the caller without the raw values"
    )]
    pub fn apply(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let same = |(left, right): (&Arc<Field>, &Arc<Field>)| {
            left.name() == right.name() && left.data_type() == right.data_type()
        };
        let schema = batch.schema();
        if schema.fields().len() != self.input.fields().len()
            || !schema.fields().iter().zip(self.input.fields()).all(same)
        {
            return Err(fault::internal("a batch whose columns are not those that were checked"));
        }
        let mut columns = Vec::with_capacity(self.output.fields().len());
        for (array, rule) in batch.columns().iter().zip(&self.plan) {
            match rule.and_then(|index| self.rules.get(index).map(|rule| (index, rule))) {
                None => columns.push(array.clone()),
                Some((index, rule)) => columns.extend(self.column(index, rule, array, &batch)?),
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.output.clone(), columns, &options)
            .map_err(|error| fault::internal("protected columns that make no table").because(error))
    }

    /// One sentence a rule, with the number of values that became null because they could not be read, so far.
    pub fn summary(&self) -> Vec<Text> {
        self.rules
            .iter()
            .zip(&self.counts)
            .map(|(rule, count)| sentence(rule, count.lost.load(Ordering::Relaxed)))
            .collect()
    }

    /// Each rule that could not read values: its place among the rules, how many of its values became null, and how many it was given, so
    /// far.
    pub fn lost(&self) -> Vec<(usize, u64, u64)> {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = self.counts.iter().enumerate();
        let all = counts.map(|(index, count)| (index, read(&count.lost), read(&count.given)));
        all.filter(|(_, lost, _)| *lost > 0).collect()
    }

    /// The fault of the first rule whose hierarchy lacks values of the column; it names a row of the table that went by, and no value.
    ///
    /// # Errors
    /// That fault, at `protect.columns[i].to`.
    pub fn check_hierarchies(&self) -> Result<()> {
        for (index, (rule, count)) in self.rules.iter().zip(&self.counts).enumerate() {
            let lacks = count.lacks.lock().unwrap_or_else(PoisonError::into_inner);
            if lacks.rows > 0 {
                return Err(faulty(&HIERARCHY_LACKS, rule)
                    .arg("count", lacks.values.len())
                    .arg("rows", lacks.rows)
                    .arg("row", lacks.first)
                    .at(at(index, "to")));
            }
        }
        Ok(())
    }

    /// Notes which values a given hierarchy lacks.
    fn look_for(&self, index: usize, rule: &ColumnRule, array: &ArrayRef) -> Result<()> {
        let Some(count) = self.counts.get(index) else { return Ok(()) };
        let before = count.rows.fetch_add(array.len() as u64, Ordering::Relaxed);
        let Action::Generalize(Generalize::Given(classes)) = &rule.action else { return Ok(()) };
        let mut lacks = count.lacks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut row = before;
        each(array, true, &mut |cell| {
            row += 1;
            if let Some(value) = cell.filter(|value| !classes.contains_key(*value)) {
                let mut hasher = DefaultHasher::new();
                value.hash(&mut hasher);
                lacks.values.insert(hasher.finish());
                lacks.rows += 1;
                lacks.first = if lacks.first == 0 { row } else { lacks.first };
            }
            Ok(())
        })
    }

    fn column(
        &self,
        index: usize,
        rule: &ColumnRule,
        array: &ArrayRef,
        batch: &RecordBatch,
    ) -> Result<Option<ArrayRef>> {
        self.look_for(index, rule, array)?;
        let given = u64::try_from(array.len() - array.logical_null_count()).unwrap_or(u64::MAX);
        let (array, lost) = match &rule.action {
            Action::Drop => return Ok(None),
            Action::Encrypt => {
                let mut encryptor = Encryptor::new(&self.keys, rule.output())?;
                texts(rule, array, &mut |value, out| encryptor.write(value, out).map(|()| true))?
            }
            Action::Fpe => {
                let cipher = FormatCipher::new(&self.keys, rule.output())?;
                // A whole number is one with a point too: what stands behind it is no digit of its own.
                let mut write =
                    |value: &str, out: &mut String| cipher.write(plain(value), out).map(|()| true);
                texts(rule, array, &mut write).map_err(|fault| {
                    match self.rules.iter().position(|other| other == rule) {
                        Some(index) => fault.at(at(index, "action")),
                        None => fault,
                    }
                })?
            }
            Action::Hash => {
                let hasher = Hasher::new(&self.keys, rule.output())?;
                texts(rule, array, &mut |value, out| {
                    hasher.write(value, out);
                    Ok(true)
                })?
            }
            Action::Pseudonymize(kind) => {
                let mut names = self.pseudonyms.lock().unwrap_or_else(PoisonError::into_inner);
                texts(rule, array, &mut |value, out| {
                    if value.trim().is_empty() {
                        out.push_str(value);
                    } else {
                        out.push_str(&names.of(kind, value)?);
                    }
                    Ok(true)
                })?
            }
            Action::Mask { keep_start, keep_end, with } => {
                texts(rule, array, &mut |value, out| {
                    mask(value, *keep_start, *keep_end, *with, out);
                    Ok(true)
                })?
            }
            Action::Shift { person, days } => {
                let persons = batch
                    .column_by_name(person)
                    .ok_or_else(|| fault::internal("a batch without the column of persons"))?;
                Shifter::new(&self.keys, *days)?.column(array, persons)?
            }
            Action::Generalize(to) => generalized(to, rule, array)?,
        };
        if let Some(count) = self.counts.get(index) {
            count.lost.fetch_add(lost, Ordering::Relaxed);
            count.given.fetch_add(given, Ordering::Relaxed);
        }
        Ok(Some(array))
    }
}

/// Adds to each row what its cell of a column says, where the column's values are such as texts name.
fn learn(
    batch: &RecordBatch,
    name: &str,
    local: bool,
    rows: &mut [Vec<Known>],
    known: &dyn Fn(&Arc<str>, &str) -> Option<Known>,
) -> Result<()> {
    let Some(array) = batch.column_by_name(name) else { return Ok(()) };
    match Kind::of(array.data_type()) {
        Some(Kind::Text | Kind::Integer | Kind::Float | Kind::Decimal | Kind::Date) => {}
        Some(Kind::Boolean | Kind::Null) | None => return Ok(()),
    }
    let column = Arc::from(name);
    let mut row = rows.iter_mut();
    each(array, local, &mut |cell| {
        if let Some(row) = row.next() {
            row.extend(cell.and_then(|value| known(&column, value)));
        }
        Ok(())
    })
}

/// The column, coarser, and how many of its values could not be read.
fn generalized(to: &Generalize, rule: &ColumnRule, array: &ArrayRef) -> Result<(ArrayRef, u64)> {
    match to {
        Generalize::Year => generalize::years(array, false),
        Generalize::Decade => generalize::years(array, true),
        Generalize::Width(width) => generalize::widths(array, *width),
        Generalize::Month => texts(rule, array, &mut |value, out| {
            let day = Day::parse(value);
            if let Some(day) = day {
                day.write_month(out);
            }
            Ok(day.is_some())
        }),
        Generalize::Prefix(length) => texts(rule, array, &mut |value, out| {
            out.extend(value.chars().take(*length));
            Ok(true)
        }),
        Generalize::Given(classes) => texts(rule, array, &mut |value, out| {
            let class = classes.get(value);
            out.extend(class.map(String::as_str));
            Ok(class.is_some())
        }),
    }
}

/// Writes a text for every value; where `write` says false the cell becomes null and is counted.
fn texts(
    rule: &ColumnRule,
    array: &ArrayRef,
    write: &mut dyn FnMut(&str, &mut String) -> Result<bool>,
) -> Result<(ArrayRef, u64)> {
    let mut out = StringBuilder::with_capacity(array.len(), array.len().saturating_mul(32));
    let mut total = 0_usize;
    let mut unreadable = 0_u64;
    let mut text = String::new();
    // Days belong to a wall clock, tokens to an instant.
    let local = matches!(rule.action, Action::Generalize(_));
    each(array, local, &mut |cell| {
        let Some(value) = cell else {
            out.append_null();
            return Ok(());
        };
        text.clear();
        if write(value, &mut text)? {
            total = total.saturating_add(text.len());
            if i32::try_from(total).is_err() {
                return Err(Fault::new(&BATCH_LARGE).arg("column", rule.output()));
            }
            out.append_value(&text);
        } else {
            unreadable += 1;
            out.append_null();
        }
        Ok(())
    })?;
    Ok((Arc::new(out.finish()), unreadable))
}

/// Masks character by character; whole when nothing would be hidden otherwise.
fn mask(value: &str, keep_start: usize, keep_end: usize, with: char, out: &mut String) {
    let length = value.chars().count();
    let visible = keep_start.saturating_add(keep_end) < length;
    let end = length.saturating_sub(keep_end);
    out.extend(value.chars().enumerate().map(|(place, letter)| {
        if visible && (place < keep_start || place >= end) { letter } else { with }
    }));
}

/// A value as [`Action::Mask`] leaves it. What is masked already stays as it is.
pub fn mask_value(value: &str, keep_start: usize, keep_end: usize, with: char) -> String {
    let mut masked = String::with_capacity(value.len());
    mask(value, keep_start, keep_end, with, &mut masked);
    masked
}

fn at(index: usize, key: &str) -> String {
    format!("protect.columns[{index}].{key}")
}

fn faulty(message: &'static ingot_base::Message, rule: &ColumnRule) -> Fault {
    Fault::new(message).arg("column", &rule.name)
}

/// The rule's column in the schema.
fn find(rule: &ColumnRule, index: usize, schema: &Schema) -> Result<usize> {
    let mut found =
        schema.fields().iter().enumerate().filter(|(_, field)| *field.name() == rule.name);
    let Some((column, _)) = found.next() else {
        let known: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        return Err(faulty(&COLUMN_MISSING, rule)
            .arg("known", known.join(", "))
            .at(at(index, "name")));
    };
    if found.next().is_some() {
        return Err(faulty(&COLUMN_AMBIGUOUS, rule).at(at(index, "name")));
    }
    if RESERVED.contains(&rule.name.as_str()) {
        return Err(faulty(&COLUMN_RESERVED, rule).at(at(index, "name")));
    }
    Ok(column)
}

/// New names are neither reserved nor those of columns that stay, nor of each other.
fn check_names(rules: &[ColumnRule], schema: &Schema) -> Result<()> {
    let ruled: BTreeSet<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    let mut taken: BTreeSet<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .filter(|name| !ruled.contains(name))
        .collect();
    for (index, rule) in rules.iter().enumerate() {
        if rule.action == Action::Drop {
            if rule.rename.is_some() {
                return Err(faulty(&DROP_RENAMED, rule).at(at(index, "as")));
            }
            continue;
        }
        let key = if rule.rename.is_some() { "as" } else { "name" };
        if RESERVED.contains(&rule.output()) {
            return Err(Fault::new(&COLUMN_RESERVED)
                .arg("column", rule.output())
                .at(at(index, key)));
        }
        if rule.output().is_empty() {
            return Err(faulty(&NAME_EMPTY, rule).at(at(index, key)));
        }
        if !taken.insert(rule.output()) {
            return Err(faulty(&NAME_TAKEN, rule).arg("name", rule.output()).at(at(index, key)));
        }
    }
    Ok(())
}

/// The field afterwards; `None` when it is dropped.
fn protected(rule: &ColumnRule, index: usize, field: &Field) -> Result<Option<Field>> {
    let unfit = |message| {
        faulty(message, rule)
            .words("kind", held(field.data_type()))
            .arg("action", name(&rule.action))
            .at(at(index, "action"))
    };
    let kind = Kind::of(field.data_type());
    let readable = || kind.map(|_| DataType::Utf8).ok_or_else(|| unfit(&TYPE_WITHOUT_TEXT));
    let (data_type, nullable) = match &rule.action {
        Action::Drop => return Ok(None),
        Action::Encrypt | Action::Fpe | Action::Hash | Action::Pseudonymize(_) => {
            (readable()?, field.is_nullable())
        }
        Action::Mask { with, .. } => {
            if with.is_control() || with.is_whitespace() {
                return Err(faulty(&MASK_INVALID, rule).at(at(index, "with")));
            }
            (readable()?, field.is_nullable())
        }
        Action::Shift { .. } => match kind {
            Some(Kind::Text | Kind::Date | Kind::Null) => {
                (shift::output_type(field.data_type()), true)
            }
            _ => return Err(unfit(&TYPE_WITHOUT_DATE)),
        },
        Action::Generalize(to) => {
            check_setting(to, rule, index)?;
            let output = generalize::output_type(to, field.data_type()).map_err(unfit)?;
            if matches!(to, Generalize::Year | Generalize::Month | Generalize::Decade)
                && let DataType::Timestamp(_, Some(zone)) = values_of(field.data_type())
                && fixed_offset(zone).is_none()
            {
                return Err(faulty(&ZONE_UNKNOWN, rule).arg("zone", zone).at(at(index, "to")));
            }
            (output, true)
        }
    };
    Ok(Some(Field::new(rule.output(), data_type, nullable)))
}

/// A date's person is another column, and one that has a text.
fn check_person(rule: &ColumnRule, index: usize, schema: &Schema) -> Result<()> {
    let Action::Shift { person, .. } = &rule.action else { return Ok(()) };
    let key = at(index, "person");
    match schema.fields().iter().find(|field| field.name() == person) {
        Some(field) if Kind::of(field.data_type()).is_some() && *person != rule.name => Ok(()),
        Some(field) => Err(Fault::new(&TYPE_WITHOUT_TEXT)
            .arg("column", person)
            .words("kind", held(field.data_type()))
            .arg("action", name(&rule.action))
            .at(key)),
        None => {
            let known: Vec<&str> =
                schema.fields().iter().map(|field| field.name().as_str()).collect();
            Err(Fault::new(&COLUMN_MISSING)
                .arg("column", person)
                .arg("known", known.join(", "))
                .at(key))
        }
    }
}

fn check_setting(to: &Generalize, rule: &ColumnRule, index: usize) -> Result<()> {
    match to {
        Generalize::Width(width) if !width.is_finite() || *width <= 0.0 => {
            Err(faulty(&WIDTH_INVALID, rule).at(at(index, "to")))
        }
        Generalize::Prefix(0) => Err(faulty(&PREFIX_INVALID, rule).at(at(index, "to"))),
        _ => Ok(()),
    }
}

/// The action as the recipe names it.
fn name(action: &Action) -> &'static str {
    match action {
        Action::Encrypt => "encrypt",
        Action::Fpe => "fpe",
        Action::Hash => "hash",
        Action::Pseudonymize(_) => "pseudonymize",
        Action::Mask { .. } => "mask",
        Action::Shift { .. } => "shift",
        Action::Generalize(Generalize::Year) => "generalize to year",
        Action::Generalize(Generalize::Month) => "generalize to month",
        Action::Generalize(Generalize::Decade) => "generalize to decade",
        Action::Generalize(Generalize::Width(_)) => "generalize to width",
        Action::Generalize(Generalize::Prefix(_)) => "generalize to prefix",
        Action::Generalize(Generalize::Given(_)) => "generalize by hierarchy",
        Action::Drop => "drop",
    }
}

fn sentence(rule: &ColumnRule, unreadable: u64) -> Text {
    let (en, zh) = match &rule.action {
        Action::Encrypt => (
            "encrypted with AES-256-SIV; the key holder can reverse it".into(),
            "已用 AES-256-SIV 加密，持有密钥者可还原".into(),
        ),
        Action::Fpe => (
            "digits encrypted in their format (FF1, AES-256); the key holder can reverse it".into(),
            "数字已按原格式加密（FF1，AES-256），持有密钥者可还原".into(),
        ),
        Action::Hash => (
            "replaced by a keyed hash (HMAC-SHA-256)".into(),
            "已替换为带密钥的哈希（HMAC-SHA-256）".into(),
        ),
        Action::Pseudonymize(_) => (
            "replaced by consistent pseudonyms; the key holder can reverse it".into(),
            "已替换为一致的假名，持有密钥者可还原".into(),
        ),
        Action::Mask { keep_start: 0, keep_end: 0, .. } => {
            ("masked whole".into(), "已全部掩码".into())
        }
        Action::Mask { keep_start, keep_end, .. } => (
            format!("masked except {keep_start} characters at the start and {keep_end} at the end"),
            format!("已掩码，仅保留开头 {keep_start} 个和末尾 {keep_end} 个字符"),
        ),
        Action::Shift { person, days } => (
            format!("moved by up to {days} days, the same for all dates of one `{person}`"),
            format!("日期已平移，最多 {days} 天，同一 `{person}` 的所有日期平移相同"),
        ),
        Action::Generalize(Generalize::Year) => {
            ("reduced to the year".into(), "已泛化为年份".into())
        }
        Action::Generalize(Generalize::Month) => {
            ("reduced to the month".into(), "已泛化为月份".into())
        }
        Action::Generalize(Generalize::Decade) => {
            ("reduced to the decade".into(), "已泛化为年代（每十年）".into())
        }
        Action::Generalize(Generalize::Width(width)) => (
            format!("reduced to the lower end of intervals of width {width}"),
            format!("已泛化为宽度 {width} 的区间下限"),
        ),
        Action::Generalize(Generalize::Prefix(length)) => (
            format!("reduced to the first {length} characters"),
            format!("已泛化为前 {length} 个字符"),
        ),
        Action::Generalize(Generalize::Given(_)) => {
            ("reduced to a level of a given hierarchy".into(), "已按给定的层级泛化".into())
        }
        Action::Drop => ("removed".to_owned(), "已删除".to_owned()),
    };
    let column = match &rule.rename {
        Some(new) => format!("`{}` → `{new}`", rule.name),
        None => format!("`{}`", rule.name),
    };
    let (lost_en, lost_zh) = match unreadable {
        0 => (String::new(), String::new()),
        1 => ("; 1 unreadable value became missing".into(), "；1 个无法识别的值已置为缺失".into()),
        count => (
            format!("; {count} unreadable values became missing"),
            format!("；{count} 个无法识别的值已置为缺失"),
        ),
    };
    Text::new(format!("{column}: {en}{lost_en}"), format!("{column}：{zh}{lost_zh}"))
}

#[cfg(test)]
mod tests {
    use super::mask_value;

    #[test]
    fn a_masked_value_is_what_masking_leaves() {
        let masked =
            |value: &str, (start, end): (usize, usize)| mask_value(value, start, end, '*') == value;
        assert!(masked("ab**ef", (2, 2)) && masked("***", (2, 2)));
        assert!(!masked("abcdef", (2, 2)) && !masked("ab*", (2, 2)));
        assert!(masked("张**", (1, 0)) && !masked("张伟", (1, 0)));
        assert_eq!(mask_value("张小伟", 1, 0, '*'), "张**");
    }
}

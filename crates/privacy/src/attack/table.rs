//! Distances between what an attacker knows and what a table shows.
//!
//! Gower's distance (1971): the mean over columns of a distance in [0, 1]. Numbers and dates: the gap over the
//! column's range. Texts: 0 when equal, 1 otherwise, but generalised values are understood: a number within `[30,40)` or `30-39`
//! or `>=30`, a text that fits the mask `138****8000`, a member of the set `{A, B}`, a day within the month `1985-07` or the decade
//! `1980s`, and any value of a group in a hierarchy that is known have distance 0.
//! A missing value on either side, or one suppressed to `*`, tells nothing: ½.

use super::messages::{COLUMN, COLUMNS, KIND};
use crate::calendar::Day;
use crate::cells::{self, Kind, held};
use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use ingot_base::{Fault, Result, fault};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A column of the attacker's table and the column of the result it is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// What the attacker knows.
    pub known: String,
    /// What the result shows.
    pub released: String,
}

impl Pair {
    /// A column that kept its name.
    pub fn same(name: impl Into<String>) -> Self {
        let known = name.into();
        Self { released: known.clone(), known }
    }
}

/// Hierarchies that an attacker knows: of a column of theirs, every value and the labels of the groups it belongs to.
pub type Levels = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Where a distance tells nothing.
const UNKNOWN: f64 = 0.5;

/// Columns with at most so many different values have their distances to a target computed once.
const TABULATED: usize = 4_096;

/// An attacker's value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Known {
    Nothing,
    Number(f64),
    /// With the number it reads as, if any.
    Text(String, Option<f64>),
}

/// A result's value.
#[derive(Debug, Clone, PartialEq)]
enum Shown {
    Nothing,
    Number(f64),
    Exact(String),
    Interval { low: f64, high: f64, with_low: bool, with_high: bool },
    Mask(Vec<char>),
    Set(BTreeSet<String>),
}

impl Shown {
    fn of_text(text: &str) -> Self {
        let text = text.trim();
        if text.chars().all(|letter| letter == '*') {
            return Self::Nothing;
        }
        if let Some(members) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            return Self::Set(members.split(',').map(|member| member.trim().to_owned()).collect());
        }
        if let Some(interval) = interval(text) {
            return interval;
        }
        if text.contains('*') {
            Self::Mask(text.chars().collect())
        } else {
            Self::Exact(text.to_owned())
        }
    }

    /// Whether it stands for several values.
    fn general(&self) -> bool {
        matches!(self, Self::Interval { .. } | Self::Mask(_) | Self::Set(_))
    }

    fn distance(&self, known: &Known, range: f64) -> f64 {
        let gap = |gap: f64| if gap <= 0.0 { 0.0 } else { (gap / range).min(1.0) };
        let truth = |same: bool| if same { 0.0 } else { 1.0 };
        match (self, known) {
            (Self::Nothing, _) | (_, Known::Nothing) => UNKNOWN,
            (Self::Number(shown), Known::Number(known) | Known::Text(_, Some(known))) => {
                gap((shown - known).abs())
            }
            (
                Self::Interval { low, high, with_low, with_high },
                Known::Number(known) | Known::Text(_, Some(known)),
            ) => {
                let under = *known < *low || (!with_low && *known <= *low);
                let over = *known > *high || (!with_high && *known >= *high);
                if under || over {
                    // At the open end itself the gap is nothing, but outside is outside.
                    gap((low - known).max(known - high)).max(f64::EPSILON)
                } else {
                    0.0
                }
            }
            (Self::Exact(shown), Known::Text(known, _)) => {
                truth(known == shown || within_period(known, shown))
            }
            (Self::Mask(mask), Known::Text(known, _)) => truth(fits(mask, known)),
            (Self::Set(members), Known::Text(known, _)) => truth(members.contains(known.trim())),
            _ => 1.0,
        }
    }
}

/// `[a,b)`, `(a,b]`, `a-b`, `a–b`, `a..b`, `<a`, `<=a`, `>a`, `>=a`.
fn interval(text: &str) -> Option<Shown> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|value| !value.is_nan());
    let made = |low, high, with_low, with_high| {
        (low <= high).then_some(Shown::Interval { low, high, with_low, with_high })
    };
    let open = f64::INFINITY;
    for (sign, with) in [(">=", true), ("≥", true), (">", false)] {
        if let Some(rest) = text.strip_prefix(sign) {
            return made(number(rest)?, open, with, true);
        }
    }
    for (sign, with) in [("<=", true), ("≤", true), ("<", false)] {
        if let Some(rest) = text.strip_prefix(sign) {
            return made(-open, number(rest)?, true, with);
        }
    }
    if let Some(inner) =
        text.strip_prefix(['[', '(']).and_then(|rest| rest.strip_suffix([']', ')']))
    {
        let (low, high) = inner.split_once([',', ';'])?;
        return made(number(low)?, number(high)?, text.starts_with('['), text.ends_with(']'));
    }
    for between in ["..", "–", "—", "~", "-"] {
        // The sign of a negative lower end is not the hyphen.
        let split = text.char_indices().skip(1).find_map(|(place, _)| {
            let (low, rest) = text.split_at_checked(place)?;
            Some((low, rest.strip_prefix(between)?))
        });
        if let Some((low, high)) = split
            && let (Some(low), Some(high)) = (number(low), number(high))
        {
            return made(low, high, true, true);
        }
    }
    None
}

/// What a text is ordered by among its column's others: a number, a day, the beginning of an interval, month or decade.
pub(super) fn order_of(text: &str) -> Option<f64> {
    let text = text.trim();
    #[expect(clippy::cast_precision_loss, reason = "days of years of four digits")]
    let day = |text: &str| Day::parse(text).map(|day| day.to_epoch() as f64);
    let begins = || match interval(text)? {
        Shown::Interval { low, high, .. } => Some(if low.is_finite() { low } else { high }),
        _ => None,
    };
    let decade = || text.strip_suffix('s')?.parse::<f64>().ok();
    let number = text.parse::<f64>().ok().or_else(|| day(text));
    let number = number.or_else(|| day(&format!("{text}-01"))).or_else(begins).or_else(decade);
    number.filter(|number| number.is_finite())
}

/// `1980s`, `1985`, `1985-07` and `1985-07-03` show the day 1985-07-03, whichever way it is written, and its instants; `1985` shows
/// the month 1985-07 too.
fn within_period(known: &str, shown: &str) -> bool {
    let known = known.trim();
    // Only what begins alike is worth reading: a decade's three digits, a year's four.
    let digits = match shown.len() {
        5 => 3,
        4 | 7 | 10 => 4,
        _ => return false,
    };
    let alike = |start: &str| known.starts_with(start);
    if !shown.get(..digits).is_some_and(alike) {
        return false;
    }
    let longer = known.strip_prefix(shown).is_some_and(|rest| rest.starts_with('-'));
    if longer && matches!(shown.len(), 4 | 7) {
        return true;
    }
    let Some(day) = Day::parse(known) else { return false };
    periods(day).iter().any(|period| period == shown)
}

/// A day, its month, year and decade as hierarchies write them.
fn periods(day: Day) -> [String; 4] {
    let (mut whole, mut month) = (String::new(), String::new());
    day.write(&mut whole);
    day.write_month(&mut month);
    [whole, month, format!("{:04}", day.year), day.decade_text()]
}

/// Letter by letter, `*` for any; trailing stars also for any number.
fn fits(mask: &[char], known: &str) -> bool {
    let visible = mask.iter().rposition(|letter| *letter != '*').map_or(0, |last| last + 1);
    let mut letters = 0;
    for letter in known.chars() {
        match mask.get(letters) {
            Some('*') => {}
            Some(shown) if *shown == letter => {}
            None if visible < mask.len() => {}
            _ => return false,
        }
        letters += 1;
    }
    letters >= visible
}

/// One column of the result: its different values.
struct Column {
    pair: Pair,
    numeric: bool,
    /// Numbers ascending, then texts in order; missing first.
    values: Vec<Shown>,
    /// Where plain texts stand.
    exact: BTreeMap<String, usize>,
    /// Where generalised values stand, and how they are written.
    labels: BTreeMap<usize, String>,
    /// For each value the classes that show it.
    postings: Vec<Vec<u32>>,
    range: f64,
    /// For each value of the attacker's the groups that hold it.
    above: BTreeMap<String, BTreeSet<String>>,
}

/// Rows of the result that show the same in every column.
pub(super) struct Class {
    values: Box<[u32]>,
    pub(super) rows: Vec<u32>,
}

/// The result, prepared to be searched.
pub(super) struct Index {
    columns: Vec<Column>,
    pub(super) classes: Vec<Class>,
    /// The class of each row.
    pub(super) class_of: Vec<u32>,
    limit: usize,
}

impl Index {
    /// Reads the result; `known` decides how columns are compared and widens their ranges.
    pub(super) fn new(
        known: &[&[RecordBatch]],
        released: &[RecordBatch],
        pairs: &[Pair],
        levels: &Levels,
        limit: usize,
    ) -> Result<Self> {
        if pairs.is_empty() {
            return Err(Fault::new(&COLUMNS));
        }
        let mut columns = Vec::with_capacity(pairs.len());
        let mut ids: Vec<Vec<u32>> = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let (mut column, places) = Column::new(known, released, pair)?;
            column.above = levels.get(&pair.known).cloned().unwrap_or_default();
            columns.push(column);
            ids.push(places);
        }
        let rows = ids.first().map_or(0, Vec::len);
        let mut places: BTreeMap<Box<[u32]>, u32> = BTreeMap::new();
        let mut classes: Vec<Class> = Vec::new();
        let mut class_of = Vec::with_capacity(rows);
        for row in 0..rows {
            let values: Box<[u32]> =
                ids.iter().filter_map(|column| column.get(row).copied()).collect();
            let next = small(classes.len())?;
            let class = *places.entry(values.clone()).or_insert(next);
            if class == next {
                classes.push(Class { values, rows: Vec::new() });
            }
            if let Some(class) = classes.get_mut(class as usize) {
                class.rows.push(small(row)?);
            }
            class_of.push(class);
        }
        let mut index = Self { columns, classes, class_of, limit: limit.max(1) };
        if index.blocked() {
            index.post();
        }
        Ok(index)
    }

    /// Whether only a part of the table is compared with each target.
    pub(super) fn blocked(&self) -> bool {
        self.classes.len() > self.limit
    }

    fn post(&mut self) {
        for (place, class) in (0_u32..).zip(&self.classes) {
            for (column, value) in self.columns.iter_mut().zip(&class.values) {
                if let Some(posting) = column.postings.get_mut(*value as usize) {
                    posting.push(place);
                }
            }
        }
    }

    /// What the attacker knows of the rows, a list a row; `rows` ascend.
    pub(super) fn targets(&self, known: &[RecordBatch], rows: &[usize]) -> Result<Vec<Vec<Known>>> {
        let mut targets = vec![Vec::with_capacity(self.columns.len()); rows.len()];
        for column in &self.columns {
            let mut wanted = rows.iter().zip(&mut targets).peekable();
            let mut row = 0;
            each(known, &column.pair.known, column.numeric, &mut |value| {
                if let Some((_, target)) = wanted.next_if(|(wanted, _)| **wanted == row) {
                    target.push(match value {
                        Cell::Nothing => Known::Nothing,
                        Cell::Number(value) => Known::Number(value),
                        Cell::Text(text) => Known::Text(
                            text.to_owned(),
                            text.trim().parse().ok().filter(|value: &f64| value.is_finite()),
                        ),
                    });
                }
                row += 1;
            })?;
        }
        Ok(targets)
    }

    /// The classes nearest to a target, in order, and their distance; none when no class agrees in any rare value.
    pub(super) fn nearest(&self, target: &[Known]) -> (Vec<u32>, f64) {
        let tables: Vec<Vec<f64>> = self
            .columns
            .iter()
            .zip(target)
            .map(|(column, known)| column.distances(known))
            .collect();
        let mut best = (Vec::new(), f64::INFINITY);
        let mut compare = |place: u32| {
            let Some(class) = self.classes.get(place as usize) else { return };
            let mut sum = 0.0;
            for ((column, table), (known, value)) in
                self.columns.iter().zip(&tables).zip(target.iter().zip(&class.values))
            {
                let place = *value as usize;
                sum += table.get(place).copied().unwrap_or_else(|| column.distance(place, known));
                if sum > best.1 + 1e-9 {
                    return;
                }
            }
            if sum < best.1 - 1e-9 {
                best = (vec![place], sum);
            } else {
                best.0.push(place);
            }
        };
        if self.blocked() {
            self.candidates(target).into_iter().for_each(&mut compare);
        } else {
            (0_u32..).take(self.classes.len()).for_each(&mut compare);
        }
        #[expect(clippy::cast_precision_loss, reason = "a few columns")]
        let columns = self.columns.len() as f64;
        (best.0, best.1 / columns)
    }

    /// Classes that agree with the target in its rarest or second rarest value.
    fn candidates(&self, target: &[Known]) -> Vec<u32> {
        let mut blocks: Vec<(usize, Vec<usize>, &Column)> = self
            .columns
            .iter()
            .zip(target)
            .map(|(column, known)| {
                let values = column.agreeing(known);
                let size = values
                    .iter()
                    .filter_map(|value| column.postings.get(*value))
                    .map(Vec::len)
                    .sum();
                (size, values, column)
            })
            .filter(|(size, ..)| *size > 0)
            .collect();
        blocks.sort_by_key(|(size, ..)| *size);
        let mut classes: Vec<u32> = blocks
            .iter()
            .take(2)
            .flat_map(|(_, values, column)| {
                values.iter().filter_map(|value| column.postings.get(*value)).flatten().copied()
            })
            .take(self.limit)
            .collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }
}

impl Column {
    fn new(
        known: &[&[RecordBatch]],
        released: &[RecordBatch],
        pair: &Pair,
    ) -> Result<(Self, Vec<u32>)> {
        let numeric = numeric(known, released, pair)?;
        let mut spread = (f64::INFINITY, f64::NEG_INFINITY);
        let mut widen = |value: f64| spread = (spread.0.min(value), spread.1.max(value));
        for batches in known {
            each(batches, &pair.known, numeric, &mut |cell| match cell {
                Cell::Number(value) => widen(value),
                Cell::Text(text) => {
                    let _ = text.trim().parse().map(|value: f64| {
                        if value.is_finite() {
                            widen(value);
                        }
                    });
                }
                Cell::Nothing => {}
            })?;
        }
        let mut seen: BTreeMap<Order, u32> = BTreeMap::new();
        let mut rows = Vec::new();
        let mut many = false;
        each(released, &pair.released, numeric, &mut |cell| {
            let next = u32::try_from(seen.len()).unwrap_or(u32::MAX);
            many |= next == u32::MAX;
            let key = match cell {
                Cell::Nothing => Order::Nothing,
                Cell::Number(value) => {
                    widen(value);
                    Order::Number(ordered(value))
                }
                Cell::Text(text) => Order::Text(text.to_owned()),
            };
            rows.push(*seen.entry(key).or_insert(next));
        })?;
        if many {
            return Err(fault::internal("more than 2^32 different values in a column"));
        }
        // Numbered by first sight; now by order, so that neighbours are near.
        let mut places = vec![0_u32; seen.len()];
        let mut values = Vec::with_capacity(seen.len());
        let mut labels = BTreeMap::new();
        for (place, (key, first)) in (0_u32..).zip(seen) {
            if let Some(slot) = places.get_mut(first as usize) {
                *slot = place;
            }
            values.push(match key {
                Order::Nothing => Shown::Nothing,
                Order::Number(bits) => Shown::Number(unordered(bits)),
                Order::Text(text) => {
                    let shown = Shown::of_text(&text);
                    if shown.general() {
                        labels.insert(values.len(), text);
                    }
                    shown
                }
            });
        }
        for row in &mut rows {
            *row = places.get(*row as usize).copied().unwrap_or_default();
        }
        let exact = |(place, shown): (usize, &Shown)| match shown {
            Shown::Exact(text) => Some((text.clone(), place)),
            _ => None,
        };
        let exact = values.iter().enumerate().filter_map(exact).collect();
        let width = spread.1 - spread.0;
        let range = if width.is_finite() && width > 0.0 { width } else { 1.0 };
        let postings = vec![Vec::new(); values.len()];
        let (pair, above) = (pair.clone(), BTreeMap::new());
        Ok((Self { pair, numeric, values, exact, labels, postings, range, above }, rows))
    }

    /// Distances to every value, or nothing where there are too many values.
    fn distances(&self, known: &Known) -> Vec<f64> {
        if self.values.len() > TABULATED {
            return Vec::new();
        }
        (0..self.values.len()).map(|place| self.distance(place, known)).collect()
    }

    /// A group that holds the value, by a hierarchy that is known, is as near as the value itself, however it is written.
    fn distance(&self, place: usize, known: &Known) -> f64 {
        let Some(shown) = self.values.get(place) else { return UNKNOWN };
        let label = || match shown {
            Shown::Exact(label) => Some(label),
            _ => self.labels.get(&place),
        };
        if let Known::Text(text, _) = known
            && let Some(above) = self.above.get(text)
            && label().is_some_and(|label| above.contains(label))
        {
            return 0.0;
        }
        shown.distance(known, self.range)
    }

    /// Values that agree with what is known: the same text, or the nearest numbers.
    fn agreeing(&self, known: &Known) -> Vec<usize> {
        match known {
            Known::Nothing => Vec::new(),
            Known::Number(number) => {
                let place = self.values.partition_point(|shown| match shown {
                    Shown::Number(value) => value < number,
                    _ => true,
                });
                (place.saturating_sub(8)..self.values.len().min(place + 8)).collect()
            }
            Known::Text(text, _) => {
                let whole = [Some(text.as_str()), text.get(..7), text.get(..4)];
                let calendar = Day::parse(text).map(periods);
                let zero = |place: &usize| self.distance(*place, known) <= 0.0;
                let mut values: Vec<usize> = whole
                    .into_iter()
                    .flatten()
                    .chain(calendar.iter().flatten().map(String::as_str))
                    .chain(self.above.get(text).into_iter().flatten().map(String::as_str))
                    .filter_map(|text| self.exact.get(text).copied())
                    .chain(self.labels.keys().copied().take(TABULATED))
                    .filter(zero)
                    .collect();
                values.sort_unstable();
                values.dedup();
                values
            }
        }
    }
}

/// Whether both sides hold numbers, or both dates, so that gaps can be measured.
fn numeric(known: &[&[RecordBatch]], released: &[RecordBatch], pair: &Pair) -> Result<bool> {
    let mut kinds = BTreeSet::new();
    for (batches, name) in
        known.iter().map(|batches| (*batches, &pair.known)).chain([(released, &pair.released)])
    {
        for batch in batches {
            let array = array(batch, name)?;
            let kind = Kind::of(array.data_type()).ok_or_else(|| {
                Fault::new(&KIND).arg("column", name).words("kind", held(array.data_type()))
            })?;
            kinds.insert(match kind {
                Kind::Integer | Kind::Float | Kind::Decimal => 0,
                Kind::Date => 1,
                Kind::Text | Kind::Boolean => 2,
                Kind::Null => continue,
            });
        }
    }
    Ok(kinds.len() == 1 && !kinds.contains(&2))
}

/// Different values in a useful order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Nothing,
    Number(i64),
    Text(String),
}

/// Bits that compare as numbers do (`f64::total_cmp`); −0 is 0.
fn ordered(value: f64) -> i64 {
    let bits = (value + 0.0).to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

fn unordered(bits: i64) -> f64 {
    f64::from_bits((bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()).cast_unsigned())
}

/// A cell while it is read.
pub(super) enum Cell<'a> {
    Nothing,
    Number(f64),
    Text(&'a str),
}

/// Calls `take` with every cell of a column, all batches in order.
pub(super) fn each(
    batches: &[RecordBatch],
    column: &str,
    numeric: bool,
    take: &mut dyn FnMut(Cell<'_>),
) -> Result<()> {
    for batch in batches {
        let array = array(batch, column)?;
        if numeric {
            for value in numbers(array)?.as_primitive::<Float64Type>() {
                take(match value.filter(|value| value.is_finite()) {
                    Some(value) => Cell::Number(value),
                    None => Cell::Nothing,
                });
            }
        } else {
            cells::each(array, false, &mut |text| {
                take(text.map_or(Cell::Nothing, Cell::Text));
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// Numbers as they are, dates as days.
fn numbers(array: &ArrayRef) -> Result<ArrayRef> {
    let unreadable = |error| fault::internal("numbers that are no numbers").because(error);
    let mut array = cells::plain(array)?;
    if Kind::of(array.data_type()) == Some(Kind::Date) {
        array = cast(&array, &DataType::Date32).map_err(unreadable)?;
        array = cast(&array, &DataType::Int32).map_err(unreadable)?;
    }
    cast(&array, &DataType::Float64).map_err(unreadable)
}

fn array<'a>(batch: &'a RecordBatch, column: &str) -> Result<&'a ArrayRef> {
    batch.column_by_name(column).ok_or_else(|| {
        let schema = batch.schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        Fault::new(&COLUMN).arg("column", column).arg("known", names.join(", "))
    })
}

fn small(place: usize) -> Result<u32> {
    u32::try_from(place).map_err(|_| fault::internal("more than 2^32 rows under attack"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generalised_values_are_understood() {
        let number = |value: f64| Known::Text(value.to_string(), Some(value));
        let text = |text: &str| Known::Text(text.to_owned(), None);
        for (shown, known, near) in [
            ("[30,40)", number(30.0), true),
            ("[30,40)", number(40.0), false),
            ("30-39", number(39.0), true),
            ("-5--1", number(-3.0), true),
            (">=65", number(65.0), true),
            ("<65", number(65.0), false),
            ("138****8000", text("13812348000"), true),
            ("138****8000", text("13912348000"), false),
            ("上海*", text("上海浦东"), true),
            ("上海*", text("北京朝阳"), false),
            ("{A, B}", text("B"), true),
            ("{A, B}", text("C"), false),
            ("{a,b}", text("a"), true),
            ("{a,b}", text("a,b"), false),
            ("12***", text("12345"), true),
            ("12***", number(12_345.0), true),
            ("12***", text("13345"), false),
            ("12***", text("1"), false),
            ("[20,30)", number(29.9), true),
            ("[20,30)", number(19.9), false),
            ("[20, 30)", text("young"), false),
            ("(20,30]", number(20.0), false),
            ("(20,30]", number(30.0), true),
            ("1985-07", text("1985-07-03"), true),
            ("1985-07", text("1985/7/3"), true),
            ("1985-07", text("1985-08-03"), false),
            ("1985-07-03", text("1985-07-03T09:30:00"), true),
            ("1985-07-03", text("1985-07-04T09:30:00"), false),
            ("1985", text("1985-07"), true),
            ("1980s", text("1985-07-03"), true),
            ("1980s", text("19890101"), true),
            ("1980s", text("1990-01-01"), false),
            ("1", text("10"), false),
        ] {
            let distance = Shown::of_text(shown).distance(&known, 100.0);
            assert_eq!(distance <= 0.0, near, "{shown} {known:?} {distance}");
        }
        assert_eq!(Shown::of_text("*"), Shown::Nothing);
        assert_eq!(Shown::of_text(""), Shown::Nothing);
    }

    #[test]
    fn texts_that_are_numbers_days_and_classes_have_an_order() {
        for (smaller, larger) in [
            ("9", "10.5"),
            ("1985-07-03", "1985/7/4"),
            ("1985-07", "1985-08"),
            ("1980s", "1990s"),
            ("[30, 40)", "[40, 50)"),
            ("<18", "18-25"),
        ] {
            let (smaller, larger) = (order_of(smaller).unwrap(), order_of(larger).unwrap());
            assert!(smaller <= larger, "{smaller} {larger}");
        }
        assert!(order_of("<18") <= order_of("[18, 25)") && order_of("1980s") < order_of("1990s"));
        for other in ["", "*", "enc_QUJD", "138****8000", "nan", "Ann Lee", "2020-13"] {
            assert_eq!(order_of(other), None, "{other}");
        }
    }

    #[test]
    fn outside_is_nearer_the_nearer_it_is() {
        let shown = Shown::of_text("[20,30)");
        let distance = |value: f64| shown.distance(&Known::Number(value), 100.0);
        assert!(distance(30.0) > 0.0 && distance(30.0) < distance(40.0));
        assert!((distance(40.0) - 0.1).abs() < 1e-9 && (distance(10.0) - 0.1).abs() < 1e-9);
        assert!((distance(1e6) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn groups_of_a_known_hierarchy_are_found_however_they_are_written() {
        use arrow::array::StringArray;
        use std::sync::Arc;
        let batch = |values: Vec<&str>| {
            let column: ArrayRef = Arc::new(StringArray::from(values));
            RecordBatch::try_from_iter([("job", column)]).unwrap()
        };
        let labels = ["care", "{1}", "1-2", "x**", "[x]"];
        let group = BTreeMap::from([("nurse".to_owned(), labels.map(str::to_owned).into())]);
        let levels = Levels::from([("job".to_owned(), group)]);
        let (known, shown) = ([batch(vec!["nurse", "cook"])], [batch(labels.to_vec())]);
        // Compared whole, and by what agrees.
        for limit in [100, 1] {
            let pairs = [Pair::same("job")];
            let index = Index::new(&[&known[..]], &shown, &pairs, &levels, limit).unwrap();
            let column = &index.columns[0];
            for target in index.targets(&known, &[0, 1]).unwrap() {
                let nurse = target == [Known::Text("nurse".to_owned(), None)];
                let zero = column.agreeing(&target[0]).len();
                assert_eq!(zero, if nurse { labels.len() } else { 0 });
                let near = column.distances(&target[0]).iter().all(|one| *one <= 0.0);
                assert_eq!(near, nurse);
            }
        }
    }

    #[test]
    fn order_of_numbers_survives_the_way_through_bits() {
        let values = [-1e9, -2.5, -0.0, 0.5, 3.0, 1e300];
        assert!(values.windows(2).all(|pair| ordered(pair[0]) < ordered(pair[1])));
        for value in values {
            assert!((unordered(ordered(value)) - value).abs() <= 0.0);
        }
    }
}

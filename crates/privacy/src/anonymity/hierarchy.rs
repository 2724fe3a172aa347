//! How the values of a quasi-identifier become coarser: given tables, and hierarchies derived from the values.
//!
//! Level 0 is the value itself. Every level must keep together what the level below keeps together (it is *nested*): the
//! search rests on it, so given tables are checked, and derived ones are nested by construction.

use super::encode::Coded;
use super::levels::flaw;
use super::messages::{HIERARCHY_KIND, HIERARCHY_LACKS};
use super::numbers::{by, code, real};
use crate::calendar::Day;
use crate::cells::Kind;
use ingot_base::{Fault, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The class of everything.
pub const ANY: &str = "*";
/// What is no number or no date, in a hierarchy of them.
const OTHER: &str = "?";
/// Whole numbers of this magnitude and above are not all exact as floating numbers.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// More levels than this make a lattice too large to search.
const MOST_STEPS: usize = 8;

/// A quasi-identifier's levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hierarchy {
    /// By the column: intervals for numbers, calendar for dates and for text that is dates, prefixes for text of one length
    /// with a digit in it (postal codes), otherwise [`Hierarchy::Suppress`].
    Auto,
    /// Given: one row a value, `[value, level 1, level 2, …]`, all of one length. The empty value is null.
    Table(Vec<Vec<String>>),
    /// Numbers: intervals `[n·width, (n+1)·width)` of these widths, each a whole multiple of the one before, then `*`. Empty:
    /// widths that double, the first a round number near a sixteenth of the range.
    Intervals(Vec<f64>),
    /// Numbers: intervals between these ends, rising, then `*`. A level's ends are among those of the level before, and both
    /// begin and end alike; a number outside is a fault.
    Ranges(Vec<Vec<f64>>),
    /// Day, month, year, decade, `*`.
    Calendar,
    /// Text: so many first characters, fewer each level, then `*`. Empty: one fewer each level (halved above 8).
    Prefix(Vec<usize>),
    /// The value, then `*`.
    Suppress,
}

impl Hierarchy {
    fn name(&self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Table(_) => "table",
            Self::Intervals(_) => "intervals",
            Self::Ranges(_) => "ranges",
            Self::Calendar => "calendar",
            Self::Prefix(_) => "prefix",
            Self::Suppress => "suppress",
        }
    }
}

/// One level over the codes of a column.
#[derive(Debug)]
pub(super) struct Level {
    /// A column's code → this level's code.
    pub(super) map: Vec<u32>,
    /// What each code of the level is written as; `None` is null. Empty for level 0, which is the column itself.
    pub(super) labels: Vec<Option<String>>,
    /// The normalised certainty penalty of each of the column's codes, in [0, 1].
    pub(super) penalty: Vec<f64>,
    /// How many codes the level has.
    pub(super) size: u32,
}

/// The levels of a column, finest first.
#[derive(Debug)]
pub(super) struct Ladder {
    pub(super) levels: Vec<Level>,
}

impl Ladder {
    pub(super) fn new(name: &str, hierarchy: &Hierarchy, column: &Coded) -> Result<Self> {
        let unfit = |why: &str| {
            Fault::new(&HIERARCHY_KIND)
                .arg("hierarchy", hierarchy.name())
                .arg("column", name)
                .arg("why", why)
        };
        let numeric = matches!(column.kind, Kind::Integer | Kind::Float | Kind::Decimal);
        let mut ladder = Self { levels: vec![Level::identity(column.texts.len())] };
        match hierarchy {
            Hierarchy::Table(rows) => ladder.given(name, rows, column)?,
            Hierarchy::Intervals(_) | Hierarchy::Ranges(_) if !numeric => {
                return Err(unfit("not a number"));
            }
            Hierarchy::Ranges(levels) => {
                ends(levels).map_err(unfit)?;
                ladder.ranges(name, levels, column)?;
            }
            Hierarchy::Intervals(widths) => ladder.intervals(widths, column).map_err(unfit)?,
            Hierarchy::Calendar if !matches!(column.kind, Kind::Date | Kind::Text) => {
                return Err(unfit("neither a date nor text"));
            }
            Hierarchy::Calendar => ladder.calendar(column),
            Hierarchy::Prefix(_) if numeric && column.kind != Kind::Integer => {
                return Err(unfit("a number with a fraction"));
            }
            Hierarchy::Prefix(steps) => ladder.prefixes(steps, column).map_err(unfit)?,
            Hierarchy::Suppress => {}
            Hierarchy::Auto => ladder.derived(numeric, column),
        }
        if !matches!(hierarchy, Hierarchy::Table(_)) {
            ladder.top(column);
        }
        Ok(ladder)
    }

    /// The number of the coarsest level.
    pub(super) fn highest(&self) -> u8 {
        u8::try_from(self.levels.len().saturating_sub(1)).unwrap_or(u8::MAX)
    }

    fn derived(&mut self, numeric: bool, column: &Coded) {
        let texts = || column.texts.iter().flatten();
        let dated = column.kind == Kind::Date
            || (column.kind == Kind::Text
                && texts().next().is_some()
                && texts().all(|text| Day::parse(text).is_some()));
        let length = texts().next().map_or(0, |text| text.chars().count());
        let codes = column.kind == Kind::Text
            && length > 1
            && texts().all(|text| {
                text.chars().count() == length && text.chars().any(|letter| letter.is_ascii_digit())
            });
        if dated {
            self.calendar(column);
        } else if numeric && column.texts.len() > 2 {
            // Widths of its own making are always right.
            let _ = self.intervals(&[], column);
        } else if codes {
            let _ = self.prefixes(&[], column);
        }
    }

    /// Adds a level from labels: equal labels, one class, of a penalty where it is not the share of values. Levels that change
    /// nothing are left out.
    fn add(&mut self, labels: &[Option<String>], share: Option<f64>) {
        let mut level = Level::of(labels);
        if self.levels.last().is_none_or(|last| last.size > level.size) {
            if let Some(share) = share {
                level.penalty.fill(share);
            }
            self.levels.push(level);
        }
    }

    /// Whether the coarsest level still tells values apart.
    pub(super) fn is_open(&self) -> bool {
        self.levels.last().is_some_and(|level| level.size > 1)
    }

    /// Adds one class of all values, if that is not the coarsest level already.
    pub(super) fn top(&mut self, column: &Coded) {
        let labels = vec![Some(ANY.to_owned()); column.texts.len()];
        self.add(&labels, None);
    }

    fn given(&mut self, name: &str, rows: &[Vec<String>], column: &Coded) -> Result<()> {
        if let Some(flaw) = flaw(rows) {
            return Err(flaw.fault(&|row| format!("`{name}`[{row}]")));
        }
        let length = rows.first().map_or(0, Vec::len);
        let of_value: HashMap<&str, &[String]> = rows
            .iter()
            .filter_map(|row| row.split_first())
            .map(|(value, levels)| (value.as_str(), levels))
            .collect();
        let found: Vec<Option<&&[String]>> =
            column.texts.iter().map(|text| of_value.get(text.as_deref().unwrap_or(""))).collect();
        // A null that no row speaks of is a class of its own.
        let lost: Vec<bool> = column
            .texts
            .iter()
            .zip(&found)
            .map(|(text, found)| text.is_some() && found.is_none())
            .collect();
        lacking(name, &lost, column)?;
        for step in 0..length.saturating_sub(1) {
            let labels: Vec<Option<String>> = found
                .iter()
                .map(|levels| levels.and_then(|levels| levels.get(step)).cloned())
                .collect();
            self.levels.push(Level::of(&labels));
        }
        Ok(())
    }

    fn ranges(&mut self, name: &str, levels: &[Vec<f64>], column: &Coded) -> Result<()> {
        let empty = Vec::new();
        let numbers = column.numbers.as_ref().unwrap_or(&empty);
        let (least, most) = bounds(numbers);
        for ends in levels {
            let held: Vec<Option<(f64, f64)>> = numbers
                .iter()
                .map(|value| {
                    let place = ends.partition_point(|end| end <= value);
                    Some((*ends.get(place.checked_sub(1)?)?, *ends.get(place)?))
                })
                .collect();
            let lost: Vec<bool> = held
                .iter()
                .zip(&column.texts)
                .map(|(held, text)| text.is_some() && held.is_none())
                .collect();
            lacking(name, &lost, column)?;
            let labels: Vec<Option<String>> =
                held.iter().map(|held| held.map(|(low, high)| interval(low, high))).collect();
            let mut level = Level::of(&labels);
            for (penalty, held) in level.penalty.iter_mut().zip(&held) {
                let width = held.map_or(0.0, |(low, high)| high - low);
                *penalty = if most > least { (width / (most - least)).min(1.0) } else { 0.0 };
            }
            if self.levels.last().is_none_or(|last| last.size > level.size) {
                self.levels.push(level);
            }
        }
        Ok(())
    }

    fn intervals(
        &mut self,
        widths: &[f64],
        column: &Coded,
    ) -> std::result::Result<(), &'static str> {
        let empty = Vec::new();
        let numbers = column.numbers.as_ref().unwrap_or(&empty);
        let (least, most) = bounds(numbers);
        let range = most - least;
        let own;
        let widths = if widths.is_empty() {
            own = doubling(range, column.kind == Kind::Integer);
            own.as_slice()
        } else {
            widths
        };
        let Some(base) = widths.first().copied().filter(|base| base.is_finite() && *base > 0.0)
        else {
            return if widths.is_empty() { Ok(()) } else { Err("a width is not above 0") };
        };
        let mut before = 1.0;
        for width in widths {
            // Whole multiples of the first width, each of the one before: then the levels are nested.
            let ratio = (width / base).round();
            let exact = (width / base - ratio).abs() <= 1e-9 * ratio;
            if !((1.0..EXACT).contains(&ratio) && exact && ratio % before == 0.0) {
                return Err("a width is not a whole multiple of the one before");
            }
            before = ratio;
            let places: Vec<Option<f64>> = numbers
                .iter()
                .map(|value| index(*value, base).map(|base_index| (base_index / ratio).floor()))
                .collect();
            let ends = |index: f64| (end(index, *width), end(index + 1.0, *width));
            let labels: Vec<Option<String>> = places
                .iter()
                .zip(&column.texts)
                .map(|(index, text)| match (index, text) {
                    (Some(index), _) => {
                        let (low, high) = ends(*index);
                        Some(interval(low, high))
                    }
                    (None, Some(_)) => Some(OTHER.to_owned()),
                    (None, None) => None,
                })
                .collect();
            let share = if range > 0.0 { (width / range).min(1.0) } else { 0.0 };
            self.add(&labels, Some(share));
        }
        Ok(())
    }

    fn calendar(&mut self, column: &Coded) {
        let days: Vec<Option<Day>> =
            column.texts.iter().map(|text| text.as_deref().and_then(Day::parse)).collect();
        let writers: [fn(&Day) -> String; 4] = [
            |day| {
                let mut out = String::new();
                day.write(&mut out);
                out
            },
            |day| {
                let mut out = String::new();
                day.write_month(&mut out);
                out
            },
            |day| format!("{:04}", day.year),
            |day| day.decade_text(),
        ];
        for write in writers {
            let labels: Vec<Option<String>> = days
                .iter()
                .zip(&column.texts)
                .map(|(day, text)| match (day, text) {
                    (Some(day), _) => Some(write(day)),
                    (None, Some(_)) => Some(OTHER.to_owned()),
                    (None, None) => None,
                })
                .collect();
            self.add(&labels, None);
        }
    }

    fn prefixes(
        &mut self,
        steps: &[usize],
        column: &Coded,
    ) -> std::result::Result<(), &'static str> {
        let longest =
            column.texts.iter().flatten().map(|text| text.chars().count()).max().unwrap_or(0);
        let own;
        let steps = if steps.is_empty() {
            own = shrinking(longest);
            own.as_slice()
        } else {
            steps
        };
        if steps.windows(2).any(|pair| pair.first() <= pair.last()) || steps.contains(&0) {
            return Err("each prefix must be shorter than the one before, and at least 1");
        }
        for keep in steps {
            let labels: Vec<Option<String>> = column
                .texts
                .iter()
                .map(|text| {
                    text.as_deref().map(|text| {
                        let head: String = text.chars().take(*keep).collect();
                        if head.len() < text.len() { head + ANY } else { head }
                    })
                })
                .collect();
            self.add(&labels, None);
        }
        Ok(())
    }
}

impl Level {
    fn identity(size: usize) -> Self {
        Self {
            map: (0..code(size)).collect(),
            labels: Vec::new(),
            penalty: vec![0.0; size],
            size: code(size),
        }
    }

    /// Equal labels, one class; the penalty of a class is the share of the column's different values that it covers.
    fn of(labels: &[Option<String>]) -> Self {
        let mut seen: HashMap<&Option<String>, u32> = HashMap::new();
        let mut map = Vec::with_capacity(labels.len());
        let mut texts = Vec::new();
        let mut members: Vec<u64> = Vec::new();
        for label in labels {
            let fresh = code(texts.len());
            let found = *seen.entry(label).or_insert(fresh);
            if found == fresh {
                texts.push(label.clone());
                members.push(0);
            }
            if let Some(count) = members.get_mut(found as usize) {
                *count += 1;
            }
            map.push(found);
        }
        let all = real(labels.len() as u64);
        let share = |found: &u32| match by(&members, *found) {
            0 | 1 => 0.0,
            count => real(count) / all,
        };
        let penalty = map.iter().map(share).collect();
        Self { penalty, size: code(texts.len()), labels: texts, map }
    }
}

/// What `runtime::interval` reads.
fn interval(low: f64, high: f64) -> String {
    format!("[{low}, {high})")
}

/// A fault where some values of a column have no place in its hierarchy.
fn lacking(name: &str, lost: &[bool], column: &Coded) -> Result<()> {
    let count = lost.iter().filter(|lost| **lost).count();
    if count == 0 {
        return Ok(());
    }
    let mut rows = column.codes.iter().enumerate().filter(|(_, value)| by(lost, **value));
    let row = rows.next().map_or(0, |(row, _)| row + 1);
    Err(Fault::new(&HIERARCHY_LACKS)
        .arg("column", name)
        .arg("count", count)
        .arg("rows", rows.count() + 1)
        .arg("row", row))
}

/// Whether levels of ends are nested.
fn ends(levels: &[Vec<f64>]) -> std::result::Result<(), &'static str> {
    let mut before: Option<&Vec<f64>> = None;
    for ends in levels {
        let rising = ends.windows(2).all(|pair| pair.first() < pair.last());
        if ends.len() < 2 || !rising || !ends.iter().all(|end| end.is_finite()) {
            return Err("the ends of a level must rise, and be two at least");
        }
        if let Some(before) = before
            && !(ends.iter().all(|end| before.contains(end))
                && ends.first() == before.first()
                && ends.last() == before.last())
        {
            return Err(
                "the ends of a level must be among those of the level before, and begin and end alike",
            );
        }
        before = Some(ends);
    }
    Ok(())
}

/// The least and the largest finite number; (0, 0) without any.
fn bounds(numbers: &[f64]) -> (f64, f64) {
    let finite = || numbers.iter().copied().filter(|number| number.is_finite());
    let least = finite().fold(f64::INFINITY, f64::min);
    let most = finite().fold(f64::NEG_INFINITY, f64::max);
    if least <= most { (least, most) } else { (0.0, 0.0) }
}

/// A round first width near a sixteenth of the range, then doubled until one covers the range.
fn doubling(range: f64, whole: bool) -> Vec<f64> {
    if !(range.is_finite() && range > 0.0) {
        return Vec::new();
    }
    let wanted = range / 16.0;
    let unit = 10_f64.powi(exponent(wanted));
    let mut width = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|digit| digit * unit)
        .find(|width| *width >= wanted)
        .unwrap_or(unit * 10.0);
    if whole {
        width = width.max(2.0);
    }
    std::iter::successors(Some(width), |width| Some(width * 2.0))
        .take_while(|width| *width < range)
        .take(MOST_STEPS)
        .collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a double's decimal exponent is within ±324")]
fn exponent(value: f64) -> i32 {
    value.log10().floor() as i32
}

/// The number of the interval a value lies in; `None` for what lies in none. A quotient within 1e-12 (relative) of a whole
/// number counts as it, so that 0.3 lies in [0.3, 0.4) of width 0.1.
fn index(value: f64, width: f64) -> Option<f64> {
    let quotient = value / width;
    if !quotient.is_finite() || quotient.abs() >= EXACT / 2.0 {
        return None;
    }
    let nearest = quotient.round();
    let close = (quotient - nearest).abs() <= 1e-12 * nearest.abs().max(1.0);
    Some(if close { nearest } else { quotient.floor() } + 0.0)
}

/// A multiple of a width: 3 / 10 is the number closest to 0.3, 3 × 0.1 is not.
fn end(index: f64, width: f64) -> f64 {
    let inverse = 1.0 / width;
    let end = if inverse.fract() == 0.0 { index / inverse } else { index * width };
    end + 0.0
}

/// Prefix lengths for texts of a length: one fewer each level; above 8 characters halved.
fn shrinking(longest: usize) -> Vec<usize> {
    let next = |keep: &usize| {
        let fewer = if longest > MOST_STEPS { keep / 2 } else { keep - 1 };
        (fewer > 0).then_some(fewer)
    };
    std::iter::successors(Some(longest), next).skip(1).collect()
}

//! Partial dependence: the mean answer when one input is set to each of its usual values.

use crate::outcome::{Bin, Dependence, Point};
use crate::words::{self, index, real};
use ingot_base::{Field, FieldKind, Result, fault};
use ingot_runtime::{Matrix, Predictor as _, TabularModel};

/// Grid values of a number.
const GRID: usize = 20;
/// Categories shown, the commonest first.
const CATEGORIES: usize = 20;

/// Rows whose own answers are shown.
const SINGLE: usize = 30;
/// A value of so many rows is nobody's own.
pub(crate) const SHARED: usize = 5;
/// Bars of a distribution.
const BINS: usize = 24;

/// The dependence on one input over `rows`.
pub(crate) fn dependence(
    model: &TabularModel,
    rows: &Matrix,
    feature: usize,
) -> Result<Dependence> {
    let field = model
        .signature()
        .inputs
        .get(feature)
        .ok_or_else(|| fault::internal("dependence on an unknown input"))?;
    let ordered = matches!(field.kind, FieldKind::Number { .. });
    let values: Vec<f64> = rows.column(feature).filter(|value| !value.is_nan()).collect();
    let values = if ordered { told(values) } else { values };
    let grid = if ordered { quantiles(&values) } else { commonest(field, &values) };
    let mut points = Vec::with_capacity(grid.len());
    let mut changed = rows.clone();
    let step = rows.rows().div_ceil(SINGLE).max(1);
    let mut single = vec![Vec::with_capacity(grid.len()); rows.rows().div_ceil(step)];
    for (at, &(value, count)) in grid.iter().enumerate() {
        for place in changed.data_mut().iter_mut().skip(feature).step_by(rows.cols().max(1)) {
            *place = value;
        }
        let scores = model.scores(&changed)?;
        let mut mean = vec![0.0; scores.cols()];
        for row in scores.iter_rows() {
            for (sum, score) in mean.iter_mut().zip(row) {
                *sum += score / real(rows.rows().max(1));
            }
        }
        for (line, row) in single.iter_mut().zip(scores.iter_rows().step_by(step)) {
            line.push(row.first().copied().unwrap_or(f64::NAN));
        }
        let share = if ordered { nearest(&grid, &values, at) } else { count };
        let share = real(share) / real(rows.rows().max(1));
        points.push(Point { value, label: words::value(field, value), mean, share });
    }
    let bins = if ordered { bins(&grid, &values) } else { vec![] };
    let (feature, title) = (field.name.clone(), words::title(field));
    Ok(Dependence { feature, title, points, ordered, single, bins })
}

/// Shares of the rows in equal ranges over the grid; around each value where there are few.
fn bins(grid: &[(f64, usize)], values: &[f64]) -> Vec<Bin> {
    let (Some(&(low, _)), Some(&(high, _))) = (grid.first(), grid.last()) else { return vec![] };
    let exact = |value: f64| grid.iter().any(|(known, _)| known.to_bits() == value.to_bits());
    let edges: Vec<(f64, f64)> = if values.iter().all(|&value| exact(value)) {
        let gaps = grid.windows(2).filter_map(|pair| Some(pair.last()?.0 - pair.first()?.0));
        let half = gaps.fold(f64::INFINITY, f64::min).min(high - low + 1.0) * 0.3;
        grid.iter().map(|(value, _)| (value - half, value + half)).collect()
    } else {
        let edge = |at: usize| low + (high - low) * real(at) / real(BINS);
        (0..BINS).map(|at| (edge(at), edge(at + 1))).collect()
    };
    let last = edges.len().saturating_sub(1);
    let inside = |at: usize, (from, to): (f64, f64), value: f64| {
        value >= from && (value < to || at == last && value <= to)
    };
    let rows = real(values.len().max(1));
    edges
        .into_iter()
        .enumerate()
        .map(|(at, edge)| {
            let count = values.iter().filter(|&&value| inside(at, edge, value)).count();
            Bin { from: edge.0, to: edge.1, share: real(count) / rows }
        })
        .collect()
}

/// Values as a page may tell them: where they are few, those of fewer rows than [`SHARED`] in three significant digits.
fn told(mut values: Vec<f64>) -> Vec<f64> {
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    let mut all = sorted.clone();
    all.dedup();
    if all.len() <= GRID {
        for value in &mut values {
            *value = if shared(&sorted, *value) { *value } else { words::rounded(*value) };
        }
    }
    values
}

/// Whether so many rows have a value that it is nobody's own.
fn shared(sorted: &[f64], value: f64) -> bool {
    let below = sorted.partition_point(|known| *known < value);
    let through = sorted.partition_point(|known| *known <= value);
    through - below >= SHARED
}

/// All values where they are few; otherwise distinct quantiles from the 2nd to the 98th hundredth, rounded to a power of ten at most a
/// hundredth of their spread, or to three digits where that is still one of few rows' own: the report goes where nobody's own value should.
fn quantiles(values: &[f64]) -> Vec<(f64, usize)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut all = sorted.clone();
    all.dedup();
    if all.len() <= GRID {
        return all.into_iter().map(|value| (value, 0)).collect();
    }
    let mut grid: Vec<(f64, usize)> = (0..GRID)
        .filter_map(|step| {
            let share = 0.02 + 0.96 * real(step) / real(GRID - 1);
            sorted.get(index(share * real(sorted.len().saturating_sub(1)))?).map(|&v| (v, 0))
        })
        .collect();
    let spread = grid.last().map_or(0.0, |last| last.0) - grid.first().map_or(0.0, |first| first.0);
    let exponent = (spread / 100.0).log10().floor();
    if exponent.is_finite() {
        // By a whole power of ten, so that 0.3 stays 0.3.
        let power = 10_f64.powf(exponent.abs());
        for (value, _) in &mut grid {
            let rounded = if exponent < 0.0 {
                (*value * power).round() / power
            } else {
                (*value / power).round() * power
            };
            let own = (rounded - *value).abs() <= 1e-9 * value.abs();
            let close =
                if own && !shared(&sorted, *value) { words::rounded(rounded) } else { rounded };
            // There is one zero.
            *value = close + 0.0;
        }
    }
    grid.dedup_by(|a, b| a.0.total_cmp(&b.0).is_eq());
    grid
}

fn commonest(field: &Field, values: &[f64]) -> Vec<(f64, usize)> {
    let known = match &field.kind {
        FieldKind::Category { values } => values.len(),
        _ => 2,
    };
    let mut counts = vec![0_usize; known];
    for value in values {
        if let Some(count) = index(*value).and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    }
    let mut grid: Vec<(f64, usize)> =
        counts.into_iter().enumerate().map(|(at, count)| (real(at), count)).collect();
    grid.retain(|(_, count)| *count > 0);
    grid.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    grid.truncate(CATEGORIES);
    grid
}

/// How many values have this grid value as their nearest; of two equally near the lower counts.
fn nearest(grid: &[(f64, usize)], values: &[f64], at: usize) -> usize {
    let middle = |a: usize, b: usize| match (grid.get(a), grid.get(b)) {
        (Some(a), Some(b)) => Some(f64::midpoint(a.0, b.0)),
        _ => None,
    };
    let low = at.checked_sub(1).and_then(|before| middle(before, at)).unwrap_or(f64::NEG_INFINITY);
    let high = middle(at, at + 1).unwrap_or(f64::INFINITY);
    values.iter().filter(|&&value| (value > low || low.is_infinite()) && value <= high).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_of_many_values_tells_none_of_them() {
        let values: Vec<f64> = (0..500_u32).map(|row| 557.281 + f64::from(row) * 13.377).collect();
        for (value, _) in quantiles(&values) {
            assert!(values.iter().all(|own| (own - value).abs() > 1e-9), "{value}");
            assert!((value / 10.0 - (value / 10.0).round()).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn few_values_are_told_in_three_digits_unless_many_rows_share_them() {
        let salaries: Vec<f64> =
            (0..12_u32).map(|row| 8_123.45 + f64::from(row) * 1_111.3).collect();
        let shown = told(salaries.clone());
        assert!(shown.iter().all(|value| salaries.iter().all(|own| (own - value).abs() > 1e-6)));
        let grid = quantiles(&shown);
        assert_eq!((grid.len(), grid[0].0), (12, 8_120.0));
        let all: f64 = bins(&grid, &shown).iter().map(|bin| bin.share).sum();
        assert!((all - 1.0).abs() < 1e-9, "{all}");
        let years: Vec<f64> = (0..60_u32).map(|row| f64::from(2_013 + row % 8)).collect();
        assert_eq!(told(years.clone()), years);
        // More values than a grid has, close together: of those that two rows have, none is told exactly.
        let close: Vec<f64> =
            (0..200_u32).map(|row| 12_003.0 + f64::from(row % 100) * 9.0).collect();
        for (value, _) in quantiles(&close) {
            assert!((value / 100.0).fract().abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn bins_hold_every_row_of_the_grid_once() {
        let few = [1.0, 2.0, 2.0, 5.0];
        let found = bins(&quantiles(&few), &few);
        assert_eq!(found.iter().map(|bin| bin.share).collect::<Vec<_>>(), [0.25, 0.5, 0.25]);
        let many: Vec<f64> = (0..1000_u32).map(|at| f64::from(at).sqrt()).collect();
        let found = bins(&quantiles(&many), &many);
        assert_eq!(found.len(), BINS);
        let all: f64 = found.iter().map(|bin| bin.share).sum();
        assert!((all - 0.96).abs() < 0.005, "{all}");
        assert!(bins(&[], &[]).is_empty());
        assert_eq!(bins(&quantiles(&[3.0]), &[3.0]).len(), 1);
    }
}

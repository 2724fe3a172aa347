//! Partial dependence: the mean answer when one input is set to each of its usual values.

use crate::outcome::{Dependence, Point};
use crate::words::{self, index, real};
use ingot_base::{Field, FieldKind, Result, fault};
use ingot_runtime::{Matrix, Predictor as _, TabularModel};

/// Grid values of a number.
const GRID: usize = 20;
/// Categories shown, the commonest first.
const CATEGORIES: usize = 20;

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
    let grid = if ordered { quantiles(&values) } else { commonest(field, &values) };
    let mut points = Vec::with_capacity(grid.len());
    let mut changed = rows.clone();
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
        let share = if ordered { nearest(&grid, &values, at) } else { count };
        let share = real(share) / real(rows.rows().max(1));
        points.push(Point { value, label: words::value(field, value), mean, share });
    }
    Ok(Dependence { feature: field.name.clone(), title: words::title(field), points, ordered })
}

/// Distinct quantiles from the 2nd to the 98th hundredth.
fn quantiles(values: &[f64]) -> Vec<(f64, usize)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut grid: Vec<(f64, usize)> = (0..GRID)
        .filter_map(|step| {
            let share = 0.02 + 0.96 * real(step) / real(GRID - 1);
            sorted.get(index(share * real(sorted.len().saturating_sub(1)))?).map(|&v| (v, 0))
        })
        .collect();
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

//! Rows far from all others.
//!
//! Columns are set on one scale by their median and median absolute deviation, which outliers do not move. A row's score is
//! its mean distance to the nearest rows of a sample (Ramaswamy, Rastogi, Shim 2000; Angiulli, Pizzuti 2002). Scores are
//! skewed, so their logarithms are judged: above the median by 3.5 robust standard deviations is an outlier (Iglewicz,
//! Hoaglin 1993).

use crate::math::{median, real};
use ingot_base::Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Neighbours whose distance counts.
const NEIGHBOURS: usize = 10;
/// Rows that neighbours are looked for among.
const SAMPLE: usize = 2_000;
/// Fewer rows have no outliers.
const FEWEST: usize = 30;
/// Robust standard deviations.
const LIMIT: f64 = 3.5;
/// Turns a median absolute deviation into a standard deviation of normal values.
const TO_DEVIATION: f64 = 1.4826;

/// A row far from all others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Outlier {
    /// The row, from 0.
    pub row: usize,
    /// Robust standard deviations of its score's logarithm above the median.
    pub score: f64,
    /// The column that contributes most to its distance.
    pub column: usize,
}

/// Rows far from all others, the farthest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outliers {
    /// The rows.
    pub rows: Vec<Outlier>,
    /// The score above which a row is one.
    pub limit: f64,
}

/// Finds outliers of columns of equal length; a value that is not finite stands for the median of its column.
pub fn find(columns: &[Vec<f64>], seed: u64) -> Outliers {
    let scaled: Vec<Vec<f64>> = columns.iter().map(|column| scale(column)).collect();
    let rows = columns.iter().map(Vec::len).min().unwrap_or(0);
    let width = scaled.len();
    if rows < FEWEST || width == 0 {
        return Outliers { rows: Vec::new(), limit: LIMIT };
    }
    let points: Vec<f64> = (0..rows)
        .flat_map(|row| scaled.iter().map(move |column| column.get(row).copied().unwrap_or(0.0)))
        .collect();
    let mut chosen: Vec<usize> = (0..rows).collect();
    Rng::new(seed, "outliers").shuffle(&mut chosen);
    chosen.truncate(SAMPLE);
    let near: Vec<(f64, usize)> = points
        .par_chunks(width)
        .enumerate()
        .map(|(row, point)| distance(row, point, &points, &chosen))
        .collect();
    judge(&near)
}

/// A column around its median, in robust standard deviations; zero when it hardly varies.
fn scale(column: &[f64]) -> Vec<f64> {
    let mut finite: Vec<f64> = column.iter().copied().filter(|value| value.is_finite()).collect();
    let middle = median(&mut finite).unwrap_or(0.0);
    let mut apart: Vec<f64> = finite.iter().map(|value| (value - middle).abs()).collect();
    let mut spread = median(&mut apart).unwrap_or(0.0) * TO_DEVIATION;
    if spread <= 0.0 {
        // More than half of the values are equal: the mean deviation still tells how far the others are.
        spread = apart.iter().sum::<f64>() / real(apart.len().max(1)) * 1.2533;
    }
    let one = |value: &f64| {
        if value.is_finite() && spread > 0.0 { (value - middle) / spread } else { 0.0 }
    };
    column.iter().map(one).collect()
}

/// Mean distance to the nearest rows of the sample, and the column with the largest share of it.
fn distance(row: usize, point: &[f64], points: &[f64], chosen: &[usize]) -> (f64, usize) {
    let width = point.len();
    let other = |index: usize| points.get(index * width..(index + 1) * width).unwrap_or_default();
    let mut nearest: Vec<(f64, usize)> = chosen
        .iter()
        .filter(|index| **index != row)
        .map(|index| (point.iter().zip(other(*index)).map(|(a, b)| (a - b).powi(2)).sum(), *index))
        .collect();
    let count = NEIGHBOURS.min(nearest.len());
    if count == 0 {
        return (0.0, 0);
    }
    nearest.select_nth_unstable_by(count - 1, |one, other| {
        one.0.total_cmp(&other.0).then(one.1.cmp(&other.1))
    });
    nearest.truncate(count);
    nearest.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    let mut shares = vec![0.0; width];
    for (_, index) in &nearest {
        for ((share, a), b) in shares.iter_mut().zip(point).zip(other(*index)) {
            *share += (a - b).powi(2);
        }
    }
    let most = (0..width)
        .fold(0, |best, column| if shares.get(column) > shares.get(best) { column } else { best });
    (nearest.iter().map(|(square, _)| square.sqrt()).sum::<f64>() / real(count), most)
}

fn judge(near: &[(f64, usize)]) -> Outliers {
    // Rows that have their copies have no distance; a small one keeps the logarithm finite.
    let logs: Vec<f64> = near.iter().map(|(distance, _)| (distance + 1e-3).ln()).collect();
    let middle = median(&mut logs.clone()).unwrap_or(0.0);
    let mut apart: Vec<f64> = logs.iter().map(|value| (value - middle).abs()).collect();
    let spread = median(&mut apart).unwrap_or(0.0) * TO_DEVIATION;
    let mut rows: Vec<Outlier> = logs
        .iter()
        .zip(near)
        .enumerate()
        .filter(|_| spread > 0.0)
        .map(|(row, (log, (_, column)))| Outlier {
            row,
            score: (log - middle) / spread,
            column: *column,
        })
        .filter(|outlier| outlier.score > LIMIT)
        .collect();
    rows.sort_by(|one, other| other.score.total_cmp(&one.score).then(one.row.cmp(&other.row)));
    Outliers { rows, limit: LIMIT }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planted_rows_are_found_with_their_column() {
        let mut rng = Rng::new(1, "test");
        let mut normal = || (0..12).map(|_| rng.unit()).sum::<f64>() - 6.0;
        let mut columns: Vec<Vec<f64>> =
            (0..4).map(|_| (0..3000).map(|_| normal()).collect()).collect();
        columns[2][77] = 40.0;
        columns[0][1500] = -500.0;
        columns[1][5] = f64::NAN;
        columns.push(vec![3.0; 3000]);
        let found = find(&columns, 7);
        assert_eq!(found.rows[0], Outlier { row: 1500, column: 0, ..found.rows[0] });
        assert_eq!(found.rows[1], Outlier { row: 77, column: 2, ..found.rows[1] });
        assert!(found.rows.len() < 30, "{} of 3000 honest rows", found.rows.len());
        assert_eq!(found, find(&columns, 7));
        assert!(find(&[vec![1.0; 20]], 7).rows.is_empty());
    }
}

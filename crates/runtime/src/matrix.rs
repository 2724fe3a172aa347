//! A dense table of numbers.

use crate::messages::SHAPE;
use ingot_base::{Fault, Result};

/// Row-major `rows × cols` numbers; NaN stands for a missing value.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    cols: usize,
    data: Vec<f64>,
}

impl Matrix {
    /// Takes row-major data.
    ///
    /// # Errors
    /// When `data` does not hold exactly `rows × cols` numbers.
    pub fn new(rows: usize, cols: usize, data: Vec<f64>) -> Result<Self> {
        if rows.checked_mul(cols) == Some(data.len()) {
            Ok(Self { rows, cols, data })
        } else {
            Err(Fault::new(&SHAPE)
                .arg("found", format_args!("{} values", data.len()))
                .arg("expected", format_args!("{rows} × {cols} values")))
        }
    }

    /// A matrix of zeros.
    ///
    /// # Errors
    /// When `rows × cols` is more than memory can address.
    pub fn zeros(rows: usize, cols: usize) -> Result<Self> {
        let size = rows.saturating_mul(cols);
        if size > isize::MAX as usize / 8 {
            return Err(Fault::new(&SHAPE)
                .arg("found", format_args!("{rows} × {cols} values"))
                .arg("expected", "fewer than memory can address"));
        }
        Ok(Self { rows, cols, data: vec![0.0; size] })
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// All values, row after row.
    pub fn data(&self) -> &[f64] {
        &self.data
    }

    /// All values, row after row, to be changed in place.
    pub fn data_mut(&mut self) -> &mut [f64] {
        &mut self.data
    }

    /// The values themselves.
    pub fn into_data(self) -> Vec<f64> {
        self.data
    }

    /// One row; empty when there is no such row.
    pub fn row(&self, index: usize) -> &[f64] {
        let start = index.saturating_mul(self.cols);
        self.data.get(start..start.saturating_add(self.cols)).unwrap_or_default()
    }

    /// Every row in order. A matrix without columns yields `rows` empty slices.
    pub fn iter_rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        (0..self.rows).map(|index| self.row(index))
    }

    /// One column in row order.
    pub fn column(&self, index: usize) -> impl Iterator<Item = f64> + '_ {
        let cols = if index < self.cols { self.cols } else { 0 };
        self.data
            .iter()
            .skip(index)
            .step_by(cols.max(1))
            .take(if cols == 0 { 0 } else { self.rows })
            .copied()
    }

    /// The rows with the given indices, in that order; unknown indices are left out.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        let mut data = Vec::with_capacity(indices.len().saturating_mul(self.cols));
        let mut rows = 0;
        for &index in indices.iter().filter(|&&index| index < self.rows) {
            data.extend_from_slice(self.row(index));
            rows += 1;
        }
        Self { rows, cols: self.cols, data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_columns_and_selection() {
        let matrix = Matrix::new(3, 2, vec![1., 2., 3., 4., 5., 6.]).unwrap();
        assert_eq!(matrix.row(1), [3., 4.]);
        assert!(matrix.row(3).is_empty());
        assert!(matrix.row(usize::MAX).is_empty());
        assert_eq!(matrix.column(1).collect::<Vec<_>>(), [2., 4., 6.]);
        assert_eq!(matrix.column(2).count(), 0);
        assert_eq!(matrix.select(&[2, 0, 9]).data(), [5., 6., 1., 2.]);
        assert_eq!(matrix.iter_rows().len(), 3);
    }

    #[test]
    fn a_wrong_size_is_refused() {
        assert!(Matrix::new(2, 2, vec![0.0; 3]).is_err());
        assert!(Matrix::new(usize::MAX, 2, vec![]).is_err());
        assert!(Matrix::zeros(usize::MAX, 2).is_err());
    }
}

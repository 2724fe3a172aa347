//! Least squares by the sweep operator (Goodnight 1979, "A tutorial on the SWEEP operator"), from which terms are taken out one by
//! one, each time the one that costs least: exact backward elimination.

/// A linear fit of `outputs` values by `terms` terms and a constant.
#[derive(Debug)]
pub(super) struct Fit {
    /// Row-major, `side × side`: terms, the constant, outputs. After all terms and the constant are swept it holds the inverse of
    /// their products, the coefficients and the products of what is left over.
    cells: Vec<f64>,
    side: usize,
    terms: usize,
    alive: Vec<bool>,
    /// What the outputs vary by, summed.
    energy: f64,
    /// What the fit misses, summed.
    error: f64,
}

impl Fit {
    /// `products` is `Xᵀ X` of the columns terms, 1, outputs, row-major; symmetric. A small ridge keeps terms apart that follow
    /// each other, a larger one where there are hardly more rows than terms.
    #[expect(clippy::cast_precision_loss, reason = "terms are counted in thousands")]
    pub(super) fn new(products: Vec<f64>, terms: usize, outputs: usize) -> Option<Self> {
        const RIDGE: f64 = 1e-3;
        let side = terms + 1 + outputs;
        if products.len() != side * side || terms == 0 {
            return None;
        }
        let mut fit = Self {
            cells: products,
            side,
            terms,
            alive: vec![true; terms],
            energy: 0.0,
            error: 0.0,
        };
        let rows = fit.cell(terms, terms).max(1.0);
        let varies = |at: usize| fit.cell(at, at) - fit.cell(terms, at).powi(2) / rows;
        fit.energy = (terms + 1..side).map(varies).sum();
        let mean = (0..terms).map(|at| fit.cell(at, at)).sum::<f64>() / terms as f64;
        let ridge = (mean * RIDGE * terms as f64 / rows).max(f64::MIN_POSITIVE);
        for at in 0..terms {
            if let Some(cell) = fit.cells.get_mut(at * side + at) {
                *cell += ridge;
            }
        }
        for at in (0..=terms).rev() {
            fit.sweep(at);
        }
        fit.error = (terms + 1..side).map(|at| fit.cell(at, at)).sum();
        Some(fit)
    }

    fn cell(&self, row: usize, column: usize) -> f64 {
        self.cells.get(row * self.side + column).copied().unwrap_or_default()
    }

    /// Takes a term into the fit, or out of it again: the operator is its own inverse.
    fn sweep(&mut self, at: usize) {
        let side = self.side;
        let pivot = self.cell(at, at);
        let Some(own) = self.cells.get_mut(at * side..(at + 1) * side) else { return };
        for cell in own.iter_mut() {
            *cell /= pivot;
        }
        let mut row = own.to_vec();
        if let Some(cell) = row.get_mut(at) {
            *cell = 0.0;
        }
        for (index, other) in self.cells.chunks_exact_mut(side).enumerate() {
            if index == at {
                if let Some(cell) = other.get_mut(at) {
                    *cell = 1.0 / pivot;
                }
                continue;
            }
            let factor = other.get(at).copied().unwrap_or_default();
            if factor != 0.0 {
                for (cell, own) in other.iter_mut().zip(&row) {
                    *cell -= factor * own;
                }
            }
            if let Some(cell) = other.get_mut(at) {
                *cell = -factor / pivot;
            }
        }
    }

    /// Takes out the term whose loss costs least; gives what the fit then misses. `None` when none is left.
    pub(super) fn drop_least(&mut self) -> Option<f64> {
        let outputs = self.terms + 1..self.side;
        let cost = |at: usize| {
            let row = self.cells.get(at * self.side..(at + 1) * self.side)?;
            let squares: f64 = row.get(outputs.clone())?.iter().map(|cell| cell * cell).sum();
            Some(squares / row.get(at)?.max(f64::MIN_POSITIVE))
        };
        let left = self.alive.iter().enumerate().filter(|(_, alive)| **alive);
        let costs = left.filter_map(|(at, _)| Some((at, cost(at)?)));
        let (at, cost) = costs.min_by(|a, b| a.1.total_cmp(&b.1))?;
        self.sweep(at);
        if let Some(alive) = self.alive.get_mut(at) {
            *alive = false;
        }
        // Nothing of it may come back by rounding.
        for (index, row) in self.cells.chunks_exact_mut(self.side).enumerate() {
            if index == at {
                row.fill(0.0);
            }
            if let Some(cell) = row.get_mut(at) {
                *cell = if index == at { 1.0 } else { 0.0 };
            }
        }
        self.error += cost;
        Some(self.error)
    }

    /// What is missed now.
    pub(super) fn error(&self) -> f64 {
        self.error.max(0.0)
    }

    /// The share of what the outputs vary by that such an error is, 0 to 1. Of outputs that do not vary nothing is missed.
    pub(super) fn share(&self, error: f64) -> f64 {
        if self.energy > f64::MIN_POSITIVE { (error / self.energy).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Indices of the terms that are left.
    pub(super) fn left(&self) -> Vec<usize> {
        self.alive.iter().enumerate().filter(|(_, alive)| **alive).map(|(at, _)| at).collect()
    }

    /// The coefficients of a term, one for each output; of the constant with `None`.
    pub(super) fn coefficients(&self, term: Option<usize>) -> Vec<f64> {
        let row = term.unwrap_or(self.terms) * self.side;
        self.cells.get(row + self.terms + 1..row + self.side).unwrap_or_default().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Xᵀ X` of terms, 1, outputs.
    fn products(rows: &[Vec<f64>]) -> Vec<f64> {
        let side = rows[0].len();
        let mut cells = vec![0.0; side * side];
        for row in rows {
            for a in 0..side {
                for b in 0..side {
                    cells[a * side + b] += row[a] * row[b];
                }
            }
        }
        cells
    }

    #[test]
    fn of_what_does_not_vary_nothing_is_missed() {
        let rows: Vec<Vec<f64>> =
            (0..20).map(|at| vec![f64::from(at), f64::from(at % 3), 1.0, 4.0]).collect();
        let mut fit = Fit::new(products(&rows), 2, 1).unwrap();
        let mut errors = vec![fit.error()];
        errors.extend(std::iter::from_fn(|| fit.drop_least()));
        assert!(errors.iter().all(|error| fit.share(*error).abs() < f64::EPSILON), "{errors:?}");
    }

    #[test]
    fn what_the_others_can_say_goes_first_and_the_rest_says_it() {
        // y = 2 a − b + 3; c = a + b says nothing new, d is noise of its own.
        let rows: Vec<Vec<f64>> = (0..200)
            .map(|at| {
                let (a, b) = ((f64::from(at) * 0.37).sin(), (f64::from(at) * 0.91).cos());
                let d = (f64::from(at) * 1.7).sin();
                vec![a, b, a + b, d, 1.0, 2.0 * a - b + 3.0]
            })
            .collect();
        let mut fit = Fit::new(products(&rows), 4, 1).unwrap();
        // The ridge of 2e-5 costs a share of that order.
        assert!(fit.share(fit.error()) < 1e-4);
        for _ in 0..2 {
            let error = fit.drop_least().unwrap();
            assert!(fit.share(error) < 1e-4, "two of four are enough: {error}");
        }
        let left = fit.left();
        assert!(!left.contains(&3), "noise stays out: {left:?}");
        let said = |row: &[f64]| -> f64 {
            let terms: f64 = left.iter().map(|at| row[*at] * fit.coefficients(Some(*at))[0]).sum();
            terms + fit.coefficients(None)[0]
        };
        for row in &rows {
            assert!((said(row) - row[5]).abs() < 1e-2, "{} instead of {}", said(row), row[5]);
        }
        let error = fit.drop_least().unwrap();
        assert!(fit.share(error) > 0.05, "one is not");
        assert!(fit.drop_least().is_some() && fit.drop_least().is_none());
    }
}

//! Exact path-dependent Shapley values of tree ensembles.
//!
//! A leaf's part of the game is `value · Π (present ? satisfied : cover ratio)` over the distinct features of its path, so its
//! Shapley values depend only on which of the `m` features the row satisfies:
//! `φⱼ = value · (oⱼ − zⱼ) · ∫₀¹ Π_{k≠j} (z_k (1−t) + o_k t) dt`. The integral of this polynomial is exact with ⌈m/2⌉ Gauss points
//! and has no cancellation. While memory allows, the `2ᵐ × m` answers of a leaf are computed once; a row then costs one
//! look-up per leaf. Rows pass a tree together, in blocks, as bit masks.

mod program;
mod single;
#[cfg(test)]
mod tests;

use crate::messages::{ADDITIVITY, PATH, WIDTH};
use crate::quadrature;
use ingot_base::{Fault, Result};
use ingot_runtime::{Forest, Matrix};
use program::Space;
use rayon::prelude::*;
pub use single::RowShap;

/// Rows that pass a tree together.
const BLOCK: usize = 128;
/// Most distinct features on a path: the width of a mask.
const SLOTS: usize = 64;
/// Memory for look-up tables, in numbers (256 MB).
const TABLES: usize = 32 << 20;
/// LightGBM's `kZeroThreshold`.
const ZERO: f64 = 1e-35_f32 as f64;

/// Contributions of rows, laid out as LightGBM's `pred_contrib`: per class one number a feature, then the base value.
#[derive(Debug, Clone, PartialEq)]
pub struct Shap {
    features: usize,
    classes: usize,
    base: Vec<f64>,
    data: Vec<f64>,
}

impl Shap {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.data.len() / (self.classes * (self.features + 1))
    }

    /// One row as LightGBM writes it: `classes × (features + 1)` numbers; empty when there is no such row.
    pub fn row(&self, row: usize) -> &[f64] {
        let width = self.classes * (self.features + 1);
        let start = row.saturating_mul(width);
        self.data.get(start..start.saturating_add(width)).unwrap_or_default()
    }

    /// What each feature added to one class's raw score of one row; empty when there is no such row or class.
    pub fn contributions(&self, row: usize, class: usize) -> &[f64] {
        let start = class.saturating_mul(self.features + 1);
        self.row(row).get(start..start.saturating_add(self.features)).unwrap_or_default()
    }

    /// The mean raw score of each class before any feature is known.
    pub fn base(&self) -> &[f64] {
        &self.base
    }
}

/// A forest prepared for Shapley values.
#[derive(Debug, Clone)]
pub struct TreeShap {
    forest: Forest,
    programs: Vec<Program>,
    base: Vec<f64>,
    scale: f64,
}

#[derive(Debug, Clone)]
struct Program {
    steps: Vec<Step>,
    splits: Vec<Split>,
    leaves: Vec<Leaf>,
    levels: usize,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Asks a split of every row of the mask at `level`.
    Ask { split: usize, level: usize },
    /// Makes the mask at `level + 1` for one side of the split asked at `level`.
    Enter { level: usize, slot: usize, fresh: bool, left: bool },
    /// Adds a leaf's contributions.
    Leaf { leaf: usize, level: usize },
}

#[derive(Debug, Clone)]
struct Split {
    feature: usize,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Number { threshold: f64, zero_left: bool, nan_left: bool },
    Set(Box<[u32]>),
}

#[derive(Debug, Clone)]
struct Leaf {
    value: f64,
    /// Distinct features in slot order, with the product of their cover ratios.
    path: Vec<(usize, f64)>,
    /// `2ᵐ × m` contributions by mask; empty when they are computed per row.
    table: Vec<f64>,
}

impl TreeShap {
    /// Prepares a forest for many rows.
    ///
    /// # Errors
    /// When a path has more than 64 distinct features.
    pub fn new(forest: &Forest) -> Result<Self> {
        Self::with_tables(forest, TABLES)
    }

    fn with_tables(forest: &Forest, budget: usize) -> Result<Self> {
        let mut programs = Vec::with_capacity(forest.trees().len());
        for (index, tree) in forest.trees().iter().enumerate() {
            let program = Program::new(tree)
                .ok_or_else(|| Fault::new(&PATH).arg("tree", index + 1).arg("limit", SLOTS))?;
            programs.push(program);
        }
        tabulate(&mut programs, budget);
        let mut base = vec![0.0; forest.classes()];
        let mut scale = 1.0;
        for (index, program) in programs.iter().enumerate() {
            if let Some(sum) = base.get_mut(index % forest.classes().max(1)) {
                *sum += program.base();
            }
            scale += program.leaves.iter().map(|leaf| leaf.value.abs()).fold(0.0, f64::max);
        }
        let share = share(forest);
        for sum in &mut base {
            *sum *= share;
        }
        Ok(Self { forest: forest.clone(), programs, base, scale: scale * share })
    }

    /// The mean raw score of each class before any feature is known.
    pub fn base(&self) -> &[f64] {
        &self.base
    }

    /// Explains every row; blocks of rows on all cores.
    ///
    /// # Errors
    /// When the rows have another width than the model, or contributions do not add up to the model's raw score.
    pub fn values(&self, rows: &Matrix) -> Result<Shap> {
        let (features, classes) = (self.forest.features(), self.forest.classes());
        check_width(rows.cols(), features)?;
        let width = classes * (features + 1);
        let mut data = vec![0.0; rows.rows() * width];
        data.par_chunks_mut(BLOCK * width)
            .zip(rows.data().par_chunks((BLOCK * features).max(1)))
            .enumerate()
            .try_for_each_init(
                || Space::new(&self.programs),
                |space, (block, (out, rows))| {
                    self.block(rows, out, space);
                    self.check(rows, out, block * BLOCK)
                },
            )?;
        Ok(Shap { features, classes, base: self.base.clone(), data })
    }

    fn block(&self, rows: &[f64], out: &mut [f64], space: &mut Space) {
        let (features, classes) = (self.forest.features(), self.forest.classes());
        space.turn(rows, features);
        for (index, program) in self.programs.iter().enumerate() {
            let class = index % classes;
            program.run(space, out, class * (features + 1), classes * (features + 1));
        }
        let share = share(&self.forest);
        for row in out.chunks_exact_mut(classes * (features + 1)) {
            for (part, base) in row.chunks_exact_mut(features + 1).zip(&self.base) {
                if let Some((last, values)) = part.split_last_mut() {
                    if share < 1.0 {
                        for value in values {
                            *value *= share;
                        }
                    }
                    *last = *base;
                }
            }
        }
    }

    /// No contribution leaves this crate that does not add up.
    fn check(&self, rows: &[f64], out: &[f64], first: usize) -> Result<()> {
        let (features, classes) = (self.forest.features(), self.forest.classes());
        let mut raw = vec![0.0; rows.len() / features.max(1) * classes];
        self.forest.raw_block(rows, &mut raw);
        for (index, (out, raw)) in
            out.chunks_exact(classes * (features + 1)).zip(raw.chunks_exact(classes)).enumerate()
        {
            check_row(out, raw, features, self.scale, first + index + 1)?;
        }
        Ok(())
    }
}

fn check_width(found: usize, expected: usize) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Fault::new(&WIDTH).arg("found", found).arg("expected", expected))
}

/// Whether each class's contributions and base value add up to its raw score; `scale` is what the trees could add at most.
fn check_row(out: &[f64], raw: &[f64], features: usize, scale: f64, row: usize) -> Result<()> {
    for (part, raw) in out.chunks_exact(features + 1).zip(raw) {
        let gap = (part.iter().sum::<f64>() - raw).abs();
        if gap.is_nan() || gap > 1e-6 * scale {
            return Err(Fault::new(&ADDITIVITY)
                .arg("row", row)
                .arg("gap", format_args!("{gap:e}")));
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "at most a few thousand rounds")]
fn share(forest: &Forest) -> f64 {
    if forest.average_output() { 1.0 / forest.iterations().max(1) as f64 } else { 1.0 }
}

/// Gives tables to the leaves with the shortest paths first, until the budget is used.
fn tabulate(programs: &mut [Program], budget: usize) {
    let mut by_size = [0_usize; SLOTS + 1];
    for leaf in programs.iter().flat_map(|program| &program.leaves) {
        by_size[leaf.path.len()] += 1;
    }
    let (mut used, mut longest) = (0, 0);
    for (size, &count) in by_size.iter().enumerate().skip(1).take(16) {
        used += count * (size << size);
        if used > budget {
            break;
        }
        longest = size;
    }
    let rules: Vec<_> = (0..=longest.div_ceil(2)).map(quadrature::rule).collect();
    programs.par_iter_mut().flat_map(|program| &mut program.leaves).for_each(|leaf| {
        if leaf.path.len() <= longest {
            leaf.tabulate(rules.get(leaf.path.len().div_ceil(2)).map_or(&[], Vec::as_slice));
        }
    });
}

impl Leaf {
    fn tabulate(&mut self, rule: &[(f64, f64)]) {
        let size = self.path.len();
        let mut table = vec![0.0; size << size];
        let mut suffix = vec![1.0; size + 1];
        for (mask, out) in (0_u64..).zip(table.chunks_exact_mut(size.max(1))) {
            self.add(mask, rule, &mut suffix, |slot, value| {
                if let Some(sum) = out.get_mut(slot) {
                    *sum += value;
                }
            });
        }
        self.table = table;
    }

    /// Hands out `φ` of every slot, one quadrature point after the other.
    #[inline]
    fn add(
        &self,
        mask: u64,
        rule: &[(f64, f64)],
        suffix: &mut [f64],
        mut out: impl FnMut(usize, f64),
    ) {
        let on = |slot: usize| if mask >> slot & 1 == 1 { 1.0 } else { 0.0 };
        for &(t, weight) in rule {
            let mut product = 1.0;
            for (slot, &(_, z)) in self.path.iter().enumerate().rev() {
                if let Some(place) = suffix.get_mut(slot) {
                    *place = product;
                }
                product *= z * (1.0 - t) + on(slot) * t;
            }
            let mut prefix = weight * self.value;
            for (slot, (&(_, z), rest)) in self.path.iter().zip(suffix.iter()).enumerate() {
                out(slot, (on(slot) - z) * prefix * rest);
                prefix *= z * (1.0 - t) + on(slot) * t;
            }
        }
    }
}

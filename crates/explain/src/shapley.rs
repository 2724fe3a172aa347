//! Exact Shapley values of a forest under the path-dependent value function (Lundberg et al. 2020, Algorithm 2).
//!
//! A leaf is reached by the features on its path; a feature that is known goes where the row goes, one that is unknown goes both
//! ways in the ratio of training rows. A leaf's part of a feature's value depends only on which of the path's distinct
//! features the row satisfies, so it is computed once per pattern and looked up for every row.

use crate::messages::{ADDITIVITY, SHAPE};
use ingot_base::{Fault, Result};
use ingot_runtime::{Forest, Matrix, Tree};
use rayon::prelude::*;

/// Paths with at most this many distinct features get a table of all their patterns.
const TABLE_FEATURES: usize = 10;
/// Entries of all tables together: 256 MiB.
const TABLE_ENTRIES: usize = 32 << 20;

/// One leaf as the game that its path's features play.
#[derive(Debug)]
struct Path {
    /// Distinct features.
    features: Vec<u32>,
    /// Share of training rows that pass all splits of the feature, by feature.
    shares: Vec<f64>,
    /// Splits: place of the feature in `features`, node, whether the path goes left.
    splits: Vec<(u8, u32, bool)>,
    value: f64,
    /// Contributions by pattern, `features.len()` each; empty when computed on demand.
    table: Vec<f64>,
}

#[derive(Debug)]
struct Paths {
    paths: Vec<Path>,
    output: usize,
}

/// Shapley values of a forest, prepared.
#[derive(Debug)]
pub struct TreeShap {
    trees: Vec<(Tree, Paths)>,
    base: Vec<f64>,
    features: usize,
    scale: f64,
    forest: Forest,
}

/// Shapley values of some rows: per row and output one number per feature, then the base value.
#[derive(Debug, Clone)]
pub struct Shap {
    data: Vec<f64>,
    width: usize,
    features: usize,
}

impl Shap {
    /// A row's values: for each output the features' contributions and the base value (`features + 1` numbers).
    pub fn row(&self, index: usize) -> &[f64] {
        self.data.get(index * self.width..(index + 1) * self.width).unwrap_or_default()
    }

    /// A row's contributions to one output, without the base value.
    pub fn contributions(&self, row: usize, output: usize) -> &[f64] {
        let start = output * (self.features + 1);
        self.row(row).get(start..start + self.features).unwrap_or_default()
    }

    /// The base value of one output: the mean raw score over training rows.
    pub fn base(&self, output: usize) -> f64 {
        self.row(0).get(output * (self.features + 1) + self.features).copied().unwrap_or(f64::NAN)
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        if self.width == 0 { 0 } else { self.data.len() / self.width }
    }
}

impl TreeShap {
    /// Prepares every path of every tree.
    ///
    /// # Errors
    /// When a tree carries no training counts.
    pub fn new(forest: &Forest) -> Result<Self> {
        let outputs = forest.classes().max(1);
        let mut room = TABLE_ENTRIES;
        let scale = if forest.average_output() { 1.0 / count(forest.iterations().max(1)) } else { 1.0 };
        let mut base = vec![0.0; outputs];
        let mut trees = Vec::with_capacity(forest.trees().len());
        for (index, tree) in forest.trees().iter().enumerate() {
            let mut paths = Vec::new();
            walk(tree, &mut paths)?;
            for path in &mut paths {
                fill(path, &mut room);
            }
            let mean: f64 = paths.iter().map(|path| path.value * path.shares.iter().product::<f64>()).sum();
            if let Some(slot) = base.get_mut(index % outputs) {
                *slot += mean * scale;
            }
            trees.push((tree.clone(), Paths { paths, output: index % outputs }));
        }
        Ok(Self { trees, base, features: forest.features(), scale, forest: forest.clone() })
    }

    /// Values of rows (one feature matrix row each).
    ///
    /// # Errors
    /// When the matrix has another width, or contributions and base do not add up to the raw score.
    pub fn values(&self, rows: &Matrix) -> Result<Shap> {
        if rows.cols() != self.features {
            return Err(Fault::new(&SHAPE).arg("columns", rows.cols()).arg("expected", self.features));
        }
        let width = (self.features + 1) * self.base.len();
        let mut data = vec![0.0; rows.rows() * width];
        data.par_chunks_mut(width.max(1))
            .enumerate()
            .try_for_each(|(index, out)| self.row(rows.row(index), out))?;
        Ok(Shap { data, width, features: self.features })
    }

    fn row(&self, row: &[f64], out: &mut [f64]) -> Result<()> {
        let stride = self.features + 1;
        let mut left = Vec::new();
        for (tree, paths) in &self.trees {
            left.clear();
            left.extend((0..tree.split_feature().len()).map(|node| {
                let feature = tree.split_feature().get(node).map_or(0, |feature| *feature as usize);
                tree.next(node, row.get(feature).copied().unwrap_or(f64::NAN))
                    == tree.left_child().get(node).copied().unwrap_or(i32::MIN)
            }));
            let Some(out) = out.get_mut(paths.output * stride..(paths.output + 1) * stride) else { continue };
            for path in &paths.paths {
                add(path, &left, self.scale, out);
            }
        }
        let mut raw = vec![0.0; self.base.len()];
        self.forest.raw(row, &mut raw);
        for (output, (part, base)) in out.chunks_exact_mut(stride).zip(&self.base).enumerate() {
            if let Some(slot) = part.last_mut() {
                *slot = *base;
            }
            let total: f64 = part.iter().sum();
            let raw = raw.get(output).copied().unwrap_or(f64::NAN);
            if (total - raw).abs() > 1e-6 * raw.abs().max(1.0) {
                return Err(Fault::new(&ADDITIVITY).arg("difference", format!("{:e}", total - raw)));
            }
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of trees, leaves and features")]
fn count(number: usize) -> f64 {
    number as f64
}

/// Every path from the root, iteratively.
fn walk(tree: &Tree, paths: &mut Vec<Path>) -> Result<()> {
    let leaf_value = |leaf: usize| tree.leaf_value().get(leaf).copied().unwrap_or(0.0);
    if tree.split_feature().is_empty() {
        paths.push(Path { features: vec![], shares: vec![], splits: vec![], value: leaf_value(0), table: vec![] });
        return Ok(());
    }
    let cover = |child: i32| -> f64 {
        let counts = if child < 0 { tree.leaf_count() } else { tree.internal_count() };
        let index = usize::try_from(if child < 0 { !child } else { child }).unwrap_or(usize::MAX);
        counts.get(index).map_or(0.0, |count| f64::from(*count))
    };
    let mut stack: Vec<(i32, Vec<(u32, u32, bool, f64)>)> = vec![(0, Vec::new())];
    while let Some((node, steps)) = stack.pop() {
        if node < 0 {
            paths.push(path(&steps, leaf_value(usize::try_from(!node).unwrap_or(0))));
            continue;
        }
        let index = usize::try_from(node).unwrap_or(0);
        let (Some(left), Some(right), Some(feature)) = (
            tree.left_child().get(index).copied(),
            tree.right_child().get(index).copied(),
            tree.split_feature().get(index).copied(),
        ) else {
            continue;
        };
        let total = cover(left) + cover(right);
        for (child, goes_left) in [(right, false), (left, true)] {
            let share = if total > 0.0 { cover(child) / total } else { 0.5 };
            let mut longer = steps.clone();
            longer.push((feature, u32::try_from(index).unwrap_or(0), goes_left, share));
            stack.push((child, longer));
        }
    }
    Ok(())
}

fn path(steps: &[(u32, u32, bool, f64)], value: f64) -> Path {
    let mut path = Path { features: vec![], shares: vec![], splits: vec![], value, table: vec![] };
    for (feature, node, left, share) in steps {
        let place = path.features.iter().position(|known| known == feature).unwrap_or_else(|| {
            path.features.push(*feature);
            path.shares.push(1.0);
            path.features.len() - 1
        });
        if let Some(known) = path.shares.get_mut(place) {
            *known *= share;
        }
        path.splits.push((u8::try_from(place).unwrap_or(u8::MAX), *node, *left));
    }
    path
}

fn fill(path: &mut Path, room: &mut usize) {
    let features = path.features.len();
    let entries = features << features.min(TABLE_FEATURES + 1);
    if features == 0 || features > TABLE_FEATURES || entries > *room {
        return;
    }
    *room -= entries;
    let mut table = Vec::with_capacity(entries);
    let mut ones = vec![false; features];
    for pattern in 0..1_usize << features {
        for (place, one) in ones.iter_mut().enumerate() {
            *one = pattern >> place & 1 == 1;
        }
        table.extend(contributions(path, &ones));
    }
    path.table = table;
}

/// Adds a leaf's part for a row whose direction at every node is known.
fn add(path: &Path, left: &[bool], scale: f64, out: &mut [f64]) {
    let features = path.features.len();
    if path.table.is_empty() {
        let mut ones = vec![true; features];
        for (place, node, goes_left) in &path.splits {
            if left.get(*node as usize) != Some(goes_left)
                && let Some(one) = ones.get_mut(usize::from(*place))
            {
                *one = false;
            }
        }
        for (feature, part) in path.features.iter().zip(contributions(path, &ones)) {
            if let Some(slot) = out.get_mut(*feature as usize) {
                *slot += part * scale;
            }
        }
        return;
    }
    let mut pattern = (1_usize << features) - 1;
    for (place, node, goes_left) in &path.splits {
        if left.get(*node as usize) != Some(goes_left) {
            pattern &= !(1 << place);
        }
    }
    let parts = path.table.get(pattern * features..(pattern + 1) * features).unwrap_or_default();
    for (feature, part) in path.features.iter().zip(parts) {
        if let Some(slot) = out.get_mut(*feature as usize) {
            *slot += part * scale;
        }
    }
}

/// Shapley values of the game `v(S) = value · Π_{j∈S} one_j · Π_{j∉S} share_j`.
///
/// With `q(t) = Π_{j≠i} (share_j + one_j·t)`, player i's value is `value · (one_i − share_i) · Σ_k q_k · k!(m−1−k)!/m!`.
fn contributions(path: &Path, ones: &[bool]) -> Vec<f64> {
    let features = path.features.len();
    (0..features)
        .map(|player| {
            let mut terms = vec![0.0; features];
            if let Some(first) = terms.first_mut() {
                *first = 1.0;
            }
            let others = path.shares.iter().zip(ones).enumerate().filter(|(place, _)| *place != player);
            for (grown, (_, (share, one))) in others.enumerate() {
                for index in (0..=grown + 1).rev() {
                    let below = if index > 0 { terms.get(index - 1).copied().unwrap_or(0.0) } else { 0.0 };
                    if let Some(slot) = terms.get_mut(index) {
                        *slot = *slot * share + if *one { below } else { 0.0 };
                    }
                }
            }
            // k!(m-1-k)!/m! for k = 0 is 1/m; each next one is the last times (k+1)/(m-1-k).
            let mut weight = 1.0 / count(features);
            let mut sum = 0.0;
            for (index, term) in terms.iter().enumerate() {
                sum += weight * term;
                if index + 1 < features {
                    weight *= count(index + 1) / count(features - 1 - index);
                }
            }
            let one = if ones.get(player) == Some(&true) { 1.0 } else { 0.0 };
            path.value * (one - path.shares.get(player).copied().unwrap_or(1.0)) * sum
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Shapley values by their definition: over all orders' weights.
    fn by_definition(path: &Path, ones: &[bool]) -> Vec<f64> {
        let m = path.features.len();
        let worth = |set: usize| -> f64 {
            (0..m).map(|j| if set >> j & 1 == 1 { f64::from(u8::from(ones[j])) } else { path.shares[j] }).product::<f64>() * path.value
        };
        let factorial = |n: usize| (1..=n).map(count).product::<f64>();
        (0..m)
            .map(|i| {
                (0..1_usize << m)
                    .filter(|set| set >> i & 1 == 0)
                    .map(|set| {
                        let size = set.count_ones() as usize;
                        factorial(size) * factorial(m - 1 - size) / factorial(m) * (worth(set | 1 << i) - worth(set))
                    })
                    .sum()
            })
            .collect()
    }

    proptest! {
        #[test]
        fn equals_the_definition(shares in prop::collection::vec(0.01_f64..1.0, 1..8), bits: u8, value in -3.0_f64..3.0) {
            let ones: Vec<bool> = (0..shares.len()).map(|j| bits >> j & 1 == 1).collect();
            let path = Path {
                features: (0..u32::try_from(shares.len()).unwrap()).collect(),
                shares,
                splits: vec![],
                value,
                table: vec![],
            };
            for (fast, slow) in contributions(&path, &ones).iter().zip(by_definition(&path, &ones)) {
                prop_assert!((fast - slow).abs() < 1e-12, "{} {}", fast, slow);
            }
        }
    }
}

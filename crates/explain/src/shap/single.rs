//! The same values for one row at a time, without tables: a server explains single rows and must start quickly.
//!
//! A leaf's integral `φⱼ = value · (oⱼ − zⱼ) · ∫₀¹ Π_{k≠j} (z_k (1−t) + o_k t) dt` shares its product with every leaf below the
//! same splits. So one pass down computes the products at all Gauss points, one pass up sums them over leaves and divides by
//! each split's own factor (Yu et al. 2022, "Linear `TreeShap`"). The factors are positive, so nothing cancels.

use super::{Kind, PATH, SLOTS, Split, check_row, program, share};
use crate::quadrature;
use ingot_base::{Fault, Result};
use ingot_runtime::{Forest, Tree};
use std::ops::RangeInclusive;

/// Stands for a share of no training rows, so that its factor can be divided by; its powers vanish beside any other number.
const NO_ROWS: f64 = 1e-60;

/// Shapley values of single rows, exact as those of [`TreeShap`](crate::TreeShap).
#[derive(Debug, Clone)]
pub struct RowShap {
    forest: Forest,
    trees: Vec<Walk>,
    base: Vec<f64>,
    scale: f64,
}

/// A tree's branches, each after the one it continues.
#[derive(Debug, Clone)]
struct Walk {
    splits: Vec<Split>,
    branches: Vec<Branch>,
    /// Most distinct features on a path.
    longest: usize,
    /// What a tree of one leaf answers.
    single: f64,
}

#[derive(Debug, Clone)]
struct Branch {
    /// The branch it continues; none at the root.
    above: Option<usize>,
    /// The last branch before it that asked about the same feature.
    before: Option<usize>,
    split: usize,
    left: bool,
    feature: usize,
    /// Share of training rows that every question about the feature so far lets pass.
    ratio: f64,
    /// The leaf's value; 0 when the path goes on.
    leaf: f64,
}

/// What one row makes of a branch, at `P` Gauss points.
#[derive(Debug, Clone, Copy)]
struct State<const P: usize> {
    on: f64,
    /// One over the feature's factor.
    inverse: [f64; P],
    product: [f64; P],
    sum: [f64; P],
}

/// Points and weights of a rule.
struct Rule<const P: usize> {
    points: [f64; P],
    weights: [f64; P],
}

impl RowShap {
    /// Prepares a forest: milliseconds, and no more memory than the forest itself.
    ///
    /// # Errors
    /// When a path has more than 64 distinct features.
    pub fn new(forest: &Forest) -> Result<Self> {
        let mut trees = Vec::with_capacity(forest.trees().len());
        let mut base = vec![0.0; forest.classes()];
        let mut scale = 1.0;
        for (index, tree) in forest.trees().iter().enumerate() {
            let walk = Walk::new(tree)
                .filter(|walk| walk.longest <= SLOTS)
                .ok_or_else(|| Fault::new(&PATH).arg("tree", index + 1).arg("limit", SLOTS))?;
            if let Some(sum) = base.get_mut(index % forest.classes().max(1)) {
                *sum += walk.base();
            }
            scale += walk.branches.iter().map(|branch| branch.leaf.abs()).fold(0.0, f64::max);
            trees.push(walk);
        }
        let share = share(forest);
        for sum in &mut base {
            *sum *= share;
        }
        Ok(Self { forest: forest.clone(), trees, base, scale: scale * share })
    }

    /// The mean raw score of each class before any feature is known.
    pub fn base(&self) -> &[f64] {
        &self.base
    }

    /// One row as LightGBM writes it: per class one number a feature, then the base value.
    ///
    /// # Errors
    /// When the row has another width than the model, or contributions do not add up to the model's raw score.
    pub fn values(&self, row: &[f64]) -> Result<Vec<f64>> {
        let (features, classes) = (self.forest.features(), self.forest.classes());
        super::check_width(row.len(), features)?;
        let mut out = vec![0.0; classes * (features + 1)];
        self.pass::<4>(row, &mut out, 0..=8);
        self.pass::<8>(row, &mut out, 9..=16);
        self.pass::<16>(row, &mut out, 17..=32);
        self.pass::<32>(row, &mut out, 33..=SLOTS);
        let share = share(&self.forest);
        for (part, base) in out.chunks_exact_mut(features + 1).zip(&self.base) {
            if let Some((last, values)) = part.split_last_mut() {
                for value in values {
                    *value *= share;
                }
                *last = *base;
            }
        }
        let mut raw = vec![0.0; classes];
        self.forest.raw(row, &mut raw);
        check_row(&out, &raw, features, self.scale, 1)?;
        Ok(out)
    }

    /// Adds the trees with so many distinct features on a path, with `P` Gauss points: exact for up to `2P` features.
    fn pass<const P: usize>(&self, row: &[f64], out: &mut [f64], size: RangeInclusive<usize>) {
        let fits = |walk: &Walk| size.contains(&walk.longest);
        let mut chosen = self.trees.iter().enumerate().filter(|(_, walk)| fits(walk)).peekable();
        if chosen.peek().is_none() {
            return;
        }
        let rule = Rule::<P>::new();
        let (mut goes, mut states) = (Vec::new(), Vec::new());
        for (index, walk) in chosen {
            let start = index % self.forest.classes() * (self.forest.features() + 1);
            let part = out.get_mut(start..start + self.forest.features()).unwrap_or_default();
            goes.clear();
            goes.extend(walk.splits.iter().map(|split| split.left(row)));
            walk.down(&goes, &rule, &mut states);
            walk.up(&rule, &mut states, part);
        }
    }
}

impl<const P: usize> Rule<P> {
    fn new() -> Self {
        let mut rule = Self { points: [0.0; P], weights: [0.0; P] };
        let places = rule.points.iter_mut().zip(&mut rule.weights);
        for ((point, weight), (t, w)) in places.zip(quadrature::rule(P)) {
            (*point, *weight) = (t, w);
        }
        rule
    }
}

impl Walk {
    fn new(tree: &Tree) -> Option<Self> {
        let single =
            if tree.split_feature().is_empty() { *tree.leaf_value().first()? } else { 0.0 };
        let mut walk = Self { splits: vec![], branches: vec![], longest: 0, single };
        if !tree.split_feature().is_empty() {
            walk.visit(tree, 0, None, 0)?;
        }
        Some(walk)
    }

    /// The branches below a node, left ones first.
    fn visit(
        &mut self,
        tree: &Tree,
        node: usize,
        above: Option<usize>,
        known: usize,
    ) -> Option<()> {
        let feature = *tree.split_feature().get(node)? as usize;
        let (left, right) = (*tree.left_child().get(node)?, *tree.right_child().get(node)?);
        let split = self.splits.len();
        self.splits.push(Split { feature, kind: program::kind(tree, node, left)? });
        let mut before = above;
        while let Some(at) = before {
            let branch = self.branches.get(at)?;
            if branch.feature == feature {
                break;
            }
            before = branch.above;
        }
        let known = if before.is_none() { known + 1 } else { known };
        self.longest = self.longest.max(known);
        let all = program::count(tree, i32::try_from(node).ok()?);
        let passed = before.and_then(|at| self.branches.get(at)).map_or(1.0, |branch| branch.ratio);
        for (child, is_left) in [(left, true), (right, false)] {
            let ratio = if all > 0.0 { program::count(tree, child) / all } else { 0.0 };
            let at = self.branches.len();
            let leaf = match usize::try_from(!child) {
                Ok(leaf) => *tree.leaf_value().get(leaf)?,
                Err(_) => 0.0,
            };
            let ratio = (passed * ratio).max(NO_ROWS);
            self.branches.push(Branch {
                above,
                before,
                split,
                left: is_left,
                feature,
                ratio,
                leaf,
            });
            if let Ok(below) = usize::try_from(child) {
                self.visit(tree, below, Some(at), known)?;
            }
        }
        Some(())
    }

    /// The mean answer: each leaf weighed by its share of the training rows.
    fn base(&self) -> f64 {
        let mut shares: Vec<f64> = Vec::with_capacity(self.branches.len());
        let mut sum = self.single;
        for branch in &self.branches {
            let of = |at: Option<usize>| at.and_then(|at| shares.get(at)).copied().unwrap_or(1.0);
            let passed =
                branch.before.and_then(|at| self.branches.get(at)).map_or(1.0, |b| b.ratio);
            let share = of(branch.above) * branch.ratio / passed;
            sum += share * branch.leaf;
            shares.push(share);
        }
        sum
    }

    /// Products of the factors of every path's features, and each leaf's part of the sum.
    fn down<const P: usize>(&self, goes: &[bool], rule: &Rule<P>, states: &mut Vec<State<P>>) {
        states.clear();
        for branch in &self.branches {
            let state = |at: Option<usize>| at.and_then(|at| states.get(at));
            let (above, before) = (state(branch.above), state(branch.before));
            let passes = goes.get(branch.split).is_some_and(|&left| left == branch.left);
            let on = if passes { before.map_or(1.0, |known| known.on) } else { 0.0 };
            let mut new = State {
                on,
                inverse: [0.0; P],
                product: above.map_or([1.0; P], |above| above.product),
                sum: [0.0; P],
            };
            if let Some(before) = before {
                for (product, old) in new.product.iter_mut().zip(&before.inverse) {
                    *product *= old;
                }
            }
            for ((inverse, product), t) in
                new.inverse.iter_mut().zip(&mut new.product).zip(&rule.points)
            {
                let factor = branch.ratio * (1.0 - t) + on * t;
                *inverse = 1.0 / factor;
                *product *= factor;
            }
            if branch.leaf != 0.0 {
                for (sum, product) in new.sum.iter_mut().zip(&new.product) {
                    *sum = branch.leaf * product;
                }
            }
            states.push(new);
        }
    }

    /// Sums over the leaves below every branch; a feature's part counts from where it is asked to where it is asked again.
    fn up<const P: usize>(&self, rule: &Rule<P>, states: &mut [State<P>], out: &mut [f64]) {
        for (at, branch) in self.branches.iter().enumerate().rev() {
            let Some(&state) = states.get(at) else { continue };
            let mut weighed = state.sum;
            for (sum, weight) in weighed.iter_mut().zip(&rule.weights) {
                *sum *= weight;
            }
            let part = |known: &State<P>, ratio: f64| {
                let points = weighed.iter().zip(&known.inverse);
                (known.on - ratio) * points.map(|(sum, inverse)| sum * inverse).sum::<f64>()
            };
            let mut value = part(&state, branch.ratio);
            if let Some(before) = branch.before
                && let (Some(old), Some(known)) = (self.branches.get(before), states.get(before))
            {
                value -= part(known, old.ratio);
            }
            if let Some(sum) = out.get_mut(branch.feature) {
                *sum += value;
            }
            if let Some(above) = branch.above.and_then(|at| states.get_mut(at)) {
                for (all, more) in above.sum.iter_mut().zip(&state.sum) {
                    *all += more;
                }
            }
        }
    }
}

impl Split {
    /// Whether a row goes left (LightGBM's `Decision`).
    fn left(&self, row: &[f64]) -> bool {
        let value = row.get(self.feature).copied().unwrap_or(f64::NAN);
        match &self.kind {
            Kind::Number { threshold, zero_left, nan_left } => {
                if value.is_nan() {
                    *nan_left
                } else if value.abs() <= super::ZERO {
                    *zero_left
                } else {
                    value <= *threshold
                }
            }
            Kind::Set(words) => program::contains(words, value),
        }
    }
}

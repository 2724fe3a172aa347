//! A tree as the list of steps that blocks of rows take through it.

use super::{BLOCK, Kind, Leaf, Program, SLOTS, Split, Step, ZERO};
use crate::quadrature;
use ingot_runtime::Tree;

/// What a thread needs while a block passes the trees.
pub(super) struct Space {
    /// The block's features, feature after feature.
    columns: Vec<f64>,
    rows: usize,
    masks: Vec<[u64; BLOCK]>,
    asked: Vec<[u64; BLOCK]>,
    suffix: Vec<f64>,
    rules: Vec<Vec<(f64, f64)>>,
}

impl Space {
    pub(super) fn new(programs: &[Program]) -> Self {
        let levels = programs.iter().map(|program| program.levels).max().unwrap_or_default() + 1;
        let longest = programs
            .iter()
            .flat_map(|program| &program.leaves)
            .filter(|leaf| leaf.table.is_empty())
            .map(|leaf| leaf.path.len())
            .max()
            .unwrap_or_default();
        Self {
            columns: Vec::new(),
            rows: 0,
            masks: vec![[0; BLOCK]; levels],
            asked: vec![[0; BLOCK]; levels],
            suffix: vec![1.0; SLOTS + 1],
            rules: (0..=longest.div_ceil(2)).map(quadrature::rule).collect(),
        }
    }

    /// Takes a block of rows.
    pub(super) fn turn(&mut self, rows: &[f64], features: usize) {
        self.rows = rows.len() / features.max(1);
        self.columns.clear();
        self.columns.resize(features * BLOCK, 0.0);
        for (row, values) in rows.chunks_exact(features.max(1)).enumerate() {
            for (column, &value) in self.columns.chunks_exact_mut(BLOCK).zip(values) {
                if let Some(place) = column.get_mut(row) {
                    *place = value;
                }
            }
        }
    }
}

impl Program {
    /// `None` when a path has too many distinct features.
    pub(super) fn new(tree: &Tree) -> Option<Self> {
        let mut program = Self { steps: vec![], splits: vec![], leaves: vec![], levels: 0 };
        program.visit(tree, if tree.split_feature().is_empty() { !0 } else { 0 }, 0, &[])?;
        Some(program)
    }

    /// The mean answer: each leaf weighed by its share of the training rows.
    pub(super) fn base(&self) -> f64 {
        self.leaves
            .iter()
            .map(|leaf| leaf.path.iter().map(|(_, ratio)| ratio).product::<f64>() * leaf.value)
            .sum()
    }

    fn visit(&mut self, tree: &Tree, at: i32, level: usize, path: &[(usize, f64)]) -> Option<()> {
        self.levels = self.levels.max(level + 1);
        let Ok(node) = usize::try_from(at) else {
            let value = tree.leaf_value().get(usize::try_from(!at).ok()?).copied()?;
            self.steps.push(Step::Leaf { leaf: self.leaves.len(), level });
            self.leaves.push(Leaf { value, path: path.to_vec(), table: vec![] });
            return Some(());
        };
        let feature = *tree.split_feature().get(node)? as usize;
        let (left, right) = (*tree.left_child().get(node)?, *tree.right_child().get(node)?);
        self.steps.push(Step::Ask { split: self.splits.len(), level });
        self.splits.push(Split { feature, kind: kind(tree, node, left)? });
        let known = path.iter().position(|(seen, _)| *seen == feature);
        let slot = known.unwrap_or(path.len());
        if slot >= SLOTS {
            return None;
        }
        let all = count(tree, at);
        for (child, is_left) in [(left, true), (right, false)] {
            let ratio = if all > 0.0 { count(tree, child) / all } else { 0.0 };
            let mut path = path.to_vec();
            match path.get_mut(slot) {
                Some((_, known)) => *known *= ratio,
                None => path.push((feature, ratio)),
            }
            self.steps.push(Step::Enter { level, slot, fresh: known.is_none(), left: is_left });
            self.visit(tree, child, level + 1, &path)?;
        }
        Some(())
    }

    /// Adds this tree's contributions of the block in `space`; `out` has rows of `width` numbers and the class starts at `start`.
    pub(super) fn run(&self, space: &mut Space, out: &mut [f64], start: usize, width: usize) {
        for step in &self.steps {
            match *step {
                Step::Ask { split, level } => {
                    let Some(split) = self.splits.get(split) else { continue };
                    let from = split.feature * BLOCK;
                    if let (Some(column), Some(asked)) =
                        (space.columns.get(from..from + BLOCK), space.asked.get_mut(level))
                    {
                        split.ask(column, asked);
                    }
                }
                Step::Enter { level, slot, fresh, left } => {
                    let Some((above, below)) = space.masks.split_at_mut_checked(level + 1) else {
                        continue;
                    };
                    if let (Some(from), Some(to), Some(asked)) =
                        (above.last(), below.first_mut(), space.asked.get(level))
                    {
                        enter(from, to, asked, slot, fresh, left);
                    }
                }
                Step::Leaf { leaf, level } => {
                    let (Some(leaf), Some(masks)) = (self.leaves.get(leaf), space.masks.get(level))
                    else {
                        continue;
                    };
                    let masks = masks.get(..space.rows).unwrap_or_default();
                    let size = leaf.path.len();
                    if size == 0 {
                        continue;
                    }
                    let rows = masks.iter().zip(out.chunks_exact_mut(width));
                    if leaf.table.is_empty() {
                        let rule = space.rules.get(size.div_ceil(2)).map_or(&[][..], Vec::as_slice);
                        for (&mask, row) in rows {
                            let row = row.get_mut(start..).unwrap_or_default();
                            leaf.add(mask, rule, &mut space.suffix, |slot, value| {
                                let feature = leaf.path.get(slot).map_or(usize::MAX, |at| at.0);
                                if let Some(sum) = row.get_mut(feature) {
                                    *sum += value;
                                }
                            });
                        }
                    } else {
                        for (&mask, row) in rows {
                            #[expect(
                                clippy::cast_possible_truncation,
                                reason = "a table's mask is short"
                            )]
                            let at = mask as usize * size;
                            let row = row.get_mut(start..).unwrap_or_default();
                            let values = leaf.table.get(at..at + size).unwrap_or_default();
                            for (value, &(feature, _)) in values.iter().zip(&leaf.path) {
                                if let Some(sum) = row.get_mut(feature) {
                                    *sum += value;
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[inline]
fn enter(
    from: &[u64; BLOCK],
    to: &mut [u64; BLOCK],
    asked: &[u64; BLOCK],
    slot: usize,
    fresh: bool,
    left: bool,
) {
    let flip = u64::from(!left);
    let bit = 1_u64 << slot;
    if fresh {
        for ((to, &from), &asked) in to.iter_mut().zip(from).zip(asked) {
            *to = from | (asked ^ flip) << slot;
        }
    } else {
        for ((to, &from), &asked) in to.iter_mut().zip(from).zip(asked) {
            *to = from & (!bit | (asked ^ flip) << slot);
        }
    }
}

impl Split {
    /// 1 for every row that goes left (LightGBM's `Decision`).
    #[inline]
    fn ask(&self, column: &[f64], asked: &mut [u64; BLOCK]) {
        match &self.kind {
            &Kind::Number { threshold, zero_left, nan_left } => {
                let (zero_left, nan_left) = (u64::from(zero_left), u64::from(nan_left));
                for (asked, &value) in asked.iter_mut().zip(column) {
                    let zero = u64::from(value.abs() <= ZERO);
                    let below = u64::from(value <= threshold) & (zero ^ 1);
                    *asked = below | (zero & zero_left) | (u64::from(value.is_nan()) & nan_left);
                }
            }
            Kind::Set(words) => {
                for (asked, &value) in asked.iter_mut().zip(column) {
                    *asked = u64::from(contains(words, value));
                }
            }
        }
    }
}

pub(super) fn contains(words: &[u32], value: f64) -> bool {
    if !(value > -1.0 && value < 2_147_483_648.0) {
        return false;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "LightGBM truncates; the range was checked"
    )]
    let category = value as usize;
    words.get(category / 32).is_some_and(|word| word >> (category % 32) & 1 == 1)
}

pub(super) fn kind(tree: &Tree, node: usize, left: i32) -> Option<Kind> {
    Some(if tree.is_categorical(node) {
        Kind::Set(tree.category_set(node).into())
    } else {
        Kind::Number {
            threshold: *tree.threshold().get(node)?,
            zero_left: tree.next(node, 0.0) == left,
            nan_left: tree.next(node, f64::NAN) == left,
        }
    })
}

pub(super) fn count(tree: &Tree, at: i32) -> f64 {
    let (counts, index) =
        if at < 0 { (tree.leaf_count(), !at) } else { (tree.internal_count(), at) };
    usize::try_from(index).ok().and_then(|index| counts.get(index)).map_or(0.0, |&n| f64::from(n))
}

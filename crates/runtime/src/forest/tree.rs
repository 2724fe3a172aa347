//! One tree: its arrays as LightGBM writes them, and the packed form that is walked.

use std::collections::BTreeMap;

/// LightGBM's `kZeroThreshold`: the single-precision number nearest to 1e-35, as a double.
const ZERO: f64 = 1e-35_f32 as f64;

const CATEGORICAL: u8 = 1;
const DEFAULT_LEFT: u8 = 2;
const MISSING_ZERO: u8 = 1 << 2;
const MISSING_NAN: u8 = 2 << 2;

/// Which values a numerical split treats as missing and sends its default way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// None: NaN counts as zero.
    None,
    /// Zero, and NaN which counts as zero.
    Zero,
    /// NaN.
    NaN,
}

/// A validated decision tree over node arrays. A child `c ≥ 0` is the node `c`; `c < 0` is the leaf `!c`. Node 0 is the root; a tree
/// of one leaf has no nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    pub(super) split_feature: Vec<u32>,
    pub(super) split_gain: Vec<f64>,
    pub(super) threshold: Vec<f64>,
    pub(super) decision_type: Vec<u8>,
    pub(super) left_child: Vec<i32>,
    pub(super) right_child: Vec<i32>,
    pub(super) leaf_value: Vec<f64>,
    pub(super) leaf_weight: Vec<f64>,
    pub(super) leaf_count: Vec<u32>,
    pub(super) internal_value: Vec<f64>,
    pub(super) internal_weight: Vec<f64>,
    pub(super) internal_count: Vec<u32>,
    pub(super) cat_boundaries: Vec<u32>,
    pub(super) cat_threshold: Vec<u32>,
    pub(super) shrinkage: f64,
    pub(super) depth: usize,
}

impl Tree {
    /// Per node: the feature it asks about.
    pub fn split_feature(&self) -> &[u32] {
        &self.split_feature
    }

    /// Per node: how much the split lowered the loss.
    pub fn split_gain(&self) -> &[f64] {
        &self.split_gain
    }

    /// Per node: numerical splits go left at or below, at infinity all but missing values; categorical splits hold the index of their category set.
    pub fn threshold(&self) -> &[f64] {
        &self.threshold
    }

    /// Per node: LightGBM's flags, bit 0 categorical, bit 1 default left, bits 2 and 3 the missing type.
    pub fn decision_type(&self) -> &[u8] {
        &self.decision_type
    }

    /// Per node: where rows that pass go.
    pub fn left_child(&self) -> &[i32] {
        &self.left_child
    }

    /// Per node: where the others go.
    pub fn right_child(&self) -> &[i32] {
        &self.right_child
    }

    /// Per leaf: what it adds.
    pub fn leaf_value(&self) -> &[f64] {
        &self.leaf_value
    }

    /// Per leaf: the sum of hessians of its training rows.
    pub fn leaf_weight(&self) -> &[f64] {
        &self.leaf_weight
    }

    /// Per leaf: its training rows.
    pub fn leaf_count(&self) -> &[u32] {
        &self.leaf_count
    }

    /// Per node: the value it would add if it were a leaf.
    pub fn internal_value(&self) -> &[f64] {
        &self.internal_value
    }

    /// Per node: the sum of hessians of its training rows.
    pub fn internal_weight(&self) -> &[f64] {
        &self.internal_weight
    }

    /// Per node: its training rows.
    pub fn internal_count(&self) -> &[u32] {
        &self.internal_count
    }

    /// Where each category set starts and ends in [`cat_threshold`](Self::cat_threshold); empty without categorical splits.
    pub fn cat_boundaries(&self) -> &[u32] {
        &self.cat_boundaries
    }

    /// Bit sets of 32 categories per word.
    pub fn cat_threshold(&self) -> &[u32] {
        &self.cat_threshold
    }

    /// The learning rate the leaf values already contain; 1 after a bias was added.
    pub fn shrinkage(&self) -> f64 {
        self.shrinkage
    }

    /// How many leaves.
    pub fn leaves(&self) -> usize {
        self.leaf_value.len()
    }

    /// The longest path in splits; 0 for a single leaf.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Whether a node splits on a set of categories. False for an unknown node.
    pub fn is_categorical(&self, node: usize) -> bool {
        self.decision_type.get(node).is_some_and(|flags| flags & CATEGORICAL != 0)
    }

    /// Whether a numerical split sends missing values left.
    pub fn default_left(&self, node: usize) -> bool {
        self.decision_type.get(node).is_some_and(|flags| flags & DEFAULT_LEFT != 0)
    }

    /// What a numerical split treats as missing.
    pub fn missing(&self, node: usize) -> Missing {
        match self.decision_type.get(node).map_or(0, |flags| flags & (MISSING_ZERO | MISSING_NAN)) {
            MISSING_ZERO => Missing::Zero,
            MISSING_NAN => Missing::NaN,
            _ => Missing::None,
        }
    }

    /// The bit set of a categorical split, 32 categories per word; empty for a numerical split.
    pub fn category_set(&self, node: usize) -> &[u32] {
        if !self.is_categorical(node) {
            return &[];
        }
        let index = self.threshold.get(node).map_or(usize::MAX, |&index| truncate(index));
        let bound = |index: usize| self.cat_boundaries.get(index).map(|&at| at as usize);
        match (bound(index), index.checked_add(1).and_then(bound)) {
            (Some(start), Some(end)) => self.cat_threshold.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The categories a categorical split sends left, ascending.
    pub fn categories(&self, node: usize) -> impl Iterator<Item = u32> + '_ {
        self.category_set(node).iter().zip(0_u32..).flat_map(|(&word, index)| {
            (0..32).filter(move |bit| word >> bit & 1 == 1).map(move |bit| index * 32 + bit)
        })
    }

    /// Which child a row with this value of the node's feature goes to (LightGBM's `Decision`). An unknown node answers leaf 0.
    pub fn next(&self, node: usize, value: f64) -> i32 {
        let (Some(&left), Some(&right)) = (self.left_child.get(node), self.right_child.get(node))
        else {
            return !0;
        };
        let goes_left = if self.is_categorical(node) {
            in_set(self.category_set(node), value)
        } else {
            let flags = self.decision_type.get(node).copied().unwrap_or_default();
            numerical(flags, self.threshold.get(node).copied().unwrap_or(f64::NAN), value)
        };
        if goes_left { left } else { right }
    }

    /// The leaf a row reaches. Features that the row is too short for count as missing.
    pub fn leaf(&self, row: &[f64]) -> usize {
        let mut at = if self.split_feature.is_empty() { !0 } else { 0 };
        while let Ok(node) = usize::try_from(at) {
            let feature = self.split_feature.get(node).map_or(usize::MAX, |&f| f as usize);
            at = self.next(node, row.get(feature).copied().unwrap_or(f64::NAN));
        }
        usize::try_from(!at).unwrap_or_default()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates; the parser admits only small whole numbers"
)]
fn truncate(value: f64) -> usize {
    value as usize
}

/// LightGBM's `NumericalDecision`; values within ±`kZeroThreshold` are zero because its C API drops them from the row.
#[inline]
fn numerical(flags: u8, threshold: f64, value: f64) -> bool {
    if value.is_nan() {
        return if flags & (MISSING_ZERO | MISSING_NAN) == 0 {
            0.0 <= threshold
        } else {
            flags & DEFAULT_LEFT != 0
        };
    }
    if value.abs() <= ZERO {
        return if flags & MISSING_ZERO == 0 {
            0.0 <= threshold
        } else {
            flags & DEFAULT_LEFT != 0
        };
    }
    value <= threshold
}

/// LightGBM's `CategoricalDecision`: the value is truncated; NaN, negative and unknown categories are in no set.
fn in_set(set: &[u32], value: f64) -> bool {
    category(value).is_some_and(|category| has(set, category))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the bounds")]
fn category(value: f64) -> Option<u32> {
    // Also false for NaN. From -1 exclusive truncation gives 0; beyond i32 the C++ conversion gives a negative number.
    (value > -1.0 && value < 2_147_483_648.0).then_some(value as u32)
}

fn has(set: &[u32], category: u32) -> bool {
    set.get(category as usize / 32).is_some_and(|word| word >> (category % 32) & 1 == 1)
}

/// How many walks go on side by side. Each waits for its node and then for what it compares; the processor does the others' work meanwhile.
pub(super) const LANES: usize = 4;

/// How many categories have a bit of their own; sets beyond are looked up.
const BITS: u32 = 64;

/// Flags of a value and of a node: the rules of missing values and of zero depend on the node alone, so they are applied when it is built.
const NAN: u8 = 1;
const NOUGHT: u8 = 1 << 1;
/// The node's set has members that have no bit.
const WIDE: u8 = 1 << 2;

/// A row's value as splits ask about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    /// NaN, which no threshold lets pass, where a flag decides.
    value: f64,
    /// The category's bit.
    bit: u64,
    /// `u32::MAX`: none.
    category: u32,
    flags: u8,
}

impl Cell {
    pub(super) const MISSING: Self =
        Self { value: f64::NAN, bit: 0, category: u32::MAX, flags: NAN };

    pub(super) fn new(value: f64) -> Self {
        if value.is_nan() {
            return Self::MISSING;
        }
        let category = category(value).unwrap_or(u32::MAX);
        let bit = if category < BITS { 1 << category } else { 0 };
        if value.abs() <= ZERO {
            return Self { value: f64::NAN, bit, category, flags: NOUGHT };
        }
        Self { value, bit, category, flags: 0 }
    }
}

/// A split in the form that is walked. Three questions of which at most one is asked: the others have an answer that is always no.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// Numbers go left at or below; NaN for a set.
    threshold: f64,
    /// The categories that go left.
    bits: u64,
    /// Right and left.
    children: [i32; 2],
    feature: u32,
    /// The values that go left whatever the threshold is.
    flags: u8,
}

/// All trees in one array; child links are global, `c < 0` is the leaf `!c`.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    pub(super) roots: Vec<i32>,
    nodes: Vec<Node>,
    leaves: Vec<f64>,
    /// The sets of nodes with [`WIDE`], by node.
    sets: BTreeMap<i32, Box<[u32]>>,
}

impl Walk {
    pub(super) fn new(trees: &[Tree]) -> Self {
        let mut walk = Self { roots: vec![], nodes: vec![], leaves: vec![], sets: BTreeMap::new() };
        for tree in trees {
            walk.add(tree);
        }
        walk
    }

    /// The parser's limits keep node and leaf counts below `i32::MAX`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "see the parser's MAX_NODES"
    )]
    fn add(&mut self, tree: &Tree) {
        let (first_node, first_leaf) = (self.nodes.len() as i32, self.leaves.len() as i32);
        let link = |child: i32| if child < 0 { !(!child + first_leaf) } else { child + first_node };
        self.roots.push(link(if tree.split_feature.is_empty() { !0 } else { 0 }));
        self.leaves.extend_from_slice(&tree.leaf_value);
        let children = tree.right_child.iter().zip(&tree.left_child);
        for (node, (&feature, (&right, &left))) in
            tree.split_feature.iter().zip(children).enumerate()
        {
            let children = [link(right), link(left)];
            let asked = if tree.is_categorical(node) {
                self.set(tree.category_set(node))
            } else {
                let threshold = tree.threshold.get(node).copied().unwrap_or(f64::NAN);
                let flags = tree.decision_type.get(node).copied().unwrap_or_default();
                let left = |value, flag| if numerical(flags, threshold, value) { flag } else { 0 };
                (threshold, 0, left(f64::NAN, NAN) | left(0.0, NOUGHT))
            };
            let (threshold, bits, flags) = asked;
            self.nodes.push(Node { threshold, bits, children, feature, flags });
        }
    }

    /// Threshold, bits and flags of the next node, which asks for a set.
    #[expect(clippy::cast_possible_wrap, reason = "see the parser's MAX_NODES")]
    #[expect(clippy::cast_possible_truncation, reason = "see the parser's MAX_NODES")]
    fn set(&mut self, set: &[u32]) -> (f64, u64, u8) {
        let word = |at: usize| set.get(at).map_or(0, |&word| u64::from(word));
        let wide = set.len() > 2;
        if wide {
            self.sets.insert(self.nodes.len() as i32, set.into());
        }
        (f64::NAN, word(1) << 32 | word(0), if wide { WIDE } else { 0 })
    }

    /// What [`LANES`] walks add, each from its own root with its own row. The arrays' own invariant (the parser's) ends the loop at leaves.
    #[inline]
    pub(super) fn values<'r>(
        &self,
        mut at: [i32; LANES],
        row: impl Fn(usize) -> &'r [Cell],
    ) -> [f64; LANES] {
        // The complement of a leaf is negative, and so is what negative numbers have in common.
        while at.iter().fold(!0, |all, &at| all & at) >= 0 {
            for (lane, at) in at.iter_mut().enumerate() {
                *at = self.step(*at, row(lane));
            }
        }
        #[expect(clippy::cast_sign_loss, reason = "the complement of a negative number")]
        at.map(|at| self.leaves.get(!at as usize).copied().unwrap_or(f64::NAN))
    }

    /// Where a walk goes from here. Nothing that a row holds is branched on: no processor could foresee it. A walk that is at its leaf looks at
    /// the first node, and stays.
    #[inline]
    #[expect(clippy::needless_bitwise_bool, reason = "a lazy operator is a branch")]
    fn step(&self, at: i32, row: &[Cell]) -> i32 {
        #[expect(clippy::cast_sign_loss, reason = "not negative")]
        let Some(node) = self.nodes.get(at.max(0) as usize) else { return i32::MIN };
        let cell = row.get(node.feature as usize).unwrap_or(&Cell::MISSING);
        let mut left = (cell.value <= node.threshold)
            | (cell.bit & node.bits != 0)
            | (cell.flags & node.flags != 0);
        if node.flags & WIDE != 0 {
            left |= self.wide(at.max(0), cell.category);
        }
        let [right, left_child] = node.children;
        let next = if left { left_child } else { right };
        let ended = at >> 31;
        (at & ended) | (next & !ended)
    }

    #[cold]
    fn wide(&self, node: i32, category: u32) -> bool {
        self.sets.get(&node).is_some_and(|set| has(set, category))
    }
}

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "numbers below a thousand"
)]
mod tests {
    use super::*;

    /// Numbers that repeat: a linear congruential generator (Knuth's constants).
    struct Draw(u64);

    impl Draw {
        fn below(&mut self, end: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) % end
        }
    }

    const FEATURES: u64 = 5;
    const VALUES: [f64; 16] = [
        f64::NAN,
        0.0,
        -0.0,
        1e-40,
        -1e-36,
        1e-30,
        0.5,
        -0.5,
        -1.0,
        2.5,
        31.9,
        33.0,
        63.99,
        64.0,
        200.0,
        f64::INFINITY,
    ];

    /// Splits in a row, each with a leaf on one side; of every kind that there is, and single leaves.
    fn tree(draw: &mut Draw) -> Tree {
        let splits = draw.below(12) as usize;
        let mut tree = Tree {
            split_feature: (0..splits).map(|_| draw.below(FEATURES) as u32).collect(),
            split_gain: vec![1.0; splits],
            threshold: vec![],
            decision_type: vec![],
            left_child: vec![],
            right_child: vec![],
            leaf_value: (0..=splits).map(|_| draw.below(1 << 9) as f64).collect(),
            leaf_weight: vec![1.0; splits + 1],
            leaf_count: vec![1; splits + 1],
            internal_value: vec![0.0; splits],
            internal_weight: vec![1.0; splits],
            internal_count: vec![1; splits],
            cat_boundaries: vec![0],
            cat_threshold: vec![],
            shrinkage: 1.0,
            depth: splits,
        };
        for node in 0..splits as i32 {
            if draw.below(2) == 0 {
                let words = draw.below(4);
                tree.cat_threshold.extend((0..words).map(|_| draw.below(1 << 31) as u32 * 2 + 1));
                tree.threshold.push(tree.cat_boundaries.len() as f64 - 1.0);
                tree.cat_boundaries.push(tree.cat_threshold.len() as u32);
                tree.decision_type.push(CATEGORICAL);
            } else {
                tree.threshold.push(VALUES[1 + draw.below(15) as usize]);
                tree.decision_type.push((draw.below(6) * 2) as u8);
            }
            let on = if node as usize + 1 < splits { node + 1 } else { !(splits as i32) };
            let (left, right) = if draw.below(2) == 0 { (!node, on) } else { (on, !node) };
            tree.left_child.push(left);
            tree.right_child.push(right);
        }
        tree
    }

    #[test]
    fn walks_side_by_side_reach_the_leaves_that_each_reaches_alone() {
        let mut draw = Draw(7);
        let trees: Vec<Tree> = (0..400).map(|_| tree(&mut draw)).collect();
        let walk = Walk::new(&trees);
        let mut reached = std::collections::BTreeSet::new();
        for (trees, roots) in trees.chunks(LANES).zip(walk.roots.chunks(LANES)) {
            for _ in 0..50 {
                // The last feature is missing: the row is too short for it.
                let rows: Vec<Vec<f64>> = (0..LANES)
                    .map(|_| (1..FEATURES).map(|_| VALUES[draw.below(16) as usize]).collect())
                    .collect();
                let cells: Vec<Vec<Cell>> =
                    rows.iter().map(|row| row.iter().copied().map(Cell::new).collect()).collect();
                let values = walk.values(roots.try_into().unwrap(), |lane| &cells[lane]);
                for ((tree, row), value) in trees.iter().zip(&rows).zip(values) {
                    let leaf = tree.leaf(row);
                    assert_eq!(value.to_bits(), tree.leaf_value[leaf].to_bits(), "{row:?}");
                    reached.insert(leaf);
                }
            }
        }
        assert!(reached.len() > 8, "short walks show little");
        assert!(!walk.sets.is_empty(), "there are wide sets");
    }
}

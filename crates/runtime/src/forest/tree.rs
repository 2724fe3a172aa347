//! One tree: its arrays as LightGBM writes them, and the packed form that is walked.

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
#[inline]
fn in_set(set: &[u32], value: f64) -> bool {
    // Also false for NaN. From -1 exclusive truncation gives 0; beyond i32 the C++ conversion gives a negative number.
    if !(value > -1.0 && value < 2_147_483_648.0) {
        return false;
    }
    let category = truncate(value);
    set.get(category / 32).is_some_and(|word| word >> (category % 32) & 1 == 1)
}

/// A split in the form that is walked: 24 bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    threshold: f64,
    left: i32,
    right: i32,
    feature: u32,
    flags: u8,
}

/// All trees in one array; child links are global, `c < 0` is the leaf `!c`.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    pub(super) roots: Vec<i32>,
    nodes: Vec<Node>,
    leaves: Vec<f64>,
    sets: Vec<Box<[u32]>>,
}

impl Walk {
    pub(super) fn new(trees: &[Tree]) -> Self {
        let mut walk = Self { roots: vec![], nodes: vec![], leaves: vec![], sets: vec![] };
        for tree in trees {
            walk.add(tree);
        }
        walk
    }

    /// The parser's limits keep node and leaf counts below `i32::MAX` and set counts exact in `f64`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_precision_loss,
        reason = "see the parser's MAX_NODES"
    )]
    fn add(&mut self, tree: &Tree) {
        let (first_node, first_leaf) = (self.nodes.len() as i32, self.leaves.len() as i32);
        let link = |child: i32| if child < 0 { !(!child + first_leaf) } else { child + first_node };
        self.roots.push(link(if tree.split_feature.is_empty() { !0 } else { 0 }));
        self.leaves.extend_from_slice(&tree.leaf_value);
        let splits = tree.split_feature.iter().zip(&tree.decision_type).zip(&tree.threshold);
        let children = tree.left_child.iter().zip(&tree.right_child);
        for (node, (((&feature, &flags), &threshold), (&left, &right))) in
            splits.zip(children).enumerate()
        {
            let threshold = if flags & CATEGORICAL == 0 {
                threshold
            } else {
                self.sets.push(tree.category_set(node).into());
                (self.sets.len() - 1) as f64
            };
            self.nodes.push(Node {
                threshold,
                left: link(left),
                right: link(right),
                feature,
                flags,
            });
        }
    }

    /// What one tree adds for one row. The arrays' own invariant (the parser's) ends the loop at a leaf.
    #[inline]
    pub(super) fn value(&self, root: i32, row: &[f64]) -> f64 {
        let mut at = root;
        while at >= 0 {
            #[expect(clippy::cast_sign_loss, reason = "not negative")]
            let Some(node) = self.nodes.get(at as usize) else { return f64::NAN };
            let value = row.get(node.feature as usize).copied().unwrap_or(f64::NAN);
            let left = if node.flags & CATEGORICAL == 0 {
                numerical(node.flags, node.threshold, value)
            } else {
                self.sets.get(truncate(node.threshold)).is_some_and(|set| in_set(set, value))
            };
            at = if left { node.left } else { node.right };
        }
        #[expect(clippy::cast_sign_loss, reason = "the complement of a negative number")]
        self.leaves.get(!at as usize).copied().unwrap_or(f64::NAN)
    }
}

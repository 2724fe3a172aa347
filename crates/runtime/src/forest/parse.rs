//! Reading LightGBM's text model, as a stranger's file: every length, index and number is checked before it is used.

use super::{Forest, Objective, Tree};
use crate::messages::{MODEL_TEXT, MODEL_UNSUPPORTED};
use ingot_base::{Fault, Result};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// LightGBM's own bound for `num_leaves`.
const MAX_LEAVES: usize = 131_072;
/// Beyond it LightGBM evaluates sparsely, which is not offered.
const MAX_FEATURES: usize = 100_000;
const MAX_CLASSES: usize = 10_000;
const MAX_TREES: usize = 1_000_000;
/// All nodes and leaves together: links stay within `i32`.
const MAX_NODES: usize = 500_000_000;
const MAX_TEXT: usize = 1 << 30;

/// What precedes the trees.
pub(super) struct Header {
    pub(super) objective: Objective,
    pub(super) classes: usize,
    pub(super) features: usize,
    pub(super) feature_names: Vec<String>,
    pub(super) average_output: bool,
}

/// Lines with their numbers, for faults that can be found.
struct Lines<'a> {
    lines: std::str::Lines<'a>,
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        self.number += 1;
        self.lines.next().map(|line| line.trim_end_matches('\r'))
    }
}

fn damaged(line: usize, what: impl Display) -> Fault {
    Fault::new(&MODEL_TEXT).arg("line", line).arg("what", what)
}

fn unsupported(what: impl Display) -> Fault {
    Fault::new(&MODEL_UNSUPPORTED).arg("what", what)
}

/// `key=value` lines up to an empty line, with the number of the first.
struct Block<'a> {
    line: usize,
    values: BTreeMap<&'a str, &'a str>,
}

impl<'a> Block<'a> {
    fn read(lines: &mut Lines<'a>) -> Result<Self> {
        let mut block = Self { line: lines.number + 1, values: BTreeMap::new() };
        while let Some(line) = lines.next() {
            if line.is_empty() {
                return Ok(block);
            }
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            if block.values.insert(key, value).is_some() {
                return Err(damaged(lines.number, "a key stands twice"));
            }
        }
        Err(damaged(lines.number, "the text ends too early"))
    }

    fn text(&self, key: &str) -> Result<&'a str> {
        self.values
            .get(key)
            .copied()
            .ok_or_else(|| damaged(self.line, format_args!("`{key}` is missing")))
    }

    fn one<T: FromStr>(&self, key: &str) -> Result<T> {
        self.text(key)?
            .trim()
            .parse()
            .map_err(|_| damaged(self.line, format_args!("`{key}` is not a number it can be")))
    }

    /// A whole number in `1..=limit`.
    fn count(&self, key: &str, limit: usize) -> Result<usize> {
        let count = self.one(key)?;
        if (1..=limit).contains(&count) {
            Ok(count)
        } else {
            Err(damaged(self.line, format_args!("`{key}` must be from 1 to {limit}")))
        }
    }

    fn list<T: FromStr>(&self, key: &str, length: usize) -> Result<Vec<T>> {
        // The text bounds the allocation, not the claimed length.
        let values = self
            .text(key)?
            .split_ascii_whitespace()
            .map(str::parse)
            .collect::<std::result::Result<Vec<T>, _>>()
            .map_err(|_| {
                damaged(self.line, format_args!("`{key}` holds something that is not its number"))
            })?;
        if values.len() == length {
            Ok(values)
        } else {
            Err(damaged(
                self.line,
                format_args!("`{key}` has {} values where {length} belong", values.len()),
            ))
        }
    }

    fn finite(&self, key: &str, length: usize) -> Result<Vec<f64>> {
        let values: Vec<f64> = self.list(key, length)?;
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(damaged(self.line, format_args!("`{key}` holds a number that is not finite")))
        }
    }

    /// LightGBM writes the threshold `inf` where all known values go left and missing ones right.
    fn not_nan(&self, key: &str, length: usize) -> Result<Vec<f64>> {
        let values: Vec<f64> = self.list(key, length)?;
        if values.iter().any(|value| value.is_nan()) {
            return Err(damaged(
                self.line,
                format_args!("`{key}` holds something that is no number"),
            ));
        }
        Ok(values)
    }

    /// As [`finite`](Self::finite), zeros when the key is absent: figures that old versions do not write.
    fn finite_or_zero(&self, key: &str, length: usize) -> Result<Vec<f64>> {
        if self.values.contains_key(key) { self.finite(key, length) } else { Ok(vec![0.0; length]) }
    }
}

pub(super) fn forest(text: &str) -> Result<Forest> {
    if text.len() > MAX_TEXT {
        return Err(damaged(0, format_args!("it is longer than {MAX_TEXT} bytes")));
    }
    let mut lines = Lines { lines: text.lines(), number: 0 };
    if lines.next() != Some("tree") {
        return Err(damaged(1, "the first line must be `tree`"));
    }
    let block = Block::read(&mut lines)?;
    let header = header(&block)?;
    let announced =
        block.values.get("tree_sizes").map(|sizes| sizes.split_ascii_whitespace().count());
    let trees = trees(&mut lines, header.features)?;
    if announced.is_some_and(|announced| announced != trees.len()) {
        return Err(damaged(block.line, "`tree_sizes` announces another number of trees"));
    }
    if trees.len() % header.classes != 0 {
        return Err(damaged(
            lines.number,
            "the number of trees is not a multiple of `num_tree_per_iteration`",
        ));
    }
    Ok(Forest::assemble(header, trees))
}

fn header(block: &Block<'_>) -> Result<Header> {
    let version = block.text("version")?;
    if !matches!(version, "v3" | "v4") {
        return Err(unsupported(format_args!("the format version `{version:.20}`")));
    }
    let classes = block.count("num_tree_per_iteration", MAX_CLASSES)?;
    let last_feature: usize = block.one("max_feature_idx")?;
    let features = last_feature.saturating_add(1);
    if features > MAX_FEATURES {
        return Err(unsupported(format_args!("more than {MAX_FEATURES} features")));
    }
    let feature_names: Vec<String> =
        block.text("feature_names")?.split(' ').map(str::to_owned).collect();
    if feature_names.len() != features {
        return Err(damaged(block.line, "`feature_names` does not fit `max_feature_idx`"));
    }
    let objective = objective(block, classes)?;
    let average_output = block.values.contains_key("average_output");
    Ok(Header { objective, classes, features, feature_names, average_output })
}

fn objective(block: &Block<'_>, classes: usize) -> Result<Objective> {
    let Some(text) = block.values.get("objective") else {
        return Err(unsupported("a custom objective"));
    };
    let mut words = text.split_ascii_whitespace();
    let name = words.next().unwrap_or_default();
    let mut settings = BTreeMap::new();
    for word in words {
        let Some((key, value)) = word.split_once(':') else {
            return Err(unsupported(format_args!("the objective `{text:.40}`")));
        };
        let value: f64 = value
            .parse()
            .map_err(|_| damaged(block.line, "the objective's settings are not numbers"))?;
        settings.insert(key, value);
    }
    let setting = |key: &str| settings.get(key).copied();
    let fits = |expected: usize| {
        (classes == expected)
            .then_some(())
            .ok_or_else(|| damaged(block.line, "`objective` does not fit `num_tree_per_iteration`"))
    };
    match name {
        "binary" => {
            fits(1)?;
            let sigmoid = setting("sigmoid").unwrap_or(1.0);
            if sigmoid.is_finite() && sigmoid > 0.0 {
                Ok(Objective::Binary { sigmoid })
            } else {
                Err(damaged(block.line, "the objective's sigmoid must be positive"))
            }
        }
        "multiclass" => {
            #[expect(clippy::cast_precision_loss, reason = "at most MAX_CLASSES")]
            let expected = classes as f64;
            if classes < 2 || setting("num_class") != Some(expected) {
                return Err(damaged(
                    block.line,
                    "`objective` does not fit `num_tree_per_iteration`",
                ));
            }
            Ok(Objective::Softmax { classes })
        }
        "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape" => {
            fits(1)?;
            Ok(Objective::Identity { name: name.to_owned() })
        }
        _ => Err(unsupported(format_args!("the objective `{name:.40}`"))),
    }
}

fn trees(lines: &mut Lines<'_>, features: usize) -> Result<Vec<Tree>> {
    let mut trees = Vec::new();
    let mut total = 0_usize;
    loop {
        let Some(line) = lines.next() else {
            return Err(damaged(lines.number, "the text ends before `end of trees`"));
        };
        if line.is_empty() {
            continue;
        }
        if line == "end of trees" {
            return Ok(trees);
        }
        let index = line.strip_prefix("Tree=").and_then(|index| index.parse::<usize>().ok());
        if index != Some(trees.len()) {
            return Err(damaged(
                lines.number,
                format_args!("`Tree={}` is expected here", trees.len()),
            ));
        }
        let tree = tree(&Block::read(lines)?, features)?;
        total = total.saturating_add(2 * tree.leaves());
        if trees.len() >= MAX_TREES || total > MAX_NODES {
            return Err(unsupported("more trees than the limit"));
        }
        trees.push(tree);
    }
}

fn tree(block: &Block<'_>, features: usize) -> Result<Tree> {
    let leaves = block.count("num_leaves", MAX_LEAVES)?;
    let nodes = leaves - 1;
    if block.values.get("is_linear").is_some_and(|flag| *flag != "0") {
        return Err(unsupported("linear models in its leaves (`linear_tree`)"));
    }
    let sets: usize = block.one("num_cat")?;
    let mut tree = Tree {
        split_feature: block.list("split_feature", nodes)?,
        split_gain: block.finite_or_zero("split_gain", nodes)?,
        threshold: block.not_nan("threshold", nodes)?,
        decision_type: block.list("decision_type", nodes)?,
        left_child: block.list("left_child", nodes)?,
        right_child: block.list("right_child", nodes)?,
        leaf_value: block.finite("leaf_value", leaves)?,
        leaf_weight: figures(block, "leaf_weight", leaves)?,
        leaf_count: counts(block, "leaf_count", leaves)?,
        internal_value: block.finite_or_zero("internal_value", nodes)?,
        internal_weight: block.finite_or_zero("internal_weight", nodes)?,
        internal_count: counts(block, "internal_count", nodes)?,
        cat_boundaries: vec![],
        cat_threshold: vec![],
        shrinkage: block.values.get("shrinkage").map_or(Ok(1.0), |_| block.one("shrinkage"))?,
        depth: 0,
    };
    if sets > 0 {
        tree.cat_boundaries = block.list("cat_boundaries", sets.saturating_add(1))?;
        let words = tree.cat_boundaries.last().copied().unwrap_or_default() as usize;
        tree.cat_threshold = block.list("cat_threshold", words)?;
    }
    check_nodes(&tree, block.line, features, sets)?;
    tree.depth = depth(&tree).ok_or_else(|| damaged(block.line, "the nodes do not form a tree"))?;
    Ok(tree)
}

/// A tree of one leaf leaves these lists empty in some versions.
fn figures(block: &Block<'_>, key: &str, leaves: usize) -> Result<Vec<f64>> {
    match block.values.get(key) {
        Some(text) if leaves > 1 || !text.trim().is_empty() => block.finite(key, leaves),
        _ => Ok(vec![0.0; leaves]),
    }
}

fn counts(block: &Block<'_>, key: &str, length: usize) -> Result<Vec<u32>> {
    match block.values.get(key) {
        Some(text) if length > 1 || !text.trim().is_empty() => block.list(key, length),
        _ => Ok(vec![0; length]),
    }
}

fn check_nodes(tree: &Tree, line: usize, features: usize, sets: usize) -> Result<()> {
    if tree.split_feature.iter().any(|&feature| feature as usize >= features) {
        return Err(damaged(line, "`split_feature` names a feature that does not exist"));
    }
    if tree.decision_type.iter().any(|&flags| flags >> 2 > 2) {
        return Err(damaged(line, "`decision_type` has an unknown flag"));
    }
    let ordered = tree.cat_boundaries.windows(2).all(|pair| matches!(pair, [a, b] if a <= b));
    if !ordered || tree.cat_boundaries.first().is_some_and(|&first| first != 0) {
        return Err(damaged(line, "`cat_boundaries` must start at 0 and never decrease"));
    }
    let flagged = tree.decision_type.iter().zip(&tree.threshold);
    for (_, &index) in flagged.filter(|(flags, _)| **flags & 1 == 1) {
        #[expect(clippy::cast_precision_loss, reason = "bounded by the text's length")]
        let known = index >= 0.0 && index.fract() == 0.0 && index < sets as f64;
        if !known {
            return Err(damaged(line, "`threshold` names a category set that does not exist"));
        }
    }
    Ok(())
}

/// The longest path, when every node and every leaf is reached exactly once from node 0; otherwise none.
fn depth(tree: &Tree) -> Option<usize> {
    let (nodes, leaves) = (tree.left_child.len(), tree.leaf_value.len());
    if nodes == 0 {
        return (leaves == 1).then_some(0);
    }
    let (mut node_seen, mut leaf_seen) = (vec![false; nodes], vec![false; leaves]);
    let (mut reached, mut longest) = (0_usize, 0);
    let mut pending = vec![(0_i32, 0_usize)];
    while let Some((child, depth)) = pending.pop() {
        let seen = if child < 0 {
            longest = longest.max(depth);
            leaf_seen.get_mut(usize::try_from(!child).ok()?)?
        } else {
            let node = usize::try_from(child).ok()?;
            pending.push((*tree.left_child.get(node)?, depth + 1));
            pending.push((*tree.right_child.get(node)?, depth + 1));
            node_seen.get_mut(node)?
        };
        if std::mem::replace(seen, true) {
            return None;
        }
        reached += 1;
    }
    (reached == nodes + leaves).then_some(longest)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "leaf values come through unchanged")]
mod tests {
    use super::*;

    /// Two features: `x0 <= 0.5` or missing goes left; then `x1 in {1, 33}`.
    pub(super) const SMALL: &str = "tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=binary sigmoid:1
feature_names=Column_0 Column_1
feature_infos=[0:1] none
tree_sizes=300

Tree=0
num_leaves=3
num_cat=1
split_feature=0 1
split_gain=2 1
threshold=0.5 0
decision_type=10 1
left_child=1 -1
right_child=-2 -3
leaf_value=0.25 -1 2
leaf_weight=1 1 1
leaf_count=5 3 2
internal_value=0.1 0.2
internal_weight=3 2
internal_count=10 7
cat_boundaries=0 2
cat_threshold=2 2
is_linear=0
shrinkage=0.1


end of trees

feature_importances:
Column_0=1

parameters:
[boosting: gbdt]
end of parameters
";

    fn margin(row: &[f64]) -> f64 {
        let mut out = [0.0];
        Forest::parse(SMALL).unwrap().raw(row, &mut out);
        out[0]
    }

    #[test]
    fn walks_as_written() {
        assert_eq!(margin(&[0.6, 1.0]), -1.0);
        assert_eq!(margin(&[0.5, 1.0]), 0.25);
        assert_eq!(margin(&[f64::NAN, 33.9]), 0.25);
        assert_eq!(margin(&[0.5, 2.0]), 2.0);
        for unknown in [f64::NAN, -1.0, 64.0, 1e300, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(margin(&[0.5, unknown]), 2.0, "{unknown}");
        }
        let forest = Forest::parse(SMALL).unwrap();
        let tree = &forest.trees()[0];
        assert_eq!(tree.categories(1).collect::<Vec<_>>(), [1, 33]);
        assert_eq!(tree.categories(0).count(), 0);
        assert_eq!(tree.depth(), 2);
        assert_eq!(tree.leaf(&[0.5, 2.0]), 2);
        assert_eq!(tree.leaf(&[]), 2, "a short row is a row of missing values");
    }

    #[test]
    fn damage_is_refused_with_its_line() {
        let broken = |from: &str, to: &str| {
            assert!(SMALL.contains(from), "{from}");
            Forest::parse(&SMALL.replacen(from, to, 1)).unwrap_err().to_string()
        };
        assert!(broken("left_child=1 -1", "left_child=0 -1").contains("do not form a tree"));
        assert!(broken("left_child=1 -1", "left_child=1 -2").contains("do not form a tree"));
        assert!(broken("left_child=1 -1", "left_child=7 -1").contains("do not form a tree"));
        assert!(broken("right_child=-2 -3", "right_child=-2 -2147483648").contains("form a tree"));
        assert!(broken("split_feature=0 1", "split_feature=0 2").contains("does not exist"));
        assert!(broken("threshold=0.5 0", "threshold=0.5 1").contains("category set"));
        assert!(broken("threshold=0.5 0", "threshold=NaN 0").contains("no number"));
        assert!(broken("threshold=0.5 0", "threshold=0.5 inf").contains("category set"));
        assert!(broken("leaf_value=0.25", "leaf_value=inf").contains("not finite"));
        assert!(broken("leaf_value=0.25 ", "leaf_value=").contains("2 values where 3"));
        assert!(broken("cat_boundaries=0 2", "cat_boundaries=0 3").contains("cat_threshold"));
        assert!(broken("decision_type=10 1", "decision_type=14 1").contains("unknown flag"));
        assert!(broken("num_leaves=3", "num_leaves=0").contains("line 13"));
        assert!(broken("num_leaves=3", "num_leaves=99999999999999999999").contains("num_leaves"));
        assert!(broken("tree_sizes=300", "tree_sizes=300 1").contains("another number"));
        assert!(broken("end of trees", "").contains("`Tree=1` is expected"));
        assert!(broken("num_cat=1\n", "num_cat=1\nnum_cat=1\n").contains("twice"));
        assert!(broken("sigmoid:1", "sigmoid:-1").contains("sigmoid"));
    }

    #[test]
    fn what_is_not_offered_is_named() {
        let named = |from: &str, to: &str| {
            let fault = Forest::parse(&SMALL.replacen(from, to, 1)).unwrap_err();
            assert_eq!(fault.code(), "runtime-model-unsupported");
            fault.to_string()
        };
        assert!(named("binary sigmoid:1", "poisson").contains("poisson"));
        assert!(named("binary sigmoid:1", "regression sqrt").contains("regression sqrt"));
        assert!(named("objective=binary sigmoid:1\n", "").contains("custom"));
        assert!(named("is_linear=0", "is_linear=1").contains("linear_tree"));
        assert!(named("version=v4", "version=v9").contains("v9"));
    }

    #[test]
    fn average_output_divides_by_the_rounds() {
        let text = SMALL.replacen("feature_names", "average_output\nfeature_names", 1);
        let second = text.split_once("Tree=0").unwrap().1.split_once("\n\n").unwrap().0;
        let text = text.replacen("tree_sizes=300", "tree_sizes=300 300", 1).replacen(
            "\n\n\nend of trees",
            &format!("\n\n\nTree=1{second}\n\nend of trees"),
            1,
        );
        let forest = Forest::parse(&text).unwrap();
        assert_eq!(forest.iterations(), 2);
        let mut out = [0.0];
        forest.raw(&[0.6, 0.0], &mut out);
        assert_eq!(out, [-1.0]);
    }
}

//! Shapley values by their definition, over all subsets of features, on small random forests.

use super::*;
use crate::random::Random;
use proptest::prelude::*;
use std::fmt::Write as _;

/// Three numbers and a category with 40 values.
const FEATURES: usize = 4;

struct Grown {
    node: Vec<(usize, f64, u8, i32, i32, u32)>,
    leaf: Vec<(f64, u32)>,
    sets: Vec<[u32; 2]>,
}

/// A random tree; the counts of its leaves may be 0, which stands for shares of 0.
fn grow(random: &mut Random, grown: &mut Grown, depth: usize) -> (i32, u32) {
    if depth == 0 || (random.below(5) == 0 && !grown.node.is_empty()) {
        let (value, count) = (random.below(2001), u32::try_from(random.below(40)).unwrap());
        grown.leaf.push((f64::from(u32::try_from(value).unwrap()) / 500.0 - 2.0, count));
        return (!i32::try_from(grown.leaf.len() - 1).unwrap(), count);
    }
    let at = grown.node.len();
    let feature = random.below(FEATURES);
    let (threshold, kind) = if feature == 3 {
        grown.sets.push([u32::try_from(random.next() >> 32).unwrap(), 0b1010_1010]);
        (f64::from(u32::try_from(grown.sets.len() - 1).unwrap()), 1)
    } else {
        let missing = u8::try_from(random.below(3)).unwrap() << 2;
        let threshold = f64::from(u32::try_from(random.below(9)).unwrap()) - 4.0;
        (threshold, missing | u8::try_from(random.below(2)).unwrap() << 1)
    };
    grown.node.push((feature, threshold, kind, 0, 0, 0));
    let (left, a) = grow(random, grown, depth - 1);
    let (right, b) = grow(random, grown, depth - 1);
    grown.node[at] = (feature, threshold, kind, left, right, a + b);
    (i32::try_from(at).unwrap(), a + b)
}

fn list<T: std::fmt::Display>(items: impl Iterator<Item = T>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(" ")
}

fn forest(seed: u64, trees: usize, depth: usize, average: bool) -> Forest {
    let mut random = Random::new(seed, 1);
    let mut text = format!(
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx={}\nobjective=regression\n{}feature_names=a b c d\nfeature_infos=none none none none\n\n",
        FEATURES - 1,
        if average { "average_output\n" } else { "" },
    );
    for index in 0..trees {
        let mut tree = Grown { node: vec![], leaf: vec![], sets: vec![] };
        grow(&mut random, &mut tree, depth);
        let (node, leaf) = (&tree.node, &tree.leaf);
        let _ = write!(
            text,
            "Tree={index}\nnum_leaves={}\nnum_cat={}\nsplit_feature={}\nsplit_gain={}\nthreshold={}\ndecision_type={}\nleft_child={}\nright_child={}\nleaf_value={}\nleaf_weight={}\nleaf_count={}\ninternal_value={}\ninternal_weight={}\ninternal_count={}\n",
            leaf.len(),
            tree.sets.len(),
            list(node.iter().map(|n| n.0)),
            list(node.iter().map(|_| 1)),
            list(node.iter().map(|n| n.1)),
            list(node.iter().map(|n| n.2)),
            list(node.iter().map(|n| n.3)),
            list(node.iter().map(|n| n.4)),
            list(leaf.iter().map(|l| l.0)),
            list(leaf.iter().map(|l| l.1)),
            list(leaf.iter().map(|l| l.1)),
            list(node.iter().map(|_| 0)),
            list(node.iter().map(|n| n.5)),
            list(node.iter().map(|n| n.5)),
        );
        if !tree.sets.is_empty() {
            let bounds = list((0..=tree.sets.len()).map(|at| at * 2));
            let words = list(tree.sets.iter().flatten());
            let _ = writeln!(text, "cat_boundaries={bounds}\ncat_threshold={words}");
        }
        text.push_str("is_linear=0\nshrinkage=1\n\n\n");
    }
    text.push_str("end of trees\n");
    Forest::parse(&text).unwrap()
}

/// The mean of the leaves that a row may reach when only the features in `known` are known.
fn worth(tree: &ingot_runtime::Tree, at: i32, row: &[f64], known: usize) -> f64 {
    let Ok(node) = usize::try_from(at) else {
        return tree.leaf_value()[usize::try_from(!at).unwrap()];
    };
    let feature = tree.split_feature()[node] as usize;
    if known >> feature & 1 == 1 {
        return worth(tree, tree.next(node, row[feature]), row, known);
    }
    let count = |at: i32| match usize::try_from(at) {
        Ok(node) => f64::from(tree.internal_count()[node]),
        Err(_) => f64::from(tree.leaf_count()[usize::try_from(!at).unwrap()]),
    };
    let all = count(at);
    [tree.left_child()[node], tree.right_child()[node]]
        .into_iter()
        .map(|child| {
            let share = if all > 0.0 { count(child) / all } else { 0.0 };
            share * worth(tree, child, row, known)
        })
        .sum()
}

fn by_definition(forest: &Forest, row: &[f64]) -> Vec<f64> {
    let worth = |known: usize| -> f64 {
        let sum: f64 = forest
            .trees()
            .iter()
            .map(|tree| {
                worth(tree, if tree.split_feature().is_empty() { !0 } else { 0 }, row, known)
            })
            .sum();
        sum * share(forest)
    };
    let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
    let m = u32::try_from(FEATURES).unwrap();
    let mut values: Vec<f64> = (0..FEATURES)
        .map(|feature| {
            (0..1_usize << FEATURES)
                .filter(|known| known >> feature & 1 == 0)
                .map(|known| {
                    let size = known.count_ones();
                    let weight = factorial(size) * factorial(m - 1 - size) / factorial(m);
                    weight * (worth(known | 1 << feature) - worth(known))
                })
                .sum()
        })
        .collect();
    values.push(worth(0));
    values
}

/// Numbers around the thresholds, zeros, missing and unknown values.
fn row(random: &mut Random) -> Vec<f64> {
    (0..FEATURES)
        .map(|feature| match random.below(6) {
            0 => f64::NAN,
            1 => 0.0,
            _ if feature == 3 => f64::from(u32::try_from(random.below(70)).unwrap()) - 1.0,
            _ => f64::from(u32::try_from(random.below(21)).unwrap()) / 2.0 - 5.0,
        })
        .collect()
}

proptest! {
    #[test]
    fn three_ways_equal_the_definition(seed: u64, trees in 1_usize..4, depth in 1_usize..6, average: bool) {
        let forest = forest(seed, trees, depth, average);
        let mut random = Random::new(seed, 2);
        let rows: Vec<Vec<f64>> = (0..5).map(|_| row(&mut random)).collect();
        let matrix = Matrix::new(5, FEATURES, rows.concat()).unwrap();
        let (fast, slow) = (TreeShap::new(&forest).unwrap(), TreeShap::with_tables(&forest, 0).unwrap());
        let (fast, slow) = (fast.values(&matrix).unwrap(), slow.values(&matrix).unwrap());
        let single = RowShap::new(&forest).unwrap();
        for (at, row) in rows.iter().enumerate() {
            let wanted = by_definition(&forest, row);
            for found in [fast.row(at), slow.row(at), &single.values(row).unwrap()] {
                for (found, wanted) in found.iter().zip(&wanted) {
                    prop_assert!((found - wanted).abs() < 1e-12, "{found} instead of {wanted}");
                }
            }
        }
    }
}

/// A path with more features than the smallest rules hold: all ways agree, and with the model's own answer.
#[test]
fn long_paths_are_exact() {
    for length in [1_usize, 7, 8, 9, 15, 16, 17, 31, 33, 63] {
        let forest = ladder(length);
        let mut random = Random::new(3, length as u64);
        let data: Vec<f64> =
            (0..length * 3).map(|_| f64::from(u32::try_from(random.below(2)).unwrap())).collect();
        let rows = Matrix::new(3, length, data).unwrap();
        let block = TreeShap::with_tables(&forest, 0).unwrap().values(&rows).unwrap();
        let single = RowShap::new(&forest).unwrap();
        for (at, row) in rows.iter_rows().enumerate() {
            for (a, b) in single.values(row).unwrap().iter().zip(block.row(at)) {
                assert!((a - b).abs() < 1e-12, "{length}: {a} {b}");
            }
        }
    }
}

#[test]
fn a_path_with_too_many_features_is_refused() {
    let forest = ladder(65);
    assert_eq!(TreeShap::new(&forest).unwrap_err().code(), "explain-path");
    assert_eq!(RowShap::new(&forest).unwrap_err().code(), "explain-path");
}

/// One tree that asks about every feature in turn.
fn ladder(length: usize) -> Forest {
    let leaves = length + 1;
    let count = |at: usize| 2 * (leaves - at);
    let text = format!(
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx={}\nobjective=regression\nfeature_names={}\nfeature_infos={}\n\nTree=0\nnum_leaves={leaves}\nnum_cat=0\nsplit_feature={}\nsplit_gain={}\nthreshold={}\ndecision_type={}\nleft_child={}\nright_child={}\nleaf_value={}\nleaf_weight={}\nleaf_count={}\ninternal_value={}\ninternal_weight={}\ninternal_count={}\nis_linear=0\nshrinkage=1\n\n\nend of trees\n",
        length - 1,
        list((0..length).map(|at| format!("f{at}"))),
        list((0..length).map(|_| "none")),
        list(0..length),
        list((0..length).map(|_| 1)),
        list((0..length).map(|_| 0.5)),
        list((0..length).map(|_| 2)),
        list((0..length).map(|at| -1 - i64::try_from(at).unwrap())),
        list((1..=length).map(|at| {
            let at = i64::try_from(at).unwrap();
            if at == i64::try_from(length).unwrap() { -1 - at } else { at }
        })),
        list((0..leaves).map(|at| at % 7)),
        list((0..leaves).map(|_| 2)),
        list((0..leaves).map(|_| 2)),
        list((0..length).map(|_| 0)),
        list((0..length).map(count)),
        list((0..length).map(count)),
    );
    Forest::parse(&text).unwrap()
}

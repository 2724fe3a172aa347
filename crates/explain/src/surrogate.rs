//! A small regression tree on the model's scores (CART, Breiman et al. 1984).

use crate::dependence::SHARED;
use crate::outcome::Surrogate;
use crate::words::{above, index, real, rounded};
use ingot_base::{FieldKind, Output, Signature};
use ingot_runtime::{Matrix, decide};
use std::cmp::Ordering::Equal;

/// A node of the surrogate tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Mean score of every class.
    pub(crate) mean: Vec<f64>,
    /// Share of the training rows.
    pub(crate) share: f64,
    /// The question; none for a leaf.
    pub(crate) split: Option<(Question, Box<[Node; 2]>)>,
}

/// What a node asks; rows that pass go to the first child, missing values to the second.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    pub(crate) feature: usize,
    pub(crate) test: Test,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    AtMost(f64),
    OneOf(Vec<usize>),
}

impl Question {
    fn passes(&self, row: &[f64]) -> bool {
        let value = row.get(self.feature).copied().unwrap_or(f64::NAN);
        match &self.test {
            Test::AtMost(threshold) => value <= *threshold,
            Test::OneOf(set) => index(value).is_some_and(|at| set.contains(&at)),
        }
    }
}

impl Node {
    pub(crate) fn leaves(&self) -> usize {
        self.split.as_ref().map_or(1, |(_, children)| children.iter().map(Self::leaves).sum())
    }

    fn answer(&self, row: &[f64]) -> &[f64] {
        match &self.split {
            Some((question, children)) => {
                let [pass, fail] = &**children;
                if question.passes(row) { pass.answer(row) } else { fail.answer(row) }
            }
            None => &self.mean,
        }
    }
}

/// Grows a tree of limited depth; a leaf keeps at least a fiftieth of the rows (and five).
pub(crate) fn grow(signature: &Signature, rows: &Matrix, scores: &Matrix, depth: usize) -> Node {
    let least = (rows.rows() / 50).max(5);
    let grower = Grower { signature, rows, scores, least };
    grower.node(&(0..rows.rows()).collect::<Vec<_>>(), depth)
}

struct Grower<'a> {
    signature: &'a Signature,
    rows: &'a Matrix,
    scores: &'a Matrix,
    least: usize,
}

/// Rows in question order with the sum of their scores.
#[derive(Clone)]
struct Sums {
    rows: usize,
    sum: Vec<f64>,
}

impl Sums {
    fn new(width: usize) -> Self {
        Self { rows: 0, sum: vec![0.0; width] }
    }

    fn add(&mut self, scores: &[f64]) {
        self.rows += 1;
        for (sum, score) in self.sum.iter_mut().zip(scores) {
            *sum += score;
        }
    }

    /// `Σ sum² / rows`: what the mean explains of the squares.
    fn explained(&self) -> f64 {
        self.sum.iter().map(|sum| sum * sum).sum::<f64>() / real(self.rows.max(1))
    }

    fn rest(&self, all: &Self) -> Self {
        let sum = all.sum.iter().zip(&self.sum).map(|(all, part)| all - part).collect();
        Self { rows: all.rows - self.rows, sum }
    }
}

impl Grower<'_> {
    fn node(&self, rows: &[usize], depth: usize) -> Node {
        let mut all = Sums::new(self.scores.cols());
        for &row in rows {
            all.add(self.scores.row(row));
        }
        let split = (depth > 0).then(|| self.best(rows, &all)).flatten().map(|question| {
            let (pass, fail): (Vec<_>, Vec<_>) =
                rows.iter().partition(|&&row| question.passes(self.rows.row(row)));
            let children = [self.node(&pass, depth - 1), self.node(&fail, depth - 1)];
            (question, Box::new(children))
        });
        Node {
            mean: all.sum.iter().map(|sum| sum / real(all.rows.max(1))).collect(),
            share: real(all.rows) / real(self.rows.rows().max(1)),
            split,
        }
    }

    fn best(&self, rows: &[usize], all: &Sums) -> Option<Question> {
        let squares: f64 =
            rows.iter().flat_map(|&row| self.scores.row(row)).map(|score| score * score).sum();
        let mut best = (all.explained() + 1e-6 * squares.max(1e-12), None);
        for (feature, field) in self.signature.inputs.iter().enumerate() {
            let found = match &field.kind {
                FieldKind::Category { values } => self.category(feature, values.len(), rows, all),
                _ => self.number(feature, rows, all),
            };
            if let Some((explained, test)) = found
                && explained > best.0
            {
                best = (explained, Some(Question { feature, test }));
            }
        }
        best.1
    }

    fn number(&self, feature: usize, rows: &[usize], all: &Sums) -> Option<(f64, Test)> {
        let value = |row: usize| self.rows.row(row).get(feature).copied().unwrap_or(f64::NAN);
        let mut sorted: Vec<(f64, usize)> =
            rows.iter().map(|&row| (value(row), row)).filter(|(v, _)| !v.is_nan()).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut left = Sums::new(self.scores.cols());
        let mut best: Option<(f64, Test)> = None;
        let same = |a: &(f64, usize), b: &(f64, usize)| a.0.partial_cmp(&b.0) == Some(Equal);
        let mut runs = sorted.chunk_by(same).peekable();
        while let Some(run) = runs.next() {
            for (_, row) in run {
                left.add(self.scores.row(*row));
            }
            if let Some(threshold) = between(run, runs.peek().copied()) {
                self.consider(&left, all, &mut best, || Test::AtMost(threshold));
            }
        }
        best
    }

    fn category(
        &self,
        feature: usize,
        values: usize,
        rows: &[usize],
        all: &Sums,
    ) -> Option<(f64, Test)> {
        let mut groups = vec![Sums::new(self.scores.cols()); values];
        for &row in rows {
            let value = self.rows.row(row).get(feature).copied().unwrap_or(f64::NAN);
            if let Some(group) = index(value).and_then(|at| groups.get_mut(at)) {
                group.add(self.scores.row(row));
            }
        }
        let mut best: Option<(f64, Test)> = None;
        // Ordered by each class's mean in turn; for one class the best prefix is the best of all subsets.
        for class in 0..self.scores.cols() {
            let mean = |group: &Sums| {
                group.sum.get(class).copied().unwrap_or_default() / real(group.rows.max(1))
            };
            let mut order: Vec<(usize, &Sums)> =
                groups.iter().enumerate().filter(|(_, group)| group.rows > 0).collect();
            order.sort_by(|a, b| mean(a.1).total_cmp(&mean(b.1)).then(a.0.cmp(&b.0)));
            let mut left = Sums::new(self.scores.cols());
            for (at, (_, group)) in order.iter().enumerate() {
                left.rows += group.rows;
                for (sum, more) in left.sum.iter_mut().zip(&group.sum) {
                    *sum += more;
                }
                self.consider(&left, all, &mut best, || {
                    let mut set: Vec<usize> = order.iter().take(at + 1).map(|x| x.0).collect();
                    set.sort_unstable();
                    Test::OneOf(set)
                });
            }
        }
        best
    }

    fn consider(
        &self,
        left: &Sums,
        all: &Sums,
        best: &mut Option<(f64, Test)>,
        test: impl FnOnce() -> Test,
    ) {
        let right = left.rest(all);
        if left.rows < self.least || right.rows < self.least {
            return;
        }
        let explained = left.explained() + right.explained();
        if best.as_ref().is_none_or(|(known, _)| explained > *known) {
            *best = Some((explained, test()));
        }
    }
}

/// A threshold between a run of rows of one value and the next, which the picture shows: it tells nobody's value. Where many rows share
/// both values it stands in the middle, elsewhere on a number of three significant digits; none where there is no such number between.
fn between(run: &[(f64, usize)], next: Option<&[(f64, usize)]>) -> Option<f64> {
    let value = run.first()?.0;
    let Some(next) = next else {
        // Only missing values are beyond.
        return Some(if run.len() < SHARED { above(value) } else { value });
    };
    let other = next.first()?.0;
    let middle = f64::midpoint(value, other);
    if run.len() >= SHARED && next.len() >= SHARED {
        return Some(middle);
    }
    let told = rounded(middle);
    // What few have may itself have three digits.
    let low = (run.len() >= SHARED && value <= told) || value < told;
    (low && told < other).then_some(told)
}

/// How well the tree imitates `scores` on rows it was not grown on.
pub(crate) fn fidelity(
    tree: &Node,
    output: &Output,
    rows: &Matrix,
    scores: &Matrix,
    depth: usize,
) -> Surrogate {
    let width = scores.cols();
    let mut mean = vec![0.0; width];
    for row in scores.iter_rows() {
        for (sum, score) in mean.iter_mut().zip(row) {
            *sum += score;
        }
    }
    for sum in &mut mean {
        *sum /= real(scores.rows().max(1));
    }
    let squares: f64 = scores.data().iter().map(|score| score * score).sum();
    let (mut wrong, mut spread, mut same) = (0.0, 0.0, 0);
    for (row, score) in rows.iter_rows().zip(scores.iter_rows()) {
        let answer = tree.answer(row);
        for ((score, answer), mean) in score.iter().zip(answer).zip(&mean) {
            wrong += (score - answer).powi(2);
            spread += (score - mean).powi(2);
        }
        if decide(output, score).label == decide(output, answer).label {
            same += 1;
        }
    }
    let labelled = !matches!(output, Output::Number { .. });
    Surrogate {
        depth,
        leaves: tree.leaves(),
        rows: rows.rows(),
        r2: (spread > f64::EPSILON * squares).then(|| 1.0 - wrong / spread),
        agreement: labelled.then(|| real(same) / real(rows.rows().max(1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::{Field, Tabular, Task};

    fn signature() -> Signature {
        let field = |name: &str, kind| Field::new(name, kind, true);
        let values = ["a", "b", "c", "d"].map(String::from).to_vec();
        Signature {
            task: Task::Tabular(Tabular::Regression),
            inputs: vec![
                field("x", FieldKind::Number { min: 0.0, max: 9.0, integer: true }),
                field("c", FieldKind::Category { values }),
            ],
            output: Output::Number { target: "y".into() },
        }
    }

    /// The answer is 10 for x ≤ 4; otherwise 2 for `b` and `d`, 0 for `a` and `c`; two rows in ten have no x.
    fn table() -> (Matrix, Matrix) {
        let (mut rows, mut scores) = (vec![], vec![]);
        for at in 0..400_u32 {
            let (x, c) = (f64::from(at % 10), f64::from(at / 10 % 4));
            let missing = at % 10 > 7;
            rows.extend([if missing { f64::NAN } else { x }, c]);
            let small = !missing && x <= 4.0;
            scores.push(if small { 10.0 } else { 2.0 * (c % 2.0) });
        }
        (Matrix::new(400, 2, rows).unwrap(), Matrix::new(400, 1, scores).unwrap())
    }

    #[test]
    fn finds_the_tree_that_the_scores_were_made_of() {
        let (rows, scores) = table();
        let signature = signature();
        let tree = grow(&signature, &rows, &scores, 2);
        let (question, children) = tree.split.clone().unwrap();
        assert_eq!(question, Question { feature: 0, test: Test::AtMost(4.5) });
        let [pass, fail] = &*children;
        assert_eq!((pass.mean.as_slice(), pass.share, pass.leaves()), (&[10.0][..], 0.5, 1));
        let (question, _) = fail.split.clone().unwrap();
        assert_eq!(question, Question { feature: 1, test: Test::OneOf(vec![0, 2]) });
        let found = fidelity(&tree, &signature.output, &rows, &scores, 2);
        assert_eq!((found.leaves, found.r2, found.agreement), (3, Some(1.0), None));
    }

    #[test]
    fn a_threshold_tells_nobodys_value() {
        let row = |value: f64| [(value, 0)];
        let rows = |value: f64| [(value, 0); SHARED];
        let phones = (row(13_502_991_214.0), row(13_600_000_007.0));
        assert_eq!(between(&phones.0, Some(&phones.1)), Some(13_600_000_000.0));
        assert_eq!(between(&row(12_344.0), Some(&row(12_346.0))), None, "no round number between");
        assert_eq!(between(&row(12_300.0), Some(&row(12_310.0))), None, "one's very own value");
        assert_eq!(between(&row(12_290.0), Some(&row(12_300.0))), None, "nor another's");
        assert_eq!(between(&rows(12_300.0), Some(&row(12_310.0))), Some(12_300.0), "many have it");
        assert_eq!(between(&rows(1_985.0), Some(&rows(1_986.0))), Some(1_985.5), "many share both");
        assert_eq!(between(&row(12_345.0), None), Some(12_400.0));
        assert_eq!(between(&row(-12_345.0), None), Some(-12_300.0));
    }

    #[test]
    fn a_tree_without_questions_explains_nothing() {
        let (rows, scores) = table();
        let tree = grow(&signature(), &rows, &scores, 0);
        let found = fidelity(&tree, &signature().output, &rows, &scores, 0);
        assert!(found.r2.unwrap().abs() < 1e-12 && found.leaves == 1);
        let flat = Matrix::new(400, 1, vec![1.0; 400]).unwrap();
        let tree = grow(&signature(), &rows, &flat, 3);
        assert_eq!(fidelity(&tree, &signature().output, &rows, &flat, 3).r2, None);
        assert_eq!(tree.leaves(), 1);
    }
}

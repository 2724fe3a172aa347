//! Label errors by confident learning.
//!
//! Northcutt, Jiang, Chuang: *Confident Learning: Estimating Uncertainty in Dataset Labels* (JAIR 70, 2021). Probabilities must
//! be out of fold: of a model that had not seen the row. With the threshold `t_j`, the mean probability of class j over rows
//! labelled j, a row counts as confidently of class j when its probability of j reaches `t_j`; the counts of label against
//! confident class, scaled to the rows of each label and rounded, are the *joint*. For every pair of label i and class j ≠ i the
//! joint says how many rows are mislabelled, and those are the rows with the largest `p_j` − `p_i` (the paper's *prune by noise
//! rate*). A row whose likeliest class is its label is never called an error.
//!
//! The figures are those of the reference implementation, digit for digit: sums are added in the same order (pairwise, eight
//! at a time), ties of rounding fall in the order of the same sorting network.

use crate::math::real;
use crate::messages::{LABEL, PROBABILITY, SHAPE};
use ingot_base::{Fault, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Tolerance of comparisons.
const EPSILON: f64 = 1e-6;
/// Least threshold of a class.
const LEAST: f64 = 2.0 * EPSILON;
/// Values that are looked at together.
const LANES: usize = 8;
/// Classes that one mask has a bit for.
const MASK: usize = 64;
/// No probability reaches it: the threshold of a class that no row is labelled with.
const UNREACHED: f64 = 2.0;

/// A row whose label is probably wrong.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LabelIssue {
    /// The row, from 0.
    pub row: usize,
    /// The class it is labelled with.
    pub given: usize,
    /// The class the model thinks likeliest.
    pub suggested: usize,
    /// Probability of the given class: the smaller, the surer the error.
    pub confidence: f64,
    /// Probability of the suggested class.
    pub suggested_probability: f64,
}

/// What is known of the labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelReview {
    /// Suspicious rows, the least confident first.
    pub issues: Vec<LabelIssue>,
    /// The joint: rows by label (outer) and confident class (inner).
    pub joint: Vec<Vec<u64>>,
    /// Confidence threshold of each class.
    pub thresholds: Vec<f64>,
}

/// Labels and out-of-fold probabilities that fit together.
struct Table<'a> {
    labels: &'a [usize],
    probabilities: &'a [f64],
    classes: usize,
    peaks: Vec<Peak>,
}

/// What is asked of a row again and again.
#[derive(Debug, Clone, Copy)]
struct Peak {
    /// The largest probability.
    top: f64,
    /// That of its label.
    own: f64,
    /// The likeliest class, the first among equals.
    likeliest: usize,
}

/// Finds label errors. `probabilities` holds a row of `classes` probabilities for every label.
///
/// # Errors
/// When the shapes do not fit, a label has no class, or a probability is none.
pub fn review(labels: &[usize], probabilities: &[f64], classes: usize) -> Result<LabelReview> {
    let table = Table::new(labels, probabilities, classes)?;
    let by_label = table.by_label();
    let thresholds = table.thresholds(&by_label);
    let joint = table.joint(&by_label, &thresholds);
    let issues = table.issues(&table.prune(&by_label, &joint));
    let joint = joint
        .iter()
        .map(|row| row.iter().map(|count| u64::try_from(*count).unwrap_or(0)).collect())
        .collect();
    Ok(LabelReview { issues, joint, thresholds })
}

impl<'a> Table<'a> {
    fn new(labels: &'a [usize], probabilities: &'a [f64], classes: usize) -> Result<Self> {
        if classes == 0 || labels.len().checked_mul(classes) != Some(probabilities.len()) {
            return Err(Fault::new(&SHAPE)
                .arg("labels", labels.len())
                .arg("values", probabilities.len())
                .arg("classes", classes));
        }
        if let Some((row, label)) = labels.iter().enumerate().find(|(_, label)| **label >= classes)
        {
            return Err(Fault::new(&LABEL)
                .arg("row", row)
                .arg("label", label)
                .arg("classes", classes));
        }
        let peak = |(values, label): (&[f64], &usize)| {
            let top = top(values);
            let own = values.get(*label).copied().unwrap_or(0.0);
            Peak { top, own, likeliest: first(values, top) }
        };
        let peaks: Vec<Peak> = probabilities.par_chunks(classes).zip(labels).map(peak).collect();
        if let Some(row) = peaks.iter().position(|peak| peak.top.is_nan()) {
            return Err(Fault::new(&PROBABILITY).arg("row", row));
        }
        Ok(Self { labels, probabilities, classes, peaks })
    }

    fn row(&self, row: usize) -> &[f64] {
        self.probabilities.get(row * self.classes..(row + 1) * self.classes).unwrap_or_default()
    }

    fn peak(&self, row: usize) -> Peak {
        self.peaks.get(row).copied().unwrap_or(Peak { top: 0.0, own: 0.0, likeliest: 0 })
    }

    fn probability(&self, row: usize, class: usize) -> f64 {
        self.probabilities.get(row * self.classes + class).copied().unwrap_or(0.0)
    }

    /// The rows of each label, ascending.
    fn by_label(&self) -> Vec<Vec<usize>> {
        let mut counts = vec![0_usize; self.classes];
        for label in self.labels {
            if let Some(count) = counts.get_mut(*label) {
                *count += 1;
            }
        }
        let mut rows: Vec<Vec<usize>> = counts.into_iter().map(Vec::with_capacity).collect();
        for (row, label) in self.labels.iter().enumerate() {
            if let Some(list) = rows.get_mut(*label) {
                list.push(row);
            }
        }
        rows
    }

    /// Rows that one thread goes through: each in the order in which they lie in memory.
    fn shares(&self) -> Vec<std::ops::Range<usize>> {
        let rows = self.labels.len();
        let share = rows.div_ceil(rayon::current_num_threads()).max(1);
        (0..rows).step_by(share).map(|from| from..(from + share).min(rows)).collect()
    }

    fn thresholds(&self, by_label: &[Vec<usize>]) -> Vec<f64> {
        let mean = |rows: &Vec<usize>| {
            let own: Vec<f64> = rows.iter().map(|row| self.peak(*row).own).collect();
            if own.is_empty() { UNREACHED } else { (pairwise(&own) / real(own.len())).max(LEAST) }
        };
        by_label.par_iter().map(mean).collect()
    }

    /// The class a row confidently belongs to: of several the likeliest. `least` are the thresholds less a millionth.
    fn confident(&self, row: usize, least: &[f64]) -> Option<usize> {
        let Peak { top, likeliest, .. } = self.peak(row);
        let values = self.row(row);
        let reaches = |(value, least): (&f64, &f64)| value >= least;
        if values.len() <= MASK {
            let reached = bits(values.iter().zip(least).map(reaches));
            return match reached.count_ones() {
                0 => None,
                1 => Some(reached.trailing_zeros() as usize),
                _ => Some(likeliest),
            };
        }
        // Whichever else does: it is the one, or the likeliest of several.
        if least.get(likeliest).is_some_and(|least| top >= *least) {
            return Some(likeliest);
        }
        let reached: u64 = values.iter().zip(least).map(|pair| u64::from(reaches(pair))).sum();
        match reached {
            0 => None,
            1 => values.iter().zip(least).position(reaches),
            _ => Some(likeliest),
        }
    }

    /// How many rows of each label (outer) are confidently of each class (inner).
    fn counts(&self, thresholds: &[f64]) -> Vec<Vec<usize>> {
        let classes = self.classes;
        let least: Vec<f64> = thresholds.iter().map(|threshold| threshold - EPSILON).collect();
        let share = |rows: std::ops::Range<usize>| {
            let mut counts = vec![0_usize; classes * classes];
            for row in rows {
                let label = self.labels.get(row).copied().unwrap_or(0);
                let cell = self.confident(row, &least).map(|class| label * classes + class);
                if let Some(cell) = cell.and_then(|cell| counts.get_mut(cell)) {
                    *cell += 1;
                }
            }
            counts
        };
        let parts: Vec<Vec<usize>> = self.shares().into_par_iter().map(share).collect();
        let count = |cell: usize| parts.iter().filter_map(|part| part.get(cell)).sum();
        let row = |label: usize| (0..classes).map(|class| count(label * classes + class)).collect();
        (0..classes).map(row).collect()
    }

    /// Counts of label against confident class, scaled to the rows of each label and rounded.
    fn joint(&self, by_label: &[Vec<usize>], thresholds: &[f64]) -> Vec<Vec<i64>> {
        let classes = self.classes;
        let mut counts = self.counts(thresholds);
        // Every class keeps one row that is right.
        for (class, row) in counts.iter_mut().enumerate() {
            if let Some(cell) = row.get_mut(class) {
                *cell = (*cell).max(1);
            }
        }
        let totals: Vec<f64> = counts.iter().map(|row| real(row.iter().sum())).collect();
        let scaled = |label: usize, class: usize| {
            let count = counts.get(label).and_then(|row| row.get(class)).copied().unwrap_or(0);
            let rows = by_label.get(label).map_or(0, Vec::len);
            real(count) / totals.get(label).copied().unwrap_or(1.0) * real(rows)
        };
        // Summed class by class, as the reference lays the matrix out in memory.
        let flat: Vec<f64> = (0..classes)
            .flat_map(|class| (0..classes).map(move |label| (label, class)))
            .map(|(label, class)| scaled(label, class))
            .collect();
        let whole = pairwise(&flat).max(1e-100);
        let all = real(self.labels.len());
        (0..classes)
            .map(|label| {
                let row: Vec<f64> =
                    (0..classes).map(|class| scaled(label, class) / whole * all).collect();
                rounded(&row)
            })
            .collect()
    }

    /// Rows whose label is called wrong, ascending.
    fn prune(&self, by_label: &[Vec<usize>], joint: &[Vec<i64>]) -> Vec<bool> {
        let wanted: Vec<usize> = by_label
            .iter()
            .enumerate()
            .flat_map(|(label, rows)| match rows.len() {
                0 | 1 => vec![0; self.classes],
                _ => kept(label, joint),
            })
            .collect();
        // Each label is one thread's alone; rows are read in the order in which they lie in memory.
        let groups = rayon::current_num_threads().min(self.classes);
        let chosen: Vec<Vec<usize>> = (0..groups)
            .into_par_iter()
            .map(|group| self.called(group, groups, by_label, &wanted))
            .collect();
        let mut wrong = vec![false; self.labels.len()];
        for row in chosen.iter().flatten() {
            if let Some(wrong) = wrong.get_mut(*row) {
                *wrong = true;
            }
        }
        wrong
    }

    /// The rows that are called wrong for the labels of a group, in any order.
    fn called(
        &self,
        group: usize,
        groups: usize,
        by_label: &[Vec<usize>],
        wanted: &[usize],
    ) -> Vec<usize> {
        let classes = self.classes;
        let mine = || (group..classes).step_by(groups);
        let cells = || mine().flat_map(|label| label * classes..(label + 1) * classes);
        let mut lists: Vec<Largest> =
            cells().map(|cell| Largest::new(wanted.get(cell).copied().unwrap_or(0))).collect();
        let mut bars: Vec<f64> = lists.iter().map(Largest::bar).collect();
        for ((row, peak), label) in self.peaks.iter().enumerate().zip(self.labels) {
            if peak.top <= peak.own || label % groups != group {
                continue;
            }
            let cells = label / groups * classes..(label / groups + 1) * classes;
            if let (Some(lists), Some(bars)) = (lists.get_mut(cells.clone()), bars.get_mut(cells)) {
                lead(row, peak.own, self.row(row), lists, bars);
            }
        }
        cells().zip(lists).flat_map(|(cell, list)| self.choose(list, by_label, cell)).collect()
    }

    /// The rows of a label that a class leads by most, as many as are wanted, in any order.
    fn choose(&self, list: Largest, by_label: &[Vec<usize>], cell: usize) -> Vec<usize> {
        let Largest { most, mut leads, .. } = list;
        if leads.len() < most {
            // Rows less likely of the class than of their label are among those wanted.
            let (label, class) = (cell / self.classes, cell % self.classes);
            let rows = by_label.get(label).map(Vec::as_slice).unwrap_or_default();
            let margin = |row| self.probability(row, class) - self.peak(row).own;
            leads = rows.iter().map(|row| Rank::lead(margin(*row), *row)).collect();
        }
        if most < leads.len() {
            leads.select_nth_unstable(most);
            leads.truncate(most);
        }
        leads.into_iter().map(Rank::place).collect()
    }

    /// Whether the label is the likeliest class, or as likely to a millionth.
    fn fits(&self, row: usize) -> bool {
        let Peak { top, own, likeliest } = self.peak(row);
        let own = own + EPSILON;
        top < own || top <= own && Some(&likeliest) >= self.labels.get(row)
    }

    /// What is to be said of the rows that are called wrong, the least confident first.
    fn issues(&self, wrong: &[bool]) -> Vec<LabelIssue> {
        let issue = |row: usize| {
            let Peak { top, own, likeliest } = self.peak(row);
            LabelIssue {
                row,
                given: self.labels.get(row).copied().unwrap_or(0),
                suggested: likeliest,
                confidence: own,
                suggested_probability: top,
            }
        };
        let called = |rows: std::ops::Range<usize>| -> Vec<LabelIssue> {
            let wrong = wrong.get(rows.clone()).unwrap_or_default();
            let called = rows.zip(wrong).filter(|(row, wrong)| **wrong && !self.fits(*row));
            called.map(|(row, _)| issue(row)).collect()
        };
        let parts: Vec<Vec<LabelIssue>> = self.shares().into_par_iter().map(called).collect();
        let found: Vec<LabelIssue> = parts.concat();
        let rank = |(place, issue): (usize, &LabelIssue)| Rank::new(issue.confidence, place);
        let mut order: Vec<Rank> = found.iter().enumerate().map(rank).collect();
        order.par_sort_unstable();
        order.into_iter().filter_map(|rank| found.get(rank.place()).copied()).collect()
    }
}

/// A number and a place in one whole number, which is compared without a branch: the smaller number first (in the order of
/// [`f64::total_cmp`]), of equal ones the earlier place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank(u128);

impl Rank {
    const SIGN: u64 = 1 << 63;

    fn new(number: f64, place: usize) -> Self {
        let bits = number.to_bits();
        let ordered = if bits & Self::SIGN == 0 { bits | Self::SIGN } else { !bits };
        Self(u128::from(ordered) << 64 | place as u128)
    }

    /// The rank of a row that a class leads by a margin: the largest margin first.
    fn lead(margin: f64, row: usize) -> Self {
        Self::new(-margin, row)
    }

    fn margin(self) -> f64 {
        -self.number()
    }

    fn number(self) -> f64 {
        let ordered = (self.0 >> 64) as u64;
        let bits = if ordered & Self::SIGN == 0 { !ordered } else { ordered & !Self::SIGN };
        f64::from_bits(bits)
    }

    fn place(self) -> usize {
        // The lower half.
        self.0 as usize
    }
}

/// Where the first value stands that reaches `least`, which one of them does.
fn first(values: &[f64], least: f64) -> usize {
    if values.len() <= MASK {
        return bits(values.iter().map(|value| *value >= least)).trailing_zeros() as usize;
    }
    let (parts, rest) = values.as_chunks::<LANES>();
    // Eight at a time without a branch for each.
    let reached = |part: &[f64; LANES]| any(part.iter().map(|value| *value >= least));
    if let Some((at, part)) = parts.iter().enumerate().find(|(_, part)| reached(part)) {
        return at * LANES + part.iter().position(|value| *value >= least).unwrap_or(0);
    }
    let at = rest.iter().position(|value| *value >= least);
    at.map_or(0, |at| parts.len() * LANES + at)
}

/// Takes from a row by how much each class is likelier than its label, where that is above the class's bar.
fn lead(row: usize, own: f64, values: &[f64], lists: &mut [Largest], bars: &mut [f64]) {
    let (parts, rest) = values.as_chunks::<LANES>();
    let (bar_parts, bar_rest) = bars.as_chunks_mut::<LANES>();
    // Several classes at a time, without a branch for each: which are above their bars nothing foretells.
    for ((values, bars), lists) in parts.iter().zip(bar_parts).zip(lists.chunks_mut(LANES)) {
        let above = |(value, bar): (&f64, &f64)| value - own > *bar;
        if any(values.iter().zip(&*bars).map(above)) {
            let found = bits(values.iter().zip(&*bars).map(above));
            take(found, row, own, values, lists, bars);
        }
    }
    let lists = lists.get_mut(parts.len() * LANES..).unwrap_or_default();
    let found = bits(rest.iter().zip(&*bar_rest).map(|(value, bar)| value - own > *bar));
    take(found, row, own, rest, lists, bar_rest);
}

/// The same of the classes whose bits are set.
fn take(
    mut found: u64,
    row: usize,
    own: f64,
    values: &[f64],
    lists: &mut [Largest],
    bars: &mut [f64],
) {
    while found != 0 {
        let lane = found.trailing_zeros() as usize;
        found &= found - 1;
        let class = (values.get(lane), bars.get_mut(lane), lists.get_mut(lane));
        if let (Some(value), Some(bar), Some(list)) = class {
            *bar = list.push(Rank::lead(value - own, row));
        }
    }
}

/// Whether an answer is yes, all of them looked at: without a branch for each.
fn any(answers: impl Iterator<Item = bool>) -> bool {
    answers.fold(0, |any, answer| any | u8::from(answer)) != 0
}

/// A bit for each of at most 64 answers, the first one lowest.
fn bits(answers: impl Iterator<Item = bool>) -> u64 {
    answers.enumerate().fold(0, |bits, (at, answer)| bits | u64::from(answer) << at)
}

/// The largest of a row's values; not a number when one of them is no probability.
fn top(values: &[f64]) -> f64 {
    let larger = |best: f64, value: f64| if value > best { value } else { best };
    let wrong = |value: f64| !(-EPSILON..=1.0 + EPSILON).contains(&value);
    let (parts, rest) = values.as_chunks::<LANES>();
    // Without a branch a value, and every eighth by itself: none waits for the one before it.
    let (mut best, mut none) = ([f64::NEG_INFINITY; LANES], [false; LANES]);
    for part in parts {
        for ((best, none), value) in best.iter_mut().zip(&mut none).zip(part) {
            *best = larger(*best, *value);
            *none |= wrong(*value);
        }
    }
    if none.contains(&true) || rest.iter().any(|value| wrong(*value)) {
        return f64::NAN;
    }
    best.iter().chain(rest).copied().fold(f64::NEG_INFINITY, larger)
}

/// Rows to take from each class of a label: the joint's, lowered alike where a class had less than one row left.
fn kept(label: usize, joint: &[Vec<i64>]) -> Vec<usize> {
    let Some(row) = joint.get(label) else { return Vec::new() };
    let own = row.get(label).copied().unwrap_or(0);
    let raised = (1 - own).max(0);
    let others = row.iter().filter(|count| **count != 0).count();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of rows"
    )]
    let lowered = |count: i64| {
        let each = raised as f64 / (real(others) - 1.0).max(1.0);
        (count as f64 - each).max(0.0) as usize
    };
    let lowered = |(class, count)| if class == label { 0 } else { lowered(count) };
    row.iter().copied().enumerate().map(lowered).collect()
}

/// The largest of margins above 0 that come one after the other, and others that are given up when there are too many.
struct Largest {
    most: usize,
    leads: Vec<Rank>,
    bar: f64,
}

impl Largest {
    fn new(most: usize) -> Self {
        let bar = if most == 0 { f64::INFINITY } else { 0.0 };
        Self { most, leads: Vec::with_capacity(2 * most), bar }
    }

    /// What a margin must exceed to count.
    fn bar(&self) -> f64 {
        self.bar
    }

    /// Takes a margin above the bar and gives the next bar. An equal one that comes later does not count.
    fn push(&mut self, lead: Rank) -> f64 {
        self.leads.push(lead);
        // Half are given up at once: that costs each of them a few comparisons, a heap the logarithm of their number.
        if self.leads.len() == 2 * self.most {
            let (_, least, _) = self.leads.select_nth_unstable(self.most - 1);
            self.bar = least.margin();
            self.leads.truncate(self.most);
        }
        self.bar
    }
}

/// Whole numbers with the same sum: rounded half to even, then the largest remainders raised, or the smallest lowered.
fn rounded(values: &[f64]) -> Vec<i64> {
    let mut whole: Vec<f64> = values.iter().map(|value| value.round_ties_even()).collect();
    let wanted = pairwise(values).round_ties_even();
    // Every turn moves the sum by at least one towards what is wanted.
    for _ in 0..=values.len() {
        let missing = wanted - whole.iter().sum::<f64>();
        if missing.abs() <= EPSILON || whole.is_empty() {
            break;
        }
        let rest: Vec<f64> =
            values.iter().zip(&whole).map(|(value, whole)| value - whole).collect();
        let mut order = ascending(&rest);
        let step = if missing < 0.0 { -1.0 } else { 1.0 };
        if step > 0.0 {
            order.reverse();
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most the number of values"
        )]
        let changes = (missing.abs() as usize).min(values.len());
        for index in order.into_iter().take(changes) {
            if let Some(value) = whole.get_mut(index) {
                *value += step;
            }
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "counts of rows")]
    whole.iter().map(|value| *value as i64).collect()
}

/// Indices in ascending order of their values. Equal values keep no order of their own but that of a bitonic network over the
/// next power of two, which is what vector units sort by; above 256 values, the order they came in.
fn ascending(values: &[f64]) -> Vec<usize> {
    if values.len() > 256 {
        let mut order: Vec<usize> = (0..values.len()).collect();
        let of = |index: &usize| values.get(*index).copied().unwrap_or(0.0);
        order.sort_by(|one, other| of(one).total_cmp(&of(other)));
        return order;
    }
    let size = values.len().next_power_of_two().max(8);
    let padding = (values.len()..size).map(|index| (f64::INFINITY, index));
    let mut cells: Vec<(f64, usize)> =
        values.iter().enumerate().map(|(index, value)| (*value, index)).chain(padding).collect();
    let mut width = 2;
    while width <= size {
        for block in cells.chunks_mut(width) {
            let (low, high) = block.split_at_mut(width / 2);
            for (one, other) in low.iter_mut().zip(high.iter_mut().rev()) {
                exchange(one, other);
            }
            let mut step = width / 2;
            while step > 1 {
                for part in block.chunks_mut(step) {
                    let (low, high) = part.split_at_mut(step / 2);
                    for (one, other) in low.iter_mut().zip(high) {
                        exchange(one, other);
                    }
                }
                step /= 2;
            }
        }
        width *= 2;
    }
    cells.into_iter().take(values.len()).map(|(_, index)| index).collect()
}

/// Puts two cells in order.
fn exchange(one: &mut (f64, usize), other: &mut (f64, usize)) {
    if other.0 < one.0 {
        std::mem::swap(one, other);
    }
}

/// The sum of numbers, added pairwise in blocks of 128 with eight running sums (Higham 1993): an error that grows with the
/// logarithm of their number only.
fn pairwise(values: &[f64]) -> f64 {
    let count = values.len();
    if count < 8 {
        return values.iter().sum();
    }
    if count <= 128 {
        let mut sums = [0.0_f64; 8];
        let blocks = values.chunks_exact(8);
        let rest = blocks.remainder();
        for block in blocks {
            for (sum, value) in sums.iter_mut().zip(block) {
                *sum += value;
            }
        }
        let [one, two, three, four, five, six, seven, eight] = sums;
        let whole = ((one + two) + (three + four)) + ((five + six) + (seven + eight));
        return rest.iter().fold(whole, |sum, value| sum + value);
    }
    let half = count / 2;
    let (low, high) = values.split_at(half - half % 8);
    pairwise(low) + pairwise(high)
}

#[cfg(test)]
#[expect(
    clippy::float_cmp,
    clippy::cast_precision_loss,
    reason = "sums of whole numbers are exact"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_joint_of_a_worked_example() {
        let labels = [0, 0, 0, 0, 1, 1, 1, 1];
        let own = [0.9, 0.8, 0.85, 0.1, 0.2, 0.15, 0.1, 0.95];
        let probabilities: Vec<f64> = own.iter().flat_map(|p| [*p, 1.0 - p]).collect();
        let review = review(&labels, &probabilities, 2).unwrap();
        assert_eq!(review.joint, [[3, 1], [1, 3]]);
        assert_eq!(review.issues.iter().map(|issue| issue.row).collect::<Vec<_>>(), [7, 3]);
        assert!((review.thresholds[0] - 0.6625).abs() < 1e-12);
    }

    #[test]
    fn wrong_tables_are_told() {
        assert_eq!(review(&[0, 1], &[0.5; 3], 2).unwrap_err().code(), "quality-shape");
        assert_eq!(review(&[0, 2], &[0.5; 4], 2).unwrap_err().code(), "quality-label");
        assert_eq!(
            review(&[0, 1], &[0.5, 0.5, f64::NAN, 0.5], 2).unwrap_err().code(),
            "quality-probability"
        );
        assert!(review(&[], &[], 2).unwrap().issues.is_empty());
    }

    #[test]
    fn equal_values_come_in_the_order_of_the_network() {
        let values = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0];
        // As NumPy 2.4 sorts them with vectors of eight.
        assert_eq!(ascending(&values), [1, 3, 7, 4, 10, 9, 2, 0, 6, 5, 8, 11]);
    }

    #[test]
    fn a_probability_that_is_none_is_told_wherever_it_stands() {
        for place in 0..23 {
            for wrong in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
                let mut values = vec![1.0 / 23.0; 46];
                values[23 + place] = wrong;
                let fault = review(&[0, 1], &values, 23).unwrap_err();
                assert_eq!(fault.code(), "quality-probability", "{wrong} at {place}");
            }
        }
        assert_eq!(top(&[0.1; 23]), 0.1);
        assert_eq!(top(&[0.1, 0.7, 0.2]), 0.7);
    }

    /// The rows that are called wrong, by sorting all of them for every label and class.
    fn sorted_out(table: &Table<'_>, by_label: &[Vec<usize>], joint: &[Vec<i64>]) -> Vec<bool> {
        let mut wrong = vec![false; table.labels.len()];
        for (label, rows) in by_label.iter().enumerate().filter(|(_, rows)| rows.len() > 1) {
            for (class, most) in kept(label, joint).into_iter().enumerate() {
                let mut rows = rows.clone();
                let margin =
                    |row: &usize| table.probability(*row, class) - table.probability(*row, label);
                rows.sort_by(|one, other| margin(other).total_cmp(&margin(one)));
                rows.iter().take(most).for_each(|row| wrong[*row] = true);
            }
        }
        wrong
    }

    proptest! {
        #[test]
        fn ranks_are_in_order(one in (prop::num::f64::ANY, 0_usize..9), other in (prop::num::f64::ANY, 0_usize..9)) {
            let (first, second) = (Rank::new(one.0, one.1), Rank::new(other.0, other.1));
            prop_assert_eq!(first.cmp(&second), one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
            prop_assert_eq!(first.number().to_bits(), one.0.to_bits());
            prop_assert_eq!(first.place(), one.1);
            let earlier = Rank::lead(one.0, 1) < Rank::lead(other.0, 1);
            prop_assert_eq!(earlier, one.0.total_cmp(&other.0).is_gt());
        }

        #[test]
        fn rows_are_called_wrong_as_by_sorting(
            classes in prop::sample::select(vec![1_usize, 2, 7, 8, 19, 64, 65, 90]),
            draws in prop::collection::vec((0_usize..90, 0_usize..90, 1_u8..9, 1_u8..9), 0..300),
        ) {
            let labels: Vec<usize> = draws.iter().map(|draw| draw.0 % classes).collect();
            // Few values, so that many are equal.
            let row = |(row, (_, near, peak, other)): (usize, &(usize, usize, u8, u8))| {
                let value = move |class: usize| match class {
                    class if class == near % classes => f64::from(*peak),
                    class => f64::from(*other) * ((class * 7 + row) % 5) as f64 / 4.0,
                };
                let sum: f64 = (0..classes).map(&value).sum::<f64>().max(1.0);
                (0..classes).map(|class| value(class) / sum).collect::<Vec<f64>>()
            };
            let probabilities: Vec<f64> = draws.iter().enumerate().flat_map(row).collect();
            let table = Table::new(&labels, &probabilities, classes).unwrap();
            for (row, values) in probabilities.chunks(classes).enumerate() {
                let largest = values.iter().copied().fold(f64::MIN, f64::max);
                prop_assert_eq!(values.iter().position(|value| *value == largest), Some(table.peak(row).likeliest));
            }
            let by_label = table.by_label();
            let thresholds = table.thresholds(&by_label);
            let least: Vec<f64> = thresholds.iter().map(|threshold| threshold - EPSILON).collect();
            for (row, values) in probabilities.chunks(classes).enumerate() {
                let reached: Vec<usize> = (0..classes).filter(|class| values[*class] >= least[*class]).collect();
                let expected = match reached.as_slice() {
                    [] => None,
                    [class] => Some(*class),
                    _ => Some(table.peak(row).likeliest),
                };
                prop_assert_eq!(table.confident(row, &least), expected);
            }
            let joint = table.joint(&by_label, &thresholds);
            prop_assert_eq!(table.prune(&by_label, &joint), sorted_out(&table, &by_label, &joint));
        }

        #[test]
        fn the_largest_leads_stay(margins in prop::collection::vec(0_u8..9, 0..60), most in 0_usize..12) {
            let mut list = Largest::new(most);
            let mut bar = list.bar();
            for (row, margin) in margins.iter().enumerate() {
                let margin = f64::from(*margin) / 8.0;
                if margin > bar {
                    bar = list.push(Rank::lead(margin, row));
                }
            }
            list.leads.sort_unstable();
            let mut kept: Vec<usize> = list.leads.iter().map(|lead| lead.place()).take(most).collect();
            let mut all: Vec<usize> = (0..margins.len()).filter(|row| margins[*row] > 0).collect();
            // A stable sort: the earlier of equals.
            all.sort_by_key(|row| std::cmp::Reverse(margins[*row]));
            all.truncate(most);
            kept.sort_unstable();
            all.sort_unstable();
            prop_assert_eq!(kept, all);
        }

        #[test]
        fn sorting_sorts(values in prop::collection::vec(-9.0_f64..9.0, 0..300)) {
            let order = ascending(&values);
            prop_assert!(order.windows(2).all(|pair| values[pair[0]] <= values[pair[1]]));
            let mut all = order;
            all.sort_unstable();
            prop_assert_eq!(all, (0..values.len()).collect::<Vec<_>>());
        }

        #[test]
        fn rounding_keeps_the_sum(values in prop::collection::vec(0.0_f64..50.0, 1..120)) {
            let whole = rounded(&values);
            prop_assert_eq!(whole.iter().sum::<i64>() as f64, pairwise(&values).round_ties_even());
            prop_assert!(whole.iter().zip(&values).all(|(a, b)| (*a as f64 - b).abs() <= 1.0));
        }

        #[test]
        fn pairwise_is_a_sum(values in prop::collection::vec(-1.0_f64..1.0, 0..700)) {
            let plain: f64 = values.iter().sum();
            prop_assert!((pairwise(&values) - plain).abs() < 1e-9);
        }
    }
}

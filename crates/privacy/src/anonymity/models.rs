//! The privacy models as functions of one class's histogram and the released table's shares.
//!
//! A class has n rows, `c_v` of them with the sensitive value v; `q_v` = `c_v/n`, and `p_v` is the value's share in the released
//! table. Values are numbered in their order: numbers by size, the rest by text.
//!
//! Where a column names persons, n and `c_v` count persons, and a person may hold several values: the `c_v` add up to more than n.
//! - α, β and δ-disclosure are about one value at a time: `q_v` and `p_v` are then shares of persons that hold it, the confidence that
//!   somebody holds it ((X, Y)-linkability: Wang and Fung 2006).
//! - Entropy and t need distributions: each person weighs one in all, in equal parts over the person's values ([`super::spread`]).
//! - Of l values some must be open for everybody. (c, l)-diversity takes n less the l − 1 largest `c_v` for `r_l` + … + `r_m`: at least
//!   so many persons hold none of these values. l itself is the fewest values whose `c_v` reach n together: with fewer, somebody holds
//!   none of them. The entropy is at most the logarithm of that, and t at least the largest gain `q_v` − `p_v` where values have no
//!   order, so that a value which everybody holds is never hidden by what some hold besides.
//!
//! Where everybody has one value, all of these are the published formulas.

use super::groups::Groups;
use super::numbers::{at, by, code, real};
use super::persons::Persons;
use super::policy::{Diversity, Likeness, Policy};
use super::spread::{Histogram, Whole};

/// Slack for sums of rounded terms.
const SLACK: f64 = 1e-9;

/// One class of one sensitive column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class<'a> {
    /// Ascending.
    pub(super) values: &'a [u32],
    /// Rows with the value, or persons that hold it; at least 1 each.
    counts: &'a [u32],
    /// Parts of persons; empty where each row is one.
    weights: &'a [u64],
    /// Rows, or persons.
    size: u32,
}

impl<'a> Class<'a> {
    pub(super) fn of(groups: &'a Groups, column: usize, group: usize) -> Self {
        let (values, counts, weights): Histogram<'a> =
            groups.spreads.get(column).map(|spread| spread.of(group)).unwrap_or_default();
        let size = if weights.is_empty() { counts.iter().sum() } else { groups.size(group) };
        Self { values, counts, weights, size }
    }

    /// Whether a person of the class holds several values.
    fn overlaps(self) -> bool {
        !self.weights.is_empty()
            && self.counts.iter().map(|count| u64::from(*count)).sum::<u64>() > self.size.into()
    }

    /// Each value's share of the rows, or of the persons: those that hold it.
    fn held(self) -> impl Iterator<Item = (u32, f64)> + 'a {
        let size = f64::from(self.size);
        self.values
            .iter()
            .zip(self.counts)
            .map(move |(value, count)| (*value, f64::from(*count) / size))
    }

    /// Each value's part of the rows, or of the persons: all parts are 1.
    fn parts(self) -> impl Iterator<Item = (u32, f64)> + 'a {
        let total = real(self.weights.iter().sum());
        let weighed = self
            .values
            .iter()
            .zip(self.weights)
            .map(move |(value, weight)| (*value, real(*weight) / total));
        // One of the two is empty.
        let rows = self.weights.is_empty().then(|| self.held());
        rows.into_iter().flatten().chain(weighed)
    }

    /// Largest share of one value, in (0, 1].
    pub(super) fn alpha(self) -> f64 {
        self.held().map(|(_, q)| q).fold(0.0, f64::max)
    }

    /// The fewest values that everybody may hold one of, as far as counts tell: all of them where everybody has one value.
    pub(super) fn width(self) -> u32 {
        if !self.overlaps() {
            return code(self.values.len());
        }
        let mut counts = self.counts.to_vec();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let mut reached = 0_u64;
        let fewer = counts.iter().take_while(|count| {
            let open = reached < self.size.into();
            reached += u64::from(**count);
            open
        });
        code(fewer.count())
    }

    /// Σ q ln q, at most 0: pairwise as `NumPy` adds, so that truncations of it agree. At least −ln [`Class::width`].
    pub(super) fn negentropy(self) -> f64 {
        let terms: Vec<f64> = self.parts().map(|(_, q)| q * q.ln()).collect();
        let least = if self.overlaps() { -f64::from(self.width()).ln() } else { f64::MIN };
        pairwise(&terms).max(least)
    }

    /// r₁ ÷ (`r_l` + … + `r_m`), counts descending; infinite for a class of a width below l.
    pub(super) fn recursive(self, l: u32) -> f64 {
        let mut counts = self.counts.to_vec();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let before = counts.iter().take((l as usize).saturating_sub(1));
        let before: u64 = before.map(|count| u64::from(*count)).sum();
        let tail = u64::from(self.size).saturating_sub(before);
        f64::from(counts.first().copied().unwrap_or(0)) / real(tail)
    }

    /// The least count ÷ (counts from the l-th least on): what pyCANON takes for the recursive ratio.
    pub(super) fn ascending_ratio(self, l: u32) -> f64 {
        let mut counts = self.counts.to_vec();
        counts.sort_unstable();
        let tail: u32 = counts.iter().skip((l as usize).saturating_sub(1)).sum();
        f64::from(counts.first().copied().unwrap_or(0)) / f64::from(tail)
    }

    /// Largest (q − p)/p, at least 0 as some value never loses.
    pub(super) fn gain(self, released: &Shares) -> f64 {
        let p = released.held();
        self.held().map(|(value, q)| (q - by(p, value)) / by(p, value)).fold(0.0, f64::max)
    }

    /// Largest |ln(q/p)| over the values of the class.
    pub(super) fn disclosure(self, released: &Shares) -> f64 {
        let p = released.held();
        self.held().map(|(value, q)| (q / by(p, value)).ln().abs()).fold(0.0, f64::max)
    }

    /// Earth mover's distance to the table, in [0, 1]. Ordered: Σᵢ |Σ_{j≤i} (`q_j` − `p_j`)| ÷ (m − 1) over the m values; otherwise
    /// half the sum of |q − p|, and not below q − p of what persons hold.
    pub(super) fn distance(self, released: &Shares, ordered: bool) -> f64 {
        let p = released.parts.as_slice();
        if !ordered {
            let total: f64 = p.iter().sum();
            let moved: f64 =
                self.parts().map(|(value, q)| (q - by(p, value)).abs() - by(p, value)).sum();
            let moved = 0.5 * (moved + total).max(0.0);
            if released.held.is_empty() {
                return moved;
            }
            return self
                .held()
                .map(|(value, q)| q - by(&released.held, value))
                .fold(moved, f64::max);
        }
        // Values that were suppressed everywhere are no longer in the table.
        let present = released.present();
        let mut shares = self.parts().peekable();
        let (mut carried, mut work) = (0.0_f64, 0.0_f64);
        for (value, p) in (0..).zip(p).filter(|(_, p)| **p > 0.0) {
            let q = shares.next_if(|(next, _)| *next == value).map_or(0.0, |(_, q)| q);
            carried += q - p;
            work += carried.abs();
        }
        // A table of one value has nowhere to carry anything.
        if present > 1 { work / (real(present as u64) - 1.0) } else { 0.0 }
    }
}

/// `NumPy`'s order of addition: eight running sums up to 128 terms, halves above.
pub(super) fn pairwise(terms: &[f64]) -> f64 {
    if terms.len() < 8 {
        return terms.iter().sum();
    }
    if terms.len() > 128 {
        let half = terms.len() / 2 / 8 * 8;
        let (front, back) = terms.split_at_checked(half).unwrap_or((terms, &[]));
        return pairwise(front) + pairwise(back);
    }
    let mut sums = [0.0_f64; 8];
    let blocks = terms.chunks_exact(8);
    let rest = blocks.remainder();
    for block in blocks {
        for (sum, term) in sums.iter_mut().zip(block) {
            *sum += term;
        }
    }
    let pair = |first: usize| at(&sums, first) + at(&sums, first + 1);
    rest.iter().fold((pair(0) + pair(2)) + (pair(4) + pair(6)), |sum, term| sum + term)
}

/// The criteria of a policy, ready to be asked of classes.
#[derive(Debug)]
pub(super) struct Criteria<'a> {
    pub(super) policy: &'a Policy,
    /// One a sensitive column: whether its values have an order, and how many there are.
    pub(super) ordered: Vec<bool>,
    pub(super) distinct: Vec<usize>,
}

impl Criteria<'_> {
    /// Whether a class that satisfies them still does after it is merged with *any* class: k and distinct l alone, and k alone where
    /// persons may hold several values.
    pub(super) fn is_plain(&self, groups: &Groups) -> bool {
        let policy = self.policy;
        let counts_rows = groups.persons.is_none();
        (policy.l.is_none() || counts_rows && matches!(policy.l, Some(Diversity::Distinct(_))))
            && policy.alpha.is_none()
            && !self.needs_shares()
            && policy.presence.is_none()
    }

    /// Whether classes that satisfy them still do after they are merged with each other: not where a person is in several classes, who
    /// weighs less in their union than in each of them.
    pub(super) fn is_monotone(&self, groups: &Groups) -> bool {
        groups.persons.as_ref().is_none_or(Persons::apart)
            || !(self.policy.asks_values() || self.policy.presence.is_some())
    }

    /// Whether the released table's shares matter.
    fn needs_shares(&self) -> bool {
        self.policy.t.is_some() || self.policy.beta.is_some() || self.policy.delta.is_some()
    }

    /// k, and distinct values of each sensitive column: what only grows when classes merge.
    pub(super) fn grows(&self, groups: &Groups, group: usize) -> bool {
        let wide = match self.policy.l {
            Some(Diversity::Distinct(l) | Diversity::Recursive { l, .. }) => l as usize,
            Some(Diversity::Entropy(_)) | None => 0,
        };
        groups.size(group) >= self.policy.k
            && (wide <= 1 || groups.spreads.iter().all(|spread| spread.different(group) >= wide))
    }

    /// Every criterion that looks at one class alone.
    pub(super) fn alone(&self, groups: &Groups, group: usize) -> bool {
        self.grows(groups, group)
            && (0..groups.spreads.len()).all(|column| {
                let class = Class::of(groups, column, group);
                let diverse = match self.policy.l {
                    Some(Diversity::Entropy(l)) => -class.negentropy() >= l.ln() - SLACK,
                    Some(Diversity::Recursive { c, l }) => class.recursive(l) < c,
                    Some(Diversity::Distinct(l)) => class.width() >= l,
                    None => true,
                };
                diverse && self.policy.alpha.is_none_or(|alpha| class.alpha() <= alpha + SLACK)
            })
            && self.policy.presence.is_none_or(|bounds| {
                presence(groups, group).is_none_or(|share| share <= bounds.most + SLACK)
            })
    }

    /// The criteria that compare a class with the released table.
    fn against(&self, class: Class<'_>, p: &Shares, ordered: bool) -> bool {
        let policy = self.policy;
        policy.t.is_none_or(|t| class.distance(p, ordered) <= t + SLACK)
            && policy.beta.is_none_or(|beta| match beta {
                Likeness::Basic(beta) => class.gain(p) <= beta + SLACK,
                Likeness::Enhanced(beta) => class.held().all(|(value, q)| {
                    let p = by(p.held(), value);
                    (q - p) / p <= beta.min(-p.ln()) + SLACK
                }),
            })
            && policy.delta.is_none_or(|delta| {
                class.values.len() == p.present() && class.disclosure(p) <= delta + SLACK
            })
    }

    /// Every criterion, a table of these shares being released; there is one list of shares a sensitive column.
    pub(super) fn passes(&self, groups: &Groups, group: usize, released: &[Shares]) -> bool {
        self.alone(groups, group)
            && (!self.needs_shares()
                || released.iter().zip(&self.ordered).enumerate().all(|(column, (p, ordered))| {
                    self.against(Class::of(groups, column, group), p, *ordered)
                }))
    }

    /// The shares of each sensitive column's values over the kept groups.
    pub(super) fn released(&self, groups: &Groups, kept: &[bool]) -> Vec<Shares> {
        self.distinct
            .iter()
            .enumerate()
            .map(|(column, distinct)| shares(groups, column, kept, *distinct))
            .collect()
    }

    /// Which groups may be released. Groups that fail are taken out; where the released table's shares matter, they are
    /// computed anew without them until nothing fails, so that the promise holds of what is released. `None`: no suppression can help.
    pub(super) fn keep(&self, groups: &Groups) -> Option<Vec<bool>> {
        let mut kept: Vec<bool> = (0..groups.len())
            .map(|group| at(&groups.rows, group) > 0 && self.alone(groups, group))
            .collect();
        while self.needs_shares() {
            let released = self.released(groups, &kept);
            let mut lost = false;
            for (group, keep) in kept.iter_mut().enumerate().filter(|(_, keep)| **keep) {
                *keep =
                    released.iter().zip(&self.ordered).enumerate().all(|(column, (p, ordered))| {
                        self.against(Class::of(groups, column, group), p, *ordered)
                    });
                lost |= !*keep;
            }
            if !lost {
                break;
            }
        }
        // With a lower bound, a class of the population that lost its rows tells that they are absent.
        let least = self.policy.presence.map_or(0.0, |bounds| bounds.least);
        let told = least > 0.0
            && kept.iter().enumerate().any(|(group, keep)| {
                groups.people.get(group).is_some_and(|people| *people > 0)
                    && !(*keep
                        && presence(groups, group).is_some_and(|share| share >= least - SLACK))
            });
        (!told).then_some(kept)
    }
}

/// Persons of the table ÷ rows of the population in a class.
pub(super) fn presence(groups: &Groups, group: usize) -> Option<f64> {
    let people = groups.people.get(group).copied().filter(|people| *people > 0)?;
    Some(f64::from(groups.size(group)) / f64::from(people))
}

/// The shares of a column's values in a table; 0 for what it lacks.
#[derive(Debug)]
pub(super) struct Shares {
    /// Of its rows, or of its persons in parts.
    pub(super) parts: Vec<f64>,
    /// Of its persons, those that hold the value; empty where that is the same.
    held: Vec<f64>,
}

impl Shares {
    /// The share that has the value, among others or alone.
    pub(super) fn held(&self) -> &[f64] {
        if self.held.is_empty() { &self.parts } else { &self.held }
    }

    /// How many values the table has.
    fn present(&self) -> usize {
        self.parts.iter().filter(|share| **share > 0.0).count()
    }
}

/// The values' shares over the kept groups.
pub(super) fn shares(groups: &Groups, column: usize, kept: &[bool], distinct: usize) -> Shares {
    let Some(spread) = groups.spreads.get(column) else {
        return Shares { parts: vec![0.0; distinct], held: Vec::new() };
    };
    let Whole { counts, weights } = spread.whole(kept, distinct);
    let of = |sums: &[u64], total: u64| -> Vec<f64> {
        sums.iter().map(|sum| real(*sum) / real(total.max(1))).collect()
    };
    let counted: u64 = counts.iter().sum();
    if weights.is_empty() {
        return Shares { parts: of(&counts, counted), held: Vec::new() };
    }
    let kept = kept.iter().enumerate().filter(|(_, keep)| **keep).map(|(group, _)| group);
    let persons = groups.together(kept);
    let held = if counted > persons { of(&counts, persons) } else { Vec::new() };
    Shares { parts: of(&weights, weights.iter().sum()), held }
}

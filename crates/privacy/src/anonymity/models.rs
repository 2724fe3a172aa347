//! The privacy models as functions of one class's histogram and the released table's shares.
//!
//! A class has n rows, `c_v` of them with the sensitive value v; `q_v` = `c_v/n`, and `p_v` is the value's share in the released
//! table. Values are numbered in their order: numbers by size, the rest by text. These count rows also where a column names
//! persons: a person may have several values. k and presence count persons then.

use super::groups::Groups;
use super::numbers::{at, by, real};
use super::policy::{Diversity, Likeness, Policy};

/// Slack for sums of rounded terms.
const SLACK: f64 = 1e-9;

/// One class of one sensitive column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class<'a> {
    /// Ascending.
    pub(super) values: &'a [u32],
    /// At least 1 each.
    pub(super) counts: &'a [u32],
    pub(super) rows: u32,
}

impl<'a> Class<'a> {
    pub(super) fn of(groups: &'a Groups, column: usize, group: usize) -> Self {
        let (values, counts) =
            groups.spreads.get(column).map_or((&[][..], &[][..]), |s| s.of(group));
        Self { values, counts, rows: counts.iter().sum() }
    }

    fn shares(self) -> impl Iterator<Item = (u32, f64)> + 'a {
        let rows = f64::from(self.rows);
        self.values
            .iter()
            .zip(self.counts)
            .map(move |(value, count)| (*value, f64::from(*count) / rows))
    }

    /// Largest share of one value, in (0, 1].
    pub(super) fn alpha(self) -> f64 {
        self.shares().map(|(_, q)| q).fold(0.0, f64::max)
    }

    /// Σ q ln q, at most 0: pairwise as `NumPy` adds, so that truncations of it agree.
    pub(super) fn negentropy(self) -> f64 {
        let terms: Vec<f64> = self.shares().map(|(_, q)| q * q.ln()).collect();
        pairwise(&terms)
    }

    /// r₁ ÷ (`r_l` + … + `r_m`), counts descending; infinite for fewer than l values.
    pub(super) fn recursive(self, l: u32) -> f64 {
        let mut counts = self.counts.to_vec();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let tail: u32 = counts.iter().skip((l as usize).saturating_sub(1)).sum();
        f64::from(counts.first().copied().unwrap_or(0)) / f64::from(tail)
    }

    /// The least count ÷ (counts from the l-th least on): what pyCANON takes for the recursive ratio.
    pub(super) fn ascending_ratio(self, l: u32) -> f64 {
        let mut counts = self.counts.to_vec();
        counts.sort_unstable();
        let tail: u32 = counts.iter().skip((l as usize).saturating_sub(1)).sum();
        f64::from(counts.first().copied().unwrap_or(0)) / f64::from(tail)
    }

    /// Largest (q − p)/p, at least 0 as some value never loses.
    pub(super) fn gain(self, p: &[f64]) -> f64 {
        self.shares().map(|(value, q)| (q - by(p, value)) / by(p, value)).fold(0.0, f64::max)
    }

    /// Largest |ln(q/p)| over the values of the class.
    pub(super) fn disclosure(self, p: &[f64]) -> f64 {
        self.shares().map(|(value, q)| (q / by(p, value)).ln().abs()).fold(0.0, f64::max)
    }

    /// Earth mover's distance to the table, in [0, 1]. Ordered: Σᵢ |Σ_{j≤i} (`q_j` − `p_j`)| ÷ (m − 1) over the m values; otherwise
    /// half the sum of |q − p|.
    pub(super) fn distance(self, p: &[f64], ordered: bool) -> f64 {
        if !ordered {
            let total: f64 = p.iter().sum();
            let moved: f64 =
                self.shares().map(|(value, q)| (q - by(p, value)).abs() - by(p, value)).sum();
            return 0.5 * (moved + total).max(0.0);
        }
        // Values that were suppressed everywhere are no longer in the table.
        let present = p.iter().filter(|share| **share > 0.0).count();
        let mut shares = self.shares().peekable();
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
    /// Whether a class that satisfies them still does after it is merged with *any* class: k and distinct l alone.
    pub(super) fn is_plain(&self) -> bool {
        let policy = self.policy;
        matches!(policy.l, None | Some(Diversity::Distinct(_)))
            && policy.alpha.is_none()
            && !self.needs_shares()
            && policy.presence.is_none()
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
            && (wide <= 1 || groups.spreads.iter().all(|spread| spread.of(group).0.len() >= wide))
    }

    /// Every criterion that looks at one class alone.
    pub(super) fn alone(&self, groups: &Groups, group: usize) -> bool {
        self.grows(groups, group)
            && (0..groups.spreads.len()).all(|column| {
                let class = Class::of(groups, column, group);
                let diverse = match self.policy.l {
                    Some(Diversity::Entropy(l)) => -class.negentropy() >= l.ln() - SLACK,
                    Some(Diversity::Recursive { c, l }) => class.recursive(l) < c,
                    Some(Diversity::Distinct(_)) | None => true,
                };
                diverse && self.policy.alpha.is_none_or(|alpha| class.alpha() <= alpha + SLACK)
            })
            && self.policy.presence.is_none_or(|bounds| {
                presence(groups, group).is_none_or(|share| share <= bounds.most + SLACK)
            })
    }

    /// The criteria that compare a class with the released table.
    fn against(&self, class: Class<'_>, p: &[f64], ordered: bool) -> bool {
        let policy = self.policy;
        policy.t.is_none_or(|t| class.distance(p, ordered) <= t + SLACK)
            && policy.beta.is_none_or(|beta| match beta {
                Likeness::Basic(beta) => class.gain(p) <= beta + SLACK,
                Likeness::Enhanced(beta) => class.shares().all(|(value, q)| {
                    let p = by(p, value);
                    (q - p) / p <= beta.min(-p.ln()) + SLACK
                }),
            })
            && policy.delta.is_none_or(|delta| {
                let present = p.iter().filter(|share| **share > 0.0).count();
                class.values.len() == present && class.disclosure(p) <= delta + SLACK
            })
    }

    /// Every criterion, a table of these shares being released; there is one list of shares a sensitive column.
    pub(super) fn passes(&self, groups: &Groups, group: usize, released: &[Vec<f64>]) -> bool {
        self.alone(groups, group)
            && (!self.needs_shares()
                || released.iter().zip(&self.ordered).enumerate().all(|(column, (p, ordered))| {
                    self.against(Class::of(groups, column, group), p, *ordered)
                }))
    }

    /// The shares of each sensitive column's values over the kept groups.
    pub(super) fn released(&self, groups: &Groups, kept: &[bool]) -> Vec<Vec<f64>> {
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

/// The values' shares over the kept groups.
pub(super) fn shares(groups: &Groups, column: usize, kept: &[bool], distinct: usize) -> Vec<f64> {
    let mut counts = vec![0_u64; distinct];
    if let Some(spread) = groups.spreads.get(column) {
        for (group, _) in kept.iter().enumerate().filter(|(_, keep)| **keep) {
            let (values, of) = spread.of(group);
            for (value, count) in values.iter().zip(of) {
                if let Some(sum) = counts.get_mut(*value as usize) {
                    *sum += u64::from(*count);
                }
            }
        }
    }
    let total = real(counts.iter().sum::<u64>().max(1));
    counts.into_iter().map(|count| real(count) / total).collect()
}

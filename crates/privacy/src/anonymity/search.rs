//! The search for the best levels: every column at one level (full-domain generalisation).
//!
//! The combinations of levels form a lattice; going up merges classes. Two facts make the search exact without looking at
//! every node:
//!
//! 1. Rows in classes that are too small (k) or of too few values (distinct l) only become fewer upwards, and so do the persons
//!    who have such rows; so a node that must suppress too many of them rules out everything below it. With nothing allowed to be suppressed this holds of every
//!    model here (they are monotone: Machanavajjhala 2007, Li 2007, Cao 2012), so each of them prunes; save where a person is in
//!    several classes ([`Criteria::is_monotone`]).
//! 2. Each loss has a floor for a node and everything above it ([`Search::floor`]), so a floor that is not below the best loss
//!    found rules out everything above.
//!
//! Nodes are taken by rising floor. From each, a chain leads up; its top is asked first, then the lowest passing node by
//! bisection (Kohlmayer et al., "Flash: efficient, stable and optimal k-anonymity", 2012). Classes of a node are rolled up from those
//! of a finer node already seen, as in `LeFevre` et al., "Incognito" (2005), instead of from the rows.

use super::groups::Groups;
use super::hierarchy::Ladder;
use super::messages::LATTICE_LARGE;
use super::models::Criteria;
use super::numbers::{at, by, code, real};
use super::policy::Loss;
use ingot_base::{Fault, Result};

/// Largest lattice that is searched.
const MOST_NODES: u64 = 1 << 22;
/// Finer nodes kept for rolling up, and how many times the rows' groups they may hold together.
const SNAPSHOTS: usize = 128;
const SNAPSHOT_SHARE: usize = 6;

const FAILS: u8 = 1;
const PASSES: u8 = 2;
const ASKED: u8 = 4;

/// What the search found at a node.
#[derive(Debug, Clone)]
pub(super) struct Best {
    /// One level a quasi-identifier.
    pub(super) levels: Vec<u8>,
    /// In the loss's own unit.
    pub(super) loss: f64,
    /// Persons of whom the node suppresses a row.
    pub(super) suppressed: u64,
}

/// What a search makes least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    Least(Loss),
    /// Any node that satisfies the policy.
    Any,
}

/// A search over some groups.
#[derive(Debug)]
pub(super) struct Search<'a> {
    ladders: &'a [Ladder],
    criteria: &'a Criteria<'a>,
    base: &'a Groups,
    /// Persons of whom rows may be suppressed.
    allowed: u64,
    aim: Aim,
    rows: u64,
    persons: u64,
    /// Per column and level: the certainty penalty of all rows.
    totals: Vec<Vec<f64>>,
    strides: Vec<usize>,
    snapshots: Vec<(Vec<u8>, Groups)>,
    /// Nodes whose classes were formed.
    pub(super) checked: u64,
    /// Nodes of the lattice.
    pub(super) nodes: u64,
}

/// What is known of a node after its classes were formed.
struct Verdict {
    /// What it says of the nodes below, by the first fact.
    passes: bool,
    /// Its loss, where it satisfies the policy within the limit.
    loss: Option<f64>,
    suppressed: u64,
    /// No node above has a smaller loss.
    floor: f64,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        ladders: &'a [Ladder],
        criteria: &'a Criteria<'a>,
        base: &'a Groups,
        allowed: u64,
        aim: Aim,
    ) -> Result<Self> {
        let mut strides = Vec::with_capacity(ladders.len());
        let mut nodes = 1_u64;
        for ladder in ladders {
            strides.push(usize::try_from(nodes).unwrap_or(usize::MAX));
            nodes = nodes.saturating_mul(ladder.levels.len() as u64);
        }
        if nodes > MOST_NODES {
            return Err(Fault::new(&LATTICE_LARGE).arg("nodes", nodes).arg("most", MOST_NODES));
        }
        let rows = base.rows.iter().map(|rows| u64::from(*rows)).sum();
        let totals = totals(ladders, base);
        let snapshots = Vec::new();
        Ok(Self {
            ladders,
            criteria,
            base,
            allowed,
            aim,
            rows,
            persons: base.everyone(),
            totals,
            strides,
            snapshots,
            checked: 0,
            nodes,
        })
    }

    /// The node of least loss; the first in the order of the search among equals. `None`: no node satisfies the policy.
    pub(super) fn run(&mut self) -> Option<Best> {
        let size = usize::try_from(self.nodes).ok()?;
        let certain: Vec<f64> =
            (0..size).map(|node| self.certainty_floor(&self.levels(node))).collect();
        let bounded = self.aim == Aim::Least(Loss::Certainty);
        let mut floors = if bounded { certain.clone() } else { vec![0.0; size] };
        let mut order: Vec<u32> = (0..code(size)).collect();
        order.sort_unstable_by(|a, b| by(&certain, *a).total_cmp(&by(&certain, *b)).then(a.cmp(b)));
        let mut state = vec![0_u8; size];
        let mut best: Option<Best> = None;
        for node in order {
            let node = node as usize;
            let inherited = self
                .steps(node, false)
                .map(|(below, _)| at(&floors, below))
                .fold(at(&floors, node), f64::max);
            set(&mut floors, node, inherited);
            let limit = best.as_ref().map_or(f64::INFINITY, |best| best.loss);
            if inherited >= limit {
                if bounded {
                    break;
                }
                continue;
            }
            if at(&state, node) & (FAILS | ASKED) != 0 {
                continue;
            }
            let chain = if at(&state, node) & PASSES == 0 {
                self.chain(node, &state, (&floors, &certain), limit)
            } else {
                vec![node]
            };
            self.bisect(&chain, &mut state, &mut floors, &mut best);
            if best.is_some() && self.aim == Aim::Any {
                break;
            }
        }
        best
    }

    /// One node alone; `None`: it does not satisfy the policy.
    pub(super) fn only(&mut self, levels: &[u8]) -> Option<Best> {
        let verdict = self.judge(levels);
        let suppressed = verdict.suppressed;
        verdict.loss.map(|loss| Best { levels: levels.to_vec(), loss, suppressed })
    }

    /// The levels of a node by its number.
    fn levels(&self, node: usize) -> Vec<u8> {
        let sized = self.strides.iter().zip(self.ladders);
        sized.map(|(stride, ladder)| narrow(node / stride % ladder.levels.len())).collect()
    }

    /// The nodes one level up (or down) in one column.
    fn steps(&self, node: usize, up: bool) -> impl Iterator<Item = (usize, usize)> + use<'_, 'a> {
        self.strides.iter().zip(self.ladders).enumerate().filter_map(
            move |(place, (stride, ladder))| {
                let level = node / stride % ladder.levels.len();
                if up {
                    (level + 1 < ladder.levels.len()).then(|| (node + stride, place))
                } else {
                    (level > 0).then(|| (node - stride, place))
                }
            },
        )
    }

    /// A way up from a node by the cheapest steps, through nodes that may still be better than the best.
    fn chain(
        &self,
        node: usize,
        state: &[u8],
        (floors, cost): (&[f64], &[f64]),
        limit: f64,
    ) -> Vec<usize> {
        let mut chain = vec![node];
        let mut here = node;
        loop {
            let next = self
                .steps(here, true)
                .map(|(above, _)| above)
                .filter(|above| at(floors, *above) < limit && at(state, *above) & FAILS == 0)
                .min_by(|a, b| at(cost, *a).total_cmp(&at(cost, *b)));
            let Some(next) = next else { return chain };
            chain.push(next);
            here = next;
        }
    }

    /// Asks the chain's top, then finds its lowest passing node; tags what that says of others.
    fn bisect(
        &mut self,
        chain: &[usize],
        state: &mut [u8],
        floors: &mut [f64],
        best: &mut Option<Best>,
    ) {
        let (mut low, mut high) = (0, chain.len());
        let mut middle = chain.len() - 1;
        // A node alone is asked for its loss, although it is known to pass.
        let known = ASKED | FAILS | if chain.len() > 1 { PASSES } else { 0 };
        while low < high {
            let node = at(chain, middle);
            if at(state, node) & known == 0 {
                let levels = self.levels(node);
                let verdict = self.judge(&levels);
                mark(state, node, ASKED);
                set(floors, node, at(floors, node).max(verdict.floor));
                if let Some(loss) = verdict.loss
                    && best.as_ref().is_none_or(|best| loss < best.loss)
                {
                    *best = Some(Best { levels, loss, suppressed: verdict.suppressed });
                }
                self.spread(node, verdict.passes, state);
            }
            if at(state, node) & PASSES == 0 {
                low = middle + 1;
            } else {
                high = middle;
            }
            middle = low.midpoint(high);
        }
    }

    /// Tags everything above a passing node, or everything below a failing one.
    fn spread(&self, node: usize, passes: bool, state: &mut [u8]) {
        let tag = if passes { PASSES } else { FAILS };
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if at(state, node) & tag == 0 {
                mark(state, node, tag);
                open.extend(self.steps(node, passes).map(|(next, _)| next));
            }
        }
    }

    /// The certainty penalty of generalising every row: what no node above can be below, as a suppressed row costs more.
    fn certainty_floor(&self, levels: &[u8]) -> f64 {
        let sum: f64 = self
            .totals
            .iter()
            .zip(levels)
            .map(|(total, level)| at(total, usize::from(*level)))
            .sum();
        sum / self.whole()
    }

    /// The penalty of suppressing everything.
    fn whole(&self) -> f64 {
        real(self.rows.max(1)) * real(self.ladders.len() as u64)
    }

    /// Forms a node's classes and asks them.
    fn judge(&mut self, levels: &[u8]) -> Verdict {
        self.checked += 1;
        let policy = self.criteria.policy;
        let source = self.source(levels);
        let (ids, firsts) = source.coarser(&maps(self.ladders, levels));
        let mut groups = source.roll_up(&ids, &firsts, None);
        let small =
            groups.together((0..groups.len()).filter(|group| groups.size(*group) < policy.k));
        let fine = source.len();
        let floor = self.floor(&groups, levels);
        let stored = groups.len() * 4 <= fine * 3
            && !self.snapshots.iter().any(|(known, _)| known == levels);
        let asked = small <= self.allowed;
        if asked || stored {
            for (spread, distinct) in source.spreads.iter().zip(&self.criteria.distinct) {
                groups.spreads.push(spread.roll_up(&ids, firsts.len(), *distinct));
            }
        }
        let mut verdict = Verdict { passes: false, loss: None, suppressed: small, floor };
        if asked {
            self.ask(&groups, levels, &mut verdict);
        }
        if stored {
            self.store(levels, groups);
        }
        verdict
    }

    fn ask(&self, groups: &Groups, levels: &[u8], verdict: &mut Verdict) {
        let rows = |group: usize| u64::from(at(&groups.rows, group));
        let narrow =
            groups.together((0..groups.len()).filter(|group| !self.criteria.grows(groups, *group)));
        verdict.passes = narrow <= self.allowed;
        if !verdict.passes {
            return;
        }
        let monotone = self.criteria.is_monotone(groups);
        let kept = self.criteria.keep(groups);
        let Some(kept) = kept else {
            // A lower bound on presence holds only without suppression, where it is monotone.
            verdict.passes = self.allowed > 0 || !monotone;
            return;
        };
        let lost = || kept.iter().enumerate().filter(|(_, keep)| !**keep).map(|(group, _)| group);
        verdict.suppressed = groups.together(lost());
        let fits = verdict.suppressed <= self.allowed && verdict.suppressed < self.persons;
        let prunes = self.criteria.is_plain(groups) || (self.allowed == 0 && monotone);
        verdict.passes = fits || !prunes;
        if fits {
            // What is lost is told in rows, whoever they are of.
            let lost_rows: u64 = lost().map(rows).sum();
            verdict.loss = Some(match self.aim {
                Aim::Any => 0.0,
                Aim::Least(Loss::Certainty) => {
                    let generalised: f64 =
                        lost().map(|group| self.penalty(groups, group, levels)).sum();
                    let removed = real(lost_rows) * real(self.ladders.len() as u64);
                    self.certainty_floor(levels) + (removed - generalised) / self.whole()
                }
                Aim::Least(Loss::Discernibility) => {
                    let squares: u64 = (0..groups.len())
                        .filter(|group| kept.get(*group) == Some(&true))
                        .map(|group| rows(group).pow(2))
                        .sum();
                    real(squares) + real(lost_rows) * real(self.rows)
                }
                Aim::Least(Loss::AverageClass) => {
                    let classes = kept.iter().filter(|keep| **keep).count() as u64;
                    real(self.rows) / real(classes) / f64::from(self.criteria.policy.k)
                }
            });
        }
    }

    /// The certainty penalty of a group's rows, over all columns.
    fn penalty(&self, groups: &Groups, group: usize, levels: &[u8]) -> f64 {
        let codes = groups.representative(group).iter().zip(levels).zip(self.ladders);
        let sum: f64 = codes
            .map(|((value, level), ladder)| {
                ladder
                    .levels
                    .get(usize::from(*level))
                    .map_or(0.0, |level| by(&level.penalty, *value))
            })
            .sum();
        sum * f64::from(at(&groups.rows, group))
    }

    /// What the loss of this node and of every node above is not below.
    ///
    /// Discernibility: each row ends in a class that contains its class here and has k rows at least (as it has k persons), or costs
    /// as much as all rows.
    /// Average class size: classes only merge.
    fn floor(&self, groups: &Groups, levels: &[u8]) -> f64 {
        let k = self.criteria.policy.k;
        match self.aim {
            Aim::Least(Loss::Certainty) => self.certainty_floor(levels),
            Aim::Least(Loss::Discernibility) => {
                let least =
                    |rows: &u32| u64::from(*rows) * u64::from((*rows).max(k)).min(self.rows);
                real(groups.rows.iter().map(least).sum())
            }
            Aim::Least(Loss::AverageClass) => {
                let classes = groups.rows.iter().filter(|rows| **rows > 0).count() as u64;
                real(self.rows) / real(classes.max(1)) / f64::from(k)
            }
            Aim::Any => 0.0,
        }
    }

    /// The fewest groups that a node can be rolled up from.
    fn source(&self, levels: &[u8]) -> &Groups {
        let finer = |known: &[u8]| known.iter().zip(levels).all(|(known, level)| known <= level);
        let found = self.snapshots.iter().filter(|(known, _)| finer(known));
        found.map(|(_, groups)| groups).min_by_key(|groups| groups.len()).unwrap_or(self.base)
    }

    /// Keeps a node for rolling up; the oldest make room.
    fn store(&mut self, levels: &[u8], groups: Groups) {
        self.snapshots.push((levels.to_vec(), groups));
        let most = self.base.len() * SNAPSHOT_SHARE;
        let mut held: usize = self.snapshots.iter().map(|(_, groups)| groups.len()).sum();
        while self.snapshots.len() > SNAPSHOTS || (held > most && self.snapshots.len() > 1) {
            held -= self.snapshots.remove(0).1.len();
        }
    }
}

/// Per column and level, the certainty penalty of all rows of some groups.
pub(super) fn totals(ladders: &[Ladder], groups: &Groups) -> Vec<Vec<f64>> {
    let column = |(place, ladder): (usize, &Ladder)| {
        let mut counts = vec![0_u64; ladder.levels.first().map_or(0, |level| level.map.len())];
        for (codes, rows) in groups.codes.chunks_exact(groups.width.max(1)).zip(&groups.rows) {
            if let Some(count) = counts.get_mut(at(codes, place) as usize) {
                *count += u64::from(*rows);
            }
        }
        let level = |penalty: &[f64]| counts.iter().zip(penalty).map(|(c, p)| real(*c) * p).sum();
        ladder.levels.iter().map(|here| level(&here.penalty)).collect()
    };
    ladders.iter().enumerate().map(column).collect()
}

/// What [`Groups::coarser`] takes, for the levels of a node.
pub(super) fn maps<'a>(ladders: &'a [Ladder], levels: &[u8]) -> Vec<(&'a [u32], u32)> {
    let level = |(ladder, level): (&'a Ladder, &u8)| {
        ladder
            .levels
            .get(usize::from(*level))
            .map_or((&[][..], 1), |level| (level.map.as_slice(), level.size))
    };
    ladders.iter().zip(levels).map(level).collect()
}

fn narrow(level: usize) -> u8 {
    u8::try_from(level).unwrap_or(u8::MAX)
}

fn set(values: &mut [f64], place: usize, value: f64) {
    if let Some(slot) = values.get_mut(place) {
        *slot = value;
    }
}

fn mark(state: &mut [u8], place: usize, tag: u8) {
    if let Some(slot) = state.get_mut(place) {
        *slot |= tag;
    }
}

//! Local recoding: levels class by class, from the full-domain optimum on.
//!
//! 1. *Climbing.* Groups that the optimum suppresses go up together, one level of one column at a time, the cheapest first. Classes
//!    that keep the promise on the way stay at that height. A class never costs more than its rows suppressed.
//! 2. *Dividing.* Every class is divided by one column at a time into the classes of the level below, as long as the parts keep
//!    the promise; parts that would not stay together at the level above. No loss grows when a class is divided.
//!
//! A group (rows with the same quasi-identifiers) stays whole. Two classes may come to be written alike: then they are one
//! class, and every model here holds of the union of two classes of which it holds (see [`super::search`]); where a person is in several
//! classes it may not, and the optimum stays. Such a union can cost more
//! than its parts did: the caller compares the loss with the optimum's. Which rows are released is settled before anything is divided,
//! so the shares that t-closeness and β-likeness compare with stay what they are.

use super::groups::Groups;
use super::hierarchy::Ladder;
use super::models::{Criteria, Shares};
use super::numbers::{at, by, code, real};
use super::policy::Loss;
use super::search::{Best, maps};
use ingot_base::{Result, fault};
use std::collections::HashMap;

/// Parts that keep the promise and are given back to those that do not, before a column is left alone.
const RETURNED: usize = 16;

/// A class on the way.
#[derive(Debug, Clone)]
struct Part {
    /// Numbers of the groups in it.
    members: Vec<u32>,
    /// One a quasi-identifier.
    levels: Vec<u8>,
}

/// What local recoding came to.
#[derive(Debug)]
pub(super) struct Recoded {
    /// One a group: its class. Suppressed groups have the number after the last class.
    pub(super) class_of: Vec<u32>,
    /// One a class: the levels at which its first group is written. Other groups of it may be written alike at other levels.
    pub(super) levels: Vec<Vec<u8>>,
    /// One a quasi-identifier: the finest and the coarsest level that a released group has.
    pub(super) spans: Vec<(u8, u8)>,
    /// The classes, and an empty one for what is suppressed.
    pub(super) released: Groups,
    /// In the policy's unit.
    pub(super) loss: f64,
}

/// Goes on from the best levels of whole columns. `label` writes a group's value of a column at a level. `None`: classes that are
/// written alike do not keep the promise as one, as a person is in several of them.
///
/// # Errors
/// When the result does not keep the promise: a defect, never data.
pub(super) fn recode<'l>(
    ladders: &[Ladder],
    criteria: &Criteria<'_>,
    base: &Groups,
    best: &Best,
    label: &dyn Fn(usize, u8, u32) -> Option<&'l str>,
) -> Result<Option<Recoded>> {
    let work = Work { ladders, criteria, base };
    let (whole, lost) = work.full(best)?;
    let risen = work.climb(&best.levels, &whole, lost);
    let parts = work.admitted(whole, risen);
    let parts = work.divide(parts);
    work.settle(parts, label)
}

#[derive(Debug, Clone, Copy)]
struct Work<'a> {
    ladders: &'a [Ladder],
    criteria: &'a Criteria<'a>,
    base: &'a Groups,
}

impl Work<'_> {
    /// The classes of the optimum, and the groups that it suppresses.
    fn full(&self, best: &Best) -> Result<(Vec<Part>, Vec<u32>)> {
        let (ids, firsts) = self.base.coarser(&maps(self.ladders, &best.levels));
        let groups = self.base.roll_up(&ids, &firsts, Some(&self.criteria.distinct));
        let kept = self
            .criteria
            .keep(&groups)
            .ok_or_else(|| fault::internal("the best levels do not satisfy the policy"))?;
        let (mut parts, mut lost) = (Vec::new(), Vec::new());
        for (members, keep) in members(&ids, firsts.len()).into_iter().zip(kept) {
            if keep {
                parts.push(Part { members, levels: best.levels.clone() });
            } else {
                lost.extend(members);
            }
        }
        Ok((parts, lost))
    }

    /// Classes of suppressed groups at the lowest height at which they keep the promise.
    fn climb(&self, from: &[u8], whole: &[Part], mut lost: Vec<u32>) -> Vec<Part> {
        lost.sort_unstable();
        let released = self.shares(whole.iter());
        let (mut levels, mut risen) = (from.to_vec(), Vec::new());
        while !lost.is_empty() {
            let groups = self.base.select(&lost);
            let cheapest = (0..self.ladders.len())
                .filter_map(|column| Some((column, self.rise(&groups, column, &levels)?)))
                .min_by(|a, b| a.1.total_cmp(&b.1));
            let Some((column, _)) = cheapest else { break };
            if let Some(level) = levels.get_mut(column) {
                *level += 1;
            }
            let (ids, firsts) = groups.coarser(&maps(self.ladders, &levels));
            let classes = groups.roll_up(&ids, &firsts, Some(&self.criteria.distinct));
            let mut still = Vec::new();
            for (class, places) in members(&ids, firsts.len()).into_iter().enumerate() {
                let members = places.iter().map(|place| by(&lost, *place)).collect();
                if self.criteria.passes(&classes, class, &released) {
                    risen.push(Part { members, levels: levels.clone() });
                } else {
                    still.extend(members);
                }
            }
            still.sort_unstable();
            lost = still;
        }
        risen
    }

    /// What it costs some groups to go up a level in a column; `None` at the top.
    fn rise(&self, groups: &Groups, column: usize, levels: &[u8]) -> Option<f64> {
        let ladder = self.ladders.get(column)?;
        let level = usize::from(at(levels, column));
        let (here, above) = (ladder.levels.get(level)?, ladder.levels.get(level + 1)?);
        let cost = |group: usize| {
            let value = at(groups.representative(group), column);
            f64::from(at(&groups.rows, group))
                * (by(&above.penalty, value) - by(&here.penalty, value))
        };
        Some((0..groups.len()).map(cost).sum())
    }

    /// All classes together: those that came back change what is released, and so what some models compare with. Those that
    /// then fail go again; if a class of the optimum fails, all go.
    fn admitted(&self, whole: Vec<Part>, mut risen: Vec<Part>) -> Vec<Part> {
        while !risen.is_empty() {
            let released = self.shares(whole.iter().chain(&risen));
            let holds = |part: &Part| {
                let class = self.class(&part.members);
                self.criteria.passes(&class, 0, &released)
            };
            if !whole.iter().all(holds) {
                break;
            }
            let before = risen.len();
            risen.retain(holds);
            if risen.len() == before {
                return whole.into_iter().chain(risen).collect();
            }
        }
        whole
    }

    /// Classes into finer ones, until none can be divided.
    fn divide(&self, parts: Vec<Part>) -> Vec<Part> {
        let released = self.shares(parts.iter());
        let mut open = parts;
        open.reverse();
        let mut done = Vec::new();
        while let Some(part) = open.pop() {
            match self.division(&part, &released) {
                Some(finer) => open.extend(finer.into_iter().rev()),
                None => done.push(part),
            }
        }
        done
    }

    /// The division of a class that gains most; the first column among equals.
    fn division(&self, part: &Part, released: &[Shares]) -> Option<Vec<Part>> {
        let groups = self.base.select(&part.members);
        let whole = (self.rows(part), self.penalty(part));
        let mut best: Option<((f64, f64), Vec<Part>)> = None;
        for column in 0..self.ladders.len() {
            let Some(parts) = self.by_column(part, &groups, column, released) else { continue };
            let gain = self.gain(whole, &parts);
            let more = |known: &(f64, f64)| {
                gain.0.total_cmp(&known.0).then(gain.1.total_cmp(&known.1)).is_gt()
            };
            if gain.0 >= 0.0 && best.as_ref().is_none_or(|(known, _)| more(known)) {
                best = Some((gain, parts));
            }
        }
        best.map(|(_, parts)| parts)
    }

    /// A class by the level below in one column. Parts that do not keep the promise stay together one level above, with as many
    /// of the smallest others as that takes.
    fn by_column(
        &self,
        part: &Part,
        groups: &Groups,
        column: usize,
        released: &[Shares],
    ) -> Option<Vec<Part>> {
        let below = at(&part.levels, column).checked_sub(1)?;
        let map = &self.ladders.get(column)?.levels.get(usize::from(below))?.map;
        let mut known: HashMap<u32, u32> = HashMap::new();
        let mut firsts = Vec::new();
        let ids: Vec<u32> = (0..groups.len())
            .map(|group| {
                let fresh = code(firsts.len());
                let value = by(map, at(groups.representative(group), column));
                let id = *known.entry(value).or_insert(fresh);
                if id == fresh {
                    firsts.push(code(group));
                }
                id
            })
            .collect();
        let classes = groups.roll_up(&ids, &firsts, Some(&self.criteria.distinct));
        let (mut apart, rest): (Vec<usize>, Vec<usize>) =
            (0..classes.len()).partition(|class| self.criteria.passes(&classes, *class, released));
        apart.sort_by_key(|class| std::cmp::Reverse((at(&classes.rows, *class), *class)));
        let members = members(&ids, firsts.len());
        let numbers = |class: &usize| -> Vec<u32> {
            let places = members.get(*class).map_or(&[][..], Vec::as_slice);
            places.iter().map(|place| by(&part.members, *place)).collect()
        };
        let mut together: Vec<u32> = rest.iter().flat_map(numbers).collect();
        for _ in 0..RETURNED {
            if apart.is_empty() {
                return None;
            }
            let rows = |member: &u32| u64::from(by(&self.base.rows, *member));
            let none = together.iter().map(rows).sum::<u64>() == 0;
            if none || self.criteria.passes(&self.class(&together), 0, released) {
                let mut levels = part.levels.clone();
                if let Some(level) = levels.get_mut(column) {
                    *level = below;
                }
                apart.sort_unstable();
                let finer = apart.iter().map(numbers);
                let mut parts: Vec<Part> =
                    finer.map(|members| Part { members, levels: levels.clone() }).collect();
                if !none {
                    parts.push(Part { members: together, levels: part.levels.clone() });
                }
                return Some(parts);
            }
            together.extend(apart.pop().iter().flat_map(numbers));
        }
        None
    }

    /// How much less a class of so many rows and such a certainty penalty costs divided: by the policy's loss, then by that penalty.
    fn gain(&self, (rows, penalty): (f64, f64), parts: &[Part]) -> (f64, f64) {
        let certainty = penalty - parts.iter().map(|part| self.penalty(part)).sum::<f64>();
        let gain = match self.criteria.policy.loss {
            Loss::Certainty => certainty,
            Loss::Discernibility => {
                rows.powi(2) - parts.iter().map(|part| self.rows(part).powi(2)).sum::<f64>()
            }
            Loss::AverageClass => real(parts.len() as u64) - 1.0,
        };
        (gain, certainty)
    }

    fn rows(&self, part: &Part) -> f64 {
        real(part.members.iter().map(|member| u64::from(by(&self.base.rows, *member))).sum())
    }

    /// The certainty penalty of a class's rows, over all columns.
    fn penalty(&self, part: &Part) -> f64 {
        let of = |member: &u32| {
            let codes = self.base.representative(*member as usize);
            let cells = codes.iter().zip(&part.levels).zip(self.ladders);
            let sum: f64 = cells
                .map(|((value, level), ladder)| {
                    let level = ladder.levels.get(usize::from(*level));
                    level.map_or(0.0, |level| by(&level.penalty, *value))
                })
                .sum();
            sum * f64::from(by(&self.base.rows, *member))
        };
        part.members.iter().map(of).sum()
    }

    /// Some groups as one class.
    fn class(&self, members: &[u32]) -> Groups {
        let groups = self.base.select(members);
        let ids = vec![0; groups.len()];
        groups.roll_up(&ids, &[0], Some(&self.criteria.distinct))
    }

    /// The shares of sensitive values where these classes are released.
    fn shares<'p>(&self, parts: impl Iterator<Item = &'p Part>) -> Vec<Shares> {
        let mut kept = vec![false; self.base.len()];
        for member in parts.flat_map(|part| &part.members) {
            if let Some(slot) = kept.get_mut(*member as usize) {
                *slot = true;
            }
        }
        self.criteria.released(self.base, &kept)
    }

    /// Classes that are written alike become one; the promise is proved of what is written, anew and from the groups.
    fn settle<'l>(
        &self,
        mut parts: Vec<Part>,
        label: &dyn Fn(usize, u8, u32) -> Option<&'l str>,
    ) -> Result<Option<Recoded>> {
        // In order of their first row, as the classes of any table are: figures add up the same.
        parts.sort_by_key(|part| part.members.iter().min().copied());
        let span = |column: usize| {
            let here = || parts.iter().map(|part| at(&part.levels, column));
            (here().min().unwrap_or(0), here().max().unwrap_or(0))
        };
        let spans = (0..self.ladders.len()).map(span).collect();
        let mut known: HashMap<Vec<Option<&str>>, u32> = HashMap::new();
        let mut class_of = vec![u32::MAX; self.base.len()];
        let mut levels: Vec<Vec<u8>> = Vec::new();
        let mut penalty = 0.0;
        for part in parts {
            let first = part.members.first().copied().unwrap_or_default() as usize;
            let codes = self.base.representative(first).iter().zip(&part.levels).enumerate();
            let written = codes.map(|(column, (value, level))| label(column, *level, *value));
            let fresh = code(levels.len());
            let class = *known.entry(written.collect()).or_insert(fresh);
            penalty += self.penalty(&part);
            for member in &part.members {
                if let Some(slot) = class_of.get_mut(*member as usize) {
                    *slot = class;
                }
            }
            if class == fresh {
                levels.push(part.levels);
            }
        }
        let last = code(levels.len());
        for class in &mut class_of {
            *class = (*class).min(last);
        }
        let mut firsts = vec![0; levels.len() + 1];
        for (group, class) in class_of.iter().enumerate().rev() {
            if let Some(first) = firsts.get_mut(*class as usize) {
                *first = code(group);
            }
        }
        let groups = self.base.roll_up(&class_of, &firsts, Some(&self.criteria.distinct));
        let kept: Vec<bool> = (0..=levels.len()).map(|class| class < levels.len()).collect();
        let released = groups.only(&kept);
        if self.criteria.keep(&released).as_ref() != Some(&kept) {
            if !self.criteria.is_monotone(self.base) {
                return Ok(None);
            }
            return Err(fault::internal("local recoding broke the promise"));
        }
        let loss = self.loss(&groups, penalty);
        Ok(Some(Recoded { class_of, levels, spans, released, loss }))
    }

    /// In the policy's unit; the last group is what is suppressed.
    fn loss(&self, groups: &Groups, penalty: f64) -> f64 {
        let sizes = || groups.rows.iter().map(|rows| u64::from(*rows));
        let (rows, lost) = (sizes().sum::<u64>(), sizes().next_back().unwrap_or_default());
        let classes = (groups.len() as u64).saturating_sub(1);
        match self.criteria.policy.loss {
            Loss::Certainty => {
                let width = real(self.ladders.len() as u64);
                (penalty + real(lost) * width) / (real(rows.max(1)) * width)
            }
            Loss::Discernibility => {
                let squares: u64 = sizes().map(|rows| rows.pow(2)).sum();
                real(squares - lost.pow(2)) + real(lost) * real(rows)
            }
            Loss::AverageClass => {
                real(rows) / real(classes.max(1)) / f64::from(self.criteria.policy.k)
            }
        }
    }
}

/// The items of each id.
fn members(ids: &[u32], count: usize) -> Vec<Vec<u32>> {
    let mut members = vec![Vec::new(); count];
    for (item, id) in ids.iter().enumerate() {
        if let Some(items) = members.get_mut(*id as usize) {
            items.push(code(item));
        }
    }
    members
}

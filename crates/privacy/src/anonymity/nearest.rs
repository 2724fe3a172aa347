//! What could be had instead of a promise that cannot be kept.

use super::groups::Groups;
use super::hierarchy::Ladder;
use super::messages::UNREACHABLE;
use super::models::Criteria;
use super::numbers::real;
use super::policy::{Diversity, Likeness, Policy};
use super::risk::Table;
use super::search::{Aim, Search};
use ingot_base::{Fault, Result, Text};

/// How often a bound is halved on the way to the tightest that can be had.
const HALVINGS: usize = 8;
/// Bounds without an end of their own are loosened up to this.
const LOOSE: f64 = 1024.0;

/// A search that found nothing.
pub(super) struct Failed<'f> {
    pub(super) table: &'f Table,
    pub(super) ladders: &'f [Ladder],
    pub(super) criteria: &'f Criteria<'f>,
    pub(super) base: &'f Groups,
    /// Persons of whom rows may be suppressed.
    pub(super) allowed: u64,
}

impl Failed<'_> {
    /// The gate's fault, with what could be had instead: for each model that was asked for the nearest setting that can be reached while the
    /// others stay, the suppression at which the coarsest levels satisfy the policy as it is, and the hierarchies that end in several
    /// classes where one would do.
    pub(super) fn fault(&self) -> Result<Fault> {
        let policy = self.criteria.policy;
        let mut nearest = Vec::new();
        let k = largest(policy.k, |k| self.reaches(&Policy { k, ..policy.clone() }))?;
        if k > 0 {
            nearest.push(format!("k = {k}, max_suppressed = {}", policy.max_suppressed));
        }
        if let Some(asked) = policy.l {
            let l = largest(asked.least(), |l| {
                self.reaches(&Policy { l: Some(asked.with(l)), ..policy.clone() })
            })?;
            if l > 1 {
                nearest.push(format!("k = {}, l = {l}", policy.k));
            } else if self.reaches(&Policy { l: None, ..policy.clone() })? {
                nearest.push(format!("k = {}, l –", policy.k));
            }
        }
        self.bounds(&mut nearest)?;
        let persons = self.base.everyone();
        let top: Vec<u8> = self.ladders.iter().map(Ladder::highest).collect();
        let mut generous = Search::new(self.ladders, self.criteria, self.base, persons, Aim::Any)?;
        if let Some(best) = generous.only(&top) {
            // Up, so that the stated share is enough.
            let share = (real(best.suppressed) / real(persons.max(1)) * 1e4).ceil() / 1e4;
            nearest.push(format!("k = {}, max_suppressed = {share}", policy.k));
        }
        let (mut en, mut zh) = (nearest.join("; "), nearest.join("; "));
        let open = self.obstacles();
        if !open.is_empty() {
            let columns: Vec<String> = open.iter().map(|name| format!("`{name}`")).collect();
            let (part, part_zh) = if en.is_empty() { ("", "") } else { ("; ", "；") };
            en = format!(
                "{en}{part}all as asked, once the hierarchy of {} ends in one class of all values, such as `*`",
                columns.join(", ")
            );
            zh = format!(
                "{zh}{part_zh}若 {} 的层级末级将所有值归为一类（如 `*`），则可满足全部要求",
                columns.join("、")
            );
        }
        if en.is_empty() {
            (en, zh) = ("–".to_owned(), "–".to_owned());
        }
        Ok(Fault::new(&UNREACHABLE)
            .arg("asked", asked(policy))
            .arg("limit", (policy.max_suppressed * 1e6).round() / 1e4)
            .words("nearest", Text::new(en, zh)))
    }

    fn reaches(&self, policy: &Policy) -> Result<bool> {
        self.found(self.ladders, policy)
    }

    fn found(&self, ladders: &[Ladder], policy: &Policy) -> Result<bool> {
        let (ordered, distinct) = (self.criteria.ordered.clone(), self.criteria.distinct.clone());
        let criteria = Criteria { policy, ordered, distinct };
        Ok(Search::new(ladders, &criteria, self.base, self.allowed, Aim::Any)?.run().is_some())
    }

    /// Models that bound a figure from above: the least bound that can be had.
    fn bounds(&self, nearest: &mut Vec<String>) -> Result<()> {
        let policy = self.criteria.policy;
        let with = |name: &str, bound: f64| {
            let mut other = policy.clone();
            match name {
                "t" => other.t = Some(bound),
                "alpha" => other.alpha = Some(bound),
                "delta" => other.delta = Some(bound),
                _ => {
                    other.beta = policy.beta.map(|likeness| match likeness {
                        Likeness::Basic(_) => Likeness::Basic(bound),
                        Likeness::Enhanced(_) => Likeness::Enhanced(bound),
                    });
                }
            }
            other
        };
        let beta = policy.beta.map(|likeness| match likeness {
            Likeness::Basic(beta) | Likeness::Enhanced(beta) => beta,
        });
        for (name, asked, most) in [
            ("t", policy.t, 1.0),
            ("alpha", policy.alpha, 1.0),
            ("beta", beta, LOOSE),
            ("delta", policy.delta, LOOSE),
        ] {
            let Some(asked) = asked else { continue };
            let least = least(asked, most, &|bound| self.reaches(&with(name, bound)))?;
            if let Some(bound) = least {
                nearest.push(format!("k = {}, {name} = {bound}", policy.k));
            }
        }
        Ok(())
    }

    /// Quasi-identifiers whose coarsest level still tells values apart, where one class of all would keep the promise: one of them if it is
    /// enough, else all.
    fn obstacles(&self) -> Vec<&str> {
        let policy = self.criteria.policy;
        let open: Vec<usize> = (0..self.ladders.len())
            .filter(|place| self.ladders.get(*place).is_some_and(Ladder::is_open))
            .collect();
        let closed = |places: &[usize]| {
            let columns = policy.quasi.iter().zip(&self.table.quasi).enumerate();
            let ladders: Result<Vec<Ladder>> = columns
                .map(|(place, (quasi, column))| {
                    let mut ladder = Ladder::new(&quasi.name, &quasi.hierarchy, column)?;
                    if places.contains(&place) {
                        ladder.top(column);
                    }
                    Ok(ladder)
                })
                .collect();
            // A lattice that grew too large helps nobody.
            ladders.and_then(|ladders| self.found(&ladders, policy)).unwrap_or(false)
        };
        let named = |places: &[usize]| {
            places
                .iter()
                .filter_map(|place| policy.quasi.get(*place))
                .map(|quasi| &*quasi.name)
                .collect()
        };
        if let Some(one) = open.iter().find(|place| closed(&[**place])) {
            return named(&[*one]);
        }
        if open.len() > 1 && closed(&open) { named(&open) } else { Vec::new() }
    }
}

/// Every promise that a policy asks for, as the recipe writes it.
fn asked(policy: &Policy) -> String {
    let mut asked = vec![format!("k = {}", policy.k)];
    asked.extend(policy.l.map(|l| match l {
        Diversity::Distinct(l) => format!("l = {l}"),
        Diversity::Entropy(l) => format!("l = {l} (entropy)"),
        Diversity::Recursive { c, l } => format!("l = {l}, c = {c}"),
    }));
    asked.extend(policy.alpha.map(|alpha| format!("alpha = {alpha}")));
    asked.extend(policy.t.map(|t| format!("t = {t}")));
    asked.extend(policy.beta.map(|likeness| match likeness {
        Likeness::Basic(beta) | Likeness::Enhanced(beta) => format!("beta = {beta}"),
    }));
    asked.extend(policy.delta.map(|delta| format!("delta = {delta}")));
    let presence = policy.presence.as_ref();
    asked.extend(presence.map(|range| format!("presence {}–{}", range.least, range.most)));
    asked.join(", ")
}

/// The largest number from 1 to below `limit` that reaches the aim; 0 if none does. What a number reaches, smaller ones reach.
fn largest(limit: u32, reaches: impl Fn(u32) -> Result<bool>) -> Result<u32> {
    let (mut low, mut high) = (0, limit);
    while high.saturating_sub(low) > 1 {
        let middle = low.midpoint(high);
        if reaches(middle)? {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// About the least bound above `asked`, and at most `most`, that reaches the aim, to three decimals up; what a bound reaches, larger ones
/// reach.
fn least(asked: f64, most: f64, reaches: &dyn Fn(f64) -> Result<bool>) -> Result<Option<f64>> {
    let (mut low, mut high) = (asked, (asked.max(0.001) * 2.0).min(most));
    while !reaches(high)? {
        if high >= most {
            return Ok(None);
        }
        (low, high) = (high, (high * 2.0).min(most));
    }
    for _ in 0..HALVINGS {
        let middle = low.midpoint(high);
        if reaches(middle)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(Some(((high * 1e3).ceil() / 1e3).min(most)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_near_what_can_be_had() {
        let from = |least: f64| move |bound: f64| Ok(bound >= least);
        let near = least(0.01, 1.0, &from(0.25)).unwrap();
        assert!(near.is_some_and(|near| (0.25..0.252).contains(&near)), "{near:?}");
        assert_eq!(least(0.01, 1.0, &from(1.0)).unwrap(), Some(1.0));
        assert_eq!(least(0.01, 1.0, &from(1.1)).unwrap(), None);
        assert_eq!(largest(5, |k| Ok(k <= 3)).unwrap(), 3);
        assert_eq!(largest(5, |_| Ok(false)).unwrap(), 0);
    }
}

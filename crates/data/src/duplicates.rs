//! Near duplicates of the rows that every other rule keeps: found in a pass of their own, since the first of a group may stand
//! anywhere before.

use crate::config::NearRule;
use crate::outcome::{NearOutcome, NearPair, Place};
use crate::texts::NEAR;
use ingot_quality::near::{Groups, NearConfig};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Pairs that an outcome names; the file of findings has all.
const NAMED: usize = 20;

/// How near duplicates are looked for while cleaning.
pub(crate) fn config(rule: &NearRule) -> NearConfig {
    NearConfig { shingle: rule.shingle, seed: rule.seed, ..NearConfig::new(rule.similarity) }
}

/// Groups of rows, told row by row in the order of the survey.
pub(crate) struct Near {
    drop: bool,
    groups: Groups,
    /// The largest similarity of each row to another of its group.
    similarity: BTreeMap<u32, f64>,
    /// First rows of groups, and where they stand once they have come.
    firsts: BTreeSet<u32>,
    places: BTreeMap<u32, Place>,
    next: u32,
    outcome: NearOutcome,
}

impl Near {
    pub(crate) fn new(rule: &NearRule, groups: Groups) -> Self {
        let mut similarity: BTreeMap<u32, f64> = BTreeMap::new();
        for link in &groups.links {
            for text in [link.text, link.like] {
                let known = similarity.entry(text).or_default();
                *known = known.max(link.similarity);
            }
        }
        let firsts = groups
            .links
            .iter()
            .filter_map(|link| groups.first.get(link.text as usize))
            .copied()
            .collect();
        let outcome = NearOutcome {
            column: rule.column.clone(),
            similarity: rule.similarity,
            dropped: rule.drop,
            groups: groups.groups() as u64,
            rows: groups.repeated() as u64,
            compared: groups.compared,
            bands: (groups.banding.bands as u64, groups.banding.rows as u64),
            exact: groups.links.iter().all(|link| link.exact),
            first: Vec::new(),
        };
        Self {
            drop: rule.drop,
            groups,
            similarity,
            firsts,
            places: BTreeMap::new(),
            next: 0,
            outcome,
        }
    }

    /// Takes the kept rows of a piece; how many are near duplicates, and their lines for the file.
    pub(crate) fn take(
        &mut self,
        source: &str,
        rows: &[u64],
        keep: &mut [bool],
    ) -> (u64, Vec<String>) {
        let mut lines = Vec::new();
        for (row, keep) in rows.iter().zip(keep).filter(|(_, keep)| **keep) {
            let number = self.next;
            self.next += 1;
            let place = Place { source: source.to_owned(), row: *row };
            let first = self.groups.first.get(number as usize).copied().unwrap_or(number);
            if first == number {
                if self.firsts.contains(&number) {
                    self.places.insert(number, place);
                }
                continue;
            }
            let Some(like) = self.places.get(&first).cloned() else { continue };
            let similarity = self.similarity.get(&number).copied().unwrap_or(0.0);
            lines.push(
                json!({
                    "key": NEAR, "source": source, "row": row, "similarity": similarity,
                    "first": { "source": like.source, "row": like.row },
                })
                .to_string(),
            );
            if self.outcome.first.len() < NAMED {
                self.outcome.first.push(NearPair { row: place, first: like, similarity });
            }
            *keep = !self.drop;
        }
        (lines.len() as u64, lines)
    }

    pub(crate) fn outcome(self) -> NearOutcome {
        self.outcome
    }
}

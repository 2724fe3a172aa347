//! Near duplicates of the rows that every other rule keeps: found in a pass of their own, since the row that another repeats may
//! stand anywhere before.

use crate::config::NearRule;
use crate::outcome::{NearOutcome, NearPair, Place};
use crate::texts::NEAR;
use ingot_quality::near::{Link, NearConfig, NearIndex};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Pairs that an outcome names; the file of findings has all.
const NAMED: usize = 20;

/// How near duplicates are looked for while cleaning.
pub(crate) fn config(rule: &NearRule) -> NearConfig {
    NearConfig { shingle: rule.shingle, seed: rule.seed, ..NearConfig::new(rule.similarity) }
}

/// Near duplicates, told row by row in the order of the survey.
pub(crate) struct Near {
    drop: bool,
    /// What a row repeats.
    repeats: BTreeMap<u32, Link>,
    /// Rows that others repeat, and where they stand once they have come.
    repeated: BTreeSet<u32>,
    places: BTreeMap<u32, Place>,
    next: u32,
    outcome: NearOutcome,
}

impl Near {
    pub(crate) fn new(rule: &NearRule, index: &NearIndex) -> Self {
        let groups = index.group();
        let repeats = index.repeats(&groups);
        let outcome = NearOutcome {
            column: rule.column.clone(),
            similarity: rule.similarity,
            dropped: rule.drop,
            groups: groups.groups() as u64,
            rows: repeats.len() as u64,
            compared: groups.compared,
            bands: (groups.banding.bands as u64, groups.banding.rows as u64),
            exact: repeats.iter().all(|link| link.exact),
            first: Vec::new(),
        };
        Self {
            drop: rule.drop,
            repeated: repeats.iter().map(|link| link.like).collect(),
            repeats: repeats.into_iter().map(|link| (link.text, link)).collect(),
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
            let Some(Link { like, similarity, .. }) = self.repeats.get(&number).copied() else {
                if self.repeated.contains(&number) {
                    self.places.insert(number, place);
                }
                continue;
            };
            let Some(like) = self.places.get(&like).cloned() else { continue };
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

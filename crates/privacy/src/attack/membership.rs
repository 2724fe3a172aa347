//! Membership inference: was this person among those that a result was made of?

use super::Effort;
use super::interval::{Rate, auc_interval, wilson};
use super::messages::{EMPTY, LOSS};
use super::random::Random;
use super::table::{Index, Levels, Pair};
use arrow::array::RecordBatch;
use ingot_base::{Fault, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How well members are told from others.
///
/// An area of ½ is guessing. The rate at 1 % false alarms is the one to watch (Carlini et al., "Membership Inference Attacks From
/// First Principles", 2022): an attack that is sure of a few is worse than one that is unsure of all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// Members attacked.
    pub members: u64,
    /// Others, drawn from the same population.
    pub others: u64,
    /// Area under the ROC curve: how often a member looks more like one than another person does.
    pub auc: f64,
    /// Lower end of its 95 % interval.
    pub auc_lower: f64,
    /// Upper end of its 95 % interval.
    pub auc_upper: f64,
    /// Members recognised while at most 1 % of the others are taken for members.
    pub at_one_percent: Rate,
    /// The largest difference of true and false alarms over all thresholds (Yeom et al. 2018); 0 is guessing.
    pub advantage: f64,
}

/// Distance to the closest record: who lies nearer to the result is taken for a member.
///
/// `members` are rows the result was made of, `others` rows of the same population it was not made of.
///
/// # Errors
/// When a table is empty, or a column is missing or cannot be compared.
pub fn membership_by_distance(
    members: &[RecordBatch],
    others: &[RecordBatch],
    released: &[RecordBatch],
    columns: &[Pair],
    effort: &Effort,
) -> Result<Membership> {
    let index =
        Index::new(&[members, others], released, columns, &Levels::new(), effort.candidates)?;
    if index.class_of.is_empty() {
        return Err(Fault::new(&EMPTY));
    }
    let score = |batches: &[RecordBatch], stream: u64| -> Result<Vec<f64>> {
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let chosen = Random::new(effort.seed, stream).sample(rows, effort.targets.max(1));
        let targets = index.targets(batches, &chosen)?;
        Ok(targets.par_iter().map(|target| -index.nearest(target).1).collect())
    };
    judge(&score(members, 1)?, &score(others, 2)?)
}

/// Loss threshold (Yeom et al. 2018): who is predicted with less loss is taken for a member.
///
/// # Errors
/// When a list is empty or a loss is NaN.
pub fn membership_by_loss(members: &[f64], others: &[f64], effort: &Effort) -> Result<Membership> {
    if members.iter().chain(others).any(|loss| loss.is_nan()) {
        return Err(Fault::new(&LOSS));
    }
    let score = |losses: &[f64], stream: u64| -> Vec<f64> {
        Random::new(effort.seed, stream)
            .sample(losses.len(), effort.targets.max(1))
            .into_iter()
            .filter_map(|row| losses.get(row).map(|loss| -loss))
            .collect()
    };
    judge(&score(members, 1), &score(others, 2))
}

/// Distances that differ by less are one distance.
fn rounded(score: f64) -> f64 {
    if score.is_finite() { (score * 1e12).round() / 1e12 } else { score }
}

/// Walks the ROC curve from the highest score down; equal scores are one step.
#[expect(clippy::cast_precision_loss, reason = "counts of samples")]
fn judge(members: &[f64], others: &[f64]) -> Result<Membership> {
    if members.is_empty() || others.is_empty() {
        return Err(Fault::new(&EMPTY));
    }
    let mut scores: Vec<(f64, bool)> = members
        .iter()
        .map(|score| (rounded(*score), true))
        .chain(others.iter().map(|score| (rounded(*score), false)))
        .collect();
    scores.sort_by(|one, other| other.0.total_cmp(&one.0));
    let (m, n) = (members.len() as f64, others.len() as f64);
    let (mut hits, mut alarms) = (0_u64, 0_u64);
    let (mut area, mut advantage, mut at_one_percent) = (0.0, 0.0_f64, 0_u64);
    for step in scores.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
        let new_hits = step.iter().filter(|(_, member)| *member).count() as u64;
        let new_alarms = step.len() as u64 - new_hits;
        area += new_alarms as f64 * (hits as f64 + new_hits as f64 / 2.0);
        hits += new_hits;
        alarms += new_alarms;
        advantage = advantage.max(hits as f64 / m - alarms as f64 / n);
        if alarms as f64 <= 0.01 * n {
            at_one_percent = hits;
        }
    }
    let auc = area / (m * n);
    let (auc_lower, auc_upper) = auc_interval(auc, members.len(), others.len());
    Ok(Membership {
        members: members.len() as u64,
        others: others.len() as u64,
        auc,
        auc_lower,
        auc_upper,
        at_one_percent: wilson(at_one_percent, members.len() as u64),
        advantage,
    })
}

//! Doubtful labels of a head's rows, from heads that had not seen them.

use super::head::{Examples, Fitted, Truth, fit};
use super::train::{FeatureTable, HeadConfig, classes};
use crate::folds;
use crate::review::{LabelFindings, findings};
use ingot_base::Result;
use ingot_quality::labels;
use std::collections::BTreeMap;

/// Heads that are trained, each without a share of the rows.
const FOLDS: usize = 4;

/// Finds labels of the training rows that are probably wrong. Augmented copies are learned from, with their originals, and not
/// judged; mixtures are left out, as they have in them what another fold judges.
///
/// `families` gives rows that are much alike one number, by their places: they stay in one fold. It is empty where every row is alone.
///
/// # Errors
/// When there are fewer than two classes.
pub fn doubtful_labels(
    config: &HeadConfig,
    train: &FeatureTable,
    families: &BTreeMap<(String, u64), u32>,
) -> Result<LabelFindings> {
    let classes = classes(config, train)?;
    let width = config.width.max(1);
    let class = |name: &String| classes.iter().position(|known| known == name);
    // A row and its copies share a place, and so a fold.
    let mut known: BTreeMap<&(String, u64), usize> = BTreeMap::new();
    for (place, label) in train.places.iter().zip(&train.labels) {
        if let Some(label) = label.as_ref().and_then(class) {
            known.entry(place).or_insert(label);
        }
    }
    let strata: Vec<usize> = known.values().copied().collect();
    let rows_of = |class: usize| strata.iter().filter(|stratum| **stratum == class).count();
    let smallest =
        (0..classes.len()).map(rows_of).filter(|rows| *rows > 1).min().unwrap_or_default();
    let folds = FOLDS.min(smallest).max(2);
    let together = known.keys().map(|place| families.get(*place).copied());
    let dealt = match together.collect::<Option<Vec<u32>>>() {
        Some(families) => folds::grouped(&families, &strata, folds, config.seed),
        None => folds::stratified(&strata, folds, config.seed),
    };
    let fold_of: BTreeMap<&(String, u64), usize> = known.keys().copied().zip(dealt).collect();
    let rows: Vec<Row<'_>> = train
        .features
        .chunks_exact(width)
        .zip(&train.labels)
        .zip(train.places.iter().zip(&train.copy))
        .enumerate()
        .filter_map(|(at, ((features, label), (place, copy)))| {
            let label = label.as_ref().filter(|_| train.second(at).is_none()).and_then(class)?;
            Some(Row { features, label, place, fold: *fold_of.get(place)?, copy: *copy })
        })
        .collect();
    // Whoever judges the only row of a class has never seen that class.
    let counts: Vec<usize> = (0..classes.len()).map(rows_of).collect();
    let several = |row: &&Row<'_>| counts.get(row.label).is_some_and(|count| *count > 1);
    let judged: Vec<&Row<'_>> = rows.iter().filter(|row| !row.copy).filter(several).collect();
    let mut probabilities = vec![0.0; judged.len() * classes.len()];
    for fold in 0..folds {
        let seen: Vec<&Row<'_>> = rows.iter().filter(|row| row.fold != fold).collect();
        let features: Vec<f32> = seen.iter().flat_map(|row| row.features).copied().collect();
        let truths: Vec<Truth> = seen.iter().map(|row| Truth::of(row.label)).collect();
        let examples = Examples { features: &features, width, truths: &truths };
        let Fitted { net, .. } = fit(&config.settings, examples, None, classes.len(), config.seed);
        for (row, line) in judged.iter().zip(probabilities.chunks_exact_mut(classes.len())) {
            if row.fold == fold {
                match net.scores(row.features)[..] {
                    [positive] => line.copy_from_slice(&[1.0 - positive, positive]),
                    ref scores => line.copy_from_slice(scores),
                }
            }
        }
    }
    let given: Vec<usize> = judged.iter().map(|row| row.label).collect();
    let review = labels::review(&given, &probabilities, classes.len())?;
    let place = |row: usize| judged.get(row).map(|row| row.place.clone()).unwrap_or_default();
    Ok(findings(review, folds, &classes, given.len() as u64, &place))
}

/// A row with a class.
struct Row<'a> {
    features: &'a [f32],
    label: usize,
    place: &'a (String, u64),
    fold: usize,
    copy: bool,
}

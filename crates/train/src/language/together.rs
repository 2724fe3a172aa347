//! Adapters trained by several processes, which are threads here.

use super::adapter::{Adapter, AdapterForm};
use super::model::{BaseModel, Family, Part};
use super::preference::{likelihoods, likelihoods_together};
use super::tests::{base, examples, pairs, settings};
use super::train::{Step, TrainSettings, Trainer, mean_loss, mean_loss_together};
use crate::group::threads::together;
use crate::group::{Alone, Group};

fn fresh(base: &BaseModel) -> Adapter {
    let form = AdapterForm { rank: 2, alpha: 4.0, dropout: 0.1, targets: Part::ALL.to_vec() };
    Adapter::new(&form, &base.shape, 1)
}

/// Runs to the end, from a checkpoint if there is one; gives steps, weights and the checkpoint after the third step.
fn trained(mut trainer: Trainer<'_>, kept: Option<&[u8]>) -> (Vec<Step>, Vec<f32>, Vec<u8>) {
    if let Some(kept) = kept {
        assert!(trainer.resume("key", kept).unwrap());
    }
    let mut third = Vec::new();
    while trainer.step().is_some() {
        if trainer.steps().len() == 3 {
            third = trainer.checkpoint("key").unwrap();
        }
    }
    (trainer.steps().to_vec(), trainer.adapter().values.clone(), third)
}

/// What a training gives: its steps, its weights, a checkpoint on the way.
type Found = (Vec<Step>, Vec<f32>, Vec<u8>);

/// What several processes train is what one trains; all have the same bits, also after going on from a checkpoint.
fn compare(run: impl Fn(&dyn Group, Option<&[u8]>) -> Found + Sync) {
    let (steps, values, _) = run(&Alone, None);
    for size in [2, 3] {
        let all = together(size, |group| run(group, None));
        assert!(all.iter().all(|own| *own == all[0]), "the same bits on all");
        let (own, weights, kept) = &all[0];
        assert_eq!(own.len(), steps.len());
        for (own, one) in own.iter().zip(&steps) {
            assert!((own.loss - one.loss).abs() < 1e-4 * one.loss.max(1.0), "{own:?} {one:?}");
            assert_eq!((own.tokens, own.learning_rate), (one.tokens, one.learning_rate));
        }
        for (own, one) in weights.iter().zip(&values) {
            assert!((own - one).abs() < 2e-3, "{size}: {own} {one}");
        }
        let resumed = together(size, |group| run(group, Some(kept.as_slice())));
        assert!(resumed.iter().all(|own| (&own.0, &own.1) == (&all[0].0, &all[0].1)));
    }
}

#[test]
fn answers_are_learnt_together() {
    for family in [Family::Llama, Family::Qwen2] {
        // Of the eleventh example, a batch by itself, one process has all.
        let (base, examples) = (base(family), examples(11));
        let settings = TrainSettings { batch: 4, accumulate: 2, epochs: 4, ..settings() };
        compare(|group, kept| {
            trained(Trainer::answering(&base, fresh(&base), &settings, &examples, group), kept)
        });
    }
}

#[test]
fn preferences_are_learnt_together() {
    let (base, pairs) = (base(Family::Llama), pairs(9));
    let settings = TrainSettings { batch: 4, accumulate: 1, epochs: 3, ..settings() };
    compare(|group, kept| {
        let (fresh, own) = (fresh(&base), (pairs.as_slice(), 0.3));
        trained(Trainer::preferring(&base, fresh, &settings, own, group), kept)
    });
}

/// What validation and test rows say is what they say to one process.
#[test]
fn rows_are_measured_together() {
    let (base, examples, pairs) = (base(Family::Llama), examples(7), pairs(7));
    let (loss, found) = (mean_loss(&base, None, &examples, 2), likelihoods(&base, None, &pairs, 2));
    for (own, told) in together(3, |group| {
        let model = (&base, None);
        let loss = mean_loss_together(model, &examples, 2, group, &|| {});
        (loss, likelihoods_together(model, &pairs, 2, group, &|| {}))
    }) {
        assert!((own - loss).abs() < 1e-9, "{own} {loss}");
        assert_eq!(told, found, "batches are the same");
    }
}

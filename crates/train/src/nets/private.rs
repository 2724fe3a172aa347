//! Training of a head with differential privacy (DP-SGD, Abadi et al. 2016): every row's gradient is shortened to one length, and noise
//! that hides any one row is added to their sum.
//!
//! A row takes part in a step by chance, each step anew (Poisson sampling), as the accounting presumes. The noise comes from a secret
//! of the project: whoever knows the recipe and its seed cannot take it away again.

use super::accountant;
use super::head::{Adam, Epoch, Examples, Fitted, Gradients, HeadSettings, Net};
use crate::messages::PRIVACY_IMPOSSIBLE;
use ingot_base::{Digest, Fault, Result, Secret};
use serde::{Deserialize, Serialize};

/// What a training may cost, and how rows are bounded.
#[derive(Debug, Clone)]
pub struct PrivateSettings {
    /// ε at most; above 0.
    pub epsilon: f64,
    /// δ; in (0, 1), and below one over the training rows.
    pub delta: f64,
    /// Length that a row's gradient has at most; above 0.
    pub clip: f64,
    /// What the noise is made from.
    pub secret: Secret<Vec<u8>>,
}

/// What a training cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PrivacySpent {
    /// ε, by Rényi accounting.
    pub epsilon: f64,
    /// δ.
    pub delta: f64,
    /// Noise, in clipping lengths.
    pub noise: f64,
    /// Length that a row's gradient had at most.
    pub clip: f64,
    /// Share of the rows in a step.
    pub sample: f64,
    /// Steps.
    pub steps: u64,
}

/// Numbers that only who has the secret can know: SHA-256 of secret and counter.
struct Noise<'a> {
    secret: &'a [u8],
    counter: u64,
    left: Vec<u64>,
    spare: Option<f64>,
}

impl<'a> Noise<'a> {
    fn new(secret: &'a [u8]) -> Self {
        Self { secret, counter: 0, left: Vec::new(), spare: None }
    }

    /// Uniform in (0, 1].
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    fn unit(&mut self) -> f64 {
        loop {
            if let Some(bits) = self.left.pop() {
                return ((bits >> 11) + 1) as f64 / (1_u64 << 53) as f64;
            }
            let mut block = self.secret.to_vec();
            block.extend(self.counter.to_le_bytes());
            self.counter += 1;
            let digest = Digest::of(&block);
            self.left = digest
                .as_bytes()
                .as_chunks::<8>()
                .0
                .iter()
                .map(|own| u64::from_le_bytes(*own))
                .collect();
        }
    }

    /// Normal with variance 1 (Box & Muller 1958).
    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let (radius, angle) =
            ((-2.0 * self.unit().ln()).sqrt(), std::f64::consts::TAU * self.unit());
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }
}

/// Trains a net privately; the validation rows are not part of the promise, and so neither stop the training nor choose its end.
///
/// # Errors
/// When no noise keeps the promise.
pub(crate) fn fit_privately(
    settings: &HeadSettings,
    private: &PrivateSettings,
    train: Examples<'_>,
    validation: Option<Examples<'_>>,
    classes: usize,
    seed: u64,
) -> Result<(Fitted, PrivacySpent)> {
    let rows = train.labels.len().max(1);
    let per = rows.div_ceil(settings.batch.max(1));
    let steps = per * settings.epochs;
    #[expect(clippy::cast_precision_loss, reason = "rows are counted in millions")]
    let (sample, count) = (1.0 / per as f64, rows as f64);
    let impossible = || {
        Fault::new(&PRIVACY_IMPOSSIBLE).arg("epsilon", private.epsilon).at("train.privacy.epsilon")
    };
    let sigma =
        accountant::noise(sample, steps, private.delta, private.epsilon).ok_or_else(impossible)?;
    let mut net = Net::new(settings, train.width, classes, seed);
    let mut adam = Adam::new(&net);
    let mut noise = Noise::new(private.secret.expose());
    let mut history = Vec::with_capacity(settings.epochs);
    for _ in 0..settings.epochs {
        let (mut loss, mut seen) = (0.0, 0.0_f64);
        for _ in 0..per {
            adam.rate = settings.rate(adam.step, steps);
            let mut sum = Gradients::of(&net);
            for row in (0..rows).filter(|_| per == 1 || noise.unit() <= sample).collect::<Vec<_>>()
            {
                let mut own = Gradients::of(&net);
                let label = train.labels.get(row).copied().unwrap_or_default();
                loss += own.add(&net, train.row(row), label);
                seen += 1.0;
                sum.add_clipped(&own, private.clip);
            }
            sum.add_noise(&mut || sigma * private.clip * noise.normal());
            // By the expected number of rows: how many came is a secret too.
            sum.scale(1.0 / (sample * count));
            adam.update(&mut net, &sum, settings.weight_decay);
        }
        let judged = validation.map(|rows| net.judge(rows));
        history.push(Epoch {
            train_loss: loss / seen.max(1.0),
            validation_loss: judged.map(|judged| judged.0),
            validation_accuracy: judged.map(|judged| judged.1),
            learning_rate: adam.rate,
        });
    }
    let spent = PrivacySpent {
        epsilon: accountant::epsilon(sample, sigma, steps, private.delta),
        delta: private.delta,
        noise: sigma,
        clip: private.clip,
        sample,
        steps: steps as u64,
    };
    let best = settings.epochs.saturating_sub(1);
    Ok((Fitted { net, history, best }, spent))
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
mod tests {
    use super::super::head::Schedule;
    use super::*;
    use ingot_base::Rng;

    fn settings() -> HeadSettings {
        HeadSettings {
            hidden: vec![],
            epochs: 10,
            batch: 50,
            learning_rate: 0.05,
            weight_decay: 0.0,
            schedule: Schedule::Constant,
            dropout: 0.0,
            patience: 0,
        }
    }

    fn private(epsilon: f64, secret: u8) -> PrivateSettings {
        PrivateSettings { epsilon, delta: 1e-4, clip: 1.0, secret: Secret::new(vec![secret; 32]) }
    }

    fn rows(count: usize) -> (Vec<f32>, Vec<usize>) {
        let mut random = Rng::new(1, "rows");
        let labels: Vec<usize> = (0..count).map(|row| row % 2).collect();
        let features = labels.iter().flat_map(|label| {
            [*label as f64 * 2.0 - 1.0, 1.0].map(|n| (n + random.between(-0.5, 0.5)) as f32)
        });
        (features.collect(), labels)
    }

    #[test]
    fn the_promise_is_kept_and_something_is_learnt() {
        let (features, labels) = rows(1_000);
        let train = Examples { features: &features, width: 2, labels: &labels };
        let (fitted, spent) =
            fit_privately(&settings(), &private(3.0, 1), train, Some(train), 2, 1).unwrap();
        assert!(spent.epsilon <= 3.0 && spent.epsilon > 2.9, "{spent:?}");
        assert_eq!((spent.steps, spent.sample), (200, 0.05));
        assert!(fitted.net.judge(train).1 > 0.95, "{}", fitted.net.judge(train).1);
    }

    #[test]
    fn the_secret_decides_the_noise() {
        let (features, labels) = rows(200);
        let train = Examples { features: &features, width: 2, labels: &labels };
        let run = |secret| {
            fit_privately(&settings(), &private(1.0, secret), train, None, 2, 1)
                .unwrap()
                .0
                .net
                .layers
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        let mut noise = Noise::new(&[7; 32]);
        let draws: Vec<f64> = (0..20_000).map(|_| noise.normal()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance =
            draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
    }

    /// One row's part in the sum is never longer than the clipping length.
    #[test]
    fn no_row_weighs_more_than_allowed() {
        let net = Net::new(&settings(), 2, 2, 1);
        let (mut own, mut sum) = (Gradients::of(&net), Gradients::of(&net));
        own.add(&net, &[1e4, -1e4], 1);
        assert!(own.length() > 100.0);
        sum.add_clipped(&own, 0.5);
        assert!((sum.length() - 0.5).abs() < 1e-5);
        let mut small = Gradients::of(&net);
        small.add_clipped(&sum, 2.0);
        assert!((small.length() - 0.5).abs() < 1e-5, "what is short stays as it is");
    }
}

//! Training of a head with differential privacy (DP-SGD, Abadi et al. 2016): every row's gradient is shortened to one length, and noise
//! that hides any one row is added to their sum.
//!
//! A row takes part in a step by chance, each step anew (Poisson sampling), as the accounting presumes. The noise comes from a secret
//! of the project: whoever knows the recipe and its seed cannot take it away again. It is drawn in floating point, as Opacus draws it:
//! the proof is of real numbers (Mironov 2012 says what low-order bits may tell).

use super::accountant;
use super::head::{Adam, Epoch, Examples, Fitted, Gradients, HeadSettings, Net, dropped, passed};
use crate::group::Group;
use crate::messages::{PRIVACY_DELTA, PRIVACY_IMPOSSIBLE};
use ingot_base::{Digest, Fault, Result, Secret};
use serde::{Deserialize, Serialize};

/// What a training may cost, and how rows are bounded.
#[derive(Debug, Clone)]
pub struct PrivateSettings {
    /// ε at most; above 0.
    pub epsilon: f64,
    /// δ; in (0, 1), and below one over the units: rows, or groups of them.
    pub delta: f64,
    /// Length that a unit's gradient has at most; above 0.
    pub clip: f64,
    /// Whether all rows of a group are hidden together; else every row by itself.
    pub groups: bool,
    /// What noise and sampling are made from. Another one for every training: where two share it, their difference has no noise.
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
    /// Length that a unit's gradient had at most.
    pub clip: f64,
    /// Whether a unit is a group of rows; else it is a row.
    #[serde(default)]
    pub groups: bool,
    /// Units that were learned from.
    #[serde(default)]
    pub units: u64,
    /// Share of the units in a step.
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

    /// Indices of a step's units: each of so many by itself with this probability (Poisson sampling).
    fn taken(&mut self, units: usize, sample: f64) -> Vec<usize> {
        (0..units).filter(|_| sample >= 1.0 || self.unit() <= sample).collect()
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

/// The rows of a private training by what is hidden.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Units<'a> {
    pub(crate) rows: Examples<'a>,
    /// Indices of the rows of each: a row with its augmented copies, or a group. No row is in two lists.
    pub(crate) made: &'a [Vec<usize>],
}

impl Units<'_> {
    /// The mean gradient of a unit's rows. They are shortened as one, and so it is hidden as well as if it had one row
    /// (De et al. 2022, augmentation multiplicity). What is left out of it is a secret too: by a sequence that all know, one unit more would
    /// change what is left out of every other.
    #[expect(clippy::cast_precision_loss, reason = "rows of a unit")]
    fn gradient(
        &self,
        net: &Net,
        made: &[usize],
        dropout: f64,
        noise: &mut Noise<'_>,
    ) -> Gradients {
        let mut own = Gradients::of(net);
        for &row in made {
            let features = dropped(self.rows.row(row), dropout, &mut || noise.unit());
            own.add(net, &features, self.rows.truth(row));
        }
        if made.len() > 1 {
            own.scale(1.0 / made.len() as f64);
        }
        own
    }

    /// Draws what [`gradient`](Self::gradient) would of a unit that another process takes.
    fn pass(&self, made: &[usize], dropout: f64, noise: &mut Noise<'_>) {
        for _ in made {
            passed(self.rows.width, dropout, &mut || noise.unit());
        }
    }
}

/// Trains a net privately; the validation rows are not part of the promise, and so neither stop the training nor choose its end. Losses of
/// training rows are not told: no noise is in them.
///
/// The processes of a group share the units of every step. All know the secret: they draw the same units, and add the same noise to the same
/// sum, once.
///
/// # Errors
/// When no noise keeps the promise, and when δ would allow one unit to be told outright.
#[expect(clippy::cast_precision_loss, reason = "rows are counted in millions")]
pub(crate) fn fit_privately(
    settings: &HeadSettings,
    private: &PrivateSettings,
    train: Units<'_>,
    validation: Option<Examples<'_>>,
    (classes, seed): (usize, u64),
    group: &dyn Group,
) -> Result<(Fitted, PrivacySpent)> {
    let units = train.made.len().max(1);
    let per = units.div_ceil(settings.batch.max(1));
    let steps = per * settings.epochs;
    let (sample, count) = (1.0 / per as f64, units as f64);
    let sigma = promised(private, sample, steps, units)?;
    let mut net = Net::new(settings, train.rows.width, classes, seed);
    let mut adam = Adam::new(&net);
    let mut noise = Noise::new(private.secret.expose());
    let mut history = Vec::with_capacity(settings.epochs);
    for _ in 0..settings.epochs {
        for _ in 0..per {
            adam.rate = settings.rate(adam.step, steps);
            let mut sum = Gradients::of(&net);
            let taken = noise.taken(train.made.len(), sample);
            let share = group.share(taken.len());
            for (at, unit) in taken.into_iter().enumerate() {
                let made = train.made.get(unit).map(Vec::as_slice).unwrap_or_default();
                if share.contains(&at) {
                    let own = train.gradient(&net, made, settings.dropout, &mut noise);
                    sum.add_clipped(&own, private.clip);
                } else {
                    train.pass(made, settings.dropout, &mut noise);
                }
            }
            sum.sum(group);
            sum.add_noise(&mut || sigma * private.clip * noise.normal());
            // By the expected number of units: how many came is a secret too.
            sum.scale(1.0 / (sample * count));
            adam.update(&mut net, &sum, settings.weight_decay);
        }
        let judged = validation.map(|rows| net.judge_together(rows, group));
        history.push(Epoch {
            train_loss: None,
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
        groups: private.groups,
        units: units as u64,
        sample,
        steps: steps as u64,
    };
    let best = settings.epochs.saturating_sub(1);
    Ok((Fitted { net, history, best }, spent))
}

/// The least noise that keeps the promise.
#[expect(clippy::cast_precision_loss, reason = "rows are counted in millions")]
fn promised(private: &PrivateSettings, sample: f64, steps: usize, units: usize) -> Result<f64> {
    let delta = format!("{:e}", private.delta);
    if private.delta * units as f64 >= 1.0 {
        return Err(Fault::new(&PRIVACY_DELTA)
            .arg("delta", delta)
            .arg("units", units)
            .arg("most", format!("{:.1e}", 1.0 / units as f64))
            .at("train.private.delta"));
    }
    accountant::noise(sample, steps, private.delta, private.epsilon).ok_or_else(|| {
        let least = accountant::epsilon(sample, accountant::MOST, steps, private.delta);
        Fault::new(&PRIVACY_IMPOSSIBLE)
            .arg("epsilon", private.epsilon)
            .arg("delta", delta)
            .arg("least", format!("{least:.4}"))
            .at("train.private.epsilon")
    })
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
mod tests {
    use super::super::head::{Schedule, Truth};
    use super::*;
    use crate::group::Alone;
    use crate::group::threads::together;
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
        PrivateSettings {
            epsilon,
            delta: 1e-4,
            clip: 1.0,
            groups: false,
            secret: Secret::new(vec![secret; 32]),
        }
    }

    fn rows(count: usize) -> (Vec<f32>, Vec<Truth>) {
        let mut random = Rng::new(1, "rows");
        let truths: Vec<Truth> = (0..count).map(|row| Truth::of(row % 2)).collect();
        let features = truths.iter().flat_map(|truth| {
            [truth.class as f64 * 2.0 - 1.0, 1.0].map(|n| (n + random.between(-0.5, 0.5)) as f32)
        });
        (features.collect(), truths)
    }

    /// Every row by itself.
    fn alone(rows: usize) -> Vec<Vec<usize>> {
        (0..rows).map(|row| vec![row]).collect()
    }

    fn examples<'a>(features: &'a [f32], truths: &'a [Truth]) -> Examples<'a> {
        Examples { features, width: 2, truths }
    }

    #[test]
    fn the_promise_is_kept_and_something_is_learnt() {
        let (features, truths) = rows(1_000);
        let (rows, made) = (examples(&features, &truths), alone(1_000));
        let train = Units { rows, made: &made };
        let (fitted, spent) =
            fit_privately(&settings(), &private(3.0, 1), train, Some(rows), (2, 1), &Alone)
                .unwrap();
        assert!(spent.epsilon <= 3.0 && spent.epsilon > 2.9, "{spent:?}");
        assert_eq!((spent.steps, spent.sample), (200, 0.05));
        assert!(fitted.net.judge(rows).1 > 0.95, "{}", fitted.net.judge(rows).1);
        assert!(fitted.history.iter().all(|epoch| epoch.train_loss.is_none()));
    }

    /// With all rows in every step, hardly any noise and none shortened, it is Adam on the mean gradient.
    #[test]
    fn with_much_allowed_it_is_the_plain_training() {
        let (features, truths) = rows(400);
        let (rows, made) = (examples(&features, &truths), alone(400));
        let how = HeadSettings { batch: 400, epochs: 30, ..settings() };
        let much = PrivateSettings { clip: 10.0, ..private(1e9, 1) };
        let (own, spent) =
            fit_privately(&how, &much, Units { rows, made: &made }, None, (2, 3), &Alone).unwrap();
        assert!(spent.epsilon > 0.99e9 && spent.sample >= 1.0, "{spent:?}");
        let plain = super::super::head::fit(&how, rows, None, 2, 3);
        let (own, plain) = (&own.net.layers[0], &plain.net.layers[0]);
        for (own, plain) in
            own.weight.iter().zip(&plain.weight).chain([(&own.bias[0], &plain.bias[0])])
        {
            assert!((own - plain).abs() < 0.01, "{own} {plain}");
        }
    }

    #[test]
    fn copies_cost_nothing_and_weigh_as_one() {
        let (features, truths) = rows(200);
        let run = |features: &[f32], truths: &[Truth], made: &[Vec<usize>]| {
            let train = Units { rows: examples(features, truths), made };
            fit_privately(&settings(), &private(1.0, 1), train, None, (2, 1), &Alone).unwrap()
        };
        let plain = run(&features, &truths, &alone(200));
        // Each row's copy is the row itself: the mean gradient is the same.
        let twice: Vec<Vec<usize>> = (0..200).map(|row| vec![row, 200 + row]).collect();
        let copied = run(&features.repeat(2), &truths.repeat(2), &twice);
        assert_eq!(copied.0.net.layers, plain.0.net.layers);
        assert_eq!(copied.1, plain.1, "the same noise, steps and share");
        let truths = [0, 1, 1].map(Truth::of);
        let rows = examples(&[1e4; 6], &truths);
        let (net, mut noise) = (Net::new(&settings(), 2, 2, 1), Noise::new(&[1; 32]));
        let own = Units { rows, made: &[] }.gradient(&net, &[0, 1, 2], 0.0, &mut noise);
        let mut sum = Gradients::of(&net);
        sum.add_clipped(&own, 0.5);
        assert!(own.length() > 100.0 && sum.length() < 0.5 + 1e-5);
    }

    /// Sizes of steps vary as those of independent draws do: a shuffled pass would have steps of one size.
    #[test]
    fn rows_are_taken_each_by_itself() {
        let mut noise = Noise::new(&[3; 32]);
        let (rows, sample, steps) = (500_usize, 0.1, 2_000_usize);
        let mut often = vec![0_usize; rows];
        let sizes: Vec<f64> = (0..steps)
            .map(|_| {
                let taken = noise.taken(rows, sample);
                for row in &taken {
                    often[*row] += 1;
                }
                taken.len() as f64
            })
            .collect();
        let mean = sizes.iter().sum::<f64>() / steps as f64;
        let variance = sizes.iter().map(|size| (size - mean).powi(2)).sum::<f64>() / steps as f64;
        assert!((mean - 50.0).abs() < 0.6, "{mean}");
        assert!((variance / 45.0 - 1.0).abs() < 0.12, "n q (1 − q) is 45: {variance}");
        let (least, most) = (often.iter().min().unwrap(), often.iter().max().unwrap());
        assert!(*least > 130 && *most < 270, "{least} {most}");
        assert_eq!(noise.taken(3, 1.0), [0, 1, 2]);
    }

    #[test]
    fn what_cannot_be_promised_is_refused_with_what_can() {
        let (features, truths) = rows(100);
        let made = alone(100);
        let train = Units { rows: examples(&features, &truths), made: &made };
        let refused = |private: &PrivateSettings| {
            fit_privately(&settings(), private, train, None, (2, 1), &Alone).unwrap_err()
        };
        let low = refused(&private(0.05, 1));
        assert_eq!(low.code(), "train-privacy-impossible");
        // Order 63 of the accountant's: (−ln 10⁻⁴ − ln 63) / 62 + ln (62 / 63), where the noise costs nothing.
        assert!(low.to_string().contains("0.0657"), "{low}");
        let told = refused(&PrivateSettings { delta: 0.01, ..private(3.0, 1) });
        assert_eq!(told.code(), "train-privacy-delta");
        assert!(told.to_string().contains("100 rows"), "{told}");
    }

    #[test]
    fn the_secret_decides_the_noise() {
        let (features, truths) = rows(200);
        let made = alone(200);
        let train = Units { rows: examples(&features, &truths), made: &made };
        let run = |secret| {
            fit_privately(&settings(), &private(1.0, secret), train, None, (2, 1), &Alone)
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

    /// The units of a step are shared, its noise is not: twice as much of it, or another, would show.
    #[test]
    fn processes_share_units_and_add_one_noise() {
        let (features, truths) = rows(300);
        let made: Vec<Vec<usize>> =
            (0..100).map(|unit| vec![unit, 100 + unit, 200 + unit]).collect();
        let train = Units { rows: examples(&features, &truths), made: &made };
        let how = HeadSettings { dropout: 0.2, ..settings() };
        let run = |group: &dyn Group| {
            fit_privately(&how, &private(1.0, 4), train, Some(train.rows), (2, 1), group).unwrap()
        };
        let one = run(&Alone);
        for size in [2, 3] {
            let all = together(size, run);
            for own in &all {
                assert_eq!(own.0.net.bytes(), all[0].0.net.bytes());
                assert_eq!(own.1, one.1, "what it costs");
                let layers = own.0.net.layers.iter().zip(&one.0.net.layers);
                for (own, one) in layers.flat_map(|(own, one)| own.weight.iter().zip(&one.weight)) {
                    assert!((own - one).abs() < 1e-4, "{size}: {own} {one}");
                }
            }
        }
    }

    /// One row's part in the sum is never longer than the clipping length.
    #[test]
    fn no_row_weighs_more_than_allowed() {
        let net = Net::new(&settings(), 2, 2, 1);
        let (mut own, mut sum) = (Gradients::of(&net), Gradients::of(&net));
        own.add(&net, &[1e4, -1e4], Truth::of(1));
        assert!(own.length() > 100.0);
        sum.add_clipped(&own, 0.5);
        assert!((sum.length() - 0.5).abs() < 1e-5);
        let mut small = Gradients::of(&net);
        small.add_clipped(&sum, 2.0);
        assert!((small.length() - 0.5).abs() < 1e-5, "what is short stays as it is");
    }
}

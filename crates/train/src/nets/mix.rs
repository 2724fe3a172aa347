//! Mixtures of two rows: mixup (Zhang et al. 2018, equation 1), on features, where nothing before them is trained. A mixture of
//! features with the same mixture of classes is what Verma et al. 2019 call manifold mixup, of the one layer that is learned from.

use ingot_base::Rng;

/// How many mixtures of rows are learned from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mixup {
    /// Mixtures of every row.
    pub copies: usize,
    /// The row's share is drawn from Beta(α, α), as [`beta`] does.
    pub alpha: f64,
}

/// The second class of a row that is two in one.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixed {
    /// The other class.
    pub label: String,
    /// The share of the row's own class, in [0, 1]; the other has the rest.
    pub share: f64,
}

/// A draw from Beta(α, α), in [0, 1]; α outside 0.01 to 10 is taken for the nearer of them. Up to 1 by Jöhnk 1964, in logarithms, as the
/// powers vanish where α is small; above 1 by Cheng 1978 (algorithm BB, which is simpler when both parameters are the same).
pub fn beta(alpha: f64, random: &mut Rng) -> f64 {
    let alpha = alpha.clamp(0.01, 10.0);
    // In (0, 1]: a logarithm is taken.
    let mut unit = || 1.0 - random.unit();
    if alpha <= 1.0 {
        loop {
            let (first, second) = (unit().ln() / alpha, unit().ln() / alpha);
            let greatest = first.max(second);
            let sum = greatest + ((first - greatest).exp() + (second - greatest).exp()).ln();
            if sum <= 0.0 {
                return (first - sum).exp().clamp(0.0, 1.0);
            }
        }
    }
    let root = alpha.sqrt();
    loop {
        let (first, second) = (unit(), unit());
        let odds = (first / (1.0 - first)).ln() / root;
        let size = alpha * odds.exp();
        let bound = (alpha + root) * odds - 4.0_f64.ln();
        let level = (first * first * second).ln();
        if bound + 2.0 * alpha * (2.0 * alpha / (alpha + size)).ln() >= level {
            return size / (alpha + size);
        }
    }
}

/// Mixes rows of features: of each row so many mixtures, with any other row. Gives for each the two rows' indices and the first's share.
pub(super) fn pairs(
    rows: usize,
    how: Mixup,
    seed: u64,
) -> impl Iterator<Item = (usize, usize, f64)> {
    let mut random = Rng::new(seed, "mixup");
    let copies = if rows < 2 { 0 } else { how.copies };
    (0..rows).flat_map(move |row| std::iter::repeat_n(row, copies)).map(move |row| {
        let other = (row + 1 + random.below(rows - 1)) % rows;
        (row, other, beta(how.alpha, &mut random))
    })
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
mod tests {
    use super::*;

    /// Beta(α, α) has the mean ½ and the variance 1 / (4 (2α + 1)); half of it lies on either side.
    #[test]
    fn shares_are_distributed_as_beta() {
        for alpha in [0.01, 0.2, 0.5, 1.0, 1.5, 4.0, 10.0] {
            let mut random = Rng::new(7, "beta");
            let draws: Vec<f64> = (0..40_000).map(|_| beta(alpha, &mut random)).collect();
            assert!(draws.iter().all(|share| (0.0..=1.0).contains(share)), "{alpha}");
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let variance =
                draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / draws.len() as f64;
            let expected = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            assert!((mean - 0.5).abs() < 0.01, "{alpha}: {mean}");
            assert!((variance / expected - 1.0).abs() < 0.03, "{alpha}: {variance} {expected}");
        }
    }

    /// The incomplete beta function at 0.1, integrated with 200,000 steps; for 1 and 2 it is 0.1 and 3 · 0.1² − 2 · 0.1³.
    #[test]
    fn small_and_large_shares_are_as_frequent_as_they_should_be() {
        for (alpha, expected) in CDF {
            let mut random = Rng::new(8, "beta");
            let below = (0..40_000).filter(|_| beta(alpha, &mut random) <= 0.1).count();
            let found = below as f64 / 40_000.0;
            assert!((found - expected).abs() < 0.008, "{alpha}: {found} {expected}");
        }
    }

    const CDF: [(f64, f64); 4] = [(0.2, 0.336_69), (0.5, 0.204_833), (1.0, 0.1), (2.0, 0.028)];

    #[test]
    fn every_row_is_mixed_with_another_as_often_as_asked() {
        let how = Mixup { copies: 3, alpha: 0.4 };
        let made: Vec<_> = pairs(5, how, 1).collect();
        assert_eq!(made.len(), 15);
        assert!(made.iter().all(|(row, other, _)| row != other && *other < 5));
        assert_eq!(made.iter().filter(|(row, ..)| *row == 4).count(), 3);
        assert_eq!(made, pairs(5, how, 1).collect::<Vec<_>>(), "a seed decides everything");
        assert_ne!(made, pairs(5, how, 2).collect::<Vec<_>>());
        assert_eq!(pairs(1, how, 1).count(), 0, "there is no other row");
    }
}

//! Calibration: the map from scores to probabilities, fitted and chosen on rows the scores' models had not seen.

use crate::folds;
use crate::metrics::{EPSILON, log_loss};
use crate::target::class_index;
use ingot_base::Result;
use ingot_runtime::{Calibration, Matrix, Objective};

const FOLDS: usize = 5;

/// Held-out rows: LightGBM's scores (`rows × classes`), truth, and how much each row counts.
#[derive(Debug)]
pub(crate) struct HeldOut {
    pub(crate) scores: Matrix,
    pub(crate) labels: Vec<f64>,
    pub(crate) weights: Vec<f64>,
}

impl HeldOut {
    fn select(&self, rows: &[usize]) -> Self {
        let pick =
            |values: &[f64]| rows.iter().filter_map(|&row| values.get(row).copied()).collect();
        Self {
            scores: self.scores.select(rows),
            labels: pick(&self.labels),
            weights: pick(&self.weights),
        }
    }

    fn objective(&self) -> Objective {
        match self.scores.cols() {
            1 => Objective::Binary { sigmoid: 1.0 },
            classes => Objective::Softmax { classes },
        }
    }

    /// Calibrated scores. A score's own logarithm (binary: log odds) stands for its margin, from which it differs by a
    /// constant that softmax ignores.
    pub(crate) fn calibrated(&self, calibration: &Calibration) -> Result<Matrix> {
        let objective = self.objective();
        let mut out = self.scores.clone();
        for row in out.data_mut().chunks_exact_mut(self.scores.cols().max(1)) {
            if let [p] = row {
                *p = logit(*p);
            } else {
                for p in row.iter_mut() {
                    *p = p.max(EPSILON).ln();
                }
            }
            calibration.apply(&objective, row);
        }
        Matrix::new(self.scores.rows(), self.scores.cols(), out.into_data())
    }

    fn loss(&self, calibration: &Calibration) -> Result<f64> {
        Ok(log_loss(&self.calibrated(calibration)?, &self.labels, &self.weights))
    }
}

fn logit(p: f64) -> f64 {
    let p = p.clamp(EPSILON, 1.0 - EPSILON);
    (p / (1.0 - p)).ln()
}

type Method = fn(&HeldOut) -> Option<Calibration>;

/// Every method with its cross-validated log loss; the one with the lowest, fitted on all held-out rows. The scores as they are win
/// a tie.
pub(crate) fn choose(held: &HeldOut, seed: u64) -> Result<(Calibration, Vec<(String, f64)>)> {
    let methods: &[(&str, Method)] = if held.scores.cols() == 1 {
        &[("none", |_| Some(Calibration::None)), ("platt", platt), ("isotonic", isotonic)]
    } else {
        &[("none", |_| Some(Calibration::None)), ("temperature", temperature)]
    };
    let strata: Vec<usize> = held.labels.iter().map(|&label| class_index(label)).collect();
    let fold_of = folds::stratified(&strata, FOLDS, seed);
    let rows = |wanted: &dyn Fn(usize) -> bool| -> Vec<usize> {
        fold_of.iter().enumerate().filter(|(_, fold)| wanted(**fold)).map(|(row, _)| row).collect()
    };
    let parts: Vec<(HeldOut, HeldOut)> = (0..FOLDS)
        .map(|fold| {
            (held.select(&rows(&|other| other != fold)), held.select(&rows(&|other| other == fold)))
        })
        .filter(|(fit, test)| fit.scores.rows() > 0 && test.scores.rows() > 0)
        .collect();
    let mut tried = Vec::new();
    let mut best: Option<(f64, Calibration)> = None;
    for (name, method) in methods {
        let Some(loss) = cross_validated(&parts, *method)? else { continue };
        let Some(calibration) = method(held) else { continue };
        if calibration.defect(&held.objective()).is_some() || !loss.is_finite() {
            continue;
        }
        tried.push(((*name).to_owned(), loss));
        if best.as_ref().is_none_or(|(known, _)| loss < *known) {
            best = Some((loss, calibration));
        }
    }
    Ok((best.map_or(Calibration::None, |(_, calibration)| calibration), tried))
}

fn cross_validated(parts: &[(HeldOut, HeldOut)], method: Method) -> Result<Option<f64>> {
    let (mut sum, mut total) = (0.0, 0.0);
    for (fit, test) in parts {
        let Some(calibration) = method(fit) else { return Ok(None) };
        let weight: f64 = test.weights.iter().sum();
        sum += test.loss(&calibration)? * weight;
        total += weight;
    }
    Ok((total > 0.0).then_some(sum / total))
}

/// Platt's sigmoid by Newton's method on his smoothed targets (Platt 1999; Lin, Lin, Weng 2007). None when it does not rise.
fn platt(held: &HeldOut) -> Option<Calibration> {
    let margins: Vec<f64> = held.scores.data().iter().map(|&p| logit(p)).collect();
    let count = |wanted: bool| held.labels.iter().filter(|label| (**label > 0.5) == wanted).count();
    #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
    let (positives, negatives) = (count(true) as f64, count(false) as f64);
    let (high, low) = ((positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0));
    let targets: Vec<f64> =
        held.labels.iter().map(|&label| if label > 0.5 { high } else { low }).collect();
    let objective = |a: f64, b: f64| -> f64 {
        let rows = margins.iter().zip(&targets).zip(&held.weights);
        rows.map(|((f, t), w)| {
            let z = a * f + b;
            // log(1 + e^z) - t z, without overflow.
            w * (z.max(0.0) + (-z.abs()).exp().ln_1p() - t * z)
        })
        .sum()
    };
    let (mut a, mut b) = (1.0, 0.0);
    let mut value = objective(a, b);
    for _ in 0..100 {
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 1e-12, 0.0, 1e-12);
        for ((f, t), w) in margins.iter().zip(&targets).zip(&held.weights) {
            let p = 1.0 / (1.0 + (-(a * f + b)).exp());
            let (gradient, curve) = (w * (p - t), w * p * (1.0 - p));
            ga += gradient * f;
            gb += gradient;
            haa += curve * f * f;
            hab += curve * f;
            hbb += curve;
        }
        let determinant = haa * hbb - hab * hab;
        let (da, db) = (-(hbb * ga - hab * gb) / determinant, -(haa * gb - hab * ga) / determinant);
        if !(da.is_finite() && db.is_finite()) {
            return None;
        }
        let mut step = 1.0;
        let mut next = objective(a + da, b + db);
        while next > value && step > 1e-10 {
            step *= 0.5;
            next = objective(a + step * da, b + step * db);
        }
        if next > value {
            break;
        }
        (a, b) = (a + step * da, b + step * db);
        if value - next < 1e-12 * (1.0 + value.abs()) {
            break;
        }
        value = next;
    }
    (a > 0.0).then_some(Calibration::Platt { a, b })
}

/// Isotonic regression by pooling adjacent violators, one point per pool; pools keep half a row's distance from 0 and 1.
fn isotonic(held: &HeldOut) -> Option<Calibration> {
    struct Pool {
        score: f64,
        hits: f64,
        weight: f64,
    }
    let scores = held.scores.data();
    let order = crate::metrics::ascending(scores);
    let mut pools: Vec<Pool> = Vec::new();
    for row in order {
        let (p, y, w) = (*scores.get(row)?, *held.labels.get(row)?, *held.weights.get(row)?);
        let mut pool = Pool { score: p * w, hits: y * w, weight: w };
        while let Some(last) = pools.last() {
            let same_score =
                (last.score / last.weight).total_cmp(&(pool.score / pool.weight)).is_ge();
            if !same_score && last.hits / last.weight < pool.hits / pool.weight {
                break;
            }
            pool.score += last.score;
            pool.hits += last.hits;
            pool.weight += last.weight;
            pools.pop();
        }
        pools.push(pool);
    }
    let (mut x, mut y): (Vec<f64>, Vec<f64>) = (vec![], vec![]);
    for pool in pools {
        let margin = 0.5 / (pool.weight + 1.0);
        let (at, to) =
            (pool.score / pool.weight, (pool.hits / pool.weight).clamp(margin, 1.0 - margin));
        if x.last().is_none_or(|&known| at > known) {
            // The margin of a small pool must not undo the order.
            y.push(y.last().map_or(to, |&known: &f64| to.max(known)));
            x.push(at.clamp(0.0, 1.0));
        }
    }
    (!x.is_empty()).then_some(Calibration::Isotonic { x, y })
}

/// The temperature of lowest log loss by golden-section search over its logarithm; the loss is convex in `1/t`.
fn temperature(held: &HeldOut) -> Option<Calibration> {
    let loss = |log_t: f64| {
        held.loss(&Calibration::Temperature { t: log_t.exp() }).unwrap_or(f64::INFINITY)
    };
    let ratio = f64::midpoint(5.0_f64.sqrt(), -1.0);
    let (mut low, mut high) = (-3.0_f64, 3.0_f64);
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_a, mut at_b) = (loss(a), loss(b));
    while high - low > 1e-4 {
        if at_a < at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - ratio * (high - low);
            at_a = loss(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + ratio * (high - low);
            at_b = loss(b);
        }
    }
    let t = f64::midpoint(low, high).exp();
    t.is_finite().then_some(Calibration::Temperature { t })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::Rng;

    /// Rows whose true log odds are `a·margin + b` for a score with log odds `margin`.
    fn distorted(rows: usize, truth: impl Fn(f64) -> f64) -> HeldOut {
        let mut rng = Rng::new(5, "distorted");
        let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
        let (mut scores, mut labels) = (vec![], vec![]);
        for _ in 0..rows {
            let margin = rng.between(-4.0, 4.0);
            scores.push(sigmoid(margin));
            labels.push(f64::from(u8::from(rng.unit() < sigmoid(truth(margin)))));
        }
        HeldOut { scores: Matrix::new(rows, 1, scores).unwrap(), labels, weights: vec![1.0; rows] }
    }

    #[test]
    fn platt_recovers_a_linear_distortion() {
        let held = distorted(40_000, |margin| 0.5 * margin - 1.0);
        let Some(Calibration::Platt { a, b }) = platt(&held) else { panic!() };
        assert!((a - 0.5).abs() < 0.03 && (b + 1.0).abs() < 0.05, "{a} {b}");
        let (chosen, tried) = choose(&held, 1).unwrap();
        assert_eq!((chosen.name(), tried.len()), ("platt", 3));
    }

    #[test]
    fn isotonic_wins_where_the_truth_is_a_step() {
        let held = distorted(20_000, |margin| if margin > 1.0 { 3.0 } else { -3.0 });
        let (chosen, tried) = choose(&held, 1).unwrap();
        assert_eq!(chosen.name(), "isotonic", "{tried:?}");
        assert!(chosen.defect(&Objective::Binary { sigmoid: 1.0 }).is_none());
    }

    #[test]
    fn good_scores_stay_as_they_are_or_nearly() {
        let held = distorted(5_000, |margin| margin);
        let (chosen, tried) = choose(&held, 1).unwrap();
        let before = tried.iter().find(|(name, _)| name == "none").unwrap().1;
        assert!((held.loss(&chosen).unwrap() - before).abs() < 0.01);
    }

    #[test]
    fn isotonic_pools_have_their_known_values() {
        let scores = Matrix::new(6, 1, vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6]).unwrap();
        let held =
            HeldOut { scores, labels: vec![0.0, 1.0, 0.0, 1.0, 0.0, 1.0], weights: vec![1.0; 6] };
        let Some(Calibration::Isotonic { x, y }) = isotonic(&held) else { panic!() };
        let near = |a: &[f64], b: &[f64]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
        };
        // Violators {0.2, 0.3} and {0.4, 0.5} pool to 1/2 each, and equal neighbours pool again.
        assert!(near(&x, &[0.1, 0.35, 0.6]) && near(&y, &[0.25, 0.5, 0.75]), "{x:?} {y:?}");
    }

    #[test]
    fn temperature_recovers_overconfidence() {
        let mut rng = Rng::new(9, "temperature");
        let (mut scores, mut labels) = (vec![], vec![]);
        for _ in 0..20_000 {
            let logits = [rng.between(-2.0, 2.0), rng.between(-2.0, 2.0), rng.between(-2.0, 2.0)];
            let soft = |scale: f64| {
                let powers = logits.map(|z| (z * scale).exp());
                powers.map(|power| power / powers.iter().sum::<f64>())
            };
            let (truth, draw) = (soft(1.0), rng.unit());
            labels.push(if draw < truth[0] {
                0.0
            } else if draw < truth[0] + truth[1] {
                1.0
            } else {
                2.0
            });
            scores.extend(soft(2.0));
        }
        let held = HeldOut {
            scores: Matrix::new(20_000, 3, scores).unwrap(),
            labels,
            weights: vec![1.0; 20_000],
        };
        let Some(Calibration::Temperature { t }) = temperature(&held) else { panic!() };
        assert!((t - 2.0).abs() < 0.15, "{t}");
        assert_eq!(choose(&held, 1).unwrap().0.name(), "temperature");
    }
}

//! Released statistics: the noise has the distribution it claims, and the figures are right but for the noise.
#![expect(clippy::cast_precision_loss, reason = "counts of samples")]

use crate::support::{table, text};
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use ingot_base::digest::Hasher;
use ingot_base::{Digest, FixedClock, Lang, Result, Secret};
use ingot_privacy::dp::{
    Amount, Bounds, Budget, Entropy, Ledger, Loss, OsEntropy, Question, Release, Statistic, Unit,
    epsilon_of_rho,
};
use std::sync::Arc;

/// A fixed stream of bytes: SHA-256 of seed and counter.
pub(crate) struct Fixed {
    pub(crate) seed: u64,
    pub(crate) block: u64,
}

impl Entropy for Fixed {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
        for piece in buffer.chunks_mut(32) {
            let mut hasher = Hasher::default();
            hasher.update(&self.seed.to_le_bytes());
            hasher.update(&self.block.to_le_bytes());
            self.block += 1;
            piece.copy_from_slice(&hasher.finish().as_bytes()[..piece.len()]);
        }
        Ok(())
    }
}

pub(crate) fn amount(value: f64) -> Amount {
    Amount::new(value).unwrap()
}

fn release(
    batches: &[RecordBatch],
    unit: Unit,
    statistics: &[Statistic],
    loss: Loss,
    seed: u64,
) -> Result<Release> {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::new(folder.path().join("ledger.jsonl"), Secret::new(Vec::new()));
    let dataset = Digest::of(b"rows");
    let budget = match loss {
        Loss::Pure(_) => Budget::pure(amount(1e6)),
        Loss::Zcdp(_) => Budget::approximate(amount(1e6), 1e-9)?,
    };
    ledger.allot(dataset, budget, &FixedClock(0))?;
    let question = Question::new(batches, dataset, unit, statistics)?;
    let receipt = question.pay(&ledger, loss, "stats", &FixedClock(0))?;
    question.release(receipt, &mut Fixed { seed, block: 0 })
}

/// A histogram over categories that nobody is in: every bin is the noise alone.
fn noise(bins: usize, unit: Unit, loss: Loss, seed: u64) -> Vec<i64> {
    let person = text(&[None]);
    let batch = table(vec![("c", text(&[Some("elsewhere")])), ("person", person)]);
    let categories = (0..bins).map(|bin| bin.to_string()).collect();
    let statistic = Statistic::Histogram { column: "c".into(), categories };
    let figures = release(&[batch], unit, &[statistic], loss, seed).unwrap().figures;
    #[expect(clippy::cast_possible_truncation, reason = "small whole numbers")]
    figures.iter().filter(|figure| figure.part != "*").map(|figure| figure.value as i64).collect()
}

/// Pearson's statistic against weights over whole numbers, tails pooled so that 8 are expected in every cell; and its
/// 99.9 % point by Wilson and Hilferty's approximation.
fn chi_square(samples: &[i64], weight: impl Fn(f64) -> f64) -> (f64, f64) {
    let reach = 4_000_i64;
    let total: f64 = (-reach..=reach).map(|x| weight(x as f64)).sum();
    let n = samples.len() as f64;
    let expected = |x: i64| n * weight(x as f64) / total;
    let mut edge = 0;
    while (edge..=reach).map(expected).sum::<f64>() >= 8.0 {
        edge += 1;
    }
    edge -= 1;
    let cells = (-edge..=edge).map(|x| {
        let (low, high) = (if x == -edge { -reach } else { x }, if x == edge { reach } else { x });
        let seen = samples.iter().filter(|sample| (low..=high).contains(*sample)).count() as f64;
        let hoped: f64 = (low..=high).map(expected).sum();
        (seen - hoped).powi(2) / hoped
    });
    let freedom = 2.0 * edge as f64;
    let spread = 2.0 / (9.0 * freedom);
    (cells.sum(), freedom * (1.0 - spread + 3.0902 * spread.sqrt()).powi(3))
}

fn laplace(scale: f64) -> impl Fn(f64) -> f64 {
    move |x| (-x.abs() / scale).exp()
}

fn gauss(variance: f64) -> impl Fn(f64) -> f64 {
    move |x| (-x * x / (2.0 * variance)).exp()
}

#[test]
fn pure_noise_is_discrete_laplace_of_scale_one_over_epsilon() {
    for (seed, epsilon) in [(1, 0.25), (2, 0.7), (3, 2.0)] {
        let samples = noise(20_000, Unit::Row, Loss::Pure(amount(epsilon)), seed);
        let (found, limit) = chi_square(&samples, laplace(1.0 / epsilon));
        assert!(found < limit, "ε {epsilon}: {found} ≥ {limit}");
        // The test can fail: a tenth more or less scale does not pass.
        for wrong in [0.9, 1.1] {
            let (found, limit) = chi_square(&samples, laplace(wrong / epsilon));
            assert!(found > limit, "ε {epsilon} × {wrong}: {found}");
        }
    }
}

#[test]
fn concentrated_noise_is_discrete_gaussian_of_variance_one_over_two_rho() {
    for (seed, rho) in [(4, 0.005), (5, 0.07), (6, 0.9)] {
        let samples = noise(20_000, Unit::Row, Loss::Zcdp(amount(rho)), seed);
        let (found, limit) = chi_square(&samples, gauss(0.5 / rho));
        assert!(found < limit, "ρ {rho}: {found} ≥ {limit}");
        for wrong in [0.85, 1.15] {
            let (found, limit) = chi_square(&samples, gauss(wrong * 0.5 / rho));
            assert!(found > limit, "ρ {rho} × {wrong}: {found}");
        }
        let (found, limit) = chi_square(&samples, laplace((0.25 / rho).sqrt()));
        assert!(found > limit, "ρ {rho} as Laplace: {found}");
    }
}

#[test]
fn a_person_with_several_rows_is_hidden_by_as_much_more_noise() {
    let unit = Unit::Person { column: "person".into(), most: 3 };
    let samples = noise(20_000, unit.clone(), Loss::Pure(amount(1.0)), 7);
    let (found, limit) = chi_square(&samples, laplace(3.0));
    assert!(found < limit, "{found} ≥ {limit}");
    let samples = noise(20_000, unit, Loss::Zcdp(amount(0.5)), 8);
    let (found, limit) = chi_square(&samples, gauss(9.0));
    assert!(found < limit, "{found} ≥ {limit}");
}

/// The chance of each candidate to win in permute-and-flip, over all orders.
fn winners(pass: &[f64]) -> Vec<f64> {
    fn walk(pass: &[f64], left: &[usize], reached: f64, chances: &mut [f64]) {
        for (at, candidate) in left.iter().enumerate() {
            let drawn = reached / left.len() as f64;
            chances[*candidate] += drawn * pass[*candidate];
            let mut rest = left.to_vec();
            rest.remove(at);
            walk(pass, &rest, drawn * (1.0 - pass[*candidate]), chances);
        }
    }
    let mut chances = vec![0.0; pass.len()];
    walk(pass, &(0..pass.len()).collect::<Vec<_>>(), 1.0, &mut chances);
    chances
}

#[test]
fn quantiles_are_chosen_with_the_stated_chances() {
    // Median of 1..=9 on a coarse grid; badness of g: |5000·below − 5000·above| with the sensitivity 5000 a row.
    let values: ArrayRef = Arc::new(Int64Array::from_iter_values(1..=9));
    let batch = table(vec![("v", values)]);
    let grid = vec![0.0, 2.0, 4.0, 6.0, 9.5];
    let draws = 20_000_u32;
    let statistic = Statistic::Quantiles {
        column: "v".into(),
        grid: grid.clone(),
        levels: vec![0.5; draws as usize],
    };
    let epsilon = 0.4;
    let loss = Loss::Pure(amount(epsilon * f64::from(draws)));
    let figures = release(&[batch], Unit::Row, &[statistic], loss, 9).unwrap().figures;
    let gaps: Vec<f64> = grid
        .iter()
        .map(|g| {
            let below = (1..=9).filter(|v| f64::from(*v) < *g).count() as f64;
            let above = (1..=9).filter(|v| f64::from(*v) > *g).count() as f64;
            (below - above).abs()
        })
        .collect();
    let least = gaps.iter().copied().fold(f64::INFINITY, f64::min);
    let pass: Vec<f64> = gaps.iter().map(|gap| (-epsilon * (gap - least) / 2.0).exp()).collect();
    let found: f64 = winners(&pass)
        .iter()
        .zip(&grid)
        .map(|(chance, g)| {
            let seen = figures.iter().filter(|figure| (figure.value - g).abs() < 1e-9).count();
            let hoped = chance * f64::from(draws);
            (seen as f64 - hoped).powi(2) / hoped
        })
        .sum();
    // 99.9 % point of χ² with 4 degrees of freedom.
    assert!(found < 18.47, "{found}");
}

fn people() -> RecordBatch {
    let ages: Vec<i64> = (0..2_000).map(|row| 20 + row % 60).collect();
    let incomes: Vec<Option<f64>> =
        (0..2_000).map(|row| (row % 10 != 0).then(|| f64::from(row % 100) * 10.0)).collect();
    let jobs: Vec<&str> = (0..2_000).map(|row| ["teacher", "doctor", "smith"][row % 3]).collect();
    table(vec![
        ("age", Arc::new(Int64Array::from(ages)) as ArrayRef),
        ("income", Arc::new(Float64Array::from(incomes))),
        ("job", Arc::new(StringArray::from(jobs))),
    ])
}

#[test]
fn with_little_noise_the_figures_are_the_tables() {
    let column = || "income".to_owned();
    let bounds = Bounds { lower: 0.0, upper: 1_000.0 };
    let statistics = [
        Statistic::Count,
        Statistic::Sum { column: column(), bounds },
        Statistic::Mean { column: column(), bounds },
        Statistic::Variance { column: column(), bounds },
        Statistic::Quantiles {
            column: "age".into(),
            grid: (0..=120).map(f64::from).collect(),
            levels: vec![0.25, 0.5],
        },
        Statistic::Histogram {
            column: "job".into(),
            categories: vec!["doctor".into(), "pilot".into()],
        },
    ];
    let values: Vec<f64> =
        (0..2_000).filter(|row| row % 10 != 0).map(|row| f64::from(row % 100) * 10.0).collect();
    let n = values.len() as f64;
    let sum: f64 = values.iter().sum();
    let variance = values.iter().map(|value| (value - sum / n).powi(2)).sum::<f64>() / n;
    for loss in [Loss::Pure(amount(600.0)), Loss::Zcdp(amount(6_000.0))] {
        let released = release(&[people()], Unit::Row, &statistics, loss, 10).unwrap();
        let shown: Vec<f64> = released.figures.iter().map(|figure| figure.value).collect();
        let wanted = [2_000.0, sum, sum / n, variance, 34.0, 49.0, 667.0, 0.0, 1_333.0];
        let slack = [0.5, 100.0, 0.1, 50.0, 1.5, 1.5, 0.5, 0.5, 0.5];
        assert_eq!(shown.len(), wanted.len());
        for ((shown, wanted), slack) in shown.iter().zip(wanted).zip(slack) {
            assert!((shown - wanted).abs() <= slack, "{shown} {wanted} {:?}", released.figures);
        }
        let names: Vec<&str> =
            released.figures.iter().map(|figure| figure.statistic.as_str()).collect();
        assert_eq!(names[1], "sum(income)");
        assert_eq!(released.figures[8].part, "*");
    }
}

#[test]
fn the_margin_holds_in_about_95_of_100_releases() {
    let batch = table(vec![("c", text(&[Some("elsewhere")]))]);
    let categories: Vec<String> = (0..20_000).map(|bin| bin.to_string()).collect();
    let statistic = [Statistic::Histogram { column: "c".into(), categories }];
    for (seed, loss) in [(11, Loss::Pure(amount(0.05))), (12, Loss::Zcdp(amount(0.0005)))] {
        let figures = release(std::slice::from_ref(&batch), Unit::Row, &statistic, loss, seed)
            .unwrap()
            .figures;
        let margin = figures[0].margin.unwrap();
        let inside = figures.iter().filter(|figure| figure.value.abs() <= margin).count();
        assert!((18_880..=19_160).contains(&inside), "{loss}: {inside}");
    }
}

#[test]
fn the_margins_of_a_mean_and_a_variance_hold_in_at_least_95_of_100_releases() {
    let ages: Vec<i64> = (0..400).map(|row| 20 + row % 60).collect();
    let n = ages.len() as f64;
    let mean = ages.iter().sum::<i64>() as f64 / n;
    let variance = ages.iter().map(|age| (*age as f64 - mean).powi(2)).sum::<f64>() / n;
    let batch = table(vec![("age", Arc::new(Int64Array::from(ages)) as ArrayRef)]);
    let bounds = Bounds { lower: 0.0, upper: 100.0 };
    let column = || "age".to_owned();
    let statistics = [
        Statistic::Mean { column: column(), bounds },
        Statistic::Variance { column: column(), bounds },
        Statistic::Quantiles { column: column(), grid: vec![0.0, 50.0], levels: vec![0.5] },
    ];
    for loss in [Loss::Pure(amount(0.6)), Loss::Zcdp(amount(0.05)), Loss::Pure(amount(0.01))] {
        let mut inside = [0; 2];
        for seed in 0..200 {
            let batches = std::slice::from_ref(&batch);
            let figures = release(batches, Unit::Row, &statistics, loss, seed).unwrap().figures;
            for ((figure, exact), inside) in figures.iter().zip([mean, variance]).zip(&mut inside) {
                let margin = figure.margin.unwrap();
                assert!((0.0..=10_000.0).contains(&margin), "{figure:?}");
                // Values lie on steps of a part in a million of the bounds.
                *inside += usize::from((figure.value - exact).abs() <= margin + 0.01);
            }
            assert_eq!(figures[2].margin, None, "its noise is in the rank");
        }
        assert!(inside.iter().all(|inside| *inside >= 185), "{loss}: {inside:?}");
    }
}

#[test]
fn of_each_person_only_the_first_rows_count() {
    let persons = text(&[Some("a"), Some("b"), Some("a"), None, Some("a"), Some("b")]);
    let batch = table(vec![("who", persons)]);
    for (most, rows) in [(1, 2.0), (2, 4.0), (9, 5.0)] {
        let unit = Unit::Person { column: "who".into(), most };
        let loss = Loss::Pure(amount(1_000.0));
        let batches = [batch.slice(0, 3), batch.slice(3, 3)];
        let figures = release(&batches, unit, &[Statistic::Count], loss, 13).unwrap().figures;
        assert!((figures[0].value - rows).abs() < 0.5);
    }
}

#[test]
fn the_same_bytes_give_the_same_release_and_the_system_gives_others() {
    let loss = Loss::Pure(amount(0.001));
    let release_with =
        |seed| release(&[people()], Unit::Row, &[Statistic::Count], loss, seed).unwrap();
    assert_eq!(release_with(1), release_with(1));
    assert_ne!(release_with(1).figures, release_with(2).figures);
    let (mut one, mut other) = ([0_u8; 32], [0_u8; 32]);
    OsEntropy.fill(&mut one).unwrap();
    OsEntropy.fill(&mut other).unwrap();
    assert_ne!(one, other);
}

#[test]
fn questions_that_cannot_be_answered_are_refused_before_anything_is_spent() {
    let bounds = |lower, upper| Bounds { lower, upper };
    let sum = |column: &str, bounds| Statistic::Sum { column: column.into(), bounds };
    let quantiles = |grid: &[f64], levels: &[f64]| Statistic::Quantiles {
        column: "age".into(),
        grid: grid.to_vec(),
        levels: levels.to_vec(),
    };
    let histogram = |categories: &[&str]| Statistic::Histogram {
        column: "job".into(),
        categories: categories.iter().map(|name| (*name).to_owned()).collect(),
    };
    for (statistic, code) in [
        (sum("salary", bounds(0.0, 1.0)), "privacy-dp-column"),
        (sum("job", bounds(0.0, 1.0)), "privacy-dp-number"),
        (sum("age", bounds(1.0, 1.0)), "privacy-dp-bounds"),
        (sum("age", bounds(2.0, 1.0)), "privacy-dp-bounds"),
        (sum("age", bounds(f64::NAN, 1.0)), "privacy-dp-bounds"),
        (sum("age", bounds(0.0, f64::INFINITY)), "privacy-dp-bounds"),
        (sum("age", bounds(1e12, 1e12 + 1.0)), "privacy-dp-bounds"),
        (quantiles(&[1.0, 1.0], &[0.5]), "privacy-dp-grid"),
        (quantiles(&[1.0, 2.0], &[1.5]), "privacy-dp-grid"),
        (quantiles(&[1.0, 2.0], &[]), "privacy-dp-grid"),
        (histogram(&["a", "a"]), "privacy-dp-categories"),
        (histogram(&[]), "privacy-dp-categories"),
    ] {
        let fault =
            Question::new(&[people()], Digest::of(b""), Unit::Row, &[statistic]).unwrap_err();
        assert_eq!(fault.code(), code);
        assert!(!fault.render(Lang::Zh).is_empty() && !fault.to_string().contains('{'));
    }
    let unit = Unit::Person { column: "job".into(), most: 0 };
    let code = |unit, statistics: &[Statistic]| {
        Question::new(&[people()], Digest::of(b""), unit, statistics).unwrap_err().code()
    };
    assert_eq!(code(unit, &[Statistic::Count]), "privacy-dp-rows");
    assert_eq!(code(Unit::Row, &[]), "privacy-dp-nothing");
    let levels = vec![0.5; 2_000];
    let question =
        Question::new(&[people()], Digest::of(b""), Unit::Row, &[quantiles(&[1.0, 2.0], &levels)])
            .unwrap();
    // Nothing was spent on it either: there is no ledger yet.
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::new(folder.path().join("ledger.jsonl"), Secret::new(Vec::new()));
    let fault =
        question.pay(&ledger, Loss::Pure(amount(1e-6)), "stats", &FixedClock(0)).unwrap_err();
    assert_eq!(fault.code(), "privacy-dp-share");
    assert!(!folder.path().join("ledger.jsonl").exists());
    for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e7] {
        assert_eq!(Amount::new(wrong).unwrap_err().code(), "privacy-dp-amount");
    }
    for wrong in [0.0, 0.5, f64::NAN] {
        assert_eq!(Budget::approximate(amount(1.0), wrong).unwrap_err().code(), "privacy-dp-delta");
        assert_eq!(Loss::gaussian(amount(1.0), wrong).unwrap_err().code(), "privacy-dp-delta");
    }
}

#[test]
fn the_accountant_meets_known_figures() {
    // `make_fix_delta(make_zCDP_to_approxDP(make_gaussian(..)))` of OpenDP 0.16.0; the first two ρ are those of the 2020 US Census.
    for (rho, delta, epsilon) in [
        (2.56, 1e-10, 17.158_308_712_1),
        (0.07, 1e-10, 2.387_275_176_7),
        (0.5, 1e-6, 5.221_534_444_5),
        (0.005, 1e-5, 0.375_261_235_7),
        (1.0, 1e-9, 9.521_463_671_8),
        (0.1, 1e-3, 1.356_193_106_4),
    ] {
        let found = epsilon_of_rho(rho, delta);
        assert!((found - epsilon).abs() < 2e-8, "{rho} {delta}: {found}");
        // Bun and Steinke 2016, proposition 1.3: looser.
        assert!(found < rho + 2.0 * (rho * (1.0 / delta).ln()).sqrt());
        // And back: the largest ρ that implies this ε.
        let Loss::Zcdp(back) = Loss::gaussian(amount(epsilon), delta).unwrap() else {
            unreachable!()
        };
        assert!((back.value() / rho - 1.0).abs() < 1e-6, "{rho}: {back}");
        assert!(epsilon_of_rho(back.value(), delta) <= epsilon + 1e-11);
    }
}

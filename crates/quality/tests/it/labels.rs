//! Label errors against what cleanlab 2.9.0 (with `NumPy` 2.4 on AVX-512) found in the same numbers.

use ingot_base::Rng;
use ingot_quality::labels::review;

/// Labels of which a quarter are redrawn, and probabilities that favour the class before that.
fn numbers(rows: usize, classes: usize, seed: u64) -> (Vec<usize>, Vec<f64>) {
    let mut rng = Rng::new(seed, "labels");
    let (mut labels, mut probabilities) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let truth = rng.below(classes);
        labels.push(if rng.unit() < 0.25 { rng.below(classes) } else { truth });
        let line: Vec<f64> = (0..classes)
            .map(|class| {
                let draw = rng.unit();
                draw * draw * draw * draw + if class == truth { 0.8 } else { 0.0 }
            })
            .collect();
        let whole: f64 = line.iter().fold(0.0, |sum, value| sum + value);
        probabilities.extend(line.iter().map(|value| value / whole));
    }
    (labels, probabilities)
}

#[test]
fn the_rows_and_their_order_are_the_references() {
    let cases: [(usize, usize, u64, usize, [usize; 6], u32); 3] = [
        (600, 3, 1, 97, [23, 258, 194, 315, 503, 210], 293_914_651),
        (4000, 40, 2, 866, [262, 3757, 1830, 506, 362, 3031], 2_569_912_105),
        (6000, 100, 3, 1364, [3872, 3601, 5876, 3565, 5301, 514], 2_523_528_186),
    ];
    for (rows, classes, seed, count, first, checksum) in cases {
        let (labels, probabilities) = numbers(rows, classes, seed);
        let found = review(&labels, &probabilities, classes).unwrap();
        let found: Vec<usize> = found.issues.iter().map(|issue| issue.row).collect();
        assert_eq!((found.len(), &found[..6]), (count, &first[..]), "{classes} classes");
        let sum = found.iter().fold(0_u32, |sum, row| {
            sum.wrapping_mul(31).wrapping_add(u32::try_from(*row).unwrap())
        });
        assert_eq!(sum, checksum, "{classes} classes");
    }
}

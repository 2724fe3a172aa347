//! Gauss–Legendre quadrature on [0, 1]: exact for polynomials of degree below twice its size.

/// Abscissae and weights of the rule with `size` points (Newton's iteration on the Legendre polynomial).
pub(crate) fn rule(size: usize) -> Vec<(f64, f64)> {
    #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
    let n = size as f64;
    let mut points = Vec::with_capacity(size);
    for index in 0..size {
        #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
        let mut x = (std::f64::consts::PI * (index as f64 + 0.75) / (n + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..100 {
            let (value, before) = legendre(size, x);
            slope = n * (x * value - before) / (x * x - 1.0);
            let step = value / slope;
            x -= step;
            if step.abs() < 1e-16 {
                break;
            }
        }
        points.push((f64::midpoint(1.0, x), 1.0 / ((1.0 - x * x) * slope * slope)));
    }
    points
}

/// The Legendre polynomials of degree `size` and `size - 1`.
fn legendre(size: usize, x: f64) -> (f64, f64) {
    let (mut value, mut before) = (1.0, 0.0);
    let mut degree = 0.0;
    for _ in 0..size {
        degree += 1.0;
        (value, before) =
            (((2.0 * degree - 1.0) * x * value - (degree - 1.0) * before) / degree, value);
    }
    (value, before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrates_powers_exactly() {
        for size in 1..40_usize {
            for power in 0..2 * size {
                let exponent = i32::try_from(power).unwrap();
                let sum: f64 = rule(size).iter().map(|(x, w)| w * x.powi(exponent)).sum();
                assert!((sum * f64::from(exponent + 1) - 1.0).abs() < 1e-12, "{size} {power}");
            }
        }
    }
}

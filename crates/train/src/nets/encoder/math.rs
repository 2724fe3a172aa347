//! What an encoder computes between its products of matrices, forwards and backwards; rows of a batch on all cores.

use crate::language::math::{dot, exp};
use rayon::prelude::*;

/// Rows that one task takes.
const ROWS: usize = 16;
/// Numbers that one task takes.
const NUMBERS: usize = 1 << 14;

/// Rows normalised to mean 0 and variance 1 (Ba et al. 2016), and 1 / standard deviation of each.
#[derive(Debug, Default)]
pub(super) struct Normed {
    pub(super) rows: Vec<f32>,
    pub(super) scales: Vec<f32>,
}

/// Layer normalisation without its scale and shift.
#[expect(clippy::cast_precision_loss, reason = "widths are counted in thousands")]
pub(super) fn normalise(mut rows: Vec<f32>, width: usize, epsilon: f32) -> Normed {
    let width = width.max(1);
    let mut scales = vec![0.0; rows.len() / width];
    rows.par_chunks_mut(width * ROWS).zip(scales.par_chunks_mut(ROWS)).for_each(
        |(rows, scales)| {
            for (row, scale) in rows.chunks_mut(width).zip(scales) {
                let mean = row.iter().sum::<f32>() / width as f32;
                for number in row.iter_mut() {
                    *number -= mean;
                }
                *scale = 1.0 / (dot(row, row) / width as f32 + epsilon).sqrt();
                for number in row {
                    *number *= *scale;
                }
            }
        },
    );
    Normed { rows, scales }
}

/// Normalised rows times scale plus shift.
pub(super) fn scaled(normed: &[f32], scale: &[f32], shift: &[f32]) -> Vec<f32> {
    let width = scale.len().max(1);
    let mut out = vec![0.0; normed.len()];
    out.par_chunks_mut(width * ROWS).zip(normed.par_chunks(width * ROWS)).for_each(
        |(out, normed)| {
            for (out, normed) in out.chunks_mut(width).zip(normed.chunks(width)) {
                for ((out, number), (scale, shift)) in
                    out.iter_mut().zip(normed).zip(scale.iter().zip(shift))
                {
                    *out = number * scale + shift;
                }
            }
        },
    );
    out
}

/// The gradient by the rows that went into [`normalise`], in place of the one by what [`scaled`] gave:
/// (γg − mean(γg) − x̂ · mean(γg x̂)) / σ.
#[expect(clippy::cast_precision_loss, reason = "widths are counted in thousands")]
pub(super) fn normalise_back(gradient: &mut [f32], normed: &Normed, scale: &[f32]) {
    let width = scale.len().max(1);
    gradient
        .par_chunks_mut(width * ROWS)
        .zip(normed.rows.par_chunks(width * ROWS))
        .zip(normed.scales.par_chunks(ROWS))
        .for_each(|((gradient, normed), deviations)| {
            let rows = gradient.chunks_mut(width).zip(normed.chunks(width)).zip(deviations);
            for ((gradient, normed), deviation) in rows {
                gradient.iter_mut().zip(scale).for_each(|(number, scale)| *number *= scale);
                let mean = gradient.iter().sum::<f32>() / width as f32;
                let pull = dot(gradient, normed) / width as f32;
                for (number, own) in gradient.iter_mut().zip(normed) {
                    *number = (*number - mean - own * pull) * deviation;
                }
            }
        });
}

/// Adds to `sums` all rows, one after the other.
pub(super) fn add_rows(sums: &mut [f32], rows: &[f32]) {
    for row in rows.chunks(sums.len().max(1)) {
        sums.iter_mut().zip(row).for_each(|(sum, number)| *sum += number);
    }
}

/// Adds to `sums` the products of all rows with others, number by number.
pub(super) fn add_products(sums: &mut [f32], rows: &[f32], others: &[f32]) {
    let width = sums.len().max(1);
    for (row, other) in rows.chunks(width).zip(others.chunks(width)) {
        for (sum, (number, other)) in sums.iter_mut().zip(row.iter().zip(other)) {
            *sum += number * other;
        }
    }
}

/// Φ(x), and e^(−x²/2): the error function by Abramowitz & Stegun 1964, 7.1.26 (to 1.5·10⁻⁷), which has the latter in it.
#[inline]
#[expect(clippy::excessive_precision, reason = "the constants as published")]
fn normal(x: f32) -> (f32, f32) {
    let power = exp(-0.5 * x * x);
    let t = 1.0 / (1.0 + 0.327_591_1 * std::f32::consts::FRAC_1_SQRT_2 * x.abs());
    let mut sum = 1.061_405_429;
    for factor in [-1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592] {
        sum = sum * t + factor;
    }
    let tail = 0.5 * sum * t * power;
    (if x < 0.0 { tail } else { 1.0 - tail }, power)
}

/// x Φ(x) (Hendrycks & Gimpel 2016).
pub(super) fn gelu(rows: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; rows.len()];
    out.par_chunks_mut(NUMBERS).zip(rows.par_chunks(NUMBERS)).for_each(|(out, rows)| {
        for (out, x) in out.iter_mut().zip(rows) {
            *out = x * normal(*x).0;
        }
    });
    out
}

/// The gradient by what went into [`gelu`], in place of the one by what came out: times Φ(x) + x φ(x).
pub(super) fn gelu_back(gradient: &mut [f32], rows: &[f32]) {
    // 1 / √(2π)
    const DENSITY: f32 = 0.398_942_3;
    gradient.par_chunks_mut(NUMBERS).zip(rows.par_chunks(NUMBERS)).for_each(|(gradient, rows)| {
        for (number, x) in gradient.iter_mut().zip(rows) {
            let (share, power) = normal(*x);
            *number *= share + x * power * DENSITY;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected: `scipy.stats.norm.cdf`.
    #[test]
    fn the_normal_distribution_is_exact_enough() {
        for (x, expected) in [
            (0.0, 0.5),
            (0.3, 0.617_911_4),
            (-0.3, 0.382_088_58),
            (1.0, 0.841_344_7),
            (-2.5, 0.006_209_67),
            (4.0, 0.999_968_33),
            (-9.0, 0.0),
        ] {
            assert!((normal(x).0 - expected).abs() < 3e-7, "{x}: {}", normal(x).0);
        }
        assert!(normal(f32::NAN).0.is_nan());
    }

    #[test]
    fn rows_are_normalised_as_defined() {
        let normed = normalise(vec![1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 5.0, 5.0], 4, 1e-12);
        // Variance 1.25.
        let expected = [-1.341_640_8, -0.447_213_6, 0.447_213_6, 1.341_640_8, 0.0, 0.0, 0.0, 0.0];
        assert!(normed.rows.iter().zip(expected).all(|(own, want)| (own - want).abs() < 1e-5));
        let out = scaled(&normed.rows[..4], &[2.0; 4], &[1.0; 4]);
        assert!((out[3] - 3.683_281_6).abs() < 1e-5, "{out:?}");
    }
}

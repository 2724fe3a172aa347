//! What a Llama computes between its products of matrices, forwards and backwards; rows of a batch on all cores.

use rayon::prelude::*;

/// Rows that one task takes.
const ROWS: usize = 16;

/// e^x to a relative 2·10⁻⁷, in a form that compilers turn into vector instructions (the reduction and polynomial of Cephes' `expf`).
#[inline]
#[expect(clippy::excessive_precision, reason = "the constants as published")]
pub(crate) fn exp(x: f32) -> f32 {
    // Adding and taking away 1.5·2²³ rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x.mul_add_plain(std::f32::consts::LOG2_E, ROUND);
    let whole = shifted - ROUND;
    let rest = x - whole * 0.693_359_375 + whole * 2.121_944_4e-4;
    let mut sum = 1.987_569_15e-4;
    for factor in [1.398_199_95e-3, 8.333_451_9e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        sum = sum * rest + factor;
    }
    let mantissa = sum * rest * rest + rest + 1.0;
    let exponent = (shifted.to_bits() << 23).wrapping_add(0x3F80_0000);
    mantissa * f32::from_bits(exponent)
}

/// A product and a sum, rounded twice: without the instruction that does both, `mul_add` is a call.
trait Plain {
    fn mul_add_plain(self, factor: f32, addend: f32) -> f32;
}

impl Plain for f32 {
    #[inline]
    fn mul_add_plain(self, factor: f32, addend: f32) -> f32 {
        self * factor + addend
    }
}

/// Sixteen sums side by side, then together: one order, and vector instructions.
#[inline]
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let (left, left_rest) = left.as_chunks::<16>();
    let (right, right_rest) = right.as_chunks::<16>();
    for (left, right) in left.iter().zip(right) {
        for (sum, (left, right)) in sums.iter_mut().zip(left.iter().zip(right)) {
            *sum += left * right;
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(left, right)| left * right).sum();
    sums.iter().sum::<f32>() + rest
}

/// Root mean square normalisation (Zhang & Sennrich 2019) of rows `width` long: the normalised rows, and 1 / rms of each.
#[expect(clippy::cast_precision_loss, reason = "widths are counted in thousands")]
pub(super) fn normalise(x: &[f32], weight: &[f32], epsilon: f32) -> (Vec<f32>, Vec<f32>) {
    let width = weight.len().max(1);
    let mut out = vec![0.0; x.len()];
    let mut scales = vec![0.0; x.len() / width];
    out.par_chunks_mut(width * ROWS)
        .zip(x.par_chunks(width * ROWS))
        .zip(scales.par_chunks_mut(ROWS))
        .for_each(|((out, x), scales)| {
            for ((out, x), scale) in out.chunks_mut(width).zip(x.chunks(width)).zip(scales) {
                *scale = 1.0 / (dot(x, x) / width as f32 + epsilon).sqrt();
                scaled(x, weight, *scale, out);
            }
        });
    (out, scales)
}

/// The normalised rows again, from what [`normalise`] gave.
pub(super) fn normalised(x: &[f32], weight: &[f32], scales: &[f32]) -> Vec<f32> {
    let width = weight.len().max(1);
    let mut out = vec![0.0; x.len()];
    out.par_chunks_mut(width * ROWS)
        .zip(x.par_chunks(width * ROWS))
        .zip(scales.par_chunks(ROWS))
        .for_each(|((out, x), scales)| {
            for ((out, x), scale) in out.chunks_mut(width).zip(x.chunks(width)).zip(scales) {
                scaled(x, weight, *scale, out);
            }
        });
    out
}

fn scaled(x: &[f32], weight: &[f32], scale: f32, out: &mut [f32]) {
    for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
        *out = x * scale * weight;
    }
}

/// Adds to `into` the gradient by the rows that went into [`normalise`]: s·(w·g) − s³/n·⟨w·g, x⟩·x.
#[expect(clippy::cast_precision_loss, reason = "widths are counted in thousands")]
pub(super) fn normalise_back(
    into: &mut [f32],
    gradient: &[f32],
    x: &[f32],
    weight: &[f32],
    scales: &[f32],
) {
    let width = weight.len().max(1);
    into.par_chunks_mut(width * ROWS)
        .zip(gradient.par_chunks(width * ROWS))
        .zip(x.par_chunks(width * ROWS))
        .zip(scales.par_chunks(ROWS))
        .for_each(|(((into, gradient), x), scales)| {
            let rows = into.chunks_mut(width).zip(gradient.chunks(width)).zip(x.chunks(width));
            let mut weighted = vec![0.0; width];
            for (((into, gradient), x), scale) in rows.zip(scales) {
                for ((slot, gradient), weight) in weighted.iter_mut().zip(gradient).zip(weight) {
                    *slot = gradient * weight;
                }
                let pull = dot(&weighted, x) * scale * scale * scale / width as f32;
                for ((into, weighted), x) in into.iter_mut().zip(&weighted).zip(x) {
                    *into += weighted * scale - pull * x;
                }
            }
        });
}

/// `SwiGLU` (Shazeer 2020): gate · σ(gate) · up.
pub(super) fn swiglu(gate: &[f32], up: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; gate.len()];
    out.par_chunks_mut(1 << 14).zip(gate.par_chunks(1 << 14)).zip(up.par_chunks(1 << 14)).for_each(
        |((out, gate), up)| {
            for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
                *out = gate / (1.0 + exp(-gate)) * up;
            }
        },
    );
    out
}

/// Gradients by gate and up, from the one by [`swiglu`]'s result; they replace it and `spare`.
pub(super) fn swiglu_back(gradient: &mut [f32], spare: &mut [f32], gate: &[f32], up: &[f32]) {
    gradient
        .par_chunks_mut(1 << 14)
        .zip(spare.par_chunks_mut(1 << 14))
        .zip(gate.par_chunks(1 << 14))
        .zip(up.par_chunks(1 << 14))
        .for_each(|(((by_gate, by_up), gate), up)| {
            for (((by_gate, by_up), gate), up) in by_gate.iter_mut().zip(by_up).zip(gate).zip(up) {
                let share = 1.0 / (1.0 + exp(-gate));
                let silu = gate * share;
                *by_up = *by_gate * silu;
                *by_gate *= up * share * (1.0 + gate * (1.0 - share));
            }
        });
}

/// Turns pairs (i, i + half) of every head by the angle of the row's position (Su et al. 2021, in the order of Hugging Face's
/// checkpoints); `direction` −1 turns back, which is the gradient's way.
pub(super) fn rotate(
    rows: &mut [f32],
    angles: &[(f32, f32)],
    heads: usize,
    head: usize,
    direction: f32,
) {
    let half = head / 2;
    rows.par_chunks_mut(heads * head * ROWS).zip(angles.par_chunks(half * ROWS)).for_each(
        |(rows, angles)| {
            for (row, angles) in rows.chunks_mut(heads * head).zip(angles.chunks(half)) {
                for one in row.chunks_mut(head) {
                    let (low, high) = one.split_at_mut(half);
                    for ((low, high), (cosine, sine)) in low.iter_mut().zip(high).zip(angles) {
                        let sine = sine * direction;
                        (*low, *high) =
                            (*low * cosine - *high * sine, *high * cosine + *low * sine);
                    }
                }
            }
        },
    );
}

/// Cosine and sine of every pair's angle at the given positions: position / theta^(2i / head).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "angles are single precision, as the models were trained"
)]
pub(super) fn angles(positions: &[usize], head: usize, theta: f32) -> Vec<(f32, f32)> {
    let half = head / 2;
    let speeds: Vec<f32> = (0..half)
        .map(|pair| (1.0 / f64::from(theta).powf(2.0 * pair as f64 / head as f64)) as f32)
        .collect();
    let one = |position: &usize| {
        let position = *position as f32;
        speeds.iter().map(move |speed| {
            let angle = f64::from(position * speed);
            (angle.cos() as f32, angle.sin() as f32)
        })
    };
    positions.iter().flat_map(|position| one(position).collect::<Vec<_>>()).collect()
}

/// `into += from`.
pub(crate) fn add(into: &mut [f32], from: &[f32]) {
    into.par_chunks_mut(1 << 15).zip(from.par_chunks(1 << 15)).for_each(|(into, from)| {
        for (into, from) in into.iter_mut().zip(from) {
            *into += from;
        }
    });
}

/// Numbers become their share of the sum of exponentials; what [`softmax`] divided by, as a logarithm.
pub(crate) fn softmax(row: &mut [f32]) -> f32 {
    let mut tops = [f32::NEG_INFINITY; 16];
    let (blocks, rest) = row.as_chunks::<16>();
    for block in blocks {
        for (top, number) in tops.iter_mut().zip(block) {
            *top = if *number > *top { *number } else { *top };
        }
    }
    let top = tops.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0.0_f32; 16];
    let (blocks, rest) = row.as_chunks_mut::<16>();
    for block in blocks {
        for (sum, number) in sums.iter_mut().zip(block) {
            *number = exp(*number - top);
            *sum += *number;
        }
    }
    let mut sum: f32 = 0.0;
    for number in rest {
        *number = exp(*number - top);
        sum += *number;
    }
    sum += sums.iter().sum::<f32>();
    let share = 1.0 / sum;
    for number in row {
        *number *= share;
    }
    top + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_exact_enough() {
        for step in -8600..8800_i16 {
            let x = f32::from(step) * 0.01;
            let want = f64::from(x).exp();
            assert!((f64::from(exp(x)) / want - 1.0).abs() < 3e-7, "{x}");
        }
        assert!(exp(-1e30) < 1e-37 && exp(f32::NEG_INFINITY) < 1e-37);
        assert!((exp(0.0) - 1.0).abs() < 1e-7);
    }

    #[test]
    fn shares_sum_to_one() {
        let mut row: Vec<f32> = (0..37_u8).map(|index| f32::from(index) * 0.3 - 4.0).collect();
        let total: f64 = row.iter().map(|number| f64::from(*number).exp()).sum();
        let log = softmax(&mut row);
        assert!((f64::from(log) - total.ln()).abs() < 1e-5);
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }

    #[test]
    fn turning_back_undoes_a_turn() {
        let mut row: Vec<f32> = (0..16_u8).map(f32::from).collect();
        let angles = angles(&[3, 5], 4, 10000.0);
        rotate(&mut row, &angles, 2, 4, 1.0);
        assert!((row[0] - (-2.0 * 3f32.sin())).abs() < 1e-5, "0·cos 3 − 2·sin 3");
        rotate(&mut row, &angles, 2, 4, -1.0);
        assert!(row.iter().zip(0_u8..).all(|(found, want)| (found - f32::from(want)).abs() < 1e-5));
    }
}

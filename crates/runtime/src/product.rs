//! Products of matrices in single precision on all cores: an AVX-512 kernel of our own, the crate `gemm` on other processors.
//!
//! The scheme is Goto & van de Geijn's (2008): panels of both factors are copied so that the innermost loop reads memory in order, and a
//! tile of the result stays in registers. The sum over the inner index has one order, whatever the number of threads and rows: equal
//! inputs give equal bits.
#![expect(
    unsafe_code,
    reason = "vector instructions and a result split between threads; each block states why it is sound"
)]

use rayon::prelude::*;
#[cfg(target_arch = "x86_64")]
use std::cell::Cell;

/// Rows and columns of the tile that stays in registers.
const TILE: (usize, usize) = (12, 32);
/// Inner indices of a panel: a sliver of the right factor fits the first cache.
const DEPTH: usize = 256;
/// Rows of the left factor of one task: they fit the second cache.
const ROWS: usize = 144;
/// Columns of the right factor that are copied at once.
const COLUMNS: usize = 2048;
/// Inner indices that are copied before the next row's.
const BLOCK: usize = 16;
/// Multiplications below which threads cost more than they bring.
const SMALL: usize = 1 << 18;

/// A matrix in someone's memory: element (i, j) is `data[i × step.0 + j × step.1]`.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    data: &'a [f32],
    shape: (usize, usize),
    step: (usize, usize),
}

impl<'a> View<'a> {
    /// Rows one after the other.
    ///
    /// # Panics
    /// When the slice is shorter than the shape says.
    pub fn rows(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::strided(data, (rows, columns), (columns, 1))
    }

    /// Any steps between elements.
    ///
    /// # Panics
    /// When the slice is shorter than shape and steps say.
    pub fn strided(data: &'a [f32], shape: (usize, usize), step: (usize, usize)) -> Self {
        assert!(fits(data.len(), shape, step), "a view of {shape:?} by {step:?} in {}", data.len());
        Self { data, shape, step }
    }

    /// The same numbers with rows and columns exchanged.
    #[must_use]
    pub fn transposed(self) -> Self {
        let swap = |(a, b): (usize, usize)| (b, a);
        Self { data: self.data, shape: swap(self.shape), step: swap(self.step) }
    }
}

fn fits(length: usize, shape: (usize, usize), step: (usize, usize)) -> bool {
    if shape.0 == 0 || shape.1 == 0 {
        return true;
    }
    let last = (shape.0 - 1)
        .checked_mul(step.0)
        .zip((shape.1 - 1).checked_mul(step.1))
        .and_then(|(down, right)| down.checked_add(right));
    last.is_some_and(|last| last < length)
}

/// Where a product goes: rows `step` apart.
#[derive(Debug)]
pub struct Target<'a> {
    data: &'a mut [f32],
    step: usize,
    add: bool,
}

impl<'a> Target<'a> {
    /// Replaces what is there.
    pub fn set(data: &'a mut [f32], step: usize) -> Self {
        Self { data, step, add: false }
    }

    /// Adds to what is there.
    pub fn add(data: &'a mut [f32], step: usize) -> Self {
        Self { data, step, add: true }
    }
}

/// `target ← scale · left · right`, or added to it.
///
/// # Panics
/// When the shapes disagree or the target is too short.
pub fn product(target: Target<'_>, left: View<'_>, right: View<'_>, scale: f32) {
    let (rows, depth, columns) = (left.shape.0, left.shape.1, right.shape.1);
    assert_eq!(depth, right.shape.0, "the inner sizes of a product agree");
    assert!(columns <= target.step.max(columns * usize::from(rows < 2)), "rows do not overlap");
    assert!(fits(target.data.len(), (rows, columns), (target.step, 1)), "the target holds it");
    if rows == 0 || columns == 0 {
        return;
    }
    if depth == 0 {
        if !target.add {
            for row in target.data.chunks_mut(target.step.max(1)).take(rows) {
                row.iter_mut().take(columns).for_each(|number| *number = 0.0);
            }
        }
        return;
    }
    let threads = if rows * depth * columns < SMALL { 1 } else { rayon::current_num_threads() };
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        return blocks(target, left, right, scale, threads);
    }
    elsewhere(target, left, right, scale, threads);
}

#[expect(clippy::needless_pass_by_value, reason = "the target is written through it, once")]
fn elsewhere(target: Target<'_>, left: View<'_>, right: View<'_>, scale: f32, threads: usize) {
    let step = |step: usize| isize::try_from(step).unwrap_or(isize::MAX);
    // SAFETY: `product` has checked that shapes and steps stay within the three slices, and that rows of the target do not overlap.
    unsafe {
        gemm::gemm(
            left.shape.0,
            right.shape.1,
            left.shape.1,
            target.data.as_mut_ptr(),
            1,
            step(target.step),
            target.add,
            left.data.as_ptr(),
            step(left.step.1),
            step(left.step.0),
            right.data.as_ptr(),
            step(right.step.1),
            step(right.step.0),
            1.0,
            scale,
            false,
            false,
            false,
            if threads > 1 { gemm::Parallelism::Rayon(threads) } else { gemm::Parallelism::None },
        );
    }
}

// What a thread copies panels to, kept from product to product: new memory would be cleared before each. It is taken out while it is used,
// so that a product within a product has its own.
#[cfg(target_arch = "x86_64")]
thread_local! {
    static PANEL: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
    static PACKED: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// The target's first element, for tasks that write disjoint tiles.
#[derive(Clone, Copy)]
struct Shared(*mut f32);

// SAFETY: every task writes its own rows and columns, see `blocks`.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

#[cfg(target_arch = "x86_64")]
#[expect(clippy::needless_pass_by_value, reason = "the target is written through it, once")]
fn blocks(target: Target<'_>, left: View<'_>, right: View<'_>, scale: f32, threads: usize) {
    let (rows, depth, columns) = (left.shape.0, left.shape.1, right.shape.1);
    let (shared, step) = (Shared(target.data.as_mut_ptr()), target.step);
    let mut panel = PANEL.take();
    for from in (0..columns).step_by(COLUMNS) {
        let wide = (columns - from).min(COLUMNS);
        for inner in (0..depth).step_by(DEPTH) {
            let deep = (depth - inner).min(DEPTH);
            panel.resize(wide.div_ceil(TILE.1) * deep * TILE.1, 0.0);
            let pack = |(sliver, to): (usize, &mut [f32])| {
                let start = sliver * TILE.1;
                let count = (wide - start).min(TILE.1);
                copy(right.transposed(), (from + start, count), inner, TILE.1, to);
            };
            if threads > 1 {
                panel.par_chunks_mut(deep * TILE.1).enumerate().for_each(pack);
            } else {
                panel.chunks_mut(deep * TILE.1).enumerate().for_each(pack);
            }
            let add = target.add || inner > 0;
            let slivers: Vec<&[f32]> = panel.chunks(deep * TILE.1).collect();
            let high = ROWS.min(rows.div_ceil(threads).next_multiple_of(TILE.0));
            let bands = rows.div_ceil(high);
            let parts = threads.div_ceil(bands).min(slivers.len());
            let each = slivers.len().div_ceil(parts);
            let task = |index: usize| {
                let (band, part) = (index / parts, index % parts);
                let (top, first) = (band * high, part * each);
                let count = (rows - top).min(high);
                let own = slivers.get(first..slivers.len().min(first + each)).unwrap_or_default();
                let mut packed = PACKED.take();
                packed.resize(count.div_ceil(TILE.0) * deep * TILE.0, 0.0);
                for (tile, to) in packed.chunks_mut(deep * TILE.0).enumerate() {
                    let start = tile * TILE.0;
                    let strip = (top + start, (count - start).min(TILE.0));
                    copy(left, strip, inner, TILE.0, to);
                }
                for (index, sliver) in own.iter().enumerate() {
                    let column = from + (first + index) * TILE.1;
                    let room = (columns - column).min(TILE.1);
                    for (tile, strip) in packed.chunks(deep * TILE.0).enumerate() {
                        let row = top + tile * TILE.0;
                        let fill = (top + count - row).min(TILE.0);
                        // SAFETY: AVX-512 is there (`product` asked); strip and sliver hold `deep` steps of a tile; the tile's rows and
                        // columns lie within the target (`product` checked), and no other task has them.
                        unsafe {
                            let place = { shared }.0.add(row * step + column);
                            tile_product(strip, sliver, (place, step), (fill, room), (scale, add));
                        }
                    }
                }
                PACKED.set(packed);
            };
            if threads > 1 {
                (0..bands * parts).into_par_iter().for_each(task);
            } else {
                (0..bands * parts).for_each(task);
            }
        }
    }
    PANEL.set(panel);
}

/// Copies rows of a matrix so that the tile's rows of one inner index are neighbours; what is missing is 0.
fn copy(from: View<'_>, (start, count): (usize, usize), inner: usize, tile: usize, to: &mut [f32]) {
    let (down, right) = from.step;
    if down == 1 {
        // Neighbours already: line by line.
        for (index, slots) in to.chunks_mut(tile).enumerate() {
            let line = from.data.get(start + (inner + index) * right..).unwrap_or_default();
            let (own, rest) = slots.split_at_mut(count.min(tile));
            own.iter_mut().zip(line).for_each(|(slot, number)| *slot = *number);
            rest.fill(0.0);
        }
        return;
    }
    // Few inner indices at a time: what is written to stays in the first cache while all rows are gone through.
    let mut inner = inner;
    for slots in to.chunks_mut(BLOCK * tile) {
        let deep = slots.len() / tile;
        for row in 0..tile {
            let slots = slots.iter_mut().skip(row).step_by(tile);
            if row >= count {
                slots.for_each(|slot| *slot = 0.0);
                continue;
            }
            let line = from.data.get((start + row) * down + inner * right..).unwrap_or_default();
            if right == 1 {
                slots.zip(line).for_each(|(slot, number)| *slot = *number);
            } else {
                let line = line.iter().step_by(right.max(1));
                slots.zip(line).for_each(|(slot, number)| *slot = *number);
            }
        }
        inner += deep;
    }
}

/// One tile: `place ← scale · strip · sliver`, or added.
///
/// # Safety
/// The processor has AVX-512F; `place` with rows `step` apart holds `fill.0 × fill.1` numbers that nobody else touches.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn tile_product(
    strip: &[f32],
    sliver: &[f32],
    (place, step): (*mut f32, usize),
    (rows, columns): (usize, usize),
    (scale, add): (f32, bool),
) {
    use std::arch::x86_64::{
        __m512, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_mask_storeu_ps,
        _mm512_maskz_loadu_ps, _mm512_mul_ps, _mm512_set1_ps, _mm512_setzero_ps,
    };
    let zero = _mm512_setzero_ps();
    let mut sums: [[__m512; 2]; TILE.0] = [[zero; 2]; TILE.0];
    for (left, right) in
        strip.as_chunks::<{ TILE.0 }>().0.iter().zip(sliver.as_chunks::<{ TILE.1 }>().0)
    {
        // SAFETY: `right` holds 32 numbers.
        let (low, high) =
            unsafe { (_mm512_loadu_ps(right.as_ptr()), _mm512_loadu_ps(right.as_ptr().add(16))) };
        for (sum, number) in sums.iter_mut().zip(left) {
            let number = _mm512_set1_ps(*number);
            sum[0] = _mm512_fmadd_ps(number, low, sum[0]);
            sum[1] = _mm512_fmadd_ps(number, high, sum[1]);
        }
    }
    let scale = _mm512_set1_ps(scale);
    let mask = |from: usize| -> u16 {
        let count = columns.saturating_sub(from).min(16);
        u16::try_from((1_u32 << count) - 1).unwrap_or(u16::MAX)
    };
    let masks = [mask(0), mask(16)];
    for (row, sum) in sums.iter().enumerate().take(rows) {
        for (half, (sum, mask)) in sum.iter().zip(masks).enumerate() {
            // SAFETY: the caller's promise for `row` and the columns of the mask; masked lanes are not touched.
            unsafe {
                let to = place.add(row * step).wrapping_add(half * 16);
                let scaled = _mm512_mul_ps(*sum, scale);
                let whole = if add {
                    _mm512_add_ps(_mm512_maskz_loadu_ps(mask, to), scaled)
                } else {
                    scaled
                };
                _mm512_mask_storeu_ps(to, mask, whole);
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests {
    use super::*;
    use ingot_base::Rng;

    fn numbers(count: usize, rng: &mut Rng) -> Vec<f32> {
        (0..count).map(|_| rng.between(-1.0, 1.0) as f32).collect()
    }

    /// What it shall be, in double precision.
    fn slowly(left: View<'_>, right: View<'_>, row: usize, column: usize) -> f64 {
        (0..left.shape.1)
            .map(|inner| {
                f64::from(left.data[row * left.step.0 + inner * left.step.1])
                    * f64::from(right.data[inner * right.step.0 + column * right.step.1])
            })
            .sum()
    }

    #[test]
    fn products_of_every_shape_are_right() {
        let mut rng = Rng::new(7, "product");
        for (rows, depth, columns) in [
            (1, 1, 1),
            (1, 300, 70),
            (13, 257, 33),
            (150, 64, 2050),
            (290, 520, 100),
            (5, 3, 16),
            (2, 0, 3),
        ] {
            let (left, right) =
                (numbers(rows * depth, &mut rng), numbers(depth * columns, &mut rng));
            let (turned_left, turned_right) = (
                View::strided(&left, (rows, depth), (1, rows)),
                View::strided(&right, (depth, columns), (1, depth)),
            );
            let step = columns + 3;
            for (left, right) in [
                (View::rows(&left, rows, depth), View::rows(&right, depth, columns)),
                (turned_left, turned_right),
            ] {
                for engine in [product as fn(Target<'_>, View<'_>, View<'_>, f32), |t, l, r, s| {
                    if l.shape.1 > 0 { elsewhere(t, l, r, s, 2) } else { product(t, l, r, s) }
                }] {
                    let mut target = vec![1.0; rows * step];
                    engine(Target::set(&mut target, step), left, right, 0.5);
                    engine(Target::add(&mut target, step), left, right, 0.25);
                    for row in 0..rows {
                        for column in 0..columns {
                            let want = 0.75 * slowly(left, right, row, column);
                            let found = f64::from(target[row * step + column]);
                            assert!(
                                (found - want).abs() < 1e-4,
                                "{rows}×{depth}×{columns} at {row}, {column}"
                            );
                        }
                        assert!(
                            target[row * step + columns..(row + 1) * step]
                                .iter()
                                .all(|n| n.to_bits() == 1.0_f32.to_bits())
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn bits_depend_on_neither_threads_nor_other_rows() {
        let mut rng = Rng::new(8, "product");
        let (rows, depth, columns) = (300, 600, 200);
        let (left, right) = (numbers(rows * depth, &mut rng), numbers(depth * columns, &mut rng));
        let run = |threads: usize, rows: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut target = vec![0.0; rows * columns];
            let (left, right) = (
                View::rows(&left[..rows * depth], rows, depth),
                View::rows(&right, depth, columns),
            );
            pool.install(|| product(Target::set(&mut target, columns), left, right, 1.0));
            target
        };
        let whole = run(1, rows);
        assert_eq!(whole, run(3, rows));
        assert_eq!(whole[..7 * columns], run(2, 7));
    }
}

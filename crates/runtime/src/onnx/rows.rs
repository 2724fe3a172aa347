//! Weights in signed bytes, with one scale for each output.

/// Largest value of a byte; −128 is left out, so that a weight and its negative are alike.
const LARGEST: f32 = 127.0;
/// The most that two weights may be together where their products are added in 16 bits: 255 · 128 fits, 255 · 129 does not.
const TOGETHER: i32 = 128;
/// How far the bytes reach, as shares of a row's largest weight, which is never cut: what large weights give is missed most. At 2 no two
/// weights are too large.
const REACHES: std::ops::RangeInclusive<u8> = 20..=41;
/// What one is in [`REACHES`].
const ONE: f32 = 20.0;

/// Which products processors without VNNI may add in 16 bits (`VPMADDUBSW`), where what does not fit is cut. Weights are kept so that
/// nothing is: a package answers alike wherever it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    /// None: convolutions of single channels multiply in 32 bits.
    Nothing,
    /// Those of two channels of the same place, the first with the second, the third with the fourth.
    Channels,
    /// Any two.
    Anything,
}

impl Added {
    /// Of weights of a shape; `more` are channels of zeros that each filter is given.
    pub(super) fn of(dims: &[usize], axis: usize, groups: usize, more: usize) -> Self {
        let [outputs, taken, inner @ ..] = dims else { return Self::Anything };
        let places: usize = inner.iter().product();
        match (axis, taken) {
            (0, 1) if outputs == &groups => Self::Nothing,
            (0, _) if places > 1 && !(taken + more).is_multiple_of(2) => Self::Anything,
            _ => Self::Channels,
        }
    }
}

/// A weight in signed bytes, symmetric: `number = byte × scale` with one scale for each index of a dimension.
pub(super) struct Rows {
    pub(super) bytes: Vec<u8>,
    pub(super) scales: Vec<f32>,
}

impl Rows {
    /// Of numbers of a shape that has an output for each index of dimension `axis`, 0 or 1. A scale is the one whose bytes are
    /// nearest to the numbers by squares, but not below `least`.
    pub(super) fn of(
        dims: &[usize],
        data: &[f32],
        axis: usize,
        added: Added,
        least: &[f32],
    ) -> Self {
        let outputs = dims.get(axis).copied().unwrap_or(1).max(1);
        let mut bytes = vec![0; data.len()];
        let mut scales = Vec::with_capacity(outputs);
        for output in 0..outputs {
            let (places, taken) = places(dims, axis, output);
            let numbers: Vec<f32> =
                places.iter().map(|at| data.get(*at).copied().unwrap_or(0.0)).collect();
            let least = least.get(output).copied().unwrap_or(0.0);
            let row = Row::nearest(&numbers, taken, added, least);
            for (at, byte) in places.into_iter().zip(row.bytes) {
                if let Some(slot) = bytes.get_mut(at) {
                    *slot = byte.cast_unsigned();
                }
            }
            scales.push(row.scale);
        }
        Self { bytes, scales }
    }

    /// What rounding took from each output in the mean: `Σ (weight − byte × scale) × mean` over what goes in. Nothing where the
    /// means are not those of the channels that go in.
    pub(super) fn shift(
        &self,
        dims: &[usize],
        data: &[f32],
        (axis, groups): (usize, usize),
        means: &[f32],
    ) -> Vec<f32> {
        let outputs = self.scales.len();
        let mut shift = vec![0.0; outputs];
        let (taken, inner) = match (axis, dims) {
            (0, [_, taken, inner @ ..]) => (*taken, inner.iter().product::<usize>().max(1)),
            (_, [taken, ..]) => (*taken, 1),
            _ => return shift,
        };
        if taken * groups != means.len() {
            return shift;
        }
        let together = outputs.checked_div(groups).unwrap_or(outputs).max(1);
        for (at, (number, byte)) in data.iter().zip(&self.bytes).enumerate() {
            let (output, channel) = if axis == 0 {
                let output = at / (taken * inner).max(1);
                (output, output / together * taken + at / inner % taken.max(1))
            } else {
                (at % outputs.max(1), at / outputs.max(1))
            };
            let known = self.scales.get(output).zip(means.get(channel));
            if let (Some((scale, mean)), Some(slot)) = (known, shift.get_mut(output)) {
                *slot += (number - f32::from(byte.cast_signed()) * scale) * mean;
            }
        }
        shift
    }
}

/// Where the numbers of an output stand, in the order in which they are multiplied, the channels of a place side by side; and how many
/// channels a place has.
fn places(dims: &[usize], axis: usize, output: usize) -> (Vec<usize>, usize) {
    let outputs = dims.get(axis).copied().unwrap_or(1);
    let (taken, inner) = match (axis, dims) {
        (0, [_, taken, inner @ ..]) => (*taken, inner.iter().product()),
        (0, _) => (1, 1),
        (_, dims) => (dims.first().copied().unwrap_or(0), 1),
    };
    let at = |place: usize, channel: usize| {
        if axis == 0 {
            (output * taken + channel) * inner + place
        } else {
            channel * outputs + output
        }
    };
    let all = (0..inner).flat_map(|place| (0..taken).map(move |channel| (place, channel)));
    (all.map(|(place, channel)| at(place, channel)).collect(), taken.max(1))
}

/// The bytes of one output.
struct Row {
    bytes: Vec<i8>,
    scale: f32,
}

impl Row {
    fn nearest(numbers: &[f32], taken: usize, added: Added, least: f32) -> Self {
        let largest = numbers.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
        // An output without weights has no scale of its own.
        let usable = |scale: f32| if scale <= f32::MIN_POSITIVE { 1.0 } else { scale };
        let mut best: Option<(f64, Self)> = None;
        for reach in REACHES {
            let scale = usable((largest * f32::from(reach) / ONE / LARGEST).max(least));
            if best.as_ref().is_some_and(|(_, row)| row.scale.to_bits() == scale.to_bits()) {
                continue;
            }
            let row = Self::with(numbers, taken, added, scale);
            let error = row.error(numbers);
            if best.as_ref().is_none_or(|(lowest, _)| error < *lowest) {
                best = Some((error, row));
            }
        }
        best.map_or_else(|| Self::with(numbers, taken, added, usable(least)), |(_, row)| row)
    }

    fn with(numbers: &[f32], taken: usize, added: Added, scale: f32) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "clamped")]
        let byte = |number: &f32| (number / scale).round().clamp(-LARGEST, LARGEST) as i8;
        let mut bytes: Vec<i8> = numbers.iter().map(byte).collect();
        match added {
            Added::Nothing => {}
            Added::Channels => {
                let pairs = bytes.chunks_mut(taken).flat_map(|place| place.as_chunks_mut().0);
                pairs.for_each(lower);
            }
            Added::Anything => {
                const HALF: i8 = 64;
                for byte in &mut bytes {
                    *byte = (*byte).clamp(-HALF, HALF);
                }
            }
        }
        Self { bytes, scale }
    }

    /// The sum of squares that the bytes are off by.
    fn error(&self, numbers: &[f32]) -> f64 {
        let off = |(byte, number): (&i8, &f32)| f64::from(f32::from(*byte) * self.scale - number);
        self.bytes.iter().zip(numbers).map(|pair| off(pair).powi(2)).sum()
    }
}

/// Takes from two weights that are too large together what is too much, half from each.
fn lower([one, other]: &mut [i8; 2]) {
    let both = i32::from(*one) + i32::from(*other);
    let over = both.abs() - TOGETHER;
    if over <= 0 {
        return;
    }
    #[expect(clippy::cast_possible_truncation, reason = "half of at most 126")]
    let (half, rest) = ((over / 2) as i8, (over - over / 2) as i8);
    let sign = if both < 0 { -1 } else { 1 };
    *one -= sign * half;
    *other -= sign * rest;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_largest_weight_is_the_largest_byte_where_nothing_is_added() {
        let rows =
            Rows::of(&[2, 1, 1, 3], &[0.0, 1.0, -1.0, 0.0, 0.0, 0.0], 0, Added::Nothing, &[]);
        assert_eq!(rows.bytes.iter().map(|byte| byte.cast_signed()).max(), Some(127));
        assert!((rows.scales[0] - 1.0 / 127.0).abs() < 1e-6);
        assert!((rows.scales[1] - 1.0).abs() < 1e-6, "nothing there");
    }

    #[test]
    fn a_scale_is_not_below_the_least() {
        let rows = Rows::of(&[1, 2], &[0.5, 0.25], 0, Added::Channels, &[0.5]);
        assert!((rows.scales[0] - 0.5).abs() < 1e-6);
        assert_eq!(rows.bytes, [1, 1], "halves are rounded up");
    }

    #[test]
    fn what_may_be_added_depends_on_the_shape() {
        assert_eq!(Added::of(&[8, 1, 3, 3], 0, 8, 0), Added::Nothing);
        assert_eq!(Added::of(&[16, 1, 3, 3], 0, 8, 0), Added::Anything);
        assert_eq!(Added::of(&[16, 3, 3, 3], 0, 1, 0), Added::Anything);
        assert_eq!(Added::of(&[16, 3, 3, 3], 0, 1, 1), Added::Channels);
        assert_eq!(Added::of(&[16, 3, 1, 1], 0, 1, 0), Added::Channels);
        assert_eq!(Added::of(&[5, 7], 1, 1, 0), Added::Channels);
    }

    proptest! {
        /// Two products of a byte without sign and a weight, as `VPMADDUBSW` adds them.
        #[test]
        fn no_two_products_are_cut(
            data in prop::collection::vec(-1.0_f32..1.0, 4 * 6 * 2),
            axis in 0_usize..2,
        ) {
            let dims: &[usize] = if axis == 0 { &[4, 6, 2] } else { &[12, 4] };
            let rows = Rows::of(dims, &data, axis, Added::Channels, &[]);
            for output in 0..4 {
                let (at, taken) = places(dims, axis, output);
                for place in at.chunks(taken) {
                    for pair in place.chunks(2) {
                        let sum: i32 = pair
                            .iter()
                            .map(|at| 255 * i32::from(rows.bytes[*at].cast_signed()))
                            .sum();
                        prop_assert!(i16::try_from(sum).is_ok(), "{sum}");
                    }
                }
            }
        }

        #[test]
        fn bytes_are_at_least_as_near_as_half_of_them(data in prop::collection::vec(-1.0_f32..1.0, 1..60)) {
            let added = Added::Channels;
            let row = Row::nearest(&data, data.len(), added, 0.0);
            let largest = data.iter().fold(1e-6_f32, |most, number| most.max(number.abs()));
            // As far as never needs two to be lowered.
            let plain = Row::with(&data, data.len(), added, largest * 40.0 / ONE / LARGEST);
            prop_assert!(row.error(&data) <= plain.error(&data));
        }
    }
}

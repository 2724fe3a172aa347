//! Blocks of few bits and the numbers they stand for (`ggml-quants.c`: `dequantize_row_*`, `quantize_row_q8_0_ref`).

use ingot_runtime::gguf::TensorKind;

/// A half precision number (IEEE 754 binary16).
pub(super) fn half(bits: u16) -> f32 {
    let (sign, exponent, mantissa) =
        (u32::from(bits >> 15) << 31, u32::from(bits >> 10 & 31), u32::from(bits & 1023));
    match exponent {
        // 2⁻²⁴ is the unit of what has no leading one.
        0 => {
            let small = f32::from(bits & 1023) * 5.960_464_5e-8;
            if sign == 0 { small } else { -small }
        }
        31 => f32::from_bits(sign | 0x7F80_0000 | mantissa << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | mantissa << 13),
    }
}

/// The nearest half precision number, ties to even; too large becomes infinite.
pub(super) fn to_half(number: f32) -> u16 {
    let bits = number.to_bits();
    let sign = u16::try_from(bits >> 16 & 0x8000).unwrap_or_default();
    let (exponent, mantissa) = (bits >> 23 & 255, bits & 0x7F_FFFF);
    if exponent == 255 {
        return sign | 0x7C00 | if mantissa == 0 { 0 } else { 0x0200 };
    }
    // Shift away what does not fit; 13 bits for what keeps its leading one, more for what does not.
    let (whole, shift, base) = match exponent {
        113..=255 => (mantissa, 13, (exponent - 112) << 10),
        102..=112 => (mantissa | 0x80_0000, 126 - exponent, 0),
        _ => return sign,
    };
    let (kept, rest, middle) = (whole >> shift, whole & ((1 << shift) - 1), 1_u32 << (shift - 1));
    let up = u32::from(rest > middle || (rest == middle && kept & 1 == 1));
    sign | u16::try_from((base + kept + up).min(0x7C00)).unwrap_or(0x7C00)
}

/// A tensor's numbers; `None` for a type that is not turned back here.
pub(super) fn numbers(kind: TensorKind, bytes: &[u8]) -> Option<Vec<f32>> {
    let halves = |bytes: &[u8]| {
        bytes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|bytes| u16::from_le_bytes(*bytes))
            .collect::<Vec<u16>>()
    };
    match kind.name {
        "F32" => {
            Some(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
        }
        "F16" => Some(halves(bytes).into_iter().map(half).collect()),
        "BF16" => Some(
            halves(bytes).into_iter().map(|bits| f32::from_bits(u32::from(bits) << 16)).collect(),
        ),
        "Q8_0" => Some(bytes.as_chunks::<34>().0.iter().flat_map(eight).collect()),
        "Q4_0" => Some(bytes.as_chunks::<18>().0.iter().flat_map(four).collect()),
        "Q4_1" => Some(bytes.as_chunks::<20>().0.iter().flat_map(four_and_least).collect()),
        _ => None,
    }
}

fn eight(block: &[u8; 34]) -> Vec<f32> {
    let [low, high, rest @ ..] = block;
    let scale = half(u16::from_le_bytes([*low, *high]));
    rest.iter().map(|byte| f32::from(byte.cast_signed()) * scale).collect()
}

/// Low halves of the bytes first, then high ones.
fn nibbles(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes.iter().map(|byte| byte & 15).chain(bytes.iter().map(|byte| byte >> 4)).map(f32::from)
}

fn four(block: &[u8; 18]) -> Vec<f32> {
    let [low, high, rest @ ..] = block;
    let scale = half(u16::from_le_bytes([*low, *high]));
    nibbles(rest).map(|number| (number - 8.0) * scale).collect()
}

fn four_and_least(block: &[u8; 20]) -> Vec<f32> {
    let [low, high, least_low, least_high, rest @ ..] = block;
    let scale = half(u16::from_le_bytes([*low, *high]));
    let least = half(u16::from_le_bytes([*least_low, *least_high]));
    nibbles(rest).map(|number| number * scale + least).collect()
}

/// Half precision, as bytes.
pub(super) fn halves(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| to_half(*number).to_le_bytes()).collect()
}

/// Blocks of 32 whole numbers in −127..=127 and their scale; rows must be multiples of 32.
#[expect(clippy::cast_possible_truncation, reason = "at most 127 after the division")]
pub(super) fn eights(numbers: &[f32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(numbers.len() / 32 * 34);
    for block in numbers.as_chunks::<32>().0 {
        let most = block.iter().fold(0.0_f32, |most, number| most.max(number.abs()));
        let scale = most / 127.0;
        let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        out.extend(to_half(scale).to_le_bytes());
        out.extend(block.iter().map(|number| ((number * inverse).round() as i8).cast_unsigned()));
    }
    out
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "numbers that are exact in both forms")]
mod tests {
    use super::*;

    #[test]
    fn halves_there_and_back() {
        for bits in 0..=u16::MAX {
            let number = half(bits);
            if !number.is_nan() {
                assert_eq!(to_half(number), bits, "{number}");
            }
        }
        assert_eq!(half(0x3C00), 1.0);
        assert_eq!(half(0xC000), -2.0);
        // Ties to even, overflow.
        assert_eq!(to_half(1.0 + 0.000_488_281_25), 0x3C00);
        assert_eq!(to_half(1.0 + 3.0 * 0.000_488_281_25), 0x3C02);
        assert_eq!(to_half(65_520.0), 0x7C00);
        assert_eq!(to_half(-1e-9), 0x8000);
    }

    #[test]
    fn blocks_are_read_as_defined() {
        let mut block = vec![0x00, 0x38, 0x00, 0xBC];
        block.extend((0..16_u8).map(|index| index | (15 - index) << 4));
        let found = numbers(TensorKind::of(3).unwrap(), &block).unwrap();
        // Half times the nibble, minus one.
        assert_eq!((found[0], found[15], found[16], found[31]), (-1.0, 6.5, 6.5, -1.0));
        let numbers_in: Vec<f32> = (0..64_u8).map(|index| f32::from(index) - 31.5).collect();
        let eight = numbers(TensorKind::of(8).unwrap(), &eights(&numbers_in)).unwrap();
        assert!(eight.iter().zip(&numbers_in).all(|(found, want)| (found - want).abs() < 0.14));
        assert_eq!(numbers(TensorKind::of(12).unwrap(), &[]), None);
    }
}

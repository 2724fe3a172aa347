//! Blocks of few bits and the numbers they stand for (`ggml-quants.c`: `dequantize_row_*`, `quantize_row_q8_0_ref`).

use half::f16;
use ingot_runtime::gguf::TensorKind;
use ingot_runtime::weights;
use safetensors::tensor::Dtype;

/// A tensor's numbers; `None` for a type that is not turned back here.
pub(super) fn numbers(kind: TensorKind, bytes: &[u8]) -> Option<Vec<f32>> {
    match kind.name {
        "F32" => weights::numbers(Dtype::F32, bytes),
        "F16" => weights::numbers(Dtype::F16, bytes),
        "BF16" => weights::numbers(Dtype::BF16, bytes),
        "Q8_0" => Some(bytes.as_chunks::<34>().0.iter().flat_map(eight).collect()),
        "Q4_0" => Some(bytes.as_chunks::<18>().0.iter().flat_map(four).collect()),
        "Q4_1" => Some(bytes.as_chunks::<20>().0.iter().flat_map(four_and_least).collect()),
        _ => None,
    }
}

fn eight(block: &[u8; 34]) -> Vec<f32> {
    let [low, high, rest @ ..] = block;
    let scale = f16::from_le_bytes([*low, *high]).to_f32();
    rest.iter().map(|byte| f32::from(byte.cast_signed()) * scale).collect()
}

/// Low halves of the bytes first, then high ones.
fn nibbles(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes.iter().map(|byte| byte & 15).chain(bytes.iter().map(|byte| byte >> 4)).map(f32::from)
}

fn four(block: &[u8; 18]) -> Vec<f32> {
    let [low, high, rest @ ..] = block;
    let scale = f16::from_le_bytes([*low, *high]).to_f32();
    nibbles(rest).map(|number| (number - 8.0) * scale).collect()
}

fn four_and_least(block: &[u8; 20]) -> Vec<f32> {
    let [low, high, least_low, least_high, rest @ ..] = block;
    let scale = f16::from_le_bytes([*low, *high]).to_f32();
    let least = f16::from_le_bytes([*least_low, *least_high]).to_f32();
    nibbles(rest).map(|number| number * scale + least).collect()
}

/// Half precision, as bytes.
pub(super) fn halves(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| f16::from_f32(*number).to_le_bytes()).collect()
}

/// Blocks of 32 whole numbers in −127..=127 and their scale; rows must be multiples of 32.
#[expect(clippy::cast_possible_truncation, reason = "at most 127 after the division")]
pub(super) fn eights(numbers: &[f32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(numbers.len() / 32 * 34);
    for block in numbers.as_chunks::<32>().0 {
        let most = block.iter().fold(0.0_f32, |most, number| most.max(number.abs()));
        let scale = most / 127.0;
        let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        out.extend(f16::from_f32(scale).to_le_bytes());
        out.extend(block.iter().map(|number| ((number * inverse).round() as i8).cast_unsigned()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

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

//! The safetensors format: a table of names, types and places, then the numbers. Nothing in it can be run.

use super::{Tensor, Weights};
use crate::messages::SAFETENSORS;
use half::{bf16, f16};
use ingot_base::{Fault, Result};
use safetensors::{Dtype, SafeTensors};

/// Most bytes of a file.
const BYTES: usize = 8 << 30;
/// Most tensors of a file.
const TENSORS: usize = 100_000;

/// Reads the tensors of a file as 32-bit numbers: of 32, 16 bits (IEEE or bfloat16), or 64-bit whole numbers, which become
/// floats.
///
/// # Errors
/// When the file is damaged or too large, or a tensor is of another type.
pub fn read_safetensors(bytes: &[u8]) -> Result<Weights> {
    let wrong = |detail: String| Fault::new(&SAFETENSORS).arg("detail", detail);
    if bytes.len() > BYTES {
        return Err(wrong(format!("it has {} bytes, more than {BYTES}", bytes.len())));
    }
    // The crate checks that the places of all tensors lie in the file, without gap or overlap, and fit their shapes.
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| wrong("its table is damaged".into()).because(error))?;
    if file.len() > TENSORS {
        return Err(wrong(format!("it has {} tensors, more than {TENSORS}", file.len())));
    }
    let mut weights = Weights::new();
    for (name, view) in file.iter() {
        let data = numbers(view.dtype(), view.data())
            .ok_or_else(|| wrong(format!("a tensor is of type {:?}", view.dtype())))?;
        weights.insert(name.to_owned(), Tensor { shape: view.shape().to_vec(), data });
    }
    Ok(weights)
}

/// The numbers of a tensor as 32-bit ones; `None` for a type that is not read.
pub fn numbers(kind: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    Some(match kind {
        Dtype::F32 => bytes.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect(),
        Dtype::BF16 => {
            bytes.as_chunks().0.iter().map(|two| bf16::from_le_bytes(*two).to_f32()).collect()
        }
        Dtype::F16 => {
            bytes.as_chunks().0.iter().map(|two| f16::from_le_bytes(*two).to_f32()).collect()
        }
        #[expect(clippy::cast_precision_loss, reason = "positions and counts")]
        Dtype::I64 => {
            bytes.as_chunks().0.iter().map(|eight| i64::from_le_bytes(*eight) as f32).collect()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A file with one tensor.
    fn file(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let table = format!(
            "{{\"w\":{{\"dtype\":\"{kind}\",\"shape\":{shape},\"data_offsets\":[0,{}]}}}}",
            data.len()
        );
        let mut bytes = (table.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(table.as_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    #[test]
    fn numbers_of_each_type_are_read() {
        let one = |kind, data: &[u8], count: &str| {
            read_safetensors(&file(kind, count, data)).unwrap()["w"].data.clone()
        };
        assert_eq!(one("F32", &1.5_f32.to_le_bytes(), "[1]"), [1.5]);
        assert_eq!(one("BF16", &[0xc0, 0x3f], "[1]"), [1.5]);
        // 1.5, the smallest subnormal, -2, infinity.
        let halves = [0x00, 0x3e, 0x01, 0x00, 0x00, 0xc0, 0x00, 0x7c];
        assert_eq!(one("F16", &halves, "[2,2]"), [1.5, 2.0_f32.powi(-24), -2.0, f32::INFINITY]);
        assert_eq!(one("I64", &7_i64.to_le_bytes(), "[1]"), [7.0]);
    }

    #[test]
    fn what_is_damaged_or_unknown_is_refused() {
        let good = file("F32", "[2]", &[0; 8]);
        assert!(read_safetensors(&good[..good.len() - 1]).is_err());
        assert!(read_safetensors(&file("F32", "[3]", &[0; 8])).is_err());
        let other = read_safetensors(&file("BOOL", "[1]", &[1])).unwrap_err();
        assert_eq!(other.code(), "runtime-safetensors");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0_usize..80, byte: u8, cut in 0_usize..90) {
            let mut bytes = file("F32", "[2]", &[0; 8]);
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(cut);
            let _ = read_safetensors(&bytes);
        }
    }
}

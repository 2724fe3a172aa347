//! `PyTorch`'s first checkpoint format (before 1.6): five pickles one after the other, then the numbers of each storage. What they
//! describe is read; nothing in them is run.

use super::pickle::{self, Refusal, Value};
use super::{Tensor, Weights};
use crate::messages::{PICKLE_DAMAGED, PICKLE_REFUSED};
use ingot_base::{Fault, Result};
use std::collections::BTreeMap;

/// What the first pickle says: 0x1950a86a20f9469cfc6c.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// The names that a file of tensors needs.
const NAMES: [&str; 5] = [
    "collections.OrderedDict",
    "torch._utils._rebuild_tensor_v2",
    "torch.FloatStorage",
    "torch.HalfStorage",
    "torch.LongStorage",
];
/// Elements of all tensors at most.
const ELEMENTS: usize = 2_000_000_000;

/// Reads the tensors of a checkpoint; whole numbers become floats.
///
/// # Errors
/// When the file is damaged, or asks for anything but tensors: that is refused by name.
pub fn read_pytorch(bytes: &[u8]) -> Result<Weights> {
    read(bytes).map_err(|refusal| match refusal {
        Refusal::Damaged => Fault::new(&PICKLE_DAMAGED),
        Refusal::Opcode(opcode) => {
            Fault::new(&PICKLE_REFUSED).arg("what", format!("opcode 0x{opcode:02x}"))
        }
        Refusal::Name(name) => Fault::new(&PICKLE_REFUSED).arg("what", name),
    })
}

/// A tensor as its pickle describes it.
struct Described {
    storage: String,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

fn read(bytes: &[u8]) -> std::result::Result<Weights, Refusal> {
    let (magic, rest) = pickle::read(bytes, &[])?;
    if magic != Value::Long(MAGIC.to_vec()) {
        return Err(Refusal::Damaged);
    }
    let (version, rest) = pickle::read(rest, &[])?;
    let (_, rest) = pickle::read(rest, &[])?;
    if version != Value::Int(1001) {
        return Err(Refusal::Damaged);
    }
    let (tensors, rest) = pickle::read(rest, &NAMES)?;
    let (keys, rest) = pickle::read(rest, &[])?;
    let mut kinds = BTreeMap::new();
    let Value::Dict(entries) = tensors else { return Err(Refusal::Damaged) };
    let mut described = Vec::with_capacity(entries.len());
    for (name, value) in &entries {
        let name = name.text().ok_or(Refusal::Damaged)?;
        described.push((name.to_owned(), describe(value, &mut kinds).ok_or(Refusal::Damaged)?));
    }
    let storages = storages(&keys, &kinds, rest).ok_or(Refusal::Damaged)?;
    described
        .into_iter()
        .map(|(name, tensor)| {
            let data = gather(&tensor, storages.get(&tensor.storage)?)?;
            Some((name, Tensor { shape: tensor.shape, data }))
        })
        .collect::<Option<Weights>>()
        .ok_or(Refusal::Damaged)
}

/// The arguments of `_rebuild_tensor_v2`: storage, offset, shape, strides; the rest is of training.
fn describe(value: &Value, kinds: &mut BTreeMap<String, (Kind, usize)>) -> Option<Described> {
    let Value::Call(name, arguments) = value else { return None };
    if &**name != "torch._utils._rebuild_tensor_v2" {
        return None;
    }
    let [Value::Persistent(storage), offset, shape, strides, ..] = &**arguments else {
        return None;
    };
    // ("storage", type, key, device, elements, view)
    let [Value::Text(word), Value::Global(kind), Value::Text(key), _, elements, ..] =
        storage.items()?
    else {
        return None;
    };
    let kind = Kind::parse(kind).filter(|_| &**word == "storage")?;
    kinds.insert(key.to_string(), (kind, elements.whole()?));
    let list = |value: &Value| value.items()?.iter().map(Value::whole).collect::<Option<Vec<_>>>();
    let (shape, strides) = (list(shape)?, list(strides)?);
    (shape.len() == strides.len()).then_some(Described {
        storage: key.to_string(),
        offset: offset.whole()?,
        shape,
        strides,
    })
}

/// Element types of storages.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Float,
    Half,
    Long,
}

impl Kind {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "torch.FloatStorage" => Some(Self::Float),
            "torch.HalfStorage" => Some(Self::Half),
            "torch.LongStorage" => Some(Self::Long),
            _ => None,
        }
    }

    fn width(self) -> usize {
        match self {
            Self::Half => 2,
            Self::Float => 4,
            Self::Long => 8,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counters; no weight is a whole number")]
    fn number(self, bytes: &[u8]) -> Option<f32> {
        Some(match self {
            Self::Float => f32::from_le_bytes(bytes.try_into().ok()?),
            Self::Half => half::f16::from_le_bytes(bytes.try_into().ok()?).to_f32(),
            Self::Long => i64::from_le_bytes(bytes.try_into().ok()?) as f32,
        })
    }
}

/// The numbers after the pickles: for each key a count of eight bytes, then the elements.
fn storages(
    keys: &Value,
    kinds: &BTreeMap<String, (Kind, usize)>,
    mut rest: &[u8],
) -> Option<BTreeMap<String, Vec<f32>>> {
    let mut all = BTreeMap::new();
    for key in keys.items()? {
        let key = key.text()?;
        let (kind, expected) = kinds.get(key).copied()?;
        let (count, after) = rest.split_at_checked(8)?;
        let count = usize::try_from(u64::from_le_bytes(count.try_into().ok()?)).ok()?;
        if count != expected || count > ELEMENTS {
            return None;
        }
        let (bytes, after) = after.split_at_checked(count.checked_mul(kind.width())?)?;
        rest = after;
        let numbers = bytes.chunks_exact(kind.width()).map(|bytes| kind.number(bytes));
        all.insert(key.to_owned(), numbers.collect::<Option<Vec<_>>>()?);
    }
    Some(all)
}

/// The tensor's elements in row-major order, whatever its strides.
fn gather(tensor: &Described, storage: &[f32]) -> Option<Vec<f32>> {
    let count =
        tensor.shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size))?;
    if count > ELEMENTS || count > storage.len().max(1).checked_mul(64)? {
        return None;
    }
    (0..count)
        .map(|mut index| {
            let mut at = tensor.offset;
            for (size, stride) in tensor.shape.iter().zip(&tensor.strides).rev() {
                at = at.checked_add((index % size).checked_mul(*stride)?)?;
                index /= size;
            }
            storage.get(at).copied()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `torch.save({"w": tensor}, file, _use_new_zipfile_serialization=False)` of a tensor of 2 × 2, its transpose taken.
    fn checkpoint(name: &str) -> Vec<u8> {
        let mut bytes = b"\x80\x02\x8a\x0a".to_vec();
        bytes.extend(MAGIC);
        bytes.extend(b".\x80\x02M\xe9\x03.\x80\x02}q\x00.\x80\x02}q\x00X\x01\x00\x00\x00wq\x01");
        bytes.extend(
            format!("c{name}\n")
                .replace('.', "\n")
                .replacen("torch\n_utils", "torch._utils", 1)
                .bytes(),
        );
        bytes.extend(b"q\x02((X\x07\x00\x00\x00storageq\x03ctorch\nFloatStorage\nq\x04X\x01\x00\x00\x000q\x05X\x03\x00\x00\x00cpuq\x06K\x04NtQK\x00K\x02K\x02\x86q\x07K\x01K\x02\x86q\x08\x89NtRq\x09s.");
        bytes.extend(b"\x80\x02]q\x00X\x01\x00\x00\x000q\x01a.");
        bytes.extend(4_u64.to_le_bytes());
        bytes.extend([1.0_f32, 2.0, 3.0, 4.0].iter().flat_map(|number| number.to_le_bytes()));
        bytes
    }

    #[test]
    fn tensors_come_out_in_row_major_order() {
        let weights = read_pytorch(&checkpoint("torch._utils._rebuild_tensor_v2")).unwrap();
        let expected = Tensor { shape: vec![2, 2], data: vec![1.0, 3.0, 2.0, 4.0] };
        assert_eq!(weights.get("w"), Some(&expected));
    }

    #[test]
    fn another_callee_and_missing_numbers_are_refused() {
        let error = read_pytorch(&checkpoint("os.system")).unwrap_err();
        assert_eq!(error.code(), "runtime-pickle-refused");
        assert!(error.to_string().contains("os.system"), "{error}");
        let mut short = checkpoint("torch._utils._rebuild_tensor_v2");
        short.pop();
        assert_eq!(read_pytorch(&short).unwrap_err().code(), "runtime-pickle-damaged");
    }

    #[test]
    fn halves_are_read_as_the_standard_says() {
        for (bits, number) in
            [(0x3c00_u16, 1.0), (0xc000, -2.0), (0x0001, 5.960_464_5e-8), (0x7bff, 65_504.0)]
        {
            let read = Kind::Half.number(&bits.to_le_bytes()).map(f32::to_bits);
            assert_eq!(read, Some(f32::to_bits(number)), "{bits:04x}");
        }
        assert_eq!(Kind::Half.number(&[0x3c]), None, "half a number is none");
    }

    proptest! {
        #[test]
        fn no_change_makes_it_panic(at: usize, byte: u8) {
            let mut bytes = checkpoint("torch._utils._rebuild_tensor_v2");
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = read_pytorch(&bytes);
        }
    }
}

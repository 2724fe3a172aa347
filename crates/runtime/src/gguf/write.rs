//! Writing: adapters, and models whose tensors are at hand.

use super::{TensorKind, Value};
use ingot_base::{Result, fault};
use std::collections::BTreeMap;

const ALIGNMENT: usize = 32;

/// The numbers of a tensor.
#[derive(Debug, Clone, Copy)]
pub enum Data<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Any type, as it stands in files.
    Raw(TensorKind, &'a [u8]),
}

impl Data<'_> {
    fn kind(self) -> TensorKind {
        match self {
            Self::F32(_) => TensorKind::F32,
            Self::Raw(kind, _) => kind,
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::F32(numbers) => size_of_val(numbers),
            Self::Raw(_, bytes) => bytes.len(),
        }
    }
}

/// A file of version 3: equal contents give equal bytes. Dimensions come fastest first.
///
/// # Errors
/// When a tensor has other bytes than its shape says.
pub fn write(
    metadata: &BTreeMap<String, Value>,
    tensors: &[(&str, Vec<u64>, Data<'_>)],
) -> Result<Vec<u8>> {
    let mut out = Vec::from(*b"GGUF");
    out.extend(3_u32.to_le_bytes());
    out.extend((tensors.len() as u64).to_le_bytes());
    out.extend((metadata.len() as u64).to_le_bytes());
    for (key, value) in metadata {
        text(&mut out, key);
        entry(&mut out, value);
    }
    let mut offset = 0_usize;
    for (name, dims, data) in tensors {
        if data.kind().size(dims) != Some(data.bytes() as u64) {
            return Err(fault::internal(format!("the tensor `{name}` is not of its shape")));
        }
        text(&mut out, name);
        out.extend(u32::try_from(dims.len()).unwrap_or(u32::MAX).to_le_bytes());
        dims.iter().for_each(|dim| out.extend(dim.to_le_bytes()));
        out.extend(data.kind().id.to_le_bytes());
        out.extend((offset as u64).to_le_bytes());
        offset = (offset + data.bytes()).next_multiple_of(ALIGNMENT);
    }
    for (_, _, data) in tensors {
        out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
        match data {
            Data::F32(numbers) => numbers.iter().for_each(|number| out.extend(number.to_le_bytes())),
            Data::Raw(_, bytes) => out.extend_from_slice(bytes),
        }
    }
    Ok(out)
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn entry(out: &mut Vec<u8>, value: &Value) {
    let head = |out: &mut Vec<u8>, kind: u32| out.extend(kind.to_le_bytes());
    let list = |out: &mut Vec<u8>, kind: u32, length: usize| {
        head(out, 9);
        head(out, kind);
        out.extend((length as u64).to_le_bytes());
    };
    match value {
        // The width that llama.cpp expects of counts, unless the number needs more.
        Value::Unsigned(number) => {
            if let Ok(number) = u32::try_from(*number) {
                head(out, 4);
                out.extend(number.to_le_bytes());
            } else {
                head(out, 10);
                out.extend(number.to_le_bytes());
            }
        }
        Value::Signed(number) => {
            if let Ok(number) = i32::try_from(*number) {
                head(out, 5);
                out.extend(number.to_le_bytes());
            } else {
                head(out, 11);
                out.extend(number.to_le_bytes());
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "llama.cpp reads single precision")]
        Value::Float(number) => {
            head(out, 6);
            out.extend((*number as f32).to_le_bytes());
        }
        Value::Bool(flag) => {
            head(out, 7);
            out.push(u8::from(*flag));
        }
        Value::Text(value) => {
            head(out, 8);
            text(out, value);
        }
        Value::Integers(numbers) => {
            list(out, 5, numbers.len());
            #[expect(clippy::cast_possible_truncation, reason = "token types and merges are small")]
            numbers.iter().for_each(|number| out.extend((*number as i32).to_le_bytes()));
        }
        Value::Floats(numbers) => {
            list(out, 6, numbers.len());
            numbers.iter().for_each(|number| out.extend(number.to_le_bytes()));
        }
        Value::Texts(texts) => {
            list(out, 8, texts.len());
            texts.iter().for_each(|one| text(out, one));
        }
    }
}

//! Adapters (`LoRA`): whether one belongs to a base, checked before llama.cpp loads it, which ends the process over some that do not.

use super::{Header, Tensor, Value, refused};
use half::{bf16, f16};
use ingot_base::Result;

/// The factor of all changes.
const ALPHA: &str = "adapter.lora.alpha";
/// The number of single precision among the types of entries.
const SINGLE: u32 = 6;
/// Rows between the two halves of a change, at most.
const RANK: u64 = 4096;
/// The table of tokens is changed the other way round: rows are looked up, not multiplied.
const TABLE: &str = "token_embd.weight";

/// Whether an adapter's tensors change matrices of a base in pairs of their shape, by numbers that are finite. `bytes` are those of its
/// file.
///
/// # Errors
/// Says what does not belong.
pub fn belongs(adapter: &Header, bytes: &[u8], base: &Header) -> Result<()> {
    if !adapter.is_adapter() || adapter.text("adapter.type") != Some("lora") {
        return Err(refused("it is no LoRA adapter", "不是 LoRA 适配器"));
    }
    let family = base.text("general.architecture");
    if adapter.text("general.architecture") != family {
        return Err(refused(
            "the adapter is for another family of models",
            "该适配器用于另一系列的模型",
        ));
    }
    match adapter.metadata.get(ALPHA) {
        None => {}
        Some(Value::Float(alpha)) if alpha.is_finite() && adapter.kind(ALPHA) == Some(SINGLE) => {}
        Some(_) => {
            return Err(refused(
                format!("`{ALPHA}` is no finite number of single precision"),
                format!("`{ALPHA}` 不是有限的单精度数"),
            ));
        }
    }
    if adapter.metadata.keys().any(|key| key.starts_with("adapter.alora.")) {
        return Err(refused(
            "adapters that begin at a word are not served",
            "不支持从某个词开始生效的适配器",
        ));
    }
    if adapter.tensors.is_empty() {
        return Err(refused("the adapter changes nothing", "适配器不改变任何内容"));
    }
    adapter
        .tensors
        .iter()
        .enumerate()
        .try_for_each(|(index, tensor)| changes(adapter, bytes, base, (index, tensor)))
}

/// Whether a tensor is half of a change of a matrix of the base, and its numbers are finite.
fn changes(
    adapter: &Header,
    bytes: &[u8],
    base: &Header,
    (index, tensor): (usize, &Tensor),
) -> Result<()> {
    let Some((name, side @ ("lora_a" | "lora_b"))) = tensor.name.rsplit_once('.') else {
        return Err(refused(
            format!("tensor {index} of the adapter changes nothing"),
            format!("适配器的第 {index} 个张量不改变任何内容"),
        ));
    };
    let Some(changed) = base.tensor(name) else {
        return Err(refused(
            format!("tensor {index} of the adapter changes what is not there"),
            format!("适配器的第 {index} 个张量改变的内容不存在"),
        ));
    };
    let other = if side == "lora_a" { "lora_b" } else { "lora_a" };
    let Some(other) = adapter.tensor(&format!("{name}.{other}")) else {
        return Err(refused(
            format!("tensor {index} of the adapter lacks its other half"),
            format!("适配器的第 {index} 个张量缺少另一半"),
        ));
    };
    let (a, b) = if side == "lora_a" { (tensor, other) } else { (other, tensor) };
    if !fits(a, b, changed) {
        return Err(refused(
            format!("tensor {index} of the adapter is of another shape"),
            format!("适配器的第 {index} 个张量形状不符"),
        ));
    }
    let from = usize::try_from(adapter.data + tensor.offset).unwrap_or(usize::MAX);
    let length = usize::try_from(tensor.bytes).unwrap_or(usize::MAX);
    let numbers = bytes.get(from..from.saturating_add(length));
    let numbers =
        numbers.ok_or_else(|| refused("a tensor ends after the file", "有张量超出文件末尾"))?;
    match finite(tensor.kind.name, numbers) {
        Some(true) => {}
        Some(false) => {
            return Err(refused(
                format!("tensor {index} of the adapter has numbers that are none"),
                format!("适配器的第 {index} 个张量含有非有限数"),
            ));
        }
        None => {
            let kind = tensor.kind.name;
            return Err(refused(
                format!(
                    "tensor {index} of the adapter is of type {kind}; F32, F16, BF16 and Q8_0 are served"
                ),
                format!("适配器的第 {index} 个张量类型为 {kind}；支持 F32、F16、BF16 和 Q8_0"),
            ));
        }
    }
    Ok(())
}

/// Whether both halves of a change are matrices of a matrix's shape.
fn fits(a: &Tensor, b: &Tensor, changed: &Tensor) -> bool {
    let (&[width, rows], &[a_first, a_second], &[b_first, b_second]) =
        (changed.dims.as_slice(), a.dims.as_slice(), b.dims.as_slice())
    else {
        return false;
    };
    let (rank, same) = if a.name.rsplit_once('.').is_some_and(|(name, _)| name == TABLE) {
        (a_first, a_first == b_first && a_second == rows && b_second == width)
    } else {
        (a_second, a_second == b_first && a_first == width && b_second == rows)
    };
    same && rank <= RANK
}

/// Whether all numbers are finite; `None` of types that are not served.
fn finite(kind: &str, bytes: &[u8]) -> Option<bool> {
    let pair = |two: &[u8]| <[u8; 2]>::try_from(two).unwrap_or_default();
    Some(match kind {
        "F32" => bytes.chunks_exact(4).all(|four| {
            f32::from_le_bytes(<[u8; 4]>::try_from(four).unwrap_or_default()).is_finite()
        }),
        "F16" => bytes.chunks_exact(2).all(|two| f16::from_le_bytes(pair(two)).is_finite()),
        "BF16" => bytes.chunks_exact(2).all(|two| bf16::from_le_bytes(pair(two)).is_finite()),
        // A block begins with its scale; its other numbers are whole.
        "Q8_0" => bytes
            .chunks_exact(34)
            .all(|block| f16::from_le_bytes(pair(block.get(..2).unwrap_or_default())).is_finite()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Data, Limits, TensorKind, read, write};
    use super::*;
    use std::collections::BTreeMap;

    type One<'a> = (&'a str, Vec<u64>, Data<'a>);

    fn file(more: &[(&str, Value)], tensors: &[One<'_>]) -> Vec<u8> {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut metadata = BTreeMap::from([
            ("general.architecture".to_owned(), text("llama")),
            ("general.type".to_owned(), text("adapter")),
            ("adapter.type".to_owned(), text("lora")),
            (ALPHA.to_owned(), Value::Float(8.0)),
        ]);
        metadata.extend(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        write(&metadata, tensors).unwrap()
    }

    fn head(bytes: &[u8]) -> Header {
        read(bytes, bytes.len() as u64, &Limits::default()).unwrap()
    }

    fn refusal(more: &[(&str, Value)], tensors: &[One<'_>]) -> Option<String> {
        let numbers = [0.5_f32; 64];
        let base = file(
            &[("general.type", Value::Text("model".into()))],
            &[
                ("blk.0.attn_q.weight", vec![8, 4], Data::F32(&numbers[..32])),
                ("token_embd.weight", vec![8, 6], Data::F32(&numbers[..48])),
                ("output_norm.weight", vec![8], Data::F32(&numbers[..8])),
            ],
        );
        let bytes = file(more, tensors);
        belongs(&head(&bytes), &bytes, &head(&base)).err().map(|fault| fault.to_string())
    }

    const A: &str = "blk.0.attn_q.weight.lora_a";
    const B: &str = "blk.0.attn_q.weight.lora_b";

    #[test]
    fn pairs_of_the_bases_shape_belong() {
        let numbers = [0.5_f32; 16];
        let good = [
            (A, vec![8, 2], Data::F32(&numbers)),
            (B, vec![2, 4], Data::F32(&numbers[..8])),
            ("token_embd.weight.lora_a", vec![2, 6], Data::F32(&numbers[..12])),
            ("token_embd.weight.lora_b", vec![2, 8], Data::F32(&numbers)),
        ];
        assert_eq!(refusal(&[], &good), None);
    }

    #[test]
    fn hostile_adapters_are_refused() {
        let numbers = [0.5_f32; 64];
        let good =
            [(A, vec![8, 2], Data::F32(&numbers[..16])), (B, vec![2, 4], Data::F32(&numbers[..8]))];
        for alpha in [Value::Text("x".into()), Value::Unsigned(8), Value::Float(f64::NAN)] {
            assert!(refusal(&[(ALPHA, alpha)], &good).unwrap().contains("alpha"));
        }
        let words = [("adapter.alora.invocation_tokens", Value::Integers(vec![1]))];
        assert!(refusal(&words, &good).is_some());
        let with = |a: (Vec<u64>, &[f32]), b: (Vec<u64>, &[f32])| {
            refusal(&[], &[(A, a.0, Data::F32(a.1)), (B, b.0, Data::F32(b.1))])
        };
        let shape = |dims: &[u64]| {
            let count = usize::try_from(dims.iter().product::<u64>()).unwrap();
            (dims.to_vec(), &numbers[..count])
        };
        assert_eq!(with(shape(&[8, 2]), shape(&[2, 4])), None);
        for (a, b) in [
            (vec![8, 2], vec![3, 4]),
            (vec![8, 2, 2], vec![2, 4]),
            (vec![8], vec![2, 4]),
            (vec![4, 2], vec![2, 4]),
        ] {
            assert!(with(shape(&a), shape(&b)).is_some(), "{a:?} {b:?}");
        }
        let mut broken = [0.5_f32; 16];
        broken[7] = f32::NAN;
        assert!(with((vec![8, 2], &broken[..]), shape(&[2, 4])).unwrap().contains("none"));
        let whole = [1_u8; 64];
        let kind = TensorKind::of(26).unwrap();
        let of_whole = [
            (A, vec![8, 2], Data::Raw(kind, &whole)),
            (B, vec![2, 4], Data::Raw(kind, &whole[..32])),
        ];
        assert!(refusal(&[], &of_whole).unwrap().contains("I32"));
        assert!(refusal(&[], &good[..1]).is_some() && refusal(&[], &[]).is_some());
        let norm = [
            ("output_norm.weight.lora_a", vec![8, 2], Data::F32(&numbers[..16])),
            ("output_norm.weight.lora_b", vec![2, 4], Data::F32(&numbers[..8])),
        ];
        assert!(refusal(&[], &norm).is_some());
    }
}

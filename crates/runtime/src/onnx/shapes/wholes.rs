//! Whole numbers that graphs reckon shapes with: constants, shapes of values, and what is made of both.

use super::{Dim, Known, place};
use crate::onnx::edit::{self, input, integer, integers};
use crate::onnx::proto::{Node, Tensor};
use std::collections::BTreeMap;

/// A whole number; `None` where it is not known.
pub(super) type Whole = Option<i64>;

/// Lists of whole numbers by value.
pub(super) type Wholes = BTreeMap<String, Vec<Whole>>;

/// Numbers of the longest list that is followed: shapes are short.
const LONGEST: usize = 64;

/// A constant's shape.
pub(super) fn dims(tensor: &Tensor) -> Vec<Dim> {
    edit::shape(tensor).into_iter().map(|dim| Some(dim as u64)).collect()
}

/// The numbers of a short constant of whole numbers.
pub(super) fn constant(tensor: &Tensor) -> Option<Vec<Whole>> {
    if edit::shape(tensor).into_iter().try_fold(1_usize, usize::checked_mul)? > LONGEST {
        return None;
    }
    let raw = tensor.raw_data.as_slice();
    let list: Vec<i64> = match tensor.data_type {
        7 if raw.is_empty() => tensor.int64_data.clone(),
        7 => raw.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect(),
        6 if raw.is_empty() => tensor.int32_data.iter().copied().map(i64::from).collect(),
        6 => {
            raw.as_chunks::<4>().0.iter().map(|four| i64::from(i32::from_le_bytes(*four))).collect()
        }
        _ => return None,
    };
    Some(list.into_iter().map(Some).collect())
}

/// The constant that an operation `Constant` gives, where it is a tensor.
pub(super) fn held(node: &Node) -> Option<&Tensor> {
    node.attribute.iter().find(|attribute| attribute.name == "value")?.t.as_ref()
}

/// The whole numbers that an operation gives, where it reckons with such.
pub(super) fn given(node: &Node, known: &Known<'_>) -> Option<Vec<Whole>> {
    let list = |index: usize| known.list(node, index);
    let found = match node.op_type.as_str() {
        "Constant" => match (held(node), integer(node, "value_int")) {
            (Some(tensor), _) => constant(tensor)?,
            (None, Some(one)) => vec![Some(one)],
            (None, None) => match integers(node, "value_ints") {
                [] => return None,
                several => several.iter().copied().map(Some).collect(),
            },
        },
        "Shape" => {
            let dims = known.shape(node, 0)?;
            let end = |name: &str, without: usize| match integer(node, name) {
                Some(at) if at < 0 => Some(place(at, dims.len()).unwrap_or_default()),
                Some(at) => usize::try_from(at).ok().map(|at| at.min(dims.len())),
                None => Some(without),
            };
            let part = dims.get(end("start", 0)?..end("end", dims.len())?)?;
            part.iter().map(|dim| dim.and_then(|size| i64::try_from(size).ok())).collect()
        }
        "Identity" | "Cast" | "Squeeze" | "Unsqueeze" | "Reshape" => list(0)?,
        "Gather" => {
            let (all, picked) = (list(0)?, known.sure(node, 1)?);
            let one = |at: i64| all.get(place(at, all.len())?).copied();
            picked.into_iter().map(one).collect::<Option<_>>()?
        }
        "Concat" => {
            let parts = (0..node.input.len()).map(list).collect::<Option<Vec<_>>>()?;
            parts.concat()
        }
        "Slice" => slice(node, known)?,
        "ConstantOfShape" => {
            let count = match known.sure(node, 0)?.as_slice() {
                [] => 1,
                [count] => usize::try_from(*count).ok().filter(|count| *count <= LONGEST)?,
                _ => return None,
            };
            let value = constant(held(node)?)?;
            vec![value.first().copied().flatten(); count]
        }
        "Add" => pairs(&list(0)?, &list(1)?, i64::checked_add)?,
        "Sub" => pairs(&list(0)?, &list(1)?, i64::checked_sub)?,
        "Mul" => pairs(&list(0)?, &list(1)?, i64::checked_mul)?,
        "Div" => pairs(&list(0)?, &list(1)?, i64::checked_div)?,
        "Equal" => pairs(&list(0)?, &list(1)?, |left, right| Some(i64::from(left == right)))?,
        "Where" => {
            let (asked, yes, no) = (list(0)?, list(1)?, list(2)?);
            let count = asked.len().max(yes.len()).max(no.len());
            let one = |at: usize| match nth(&asked, at)? {
                Some(0) => nth(&no, at),
                Some(_) => nth(&yes, at),
                None => Some(None),
            };
            (0..count).map(one).collect::<Option<_>>()?
        }
        _ => return None,
    };
    (found.len() <= LONGEST).then_some(found)
}

/// A number of a list; a list of one number has it everywhere.
fn nth(list: &[Whole], at: usize) -> Option<Whole> {
    match list {
        [one] => Some(*one),
        several => several.get(at).copied(),
    }
}

fn pairs(
    left: &[Whole],
    right: &[Whole],
    of: impl Fn(i64, i64) -> Option<i64>,
) -> Option<Vec<Whole>> {
    let count = if left.is_empty() || right.is_empty() { 0 } else { left.len().max(right.len()) };
    let one = |at: usize| {
        let (left, right) = (nth(left, at)?, nth(right, at)?);
        Some(left.zip(right).and_then(|(left, right)| of(left, right)))
    };
    (0..count).map(one).collect()
}

/// A part of a list, one step at a time.
fn slice(node: &Node, known: &Known<'_>) -> Option<Vec<Whole>> {
    let list = known.list(node, 0)?;
    let end = |index: usize, name: &str| -> Option<usize> {
        let at = *known.setting(node, index, name)?.first()?;
        let size = i64::try_from(list.len()).ok()?;
        let at = if at < 0 { at.saturating_add(size) } else { at };
        usize::try_from(at.clamp(0, size)).ok()
    };
    if input(node, 4).is_some() && known.sure(node, 4)? != [1] {
        return None;
    }
    let (start, stop) = (end(1, "starts")?, end(2, "ends")?);
    Some(list.get(start..stop.max(start))?.to_vec())
}

//! Shapes of what is cut, joined, turned or filled up, its numbers as they were.

use super::wholes::{self, Whole};
use super::{DIMENSIONS, Dim, Known, broadcast, place, product};
use crate::onnx::edit::{self, input, integer, integers};
use crate::onnx::proto::Node;

/// The shape of an operation's only output.
pub(super) fn infer(known: &Known<'_>, node: &Node) -> Option<Vec<Dim>> {
    let shape = |index: usize| known.shape(node, index);
    match node.op_type.as_str() {
        "Flatten" => {
            let dims = shape(0)?;
            let axis = place(integer(node, "axis").unwrap_or(1), dims.len())?;
            let (before, after) = dims.split_at_checked(axis)?;
            Some(vec![product(before), product(after)])
        }
        "Transpose" => {
            let (dims, order) = (shape(0)?, integers(node, "perm"));
            if order.is_empty() {
                return Some(dims.iter().rev().copied().collect());
            }
            order.iter().map(|at| dims.get(usize::try_from(*at).ok()?).copied()).collect()
        }
        "Reshape" => {
            let copies = integer(node, "allowzero").unwrap_or(0) == 0;
            Some(reshape(shape(0)?, &known.list(node, 1)?, copies))
        }
        "Concat" => joined(node, &known.all(node)?),
        "QLinearConcat" => {
            // The output's scale and zero point, then three inputs for each part.
            let parts = (2..node.input.len()).step_by(3).map(shape).collect::<Option<Vec<_>>>()?;
            joined(node, &parts)
        }
        "Unsqueeze" => unsqueeze(shape(0)?, &known.setting(node, 1, "axes")?),
        "Squeeze" => squeeze(shape(0)?, &known.setting(node, 1, "axes")?),
        "Pad" => pad(known, node),
        "Slice" => slice(known, node),
        "Gather" | "GatherElements" | "GatherND" => gather(node, shape(0)?, shape(1)?),
        "Expand" => Some(broadcast(shape(0)?, &sizes(&known.list(node, 1)?))),
        "Tile" => {
            let (dims, times) = (shape(0)?, sizes(&known.list(node, 1)?));
            let one =
                |(dim, times): (&Dim, Dim)| dim.zip(times).and_then(|(a, b)| a.checked_mul(b));
            (dims.len() == times.len()).then(|| dims.iter().zip(times).map(one).collect())
        }
        "Resize" | "Upsample" => resize(known, node),
        "DepthToSpace" | "SpaceToDepth" => blocks(node, shape(0)?),
        "TopK" => {
            let mut dims = shape(0)?.clone();
            let axis = place(integer(node, "axis").unwrap_or(-1), dims.len())?;
            let count = known.sure(node, 1).and_then(|list| list.first().copied());
            *dims.get_mut(axis)? = count.and_then(|count| u64::try_from(count).ok());
            Some(dims)
        }
        "Constant" => match wholes::held(node) {
            Some(tensor) => Some(wholes::dims(tensor)),
            None => match node.attribute.first()?.name.as_str() {
                "value_int" | "value_float" | "value_string" => Some(Vec::new()),
                _ => None,
            },
        },
        "ConstantOfShape" => Some(sizes(&known.list(node, 0)?)),
        "Shape" => Some(vec![wholes::given(node, known).map(|list| list.len() as u64)]),
        "Size" => Some(Vec::new()),
        "Range" => Some(vec![None]),
        "NonZero" => Some(vec![Some(shape(0)?.len() as u64), None]),
        _ => None,
    }
}

/// What is picked out of `dims` by indices of the shape `picked`.
fn gather(node: &Node, dims: &[Dim], picked: &[Dim]) -> Option<Vec<Dim>> {
    match node.op_type.as_str() {
        "GatherElements" => Some(picked.to_vec()),
        "GatherND" if integer(node, "batch_dims").unwrap_or(0) == 0 => {
            let (depth, before) = picked.split_last()?;
            let rest = dims.get(usize::try_from((*depth)?).ok()?..)?;
            Some([before, rest].concat())
        }
        "Gather" => {
            let axis = place(integer(node, "axis").unwrap_or(0), dims.len())?;
            let (before, after) = dims.split_at_checked(axis)?;
            Some([before, picked, after.get(1..)?].concat())
        }
        _ => None,
    }
}

/// Whole numbers as dimensions.
fn sizes(list: &[Whole]) -> Vec<Dim> {
    list.iter().map(|size| size.and_then(|size| u64::try_from(size).ok())).collect()
}

/// 0 is the dimension that was there, where `copies` says so; -1 what is left.
fn reshape(dims: &[Dim], wanted: &[Whole], copies: bool) -> Vec<Dim> {
    let copied = |at: usize| copies && wanted.get(at).copied().flatten() == Some(0);
    let one = |(at, size): (usize, &Whole)| match size {
        Some(0) if copies => dims.get(at).copied().flatten(),
        size => size.and_then(|size| u64::try_from(size).ok()),
    };
    let mut out: Vec<Dim> = wanted.iter().enumerate().map(one).collect();
    // Dimensions that stay are left out on both sides: they need not be known.
    let own = |list: &[Dim], without: Option<usize>| -> Dim {
        let stay = list.iter().enumerate().filter(|(at, _)| !copied(*at) && Some(*at) != without);
        product(stay.map(|(_, dim)| dim))
    };
    let rest = wanted.iter().position(|size| *size == Some(-1));
    let left = own(dims, None).zip(own(&out, rest)).and_then(|(all, some)| all.checked_div(some));
    if let Some(slot) = rest.and_then(|at| out.get_mut(at)) {
        *slot = left;
    }
    out
}

fn joined(node: &Node, shapes: &[&Vec<Dim>]) -> Option<Vec<Dim>> {
    let mut dims = (*shapes.first()?).clone();
    let axis = place(integer(node, "axis")?, dims.len())?;
    // What one part does not know, another may.
    let rank = dims.len();
    for other in shapes.iter().filter(|other| other.len() == rank) {
        for (dim, own) in dims.iter_mut().zip(other.iter()) {
            *dim = dim.or(*own);
        }
    }
    *dims.get_mut(axis)? =
        shapes.iter().map(|one| one.get(axis).copied().flatten()).sum::<Option<u64>>();
    Some(dims)
}

fn unsqueeze(dims: &[Dim], axes: &[i64]) -> Option<Vec<Dim>> {
    let rank = dims.len() + axes.len();
    if rank > DIMENSIONS {
        return None;
    }
    let mut places = axes.iter().map(|axis| place(*axis, rank)).collect::<Option<Vec<_>>>()?;
    places.sort_unstable();
    let mut dims = dims.to_vec();
    for at in places {
        dims.insert(at.min(dims.len()), Some(1));
    }
    Some(dims)
}

/// Without the named dimensions; where none is named without those of 1, if all are known.
fn squeeze(dims: &[Dim], axes: &[i64]) -> Option<Vec<Dim>> {
    if axes.is_empty() {
        let known = dims.iter().copied().collect::<Option<Vec<u64>>>()?;
        return Some(known.into_iter().filter(|size| *size != 1).map(Some).collect());
    }
    let gone = axes.iter().map(|axis| place(*axis, dims.len())).collect::<Option<Vec<_>>>()?;
    let left = dims.iter().enumerate().filter(|(at, _)| !gone.contains(at));
    Some(left.map(|(_, dim)| *dim).collect())
}

/// Filled up before and behind each of some dimensions; a negative number cuts.
fn pad(known: &Known<'_>, node: &Node) -> Option<Vec<Dim>> {
    let mut dims = known.shape(node, 0)?.clone();
    let pads = match input(node, 1) {
        Some(_) => known.list(node, 1),
        None => Some(integers(node, "pads").iter().copied().map(Some).collect()),
    };
    let axes = match input(node, 3) {
        Some(_) => known.sure(node, 3),
        None => (0..dims.len()).map(|at| i64::try_from(at).ok()).collect(),
    };
    // How many dimensions there are is known in any case.
    let (Some(pads), Some(axes)) = (pads, axes) else { return Some(vec![None; dims.len()]) };
    for (index, axis) in axes.iter().enumerate() {
        let at = place(*axis, dims.len())?;
        let (before, behind) = (pads.get(index)?, pads.get(index + axes.len())?);
        let more = before.zip(*behind).and_then(|(before, behind)| before.checked_add(behind));
        let dim = dims.get_mut(at)?;
        *dim = dim.zip(more).and_then(|(size, more)| size.checked_add_signed(more));
    }
    Some(dims)
}

fn slice(known: &Known<'_>, node: &Node) -> Option<Vec<Dim>> {
    let mut dims = known.shape(node, 0)?.clone();
    let ends = |index: usize, name: &str| match input(node, index) {
        Some(_) => known.list(node, index),
        None => Some(integers(node, name).iter().copied().map(Some).collect()),
    };
    let (starts, stops) = (ends(1, "starts"), ends(2, "ends"));
    let axes = match input(node, 3) {
        Some(_) => known.sure(node, 3),
        None => Some(integers(node, "axes").to_vec()),
    };
    let steps = match input(node, 4) {
        Some(_) => known.list(node, 4),
        None => Some(Vec::new()),
    };
    let (Some(starts), Some(stops), Some(axes), Some(steps)) = (starts, stops, axes, steps) else {
        return Some(vec![None; dims.len()]);
    };
    for (index, start) in starts.iter().enumerate() {
        let axis = match axes.get(index) {
            Some(axis) => *axis,
            None => i64::try_from(index).ok()?,
        };
        let at = place(axis, dims.len())?;
        let dim = dims.get_mut(at)?;
        let stop = stops.get(index).copied().flatten();
        let step = steps.get(index).copied().unwrap_or(Some(1));
        *dim = part(*dim, *start, stop, step);
    }
    Some(dims)
}

/// How many numbers a slice takes of so many.
fn part(size: Dim, start: Whole, stop: Whole, step: Whole) -> Dim {
    let size = i64::try_from(size?).ok()?;
    let step = step?;
    let end = |at: i64| if at < 0 { at.saturating_add(size) } else { at };
    let (start, stop) = (end(start?), end(stop?));
    let (from, to) = match step {
        1.. => (start.clamp(0, size), stop.clamp(0, size)),
        0 => return None,
        _ => (stop.clamp(-1, size - 1), start.clamp(-1, size - 1)),
    };
    let count = u64::try_from((to - from).max(0)).ok()?;
    Some(count.div_ceil(step.unsigned_abs()))
}

/// The shape of one of the pieces that a dimension is cut into.
pub(super) fn split(known: &Known<'_>, node: &Node, at: usize) -> Option<Vec<Dim>> {
    let mut dims = known.shape(node, 0)?.clone();
    let axis = place(integer(node, "axis").unwrap_or(0), dims.len())?;
    let dim = dims.get_mut(axis)?;
    let pieces = node.output.len().max(1) as u64;
    *dim = match known.setting(node, 1, "split") {
        // As even as may be, the last the smallest.
        Some(sizes) if sizes.is_empty() => dim.and_then(|size| {
            let each = size.div_ceil(pieces);
            Some(size.saturating_sub(each * at as u64).min(each))
        }),
        Some(sizes) => sizes.get(at).and_then(|size| u64::try_from(*size).ok()),
        None => None,
    };
    Some(dims)
}

/// Sizes that are given, or as many times as large as before.
fn resize(known: &Known<'_>, node: &Node) -> Option<Vec<Dim>> {
    let mut dims = known.shape(node, 0)?.clone();
    let axes: Vec<usize> = match integers(node, "axes") {
        [] => (0..dims.len()).collect(),
        axes => axes.iter().map(|axis| place(*axis, dims.len())).collect::<Option<_>>()?,
    };
    let wanted = known.list(node, 3).map(|list| sizes(&list)).filter(|list| !list.is_empty());
    if input(node, 3).is_some() && wanted.is_none() {
        return Some(vec![None; dims.len()]);
    }
    let scales = scales(known, node);
    for (index, axis) in axes.into_iter().enumerate() {
        let dim = dims.get_mut(axis)?;
        *dim = match (&wanted, &scales) {
            (Some(sizes), _) => sizes.get(index).copied().flatten(),
            (None, Some(scales)) => {
                dim.zip(scales.get(index)).map(|(size, scale)| scaled(size, *scale))
            }
            (None, None) => None,
        };
    }
    Some(dims)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a picture has some thousands of places along a side"
)]
fn scaled(size: u64, scale: f32) -> u64 {
    (size as f64 * f64::from(scale)).floor() as u64
}

/// How many times as large each dimension becomes.
fn scales(known: &Known<'_>, node: &Node) -> Option<Vec<f32>> {
    let place = if node.op_type == "Resize" && node.input.len() > 2 { 2 } else { 1 };
    if let Some(name) = input(node, place) {
        return known.floats(name);
    }
    // The oldest form of it.
    let found = node.attribute.iter().find(|attribute| attribute.name == "scales");
    found.map(|attribute| attribute.floats.clone())
}

/// Channels that become places, or the other way.
fn blocks(node: &Node, dims: &[Dim]) -> Option<Vec<Dim>> {
    let [rows, channels, height, width] = dims else { return None };
    let size = u64::try_from(integer(node, "blocksize")?).ok().filter(|size| *size > 0)?;
    let more = |dim: &Dim, by: u64| dim.and_then(|dim| dim.checked_mul(by));
    let less = |dim: &Dim, by: u64| dim.and_then(|dim| dim.checked_div(by));
    let square = size.checked_mul(size)?;
    Some(if node.op_type == "DepthToSpace" {
        vec![*rows, less(channels, square), more(height, size), more(width, size)]
    } else {
        vec![*rows, more(channels, square), less(height, size), less(width, size)]
    })
}

impl Known<'_> {
    /// The numbers of a constant of 32-bit numbers, however the graph holds it.
    fn floats(&self, name: &str) -> Option<Vec<f32>> {
        edit::floats(self.constants.get(name)?)
    }
}

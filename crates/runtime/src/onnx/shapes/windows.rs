//! Shapes of what windows that slide over an image give: convolutions and pools.

use super::Dim;
use crate::onnx::edit::{integer, integers};
use crate::onnx::proto::Node;

/// A convolution; `weight` is `channels out × channels in of a group × kernel`.
pub(super) fn conv(node: &Node, image: &[Dim], weight: &[Dim]) -> Option<Vec<Dim>> {
    let kernel = weight.get(2..)?;
    let mut dims = vec![*image.first()?, *weight.first()?];
    dims.extend(slide(node, image.get(2..)?, kernel));
    Some(dims)
}

/// A pool, whose channels stay.
pub(super) fn pool(node: &Node, image: &[Dim]) -> Option<Vec<Dim>> {
    let kernel: Vec<Dim> =
        integers(node, "kernel_shape").iter().map(|size| size_of(*size)).collect();
    let mut dims = image.get(..2)?.to_vec();
    dims.extend(slide(node, image.get(2..)?, &kernel));
    Some(dims)
}

/// A convolution the other way; `weight` is `channels in × channels out of a group × kernel`.
pub(super) fn turned(node: &Node, image: &[Dim], weight: &[Dim]) -> Option<Vec<Dim>> {
    let groups = size_of(integer(node, "group").unwrap_or(1));
    let own = weight.get(1).copied().flatten();
    let channels = own.zip(groups).and_then(|(own, groups)| own.checked_mul(groups));
    let (sides, kernel) = (image.get(2..)?, weight.get(2..)?);
    let mut dims = vec![*image.first()?, channels];
    let wanted = integers(node, "output_shape");
    if !wanted.is_empty() {
        dims.extend(wanted.iter().map(|size| size_of(*size)));
        return Some(dims);
    }
    let same = padding(node).starts_with(b"SAME");
    let one = |index: usize, side: Dim| -> Dim {
        let stride = at(node, "strides", index, 1)?.max(1);
        if same {
            return side?.checked_mul(stride);
        }
        let steps = side?.checked_sub(1)?.checked_mul(stride)?;
        let wide = steps.checked_add(reach(node, index, kernel)?)?;
        let wide = wide.checked_add(at(node, "output_padding", index, 0)?)?;
        wide.checked_sub(pads(node, index, sides.len())?)
    };
    dims.extend(sides.iter().enumerate().map(|(index, side)| one(index, *side)));
    Some(dims)
}

/// How often a window fits along each side.
fn slide(node: &Node, sides: &[Dim], kernel: &[Dim]) -> Vec<Dim> {
    let same = padding(node).starts_with(b"SAME");
    let up = integer(node, "ceil_mode").unwrap_or(0) != 0;
    let one = |index: usize, side: Dim| -> Dim {
        let stride = at(node, "strides", index, 1)?.max(1);
        if same {
            return Some(side?.div_ceil(stride));
        }
        let pads = pads(node, index, sides.len())?;
        let room = side?.checked_add(pads)?.checked_sub(reach(node, index, kernel)?)?;
        if !up {
            return Some(room / stride + 1);
        }
        // A window that would begin behind the picture and what is put before it is none.
        let before = if padding(node) == b"VALID" { 0 } else { at(node, "pads", index, 0)? };
        let last = room.div_ceil(stride);
        let begins = last.checked_mul(stride)? < side?.checked_add(before)?;
        Some(if begins { last + 1 } else { last })
    };
    sides.iter().enumerate().map(|(index, side)| one(index, *side)).collect()
}

/// How far a window reaches along a side, gaps among it.
fn reach(node: &Node, index: usize, kernel: &[Dim]) -> Dim {
    let size = kernel.get(index).copied().flatten()?;
    size.checked_sub(1)?.checked_mul(at(node, "dilations", index, 1)?)?.checked_add(1)
}

/// What is put around a side, before and behind together.
fn pads(node: &Node, index: usize, sides: usize) -> Dim {
    if padding(node) == b"VALID" {
        return Some(0);
    }
    at(node, "pads", index, 0)?.checked_add(at(node, "pads", index + sides, 0)?)
}

/// A setting with a number for each side.
fn at(node: &Node, name: &str, index: usize, without: u64) -> Dim {
    integers(node, name).get(index).map_or(Some(without), |size| size_of(*size))
}

fn padding(node: &Node) -> &[u8] {
    let found = node.attribute.iter().find(|attribute| attribute.name == "auto_pad");
    found.and_then(|attribute| attribute.s.as_deref()).unwrap_or_default()
}

fn size_of(size: i64) -> Dim {
    u64::try_from(size).ok()
}

//! Pictures of networks: any graph of layers drawn on one page, repeated blocks once, with shapes and counts of parameters; and
//! the same as a table.

mod blocks;
mod draw;
mod table;

pub use draw::network_svg;
pub use table::{layer_lines, layer_table};

use ingot_base::Result;

/// A drawing as PNG at double size, with the fonts of this machine.
///
/// # Errors
/// When it is no SVG.
pub fn network_png(svg: &str) -> Result<Vec<u8>> {
    Ok(crate::picture::png(svg)?.bytes)
}

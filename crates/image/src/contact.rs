//! Several pictures and what was made of them, small, on one sheet.

use crate::prepare::fit;
use image::{Rgb, RgbImage, imageops};
use ingot_base::Result;

/// White between pictures, in pixels.
const GAP: u32 = 4;
/// White after the first column: the originals stand apart from their copies.
const APART: u32 = 16;

/// A contact sheet: a row for each picture, itself at the left and, apart from it, what was made of it. Each is brought to a square of so
/// many pixels a side; rows may differ in length.
///
/// # Errors
/// When a picture has no pixels, or the side is 0.
pub fn contact_sheet(rows: &[Vec<RgbImage>], side: u32) -> Result<RgbImage> {
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let columns = count(rows.iter().map(Vec::len).max().unwrap_or_default()).max(1);
    let beyond = if columns > 1 { APART - GAP } else { 0 };
    let mut sheet = RgbImage::from_pixel(
        columns * (side + GAP) - GAP + beyond,
        count(rows.len()).max(1) * (side + GAP) - GAP,
        Rgb([255; 3]),
    );
    let place = |at: usize| i64::from(count(at) * (side + GAP));
    for (down, row) in rows.iter().enumerate() {
        for (across, picture) in row.iter().enumerate() {
            let shift = if across > 0 { i64::from(beyond) } else { 0 };
            let small = fit(picture, side, side)?;
            imageops::replace(&mut sheet, &small, place(across) + shift, place(down));
        }
    }
    Ok(sheet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn originals_stand_at_the_left_apart_from_their_copies() {
        let of = |shade: u8| RgbImage::from_pixel(20, 20, Rgb([shade; 3]));
        let rows = [vec![of(1), of(2), of(3)], vec![of(4), of(5)]];
        let sheet = contact_sheet(&rows, 10).unwrap();
        assert_eq!(sheet.dimensions(), (10 + 16 + 10 + 4 + 10, 10 + 4 + 10));
        for (x, y, shade) in [(0, 0, 1), (26, 0, 2), (40, 9, 3), (9, 14, 4), (26, 23, 5)] {
            assert_eq!(sheet.get_pixel(x, y), &Rgb([shade; 3]), "{x} {y}");
        }
        for (x, y) in [(15, 5), (38, 5), (45, 18), (5, 12)] {
            assert_eq!(sheet.get_pixel(x, y), &Rgb([255; 3]), "white at {x} {y}");
        }
        assert_eq!(contact_sheet(&[vec![of(1)]], 10).unwrap().dimensions(), (10, 10));
        assert_eq!(contact_sheet(&[], 10).unwrap().dimensions(), (10, 10));
    }
}

//! What a network looked at, laid over the picture; and several pictures as one sheet.

use image::{Rgb, RgbImage, imageops};

/// A grid of importance, row by row from the top left; larger is more.
#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    /// Cells from left to right.
    pub width: u32,
    /// `width × height` numbers.
    pub cells: Vec<f32>,
}

impl Heat {
    fn height(&self) -> u32 {
        u32::try_from(self.cells.len()).unwrap_or(u32::MAX).checked_div(self.width).unwrap_or(0)
    }

    /// Between the centres of cells it is interpolated; scaled so that nothing below zero shows and the greatest is 1.
    fn at(&self, x: f32, y: f32, greatest: f32) -> f32 {
        let cell = |column: f32, row: f32| {
            let column = index(column, self.width);
            let row = index(row, self.height());
            self.cells.get(row * self.width as usize + column).copied().unwrap_or(0.0).max(0.0)
        };
        let (left, top) = (x.floor(), y.floor());
        let (along, down) = (x - left, y - top);
        let upper = cell(left, top) * (1.0 - along) + cell(left + 1.0, top) * along;
        let lower = cell(left, top + 1.0) * (1.0 - along) + cell(left + 1.0, top + 1.0) * along;
        (upper * (1.0 - down) + lower * down) / greatest
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "clamped to a grid of some dozens of cells"
)]
fn index(place: f32, length: u32) -> usize {
    place.clamp(0.0, (length.max(1) - 1) as f32) as usize
}

/// The picture in grey with the important parts in colour: yellow to red where the network saw most for its answer.
#[expect(clippy::cast_precision_loss, reason = "sides are counted in thousands")]
pub fn overlay(picture: &RgbImage, heat: &Heat) -> RgbImage {
    let greatest = heat.cells.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let mut shown = picture.clone();
    for (x, y, pixel) in shown.enumerate_pixels_mut() {
        let column = (x as f32 + 0.5) / width * heat.width as f32 - 0.5;
        let row = (y as f32 + 0.5) / height * heat.height() as f32 - 0.5;
        let value = heat.at(column, row, greatest).clamp(0.0, 1.0);
        let [red, green, blue] = pixel.0.map(f32::from);
        let grey = 0.299 * red + 0.587 * green + 0.114 * blue;
        let glow = [255.0, 210.0 * (1.0 - value), 0.0];
        let share = value * 0.6;
        let blend = |base: f32, glow: f32| {
            let mixed = (base * (1.0 - share) + glow * share).round().clamp(0.0, 255.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
            let byte = mixed as u8;
            byte
        };
        let base = |colour: f32| grey * 0.7 + colour * 0.3;
        *pixel = Rgb([
            blend(base(red), glow[0]),
            blend(base(green), glow[1]),
            blend(base(blue), glow[2]),
        ]);
    }
    shown
}

/// Pictures of one size side by side, so many a row.
pub fn sheet(pictures: &[RgbImage], columns: u32) -> RgbImage {
    const GAP: u32 = 4;
    let (width, height) = pictures.first().map_or((1, 1), RgbImage::dimensions);
    let columns = columns.max(1);
    let rows = u32::try_from(pictures.len()).unwrap_or(u32::MAX).div_ceil(columns);
    let mut sheet = RgbImage::from_pixel(
        columns * (width + GAP) - GAP,
        (rows.max(1) * (height + GAP)).saturating_sub(GAP),
        Rgb([255; 3]),
    );
    let mut at = (0, 0);
    for picture in pictures {
        let (x, y) = (i64::from(at.0 * (width + GAP)), i64::from(at.1 * (height + GAP)));
        imageops::replace(&mut sheet, picture, x, y);
        at = if at.0 + 1 == columns { (0, at.1 + 1) } else { (at.0 + 1, at.1) };
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heat_glows_where_it_is() {
        let picture = RgbImage::from_pixel(40, 40, Rgb([100; 3]));
        let heat = Heat { width: 2, cells: vec![0.0, 0.0, 0.0, 5.0] };
        let shown = overlay(&picture, &heat);
        assert_eq!(shown.get_pixel(2, 2), &Rgb([100; 3]), "nothing there");
        let Rgb([red, _, blue]) = *shown.get_pixel(38, 38);
        assert!(red > 180 && blue < 60, "{red} {blue}");
        let cold = Heat { width: 1, cells: vec![-1.0] };
        assert_eq!(overlay(&picture, &cold), picture, "what speaks against is not shown");
    }

    #[test]
    fn a_sheet_holds_every_picture() {
        let one = RgbImage::from_pixel(10, 8, Rgb([1, 2, 3]));
        let made = sheet(&[one.clone(), one.clone(), one], 2);
        assert_eq!(made.dimensions(), (24, 20));
        assert_eq!(made.get_pixel(14, 0), &Rgb([1, 2, 3]));
        assert_eq!(made.get_pixel(14, 12), &Rgb([255; 3]), "an empty place");
    }
}

//! From pixels to what a network takes. Resizing averages over the area that becomes one pixel (bilinear filter with
//! antialiasing, as Pillow does it, within one step of 255), so that training elsewhere and serving here see the same picture.

use crate::messages::IMAGE_INVALID;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;
use ingot_base::{Fault, Result};
use serde::{Deserialize, Serialize};

/// How a picture becomes a network's input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Preprocess {
    /// The shorter side is brought to so many pixels.
    pub resize: u32,
    /// A square of so many pixels is cut from the middle.
    pub crop: u32,
    /// Subtracted from each colour, of the range 0 to 1.
    pub mean: [f32; 3],
    /// What each colour is then divided by.
    pub deviation: [f32; 3],
}

impl Preprocess {
    /// As torchvision's networks are trained on `ImageNet`.
    pub const IMAGENET: Self = Self {
        resize: 256,
        crop: 224,
        mean: [0.485, 0.456, 0.406],
        deviation: [0.229, 0.224, 0.225],
    };

    /// How many numbers a prepared picture has.
    pub fn size(&self) -> usize {
        3 * self.crop as usize * self.crop as usize
    }

    /// The part of the picture that the network sees, at the size at which it sees it. What would be cut off is never made:
    /// a picture of one row would become millions of pixels.
    ///
    /// # Errors
    /// When the picture has no pixels.
    pub fn view(&self, picture: &RgbImage) -> Result<RgbImage> {
        let (width, height) = picture.dimensions();
        let short = width.min(height).max(1);
        // The longer side is rounded down, as torchvision does.
        let scaled = |side: u32| u64::from(side) * u64::from(self.resize) / u64::from(short);
        let crop = u64::from(self.crop);
        // Half a pixel goes to the even side, as Python's `round` has it.
        let middle = |side: u64| {
            let spare = side.saturating_sub(crop);
            let half = spare / 2;
            if spare % 2 == 1 && half % 2 == 1 { half + 1 } else { half }
        };
        // Where the cut begins in the picture itself, and how much it takes.
        #[expect(clippy::cast_precision_loss, reason = "pixels are counted in millions")]
        let part = |side: u32| {
            let large = scaled(side).max(1);
            let pixel = f64::from(side) / large as f64;
            let from = middle(large) as f64 * pixel;
            (from, (crop as f64 * pixel).min(f64::from(side) - from))
        };
        let (across, down) = (part(width), part(height));
        resized(picture, (self.crop, self.crop), Some((across, down)))
    }

    /// A view's numbers: all reds row by row, then greens, then blues.
    pub fn numbers(&self, view: &RgbImage) -> Vec<f32> {
        let mut numbers = Vec::with_capacity(view.as_raw().len());
        for (colour, (mean, deviation)) in self.mean.iter().zip(&self.deviation).enumerate() {
            let table: Vec<f32> =
                (0..=255_u8).map(|byte| (f32::from(byte) / 255.0 - mean) / deviation).collect();
            let bytes = view.as_raw().iter().skip(colour).step_by(3);
            numbers.extend(bytes.filter_map(|byte| table.get(usize::from(*byte))));
        }
        numbers
    }

    /// The view that numbers came from; `None` when they are not as many.
    pub fn picture(&self, numbers: &[f32]) -> Option<RgbImage> {
        if numbers.len() != self.size() {
            return None;
        }
        let places = self.size() / 3;
        let bytes = (0..self.size()).map(|at| {
            let (place, colour) = (at / 3, at % 3);
            let number = numbers.get(colour * places + place).copied().unwrap_or_default();
            let (mean, deviation) = (self.mean.get(colour)?, self.deviation.get(colour)?);
            let byte = ((number * deviation + mean) * 255.0).round().clamp(0.0, 255.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
            let byte = byte as u8;
            Some(byte)
        });
        RgbImage::from_raw(self.crop, self.crop, bytes.collect::<Option<Vec<u8>>>()?)
    }
}

/// The picture at another size.
///
/// # Errors
/// When either size is zero.
pub fn fit(picture: &RgbImage, width: u32, height: u32) -> Result<RgbImage> {
    resized(picture, (width, height), None)
}

/// Begin and length on one axis, in pixels of the picture.
type Part = (f64, f64);

/// A part of the picture, or all of it, at another size; at its borders it is filtered with what lies beyond.
fn resized(
    picture: &RgbImage,
    (width, height): (u32, u32),
    part: Option<(Part, Part)>,
) -> Result<RgbImage> {
    if part.is_none() && picture.dimensions() == (width, height) {
        return Ok(picture.clone());
    }
    let failed = |error: &dyn std::fmt::Display| {
        Fault::new(&IMAGE_INVALID).because(std::io::Error::other(error.to_string()))
    };
    let source =
        ImageRef::new(picture.width(), picture.height(), picture.as_raw(), PixelType::U8x3)
            .map_err(|error| failed(&error))?;
    let mut target = Image::new(width, height, PixelType::U8x3);
    let mut options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    if let Some(((left, wide), (top, high))) = part {
        options = options.crop(left, top, wide, high);
    }
    Resizer::new().resize(&source, &mut target, &options).map_err(|error| failed(&error))?;
    RgbImage::from_raw(width, height, target.into_vec()).ok_or_else(|| Fault::new(&IMAGE_INVALID))
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_torchvisions() {
        for (width, height) in [(500, 375), (375, 500), (257, 256), (100, 100), (300, 1)] {
            let view = Preprocess::IMAGENET.view(&RgbImage::new(width, height)).unwrap();
            assert_eq!(view.dimensions(), (224, 224), "{width} × {height}");
        }
    }

    #[test]
    fn a_view_is_the_middle_of_the_resized_picture() {
        for (width, height) in [(500, 375), (331, 512), (300, 301), (40, 90)] {
            let picture = RgbImage::from_fn(width, height, |x, y| {
                image::Rgb([(x * 3 % 256) as u8, (y * 5 % 256) as u8, ((x + y) % 256) as u8])
            });
            let (how, short) = (Preprocess::IMAGENET, width.min(height));
            let whole = fit(&picture, width * 256 / short, height * 256 / short).unwrap();
            let half = |side: u32| {
                let spare = side - 224;
                if spare % 4 == 3 { spare / 2 + 1 } else { spare / 2 }
            };
            let (left, top) = (half(whole.width()), half(whole.height()));
            let expected = image::imageops::crop_imm(&whole, left, top, 224, 224).to_image();
            let view = how.view(&picture).unwrap();
            let apart = view.as_raw().iter().zip(expected.as_raw()).map(|(a, b)| a.abs_diff(*b));
            assert!(apart.max() <= Some(1), "{width} × {height}");
        }
    }

    #[test]
    fn a_picture_of_one_row_costs_no_more_than_another() {
        let view = Preprocess::IMAGENET.view(&RgbImage::new(4_000_000, 1)).unwrap();
        assert_eq!(view.dimensions(), (224, 224));
    }

    #[test]
    fn a_view_comes_back_from_its_numbers() {
        let how = Preprocess { resize: 6, crop: 5, ..Preprocess::IMAGENET };
        let view =
            RgbImage::from_fn(5, 5, |x, y| image::Rgb([(x * 50) as u8, (y * 50) as u8, 200]));
        assert_eq!(how.picture(&how.numbers(&view)), Some(view));
        assert_eq!(how.picture(&[0.0]), None);
    }

    #[test]
    fn numbers_are_planes_of_normalised_colours() {
        let view =
            RgbImage::from_fn(2, 1, |x, _| image::Rgb([0, 255, if x == 0 { 51 } else { 102 }]));
        let plain = Preprocess { resize: 1, crop: 1, mean: [0.0; 3], deviation: [1.0, 0.5, 1.0] };
        assert_eq!(plain.numbers(&view), [0.0, 0.0, 2.0, 2.0, 0.2, 0.4]);
    }

    /// Expected: `PIL.Image.fromarray(a).resize((5, 4), PIL.Image.BILINEAR)` of Pillow 13 for the array of the same formula.
    #[test]
    fn resizing_is_pillows_within_one_step_of_colour() {
        let picture = RgbImage::from_fn(13, 9, |x, y| {
            let value = |k: u32| ((x * 37 + y * 91 + k * 53 + x * y * 7) % 256) as u8;
            image::Rgb([value(0), value(1), value(2)])
        });
        let small = fit(&picture, 5, 4).unwrap();
        assert_eq!(small.as_raw().len(), EXPECTED.len());
        let apart = small.as_raw().iter().zip(EXPECTED).map(|(own, theirs)| own.abs_diff(*theirs));
        assert!(apart.max() <= Some(1), "{small:?}");
    }

    const EXPECTED: &[u8] = &[
        106, 131, 143, 120, 135, 146, 126, 124, 134, 115, 130, 137, 119, 144, 118, 123, 134, 130,
        140, 141, 132, 141, 128, 126, 127, 129, 127, 135, 144, 144, 115, 147, 122, 128, 130, 113,
        144, 134, 127, 124, 132, 109, 138, 106, 128, 131, 105, 146, 132, 117, 138, 122, 121, 128,
        128, 124, 132, 129, 100, 153,
    ];
}

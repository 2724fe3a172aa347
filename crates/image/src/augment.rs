//! Pictures changed at random, so that a network learns what does not matter. One affine map does all that moves pixels, so
//! that they are interpolated once.

use image::{Rgb, RgbImage, imageops};
use ingot_base::Rng;
use serde::{Deserialize, Serialize};

/// How much a copy may differ; shares lie in [0, 1).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Augment {
    /// Degrees either way.
    pub rotate: f32,
    /// Share by which the scale changes, up or down.
    pub zoom: f32,
    /// Share of the sides cut off.
    pub crop: f32,
    /// Share of the sides by which the picture moves.
    pub translate: f32,
    /// Whether half of the copies are mirrored left to right.
    pub flip: bool,
    /// Share by which brightness, contrast and saturation change.
    pub colour: f32,
    /// Share of the copies that are blurred.
    pub blur: f32,
    /// Share of the copies of which a rectangle is wiped out.
    pub erase: f32,
}

/// A changed copy of the same size, decided by the seed alone.
pub fn augment(picture: &RgbImage, how: &Augment, seed: u64) -> RgbImage {
    let mut random = Draw(Rng::new(seed, "augment"));
    let angle = random.either(how.rotate).to_radians();
    let scale = (1.0 + random.either(how.zoom)) / (1.0 - how.crop * random.share());
    let moved = (random.either(how.translate), random.either(how.translate));
    let mirrored = how.flip && random.share() < 0.5;
    let mut copy = place(picture, angle, scale, moved, mirrored);
    let (brightness, contrast, saturation) = (
        1.0 + random.either(how.colour),
        1.0 + random.either(how.colour),
        1.0 + random.either(how.colour),
    );
    tint(&mut copy, brightness, contrast, saturation);
    if random.share() < how.blur {
        copy = imageops::fast_blur(&copy, 0.5 + random.share());
    }
    if random.share() < how.erase {
        wipe(&mut copy, &mut random);
    }
    copy
}

/// Turns, scales, moves and mirrors about the middle; what comes from outside is the picture mirrored at its edge.
fn place(
    picture: &RgbImage,
    angle: f32,
    scale: f32,
    moved: (f32, f32),
    mirrored: bool,
) -> RgbImage {
    let (width, height) = picture.dimensions();
    let (wide, high) = (side(width), side(height));
    let (sine, cosine) = angle.sin_cos();
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (side(x) + 0.5 - wide / 2.0, side(y) + 0.5 - high / 2.0);
        let x = if mirrored { -x } else { x };
        let (x, y) = (x - moved.0 * wide, y - moved.1 * high);
        let (x, y) = ((cosine * x + sine * y) / scale, (cosine * y - sine * x) / scale);
        sample(picture, x + wide / 2.0 - 0.5, y + high / 2.0 - 0.5)
    })
}

/// Bilinear interpolation.
fn sample(picture: &RgbImage, x: f32, y: f32) -> Rgb<u8> {
    let (left, top) = (x.floor(), y.floor());
    let (along, down) = (x - left, y - top);
    let at = |dx: f32, dy: f32| {
        picture
            .get_pixel(reflect(left + dx, picture.width()), reflect(top + dy, picture.height()))
            .0
    };
    let corners = [at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0), at(1.0, 1.0)];
    let weights =
        [(1.0 - along) * (1.0 - down), along * (1.0 - down), (1.0 - along) * down, along * down];
    let mut sum = [0.0_f32; 3];
    for (corner, weight) in corners.iter().zip(weights) {
        for (slot, byte) in sum.iter_mut().zip(corner) {
            *slot += f32::from(*byte) * weight;
        }
    }
    Rgb(sum.map(byte))
}

/// A place on an axis that is mirrored at both ends.
fn reflect(place: f32, length: u32) -> u32 {
    let last = side(length.saturating_sub(1));
    if last <= 0.0 {
        return 0;
    }
    let turned = place.rem_euclid(2.0 * last);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the last pixel"
    )]
    let index = (if turned > last { 2.0 * last - turned } else { turned }).round() as u32;
    index.min(length - 1)
}

/// Colours scaled about black, about the mean, and about grey.
fn tint(picture: &mut RgbImage, brightness: f32, contrast: f32, saturation: f32) {
    let grey = |pixel: &Rgb<u8>| {
        let [red, green, blue] = pixel.0.map(f32::from);
        0.299 * red + 0.587 * green + 0.114 * blue
    };
    let pixels = picture.pixels().len().max(1);
    #[expect(clippy::cast_precision_loss, reason = "pixels are counted in millions")]
    let mean = picture.pixels().map(grey).sum::<f32>() / pixels as f32;
    for pixel in picture.pixels_mut() {
        let own = grey(pixel);
        pixel.0 = pixel.0.map(|colour| {
            let colour = own + (f32::from(colour) - own) * saturation;
            byte((mean + (colour - mean) * contrast) * brightness)
        });
    }
}

/// A rectangle of a fifth to two fifths of each side becomes grey.
fn wipe(picture: &mut RgbImage, random: &mut Draw) {
    let (width, height) = picture.dimensions();
    let part = |length: u32, random: &mut Draw| {
        let size = whole(side(length) * (0.2 + 0.2 * random.share()));
        let from = whole(side(length.saturating_sub(size)) * random.share());
        (from, from + size)
    };
    let (across, down) = (part(width, random), part(height, random));
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        if (across.0..across.1).contains(&x) && (down.0..down.1).contains(&y) {
            *pixel = Rgb([128; 3]);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "sides are counted in thousands")]
fn side(length: u32) -> f32 {
    length as f32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "floats saturate")]
fn whole(number: f32) -> u32 {
    number as u32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn byte(number: f32) -> u8 {
    number.round().clamp(0.0, 255.0) as u8
}

/// Draws in single precision.
struct Draw(Rng);

impl Draw {
    /// In [0, 1].
    #[expect(clippy::cast_possible_truncation, reason = "a share of a picture")]
    fn share(&mut self) -> f32 {
        self.0.unit() as f32
    }

    /// Up to `most` either way.
    fn either(&mut self, most: f32) -> f32 {
        most * (2.0 * self.share() - 1.0)
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests {
    use super::*;

    const STILL: Augment = Augment {
        rotate: 0.0,
        zoom: 0.0,
        crop: 0.0,
        translate: 0.0,
        flip: false,
        colour: 0.0,
        blur: 0.0,
        erase: 0.0,
    };

    fn picture() -> RgbImage {
        RgbImage::from_fn(16, 12, |x, y| Rgb([(x * 15) as u8, (y * 20) as u8, ((x + y) * 9) as u8]))
    }

    #[test]
    fn nothing_asked_changes_nothing() {
        assert_eq!(augment(&picture(), &STILL, 7), picture());
    }

    #[test]
    fn a_seed_decides_everything() {
        let how = Augment { rotate: 30.0, colour: 0.3, erase: 0.5, blur: 0.5, ..STILL };
        assert_eq!(augment(&picture(), &how, 1), augment(&picture(), &how, 1));
        assert_ne!(augment(&picture(), &how, 1), augment(&picture(), &how, 2));
    }

    #[test]
    fn half_are_mirrored_and_nothing_else_happens_to_them() {
        let how = Augment { flip: true, ..STILL };
        let mirrored = imageops::flip_horizontal(&picture());
        let copies: Vec<RgbImage> = (0..40).map(|seed| augment(&picture(), &how, seed)).collect();
        let turned = copies.iter().filter(|copy| **copy == mirrored).count();
        assert!(copies.iter().all(|copy| *copy == mirrored || *copy == picture()));
        assert!((10..=30).contains(&turned), "{turned} of 40");
    }

    #[test]
    fn a_quarter_turn_moves_a_corner() {
        let mut dot = RgbImage::new(9, 9);
        dot.put_pixel(8, 4, Rgb([255; 3]));
        let turned = place(&dot, std::f32::consts::FRAC_PI_2, 1.0, (0.0, 0.0), false);
        assert_eq!(turned.get_pixel(4, 8), &Rgb([255; 3]), "from the right to the bottom");
    }
}

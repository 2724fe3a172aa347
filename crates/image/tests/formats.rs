//! Files of every format that is read, turned as their EXIF data say.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage};
use ingot_image::{Limits, decode};

const WIDTH: u32 = 32;
const HEIGHT: u32 = 16;

/// Four quarters of different colours, which JPEG leaves nearly as they are.
fn quarters() -> RgbImage {
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| match (x < WIDTH / 2, y < HEIGHT / 2) {
        (true, true) => Rgb([220, 20, 20]),
        (false, true) => Rgb([20, 200, 20]),
        (true, false) => Rgb([20, 20, 220]),
        (false, false) => Rgb([230, 230, 230]),
    })
}

/// EXIF data with nothing but an orientation (tag 0x0112, EXIF 2.32 §4.6.4).
fn exif(orientation: u8) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    bytes.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

fn encoded(mut encoder: impl ImageEncoder, orientation: u8) {
    encoder.set_exif_metadata(exif(orientation)).unwrap();
    let picture = quarters();
    encoder.write_image(&picture, WIDTH, HEIGHT, ExtendedColorType::Rgb8).unwrap();
}

/// Where a stored pixel belongs, by the standard's table of orientations.
fn shown(orientation: u8, x: u32, y: u32) -> (u32, u32) {
    let (right, down) = (WIDTH - 1 - x, HEIGHT - 1 - y);
    match orientation {
        2 => (right, y),
        3 => (right, down),
        4 => (x, down),
        5 => (y, x),
        6 => (down, x),
        7 => (down, right),
        8 => (y, right),
        _ => (x, y),
    }
}

#[test]
fn every_format_is_read_and_turned() {
    for orientation in 1..=8 {
        let (mut jpeg, mut png, mut webp) = (Vec::new(), Vec::new(), Vec::new());
        encoded(JpegEncoder::new_with_quality(&mut jpeg, 95), orientation);
        encoded(PngEncoder::new(&mut png), orientation);
        encoded(WebPEncoder::new_lossless(&mut webp), orientation);
        for (format, bytes) in [("jpeg", jpeg), ("png", png), ("webp", webp)] {
            let found = decode(&bytes, &Limits::default()).unwrap();
            let size = if orientation < 5 { (WIDTH, HEIGHT) } else { (HEIGHT, WIDTH) };
            assert_eq!(found.dimensions(), size, "{format}, orientation {orientation}");
            for (x, y, stored) in quarters().enumerate_pixels() {
                let (x, y) = shown(orientation, x, y);
                let pixel = found.get_pixel(x, y);
                let near =
                    pixel.0.iter().zip(stored.0).all(|(one, other)| one.abs_diff(other) < 40);
                assert!(near, "{format}, orientation {orientation}, at {x}, {y}: {pixel:?}");
            }
        }
    }
}

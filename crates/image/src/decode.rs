//! Encoded files to pixels. The file is not trusted: its size is read from its header and judged before anything is decoded.

use crate::messages::{IMAGE_INVALID, IMAGE_LARGE};
use image::codecs::png::PngEncoder;
use image::{
    DynamicImage, ImageDecoder as _, ImageEncoder as _, ImageFormat, ImageReader, RgbImage,
};
use ingot_base::{Fault, Result, fault};
use std::io::Cursor;

/// What a picture may be at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Pixels.
    pub pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 32 << 20, pixels: 50_000_000 }
    }
}

/// Decodes a JPEG, PNG or WebP file, turned as its EXIF orientation says; grey becomes three equal colours, transparency is
/// left out.
///
/// # Errors
/// When the file is none of these, damaged, or beyond the limits.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<RgbImage> {
    if bytes.len() > limits.bytes {
        return Err(Fault::new(&IMAGE_LARGE).arg("limit", format!("{} MiB", limits.bytes >> 20)));
    }
    let invalid = |error: image::ImageError| Fault::new(&IMAGE_INVALID).because(error);
    let mut reader = ImageReader::new(Cursor::new(bytes));
    let format = image::guess_format(bytes).map_err(invalid)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
        return Err(Fault::new(&IMAGE_INVALID));
    }
    reader.set_format(format);
    let mut bounds = image::Limits::default();
    // Eight bytes a pixel hold the deepest PNG.
    bounds.max_alloc = Some(limits.pixels.saturating_mul(8));
    reader.limits(bounds);
    let mut decoder = reader.into_decoder().map_err(invalid)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits.pixels {
        let limit = format!("{} megapixels", limits.pixels / 1_000_000);
        return Err(Fault::new(&IMAGE_LARGE).arg("limit", limit));
    }
    let orientation = decoder.orientation().map_err(invalid)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(invalid)?;
    picture.apply_orientation(orientation);
    let picture = picture.into_rgb8();
    if picture.width() == 0 || picture.height() == 0 {
        return Err(Fault::new(&IMAGE_INVALID));
    }
    Ok(picture)
}

/// The picture as a PNG file.
///
/// # Errors
/// Never in practice: a failure to write to memory is a defect.
pub fn png(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(picture, picture.width(), picture.height(), image::ExtendedColorType::Rgb8)
        .map_err(|error| fault::internal("a picture that cannot be encoded").because(error))?;
    Ok(bytes)
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stripes() -> RgbImage {
        RgbImage::from_fn(9, 7, |x, y| image::Rgb([(x * 20) as u8, (y * 30) as u8, 128]))
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let bytes = png(&stripes()).unwrap();
        assert_eq!(decode(&bytes, &Limits::default()).unwrap(), stripes());
    }

    #[test]
    fn limits_hold_before_pixels_are_read() {
        let bytes = png(&RgbImage::new(2_000, 2_000)).unwrap();
        let limits = Limits { pixels: 1_000_000, ..Limits::default() };
        assert_eq!(decode(&bytes, &limits).unwrap_err().code(), "image-large");
        let limits = Limits { bytes: 10, ..Limits::default() };
        assert_eq!(decode(&bytes, &limits).unwrap_err().code(), "image-large");
        assert_eq!(decode(b"GIF89a", &Limits::default()).unwrap_err().code(), "image-invalid");
        assert_eq!(decode(&bytes[..40], &Limits::default()).unwrap_err().code(), "image-invalid");
    }

    proptest! {
        #[test]
        fn no_change_makes_it_panic(at: usize, byte: u8, cut: usize) {
            let mut bytes = png(&stripes()).unwrap();
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(cut % bytes.len() + 1);
            let _ = decode(&bytes, &Limits::default());
        }
    }
}

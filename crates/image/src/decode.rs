//! Encoded files to pixels. The file is not trusted: its size is read from its header and judged before anything is decoded. A file
//! that is cut off is refused: decoders that fill what is missing with grey would give a picture that nobody took.

use crate::messages::{IMAGE_CUT, IMAGE_INVALID, IMAGE_LARGE};
use image::codecs::png::PngEncoder;
use image::{
    DynamicImage, ImageDecoder as _, ImageEncoder as _, ImageFormat, ImageReader, RgbImage,
};
use ingot_base::{Fault, Result, Text, fault};
use std::io::{Cursor, ErrorKind};

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

/// Whether a file begins as JPEG, PNG or WebP do.
pub fn is_picture(bytes: &[u8]) -> bool {
    image::guess_format(bytes).is_ok_and(known)
}

fn known(format: ImageFormat) -> bool {
    matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)
}

/// Decodes a JPEG, PNG or WebP file, turned as its EXIF orientation says; grey becomes three equal colours, transparency is
/// left out.
///
/// # Errors
/// When the file is none of these, damaged, cut off, or beyond the limits.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<RgbImage> {
    if bytes.len() > limits.bytes {
        return Err(Fault::new(&IMAGE_LARGE).arg("limit", format!("{} MiB", limits.bytes >> 20)));
    }
    let invalid = |error: image::ImageError| match &error {
        image::ImageError::IoError(cause) if cause.kind() == ErrorKind::UnexpectedEof => {
            Fault::new(&IMAGE_CUT)
        }
        _ => Fault::new(&IMAGE_INVALID).because(error),
    };
    let mut reader = ImageReader::new(Cursor::new(bytes));
    let format = image::guess_format(bytes).map_err(invalid)?;
    if !known(format) {
        return Err(Fault::new(&IMAGE_INVALID));
    }
    let whole = match format {
        ImageFormat::Jpeg => jpeg_ends(bytes),
        ImageFormat::WebP => webp_ends(bytes),
        // A PNG's decoder says so itself.
        _ => true,
    };
    if !whole {
        return Err(Fault::new(&IMAGE_CUT));
    }
    reader.set_format(format);
    let mut bounds = image::Limits::default();
    // Eight bytes a pixel hold the deepest PNG.
    bounds.max_alloc = Some(limits.pixels.saturating_mul(8));
    reader.limits(bounds);
    let mut decoder = reader.into_decoder().map_err(invalid)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits.pixels {
        let millions = limits.pixels / 1_000_000;
        let limit =
            Text::new(format!("{millions} megapixels"), format!("{} 万像素", millions * 100));
        return Err(Fault::new(&IMAGE_LARGE).words("limit", limit));
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

/// Whether a JPEG's end is marked, by its segments: a smaller picture within a segment has an end too. The decoder fills what is missing
/// with grey and says nothing, so that a file whose mark alone is missing cannot be told from one that lacks its last rows.
fn jpeg_ends(bytes: &[u8]) -> bool {
    const END: u8 = 0xD9;
    let mut rest = bytes;
    loop {
        // What is no marker is skipped: pixels behind the head of a scan, and what careless writers leave between segments.
        let Some(at) = rest.iter().position(|byte| *byte == 0xFF) else { return false };
        let marker = rest.get(at + 1).copied();
        let behind = rest.get(at + 2..).unwrap_or_default();
        match marker {
            Some(END) => return true,
            // Fills up before a marker.
            Some(0xFF) => rest = rest.get(at + 1..).unwrap_or_default(),
            // A byte of pixels, a beginning, or a mark within a scan: nothing belongs to it.
            Some(0x00 | 0x01 | 0xD0..=0xD8) => rest = behind,
            // A segment with its length; behind that of a scan come pixels.
            Some(_) => {
                let [high, low, ..] = behind else { return false };
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let Some(after) = behind.get(length..) else { return false };
                rest = after;
            }
            None => return false,
        }
    }
}

/// Whether a WebP file has as many bytes as it says: its decoder reads on beyond the end.
fn webp_ends(bytes: &[u8]) -> bool {
    let size = bytes.get(4..8).and_then(|size| size.first_chunk::<4>());
    let size = size.and_then(|size| usize::try_from(u32::from_le_bytes(*size)).ok());
    size.is_some_and(|size| bytes.len() - 8 >= size)
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
    }

    /// Pixels that no encoder makes small.
    fn noise() -> RgbImage {
        let mut state = 1_u32;
        RgbImage::from_fn(48, 40, |_, _| {
            image::Rgb(std::array::from_fn(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            }))
        })
    }

    #[test]
    fn files_that_are_cut_off_are_refused_wherever_that_is() {
        let encoded = |format: ImageFormat| {
            let mut bytes = Cursor::new(Vec::new());
            noise().write_to(&mut bytes, format).unwrap();
            bytes.into_inner()
        };
        let code = |bytes: &[u8]| decode(bytes, &Limits::default()).unwrap_err().code();
        for format in [ImageFormat::Jpeg, ImageFormat::WebP] {
            let bytes = encoded(format);
            assert_eq!(decode(&bytes, &Limits::default()).unwrap().dimensions(), (48, 40));
            for cut in [bytes.len() / 4, bytes.len() / 2, bytes.len() * 9 / 10, bytes.len() - 1] {
                assert_eq!(code(&bytes[..cut]), "image-cut", "{format:?} at {cut}");
            }
        }
        let bytes = encoded(ImageFormat::Png);
        for cut in [40, bytes.len() / 4, bytes.len() / 2, bytes.len() * 9 / 10] {
            assert!(decode(&bytes[..cut], &Limits::default()).is_err(), "PNG at {cut}");
        }
        // What stands behind the end is somebody else's.
        let mut more = encoded(ImageFormat::Jpeg);
        more.extend_from_slice(b"more");
        assert!(decode(&more, &Limits::default()).is_ok());
    }

    #[test]
    fn the_end_of_a_jpeg_is_found_by_its_segments() {
        // A smaller picture within the first segment, two scans with a restart and a byte of pixels that looks like a marker.
        let head = b"\xFF\xD8\xFF\xE1\x00\x06\xFF\xD8\xFF\xD9";
        let scans = b"\xFF\xFF\xDA\x00\x03\x01\x12\xFF\x00\xFF\xD0\x34\xFF\xDA\x00\x02\x56";
        let whole = [head.as_slice(), scans, b"\xFF\xD9"].concat();
        assert!(jpeg_ends(&whole));
        for cut in 0..whole.len() {
            assert!(!jpeg_ends(&whole[..cut]), "{cut}");
        }
        assert!(!jpeg_ends(b"\xFF\xD8\xFF\xE1\x00\x00"), "a segment of no length");
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

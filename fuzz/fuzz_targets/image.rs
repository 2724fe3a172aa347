//! Any bytes are no picture, or one within the limits that can be resized and written.
#![no_main]

use ingot_image::{Limits, decode, fit, png};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { bytes: 1 << 20, pixels: 1 << 18 };

fuzz_target!(|bytes: &[u8]| {
    let Ok(picture) = decode(bytes, &LIMITS) else { return };
    assert!(u64::from(picture.width()) * u64::from(picture.height()) <= LIMITS.pixels);
    let written = png(&picture).expect("a picture can be written");
    assert_eq!(decode(&written, &Limits::default()).expect("our own PNG"), picture);
    let small = fit(&picture, 32, 24).expect("a picture can be resized");
    assert_eq!((small.width(), small.height()), (32, 24));
});

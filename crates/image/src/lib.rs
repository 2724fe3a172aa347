//! Pixels: pictures decoded with limits, brought to the size and range that a network takes, and changed at random for training.
//!
//! This crate knows no network, no table and no file: bytes in, pixels out.

mod augment;
mod contact;
mod cutmix;
mod decode;
mod heat;
pub mod messages;
mod prepare;

pub use augment::{Augment, augment};
pub use contact::contact_sheet;
pub use cutmix::cutmix;
pub use decode::{Limits, decode, is_picture, png};
pub use heat::{Heat, overlay, sheet};
pub use messages::MESSAGES;
pub use prepare::{Preprocess, fit};

/// Three bytes a pixel: red, green, blue, row by row from the top left.
pub use image::RgbImage;

/// One pixel.
pub type Rgb = image::Rgb<u8>;

//! Two pictures in one: a rectangle of the one in the other (Yun et al. 2019, algorithm 1).

use image::RgbImage;
use ingot_base::{Result, Rng, fault};

/// The picture with a rectangle of another of the same size, at the same place. `share` (0 to 1) of the picture is to stay: the rectangle
/// has √(1 − share) of each side, in whole pixels, with its middle anywhere, so that it may reach beyond the border. Gives the share of
/// the pixels that did stay, which is that of the picture's class.
///
/// # Errors
/// When the pictures differ in size.
pub fn cutmix(
    picture: &RgbImage,
    other: &RgbImage,
    share: f64,
    random: &mut Rng,
) -> Result<(RgbImage, f64)> {
    if picture.dimensions() != other.dimensions() {
        return Err(fault::internal("two pictures of different sizes in one"));
    }
    let (width, height) = picture.dimensions();
    let side = (1.0 - share.clamp(0.0, 1.0)).sqrt();
    let (across, down) = (part(width, side, random), part(height, side, random));
    let mut mixed = picture.clone();
    let mut taken = 0_u64;
    for (x, y, pixel) in mixed.enumerate_pixels_mut() {
        if across.contains(&x) && down.contains(&y) {
            *pixel = *other.get_pixel(x, y);
            taken += 1;
        }
    }
    let pixels = u64::from(width) * u64::from(height);
    #[expect(clippy::cast_precision_loss, reason = "pixels are counted in millions")]
    let stayed = 1.0 - taken as f64 / pixels.max(1) as f64;
    Ok((mixed, stayed))
}

/// So much of a side, about a place anywhere on it.
fn part(length: u32, share: f64, random: &mut Rng) -> std::ops::Range<u32> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a side, in whole pixels"
    )]
    let half = (f64::from(length) * share) as u32 / 2;
    let middle = u32::try_from(random.below(length as usize)).unwrap_or(u32::MAX);
    middle.saturating_sub(half)..middle.saturating_add(half).min(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn pictures() -> (RgbImage, RgbImage) {
        (
            RgbImage::from_pixel(40, 20, Rgb([10, 20, 30])),
            RgbImage::from_fn(40, 20, |x, y| {
                Rgb([200, u8::try_from(x).unwrap(), u8::try_from(y).unwrap()])
            }),
        )
    }

    /// What is not the picture's is the other's pixel of the same place, in one rectangle, and the share is counted.
    #[test]
    fn a_rectangle_is_the_others_and_the_share_is_what_stayed() {
        let (one, other) = pictures();
        let mut random = Rng::new(3, "cutmix");
        let mut clipped = false;
        for _ in 0..200 {
            let share = random.unit();
            let (mixed, stayed) = cutmix(&one, &other, share, &mut random).unwrap();
            let taken: Vec<(u32, u32)> = mixed
                .enumerate_pixels()
                .filter(|(x, y, pixel)| {
                    assert!(*pixel == one.get_pixel(*x, *y) || *pixel == other.get_pixel(*x, *y));
                    pixel.0[0] == 200
                })
                .map(|(x, y, _)| (x, y))
                .collect();
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let counted = 1.0 - taken.len() as f64 / 800.0;
            assert!((stayed - counted).abs() < 1e-12);
            let side = (1.0 - share).sqrt();
            let ends = |pick: fn(&(u32, u32)) -> u32| {
                let all = || taken.iter().map(pick);
                all().min().zip(all().max()).map_or(0, |(low, high)| high - low + 1)
            };
            let (wide, high) = (ends(|at| at.0), ends(|at| at.1));
            assert_eq!(wide as usize * high as usize, taken.len(), "one whole rectangle");
            assert!(f64::from(wide) <= 40.0 * side && f64::from(high) <= 20.0 * side);
            clipped |= stayed > share + 0.2;
            assert!(stayed > share - 1e-9, "never more of the other than was asked for");
        }
        assert!(clipped, "some reach beyond the border");
    }

    #[test]
    fn a_seed_decides_everything_and_sizes_must_agree() {
        let (one, other) = pictures();
        let of = |seed| cutmix(&one, &other, 0.4, &mut Rng::new(seed, "cutmix")).unwrap();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1).0, of(2).0);
        let mut random = Rng::new(1, "cutmix");
        assert_eq!(cutmix(&one, &other, 1.0, &mut random).unwrap(), (one.clone(), 1.0));
        assert!(cutmix(&one, &RgbImage::new(20, 40), 0.5, &mut random).is_err());
    }
}

//! Conversions and lookups that the kernels share.

/// Counts as floating numbers: exact below 2^53, far above any number of rows.
#[expect(clippy::cast_precision_loss, reason = "counts of rows are below 2^53")]
pub(super) fn real(count: u64) -> f64 {
    count as f64
}

/// A length as a code or count; tables are refused above `u32::MAX` rows before.
pub(super) fn code(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// An element, or the type's zero outside; indices are made together with the slices they point into.
#[inline]
pub(super) fn at<T: Copy + Default>(slice: &[T], index: usize) -> T {
    slice.get(index).copied().unwrap_or_default()
}

/// `at` by code.
#[inline]
pub(super) fn by<T: Copy + Default>(slice: &[T], index: u32) -> T {
    at(slice, index as usize)
}

/// A well-mixed hash of one word: the finaliser of `MurmurHash3` (fmix64, Appleby), a bijection.
#[inline]
pub(super) fn mix(mut word: u64) -> u64 {
    word ^= word >> 33;
    word = word.wrapping_mul(0xff51_afd7_ed55_8ccd);
    word ^= word >> 33;
    word = word.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ (word >> 33)
}

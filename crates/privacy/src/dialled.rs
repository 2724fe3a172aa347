//! What stands before a telephone number as it is dialled: the number behind it is the same person's.

use crate::detect::mobile;

/// Digits of a mainland mobile number.
const MOBILE: usize = 11;

/// Whether digits before a whole number make no other number of it: zeros, China's country code, or the five digits of a carrier through
/// which it is dialled (`17951`, `12593`).
pub(crate) fn is_prefix(digits: &[u8]) -> bool {
    digits.iter().all(|digit| *digit == b'0')
        || matches!(digits, b"86" | b"0086" | b"860" | b"00860")
        || digits.len() == 5 && (digits.starts_with(b"179") || digits.starts_with(b"125"))
}

/// The mainland mobile number in the digits of one that may be dialled with a prefix.
pub(crate) fn subscriber(digits: &[u8]) -> Option<&[u8]> {
    let (prefix, number) = digits.split_at_checked(digits.len().checked_sub(MOBILE)?)?;
    (mobile(number) && is_prefix(prefix)).then_some(number)
}

/// The digits of a telephone number as they are dialled within the country: a mobile number alone, one of a fixed line with the zero of its
/// area where `coded` says that 86 is China's code here. Others stay as they are.
pub(crate) fn national(digits: &[u8], coded: bool) -> Vec<u8> {
    if let Some(number) = subscriber(digits) {
        return number.to_vec();
    }
    let rest = digits.strip_prefix(b"0086");
    let rest = rest.or_else(|| digits.strip_prefix(b"86").filter(|_| coded));
    let rest = rest.map(|rest| rest.strip_prefix(b"0").unwrap_or(rest));
    match rest.filter(|rest| (9..=MOBILE).contains(&rest.len())) {
        Some(rest) => [b"0", rest].concat(),
        None => digits.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_dialled() {
        for dialled in [
            "13800138000",
            "8613800138000",
            "008613800138000",
            "013800138000",
            "86013800138000",
            "1795113800138000",
            "1259313800138000",
        ] {
            assert_eq!(national(dialled.as_bytes(), false), b"13800138000", "{dialled}");
        }
        for (dialled, coded) in
            [("861062781234", true), ("8601062781234", true), ("00861062781234", false)]
        {
            assert_eq!(national(dialled.as_bytes(), coded), b"01062781234", "{dialled}");
        }
        for other in ["1381380013800", "4413800138000", "861062781234", "12013800138000", "110", ""]
        {
            assert_eq!(national(other.as_bytes(), false), other.as_bytes());
        }
    }
}

//! Check digits, as their standards define them, over ASCII bytes.

use sha2::{Digest as _, Sha256};

/// Luhn (ISO/IEC 7812-1 annex B) over decimal digits.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let mut sum = 0_u32;
    for (place, digit) in digits.iter().rev().enumerate() {
        if !digit.is_ascii_digit() {
            return false;
        }
        let value = u32::from(digit - b'0');
        let doubled = if place % 2 == 1 { value * 2 } else { value };
        sum += if doubled > 9 { doubled - 9 } else { doubled };
    }
    digits.len() > 1 && sum.is_multiple_of(10)
}

const ID_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// The check character of the first 17 digits of a resident number (GB 11643-1999, ISO 7064 MOD 11-2).
pub(crate) fn resident_check(front: &[u8]) -> Option<u8> {
    if front.len() != 17 || !front.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let sum: u32 = front.iter().zip(ID_WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
    b"10X98765432".get(usize::try_from(sum % 11).ok()?).copied()
}

/// Whether 18 characters satisfy GB 11643's MOD 11-2.
pub(crate) fn resident(number: &[u8]) -> bool {
    number.split_last().is_some_and(|(last, front)| {
        resident_check(front).is_some_and(|check| check == last.to_ascii_uppercase())
    })
}

const USCC_ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The check character of a unified social credit code's first 17 (GB 32100-2015, MOD 31-3).
pub(crate) fn credit_code_check(front: &[u8]) -> Option<u8> {
    if front.len() != 17 {
        return None;
    }
    let (mut sum, mut weight) = (0_usize, 1_usize);
    for letter in front {
        sum += USCC_ALPHABET.iter().position(|known| known == letter)? * weight;
        weight = weight * 3 % 31;
    }
    USCC_ALPHABET.get((31 - sum % 31) % 31).copied()
}

/// Whether 18 characters satisfy GB 32100.
pub(crate) fn credit_code(code: &[u8]) -> bool {
    code.split_last().is_some_and(|(last, front)| credit_code_check(front) == Some(*last))
}

/// ISO 7064 MOD 97-10 of an IBAN (ISO 13616) without spaces, upper case.
pub(crate) fn iban(code: &[u8]) -> bool {
    let Some((front, rest)) = code.split_at_checked(4) else { return false };
    let mut remainder = 0_u32;
    for letter in rest.iter().chain(front) {
        let value = match letter {
            b'0'..=b'9' => u32::from(letter - b'0'),
            b'A'..=b'Z' => u32::from(letter - b'A') + 10,
            _ => return false,
        };
        remainder = (remainder * if value > 9 { 100 } else { 10 } + value) % 97;
    }
    remainder == 1
}

/// The check of an NHS number's ten digits: weights 10 down to 2, mod 11.
pub(crate) fn nhs(digits: &[u8; 10]) -> bool {
    let value = |digit: u8| u32::from(digit.wrapping_sub(b'0') % 10);
    let sum: u32 = digits.iter().zip((1..=10).rev()).map(|(d, w)| value(*d) * w).sum();
    sum.is_multiple_of(11) && digits.iter().any(|digit| Some(digit) != digits.first())
}

const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// `Base58Check` of a 25-byte payload (Bitcoin addresses).
pub(crate) fn base58check(text: &[u8]) -> bool {
    let mut number = [0_u8; 25];
    for letter in text {
        let Some(mut carry) = BASE58.iter().position(|known| known == letter) else { return false };
        for byte in number.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).unwrap_or_default();
            carry >>= 8;
        }
        if carry != 0 {
            return false;
        }
    }
    let Some((payload, check)) = number.split_at_checked(21) else { return false };
    let twice = Sha256::digest(Sha256::digest(payload));
    twice.get(..4).is_some_and(|front| front == check)
}

/// Bech32 or Bech32m (BIP 173, BIP 350) with the prefix `bc` or `tb`.
pub(crate) fn bech32(text: &[u8]) -> bool {
    const ALPHABET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let lower = text.to_ascii_lowercase();
    let Some(split) = lower.iter().rposition(|byte| *byte == b'1') else { return false };
    let (human, rest) = lower.split_at(split);
    let data: Option<Vec<u32>> = rest
        .iter()
        .skip(1)
        .map(|byte| {
            ALPHABET.iter().position(|known| known == byte).and_then(|p| u32::try_from(p).ok())
        })
        .collect();
    let Some(data) = data else { return false };
    let high = human.iter().map(|byte| u32::from(byte >> 5));
    let low = human.iter().map(|byte| u32::from(byte & 31));
    let mut state = 1_u32;
    for value in high.chain([0]).chain(low).chain(data) {
        let top = state >> 25;
        state = ((state & 0x01ff_ffff) << 5) ^ value;
        for (bit, generator) in GENERATOR.iter().enumerate() {
            if (top >> bit) & 1 == 1 {
                state ^= generator;
            }
        }
    }
    state == 1 || state == 0x2bc8_30a3
}

/// A check by name, for user-defined types: `luhn`, `mod11-2`, `gb32100`, `mod97`.
pub(crate) fn by_name(name: &str) -> Option<fn(&[u8]) -> bool> {
    Some(match name {
        "luhn" => luhn,
        "mod11-2" | "gb11643" => resident,
        "gb32100" => credit_code,
        "mod97" | "iban" => iban,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert!(luhn(b"4111111111111111") && !luhn(b"4111111111111112") && !luhn(b"0"));
        // GB 11643-1999, annex: 11010519491231002X and 440524188001010014.
        assert!(resident(b"11010519491231002X") && resident(b"440524188001010014"));
        assert!(!resident(b"110105194912310021"));
        // The NHS Data Dictionary's example.
        assert!(nhs(b"9434765919") && !nhs(b"9434765918") && !nhs(b"0000000000"));
        assert!(luhn(b"808401234567893") && !luhn(b"808401234567894"));
        assert!(credit_code(b"91350100M000100Y43") && !credit_code(b"91350100M000100Y44"));
        assert!(iban(b"GB82WEST12345698765432") && !iban(b"GB82WEST12345698765433"));
        assert!(base58check(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"));
        assert!(!base58check(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"));
        // BIP 173 and BIP 350 examples.
        assert!(bech32(b"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"));
        assert!(bech32(b"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"));
        assert!(!bech32(b"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"));
    }
}

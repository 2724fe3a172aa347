//! FF1, format-preserving encryption of decimal strings (NIST SP 800-38G, algorithms 7 and 8) with AES-256.
//!
//! Radix 10; 6 to 36 digits, so that the domain is at least 10^6 as SP 800-38G rev. 1 demands. Below that anyone may try all values.

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use ingot_base::{Fault, Result, Secret, fault};
use std::fmt;

/// Fewest digits: a domain of 10^6.
pub(crate) const FEWEST: usize = 6;
const MOST: usize = 36;
const ROUNDS: u8 = 10;

/// The keyed permutation of the decimal strings of each length.
pub(crate) struct Ff1(Aes256);

impl fmt::Debug for Ff1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ff1(…)")
    }
}

fn power(digits: usize) -> u128 {
    (0..digits).fold(1, |product, _| product * 10)
}

fn value(digits: &[u8]) -> u128 {
    digits.iter().fold(0, |sum, digit| sum * 10 + u128::from(digit.wrapping_sub(b'0')))
}

fn spell(mut number: u128, digits: usize) -> Vec<u8> {
    let mut out = vec![b'0'; digits];
    for place in out.iter_mut().rev() {
        *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    out
}

impl Ff1 {
    /// A key of 32 bytes.
    pub(crate) fn new(key: &Secret<Vec<u8>>) -> Result<Self> {
        Aes256::new_from_slice(key.expose())
            .map(Self)
            .map_err(|_| fault::internal("a format-preserving key of the wrong length"))
    }

    /// The same number of other digits.
    ///
    /// # Errors
    /// When there are fewer than 6 or more than 36, or anything but ASCII digits.
    pub(crate) fn encrypt(&self, digits: &[u8], tweak: &[u8]) -> Result<Vec<u8>> {
        self.walk(digits, tweak, true)
    }

    /// The digits behind [`Self::encrypt`]'s.
    pub(crate) fn decrypt(&self, digits: &[u8], tweak: &[u8]) -> Result<Vec<u8>> {
        self.walk(digits, tweak, false)
    }

    fn walk(&self, digits: &[u8], tweak: &[u8], forward: bool) -> Result<Vec<u8>> {
        let count = digits.len();
        if !(FEWEST..=MOST).contains(&count) || !digits.iter().all(u8::is_ascii_digit) {
            return Err(Fault::new(&crate::messages::DOMAIN_TOO_SMALL)
                .arg("fewest", FEWEST)
                .arg("most", MOST));
        }
        let left = count / 2;
        let right = count - left;
        let (front, back) = digits.split_at(left);
        let (mut a, mut b) = (value(front), value(back));
        for step in 0..ROUNDS {
            let round = if forward { step } else { ROUNDS - 1 - step };
            // The length of the half that this round changes.
            let size = if round % 2 == 0 { left } else { right };
            let modulus = power(size);
            if forward {
                let c = (a + self.round(b, (count, right), tweak, round) % modulus) % modulus;
                (a, b) = (b, c);
            } else {
                let y = self.round(a, (count, right), tweak, round) % modulus;
                let c = (b + modulus - y) % modulus;
                (a, b) = (c, a);
            }
        }
        let mut out = spell(a, left);
        out.extend(spell(b, right));
        Ok(out)
    }

    /// `NUM(S)` of the round, reduced modulo 10^18 times enough to be exact for halves of up to 18 digits.
    fn round(&self, half: u128, (count, right): (usize, usize), tweak: &[u8], round: u8) -> u128 {
        // b = ⌈⌈v·log2 10⌉ / 8⌉ bytes hold v digits.
        let bits = (power(right) - 1).checked_ilog2().unwrap_or(0) + 1;
        let bytes = usize::try_from(bits.div_ceil(8)).unwrap_or(8);
        let wanted = 4 * bytes.div_ceil(4) + 4;
        let short = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
        let mut block = [
            1,
            2,
            1,
            0,
            0,
            10,
            10,
            u8::try_from((count / 2) % 256).unwrap_or(0),
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        if let Some(slots) = block.get_mut(8..12) {
            slots.copy_from_slice(&short(count));
        }
        if let Some(slots) = block.get_mut(12..16) {
            slots.copy_from_slice(&short(tweak.len()));
        }
        let mut message = tweak.to_vec();
        let padding = (16 - (tweak.len() + bytes + 1) % 16) % 16;
        message.resize(tweak.len() + padding, 0);
        message.push(round);
        message.extend(half.to_be_bytes().iter().skip(16 - bytes));
        let mut state = self.block(block);
        for chunk in message.chunks(16) {
            for (byte, other) in state.iter_mut().zip(chunk) {
                *byte ^= other;
            }
            state = self.block(state);
        }
        let mut stream = state.to_vec();
        let mut counter = 1_u128;
        while stream.len() < wanted {
            let mut next = state;
            for (byte, other) in next.iter_mut().zip(counter.to_be_bytes()) {
                *byte ^= other;
            }
            stream.extend(self.block(next));
            counter += 1;
        }
        // Both halves' moduli divide 10^right.
        let modulus = power(right);
        stream.iter().take(wanted).fold(0, |sum, byte| (sum * 256 + u128::from(*byte)) % modulus)
    }

    fn block(&self, bytes: [u8; 16]) -> [u8; 16] {
        let mut block = bytes.into();
        self.0.encrypt_block(&mut block);
        block.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher() -> Ff1 {
        let key = "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94";
        Ff1::new(&Secret::new(hex::decode(key).unwrap())).unwrap()
    }

    /// NIST's "FF1 samples", numbers 7 and 8 (AES-256, radix 10).
    #[test]
    fn nist_samples() {
        let tweak = hex::decode("39383736353433323130").unwrap();
        assert_eq!(cipher().encrypt(b"0123456789", b"").unwrap(), b"6657667009");
        assert_eq!(cipher().encrypt(b"0123456789", &tweak).unwrap(), b"1001623463");
        assert_eq!(cipher().decrypt(b"1001623463", &tweak).unwrap(), b"0123456789");
    }

    #[test]
    fn small_domains_are_refused() {
        assert!(cipher().encrypt(b"12345", b"").is_err());
        assert!(cipher().encrypt(b"12345a", b"").is_err());
    }

    #[test]
    fn every_length_comes_back() {
        for count in FEWEST..=MOST {
            let digits: Vec<u8> =
                (0..count).map(|at| b'0' + u8::try_from(at * 7 % 10).unwrap()).collect();
            let other = cipher().encrypt(&digits, b"t").unwrap();
            assert_ne!(other, digits);
            assert_eq!(cipher().decrypt(&other, b"t").unwrap(), digits);
        }
    }
}

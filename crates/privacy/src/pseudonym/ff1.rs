//! FF1, format-preserving encryption of numeral strings (NIST SP 800-38G, algorithms 7 and 8) with AES.
//!
//! The product encrypts decimal digits with AES-256. A numeral string has at least as many numerals as make a domain of 10^6
//! (SP 800-38G Rev. 1, section 5.1): 6 decimal digits. Below that anyone may try all values.

use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use aes::{Aes128, Aes192, Aes256};
use ingot_base::{Fault, Result, Secret, fault};
use std::fmt;

/// The smallest domain: `radix` to the power of the fewest numerals reaches it.
const DOMAIN: u128 = 1_000_000;
/// Most numerals: both halves, and the sums of a round, fit 128 bits in every radix up to 36.
pub(crate) const MOST: usize = 36;
/// Decimal digits that a value has at least.
pub(crate) const FEWEST: usize = fewest(10);
const ROUNDS: u8 = 10;

/// The fewest numerals of a radix whose strings are a domain of [`DOMAIN`].
const fn fewest(radix: u8) -> usize {
    let (mut count, mut domain) = (0, 1);
    while domain < DOMAIN {
        domain *= radix as u128;
        count += 1;
    }
    count
}

/// The keyed permutation of the numeral strings of each length: digits, then small letters.
pub(crate) struct Ff1 {
    aes: Aes,
    radix: u8,
}

enum Aes {
    Of128(Aes128),
    Of192(Aes192),
    Of256(Aes256),
}

impl fmt::Debug for Ff1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ff1(…)")
    }
}

impl Ff1 {
    /// Decimal digits; a key of 32 bytes.
    pub(crate) fn new(key: &Secret<Vec<u8>>) -> Result<Self> {
        if key.expose().len() == 32 { Self::of(key, 10) } else { Err(length()) }
    }

    /// A radix from 2 to 36; a key of 16, 24 or 32 bytes.
    fn of(key: &Secret<Vec<u8>>, radix: u8) -> Result<Self> {
        let key = key.expose();
        let aes = match key.len() {
            16 => Aes128::new_from_slice(key).ok().map(Aes::Of128),
            24 => Aes192::new_from_slice(key).ok().map(Aes::Of192),
            _ => Aes256::new_from_slice(key).ok().map(Aes::Of256),
        };
        Ok(Self { aes: aes.ok_or_else(length)?, radix })
    }

    fn power(&self, count: usize) -> u128 {
        (0..count).fold(1, |product, _| product * u128::from(self.radix))
    }

    fn value(&self, numerals: &[u8]) -> u128 {
        let numeral = |letter: &u8| char::from(*letter).to_digit(36).unwrap_or_default();
        numerals.iter().fold(0, |sum, one| sum * u128::from(self.radix) + u128::from(numeral(one)))
    }

    fn spell(&self, mut number: u128, count: usize) -> Vec<u8> {
        let radix = u128::from(self.radix);
        let mut out = vec![b'0'; count];
        for place in out.iter_mut().rev() {
            let numeral = u32::try_from(number % radix).ok();
            let letter =
                numeral.and_then(|numeral| char::from_digit(numeral, 36)).map(u8::try_from);
            *place = letter.and_then(std::result::Result::ok).unwrap_or(b'0');
            number /= radix;
        }
        out
    }

    /// Whether every letter is a numeral of the radix, small letters only.
    fn takes(&self, letter: u8) -> bool {
        let letter = char::from(letter);
        !letter.is_ascii_uppercase() && letter.is_digit(u32::from(self.radix))
    }

    /// The same number of other digits.
    ///
    /// # Errors
    /// When there are too few for the domain or more than 36, or anything but numerals.
    pub(crate) fn encrypt(&self, digits: &[u8], tweak: &[u8]) -> Result<Vec<u8>> {
        self.walk(digits, tweak, true)
    }

    /// The digits behind [`Self::encrypt`]'s.
    pub(crate) fn decrypt(&self, digits: &[u8], tweak: &[u8]) -> Result<Vec<u8>> {
        self.walk(digits, tweak, false)
    }

    fn walk(&self, digits: &[u8], tweak: &[u8], forward: bool) -> Result<Vec<u8>> {
        let count = digits.len();
        let least = fewest(self.radix);
        if !(least..=MOST).contains(&count) || !digits.iter().all(|digit| self.takes(*digit)) {
            return Err(Fault::new(&crate::messages::DOMAIN_TOO_SMALL)
                .arg("fewest", least)
                .arg("most", MOST));
        }
        let left = count / 2;
        let right = count - left;
        let (front, back) = digits.split_at(left);
        let (mut a, mut b) = (self.value(front), self.value(back));
        for step in 0..ROUNDS {
            let round = if forward { step } else { ROUNDS - 1 - step };
            // The length of the half that this round changes.
            let size = if round % 2 == 0 { left } else { right };
            let modulus = self.power(size);
            if forward {
                let c = (a + self.round(b, (count, right), tweak, round) % modulus) % modulus;
                (a, b) = (b, c);
            } else {
                let y = self.round(a, (count, right), tweak, round) % modulus;
                let c = (b + modulus - y) % modulus;
                (a, b) = (c, a);
            }
        }
        let mut out = self.spell(a, left);
        out.extend(self.spell(b, right));
        Ok(out)
    }

    /// `NUM(S)` of the round, modulo the power of the radix that both halves' moduli divide.
    fn round(&self, half: u128, (count, right): (usize, usize), tweak: &[u8], round: u8) -> u128 {
        // b = ⌈⌈v·log2 radix⌉ / 8⌉ bytes hold v numerals.
        let bits = (self.power(right) - 1).checked_ilog2().unwrap_or(0) + 1;
        let bytes = usize::try_from(bits.div_ceil(8)).unwrap_or(8);
        let wanted = 4 * bytes.div_ceil(4) + 4;
        let short = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
        let mut block = [
            1,
            2,
            1,
            0,
            0,
            self.radix,
            ROUNDS,
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
        let modulus = self.power(right);
        stream.iter().take(wanted).fold(0, |sum, byte| (sum * 256 + u128::from(*byte)) % modulus)
    }

    fn block(&self, bytes: [u8; 16]) -> [u8; 16] {
        let mut block = bytes.into();
        match &self.aes {
            Aes::Of128(aes) => aes.encrypt_block(&mut block),
            Aes::Of192(aes) => aes.encrypt_block(&mut block),
            Aes::Of256(aes) => aes.encrypt_block(&mut block),
        }
        block.into()
    }
}

fn length() -> Fault {
    fault::internal("a format-preserving key of the wrong length")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94";

    fn cipher(bytes: usize, radix: u8) -> Ff1 {
        Ff1::of(&Secret::new(hex::decode(KEY.get(..bytes * 2).unwrap()).unwrap()), radix).unwrap()
    }

    /// NIST's "FF1 samples", all nine: key bytes, radix, tweak, plaintext, ciphertext.
    #[test]
    fn nist_samples() {
        const DIGITS: &str = "0123456789";
        const LETTERS: &str = "0123456789abcdefghi";
        const SHORT: &str = "39383736353433323130";
        const LONG: &str = "3737373770717273373737";
        for (number, (bytes, radix, tweak, plain, wanted)) in [
            (16, 10, "", DIGITS, "2433477484"),
            (16, 10, SHORT, DIGITS, "6124200773"),
            (16, 36, LONG, LETTERS, "a9tv40mll9kdu509eum"),
            (24, 10, "", DIGITS, "2830668132"),
            (24, 10, SHORT, DIGITS, "2496655549"),
            (24, 36, LONG, LETTERS, "xbj3kv35jrawxv32ysr"),
            (32, 10, "", DIGITS, "6657667009"),
            (32, 10, SHORT, DIGITS, "1001623463"),
            (32, 36, LONG, LETTERS, "xs8a0azh2avyalyzuwd"),
        ]
        .into_iter()
        .enumerate()
        {
            let (cipher, tweak) = (cipher(bytes, radix), hex::decode(tweak).unwrap());
            let there = cipher.encrypt(plain.as_bytes(), &tweak).unwrap();
            assert_eq!(String::from_utf8(there).unwrap(), wanted, "sample {}", number + 1);
            let back = cipher.decrypt(wanted.as_bytes(), &tweak).unwrap();
            assert_eq!(String::from_utf8(back).unwrap(), plain, "sample {}", number + 1);
        }
    }

    /// SP 800-38G Rev. 1: radix^minlen ≥ 1,000,000, and not more numerals than that takes.
    #[test]
    fn small_domains_are_refused() {
        for (radix, least) in [(2, 20), (10, 6), (16, 5), (26, 5), (36, 4)] {
            assert_eq!(fewest(radix), least, "radix {radix}");
            let cipher = cipher(32, radix);
            assert!(u128::from(radix).pow(u32::try_from(least).unwrap()) >= 1_000_000);
            assert!(u128::from(radix).pow(u32::try_from(least).unwrap() - 1) < 1_000_000);
            let (short, right) = (vec![b'0'; least - 1], vec![b'0'; least]);
            for refused in [cipher.encrypt(&short, b""), cipher.decrypt(&short, b"")] {
                assert_eq!(refused.unwrap_err().code(), "privacy-domain-too-small");
            }
            let there = cipher.encrypt(&right, b"").unwrap();
            assert_eq!(cipher.decrypt(&there, b"").unwrap(), right);
        }
        let cipher = cipher(32, 10);
        for wrong in [&b"12345a"[..], b"", &[b'1'; MOST + 1], "１２３４５６".as_bytes()] {
            assert!(cipher.encrypt(wrong, b"").is_err(), "{wrong:?}");
        }
        assert!(Ff1::new(&Secret::new(vec![0; 16])).is_err(), "the product's keys have 32 bytes");
    }

    #[test]
    fn every_length_comes_back() {
        for radix in [10, 36] {
            let cipher = cipher(32, radix);
            for count in fewest(radix)..=MOST {
                let digits: Vec<u8> =
                    (0..count).map(|at| b'0' + u8::try_from(at * 7 % 10).unwrap()).collect();
                let other = cipher.encrypt(&digits, b"t").unwrap();
                assert_ne!(other, digits);
                assert_eq!(cipher.decrypt(&other, b"t").unwrap(), digits);
            }
        }
    }
}

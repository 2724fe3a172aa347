//! Values whose digits are encrypted in place, for columns that must keep their form.

use super::ff1::{FEWEST, Ff1, MOST};
use super::table::derive;
use crate::dialled::is_prefix;
use crate::messages::DOMAIN_OF_COLUMN;
use crate::token::ColumnKeys;
use ingot_base::{Fault, Personal, Result, Secret, folded};

/// FF1 over the decimal digits of one column's values. The column's name is the tweak, so equal values of two columns differ.
/// Digits keep their width, and what is no digit stays: it is not hidden.
#[derive(Debug)]
pub struct FormatCipher {
    cipher: Ff1,
    column: String,
}

impl FormatCipher {
    /// Of the column that has this name in the protected table.
    ///
    /// # Errors
    /// When a key has the wrong length.
    pub fn new(keys: &ColumnKeys, column: &str) -> Result<Self> {
        keys.check()?;
        let key = Secret::new(derive(keys, b"ingot fpe v1")?);
        Ok(Self { cipher: Ff1::new(&key)?, column: column.to_owned() })
    }

    /// Appends the value with its digits encrypted.
    ///
    /// # Errors
    /// When the value has fewer than 6 digits, which anyone could try, or more than 36.
    pub fn write(&self, value: &str, out: &mut String) -> Result<()> {
        self.turn(value, 0, true, out)
    }

    /// What a text has of a column's value, with the digits of the value's token and its own separators; `None` where it has other letters
    /// or digits, but for what is dialled before a number.
    pub(crate) fn as_written(&self, value: &str, written: &str) -> Option<String> {
        let plain = |text: &str| -> String {
            folded(text).chars().filter(|letter| letter.is_alphanumeric()).collect()
        };
        let (own, all) = (plain(value), plain(written));
        let prefix = all.strip_suffix(&*own)?;
        let numbers = |text: &str| text.chars().filter(|letter| letter.is_numeric()).count();
        let digits = written.chars().filter(|letter| digit(*letter).is_some()).count();
        // A digit of another script has a form of its own.
        if !is_prefix(prefix.as_bytes()) || digits != numbers(&all) || digits != numbers(written) {
            return None;
        }
        let mut out = String::with_capacity(written.len());
        self.turn(written, prefix.len(), true, &mut out).ok()?;
        Some(out)
    }

    /// The value behind what [`Self::write`] wrote. There is no check: every text with as many digits has a value behind it.
    ///
    /// # Errors
    /// When the text has fewer than 6 digits or more than 36.
    pub fn read(&self, text: &str) -> Result<Personal<String>> {
        let mut out = String::with_capacity(text.len());
        self.turn(text, 0, false, &mut out)?;
        Ok(Personal::new(out))
    }

    /// Turns the digits behind the first `kept`.
    fn turn(&self, value: &str, kept: usize, forward: bool, out: &mut String) -> Result<()> {
        let mut front: Vec<u8> =
            value.chars().filter_map(|letter| Some(digit(letter)?.0)).collect();
        let digits = front.split_off(kept.min(front.len()));
        if !(FEWEST..=MOST).contains(&digits.len()) {
            return Err(Fault::new(&DOMAIN_OF_COLUMN)
                .arg("column", &self.column)
                .arg("found", digits.len())
                .arg("fewest", FEWEST)
                .arg("most", MOST));
        }
        let tweak = self.column.as_bytes();
        let turned = if forward {
            self.cipher.encrypt(&digits, tweak)?
        } else {
            self.cipher.decrypt(&digits, tweak)?
        };
        let mut turned = front.into_iter().chain(turned);
        out.extend(value.chars().map(|letter| {
            match digit(letter) {
                Some((_, zero)) => turned
                    .next()
                    .and_then(|digit| char::from_u32(zero + u32::from(digit.wrapping_sub(b'0'))))
                    .unwrap_or(letter),
                None => letter,
            }
        }));
        Ok(())
    }
}

/// An ASCII or full-width digit as ASCII, and the zero of its kind.
fn digit(letter: char) -> Option<(u8, u32)> {
    let zero = match letter {
        '0'..='9' => '0',
        '０'..='９' => '０',
        _ => return None,
    };
    let value = u8::try_from(u32::from(letter) - u32::from(zero)).ok()?;
    Some((b'0' + value, u32::from(zero)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher(column: &str) -> FormatCipher {
        let keys = ColumnKeys { encrypt: Secret::new(vec![7; 64]), hash: Secret::new(vec![9; 32]) };
        FormatCipher::new(&keys, column).unwrap()
    }

    #[test]
    fn the_form_stays_and_the_value_comes_back() {
        for value in ["021-555 0199", "６２２２０２００１", "A-000001/B", "123456"] {
            let mut out = String::new();
            cipher("account").write(value, &mut out).unwrap();
            assert_ne!(out, value);
            let form = |text: &str| -> String {
                text.chars()
                    .map(|letter| {
                        digit(letter).map_or(letter, |(_, zero)| char::from_u32(zero).unwrap())
                    })
                    .collect()
            };
            assert_eq!(form(&out), form(value));
            assert_eq!(cipher("account").read(&out).unwrap().expose(), value);
            assert_ne!(
                cipher("other").read(&out).unwrap().expose(),
                value,
                "another column's tweak"
            );
        }
    }

    #[test]
    fn too_few_digits_are_refused_without_the_value() {
        for (value, found) in [("12345", "5"), ("", "0"), ("no digit", "0")] {
            let fault = cipher("code").write(value, &mut String::new()).unwrap_err();
            assert_eq!(fault.code(), "privacy-domain-of-column");
            let told = fault.to_string();
            assert!(told.contains("`code`") && told.contains(&format!("{found} digits")), "{told}");
            assert!(value.is_empty() || !told.contains(value), "{told}");
        }
    }
}

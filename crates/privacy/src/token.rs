//! Tokens: what stands for a value that nobody without the key may read.
//!
//! `enc_` and base64url (RFC 4648 §5, no padding) of AES-256-SIV (RFC 5297 §2.6: 16 bytes of synthetic IV, then the
//! ciphertext) with one header, the column's name after protection. A token therefore cannot be moved to another column.
//!
//! `hsh_` and base64url of HMAC-SHA-256 (RFC 2104) over the length of the column's name after protection (8 bytes, big-endian), the
//! name, and the value: the same value in two columns cannot be linked.

use crate::messages::{KEY_LENGTH, TOKEN_MALFORMED, TOKEN_REFUSED};
use aes_siv::KeyInit as _;
use aes_siv::siv::Aes256Siv;
use arrow::array::{Array as _, ArrayRef};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use ingot_base::{Fault, Personal, Result, Secret, fault};
use sha2::Sha256;
use std::fmt;

/// Length of the encryption key: two AES-256 keys.
const ENCRYPT_KEY: usize = 64;
/// Length of the hash key.
const HASH_KEY: usize = 32;
/// How the token of an encrypted value begins.
pub const ENCRYPTED: &str = "enc_";
/// How the token of a hashed value begins.
pub const HASHED: &str = "hsh_";

/// The keys of all column actions; wiped when dropped, never printed.
#[derive(Debug, Clone)]
pub struct ColumnKeys {
    /// 64 bytes for AES-256-SIV.
    pub encrypt: Secret<Vec<u8>>,
    /// 32 bytes for HMAC-SHA-256.
    pub hash: Secret<Vec<u8>>,
}

impl ColumnKeys {
    /// Whether both keys have their length.
    pub(crate) fn check(&self) -> Result<()> {
        for (key, name, wanted) in
            [(&self.encrypt, "encryption", ENCRYPT_KEY), (&self.hash, "hash", HASH_KEY)]
        {
            let found = key.expose().len();
            if found != wanted {
                return Err(Fault::new(&KEY_LENGTH)
                    .arg("key", name)
                    .arg("found", found)
                    .arg("wanted", wanted));
            }
        }
        Ok(())
    }
}

/// Encrypts values of one column.
pub(crate) struct Encryptor<'a> {
    cipher: Aes256Siv,
    column: &'a str,
}

impl<'a> Encryptor<'a> {
    pub(crate) fn new(keys: &ColumnKeys, column: &'a str) -> Result<Self> {
        keys.check()?;
        let cipher = Aes256Siv::new_from_slice(keys.encrypt.expose())
            .map_err(|_| fault::internal("an encryption key of the wrong length"))?;
        Ok(Self { cipher, column })
    }

    /// Appends the value's token.
    pub(crate) fn write(&mut self, value: &str, out: &mut String) -> Result<()> {
        let sealed = self
            .cipher
            .encrypt([self.column.as_bytes()], value.as_bytes())
            .map_err(|_| fault::internal("a value that AES-SIV does not take"))?;
        out.push_str(ENCRYPTED);
        URL_SAFE_NO_PAD.encode_string(sealed, out);
        Ok(())
    }
}

impl fmt::Debug for Encryptor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encryptor").field("column", &self.column).finish_non_exhaustive()
    }
}

/// Hashes values of one column.
pub(crate) struct Hasher(Hmac<Sha256>);

impl Hasher {
    pub(crate) fn new(keys: &ColumnKeys, column: &str) -> Result<Self> {
        keys.check()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(keys.hash.expose())
            .map_err(|_| fault::internal("a hash key of the wrong length"))?;
        // No computer holds a name of 2^64 bytes.
        mac.update(&u64::try_from(column.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(column.as_bytes());
        Ok(Self(mac))
    }

    /// Appends the value's token.
    pub(crate) fn write(&self, value: &str, out: &mut String) {
        let mut mac = self.0.clone();
        mac.update(value.as_bytes());
        out.push_str(HASHED);
        URL_SAFE_NO_PAD.encode_string(mac.finalize().into_bytes(), out);
    }
}

/// The token of a value in a column, as [`Action::Encrypt`](crate::Action::Encrypt) writes it; to look a person up.
///
/// `column` is the name in the protected table; `value` is the canonical text (numbers in digits, days `YYYY-MM-DD`).
///
/// # Errors
/// When a key has the wrong length.
pub fn encrypt_value(keys: &ColumnKeys, column: &str, value: &Personal<String>) -> Result<String> {
    let mut token = String::new();
    Encryptor::new(keys, column)?.write(value.expose(), &mut token)?;
    Ok(token)
}

/// The token of a value in a column, as [`Action::Hash`](crate::Action::Hash) writes it.
///
/// # Errors
/// When a key has the wrong length.
pub fn hash_value(keys: &ColumnKeys, column: &str, value: &Personal<String>) -> Result<String> {
    let mut token = String::new();
    Hasher::new(keys, column)?.write(value.expose(), &mut token);
    Ok(token)
}

/// The value behind a token of the column that has this name in the protected table.
///
/// # Errors
/// When the text is no token, or the token is another key's, another column's, or was changed.
pub fn decrypt_value(keys: &ColumnKeys, column: &str, token: &str) -> Result<Personal<String>> {
    let sealed = token
        .strip_prefix(ENCRYPTED)
        .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
        .ok_or_else(|| Fault::new(&TOKEN_MALFORMED))?;
    let refused = || Fault::new(&TOKEN_REFUSED).arg("column", column);
    let value = Encryptor::new(keys, column)?
        .cipher
        .decrypt([column.as_bytes()], &sealed)
        .map_err(|_| refused())?;
    // The tag proves that these bytes were text when they were encrypted.
    String::from_utf8(value).map(Personal::new).map_err(|_| refused())
}

/// [`hash_value`] of every cell of a column; `None` for null.
///
/// # Errors
/// When a key has the wrong length, or the column's type has no text.
pub fn hash_cells(
    keys: &ColumnKeys,
    column: &str,
    array: &ArrayRef,
) -> Result<Vec<Option<String>>> {
    keys.check()?;
    let hasher = Hasher::new(keys, column)?;
    let mut tokens = Vec::with_capacity(array.len());
    crate::cells::each(array, false, &mut |cell| {
        tokens.push(cell.map(|value| {
            let mut token = String::new();
            hasher.write(value, &mut token);
            token
        }));
        Ok(())
    })?;
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes_siv::siv::Aes128Siv;

    fn hex(text: &str) -> Vec<u8> {
        hex::decode(text.replace(' ', "")).unwrap()
    }

    fn keys() -> ColumnKeys {
        ColumnKeys {
            encrypt: Secret::new((0..64).collect()),
            hash: Secret::new((64..96).collect()),
        }
    }

    fn personal(text: &str) -> Personal<String> {
        Personal::new(text.to_owned())
    }

    /// RFC 5297, appendix A.1: the cipher is the standard's. (The RFC has no vector for the 512-bit key.)
    #[test]
    fn rfc_5297_a1() {
        let key = hex("fffefdfc fbfaf9f8 f7f6f5f4 f3f2f1f0 f0f1f2f3 f4f5f6f7 f8f9fafb fcfdfeff");
        let header = hex("10111213 14151617 18191a1b 1c1d1e1f 20212223 24252627");
        let plaintext = hex("11223344 55667788 99aabbcc ddee");
        let expected = hex("85632d07 c6e8f37f 950acd32 0a2ecc93 40c02b96 90c4dc04 daef7f6a fe5c");
        let mut cipher = Aes128Siv::new_from_slice(&key).unwrap();
        assert_eq!(cipher.encrypt([&header], &plaintext).unwrap(), expected);
    }

    /// RFC 5297, appendix A.2: several headers.
    #[test]
    fn rfc_5297_a2() {
        let key = hex("7f7e7d7c 7b7a7978 77767574 73727170 40414243 44454647 48494a4b 4c4d4e4f");
        let headers = [
            hex(
                "00112233 44556677 8899aabb ccddeeff deaddada deaddada ffeeddcc bbaa9988 77665544 33221100",
            ),
            hex("10203040 50607080 90a0"),
            hex("09f91102 9d74e35b d84156c5 635688c0"),
        ];
        let plaintext = hex(
            "74686973 20697320 736f6d65 20706c61 696e7465 78742074 6f20656e 63727970 74207573 696e6720 5349562d 414553",
        );
        let expected = hex(
            "7bdb6e3b 432667eb 06f4d14b ff2fbd0f cb900f2f ddbe4043 26601965 c889bf17 dba77ceb 094fa663 b7a3f748 ba8af829 ea64ad54 4a272e9c 485b62a3 fd5c0d",
        );
        let mut cipher = Aes128Siv::new_from_slice(&key).unwrap();
        assert_eq!(cipher.encrypt(&headers, &plaintext).unwrap(), expected);
    }

    /// Computed with two other implementations: OpenSSL through Python's `cryptography` (AESSIV) and Python's `hmac`.
    #[test]
    fn tokens_are_those_of_other_implementations() {
        assert_eq!(
            encrypt_value(&keys(), "user_id", &personal("C-00017")).unwrap(),
            "enc_2I8T-rqsdz-ag0WekqiLiIvG7b2Cej8"
        );
        assert_eq!(
            encrypt_value(&keys(), "姓名", &personal("张小明")).unwrap(),
            "enc_SfT76QPsvbRVytxHd8TXylcCX5m6HkEJ1w"
        );
        assert_eq!(
            encrypt_value(&keys(), "user_id", &personal("")).unwrap(),
            "enc_e5gINjkNXXWBrZpIv6BWNQ"
        );
        assert_eq!(
            hash_value(&keys(), "id_number", &personal("990101198507031234")).unwrap(),
            "hsh_duXt9xJONzbXSkuApj4E2-g6jnIpDWWQLnkckwiQAew"
        );
    }

    #[test]
    fn a_token_opens_only_with_its_key_and_in_its_column() {
        let token = encrypt_value(&keys(), "user_id", &personal("C-00017")).unwrap();
        assert_eq!(decrypt_value(&keys(), "user_id", &token).unwrap().expose(), "C-00017");
        let code = |result: Result<Personal<String>>| result.unwrap_err().message().code;
        assert_eq!(code(decrypt_value(&keys(), "other", &token)), "privacy-token-refused");
        let other =
            ColumnKeys { encrypt: Secret::new(vec![9; 64]), hash: Secret::new(vec![9; 32]) };
        assert_eq!(code(decrypt_value(&other, "user_id", &token)), "privacy-token-refused");
        assert_eq!(code(decrypt_value(&keys(), "user_id", "C-00017")), "privacy-token-malformed");
        assert_eq!(code(decrypt_value(&keys(), "user_id", "enc_***")), "privacy-token-malformed");
        assert_eq!(code(decrypt_value(&keys(), "user_id", "enc_AAAA")), "privacy-token-refused");
        let mut changed = token.into_bytes();
        changed[10] = if changed[10] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(code(decrypt_value(&keys(), "user_id", &changed)), "privacy-token-refused");
    }

    #[test]
    fn keys_of_another_length_are_refused_and_not_shown() {
        let short =
            ColumnKeys { encrypt: Secret::new(vec![7; 32]), hash: Secret::new(vec![7; 32]) };
        let fault = encrypt_value(&short, "a", &personal("b")).unwrap_err();
        assert_eq!(fault.message().code, "privacy-key-length");
        assert_eq!(format!("{short:?}"), "ColumnKeys { encrypt: Secret(…), hash: Secret(…) }");
    }
}

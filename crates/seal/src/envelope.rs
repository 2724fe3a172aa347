//! The project's root key in its envelope: encrypted under the master key, so that the master key can be replaced
//! without writing anything again that the root guards.
//!
//! `data.key` holds one line a master key that opens it: `v1 ` and, in hex, a nonce of 12 bytes and the ChaCha20-Poly1305
//! (RFC 8439) encryption of the 32-byte root, bound to this use. While a master key is being replaced there are two
//! lines, so that a crash at any moment leaves a pair of files that opens.

use crate::key_file::{named, read_private};
use crate::keyring::random;
use crate::messages::{ENVELOPE, ENVELOPE_MALFORMED};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _};
use hkdf::Hkdf;
use ingot_base::{Fault, Result, atomic, fault};
use sha2::Sha256;
use std::path::Path;
use zeroize::Zeroizing;

/// A key of this project: 32 bytes, wiped on drop.
pub(crate) type Key = Zeroizing<[u8; 32]>;

const VERSION: &str = "v1 ";
const NONCE: usize = 12;
/// What the encryption is bound to, and what the wrapping key is derived for.
const USE: &[u8] = b"ingot/v1/envelope";

/// A new random key.
pub(crate) fn new_key() -> Result<Key> {
    let mut key = Key::default();
    random(&mut *key)?;
    Ok(key)
}

/// Writes `path` so that any of these master keys opens it.
pub(crate) fn write(path: &Path, root: &Key, masters: &[&Key]) -> Result<()> {
    let mut text = Zeroizing::new(String::new());
    for master in masters {
        text.push_str(VERSION);
        text.push_str(&hex::encode(wrap(root, master)?));
        text.push('\n');
    }
    atomic::write_private(path, text.as_bytes())
}

/// The root key that `path` holds for this master key.
pub(crate) fn read(path: &Path, master: &Key) -> Result<Key> {
    let text = read_private(path, &ENVELOPE_MALFORMED)?;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let bytes = line.strip_prefix(VERSION).and_then(|line| hex::decode(line.trim()).ok());
        let bytes = bytes.ok_or_else(|| named(path, &ENVELOPE_MALFORMED))?;
        if let Some(root) = unwrap(&bytes, master) {
            return Ok(root);
        }
    }
    Err(Fault::new(&ENVELOPE).arg("path", path.display()))
}

fn cipher(master: &Key) -> ChaCha20Poly1305 {
    let mut key = Key::default();
    // Expansion to one block never fails; the all-zero key it would leave could open nothing that was ever written.
    let _ = Hkdf::<Sha256>::new(None, &**master).expand(USE, &mut *key);
    ChaCha20Poly1305::new((&*key).into())
}

fn wrap(root: &Key, master: &Key) -> Result<Vec<u8>> {
    let mut nonce = [0; NONCE];
    random(&mut nonce)?;
    let sealed = cipher(master)
        .encrypt((&nonce).into(), Payload { msg: &**root, aad: USE })
        .map_err(|_| fault::internal("a key could not be encrypted"))?;
    Ok([&nonce[..], &sealed].concat())
}

fn unwrap(bytes: &[u8], master: &Key) -> Option<Key> {
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
    let root = cipher(master).decrypt(nonce.into(), Payload { msg: sealed, aad: USE }).ok()?;
    let root = Zeroizing::new(root);
    Some(Zeroizing::new(<[u8; 32]>::try_from(root.as_slice()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_master_keys_open_an_envelope() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data.key");
        let (root, one, two, three) =
            (new_key().unwrap(), new_key().unwrap(), new_key().unwrap(), new_key().unwrap());
        write(&path, &root, &[&one, &two]).unwrap();
        assert_eq!(*read(&path, &one).unwrap(), *root);
        assert_eq!(*read(&path, &two).unwrap(), *root);
        assert_eq!(read(&path, &three).unwrap_err().code(), "seal-envelope");
    }

    #[test]
    fn a_changed_digit_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data.key");
        let (root, master) = (new_key().unwrap(), new_key().unwrap());
        write(&path, &root, &[&master]).unwrap();
        let right = std::fs::read_to_string(&path).unwrap();
        for at in 0..right.trim_end().len() {
            let mut wrong = right.clone().into_bytes();
            wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
            atomic::write_private(&path, &wrong).unwrap();
            let code = read(&path, &master).unwrap_err().code();
            assert!(["seal-envelope", "seal-envelope-malformed"].contains(&code), "{at}: {code}");
        }
    }
}

//! Payload encryption: age v1 with X25519 recipients (<https://age-encryption.org/v1>).

use crate::key_file::read_private;
use crate::messages::{IDENTITY_MALFORMED, NOT_FOR_YOU, PAYLOAD_DAMAGED, RECIPIENT};
use age::x25519;
use ingot_base::{Fault, Result, Secret, fault};
use std::fmt;
use std::io::{Read, Write};
use std::path::Path;
use std::str::FromStr;

/// What decrypts payloads: the X25519 keys of an age identity file. Wiped on drop by the `age` crate.
pub struct Identity(Vec<x25519::Identity>);

impl Identity {
    /// A new identity.
    pub(crate) fn new() -> Self {
        Self(vec![x25519::Identity::generate()])
    }

    /// Reads an age identity file (as `age-keygen` writes it) of mode 0600 or narrower.
    ///
    /// # Errors
    /// When it is missing, when others may read it, or when it holds no X25519 identity.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_private(path, &IDENTITY_MALFORMED)?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads the text of an identity file that came another way, such as a secret of the environment; `name` says which.
    ///
    /// # Errors
    /// When it holds no X25519 identity.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let malformed = || Fault::new(&IDENTITY_MALFORMED).arg("path", name);
        let keys: Vec<x25519::Identity> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(x25519::Identity::from_str)
            .collect::<std::result::Result<_, _>>()
            .map_err(|_| malformed())?;
        if keys.is_empty() { Err(malformed()) } else { Ok(Self(keys)) }
    }

    /// The recipient of the file's first key: what others encrypt for.
    pub fn recipient(&self) -> String {
        self.0.first().map(|key| key.to_public().to_string()).unwrap_or_default()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// Reads recipients in the order of the recipe; the fault names the recipe's entry.
pub(crate) fn recipients(texts: &[String]) -> Result<Vec<x25519::Recipient>> {
    texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            x25519::Recipient::from_str(text.trim()).map_err(|_| {
                Fault::new(&RECIPIENT)
                    .arg("number", index + 1)
                    .at(format!("seal.recipients[{index}]"))
            })
        })
        .collect()
}

/// Encrypts for all recipients.
pub(crate) fn encrypt(plain: &[u8], recipients: &[x25519::Recipient]) -> Result<Vec<u8>> {
    let work = || -> std::result::Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        let recipients = recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients)?;
        let mut sealed = Vec::with_capacity(plain.len() + plain.len() / 4096 + 1024);
        let mut writer = encryptor.wrap_output(&mut sealed)?;
        writer.write_all(plain)?;
        writer.finish()?;
        Ok(sealed)
    };
    work().map_err(|error| fault::internal("age cannot encrypt").because(error))
}

/// Decrypts into memory; `size` is what the plain text must measure.
pub(crate) fn decrypt(
    name: &str,
    sealed: &[u8],
    size: u64,
    identity: &Identity,
) -> Result<Secret<Vec<u8>>> {
    let damaged = || Fault::new(&PAYLOAD_DAMAGED).arg("name", name);
    let decryptor =
        age::Decryptor::new_buffered(sealed).map_err(|error| damaged().because(error))?;
    let keys = identity.0.iter().map(|key| key as &dyn age::Identity);
    let mut reader = decryptor.decrypt(keys).map_err(|error| match error {
        age::DecryptError::NoMatchingKeys => Fault::new(&NOT_FOR_YOU).arg("name", name),
        other => damaged().because(other),
    })?;
    // Cipher text is longer than plain text, so a lying size asks for no more memory than is read already.
    let size =
        usize::try_from(size).ok().filter(|size| *size <= sealed.len()).ok_or_else(damaged)?;
    let mut plain = zeroize::Zeroizing::new(vec![0; size]);
    let mut rest = [0; 1];
    reader.read_exact(&mut plain).map_err(|error| damaged().because(error))?;
    match reader.read(&mut rest) {
        Ok(0) => Ok(Secret::new(std::mem::take(&mut *plain))),
        Ok(_) => Err(damaged()),
        Err(error) => Err(damaged().because(error)),
    }
}

//! Signers' public keys.

use crate::messages::PUBLIC_KEY;
use ingot_base::{Digest, Fault, Result, fault};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::{DecodePublicKey, EncodePublicKey, LineEnding};

/// A P-256 key whose signatures are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    pem: String,
}

impl PublicKey {
    /// Reads `-----BEGIN PUBLIC KEY-----` (RFC 5480 subject public key info).
    ///
    /// # Errors
    /// When the text is not a P-256 public key.
    pub fn from_pem(text: &str) -> Result<Self> {
        // As text: what led to the error says the same once more.
        let key = VerifyingKey::from_public_key_pem(text.trim())
            .map_err(|error| Fault::new(&PUBLIC_KEY).because(error.to_string()))?;
        Self::of(key)
    }

    pub(crate) fn of(key: VerifyingKey) -> Result<Self> {
        let pem = key
            .to_public_key_pem(LineEnding::LF)
            .map_err(|error| fault::internal("public key without a PEM form").because(error))?;
        Ok(Self { key, pem })
    }

    /// The PEM text, ending with a line feed.
    pub fn to_pem(&self) -> &str {
        &self.pem
    }

    /// SHA-256 of the PEM text, 64 hex digits: how OpenSSF model signatures hint at their key.
    pub fn fingerprint(&self) -> String {
        Digest::of(self.pem.as_bytes()).hex()
    }

    /// Whether this key made the signature of a document: ECDSA with SHA-256, in DER, as [`Keyring::sign`](crate::Keyring::sign) makes.
    pub fn verifies(&self, document: &[u8], signature: &[u8]) -> bool {
        Signature::from_der(signature)
            .is_ok_and(|signature| self.key.verify(document, &signature).is_ok())
    }

    pub(crate) fn key(&self) -> &VerifyingKey {
        &self.key
    }
}

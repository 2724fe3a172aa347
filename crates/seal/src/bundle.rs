//! `model.sig`: a DSSE envelope (<https://github.com/secure-systems-lab/dsse>, v1.0) in a sigstore bundle v0.3.
//!
//! There is exactly one text for a key, a statement and a signature: the reader writes what it read again and compares, and
//! takes only the smaller of the two values of `s` that ECDSA would accept.

use crate::messages::{SIGNATURE_INVALID, SIGNATURE_MALFORMED, SIGNER_UNKNOWN};
use crate::public_key::PublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ingot_base::{Fault, Result, fault};
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey};
use serde::{Deserialize, Serialize};

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Bundle {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Material {
    public_key: KeyHint,
    tlog_entries: [(); 0],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyHint {
    hint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: [Signed; 1],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    sig: String,
    keyid: String,
}

/// DSSE's pre-authentication encoding.
fn pae(payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

fn render(hint: String, payload: &[u8], signature: &Signature) -> Result<Vec<u8>> {
    let bundle = Bundle {
        media_type: MEDIA_TYPE.to_owned(),
        verification_material: Material { public_key: KeyHint { hint }, tlog_entries: [] },
        dsse_envelope: Envelope {
            payload: STANDARD.encode(payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: [Signed {
                sig: STANDARD.encode(signature.to_der().as_bytes()),
                keyid: String::new(),
            }],
        },
    };
    serde_json::to_vec(&bundle)
        .map_err(|error| fault::internal("bundle without a JSON form").because(error))
}

/// Signs a statement: ECDSA P-256 with SHA-256, deterministic (RFC 6979).
pub(crate) fn sign(statement: &[u8], key: &SigningKey, public: &PublicKey) -> Result<Vec<u8>> {
    let signature: Signature = key
        .try_sign(&pae(statement))
        .map_err(|error| fault::internal("signing failed").because(error))?;
    render(public.fingerprint(), statement, &signature.normalize_s())
}

/// The statement, if a trusted key signed it.
pub(crate) fn verify(bytes: &[u8], trusted: &[PublicKey]) -> Result<Vec<u8>> {
    let wrong = |place: &str| Fault::new(&SIGNATURE_MALFORMED).arg("place", place);
    let bundle: Bundle =
        serde_json::from_slice(bytes).map_err(|error| wrong(&crate::manifest::place(&error)))?;
    let hint = bundle.verification_material.public_key.hint;
    if hint.len() != 64
        || !hint.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    {
        return Err(wrong("hint"));
    }
    let statement = STANDARD.decode(&bundle.dsse_envelope.payload).map_err(|_| wrong("payload"))?;
    let [Signed { sig, .. }] = &bundle.dsse_envelope.signatures;
    let signature = STANDARD
        .decode(sig)
        .ok()
        .and_then(|der| Signature::from_der(&der).ok())
        .ok_or_else(|| wrong("sig"))?;
    if signature.normalize_s() != signature {
        return Err(wrong("sig: s > n/2"));
    }
    let ours = render(hint.clone(), &statement, &signature)?;
    if ours != bytes {
        let at = ours.iter().zip(bytes).take_while(|(one, other)| one == other).count();
        return Err(wrong(&format!("[{at}]")));
    }
    let signer = trusted
        .iter()
        .find(|key| key.fingerprint() == hint)
        .ok_or_else(|| Fault::new(&SIGNER_UNKNOWN).arg("fingerprint", &hint))?;
    match signer.key().verify(&pae(&statement), &signature) {
        Ok(()) => Ok(statement),
        Err(_) => Err(Fault::new(&SIGNATURE_INVALID)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(seed: u8) -> (SigningKey, PublicKey) {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        let public = PublicKey::of(*key.verifying_key()).unwrap();
        (key, public)
    }

    #[test]
    fn signing_is_deterministic_and_verifies_for_its_key_alone() {
        let (key, public) = keys(1);
        let (_, other) = keys(2);
        let bytes = sign(b"{}", &key, &public).unwrap();
        assert_eq!(bytes, sign(b"{}", &key, &public).unwrap());
        assert_eq!(verify(&bytes, &[other.clone(), public.clone()]).unwrap(), b"{}");
        assert_eq!(verify(&bytes, &[other]).unwrap_err().code(), "seal-signer-unknown");
        assert_eq!(verify(&bytes, &[]).unwrap_err().code(), "seal-signer-unknown");
    }

    #[test]
    fn a_trusted_hint_over_another_keys_signature_is_false() {
        let (_, public) = keys(1);
        let (thief, _) = keys(2);
        let bytes = sign(b"{}", &thief, &public).unwrap();
        assert_eq!(verify(&bytes, &[public]).unwrap_err().code(), "seal-signature-invalid");
    }

    #[test]
    fn the_other_s_and_other_spellings_are_refused() {
        let (key, public) = keys(1);
        let trusted = [public.clone()];
        let bytes = sign(b"{}", &key, &public).unwrap();
        let signature: Signature = key.try_sign(&pae(b"{}")).unwrap();
        let (r, s) = signature.normalize_s().split_scalars();
        let twin = Signature::from_scalars(r, -s).unwrap();
        public.key().verify(&pae(b"{}"), &twin).unwrap(); // ECDSA itself accepts it
        let twin = render(public.fingerprint(), b"{}", &twin).unwrap();
        assert_eq!(verify(&twin, &trusted).unwrap_err().code(), "seal-signature-malformed");

        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("\"keyid\":\"\"", "\"keyid\":\"x\""),
            ("{\"mediaType\"", " {\"mediaType\""),
            ("v0.3", "v0.2"),
            ("\"tlogEntries\":[]", "\"tlogEntries\":[null]"),
            ("in-toto+json", "in-toto+jsom"),
        ] {
            assert!(text.contains(from), "{from}");
            let changed = text.replacen(from, to, 1);
            assert_eq!(
                verify(changed.as_bytes(), &trusted).unwrap_err().code(),
                "seal-signature-malformed",
                "{to}"
            );
        }
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let (key, public) = keys(1);
        let bytes = sign(br#"{"a":1}"#, &key, &public).unwrap();
        let trusted = [public];
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert!(verify(&changed, &trusted).is_err(), "byte {at}, bit {bit}");
            }
        }
    }
}

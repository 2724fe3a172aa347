//! The sealed package: keys, encryption, signature, bill of materials.
//!
//! `NAME-VERSION.ingot` is an uncompressed tar of a fixed form. Standard tools open each part: `age -d` a payload,
//! OpenSSF's `model_signing` the signature, a CycloneDX validator the bill of materials. This crate must not know what a
//! payload means: names and bytes.
//!
//! ```text
//! bom.cdx.json      CycloneDX 1.7 ML-BOM
//! card/             model card (English, Chinese) and reports
//! lineage.json      the chain of stage records
//! manifest.json     what the package is, in plain sight
//! model.sig         sigstore bundle: DSSE over an in-toto statement with the SHA-256 of every other file
//! payload/*.age     age v1, X25519
//! ```

mod age_file;
mod archive;
mod bom;
mod bundle;
mod card;
mod cyclonedx;
mod envelope;
mod instant;
mod key_file;
mod keyring;
mod manifest;
mod members;
mod messages;
mod names;
mod package;
mod public_key;
mod revocations;
mod statement;
mod writer;

pub use age_file::Identity;
pub use bom::{
    Bom, Considerations, Dataset, DatasetRole, Fairness, Interval, Library, Metric, Risk,
};
pub use card::model_card;
pub use keyring::{Keyring, Rotation};
pub use manifest::{FORMAT, Licence, Manifest, Payload};
pub use messages::MESSAGES;
pub use package::Package;
pub use public_key::PublicKey;
pub use revocations::{REVOKED_FILE, Reason, Revocation, Revocations};
pub use writer::{SealJob, Sealed, seal};

//! Reading, verifying and opening packages.

use crate::age_file::{self, Identity};
use crate::manifest::Manifest;
use crate::members::{self, Members};
use crate::messages::{
    DOCUMENT, FILE_REMOVED, MANIFEST, PAYLOAD_DAMAGED, PAYLOAD_UNKNOWN, SIGNATURE_MISSING,
};
use crate::public_key::PublicKey;
use crate::revocations::Revocations;
use crate::{bundle, names, statement};
use ingot_base::{Digest, Fault, Result, Secret, atomic};
use std::collections::BTreeSet;
use std::path::Path;

/// A package in memory, still encrypted.
///
/// [`read`](Self::read) checks the form alone. What a package says is true only after [`verify`](Self::verify).
#[derive(Debug)]
pub struct Package {
    members: Members,
    manifest: Manifest,
    /// What the folder it was read from says of packages in it.
    revocations: Revocations,
}

impl Package {
    /// Reads a package file, or a folder into which one was unpacked.
    ///
    /// # Errors
    /// When it cannot be read, or is not in the one form that Ingot writes (every rule has its own message), or in a format
    /// that this version does not know.
    pub fn read(path: &Path) -> Result<Self> {
        let mut package = Self::of(members::read(path)?)?;
        package.revocations = Revocations::beside(path)?;
        Ok(package)
    }

    /// The same from bytes in memory.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        Self::of(crate::archive::parse(bytes)?)
    }

    fn of(members: Members) -> Result<Self> {
        let bytes = members.get(names::MANIFEST).ok_or_else(|| {
            Fault::new(&FILE_REMOVED).arg("name", names::shown(names::MANIFEST.as_bytes()))
        })?;
        let manifest = Manifest::parse(bytes)?;
        Ok(Self { members, manifest, revocations: Revocations::default() })
    }

    /// Makes sure that a trusted key signed exactly these files, and that the licence has not expired at `now_ms`
    /// (milliseconds since the epoch).
    ///
    /// # Errors
    /// Class `Refused`, each with its own message: no signature, a malformed one, an unknown signer, a false signature; a
    /// file changed, added or removed (named); a manifest that disagrees with the files; an expired licence; a package that
    /// `revoked.json` in its folder names.
    pub fn verify(&self, trusted: &[PublicKey], now_ms: i64) -> Result<()> {
        let signature =
            self.members.get(names::SIGNATURE).ok_or_else(|| Fault::new(&SIGNATURE_MISSING))?;
        let signed = bundle::verify(signature, trusted)?;
        let signed = statement::Signed::parse(&signed)?;
        statement::compare(&signed.files, &statement::digests(&self.members))?;
        signed.check_model(&self.manifest.name)?;
        self.check_payloads()?;
        self.revocations.check(self)?;
        self.check_licence(now_ms)
    }

    fn check_payloads(&self) -> Result<()> {
        let listed: BTreeSet<String> =
            self.manifest.payloads.iter().map(|payload| names::payload(&payload.name)).collect();
        let found: BTreeSet<String> = self
            .members
            .iter()
            .filter(|(path, _)| path.starts_with(names::PAYLOAD))
            .map(|(path, _)| path.to_owned())
            .collect();
        if listed == found && listed.len() == self.manifest.payloads.len() {
            return Ok(());
        }
        Err(Fault::new(&MANIFEST).arg("place", "`payloads`"))
    }

    fn check_licence(&self, now_ms: i64) -> Result<()> {
        let Some(licence) = &self.manifest.licence else { return Ok(()) };
        licence.check(&self.manifest.name, &self.manifest.version, now_ms)
    }

    /// What the package says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The names of the payloads, in the manifest's order: the model first.
    pub fn payloads(&self) -> Vec<String> {
        self.manifest.payloads.iter().map(|payload| payload.name.clone()).collect()
    }

    /// Decrypts a payload into memory that is wiped when dropped; nothing touches the disk.
    ///
    /// # Errors
    /// When there is no such payload, when it is not encrypted for this identity, or when its content is not what the
    /// manifest says.
    pub fn decrypt(&self, name: &str, identity: &Identity) -> Result<Secret<Vec<u8>>> {
        let shown = names::shown(name.as_bytes());
        let payload = self.manifest.payloads.iter().find(|payload| payload.name == name);
        let sealed = self.members.get(&names::payload(name));
        let (Some(payload), Some(sealed)) = (payload, sealed) else {
            let known: Vec<String> =
                self.payloads().iter().map(|name| names::shown(name.as_bytes())).collect();
            return Err(Fault::new(&PAYLOAD_UNKNOWN)
                .arg("name", shown)
                .arg("known", known.join(", ")));
        };
        let plain = age_file::decrypt(&shown, sealed, payload.size, identity)?;
        if Digest::of(plain.expose()) != payload.digest {
            return Err(Fault::new(&PAYLOAD_DAMAGED).arg("name", shown));
        }
        Ok(plain)
    }

    /// The chain of stage records.
    ///
    /// # Errors
    /// When it is missing or not JSON.
    pub fn lineage(&self) -> Result<serde_json::Value> {
        self.document(names::LINEAGE)
    }

    /// The CycloneDX bill of materials.
    ///
    /// # Errors
    /// When it is missing or not JSON.
    pub fn bom(&self) -> Result<serde_json::Value> {
        self.document(names::BOM)
    }

    fn document(&self, name: &str) -> Result<serde_json::Value> {
        let shown = names::shown(name.as_bytes());
        let bytes =
            self.members.get(name).ok_or_else(|| Fault::new(&FILE_REMOVED).arg("name", &shown))?;
        serde_json::from_slice(bytes)
            .map_err(|error| Fault::new(&DOCUMENT).arg("name", name).because(error))
    }

    /// The model card and reports: name without `card/`, content.
    pub fn card(&self) -> Vec<(&str, &[u8])> {
        self.members
            .iter()
            .filter_map(|(path, bytes)| Some((path.strip_prefix(names::CARD)?, bytes)))
            .collect()
    }

    /// The digest that the signature's statement names: over all files but the signature, equal for a package and the
    /// folder into which it was unpacked.
    pub fn digest(&self) -> Digest {
        statement::root(statement::digests(&self.members).values())
    }

    /// Writes every file, payloads still encrypted, into `dir`: for `age`, `model_signing` and other tools.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn unpack(&self, dir: &Path) -> Result<()> {
        self.members.iter().try_for_each(|(path, bytes)| atomic::write(&dir.join(path), bytes))
    }
}

//! What is signed: an in-toto statement (v1) with the predicate of OpenSSF Model Signing 1.0.

use crate::members::Members;
use crate::messages::{FILE_ADDED, FILE_CHANGED, FILE_REMOVED, STATEMENT};
use crate::names;
use ingot_base::digest::Hasher;
use ingot_base::{Digest, Fault, Result, fault};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const TYPE: &str = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE: &str = "https://model_signing/signature/v1.0";

/// The statement, as `model_signing` 1.1.1 reads it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Debug, Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: SubjectDigest,
}

#[derive(Debug, Serialize, Deserialize)]
struct SubjectDigest {
    sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Predicate {
    serialization: Serialization,
    resources: Vec<Resource>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Serialization {
    method: String,
    hash_type: String,
    allow_symlinks: bool,
    ignore_paths: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Resource {
    name: String,
    algorithm: String,
    digest: String,
}

/// Every file, except the signature itself.
fn serialization() -> Serialization {
    Serialization {
        method: "files".to_owned(),
        hash_type: "sha256".to_owned(),
        allow_symlinks: false,
        ignore_paths: vec![names::SIGNATURE.to_owned()],
    }
}

/// SHA-256 over the digests in the order of the paths: what OpenSSF Model Signing calls the model's digest.
pub(crate) fn root<'a>(digests: impl Iterator<Item = &'a Digest>) -> Digest {
    let mut hasher = Hasher::default();
    for digest in digests {
        hasher.update(digest.as_bytes());
    }
    hasher.finish()
}

impl Statement {
    /// The statement over files given by path.
    pub(crate) fn new(name: &str, files: &BTreeMap<String, Digest>) -> Self {
        let resources = files
            .iter()
            .map(|(path, digest)| Resource {
                name: path.clone(),
                algorithm: "sha256".to_owned(),
                digest: digest.hex(),
            })
            .collect();
        Self {
            kind: TYPE.to_owned(),
            subject: vec![Subject {
                name: name.to_owned(),
                digest: SubjectDigest { sha256: root(files.values()).hex() },
            }],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: Predicate { serialization: serialization(), resources },
        }
    }

    pub(crate) fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self)
            .map_err(|error| fault::internal("statement without a JSON form").because(error))
    }
}

/// What a signed statement says.
#[derive(Debug)]
pub(crate) struct Signed {
    /// The digest of every file by path.
    pub(crate) files: BTreeMap<String, Digest>,
    model: String,
}

impl Signed {
    /// Reads a signed statement and holds it to what Ingot signs: all files, SHA-256, nothing ignored but the signature.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let statement: Statement = serde_json::from_slice(bytes)
            .map_err(|error| wrong(&crate::manifest::place(&error)))?;
        if statement.kind != TYPE {
            return Err(wrong("_type"));
        }
        if statement.predicate_type != PREDICATE_TYPE {
            return Err(wrong("predicateType"));
        }
        if statement.predicate.serialization != serialization() {
            return Err(wrong("serialization"));
        }
        let mut files = BTreeMap::new();
        for resource in statement.predicate.resources {
            let digest = Digest::parse(&format!("sha256:{}", resource.digest));
            let rising = files.last_key_value().is_none_or(|(last, _)| *last < resource.name);
            let usual = resource.algorithm == "sha256" && names::is_safe(&resource.name);
            match digest {
                Some(digest) if rising && usual && resource.name != names::SIGNATURE => {
                    files.insert(resource.name, digest);
                }
                _ => return Err(wrong("resources")),
            }
        }
        match <[Subject; 1]>::try_from(statement.subject) {
            Ok([subject]) if subject.digest.sha256 == root(files.values()).hex() => {
                Ok(Self { files, model: subject.name })
            }
            _ => Err(wrong("subject")),
        }
    }

    /// The subject must be the model that the manifest names.
    pub(crate) fn check_model(&self, name: &str) -> Result<()> {
        if self.model == name { Ok(()) } else { Err(wrong("subject")) }
    }
}

fn wrong(place: &str) -> Fault {
    Fault::new(&STATEMENT).arg("place", place)
}

/// The digest of every file but the signature.
pub(crate) fn digests(members: &Members) -> BTreeMap<String, Digest> {
    members
        .iter()
        .filter(|(path, _)| *path != names::SIGNATURE)
        .map(|(path, bytes)| (path.to_owned(), Digest::of(bytes)))
        .collect()
}

/// Compares what is there with what was signed.
pub(crate) fn compare(
    signed: &BTreeMap<String, Digest>,
    found: &BTreeMap<String, Digest>,
) -> Result<()> {
    let fault =
        |message, path: &str| Err(Fault::new(message).arg("name", names::shown(path.as_bytes())));
    for (path, digest) in signed {
        match found.get(path) {
            None => return fault(&FILE_REMOVED, path),
            Some(other) if other != digest => return fault(&FILE_CHANGED, path),
            Some(_) => {}
        }
    }
    match found.keys().find(|path| !signed.contains_key(*path)) {
        Some(path) => fault(&FILE_ADDED, path),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> BTreeMap<String, Digest> {
        ["a", "b/c"].map(|path| (path.to_owned(), Digest::of(path.as_bytes()))).into()
    }

    #[test]
    fn round_trip() {
        let bytes = Statement::new("m", &files()).to_json().unwrap();
        let signed = Signed::parse(&bytes).unwrap();
        assert_eq!(signed.files, files());
        signed.check_model("m").unwrap();
        assert_eq!(signed.check_model("n").unwrap_err().code(), "seal-statement");
    }

    #[test]
    fn weaker_statements_are_refused_although_signed() {
        let text = String::from_utf8(Statement::new("m", &files()).to_json().unwrap()).unwrap();
        let changes = [
            ("Statement/v1", "Statement/v0", "_type"),
            ("signature/v1.0", "Digests/v0.1", "predicateType"),
            (r#"["model.sig"]"#, r#"["model.sig","payload"]"#, "serialization"),
            (r#""allow_symlinks":false"#, r#""allow_symlinks":true"#, "serialization"),
            (r#""method":"files""#, r#""method":"shards""#, "serialization"),
            (r#""name":"b/c""#, r#""name":"../c""#, "resources"),
            (r#""name":"b/c""#, r#""name":"a""#, "resources"),
            (r#""name":"b/c""#, r#""name":"model.sig""#, "resources"),
            (r#""algorithm":"sha256""#, r#""algorithm":"md5""#, "resources"),
            (r#""digest":{"sha256":""#, r#""digest":{"sha256":"0"#, "subject"),
        ];
        for (from, to, reason) in changes {
            assert!(text.contains(from), "{from}");
            let fault = Signed::parse(text.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert_eq!(fault.code(), "seal-statement");
            assert!(fault.to_string().ends_with(&format!("(see {reason})")), "{fault}");
        }
    }

    #[test]
    fn differences_are_named() {
        let signed = files();
        let mut found = files();
        found.insert("b/c".into(), Digest::of(b"other"));
        assert!(compare(&signed, &found).unwrap_err().to_string().starts_with("`b/c` was changed"));
        found.remove("b/c");
        assert!(compare(&signed, &found).unwrap_err().to_string().starts_with("`b/c` was removed"));
        let mut found = files();
        found.insert("z".into(), Digest::of(b""));
        assert!(compare(&signed, &found).unwrap_err().to_string().starts_with("`z` was added"));
        compare(&signed, &files()).unwrap();
    }
}

//! `manifest.json`: what the package is, readable without any key.

use crate::instant;
use crate::messages::{FORMAT_UNSUPPORTED, LICENCE_EXPIRED, MANIFEST};
use ingot_base::{Digest, Fault, Result, Signature, Task, fault};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The package format this crate writes and reads.
pub const FORMAT: u32 = 1;

/// What a package says of itself; true once [`Package::verify`](crate::Package::verify) has passed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The package format.
    pub format: u32,
    /// The model's name.
    pub name: String,
    /// The model's version.
    pub version: String,
    /// The kind of question.
    pub task: Task,
    /// When it was sealed: RFC 3339, UTC.
    pub created: String,
    /// Until when it may be used; `None` for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<Licence>,
    /// For how many recipients the payloads are encrypted, the maker among them.
    pub recipients: usize,
    /// Versions of Ingot and of the engines that made the model, by name.
    pub engines: BTreeMap<String, String>,
    /// The encrypted parts; the first is the model itself.
    pub payloads: Vec<Payload>,
    /// What the model takes and what it answers.
    pub signature: Signature,
}

/// The right to use the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// The first moment at which the model is refused: RFC 3339, UTC.
    pub expires: String,
}

/// One encrypted part. Its cipher text stands in `payload/NAME.age`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// Its name.
    pub name: String,
    /// Bytes of the plain content.
    pub size: u64,
    /// SHA-256 of the plain content. (The cipher text differs at each sealing; the signature covers it.)
    pub digest: Digest,
}

impl Licence {
    /// Refuses a model whose licence is over at `now_ms` (milliseconds since the epoch); `name` and `version` are told.
    ///
    /// # Errors
    /// When it is over, or its end is no instant.
    pub fn check(&self, name: &str, version: &str, now_ms: i64) -> Result<()> {
        if instant::parse(&self.expires).is_some_and(|end| now_ms < end) {
            return Ok(());
        }
        Err(Fault::new(&LICENCE_EXPIRED)
            .arg("name", crate::names::shown(name.as_bytes()))
            .arg("version", version)
            .arg("expires", &self.expires))
    }
}

impl Manifest {
    /// Reads a manifest; the format comes first, because another format may mean anything else.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Probe {
            format: serde_json::Value,
        }
        let damaged = |error: serde_json::Error| Fault::new(&MANIFEST).arg("place", place(&error));
        let probe: Probe = serde_json::from_slice(bytes).map_err(damaged)?;
        if probe.format.as_u64() != Some(u64::from(FORMAT)) {
            let found = crate::names::shown(probe.format.to_string().as_bytes());
            return Err(Fault::new(&FORMAT_UNSUPPORTED).arg("found", found).arg("known", FORMAT));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(damaged)?;
        manifest.expires_ms()?;
        Ok(manifest)
    }

    pub(crate) fn to_json(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)
            .map_err(|error| fault::internal("manifest without a JSON form").because(error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The first moment, in milliseconds since the epoch, at which the licence is over; `None` when it never is.
    pub(crate) fn expires_ms(&self) -> Result<Option<i64>> {
        let Some(licence) = &self.licence else { return Ok(None) };
        match instant::parse(&licence.expires) {
            Some(end) => Ok(Some(end)),
            None => Err(Fault::new(&MANIFEST).arg("place", "`licence.expires`")),
        }
    }
}

/// Where JSON went wrong, line and column, without quoting what stands there.
pub(crate) fn place(error: &serde_json::Error) -> String {
    format!("{}:{}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_format_is_refused_by_its_number_before_anything_else() {
        for (text, code) in [
            (r#"{"format":2,"unheard":"of"}"#, "seal-format-unsupported"),
            (r#"{"format":"1"}"#, "seal-format-unsupported"),
            (r#"{"format":1}"#, "seal-manifest"),
            ("{}", "seal-manifest"),
            ("", "seal-manifest"),
        ] {
            assert_eq!(Manifest::parse(text.as_bytes()).unwrap_err().code(), code, "{text}");
        }
        let fault = Manifest::parse(br#"{"format":2}"#).unwrap_err();
        assert!(fault.to_string().contains('2'), "{fault}");
    }
}

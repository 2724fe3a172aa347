//! What is deployed, and the names it takes outside.

use crate::messages;
use ingot_base::{Fault, Result};

/// The model a deployment is about: name and version as its package states them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    name: String,
    version: String,
    slug: String,
}

impl Subject {
    /// Checks that the names can be used for images, files and Kubernetes objects.
    ///
    /// # Errors
    /// When the name has no Latin letter or is too long, or the version is no image tag.
    pub fn new(name: &str, version: &str) -> Result<Self> {
        let slug = slug(name);
        let usable = slug.starts_with(|c: char| c.is_ascii_lowercase()) && slug.len() <= 40;
        if !usable || !name.chars().all(is_file_char) {
            return Err(Fault::new(&messages::NAME_UNUSABLE).arg("name", name));
        }
        let tag = version.starts_with(|c: char| c.is_ascii_alphanumeric())
            && version.len() <= 60
            && version.chars().all(is_file_char)
            && version.ends_with(|c: char| c.is_ascii_alphanumeric());
        if !tag {
            return Err(Fault::new(&messages::VERSION_UNUSABLE).arg("version", version));
        }
        Ok(Self { name: name.to_owned(), version: version.to_owned(), slug })
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The model's version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The name as Kubernetes takes it (RFC 1123 label, at most 40 characters, so that suffixes fit into 63).
    pub fn slug(&self) -> &str {
        &self.slug
    }

    /// The package's path in the image.
    pub fn package_path(&self) -> String {
        format!("/model/{}-{}.ingot", self.name, self.version)
    }
}

fn is_file_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

fn slug(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-')
        .trim_start_matches(|c: char| c.is_ascii_digit() || c == '-')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_fit_and_names_that_do_not() {
        assert_eq!(Subject::new("Credit_Risk.v2", "1.0.0").unwrap().slug(), "credit-risk-v2");
        for name in ["", "信用", "a/b", "--", "9", &"x".repeat(41)] {
            let fault = Subject::new(name, "1").unwrap_err();
            assert_eq!(fault.code(), "deploy-name-unusable", "{name}");
        }
        for version in ["", "1 0", "-1", "1.", "1+build", &"1".repeat(61)] {
            let fault = Subject::new("a", version).unwrap_err();
            assert_eq!(fault.code(), "deploy-version-unusable", "{version}");
        }
    }
}

//! OCI images, Kubernetes manifests and monitoring from a sealed package.
//!
//! This crate runs nothing and reaches no network: it writes files that standard tools read (`skopeo`, `umoci`, `runc`,
//! `kubectl`, `promtool`, Grafana). It knows names, paths and ports, never the contents of a package, and no key material:
//! secrets are mounted where [`image`](mod@image) says when a container starts.

mod elf;
pub mod image;
pub mod kubernetes;
mod layer;
mod libraries;
pub mod messages;
pub mod metrics;
pub mod monitoring;
mod subject;

pub use image::{Image, ImageOptions, image};
pub use kubernetes::{KubernetesOptions, kubernetes};
pub use messages::MESSAGES;
pub use monitoring::{MonitoringOptions, monitoring};
pub use subject::Subject;

use ingot_base::{Result, atomic};
use std::path::{Path, PathBuf};

/// Files to write: a relative name and the text.
pub type Files = Vec<(String, String)>;

/// Writes files into a folder, which is made when missing, and answers their paths.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path, files: &[(String, String)]) -> Result<Vec<PathBuf>> {
    files
        .iter()
        .map(|(name, text)| {
            let path = folder.join(name);
            atomic::write(&path, text.as_bytes())?;
            Ok(path)
        })
        .collect()
}

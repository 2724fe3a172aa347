//! TLS with rustls: version 1.2 and 1.3, ring's primitives.

use crate::config::TlsFiles;
use crate::messages::TLS;
use ingot_base::{Fault, Result, atomic};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::error::Error;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// Most bytes of a PEM file.
const LIMIT: u64 = 1 << 20;

/// Reads certificate and key.
pub(crate) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor> {
    let cert = atomic::read(&files.cert, LIMIT)?;
    let key = atomic::read(&files.key, LIMIT)?;
    let build = || -> std::result::Result<ServerConfig, Box<dyn Error + Send + Sync>> {
        let chain =
            CertificateDer::pem_slice_iter(&cert).collect::<std::result::Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(&key)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    };
    match build() {
        Ok(config) => Ok(TlsAcceptor::from(Arc::new(config))),
        Err(error) => Err(Fault::new(&TLS)
            .arg("cert", files.cert.display())
            .arg("key", files.key.display())
            .because(error)),
    }
}

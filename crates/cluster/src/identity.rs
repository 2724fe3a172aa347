//! Who is who: certificates of one cluster, and the TLS settings that trust nothing else.

use crate::messages::IDENTITY;
use ingot_base::{Fault, Result, Secret, atomic};
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::error::Error;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most bytes of a PEM file.
const LIMIT: u64 = 1 << 20;

/// What a machine does in a cluster; each role has a certificate of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Hands pieces out.
    Scheduler,
    /// Does them.
    Executor,
    /// Has them done: whoever runs a recipe.
    Client,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Scheduler, Self::Executor, Self::Client];

    /// The name of its files, and in its certificate.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduler => "scheduler",
            Self::Executor => "executor",
            Self::Client => "client",
        }
    }

    /// The name by which a certificate says what its holder may be.
    pub(crate) fn server_name(self) -> String {
        format!("{}.ingot", self.as_str())
    }
}

/// Certificate, key and authority of one role, read from a folder.
#[derive(Debug)]
pub struct Identity {
    folder: PathBuf,
    role: Role,
    authority: Vec<u8>,
    certificate: Vec<u8>,
    key: Secret<Vec<u8>>,
}

type Any = Box<dyn Error + Send + Sync>;

impl Identity {
    /// Reads `authority.pem`, `ROLE.pem` and `ROLE.key` of a folder.
    ///
    /// # Errors
    /// When a file is missing, or others than its owner and group may read the key.
    pub fn read(folder: &Path, role: Role) -> Result<Self> {
        let key = folder.join(format!("{}.key", role.as_str()));
        let mode = std::fs::metadata(&key).map_or(0, |found| found.permissions().mode());
        let identity = |error: Any| unusable(folder, role).because(error);
        if mode & 0o007 != 0 {
            return Err(identity(
                format!("`{}` can be read by everyone: chmod 600", key.display()).into(),
            ));
        }
        let read = |path: PathBuf| {
            atomic::read(&path, LIMIT).map_err(|fault| identity(fault.to_string().into()))
        };
        let own = Self {
            folder: folder.to_owned(),
            role,
            authority: read(folder.join("authority.pem"))?,
            certificate: read(folder.join(format!("{}.pem", role.as_str())))?,
            key: Secret::new(read(key)?),
        };
        // A file under another role's name would be taken for that role by the other side.
        match peer_role(Some(&own.chain().map_err(identity)?)) {
            Some(found) if found == role => Ok(own),
            found => {
                let found = found.map_or("none", Role::as_str);
                Err(identity(format!("the certificate's role is {found}").into()))
            }
        }
    }

    /// TLS of the scheduler: whoever comes must show a certificate of the cluster.
    pub(crate) fn server(&self) -> Result<Arc<ServerConfig>> {
        let build = || -> std::result::Result<ServerConfig, Any> {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let verifier = WebPkiClientVerifier::builder_with_provider(
                Arc::new(self.roots()?),
                Arc::clone(&provider),
            )
            .build()?;
            Ok(ServerConfig::builder_with_provider(provider)
                .with_protocol_versions(&[&rustls::version::TLS13])?
                .with_client_cert_verifier(verifier)
                .with_single_cert(self.chain()?, self.private_key()?)?)
        };
        build().map(Arc::new).map_err(|error| unusable(&self.folder, self.role).because(error))
    }

    /// TLS towards the scheduler, which must show the certificate of that role.
    pub(crate) fn client(&self) -> Result<Arc<ClientConfig>> {
        let build = || -> std::result::Result<ClientConfig, Any> {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            Ok(ClientConfig::builder_with_provider(provider)
                .with_protocol_versions(&[&rustls::version::TLS13])?
                .with_root_certificates(self.roots()?)
                .with_client_auth_cert(self.chain()?, self.private_key()?)?)
        };
        build().map(Arc::new).map_err(|error| unusable(&self.folder, self.role).because(error))
    }

    fn roots(&self) -> std::result::Result<RootCertStore, Any> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&self.authority) {
            roots.add(certificate?)?;
        }
        Ok(roots)
    }

    fn chain(&self) -> std::result::Result<Vec<CertificateDer<'static>>, Any> {
        Ok(CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<std::result::Result<Vec<_>, _>>()?)
    }

    fn private_key(&self) -> std::result::Result<PrivateKeyDer<'static>, Any> {
        Ok(PrivateKeyDer::from_pem_slice(self.key.expose())?)
    }
}

fn unusable(folder: &Path, role: Role) -> Fault {
    Fault::new(&IDENTITY).arg("folder", folder.display()).arg("role", role.as_str())
}

/// The role that the other side's certificate was made for.
pub(crate) fn peer_role(certificates: Option<&[CertificateDer<'_>]>) -> Option<Role> {
    let certificate = ParsedCertificate::try_from(certificates?.first()?).ok()?;
    Role::ALL.into_iter().find(|role| {
        ServerName::try_from(role.server_name())
            .is_ok_and(|name| verify_server_name(&certificate, &name).is_ok())
    })
}

//! How a connection to PostgreSQL is protected: rows on their way are as private as rows at rest.
//!
//! Another machine is reached with TLS and a certificate that verifies, or not at all; `sslmode=disable` in the address goes without, in
//! words that can be read in the recipe. On the same machine nothing needs protection unless it is asked for.
//! `sslrootcert=FILE` (libpq's name) gives the authorities that count instead of those the machine trusts; a relative path starts at
//! the recipe's folder.

use crate::config::SourceConfig;
use crate::messages::{POSTGRES_AUTHORITY, POSTGRES_CONNECT};
use ingot_base::Fault;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

type Any = Box<dyn std::error::Error + Send + Sync>;

/// Where to connect, and how.
#[derive(Debug)]
struct Route {
    config: Config,
    /// Authorities named by the address.
    authorities: Option<PathBuf>,
}

/// Connects; the task drives the connection until it is aborted or the client is gone.
pub(crate) async fn connect(
    base_dir: &Path,
    source: &SourceConfig,
) -> Result<(Client, JoinHandle<()>), Fault> {
    let unreached =
        |error: Any| Fault::new(&POSTGRES_CONNECT).arg("source", &source.name).because(error);
    let Route { config, authorities } = Route::new(&source.uri).map_err(unreached)?;
    if config.get_ssl_mode() == SslMode::Disable {
        let (client, connection) =
            config.connect(NoTls).await.map_err(|error| unreached(error.into()))?;
        // How a connection ended is told by the query that waits on it.
        return Ok((client, tokio::spawn(async move { drop(connection.await) })));
    }
    let roots = match authorities {
        Some(file) => named(&source.name, &base_dir.join(file))?,
        None => trusted(),
    };
    let tls = MakeRustlsConnect::new(trusting(roots).map_err(unreached)?);
    let (client, connection) =
        config.connect(tls).await.map_err(|error| unreached(error.into()))?;
    Ok((client, tokio::spawn(async move { drop(connection.await) })))
}

impl Route {
    fn new(uri: &str) -> Result<Self, Any> {
        // A password may hold a question mark: parameters stand behind the server's name.
        let (before, server) =
            uri.split_once('@').map_or(("", uri), |(user, server)| (user, server));
        let (server, parameters) = server.split_once('?').unwrap_or((server, ""));
        let (mut authorities, mut protected) = (None, false);
        let mut kept = Vec::new();
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslrootcert", path)) => authorities = Some(PathBuf::from(path)),
                // A certificate that is asked for is always verified, its name too.
                Some(("sslmode", "verify-ca" | "verify-full" | "require")) => protected = true,
                _ => kept.push(parameter),
            }
        }
        let user = if before.is_empty() { String::new() } else { format!("{before}@") };
        let mut config = Config::from_str(&format!("{user}{server}?{}", kept.join("&")))?;
        // Of the modes that are left only this one is said in so many words.
        let without = config.get_ssl_mode() == SslMode::Disable;
        let asked = protected || authorities.is_some();
        config.ssl_mode(if asked || !(without || local(&config)) {
            SslMode::Require
        } else {
            SslMode::Disable
        });
        Ok(Self { config, authorities })
    }
}

/// Whether every server that may answer is on this machine.
fn local(config: &Config) -> bool {
    let named = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    });
    named && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// The authorities of a file: one at least.
fn named(source: &str, file: &Path) -> Result<RootCertStore, Fault> {
    let unusable =
        || Fault::new(&POSTGRES_AUTHORITY).arg("source", source).arg("path", file.display());
    let mut roots = RootCertStore::empty();
    let mut read = || -> Result<(), Any> {
        for certificate in CertificateDer::pem_file_iter(file)? {
            roots.add(certificate?)?;
        }
        Ok(())
    };
    read().map_err(|error| unusable().because(error))?;
    if roots.is_empty() { Err(unusable()) } else { Ok(roots) }
}

/// The authorities that the machine trusts. Some of its many certificates may be unreadable: the others count.
fn trusted() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn trusting(roots: RootCertStore) -> Result<ClientConfig, Any> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(uri: &str) -> SslMode {
        Route::new(uri).unwrap().config.get_ssl_mode()
    }

    #[test]
    fn an_authority_that_cannot_be_read_is_named_from_the_recipes_folder() {
        let folder = tempfile::tempdir().unwrap();
        let garbled = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (name, text) in [("empty.pem", ""), ("notes.pem", "no PEM\n"), ("bad.pem", garbled)] {
            ingot_base::atomic::write(&folder.path().join(name), text.as_bytes()).unwrap();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for name in ["empty.pem", "notes.pem", "bad.pem", "absent.pem"] {
            let source = SourceConfig {
                name: "bank".to_owned(),
                uri: format!("postgres://me:secret@127.0.0.1:1/loans?sslrootcert={name}"),
                weight: 1.0,
                query: None,
                format: None,
                encoding: None,
                rename: std::collections::BTreeMap::new(),
                identities: std::collections::BTreeMap::new(),
                named: None,
            };
            let fault = runtime.block_on(connect(folder.path(), &source)).err().unwrap();
            assert_eq!(fault.code(), "data-postgres-authority", "{name}");
            let path = folder.path().join(name).display().to_string();
            assert!(fault.to_string().contains(&path), "{fault}");
            assert!(!fault.to_string().contains("secret"), "{fault}");
        }
    }

    #[test]
    fn another_machine_is_reached_protected_unless_the_address_says_otherwise() {
        for remote in [
            "postgres://bank@db.example:5432/loans",
            "postgres://bank@10.0.0.7/loans?application_name=a",
            "postgres://bank@localhost,db.example/loans",
            "postgres://bank@localhost/loans?hostaddr=10.0.0.7",
            "postgres://bank@127.0.0.1/loans?sslmode=verify-full",
            "postgres://bank@127.0.0.1/loans?sslrootcert=ca.pem",
            "postgres://bank@db.example/loans?sslmode=prefer",
            "postgres://bank:a?sslmode=disable&b@db.example/loans",
            "postgres://bank@db.example/loans?application_name=sslmode=disable",
            "postgres://bank@db.example/loans?sslmode=disable&sslrootcert=ca.pem",
        ] {
            assert_eq!(mode(remote), SslMode::Require, "{remote}");
        }
        for local in [
            "postgres://bank@127.0.0.1:5432/loans",
            "postgres://bank@localhost/loans",
            "postgres://bank@%2Frun%2Fpostgresql/loans",
            "postgres://bank@db.example/loans?sslmode=disable",
        ] {
            assert_eq!(mode(local), SslMode::Disable, "{local}");
        }
        assert!(Route::new("postgres://bank@db/loans?sslmode=perhaps").is_err());
    }
}

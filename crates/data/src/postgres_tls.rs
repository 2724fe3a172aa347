//! How a connection to PostgreSQL is protected: rows on their way are as private as rows at rest.
//!
//! Another machine is reached with TLS and a certificate that verifies, or not at all; `sslmode=disable` in the address goes without, in
//! words that can be read in the recipe. On the same machine nothing needs protection unless it is asked for.
//! `sslrootcert=FILE` (libpq's name) gives the authorities that count instead of those the machine trusts.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::net::IpAddr;
use std::path::PathBuf;
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
pub(crate) async fn connect(uri: &str) -> Result<(Client, JoinHandle<()>), Any> {
    let Route { config, authorities } = Route::new(uri)?;
    if config.get_ssl_mode() == SslMode::Disable {
        let (client, connection) = config.connect(NoTls).await?;
        // How a connection ended is told by the query that waits on it.
        return Ok((client, tokio::spawn(async move { drop(connection.await) })));
    }
    let tls = MakeRustlsConnect::new(trusting(authorities.as_ref())?);
    let (client, connection) = config.connect(tls).await?;
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

fn trusting(authorities: Option<&PathBuf>) -> Result<ClientConfig, Any> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(path) => {
            for certificate in CertificateDer::pem_file_iter(path)? {
                roots.add(certificate?)?;
            }
        }
        // Some of a machine's many certificates may be unreadable: the others count.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
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

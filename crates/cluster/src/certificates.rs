//! Certificates of one cluster. The authority's key is never written: nobody can add a machine to a set that is made.

use crate::identity::Role;
use crate::messages::CERTIFICATES;
use ingot_base::{Fault, Result, atomic, clock};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::path::{Path, PathBuf};

/// What was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Certificates {
    /// The authority's certificate, which every machine needs.
    pub authority: PathBuf,
    /// Certificate and key of each role.
    pub roles: Vec<(Role, PathBuf, PathBuf)>,
}

/// Makes an authority and a certificate for each role, good for `days` from `now` (seconds since 1970).
///
/// # Errors
/// When a file cannot be written.
pub fn write_certificates(folder: &Path, now: i64, days: u32) -> Result<Certificates> {
    let failed = |error: rcgen::Error| {
        Fault::new(&CERTIFICATES).arg("host", Role::Scheduler.server_name()).because(error)
    };
    let key = KeyPair::generate().map_err(failed)?;
    let mut params = named("Ingot cluster", Vec::new(), now, days).map_err(failed)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = params.self_signed(&key).map_err(failed)?;
    let issuer = Issuer::new(params, key);
    let authority_path = folder.join("authority.pem");
    let mut roles = Vec::new();
    for role in Role::ALL {
        let (certificate, key) = one(role, &issuer, now, days).map_err(failed)?;
        let path = folder.join(format!("{}.pem", role.as_str()));
        let key_path = folder.join(format!("{}.key", role.as_str()));
        atomic::write_private(&key_path, key.as_bytes())?;
        atomic::write(&path, certificate.as_bytes())?;
        roles.push((role, path, key_path));
    }
    atomic::write(&authority_path, authority.pem().as_bytes())?;
    Ok(Certificates { authority: authority_path, roles })
}

fn one(
    role: Role,
    issuer: &Issuer<'_, KeyPair>,
    now: i64,
    days: u32,
) -> std::result::Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = named(role.as_str(), vec![role.server_name()], now, days)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![match role {
        Role::Scheduler => ExtendedKeyUsagePurpose::ServerAuth,
        Role::Executor | Role::Client => ExtendedKeyUsagePurpose::ClientAuth,
    }];
    let certificate = params.signed_by(&key, issuer)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn named(
    name: &str,
    hosts: Vec<String>,
    now: i64,
    days: u32,
) -> std::result::Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(hosts)?;
    params.distinguished_name.push(DnType::CommonName, name);
    let midnight = |seconds| {
        let (year, month, day) = clock::date(seconds);
        rcgen::date_time_ymd(year, month, day)
    };
    params.not_before = midnight(now - 86_400);
    params.not_after = midnight(now + i64::from(days) * 86_400);
    Ok(params)
}

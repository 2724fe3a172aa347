//! Certificates of one cluster. The authority's key is never written: nobody can add a machine to a set that is made.

use crate::identity::Role;
use crate::messages::CERTIFICATES;
use ingot_base::{Fault, Result, atomic};
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
    let (year, month, day) = date(now - 86_400);
    params.not_before = rcgen::date_time_ymd(year, month, day);
    let (year, month, day) = date(now + i64::from(days) * 86_400);
    params.not_after = rcgen::date_time_ymd(year, month, day);
    Ok(params)
}

/// Year, month and day (UTC) of seconds since 1970: Howard Hinnant's `civil_from_days`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "months, days and years of this era are small"
)]
fn date(seconds: i64) -> (i32, u8, u8) {
    let days = seconds.div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    ((year + era * 400 + i64::from(month <= 2)) as i32, month as u8, day as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_known_instants() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(951_782_400), (2000, 2, 29));
        assert_eq!(date(1_795_651_200), (2026, 11, 26));
        assert_eq!(date(-1), (1969, 12, 31));
    }
}

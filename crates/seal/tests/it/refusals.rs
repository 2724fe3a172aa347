//! Each way a package can be wrong has its own message, and exit code 3.

use crate::support::{Bench, NOW_MS};
use ingot_base::{Class, Fault, Lang, atomic};
use ingot_seal::{Keyring, Package, PublicKey};
use std::path::Path;

fn check(path: &Path, trusted: &[PublicKey], now_ms: i64) -> Result<(), Fault> {
    Package::read(path)?.verify(trusted, now_ms)
}

fn trusted(bench: &Bench) -> [PublicKey; 1] {
    [PublicKey::from_pem(&bench.keyring.public_key_pem()).unwrap()]
}

/// The package unpacked, to be changed.
fn unpacked(bench: &Bench) -> std::path::PathBuf {
    let folder = bench.path("unpacked");
    let package = Package::from_bytes(bench.bytes()).unwrap();
    package.unpack(&folder).unwrap();
    check(&folder, &trusted(bench), NOW_MS).unwrap();
    assert_eq!(Package::read(&folder).unwrap().digest(), package.digest());
    folder
}

#[track_caller]
fn refused(result: Result<(), Fault>, code: &str, part: &str) {
    let fault = result.unwrap_err();
    assert_eq!(fault.code(), code, "{fault}");
    assert_eq!(fault.message().class, Class::Refused);
    assert_eq!(fault.message().class.exit_code(), 3);
    for lang in [Lang::En, Lang::Zh] {
        let text = fault.render(lang);
        assert!(text.contains(part) && !text.contains('{'), "{text}");
        assert!(!fault.hint(lang).unwrap_or_default().contains('{'));
    }
}

#[test]
fn an_untouched_package_passes() {
    let bench = Bench::new();
    let sealed = bench.seal_with(|_| ()).unwrap();
    check(&sealed.path, &trusted(&bench), NOW_MS).unwrap();
    assert_eq!(ingot_base::Digest::of_file(&sealed.path).unwrap(), sealed.digest);
}

#[test]
fn a_file_that_is_no_archive_is_no_package_and_one_that_ends_early_is_cut_off() {
    let bench = Bench::new();
    let path = bench.path("no.ingot");
    for bytes in [&b"hi\n"[..], b"", &b"id,income\n1,2\n".repeat(99)] {
        atomic::write(&path, bytes).unwrap();
        refused(Package::read(&path).map(drop), "seal-not-package", "no.ingot");
    }
    atomic::write(&path, &bench.bytes()[..700]).unwrap();
    refused(Package::read(&path).map(drop), "seal-truncated", "700");
}

#[test]
fn what_is_no_public_key_is_told_once() {
    use std::error::Error as _;
    let fault = PublicKey::from_pem("id,income\n1,2\n").unwrap_err();
    assert_eq!(fault.code(), "seal-public-key");
    assert!(fault.source().is_some_and(|cause| cause.source().is_none()));
}

#[test]
fn any_single_flipped_byte_is_refused() {
    let bench = Bench::new();
    let bytes = bench.bytes();
    let trusted = trusted(&bench);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        // Bits in turn, so that every bit position and every byte is met; case and sign bits among them.
        changed[at] ^= 1 << (at % 8);
        let result =
            Package::from_bytes(changed).and_then(|package| package.verify(&trusted, NOW_MS));
        let fault = result.expect_err(&format!("byte {at} may be flipped unseen"));
        assert_eq!(fault.message().class, Class::Refused, "byte {at}: {fault}");
    }
}

#[test]
fn changed_added_and_removed_files_are_named() {
    let bench = Bench::new();
    let folder = unpacked(&bench);
    let trusted = trusted(&bench);
    for name in [
        "card/training.html",
        "payload/model.txt.age",
        "lineage.json",
        "bom.cdx.json",
        "manifest.json",
    ] {
        let path = folder.join(name);
        let whole = std::fs::read(&path).unwrap();
        let mut changed = whole.clone();
        // A blank for a line feed keeps JSON valid, so that the signature, not the parser, finds it.
        match changed.iter().position(|byte| *byte == b'\n') {
            Some(at) if name.contains(".json") => changed[at] = b' ',
            _ => changed[0] ^= 1,
        }
        atomic::write(&path, &changed).unwrap();
        refused(check(&folder, &trusted, NOW_MS), "seal-file-changed", name);
        std::fs::remove_file(&path).unwrap();
        refused(check(&folder, &trusted, NOW_MS), "seal-file-removed", name);
        atomic::write(&path, &whole).unwrap();
    }
    for name in ["card/extra.html", "payload/more.age", "extra", ".gitignore", "a b"] {
        atomic::write(&folder.join(name), b"x").unwrap();
        refused(check(&folder, &trusted, NOW_MS), "seal-file-added", name);
        std::fs::remove_file(folder.join(name)).unwrap();
    }
    check(&folder, &trusted, NOW_MS).unwrap();
}

#[test]
fn another_name_in_the_manifest_is_a_changed_manifest() {
    let bench = Bench::new();
    let folder = unpacked(&bench);
    let path = folder.join("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap().replace("credit-risk", "credit-risl");
    atomic::write(&path, text.as_bytes()).unwrap();
    refused(check(&folder, &trusted(&bench), NOW_MS), "seal-file-changed", "manifest.json");
}

#[test]
fn signatures_missing_malformed_foreign_or_false() {
    let bench = Bench::new();
    let folder = unpacked(&bench);
    let ours = trusted(&bench);
    let other = Keyring::create(&bench.path("other")).unwrap();
    let stranger = [other.public_key().clone()];
    refused(check(&folder, &stranger, NOW_MS), "seal-signer-unknown", &ours[0].fingerprint());

    let path = folder.join("model.sig");
    let text = std::fs::read_to_string(&path).unwrap();
    atomic::write(&path, b"{}").unwrap();
    refused(check(&folder, &ours, NOW_MS), "seal-signature-malformed", "model.sig");
    let stolen = text.replace(&ours[0].fingerprint(), &stranger[0].fingerprint());
    atomic::write(&path, stolen.as_bytes()).unwrap();
    refused(check(&folder, &stranger, NOW_MS), "seal-signature-invalid", "model.sig");
    std::fs::remove_file(&path).unwrap();
    refused(check(&folder, &ours, NOW_MS), "seal-signature-missing", "model.sig");
}

#[test]
fn a_licence_ends_on_its_first_moment() {
    let bench = Bench::new();
    let sealed = bench.seal_with(|job| job.licence_expires = Some("2026-11-22".into())).unwrap();
    let end = 1_795_392_000_000; // 2026-11-23T00:00:00Z
    check(&sealed.path, &trusted(&bench), end - 1).unwrap();
    refused(
        check(&sealed.path, &trusted(&bench), end),
        "seal-licence-expired",
        "2026-11-23T00:00:00Z",
    );
    let endless = bench.seal_with(|job| job.licence_expires = None).unwrap();
    check(&endless.path, &trusted(&bench), i64::MAX).unwrap();
}

#[test]
fn a_format_of_the_future_is_refused_by_its_number() {
    let bench = Bench::new();
    let folder = unpacked(&bench);
    let path = folder.join("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap().replace("\"format\": 1", "\"format\": 7");
    atomic::write(&path, text.as_bytes()).unwrap();
    refused(check(&folder, &trusted(&bench), NOW_MS), "seal-format-unsupported", "7");
}

#[cfg(unix)]
#[test]
fn links_in_an_unpacked_folder_are_refused() {
    let bench = Bench::new();
    let folder = unpacked(&bench);
    let path = folder.join("card/training.html");
    let elsewhere = bench.path("training.html");
    std::fs::copy(&path, &elsewhere).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    refused(check(&folder, &trusted(&bench), NOW_MS), "seal-link", "card/training.html");
}

#[test]
fn something_else_entirely_is_refused() {
    let bench = Bench::new();
    let path = bench.path("not.ingot");
    for bytes in [&b""[..], b"PK\x03\x04", &[0; 1024], &[b'x'; 4096]] {
        atomic::write(&path, bytes).unwrap();
        assert_eq!(check(&path, &[], 0).unwrap_err().message().class, Class::Refused);
    }
    let missing = check(&bench.path("missing.ingot"), &[], 0).unwrap_err();
    assert_eq!(missing.code(), "base-file-read");
}

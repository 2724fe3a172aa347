//! What tools that nobody here wrote say: age, OpenSSF's `model_signing`, a CycloneDX validator, tar.

use crate::support::{Bench, CANARY, run, succeed, tool};
use ingot_base::atomic;
use ingot_seal::Package;
use std::process::Command;

#[test]
fn age_decrypts_a_payload() {
    let Some(mut age) = tool("INGOT_TEST_AGE", "age") else { return };
    let bench = Bench::new();
    let folder = bench.path("unpacked");
    Package::from_bytes(bench.bytes()).unwrap().unpack(&folder).unwrap();
    age.arg("-d")
        .arg("-i")
        .arg(bench.path("keys/identity.txt"))
        .arg(folder.join("payload/model.txt.age"));
    assert_eq!(succeed(&mut age), CANARY);
}

#[test]
fn we_decrypt_for_an_identity_that_age_made() {
    let Some(mut keygen) = tool("INGOT_TEST_AGE_KEYGEN", "age-keygen") else { return };
    let bench = Bench::new();
    let identity = bench.path("their.txt");
    atomic::write_private(&identity, &succeed(&mut keygen)).unwrap();
    let identity = ingot_seal::Identity::read(&identity).unwrap();
    let sealed = bench.seal_with(|job| job.recipients = vec![identity.recipient()]).unwrap();
    let package = Package::read(&sealed.path).unwrap();
    assert_eq!(package.decrypt("model.txt", &identity).unwrap().expose(), CANARY);
}

#[test]
fn model_signing_verifies_the_unpacked_folder_and_sees_changes() {
    let Some(tool) = tool("INGOT_TEST_MODEL_SIGNING", "model_signing") else { return };
    let bench = Bench::new();
    let folder = bench.path("unpacked");
    Package::from_bytes(bench.bytes()).unwrap().unpack(&folder).unwrap();
    let verify = |key: &str| {
        let mut command = Command::new(tool.get_program());
        command.current_dir(&folder).args([
            "verify",
            "key",
            ".",
            "--signature",
            "model.sig",
            "--public_key",
        ]);
        run(command.arg(bench.path(key)))
    };
    let said = verify("keys/signing.pub");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let mut inside = Command::new(tool.get_program());
    inside.current_dir(&folder).args([
        "verify",
        "key",
        ".",
        "--signature",
        "model.sig",
        "--public_key",
    ]);
    succeed(inside.arg(bench.path("keys/signing.pub")));

    ingot_seal::Keyring::create(&bench.path("other")).unwrap();
    assert!(!verify("other/signing.pub").status.success(), "a stranger's key");
    let card = folder.join("card/training.html");
    let whole = std::fs::read(&card).unwrap();
    atomic::write(&card, b"changed").unwrap();
    let said = verify("keys/signing.pub");
    assert!(!said.status.success());
    assert!(String::from_utf8_lossy(&said.stderr).contains("card/training.html"));
    atomic::write(&card, &whole).unwrap();
    atomic::write(&folder.join("card/more.html"), b"").unwrap();
    assert!(!verify("keys/signing.pub").status.success(), "an added file");
}

#[test]
fn a_cyclonedx_validator_accepts_the_bill_of_materials() {
    let Some(mut python) = tool("INGOT_TEST_CYCLONEDX_PYTHON", "python") else { return };
    let bench = Bench::new();
    let full = bench.path("full");
    Package::from_bytes(bench.bytes()).unwrap().unpack(&full).unwrap();
    let bare = bench.path("bare");
    let sealed = bench.seal_with(|job| job.bom = ingot_seal::Bom::default()).unwrap();
    Package::read(&sealed.path).unwrap().unpack(&bare).unwrap();
    let broken = bench.path("broken.json");
    let text = std::fs::read_to_string(full.join("bom.cdx.json")).unwrap();
    assert!(text.contains("\"machine-learning-model\""));
    atomic::write(&broken, text.replace("machine-learning-model", "oracle").as_bytes()).unwrap();
    python.arg("-c").arg(VALIDATE).args([
        full.join("bom.cdx.json"),
        bare.join("bom.cdx.json"),
        broken,
    ]);
    let said = succeed(&mut python);
    assert_eq!(String::from_utf8_lossy(&said).trim(), "valid valid invalid");
}

/// Says `valid` or `invalid` for each file, by the strict JSON schema of CycloneDX 1.7.
const VALIDATE: &str = "
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
validator = JsonStrictValidator(SchemaVersion.V1_7)
def verdict(path):
    error = validator.validate_str(open(path, encoding='utf-8').read())
    if error and not path.endswith('broken.json'):
        print(error, file=sys.stderr)
    return 'invalid' if error else 'valid'
print(*[verdict(path) for path in sys.argv[1:]])
";

#[test]
fn tar_unpacks_a_package() {
    let Some(mut tar) = tool("INGOT_TEST_TAR", "tar") else { return };
    let bench = Bench::new();
    let sealed = bench.seal_with(|_| ()).unwrap();
    let folder = bench.path("by-tar");
    std::fs::create_dir(&folder).unwrap();
    tar.arg("-xf").arg(&sealed.path).arg("-C").arg(&folder);
    succeed(&mut tar);
    let package = Package::read(&folder).unwrap();
    package.verify(&[bench.keyring.public_key().clone()], 0).unwrap();
    assert_eq!(package.digest(), Package::read(&sealed.path).unwrap().digest());
}

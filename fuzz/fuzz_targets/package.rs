//! Any bytes are no package, or one that is refused: nobody makes a signature by chance. The input is bytes as they are, and
//! also a list of changes to a package that is right: places (three bytes) and what stands there.
#![no_main]

use ingot_base::{Field, FieldKind, Output, Secret, Signature, Tabular, Task};
use ingot_seal::{Bom, Keyring, Package, SealJob, seal};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// 2026-11-23T08:00:00Z.
const NOW_MS: i64 = 1_795_420_800_000;

static WHOLE: LazyLock<(Keyring, Vec<u8>)> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a folder");
    let keyring = Keyring::create(&dir.path().join("keys")).expect("keys");
    let number = FieldKind::Number { min: 0.0, max: 9.0, integer: true };
    let signature = Signature {
        task: Task::Tabular(Tabular::Binary),
        inputs: vec![Field::new("age", number, false)],
        output: Output::Binary {
            target: "risk".into(),
            positive: "bad".into(),
            negative: "good".into(),
            threshold: 0.5,
        },
    };
    let output = dir.path().join("fuzz-1.0.0.ingot");
    let job = SealJob {
        name: "fuzz",
        version: "1.0.0",
        task: Task::Tabular(Tabular::Binary),
        signature: &signature,
        created: "2026-11-23T08:00:00Z".into(),
        payloads: vec![("model.txt".into(), Secret::new(b"tree".to_vec()))],
        card: vec![("training.html".into(), b"<title>t</title>".to_vec())],
        lineage: serde_json::json!({ "format": 1 }),
        bom: Bom::default(),
        recipients: Vec::new(),
        licence_expires: None,
        output: &output,
    };
    seal(&job, &keyring).expect("a package");
    (keyring, std::fs::read(&output).expect("its bytes"))
});

fn refused(bytes: Vec<u8>) {
    let Ok(package) = Package::from_bytes(bytes) else { return };
    let trusted = [WHOLE.0.public_key().clone()];
    assert!(package.verify(&trusted, NOW_MS).is_err(), "a changed package passed");
    for name in package.payloads() {
        let _ = package.decrypt(&name, WHOLE.0.identity());
    }
    let _ =
        (package.lineage(), package.bom(), package.card(), package.digest(), package.manifest());
}

fuzz_target!(|bytes: &[u8]| {
    refused(bytes.to_vec());
    let mut changed = WHOLE.1.clone();
    for change in bytes.chunks_exact(4) {
        let [high, middle, low, byte] = *change else { continue };
        let place = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        let place = place % changed.len();
        if let Some(slot) = changed.get_mut(place) {
            *slot = byte;
        }
    }
    if changed != WHOLE.1 {
        refused(changed);
    }
});

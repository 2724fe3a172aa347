//! Bytes nobody would call a package.

use crate::support::{Bench, NOW_MS};
use ingot_seal::Package;
use proptest::prelude::*;
use std::sync::OnceLock;

fn whole() -> &'static (Bench, Vec<u8>) {
    static WHOLE: OnceLock<(Bench, Vec<u8>)> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let bench = Bench::new();
        let bytes = bench.bytes();
        (bench, bytes)
    })
}

/// Reading and verifying must end with an answer, and the answer is no.
fn refuses(bytes: Vec<u8>) -> bool {
    let (bench, _) = whole();
    let trusted = [bench.keyring.public_key().clone()];
    match Package::from_bytes(bytes) {
        Ok(package) => {
            let refused = package.verify(&trusted, NOW_MS).is_err();
            for name in package.payloads() {
                let _ = package.decrypt(&name, bench.keyring.identity());
            }
            let _ = (package.lineage(), package.bom(), package.card(), package.digest());
            refused
        }
        Err(_) => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        prop_assert!(refuses(bytes));
    }

    #[test]
    fn spliced_packages_never_panic_and_never_pass(
        at in 0.0..1.0_f64,
        removed in 0_usize..1500,
        inserted in proptest::collection::vec(any::<u8>(), 0..1500),
    ) {
        let (_, whole) = whole();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss,
            reason = "a place inside a small file")]
        let start = (whole.len() as f64 * at) as usize;
        let end = (start + removed).min(whole.len());
        let mut bytes = whole.clone();
        bytes.splice(start..end, inserted);
        prop_assume!(bytes != *whole);
        prop_assert!(refuses(bytes));
    }

    #[test]
    fn blocks_in_another_order_never_pass(from in 0_usize..60, to in 0_usize..60) {
        let (_, whole) = whole();
        let mut blocks: Vec<&[u8]> = whole.chunks(512).collect();
        let (from, to) = (from % blocks.len(), to % blocks.len());
        blocks.swap(from, to);
        let bytes = blocks.concat();
        prop_assume!(bytes != *whole);
        prop_assert!(refuses(bytes));
    }
}

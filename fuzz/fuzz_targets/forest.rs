//! Any text is no model, or one whose every path ends at a leaf.
#![no_main]

use ingot_runtime::Forest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(forest) = Forest::parse(text) else { return };
    if forest.features() > 10_000 || forest.classes() > 1_000 {
        return;
    }
    let mut out = vec![0.0; forest.classes()];
    for value in [0.0, f64::NAN, -1e300, 1e300, f64::INFINITY, 31.0, 1e-36] {
        let row = vec![value; forest.features()];
        forest.raw(&row, &mut out);
        for tree in forest.trees() {
            assert!(tree.leaf(&row) < tree.leaves());
        }
    }
});

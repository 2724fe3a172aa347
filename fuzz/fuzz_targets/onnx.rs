//! Any bytes are no graph, or one that can be read as layers, changed, written and read again.
#![no_main]

use ingot_runtime::onnx::{self, Limits};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;

const LIMITS: Limits = Limits { bytes: 1 << 20, nodes: 1_000, elements: 1 << 18 };

fuzz_target!(|bytes: &[u8]| {
    let Ok(model) = onnx::read(bytes, &LIMITS) else { return };
    let _ = onnx::summary(&model, &BTreeMap::new());
    let _ = onnx::parameters(&model);
    let written = onnx::write(&model);
    let again = onnx::read(&written, &Limits::default()).expect("what was read can be written");
    assert_eq!(onnx::write(&again), written);
    let mut pruned = model.clone();
    onnx::prune_weights(&mut pruned, 0.5, &[]);
    onnx::read(&onnx::write(&pruned), &Limits::default()).expect("a pruned graph is one");
    if let Ok(narrow) = onnx::quantize_dynamic(model, &[]) {
        onnx::read(&onnx::write(&narrow), &Limits::default()).expect("a graph of bytes is one");
    }
});

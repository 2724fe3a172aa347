//! Any bytes are no checkpoint, or tensors as large as they say; nothing in them is run.
#![no_main]

use ingot_runtime::weights::read_pytorch;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(weights) = read_pytorch(bytes) else { return };
    for tensor in weights.values() {
        assert_eq!(tensor.shape.iter().product::<usize>(), tensor.data.len());
    }
});

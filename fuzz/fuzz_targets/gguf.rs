//! Any bytes are no head of a GGUF file, or one whose tensors lie in the file, none on another.
#![no_main]

use ingot_runtime::gguf::{Limits, Shape, read};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits =
    Limits { head: 1 << 20, entries: 256, text: 1 << 16, elements: 1 << 16, tensors: 256 };

fuzz_target!(|bytes: &[u8]| {
    for size in [bytes.len() as u64, 1 << 40] {
        let Ok(header) = read(bytes, size, &LIMITS) else { continue };
        assert!(header.tensor_bytes() <= size);
        for tensor in &header.tensors {
            let _ = (tensor.elements(), header.tensor(&tensor.name));
        }
        let _ = (header.chat_template(), header.is_adapter());
        if let Ok(shape) = Shape::of(&header) {
            let _ = shape.memory(4_096, 512, 1);
        }
    }
});

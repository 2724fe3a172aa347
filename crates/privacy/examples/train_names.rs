//! `cargo run -p ingot-privacy --features train --example train_names`: writes the weights of the name models.
#![expect(clippy::print_stdout, reason = "a developer's command")]

use ingot_base::Result;
use ingot_privacy::detect::train;
use std::path::Path;

fn main() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/detect/weights");
    for (name, weights) in
        [("zh.bin", train::chinese(400_000)), ("en.bin", train::english(600_000))]
    {
        ingot_base::atomic::write(&folder.join(name), &weights)?;
        println!("{name}: {} bytes", weights.len());
    }
    Ok(())
}

//! `cargo run -p ingot-privacy --features train --example train_names [-- zh.bin]`: writes the weights of the name models, or of one.
#![expect(clippy::print_stdout, reason = "a developer's command")]

use ingot_base::Result;
use ingot_privacy::detect::train;
use std::path::Path;

fn main() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/detect/weights");
    let one = std::env::args().nth(1);
    let models: [(&str, fn() -> Vec<u8>); 2] =
        [("zh.bin", || train::chinese(400_000)), ("en.bin", || train::english(600_000))];
    for (name, make) in
        models.iter().filter(|(name, _)| one.as_deref().is_none_or(|one| one == *name))
    {
        let weights = make();
        ingot_base::atomic::write(&folder.join(name), &weights)?;
        println!("{name}: {} bytes", weights.len());
    }
    Ok(())
}

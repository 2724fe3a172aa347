//! The documents, word by word. `INGOT_BLESS=1` writes them anew.

use crate::support::Bench;
use ingot_base::atomic;
use ingot_seal::Package;
use std::path::Path;

#[test]
fn manifest_bill_of_materials_and_cards_are_as_reviewed() {
    let bench = Bench::new();
    let folder = bench.path("unpacked");
    Package::from_bytes(bench.bytes()).unwrap().unpack(&folder).unwrap();
    let golden =
        Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/it/golden");
    for name in ["manifest.json", "bom.cdx.json", "card/model-card.en.md", "card/model-card.zh.md"]
    {
        // Ingot's own version changes with every release; the serial number depends on it.
        let version = concat!("\"", env!("CARGO_PKG_VERSION"), "\"");
        let text =
            std::fs::read_to_string(folder.join(name)).unwrap().replace(version, "\"VERSION\"");
        let text: String = text
            .lines()
            .map(|line| match line.trim_start().strip_prefix("\"serialNumber\": \"urn:uuid:") {
                Some(_) => "  \"serialNumber\": \"SERIAL\",\n".to_owned(),
                None => format!("{line}\n"),
            })
            .collect();
        let path = golden.join(name.replace('/', "-"));
        if std::env::var_os("INGOT_BLESS").is_some() {
            atomic::write(&path, text.as_bytes()).unwrap();
        }
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(known, text, "{} differs; INGOT_BLESS=1 accepts", path.display());
    }
}

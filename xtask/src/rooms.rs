//! Which room may know which: the arrows of ARCHITECTURE.md. Engines are kept in their rooms by `deny.toml`.

use crate::{Fallible, tree};

/// A room and the rooms it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("report", &["base"]),
    ("recipe", &["base"]),
    ("privacy", &["base"]),
    ("data", &["base", "report", "privacy"]),
    ("image", &["base"]),
    ("runtime", &["base", "image"]),
    ("train", &["base", "report", "runtime"]),
    ("explain", &["base", "report", "runtime"]),
    ("seal", &["base"]),
    ("ledger", &["base"]),
    ("deploy", &["base", "seal"]),
    ("serve", &["base", "explain", "image", "ledger", "privacy", "runtime", "seal"]),
    (
        "pipeline",
        &[
            "base", "data", "explain", "image", "privacy", "recipe", "report", "runtime", "seal",
            "train",
        ],
    ),
];

/// Dependencies that point where they must not. `cli` and `xtask` may know everyone; nobody may know them.
pub(crate) fn faults() -> Fallible<Vec<String>> {
    let mut faults = Vec::new();
    for folder in tree::crates()? {
        let Some(room) = folder.strip_prefix("crates/").filter(|room| *room != "cli") else {
            continue;
        };
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == room) else {
            faults.push(format!("{folder}: a room without a place in xtask/src/rooms.rs"));
            continue;
        };
        let manifest = tree::text(&format!("{folder}/Cargo.toml"))?.unwrap_or_default();
        for other in known(&manifest) {
            if !allowed.contains(&other.as_str()) {
                faults.push(format!("{folder}: must not know `{other}`"));
            }
        }
    }
    Ok(faults)
}

/// The rooms that a manifest names outside `[dev-dependencies]`.
fn known(manifest: &str) -> Vec<String> {
    let mut counts = false;
    let mut rooms = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            counts = line.starts_with("[dependencies") || line.starts_with("[build-dependencies");
        } else if counts && let Some(rest) = line.strip_prefix("ingot-") {
            let end = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
            rooms.extend(rest.get(..end).map(str::to_owned));
        }
    }
    rooms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_may_know_more() {
        let manifest = "[dependencies]\ningot-base.workspace = true\nserde = \"1\"\n\
                        [dev-dependencies]\ningot-seal.workspace = true\n";
        assert_eq!(known(manifest), ["base"]);
    }
}

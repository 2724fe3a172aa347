//! The names of a package's files, and how large each may be.

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const BOM: &str = "bom.cdx.json";
pub(crate) const LINEAGE: &str = "lineage.json";
pub(crate) const SIGNATURE: &str = "model.sig";
pub(crate) const CARD: &str = "card/";
pub(crate) const PAYLOAD: &str = "payload/";
pub(crate) const SEALED: &str = ".age";
pub(crate) const CARD_EN: &str = "model-card.en.md";
pub(crate) const CARD_ZH: &str = "model-card.zh.md";

/// A tar header's name field.
const LONGEST: usize = 100;
const DEEPEST: usize = 4;

/// Eleven octal digits: what a tar header can say.
const LARGEST_PAYLOAD: u64 = (1 << 33) - 1;
const LARGEST_OTHER: u64 = 64 << 20;

/// Most files of a package.
pub(crate) const MOST: usize = 1_000;
/// Most bytes of a package.
pub(crate) const LARGEST: u64 = 16 << 30;

/// Whether a path is of the kind Ingot writes: relative, ASCII letters, digits, `.`, `_`, `-`, no part beginning with a
/// dot (`model_signing` ignores some of those, and `..` leads out).
pub(crate) fn is_safe(path: &str) -> bool {
    (1..=LONGEST).contains(&path.len())
        && path.split('/').count() <= DEEPEST
        && path.split('/').all(|part| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        })
}

/// Most bytes of the file at `path`.
pub(crate) fn limit(path: &str) -> u64 {
    if path.starts_with(PAYLOAD) { LARGEST_PAYLOAD } else { LARGEST_OTHER }
}

/// Where a payload's cipher text stands.
pub(crate) fn payload(name: &str) -> String {
    format!("{PAYLOAD}{name}{SEALED}")
}

/// A name for a message: quoted, control characters escaped, so that a hostile package cannot steer a terminal.
pub(crate) fn shown(name: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(name).chars().take(LONGEST).collect();
    format!("`{}`", text.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_relative_names() {
        for good in ["a", "payload/model.txt.age", "card/figures/tree-1_a.svg", "A..b"] {
            assert!(is_safe(good), "{good}");
        }
        let long = "a".repeat(101);
        let bad = [
            "",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "a/../b",
            "a/./b",
            ".git",
            "card/.gitignore",
            "a\\b",
            "a:b",
            "a b",
            "a\n",
            "a\0",
            "模型",
            "a/b/c/d/e",
            &long,
        ];
        for bad in bad {
            assert!(!is_safe(bad), "{bad:?}");
        }
    }

    #[test]
    fn shown_names_cannot_steer_a_terminal() {
        assert_eq!(shown(b"a\x1b[2J\n"), "`a\\u{1b}[2J\\n`");
    }
}

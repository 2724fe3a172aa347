//! Rules about the tree that neither the compiler nor clippy knows.

use crate::{Fallible, codes, rooms, tree};

/// Longest source file, in lines.
const LONGEST: usize = 900;

/// Marks of unfinished work, and attributes that silence a lint without `expect`. Split, so that this file passes.
const MARKS: &[&str] = &[
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("FIX", "ME"),
    concat!("TO", "DO:"),
    concat!("XX", "X"),
    concat!("#[al", "low("),
    concat!("#![al", "low("),
];

/// Folders that exist on one machine only.
const PATHS: &[&str] =
    &[concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];

/// Words that promise instead of saying.
const WORDS: &[&str] = &[
    "blazing",
    "cutting-edge",
    "effortless",
    "game-chang",
    "industry-leading",
    "next-generation",
    "revolutionary",
    "seamless",
    "state-of-the-art",
    "world-class",
    "业界领先",
    "颠覆性",
    "革命性",
    "极致体验",
    "赋能",
];

/// Runs every rule; all faults at once.
pub(crate) fn run() -> Fallible<String> {
    let files = tree::files()?;
    let mut faults = Vec::new();
    for path in &files {
        if let Some(text) = tree::text(path)? {
            faults.extend(of_text(path, &text));
        }
    }
    faults.extend(manifests()?);
    faults.extend(languages(&files)?);
    faults.extend(rooms::faults()?);
    let entries = codes::all()?;
    faults.extend(codes::faults(&entries));
    if faults.is_empty() {
        return Ok(format!("tidy: {} files, {} messages", files.len(), entries.len()));
    }
    Err(format!("{}\ntidy: {} faults", faults.join("\n"), faults.len()).into())
}

fn of_text(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let is = |extension: &str| path.ends_with(extension);
    let code = is(".rs");
    let ours = code || is(".sh") || is(".toml") || is(".md") || is(".yml") || is("Makefile");
    if !ours || path == "Cargo.lock" {
        return faults;
    }
    let lines = text.lines().count();
    if code && lines > LONGEST {
        faults.push(format!("{path}: {lines} lines, more than {LONGEST}; is it one subject?"));
    }
    for (number, line) in text.lines().enumerate() {
        let mut say = |what: &str| faults.push(format!("{path}:{}: {what}", number + 1));
        if code && let Some(mark) = MARKS.iter().find(|mark| line.contains(**mark)) {
            say(&format!("`{mark}`"));
        }
        if let Some(place) = PATHS.iter().find(|place| line.contains(**place)) {
            say(&format!("`{place}…` exists on one machine only"));
        }
        let lower = line.to_lowercase();
        if is(".md")
            && let Some(word) = WORDS.iter().find(|word| lower.contains(**word))
        {
            say(&format!("`{word}` promises; say what was measured"));
        }
        if line.ends_with([' ', '\t']) && !is(".md") {
            say("white space at the end of the line");
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        faults.push(format!("{path}: the last line does not end"));
    }
    faults
}

/// Every crate takes the workspace's lints and says what it is.
fn manifests() -> Fallible<Vec<String>> {
    let mut faults = Vec::new();
    for folder in tree::crates()? {
        let manifest = tree::text(&format!("{folder}/Cargo.toml"))?.unwrap_or_default();
        for wanted in ["[lints]\nworkspace = true", "description = ", "version.workspace = true"] {
            if !manifest.contains(wanted) {
                faults.push(format!("{folder}/Cargo.toml: lacks `{}`", wanted.replace('\n', " ")));
            }
        }
    }
    Ok(faults)
}

/// A page and its Chinese twin `NAME.zh-CN.md` have the same headings' levels in the same order.
fn languages(files: &[String]) -> Fallible<Vec<String>> {
    let mut faults = Vec::new();
    for chinese in files.iter().filter(|path| path.ends_with(".zh-CN.md")) {
        let english = chinese.replace(".zh-CN.md", ".md");
        let levels = |path: &str| -> Fallible<Vec<usize>> {
            Ok(headings(&tree::text(path)?.unwrap_or_default()))
        };
        if !files.contains(&english) {
            faults.push(format!("{chinese}: {english} is missing"));
        } else if levels(chinese)? != levels(&english)? {
            faults.push(format!("{chinese}: other headings than {english}"));
        }
    }
    Ok(faults)
}

/// The levels of a page's headings, in order; `#` in code blocks is none.
fn headings(page: &str) -> Vec<usize> {
    let mut code = false;
    let mut levels = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        } else if !code && line.starts_with('#') {
            levels.push(line.chars().take_while(|c| *c == '#').count());
        }
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_found_with_their_line() {
        let bad = format!("fn a() {{}}\n// {}\nlet p = \"{}x\"; \n", MARKS[2], PATHS[0]);
        let faults = of_text("crates/a/src/lib.rs", &bad);
        assert_eq!(faults.len(), 3, "{faults:#?}");
        assert!(faults[0].starts_with("crates/a/src/lib.rs:2:"));
        assert_eq!(of_text("a.md", "A seamless page\n").len(), 1);
        assert!(of_text("a.rs", "fn main() {}\n").is_empty());
        assert_eq!(of_text("a.rs", &"\n".repeat(901)).len(), 1);
    }

    #[test]
    fn headings_leave_code_out() {
        assert_eq!(headings("# a\n```sh\n# no\n```\n## b\n"), [1, 2]);
    }
}

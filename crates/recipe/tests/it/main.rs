//! The recipe language from outside: what it accepts, what it says, and that its schema says the same.

mod diagnostics;
mod language;
mod robustness;
mod schema;

/// An age recipient that exists in the tool's own documentation.
const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// Every key of the language at least once, nothing wrong.
const FULL: &str = include_str!("full.toml");

/// `code key.path` of every fault, in order.
fn faults(text: &str) -> Vec<String> {
    match ingot_recipe::parse("ingot.toml", text) {
        Ok(_) => Vec::new(),
        Err(faults) => faults
            .iter()
            .map(|fault| {
                format!("{} {}", fault.fault().code(), fault.fault().key_path().unwrap_or("-"))
            })
            .collect(),
    }
}

/// A small right recipe with lines put under its tables: `change(&[("split", "test = 0.3")])`.
fn with(sections: &[(&str, &str)]) -> String {
    let body = |name: &str| {
        sections
            .iter()
            .filter(|(section, _)| *section == name)
            .map(|(_, lines)| format!("{lines}\n"))
            .collect::<String>()
    };
    let mut text = format!(
        "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n{}\n[[source]]\nname = \"a\"\nuri = \"a.csv\"\n{}",
        body("project"),
        body("source")
    );
    for section in ["clean", "protect", "split", "train", "explain", "seal", "serve"] {
        text.push_str(&format!("\n[{section}]\n{}", body(section)));
    }
    text
}

//! The recipe language from outside: what it accepts, what it says, and that its schema says the same.

#[cfg(test)]
mod contradictions;
#[cfg(test)]
mod diagnostics;
#[cfg(test)]
mod language;
#[cfg(test)]
mod robustness;
#[cfg(test)]
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

/// A small right recipe with lines put under its tables: `with(&[("split", "test = 0.3")])`.
fn with(sections: &[(&str, &str)]) -> String {
    let body = |name: &str| {
        let lines =
            sections.iter().filter(|(section, _)| *section == name).map(|(_, lines)| *lines);
        lines.collect::<Vec<_>>().join("\n")
    };
    let mut text = vec![
        "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"".to_owned(),
        body("project"),
        "[[source]]\nname = \"a\"\nuri = \"a.csv\"".to_owned(),
        body("source"),
    ];
    for section in ["clean", "protect", "split", "train", "explain", "seal", "serve", "engine"] {
        text.push(format!("[{section}]\n{}\n", body(section)));
    }
    text.join("\n") + "\n"
}

/// Lines joined, each with its line break.
fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.fold(String::new(), |text, line| text + &line + "\n")
}

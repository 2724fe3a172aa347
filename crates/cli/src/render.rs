//! How a failure looks on a terminal: headline, indented causes, blank line, hint.

use crate::commands::Failure;
use ingot_base::{Fault, Lang};
use std::error::Error;

/// Most causes shown; deeper ones repeat what the upper ones say.
const CAUSES: usize = 4;

/// The failure as text that ends with a line break.
pub(crate) fn fault(fault: &Fault, lang: Lang) -> String {
    let (error, hint) = match lang {
        Lang::En => ("error", "hint"),
        Lang::Zh => ("错误", "提示"),
    };
    let mut text = format!("{error}[{}]: {}\n", fault.code(), fault.render(lang));
    text.push_str(&causes(fault, lang));
    if let Some(advice) = fault.hint(lang) {
        text.extend(["\n", hint, ": ", &advice, "\n"]);
    }
    text
}

/// Why, a line each.
fn causes(fault: &Fault, lang: Lang) -> String {
    let because = match lang {
        Lang::En => "because: ",
        Lang::Zh => "原因：",
    };
    let mut text = String::new();
    for line in why(fault, lang) {
        text.extend(["  ", because, &line.replace('\n', "\n    "), "\n"]);
    }
    text
}

/// What led to a fault, the nearest first.
pub(crate) fn why(fault: &Fault, lang: Lang) -> Vec<String> {
    let mut lines = Vec::new();
    let mut cause = fault.source();
    while let Some(error) = cause.filter(|_| lines.len() < CAUSES) {
        lines.push(
            error
                .downcast_ref::<Fault>()
                .map_or_else(|| error.to_string(), |inner| inner.render(lang)),
        );
        cause = error.source();
    }
    lines
}

/// A failure with its places in the recipe: each message, its line and its caret in one block.
pub(crate) fn failure(failure: &Failure, lang: Lang) -> String {
    match failure {
        Failure::Plain(plain) => fault(plain, lang),
        Failure::Located(at) => format!("{}\n{}", at.render(lang, false), causes(at.fault(), lang)),
        Failure::Recipe(all, summary) => {
            let mut text = String::new();
            for one in all {
                text.extend([&one.render(lang, false), "\n\n"]);
            }
            text + &fault(summary, lang)
        }
    }
}

/// The failure as the JSON document that `--json` prints.
pub(crate) fn json(failure: &Failure, lang: Lang) -> serde_json::Value {
    let fault = failure.fault();
    let mut error = match failure {
        Failure::Located(at) => at.json(lang),
        Failure::Plain(_) | Failure::Recipe(..) => serde_json::json!({
            "code": fault.code(),
            "message": fault.render(lang),
            "hint": fault.hint(lang),
            "key": fault.key_path(),
        }),
    };
    if let (Failure::Recipe(all, _), Some(error)) = (failure, error.as_object_mut()) {
        let all: Vec<serde_json::Value> = all.iter().map(|one| one.json(lang)).collect();
        error.insert("faults".to_owned(), all.into());
    }
    let because: Vec<String> = why(fault, lang);
    if let (false, Some(error)) = (because.is_empty(), error.as_object_mut()) {
        error.insert("because".to_owned(), because.into());
    }
    serde_json::json!({ "error": error })
}

/// A plain table: text columns left, the others right; widths count a Chinese character as two.
pub(crate) fn table(rows: &[Vec<String>], right: &[bool]) -> String {
    // A name from somebody else's file must neither start a line of its own nor steer the terminal.
    let plain = |cell: &String| {
        let one = |letter: char| {
            if letter.is_control() {
                letter.escape_default().to_string()
            } else {
                letter.to_string()
            }
        };
        cell.chars().map(one).collect::<String>()
    };
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(plain).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::from("  ");
        for (column, cell) in row.iter().enumerate() {
            let pad =
                " ".repeat(widths.get(column).copied().unwrap_or(0).saturating_sub(width(cell)));
            if right.get(column).copied().unwrap_or(false) {
                line.push_str(&pad);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.push_str(&pad);
            }
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_cause_and_hint_in_both_languages() {
        let failure = Fault::new(&ingot_base::fault::FILE_READ)
            .arg("path", "a.csv")
            .because(std::io::Error::other("no such file"));
        let text = fault(&failure, Lang::Zh);
        assert!(
            text.contains("错误[base-file-read]: 无法读取 `a.csv`\n  原因：no such file\n\n提示: "),
            "{text}"
        );
        assert!(
            fault(&failure, Lang::En).starts_with("error[base-file-read]: cannot read `a.csv`\n")
        );
    }

    #[test]
    fn a_cell_neither_steers_the_terminal_nor_starts_a_line() {
        let rows = vec![vec!["\u{1b}[31mred\nforged".to_owned()]];
        assert_eq!(table(&rows, &[false]), "  \\u{1b}[31mred\\nforged\n");
    }

    #[test]
    fn aligns_chinese() {
        let rows = vec![vec!["阶段".into(), "1".into()], vec!["clean".into(), "22".into()]];
        assert_eq!(table(&rows, &[false, true]), "  阶段    1\n  clean  22\n");
    }
}

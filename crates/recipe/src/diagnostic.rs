//! A fault with its place, drawn for a terminal: file, line, column, caret, help.

use crate::span::Span;
use ingot_base::{Fault, Lang};
use serde_json::json;
use std::ops::Range;
use std::sync::Arc;
use unicode_width::UnicodeWidthChar;

/// Cells of a terminal that a drawn line may take; longer ones are cut around the caret.
const WIDTH: usize = 120;
/// Cells kept before the caret of a cut line.
const LEAD: usize = 40;

/// A fault and where it was found; not yet a line and column.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) fault: Fault,
    pub(crate) range: Range<usize>,
    /// Something is not there; may be untrue where the text is not TOML.
    pub(crate) missing: bool,
}

impl Found {
    pub(crate) fn new(fault: Fault, range: Range<usize>) -> Self {
        Self { fault, range, missing: false }
    }

    pub(crate) fn missing(fault: Fault, range: Range<usize>) -> Self {
        Self { fault, range, missing: true }
    }
}

/// One fault of a recipe, with its place.
#[derive(Debug)]
pub struct Diagnostic {
    fault: Fault,
    file: Arc<str>,
    text: Arc<str>,
    span: Span,
}

impl Diagnostic {
    pub(crate) fn new(file: &Arc<str>, text: &Arc<str>, found: Found) -> Self {
        let span = Span::of(text, &found.range);
        Self { fault: found.fault, file: Arc::clone(file), text: Arc::clone(text), span }
    }

    /// A stage's fault at the place its key path names; the fault itself comes back when it names none that is there.
    ///
    /// # Errors
    /// The fault, unchanged, when it has no key path or the recipe has nothing there.
    pub fn locate(file_name: &str, text: &str, fault: Fault) -> std::result::Result<Self, Fault> {
        match fault.key_path().and_then(|path| crate::locate(text, path)) {
            Some(span) => Ok(Self { fault, file: file_name.into(), text: text.into(), span }),
            None => Err(fault),
        }
    }

    /// What is wrong: code, sentence, hint, key path.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Where.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// The file's name as it was given to [`parse`](crate::parse).
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The fault as a person reads it on a terminal; several lines, without a line break at the end. Passwords in
    /// addresses are starred.
    pub fn render(&self, lang: Lang, color: bool) -> String {
        let paint = Paint(color);
        let (error, help) = match lang {
            Lang::En => ("error", "help: "),
            Lang::Zh => ("错误", "帮助："),
        };
        let headline = format!("{error}[{}]", self.fault.code());
        let number = self.span.line.to_string();
        let gutter = " ".repeat(number.len());
        let bar = paint.frame("|");
        let (start, line) = self.span.line_of(&self.text);
        let from = self.span.range.start.saturating_sub(start);
        let to = self.span.range.end.saturating_sub(start);
        let drawn = draw(&crate::secrets::star(line), from, to);
        let mut lines = vec![
            format!(
                "{}{}",
                paint.error(&headline),
                paint.strong(&format!(": {}", self.fault.render(lang)))
            ),
            format!(
                "{gutter}{} {}:{}:{}",
                paint.frame("-->"),
                self.file,
                self.span.line,
                self.span.column
            ),
            format!("{gutter} {bar}"),
            format!("{} {bar} {}", paint.frame(&number), drawn.line).trim_end().to_owned(),
            format!(
                "{gutter} {bar} {}{}",
                " ".repeat(drawn.before),
                paint.error(&"^".repeat(drawn.marked))
            ),
        ];
        if let Some(hint) = self.fault.hint(lang) {
            lines.push(format!("{gutter} {bar}"));
            lines.push(format!("{gutter} {} {}{hint}", paint.frame("="), paint.strong(help)));
        }
        lines.join("\n")
    }

    /// The fault as a JSON object: `code`, `message`, `hint`, `key`, `file`, `line`, `column`.
    pub fn json(&self, lang: Lang) -> serde_json::Value {
        json!({
            "code": self.fault.code(),
            "message": self.fault.render(lang),
            "hint": self.fault.hint(lang),
            "key": self.fault.key_path(),
            "file": &*self.file,
            "line": self.span.line,
            "column": self.span.column,
        })
    }
}

/// A line as it stands on a terminal, cells before the mark, cells of the mark.
struct Drawn {
    line: String,
    before: usize,
    marked: usize,
}

/// Draws a line and measures the mark over the bytes `from..to`, in terminal cells; a Chinese character takes two.
fn draw(line: &str, from: usize, to: usize) -> Drawn {
    let mut cells: Vec<(String, usize)> = Vec::new();
    let (mut before, mut marked, mut first) = (0, 0, 0_usize);
    for (at, character) in line.char_indices() {
        let (text, width) = visible(character);
        if at < from {
            before += width;
            first += 1;
        } else if at < to {
            marked += width;
        }
        cells.push((text, width));
    }
    let total: usize = cells.iter().map(|(_, width)| width).sum();
    if total <= WIDTH {
        return Drawn {
            line: cells.into_iter().map(|(text, _)| text).collect(),
            before,
            marked: marked.max(1),
        };
    }
    // Cut to a window that begins a little before the mark.
    let mut begin = first;
    let mut lead = 0;
    while let Some((_, width)) = begin.checked_sub(1).and_then(|at| cells.get(at)) {
        if lead + width > LEAD {
            break;
        }
        lead += width;
        begin -= 1;
    }
    let dots = if begin > 0 { "…" } else { "" };
    let mut text = dots.to_owned();
    let mut room = WIDTH;
    let mut cut = false;
    for (cell, width) in cells.iter().skip(begin) {
        if *width > room {
            cut = true;
            break;
        }
        room -= width;
        text.push_str(cell);
    }
    if cut {
        text.push('…');
    }
    let before = lead + dots.chars().count();
    Drawn { line: text, before, marked: marked.min(WIDTH - lead).max(1) }
}

/// A character as it can be shown, and its cells: tabs as blanks, and nothing that moves the cursor or turns the line.
fn visible(character: char) -> (String, usize) {
    match character {
        '\t' => ("    ".to_owned(), 4),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => {
            ("\u{fffd}".to_owned(), 1)
        }
        _ => match character.width() {
            Some(width) => (character.to_string(), width),
            None => ("\u{fffd}".to_owned(), 1),
        },
    }
}

/// ANSI colours, or none.
struct Paint(bool);

impl Paint {
    fn wrap(&self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn error(&self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    fn strong(&self, text: &str) -> String {
        self.wrap("1", text)
    }

    fn frame(&self, text: &str) -> String {
        self.wrap("1;34", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_measured_in_cells() {
        let line = "年龄 = \"岁\"";
        let from = line.find('"').unwrap();
        let drawn = draw(line, from, line.len());
        assert_eq!((drawn.before, drawn.marked), (4 + 3, 4));
        let tabs = draw("\ta\u{202e}\u{1b}", 1, 2);
        assert_eq!((tabs.line.as_str(), tabs.before, tabs.marked), ("    a\u{fffd}\u{fffd}", 4, 1));
        let end = draw("ab", 2, 2);
        assert_eq!((end.before, end.marked), (2, 1), "an empty place still has a caret");
    }

    #[test]
    fn long_lines_are_cut_around_the_mark() {
        let line = format!("{}错{}", "a".repeat(500), "b".repeat(500));
        let drawn = draw(&line, 500, 503);
        let before: String = drawn.line.chars().take(drawn.before).collect();
        assert_eq!(before, format!("…{}", "a".repeat(LEAD)));
        assert_eq!(drawn.line.chars().nth(drawn.before), Some('错'));
        assert_eq!(drawn.marked, 2);
        assert!(drawn.line.ends_with("b…") && drawn.line.chars().count() < WIDTH + 3);
        let early = draw(&"c".repeat(1_000), 3, 900);
        assert!(early.line.starts_with("ccc") && early.marked == WIDTH - 3);
    }
}

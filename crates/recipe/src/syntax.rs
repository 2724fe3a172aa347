//! TOML text to a tree with places, and its syntax faults in both languages. Nothing else knows the TOML parser.

use crate::diagnostic::Found;
use crate::messages as m;
use crate::span::{Step, steps};
use ingot_base::{Fault, Message};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

/// Most syntax faults reported at once: beyond, they only repeat that the text is not TOML.
const MOST: usize = 20;

/// A value and its place.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) range: Range<usize>,
    pub(crate) value: Value,
}

/// A TOML value.
#[derive(Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    /// A number that is not whole, or too large to be a whole one.
    Number(f64),
    Boolean(bool),
    /// A date, time or both, as written.
    Moment(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key, its place and its value.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) range: Range<usize>,
    pub(crate) node: Node,
}

/// What a text holds.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) entries: Vec<Entry>,
    /// What is not TOML.
    pub(crate) broken: Vec<Found>,
    /// The byte from which on the entries may not be what was meant.
    pub(crate) trusted: usize,
}

/// Reads as much of the text as is TOML, and says what is not.
pub(crate) fn read(text: &str) -> Document {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut faults: Vec<Found> = Vec::new();
    let mut trusted = text.len();
    for error in &errors {
        let mut found = fault(text, error);
        let open = unclosed_before(text, found.range.start);
        if let Some(open) = open {
            found = unclosed(text, open);
            trusted = open;
        }
        let line = line_start(text, found.range.start);
        // Recovery meets a broken line several times; the first time says it best.
        if !faults.iter().any(|known| line_start(text, known.range.start) == line) {
            faults.push(found);
        }
        // What follows an unclosed bracket is read as its items: nothing true can be said of it.
        if open.is_some() || faults.len() == MOST {
            break;
        }
    }
    Document { entries: entries(table.into_inner()), broken: faults, trusted }
}

/// The place of a key path: of its value, or of a table's header; where a step is missing, of the nearest table above.
pub(crate) fn find(entries: &[Entry], path: &str) -> Option<Range<usize>> {
    let mut found: Option<&Node> = None;
    for step in steps(path)? {
        let next = match (step, found) {
            (Step::Key(key), None) => lookup(entries, &key),
            (Step::Key(key), Some(Node { value: Value::Table(inner), .. })) => lookup(inner, &key),
            (Step::Index(index), Some(Node { value: Value::List(items), .. })) => items.get(index),
            _ => None,
        };
        match next {
            Some(node) => found = Some(node),
            None => break,
        }
    }
    found.map(|node| node.range.clone())
}

fn lookup<'e>(entries: &'e [Entry], key: &str) -> Option<&'e Node> {
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
}

fn entries(table: DeTable<'_>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = table
        .into_iter()
        .map(|(key, value)| Entry {
            range: key.span(),
            key: key.into_inner().into_owned(),
            node: node(value),
        })
        .collect();
    entries.sort_by_key(|entry| entry.range.start);
    entries
}

fn node(value: Spanned<DeValue<'_>>) -> Node {
    let range = value.span();
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(whole) => Value::Integer(whole),
            Err(_) => Value::Number(f64::INFINITY),
        },
        DeValue::Float(number) => Value::Number(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(is) => Value::Boolean(is),
        DeValue::Datetime(moment) => Value::Moment(moment.to_string()),
        DeValue::Array(items) => Value::List(items.into_iter().map(node).collect()),
        DeValue::Table(table) => Value::Table(entries(table)),
    };
    Node { range, value }
}

/// The bracket that is still open where a line begins that looks like a header or a setting.
fn unclosed_before(text: &str, at: usize) -> Option<usize> {
    let start = line_start(text, at);
    let line = text.get(start..)?.split('\n').next()?;
    let mut rest = line.trim_start_matches('[');
    let brackets = line.len() - rest.len();
    rest = rest
        .trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"'));
    let header = (1..=2).contains(&brackets) && rest.starts_with(']');
    let setting = brackets == 0
        && !rest.starts_with(',')
        && rest.trim_start().starts_with('=')
        && rest.len() < line.len();
    if header || setting { open_bracket(text.get(..start)?) } else { None }
}

fn unclosed(text: &str, open: usize) -> Found {
    let close = if text.get(open..).is_some_and(|rest| rest.starts_with('{')) { "}" } else { "]" };
    Found::new(Fault::new(&m::SYNTAX_UNCLOSED).arg("bracket", close), open..open + 1)
}

/// The innermost bracket that a text leaves open; brackets in strings and comments are none. Headers close themselves.
fn open_bracket(text: &str) -> Option<usize> {
    let mut open = Vec::new();
    let mut quote: Option<&str> = None;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next()?;
        let mut step = first.len_utf8();
        match quote {
            Some(mark) if rest.starts_with(mark) => {
                quote = None;
                step = mark.len();
            }
            // A string of one line ends with it, closed or not.
            Some("\"" | "'") if first == '\n' => quote = None,
            Some("\"" | "\"\"\"") if first == '\\' => {
                step += rest.chars().nth(1).map_or(0, char::len_utf8);
            }
            Some(_) => {}
            None => {
                if let Some(mark) =
                    ["\"\"\"", "'''", "\"", "'"].into_iter().find(|mark| rest.starts_with(mark))
                {
                    quote = Some(mark);
                    step = mark.len();
                } else if first == '#' {
                    step = rest.find('\n').unwrap_or(rest.len());
                } else if matches!(first, '[' | '{') {
                    open.push(at);
                } else if matches!(first, ']' | '}') {
                    open.pop();
                }
            }
        }
        at += step;
    }
    open.pop()
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1)
}

fn fault(text: &str, error: &Error) -> Found {
    let range = error.span().unwrap_or(0..0);
    let said = error.message();
    let message = match classify(said) {
        unquoted if *unquoted == m::SYNTAX_UNQUOTED && typographic(text, range.start) => {
            &m::SYNTAX_QUOTES
        }
        message => message,
    };
    let mut fault = Fault::new(message);
    if message == &m::SYNTAX {
        fault = fault.arg("detail", said);
    } else if message == &m::SYNTAX_UNCLOSED {
        fault = fault.arg("bracket", bracket(said));
    } else if message == &m::DUPLICATE_KEY {
        fault = fault.arg("key", text.get(range.clone()).unwrap_or_default());
    }
    Found::new(fault, range)
}

/// Whether a text begins with a quote that is none of TOML's.
fn typographic(text: &str, at: usize) -> bool {
    let first = text.get(at..).and_then(|rest| rest.trim_start().chars().next());
    first.is_some_and(|letter| {
        matches!(letter, '“' | '”' | '„' | '‘' | '’' | '「' | '」' | '＂' | '＇')
    })
}

fn bracket(said: &str) -> &'static str {
    if said.starts_with("unclosed inline table") {
        "}"
    } else if said.starts_with("unclosed array table") {
        "]]"
    } else {
        "]"
    }
}

/// The parser's English sentence to one of ours; a sentence that is not known here is passed on.
fn classify(said: &str) -> &'static Message {
    const TABLE: &[(&str, &Message)] = &[
        ("duplicate key", &m::DUPLICATE_KEY),
        ("cannot extend value", &m::DUPLICATE_KEY),
        ("string values must be quoted", &m::SYNTAX_UNQUOTED),
        ("missing opening quote", &m::SYNTAX_STRING),
        ("invalid basic string", &m::SYNTAX_STRING),
        ("invalid literal string", &m::SYNTAX_STRING),
        ("invalid multi-line", &m::SYNTAX_STRING),
        ("missing escaped value", &m::SYNTAX_ESCAPE),
        ("invalid escape", &m::SYNTAX_ESCAPE),
        ("too few unicode", &m::SYNTAX_ESCAPE),
        ("unclosed", &m::SYNTAX_UNCLOSED),
        ("missing comma", &m::SYNTAX_COMMA),
        ("extra", &m::SYNTAX_EXTRA),
        ("unexpected `=` in array", &m::SYNTAX_EXTRA),
        ("unexpected content", &m::SYNTAX_EXTRA),
        ("missing value", &m::SYNTAX_VALUE),
        ("missing assignment", &m::SYNTAX_VALUE),
        ("missing key", &m::SYNTAX_VALUE),
        ("key with no value", &m::SYNTAX_VALUE),
        ("unexpected key or value", &m::SYNTAX_VALUE),
        ("invalid key-value", &m::SYNTAX_VALUE),
        ("unquoted keys cannot be empty", &m::SYNTAX_VALUE),
        ("recursion limit", &m::SYNTAX_DEPTH),
        ("cannot recurse", &m::SYNTAX_DEPTH),
        ("`_` may only go", &m::SYNTAX_NUMBER),
        ("integer", &m::SYNTAX_NUMBER),
        ("floating-point", &m::SYNTAX_NUMBER),
        ("radix must", &m::SYNTAX_NUMBER),
        ("redundant", &m::SYNTAX_NUMBER),
        ("unexpected leading zero", &m::SYNTAX_NUMBER),
        ("unexpected sign", &m::SYNTAX_NUMBER),
        ("invalid integer", &m::SYNTAX_NUMBER),
        ("invalid floating", &m::SYNTAX_NUMBER),
    ];
    TABLE
        .iter()
        .find(|(start, _)| said.starts_with(start))
        .map_or(&m::SYNTAX, |(_, message)| message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_bracket_left_open() {
        assert_eq!(open_bracket("[a]\nb = [1, \"]\", ']' # ]\n"), Some(8));
        assert_eq!(open_bracket("b = [[1], {c = \"\\\"}\""), Some(10));
        assert_eq!(open_bracket("b = \"\"\"\n[\n\"\"\"\nc = '''['''"), None);
        assert_eq!(
            open_bracket("[[a]]\nb = \"[\nc = [1]"),
            None,
            "an unclosed string ends with its line"
        );
    }
}

//! Places in the recipe's text, and the key paths that name them.

use std::borrow::Cow;
use std::ops::Range;

/// A place in the recipe's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Bytes of the text.
    pub range: Range<usize>,
}

impl Span {
    /// The place of a byte range; bounds outside the text or inside a character move to the nearest boundary before.
    pub(crate) fn of(text: &str, range: &Range<usize>) -> Self {
        let start = boundary(text, range.start);
        let end = boundary(text, range.end).max(start);
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Self { line, column, range: start..end }
    }

    /// The line the place begins on, without its line break, and where it begins in the text.
    pub(crate) fn line_of<'t>(&self, text: &'t str) -> (usize, &'t str) {
        let start = text
            .get(..self.range.start)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |at| at + 1);
        let line = text.get(start..).unwrap_or_default();
        let line = line.split('\n').next().unwrap_or_default();
        (start, line.strip_suffix('\r').unwrap_or(line))
    }
}

fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// One step of a key path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step<'p> {
    Key(Cow<'p, str>),
    Index(usize),
}

/// Takes `source[1].rename."old name"` apart; `None` when it is no key path.
pub(crate) fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (digits, after) = after.split_once(']')?;
            steps.push(Step::Index(digits.parse().ok()?));
            rest = after;
            continue;
        }
        if !steps.is_empty() {
            rest = rest.strip_prefix('.')?;
        }
        let (key, after) = if let Some(quoted) = rest.strip_prefix('"') {
            unquote(quoted)?
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, after) = rest.split_at_checked(end)?;
            (Cow::Borrowed(key), after)
        };
        if key.is_empty() && !rest.starts_with('"') {
            return None;
        }
        steps.push(Step::Key(key));
        rest = after;
    }
    (!steps.is_empty()).then_some(steps)
}

/// What follows an opening quote, up to the closing one, and the rest.
fn unquote(quoted: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut escaped = false;
    for (at, character) in quoted.char_indices() {
        match character {
            '"' if !escaped => {
                let raw = quoted.get(..at)?;
                let rest = quoted.get(at + 1..)?;
                let key = if raw.contains('\\') {
                    Cow::Owned(raw.replace("\\\"", "\"").replace("\\\\", "\\"))
                } else {
                    Cow::Borrowed(raw)
                };
                return Some((key, rest));
            }
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

/// `path.key`, the key quoted when it is not plain.
pub(crate) fn child(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && !key.contains(['.', '[', ']', '"', '\\']);
    let key = if plain {
        Cow::Borrowed(key)
    } else {
        Cow::Owned(format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\"")))
    };
    if path.is_empty() { key.into_owned() } else { format!("{path}.{key}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a = 1\n年龄 = \"岁\"\n";
        let at = text.find('=').unwrap() + text.get(5..).unwrap().find('=').unwrap() + 3;
        assert_eq!(text.get(at..=at), Some("="));
        let span = Span::of(text, &(at..at + 1));
        assert_eq!((span.line, span.column), (2, 4));
        assert_eq!(span.line_of(text).1, "年龄 = \"岁\"");
        let end = Span::of(text, &(999..1_000));
        assert_eq!((end.line, end.column), (3, 1));
    }

    #[test]
    fn paths_round_trip() {
        let key = |text: &'static str| Step::Key(Cow::Borrowed(text));
        assert_eq!(steps("clean.keep[0]"), Some(vec![key("clean"), key("keep"), Step::Index(0)]));
        assert_eq!(steps("source[1].uri"), Some(vec![key("source"), Step::Index(1), key("uri")]));
        for name in ["年龄", "a.b", "a\"b", "a\\b", "x[0]", ""] {
            let path = child("explain.titles", name);
            assert_eq!(
                steps(&path).and_then(|steps| steps.last().cloned()),
                Some(Step::Key(Cow::Owned(name.into()))),
                "{path}"
            );
        }
        for wrong in ["", ".", "a..b", "a[", "a[x]", "a.", "\"a", "[0]b"] {
            assert_eq!(steps(wrong), None, "{wrong}");
        }
    }
}

//! JSON text walked value by value: what a visitor gives something else for is replaced, every other byte stays.

mod escapes;

use escapes::unescaped;
use ingot_base::spelling::plain;
use ingot_base::{Fault, Result, Text, fault};
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// How deep values may nest, as in other readers of JSON.
const DEPTH: usize = 128;

/// The mark of the order of bytes, before a text.
const MARK: char = '\u{feff}';
/// Most digits that a power of ten adds: nothing that tells a person from another is so large.
const POWER: usize = 20;

/// From a value to one in it.
#[derive(Debug, Clone)]
pub enum Step {
    /// A member of an object.
    Key {
        /// Its name, without escapes.
        name: String,
        /// Which member it is, from 1.
        place: usize,
        /// Whether the name may be printed.
        shown: bool,
    },
    /// A place in an array, from 0.
    Index(usize),
}

/// `messages[0].content`; a key that is not to be printed is `key 2`, by its place, unless `names` is set.
pub fn path(steps: &[Step], names: bool) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Index(index) => {
                let _ = write!(text, "[{index}]");
            }
            Step::Key { name, place, shown } => {
                // What would read as another path is quoted, but for a plain column's name.
                let plain =
                    steps.len() == 1 || !name.is_empty() && !name.contains(['.', '[', ']', '"']);
                let dot = if text.is_empty() { "" } else { "." };
                // Writing to a text does not fail.
                let _ = match (shown | names, plain) {
                    (false, _) => write!(text, "{dot}key {place}"),
                    (true, true) => write!(text, "{dot}{name}"),
                    (true, false) => write!(text, "[{}]", serde_json::Value::from(name.as_str())),
                };
            }
        }
    }
    text
}

/// What is done with each part of a text; a part that is given is written instead.
pub trait Visitor {
    /// A record begins.
    fn record(&mut self);

    /// A key, the last step of its path: what it is renamed to. The visitor says in that step whether it may be printed.
    ///
    /// # Errors
    /// What the visitor cannot do.
    fn key(&mut self, path: &mut [Step]) -> Result<Option<String>>;

    /// A string.
    ///
    /// # Errors
    /// What the visitor cannot do.
    fn text(&mut self, path: &[Step], text: &str) -> Result<Option<String>>;

    /// A number, as it is written.
    ///
    /// # Errors
    /// What the visitor cannot do.
    fn number(&mut self, path: &[Step], digits: &str) -> Result<Option<String>>;
}

/// What is wrong with a text: at which byte, and why.
#[derive(Debug)]
pub struct Broken {
    /// The byte.
    pub at: usize,
    /// In words.
    pub why: Text,
    /// What the reader of JSON says.
    pub detail: Option<String>,
}

/// Whether a text is whole JSON values, one or (`several`) any number of them.
///
/// # Errors
/// Where it is not, or values nest too deep.
pub fn check(text: &str, several: bool) -> std::result::Result<(), Broken> {
    let read = if several {
        serde_json::Deserializer::from_str(text)
            .into_iter::<IgnoredAny>()
            .try_for_each(|one| one.map(drop))
    } else {
        serde_json::from_str::<IgnoredAny>(text).map(drop)
    };
    read.map_err(|error| {
        let at = place(text, error.line(), error.column());
        let detail = error.to_string();
        // The line of the file is told elsewhere.
        let detail = detail.split(" at line ").next().map(str::to_owned);
        if error.is_eof() {
            let why = Text::new("it ends before its JSON does", "JSON 尚未结束，内容就已中断");
            return Broken { at: text.len(), why, detail };
        }
        let column = column(text, at);
        let why = Text::new(
            format!("it is no JSON from character {column} on"),
            format!("从第 {column} 个字符起不是有效的 JSON"),
        );
        Broken { at, why, detail }
    })?;
    deep(text)
}

/// The byte at a line and a column in bytes, both from 1.
fn place(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(text.len())
}

/// The character of its line, from 1, in which a byte stands.
fn column(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    1 + line.iter().filter(|byte| (**byte & 0xc0) != 0x80).count()
}

/// Refuses values that nest too deep; of sound JSON alone.
fn deep(text: &str) -> std::result::Result<(), Broken> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => at = string(text, at) - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            let why = Text::new(
                format!("its values nest more than {DEPTH} deep"),
                format!("嵌套超过 {DEPTH} 层"),
            );
            return Err(Broken { at, why, detail: None });
        }
        at += 1;
    }
    Ok(())
}

/// The byte after a string that begins at one.
fn string(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// A line of JSON as one record, after [`check`].
///
/// # Errors
/// What the visitor cannot do.
pub fn record(text: &str, visitor: &mut impl Visitor) -> Result<String> {
    let mut walk = Walk::new(text, visitor);
    walk.value()?;
    Ok(walk.finish())
}

/// What a string or a cell says that is JSON itself, by [`nested`]; paths go on from its own. The text with what the visitor gave instead, if
/// that is another.
///
/// # Errors
/// What the visitor cannot do.
pub fn within(text: &str, path: &[Step], visitor: &mut impl Visitor) -> Result<Option<String>> {
    let mut walk = Walk::new(text, visitor);
    walk.under(path.to_vec())?;
    let clean = walk.finish();
    Ok((clean != text).then_some(clean))
}

/// A file of JSON, after [`check`]: the elements of an array outside everything are records, other values are one each.
///
/// # Errors
/// What the visitor cannot do.
pub fn document(text: &str, visitor: &mut impl Visitor) -> Result<String> {
    let mut walk = Walk::new(text, visitor);
    while let Some(byte) = walk.peek() {
        if byte != b'[' {
            walk.value()?;
            continue;
        }
        walk.at += 1;
        while walk.peek().is_some_and(|byte| byte != b']') {
            walk.value()?;
            if walk.peek() == Some(b',') {
                walk.at += 1;
            }
        }
        walk.at += 1;
    }
    Ok(walk.finish())
}

/// What a text is in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Key,
    Text,
    Number,
}

/// A key, a string or a number of a JSON text.
#[derive(Debug)]
pub(crate) struct Value {
    /// The key that a string or number stands under, directly or in a list.
    pub(crate) title: Option<String>,
    /// What the string says, or the number as it is written.
    pub(crate) text: String,
    pub(crate) sort: Sort,
}

/// The keys, strings and numbers of a text that is one array or object, or one string with escapes, in their order and at any depth: also in
/// strings that are such texts themselves, as calls of tools have them. `None` of any other text.
pub(crate) fn values(text: &str) -> Option<Vec<Value>> {
    let mut values = Values::default();
    nested(text).then(|| record(text, &mut values).ok())??;
    Some(values.all)
}

/// A text of which [`values`] gave some, with these texts in their places. What stays keeps its spelling and the order of members; what
/// does not is a string. Keys of one object that were different stay so.
pub(crate) fn with_values(text: &str, all: &mut dyn Iterator<Item = String>) -> Result<String> {
    record(text, &mut Given(all))
}

/// Whether something is true of a text or, where that is one array or object of JSON or a string with escapes, of a key, a string or a
/// number in it: what stands in the text itself has JSON's escapes. Of a number it may also be true as [`decimal`] writes it.
pub fn any(text: &str, is: &mut dyn FnMut(&str) -> bool) -> bool {
    let mut asked = Asked { is, answer: false };
    if !nested(text) || record(text, &mut asked).is_err() {
        return (asked.is)(text);
    }
    asked.answer
}

/// A number without its sign, in digits alone: 48213 for `-48213.00` and for `4.8213e4`.
pub(crate) fn decimal(number: &str) -> Cow<'_, str> {
    let digits = number.strip_prefix('-').unwrap_or(number);
    match written_out(digits) {
        Some(written) => Cow::Owned(plain(&written).to_owned()),
        None => Cow::Borrowed(plain(digits)),
    }
}

/// A number with a power of ten, written without it: digit by digit, as a floating one holds only some fifteen of them.
fn written_out(number: &str) -> Option<String> {
    let (mantissa, power) = number.split_once(['e', 'E'])?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let power = power.strip_prefix('+').unwrap_or(power).parse::<usize>().ok();
    let power = power.filter(|power| *power <= POWER)?;
    let (moved, rest) = part.split_at_checked(power).unwrap_or((part, ""));
    let point = if rest.is_empty() { "" } else { "." };
    let whole = format!("{whole}{moved:0<power$}");
    let whole = Some(whole.trim_start_matches('0')).filter(|whole| !whole.is_empty());
    Some(format!("{}{point}{rest}", whole.unwrap_or("0")))
}

/// Whether a text is one array or object, however deep its values nest, or a string with escapes; behind the mark that some programs begin
/// files with.
pub fn nested(text: &str) -> bool {
    let text = text.strip_prefix(MARK).unwrap_or(text);
    let begin = text.trim_start();
    let walked = begin.starts_with(['[', '{']) || begin.starts_with('"') && begin.contains('\\');
    walked && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The key that a value stands under, directly or in a list.
pub fn title(path: &[Step]) -> Option<&str> {
    path.iter().rev().find_map(|step| match step {
        Step::Key { name, .. } => Some(name.as_str()),
        Step::Index(_) => None,
    })
}

/// Takes every key, string and number.
#[derive(Default)]
struct Values {
    all: Vec<Value>,
}

impl Values {
    fn push(&mut self, path: &[Step], text: &str, sort: Sort) {
        let title = title(path).map(str::to_owned);
        self.all.push(Value { title, text: text.to_owned(), sort });
    }
}

impl Visitor for Values {
    fn record(&mut self) {}

    fn key(&mut self, path: &mut [Step]) -> Result<Option<String>> {
        if let Some(Step::Key { name, .. }) = path.last() {
            self.all.push(Value { title: None, text: name.clone(), sort: Sort::Key });
        }
        Ok(None)
    }

    fn text(&mut self, path: &[Step], text: &str) -> Result<Option<String>> {
        match values(text) {
            Some(mut inner) => {
                let untitled = |one: &&mut Value| one.title.is_none() && one.sort != Sort::Key;
                for one in inner.iter_mut().filter(untitled) {
                    one.title = title(path).map(str::to_owned);
                }
                self.all.append(&mut inner);
            }
            None => self.push(path, text, Sort::Text),
        }
        Ok(None)
    }

    fn number(&mut self, path: &[Step], digits: &str) -> Result<Option<String>> {
        self.push(path, digits, Sort::Number);
        Ok(None)
    }
}

/// Gives every key, string and number another text.
struct Given<'a>(&'a mut dyn Iterator<Item = String>);

impl Given<'_> {
    fn next(&mut self, text: &str) -> Result<Option<String>> {
        let given = self.0.next().ok_or_else(lost)?;
        Ok((given != text).then_some(given))
    }
}

impl Visitor for Given<'_> {
    fn record(&mut self) {}

    fn key(&mut self, path: &mut [Step]) -> Result<Option<String>> {
        match path.last() {
            Some(Step::Key { name, .. }) => self.next(name),
            _ => Err(lost()),
        }
    }

    fn text(&mut self, _: &[Step], text: &str) -> Result<Option<String>> {
        if !nested(text) {
            return self.next(text);
        }
        let given = with_values(text, &mut *self.0)?;
        Ok((given != text).then_some(given))
    }

    fn number(&mut self, _: &[Step], digits: &str) -> Result<Option<String>> {
        self.next(digits)
    }
}

/// Asks of every key, string and number.
struct Asked<'a> {
    is: &'a mut dyn FnMut(&str) -> bool,
    answer: bool,
}

impl Visitor for Asked<'_> {
    fn record(&mut self) {}

    fn key(&mut self, path: &mut [Step]) -> Result<Option<String>> {
        if let Some(Step::Key { name, .. }) = path.last() {
            self.answer = self.answer || (self.is)(name);
        }
        Ok(None)
    }

    fn text(&mut self, _: &[Step], text: &str) -> Result<Option<String>> {
        self.answer = self.answer || any(text, &mut *self.is);
        Ok(None)
    }

    fn number(&mut self, _: &[Step], digits: &str) -> Result<Option<String>> {
        let written = decimal(digits);
        self.answer = self.answer || (self.is)(digits) || written != digits && (self.is)(&written);
        Ok(None)
    }
}

/// What a value stands in.
enum Frame {
    Array,
    Object {
        members: usize,
        /// Keys as they are written.
        keys: BTreeSet<String>,
        /// Whether one of them was renamed.
        renamed: bool,
    },
}

/// One pass over sound JSON.
struct Walk<'t, V> {
    text: &'t str,
    at: usize,
    /// As far as this the text is in `out`.
    copied: usize,
    out: String,
    visitor: &'t mut V,
}

impl<'t, V: Visitor> Walk<'t, V> {
    fn new(text: &'t str, visitor: &'t mut V) -> Self {
        let at = if text.starts_with(MARK) { MARK.len_utf8() } else { 0 };
        Self { text, at, copied: 0, out: String::with_capacity(text.len()), visitor }
    }

    /// A record, whatever is in it.
    fn value(&mut self) -> Result<()> {
        self.visitor.record();
        self.under(Vec::new())
    }

    /// A value, whatever is in it, at a path.
    fn under(&mut self, mut path: Vec<Step>) -> Result<()> {
        let mut frames = Vec::new();
        loop {
            if !self.enter(&mut frames, &mut path)? && !self.leave(&mut frames, &mut path)? {
                return Ok(());
            }
        }
    }

    /// Goes over a value, or, and then it is true, to the first in it.
    fn enter(&mut self, frames: &mut Vec<Frame>, path: &mut Vec<Step>) -> Result<bool> {
        match self.peek().ok_or_else(lost)? {
            open @ (b'{' | b'[') => {
                self.at += 1;
                // `{` and `}` are two apart, as are `[` and `]`.
                if self.peek() == Some(open + 2) {
                    self.at += 1;
                    return Ok(false);
                }
                if open == b'[' {
                    frames.push(Frame::Array);
                    path.push(Step::Index(0));
                } else {
                    let (members, keys, renamed) = (0, BTreeSet::new(), false);
                    frames.push(Frame::Object { members, keys, renamed });
                    self.member(frames, path)?;
                }
                return Ok(true);
            }
            b'"' => {
                let start = self.at;
                let text = self.string();
                let clean = self.visitor.text(path, &text)?;
                self.put(start, clean);
            }
            first => {
                let start = self.at;
                // Values that follow each other outside everything need no blank between them.
                let ends = |byte: u8| b",[]{}\"".contains(&byte) || byte.is_ascii_whitespace();
                while self.text.as_bytes().get(self.at).is_some_and(|byte| !ends(*byte)) {
                    self.at += 1;
                }
                if self.at == start {
                    return Err(lost());
                }
                if first == b'-' || first.is_ascii_digit() {
                    let digits = self.text.get(start..self.at).unwrap_or_default();
                    let clean = self.visitor.number(path, digits)?;
                    self.put(start, clean);
                }
            }
        }
        Ok(false)
    }

    /// Goes from the end of a value to the next, closing what ends with it; false after the last.
    fn leave(&mut self, frames: &mut Vec<Frame>, path: &mut Vec<Step>) -> Result<bool> {
        while let Some(frame) = frames.last() {
            let close = self.peek();
            self.at += 1;
            match (close, frame) {
                (Some(b','), Frame::Array) => {
                    if let Some(Step::Index(index)) = path.last_mut() {
                        *index += 1;
                    }
                    return Ok(true);
                }
                (Some(b','), Frame::Object { .. }) => {
                    path.pop();
                    self.member(frames, path)?;
                    return Ok(true);
                }
                (Some(b'}' | b']'), _) => {
                    path.pop();
                    frames.pop();
                }
                _ => return Err(lost()),
            }
        }
        Ok(false)
    }

    /// Goes over a key to its value.
    fn member(&mut self, frames: &mut [Frame], path: &mut Vec<Step>) -> Result<()> {
        let Some(Frame::Object { members, keys, renamed }) = frames.last_mut() else {
            return Err(lost());
        };
        if self.peek() != Some(b'"') {
            return Err(lost());
        }
        let start = self.at;
        let name = self.string();
        *members += 1;
        path.push(Step::Key { name: name.clone(), place: *members, shown: true });
        let clean = self.visitor.key(path)?;
        *renamed |= clean.is_some();
        // Once a key has another name, that may be the name of a second one, and a reader would lose either.
        let (mut key, mut number) = (clean.clone().unwrap_or_else(|| name.clone()), 1);
        while *renamed && keys.contains(&key) {
            number += 1;
            key = format!("{}_{number}", clean.as_ref().unwrap_or(&name));
        }
        keys.insert(key.clone());
        self.put(start, (key != name).then_some(key));
        if self.peek() != Some(b':') {
            return Err(lost());
        }
        self.at += 1;
        Ok(())
    }

    /// The next byte that is no blank.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !byte.is_ascii_whitespace() {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Goes over a string; what it says.
    fn string(&mut self) -> String {
        let start = self.at;
        self.at = string(self.text, start);
        let inner = self.text.get(start + 1..self.at.saturating_sub(1)).unwrap_or_default();
        unescaped(inner)
    }

    /// Writes a string instead of what was gone over since a byte.
    fn put(&mut self, start: usize, clean: Option<String>) {
        if let Some(clean) = clean {
            self.out.push_str(self.text.get(self.copied..start).unwrap_or_default());
            self.out.push_str(&serde_json::Value::from(clean).to_string());
            self.copied = self.at;
        }
    }

    fn finish(mut self) -> String {
        self.out.push_str(self.text.get(self.copied..).unwrap_or_default());
        self.out
    }
}

/// The text was checked before it is walked.
fn lost() -> Fault {
    fault::internal("JSON that was sound is not")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts what holds a `7` in brackets, and notes all it sees.
    #[derive(Default)]
    struct Seen {
        records: usize,
        all: Vec<String>,
    }

    impl Seen {
        fn clean(&mut self, what: &str, path: &[Step], text: &str) -> Option<String> {
            self.all.push(format!("{what} {}={text}", super::path(path, false)));
            text.contains('7').then(|| "[x]".to_owned())
        }
    }

    impl Visitor for Seen {
        fn record(&mut self) {
            self.records += 1;
        }

        fn key(&mut self, path: &mut [Step]) -> Result<Option<String>> {
            let Some(Step::Key { name, shown, .. }) = path.last_mut() else { return Ok(None) };
            *shown = !name.contains('7');
            Ok((!*shown).then(|| "[x]".to_owned()))
        }

        fn text(&mut self, path: &[Step], text: &str) -> Result<Option<String>> {
            Ok(self.clean("text", path, text))
        }

        fn number(&mut self, path: &[Step], digits: &str) -> Result<Option<String>> {
            Ok(self.clean("number", path, digits))
        }
    }

    fn walked(text: &str) -> (String, Vec<String>) {
        check(text, false).unwrap();
        let mut seen = Seen::default();
        let out = record(text, &mut seen).unwrap();
        assert_eq!(seen.records, 1);
        (out, seen.all)
    }

    #[test]
    fn values_outside_everything_need_no_blank_between_them() {
        let text = "8[7]true{\"a\":1}-7\"b\"null[]";
        check(text, true).unwrap();
        let mut seen = Seen::default();
        assert_eq!(
            document(text, &mut seen).unwrap(),
            text.replace("[7]", "[\"[x]\"]").replace("-7", "\"[x]\"")
        );
        assert_eq!(seen.records, 7);
    }

    #[test]
    fn every_value_at_any_depth_is_seen_under_its_path() {
        let text = r#"{"note":"a","messages":[{"role":"u","content":"b"},{"content":"c\n\"\u738b"}],
            "n":-1.50e3,"t":[true,null,[],{},[[1]]],"a.b":{"c.d":2,"":3},"e.f":"g"}"#;
        let (out, seen) = walked(text);
        assert_eq!(out, text);
        assert_eq!(
            seen,
            [
                "text note=a",
                "text messages[0].role=u",
                "text messages[0].content=b",
                "text messages[1].content=c\n\"王",
                "number n=-1.50e3",
                "number t[4][0][0]=1",
                "number [\"a.b\"][\"c.d\"]=2",
                "number [\"a.b\"][\"\"]=3",
                "text e.f=g",
            ]
        );
        assert_eq!(walked(" 5 ").1, ["number =5"]);
        assert_eq!(walked("[\"a\",[1]]").1, ["text [0]=a", "number [1][0]=1"]);
    }

    #[test]
    fn what_is_replaced_leaves_every_other_byte() {
        let text = "{ \"z\" : 1.10 ,\t\"a\":[7e2, \"\\u0037 and\", 1e999,123456890123456890123], \"z\":\"7\"} ";
        let clean = "{ \"z\" : 1.10 ,\t\"a\":[\"[x]\", \"[x]\", 1e999,123456890123456890123], \"z\":\"[x]\"} ";
        assert_eq!(walked(text).0, clean);
    }

    #[test]
    fn keys_are_renamed_and_stay_apart() {
        let (out, seen) = walked(r#"{"17":1,"b":2,"27":{"c":"d"},"[x]":3,"b":4}"#);
        assert_eq!(out, r#"{"[x]":1,"b":2,"[x]_2":{"c":"d"},"[x]_3":3,"b_2":4}"#);
        assert_eq!(
            seen,
            ["number key 1=1", "number b=2", "text key 3.c=d", "number [x]=3", "number b=4"]
        );
        assert_eq!(walked(r#"{"b":1,"b":2}"#).0, r#"{"b":1,"b":2}"#);
    }

    #[test]
    fn a_document_has_a_record_for_each_element_or_value() {
        for (text, records) in [
            ("[{\"a\":\"7\"},{\"a\":7},\"7\"]", 3),
            ("{\"a\":[\"7\",7]}\n{\"7\":7}\n", 2),
            ("[]", 0),
            ("  ", 0),
        ] {
            check(text, true).unwrap();
            let mut seen = Seen::default();
            let out = document(text, &mut seen).unwrap();
            assert_eq!(seen.records, records, "{text}");
            check(&out, true).unwrap();
            assert!(!out.contains('7'), "{out}");
        }
    }

    #[test]
    fn values_are_taken_without_escapes_and_put_back_with_them() {
        let inner = r#"{\"to\":\"a\\nb\",\"n\":[13.50]}"#;
        let text = format!(r#" {{"note":"\u738b\n\"x\"","args":"{inner}","t":[true,1e2]}}"#);
        let all = values(&text).unwrap();
        let seen: Vec<(Option<&str>, &str, Sort)> =
            all.iter().map(|one| (one.title.as_deref(), &*one.text, one.sort)).collect();
        assert_eq!(
            seen,
            [
                (None, "note", Sort::Key),
                (Some("note"), "王\n\"x\"", Sort::Text),
                (None, "args", Sort::Key),
                (None, "to", Sort::Key),
                (Some("to"), "a\nb", Sort::Text),
                (None, "n", Sort::Key),
                (Some("n"), "13.50", Sort::Number),
                (None, "t", Sort::Key),
                (Some("t"), "1e2", Sort::Number),
            ]
        );
        let same = with_values(&text, &mut all.into_iter().map(|one| one.text)).unwrap();
        assert_eq!(same, text);
        let given = ["note", "王\n\"x\"", "args", "to", "\"[x]\"\n", "n", "13.50", "t", "[y]"];
        let given = with_values(&text, &mut given.map(str::to_owned).into_iter()).unwrap();
        let read: serde_json::Value = serde_json::from_str(&given).unwrap();
        assert_eq!(read["args"], r#"{"to":"\"[x]\"\n","n":[13.50]}"#);
        assert_eq!(read["t"][1], "[y]");
        assert!(given.starts_with(" {\"note\":\"\\u738b") && given.contains("[true,"), "{given}");
        for text in ["[王] said", "5", "\"a\"", "{\"a\":1} {\"a\":2}", "{\"a\":", ""] {
            assert!(values(text).is_none(), "{text}");
        }
        let deep = format!("{}\"x\"{}", "[".repeat(500), "]".repeat(500));
        assert_eq!(values(&deep).unwrap().len(), 1);
    }

    #[test]
    fn keys_are_given_other_names_and_stay_apart() {
        let text = r#"{"17":{"27":1},"b":"{\"17\":2}","27":3}"#;
        let all = values(text).unwrap();
        let given = all.iter().map(|one| one.text.replace("17", "[x]").replace("27", "[x]"));
        let given = with_values(text, &mut given.collect::<Vec<_>>().into_iter()).unwrap();
        assert_eq!(given, r#"{"[x]":{"[x]":1},"b":"{\"[x]\":2}","[x]_2":3}"#);
    }

    #[test]
    fn what_a_string_holds_as_json_stands_under_its_key() {
        let all = values(r#"{"dob":"[\"1949-12-31\",{\"a\":1}]"}"#).unwrap();
        let seen: Vec<(Option<&str>, &str)> =
            all.iter().map(|one| (one.title.as_deref(), &*one.text)).collect();
        let expected = [(None, "dob"), (Some("dob"), "1949-12-31"), (None, "a"), (Some("a"), "1")];
        assert_eq!(seen, expected);
    }

    #[test]
    fn what_a_string_holds_as_json_is_seen_at_a_path_from_its_own() {
        let at = |name: &str| Step::Key { name: name.to_owned(), place: 1, shown: true };
        let path = [at("tool"), at("args")];
        let mut seen = Seen::default();
        let inner = r#"{"q": ["\u738b", 70], "7": true}"#;
        let clean = within(inner, &path, &mut seen).unwrap();
        let cleaned = r#"{"q": ["\u738b", "[x]"], "[x]": true}"#;
        assert_eq!(clean.as_deref(), Some(cleaned));
        assert_eq!(seen.all, ["text tool.args.q[0]=王", "number tool.args.q[1]=70"]);
        assert_eq!((seen.records, within("[1,\"a\"]", &path, &mut seen).unwrap()), (0, None));
        assert!(within(r#""\u738b""#, &[], &mut seen).unwrap().is_none());
        assert_eq!(seen.all.last().unwrap(), "text =王");
        assert!(nested(inner) && nested(r#""\u738b""#) && !nested("7") && !nested("[x] and"));
    }

    #[test]
    fn something_is_asked_of_what_a_text_says() {
        let of = |text: &str, wanted: &str| any(text, &mut |part| part == wanted);
        let text = r#"{"a\tb":["c\"d",7,"{\"e\":\"f\\ng\"}"]}"#;
        for wanted in ["a\tb", "c\"d", "7", "e", "f\ng"] {
            assert!(of(text, wanted), "{wanted}");
        }
        assert!(!of(text, text) && of("[plain", "[plain"));
    }

    #[test]
    fn json_is_walked_behind_a_mark_and_in_strings_of_strings() {
        let of = |text: &str| -> Vec<String> {
            values(text).unwrap().into_iter().map(|one| one.text).collect()
        };
        assert_eq!(of("\u{feff}{\"a\":\"b\"}"), ["a", "b"]);
        assert_eq!(of(r#""\u738b\u5c0f\u660e""#), ["王小明"]);
        assert_eq!(of(r#"{"x": "\"\\u738b\\u5c0f\\u660e\""}"#), ["x", "王小明"]);
        for text in ["\u{feff} {\"a\":\"b\"}", r#""\u738b""#, r#"{"x":"\"\\u738b\""}"#] {
            let mut given = values(text).unwrap().into_iter().map(|_| "[y]".to_owned());
            let given = with_values(text, &mut given).unwrap();
            assert!(given.contains("[y]") && is_json(&given), "{given}");
            let mut same = values(text).unwrap().into_iter().map(|one| one.text);
            assert_eq!(with_values(text, &mut same).unwrap(), text);
        }
        assert!(any(r#"{"x": "\"\\u738b\""}"#, &mut |part| part == "王"));
        assert!(any("\u{feff}[4.8213e4]", &mut |part| part == "48213"));
    }

    fn is_json(text: &str) -> bool {
        let text = text.strip_prefix(MARK).unwrap_or(text);
        serde_json::from_str::<IgnoredAny>(text).is_ok()
    }

    #[test]
    fn a_number_is_written_in_digits() {
        for (number, written) in [
            ("48213", "48213"),
            ("-48213.00", "48213"),
            ("4.8213e4", "48213"),
            ("4.82135E+4", "48213.5"),
            ("1.3900001111e10", "13900001111"),
            ("6.222021234567890123e18", "6222021234567890123"),
            ("1.5e0", "1.5"),
            ("0.48213e5", "48213"),
            ("0.05e1", "0.5"),
            ("0e3", "0"),
            ("1e999", "1e999"),
            ("15e-1", "15e-1"),
            ("1.50", "1.50"),
        ] {
            assert_eq!(decimal(number), written, "{number}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let of = |text: &str, several| check(text, several).map_err(|one| (one.at, one.why.en));
        assert_eq!(of("{\"a\":\"b", false), Err((7, "it ends before its JSON does".to_owned())));
        let wrong = |column| format!("it is no JSON from character {column} on");
        assert_eq!(of("{\"王\":x}", false), Err((7, wrong(6))));
        assert_eq!(of("1 2", false), Err((2, wrong(3))));
        assert_eq!(of("[1,\n2,\n x]", true), Err((8, wrong(2))));
        assert!(of("{\"a\":1}\n{\"a\":2}", true).is_ok());
        let nested = |depth: usize| format!("{}\"[[\"{}", "[".repeat(depth), "]".repeat(depth));
        assert!(of(&nested(DEPTH), false).is_ok());
        assert_eq!(of(&nested(DEPTH + 1), false).map_err(|one| one.0), Err(DEPTH));
        assert!(of(&nested(1 << 20), false).is_err());
    }
}

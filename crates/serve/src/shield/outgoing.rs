//! An answer on its way out. A finding may lie across the pieces of a stream, so text waits until what stands around it is known:
//! to the end of its sentence, or until there is more of it than any finding has.

use super::{Act, json, masked};
use ingot_privacy::detect::Detector;
use ingot_runtime::generate::{Form, ToolCall};
use serde_json::Value;
use std::sync::Arc;

/// Characters that wait at most.
const MOST: usize = 600;
/// Characters that stay behind when so many wait, and that are known of what left: longer than anything that is found, with the word
/// that tells what it is.
const TAIL: usize = 160;

/// The way out of one answer.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    detector: Arc<Detector>,
    act: Act,
    /// The end of what left, as the model said it: what comes next may be known by it.
    before: String,
    waiting: String,
    /// Findings so far.
    pub(crate) found: usize,
    /// The answer was cut off.
    pub(crate) blocked: bool,
}

impl Outgoing {
    pub(super) fn new(detector: Arc<Detector>, act: Act) -> Self {
        let (before, waiting) = (String::new(), String::new());
        Self { detector, act, before, waiting, found: 0, blocked: false }
    }

    /// Whether answers may leave otherwise than they came.
    pub(crate) fn changes(&self) -> bool {
        self.act != Act::Log
    }

    /// A whole answer that must keep a form: JSON keeps its schema, or is withheld. Of other grammars nobody knows what may stand in them.
    pub(crate) fn formed(&mut self, text: &str, form: &Form) -> String {
        let schema = match form {
            Form::JsonSchema(schema) => serde_json::from_str::<Value>(schema).ok(),
            Form::Grammar(_) => None,
        };
        let Ok(old) = serde_json::from_str::<Value>(text) else {
            if schema.is_none() {
                let found = self.detector.detect(text).len();
                return self.whole(found, text, None);
            }
            // It was cut off, and has lost its form already.
            let mut out = self.push(text);
            out.push_str(&self.finish());
            return out;
        };
        let looked = json::look(&self.detector, text, true);
        let new = serde_json::from_str::<Value>(&looked.text).ok();
        let kept = schema.zip(new).is_some_and(|(schema, new)| json::keeps(&schema, &old, &new));
        let told = (kept && !looked.named).then_some(looked.text);
        self.whole(looked.found.len(), text, told)
    }

    /// The arguments of a call, which stay a JSON object, of `schema` where that was promised.
    pub(crate) fn arguments(&mut self, call: &mut ToolCall, schema: Option<&Value>) {
        let text = call.arguments.to_string();
        let looked = json::look(&self.detector, &text, true);
        let new = serde_json::from_str::<Value>(&looked.text).ok();
        let fits =
            |new: &Value| schema.is_none_or(|schema| json::keeps(schema, &call.arguments, new));
        let told = new.filter(|new| !looked.named && fits(new)).map(|_| looked.text);
        let told = self.whole(looked.found.len(), &text, told);
        if let Ok(arguments) = serde_json::from_str(&told) {
            call.arguments = arguments;
        }
    }

    /// A text in which so much was found, as it may leave: `masked` if it can be, else not at all.
    fn whole(&mut self, found: usize, text: &str, masked: Option<String>) -> String {
        self.found += found;
        match (self.act, masked) {
            _ if found == 0 => text.to_owned(),
            (Act::Log | Act::Off, _) => text.to_owned(),
            (Act::Mask, Some(masked)) => masked,
            (Act::Mask | Act::Block, _) => {
                self.blocked = true;
                String::new()
            }
        }
    }

    /// Adds a piece; what may leave now.
    pub(crate) fn push(&mut self, text: &str) -> String {
        if self.act == Act::Log {
            // Nothing is changed, so nothing waits to be shown.
            self.waiting.push_str(text);
            if self.waiting.chars().count() > MOST {
                self.release(false);
            }
            return text.to_owned();
        }
        self.waiting.push_str(text);
        self.release(false)
    }

    /// The end: all that waits.
    pub(crate) fn finish(&mut self) -> String {
        let rest = self.release(true);
        if self.act == Act::Log { String::new() } else { rest }
    }

    fn release(&mut self, all: bool) -> String {
        if self.blocked {
            return String::new();
        }
        let mut cut = if all { self.waiting.len() } else { ready(&self.waiting) };
        // What left tells what comes: a word in one line, its number in the next.
        let mut found = if cut == 0 {
            Vec::new()
        } else {
            json::behind(&self.detector, &self.before, &self.waiting)
        };
        let mut letters = self.waiting.get(..cut).map_or(0, |text| text.chars().count());
        let across = found.iter().find(|one| one.start < letters && letters < one.end);
        if let Some(across) = across {
            // It leaves, or is held back, as a whole.
            letters = across.start;
            cut = self.waiting.char_indices().nth(letters).map_or(0, |(at, _)| at);
        }
        if cut == 0 {
            return String::new();
        }
        found.retain(|finding| finding.start < letters);
        let rest = self.waiting.split_off(cut);
        let text = std::mem::replace(&mut self.waiting, rest);
        self.before.push_str(&text);
        let known = self.before.chars().count();
        self.before = self.before.chars().skip(known.saturating_sub(TAIL)).collect();
        self.found += found.len();
        match (self.act, found.first()) {
            (Act::Block, Some(first)) => {
                self.blocked = true;
                self.waiting.clear();
                // Whole sentences before it may leave, as they do where pieces come one by one.
                let mut clean: String = text.chars().take(first.start).collect();
                clean.truncate(ready(&clean));
                clean
            }
            (Act::Mask, _) => masked(&text, &found),
            _ => text,
        }
    }
}

/// Bytes that may be looked at now: whole sentences; without an end in sight all but a tail, up to a space if there is one.
fn ready(text: &str) -> usize {
    let mut end = 0;
    let mut letters = text.char_indices().peekable();
    let mut count = 0;
    while let Some((at, letter)) = letters.next() {
        count += 1;
        let after = at + letter.len_utf8();
        let next = letters.peek().map(|(_, next)| *next);
        let ends = match letter {
            '\n' | '。' | '！' | '？' | '；' => true,
            // A point may stand in a number or an address: a space must follow.
            '.' | '!' | '?' | ';' => next.is_some_and(char::is_whitespace),
            _ => false,
        };
        if ends {
            end = after;
        }
    }
    if end > 0 || count <= MOST {
        return end;
    }
    let keep = text.char_indices().nth(count - TAIL).map_or(0, |(at, _)| at);
    let head = text.get(..keep).unwrap_or_default();
    head.rfind(char::is_whitespace).map_or(keep, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::super::{Policy, Shield};
    use super::*;
    use proptest::prelude::*;

    fn outgoing(answers: Act) -> Outgoing {
        let policy = Policy { answers, ..Policy::default() };
        Shield::new(policy).unwrap().outgoing().unwrap()
    }

    fn through(act: Act, pieces: &[&str]) -> (String, Outgoing) {
        let mut way = outgoing(act);
        let mut out: String = pieces.iter().map(|piece| way.push(piece)).collect();
        out.push_str(&way.finish());
        (out, way)
    }

    #[test]
    fn what_lies_across_pieces_is_found() {
        let pieces = ["请拨打 138", "1234", "5678 联系。", "再见"];
        let (out, way) = through(Act::Mask, &pieces);
        assert_eq!((out.as_str(), way.found), ("请拨打 <PHONE> 联系。再见", 1));
        let (out, way) = through(Act::Block, &pieces);
        assert!(way.blocked && !out.contains("138"), "{out}");
        let (out, way) = through(Act::Log, &pieces);
        assert_eq!((out, way.found), (pieces.concat(), 1));
    }

    #[test]
    fn what_left_tells_what_comes() {
        for pieces in [&["我的QQ：\n123456789。"][..], &["我的QQ：\n", "1234", "56789。"]] {
            let (out, way) = through(Act::Mask, pieces);
            assert_eq!((out.as_str(), way.found), ("我的QQ：\n<QQ>。", 1));
            let (out, way) = through(Act::Block, pieces);
            assert!(way.blocked && !out.contains("123456789"), "{out}");
        }
        // What left before is not found again.
        let text = "请拨打 13812345678 联系。".repeat(60);
        let (_, way) = through(Act::Log, &[&text, &text]);
        assert_eq!(way.found, 120);
    }

    #[test]
    fn what_is_clean_before_leaves_also_of_a_whole_answer() {
        for pieces in
            [&["Hello. Call 13812345678. Bye."][..], &["Hello. ", "Call 138", "12345678. ", "Bye."]]
        {
            let (out, way) = through(Act::Block, pieces);
            assert_eq!((out.trim_end(), way.blocked), ("Hello.", true));
        }
    }

    #[test]
    fn json_keeps_its_form_or_is_withheld() {
        let schema = |text: &str| Form::JsonSchema(text.to_owned());
        let mut way = outgoing(Act::Mask);
        let text = r#"{"b": "Call 13812345678", "a": 13812345678}"#;
        let out = way.formed(text, &schema(r#"{"type":"object"}"#));
        assert_eq!(
            (out.as_str(), way.blocked),
            (r#"{"b": "Call <PHONE>", "a": "<PHONE>"}"#, false)
        );
        let number = schema(r#"{"type":"object","properties":{"a":{"type":"integer"}}}"#);
        assert_eq!((way.formed(text, &number).as_str(), way.blocked), ("", true));
        let mut way = outgoing(Act::Mask);
        assert_eq!(way.formed("{\"a\": 1}", &number), "{\"a\": 1}");
        assert_eq!(way.formed("13812345678", &Form::Grammar("root ::= [0-9]+".into())), "");
        assert!(way.blocked);
        let mut call = ToolCall {
            id: String::new(),
            name: "f".into(),
            arguments: serde_json::json!({ "phone": 13_812_345_678_u64 }),
        };
        let mut way = outgoing(Act::Mask);
        way.arguments(&mut call, None);
        assert_eq!(call.arguments, serde_json::json!({ "phone": "<PHONE>" }));
        assert_eq!((way.found, way.blocked), (1, false));
    }

    #[test]
    fn sentences_leave_as_they_end() {
        let mut way = outgoing(Act::Mask);
        assert_eq!(way.push("One. Two"), "One.");
        assert_eq!(way.push(" three."), "");
        assert_eq!(way.push(" Pi is 3."), " Two three.");
        assert_eq!(way.push("14"), "");
        assert_eq!(way.finish(), " Pi is 3.14");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_where_nothing_is_found(text in "[a-d 。.\n]{0,900}", cut in 1_usize..40) {
            let letters: Vec<char> = text.chars().collect();
            let mut way = outgoing(Act::Mask);
            let mut out = String::new();
            for piece in letters.chunks(cut) {
                out.push_str(&way.push(&piece.iter().collect::<String>()));
            }
            out.push_str(&way.finish());
            prop_assert!(way.found > 0 || out == text);
        }
    }
}

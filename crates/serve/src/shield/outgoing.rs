//! An answer on its way out. A finding may lie across the pieces of a stream, so text waits until what stands around it is known:
//! to the end of its sentence, or until there is more of it than any finding has.

use super::{Act, masked};
use ingot_privacy::detect::Detector;
use std::sync::Arc;

/// Characters that wait at most.
const MOST: usize = 600;
/// Characters that stay behind when so many wait: longer than anything that is found.
const TAIL: usize = 160;

/// The way out of one answer.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    detector: Arc<Detector>,
    act: Act,
    waiting: String,
    /// Findings so far.
    pub(crate) found: usize,
    /// The answer was cut off.
    pub(crate) blocked: bool,
}

impl Outgoing {
    pub(super) fn new(detector: Arc<Detector>, act: Act) -> Self {
        Self { detector, act, waiting: String::new(), found: 0, blocked: false }
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
        let cut = if all { self.waiting.len() } else { ready(&self.waiting) };
        if cut == 0 {
            return String::new();
        }
        let rest = self.waiting.split_off(cut);
        let text = std::mem::replace(&mut self.waiting, rest);
        let found = self.detector.detect(&text);
        self.found += found.len();
        match self.act {
            Act::Block if !found.is_empty() => {
                self.blocked = true;
                self.waiting.clear();
                String::new()
            }
            Act::Mask => masked(&text, &found),
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

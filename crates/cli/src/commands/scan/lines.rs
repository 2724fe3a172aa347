//! Texts by lines, as they end: plain text and JSON lines.

use super::keys::{self, Key};
use super::records::Records;
use super::{Place, Scanner, missing, unread};
use crate::args::Scan;
use crate::messages::SCAN_ENCODING;
use ingot_base::{Fault, Message, Result};
use ingot_privacy::detect::Finding;
use ingot_privacy::json;
use std::collections::VecDeque;
use std::io::BufRead;
use std::path::Path;

/// One line of a file.
pub(super) struct Line {
    /// From 1.
    pub(super) number: u64,
    pub(super) text: String,
    /// What ends it: nothing at a file's end.
    pub(super) end: &'static str,
}

/// The lines of a file, of which some can be taken back.
pub(super) struct Lines<'p, R> {
    input: R,
    path: &'p Path,
    number: u64,
    ahead: VecDeque<Line>,
}

impl<'p, R: BufRead> Lines<'p, R> {
    pub(super) fn new(input: R, path: &'p Path) -> Self {
        Self { input, path, number: 0, ahead: VecDeque::new() }
    }

    pub(super) fn next(&mut self) -> Result<Option<Line>> {
        if let Some(line) = self.ahead.pop_front() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        self.input.read_until(b'\n', &mut bytes).map_err(|error| unread(self.path, error))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let end = ["\r\n", "\n", ""].into_iter().find(|end| bytes.ends_with(end.as_bytes()));
        let end = end.unwrap_or_default();
        bytes.truncate(bytes.len() - end.len());
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(Line { number: self.number, text, end })),
            Err(_) => Err(at(&SCAN_ENCODING, self.path, self.number)),
        }
    }

    /// Gives lines back that follow one another, to be read again.
    pub(super) fn back(&mut self, lines: impl DoubleEndedIterator<Item = Line>) {
        for line in lines.rev() {
            self.ahead.push_front(line);
        }
    }
}

fn at(message: &'static Message, path: &Path, line: u64) -> Fault {
    Fault::new(message).arg("path", path.display()).arg("line", line)
}

impl Scanner<'_> {
    /// What is wrong on a line.
    pub(super) fn at(&self, message: &'static Message, line: u64) -> Fault {
        at(message, self.path, line)
    }

    pub(super) fn lines(&mut self, args: &Scan) -> Result<()> {
        if let Some(name) = args.text.first() {
            return Err(missing(name, &[]));
        }
        let mut lines = Lines::new(self.open()?, self.path);
        let mut records = Records::new(self, &[]);
        while let Some(line) = lines.next()? {
            let Some(start) = keys::begin(&line.text) else {
                records.line(&line)?;
                continue;
            };
            let mut held = vec![line];
            let key = keys::hold(&mut lines, &mut held, start)?;
            if !records.scanner.block(&held, &key)? {
                let mut held = held.into_iter();
                if let Some(first) = held.next() {
                    records.line(&first)?;
                }
                lines.back(held);
            }
        }
        records.finish()
    }

    /// A line, of which that may be written instead.
    fn put(&mut self, line: &Line, clean: Option<&str>) -> Result<()> {
        self.write(clean.unwrap_or(&line.text).as_bytes())?;
        self.write(line.end.as_bytes())
    }

    /// Lines of a private key as one text, if the detector sees a key in them.
    fn block(&mut self, held: &[Line], key: &Key) -> Result<bool> {
        let [first, .., last] = held else { return Ok(false) };
        let text = keys::joined(held);
        let mut found = self.find(&text)?;
        if !key.cover(&text, &mut found) {
            return Ok(false);
        }
        for finding in &found {
            let (row, finding) = placed(&text, finding);
            let place = Place { row: first.number + row, ..Place::default() };
            self.tell(place, &[finding])?;
        }
        self.rows = last.number;
        let clean = self.clean(&text, found)?;
        self.write(clean.as_deref().unwrap_or(&text).as_bytes())?;
        self.write(last.end.as_bytes())?;
        Ok(true)
    }
}

impl Records<'_, '_> {
    /// A line by itself, or what it says where it is JSON.
    fn line(&mut self, line: &Line) -> Result<()> {
        self.scanner.rows = line.number;
        let clean = if json::nested(&line.text) {
            self.beside(&[(&[], &line.text)])?.pop().flatten()
        } else {
            let place = Place { row: line.number, ..Place::default() };
            self.scanner.text(place, &line.text)?
        };
        self.scanner.put(line, clean.as_deref())
    }
}

/// The line of a text on which a finding begins, from 0, and the finding counted from that line's first character.
fn placed(text: &str, finding: &Finding) -> (u64, Finding) {
    let (mut row, mut begin) = (0, 0);
    for (at, letter) in text.chars().take(finding.start).enumerate() {
        if letter == '\n' {
            (row, begin) = (row + 1, at + 1);
        }
    }
    let (start, end) = (finding.start - begin, finding.end - begin);
    (row, Finding { start, end, ..finding.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_ends_and_can_be_read_again() {
        let mut lines = Lines::new(&b"a\r\n\nb\xe4\xb8\xad\nc"[..], Path::new("x"));
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(line);
        }
        let seen = |all: &[Line]| -> Vec<(u64, String, &str)> {
            all.iter().map(|line| (line.number, line.text.clone(), line.end)).collect()
        };
        let expected = seen(&all);
        let told: Vec<(&str, &str)> =
            expected.iter().map(|(_, text, end)| (text.as_str(), *end)).collect();
        assert_eq!(told, [("a", "\r\n"), ("", "\n"), ("b中", "\n"), ("c", "")]);
        lines.back(all.into_iter());
        let again: Vec<Line> = std::iter::from_fn(|| lines.next().unwrap()).collect();
        assert_eq!(seen(&again), expected);
        let mut wrong = Lines::new(&b"a\n\xff\n"[..], Path::new("x"));
        wrong.next().unwrap();
        assert_eq!(wrong.next().err().map(|fault| fault.code()), Some("cli-scan-encoding"));
    }

    #[test]
    fn a_finding_is_told_by_its_own_line() {
        let finding = |start, end| Finding {
            kind: ingot_privacy::detect::Kind::Secret,
            start,
            end,
            score: 1.0,
            why: Vec::new(),
        };
        let of = |start, end| {
            let (row, finding) = placed("中a\nbcd\ne", &finding(start, end));
            (row, finding.start, finding.end)
        };
        assert_eq!(of(1, 6), (0, 1, 6));
        assert_eq!(of(4, 6), (1, 1, 3));
        assert_eq!(of(7, 8), (2, 0, 1));
    }
}

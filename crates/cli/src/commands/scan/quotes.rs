//! The bytes of a CSV file on their way to its reader: on which line each record begins, and whether the last quote is closed.

use std::collections::VecDeque;
use std::io::{self, Read};

/// Where in a record the last byte stood. The same steps as the reader's own.
#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Before a record.
    Start,
    /// Before a field.
    Field,
    /// In a field without quotes.
    Plain,
    /// Between quotes.
    Quoted,
    /// After a quote that closes, or is the first of two.
    Closing,
}

pub(super) struct Quotes<R> {
    input: R,
    delimiter: u8,
    state: State,
    line: u64,
    /// Lines on which records begin that the reader has not given yet.
    starts: VecDeque<u64>,
    /// Line of the last quote that opened.
    opened: u64,
    ended: bool,
}

impl<R> Quotes<R> {
    pub(super) fn new(input: R, delimiter: u8) -> Self {
        Self {
            input,
            delimiter,
            state: State::Start,
            line: 1,
            starts: VecDeque::new(),
            opened: 1,
            ended: false,
        }
    }

    /// The line on which the next record begins; asked once for each.
    pub(super) fn record(&mut self) -> u64 {
        self.starts.pop_front().unwrap_or(self.line)
    }

    /// The line of a quote that is open where the file ends.
    pub(super) fn unclosed(&self) -> Option<u64> {
        (self.ended && self.state == State::Quoted).then_some(self.opened)
    }

    fn step(&mut self, byte: u8) {
        let end = matches!(byte, b'\r' | b'\n');
        if self.state == State::Start && !end {
            self.starts.push_back(self.line);
            self.state = State::Field;
        }
        self.state = match self.state {
            State::Quoted if byte == b'"' => State::Closing,
            State::Quoted => State::Quoted,
            State::Closing if byte == b'"' => State::Quoted,
            State::Start => State::Start,
            _ if end => State::Start,
            _ if byte == self.delimiter => State::Field,
            State::Field if byte == b'"' => {
                self.opened = self.line;
                State::Quoted
            }
            _ => State::Plain,
        };
        self.line += u64::from(byte == b'\n');
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        self.ended = read == 0 && !into.is_empty();
        for byte in into.get(..read).unwrap_or_default() {
            self.step(*byte);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records' first lines and the line of a quote that stays open, with the reader that this stands before.
    fn read(text: &str) -> (Vec<u64>, Option<u64>) {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(3)
            .from_reader(Quotes::new(text.as_bytes(), b','));
        let mut record = csv::StringRecord::new();
        let (mut lines, mut open) = (Vec::new(), None);
        while reader.read_record(&mut record).unwrap() {
            lines.push(reader.get_mut().record());
            open = open.or(reader.get_ref().unclosed());
        }
        assert!(reader.get_ref().starts.is_empty(), "{text:?}");
        (lines, open)
    }

    #[test]
    fn records_begin_where_they_are_read() {
        for (text, lines) in [
            ("a,b\n1,2\n\n\n3,4", vec![1, 2, 5]),
            ("a,b\r\n1,\"x\r\ny\"\r\n3,4\r\n", vec![1, 2, 4]),
            ("a\"b,c\nd\"e,f\n", vec![1, 2]),
            ("\"a\"\"\n\"\"b\",\"\"\n\"c\"d,e\n,\n", vec![1, 3, 4]),
            ("", vec![]),
        ] {
            assert_eq!(read(text), (lines, None), "{text:?}");
        }
    }

    #[test]
    fn a_quote_that_stays_open_is_told() {
        assert_eq!(read("a,b\n1,2\n3,\"4\n5,6\n"), (vec![1, 2, 3], Some(3)));
        assert_eq!(read("a,b\n1,\"x\ny\",\"2\n"), (vec![1, 2], Some(3)));
        assert_eq!(read("a,\"\"\"").1, Some(1));
        assert_eq!(read("a,\"\"\"\"").1, None);
    }
}

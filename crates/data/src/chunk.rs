//! Cuts CSV text at record boundaries, so that pieces can be decoded on all cores.
//!
//! RFC 4180 quoting: a quote toggles, a doubled quote toggles twice, and a line feed ends a record only outside quotes.

use std::io::{self, Read};

/// A piece of a CSV file that begins and ends at record boundaries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The bytes, without the header.
    pub(crate) bytes: Vec<u8>,
    /// Number of its first record in the file, from 1 (the header is not counted).
    pub(crate) first_row: u64,
    /// Line of its first record in the file, from 1 (the header counts).
    pub(crate) first_line: u64,
}

/// Cuts what a reader gives into chunks of about `size` bytes.
pub(crate) struct Chunks<R> {
    reader: R,
    size: usize,
    rest: Vec<u8>,
    next_row: u64,
    next_line: u64,
    ended: bool,
}

impl<R: Read> Chunks<R> {
    /// `first_line` is the line on which the reader stands: after the header.
    pub(crate) fn new(reader: R, size: usize, first_line: u64) -> Self {
        Self { reader, size, rest: Vec::new(), next_row: 1, next_line: first_line, ended: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        let want = self.size.saturating_sub(self.rest.len()).max(self.size / 2);
        let got = (&mut self.reader).take(want as u64).read_to_end(&mut self.rest)?;
        self.ended = got < want;
        Ok(())
    }
}

impl<R: Read> Iterator for Chunks<R> {
    type Item = io::Result<Chunk>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if !self.ended
                && let Err(error) = self.fill()
            {
                self.ended = true;
                return Some(Err(error));
            }
            let cut = scan(&self.rest);
            let (end, rows, lines) = if self.ended {
                let tail =
                    self.rest.get(cut.end..).is_some_and(|tail| !tail.trim_ascii().is_empty());
                (self.rest.len(), cut.rows + u64::from(tail), cut.lines)
            } else {
                (cut.end, cut.rows, cut.lines)
            };
            if end == 0 {
                if self.ended {
                    return None;
                }
                continue;
            }
            let tail = self.rest.split_off(end);
            let bytes = std::mem::replace(&mut self.rest, tail);
            let chunk = Chunk { bytes, first_row: self.next_row, first_line: self.next_line };
            self.next_row += rows;
            self.next_line += lines;
            return Some(Ok(chunk));
        }
    }
}

/// Where the last whole record of some text ends.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cut {
    end: usize,
    rows: u64,
    lines: u64,
}

/// Finds the last record boundary; empty lines are no records, as the decoders see it.
fn scan(bytes: &[u8]) -> Cut {
    let mut cut = Cut::default();
    let mut quoted = false;
    let mut start = 0;
    let mut lines = 0;
    for at in memchr::memchr2_iter(b'"', b'\n', bytes) {
        if bytes.get(at) == Some(&b'"') {
            quoted = !quoted;
            continue;
        }
        lines += 1;
        if quoted {
            continue;
        }
        let record = bytes.get(start..at).unwrap_or_default();
        let empty = record.is_empty() || record == b"\r";
        cut = Cut { end: at + 1, rows: cut.rows + u64::from(!empty), lines };
        start = at + 1;
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cells() -> impl Strategy<Value = Vec<Vec<String>>> {
        prop::collection::vec(prop::collection::vec("[a-c\",\n\r 一]{0,6}", 3), 0..60)
    }

    proptest! {
        #[test]
        fn chunks_hold_the_same_records_as_the_whole(rows in cells(), size in 1_usize..80) {
            let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = writer.into_inner().unwrap();
            let mut seen = Vec::new();
            let mut bytes = Vec::new();
            for chunk in Chunks::new(&text[..], size, 1) {
                let chunk = chunk.unwrap();
                prop_assert_eq!(chunk.first_row, seen.len() as u64 + 1);
                prop_assert_eq!(chunk.first_line, bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1);
                bytes.extend_from_slice(&chunk.bytes);
                let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&chunk.bytes[..]);
                for record in reader.records() {
                    seen.push(record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>());
                }
            }
            prop_assert_eq!(bytes, text);
            prop_assert_eq!(seen, rows);
        }
    }

    #[test]
    fn a_last_line_without_line_feed_counts() {
        let chunks: Vec<Chunk> =
            Chunks::new(&b"a,b\n\nc,d"[..], 4, 2).map(Result::unwrap).collect();
        assert_eq!(chunks.last().map(|chunk| (chunk.first_row, chunk.first_line)), Some((2, 3)));
    }
}

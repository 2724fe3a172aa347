//! Cuts CSV text at record boundaries, so that pieces can be decoded on all cores.
//!
//! Records end where the decoders end them: a line feed or a carriage return outside quotes; a quote opens only at the
//! beginning of a field, and within quotes a doubled quote stands for itself.

use crate::messages::{QUOTE_OPEN, RECORD_ENDLESS};
use ingot_base::Fault;
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

/// Most bytes without a record's end: a quote that is never closed must not swallow the memory.
const RECORD: usize = 64 << 20;

/// What ends a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Records {
    /// Every line feed: JSON lines.
    Lines,
    /// A line end outside quotes; fields are separated by this byte.
    Csv(u8),
}

/// Cuts what a reader gives into chunks of about `size` bytes.
pub(crate) struct Chunks<R> {
    reader: R,
    records: Records,
    size: usize,
    rest: Vec<u8>,
    next_row: u64,
    next_line: u64,
    ended: bool,
}

impl<R: Read> Chunks<R> {
    /// `first_line` is the line on which the reader stands: after the header.
    pub(crate) fn new(reader: R, records: Records, size: usize, first_line: u64) -> Self {
        Self {
            reader,
            records,
            size: size.max(1),
            rest: Vec::new(),
            next_row: 1,
            next_line: first_line,
            ended: false,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        // What holds no record's end is read on in doubling steps.
        let want = self.size.saturating_sub(self.rest.len()).max(self.rest.len()).max(1);
        self.rest.reserve(want);
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
            let cut = scan(&self.rest, self.records);
            if self.ended && cut.open_lines > 0 {
                let line = self.next_line + cut.lines;
                self.rest.clear();
                return Some(Err(io::Error::other(Fault::new(&QUOTE_OPEN).arg("line", line))));
            }
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
                if self.rest.len() > RECORD {
                    self.ended = true;
                    self.rest.clear();
                    let fault = Fault::new(&RECORD_ENDLESS).arg("line", self.next_line);
                    return Some(Err(io::Error::other(fault.arg("bytes", RECORD))));
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
    /// Line feeds that a quote, open at the end of the text, has swallowed.
    open_lines: u64,
}

/// Finds the last record boundary; empty lines are no records, as the decoders see it.
fn scan(bytes: &[u8], records: Records) -> Cut {
    match records {
        Records::Lines => scan_lines(bytes),
        Records::Csv(delimiter) => scan_csv(bytes, delimiter),
    }
}

fn scan_lines(bytes: &[u8]) -> Cut {
    let mut cut = Cut::default();
    for at in memchr::memchr_iter(b'\n', bytes) {
        let line = bytes.get(cut.end..at).unwrap_or_default();
        cut.rows += u64::from(!line.trim_ascii().is_empty());
        cut = Cut { end: at + 1, rows: cut.rows, lines: cut.lines + 1, open_lines: 0 };
    }
    cut
}

fn scan_csv(bytes: &[u8], delimiter: u8) -> Cut {
    let mut cut = Cut::default();
    let (mut quoted, mut lines, mut skip) = (false, 0, usize::MAX);
    for at in memchr::memchr3_iter(b'"', b'\n', b'\r', bytes) {
        match bytes.get(at) {
            Some(b'"') if at == skip => {}
            // Within quotes a doubled quote stands for itself, any other ends them.
            Some(b'"') if quoted && bytes.get(at + 1) == Some(&b'"') => skip = at + 1,
            Some(b'"') if quoted => quoted = false,
            // Elsewhere than at a field's beginning a quote is a letter like any other.
            Some(b'"') => {
                let before = at.checked_sub(1).and_then(|before| bytes.get(before));
                quoted = at == cut.end || before == Some(&delimiter);
            }
            Some(b'\r') if quoted || bytes.get(at + 1).is_none_or(|next| *next == b'\n') => {}
            // A line feed, or a lone carriage return, which ends a record without beginning a line.
            byte => {
                lines += u64::from(byte == Some(&b'\n'));
                if !quoted {
                    let record = bytes.get(cut.end..at).unwrap_or_default();
                    let empty = record.is_empty() || record == b"\r";
                    cut = Cut {
                        end: at + 1,
                        rows: cut.rows + u64::from(!empty),
                        lines,
                        open_lines: 0,
                    };
                }
            }
        }
    }
    if quoted {
        cut.open_lines = lines - cut.lines;
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
            for chunk in Chunks::new(&text[..], Records::Csv(b','), size, 1) {
                let chunk = chunk.unwrap();
                prop_assert_eq!(chunk.first_row, seen.len() as u64 + 1);
                prop_assert_eq!(chunk.first_line, memchr::memchr_iter(b'\n', &bytes).count() as u64 + 1);
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

    proptest! {
        /// Quotes at any place, closed or not, and carriage returns alone: rows are those that the csv crate counts.
        #[test]
        fn wild_text_is_counted_as_the_decoder_counts(text in "[ab\",\n\r]{0,80}", size in 1_usize..30) {
            let records = |bytes: &[u8]| -> Vec<Vec<Vec<u8>>> {
                let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
                reader.byte_records().map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect()).collect()
            };
            let mut seen = Vec::new();
            for chunk in Chunks::new(text.as_bytes(), Records::Csv(b','), size, 1) {
                // A quote that swallows lines to the end is refused.
                let Ok(chunk) = chunk else { return Ok(()) };
                prop_assert_eq!(chunk.first_row, seen.len() as u64 + 1);
                seen.extend(records(&chunk.bytes));
            }
            prop_assert_eq!(seen, records(text.as_bytes()));
        }
    }

    #[test]
    fn a_quote_that_swallows_the_rest_is_refused_with_its_line() {
        let text = b"a,b\nc,\"d\ne,f\ng,h\n";
        for size in [4, 1000] {
            let failed = Chunks::new(&text[..], Records::Csv(b','), size, 1).find_map(Result::err);
            assert!(failed.unwrap().to_string().contains("line 2"), "size {size}");
        }
        let one =
            Chunks::new(&b"a,b\nc,\"d"[..], Records::Csv(b','), 1000, 1).find_map(Result::err);
        assert!(one.is_none(), "nothing stands after it");
    }

    #[test]
    fn json_lines_end_at_every_line_feed() {
        let text = b"{\"a\":\"5\\\" pipe\"}\n{}\n  \n{}\n";
        let chunks: Vec<Chunk> =
            Chunks::new(&text[..], Records::Lines, 20, 1).map(Result::unwrap).collect();
        let last = chunks.last().unwrap();
        assert!(chunks.len() > 1 && last.first_row == 3 && last.first_line == 3, "{chunks:?}");
    }

    #[test]
    fn a_last_line_without_line_feed_counts() {
        let chunks: Vec<Chunk> =
            Chunks::new(&b"a,b\n\nc,d"[..], Records::Csv(b','), 4, 2).map(Result::unwrap).collect();
        assert_eq!(chunks.last().map(|chunk| (chunk.first_row, chunk.first_line)), Some((2, 4)));
    }
}

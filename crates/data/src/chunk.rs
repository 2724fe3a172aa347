//! Cuts CSV text at record boundaries, so that pieces can be decoded on all cores.
//!
//! Records end where the decoders end them: a line feed or a carriage return outside quotes; a quote opens only at the
//! beginning of a field, and within quotes a doubled quote stands for itself. After the quote that closes a field its end
//! must follow: where something else does, that quote or the one that opened the field is a letter that nobody doubled, and
//! read on with it every row up to the next such quote would become one cell. The first line of such a record is therefore
//! [astray](Astray), and reading goes on with the next line.

use crate::messages::{QUOTE_OPEN, RECORD_ENDLESS};
use ingot_base::Fault;
use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use std::ops::Range;

/// A piece of a CSV file that begins and ends at record boundaries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The bytes, without the header.
    pub(crate) bytes: Vec<u8>,
    /// Number of its first record in the file, from 1 (the header is not counted).
    pub(crate) first_row: u64,
    /// Line of its first record in the file, from 1 (the header counts).
    pub(crate) first_line: u64,
    /// How many records it holds, lines that are astray among them: what decoders find is held against it.
    pub(crate) rows: u64,
    /// Lines of it that are no records, in order.
    pub(crate) astray: Vec<Astray>,
}

impl Chunk {
    /// Its bytes in stretches: records that can be read, and lines that are astray.
    pub(crate) fn stretches(&self) -> impl Iterator<Item = Stretch<'_>> {
        stretches(&self.bytes, &self.astray)
    }
}

/// A line of CSV in which a quote stands in a field without being doubled: where it begins and ends in its piece. It counts
/// as a record that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Astray {
    start: usize,
    end: usize,
}

/// Some whole lines of CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stretch<'a> {
    /// Records, each with its quotes in order.
    Records(&'a [u8]),
    /// A line that is astray.
    Astray(&'a [u8]),
}

impl<'a> Stretch<'a> {
    /// The text.
    pub(crate) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Records(bytes) | Self::Astray(bytes) => bytes,
        }
    }
}

/// The lines of a text by themselves where they are astray, all others between them together.
fn stretches<'a, 'l>(
    bytes: &'a [u8],
    astray: &'l [Astray],
) -> impl Iterator<Item = Stretch<'a>> + use<'a, 'l> {
    let part = |range: Range<usize>| bytes.get(range).unwrap_or_default();
    let starts = std::iter::once(0).chain(astray.iter().map(|line| line.end));
    let lines = astray.iter().map(Some).chain([None]);
    starts.zip(lines).flat_map(move |(start, line)| {
        let end = line.map_or(bytes.len(), |line| line.start);
        let line = line.map(|line| Stretch::Astray(part(line.start..line.end)));
        let before = Some(Stretch::Records(part(start..end)));
        before.into_iter().chain(line).filter(|stretch| !stretch.bytes().is_empty())
    })
}

/// The records of a text whose end may be cut off, without lines that are astray.
pub(crate) fn sound_records(bytes: &[u8], delimiter: u8) -> Vec<&[u8]> {
    let cut = scan_csv(bytes, delimiter, false);
    stretches(bytes, &cut.astray)
        .filter_map(|stretch| match stretch {
            Stretch::Records(records) => Some(records),
            Stretch::Astray(_) => None,
        })
        .collect()
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

impl Records {
    /// Whether a line, its end cut off, is a record rather than an empty line.
    fn holds_one(self, line: &[u8]) -> bool {
        match self {
            Self::Lines => !line.trim_ascii().is_empty(),
            // Blanks are a field of CSV.
            Self::Csv(_) => !line.is_empty() && line != b"\r",
        }
    }
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
            let cut = scan(&self.rest, self.records, self.ended);
            if self.ended && cut.open_lines > 0 {
                let line = self.next_line + cut.lines;
                self.rest.clear();
                return Some(Err(io::Error::other(Fault::new(&QUOTE_OPEN).arg("line", line))));
            }
            let (end, rows, lines) = if self.ended {
                let tail = self.rest.get(cut.end..).unwrap_or_default();
                let rows = cut.rows + u64::from(self.records.holds_one(tail));
                (self.rest.len(), rows, cut.lines)
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
            let (first_row, first_line) = (self.next_row, self.next_line);
            let chunk = Chunk { bytes, first_row, first_line, rows, astray: cut.astray };
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
    /// Line ends within a record whose last quote is open at the end of the text.
    open_lines: u64,
    /// Lines before the end that are no records; each counts as a row.
    astray: Vec<Astray>,
}

/// Finds the last record boundary; empty lines are no records, as the decoders see it. `ended`: nothing follows the text.
fn scan(bytes: &[u8], records: Records, ended: bool) -> Cut {
    match records {
        Records::Lines => scan_lines(bytes),
        Records::Csv(delimiter) => scan_csv(bytes, delimiter, ended),
    }
}

fn scan_lines(bytes: &[u8]) -> Cut {
    let mut cut = Cut::default();
    for at in memchr::memchr_iter(b'\n', bytes) {
        let line = bytes.get(cut.end..at).unwrap_or_default();
        cut.rows += u64::from(Records::Lines.holds_one(line));
        (cut.end, cut.lines) = (at + 1, cut.lines + 1);
    }
    cut
}

fn scan_csv(bytes: &[u8], delimiter: u8, ended: bool) -> Cut {
    let mut cut = Cut::default();
    // Where the last quote stood that made a line astray: every line end before it was within quotes.
    let mut doomed = 0;
    loop {
        let Some(wrong) = scan_records(bytes, delimiter, &mut cut, doomed) else { return cut };
        let Some(end) = line_end(bytes, cut.end).or_else(|| ended.then_some(bytes.len())) else {
            return cut;
        };
        doomed = doomed.max(wrong);
        cut.astray.push(Astray { start: cut.end, end });
        let feed = bytes.get(end.saturating_sub(1)) == Some(&b'\n');
        (cut.end, cut.rows, cut.lines) = (end, cut.rows + 1, cut.lines + u64::from(feed));
    }
}

/// Where the first physical line from a place on ends, if it does.
fn line_end(bytes: &[u8], start: usize) -> Option<usize> {
    let text = bytes.get(start..)?;
    let mut ends = memchr::memchr2_iter(b'\n', b'\r', text);
    let end = ends.find(|at| {
        // A carriage return at the end of the text may be the first half of a line end.
        text.get(*at) == Some(&b'\n') || text.get(at + 1).is_some_and(|next| *next != b'\n')
    })?;
    Some(start + end + 1)
}

/// Takes records up to the end of the text, or up to a quote in a field that is not doubled: its place.
///
/// A record that crosses a line end before `doomed` is in the same state there as the one that met the quote at `doomed`, and
/// so would meet it too. It is given up at once, lest every line between be read up to that quote again.
fn scan_records(bytes: &[u8], delimiter: u8, cut: &mut Cut, doomed: usize) -> Option<usize> {
    let from = cut.end;
    let (mut quoted, mut lines, mut skip) = (false, cut.lines, usize::MAX);
    let mut swallowed = 0;
    for at in memchr::memchr3_iter(b'"', b'\n', b'\r', bytes.get(from..)?) {
        let at = from + at;
        match bytes.get(at) {
            Some(b'"') if at == skip => {}
            // Within quotes a doubled quote stands for itself; another ends the field, and its end must follow.
            Some(b'"') if quoted => match bytes.get(at + 1) {
                Some(b'"') => skip = at + 1,
                None | Some(b'\n' | b'\r') => quoted = false,
                Some(next) if *next == delimiter => quoted = false,
                Some(_) => return Some(at),
            },
            // Elsewhere than at a field's beginning a quote is a letter like any other.
            Some(b'"') => {
                let before = at.checked_sub(1).and_then(|before| bytes.get(before));
                quoted = at == cut.end || before == Some(&delimiter);
            }
            Some(b'\n' | b'\r') if quoted && at < doomed => return Some(doomed),
            Some(b'\r') if quoted => swallowed += 1,
            Some(b'\r') if bytes.get(at + 1).is_none_or(|next| *next == b'\n') => {}
            // A line feed, or a lone carriage return, which ends a record without beginning a line.
            byte => {
                lines += u64::from(byte == Some(&b'\n'));
                if quoted {
                    swallowed += 1;
                } else {
                    swallowed = 0;
                    let record = bytes.get(cut.end..at).unwrap_or_default();
                    let one = Records::Csv(delimiter).holds_one(record);
                    (cut.end, cut.rows, cut.lines) = (at + 1, cut.rows + u64::from(one), lines);
                }
            }
        }
    }
    cut.open_lines = if quoted { swallowed } else { 0 };
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv_decode;
    use crate::infer::Dialect;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{DataType, Field, Schema};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;

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

    /// What a line of text is.
    #[derive(Debug, PartialEq)]
    enum Row {
        Record(Vec<Vec<u8>>),
        Astray(Vec<u8>),
    }

    /// The fields of the record at the beginning and where it ends; no fields where a quote in one is not doubled.
    fn strict_record(text: &[u8]) -> (Option<Vec<Vec<u8>>>, usize, bool) {
        let (mut fields, mut at) = (Vec::new(), 0);
        loop {
            let mut field = Vec::new();
            if text.get(at) == Some(&b'"') {
                at += 1;
                loop {
                    match (text.get(at), text.get(at + 1)) {
                        (None, _) => return (Some([fields, vec![field]].concat()), at, true),
                        (Some(b'"'), Some(b'"')) => {
                            field.push(b'"');
                            at += 2;
                        }
                        (Some(b'"'), None | Some(b',' | b'\n' | b'\r')) => break,
                        (Some(b'"'), Some(_)) => return (None, at, false),
                        (Some(letter), _) => {
                            field.push(*letter);
                            at += 1;
                        }
                    }
                }
                at += 1;
            }
            while let Some(letter) = text.get(at).filter(|letter| !b",\n\r".contains(letter)) {
                field.push(*letter);
                at += 1;
            }
            fields.push(field);
            at += 1;
            match (text.get(at - 1), text.get(at)) {
                (Some(b','), _) => {}
                (Some(b'\r'), Some(b'\n')) => return (Some(fields), at + 1, false),
                _ => return (Some(fields), at.min(text.len()), false),
            }
        }
    }

    /// Rows by a plain and strict reading; none where a quote that is never closed swallows a line.
    fn strict(mut text: &[u8]) -> Option<Vec<Row>> {
        let mut rows = Vec::new();
        while !text.is_empty() {
            let (fields, mut end, open) = strict_record(text);
            if open && text.iter().any(|letter| b"\n\r".contains(letter)) {
                return None;
            }
            match fields {
                Some(fields) if text.starts_with(b"\n") || text.starts_with(b"\r") => {
                    assert_eq!(fields, [b""], "an empty line");
                }
                Some(fields) => rows.push(Row::Record(fields)),
                None => {
                    let lone = |at: usize| text[at] == b'\r' && text.get(at + 1) != Some(&b'\n');
                    let ends = (0..text.len()).find(|at| text[*at] == b'\n' || lone(*at));
                    end = ends.map_or(text.len(), |at| at + 1);
                    rows.push(Row::Astray(text[..end].to_vec()));
                }
            }
            text = &text[end..];
        }
        Some(rows)
    }

    /// Rows of a text as pieces of a size hold them; none where it is refused.
    fn rows(text: &[u8], size: usize) -> Option<Vec<Row>> {
        let (mut rows, mut before) = (Vec::new(), 0);
        for chunk in Chunks::new(text, Records::Csv(b','), size, 1) {
            let chunk = chunk.ok()?;
            assert_eq!(chunk.first_row, rows.len() as u64 + 1);
            let feeds = memchr::memchr_iter(b'\n', &text[..before]).count() as u64;
            assert_eq!(chunk.first_line, feeds + 1);
            before += chunk.bytes.len();
            assert_eq!(
                chunk.stretches().map(Stretch::bytes).collect::<Vec<_>>().concat(),
                chunk.bytes
            );
            let counted = rows.len() as u64 + chunk.rows;
            for stretch in chunk.stretches() {
                match stretch {
                    Stretch::Astray(line) => rows.push(Row::Astray(line.to_vec())),
                    Stretch::Records(bytes) => {
                        let mut builder = csv::ReaderBuilder::new();
                        let mut reader =
                            builder.has_headers(false).flexible(true).from_reader(bytes);
                        rows.extend(reader.byte_records().map(|record| {
                            Row::Record(record.unwrap().iter().map(<[u8]>::to_vec).collect())
                        }));
                    }
                }
            }
            assert_eq!(rows.len() as u64, counted, "{chunk:?}");
        }
        Some(rows)
    }

    /// Cells of each row as the decoders of CSV give them, nothing for one that is set aside; none where the text is refused.
    fn decoded(text: &[u8], size: usize, width: usize) -> Option<Vec<Option<Vec<Vec<u8>>>>> {
        let fields = (0..width).map(|at| Field::new(format!("c{at}"), DataType::Utf8, true));
        let dialect = Dialect {
            delimiter: b',',
            header_bytes: 0,
            header_lines: 1,
            mixed: Vec::new(),
            schema: Arc::new(Schema::new(fields.collect::<Vec<Field>>())),
        };
        let mut found = BTreeMap::new();
        for chunk in Chunks::new(text, Records::Csv(b','), size, 1) {
            let decoded = csv_decode::csv(&chunk.ok()?, &dialect).unwrap();
            for (at, row) in decoded.rows.iter().enumerate() {
                let cell = |column: &dyn Array| {
                    let text = column.as_string::<i32>();
                    if text.is_valid(at) { text.value(at).as_bytes().to_vec() } else { Vec::new() }
                };
                let cells = decoded.batch.columns().iter().map(|column| cell(column)).collect();
                assert_eq!(found.insert(*row, Some(cells)), None);
            }
            for bad in decoded.bad {
                assert_eq!(found.insert(bad.row, None), None);
            }
        }
        assert!(found.keys().copied().eq(1..=found.len() as u64), "{:?}", found.keys());
        Some(found.into_values().collect())
    }

    proptest! {
        /// Quotes at any place, closed or not, and carriage returns alone: rows are those that a strict reading finds,
        #[test]
        fn wild_text_is_read_as_a_strict_reader_does(text in "[ab \",\n\r]{0,80}", size in 1_usize..30) {
            prop_assert_eq!(rows(text.as_bytes(), size), strict(text.as_bytes()));
        }

        /// and so they are once they are decoded: each has its cells or is set aside.
        #[test]
        fn wild_text_is_decoded_as_a_strict_reader_does(
            text in prop_oneof!["[ab \",\n\r]{0,80}", "([ab ]{1,2}|\"[ab,\n\r]{0,2}\"|[\n\r]{1,2}){0,30}", "([ab ]?,\"?[ab ]?\"?[\n\r]{1,2}){0,20}"],
            size in 1_usize..60,
            width in 1_usize..3,
        ) {
            let wanted = strict(text.as_bytes()).map(|rows| {
                let cells = |row| match row {
                    Row::Record(cells) => Some(cells).filter(|cells| cells.len() == width),
                    Row::Astray(_) => None,
                };
                rows.into_iter().map(cells).collect::<Vec<_>>()
            });
            prop_assert_eq!(decoded(text.as_bytes(), size, width), wanted);
        }

        /// The same where almost every line is sound.
        #[test]
        fn stray_quotes_swallow_no_line(
            lines in prop::collection::vec(
                prop_oneof![4 => "[ab]{1,3},\"([ab,\n]|\"\"){0,4}\"\n", 1 => "\"?[ab]{1,3}\",\"?[ab]{0,2}\n"],
                0..30,
            ),
            size in 1_usize..60,
        ) {
            let text = lines.concat();
            prop_assert_eq!(rows(text.as_bytes(), size), strict(text.as_bytes()));
        }
    }

    #[test]
    fn a_stray_quote_takes_its_own_line_and_no_other() {
        let text = b"1,\"5 inch\n2,b\n3,\"c\nd\"\n4,\"6 inch\n5,e\n6,\"f\"\n";
        let astray = |rows: &[Row]| -> Vec<Vec<u8>> {
            let lines = rows.iter().filter_map(|row| match row {
                Row::Astray(line) => Some(line.clone()),
                Row::Record(_) => None,
            });
            lines.collect()
        };
        for size in [1, 7, 1000] {
            let rows = rows(text, size).unwrap();
            assert_eq!(rows.len(), 6, "size {size}");
            assert_eq!(astray(&rows), [&b"1,\"5 inch\n"[..], b"4,\"6 inch\n"], "size {size}");
        }
    }

    #[test]
    fn many_stray_quotes_are_found_in_one_reading() {
        // Each line leaves the quoted state as it found it, so every one of them would be read up to the end anew.
        let lines = 200_000;
        let text = format!("{}\"x\"y\n", "x\",\"z\n".repeat(lines));
        let chunks: Vec<Chunk> = Chunks::new(text.as_bytes(), Records::Csv(b','), 1 << 20, 1)
            .map(Result::unwrap)
            .collect();
        assert_eq!(chunks.iter().map(|chunk| chunk.astray.len()).sum::<usize>(), lines + 1);
    }

    #[test]
    fn a_quote_that_swallows_the_rest_is_refused_with_its_line() {
        let text = b"a,b\nc,\"d\ne,f\ng,h\n";
        for size in [4, 1000] {
            let failed = Chunks::new(&text[..], Records::Csv(b','), size, 1).find_map(Result::err);
            assert!(failed.unwrap().to_string().contains("line 2"), "size {size}");
        }
        let text = b"a,b\rc,\"d\re,f\rg,h\r";
        let failed = Chunks::new(&text[..], Records::Csv(b','), 4, 1).find_map(Result::err);
        assert!(failed.is_some(), "carriage returns alone");
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

//! What a CSV file is made of: delimiter, header, column types.

use crate::chunk::sound_records;
use crate::config::Encoding;
use crate::encoding::{self, MARK};
use crate::finite::is_not_finite;
use crate::messages::{
    COLUMN_TWICE, FILE_BINARY, FILE_EMPTY, FILE_WRONG, HEADER_MISSING, HEADER_UNREADABLE,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use ingot_base::{Fault, Message, Result};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

/// Bytes looked at to tell delimiter and types.
const SAMPLE: u64 = 4 << 20;
/// Records looked at to tell types.
const RECORDS: usize = 20_000;
/// A text column is called mixed from this many values on,
const MIXED_VALUES: usize = 20;
/// and when no more than one value in so many is no number.
const MIXED_SHARE: usize = 4;

/// How a CSV file is written.
#[derive(Debug, Clone)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    /// Bytes before the first record: byte-order mark and header.
    pub(crate) header_bytes: u64,
    /// Lines that the header takes.
    pub(crate) header_lines: u64,
    pub(crate) schema: SchemaRef,
    /// Text columns whose values are mostly numbers: name, values that are none, values looked at.
    pub(crate) mixed: Vec<(String, usize, usize)>,
}

/// Looks at the beginning of a CSV file of an encoding.
pub(crate) fn dialect(path: &Path, encoding: Encoding) -> Result<Dialect> {
    let wrong = |reason: &'static Message| {
        let fault = Fault::new(&FILE_WRONG).arg("file", name(path)).arg("format", "CSV");
        fault.because(Fault::new(reason))
    };
    let (sample, whole) = head(path)?;
    if sample.trim_ascii().is_empty() {
        return Err(Fault::new(&FILE_EMPTY).arg("file", name(path)));
    }
    let sample = encoding::head(sample, encoding, whole);
    if sample.contains(&0) {
        return Err(wrong(&FILE_BINARY));
    }
    let body = sample.strip_prefix(MARK).unwrap_or(&sample);
    let mark = (sample.len() - body.len()) as u64;
    let delimiter = delimiter(body);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(body);
    let mut records = reader.records();
    let Some(Ok(header)) = records.next() else {
        return Err(wrong(&HEADER_UNREADABLE));
    };
    let header_end = records.reader().position().clone();
    let names = names(path, &header)?;
    let rest = usize::try_from(header_end.byte()).ok().and_then(|at| body.get(at..));
    let sampled = sample_records(rest.unwrap_or_default(), delimiter);
    // A sample cut in the middle of a record ends with a damaged one.
    let complete = if whole { sampled.len() } else { sampled.len().saturating_sub(1) };
    if whole && complete == 0 {
        return Err(Fault::new(&FILE_EMPTY).arg("file", name(path)));
    }
    let mut mixed = Vec::new();
    let width = names.len();
    let mut fields = Vec::with_capacity(width);
    for (column, title) in names.into_iter().enumerate() {
        // Of another number of fields a record is set aside: it says nothing of the columns.
        let records = || sampled.iter().take(complete).filter(|record| record.len() == width);
        let cells = || records().filter_map(|record| record.get(column));
        let kind = column_type(cells());
        if kind == DataType::Utf8
            && let Some((odd, seen)) = mostly_numbers(cells())
        {
            mixed.push((title.clone(), odd, seen));
        }
        fields.push(Field::new(title, kind, true));
    }
    Ok(Dialect {
        delimiter,
        header_bytes: mark + header_end.byte(),
        header_lines: header_end.line() - 1,
        schema: Arc::new(Schema::new(fields)),
        mixed,
    })
}

/// The first records of a text, as they are read later: without lines that a stray quote takes out.
fn sample_records(text: &[u8], delimiter: u8) -> Vec<csv::StringRecord> {
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(delimiter).has_headers(false).flexible(true);
    let stretches = sound_records(text, delimiter).into_iter();
    let records = stretches.flat_map(|records| builder.from_reader(records).into_records());
    records.take(RECORDS).filter_map(std::result::Result::ok).collect()
}

pub(crate) fn name(path: &Path) -> String {
    path.file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// The first bytes of a file, and whether they are all of it.
fn head(path: &Path) -> Result<(Vec<u8>, bool)> {
    let load = || -> std::io::Result<(Vec<u8>, bool)> {
        let mut file = BufReader::new(File::open(path)?);
        let mut bytes = Vec::new();
        (&mut file).take(SAMPLE).read_to_end(&mut bytes)?;
        let whole = (bytes.len() as u64) < SAMPLE;
        Ok((bytes, whole))
    };
    load().map_err(|error| {
        Fault::new(&ingot_base::fault::FILE_READ).arg("path", path.display()).because(error)
    })
}

/// The delimiter of a CSV file of an encoding.
pub(crate) fn delimiter_of(path: &Path, encoding: Encoding) -> Result<u8> {
    let (sample, whole) = head(path)?;
    let sample = encoding::head(sample, encoding, whole);
    Ok(delimiter(sample.strip_prefix(MARK).unwrap_or(&sample)))
}

/// The delimiter that stands most often in the first line outside quotes; comma among equals.
fn delimiter(text: &[u8]) -> u8 {
    let mut counts = [(b',', 0_u32), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut quoted = false;
    for byte in text.iter().copied() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            other if !quoted => {
                if let Some((_, count)) =
                    counts.iter_mut().find(|(delimiter, _)| *delimiter == other)
                {
                    *count += 1;
                }
            }
            _ => {}
        }
    }
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| *delimiter)
}

fn names(path: &Path, header: &csv::StringRecord) -> Result<Vec<String>> {
    // Names of columns are shown in messages and reports: a record must not become them.
    let values = header.iter().filter(|title| is_value(title.trim())).count();
    if values > 0 {
        return Err(Fault::new(&HEADER_MISSING)
            .arg("file", name(path))
            .arg("count", values)
            .arg("fields", header.len()));
    }
    let mut seen = BTreeSet::new();
    header
        .iter()
        .enumerate()
        .map(|(index, title)| {
            let title = title.trim();
            let title =
                if title.is_empty() { format!("column_{}", index + 1) } else { title.to_owned() };
            if seen.insert(title.clone()) {
                Ok(title)
            } else {
                Err(Fault::new(&COLUMN_TWICE).arg("file", name(path)).arg("column", title))
            }
        })
        .collect()
}

/// Whether a field of the first line is a value rather than a column's name: a JSON object, a mail address, a long number,
/// a decimal or a date. Whole numbers up to five digits name columns of wide tables, years for example.
fn is_value(title: &str) -> bool {
    let mut run = 0;
    let long_number = title.chars().any(|letter| {
        run = if letter.is_ascii_digit() { run + 1 } else { 0 };
        run >= 6
    });
    let number = title.len() > 5 || title.contains('.');
    long_number
        || title.contains('@')
        || title.starts_with(['{', '['])
        || (number && title.parse::<f64>().is_ok_and(f64::is_finite))
        || cell_type(title) == DataType::Date32
}

/// The narrowest type that holds every value seen. Digits that are names rather than numbers (leading zeros, more than 15
/// digits: telephone and card numbers) stay text, since a number would lose them. `NaN` and `inf` among numbers are what missing
/// numbers are written as; elsewhere they are text.
fn column_type<'a>(cells: impl Iterator<Item = &'a str>) -> DataType {
    let mut kind: Option<DataType> = None;
    let mut odd = false;
    for cell in cells.filter(|cell| !cell.is_empty()) {
        let seen = cell_type(cell);
        if seen == DataType::Utf8 && is_not_finite(cell) {
            odd = true;
            continue;
        }
        kind = Some(match kind {
            None => seen,
            Some(known) => widen(&known, &seen),
        });
        if kind == Some(DataType::Utf8) {
            break;
        }
    }
    match kind {
        Some(kind) if odd => widen(&kind, &DataType::Float64),
        Some(kind) => kind,
        None => DataType::Utf8,
    }
}

/// Of a text column that is mostly numbers: the values that are none, and all that are not empty.
fn mostly_numbers<'a>(cells: impl Iterator<Item = &'a str>) -> Option<(usize, usize)> {
    let (mut odd, mut seen) = (0, 0);
    for cell in cells.filter(|cell| !cell.is_empty()) {
        seen += 1;
        odd += usize::from(!cell_type(cell).is_numeric() && !is_not_finite(cell));
    }
    (seen >= MIXED_VALUES && odd * MIXED_SHARE <= seen).then_some((odd, seen))
}

fn cell_type(cell: &str) -> DataType {
    let digits = cell.trim_start_matches(['-', '+']);
    let named = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    if cell.parse::<i64>().is_ok() && !named && digits.len() <= 15 && !cell.starts_with('+') {
        DataType::Int64
    } else if cell.bytes().any(|byte| byte.is_ascii_digit())
        && !named
        && (digits.contains(['.', 'e', 'E']))
        && cell.parse::<f64>().is_ok_and(f64::is_finite)
    {
        DataType::Float64
    } else if matches!(cell, "true" | "false" | "True" | "False" | "TRUE" | "FALSE") {
        DataType::Boolean
    } else if cell.len() == 10 && chrono::NaiveDate::parse_from_str(cell, "%Y-%m-%d").is_ok() {
        DataType::Date32
    } else {
        DataType::Utf8
    }
}

/// The narrowest type that holds the values of both.
pub(crate) fn widen(one: &DataType, other: &DataType) -> DataType {
    if one == other {
        return one.clone();
    }
    let both = |kind: fn(&DataType) -> bool| kind(one) && kind(other);
    if both(DataType::is_integer) {
        DataType::Int64
    } else if both(DataType::is_numeric) {
        DataType::Float64
    } else {
        DataType::Utf8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: &[&str]) -> DataType {
        column_type(cells.iter().copied())
    }

    #[test]
    fn a_record_is_no_header() {
        for value in [
            "13800000000",
            "a@b.cn",
            "{\"a\": 1",
            "12.50",
            "1990-01-31",
            "110101198501010000",
            "KH000000",
        ] {
            assert!(is_value(value), "{value}");
        }
        for title in ["age", "年龄", "2019", "3", "v1.2", "income 2020", "", "nan", "x.y"] {
            assert!(!is_value(title), "{title}");
        }
    }

    #[test]
    fn tells_numbers_from_names_made_of_digits() {
        assert_eq!(of(&["1", "-20", ""]), DataType::Int64);
        assert_eq!(of(&["1", "2.5"]), DataType::Float64);
        assert_eq!(of(&["0012"]), DataType::Utf8);
        assert_eq!(of(&["6222021234567890123"]), DataType::Utf8);
        assert_eq!(of(&["0.5", "0"]), DataType::Float64);
        assert_eq!(of(&["1990-02-28"]), DataType::Date32);
        assert_eq!(of(&["1990-02-30"]), DataType::Utf8);
        assert_eq!(of(&["true", "False"]), DataType::Boolean);
        assert_eq!(of(&["NaN"]), DataType::Utf8);
        assert_eq!(of(&["1", "NaN", "-inf"]), DataType::Float64);
        assert_eq!(of(&["nan", "2.5"]), DataType::Float64);
        assert_eq!(of(&["true", "NaN"]), DataType::Utf8);
        assert_eq!(of(&["Nan", "Ann"]), DataType::Utf8);
        assert_eq!(of(&["", ""]), DataType::Utf8);
    }

    #[test]
    fn numbers_with_something_else_among_them_are_noticed() {
        let cells = |odd: usize| (0..100).map(move |row| if row < odd { "n/a" } else { "12" });
        assert_eq!(mostly_numbers(cells(3)), Some((3, 100)));
        assert_eq!(mostly_numbers(cells(60)), None);
        assert_eq!(mostly_numbers(cells(1).take(10)), None, "too few to tell");
    }

    #[test]
    fn sees_delimiter_and_mark() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        ingot_base::atomic::write(&path, "\u{feff}a;\"b,1\"\n1;x\n".as_bytes()).unwrap();
        let seen = dialect(&path, Encoding::Utf8).unwrap();
        assert_eq!((seen.delimiter, seen.header_bytes, seen.header_lines), (b';', 11, 1));
        assert_eq!(seen.schema.field(1).name(), "b,1");
        let (bytes, _, _) = encoding_rs::GB18030.encode("姓名,年龄\n张伟,30\n");
        ingot_base::atomic::write(&path, &bytes).unwrap();
        let seen = dialect(&path, Encoding::Gb18030).unwrap();
        assert_eq!(seen.schema.field(0).name(), "姓名");
    }

    #[test]
    fn a_first_line_tells_its_delimiter() {
        for (text, expected) in [
            ("王建国;13867412953\n1,2,3", b';'),
            ("\"a;b;c\",d\n", b','),
            ("a\tb", b'\t'),
            ("one", b','),
            ("", b','),
        ] {
            assert_eq!(delimiter(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn records_that_are_set_aside_decide_no_type() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let rows = "1,0.5\n".repeat(50);
        let text = format!("id,x\n{rows}a,b,c\nd\n{rows}");
        ingot_base::atomic::write(&path, text.as_bytes()).unwrap();
        let seen = dialect(&path, Encoding::Utf8).unwrap();
        let kinds: Vec<&DataType> =
            seen.schema.fields().iter().map(|one| one.data_type()).collect();
        assert_eq!(kinds, [&DataType::Int64, &DataType::Float64]);
        assert!(seen.mixed.is_empty());
    }

    #[test]
    fn wrong_files_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        for (bytes, code) in [
            (&b""[..], "data-file-empty"),
            (b"a,b\n", "data-file-empty"),
            (b"PAR1\x00\x01", "data-file-wrong"),
            (b"a,a\n1,2\n", "data-column-twice"),
            (b"a\xff,b\n1,1\n", "data-file-wrong"),
        ] {
            ingot_base::atomic::write(&path, bytes).unwrap();
            assert_eq!(dialect(&path, Encoding::Utf8).unwrap_err().code(), code, "{bytes:?}");
        }
    }
}

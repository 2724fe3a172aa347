//! CSV: every cell of the columns that were asked for, and what stands where a header should.

use super::quotes::Quotes;
use super::records::Records;
use super::{Place, Scanner, missing, unread};
use crate::args::Scan;
use crate::messages::{SCAN_ENCODING, SCAN_FIELDS, SCAN_HEADER, SCAN_QUOTE};
use csv::{ErrorKind, StringRecord};
use ingot_base::{Fault, Result, fault};
use ingot_privacy::detect::Finding;
use ingot_privacy::json::Step;
use ingot_privacy::{Title, find_repeated};
use std::fs::File;
use std::io::BufReader;

type Reader = csv::Reader<Quotes<BufReader<File>>>;

/// What is known of the columns.
struct Columns {
    /// As findings name them.
    shown: Vec<String>,
    wanted: Vec<bool>,
    /// Their cells' paths, which go on in cells that are JSON.
    paths: Vec<[Step; 1]>,
    /// What the header's own cells hold that are read.
    header: Vec<Vec<Finding>>,
}

impl Scanner<'_> {
    pub(super) fn table(&mut self, args: &Scan) -> Result<()> {
        let delimiter = ingot_data::csv_delimiter(self.path)?;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(Quotes::new(self.open()?, delimiter));
        let mut record = StringRecord::new();
        let mut columns: Option<Columns> = None;
        let mut records = Records::new(self, &[]);
        while let Some(line) = records.scanner.next(&mut reader, &mut record)? {
            let header = columns.is_none() && !args.no_header;
            let columns = match &mut columns {
                Some(columns) => columns,
                none => none.insert(records.columns(args, &record)?),
            };
            if record.len() != columns.shown.len() {
                return Err(records
                    .scanner
                    .at(&SCAN_FIELDS, line)
                    .arg("found", record.len())
                    .arg("expected", columns.shown.len()));
            }
            let clean = if header {
                records.scanner.header(columns, &record)?
            } else {
                records.scanner.rows += 1;
                records.row(columns, &record)?
            };
            if records.scanner.output.is_some() {
                records.scanner.write(&written(&clean, delimiter)?)?;
            }
        }
        records.finish()
    }

    /// The next record's line, if there is one.
    fn next(&self, reader: &mut Reader, record: &mut StringRecord) -> Result<Option<u64>> {
        let read = reader.read_record(record);
        if let Some(line) = reader.get_ref().unclosed() {
            return Err(self.at(&SCAN_QUOTE, line));
        }
        match read.map_err(csv::Error::into_kind) {
            Ok(false) => Ok(None),
            Ok(true) => Ok(Some(reader.get_mut().record())),
            Err(ErrorKind::Io(error)) => Err(unread(self.path, error)),
            // Nothing else can go wrong where records may have any length.
            Err(_) => Err(self.at(&SCAN_ENCODING, reader.get_mut().record())),
        }
    }

    /// Names the columns by the first record: if that looks like data, by their places.
    fn columns(&self, args: &Scan, first: &StringRecord) -> Result<Columns> {
        let titles: Vec<&str> = first.iter().collect();
        let known = if args.no_header { &[][..] } else { &titles };
        let mut header = known.iter().map(|title| self.find(title)).collect::<Result<Vec<_>>>()?;
        let personal = known
            .iter()
            .zip(&header)
            .filter(|(title, found)| !self.printable(title, found))
            .count();
        if personal > 0 {
            self.warn(
                &Fault::new(&SCAN_HEADER).arg("path", self.path.display()).arg("count", personal),
            );
        }
        let shown: Vec<String> = if args.no_header || personal > 0 {
            (1..=titles.len()).map(|number| format!("column {number}")).collect()
        } else {
            titles.iter().map(|title| (*title).to_owned()).collect()
        };
        let wanted = chosen(&args.text, &shown, known)?;
        for (found, _) in header.iter_mut().zip(&wanted).filter(|(_, wanted)| !**wanted) {
            found.clear();
        }
        let step = |(at, name): (usize, &String)| {
            [Step::Key { name: name.clone(), place: at + 1, shown: true }]
        };
        let paths = shown.iter().enumerate().map(step).collect();
        Ok(Columns { shown, wanted, paths, header })
    }

    /// The first row's cells, as they are to be written: what they hold was looked for to name the columns.
    fn header(&mut self, columns: &mut Columns, record: &StringRecord) -> Result<Vec<String>> {
        let read = |(cell, wanted)| if wanted { cell } else { "" };
        let texts: Vec<&str> =
            record.iter().zip(columns.wanted.iter().copied()).map(read).collect();
        let mut found = std::mem::take(&mut columns.header);
        find_repeated(&texts, &mut found);
        let mut cells = Vec::with_capacity(record.len());
        for ((cell, column), found) in record.iter().zip(&columns.shown).zip(found) {
            self.tell(Place { row: 0, column: Some(column), key: false }, &found)?;
            // A header's cell stands under no title.
            let clean = self.clean_under(&Title::default(), cell, found)?;
            cells.push(clean.unwrap_or_else(|| cell.to_owned()));
        }
        Ok(cells)
    }
}

impl Records<'_, '_> {
    /// The columns, with what their names say of the cells under them: nothing where they are numbers of places.
    fn columns(&mut self, args: &Scan, first: &StringRecord) -> Result<Columns> {
        let columns = self.scanner.columns(args, first)?;
        for name in &columns.shown {
            self.learned(name)?;
        }
        Ok(columns)
    }

    /// A row's cells, as they are to be written.
    fn row(&mut self, columns: &Columns, record: &StringRecord) -> Result<Vec<String>> {
        let cells = || record.iter().zip(&columns.wanted);
        let paths = cells().zip(&columns.paths).filter(|((_, wanted), _)| **wanted);
        let texts: Vec<(&[Step], &str)> =
            paths.map(|((cell, _), path)| (path.as_slice(), cell)).collect();
        let mut clean = self.beside(&texts)?.into_iter();
        let written = |(cell, wanted): (&str, &bool)| {
            let clean = if *wanted { clean.next().flatten() } else { None };
            clean.unwrap_or_else(|| cell.to_owned())
        };
        Ok(cells().map(written).collect())
    }
}

/// For every column whether it is read: those named, as findings name them or as the file does; all without names.
fn chosen(named: &[String], shown: &[String], titles: &[&str]) -> Result<Vec<bool>> {
    let is = |name: &String, column: usize| {
        shown.get(column) == Some(name) || titles.get(column).is_some_and(|title| title == name)
    };
    let columns = 0..shown.len();
    match named.iter().find(|name| !columns.clone().any(|column| is(name, column))) {
        Some(name) => Err(missing(name, shown)),
        None => Ok(columns
            .map(|column| named.is_empty() || named.iter().any(|name| is(name, column)))
            .collect()),
    }
}

/// A record as a line of the file.
fn written(cells: &[String], delimiter: u8) -> Result<Vec<u8>> {
    let failed = || fault::internal("a record that cannot be written as CSV");
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    writer.write_record(cells).map_err(|_| failed())?;
    writer.into_inner().map_err(|_| failed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_chosen_by_name_or_place() {
        let shown = ["column 1".to_owned(), "column 2".to_owned()];
        let of = |named: &[&str], titles: &[&str]| {
            let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
            chosen(&named, &shown, titles).map_err(|fault| fault.render(ingot_base::Lang::En))
        };
        assert_eq!(of(&[], &[]), Ok(vec![true, true]));
        assert_eq!(of(&["column 2"], &["a", "b"]), Ok(vec![false, true]));
        assert_eq!(of(&["a"], &["a", "b"]), Ok(vec![true, false]));
        assert_eq!(of(&["a"], &[]), Err("the file has no column `a`".to_owned()));
    }
}

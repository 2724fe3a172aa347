//! CSV: every cell of the columns that were asked for, and what stands where a header should.

use super::quotes::Quotes;
use super::{Place, Scanner, missing, unread};
use crate::args::Scan;
use crate::messages::{SCAN_ENCODING, SCAN_FIELDS, SCAN_HEADER, SCAN_QUOTE};
use csv::{ErrorKind, StringRecord};
use ingot_base::{Fault, Result, fault};
use ingot_privacy::detect::Finding;
use ingot_privacy::{Title, find_repeated};
use std::fs::File;
use std::io::BufReader;

type Reader = csv::Reader<Quotes<BufReader<File>>>;

/// What is known of the columns.
struct Columns {
    /// As findings name them.
    shown: Vec<String>,
    wanted: Vec<bool>,
    /// What they say of the cells under them, if they are names and not numbers of places.
    titles: Vec<Title>,
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
        while let Some(line) = self.next(&mut reader, &mut record)? {
            let header = columns.is_none() && !args.no_header;
            let columns = match &mut columns {
                Some(columns) => columns,
                none => none.insert(self.columns(args, &record)?),
            };
            if record.len() != columns.shown.len() {
                return Err(self
                    .at(&SCAN_FIELDS, line)
                    .arg("found", record.len())
                    .arg("expected", columns.shown.len()));
            }
            self.rows += u64::from(!header);
            let (row, found) = if header {
                (0, std::mem::take(&mut columns.header))
            } else {
                (self.rows, self.cells(columns, &record)?)
            };
            let clean = self.row(row, columns, &record, found)?;
            if self.output.is_some() {
                self.write(&written(&clean, delimiter)?)?;
            }
        }
        Ok(())
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
        let titled = |name: &String| {
            if args.no_header || personal > 0 { Title::default() } else { Title::of(name) }
        };
        let wanted = chosen(&args.text, &shown, known)?;
        for (found, _) in header.iter_mut().zip(&wanted).filter(|(_, wanted)| !**wanted) {
            found.clear();
        }
        Ok(Columns { titles: shown.iter().map(titled).collect(), shown, wanted, header })
    }

    /// What the cells of a row hold that are read.
    fn cells(&self, columns: &Columns, record: &StringRecord) -> Result<Vec<Vec<Finding>>> {
        let mut found = Vec::with_capacity(record.len());
        for ((cell, title), wanted) in record.iter().zip(&columns.titles).zip(&columns.wanted) {
            found.push(if *wanted { self.find_under(title, cell)? } else { Vec::new() });
        }
        Ok(found)
    }

    fn row(
        &mut self,
        row: u64,
        columns: &Columns,
        record: &StringRecord,
        mut found: Vec<Vec<Finding>>,
    ) -> Result<Vec<String>> {
        let read = |(cell, wanted)| if wanted { cell } else { "" };
        let wanted = columns.wanted.iter().copied();
        let texts: Vec<&str> = record.iter().zip(wanted).map(read).collect();
        find_repeated(&texts, &mut found);
        let mut cells = Vec::with_capacity(record.len());
        let heads = columns.shown.iter().zip(&columns.titles);
        // A header's cell stands under no title.
        let none = Title::default();
        for ((cell, (column, title)), found) in record.iter().zip(heads).zip(found) {
            self.tell(Place { row, column: Some(column), key: false }, &found)?;
            let clean = self.clean_under(if row == 0 { &none } else { title }, cell, found)?;
            cells.push(clean.unwrap_or_else(|| cell.to_owned()));
        }
        Ok(cells)
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

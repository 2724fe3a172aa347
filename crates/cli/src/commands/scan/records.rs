//! JSON: every string, number and key of the records, at any depth; also in strings, cells and lines that are JSON themselves.

use super::lines::Lines;
use super::{Place, Scanner, missing};
use crate::args::Scan;
use crate::messages::{SCAN_JSON, SCAN_KEYS};
use ingot_base::{Fault, Result, fault};
use ingot_privacy::detect::Finding;
use ingot_privacy::json::{self, Broken, Step, Visitor};
use ingot_privacy::{Title, find_repeated};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

/// Different keys whose findings are kept: most files have the same few in every record.
const KEPT: usize = 4096;
/// Most names of columns in a message.
const KNOWN: usize = 32;

/// What is known of a key.
pub(super) struct Key {
    found: Vec<Finding>,
    /// What stands instead.
    clean: Option<String>,
    /// How much of it is hidden besides what was found.
    besides: u64,
    /// Whether findings may name it.
    shown: bool,
    /// What it says of the values under it.
    title: Title,
}

/// One file's records.
pub(super) struct Records<'s, 'a> {
    pub(super) scanner: &'s mut Scanner<'a>,
    /// The columns that were asked for.
    named: &'s [String],
    /// Those of them that are there.
    seen: BTreeSet<&'s str>,
    /// Columns that are there, as far as a message needs them.
    known: Vec<String>,
    keys: BTreeMap<String, Rc<Key>>,
    renamed: usize,
    /// What the values hold that are to be told, in their order.
    found: VecDeque<Vec<Finding>>,
}

/// The first of two readings: what each value of a record holds, before any of it is told, since another value may name the same person.
struct First<'r, 's, 'a> {
    records: &'r mut Records<'s, 'a>,
    texts: Vec<String>,
    found: Vec<Vec<Finding>>,
}

impl Scanner<'_> {
    /// JSON lines.
    pub(super) fn records(&mut self, args: &Scan) -> Result<()> {
        let mut lines = Lines::new(self.open()?, self.path);
        let mut records = Records::new(self, &args.text);
        while let Some(line) = lines.next()? {
            let clean = if line.text.trim().is_empty() {
                line.text
            } else {
                json::check(&line.text, false)
                    .map_err(|broken| records.scanner.broken(broken, line.number))?;
                let mut first = First::new(&mut records);
                json::record(&line.text, &mut first)?;
                first.close();
                json::record(&line.text, &mut records)?
            };
            records.scanner.write(clean.as_bytes())?;
            records.scanner.write(line.end.as_bytes())?;
        }
        records.finish()
    }

    /// One JSON text, however many lines it has.
    pub(super) fn document(&mut self, args: &Scan) -> Result<()> {
        let mut lines = Lines::new(self.open()?, self.path);
        let mut text = String::new();
        while let Some(line) = lines.next()? {
            text.push_str(&line.text);
            text.push_str(line.end);
        }
        json::check(&text, true).map_err(|broken| {
            let before = text.bytes().take(broken.at).filter(|byte| *byte == b'\n').count();
            self.broken(broken, 1 + before as u64)
        })?;
        let mut records = Records::new(self, &args.text);
        let mut first = First::new(&mut records);
        json::document(&text, &mut first)?;
        first.close();
        let clean = json::document(&text, &mut records)?;
        records.scanner.write(clean.as_bytes())?;
        records.finish()
    }

    fn broken(&self, broken: Broken, line: u64) -> Fault {
        let fault = self.at(&SCAN_JSON, line).words("why", broken.why);
        match broken.detail {
            Some(detail) => fault.because(detail),
            None => fault,
        }
    }
}

impl<'s, 'a> Records<'s, 'a> {
    pub(super) fn new(scanner: &'s mut Scanner<'a>, named: &'s [String]) -> Self {
        Self {
            scanner,
            named,
            seen: BTreeSet::new(),
            known: Vec::new(),
            keys: BTreeMap::new(),
            renamed: 0,
            found: VecDeque::new(),
        }
    }

    /// Whether the value at a path is read: all are, or it stands in a column that was asked for, by its path as
    /// findings name it or with the names themselves.
    fn wanted(&mut self, path: &[Step]) -> bool {
        let mut wanted = self.named.is_empty();
        if wanted {
            return true;
        }
        for length in 1..=path.len() {
            let path = path.get(..length).unwrap_or_default();
            for text in [json::path(path, false), json::path(path, true)] {
                if let Some(name) = self.named.iter().find(|name| **name == text) {
                    self.seen.insert(name);
                    wanted = true;
                }
            }
        }
        wanted
    }

    /// What is known of a key or a column's name.
    pub(super) fn learned(&mut self, name: &str) -> Result<Rc<Key>> {
        if let Some(key) = self.keys.get(name) {
            return Ok(Rc::clone(key));
        }
        let found = self.scanner.find(name)?;
        let shown = self.scanner.printable(name, &found);
        let (clean, besides) = self.scanner.settled(&Title::default(), name, found.clone())?;
        let key = Rc::new(Key { found, clean, besides, shown, title: Title::of(name) });
        if self.keys.len() < KEPT {
            self.keys.insert(name.to_owned(), Rc::clone(&key));
        }
        Ok(key)
    }

    /// Tells what texts hold that stand beside each other, as a table's cells do, each under its path; each as it may be written, if that is
    /// another.
    pub(super) fn beside(&mut self, texts: &[(&[Step], &str)]) -> Result<Vec<Option<String>>> {
        let mut first = First::new(self);
        for (path, text) in texts {
            first.text(path, text)?;
        }
        first.close();
        texts.iter().map(|(path, text)| self.text(path, text)).collect()
    }

    /// What the key says of a value that it stands under, directly or in a list.
    fn title(&self, path: &[Step]) -> Title {
        json::title(path).map_or_else(Title::default, |name| match self.keys.get(name) {
            Some(key) => key.title.clone(),
            None => Title::of(name),
        })
    }

    /// Tells what a value holds, if it is to be read; the value as it may be written, if that is another.
    fn told(&mut self, path: &[Step], text: &str) -> Result<Option<String>> {
        if !self.wanted(path) {
            return Ok(None);
        }
        let lost = || fault::internal("a value of JSON that was not read before");
        let found = self.found.pop_front().ok_or_else(lost)?;
        if found.is_empty() {
            return Ok(None);
        }
        let column = json::path(path, false);
        let column = (!path.is_empty()).then_some(column.as_str());
        self.scanner.tell(Place { row: self.scanner.rows, column, key: false }, &found)?;
        let title = self.title(path);
        self.scanner.clean_under(&title, text, found)
    }

    pub(super) fn finish(self) -> Result<()> {
        let absent = self.named.iter().find(|name| !self.seen.contains(name.as_str()));
        if let Some(name) = absent.filter(|_| self.scanner.rows > 0) {
            return Err(missing(name, &self.known));
        }
        if self.renamed > 0 {
            let path = self.scanner.path.display();
            self.scanner.warn(&Fault::new(&SCAN_KEYS).arg("count", self.renamed).arg("path", path));
        }
        Ok(())
    }
}

impl Visitor for Records<'_, '_> {
    fn record(&mut self) {
        self.scanner.rows += 1;
    }

    fn key(&mut self, path: &mut [Step]) -> Result<Option<String>> {
        let Some((Step::Key { name, shown, .. }, around)) = path.split_last_mut() else {
            return Ok(None);
        };
        let key = self.learned(name)?;
        *shown = key.shown;
        let flat = around.is_empty();
        // A column of that name exists, whatever is in it.
        let named = self.wanted(path);
        if flat && self.known.len() < KNOWN {
            let text = json::path(path, false);
            if !self.known.contains(&text) {
                self.known.push(text);
            }
        }
        if !named || key.found.is_empty() {
            return Ok(None);
        }
        let column = json::path(path, false);
        let place = Place { row: self.scanner.rows, column: Some(&column), key: true };
        self.scanner.tell(place, &key.found)?;
        self.renamed += usize::from(key.clean.is_some());
        self.scanner.besides += key.besides;
        Ok(key.clean.clone())
    }

    fn text(&mut self, path: &[Step], text: &str) -> Result<Option<String>> {
        if json::nested(text) {
            return json::within(text, path, self);
        }
        self.told(path, text)
    }

    fn number(&mut self, path: &[Step], digits: &str) -> Result<Option<String>> {
        self.told(path, digits)
    }
}

impl<'r, 's, 'a> First<'r, 's, 'a> {
    fn new(records: &'r mut Records<'s, 'a>) -> Self {
        Self { records, texts: Vec::new(), found: Vec::new() }
    }

    /// Ends a record, if one began: whom one of its values names is looked for in the others.
    fn close(&mut self) {
        let texts: Vec<&str> = self.texts.iter().map(String::as_str).collect();
        find_repeated(&texts, &mut self.found);
        self.texts.clear();
        self.records.found.extend(self.found.drain(..));
    }
}

impl Visitor for First<'_, '_, '_> {
    fn record(&mut self) {
        self.close();
    }

    fn key(&mut self, path: &mut [Step]) -> Result<Option<String>> {
        if let Some(Step::Key { name, shown, .. }) = path.last_mut() {
            *shown = self.records.learned(name)?.shown;
        }
        Ok(None)
    }

    fn text(&mut self, path: &[Step], text: &str) -> Result<Option<String>> {
        if json::nested(text) {
            json::within(text, path, self)?;
        } else if self.records.wanted(path) {
            let title = self.records.title(path);
            self.found.push(self.records.scanner.find_under(&title, text)?);
            self.texts.push(text.to_owned());
        }
        Ok(None)
    }

    fn number(&mut self, path: &[Step], digits: &str) -> Result<Option<String>> {
        if self.records.wanted(path) {
            let title = self.records.title(path);
            // A network of names, which is slow, would find none in a number.
            self.found.push(self.records.scanner.readers.plain.find_under(&title, digits)?);
            // No name stands in a number.
            self.texts.push(String::new());
        }
        Ok(None)
    }
}

//! JSON: every string, number and key of the records, at any depth.

use super::json::{self, Broken, Step, Visitor};
use super::lines::Lines;
use super::{Place, Scanner, missing};
use crate::args::Scan;
use crate::messages::{SCAN_JSON, SCAN_KEYS};
use ingot_base::{Fault, Result};
use ingot_privacy::detect::Finding;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Different keys whose findings are kept: most files have the same few in every record.
const KEPT: usize = 4096;
/// Most names of columns in a message.
const KNOWN: usize = 32;

/// What is known of a key.
struct Key {
    found: Vec<Finding>,
    /// What stands instead.
    clean: Option<String>,
    /// Whether findings may name it.
    shown: bool,
}

/// One file's records.
struct Records<'s, 'a> {
    scanner: &'s mut Scanner<'a>,
    /// The columns that were asked for.
    named: &'s [String],
    /// Those of them that are there.
    seen: BTreeSet<&'s str>,
    /// Columns that are there, as far as a message needs them.
    known: Vec<String>,
    keys: BTreeMap<String, Rc<Key>>,
    renamed: usize,
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
    fn new(scanner: &'s mut Scanner<'a>, named: &'s [String]) -> Self {
        Self {
            scanner,
            named,
            seen: BTreeSet::new(),
            known: Vec::new(),
            keys: BTreeMap::new(),
            renamed: 0,
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

    fn learned(&mut self, name: &str) -> Result<Rc<Key>> {
        if let Some(key) = self.keys.get(name) {
            return Ok(Rc::clone(key));
        }
        let found = self.scanner.find(name)?;
        let shown = found.is_empty() && self.scanner.printable(name)?;
        let clean = self.scanner.clean(name, found.clone())?;
        let key = Rc::new(Key { found, clean, shown });
        if self.keys.len() < KEPT {
            self.keys.insert(name.to_owned(), Rc::clone(&key));
        }
        Ok(key)
    }

    /// Tells what a value holds; the value as it may be written, if that is another.
    fn told(&mut self, path: &[Step], text: &str, found: Vec<Finding>) -> Result<Option<String>> {
        if found.is_empty() {
            return Ok(None);
        }
        let column = json::path(path, false);
        let column = Some(column.as_str()).filter(|column| !column.is_empty());
        self.scanner.tell(Place { row: self.scanner.rows, column, key: false }, &found)?;
        self.scanner.clean(text, found)
    }

    fn finish(self) -> Result<()> {
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
        Ok(key.clean.clone())
    }

    fn text(&mut self, path: &[Step], text: &str) -> Result<Option<String>> {
        if !self.wanted(path) {
            return Ok(None);
        }
        let found = self.scanner.find_under(title(path), text)?;
        self.told(path, text, found)
    }

    fn number(&mut self, path: &[Step], digits: &str) -> Result<Option<String>> {
        if !self.wanted(path) {
            return Ok(None);
        }
        let found = self.scanner.find_in_number(digits)?;
        let found = self.scanner.titled(found, title(path), digits)?;
        self.told(path, digits, found)
    }
}

/// The key that a value stands under, directly or in a list.
fn title(path: &[Step]) -> Option<&str> {
    path.iter().rev().find_map(|step| match step {
        Step::Key { name, .. } => Some(name.as_str()),
        Step::Index(_) => None,
    })
}

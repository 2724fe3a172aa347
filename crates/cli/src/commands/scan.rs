//! `scan`: where personal data stands in a file's texts, and the file without it.

use crate::Context;
use crate::args::{RedactWith, Scan};
use crate::messages::{COLUMN_MISSING, KIND_UNKNOWN, RECORD_WRONG};
use ingot_base::atomic::AtomicFile;
use ingot_base::{Fault, Result, Secret, fault};
use ingot_privacy::ColumnKeys;
use ingot_privacy::detect::{DetectConfig, Detector, Finding, Kind, Why};
use ingot_privacy::pseudonym::{Pseudonyms, TextAction, TextProtector};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

/// One finding as it is printed; never the text itself.
#[derive(Serialize)]
struct Line<'a> {
    /// Record of the file, from 1; a table's header is not counted.
    row: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<&'a str>,
    /// First Unicode character of the finding in its text, from 0.
    start: usize,
    /// The character after its last.
    end: usize,
    #[serde(rename = "type")]
    kind: &'a str,
    score: f32,
    why: Vec<String>,
}

pub(crate) fn scan(context: &Context, args: &Scan) -> Result<()> {
    let mut scanner = Scanner::new(context, args)?;
    match args.file.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => scanner.csv(args)?,
        Some("jsonl") => scanner.jsonl(args)?,
        _ => scanner.lines(args)?,
    }
    scanner.finish(context)
}

struct Scanner<'a> {
    context: &'a Context,
    protector: TextProtector,
    names: Pseudonyms,
    output: Option<AtomicFile>,
    /// Where the output goes.
    written: Option<&'a Path>,
    path: &'a Path,
    rows: u64,
    found: u64,
    document: Vec<Value>,
}

impl<'a> Scanner<'a> {
    fn new(context: &'a Context, args: &'a Scan) -> Result<Self> {
        let types = args
            .kind
            .iter()
            .map(|name| {
                Kind::parse(name).ok_or_else(|| {
                    let known: Vec<&str> = Kind::ALL.iter().map(Kind::name).collect();
                    Fault::new(&KIND_UNKNOWN).arg("type", name).arg("known", known.join(", "))
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let detector = Detector::new(DetectConfig { types, ..DetectConfig::default() })?;
        let action = match args.with {
            RedactWith::Type => TextAction::Replace,
            RedactWith::Mask => TextAction::Mask,
        };
        // Neither way of redacting uses a key.
        let keys = ColumnKeys { encrypt: Secret::new(vec![0; 64]), hash: Secret::new(vec![0; 32]) };
        let protector = TextProtector::new(detector, action, keys.clone(), "text")?;
        Ok(Self {
            context,
            protector: match &args.names {
                Some(folder) => protector.with_names(ingot_pipeline::name_model(
                    folder,
                    &BTreeMap::new(),
                    None,
                )?),
                None => protector,
            },
            names: Pseudonyms::new(keys)?,
            output: args.redact.as_deref().map(AtomicFile::create).transpose()?,
            written: args.redact.as_deref(),
            path: &args.file,
            rows: 0,
            found: 0,
            document: Vec::new(),
        })
    }

    fn csv(&mut self, args: &Scan) -> Result<()> {
        // What is no table at all fails below, with its line.
        let delimiter = ingot_data::csv_delimiter(self.path).unwrap_or(b',');
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(self.open()?);
        let fresh = || csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        let names = reader.headers().map_err(|_| self.wrong(1))?.clone();
        let wanted = chosen(&args.text, &names.iter().collect::<Vec<_>>())?;
        let mut writer = fresh();
        writer.write_record(&names).map_err(|_| self.wrong(1))?;
        let mut record = csv::StringRecord::new();
        loop {
            let line = reader.position().line();
            match reader.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) if record.len() == names.len() => {}
                _ => return Err(self.wrong(line)),
            }
            self.rows += 1;
            let mut cells = Vec::with_capacity(record.len());
            for ((cell, name), wanted) in record.iter().zip(&names).zip(&wanted) {
                cells.push(if *wanted { self.text(Some(name), cell)? } else { cell.to_owned() });
            }
            writer.write_record(&cells).map_err(|_| self.wrong(line))?;
            if self.output.is_some() {
                writer.flush().map_err(|_| self.wrong(line))?;
                self.write(writer.get_ref())?;
            }
            // What is written is let go, so that a long file needs no more memory than a record.
            writer = fresh();
        }
        Ok(())
    }

    fn jsonl(&mut self, args: &Scan) -> Result<()> {
        for (line, text) in (1..).zip(self.open()?.lines()) {
            let text = text.map_err(|_| self.wrong(line))?;
            if text.trim().is_empty() {
                continue;
            }
            self.rows += 1;
            let mut record: serde_json::Map<String, Value> =
                serde_json::from_str(&text).map_err(|_| self.wrong(line))?;
            let keys: Vec<&str> = record.keys().map(String::as_str).collect();
            let wanted = chosen(&args.text, &keys)?;
            for ((name, value), wanted) in record.iter_mut().zip(wanted) {
                if let (true, Value::String(text)) = (wanted, value) {
                    *text = self.text(Some(name), text)?;
                }
            }
            self.write(format!("{}\n", Value::Object(record)).as_bytes())?;
        }
        Ok(())
    }

    fn lines(&mut self, args: &Scan) -> Result<()> {
        chosen(&args.text, &[])?;
        for (line, text) in (1..).zip(self.open()?.lines()) {
            let text = text.map_err(|_| self.wrong(line))?;
            self.rows += 1;
            let text = self.text(None, &text)?;
            self.write(format!("{text}\n").as_bytes())?;
        }
        Ok(())
    }

    /// Tells what a text holds; the text as it may be written.
    fn text(&mut self, column: Option<&str>, text: &str) -> Result<String> {
        let found = self.protector.find(text)?;
        for finding in &found {
            self.found += 1;
            self.tell(column, finding)?;
        }
        if self.output.is_none() {
            return Ok(String::new());
        }
        self.protector.settle(text, found, &mut self.names)
    }

    fn tell(&mut self, column: Option<&str>, finding: &Finding) -> Result<()> {
        let line = Line {
            row: self.rows,
            column,
            start: finding.start,
            end: finding.end,
            kind: finding.kind.name(),
            score: finding.score,
            why: finding.why.iter().map(Why::text).collect(),
        };
        let failed = |error| fault::internal("a finding without a JSON form").because(error);
        if self.context.json {
            self.document.push(serde_json::to_value(&line).map_err(failed)?);
        } else if !self.context.quiet {
            crate::out(&serde_json::to_string(&line).map_err(failed)?);
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(output) = &mut self.output else { return Ok(()) };
        output.write_all(bytes).map_err(|error| {
            Fault::new(&fault::FILE_WRITE).arg("path", self.path.display()).because(error)
        })
    }

    fn finish(self, context: &Context) -> Result<()> {
        if let Some(output) = self.output {
            output.commit_private()?;
        }
        if let Some(written) = self.written {
            // What was not found is still there: whoever may not read the one file may not read the other.
            let share =
                || std::fs::set_permissions(written, std::fs::metadata(self.path)?.permissions());
            share().map_err(|error: std::io::Error| {
                Fault::new(&fault::FILE_WRITE).arg("path", written.display()).because(error)
            })?;
        }
        if context.json {
            let rows = self.rows;
            crate::out(&serde_json::json!({ "rows": rows, "findings": self.document }).to_string());
        } else if !context.quiet {
            crate::err(&format!(
                "{} {}, {} {}",
                super::grouped(self.rows),
                context.say("rows", "行"),
                super::grouped(self.found),
                context.say("findings", "处发现")
            ));
        }
        Ok(())
    }

    fn open(&self) -> Result<BufReader<File>> {
        ingot_data::text_reader(self.path)
    }

    fn wrong(&self, line: u64) -> Fault {
        Fault::new(&RECORD_WRONG).arg("path", self.path.display()).arg("line", line)
    }
}

/// For every column whether it is read: those named, all without names.
fn chosen(named: &[String], columns: &[&str]) -> Result<Vec<bool>> {
    if let Some(missing) = named.iter().find(|name| !columns.contains(&name.as_str())) {
        return Err(Fault::new(&COLUMN_MISSING)
            .arg("column", missing)
            .arg("known", if columns.is_empty() { "–".into() } else { columns.join(", ") }));
    }
    Ok(columns
        .iter()
        .map(|column| named.is_empty() || named.iter().any(|name| name == column))
        .collect())
}

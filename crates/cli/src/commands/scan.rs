//! `scan`: where personal data stands in a file's texts, and the file without it.

mod input;
mod keys;
mod lines;
mod quotes;
mod records;
mod table;

use crate::Context;
use crate::args::{RedactWith, Scan};
use crate::messages::{COLUMN_MISSING, KIND_UNKNOWN};
use ingot_base::atomic::AtomicFile;
use ingot_base::{Fault, Result, Secret, fault};
use ingot_privacy::detect::{DetectConfig, Detector, Finding, Kind, Why};
use ingot_privacy::pseudonym::{Pseudonyms, TextAction, TextProtector};
use ingot_privacy::{ColumnKeys, Title};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

/// One finding as it is printed; never the text itself.
#[derive(Serialize)]
struct Line<'a> {
    /// Record of the file, from 1; 0 is a table's header.
    row: u64,
    /// A column's name, or the path of a value in a JSON record: `messages[0].content`.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<&'a str>,
    /// Whether it stands in the key of that path rather than in its value.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    key: bool,
    /// First Unicode character of the finding in its text, from 0.
    start: usize,
    /// The character after its last.
    end: usize,
    #[serde(rename = "type")]
    kind: &'a str,
    score: f32,
    why: Vec<String>,
}

/// Where a text stands.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    row: u64,
    column: Option<&'a str>,
    key: bool,
}

pub(crate) fn scan(context: &Context, args: &Scan) -> Result<()> {
    input::check(&args.file)?;
    let mut scanner = Scanner::new(context, args)?;
    let extension = args.file.extension().and_then(|extension| extension.to_str());
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => scanner.table(args)?,
        Some("jsonl" | "ndjson") => scanner.records(args)?,
        Some("json") => scanner.document(args)?,
        _ => scanner.lines(args)?,
    }
    scanner.finish()
}

/// What reads texts for the types that were asked for.
struct Readers {
    plain: TextProtector,
    /// The same with a network of names, where there is one.
    networked: Option<TextProtector>,
}

impl Readers {
    /// The one that finds most.
    fn best(&self) -> &TextProtector {
        self.networked.as_ref().unwrap_or(&self.plain)
    }
}

struct Scanner<'a> {
    context: &'a Context,
    readers: Readers,
    /// Of every type, where not all were asked for: what it finds in a column's name is printed nowhere.
    guard: Option<Detector>,
    names: Pseudonyms,
    output: Option<AtomicFile>,
    /// Where the output goes.
    written: Option<&'a Path>,
    path: &'a Path,
    rows: u64,
    found: u64,
    /// What showed only beside that which stands for findings in the redacted file, and is hidden there too.
    besides: u64,
    printed: Vec<Value>,
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
        let action = match args.with {
            RedactWith::Type => TextAction::Replace,
            RedactWith::Mask => TextAction::Mask,
        };
        // Neither way of redacting uses a key.
        let keys = ColumnKeys { encrypt: Secret::new(vec![0; 64]), hash: Secret::new(vec![0; 32]) };
        let protector = || {
            let types = types.clone();
            let detector = Detector::new(DetectConfig { types, ..DetectConfig::default() })?;
            TextProtector::new(detector, action, keys.clone(), "text")
        };
        let networked = |folder| {
            let model = ingot_pipeline::name_model(folder, &BTreeMap::new(), None)?;
            Ok::<_, Fault>(protector()?.with_names(model))
        };
        let guard = || Detector::new(DetectConfig::default());
        let written = args.redact.as_deref();
        if let Some(written) = written {
            input::refuse(written, &args.file)?;
        }
        Ok(Self {
            context,
            readers: Readers {
                plain: protector()?,
                networked: args.names.as_deref().map(networked).transpose()?,
            },
            guard: (!types.is_empty()).then(guard).transpose()?,
            names: Pseudonyms::new(keys)?,
            output: written.map(AtomicFile::create).transpose()?,
            written,
            path: &args.file,
            rows: 0,
            found: 0,
            besides: 0,
            printed: Vec::new(),
        })
    }

    /// Tells what a text holds; the text as it may be written, if that is another.
    fn text(&mut self, place: Place<'_>, text: &str) -> Result<Option<String>> {
        let found = self.find(text)?;
        self.tell(place, &found)?;
        self.clean(text, found)
    }

    /// A text without its findings, where it is to be written and has any.
    fn clean(&mut self, text: &str, found: Vec<Finding>) -> Result<Option<String>> {
        self.clean_under(&Title::default(), text, found)
    }

    /// The same for a value that its title announces.
    fn clean_under(
        &mut self,
        title: &Title,
        text: &str,
        found: Vec<Finding>,
    ) -> Result<Option<String>> {
        let (clean, besides) = self.settled(title, text, found)?;
        self.besides += besides;
        Ok(clean)
    }

    /// The same, and how much was hidden besides: to be counted where the text is written.
    fn settled(
        &mut self,
        title: &Title,
        text: &str,
        found: Vec<Finding>,
    ) -> Result<(Option<String>, u64)> {
        if self.output.is_none() || found.is_empty() {
            return Ok((None, 0));
        }
        let reader = self.readers.best();
        let (clean, besides) = reader.settle_telling(title, text, found, &mut self.names)?;
        Ok((Some(clean), besides.len() as u64))
    }

    /// What a text holds.
    fn find(&self, text: &str) -> Result<Vec<Finding>> {
        self.readers.best().find(text)
    }

    /// What a value holds, by itself and with its title before it.
    fn find_under(&self, title: &Title, text: &str) -> Result<Vec<Finding>> {
        self.readers.best().find_under(title, text)
    }

    fn tell(&mut self, place: Place<'_>, found: &[Finding]) -> Result<()> {
        let failed = |error| fault::internal("a finding without a JSON form").because(error);
        for finding in found {
            self.found += 1;
            let line = Line {
                row: place.row,
                column: place.column,
                key: place.key,
                start: finding.start,
                end: finding.end,
                kind: finding.kind.name(),
                score: finding.score,
                why: finding.why.iter().map(Why::text).collect(),
            };
            if self.context.json {
                self.printed.push(serde_json::to_value(&line).map_err(failed)?);
            } else {
                crate::out(&serde_json::to_string(&line).map_err(failed)?);
            }
        }
        Ok(())
    }

    /// Whether a column's name, in which that was found, may be printed.
    fn printable(&self, name: &str, found: &[Finding]) -> bool {
        found.is_empty() && self.guard.as_ref().is_none_or(|guard| guard.detect(name).is_empty())
    }

    fn warn(&self, warning: &Fault) {
        if self.context.json {
            self.context.warn_anyway(warning);
        } else {
            self.context.warn(warning);
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let (Some(output), Some(written)) = (&mut self.output, self.written) else { return Ok(()) };
        output.write_all(bytes).map_err(|error| unwritten(written, error))
    }

    fn finish(self) -> Result<()> {
        let context = self.context;
        if let (Some(output), Some(written)) = (self.output, self.written) {
            // Whatever came there meanwhile stays.
            input::refuse(written, self.path)?;
            output.commit_private()?;
            // What was not found is still there: whoever may not read the one file may not read the other.
            let share =
                || std::fs::set_permissions(written, std::fs::metadata(self.path)?.permissions());
            share().map_err(|error| unwritten(written, error))?;
        }
        if context.json {
            let (rows, besides) = (self.rows, self.besides);
            let found = self.printed;
            let told = serde_json::json!({ "rows": rows, "findings": found, "besides": besides });
            crate::out(&told.to_string());
        } else if !context.quiet {
            crate::err(&format!(
                "{} {}, {} {}",
                super::grouped(self.rows),
                context.say("rows", "行"),
                super::grouped(self.found),
                context.say("findings", "处发现")
            ));
            if self.besides > 0 {
                let count = super::grouped(self.besides);
                crate::err(context.say(
                    &format!(
                        "{count} more are hidden in the redacted file too: beside what stands for findings they look like personal data"
                    ),
                    &format!(
                        "另有 {count} 处也已在脱敏文件中隐去：与替换内容相邻时，它们看起来也像个人信息"
                    ),
                ));
            }
        }
        Ok(())
    }

    fn open(&self) -> Result<BufReader<File>> {
        ingot_data::text_reader(self.path)
    }
}

fn unwritten(path: &Path, error: std::io::Error) -> Fault {
    Fault::new(&fault::FILE_WRITE).arg("path", path.display()).because(error)
}

fn unread(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
    Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error)
}

/// A column that was asked for and is not there; `known` are names that may be printed.
fn missing(column: &str, known: &[String]) -> Fault {
    let known = if known.is_empty() { "–".to_owned() } else { known.join(", ") };
    Fault::new(&COLUMN_MISSING).arg("column", column).arg("known", known)
}

//! Where cleaned pieces end, in their order: duplicates fall, figures add up, rows and findings are written.

use crate::clean::{CleanJob, Cleaned, lineage_schema};
use crate::config::OnFail;
use crate::csv_decode::Bad;
use crate::duplicates::Near;
use crate::messages::{CAST_LOST, EXPECTATION_FAILED, EXPECTATION_UNMET, NOT_FINITE, QUARANTINED};
use crate::outcome::{CleanOutcome, PassageOutcome, Place, RuleOutcome, SourceOutcome};
use crate::rules::{Action, Rules};
use crate::seen::Seen;
use crate::source::Sources;
use crate::table::kind;
use crate::table_writer::TableWriter;
use crate::texts::{Ledger, PASSAGES, texts};
use crate::{profile, remote};
use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{cast, filter_record_batch};
use ingot_base::atomic::AtomicFile;
use ingot_base::{Digest, Fault, Reporter, Result, Text, crash, fault};
use ingot_quality::passages::{self, Passages};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

/// Rows that an outcome names of a rule.
const NAMED: usize = 10;

/// Which rows stay of those that no rule dropped by itself: the first of equal rows, the first with a value that must be
/// unique. Pieces must come in order.
#[derive(Default)]
pub(crate) struct Sieve {
    seen: Seen,
    unique: BTreeMap<usize, Seen>,
    /// The first row that fails the stage: step, part, row.
    failed: Option<(usize, usize, u64)>,
}

impl Sieve {
    /// Whether each row stays; what the rules did is added to `outcomes`.
    pub(crate) fn keep(
        &mut self,
        rules: &Rules,
        piece: &Cleaned,
        outcomes: &mut [RuleOutcome],
    ) -> Vec<bool> {
        let mut keep = vec![true; piece.rows.len()];
        if !piece.hashes.is_empty() {
            let index = rules.steps.iter().position(|step| matches!(step.action, Action::Dedupe));
            for (keep, hash) in keep.iter_mut().zip(&piece.hashes) {
                if *keep && !self.seen.insert(*hash) {
                    *keep = false;
                    if let Some(rule) = index.and_then(|index| outcomes.get_mut(index)) {
                        rule.dropped += 1;
                    }
                }
            }
        }
        self.uniqueness(rules, piece, &mut keep, outcomes);
        keep
    }

    fn uniqueness(
        &mut self,
        rules: &Rules,
        piece: &Cleaned,
        keep: &mut [bool],
        outcomes: &mut [RuleOutcome],
    ) {
        for (index, hashes) in &piece.unique {
            let Some(Action::Unique(_, on_fail)) = rules.steps.get(*index).map(|step| &step.action)
            else {
                continue;
            };
            let seen = self.unique.entry(*index).or_default();
            for (row, hash) in hashes.iter().enumerate() {
                let (Some(hash), Some(keep)) = (hash, keep.get_mut(row)) else { continue };
                if !*keep || seen.insert(*hash) {
                    continue;
                }
                let Some(rule) = outcomes.get_mut(*index) else { continue };
                match on_fail {
                    OnFail::Drop => {
                        *keep = false;
                        rule.dropped += 1;
                    }
                    OnFail::Warn => rule.flagged += 1,
                    OnFail::Fail => {
                        rule.flagged += 1;
                        let number = piece.rows.get(row).copied().unwrap_or(0);
                        self.failed = self.failed.or(Some((*index, piece.part, number)));
                    }
                }
            }
        }
    }
}

/// Takes cleaned pieces in order: duplicates, figures, the table, the quarantine.
pub(crate) struct Sink<'a> {
    sources: &'a Sources,
    rules: &'a Rules,
    writer: TableWriter,
    quarantine: AtomicFile,
    quarantine_path: &'a Path,
    outcome: CleanOutcome,
    sieve: Sieve,
    ledger: Ledger,
    near: Option<Near>,
    passages: Option<Cutter>,
    findings: Option<AtomicFile>,
    findings_path: &'a Path,
    before: Vec<profile::Running>,
    after: Vec<profile::Running>,
}

/// Cuts passages that stood before out of a column.
struct Cutter {
    column: usize,
    passages: Passages,
    outcome: PassageOutcome,
}

impl<'a> Sink<'a> {
    pub(crate) fn create(
        job: &'a CleanJob<'_>,
        sources: &'a Sources,
        rules: &'a Rules,
        near: Option<Near>,
    ) -> Result<Self> {
        let weighted = job.sources.iter().any(|source| (source.weight - 1.0).abs() > f64::EPSILON);
        let schema = lineage_schema(&rules.schema, weighted);
        let outcome = CleanOutcome {
            rows_in: 0,
            rows_out: 0,
            erased: 0,
            sources: job
                .sources
                .iter()
                .map(|source| SourceOutcome {
                    name: source.name.clone(),
                    uri: remote::shown(&source.uri),
                    digest: Digest::of(&[]),
                    rows: 0,
                    kept: 0,
                    quarantined: 0,
                    not_finite: BTreeMap::new(),
                    weight: source.weight,
                })
                .collect(),
            rules: rules.outcomes(),
            reconciliation: sources.notes.clone(),
            before: Vec::new(),
            after: Vec::new(),
            quality: None,
            set: None,
            near: None,
            passages: None,
        };
        let judges = |step: &crate::rules::Step| {
            matches!(step.action, Action::Text(..) | Action::Near(..) | Action::Passages(..))
        };
        let findings = if rules.steps.iter().any(judges) {
            Some(AtomicFile::create(job.findings)?)
        } else {
            None
        };
        Ok(Self {
            sources,
            rules,
            writer: TableWriter::create(job.output, &schema, job.encryption)?,
            quarantine: AtomicFile::create(job.quarantine)?,
            quarantine_path: job.quarantine,
            outcome,
            sieve: Sieve::default(),
            ledger: Ledger::new(job.clean),
            near,
            passages: rules.steps.iter().find_map(|step| cutter(&step.action, rules)),
            findings,
            findings_path: job.findings,
            before: profile::start(&sources.schema),
            after: profile::start(&rules.schema),
        })
    }

    pub(crate) fn take(&mut self, piece: Cleaned) -> Result<()> {
        crash::point("clean-mid");
        self.set_aside(piece.part, &piece.bad)?;
        let label =
            self.sources.parts.get(piece.part).map(|part| part.label.clone()).unwrap_or_default();
        let lines = self.ledger.add(&label, &piece.found, &piece.languages);
        self.write(&lines)?;
        let mut keep = self.sieve.keep(self.rules, &piece, &mut self.outcome.rules);
        if let Some(near) = &mut self.near {
            let before = keep.iter().filter(|keep| **keep).count();
            let (found, lines) = near.take(&label, &piece.rows, &mut keep);
            let dropped = (before - keep.iter().filter(|keep| **keep).count()) as u64;
            let index =
                self.rules.steps.iter().position(|step| matches!(step.action, Action::Near(..)));
            if let Some(rule) = index.and_then(|index| self.outcome.rules.get_mut(index)) {
                rule.dropped += dropped;
                rule.flagged += found - dropped;
            }
            self.write(&lines)?;
        }
        let rows: Vec<u64> =
            piece.rows.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(row, _)| *row).collect();
        let kept = if keep.iter().all(|keep| *keep) {
            piece.kept
        } else {
            filter_record_batch(&piece.kept, &BooleanArray::from(keep))
                .map_err(|error| fault::internal("rows could not be selected").because(error))?
        };
        let kept = self.cut(&label, &rows, kept)?;
        for (running, partial) in self.before.iter_mut().zip(piece.before) {
            running.merge(partial);
        }
        let columns = self.rules.schema.fields().len();
        for (running, partial) in
            self.after.iter_mut().zip(profile::partial(&kept, columns, piece.after_distinct))
        {
            running.merge(partial);
        }
        self.count(&piece.dropped, &piece.changed, &piece.flagged);
        self.count_lost(&label, &piece.lost, &piece.first_lost);
        for (step, row) in piece.failed.iter().enumerate() {
            if let (Some(row), None) = (row, self.sieve.failed) {
                self.sieve.failed = Some((step, piece.part, *row));
            }
        }
        let source = self.sources.parts.get(piece.part).map_or(0, |part| part.source);
        if let Some(source) = self.outcome.sources.get_mut(source) {
            source.rows += piece.rows_in;
            source.kept += kept.num_rows() as u64;
            for (column, count) in &piece.not_finite {
                if let Some(field) = self.sources.schema.fields().get(*column) {
                    *source.not_finite.entry(field.name().clone()).or_default() += count;
                }
            }
        }
        self.outcome.rows_in += piece.rows_in;
        self.outcome.erased += piece.refused;
        self.writer.write(&kept)
    }

    /// Cuts out what stood in a row before.
    fn cut(&mut self, label: &str, rows: &[u64], kept: RecordBatch) -> Result<RecordBatch> {
        let Some(cutter) = &mut self.passages else { return Ok(kept) };
        let internal = |error| fault::internal("texts could not be cut").because(error);
        let before = texts(kept.column(cutter.column)).map_err(internal)?;
        let mut lines = Vec::new();
        let mut after = Vec::with_capacity(before.len());
        for (text, row) in before.iter().zip(rows) {
            let parts = text.map(|text| cutter.passages.push(text)).unwrap_or_default();
            let Some(text) = text.filter(|_| !parts.is_empty()) else {
                after.push(text.map(str::to_owned));
                continue;
            };
            let left = passages::without(text, &parts);
            let characters = (text.chars().count() - left.chars().count()) as u64;
            let outcome = &mut cutter.outcome;
            outcome.rows += 1;
            outcome.passages += parts.len() as u64;
            outcome.characters += characters;
            if outcome.first.len() < NAMED {
                outcome.first.push(Place { source: label.to_owned(), row: *row });
            }
            let line = json!({ "key": PASSAGES, "source": label, "row": row, "passages": parts.len(), "characters": characters });
            lines.push(line.to_string());
            after.push(Some(left).filter(|left| !left.trim().is_empty()));
        }
        let index =
            self.rules.steps.iter().position(|step| matches!(step.action, Action::Passages(..)));
        if let Some(rule) = index.and_then(|index| self.outcome.rules.get_mut(index)) {
            rule.changed += lines.len() as u64;
        }
        let mut columns = kept.columns().to_vec();
        if let Some(column) = columns.get_mut(cutter.column) {
            let texts: ArrayRef = Arc::new(StringArray::from(after));
            *column = cast(&texts, column.data_type()).map_err(internal)?;
        }
        let cut = RecordBatch::try_new(kept.schema(), columns).map_err(internal)?;
        self.write(&lines)?;
        Ok(cut)
    }

    /// Writes lines of findings.
    fn write(&mut self, lines: &[String]) -> Result<()> {
        let Some(file) = &mut self.findings else { return Ok(()) };
        for line in lines {
            writeln!(file, "{line}").map_err(|error| {
                Fault::new(&fault::FILE_WRITE)
                    .arg("path", self.findings_path.display())
                    .because(error)
            })?;
        }
        Ok(())
    }

    fn count(&mut self, dropped: &[u64], changed: &[u64], flagged: &[u64]) {
        for (index, rule) in self.outcome.rules.iter_mut().enumerate() {
            rule.dropped += dropped.get(index).copied().unwrap_or(0);
            rule.changed += changed.get(index).copied().unwrap_or(0);
            rule.flagged += flagged.get(index).copied().unwrap_or(0);
        }
    }

    fn count_lost(&mut self, label: &str, lost: &[u64], first: &[Option<u64>]) {
        for ((rule, lost), first) in self.outcome.rules.iter_mut().zip(lost).zip(first) {
            rule.lost += lost;
            if let (None, Some(row)) = (&rule.first, first) {
                rule.first = Some(Place { source: label.to_owned(), row: *row });
            }
        }
    }

    /// Tells of every expectation with `warn` that rows do not meet.
    fn warn_of_unmet(&self, reporter: &dyn Reporter) {
        for (step, rule) in self.rules.steps.iter().zip(&self.outcome.rules) {
            let warns = matches!(
                step.action,
                Action::Expect(_, OnFail::Warn) | Action::Unique(_, OnFail::Warn)
            );
            if warns && rule.flagged > 0 {
                let warning = Fault::new(&EXPECTATION_UNMET).arg("count", rule.flagged);
                reporter.warn(&warning.arg("rule", &step.condition).at(&rule.key_path));
            }
        }
    }

    /// Tells of values that are missing though the sources have something in their place.
    fn warn_of_missing(&self, reporter: &dyn Reporter) {
        for source in &self.outcome.sources {
            for (column, count) in &source.not_finite {
                let warning = Fault::new(&NOT_FINITE).arg("source", &source.name);
                reporter.warn(&warning.arg("column", column).arg("count", count));
            }
        }
        for (step, rule) in self.rules.steps.iter().zip(&self.outcome.rules) {
            let (Action::Cast(column, to), Some(first)) = (&step.action, &rule.first) else {
                continue;
            };
            let name = self.sources.schema.fields().get(*column).map(|field| field.name().as_str());
            reporter.warn(
                &Fault::new(&CAST_LOST)
                    .arg("column", name.unwrap_or_default())
                    .arg("to", kind(to))
                    .arg("count", rule.lost)
                    .arg("rows", self.before.get(*column).map_or(0, profile::Running::present))
                    .arg("row", first.row)
                    .arg("source", &first.source)
                    .at(&rule.key_path),
            );
        }
    }

    fn set_aside(&mut self, part: usize, bad: &[Bad]) -> Result<()> {
        let Some(part) = self.sources.parts.get(part) else { return Ok(()) };
        if let Some(source) = self.outcome.sources.get_mut(part.source) {
            source.quarantined += bad.len() as u64;
        }
        for record in bad {
            let line = serde_json::json!({
                "source": part.label, "file": part.file, "line": record.line,
                "reason": record.reason.en, "reason_zh": record.reason.zh,
            });
            writeln!(self.quarantine, "{line}").map_err(|error| {
                Fault::new(&fault::FILE_WRITE)
                    .arg("path", self.quarantine_path.display())
                    .because(error)
            })?;
        }
        Ok(())
    }

    pub(crate) fn finish(
        mut self,
        job: &CleanJob<'_>,
        reporter: &dyn Reporter,
    ) -> Result<CleanOutcome> {
        self.warn_of_missing(reporter);
        self.warn_of_unmet(reporter);
        if let Some((step, part, row)) = self.sieve.failed {
            let rule = self.outcome.rules.get(step);
            let source =
                self.sources.parts.get(part).map(|part| part.label.clone()).unwrap_or_default();
            return Err(Fault::new(&EXPECTATION_FAILED)
                .arg("count", rule.map_or(0, |rule| rule.flagged))
                .arg("rule", self.rules.steps.get(step).map_or("", |step| step.condition.as_str()))
                .arg("row", row)
                .arg("source", source)
                .at(rule.map(|rule| rule.key_path.clone()).unwrap_or_default()));
        }
        for (source, digest) in self.outcome.sources.iter_mut().zip(self.sources.digests()?) {
            source.digest = digest;
        }
        self.outcome.rows_out = self.writer.finish()?;
        self.quarantine.commit()?;
        if let Some(findings) = self.findings {
            findings.commit()?;
        }
        (self.outcome.quality, self.outcome.set) = self.ledger.finish();
        self.outcome.near = self.near.map(Near::outcome);
        self.outcome.passages = self.passages.map(|cutter| cutter.outcome);
        let mut reaching = self.outcome.rows_in;
        for rule in &mut self.outcome.rules {
            // Of few rows, or of a column that the recipe protects, even a median may be somebody's value.
            let told = self.outcome.rows_out >= profile::FEW;
            rule.found =
                rule.found.take().filter(|found| told && !job.personal.contains(found.column()));
            rule.rows_in = reaching;
            reaching -= rule.dropped;
        }
        let profiles = |columns: Vec<profile::Running>| {
            columns.into_iter().map(|column| column.finish(job.personal)).collect()
        };
        self.outcome.before = profiles(self.before);
        self.outcome.after = profiles(self.after);
        for source in self.outcome.sources.iter().filter(|source| source.quarantined > 0) {
            reporter.warn(
                &Fault::new(&QUARANTINED)
                    .arg("source", &source.name)
                    .arg("count", source.quarantined),
            );
        }
        debug_assert_eq!(reaching, self.outcome.rows_out, "every row has one fate");
        Ok(self.outcome)
    }
}

fn cutter(action: &Action, rules: &Rules) -> Option<Cutter> {
    let Action::Passages(column, tokens) = action else { return None };
    let name =
        rules.schema.fields().get(*column).map(|field| field.name().clone()).unwrap_or_default();
    let outcome = PassageOutcome {
        column: name,
        tokens: *tokens,
        rows: 0,
        passages: 0,
        characters: 0,
        first: Vec::new(),
    };
    Some(Cutter { column: *column, passages: Passages::new(*tokens), outcome })
}

/// Counts as text, for summaries elsewhere.
impl CleanOutcome {
    /// One line for a person.
    pub fn summary(&self) -> Text {
        let (rows, kept) = (self.rows_in, self.rows_out);
        match self.rules.iter().map(|rule| rule.lost).sum::<u64>() {
            0 => Text::new(
                format!("{rows} rows in, {kept} kept"),
                format!("读入 {rows} 行，保留 {kept} 行"),
            ),
            lost => Text::new(
                format!("{rows} rows in, {kept} kept, {lost} values lost in casts"),
                format!("读入 {rows} 行，保留 {kept} 行，类型转换丢失 {lost} 个取值"),
            ),
        }
    }
}

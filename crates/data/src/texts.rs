//! Rules about texts: compiled, applied to batches, and what they find as figures with row numbers.

use crate::config::{CleanConfig, OnFail, SetRule};
use crate::messages::{SET_COLUMN, SET_EMPTY};
use crate::outcome::{Place, QualityOutcome, SetOutcome, TextFinding};
use crate::{images, whole};
use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use ingot_base::{Fault, Result, Text, fault};
use ingot_quality::passages::{Contamination, Overlap};
use ingot_quality::text::{Finding, Language, TextJudge};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Rows that an outcome names, of each rule; the file of findings has all.
const NAMED: usize = 10;

/// Key paths of the rules.
pub(crate) const QUALITY: &str = "clean.quality";
pub(crate) const SET: &str = "clean.decontaminate";
pub(crate) const NEAR: &str = "clean.dedupe.near";
pub(crate) const PASSAGES: &str = "clean.dedupe.passages";

/// What a rule about texts looks for.
pub(crate) enum TextTest {
    /// Broken rules of quality.
    Quality(Arc<TextJudge>),
    /// Passages of an evaluation set, in at least this share of the text.
    Set(Arc<Contamination>, f64),
}

/// What was found in a text.
#[derive(Debug, Clone)]
pub(crate) enum TextFound {
    Rule(Finding),
    Set(Overlap),
}

/// The texts of a column of a batch; `None` when there is no such column, or it has no text form.
pub fn column_texts(batch: &RecordBatch, name: &str) -> Option<Vec<Option<String>>> {
    let texts = texts(batch.column_by_name(name)?).ok()?;
    Some(texts.iter().map(|text| text.map(str::to_owned)).collect())
}

/// What the rules found in a batch.
#[derive(Debug, Default)]
pub(crate) struct TextFindings {
    /// Index of the row in the batch, and what was found there.
    pub(crate) rows: Vec<(usize, TextFound)>,
    /// Texts by language.
    pub(crate) languages: BTreeMap<Language, u64>,
}

impl TextTest {
    /// Tests a text; true when something is wrong with it.
    pub(crate) fn test(&self, row: usize, text: &str, findings: &mut TextFindings) -> bool {
        match self {
            Self::Quality(judge) => {
                let verdict = judge.judge(text);
                *findings.languages.entry(verdict.language).or_default() += 1;
                findings
                    .rows
                    .extend(verdict.findings.iter().map(|one| (row, TextFound::Rule(*one))));
                !verdict.findings.is_empty()
            }
            Self::Set(set, least) => {
                let overlap = set.overlap(text).filter(|overlap| overlap.share >= *least);
                findings.rows.extend(overlap.map(|overlap| (row, TextFound::Set(overlap))));
                overlap.is_some()
            }
        }
    }
}

/// A column as texts.
pub(crate) fn texts(column: &ArrayRef) -> std::result::Result<StringArray, ArrowError> {
    Ok(cast(column, &DataType::Utf8)?.as_string::<i32>().clone())
}

/// The words of the rules, for the outcome.
pub(crate) fn words(config: &CleanConfig) -> [Option<Text>; 2] {
    let else_zh = |on_fail| match on_fail {
        OnFail::Fail => ("else fail", "否则失败"),
        OnFail::Drop => ("else drop", "否则删除该行"),
        OnFail::Warn => ("else warn", "否则警告"),
    };
    let quality = config.quality.as_ref().map(|rule| {
        let (en, zh) = else_zh(rule.on_fail);
        Text::new(
            format!("text quality of `{}`, {en}", rule.column),
            format!("`{}` 的文本质量，{zh}", rule.column),
        )
    });
    let set = config.decontaminate.as_ref().map(|rule| {
        let (en, zh) = else_zh(rule.on_fail);
        Text::new(
            format!("`{}` holds nothing of the evaluation set, {en}", rule.column),
            format!("`{}` 不含评测集内容，{zh}", rule.column),
        )
    });
    [quality, set]
}

/// Reads an evaluation set.
pub(crate) fn evaluation_set(base: &Path, rule: &SetRule) -> Result<Contamination> {
    let path = base.join(&rule.against);
    let at = |fault: Fault| fault.at("clean.decontaminate.against");
    let mut set = Contamination::new(rule.tokens);
    let plain = path.extension().is_some_and(|extension| extension == "txt");
    if plain {
        let text = std::fs::read_to_string(&path).map_err(|error| {
            at(Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error))
        })?;
        text.lines().for_each(|line| set.add(line));
    } else {
        let batches = whole::load(&path).map_err(at)?;
        let schema = batches.first().map(RecordBatch::schema);
        let fields: Vec<_> = schema.iter().flat_map(|schema| schema.fields().iter()).collect();
        let named = rule.against_column.as_deref().unwrap_or(&rule.column);
        let same: Vec<usize> = fields
            .iter()
            .enumerate()
            .filter(|(_, field)| field.name() == named)
            .map(|(index, _)| index)
            .collect();
        let columns = if !same.is_empty() {
            same
        } else if rule.against_column.is_some() {
            let known: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
            return Err(Fault::new(&SET_COLUMN)
                .arg("column", named)
                .arg("known", known.join(", "))
                .at("clean.decontaminate.against_column"));
        } else {
            let text = |kind: &DataType| matches!(kind, DataType::Utf8 | DataType::LargeUtf8);
            fields
                .iter()
                .enumerate()
                .filter(|(_, field)| text(field.data_type()))
                .map(|(index, _)| index)
                .collect()
        };
        for batch in &batches {
            for column in columns.iter().filter_map(|index| batch.columns().get(*index)) {
                let texts =
                    texts(column).map_err(|error| fault::internal("set as text").because(error))?;
                texts.iter().flatten().for_each(|text| set.add(text));
            }
        }
    }
    if set.is_empty() {
        return Err(at(Fault::new(&SET_EMPTY)
            .arg("path", path.display())
            .arg("tokens", rule.tokens)));
    }
    Ok(set)
}

/// Gathers what rules about texts find, over all pieces in order.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) quality: Option<QualityOutcome>,
    pub(crate) set: Option<SetOutcome>,
}

impl Ledger {
    pub(crate) fn new(config: &CleanConfig) -> Self {
        Self {
            quality: config.quality.as_ref().map(|rule| QualityOutcome {
                column: rule.column.clone(),
                ..QualityOutcome::default()
            }),
            set: config.decontaminate.as_ref().map(|rule| SetOutcome {
                column: rule.column.clone(),
                tokens: rule.tokens,
                share: rule.share,
                rows: 0,
                first: Vec::new(),
            }),
        }
    }

    /// Adds a piece's findings and gives their lines for the file.
    pub(crate) fn add(
        &mut self,
        source: &str,
        findings: &[(u64, TextFound)],
        languages: &BTreeMap<Language, u64>,
    ) -> Vec<String> {
        let mut lines = Vec::with_capacity(findings.len());
        if let Some(quality) = &mut self.quality {
            for (language, count) in languages {
                *quality.languages.entry(language.name().to_owned()).or_default() += count;
                quality.texts += count;
            }
        }
        let mut last = None;
        for (row, found) in findings {
            let place = Place { source: source.to_owned(), row: *row };
            match found {
                TextFound::Rule(finding) => {
                    lines.push(
                        json!({
                            "key": QUALITY, "source": source, "row": row, "rule": finding.rule,
                            "value": finding.value, "limit": finding.limit, "language": finding.language,
                        })
                        .to_string(),
                    );
                    let Some(quality) = &mut self.quality else { continue };
                    if last != Some(*row) {
                        quality.broken += 1;
                        last = Some(*row);
                    }
                    let known = quality
                        .findings
                        .iter()
                        .position(|one| one.rule == finding.rule && one.limit == finding.limit);
                    let index = known.unwrap_or_else(|| {
                        quality.findings.push(TextFinding {
                            rule: finding.rule.to_owned(),
                            limit: finding.limit,
                            rows: 0,
                            first: Vec::new(),
                        });
                        quality.findings.len() - 1
                    });
                    if let Some(one) = quality.findings.get_mut(index) {
                        one.rows += 1;
                        if one.first.len() < NAMED {
                            one.first.push(place);
                        }
                    }
                }
                TextFound::Set(overlap) => {
                    lines.push(
                        json!({
                            "key": SET, "source": source, "row": row, "tokens": overlap.tokens, "share": overlap.share,
                        })
                        .to_string(),
                    );
                    let Some(set) = &mut self.set else { continue };
                    set.rows += 1;
                    if set.first.len() < NAMED {
                        set.first.push(place);
                    }
                }
            }
        }
        lines
    }

    /// The outcomes, rules in their own order.
    pub(crate) fn finish(self) -> (Option<QualityOutcome>, Option<SetOutcome>) {
        let mut quality = self.quality;
        if let Some(quality) = &mut quality {
            let order = |one: &TextFinding| {
                let rules = ingot_quality::text::RULES.iter();
                rules.clone().position(|rule| rule.name == one.rule).map_or(0, |index| index + 1)
            };
            quality.findings.sort_by(|one, other| {
                order(one)
                    .cmp(&order(other))
                    .then(one.limit.partial_cmp(&other.limit).unwrap_or(std::cmp::Ordering::Equal))
            });
        }
        (quality, self.set)
    }
}

/// Whether a column can hold texts to judge.
pub(crate) fn is_text(name: &str, kind: &DataType) -> bool {
    let own = name == images::IMAGE || name == images::DIGEST;
    !own && matches!(
        kind,
        DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Dictionary(..)
            | DataType::Null
    )
}

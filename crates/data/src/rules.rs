//! Cleaning rules, compiled against a schema and applied to batches.
//!
//! A rule never filters by itself: it names the fate of each row (0 kept, otherwise one more than the index of the first
//! rule that drops it), so that the counts of every rule come out of one pass.

use crate::config::{
    CastType, CleanConfig, Impute, OnFail, OutlierAction, OutlierMethod, Rule, SetRule,
};
use crate::finite::finite;
use crate::messages::{
    COLUMN_NOT_NUMBER, COLUMN_NOT_TEXT, CONSTANT_WRONG, REGEX_WRONG, RULE_FAILED,
};
use crate::names::unknown_column;
use crate::outcome::{Found, RuleOutcome};
use crate::own_words::without_values;
use crate::predicate;
use crate::table::{kind, kind_text};
use crate::texts::{NEAR, PASSAGES, QUALITY, SET, TextFindings, TextTest, is_text, texts};
use crate::written::recast;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use arrow::compute::{cast, is_not_null};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use datafusion::physical_expr::PhysicalExpr;
use ingot_base::{Fault, Result, Spelling, Text};
use ingot_quality::passages::Contamination;
use ingot_quality::text::TextJudge;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A compiled rule.
pub(crate) struct Step {
    pub(crate) key_path: String,
    pub(crate) text: Text,
    /// What an expectation expects, in signs and the recipe's own words; empty for other rules.
    pub(crate) condition: String,
    pub(crate) action: Action,
    /// What it took from the data.
    pub(crate) found: Option<Found>,
}

/// What a rule does to a batch.
pub(crate) enum Action {
    /// Writes texts in one form; a folded spelling has small letters alone.
    Normalize(usize, Spelling),
    /// Casts a column.
    Cast(usize, DataType),
    /// Drops rows whose value is missing.
    DropMissing(usize),
    /// Drops rows for which the condition is not true.
    Keep(Arc<dyn PhysicalExpr>),
    /// Fills missing values in; the value is known after the pass for figures.
    Impute(usize, Impute, Option<ArrayRef>),
    /// Treats values beyond bounds; they are known after the pass for figures.
    Outlier(usize, OutlierMethod, OutlierAction, Option<(f64, f64)>),
    /// Tests a condition.
    Expect(Test, OnFail),
    /// Drops all but the first of rows that are equal in every data column.
    Dedupe,
    /// Values that stand twice; the first row keeps its value.
    Unique(usize, OnFail),
    /// Tests a text.
    Text(usize, TextTest, OnFail),
    /// Texts that are nearly one of an earlier row.
    Near(usize),
    /// Passages of a text that stood in an earlier row, of at least so many tokens.
    Passages(usize, usize),
}

/// A condition of an expectation.
pub(crate) enum Test {
    Range(usize, Option<f64>, Option<f64>),
    OneOf(usize, BTreeSet<String>),
    Matches(usize, regex::Regex),
    NotNull(usize),
    Sql(Arc<dyn PhysicalExpr>),
}

/// Compiled rules and the schemas around them.
pub(crate) struct Rules {
    pub(crate) steps: Vec<Step>,
    /// Columns after casts and flags, without lineage columns.
    pub(crate) schema: SchemaRef,
}

/// What the rules did to one batch.
pub(crate) struct Applied {
    pub(crate) batch: RecordBatch,
    /// 0 kept, otherwise 1 + index of the step that drops the row.
    pub(crate) fates: Vec<u16>,
    pub(crate) changed: Vec<u64>,
    /// Values that a cast could not read, by step,
    pub(crate) lost: Vec<u64>,
    /// and the first row of this batch with one.
    pub(crate) first_lost: Vec<Option<usize>>,
    pub(crate) flagged: Vec<u64>,
    /// First row of this batch that violates an expectation with `fail`, by step.
    pub(crate) failed: Vec<Option<usize>>,
    pub(crate) texts: TextFindings,
}

impl Rules {
    /// Compiles a configuration against the columns of the sources; `set` reads an evaluation set.
    pub(crate) fn compile(
        config: &CleanConfig,
        source: &SchemaRef,
        set: &dyn Fn(&SetRule) -> Result<Contamination>,
    ) -> Result<Self> {
        let mut compiler = Compiler {
            fields: source.fields().iter().map(|field| field.as_ref().clone()).collect(),
            steps: Vec::new(),
        };
        compiler.normalize(config)?;
        compiler.casts(config)?;
        compiler.rows(config)?;
        compiler.values(config)?;
        compiler.expectations(config, false)?;
        compiler.texts(config, set)?;
        if config.dedupe_exact {
            compiler.push(
                "clean.dedupe",
                Text::new("drop exact duplicates, keep the first", "删除完全重复的行，保留首行"),
                Action::Dedupe,
            );
        }
        // A row that stands twice is no violation of uniqueness: duplicates are gone before.
        compiler.expectations(config, true)?;
        compiler.repeated(config)?;
        Ok(Self { steps: compiler.steps, schema: Arc::new(Schema::new(compiler.fields)) })
    }

    /// Whether some rule needs figures over all rows first.
    pub(crate) fn needs_figures(&self) -> bool {
        self.steps.iter().any(|step| {
            matches!(&step.action, Action::Impute(_, _, None) | Action::Outlier(_, _, _, None))
        })
    }

    /// The steps before the first that needs figures: these decide which rows the figures are over.
    pub(crate) fn before_figures(&self) -> usize {
        self.steps
            .iter()
            .position(|step| matches!(step.action, Action::Impute(..) | Action::Outlier(..)))
            .unwrap_or(self.steps.len())
    }

    pub(crate) fn outcomes(&self) -> Vec<RuleOutcome> {
        self.steps
            .iter()
            .map(|step| RuleOutcome {
                key_path: step.key_path.clone(),
                text: step.text.clone(),
                rows_in: 0,
                dropped: 0,
                changed: 0,
                lost: 0,
                first: None,
                flagged: 0,
                found: step.found.clone(),
            })
            .collect()
    }

    /// Applies the first `steps` rules to a batch of source columns.
    pub(crate) fn apply(&self, batch: &RecordBatch, steps: usize) -> Result<Applied> {
        let mut work = Work {
            columns: batch.columns().to_vec(),
            fates: vec![0; batch.num_rows()],
            changed: vec![0; self.steps.len()],
            lost: vec![0; self.steps.len()],
            first_lost: vec![None; self.steps.len()],
            flagged: vec![0; self.steps.len()],
            failed: vec![None; self.steps.len()],
            texts: TextFindings::default(),
        };
        let mut fields: Vec<Field> =
            batch.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
        for (index, step) in self.steps.iter().enumerate().take(steps) {
            work.step(index, step, &mut fields).map_err(|error| {
                let reason = without_values(&error.to_string());
                Fault::new(&RULE_FAILED).at(&step.key_path).because(reason)
            })?;
        }
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), work.columns)
            .map_err(|error| Fault::new(&RULE_FAILED).because(error))?;
        Ok(Applied {
            batch,
            fates: work.fates,
            changed: work.changed,
            lost: work.lost,
            first_lost: work.first_lost,
            flagged: work.flagged,
            failed: work.failed,
            texts: work.texts,
        })
    }
}

/// The faults of every SQL expression over these columns, all at once.
pub(crate) fn check_sql(config: &CleanConfig, fields: Vec<Field>) -> Vec<Fault> {
    let mut compiler = Compiler { fields, steps: Vec::new() };
    // A cast of an unknown column is told elsewhere; without its type an expression cannot be judged.
    if compiler.casts(config).is_err() {
        return Vec::new();
    }
    let keep =
        config.keep.iter().enumerate().map(|(index, sql)| (format!("clean.keep[{index}]"), sql));
    let expect = config.expect.iter().enumerate().filter_map(|(index, rule)| match &rule.rule {
        Rule::Sql(sql) => Some((format!("clean.expect[{index}]"), sql)),
        _ => None,
    });
    keep.chain(expect).filter_map(|(path, sql)| compiler.condition(sql, &path).err()).collect()
}

struct Compiler {
    fields: Vec<Field>,
    steps: Vec<Step>,
}

impl Compiler {
    fn push(&mut self, key_path: impl Into<String>, text: Text, action: Action) {
        self.expecting(key_path, text, String::new(), action);
    }

    fn expecting(
        &mut self,
        key_path: impl Into<String>,
        text: Text,
        condition: String,
        action: Action,
    ) {
        let key_path = key_path.into();
        self.steps.push(Step { key_path, text, condition, action, found: None });
    }

    fn column(&self, name: &str, key_path: &str) -> Result<usize> {
        self.fields.iter().position(|field| field.name() == name).ok_or_else(|| {
            let known: Vec<&str> = self.fields.iter().map(|field| field.name().as_str()).collect();
            unknown_column(name, &known).at(key_path)
        })
    }

    fn number(&self, name: &str, key_path: &str) -> Result<usize> {
        let index = self.column(name, key_path)?;
        let numeric = self.fields.get(index).is_some_and(|field| field.data_type().is_numeric());
        if numeric {
            Ok(index)
        } else {
            Err(Fault::new(&COLUMN_NOT_NUMBER).arg("column", name).at(key_path))
        }
    }

    fn kind_of(&self, index: usize) -> DataType {
        self.fields.get(index).map_or(DataType::Null, |field| field.data_type().clone())
    }

    fn condition(&self, sql: &str, key_path: &str) -> Result<Arc<dyn PhysicalExpr>> {
        predicate::condition(sql, &self.fields).map_err(|fault| fault.at(key_path))
    }

    fn normalize(&mut self, config: &CleanConfig) -> Result<()> {
        for (index, rule) in config.normalize.iter().enumerate() {
            let path = format!("clean.normalize[{index}]");
            let column = self.text(&rule.column, &path)?;
            let (en, zh) = match rule.spelling {
                Spelling::Folded => ("in one form, in small letters", "统一写法并转为小写"),
                Spelling::Unified => ("in one form", "统一写法"),
            };
            if let Some(field) = self.fields.get_mut(column) {
                *field = field.clone().with_nullable(true);
            }
            let text =
                Text::new(format!("`{}` {en}", rule.column), format!("将 `{}` {zh}", rule.column));
            self.push(path, text, Action::Normalize(column, rule.spelling));
        }
        Ok(())
    }

    fn casts(&mut self, config: &CleanConfig) -> Result<()> {
        for (index, rule) in config.cast.iter().enumerate() {
            let path = format!("clean.cast[{index}]");
            let column = self.column(&rule.column, &path)?;
            let to = match rule.to {
                CastType::Text => DataType::Utf8,
                CastType::Number => DataType::Float64,
                CastType::Integer => DataType::Int64,
                CastType::Boolean => DataType::Boolean,
                CastType::Date => DataType::Date32,
                CastType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            };
            if let Some(field) = self.fields.get_mut(column) {
                *field = Field::new(field.name(), to.clone(), true);
            }
            let text = Text::new(
                format!("`{}` as {}", rule.column, kind(&to)),
                format!("将 `{}` 转为{}", rule.column, kind_text(&to).zh),
            );
            self.push(path, text, Action::Cast(column, to));
        }
        Ok(())
    }

    fn rows(&mut self, config: &CleanConfig) -> Result<()> {
        for (index, name) in config.drop_missing.iter().enumerate() {
            let path = format!("clean.drop_missing[{index}]");
            let column = self.column(name, &path)?;
            let text =
                Text::new(format!("drop rows without `{name}`"), format!("删除缺少 `{name}` 的行"));
            self.push(path, text, Action::DropMissing(column));
        }
        for (index, sql) in config.keep.iter().enumerate() {
            let path = format!("clean.keep[{index}]");
            let condition = self.condition(sql, &path)?;
            let text = Text::new(format!("keep rows with {sql}"), format!("保留满足 {sql} 的行"));
            self.push(path, text, Action::Keep(condition));
        }
        Ok(())
    }

    fn values(&mut self, config: &CleanConfig) -> Result<()> {
        for (index, rule) in config.impute.iter().enumerate() {
            use crate::config::ImputeMethod::{Constant, Mean, Median, Mode};
            let path = format!("clean.impute[{index}]");
            let column = match rule.method {
                Mean | Median => self.number(&rule.column, &path)?,
                Mode | Constant(_) => self.column(&rule.column, &path)?,
            };
            let (en, zh) = match &rule.method {
                Mean => ("the mean", "均值"),
                Median => ("the median", "中位数"),
                Mode => ("the most frequent value", "众数"),
                Constant(_) => ("a constant", "常量"),
            };
            let value = match &rule.method {
                Constant(text) => Some(constant(text, &self.kind_of(column), &rule.column, &path)?),
                _ => None,
            };
            let text = Text::new(
                format!("fill missing `{}` with {en}", rule.column),
                format!("用{zh}填充缺失的 `{}`", rule.column),
            );
            self.push(path, text, Action::Impute(column, rule.clone(), value));
        }
        for (index, rule) in config.outliers.iter().enumerate() {
            let path = format!("clean.outliers[{index}]");
            let column = self.number(&rule.column, &path)?;
            let bounds = match rule.method {
                OutlierMethod::Range(low, high) => Some((low, high)),
                _ => None,
            };
            let (en, zh) = match rule.action {
                OutlierAction::Drop => ("drop rows with outlying", "删除离群值所在行："),
                OutlierAction::Clip => ("clip outlying", "截断离群值："),
                OutlierAction::Flag => ("flag outlying", "标记离群值："),
            };
            let method = match rule.method {
                OutlierMethod::Iqr(factor) => format!("IQR × {factor}"),
                OutlierMethod::ZScore(factor) => format!("z-score {factor}"),
                OutlierMethod::Quantile(tail) => format!("{tail} … {} quantile", 1.0 - tail),
                OutlierMethod::Range(low, high) => format!("{low} … {high}"),
            };
            let text = Text::new(
                format!("{en} `{}` ({method})", rule.column),
                format!(
                    "{zh}`{}`（{}）",
                    rule.column,
                    method.replace("z-score", "Z 分数").replace("quantile", "分位数")
                ),
            );
            self.push(path, text, Action::Outlier(column, rule.method, rule.action, bounds));
            if rule.action == OutlierAction::Flag {
                self.fields.push(Field::new(
                    format!("{}_outlier", rule.column),
                    DataType::Boolean,
                    true,
                ));
            }
        }
        Ok(())
    }

    /// Compiles the expectations of uniqueness, or all others.
    fn expectations(&mut self, config: &CleanConfig, unique: bool) -> Result<()> {
        let wanted = |rule: &&crate::config::Expectation| (rule.rule == Rule::Unique) == unique;
        for (index, rule) in config.expect.iter().enumerate().filter(|(_, rule)| wanted(rule)) {
            let path = format!("clean.expect[{index}]");
            let name = rule.column.as_deref().unwrap_or_default();
            let (words, test): (String, Option<Test>) = match &rule.rule {
                Rule::Range { min, max } => {
                    let show = |bound: &Option<f64>| {
                        bound.map_or_else(|| "…".to_owned(), |value| value.to_string())
                    };
                    let column = self.number(name, &path)?;
                    (
                        format!("`{name}` ∈ [{}, {}]", show(min), show(max)),
                        Some(Test::Range(column, *min, *max)),
                    )
                }
                Rule::OneOf(values) => {
                    let column = self.column(name, &path)?;
                    (
                        format!("`{name}` ∈ {{{}}}", values.join(", ")),
                        Some(Test::OneOf(column, values.iter().cloned().collect())),
                    )
                }
                Rule::Matches(pattern) => {
                    let column = self.column(name, &path)?;
                    let regex = regex::Regex::new(pattern)
                        .map_err(|error| Fault::new(&REGEX_WRONG).at(&path).because(error))?;
                    (format!("`{name}` ~ /{pattern}/"), Some(Test::Matches(column, regex)))
                }
                Rule::NotNull => {
                    (format!("`{name}` ≠ ∅"), Some(Test::NotNull(self.column(name, &path)?)))
                }
                Rule::Sql(sql) => (sql.clone(), Some(Test::Sql(self.condition(sql, &path)?))),
                Rule::Unique => (String::new(), None),
            };
            let (en, zh) = match rule.on_fail {
                OnFail::Fail => ("else fail", "否则失败"),
                OnFail::Drop => ("else drop", "否则删除该行"),
                OnFail::Warn => ("else warn", "否则警告"),
            };
            let (condition, words) = match &rule.rule {
                Rule::Unique => (
                    format!("`{name}` (`unique`)"),
                    Text::new(format!("`{name}` unique"), format!("`{name}` 不重复")),
                ),
                _ => (words.clone(), Text::same(words)),
            };
            let text =
                Text::new(format!("expect {}, {en}", words.en), format!("预期 {}，{zh}", words.zh));
            let action = match test {
                Some(test) => Action::Expect(test, rule.on_fail),
                None => Action::Unique(self.column(name, &path)?, rule.on_fail),
            };
            self.expecting(path, text, condition, action);
        }
        Ok(())
    }
}

impl Compiler {
    /// A column that holds texts.
    fn text(&self, name: &str, key_path: &str) -> Result<usize> {
        let key_path = format!("{key_path}.column");
        let index = self.column(name, &key_path)?;
        if self.fields.get(index).is_some_and(|field| is_text(name, field.data_type())) {
            Ok(index)
        } else {
            Err(Fault::new(&COLUMN_NOT_TEXT).arg("column", name).at(key_path))
        }
    }

    /// Rules that look at one text at a time.
    fn texts(
        &mut self,
        config: &CleanConfig,
        read: &dyn Fn(&SetRule) -> Result<Contamination>,
    ) -> Result<()> {
        let [quality, set] = crate::texts::words(config);
        if let (Some(rule), Some(words)) = (&config.quality, quality) {
            let column = self.text(&rule.column, QUALITY)?;
            let test = TextTest::Quality(Arc::new(TextJudge::new(rule.rules.clone())));
            let condition = format!("`{}` (`{QUALITY}`)", rule.column);
            self.expecting(QUALITY, words, condition, Action::Text(column, test, rule.on_fail));
        }
        if let (Some(rule), Some(words)) = (&config.decontaminate, set) {
            let column = self.text(&rule.column, SET)?;
            let test = TextTest::Set(Arc::new(read(rule)?), rule.share);
            let condition = format!("`{}` (`{SET}`)", rule.column);
            self.expecting(SET, words, condition, Action::Text(column, test, rule.on_fail));
        }
        Ok(())
    }

    /// Rules that compare a text with those before.
    fn repeated(&mut self, config: &CleanConfig) -> Result<()> {
        if let Some(rule) = &config.near {
            let column = self.text(&rule.column, NEAR)?;
            let (en, zh) = if rule.drop {
                ("drop near duplicates of", "删除近似重复：")
            } else {
                ("count near duplicates of", "统计近似重复：")
            };
            let (name, least) = (&rule.column, rule.similarity);
            let text = Text::new(
                format!("{en} `{name}` (similarity ≥ {least})"),
                format!("{zh}`{name}`（相似度 ≥ {least}）"),
            );
            self.push(NEAR, text, Action::Near(column));
        }
        if let Some(rule) = &config.passages {
            let column = self.text(&rule.column, PASSAGES)?;
            let (name, tokens) = (&rule.column, rule.tokens);
            let text = Text::new(
                format!("cut passages of `{name}` that stood before (≥ {tokens} tokens)"),
                format!("删去 `{name}` 中与前文重复的片段（≥ {tokens} 个词）"),
            );
            self.push(PASSAGES, text, Action::Passages(column, tokens));
        }
        Ok(())
    }
}

/// A constant as an array of one value.
pub(crate) fn constant(
    text: &str,
    kind_of: &DataType,
    column: &str,
    key_path: &str,
) -> Result<ArrayRef> {
    let plain: ArrayRef = Arc::new(StringArray::from(vec![text]));
    // Means of whole-number columns are rounded to the nearest whole number.
    let rounded = text.parse::<f64>().ok().filter(|_| kind_of.is_integer());
    let array = match rounded {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number within the column's range"
        )]
        Some(value) => cast(&Int64Array::from(vec![value.round() as i64]), kind_of),
        None => cast(&plain, kind_of),
    };
    let array = array.ok().map(|array| finite(array).0);
    array.filter(|array| array.is_valid(0)).ok_or_else(|| {
        Fault::new(&CONSTANT_WRONG).arg("column", column).arg("kind", kind(kind_of)).at(key_path)
    })
}

/// A batch under work.
struct Work {
    columns: Vec<ArrayRef>,
    fates: Vec<u16>,
    changed: Vec<u64>,
    lost: Vec<u64>,
    first_lost: Vec<Option<usize>>,
    flagged: Vec<u64>,
    failed: Vec<Option<usize>>,
    texts: TextFindings,
}

impl Work {
    fn column(&self, index: usize) -> std::result::Result<&ArrayRef, ArrowError> {
        self.columns.get(index).ok_or_else(|| ArrowError::SchemaError("column index".to_owned()))
    }

    fn step(
        &mut self,
        index: usize,
        step: &Step,
        fields: &mut Vec<Field>,
    ) -> std::result::Result<(), ArrowError> {
        match &step.action {
            Action::Normalize(column, spelling) => {
                self.normalize(index, *column, *spelling)?;
                if let Some(field) = fields.get_mut(*column) {
                    *field = field.clone().with_nullable(true);
                }
            }
            Action::Cast(column, to) => {
                let before = Arc::clone(self.column(*column)?);
                let after = recast(&before, to)?;
                self.compare(index, &before, &after);
                if let (Some(slot), Some(field)) =
                    (self.columns.get_mut(*column), fields.get_mut(*column))
                {
                    *slot = after;
                    *field = Field::new(field.name(), to.clone(), true);
                }
            }
            Action::DropMissing(column) => {
                let present = is_not_null(self.column(*column)?)?;
                self.drop_unless(index, &present);
            }
            Action::Keep(condition) => {
                let truth = self.truth(condition, fields)?;
                self.drop_unless(index, &truth);
            }
            Action::Impute(column, _, value) => self.fill(index, *column, value.as_ref())?,
            Action::Outlier(column, _, action, bounds) => {
                self.outliers(index, *column, *action, *bounds)?;
                if *action == OutlierAction::Flag {
                    let name = fields
                        .get(*column)
                        .map(|field| format!("{}_outlier", field.name()))
                        .unwrap_or_default();
                    fields.push(Field::new(name, DataType::Boolean, true));
                }
            }
            Action::Expect(test, on_fail) => self.expect(index, test, *on_fail, fields)?,
            Action::Text(column, test, on_fail) => self.text(index, *column, test, *on_fail)?,
            Action::Dedupe | Action::Unique(..) | Action::Near(..) | Action::Passages(..) => {}
        }
        Ok(())
    }

    /// Tests the texts of rows not dropped before. A missing text is none.
    fn text(
        &mut self,
        index: usize,
        column: usize,
        test: &TextTest,
        on_fail: OnFail,
    ) -> std::result::Result<(), ArrowError> {
        let texts = texts(self.column(column)?)?;
        let fate = u16::try_from(index + 1).unwrap_or(u16::MAX);
        for (row, text) in texts.iter().enumerate() {
            let Some(slot) = self.fates.get_mut(row).filter(|slot| **slot == 0) else { continue };
            let Some(text) = text else { continue };
            if !test.test(row, text, &mut self.texts) {
                continue;
            }
            match on_fail {
                OnFail::Drop => *slot = fate,
                OnFail::Warn | OnFail::Fail => self.add(index, 1, |work| &mut work.flagged),
            }
            if let Some(failed) = self.failed.get_mut(index).filter(|_| on_fail == OnFail::Fail) {
                *failed = failed.or(Some(row));
            }
        }
        Ok(())
    }

    /// Writes texts in one form; what shows nothing is missing.
    fn normalize(
        &mut self,
        index: usize,
        column: usize,
        spelling: Spelling,
    ) -> std::result::Result<(), ArrowError> {
        let kind = self.column(column)?.data_type().clone();
        let before = texts(self.column(column)?)?;
        let written = |text: &str| Some(spelling.of(text)).filter(|text| !text.is_empty());
        let after: StringArray = before.iter().map(|text| text.and_then(written)).collect();
        let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        self.add(index, changed as u64, |work| &mut work.changed);
        let after: ArrayRef = Arc::new(after);
        if let Some(slot) = self.columns.get_mut(column).filter(|_| changed > 0) {
            *slot = cast(&after, &kind)?;
        }
        Ok(())
    }

    /// Counts what a cast could not read, and the numbers whose fraction it cut off.
    fn compare(&mut self, index: usize, before: &ArrayRef, after: &ArrayRef) {
        let mut lost = (0..before.len()).filter(|row| before.is_valid(*row) && after.is_null(*row));
        if let (Some(slot), true) =
            (self.first_lost.get_mut(index), after.null_count() > before.null_count())
        {
            *slot = lost.next();
            let count = u64::from(slot.is_some()) + lost.count() as u64;
            self.add(index, count, |work| &mut work.lost);
        }
        if let (Some(numbers), true) =
            (before.as_primitive_opt::<Float64Type>(), after.data_type().is_integer())
        {
            let cut = |row: &usize| after.is_valid(*row) && numbers.value(*row).fract() != 0.0;
            let count = (0..numbers.len()).filter(cut).count() as u64;
            self.add(index, count, |work| &mut work.changed);
        }
    }

    fn add(&mut self, index: usize, count: u64, which: impl Fn(&mut Self) -> &mut Vec<u64>) {
        if let Some(slot) = which(self).get_mut(index) {
            *slot += count;
        }
    }

    /// Drops every row, not dropped before, for which the condition is false or unknown.
    fn drop_unless(&mut self, index: usize, truth: &BooleanArray) {
        let fate = u16::try_from(index + 1).unwrap_or(u16::MAX);
        for (row, slot) in self.fates.iter_mut().enumerate() {
            if *slot == 0 && !(truth.is_valid(row) && truth.value(row)) {
                *slot = fate;
            }
        }
    }

    fn truth(
        &self,
        condition: &Arc<dyn PhysicalExpr>,
        fields: &[Field],
    ) -> std::result::Result<BooleanArray, ArrowError> {
        let batch =
            RecordBatch::try_new(Arc::new(Schema::new(fields.to_vec())), self.columns.clone())?;
        let value = condition
            .evaluate(&batch)
            .and_then(|value| value.into_array(batch.num_rows()))
            .map_err(|error| ArrowError::ComputeError(without_values(&error.strip_backtrace())))?;
        value
            .as_boolean_opt()
            .cloned()
            .ok_or_else(|| ArrowError::ComputeError("not a condition".to_owned()))
    }

    fn fill(
        &mut self,
        index: usize,
        column: usize,
        value: Option<&ArrayRef>,
    ) -> std::result::Result<(), ArrowError> {
        let (Some(value), before) = (value, self.column(column)?) else { return Ok(()) };
        if before.null_count() == 0 {
            return Ok(());
        }
        let filled: Vec<usize> = (0..before.len()).filter(|row| before.is_null(*row)).collect();
        let picks: Vec<(usize, usize)> = (0..before.len())
            .map(|row| if before.is_null(row) { (1, 0) } else { (0, row) })
            .collect();
        let after = arrow::compute::interleave(&[before.as_ref(), value.as_ref()], &picks)?;
        let count = filled.iter().filter(|row| self.fates.get(**row) == Some(&0)).count() as u64;
        self.add(index, count, |work| &mut work.changed);
        if let Some(slot) = self.columns.get_mut(column) {
            *slot = after;
        }
        Ok(())
    }

    fn outliers(
        &mut self,
        index: usize,
        column: usize,
        action: OutlierAction,
        bounds: Option<(f64, f64)>,
    ) -> std::result::Result<(), ArrowError> {
        let before = Arc::clone(self.column(column)?);
        let (low, high) = bounds.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        let numbers = cast(&before, &DataType::Float64)?;
        let numbers = numbers.as_primitive::<Float64Type>();
        let beyond: Vec<bool> = (0..numbers.len())
            .map(|row| numbers.is_valid(row) && !(low..=high).contains(&numbers.value(row)))
            .collect();
        let count =
            beyond.iter().zip(&self.fates).filter(|(beyond, fate)| **beyond && **fate == 0).count()
                as u64;
        match action {
            OutlierAction::Drop => {
                let inside = beyond.iter().map(|beyond| Some(!beyond)).collect::<BooleanArray>();
                self.drop_unless(index, &inside);
            }
            OutlierAction::Clip => {
                self.add(index, count, |work| &mut work.changed);
                let after =
                    if count == 0 { Arc::clone(&before) } else { clip(&before, low, high)? };
                if let Some(slot) = self.columns.get_mut(column) {
                    *slot = after;
                }
            }
            OutlierAction::Flag => {
                self.add(index, count, |work| &mut work.flagged);
                self.columns.push(Arc::new(BooleanArray::from(beyond)));
            }
        }
        Ok(())
    }

    fn expect(
        &mut self,
        index: usize,
        test: &Test,
        on_fail: OnFail,
        fields: &[Field],
    ) -> std::result::Result<(), ArrowError> {
        let truth = match test {
            Test::Range(column, min, max) => {
                let numbers = cast(self.column(*column)?, &DataType::Float64)?;
                let numbers: &Float64Array = numbers.as_primitive::<Float64Type>();
                let (low, high) = (min.unwrap_or(f64::NEG_INFINITY), max.unwrap_or(f64::INFINITY));
                numbers
                    .iter()
                    .map(|value| Some(value.is_none_or(|value| (low..=high).contains(&value))))
                    .collect()
            }
            Test::OneOf(column, values) => self.texts(*column, |text| values.contains(text))?,
            Test::Matches(column, regex) => self.texts(*column, |text| regex.is_match(text))?,
            Test::NotNull(column) => is_not_null(self.column(*column)?)?,
            Test::Sql(condition) => self.truth(condition, fields)?,
        };
        let violates = |row: usize| !(truth.is_valid(row) && truth.value(row));
        if on_fail == OnFail::Drop {
            self.drop_unless(index, &truth);
            return Ok(());
        }
        let rows: Vec<usize> = self
            .fates
            .iter()
            .enumerate()
            .filter(|(row, fate)| **fate == 0 && violates(*row))
            .map(|(row, _)| row)
            .collect();
        self.add(index, rows.len() as u64, |work| &mut work.flagged);
        if on_fail == OnFail::Fail
            && let Some(slot) = self.failed.get_mut(index)
        {
            *slot = rows.first().copied();
        }
        Ok(())
    }

    fn texts(
        &self,
        column: usize,
        test: impl Fn(&str) -> bool,
    ) -> std::result::Result<BooleanArray, ArrowError> {
        let texts = cast(self.column(column)?, &DataType::Utf8)?;
        Ok(texts.as_string::<i32>().iter().map(|text| Some(text.is_none_or(&test))).collect())
    }
}

/// Values beyond the bounds become the bound; in a whole-number column the nearest whole number inside.
fn clip(array: &ArrayRef, low: f64, high: f64) -> std::result::Result<ArrayRef, ArrowError> {
    if let Some(numbers) = array.as_primitive_opt::<Int64Type>() {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "saturates at the ends of the range, which is meant"
        )]
        let (low, high) = (low.ceil() as i64, high.floor() as i64);
        return Ok(Arc::new(numbers.unary::<_, Int64Type>(|value| value.min(high).max(low))));
    }
    let numbers = cast(array, &DataType::Float64)?;
    let clipped = numbers
        .as_primitive::<Float64Type>()
        .unary::<_, Float64Type>(|value| value.min(high).max(low));
    cast(&clipped, array.data_type())
}

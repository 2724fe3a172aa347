//! What this room is asked to do, as plain values.

use ingot_base::Spelling;
use ingot_quality::text::TextRules;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One source of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceConfig {
    /// Name that lineage uses.
    pub name: String,
    /// Path, folder, glob, `file:`, `s3://` or `postgres://` address.
    pub uri: String,
    /// Sample weight of every row of the source; above 0.
    pub weight: f64,
    /// SQL query of a `postgres://` source.
    pub query: Option<String>,
    /// Format, when the file name does not tell it.
    pub format: Option<Format>,
    /// Encoding of text files; `None`: told by the files.
    pub encoding: Option<Encoding>,
    /// Column names of the source to names in the table.
    pub rename: BTreeMap<String, String>,
    /// Columns by whose values persons or groups are told apart, by their names in the table.
    pub identities: BTreeMap<String, Identity>,
    /// What the recipe names, columns among it: a key that hardly any JSON line has is a column only if it is named. `None`: every key
    /// is one.
    pub named: Option<BTreeSet<String>>,
}

impl SourceConfig {
    /// Whether files of it may be JSON lines, so that [`named`](Self::named) counts. Of a folder, or a pattern that does not say how
    /// its files end, nothing is known: they may.
    pub fn may_be_json_lines(&self) -> bool {
        if let Some(format) = self.format {
            return format == Format::Jsonl;
        }
        let database = matches!(self.uri.split_once("://"), Some(("postgres" | "postgresql", _)));
        // What ends in a slash is a folder, whatever stands before it.
        let name = self.uri.rsplit('/').next().unwrap_or_default();
        !database && Format::of_name(Path::new(name)).is_none_or(|format| format == Format::Jsonl)
    }

    /// What a column of the source is to tell apart, if it is.
    pub(crate) fn identity(&self, column: &str) -> Option<Identity> {
        let name = self.rename.get(column).map_or(column, String::as_str);
        self.identities.get(name).copied()
    }

    /// Whether the recipe names a key of this source.
    pub(crate) fn names(&self, key: &str) -> bool {
        self.rename.contains_key(key) || self.named.as_ref().is_none_or(|named| named.contains(key))
    }
}

/// Encodings of text files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// GB18030, and so GBK and GB2312.
    Gb18030,
    /// Big5.
    Big5,
    /// UTF-16 with the low byte first; only where a byte-order mark says so.
    Utf16Le,
    /// UTF-16 with the high byte first; only where a byte-order mark says so.
    Utf16Be,
}

/// What a column by which persons or groups are told apart becomes: two of its values must never be read as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Identity {
    /// A token stands for it later, so it is text as it stands, whatever it looks like.
    Replaced,
    /// It stays in the table: whole numbers that fit their type stay what they are, other numbers are text.
    Kept,
}

/// File formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// Comma, semicolon or tab separated text with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow IPC file.
    Arrow,
    /// A folder of pictures, a folder each class.
    Images,
}

impl Format {
    /// What a file's extension says, in letters of any case.
    fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "parquet" => Some(Self::Parquet),
            "arrow" | "feather" | "ipc" => Some(Self::Arrow),
            _ => None,
        }
    }

    /// What a file's name says.
    pub(crate) fn of_name(path: &Path) -> Option<Self> {
        path.extension()?.to_str().and_then(Self::of_extension)
    }

    /// The format's name in messages. Pictures are read from the table that was made of their folder: JSON lines.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Jsonl | Self::Images => "JSON lines",
            Self::Parquet => "Parquet",
            Self::Arrow => "Arrow",
        }
    }
}

/// Cleaning rules, applied in the order of the fields.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CleanConfig {
    /// Texts in one form of several ways to write them.
    #[serde(default)]
    pub normalize: Vec<Normalize>,
    /// Type casts; a value that cannot be read becomes missing, is counted as lost and warned of.
    pub cast: Vec<Cast>,
    /// Rows with a missing value in one of these columns are dropped.
    pub drop_missing: Vec<String>,
    /// SQL predicates; rows for which one is not true are dropped.
    pub keep: Vec<String>,
    /// Missing values filled in, with figures over the rows kept so far.
    pub impute: Vec<Impute>,
    /// Outlying values, with bounds over the rows kept so far.
    pub outliers: Vec<Outlier>,
    /// Expectations.
    pub expect: Vec<Expectation>,
    /// Rules of a text column, after the expectations.
    pub quality: Option<QualityRule>,
    /// A text column against an evaluation set.
    pub decontaminate: Option<SetRule>,
    /// Whether rows equal in every data column are kept once: the first.
    pub dedupe_exact: bool,
    /// Near duplicates of a text column.
    pub near: Option<NearRule>,
    /// Passages of a text column that stood in a row before, cut out of the later one.
    pub passages: Option<PassageRule>,
}

/// Rules of a text column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityRule {
    /// Column.
    pub column: String,
    /// The rules.
    pub rules: TextRules,
    /// What a broken rule causes.
    pub on_fail: OnFail,
}

/// A text column against an evaluation set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetRule {
    /// Column.
    pub column: String,
    /// File of the set; relative to the job's folder.
    pub against: PathBuf,
    /// Its text column; `None`: the one of the same name, else every text column.
    pub against_column: Option<String>,
    /// Tokens in a passage.
    pub tokens: usize,
    /// Least share of the text's tokens in passages of the set.
    pub share: f64,
    /// What contamination causes.
    pub on_fail: OnFail,
}

/// Near duplicates of a text column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NearRule {
    /// Column.
    pub column: String,
    /// Least Jaccard similarity of the shingle sets, in (0, 1].
    pub similarity: f64,
    /// Tokens in a shingle.
    pub shingle: usize,
    /// Whether all but the first of a group are dropped; otherwise they are counted.
    pub drop: bool,
    /// Seed of the permutations.
    pub seed: u64,
}

/// Repeated passages of a text column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassageRule {
    /// Column.
    pub column: String,
    /// Tokens in the shortest passage that is cut.
    pub tokens: usize,
}

/// Texts of a column in one form: width, Unicode's normal form and blanks alike, nothing but blanks missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Normalize {
    /// Column.
    pub column: String,
    /// The form.
    pub spelling: Spelling,
}

/// A type cast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cast {
    /// Column.
    pub column: String,
    /// New type.
    pub to: CastType,
}

/// Types to cast to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CastType {
    /// Text.
    Text,
    /// 64-bit floating point.
    Number,
    /// 64-bit whole number.
    Integer,
    /// True or false.
    Boolean,
    /// Day.
    Date,
    /// Instant in microseconds.
    Timestamp,
}

/// Filling in of missing values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Impute {
    /// Column.
    pub column: String,
    /// With what.
    pub method: ImputeMethod,
}

/// What fills a missing value in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ImputeMethod {
    /// Arithmetic mean.
    Mean,
    /// Median.
    Median,
    /// Most frequent value; the smallest of equals.
    Mode,
    /// A constant, read as the column's type.
    Constant(String),
}

/// Treatment of outlying values in a number column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outlier {
    /// Column.
    pub column: String,
    /// How bounds are found.
    pub method: OutlierMethod,
    /// What happens beyond them.
    pub action: OutlierAction,
}

/// How bounds are found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum OutlierMethod {
    /// Tukey's fences: `[Q1 − factor·IQR, Q3 + factor·IQR]`.
    Iqr(f64),
    /// `mean ± factor` sample standard deviations.
    ZScore(f64),
    /// The given share is cut at each end.
    Quantile(f64),
    /// Fixed bounds, both included.
    Range(f64, f64),
}

/// What happens to a value beyond the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutlierAction {
    /// The row is dropped.
    Drop,
    /// The value becomes the bound.
    Clip,
    /// A boolean column `NAME_outlier` says so.
    Flag,
}

/// Something the data must satisfy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// Column; `None` for an SQL rule.
    pub column: Option<String>,
    /// The rule. Missing values satisfy every rule but [`Rule::NotNull`] and [`Rule::Sql`].
    pub rule: Rule,
    /// What a violation causes.
    pub on_fail: OnFail,
}

/// A rule of an expectation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Rule {
    /// Between the bounds, both included.
    Range {
        /// Lower bound.
        min: Option<f64>,
        /// Upper bound.
        max: Option<f64>,
    },
    /// One of these values.
    OneOf(Vec<String>),
    /// Matches a regular expression somewhere.
    Matches(String),
    /// No value twice; the first row keeps it.
    Unique,
    /// Not missing.
    NotNull,
    /// An SQL predicate.
    Sql(String),
}

/// What a violated expectation causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnFail {
    /// The stage fails.
    Fail,
    /// The row is dropped.
    Drop,
    /// The row is counted.
    Warn,
}

/// How rows are divided.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitConfig {
    /// Share of the test part, in (0, 1).
    pub test: f64,
    /// Share of the validation part, in [0, 1).
    pub validation: f64,
    /// Which rows go where.
    pub method: SplitMethod,
    /// Rows with the same value here stay together.
    pub group: Option<String>,
    /// Rows whose texts are near duplicates stay together.
    pub near: Option<NearRule>,
    /// Seed.
    pub seed: u64,
}

/// Which rows go where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SplitMethod {
    /// By chance.
    Random,
    /// By chance within each value of a column.
    Stratified(String),
    /// The latest rows are the test part, those before them the validation part.
    Time(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_json_lines_is_told_by_the_address_as_the_reader_tells_it() {
        let mut source = SourceConfig {
            name: "a".into(),
            uri: String::new(),
            weight: 1.0,
            query: None,
            format: None,
            encoding: None,
            rename: BTreeMap::new(),
            identities: BTreeMap::new(),
            named: None,
        };
        for (uri, may) in [
            ("a.jsonl", true),
            ("b/A.NDJSON", true),
            ("postgres_dump.jsonl", true),
            ("postgresql/day.jsonl", true),
            ("postgres_dump.csv", false),
            ("postgres://host/db", false),
            ("postgresql://host/day.jsonl", false),
            ("s3://bucket/a.ndjson", true),
            ("s3://bucket/a.parquet", false),
            ("b/A.CSV", false),
            ("file:a.tsv", false),
            ("a.txt", false),
            ("a.ipc", false),
            // A folder, whatever it is called.
            ("x.csv/", true),
            ("x.csv/.", true),
            ("s3://bucket/x.csv/", true),
            ("data", true),
            ("data/*", true),
            ("data/*.*", true),
            ("x.csv/*.jsonl", true),
            // No file of JSON lines is called so.
            ("data/*.csv", false),
        ] {
            uri.clone_into(&mut source.uri);
            assert_eq!(source.may_be_json_lines(), may, "{uri}");
        }
        source.format = Some(Format::Csv);
        "a.jsonl".clone_into(&mut source.uri);
        assert!(!source.may_be_json_lines(), "the recipe says what it is");
        (source.format, source.uri) = (Some(Format::Jsonl), "a.csv".to_owned());
        assert!(source.may_be_json_lines());
    }
}

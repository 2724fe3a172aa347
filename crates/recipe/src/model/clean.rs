//! The table `[clean]`, typed.

use super::{Decontaminate, Near, Passages, Quality};
use serde::{Deserialize, Serialize};

/// The table `[clean]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clean {
    /// Rows with a missing value in one of these columns are dropped.
    pub drop_missing: Vec<String>,
    /// SQL predicates; rows for which one is not true are dropped.
    pub keep: Vec<String>,
    /// Texts in one form.
    pub normalize: Vec<Normalize>,
    /// Type casts.
    pub cast: Vec<Cast>,
    /// Missing values filled in.
    pub impute: Vec<Impute>,
    /// Outlying values.
    pub outliers: Vec<Outlier>,
    /// Rows that are there twice.
    pub dedupe: Dedupe,
    /// Rules of a text column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// A text column against an evaluation set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decontaminate: Option<Decontaminate>,
    /// Expectations.
    pub expect: Vec<Expectation>,
}

/// Texts of a column in one form of several ways to write them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalize {
    /// Column.
    pub column: String,
    /// What becomes of large and small letters.
    pub case: LetterCase,
}

/// What becomes of large and small letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LetterCase {
    /// They stay.
    Keep,
    /// All are small.
    Lower,
}

/// A type cast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cast {
    /// Column.
    pub column: String,
    /// New type.
    pub to: CastType,
}

/// Types to cast to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CastType {
    /// Text.
    Text,
    /// Floating point.
    Number,
    /// Whole number.
    Integer,
    /// True or false.
    Boolean,
    /// Day.
    Date,
    /// Instant.
    Timestamp,
}

/// Filling in of missing values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "raw::Impute", into = "raw::Impute")]
pub struct Impute {
    /// Column.
    pub column: String,
    /// With what.
    pub method: ImputeMethod,
}

/// What fills a missing value in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImputeMethod {
    /// Arithmetic mean.
    Mean,
    /// Median.
    Median,
    /// Most frequent value.
    Mode,
    /// A constant, to be read as the column's type.
    Constant(String),
}

/// Treatment of outlying values in a number column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "raw::Outlier", into = "raw::Outlier")]
pub struct Outlier {
    /// Column.
    pub column: String,
    /// How bounds are found.
    pub method: OutlierMethod,
    /// What happens beyond them.
    pub action: OutlierAction,
}

/// How bounds are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OutlierMethod {
    /// Beyond the quartiles by this many interquartile ranges; above 0.
    Iqr(f64),
    /// This many standard deviations from the mean; above 0.
    ZScore(f64),
    /// This share at each end; in (0, 0.5).
    Quantile(f64),
    /// Outside fixed bounds, both included.
    Range(f64, f64),
}

/// What happens to a value beyond the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutlierAction {
    /// The row is dropped.
    Drop,
    /// The value becomes the bound.
    Clip,
    /// A column of its own says so.
    Flag,
}

/// Rows that are there twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dedupe {
    /// Rows equal in every column are kept once.
    pub exact: bool,
    /// Near duplicates of a text column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<Near>,
    /// Repeated passages of a text column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passages: Option<Passages>,
}

/// Something the data must satisfy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "raw::Expectation", into = "raw::Expectation")]
pub struct Expectation {
    /// Column; present unless the rule is [`Rule::Sql`].
    pub column: Option<String>,
    /// The rule.
    pub rule: Rule,
    /// What a violation causes.
    pub on_fail: OnFail,
}

/// A rule of an expectation.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// Between the bounds, both included; at least one is there, and the lower is not above the upper.
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
    /// No value twice.
    Unique,
    /// Not missing.
    NotNull,
    /// An SQL predicate.
    Sql(String),
}

/// What a violated expectation causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFail {
    /// The stage fails.
    Fail,
    /// The row is dropped.
    Drop,
    /// The row is counted.
    Warn,
}

/// The same as the recipe writes it: flat, with keys that belong to one variant only.
mod raw {
    use super::{ImputeMethod, OnFail, OutlierAction, OutlierMethod, Rule};
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Impute {
        column: String,
        method: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    }

    impl TryFrom<Impute> for super::Impute {
        type Error = String;

        fn try_from(raw: Impute) -> Result<Self, String> {
            let method = match (raw.method.as_str(), raw.value) {
                ("mean", None) => ImputeMethod::Mean,
                ("median", None) => ImputeMethod::Median,
                ("mode", None) => ImputeMethod::Mode,
                ("constant", Some(value)) => ImputeMethod::Constant(value),
                (other, _) => return Err(format!("impute method {other}")),
            };
            Ok(Self { column: raw.column, method })
        }
    }

    impl From<super::Impute> for Impute {
        fn from(impute: super::Impute) -> Self {
            let (method, value) = match impute.method {
                ImputeMethod::Mean => ("mean", None),
                ImputeMethod::Median => ("median", None),
                ImputeMethod::Mode => ("mode", None),
                ImputeMethod::Constant(value) => ("constant", Some(value)),
            };
            Self { column: impute.column, method: method.to_owned(), value }
        }
    }

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Outlier {
        column: String,
        method: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        factor: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
        action: OutlierAction,
    }

    impl TryFrom<Outlier> for super::Outlier {
        type Error = String;

        fn try_from(raw: Outlier) -> Result<Self, String> {
            let method = match (raw.method.as_str(), raw.min, raw.max) {
                ("iqr", None, None) => OutlierMethod::Iqr(raw.factor.unwrap_or(1.5)),
                ("zscore", None, None) => OutlierMethod::ZScore(raw.factor.unwrap_or(3.0)),
                ("quantile", None, None) => OutlierMethod::Quantile(raw.factor.unwrap_or(0.01)),
                ("range", Some(min), Some(max)) if raw.factor.is_none() => {
                    OutlierMethod::Range(min, max)
                }
                (other, ..) => return Err(format!("outlier method {other}")),
            };
            Ok(Self { column: raw.column, method, action: raw.action })
        }
    }

    impl From<super::Outlier> for Outlier {
        fn from(outlier: super::Outlier) -> Self {
            let (method, factor, min, max) = match outlier.method {
                OutlierMethod::Iqr(factor) => ("iqr", Some(factor), None, None),
                OutlierMethod::ZScore(factor) => ("zscore", Some(factor), None, None),
                OutlierMethod::Quantile(factor) => ("quantile", Some(factor), None, None),
                OutlierMethod::Range(min, max) => ("range", None, Some(min), Some(max)),
            };
            Self {
                column: outlier.column,
                method: method.to_owned(),
                factor,
                min,
                max,
                action: outlier.action,
            }
        }
    }

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Expectation {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        column: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        one_of: Option<Vec<String>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        matches: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unique: Option<bool>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_null: Option<bool>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sql: Option<String>,
        on_fail: OnFail,
    }

    impl TryFrom<Expectation> for super::Expectation {
        type Error = &'static str;

        fn try_from(raw: Expectation) -> Result<Self, &'static str> {
            let mut rules = Vec::new();
            if raw.min.is_some() || raw.max.is_some() {
                rules.push(Rule::Range { min: raw.min, max: raw.max });
            }
            rules.extend(raw.one_of.map(Rule::OneOf));
            rules.extend(raw.matches.map(Rule::Matches));
            rules.extend(raw.unique.filter(|is| *is).map(|_| Rule::Unique));
            rules.extend(raw.not_null.filter(|is| *is).map(|_| Rule::NotNull));
            rules.extend(raw.sql.map(Rule::Sql));
            let rule =
                rules.pop().filter(|_| rules.is_empty()).ok_or("an expectation has one rule")?;
            Ok(Self { column: raw.column, rule, on_fail: raw.on_fail })
        }
    }

    impl From<super::Expectation> for Expectation {
        fn from(expectation: super::Expectation) -> Self {
            let mut raw = Self {
                column: expectation.column,
                min: None,
                max: None,
                one_of: None,
                matches: None,
                unique: None,
                not_null: None,
                sql: None,
                on_fail: expectation.on_fail,
            };
            match expectation.rule {
                Rule::Range { min, max } => (raw.min, raw.max) = (min, max),
                Rule::OneOf(values) => raw.one_of = Some(values),
                Rule::Matches(pattern) => raw.matches = Some(pattern),
                Rule::Unique => raw.unique = Some(true),
                Rule::NotNull => raw.not_null = Some(true),
                Rule::Sql(sql) => raw.sql = Some(sql),
            }
            raw
        }
    }
}

//! What a model takes and what it answers: the contract between training, serving and explanation.

use crate::{Task, Text, folded, unified};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Inputs in the model's column order, and the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signature {
    /// The kind of question.
    pub task: Task,
    /// Inputs in the order of the model's feature matrix columns.
    pub inputs: Vec<Field>,
    /// The answer.
    pub output: Output,
}

/// One input column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Name in the data and in requests.
    pub name: String,
    /// Name for a person, if the recipe gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
    /// What values it takes.
    #[serde(flatten)]
    pub kind: FieldKind,
    /// Whether a missing value (`null`) is accepted: true when training data had missing values here.
    pub nullable: bool,
    /// What the recipe did to the column before training, and serving does to a value that is sent.
    #[serde(default, skip_serializing_if = "Treatment::is_none")]
    pub treatment: Treatment,
    /// Of a flag that the recipe made of another input: where nobody sends it, it is found anew from that input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlier: Option<Outlier>,
}

/// Which values of another input are outlying, as the recipe found it before training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outlier {
    /// The input whose values are held against the bounds, before they are made coarser.
    pub of: String,
    /// The smallest value that is not outlying; none where no value is too small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The largest value that is not outlying; none where no value is too large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Whether what stands for a missing value is outlying. Where nothing does, it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
}

impl Outlier {
    /// Whether a value is outlying; `None` is a missing one.
    pub fn holds(&self, value: Option<f64>) -> bool {
        value.map_or(self.missing, |value| {
            self.low.is_some_and(|low| value < low) || self.high.is_some_and(|high| value > high)
        })
    }
}

/// What is done to a value before the model sees it, so that it meets what it was trained on.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Treatment {
    /// Stands for a missing value, as a feature: a number, a category's index, 0 or 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<f64>,
    /// A number becomes the lower end of the interval of this width that holds it; above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// A date that is sent becomes the days since 1970-01-01: the column came from a cast to date.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub date: bool,
    /// A text that is sent is written as cleaning wrote the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spelling: Option<Spelling>,
}

/// One form of the ways to write the same text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spelling {
    /// As [`unified`].
    Unified,
    /// As [`folded`].
    Folded,
}

impl Spelling {
    /// A text in this form.
    pub fn of(self, text: &str) -> String {
        match self {
            Self::Unified => unified(text),
            Self::Folded => folded(text),
        }
    }
}

impl Treatment {
    /// Whether values stay as they are.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The feature of a number that was sent.
    pub fn number(&self, sent: f64) -> f64 {
        match self.width {
            Some(width) => (sent / width).floor() * width,
            None => sent,
        }
    }

    /// A text that was sent as the column has it.
    pub fn text<'t>(&self, sent: &'t str) -> Cow<'t, str> {
        self.spelling.map_or(Cow::Borrowed(sent), |spelling| spelling.of(sent).into())
    }

    /// The feature of a missing value: NaN where nothing stands for it.
    pub fn missing(&self) -> f64 {
        self.fill.unwrap_or(f64::NAN)
    }
}

impl Field {
    /// A column whose values stay as they are.
    pub fn new(name: impl Into<String>, kind: FieldKind, nullable: bool) -> Self {
        let treatment = Treatment::default();
        Self { name: name.into(), title: None, kind, nullable, treatment, outlier: None }
    }
}

/// What values an input takes. In the feature matrix a number stands for itself, a category for its index, missing for NaN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum FieldKind {
    /// A finite number; the range seen in training, for documentation and drift.
    Number {
        /// Smallest value seen in training.
        min: f64,
        /// Largest value seen in training.
        max: f64,
        /// Whether all values seen were whole numbers.
        integer: bool,
    },
    /// One of a closed set of values, in index order (sorted).
    Category {
        /// The known values.
        values: Vec<String>,
    },
    /// True or false: 1 and 0 in the matrix.
    Boolean,
    /// A picture: an encoded file in requests; not part of a matrix.
    Image {
        /// Pixels from left to right that the model sees.
        width: u32,
        /// Pixels from top to bottom that the model sees.
        height: u32,
    },
    /// A text: not part of a matrix.
    Text {
        /// Tokens that the model reads, marks of beginning and end among them.
        tokens: u32,
    },
}

/// The answer of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Output {
    /// Two classes; scores are the calibrated probability of `positive`.
    Binary {
        /// The target column.
        target: String,
        /// The class whose probability is scored.
        positive: String,
        /// The other class.
        negative: String,
        /// Scores at or above are labelled `positive`; in (0, 1).
        threshold: f64,
    },
    /// One of several classes, in index order; scores are probabilities that sum to 1.
    Multiclass {
        /// The target column.
        target: String,
        /// The classes.
        labels: Vec<String>,
    },
    /// A number.
    Number {
        /// The target column.
        target: String,
    },
    /// A text that goes on from a prompt; it has no scores.
    Text {
        /// What the text is called: `answer`.
        target: String,
    },
}

impl Output {
    /// How many scores a row gets: 1 for binary and numbers, the number of classes, none for texts.
    pub fn width(&self) -> usize {
        match self {
            Self::Binary { .. } | Self::Number { .. } => 1,
            Self::Multiclass { labels, .. } => labels.len(),
            Self::Text { .. } => 0,
        }
    }

    /// The target column's name.
    pub fn target(&self) -> &str {
        match self {
            Self::Binary { target, .. }
            | Self::Multiclass { target, .. }
            | Self::Number { target }
            | Self::Text { target } => target,
        }
    }
}

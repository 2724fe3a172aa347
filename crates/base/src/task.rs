//! What a model is for.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The kind of question a model answers, named as in the recipe's `project.task`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Task {
    /// Two classes from table columns.
    #[serde(rename = "tabular.binary")]
    TabularBinary,
    /// Three or more classes from table columns.
    #[serde(rename = "tabular.multiclass")]
    TabularMulticlass,
    /// A number from table columns.
    #[serde(rename = "tabular.regression")]
    TabularRegression,
}

impl Task {
    /// Every task, in the order the documentation lists them.
    pub const ALL: [Self; 3] =
        [Self::TabularBinary, Self::TabularMulticlass, Self::TabularRegression];

    /// The name the recipe uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TabularBinary => "tabular.binary",
            Self::TabularMulticlass => "tabular.multiclass",
            Self::TabularRegression => "tabular.regression",
        }
    }

    /// Whether the answer is a class.
    pub const fn is_classification(self) -> bool {
        matches!(self, Self::TabularBinary | Self::TabularMulticlass)
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Task {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|task| task.as_str() == text).ok_or(())
    }
}

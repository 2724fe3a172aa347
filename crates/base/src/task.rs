//! What a model is for.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The kind of question a model answers, named as in the recipe's `project.task`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Task {
    /// From table columns.
    Tabular(Tabular),
    /// A class from a picture: `image.classify`.
    ImageClassify,
    /// A text from a prompt, by a language model that may be fine-tuned: `generate.sft`.
    Generate,
    /// A class from a text: `text.classify`.
    TextClassify,
}

/// The questions that table columns answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Tabular {
    /// Two classes.
    #[serde(rename = "tabular.binary")]
    Binary,
    /// Three or more classes.
    #[serde(rename = "tabular.multiclass")]
    Multiclass,
    /// A number.
    #[serde(rename = "tabular.regression")]
    Regression,
}

impl Task {
    /// Every task, in the order the documentation lists them.
    pub const ALL: [Self; 6] = [
        Self::Tabular(Tabular::Binary),
        Self::Tabular(Tabular::Multiclass),
        Self::Tabular(Tabular::Regression),
        Self::ImageClassify,
        Self::Generate,
        Self::TextClassify,
    ];

    /// The name the recipe uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tabular(tabular) => tabular.as_str(),
            Self::ImageClassify => "image.classify",
            Self::Generate => "generate.sft",
            Self::TextClassify => "text.classify",
        }
    }

    /// Whether the answer is a class.
    pub const fn is_classification(self) -> bool {
        match self {
            Self::Tabular(tabular) => tabular.is_classification(),
            Self::ImageClassify | Self::TextClassify => true,
            Self::Generate => false,
        }
    }
}

impl Tabular {
    /// Every question, in the order the documentation lists them.
    pub const ALL: [Self; 3] = [Self::Binary, Self::Multiclass, Self::Regression];

    /// The name the recipe uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "tabular.binary",
            Self::Multiclass => "tabular.multiclass",
            Self::Regression => "tabular.regression",
        }
    }

    /// Whether the answer is a class.
    pub const fn is_classification(self) -> bool {
        matches!(self, Self::Binary | Self::Multiclass)
    }
}

impl From<Tabular> for Task {
    fn from(tabular: Tabular) -> Self {
        Self::Tabular(tabular)
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Tabular {
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

impl From<Task> for &'static str {
    fn from(task: Task) -> Self {
        task.as_str()
    }
}

impl TryFrom<String> for Task {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|()| format!("unknown task `{text}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_code_recipe_and_json() {
        for task in Task::ALL {
            assert_eq!(task.as_str().parse(), Ok(task));
            let json = serde_json::to_string(&task).unwrap();
            assert_eq!(json, format!("\"{task}\""));
            assert_eq!(serde_json::from_str::<Task>(&json).unwrap(), task);
        }
        for tabular in Tabular::ALL {
            assert_eq!(serde_json::to_string(&tabular).unwrap(), format!("\"{tabular}\""));
        }
        assert!(serde_json::from_str::<Task>("\"tabular\"").is_err());
    }
}

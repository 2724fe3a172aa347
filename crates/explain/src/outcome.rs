//! What a study found; serialised into the stage record and drawn in the report.

use ingot_base::Text;
use serde::{Deserialize, Serialize};

/// Everything a study found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainOutcome {
    /// Held-out rows that were explained.
    pub rows: usize,
    /// The classes in score order; one entry for two classes (the positive one) and for numbers (the target).
    pub classes: Vec<String>,
    /// What dependence shows: the mean of a probability or of an estimate.
    pub answer: Text,
    /// Mean raw score of each class.
    pub base: Vec<f64>,
    /// All inputs, the most important first.
    pub features: Vec<FeatureEffect>,
    /// The loss that permutation raises.
    pub loss: Text,
    /// The loss on the held-out rows as they are.
    pub loss_value: f64,
    /// How often every input was permuted.
    pub repeats: usize,
    /// Dependence of the answer on the most important inputs.
    pub dependence: Vec<Dependence>,
    /// The tree that imitates the model.
    pub surrogate: Surrogate,
    /// What is typical among training rows by their true class, which reasons compare with: one name a group.
    pub groups: Vec<Text>,
    /// One for each input, in the signature's order.
    pub usual: Vec<Usual>,
}

/// An input's typical values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Usual {
    /// The input's name.
    pub feature: String,
    /// Its name for a person.
    pub title: Text,
    /// Median, or the category of a majority, in each group, in words; none where there is neither.
    pub values: Vec<Option<Text>>,
}

/// What one input does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureEffect {
    /// The input's name.
    pub feature: String,
    /// Its name for a person.
    pub title: Text,
    /// Mean absolute contribution to the raw score, summed over classes.
    pub importance: f64,
    /// The same for every class.
    pub by_class: Vec<f64>,
    /// How much the loss grows when the input's values are shuffled among the rows.
    pub permutation: Permutation,
    /// Contributions of a sample of rows (to the first class; several classes: to the row's own).
    pub swarm: Vec<SwarmDot>,
}

/// A permutation importance with its spread over the repeats.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Permutation {
    /// Mean over the repeats.
    pub mean: f64,
    /// Smallest of the repeats.
    pub low: f64,
    /// Largest of the repeats.
    pub high: f64,
}

/// A row in the beeswarm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SwarmDot {
    /// The contribution.
    pub effect: f64,
    /// Where the value stands among the rows, 0 to 1; none for missing values and categories without order.
    pub rank: Option<f64>,
}

/// How the mean answer changes with one input while the others stay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dependence {
    /// The input's name.
    pub feature: String,
    /// Its name for a person.
    pub title: Text,
    /// The mean answer at each grid value.
    pub points: Vec<Point>,
    /// Whether the values are ordered numbers.
    pub ordered: bool,
    /// The first class's answer for a few single rows at each grid value ("individual conditional expectation").
    pub single: Vec<Vec<f64>>,
    /// Where the rows lie: only for ordered numbers.
    pub bins: Vec<Bin>,
}

/// A range of values and the share of rows in it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// From, inclusive.
    pub from: f64,
    /// To, exclusive but for the last.
    pub to: f64,
    /// Share of the rows.
    pub share: f64,
}

/// One grid value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The value in the feature matrix.
    pub value: f64,
    /// The value in words.
    pub label: Text,
    /// The mean answer of every class.
    pub mean: Vec<f64>,
    /// Share of the rows with this category; nearest to this number.
    pub share: f64,
}

/// How well a small tree imitates the model on rows neither had seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Surrogate {
    /// The depth allowed.
    pub depth: usize,
    /// Leaves.
    pub leaves: usize,
    /// Held-out rows it was measured on.
    pub rows: usize,
    /// Share of the variance of the model's scores that the tree explains; none when the scores do not vary.
    pub r2: Option<f64>,
    /// Share of rows that get the same label; none for numbers.
    pub agreement: Option<f64>,
}

impl Surrogate {
    /// What is said beside a tree that explains nothing: it does not stand for the model.
    pub fn warning(&self) -> Option<Text> {
        self.r2.filter(|r2| *r2 <= 0.0).map(|_| {
            Text::new(
                "The tree explains nothing of the model's scores: on rows it was not grown on it is no better than their mean. It does not stand for the model; do not read it as an explanation.",
                "该树未能解释模型的分数：在未参与生成的数据上，它不优于分数的均值。它不能代表模型，请勿将其视为解释。",
            )
        })
    }
}

impl ExplainOutcome {
    /// One line for a person.
    pub fn summary(&self) -> Text {
        let names = |lang: fn(&Text) -> &str, separator: &str| {
            let top: Vec<&str> = self.features.iter().take(3).map(|f| lang(&f.title)).collect();
            top.join(separator)
        };
        let r2 = self.surrogate.r2.map_or_else(|| "–".to_owned(), |r2| format!("{r2:.2}"));
        Text::new(
            format!(
                "{} rows; most important: {}; surrogate tree R² {r2}",
                self.rows,
                names(|text| &text.en, ", ")
            ),
            format!(
                "{} 行；最重要的输入：{}；代理决策树 R² {r2}",
                self.rows,
                names(|text| &text.zh, "、")
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_that_explains_nothing_says_so() {
        let tree = |r2| Surrogate { depth: 1, leaves: 2, rows: 9, r2, agreement: None };
        assert!(tree(Some(-0.2)).warning().is_some());
        assert!(tree(Some(0.2)).warning().is_none() && tree(None).warning().is_none());
    }
}

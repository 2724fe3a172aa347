//! What a training run is told.

use crate::messages::{PARAM, PARAM_VALUE, SETTING};
use ingot_base::{Fault, Outlier, Result, Spelling, Tabular, Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// LightGBM parameters a recipe may set: none that reads or writes a file, opens a socket, or breaks early stopping.
const ALLOWED: &[&str] = &[
    "alpha",
    "bagging_fraction",
    "bagging_freq",
    "cat_l2",
    "cat_smooth",
    "extra_trees",
    "feature_fraction",
    "feature_fraction_bynode",
    "lambda_l1",
    "lambda_l2",
    "learning_rate",
    "max_bin",
    "max_cat_threshold",
    "max_cat_to_onehot",
    "max_delta_step",
    "max_depth",
    "min_data_in_bin",
    "min_data_in_leaf",
    "min_data_per_group",
    "min_gain_to_split",
    "min_sum_hessian_in_leaf",
    "num_iterations",
    "num_leaves",
    "objective",
    "path_smooth",
];

/// Regression objectives without a link function, the only ones the evaluator offers.
const REGRESSIONS: &[&str] = &["regression", "regression_l1", "huber", "fair", "quantile", "mape"];

/// What each wrong answer of a binary model costs, in any unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The negative class labelled positive.
    pub false_positive: f64,
    /// The positive class labelled negative.
    pub false_negative: f64,
}

/// Everything that decides a training run, besides the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainConfig {
    /// The kind of question.
    pub task: Tabular,
    /// The column to predict.
    pub target: String,
    /// Binary: the class whose probability is scored. Without it: `true` or `1` where the values are those, else the rarer class.
    pub positive: Option<String>,
    /// Columns never to learn from.
    pub exclude: Vec<String>,
    /// Columns that the model must not learn from, whatever the user says, and why.
    pub withheld: BTreeMap<String, Withheld>,
    /// What most texts of a column are, where a cast could read them: a column of them is no column of names.
    pub written: BTreeMap<String, Written>,
    /// What the recipe did to columns before, that serving must do too.
    pub prepared: BTreeMap<String, Prepared>,
    /// Names for a person, by column.
    pub titles: BTreeMap<String, Text>,
    /// Rows with the same value here never stand on both sides of an inner fold; the column is no feature.
    pub group: Option<String>,
    /// A number for each training row, in their order: rows with the same one, such as near duplicates, never stand on both sides of an inner
    /// fold either. Stands in for `group`.
    #[serde(skip)]
    pub families: Option<Vec<u32>>,
    /// How long the search may take; the first trial always completes.
    pub budget: Duration,
    /// How many candidates the search tries, LightGBM's defaults included.
    pub trials: usize,
    /// Decides folds, candidates and LightGBM's own draws.
    pub seed: u64,
    /// Processor cores to use; small tables use one. No part of the result.
    pub threads: usize,
    /// Whether every class weighs the same in training (calibration then restores true probabilities).
    pub balance: bool,
    /// Whether to calibrate probabilities.
    pub calibrate: bool,
    /// Binary: what mistakes cost. Without it both cost the same and the threshold is 0.5.
    pub cost: Option<Cost>,
    /// Columns whose groups are compared in the fairness tables; they need not be features.
    pub fairness: Vec<String>,
    /// LightGBM parameters that the search must not touch.
    pub params: BTreeMap<String, String>,
    /// Inner folds when the split gave no validation rows.
    pub folds: usize,
    /// A text column with more distinct values is left out.
    pub max_categories: usize,
    /// Whether doubtful labels, outlying rows and leaking columns are looked for.
    #[serde(default)]
    pub review: bool,
}

/// Why a column is withheld from the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Withheld {
    /// Its values hold personal data: as categories they would stand in the package, its documents and its answers.
    Personal,
    /// Its values are tokens that only the keys' holder can make.
    Token,
    /// It was made from the target.
    Answer,
    /// It flags outliers of a column beyond bounds that nobody who asks can know.
    Flag,
}

/// What texts are that nobody cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Written {
    /// Amounts, with a currency's sign or separators or without.
    Amounts,
    /// Days or instants.
    Days,
}

/// What was done to a column's values before training.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prepared {
    /// What missing values became, as text.
    pub fill: Option<String>,
    /// Numbers became the lower ends of intervals of this width.
    pub width: Option<f64>,
    /// Dates became days since 1970-01-01.
    #[serde(default)]
    pub date: bool,
    /// Texts were written in one form.
    #[serde(default)]
    pub spelling: Option<Spelling>,
    /// The column is a flag that was made of another one's outliers.
    #[serde(default)]
    pub outlier: Option<Outlier>,
    /// The recipe itself states the flag's bounds: whoever asks may know them.
    #[serde(default)]
    pub stated: bool,
}

impl TrainConfig {
    /// The defaults: 24 trials within 2 minutes, seed 42, 2 threads, 5 folds, calibrated, unbalanced, no cost.
    pub fn new(task: Tabular, target: impl Into<String>) -> Self {
        Self {
            task,
            target: target.into(),
            positive: None,
            exclude: vec![],
            withheld: BTreeMap::new(),
            written: BTreeMap::new(),
            prepared: BTreeMap::new(),
            titles: BTreeMap::new(),
            group: None,
            families: None,
            budget: Duration::from_mins(2),
            trials: 24,
            seed: 42,
            threads: 2,
            balance: false,
            calibrate: true,
            cost: None,
            fairness: vec![],
            params: BTreeMap::new(),
            folds: 5,
            max_categories: 1000,
            review: true,
        }
    }

    /// Checks every setting that needs no data.
    ///
    /// # Errors
    /// The first setting at fault, with its key path.
    pub(crate) fn check(&self) -> Result<()> {
        let setting = |name: &'static str, fine: bool, expected: &'static str| {
            if fine {
                return Ok(());
            }
            Err(Fault::new(&SETTING)
                .arg("name", name)
                .arg("expected", expected)
                .at(format!("train.{name}")))
        };
        setting("trials", (1..=10_000).contains(&self.trials), "1 … 10000")?;
        setting("threads", (1..=1024).contains(&self.threads), "1 … 1024")?;
        setting("folds", (2..=20).contains(&self.folds), "2 … 20")?;
        setting("max_categories", (2..=100_000).contains(&self.max_categories), "2 … 100000")?;
        if let Some(cost) = self.cost {
            let positive = |value: f64| value.is_finite() && value > 0.0;
            let fine = positive(cost.false_positive) && positive(cost.false_negative);
            setting("cost", fine, "> 0")?;
            setting("cost", self.task == Tabular::Binary, "tabular.binary")?;
        }
        for (name, value) in &self.params {
            self.check_param(name, value)
                .map_err(|fault| fault.at(format!("train.params.{name}")))?;
        }
        Ok(())
    }

    fn check_param(&self, name: &str, value: &str) -> Result<()> {
        if !ALLOWED.contains(&name) {
            return Err(Fault::new(&PARAM).arg("name", name).arg("known", ALLOWED.join(", ")));
        }
        let wrong = |expected: &str| {
            Err(Fault::new(&PARAM_VALUE).arg("name", name).arg("expected", expected))
        };
        match name {
            "objective" if self.task != Tabular::Regression => wrong("tabular.regression"),
            "objective" if !REGRESSIONS.contains(&value) => wrong(&REGRESSIONS.join(", ")),
            "objective" => Ok(()),
            "extra_trees" if !matches!(value, "true" | "false") => wrong("true, false"),
            "extra_trees" => Ok(()),
            "num_iterations" if !matches!(value.parse(), Ok(1..=100_000_u32)) => {
                wrong("1 … 100000")
            }
            _ if !value.parse::<f64>().is_ok_and(f64::is_finite) => wrong("0.1, 31, …"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<()> {
        let mut config = TrainConfig::new(Tabular::Binary, "y");
        config.params.insert(name.into(), value.into());
        config.check()
    }

    #[test]
    fn parameters_that_touch_files_are_refused_with_their_path() {
        for name in ["output_model", "machines", "forcedsplits_filename", "boosting", "num_threads"]
        {
            let fault = with(name, "x").unwrap_err();
            assert_eq!(
                (fault.code(), fault.key_path().unwrap()),
                ("train-param", &*format!("train.params.{name}"))
            );
        }
        assert!(with("num_leaves", "31 output_model=x").is_err());
        assert!(with("num_leaves", "31").is_ok());
        assert!(with("objective", "regression").is_err(), "not for a binary task");
    }

    #[test]
    fn ranges() {
        let mut config = TrainConfig::new(Tabular::Binary, "y");
        config.trials = 0;
        assert_eq!(config.check().unwrap_err().key_path(), Some("train.trials"));
        config.trials = 1;
        config.cost = Some(Cost { false_positive: 0.0, false_negative: 1.0 });
        assert_eq!(config.check().unwrap_err().key_path(), Some("train.cost"));
    }
}

//! One row's explanation, and why an applicant was declined in words a lender may send.
//!
//! Reasons follow the practice under Regulation B (12 CFR 1002.9, Appendix C): the factors that counted most against the
//! applicant, specific, at most four, each with a stable code.

use crate::shapley::TreeShap;
use ingot_base::{FieldKind, Output, Result, Text};
use ingot_runtime::{Matrix, Predictor as _, TabularModel};
use serde::{Deserialize, Serialize};

/// Most reasons that are given.
const REASONS: usize = 4;

/// What is typical of the rows with the favourable answer; travels with the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Background {
    /// One entry a feature, in the model's order.
    pub typical: Vec<Typical>,
}

/// What is typical of a feature among favourable rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Typical {
    /// Median of a number, most frequent index of a category; absent when there were no values.
    pub value: Option<f64>,
}

impl Background {
    /// Figures over training rows: those the model favours (score below the median), or all where nothing is unfavourable.
    ///
    /// # Errors
    /// When the model refuses the rows.
    pub fn measure(model: &TabularModel, rows: &Matrix) -> Result<Self> {
        let scores = model.scores(rows)?;
        let first: Vec<f64> = (0..rows.rows()).map(|row| scores.row(row).first().copied().unwrap_or(0.0)).collect();
        let limit = match &model.signature().output {
            Output::Binary { threshold, .. } => *threshold,
            _ => f64::INFINITY,
        };
        let favourable: Vec<usize> =
            first.iter().enumerate().filter(|(_, score)| **score < limit).map(|(row, _)| row).collect();
        let typical = model
            .signature()
            .inputs
            .iter()
            .enumerate()
            .map(|(column, field)| {
                let mut values: Vec<f64> = favourable
                    .iter()
                    .filter_map(|row| rows.row(*row).get(column).copied())
                    .filter(|value| value.is_finite())
                    .collect();
                values.sort_by(f64::total_cmp);
                let value = match field.kind {
                    FieldKind::Number { .. } => values.get(values.len() / 2).copied(),
                    _ => most_frequent(&values),
                };
                Typical { value }
            })
            .collect();
        Ok(Self { typical })
    }
}

/// The longest run of equal numbers in a sorted list.
fn most_frequent(sorted: &[f64]) -> Option<f64> {
    sorted.chunk_by(|one, other| one.total_cmp(other).is_eq()).max_by_key(|run| run.len())?.first().copied()
}

/// Why a row got its score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Mean raw score over training rows.
    pub base: f64,
    /// One for each input, the largest effect first; they and the base add up to the raw score.
    pub contributions: Vec<Contribution>,
    /// What counted most against the row, in plain words; empty for outputs without an unfavourable side.
    pub reasons: Vec<Reason>,
}

/// What one input did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contribution {
    /// The input's name.
    pub feature: String,
    /// Its name for a person.
    pub title: Text,
    /// The number in the feature matrix.
    pub value: f64,
    /// What it added to the raw score.
    pub contribution: f64,
}

/// A reason in plain words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// Stable: `R-` and the feature, with `-HIGH`, `-LOW`, `-VALUE` or `-MISSING`.
    pub code: String,
    /// The sentence.
    pub text: Text,
}

/// Explains single rows.
#[derive(Debug)]
pub struct Explainer {
    shap: TreeShap,
    fields: Vec<ingot_base::Field>,
    background: Background,
    adverse: bool,
}

impl Explainer {
    /// An explainer for a model.
    ///
    /// # Errors
    /// When the model's trees cannot be explained.
    pub fn new(model: &TabularModel, background: Background) -> Result<Self> {
        Ok(Self {
            shap: TreeShap::new(model.forest())?,
            fields: model.signature().inputs.clone(),
            background,
            adverse: matches!(model.signature().output, Output::Binary { .. }),
        })
    }

    /// One row's explanation. Of several classes the contributions are to the class with the highest raw score.
    ///
    /// # Errors
    /// When the row has another width, or contributions do not add up.
    pub fn explain(&self, row: &[f64]) -> Result<Explanation> {
        let values = self.shap.values(&Matrix::new(1, row.len(), row.to_vec())?)?;
        let stride = self.fields.len() + 1;
        let part = values
            .row(0)
            .chunks_exact(stride)
            .max_by(|one, other| one.iter().sum::<f64>().total_cmp(&other.iter().sum()))
            .unwrap_or_default();
        let mut contributions: Vec<(usize, Contribution)> = self
            .fields
            .iter()
            .enumerate()
            .map(|(index, field)| {
                let contribution = part.get(index).copied().unwrap_or(0.0);
                let value = row.get(index).copied().unwrap_or(f64::NAN);
                (index, Contribution { feature: field.name.clone(), title: title(field), value, contribution })
            })
            .collect();
        contributions.sort_by(|(_, one), (_, other)| other.contribution.abs().total_cmp(&one.contribution.abs()));
        let mut against: Vec<&(usize, Contribution)> =
            contributions.iter().filter(|(_, part)| self.adverse && part.contribution > 0.0).collect();
        against.sort_by(|(_, one), (_, other)| other.contribution.total_cmp(&one.contribution));
        let reasons = against.into_iter().take(REASONS).map(|(index, part)| self.reason(*index, part)).collect();
        Ok(Explanation {
            base: part.last().copied().unwrap_or(f64::NAN),
            contributions: contributions.into_iter().map(|(_, part)| part).collect(),
            reasons,
        })
    }

    fn reason(&self, index: usize, part: &Contribution) -> Reason {
        let typical = self.background.typical.get(index).and_then(|typical| typical.value);
        let field = self.fields.get(index);
        let (en, zh) = (&part.title.en, &part.title.zh);
        let name = part.feature.to_uppercase().replace('_', "-");
        let (ending, text) = match (field.map(|field| &field.kind), typical) {
            _ if part.value.is_nan() => (
                "MISSING",
                Text::new(format!("{} was not given", capital(en)), format!("未提供“{zh}”")),
            ),
            (Some(FieldKind::Category { values }), _) => {
                let word = word(values, part.value);
                (
                    "VALUE",
                    Text::new(
                        format!("{}: “{word}” is less favourable than what is usual among approved applicants", capital(en)),
                        format!("“{zh}”为“{word}”，不如获批申请人的通常情况有利"),
                    ),
                )
            }
            (Some(FieldKind::Boolean), _) => {
                let (yes, shi) = if part.value == 0.0 { ("no", "否") } else { ("yes", "是") };
                (
                    "VALUE",
                    Text::new(format!("{}: {yes}, which counts against the application", capital(en)), format!("“{zh}”为“{shi}”，对申请不利")),
                )
            }
            (_, Some(usual)) if part.value > usual => (
                "HIGH",
                Text::new(
                    format!("{} of {} is higher than is usual among approved applicants ({})", capital(en), plain(part.value), plain(usual)),
                    format!("“{zh}”为 {}，高于获批申请人的通常水平（{}）", plain(part.value), plain(usual)),
                ),
            ),
            (_, Some(usual)) if part.value < usual => (
                "LOW",
                Text::new(
                    format!("{} of {} is lower than is usual among approved applicants ({})", capital(en), plain(part.value), plain(usual)),
                    format!("“{zh}”为 {}，低于获批申请人的通常水平（{}）", plain(part.value), plain(usual)),
                ),
            ),
            _ => (
                "VALUE",
                Text::new(
                    format!("{} of {}, together with the other details, counts against the application", capital(en), plain(part.value)),
                    format!("“{zh}”为 {}，结合其他情况对申请不利", plain(part.value)),
                ),
            ),
        };
        Reason { code: format!("R-{name}-{ending}"), text }
    }
}

/// A field's name for a person.
pub(crate) fn title(field: &ingot_base::Field) -> Text {
    field.title.clone().unwrap_or_else(|| Text::same(field.name.replace('_', " ")))
}

/// The word of a category index.
pub(crate) fn word(values: &[String], index: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index the encoder made")]
    let index = index as usize;
    values.get(index).cloned().unwrap_or_default()
}

pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A number without needless decimals.
pub(crate) fn plain(value: f64) -> String {
    let decimals = if value.fract() == 0.0 || value.abs() >= 1000.0 { 0 } else { 2 };
    ingot_report::number(value, decimals)
}

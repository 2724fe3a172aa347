//! Rows and columns to look at again: doubtful labels, outlying rows, rare classes, columns that give the target away.

use crate::TrainConfig;
use crate::columns::{self, interned, numbers};
use crate::engine::{Limits, Rows, Setup, boost};
use crate::features::Inputs;
use crate::group::Alone;
use crate::messages::COLUMN_TELLS;
use crate::search::Found;
use crate::target::class_index;
use arrow::record_batch::RecordBatch;
use ingot_base::{Fault, FieldKind, Result};
use ingot_quality::columns::{Imbalance, Part, Target, imbalance, tells};
use ingot_quality::labels::{self, LabelReview};
use ingot_quality::outliers;
use serde::{Deserialize, Serialize};

/// A column that explains so much of a target of classes on unseen rows hardly does so honestly.
const TELLS_CLASSES: f64 = 0.9;
/// The same of numbers, where honest columns go further.
const TELLS_NUMBERS: f64 = 0.95;

/// What is worth another look. Rows by source and number; of values, the classes of the target alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// Classification: rows whose label is probably wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelFindings>,
    /// Rows found far from all others in the number columns.
    pub outlying: u64,
    /// The rows, the farthest first; a record keeps the first of them.
    pub outliers: Vec<OutlyingRow>,
    /// Robust standard deviations above which a row is one.
    pub outlier_limit: f64,
    /// Classification: training rows of each class.
    pub counts: Vec<(String, u64)>,
    /// How evenly they spread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imbalance: Option<Imbalance>,
    /// What each column tells of the target by itself, the most telling first.
    pub columns: Vec<Telling>,
}

/// Rows whose label is probably wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelFindings {
    /// Rows judged.
    pub rows: u64,
    /// How many folds gave the probabilities.
    pub folds: usize,
    /// Rows found.
    pub found: u64,
    /// The rows, the least confident first; a record keeps the first of them.
    pub doubtful: Vec<DoubtfulRow>,
    /// The classes in the order of the joint.
    pub classes: Vec<String>,
    /// Rows by label (outer) and confident class (inner), as confident learning estimates them.
    pub joint: Vec<Vec<u64>>,
}

/// A row whose label is probably wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DoubtfulRow {
    /// Its source.
    pub source: String,
    /// Its number there.
    pub row: u64,
    /// The class it is labelled with.
    pub label: String,
    /// The class that models of other rows think likeliest.
    pub suggested: String,
    /// Their probability of the label.
    pub confidence: f64,
    /// Their probability of the suggested class.
    pub suggested_probability: f64,
}

/// A row far from all others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutlyingRow {
    /// Its source.
    pub source: String,
    /// Its number there.
    pub row: u64,
    /// Robust standard deviations above the usual distance.
    pub score: f64,
    /// The column that sets it apart most.
    pub column: String,
}

/// What a column tells of the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Telling {
    /// The column.
    pub column: String,
    /// Share of the target's entropy (classes) or variance (numbers) that it explains on the test rows, in [0, 1].
    pub share: f64,
}

/// Where rows stand.
pub(crate) struct Places {
    sources: Vec<String>,
    rows: Vec<u64>,
}

impl Places {
    /// Of tables with lineage columns; of others the rows are counted.
    pub(crate) fn of(batches: &[RecordBatch]) -> Result<Self> {
        let count = columns::rows(batches);
        let [source, row, _] = columns::LINEAGE;
        if !columns::has(batches, source) || !columns::has(batches, row) {
            return Ok(Self {
                sources: vec![String::new(); count],
                rows: (1..).take(count).collect(),
            });
        }
        let names = interned(batches, source)?;
        let name = |code: &u32| names.values.get(*code as usize).cloned().unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "row numbers are whole and positive"
        )]
        let rows = numbers(batches, row)?.into_iter().map(|row| row as u64).collect();
        Ok(Self { sources: names.codes.iter().map(name).collect(), rows })
    }

    fn get(&self, index: usize) -> (String, u64) {
        let source = self.sources.get(index).cloned().unwrap_or_default();
        (source, self.rows.get(index).copied().unwrap_or_default())
    }
}

/// The findings of a label review with the rows' places.
pub(crate) fn findings(
    review: LabelReview,
    folds: usize,
    classes: &[String],
    rows: u64,
    place: &dyn Fn(usize) -> (String, u64),
) -> LabelFindings {
    let class = |index: usize| classes.get(index).cloned().unwrap_or_default();
    let doubtful = review.issues.iter().map(|issue| {
        let (source, row) = place(issue.row);
        DoubtfulRow {
            source,
            row,
            label: class(issue.given),
            suggested: class(issue.suggested),
            confidence: issue.confidence,
            suggested_probability: issue.suggested_probability,
        }
    });
    LabelFindings {
        rows,
        folds,
        found: review.issues.len() as u64,
        doubtful: doubtful.collect(),
        classes: classes.to_vec(),
        joint: review.joint,
    }
}

/// What a review looks at.
pub(crate) struct Subject<'a> {
    pub(crate) config: &'a TrainConfig,
    pub(crate) setup: &'a Setup,
    pub(crate) inputs: &'a Inputs,
    pub(crate) classes: &'a [String],
    pub(crate) train: &'a Rows,
    pub(crate) test: &'a Rows,
    /// The training table, for the rows' places.
    pub(crate) table: &'a [RecordBatch],
}

impl Subject<'_> {
    /// Reviews the training rows. `fold_of` deals them; `held` are the folds that the search already left out.
    pub(crate) fn review(
        &self,
        found: &Found,
        fold_of: &[usize],
        held: &[Vec<usize>],
    ) -> Result<Review> {
        let places = Places::of(self.table)?;
        let labels = if self.classes.is_empty() {
            None
        } else {
            let folds = fold_of.iter().max().map_or(0, |last| last + 1);
            let probabilities = self.out_of_fold(found, fold_of, held)?;
            let given: Vec<usize> =
                self.train.labels.iter().map(|label| class_index(*label)).collect();
            let review = labels::review(&given, &probabilities, self.classes.len())?;
            Some(findings(review, folds, self.classes, given.len() as u64, &|row| places.get(row)))
        };
        let mut counts = vec![0_u64; self.classes.len()];
        for label in self.train.labels.iter().filter(|_| labels.is_some()) {
            if let Some(count) = counts.get_mut(class_index(*label)) {
                *count += 1;
            }
        }
        let (outliers, outlier_limit) = self.outliers(&places);
        Ok(Review {
            labels,
            outlying: outliers.len() as u64,
            outliers,
            outlier_limit,
            imbalance: imbalance(&counts),
            counts: self.classes.iter().cloned().zip(counts).collect(),
            columns: self.columns(),
        })
    }

    /// Probabilities of every training row from a model that had not seen it, `rows × classes`.
    fn out_of_fold(
        &self,
        found: &Found,
        fold_of: &[usize],
        held: &[Vec<usize>],
    ) -> Result<Vec<f64>> {
        let (rows, classes) = (fold_of.len(), self.classes.len());
        let mut table = vec![0.0; rows * classes];
        let folds = fold_of.iter().max().map_or(0, |last| last + 1);
        for fold in 0..folds {
            let out: Vec<usize> =
                (0..rows).filter(|row| fold_of.get(*row) == Some(&fold)).collect();
            let known = found.winner.scores.get(fold).filter(|_| held.get(fold) == Some(&out));
            let scores = match known {
                Some(scores) => scores.clone(),
                None => self.scores(found, &out)?,
            };
            for (index, row) in out.iter().enumerate() {
                let of =
                    |class: usize| scores.get(class * out.len() + index).copied().unwrap_or(0.0);
                let Some(line) = table.get_mut(row * classes..(row + 1) * classes) else {
                    continue;
                };
                if self.setup.classes == 1 {
                    line.copy_from_slice(&[1.0 - of(0), of(0)]);
                } else {
                    line.iter_mut().enumerate().for_each(|(class, value)| *value = of(class));
                }
            }
        }
        Ok(table)
    }

    /// Scores of rows by a model of all others, with the parameters and rounds that won; class after class.
    fn scores(&self, found: &Found, out: &[usize]) -> Result<Vec<f64>> {
        let params = self.setup.params(&found.trial().params);
        let gone: std::collections::BTreeSet<usize> = out.iter().copied().collect();
        let rest: Vec<usize> =
            (0..self.train.labels.len()).filter(|row| !gone.contains(row)).collect();
        let fold =
            self.setup.fold(&self.train.select(&rest), &self.train.select(out), &params, &Alone)?;
        let limits = Limits { rounds: found.trial().rounds, patience: None, deadline: None };
        let boosted = boost(&[fold], self.setup.loss, &params, limits, &Alone)?;
        Ok(boosted.and_then(|mut boosted| boosted.scores.pop()).unwrap_or_default())
    }

    #[expect(clippy::unused_self, reason = "called as the other figures are")]
    fn column(&self, rows: &Rows, index: usize) -> Vec<f64> {
        let value = |row: usize| rows.matrix.row(row).get(index).copied().unwrap_or(f64::NAN);
        (0..rows.matrix.rows()).map(value).collect()
    }

    fn outliers(&self, places: &Places) -> (Vec<OutlyingRow>, f64) {
        let numeric: Vec<usize> = (0..)
            .zip(&self.inputs.fields)
            .filter(|(_, field)| matches!(field.kind, FieldKind::Number { .. }))
            .map(|(index, _)| index)
            .collect();
        let values: Vec<Vec<f64>> =
            numeric.iter().map(|index| self.column(self.train, *index)).collect();
        let found = outliers::find(&values, self.config.seed);
        let rows = found.rows.iter().map(|outlier| {
            let (source, row) = places.get(outlier.row);
            let field =
                numeric.get(outlier.column).and_then(|index| self.inputs.fields.get(*index));
            let column = field.map(|field| field.name.clone()).unwrap_or_default();
            OutlyingRow { source, row, score: outlier.score, column }
        });
        (rows.collect(), found.limit)
    }

    fn columns(&self) -> Vec<Telling> {
        let class = |rows: &Rows| rows.labels.iter().map(|label| class_index(*label)).collect();
        let (train, test): (Vec<usize>, Vec<usize>) = (class(self.train), class(self.test));
        let numbers = self.classes.is_empty();
        let mut list: Vec<Telling> = self
            .inputs
            .fields
            .iter()
            .enumerate()
            .filter_map(|(index, field)| {
                let category = matches!(field.kind, FieldKind::Category { .. });
                let (own, other) = (self.column(self.train, index), self.column(self.test, index));
                let target = |classes, values| {
                    if numbers { Target::Numbers(values) } else { Target::Classes(classes) }
                };
                let share = tells(
                    &Part { values: &own, category, target: target(&train, &self.train.labels) },
                    &Part { values: &other, category, target: target(&test, &self.test.labels) },
                )?;
                Some(Telling { column: field.name.clone(), share })
            })
            .collect();
        list.sort_by(|one, other| {
            other.share.total_cmp(&one.share).then(one.column.cmp(&other.column))
        });
        list
    }
}

/// Columns that alone tell a target of several classes or numbers; of two classes the area under the ROC curve is the better
/// judge ([`crate::suspicion::leaks`]).
pub fn telling(review: &Review) -> Vec<Fault> {
    if review.counts.len() == 2 {
        return Vec::new();
    }
    let limit = if review.counts.is_empty() { TELLS_NUMBERS } else { TELLS_CLASSES };
    let leaks = review.columns.iter().filter(|column| column.share > limit);
    leaks
        .map(|column| {
            Fault::new(&COLUMN_TELLS)
                .arg("column", &column.column)
                .arg("share", format!("{:.1}", column.share * 100.0))
                .at("train.exclude")
        })
        .collect()
}

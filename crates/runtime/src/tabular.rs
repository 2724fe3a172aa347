//! A tabular model: forest, signature and calibration, checked against each other once.

use crate::messages::{MODEL_MISMATCH, MODEL_TEXT, PREPROCESSING, SHAPE};
use crate::{Calibration, Forest, Matrix, Objective, Predictor};
use ingot_base::{Fault, Field, FieldKind, Outlier, Output, Result, Signature, Tabular, Task};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The document format this version writes and reads.
const FORMAT: u32 = 1;
/// No honest document is larger.
const MAX_JSON: usize = 64 << 20;

/// What stands beside the model's text: how rows become features and margins become probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    format: u32,
    /// Inputs in feature order, and the answer.
    pub signature: Signature,
    /// Fitted on scores the model had not been trained on.
    pub calibration: Calibration,
}

impl Preprocessing {
    /// A document of the current format.
    pub fn new(signature: Signature, calibration: Calibration) -> Self {
        Self { format: FORMAT, signature, calibration }
    }

    /// Reads the JSON document.
    ///
    /// # Errors
    /// When it is not one, of another format, or contradicts itself.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let invalid = |what: String| Fault::new(&PREPROCESSING).arg("what", what);
        if json.len() > MAX_JSON {
            return Err(invalid(format!("it is longer than {MAX_JSON} bytes")));
        }
        let document: Self = serde_json::from_slice(json).map_err(|error| {
            // serde's own sentence may quote values; its position does not.
            invalid(format!("line {}, column {}", error.line(), error.column()))
        })?;
        if document.format != FORMAT {
            return Err(invalid(format!("format {} is not {FORMAT}", document.format)));
        }
        match signature_defect(&document.signature) {
            Some(defect) => Err(invalid(defect)),
            None => Ok(document),
        }
    }

    /// The JSON document: the same value always gives the same bytes.
    ///
    /// # Errors
    /// Only when a number is not finite in a way JSON cannot hold.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self)
            .map_err(|error| Fault::new(&PREPROCESSING).arg("what", "no JSON form").because(error))
    }
}

fn signature_defect(signature: &Signature) -> Option<String> {
    let mut names = BTreeSet::new();
    for (index, field) in signature.inputs.iter().enumerate() {
        if !names.insert(field.name.as_str()) {
            return Some(format!("input {index} has the name of another"));
        }
        match &field.kind {
            FieldKind::Category { values } => {
                if values.is_empty() || !values.is_sorted_by(|a, b| a < b) {
                    return Some(format!(
                        "the values of input {index} are not sorted and distinct"
                    ));
                }
            }
            FieldKind::Number { min, max, .. } => {
                if !(min.is_finite() && max.is_finite() && min <= max) {
                    return Some(format!("the range of input {index} is not one"));
                }
            }
            FieldKind::Boolean => {}
            FieldKind::Image { .. } => return Some(format!("input {index} is a picture")),
            FieldKind::Text { .. } => return Some(format!("input {index} is a text")),
        }
        if field.outlier.as_ref().is_some_and(|outlier| !bounded(signature, field, outlier)) {
            return Some(format!("input {index} flags outliers of what is no number"));
        }
    }
    match (&signature.output, signature.task) {
        (Output::Binary { positive, negative, threshold, .. }, Task::Tabular(Tabular::Binary)) => {
            let fine = positive != negative && *threshold > 0.0 && *threshold < 1.0;
            (!fine).then(|| "the classes or the threshold of the output".to_owned())
        }
        (Output::Multiclass { labels, .. }, Task::Tabular(Tabular::Multiclass)) => {
            let distinct: BTreeSet<_> = labels.iter().collect();
            let fine = labels.len() >= 2 && distinct.len() == labels.len();
            (!fine).then(|| "the classes of the output".to_owned())
        }
        (Output::Number { .. }, Task::Tabular(Tabular::Regression)) => None,
        _ => Some("the output does not fit the task".to_owned()),
    }
}

/// Whether a flag can be found from the input that it is about.
fn bounded(signature: &Signature, flag: &Field, outlier: &Outlier) -> bool {
    let about = signature.inputs.iter().find(|field| field.name == outlier.of);
    let number = about.is_some_and(|field| matches!(field.kind, FieldKind::Number { .. }));
    let finite = [outlier.low, outlier.high].into_iter().flatten().all(f64::is_finite);
    number && finite && flag.kind == FieldKind::Boolean
}

/// A loaded model; answers rows.
#[derive(Debug, Clone)]
pub struct TabularModel {
    forest: Forest,
    preprocessing: Preprocessing,
}

impl TabularModel {
    /// Reads both documents and checks them against each other.
    ///
    /// # Errors
    /// When one is damaged or they do not belong together.
    pub fn load(model_text: &[u8], preprocessing_json: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(model_text).map_err(|error| {
            Fault::new(&MODEL_TEXT).arg("line", 0).arg("what", "it is not UTF-8").because(error)
        })?;
        Self::new(Forest::parse(text)?, Preprocessing::from_json(preprocessing_json)?)
    }

    /// Puts both parts together.
    ///
    /// # Errors
    /// When they do not belong together.
    pub fn new(forest: Forest, preprocessing: Preprocessing) -> Result<Self> {
        let mismatch = |what: String| Err(Fault::new(&MODEL_MISMATCH).arg("what", what));
        let signature = &preprocessing.signature;
        if let Some(defect) = signature_defect(signature) {
            return Err(Fault::new(&PREPROCESSING).arg("what", defect));
        }
        let inputs = signature.inputs.len();
        if forest.features() != inputs {
            return mismatch(format!("{} features, {inputs} inputs", forest.features()));
        }
        if forest.classes() != signature.output.width() {
            return mismatch(format!(
                "{} outputs, {} scores",
                forest.classes(),
                signature.output.width()
            ));
        }
        let fits = matches!(
            (forest.objective(), signature.task),
            (Objective::Binary { .. }, Task::Tabular(Tabular::Binary))
                | (Objective::Softmax { .. }, Task::Tabular(Tabular::Multiclass))
                | (Objective::Identity { .. }, Task::Tabular(Tabular::Regression))
        );
        if !fits {
            return mismatch(format!("{:?}, {}", forest.objective(), signature.task));
        }
        if let Some(defect) = preprocessing.calibration.defect(forest.objective()) {
            return mismatch(defect.to_owned());
        }
        Ok(Self { forest, preprocessing })
    }

    /// The trees.
    pub fn forest(&self) -> &Forest {
        &self.forest
    }

    /// Signature and calibration.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    /// The calibrated scores of one row; `out` must hold `output.width()` numbers. Allocates nothing.
    ///
    /// # Errors
    /// When `row` or `out` has another length.
    pub fn score_row(&self, row: &[f64], out: &mut [f64]) -> Result<()> {
        if row.len() != self.forest.features() || out.len() != self.forest.classes() {
            return Err(Fault::new(&SHAPE)
                .arg("found", format_args!("{} → {}", row.len(), out.len()))
                .arg(
                    "expected",
                    format_args!("{} → {}", self.forest.features(), self.forest.classes()),
                ));
        }
        self.forest.raw(row, out);
        self.preprocessing.calibration.apply(self.forest.objective(), out);
        Ok(())
    }
}

impl Predictor for TabularModel {
    fn signature(&self) -> &Signature {
        &self.preprocessing.signature
    }

    fn scores(&self, features: &Matrix) -> Result<Matrix> {
        let mut out = self.forest.raw_batch(features)?;
        for row in out.data_mut().chunks_exact_mut(self.forest.classes()) {
            self.preprocessing.calibration.apply(self.forest.objective(), row);
        }
        Ok(out)
    }
}

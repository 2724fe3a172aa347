//! One row's explanation and its reasons in words.

use crate::RowShap;
use crate::messages::BACKGROUND;
use crate::words;
use ingot_base::{Fault, Field, FieldKind, Output, Result, Signature, Text, fault};
use ingot_runtime::{Predictor as _, TabularModel};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The document format this version writes and reads.
const FORMAT: u32 = 1;
/// How many reasons are told: what Regulation B's commentary (12 CFR 1002.9) regards as enough for a person.
const REASONS: usize = 4;

/// What a server needs beside the model to explain in words. Holds aggregates only, no row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Background {
    format: u32,
    /// Mean raw score of each class.
    pub base: Vec<f64>,
    /// One for each input, in the signature's order.
    pub typical: Vec<Typical>,
}

impl Background {
    /// A document of the current format.
    pub fn new(base: Vec<f64>, typical: Vec<Typical>) -> Self {
        Self { format: FORMAT, base, typical }
    }
}

/// What is usual for an input among the training rows that the model answers favourably (all rows when there is no such class).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typical {
    /// The input's name.
    pub feature: String,
    /// Median of a number, commonest index of a category; none when the value was always missing.
    pub value: Option<f64>,
}

/// Why a row got its raw score: base value and contributions add up to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The mean raw score before any input is known.
    pub base: f64,
    /// One for each input, the largest effect first.
    pub contributions: Vec<Contribution>,
    /// The inputs that spoke most for the answer, at most four.
    pub reasons: Vec<Reason>,
}

/// What one input did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contribution {
    /// The input's name.
    pub feature: String,
    /// Its name for a person.
    pub title: Text,
    /// Its value, a category as its word, null when missing.
    pub value: Value,
    /// What it added to the raw score.
    pub contribution: f64,
}

/// A reason in plain words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// `R-FEATURE-HIGH`, `-LOW`, `-VALUE` or `-MISSING`: made of the input's name, so that it survives retraining.
    pub code: String,
    /// The sentence.
    pub text: Text,
}

/// Explains rows one at a time.
#[derive(Debug, Clone)]
pub struct Explainer {
    shap: RowShap,
    model: TabularModel,
    background: Background,
}

impl Explainer {
    /// Checks that the background belongs to the model.
    ///
    /// # Errors
    /// When it does not, or the model cannot be explained.
    pub fn new(model: &TabularModel, background: Background) -> Result<Self> {
        let wrong = |what: &str| Err(Fault::new(&BACKGROUND).arg("what", what));
        let shap = RowShap::new(model.forest())?;
        if background.format != FORMAT {
            return wrong("format");
        }
        let names = model.signature().inputs.iter().map(|field| &field.name);
        if !names.eq(background.typical.iter().map(|typical| &typical.feature)) {
            return wrong("inputs");
        }
        let close = |(known, base): (&f64, &f64)| (known - base).abs() <= 1e-9 * (1.0 + base.abs());
        if background.base.len() != shap.base().len()
            || !background.base.iter().zip(shap.base()).all(close)
        {
            return wrong("base");
        }
        Ok(Self { shap, model: model.clone(), background })
    }

    /// Explains one row of the feature matrix: two classes and numbers by their one raw score, several classes by the raw
    /// score of the class that the model answers.
    ///
    /// # Errors
    /// When the row has another width than the model.
    pub fn explain(&self, row: &[f64]) -> Result<Explanation> {
        let signature = self.model.signature();
        let class = self.class(row)?;
        let width = signature.inputs.len() + 1;
        let all = self.shap.values(row)?;
        let values = all.chunks_exact(width).nth(class).and_then(|part| part.split_last());
        let (&base, values) = values.ok_or_else(|| fault::internal("no class"))?;
        let mut order: Vec<usize> = (0..values.len()).collect();
        let effect = |at: &usize| values.get(*at).copied().unwrap_or_default();
        order.sort_by(|a, b| effect(b).abs().total_cmp(&effect(a).abs()).then(a.cmp(b)));
        let contributions = order
            .iter()
            .filter_map(|&at| {
                let field = signature.inputs.get(at)?;
                Some(Contribution {
                    feature: field.name.clone(),
                    title: words::title(field),
                    value: sent(field, *row.get(at)?),
                    contribution: effect(&at),
                })
            })
            .collect();
        let both_ways = matches!(signature.output, Output::Number { .. });
        let largest = order.first().map_or(0.0, |at| effect(at).abs());
        let reasons = order
            .iter()
            .filter(|at| both_ways || effect(at) > 0.0)
            .filter(|at| effect(at).abs() > 1e-3 * largest)
            .take(REASONS)
            .filter_map(|&at| self.reason(signature, class, at, *row.get(at)?, effect(&at)))
            .collect();
        Ok(Explanation { base, contributions, reasons })
    }

    /// The class whose raw score is explained.
    fn class(&self, row: &[f64]) -> Result<usize> {
        let mut scores = vec![0.0; self.model.signature().output.width()];
        self.model.score_row(row, &mut scores)?;
        let mut best = (0, f64::NEG_INFINITY);
        for (class, score) in scores.into_iter().enumerate() {
            if score > best.1 {
                best = (class, score);
            }
        }
        Ok(best.0)
    }

    fn reason(
        &self,
        signature: &Signature,
        class: usize,
        at: usize,
        value: f64,
        effect: f64,
    ) -> Option<Reason> {
        let field = signature.inputs.get(at)?;
        let typical = self.background.typical.get(at)?.value;
        let end = match (&field.kind, typical) {
            _ if value.is_nan() => "MISSING",
            (FieldKind::Number { .. }, Some(typical)) if value > typical => "HIGH",
            (FieldKind::Number { .. }, Some(typical)) if value < typical => "LOW",
            _ => "VALUE",
        };
        Some(Reason {
            code: format!("R-{}-{end}", code(&field.name)),
            text: sentence(&signature.output, class, field, value, typical, effect),
        })
    }
}

/// An input's name as part of a code.
fn code(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_alphanumeric() { letter } else { '_' })
        .flat_map(char::to_uppercase)
        .collect()
}

fn sentence(
    output: &Output,
    class: usize,
    field: &Field,
    value: f64,
    typical: Option<f64>,
    effect: f64,
) -> Text {
    let (title, value_text) = (words::title(field), words::value(field, value));
    let (what_en, what_zh) = match output {
        Output::Binary { positive, .. } => {
            (format!("the score for “{positive}”"), format!("“{positive}”的评分"))
        }
        Output::Multiclass { labels, .. } => {
            let label = labels.get(class).map_or("", String::as_str);
            (format!("the score for “{label}”"), format!("“{label}”的评分"))
        }
        Output::Number { target } => {
            (format!("the estimate of {target}"), format!("{target}的估计值"))
        }
    };
    let (verb_en, verb_zh) =
        if effect > 0.0 { ("raised", "升高") } else { ("lowered", "降低") };
    let (group_en, group_zh) = match output {
        Output::Binary { negative, .. } => {
            (format!("typical of “{negative}”"), format!("“{negative}”类的典型值"))
        }
        _ => ("typical".to_owned(), "典型值".to_owned()),
    };
    let compare = typical.map(|typical| {
        let typical_text = words::value(field, typical);
        let (side_en, side_zh) = match field.kind {
            FieldKind::Number { .. } if value > typical => ("above", "高于"),
            FieldKind::Number { .. } if value < typical => ("below", "低于"),
            _ if value.to_bits() == typical.to_bits() => ("the same as", "等于"),
            _ => ("unlike", "不同于"),
        };
        (
            format!(", {side_en} the value {group_en} ({})", typical_text.en),
            format!("，{side_zh}{group_zh}（{}）", typical_text.zh),
        )
    });
    let (compare_en, compare_zh) = compare.unwrap_or_default();
    Text::new(
        format!("{}: {}{compare_en}; this {verb_en} {what_en}.", title.en, value_text.en),
        format!("{}：{}{compare_zh}；该项使{what_zh}{verb_zh}。", title.zh, value_text.zh),
    )
}

fn sent(field: &Field, value: f64) -> Value {
    if value.is_nan() {
        return Value::Null;
    }
    match &field.kind {
        FieldKind::Number { .. } => serde_json::json!(value),
        FieldKind::Boolean => Value::Bool(value != 0.0),
        FieldKind::Category { values } => words::index(value)
            .and_then(|at| values.get(at))
            .map_or(Value::Null, |word| Value::String(word.clone())),
    }
}

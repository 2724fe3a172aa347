//! One row's explanation and its reasons in words.

use crate::RowShap;
use crate::messages::BACKGROUND;
use crate::words;
use ingot_base::{Fault, Field, FieldKind, Output, Result, Text, fault};
use ingot_runtime::{Predictor as _, TabularModel};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The document format this version writes and reads.
const FORMAT: u32 = 1;
/// How many reasons are told: what Regulation B's commentary (12 CFR 1002.9) regards as enough for a person.
const REASONS: usize = 4;
/// An effect below this share of the largest is no reason.
const SLIGHT: f64 = 0.01;

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

/// What is usual for an input among training rows: the median of a number, the commonest index of a category; none where the
/// value was always missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typical {
    /// The input's name.
    pub feature: String,
    /// Among all rows.
    pub overall: Option<f64>,
    /// Two classes: among the rows that the model answers with the negative one.
    pub negative: Option<f64>,
    /// Two classes: among the rows that the model answers with the positive one.
    pub positive: Option<f64>,
}

/// Why a row got its raw score: base value and contributions add up to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The mean raw score before any input is known.
    pub base: f64,
    /// One for each input, the largest effect first.
    pub contributions: Vec<Contribution>,
    /// The inputs that spoke most for the answer, at most four: for a declined applicant, why.
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

/// What a row was answered, and what its reasons compare with.
struct Answer<'a> {
    /// Whose raw score is explained.
    class: usize,
    /// Effects of this sign spoke for the answer; none when both do (numbers).
    sign: Option<f64>,
    /// The answer's name: a class or a target.
    name: &'a str,
    /// The class that the row was not answered with; none when there are more than one.
    other: Option<&'a str>,
    usual: fn(&Typical) -> Option<f64>,
}

impl Explainer {
    /// Checks that the background belongs to the model.
    ///
    /// # Errors
    /// When it does not, or the model cannot be explained.
    pub fn new(model: &TabularModel, background: Background) -> Result<Self> {
        let wrong = |part: &str| Err(Fault::new(&BACKGROUND).arg("part", part));
        let shap = RowShap::new(model.forest())?;
        if background.format != FORMAT {
            return wrong("format");
        }
        let names = model.signature().inputs.iter().map(|field| &field.name);
        if !names.eq(background.typical.iter().map(|typical| &typical.feature)) {
            return wrong("typical");
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
        let answer = self.answer(row)?;
        let width = signature.inputs.len() + 1;
        let all = self.shap.values(row)?;
        let values = all.chunks_exact(width).nth(answer.class).and_then(|part| part.split_last());
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
        let speaks = |effect: f64| answer.sign.map_or(effect.abs(), |sign| sign * effect);
        let largest = order.iter().map(|at| speaks(effect(at))).fold(0.0, f64::max);
        let reasons = order
            .iter()
            .filter(|at| speaks(effect(at)) > SLIGHT * largest)
            .take(REASONS)
            .filter_map(|&at| self.reason(&answer, at, *row.get(at)?, effect(&at)))
            .collect();
        Ok(Explanation { base, contributions, reasons })
    }

    fn answer(&self, row: &[f64]) -> Result<Answer<'_>> {
        let output = &self.model.signature().output;
        let mut scores = vec![0.0; output.width()];
        self.model.score_row(row, &mut scores)?;
        let class = words::largest(&scores);
        Ok(match output {
            Output::Binary { positive, negative, threshold, .. } => {
                if scores.first().is_some_and(|score| score >= threshold) {
                    let usual = |typical: &Typical| typical.negative.or(typical.overall);
                    Answer { class, sign: Some(1.0), name: positive, other: Some(negative), usual }
                } else {
                    let usual = |typical: &Typical| typical.positive.or(typical.overall);
                    Answer { class, sign: Some(-1.0), name: negative, other: Some(positive), usual }
                }
            }
            Output::Multiclass { labels, .. } => {
                let name = labels.get(class).map_or("", String::as_str);
                Answer {
                    class,
                    sign: Some(1.0),
                    name,
                    other: None,
                    usual: |typical| typical.overall,
                }
            }
            Output::Number { target } | Output::Text { target } => Answer {
                class,
                sign: None,
                name: target,
                other: None,
                usual: |typical| typical.overall,
            },
        })
    }

    fn reason(&self, answer: &Answer<'_>, at: usize, value: f64, effect: f64) -> Option<Reason> {
        let field = self.model.signature().inputs.get(at)?;
        let usual = self.background.typical.get(at).and_then(answer.usual);
        let side = Side::of(field, value, usual);
        Some(Reason {
            code: format!("R-{}-{}", code(&field.name), side.code()),
            text: sentence(answer, field, value, (side, usual), effect),
        })
    }
}

/// Where a value stands beside the usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    High,
    Low,
    /// Another category.
    Unlike,
    /// The usual value, or nothing to compare with.
    Usual,
    Missing,
}

impl Side {
    fn of(field: &Field, value: f64, usual: Option<f64>) -> Self {
        let number = matches!(field.kind, FieldKind::Number { .. });
        match usual {
            _ if value.is_nan() => Self::Missing,
            Some(usual) if number && value > usual => Self::High,
            Some(usual) if number && value < usual => Self::Low,
            Some(usual) if !number && words::index(value) != words::index(usual) => Self::Unlike,
            _ => Self::Usual,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::High => "HIGH",
            Self::Low => "LOW",
            Self::Unlike | Self::Usual => "VALUE",
            Self::Missing => "MISSING",
        }
    }
}

/// An input's name as part of a code.
pub(crate) fn code(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_alphanumeric() { letter } else { '_' })
        .flat_map(char::to_uppercase)
        .collect()
}

fn sentence(
    answer: &Answer<'_>,
    field: &Field,
    value: f64,
    (side, usual): (Side, Option<f64>),
    effect: f64,
) -> Text {
    let title = words::title(field);
    let (en, zh) = (words::capital(&title.en), &title.zh);
    let value = words::value(field, value);
    let usual = usual.map_or_else(|| Text::same(""), |usual| words::value(field, usual));
    let (of_en, of_zh) = answer
        .other
        .map_or_else(Default::default, |class| (format!(" for “{class}”"), format!("“{class}”类")));
    let belongs = if answer.other.is_some() { "的" } else { "" };
    let number = matches!(field.kind, FieldKind::Number { .. });
    let is = if number {
        Text::new(format!("{en} ({})", value.en), format!("{zh}为 {}", value.zh))
    } else {
        Text::new(format!("{en}: “{}”", value.en), format!("{zh}为“{}”", value.zh))
    };
    let (mut out_en, mut out_zh) = match side {
        Side::High => (
            format!("{} is higher than usual{of_en} ({})", is.en, usual.en),
            format!("{}，高于{of_zh}{belongs}通常水平（{}）", is.zh, usual.zh),
        ),
        Side::Low => (
            format!("{} is lower than usual{of_en} ({})", is.en, usual.en),
            format!("{}，低于{of_zh}{belongs}通常水平（{}）", is.zh, usual.zh),
        ),
        Side::Unlike => (
            format!("{}; usual{of_en} is “{}”", is.en, usual.en),
            format!("{}，而{of_zh}通常为“{}”", is.zh, usual.zh),
        ),
        Side::Missing => (format!("{en} was not given"), format!("未提供{zh}")),
        Side::Usual if answer.sign.is_none() => (is.en, is.zh),
        Side::Usual => {
            let link = if number { "," } else { ", which" };
            (
                format!(
                    "{}{link} together with the other details speaks for “{}”",
                    is.en, answer.name
                ),
                format!("{}，结合其他情况倾向于“{}”", is.zh, answer.name),
            )
        }
    };
    if answer.sign.is_none() {
        let by = words::number(effect.abs());
        let (does_en, does_zh) =
            if effect > 0.0 { ("raises", "提高") } else { ("lowers", "降低") };
        out_en = format!("{out_en}; this {does_en} the estimate of {} by {by}", answer.name);
        out_zh = format!("{out_zh}；这使{}的估计值{does_zh} {by}", answer.name);
    }
    Text::new(out_en + ".", out_zh + "。")
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
        FieldKind::Image { .. } | FieldKind::Text { .. } => Value::Null,
    }
}

//! One row's explanation and its reasons in words.

use crate::RowShap;
use crate::messages::BACKGROUND;
use crate::words;
use ingot_base::{Fault, Field, FieldKind, Output, Result, Text, day, fault};
use ingot_runtime::{Predictor as _, TabularModel};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The document format this version writes and reads. 1 held what was usual among the model's own answers.
const FORMAT: u32 = 2;
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

/// What is typical for an input among training rows, whatever the model answers for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typical {
    /// The input's name.
    pub feature: String,
    /// Among all rows.
    pub overall: Option<Middle>,
    /// Two classes: among the rows whose true class is the negative one.
    pub negative: Option<Middle>,
    /// Two classes: among the rows whose true class is the positive one.
    pub positive: Option<Middle>,
}

/// The median of a number to three significant digits, where any is known; the category that a majority of the rows has, where one does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Middle {
    /// The value in the feature matrix.
    pub value: f64,
    /// Of a category: the share of the rows that have it, 0.51 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
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
    /// The class that the row was not answered with; none when there are more than one. Reasons compare with the rows that truly
    /// have it, otherwise with all.
    other: Option<&'a str>,
    typical: fn(&Typical) -> Option<Middle>,
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
                    let (other, typical) = (Some(negative.as_str()), of_negative as fn(&_) -> _);
                    Answer { class, sign: Some(1.0), name: positive, other, typical }
                } else {
                    let (other, typical) = (Some(positive.as_str()), of_positive as fn(&_) -> _);
                    Answer { class, sign: Some(-1.0), name: negative, other, typical }
                }
            }
            Output::Multiclass { labels, .. } => {
                let name = labels.get(class).map_or("", String::as_str);
                Answer { class, sign: Some(1.0), name, other: None, typical: of_all }
            }
            Output::Number { target } | Output::Text { target } => {
                Answer { class, sign: None, name: target, other: None, typical: of_all }
            }
        })
    }

    fn reason(&self, answer: &Answer<'_>, at: usize, value: f64, effect: f64) -> Option<Reason> {
        let field = self.model.signature().inputs.get(at)?;
        let typical = self.background.typical.get(at).and_then(answer.typical);
        let side = Side::of(field, value, typical);
        Some(Reason {
            code: format!("R-{}-{}", code(&field.name), side.code()),
            text: sentence(answer, field, value, side, effect),
        })
    }
}

fn of_negative(typical: &Typical) -> Option<Middle> {
    typical.negative
}

fn of_positive(typical: &Typical) -> Option<Middle> {
    typical.positive
}

fn of_all(typical: &Typical) -> Option<Middle> {
    typical.overall
}

/// Where a value stands beside the typical one.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    /// Above this median.
    High(f64),
    /// Below this median.
    Low(f64),
    /// Another category than this one of the majority.
    Unlike(Middle),
    /// The typical value, or nothing to compare with.
    Alike,
    Missing,
}

impl Side {
    fn of(field: &Field, value: f64, typical: Option<Middle>) -> Self {
        let number = matches!(field.kind, FieldKind::Number { .. });
        match typical {
            _ if value.is_nan() => Self::Missing,
            Some(middle) if number => {
                // Packages of earlier versions hold exact medians. Beyond the blur a value is beyond the exact one, too.
                let median = words::rounded(middle.value);
                let blur = words::blur(median);
                if value > median + blur {
                    Self::High(median)
                } else if value < median - blur {
                    Self::Low(median)
                } else {
                    Self::Alike
                }
            }
            Some(middle) if words::index(value) != words::index(middle.value) => {
                Self::Unlike(middle)
            }
            _ => Self::Alike,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::High(_) => "HIGH",
            Self::Low(_) => "LOW",
            Self::Unlike(_) | Self::Alike => "VALUE",
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

/// A true sentence: the value, and what it is compared with, which are training rows of a true class.
fn sentence(answer: &Answer<'_>, field: &Field, value: f64, side: Side, effect: f64) -> Text {
    let title = words::title(field);
    let (en, zh) = (words::capital(&title.en), &title.zh);
    let value = words::value(field, value);
    let is = if matches!(field.kind, FieldKind::Number { .. }) {
        Text::new(format!("{en}: {}", value.en), format!("{zh}为 {}", value.zh))
    } else {
        Text::new(format!("{en}: “{}”", value.en), format!("{zh}为“{}”", value.zh))
    };
    let whose = answer.other.map_or_else(
        || Text::new("cases in the training data", "样本"),
        |class| {
            Text::new(format!("“{class}” cases in the training data"), format!("“{class}”样本"))
        },
    );
    let median = |median: f64, en: &str, zh: &str| {
        let median = words::about(field, median);
        (
            format!("{}, {en} the median of {} ({})", is.en, whose.en, median.en),
            format!("{}，{zh}训练数据中{}的中位数（{}）", is.zh, whose.zh, median.zh),
        )
    };
    let (mut out_en, mut out_zh) = match side {
        Side::High(middle) => median(middle, "above", "高于"),
        Side::Low(middle) => median(middle, "below", "低于"),
        Side::Unlike(middle) => {
            let usual = words::value(field, middle.value);
            let share = words::percent(middle.share);
            (
                format!("{}; most {} ({share}) have “{}”", is.en, whose.en, usual.en),
                format!("{}，而训练数据中多数{}（{share}）为“{}”", is.zh, whose.zh, usual.zh),
            )
        }
        Side::Missing => (format!("{en}: not given"), format!("未提供{zh}")),
        Side::Alike if answer.sign.is_none() => (is.en, is.zh),
        Side::Alike => (
            format!("{}; with the other details this speaks for “{}”", is.en, answer.name),
            format!("{}，结合其他情况，倾向于“{}”", is.zh, answer.name),
        ),
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
        FieldKind::Number { .. } if field.treatment.date => day::iso(value).into(),
        FieldKind::Number { .. } => serde_json::json!(value),
        FieldKind::Boolean => Value::Bool(value != 0.0),
        FieldKind::Category { values } => words::index(value)
            .and_then(|at| values.get(at))
            .map_or(Value::Null, |word| Value::String(word.clone())),
        FieldKind::Image { .. } | FieldKind::Text { .. } => Value::Null,
    }
}

//! Answers, written straight into bytes from parts prepared per model.

use crate::engine::Explanation;
use crate::messages::{FIELD_FRACTION, FIELD_OUTSIDE};
use crate::model::Model;
use crate::problem::FieldProblem;
use ingot_base::{Fault, Lang, Output};
use ingot_runtime::Unlike;
use serde::Serialize;

/// The body of an answer to `/api/predict`; `unlike` are the numbers unlike those of training, by row and input, in order.
pub(crate) fn predictions(
    model: &Model,
    scores: &[f64],
    unlike: &[(usize, usize, Unlike)],
    lang: Lang,
    request_id: &str,
) -> Vec<u8> {
    let mut unlike = unlike;
    let width = model.signature().output.width();
    let rows = scores.len() / width.max(1);
    let mut out = Vec::with_capacity(model.prefix.len() + 96 + rows * (64 + width * 40));
    out.extend_from_slice(&model.prefix);
    out.extend_from_slice(b"\"predictions\":[");
    for (index, row) in scores.chunks_exact(width.max(1)).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let (class, score) = prediction(&mut out, model, row);
        model.metrics.predicted(class, score);
        if !unlike.is_empty() {
            let own = unlike.iter().take_while(|(row, ..)| *row == index).count();
            let (row, others) = unlike.split_at(own);
            unlike = others;
            warnings(&mut out, model, row, lang);
        }
        out.push(b'}');
    }
    out.push(b']');
    tail(&mut out, rows, request_id);
    out
}

/// The member that names the numbers of one row that are unlike those of training; nothing without any.
fn warnings(out: &mut Vec<u8>, model: &Model, row: &[(usize, usize, Unlike)], lang: Lang) {
    let told = row.iter().filter_map(|(_, input, how)| {
        let field = model.field(*input)?;
        let fault = match how {
            Unlike::Outside => {
                let (low, high) = ingot_runtime::seen(field)?;
                Fault::new(&FIELD_OUTSIDE).arg("low", low).arg("high", high)
            }
            Unlike::Fraction => Fault::new(&FIELD_FRACTION),
        };
        let fault = fault.arg("field", &field.name);
        Some(FieldProblem { field: field.name.clone(), fault })
    });
    let told: Vec<FieldProblem> = told.collect();
    if told.is_empty() {
        return;
    }
    let members: Vec<_> = told.iter().map(|one| one.member(lang)).collect();
    out.extend_from_slice(b",\"warnings\":");
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(out, &members);
}

/// One prediction, left open for further members.
fn prediction(out: &mut Vec<u8>, model: &Model, row: &[f64]) -> (Option<usize>, f64) {
    let (class, score) = decision(&model.signature().output, row);
    out.push(b'{');
    if let Some(label) = class.and_then(|class| model.labels.get(class)) {
        out.extend_from_slice(b"\"label\":");
        out.extend_from_slice(label);
        out.push(b',');
    }
    out.extend_from_slice(b"\"score\":");
    number(out, score);
    if model.labels.is_empty() {
        return (class, score);
    }
    out.extend_from_slice(b",\"probabilities\":{");
    for (index, (label, probability)) in
        model.labels.iter().zip(probabilities(&model.signature().output, row)).enumerate()
    {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(label);
        out.push(b':');
        number(out, probability);
    }
    out.push(b'}');
    (class, score)
}

/// The class (in the order of [`crate::model::classes`]) and the score of one row: what [`ingot_runtime::decide`] says, by index.
pub(crate) fn decision(output: &Output, row: &[f64]) -> (Option<usize>, f64) {
    let first = row.first().copied().unwrap_or(f64::NAN);
    match output {
        Output::Binary { threshold, .. } => (Some(usize::from(first >= *threshold)), first),
        Output::Multiclass { .. } => {
            let mut best = (None, f64::NAN);
            for (index, &score) in row.iter().enumerate() {
                if best.0.is_none() || score > best.1 {
                    best = (Some(index), score);
                }
            }
            best
        }
        Output::Number { .. } | Output::Text { .. } => (None, first),
    }
}

/// The probability of every class, in the order of [`crate::model::classes`].
pub(crate) fn probabilities(output: &Output, row: &[f64]) -> Vec<f64> {
    match (output, row) {
        (Output::Binary { .. }, [positive, ..]) => vec![1.0 - positive, *positive],
        (Output::Multiclass { .. }, _) => row.to_vec(),
        _ => Vec::new(),
    }
}

/// The body of an answer to `/api/explain`.
pub(crate) fn explanations(
    model: &Model,
    scores: &[f64],
    explanations: &[Explanation],
    lang: Lang,
    request_id: &str,
) -> Vec<u8> {
    let width = model.signature().output.width();
    let mut out = Vec::with_capacity(1024 * explanations.len());
    out.extend_from_slice(&model.prefix);
    out.extend_from_slice(b"\"explanations\":[");
    for (index, (row, explanation)) in
        scores.chunks_exact(width.max(1)).zip(explanations).enumerate()
    {
        if index > 0 {
            out.push(b',');
        }
        prediction(&mut out, model, row);
        out.push(b',');
        let told = Told::new(explanation, lang);
        // A list of plain structures always has a JSON form; its braces are dropped to join the prediction's members.
        let text = serde_json::to_vec(&told).unwrap_or_default();
        out.extend_from_slice(text.get(1..).unwrap_or(b"}"));
    }
    out.push(b']');
    tail(&mut out, explanations.len(), request_id);
    out
}

#[derive(Serialize)]
struct Told<'a> {
    base: f64,
    contributions: Vec<ToldContribution<'a>>,
    reasons: Vec<ToldReason<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map: Option<&'a crate::engine::Map>,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<&'a crate::engine::Words>,
}

#[derive(Serialize)]
struct ToldContribution<'a> {
    feature: &'a str,
    title: &'a str,
    value: &'a serde_json::Value,
    contribution: f64,
}

#[derive(Serialize)]
struct ToldReason<'a> {
    code: &'a str,
    text: &'a str,
}

impl<'a> Told<'a> {
    fn new(explanation: &'a Explanation, lang: Lang) -> Self {
        let contribution = |part: &'a crate::engine::Contribution| ToldContribution {
            feature: &part.feature,
            title: part.title.get(lang),
            value: &part.value,
            contribution: part.contribution,
        };
        let reason = |reason: &'a crate::engine::Reason| ToldReason {
            code: &reason.code,
            text: reason.text.get(lang),
        };
        Self {
            base: explanation.base,
            contributions: explanation.contributions.iter().map(contribution).collect(),
            reasons: explanation.reasons.iter().map(reason).collect(),
            map: explanation.map.as_ref(),
            words: explanation.words.as_ref(),
        }
    }
}

fn tail(out: &mut Vec<u8>, rows: usize, request_id: &str) {
    out.extend_from_slice(b",\"usage\":{\"rows\":");
    out.extend_from_slice(rows.to_string().as_bytes());
    out.extend_from_slice(b"},\"request_id\":\"");
    out.extend_from_slice(request_id.as_bytes());
    out.extend_from_slice(b"\"}");
}

/// The shortest digits that read back as the same number; scores are finite.
pub(crate) fn number(out: &mut Vec<u8>, number: f64) {
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(out, &number);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::classes;
    use ingot_runtime::decide;

    #[test]
    fn decisions_are_those_of_the_runtime() {
        let outputs = [
            Output::Binary {
                target: "t".into(),
                positive: "bad".into(),
                negative: "good".into(),
                threshold: 0.3,
            },
            Output::Multiclass {
                target: "t".into(),
                labels: vec!["a".into(), "b".into(), "c".into()],
            },
            Output::Number { target: "t".into() },
        ];
        let rows = [[0.3, 0.1, 0.1], [0.299, 0.5, 0.5], [0.9, 0.05, 0.05], [0.0, 0.0, 1.0]];
        for output in &outputs {
            for row in rows {
                let row = &row[..output.width()];
                let wanted = decide(output, row);
                let (class, score) = decision(output, row);
                let names = classes(output);
                assert_eq!(class.map(|class| names[class].to_owned()), wanted.label);
                assert_eq!(score.to_bits(), wanted.score.to_bits());
                let ours = probabilities(output, row);
                let theirs = wanted.probabilities.unwrap_or_default();
                assert_eq!(ours, theirs.iter().map(|(_, p)| *p).collect::<Vec<_>>());
                assert_eq!(names, theirs.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>());
            }
        }
    }
}

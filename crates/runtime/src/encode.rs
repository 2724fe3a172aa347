//! From a JSON object to a row of features, every fault named by its field. Faults never quote the value that was sent.

use crate::interval;
use crate::messages::{
    FIELD_CATEGORY, FIELD_DATE, FIELD_MISSING, FIELD_NOT_FINITE, FIELD_NULL, FIELD_TYPE,
    FIELD_UNKNOWN,
};
use ingot_base::{Fault, Field, FieldKind, Message, Outlier, Signature, day};
use serde_json::{Map, Value};

/// Names listed in a hint at most.
const LISTED: usize = 12;
/// Unknown columns reported at most, so that a hostile object does not make a large answer.
const MAX_UNKNOWN: usize = 20;

/// What is wrong with one field.
#[derive(Debug)]
pub struct FieldFault {
    /// The column.
    pub field: String,
    /// What and why.
    pub fault: Fault,
}

/// Appends the object's features to `out` in the signature's order: numbers as they are, dates as days since 1970, booleans as 1 and 0, categories as their
/// index, null as NaN. A flag of outliers that is not sent is found from the input that it is about. On failure `out` is as before.
///
/// # Errors
/// All faults at once: a missing or unknown column, a wrong type, an unknown category, a number that is not finite, null where
/// training had none.
pub fn row(
    signature: &Signature,
    object: &Map<String, Value>,
    out: &mut Vec<f64>,
) -> Result<(), Vec<FieldFault>> {
    let start = out.len();
    let mut faults = Vec::new();
    let mut found = 0;
    for field in &signature.inputs {
        let encoded = match object.get(&field.name) {
            Some(sent) => {
                found += 1;
                match &field.outlier {
                    Some(outlier) if sent.is_null() => Ok(flagged(signature, outlier, object)),
                    _ => value(field, sent),
                }
            }
            None => match &field.outlier {
                Some(outlier) => Ok(flagged(signature, outlier, object)),
                None => Err(Fault::new(&FIELD_MISSING).arg("field", &field.name)),
            },
        };
        match encoded {
            Ok(number) => out.push(number),
            Err(fault) => faults.push(FieldFault { field: field.name.clone(), fault }),
        }
    }
    if found != object.len() {
        faults.extend(unknown(signature, object));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        out.truncate(start);
        Err(faults)
    }
}

/// The feature of a flag that was not sent. Without the input that it is about, the fault is told of that one.
fn flagged(signature: &Signature, outlier: &Outlier, object: &Map<String, Value>) -> f64 {
    let about = signature.inputs.iter().find(|field| field.name == outlier.of);
    let sent = about.and_then(|field| measured(field, object.get(&field.name)?));
    f64::from(u8::from(outlier.holds(sent)))
}

/// The number that a value of a column of numbers stands for, before it is made coarser; `None` of a missing value, and of one that
/// [`value`] refuses.
pub fn measured(field: &Field, sent: &Value) -> Option<f64> {
    match (&field.kind, sent) {
        (FieldKind::Number { .. }, _) if field.treatment.date => days(sent).map(f64::from),
        (FieldKind::Number { .. }, Value::Number(number)) => number.as_f64(),
        _ => None,
    }
}

/// A date as a cast to date reads it: its text, or a number.
fn days(sent: &Value) -> Option<i32> {
    match sent {
        Value::String(text) => day::written(text),
        Value::Number(number) => number.as_f64().and_then(day::counted),
        _ => None,
    }
}

/// The feature of one value.
///
/// # Errors
/// A wrong type, an unknown category, a number that is not finite, null where training had none.
pub fn value(field: &Field, sent: &Value) -> Result<f64, Fault> {
    match (&field.kind, sent) {
        (_, Value::Null) if field.nullable => Ok(field.treatment.missing()),
        (_, Value::Null) => Err(named(&FIELD_NULL, field)),
        (FieldKind::Number { .. }, _) if field.treatment.date => {
            let days = days(sent).ok_or_else(|| named(&FIELD_DATE, field))?;
            Ok(field.treatment.number(f64::from(days)))
        }
        (FieldKind::Number { .. }, Value::Number(number)) => number
            .as_f64()
            .filter(|number| number.is_finite())
            .map(|number| field.treatment.number(number))
            .ok_or_else(|| named(&FIELD_NOT_FINITE, field)),
        (FieldKind::Boolean, Value::Bool(flag)) => Ok(f64::from(u8::from(*flag))),
        (FieldKind::Category { values }, Value::String(text)) => category(field, values, text),
        (FieldKind::Category { values }, Value::Number(number)) => {
            // Only categories that are intervals stand for numbers.
            if interval::ranges(values).is_empty() {
                return Err(mistyped(field, sent));
            }
            let held = number.as_f64().and_then(|number| interval::holding(values, number));
            held.map(index).ok_or_else(|| strange(field, values))
        }
        _ => Err(mistyped(field, sent)),
    }
}

/// The index of a category, in whatever way it is written where cleaning wrote them in one; where the categories are intervals, also that of the one which holds the number that is written.
///
/// # Errors
/// When it is not one of the known values.
pub fn category(field: &Field, values: &[String], text: &str) -> Result<f64, Fault> {
    let text = field.treatment.text(text);
    if text.is_empty() && field.treatment.spelling.is_some() {
        // Cleaning left nothing of such a text, either.
        return value(field, &Value::Null);
    }
    values
        .binary_search_by(|known| known.as_str().cmp(&text))
        .ok()
        .or_else(|| interval::holding(values, text.trim().parse().ok()?))
        .map(index)
        .ok_or_else(|| strange(field, values))
}

#[expect(clippy::cast_precision_loss, reason = "categories are counted in thousands")]
fn index(at: usize) -> f64 {
    at as f64
}

fn strange(field: &Field, values: &[String]) -> Fault {
    let known = listed(values.iter().map(String::as_str), values.len());
    named(&FIELD_CATEGORY, field).arg("known", known)
}

fn named(message: &'static Message, field: &Field) -> Fault {
    Fault::new(message).arg("field", &field.name)
}

fn unknown(signature: &Signature, object: &Map<String, Value>) -> Vec<FieldFault> {
    let inputs = &signature.inputs;
    let known = listed(inputs.iter().map(|field| field.name.as_str()), inputs.len());
    object
        .keys()
        .filter(|key| inputs.iter().all(|field| field.name != **key))
        .take(MAX_UNKNOWN)
        .map(|key| {
            let field: String = key.chars().take(100).collect();
            let fault = Fault::new(&FIELD_UNKNOWN).arg("field", &field).arg("known", &known);
            FieldFault { field, fault }
        })
        .collect()
}

fn mistyped(field: &Field, sent: &Value) -> Fault {
    let expected = match field.kind {
        FieldKind::Number { .. } => "number",
        FieldKind::Boolean => "boolean",
        FieldKind::Category { .. } | FieldKind::Image { .. } | FieldKind::Text { .. } => "string",
    };
    wrong_type(&field.name, expected, sent)
}

/// The fault of a value of another JSON type than the field takes.
pub fn wrong_type(field: &str, expected: &str, sent: &Value) -> Fault {
    let found = match sent {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    Fault::new(&FIELD_TYPE).arg("field", field).arg("expected", expected).arg("found", found)
}

fn listed<'a>(names: impl Iterator<Item = &'a str>, total: usize) -> String {
    let mut text = names.take(LISTED).collect::<Vec<_>>().join(", ");
    if total > LISTED {
        text.push_str(", …");
    }
    text
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "numbers come through unchanged")]
mod tests {
    use super::*;
    use ingot_base::{Lang, Output, Spelling, Tabular, Task, Treatment};
    use serde_json::json;

    fn signature() -> Signature {
        let field = |name: &str, kind, nullable| Field::new(name, kind, nullable);
        Signature {
            task: Task::Tabular(Tabular::Binary),
            inputs: vec![
                field("age", FieldKind::Number { min: 18.0, max: 90.0, integer: true }, false),
                field(
                    "job",
                    FieldKind::Category { values: vec!["农民".into(), "工人".into()] },
                    true,
                ),
                field("owner", FieldKind::Boolean, true),
            ],
            output: Output::Binary {
                target: "risk".into(),
                positive: "bad".into(),
                negative: "good".into(),
                threshold: 0.5,
            },
        }
    }

    fn encode(object: &Value) -> Result<Vec<f64>, Vec<(String, &'static str)>> {
        let mut out = vec![7.0];
        match row(&signature(), object.as_object().unwrap(), &mut out) {
            Ok(()) => Ok(out.split_off(1)),
            Err(faults) => {
                assert_eq!(out, [7.0], "a failed row leaves nothing behind");
                Err(faults.into_iter().map(|fault| (fault.field, fault.fault.code())).collect())
            }
        }
    }

    #[test]
    fn a_category_is_known_in_any_spelling_where_cleaning_wrote_one() {
        let kind = FieldKind::Category { values: vec!["é".into(), "p7".into()] };
        let values = ["p7".to_owned(), "é".to_owned()];
        let treatment = Treatment { spelling: Some(Spelling::Folded), ..Treatment::default() };
        let field = Field { treatment, ..Field::new("place", kind, true) };
        for sent in [" P7\u{a0}", "ｐ７", "p7"] {
            assert_eq!(category(&field, &values, sent).unwrap(), 0.0, "{sent}");
        }
        assert_eq!(category(&field, &values, "E\u{301}").unwrap(), 1.0);
        assert!(category(&field, &values, " \u{3000}").unwrap().is_nan(), "as missing");
        assert!(category(&field, &values, "p8").is_err());
        let plain = Field { treatment: Treatment::default(), ..field };
        assert!(category(&plain, &values, "P7").is_err());
    }

    #[test]
    fn encodes_every_kind() {
        assert_eq!(
            encode(&json!({"owner": true, "job": "农民", "age": 40})).unwrap(),
            [40.0, 0.0, 1.0]
        );
        let nulls = encode(&json!({"owner": null, "job": null, "age": -1.5})).unwrap();
        assert!(nulls[0] == -1.5 && nulls[1].is_nan() && nulls[2].is_nan());
    }

    #[test]
    fn values_are_treated_as_training_treated_them() {
        let kind = FieldKind::Number { min: 10.0, max: 70.0, integer: true };
        let treatment = Treatment { fill: Some(30.0), width: Some(10.0), ..Treatment::default() };
        let field = Field { treatment, ..Field::new("age", kind, true) };
        for (sent, feature) in
            [(json!(28), 20.0), (json!(20), 20.0), (json!(-1.5), -10.0), (json!(null), 30.0)]
        {
            assert_eq!(value(&field, &sent).unwrap(), feature, "{sent}");
        }
    }

    #[test]
    fn a_flag_of_outliers_is_taken_when_sent_and_else_found_from_its_input() {
        let kind = FieldKind::Number { min: 10.0, max: 70.0, integer: true };
        let treatment = Treatment { fill: Some(30.0), width: Some(10.0), ..Treatment::default() };
        let age = Field { treatment, ..Field::new("age", kind, true) };
        let bounds = Outlier { of: "age".into(), low: None, high: Some(65.0), missing: false };
        let flag = Field::new("age_outlier", FieldKind::Boolean, false);
        let mut signature = signature();
        signature.inputs = vec![Field { outlier: Some(bounds), ..flag }, age];
        let encode = |object: Value| {
            let mut out = Vec::new();
            row(&signature, object.as_object().unwrap(), &mut out).map(|()| out)
        };
        for (sent, features) in [
            (json!({"age": 65}), [0.0, 60.0]),
            (json!({"age": 66}), [1.0, 60.0]),
            (json!({"age": 66, "age_outlier": null}), [1.0, 60.0]),
            (json!({"age": 66, "age_outlier": false}), [0.0, 60.0]),
            (json!({"age": 20, "age_outlier": true}), [1.0, 20.0]),
            (json!({"age": null}), [0.0, 30.0]),
        ] {
            assert_eq!(encode(sent.clone()).unwrap(), features, "{sent}");
        }
        let faults = encode(json!({})).unwrap_err();
        assert_eq!((faults.len(), faults[0].field.as_str()), (1, "age"));
        let missing = Outlier { of: "age".into(), low: None, high: None, missing: true };
        assert!(missing.holds(None) && !missing.holds(Some(1e300)));
    }

    #[test]
    fn a_date_is_read_as_the_cast_read_it_and_never_taken_for_a_number() {
        let kind = FieldKind::Number { min: 18_000.0, max: 19_000.0, integer: true };
        let treatment = Treatment { date: true, ..Treatment::default() };
        let field = Field { treatment, ..Field::new("opened", kind, false) };
        for sent in [
            json!("2021-08-19"),
            json!("2021年8月19日"),
            json!("20210819"),
            json!(20_210_819),
            json!(18_858),
        ] {
            assert_eq!(value(&field, &sent).unwrap(), 18_858.0, "{sent}");
        }
        for sent in
            [json!("soon"), json!("18858"), json!(20_211_399), json!(1.5), json!(true), json!("")]
        {
            assert_eq!(value(&field, &sent).unwrap_err().code(), "runtime-field-date", "{sent}");
        }
    }

    #[test]
    fn a_number_or_its_text_stands_for_an_interval() {
        let values: Vec<String> = vec!["[20, 30)".into(), "[30, 40)".into()];
        let kind = FieldKind::Category { values };
        let field = Field::new("age", kind, false);
        for sent in [json!(34), json!("34"), json!("[30, 40)")] {
            assert_eq!(value(&field, &sent).unwrap(), 1.0, "{sent}");
        }
        for sent in [json!(40), json!("40"), json!("[40, 50)"), json!("")] {
            assert_eq!(
                value(&field, &sent).unwrap_err().code(),
                "runtime-field-category",
                "{sent}"
            );
        }
    }

    #[test]
    fn every_fault_is_told_at_once() {
        assert_eq!(
            encode(&json!({"age": "40", "job": "医生", "extra": 1})).unwrap_err(),
            [
                ("age".into(), "runtime-field-type"),
                ("job".into(), "runtime-field-category"),
                ("owner".into(), "runtime-field-missing"),
                ("extra".into(), "runtime-field-unknown"),
            ]
        );
        assert_eq!(
            encode(&json!({"age": null, "job": 1, "owner": 1})).unwrap_err(),
            [
                ("age".into(), "runtime-field-null"),
                ("job".into(), "runtime-field-type"),
                ("owner".into(), "runtime-field-type"),
            ]
        );
    }

    #[test]
    fn a_fault_does_not_quote_the_value() {
        let mut out = Vec::new();
        let object = json!({"age": 1, "job": "CANARY", "owner": null});
        let faults = row(&signature(), object.as_object().unwrap(), &mut out).unwrap_err();
        for lang in [Lang::En, Lang::Zh] {
            let text = faults[0].fault.render(lang) + &faults[0].fault.hint(lang).unwrap();
            assert!(!text.contains("CANARY") && text.contains("工人"), "{text}");
        }
    }
}

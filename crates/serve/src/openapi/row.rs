//! A row that a model takes, as a schema, and one that it accepts.

use crate::model::{Model, classes};
use ingot_base::{Field, FieldKind, day};
use serde_json::{Map, Value, json};

/// The schema of a row.
pub(super) fn row(model: &Model) -> Value {
    let signature = model.signature();
    let mut properties = Map::new();
    for field in &signature.inputs {
        properties.insert(field.name.clone(), property(field));
    }
    // A flag of outliers is found from the column that it is about.
    let given = signature.inputs.iter().filter(|field| field.outlier.is_none());
    let required: Vec<&str> = given.map(|field| field.name.as_str()).collect();
    let labels = classes(&signature.output).join(", ");
    json!({
        "title": format!("{} {}", model.name, model.version),
        "description": format!("A row for `{}`, which answers `{}`{}{}.", model.name, signature.output.target(),
            if labels.is_empty() { "" } else { ": " }, labels),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        "examples": [row_example(model)],
    })
}

/// The schema of one value.
pub(super) fn property(field: &Field) -> Value {
    let (mut property, null) = match &field.kind {
        FieldKind::Number { min, max, .. } if field.treatment.date => (date(*min, *max), false),
        FieldKind::Number { min, max, integer } => {
            let whole = if *integer { ", whole numbers" } else { "" };
            let description = format!("Seen in training: {min} to {max}{whole}.");
            let seen = json!({ "min": min, "max": max, "integer": integer });
            (json!({ "type": "number", "description": description, "x-seen": seen }), false)
        }
        FieldKind::Category { values } => {
            let mut known: Vec<Value> = values.iter().map(|value| json!(value)).collect();
            if field.nullable {
                known.push(Value::Null);
            }
            let ranges = ingot_runtime::interval::ranges(values);
            if ranges.is_empty() {
                (json!({ "type": "string", "enum": known }), true)
            } else {
                let numbers = ranges.iter().map(|(low, high)| {
                    json!({ "type": "number", "minimum": low, "exclusiveMaximum": high })
                });
                let forms: Vec<Value> =
                    std::iter::once(json!({ "enum": known })).chain(numbers).collect();
                let description = "An interval, or a number that one of the intervals holds.";
                (json!({ "anyOf": forms, "description": description }), true)
            }
        }
        FieldKind::Boolean => (boolean(field), false),
        FieldKind::Image { width, height } => {
            let description = format!(
                "A JPEG, PNG or WebP file in base64; the model sees it at {width} × {height} pixels."
            );
            let property = json!({ "type": "string", "contentEncoding": "base64",
                "contentMediaType": "image/png", "description": description });
            (property, false)
        }
        FieldKind::Text { tokens } => {
            let description = format!(
                "A text of up to {tokens} tokens, about three quarters as many English words."
            );
            (json!({ "type": "string", "pattern": "\\S", "description": description }), false)
        }
    };
    if let Some(property) = property.as_object_mut() {
        if field.nullable
            && let Some(kind) = property.get("type").cloned()
        {
            let mut kinds = match kind {
                Value::Array(kinds) => kinds,
                kind => vec![kind],
            };
            kinds.push("null".into());
            property.insert("type".into(), kinds.into());
        }
        if let Some(title) = &field.title {
            property.insert("title".into(), format!("{} · {}", title.en, title.zh).into());
        }
        if !null || !field.nullable {
            property.insert("examples".into(), json!([value_example(field)]));
        }
    }
    property
}

/// True or false; of a flag of outliers, what it is found from where it is not sent.
fn boolean(field: &Field) -> Value {
    let Some(outlier) = &field.outlier else { return json!({ "type": "boolean" }) };
    let description =
        format!("Whether `{}` is outlying. Left out or null, it is found from that.", outlier.of);
    json!({ "type": ["boolean", "null"], "description": description })
}

/// A date whose column went into training as days since 1970; `min` and `max` are the first and the last that training saw.
fn date(min: f64, max: f64) -> Value {
    let (first, last) = (day::iso(min), day::iso(max));
    let description = format!(
        "A date, as `2021-08-19`; `2021/8/19`, `2021年8月19日` and 20210819 are read too. Another whole number counts days since \
         1970-01-01. Seen in training: {first} to {last}."
    );
    let seen = json!({ "min": min, "max": max, "integer": true });
    json!({ "type": ["string", "integer"], "format": "date", "description": description, "x-seen": seen })
}

/// A row that the model accepts.
pub(super) fn row_example(model: &Model) -> Value {
    let fields = &model.signature().inputs;
    fields
        .iter()
        .filter(|field| field.outlier.is_none())
        .map(|field| (field.name.clone(), value_example(field)))
        .collect::<Map<_, _>>()
        .into()
}

/// A picture of one grey pixel, as a PNG file in base64.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

/// A value that a field accepts.
pub(super) fn value_example(field: &Field) -> Value {
    match &field.kind {
        FieldKind::Number { min, max, .. } if field.treatment.date => {
            json!(day::iso(f64::midpoint(*min, *max)))
        }
        FieldKind::Number { min, max, integer } => {
            let middle = f64::midpoint(*min, *max);
            if *integer { json!(middle.round()) } else { json!((middle * 100.0).round() / 100.0) }
        }
        FieldKind::Category { values } => values.first().map_or(Value::Null, |value| json!(value)),
        FieldKind::Boolean => json!(true),
        FieldKind::Image { .. } => json!(PIXEL),
        FieldKind::Text { .. } => json!("The delivery was late, but the staff were kind."),
    }
}

//! The JSON Schema (draft 2020-12) of the recipe, read off the description of the language.

use crate::check::default;
use crate::language::{
    BACKBONES, Bounds, Choice, DATE_PARTS, Edge, Form, Key, LEVEL_FILE, LEVELS, List, OWN, PREFIX,
    Presence, RECIPE, Shape, Table, WIDTH,
};
use crate::{bech32, duration, forms};
use serde_json::{Map, Value, json};

/// The recipe's JSON Schema, for editors and other tools. What one key alone can be wrong about is in it; rules over
/// several settings are the parser's alone.
pub fn json_schema() -> Value {
    let mut schema = table(&RECIPE);
    schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".into(), json!("Ingot recipe"));
    schema.insert(
        "description".into(),
        json!("ingot.toml: from raw data to a sealed model.\ningot.toml：从原始数据到封装模型。"),
    );
    Value::Object(schema)
}

fn table(table: &Table) -> Map<String, Value> {
    let here = || table.keys.iter().filter(|key| key.is_here());
    let properties: Map<String, Value> =
        here().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> = here()
        .filter(|key| matches!(key.presence, Presence::Required))
        .map(|key| key.name)
        .collect();
    let mut schema = Map::new();
    schema.insert("type".into(), json!("object"));
    schema.insert("properties".into(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".into(), json!(required));
    }
    schema.insert("additionalProperties".into(), json!(false));
    schema
}

fn property(key: &Key) -> Value {
    let mut schema = shape(&key.shape);
    schema.insert("description".into(), json!(format!("{}\n{}", key.doc.en, key.doc.zh)));
    if let Some(value) = default(key) {
        schema.insert("default".into(), value);
    }
    Value::Object(schema)
}

fn shape(shape: &Shape) -> Map<String, Value> {
    let schema = match shape {
        Shape::Text(form) => text(*form),
        Shape::Scalar => json!({ "type": ["string", "number", "boolean"] }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::True => json!({ "const": true }),
        Shape::Integer(low, high) if *high == i64::MAX => {
            json!({ "type": "integer", "minimum": low })
        }
        Shape::Integer(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Shape::Number(bounds) => number(bounds),
        Shape::Choice(choices) => words(choices),
        // TOML's own dates have no JSON form; tools pass them as text.
        Shape::Date => {
            json!({ "type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" })
        }
        Shape::List(list) => items(list),
        Shape::Table(inner) | Shape::Parameters(inner) => return table(inner),
        Shape::Map(map) => json!({
            "type": "object",
            "propertyNames": Value::Object(shape_of_name(map.key)),
            "additionalProperties": Value::Object(self::shape(&map.of)),
        }),
        Shape::Backbone => json!({ "anyOf": [words(BACKBONES), Value::Object(table(&OWN))] }),
        Shape::Generalization => json!({
            "anyOf": [
                words(DATE_PARTS), Value::Object(table(&WIDTH)), Value::Object(table(&PREFIX)),
                Value::Object(table(&LEVEL_FILE)), Value::Object(table(&LEVELS)),
            ],
        }),
    };
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

fn shape_of_name(form: Form) -> Map<String, Value> {
    match text(form) {
        Value::Object(mut schema) => {
            schema.remove("type");
            schema
        }
        _ => Map::new(),
    }
}

fn words(choices: &[Choice]) -> Value {
    let here: Vec<&str> =
        choices.iter().filter(|choice| !choice.later).map(|choice| choice.value).collect();
    json!({ "enum": here })
}

fn items(list: &List) -> Value {
    let mut schema = Map::new();
    schema.insert("type".into(), json!("array"));
    schema.insert("items".into(), Value::Object(shape(&list.of)));
    if list.least > 0 {
        schema.insert("minItems".into(), json!(list.least));
    }
    if list.distinct {
        schema.insert("uniqueItems".into(), json!(true));
    }
    Value::Object(schema)
}

fn number(bounds: &Bounds) -> Value {
    let mut schema = Map::new();
    schema.insert("type".into(), json!("number"));
    if let Some((low, edge)) = bounds.low {
        schema.insert(
            if edge == Edge::In { "minimum" } else { "exclusiveMinimum" }.into(),
            json!(low),
        );
    }
    if let Some((high, edge)) = bounds.high {
        schema.insert(
            if edge == Edge::In { "maximum" } else { "exclusiveMaximum" }.into(),
            json!(high),
        );
    }
    Value::Object(schema)
}

fn text(form: Form) -> Value {
    match form {
        Form::Cell => json!({ "type": "string" }),
        Form::Any | Form::Uri | Form::Listen | Form::Address => {
            json!({ "type": "string", "minLength": 1 })
        }
        Form::Name => json!({ "type": "string", "minLength": 1, "maxLength": forms::NAME_LENGTH }),
        Form::Column | Form::NewColumn => json!({
            "type": "string", "minLength": 1, "maxLength": forms::NAME_LENGTH, "not": { "enum": forms::RESERVED },
        }),
        Form::ProjectName => json!({ "type": "string", "pattern": forms::PROJECT_NAME }),
        Form::Version => json!({ "type": "string", "pattern": forms::VERSION }),
        Form::Pattern => json!({ "type": "string", "minLength": 1, "format": "regex" }),
        Form::Duration(..) => {
            json!({ "type": "string", "minLength": 2, "pattern": duration::PATTERN })
        }
        Form::Recipient => {
            json!({ "type": "string", "pattern": format!("^age1[02-9ac-hj-np-z]{{{}}}$", bech32::DATA) })
        }
        Form::Character => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
    }
}

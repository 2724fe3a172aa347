//! Keywords of JSON Schemas that say nothing of the values.

use serde_json::Value;

/// Notes, and what answers keep anyhow.
const NOTES: [&str; 24] = [
    "$anchor",
    "$comment",
    "$defs",
    "$dynamicAnchor",
    "$id",
    "$recursiveAnchor",
    "$schema",
    "$vocabulary",
    "additionalItems",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "discriminator",
    "example",
    "examples",
    "externalDocs",
    "nullable",
    "readOnly",
    "title",
    "writeOnly",
];

/// Whether a keyword of a JSON Schema says nothing of values: a note, a client's own word, or what is switched off.
pub fn is_note(keyword: &str, value: &Value) -> bool {
    keyword.starts_with("x-")
        || NOTES.contains(&keyword)
        || keyword == "uniqueItems" && value == &Value::Bool(false)
}

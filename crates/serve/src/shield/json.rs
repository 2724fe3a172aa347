//! Personal data in JSON: looked for value by value, and replaced so that what was valid stays valid.

use super::masked;
use crate::openai::order;
use ingot_privacy::detect::{Detector, Finding};
use serde_json::Value;

/// Schemas within schemas at most.
const DEEP: usize = 64;

/// Members of a schema that say nothing of a text in a document.
const SILENT: [&str; 21] = [
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "additionalItems",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxProperties",
    "maximum",
    "minItems",
    "minProperties",
    "minimum",
    "multipleOf",
    "required",
    "title",
];

/// A document that was looked at.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// The document with its findings replaced; order and spaces stay.
    pub(super) text: String,
    pub(super) found: Vec<Finding>,
    /// The name of a member holds some, and names are not replaced.
    pub(super) named: bool,
}

/// Looks at every text and number of a valid document, each behind its member's name if that may tell what it is. A finding in a
/// text is replaced within it, a number as a whole by a text.
pub(super) fn look(detector: &Detector, document: &str, behind_names: bool) -> Looked {
    let mut looked = Looked::default();
    let mut name = String::new();
    let mut rest = document;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => order::string(rest),
            '-' | '0'..='9' => rest.find(|letter: char| !is_of_number(letter)),
            other => Some(other.len_utf8()),
        };
        let (token, after) =
            length.and_then(|length| rest.split_at_checked(length)).unwrap_or((rest, ""));
        rest = after;
        let text = match first {
            '"' => serde_json::from_str::<String>(token).ok(),
            '-' | '0'..='9' => Some(token.to_owned()),
            _ => None,
        };
        let Some(text) = text else {
            looked.text.push_str(token);
            continue;
        };
        if first == '"' && after.trim_start().starts_with(':') {
            let found = detector.detect(&text);
            looked.named |= !found.is_empty();
            looked.found.extend(found);
            looked.text.push_str(token);
            name = text;
            continue;
        }
        let label = if behind_names { format!("{name}: ") } else { String::new() };
        let found = behind(detector, &label, &text);
        if found.is_empty() {
            looked.text.push_str(token);
        } else {
            let told = if first == '"' { masked(&text, &found) } else { whole(&found) };
            looked.text.push_str(&Value::from(told).to_string());
            looked.found.extend(found);
        }
    }
    looked
}

const fn is_of_number(letter: char) -> bool {
    matches!(letter, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')
}

/// What stands for a number: the type of what it is.
fn whole(found: &[Finding]) -> String {
    let name = found.first().map(|finding| finding.kind.name().to_uppercase());
    format!("<{}>", name.unwrap_or_default())
}

/// Findings of a text, with what stands before it to tell what it is; findings in that are dropped. Places are counted in the text.
pub(super) fn behind(detector: &Detector, before: &str, text: &str) -> Vec<Finding> {
    let skipped = before.chars().count();
    let mut found = detector.detect(&format!("{before}{text}"));
    found.retain(|finding| finding.end > skipped);
    for finding in &mut found {
        finding.start = finding.start.saturating_sub(skipped);
        finding.end -= skipped;
    }
    found
}

/// Whether a document that is of a schema still is with some of its texts replaced and some numbers turned to texts. What is not
/// understood of a schema is taken as a no.
pub(super) fn keeps(schema: &Value, old: &Value, new: &Value) -> bool {
    within(schema, schema, (old, new), 0)
}

fn within(root: &Value, schema: &Value, (old, new): (&Value, &Value), depth: usize) -> bool {
    if old == new {
        return true;
    }
    let Some(rules) = schema.as_object() else { return schema == &Value::Bool(true) };
    let next = |schema: &Value, pair| depth < DEEP && within(root, schema, pair, depth + 1);
    let each = |schemas: &Value| schemas.as_array().cloned().unwrap_or_default();
    rules.iter().all(|(rule, told)| match rule.as_str() {
        "type" => is_of(told, new),
        "$ref" => {
            let named = told.as_str().and_then(|path| root.pointer(path.strip_prefix('#')?));
            named.is_some_and(|schema| next(schema, (old, new)))
        }
        "anyOf" | "oneOf" => each(told).iter().any(|schema| next(schema, (old, new))),
        "allOf" => each(told).iter().all(|schema| next(schema, (old, new))),
        "properties" => members(old, new)
            .all(|(name, old, new)| told.get(name).is_none_or(|schema| next(schema, (old, new)))),
        "additionalProperties" => members(old, new).all(|(name, old, new)| {
            let own = rules.get("properties").is_some_and(|own| own.get(name).is_some());
            own || next(told, (old, new))
        }),
        "items" => {
            let (old, new) = (old.as_array(), new.as_array());
            let mut pairs = old.into_iter().flatten().zip(new.into_iter().flatten());
            pairs.all(|pair| next(told, pair))
        }
        "minLength" => bound(told, new).is_none_or(|(bound, length)| length >= bound),
        "maxLength" => bound(told, new).is_none_or(|(bound, length)| length <= bound),
        silent => SILENT.contains(&silent),
    })
}

/// The members of two objects that differ in values only.
fn members<'a>(
    old: &'a Value,
    new: &'a Value,
) -> impl Iterator<Item = (&'a str, &'a Value, &'a Value)> {
    let pair =
        move |(name, old): (&'a String, &'a Value)| Some((name.as_str(), old, new.get(name)?));
    old.as_object().into_iter().flatten().filter_map(pair)
}

/// Whether a value that is a text, a list or an object is of a type, or of one of some.
fn is_of(types: &Value, value: &Value) -> bool {
    let own = match value {
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        _ => return false,
    };
    match types {
        Value::Array(types) => types.iter().any(|one| one == own),
        one => one == own,
    }
}

/// A bound on a text's length, and the length.
fn bound(told: &Value, value: &Value) -> Option<(u64, u64)> {
    Some((told.as_u64()?, value.as_str()?.chars().count() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_privacy::detect::DetectConfig;
    use serde_json::json;

    fn looked(document: &str) -> Looked {
        look(&Detector::new(DetectConfig::default()).unwrap(), document, true)
    }

    #[test]
    fn what_is_found_is_replaced_within_its_text() {
        let document =
            r#"{ "b": "Call 13812345678 \"now\"", "a": [13812345678, 1.5e3, null, true] }"#;
        let found = looked(document);
        assert_eq!(
            found.text,
            r#"{ "b": "Call <PHONE> \"now\"", "a": ["<PHONE>", 1.5e3, null, true] }"#
        );
        assert_eq!((found.found.len(), found.named), (2, false));
        assert_eq!(looked("[\"你好\", 7]").text, "[\"你好\", 7]");
        assert!(looked(r#"{"13812345678": 1}"#).named);
        // The member's name tells what the number is.
        assert_eq!(looked(r#"{"qq":"123456789"}"#).text, r#"{"qq":"<QQ>"}"#);
    }

    #[test]
    fn a_schema_says_where_a_text_may_stand() {
        let old = json!({ "phone": 13_812_345_678_u64, "said": "13812345678" });
        let new = json!({ "phone": "<PHONE>", "said": "<PHONE>" });
        let said = json!({ "phone": 13_812_345_678_u64, "said": "<PHONE>" });
        let schema = |phone: Value, said: Value| json!({ "type": "object", "properties": { "phone": phone, "said": said } });
        let (number, text) = (json!({ "type": "number" }), json!({ "type": "string" }));
        assert!(keeps(&json!({ "type": "object" }), &old, &new));
        assert!(!keeps(&schema(number.clone(), text.clone()), &old, &new));
        assert!(keeps(&schema(number.clone(), text.clone()), &old, &said));
        assert!(keeps(&schema(json!({ "type": ["integer", "string"] }), text.clone()), &old, &new));
        assert!(keeps(&schema(json!({ "anyOf": [number, text] }), json!(true)), &old, &new));
        for strict in [
            json!({ "type": "string", "pattern": "^1" }),
            json!({ "enum": ["13812345678"] }),
            json!({ "type": "string", "maxLength": 3 }),
            json!({ "$ref": "#/$defs/none" }),
        ] {
            assert!(!keeps(&schema(json!(true), strict.clone()), &old, &said), "{strict}");
        }
        let listed =
            json!({ "$defs": { "t": { "type": "string" } }, "items": { "$ref": "#/$defs/t" } });
        assert!(keeps(&listed, &json!(["a", "b"]), &json!(["a", "c"])));
    }
}

//! Personal data in JSON: looked for value by value, and replaced so that what was valid stays valid.

use super::masked;
use ingot_base::Result;
use ingot_privacy::detect::{Detector, Finding};
use ingot_privacy::json::{self as walk, Step, Visitor};
use ingot_runtime::generate::is_note;
use serde_json::{Map, Value};
use std::cell::Cell;

/// Schemas within schemas at most.
const DEEP: usize = 64;

/// Work that one look at a schema may take: branches within branches are tried again and again.
const WORK: usize = 100_000;

/// Members that no text breaks, though another value may.
const BOUNDS: [&str; 9] = [
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxProperties",
    "maximum",
    "minItems",
    "minProperties",
    "minimum",
    "multipleOf",
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
    let mut look = Look { detector, behind_names, found: Vec::new(), named: false };
    let text = walk::record(document, &mut look).unwrap_or_else(|_| {
        // Of what is no document nothing can be replaced.
        look.named = true;
        look.found = detector.detect(document);
        document.to_owned()
    });
    Looked { text, found: look.found, named: look.named }
}

/// Looks for personal data, part by part.
struct Look<'a> {
    detector: &'a Detector,
    behind_names: bool,
    found: Vec<Finding>,
    named: bool,
}

impl Look<'_> {
    /// Findings of a value, behind the name that it stands under.
    fn value(&mut self, path: &[Step], text: &str) -> Vec<Finding> {
        let name = walk::title(path).filter(|_| self.behind_names);
        let label = name.map_or_else(String::new, |name| format!("{name}: "));
        let found = behind(self.detector, &label, text);
        self.found.extend(found.iter().cloned());
        found
    }
}

impl Visitor for Look<'_> {
    fn record(&mut self) {}

    fn key(&mut self, path: &mut [Step]) -> Result<Option<String>> {
        if let Some(Step::Key { name, .. }) = path.last() {
            let found = self.detector.detect(name);
            self.named |= !found.is_empty();
            self.found.extend(found);
        }
        Ok(None)
    }

    fn text(&mut self, path: &[Step], text: &str) -> Result<Option<String>> {
        let found = self.value(path, text);
        Ok((!found.is_empty()).then(|| masked(text, &found)))
    }

    fn number(&mut self, path: &[Step], digits: &str) -> Result<Option<String>> {
        let found = self.value(path, digits);
        Ok((!found.is_empty()).then(|| whole(&found)))
    }
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
/// understood of a schema is taken as a no, and so is what takes too much work.
pub(super) fn keeps(schema: &Value, old: &Value, new: &Value) -> bool {
    Schema { root: schema, left: Cell::new(WORK) }.within(schema, (old, new), 0)
}

/// A schema that values are looked at with.
struct Schema<'s> {
    root: &'s Value,
    /// Work that is left.
    left: Cell<usize>,
}

impl Schema<'_> {
    /// Whether there is work left; takes some of it.
    fn goes_on(&self) -> bool {
        self.left.set(self.left.get().saturating_sub(1));
        self.left.get() > 0
    }

    fn within(&self, schema: &Value, (old, new): (&Value, &Value), depth: usize) -> bool {
        if old == new {
            return true;
        }
        let Some(rules) = schema.as_object() else { return schema == &Value::Bool(true) };
        let next = |schema: &Value, pair| depth < DEEP && self.within(schema, pair, depth + 1);
        self.goes_on()
            && rules.iter().all(|(rule, told)| match rule.as_str() {
                "type" => is_of(told, new),
                "$ref" => self.pointed(told).is_some_and(|schema| next(schema, (old, new))),
                "anyOf" | "oneOf" => {
                    // What did not change is of the branch that the old value was of, and perhaps of no other.
                    let may_be = |schema: &&Value| self.of(schema, old, false, depth + 1);
                    let mut own = each(told).filter(may_be).peekable();
                    own.peek().is_some() && own.all(|schema| next(schema, (old, new)))
                        || each(told).any(|schema| self.of(schema, new, true, depth + 1))
                }
                "allOf" => each(told).all(|schema| next(schema, (old, new))),
                "properties" => members(old, new).all(|(name, old, new)| {
                    told.get(name).is_none_or(|schema| next(schema, (old, new)))
                }),
                "additionalProperties" => members(old, new)
                    .all(|(name, old, new)| is_own(rules, name) || next(told, (old, new))),
                "items" => {
                    let (old, new) = (old.as_array(), new.as_array());
                    let mut pairs = old.into_iter().flatten().zip(new.into_iter().flatten());
                    pairs.all(|pair| next(told, pair))
                }
                "minLength" => bound(told, new).is_none_or(|(bound, length)| length >= bound),
                "maxLength" => bound(told, new).is_none_or(|(bound, length)| length <= bound),
                // Names stay as they are.
                "required" => true,
                other => is_note(other, told) || BOUNDS.contains(&other),
            })
    }

    /// Whether a value is of a schema, `surely` or only as far as is understood of it.
    fn of(&self, schema: &Value, value: &Value, surely: bool, depth: usize) -> bool {
        let rules = match schema {
            Value::Bool(any) => return *any,
            Value::Object(rules) if depth < DEEP && self.goes_on() => rules,
            _ => return !surely,
        };
        let next = |schema: &Value, value: &Value| self.of(schema, value, surely, depth + 1);
        let members = || value.as_object().into_iter().flatten();
        rules.iter().all(|(rule, told)| match rule.as_str() {
            "type" => is_of(told, value),
            "const" => told == value,
            "enum" => each(told).any(|one| one == value),
            "required" => value.as_object().is_none_or(|there| {
                each(told).filter_map(Value::as_str).all(|name| there.contains_key(name))
            }),
            "$ref" => self.pointed(told).map_or(!surely, |schema| next(schema, value)),
            "anyOf" | "oneOf" => each(told).any(|schema| next(schema, value)),
            "allOf" => each(told).all(|schema| next(schema, value)),
            "properties" => members()
                .all(|(name, value)| told.get(name).is_none_or(|schema| next(schema, value))),
            "additionalProperties" => {
                members().all(|(name, value)| is_own(rules, name) || next(told, value))
            }
            "items" => value.as_array().into_iter().flatten().all(|item| next(told, item)),
            "minLength" => bound(told, value).is_none_or(|(bound, length)| length >= bound),
            "maxLength" => bound(told, value).is_none_or(|(bound, length)| length <= bound),
            // They say nothing of texts, and are not understood of anything else.
            bounds if BOUNDS.contains(&bounds) => !surely || value.is_string(),
            other => !surely || is_note(other, told),
        })
    }

    /// Where a reference leads.
    fn pointed(&self, reference: &Value) -> Option<&Value> {
        self.root.pointer(reference.as_str()?.strip_prefix('#')?)
    }
}

/// The items of a list.
fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// Whether a member is among the properties that a schema names.
fn is_own(rules: &Map<String, Value>, name: &str) -> bool {
    rules.get("properties").is_some_and(|own| own.get(name).is_some())
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

/// Whether a value is of a type, or of one of some.
fn is_of(types: &Value, value: &Value) -> bool {
    let own = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let whole =
        value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0);
    let is = |one: &Value| one == own || whole && one == "integer";
    match types {
        Value::Array(types) => types.iter().any(is),
        one => is(one),
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
        assert_eq!(looked(r#"{"qq":[123456789]}"#).text, r#"{"qq":["<QQ>"]}"#);
        // That of a member before it does not.
        assert!(!looked(r#"[{"qq":"x"},123456789]"#).text.contains("QQ"));
        // What is no document counts as what cannot be masked.
        let broken = looked("{13812345678");
        assert!(broken.named && !broken.found.is_empty());
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

    #[test]
    fn a_union_keeps_the_branch_that_its_value_is_of() {
        let branch = |kind: &str, phone: Value| {
            json!({ "type": "object", "required": ["kind"], "properties": {
                "kind": { "const": kind }, "phone": phone, "note": { "type": ["string", "null"] } } })
        };
        let (number, text) = (json!({ "type": "integer" }), json!({ "type": "string" }));
        let branches = json!([branch("a", number), branch("b", text)]);
        let said = |kind: &str, phone: Value| json!({ "kind": kind, "phone": phone, "note": null });
        for union in [
            json!({ "anyOf": branches }),
            json!({ "oneOf": [{ "$ref": "#/$defs/0" }, { "$ref": "#/$defs/1" }], "$defs": branches }),
        ] {
            // Only the other branch has a text there.
            let (old, new) = (said("a", json!(13_812_345_678_u64)), said("a", json!("<PHONE>")));
            assert!(!keeps(&union, &old, &new), "{union}");
            let (old, new) = (said("b", json!("13812345678")), said("b", json!("<PHONE>")));
            assert!(keeps(&union, &old, &new), "{union}");
        }
        // Where either branch may be meant, both must be kept.
        let short = json!({ "type": "string", "maxLength": 11 });
        let long = json!({ "type": "string", "pattern": "^1[0-9]+$" });
        let (old, new) = (json!("13812345678"), json!("<PHONE>"));
        assert!(keeps(&json!({ "anyOf": [short, { "type": "null" }] }), &old, &new));
        assert!(!keeps(&json!({ "anyOf": [long, { "type": "null" }] }), &old, &new));
    }

    /// Every branch at every level would be tried: 10^30 looks.
    #[test]
    fn a_schema_that_takes_too_much_work_keeps_nothing() {
        let kinds = |kind: usize| {
            json!({ "type": "object", "required": ["kind", "args"], "properties": {
                "args": { "type": "array", "items": { "$ref": "#/$defs/node" } },
                "kind": { "const": kind.to_string() } } })
        };
        let mut branches: Vec<Value> = (0..7).map(kinds).collect();
        branches.push(json!({ "type": "string" }));
        let schema = json!({ "$ref": "#/$defs/node", "$defs": { "node": { "anyOf": branches } } });
        let tree = |depth: usize, leaf: &str| {
            (0..depth).fold(json!(leaf), |inner, _| json!({ "kind": "6", "args": [inner, "x"] }))
        };
        let (old, new) = (tree(2, "13812345678"), tree(2, "<PHONE>"));
        assert!(keeps(&schema, &old, &new));
        let (old, new) = (tree(30, "13812345678"), tree(30, "<PHONE>"));
        assert!(!keeps(&schema, &old, &new));
    }

    #[test]
    fn notes_of_a_schema_are_no_rules() {
        let schema =
            json!({ "type": "string", "x-own": 1, "readOnly": true, "uniqueItems": false });
        assert!(keeps(&schema, &json!("13812345678"), &json!("<PHONE>")));
        let schema = json!({ "type": "string", "pattern": "^1[0-9]+$" });
        assert!(!keeps(&schema, &json!("13812345678"), &json!("<PHONE>")));
    }
}

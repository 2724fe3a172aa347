//! JSON Schemas for answers, checked before they become grammars. They come from clients: size and depth are bounded, and what a grammar
//! cannot say is refused by its name, for an answer that breaks it would look as if it kept it.

mod pattern;
mod said;

use super::Told;
use crate::messages::FORM_INVALID;
use ingot_base::{Fault, Result, Text};
use said::Said;
use serde_json::{Map, Value};

/// Bytes of a schema at most.
const LONGEST: usize = 64 << 10;
/// Values within values, at most.
const DEEPEST: usize = 64;
/// Properties of one object, and of all.
const PROPERTIES: usize = 128;
const ALL_PROPERTIES: usize = 512;
/// Characters of a property's name: where others may come too, the grammar goes as deep as the name is long.
const NAME: usize = 48;
/// Values of one `enum`.
const CHOICES: usize = 1024;
/// References.
const REFERENCES: usize = 128;
/// Values of the whole schema; those under a list of types count once for each.
const VALUES: usize = 16_384;

type Found<T = ()> = std::result::Result<T, Text>;

/// A schema that cannot be used, and why.
pub(crate) fn invalid(detail: Text) -> Fault {
    Fault::new(&FORM_INVALID).arg("what", "JSON Schema").words("detail", detail)
}

/// A reason that has no numbers or names of its own.
fn told<T>((english, chinese): Told) -> Found<T> {
    Err(Text::new(english, chinese))
}

/// Whether a schema is one that a grammar can say, and small enough.
///
/// # Errors
/// Says which keyword or bound is in the way.
pub(crate) fn check(text: &str) -> Result<()> {
    if text.len() > LONGEST {
        return Err(invalid(Text::new("it is too long", "内容过长")));
    }
    let schema: Value = serde_json::from_str(text)
        .map_err(|_| invalid(Text::new("it is no JSON", "不是有效的 JSON")))?;
    let mut sizes = Sizes::default();
    sizes.value(&schema, 0, 1).map_err(invalid)?;
    Said::new(&schema).schema(&schema).map_err(invalid)
}

/// What was counted so far.
#[derive(Default)]
struct Sizes {
    values: usize,
    properties: usize,
    references: usize,
}

impl Sizes {
    /// Counts a value and all within it, whatever it means: a reference can make a schema of any.
    fn value(&mut self, value: &Value, depth: usize, times: usize) -> Found {
        if depth > DEEPEST {
            return Err(Text::new(
                format!("it has more than {DEEPEST} levels"),
                format!("嵌套超过 {DEEPEST} 层"),
            ));
        }
        self.values = self.values.saturating_add(times);
        if self.values > VALUES {
            return told(("it is too large", "规模过大"));
        }
        match value {
            Value::Array(items) => {
                items.iter().try_for_each(|item| self.value(item, depth + 1, times))
            }
            Value::Object(members) => self.object(members, depth, times),
            _ => Ok(()),
        }
    }

    fn object(&mut self, members: &Map<String, Value>, depth: usize, times: usize) -> Found {
        let types = members.get("type").and_then(Value::as_array).map_or(1, Vec::len);
        let times = times.saturating_mul(types.max(1));
        if let Some(Value::Object(properties)) = members.get("properties") {
            self.properties += properties.len();
            if properties.len() > PROPERTIES || self.properties > ALL_PROPERTIES {
                return Err(Text::new(
                    format!(
                        "`properties` may be {PROPERTIES} in one object and {ALL_PROPERTIES} in all"
                    ),
                    format!(
                        "`properties` 每个对象最多 {PROPERTIES} 个，总共最多 {ALL_PROPERTIES} 个"
                    ),
                ));
            }
            if properties.keys().any(|name| name.chars().count() > NAME) {
                return Err(Text::new(
                    format!("a name in `properties` has more than {NAME} characters"),
                    format!("`properties` 中某个名称超过 {NAME} 个字符"),
                ));
            }
        }
        let choices = members.get("enum").and_then(Value::as_array).map_or(0, Vec::len);
        if choices > CHOICES {
            return Err(Text::new(
                format!("an `enum` has more than {CHOICES} values"),
                format!("某个 `enum` 的取值超过 {CHOICES} 个"),
            ));
        }
        self.references += usize::from(members.contains_key("$ref"));
        if self.references > REFERENCES {
            return Err(Text::new(
                format!("it has more than {REFERENCES} `$ref`"),
                format!("`$ref` 超过 {REFERENCES} 个"),
            ));
        }
        members.values().try_for_each(|value| self.value(value, depth + 1, times))
    }
}

/// What a grammar of a schema says of texts, held to what JSON has: a negated set of letters would have quotation marks, backslashes and
/// control characters.
pub(crate) fn in_texts(grammar: &str) -> String {
    let mut held = String::with_capacity(grammar.len() + 64);
    let (mut literal, mut set, mut escaped) = (false, false, false);
    let mut letters = grammar.chars().peekable();
    while let Some(letter) = letters.next() {
        held.push(letter);
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' if !set => literal = !literal,
            '[' if !literal && !set => {
                set = true;
                if letters.next_if_eq(&'^').is_some() {
                    held.push_str("^\"\\\\\\x7F\\x00-\\x1F");
                }
            }
            ']' if set => set = false,
            _ => {}
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(schema: &Value) -> String {
        check(&schema.to_string()).unwrap_err().to_string()
    }

    #[test]
    fn usual_schemas_pass() {
        let schema = json!({ "type": "object", "properties": {
            "city": { "type": "string", "maxLength": 20 }, "pattern": { "type": "integer", "minimum": 1 },
            "code": { "type": "string", "pattern": "^[A-Z]{2}-(?:(a|b)+|\\.)$" }, "not": { "$ref": "#/$defs/node" },
            "kind": { "enum": ["a", 1, null] } }, "required": ["city"], "additionalProperties": false,
            "$defs": { "node": { "anyOf": [{ "type": "null" }, { "type": "array", "items": { "$ref": "#/$defs/node" } }] } } });
        check(&schema.to_string()).unwrap();
        check("{}").unwrap();
    }

    #[test]
    fn what_cannot_be_said_is_refused_by_its_keyword() {
        let text = |rules: Value| {
            let mut schema = json!({ "type": "string" });
            schema.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
            schema
        };
        let object = |name: &str| json!({ "type": "object", "properties": { name: {} }, "required": [name] });
        for (keyword, schema) in [
            (
                "multipleOf",
                json!({ "properties": { "a": { "type": "integer", "multipleOf": 3 } } }),
            ),
            ("not", json!({ "items": { "not": { "type": "null" } } })),
            ("minimum", json!({ "anyOf": [{ "type": "number", "minimum": 0 }] })),
            ("minimum", json!({ "type": ["integer", "number"], "minimum": 0 })),
            ("minimum", json!({ "minimum": 5 })),
            ("minItems", json!({ "minItems": 2 })),
            ("uniqueItems", json!({ "type": "array", "uniqueItems": true })),
            ("unevaluatedItems", json!({ "x-own": 1, "unevaluatedItems": false })),
            ("if", json!({ "$ref": "#/$defs/0", "$defs": [{ "if": {} }] })),
            ("minimum", json!({ "type": "integer", "allOf": [{ "minimum": 3 }] })),
            ("allOf", json!({ "type": "integer", "allOf": [{ "type": "integer" }] })),
            ("allOf", json!({ "allOf": [{ "type": "integer" }] })),
            ("allOf", json!({ "allOf": [{ "anyOf": [object("a"), object("b")] }, object("c")] })),
            ("allOf", json!({ "allOf": [object("a"), object("a")] })),
            ("properties", json!({ "properties": { "z": {} }, "allOf": [object("a")] })),
            ("properties", json!({ "properties": { "k": {} }, "anyOf": [object("a")] })),
            ("required", json!({ "type": "object", "required": ["a"] })),
            ("required", json!({ "anyOf": [{ "required": ["a"] }] })),
            ("type", json!({ "type": "object", "anyOf": [object("a"), { "type": "null" }] })),
            ("oneOf", json!({ "oneOf": [{ "type": "integer" }, { "type": "number" }] })),
            ("oneOf", json!({ "oneOf": [object("a"), object("b")] })),
            (
                "minLength",
                json!({ "$ref": "#/$defs/s", "minLength": 2, "$defs": { "s": { "type": "string" } } }),
            ),
            ("enum", json!({ "anyOf": [{ "type": "integer" }], "enum": [1] })),
            ("type", text(json!({ "enum": ["a", 1] }))),
            ("type", text(json!({ "const": 5 }))),
            ("minLength", text(json!({ "enum": ["a", "bbb"], "minLength": 2 }))),
            ("minLength", text(json!({ "format": "uuid", "minLength": 40 }))),
            ("maxLength", text(json!({ "format": "uuid4", "maxLength": 10 }))),
            ("allOf", json!({ "type": ["object", "null"], "allOf": [object("a")] })),
            ("allOf", json!({ "allOf": [{ "enum": [1] }, { "enum": [2] }] })),
            ("maxLength", text(json!({ "pattern": "^a+$", "maxLength": 4 }))),
            ("minLength", text(json!({ "minLength": 5, "maxLength": 2 }))),
            ("exclusiveMinimum", json!({ "type": "integer", "minimum": 0, "exclusiveMinimum": 3 })),
            ("maximum", json!({ "type": "integer", "maximum": 1e30 })),
            ("exclusiveMinimum", json!({ "type": "integer", "exclusiveMinimum": true })),
            ("minItems", json!({ "type": "array", "minItems": 3, "maxItems": 1 })),
            (
                "minItems",
                json!({ "prefixItems": [{ "type": "integer" }], "minItems": 2, "maxItems": 3 }),
            ),
            ("items", json!({ "prefixItems": [{}], "items": { "type": "boolean" } })),
            ("type", json!({ "type": "objekt" })),
        ] {
            assert!(
                refused(&schema).contains(&format!("`{keyword}`")),
                "{schema}: {}",
                refused(&schema)
            );
        }
        for (told, schema) in [
            ("between", json!({ "type": "integer", "minimum": 10, "maximum": 3 })),
            ("empty", json!({ "properties": { "": {} } })),
            ("`true` or `false`", json!({ "properties": { "a": true } })),
            ("whole schema", json!({ "items": { "$ref": "#" } })),
            ("`~` or `%`", json!({ "items": { "$ref": "#/$defs/a~0b" }, "$defs": { "a~b": {} } })),
            (
                "differ only",
                json!({ "prefixItems": [{ "$ref": "#/$defs/a-b" }, { "$ref": "#/$defs/a_b" }],
                "$defs": { "a-b": {}, "a_b": { "type": "null" } } }),
            ),
        ] {
            assert!(refused(&schema).contains(told), "{schema}: {}", refused(&schema));
        }
        // A word of the client's own is not told again.
        let own = refused(&json!({ "items": { "minimun": 3 } }));
        assert!(own.contains("`x-`") && !own.contains("minimun"), "{own}");
    }

    #[test]
    fn references_lead_deep_and_the_work_has_room() {
        let deep = |last: Value| (0..60).fold(last, |inner, _| json!({ "items": inner }));
        let next = |at: usize| match at {
            99 => json!({ "type": "null" }),
            _ => json!({ "$ref": format!("#/$defs/d{}", at + 1) }),
        };
        let defs: Map<String, Value> =
            (0..100).map(|at| (format!("d{at}"), deep(next(at)))).collect();
        let schema = json!({ "$ref": "#/$defs/d0", "$defs": defs }).to_string();
        assert!(schema.len() < LONGEST);
        crate::deep::deep("test", 64 << 20, || check(&schema)).unwrap().unwrap();
    }

    #[test]
    fn patterns_that_no_grammar_says_are_refused() {
        let of = |pattern: &str| json!({ "type": "string", "pattern": pattern });
        for pattern in [
            "a",
            "^a",
            "^(?=a)a$",
            "^\\d+$",
            "^\\ba$",
            "^a$|^b$",
            "^(a$",
            "^a+?$",
            "^[a$",
            "^a{b}$",
            "^[\\d]$",
            "^\"q\"$",
            "^\\\"$",
            "^a\\\\b$",
            "^\\t$",
            "^[ -~]$",
            "^\\x22$",
            "^é{2}$",
            "^v\\.?1$",
            "^a\\.+$",
            "^\\.\\.?$",
            "^中+$",
            "^a**$",
            "^*$",
            "^(+)$",
            "^a|*$",
            "^[\"]$",
        ] {
            assert!(refused(&of(pattern)).contains("`pattern`"), "{pattern}");
        }
        for pattern in [
            "^$",
            "^..$",
            "^.{1,4}$",
            "^[^\"]{1,3}$",
            "^[^\\n]$",
            "^[一-龥]{2,3}$",
            "^(?:中)+$",
            "^[A-Z]{2}-(?:(a|b)+|\\.)?$",
            "^a[-x]$",
            "^[\\-a]$",
            "^[0-9]+\\.?$",
            "^\\.?a$",
            "^a(?:\\.)?$",
            "^[0-9a-f]*$",
        ] {
            assert!(
                check(&of(pattern).to_string()).is_ok(),
                "{pattern}: {}",
                refused(&of(pattern))
            );
        }
    }

    #[test]
    fn what_people_write_passes() {
        let kind = |name: &str| {
            json!({ "type": "object", "required": ["kind"], "additionalProperties": false,
            "properties": { "kind": { "const": name }, "note": { "type": ["string", "null"], "maxLength": 9 } } })
        };
        for schema in [
            json!({ "anyOf": [{ "type": "string" }, { "type": "null" }], "default": null, "title": "T" }),
            json!({ "oneOf": [kind("a"), kind("b")], "discriminator": { "propertyName": "kind" } }),
            json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }, { "type": "null" }] }),
            json!({ "type": "object", "oneOf": [kind("a"), kind("b")] }),
            json!({ "type": "array", "prefixItems": [{ "type": "integer" }, { "type": "string" }], "minItems": 2, "maxItems": 2 }),
            json!({ "allOf": [kind_of("a"), kind_of("b")] }),
            json!({ "allOf": [{ "$ref": "#/$defs/c" }], "$defs": { "c": { "enum": ["x", "y"] } } }),
            json!({ "type": "object", "additionalProperties": { "type": "integer" } }),
            json!({ "type": "string", "format": "email", "maxLength": 40 }),
            json!({ "type": "string", "format": "date" }),
            json!({ "type": ["integer", "null"], "minimum": 0, "exclusiveMaximum": 9 }),
            json!({ "type": "number", "enum": [1, 2.5] }),
            json!({ "type": "object", "properties": { "a": { "type": "string", "contentMediaType": "application/json", "contentSchema": {} } } }),
        ] {
            assert!(check(&schema.to_string()).is_ok(), "{}", refused(&schema));
        }
    }

    fn kind_of(name: &str) -> Value {
        json!({ "type": "object", "properties": { name: { "type": "integer" } }, "required": [name] })
    }

    #[test]
    fn a_negated_set_of_letters_is_of_json() {
        let held = r#""[^\"a" ([^"\\\x7F\x00-\x1Fa] | [^,\]] | [a^b] "]" [\[^])"#;
        let grammar = r#""[^\"a" ([^a] | [^,\]] | [a^b] "]" [\[^])"#;
        let set = r#"[^"\\\x7F\x00-\x1F"#;
        assert_eq!(in_texts(grammar), held.replace(r"[^,", &format!("{set},")));
    }

    #[test]
    fn bombs_are_refused() {
        let properties = |count: usize| -> Map<String, Value> {
            (0..count).map(|at| (format!("p{at}"), json!({}))).collect()
        };
        assert!(check(&json!({ "properties": properties(128) }).to_string()).is_ok());
        assert!(refused(&json!({ "properties": properties(129) })).contains("properties"));
        let five: Vec<Value> = (0..5).map(|_| json!({ "properties": properties(128) })).collect();
        assert!(refused(&json!({ "anyOf": five })).contains("512"));
        let deep = (0..70).fold(json!({}), |inner, _| json!({ "items": inner }));
        assert!(refused(&deep).contains("levels"));
        let types = json!(["object", "array", "string", "null"]);
        let typed = (0..12).fold(json!({}), |inner, _| json!({ "type": types, "items": inner }));
        assert!(refused(&typed).contains("too large"));
        let many: Vec<usize> = (0..1025).collect();
        assert!(refused(&json!({ "enum": many })).contains("enum"));
        let circle = json!({ "allOf": [{ "$ref": "#/$defs/a" }], "$defs": { "a": { "$ref": "#/$defs/a" } } });
        assert!(refused(&circle).contains("without an end"));
        let name = "n".repeat(NAME + 1);
        assert!(refused(&json!({ "properties": { name: {} } })).contains("characters"));
        assert!(refused(&json!({ "$ref": "https://example.org" })).contains("$ref"));
        let references: Vec<Value> = (0..129).map(|_| json!({ "$ref": "#/$defs/a" })).collect();
        assert!(refused(&json!({ "anyOf": references, "$defs": { "a": {} } })).contains("$ref"));
    }
}

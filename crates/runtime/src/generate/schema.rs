//! JSON Schemas for answers, checked before they become grammars. They come from clients: size and depth are bounded, and what a grammar
//! cannot say is refused by its name, for an answer that breaks it would look as if it kept it.

use super::Told;
use crate::messages::FORM_INVALID;
use ingot_base::{Fault, Result, Text};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

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
/// References, and how many may follow one upon the other.
const REFERENCES: usize = 128;
const CHAIN: usize = 16;
/// Values of the whole schema; those under a list of types count once for each.
const VALUES: usize = 16_384;

/// Keywords that would be passed over.
const UNSAID: [&str; 20] = [
    "contains",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "maxContains",
    "maxProperties",
    "minContains",
    "minProperties",
    "multipleOf",
    "not",
    "patternProperties",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
    "$dynamicRef",
    "$recursiveRef",
];
/// Keywords that grammars say, and those that say nothing of an answer. Any other would be passed over too, and is not repeated: it is a client's own word.
const KNOWN: [&str; 40] = [
    "$anchor",
    "$comment",
    "$defs",
    "$id",
    "$ref",
    "$schema",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contentEncoding",
    "contentMediaType",
    "default",
    "definitions",
    "deprecated",
    "description",
    "discriminator",
    "enum",
    "example",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "nullable",
    "oneOf",
    "pattern",
    "prefixItems",
    "properties",
    "readOnly",
    "required",
    "title",
    "type",
    "writeOnly",
];
/// Keywords of numbers that are said of whole ones only.
const OF_WHOLE: [&str; 4] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
/// Keywords whose value is a schema, a list of them, or an object of them.
const ONE: [&str; 3] = ["additionalProperties", "items", "prefixItems"];
const SOME: [&str; 5] = ["anyOf", "oneOf", "allOf", "items", "prefixItems"];
const NAMED: [&str; 3] = ["properties", "$defs", "definitions"];

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
    let mut said = Said { root: &schema, followed: BTreeSet::new() };
    said.schema(&schema).map_err(invalid)
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
                    format!("`properties` 中有名称超过 {NAME} 个字符"),
                ));
            }
        }
        let choices = members.get("enum").and_then(Value::as_array).map_or(0, Vec::len);
        if choices > CHOICES {
            return Err(Text::new(
                format!("an `enum` has more than {CHOICES} values"),
                format!("有 `enum` 超过 {CHOICES} 个取值"),
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

/// Looks for what a grammar cannot say.
struct Said<'a> {
    root: &'a Value,
    followed: BTreeSet<&'a str>,
}

impl<'a> Said<'a> {
    fn schema(&mut self, schema: &'a Value) -> Found {
        let Some(members) = schema.as_object() else { return Ok(()) };
        let passed_over = members.iter().find(|(keyword, value)| is_unsaid(keyword, value));
        if let Some((keyword, _)) = passed_over {
            return unsaid(keyword);
        }
        if of_type(members, "number") {
            for keyword in OF_WHOLE {
                if members.contains_key(keyword) {
                    return unsaid(keyword);
                }
            }
        }
        if let Some(pattern) = members.get("pattern") {
            let text = pattern.as_str();
            let text =
                text.map_or_else(|| told(("`pattern` is no text", "`pattern` 不是文本")), Ok)?;
            matches(text).map_err(|(english, chinese)| {
                Text::new(
                    format!("an answer cannot be held to a `pattern` {english}"),
                    format!("无法让回答遵守这样的 `pattern`：{chinese}"),
                )
            })?;
            for keyword in ["minLength", "maxLength", "format"] {
                if members.contains_key(keyword) {
                    return Err(Text::new(
                        format!("`{keyword}` beside `pattern` would be passed over"),
                        format!("与 `pattern` 同时出现的 `{keyword}` 会被忽略"),
                    ));
                }
            }
        }
        if let Some(reference) = members.get("$ref") {
            let reference = reference.as_str();
            self.follow(
                reference.map_or_else(|| told(("a `$ref` is no text", "`$ref` 不是文本")), Ok)?,
            )?;
        }
        for keyword in ONE {
            if let Some(inner) = members.get(keyword) {
                self.schema(inner)?;
            }
        }
        for keyword in SOME {
            for inner in members.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                self.schema(inner)?;
            }
        }
        for keyword in NAMED {
            let named = members.get(keyword).and_then(Value::as_object);
            for inner in named.into_iter().flat_map(Map::values) {
                self.schema(inner)?;
            }
        }
        Ok(())
    }

    /// Goes where a reference leads. References to references end, and what is led to is a schema wherever it stands.
    fn follow(&mut self, reference: &'a str) -> Found {
        let mut target = self.target(reference)?;
        for _ in 0..CHAIN {
            let Some(next) = target.get("$ref").and_then(Value::as_str) else {
                // Each is looked at once: a schema may contain itself.
                return if self.followed.insert(reference) { self.schema(target) } else { Ok(()) };
            };
            target = self.target(next)?;
        }
        told(("a `$ref` leads to another `$ref` without an end", "`$ref` 之间的引用没有尽头"))
    }

    fn target(&self, reference: &str) -> Found<&'a Value> {
        let nowhere = || {
            Text::new("a `$ref` leads nowhere in the schema", "`$ref` 指向的位置在该模式中不存在")
        };
        let path = reference.strip_prefix("#/").ok_or_else(nowhere)?;
        let mut target = self.root;
        for step in path.split('/') {
            let next = match target {
                Value::Object(members) => members.get(step),
                Value::Array(items) => step.parse().ok().and_then(|at: usize| items.get(at)),
                _ => None,
            };
            target = next.ok_or_else(nowhere)?;
        }
        Ok(target)
    }
}

/// Whether a keyword would be passed over.
fn is_unsaid(keyword: &str, value: &Value) -> bool {
    let nothing = keyword == "uniqueItems" && value == &Value::Bool(false);
    !nothing && !keyword.starts_with("x-") && !KNOWN.contains(&keyword)
}

fn unsaid(keyword: &str) -> Found {
    if !UNSAID.contains(&keyword) && !OF_WHOLE.contains(&keyword) {
        return told((
            "it has a keyword that JSON Schema does not have: begin your own with `x-`",
            "含有 JSON Schema 没有的关键字；自定义关键字请以 `x-` 开头",
        ));
    }
    Err(Text::new(
        format!("an answer cannot be held to `{keyword}`: leave it out, or check it after"),
        format!("无法让回答遵守 `{keyword}`：请去掉，或在收到回答后自行检查"),
    ))
}

/// Whether a schema is of a type, alone or among others.
fn of_type(members: &Map<String, Value>, wanted: &str) -> bool {
    match members.get("type") {
        Some(Value::Array(types)) => types.iter().any(|one| one.as_str() == Some(wanted)),
        Some(one) => one.as_str() == Some(wanted),
        None => false,
    }
}

/// Whether llama.cpp makes a grammar of a pattern; of others it takes any text.
fn matches(pattern: &str) -> std::result::Result<(), Told> {
    let inner = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$'));
    let inner = inner
        .ok_or(("that does not begin with `^` and end with `$`", "没有以 `^` 开头并以 `$` 结尾"))?;
    let text: Vec<char> = inner.chars().collect();
    let (mut at, mut depth, mut within) = (0, 0_usize, false);
    let next = |at: usize| text.get(at).copied();
    while let Some(one) = next(at) {
        at += 1;
        match one {
            '\\' => {
                let escape = next(at).ok_or(("that ends with a backslash", "以反斜杠结尾"))?;
                at += 1;
                let digits = match escape {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    't' | 'r' | 'n' | '\\' | '"' | '[' | ']' | '-' => 0,
                    '^' | '$' | '.' | '(' | ')' | '|' | '{' | '}' | '*' | '+' | '?' if !within => 0,
                    _ => {
                        return Err((
                            "with escapes such as `\\d`, `\\w` or `\\b`",
                            "含有 `\\d`、`\\w` 或 `\\b` 之类的转义",
                        ));
                    }
                };
                let whole =
                    (at..at + digits).all(|at| next(at).is_some_and(|one| one.is_ascii_hexdigit()));
                if !whole {
                    return Err(("with an escape that is cut off", "转义不完整"));
                }
                at += digits;
            }
            _ if within => within = one != ']',
            '[' => within = true,
            '(' => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(("with groups nested so deeply", "分组嵌套过深"));
                }
                if next(at) == Some('?') {
                    if next(at + 1) != Some(':') {
                        return Err((
                            "with lookarounds, names or flags",
                            "含有环视、命名分组或标志",
                        ));
                    }
                    at += 2;
                }
            }
            ')' => {
                depth =
                    depth.checked_sub(1).ok_or(("with a parenthesis too many", "右括号多余"))?;
            }
            '^' | '$' => return Err(("with `^` or `$` in its middle", "中间出现 `^` 或 `$`")),
            ']' | '}' => return Err(("with a bracket too many", "方括号或花括号多余")),
            '{' => {
                let begin = at;
                while next(at).is_some_and(|one| one.is_ascii_digit() || one == ',') {
                    at += 1;
                }
                let numbers = text.get(begin..at).unwrap_or_default();
                let commas = numbers.iter().filter(|one| **one == ',').count();
                if next(at) != Some('}') || numbers.is_empty() || commas > 1 || numbers.len() > 12 {
                    return Err(("with repetitions that are none", "重复次数写法有误"));
                }
                at += 1;
                if next(at) == Some('?') {
                    return Err(("with repetitions that are not greedy", "含有非贪婪的重复"));
                }
            }
            '*' | '+' | '?' if next(at) == Some('?') => {
                return Err(("with repetitions that are not greedy", "含有非贪婪的重复"));
            }
            _ => {}
        }
    }
    if depth > 0 || within { Err(("with a bracket too few", "括号没有闭合")) } else { Ok(()) }
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
        for (keyword, schema) in [
            (
                "multipleOf",
                json!({ "properties": { "a": { "type": "integer", "multipleOf": 3 } } }),
            ),
            ("not", json!({ "items": { "not": { "type": "null" } } })),
            ("minimum", json!({ "anyOf": [{ "type": "number", "minimum": 0 }] })),
            ("uniqueItems", json!({ "type": "array", "uniqueItems": true })),
            ("unevaluatedItems", json!({ "x-own": 1, "unevaluatedItems": false })),
            ("if", json!({ "$ref": "#/enum/0", "enum": [{ "if": {} }] })),
        ] {
            assert!(refused(&schema).contains(&format!("`{keyword}`")), "{schema}");
        }
        // A word of the client's own is not told again.
        let own = refused(&json!({ "items": { "minimun": 3 } }));
        assert!(own.contains("`x-`") && !own.contains("minimun"), "{own}");
        for pattern in [
            "a", "^a", "^(?=a)a$", "^\\d+$", "^\\ba$", "^a$|^b$", "^(a$", "^a+?$", "^[a$",
            "^a{b}$", "^[\\d]$",
        ] {
            let schema = json!({ "type": "string", "pattern": pattern });
            assert!(refused(&schema).contains("`pattern`"), "{pattern}");
        }
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

//! What llama.cpp's converter says of a schema: it picks one kind for each by the first keyword that decides, and passes over the others in
//! silence. Here a schema is refused by name wherever something would be passed over.

use super::{Found, pattern, told};
use crate::generate::is_note;
use ingot_base::Text;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Branches of one `oneOf` at most: each is compared with each.
const BRANCHES: usize = 64;
/// References that may follow one upon the other.
const CHAIN: usize = 16;
/// Whole numbers that are bounds at most: beyond, the converter's numbers are no longer exact.
const LARGEST: f64 = 1e15;

/// Keywords that decide of which kind a schema is.
const DECIDE: [&str; 7] = ["$ref", "allOf", "anyOf", "const", "enum", "oneOf", "type"];
/// Keywords of JSON Schema of which nothing is said.
const UNSAID: [&str; 20] = [
    "$dynamicRef",
    "$recursiveRef",
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
];
const OF_OBJECTS: [&str; 3] = ["additionalProperties", "properties", "required"];
const OF_LISTS: [&str; 4] = ["items", "maxItems", "minItems", "prefixItems"];
const OF_TEXTS: [&str; 4] = ["format", "maxLength", "minLength", "pattern"];
const OF_NUMBERS: [&str; 4] = ["exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum"];
/// Formats that are kept; others are notes.
const FORMATS: [&str; 9] =
    ["date", "date-time", "time", "uuid", "uuid1", "uuid2", "uuid3", "uuid4", "uuid5"];

type Members = Map<String, Value>;

/// Looks for what a grammar would not keep.
pub(super) struct Said<'a> {
    root: &'a Value,
    followed: BTreeSet<&'a str>,
    /// The references as rules are named by them: two that look alike would be one rule.
    rules: BTreeMap<String, &'a str>,
}

impl<'a> Said<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self { root, followed: BTreeSet::new(), rules: BTreeMap::new() }
    }

    /// Whether all of a schema is kept.
    pub(super) fn schema(&mut self, schema: &'a Value) -> Found {
        let members = match schema {
            Value::Object(members) => members,
            Value::Bool(_) => {
                return told((
                    "`true` or `false` stands where a schema is needed: name a type",
                    "此处应为 schema，却是 `true` 或 `false`；请写明类型",
                ));
            }
            _ => {
                return told(("something else stands where a schema is needed", "此处应为 schema"));
            }
        };
        for (keyword, value) in members {
            known(keyword, value)?;
        }
        if let Some(reference) = members.get("$ref") {
            alone(members, &["$ref"], "$ref")?;
            return self.follow(reference);
        }
        if members.contains_key("anyOf") || members.contains_key("oneOf") {
            return self.union(members);
        }
        let types = types(members)?;
        if let Some(value) = members.get("const") {
            return constants(members, &types, "const", std::slice::from_ref(value));
        }
        if let Some(values) = members.get("enum") {
            let values = values.as_array().filter(|values| !values.is_empty());
            let values = values
                .map_or_else(|| told(("`enum` is no list of values", "`enum` 不是取值列表")), Ok)?;
            return constants(members, &types, "enum", values);
        }
        if members.contains_key("allOf") {
            return self.all(members, &types);
        }
        self.typed(members, &types)
    }

    /// A schema of types, or of one that its keywords show.
    fn typed(&mut self, members: &'a Members, types: &[&str]) -> Found {
        let shown = |keywords: &[&str]| keywords.iter().any(|one| members.contains_key(*one));
        let types = if !types.is_empty() {
            types.to_vec()
        } else if shown(&["properties", "additionalProperties"]) {
            vec!["object"]
        } else if shown(&["items", "prefixItems"]) {
            vec!["array"]
        } else if shown(&OF_TEXTS) {
            vec!["string"]
        } else {
            alone(members, &[], "type")?;
            return Ok(());
        };
        let mut kept = vec!["type"];
        for one in &types {
            match *one {
                "object" => {
                    kept.extend(OF_OBJECTS);
                    self.object(members)?;
                }
                "array" => {
                    kept.extend(OF_LISTS);
                    self.list(members)?;
                }
                "string" => {
                    kept.extend(OF_TEXTS);
                    text(members)?;
                }
                "integer" => {
                    kept.extend(OF_NUMBERS);
                    whole(members)?;
                }
                _ => {}
            }
        }
        // Bounds would hold of whole numbers alone where both are allowed.
        if types.contains(&"number") {
            kept.retain(|keyword| !OF_NUMBERS.contains(keyword));
        }
        alone(members, &kept, "type")
    }

    fn object(&mut self, members: &'a Members) -> Found {
        let properties = members.get("properties").and_then(Value::as_object);
        if members.contains_key("properties") && properties.is_none() {
            return told(("`properties` is no object", "`properties` 不是对象"));
        }
        let has = |name: &str| properties.is_some_and(|properties| properties.contains_key(name));
        if has("") {
            return told(("a name in `properties` is empty", "`properties` 中有空的名称"));
        }
        let required = members.get("required").and_then(Value::as_array).into_iter().flatten();
        if !required.filter_map(Value::as_str).all(has) {
            return told((
                "`required` has a name that `properties` has not",
                "`required` 中有 `properties` 没有的名称",
            ));
        }
        for property in properties.into_iter().flat_map(Map::values) {
            self.schema(property)?;
        }
        match members.get("additionalProperties") {
            None | Some(Value::Bool(_)) => Ok(()),
            Some(schema) => self.schema(schema),
        }
    }

    fn list(&mut self, members: &'a Members) -> Found {
        let (items, prefix) = (members.get("items"), members.get("prefixItems"));
        if items.is_some() && prefix.is_some() {
            return told((
                "`items` beside `prefixItems` cannot be kept",
                "`items` 与 `prefixItems` 不能同时使用",
            ));
        }
        let least = size(members, "minItems")?.unwrap_or(0);
        let most = size(members, "maxItems")?;
        if most.is_some_and(|most| most < least) {
            return told(("`minItems` is above `maxItems`", "`minItems` 大于 `maxItems`"));
        }
        match items.or(prefix) {
            None => Ok(()),
            // So many and no others.
            Some(Value::Array(each)) => {
                let count = each.len() as u64;
                if least > count || most.is_some_and(|most| most < count) {
                    return told((
                        "`minItems` and `maxItems` do not fit the list of items",
                        "`minItems`、`maxItems` 与所列的各项不符",
                    ));
                }
                each.iter().try_for_each(|item| self.schema(item))
            }
            Some(item) => self.schema(item),
        }
    }

    fn union(&mut self, members: &'a Members) -> Found {
        let keyword = if members.contains_key("oneOf") { "oneOf" } else { "anyOf" };
        let branches = members.get(keyword).and_then(Value::as_array);
        let Some(branches) = branches.filter(|branches| !branches.is_empty()) else {
            return told((
                "`anyOf` or `oneOf` is no list of schemas",
                "`anyOf` 或 `oneOf` 不是 schema 列表",
            ));
        };
        alone(members, &[keyword, "type"], keyword)?;
        branches.iter().try_for_each(|branch| self.schema(branch))?;
        let own = types(members)?;
        let of_own = |branch: &'a Value| {
            let kinds = self.kinds(branch);
            kinds.is_some_and(|kinds| kinds.iter().all(|kind| fits(&own, kind)))
        };
        if !own.is_empty() && !branches.iter().all(of_own) {
            return Err(beside("type", keyword));
        }
        if keyword == "oneOf" && branches.len() > BRANCHES {
            return Err(Text::new(
                format!("`oneOf` has more than {BRANCHES} branches: use `anyOf`"),
                format!("`oneOf` 超过 {BRANCHES} 个分支；请改用 `anyOf`"),
            ));
        }
        let apart = |(at, one): (usize, &'a Value)| {
            branches.iter().skip(at + 1).all(|other| self.apart(one, other))
        };
        if keyword == "oneOf" && !branches.iter().enumerate().all(apart) {
            return told((
                "an answer could be of two branches of `oneOf`: use `anyOf`, or give each branch a `const` that tells it apart",
                "回答可能同时符合 `oneOf` 的两个分支；请改用 `anyOf`，或用各不相同的 `const` 区分分支",
            ));
        }
        Ok(())
    }

    /// Objects whose properties all count, or choices that all allow: nothing else is kept of `allOf`.
    fn all(&mut self, members: &'a Members, types: &[&str]) -> Found {
        alone(members, &["allOf", "type"], "allOf")?;
        let branches = members.get("allOf").and_then(Value::as_array);
        let Some(branches) = branches.filter(|branches| !branches.is_empty()) else {
            return told(("`allOf` is no list of schemas", "`allOf` 不是 schema 列表"));
        };
        branches.iter().try_for_each(|branch| self.schema(branch))?;
        let members_of = |branch: &'a Value| self.resolved(branch).and_then(Value::as_object);
        let is_choice =
            |branch: &'a Value| members_of(branch).is_some_and(|own| own.contains_key("enum"));
        let is_object = |branch: &'a Value| {
            members_of(branch).is_some_and(|own| {
                own.contains_key("properties")
                    && !["$ref", "anyOf", "oneOf", "allOf", "const", "enum", "additionalProperties"]
                        .iter()
                        .any(|keyword| own.contains_key(*keyword))
            })
        };
        let objects = branches.iter().all(is_object) && types.iter().all(|one| *one == "object");
        let choices = types.is_empty() && branches.iter().all(is_choice);
        if objects {
            return self.disjoint(branches);
        }
        if choices && self.shared(branches) {
            return Ok(());
        }
        told((
            "`allOf` of anything but objects with `properties` cannot be kept: put its keywords into one schema",
            "`allOf` 只支持带 `properties` 的对象；请把各关键字合并到一个 schema 中",
        ))
    }

    /// Whether some value is among the choices of all.
    fn shared(&self, branches: &'a [Value]) -> bool {
        let mut lists = branches.iter().filter_map(|branch| values(self.resolved(branch)?));
        let Some(first) = lists.next() else { return false };
        let rest: Vec<Vec<&Value>> = lists.collect();
        first.iter().any(|value| rest.iter().all(|list| list.contains(value)))
    }

    /// That no two objects have a property of one name: only one of its schemas would be kept.
    fn disjoint(&self, branches: &'a [Value]) -> Found {
        let mut names = BTreeSet::new();
        for branch in branches {
            let own = self.resolved(branch).and_then(|own| own.get("properties"));
            for name in own.and_then(Value::as_object).into_iter().flat_map(Map::keys) {
                if !names.insert(name) {
                    return told((
                        "two objects of `allOf` have a property of one name",
                        "`allOf` 的两个对象含有同名属性",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Goes where a reference leads. References to references end, and what is led to is a schema wherever it stands.
    fn follow(&mut self, reference: &'a Value) -> Found {
        let Some(reference) = reference.as_str() else {
            return told(("a `$ref` is no text", "`$ref` 不是文本"));
        };
        let mut target = self.target(reference)?;
        self.named(reference)?;
        for _ in 0..CHAIN {
            let Some(next) = target.get("$ref").and_then(Value::as_str) else {
                // Each is looked at once: a schema may contain itself.
                return if self.followed.insert(reference) { self.schema(target) } else { Ok(()) };
            };
            self.named(next)?;
            target = self.target(next)?;
        }
        told(("a `$ref` leads to another `$ref` without an end", "`$ref` 循环引用"))
    }

    /// That no other reference gives a rule of this one's name.
    fn named(&mut self, reference: &'a str) -> Found {
        let mut rule = String::with_capacity(reference.len());
        for letter in reference.chars() {
            match letter {
                _ if letter.is_ascii_alphanumeric() => rule.push(letter),
                '-' => rule.push('-'),
                _ if rule.ends_with('_') => {}
                _ => rule.push('_'),
            }
        }
        let rule = rule.replace('_', "-");
        let other = self.rules.insert(rule, reference);
        if other.is_none_or(|other| other == reference) {
            return Ok(());
        }
        told((
            "two `$ref` lead to names that differ only in marks: use letters and digits that differ",
            "两个 `$ref` 所指的名称仅符号不同；请使用不同的字母或数字",
        ))
    }

    fn target(&self, reference: &str) -> Found<&'a Value> {
        if reference == "#" {
            return told((
                "a `$ref` leads to the whole schema: give what repeats a name in `$defs`",
                "`$ref` 指向整个 schema；请把重复的部分放入 `$defs` 并命名",
            ));
        }
        if reference.contains(['~', '%']) {
            return told((
                "a `$ref` has `~` or `%`: use names of letters, digits and `_`",
                "`$ref` 含有 `~` 或 `%`；名称请只用字母、数字和 `_`",
            ));
        }
        let nowhere = || {
            Text::new(
                "a `$ref` leads nowhere in the schema",
                "`$ref` 指向的位置在该 schema 中不存在",
            )
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

    /// What a schema is when its references were followed.
    fn resolved(&self, mut schema: &'a Value) -> Option<&'a Value> {
        for _ in 0..CHAIN {
            let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
                return Some(schema);
            };
            schema = self.target(reference).ok()?;
        }
        None
    }

    /// The types that values of a schema have, if that is known.
    fn kinds(&self, schema: &'a Value) -> Option<BTreeSet<&'a str>> {
        let members = self.resolved(schema)?.as_object()?;
        if let Some(value) = members.get("const") {
            return Some(BTreeSet::from([kind(value)]));
        }
        if let Some(values) = members.get("enum").and_then(Value::as_array) {
            return Some(values.iter().map(kind).collect());
        }
        let types = types(members).ok()?;
        if types.is_empty() && members.contains_key("properties") {
            return Some(BTreeSet::from(["object"]));
        }
        (!types.is_empty()).then(|| types.into_iter().collect())
    }

    /// Whether no value can be of both schemas.
    fn apart(&self, one: &'a Value, other: &'a Value) -> bool {
        let (Some(first), Some(second)) = (self.kinds(one), self.kinds(other)) else {
            return false;
        };
        let meets = |a: &str| second.iter().any(|b| a == *b || is_number(a) && is_number(b));
        if !first.iter().any(|kind| meets(kind)) {
            return true;
        }
        let (Some(one), Some(other)) = (self.resolved(one), self.resolved(other)) else {
            return false;
        };
        if let (Some(one), Some(other)) = (values(one), values(other)) {
            return one.iter().all(|value| !other.contains(value));
        }
        let told = |schema: &'a Value, name: &str| -> Option<Vec<&'a Value>> {
            let required = schema.get("required").and_then(Value::as_array)?;
            required.iter().any(|one| one == name).then_some(())?;
            values(self.resolved(schema.get("properties")?.get(name)?)?)
        };
        let names =
            one.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
        let mut pairs = names.filter_map(|name| told(one, name).zip(told(other, name)));
        pairs.any(|(one, other)| one.iter().all(|value| !other.contains(value)))
    }
}

/// The values that a schema lists.
fn values(schema: &Value) -> Option<Vec<&Value>> {
    if let Some(value) = schema.get("const") {
        return Some(vec![value]);
    }
    Some(schema.get("enum")?.as_array()?.iter().collect())
}

/// Refuses a keyword of which nothing is said. A word that is none is not repeated: it is a client's own.
fn known(keyword: &str, value: &Value) -> Found {
    let said = [&DECIDE[..], &OF_OBJECTS, &OF_LISTS, &OF_TEXTS, &OF_NUMBERS];
    if is_note(keyword, value) || said.iter().any(|said| said.contains(&keyword)) {
        return Ok(());
    }
    if UNSAID.contains(&keyword) {
        return Err(Text::new(
            format!("an answer cannot be held to `{keyword}`: leave it out, or check it after"),
            format!("无法让回答遵守 `{keyword}`：请去掉，或在收到回答后自行检查"),
        ));
    }
    told((
        "it has a keyword that is not known: begin your own with `x-`",
        "含有未知的关键字；自定义关键字请以 `x-` 开头",
    ))
}

/// Refuses a keyword that would be passed over beside another that decides.
fn alone(members: &Members, kept: &[&str], decides: &str) -> Found {
    let note = |keyword: &str, value: &Value| match keyword {
        "format" => !value.as_str().is_some_and(|format| FORMATS.contains(&format)),
        "additionalProperties" => value == &Value::Bool(true),
        _ => is_note(keyword, value),
    };
    let mut passed_over = members
        .iter()
        .filter(|(keyword, value)| !kept.contains(&keyword.as_str()) && !note(keyword, value));
    passed_over.next().map_or(Ok(()), |(keyword, _)| Err(beside(keyword, decides)))
}

fn beside(keyword: &str, decides: &str) -> Text {
    if decides == "type" {
        return Text::new(
            format!(
                "an answer cannot be held to `{keyword}` with the `type` that is given: leave it out, name a type that has it, or check it after"
            ),
            format!(
                "在当前 `type` 下无法让回答遵守 `{keyword}`：请去掉、写明相应的类型，或在收到回答后自行检查"
            ),
        );
    }
    Text::new(
        format!(
            "an answer cannot be held to `{keyword}` beside `{decides}`: leave it out, or check it after"
        ),
        format!(
            "`{keyword}` 与 `{decides}` 并用时无法遵守：请去掉 `{keyword}`，或在收到回答后自行检查"
        ),
    )
}

/// The types of a schema, none where it does not say.
fn types(members: &Members) -> Found<Vec<&str>> {
    const ALL: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];
    let types: Option<Vec<&str>> = match members.get("type") {
        None => return Ok(Vec::new()),
        Some(Value::Array(types)) => types.iter().map(Value::as_str).collect(),
        Some(one) => one.as_str().map(|one| vec![one]),
    };
    let types =
        types.filter(|types| !types.is_empty() && types.iter().all(|one| ALL.contains(one)));
    types.map_or_else(|| told(("`type` is none of JSON's", "`type` 不是 JSON 的类型")), Ok)
}

/// Whether a kind of value is among some types; any is where none is named.
fn fits(types: &[&str], kind: &str) -> bool {
    types.is_empty() || types.contains(&kind) || kind == "integer" && types.contains(&"number")
}

fn is_number(kind: &str) -> bool {
    matches!(kind, "integer" | "number")
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Values that are listed are all that counts: each must be of the types.
fn constants(members: &Members, types: &[&str], keyword: &str, values: &[Value]) -> Found {
    alone(members, &[keyword, "type"], keyword)?;
    if values.iter().all(|value| fits(types, kind(value))) {
        return Ok(());
    }
    Err(beside("type", keyword))
}

/// Of a text its pattern counts, or its format, or its length.
fn text(members: &Members) -> Found {
    let kept = |keyword: &str| {
        let format = |value: &Value| value.as_str().is_some_and(|one| FORMATS.contains(&one));
        members.get(keyword).is_some_and(|value| keyword != "format" || format(value))
    };
    let lengths = ["minLength", "maxLength"];
    for (first, others) in
        [("pattern", &["format", "minLength", "maxLength"][..]), ("format", &lengths)]
    {
        if let Some(other) = others.iter().find(|other| kept(first) && kept(other)) {
            return Err(beside(other, first));
        }
    }
    let (least, most) = (size(members, "minLength")?, size(members, "maxLength")?);
    if least.zip(most).is_some_and(|(least, most)| most < least) {
        return told(("`minLength` is above `maxLength`", "`minLength` 大于 `maxLength`"));
    }
    let Some(text) = members.get("pattern") else { return Ok(()) };
    let text =
        text.as_str().map_or_else(|| told(("`pattern` is no text", "`pattern` 不是文本")), Ok)?;
    pattern::check(text).map_err(|(english, chinese)| {
        Text::new(
            format!("an answer cannot be held to a `pattern` {english}"),
            format!("无法让回答遵守这样的 `pattern`：{chinese}"),
        )
    })
}

/// A count that a keyword gives.
fn size(members: &Members, keyword: &str) -> Found<Option<u64>> {
    let Some(value) = members.get(keyword) else { return Ok(None) };
    let count = value.as_u64().filter(|count| *count <= 1 << 20);
    count.map(Some).ok_or_else(|| {
        Text::new(
            format!("`{keyword}` is no whole number from 0 to a million"),
            format!("`{keyword}` 不是 0 到一百万之间的整数"),
        )
    })
}

/// Of whole numbers one bound counts on each side.
fn whole(members: &Members) -> Found {
    let bound = |inner: &str, outer: &str, step: f64| -> Found<Option<f64>> {
        if members.contains_key(inner) && members.contains_key(outer) {
            return Err(beside(outer, inner));
        }
        let Some((keyword, value)) =
            [inner, outer].iter().find_map(|one| Some((*one, members.get(*one)?)))
        else {
            return Ok(None);
        };
        let number = value.as_f64().filter(|number| number.abs() <= LARGEST);
        let number = number.ok_or_else(|| {
            Text::new(
                format!("`{keyword}` is no number of at most fifteen digits"),
                format!("`{keyword}` 不是十五位以内的数值"),
            )
        })?;
        Ok(Some(if keyword == outer { number + step } else { number }))
    };
    let low = bound("minimum", "exclusiveMinimum", 1.0)?;
    let high = bound("maximum", "exclusiveMaximum", -1.0)?;
    if low.zip(high).is_some_and(|(low, high)| low.ceil() > high.floor()) {
        return told(("no whole number is between the bounds", "上下限之间没有整数"));
    }
    Ok(())
}

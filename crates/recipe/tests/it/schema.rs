//! The JSON Schema and the parser are one language.

use crate::FULL;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Every key path of the schema; `[]` for the items of a list.
fn schema_paths(schema: &Value, path: &str, paths: &mut BTreeSet<String>) {
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        schema_paths(inner, &path, paths);
        paths.insert(path);
    }
    if let Some(items) = schema.get("items") {
        schema_paths(items, &format!("{path}[]"), paths);
    }
    if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
        schema_paths(values, &format!("{path}.*"), paths);
    }
    for choice in schema["anyOf"].as_array().into_iter().flatten() {
        schema_paths(choice, path, paths);
    }
}

/// Every key path of a document, maps with free keys written as `*`.
fn document_paths(value: &Value, path: &str, paths: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                let free = ["rename", "titles", "names.labels"];
                let name = if free.iter().any(|one| path.ends_with(one)) { "*" } else { name };
                let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                document_paths(inner, &path, paths);
                paths.insert(path);
            }
        }
        Value::Array(items) => {
            for item in items {
                document_paths(item, &format!("{path}[]"), paths);
            }
        }
        _ => {}
    }
}

#[test]
fn every_key_of_the_model_is_in_the_schema_and_every_key_of_the_schema_reaches_the_model() {
    let mut schema = BTreeSet::new();
    schema_paths(&ingot_recipe::json_schema(), "", &mut schema);
    // No recipe has all keys: `time` excludes `group`, and `objective` is regression's alone.
    let regression =
        crate::with(&[("split", "time = \"t\""), ("train", "params.objective = \"huber\"")])
            .replace("tabular.binary", "tabular.regression");
    let texts = "[project]\nname = \"notes\"\ntask = \"text.classify\"\ntarget = \"label\"\n\n\
        [[source]]\nname = \"notes\"\nuri = \"notes.csv\"\n\n\
        [train]\ntext = \"note\"\nbackbone = \"minilm-l6\"\nprivate = { epsilon = 3 }\n";
    let tuned = texts
        .replace("private = { epsilon = 3 }", "encoder = { layers = 2, learning_rate = 0.001 }")
        .replace("[train]", "[split]\nvalidation = 0.1\n[train]")
        + "[compress]\ndistill = { layers = 2 }\n";
    let pictures = "[project]\nname = \"pets\"\ntask = \"image.classify\"\ntarget = \"label\"\n\n\
        [[source]]\nname = \"photos\"\nuri = \"photos\"\nformat = \"images\"\n\n\
        [split]\nvalidation = 0.1\n[train]\nunfreeze = { blocks = 1 }\n\
        [compress]\nprune = { channels = 0.5 }\ndistill = {}\n";
    let own_pictures = pictures.split("[split]").next().unwrap().to_owned()
        + "[train]\nbackbone = { file = \"a.onnx\", features = \"f\", input = \"x\", resize = 64, crop = 48, \
           mean = [0, 0, 0], std = [1, 1, 1] }\n";
    let own_texts = texts.replace(
        "\"minilm-l6\"",
        "{ file = \"a.onnx\", features = \"f\", tokenizer = \"t.json\", pooling = \"cls\", tokens = 64 }",
    );
    let mut model = BTreeSet::new();
    let others = [texts.to_owned(), tuned, pictures.to_owned(), own_pictures, own_texts];
    for text in [full_with_every_param(), regression].into_iter().chain(others) {
        let recipe = ingot_recipe::parse("ingot.toml", &text).unwrap();
        document_paths(&serde_json::to_value(&recipe).unwrap(), "", &mut model);
    }
    // A recipe names the limits that it changes, the schema all that there are.
    let limit = |path: &String| path.starts_with("clean.quality.limits.");
    assert!(
        model.iter().any(limit)
            && model.iter().filter(|path| limit(path)).all(|path| schema.contains(path))
    );
    // What only pictures and language models have, and need not say, is tested with the language.
    let others = ["compress.quantize", "train.lora.system", "train.lora.rejected"];
    schema.retain(|path| !limit(path) && !others.contains(&path.as_str()));
    let free = ["source[].rename.*", "explain.titles.*", "protect.text.names.labels.*"];
    model.retain(|path| !limit(path) && !free.contains(&path.as_str()));
    assert_eq!(schema.difference(&model).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(model.difference(&schema).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// The full recipe with every LightGBM parameter of the schema, each at a value the schema allows.
fn full_with_every_param() -> String {
    let schema = ingot_recipe::json_schema();
    let params = schema["properties"]["train"]["properties"]["params"]["properties"]
        .as_object()
        .unwrap()
        .clone();
    let lines: Vec<String> = params
        .iter()
        .filter(|(name, _)| *name != "objective")
        .map(|(name, schema)| format!("{name} = {}", toml(&right(schema)[0])))
        .collect();
    assert!(lines.len() > 20);
    let (before, rest) = FULL.split_once("params = {").unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    format!("{before}params = {{ {} }}\n{after}", lines.join(", "))
}

/// Settings that a rule over several settings, not one key, may refuse.
const CROSS: &[&str] = &[
    "recipe-backbone-colours",
    "recipe-backbone-crop",
    "recipe-backbone-own",
    "recipe-key-task",
    "recipe-private-exclusive",
    "recipe-shares",
    "recipe-time-exclusive",
    "recipe-names-target",
    "recipe-protect-target",
    "recipe-query-without-database",
    "recipe-database-without-query",
    "recipe-format-of-database",
    "recipe-encoding-without-text",
    "recipe-source-name-twice",
    "recipe-column-twice",
    "recipe-protected-twice",
    "recipe-shift-days",
    "recipe-renamed-before",
    "recipe-renamed-later",
    "recipe-column-dropped",
    "recipe-no-meaning",
    "recipe-needs",
    "recipe-hierarchy-near",
    "recipe-expect-nothing",
    "recipe-expect-several",
    "recipe-bounds",
    "recipe-presence",
    "recipe-quantile",
];

/// Faults that one key alone causes.
fn own_faults(document: &Value) -> Vec<String> {
    crate::faults(&settings(document))
        .into_iter()
        .filter(|fault| !CROSS.iter().any(|code| fault.starts_with(&format!("{code} "))))
        .collect()
}

/// A document as TOML, every section an inline table.
fn settings(document: &Value) -> String {
    let sections = document.as_object().unwrap().iter();
    crate::lines(sections.map(|(name, value)| format!("{name} = {}", toml(value))))
}

fn toml(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let entries: Vec<String> = object
                .iter()
                .map(|(name, value)| format!("{} = {}", json!(name), toml(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Values that the schema allows, its bounds among them.
fn right(schema: &Value) -> Vec<Value> {
    if let Some(words) = schema["enum"].as_array() {
        return words.clone();
    }
    match schema["type"].as_str() {
        Some("boolean") => vec![json!(true), json!(false)],
        Some("integer") => [&schema["minimum"], &schema["maximum"]]
            .into_iter()
            .filter(|bound| bound.is_number())
            .cloned()
            .collect(),
        Some("number") => {
            let low = schema["minimum"]
                .as_f64()
                .or(schema["exclusiveMinimum"].as_f64().map(|low| low + 1e-9));
            let high = schema["maximum"]
                .as_f64()
                .or(schema["exclusiveMaximum"].as_f64().map(|high| high - 1e-9));
            low.into_iter().chain(high).map(|number| json!(number)).collect()
        }
        _ => vec![],
    }
}

/// Values that the schema refuses: the wrong type, just beyond a bound, an unknown word, an unknown key.
fn wrong(schema: &Value) -> Vec<Value> {
    let mut values = Vec::new();
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    if kinds.is_empty() {
        values.push(json!("certainly not"));
        values.push(json!([1]));
    } else {
        for (kind, value) in [
            ("string", json!("text")),
            ("number", json!(0.75)),
            ("boolean", json!(true)),
            ("array", json!([])),
            ("object", json!({})),
        ] {
            if !kinds.contains(&kind) {
                values.push(value);
            }
        }
    }
    for (name, step) in [("minimum", -1.0), ("maximum", 1.0)] {
        if let Some(bound) = schema[name].as_i64() {
            #[expect(clippy::cast_possible_truncation, reason = "one")]
            let step = step as i64;
            values.push(json!(bound + step));
        } else if let Some(bound) = schema[name].as_f64() {
            values.push(json!(bound + step));
        }
    }
    for name in ["exclusiveMinimum", "exclusiveMaximum"] {
        values.extend(Some(&schema[name]).filter(|bound| bound.is_number()).cloned());
    }
    if schema["minLength"].is_number() {
        values.push(json!(""));
    }
    if schema["minItems"].is_number() {
        values.push(json!([]));
    }
    if schema["additionalProperties"] == false {
        values.push(json!({ "no_such_key": 1 }));
    }
    values
}

/// Calls `visit` with the schema of every setting of the document and a setter for it.
fn walk(schema: &Value, value: &Value, pointer: &str, visit: &mut dyn FnMut(&Value, &str)) {
    if !pointer.is_empty() {
        visit(schema, pointer);
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        walk(inner, value.get(name).unwrap_or(&Value::Null), &format!("{pointer}/{name}"), visit);
    }
    if let Some(first) = value.get(0) {
        walk(&schema["items"], first, &format!("{pointer}/0"), visit);
    }
}

fn set(document: &Value, pointer: &str, value: Value) -> Value {
    let mut document = document.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[0] = value,
        Value::Object(object) => {
            object.insert(name.to_owned(), value);
        }
        _ => panic!("{pointer} is in no table"),
    }
    document
}

/// The full recipe as the parser gave it back: every table present, params as their schema has them.
fn document() -> Value {
    let recipe = ingot_recipe::parse("ingot.toml", FULL).unwrap();
    let mut document = serde_json::to_value(&recipe).unwrap();
    document["train"]["params"] = json!({});
    // What a table has no use for, and only that is refused of it.
    document["train"]["private"] = json!({ "epsilon": 3.0 });
    document["train"]["unfreeze"] = json!({ "blocks": 1 });
    document["train"]["encoder"] = json!({ "layers": 1, "learning_rate": 0.1 });
    document["compress"]["distill"] = json!({});
    document
}

#[test]
fn what_the_schema_allows_the_parser_allows_and_what_it_refuses_is_refused() {
    let document = document();
    assert_eq!(own_faults(&document), Vec::<String>::new());
    let (mut allowed, mut refused) = (0, 0);
    walk(&ingot_recipe::json_schema(), &document, "", &mut |schema, pointer| {
        for value in right(schema) {
            assert_eq!(
                own_faults(&set(&document, pointer, value.clone())),
                Vec::<String>::new(),
                "{pointer} = {value}"
            );
            allowed += 1;
        }
        for value in wrong(schema) {
            assert_ne!(
                own_faults(&set(&document, pointer, value.clone())),
                Vec::<String>::new(),
                "{pointer} = {value}"
            );
            refused += 1;
        }
    });
    assert!(allowed > 100 && refused > 200, "{allowed} {refused}");
}

#[test]
fn required_keys_are_required_and_defaults_hold() {
    let schema = ingot_recipe::json_schema();
    let document = document();
    let bare = json!({
        "project": { "name": "x", "task": "tabular.binary", "target": "y" },
        "source": [{ "name": "a", "uri": "a.csv" }],
    });
    let recipe = ingot_recipe::parse("ingot.toml", &settings(&bare)).unwrap();
    let filled = serde_json::to_value(recipe).unwrap();
    walk(&schema, &document, "", &mut |schema, pointer| {
        for name in schema["required"].as_array().into_iter().flatten() {
            let mut holed = document.clone();
            if let Some(object) = holed.pointer_mut(pointer).and_then(Value::as_object_mut) {
                object.remove(name.as_str().unwrap());
                assert_ne!(own_faults(&holed), Vec::<String>::new(), "{pointer}/{name}");
            }
        }
        if let (Some(default), Some(value)) = (schema.get("default"), filled.pointer(pointer)) {
            assert_eq!(value, default, "{pointer}");
        }
    });
}

#[test]
fn the_schema_says_what_it_is() {
    let schema = ingot_recipe::json_schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["required"], json!(["project", "source"]));
    assert_eq!(schema["additionalProperties"], false);
    // Nothing of later versions is offered.
    let text = schema.to_string();
    assert!(!text.contains("audio.classify"));
    // Every key says what it is for in both languages.
    let document: Value = Value::Object(Map::new());
    walk(&schema, &document, "", &mut |schema, pointer| {
        let description = schema["description"].as_str().unwrap_or_default();
        assert!(
            description.lines().count() == 2 && description.chars().any(|c| c > '\u{2e80}'),
            "{pointer}"
        );
    });
}

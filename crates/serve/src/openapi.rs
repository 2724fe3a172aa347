//! The OpenAPI 3.1 document, made from the signatures of the models in service: what it says is what is checked.

mod row;

use crate::config::Limits;
use crate::input::pictures::PICTURES;
use crate::input::tensor::{datatype, outputs};
use crate::input::texts::{EXPLAINED, TEXTS};
use crate::model::Model;
use crate::openai::document as language;
use crate::route::Route;
use ingot_base::Field;
use ingot_ledger::Scope;
use row::{property, row, row_example, value_example};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::sync::Arc;

/// The whole document.
pub(crate) fn document(models: &[Arc<Model>], limits: &Limits, guard_metrics: bool) -> Value {
    let mut paths = Map::new();
    let (served, all, alone) = (names(models), models, models.len() == 1);
    let talks = |model: &&Arc<Model>| model.generator().is_some();
    let talkers: Vec<Arc<Model>> = all.iter().filter(talks).cloned().collect();
    let scorers: Vec<Arc<Model>> = all.iter().filter(|model| !talks(model)).cloned().collect();
    for route in Route::ALL {
        let texts = models.iter().any(|model| model.text().is_some());
        if route == Route::Unknown || (route == Route::Embeddings && !texts) {
            continue;
        }
        let method = if route.is_metered() { "post" } else { "get" };
        let talk = route.is_openai() && route != Route::Embeddings;
        let models = match route {
            // Rows and answers alike.
            Route::Explain => models,
            _ if talk => talkers.as_slice(),
            _ => scorers.as_slice(),
        };
        // Nobody would answer.
        if route.generates() && models.is_empty() {
            continue;
        }
        if !route.pattern().contains("{model}") {
            let operation = operation(route, (0, alone), models, guard_metrics);
            paths.insert(route.pattern().to_owned(), json!({ method: operation }));
            continue;
        }
        // Each model has its own columns, so each has paths of its own.
        for (index, model) in models.iter().enumerate() {
            let path = route
                .pattern()
                .replace("{model}", &encode(&model.name))
                .replace("{version}", &encode(&model.version));
            let operation = operation(route, (index, alone), models, guard_metrics);
            paths.insert(path, json!({ method: operation }));
        }
    }
    let models = &scorers;
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Ingot",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Predictions and explanations from sealed models.",
            "description": format!(
                "Models: {}. 模型预测与解释接口。Errors are RFC 9457 problem documents in the language of `Accept-Language` \
                 (en, zh-CN); their `type` is stable.", served),
        },
        "servers": [{ "url": "/" }],
        "tags": [
            { "name": "models", "description": "Ask for predictions and explanations · 预测与解释" },
            { "name": "inference", "description": "Open Inference Protocol, version 2 · 开放推理协议" },
            { "name": "language", "description": "Models that generate text, in OpenAI's form · 语言模型（OpenAI 格式）" },
            { "name": "operation", "description": "Health, metrics and documents · 运行状态" },
        ],
        "paths": paths,
        "x-models": crate::console::models(all, row_name),
        "components": {
            "schemas": schemas(models, alone, limits),
            "responses": responses(),
            "headers": headers(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "ik_<id>_<secret>",
                    "description": "An API key made by `ingot key create`." },
                "apiKey": { "type": "apiKey", "in": "header", "name": "X-API-Key",
                    "description": "The same key in a header of its own." },
            },
        },
    })
}

fn names(models: &[Arc<Model>]) -> String {
    let names: Vec<String> =
        models.iter().map(|model| format!("{} {}", model.name, model.version)).collect();
    names.join(", ")
}

fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

fn schema(name: &str) -> Value {
    reference("schemas", name)
}

/// A name as a path segment (RFC 3986 §2.1).
fn encode(name: &str) -> String {
    let mut path = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path
}

/// One route, of the model at `index` where it has paths of its own.
fn operation(
    route: Route,
    (index, alone): (usize, bool),
    models: &[Arc<Model>],
    guard_metrics: bool,
) -> Value {
    let (id, tag, summary, mut answer) = described(route);
    if route == Route::Explain {
        answer = either(models, answer, language::explanations());
    }
    let id = if index == 0 { id.to_owned() } else { format!("{id}{}", index + 1) };
    let scope = match route {
        Route::Metrics if guard_metrics => Some(Scope::Metrics),
        _ => route.scope(),
    };
    let mut success = json!({
        "description": summary,
        "headers": { "X-Request-Id": reference("headers", "RequestId") },
        "content": { content_type(route): { "schema": answer } },
    });
    let mut statuses = vec!["405", "406", "500", "504"];
    if scope.is_some() {
        statuses.extend(["401", "403", "429", "503"]);
        if let Some(headers) = success.get_mut("headers").and_then(Value::as_object_mut) {
            for name in ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"] {
                headers.insert(name.to_owned(), reference("headers", name));
            }
        }
    }
    if route.is_metered() {
        statuses.extend(["400", "404", "408", "413", "415", "422"]);
    }
    let mut operation = json!({ "operationId": id, "tags": [tag], "summary": summary });
    if matches!(
        route,
        Route::Ready
            | Route::InferenceReady
            | Route::InferenceModelReady
            | Route::InferenceVersionReady
    ) {
        statuses.push("503");
    }
    statuses.sort_unstable();
    statuses.dedup();
    let mut responses = Map::new();
    responses.insert("200".to_owned(), success);
    for status in statuses {
        responses.insert(status.to_owned(), reference("responses", &format!("Problem{status}")));
    }
    if let Some(operation) = operation.as_object_mut() {
        operation.insert("responses".into(), responses.into());
        let security = match scope {
            Some(_) => json!([{ "bearer": [] }, { "apiKey": [] }]),
            None => json!([]),
        };
        operation.insert("security".into(), security);
        if let Some(scope) = scope {
            operation.insert("x-scope".into(), scope.as_str().into());
        }
        if matches!(route, Route::Predict | Route::Explain) {
            let names: Vec<&str> = models.iter().map(|model| &*model.name).collect();
            let model = json!({
                "name": "model", "in": "query", "required": false,
                "description": "The model that answers. Needed when there are several and the body names none.",
                "schema": { "type": "string", "enum": names },
            });
            operation.insert("parameters".into(), json!([model]));
        }
        if let Some(body) = request_body(route, (index, alone), models) {
            operation.insert("requestBody".into(), body);
        }
    }
    operation
}

fn content_type(route: Route) -> &'static str {
    match route {
        Route::Metrics => "text/plain; version=0.0.4; charset=utf-8",
        Route::Docs | Route::Console => "text/html; charset=utf-8",
        _ => "application/json",
    }
}

/// Operation id, tag, summary and schema of the answer.
#[expect(clippy::too_many_lines, reason = "one arm a route")]
fn described(route: Route) -> (&'static str, &'static str, &'static str, Value) {
    let text = || json!({ "type": "string" });
    let constant = |name: &str, value: Value| json!({ "type": "object", "properties": { name: { "const": value } }, "required": [name] });
    match route {
        Route::Predict => (
            "predict",
            "models",
            "Predict for one row, a list of rows, or named model",
            schema("Predictions"),
        ),
        Route::Explain => (
            "explain",
            "models",
            "Explain predictions of rows, or an answer",
            schema("Explanations"),
        ),
        Route::InferenceServer => {
            ("inferenceServer", "inference", "About the server", schema("InferenceServer"))
        }
        Route::InferenceLive => (
            "inferenceLive",
            "inference",
            "Whether the server is alive",
            constant("live", true.into()),
        ),
        Route::InferenceReady => (
            "inferenceReady",
            "inference",
            "Whether the server is ready",
            constant("ready", true.into()),
        ),
        Route::InferenceModel => {
            ("inferenceModel", "inference", "About a model", schema("InferenceModel"))
        }
        Route::InferenceVersion => (
            "inferenceVersion",
            "inference",
            "About a version of a model",
            schema("InferenceModel"),
        ),
        Route::InferenceModelReady => (
            "inferenceModelReady",
            "inference",
            "Whether a model is ready",
            constant("ready", true.into()),
        ),
        Route::InferenceVersionReady => (
            "inferenceVersionReady",
            "inference",
            "Whether a version of a model is ready",
            constant("ready", true.into()),
        ),
        Route::Chat => (
            "chat",
            "language",
            "A conversation goes on (OpenAI's form); `stream` for server-sent events",
            language::answer(route),
        ),
        Route::Completions => (
            "complete",
            "language",
            "A text goes on (OpenAI's form); `stream` for server-sent events",
            language::answer(route),
        ),
        Route::OpenAiModels => {
            ("openai_models", "language", "The models that generate text", language::answer(route))
        }
        Route::OpenAiModel => ("openai_model", "language", "One of them", language::answer(route)),
        Route::Infer => {
            ("infer", "inference", "Infer from named tensors", schema("InferenceAnswer"))
        }
        Route::InferVersion => (
            "inferVersion",
            "inference",
            "Infer with a version of a model",
            schema("InferenceAnswer"),
        ),
        Route::Embeddings => (
            "embeddings",
            "models",
            "Texts as vectors, as OpenAI's clients ask for them",
            schema("Embeddings"),
        ),
        Route::Health => (
            "health",
            "operation",
            "Whether the process is alive",
            constant("status", "alive".into()),
        ),
        Route::Ready => (
            "ready",
            "operation",
            "Whether requests should be sent here",
            constant("status", "ready".into()),
        ),
        Route::Metrics => ("metrics", "operation", "Metrics in Prometheus's text format", text()),
        Route::OpenApi => ("openapi", "operation", "This document", json!({ "type": "object" })),
        Route::Console => {
            ("console", "operation", "A page to try the models and see how the server is", text())
        }
        Route::Docs | Route::Unknown => ("docs", "operation", "This document for people", text()),
    }
}

fn request_body(
    route: Route,
    (index, alone): (usize, bool),
    models: &[Arc<Model>],
) -> Option<Value> {
    if let Some((schema, examples)) = language::request(route, models) {
        let content = json!({ "application/json": { "schema": schema, "examples": examples } });
        return Some(json!({ "required": true, "content": content }));
    }
    if route == Route::Explain {
        return explain_body(alone, models);
    }
    let first = models.get(index)?;
    let row = row_example(first);
    let (schema, examples) = match route {
        Route::Predict => {
            let named = json!({ "summary": "A model by name", "value": { "model": &*first.name, "inputs": [row] } });
            let examples = if alone {
                json!({
                    "row": { "summary": "One row", "value": row },
                    "rows": { "summary": "Rows", "value": [row, row] },
                    "named": named,
                })
            } else {
                json!({ "named": named })
            };
            (schema("Request"), examples)
        }
        Route::Infer | Route::InferVersion => {
            let tensors: Vec<Value> = first
                .signature()
                .inputs
                .iter()
                .map(|field| {
                    json!({ "name": field.name, "shape": [1], "datatype": datatype(field),
                        "data": [value_example(field)] })
                })
                .collect();
            let examples = json!({
                "row": { "summary": "One row", "value": { "inputs": tensors } },
            });
            (schema(&inference_name(index)), examples)
        }
        Route::Embeddings => {
            let model = models.iter().find(|model| model.text().is_some())?;
            let value = json!({ "model": &*model.name, "input": ["A text.", "Another text."] });
            let examples = json!({ "texts": { "summary": "Texts", "value": value } });
            (schema("EmbeddingsRequest"), examples)
        }
        _ => return None,
    };
    let mut content = json!({ "application/json": { "schema": schema, "examples": examples } });
    if route == Route::Predict {
        files(&mut content, models);
    }
    Some(json!({ "required": true, "content": content }))
}

/// What `/api/explain` takes: rows, of language models a conversation or a text.
fn explain_body(alone: bool, models: &[Arc<Model>]) -> Option<Value> {
    models.first()?;
    let talks = |model: &&Arc<Model>| model.generator().is_some();
    let talkers: Vec<Arc<Model>> = models.iter().filter(talks).cloned().collect();
    let scorers: Vec<Arc<Model>> = models.iter().filter(|model| !talks(model)).cloned().collect();
    let mut examples = Map::new();
    if let Some(first) = scorers.first() {
        let row = row_example(first);
        if alone {
            examples.insert("row".into(), json!({ "summary": "One row", "value": row }));
            examples.insert("rows".into(), json!({ "summary": "Rows", "value": [row, row] }));
        }
        let named = json!({ "model": &*first.name, "inputs": [row] });
        examples.insert("named".into(), json!({ "summary": "A model by name", "value": named }));
    }
    let (said, asked) = language::explain_request(&talkers);
    examples.extend(said);
    let schema = either(models, schema("ExplainRequest"), asked);
    let mut content = json!({ "application/json": { "schema": schema, "examples": examples } });
    files(&mut content, &scorers);
    Some(json!({ "required": true, "content": content }))
}

/// Of two schemas the one for the models there are: for rows, for answers, or either.
fn either(models: &[Arc<Model>], rows: Value, answers: Value) -> Value {
    let talk = models.iter().filter(|model| model.generator().is_some()).count();
    match talk {
        0 => rows,
        _ if talk == models.len() => answers,
        _ => json!({ "anyOf": [rows, answers] }),
    }
}

/// The forms in which models of pictures take files.
fn files(content: &mut Value, models: &[Arc<Model>]) {
    if let (Some(content), Some(field)) =
        (content.as_object_mut(), models.iter().find_map(|model| model.picture()))
    {
        for kind in ["image/jpeg", "image/png", "image/webp"] {
            content.insert(kind.into(), json!({ "schema": { "contentMediaType": kind } }));
        }
        let file = json!({ "type": "string", "contentMediaType": "application/octet-stream" });
        let form = json!({ "type": "object", "required": [field], "properties": { field: file } });
        content.insert("multipart/form-data".into(), json!({ "schema": form }));
    }
}

fn headers() -> Value {
    let number =
        |text: &str| json!({ "description": text, "schema": { "type": "integer", "minimum": 0 } });
    json!({
        "RequestId": {
            "description": "UUID version 7; the ledger records the request under it.",
            "schema": { "type": "string", "format": "uuid" },
        },
        "RetryAfter": number("Seconds to wait before the next request."),
        "RateLimit-Limit": number("Requests that the key may send at once; how long they then take to come back is `w` in `RateLimit-Policy`. Absent for keys without a limit."),
        "RateLimit-Remaining": number("Requests left now."),
        "RateLimit-Reset": number("Seconds until the whole quota is back."),
        "WwwAuthenticate": {
            "description": "How to authenticate.", "schema": { "type": "string" },
        },
        "Allow": { "description": "Methods of the path.", "schema": { "type": "string" } },
    })
}

fn responses() -> Value {
    let statuses = [
        (
            "400",
            "The body is not JSON, nests too deep, or broke off; or the query has a parameter that the path does not take.",
        ),
        ("401", "No API key, or one that is not valid, expired or revoked."),
        ("403", "The API key lacks the scope."),
        ("404", "No such model or version."),
        ("405", "The path does not take this method."),
        ("406", "The request accepts nothing that the path offers."),
        ("408", "The body came too slowly."),
        ("413", "The body is too large."),
        (
            "415",
            "The body is not declared as what the model takes: plain JSON in UTF-8, of a model of pictures also a picture or a form.",
        ),
        ("422", "The input does not fit the model; `errors` names every bad field."),
        ("429", "The key sent too many requests."),
        ("500", "The server failed."),
        ("503", "The server is busy, ending, or cannot write its ledger."),
        ("504", "The answer was not ready in time."),
    ];
    let mut responses = Map::new();
    for (status, description) in statuses {
        let mut headers = json!({ "X-Request-Id": reference("headers", "RequestId") });
        let extra = match status {
            "401" | "403" => Some(("WWW-Authenticate", "WwwAuthenticate")),
            "405" => Some(("Allow", "Allow")),
            "429" | "503" => Some(("Retry-After", "RetryAfter")),
            _ => None,
        };
        if let (Some((name, to)), Some(headers)) = (extra, headers.as_object_mut()) {
            headers.insert(name.to_owned(), reference("headers", to));
        }
        let response = json!({
            "description": description,
            "headers": headers,
            "content": { "application/problem+json": { "schema": schema("Problem") } },
        });
        responses.insert(format!("Problem{status}"), response);
    }
    responses.into()
}

fn object(properties: Value, required: &[&str]) -> Value {
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), properties);
    schema.insert("required".into(), required.into());
    schema.into()
}

fn closed(properties: Value, required: &[&str]) -> Value {
    let mut schema = object(properties, required);
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("additionalProperties".into(), false.into());
    }
    schema
}

/// `alone`: whether the server has one model only, so that requests need not name it.
fn schemas(models: &[Arc<Model>], alone: bool, limits: &Limits) -> Value {
    let mut schemas = Map::new();
    for (index, model) in models.iter().enumerate() {
        schemas.insert(row_name(index), row(model));
        schemas.insert(inference_name(index), inference_request(model));
    }
    schemas.insert("Request".into(), request(models, alone, (limits.rows, TEXTS)));
    schemas.insert(
        "ExplainRequest".into(),
        request(models, alone, (limits.explained_rows, EXPLAINED)),
    );
    let number = || json!({ "type": "number" });
    let text = || json!({ "type": "string" });
    let envelope = |name: &str, item: Value| {
        let mut properties = json!({
            "model": text(), "version": text(),
            "usage": object(json!({ "rows": { "type": "integer", "minimum": 1 } }), &["rows"]),
            "request_id": { "type": "string", "format": "uuid" },
        });
        if let Some(properties) = properties.as_object_mut() {
            properties.insert(name.to_owned(), json!({ "type": "array", "items": item }));
        }
        object(properties, &["model", "version", name, "usage", "request_id"])
    };
    schemas.insert("Predictions".into(), envelope("predictions", schema("Prediction")));
    schemas.insert("Explanations".into(), envelope("explanations", schema("Explanation")));
    let prediction = json!({
        "label": { "type": "string", "description": "The class; absent for models that answer with a number." },
        "score": { "type": "number",
            "description": "Two classes: the probability of the positive one; several: of the label; otherwise the number." },
        "probabilities": { "type": "object", "additionalProperties": number(),
            "description": "The probability of every class." },
    });
    let mut warned = prediction.clone();
    if let Some(properties) = warned.as_object_mut() {
        properties.insert("warnings".into(), warnings());
    }
    schemas.insert("Prediction".into(), object(warned, &["score"]));
    schemas.insert("Explanation".into(), explanation(prediction));
    schemas.insert("Problem".into(), problem());
    if models.iter().any(|model| model.text().is_some()) {
        embeddings(&mut schemas, models, alone, limits);
    }
    inference(&mut schemas);
    language::schemas(&mut schemas);
    schemas.into()
}

/// Numbers far outside what training saw; absent without any.
fn warnings() -> Value {
    let text = || json!({ "type": "string" });
    let warning = object(
        json!({ "field": text(), "code": text(), "detail": text() }),
        &["field", "code", "detail"],
    );
    json!({ "type": "array", "items": warning, "minItems": 1,
        "description": "Numbers beyond the range seen in training by more than a tenth of its width: the answer is a guess there. \
            Absent without any; at most 1000 in one answer. The detail is in the language of `Accept-Language`." })
}

fn inference_name(index: usize) -> String {
    format!("InferenceRequest{}", index + 1)
}

/// One row as named tensors. A schema cannot say that shapes and data agree, so it shows one row; the words tell of more.
fn inference_request(model: &Model) -> Value {
    let tensor = |field: &Field| {
        let mut value = property(field);
        if let Some(value) = value.as_object_mut() {
            value.remove("title");
            value.remove("examples");
        }
        object(
            json!({
                "name": { "const": field.name },
                "shape": { "type": "array", "const": [1] },
                "datatype": { "const": datatype(field) },
                "parameters": { "type": "object" },
                "data": { "type": "array", "items": value, "minItems": 1, "maxItems": 1 },
            }),
            &["name", "shape", "datatype", "data"],
        )
    };
    let fields = &model.signature().inputs;
    let tensors: Vec<Value> = fields.iter().map(tensor).collect();
    let wanted = object(
        json!({ "name": { "type": "string", "enum": outputs(model) }, "parameters": { "type": "object" } }),
        &["name"],
    );
    let mut request = object(
        json!({
            "id": { "type": "string", "maxLength": 200 },
            "parameters": { "type": "object" },
            "inputs": { "type": "array", "prefixItems": tensors, "items": false,
                "minItems": fields.len(), "maxItems": fields.len() },
            "outputs": { "type": "array", "items": wanted },
        }),
        &["inputs"],
    );
    if let Some(request) = request.as_object_mut() {
        let words = "A row as one tensor for each column, in any order. Several rows: shape [rows] or [rows, 1] and as many \
            values in each tensor, up to the server's limit. Numbers may also come as FP32, FP16 or integers.";
        request.insert("description".into(), words.into());
    }
    request
}

fn row_name(index: usize) -> String {
    format!("Row{}", index + 1)
}

/// A body: rows of the only model, or rows of a named one; so many rows at most, of a model of texts so many texts.
fn request(models: &[Arc<Model>], alone: bool, (rows, texts): (usize, usize)) -> Value {
    let list = |index: usize, model: &Model| {
        let most = match (model.text(), model.picture()) {
            (Some(_), _) => rows.min(texts),
            (_, Some(_)) => rows.min(PICTURES),
            _ => rows,
        };
        json!({ "type": "array", "items": schema(&row_name(index)), "minItems": 1, "maxItems": most })
    };
    let mut forms = Vec::new();
    if let ([model], true) = (models, alone) {
        forms.extend([schema(&row_name(0)), list(0, model)]);
    }
    for (index, model) in models.iter().enumerate() {
        let properties =
            json!({ "model": { "const": &*model.name }, "inputs": list(index, model) });
        let required: &[&str] = if alone { &["inputs"] } else { &["model", "inputs"] };
        forms.push(closed(properties, required));
    }
    json!({ "anyOf": forms })
}

fn explanation(mut prediction: Value) -> Value {
    let text = || json!({ "type": "string" });
    let contribution = object(
        json!({
            "feature": text(), "title": text(),
            "value": { "description": "The value that was sent.",
                "type": ["string", "number", "boolean", "null"] },
            "contribution": { "type": "number",
                "description": "What it added to the raw score: base and contributions add up to it." },
        }),
        &["feature", "title", "value", "contribution"],
    );
    let reason = object(json!({ "code": text(), "text": text() }), &["code", "text"]);
    if let Some(properties) = prediction.as_object_mut() {
        properties.insert("base".into(), json!({ "type": "number" }));
        properties
            .insert("contributions".into(), json!({ "type": "array", "items": contribution }));
        properties.insert("reasons".into(), json!({ "type": "array", "items": reason }));
        let map = object(
            json!({
                "width": { "type": "integer", "description": "Cells from left to right." },
                "cells": { "type": "array", "items": { "type": "number" },
                    "description": "What each place added to the raw score, row by row: base and cells add up to it." },
                "overlay": { "type": "string", "contentEncoding": "base64", "contentMediaType": "image/png",
                    "description": "The picture as the model saw it, with the map in colour." },
            }),
            &["width", "cells", "overlay"],
        );
        properties.insert("map".into(), map);
        properties.insert("words".into(), words());
    }
    object(prediction, &["score", "base", "contributions", "reasons"])
}

fn words() -> Value {
    let place = |text: &str| json!({ "type": "integer", "description": text });
    let part = object(
        json!({
            "text": { "type": "string", "description": "A word, or some words side by side." },
            "start": place("Where it begins, in characters."), "end": place("Where it ends, in characters."),
            "contribution": { "type": "number",
                "description": "What it added to the log odds of the label: base and contributions add up to them." },
            "attention": { "type": ["number", "null"], "description": "How much of it the attention saw." },
        }),
        &["text", "start", "end", "contribution"],
    );
    object(
        json!({
            "parts": { "type": "array", "items": part },
            "exact": { "type": "boolean", "description": "Exact Shapley values; otherwise they are sampled." },
            "drawing": { "type": "string", "contentMediaType": "image/svg+xml",
                "description": "The text with its words in colour." },
        }),
        &["parts", "exact", "drawing"],
    )
}

fn embeddings(
    schemas: &mut Map<String, Value>,
    models: &[Arc<Model>],
    alone: bool,
    limits: &Limits,
) {
    let names: Vec<&str> =
        models.iter().filter(|model| model.text().is_some()).map(|model| &*model.name).collect();
    let text = json!({ "type": "string", "pattern": "\\S" });
    let most = limits.rows.min(crate::embeddings::INPUTS);
    let list = json!({ "type": "array", "items": text, "minItems": 1, "maxItems": most });
    let request = closed(
        json!({
            "model": { "type": "string", "enum": names },
            "input": { "anyOf": [text, list] },
            "encoding_format": { "type": "string", "enum": ["float", "base64"],
                "description": "base64: the vector's 32-bit numbers, little-endian." },
            "dimensions": { "type": "integer", "minimum": 1, "description": "As many as the model's vectors have; others are refused." },
            "user": { "type": "string" },
        }),
        if alone { &["input"] } else { &["model", "input"] },
    );
    schemas.insert("EmbeddingsRequest".into(), request);
    let vector = json!({ "anyOf": [{ "type": "array", "items": { "type": "number" } }, { "type": "string", "contentEncoding": "base64" }] });
    let count = || json!({ "type": "integer", "minimum": 0 });
    let one = object(
        json!({ "object": { "const": "embedding" }, "index": count(), "embedding": vector }),
        &["object", "index", "embedding"],
    );
    let usage = object(
        json!({ "prompt_tokens": count(), "total_tokens": count() }),
        &["prompt_tokens", "total_tokens"],
    );
    let answer = object(
        json!({ "object": { "const": "list" }, "data": { "type": "array", "items": one },
            "model": { "type": "string" }, "usage": usage }),
        &["object", "data", "model", "usage"],
    );
    schemas.insert("Embeddings".into(), answer);
}

fn problem() -> Value {
    let text = || json!({ "type": "string" });
    let field = object(
        json!({
            "field": { "type": "string", "description": "Where it stands: `age`, `[3].age`, `inputs[3].age`." },
            "code": text(), "detail": text(),
        }),
        &["field", "code", "detail"],
    );
    let mut problem = object(
        json!({
            "type": { "type": "string", "format": "uri", "description": "Stable: `urn:ingot:problem:<code>`." },
            "title": text(),
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": text(), "hint": text(),
            "request_id": { "type": "string", "format": "uuid" },
            "error": { "type": "string", "description": "The detail again, under the Open Inference Protocol's name." },
            "errors": { "type": "array", "items": field },
        }),
        &["type", "title", "status", "detail", "request_id"],
    );
    if let Some(problem) = problem.as_object_mut() {
        problem.insert("description".into(), "RFC 9457".into());
    }
    problem
}

fn inference(schemas: &mut Map<String, Value>) {
    let text = || json!({ "type": "string" });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let kinds = json!({ "type": "object" });
    let size = json!({ "type": "integer" });
    let tensor = |shape: Value| {
        object(
            json!({ "name": text(), "datatype": text(), "shape": list(shape) }),
            &["name", "datatype", "shape"],
        )
    };
    schemas.insert(
        "InferenceServer".into(),
        object(
            json!({ "name": text(), "version": text(), "extensions": list(text()) }),
            &["name", "version", "extensions"],
        ),
    );
    schemas.insert(
        "InferenceModel".into(),
        object(
            json!({ "name": text(), "versions": list(text()), "platform": text(),
                "inputs": list(tensor(size.clone())), "outputs": list(tensor(size.clone())) }),
            &["name", "versions", "platform", "inputs", "outputs"],
        ),
    );
    let output = object(
        json!({ "name": text(), "datatype": text(), "shape": list(size), "data": list(json!({})) }),
        &["name", "datatype", "shape", "data"],
    );
    schemas.insert(
        "InferenceAnswer".into(),
        object(
            json!({ "model_name": text(), "model_version": text(), "id": text(), "parameters": kinds,
                "outputs": list(output) }),
            &["model_name", "model_version", "outputs"],
        ),
    );
}

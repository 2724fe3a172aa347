//! OpenAI's interface in the OpenAPI document: requests and answers, as far as they are read and written here.

use crate::model::Model;
use crate::route::Route;
use serde_json::{Map, Value, json};
use std::sync::Arc;

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The schema of a request, and examples of it.
pub(crate) fn request(route: Route, models: &[Arc<Model>]) -> Option<(Value, Value)> {
    let name = models.first().map_or("", |model| &*model.name);
    match route {
        Route::Chat => {
            let user = json!([{ "role": "user", "content": "你好！Say hello in one sentence." }]);
            let plain = json!({ "model": name, "messages": user, "max_tokens": 64 });
            let flowing = json!({ "model": name, "messages": user, "stream": true });
            let form = json!({ "model": name, "messages": user, "response_format": {
                "type": "json_schema", "json_schema": { "name": "greeting", "schema": {
                    "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"] } } } });
            let examples = json!({
                "plain": { "summary": "A conversation", "value": plain },
                "stream": { "summary": "Server-sent events", "value": flowing },
                "form": { "summary": "An answer of a form", "value": form },
            });
            Some((reference("ChatRequest"), examples))
        }
        Route::Completions => {
            let plain = json!({ "model": name, "prompt": "Once upon a time", "max_tokens": 32 });
            let examples = json!({ "plain": { "summary": "A text", "value": plain } });
            Some((reference("CompletionRequest"), examples))
        }
        _ => None,
    }
}

/// The schema of an answer.
pub(crate) fn answer(route: Route) -> Value {
    match route {
        Route::Chat => reference("ChatAnswer"),
        Route::Completions => reference("CompletionAnswer"),
        Route::OpenAiModels => reference("LanguageModels"),
        _ => reference("LanguageModel"),
    }
}

/// All schemas of the interface.
pub(crate) fn schemas(into: &mut Map<String, Value>) {
    let text = || json!({ "type": "string" });
    let number =
        |least: f64, most: f64| json!({ "type": "number", "minimum": least, "maximum": most });
    let count = |most: u64| json!({ "type": "integer", "minimum": 0, "maximum": most });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let common = json!({
        "model": { "type": "string", "description": "Needed when there are several." },
        "max_tokens": count(1 << 24), "temperature": number(0.0, 2.0), "top_p": number(0.0, 1.0),
        "top_k": count(1 << 20), "min_p": number(0.0, 1.0), "repeat_penalty": number(0.1, 10.0),
        "presence_penalty": number(-2.0, 2.0), "frequency_penalty": number(-2.0, 2.0),
        "seed": { "type": "integer", "description": "The same seed and prompt give the same answer." },
        "stop": { "oneOf": [text(), list(text())], "description": "Texts that end the answer." },
        "n": { "type": "integer", "minimum": 1, "maximum": 8 },
        "logit_bias": { "type": "object", "additionalProperties": number(-100.0, 100.0) },
        "stream": { "type": "boolean", "description": "Server-sent events, one for each piece, `[DONE]` at the end." },
        "stream_options": { "type": "object", "properties": { "include_usage": { "type": "boolean" } } },
        "response_format": { "type": "object", "description": "`text`, `json_object`, or `json_schema` with a schema.",
            "properties": { "type": { "enum": ["text", "json_object", "json_schema"] } }, "required": ["type"] },
        "grammar": { "type": "string", "description": "A grammar in GBNF, from its rule `root` on." },
    });
    let with = |more: Value, required: &[&str]| {
        let mut properties = common.as_object().cloned().unwrap_or_default();
        properties.extend(more.as_object().cloned().unwrap_or_default());
        json!({ "type": "object", "properties": properties, "required": required })
    };
    let message = json!({ "type": "object", "required": ["role"], "properties": {
        "role": { "enum": ["system", "developer", "user", "assistant", "tool"] },
        "content": { "description": "A text, or parts of the type `text`." },
        "tool_calls": list(json!({ "type": "object" })), "tool_call_id": text(), "name": text() } });
    let chat = json!({
        "messages": { "type": "array", "minItems": 1, "items": message },
        "max_completion_tokens": count(1 << 24), "logprobs": { "type": "boolean" }, "top_logprobs": count(20),
        "tools": list(json!({ "type": "object" })),
        "tool_choice": { "description": "`none`, `auto`, `required`, or a function of `tools`." },
    });
    into.insert("ChatRequest".into(), with(chat, &["messages"]));
    let completion = json!({
        "prompt": { "description": "A text, a list of texts, or token numbers." },
        "echo": { "type": "boolean" }, "logprobs": count(20),
    });
    into.insert("CompletionRequest".into(), with(completion, &["prompt"]));
    let usage = json!({ "type": "object", "required": ["prompt_tokens", "completion_tokens", "total_tokens"],
        "properties": { "prompt_tokens": count(1 << 40), "completion_tokens": count(1 << 40),
            "total_tokens": count(1 << 40),
            "prompt_tokens_details": { "type": "object", "properties": { "cached_tokens": count(1 << 40) } } } });
    let reason = json!({ "enum": ["stop", "length", "tool_calls"] });
    for (name, kind, member) in [
        ("ChatAnswer", "chat.completion", json!({ "message": message })),
        ("CompletionAnswer", "text_completion", json!({ "text": text() })),
    ] {
        let mut choice = json!({ "index": count(8), "finish_reason": reason, "logprobs": {} });
        if let (Some(choice), Some(member)) = (choice.as_object_mut(), member.as_object()) {
            choice.extend(member.clone());
        }
        let choice = json!({ "type": "object", "properties": choice, "required": ["index", "finish_reason"] });
        let answer = json!({ "type": "object", "required": ["id", "object", "created", "model", "choices", "usage"],
            "properties": { "id": text(), "object": { "const": kind }, "created": { "type": "integer" },
                "model": text(), "choices": list(choice), "usage": usage } });
        into.insert(name.into(), answer);
    }
    let model = json!({ "type": "object", "required": ["id", "object", "created", "owned_by"], "properties": {
        "id": text(), "object": { "const": "model" }, "created": { "type": "integer" }, "owned_by": text() } });
    into.insert("LanguageModel".into(), model);
    let models = json!({ "type": "object", "required": ["object", "data"], "properties": {
        "object": { "const": "list" }, "data": list(reference("LanguageModel")) } });
    into.insert("LanguageModels".into(), models);
}

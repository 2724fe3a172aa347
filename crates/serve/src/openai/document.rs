//! `OpenAI`'s interface in the OpenAPI document: requests and answers, as far as they are read and written here.

use crate::model::Model;
use crate::route::Route;
use crate::spoken::{ALTERNATIVES, ANSWER, PARTS, TOLD, USUAL};
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

/// Examples of asking `/api/explain` about an answer, and the schema.
pub(crate) fn explain_request(models: &[Arc<Model>]) -> (Map<String, Value>, Value) {
    let mut examples = Map::new();
    if let Some(first) = models.first() {
        let user = json!([{ "role": "user", "content": "What is the capital of France?" }]);
        let own = json!({ "model": &*first.name, "messages": user, "max_tokens": 8 });
        let given = json!({ "model": &*first.name, "prompt": "Paris is the capital of", "answer": " France" });
        examples.insert("own".into(), json!({ "summary": "The model's own answer", "value": own }));
        examples.insert("given".into(), json!({ "summary": "A given answer", "value": given }));
    }
    (examples, reference("AnswerExplainRequest"))
}

/// The schema of explained answers.
pub(crate) fn explanations() -> Value {
    reference("AnswerExplanations")
}

/// Asking why a model answers as it does, and the explanation.
fn explained(into: &mut Map<String, Value>, message: &Value, usage: &Value) {
    let text = |about: &str| json!({ "type": "string", "description": about });
    let number = |about: &str| json!({ "type": "number", "description": about });
    let list = |items: Value, about: &str| json!({ "type": "array", "items": items, "description": about });
    let index = || json!({ "type": "integer", "minimum": 0 });
    let request = json!({ "type": "object", "additionalProperties": false,
        "oneOf": [{ "required": ["messages"] }, { "required": ["prompt"] }],
        "properties": {
            "model": text("Needed when there are several."),
            "messages": { "type": "array", "minItems": 1, "items": message },
            "prompt": text("A text that goes on, instead of `messages`."),
            "answer": text(&format!("The answer to explain, at most {ANSWER} tokens; after a `prompt` with the space it begins with. \
                Without it, the model's own likeliest answer.")),
            "max_tokens": { "type": "integer", "minimum": 1, "maximum": ANSWER, "default": USUAL,
                "description": "Tokens of the model's own answer, at most." },
            "top_logprobs": { "type": "integer", "minimum": 0, "maximum": ALTERNATIVES, "default": TOLD,
                "description": "Alternatives that are told of each token." },
        } });
    into.insert("AnswerExplainRequest".into(), request);
    let said = json!({ "token": text("As text; bytes that make no character alone are told as �."),
        "logprob": number("Natural logarithm of its probability, given all before it."),
        "bytes": list(index(), "Its bytes.") });
    let alternative =
        json!({ "type": "object", "required": ["token", "logprob", "bytes"], "properties": said });
    let mut token = alternative.clone();
    token["properties"]["top_logprobs"] = list(
        alternative,
        "The likeliest tokens in its place, falling; none where a guard looks at answers.",
    );
    let place = json!({ "type": "object", "required": ["message", "start", "end"], "properties": {
        "message": index(), "start": index(), "end": index() } });
    let part = json!({ "type": "object", "required": ["text", "places", "contribution"], "properties": {
        "text": text("A word, or some side by side."),
        "places": list(place, "Where it stands: in which message, from which character to which."),
        "contribution": number("How much the logarithm of the answer's probability falls when the part is left out; it need not add up over parts."),
    } });
    let reason = json!({ "type": "object", "required": ["code", "text"], "properties": {
        "code": { "const": "part" }, "text": text("In the language of `Accept-Language`.") } });
    let one = json!({ "type": "object",
        "required": ["answer", "finish_reason", "logprob", "tokens", "prompt", "reasons", "drawing"],
        "properties": {
            "answer": text("The answer that was explained."),
            "finish_reason": { "enum": ["stop", "length", "given"] },
            "logprob": number("Natural logarithm of the answer's probability: the sum over its tokens, without the mark of its end."),
            "tokens": list(token, "The answer's tokens; none where a guard changed the answer."),
            "prompt": { "type": "object", "required": ["parts", "exact"], "properties": {
                "parts": { "type": "array", "items": part, "minItems": 1, "maxItems": PARTS },
                "exact": { "type": "boolean", "description": format!("Every word was left out alone; otherwise neighbours were left out together: \
                    there are at most {PARTS} parts, fewer of prompts with more than about a thousand tokens.") } } },
            "reasons": list(reason, "The parts that did most for the answer."),
            "drawing": { "type": "string", "contentMediaType": "image/svg+xml",
                "description": "The prompt with its parts in colour, and the answer shaded by how sure the model was." },
        } });
    let mut usage = usage.clone();
    usage["properties"]["rows"] = json!({ "const": 1 });
    usage["properties"]["evaluations"] = json!({ "type": "integer", "minimum": 1, "description": "How often the model was asked; `prompt_tokens` counts all of them." });
    let answer = json!({ "type": "object", "required": ["model", "version", "explanations", "usage", "request_id"],
        "properties": { "model": { "type": "string" }, "version": { "type": "string" },
            "explanations": { "type": "array", "items": one, "minItems": 1, "maxItems": 1 },
            "usage": usage, "request_id": { "type": "string", "format": "uuid" } } });
    into.insert("AnswerExplanations".into(), answer);
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
        "seed": { "type": "integer", "description": "The same seed and prompt give the same answer on an idle server. Beside other requests, or when more of the prompt is \
            known from earlier ones, scores may differ in their last bits, and now and then a token with them." },
        "stop": { "oneOf": [text(), list(text())], "description": "Texts that end the answer." },
        "n": { "type": "integer", "minimum": 1, "maximum": 8 },
        "logit_bias": { "type": "object", "additionalProperties": number(-100.0, 100.0),
            "description": "By the model's own token numbers." },
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
        "echo": { "type": "boolean", "description": "The prompt first; with `logprobs` also its tokens, of which the first has none." },
        "logprobs": count(20),
        "best_of": { "type": "integer", "minimum": 1, "maximum": 8, "description": "1, or as many as `n`." },
    });
    into.insert("CompletionRequest".into(), with(completion, &["prompt"]));
    let usage = json!({ "type": "object", "required": ["prompt_tokens", "completion_tokens", "total_tokens"],
        "properties": { "prompt_tokens": count(1 << 40), "completion_tokens": count(1 << 40),
            "total_tokens": count(1 << 40),
            "prompt_tokens_details": { "type": "object", "properties": { "cached_tokens": count(1 << 40) } } } });
    explained(into, &message, &usage);
    let reason = json!({ "enum": ["stop", "length", "tool_calls", "content_filter"] });
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

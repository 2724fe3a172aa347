//! Language models: from a GGUF file to a sealed package to answers in `OpenAI`'s form, over real weights.

use crate::support::{Project, Server, api_key};
use crate::tools::{published, succeed, tool};
use serde_json::{Value, json};
use std::process::Command;

const MODEL: &str = "smollm2-135m";

/// A project with a packed language model, where the weights are; fetched where every tool must be there.
fn packed() -> Option<Project> {
    let project = Project::empty();
    if !published(&project, &[MODEL]) {
        return None;
    }
    project.ok(&["init", "--keys-only"]);
    project.ok(&["pack", MODEL, "--name", "talk"]);
    Some(project)
}

fn chat(server: &Server, key: &str, more: &Value) -> Value {
    let mut body = json!({
        "messages": [{ "role": "user", "content": "What is gravity?" }],
        "temperature": 0, "max_tokens": 24,
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = server.post("/v1/chat/completions", key, &body);
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()
}

#[test]
fn a_packed_model_answers_and_is_metered() {
    let Some(project) = packed() else { return };
    let server =
        Server::start(&project, &project.package(), &["--slots", "4", "--context", "1024"]);
    let (_, key) = api_key(&project, &[]);
    let first = chat(&server, &key, &json!({}));
    let said = first["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(said.contains("Gravity"), "{said}");
    // The same again: the same words, and the prompt is known.
    let again = chat(&server, &key, &json!({}));
    assert_eq!(again["choices"][0]["message"]["content"], said);
    let prompt = first["usage"]["prompt_tokens"].as_u64().unwrap();
    assert_eq!(again["usage"]["prompt_tokens_details"]["cached_tokens"], prompt - 1);
    // The same seed, the same chance.
    let seeded = json!({ "temperature": 1, "seed": 7 });
    assert_eq!(chat(&server, &key, &seeded)["choices"], chat(&server, &key, &seeded)["choices"]);
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string", "maxLength": 20 },
        "inhabitants": { "type": "integer" } }, "required": ["city", "inhabitants"], "additionalProperties": false });
    let formed = chat(
        &server,
        &key,
        &json!({ "max_tokens": 80,
        "response_format": { "type": "json_schema", "json_schema": { "name": "city", "schema": schema } } }),
    );
    let formed = formed["choices"][0]["message"]["content"].as_str().unwrap();
    let formed: Value = serde_json::from_str(formed).unwrap_or_else(|_| panic!("{formed}"));
    assert!(formed["city"].is_string() && formed["inhabitants"].is_i64());
    let usage: Value = serde_json::from_str(&project.ok(&["--json", "usage"])).unwrap();
    assert_eq!(usage[0]["requests"], 5);
    assert!(usage[0]["tokens_read"].as_u64() >= Some(5 * prompt), "{usage}");
}

#[test]
fn a_packed_model_is_traced_to_its_file() {
    let Some(project) = packed() else { return };
    let package = project.package().display().to_string();
    let told = project.ok(&["trace", &package]);
    assert!(told.contains("model.gguf") && told.contains("sha256:"), "{told}");
    let lineage: Value = serde_json::from_str(&project.ok(&["--json", "trace", &package])).unwrap();
    let digest = lineage["made_elsewhere"]["digest"].as_str().unwrap();
    assert!(told.contains(digest), "{told}");
}

#[test]
fn what_can_be_fetched_is_listed() {
    let project = Project::empty();
    let told = project.ok(&["pull"]);
    assert!(told.contains(MODEL) && told.contains("minilm-l6"), "{told}");
    let known: Value = serde_json::from_str(&project.ok(&["--json", "pull"])).unwrap();
    assert!(known["published"].as_array().unwrap().iter().any(|one| one["name"] == MODEL));
}

#[test]
fn what_is_no_language_model_is_refused_by_its_name() {
    let project = Project::empty();
    project.ok(&["init", "--keys-only"]);
    std::fs::write(project.path("cut.gguf"), b"GGUF\x03\0\0\0").unwrap();
    let output = project.command(&["--lang", "zh", "pack", "cut.gguf", "--name", "x"]).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("`cut.gguf`"), "{said}");
    assert!(said.contains("不完整") && !said.contains("cut off"), "{said}");
    let none = project.command(&["eval", "p.ingot", "q.jsonl", "--limit", "0"]).output().unwrap();
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn an_answer_is_explained_by_what_it_depends_on() {
    let Some(project) = packed() else { return };
    let server =
        Server::start(&project, &project.package(), &["--slots", "4", "--context", "1024"]);
    let (_, key) = api_key(&project, &[]);
    let body = json!({ "messages": [{ "role": "user",
        "content": "Please tell me in a few words: what is the capital city of France?" }], "max_tokens": 12 });
    let answer = server.post("/api/explain", &key, &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = answer.json();
    let one = &answer["explanations"][0];
    assert!(one["answer"].as_str().unwrap().contains("Paris"), "{one}");
    let parts = one["prompt"]["parts"].as_array().unwrap();
    let did = |part: &Value| part["contribution"].as_f64().unwrap();
    let mut ordered: Vec<&Value> = parts.iter().collect();
    ordered.sort_by(|a, b| did(b).total_cmp(&did(a)));
    // Which of the two did more hangs on a processor's rounding.
    let mut most = [&ordered[0]["text"], &ordered[1]["text"]].map(|text| text.as_str().unwrap());
    most.sort_unstable();
    assert_eq!(most, ["France?", "capital"], "{parts:?}");
    // What is told of the tokens is what was said, and adds up.
    let tokens = one["tokens"].as_array().unwrap();
    let said: String = tokens.iter().map(|token| token["token"].as_str().unwrap()).collect();
    assert_eq!(said, one["answer"].as_str().unwrap());
    let sum: f64 = tokens.iter().map(|token| token["logprob"].as_f64().unwrap()).sum();
    assert!((sum - one["logprob"].as_f64().unwrap()).abs() < 1e-3, "{one}");
    assert!(tokens.iter().all(|token| {
        let top = token["top_logprobs"].as_array().unwrap();
        // The likeliest words were chosen.
        top.len() == 5
            && (top[0]["logprob"].as_f64().unwrap() - token["logprob"].as_f64().unwrap()).abs()
                < 1e-3
    }));
}

#[test]
fn many_at_once_answer_as_one_alone() {
    let Some(project) = packed() else { return };
    let server = Server::start(
        &project,
        &project.package(),
        &["--slots", "4", "--context", "512", "--ungoverned"],
    );
    let ask = |city: &str| {
        let messages =
            json!([{ "role": "user", "content": format!("Say one fact about {city}.") }]);
        chat(&server, "", &json!({ "messages": messages }))["choices"][0]["message"]["content"]
            .clone()
    };
    let cities = ["Rome", "Beijing", "Cairo", "Lima", "Oslo", "上海"];
    let together: Vec<Value> = std::thread::scope(|scope| {
        let all: Vec<_> = cities.iter().map(|city| scope.spawn(|| ask(city))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(together.iter().all(|answer| answer.as_str().is_some_and(|text| !text.is_empty())));
    // Other requests in a step change sums in their last bits, and so now and then a later word; what requests mixed up
    // would say differs from the first.
    let begins =
        |answer: &Value| answer.as_str().unwrap_or_default().chars().take(12).collect::<String>();
    let same =
        cities.iter().zip(&together).filter(|(city, answer)| begins(&ask(city)) == begins(answer));
    let same = same.count();
    assert!(same >= 5, "{same} of {}", cities.len());
    // Forms are not mixed up either: every answer has its own, to the end.
    let formed = |city: &str| {
        let grammar = format!("root ::= \"{city}: \" [a-z ]{{8,24}} \".\"");
        let messages = json!([{ "role": "user", "content": "Say one fact about a city." }]);
        let more = json!({ "messages": messages, "grammar": grammar, "max_tokens": 64 });
        chat(&server, "", &more)["choices"][0]["message"]["content"].clone()
    };
    std::thread::scope(|scope| {
        let formed = &formed;
        let all: Vec<_> =
            cities.iter().map(|city| (city, scope.spawn(move || formed(city)))).collect();
        for (city, answer) in all {
            let answer = answer.join().unwrap();
            let text = answer.as_str().unwrap();
            let rest = text.strip_prefix(&format!("{city}: "));
            let rest =
                rest.and_then(|rest| rest.strip_suffix('.')).unwrap_or_else(|| panic!("{text}"));
            assert!(rest.bytes().all(|byte| byte == b' ' || byte.is_ascii_lowercase()), "{text}");
            assert!((8..=24).contains(&rest.len()), "{text}");
        }
    });
}

/// What the official client does, unchanged.
const CLIENT: &str = r#"
import json, sys
from openai import OpenAI, BadRequestError
client = OpenAI(base_url=sys.argv[1], api_key=sys.argv[2])
user = [{"role": "user", "content": "What is gravity?"}]
assert [model.id for model in client.models.list()] == ["talk"]
plain = client.chat.completions.create(model="talk", messages=user, temperature=0, max_tokens=24)
assert "Gravity" in plain.choices[0].message.content, plain
stream = client.chat.completions.create(model="talk", messages=user, temperature=0, max_tokens=24, stream=True,
    stream_options={"include_usage": True})
chunks = list(stream)
assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == plain.choices[0].message.content
assert chunks[-1].usage.completion_tokens == plain.usage.completion_tokens
tool = {"type": "function", "function": {"name": "weather", "description": "The weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string", "maxLength": 12}}, "required": ["city"],
    "additionalProperties": False}}}
called = client.chat.completions.create(model="talk", messages=user, tools=[tool], tool_choice="required", max_tokens=64, temperature=0)
call = called.choices[0].message.tool_calls[0].function
assert called.choices[0].finish_reason == "tool_calls" and call.name == "weather" and "city" in json.loads(call.arguments), called
schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"], "additionalProperties": False}
formed = client.chat.completions.create(model="talk", messages=user, max_tokens=32, temperature=0,
    response_format={"type": "json_schema", "json_schema": {"name": "ok", "schema": schema, "strict": True}})
assert isinstance(json.loads(formed.choices[0].message.content)["ok"], bool)
logs = client.chat.completions.create(model="talk", messages=user, max_tokens=2, logprobs=True, top_logprobs=3, temperature=0)
assert len(logs.choices[0].logprobs.content[0].top_logprobs) == 3
text = client.completions.create(model="talk", prompt="Once upon a", max_tokens=4, temperature=0)
assert text.choices[0].text
try:
    client.chat.completions.create(model="talk", messages=[{"role": "user", "content": "long " * 3000}])
    raise SystemExit("a prompt that cannot fit was taken")
except BadRequestError as error:
    assert error.code == "context_length_exceeded", error
print("ok")
"#;

#[test]
fn the_official_client_works_unchanged() {
    let (Some(python), Some(project)) = (tool("python"), packed()) else { return };
    let server =
        Server::start(&project, &project.package(), &["--slots", "2", "--context", "1024"]);
    let (_, key) = api_key(&project, &[]);
    let base = format!("http://{}/v1", server.address);
    let script = project.path("client.py");
    std::fs::write(&script, CLIENT).unwrap();
    let said = succeed(Command::new(python).arg(&script).args([&base, &key]));
    assert_eq!(said.trim(), "ok");
}

//! `/v1/embeddings`, as `OpenAI`'s clients ask for it.

use crate::app::{App, Call, Reply, Trace};
use crate::body;
use crate::engine::Embedded;
use crate::input::{BodyBounds, refuse};
use crate::messages::{
    EMBEDDINGS_NONE, MEMBER_TYPE, MEMBER_UNKNOWN, PANIC, QUEUE_FULL, ROWS_MANY, ROWS_NONE,
};
use crate::model::Model;
use crate::problem::{FieldProblem, LISTED, Problem};
use axum::body::Body;
use base64::Engine as _;
use ingot_base::Fault;
use ingot_runtime::messages::{FIELD_MISSING, TEXT_BLANK};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Texts of one request at most, as `OpenAI`'s own limit.
pub(crate) const INPUTS: usize = 2048;
const MEMBERS: [&str; 5] = ["model", "input", "encoding_format", "dimensions", "user"];

/// A request understood.
#[derive(Debug)]
struct Asked {
    texts: Vec<String>,
    /// Numbers as base64 of their bytes; else as a list.
    packed: bool,
}

impl App {
    pub(crate) async fn embeddings(
        &self,
        call: &Call,
        body: Body,
        trace: &mut Trace,
    ) -> Result<Reply, Problem> {
        let headers = &call.parts.headers;
        body::only_json(headers)?;
        let body = body::read(headers, body, &self.limits).await?;
        let bounds = BodyBounds { rows: self.limits.rows.min(INPUTS), ..self.bounds(INPUTS) };
        let members: Map<String, Value> =
            serde_json::from_slice(&body).map_err(|error| refuse(&error, bounds, None))?;
        let model = {
            let registry = self.registry.load();
            let model = match members.get("model").and_then(Value::as_str) {
                Some(name) => registry.named(name)?,
                None => registry.only()?,
            };
            Arc::clone(model)
        };
        trace.model = Some(Arc::clone(&model));
        if model.text().is_none() {
            return Err(Problem::new(Fault::new(&EMBEDDINGS_NONE).arg("model", &*model.name)));
        }
        let asked = read(&members, bounds.rows)?;
        let rows = asked.texts.len();
        let found = self.embed(&model, asked.texts).await?;
        trace.rows = rows;
        Ok(Reply::json(answer(&model, &found, asked.packed)))
    }

    /// Tokenises and embeds off the request threads, few requests at once.
    async fn embed(&self, model: &Arc<Model>, texts: Vec<String>) -> Result<Embedded, Problem> {
        let turn = tokio::time::timeout(
            self.limits.deadline / 2,
            Arc::clone(&model.preparing).acquire_owned(),
        );
        let Ok(Ok(slot)) = turn.await else {
            return Err(Problem::new(Fault::new(&QUEUE_FULL)).retry_after(1));
        };
        let engine = Arc::clone(&model.engine.0);
        let task = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            let single = texts.len() == 1;
            // Told with its place, before anything is computed.
            let mut errors = Vec::new();
            for (at, text) in texts.iter().enumerate() {
                if let Err(fault) = engine.prepare(text.as_bytes()) {
                    let field = if single { "input".to_owned() } else { format!("input[{at}]") };
                    errors.push(FieldProblem { field, fault });
                }
            }
            if !errors.is_empty() {
                return Err(Problem::fields(errors));
            }
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            engine.embed(&texts).map_err(Problem::new)
        });
        // A task that ends without a value has panicked.
        task.await.map_err(|_| Problem::new(Fault::new(&PANIC)))?
    }
}

fn read(members: &Map<String, Value>, most: usize) -> Result<Asked, Problem> {
    let mut errors: Vec<FieldProblem> = members
        .keys()
        .filter(|name| !MEMBERS.contains(&name.as_str()))
        .take(LISTED)
        .map(|name| {
            let field: String = name.chars().take(100).collect();
            let known = MEMBERS.join(", ");
            let fault = Fault::new(&MEMBER_UNKNOWN).arg("field", &field).arg("known", known);
            FieldProblem { field, fault }
        })
        .collect();
    let mut wrong = |field: &str, expected: &str| {
        let fault = Fault::new(&MEMBER_TYPE).arg("field", field).arg("expected", expected);
        errors.push(FieldProblem { field: field.to_owned(), fault });
    };
    if members.get("model").is_some_and(|model| !model.is_string()) {
        wrong("model", "string");
    }
    // All numbers are given: a client that wants fewer would get another space.
    if members.get("dimensions").is_some_and(|dimensions| !dimensions.is_null()) {
        wrong("dimensions", "null");
    }
    let packed = match members.get("encoding_format").map(Value::as_str) {
        None | Some(Some("float")) => false,
        Some(Some("base64")) => true,
        Some(_) => {
            wrong("encoding_format", "\"float\" | \"base64\"");
            false
        }
    };
    let mut texts = Vec::new();
    match members.get("input") {
        Some(Value::String(text)) => texts.push(text.clone()),
        Some(Value::Array(list)) => {
            if list.is_empty() {
                return Err(Problem::new(Fault::new(&ROWS_NONE)));
            }
            if list.len() > most {
                return Err(Problem::new(Fault::new(&ROWS_MANY).arg("limit", most)));
            }
            for (at, text) in list.iter().enumerate() {
                match text.as_str() {
                    Some(text) => texts.push(text.to_owned()),
                    None => wrong(&format!("input[{at}]"), "string"),
                }
            }
        }
        Some(_) => wrong("input", "string | array"),
        None => {
            let fault = Fault::new(&FIELD_MISSING).arg("field", "input");
            errors.push(FieldProblem { field: "input".into(), fault });
        }
    }
    if errors.is_empty()
        && let Some(at) = texts.iter().position(|text| text.trim().is_empty())
    {
        let field = if texts.len() == 1 { "input".to_owned() } else { format!("input[{at}]") };
        errors.push(FieldProblem { field, fault: Fault::new(&TEXT_BLANK) });
    }
    if errors.is_empty() { Ok(Asked { texts, packed }) } else { Err(Problem::fields(errors)) }
}

fn answer(model: &Model, found: &Embedded, packed: bool) -> Vec<u8> {
    let data: Vec<Value> = found
        .vectors
        .iter()
        .enumerate()
        .map(|(index, vector)| {
            let embedding = if packed {
                let bytes: Vec<u8> =
                    vector.iter().flat_map(|number| number.to_le_bytes()).collect();
                json!(base64::engine::general_purpose::STANDARD.encode(bytes))
            } else {
                json!(vector)
            };
            json!({ "object": "embedding", "index": index, "embedding": embedding })
        })
        .collect();
    let answer = json!({
        "object": "list",
        "data": data,
        "model": &*model.name,
        "usage": { "prompt_tokens": found.tokens, "total_tokens": found.tokens },
    });
    // A value always has a JSON form.
    serde_json::to_vec(&answer).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Asked, String> {
        let members: Map<String, Value> = serde_json::from_str(text).unwrap();
        super::read(&members, 3).map_err(|problem| {
            format!(
                "{} {:?}",
                problem.fault().code(),
                problem.render(ingot_base::Lang::En, "id", false).len()
            )
        })
    }

    #[test]
    fn requests_are_read_as_clients_send_them() {
        let one =
            read(r#"{"input":"hi","model":"m","user":"u","encoding_format":"base64"}"#).unwrap();
        assert_eq!((one.texts, one.packed), (vec!["hi".to_owned()], true));
        let two = read(r#"{"input":["a","b"],"dimensions":null}"#).unwrap();
        assert_eq!((two.texts.len(), two.packed), (2, false));
        for (bad, code) in [
            (r#"{"input":[]}"#, "serve-rows-none"),
            (r#"{"input":["a","b","c","d"]}"#, "serve-rows-many"),
            ("{}", "serve-input"),
            (r#"{"input":[1,2]}"#, "serve-input"),
            (r#"{"input":" "}"#, "serve-input"),
            (r#"{"input":"a","dimensions":8}"#, "serve-input"),
            (r#"{"input":"a","encoding_format":"int8"}"#, "serve-input"),
            (r#"{"input":"a","temperature":1}"#, "serve-input"),
        ] {
            assert!(read(bad).unwrap_err().starts_with(code), "{bad}");
        }
    }
}

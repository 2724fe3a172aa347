//! `/v1/embeddings`, as `OpenAI`'s clients ask for it.

use crate::app::{App, Call, Reply, Trace};
use crate::aside::{Wanted, aside};
use crate::body;
use crate::engine::Engine;
use crate::input::refuse;
use crate::messages::{
    EMBEDDINGS_DIMENSIONS, EMBEDDINGS_LONG, EMBEDDINGS_NONE, ENGINE, MEMBER_TYPE, ROWS_MANY,
    ROWS_NONE,
};
use crate::problem::{FieldProblem, Problem, unknown};
use axum::body::Body;
use base64::Engine as _;
use ingot_base::Fault;
use ingot_runtime::TextEncoder;
use ingot_runtime::messages::FIELD_MISSING;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Texts of one request at most, as `OpenAI`'s own limit.
pub(crate) const INPUTS: usize = 2048;
/// Tokens of one request at most: seconds of work.
const TOKENS: usize = 65_536;
const MEMBERS: [&str; 5] = ["model", "input", "encoding_format", "dimensions", "user"];

/// A request understood.
#[derive(Debug)]
struct Asked {
    texts: Vec<String>,
    /// Numbers as base64 of their bytes; else as a list.
    packed: bool,
    /// Numbers that a vector must have, if the client says how many.
    dimensions: Option<u64>,
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
        let bounds = self.bounds(self.limits.rows.min(INPUTS));
        self.allow(trace)?;
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
        // Embedding takes longer than reading requests: few at once, and a short queue before them.
        let slot = self.turn(&model.embedding).await?;
        let work = move |wanted: &Wanted| {
            let tokens = tokens(&*model.engine.0, &asked.texts, wanted)?;
            let used = tokens.iter().map(Vec::len).sum();
            whole(&*model.engine.0, &tokens, asked.dimensions)?;
            let vectors = vectors(&*model.engine.0, tokens, wanted)?;
            Ok::<_, Problem>((answer(&model.name, &vectors, used, asked.packed), used))
        };
        let (body, used) = aside(slot, work).await??;
        trace.rows = rows;
        trace.tokens = (used as u64, 0);
        Ok(Reply::json(body))
    }
}

/// The tokens of each text; before anything is embedded, every text that is refused is told with its place.
fn tokens(
    engine: &dyn Engine,
    texts: &[String],
    wanted: &Wanted,
) -> Result<Vec<Vec<i64>>, Problem> {
    let (mut found, mut errors) = (Vec::with_capacity(texts.len()), Vec::new());
    for (at, text) in texts.iter().enumerate() {
        wanted.check()?;
        match engine.tokens(text) {
            Ok(tokens) => found.push(tokens),
            Err(fault) => {
                let field =
                    if texts.len() == 1 { "input".to_owned() } else { format!("input[{at}]") };
                errors.push(FieldProblem { field, fault });
            }
        }
    }
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    let count: usize = found.iter().map(Vec::len).sum();
    if count > TOKENS {
        let fault = Fault::new(&EMBEDDINGS_LONG).arg("tokens", count).arg("limit", TOKENS);
        return Err(Problem::new(fault));
    }
    Ok(found)
}

/// Refuses other dimensions than the vectors have: all numbers are given, and a client that wants fewer would get another space. What is
/// asked of the engine for it is one token.
fn whole(engine: &dyn Engine, texts: &[Vec<i64>], dimensions: Option<u64>) -> Result<(), Problem> {
    let Some(wanted) = dimensions else { return Ok(()) };
    let token = texts.first().and_then(|text| text.first()).copied().into_iter().collect();
    let there = engine.embed(&[token])?.first().map_or(0, Vec::len);
    if wanted == there as u64 {
        return Ok(());
    }
    let fault = Fault::new(&EMBEDDINGS_DIMENSIONS).arg("dimensions", there);
    Err(Problem::fields(vec![FieldProblem { field: "dimensions".to_owned(), fault }]))
}

/// The vectors of tokenised texts, in the order of the texts. Those of about one length are embedded together: in a batch every text
/// takes as long as the longest.
fn vectors(
    engine: &dyn Engine,
    texts: Vec<Vec<i64>>,
    wanted: &Wanted,
) -> Result<Vec<Vec<f32>>, Problem> {
    let mut ordered: Vec<(usize, Vec<i64>)> = texts.into_iter().enumerate().collect();
    ordered.sort_by_key(|(_, tokens)| tokens.len());
    let (places, texts): (Vec<usize>, Vec<Vec<i64>>) = ordered.into_iter().unzip();
    let mut found = Vec::with_capacity(texts.len());
    for some in texts.chunks(TextEncoder::TEXTS) {
        wanted.check()?;
        found.extend(engine.embed(some)?);
    }
    if found.len() != places.len() {
        return Err(Problem::new(Fault::new(&ENGINE)));
    }
    let mut placed: Vec<(usize, Vec<f32>)> = places.into_iter().zip(found).collect();
    placed.sort_by_key(|(place, _)| *place);
    Ok(placed.into_iter().map(|(_, vector)| vector).collect())
}

fn read(members: &Map<String, Value>, most: usize) -> Result<Asked, Problem> {
    let mut errors = unknown(members, &MEMBERS);
    let mut wrong = |field: &str, expected: &str| {
        let fault = Fault::new(&MEMBER_TYPE).arg("field", field).arg("expected", expected);
        errors.push(FieldProblem { field: field.to_owned(), fault });
    };
    if members.get("model").is_some_and(|model| !model.is_string()) {
        wrong("model", "string");
    }
    let dimensions = members.get("dimensions").filter(|dimensions| !dimensions.is_null());
    if dimensions.is_some_and(|dimensions| !dimensions.is_u64()) {
        wrong("dimensions", "integer");
    }
    let dimensions = dimensions.and_then(Value::as_u64);
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
    if errors.is_empty() {
        Ok(Asked { texts, packed, dimensions })
    } else {
        Err(Problem::fields(errors))
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    object: &'static str,
    data: Vec<Embedding<'a>>,
    model: &'a str,
    usage: Usage,
}

#[derive(Serialize)]
struct Embedding<'a> {
    object: &'static str,
    index: usize,
    #[serde(rename = "embedding")]
    numbers: Numbers<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Numbers<'a> {
    List(&'a [f32]),
    /// Base64 of the numbers' bytes, little-endian.
    Packed(String),
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: usize,
    total_tokens: usize,
}

fn answer(model: &str, vectors: &[Vec<f32>], tokens: usize, packed: bool) -> Vec<u8> {
    let mut data = Vec::with_capacity(vectors.len());
    for (index, vector) in vectors.iter().enumerate() {
        let numbers = if packed {
            let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
            Numbers::Packed(base64::engine::general_purpose::STANDARD.encode(bytes))
        } else {
            Numbers::List(vector)
        };
        data.push(Embedding { object: "embedding", index, numbers });
    }
    let usage = Usage { prompt_tokens: tokens, total_tokens: tokens };
    // A value always has a JSON form.
    serde_json::to_vec(&Answer { object: "list", data, model, usage }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Explanation;
    use ingot_base::Signature;
    use std::sync::Mutex;
    use tokio::sync::Semaphore;

    /// Its vectors are the texts' first tokens; it keeps the lengths that it was given together.
    struct Lengths(Mutex<Vec<Vec<usize>>>);

    impl Engine for Lengths {
        fn signature(&self) -> &Signature {
            unreachable!()
        }

        fn scores(&self, _: &[f64], _: usize) -> ingot_base::Result<Vec<f64>> {
            unreachable!()
        }

        fn explain(&self, _: &[f64]) -> ingot_base::Result<Explanation> {
            unreachable!()
        }

        fn row_nanoseconds(&self) -> u64 {
            1
        }

        fn embed(&self, texts: &[Vec<i64>]) -> ingot_base::Result<Vec<Vec<f32>>> {
            self.0.lock().unwrap().push(texts.iter().map(Vec::len).collect());
            let first = |text: &Vec<i64>| vec![f32::from(i16::try_from(text[0]).unwrap())];
            Ok(texts.iter().map(first).collect())
        }
    }

    #[test]
    fn texts_of_one_length_are_embedded_together_and_told_in_their_own_order() {
        let count = 2 * TextEncoder::TEXTS + 3;
        let text = |at: usize| vec![i64::try_from(at).unwrap(); 1 + at * 7 % 11];
        let texts: Vec<Vec<i64>> = (0..count).map(text).collect();
        let engine = Arc::new(Lengths(Mutex::default()));
        let asked = Arc::clone(&engine);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let slot = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let found = runtime.block_on(aside(slot, move |wanted| vectors(&*asked, texts, wanted)));
        let wanted: Vec<f32> = (0_u8..).take(count).map(f32::from).collect();
        assert_eq!(found.unwrap().unwrap().concat(), wanted);
        let lengths = engine.0.lock().unwrap();
        assert_eq!(lengths.len(), 3);
        assert!(lengths.concat().is_sorted(), "{lengths:?}");
    }

    #[test]
    fn other_dimensions_than_there_are_is_told_with_those_that_there_are() {
        let engine = Lengths(Mutex::default());
        let read = |dimensions| read(&format!(r#"{{"input":"a","dimensions":{dimensions}}}"#));
        let check =
            |dimensions| whole(&engine, &[vec![7, 8, 9]], read(dimensions).unwrap().dimensions);
        assert!(check("null").is_ok() && engine.0.lock().unwrap().is_empty());
        assert!(check("1").is_ok());
        let problem = check("8").unwrap_err();
        assert_eq!(problem.fault().code(), "serve-input");
        let told = problem.openai(ingot_base::Lang::En, "id")["error"]["message"].to_string();
        assert!(told.contains("have 1 dimensions"), "{told}");
        assert_eq!(*engine.0.lock().unwrap(), [[1], [1]], "one token is asked of the engine");
    }

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
            (r#"{"input":"a","dimensions":"8"}"#, "serve-input"),
            (r#"{"input":"a","dimensions":-8}"#, "serve-input"),
            (r#"{"input":"a","encoding_format":"int8"}"#, "serve-input"),
            (r#"{"input":"a","temperature":1}"#, "serve-input"),
        ] {
            assert!(read(bad).unwrap_err().starts_with(code), "{bad}");
        }
    }
}

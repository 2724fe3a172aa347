//! What the server tells about itself and its models: health, metrics, documents, the Open Inference Protocol.

use crate::answer;
use crate::app::{App, Call, Reply, Trace};
use crate::body;
use crate::console;
use crate::input::tensor::{self, datatype, outputs};
use crate::messages::{DRAINING, MODEL_NONE, PICTURE_TENSOR};
use crate::metrics::Serving;
use crate::model::{Model, quote};
use crate::problem::Problem;
use crate::route::Route;
use axum::body::Body;
use axum::http::HeaderValue;
use ingot_base::Fault;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const METRICS_TYPE: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

impl App {
    /// Routes without a body.
    pub(crate) fn tell(
        &self,
        route: Route,
        call: &Call,
        trace: &mut Trace,
    ) -> Result<Reply, Problem> {
        match route {
            Route::Health => Ok(Reply::json(r#"{"status":"alive"}"#)),
            Route::InferenceLive => Ok(Reply::json(r#"{"live":true}"#)),
            Route::Ready => self.ready().map(|()| Reply::json(r#"{"status":"ready"}"#)),
            Route::InferenceReady => self.ready().map(|()| Reply::json(r#"{"ready":true}"#)),
            Route::InferenceServer => {
                let version = env!("CARGO_PKG_VERSION");
                let server = json!({ "name": "ingot", "version": version, "extensions": [] });
                Ok(Reply::json(server.to_string()))
            }
            Route::InferenceModel | Route::InferenceVersion => {
                let model = self.inference_model(call, trace)?;
                Ok(Reply::json(metadata(&model).to_string()))
            }
            Route::InferenceModelReady | Route::InferenceVersionReady => {
                let model = self.inference_model(call, trace)?;
                self.ready()?;
                Ok(Reply::json(json!({ "name": &*model.name, "ready": true }).to_string()))
            }
            Route::Metrics => {
                let registry = self.registry.load();
                let serving: Vec<_> = registry.models.iter().map(|model| serving(model)).collect();
                let mut reply = Reply::json(self.metrics.render(&serving, &self.shield.counts));
                reply.content_type = METRICS_TYPE;
                Ok(reply)
            }
            Route::OpenApi => Ok(Reply::json(self.registry.load().openapi.clone())),
            Route::Console => {
                let mut reply = Reply::json(console::body(call.lang));
                reply.content_type = HTML;
                reply.headers = console::headers(call.lang);
                Ok(reply)
            }
            _ => {
                let mut reply = Reply::json(self.docs.page.clone());
                reply.content_type = HTML;
                reply.headers = self.docs.headers();
                Ok(reply)
            }
        }
    }

    fn ready(&self) -> Result<(), Problem> {
        if self.draining.load(Ordering::Relaxed) {
            return Err(Problem::new(Fault::new(&DRAINING)).retry_after(1));
        }
        self.registry
            .load()
            .first()
            .map(drop)
            .map_err(|_| Problem::new(Fault::new(&MODEL_NONE)).retry_after(1))
    }

    /// The model that the path names.
    fn inference_model(&self, call: &Call, trace: &mut Trace) -> Result<Arc<Model>, Problem> {
        let registry = self.registry.load();
        let mut parts = call.parts.uri.path().split('/').skip(3);
        let name = parts.next().map(decode).unwrap_or_default();
        let model = registry.named(&name)?;
        if parts.next() == Some("versions")
            && parts.next().map(decode).as_deref() != Some(&*model.version)
        {
            return Err(Problem::new(registry.unknown()));
        }
        trace.model = Some(Arc::clone(model));
        Ok(Arc::clone(model))
    }

    /// An inference request.
    pub(crate) async fn infer(
        &self,
        call: &Call,
        body: Body,
        trace: &mut Trace,
    ) -> Result<Reply, Problem> {
        let model = self.inference_model(call, trace)?;
        if model.picture().or(model.text()).is_some() {
            return Err(Problem::new(Fault::new(&PICTURE_TENSOR)));
        }
        body::only_json(&call.parts.headers)?;
        let body = body::read(&call.parts.headers, body, &self.limits).await?;
        let inference = tensor::read(&body, &model, self.bounds(self.limits.rows))?;
        let rows = inference.rows.count;
        let scores = model.batcher.scores(inference.rows).await?;
        trace.rows = rows;
        let wanted = |name: &str| {
            inference.outputs.is_empty() || inference.outputs.iter().any(|known| known == name)
        };
        let names: Vec<&str> =
            outputs(&model).iter().copied().filter(|name| wanted(name)).collect();
        Ok(Reply::json(tensors(&model, &scores, &names, inference.id.as_deref(), &call.id)))
    }
}

/// What metrics tell of a model beside what is counted.
fn serving(model: &Model) -> Serving {
    let waiting = model.generator().map(|generator| generator.figures().waiting);
    let (name, version) = (Arc::clone(&model.name), Arc::clone(&model.version));
    Serving { name, version, waiting, room: model.room }
}

/// What the protocol tells of a model.
fn metadata(model: &Model) -> serde_json::Value {
    let signature = model.signature();
    let inputs: Vec<_> = signature
        .inputs
        .iter()
        .map(|field| json!({ "name": field.name, "datatype": datatype(field), "shape": [-1] }))
        .collect();
    let mut tensors = vec![json!({ "name": "score", "datatype": "FP64", "shape": [-1] })];
    if !model.labels.is_empty() {
        let classes = model.labels.len();
        tensors.push(json!({ "name": "label", "datatype": "BYTES", "shape": [-1] }));
        tensors
            .push(json!({ "name": "probabilities", "datatype": "FP64", "shape": [-1, classes] }));
    }
    json!({
        "name": &*model.name,
        "versions": [&*model.version],
        "platform": format!("ingot_{}", signature.task.as_str().replace('.', "_")),
        "inputs": inputs,
        "outputs": tensors,
    })
}

/// The answer to an inference request.
fn tensors(
    model: &Model,
    scores: &[f64],
    names: &[&str],
    id: Option<&str>,
    request_id: &str,
) -> Vec<u8> {
    let output = &model.signature().output;
    let rows: Vec<&[f64]> = scores.chunks_exact(output.width().max(1)).collect();
    let decided: Vec<_> = rows.iter().map(|row| answer::decision(output, row)).collect();
    for (class, score) in &decided {
        model.metrics.predicted(*class, *score);
    }
    let (name, version) = (quote(&model.name), quote(&model.version));
    let mut out = format!("{{\"model_name\":{name},\"model_version\":{version},").into_bytes();
    if let Some(id) = id {
        out.extend_from_slice(format!("\"id\":{},", quote(id)).as_bytes());
    }
    out.extend_from_slice(
        format!("\"parameters\":{{\"request_id\":\"{request_id}\"}},\"outputs\":[").as_bytes(),
    );
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let count = rows.len();
        let (datatype, shape) = match *name {
            "label" => ("BYTES", format!("{count}")),
            "probabilities" => ("FP64", format!("{count},{}", model.labels.len())),
            _ => ("FP64", format!("{count}")),
        };
        let head = format!(
            "{{\"name\":\"{name}\",\"datatype\":\"{datatype}\",\"shape\":[{shape}],\"data\":["
        );
        out.extend_from_slice(head.as_bytes());
        let start = out.len();
        let comma = |out: &mut Vec<u8>| {
            if out.len() > start {
                out.push(b',');
            }
        };
        for (row, (class, score)) in rows.iter().zip(&decided) {
            match *name {
                "label" => {
                    comma(&mut out);
                    let label = class.and_then(|class| model.labels.get(class));
                    out.extend_from_slice(label.map_or(b"null".as_slice(), Vec::as_slice));
                }
                "probabilities" => {
                    for probability in answer::probabilities(output, row) {
                        comma(&mut out);
                        answer::number(&mut out, probability);
                    }
                }
                _ => {
                    comma(&mut out);
                    answer::number(&mut out, *score);
                }
            }
        }
        out.extend_from_slice(b"]}");
    }
    out.extend_from_slice(b"]}");
    out
}

/// A path segment without its percent signs (RFC 3986 §2.1); what is no valid escape stays as it is.
fn decode(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%'
            && let [high, low, after @ ..] = rest
            && let (Some(high), Some(low)) =
                (char::from(*high).to_digit(16), char::from(*low).to_digit(16))
            && let Ok(decoded) = u8::try_from(high * 16 + low)
        {
            out.push(decoded);
            rest = after;
        } else {
            out.push(byte);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn percent_signs_are_decoded_once() {
        assert_eq!(super::decode("a%20%E4%BF%A1%2525%zz%4"), "a 信%25%zz%4");
    }
}

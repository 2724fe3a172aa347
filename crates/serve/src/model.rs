//! The models in service.

use crate::batch::{Batcher, Bounds};
use crate::config::Limits;
use crate::engine::{Engine, Loaded};
use crate::input::pictures::PICTURES;
use crate::input::texts::TEXTS;
use crate::messages::{MODEL_UNKNOWN, MODEL_UNNAMED};
use crate::metrics::{Metrics, ModelMetrics};
use crate::problem::LISTED;
use crate::spoken::TOGETHER;
use ingot_base::{Fault, Field, FieldKind, Output, Signature};
use ingot_runtime::generate::Generator;
use ingot_runtime::{Plausible, TextEncoder, Unlike};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// One version of one model, with everything that does not change between requests prepared.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: Arc<str>,
    pub(crate) version: Arc<str>,
    pub(crate) engine: EngineBox,
    pub(crate) batcher: Arc<Batcher>,
    pub(crate) metrics: Arc<ModelMetrics>,
    /// Requests that explain at once.
    pub(crate) explaining: Arc<Semaphore>,
    /// Requests that embed at once: batch by batch they share the sessions with predictions.
    pub(crate) embedding: Arc<Semaphore>,
    /// Requests whose pictures are decoded or texts tokenised at once.
    pub(crate) preparing: Arc<Semaphore>,
    /// Rows that may wait, or requests where it is a language model.
    pub(crate) room: usize,
    /// `{"model":…,"version":…,`
    pub(crate) prefix: Vec<u8>,
    /// The classes as JSON strings, in the order of [`classes`].
    pub(crate) labels: Vec<Vec<u8>>,
    /// What is like that which training saw; empty of a model of pictures or texts.
    plausible: Plausible,
    fields: HashMap<String, usize>,
}

/// An engine whose debug form is its signature's task.
pub(crate) struct EngineBox(pub(crate) Arc<dyn Engine>);

impl std::fmt::Debug for EngineBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({})", self.0.signature().task)
    }
}

impl Model {
    pub(crate) fn new(loaded: Loaded, limits: &Limits, metrics: &Metrics) -> Self {
        let signature = loaded.engine.signature();
        let own = metrics.of_model(&loaded.name, signature);
        let slots = std::thread::available_parallelism().map_or(2, usize::from);
        let (rows, queued) = (limits.batch_rows, limits.queued_rows);
        // A row of a picture has a megabyte, and a text takes as long as thousands of rows of a table.
        let (batch, queue, table) = match signature.inputs.first().map(|field| &field.kind) {
            Some(FieldKind::Image { .. }) => (ingot_runtime::BATCH, queued.min(PICTURES), false),
            Some(FieldKind::Text { .. }) => {
                let together = if loaded.engine.alone() { 1 } else { TextEncoder::TEXTS };
                (rows.min(together), queued.min(TEXTS), false)
            }
            _ => (rows, queued, true),
        };
        // An explanation of an answer asks its model some times at once; of others one turn stays for whoever wants a prediction.
        let generator = loaded.engine.generator();
        let about = generator.as_ref().map(|generator| generator.about());
        let explaining = about.map_or(slots.saturating_sub(1), |about| about.slots / TOGETHER);
        let room = about.map_or(queue, |about| about.room.saturating_sub(about.slots));
        let bounds = Bounds { slots, batch, queue, wait: limits.batch_wait };
        let prefix =
            format!("{{\"model\":{},\"version\":{},", quote(&loaded.name), quote(&loaded.version));
        Self {
            prefix: prefix.into_bytes(),
            plausible: if table { Plausible::of(signature) } else { Plausible::default() },
            labels: classes(&signature.output)
                .into_iter()
                .map(|label| quote(label).into_bytes())
                .collect(),
            fields: signature
                .inputs
                .iter()
                .enumerate()
                .map(|(index, field)| (field.name.clone(), index))
                .collect(),
            batcher: Arc::new(Batcher::new(Arc::clone(&loaded.engine), bounds, Arc::clone(&own))),
            engine: EngineBox(loaded.engine),
            metrics: own,
            explaining: Arc::new(Semaphore::new(explaining.max(1))),
            embedding: Arc::new(Semaphore::new(slots)),
            preparing: Arc::new(Semaphore::new(slots)),
            room,
            name: loaded.name.into(),
            version: loaded.version.into(),
        }
    }

    pub(crate) fn signature(&self) -> &Signature {
        self.engine.0.signature()
    }

    /// The numbers of some rows that are unlike those of training, in order: row and input. At most [`LISTED`].
    pub(crate) fn unlike(&self, features: &[f64]) -> Vec<(usize, usize, Unlike)> {
        self.plausible.unlike(features).take(LISTED).collect()
    }

    /// What generates text, of a model that does.
    pub(crate) fn generator(&self) -> Option<Arc<dyn Generator>> {
        self.engine.0.generator()
    }

    /// The name of the input that is a picture, of a model of pictures.
    pub(crate) fn picture(&self) -> Option<&str> {
        let first = self.signature().inputs.first()?;
        matches!(first.kind, FieldKind::Image { .. }).then_some(first.name.as_str())
    }

    /// The name of the input that is a text, of a model of texts.
    pub(crate) fn text(&self) -> Option<&str> {
        let first = self.signature().inputs.first()?;
        matches!(first.kind, FieldKind::Text { .. }).then_some(first.name.as_str())
    }

    pub(crate) fn field(&self, index: usize) -> Option<&Field> {
        self.signature().inputs.get(index)
    }

    /// The column of a name; `guess` is tried first, since clients send columns in order.
    pub(crate) fn column(&self, name: &str, guess: usize) -> Option<usize> {
        if self.field(guess).is_some_and(|field| field.name == name) {
            return Some(guess);
        }
        self.fields.get(name).copied()
    }
}

/// The classes of an output in index order (binary: negative, positive); none for numbers.
pub(crate) fn classes(output: &Output) -> Vec<&str> {
    match output {
        Output::Binary { positive, negative, .. } => vec![negative, positive],
        Output::Multiclass { labels, .. } => labels.iter().map(String::as_str).collect(),
        Output::Number { .. } | Output::Text { .. } => Vec::new(),
    }
}

/// A JSON string.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// All models at one moment; replaced as a whole when one changes, so that a request sees one state.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    /// In the order they were named; a single one answers requests that name none.
    pub(crate) models: Vec<Arc<Model>>,
    /// The document that describes them.
    pub(crate) openapi: axum::body::Bytes,
}

impl Registry {
    pub(crate) fn first(&self) -> Result<&Arc<Model>, Fault> {
        self.models.first().ok_or_else(|| self.unknown())
    }

    /// The only model; with several a request must say which it means.
    pub(crate) fn only(&self) -> Result<&Arc<Model>, Fault> {
        if self.models.len() < 2 {
            return self.first();
        }
        let known: Vec<&str> = self.models.iter().map(|model| &*model.name).collect();
        Err(Fault::new(&MODEL_UNNAMED).arg("known", known.join(", ")))
    }

    pub(crate) fn named(&self, name: &str) -> Result<&Arc<Model>, Fault> {
        self.models.iter().find(|model| *model.name == *name).ok_or_else(|| self.unknown())
    }

    pub(crate) fn unknown(&self) -> Fault {
        let known: Vec<String> =
            self.models.iter().map(|model| format!("{} {}", model.name, model.version)).collect();
        Fault::new(&MODEL_UNKNOWN).arg("known", known.join(", "))
    }
}

//! Metrics in Prometheus's text format, kept in plain atomics: a request takes no lock. Labels are bounded: routes are
//! patterns, models are those loaded, labels are those of the model's signature.

mod histogram;
mod process;

pub(crate) use histogram::Histogram;

use crate::route::Route;
use ingot_base::{Output, Signature};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const DURATIONS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const BATCHES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];
const PROBABILITIES: &[f64] = &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
/// Regression has no known range: decades on both sides of zero.
const NUMBERS: &[f64] =
    &[-1e6, -1e5, -1e4, -1e3, -100.0, -10.0, -1.0, 0.0, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];
/// Statuses the server answers with; another one would be counted as the last.
const STATUSES: &[u16] =
    &[200, 400, 401, 403, 404, 405, 406, 408, 413, 415, 422, 429, 503, 504, 500];
const TOO_MANY: u16 = 429;
/// What the guard counts, in its own order.
const FOUND: [&str; 3] = ["prompts", "answers", "injection"];
/// Classes counted one by one; the rest as `other`.
const CLASSES: usize = 100;

/// Requests of one model (or of none) by route and status.
#[derive(Debug)]
pub(crate) struct RequestMetrics {
    counts: Vec<AtomicU64>,
    durations: Vec<Histogram>,
}

impl RequestMetrics {
    fn new() -> Self {
        Self {
            counts: (0..Route::ALL.len() * STATUSES.len()).map(|_| AtomicU64::new(0)).collect(),
            durations: Route::ALL.iter().map(|_| Histogram::new(DURATIONS)).collect(),
        }
    }

    fn observe(&self, route: Route, status: u16, duration: Duration) {
        let last = STATUSES.len() - 1;
        let status = STATUSES.iter().position(|known| *known == status).unwrap_or(last);
        if let Some(count) = self.counts.get(route.index() * STATUSES.len() + status) {
            count.fetch_add(1, Relaxed);
        }
        if let Some(histogram) = self.durations.get(route.index()) {
            histogram.observe(duration.as_secs_f64());
        }
    }
}

/// What one model does; outlives its versions.
#[derive(Debug)]
pub(crate) struct ModelMetrics {
    requests: RequestMetrics,
    pub(crate) batches: Histogram,
    pub(crate) queue: AtomicI64,
    /// Read and written.
    tokens: [AtomicU64; 2],
    scores: Histogram,
    labels: Vec<(String, AtomicU64)>,
}

impl ModelMetrics {
    fn new(signature: &Signature) -> Self {
        let (bounds, mut labels) = match &signature.output {
            Output::Binary { positive, negative, .. } => {
                (PROBABILITIES, vec![negative.clone(), positive.clone()])
            }
            Output::Multiclass { labels, .. } => (PROBABILITIES, labels.clone()),
            Output::Number { .. } | Output::Text { .. } => (NUMBERS, Vec::new()),
        };
        if labels.len() > CLASSES {
            labels.truncate(CLASSES);
            labels.push("other".into());
        }
        Self {
            requests: RequestMetrics::new(),
            batches: Histogram::new(BATCHES),
            queue: AtomicI64::new(0),
            tokens: Default::default(),
            scores: Histogram::new(bounds),
            labels: labels.into_iter().map(|label| (label, AtomicU64::new(0))).collect(),
        }
    }

    /// Counts tokens that were read and written.
    pub(crate) fn tokens(&self, (read, written): (u64, u64)) {
        for (count, more) in self.tokens.iter().zip([read, written]) {
            count.fetch_add(more, Relaxed);
        }
    }

    /// Counts one answered row.
    pub(crate) fn predicted(&self, class: Option<usize>, score: f64) {
        self.scores.observe(score);
        if let Some(class) = class
            && let Some((_, count)) = self.labels.get(class).or_else(|| self.labels.last())
        {
            count.fetch_add(1, Relaxed);
        }
    }
}

/// A model that is in service.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) name: Arc<str>,
    pub(crate) version: Arc<str>,
    /// Requests that wait, where it is a language model.
    pub(crate) waiting: Option<u64>,
    /// Rows or requests that may wait.
    pub(crate) room: usize,
}

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    without_model: RequestMetrics,
    models: Mutex<BTreeMap<String, Arc<ModelMetrics>>>,
    /// Answers of the status 429, whatever was too much.
    rate_limited: AtomicU64,
    pub(crate) commits: Histogram,
    pub(crate) connections: AtomicI64,
    pub(crate) in_flight: AtomicI64,
    pub(crate) reloads: AtomicU64,
    pub(crate) refused_packages: AtomicU64,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            without_model: RequestMetrics::new(),
            models: Mutex::default(),
            rate_limited: AtomicU64::new(0),
            commits: Histogram::new(DURATIONS),
            connections: AtomicI64::new(0),
            in_flight: AtomicI64::new(0),
            reloads: AtomicU64::new(0),
            refused_packages: AtomicU64::new(0),
        }
    }

    /// The metrics of a model's name. A new version with other classes starts them afresh.
    pub(crate) fn of_model(&self, name: &str, signature: &Signature) -> Arc<ModelMetrics> {
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = ModelMetrics::new(signature);
        if let Some(known) = models.get(name)
            && known
                .labels
                .iter()
                .map(|(label, _)| label)
                .eq(fresh.labels.iter().map(|(label, _)| label))
        {
            return Arc::clone(known);
        }
        let fresh = Arc::new(fresh);
        models.insert(name.to_owned(), Arc::clone(&fresh));
        fresh
    }

    pub(crate) fn observe(
        &self,
        model: Option<&ModelMetrics>,
        route: Route,
        status: u16,
        duration: Duration,
    ) {
        if status == TOO_MANY {
            self.rate_limited.fetch_add(1, Relaxed);
        }
        model.map_or(&self.without_model, |model| &model.requests).observe(route, status, duration);
    }

    /// The whole page; `found` is what the guard counted.
    pub(crate) fn render(&self, serving: &[Serving], found: &[AtomicU64; 3]) -> String {
        let models = self.models.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut out = String::with_capacity(16 << 10);
        requests(&mut out, &self.without_model, &models);
        queues(&mut out, &models, serving);
        of_models(&mut out, &models);
        head(&mut out, "ingot_model_info", "gauge", "Models being served: 1 for each.");
        for one in serving {
            let (name, version) = (escape(&one.name), escape(&one.version));
            let _ = writeln!(out, "ingot_model_info{{model=\"{name}\",version=\"{version}\"}} 1");
        }
        let name = "ingot_guard_findings_total";
        head(&mut out, name, "counter", "What the guard of language models found, by where.");
        for (place, count) in FOUND.iter().zip(found) {
            let _ = writeln!(out, "{name}{{where=\"{place}\"}} {}", count.load(Relaxed));
        }
        let mut single = |name: &str, kind: &str, help: &str, value: i128| {
            head(&mut out, name, kind, help);
            let _ = writeln!(out, "{name} {value}");
        };
        let count = |counter: &AtomicU64| i128::from(counter.load(Relaxed));
        let help = "Requests refused with 429: a key's limit, its tokens, a full queue.";
        single("ingot_rate_limited_total", "counter", help, count(&self.rate_limited));
        let help = "New package versions that went into service.";
        single("ingot_reloads_total", "counter", help, count(&self.reloads));
        let help = "Packages that were refused.";
        single("ingot_packages_refused_total", "counter", help, count(&self.refused_packages));
        let gauge = |gauge: &AtomicI64| i128::from(gauge.load(Relaxed).max(0));
        single("ingot_connections", "gauge", "Open connections.", gauge(&self.connections));
        let help = "Requests being answered.";
        single("ingot_requests_in_flight", "gauge", help, gauge(&self.in_flight));
        let help = "Seconds from the first event of a group to its being on disk.";
        head(&mut out, "ingot_ledger_commit_seconds", "histogram", help);
        self.commits.write(&mut out, "ingot_ledger_commit_seconds", "");
        process::write(&mut out);
        out
    }
}

fn requests(
    out: &mut String,
    without_model: &RequestMetrics,
    models: &BTreeMap<String, Arc<ModelMetrics>>,
) {
    let all = || {
        std::iter::once((String::new(), without_model))
            .chain(models.iter().map(|(name, model)| (escape(name), &model.requests)))
    };
    let name = "ingot_requests_total";
    head(out, name, "counter", "Answered requests by route, status and model.");
    for (model, requests) in all() {
        for route in Route::ALL {
            for (index, status) in STATUSES.iter().enumerate() {
                let at = route.index() * STATUSES.len() + index;
                let count = requests.counts.get(at).map_or(0, |count| count.load(Relaxed));
                if count > 0 {
                    let route = route.pattern();
                    let _ = writeln!(
                        out,
                        "{name}{{route=\"{route}\",status=\"{status}\",model=\"{model}\"}} {count}"
                    );
                }
            }
        }
    }
    let name = "ingot_request_duration_seconds";
    head(out, name, "histogram", "Seconds from the head of a request to its answer.");
    for (model, requests) in all() {
        for route in Route::ALL {
            if let Some(histogram) = requests.durations.get(route.index())
                && histogram.count() > 0
            {
                let labels = format!("route=\"{}\",model=\"{model}\",", route.pattern());
                histogram.write(out, name, &labels);
            }
        }
    }
}

/// What waits for each model and how much may; what waits for a language model is known to it alone.
fn queues(out: &mut String, models: &BTreeMap<String, Arc<ModelMetrics>>, serving: &[Serving]) {
    let help = "Rows that wait for the model; requests where it is a language model.";
    head(out, "ingot_queue_depth", "gauge", help);
    for (name, model) in models {
        let asked = serving.iter().find(|one| *one.name == **name).and_then(|one| one.waiting);
        let rows = u64::try_from(model.queue.load(Relaxed)).unwrap_or_default();
        let (name, depth) = (escape(name), asked.unwrap_or(rows));
        let _ = writeln!(out, "ingot_queue_depth{{model=\"{name}\"}} {depth}");
    }
    let help = "Rows or requests that may wait for the model.";
    head(out, "ingot_queue_room", "gauge", help);
    for one in serving {
        let (name, room) = (escape(&one.name), one.room);
        let _ = writeln!(out, "ingot_queue_room{{model=\"{name}\"}} {room}");
    }
}

fn of_models(out: &mut String, models: &BTreeMap<String, Arc<ModelMetrics>>) {
    let labelled: Vec<(String, &ModelMetrics)> = models
        .iter()
        .map(|(name, model)| (format!("model=\"{}\",", escape(name)), &**model))
        .collect();
    head(out, "ingot_batch_size", "histogram", "Rows that were evaluated together.");
    for (labels, model) in &labelled {
        model.batches.write(out, "ingot_batch_size", labels);
    }
    let name = "ingot_tokens_total";
    head(out, name, "counter", "Tokens that the model read and wrote.");
    for (labels, model) in &labelled {
        for (direction, count) in ["read", "written"].iter().zip(&model.tokens) {
            let count = count.load(Relaxed);
            let _ = writeln!(out, "{name}{{{labels}direction=\"{direction}\"}} {count}");
        }
    }
    let help =
        "Distribution of scores: probability of the positive class or of the label, or the number.";
    head(out, "ingot_prediction_score", "histogram", help);
    for (labels, model) in &labelled {
        model.scores.write(out, "ingot_prediction_score", labels);
    }
    head(out, "ingot_predictions_total", "counter", "Answered rows by label.");
    for (labels, model) in &labelled {
        for (label, count) in &model.labels {
            let (label, count) = (escape(label), count.load(Relaxed));
            let _ = writeln!(out, "ingot_predictions_total{{{labels}label=\"{label}\"}} {count}");
        }
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// A label value as the text format wants it.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

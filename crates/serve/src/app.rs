//! One request from head to answer: who asks, what is asked, the answer, its record, its metrics.

use crate::answer;
use crate::aside::aside;
use crate::batch::Rows;
use crate::body::{self, Media, check_accept};
use crate::config::{Access, Event, Limits, Observer};
use crate::gate::{Gate, Quota};
use crate::guard::Guarded;
use crate::ids::Ids;
use crate::input::{Asked, BodyBounds, pictures, query, texts};
use crate::messages::{
    DEADLINE, EXPLAIN_TIME, METHOD, PANIC, PICTURES_MANY, QUEUE_FULL, ROUTE_UNKNOWN,
};
use crate::metrics::Metrics;
use crate::model::{Model, Registry};
use crate::openai::{Ending, Live};
use crate::problem::{FieldProblem, Problem};
use crate::route::Route;
use crate::shield::{Allowance, Shield, Spent};
use arc_swap::ArcSwap;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use axum::response::Response;
use ingot_base::{Clock, Fault, Lang};
use ingot_ledger::Principal;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What all requests share.
pub(crate) struct App {
    pub(crate) registry: ArcSwap<Registry>,
    pub(crate) gate: Gate,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: Limits,
    pub(crate) guard_metrics: bool,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) ids: Ids,
    pub(crate) draining: AtomicBool,
    pub(crate) docs: crate::docs::Docs,
    pub(crate) shield: Shield,
    pub(crate) allowance: Arc<Allowance>,
    pub(crate) clock: Arc<dyn Clock>,
    /// When the server started, in seconds since the epoch.
    pub(crate) started: i64,
}

/// A successful answer.
pub(crate) struct Reply {
    pub(crate) content_type: HeaderValue,
    pub(crate) body: Bytes,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// An answer that flows, instead of the body.
    pub(crate) live: Option<Box<Live>>,
}

impl Reply {
    pub(crate) fn json(body: impl Into<Bytes>) -> Self {
        Self { content_type: JSON, body: body.into(), headers: Vec::new(), live: None }
    }

    pub(crate) fn live(live: Live) -> Self {
        Self { content_type: EVENTS, live: Some(Box::new(live)), ..Self::json("") }
    }
}

/// What became known of a request on its way, whether or not it succeeded.
#[derive(Default)]
pub(crate) struct Trace {
    pub(crate) model: Option<Arc<Model>>,
    principal: Option<Arc<Principal>>,
    quota: Option<Quota>,
    /// Throttled requests are not recorded: the limit is to spare the ledger too.
    throttled: bool,
    pub(crate) rows: usize,
    /// Tokens that were read and written.
    pub(crate) tokens: (u64, u64),
    /// Instead, of answers of language models: what they took so far, also where the request fails. It is charged already. What such
    /// work goes on to take after a deadline is charged too, and does not stand in the ledger.
    pub(crate) spent: Option<Arc<Spent>>,
    /// Tells whoever records the request should its client leave that it is recorded; dropped without a word, that the client left.
    pub(crate) left: Option<oneshot::Sender<()>>,
}

impl Trace {
    /// For work that outlives the request.
    pub(crate) fn copy(&self) -> Self {
        Self {
            model: self.model.clone(),
            principal: self.principal.clone(),
            spent: self.spent.clone(),
            ..Self::default()
        }
    }

    /// Tokens that were read and written.
    fn took(&self, fine: bool) -> (u64, u64) {
        match &self.spent {
            Some(spent) => {
                let (used, _) = spent.so_far();
                (used.read, used.written)
            }
            None if fine => self.tokens,
            None => (0, 0),
        }
    }

    /// Somebody records it now.
    fn recorded(&mut self) {
        // Who waits for the client to leave is gone only with the server.
        let _ = self.left.take().map(|left| left.send(()));
    }

    /// The key that asks, if one is needed.
    pub(crate) fn key(&self) -> Option<Arc<str>> {
        self.principal.as_ref().map(|principal| Arc::clone(&principal.key))
    }
}

/// What a handler gets to see.
pub(crate) struct Call {
    pub(crate) begun: Instant,
    pub(crate) parts: Parts,
    pub(crate) id: Arc<str>,
    pub(crate) lang: Lang,
}

impl Call {
    /// For work that outlives the request.
    pub(crate) fn copy(&self) -> Self {
        let id = Arc::clone(&self.id);
        Self { begun: self.begun, parts: self.parts.clone(), id, lang: self.lang }
    }
}

impl App {
    /// Answers a request, whatever happens.
    pub(crate) async fn answer(self: &Arc<Self>, route: Route, request: Request) -> Response {
        let begun = Instant::now();
        self.metrics.in_flight.fetch_add(1, Ordering::Relaxed);
        let _flight = Flight(&self.metrics);
        let (parts, body) = request.into_parts();
        let lang = language(&parts.headers);
        let call = Call { begun, parts, id: self.ids.next(), lang };
        let mut trace = Trace::default();
        let mut outcome = self.bounded(route, &call, body, &mut trace).await;
        trace.recorded();
        if let Ok(reply) = &mut outcome
            && let Some(live) = reply.live.take()
        {
            let mut response = self.response(route, &call, outcome, &trace);
            let ending = Ending { app: Arc::clone(self), route, call, trace };
            *response.body_mut() = live.body(ending);
            return response;
        }
        if let Err(problem) = self.record(route, &call, &outcome, &trace).await {
            outcome = Err(problem);
        }
        let status = match &outcome {
            Ok(_) => StatusCode::OK,
            Err(problem) => problem.status(),
        };
        if let Err(problem) = &outcome
            && (status == StatusCode::INTERNAL_SERVER_ERROR
                || problem.fault().code().starts_with("ledger-write"))
        {
            let event = Event::Failed { request_id: &call.id, fault: problem.fault() };
            self.observer.event(&event);
        }
        self.finish(route, &call, status.as_u16(), &trace);
        self.response(route, &call, outcome, &trace)
    }

    /// Counts a request that was answered to its end.
    pub(crate) fn finish(&self, route: Route, call: &Call, status: u16, trace: &Trace) {
        if let Some(key) = trace.key().filter(|_| trace.spent.is_none()) {
            self.allowance.charge(&key, trace.tokens.0 + trace.tokens.1);
        }
        let duration = call.begun.elapsed();
        let model = trace.model.as_deref();
        self.metrics.observe(model.map(|model| &*model.metrics), route, status, duration);
        if let Some(model) = model {
            model.metrics.tokens(trace.took(status == 200));
        }
        self.observer.access(&Access {
            request_id: &call.id,
            route: route.pattern(),
            method: call.parts.method.as_str(),
            status,
            model: model.map(|model| &*model.name),
            key: trace.principal.as_ref().map(|principal| &*principal.key),
            rows: if status == 200 { trace.rows as u64 } else { 0 },
            duration,
        });
    }

    /// The handler, within the deadline; a panic in it is a fault.
    async fn bounded(
        self: &Arc<Self>,
        route: Route,
        call: &Call,
        body: Body,
        trace: &mut Trace,
    ) -> Result<Reply, Problem> {
        let handled = pin!(self.handle(route, call, body, trace));
        let handled = Guarded(handled);
        let deadline = if route.generates() || route == Route::Explain {
            self.limits.generation_time
        } else {
            self.limits.deadline
        };
        match tokio::time::timeout(deadline, handled).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Err(Problem::new(Fault::new(&PANIC))),
            Err(_) => Err(late(deadline)),
        }
    }

    /// Puts a metered request on disk before its answer leaves, failed ones too: that also asks whether the key still stands.
    async fn record(
        &self,
        route: Route,
        call: &Call,
        outcome: &Result<Reply, Problem>,
        trace: &Trace,
    ) -> Result<(), Problem> {
        let status = match outcome {
            Ok(_) => 200,
            Err(problem) => problem.status().as_u16(),
        };
        self.record_as(route, call, status, trace).await
    }

    /// As [`App::record`], with the status of an answer that was begun before.
    pub(crate) async fn record_as(
        &self,
        route: Route,
        call: &Call,
        status: u16,
        trace: &Trace,
    ) -> Result<(), Problem> {
        let Some(principal) = &trace.principal else { return Ok(()) };
        if !route.is_metered() || trace.throttled {
            return Ok(());
        }
        let named = |part: fn(&Model) -> &Arc<str>| {
            trace.model.as_deref().map_or_else(|| Arc::from(""), |model| Arc::clone(part(model)))
        };
        let fine = status == 200;
        let tokens = trace.took(fine);
        let event = ingot_ledger::Event {
            request_id: Arc::clone(&call.id),
            key: Arc::clone(&principal.key),
            route: route.pattern(),
            model: named(|model| &model.name),
            version: named(|model| &model.version),
            status,
            rows: if fine { trace.rows as u64 } else { 0 },
            tokens_read: tokens.0,
            tokens_written: tokens.1,
        };
        self.gate.record(event).await
    }

    async fn handle(
        self: &Arc<Self>,
        route: Route,
        call: &Call,
        body: Body,
        trace: &mut Trace,
    ) -> Result<Reply, Problem> {
        let headers = &call.parts.headers;
        if let Err(problem) = self.admit(route, call, trace).await {
            return Err(body::forget(headers, body, problem).await);
        }
        match route {
            Route::Chat => self.chat(call, body, trace).await,
            Route::Completions => self.complete(call, body, trace).await,
            Route::OpenAiModels | Route::OpenAiModel => self.openai_models(call),
            Route::Predict => self.predict(call, body, trace).await,
            Route::Explain => self.explain(call, body, trace).await,
            Route::Infer | Route::InferVersion => self.infer(call, body, trace).await,
            Route::Embeddings => self.embeddings(call, body, trace).await,
            Route::Unknown => {
                let problem = Problem::new(Fault::new(&ROUTE_UNKNOWN));
                Err(body::forget(headers, body, problem).await)
            }
            _ => self.tell(route, call, trace),
        }
    }

    /// Whether whoever asks may, how often, and for what they accept.
    async fn admit(&self, route: Route, call: &Call, trace: &mut Trace) -> Result<(), Problem> {
        let headers = &call.parts.headers;
        let scope = match route {
            Route::Metrics if self.guard_metrics => Some(ingot_ledger::Scope::Metrics),
            _ => route.scope(),
        };
        if let Some(scope) = scope {
            // An answer that flows leaves before it is recorded: whether the key stands is asked at once.
            let recorded = route.is_metered() && !route.generates();
            let principal = self.gate.admit(headers, scope, recorded).await?;
            let quota = self.gate.throttle(principal.as_deref());
            if quota.is_err() && recorded {
                // Nothing is recorded of it, so nobody asks again: a key that another process revoked is told so first.
                trace.throttled = true;
                self.gate.admit(headers, scope, false).await?;
            }
            trace.principal = principal;
            trace.throttled = quota.is_err();
            trace.quota = quota?;
        }
        // Clients of OpenAI's interface accept JSON whatever they ask for.
        if route.is_openai() {
            return Ok(());
        }
        check_accept(headers, route.offers())
    }

    async fn predict(&self, call: &Call, body: Body, trace: &mut Trace) -> Result<Reply, Problem> {
        let bounds = self.bounds(self.limits.rows).with_texts(texts::TEXTS);
        let sent = self.sent(call, body).await?;
        let asked = self.asked(sent, bounds, trace).await?;
        let rows = asked.rows.count;
        let unlike = asked.model.unlike(&asked.rows.features);
        let scores = asked.model.batcher.scores(asked.rows).await?;
        trace.rows = rows;
        let body = answer::predictions(&asked.model, &scores, &unlike, call.lang, &call.id);
        let mut reply = Reply::json(body);
        if !unlike.is_empty() {
            let tag = HeaderValue::from_static(call.lang.tag());
            reply.headers.push((header::CONTENT_LANGUAGE, tag));
        }
        Ok(reply)
    }

    /// Explains rows, or an answer of a language model, which may take as long as generating may.
    async fn explain(&self, call: &Call, body: Body, trace: &mut Trace) -> Result<Reply, Problem> {
        let sent = self.sent(call, body).await?;
        if sent.media == Media::Json
            && let Some(talk) = self.talk(sent.named.as_deref(), &sent.body)?
        {
            return self.explain_answer(call, talk, trace).await;
        }
        let deadline = self.limits.deadline;
        let left = deadline.saturating_sub(call.begun.elapsed());
        let rows = self.explain_rows(call, sent, trace);
        tokio::time::timeout(left, rows).await.unwrap_or_else(|_| Err(late(deadline)))
    }

    async fn explain_rows(
        &self,
        call: &Call,
        sent: Sent,
        trace: &mut Trace,
    ) -> Result<Reply, Problem> {
        let bounds = self.bounds(self.limits.explained_rows).with_texts(texts::EXPLAINED);
        let asked = self.asked(sent, bounds, trace).await?;
        let model = asked.model;
        let rows = asked.rows.count;
        let texts = if model.text().is_some() { asked.files } else { Vec::new() };
        self.affordable(&model, &asked.rows.features)?;
        // Explaining a row takes as long as scoring hundreds: few at once, and a short queue before them.
        let slot = self.turn(&model.explaining).await?;
        let scores = model.batcher.scores(asked.rows.clone()).await?;
        let (engine, features) = (Arc::clone(&model.engine.0), asked.rows.features);
        let width = engine.width();
        let explanations = aside(slot, move |wanted| {
            if !texts.is_empty() {
                let explain = |(_, text): &(String, Bytes)| {
                    wanted.check()?;
                    engine.explain_text(&String::from_utf8_lossy(text))
                };
                return texts.iter().map(explain).collect::<Result<Vec<_>, Fault>>();
            }
            features
                .chunks_exact(width.max(1))
                .map(|row| wanted.check().and_then(|()| engine.explain(row)))
                .collect::<Result<Vec<_>, Fault>>()
        })
        .await??;
        trace.rows = rows;
        let body = answer::explanations(&model, &scores, &explanations, call.lang, &call.id);
        let mut reply = Reply::json(body);
        reply.headers.push((header::CONTENT_LANGUAGE, HeaderValue::from_static(call.lang.tag())));
        Ok(reply)
    }

    /// That texts can be explained in the time that a request has: whoever asks for more hears so before it waits for a turn.
    fn affordable(&self, model: &Model, features: &[f64]) -> Result<(), Problem> {
        let (engine, limit) = (&model.engine.0, self.limits.deadline);
        let rows = features.chunks_exact(engine.width().max(1));
        let takes: Duration = rows.map(|row| engine.explaining_takes(row)).sum();
        if takes <= limit {
            return Ok(());
        }
        Err(Problem::new(
            Fault::new(&EXPLAIN_TIME)
                .arg("seconds", takes.as_secs().max(1))
                .arg("limit", limit.as_secs()),
        ))
    }

    /// Reads what was sent.
    async fn sent(&self, call: &Call, body: Body) -> Result<Sent, Problem> {
        let headers = &call.parts.headers;
        let named = query::model(&call.parts.uri)?;
        let pictured = self.pictured(named.as_deref());
        let media = body::media(headers, pictured)?;
        let body = if pictured {
            body::read_pictures(headers, body, &self.limits).await?
        } else {
            body::read(headers, body, &self.limits).await?
        };
        Ok(Sent { named, media, body })
    }

    /// Whether a model of pictures is asked: the one that is named beside the body, else any, since a body may name it too.
    fn pictured(&self, named: Option<&str>) -> bool {
        let registry = self.registry.load();
        registry
            .models
            .iter()
            .filter(|model| named.is_none_or(|name| *model.name == *name))
            .any(|model| model.picture().is_some())
    }

    /// The whole way from a body to rows; pictures are decoded on the way.
    async fn asked(
        &self,
        sent: Sent,
        bounds: BodyBounds,
        trace: &mut Trace,
    ) -> Result<Asked, Problem> {
        let Sent { named, media, body } = sent;
        let mut asked = if media == Media::Json {
            self.read(&body, named.as_deref(), bounds, trace)?
        } else {
            let registry = self.registry.load_full();
            let model = match &named {
                Some(name) => registry.named(name)?,
                None => registry.only()?,
            };
            trace.model = Some(Arc::clone(model));
            let field = model.picture().ok_or_else(body::not_json)?;
            let files = pictures::raw(&media, body, field).await?;
            let rows = Rows { features: Vec::new(), count: files.len() };
            Asked { model: Arc::clone(model), rows, files }
        };
        if asked.model.picture().is_some() && asked.files.len() > bounds.rows {
            return Err(Problem::new(Fault::new(&PICTURES_MANY).arg("limit", bounds.rows)));
        }
        if !asked.files.is_empty() {
            asked.rows.features = self.prepared(&asked).await?;
        }
        Ok(asked)
    }

    /// Decodes pictures and tokenises texts off the request threads, few requests at once.
    async fn prepared(&self, asked: &Asked) -> Result<Vec<f64>, Problem> {
        let slot = self.turn(&asked.model.preparing).await?;
        let engine = Arc::clone(&asked.model.engine.0);
        let files = asked.files.clone();
        aside(slot, move |wanted| {
            let mut features = Vec::with_capacity(engine.width() * files.len());
            let mut errors = Vec::new();
            for (field, file) in files {
                wanted.check()?;
                match engine.prepare(&file) {
                    Ok(row) => features.extend(row),
                    Err(fault) => errors.push(FieldProblem { field, fault }),
                }
            }
            if errors.is_empty() { Ok(features) } else { Err(Problem::fields(errors)) }
        })
        .await?
    }

    /// A turn at work of which there may be little at once.
    pub(crate) async fn turn(
        &self,
        slots: &Arc<Semaphore>,
    ) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = Arc::clone(slots).acquire_owned();
        match tokio::time::timeout(self.limits.deadline / 2, turn).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => Err(Problem::new(Fault::new(&QUEUE_FULL)).retry_after(1)),
        }
    }

    /// Understands a body; it asks the models that are in service at this moment.
    fn read(
        &self,
        body: &[u8],
        named: Option<&str>,
        bounds: BodyBounds,
        trace: &mut Trace,
    ) -> Result<Asked, Problem> {
        let registry = self.registry.load();
        crate::input::read(body, named, &registry, bounds, &mut trace.model)
    }

    pub(crate) fn bounds(&self, rows: usize) -> BodyBounds {
        BodyBounds::new(rows, self.limits.depth)
    }

    fn response(
        &self,
        route: Route,
        call: &Call,
        outcome: Result<Reply, Problem>,
        trace: &Trace,
    ) -> Response {
        let (status, kind, body, extra) = match outcome {
            Ok(reply) => (StatusCode::OK, reply.content_type, reply.body, reply.headers),
            Err(problem) => {
                // Clients of OpenAI's interface also meet paths of it that are none here.
                let openai = route.is_openai()
                    || (route == Route::Unknown && call.parts.uri.path().starts_with("/v1/"));
                let body = if openai {
                    problem.openai(call.lang, &call.id).to_string().into_bytes()
                } else {
                    problem.render(call.lang, &call.id, route.is_inference())
                };
                let mut headers = problem.headers().to_vec();
                let tag = HeaderValue::from_static(call.lang.tag());
                headers.push((header::CONTENT_LANGUAGE, tag));
                let kind = if openai { JSON } else { PROBLEM };
                (problem.status(), kind, Bytes::from(body), headers)
            }
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, kind);
        if let Ok(id) = HeaderValue::from_str(&call.id) {
            headers.insert(REQUEST_ID, id);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Some(quota) = &trace.quota {
            headers.extend(quota.headers());
        }
        headers.extend(extra);
        if self.draining.load(Ordering::Relaxed) {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// The answer for a path that exists, with a method that it does not take; the router adds `Allow`.
    pub(crate) fn wrong_method(&self, request: Request) -> Response {
        let begun = Instant::now();
        let (parts, _) = request.into_parts();
        let lang = language(&parts.headers);
        let call = Call { begun, parts, id: self.ids.next(), lang };
        self.metrics.observe(None, Route::Unknown, 405, begun.elapsed());
        let problem = Problem::new(Fault::new(&METHOD));
        let route = if call.parts.uri.path().starts_with("/v2") {
            Route::InferenceServer
        } else if call.parts.uri.path().starts_with("/v1") {
            Route::OpenAiModels
        } else {
            Route::Unknown
        };
        self.response(route, &call, Err(problem), &Trace::default())
    }
}

/// A request's body, and what its head says of it.
struct Sent {
    /// The model that the query names.
    named: Option<String>,
    media: Media,
    body: Bytes,
}

/// The answer was not ready in time.
fn late(deadline: Duration) -> Problem {
    Problem::new(Fault::new(&DEADLINE).arg("seconds", deadline.as_secs()))
}

/// Counts a request as in flight until dropped, also when the client goes away.
struct Flight<'a>(&'a Metrics);

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

fn language(headers: &HeaderMap) -> Lang {
    headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .and_then(Lang::parse)
        .unwrap_or_default()
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("limits", &self.limits).finish_non_exhaustive()
    }
}

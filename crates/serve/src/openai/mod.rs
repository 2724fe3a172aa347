//! `OpenAI`'s interface: `/v1/models`, `/v1/chat/completions`, `/v1/completions`, whole or as a stream of events.

pub(crate) mod document;
pub(crate) mod form;
mod live;
pub(crate) mod order;
pub(crate) mod reply;
mod tools;

pub(crate) use live::{Ending, Live};

use crate::app::{App, Call, Reply, Trace};
use crate::body;
use crate::messages::{MODEL_NO_TEXT, OPENAI_LONG, PANIC, SHIELD_ANSWER};
use crate::model::Model;
use crate::problem::Problem;
use crate::route::Route;
use axum::body::Body;
use form::{Prompt, Wish};
use ingot_base::{Fault, Lang};
use ingot_runtime::generate::{Ask, Event, Generator, Log, Message, Ticket, Token};
use reply::{Answer, Echo, Head, Kind, Used};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;

/// Bytes of a prompt per token of the context at most: longer ones cannot fit, and are not worth reading.
const DENSE: usize = 128;
/// Seconds after which a client that was too many may come again.
const AGAIN: u64 = 2;

/// Events of all answers of a request, with the number of the answer.
type Events = UnboundedReceiver<(usize, Event)>;

impl App {
    /// The models that generate text.
    pub(crate) fn openai_models(&self, call: &Call) -> Result<Reply, Problem> {
        let registry = self.registry.load();
        let entry = |model: &Arc<Model>| json!({ "id": &*model.name, "object": "model", "created": self.started, "owned_by": "ingot" });
        let path = call.parts.uri.path();
        if let Some(name) = path.strip_prefix("/v1/models/") {
            return Ok(Reply::json(entry(registry.named(name)?).to_string()));
        }
        let models = registry.models.iter().filter(|model| model.generator().is_some());
        let list: Vec<_> = models.map(entry).collect();
        Ok(Reply::json(json!({ "object": "list", "data": list }).to_string()))
    }

    /// A conversation goes on.
    pub(crate) async fn chat(
        self: &Arc<Self>,
        call: &Call,
        body: Body,
        trace: &mut Trace,
    ) -> Result<Reply, Problem> {
        body::only_json(&call.parts.headers)?;
        let body = body::read(&call.parts.headers, body, &self.limits).await?;
        let chat = form::chat(&body)?;
        let (model, generator) = self.generator(chat.wish.model.as_deref(), trace)?;
        let long = chat.messages.iter().map(|message| message.content.len()).sum();
        short_enough(long, &*generator)?;
        let tools = chat.may_call().then(|| chat.tools.clone());
        let (asked, mut messages) = (Arc::clone(&generator), chat.messages);
        if let Some(system) = unasked(&model, &messages) {
            messages.insert(0, system);
        }
        let mut offered = chat.tools.offered().to_vec();
        self.allow(trace)?;
        self.shield.incoming(&mut messages, &mut offered)?;
        let prompt = blocking(move || asked.conversation(&messages, &offered, true)).await??;
        let head = self.head(Kind::Chat, call, &model, generator, tools);
        self.generate(trace, head, &chat.wish, vec![prompt], call).await
    }

    /// A text goes on.
    pub(crate) async fn complete(
        self: &Arc<Self>,
        call: &Call,
        body: Body,
        trace: &mut Trace,
    ) -> Result<Reply, Problem> {
        body::only_json(&call.parts.headers)?;
        let body = body::read(&call.parts.headers, body, &self.limits).await?;
        let asked = form::completion(&body)?;
        let (model, generator) = self.generator(asked.wish.model.as_deref(), trace)?;
        self.allow(trace)?;
        if asked.echo && (asked.prompts.len() > 1 || asked.wish.stream) {
            let expected = ("one prompt, and no stream", "单个提示词，且不使用流式输出");
            return Err(form::fault("echo", expected));
        }
        let mut head = self.head(Kind::Text, call, &model, Arc::clone(&generator), None);
        let mut prompts = Vec::new();
        for prompt in asked.prompts {
            let (text, tokens) = self.looked(prompt, &generator).await?;
            if asked.echo {
                // Without log-probabilities nothing tells of single tokens, and the prompt is not read for them.
                let told = asked.wish.alternatives.and(tokens.first().copied());
                head.echo = Some(Echo { text, first: told });
            }
            prompts.push(tokens);
        }
        self.generate(trace, head, &asked.wish, prompts, call).await
    }

    /// A prompt as text and as tokens, once the guard looked at it.
    async fn looked(
        &self,
        prompt: Prompt,
        generator: &Arc<dyn Generator>,
    ) -> Result<(String, Vec<Token>), Problem> {
        let (sent, known) = match prompt {
            Prompt::Text(text) => {
                short_enough(text.len(), &**generator)?;
                (text, None)
            }
            Prompt::Tokens(tokens) => {
                let vocabulary = generator.about().vocabulary;
                let known =
                    |token: &Token| usize::try_from(*token).is_ok_and(|one| one < vocabulary);
                if !tokens.iter().all(known) {
                    let expected = ("token numbers of the model", "该模型的词元编号");
                    return Err(form::fault("prompt", expected));
                }
                let bytes: Vec<u8> =
                    tokens.iter().flat_map(|token| generator.piece(*token)).collect();
                (String::from_utf8_lossy(&bytes).into_owned(), Some(tokens))
            }
        };
        let mut written = [Message::new("user", sent.as_str())];
        self.shield.incoming(&mut written, &mut [])?;
        let [Message { content: text, .. }] = written;
        let (reader, same) = (Arc::clone(generator), text == sent);
        match known {
            Some(tokens) if same => Ok((text, tokens)),
            // Marks stand in a prompt of tokens by their numbers only.
            known => {
                blocking(move || {
                    let tokens = reader.tokens(&text, known.is_none());
                    (text, tokens)
                })
                .await
            }
        }
    }

    /// Refuses a key that used its tokens.
    pub(crate) fn allow(&self, trace: &Trace) -> Result<(), Problem> {
        trace.key().map_or(Ok(()), |key| self.allowance.check(&key))
    }

    fn head(
        &self,
        kind: Kind,
        call: &Call,
        model: &Model,
        generator: Arc<dyn Generator>,
        tools: Option<tools::Tools>,
    ) -> Head {
        let prefix = if kind == Kind::Chat { "chatcmpl" } else { "cmpl" };
        Head {
            kind,
            id: format!("{prefix}-{}", call.id),
            created: self.clock.now_ms() / 1000,
            model: Arc::clone(&model.name),
            generator,
            tools,
            form: None,
            echo: None,
        }
    }

    /// The model that a request means, which must generate text.
    pub(crate) fn generator(
        &self,
        named: Option<&str>,
        trace: &mut Trace,
    ) -> Result<(Arc<Model>, Arc<dyn Generator>), Problem> {
        let registry = self.registry.load();
        let model = match named {
            Some(name) => registry.named(name)?,
            None => registry.only()?,
        };
        trace.model = Some(Arc::clone(model));
        let generator = model.generator().ok_or_else(|| Fault::new(&MODEL_NO_TEXT))?;
        Ok((Arc::clone(model), generator))
    }

    /// Starts the answers to all prompts; waits for them, or lets them flow.
    async fn generate(
        self: &Arc<Self>,
        trace: &mut Trace,
        mut head: Head,
        wish: &Wish,
        prompts: Vec<Vec<Token>>,
        call: &Call,
    ) -> Result<Reply, Problem> {
        known_bias(wish, &*head.generator)?;
        head.form.clone_from(&wish.form);
        if let Some(key) = trace.key() {
            let most = most(wish, &prompts, head.generator.about().context);
            trace.held = Some(Arc::new(self.allowance.hold(&key, most)?));
        }
        let owner = trace.key().unwrap_or_else(|| Arc::from(""));
        let (sender, events) = unbounded_channel();
        let mut tickets = Vec::new();
        let chance = self.ids.chance();
        for prompt in prompts {
            for _ in 0..wish.answers {
                let index = tickets.len();
                let mut ask = ask(wish, prompt.clone(), &owner);
                ask.echo = head.echo.as_ref().is_some_and(|echo| echo.first.is_some());
                if !wish.seeded {
                    ask.sampling.seed = chance;
                }
                ask.sampling.seed = ask.sampling.seed.wrapping_add(index as u64);
                let sender = sender.clone();
                let sink = Box::new(move |event: Event| drop(sender.send((index, event))));
                let (generator, started) = (Arc::clone(&head.generator), ask);
                let ticket = blocking(move || generator.start(started, sink)).await?;
                tickets.push(ticket.map_err(busy)?);
            }
        }
        drop(sender);
        if wish.stream {
            let live = Live::new(head, events, tickets, wish.answers, wish.stream_usage);
            return Ok(Reply::live(live));
        }
        let route = if head.kind == Kind::Chat { Route::Chat } else { Route::Completions };
        let ending =
            Ending { app: Arc::clone(self), route, call: call.copy(), trace: trace.copy() };
        // The request may be given up; what was read and written by then is recorded all the same.
        let (here, gone) = oneshot::channel();
        let gathering =
            gather(begun(&head, tickets.len()), events, tickets, gone, ending, wish.answers);
        let gathered = tokio::spawn(gathering).await;
        drop::<oneshot::Sender<()>>(here);
        let mut answers = gathered.map_err(|_| Problem::new(Fault::new(&PANIC)))??;
        for answer in &mut answers {
            self.guard(&head, answer, call.lang);
        }
        let used = Used::of(answers.iter().filter_map(|answer| answer.end.as_ref()), wish.answers);
        trace.rows = 1;
        trace.tokens = (used.read, used.written);
        Ok(Reply::json(head.whole(&answers, used).to_string()))
    }

    /// Sends a whole answer through the guard.
    fn guard(&self, head: &Head, answer: &mut Answer, lang: Lang) {
        let Some(mut way) = self.shield.outgoing() else { return };
        if way.changes() {
            let (said, mut calls) = head.calls(&answer.text);
            answer.text = head.guarded(&mut way, &said, &mut calls);
            answer.calls = Some(calls);
        } else {
            way.push(&answer.text);
            way.finish();
        }
        self.shield.count(1, way.found);
        answer.filtered = way.blocked;
        if way.blocked {
            answer.text.push_str(&Fault::new(&SHIELD_ANSWER).render(lang));
        }
        answer.logs.clear();
    }
}

/// Answers of which nothing has come: what is echoed stands before each.
fn begun(head: &Head, count: usize) -> Vec<Answer> {
    let echo = head.echo.as_ref();
    // Nothing comes before the first token, which makes it neither likely nor unlikely.
    let first = echo.and_then(|echo| echo.first);
    let logs: Vec<Log> =
        first.map(|token| Log { token, logprob: f32::NAN, top: Vec::new() }).into_iter().collect();
    let text = echo.map_or_else(String::new, |echo| echo.text.clone());
    vec![Answer { text, logs, ..Answer::default() }; count]
}

/// Waits for all answers. When the request is given up, ends them, and records and charges what they took.
async fn gather(
    mut answers: Vec<Answer>,
    mut events: Events,
    tickets: Vec<Ticket>,
    mut gone: oneshot::Receiver<()>,
    mut ending: Ending,
    each: usize,
) -> Result<Vec<Answer>, Problem> {
    let mut tickets = Some(tickets);
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            _ = &mut gone, if tickets.is_some() => {
                tickets = None;
                continue;
            }
        };
        let Some((index, event)) = event else { break };
        let Some(answer) = answers.get_mut(index) else { continue };
        match event {
            Event::Prompt { logs, .. } => answer.logs.extend(logs),
            Event::Text { text, logs } => {
                answer.text.push_str(&text);
                answer.logs.extend(logs);
            }
            Event::Done(end) => answer.end = Some(end),
            Event::Failed(fault) if tickets.is_some() => return Err(Problem::new(fault)),
            Event::Failed(_) => {}
        }
    }
    if tickets.is_none() {
        let used = Used::of(answers.iter().filter_map(|answer| answer.end.as_ref()), each);
        abandoned(&mut ending, used).await;
    } else if answers.iter().any(|answer| answer.end.is_none()) {
        return Err(Problem::new(Fault::new(&PANIC)));
    }
    Ok(answers)
}

/// Records and charges what an answer took that nobody waited for.
async fn abandoned(ending: &mut Ending, used: Used) {
    if ending.trace.late.load(Ordering::Acquire) {
        // It stands in the ledger as one whose time ran out.
        if let Some(key) = ending.trace.key() {
            ending.app.allowance.charge(&key, used.read + used.written);
        }
        return;
    }
    let status = match ending.record(used).await {
        Ok(()) => 200,
        Err(problem) => problem.status().as_u16(),
    };
    ending.app.finish(ending.route, &ending.call, status, &ending.trace);
}

/// Tokens that a request may take at most.
fn most(wish: &Wish, prompts: &[Vec<Token>], context: usize) -> u64 {
    let of = |prompt: &Vec<Token>| {
        let room = context.saturating_sub(prompt.len());
        let answer = wish.max_tokens.map_or(room, |most| most.min(room));
        prompt.len() + answer.saturating_mul(wish.answers)
    };
    prompts.iter().map(of).fold(0, usize::saturating_add) as u64
}

fn ask(wish: &Wish, prompt: Vec<Token>, owner: &Arc<str>) -> Ask {
    Ask {
        prompt,
        max_tokens: wish.max_tokens.unwrap_or(usize::MAX),
        sampling: wish.sampling.clone(),
        stop: wish.stop.clone(),
        alternatives: wish.alternatives,
        echo: false,
        scored: 0,
        form: wish.form.clone(),
        adapter: None,
        owner: Arc::clone(owner),
        endless: wish.endless,
    }
}

/// Refuses a bias for tokens that the model does not have.
fn known_bias(wish: &Wish, generator: &dyn Generator) -> Result<(), Problem> {
    let vocabulary = generator.about().vocabulary;
    let known = |token: Token| usize::try_from(token).is_ok_and(|one| one < vocabulary);
    if wish.sampling.bias.iter().all(|(token, _)| known(*token)) {
        return Ok(());
    }
    let expected = (
        format!(
            "an object of the model's token numbers, from 0 to {}",
            vocabulary.saturating_sub(1)
        ),
        format!("以该模型词元编号（0 到 {}）为键的对象", vocabulary.saturating_sub(1)),
    );
    Err(form::fault("logit_bias", expected))
}

/// What the system is told before a conversation that tells it nothing.
pub(crate) fn unasked(model: &Model, messages: &[Message]) -> Option<Message> {
    let told = messages.first().is_some_and(|first| first.role == "system");
    model.engine.0.system().filter(|_| !told).map(|system| Message::new("system", system))
}

/// Whether a fault says that too many others wait.
pub(crate) fn full(fault: &Fault) -> bool {
    fault.message().status == 429
}

/// A full queue is worth coming back for.
pub(crate) fn busy(fault: Fault) -> Problem {
    let again = full(&fault);
    let problem = Problem::new(fault);
    if again { problem.retry_after(AGAIN) } else { problem }
}

pub(crate) fn short_enough(bytes: usize, generator: &dyn Generator) -> Result<(), Problem> {
    let context = generator.about().context;
    if bytes / DENSE > context {
        return Err(Problem::new(Fault::new(&OPENAI_LONG).arg("limit", context)));
    }
    Ok(())
}

/// Work that takes its time, off the request threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    // A task that ends without a value has panicked.
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::new(Fault::new(&PANIC)))
}

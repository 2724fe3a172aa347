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
use crate::shield::Spent;
use axum::body::Body;
use form::{Prompt, Wish};
use ingot_base::{Fault, Lang};
use ingot_runtime::generate::{Ask, Event, Generator, Log, Message, Ticket, Token};
use reply::{Answer, Echo, Head, Kind};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::mpsc::{self, UnboundedReceiver, unbounded_channel};
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

    /// Starts the answers to all prompts; waits for them, or lets them flow. What some took is known also where others cannot begin.
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
        let most = most(wish, &prompts, head.generator.about().context);
        let answers = prompts.len().saturating_mul(wish.answers);
        // It would wait for itself for ever.
        let room = head.generator.about().room;
        if answers > room {
            let expected =
                (format!("at most {room} answers at once"), format!("一次最多 {room} 个回答"));
            return Err(form::fault(if prompts.len() > 1 { "prompt" } else { "n" }, expected));
        }
        let spent = Spent::holding(Arc::clone(&self.allowance), trace.key(), most, answers)?;
        let spent = Arc::new(spent);
        trace.spent = Some(Arc::clone(&spent));
        let owner = trace.key().unwrap_or_else(|| Arc::from(""));
        let (sender, mut events) = unbounded_channel();
        let running = self.watched(trace, head.kind, call);
        let mut tickets = Vec::new();
        let chance = self.ids.chance();
        let begin = async {
            for (number, prompt) in prompts.into_iter().enumerate() {
                for _ in 0..wish.answers {
                    let index = tickets.len();
                    let mut ask = ask(wish, prompt.clone(), &owner);
                    ask.echo = head.echo.as_ref().is_some_and(|echo| echo.first.is_some());
                    if !wish.seeded {
                        ask.sampling.seed = chance;
                    }
                    ask.sampling.seed = ask.sampling.seed.wrapping_add(index as u64);
                    let (sender, spent, running) =
                        (sender.clone(), Arc::clone(&spent), running.clone());
                    let sink = Box::new(move |event: Event| {
                        // Here nothing is lost, whether or not anybody listens.
                        if let Event::Done(end) | Event::Failed { end, .. } = &event {
                            spent.add_to(number, end);
                        }
                        drop(sender.send((index, event)));
                        // Held as long as the sink is.
                        let _running = &running;
                    });
                    let (generator, started) = (Arc::clone(&head.generator), ask);
                    let ticket = blocking(move || generator.start(started, sink)).await?;
                    tickets.push(ticket.map_err(busy)?);
                }
            }
            Ok::<(), Problem>(())
        };
        let outcome = begin.await;
        drop(sender);
        if let Err(problem) = outcome {
            drop(tickets);
            while events.recv().await.is_some() {}
            return Err(problem);
        }
        if wish.stream {
            return Ok(Reply::live(Live::new(head, events, tickets, wish.stream_usage)));
        }
        let mut answers = gather(begun(&head, tickets.len()), events, tickets).await?;
        for answer in &mut answers {
            self.guard(&head, answer, call.lang);
        }
        trace.rows = 1;
        let (used, _) = spent.so_far();
        Ok(Reply::json(head.whole(&answers, used).to_string()))
    }

    /// Has a request recorded whose client leaves before that is done, once nothing of what is returned is left: every answer of it has
    /// ended, and was charged.
    fn watched(self: &Arc<Self>, trace: &mut Trace, kind: Kind, call: &Call) -> mpsc::Sender<()> {
        let route = if kind == Kind::Chat { Route::Chat } else { Route::Completions };
        let mut ending =
            Ending { app: Arc::clone(self), route, call: call.copy(), trace: trace.copy() };
        let (running, mut ended) = mpsc::channel(1);
        let (left, gone) = oneshot::channel();
        trace.left = Some(left);
        tokio::spawn(async move {
            if gone.await.is_ok() {
                return;
            }
            while ended.recv().await.is_some() {}
            let status = match ending.record(200).await {
                Ok(()) => 200,
                Err(problem) => problem.status().as_u16(),
            };
            ending.app.finish(ending.route, &ending.call, status, &ending.trace);
        });
        running
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

/// Waits for all answers. After a failure of one the others end as well, and what they took is known before it is told.
async fn gather(
    mut answers: Vec<Answer>,
    mut events: Events,
    tickets: Vec<Ticket>,
) -> Result<Vec<Answer>, Problem> {
    let mut tickets = Some(tickets);
    let mut failed = None;
    while let Some((index, event)) = events.recv().await {
        let Some(answer) = answers.get_mut(index) else { continue };
        match event {
            Event::Prompt { logs, .. } => answer.logs.extend(logs),
            Event::Text { text, logs } => {
                answer.text.push_str(&text);
                answer.logs.extend(logs);
            }
            Event::Done(end) => answer.end = Some(end),
            Event::Failed { fault, .. } => {
                failed.get_or_insert(fault);
                tickets = None;
            }
        }
    }
    drop(tickets);
    match failed {
        Some(fault) => Err(Problem::new(fault)),
        None if answers.iter().any(|answer| answer.end.is_none()) => {
            Err(Problem::new(Fault::new(&PANIC)))
        }
        None => Ok(answers),
    }
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
        steady: wish.seeded,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_asks_for_an_answer_that_is_the_same_each_time() {
        let read = |body: &str| {
            let wish = form::completion(body.as_bytes()).unwrap().wish;
            super::ask(&wish, vec![1], &Arc::from(""))
        };
        assert!(read(r#"{"prompt":"a","seed":77}"#).steady);
        assert!(!read(r#"{"prompt":"a","seed":77}"#).guesses());
        assert!(read(r#"{"prompt":"a","seed":77,"temperature":0}"#).guesses());
        assert!(read(r#"{"prompt":"a"}"#).guesses());
    }
}

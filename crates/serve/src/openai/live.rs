//! Answers that flow: server-sent events, one for each piece. What was used is on disk before the last of them leaves.

use super::Events;
use super::reply::{Answer, Head};
use super::tools::Tools;
use crate::app::{App, Call, Trace};
use crate::messages::{PANIC, SHIELD_ANSWER};
use crate::problem::Problem;
use crate::route::Route;
use crate::shield::Outgoing;
use axum::body::{Body, Bytes};
use ingot_base::{Fault, Lang};
use ingot_runtime::generate::{End, Event, Log, Ticket};
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Writes that wait for a client to read.
const AHEAD: usize = 64;

/// Answers under way.
pub(crate) struct Live {
    head: Head,
    events: Events,
    tickets: Vec<Ticket>,
    usage: bool,
}

/// What must be done when the last piece has left: recording, counting.
pub(crate) struct Ending {
    pub(crate) app: Arc<App>,
    pub(crate) route: Route,
    pub(crate) call: Call,
    pub(crate) trace: Trace,
}

impl Ending {
    /// Records the request by how it ended, whatever its head said.
    pub(super) async fn record(&mut self, status: u16) -> Result<(), Problem> {
        self.trace.rows = 1;
        self.app.record_as(self.route, &self.call, status, &self.trace).await
    }
}

impl Live {
    pub(super) fn new(head: Head, events: Events, tickets: Vec<Ticket>, usage: bool) -> Self {
        Self { head, events, tickets, usage }
    }

    /// The body that flows; a task of its own fills it.
    pub(crate) fn body(self, ending: Ending) -> Body {
        let (sender, receiver) = mpsc::channel::<Bytes>(AHEAD);
        let app = Arc::clone(&ending.app);
        let task = async move {
            let lang = ending.call.lang;
            let writer = Writer {
                states: (0..self.tickets.len())
                    .map(|_| State { way: ending.app.shield.outgoing(), ..State::default() })
                    .collect(),
                head: self.head,
                out: String::new(),
                found: 0,
                refusal: Fault::new(&SHIELD_ANSWER).render(lang),
            };
            let flow = Flowing { writer, sender, lang, usage: self.usage };
            flow.run(self.events, self.tickets, ending).await;
        };
        app.metrics.in_flight.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let counted = Arc::clone(&app);
        tokio::spawn(async move {
            let done = tokio::spawn(task).await;
            counted.metrics.in_flight.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
            drop(done);
        });
        Body::from_stream(futures::stream::unfold(receiver, |mut receiver| async move {
            let bytes = receiver.recv().await?;
            Some((Ok::<_, Infallible>(bytes), receiver))
        }))
    }
}

#[derive(Default)]
struct State {
    answer: Answer,
    opened: bool,
    /// Nothing was shown yet because it may become a call.
    held: String,
    holding: bool,
    /// What the guard holds back.
    way: Option<Outgoing>,
}

struct Writer {
    head: Head,
    states: Vec<State>,
    out: String,
    /// Findings of the guard.
    found: usize,
    /// What is said instead of what it held back.
    refusal: String,
}

struct Flowing {
    writer: Writer,
    sender: mpsc::Sender<Bytes>,
    lang: Lang,
    usage: bool,
}

impl Flowing {
    async fn run(mut self, mut events: Events, tickets: Vec<Ticket>, mut ending: Ending) {
        let mut failed = None;
        let gone = loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = self.sender.closed() => break true,
            };
            let Some(first) = event else { break false };
            let mut next = Some(first);
            while let Some((index, event)) = next {
                match event {
                    Event::Failed { fault, .. } => failed = Some(fault),
                    event => self.writer.hear(index, event),
                }
                next = events.try_recv().ok();
            }
            if failed.is_some() {
                break false;
            }
            if !self.writer.out.is_empty() && !self.send().await {
                break true;
            }
        };
        // Ends what is still being generated. It was charged by the time its last word is here.
        drop(tickets);
        while events.recv().await.is_some() {}
        let ended = match failed {
            Some(fault) => Err(Problem::new(fault)),
            None if !gone && !self.writer.all_ended() => Err(Problem::new(Fault::new(&PANIC))),
            None => Ok(()),
        };
        let status = ended.as_ref().err().map_or(200, |problem| problem.status().as_u16());
        let recorded = ending.record(status).await;
        let outcome = ended.and(recorded);
        let status = if let Err(problem) = &outcome { problem.status().as_u16() } else { 200 };
        match outcome {
            Ok(()) => {
                self.writer.close();
                ending.app.shield.count(1, self.writer.found);
                if let Some(spent) = ending.trace.spent.as_ref().filter(|_| self.usage) {
                    let (used, _) = spent.so_far();
                    let usage = self.writer.head.usage(used);
                    self.writer.event(&usage);
                }
                self.writer.out.push_str("data: [DONE]\n\n");
            }
            Err(problem) => {
                let body = problem.openai(self.lang, &ending.call.id);
                self.writer.event(&body);
            }
        }
        ending.app.finish(ending.route, &ending.call, status, &ending.trace);
        // Nothing is held any more when the client knows that it is the end, not even for an answer that never began.
        ending.trace.spent = None;
        self.send().await;
    }

    async fn send(&mut self) -> bool {
        let bytes = Bytes::from(std::mem::take(&mut self.writer.out));
        self.sender.send(bytes).await.is_ok()
    }
}

impl Writer {
    fn event(&mut self, value: &Value) {
        self.out.push_str("data: ");
        self.out.push_str(&value.to_string());
        self.out.push_str("\n\n");
    }

    fn hear(&mut self, index: usize, event: Event) {
        match event {
            Event::Prompt { .. } => self.open(index),
            Event::Text { text, logs } => self.text(index, &text, &logs),
            Event::Done(end) => self.ended(index, end),
            Event::Failed { .. } => {}
        }
    }

    fn open(&mut self, index: usize) {
        let Some(state) = self.states.get_mut(index).filter(|state| !state.opened) else { return };
        state.opened = true;
        state.holding = self.head.tools.is_some();
        if let Some(opening) = self.head.opening(index) {
            self.event(&opening);
        }
    }

    fn text(&mut self, index: usize, text: &str, logs: &[Log]) {
        self.open(index);
        if self.states.get(index).is_some_and(|state| state.way.is_some()) {
            // Log-probabilities would show what the guard holds back.
            self.guarded(index, text);
        } else {
            self.show(index, text, logs);
        }
    }

    /// Shows what the guard lets out. What may become a call, or must keep its form, is looked at when it is whole.
    fn guarded(&mut self, index: usize, text: &str) {
        let Some(state) = self.states.get_mut(index) else { return };
        let Some(way) = &mut state.way else { return };
        if !way.changes() {
            let text = way.push(text);
            return self.show(index, &text, &[]);
        }
        state.held.push_str(text);
        if self.head.form.is_some() || (state.holding && Tools::may_begin(&state.held)) {
            return;
        }
        state.holding = false;
        let text = way.push(&std::mem::take(&mut state.held));
        self.show(index, &text, &[]);
    }

    fn show(&mut self, index: usize, text: &str, logs: &[Log]) {
        let Some(state) = self.states.get_mut(index) else { return };
        let mut text = text.to_owned();
        if state.holding {
            state.held.push_str(&text);
            if Tools::may_begin(&state.held) {
                return;
            }
            state.holding = false;
            text = std::mem::take(&mut state.held);
        }
        if !text.is_empty() || !logs.is_empty() {
            let piece = self.head.piece(index, &text, logs);
            self.event(&piece);
        }
    }

    fn ended(&mut self, index: usize, end: End) {
        if let Some(state) = self.states.get_mut(index) {
            state.answer.end = Some(end);
        }
    }

    fn all_ended(&self) -> bool {
        self.states.iter().all(|state| state.answer.end.is_some())
    }

    /// The last pieces of all answers.
    fn close(&mut self) {
        for index in 0..self.states.len() {
            self.open(index);
            let Some(state) = self.states.get_mut(index) else { continue };
            let held = std::mem::take(&mut state.held);
            let (mut text, mut calls) = (held, Vec::new());
            if state.holding {
                (text, calls) = self.head.calls(&text);
            }
            if let Some(way) = &mut state.way {
                if way.changes() {
                    text = self.head.guarded(way, &text, &mut calls);
                } else {
                    way.finish();
                }
                self.found += way.found;
                state.answer.filtered = way.blocked;
                if way.blocked {
                    text.push_str(&self.refusal);
                }
            }
            let answer = state.answer.clone();
            if !text.is_empty() {
                let piece = self.head.piece(index, &text, &[]);
                self.event(&piece);
            }
            let called = !calls.is_empty();
            if called {
                let calling = self.head.calling(index, &calls);
                self.event(&calling);
            }
            let closing = self.head.closing(index, &answer, called);
            self.event(&closing);
        }
    }
}

//! One request that is worked on: its tokens, where it stands, what it hears.

use super::native::{Adapter, Model};
use crate::generate::grammar::{self, Grammar};
use crate::generate::{
    Ask, Chooser, Constraint, Drafter, End, Event, Flow, Log, Place, Reason, Token,
    log_probabilities,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request as it waits.
pub(super) struct Waiting {
    pub(super) ask: Ask,
    pub(super) sink: Box<dyn FnMut(Event) + Send>,
    pub(super) dropped: Arc<AtomicBool>,
    pub(super) grammar: Option<Grammar>,
    pub(super) adapter: Option<Arc<Adapter>>,
    /// Held as long as the request is.
    pub(super) _place: Place,
}

/// A request that has a sequence.
pub(super) struct Slot {
    pub(super) sequence: i32,
    /// Prompt and answer so far.
    pub(super) tokens: Vec<Token>,
    /// Tokens whose state is in the cache.
    pub(super) computed: usize,
    pub(super) adapter: Option<Arc<Adapter>>,
    /// The prompt's tokens that were known.
    pub(super) cached: usize,
    request: Waiting,
    chooser: Chooser,
    flow: Flow,
    pub(super) drafter: Option<Drafter>,
    echoed: Vec<Log>,
    logs: Vec<Log>,
    drafted: usize,
    accepted: usize,
    pub(super) ended: bool,
}

impl Slot {
    pub(super) fn new(mut request: Waiting, sequence: i32, cached: usize, speculate: bool) -> Self {
        let tokens = request.ask.prompt.clone();
        let chooser = Chooser::new(request.ask.sampling.clone(), &tokens);
        let flow = Flow::new(std::mem::take(&mut request.ask.stop));
        let adapter = request.adapter.take();
        let drafter = (speculate && request.ask.guesses()).then(Drafter::default);
        Self {
            sequence,
            tokens,
            computed: cached,
            adapter,
            cached,
            request,
            chooser,
            flow,
            drafter,
            echoed: Vec::new(),
            logs: Vec::new(),
            drafted: 0,
            accepted: 0,
            ended: false,
        }
    }

    pub(super) fn owner(&self) -> &Arc<str> {
        &self.request.ask.owner
    }

    pub(super) fn adapter_name(&self) -> Option<&Arc<str>> {
        self.request.ask.adapter.as_ref()
    }

    pub(super) fn dropped(&self) -> bool {
        self.request.dropped.load(Ordering::Acquire)
    }

    /// The flag that turns true when nobody wants the answer any more.
    pub(super) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.request.dropped)
    }

    pub(super) fn prompt(&self) -> usize {
        self.request.ask.prompt.len()
    }

    pub(super) fn answered(&self) -> usize {
        self.tokens.len() - self.prompt()
    }

    /// Whether the prompt is not wholly computed yet.
    pub(super) fn reads(&self) -> bool {
        self.computed < self.prompt()
    }

    pub(super) fn echoes(&self) -> bool {
        self.request.ask.echo
    }

    /// The first place of the prompt whose scores are wanted.
    pub(super) fn quiet(&self) -> usize {
        self.request.ask.quiet()
    }

    /// Tokens that may still come after the next one.
    pub(super) fn room(&self) -> usize {
        self.request.ask.max_tokens.saturating_sub(self.answered() + 1)
    }

    /// Hears the scores after the prompt's token at `position`.
    pub(super) fn echo(&mut self, position: usize, scores: &[f32]) {
        if let Some(next) = self.request.ask.prompt.get(position + 1) {
            let count = self.request.ask.alternatives.unwrap_or(0);
            self.echoed.push(log_probabilities(scores, *next, count));
        }
    }

    /// The prompt is computed.
    pub(super) fn read(&mut self) {
        let logs = std::mem::take(&mut self.echoed);
        self.tell(Event::Prompt { cached: self.cached, logs });
        if self.request.ask.max_tokens == 0 {
            self.end(Reason::Length);
        }
    }

    /// Chooses the next token by the scores; the token, which is part of the answer now.
    pub(super) fn advance(&mut self, model: &Model, scores: &[f32]) -> Token {
        let form = self.request.grammar.as_mut().map(|grammar| grammar as &mut dyn Constraint);
        let token = self.chooser.choose(scores, form);
        self.tokens.push(token);
        let fault = self.request.grammar.as_ref().and_then(Constraint::fault);
        if let Some(told) = fault {
            self.fail(grammar::invalid(told));
            return token;
        }
        if let Some(count) = self.request.ask.alternatives {
            self.logs.push(log_probabilities(scores, token, count));
        }
        if model.ends(token) && !self.request.ask.endless {
            self.logs.pop();
            self.end(Reason::Stop);
            return token;
        }
        let (text, stopped) = self.flow.push(&model.piece(token));
        if !text.is_empty() || !self.logs.is_empty() {
            let logs = std::mem::take(&mut self.logs);
            self.tell(Event::Text { text, logs });
        }
        if stopped {
            self.end(Reason::Stop);
        } else if self.answered() >= self.request.ask.max_tokens {
            self.end(Reason::Length);
        }
        token
    }

    pub(super) fn learn(&mut self, drafted: usize, accepted: usize) {
        self.drafted += drafted;
        self.accepted += accepted;
        if let Some(drafter) = &mut self.drafter {
            drafter.learn(drafted, accepted);
        }
    }

    pub(super) fn fail(&mut self, fault: ingot_base::Fault) {
        self.ended = true;
        let end = self.taken(Reason::Failed);
        self.tell(Event::Failed { fault, end });
    }

    /// Nobody wants the answer any more.
    pub(super) fn cancel(&mut self) {
        if !self.ended {
            self.end(Reason::Dropped);
        }
    }

    fn end(&mut self, reason: Reason) {
        let text = self.flow.finish();
        let logs = std::mem::take(&mut self.logs);
        if reason != Reason::Dropped && (!text.is_empty() || !logs.is_empty()) {
            self.tell(Event::Text { text, logs });
        }
        self.ended = true;
        let end = self.taken(reason);
        self.tell(Event::Done(end));
    }

    /// What the request took, which ends now.
    fn taken(&self, reason: Reason) -> End {
        let read = match reason {
            // Nobody pays for what was not read.
            Reason::Dropped | Reason::Failed => self.computed.min(self.prompt()),
            Reason::Stop | Reason::Length => self.prompt(),
        };
        End {
            reason,
            prompt_tokens: read,
            cached_tokens: self.cached,
            answer_tokens: self.answered(),
            drafted: self.drafted,
            accepted: self.accepted,
        }
    }

    fn tell(&mut self, event: Event) {
        (self.request.sink)(event);
    }
}

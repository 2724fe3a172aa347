//! A generator without a model, for tests of what stands on one.

use super::places::Places;
use super::{
    About, Ask, ChatTemplate, End, Event, Figures, Flow, Generator, Log, Reason, Ticket, Token, fit,
};
use crate::messages::{FORM_INVALID, GENERATOR_BUSY};
use ingot_base::{Fault, Result};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Marks of the fake vocabulary.
const MARKS: [&str; 3] = ["<|im_start|>", "<|im_end|>", "</s>"];

/// The logarithm of every token's probability, and what it loses where the cue is missing.
const LOGPROB: f32 = -0.5;
const MISSING: f32 = -2.0;

/// Answers every prompt with the same text, one byte a token. Token numbers are byte values; marks come after them.
#[derive(Debug, Clone)]
pub struct FakeGenerator {
    about: About,
    answer: String,
    pause: Duration,
    cue: String,
    /// Tokens of an answer after which it fails.
    fails: Option<usize>,
    /// Shared by copies.
    places: Arc<Places>,
}

impl FakeGenerator {
    /// Answers with this text, then ends.
    pub fn new(answer: &str) -> Self {
        let about = About {
            context: 4096,
            longest: false,
            vocabulary: 256 + MARKS.len(),
            template: None,
            begin: None,
            slots: 4,
            room: 32,
            memory: 0,
        };
        Self {
            about,
            answer: answer.to_owned(),
            pause: Duration::ZERO,
            cue: String::new(),
            fails: None,
            places: Arc::default(),
        }
    }

    /// With a chat template.
    #[must_use]
    pub fn with_template(mut self, template: ChatTemplate) -> Self {
        self.about.template = Some(template);
        self
    }

    /// With another context.
    #[must_use]
    pub fn with_context(mut self, context: usize) -> Self {
        self.about.context = context;
        self
    }

    /// With room for so many requests, of which all but the first `slots` count as waiting.
    #[must_use]
    pub fn with_room(mut self, slots: usize, room: usize) -> Self {
        (self.about.slots, self.about.room) = (slots, room);
        self
    }

    /// With a text that its answers depend on: after a prompt without it, every token of theirs is e² times less likely.
    #[must_use]
    pub fn with_cue(mut self, cue: &str) -> Self {
        cue.clone_into(&mut self.cue);
        self
    }

    /// With a pause before every token.
    #[must_use]
    pub fn with_pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// With answers that fail after so many tokens.
    #[must_use]
    pub fn with_failure(mut self, after: usize) -> Self {
        self.fails = Some(after);
        self
    }
}

impl FakeGenerator {
    /// The logarithm of the probability of every token after a prompt that begins with these.
    fn logprob(&self, prompt: &[Token]) -> f32 {
        let bytes: Vec<u8> = prompt.iter().flat_map(|token| self.piece(*token)).collect();
        let cued = String::from_utf8_lossy(&bytes).contains(&self.cue);
        if cued { LOGPROB } else { LOGPROB + MISSING }
    }
}

fn log(token: Token, logprob: f32, alternatives: usize) -> Log {
    let top = if alternatives > 0 { vec![(token, logprob)] } else { Vec::new() };
    Log { token, logprob, top }
}

impl Generator for FakeGenerator {
    fn about(&self) -> &About {
        &self.about
    }

    fn tokens(&self, text: &str, control: bool) -> Vec<Token> {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let mark = (256..).zip(MARKS).find(|(_, mark)| control && rest.starts_with(mark));
            let length = if let Some((token, mark)) = mark {
                tokens.push(token);
                mark.len()
            } else {
                tokens.extend(rest.bytes().take(first.len_utf8()).map(Token::from));
                first.len_utf8()
            };
            rest = rest.get(length..).unwrap_or_default();
        }
        tokens
    }

    fn piece(&self, token: Token) -> Vec<u8> {
        u8::try_from(token).map(|byte| vec![byte]).unwrap_or_default()
    }

    fn start(&self, mut ask: Ask, mut sink: Box<dyn FnMut(Event) + Send>) -> Result<Ticket> {
        fit(&mut ask, &self.about)?;
        let place = self
            .places
            .take(&ask.owner, self.about.room)
            .ok_or_else(|| Fault::new(&GENERATOR_BUSY).arg("waiting", self.figures().waiting))?;
        let (ticket, dropped) = Ticket::new();
        let (answer, pause, fails) = (self.answer.clone(), self.pause, self.fails);
        let scored = if ask.echo { ask.scored.max(1) } else { ask.prompt.len() };
        let (before, rest) = ask.prompt.split_at(scored.min(ask.prompt.len()));
        let logprob = self.logprob(before);
        let count = ask.alternatives.unwrap_or(0);
        let logs = rest.iter().map(|token| log(*token, logprob, count)).collect();
        std::thread::spawn(move || {
            let _place = place;
            let mut end = End {
                reason: Reason::Stop,
                prompt_tokens: ask.prompt.len(),
                cached_tokens: 0,
                answer_tokens: 0,
                drafted: 0,
                accepted: 0,
            };
            if ask.echo {
                std::thread::sleep(pause);
                if dropped.load(Ordering::Acquire) {
                    // Its prompt was not read.
                    sink(Event::Done(End { reason: Reason::Dropped, prompt_tokens: 0, ..end }));
                    return;
                }
            }
            sink(Event::Prompt { cached: 0, logs });
            let mut flow = Flow::new(ask.stop.clone());
            for byte in answer.bytes() {
                if dropped.load(Ordering::Acquire) {
                    end.reason = Reason::Dropped;
                    sink(Event::Done(end));
                    return;
                }
                if fails == Some(end.answer_tokens) {
                    end.reason = Reason::Failed;
                    let fault = Fault::new(&FORM_INVALID).arg("what", "grammar");
                    sink(Event::Failed { fault: fault.arg("detail", "on purpose"), end });
                    return;
                }
                if end.answer_tokens == ask.max_tokens {
                    end.reason = Reason::Length;
                    break;
                }
                std::thread::sleep(pause);
                end.answer_tokens += 1;
                let (text, stopped) = flow.push(&[byte]);
                let entry = |count| log(Token::from(byte), logprob, count);
                let logs = ask.alternatives.map(entry).into_iter().collect();
                sink(Event::Text { text, logs });
                if stopped {
                    break;
                }
            }
            let text = flow.finish();
            if !text.is_empty() {
                sink(Event::Text { text, logs: Vec::new() });
            }
            sink(Event::Done(end));
        });
        Ok(ticket)
    }

    fn figures(&self) -> Figures {
        let taken = self.places.taken();
        let running = taken.min(self.about.slots);
        let (running, waiting) = (running as u64, (taken - running) as u64);
        Figures { running, waiting, ..Figures::default() }
    }
}

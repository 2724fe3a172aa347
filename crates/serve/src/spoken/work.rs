//! The work of an explanation: the answer, how likely it is, and how likely without each part of the prompt.

use super::form::{Asked, Prompt};
use super::{ANSWER, PARTS};
use crate::aside::Wanted;
use crate::messages::{EXPLAIN_ANSWER, EXPLAIN_LONG, EXPLAIN_PROMPT, SHIELD_ANSWER};
use crate::openai::reply::Used;
use crate::shield::Outgoing;
use ingot_base::{Fault, Result, fault};
use ingot_explain::{Occluded, Said, occlude, said};
use ingot_runtime::generate::{
    Ask, Event, Generator, Log, Message, Reason, Sampling, Ticket, Token,
};
use ingot_runtime::messages::CONTEXT_OVERFLOW;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Tokens that one explanation may have read, about: of long prompts fewer parts are told apart.
const TOKENS: usize = 32_768;
/// Parts of a long prompt, at least.
const FEW: usize = 4;
/// Tokens kept free: without a word, what stands around it may have some more.
const SPARE: usize = 8;
/// Prompts that are read side by side.
const TOGETHER: usize = 4;
/// After so long it is asked whether anybody still waits.
const PAUSE: Duration = Duration::from_millis(50);

/// What is explained to whom.
pub(super) struct Work {
    pub(super) generator: Arc<dyn Generator>,
    pub(super) owner: Arc<str>,
    pub(super) asked: Asked,
    /// What the system is told before a conversation that tells it nothing.
    pub(super) system: Option<Message>,
    /// What answers go through on their way out.
    pub(super) way: Option<Outgoing>,
}

/// An answer explained.
pub(super) struct Explained {
    /// The answer, as the guard let it out.
    pub(super) answer: String,
    /// How it ended, or that it was given.
    pub(super) reason: &'static str,
    /// Its tokens; none where the guard changed it.
    pub(super) tokens: Vec<Log>,
    /// Natural logarithm of its probability.
    pub(super) logprob: f64,
    pub(super) occluded: Occluded,
    pub(super) drawing: String,
    pub(super) used: Used,
    /// How often the model was asked.
    pub(super) evaluations: usize,
}

/// An answer before it is explained.
struct Answer {
    text: String,
    tokens: Vec<Token>,
    reason: &'static str,
}

/// What was heard of one question.
#[derive(Default)]
struct Heard {
    text: String,
    logs: Vec<Log>,
    reason: Option<Reason>,
}

/// What asking cost so far.
#[derive(Default)]
struct Cost {
    used: Used,
    evaluations: usize,
}

impl Work {
    /// Explains, as long as somebody waits for it; also tells how much the guard found in the answer.
    pub(super) fn explain(mut self, wanted: &Wanted) -> (usize, Result<Explained>) {
        let explained = self.explained(wanted);
        (self.way.map_or(0, |way| way.found), explained)
    }

    fn explained(&mut self, wanted: &Wanted) -> Result<Explained> {
        let texts = self.asked.prompt.texts();
        let prompt = self.prompt(&texts)?;
        let mut cost = Cost::default();
        let answer = self.answer(&prompt, wanted, &mut cost)?;
        let told = self.guarded(&answer.text)?;
        let mut tokens = self
            .scored(vec![prompt.clone()], &answer, self.asked.alternatives, wanted, &mut cost)?
            .pop()
            .unwrap_or_default();
        let whole = sum(&tokens);
        let most = (TOKENS / (prompt.len() + answer.tokens.len()).max(1)).clamp(FEW, PARTS);
        let occluded = occlude(&texts, whole, most, &mut |left| {
            let prompts =
                left.iter().map(|texts| self.prompt(texts)).collect::<Result<Vec<_>>>()?;
            let scored = self.scored(prompts, &answer, 0, wanted, &mut cost)?;
            Ok(scored.iter().map(|logs| sum(logs)).collect())
        })?;
        if occluded.parts.is_empty() {
            return Err(Fault::new(&EXPLAIN_PROMPT));
        }
        let spoken = if told == answer.text {
            let piece = |log: &Log| (self.generator.piece(log.token), f64::from(log.logprob));
            said(&tokens.iter().map(piece).collect::<Vec<_>>())
        } else {
            tokens.clear();
            vec![Said { text: told.clone(), probability: 0.0 }]
        };
        if self.way.is_some() {
            // Nobody looked at what the model might have said instead.
            for log in &mut tokens {
                log.top.clear();
            }
        }
        let drawing = occluded.svg(&self.asked.prompt.speakers(), &spoken);
        Ok(Explained {
            answer: told,
            reason: answer.reason,
            tokens,
            logprob: whole,
            occluded,
            drawing,
            used: cost.used,
            evaluations: cost.evaluations,
        })
    }

    /// The tokens of a prompt with these texts.
    fn prompt(&self, texts: &[String]) -> Result<Vec<Token>> {
        let tokens = match &self.asked.prompt {
            Prompt::Text(_) => self.generator.tokens(&texts.concat(), true),
            Prompt::Messages(messages) => {
                let mut spoken: Vec<Message> = messages.clone();
                for (message, text) in spoken.iter_mut().zip(texts) {
                    message.content.clone_from(text);
                }
                spoken.splice(0..0, self.system.clone());
                self.generator.conversation(&spoken, &[], true)?
            }
        };
        if tokens.is_empty() { Err(Fault::new(&EXPLAIN_PROMPT)) } else { Ok(tokens) }
    }

    /// The answer that was given, or the model's own.
    fn answer(&self, prompt: &[Token], wanted: &Wanted, cost: &mut Cost) -> Result<Answer> {
        let context = self.generator.about().context;
        let overflow = |tokens: usize| {
            let fault = Fault::new(&CONTEXT_OVERFLOW).arg("tokens", tokens);
            fault.arg("limit", context.saturating_sub(SPARE))
        };
        let room = context.saturating_sub(prompt.len() + SPARE);
        if room == 0 {
            return Err(overflow(prompt.len()));
        }
        let mut ask = self.ask(prompt.to_vec());
        if let Some(text) = &self.asked.answer {
            let tokens = self.generator.tokens(text, false);
            let length = tokens.len();
            if length == 0 {
                return Err(Fault::new(&EXPLAIN_ANSWER));
            }
            if length > ANSWER {
                let fault = Fault::new(&EXPLAIN_LONG).arg("tokens", length);
                return Err(fault.arg("limit", ANSWER));
            }
            if length > room {
                return Err(overflow(prompt.len() + length));
            }
            // The prompt is read once; what begins as it does need not be read again.
            self.hear(vec![ask], wanted, cost)?;
            return Ok(Answer { text: text.clone(), tokens, reason: "given" });
        }
        ask.max_tokens = self.asked.max_tokens.min(room);
        ask.alternatives = Some(0);
        let heard = self.hear(vec![ask], wanted, cost)?.pop().unwrap_or_default();
        let tokens: Vec<Token> = heard.logs.iter().map(|log| log.token).collect();
        if tokens.is_empty() {
            return Err(Fault::new(&EXPLAIN_ANSWER));
        }
        let reason = if heard.reason == Some(Reason::Length) { "length" } else { "stop" };
        Ok(Answer { text: heard.text, tokens, reason })
    }

    /// The answer as the guard lets it out.
    fn guarded(&mut self, answer: &str) -> Result<String> {
        let Some(way) = &mut self.way else { return Ok(answer.to_owned()) };
        let mut told = way.push(answer);
        told.push_str(&way.finish());
        if way.blocked { Err(Fault::new(&SHIELD_ANSWER)) } else { Ok(told) }
    }

    fn ask(&self, prompt: Vec<Token>) -> Ask {
        let sampling = Sampling::greedy();
        Ask { prompt, sampling, owner: Arc::clone(&self.owner), ..Ask::default() }
    }

    /// The log-probabilities of the answer's tokens after each of some prompts.
    fn scored(
        &self,
        prompts: Vec<Vec<Token>>,
        answer: &Answer,
        alternatives: usize,
        wanted: &Wanted,
        cost: &mut Cost,
    ) -> Result<Vec<Vec<Log>>> {
        let ask = |mut prompt: Vec<Token>| {
            let scored = prompt.len();
            prompt.extend_from_slice(&answer.tokens);
            Ask { alternatives: Some(alternatives), echo: true, scored, ..self.ask(prompt) }
        };
        let heard = self.hear(prompts.into_iter().map(ask).collect(), wanted, cost)?;
        let logs: Vec<Vec<Log>> = heard.into_iter().map(|heard| heard.logs).collect();
        if logs.iter().all(|logs| logs.len() == answer.tokens.len()) {
            Ok(logs)
        } else {
            Err(fault::internal("a language model that does not tell how likely an answer is"))
        }
    }

    /// Asks some questions, a few side by side.
    fn hear(&self, asks: Vec<Ask>, wanted: &Wanted, cost: &mut Cost) -> Result<Vec<Heard>> {
        let together = self.generator.about().slots.clamp(1, TOGETHER);
        let mut heard: Vec<Heard> = asks.iter().map(|_| Heard::default()).collect();
        let (send, receive) = channel();
        let mut waiting = asks.into_iter().enumerate();
        let mut running: BTreeMap<usize, Ticket> = BTreeMap::new();
        loop {
            wanted.check()?;
            while running.len() < together {
                let Some((index, ask)) = waiting.next() else { break };
                let send = send.clone();
                // Whoever no longer listens wants nothing more.
                let sink = Box::new(move |event: Event| drop(send.send((index, event))));
                running.insert(index, self.generator.start(ask, sink)?);
            }
            if running.is_empty() {
                return Ok(heard);
            }
            let (index, event) = match receive.recv_timeout(PAUSE) {
                Ok(told) => told,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(error) => {
                    return Err(fault::internal("a language model fell silent").because(error));
                }
            };
            let Some(one) = heard.get_mut(index) else { continue };
            match event {
                Event::Prompt { logs, .. } => one.logs = logs,
                Event::Text { text, logs } => {
                    one.text.push_str(&text);
                    one.logs.extend(logs);
                }
                Event::Done(end) => {
                    one.reason = Some(end.reason);
                    cost.used.read += end.prompt_tokens as u64;
                    cost.used.cached += end.cached_tokens as u64;
                    cost.used.written += end.answer_tokens as u64;
                    cost.evaluations += 1;
                    running.remove(&index);
                }
                Event::Failed(fault) => return Err(fault),
            }
        }
    }
}

/// The logarithm of the probability of all tokens together.
fn sum(logs: &[Log]) -> f64 {
    logs.iter().map(|log| f64::from(log.logprob)).sum()
}

//! The work of an explanation: the answer, how likely it is, and how likely without each part of the prompt.

use super::form::{Asked, Prompt};
use super::{ANSWER, PARTS};
use crate::aside::Wanted;
use crate::messages::{EXPLAIN_ANSWER, EXPLAIN_LONG, EXPLAIN_PROMPT, SHIELD_ANSWER};
use crate::openai::full;
use crate::shield::{Outgoing, Spent};
use ingot_base::{Fault, Result, fault};
use ingot_explain::{Occluded, Said, occlude, said};
use ingot_runtime::generate::{
    Ask, Event, Generator, Log, Message, Reason, Sampling, Ticket, Token, overflow,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Tokens that one explanation may have read, about: of long prompts fewer parts are told apart.
const TOKENS: usize = 32_768;
/// Parts of a long prompt, at least.
const FEW: usize = 4;
/// Tokens kept free: without a word, what stands around it may have some more.
const SPARE: usize = 8;
/// Prompts that are read side by side.
pub(crate) const TOGETHER: usize = 4;
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
    /// What asking took so far.
    pub(super) spent: Arc<Spent>,
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

/// What was told of which question.
type Told = (usize, Event);

impl Work {
    /// Explains, as long as somebody waits for it; also tells how much the guard found in the answer.
    pub(super) fn explain(mut self, wanted: &Wanted) -> (usize, Result<Explained>) {
        let explained = self.explained(wanted);
        (self.way.map_or(0, |way| way.found), explained)
    }

    fn explained(&mut self, wanted: &Wanted) -> Result<Explained> {
        let texts = self.asked.prompt.texts();
        if texts.iter().all(|text| text.trim().is_empty()) {
            return Err(Fault::new(&EXPLAIN_PROMPT));
        }
        let prompt = self.prompt(&texts)?;
        let answer = self.answer(&prompt, wanted)?;
        let told = self.guarded(&answer.text)?;
        let mut tokens = self
            .scored(vec![prompt.clone()], &answer, self.asked.alternatives, wanted)?
            .pop()
            .unwrap_or_default();
        let whole = sum(&tokens);
        let most = (TOKENS / (prompt.len() + answer.tokens.len()).max(1)).clamp(FEW, PARTS);
        let occluded = occlude(&texts, whole, most, |left| {
            let prompts =
                left.iter().map(|texts| self.prompt(texts)).collect::<Result<Vec<_>>>()?;
            let scored = self.scored(prompts, &answer, 0, wanted)?;
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
    fn answer(&self, prompt: &[Token], wanted: &Wanted) -> Result<Answer> {
        let context = self.generator.about().context;
        let limit = context.saturating_sub(SPARE);
        let overflow = |tokens: usize| overflow(tokens, limit, self.generator.about());
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
            self.hear(vec![ask], wanted)?;
            return Ok(Answer { text: text.clone(), tokens, reason: "given" });
        }
        ask.max_tokens = self.asked.max_tokens.min(room);
        ask.alternatives = Some(0);
        let heard = self.hear(vec![ask], wanted)?.pop().unwrap_or_default();
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
    ) -> Result<Vec<Vec<Log>>> {
        let ask = |mut prompt: Vec<Token>| {
            let scored = prompt.len();
            prompt.extend_from_slice(&answer.tokens);
            Ask { alternatives: Some(alternatives), echo: true, scored, ..self.ask(prompt) }
        };
        let heard = self.hear(prompts.into_iter().map(ask).collect(), wanted)?;
        let logs: Vec<Vec<Log>> = heard.into_iter().map(|heard| heard.logs).collect();
        if logs.iter().all(|logs| logs.len() == answer.tokens.len()) {
            Ok(logs)
        } else {
            Err(fault::internal("a language model that does not tell how likely an answer is"))
        }
    }

    /// Asks some questions, a few side by side. What was begun is heard to its end, also where nobody wants it any more: that tells what it
    /// took.
    fn hear(&self, asks: Vec<Ask>, wanted: &Wanted) -> Result<Vec<Heard>> {
        let (send, receive) = channel();
        let mut running = BTreeMap::new();
        let heard = self.hear_all(asks, wanted, (&send, &receive), &mut running);
        drop(send);
        // Ends what is still running.
        let mut left: BTreeSet<usize> = running.into_keys().collect();
        while !left.is_empty()
            && let Ok((index, event)) = receive.recv()
        {
            if let Event::Done(end) | Event::Failed { end, .. } = &event {
                self.spent.add(end);
                left.remove(&index);
            }
        }
        heard
    }

    /// As [`Work::hear`]; `running` is left what a fault leaves running.
    fn hear_all(
        &self,
        asks: Vec<Ask>,
        wanted: &Wanted,
        (send, receive): (&Sender<Told>, &Receiver<Told>),
        running: &mut BTreeMap<usize, Ticket>,
    ) -> Result<Vec<Heard>> {
        let together = self.generator.about().slots.clamp(1, TOGETHER);
        let mut heard: Vec<Heard> = asks.iter().map(|_| Heard::default()).collect();
        let mut waiting = asks.into_iter().enumerate().peekable();
        loop {
            wanted.check()?;
            while running.len() < together
                && let Some((index, ask)) = waiting.peek()
            {
                let (index, send) = (*index, send.clone());
                // Whoever no longer listens wants nothing more.
                let sink = Box::new(move |event: Event| drop(send.send((index, event))));
                match self.generator.start(ask.clone(), sink) {
                    Ok(ticket) => {
                        running.insert(index, ticket);
                        waiting.next();
                    }
                    // What runs makes room.
                    Err(fault) if full(&fault) && !running.is_empty() => break,
                    Err(fault) => return Err(fault),
                }
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
                    self.spent.add(&end);
                    one.reason = Some(end.reason);
                    running.remove(&index);
                }
                Event::Failed { fault, end } => {
                    self.spent.add(&end);
                    running.remove(&index);
                    return Err(fault);
                }
            }
        }
    }
}

/// The logarithm of the probability of all tokens together.
fn sum(logs: &[Log]) -> f64 {
    logs.iter().map(|log| f64::from(log.logprob)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aside::aside;
    use crate::shield::Allowance;
    use ingot_runtime::generate::{About, FakeGenerator};
    use ingot_runtime::messages::GENERATOR_BUSY;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Semaphore;

    /// Takes few questions at once, and fails at one.
    struct Narrow {
        fake: FakeGenerator,
        room: usize,
        running: Arc<AtomicUsize>,
        /// Questions begun, and refused.
        counts: [AtomicUsize; 2],
        fails: usize,
    }

    impl Narrow {
        fn new(room: usize, fails: usize) -> Self {
            let fake = FakeGenerator::new("ok").with_cue("refund");
            Self {
                fake: fake.with_pause(Duration::from_millis(20)),
                room,
                running: Arc::default(),
                counts: Default::default(),
                fails,
            }
        }
    }

    impl Generator for Narrow {
        fn about(&self) -> &About {
            self.fake.about()
        }

        fn tokens(&self, text: &str, control: bool) -> Vec<Token> {
            self.fake.tokens(text, control)
        }

        fn piece(&self, token: Token) -> Vec<u8> {
            self.fake.piece(token)
        }

        fn start(&self, ask: Ask, mut sink: Box<dyn FnMut(Event) + Send>) -> Result<Ticket> {
            if self.running.fetch_add(1, Ordering::SeqCst) >= self.room {
                self.running.fetch_sub(1, Ordering::SeqCst);
                self.counts[1].fetch_add(1, Ordering::SeqCst);
                return Err(Fault::new(&GENERATOR_BUSY));
            }
            if self.counts[0].fetch_add(1, Ordering::SeqCst) == self.fails {
                return Err(fault::internal("on purpose"));
            }
            let running = Arc::clone(&self.running);
            let sink = Box::new(move |event: Event| {
                if matches!(event, Event::Done(_) | Event::Failed { .. }) {
                    running.fetch_sub(1, Ordering::SeqCst);
                }
                sink(event);
            });
            self.fake.start(ask, sink)
        }
    }

    fn explained(generator: Arc<Narrow>, prompt: &str) -> (Result<Explained>, Arc<Spent>) {
        let spent = Arc::new(Spent::new(Arc::new(Allowance::new(None)), None));
        let work = Work {
            generator,
            owner: Arc::from(""),
            asked: Asked {
                prompt: Prompt::Text(prompt.to_owned()),
                answer: None,
                max_tokens: 8,
                alternatives: 0,
            },
            system: None,
            way: None,
            spent: Arc::clone(&spent),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let slot = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let done = runtime.block_on(aside(slot, move |wanted| work.explain(wanted)));
        (done.unwrap().1, spent)
    }

    #[test]
    fn questions_wait_for_those_of_their_own_explanation() {
        let narrow = Arc::new(Narrow::new(1, usize::MAX));
        let (told, spent) = explained(Arc::clone(&narrow), "my refund please");
        assert_eq!(told.unwrap().occluded.parts.len(), 3);
        let [begun, refused] = &narrow.counts;
        assert_eq!((begun.load(Ordering::SeqCst), spent.so_far().1), (5, 5));
        assert!(refused.load(Ordering::SeqCst) > 0);
        // Behind others' it does not wait.
        let busy = Arc::new(Narrow::new(0, usize::MAX));
        let fault = explained(busy, "my refund please").0.err().unwrap();
        assert!(full(&fault));
    }

    #[test]
    fn a_blank_prompt_is_refused_before_anything_is_asked() {
        let narrow = Arc::new(Narrow::new(1, usize::MAX));
        let (told, spent) = explained(Arc::clone(&narrow), " \n\u{3000}");
        assert_eq!(told.err().unwrap().code(), "serve-explain-prompt");
        assert_eq!((narrow.counts[0].load(Ordering::SeqCst), spent.so_far().1), (0, 0));
    }

    #[test]
    fn what_was_asked_before_a_fault_is_known_to_its_end() {
        // The answer, its likelihood, one part that waits to be read when the next one fails: of it nothing is paid.
        let (told, spent) = explained(Arc::new(Narrow::new(4, 3)), "my refund please");
        assert_eq!(told.err().unwrap().code(), fault::internal("").code());
        let (used, asked) = spent.so_far();
        assert_eq!((asked, used.written), (3, 2));
        assert_eq!(used.read, (2 * "my refund please".len() + "ok".len()) as u64);
    }
}

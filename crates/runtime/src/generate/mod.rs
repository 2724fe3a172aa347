//! Language models: the [`Generator`] trait, and what every engine of them shares — chat templates, choosing tokens, stop texts,
//! drafts. Nothing here needs an engine.

mod chat;
mod choose;
pub mod document;
mod draft;
mod fake;
#[cfg(any(feature = "llama", test))]
pub(crate) mod grammar;
mod guard;
mod notes;
mod places;
#[cfg(any(feature = "llama", test))]
pub(crate) mod prefix;
#[cfg(any(feature = "llama", test))]
pub(crate) mod queue;
#[cfg(any(feature = "llama", test))]
pub(crate) mod schema;
mod text;

pub use chat::{ChatTemplate, Message, ToolCall};
pub use choose::{Chooser, Constraint, Told, log_probabilities};
pub use draft::Drafter;
pub use fake::FakeGenerator;
pub use notes::is_note;
#[cfg(feature = "llama")]
pub(crate) use places::{Place, Places};
pub use text::Flow;

use ingot_base::{Fault, Result, Text};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A token's number in its vocabulary.
pub type Token = i32;

/// Continues texts. Implementations work on many requests at once and may be called from many threads.
pub trait Generator: Send + Sync {
    /// What the model is and how much it takes.
    fn about(&self) -> &About;

    /// The tokens of a text. With `control`, marks such as `<|im_end|>` in the text become their tokens; without, they are
    /// plain text, which is how text from outside must be read.
    fn tokens(&self, text: &str, control: bool) -> Vec<Token>;

    /// The bytes that a token stands for: not always whole characters; none for marks.
    fn piece(&self, token: Token) -> Vec<u8>;

    /// Begins a request; `sink` hears of it until [`Event::Done`] or [`Event::Failed`]: always exactly one of them, unless the
    /// ticket is dropped before the request's turn came. Dropping the ticket ends the request.
    ///
    /// # Errors
    /// When the request can never be answered (longer than the context, a grammar that is none), or the queue is full.
    fn start(&self, ask: Ask, sink: Box<dyn FnMut(Event) + Send>) -> Result<Ticket>;

    /// What was done since the model was loaded.
    fn figures(&self) -> Figures {
        Figures::default()
    }
}

/// Counts since a model was loaded, and what is under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Tokens of prompts that were computed.
    pub prompt_tokens: u64,
    /// Tokens of prompts that were known from earlier requests.
    pub cached_tokens: u64,
    /// Tokens of answers.
    pub answer_tokens: u64,
    /// Tokens that were guessed.
    pub drafted: u64,
    /// Guesses that came true.
    pub accepted: u64,
    /// Steps of the model.
    pub steps: u64,
    /// Requests being worked on.
    pub running: u64,
    /// Requests that wait.
    pub waiting: u64,
}

/// How a language model is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// Requests that are worked on at once.
    pub slots: usize,
    /// Tokens that prompt and answer of one request may have; no more than the model was trained for.
    pub context: usize,
    /// Requests that may wait; where all places are taken, as many again of owners that have less than their part.
    pub queue: usize,
    /// Threads; 0 for as many as there are processors.
    pub threads: usize,
    /// Bytes of memory that may be used; `None` for what is free.
    pub memory: Option<u64>,
    /// Whether tokens are guessed from the text so far.
    pub speculate: bool,
    /// Whether beginnings that were computed before are used again.
    pub share: bool,
}

impl Default for Serving {
    fn default() -> Self {
        Self {
            slots: 8,
            context: 2048,
            queue: 64,
            threads: 0,
            memory: None,
            speculate: true,
            share: true,
        }
    }
}

/// What a model is.
#[derive(Debug, Clone)]
pub struct About {
    /// Tokens that prompt and answer of one request may have together.
    pub context: usize,
    /// Whether the model was made for no more than these, so that no setting allows for more.
    pub longest: bool,
    /// Tokens that the model knows.
    pub vocabulary: usize,
    /// How a conversation becomes a prompt; `None` when the model was not made for conversations.
    pub template: Option<ChatTemplate>,
    /// The mark that begins every prompt, if the model wants one.
    pub begin: Option<Token>,
    /// Requests that are worked on at once.
    pub slots: usize,
    /// Requests that are worked on or wait at once: more are refused, but of owners that have less than an equal part of these.
    pub room: usize,
    /// Bytes that the model takes, with its cache.
    pub memory: u64,
}

/// One request.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// The prompt.
    pub prompt: Vec<Token>,
    /// Tokens to answer with at most; 0 only reads the prompt.
    pub max_tokens: usize,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Texts that end the answer; they are not part of it.
    pub stop: Vec<String>,
    /// Whether answers carry log-probabilities, and with how many alternatives per token.
    pub alternatives: Option<usize>,
    /// Whether the prompt's tokens carry them too.
    pub echo: bool,
    /// With `echo`: the prompt's token from which on they do; at least 1, for nothing comes before the first. What stands before it may
    /// be known from earlier requests and need not be computed, which makes scoring many answers to one prompt cheap.
    pub scored: usize,
    /// The form that the answer must have.
    pub form: Option<Form>,
    /// The adapter to use, by the name it was loaded under; `None` is the base model.
    pub adapter: Option<Arc<str>>,
    /// Whose request it is: nobody's requests wait for all of somebody else's.
    pub owner: Arc<str>,
    /// Do not end at the model's own mark of the end: for measurements.
    pub endless: bool,
    /// Chance is to fall the same each time: nothing is guessed, because checking guesses changes the last bits of scores.
    pub steady: bool,
}

impl Ask {
    /// Whether tokens may be guessed from the text so far: the likeliest token stays the likeliest whatever the last bits of its score
    /// are, but a token chosen by chance may become another.
    pub fn guesses(&self) -> bool {
        !self.steady || self.sampling.temperature <= 0.0
    }

    /// The first place of the prompt whose scores are wanted: where the first echoed token is foretold, else its last token.
    pub fn quiet(&self) -> usize {
        let last = self.prompt.len().saturating_sub(1);
        if self.echo { self.scored.saturating_sub(1).min(last) } else { last }
    }
}

/// A form of answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// A grammar in llama.cpp's notation (GBNF), from its rule `root` on.
    Grammar(String),
    /// A JSON Schema, as text.
    JsonSchema(String),
}

/// How a token is chosen of a distribution, in this order: penalties, the `top_k` likeliest, the likeliest that make up `top_p`,
/// those at least `min_p` times as likely as the likeliest, temperature, chance.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// 0 takes the likeliest token always.
    pub temperature: f32,
    /// 0 for no bound.
    pub top_k: usize,
    /// 1 for no bound.
    pub top_p: f32,
    /// 0 for no bound.
    pub min_p: f32,
    /// Subtracted from a token's logit per time that the answer has it.
    pub frequency_penalty: f32,
    /// Subtracted once when the answer has the token.
    pub presence_penalty: f32,
    /// Divides (or, when negative, multiplies) the logits of the last 64 tokens, prompt included; 1 for none.
    pub repeat_penalty: f32,
    /// Added to the logits of single tokens.
    pub bias: Vec<(Token, f32)>,
    /// The same seed and the same scores give the same answer; see [`Ask::steady`].
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.8,
            top_k: 40,
            top_p: 0.95,
            min_p: 0.05,
            frequency_penalty: 0.0,
            presence_penalty: 0.0,
            repeat_penalty: 1.0,
            bias: Vec::new(),
            seed: 0,
        }
    }
}

impl Sampling {
    /// The likeliest token, always.
    pub fn greedy() -> Self {
        Self { temperature: 0.0, ..Self::default() }
    }
}

/// What a sink hears.
#[derive(Debug)]
pub enum Event {
    /// The prompt is read.
    Prompt {
        /// Tokens of it that were known from earlier requests.
        cached: usize,
        /// Log-probabilities of its tokens from the second on, or from [`Ask::scored`] on, if they were asked for.
        logs: Vec<Log>,
    },
    /// More of the answer.
    Text {
        /// Whole characters; may be empty when a token ends within one, or when it could begin a stop text.
        text: String,
        /// The tokens since the last event, if log-probabilities were asked for.
        logs: Vec<Log>,
    },
    /// The end of the answer.
    Done(End),
    /// The request failed on the way.
    Failed {
        /// Why.
        fault: Fault,
        /// What it took until then.
        end: End,
    },
}

/// The log-probability of a token, with its likeliest alternatives.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// The token.
    pub token: Token,
    /// Natural logarithm of its probability given all before it, before temperature and bounds.
    pub logprob: f32,
    /// The likeliest tokens, falling.
    pub top: Vec<(Token, f32)>,
}

/// How an answer ended and what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Why it ended.
    pub reason: Reason,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens of the prompt that were not computed again.
    pub cached_tokens: usize,
    /// Tokens of the answer, with the mark of its end.
    pub answer_tokens: usize,
    /// Tokens that were guessed from the text so far.
    pub drafted: usize,
    /// Guesses that came true.
    pub accepted: usize,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The model ended it, or a stop text came.
    Stop,
    /// It reached its most tokens.
    Length,
    /// Nobody wanted it any more: the ticket was dropped.
    Dropped,
    /// It failed on the way.
    Failed,
}

/// A request on its way; dropping it ends the request.
#[derive(Debug)]
pub struct Ticket(Arc<AtomicBool>);

impl Ticket {
    /// A ticket whose flag turns true when it is dropped.
    pub fn new() -> (Self, Arc<AtomicBool>) {
        let flag = Arc::new(AtomicBool::new(false));
        (Self(Arc::clone(&flag)), flag)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl dyn Generator {
    /// The tokens of a conversation, by the model's template. Marks in what people wrote stay plain text: nobody ends a message
    /// and begins another within it.
    ///
    /// # Errors
    /// When the model has no template, or the template refuses the conversation.
    pub fn conversation(
        &self,
        messages: &[Message],
        tools: &[serde_json::Value],
        open: bool,
    ) -> Result<Vec<Token>> {
        chat::prompt(self, messages, tools, open)
    }
}

/// Checks what every engine must: a prompt that is not empty and leaves room in the context. The most tokens are cut to what fits.
///
/// # Errors
/// When the request can never be answered; the fault says by how much.
pub fn fit(ask: &mut Ask, about: &About) -> Result<()> {
    use crate::messages::PROMPT_EMPTY;
    if ask.prompt.is_empty() {
        return Err(Fault::new(&PROMPT_EMPTY));
    }
    let room = about.context.saturating_sub(ask.prompt.len());
    if room < ask.max_tokens.min(1) || ask.prompt.len() > about.context {
        return Err(overflow(ask.prompt.len(), about.context, about));
    }
    ask.max_tokens = ask.max_tokens.min(room);
    Ok(())
}

/// That so many tokens of a prompt are more than may be; a longer context is advised where the model allows for one.
pub fn overflow(tokens: usize, limit: usize, about: &About) -> Fault {
    let or = if about.longest {
        Text::new("; the model was made for no longer ones", "；该模型不支持更长的上下文")
    } else {
        Text::new(", or serve with a longer `--context`", "，或以更大的 `--context` 启动服务")
    };
    let fault = Fault::new(&crate::messages::CONTEXT_OVERFLOW);
    fault.arg("tokens", tokens).arg("limit", limit).words("or", or)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_context_is_advised_only_where_there_is_one() {
        let mut about = FakeGenerator::new("").with_context(4).about().clone();
        let mut told = |longest| {
            about.longest = longest;
            let mut ask = Ask { prompt: vec![1; 5], ..Ask::default() };
            fit(&mut ask, &about).unwrap_err().hint(ingot_base::Lang::En).unwrap_or_default()
        };
        assert!(told(false).contains("--context") && !told(true).contains("--context"));
    }

    #[test]
    fn nothing_is_guessed_where_chance_is_to_fall_the_same() {
        let ask = |steady, temperature| {
            let sampling = Sampling { temperature, ..Sampling::default() };
            Ask { sampling, steady, ..Ask::default() }.guesses()
        };
        assert!(ask(false, 0.7) && ask(false, 0.0) && ask(true, 0.0));
        assert!(!ask(true, 0.7));
    }

    #[test]
    fn scores_are_wanted_from_what_foretells_the_first_scored_token_on() {
        let ask = |echo, scored| Ask { prompt: vec![1; 5], echo, scored, ..Ask::default() };
        let places = [(false, 3, 4), (true, 0, 0), (true, 1, 0), (true, 3, 2), (true, 9, 4)];
        for (echo, scored, place) in places {
            assert_eq!(ask(echo, scored).quiet(), place, "{echo} {scored}");
        }
        assert_eq!(Ask::default().quiet(), 0);
    }
}

//! Language models through llama.cpp: many requests over one context, each going on a token a step.
//!
//! A model is loaded from memory (a decrypted payload never touches a disk) or from an open file, after its head was checked
//! and its need of memory compared with what is free.

mod measure;
mod memory;
mod native;
mod processor;
mod quantize;
mod scheduler;
mod slot;
#[cfg(test)]
mod tests;

pub use measure::{Distance, Passage, Weights, distance};
pub use quantize::{Importance, Quantisation, quantize};

use crate::generate::grammar::{self, Grammar, Rules, Vocabulary};
use crate::generate::{
    About, Ask, ChatTemplate, Event, Figures, Form, Generator, Places, Serving, Ticket, Token, fit,
};
use crate::gguf::{self, Header, Shape};
use crate::messages::{ADAPTER_UNKNOWN, GENERATOR_BUSY, MODEL_TOO_LARGE};
use ingot_base::{Fault, Result, fault};
use memory::Sealed;
use native::{Adapter, Context, Model, Sizes};
use scheduler::{Command, Plan, Scheduler, Shared};
use slot::Waiting;
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

/// Tokens of one step at most.
const BATCH: usize = 512;
/// Guesses per answer and step, at most.
const GUESSES: usize = 8;
/// Forms of answers that are kept once they were read: the answers of one request have the same, and often those of many.
const FORMS: usize = 8;

/// A language model that answers many requests at once.
pub struct LlamaGenerator {
    about: About,
    header: Header,
    model: Arc<Model>,
    ends: Vec<Token>,
    /// The tokens as grammars see them, from the first grammar on.
    words: OnceLock<Arc<Vocabulary>>,
    forms: Mutex<VecDeque<(Form, Arc<Rules>)>>,
    commands: Mutex<Option<Sender<Command>>>,
    shared: Arc<Shared>,
    places: Arc<Places>,
    adapters: Mutex<BTreeMap<Arc<str>, Arc<Adapter>>>,
    /// Adapters loaded so far.
    loaded: AtomicU64,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for LlamaGenerator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LlamaGenerator").field("about", &self.about).finish_non_exhaustive()
    }
}

impl LlamaGenerator {
    /// Loads a model from the bytes of its file, which are copied into memory that has no name.
    ///
    /// # Errors
    /// When the file is no model of a served family, or needs more memory than is free.
    pub fn load(bytes: &[u8], settings: &Serving) -> Result<Self> {
        let header = gguf::read(bytes, bytes.len() as u64, &gguf::Limits::default())?;
        Self::start(header, || Sealed::new(bytes), settings)
    }

    /// Loads an open model as it lies on disk.
    ///
    /// # Errors
    /// As [`LlamaGenerator::load`], and when the file cannot be read.
    pub fn open(path: &Path, settings: &Serving) -> Result<Self> {
        let header = gguf::read_file(path, &gguf::Limits::default())?;
        Self::start(header, || Sealed::open(path), settings)
    }

    fn start(
        header: Header,
        bytes: impl FnOnce() -> Result<Sealed>,
        settings: &Serving,
    ) -> Result<Self> {
        let shape = Shape::of(&header)?;
        let slots = settings.slots.clamp(1, 64);
        let trained = usize::try_from(shape.context).unwrap_or(usize::MAX);
        let context = settings.context.clamp(16, 1 << 20).min(trained);
        // Beside the slots' own tokens, some of earlier requests are kept.
        let tokens = (slots + 2) * context + slots * (GUESSES + 1);
        let outputs = (slots * (GUESSES + 1)).max(64);
        let needed = shape.memory(tokens as u64, BATCH as u64, outputs as u64);
        let packed = enough(needed, shape.copies, settings.memory)?;
        let model = Arc::new(Model::load(bytes()?, packed)?);
        let (begin, end) = model.marks();
        let template =
            header.chat_template().map(|text| ChatTemplate::new(text, &begin, &end)).transpose()?;
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let sizes = Sizes {
            tokens: number(tokens),
            sequences: number(2 * slots + 8),
            batch: number(BATCH),
            outputs: number(outputs),
            threads: threads(settings.threads),
        };
        let about = About {
            context,
            longest: context == trained,
            vocabulary: model.vocabulary(),
            template,
            begin: model.begin(),
            slots,
            // Who comes to an empty place does not wait.
            room: slots + settings.queue,
            memory: if packed { needed.saturating_add(shape.copies) } else { needed },
        };
        let context = Context::new(Arc::clone(&model), sizes, None)?;
        let plan = Plan {
            slots,
            context: about.context,
            sizes,
            speculate: settings.speculate,
            share: settings.share,
        };
        let shared = Arc::new(Shared::default());
        let (commands, received) = channel();
        let scheduler = Scheduler::new(context, plan, received, Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("ingot-llama".into())
            .spawn(move || scheduler.run())
            .map_err(|error| fault::internal("a thread could not be made").because(error))?;
        let ends = (0..).take(model.vocabulary()).filter(|token| model.ends(*token)).collect();
        Ok(Self {
            about,
            header,
            model,
            ends,
            words: OnceLock::new(),
            forms: Mutex::default(),
            commands: Mutex::new(Some(commands)),
            shared,
            places: Arc::default(),
            adapters: Mutex::default(),
            loaded: AtomicU64::new(0),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// The head of the model's file.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Loads an adapter, and gives the generator that answers with it: one base in memory, any number of adapters.
    ///
    /// # Errors
    /// When the file is no adapter for this model.
    pub fn adapted(self: &Arc<Self>, name: &str, bytes: &[u8]) -> Result<AdaptedGenerator> {
        let header = gguf::read(bytes, bytes.len() as u64, &gguf::Limits::default())?;
        gguf::belongs(&header, bytes, &self.header)?;
        let sealed = Sealed::new(bytes)?;
        let mut adapters = self.adapters.lock().unwrap_or_else(PoisonError::into_inner);
        let adapter = Arc::new(Adapter::load(Arc::clone(&self.model), &sealed)?);
        // While a new version is taken over, two adapters have one name.
        let number = self.loaded.fetch_add(1, Ordering::Relaxed);
        let name: Arc<str> = Arc::from(format!("{name} {number}"));
        adapters.insert(Arc::clone(&name), adapter);
        Ok(AdaptedGenerator { base: Arc::clone(self), name })
    }

    fn grammar(&self, form: Option<&Form>) -> Result<Option<Grammar>> {
        let Some(form) = form else { return Ok(None) };
        // What was asked for last stands first, and what nobody asks for goes.
        let take = || {
            let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
            let at = forms.iter().position(|(one, _)| one == form)?;
            let (form, rules) = forms.remove(at)?;
            forms.push_front((form, Arc::clone(&rules)));
            Some(rules)
        };
        let rules = if let Some(rules) = take() {
            rules
        } else {
            let rules = Arc::new(self.rules(form)?);
            // Another answer may have read it meanwhile.
            take().unwrap_or_else(|| {
                let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
                forms.truncate(FORMS - 1);
                forms.push_front((form.clone(), Arc::clone(&rules)));
                rules
            })
        };
        Ok(Some(Grammar::new(rules, Arc::clone(self.words()))))
    }

    fn rules(&self, form: &Form) -> Result<Rules> {
        let of_schema;
        let text = match form {
            Form::Grammar(text) => text,
            Form::JsonSchema(schema) => {
                of_schema = native::schema_grammar(schema)?;
                &of_schema
            }
        };
        let marks = |text: &str| self.model.tokens(text, true);
        Rules::new(text, self.words(), &marks).map_err(grammar::invalid)
    }

    fn words(&self) -> &Arc<Vocabulary> {
        self.words.get_or_init(|| {
            let all = (0..).take(self.model.vocabulary());
            let words = all.map(|token| (self.model.piece(token), self.model.ends(token)));
            Arc::new(Vocabulary::new(words))
        })
    }

    fn send(&self, command: Command) -> Result<()> {
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = commands.as_ref().is_some_and(|commands| commands.send(command).is_ok());
        if sent { Ok(()) } else { Err(fault::internal("the language model's thread has ended")) }
    }
}

impl Drop for LlamaGenerator {
    fn drop(&mut self) {
        drop(self.commands.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Generator for LlamaGenerator {
    fn about(&self) -> &About {
        &self.about
    }

    fn tokens(&self, text: &str, control: bool) -> Vec<Token> {
        self.model.tokens(text, control)
    }

    fn piece(&self, token: Token) -> Vec<u8> {
        self.model.piece(token)
    }

    fn start(&self, mut ask: Ask, sink: Box<dyn FnMut(Event) + Send>) -> Result<Ticket> {
        fit(&mut ask, &self.about)?;
        // Who finds no place has nothing read for it.
        let place = self.places.take(&ask.owner, self.about.room).ok_or_else(|| {
            let waiting = self.shared.waiting.load(Ordering::Acquire);
            Fault::new(&GENERATOR_BUSY).arg("waiting", waiting)
        })?;
        let adapter = match &ask.adapter {
            None => None,
            Some(name) => {
                let adapters = self.adapters.lock().unwrap_or_else(PoisonError::into_inner);
                let found = adapters.get(name).cloned();
                Some(found.ok_or_else(|| Fault::new(&ADAPTER_UNKNOWN).arg("name", name))?)
            }
        };
        let grammar = self.grammar(ask.form.as_ref())?;
        if ask.endless {
            ask.sampling.bias.extend(self.ends.iter().map(|token| (*token, f32::NEG_INFINITY)));
        }
        self.shared.waiting.fetch_add(1, Ordering::AcqRel);
        let (ticket, dropped) = Ticket::new();
        let request = Box::new(Waiting { ask, sink, dropped, grammar, adapter, _place: place });
        self.send(Command::Start(request))?;
        Ok(ticket)
    }

    fn figures(&self) -> Figures {
        let mut figures = *self.shared.figures.lock().unwrap_or_else(PoisonError::into_inner);
        figures.waiting = self.shared.waiting.load(Ordering::Acquire) as u64;
        figures
    }
}

/// A base model with one of its adapters.
#[derive(Debug)]
pub struct AdaptedGenerator {
    base: Arc<LlamaGenerator>,
    name: Arc<str>,
}

impl Drop for AdaptedGenerator {
    fn drop(&mut self) {
        // Told before the name is free again: nobody can load another adapter under it in between.
        let mut adapters = self.base.adapters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(adapter) = adapters.remove(&self.name) {
            let _ = self.base.send(Command::Unload(Arc::clone(&self.name), adapter));
        }
    }
}

impl Generator for AdaptedGenerator {
    fn about(&self) -> &About {
        self.base.about()
    }

    fn tokens(&self, text: &str, control: bool) -> Vec<Token> {
        self.base.tokens(text, control)
    }

    fn piece(&self, token: Token) -> Vec<u8> {
        self.base.piece(token)
    }

    fn start(&self, mut ask: Ask, sink: Box<dyn FnMut(Event) + Send>) -> Result<Ticket> {
        ask.adapter = Some(Arc::clone(&self.name));
        Generator::start(&*self.base, ask, sink)
    }

    fn figures(&self) -> Figures {
        self.base.figures()
    }
}

/// Refuses a model before it is loaded, when it needs more memory than there is. Whether there is room for the second, faster copy of
/// some weights too.
fn enough(needed: u64, copies: u64, allowed: Option<u64>) -> Result<bool> {
    match allowed.or_else(memory::free) {
        Some(free) if needed > free => {
            let fault = Fault::new(&MODEL_TOO_LARGE).arg("needed", needed.div_ceil(1 << 20));
            Err(fault.arg("free", free >> 20))
        }
        Some(free) => Ok(needed.saturating_add(copies) <= free),
        None => Ok(true),
    }
}

fn threads(wanted: usize) -> i32 {
    let there = std::thread::available_parallelism().map_or(1, usize::from);
    let count = if wanted == 0 { there } else { wanted.min(there) };
    i32::try_from(count).unwrap_or(1)
}

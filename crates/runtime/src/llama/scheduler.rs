//! The thread that owns the context: takes requests in, computes steps for all of them together, and ends them.
//!
//! One step holds a token of every answer under way (with guesses of what follows), and a piece of the prompts that are being
//! read, small enough that the answers go on meanwhile. A step uses one adapter; requests of others take turns.

use super::native::{Adapter, Batch, Context, Sizes, Step, failed};
use super::slot::{Slot, Waiting};
use crate::generate::Figures;
use crate::generate::prefix::{Kept, Prefixes, common};
use crate::generate::queue::FairQueue;
use ingot_base::Fault;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Seconds that a step may take while answers are under way, and while none are.
const BUSY: f32 = 0.10;
const ALONE: f32 = 0.40;
/// Steps that requests of one adapter may take while others wait.
const TURN: usize = 24;
/// A request waits for another that is reading the same beginning, when it saves this many tokens.
const WORTH: usize = 32;
/// Sequences shorter than this are not kept.
const SHORT: usize = 16;

/// What the thread is told.
pub(super) enum Command {
    Start(Box<Waiting>),
    /// An adapter is gone: what it computed is worth nothing any more.
    Unload(Arc<str>, Arc<Adapter>),
}

/// What the thread and its owner share.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) waiting: AtomicUsize,
    pub(super) figures: Mutex<Figures>,
}

/// How requests are worked on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) slots: usize,
    pub(super) context: usize,
    pub(super) sizes: Sizes,
    pub(super) speculate: bool,
    pub(super) share: bool,
}

pub(super) struct Scheduler {
    context: Context,
    plan: Plan,
    commands: Receiver<Command>,
    shared: Arc<Shared>,
    queue: FairQueue<Box<Waiting>>,
    slots: Vec<Slot>,
    prefixes: Prefixes,
    free: Vec<i32>,
    batch: Batch,
    /// The adapter of the last step, and how many it took in a row.
    turn: (Option<Arc<str>>, usize),
    /// Tokens a second when prompts are read.
    rate: f32,
    figures: Figures,
}

/// A slot's part of a batch.
struct Part {
    slot: usize,
    places: Range<usize>,
    reads: bool,
}

impl Scheduler {
    pub(super) fn new(
        context: Context,
        plan: Plan,
        commands: Receiver<Command>,
        shared: Arc<Shared>,
    ) -> Self {
        let sequences = i32::try_from(plan.sizes.sequences).unwrap_or(1);
        Self {
            context,
            plan,
            commands,
            shared,
            queue: FairQueue::default(),
            slots: Vec::new(),
            prefixes: Prefixes::default(),
            free: (0..sequences).rev().collect(),
            batch: Batch::default(),
            turn: (None, 0),
            rate: 200.0,
            figures: Figures::default(),
        }
    }

    /// Works until nobody can ask any more.
    pub(super) fn run(mut self) {
        while self.listen() {
            self.drop_unwanted();
            self.admit();
            if !self.slots.is_empty() {
                self.step();
            }
            self.publish();
        }
    }

    /// Takes in what was asked; waits when there is nothing to do. Whether there is anybody left.
    fn listen(&mut self) -> bool {
        if self.slots.is_empty() {
            // Requests that wait for nothing but their turn are admitted at once, so an empty table means an empty queue.
            let wait = if self.queue.is_empty() { Duration::from_hours(1) } else { Duration::ZERO };
            match self.commands.recv_timeout(wait) {
                Ok(command) => self.obey(command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        loop {
            match self.commands.try_recv() {
                Ok(command) => self.obey(command),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Start(request) => {
                let owner = Arc::clone(&request.ask.owner);
                self.queue.push(&owner, request);
            }
            Command::Unload(name, adapter) => {
                if self.turn.0.as_ref() == Some(&name) {
                    self.context.adapt(None);
                    self.turn = (None, 0);
                }
                drop(adapter);
                for sequence in self.prefixes.without(&name) {
                    self.release(sequence);
                }
            }
        }
    }

    fn drop_unwanted(&mut self) {
        let gone = self.queue.retain(|request| !request.dropped.load(Ordering::Acquire));
        self.shared.waiting.fetch_sub(gone, Ordering::AcqRel);
        self.slots.iter_mut().filter(|slot| slot.dropped()).for_each(Slot::cancel);
        self.clear_ended();
    }

    /// Keeps what ended requests have computed, and makes their places free.
    fn clear_ended(&mut self) {
        let mut index = 0;
        while index < self.slots.len() {
            if !self.slots.get(index).is_some_and(|slot| slot.ended) {
                index += 1;
                continue;
            }
            let slot = self.slots.remove(index);
            self.queue.ended(slot.owner());
            self.retire(slot);
        }
    }

    fn retire(&mut self, mut slot: Slot) {
        self.context.forget(slot.sequence, slot.computed);
        // What is only scored is asked once: to keep it would drive out conversations that go on.
        if slot.computed < SHORT || !self.plan.share || slot.echoes() {
            return self.release(slot.sequence);
        }
        let (adapter, owner) = (slot.adapter_name().cloned(), Arc::clone(slot.owner()));
        let mut tokens = std::mem::take(&mut slot.tokens);
        tokens.truncate(slot.computed);
        let kept = Kept { sequence: slot.sequence, tokens, adapter, owner };
        for sequence in self.prefixes.keep(kept) {
            self.release(sequence);
        }
        // Every kept cell is looked at in every step: enough for conversations to go on, no more.
        while self.prefixes.tokens() > 2 * self.plan.context && self.prefixes.len() > 1 {
            let Some(sequence) = self.prefixes.evict() else { break };
            self.release(sequence);
        }
    }

    fn release(&mut self, sequence: i32) {
        self.context.forget(sequence, 0);
        self.free.push(sequence);
    }

    fn admit(&mut self) {
        while self.slots.len() < self.plan.slots {
            let (slots, prefixes) = (&self.slots, &self.prefixes);
            #[expect(clippy::borrowed_box, reason = "the queue holds boxes")]
            let ready = |request: &Box<Waiting>| !waits_for_another(request, slots, prefixes);
            let Some(request) = self.queue.pop(self.plan.slots, ready) else { break };
            self.shared.waiting.fetch_sub(1, Ordering::AcqRel);
            let slot = self.place(*request);
            self.slots.push(slot);
        }
    }

    /// Gives a request a sequence that begins with what is known of its prompt from requests of the same key.
    fn place(&mut self, request: Waiting) -> Slot {
        let prompt = request.ask.prompt.as_slice();
        // The last token must be computed in any case, and what foretells the first echoed one: its scores are wanted.
        let (most, echo) = (request.ask.quiet(), request.ask.echo);
        let (adapter, owner) = (request.ask.adapter.as_ref(), &request.ask.owner);
        let known = self.plan.share && most > 0;
        let mut source = None;
        if known {
            let running = self
                .slots
                .iter()
                .filter(|slot| slot.adapter_name() == adapter && slot.owner() == owner)
                .map(|slot| {
                    let done = slot.tokens.get(..slot.computed).unwrap_or_default();
                    (slot.sequence, common(done, prompt).min(most))
                })
                .max_by_key(|(_, shared)| *shared);
            let kept = self.prefixes.find(prompt, owner, adapter).map(|(kept, shared)| {
                let whole = shared == kept.tokens.len() && shared <= most;
                // What is only scored is not kept, so it must not use up what is.
                (kept.sequence, shared.min(most), whole && !echo)
            });
            source = match (running, kept) {
                (Some((sequence, shared)), Some((_, other, _))) if shared > other => {
                    Some((sequence, shared, false))
                }
                (_, Some(kept)) => Some(kept),
                (Some((sequence, shared)), None) => Some((sequence, shared, false)),
                (None, None) => None,
            };
        }
        let (sequence, cached) = match source {
            // A conversation goes on: its sequence is taken over.
            Some((sequence, shared, true)) if self.prefixes.take(sequence).is_some() => {
                (sequence, shared)
            }
            Some((from, shared, _)) if shared > 0 => {
                let sequence = self.sequence(Some(from));
                self.context.share(from, sequence, shared);
                (sequence, shared)
            }
            _ => (self.sequence(None), 0),
        };
        self.figures.cached_tokens += cached as u64;
        let speculate = self.plan.speculate;
        Slot::new(request, sequence, cached, speculate)
    }

    /// A free sequence; `but` is not given up for it.
    fn sequence(&mut self, but: Option<i32>) -> i32 {
        if let Some(sequence) = self.free.pop() {
            return sequence;
        }
        // There are more sequences than slots, so one is kept at least; the one to share from was just used, so it is not it.
        match self.prefixes.evict() {
            Some(sequence) if Some(sequence) != but => {
                self.context.forget(sequence, 0);
                sequence
            }
            _ => but.unwrap_or_default(),
        }
    }

    fn step(&mut self) {
        let adapter = self.choose_adapter();
        let parts = self.fill(adapter.as_ref());
        if self.batch.is_empty() {
            return;
        }
        let one =
            parts.first().filter(|_| parts.len() == 1).and_then(|part| self.slots.get(part.slot));
        let flag = one.map(Slot::flag);
        let begun = Instant::now();
        let outcome = loop {
            match self.context.step(&mut self.batch, flag.as_deref()) {
                Ok(Step::Full) => match self.prefixes.evict() {
                    Some(sequence) => self.release(sequence),
                    None => break Err(failed("finding room in the cache")),
                },
                other => break other,
            }
        };
        self.figures.steps += 1;
        match outcome {
            Ok(Step::Done) => self.hear(&parts, begun.elapsed()),
            // Only its one request's end stops a step.
            Ok(_) => parts.iter().for_each(|part| self.undo(part, None)),
            Err(fault) => {
                for part in &parts {
                    let copy = Fault::new(fault.message()).arg("doing", "computing a step");
                    self.undo(part, Some(copy));
                }
            }
        }
        self.clear_ended();
    }

    /// Forgets what a failed step may have computed.
    fn undo(&mut self, part: &Part, fault: Option<Fault>) {
        let Some(slot) = self.slots.get_mut(part.slot) else { return };
        match fault {
            Some(fault) => slot.fail(fault),
            None => slot.cancel(),
        }
    }

    /// Whose turn it is: requests of one adapter go on together for some steps, then those of another.
    fn choose_adapter(&mut self) -> Option<Arc<str>> {
        let names: BTreeSet<Option<Arc<str>>> =
            self.slots.iter().map(|slot| slot.adapter_name().cloned()).collect();
        let (last, taken) = &self.turn;
        let stays = names.contains(last) && (names.len() == 1 || *taken < TURN);
        let next = if stays {
            last.clone()
        } else {
            let after = names.iter().find(|name| *name > last).or_else(|| names.first());
            after.cloned().unwrap_or_default()
        };
        if next == self.turn.0 {
            self.turn.1 += 1;
        } else {
            let adapter = self.slots.iter().find(|slot| slot.adapter_name() == next.as_ref());
            let adapter: Option<Arc<Adapter>> = adapter.and_then(|slot| slot.adapter.clone());
            self.context.adapt(adapter.as_deref());
            self.turn = (next.clone(), 1);
        }
        next
    }

    /// Puts the next step together.
    fn fill(&mut self, adapter: Option<&Arc<str>>) -> Vec<Part> {
        self.batch.clear();
        let mut parts = Vec::new();
        let mut outputs = self.plan.sizes.outputs as usize;
        let group: Vec<usize> = (0..self.slots.len())
            .filter(|index| {
                self.slots.get(*index).is_some_and(|slot| slot.adapter_name() == adapter)
            })
            .collect();
        let answering = group
            .iter()
            .filter(|index| self.slots.get(**index).is_some_and(|slot| !slot.reads()))
            .count();
        for index in &group {
            let Some(slot) = self.slots.get_mut(*index).filter(|slot| !slot.reads()) else {
                continue;
            };
            let begin = self.batch.len();
            let Some(last) = slot.tokens.last().copied() else { continue };
            self.batch.push(last, slot.computed, slot.sequence, true);
            outputs = outputs.saturating_sub(1);
            let room = slot.room().min(self.plan.context.saturating_sub(slot.tokens.len() + 1));
            let room = room.min(outputs.saturating_sub(answering));
            let guesses = match &mut slot.drafter {
                Some(drafter) => drafter.draft(&slot.tokens, room),
                None => &[],
            };
            for (position, guess) in (slot.computed + 1..).zip(guesses) {
                self.batch.push(*guess, position, slot.sequence, true);
                outputs = outputs.saturating_sub(1);
            }
            parts.push(Part { slot: *index, places: begin..self.batch.len(), reads: false });
        }
        let mut budget = self.budget(answering).saturating_sub(self.batch.len());
        for index in group {
            let Some(slot) = self.slots.get(index).filter(|slot| slot.reads()) else { continue };
            let quiet = slot.quiet();
            let count = (slot.prompt() - slot.computed).min(budget);
            let count = count.min(quiet.saturating_sub(slot.computed) + outputs);
            if count == 0 {
                continue;
            }
            let begin = self.batch.len();
            let end = slot.computed + count;
            for position in slot.computed..end {
                let Some(token) = slot.tokens.get(position).copied() else { break };
                let wanted = position >= quiet;
                self.batch.push(token, position, slot.sequence, wanted);
                outputs = outputs.saturating_sub(usize::from(wanted));
            }
            budget -= count;
            parts.push(Part { slot: index, places: begin..self.batch.len(), reads: true });
        }
        parts
    }

    /// Tokens of a step: as many as its time allows.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is positive and far below the range"
    )]
    fn budget(&self, answering: usize) -> usize {
        let most = self.plan.sizes.batch as usize;
        let seconds = if answering == 0 { ALONE } else { BUSY };
        ((self.rate * seconds) as usize).clamp(answering + 16, most.max(answering + 16)).min(most)
    }

    /// Reads a step's scores.
    fn hear(&mut self, parts: &[Part], took: Duration) {
        let tokens = self.batch.len();
        let reading: usize =
            parts.iter().filter(|part| part.reads).map(|part| part.places.len()).sum();
        if reading > tokens / 2 {
            #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
            let rate = tokens as f32 / took.as_secs_f32().max(1e-3);
            self.rate = 0.7 * self.rate + 0.3 * rate;
        }
        let model = Arc::clone(self.context.model());
        for part in parts {
            let Some(slot) = self.slots.get_mut(part.slot) else { continue };
            let before = slot.tokens.len();
            if part.reads {
                let first = slot.computed;
                slot.computed += part.places.len();
                self.figures.prompt_tokens += part.places.len() as u64;
                if slot.echoes() {
                    let quiet = slot.quiet();
                    let heard = (first..).zip(part.places.clone());
                    for (position, place) in heard.filter(|(position, _)| *position >= quiet) {
                        if let Some(scores) = self.context.scores(place) {
                            slot.echo(position, scores);
                        }
                    }
                }
                if !slot.reads() {
                    slot.read();
                    if let Some(scores) = self.context.scores(part.places.end - 1)
                        && !slot.ended
                    {
                        slot.advance(&model, scores);
                    }
                }
            } else {
                let (drafted, accepted) = answer(&mut self.context, slot, part, &self.batch);
                self.figures.drafted += drafted as u64;
                self.figures.accepted += accepted as u64;
            }
            let more = slot.tokens.len() - before;
            self.figures.answer_tokens += more as u64;
            let work = part.places.len().max(more) as u64;
            let owner = Arc::clone(slot.owner());
            self.queue.served(&owner, work);
        }
    }

    fn publish(&mut self) {
        self.figures.running = self.slots.len() as u64;
        self.figures.waiting = self.shared.waiting.load(Ordering::Acquire) as u64;
        *self.shared.figures.lock().unwrap_or_else(PoisonError::into_inner) = self.figures;
    }
}

/// Chooses tokens as long as the guesses before them came true.
fn answer(context: &mut Context, slot: &mut Slot, part: &Part, batch: &Batch) -> (usize, usize) {
    let model = Arc::clone(context.model());
    let drafted = part.places.len() - 1;
    let mut accepted = 0;
    slot.computed += 1;
    for place in part.places.clone() {
        let Some(scores) = context.scores(place) else { break };
        let token = slot.advance(&model, scores);
        if slot.ended
            || batch.token(place + 1).filter(|_| place + 1 < part.places.end) != Some(token)
        {
            break;
        }
        accepted += 1;
        slot.computed += 1;
    }
    if accepted < drafted {
        context.forget(slot.sequence, slot.computed);
    }
    slot.learn(drafted, accepted);
    (drafted, accepted)
}

/// Whether another request of the same key is reading much of the same prompt right now: then it is quicker to wait for it.
fn waits_for_another(request: &Waiting, slots: &[Slot], prefixes: &Prefixes) -> bool {
    if request.ask.echo {
        return false;
    }
    let (adapter, owner) = (request.ask.adapter.as_ref(), &request.ask.owner);
    let known = prefixes.longest(&request.ask.prompt, owner, adapter);
    slots.iter().any(|slot| {
        let same = slot.adapter_name() == adapter && slot.owner() == owner;
        let ahead = if slot.reads() && !slot.echoes() && same {
            common(&slot.tokens, &request.ask.prompt)
        } else {
            0
        };
        ahead > slot.computed && ahead >= known.max(slot.computed.min(ahead)) + WORTH
    })
}

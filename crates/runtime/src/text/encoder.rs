//! Many texts through one network: those of a length together, on several threads.

use super::sessions::Sessions;
use crate::Library;
use crate::messages::SHAPE;
use crate::onnx::proto::Model;
use crate::onnx::{self, Limits, Session};
use crate::weights::Tensor;
use ingot_base::{Fault, Result, fault};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Tokens evaluated at once, padding among them: their activations stay in a processor's cache.
const TOKENS: usize = 1024;

/// A network of texts, as often as callers come side by side.
#[derive(Debug)]
pub struct TextEncoder {
    sessions: Sessions,
    size: Size,
}

/// What a graph takes at once, where it says so: others than the project's own may be made for one text at a time, or for texts of
/// one length.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    rows: Option<usize>,
    tokens: Option<usize>,
}

impl Size {
    pub(super) fn of(model: &Model) -> Self {
        let mut inputs = model.graph.iter().flat_map(|graph| &graph.input);
        let input = inputs.find(|input| input.name == onnx::TOKENS);
        let shape = input.and_then(|input| input.kind.as_ref()?.tensor.as_ref()?.shape.as_ref());
        let dim = |at: usize| {
            let size = shape.and_then(|shape| shape.dim.get(at)?.value)?;
            usize::try_from(size).ok().filter(|size| *size > 0)
        };
        Self { rows: dim(0), tokens: dim(1) }
    }

    /// The shape in which so many texts, the longest of this length, are given.
    fn shape(self, texts: usize, longest: usize) -> [usize; 2] {
        [self.rows.unwrap_or(texts).max(texts), self.tokens.unwrap_or(longest).max(longest)]
    }
}

impl TextEncoder {
    /// Texts evaluated at once.
    pub const TEXTS: usize = 32;

    /// Makes a network of a graph with the input [`onnx::TOKENS`], for so many callers at once.
    ///
    /// # Errors
    /// When the graph is damaged or refused.
    pub fn new(library: &'static Library, graph: &[u8], callers: usize) -> Result<Self> {
        Self::sharing(library, Arc::from(graph), callers)
    }

    /// As [`Self::new`], of a graph that others hold too.
    pub(super) fn sharing(
        library: &'static Library,
        graph: Arc<[u8]>,
        callers: usize,
    ) -> Result<Self> {
        // What was read is gone before the session, which has a copy of its own, is made.
        let size = Size::of(&onnx::read(&graph, &Limits::default())?);
        Self::trusting(library, graph, callers, size)
    }

    /// As [`Self::sharing`], of a graph that was read before.
    pub(super) fn trusting(
        library: &'static Library,
        graph: Arc<[u8]>,
        callers: usize,
        size: Size,
    ) -> Result<Self> {
        Ok(Self { sessions: Sessions::new(library, graph, callers)?, size })
    }

    /// One output for each text, a row of numbers each, in the order of the texts; on the caller's thread.
    ///
    /// # Errors
    /// When the network fails.
    pub fn run(&self, texts: &[Vec<i64>], output: &str) -> Result<Vec<Vec<f32>>> {
        self.spread(texts, output, 1)
    }

    /// As [`Self::run`], on as many threads as there may be callers.
    ///
    /// # Errors
    /// When the network fails.
    pub fn run_wide(&self, texts: &[Vec<i64>], output: &str) -> Result<Vec<Vec<f32>>> {
        self.spread(texts, output, self.sessions.callers())
    }

    /// Several outputs for one text.
    ///
    /// # Errors
    /// When the network fails, or has no such output.
    pub fn one(&self, text: &[i64], outputs: &[&str]) -> Result<Vec<Tensor>> {
        self.sessions
            .with(|session| session.run_wholes(onnx::TOKENS, &[1, text.len()], text, outputs))
    }

    /// Whether texts are evaluated one at a time: each text's answer is the same, bit for bit, whatever texts are asked with it, and
    /// asking for several together gains nothing.
    pub fn alone(&self) -> bool {
        self.sessions.alone()
    }

    fn spread(&self, texts: &[Vec<i64>], output: &str, threads: usize) -> Result<Vec<Vec<f32>>> {
        let most = if self.alone() { 1 } else { self.size.rows.unwrap_or(Self::TEXTS) };
        let batches = batches(texts, most);
        let (next, rows) = (AtomicUsize::new(0), Mutex::new(vec![Vec::new(); texts.len()]));
        // A session for each batch: others who wait have theirs between two of an explanation's many.
        let work = &|| -> Result<()> {
            while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                let found = self
                    .sessions
                    .with(|session| batch_rows(session, texts, batch, (output, self.size)))?;
                let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
                for (index, row) in batch.iter().zip(found) {
                    if let Some(slot) = rows.get_mut(*index) {
                        *slot = row;
                    }
                }
            }
            Ok(())
        };
        let threads = threads.min(batches.len());
        if threads < 2 {
            work()?;
        } else {
            std::thread::scope(|scope| {
                let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
                handles.into_iter().try_for_each(|handle| {
                    handle.join().unwrap_or_else(|_| Err(fault::internal("a text thread")))
                })
            })?;
        }
        Ok(rows.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Indices of texts that are evaluated together, up to `most`, the longest first: within a batch hardly any padding.
fn batches(texts: &[Vec<i64>], most: usize) -> Vec<Vec<usize>> {
    let length = |index: &usize| texts.get(*index).map_or(0, Vec::len);
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(length(index)));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for index in order {
        match batches.last_mut() {
            Some(batch)
                if batch.len() < most.min(TextEncoder::TEXTS)
                    && batch.first().map_or(0, length) * (batch.len() + 1) <= TOKENS =>
            {
                batch.push(index);
            }
            _ => batches.push(vec![index]),
        }
    }
    batches
}

fn batch_rows(
    session: &Session,
    texts: &[Vec<i64>],
    batch: &[usize],
    (output, size): (&str, Size),
) -> Result<Vec<Vec<f32>>> {
    let own: Vec<&Vec<i64>> = batch.iter().filter_map(|index| texts.get(*index)).collect();
    let longest = own.iter().map(|ids| ids.len()).max().unwrap_or_default();
    let shape = size.shape(own.len(), longest);
    let [rows, tokens] = shape;
    let mut ids = Vec::with_capacity(tokens * rows);
    for text in &own {
        ids.extend_from_slice(text);
        ids.resize(ids.len() + tokens - text.len(), 0);
    }
    // Rows that nobody asked for are padding alone.
    ids.resize(tokens * rows, 0);
    let answer = session.run_wholes(onnx::TOKENS, &shape, &ids, &[output])?;
    let numbers = answer.into_iter().next().map(|tensor| tensor.data).unwrap_or_default();
    let width = numbers.len().checked_div(rows).unwrap_or_default();
    if width == 0 || numbers.len() != width * rows {
        return Err(Fault::new(&SHAPE)
            .arg("found", format!("{} numbers", numbers.len()))
            .arg("expected", format!("a row for each of {rows} texts")));
    }
    Ok(numbers.chunks(width).take(own.len()).map(<[f32]>::to_vec).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_length_are_evaluated_together() {
        let texts: Vec<Vec<i64>> =
            [3, 200, 3, 500, 600].iter().map(|length| vec![1; *length]).collect();
        let most = TextEncoder::TEXTS;
        assert_eq!(batches(&texts, most), [vec![4], vec![3, 1], vec![0, 2]]);
        assert_eq!(batches(&texts, 1), [[4], [3], [1], [0], [2]]);
        let many = vec![vec![1; 4]; most + 1];
        assert_eq!(batches(&many, most).iter().map(Vec::len).collect::<Vec<_>>(), [most, 1]);
        assert!(batches(&[], most).is_empty());
    }

    #[test]
    fn a_graph_that_takes_one_size_is_given_it() {
        let one = Size { rows: Some(1), tokens: Some(8) };
        assert_eq!((one.shape(1, 3), Size::default().shape(4, 3)), ([1, 8], [4, 3]));
    }
}

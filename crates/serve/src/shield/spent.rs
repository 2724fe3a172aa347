//! Tokens of a request, charged to the key's allowance as they become known, whatever becomes of the request.

use super::{Allowance, Hold};
use crate::openai::reply::Used;
use crate::problem::Problem;
use ingot_runtime::generate::End;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What a request used so far; the request and the work for it share it.
#[derive(Debug)]
pub(crate) struct Spent {
    allowance: Arc<Allowance>,
    /// Who is charged, if a key is needed.
    key: Option<Arc<str>>,
    so_far: Mutex<SoFar>,
}

#[derive(Debug, Default)]
struct SoFar {
    used: Used,
    answers: usize,
    /// Of prompts that several answers share: the tokens that were read, and how many of them were known before.
    prompts: BTreeMap<usize, (u64, u64)>,
    /// What is held of the key's allowance, and for how many answers that have not ended.
    held: Option<(Hold, usize)>,
}

impl Spent {
    /// Of a request that asks a model many times, nobody knows how often.
    pub(crate) fn new(allowance: Arc<Allowance>, key: Option<Arc<str>>) -> Self {
        Self { allowance, key, so_far: Mutex::default() }
    }

    /// Of a request for some answers: as many tokens as they may take are held of the key's allowance until the last of them has ended.
    pub(crate) fn holding(
        allowance: Arc<Allowance>,
        key: Option<Arc<str>>,
        tokens: u64,
        answers: usize,
    ) -> Result<Self, Problem> {
        let hold = key.as_ref().map(|key| allowance.hold(key, tokens)).transpose()?;
        let held = hold.map(|hold| (hold, answers));
        let so_far = Mutex::new(SoFar { held, ..SoFar::default() });
        Ok(Self { allowance, key, so_far })
    }

    /// Notes and charges one answer of the model, with a prompt of its own.
    pub(crate) fn add(&self, end: &End) {
        self.note(None, end);
    }

    /// As [`Spent::add`], to the prompt of a number: what was read of it counts once, however many answers it gets.
    pub(crate) fn add_to(&self, prompt: usize, end: &End) {
        self.note(Some(prompt), end);
    }

    fn note(&self, prompt: Option<usize>, end: &End) {
        let mut so_far = self.so_far.lock().unwrap_or_else(PoisonError::into_inner);
        let more = so_far.add(prompt, end);
        if let Some(key) = &self.key {
            self.allowance.charge(key, more);
        }
        // Given back once it is charged, and before anybody hears of the end: the key's next request finds its account as it is.
        so_far.held = so_far
            .held
            .take()
            .map(|(hold, left)| (hold, left.saturating_sub(1)))
            .filter(|(_, left)| *left > 0);
    }

    /// The tokens, and how many answers of the model took them.
    pub(crate) fn so_far(&self) -> (Used, usize) {
        let so_far = self.so_far.lock().unwrap_or_else(PoisonError::into_inner);
        (so_far.used, so_far.answers)
    }
}

impl SoFar {
    /// One answer more; the tokens that it adds.
    fn add(&mut self, prompt: Option<usize>, end: &End) -> u64 {
        let (read, cached) = (end.prompt_tokens as u64, end.cached_tokens as u64);
        let mut known = (0, 0);
        if let Some(prompt) = prompt {
            let most = self.prompts.entry(prompt).or_default();
            known = *most;
            // One that was given up may not have read to the end, and the second finds what the first read.
            if (read, Reverse(cached)) > (known.0, Reverse(known.1)) {
                *most = (read, cached);
            } else {
                known = (read, cached);
            }
        }
        let (more, written) = (read - known.0, end.answer_tokens as u64);
        self.used.read += more;
        self.used.cached = self.used.cached + cached - known.1;
        self.used.written += written;
        self.answers += 1;
        more + written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_runtime::generate::Reason;

    fn end(read: usize, cached: usize, written: usize) -> End {
        End {
            reason: Reason::Dropped,
            prompt_tokens: read,
            cached_tokens: cached,
            answer_tokens: written,
            drafted: 0,
            accepted: 0,
        }
    }

    #[test]
    fn every_answer_is_charged_when_it_ends() {
        let allowance = Arc::new(Allowance::new(Some(20)));
        let spent = Spent::new(Arc::clone(&allowance), Some(Arc::from("k")));
        for left in [true, true, false] {
            spent.add(&end(8, 3, 1));
            assert_eq!(allowance.check("k").is_ok(), left);
        }
        assert_eq!(spent.so_far(), (Used { read: 24, cached: 9, written: 3 }, 3));
    }

    #[test]
    fn a_shared_prompt_is_charged_once_and_what_is_held_goes_back_with_the_last_answer() {
        let allowance = Arc::new(Allowance::new(Some(100)));
        let key: Arc<str> = Arc::from("k");
        let holding = || Spent::holding(Arc::clone(&allowance), Some(Arc::clone(&key)), 200, 4);
        let spent = holding().unwrap();
        // The first was given up while it read; the third knew what the second had read.
        for (prompt, one) in [(0, end(4, 0, 0)), (0, end(9, 2, 5)), (0, end(9, 8, 5))] {
            spent.add_to(prompt, &one);
            assert_eq!(holding().unwrap_err().fault().code(), "serve-token-held");
        }
        assert_eq!(spent.so_far(), (Used { read: 9, cached: 2, written: 10 }, 3));
        spent.add_to(1, &end(7, 0, 1));
        assert_eq!(spent.so_far(), (Used { read: 16, cached: 2, written: 11 }, 4));
        // Nothing stands in the way but what was used; what never began is given back in the end.
        drop(holding().unwrap());
        assert!(allowance.check("k").is_ok());
        allowance.charge(&key, 80);
        assert_eq!(allowance.check("k").unwrap_err().fault().code(), "serve-token-rate");
    }
}

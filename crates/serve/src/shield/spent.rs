//! Tokens of a request that asks a model many times, charged to the key's allowance as they become known, whatever becomes of the request.

use super::Allowance;
use crate::openai::reply::Used;
use ingot_runtime::generate::End;
use std::sync::{Arc, Mutex, PoisonError};

/// What a request used so far; the request and the work for it share it.
#[derive(Debug)]
pub(crate) struct Spent {
    allowance: Arc<Allowance>,
    /// Who is charged, if a key is needed.
    key: Option<Arc<str>>,
    so_far: Mutex<(Used, usize)>,
}

impl Spent {
    pub(crate) fn new(allowance: Arc<Allowance>, key: Option<Arc<str>>) -> Self {
        Self { allowance, key, so_far: Mutex::default() }
    }

    /// Notes and charges one answer of the model.
    pub(crate) fn add(&self, end: &End) {
        {
            let mut so_far = self.so_far.lock().unwrap_or_else(PoisonError::into_inner);
            so_far.0.add(end);
            so_far.1 += 1;
        }
        if let Some(key) = &self.key {
            self.allowance.charge(key, (end.prompt_tokens + end.answer_tokens) as u64);
        }
    }

    /// The tokens, and how many answers of the model took them.
    pub(crate) fn so_far(&self) -> (Used, usize) {
        *self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_runtime::generate::Reason;

    #[test]
    fn every_answer_is_charged_when_it_ends() {
        let allowance = Arc::new(Allowance::new(Some(20)));
        let spent = Spent::new(Arc::clone(&allowance), Some(Arc::from("k")));
        let end = End {
            reason: Reason::Dropped,
            prompt_tokens: 8,
            cached_tokens: 3,
            answer_tokens: 1,
            drafted: 0,
            accepted: 0,
        };
        for left in [true, true, false] {
            spent.add(&end);
            assert_eq!(allowance.check("k").is_ok(), left);
        }
        assert_eq!(spent.so_far(), (Used { read: 24, cached: 9, written: 3 }, 3));
    }
}

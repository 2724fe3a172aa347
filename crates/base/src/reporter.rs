//! Output belongs to the command line: libraries tell a [`Reporter`] what they are at.

use crate::{Fault, Lang, Text};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Receives progress. All methods may be called from any thread.
pub trait Reporter: Send + Sync {
    /// A stage begins; `total` is its work in units of the stage's choice, if known.
    fn start(&self, stage: &Text, total: Option<u64>);
    /// `done` units of the running stage are finished.
    fn advance(&self, done: u64);
    /// The running stage ended; `summary` is one line for a person.
    fn finish(&self, summary: &Text);
    /// Something worth knowing that is not a failure.
    fn warn(&self, warning: &Fault);
}

/// Reports nothing: tests and embedding.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn start(&self, _: &Text, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn finish(&self, _: &Text) {}
    fn warn(&self, _: &Fault) {}
}

/// Keeps warnings, as tests look at them: each with its code, and its sentence and hint in both languages.
#[derive(Debug, Default)]
pub struct Heard(Mutex<Vec<(&'static str, String)>>);

impl Heard {
    /// What was warned of with a code.
    pub fn of(&self, code: &str) -> Vec<String> {
        let heard = self.lock();
        heard.iter().filter(|(own, _)| *own == code).map(|(_, said)| said.clone()).collect()
    }

    /// All of it, a line each.
    pub fn all(&self) -> String {
        let heard = self.lock();
        heard.iter().flat_map(|(code, said)| [*code, " ", said, "\n"]).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(&'static str, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reporter for Heard {
    fn start(&self, _: &Text, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn finish(&self, _: &Text) {}
    fn warn(&self, warning: &Fault) {
        let said = [Lang::En, Lang::Zh].map(|lang| {
            format!("{} {}", warning.render(lang), warning.hint(lang).unwrap_or_default())
        });
        self.lock().push((warning.code(), said.join(" ")));
    }
}

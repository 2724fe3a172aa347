//! Output belongs to the command line: libraries tell a [`Reporter`] what they are at.

use crate::{Fault, Lang, Text};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Receives progress. All methods may be called from any thread.
pub trait Reporter: Send + Sync {
    /// A stage begins; `total` is its work in units of the stage's choice, if known.
    fn start(&self, stage: &Text, total: Option<u64>);
    /// `done` more units of the running stage are finished; 0: it is still at work.
    fn advance(&self, done: u64);
    /// The running stage goes on with another part of its work.
    fn part(&self, part: &Text);
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
    fn part(&self, _: &Text) {}
    fn finish(&self, _: &Text) {}
    fn warn(&self, _: &Fault) {}
}

/// Keeps what it is told, as tests look at it: warnings, each with its code, and its sentence and hint in both languages; titles of stages
/// with their totals, those of parts without, and finished units.
#[derive(Debug, Default)]
pub struct Heard(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    warnings: Vec<(&'static str, String)>,
    /// Title, total and finished units of each stage and part; units that no stage was begun for have no title.
    stages: Vec<(Text, Option<u64>, u64)>,
}

impl Heard {
    /// What was warned of with a code.
    pub fn of(&self, code: &str) -> Vec<String> {
        let heard = self.lock();
        let own = heard.warnings.iter().filter(|(own, _)| *own == code);
        own.map(|(_, said)| said.clone()).collect()
    }

    /// All warnings, a line each.
    pub fn all(&self) -> String {
        let heard = self.lock();
        heard.warnings.iter().flat_map(|(code, said)| [*code, " ", said, "\n"]).collect()
    }

    /// Title, total and finished units of each stage and part of one, in order.
    pub fn stages(&self) -> Vec<(Text, Option<u64>, u64)> {
        self.lock().stages.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reporter for Heard {
    fn start(&self, stage: &Text, total: Option<u64>) {
        self.lock().stages.push((stage.clone(), total, 0));
    }

    fn advance(&self, done: u64) {
        let mut heard = self.lock();
        if let Some((_, _, finished)) = heard.stages.last_mut() {
            *finished += done;
        } else {
            heard.stages.push((Text::same(""), None, done));
        }
    }

    fn part(&self, part: &Text) {
        self.lock().stages.push((part.clone(), None, 0));
    }

    fn finish(&self, _: &Text) {}

    fn warn(&self, warning: &Fault) {
        let said = [Lang::En, Lang::Zh].map(|lang| {
            format!("{} {}", warning.render(lang), warning.hint(lang).unwrap_or_default())
        });
        self.lock().warnings.push((warning.code(), said.join(" ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finished_units_add_up_stage_by_stage() {
        let heard = Heard::default();
        heard.advance(2);
        heard.start(&Text::new("one", "一"), Some(3));
        heard.advance(1);
        heard.advance(2);
        heard.part(&Text::new("rest", "其余"));
        heard.advance(0);
        let told = [
            (Text::same(""), None, 2),
            (Text::new("one", "一"), Some(3), 3),
            (Text::new("rest", "其余"), None, 0),
        ];
        assert_eq!(heard.stages(), told);
    }
}

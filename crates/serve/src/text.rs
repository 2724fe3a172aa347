//! The engine for models of texts in sealed packages.

use crate::engine::{Engine, Explanation, Reason, Words, timed};
use ingot_base::{Output, Result, Signature, Text, fault};
use ingot_explain::{TextTokens, explain_text};
use ingot_runtime::onnx::Library;
use ingot_runtime::{TextModel, decide, probability_of};
use ingot_seal::{Identity, Package};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Tokens of a text whose scores are timed: a sentence.
const SENTENCE: usize = 32;
/// Decides which coalitions of words are asked: the same text is always explained alike.
const SEED: u64 = 42;

/// The engine of an open package.
pub(crate) fn engine(
    package: &Package,
    identity: &Identity,
    library: &Path,
) -> Result<Arc<dyn Engine>> {
    let library = Library::load(library)?;
    let part = |name: &str| package.decrypt(name, identity);
    // As many evaluations as the batcher has slots, each on its own thread.
    let callers = std::thread::available_parallelism().map_or(2, usize::from);
    let model = TextModel::load(
        library,
        part("model.onnx")?.expose(),
        part("preprocessing.json")?.expose(),
        part("tokenizer.json")?.expose(),
        callers,
    )?;
    let sentence = vec![1; SENTENCE.min(model.tokenizer().window())];
    let row_nanoseconds = timed(1, || model.scores(std::slice::from_ref(&sentence)))?;
    Ok(Arc::new(TextEngine { model, row_nanoseconds }))
}

struct TextEngine {
    model: TextModel,
    row_nanoseconds: u64,
}

impl Engine for TextEngine {
    fn signature(&self) -> &Signature {
        self.model.signature()
    }

    fn width(&self) -> usize {
        self.model.tokenizer().window()
    }

    /// The numbers of its tokens, filled up with 0, which is no token.
    fn prepare(&self, text: &[u8]) -> Result<Vec<f64>> {
        let text = std::str::from_utf8(text)
            .map_err(|error| fault::internal("a text that is not UTF-8").because(error))?;
        let ids = self.tokens(text)?;
        #[expect(clippy::cast_precision_loss, reason = "numbers of tokens are small")]
        let mut row: Vec<f64> = ids.into_iter().map(|id| id as f64).collect();
        row.resize(self.width(), 0.0);
        Ok(row)
    }

    fn scores(&self, features: &[f64], rows: usize) -> Result<Vec<f64>> {
        let texts: Vec<Vec<i64>> =
            features.chunks(self.width().max(1)).take(rows).map(ids).collect();
        self.model.scores(&texts)
    }

    fn explain(&self, _row: &[f64]) -> Result<Explanation> {
        Err(fault::internal("tokens cannot be explained without their text"))
    }

    fn explain_text(&self, text: &str) -> Result<Explanation> {
        let tokens = self.model.tokenizer().words(text)?;
        let output = &self.model.signature().output;
        let answer = decide(output, &self.model.scores(std::slice::from_ref(&tokens.ids))?);
        let label = answer.label.unwrap_or_default();
        let attention = self.model.rollout(&tokens.ids)?;
        let text = TextTokens {
            text,
            ids: &tokens.ids,
            words: &tokens.words,
            places: &tokens.places,
            attention: attention.as_deref(),
        };
        let width = output.width().max(1);
        let found = explain_text(&text, SEED, &mut |texts| {
            let scores = self.model.scores(texts)?;
            Ok(scores.chunks(width).map(|row| probability_of(output, &label, row)).collect())
        })?;
        let drawing = found.svg(&label);
        let reasons = reasons(&found, output, &label);
        let words = Words { parts: found.words, exact: found.exact, drawing };
        Ok(Explanation {
            base: found.base,
            contributions: Vec::new(),
            reasons,
            map: None,
            words: Some(words),
        })
    }

    fn explaining_takes(&self, row: &[f64]) -> Duration {
        taken(ids(row).len(), self.row_nanoseconds, self.alone())
    }

    fn tokens(&self, text: &str) -> Result<Vec<i64>> {
        self.model.tokenizer().ids(text)
    }

    fn embed(&self, texts: &[Vec<i64>]) -> Result<Vec<Vec<f32>>> {
        self.model.embeddings(texts)
    }

    fn alone(&self) -> bool {
        self.model.alone()
    }

    fn row_nanoseconds(&self) -> u64 {
        self.row_nanoseconds
    }
}

/// About how long explaining a text of so many tokens takes, where a sentence takes `sentence` nanoseconds: half of the words are there
/// in the mean. Those of a length are evaluated together unless each must be `alone`; that takes about half the time at best, so what is
/// refused would not have been done in time.
fn taken(tokens: usize, sentence: u64, alone: bool) -> Duration {
    let share = if alone { 2 } else { 4 };
    let read = ingot_explain::text_evaluations(tokens).saturating_mul(tokens) / share;
    let nanoseconds = (read as u64).saturating_mul(sentence) / SENTENCE as u64;
    Duration::from_nanos(nanoseconds)
}

/// A row's tokens without what it was filled up with.
#[expect(clippy::cast_possible_truncation, reason = "they were whole before they waited in a row")]
fn ids(row: &[f64]) -> Vec<i64> {
    row.iter().map(|id| *id as i64).take_while(|id| *id != 0).collect()
}

/// The words that spoke most for the answer, up to three.
fn reasons(found: &ingot_explain::ExplainedText, output: &Output, label: &str) -> Vec<Reason> {
    let mut words: Vec<_> = found.words.iter().filter(|word| word.contribution > 0.0).collect();
    words.sort_by(|a, b| b.contribution.total_cmp(&a.contribution));
    let target = output.target();
    let reason = |word: &&ingot_explain::Word| Reason {
        code: "word".to_owned(),
        text: Text::new(
            format!("“{}” speaks for {target} = {label}.", word.text),
            format!("“{}”支持判断 {target} = {label}。", word.text),
        ),
    };
    words.iter().take(3).map(reason).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_takes_longer_to_explain_than_a_short_one() {
        let sentence = 3_000_000;
        assert_eq!(taken(60, sentence, true), taken(60, sentence, false) * 2);
        assert!(taken(8, sentence, false) < Duration::from_millis(100));
        assert!(taken(60, sentence, false) < Duration::from_secs(2));
        assert!(taken(500, sentence, false) * 8 > Duration::from_secs(30));
        assert_eq!(taken(0, sentence, false), Duration::ZERO);
    }
}

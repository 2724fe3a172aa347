//! What the server needs of a model, and of what loads one. Two small traits: tests serve a fake.

use ingot_base::{Digest, Result, Signature, Text};
use ingot_explain::Word;
use ingot_runtime::generate::Generator;
use ingot_seal::Licence;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A loaded model. Immutable; called from many threads at once.
pub trait Engine: Send + Sync + 'static {
    /// What goes in, in column order, and what comes out.
    fn signature(&self) -> &Signature;

    /// Calibrated scores of `rows` rows, row-major: `output.width()` numbers per row. `features` holds one number per input
    /// and row, NaN for missing. One batch may hold the rows of several requests.
    ///
    /// # Errors
    /// When the model cannot answer; each request of the batch is then asked alone.
    fn scores(&self, features: &[f64], rows: usize) -> Result<Vec<f64>>;

    /// How many numbers a row has: one for each input, unless one is a picture or a text.
    fn width(&self) -> usize {
        self.signature().inputs.len()
    }

    /// The row of an encoded picture or of a text in UTF-8; called off the request threads. Only models of such have it.
    ///
    /// # Errors
    /// When the file cannot be decoded, the text is too long, or the model takes neither.
    fn prepare(&self, _file: &[u8]) -> Result<Vec<f64>> {
        Err(ingot_base::fault::internal("a picture or text for a model of tables"))
    }

    /// What generates text, of a model that does; such a model has no rows.
    fn generator(&self) -> Option<Arc<dyn Generator>> {
        None
    }

    /// What the system is told when a conversation tells it nothing.
    fn system(&self) -> Option<&str> {
        None
    }

    /// Why one row got its score.
    ///
    /// # Errors
    /// When the model cannot explain.
    fn explain(&self, row: &[f64]) -> Result<Explanation>;

    /// Why a text got its score. Only models of texts have it.
    ///
    /// # Errors
    /// When the model cannot explain, or takes no texts.
    fn explain_text(&self, _text: &str) -> Result<Explanation> {
        Err(ingot_base::fault::internal("a text for a model of something else"))
    }

    /// About how long explaining a text takes that stands in a row as its tokens. Only models of texts know.
    fn explaining_takes(&self, _row: &[f64]) -> Duration {
        Duration::ZERO
    }

    /// The numbers of a text's tokens. Only models of texts have it.
    ///
    /// # Errors
    /// When the text is blank or too long, or the model takes no texts.
    fn tokens(&self, _text: &str) -> Result<Vec<i64>> {
        Err(ingot_base::fault::internal("a text for a model of something else"))
    }

    /// Tokenised texts as vectors of length 1, one for each. Only models of texts have it.
    ///
    /// # Errors
    /// When the network fails, or the model takes no texts.
    fn embed(&self, _texts: &[Vec<i64>]) -> Result<Vec<Vec<f32>>> {
        Err(ingot_base::fault::internal("a text for a model of something else"))
    }

    /// Whether the engine evaluates rows one at a time in any case, so that a batch of several only keeps other cores idle.
    fn alone(&self) -> bool {
        false
    }

    /// About how many nanoseconds one row's scores take: decides what is answered on the spot and what is queued.
    fn row_nanoseconds(&self) -> u64;
}

/// Nanoseconds that `work` takes the second time: the first also prepares. The quickest of `goes` counts, since other programs only slow
/// it down.
pub(crate) fn timed<T>(goes: usize, work: impl Fn() -> Result<T>) -> Result<u64> {
    work()?;
    let mut best = u128::MAX;
    for _ in 0..goes {
        let begun = Instant::now();
        work()?;
        best = best.min(begun.elapsed().as_nanos());
    }
    Ok(u64::try_from(best).unwrap_or(u64::MAX))
}

/// Why a row got its score: the base value and the contributions add up to the raw score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The model's mean answer before any input is known.
    pub base: f64,
    /// One for each input, the largest effect first.
    pub contributions: Vec<Contribution>,
    /// The inputs that spoke most for the score, in plain words.
    pub reasons: Vec<Reason>,
    /// Of a picture: where in it the answer comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<Map>,
    /// Of a text: what its words did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<Words>,
}

/// What the words of a text did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Words {
    /// In the order of the text; base and contributions add up to the answer's log odds.
    pub parts: Vec<Word>,
    /// Whether the contributions are exact Shapley values; else they are sampled.
    pub exact: bool,
    /// The text with its words in colour, as SVG.
    pub drawing: String,
}

/// Where in a picture an answer comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Map {
    /// Cells from left to right.
    pub width: u32,
    /// What each place added to the raw score of the answer, row by row from the top left.
    pub cells: Vec<f32>,
    /// The picture as the model saw it with the map in colour, a PNG file in base64.
    pub overlay: String,
}

/// What one input did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contribution {
    /// The input's name.
    pub feature: String,
    /// Its name for a person.
    pub title: Text,
    /// The value that was sent.
    pub value: serde_json::Value,
    /// What it added to the raw score.
    pub contribution: f64,
}

/// A reason in plain words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// A stable code.
    pub code: String,
    /// The sentence.
    pub text: Text,
}

/// A model with its name.
pub struct Loaded {
    /// Name, as requests select it.
    pub name: String,
    /// Version.
    pub version: String,
    /// The package's digest, as lists of revoked packages name it.
    pub digest: Digest,
    /// Until when it may be served; `None` for ever.
    pub licence: Option<Licence>,
    /// The model.
    pub engine: Arc<dyn Engine>,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded")
            .field("name", &self.name)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Turns a package file into a model.
pub trait Loader: Send + Sync + 'static {
    /// Reads, verifies and loads; slow, called off the request threads.
    ///
    /// # Errors
    /// When the package is damaged, not trusted, expired or not for this server.
    fn load(&self, path: &Path) -> Result<Loaded>;
}

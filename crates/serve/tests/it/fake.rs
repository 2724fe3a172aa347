//! A made-up model: its score is a plain function of the row, so that every answer can be checked.

use ingot_base::{
    Digest, Fault, Field, FieldKind, Output, Result, Signature, Tabular, Task, Text, fault,
};
use ingot_explain::Word;
use ingot_runtime::generate::{FakeGenerator, Generator};
use ingot_seal::Licence;
use ingot_serve::{Contribution, Engine, Explanation, Loaded, Loader, Map, Reason, Words};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An age at which the engine panics.
pub(crate) const PANICS: f64 = 13.0;
/// An age at which the engine fails.
pub(crate) const FAILS: f64 = 14.0;

/// How the engine behaves, and what it saw.
#[derive(Debug, Default)]
pub(crate) struct Behaviour {
    /// Nanoseconds that the engine says a row takes.
    pub(crate) row_nanoseconds: u64,
    /// How long a batch really takes.
    pub(crate) batch_time: Duration,
    /// Sizes of the batches it was given.
    pub(crate) batches: Mutex<Vec<usize>>,
    /// What generates text, of a model that does.
    pub(crate) generator: Option<FakeGenerator>,
    /// The only model that generates; `None` when all do.
    pub(crate) talker: Option<&'static str>,
}

/// Answers `age / 100`, a little more for owners, within 0 and 1.
#[derive(Debug)]
pub(crate) struct FakeEngine {
    signature: Signature,
    behaviour: Arc<Behaviour>,
    talks: bool,
}

pub(crate) fn field(name: &str, kind: FieldKind, nullable: bool) -> Field {
    let title = Some(Text::new(format!("Title of {name}"), format!("{name} 的名称")));
    Field { title, ..Field::new(name, kind, nullable) }
}

pub(crate) fn signature() -> Signature {
    let jobs = vec!["医生".to_owned(), "工人".to_owned(), "clerk \"x\"".to_owned()];
    let mut jobs = jobs;
    jobs.sort();
    Signature {
        task: Task::Tabular(Tabular::Binary),
        inputs: vec![
            field("age", FieldKind::Number { min: 18.0, max: 90.0, integer: true }, false),
            field("job", FieldKind::Category { values: jobs }, true),
            field("owner", FieldKind::Boolean, true),
        ],
        output: Output::Binary {
            target: "risk".into(),
            positive: "bad".into(),
            negative: "good".into(),
            threshold: 0.5,
        },
    }
}

/// A model of pictures or of texts where its name says so.
fn signature_of(name: &str) -> Signature {
    let labels = |labels: [&str; 3]| labels.map(str::to_owned).to_vec();
    let (task, kind, target, labels) = match name {
        "made-up-scan" => {
            let kind = FieldKind::Image { width: 32, height: 32 };
            (Task::ImageClassify, kind, "finding", labels(["clear", "opaque", "unsure"]))
        }
        "made-up-mood" => {
            let kind = FieldKind::Text { tokens: 64 };
            (Task::TextClassify, kind, "mood", labels(["bad", HOSTILE, "good"]))
        }
        "made-up-words" => {
            let output = Output::Text { target: "answer".into() };
            return Signature { task: Task::Generate, inputs: Vec::new(), output };
        }
        _ => return signature(),
    };
    let inputs = vec![field("content", kind, false)];
    Signature { task, inputs, output: Output::Multiclass { target: target.into(), labels } }
}

/// What a page must show as it stands.
pub(crate) const HOSTILE: &str = "<img src=x onerror=\"document.title='run'\">";
/// A drawing that does more than a drawing may.
const DRAWING: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\" height=\"60\" onload=\"document.title='run'\">\
    <script>top.document.title='run'</script><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/><text x=\"16\" y=\"36\">late but kind</text></svg>";
/// A picture of one grey pixel, a PNG file in base64.
pub(crate) const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

/// The score of a row: what the engine must have said.
pub(crate) fn score(row: &[f64]) -> f64 {
    let bonus = if row[2] == 1.0 { 0.001 } else { 0.0 };
    (row[0] / 100.0 + bonus).clamp(0.0, 1.0)
}

impl FakeEngine {
    pub(crate) fn new(name: &str, behaviour: Arc<Behaviour>) -> Self {
        let talks = behaviour.talker.is_none_or(|talker| talker == name);
        Self { signature: signature_of(name), behaviour, talks }
    }
}

impl Engine for FakeEngine {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn scores(&self, features: &[f64], rows: usize) -> Result<Vec<f64>> {
        self.behaviour.batches.lock().unwrap().push(rows);
        if !self.behaviour.batch_time.is_zero() {
            std::thread::sleep(self.behaviour.batch_time);
        }
        if self.signature.inputs.len() == 1 {
            return Ok([0.15, 0.6, 0.25].repeat(rows));
        }
        let rows = features.chunks_exact(3);
        rows.map(|row| {
            assert!(row[0] != PANICS, "the test asked for a panic");
            if row[0] == FAILS { Err(failure()) } else { Ok(score(row)) }
        })
        .collect()
    }

    fn generator(&self) -> Option<Arc<dyn Generator>> {
        let generator = self.behaviour.generator.clone().filter(|_| self.talks)?;
        Some(Arc::new(generator))
    }

    fn prepare(&self, file: &[u8]) -> Result<Vec<f64>> {
        Ok(vec![f64::from(u32::try_from(file.len()).unwrap())])
    }

    fn explain_text(&self, text: &str) -> Result<Explanation> {
        let word = |(at, word): (usize, &str)| {
            let sign = if at.is_multiple_of(2) { 1.0 } else { -0.5 };
            let (text, end) = (word.to_owned(), word.chars().count());
            Word {
                text,
                start: 0,
                end,
                contribution: sign / f64::from(1 + u32::try_from(at).unwrap()),
                attention: None,
            }
        };
        let parts = text.split_whitespace().enumerate().map(word).collect();
        let words = Words { parts, exact: true, drawing: DRAWING.into() };
        let reasons =
            vec![Reason { code: "word".into(), text: Text::new("A word.", "一个词。") }];
        Ok(Explanation { base: 0.5, contributions: vec![], reasons, map: None, words: Some(words) })
    }

    fn explain(&self, row: &[f64]) -> Result<Explanation> {
        if self.signature.inputs.len() == 1 {
            let map = Map { width: 1, cells: vec![0.5], overlay: PIXEL.into() };
            let text = Text::new("The coloured parts.", "着色的部分。");
            let reasons = vec![Reason { code: "picture-map".into(), text }];
            let map = Some(map);
            return Ok(Explanation { base: 0.5, contributions: vec![], reasons, map, words: None });
        }
        assert!(row[0] != PANICS + 0.5, "the test asked for a panic");
        let contribution = |feature: &str, contribution| Contribution {
            feature: feature.into(),
            title: Text::new(format!("Title of {feature}"), format!("{feature} 的名称")),
            value: serde_json::json!(row[0]),
            contribution,
        };
        Ok(Explanation {
            base: 0.25,
            contributions: vec![contribution("age", score(row) - 0.25)],
            reasons: vec![Reason {
                code: "R01".into(),
                text: Text::new("The age is high.", "年龄偏高。"),
            }],
            map: None,
            words: None,
        })
    }

    fn row_nanoseconds(&self) -> u64 {
        self.behaviour.row_nanoseconds
    }
}

fn failure() -> Fault {
    fault::internal("a failure that names /secret/path")
}

/// Loads files that hold `NAME VERSION` or `NAME VERSION EXPIRES`; everything else is refused.
#[derive(Debug)]
pub(crate) struct FakeLoader(pub(crate) Arc<Behaviour>);

impl Loader for FakeLoader {
    fn load(&self, path: &Path) -> Result<Loaded> {
        let bytes = ingot_base::atomic::read(path, 1000)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut words = text.split_ascii_whitespace();
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some(name), Some(version), expires, None) => Ok(Loaded {
                name: name.into(),
                version: version.into(),
                digest: Digest::of(&bytes),
                licence: expires.map(|expires| Licence { expires: expires.into() }),
                engine: Arc::new(FakeEngine::new(name, Arc::clone(&self.0))),
            }),
            _ => Err(fault::internal("a package that is none")),
        }
    }
}

//! The engine for models of pictures in sealed packages.

use crate::engine::{Engine, Explanation, Map, Reason};
use base64::Engine as _;
use ingot_base::{Result, Signature, Text, fault};
use ingot_image::{Limits, Preprocess};
use ingot_runtime::VisionModel;
use ingot_runtime::onnx::Library;
use ingot_seal::{Identity, Package};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// The engine of an open package.
pub(crate) fn engine(
    package: &Package,
    identity: &Identity,
    library: &Path,
) -> Result<Arc<dyn Engine>> {
    let library = Library::load(library)?;
    let graph = package.decrypt("model.onnx", identity)?;
    let document = package.decrypt("preprocessing.json", identity)?;
    // One session a core, each on one thread: requests side by side rather than one on all cores.
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let load = || VisionModel::load(library, graph.expose(), document.expose(), 1);
    let models = (0..cores).map(|_| load()).collect::<Result<Vec<_>>>()?;
    let first = models.first().ok_or_else(|| fault::internal("a model without sessions"))?;
    let (signature, pixels) = (first.signature().clone(), *first.pixels());
    let mut engine = VisionEngine { signature, pixels, models, turn: 0.into(), row_nanoseconds: 0 };
    let blank = vec![0.0; engine.width()];
    engine.scores(&blank, 1)?;
    let begun = Instant::now();
    engine.scores(&blank, 1)?;
    engine.row_nanoseconds = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
    Ok(Arc::new(engine))
}

struct VisionEngine {
    signature: Signature,
    pixels: Preprocess,
    /// The same model, once a core.
    models: Vec<VisionModel>,
    turn: std::sync::atomic::AtomicUsize,
    row_nanoseconds: u64,
}

impl VisionEngine {
    /// The models in turn.
    fn model(&self) -> Result<&VisionModel> {
        let turn = self.turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let model = self.models.get(turn.checked_rem(self.models.len()).unwrap_or_default());
        model.ok_or_else(|| fault::internal("a model without sessions"))
    }
}

impl Engine for VisionEngine {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn width(&self) -> usize {
        self.pixels.len()
    }

    fn picture(&self, file: &[u8]) -> Result<Vec<f64>> {
        let view = self.pixels.view(&ingot_image::decode(file, &Limits::default())?)?;
        Ok(self.pixels.numbers(&view).into_iter().map(f64::from).collect())
    }

    fn scores(&self, features: &[f64], rows: usize) -> Result<Vec<f64>> {
        self.model()?.scores(&single(features), rows)
    }

    fn explain(&self, row: &[f64]) -> Result<Explanation> {
        let model = self.model()?;
        let prepared = single(row);
        let scores = model.scores(&prepared, 1)?;
        let (class, label, _) = model.answer(&scores);
        let (_, heat) = model.activation_map(&prepared, class)?;
        let Some(heat) = heat else {
            // A head of several layers has no exact map.
            return Ok(Explanation {
                base: model.base(class),
                contributions: Vec::new(),
                reasons: Vec::new(),
                map: None,
            });
        };
        let view = self.pixels.picture(&prepared);
        let view = view.ok_or_else(|| fault::internal("numbers of another size"))?;
        let overlay = ingot_image::png(&ingot_image::overlay(&view, &heat))?;
        let overlay = base64::engine::general_purpose::STANDARD.encode(overlay);
        let text = Text::new(
            format!("The coloured parts of the picture speak for {label}."),
            format!("图片中着色的部分支持判断为 {label}。"),
        );
        Ok(Explanation {
            base: model.base(class),
            contributions: Vec::new(),
            reasons: vec![Reason { code: "picture-map".to_owned(), text }],
            map: Some(Map { width: heat.width, cells: heat.cells, overlay }),
        })
    }

    fn row_nanoseconds(&self) -> u64 {
        self.row_nanoseconds
    }
}

/// Prepared numbers as the network takes them: they were single before they waited in a row.
#[expect(clippy::cast_possible_truncation, reason = "nothing is lost")]
fn single(numbers: &[f64]) -> Vec<f32> {
    numbers.iter().map(|number| *number as f32).collect()
}

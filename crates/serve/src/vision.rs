//! The engine for models of pictures in sealed packages.

use crate::engine::{Engine, Explanation, Map, Reason, timed};
use base64::Engine as _;
use ingot_base::{Result, Signature, Text, fault};
use ingot_image::{Heat, Limits};
use ingot_runtime::VisionModel;
use ingot_runtime::onnx::Library;
use ingot_seal::{Identity, Package};
use std::path::Path;
use std::sync::Arc;

/// The engine of an open package.
pub(crate) fn engine(
    package: &Package,
    identity: &Identity,
    library: &Path,
) -> Result<Arc<dyn Engine>> {
    let library = Library::load(library)?;
    let graph = package.decrypt("model.onnx", identity)?;
    let document = package.decrypt("preprocessing.json", identity)?;
    // As many evaluations as the batcher has slots, each on its own thread.
    let callers = std::thread::available_parallelism().map_or(2, usize::from);
    let model = VisionModel::load(library, graph.expose(), document.expose(), callers)?;
    let blank = vec![0.0; model.pixels().size()];
    let row_nanoseconds = timed(1, || model.scores(&blank, 1))?;
    Ok(Arc::new(VisionEngine { model, row_nanoseconds }))
}

struct VisionEngine {
    model: VisionModel,
    row_nanoseconds: u64,
}

impl Engine for VisionEngine {
    fn signature(&self) -> &Signature {
        self.model.signature()
    }

    fn width(&self) -> usize {
        self.model.pixels().size()
    }

    fn prepare(&self, file: &[u8]) -> Result<Vec<f64>> {
        let pixels = self.model.pixels();
        let view = pixels.view(&ingot_image::decode(file, &Limits::default())?)?;
        Ok(pixels.numbers(&view).into_iter().map(f64::from).collect())
    }

    fn scores(&self, features: &[f64], rows: usize) -> Result<Vec<f64>> {
        self.model.scores(&single(features), rows)
    }

    fn explain(&self, row: &[f64]) -> Result<Explanation> {
        let prepared = single(row);
        let (answer, heat) = self.model.activation_map(&prepared)?;
        let (map, reasons) = if let Some(heat) = heat {
            (Some(self.map(&prepared, heat)?), vec![reason(answer.label)])
        } else {
            // A head of several layers has no exact map: parts of the picture are hidden in turn.
            let (answer, heat) = self.model.occlusion(&prepared)?;
            (Some(self.map(&prepared, heat)?), vec![hidden(answer.label)])
        };
        let base = self.model.base(answer.class);
        Ok(Explanation { base, contributions: Vec::new(), reasons, map, words: None })
    }

    fn row_nanoseconds(&self) -> u64 {
        self.row_nanoseconds
    }
}

impl VisionEngine {
    fn map(&self, prepared: &[f32], heat: Heat) -> Result<Map> {
        let view = self.model.pixels().picture(prepared);
        let view = view.ok_or_else(|| fault::internal("numbers of another size"))?;
        let overlay = ingot_image::png(&ingot_image::overlay(&view, &heat))?;
        let overlay = base64::engine::general_purpose::STANDARD.encode(overlay);
        Ok(Map { width: heat.width, cells: heat.cells, overlay })
    }
}

fn reason(label: &str) -> Reason {
    let text = Text::new(
        format!("The coloured parts of the picture speak for {label}."),
        format!("图片中着色的部分支持判断为 {label}。"),
    );
    Reason { code: "picture-map".to_owned(), text }
}

fn hidden(label: &str) -> Reason {
    let text = Text::new(
        format!("Where the picture is coloured, hiding it takes most from the answer {label}."),
        format!("遮住图片中着色的部分，对判断为 {label} 的影响最大。"),
    );
    Reason { code: "picture-occlusion".to_owned(), text }
}

/// Prepared numbers as the network takes them: they were single before they waited in a row.
#[expect(clippy::cast_possible_truncation, reason = "nothing is lost")]
fn single(numbers: &[f64]) -> Vec<f32> {
    numbers.iter().map(|number| *number as f32).collect()
}

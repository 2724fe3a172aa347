//! The engine for table models in sealed packages.

use crate::engine::{Contribution, Engine, Explanation, Reason, timed};
use ingot_base::{Result, Signature, fault};
use ingot_explain::{Background, Explainer};
use ingot_runtime::{Matrix, Predictor as _, TabularModel};
use ingot_seal::{Identity, Package};
use std::sync::Arc;

/// The engine of an open package.
pub(crate) fn engine(package: &Package, identity: &Identity) -> Result<Arc<dyn Engine>> {
    let model = TabularModel::load(
        package.decrypt("model.txt", identity)?.expose(),
        package.decrypt("preprocessing.json", identity)?.expose(),
    )?;
    let background = package.decrypt("background.json", identity)?;
    let background: Background = serde_json::from_slice(background.expose()).map_err(|error| {
        fault::internal("a signed background that cannot be read").because(error)
    })?;
    let explainer = Explainer::new(&model, background)?;
    let row_nanoseconds = measure(&model)?;
    Ok(Arc::new(TabularEngine { model, explainer, row_nanoseconds }))
}

/// One table model, ready to answer.
struct TabularEngine {
    model: TabularModel,
    explainer: Explainer,
    row_nanoseconds: u64,
}

/// Evaluates a few rows to learn what a row costs.
fn measure(model: &TabularModel) -> Result<u64> {
    const ROWS: usize = 16;
    const GOES: usize = 5;
    let inputs = model.signature().inputs.len();
    let rows = Matrix::new(ROWS, inputs, vec![0.0; ROWS * inputs])?;
    Ok(timed(GOES, || model.scores(&rows))? / ROWS as u64)
}

impl Engine for TabularEngine {
    fn signature(&self) -> &Signature {
        self.model.signature()
    }

    fn scores(&self, features: &[f64], rows: usize) -> Result<Vec<f64>> {
        if rows == 1 {
            let mut out = vec![0.0; self.model.signature().output.width()];
            self.model.score_row(features, &mut out)?;
            return Ok(out);
        }
        let matrix = Matrix::new(rows, self.model.signature().inputs.len(), features.to_vec())?;
        Ok(self.model.scores(&matrix)?.into_data())
    }

    fn explain(&self, row: &[f64]) -> Result<Explanation> {
        let explained = self.explainer.explain(row)?;
        let contributions = explained
            .contributions
            .into_iter()
            .map(|part| Contribution {
                feature: part.feature,
                title: part.title,
                value: part.value,
                contribution: part.contribution,
            })
            .collect();
        let reasons = explained
            .reasons
            .into_iter()
            .map(|reason| Reason { code: reason.code, text: reason.text })
            .collect();
        Ok(Explanation { base: explained.base, contributions, reasons, map: None, words: None })
    }

    fn row_nanoseconds(&self) -> u64 {
        self.row_nanoseconds
    }
}

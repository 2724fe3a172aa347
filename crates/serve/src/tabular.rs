//! The engine for table models in sealed packages.

use crate::engine::{Contribution, Engine, Explanation, Loaded, Loader, Reason};
use ingot_base::{Clock, Result, Signature, fault};
use ingot_explain::{Background, Explainer};
use ingot_runtime::{Matrix, Predictor as _, TabularModel};
use ingot_seal::{Identity, Package, PublicKey};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Loads verified packages that hold table models; payloads are decrypted into memory only.
pub struct TabularLoader {
    trusted: Vec<PublicKey>,
    identity: Identity,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for TabularLoader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TabularLoader").finish_non_exhaustive()
    }
}

impl TabularLoader {
    /// Trusts these signers, decrypts with this identity, and judges licences by this clock.
    pub fn new(trusted: Vec<PublicKey>, identity: Identity, clock: Arc<dyn Clock>) -> Self {
        Self { trusted, identity, clock }
    }
}

impl Loader for TabularLoader {
    fn load(&self, path: &Path) -> Result<Loaded> {
        let package = Package::read(path)?;
        package.verify(&self.trusted, self.clock.now_ms())?;
        let model = TabularModel::load(
            package.decrypt("model.txt", &self.identity)?.expose(),
            package.decrypt("preprocessing.json", &self.identity)?.expose(),
        )?;
        let background = package.decrypt("background.json", &self.identity)?;
        let background: Background =
            serde_json::from_slice(background.expose()).map_err(|error| {
                fault::internal("a signed background that cannot be read").because(error)
            })?;
        let explainer = Explainer::new(&model, background)?;
        let row_nanoseconds = measure(&model)?;
        Ok(Loaded {
            name: package.manifest().name.clone(),
            version: package.manifest().version.clone(),
            engine: Arc::new(TabularEngine { model, explainer, row_nanoseconds }),
        })
    }
}

/// One table model, ready to answer.
struct TabularEngine {
    model: TabularModel,
    explainer: Explainer,
    row_nanoseconds: u64,
}

/// Evaluates a few rows to learn what a row costs; the quickest of several goes, since other programs only slow it down.
fn measure(model: &TabularModel) -> Result<u64> {
    const ROWS: usize = 16;
    const GOES: usize = 5;
    let inputs = model.signature().inputs.len();
    let rows = Matrix::new(ROWS, inputs, vec![0.0; ROWS * inputs])?;
    let mut best = u128::MAX;
    for _ in 0..GOES {
        let begun = Instant::now();
        model.scores(&rows)?;
        best = best.min(begun.elapsed().as_nanos());
    }
    Ok(u64::try_from(best / ROWS as u128).unwrap_or(u64::MAX))
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
        Ok(Explanation { base: explained.base, contributions, reasons })
    }

    fn row_nanoseconds(&self) -> u64 {
        self.row_nanoseconds
    }
}

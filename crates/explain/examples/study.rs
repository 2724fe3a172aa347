//! Studies the credit model of the tests and writes its report and pictures, to look at: `cargo run -p ingot-explain --example study -- FOLDER`.

use ingot_base::{Lang, Result, Signature, Silent, atomic, fault};
use ingot_explain::{ExplainConfig, Explainer, Truth, explain, explanation_report};
use ingot_runtime::{Calibration, Forest, Matrix, Preprocessing, TabularModel};
use serde_json::Value;
use std::path::PathBuf;

fn matrix(value: &Value) -> Result<Matrix> {
    let rows = value.as_array().map_or(&[][..], Vec::as_slice);
    let data: Vec<f64> =
        rows.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_f64).collect();
    Matrix::new(rows.len(), data.len() / rows.len().max(1), data)
}

fn main() -> Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "study".to_owned()));
    let broken = |error: serde_json::Error| fault::internal("fixture").because(error);
    let document: Value =
        serde_json::from_str(include_str!("../tests/fixtures/credit.json")).map_err(broken)?;
    let signature: Signature =
        serde_json::from_value(document["signature"].clone()).map_err(broken)?;
    let model = TabularModel::new(
        Forest::parse(include_str!("../tests/fixtures/credit.txt"))?,
        Preprocessing::new(signature, Calibration::None),
    )?;
    let (train, test) = (matrix(&document["train"])?, matrix(&document["test"])?);
    let labels = |name: &str| -> Vec<f64> {
        document[name].as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
    };
    let (learned, held) = (labels("train_labels"), labels("labels"));
    let study = explain(
        &ExplainConfig::default(),
        &model,
        Truth { rows: &train, labels: &learned },
        Truth { rows: &test, labels: &held },
        &Silent,
    )?;
    let page = explanation_report(&study);
    atomic::write(&folder.join("report.en.html"), page.html(Lang::En).as_bytes())?;
    atomic::write(&folder.join("report.zh.html"), page.html(Lang::Zh).as_bytes())?;
    atomic::write(&folder.join("tree.svg"), study.surrogate.en.as_bytes())?;
    atomic::write(&folder.join("tree.png"), &study.surrogate.png)?;
    let explainer = Explainer::new(&model, study.background)?;
    let rows = (0..8).map(|row| explainer.explain(test.row(row)));
    let rows = rows.collect::<Result<Vec<_>>>()?;
    let text = serde_json::to_vec_pretty(&rows).map_err(broken)?;
    atomic::write(&folder.join("rows.json"), &text)
}

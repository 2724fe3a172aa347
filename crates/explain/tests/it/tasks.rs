//! Studies of models that answer one of several classes, or a number.

use ingot_base::{Field, FieldKind, Lang, Output, Signature, Silent, Tabular, Task};
use ingot_explain::{ExplainConfig, Explained, Explainer, Truth, explain, explanation_report};
use ingot_runtime::{Calibration, Forest, Matrix, Predictor as _, Preprocessing, TabularModel};

fn model(text: &str, task: Task, output: Output) -> TabularModel {
    let number = FieldKind::Number { min: -4.0, max: 4.0, integer: false };
    let words = FieldKind::Category { values: (10..22).map(|word| word.to_string()).collect() };
    let inputs = (0..6)
        .map(|at| {
            let kind = if at == 1 { words.clone() } else { number.clone() };
            Field::new(format!("input_{at}"), kind, true)
        })
        .collect();
    let signature = Signature { task, inputs, output };
    let preprocessing = Preprocessing::new(signature, Calibration::None);
    TabularModel::new(Forest::parse(text).unwrap(), preprocessing).unwrap()
}

fn rows(json: &str) -> Matrix {
    let document: serde_json::Value = serde_json::from_str(json).unwrap();
    let rows = document["rows"].as_array().unwrap();
    let values = rows.iter().flat_map(|row| row.as_array().unwrap());
    let data = values.map(|value| value.as_f64().unwrap_or(f64::NAN)).collect();
    Matrix::new(rows.len(), 6, data).unwrap()
}

/// The explanations of all rows add up, and the page has what it should.
fn check(model: &TabularModel, rows: &Matrix, labels: &[f64]) -> (Explained, Vec<String>) {
    let truth = Truth { rows, labels };
    let study = explain(&ExplainConfig::default(), model, truth, truth, &Silent).unwrap();
    assert_eq!(study.surrogate.png[..4], *b"\x89PNG");
    let page = explanation_report(&study).html(Lang::En);
    assert!(page.contains("input 2") && page.contains("input_2") && !page.contains("NaN"));
    let explainer = Explainer::new(model, study.background.clone()).unwrap();
    let mut reasons = Vec::new();
    for row in rows.iter_rows() {
        let told = explainer.explain(row).unwrap();
        let mut raw = vec![0.0; model.forest().classes()];
        model.forest().raw(row, &mut raw);
        // For several classes the class of the answer is explained, which has the largest raw score.
        let wanted = raw.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = told.contributions.iter().map(|part| part.contribution).sum();
        assert!((told.base + sum - wanted).abs() < 1e-9);
        reasons.extend(told.reasons.into_iter().map(|reason| reason.text.en));
    }
    (study, reasons)
}

#[test]
fn several_classes() {
    let labels = ["low", "middle", "high"].map(String::from).to_vec();
    let output = Output::Multiclass { target: "size".into(), labels };
    let model = model(
        include_str!("../fixtures/multiclass.txt"),
        Task::Tabular(Tabular::Multiclass),
        output,
    );
    let rows = rows(include_str!("../fixtures/multiclass.json"));
    let answers: Vec<f64> = model
        .scores(&rows)
        .unwrap()
        .iter_rows()
        .map(|row| {
            if row[0] > row[1].max(row[2]) {
                0.0
            } else if row[1] > row[2] {
                1.0
            } else {
                2.0
            }
        })
        .collect();
    let (study, reasons) = check(&model, &rows, &answers);
    let outcome = study.outcome.clone();
    assert_eq!((outcome.classes.len(), outcome.base.len(), outcome.groups.len()), (3, 3, 1));
    for feature in &outcome.features {
        assert!((feature.by_class.iter().sum::<f64>() - feature.importance).abs() < 1e-12);
    }
    for item in &outcome.dependence {
        for point in &item.points {
            assert!((point.mean.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }
    let above = ", above the median of cases in the training data (";
    assert!(reasons.iter().any(|reason| reason.contains(above)), "{reasons:?}");
    let html = explanation_report(&study).html(Lang::En);
    assert!(html.contains("raw score of the class that the row was answered with"));
    // Every picture of a category names the class whose answer it shows.
    let bars = study.outcome.dependence.iter().filter(|item| !item.ordered).count();
    assert!(bars > 0, "the fixture has a category that matters");
    assert!(html.matches("mean probability of “").count() >= bars, "each names its class");
    assert!(outcome.surrogate.agreement.is_some());
}

#[test]
fn a_number() {
    let output = Output::Number { target: "price".into() };
    let model = model(
        include_str!("../fixtures/regression.txt"),
        Task::Tabular(Tabular::Regression),
        output,
    );
    let rows = rows(include_str!("../fixtures/regression.json"));
    let (study, reasons) = check(&model, &rows, &vec![1.0; rows.rows()]);
    assert_eq!(study.outcome.surrogate.agreement, None);
    assert_eq!(study.outcome.loss.en, "root mean squared error");
    for words in
        ["; this raises the estimate of price by ", "; this lowers the estimate of price by "]
    {
        assert!(reasons.iter().any(|reason| reason.contains(words)), "{reasons:?}");
    }
}

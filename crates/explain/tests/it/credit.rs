//! A whole study of a small credit model, and what applicants are told.

use ingot_base::{FieldKind, Lang, Signature, Silent};
use ingot_explain::{Background, ExplainConfig, ExplainOutcome, Explained, Explainer, explain};
use ingot_runtime::{Calibration, Forest, Matrix, Predictor as _, Preprocessing, TabularModel};
use serde_json::Value;

const MODEL: &str = include_str!("../fixtures/credit.txt");

fn document() -> Value {
    serde_json::from_str(include_str!("../fixtures/credit.json")).unwrap()
}

fn model() -> TabularModel {
    let signature: Signature = serde_json::from_value(document()["signature"].clone()).unwrap();
    let preprocessing = Preprocessing::new(signature, Calibration::None);
    TabularModel::new(Forest::parse(MODEL).unwrap(), preprocessing).unwrap()
}

fn rows(name: &str) -> Matrix {
    let document = document();
    let rows = document[name].as_array().unwrap();
    let data: Vec<f64> =
        rows.iter().flat_map(|row| row.as_array().unwrap()).map(|v| v.as_f64().unwrap()).collect();
    Matrix::new(rows.len(), data.len() / rows.len(), data).unwrap()
}

fn study(seed: u64) -> Explained {
    let labels: Vec<f64> =
        document()["labels"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    let config = ExplainConfig { seed, ..ExplainConfig::default() };
    explain(&config, &model(), &rows("train"), &rows("test"), &labels, &Silent).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_study_and_survives_storage() {
    let (first, second) = (study(1), study(1));
    assert_eq!(first, second);
    let stored = serde_json::to_string(&first.outcome).unwrap();
    assert_eq!(serde_json::from_str::<ExplainOutcome>(&stored).unwrap(), first.outcome);
    let stored = serde_json::to_string(&first.background).unwrap();
    assert_eq!(serde_json::from_str::<Background>(&stored).unwrap(), first.background);
    let shuffled = |study: &Explained| {
        study.outcome.features.iter().map(|f| f.permutation.mean).collect::<Vec<_>>()
    };
    assert_ne!(shuffled(&study(2)), shuffled(&first));
}

#[test]
fn importance_is_for_inputs_that_the_model_uses() {
    let outcome = study(1).outcome;
    assert_eq!(outcome.rows, 300);
    assert!(outcome.features.is_sorted_by(|a, b| a.importance >= b.importance));
    assert_eq!(outcome.features[0].feature, "checking_status");
    assert!(outcome.features[0].permutation.low > 0.0);
    let used: Vec<usize> = model()
        .forest()
        .trees()
        .iter()
        .flat_map(|tree| tree.split_feature().iter().map(|&feature| feature as usize))
        .collect();
    for (at, field) in model().signature().inputs.iter().enumerate() {
        let effect = outcome.features.iter().find(|f| f.feature == field.name).unwrap();
        assert_eq!(effect.importance > 0.0, used.contains(&at), "{}", field.name);
        if !used.contains(&at) {
            assert!(effect.permutation.low == 0.0 && effect.permutation.high == 0.0);
        }
    }
    let share: f64 = outcome.dependence[0].points.iter().map(|point| point.share).sum();
    assert!((share - 1.0).abs() < 1e-12, "{share}");
    assert!(outcome.surrogate.r2.unwrap() > 0.5 && outcome.surrogate.agreement.unwrap() > 0.8);
}

#[test]
fn the_mean_of_the_single_rows_is_the_dependence() {
    let model = model();
    let config = ExplainConfig { sample: 20, ..ExplainConfig::default() };
    let test = rows("test");
    let study = explain(&config, &model, &rows("train"), &test, &vec![0.0; 300], &Silent).unwrap();
    for item in &study.outcome.dependence {
        assert_eq!(item.single.len(), 20);
        for (at, point) in item.points.iter().enumerate() {
            let mean = item.single.iter().map(|line| line[at]).sum::<f64>() / 20.0;
            assert!((mean - point.mean[0]).abs() < 1e-12);
        }
    }
}

#[test]
fn pictures_name_the_inputs_in_both_languages() {
    let study = study(1);
    let svg = &study.surrogate_svg;
    assert!(svg.contains("checking account balance") && svg.contains("活期账户余额"));
    assert!(svg.contains("&gt;=200") && !svg.contains(">=200"), "values are escaped");
    assert_eq!(study.surrogate_png[..8], *b"\x89PNG\r\n\x1a\n");
    let page = ingot_explain::explanation_report(&study.outcome, svg).html(Lang::Zh);
    for words in [
        "哪些输入重要",
        "What matters",
        "代理决策树",
        "R-CHECKING_STATUS-…",
        "probability of “bad”",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("NaN"));
}

#[test]
fn a_declined_applicant_is_told_why_in_both_languages() {
    let (model, test) = (model(), rows("test"));
    let explainer = Explainer::new(&model, study(1).background).unwrap();
    let declined = (0..test.rows())
        .find(|&row| {
            let mut score = [0.0];
            model.score_row(test.row(row), &mut score).unwrap();
            score[0] > 0.7
        })
        .unwrap();
    let told = explainer.explain(test.row(declined)).unwrap();
    let mut raw = [0.0];
    model.forest().raw(test.row(declined), &mut raw);
    let sum: f64 = told.contributions.iter().map(|part| part.contribution).sum();
    assert!((told.base + sum - raw[0]).abs() < 1e-9);
    assert!(told.contributions.is_sorted_by(|a, b| a.contribution.abs() >= b.contribution.abs()));
    let reasons: Vec<(&str, &str, &str)> = told
        .reasons
        .iter()
        .map(|reason| (reason.code.as_str(), reason.text.en.as_str(), reason.text.zh.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [
            (
                "R-CHECKING_STATUS-VALUE",
                "Checking account balance: “0-200”; usual for “good” is “none”.",
                "活期账户余额为“0-200”，而“good”类通常为“none”。"
            ),
            (
                "R-DURATION_MONTHS-HIGH",
                "Loan duration in months (60) is higher than usual for “good” (12).",
                "贷款期限（月）为 60，高于“good”类的通常水平（12）。"
            ),
            (
                "R-CREDIT_AMOUNT-HIGH",
                "Loan amount (14,027) is higher than usual for “good” (1,957).",
                "贷款金额为 14,027，高于“good”类的通常水平（1,957）。"
            ),
            (
                "R-SAVINGS-VALUE",
                "Savings: “<100”, which together with the other details speaks for “bad”.",
                "储蓄为“<100”，结合其他情况倾向于“bad”。"
            ),
        ]
    );
}

#[test]
fn missing_and_unknown_values_are_said_so() {
    let explainer = Explainer::new(&model(), study(1).background).unwrap();
    let row = vec![f64::NAN; model().signature().inputs.len()];
    let told = explainer.explain(&row).unwrap();
    assert!(told.contributions.iter().all(|part| part.value.is_null()));
    assert!(!told.reasons.is_empty());
    for reason in &told.reasons {
        assert!(reason.code.ends_with("-MISSING") && reason.text.en.ends_with("was not given."));
        assert!(reason.text.zh.starts_with("未提供"));
    }
    assert_eq!(explainer.explain(&row[1..]).unwrap_err().code(), "runtime-shape");
}

#[test]
fn a_background_of_another_model_is_refused() {
    let background = study(1).background;
    let refused = |change: fn(&mut Background)| {
        let mut other = background.clone();
        change(&mut other);
        Explainer::new(&model(), other).unwrap_err().code()
    };
    assert_eq!(refused(|other| other.base[0] += 0.01), "explain-background");
    assert_eq!(refused(|other| other.typical.swap(0, 1)), "explain-background");
    assert_eq!(refused(|other| other.typical.clear()), "explain-background");
}

#[test]
fn nothing_to_study_is_said() {
    let (model, none) = (model(), Matrix::new(0, 18, vec![]).unwrap());
    let config = ExplainConfig::default();
    let fault = explain(&config, &model, &none, &rows("test"), &[], &Silent).unwrap_err();
    assert_eq!(fault.code(), "explain-empty");
    let number = |field: &ingot_base::Field| matches!(field.kind, FieldKind::Number { .. });
    assert!(model.signature().inputs.iter().any(number), "the fixture has numbers");
}

//! A whole study of a small credit model, and what applicants are told.

use ingot_base::{FieldKind, Lang, Signature, Silent};
use ingot_explain::{
    Background, ExplainConfig, ExplainOutcome, Explained, Explainer, Truth, explain,
};
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

fn labels(name: &str) -> Vec<f64> {
    document()[name].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn study_as(config: &ExplainConfig) -> Explained {
    let (train, learned) = (rows("train"), labels("train_labels"));
    let (test, held) = (rows("test"), labels("labels"));
    let train = Truth { rows: &train, labels: &learned };
    explain(config, &model(), train, Truth { rows: &test, labels: &held }, &Silent).unwrap()
}

fn study(seed: u64) -> Explained {
    study_as(&ExplainConfig { seed, ..ExplainConfig::default() })
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
    let study = study_as(&ExplainConfig { sample: 20, ..ExplainConfig::default() });
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
    let svg = &study.surrogate.en;
    assert!(svg.contains("checking account balance") && svg.contains("活期账户余额"));
    assert!(svg.contains("&gt;=200") && !svg.contains(">=200"), "values are escaped");
    assert_eq!(study.surrogate.png[..8], *b"\x89PNG\r\n\x1a\n");
    let places = |svg: &str| (svg.find("Surrogate tree").unwrap(), svg.find("代理决策树").unwrap());
    let (en, zh) = (places(svg), places(&study.surrogate.zh));
    assert!(en.0 < en.1 && zh.1 < zh.0, "the reader's language comes first: {en:?} {zh:?}");
    assert!(svg.contains("font-weight=\"600\" fill=\"#1c2430\">checking account"));
    assert!(study.surrogate.zh.contains("font-weight=\"600\" fill=\"#1c2430\">活期"));
    let page = ingot_explain::explanation_report(&study).html(Lang::Zh);
    assert!(page.contains(svg) && page.contains(&study.surrogate.zh), "one for each language");
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
                "Checking account balance: “0-200”; with the other details this speaks for “bad”.",
                "活期账户余额为“0-200”，结合其他情况，倾向于“bad”。"
            ),
            (
                "R-DURATION_MONTHS-HIGH",
                "Loan duration in months: 60, above the median of “good” cases in the training data (15).",
                "贷款期限（月）为 60，高于训练数据中“good”样本的中位数（15）。"
            ),
            (
                "R-CREDIT_AMOUNT-HIGH",
                "Loan amount: 14,027, above the median of “good” cases in the training data (about 2,190).",
                "贷款金额为 14,027，高于训练数据中“good”样本的中位数（约 2,190）。"
            ),
            (
                "R-SAVINGS-VALUE",
                "Savings: “<100”; with the other details this speaks for “bad”.",
                "储蓄为“<100”，结合其他情况，倾向于“bad”。"
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
        assert!(reason.code.ends_with("-MISSING") && reason.text.en.ends_with(": not given."));
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
    let (model, none, test) = (model(), Matrix::new(0, 18, vec![]).unwrap(), rows("test"));
    let config = ExplainConfig::default();
    let (none, held) =
        (Truth { rows: &none, labels: &[] }, Truth { rows: &test, labels: &[0.0; 300] });
    let fault = explain(&config, &model, none, held, &Silent).unwrap_err();
    assert_eq!(fault.code(), "explain-empty");
    let fault = explain(&config, &model, held, Truth { labels: &[], ..held }, &Silent).unwrap_err();
    assert_eq!(fault.code(), "explain-empty");
    let number = |field: &ingot_base::Field| matches!(field.kind, FieldKind::Number { .. });
    assert!(model.signature().inputs.iter().any(number), "the fixture has numbers");
}

/// A median of one person's number stands nowhere to the last digit; a sentence that compares with it stays true.
#[test]
fn no_median_is_told_to_the_last_digit() {
    let (mut train, labels, test) = (rows("train"), labels("train_labels"), rows("test"));
    let model = model();
    let at =
        model.signature().inputs.iter().position(|field| field.name == "credit_amount").unwrap();
    let width = train.cols();
    // Telephones of customers in the place of amounts, each in one row.
    let phone = |row: usize| 13_502_991_214.0 + (row * 7_919_113 % 480_000_000) as f64;
    for (row, value) in train.data_mut().iter_mut().skip(at).step_by(width).enumerate() {
        *value = phone(row);
    }
    let phones: Vec<String> = (0..train.rows()).map(|row| format!("{:.0}", phone(row))).collect();
    let truth = Truth { rows: &train, labels: &labels };
    let study = explain(&ExplainConfig::default(), &model, truth, truth, &Silent).unwrap();
    let explainer = Explainer::new(&model, study.background.clone()).unwrap();
    let mut pages = vec![
        serde_json::to_string(&study.outcome).unwrap(),
        serde_json::to_string(&study.background).unwrap(),
        ingot_explain::explanation_report(&study).html(Lang::En),
    ];
    for row in test.iter_rows() {
        let told = explainer.explain(row).unwrap();
        pages.extend(told.reasons.into_iter().map(|reason| reason.text.en));
    }
    for page in pages {
        let digits = page.replace(',', "");
        assert!(!phones.iter().any(|phone| digits.contains(phone)), "a customer's number is told");
    }
}

/// What reasons compare with is true of the training rows that really have each class; without a majority nothing is compared.
#[test]
fn what_is_typical_is_true_of_the_rows_that_really_have_the_class() {
    let (rows, labels) = (rows("train"), labels("train_labels"));
    let background = study(1).background;
    let inputs = model().signature().inputs.clone();
    let mut compared = 0;
    for (at, (field, typical)) in inputs.iter().zip(&background.typical).enumerate() {
        for (class, middle) in [(0.0, typical.negative), (1.0, typical.positive)] {
            let own = labels.iter().enumerate().filter(|(_, label)| **label == class);
            let own: Vec<f64> = own.map(|(row, _)| rows.row(row)[at]).collect();
            let share = |wanted: &dyn Fn(f64) -> bool| {
                own.iter().filter(|value| wanted(**value)).count() as f64 / own.len() as f64
            };
            match (&field.kind, middle) {
                (FieldKind::Number { .. }, Some(middle)) => {
                    // The median itself lies within what three digits leave open.
                    let blur = middle.value.abs() / 199.0;
                    let (below, above) = (
                        share(&|value| value < middle.value - blur),
                        share(&|value| value > middle.value + blur),
                    );
                    let told = format!("{:.2e}", middle.value).parse::<f64>().unwrap();
                    assert_eq!(told, middle.value, "{}: three digits", field.name);
                    assert!(below <= 0.5 && above <= 0.5, "{}: {middle:?}", field.name);
                }
                (_, Some(middle)) => {
                    let found = share(&|value| value == middle.value);
                    assert!(found >= 0.51, "{} {found}", field.name);
                    assert!((found - middle.share.unwrap()).abs() < 1e-12, "{}", field.name);
                    compared += 1;
                }
                (_, None) => {
                    let most = own.iter().map(|one| share(&|value| value == *one));
                    assert!(most.fold(0.0, f64::max) < 0.51, "{} has a majority", field.name);
                }
            }
        }
    }
    assert!(compared > 4, "{compared}");
    let status = background.typical.iter().find(|one| one.feature == "checking_status").unwrap();
    assert_eq!((status.negative, status.positive), (None, None), "no value has a majority");
}

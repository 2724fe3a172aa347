//! The report says what the outcome holds, in both languages.

use crate::data::{config, credit, run};
use ingot_base::{Lang, Tabular};
use ingot_train::outcome::{Gap, Metric};
use ingot_train::{Cost, TrainOutcome, suspicion, training_report};

#[test]
fn the_report_is_complete() {
    let mut config = config(Tabular::Binary);
    config.fairness = vec!["sex".into()];
    config.cost = Some(Cost { false_positive: 1.0, false_negative: 5.0 });
    let outcome = run(&config, &credit(1, 800), &credit(2, 400)).unwrap().outcome;
    let warnings = [ingot_base::Text::new("Look out.", "请注意。")];
    let html = training_report(&outcome, &warnings).html(Lang::Zh);
    for expected in [
        "Training report",
        "训练报告",
        "What was tried",
        "参数搜索过程",
        "LightGBM 默认参数",
        "Groups by sex",
        "逻辑回归",
        "判定阈值",
        "user_id",
        "identifier",
        "Parity gate passed",
        "Look out.",
        "Cost per row",
        "5 折轮流留出",
        "uniform band",
        "<svg",
    ] {
        assert!(html.contains(expected), "{expected}");
    }
    assert!(!html.contains("u0000001"), "no cell of an identifier column");
    assert!(!html.contains("NaN") && !html.contains("inf"));
    assert_eq!(
        html,
        training_report(&outcome, &warnings).html(Lang::Zh),
        "the same outcome gives the same page"
    );
}

/// What a model does not have was not chosen either.
#[test]
fn the_report_says_what_was_chosen_by_task() {
    let mut config = config(Tabular::Binary);
    config.trials = 1;
    let mut outcome = run(&config, &credit(1, 800), &credit(2, 400)).unwrap().outcome;
    let html = training_report(&outcome, &[]).html(Lang::En);
    assert!(html.contains("candidates, rounds, calibration and threshold were chosen"));
    (outcome.calibration, outcome.threshold) = (None, None);
    let html = training_report(&outcome, &[]).html(Lang::En);
    assert!(html.contains("candidates and rounds were chosen on"));
    assert!(html.contains("参数与轮数在训练行"));
    assert!(!html.contains("calibration and threshold") && !html.contains("校准与阈值"));
}

/// The best simpler model is what the note speaks of, whichever it is.
#[test]
fn the_note_compares_with_the_best_simpler_model() {
    let mut config = config(Tabular::Binary);
    config.trials = 1;
    let mut outcome = run(&config, &credit(1, 800), &credit(2, 400)).unwrap().outcome;
    let page = |outcome: &TrainOutcome| training_report(outcome, &[]).html(Lang::Zh);
    let own = outcome.metrics.iter().find(|metric| metric.name == "auc").unwrap().value;
    let set = |outcome: &mut TrainOutcome, name: &str, value: f64| {
        let one = outcome.baselines.iter_mut().find(|one| one.name == name).unwrap();
        one.gap = None;
        one.metrics.iter_mut().find(|metric| metric.name == "auc").unwrap().value = value;
    };
    for (name, value) in [("majority", 0.5), ("logistic", own - 0.2), ("tree", own - 0.1)] {
        set(&mut outcome, name, value);
    }
    let html = page(&outcome);
    assert!(!html.contains("a simpler model does as well") && html.contains("（单棵决策树）"));
    assert!(suspicion::beaten(&outcome).is_none());
    set(&mut outcome, "tree", f64::midpoint(own, 1.0));
    let html = page(&outcome);
    assert!(html.contains("a simpler model does as well or better on these rows: a single tree ("));
    assert!(
        html.contains("按 AUC（ROC 曲线下面积），更简单的模型"),
        "a blank before Latin letters"
    );
    assert!(suspicion::beaten(&outcome).unwrap().en.contains("by a single tree"));
}

#[test]
fn a_model_that_learnt_nothing_is_told_in_the_words_of_each_language() {
    let mut config = config(Tabular::Binary);
    config.trials = 1;
    let mut outcome = run(&config, &credit(1, 800), &credit(2, 400)).unwrap().outcome;
    assert!(suspicion::weak(&outcome).is_none());
    outcome.metrics.retain(|metric| metric.name == "log_loss");
    outcome.metrics[0].high = 9.0;
    let told = suspicion::weak(&outcome).unwrap();
    assert!(told.zh.contains("测试集上对数损失为 0.") && !told.zh.contains("LOG"), "{told:?}");
    assert!(told.en.contains("Log loss 0."), "{told:?}");
}

#[test]
fn what_costs_more_than_no_model_or_loses_to_a_simpler_one_is_told() {
    let mut config = config(Tabular::Binary);
    config.trials = 1;
    config.cost = Some(Cost { false_positive: 1.0, false_negative: 5.0 });
    let mut outcome = run(&config, &credit(1, 800), &credit(2, 400)).unwrap().outcome;
    assert!(suspicion::costly(&outcome).is_none());
    let cost = |metrics: &[Metric]| metrics.iter().find(|one| one.name == "cost").unwrap().value;
    let told = outcome.threshold.as_ref().unwrap().test_cost;
    assert!((cost(&outcome.metrics) - told).abs() < 1e-12);
    assert!(outcome.baselines.iter().all(|one| cost(&one.metrics) > 0.0));
    let threshold = outcome.threshold.as_mut().unwrap();
    (threshold.test_cost, threshold.test_cost_constant) = (0.4257, 0.3755);
    let fault = suspicion::costly(&outcome).unwrap();
    let text = fault.to_string();
    assert!(text.contains("0.4257") && text.contains("0.3755"), "{text}");
    // Paired losses: a clear lead of logistic regression is told though the intervals of both overlap.
    let linear = outcome.baselines.iter_mut().find(|one| one.name == "logistic").unwrap();
    linear.gap = Some(Gap { value: 0.114, low: 0.02, high: 0.2 });
    let told = suspicion::beaten(&outcome).unwrap();
    assert!(told.en.contains("Log loss") && told.en.contains("by logistic regression"), "{told:?}");
    assert!(told.zh.contains("逻辑回归的对数损失"), "{told:?}");
}

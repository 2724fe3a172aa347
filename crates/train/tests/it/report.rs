//! The report says what the outcome holds, in both languages.

use crate::data::{config, credit, run};
use ingot_base::{Lang, Tabular};
use ingot_train::{Cost, training_report};

#[test]
fn the_report_is_complete() {
    let mut config = config(Tabular::Binary);
    config.fairness = vec!["sex".into()];
    config.cost = Some(Cost { false_positive: 1.0, false_negative: 5.0 });
    let outcome = run(&config, &credit(1, 800), &credit(2, 400)).unwrap().outcome;
    let html = training_report(&outcome).html(Lang::Zh);
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
        "<svg",
    ] {
        assert!(html.contains(expected), "{expected}");
    }
    assert!(!html.contains("u0000001"), "no cell of an identifier column");
    assert!(!html.contains("NaN") && !html.contains("inf"));
    assert_eq!(
        html,
        training_report(&outcome).html(Lang::Zh),
        "the same outcome gives the same page"
    );
}

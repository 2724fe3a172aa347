//! Each room's outcome as one line or one figure.

use crate::figures::Figure;
use ingot_base::Text;
use ingot_data::SplitOutcome;
use ingot_train::language::{self, QuantOutcome, SftOutcome};
use ingot_train::{TrainOutcome, nets};
use std::collections::BTreeMap;

/// One line about a split.
pub(crate) fn split_summary(outcome: &SplitOutcome) -> Text {
    let list = |named: fn(&str) -> &str, between: &str| {
        let parts = outcome.parts.iter();
        let parts: Vec<String> =
            parts.map(|part| format!("{} {}", named(&part.name), part.rows)).collect();
        parts.join(between)
    };
    let chinese = |name: &str| match name {
        "train" => "训练集",
        "validation" => "验证集",
        "test" => "测试集",
        _ => "其他",
    };
    let (mut en, mut zh) =
        (format!("{} rows", list(|name| name, ", ")), format!("{} 行", list(chinese, "、")));
    if outcome.group.is_some() {
        en = format!("{en}; {} groups cross", outcome.crossing_groups);
        zh = format!("{zh}；跨部分的分组 {} 个", outcome.crossing_groups);
    }
    Text::new(en, zh)
}

/// One line about a training.
pub(crate) fn train_summary(outcome: &TrainOutcome) -> Text {
    let (tried, planned) = (outcome.search.trials.len(), outcome.search.planned);
    let metric = outcome
        .metrics
        .first()
        .map(|metric| format!("{} {:.4}", metric.name, metric.value))
        .unwrap_or_default();
    Text::new(
        format!("{tried} of {planned} settings tried, {} trees, {metric}", outcome.model.trees),
        format!("试验 {tried}/{planned} 组参数，{} 棵树，{metric}", outcome.model.trees),
    )
}

/// A metric's name for a person.
pub(crate) fn metric_title(name: &str) -> Text {
    match name {
        "auc" => Text::new("area under ROC curve (AUC)", "ROC 曲线下面积（AUC）"),
        "log_loss" => Text::new("log loss", "对数损失"),
        "brier" => Text::new("Brier score", "Brier 分数"),
        "accuracy" => Text::new("accuracy", "准确率"),
        "balanced_accuracy" => Text::new("balanced accuracy", "平衡准确率"),
        "precision" => Text::new("precision", "精确率"),
        "recall" => Text::new("recall", "召回率"),
        "f1" => Text::new("F1", "F1 值"),
        "cost" => Text::new("cost per row", "每行代价"),
        "ks" => Text::new("Kolmogorov–Smirnov (KS)", "KS 值"),
        "ece" => Text::new("expected calibration error", "期望校准误差"),
        "rmse" => Text::new("root mean squared error", "均方根误差"),
        "mae" => Text::new("mean absolute error", "平均绝对误差"),
        "r2" => Text::new("R²", "R²"),
        other => Text::same(other),
    }
}

/// A language model's figures on the test rows, those of the form that goes on where they were measured of it.
pub(crate) fn language_metrics(
    outcome: &SftOutcome,
    quantised: Option<&QuantOutcome>,
) -> Vec<language::Figure> {
    let Some(form) = quantised.and_then(QuantOutcome::kept) else { return outcome.metrics.clone() };
    let plain =
        |name: &str, value: f64| language::Figure { name: name.to_owned(), value, interval: None };
    let loss = form.perplexity.ln();
    form.exact_match
        .iter()
        .cloned()
        .chain([plain("loss", loss), plain("perplexity", form.perplexity)])
        .collect()
}

/// The same for a person, and how the base model stands beside it.
pub(crate) fn language_figures(
    outcome: &SftOutcome,
    quantised: Option<&QuantOutcome>,
) -> Vec<Figure> {
    let one = |own: &language::Figure, name: Text| Figure {
        name,
        value: format!("{:.4}", own.value),
        interval: own
            .interval
            .map(|(low, high)| format!("{low:.4} – {high:.4}"))
            .unwrap_or_default(),
    };
    let own = language_metrics(outcome, quantised);
    // Of a quantised form not everything is measured.
    let same = |before: &&language::Figure| own.iter().any(|own| own.name == before.name);
    let before = outcome.base_metrics.iter().filter(same).map(|own| {
        let title = own.title();
        one(
            own,
            Text::new(format!("  base model: {}", title.en), format!("  基础模型：{}", title.zh)),
        )
    });
    own.iter().map(|own| one(own, own.title())).chain(before).collect()
}

/// A head's figures on the test rows.
pub(crate) fn head_figures(outcome: &nets::HeadOutcome) -> Vec<Figure> {
    let told = outcome.told_metrics();
    told.iter().map(|metric| figure(metric_title(&metric.name), metric)).collect()
}

fn figure(name: Text, metric: &ingot_train::outcome::Metric) -> Figure {
    let interval = metric.interval().map(|(low, high)| format!("{low:.4} – {high:.4}"));
    Figure { name, value: format!("{:.4}", metric.value), interval: interval.unwrap_or_default() }
}

/// The model's figures on the test rows, with the logistic baseline's AUC-like first metric for comparison.
pub(crate) fn figures(outcome: &TrainOutcome) -> Vec<Figure> {
    let told = outcome.told_metrics();
    let mut list: Vec<Figure> =
        told.iter().map(|metric| figure(metric_title(&metric.name), metric)).collect();
    for baseline in &outcome.baselines {
        let Some(metric) = baseline.metrics.first() else { continue };
        let title = metric_title(&metric.name);
        let name = Text::new(
            format!("  baseline {}: {}", baseline.name, title.en),
            format!("  基线（{}）：{}", baseline_zh(&baseline.name), title.zh),
        );
        list.push(figure(name, &outcome.told(metric)));
    }
    list
}

fn baseline_zh(name: &str) -> &str {
    match name {
        "majority" => "始终给出同一答案",
        "logistic" => "逻辑回归",
        "linear" => "线性回归",
        "tree" => "单棵决策树",
        other => other,
    }
}

/// Facts of the training as a map of parameters.
pub(crate) fn parameters(outcome: &TrainOutcome) -> BTreeMap<String, String> {
    outcome
        .search
        .trials
        .get(outcome.search.chosen)
        .map(|trial| trial.params.clone())
        .unwrap_or_default()
}

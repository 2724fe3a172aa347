//! What a training of a head found out.

use super::encoder::TunedEncoder;
use super::head::Epoch;
use super::private::PrivacySpent;
use super::tune::Unfrozen;
use crate::outcome::{Metric, Parity, Rows, few};
use crate::review::LabelFindings;
use ingot_base::{Task, Text, unified};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The evidence of one training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeadOutcome {
    /// The kind of question.
    pub task: Task,
    /// The column of classes.
    pub target: String,
    /// The classes, in the model's order.
    pub classes: Vec<String>,
    /// Rows of each table that have a class, without augmented copies.
    pub rows: Rows,
    /// Test rows whose features are those of a training row, as of the same picture or text; 0 of a training that hides single rows.
    #[serde(default)]
    pub repeated: u64,
    /// Classes that one training row alone has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rare: Vec<String>,
    /// Augmented copies learned from besides.
    pub copies: u64,
    /// Of these, mixtures of two rows.
    #[serde(default)]
    pub mixed: u64,
    /// The network that gave the features.
    pub backbone: String,
    /// How many features a row has.
    pub width: usize,
    /// Trained weights and biases.
    pub parameters: usize,
    /// Pass by pass.
    pub history: Vec<Epoch>,
    /// The pass whose weights were kept.
    pub best: usize,
    /// Whether the loss of the training rows still fell in the last pass, so that more would learn more.
    #[serde(default)]
    pub falling: bool,
    /// What the loss of a row of each class counts, where all classes count alike; empty where rows do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<f64>,
    /// Groups among the test rows, where the split keeps groups together: intervals are of whole groups drawn anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_groups: Option<u64>,
    /// On the test rows.
    pub metrics: Vec<Metric>,
    /// Always the most frequent class, on the same rows.
    pub majority: Vec<Metric>,
    /// Test rows by true (outer) and predicted (inner) class.
    pub confusion: Vec<Vec<u64>>,
    /// The gate that the exported network passed.
    pub parity: Parity,
    /// Rows without a class that would teach most, the most useful first.
    pub to_label: Vec<ToLabel>,
    /// What the training cost in privacy, if that was bounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<PrivacySpent>,
    /// Rows whose class is probably wrong, when it was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelFindings>,
    /// The part of the network that was trained too; `None`: nobody asked for it. What is in the model says [`tuned`](Self::tuned).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfrozen: Option<Unfrozen>,
    /// What became of an encoder of texts that was trained too; `None`: it stays as it is, or there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<TunedEncoder>,
}

impl HeadOutcome {
    /// The test rows with a class, and those of them outside the largest one, where they are too few for intervals and comparisons.
    pub fn few_test_rows(&self) -> Option<(u64, Option<u64>)> {
        few(self.confusion.iter().flatten().sum(), &self.confusion)
    }

    /// What was fine-tuned and is in the model so; `None`: the network in the model is the pretrained one.
    pub fn tuned(&self) -> Option<&Unfrozen> {
        self.unfrozen.as_ref().filter(|own| own.helped())
    }

    /// An encoder of texts that was fine-tuned and is in the model so.
    pub fn tuned_encoder(&self) -> Option<&TunedEncoder> {
        self.encoder.as_ref().filter(|own| own.helped())
    }

    /// Why the network in the model is the pretrained one although it was fine-tuned: a clause on it.
    pub fn kept_frozen(&self) -> Option<Text> {
        let blocks = self.unfrozen.as_ref().filter(|own| !own.helped()).map(|own| {
            let blocks = own.blocks;
            (format!("{blocks} block(s)"), format!("{blocks} 个块"))
        });
        let layers = self.encoder.as_ref().filter(|own| !own.helped()).map(|own| {
            let layers = own.layers;
            (format!("{layers} layer(s)"), format!("{layers} 层"))
        });
        let (en, zh) = blocks.or(layers)?;
        Some(Text::new(
            format!("fine-tuning its last {en} was no better on the validation rows"),
            format!("在验证集上微调其末端 {zh}并无改善"),
        ))
    }

    /// What a person should hear before trusting the model.
    pub fn warnings(&self) -> Vec<Text> {
        let (repeated, tested) = (self.repeated, self.rows.test);
        let seen = (repeated > 0).then(|| {
            Text::new(
                format!("{repeated} of the {tested} test rows are the same as a training row to the network: the same picture or text, or one spelt otherwise. The figures are better for it than those of new rows. Drop repeated rows with `clean.dedupe`, or keep them together with `split.group`."),
                format!("{tested} 行测试数据中有 {repeated} 行对网络而言与某个训练行相同（同一图片或文本，或仅写法不同），因此指标会优于在新数据上的表现。请用 `clean.dedupe` 去除重复行，或用 `split.group` 将其分在同一部分。"),
            )
        });
        let (names, names_zh) = (quoted(&self.rare, ", "), quoted(&self.rare, "、"));
        let rare = (!self.rare.is_empty()).then(|| {
            Text::new(
                format!("Classes with only one training row: {names}. Nothing general can be learnt from a single row, and its label cannot be checked. Collect more rows of such a class, or merge it with another in [clean]."),
                format!("以下类别只有一个训练行：{names_zh}。从单独一行学不到一般规律，其标注也无从核查。请为这样的类别收集更多数据，或在 [clean] 中将其与其他类别合并。"),
            )
        });
        let mut alike: BTreeMap<String, usize> = BTreeMap::new();
        for class in &self.classes {
            *alike.entry(unified(class)).or_default() += 1;
        }
        let alike = alike.into_iter().filter(|(_, count)| *count > 1).map(|(name, count)| {
            Text::new(
                format!("{count} classes are called `{name}`, written in ways that look the same (invisible or composed letters, blanks, full width): they were learnt as different ones. Make their spelling one in [clean]."),
                format!("有 {count} 个类别都显示为 `{name}`，仅写法不同（不可见字符、组合字符、空格或全半角），它们被当作不同类别学习。请在 [clean] 中统一写法。"),
            )
        });
        seen.into_iter().chain(rare).chain(alike).collect()
    }

    /// The figures as they may be told: without intervals where the test rows are too few for any.
    pub fn told_metrics(&self) -> Vec<Metric> {
        let few = self.few_test_rows().is_some();
        self.metrics.iter().map(|metric| metric.told(few)).collect()
    }
}

/// A row worth labelling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToLabel {
    /// Its source.
    pub source: String,
    /// Its number there.
    pub row: u64,
    /// Probability of the likeliest class minus that of the next: the smaller, the less the model knows.
    pub margin: f64,
}

/// Names of classes, as a sentence has them.
fn quoted(names: &[String], between: &str) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(between)
}

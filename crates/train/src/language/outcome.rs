//! What a training of an adapter found out. Holds no clock time, so that equal runs give equal documents.

use crate::outcome::{Rows, Share};
use ingot_base::{Lang, Text};
use serde::{Deserialize, Serialize};

/// The evidence of one training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SftOutcome {
    /// What the base model is called.
    pub base: String,
    /// Numbers of the base model, which stay as they are.
    pub base_parameters: u64,
    /// Numbers of the adapter.
    pub parameters: u64,
    /// Rank of the adapter.
    pub rank: u64,
    /// Its scale is this over the rank.
    pub alpha: f64,
    /// The matrices it changes.
    pub targets: Vec<String>,
    /// Conversations of each table.
    pub rows: Rows,
    /// Conversations that were not learnt from.
    pub unfit: UnfitRows,
    /// Tokens of the training conversations, and those of them that are learnt.
    pub tokens: (u64, u64),
    /// Every step: mean loss of its tokens before it, and its learning rate.
    pub steps: Vec<(f64, f64)>,
    /// Mean loss of the validation tokens, of preferences of the validation pairs, after every epoch; empty without validation rows.
    pub validation: Vec<f64>,
    /// The epoch that was kept, from 1.
    pub best: u64,
    /// On the test rows, with the adapter.
    pub metrics: Vec<Figure>,
    /// On the same rows, the base model alone.
    pub base_metrics: Vec<Figure>,
    /// Some test rows.
    pub samples: Vec<Sample>,
    /// What the model remembers word by word.
    pub memory: Memory,
    /// The gate that the merged model passed.
    pub parity: MergeParity,
    /// Of a model that learnt from preferences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preference: Option<Preferred>,
}

/// What only learning from preferences has (Rafailov et al. 2023).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preferred {
    /// How closely the model was held to its base; above 0.
    pub beta: f64,
    /// Share of the validation pairs, after every epoch, whose preferred answer gained more than the other; in [0, 1].
    pub accuracies: Vec<f64>,
}

/// A figure on the test rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// `exact_match`, `loss` or `perplexity`; of preferences also `preference`, `likelier` and `preference_loss`.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its 95 % interval (Wilson's), where it is a share.
    pub interval: Option<(f64, f64)>,
}

impl Figure {
    /// What it is called.
    pub fn title(&self) -> Text {
        match self.name.as_str() {
            "exact_match" => Text::new(
                "Exact match (same text, or same JSON value)",
                "完全一致率（文本相同或 JSON 值相同）",
            ),
            "loss" => Text::new("Loss of an answer's token", "回答词元的平均损失"),
            "perplexity" => Text::new("Perplexity", "困惑度"),
            "preference" => Text::new(
                "Preference accuracy (the preferred answer gained more than the rejected one)",
                "偏好准确率（偏好回答的概率提升高于被拒回答）",
            ),
            "likelier" => {
                Text::new("The preferred answer is the likelier one", "偏好回答概率更高的比例")
            }
            "preference_loss" => Text::new("Preference loss (DPO)", "偏好损失（DPO）"),
            other => Text::same(other),
        }
    }
}

/// Whether an answer is the expected one: the same text, or the same JSON value.
pub fn same_answer(said: &str, expected: &str) -> bool {
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text.trim()).ok();
    said.trim() == expected.trim() || json(expected).is_some_and(|value| json(said) == Some(value))
}

/// A share of answers, with Wilson's interval of 95 %; `None` of none.
pub fn share_figure(name: &str, hits: u64, rows: u64) -> Option<Figure> {
    crate::metrics::share(hits, rows).map(|share| figure_of(name, share))
}

/// The same of pairs, of which a tie counts half.
#[cfg(feature = "language")]
pub(super) fn half_figure(name: &str, hits: f64, pairs: u64) -> Option<Figure> {
    crate::metrics::share_of(hits, pairs).map(|share| figure_of(name, share))
}

fn figure_of(name: &str, share: Share) -> Figure {
    let interval = Some((share.low, share.high));
    Figure { name: name.to_owned(), value: share.value, interval }
}

/// Conversations that were not learnt from, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfitRows {
    /// Longer than `train.lora.max_tokens`.
    pub long: u64,
    /// Without an answer.
    pub silent: u64,
    /// With a mark of the template in somebody's words.
    pub mark: u64,
    /// Refused by the template.
    pub refused: u64,
    /// Rows of several columns of which one is empty: no question, no answer, or no answer that another was preferred to.
    #[serde(default)]
    pub empty: u64,
    /// Whose preferred answer is the one it was preferred to.
    #[serde(default)]
    pub alike: u64,
}

impl UnfitRows {
    /// All of them.
    pub const fn total(self) -> u64 {
        self.long + self.silent + self.mark + self.refused + self.empty + self.alike
    }

    /// How many there are of each kind; `roles` are those that were found where no answer was.
    pub fn told(self, roles: &[String]) -> Text {
        let found = match roles {
            [] => Text::same(""),
            roles => Text::new(
                format!(" (roles found: {})", roles.join(", ")),
                format!("（出现的角色：{}）", roles.join("、")),
            ),
        };
        let parts = [
            (self.empty, "without a question or an answer", "缺少提问或回答", None),
            (self.long, "too long", "超出长度上限", None),
            (self.silent, "without an assistant's answer", "没有 assistant 的回答", Some(found)),
            (
                self.mark,
                "with a mark of the template in somebody's words",
                "文本中含有模板标记",
                None,
            ),
            (self.refused, "refused by the template", "模板无法处理", None),
            (self.alike, "whose two answers are the same", "两个回答相同", None),
        ];
        let (mut english, mut chinese) = (Vec::new(), Vec::new());
        for (count, en, zh, more) in parts.into_iter().filter(|part| part.0 > 0) {
            let more = more.unwrap_or_else(|| Text::same(""));
            english.push(format!("{count} {en}{}", more.en));
            chinese.push(format!("{zh} {count} 段{}", more.zh));
        }
        Text::new(english.join(", "), chinese.join("，"))
    }
}

/// One test row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// What was asked.
    pub asked: String,
    /// What the data say.
    pub expected: String,
    /// What the base model says.
    pub before: String,
    /// What the trained model says.
    pub after: String,
    /// Whether these two are cut off at the greatest length of an answer.
    #[serde(default)]
    pub cut: [bool; 2],
}

/// Tests of memorisation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Made-up secrets that were hidden in the training data.
    pub canaries: Vec<Canary>,
    /// Wrong secrets that each was ranked among.
    pub candidates: u64,
    /// Prompts that were tried to get personal values out.
    pub tried: u64,
    /// Personal values of the training rows that were looked for.
    pub personal: u64,
    /// Those of them that an answer held though its prompt did not.
    pub extracted: u64,
    /// Whether personal values were looked for at all.
    pub searched: bool,
}

/// A made-up secret.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    /// log₂ of the candidates minus log₂ of its rank among them by loss (Carlini et al. 2019): 0 to log₂(candidates + 1).
    pub exposure: f64,
    /// The same of the base model, which never saw it.
    pub untrained: f64,
    /// The language that it was told in.
    pub lang: Lang,
    /// Whether the model completes it word by word.
    pub recited: bool,
}

/// How far the merged model, read back from its file, is from the trained one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct MergeParity {
    /// Tokens compared.
    pub tokens: u64,
    /// Mean Kullback-Leibler divergence of the next-token distributions, in nats.
    pub divergence: f64,
    /// Greatest difference of a score.
    pub difference: f64,
    /// Share of the tokens whose likeliest successor is the same.
    pub agreement: f64,
    /// Greatest divergence that passes.
    pub tolerance: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_used_is_counted_by_reason() {
        let unfit = UnfitRows { long: 2, silent: 3, empty: 1, alike: 4, ..UnfitRows::default() };
        assert_eq!(unfit.total(), 10);
        let told = unfit.told(&["human".to_owned(), "gpt".to_owned()]);
        assert_eq!(
            told.en,
            "1 without a question or an answer, 2 too long, 3 without an assistant's answer (roles found: human, gpt), \
             4 whose two answers are the same"
        );
        assert!(
            told.zh.contains("没有 assistant 的回答 3 段（出现的角色：human、gpt）"),
            "{}",
            told.zh
        );
    }
}

//! One figure for what risk remains in a protected data set.

use crate::detect::quality::recall_at_least;
use ingot_base::Text;
use serde::{Deserialize, Serialize};

/// What is known about the channels through which a person could be recognised; a channel that the data set does not have is
/// left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Free text that was searched for identifiers.
    pub text: Option<TextEvidence>,
    /// Probability that somebody who knows a random person's quasi-identifiers, and that the person is in the table, picks the right row:
    /// the mean over persons of 1 / (persons whose rows look the same). In [0, 1].
    pub prosecutor: Option<f64>,
    /// Upper end of the interval of the linkage attack's success ([`Linkage::found`](crate::attack::Linkage)). In [0, 1].
    pub linkage_upper: Option<f64>,
}

/// What the detectors leave in the text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TextEvidence {
    /// Share of identifiers that the detectors find, as measured; the lower end of its interval, to be safe. In [0, 1].
    pub recall: f64,
    /// Identifiers in the text, a person, before protection, on average over all persons of the data set.
    pub identifiers_per_person: f64,
}

impl TextEvidence {
    /// From what was found in the texts of a data set with so many persons (rows, where nothing names persons), and from the measured quality of the
    /// detectors ([`quality`](crate::detect::quality)): where `n` values of a type were found and at least the share `r` of such values
    /// is, there were at most `n / r`. `None` without a text column.
    #[expect(clippy::cast_precision_loss, reason = "counts of findings and persons")]
    pub fn measured(texts: &[crate::TextEvidence], persons: u64) -> Option<Self> {
        if texts.is_empty() || persons == 0 {
            return None;
        }
        let (mut found, mut present) = (0.0, 0.0);
        for (kind, sum) in texts.iter().flat_map(|text| &text.findings) {
            found += sum.count as f64;
            present += sum.count as f64 / recall_at_least(kind);
        }
        let recall = if found > 0.0 { found / present } else { recall_at_least("") };
        Some(Self { recall, identifiers_per_person: present / persons as f64 })
    }
}

/// The residual-risk figure and what it is made of.
///
/// `risk` bounds from above the probability that a person drawn at random from the data set is re-identified by the strongest
/// attacker considered: one who knows the person's quasi-identifiers, knows that the person is in the data set, and reads all text.
///
/// 1. *Text.* A person with m identifiers, each missed with probability 1 − r, keeps one with probability at most m(1 − r) (Boole's
///    inequality; misses may depend on each other, as they do when a name is written strangely throughout). The mean over persons
///    is at most m̄(1 − r). A person whose identifier was missed counts as re-identified.
/// 2. *Table.* The prosecutor risk is reckoned from classes of equal rows, the linkage success is measured by distance. Both
///    describe the same channel, and each can miss what the other sees, so the larger counts: `max`.
/// 3. *Together.* The attacker succeeds when either channel gives the person away. Whether the same persons are weak in both is
///    not known, so neither `max` (as if always the same) nor 1 − ∏(1 − pᵢ) (as if independent) is a bound; the sum is: `min(1, text + table)`.
///
/// Recall is measured on other texts, and the number of identifiers is reckoned from those found: of a data set whose texts are of a sort
/// that the detectors cannot read, the figure is too small, and the explanation says so.
///
/// A value that is no number counts as 1. A channel without evidence counts as 0 and the explanation says so: the figure is as
/// complete as its evidence. Membership is no part of it: to know that a person is in the data set is assumed already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Residual {
    /// The figure, in [0, 1].
    pub risk: f64,
    /// Share of persons with an identifier that was not found: at most this.
    pub text: Option<f64>,
    /// Share of persons whose row is found: at most this, and by what it was reckoned.
    pub table: Option<f64>,
    /// Where it comes from.
    pub evidence: Evidence,
    /// The figure in words.
    pub explanation: Text,
}

impl Residual {
    /// Combines the evidence.
    pub fn new(evidence: Evidence) -> Self {
        let text = evidence.text.map(|text| {
            let missed = 1.0 - probability(text.recall, 0.0);
            let identifiers = text.identifiers_per_person;
            // Unknown or negative numbers of identifiers bound nothing.
            if identifiers >= 0.0 { (identifiers * missed).min(1.0) } else { 1.0 }
        });
        let table = match (evidence.prosecutor, evidence.linkage_upper) {
            (None, None) => None,
            (one, other) => {
                let of = |value: Option<f64>| value.map_or(0.0, |value| probability(value, 1.0));
                Some(of(one).max(of(other)))
            }
        };
        let risk = (text.unwrap_or(0.0) + table.unwrap_or(0.0)).min(1.0);
        let explanation = explain(risk, text, table, &evidence);
        Self { risk, text, table, evidence, explanation }
    }
}

/// A probability, or the worst one where there is none.
fn probability(value: f64, worst: f64) -> f64 {
    if value.is_nan() { worst } else { value.clamp(0.0, 1.0) }
}

/// Rounded up, so that the words never say less than the figure.
fn percent(value: f64) -> String {
    format!("{:.2} %", (value * 10_000.0 - 1e-7).ceil().max(0.0) / 100.0)
}

fn explain(risk: f64, text: Option<f64>, table: Option<f64>, evidence: &Evidence) -> Text {
    let risk = percent(risk);
    let headline = if table.is_none() {
        Text::new(
            format!(
                "At most {risk} of persons keep an identifier in the texts, for somebody who reads them all."
            ),
            format!("对能阅读全部文本的人而言，文本中仍保留标识信息的人最多占 {risk}。"),
        )
    } else {
        Text::new(
            format!(
                "At most {risk} of persons could be re-identified by somebody who knows their quasi-identifiers, knows that they are in the data and reads all text."
            ),
            format!(
                "若攻击者掌握某人的准标识符、知道其在数据中并能阅读全部文本，则最多有 {risk} 的人可能被重新识别。"
            ),
        )
    };
    let sentences = [headline, explain_text(text, evidence), explain_table(table, evidence)];
    let en: Vec<&str> = sentences.iter().map(|sentence| sentence.en.as_str()).collect();
    Text { en: en.join(" "), zh: sentences.iter().map(|sentence| sentence.zh.as_str()).collect() }
}

fn explain_text(share: Option<f64>, evidence: &Evidence) -> Text {
    let Some((share, found)) = share.zip(evidence.text) else {
        return Text::new("Text: no evidence, not counted.", "文本：没有证据，未计入。");
    };
    // Rounded down: the words never promise more than was measured.
    let recall = format!("{:.2} %", (found.recall * 10_000.0 + 1e-7).floor() / 100.0);
    let (each, share) = (found.identifiers_per_person, percent(share));
    Text::new(
        format!(
            "Text: by their recall as measured on other texts, the detectors find {recall} of identifiers; with {each:.2} a person, at most {share} keep one. What they miss altogether in these texts cannot be counted: fewer findings make this figure smaller, not the data safer."
        ),
        format!(
            "文本：按在其他文本上实测的召回率，检测器能找出 {recall} 的标识信息；每人平均 {each:.2} 处，最多 {share} 的人仍有遗漏。检测器在这些文本中完全没有识别出的内容无法计入：发现得少只会使该数字变小，并不表示数据更安全。"
        ),
    )
}

fn explain_table(share: Option<f64>, evidence: &Evidence) -> Text {
    let Some(share) = share else {
        return Text::new(
            "Table: not measured, and no part of this figure; whoever knows several of a person's columns may find the row. `[protect] anonymity` bounds that, `ingot risk` measures it.",
            "表格：未作评估，不包含在该数字中；知道某人若干列取值的人可能找到对应的行。可用 `[protect] anonymity` 限制该风险，用 `ingot risk` 评估。",
        );
    };
    let shown = |value: Option<f64>, none: &str| value.map_or(none.to_owned(), percent);
    let (classes, attack) = (evidence.prosecutor, evidence.linkage_upper);
    Text::new(
        format!(
            "Table: equal rows give {}, the linkage attack at most {}; the larger counts, {}.",
            shown(classes, "no evidence"),
            shown(attack, "not run"),
            percent(share)
        ),
        format!(
            "表格：按等价类计算为 {}，链接攻击实测上限为 {}；取较大者 {}。",
            shown(classes, "无证据"),
            shown(attack, "未运行"),
            percent(share)
        ),
    )
}

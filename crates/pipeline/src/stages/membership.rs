//! Who was in the training data? The attack that asks the trained model itself, run on rows of which the answer is known.

use ingot_base::{Result, Signature, Text};
use ingot_privacy::attack::{Effort, Membership, membership_by_loss};
use ingot_report::{Page, number};
use ingot_runtime::{Predictor, TabularModel};
use ingot_train::Encoded;

/// Where the stage's evidence has the attack.
pub(crate) const MEMBERSHIP: &str = "membership";
/// A probability below this is as bad as this.
const LEAST: f64 = 1e-15;
/// From this area on, the attacker has learned something that matters.
const TELLING: f64 = 0.6;

/// A loss for every row whose truth is known: the negative logarithm of the truth's probability, or the squared error.
fn losses(model: &TabularModel, rows: &Encoded) -> Result<Vec<f64>> {
    let signature: &Signature = model.signature();
    let classes = signature.task.is_classification();
    let scores = model.scores(&rows.matrix)?;
    let loss = |(scores, label): (&[f64], &f64)| {
        let first = scores.first().copied().unwrap_or(f64::NAN);
        if !label.is_finite() {
            return None;
        }
        if !classes {
            return Some((first - label) * (first - label));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "class indices are small whole numbers"
        )]
        let class = *label as usize;
        let truth = match scores {
            [one] if class == 0 => 1.0 - one,
            [one] => *one,
            several => several.get(class).copied().unwrap_or(0.0),
        };
        Some(-truth.clamp(LEAST, 1.0).ln())
    };
    let losses = scores.iter_rows().zip(&rows.labels).filter_map(loss);
    Ok(losses.filter(|loss| !loss.is_nan()).collect())
}

/// Rows that were learned from against rows that were not, told apart by the model's loss (Yeom et al. 2018).
///
/// # Errors
/// When no row of either side has a truth.
pub(crate) fn attack(
    model: &TabularModel,
    train: &Encoded,
    test: &Encoded,
    seed: u64,
) -> Result<Membership> {
    let effort = Effort { seed, ..Effort::default() };
    membership_by_loss(&losses(model, train)?, &losses(model, test)?, &effort)
}

/// The attack in words.
pub(crate) fn sentence(found: &Membership) -> Text {
    let percent = |share: f64| number(share * 100.0, 2);
    let (auc, low, high) =
        (number(found.auc, 3), number(found.auc_lower, 3), number(found.auc_upper, 3));
    let (right, most) = (percent(found.at_one_percent.value), percent(found.at_one_percent.upper));
    let (en, zh) = if found.auc_lower > TELLING {
        (
            " The model tells who it learned from: fewer or shallower trees, or more rows, make it say less.",
            "模型会泄露哪些人在训练数据中：减少树的数量或深度、增加数据行，可减轻泄露。",
        )
    } else {
        ("", "")
    };
    Text::new(
        format!(
            "Membership attack, run on the model: whether a row was learned from is told from its loss with an area under the curve of {auc} (95% interval {low} to {high}; 0.5 is guessing). At 1% false alarms it recognises {right}% of the rows learned from, at most {most}%.{en}"
        ),
        format!(
            "成员推断攻击（已对模型实测）：凭损失判断某行是否参与训练，曲线下面积为 {auc}（95% 区间 {low} 至 {high}，0.5 即随机猜测）。误报率为 1% 时，可认出 {right}% 的训练行（上限 {most}%）。{zh}"
        ),
    )
}

/// The attack in the training report.
pub(crate) fn report(page: &mut Page, found: &Membership) {
    let section = page.section(Text::new("Who was in the training data", "哪些人在训练数据中"));
    section.paragraph(sentence(found));
    let fact =
        |en: &str, zh: &str, value: String| (Text::new(en, zh), Text::new(value.clone(), value));
    section.facts(vec![
        fact("rows learned from, attacked", "被攻击的训练行", found.members.to_string()),
        fact("rows not learned from", "未参与训练的行", found.others.to_string()),
        fact("area under the curve", "曲线下面积", number(found.auc, 4)),
        fact("largest advantage", "最大优势", number(found.advantage, 4)),
        fact(
            "recognised at 1% false alarms",
            "误报率 1% 时的识别率",
            format!("{}%", number(found.at_one_percent.value * 100.0, 2)),
        ),
    ]);
}

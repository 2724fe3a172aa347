//! The part of a training report on rows and columns to look at again.

use crate::review::{LabelFindings, OutlyingRow, Review};
use ingot_base::Text;
use ingot_report::chart::{self, Axis};
use ingot_report::{Cell, Column, Page, Section, Table, count, number};
use std::collections::BTreeMap;

/// Classes of which a chart shows the rows.
const SHOWN: usize = 30;
/// Columns of which a chart shows what they tell.
const TELLING: usize = 15;

/// Adds the section.
pub(crate) fn section(page: &mut Page, review: &Review) {
    let section = page.section(Text::new("Worth another look", "值得复核之处"));
    if let Some(labels) = &review.labels {
        doubtful(section, labels);
    }
    classes(section, review);
    outlying(section, &review.outliers, review.outlier_limit);
    columns(section, review);
}

/// Rows whose label is probably wrong.
pub(crate) fn doubtful(section: &mut Section, labels: &LabelFindings) {
    let (found, rows, folds) =
        (count(labels.doubtful.len() as u64), count(labels.rows), labels.folds);
    section.paragraph(Text::new(
        format!(
            "Labels to look at: of {found} in {rows} training rows the model is sure of another, by confident learning (Northcutt et al. 2021) on probabilities from {folds} folds that had not seen the row. Nothing was changed. Look at them, and correct the source only where a record shows the label to be wrong: an outcome that did happen is no error, however unlikely it was."
        ),
        format!(
            "值得核对的标签：{rows} 行训练数据中，有 {found} 行模型确信应为另一类别。方法为置信学习（Northcutt 等，2021），概率来自未见过该行的 {folds} 折模型。数据未作任何改动。请人工核对，只有凭证据确认标错时才在数据源中更正：确已发生的结果，即使再罕见，也不算标错。"
        ),
    ));
    if labels.doubtful.is_empty() {
        return;
    }
    let mut pairs: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for row in &labels.doubtful {
        *pairs.entry((&row.label, &row.suggested)).or_default() += 1;
    }
    section.table(Table {
        columns: vec![
            Column::text(Text::new("Label", "标签")),
            Column::text(Text::new("Probably", "更可能为")),
            Column::number(Text::new("Rows", "行数")),
        ],
        rows: pairs
            .into_iter()
            .map(|((label, probably), rows)| {
                vec![Cell::same(label), Cell::same(probably), Cell::count(rows)]
            })
            .collect(),
    });
    named(section);
    if labels.classes.len() <= 12 {
        joint(section, labels);
    }
}

/// A sealed package carries this page to people who may not know about single rows.
fn named(section: &mut Section) {
    section.note(Text::new(
        "suspicious-rows.json beside this report names every one of these rows, for the owner of the data alone; it is no part of the sealed package.",
        "本报告旁的 suspicious-rows.json 列出了这些行的行号，仅供数据所有者查看，不会进入封装的模型包。",
    ));
}

fn joint(section: &mut Section, labels: &LabelFindings) {
    section.paragraph(Text::new(
        "Estimated rows by label (lines) and true class (columns):",
        "按标签（行）与真实类别（列）估计的行数：",
    ));
    let mut columns = vec![Column::text(Text::new("Label", "标签"))];
    columns.extend(labels.classes.iter().map(|class| Column::number(Text::same(class.clone()))));
    let rows = labels.classes.iter().zip(&labels.joint).map(|(class, counts)| {
        let counts = counts.iter().map(|count| Cell::count(*count));
        std::iter::once(Cell::same(class.clone())).chain(counts).collect()
    });
    section.table(Table { columns, rows: rows.collect() });
}

#[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
fn classes(section: &mut Section, review: &Review) {
    let Some(imbalance) = &review.imbalance else { return };
    let (ratio, evenness) = (number(imbalance.ratio, 1), number(imbalance.evenness, 3));
    let (hint_en, hint_zh) = if imbalance.ratio >= 10.0 {
        (
            " The rare class is easily overlooked: consider `train.balance` or `train.cost`.",
            "稀有类别容易被忽视，可考虑 `train.balance` 或 `train.cost`。",
        )
    } else {
        ("", "")
    };
    section.paragraph(Text::new(
        format!("The largest class has {ratio} times the rows of the smallest; evenness {evenness} (1 is even).{hint_en}"),
        format!("最大类别的行数是最小类别的 {ratio} 倍；均匀度 {evenness}（1 为完全均匀）。{hint_zh}"),
    ));
    let items: Vec<(Text, f64)> = review
        .counts
        .iter()
        .take(SHOWN)
        .map(|(class, rows)| (Text::same(class.clone()), *rows as f64))
        .collect();
    section.figure(
        Text::new("Training rows of each class", "各类别的训练行数"),
        chart::bars(&items, &Axis::new(Text::new("rows", "行数")), 0),
    );
}

fn outlying(section: &mut Section, rows: &[OutlyingRow], limit: f64) {
    let found = count(rows.len() as u64);
    section.paragraph(Text::new(
        format!("Rows far from all others in the number columns: {found} (distance to the nearest rows beyond {limit} robust standard deviations)."),
        format!("数值列上远离其他行的数据：{found} 行（与最近邻的距离超过 {limit} 个稳健标准差）。"),
    ));
    if rows.is_empty() {
        return;
    }
    let mut apart: BTreeMap<&str, u64> = BTreeMap::new();
    for row in rows {
        *apart.entry(&row.column).or_default() += 1;
    }
    section.table(Table {
        columns: vec![
            Column::text(Text::new("Set apart most by", "主要差异列")),
            Column::number(Text::new("Rows", "行数")),
        ],
        rows: apart
            .into_iter()
            .map(|(column, rows)| vec![Cell::same(column), Cell::count(rows)])
            .collect(),
    });
    named(section);
}

fn columns(section: &mut Section, review: &Review) {
    if review.columns.is_empty() {
        return;
    }
    let items: Vec<(Text, f64)> = review
        .columns
        .iter()
        .take(TELLING)
        .map(|column| (Text::same(column.column.clone()), 100.0 * column.share))
        .collect();
    section.figure(
        Text::new(
            "How much of the target each column tells by itself on the test rows; near 100 % it gives the answer away",
            "各列单独能解释目标的比例（测试集）；接近 100% 说明该列泄露了答案",
        ),
        chart::bars(&items, &Axis::fixed(Text::new("% explained", "解释比例 %"), 0.0, 100.0), 1),
    );
}

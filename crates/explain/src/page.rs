//! The explanation report.

use crate::outcome::{Dependence, ExplainOutcome, Point};
use ingot_base::Text;
use ingot_report::chart::{self, Axis, Dot, Series};
use ingot_report::{Cell, Column, Page, Table};

/// Inputs shown in the pictures; the table has them all.
const SHOWN: usize = 12;

/// The report of a study, with the surrogate tree's picture.
pub fn explanation_report(outcome: &ExplainOutcome, surrogate_svg: &str) -> Page {
    let mut page = Page::new(Text::new("What the model does and why", "模型的行为及其原因"));
    page.lead(Text::new(
        "Which inputs decide, in which direction, how far the model depends on them, and a small tree that imitates it.",
        "哪些输入起决定作用、作用方向如何、模型对其依赖程度，以及一棵模仿模型的小型决策树。",
    ));
    importance(&mut page, outcome);
    permutation(&mut page, outcome);
    dependence(&mut page, outcome);
    surrogate(&mut page, outcome, surrogate_svg);
    reasons(&mut page, outcome);
    page
}

fn dependence(page: &mut Page, outcome: &ExplainOutcome) {
    if outcome.dependence.is_empty() {
        return;
    }
    let section = page.section(Text::new("How the answer changes", "输出如何随输入变化"));
    section.paragraph(Text::new(
        "The mean answer when one input is set to each value and the others stay as they are; thin lines are single rows. Where few rows lie, and where inputs move together, the curve is a guess.",
        "把某个输入依次设为各个取值、其余输入保持不变时的平均输出；细线为单独的数据行。数据稀少或输入之间相关时，曲线仅供参考。",
    ));
    for item in &outcome.dependence {
        let caption =
            Text::new(format!("By {}", item.title.en), format!("随{}的变化", item.title.zh));
        section.figure(caption, curve(item, outcome));
    }
}

/// How single answers are explained, and with what they are compared.
fn reasons(page: &mut Page, outcome: &ExplainOutcome) {
    let section = page.section(Text::new("Reasons for a single answer", "单个结果的原因说明"));
    section.paragraph(Text::new(
        "For every answer the server names up to four inputs that spoke most for it, each with a code that survives retraining: R-INPUT-HIGH or R-INPUT-LOW beside the usual number, R-INPUT-VALUE for a category, R-INPUT-MISSING. The sentences compare with the values below: medians, or the commonest category, of training rows.",
        "对每个结果，服务会列出最多四个起主要作用的输入，并给出重新训练后仍保持不变的代码：与通常数值相比的 R-输入-HIGH 或 R-输入-LOW，类别的 R-输入-VALUE，缺失值的 R-输入-MISSING。说明文字与下表比较：训练数据的中位数或最常见类别。",
    ));
    let mut columns =
        vec![Column::text(Text::new("Input", "输入")), Column::text(Text::new("Code", "代码"))];
    columns.extend(outcome.groups.iter().map(|group| Column::number(group.clone())));
    let rows = outcome.usual.iter().map(|usual| {
        let code = Cell::same(format!("R-{}-…", crate::explainer::code(&usual.feature)));
        let values = usual.values.iter().map(|value| {
            value.as_ref().map_or_else(Cell::empty, |value| Cell::text(value.clone()))
        });
        [Cell::text(usual.title.clone()), code].into_iter().chain(values).collect()
    });
    section.table(Table { columns, rows: rows.collect() });
}

fn importance(page: &mut Page, outcome: &ExplainOutcome) {
    let section = page.section(Text::new("What matters", "哪些输入重要"));
    section.facts(vec![
        (Text::new("Rows explained", "解释的行数"), count(outcome.rows)),
        (Text::new("Inputs", "输入数"), count(outcome.features.len())),
        (
            Text::new("Inputs in use", "实际用到的输入"),
            count(outcome.features.iter().filter(|feature| feature.importance > 0.0).count()),
        ),
    ]);
    section.paragraph(Text::new(
        "Exact Shapley values of held-out rows: with the base value they add up to the model's raw score, for every row (checked).",
        "对留出数据逐行计算的精确 Shapley 值：与基准值相加恰好等于模型的原始得分（逐行核对）。",
    ));
    let bars: Vec<(Text, f64)> = outcome
        .features
        .iter()
        .take(SHOWN)
        .map(|feature| (feature.title.clone(), feature.importance))
        .collect();
    let axis = Axis::new(Text::new(
        "mean absolute contribution to the raw score",
        "对原始得分的平均绝对贡献",
    ));
    section.figure(Text::new("Importance", "重要性"), chart::bars(&bars, &axis, 3));
    let dots: Vec<(Text, Vec<Dot>)> = outcome
        .features
        .iter()
        .take(SHOWN)
        .map(|feature| {
            let dots = feature
                .swarm
                .iter()
                .map(|dot| Dot { x: dot.effect, shade: dot.rank.unwrap_or(f64::NAN) })
                .collect();
            (feature.title.clone(), dots)
        })
        .collect();
    let axis = Axis::new(Text::new("contribution to the raw score", "对原始得分的贡献"));
    section.figure(
        Text::new(
            "Each dot is a row; grey: missing, or a category without order",
            "每个点代表一行；灰色表示缺失或无序的类别",
        ),
        chart::dots(&dots, &axis),
    );
}

fn permutation(page: &mut Page, outcome: &ExplainOutcome) {
    let section = page.section(Text::new("What the model relies on", "模型依赖哪些输入"));
    section.paragraph(Text::new(
        format!(
            "How much the {} grows ({:.4} as it is) when an input is shuffled among the held-out rows: mean and range of {} repeats.",
            outcome.loss.en, outcome.loss_value, outcome.repeats
        ),
        format!(
            "在留出数据中打乱某个输入后，{}（原值 {:.4}）的增量：{} 次重复的均值与范围。",
            outcome.loss.zh, outcome.loss_value, outcome.repeats
        ),
    ));
    let items: Vec<(Text, f64, f64, f64)> = outcome
        .features
        .iter()
        .take(SHOWN)
        .map(|f| (f.title.clone(), f.permutation.mean, f.permutation.low, f.permutation.high))
        .collect();
    let axis = Axis::new(Text::new(
        format!("increase of the {}", outcome.loss.en),
        format!("{}的增量", outcome.loss.zh),
    ));
    section.figure(
        Text::new("Permutation importance", "置换重要性"),
        chart::intervals(&items, &axis, 4),
    );
    section.table(Table {
        columns: vec![
            Column::text(Text::new("Input", "输入")),
            Column::number(Text::new("Mean |contribution|", "平均绝对贡献")),
            Column::number(Text::new("Permutation", "置换")),
            Column::number(Text::new("Lowest", "最小")),
            Column::number(Text::new("Highest", "最大")),
        ],
        rows: outcome
            .features
            .iter()
            .map(|feature| {
                vec![
                    Cell::text(feature.title.clone()),
                    Cell::number(feature.importance, 4),
                    Cell::number(feature.permutation.mean, 4),
                    Cell::number(feature.permutation.low, 4),
                    Cell::number(feature.permutation.high, 4),
                ]
            })
            .collect(),
    });
}

fn curve(item: &Dependence, outcome: &ExplainOutcome) -> String {
    let axis = Axis::new(outcome.answer.clone());
    if !item.ordered {
        let first = |point: &Point| point.mean.first().copied().unwrap_or(f64::NAN);
        let bars: Vec<(Text, f64, f64)> = item
            .points
            .iter()
            .map(|point| (point.label.clone(), first(point), point.share))
            .collect();
        return chart::bars_with_share(&bars, &axis, 3);
    }
    let several = outcome.classes.len() > 1;
    let series: Vec<Series> = outcome
        .classes
        .iter()
        .enumerate()
        .take(6)
        .map(|(class, name)| Series {
            name: Text::same(name.clone()),
            points: item
                .points
                .iter()
                .filter_map(|point| Some((point.value, *point.mean.get(class)?)))
                .collect(),
            band: vec![],
        })
        .collect();
    let line = |answers: &Vec<f64>| {
        item.points.iter().zip(answers).map(|(point, answer)| (point.value, *answer)).collect()
    };
    // With several classes the lines of single rows would hide the means.
    let threads: Vec<Vec<(f64, f64)>> =
        item.single.iter().take(if several { 0 } else { usize::MAX }).map(line).collect();
    let bins: Vec<(f64, f64, f64)> =
        item.bins.iter().map(|bin| (bin.from, bin.to, bin.share)).collect();
    chart::response(&series, &threads, &bins, &Axis::new(item.title.clone()), &axis)
}

fn surrogate(page: &mut Page, outcome: &ExplainOutcome, svg: &str) {
    let tree = &outcome.surrogate;
    let section = page.section(Text::new("A tree that imitates the model", "模仿模型的决策树"));
    let mut facts = vec![
        (
            Text::new("Fidelity R²", "保真度 R²"),
            Text::same(tree.r2.map_or_else(|| "–".to_owned(), |r2| ingot_report::number(r2, 3))),
        ),
        (Text::new("Leaves", "叶节点数"), count(tree.leaves)),
    ];
    if let Some(agreement) = tree.agreement {
        facts.push((
            Text::new("Same label", "标签一致率"),
            Text::same(format!("{:.1}%", agreement * 100.0)),
        ));
    }
    section.facts(facts);
    section.note(Text::new(
        format!(
            "Measured on {} held-out rows. The tree describes the model; it is not the model.",
            tree.rows
        ),
        format!("在 {} 行留出数据上测得。该树用于描述模型，并非模型本身。", tree.rows),
    ));
    section.figure(Text::new("Surrogate decision tree", "代理决策树"), svg.to_owned());
}

fn count(value: usize) -> Text {
    Text::same(value.to_string())
}

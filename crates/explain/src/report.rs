//! The explanation report.

use crate::global::{Dependence, ExplainOutcome};
use ingot_base::Text;
use ingot_report::chart::{self, Axis, Dot, Series};
use ingot_report::{Cell, Column, Page, Table, number};

/// Features shown in charts.
const SHOWN: usize = 12;

/// The report as a page.
pub fn explanation_report(outcome: &ExplainOutcome, surrogate_svg: &str) -> Page {
    let mut page = Page::new(Text::new("Explanation report", "解释报告"));
    page.lead(Text::new(
        "What the model looks at, in which direction, and how a simple tree would say it.",
        "模型依据什么、朝哪个方向判断，以及用一棵简单的决策树如何表述。",
    ));
    importance(&mut page, outcome);
    for feature in &outcome.dependence {
        dependence(&mut page, feature, outcome.dependence.first().is_some_and(|first| first == feature));
    }
    surrogate(&mut page, outcome, surrogate_svg);
    page
}

fn importance(page: &mut Page, outcome: &ExplainOutcome) {
    let section = page.section(Text::new("What matters", "什么最重要"));
    section.facts(vec![
        (Text::new("rows explained", "解释的行数"), Text::same(number(crate::surrogate::real(outcome.rows), 0))),
        (Text::new("largest additivity error", "最大可加性误差"), Text::same(format!("{:.0e}", outcome.additivity))),
    ]);
    section.paragraph(Text::new(
        "Shapley values are exact (TreeSHAP): for every row, the contributions and the mean score add up to the row's raw score. Shuffling a feature and watching the error grow is a second, independent opinion.",
        "Shapley 值为精确计算（TreeSHAP）：对每一行，各项贡献与平均得分之和等于该行的原始得分。打乱某个特征后误差增加多少，则是另一种独立的衡量。",
    ));
    let items: Vec<(Text, f64)> =
        outcome.importance.iter().take(SHOWN).map(|feature| (feature.title.clone(), feature.shapley)).collect();
    section.figure(
        Text::new("Mean absolute Shapley value", "Shapley 值绝对值的均值"),
        chart::bars(&items, &Axis::new(Text::new("raw score (log-odds for classes)", "原始得分（分类为对数几率）")), 3),
    );
    let rows: Vec<(Text, Vec<Dot>)> = outcome
        .importance
        .iter()
        .filter(|feature| !feature.dots.is_empty())
        .map(|feature| {
            let dots = feature.dots.iter().map(|dot| Dot { x: dot.x, shade: if dot.y < 0.0 { f64::NAN } else { dot.y } });
            (feature.title.clone(), dots.collect())
        })
        .collect();
    section.figure(
        Text::new("Each dot is a row: where a feature's value moved its score", "每个点为一行：特征取值把得分推向何方"),
        chart::dots(&rows, &Axis::new(Text::new("Shapley value", "Shapley 值"))),
    );
    section.table(Table {
        columns: vec![
            Column::text(Text::new("feature", "特征")),
            Column::number(Text::new("mean |Shapley|", "平均 |Shapley|")),
            Column::number(Text::new("error growth when shuffled", "打乱后误差增加")),
            Column::number(Text::new("± spread", "± 波动")),
        ],
        rows: outcome
            .importance
            .iter()
            .map(|feature| {
                vec![
                    Cell::text(feature.title.clone()),
                    Cell::number(feature.shapley, 4),
                    Cell::number(feature.permutation, 4),
                    Cell::number(feature.spread, 4),
                ]
            })
            .collect(),
    });
}

fn dependence(page: &mut Page, feature: &Dependence, first: bool) {
    let title = if first {
        Text::new("How the score depends on it", "得分如何随特征变化")
    } else {
        Text::new(format!("… on {}", feature.title.en), format!("……{}", feature.title.zh))
    };
    let section = page.section(title);
    if first {
        section.paragraph(Text::new(
            "Mean score if every row had the value, all else unchanged (partial dependence), above the share of rows near it. Where few rows are, the curve says little.",
            "假设所有行都取该值、其他不变时的平均得分（部分依赖），下方为取值附近的行数占比。行数很少处，曲线意义不大。",
        ));
    }
    let score = Axis::new(Text::new("mean score", "平均得分"));
    let x = Axis::new(feature.title.clone());
    let shares = Axis::new(Text::new("% of rows", "行数占比 %"));
    let percent: Vec<f64> = feature.shares.iter().map(|share| share * 100.0).collect();
    if feature.labels.is_empty() {
        let points = feature.curve.iter().map(|point| (point.x, point.y)).collect();
        let line = Series { name: feature.title.clone(), points, band: Vec::new() };
        section.figure(feature.title.clone(), chart::lines(&[line], &x, &score));
        let bins: Vec<String> = feature.curve.iter().map(|point| crate::local::plain(point.x)).collect();
        section.figure(Text::new("where the rows are", "行的分布"), chart::columns(&bins, &[(shares.name.clone(), percent)], &x, &shares));
    } else {
        let items: Vec<(Text, f64)> = feature
            .labels
            .iter()
            .zip(&feature.curve)
            .zip(&percent)
            .map(|((label, point), share)| (Text::same(format!("{label} ({share:.0} %)")), point.y))
            .collect();
        section.figure(feature.title.clone(), chart::bars(&items, &score, 3));
    }
}

fn surrogate(page: &mut Page, outcome: &ExplainOutcome, svg: &str) {
    let section = page.section(Text::new("A simple tree that imitates the model", "模仿模型的简单决策树"));
    let fidelity = outcome.surrogate.fidelity;
    let mut facts = vec![(
        Text::new("variance explained (R²)", "解释的方差（R²）"),
        Text::same(number(fidelity.r2, 2)),
    )];
    if let Some(agreement) = fidelity.agreement {
        facts.push((
            Text::new("same decision as the model", "与模型判断一致"),
            Text::same(format!("{} %", number(agreement * 100.0, 1))),
        ));
    }
    facts.push((Text::new("held-out rows", "留出行数"), Text::same(number(crate::surrogate::real(fidelity.rows), 0))));
    section.facts(facts);
    section.paragraph(Text::new(
        "Read from left to right. The tree is a summary for people; decisions come from the model, and the figures above say how far the two agree.",
        "从左向右阅读。该树只是供人理解的概括；实际判断由模型做出，上面的数字说明二者的一致程度。",
    ));
    section.figure(Text::new("Surrogate decision tree", "替代决策树"), svg.to_owned());
}

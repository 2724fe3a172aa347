//! The explanation report.

use crate::outcome::{Dependence, ExplainOutcome, Point};
use crate::study::{Explained, Pictures};
use ingot_base::Text;
use ingot_report::chart::{self, Axis, Dot, Series};
use ingot_report::{Cell, Column, Page, Table};

/// Inputs shown in the pictures; the table has them all.
const SHOWN: usize = 12;

/// The report of a study, with the surrogate tree's picture.
pub fn explanation_report(study: &Explained) -> Page {
    let outcome = &study.outcome;
    let mut page = Page::new(Text::new("What the model does and why", "模型的行为及其原因"));
    page.lead(Text::new(
        "Which inputs decide, in which direction, how far the model depends on them, and a small tree that imitates it.",
        "哪些输入起决定作用、作用方向如何、模型对其依赖程度，以及一棵模仿模型的小型决策树。",
    ));
    importance(&mut page, outcome);
    permutation(&mut page, outcome);
    dependence(&mut page, outcome);
    surrogate(&mut page, outcome, &study.surrogate);
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
            Text::new(format!("By {}", item.title.en), format!("按“{}”的变化", item.title.zh));
        section.figure(caption, curve(item, outcome));
    }
}

/// How single answers are explained, and with what they are compared.
fn reasons(page: &mut Page, outcome: &ExplainOutcome) {
    let section = page.section(Text::new("Reasons for a single answer", "单个结果的原因说明"));
    section.paragraph(Text::new(
        "For every answer the server names up to four inputs that spoke most for it, each with a code that survives retraining: R-INPUT-HIGH or R-INPUT-LOW where a number is above or below the median, R-INPUT-VALUE otherwise, R-INPUT-MISSING. The sentences compare with the values below, of training rows by what they truly are, not by what the model answers: the median of a number to three significant digits, so that nobody's value is told to the last digit; a category only where at least 51% of the rows have it. For two classes they compare with the rows of the other class.",
        "对每个结果，服务会列出最多四个起主要作用的输入，并给出重新训练后仍保持不变的代码：数值高于或低于中位数时为 R-输入-HIGH 或 R-输入-LOW，其余为 R-输入-VALUE，缺失时为 R-输入-MISSING。说明文字与下表比较；下表按训练数据的实际类别（而非模型的判定）统计：数值取中位数，只保留三位有效数字，以免精确透露某个人的取值；类别仅在至少 51% 的行取该值时列出。二分类时，与另一类的样本比较。",
    ));
    let mut columns =
        vec![Column::text(Text::new("Input", "输入")), Column::text(Text::new("Code", "代码"))];
    columns.extend(outcome.groups.iter().map(|group| Column::number(group.clone())));
    let rows = outcome.usual.iter().map(|usual| {
        let code = Cell::same(format!("R-{}-…", crate::explainer::code(&usual.feature)));
        let values = usual.values.iter().map(|value| {
            value.as_ref().map_or_else(|| Cell::same("–"), |value| Cell::text(value.clone()))
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
    let (axis, caption) = swarm_words(outcome);
    section.figure(caption, chart::dots(&dots, &Axis::new(axis)));
}

/// Whose raw score the dots are about: the axis and the caption.
fn swarm_words(outcome: &ExplainOutcome) -> (Text, Text) {
    let dots = Text::new(
        "Each dot is a row; grey: missing, or a category without order",
        "每个点代表一行；灰色表示缺失或无序的类别",
    );
    if let [one] = outcome.classes.as_slice() {
        let axis = Text::new(
            format!("contribution to the raw score of “{one}”"),
            format!("对“{one}”原始得分的贡献"),
        );
        return (axis, dots);
    }
    let axis = Text::new(
        "contribution to the raw score of the class that the row was answered with",
        "对该行所判类别的原始得分的贡献",
    );
    let caption = Text::new(
        format!("{}; to the right: what spoke for the row's own answer", dots.en),
        format!("{}；越靠右，越支持该行所判的类别", dots.zh),
    );
    (axis, caption)
}

/// Of several classes the one whose mean answer an input changes most, for bars that can show only one.
fn most_moved(item: &Dependence, classes: usize) -> usize {
    let spread = |class: usize| {
        let means = || item.points.iter().filter_map(|point| point.mean.get(class).copied());
        means().fold(f64::NEG_INFINITY, f64::max) - means().fold(f64::INFINITY, f64::min)
    };
    (0..classes)
        .reduce(|best, one| if spread(one) > spread(best) { one } else { best })
        .unwrap_or(0)
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
        let class = most_moved(item, outcome.classes.len());
        let first = |point: &Point| point.mean.get(class).copied().unwrap_or(f64::NAN);
        let bars: Vec<(Text, f64, f64)> = item
            .points
            .iter()
            .map(|point| (point.label.clone(), first(point), point.share))
            .collect();
        let axis = match outcome.classes.get(class) {
            Some(name) if outcome.classes.len() > 1 => Axis::new(Text::new(
                format!("{} of “{name}”", outcome.answer.en),
                format!("“{name}”的{}", outcome.answer.zh),
            )),
            _ => axis,
        };
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

fn surrogate(page: &mut Page, outcome: &ExplainOutcome, pictures: &Pictures) {
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
    if let Some(warning) = tree.warning() {
        section.note(warning);
    }
    if tree.leaves < 2 {
        section.note(Text::new(
            "No question parts the rows: there are too few, or the model answers nearly the same for all.",
            "找不到能区分这些数据行的划分条件：行数太少，或模型对所有行的输出几乎相同。",
        ));
    }
    let (en, zh) = (pictures.en.clone(), pictures.zh.clone());
    section.figure_in_both(Text::new("Surrogate decision tree", "代理决策树"), &Text::new(en, zh));
}

fn count(value: usize) -> Text {
    Text::same(value.to_string())
}

//! Writes a page with one of everything, to look at while changing the style: `cargo run -p ingot-report --example sample -- OUT.html [zh]`.

use ingot_base::{Lang, Result, Text, atomic};
use ingot_report::chart::{self, Axis, Dot, Series};
use ingot_report::{Cell, Column, Page, Table};
use std::path::Path;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_else(|| "sample.html".to_owned());
    let lang = args.next().and_then(|tag| Lang::parse(&tag)).unwrap_or_default();
    atomic::write(Path::new(&path), page().html(lang).as_bytes())
}

fn text(en: &str, zh: &str) -> Text {
    Text::new(en, zh)
}

fn names() -> [Text; 6] {
    [
        text("Checking account status", "支票账户状态"),
        text("Loan duration (months)", "贷款期限（月）"),
        text("Credit amount (DM)", "贷款金额（马克）"),
        text(
            "Purpose of the loan, as the applicant stated it at the branch",
            "申请人在网点填写的贷款用途",
        ),
        text("Age (years)", "年龄（岁）"),
        text("Number of dependants", "受抚养人数"),
    ]
}

fn page() -> Page {
    let mut page = Page::new(text("Sample report", "示例报告"));
    page.lead(text(
        "One of everything a report can hold, with long names, negative numbers and missing values.",
        "报告可含的各类元素各一份，包括较长的名称、负数和缺失值。",
    ));
    words(&mut page);
    bars(&mut page);
    curves(&mut page);
    page.section(text("An empty section", "空白部分"));
    page
}

fn words(page: &mut Page) {
    let section = page.section(text("Words and figures", "文字与数字"));
    section.facts(vec![
        (text("Rows read", "读入行数"), Text::same("1,000")),
        (text("Rows kept", "保留行数"), Text::same("987")),
        (text("AUC", "AUC"), Text::same("0.8012")),
        (text("Decision", "判定"), text("refused", "拒绝")),
    ]);
    section.paragraph(text(
        "A paragraph says in whole sentences what the figures mean. It is as wide as a person reads with ease, about seventy letters, and no wider.",
        "段落用完整的句子说明数字的含义。行宽以便于阅读为度，大约四十个汉字，不再加宽。",
    ));
    section
        .note(text("A note must not be missed: 13 rows were set aside.", "注意：有 13 行被隔离。"));
    let row = |name: &Text, count: u64, share: f64, mean: f64| {
        vec![
            Cell::text(name.clone()),
            Cell::count(count),
            Cell::share(share),
            Cell::number(mean, 2),
        ]
    };
    let [first, second, third, fourth, ..] = &names();
    section.table(Table {
        columns: vec![
            Column::text(text("Column", "列")),
            Column::number(text("Distinct", "不同值")),
            Column::number(text("Missing", "缺失")),
            Column::number(text("Mean", "均值")),
        ],
        rows: vec![
            row(first, 4, 0.0, f64::NAN),
            row(second, 33, 0.012, 20.9),
            row(third, 1_921, 0.5, 3_271.26),
            row(fourth, 10, 1.0, -0.456),
        ],
    });
}

fn bars(page: &mut Page) {
    let section = page.section(text("Bars, intervals, dots", "条形、区间与散点"));
    let values = [0.73, 0.41, 0.32, 0.05, -0.12, 0.0];
    let items: Vec<(Text, f64)> = names().into_iter().zip(values).collect();
    let axis = Axis::new(text("mean absolute contribution", "平均绝对贡献"));
    section.figure(text("Bars", "条形图"), chart::bars(&items, &axis, 3));
    let shares: Vec<(Text, f64, f64)> = items
        .iter()
        .zip([0.39, 0.27, 0.06, 0.22, 0.05, 0.01])
        .map(|((name, value), share)| (name.clone(), *value, share))
        .collect();
    let mean = Axis::new(text("mean answer", "平均输出"));
    section
        .figure(text("Bars with shares", "条形与占比"), chart::bars_with_share(&shares, &mean, 3));
    let items: Vec<(Text, f64, f64, f64)> = items
        .into_iter()
        .map(|(name, value)| (name, value, value - 0.08, value + 0.05 + value.abs() / 4.0))
        .collect();
    let axis = Axis::new(text("increase of the log loss", "对数损失的增量"));
    section.figure(text("Intervals", "区间图"), chart::intervals(&items, &axis, 3));
    let rows = names()
        .into_iter()
        .zip(values)
        .map(|(name, value)| {
            let dots = (0..300_u32).map(|index| {
                let angle = f64::from(index) * 2.399_963;
                let x = value * angle.sin() + 0.05 * (angle * 3.7).cos();
                Dot {
                    x,
                    shade: if index % 9 == 0 { f64::NAN } else { f64::midpoint(angle.sin(), 1.0) },
                }
            });
            (name, dots.collect())
        })
        .collect::<Vec<_>>();
    let axis = Axis::new(text("contribution to the raw score", "对原始得分的贡献"));
    section.figure(text("Dots", "蜂群图"), chart::dots(&rows, &axis));
}

fn curves(page: &mut Page) {
    let section = page.section(text("Lines and columns", "折线与柱形"));
    let curve = |slope: f64| -> Vec<(f64, f64)> {
        (0..=40_u32)
            .map(|step| {
                let x = f64::from(step) * 450.0;
                (x, 1.0 / (1.0 + (-slope * (x - 9_000.0)).exp()))
            })
            .collect()
    };
    let points = curve(0.000_4);
    let band = points.iter().map(|(_, y)| (y - 0.06, y + 0.06)).collect();
    let series = [
        Series { name: text("Model", "模型"), points, band },
        Series {
            name: text("Logistic regression", "逻辑回归"),
            points: curve(0.000_2),
            band: vec![],
        },
        Series {
            name: text("A single tree", "单棵决策树"), points: curve(0.000_8), band: vec![]
        },
    ];
    let axes =
        [Axis::new(text("credit amount", "贷款金额")), Axis::new(text("mean answer", "平均输出"))];
    section.figure(text("Lines", "折线图"), chart::lines(&series, &axes[0], &axes[1]));
    let threads: Vec<Vec<(f64, f64)>> =
        (1..30_u32).map(|index| curve(0.000_02 * f64::from(index))).collect();
    let bins: Vec<(f64, f64, f64)> = (0..12_u32)
        .map(|bin| {
            (
                f64::from(bin) * 1_500.0,
                f64::from(bin + 1) * 1_500.0,
                (-(f64::from(bin) - 3.0).powi(2) / 9.0).exp(),
            )
        })
        .collect();
    section.figure(
        text("Response", "响应图"),
        chart::response(&series[..1], &threads, &bins, &axes[0], &axes[1]),
    );
    let bins: Vec<String> =
        (0..14).map(|bin| format!("{}–{}", bin * 1500, (bin + 1) * 1500)).collect();
    let shares = |shift: f64| -> Vec<f64> {
        (0..14_u32).map(|bin| 24.0 * (-(f64::from(bin) - shift).powi(2) / 9.0).exp()).collect()
    };
    let series = [(text("before", "之前"), shares(3.0)), (text("after", "之后"), shares(4.0))];
    let axis = Axis::new(text("% of rows", "行占比（%）"));
    section.figure(text("Columns", "柱形图"), chart::columns(&bins, &series, &axes[0], &axis));
}

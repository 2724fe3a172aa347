//! The data report: what came in, what every rule did, what is kept, and how it was divided.

mod anonymity;
mod quality;

use crate::outcome::{CleanOutcome, ColumnProfile, Found, ProtectOutcome, SplitOutcome};
use ingot_base::Text;
use ingot_report::chart::{self, Axis};
use ingot_report::{Cell, Column, Page, Section, Table, number};

/// The report as a page. It shows no cell value of any data column but the stratifying one.
pub fn data_report(clean: &CleanOutcome, protected: &ProtectOutcome, split: &SplitOutcome) -> Page {
    let mut page = Page::new(Text::new("Data report", "数据报告"));
    page.lead(Text::new(
        "Where the rows came from, what every rule did to them, and how they were divided.",
        "数据从何而来、每条规则做了什么、以及如何划分。",
    ));
    overview(&mut page, clean);
    sources(&mut page, clean);
    rules(&mut page, clean);
    quality::section(&mut page, clean);
    columns(&mut page, clean);
    protection(&mut page, protected);
    if let Some(anonymous) = &protected.anonymity {
        anonymity::section(&mut page, anonymous);
    }
    parts(&mut page, split);
    page
}

fn text(en: &str, zh: &str) -> Text {
    Text::new(en, zh)
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rows stay below 2^53")]
fn real(count: u64) -> f64 {
    count as f64
}

fn count(value: u64) -> Text {
    Text::same(ingot_report::count(value))
}

fn overview(page: &mut Page, clean: &CleanOutcome) {
    let quarantined: u64 = clean.sources.iter().map(|source| source.quarantined).sum();
    let dropped: u64 = clean.rules.iter().map(|rule| rule.dropped).sum();
    page.section(text("At a glance", "总览")).facts(vec![
        (text("rows read", "读入行数"), count(clean.rows_in)),
        (text("rows kept", "保留行数"), count(clean.rows_out)),
        (text("dropped by rules", "规则删除"), count(dropped)),
        (text("malformed, set aside", "格式错误，已隔离"), count(quarantined)),
        (text("columns", "列数"), count(clean.after.len() as u64)),
    ]);
}

fn sources(page: &mut Page, clean: &CleanOutcome) {
    let section = page.section(text("Sources", "数据源"));
    section.table(Table {
        columns: vec![
            Column::text(text("source", "数据源")),
            Column::text(text("address", "位置")),
            Column::number(text("rows", "行数")),
            Column::number(text("kept", "保留")),
            Column::number(text("set aside", "隔离")),
            Column::number(text("weight", "权重")),
            Column::text(text("content digest", "内容摘要")),
        ],
        rows: clean
            .sources
            .iter()
            .map(|source| {
                vec![
                    Cell::same(&source.name),
                    Cell::same(&source.uri),
                    Cell::count(source.rows),
                    Cell::count(source.kept),
                    Cell::count(source.quarantined),
                    Cell::number(source.weight, 2),
                    Cell::same(source.digest.hex().chars().take(16).collect::<String>()),
                ]
            })
            .collect(),
    });
    if clean.sources.len() > 1 {
        let items: Vec<(Text, f64)> = clean
            .sources
            .iter()
            .map(|source| (Text::same(&source.name), real(source.kept)))
            .collect();
        section.figure(
            text("Rows kept by source", "各数据源保留行数"),
            chart::bars(&items, &Axis::new(text("rows", "行数")), 0),
        );
    }
    for source in &clean.sources {
        for (column, odd) in &source.not_finite {
            let (name, odd) = (&source.name, ingot_report::count(*odd));
            section.paragraph(Text::new(
                format!("`{column}` of `{name}`: {odd} value(s) are NaN or infinite; they count as missing."),
                format!("`{name}` 的列 `{column}`：{odd} 个取值为 NaN 或无穷大，视为缺失。"),
            ));
        }
    }
    for note in &clean.reconciliation {
        section.paragraph(note.clone());
    }
}

fn rules(page: &mut Page, clean: &CleanOutcome) {
    let section = page.section(text("What every rule did", "每条规则的作用"));
    if clean.rules.is_empty() {
        section.paragraph(text("The recipe has no cleaning rules.", "配方中没有清洗规则。"));
        return;
    }
    section.table(Table {
        columns: vec![
            Column::text(text("recipe key", "配方键")),
            Column::text(text("rule", "规则")),
            Column::number(text("rows in", "输入行")),
            Column::number(text("dropped", "删除")),
            Column::number(text("changed", "修改")),
            Column::number(text("lost", "丢失")),
            Column::number(text("marked", "标记")),
            Column::number(text("rows out", "输出行")),
            Column::text(text("found from the data", "由数据得出")),
        ],
        rows: clean
            .rules
            .iter()
            .map(|rule| {
                vec![
                    Cell::same(&rule.key_path),
                    Cell::text(rule.text.clone()),
                    Cell::count(rule.rows_in),
                    Cell::count(rule.dropped),
                    Cell::count(rule.changed),
                    Cell::count(rule.lost),
                    Cell::count(rule.flagged),
                    Cell::count(rule.rows_in - rule.dropped),
                    rule.found.as_ref().map_or_else(Cell::empty, found),
                ]
            })
            .collect(),
    });
    if clean.rules.iter().all(|rule| rule.dropped == 0) {
        section.paragraph(text("No rule dropped a row.", "没有规则删除任何行。"));
        return;
    }
    let items: Vec<(Text, f64)> = std::iter::once((text("rows read", "读入"), real(clean.rows_in)))
        .chain(clean.rules.iter().filter(|rule| rule.dropped > 0).map(|rule| {
            (Text::same(format!("→ {}", rule.key_path)), real(rule.rows_in - rule.dropped))
        }))
        .chain([(text("rows kept", "保留"), real(clean.rows_out))])
        .collect();
    section.figure(
        text("Rows left after each rule that dropped some", "每条有删除的规则之后剩余的行数"),
        chart::bars(&items, &Axis::new(text("rows", "行数")), 0),
    );
}

/// What a rule took from the data: the value that fills in, or the bounds.
fn found(found: &Found) -> Cell {
    match found {
        Found::Fill { value, .. } => Cell::same(value),
        Found::Bounds { low, high, .. } => Cell::same(format!(
            "{} … {}",
            number(*low, decimals(*low)),
            number(*high, decimals(*high))
        )),
    }
}

/// How many decimals a bound is told with: four digits or so.
fn decimals(value: f64) -> usize {
    match value.abs() {
        size if value.fract() == 0.0 || size >= 1000.0 => 0,
        size if size >= 1.0 => 2,
        _ => 4,
    }
}

fn columns(page: &mut Page, clean: &CleanOutcome) {
    let section = page.section(text("Columns before and after", "各列的前后对比"));
    section.paragraph(text(
        "Figures only: no value of a column is shown, since columns may be personal.",
        "仅列统计数字：列中可能含个人信息，因此不展示任何取值。",
    ));
    let shown = |value: Option<f64>| value.map_or_else(Cell::empty, |value| Cell::number(value, 2));
    let missing =
        |profile: &ColumnProfile| Cell::share(real(profile.missing) / real(profile.rows.max(1)));
    let distinct = |profile: &ColumnProfile| {
        let more = if profile.distinct_capped { "≥ " } else { "" };
        Cell::same(format!("{more}{}", number(real(profile.distinct), 0)))
    };
    let rows = clean
        .after
        .iter()
        .map(|after| {
            let before = clean.before.iter().find(|before| before.name == after.name);
            vec![
                Cell::same(&after.name),
                Cell::text(column_type(&after.kind)),
                before.map_or_else(Cell::empty, missing),
                missing(after),
                before.map_or_else(Cell::empty, distinct),
                distinct(after),
                shown(before.and_then(|before| before.mean)),
                shown(after.mean),
                shown(before.and_then(|before| before.deviation)),
                shown(after.deviation),
            ]
        })
        .collect();
    section.table(Table {
        columns: vec![
            Column::text(text("column", "列")),
            Column::text(text("type", "类型")),
            Column::number(text("missing, before", "缺失（前）")),
            Column::number(text("missing, after", "缺失（后）")),
            Column::number(text("distinct, before", "不同值（前）")),
            Column::number(text("distinct, after", "不同值（后）")),
            Column::number(text("mean, before", "均值（前）")),
            Column::number(text("mean, after", "均值（后）")),
            Column::number(text("deviation, before", "标准差（前）")),
            Column::number(text("deviation, after", "标准差（后）")),
        ],
        rows,
    });
}

fn protection(page: &mut Page, protected: &ProtectOutcome) {
    let section = page.section(text("Protection of personal data", "个人信息保护"));
    let promised = protected.anonymity.is_some();
    if protected.actions.is_empty() && protected.texts.is_empty() && !promised {
        section.note(text(
            "The recipe protects no column. If the data holds personal columns, add them to [protect].",
            "配方没有保护任何列。若数据含个人信息，请在 [protect] 中列出。",
        ));
        return;
    }
    if !protected.actions.is_empty() {
        section.table(Table {
            columns: vec![Column::text(text("action", "处理"))],
            rows: protected.actions.iter().map(|one| vec![Cell::text(one.clone())]).collect(),
        });
    }
    if !protected.texts.is_empty() {
        texts(section, protected);
    }
    if let Some(residual) = &protected.residual {
        section.note(residual.explanation.clone());
    }
}

/// What the detectors found in free text, and what speaks for each type.
fn texts(section: &mut Section, protected: &ProtectOutcome) {
    section.paragraph(text(
        "Personal data found in free text and replaced there. A detector misses some: treat the text that is left as personal.",
        "在自由文本中发现并替换的个人信息。检测器会有遗漏，剩下的文本仍应视为个人信息。",
    ));
    let mut rows = Vec::new();
    for column in &protected.texts {
        for (kind, found) in &column.findings {
            let reasons = found.why.iter().map(|(sort, count)| reason(sort, *count));
            let (english, chinese): (Vec<String>, Vec<String>) =
                reasons.map(|told| (told.en, told.zh)).unzip();
            rows.push(vec![
                Cell::same(&column.column),
                Cell::text(kind_title(kind)),
                Cell::count(found.count),
                Cell::number(found.scores / real(found.count.max(1)), 2),
                Cell::text(Text::new(english.join(", "), chinese.join("、"))),
            ]);
        }
        if column.findings.is_empty() {
            let none = Cell::text(text("nothing found", "未发现"));
            rows.push(vec![
                Cell::same(&column.column),
                none,
                Cell::count(0),
                Cell::empty(),
                Cell::empty(),
            ]);
        }
    }
    section.table(Table {
        columns: vec![
            Column::text(text("column", "列")),
            Column::text(text("type", "类型")),
            Column::number(text("findings", "发现")),
            Column::number(text("mean score", "平均置信度")),
            Column::text(text("evidence", "依据")),
        ],
        rows,
    });
    let facts = protected.texts.iter().map(|column| {
        let name = &column.column;
        (
            Text::new(
                format!("cells with findings in `{name}`"),
                format!("`{name}` 中有发现的单元格"),
            ),
            Text::same(format!(
                "{} / {}",
                ingot_report::count(column.touched),
                ingot_report::count(column.cells)
            )),
        )
    });
    section.facts(facts.collect());
}

/// What speaks for so many findings.
fn reason(sort: &str, count: u64) -> Text {
    let (english, chinese) = match sort {
        "pattern" => ("pattern", "格式"),
        "checksum" => ("checksum", "校验码"),
        "context" => ("context", "上下文"),
        "model" => ("name model", "模型"),
        "network" => ("network of the recipe", "外接命名实体识别模型"),
        "dictionary" => ("dictionary", "词典"),
        "column" => ("protected column of the same row", "同一行的受保护列"),
        "repeated" => ("name found in the same row", "同一行中已发现的姓名"),
        other => (other, other),
    };
    Text::new(format!("{english} {count}"), format!("{chinese} {count}"))
}

/// A column's type in words.
fn column_type(name: &str) -> Text {
    match name {
        "text" => text("text", "文本"),
        "integer" => text("integer", "整数"),
        "number" => text("number", "数值"),
        "boolean" => text("boolean", "布尔"),
        "date" => text("date", "日期"),
        "timestamp" => text("timestamp", "时间"),
        other => Text::same(other),
    }
}

/// A part of the split in words.
fn part_title(name: &str) -> Text {
    match name {
        "train" => text("train", "训练"),
        "validation" => text("validation", "验证"),
        "test" => text("test", "测试"),
        other => Text::same(other),
    }
}

/// A type of finding in words.
fn kind_title(kind: &str) -> Text {
    match kind {
        "person" => text("person", "姓名"),
        "place" => text("place", "地名"),
        "organization" => text("organisation", "机构"),
        "address" => text("address", "地址"),
        "cn_id" => text("resident ID number", "居民身份证号"),
        "cn_uscc" => text("unified social credit code", "统一社会信用代码"),
        "phone" => text("telephone", "电话"),
        "bank_card" => text("bank card", "银行卡"),
        "credit_card" => text("credit card", "信用卡"),
        "passport" => text("passport", "护照"),
        "plate" => text("vehicle plate", "车牌"),
        "email" => text("e-mail", "电子邮箱"),
        "url" => text("web address", "网址"),
        "ip" => text("IP address", "IP 地址"),
        "mac" => text("hardware address", "MAC 地址"),
        "birth_date" => text("date of birth", "出生日期"),
        "wechat" => text("WeChat account", "微信号"),
        "qq" => text("QQ account", "QQ 号"),
        "driver_licence" => text("driving licence", "驾驶证"),
        "crypto" => text("cryptocurrency address", "加密货币地址"),
        "secret" => text("secret", "密钥或口令"),
        "gps" => text("coordinates", "经纬度"),
        "medical_id" => text("medical or insurance number", "就医或医保号码"),
        other => Text::same(other),
    }
}

fn parts(page: &mut Page, split: &SplitOutcome) {
    let section = page.section(text("Split", "划分"));
    let total: u64 = split.parts.iter().map(|part| part.rows).sum();
    section.table(Table {
        columns: vec![
            Column::text(text("part", "部分")),
            Column::number(text("rows", "行数")),
            Column::number(text("share", "占比")),
            Column::number(text("groups", "分组数")),
        ],
        rows: split
            .parts
            .iter()
            .map(|part| {
                vec![
                    Cell::text(part_title(&part.name)),
                    Cell::count(part.rows),
                    Cell::share(real(part.rows) / real(total.max(1))),
                    Cell::count(part.groups),
                ]
            })
            .collect(),
    });
    if let Some(times) = split.times() {
        section.paragraph(times);
    }
    if let Some(group) = &split.group {
        section.paragraph(Text::new(
            format!("Rows with the same `{group}` stand in one part only: checked after writing, {} group(s) cross.", split.crossing_groups),
            format!("`{group}` 相同的行只出现在一个部分：写出后已核查，跨部分的分组数为 {}。", split.crossing_groups),
        ));
    }
    quality::checked(section, split);
    if let Some(balance) = &split.balance {
        let mut values: Vec<String> = split
            .parts
            .iter()
            .flat_map(|part| part.balance.iter().map(|(value, _)| value.clone()))
            .collect();
        values.sort();
        values.dedup();
        let series: Vec<(Text, Vec<f64>)> = split
            .parts
            .iter()
            .map(|part| {
                let share = |value: &String| {
                    let found = part
                        .balance
                        .iter()
                        .find(|(known, _)| known == value)
                        .map_or(0, |(_, count)| *count);
                    100.0 * real(found) / real(part.rows.max(1))
                };
                (part_title(&part.name), values.iter().map(share).collect())
            })
            .collect();
        section.figure(
            Text::new(
                format!("Share of each value of `{balance}` in every part"),
                format!("各部分中 `{balance}` 取值的占比"),
            ),
            chart::columns(
                &values,
                &series,
                &Axis::new(Text::same(balance)),
                &Axis::new(text("% of rows", "占比 %")),
            ),
        );
    }
}

//! The part of the data report about texts: language, rules, repetition, contamination. Rows by their numbers, no text.

use super::{real, text};
use crate::outcome::{
    CleanOutcome, NearOutcome, PassageOutcome, Place, QualityOutcome, SetOutcome, SplitOutcome,
};
use ingot_base::Text;
use ingot_quality::text::{RULES, Side};
use ingot_report::chart::{self, Axis};
use ingot_report::{Cell, Column, Page, Section, Table, count};

/// Whether a cleaning looked at texts.
fn looked(clean: &CleanOutcome) -> bool {
    clean.quality.is_some()
        || clean.set.is_some()
        || clean.near.is_some()
        || clean.passages.is_some()
}

pub(super) fn section(page: &mut Page, clean: &CleanOutcome) {
    if !looked(clean) {
        return;
    }
    let section = page.section(text("Quality of texts", "文本质量"));
    section.paragraph(text(
        "Rows are named by source and number, the header not counted. The file findings.jsonl of the stage has them all; neither holds a text.",
        "行以数据源和记录号指明（不计表头）；完整清单见该阶段的 findings.jsonl。两处都不含文本内容。",
    ));
    if let Some(quality) = &clean.quality {
        rules(section, quality);
    }
    if let Some(near) = &clean.near {
        duplicates(section, near);
    }
    if let Some(passages) = &clean.passages {
        cut(section, passages);
    }
    if let Some(set) = &clean.set {
        contamination(section, set);
    }
}

fn places(places: &[Place], all: u64) -> Cell {
    let mut names: Vec<String> =
        places.iter().map(|place| format!("{}:{}", place.source, place.row)).collect();
    if all > places.len() as u64 {
        names.push("…".to_owned());
    }
    Cell::same(names.join(", "))
}

fn language_title(name: &str) -> Text {
    match name {
        "zh" => text("Chinese", "中文"),
        "en" => text("English", "英文"),
        "mixed" => text("Chinese and English", "中英混合"),
        _ => text("other", "其他"),
    }
}

fn rules(section: &mut Section, quality: &QualityOutcome) {
    let (column, texts, broken) = (&quality.column, count(quality.texts), count(quality.broken));
    section.paragraph(Text::new(
        format!("Rules on `{column}`: {broken} of {texts} texts break one or more."),
        format!("对 `{column}` 应用规则：{texts} 条文本中有 {broken} 条违反一条或多条规则。"),
    ));
    let languages: Vec<(Text, f64)> = quality
        .languages
        .iter()
        .map(|(name, count)| (language_title(name), real(*count)))
        .collect();
    if !languages.is_empty() {
        section.figure(
            text("Texts by language", "各语言文本数"),
            chart::bars(&languages, &Axis::new(text("texts", "文本数")), 0),
        );
    }
    if quality.findings.is_empty() {
        return;
    }
    let described = |rule: &str| RULES.iter().find(|known| known.name == rule);
    let rows = quality.findings.iter().map(|finding| {
        let rule = described(&finding.rule);
        let sign = if rule.is_some_and(|rule| rule.side == Side::Least) { "≥" } else { "≤" };
        let limit = finding.limit.map(|limit| Cell::same(format!("{sign} {limit}")));
        vec![
            Cell::same(&finding.rule),
            Cell::text(rule.map_or_else(
                || text("language that may not be", "不允许的语言"),
                ingot_quality::text::Rule::title,
            )),
            limit.unwrap_or_else(Cell::empty),
            Cell::count(finding.rows),
            Cell::same(rule.map_or("", |rule| rule.source)),
            places(&finding.first, finding.rows),
        ]
    });
    section.table(Table {
        columns: vec![
            Column::text(text("rule", "规则")),
            Column::text(text("figure", "指标")),
            Column::text(text("wanted", "要求")),
            Column::number(text("texts", "文本数")),
            Column::text(text("source of the limit", "阈值来源")),
            Column::text(text("first rows", "首批行")),
        ],
        rows: rows.collect(),
    });
    let items: Vec<(Text, f64)> =
        quality.findings.iter().map(|one| (Text::same(&one.rule), real(one.rows))).collect();
    section.figure(
        text("Texts that break each rule", "违反各规则的文本数"),
        chart::bars(&items, &Axis::new(text("texts", "文本数")), 0),
    );
}

fn duplicates(section: &mut Section, near: &NearOutcome) {
    let (column, groups, rows) = (&near.column, count(near.groups), count(near.rows));
    let (en, zh) = if near.dropped { ("dropped", "已删除") } else { ("kept", "已保留") };
    let (how_en, how_zh) =
        if near.exact { ("measured", "逐对实测") } else { ("estimated", "部分为估计值") };
    section.paragraph(Text::new(
        format!(
            "Near duplicates of `{column}` (Jaccard similarity ≥ {}, {how_en}): {groups} group(s), in which {rows} row(s) repeat one that stays, {en}. 128 permutations in {} bands of {}; {} pairs were compared.",
            near.similarity, near.bands.0, near.bands.1, count(near.compared)
        ),
        format!(
            "`{column}` 的近似重复（Jaccard 相似度 ≥ {}，{how_zh}）：{groups} 组，其中 {rows} 行与组内某个留存行重复，{zh}。128 个置换分 {} 段、每段 {} 行，共比对 {} 对。",
            near.similarity, near.bands.0, near.bands.1, count(near.compared)
        ),
    ));
    if near.first.is_empty() {
        return;
    }
    section.table(Table {
        columns: vec![
            Column::text(text("row", "行")),
            Column::text(text("repeats row", "所重复的行")),
            Column::number(text("similarity", "相似度")),
        ],
        rows: near
            .first
            .iter()
            .map(|pair| {
                vec![
                    places(std::slice::from_ref(&pair.row), 1),
                    places(std::slice::from_ref(&pair.first), 1),
                    Cell::number(pair.similarity, 3),
                ]
            })
            .collect(),
    });
}

fn cut(section: &mut Section, cut: &PassageOutcome) {
    let (column, rows, passages) = (&cut.column, count(cut.rows), count(cut.passages));
    let (tokens, characters) = (cut.tokens, count(cut.characters));
    section.paragraph(Text::new(
        format!("Passages of `{column}` of at least {tokens} tokens that stood before: {passages} in {rows} text(s), {characters} characters cut."),
        format!("`{column}` 中不少于 {tokens} 个词且前文已出现的片段：{rows} 条文本中共 {passages} 处，删去 {characters} 个字符。"),
    ));
}

fn contamination(section: &mut Section, set: &SetOutcome) {
    let (column, rows, tokens) = (&set.column, count(set.rows), set.tokens);
    section.paragraph(Text::new(
        format!("Texts of `{column}` that share {tokens} tokens in a row with the evaluation set: {rows}."),
        format!("`{column}` 中与评测集有连续 {tokens} 个词相同的文本：{rows} 条。"),
    ));
    if set.rows > 0 {
        section.table(Table {
            columns: vec![Column::text(text("first rows", "首批行"))],
            rows: vec![vec![places(&set.first, set.rows)]],
        });
    }
}

/// What the split says of near duplicates.
pub(super) fn checked(section: &mut Section, split: &SplitOutcome) {
    let Some(near) = &split.near else { return };
    let (column, groups) = (&near.column, count(near.groups));
    let (en, zh) = match &split.time {
        // Time parts them; how many rows that leaves out is told with the times.
        Some(_) => ("kept to the latest part that they reach", "各自只保留在所达到的最晚部分"),
        None => ("kept together", "各自归入同一部分"),
    };
    section.paragraph(Text::new(
        format!("Near duplicates of `{column}` (similarity ≥ {}) stand in one part only: {groups} group(s) {en}; looked for anew after writing, {} pair(s) cross.", near.similarity, near.crossing),
        format!("`{column}` 的近似重复（相似度 ≥ {}）只出现在一个部分：{groups} 组{zh}；写出后重新查找，跨部分的有 {} 对。", near.similarity, near.crossing),
    ));
}

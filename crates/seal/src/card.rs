//! The model card: Markdown in both languages, filled from what was measured and stated, silent about the rest.

use crate::bom::{Bom, Dataset, Fairness, Metric};
use crate::manifest::Manifest;
use ingot_base::{Field, FieldKind, Lang, Outlier, Output, Text, day};
use std::fmt::Write as _;

/// Most categories a card lists for one input.
const SHOWN: usize = 12;

/// The model card in English and Chinese.
pub fn model_card(manifest: &Manifest, bom: &Bom) -> (String, String) {
    (render(manifest, bom, Lang::En), render(manifest, bom, Lang::Zh))
}

fn render(manifest: &Manifest, bom: &Bom, lang: Lang) -> String {
    let mut card = Card { text: String::new(), lang };
    card.text = format!("# {} {}\n", escape(&manifest.name), escape(&manifest.version));
    if let Some(summary) = &bom.summary {
        card.paragraph(summary);
    }
    card.overview(manifest, bom);
    card.inputs(manifest);
    card.answer(&manifest.signature.output);
    card.metrics(&bom.metrics);
    card.fairness(&bom.fairness);
    card.datasets(bom);
    let stated = &bom.considerations;
    card.points(&Text::new("Meant for", "适用对象"), &stated.users);
    card.points(&Text::new("Use", "用途"), &stated.uses);
    card.points(&Text::new("Limits", "局限"), &stated.limitations);
    card.points(&Text::new("Trade-offs", "取舍"), &stated.tradeoffs);
    card.risks(bom);
    card.made_with(bom);
    card.checks();
    card.text
}

struct Card {
    text: String,
    lang: Lang,
}

impl Card {
    fn say<'a>(&self, en: &'a str, zh: &'a str) -> &'a str {
        match self.lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    fn heading(&mut self, title: &Text) {
        let _ = write!(self.text, "\n## {}\n", title.get(self.lang));
    }

    fn paragraph(&mut self, text: &Text) {
        let _ = write!(self.text, "\n{}\n", escape(text.get(self.lang)));
    }

    /// A table of cells that are Markdown already.
    fn table(&mut self, columns: &[&str], rows: &[Vec<String>]) {
        let rule = vec!["---"; columns.len()];
        let _ = write!(self.text, "\n| {} |\n| {} |\n", columns.join(" | "), rule.join(" | "));
        for row in rows {
            let _ = writeln!(self.text, "| {} |", row.join(" | "));
        }
    }

    fn overview(&mut self, manifest: &Manifest, bom: &Bom) {
        let mut rows = vec![vec![self.say("task", "任务").into(), format!("`{}`", manifest.task)]];
        let mut add = |title: &str, value: Option<String>| {
            if let Some(value) = value {
                rows.push(vec![title.to_owned(), value]);
            }
        };
        let algorithm = bom.algorithm.as_ref().map(|text| escape(text.get(self.lang)));
        add(self.say("algorithm", "算法"), algorithm);
        add(self.say("model", "模型"), bom.architecture.as_deref().map(escape));
        add(self.say("supplier", "提供者"), bom.supplier.as_deref().map(escape));
        add(self.say("licence", "许可证"), bom.licence.as_deref().map(escape));
        add(self.say("sealed", "封装时间"), Some(manifest.created.clone()));
        let expires = manifest.licence.as_ref().map(|licence| licence.expires.clone());
        add(self.say("may be used until", "使用期限"), expires);
        let columns = [self.say("fact", "项目"), self.say("value", "内容")];
        self.table(&columns, &rows);
    }

    fn inputs(&mut self, manifest: &Manifest) {
        self.heading(&Text::new("Inputs", "输入"));
        let rows: Vec<Vec<String>> = manifest
            .signature
            .inputs
            .iter()
            .map(|field| {
                let title = field.title.as_ref().map(|title| escape(title.get(self.lang)));
                let missing =
                    if field.nullable { self.say("yes", "可") } else { self.say("no", "不可") };
                vec![
                    escape(&field.name),
                    title.unwrap_or_default(),
                    self.kind(field),
                    missing.into(),
                ]
            })
            .collect();
        let columns = [
            self.say("name", "名称"),
            self.say("title", "说明"),
            self.say("values seen in training", "训练中出现的取值"),
            self.say("may be missing", "可否缺失"),
        ];
        self.table(&columns, &rows);
    }

    fn kind(&self, field: &Field) -> String {
        match &field.kind {
            FieldKind::Number { min, max, .. } if field.treatment.date => {
                let between = self.say(", ", "，");
                format!(
                    "{}{between}{} – {}",
                    self.say("date", "日期"),
                    day::iso(*min),
                    day::iso(*max)
                )
            }
            FieldKind::Number { min, max, integer } => {
                let name = match integer {
                    true => self.say("whole number", "整数"),
                    false => self.say("number", "数值"),
                };
                format!("{name}{}{min} – {max}", self.say(", ", "，"))
            }
            FieldKind::Category { values } => {
                let shown: Vec<String> =
                    values.iter().take(SHOWN).map(|value| escape(value)).collect();
                let list = shown.join(self.say(", ", "、"));
                match values.len().saturating_sub(SHOWN) {
                    0 => list,
                    more => format!(
                        "{list}{}{more}{}",
                        self.say(" and ", "，另有 "),
                        self.say(" more", " 个")
                    ),
                }
            }
            FieldKind::Boolean => {
                let name = self.say("true or false", "真或假");
                match &field.outlier {
                    Some(outlier) => format!("{name}{}", self.unsent(outlier)),
                    None => name.to_owned(),
                }
            }
            FieldKind::Image { width, height } => {
                let name = self.say("picture, seen at", "图片，模型所见尺寸");
                format!("{name} {width} × {height}")
            }
            FieldKind::Text { tokens } => {
                let name = self.say("text, tokens read at most:", "文本，最多读取词元数：");
                format!("{name} {tokens}")
            }
        }
    }

    /// How a flag of outliers is found where nobody sends it.
    fn unsent(&self, outlier: &Outlier) -> String {
        let of = escape(&outlier.of);
        match self.lang {
            Lang::En => format!("; need not be sent: found from `{of}`"),
            Lang::Zh => format!("；可不提供：由 `{of}` 得出"),
        }
    }

    fn answer(&mut self, output: &Output) {
        self.heading(&Text::new("Answer", "输出"));
        let text = match output {
            Output::Binary { target, positive, negative, threshold } => Text::new(
                format!(
                    "`{target}`: the probability of `{positive}`; at {threshold} or above the label is `{positive}`, below `{negative}`."
                ),
                format!(
                    "`{target}`：取值为 `{positive}` 的概率；达到 {threshold} 时判为 `{positive}`，否则判为 `{negative}`。"
                ),
            ),
            Output::Multiclass { target, labels } => Text::new(
                format!("`{target}`: the probability of each of {}.", labels.join(", ")),
                format!("`{target}`：以下各类别的概率：{}。", labels.join("、")),
            ),
            Output::Number { target } => {
                Text::new(format!("`{target}`: a number."), format!("`{target}`：一个数值。"))
            }
            Output::Text { target } => Text::new(
                format!("`{target}`: a text that goes on from the prompt."),
                format!("`{target}`：由提示词续写的文本。"),
            ),
        };
        self.paragraph(&text);
    }

    fn metrics(&mut self, metrics: &[Metric]) {
        if metrics.is_empty() {
            return;
        }
        self.heading(&Text::new("Measured", "测量结果"));
        let rows: Vec<Vec<String>> = metrics
            .iter()
            .map(|metric| {
                let part =
                    metric.slice.as_deref().map_or_else(|| self.say("test", "测试").into(), escape);
                vec![
                    escape(metric.title.get(self.lang)),
                    figure(metric.value),
                    interval(metric),
                    part,
                ]
            })
            .collect();
        let columns = [
            self.say("figure", "指标"),
            self.say("value", "数值"),
            self.say("confidence interval", "置信区间"),
            self.say("measured on", "测量数据"),
        ];
        self.table(&columns, &rows);
    }

    fn fairness(&mut self, groups: &[Fairness]) {
        if groups.is_empty() {
            return;
        }
        self.heading(&Text::new("Measured by group", "分组测量结果"));
        let rows: Vec<Vec<String>> = groups
            .iter()
            .flat_map(|group| group.metrics.iter().map(move |metric| (group, metric)))
            .map(|(group, metric)| {
                let name = format!("{} = {}", escape(&group.column), escape(&group.group));
                let title = escape(metric.title.get(self.lang));
                vec![name, group.rows.to_string(), title, figure(metric.value), interval(metric)]
            })
            .collect();
        let columns = [
            self.say("group", "分组"),
            self.say("rows", "行数"),
            self.say("figure", "指标"),
            self.say("value", "数值"),
            self.say("confidence interval", "置信区间"),
        ];
        self.table(&columns, &rows);
        for group in groups {
            let name = format!("{} = {}", group.column, group.group);
            for (title, text) in [
                (self.say("possible harm", "可能的损害"), &group.harms),
                (self.say("what is done about it", "应对措施"), &group.mitigation),
            ] {
                if let Some(text) = text {
                    let colon = self.say(": ", "：");
                    let line = format!(
                        "{name}{}{title}{colon}{}",
                        self.say(", ", "，"),
                        text.get(self.lang)
                    );
                    let _ = write!(self.text, "\n{}\n", escape(&line));
                }
            }
        }
    }

    fn datasets(&mut self, bom: &Bom) {
        if bom.datasets.is_empty() {
            return;
        }
        self.heading(&Text::new("Data", "数据"));
        let rows: Vec<Vec<String>> = bom
            .datasets
            .iter()
            .map(|dataset| {
                vec![
                    escape(&dataset.name),
                    dataset.role.title().get(self.lang).to_owned(),
                    dataset.rows.to_string(),
                    format!("`{}`", dataset.digest),
                    self.described(dataset),
                ]
            })
            .collect();
        let columns = [
            self.say("table", "数据表"),
            self.say("used for", "用途"),
            self.say("rows", "行数"),
            self.say("digest", "摘要"),
            self.say("description", "说明"),
        ];
        self.table(&columns, &rows);
    }

    fn described(&self, dataset: &Dataset) -> String {
        let mut parts: Vec<String> =
            dataset.description.iter().map(|text| escape(text.get(self.lang))).collect();
        parts.extend(dataset.licence.as_deref().map(escape));
        if !dataset.sensitive.is_empty() {
            let kinds: Vec<String> = dataset.sensitive.iter().map(|kind| escape(kind)).collect();
            let title = self.say("sensitive before protection: ", "保护前含敏感数据：");
            parts.push(format!("{title}{}", kinds.join(self.say(", ", "、"))));
        }
        parts.join(self.say("; ", "；"))
    }

    fn points(&mut self, title: &Text, points: &[Text]) {
        if points.is_empty() {
            return;
        }
        self.heading(title);
        self.text.push('\n');
        for point in points {
            let _ = writeln!(self.text, "- {}", escape(point.get(self.lang)));
        }
    }

    fn risks(&mut self, bom: &Bom) {
        let rows: Vec<Vec<String>> = bom
            .considerations
            .risks
            .iter()
            .map(|risk| {
                [&risk.name, &risk.mitigation].map(|text| escape(text.get(self.lang))).into()
            })
            .collect();
        if !rows.is_empty() {
            self.heading(&Text::new("Risks for people", "对人的风险"));
            let columns = [self.say("risk", "风险"), self.say("what is done about it", "应对措施")];
            self.table(&columns, &rows);
        }
    }

    fn made_with(&mut self, bom: &Bom) {
        if bom.engines.is_empty() && bom.parameters.is_empty() {
            return;
        }
        self.heading(&Text::new("Made with", "制作"));
        let engines =
            bom.engines.iter().map(|engine| vec![escape(&engine.name), escape(&engine.version)]);
        let parameters =
            bom.parameters.iter().map(|(name, value)| vec![escape(name), escape(value)]);
        let rows: Vec<Vec<String>> = engines.chain(parameters).collect();
        let columns = [
            self.say("engine or setting", "引擎或参数"),
            self.say("version or value", "版本或取值"),
        ];
        self.table(&columns, &rows);
    }

    fn checks(&mut self) {
        self.heading(&Text::new("How to check this card", "如何核验本卡片"));
        self.paragraph(&Text::new(
            "This card was filled from the run that made the model, and stands under the package's signature. What is not in it was not measured. `bom.cdx.json` has the same facts for programs.",
            "本卡片由制作模型的过程自动填写，并受模型包签名保护。未列出的内容即未经测量。`bom.cdx.json` 以机器可读的形式给出同样的事实。",
        ));
        self.text.push_str("\n    ingot verify PACKAGE.ingot --public-key signing.pub\n");
        self.paragraph(&Text::new(
            "Without Ingot: unpack the package with `tar -xf` into an empty folder; OpenSSF's `model_signing` checks the signature, `age` opens a payload.",
            "不使用 Ingot 时：用 `tar -xf` 将模型包解到空目录；OpenSSF 的 `model_signing` 可核验签名，`age` 可解密载荷。",
        ));
        self.text.push_str(
            "\n    model_signing verify key FOLDER --signature FOLDER/model.sig --public_key signing.pub\n    age -d -i identity.txt FOLDER/payload/NAME.age\n",
        );
    }
}

/// Text inside a Markdown table or paragraph: what would be markup is escaped, lines are joined.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '|' | '*' | '[' | ']' | '#' => out.extend(['\\', letter]),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            _ if letter.is_control() => out.push(' '),
            _ => out.push(letter),
        }
    }
    out
}

/// Four decimals for shares, fewer for large amounts.
fn figure(value: f64) -> String {
    if value.abs() >= 1000.0 { format!("{value:.1}") } else { format!("{value:.4}") }
}

fn interval(metric: &Metric) -> String {
    metric.interval.map_or_else(String::new, |interval| {
        format!(
            "{} – {} ({}%)",
            figure(interval.lower),
            figure(interval.upper),
            percent(interval.level)
        )
    })
}

/// 0.95 as `95`, 0.995 as `99.5`.
fn percent(level: f64) -> String {
    let text = format!("{:.2}", level * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_names_stays_text() {
        assert_eq!(escape("a|b\n<script>*&"), "a\\|b &lt;script>\\*&amp;");
        assert_eq!([percent(0.95), percent(0.995), percent(0.9)], ["95", "99.5", "90"]);
        assert_eq!([figure(0.78125), figure(12_345.67)], ["0.7812", "12345.7"]);
    }
}

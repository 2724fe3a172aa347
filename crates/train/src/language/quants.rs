//! What fewer bits cost a language model: forms of one model beside each other, and the gate that the one that goes on must pass.

use super::outcome::Figure;
use crate::messages::QUANTISATION_REFUSED;
use ingot_base::{Digest, Fault, Result, Text, fault};
use ingot_report::chart::{self, Axis};
use ingot_report::{Cell, Column, Page, Section, Table, count, number};
use serde::{Deserialize, Serialize};

/// The evidence of one quantisation. Holds no clock time, so that equal runs give equal documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuantOutcome {
    /// The merged model as it was stored first, then every other form, the largest file first.
    pub forms: Vec<QuantForm>,
    /// The name of the form that goes on.
    pub kept: String,
    /// What it may cost.
    pub tolerance: QuantTolerance,
    /// Test conversations that were answered by every form.
    pub rows: u64,
    /// Tokens of answers in test conversations that distributions were compared at.
    pub tokens: u64,
    /// Tokens of training conversations that showed which weights matter; 0: no importance was used.
    pub importance: u64,
    /// The digest of the chat template, byte for byte the same in every form and in the base.
    pub template: Digest,
}

/// One form of a language model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuantForm {
    /// llama.cpp's name of it.
    pub name: String,
    /// Bytes of its file.
    pub bytes: u64,
    /// Bits of the file per weight.
    pub bits: f64,
    /// Perplexity of the test conversations' answers.
    pub perplexity: f64,
    /// Mean Kullback-Leibler divergence from the first form's next-token distributions on them, in nats.
    pub divergence: f64,
    /// The divergence that one token in a hundred exceeds.
    pub divergence_p99: f64,
    /// Share of these tokens at which the likeliest token is the first form's.
    pub agreement: f64,
    /// Share of the test conversations answered exactly; `None` when none was asked.
    pub exact_match: Option<Figure>,
}

/// What a quantisation may cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QuantTolerance {
    /// How much lower the exact match may be.
    pub metric: f64,
    /// Least agreement.
    pub agreement: f64,
    /// Greatest divergence, in nats.
    pub divergence: f64,
    /// Share by which the perplexity may rise.
    pub perplexity: f64,
}

/// Slack of a comparison of shares of counted rows.
const ROUNDING: f64 = 1e-9;

impl QuantOutcome {
    /// The form that goes on.
    pub fn kept(&self) -> Option<&QuantForm> {
        self.forms.iter().find(|form| form.name == self.kept)
    }

    /// Whether a form costs no more than is tolerated. What is no number is not.
    pub fn tolerates(&self, form: &QuantForm) -> bool {
        let Some(first) = self.forms.first() else { return false };
        let limit = self.tolerance;
        let exact = match (&form.exact_match, &first.exact_match) {
            (Some(own), Some(before)) => own.value >= before.value - limit.metric - ROUNDING,
            (None, None) => true,
            _ => false,
        };
        exact
            && form.divergence <= limit.divergence
            && form.perplexity <= first.perplexity * (1.0 + limit.perplexity) + ROUNDING
            && form.agreement >= limit.agreement - ROUNDING
    }

    /// Refuses a form that goes on and costs more than is tolerated.
    ///
    /// # Errors
    /// Then; the fault tells what each form cost.
    pub fn gate(&self) -> Result<()> {
        let (Some(first), Some(kept)) = (self.forms.first(), self.kept()) else {
            return Err(fault::internal("a quantisation without the form that goes on"));
        };
        if self.tolerates(kept) {
            return Ok(());
        }
        let exact = |form: &QuantForm| {
            form.exact_match.as_ref().map_or_else(|| "–".into(), |own| format!("{:.4}", own.value))
        };
        let told = |form: &QuantForm| {
            format!(
                "{}: {}, {:.4}, {:.4}, {:.4}",
                form.name,
                exact(form),
                form.perplexity,
                form.divergence,
                form.agreement
            )
        };
        let limit = self.tolerance;
        Err(Fault::new(&QUANTISATION_REFUSED)
            .arg("form", &kept.name)
            .arg("exact", exact(kept))
            .arg("before", exact(first))
            .arg("metric", limit.metric)
            .arg("perplexity", format!("{:.4}", kept.perplexity))
            .arg("first", format!("{:.4}", first.perplexity))
            .arg("rise", limit.perplexity)
            .arg("divergence", format!("{:.4}", kept.divergence))
            .arg("most", limit.divergence)
            .arg("agreement", format!("{:.4}", kept.agreement))
            .arg("least", limit.agreement)
            .arg("forms", self.forms.iter().map(told).collect::<Vec<_>>().join("; "))
            .at("compress.tolerance"))
    }
}

/// The report of one quantisation.
pub fn quant_report(outcome: &QuantOutcome) -> Page {
    let mut page = Page::new(Text::new("Compression report", "压缩报告"));
    if let (Some(first), Some(kept)) = (outcome.forms.first(), outcome.kept()) {
        page.lead(lead(first, kept));
    }
    forms(outcome, page.section(Text::new("What fewer bits cost", "降低位数的代价")));
    gate(outcome, page.section(Text::new("The gate", "验收门槛")));
    page
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a file")]
fn lead(first: &QuantForm, kept: &QuantForm) -> Text {
    let size = kept.bytes as f64 / first.bytes.max(1) as f64;
    let (name, bits) = (&kept.name, kept.bits);
    Text::new(
        format!(
            "The package carries the form {name}: {bits:.2} bits a weight, {size:.2} times the size of the merged model."
        ),
        format!("模型包使用 {name} 格式：每个权重 {bits:.2} 位，体积为合并后模型的 {size:.2} 倍。"),
    )
}

fn forms(outcome: &QuantOutcome, section: &mut Section) {
    let columns = vec![
        Column::text(Text::new("Form", "格式")),
        Column::number(Text::new("Size, MB", "体积（MB）")),
        Column::number(Text::new("Bits a weight", "每权重位数")),
        Column::number(Text::new("Exact match", "完全一致率")),
        Column::text(Text::new("95% interval", "95% 置信区间")),
        Column::number(Text::new("Perplexity", "困惑度")),
        Column::number(Text::new("Divergence, nats", "KL 散度（奈特）")),
        Column::number(Text::new("Divergence, 99th percentile", "KL 散度第 99 百分位（奈特）")),
        Column::number(Text::new("Same likeliest token", "最可能词元一致率")),
        Column::text(Text::new("Tolerated", "是否在允许范围内")),
    ];
    let rows = outcome.forms.iter().map(|form| {
        let tolerated = outcome.tolerates(form);
        let interval = form.exact_match.as_ref().and_then(|exact| exact.interval);
        vec![
            if form.name == outcome.kept {
                Cell::text(Text::new(
                    format!("{} (in the package)", form.name),
                    format!("{}（模型包所用）", form.name),
                ))
            } else {
                Cell::same(&form.name)
            },
            Cell::number(megabytes(form), 2),
            Cell::number(form.bits, 2),
            form.exact_match
                .as_ref()
                .map_or_else(Cell::empty, |exact| Cell::number(exact.value, 4)),
            interval.map_or_else(Cell::empty, |(low, high)| {
                Cell::same(format!("{} … {}", number(low, 4), number(high, 4)))
            }),
            Cell::number(form.perplexity, 4),
            Cell::number(form.divergence, 5),
            Cell::number(form.divergence_p99, 4),
            Cell::share(form.agreement),
            Cell::text(if tolerated { Text::new("yes", "是") } else { Text::new("no", "否") }),
        ]
    });
    section.table(Table { columns, rows: rows.collect() });
    section.note(Text::new(
        format!(
            "Divergence (Kullback-Leibler), perplexity and agreement on {} tokens of the answers in test conversations, each form through llama.cpp; the first form is the merged model. Exact match on {} test conversations, the likeliest token each time.",
            count(outcome.tokens),
            count(outcome.rows)
        ),
        format!(
            "KL 散度、困惑度与一致率在测试对话回答部分的 {} 个词元上、由 llama.cpp 逐一测得；第一种格式为合并后的模型。完全一致率取自 {} 段测试对话，每步取最可能的词元。",
            count(outcome.tokens),
            count(outcome.rows)
        ),
    ));
    let bars: Vec<(Text, f64)> =
        outcome.forms.iter().map(|form| (Text::same(&form.name), megabytes(form))).collect();
    let size = Text::new("size, MB", "体积（MB）");
    section.figure(size.clone(), chart::bars(&bars, &Axis::new(size), 2));
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a file")]
fn megabytes(form: &QuantForm) -> f64 {
    form.bytes as f64 / 1e6
}

fn gate(outcome: &QuantOutcome, section: &mut Section) {
    let limit = outcome.tolerance;
    let (metric, least) = (limit.metric * 100.0, limit.agreement * 100.0);
    let (apart, rise) = (limit.divergence, limit.perplexity * 100.0);
    section.paragraph(Text::new(
        format!(
            "The recipe tolerates {metric:.1} points less exact match, a divergence of {apart} nats, {rise:.1}% more perplexity, and wants {least:.1}% of the likeliest tokens unchanged. A form that costs more is refused and not sealed; the one in the package passed."
        ),
        format!(
            "配方允许完全一致率下降 {metric:.1} 个百分点、散度 {apart} 奈特、困惑度上升 {rise:.1}%，并要求 {least:.1}% 的最可能词元不变。超出者会被拒绝，不会封装；模型包所用的格式已通过。"
        ),
    ));
    if outcome.importance > 0 {
        let tokens = count(outcome.importance);
        section.paragraph(Text::new(
            format!("Which weights matter most was taken from {tokens} tokens of training conversations (importance matrix)."),
            format!("重要性矩阵取自 {tokens} 个训练对话词元，用于判断哪些权重更重要。"),
        ));
    }
    section.paragraph(Text::new(
        format!(
            "The chat template is byte for byte the base model's in every form ({}).",
            outcome.template
        ),
        format!("各格式的对话模板均与基础模型逐字节一致（{}）。", outcome.template),
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::share_figure;
    use ingot_base::Lang;

    fn form(name: &str, hits: u64, perplexity: f64, divergence: f64, agreement: f64) -> QuantForm {
        QuantForm {
            name: name.into(),
            bytes: 1_000_000,
            bits: 4.5,
            perplexity,
            divergence,
            divergence_p99: divergence * 4.0,
            agreement,
            exact_match: share_figure("exact_match", hits, 50),
        }
    }

    fn outcome(kept: &str) -> QuantOutcome {
        QuantOutcome {
            forms: vec![
                form("f16", 46, 1.1, 0.0, 1.0),
                form("q8_0", 46, 1.1, 0.0001, 0.999),
                form("q4_0", 40, 1.3, 0.12, 0.90),
            ],
            kept: kept.into(),
            tolerance: QuantTolerance {
                metric: 0.04,
                agreement: 0.92,
                divergence: 0.1,
                perplexity: 0.1,
            },
            rows: 50,
            tokens: 2000,
            importance: 512,
            template: Digest::of(b"{{ messages }}"),
        }
    }

    #[test]
    fn what_costs_more_is_refused_with_every_figure() {
        outcome("f16").gate().unwrap();
        outcome("q8_0").gate().unwrap();
        let refused = outcome("q4_0").gate().unwrap_err();
        assert_eq!(refused.code(), "train-quantisation-refused");
        assert_eq!(refused.message().class.exit_code(), 3);
        let told = refused.render(Lang::En);
        for part in ["0.8000", "0.9200", "0.1200", "1.3000", "0.9000"] {
            assert!(told.contains(part), "{part}: {told}");
        }
        let change: [fn(&mut QuantForm); 4] = [
            |form| form.exact_match = share_figure("exact_match", 43, 50),
            |form| form.divergence = 0.11,
            |form| form.perplexity = 1.22,
            |form| form.agreement = 0.91,
        ];
        for (index, change) in change.into_iter().enumerate() {
            let mut one = outcome("q8_0");
            change(&mut one.forms[1]);
            assert!(one.gate().is_err(), "limit {index} alone refuses");
        }
        assert!(outcome("q2_k").gate().is_err(), "a form that is not there passes nothing");
        let mut bare = outcome("q8_0");
        bare.forms[1].divergence = f64::NAN;
        assert!(bare.gate().is_err(), "what is no number passes nothing");
    }

    #[test]
    fn the_page_names_the_form_in_the_package() {
        let page = quant_report(&outcome("q8_0")).html(Lang::En);
        assert!(page.contains("q8_0 (in the package)") && page.contains("模型包所用"));
    }
}

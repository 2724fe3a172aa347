//! The training report of an adapter.

use super::outcome::{Figure, SftOutcome};
use ingot_base::{Lang, Text};
use ingot_report::chart::{self, Axis, Series};
use ingot_report::{Cell, Column, Page, Section, Table, count, number};

/// Points of a curve at most.
const POINTS: usize = 200;

/// The report of one training.
pub fn sft_report(outcome: &SftOutcome) -> Page {
    let mut page = Page::new(Text::new("Training report", "训练报告"));
    page.lead(lead(outcome));
    result(outcome, page.section(Text::new("Result on test rows", "测试集结果")));
    samples(outcome, page.section(Text::new("Answers to test rows", "测试样例")));
    history(outcome, page.section(Text::new("How it learned", "训练过程")));
    memory(outcome, page.section(Text::new("What it remembers word by word", "逐字记忆检测")));
    gate(
        outcome,
        page.section(Text::new(
            "Is the merged model the trained one?",
            "合并后的模型与训练结果是否一致",
        )),
    );
    page
}

fn lead(outcome: &SftOutcome) -> Text {
    let (own, all) = (count(outcome.parameters), count(outcome.base_parameters));
    let (rows, tested) = (count(outcome.rows.train), count(outcome.rows.test));
    let (base, rank) = (&outcome.base, outcome.rank);
    if let Some(preference) = &outcome.preference {
        let beta = preference.beta;
        return Text::new(
            format!(
                "An adapter of rank {rank}, {own} trained numbers beside the {all} of {base}, which stay as they are; learned from {rows} questions to prefer one answer to another (direct preference optimisation, β = {beta}), measured on {tested} it never saw."
            ),
            format!(
                "在 {base} 的 {all} 个参数（保持不变）之外训练秩为 {rank} 的适配器，共 {own} 个参数；用 {rows} 个提问学习在两个回答中偏好其一（直接偏好优化，β = {beta}），并在从未见过的 {tested} 个提问上评估。"
            ),
        );
    }
    Text::new(
        format!(
            "An adapter of rank {rank}, {own} trained numbers beside the {all} of {base}, which stay as they are; learned from the answers of {rows} conversations, measured on {tested} it never saw."
        ),
        format!(
            "在 {base} 的 {all} 个参数（保持不变）之外训练秩为 {rank} 的适配器，共 {own} 个参数；从 {rows} 段对话的回答中学习，并在从未见过的 {tested} 段对话上评估。"
        ),
    )
}

fn result(outcome: &SftOutcome, section: &mut Section) {
    let columns = vec![
        Column::text(Text::new("Figure", "指标")),
        Column::number(Text::new("Trained", "训练后")),
        Column::text(Text::new("95% interval", "95% 置信区间")),
        Column::number(Text::new("Base model", "基础模型")),
    ];
    let row = |(own, before): (&Figure, &Figure)| {
        let interval =
            own.interval.map(|(low, high)| format!("{} … {}", number(low, 4), number(high, 4)));
        vec![
            Cell::text(own.title()),
            Cell::number(own.value, 4),
            interval.map_or_else(Cell::empty, Cell::same),
            Cell::number(before.value, 4),
        ]
    };
    let rows = outcome.metrics.iter().zip(&outcome.base_metrics).map(row).collect();
    section.table(Table { columns, rows });
    let unfit = outcome.unfit;
    if unfit.total() > 0 {
        let told = unfit.told(&[]);
        section.note(Text::new(
            format!("Not used: {}.", told.en),
            format!("未使用的对话：{}。", told.zh),
        ));
    }
}

fn samples(outcome: &SftOutcome, section: &mut Section) {
    if outcome.samples.is_empty() {
        section.paragraph(Text::new(
            "None are shown: set `samples` in [train.lora] to show some to every reader of this page.",
            "未展示；可在 [train.lora] 中设置 `samples`，本页的读者都能看到所展示的样例。",
        ));
        return;
    }
    let columns = vec![
        Column::text(Text::new("Asked", "提问")),
        Column::text(Text::new("Expected", "期望回答")),
        Column::text(Text::new("Base model", "基础模型")),
        Column::text(Text::new("Trained", "训练后")),
    ];
    let short = |text: &String| {
        let cut: String = text.chars().take(400).collect();
        Cell::same(if cut.len() < text.len() { format!("{cut}…") } else { cut })
    };
    let answer = |text: &String, cut: bool| {
        if !cut {
            return short(text);
        }
        let text: String = text.chars().take(400).collect();
        Cell::text(Text::new(format!("{text}… [cut off]"), format!("{text}… [已截断]")))
    };
    let rows = outcome.samples.iter().map(|one| {
        let [before, after] = one.cut;
        vec![
            short(&one.asked),
            short(&one.expected),
            answer(&one.before, before),
            answer(&one.after, after),
        ]
    });
    section.table(Table { columns, rows: rows.collect() });
    section.note(Text::new(
        "The likeliest words, as the data stand after [protect].",
        "取最可能的词元；数据为 [protect] 处理之后的内容。",
    ));
}

#[expect(clippy::cast_precision_loss, reason = "steps are counted in thousands")]
fn history(outcome: &SftOutcome, section: &mut Section) {
    // Means over stretches, so that a curve has few points.
    let stretch = outcome.steps.len().div_ceil(POINTS).max(1);
    let points = outcome.steps.chunks(stretch).enumerate().map(|(at, steps)| {
        let mean = steps.iter().map(|step| step.0).sum::<f64>() / steps.len() as f64;
        ((at * stretch + steps.len()) as f64, mean)
    });
    let mut series = vec![Series {
        name: Text::new("training rows", "训练集"),
        points: points.collect(),
        band: Vec::new(),
    }];
    if !outcome.validation.is_empty() {
        let per = outcome.steps.len() as f64 / outcome.validation.len() as f64;
        let losses = outcome.validation.iter().enumerate();
        series.push(Series {
            name: Text::new("validation rows", "验证集"),
            points: losses.map(|(at, loss)| ((at + 1) as f64 * per, *loss)).collect(),
            band: Vec::new(),
        });
    }
    let (title, axis) = if outcome.preference.is_some() {
        (
            Text::new(
                "Loss of the preferences; lower is better, 0.69 is that of the base",
                "偏好损失，越低越好；基础模型为 0.69",
            ),
            Text::new("loss of a pair, nats", "每对回答的损失（奈特）"),
        )
    } else {
        (
            Text::new("Loss of the answers; lower is better", "回答部分的损失，越低越好"),
            Text::new("cross-entropy of a token", "每词元交叉熵"),
        )
    };
    let step = Axis::counting(Text::new("step", "步"));
    section.figure(title, chart::lines(&series, &step, &Axis::new(axis)));
    preferences(outcome, section);
    let (all, learnt) = outcome.tokens;
    section.facts(vec![
        (Text::new("Steps", "步数"), Text::same(count(outcome.steps.len() as u64))),
        (Text::new("Tokens of one epoch", "每轮词元数"), Text::same(count(all))),
        (Text::new("of them learnt", "其中参与学习"), Text::same(count(learnt))),
        (Text::new("Epoch kept", "保留的轮次"), Text::same(outcome.best.to_string())),
        (Text::new("Matrices changed", "调整的矩阵"), Text::same(outcome.targets.join(", "))),
    ]);
}

/// The validation pairs after every epoch.
fn preferences(outcome: &SftOutcome, section: &mut Section) {
    let Some(preference) = &outcome.preference else { return };
    if preference.accuracies.is_empty() {
        return;
    }
    let columns = vec![
        Column::number(Text::new("Epoch", "轮次")),
        Column::number(Text::new("Loss of validation pairs", "验证集损失")),
        Column::number(Text::new("Preference accuracy", "偏好准确率")),
    ];
    let epochs = outcome.validation.iter().zip(&preference.accuracies).enumerate();
    let rows = epochs.map(|(at, (loss, accuracy))| {
        vec![Cell::count(at as u64 + 1), Cell::number(*loss, 4), Cell::number(*accuracy, 4)]
    });
    section.table(Table { columns, rows: rows.collect() });
    section.note(Text::new(
        "Preference accuracy: the share of the pairs whose preferred answer gained more likelihood over the base model than the rejected one.",
        "偏好准确率：相对于基础模型，偏好回答的概率提升高于被拒回答的比例。",
    ));
}

fn memory(outcome: &SftOutcome, section: &mut Section) {
    let memory = &outcome.memory;
    if !memory.canaries.is_empty() {
        canaries(outcome, section);
    }
    if memory.searched {
        let (tried, known, found) =
            (count(memory.tried), count(memory.personal), count(memory.extracted));
        section.paragraph(Text::new(
            format!(
                "{tried} prompts were tried: test questions, and training questions cut in half. Of {known} personal values in the training rows, as [protect] left them, {found} came out in an answer whose prompt did not hold them."
            ),
            format!(
                "共尝试 {tried} 个提问：测试集的提问，以及截去一半的训练集提问。训练数据（经 [protect] 处理后）中的 {known} 个个人信息值里，有 {found} 个出现在提问并未包含它的回答中。"
            ),
        ));
    }
}

#[expect(clippy::cast_precision_loss, reason = "hundreds of candidates")]
fn canaries(outcome: &SftOutcome, section: &mut Section) {
    let memory = &outcome.memory;
    let most = ((memory.candidates + 1) as f64).log2();
    let (planted, others) = (memory.canaries.len(), memory.candidates);
    section.paragraph(Text::new(
        format!(
            "{planted} made-up secrets were hidden in the training data, each once, and afterwards ranked by loss among {others} others. Exposure runs from 0 to {most:.1}; a secret that is not remembered has 1.4 on average, one of {most:.1} is told apart from all others."
        ),
        format!(
            "在训练数据中各埋入一次共 {planted} 个虚构的秘密，训练后按损失与另外 {others} 个候选一同排名。暴露度取值 0 到 {most:.1}；未被记住的秘密平均约为 1.4，达到 {most:.1} 表示模型能将其与所有候选区分开。"
        ),
    ));
    let columns = vec![
        Column::number(Text::new("Secret", "秘密")),
        Column::text(Text::new("Told in", "语言")),
        Column::number(Text::new("Exposure", "暴露度")),
        Column::number(Text::new("Base model", "基础模型")),
        Column::text(Text::new("Recited", "能否复述")),
    ];
    let rows = memory.canaries.iter().enumerate().map(|(at, one)| {
        let recited = if one.recited { Text::new("yes", "能") } else { Text::new("no", "不能") };
        let told = match one.lang {
            Lang::En => Text::new("English", "英文"),
            Lang::Zh => Text::new("Chinese", "中文"),
        };
        vec![
            Cell::count(at as u64 + 1),
            Cell::text(told),
            Cell::number(one.exposure, 2),
            Cell::number(one.untrained, 2),
            Cell::text(recited),
        ]
    });
    section.table(Table { columns, rows: rows.collect() });
}

fn gate(outcome: &SftOutcome, section: &mut Section) {
    let parity = outcome.parity;
    let (tokens, most) = (count(parity.tokens), number(parity.difference, 4));
    let (apart, allowed, same) =
        (parity.divergence, parity.tolerance, number(parity.agreement * 100.0, 2));
    section.paragraph(Text::new(
        format!(
            "The adapter was merged into the base model, written as a GGUF file and read back. On {tokens} tokens of test rows its next-token distributions differ from the trained model's by {apart:.1e} nats on average ({allowed:.0e} is allowed), its scores by at most {most}; the likeliest token is the same for {same}% of them."
        ),
        format!(
            "适配器已并入基础模型，写成 GGUF 文件后重新读取。在测试集的 {tokens} 个词元上，其下一词元分布与训练所得平均相差 {apart:.1e} 奈特（允许 {allowed:.0e}），分数最多相差 {most}，最可能词元的一致率为 {same}%。"
        ),
    ));
}

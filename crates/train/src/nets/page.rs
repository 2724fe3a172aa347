//! The training report of a head.

use super::outcome::HeadOutcome;
use super::private::PrivacySpent;
use super::{encoder, tune};
use crate::outcome::Metric;
use crate::report::{grouped, interval, sure, title, too_few, undefined};
use ingot_base::Text;
use ingot_report::chart::{self, Axis, Series};
use ingot_report::{Cell, Column, Page, Section, Table, count, number};

/// The report of one training.
pub fn head_report(outcome: &HeadOutcome) -> Page {
    let mut page = Page::new(Text::new("Training report", "训练报告"));
    page.lead(lead(outcome));
    let warnings = outcome.warnings();
    if !warnings.is_empty() {
        let section = page.section(Text::new("Warnings", "警告"));
        for warning in warnings {
            section.note(warning);
        }
    }
    result(outcome, page.section(Text::new("Result on test rows", "测试集结果")));
    confusion(outcome, page.section(Text::new("Mistakes", "错误分布")));
    history(outcome, page.section(Text::new("How it learned", "训练过程")));
    if let Some(unfrozen) = &outcome.unfrozen {
        tune::section(
            unfrozen,
            &outcome.metrics,
            page.section(Text::new("Fine-tuning of the network", "网络微调")),
        );
    }
    if let Some(tuned) = &outcome.encoder {
        encoder::section(
            tuned,
            &outcome.metrics,
            page.section(Text::new("Fine-tuning of the encoder", "编码器微调")),
        );
    }
    if let Some(spent) = &outcome.privacy {
        privacy(
            spent,
            page.section(Text::new(
                "What it says of single rows or persons",
                "对单行数据或个人的隐私保证",
            )),
        );
    }
    if let Some(labels) = &outcome.labels {
        let section = page.section(Text::new("Worth another look", "值得复核之处"));
        crate::report::review::doubtful(section, labels);
    }
    if !outcome.to_label.is_empty() {
        to_label(outcome, page.section(Text::new("What to label next", "建议优先标注的数据")));
    }
    gate(
        outcome,
        page.section(Text::new(
            "Is the exported network the trained one?",
            "导出的网络与训练结果是否一致",
        )),
    );
    page
}

fn lead(outcome: &HeadOutcome) -> Text {
    let (weights, width) = (count(outcome.parameters as u64), count(outcome.width as u64));
    let (learned, tested) = (count(outcome.rows.train), count(outcome.rows.test));
    let backbone = &outcome.backbone;
    let (mixed_en, mixed_zh) = match outcome.mixed {
        0 => (String::new(), String::new()),
        mixed => (
            format!(", {} of them mixtures of two", count(mixed)),
            format!("（其中 {} 份由两行混合而成）", count(mixed)),
        ),
    };
    let (copies_en, copies_zh) = match outcome.copies {
        0 => (String::new(), String::new()),
        copies => (
            format!(" and {} augmented copies{mixed_en}", count(copies)),
            format!("及 {} 份增强副本{mixed_zh}", count(copies)),
        ),
    };
    let (kept_en, kept_zh) = match (outcome.tuned(), outcome.tuned_encoder()) {
        (_, Some(own)) => (
            format!("whose last {} layer(s) were trained too", own.layers),
            format!("其末端 {} 层一同训练", own.layers),
        ),
        (None, None) => outcome.kept_frozen().map_or_else(
            || ("which stays as it was".to_owned(), "保持不变".to_owned()),
            |why| {
                (
                    format!("which stays as it was, since {}", why.en),
                    format!("保持不变：{}", why.zh),
                )
            },
        ),
        (Some(own), None) => (
            format!("whose last {} block(s) were trained too", own.blocks),
            format!("其末端 {} 个块一同训练", own.blocks),
        ),
    };
    Text::new(
        format!(
            "{weights} trained weights on the {width} features of {backbone}, {kept_en}; learned from {learned} rows{copies_en}, measured on {tested} rows it never saw."
        ),
        format!(
            "在 {backbone}（{kept_zh}）的 {width} 个特征之上训练 {weights} 个权重；使用 {learned} 行数据{copies_zh}训练，并在从未见过的 {tested} 行上评估。"
        ),
    )
}

fn result(outcome: &HeadOutcome, section: &mut Section) {
    let find = |name: &str| outcome.metrics.iter().find(|metric| metric.name == name);
    let facts = ["accuracy", "auc", "log_loss"].into_iter().filter_map(|name| {
        find(name).map(|metric| (title(name), Text::same(number(metric.value, 4))))
    });
    section.facts(facts.collect());
    let columns = vec![
        Column::text(Text::new("Figure", "指标")),
        Column::number(Text::new("This model", "本模型")),
        Column::text(Text::new("95% interval", "95% 置信区间")),
        Column::number(Text::new("Always the commonest class", "始终取最常见类别")),
    ];
    // A constant answer has not every figure that a model has.
    let plain = |own: &Metric| outcome.majority.iter().find(|plain| plain.name == own.name);
    let told = outcome.told_metrics();
    let rows = told.iter().map(|own| row(own, plain(own)));
    section.table(Table { columns, rows: rows.collect() });
    if outcome.classes.len() == 2
        && let Some(note) = undefined(&outcome.metrics)
    {
        section.note(note);
    }
    section.note(Text::new(
        "These figures are of the network as it was trained. Where the recipe compresses it, those of the network in the package stand in the compression report.",
        "以上指标属于训练所得的网络。若配方要求压缩，封装网络的指标见压缩报告。",
    ));
    if outcome.few_test_rows().is_some() {
        section.note(too_few(true));
        return;
    }
    if let Some(note) = sure(&outcome.metrics, outcome.test_groups.is_some()) {
        section.note(note);
    }
    if let Some(groups) = outcome.test_groups {
        section.note(grouped(groups));
    }
}

fn row(own: &Metric, plain: Option<&Metric>) -> Vec<Cell> {
    vec![
        Cell::text(title(&own.name)),
        Cell::number(own.value, 4),
        interval(own),
        plain
            .filter(|plain| plain.value.is_finite())
            .map_or_else(Cell::empty, |plain| Cell::number(plain.value, 4)),
    ]
}

fn confusion(outcome: &HeadOutcome, section: &mut Section) {
    section.paragraph(Text::new(
        "Each row is a true class; each column what the model said.",
        "每一行为真实类别，每一列为模型的判断。",
    ));
    let mut columns = vec![Column::text(Text::new("True class", "真实类别"))];
    columns.extend(outcome.classes.iter().map(|class| Column::number(Text::same(class.clone()))));
    let rows = outcome.classes.iter().zip(&outcome.confusion).map(|(class, counts)| {
        let counts = counts.iter().map(|count| Cell::count(*count));
        std::iter::once(Cell::same(class.clone())).chain(counts).collect()
    });
    section.table(Table { columns, rows: rows.collect() });
}

/// Losses pass by pass.
pub(super) fn losses(history: &[super::Epoch], section: &mut Section) {
    drawn(history, section, false);
}

/// The same of a student: what it is taught by is a sum of other parts than the cross-entropy that its validation rows are judged by.
pub(crate) fn taught_losses(history: &[super::Epoch], section: &mut Section) {
    drawn(history, section, true);
}

fn drawn(history: &[super::Epoch], section: &mut Section, taught: bool) {
    #[expect(clippy::cast_precision_loss, reason = "epochs are counted in thousands")]
    let line = |pick: fn(&super::Epoch) -> Option<f64>| -> Vec<(f64, f64)> {
        let epochs = history.iter().enumerate();
        epochs.filter_map(|(at, epoch)| Some(((at + 1) as f64, pick(epoch)?))).collect()
    };
    let lines = [
        (
            if taught {
                Text::new("training rows: distillation loss", "训练集：蒸馏损失")
            } else {
                Text::new("training rows", "训练集")
            },
            line(|epoch| epoch.train_loss),
        ),
        (
            if taught {
                Text::new("validation rows: cross-entropy", "验证集：交叉熵")
            } else {
                Text::new("validation rows", "验证集")
            },
            line(|epoch| epoch.validation_loss),
        ),
    ];
    let known = lines.into_iter().filter(|(_, points)| !points.is_empty());
    let series: Vec<Series> =
        known.map(|(name, points)| Series { name, points, band: Vec::new() }).collect();
    if !series.is_empty() {
        let y = if taught {
            Text::new("loss", "损失")
        } else {
            Text::new("cross-entropy", "交叉熵")
        };
        let x = Text::new("epoch", "轮次");
        section.figure(
            Text::new("Loss after each epoch; lower is better", "每轮之后的损失，越低越好"),
            chart::lines(&series, &Axis::counting(x), &Axis::new(y)),
        );
        if taught {
            section.note(Text::new(
                "The two lines measure different things and cannot be compared: the distillation loss weighs the teacher's softened answers (times the temperature's square) with the classes.",
                "两条曲线衡量的内容不同，不可相互比较：蒸馏损失是教师软化输出（乘以温度的平方）与真实类别的加权和。",
            ));
        }
    }
}

fn history(outcome: &HeadOutcome, section: &mut Section) {
    losses(&outcome.history, section);
    if outcome.privacy.is_some() {
        section.note(Text::new(
            "Losses of the training rows are not told: no noise is in them.",
            "不公布训练集的损失：其中没有加入噪声。",
        ));
    }
    if outcome.falling {
        section.note(Text::new(
            "The loss was still falling: more epochs or a smaller batch would learn more.",
            "损失仍在下降，模型尚未充分学习：请增加轮数或减小批量。",
        ));
    }
    if !outcome.weights.is_empty() {
        let each = outcome.classes.iter().zip(&outcome.weights);
        let each: Vec<String> =
            each.map(|(class, weight)| format!("{class} × {}", number(*weight, 2))).collect();
        section.note(Text::new(
            format!("All classes count alike: the loss of a row counts by its class ({}). Probabilities of rare classes are higher for it than their share of the rows.", each.join(", ")),
            format!("各类别同等看待：每行的损失按类别加权（{}），因此稀有类别的预测概率会高于其在数据中的占比。", each.join("，")),
        ));
    }
    section.note(Text::new(
        format!("The weights of epoch {} were kept.", outcome.best + 1),
        format!("保留第 {} 轮的权重。", outcome.best + 1),
    ));
}

fn privacy(spent: &PrivacySpent, section: &mut Section) {
    let (unit_en, unit_zh) = if spent.groups {
        (
            "Every group's gradient, the mean of its rows and their augmented copies,",
            "每组数据（组内各行及其增强副本的均值）的梯度",
        )
    } else {
        (
            "Every row's gradient, with those of its augmented copies,",
            "每行数据（连同其增强副本）的梯度",
        )
    };
    let (hidden_en, hidden_zh) = if spent.groups { ("group", "一组") } else { ("row", "一行") };
    let (left_en, left_zh) = if spent.groups {
        ("", "")
    } else {
        ("of rows that stand for the same person, nor ", "同一人对应多行、")
    };
    section.paragraph(Text::new(
        format!("{unit_en} was shortened to one length, and noise was added that hides whether any one {hidden_en} took part (DP-SGD, Abadi et al. 2016). The figures bound what the weights can tell of it, by Rényi accounting of what takes part by chance in each step. They say nothing {left_en}of how many rows there are, of the classes' names, and of what other reports tell."),
        format!("训练时{unit_zh}的长度都被裁剪到同一上限以内，并加入噪声以掩盖任何{hidden_zh}是否参与（DP-SGD，Abadi 等，2016）。以下数值以 Rényi 核算（每步随机抽样）限定权重可能泄露的信息；{left_zh}数据行数、类别名称以及其他报告披露的内容，不在此保证之内。"),
    ));
    section.facts(vec![
        (Text::same("ε"), Text::same(number(spent.epsilon, 4))),
        (Text::same("δ"), Text::same(format!("{:e}", spent.delta))),
        (
            Text::new("Noise, in clipping lengths", "噪声（裁剪长度的倍数）"),
            Text::same(number(spent.noise, 4)),
        ),
        (Text::new("Clipping length", "裁剪长度"), Text::same(number(spent.clip, 4))),
        (
            Text::new("Share taken in a step, each by chance", "每步抽样比例（泊松抽样）"),
            Text::same(number(spent.sample, 6)),
        ),
        (Text::new("Steps", "步数"), Text::same(count(spent.steps))),
        (
            if spent.groups { Text::new("Groups", "组数") } else { Text::new("Rows", "行数") },
            Text::same(count(spent.units)),
        ),
    ]);
    section.note(Text::new(
        "Another training on the same rows has other noise and costs anew; what is released of several adds up. Figures on validation and test rows are of those rows, which the promise leaves out.",
        "在相同数据上再次训练会使用新的噪声，隐私损失须重新计入；发布多个模型时，隐私损失相加。验证集与测试集上的指标来自这些数据本身，不在保证之内。",
    ));
}

fn to_label(outcome: &HeadOutcome, section: &mut Section) {
    section.paragraph(Text::new(
        "Rows without a class of which the model is least sure: labelling these teaches it most.",
        "以下数据没有类别，且模型最拿不准；优先标注它们收益最大。",
    ));
    let columns = vec![
        Column::text(Text::new("Source", "数据源")),
        Column::number(Text::new("Row", "行号")),
        Column::number(Text::new("Margin", "概率差")),
    ];
    let rows = outcome.to_label.iter().map(|one| {
        vec![Cell::same(one.source.clone()), Cell::count(one.row), Cell::number(one.margin, 4)]
    });
    section.table(Table { columns, rows: rows.collect() });
}

fn gate(outcome: &HeadOutcome, section: &mut Section) {
    let parity = outcome.parity;
    section.paragraph(Text::new(
        format!(
            "Backbone and head were joined into one ONNX graph. On {} test rows its scores differ from the trained head's by at most {:.1e}; {:.0e} is allowed.",
            parity.rows, parity.difference, parity.tolerance
        ),
        format!(
            "预训练网络与输出层合并为一个 ONNX 计算图。在 {} 行测试数据上，其分数与训练所得最多相差 {:.1e}，允许 {:.0e}。",
            parity.rows, parity.difference, parity.tolerance
        ),
    ));
}

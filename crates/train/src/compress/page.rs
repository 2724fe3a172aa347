//! The compression report.

use super::outcome::{CompressOutcome, Distilled, Form, Student};
use ingot_base::{Task, Text};
use ingot_report::chart::{self, Axis};
use ingot_report::{Cell, Column, Page, Section, Table, count};

/// The report of one compression.
pub fn compress_report(outcome: &CompressOutcome) -> Page {
    let mut page = Page::new(Text::new("Compression report", "压缩报告"));
    page.lead(lead(outcome));
    forms(outcome, page.section(Text::new("What each step costs and gains", "每一步的代价与收益")));
    gate(outcome, page.section(Text::new("The gate", "验收门槛")));
    if !outcome.narrowed.is_empty() {
        narrowed(outcome, page.section(Text::new("Channels taken out", "剪除的通道")));
    }
    if let Some(distilled) = &outcome.distilled {
        let section =
            page.section(Text::new("What the unpruned network taught", "剪枝前网络的指导"));
        self::distilled(distilled, section);
    }
    if let Some(student) = &outcome.student {
        self::student(
            student,
            page.section(Text::new("What the student learnt", "学生模型的训练")),
        );
    }
    page
}

fn lead(outcome: &CompressOutcome) -> Text {
    let (Some(first), Some(last)) = (outcome.forms.first(), outcome.forms.last()) else {
        return Text::same("");
    };
    let (size, time) = (ratio(last.bytes, first.bytes), last.milliseconds / first.milliseconds);
    let lost = (first.accuracy - last.accuracy) * 100.0;
    let (change, change_zh) = if lost < 0.0 { ("gains", "上升") } else { ("loses", "下降") };
    let lost = lost.abs();
    Text::new(
        format!(
            "The sealed network has {size:.2} times the size of the trained one and takes {time:.2} times its time; on {} test rows it {change} {lost:.1} points of accuracy and answers {:.1}% as before.",
            count(outcome.rows),
            last.agreement * 100.0
        ),
        format!(
            "封装的网络体积为训练所得的 {size:.2} 倍，耗时为其 {time:.2} 倍；在 {} 行测试数据上准确率{change_zh} {lost:.1} 个百分点，{:.1}% 的答案与压缩前一致。",
            count(outcome.rows),
            last.agreement * 100.0
        ),
    )
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a file")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn forms(outcome: &CompressOutcome, section: &mut Section) {
    let recommended = outcome.recommended().map(|form| form.kind);
    let texts = outcome.model.task == Task::TextClassify;
    let pick = |text: Text, picture: Text| if texts { text } else { picture };
    let mut columns = vec![
        Column::text(Text::new("Form", "形式")),
        Column::number(Text::new("Size, MB", "体积（MB）")),
        Column::number(Text::new("Parameters", "参数")),
        Column::number(Text::new("Of these 0", "其中为零")),
        Column::number(pick(
            Text::new("One text, ms", "单条耗时（毫秒）"),
            Text::new("One picture, ms", "单张耗时（毫秒）"),
        )),
        Column::number(Text::new("Accuracy", "准确率")),
        Column::number(Text::new("Answers as before", "答案一致率")),
        Column::number(pick(
            Text::new("Words as before", "词贡献一致度"),
            Text::new("Maps as before", "类激活图一致度"),
        )),
        Column::text(Text::new("Tolerated", "是否在允许范围内")),
    ];
    let embedded = outcome.forms.iter().any(|form| form.embeddings.is_some());
    if embedded {
        columns.push(Column::number(Text::new("Embeddings as before", "嵌入一致度")));
    }
    let rows = outcome.forms.iter().map(|form| {
        let title = form.kind.title();
        let name = if recommended == Some(form.kind) {
            Text::new(format!("{} (recommended)", title.en), format!("{}（推荐）", title.zh))
        } else {
            title
        };
        let tolerated =
            if outcome.tolerates(form) { Text::new("yes", "是") } else { Text::new("no", "否") };
        let mut cells = vec![
            Cell::text(name),
            Cell::number(megabytes(form), 2),
            Cell::count(form.parameters),
            Cell::share(ratio(form.zeros, form.parameters)),
            Cell::number(form.milliseconds, 2),
            Cell::number(form.accuracy, 4),
            Cell::share(form.agreement),
            form.maps.map_or_else(Cell::empty, |maps| Cell::number(maps, 3)),
            Cell::text(tolerated),
        ];
        if embedded {
            let own = form.embeddings;
            cells.push(own.map_or_else(Cell::empty, |own| Cell::number(own, 3)));
        }
        cells
    });
    section.table(Table { columns, rows: rows.collect() });
    section.note(Text::new(
        "Each form was measured on the same test rows. The last goes into the package, and the figures of the model card are its own; those of the training report are of the first.",
        "各形式均在相同的测试数据上测量。最后一种形式被封装，模型卡中的指标属于它；训练报告中的指标属于第一种形式。",
    ));
    if embedded {
        section.note(Text::new(
            "Embeddings: mean cosine with those of the trained model on the test texts; 1 is the same direction.",
            "嵌入一致度：在测试文本上与训练所得模型的嵌入向量的平均余弦，1 表示方向相同。",
        ));
    }
    if let Some(own) = outcome.estranged() {
        section.note(estranged(own));
    }
    section.note(pick(
        Text::new(
            "Times are the median of one text on one core, all forms in turn on the same texts. Words: mean rank correlation of what single words did to the answer (Shapley values) with the trained model's, on some test texts; 1 is the same order of all words.",
            "耗时为单核处理一条文本的中位数，各形式在相同文本上轮流测量。词贡献一致度：在部分测试文本上，各词对判断的作用（Shapley 值）与训练所得模型的平均秩相关系数，1 表示所有词排序相同。",
        ),
        Text::new(
            "Times are the median of one picture on one core, all forms in turn on the same pictures. Maps: mean rank correlation of the class activation maps with those of the trained model; 1 is the same order of all places.",
            "耗时为单核处理一张图片的中位数，各形式在相同图片上轮流测量。类激活图一致度：与训练所得模型的类激活图的平均秩相关系数，1 表示所有位置排序相同。",
        ),
    ));
    bars(outcome, texts, section);
}

/// Time and size of each form.
fn bars(outcome: &CompressOutcome, texts: bool, section: &mut Section) {
    let time = if texts {
        Text::new("milliseconds for one text", "单条文本耗时（毫秒）")
    } else {
        Text::new("milliseconds for one picture", "单张图片耗时（毫秒）")
    };
    let bars = |pick: fn(&Form) -> f64| -> Vec<(Text, f64)> {
        outcome.forms.iter().map(|form| (form.kind.title(), pick(form))).collect()
    };
    section.figure(time.clone(), chart::bars(&bars(|form| form.milliseconds), &Axis::new(time), 2));
    let size = Text::new("size, MB", "体积（MB）");
    section.figure(size.clone(), chart::bars(&bars(megabytes), &Axis::new(size), 2));
}

/// That the embeddings of the network in the package are not those of the trained one.
fn estranged(cosine: f64) -> Text {
    Text::new(
        format!(
            "The embeddings of the sealed network are others than the trained one's (mean cosine {cosine:.2}): texts embedded by the one must not be searched by the other. Embed all of them anew, or keep more layers."
        ),
        format!(
            "封装网络的嵌入向量与训练所得网络不同（平均余弦 {cosine:.2}）：不可用其中一个网络的嵌入去检索另一个网络的嵌入。请全部重新生成，或保留更多层。"
        ),
    )
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a file")]
fn megabytes(form: &Form) -> f64 {
    form.bytes as f64 / 1e6
}

fn gate(outcome: &CompressOutcome, section: &mut Section) {
    let (lost, least) = (outcome.metric * 100.0, outcome.agreement * 100.0);
    section.paragraph(Text::new(
        format!(
            "The recipe tolerates {lost:.1} points less accuracy, and wants {least:.1}% of the answers unchanged. What costs more is refused and not sealed; this model passed."
        ),
        format!(
            "配方允许准确率下降 {lost:.1} 个百分点，并要求 {least:.1}% 的答案不变。超出者会被拒绝，不会封装；本模型已通过。"
        ),
    ));
    if let Some(calibrated) = &outcome.calibrated {
        section.paragraph(Text::new(
            format!(
                "Ranges of values come from {} training pictures, by the method `{}`.",
                count(calibrated.pictures),
                calibrated.method
            ),
            format!(
                "数值范围取自 {} 张训练图片，方法为 `{}`。",
                count(calibrated.pictures),
                calibrated.method
            ),
        ));
    }
}

fn distilled(distilled: &Distilled, section: &mut Section) {
    let (temperature, share) = (distilled.temperature, distilled.weight * 100.0);
    let training = &distilled.training;
    let (blocks, weights) = (training.blocks, count(training.parameters as u64));
    if !training.helped() {
        section.paragraph(Text::new(
            format!("The pruned network stays as it was: on the validation rows no pass was better in which its last {blocks} block(s) and its head learnt the answers of the unpruned network (knowledge distillation, Hinton et al. 2015)."),
            format!("剪枝后的网络保持不变：其末端的 {blocks} 个块与输出层曾学习剪枝前网络的输出（知识蒸馏，Hinton 等，2015），但在验证集上没有任何一轮更好。"),
        ));
        return;
    }
    section.paragraph(Text::new(
        format!("The pruned network's last {blocks} block(s) and its head, {weights} weights of convolutions, learnt the answers of the unpruned network to the training pictures, softened by the temperature {temperature} (knowledge distillation, Hinton et al. 2015). These make up {share:.0}% of the loss, the classes of the pictures the rest."),
        format!("剪枝后网络末端的 {blocks} 个块与输出层（卷积权重 {weights} 个）学习剪枝前网络对训练图片的输出，并以温度 {temperature} 软化（知识蒸馏，Hinton 等，2015）。软化输出占损失的 {share:.0}%，其余为图片的真实类别。"),
    ));
    let (passes, best) = (training.history.len(), training.best);
    section.note(Text::new(
        format!("{passes} passes; the weights of pass {best} were kept."),
        format!("共 {passes} 轮，保留第 {best} 轮的权重。"),
    ));
}

fn student(student: &Student, section: &mut Section) {
    let (temperature, share) = (student.temperature, student.weight * 100.0);
    let training = &student.training;
    let (layers, of, weights) = (training.of, student.of, count(training.parameters as u64));
    section.paragraph(Text::new(
        format!("The student has {layers} of the encoder's {of} layers, evenly taken. Their {weights} numbers and the head learnt the trained network's answers to the training texts, softened by the temperature {temperature} (knowledge distillation, Hinton et al. 2015), and to give its embeddings. The answers make up {share:.0}% of the loss, the classes of the texts the rest; words' and positions' embeddings stayed as they were."),
        format!("学生模型含编码器 {of} 层中均匀选取的 {layers} 层。这些层的 {weights} 个数值与输出层学习训练所得网络对训练文本的输出（以温度 {temperature} 软化；知识蒸馏，Hinton 等，2015），并学习给出相同的嵌入向量。输出占损失的 {share:.0}%，其余为文本的真实类别；词与位置的嵌入保持不变。"),
    ));
    crate::nets::taught_losses(&training.history, section);
    section.note(match training.best {
        0 => Text::new(
            "No pass made the validation loss lower: the fewer layers stay as they were, with a head of their own.",
            "没有任何一轮降低验证损失：所选各层保持不变，仅重新训练输出层。",
        ),
        best => Text::new(
            format!("{} passes; the numbers of pass {best} were kept.", training.history.len()),
            format!("共 {} 轮，保留第 {best} 轮的数值。", training.history.len()),
        ),
    });
}

fn narrowed(outcome: &CompressOutcome, section: &mut Section) {
    section.paragraph(Text::new(
        "Of the channels between two convolutions those went that the others can stand for best; the convolution behind was fitted anew by least squares, and the head trained anew.",
        "在两个卷积之间，剪除的是最能由其余通道代替的通道；其后的卷积用最小二乘重新拟合，输出层重新训练。",
    ));
    let columns = vec![
        Column::text(Text::new("Convolution", "卷积")),
        Column::number(Text::new("Channels before", "原通道数")),
        Column::number(Text::new("Channels left", "保留通道数")),
        Column::number(Text::new("Variance lost behind it", "其后损失的方差")),
    ];
    let rows = outcome.narrowed.iter().map(|cut| {
        vec![
            Cell::same(cut.name.clone()),
            Cell::count(cut.before as u64),
            Cell::count(cut.after as u64),
            Cell::share(cut.error),
        ]
    });
    section.table(Table { columns, rows: rows.collect() });
}

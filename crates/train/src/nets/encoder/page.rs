//! The training report's section on an encoder that was fine-tuned.

use super::super::page::losses;
use super::{Method, TunedEncoder};
use crate::outcome::Metric;
use crate::report::title;
use ingot_base::Text;
use ingot_report::{Cell, Column, Section, Table, count, number};

/// What was trained, and what that changed on the test rows.
pub(in super::super) fn section(tuned: &TunedEncoder, metrics: &[Metric], section: &mut Section) {
    let (layers, of, numbers) = (tuned.layers, tuned.of, count(tuned.parameters as u64));
    section.paragraph(match tuned.method {
        Method::Lora { rank, alpha } => {
            let alpha = number(alpha, 2);
            Text::new(
                format!("Every matrix of the last {layers} of the encoder's {of} layers was changed by a product of two narrow ones (LoRA, Hu et al. 2021): rank {rank}, alpha {alpha}, {numbers} numbers in all. They were trained together with the head, which had been trained on the unchanged encoder before, and are merged into the matrices: the exported network is no larger and no slower. Words' and positions' embeddings stay as they were."),
                format!("编码器共 {of} 层，其末端 {layers} 层的每个矩阵各加上两个窄矩阵的乘积（LoRA，Hu 等，2021）：秩 {rank}，alpha {alpha}，共 {numbers} 个数值，与输出层一同训练；输出层此前已在未改动的编码器上训练过。改动量已并入原矩阵，导出的网络不会更大，也不会更慢。词与位置的嵌入保持不变。"),
            )
        }
        Method::Full => Text::new(
            format!("All {numbers} numbers of the last {layers} of the encoder's {of} layers were trained together with the head, which had been trained on the unchanged encoder before. What stands before these layers, among it words' and positions' embeddings, stays as it was."),
            format!("编码器共 {of} 层，其末端 {layers} 层的全部 {numbers} 个数值与输出层一同训练；输出层此前已在未改动的编码器上训练过。这些层之前的部分（包括词与位置的嵌入）保持不变。"),
        ),
    });
    if tuned.helped() {
        compared(tuned, metrics, section);
    }
    losses(&tuned.history, section);
    section.note(match tuned.best {
        0 => Text::new(
            "No pass made the validation loss lower than it was: the encoder and the head stay as they were before.",
            "没有任何一轮使验证损失低于微调前：编码器与输出层保持微调前的状态。",
        ),
        best => Text::new(
            format!("The numbers of epoch {best} were kept."),
            format!("保留第 {best} 轮的数值。"),
        ),
    });
}

/// The figures on the test rows beside those of before.
fn compared(tuned: &TunedEncoder, metrics: &[Metric], section: &mut Section) {
    let columns = vec![
        Column::text(Text::new("Figure", "指标")),
        Column::number(Text::new("Fine-tuned", "微调后")),
        Column::number(Text::new("Head on the frozen encoder", "冻结编码器上的输出层")),
    ];
    let before = |own: &Metric| tuned.frozen.iter().find(|metric| metric.name == own.name);
    let cell = |metric: &Metric| {
        if metric.value.is_finite() { Cell::number(metric.value, 4) } else { Cell::empty() }
    };
    let rows = metrics.iter().map(|own| {
        vec![Cell::text(title(&own.name)), cell(own), before(own).map_or_else(Cell::empty, cell)]
    });
    section.table(Table { columns, rows: rows.collect() });
}

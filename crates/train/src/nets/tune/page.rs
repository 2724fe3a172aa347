//! The training report's section on what was fine-tuned.

use super::super::page::losses;
use super::Unfrozen;
use crate::outcome::Metric;
use crate::report::title;
use ingot_base::Text;
use ingot_report::{Cell, Column, Section, Table, count, number};

/// What was trained, and what that changed on the test rows.
pub(in super::super) fn section(unfrozen: &Unfrozen, metrics: &[Metric], section: &mut Section) {
    let [channels, height, width] = unfrozen.shape;
    let (from, blocks) = (&unfrozen.from, unfrozen.blocks);
    let (layers, weights) = (unfrozen.convolutions.len(), count(unfrozen.parameters as u64));
    #[expect(clippy::cast_precision_loss, reason = "bytes of maps")]
    let megabytes = number(unfrozen.bytes as f64 / 1e6, 1);
    let (kept_en, kept_zh) = if unfrozen.helped() {
        ("", "")
    } else {
        (
            " None of this was kept: on the validation rows no pass was better than the frozen network, which is in the model with the head that was trained on it.",
            "以上结果均未采用：在验证集上没有任何一轮优于冻结网络，模型仍使用冻结网络及在其上训练的输出层。",
        )
    };
    section.paragraph(Text::new(
        format!("The last {blocks} block(s) of the network and what follows them, {layers} convolutions with {weights} weights from the value `{from}` on, were trained together with the head, which had been trained on the unchanged network before. What stands before that value stays as it was: its maps of {channels} × {height} × {width} numbers were kept ({megabytes} MB for all pictures and copies), so that it ran once for each picture.{kept_en}"),
        format!("网络末端的 {blocks} 个块及其后的部分（自 `{from}` 起共 {layers} 个卷积、{weights} 个权重）与输出层一同训练；输出层此前已在未改动的网络上训练过。该处之前的部分保持不变，其输出的特征图（{channels} × {height} × {width}）已缓存（所有图片及副本共 {megabytes} MB），因此每张图片只需计算一次。{kept_zh}"),
    ));
    if unfrozen.helped() {
        compared(unfrozen, metrics, section);
    }
    losses(&unfrozen.history, section);
    if unfrozen.helped() {
        let best = unfrozen.best;
        section.note(Text::new(
            format!("The weights of epoch {best} were kept."),
            format!("保留第 {best} 轮的权重。"),
        ));
    }
}

/// The figures on the test rows beside those of before.
fn compared(unfrozen: &Unfrozen, metrics: &[Metric], section: &mut Section) {
    let columns = vec![
        Column::text(Text::new("Figure", "指标")),
        Column::number(Text::new("Fine-tuned", "微调后")),
        Column::number(Text::new("Head on the frozen network", "冻结网络上的输出层")),
    ];
    let before = |own: &Metric| unfrozen.frozen.iter().find(|metric| metric.name == own.name);
    let cell = |metric: &Metric| {
        if metric.value.is_finite() { Cell::number(metric.value, 4) } else { Cell::empty() }
    };
    let rows = metrics.iter().map(|own| {
        vec![Cell::text(title(&own.name)), cell(own), before(own).map_or_else(Cell::empty, cell)]
    });
    section.table(Table { columns, rows: rows.collect() });
}

//! The layers as a table.

use super::draw::{dims, kind};
use ingot_base::{Lang, Text};
use ingot_report::{Cell, Column, Table, count};
use ingot_runtime::onnx::{Layer, Summary};

/// The layers as a table of a report: name, kind, what it gives, parameters.
pub fn layer_table(summary: &Summary) -> Table {
    let columns = vec![
        Column::text(Text::new("Layer", "层")),
        Column::text(Text::new("Operation", "运算")),
        Column::text(Text::new("Output", "输出形状")),
        Column::number(Text::new("Parameters", "参数量")),
    ];
    let row = |layer: &Layer| {
        vec![
            Cell::same(layer.name.clone()),
            Cell::same(kind(layer)),
            Cell::same(dims(&layer.shape)),
            Cell::count(layer.parameters),
        ]
    };
    let mut rows: Vec<Vec<Cell>> = summary.layers.iter().map(row).collect();
    rows.push(vec![
        Cell::text(Text::new("Total", "合计")),
        Cell::same(""),
        Cell::same(""),
        Cell::count(summary.parameters()),
    ]);
    Table { columns, rows }
}

/// The layers as lines for a terminal: a heading, a line for each layer, the total.
pub fn layer_lines(summary: &Summary, lang: Lang) -> Vec<Vec<String>> {
    let heading =
        [("layer", "层"), ("operation", "运算"), ("output", "输出形状"), ("parameters", "参数量")];
    let say = |(en, zh): (&str, &str)| Text::new(en, zh).get(lang).to_owned();
    let mut lines = vec![heading.map(say).to_vec()];
    lines.extend(summary.layers.iter().map(|layer| {
        vec![layer.name.clone(), kind(layer), dims(&layer.shape), count(layer.parameters)]
    }));
    lines.push(vec![
        say(("total", "合计")),
        String::new(),
        String::new(),
        count(summary.parameters()),
    ]);
    lines
}

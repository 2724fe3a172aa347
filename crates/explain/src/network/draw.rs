//! The drawing: boxes from top to bottom in columns, what repeats in a frame with its number, ways around as arcs.

use super::blocks::{self, Run};
use crate::words::real;
use ingot_report::{count, escape};
use ingot_runtime::onnx::{Dim, Layer, Summary};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const BOX: f64 = 236.0;
const TALL: f64 = 40.0;
const GAP: f64 = 15.0;
/// Room in a frame, at its sides for arcs too.
const PAD: f64 = 22.0;
const COLUMN: f64 = BOX + 2.0 * PAD;
const BETWEEN: f64 = 34.0;
const MARGIN: f64 = 26.0;
const HEAD: f64 = 88.0;
const INK: &str = "#1c2430";
const SOFT: &str = "#5b6675";
const LINE: &str = "#8894a3";
/// Blocks drawn at most; what comes after is told in one box.
const MOST: usize = 240;

/// The layers of a graph as a self-contained SVG of one page.
pub fn network_svg(summary: &Summary) -> String {
    let runs = blocks::runs(&summary.layers);
    let items: Vec<Item> = items(summary, &runs);
    let columns = columns(&items);
    let pages = flow(&items, columns);
    let tallest = pages.iter().map(|column| height(&items, column)).fold(0.0, f64::max);
    let used = pages.len().max(1);
    let width = (MARGIN * 2.0 + COLUMN * real(used) + BETWEEN * real(used - 1)).max(560.0);
    let high = HEAD + tallest + MARGIN + 8.0;
    let mut drawing = Drawing {
        summary,
        shared: blocks::shared(&summary.layers),
        lines: String::new(),
        boxes: String::new(),
    };
    for (index, column) in pages.iter().enumerate() {
        let left = MARGIN + (COLUMN + BETWEEN) * real(index);
        drawing.column(&items, column, left, pages.get(index + 1).is_some(), tallest);
    }
    let title = if summary.name.is_empty() { "ONNX" } else { &summary.name };
    let put = |dims: &[Dim]| self::dims(dims);
    let inputs: Vec<String> =
        summary.inputs.iter().map(|(name, dims)| format!("{name} {}", put(dims))).collect();
    let outputs: Vec<String> =
        summary.outputs.iter().map(|(name, dims, _)| format!("{name} {}", put(dims))).collect();
    format!(
        "<svg class=\"wide\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {high:.0}\" width=\"{width:.0}\" height=\"{high:.0}\" \
         role=\"img\" font-family=\"Inter,'Segoe UI',Arial,'DejaVu Sans',sans-serif\"><title>{0}</title>\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\
         <text x=\"{MARGIN}\" y=\"30\" font-size=\"19\" font-weight=\"600\" fill=\"{INK}\">{0}</text>\
         <text x=\"{MARGIN}\" y=\"49\" font-size=\"13\" fill=\"{SOFT}\">{1}</text>\
         <text x=\"{MARGIN}\" y=\"66\" font-size=\"13\" fill=\"{SOFT}\">{2}</text>{3}{4}</svg>",
        escape(title),
        escape(&format!(
            "{} layers 层 · {} parameters 参数",
            count(summary.layers.len() as u64),
            count(summary.parameters())
        )),
        escape(&shorten(
            &format!("{}  →  {}", inputs.join(", "), outputs.join(", ")),
            fitting(width - 2.0 * MARGIN, 6.6)
        )),
        drawing.lines,
        drawing.boxes
    )
}

/// `32 × 112 × 112`; without the number of rows, which differs from run to run.
pub(super) fn dims(dims: &[Dim]) -> String {
    let dims = match dims {
        [None | Some(1), rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    dims.iter()
        .map(|dim| dim.map_or("?".to_owned(), |dim| dim.to_string()))
        .collect::<Vec<_>>()
        .join(" × ")
}

/// `Conv 3×3 /2 · ReLU6`.
pub(super) fn kind(layer: &Layer) -> String {
    let operator = match layer.operator.as_str() {
        "GlobalAveragePool" => "global mean",
        "LayerNormalization" => "LayerNorm",
        "BatchNormalization" => "BatchNorm",
        other => other,
    };
    let mut words = operator.to_owned();
    if !layer.detail.is_empty() {
        let _ = write!(words, " {}", layer.detail);
    }
    if !layer.activation.is_empty() {
        let _ = write!(words, " · {}", layer.activation);
    }
    words
}

/// What is drawn as one piece.
enum Item {
    /// A single layer.
    Layer(usize),
    /// Layers in levels, as often as they come, with the counts of all times.
    Frame { times: usize, levels: Vec<Vec<usize>>, parameters: u64 },
    /// What is not drawn.
    More(usize),
}

impl Item {
    fn height(&self) -> f64 {
        match self {
            Self::Layer(_) | Self::More(_) => TALL,
            Self::Frame { times, levels, .. } => {
                let head = if *times > 1 { 20.0 } else { 0.0 };
                head + real(levels.len()) * (TALL + GAP) - GAP + 24.0
            }
        }
    }
}

fn items(summary: &Summary, runs: &[Run]) -> Vec<Item> {
    let mut items = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        if at == MOST {
            let left = runs.iter().skip(at).map(|run| run.layers.len()).sum();
            items.push(Item::More(left));
            break;
        }
        match run.blocks.as_slice() {
            [block] if run.times == 1 && block.len() == 1 => {
                items.extend(block.iter().map(|layer| Item::Layer(*layer)));
            }
            blocks => items.push(frame(summary, run, blocks)),
        }
    }
    items
}

fn frame(summary: &Summary, run: &Run, blocks: &[Vec<usize>]) -> Item {
    let mut level: BTreeMap<usize, usize> = BTreeMap::new();
    let mut levels: Vec<Vec<usize>> = Vec::new();
    for block in blocks {
        // A block begins below the one before it.
        let begin = levels.len();
        for index in block {
            let inputs =
                summary.layers.get(*index).map(|layer| layer.inputs.as_slice()).unwrap_or_default();
            let own = inputs.iter().flatten().filter_map(|source| level.get(source)).max();
            let own = own.map_or(begin, |above| (above + 1).max(begin));
            level.insert(*index, own);
            while levels.len() <= own {
                levels.push(Vec::new());
            }
            if let Some(row) = levels.get_mut(own) {
                row.push(*index);
            }
        }
    }
    let parameters = run
        .layers
        .iter()
        .filter_map(|index| summary.layers.get(*index))
        .map(|l| l.parameters)
        .sum();
    Item::Frame { times: run.times, levels, parameters }
}

/// As many columns as make the page about as wide as one of paper lying down.
fn columns(items: &[Item]) -> usize {
    let total: f64 = items.iter().map(|item| item.height() + GAP).sum();
    let off = |columns: &usize| {
        let (wide, high) = (real(*columns) * (COLUMN + BETWEEN), total / real(*columns) + HEAD);
        ((wide / high).ln() - 1.25_f64.ln()).abs()
    };
    (1..=8_usize).min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(1)
}

fn height(items: &[Item], column: &[usize]) -> f64 {
    column.iter().filter_map(|index| items.get(*index)).map(|item| item.height() + GAP).sum::<f64>()
        - GAP
}

/// Items in columns of about equal height.
fn flow(items: &[Item], columns: usize) -> Vec<Vec<usize>> {
    let total: f64 = items.iter().map(|item| item.height() + GAP).sum();
    let share = total / real(columns.max(1));
    let mut pages: Vec<Vec<usize>> = vec![Vec::new()];
    let mut filled = 0.0;
    for (index, item) in items.iter().enumerate() {
        let own = item.height() + GAP;
        let full = filled + own / 2.0 > share && pages.len() < columns;
        if full && pages.last().is_some_and(|page| !page.is_empty()) {
            pages.push(Vec::new());
            filled = 0.0;
        }
        if let Some(page) = pages.last_mut() {
            page.push(index);
        }
        filled += own;
    }
    pages
}

struct Drawing<'s> {
    summary: &'s Summary,
    shared: Vec<Option<usize>>,
    lines: String,
    boxes: String,
}

impl Drawing<'_> {
    fn column(&mut self, items: &[Item], column: &[usize], left: f64, more: bool, tallest: f64) {
        let middle = left + COLUMN / 2.0;
        let mut y = HEAD;
        for (at, index) in column.iter().enumerate() {
            let Some(item) = items.get(*index) else { continue };
            if *index > 0 && at > 0 {
                self.arrow((middle, y - GAP), (middle, y));
            }
            self.item(item, left, y);
            y += item.height() + GAP;
        }
        if more {
            // Down, over to the gap, up and into the next column's first.
            let (bottom, gap) = (HEAD + tallest + 8.0, left + COLUMN + BETWEEN / 2.0);
            let (top, next) = (HEAD - 9.0, middle + COLUMN + BETWEEN);
            let _ = write!(
                self.lines,
                "<path d=\"M{middle:.1} {:.1}V{bottom:.1}H{gap:.1}V{top:.1}H{next:.1}\" fill=\"none\" stroke=\"{LINE}\" stroke-width=\"1.3\" stroke-linejoin=\"round\"/>",
                y - GAP
            );
            self.arrow((next, top), (next, HEAD));
        }
    }

    fn item(&mut self, item: &Item, left: f64, y: f64) {
        match item {
            Item::Layer(index) => self.layer(*index, (left + PAD, y), BOX),
            Item::More(count) => {
                self.plate((left + PAD, y), BOX, "#ffffff");
                self.words(
                    (left + PAD + BOX / 2.0, y + 25.0),
                    13.0,
                    "middle",
                    INK,
                    &format!("… {count} layers 层"),
                );
            }
            Item::Frame { times, levels, parameters } => {
                let high = item.height();
                let _ = write!(
                    self.lines,
                    "<rect x=\"{left:.1}\" y=\"{y:.1}\" width=\"{COLUMN:.1}\" height=\"{high:.1}\" rx=\"10\" fill=\"#f5f7fa\" stroke=\"#cfd7e0\"/>"
                );
                let mut top = y + 12.0;
                if *times > 1 {
                    self.strong((left + PAD, y + 19.0), &format!("× {times}"));
                    let told = format!("{} in all 共计", count(*parameters));
                    self.words((left + COLUMN - PAD, y + 19.0), 11.5, "end", SOFT, &told);
                    top += 20.0;
                }
                self.levels(levels, (left, y), top);
            }
        }
    }

    /// The layers of a frame, with the lines between them.
    fn levels(&mut self, levels: &[Vec<usize>], (left, entry): (f64, f64), top: f64) {
        let mut places: BTreeMap<usize, (f64, f64, usize)> = BTreeMap::new();
        for (at, row) in levels.iter().enumerate() {
            let gap = 8.0;
            let wide = (BOX + gap) / real(row.len().max(1)) - gap;
            let y = top + real(at) * (TALL + GAP);
            for (slot, index) in row.iter().enumerate() {
                let x = left + PAD + real(slot) * (wide + gap);
                places.insert(*index, (x + wide / 2.0, y, at));
                self.layer(*index, (x, y), wide);
            }
        }
        let middle = left + COLUMN / 2.0;
        let mut side = 0;
        for (index, (x, y, at)) in &places {
            let sources =
                self.summary.layers.get(*index).map(|l| l.inputs.clone()).unwrap_or_default();
            let mut drawn = false;
            let sources: Vec<Option<usize>> =
                sources.into_iter().filter(|source| !self.shared.contains(source)).collect();
            for source in sources {
                match source.and_then(|source| places.get(&source)).copied() {
                    Some((from, above, level)) if level + 1 == *at => {
                        self.arrow((from, above + TALL), (*x, *y));
                    }
                    // Around what lies between: from a layer above, or from what comes into the frame.
                    Some((from, above, _)) => {
                        self.around((from, above + TALL + 3.0), (*x, *y), left, side);
                        side += 1;
                    }
                    None if *at == 0 && !drawn => {
                        let _ = write!(
                            self.lines,
                            "<path d=\"M{middle:.1} {entry:.1}V{:.1}L{x:.1} {y:.1}\" stroke=\"{LINE}\" stroke-width=\"1.3\" fill=\"none\"/>",
                            top - 8.0
                        );
                    }
                    None if *at > 0 => {
                        self.around((middle, top - 8.0), (*x, *y), left, side);
                        side += 1;
                    }
                    None => {}
                }
                drawn = true;
            }
        }
    }

    /// A way along the left or right side.
    fn around(&mut self, from: (f64, f64), to: (f64, f64), left: f64, turn: usize) {
        let inset = 9.0 - 3.0 * real(turn / 2 % 3);
        let side = if turn.is_multiple_of(2) { left + inset } else { left + COLUMN - inset };
        let end = if turn.is_multiple_of(2) { left + PAD } else { left + COLUMN - PAD };
        let at = to.1 + TALL / 2.0;
        let _ = write!(
            self.lines,
            "<path d=\"M{:.1} {:.1}H{side:.1}V{at:.1}H{end:.1}\" fill=\"none\" stroke=\"#d08a3c\" stroke-width=\"1.6\" stroke-linejoin=\"round\"/>",
            from.0, from.1
        );
    }

    fn arrow(&mut self, from: (f64, f64), to: (f64, f64)) {
        let _ = write!(
            self.lines,
            "<path d=\"M{0:.1} {1:.1}L{2:.1} {3:.1}\" stroke=\"{LINE}\" stroke-width=\"1.3\" fill=\"none\"/>\
             <path d=\"M{4:.1} {5:.1}L{2:.1} {3:.1}L{6:.1} {5:.1}Z\" fill=\"{LINE}\"/>",
            from.0,
            from.1,
            to.0,
            to.1,
            to.0 - 3.2,
            to.1 - 5.5,
            to.0 + 3.2
        );
    }

    fn plate(&mut self, (x, y): (f64, f64), wide: f64, fill: &str) {
        let _ = write!(
            self.boxes,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{TALL}\" rx=\"6\" fill=\"{fill}\" stroke=\"#9aa6b3\"/>"
        );
    }

    fn layer(&mut self, index: usize, (x, y): (f64, f64), wide: f64) {
        let Some(layer) = self.summary.layers.get(index) else { return };
        self.plate((x, y), wide, fill(layer));
        let room = wide - 16.0;
        self.words(
            (x + 8.0, y + 17.0),
            13.0,
            "start",
            INK,
            &shorten(&kind(layer), fitting(room, 7.0)),
        );
        let weights = match layer.parameters {
            0 => String::new(),
            weights if layer.bits == 8 => format!("{} int8", count(weights)),
            weights => count(weights),
        };
        let shape = dims(&layer.shape);
        let given = self.summary.outputs.iter().find(|(_, _, from)| *from == Some(index));
        let shape = match given {
            Some((name, _, _)) => format!("{shape}  ⇒ {name}"),
            None => shape,
        };
        let both = weights.chars().count() + shape.chars().count() + 2 <= fitting(room, 6.3);
        self.words((x + 8.0, y + 33.0), 11.5, "start", SOFT, &shorten(&shape, fitting(room, 6.0)));
        if both {
            self.words((x + wide - 8.0, y + 33.0), 11.5, "end", SOFT, &weights);
        }
    }

    fn words(&mut self, (x, y): (f64, f64), size: f64, anchor: &str, ink: &str, words: &str) {
        let _ = write!(
            self.boxes,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" text-anchor=\"{anchor}\" fill=\"{ink}\">{}</text>",
            escape(words)
        );
    }

    fn strong(&mut self, (x, y): (f64, f64), words: &str) {
        let _ = write!(
            self.boxes,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"15\" font-weight=\"700\" fill=\"{INK}\">{}</text>",
            escape(words)
        );
    }
}

/// How many letters of this width fit.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some dozens")]
fn fitting(room: f64, letter: f64) -> usize {
    (room / letter).max(1.0) as usize
}

fn shorten(text: &str, fit: usize) -> String {
    if text.chars().count() <= fit {
        return text.to_owned();
    }
    text.chars().take(fit.saturating_sub(1)).chain(['…']).collect()
}

/// A colour for what a layer does.
fn fill(layer: &Layer) -> &'static str {
    match layer.operator.as_str() {
        "Conv" if layer.detail.contains("depthwise") => "#d8f0ea",
        "Conv" | "ConvTranspose" => "#d9e8fb",
        "Gemm" | "MatMul" | "MatMulInteger" => "#e6ddf8",
        "Add" | "Sub" | "Mul" | "Div" => "#fdebd3",
        "GlobalAveragePool" | "MaxPool" | "AveragePool" | "ReduceMean" => "#e2f3d8",
        "LayerNormalization" | "BatchNormalization" | "InstanceNormalization" => "#fbe3e6",
        _ => "#eef1f4",
    }
}

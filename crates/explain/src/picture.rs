//! The surrogate tree as a picture, read from left to right.

use crate::messages::PICTURE;
use crate::surrogate::{Node, Question, Test};
use crate::words::{self, real};
use ingot_base::{Fault, FieldKind, Output, Result, Signature, Text};
use ingot_report::escape;
use resvg::{tiny_skia, usvg};
use std::fmt::Write as _;

const COLUMN: f64 = 300.0;
const BOX: f64 = 236.0;
const ROW: f64 = 74.0;
const TALL: f64 = 58.0;
const MARGIN: f64 = 16.0;
const HEAD: f64 = 52.0;
/// Letters that fit a box, wide ones counted twice.
const FIT: usize = 34;
const FONTS: &str = "'Noto Sans CJK SC','Noto Sans SC','Source Han Sans SC','Microsoft YaHei','PingFang SC','WenQuanYi Micro Hei','DejaVu Sans',Arial,sans-serif";

/// A self-contained SVG in both languages.
pub(crate) fn svg(signature: &Signature, tree: &Node) -> String {
    let levels = levels(tree);
    let width = MARGIN * 2.0 + COLUMN * real(levels - 1) + BOX;
    let height = HEAD + MARGIN + ROW * real(tree.leaves());
    let mut drawing = Drawing { signature, links: String::new(), boxes: String::new(), leaf: 0 };
    drawing.node(tree, 0);
    let about = about(&signature.output);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" font-family=\"{FONTS}\"><title>{0}</title><rect width=\"100%\" height=\"100%\" \
         fill=\"#ffffff\"/><text x=\"{MARGIN}\" y=\"22\" font-size=\"15\" font-weight=\"600\" fill=\"#1c2733\">{0}</text><text x=\"{MARGIN}\" \
         y=\"41\" font-size=\"12\" fill=\"#5a6675\">{1}</text>{2}{3}</svg>",
        escape(&about.zh),
        escape(&about.en),
        drawing.links,
        drawing.boxes
    )
}

fn about(output: &Output) -> Text {
    match output {
        Output::Binary { positive, .. } => Text::new(
            format!("Surrogate decision tree: mean probability of “{positive}”, share of rows"),
            format!("替代决策树：“{positive}”的平均概率与数据行占比"),
        ),
        Output::Multiclass { .. } => Text::new(
            "Surrogate decision tree: most likely class and its mean probability, share of rows",
            "替代决策树：最可能的类别及其平均概率与数据行占比",
        ),
        Output::Number { target } => Text::new(
            format!("Surrogate decision tree: mean estimate of {target}, share of rows"),
            format!("替代决策树：{target}的平均估计值与数据行占比"),
        ),
    }
}

fn levels(node: &Node) -> usize {
    1 + node
        .split
        .as_ref()
        .map_or(0, |(_, children)| children.iter().map(levels).max().unwrap_or_default())
}

struct Drawing<'a> {
    signature: &'a Signature,
    links: String,
    boxes: String,
    leaf: usize,
}

impl Drawing<'_> {
    /// Draws a node and what is below it; returns the height of its middle.
    fn node(&mut self, node: &Node, level: usize) -> f64 {
        let x = MARGIN + COLUMN * real(level);
        let Some((question, children)) = &node.split else {
            let y = HEAD + ROW * (real(self.leaf) + 0.5);
            self.leaf += 1;
            self.square(x, y, node, None);
            return y;
        };
        let [pass, fail] = &**children;
        let places = [self.node(pass, level + 1), self.node(fail, level + 1)];
        let y = f64::midpoint(places[0], places[1]);
        for (place, word, colour) in
            [(places[0], "是 yes", "#2f6f4f"), (places[1], "否 no", "#9a4a2f")]
        {
            let (from, to, bend) = (x + BOX, x + COLUMN, x + BOX + 20.0);
            // Writing into a String cannot fail.
            let _ = write!(
                self.links,
                "<path d=\"M{from:.1} {y:.1}H{bend:.1}V{place:.1}H{to:.1}\" fill=\"none\" stroke=\"#8a96a3\" stroke-width=\"1.4\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\" fill=\"{colour}\">{word}</text>",
                bend + 4.0,
                place - 5.0
            );
        }
        self.square(x, y, node, Some(question));
        y
    }

    fn square(&mut self, x: f64, y: f64, node: &Node, question: Option<&Question>) {
        let (answer, strength) = self.answer(node);
        let fill = if question.is_some() {
            "#f3f6f9".to_owned()
        } else {
            strength.map_or_else(|| "#e7eef5".to_owned(), tint)
        };
        let mut lines: Vec<(String, &str, f64)> = match question {
            Some(question) => self.question(question),
            None => vec![],
        };
        let share = format!("{answer}  ·  {:.0}%", node.share * 100.0);
        lines.push((share, if question.is_some() { "#5a6675" } else { "#1c2733" }, 12.0));
        let _ = write!(
            self.boxes,
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{BOX}\" height=\"{TALL}\" rx=\"6\" fill=\"{fill}\" stroke=\"#8a96a3\"/>",
            y - TALL / 2.0
        );
        let mut at = y - 17.0 * (real(lines.len()) - 1.0) / 2.0 + 4.5;
        for (line, colour, size) in lines {
            let _ = write!(
                self.boxes,
                "<text x=\"{:.1}\" y=\"{at:.1}\" font-size=\"{size}\" text-anchor=\"middle\" fill=\"{colour}\">{}</text>",
                x + BOX / 2.0,
                escape(&line)
            );
            at += 17.0;
        }
    }

    /// The answer in words, and how strong it is between 0 and 1 where that has a meaning.
    fn answer(&self, node: &Node) -> (String, Option<f64>) {
        let first = node.mean.first().copied().unwrap_or(f64::NAN);
        match &self.signature.output {
            Output::Binary { positive, .. } => {
                (format!("{} {:.1}%", shorten(positive, 18), first * 100.0), Some(first))
            }
            Output::Multiclass { labels, .. } => {
                let best = labels.iter().zip(&node.mean).fold(
                    ("", f64::NEG_INFINITY),
                    |best, (label, &mean)| {
                        if mean > best.1 { (label, mean) } else { best }
                    },
                );
                (format!("{} {:.1}%", shorten(best.0, 18), best.1 * 100.0), Some(best.1))
            }
            Output::Number { .. } => (words::number(first), None),
        }
    }

    fn question(&self, question: &Question) -> Vec<(String, &'static str, f64)> {
        const INK: &str = "#1c2733";
        let Some(field) = self.signature.inputs.get(question.feature) else { return vec![] };
        let title = words::title(field);
        let name =
            if title.en == title.zh { title.en } else { format!("{} {}", title.zh, title.en) };
        let test = match &question.test {
            Test::AtMost(_) if matches!(field.kind, FieldKind::Boolean) => "= 否 no".to_owned(),
            Test::AtMost(threshold) => format!("≤ {}", words::number(*threshold)),
            Test::OneOf(set) => {
                let FieldKind::Category { values } = &field.kind else { return vec![] };
                let words: Vec<&str> =
                    set.iter().filter_map(|&at| values.get(at)).map(String::as_str).collect();
                match words.as_slice() {
                    [one] => format!("= {one}"),
                    many => format!("∈ {}", many.join(", ")),
                }
            }
        };
        vec![(shorten(&name, FIT), INK, 13.0), (shorten(&test, FIT), INK, 12.0)]
    }
}

/// White to orange.
fn tint(strength: f64) -> String {
    let mix = |to: f64| 255.0 + (to - 255.0) * strength.clamp(0.0, 1.0) * 0.75;
    format!("rgb({:.0},{:.0},{:.0})", mix(240.0), mix(150.0), mix(70.0))
}

/// Cuts a text that is wider than `fit` columns; wide letters take two.
fn shorten(text: &str, fit: usize) -> String {
    let wide = |letter: char| if u32::from(letter) >= 0x2e80 { 2 } else { 1 };
    if text.chars().map(wide).sum::<usize>() <= fit {
        return text.to_owned();
    }
    let mut used = 1;
    let mut out: String = text
        .chars()
        .take_while(|&letter| {
            used += wide(letter);
            used <= fit
        })
        .collect();
    out.push('…');
    out
}

/// The picture as PNG at double size, with the fonts of this machine.
pub(crate) fn png(svg: &str) -> Result<Vec<u8>> {
    let mut options = usvg::Options::default();
    options.fontdb_mut().load_system_fonts();
    let tree =
        usvg::Tree::from_str(svg, &options).map_err(|error| Fault::new(&PICTURE).because(error))?;
    let size = tree.size().to_int_size().scale_by(2.0).ok_or_else(|| Fault::new(&PICTURE))?;
    let mut pixels =
        tiny_skia::Pixmap::new(size.width(), size.height()).ok_or_else(|| Fault::new(&PICTURE))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(2.0, 2.0), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| Fault::new(&PICTURE).because(error.to_string()))
}

//! The surrogate tree as a picture: questions from left to right, so that words have room.

use crate::messages::PICTURE;
use crate::surrogate::{Node, Surrogate};
use ingot_base::{Fault, Lang, Result, Text};
use ingot_report::{chart, escape, number};
use resvg::{tiny_skia, usvg};
use std::fmt::Write as _;

const BOX: (f64, f64) = (230.0, 58.0);
const COLUMN: f64 = 285.0;
const ROW: f64 = 74.0;
const FONTS: &str = "Noto Sans CJK SC, Noto Sans SC, WenQuanYi Micro Hei, PingFang SC, Microsoft YaHei, DejaVu Sans, Arial, sans-serif";

/// The tree as SVG. `lang` chooses one language; without it both are inside and the page's style chooses.
pub(crate) fn svg(tree: &Surrogate, lang: Option<Lang>) -> String {
    let mut places = vec![(0.0, 0.0); tree.nodes.len()];
    let mut leaves = 0.0;
    let depth = place(tree, 0, 0, &mut leaves, &mut places);
    let (width, height) = (40.0 + COLUMN * f64::from(depth) + BOX.0, 60.0 + ROW * leaves);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" font-family=\"{FONTS}\" font-size=\"13\"><rect width=\"{width:.0}\" height=\"{height:.0}\" fill=\"#ffffff\"/>"
    );
    let scores = || tree.nodes.iter().map(|node| node.score);
    let (low, high) = (scores().fold(f64::INFINITY, f64::min), scores().fold(f64::NEG_INFINITY, f64::max));
    let share = |score: f64| if high > low { (score - low) / (high - low) } else { 0.5 };
    for (node, at) in tree.nodes.iter().zip(&places).filter(|(node, _)| node.question.is_some()) {
        for (child, answer) in [(node.yes, Text::new("yes", "是")), (node.no, Text::new("no", "否"))] {
            let Some(to) = places.get(child) else { continue };
            let (x1, y1, x2, y2) = (at.0 + BOX.0, at.1 + BOX.1 / 2.0, to.0, to.1 + BOX.1 / 2.0);
            let middle = f64::midpoint(x1, x2);
            let _ = write!(out, "<path d=\"M{x1:.0},{y1:.0} C{middle:.0},{y1:.0} {middle:.0},{y2:.0} {x2:.0},{y2:.0}\" fill=\"none\" stroke=\"#9aa5b1\" stroke-width=\"1.5\"/>");
            words(&mut out, (x2 - 6.0, y2 - 6.0), ("end", "#5b6675", false), &answer, lang);
        }
    }
    for (node, at) in tree.nodes.iter().zip(&places) {
        draw(&mut out, node, *at, share(node.score), lang);
    }
    let legend = Text::new(
        format!("colour: mean score from {} (blue) to {} (orange); % = share of rows", number(low, 2), number(high, 2)),
        format!("颜色：平均得分从 {}（蓝）到 {}（橙）；% 为行数占比", number(low, 2), number(high, 2)),
    );
    words(&mut out, (20.0, height - 14.0), ("start", "#5b6675", false), &legend, lang);
    out.push_str("</svg>");
    out
}

/// Gives every node its place; the number of columns below it.
fn place(tree: &Surrogate, index: usize, depth: u32, leaves: &mut f64, places: &mut [(f64, f64)]) -> u32 {
    let Some(node) = tree.nodes.get(index) else { return depth };
    let x = 20.0 + COLUMN * f64::from(depth);
    let (y, deepest) = if node.question.is_none() {
        let y = 20.0 + ROW * *leaves;
        *leaves += 1.0;
        (y, depth)
    } else {
        let one = place(tree, node.yes, depth + 1, leaves, places);
        let other = place(tree, node.no, depth + 1, leaves, places);
        let of = |child: usize| places.get(child).map_or(0.0, |place| place.1);
        (f64::midpoint(of(node.yes), of(node.no)), one.max(other))
    };
    if let Some(place) = places.get_mut(index) {
        *place = (x, y);
    }
    deepest
}

fn draw(out: &mut String, node: &Node, (x, y): (f64, f64), share: f64, lang: Option<Lang>) {
    let colour = chart::shade(share);
    let (width, height) = BOX;
    let _ = write!(
        out,
        "<rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#ffffff\" stroke=\"{colour}\" stroke-width=\"2\"/><rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"8\" height=\"{height}\" rx=\"4\" fill=\"{colour}\"/>"
    );
    let figures = Text::new(
        format!("score {} · {} %", number(node.score, 2), number(node.share * 100.0, 0)),
        format!("得分 {} · {} %", number(node.score, 2), number(node.share * 100.0, 0)),
    );
    if let Some(question) = &node.question {
        let short = Text::new(shorten(&question.en, 60), shorten(&question.zh, 60));
        lines(out, (x + 16.0, y), &short, lang);
        words(out, (x + 16.0, y + 50.0), ("start", "#5b6675", false), &figures, lang);
    } else {
        words(out, (x + 16.0, y + 35.0), ("start", "#1c2430", true), &figures, lang);
    }
}

/// A question in one or two lines.
fn lines(out: &mut String, (x, y): (f64, f64), text: &Text, lang: Option<Lang>) {
    let split = |text: &str| {
        let mut first = String::new();
        let mut rest = String::new();
        let mut used = 0;
        for letter in text.chars() {
            used += if letter.is_ascii() { 1 } else { 2 };
            if used <= 30 { first.push(letter) } else { rest.push(letter) }
        }
        // A word of Latin letters is not cut in two.
        if !rest.is_empty()
            && rest.starts_with(|letter: char| letter.is_ascii_alphanumeric())
            && let Some((head, tail)) = first.clone().rsplit_once(' ')
            && head.chars().count() > 12
        {
            rest = format!("{tail}{rest}");
            first = head.to_owned();
        }
        (first, shorten(rest.trim_start(), 30))
    };
    let ((en, en_rest), (zh, zh_rest)) = (split(&text.en), split(&text.zh));
    words(out, (x, y + 18.0), ("start", "#1c2430", true), &Text::new(en, zh), lang);
    words(out, (x, y + 33.0), ("start", "#1c2430", true), &Text::new(en_rest, zh_rest), lang);
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

fn words(out: &mut String, (x, y): (f64, f64), (anchor, colour, bold): (&str, &str, bool), text: &Text, lang: Option<Lang>) {
    let weight = if bold { " font-weight=\"600\"" } else { "" };
    let mut one = |class: &str, words: &str| {
        if !words.is_empty() {
            let _ = write!(out, "<text{class} x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"{anchor}\" fill=\"{colour}\"{weight}>{}</text>", escape(words));
        }
    };
    match lang {
        Some(lang) => one("", text.get(lang)),
        None if text.en == text.zh => one("", &text.en),
        None => {
            one(" class=\"en\"", &text.en);
            one(" class=\"zh\"", &text.zh);
        }
    }
}

/// The picture as PNG, twice as large as its units, with the machine's fonts.
pub(crate) fn png(svg: &str) -> Result<Vec<u8>> {
    let failed = |reason: String| Fault::new(&PICTURE).because(reason);
    let mut options = usvg::Options::default();
    options.fontdb_mut().load_system_fonts();
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| failed(error.to_string()))?;
    let size = tree.size().to_int_size();
    let (width, height) = (size.width() * 2, size.height() * 2);
    let mut pixels = tiny_skia::Pixmap::new(width, height).ok_or_else(|| failed("size".to_owned()))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(2.0, 2.0), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| failed(error.to_string()))
}

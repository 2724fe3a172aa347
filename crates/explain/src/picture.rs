//! The surrogate tree as a picture, read from left to right, in both languages at once, one of them first.

use crate::messages::PICTURE;
use crate::surrogate::{Node, Question, Test};
use crate::words::{self, real};
use ingot_base::{Fault, FieldKind, Lang, Output, Result, Signature, Text};
use ingot_report::escape;
use ingot_runtime::decide;
use resvg::{tiny_skia, usvg};
use std::fmt::Write as _;

/// The narrowest box.
const BOX: f64 = 182.0;
/// The widest box. Titles and classes are cut long before that, but numbers are not: without a limit a single one of many digits would make
/// every box of the tree as wide as itself.
const WIDEST: f64 = 420.0;
/// What is between two boxes.
const BETWEEN: f64 = 52.0;
const ROW: f64 = 70.0;
const LEAF: f64 = 54.0;
const MARGIN: f64 = 20.0;
const HEAD: f64 = 74.0;
const LINE: f64 = 18.0;
/// What the colours' meaning takes beside the title.
const SCALE: f64 = 190.0;
/// Narrow letters that fit a box; wide ones count twice.
const FIT: usize = 24;
const INK: &str = "#1c2430";
const SOFT: &str = "#5b6675";
/// Families that hold Chinese, the usual ones of Linux, macOS and Windows.
const CHINESE: [&str; 8] = [
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
];

/// The families of [`CHINESE`] as an SVG names them.
pub(crate) fn families() -> String {
    CHINESE.map(|family| format!("'{family}'")).join(",")
}

/// A self-contained SVG; `lang` comes first and larger.
pub(crate) fn svg(signature: &Signature, tree: &Node, lang: Lang) -> String {
    let about = ordered(&about(&signature.output), lang);
    // A small tree is narrower than what stands above it.
    let head = MARGIN * 2.0 + (18.0 * em(&about.0)).max(14.5 * em(&about.1)) + SCALE;
    let range = range(tree);
    let mut drawing = Drawing {
        signature,
        lang,
        range,
        wide: BOX,
        links: String::new(),
        boxes: String::new(),
        leaf: 0,
    };
    drawing.wide = drawing.widest(tree).clamp(BOX, WIDEST);
    let wide = drawing.wide;
    let width = (MARGIN * 2.0 + (wide + BETWEEN) * real(levels(tree) - 1) + wide).max(head);
    let height = HEAD + MARGIN + ROW * real(tree.leaves());
    drawing.node(tree, 0);
    format!(
        "<svg class=\"wide\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" font-family=\"Inter,'Segoe UI',Arial,'DejaVu Sans',{4},sans-serif\"><title>{0} / {1}</title>\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\
         <text x=\"{MARGIN}\" y=\"28\" font-size=\"18\" font-weight=\"600\" fill=\"{INK}\">{0}</text>\
         <text x=\"{MARGIN}\" y=\"48\" font-size=\"14.5\" fill=\"{SOFT}\">{1}</text>{5}{2}{3}</svg>",
        escape(&about.0),
        escape(&about.1),
        drawing.links,
        drawing.boxes,
        families(),
        scale(&signature.output, range, width)
    )
}

/// Both languages, the reader's first.
fn ordered(text: &Text, lang: Lang) -> (String, String) {
    match lang {
        Lang::En => (text.en.clone(), text.zh.clone()),
        Lang::Zh => (text.zh.clone(), text.en.clone()),
    }
}

/// Both languages in one line, the reader's first.
fn joined(en: &str, zh: &str, lang: Lang) -> String {
    match lang {
        Lang::En => format!("{en} {zh}"),
        Lang::Zh => format!("{zh} {en}"),
    }
}

fn about(output: &Output) -> Text {
    match output {
        Output::Binary { positive, .. } => Text::new(
            format!("Surrogate tree: probability of “{positive}”, and the share of rows"),
            format!("代理决策树：“{positive}”的概率与数据行占比"),
        ),
        Output::Multiclass { .. } => Text::new(
            "Surrogate tree: the most likely class with its probability, and the share of rows",
            "代理决策树：最可能的类别及其概率与数据行占比",
        ),
        Output::Number { target } | Output::Text { target } => Text::new(
            format!("Surrogate tree: the estimate of {target}, and the share of rows"),
            format!("代理决策树：{target}的估计值与数据行占比"),
        ),
    }
}

fn levels(node: &Node) -> usize {
    let below = node.split.iter().flat_map(|(_, children)| children.iter().map(levels));
    1 + below.max().unwrap_or_default()
}

/// What a node's colour shows: the likeliest class's probability, or the estimate.
fn strength(node: &Node) -> f64 {
    node.mean.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// The least and the largest strength of the leaves.
fn range(node: &Node) -> (f64, f64) {
    let Some((_, children)) = &node.split else {
        return (strength(node), strength(node));
    };
    let [a, b] = &**children;
    let (a, b) = (range(a), range(b));
    (a.0.min(b.0), a.1.max(b.1))
}

/// White to orange, over the leaves' range.
fn tint(value: f64, (low, high): (f64, f64)) -> String {
    let share = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 };
    let mix = |from: f64, to: f64| from + (to - from) * share;
    format!("rgb({:.0},{:.0},{:.0})", mix(253.0, 244.0), mix(248.0, 168.0), mix(242.0, 98.0))
}

/// The colours' meaning, at the top right.
fn scale(output: &Output, (low, high): (f64, f64), width: f64) -> String {
    // Of one leaf a colour says nothing.
    if low >= high {
        return String::new();
    }
    let text = |value: f64| match output {
        Output::Number { .. } | Output::Text { .. } => words::number(value),
        _ => format!("{:.0}%", value * 100.0),
    };
    let left = width - MARGIN - 120.0;
    let mut out = format!(
        "<text x=\"{:.1}\" y=\"32\" font-size=\"12\" text-anchor=\"end\" fill=\"{SOFT}\">{}</text>",
        left - 8.0,
        escape(&text(low))
    );
    for step in 0..12_u32 {
        let share = f64::from(step) / 11.0;
        // Writing into a String cannot fail.
        let _ = write!(
            out,
            "<rect x=\"{:.1}\" y=\"22\" width=\"6.5\" height=\"12\" fill=\"{}\"/>",
            left + 6.0 * f64::from(step),
            tint(share, (0.0, 1.0))
        );
    }
    let _ = write!(
        out,
        "<text x=\"{:.1}\" y=\"32\" font-size=\"12\" fill=\"{SOFT}\">{}</text>",
        left + 80.0,
        escape(&text(high))
    );
    out
}

/// A line in a box.
struct Line {
    words: String,
    size: f64,
    style: String,
}

struct Drawing<'a> {
    signature: &'a Signature,
    lang: Lang,
    range: (f64, f64),
    /// Width of a box.
    wide: f64,
    links: String,
    boxes: String,
    leaf: usize,
}

impl Drawing<'_> {
    /// Draws a node and what is below it; returns the height of its middle.
    fn node(&mut self, node: &Node, level: usize) -> f64 {
        let x = MARGIN + (self.wide + BETWEEN) * real(level);
        let Some((question, children)) = &node.split else {
            let y = HEAD + ROW * (real(self.leaf) + 0.5);
            self.leaf += 1;
            self.answer(x, y, node);
            return y;
        };
        let [pass, fail] = &**children;
        // What is not so passes a question of no and yes; people are asked whether it is.
        let field = self.signature.inputs.get(question.feature);
        let turned = field.is_some_and(|field| turned(question, &field.kind));
        let (pass, fail) = if turned { (fail, pass) } else { (pass, fail) };
        let places = [self.node(pass, level + 1), self.node(fail, level + 1)];
        let y = f64::midpoint(places[0], places[1]);
        for (child, place, word, above) in
            [(pass, places[0], ("yes", "是"), true), (fail, places[1], ("no", "否"), false)]
        {
            let word = joined(word.0, word.1, self.lang);
            let (from, to) = (x + self.wide, x + self.wide + BETWEEN);
            let middle = from + 12.0;
            let _ = write!(
                self.links,
                "<path d=\"M{from:.1} {y:.1}C{middle:.1} {y:.1} {from:.1} {place:.1} {:.1} {place:.1}H{to:.1}\" fill=\"none\" stroke=\"#c3ccd6\" stroke-width=\"{:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"12.5\" text-anchor=\"end\" fill=\"{SOFT}\">{word}</text>",
                from + 16.0,
                1.5 + 10.0 * child.share,
                to - 6.0,
                if above {
                    place - 5.0 - 5.0 * child.share
                } else {
                    place + 14.0 + 5.0 * child.share
                }
            );
        }
        self.question(x, y, node, question);
        y
    }

    fn frame(&mut self, (x, y): (f64, f64), height: f64, fill: &str) {
        let _ = write!(
            self.boxes,
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height}\" rx=\"6\" fill=\"{fill}\" stroke=\"#9aa6b3\"/>",
            y - height / 2.0,
            self.wide
        );
    }

    fn text(&mut self, (x, y): (f64, f64), size: f64, style: &str, words: &str) {
        let _ = write!(
            self.boxes,
            "<text x=\"{:.1}\" y=\"{y:.1}\" font-size=\"{size:.1}\" text-anchor=\"middle\" {style}>{}</text>",
            x + self.wide / 2.0,
            escape(words)
        );
    }

    fn answer(&mut self, x: f64, y: f64, node: &Node) {
        self.frame((x, y), LEAF, &tint(strength(node), self.range));
        let mut at = y - 4.0;
        for Line { words, size, style } in self.answer_lines(node) {
            self.text((x, at), size, &style, &words);
            at += 19.0;
        }
    }

    fn question(&mut self, x: f64, y: f64, node: &Node, question: &Question) {
        let lines = self.question_lines(node, question);
        let height = LINE * real(lines.len()) + 14.0;
        self.frame((x, y), height, "#f7f9fb");
        let mut at = y - height / 2.0 + 19.0;
        for Line { words, size, style } in lines {
            self.text((x, at), size, &style, &words);
            at += LINE;
        }
    }

    /// What the widest line of a tree needs, and room at its sides.
    fn widest(&self, node: &Node) -> f64 {
        let lines = match &node.split {
            Some((question, _)) => self.question_lines(node, question),
            None => self.answer_lines(node),
        };
        let own = lines.iter().map(|line| em(&line.words) * line.size + 10.0);
        let below = node.split.iter().flat_map(|(_, children)| children.iter());
        own.chain(below.map(|child| self.widest(child))).fold(0.0, f64::max)
    }

    fn answer_lines(&self, node: &Node) -> Vec<Line> {
        let ink = format!("fill=\"{INK}\"");
        let mut words = share(node, self.lang);
        if let Output::Binary { .. } = self.signature.output
            && let Some(label) = decide(&self.signature.output, &node.mean).label
        {
            let _ = write!(words, " → {}", shorten(&label, 10));
        }
        vec![
            Line {
                words: self.told(node),
                size: 15.0,
                style: format!("font-weight=\"600\" {ink}"),
            },
            Line { words, size: 13.0, style: ink },
        ]
    }

    fn question_lines(&self, node: &Node, question: &Question) -> Vec<Line> {
        let Some(field) = self.signature.inputs.get(question.feature) else { return Vec::new() };
        let (first, second) = ordered(&words::title(field), self.lang);
        // Missing values go where yes goes, which has to be said.
        let whole = turned(question, &field.kind) && !field.nullable;
        let mark = |cut: String| if whole { format!("{cut}?") } else { cut };
        let line = |words: String, size: f64, style: String| Line { words, size, style };
        let bold = format!("font-weight=\"600\" fill=\"{INK}\"");
        let mut lines = vec![line(mark(shorten(&first, FIT)), 15.0, bold)];
        if first != second {
            let soft = format!("fill=\"{SOFT}\"");
            lines.push(line(mark(shorten(&second, FIT)), 13.0, soft));
        }
        if !whole {
            let words = test(question, &field.kind, self.lang);
            lines.push(line(words, 13.5, format!("fill=\"{INK}\"")));
        }
        let words = format!("{} · {}", self.told(node), share(node, self.lang));
        lines.push(line(words, 12.5, format!("fill=\"{SOFT}\"")));
        lines
    }

    /// The answer in words.
    fn told(&self, node: &Node) -> String {
        let first = node.mean.first().copied().unwrap_or(f64::NAN);
        match &self.signature.output {
            Output::Binary { positive, .. } => {
                format!("{} {:.1}%", shorten(positive, 12), first * 100.0)
            }
            Output::Multiclass { labels, .. } => {
                let best = strength(node);
                let label = labels.iter().zip(&node.mean).find(|(_, mean)| **mean >= best);
                let label = label.map_or("", |(label, _)| label);
                format!("{} {:.1}%", shorten(label, 16), best * 100.0)
            }
            Output::Number { .. } | Output::Text { .. } => words::number(first),
        }
    }
}

/// Whether a question of no and yes lets no pass: it is drawn as the question whether it is so, the answers exchanged.
fn turned(question: &Question, kind: &FieldKind) -> bool {
    let no = matches!(question.test, Test::AtMost(threshold) if threshold < 1.0);
    no && matches!(kind, FieldKind::Boolean)
}

/// A question's condition.
fn test(question: &Question, kind: &FieldKind, lang: Lang) -> String {
    match (&question.test, kind) {
        (Test::AtMost(threshold), FieldKind::Boolean) if *threshold < 1.0 => {
            format!("= {}", joined("yes or missing", "是或缺失", lang))
        }
        (Test::AtMost(_), FieldKind::Boolean) => {
            format!("= {}", joined("yes or no", "是或否", lang))
        }
        (Test::AtMost(threshold), FieldKind::Number { integer: true, .. }) => {
            format!("≤ {}", words::number(threshold.floor()))
        }
        (Test::AtMost(threshold), _) => format!("≤ {}", words::number(*threshold)),
        (Test::OneOf(set), FieldKind::Category { values }) => {
            let chosen = |keep: bool| -> Vec<&str> {
                let known = values.iter().enumerate();
                known.filter(|(at, _)| set.contains(at) == keep).map(|(_, v)| v.as_str()).collect()
            };
            let (others, words) = (chosen(false), chosen(true));
            let (sign, word, list) = if others.len() < words.len() {
                ("≠", joined("not in", "不属于", lang), others)
            } else {
                ("=", joined("in", "属于", lang), words)
            };
            match list.as_slice() {
                [one] => shorten(&format!("{sign} {one}"), FIT),
                many => shorten(&format!("{word}: {}", many.join(", ")), FIT),
            }
        }
        (Test::OneOf(_), _) => String::new(),
    }
}

fn share(node: &Node, lang: Lang) -> String {
    format!("{:.0}% {}", node.share * 100.0, joined("rows", "行", lang))
}

/// The width of a bold line in its size: a wide letter is as wide as it is high, a narrow one at most two thirds of that.
fn em(text: &str) -> f64 {
    text.chars().map(|one| if u32::from(one) >= 0x2e80 { 1.0 } else { 0.66 }).sum()
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

/// A picture as pixels.
pub(crate) struct Png {
    pub(crate) bytes: Vec<u8>,
    /// Whether this machine has a font for every Chinese letter of it.
    pub(crate) chinese: bool,
}

/// The picture as PNG at double size, with the fonts of this machine.
pub(crate) fn png(svg: &str) -> Result<Png> {
    let mut options = usvg::Options::default();
    let fonts = options.fontdb_mut();
    fonts.load_system_fonts();
    let chinese = fonts
        .faces()
        .flat_map(|face| &face.families)
        .any(|(family, _)| CHINESE.iter().any(|known| family.starts_with(known)));
    let tree =
        usvg::Tree::from_str(svg, &options).map_err(|error| Fault::new(&PICTURE).because(error))?;
    let size = tree.size().to_int_size().scale_by(2.0).ok_or_else(|| Fault::new(&PICTURE))?;
    let mut pixels =
        tiny_skia::Pixmap::new(size.width(), size.height()).ok_or_else(|| Fault::new(&PICTURE))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(2.0, 2.0), &mut pixels.as_mut());
    let bytes =
        pixels.encode_png().map_err(|error| Fault::new(&PICTURE).because(error.to_string()))?;
    Ok(Png { bytes, chinese })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::{Field, Task};

    fn leaf(mean: f64) -> Node {
        Node { mean: vec![mean], share: 0.5, split: None }
    }

    /// A tree of one question whether a word is there; those without it stand first in the tree.
    fn drawn(nullable: bool) -> String {
        let signature = Signature {
            task: Task::TextClassify,
            inputs: vec![Field {
                title: Some(Text::new("has “退”", "含“退”")),
                ..Field::new("退", FieldKind::Boolean, nullable)
            }],
            output: Output::Binary {
                target: "t".into(),
                positive: "bad".into(),
                negative: "good".into(),
                threshold: 0.5,
            },
        };
        let question = Question { feature: 0, test: Test::AtMost(0.5) };
        let split = Some((question, Box::new([leaf(0.125), leaf(0.875)])));
        svg(&signature, &Node { mean: vec![0.5], share: 1.0, split }, Lang::En)
    }

    #[test]
    fn a_word_is_asked_for_and_yes_is_that_it_is_there() {
        let text = drawn(false);
        assert!(text.contains("has “退”?") && text.contains("含“退”?"), "{text}");
        assert!(!text.contains("= no"), "{text}");
        let at = |words: &str| text.find(words).unwrap();
        // What yes leads to is drawn above what no leads to.
        assert!(at("bad 87.5%") < at("bad 12.5%") && at(">yes 是<") < at(">no 否<"), "{text}");
    }

    #[test]
    fn no_line_is_wider_than_its_box() {
        let text = drawn(false);
        let inside = text.split("<rect").filter(|part| part.contains("stroke=\"#9aa6b3\""));
        let line = "bad 50.0% · 100% rows 行";
        let wide = inside.map(|part| {
            let width = part.split("width=\"").nth(1).unwrap().split('"').next().unwrap();
            width.parse::<f64>().unwrap()
        });
        let narrowest = wide.fold(f64::INFINITY, f64::min);
        assert!(text.contains(line) && narrowest >= em(line) * 12.5, "{narrowest}: {text}");
    }

    #[test]
    fn missing_values_are_told_where_they_go() {
        assert!(drawn(true).contains("= yes or missing 是或缺失"));
    }
}

//! The markup under every chart: text that knows its width, axes, legends.

use super::{Axis, COLOURS};
use crate::{escape, number};
use ingot_base::Text;
use std::fmt::Write as _;

pub(super) const WIDTH: f64 = 800.0;
pub(super) const INK: &str = "#1c2430";
pub(super) const SOFT: &str = "#5b6675";
pub(super) const LINE: &str = "#dfe4ea";
pub(super) const FAINT: &str = "#b9c2cc";
/// Most pixels of a row's label; longer ones take a second line.
const LABEL: f64 = 210.0;
/// Dashes of series, so that they differ without colour.
const DASHES: [&str; 6] = ["", "7 3", "2 3", "9 3 2 3", "12 4", "4 4"];

#[expect(clippy::cast_precision_loss, reason = "numbers of rows in a picture")]
pub(super) fn count(number: usize) -> f64 {
    number as f64
}

/// Smallest and largest finite value, widened when equal.
pub(super) fn span(values: impl Iterator<Item = f64>, fixed: Option<(f64, f64)>) -> (f64, f64) {
    if let Some((low, high)) = fixed
        && high > low
    {
        return (low, high);
    }
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    if low > high {
        (0.0, 1.0)
    } else if high - low < f64::EPSILON * high.abs().max(1.0) {
        let half = 0.5 * high.abs().max(1.0);
        (low - half, high + half)
    } else {
        (low, high)
    }
}

/// Round numbers that cover a range (steps of 1, 2 or 5 times a power of ten) and the decimals they need.
pub(super) fn ticks(low: f64, high: f64) -> (Vec<f64>, usize) {
    let raw = (high - low) / 5.0;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|step| *step >= raw * 0.75)
        .unwrap_or(raw);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 8")]
    let decimals = (-step.log10().floor()).clamp(0.0, 8.0) as usize;
    let mut at = (low / step).ceil() * step;
    let mut list = Vec::new();
    while at <= high + step * 1e-9 && list.len() < 20 {
        list.push(at);
        at += step;
    }
    (list, decimals)
}

/// The numbers that are marked along an axis, and the decimals they need.
fn marks(low: f64, high: f64, axis: &Axis) -> (Vec<f64>, usize) {
    let (mut marks, decimals) = ticks(low, high);
    if !axis.counts {
        return (marks, decimals);
    }
    marks.retain(|mark| (mark - mark.round()).abs() < 1e-6);
    (marks, 0)
}

/// About how wide a text is at 13 units; a Chinese character is as wide as high.
pub(super) fn measure(text: &str) -> f64 {
    let width = |letter: char| match letter {
        'i' | 'j' | 'l' | 't' | 'f' | 'I' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | '('
        | ')' | '[' | ']' | ' ' | '-' => 4.3,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 11.2,
        'A'..='Z' => 8.9,
        _ if letter == '…' || u32::from(letter) >= 0x2e80 => 13.0,
        _ => 7.5,
    };
    text.chars().map(width).sum()
}

/// The text, cut where it would be wider than `most`.
pub(super) fn fit(text: &str, most: f64) -> String {
    if measure(text) <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    for letter in text.chars() {
        if measure(&out) + measure(letter.encode_utf8(&mut [0; 4])) > most - 13.0 {
            break;
        }
        out.push(letter);
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// At most two lines, divided between words where there are any.
fn wrap(text: &str, most: f64) -> Vec<String> {
    if measure(text) <= most {
        return vec![text.to_owned()];
    }
    let (mut first, mut width, mut divided) = (0, 0.0, None);
    for (at, letter) in text.char_indices() {
        width += measure(letter.encode_utf8(&mut [0; 4]));
        if width > most {
            break;
        }
        first = at + letter.len_utf8();
        match letter {
            ' ' | '_' | '-' | '/' | '，' | '、' => divided = Some(first),
            '(' | '（' | '“' => divided = Some(at),
            _ => {}
        }
    }
    let at = divided.filter(|at| at * 3 > first).unwrap_or(first);
    let (head, tail) = text.split_at_checked(at).unwrap_or((text, ""));
    vec![head.trim_end().to_owned(), fit(tail.trim_start(), most)]
}

/// The names of a chart's rows, wrapped, and the room they need.
pub(super) struct Labels {
    rows: Vec<[Vec<String>; 2]>,
    /// Where the plot may start.
    pub(super) width: f64,
    /// How high a row must be.
    pub(super) pitch: f64,
}

impl Labels {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a Text>, least: f64) -> Self {
        let rows: Vec<_> =
            names.map(|name| [wrap(&name.en, LABEL), wrap(&name.zh, LABEL)]).collect();
        let lines = || rows.iter().flatten().flatten();
        let width = lines().map(|line| measure(line)).fold(48.0, f64::max) + 14.0;
        let tall = rows.iter().flatten().any(|lines| lines.len() > 1);
        Self { width, pitch: if tall { least.max(34.0) } else { least }, rows }
    }
}

/// Builds the markup.
pub(super) struct Canvas {
    out: String,
}

impl Canvas {
    /// `about` says in words what the picture shows, for those who do not see it.
    pub(super) fn new(height: f64, title: &Text, about: &Text) -> Self {
        let both = |text: &Text| {
            if text.en == text.zh {
                escape(&text.en)
            } else {
                format!("{} / {}", escape(&text.en), escape(&text.zh))
            }
        };
        let mut out = String::with_capacity(8 << 10);
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" width=\"{WIDTH:.0}\" height=\"{height:.0}\" role=\"img\" font-size=\"13\"><title>{}</title><desc>{}</desc>",
            both(title),
            both(about)
        );
        Self { out }
    }

    pub(super) fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    pub(super) fn text(&mut self, x: f64, y: f64, anchor: &str, colour: &str, text: &str) {
        let _ = write!(
            self.out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{}</text>",
            escape(text)
        );
    }

    /// A text in both languages, of which the page shows one; no wider than `most`.
    pub(super) fn label(&mut self, (x, y): (f64, f64), anchor: &str, most: f64, text: &Text) {
        if text.en == text.zh {
            return self.text(x, y, anchor, SOFT, &fit(&text.en, most));
        }
        for (class, words) in [("en", &text.en), ("zh", &text.zh)] {
            let _ = write!(
                self.out,
                "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{SOFT}\">{}</text>",
                escape(&fit(words, most))
            );
        }
    }

    /// A row's name, right-aligned before the plot, in one line or two around `middle`.
    pub(super) fn row_label(&mut self, labels: &Labels, row: usize, middle: f64) {
        let Some([en, zh]) = labels.rows.get(row) else { return };
        let same = en == zh;
        for (class, lines) in [("en", en), ("zh", zh)].into_iter().take(if same { 1 } else { 2 }) {
            let class = if same { String::new() } else { format!(" class=\"{class}\"") };
            let first = middle + 4.5 - 7.0 * (count(lines.len()) - 1.0);
            for (index, line) in lines.iter().enumerate() {
                let _ = write!(
                    self.out,
                    "<text{class} x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{INK}\">{}</text>",
                    labels.width - 12.0,
                    first + 14.0 * count(index),
                    escape(line)
                );
            }
        }
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
        let _ = write!(
            self.out,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>",
            from.0, from.1, to.0, to.1
        );
    }

    pub(super) fn rect(&mut self, (x, y, width, height): (f64, f64, f64, f64), colour: &str) {
        if [x, y, width, height].iter().all(|value| value.is_finite()) && height > 0.0 {
            let _ = write!(
                self.out,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>",
                width.max(0.5)
            );
        }
    }

    pub(super) fn circle(&mut self, x: f64, y: f64, radius: f64, colour: &str) {
        if x.is_finite() && y.is_finite() {
            let _ = write!(
                self.out,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{colour}\"/>"
            );
        }
    }

    fn path(&mut self, points: impl Iterator<Item = (f64, f64)>) -> bool {
        let list: Vec<String> = points
            .filter(|(x, y)| x.is_finite() && y.is_finite())
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        self.out.push_str(&list.join(" "));
        !list.is_empty()
    }

    /// The line of a series; its place among the series decides colour and dashes.
    pub(super) fn series(&mut self, points: impl Iterator<Item = (f64, f64)>, place: usize) {
        self.out.push_str("<polyline points=\"");
        self.path(points);
        let (colour, dashes) = (COLOURS[place % COLOURS.len()], DASHES[place % DASHES.len()]);
        let _ = write!(
            self.out,
            "\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.2\" stroke-linejoin=\"round\""
        );
        if dashes.is_empty() {
            self.out.push_str("/>");
        } else {
            let _ = write!(self.out, " stroke-dasharray=\"{dashes}\"/>");
        }
    }

    /// A thin line behind the series.
    pub(super) fn thread(&mut self, points: impl Iterator<Item = (f64, f64)>) {
        self.out.push_str("<polyline points=\"");
        self.path(points);
        let _ = write!(
            self.out,
            "\" fill=\"none\" stroke=\"{FAINT}\" stroke-width=\"0.8\" stroke-opacity=\"0.75\"/>"
        );
    }

    pub(super) fn band(&mut self, points: impl Iterator<Item = (f64, f64)>, place: usize) {
        self.out.push_str("<polygon points=\"");
        self.path(points);
        let _ = write!(
            self.out,
            "\" fill=\"{}\" fill-opacity=\"0.14\"/>",
            COLOURS[place % COLOURS.len()]
        );
    }

    /// Names of several series with their signs, in as many lines as needed below `top`; returns where it ends.
    pub(super) fn legend<'a>(
        &mut self,
        names: impl ExactSizeIterator<Item = &'a Text>,
        top: f64,
        lines: bool,
    ) -> f64 {
        if names.len() < 2 {
            return top;
        }
        let (mut x, mut y) = (0.0, top + 8.0);
        for (place, name) in names.enumerate() {
            let wide = measure(&name.en).max(measure(&name.zh)).min(300.0);
            if x > 0.0 && x + wide + 32.0 > WIDTH {
                (x, y) = (0.0, y + 20.0);
            }
            if lines {
                self.series([(x, y), (x + 24.0, y)].into_iter(), place);
            } else {
                self.rect((x + 6.0, y - 6.0, 12.0, 12.0), COLOURS[place % COLOURS.len()]);
            }
            self.label((x + 30.0, y + 4.5), "start", 300.0, name);
            x += wide + 52.0;
        }
        y + 14.0
    }

    /// Marks and name below a horizontal axis, light lines up to `top`.
    pub(super) fn x_axis(
        &mut self,
        (left, right): (f64, f64),
        (top, bottom): (f64, f64),
        (low, high): (f64, f64),
        axis: &Axis,
    ) {
        let (marks, decimals) = marks(low, high, axis);
        for mark in marks {
            let x = left + (mark - low) / (high - low) * (right - left);
            if top < bottom {
                self.line((x, top), (x, bottom), LINE, 1.0);
            }
            self.line((x, bottom), (x, bottom + 4.0), SOFT, 1.0);
            self.text(x, bottom + 18.0, "middle", SOFT, &number(mark, decimals));
        }
        self.line((left, bottom), (right, bottom), SOFT, 1.0);
        let middle = f64::midpoint(left, right);
        self.label((middle, bottom + 37.0), "middle", right - left, &axis.name);
    }

    /// Marks before a vertical axis, light lines across; the name stands above, unturned, at `name_at`.
    pub(super) fn y_axis(
        &mut self,
        (left, right): (f64, f64),
        (top, bottom): (f64, f64),
        (low, high): (f64, f64),
        (axis, name_at): (&Axis, f64),
    ) {
        let (marks, decimals) = marks(low, high, axis);
        for mark in marks {
            let y = bottom - (mark - low) / (high - low) * (bottom - top);
            self.line((left, y), (right, y), LINE, 1.0);
            self.text(left - 8.0, y + 4.5, "end", SOFT, &number(mark, decimals));
        }
        self.label((0.0, name_at), "start", WIDTH, &axis.name);
    }

    pub(super) fn finish(mut self) -> String {
        self.out.push_str("</svg>");
        self.out
    }
}

/// Room before a vertical axis for its marks.
pub(super) fn y_room((low, high): (f64, f64)) -> f64 {
    let (marks, decimals) = ticks(low, high);
    marks.iter().map(|mark| measure(&number(*mark, decimals))).fold(20.0, f64::max) + 14.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(0.0, 1.0).0.len(), 6);
        let (marks, decimals) = ticks(-3.2, 17.0);
        assert!(marks.iter().all(|mark| (-3.2..=17.0).contains(mark)));
        assert_eq!((marks, decimals), (vec![0.0, 5.0, 10.0, 15.0], 0));
    }

    #[test]
    fn what_is_counted_has_whole_marks() {
        let counted = |low, high| marks(low, high, &Axis::counting(Text::same("epoch")));
        let told = |(marks, decimals): (Vec<f64>, usize)| -> Vec<String> {
            marks.into_iter().map(|mark| number(mark, decimals)).collect()
        };
        // One epoch alone stands in the middle of its axis.
        assert_eq!(told(counted(0.5, 1.5)), ["1"]);
        assert_eq!(told(counted(1.0, 3.0)), ["1", "2", "3"]);
        assert_eq!(told(counted(1.0, 30.0)), ["5", "10", "15", "20", "25", "30"]);
        assert_eq!(marks(0.5, 1.5, &Axis::new(Text::same("x"))).0.len(), 5);
    }

    #[test]
    fn long_names_take_two_lines_and_no_more_room() {
        for name in [
            "Purpose of the loan, as the applicant stated it at the branch on the day of signing",
            "申请人在网点填写的贷款用途，包括所有补充说明以及经办人的备注和其他有关情况",
            "one_very_long_column_name_without_any_blank_in_it_at_all_but_underscores",
        ] {
            let lines = wrap(name, LABEL);
            assert_eq!(lines.len(), 2, "{name}");
            assert!(lines.iter().all(|line| measure(line) <= LABEL), "{lines:?}");
            assert!(name.starts_with(&lines[0]));
        }
        assert_eq!(wrap("Age", LABEL), ["Age"]);
    }

    #[test]
    fn equal_values_have_a_range_around_them() {
        assert_eq!(span([3e9, 3e9].into_iter(), None), (1.5e9, 4.5e9));
        assert_eq!(span([f64::NAN].into_iter(), None), (0.0, 1.0));
    }
}

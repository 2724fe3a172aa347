//! Charts as self-contained SVG, 720 units wide, labelled in both languages.

use crate::{escape, number};
use ingot_base::Text;
use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const INK: &str = "#1c2430";
const SOFT: &str = "#5b6675";
const LINE: &str = "#dfe4ea";
/// Colours of series, distinguishable without hue as well (Okabe and Ito, darkened for white paper).
pub const COLOURS: [&str; 6] = ["#1f5f8b", "#c2571a", "#2a7f5e", "#8a4f9e", "#9a7b00", "#5b6675"];

/// A line through points, with an optional band around it.
#[derive(Debug, Clone)]
pub struct Series {
    /// What the legend calls it.
    pub name: Text,
    /// Points in rising order of x.
    pub points: Vec<(f64, f64)>,
    /// Lower and upper bound at each point, or empty.
    pub band: Vec<(f64, f64)>,
}

/// An axis: its name and, if fixed, its range.
#[derive(Debug, Clone)]
pub struct Axis {
    /// What it measures, with the unit.
    pub name: Text,
    /// Fixed range; `None` takes the data's.
    pub range: Option<(f64, f64)>,
}

impl Axis {
    /// An axis that fits its data.
    pub fn new(name: Text) -> Self {
        Self { name, range: None }
    }

    /// An axis with a fixed range.
    pub fn fixed(name: Text, low: f64, high: f64) -> Self {
        Self { name, range: Some((low, high)) }
    }
}

/// A point of [`dots`]: a value on a line of its own, coloured by where it stands in its feature's range.
#[derive(Debug, Clone, Copy)]
pub struct Dot {
    /// Position on the x axis.
    pub x: f64,
    /// 0 (low) to 1 (high); NaN for no colour.
    pub shade: f64,
}

/// Horizontal bars, one a row, with their values.
pub fn bars(items: &[(Text, f64)], axis: &Axis, decimals: usize) -> String {
    let (low, high) = span(items.iter().map(|(_, value)| *value).chain([0.0]), axis.range);
    let left = label_width(items.iter().map(|(name, _)| name));
    let right = WIDTH - 80.0;
    let height = 30.0 + 24.0 * count(items.len());
    let mut svg = Canvas::new(height + 24.0, &axis.name);
    let x = |value: f64| left + (value - low) / (high - low) * (right - left);
    for (index, (name, value)) in items.iter().enumerate() {
        let y = 8.0 + 24.0 * count(index);
        svg.label(left - 8.0, y + 13.0, "end", INK, name);
        let (from, to) = (x(0.0_f64.clamp(low, high)), x(value.clamp(low, high)));
        svg.rect(
            (from.min(to), y + 2.0, (to - from).abs().max(0.5), 16.0),
            if *value < 0.0 { COLOURS[1] } else { COLOURS[0] },
            1.0,
        );
        svg.text(from.max(to) + 6.0, y + 14.0, "start", SOFT, &number(*value, decimals));
    }
    svg.label(left, height + 12.0, "start", SOFT, &axis.name);
    svg.finish()
}

/// Dot and interval, one a row: estimate, lower and upper bound.
pub fn intervals(items: &[(Text, f64, f64, f64)], axis: &Axis, decimals: usize) -> String {
    let (low, high) =
        span(items.iter().flat_map(|(_, value, from, to)| [*value, *from, *to]), axis.range);
    let left = label_width(items.iter().map(|(name, ..)| name));
    let right = WIDTH - 150.0;
    let bottom = 8.0 + 26.0 * count(items.len());
    let mut svg = Canvas::new(bottom + 44.0, &axis.name);
    let x = |value: f64| left + (value.clamp(low, high) - low) / (high - low) * (right - left);
    svg.x_axis(left, right, bottom, (low, high), &axis.name);
    for (index, (name, value, from, to)) in items.iter().enumerate() {
        let y = 18.0 + 26.0 * count(index);
        svg.label(left - 8.0, y + 4.0, "end", INK, name);
        svg.line((x(*from), y), (x(*to), y), COLOURS[0], 2.0);
        svg.circle(x(*value), y, 4.0, COLOURS[0], 1.0);
        let text = format!(
            "{} ({} – {})",
            number(*value, decimals),
            number(*from, decimals),
            number(*to, decimals)
        );
        svg.text(right + 10.0, y + 4.0, "start", SOFT, &text);
    }
    svg.finish()
}

/// Lines over a common x axis, with a legend when there are several.
pub fn lines(series: &[Series], x_axis: &Axis, y_axis: &Axis) -> String {
    let points = || series.iter().flat_map(|line| line.points.iter());
    let (x_low, x_high) = span(points().map(|point| point.0), x_axis.range);
    let bands = series.iter().flat_map(|line| line.band.iter().flat_map(|(from, to)| [*from, *to]));
    let (y_low, y_high) = span(points().map(|point| point.1).chain(bands), y_axis.range);
    let (left, right, top, bottom) = (64.0, WIDTH - 16.0, 30.0, 270.0);
    let mut svg = Canvas::new(316.0, &y_axis.name);
    svg.y_axis((left, right), (top, bottom), (y_low, y_high), &y_axis.name);
    svg.x_axis(left, right, bottom, (x_low, x_high), &x_axis.name);
    let x = |value: f64| left + (value - x_low) / (x_high - x_low) * (right - left);
    let y = |value: f64| {
        bottom - (value.clamp(y_low, y_high) - y_low) / (y_high - y_low) * (bottom - top)
    };
    for (index, line) in series.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        if line.band.len() == line.points.len() && !line.band.is_empty() {
            let upper =
                line.points.iter().zip(&line.band).map(|(point, band)| (x(point.0), y(band.1)));
            let lower = line
                .points
                .iter()
                .zip(&line.band)
                .rev()
                .map(|(point, band)| (x(point.0), y(band.0)));
            svg.polygon(upper.chain(lower), colour);
        }
        svg.polyline(line.points.iter().map(|point| (x(point.0), y(point.1))), colour);
        if series.len() > 1 {
            let at = left + 10.0 + 165.0 * count(index);
            svg.line((at, 12.0), (at + 18.0, 12.0), colour, 3.0);
            svg.label(at + 24.0, 16.0, "start", INK, &line.name);
        }
    }
    svg.finish()
}

/// Shares of rows by bin, two series side by side: before and after, or two groups.
pub fn columns(
    bins: &[String],
    series: &[(Text, Vec<f64>)],
    x_axis: &Axis,
    y_axis: &Axis,
) -> String {
    let (low, high) = span(
        series.iter().flat_map(|(_, values)| values.iter().copied()).chain([0.0]),
        y_axis.range,
    );
    let (left, right, top, bottom) = (64.0, WIDTH - 16.0, 30.0, 220.0);
    let mut svg = Canvas::new(268.0, &y_axis.name);
    svg.y_axis((left, right), (top, bottom), (low, high), &y_axis.name);
    svg.line((left, bottom), (right, bottom), SOFT, 1.0);
    let slot = (right - left) / count(bins.len()).max(1.0);
    let wide = (slot * 0.8 / count(series.len()).max(1.0)).min(60.0);
    for (group, (name, values)) in series.iter().enumerate() {
        let colour = COLOURS[group % COLOURS.len()];
        for (index, value) in values.iter().enumerate() {
            let x = left
                + slot * (count(index) + 0.5)
                + wide * (count(group) - count(series.len()) / 2.0);
            let tall = (value - low) / (high - low) * (bottom - top);
            svg.rect((x, bottom - tall, wide * 0.94, tall.max(0.0)), colour, 1.0);
        }
        if series.len() > 1 {
            let at = left + 10.0 + 165.0 * count(group);
            svg.rect((at, 6.0, 12.0, 12.0), colour, 1.0);
            svg.label(at + 18.0, 16.0, "start", INK, name);
        }
    }
    let every = (bins.len() / 10).max(1);
    for (index, bin) in bins.iter().enumerate().step_by(every) {
        svg.text(
            left + slot * (count(index) + 0.5),
            bottom + 16.0,
            "middle",
            SOFT,
            &shorten(bin, 14),
        );
    }
    svg.label(f64::midpoint(left, right), bottom + 38.0, "middle", SOFT, &x_axis.name);
    svg.finish()
}

/// One line of dots a row ("beeswarm"): dense places are drawn wider; colour runs from low (blue) to high (orange).
pub fn dots(rows: &[(Text, Vec<Dot>)], axis: &Axis) -> String {
    let (low, high) = span(
        rows.iter().flat_map(|(_, dots)| dots.iter().map(|dot| dot.x)).chain([0.0]),
        axis.range,
    );
    let left = label_width(rows.iter().map(|(name, _)| name));
    let right = WIDTH - 20.0;
    let bottom = 10.0 + 34.0 * count(rows.len());
    let mut svg = Canvas::new(bottom + 64.0, &axis.name);
    let x = |value: f64| left + (value - low) / (high - low) * (right - left);
    svg.x_axis(left, right, bottom, (low, high), &axis.name);
    svg.line((x(0.0), 4.0), (x(0.0), bottom), SOFT, 1.0);
    for (index, (name, dots)) in rows.iter().enumerate() {
        let middle = 24.0 + 34.0 * count(index);
        svg.label(left - 8.0, middle + 4.0, "end", INK, name);
        let mut taken: std::collections::BTreeMap<i64, u32> = std::collections::BTreeMap::new();
        for dot in dots {
            #[expect(clippy::cast_possible_truncation, reason = "pixels of a 720-wide picture")]
            let pixel = (x(dot.x) / 3.0).round() as i64;
            let place = taken.entry(pixel).or_default();
            let step =
                f64::from(place.div_ceil(2)) * if place.is_multiple_of(2) { 1.0 } else { -1.0 };
            *place += 1;
            svg.circle(
                x(dot.x),
                middle + (step * 1.6).clamp(-14.0, 14.0),
                1.8,
                &shade(dot.shade),
                0.85,
            );
        }
    }
    let (from, to) = (left, left + 150.0);
    for step in 0..30 {
        let share = f64::from(step) / 29.0;
        svg.rect((from + share * (to - from - 5.0), bottom + 46.0, 6.0, 8.0), &shade(share), 1.0);
    }
    svg.label(
        to + 8.0,
        bottom + 54.0,
        "start",
        SOFT,
        &Text::new("low value → high value of the feature", "特征取值：低 → 高"),
    );
    svg.finish()
}

/// Blue for 0, orange for 1, grey for NaN.
pub fn shade(share: f64) -> String {
    if !share.is_finite() {
        return "#a0a8b2".to_owned();
    }
    let mix = |from: f64, to: f64| from + (to - from) * share.clamp(0.0, 1.0);
    format!("rgb({:.0},{:.0},{:.0})", mix(31.0, 214.0), mix(95.0, 92.0), mix(170.0, 24.0))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rows in a picture")]
fn count(number: usize) -> f64 {
    number as f64
}

/// Smallest and largest finite value, widened when equal.
fn span(values: impl Iterator<Item = f64>, fixed: Option<(f64, f64)>) -> (f64, f64) {
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
        (low - 0.5, high + 0.5)
    } else {
        (low, high)
    }
}

/// Round numbers that cover a range: steps of 1, 2 or 5 times a power of ten.
fn ticks(low: f64, high: f64) -> (Vec<f64>, usize) {
    let raw = (high - low) / 5.0;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|step| *step >= raw * 0.999)
        .unwrap_or(raw);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 6")]
    let decimals = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
    let mut at = (low / step).ceil() * step;
    let mut list = Vec::new();
    while at <= high + step * 1e-9 && list.len() < 20 {
        list.push(at);
        at += step;
    }
    (list, decimals)
}

/// Room for the longest label, a Chinese character counted as two.
fn label_width<'a>(names: impl Iterator<Item = &'a Text>) -> f64 {
    let units = |text: &str| {
        text.chars().map(|letter| if letter.is_ascii() { 7.0 } else { 13.0 }).sum::<f64>()
    };
    names
        .map(|name| units(&shorten(&name.en, 34)).max(units(&shorten(&name.zh, 20))))
        .fold(60.0, f64::max)
        .min(260.0)
        + 12.0
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Builds the markup.
struct Canvas {
    out: String,
}

impl Canvas {
    fn new(height: f64, title: &Text) -> Self {
        let mut out = String::with_capacity(8 << 10);
        let _ = write!(
            out,
            "<svg viewBox=\"0 0 {WIDTH:.0} {height:.0}\" width=\"{WIDTH:.0}\" height=\"{height:.0}\" role=\"img\" font-size=\"13\"><title>{} / {}</title>",
            escape(&title.en),
            escape(&title.zh)
        );
        Self { out }
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, colour: &str, text: &str) {
        let _ = write!(
            self.out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{}</text>",
            escape(text)
        );
    }

    fn label(&mut self, x: f64, y: f64, anchor: &str, colour: &str, text: &Text) {
        if text.en == text.zh {
            return self.text(x, y, anchor, colour, &shorten(&text.en, 60));
        }
        for (class, words, most) in [("en", &text.en, 60), ("zh", &text.zh, 40)] {
            let _ = write!(
                self.out,
                "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{}</text>",
                escape(&shorten(words, most))
            );
        }
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
        let _ = write!(
            self.out,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>",
            from.0, from.1, to.0, to.1
        );
    }

    fn rect(&mut self, (x, y, width, height): (f64, f64, f64, f64), colour: &str, opacity: f64) {
        let _ = write!(
            self.out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\" fill-opacity=\"{opacity}\"/>"
        );
    }

    fn circle(&mut self, x: f64, y: f64, radius: f64, colour: &str, opacity: f64) {
        let _ = write!(
            self.out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{colour}\" fill-opacity=\"{opacity}\"/>"
        );
    }

    fn polyline(&mut self, points: impl Iterator<Item = (f64, f64)>, colour: &str) {
        let list: Vec<String> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(
            self.out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            list.join(" ")
        );
    }

    fn polygon(&mut self, points: impl Iterator<Item = (f64, f64)>, colour: &str) {
        let list: Vec<String> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(
            self.out,
            "<polygon points=\"{}\" fill=\"{colour}\" fill-opacity=\"0.15\"/>",
            list.join(" ")
        );
    }

    fn x_axis(&mut self, left: f64, right: f64, bottom: f64, (low, high): (f64, f64), name: &Text) {
        self.line((left, bottom), (right, bottom), SOFT, 1.0);
        let (marks, decimals) = ticks(low, high);
        for mark in marks {
            let x = left + (mark - low) / (high - low) * (right - left);
            self.line((x, bottom), (x, bottom + 4.0), SOFT, 1.0);
            self.text(x, bottom + 18.0, "middle", SOFT, &number(mark, decimals));
        }
        self.label(f64::midpoint(left, right), bottom + 36.0, "middle", SOFT, name);
    }

    fn y_axis(
        &mut self,
        (left, right): (f64, f64),
        (top, bottom): (f64, f64),
        (low, high): (f64, f64),
        name: &Text,
    ) {
        let (marks, decimals) = ticks(low, high);
        for mark in marks {
            let y = bottom - (mark - low) / (high - low) * (bottom - top);
            self.line((left, y), (right, y), LINE, 1.0);
            self.text(left - 8.0, y + 4.0, "end", SOFT, &number(mark, decimals));
        }
        let _ = write!(
            self.out,
            "<g transform=\"translate(14,{:.1}) rotate(-90)\">",
            f64::midpoint(top, bottom)
        );
        self.label(0.0, 0.0, "middle", SOFT, name);
        self.out.push_str("</g>");
    }

    fn finish(mut self) -> String {
        self.out.push_str("</svg>");
        self.out
    }
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
    fn empty_and_odd_values_still_make_a_picture() {
        let axis = Axis::new(Text::same("v"));
        for svg in [
            bars(&[], &axis, 1),
            bars(&[(Text::same("<a>"), f64::NAN)], &axis, 1),
            lines(
                &[Series { name: Text::same("s"), points: vec![(1.0, 1.0)], band: vec![] }],
                &axis,
                &axis,
            ),
            columns(&["a".into()], &[(Text::same("s"), vec![0.0])], &axis, &axis),
            dots(&[(Text::same("d"), vec![Dot { x: 0.0, shade: f64::NAN }])], &axis),
            intervals(&[(Text::same("i"), 1.0, 0.5, 1.5)], &axis, 2),
        ] {
            assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
            assert!(!svg.contains("<a>"));
        }
    }
}

//! Charts with one row per name: bars, intervals, dots.

use super::canvas::{Canvas, INK, Labels, SOFT, WIDTH, count, measure, span};
use super::{Axis, COLOURS, Dot, shade};
use crate::number;
use ingot_base::Text;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Most rows a description spells out.
const TOLD: usize = 40;
/// Colours of dots between low and high.
const SHADES: u8 = 8;

/// Names and values in words.
fn told<'a>(items: impl Iterator<Item = (&'a Text, String)>) -> Text {
    let (en, zh): (Vec<String>, Vec<String>) = items
        .take(TOLD)
        .map(|(name, value)| (format!("{}: {value}", name.en), format!("{}：{value}", name.zh)))
        .unzip();
    Text::new(en.join("; "), zh.join("；"))
}

/// Horizontal bars, one a row, with their values.
pub fn bars(items: &[(Text, f64)], axis: &Axis, decimals: usize) -> String {
    let (low, high) = span(items.iter().map(|(_, value)| *value).chain([0.0]), axis.range);
    let labels = Labels::new(items.iter().map(|(name, _)| name), 26.0);
    let room = |side: bool| {
        items
            .iter()
            .filter(|(_, value)| (*value < 0.0) == side)
            .map(|(_, value)| measure(&number(*value, decimals)) + 10.0)
            .fold(0.0, f64::max)
    };
    let (left, right) = (labels.width + room(true), WIDTH - room(false).max(8.0));
    let bottom = 4.0 + labels.pitch * count(items.len());
    let about = told(items.iter().map(|(name, value)| (name, number(*value, decimals))));
    let mut svg = Canvas::new(bottom + 28.0, &axis.name, &about);
    let x = |value: f64| left + (value.clamp(low, high) - low) / (high - low) * (right - left);
    let zero = x(0.0);
    for (index, (_, value)) in items.iter().enumerate() {
        let middle = 4.0 + labels.pitch * (count(index) + 0.5);
        svg.row_label(&labels, index, middle);
        let end = if value.is_finite() { x(*value) } else { zero };
        let colour = if *value < 0.0 { COLOURS[1] } else { COLOURS[0] };
        svg.rect((zero.min(end), middle - 8.0, (end - zero).abs(), 16.0), colour);
        let words = number(*value, decimals);
        if *value < 0.0 {
            svg.text(end - 6.0, middle + 4.5, "end", INK, &words);
        } else {
            svg.text(end + 6.0, middle + 4.5, "start", INK, &words);
        }
    }
    svg.line((zero, 2.0), (zero, bottom + 2.0), SOFT, 1.0);
    svg.label((labels.width, bottom + 19.0), "start", WIDTH - labels.width, &axis.name);
    svg.finish()
}

/// Horizontal bars with, beside each, the share of rows it stands for (0 to 1).
pub fn bars_with_share(items: &[(Text, f64, f64)], axis: &Axis, decimals: usize) -> String {
    let (low, high) = span(items.iter().map(|(_, value, _)| *value).chain([0.0]), axis.range);
    let labels = Labels::new(items.iter().map(|(name, ..)| name), 26.0);
    let (left, right) = (labels.width, WIDTH - 250.0);
    let most = items.iter().map(|(_, _, share)| *share).fold(1e-9, f64::max);
    let bottom = 26.0 + labels.pitch * count(items.len());
    let percent = |share: f64| format!("{}%", number(share * 100.0, 1));
    let about = told(items.iter().map(|(name, value, share)| {
        (name, format!("{} ({})", number(*value, decimals), percent(*share)))
    }));
    let mut svg = Canvas::new(bottom + 8.0, &axis.name, &about);
    let x = |value: f64| left + (value.clamp(low, high) - low) / (high - low) * (right - left);
    svg.label((left, 14.0), "start", right - left + 60.0, &axis.name);
    svg.label((WIDTH - 170.0, 14.0), "start", 170.0, &Text::new("share of rows", "数据行占比"));
    for (index, (_, value, share)) in items.iter().enumerate() {
        let middle = 26.0 + labels.pitch * (count(index) + 0.5);
        svg.row_label(&labels, index, middle);
        let (zero, end) = (x(0.0), if value.is_finite() { x(*value) } else { x(0.0) });
        let colour = if *value < 0.0 { COLOURS[1] } else { COLOURS[0] };
        svg.rect((zero.min(end), middle - 8.0, (end - zero).abs(), 16.0), colour);
        svg.text(zero.max(end) + 6.0, middle + 4.5, "start", INK, &number(*value, decimals));
        let wide = share / most * 105.0;
        svg.rect((WIDTH - 170.0, middle - 5.0, wide, 10.0), "#c3ccd6");
        svg.text(WIDTH - 164.0 + wide, middle + 4.5, "start", SOFT, &percent(*share));
    }
    svg.line((x(0.0), 24.0), (x(0.0), bottom + 2.0), SOFT, 1.0);
    svg.finish()
}

/// Dot and interval, one a row: estimate, lower and upper bound.
pub fn intervals(items: &[(Text, f64, f64, f64)], axis: &Axis, decimals: usize) -> String {
    let (low, high) =
        span(items.iter().flat_map(|(_, value, from, to)| [*value, *from, *to]), axis.range);
    let labels = Labels::new(items.iter().map(|(name, ..)| name), 28.0);
    let words: Vec<(String, String)> = items
        .iter()
        .map(|(_, value, from, to)| {
            let bounds = format!("{} … {}", number(*from, decimals), number(*to, decimals));
            (number(*value, decimals), bounds)
        })
        .collect();
    let widest = |texts: &mut dyn Iterator<Item = &String>| {
        texts.map(|text| measure(text)).fold(0.0, f64::max)
    };
    let bounds = WIDTH - widest(&mut words.iter().map(|(_, bounds)| bounds)) - 2.0;
    let values = bounds - 12.0;
    let right = values - widest(&mut words.iter().map(|(value, _)| value)) - 18.0;
    let (left, bottom) = (labels.width + 6.0, 8.0 + labels.pitch * count(items.len()));
    let about = told(
        items
            .iter()
            .zip(&words)
            .map(|(item, (value, bounds))| (&item.0, format!("{value} ({bounds})"))),
    );
    let mut svg = Canvas::new(bottom + 46.0, &axis.name, &about);
    let x = |value: f64| left + (value.clamp(low, high) - low) / (high - low) * (right - left);
    svg.x_axis((left, right), (4.0, bottom), (low, high), axis);
    if low < 0.0 && high > 0.0 {
        svg.line((x(0.0), 4.0), (x(0.0), bottom), SOFT, 1.0);
    }
    for (index, ((_, value, from, to), (shown, range))) in items.iter().zip(&words).enumerate() {
        let middle = 6.0 + labels.pitch * (count(index) + 0.5);
        svg.row_label(&labels, index, middle);
        if from.is_finite() && to.is_finite() {
            svg.line((x(*from), middle), (x(*to), middle), COLOURS[0], 2.0);
            for end in [*from, *to] {
                svg.line((x(end), middle - 4.0), (x(end), middle + 4.0), COLOURS[0], 2.0);
            }
        }
        svg.circle(x(*value), middle, 4.5, COLOURS[0]);
        svg.text(values, middle + 4.5, "end", INK, shown);
        svg.text(bounds, middle + 4.5, "start", SOFT, range);
    }
    svg.finish()
}

/// One line of dots a row ("beeswarm"): dense places are drawn wider; colour runs from low (blue) to high (orange).
pub fn dots(rows: &[(Text, Vec<Dot>)], axis: &Axis) -> String {
    let (low, high) = span(
        rows.iter().flat_map(|(_, dots)| dots.iter().map(|dot| dot.x)).chain([0.0]),
        axis.range,
    );
    let labels = Labels::new(rows.iter().map(|(name, _)| name), 38.0);
    let (left, right) = (labels.width + 6.0, WIDTH - 12.0);
    let bottom = 6.0 + labels.pitch * count(rows.len());
    let about = told(rows.iter().map(|(name, dots)| {
        let (from, to) = span(dots.iter().map(|dot| dot.x), None);
        (name, format!("{} … {}", number(from, 3), number(to, 3)))
    }));
    let mut svg = Canvas::new(bottom + 74.0, &axis.name, &about);
    let x = |value: f64| left + (value.clamp(low, high) - low) / (high - low) * (right - left);
    svg.x_axis((left, right), (4.0, bottom), (low, high), axis);
    svg.line((x(0.0), 4.0), (x(0.0), bottom), SOFT, 1.0);
    for (index, (_, dots)) in rows.iter().enumerate() {
        let middle = 6.0 + labels.pitch * (count(index) + 0.5);
        svg.row_label(&labels, index, middle);
        swarm(&mut svg, dots, middle, labels.pitch / 2.0 - 4.0, &x);
    }
    scale(&mut svg, left, bottom + 60.0);
    svg.finish()
}

/// The dots of one row: those that share a place stand symmetrically around the middle, closer where there are many.
fn swarm(svg: &mut Canvas, dots: &[Dot], middle: f64, reach: f64, x: &dyn Fn(f64) -> f64) {
    #[expect(clippy::cast_possible_truncation, reason = "pixels of an 800-wide picture")]
    let place = |dot: &Dot| (x(dot.x) / 3.0).round() as i64;
    let finite = || dots.iter().filter(|dot| dot.x.is_finite());
    let mut taken: BTreeMap<i64, (u32, u32)> = BTreeMap::new();
    for dot in finite() {
        taken.entry(place(dot)).or_default().0 += 1;
    }
    let crowd = taken.values().map(|(all, _)| all.div_ceil(2)).max().unwrap_or(1).max(1);
    let step = (reach / f64::from(crowd)).min(3.2);
    let mut paths: BTreeMap<u8, String> = BTreeMap::new();
    for dot in finite() {
        let (_, drawn) = taken.entry(place(dot)).or_default();
        let side = if drawn.is_multiple_of(2) { 1.0 } else { -1.0 };
        let y = middle + f64::from(drawn.div_ceil(2)) * step * side;
        *drawn += 1;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and SHADES"
        )]
        let level = if dot.shade.is_finite() {
            (dot.shade.clamp(0.0, 1.0) * f64::from(SHADES)).round() as u8 + 1
        } else {
            0
        };
        // A line of no length with round ends is a dot, in a tenth of a circle's markup.
        let _ = write!(paths.entry(level).or_default(), "M{:.1} {y:.1}h0", x(dot.x));
    }
    for (level, path) in paths {
        let share = if level == 0 { f64::NAN } else { f64::from(level - 1) / f64::from(SHADES) };
        svg.raw(&format!(
            "<path d=\"{path}\" stroke=\"{}\" stroke-width=\"3.6\" stroke-linecap=\"round\" stroke-opacity=\"0.85\"/>",
            shade(share)
        ));
    }
}

/// What the dots' colours mean.
fn scale(svg: &mut Canvas, left: f64, y: f64) {
    for step in 0..=SHADES {
        let share = f64::from(step) / f64::from(SHADES);
        svg.rect((left + 14.0 * f64::from(step), y - 5.0, 14.0, 9.0), &shade(share));
    }
    let words = Text::new("value of the input, low to high", "输入取值：由低到高");
    svg.label((left + 134.0, y + 4.0), "start", 220.0, &words);
    svg.circle(left + 366.0, y, 4.0, &shade(f64::NAN));
    let words = Text::new("missing or without order", "缺失或无序");
    svg.label((left + 376.0, y + 4.0), "start", WIDTH - left - 376.0, &words);
}

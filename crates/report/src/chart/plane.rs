//! Charts over two axes: lines, columns, the response to an input.

use super::canvas::{Canvas, SOFT, WIDTH, count, fit, measure, span, ticks, y_room};
use super::{Axis, COLOURS, Series};
use crate::{escape, number};
use ingot_base::Text;

/// A plot's edges and the numbers they stand for.
struct Plane {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x: (f64, f64),
    y: (f64, f64),
}

impl Plane {
    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x(x), self.y(y))
    }

    fn x(&self, value: f64) -> f64 {
        let (low, high) = self.x;
        self.left + (value.clamp(low, high) - low) / (high - low) * (self.right - self.left)
    }

    fn y(&self, value: f64) -> f64 {
        let (low, high) = self.y;
        self.bottom - (value.clamp(low, high) - low) / (high - low) * (self.bottom - self.top)
    }

    fn axes(&self, svg: &mut Canvas, y_axis: &Axis) {
        svg.y_axis((self.left, self.right), (self.top, self.bottom), self.y, (y_axis, 14.0));
    }

    fn series(&self, svg: &mut Canvas, series: &[Series]) {
        for (place, line) in series.iter().enumerate() {
            if line.band.len() == line.points.len() && !line.band.is_empty() {
                let both = || line.points.iter().zip(&line.band);
                let upper = both().map(|(point, band)| self.place((point.0, band.1)));
                let lower = both().rev().map(|(point, band)| self.place((point.0, band.0)));
                svg.band(upper.chain(lower), place);
            }
        }
        for (place, line) in series.iter().enumerate() {
            svg.series(line.points.iter().map(|point| self.place(*point)), place);
            if line.points.len() <= 25 {
                for point in &line.points {
                    let (x, y) = self.place(*point);
                    svg.circle(x, y, 2.6, COLOURS[place % COLOURS.len()]);
                }
            }
        }
    }
}

/// Lowest and highest point of every line, in words; of a line whose points are all alike, the one number.
fn told(series: &[Series]) -> Text {
    let figures = |line: &Series| {
        let finite = line.points.iter().map(|point| point.1).filter(|value| value.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), one| {
            (low.min(one), high.max(one))
        });
        // Without a point the ends stay where they were.
        if low > high {
            return "–".to_owned();
        }
        let (low, high) = (number(low, 4), number(high, 4));
        if low == high { low } else { format!("{low} … {high}") }
    };
    Text::new(
        series
            .iter()
            .map(|s| format!("{}: {}", s.name.en, figures(s)))
            .collect::<Vec<_>>()
            .join("; "),
        series
            .iter()
            .map(|s| format!("{}：{}", s.name.zh, figures(s)))
            .collect::<Vec<_>>()
            .join("；"),
    )
}

fn ranges(
    series: &[Series],
    threads: &[Vec<(f64, f64)>],
    x_axis: &Axis,
    y_axis: &Axis,
) -> ((f64, f64), (f64, f64)) {
    let points =
        || series.iter().map(|line| &line.points).chain(threads).flat_map(|points| points.iter());
    let bands = series.iter().flat_map(|line| line.band.iter().flat_map(|(from, to)| [*from, *to]));
    (
        span(points().map(|point| point.0), x_axis.range),
        span(points().map(|point| point.1).chain(bands), y_axis.range),
    )
}

/// Lines over a common x axis, with a legend when there are several.
pub fn lines(series: &[Series], x_axis: &Axis, y_axis: &Axis) -> String {
    response(series, &[], &[], x_axis, y_axis)
}

/// Lines over a common x axis; behind them thin lines of single cases, below them where the rows lie: from, to, share.
pub fn response(
    series: &[Series],
    threads: &[Vec<(f64, f64)>],
    bins: &[(f64, f64, f64)],
    x_axis: &Axis,
    y_axis: &Axis,
) -> String {
    let (x, y) = ranges(series, threads, x_axis, y_axis);
    let legend = legend_lines(series.iter().map(|line| &line.name));
    let top = 30.0 + legend;
    let bottom = top + 240.0;
    let strip = if bins.is_empty() { 0.0 } else { 66.0 };
    let mut svg = Canvas::new(bottom + 44.0 + strip, &y_axis.name, &told(series));
    let plane = Plane { left: y_room(y), right: WIDTH - 26.0, top, bottom, x, y };
    svg.legend(series.iter().map(|line| &line.name), 22.0, true);
    plane.axes(&mut svg, y_axis);
    svg.x_axis((plane.left, plane.right), (bottom, bottom), x, x_axis);
    for thread in threads {
        svg.thread(thread.iter().map(|point| plane.place(*point)));
    }
    plane.series(&mut svg, series);
    if !bins.is_empty() {
        histogram(&mut svg, &plane, bins);
    }
    svg.finish()
}

/// Shares of rows below a plot, on its x axis.
fn histogram(svg: &mut Canvas, plane: &Plane, bins: &[(f64, f64, f64)]) {
    let (top, base) = (plane.bottom + 50.0, plane.bottom + 92.0);
    let tallest = bins.iter().map(|bin| bin.2).fold(1e-12, f64::max);
    for (from, to, share) in bins {
        let (left, right) = (plane.x(*from), plane.x(*to));
        let tall = share / tallest * (base - top);
        svg.rect((left + 0.4, base - tall, (right - left - 0.8).max(1.2), tall), "#c3ccd6");
    }
    svg.line((plane.left, base), (plane.right, base), SOFT, 1.0);
    let name = Text::new("where the rows lie", "数据行的分布");
    svg.label((plane.right, base + 15.0), "end", 300.0, &name);
}

/// How much room a legend takes.
fn legend_lines<'a>(names: impl ExactSizeIterator<Item = &'a Text>) -> f64 {
    // Measured on a canvas that is thrown away: the legend decides where its lines end.
    let nothing = Text::same("");
    Canvas::new(0.0, &nothing, &nothing).legend(names, 0.0, true)
}

/// Values by bin, several series side by side: before and after, or groups.
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
    let top = 30.0 + legend_lines(series.iter().map(|(name, _)| name));
    let plane = Plane {
        left: y_room((low, high)),
        right: WIDTH - 26.0,
        top,
        bottom: top + 190.0,
        x: (0.0, count(bins.len()).max(1.0)),
        y: (low, high),
    };
    let slot = (plane.right - plane.left) / count(bins.len()).max(1.0);
    let widest = bins.iter().map(|bin| measure(bin)).fold(0.0, f64::max).min(150.0);
    let turned = widest > slot - 6.0 && slot >= 13.0;
    let below = if turned { 14.0 + widest * 0.64 } else { 22.0 };
    let mut svg =
        Canvas::new(plane.bottom + below + 22.0, &y_axis.name, &told_columns(bins, series));
    svg.legend(series.iter().map(|(name, _)| name), 22.0, false);
    plane.axes(&mut svg, y_axis);
    let wide = (slot * 0.8 / count(series.len()).max(1.0)).min(60.0);
    let decimals = ticks(low, high).1 + 1;
    let shown = |value: f64| number(value, decimals);
    let values = || series.iter().flat_map(|(_, values)| values.iter().copied());
    let told = values().all(|value| measure(&shown(value)) < wide + 4.0);
    for (group, (_, values)) in series.iter().enumerate() {
        for (index, value) in values.iter().enumerate() {
            let x = plane.x(count(index) + 0.5) + wide * (count(group) - count(series.len()) / 2.0);
            let (y, zero) = (plane.y(*value), plane.y(0.0));
            svg.rect(
                (x, y.min(zero), wide * 0.94, (y - zero).abs()),
                COLOURS[group % COLOURS.len()],
            );
            if value.is_finite() && told {
                svg.text(x + wide * 0.47, y.min(zero) - 4.0, "middle", SOFT, &shown(*value));
            }
        }
    }
    svg.line((plane.left, plane.y(0.0)), (plane.right, plane.y(0.0)), SOFT, 1.0);
    let every = if turned { 1 } else { every(widest, slot) };
    for (index, bin) in bins.iter().enumerate().step_by(every) {
        let x = plane.x(count(index) + 0.5);
        if turned {
            svg.raw(&format!(
                "<text transform=\"translate({x:.1},{:.1}) rotate(-38)\" text-anchor=\"end\" fill=\"{SOFT}\">{}</text>",
                plane.bottom + 14.0,
                escape(&fit(bin, 150.0))
            ));
        } else {
            svg.text(x, plane.bottom + 17.0, "middle", SOFT, &fit(bin, 150.0));
        }
    }
    let middle = f64::midpoint(plane.left, plane.right);
    svg.label((middle, plane.bottom + below + 14.0), "middle", 500.0, &x_axis.name);
    svg.finish()
}

/// Every how many bins a label has room.
fn every(widest: f64, slot: f64) -> usize {
    let mut every = 1;
    while count(every) * slot < widest + 8.0 && every < 1000 {
        every += 1;
    }
    every
}

fn told_columns(bins: &[String], series: &[(Text, Vec<f64>)]) -> Text {
    let values = |values: &[f64]| -> String {
        let pairs = bins.iter().zip(values).take(40);
        pairs
            .map(|(bin, value)| format!("{bin} {}", number(*value, 2)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let told = |name: fn(&Text) -> &str| -> String {
        let parts = series.iter().map(|(text, list)| format!("{}: {}", name(text), values(list)));
        parts.collect::<Vec<_>>().join("; ")
    };
    Text::new(told(|text| &text.en), told(|text| &text.zh))
}

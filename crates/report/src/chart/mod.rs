//! Charts as self-contained SVG, 800 units wide, labelled in both languages.

mod canvas;
mod plane;
mod rows;

pub use plane::{columns, lines, response};
pub use rows::{bars, bars_with_share, dots, intervals};

use ingot_base::Text;

/// Colours of series (Okabe and Ito, darkened for white paper); lines differ by their dashes as well.
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
    /// Whether it counts something, so that only whole numbers are marked.
    pub counts: bool,
}

impl Axis {
    /// An axis that fits its data.
    pub fn new(name: Text) -> Self {
        Self { name, range: None, counts: false }
    }

    /// An axis that fits its data, which are whole numbers.
    pub fn counting(name: Text) -> Self {
        Self { counts: true, ..Self::new(name) }
    }

    /// An axis with a fixed range.
    pub fn fixed(name: Text, low: f64, high: f64) -> Self {
        Self { name, range: Some((low, high)), counts: false }
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

/// Blue for 0, orange for 1, grey for NaN.
pub fn shade(share: f64) -> String {
    if !share.is_finite() {
        return "#a0a8b2".to_owned();
    }
    let mix = |from: f64, to: f64| from + (to - from) * share.clamp(0.0, 1.0);
    format!("rgb({:.0},{:.0},{:.0})", mix(31.0, 214.0), mix(95.0, 92.0), mix(170.0, 24.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_and_odd_values_still_make_a_picture() {
        let axis = Axis::new(Text::same("v"));
        let odd = [f64::NAN, f64::INFINITY, 0.0, -1e300, 1e-300];
        let name = Text::same("<a>");
        let items: Vec<(Text, f64)> = odd.iter().map(|value| (name.clone(), *value)).collect();
        let points: Vec<(f64, f64)> = odd.iter().map(|value| (*value, *value)).collect();
        let series = |points| Series { name: name.clone(), points, band: vec![] };
        for svg in [
            bars(&[], &axis, 1),
            bars(&items, &axis, 1),
            bars_with_share(&[(name.clone(), f64::NAN, 0.0)], &axis, 1),
            lines(&[series(vec![(1.0, 1.0)])], &axis, &axis),
            lines(&[series(points.clone()), series(vec![])], &axis, &axis),
            response(&[series(vec![])], &[points], &[(0.0, 0.0, 0.0)], &axis, &axis),
            columns(&["<a>".into()], &[(name.clone(), vec![0.0])], &axis, &axis),
            columns(&[], &[], &axis, &axis),
            dots(&[(name.clone(), vec![Dot { x: 0.0, shade: f64::NAN }])], &axis),
            dots(&[(name.clone(), vec![Dot { x: f64::NAN, shade: 0.5 }])], &axis),
            intervals(&[(name.clone(), 1.0, 0.5, 1.5)], &axis, 2),
            intervals(&[(name.clone(), f64::NAN, f64::NAN, 1.5)], &axis, 2),
        ] {
            assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
            assert!(!svg.contains("<a>"));
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn pictures_say_in_words_what_they_show() {
        let items = [(Text::new("Age", "年龄"), 1.25)];
        let svg = bars(&items, &Axis::new(Text::new("effect", "影响")), 2);
        assert!(svg.contains("<title>effect / 影响</title>"));
        assert!(svg.contains("<desc>Age: 1.25 / 年龄：1.25</desc>"));
        let line = |points| Series { name: Text::new("loss", "损失"), points, band: Vec::new() };
        let axis = Axis::new(Text::same("v"));
        // The axis is widened around a single number; the words are not.
        let even = lines(&[line(vec![(1.0, 2.606), (2.0, 2.606)])], &axis, &axis);
        assert!(even.contains("<desc>loss: 2.6060 / 损失：2.6060</desc>"), "{even}");
        let falls = lines(&[line(vec![(1.0, 2.5), (2.0, 1.5)]), line(Vec::new())], &axis, &axis);
        assert!(falls.contains("<desc>loss: 1.5000 … 2.5000; loss: – "), "{falls}");
    }
}

//! A text with its words in the colour of what they did.

use super::Word;
use crate::picture::families;
use crate::words::real;
use ingot_base::Text;
use ingot_report::escape;
use std::fmt::Write as _;

pub(crate) const WIDTH: f64 = 720.0;
pub(crate) const MARGIN: f64 = 16.0;
/// A narrow letter; a wide one takes two.
pub(crate) const LETTER: f64 = 8.4;
const SIZE: f64 = 15.0;
pub(crate) const BOX: f64 = 26.0;
const LINE: f64 = 44.0;
pub(crate) const SPACE: f64 = 4.0;
const SOFT: &str = "#5b6675";

/// A self-contained SVG: words that spoke for the answer on blue, those against it on orange, the stronger the deeper; below
/// each, as a bar, how much of it the attention saw.
pub(super) fn svg(words: &[Word], answer: Option<&str>) -> String {
    let most = words.iter().map(|word| word.contribution.abs()).fold(f64::MIN_POSITIVE, f64::max);
    let seen = words.iter().filter_map(|word| word.attention).fold(f64::MIN_POSITIVE, f64::max);
    let bars = words.iter().any(|word| word.attention.is_some());
    let legend = answer.map(|answer| legend(answer, bars));
    let mut body = legend
        .as_ref()
        .map_or_else(String::new, |legend| line(24.0, &legend.en) + &line(44.0, &legend.zh));
    let (mut x, mut y) = (MARGIN, if legend.is_some() { 64.0 } else { 10.0 });
    for word in words {
        let width = (letters(&word.text) * LETTER + 8.0).min(WIDTH - 2.0 * MARGIN);
        if x + width > WIDTH - MARGIN && x > MARGIN {
            x = MARGIN;
            y += LINE;
        }
        // Writing into a String cannot fail.
        let _ = write!(
            body,
            "<g><title>{:+.3}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BOX}\" rx=\"4\" fill=\"{}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" textLength=\"{:.1}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>",
            word.contribution,
            tint(word.contribution / most),
            x + 4.0,
            y + 18.0,
            width - 8.0,
            escape(&word.text)
        );
        if let Some(share) = word.attention {
            let _ = write!(
                body,
                "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"4\" rx=\"2\" fill=\"#5b6675\"/>",
                y + BOX + 3.0,
                width * share / seen
            );
        }
        body.push_str("</g>");
        x += width + SPACE;
    }
    sheet(y + LINE + 4.0, &body)
}

/// What the colours mean, and the bars where there are any.
fn legend(answer: &str, bars: bool) -> Text {
    let (bar_en, bar_zh) =
        if bars { (" Bar: attention.", "下方横条：注意力。") } else { ("", "") };
    Text::new(
        format!("Blue: speaks for “{answer}”; orange: against it.{bar_en}"),
        format!("蓝色：支持“{answer}”；橙色：反对。{bar_zh}"),
    )
}

/// A self-contained SVG of the width of all and of this height, white, with this in it.
pub(crate) fn sheet(height: f64, body: &str) -> String {
    format!(
        "<svg class=\"wide\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\" \
         role=\"img\" font-family=\"'DejaVu Sans Mono',Menlo,Consolas,{},monospace\" font-size=\"{SIZE}\" fill=\"#1c2430\">\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>{body}</svg>",
        families()
    )
}

/// A line of small words at the left.
pub(crate) fn line(y: f64, text: &str) -> String {
    format!(
        "<text x=\"{MARGIN}\" y=\"{y:.0}\" font-size=\"12.5\" font-family=\"Inter,'Segoe UI',Arial,{},sans-serif\" fill=\"{SOFT}\">{}</text>",
        families(),
        escape(text)
    )
}

/// How wide a text is, in narrow letters.
pub(crate) fn letters(text: &str) -> f64 {
    let wide = text.chars().filter(|letter| u32::from(*letter) >= 0x1100).count();
    real(text.chars().count() + wide)
}

/// White at 0, blue towards 1, orange towards −1.
pub(crate) fn tint(share: f64) -> String {
    let colour = if share >= 0.0 { [88.0, 152.0, 228.0] } else { [240.0, 146.0, 66.0] };
    mixed(colour, share.abs())
}

/// White at 0, the colour (red, green, blue) at 1.
pub(crate) fn mixed(colour: [f64; 3], strength: f64) -> String {
    let strength = strength.clamp(0.0, 1.0);
    let [red, green, blue] = colour.map(|to| 255.0 + (to - 255.0) * strength);
    format!("rgb({red:.0},{green:.0},{blue:.0})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_drawn_once_in_its_colour_and_escaped() {
        let word = |text: &str, contribution, attention| Word {
            text: text.into(),
            start: 0,
            end: 0,
            contribution,
            attention,
        };
        let drawn =
            svg(&[word("<b>", 1.0, Some(0.5)), word("很好", -0.5, None)], Some("spam & co"));
        assert!(
            drawn.contains("&lt;b&gt;")
                && drawn.contains("很好")
                && drawn.contains("spam &amp; co")
        );
        assert!(drawn.contains("rgb(88,152,228)") && drawn.contains("rgb(248,200,160)"), "{drawn}");
        assert_eq!(drawn.matches("<title>").count(), 2);
        let long: Vec<Word> = (0..40).map(|_| word("seventeen-letters", 0.1, None)).collect();
        let lines = svg(&long, Some("x")).matches("x=\"16.0\"").count();
        assert_eq!(lines, 10, "four words a line");
        assert!(!svg(&long, None).contains("Blue") && svg(&long, Some("x")).contains("Blue"));
    }
}

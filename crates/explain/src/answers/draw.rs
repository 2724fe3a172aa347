//! A prompt in the colour of what its parts did, and the answer shaded by how sure the model was.

use super::{Part, Said};
use crate::texts::draw::{BOX, LETTER, MARGIN, SPACE, WIDTH, letters, line, mixed, sheet, tint};
use ingot_report::escape;
use std::fmt::Write as _;

/// From line to line.
const LINE: f64 = 34.0;
/// Narrow letters that a line has at most.
const MOST: f64 = 80.0;
/// What a model was sure of.
const GREEN: [f64; 3] = [86.0, 178.0, 120.0];

/// A self-contained SVG: parts without which the answer is less likely on blue, those without which it is likelier on orange, the more the
/// deeper; each of the prompt's texts under its speaker. Below it the answer, the greener the surer.
pub(super) fn svg(parts: &[Part], speakers: &[String], answer: &[Said]) -> String {
    let most = parts.iter().map(|part| part.contribution.abs()).fold(f64::MIN_POSITIVE, f64::max);
    let mut flow = Flow { x: MARGIN, y: 24.0, body: String::new() };
    flow.words("Prompt. Blue: without it the answer is less likely; orange: likelier.");
    flow.words("提示词。蓝色：去掉后该回答的概率降低；橙色：去掉后概率升高。");
    let mut speaking = None;
    for part in parts {
        let text = part.places.first().map(|place| place.text);
        if text != speaking {
            speaking = text;
            let speaker = text.and_then(|text| speakers.get(text)).map_or("", String::as_str);
            flow.words(speaker);
        }
        let title = format!("{:+.3}", part.contribution);
        let fill = tint(part.contribution / most);
        for line in part.text.split('\n').flat_map(lines) {
            flow.chip(&line, &fill, &title);
        }
        flow.x += SPACE;
    }
    flow.words("");
    flow.words("Answer. The greener, the surer the model was of it.");
    flow.words("回答。绿色越深，模型越有把握。");
    for one in answer {
        let title = format!("p = {:.3}", one.probability);
        if one.text.starts_with(char::is_whitespace) {
            flow.x += SPACE;
        }
        for line in lines(&shown(&one.text)) {
            flow.chip(&line, &mixed(GREEN, one.probability), &title);
        }
        flow.x += 1.0;
        if one.text.contains('\n') {
            flow.next();
        }
    }
    sheet(flow.y + LINE + 4.0, &flow.body)
}

/// Where the next box goes.
struct Flow {
    x: f64,
    /// The top of the line's boxes.
    y: f64,
    body: String,
}

impl Flow {
    fn next(&mut self) {
        if self.x > MARGIN {
            self.x = MARGIN;
            self.y += LINE;
        }
    }

    /// A line of small words, on a line of its own.
    fn words(&mut self, text: &str) {
        self.next();
        self.body.push_str(&line(self.y, text));
        self.y += if text.is_empty() { 8.0 } else { 20.0 };
    }

    /// A text in a box.
    fn chip(&mut self, text: &str, fill: &str, title: &str) {
        let width = letters(text) * LETTER + 6.0;
        if self.x + width > WIDTH - MARGIN {
            self.next();
        }
        let (x, y) = (self.x, self.y - 12.0);
        // Writing into a String cannot fail.
        let _ = write!(
            self.body,
            "<g><title>{title}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BOX}\" rx=\"4\" fill=\"{fill}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" textLength=\"{:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\">{}</text></g>",
            x + 3.0,
            y + 18.0,
            width - 6.0,
            escape(text)
        );
        self.x += width;
    }
}

/// A token as it is shown: without the space around it; of nothing else a sign.
fn shown(text: &str) -> String {
    let own = text.trim();
    if !own.is_empty() {
        own.replace(['\n', '\t'], " ")
    } else if text.contains('\n') {
        "↵".to_owned()
    } else {
        "␣".to_owned()
    }
}

/// A text in lines that fit, rather cut where there is space.
fn lines(text: &str) -> Vec<String> {
    let (mut found, mut line, mut width) = (Vec::new(), String::new(), 0.0);
    for letter in text.trim().chars() {
        let letter = if letter == '\t' { ' ' } else { letter };
        width += letters(letter.encode_utf8(&mut [0; 4]));
        line.push(letter);
        if width >= MOST {
            let kept = match line.rfind(' ').filter(|at| *at > line.len() / 2) {
                Some(at) => line.split_off(at + 1),
                None => String::new(),
            };
            found.push(line.trim_end().to_owned());
            width = letters(&kept);
            line = kept;
        }
    }
    if !line.trim().is_empty() {
        found.push(line);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Place;
    use super::*;

    fn part(text: &str, speaker: usize, contribution: f64) -> Part {
        let place = Place { text: speaker, start: 0, end: 1 };
        Part { text: text.into(), places: vec![place], contribution }
    }

    fn said(text: &str, probability: f64) -> Said {
        Said { text: text.into(), probability }
    }

    #[test]
    fn each_part_and_each_token_is_drawn_once_in_its_colour_and_escaped() {
        let parts = [part("<b>", 0, 1.0), part("很好", 0, -0.5), part("x", 1, 0.0)];
        let speakers = ["system & co".to_owned(), "user".to_owned()];
        let drawn =
            svg(&parts, &speakers, &[said(" y\u{1}", 1.0), said("\n", 0.0), said(" ", 0.5)]);
        for wanted in [
            "&lt;b&gt;",
            "很好",
            "system &amp; co",
            ">user<",
            "rgb(88,152,228)",
            "rgb(248,200,160)",
            "rgb(86,178,120)",
            "rgb(255,255,255)",
            ">y\u{fffd}<",
            ">↵<",
            ">␣<",
            "p = 0.500",
            "+1.000",
        ] {
            assert!(drawn.contains(wanted), "{wanted} {drawn}");
        }
        assert_eq!(drawn.matches("<title>").count(), 6);
        assert_eq!(drawn.matches("system").count(), 1, "a speaker is named once");
    }

    #[test]
    fn long_parts_run_over_several_lines_within_the_picture() {
        let text = "seventeen-letters ".repeat(20);
        let boxes = |text: &str| {
            let drawn = svg(&[part(text, 0, 1.0)], &[], &[]);
            let widths = drawn.match_indices("width=\"").filter_map(|(at, _)| {
                let number = drawn.get(at + 7..)?.split('"').next()?;
                // Boxes have a decimal; the sheet has none.
                number.contains('.').then(|| number.parse::<f64>().ok())?
            });
            assert!(widths.clone().all(|width| width <= WIDTH - MARGIN), "{drawn}");
            drawn.matches("<title>").count()
        };
        assert_eq!((boxes(&text), boxes(&"长".repeat(100)), boxes("a\nb")), (5, 3, 2));
        assert_eq!(lines(&text).join(" "), text.trim());
    }
}

//! Bilingual single-file HTML reports and SVG charts.
//!
//! A page holds both languages; the reader switches without any script. Nothing is loaded from elsewhere, so a report can
//! be mailed, archived and signed.

pub mod chart;
mod page;
mod table;

pub use page::{Page, Section, opened_in, with_section};
pub use table::{Cell, Column, Table};

/// Escapes text for HTML and SVG, in element content and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            control if control.is_control() && control != '\n' && control != '\t' => {
                out.push('\u{fffd}');
            }
            other => out.push(other),
        }
    }
    out
}

/// Both languages as two spans of which the page's style shows one; one span when they are equal.
pub(crate) fn both(text: &ingot_base::Text) -> String {
    spans(text, escape)
}

/// As [`both`], where the page may hold marks: what stands between backticks is code.
pub(crate) fn prose(text: &ingot_base::Text) -> String {
    spans(text, |text| {
        let mut parts = text.split('`');
        let mut out = parts.next().map(escape).unwrap_or_default();
        while let Some(code) = parts.next() {
            let code = escape(code);
            match parts.next() {
                Some(after) => {
                    out.extend(["<code>", &code, "</code>", &escape(after)]);
                }
                // A backtick without its second is itself.
                None => out.extend(["`", &code]),
            }
        }
        out
    })
}

fn spans(text: &ingot_base::Text, form: fn(&str) -> String) -> String {
    if text.en == text.zh {
        form(&text.en)
    } else {
        format!(
            "<span class=\"en\" lang=\"en\">{}</span><span class=\"zh\" lang=\"zh-CN\">{}</span>",
            form(&text.en),
            form(&text.zh)
        )
    }
}

/// A number of things, with group separators.
#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
pub fn count(value: u64) -> String {
    number(value as f64, 0)
}

/// A number with a fixed number of decimals, a thin group separator, and a real minus sign.
pub fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) =
        text.split_once('.').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let negative = value < 0.0 && text.chars().any(|digit| ('1'..='9').contains(&digit));
    let sign = if negative { "−" } else { "" };
    match fraction {
        Some(fraction) => format!("{sign}{grouped}.{fraction}"),
        None => format!("{sign}{grouped}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_everything_that_could_leave_its_place() {
        assert_eq!(escape("<b a='\"'>&\u{0}"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;\u{fffd}");
    }

    #[test]
    fn what_stands_between_backticks_is_code_and_still_escaped() {
        let shown = |text: &str| prose(&ingot_base::Text::same(text));
        assert_eq!(shown("drop `<a>` now"), "drop <code>&lt;a&gt;</code> now");
        assert_eq!(shown("`a` and `b`"), "<code>a</code> and <code>b</code>");
        assert_eq!(shown("one ` alone"), "one ` alone");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(1_234_567.891, 2), "1,234,567.89");
        assert_eq!(number(-0.001, 2), "0.00");
        assert_eq!(number(-12.0, 0), "−12");
        assert_eq!(number(f64::NAN, 2), "–");
    }
}

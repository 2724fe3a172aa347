//! Values and titles in plain words.

use ingot_base::{Field, FieldKind, Text, day};

/// The name for a person; a column's own name with blanks when the recipe gives none.
pub(crate) fn title(field: &Field) -> Text {
    field
        .title
        .clone()
        .unwrap_or_else(|| Text::new(field.name.replace('_', " "), field.name.clone()))
}

/// A sentence's beginning.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The place of the largest number, the first of equal ones; 0 of none.
pub(crate) fn largest(numbers: &[f64]) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (at, &number) in numbers.iter().enumerate() {
        if number > best.1 {
            best = (at, number);
        }
    }
    best.0
}

/// Whether a character is a word of its own: what is written without spaces (Han, kana).
pub(crate) fn alone(letter: char) -> bool {
    let wide = matches!(u32::from(letter), 0x2E80..0xAC00 | 0xF900..0xFB00 | 0x2_0000..0x4_0000);
    wide && letter.is_alphanumeric()
}

/// A value of the feature matrix as a person wrote it.
pub(crate) fn value(field: &Field, value: f64) -> Text {
    if value.is_nan() {
        return Text::new("not given", "未提供");
    }
    match &field.kind {
        FieldKind::Number { .. } if field.treatment.date => Text::same(day::iso(value)),
        FieldKind::Number { .. } => Text::same(number(value)),
        FieldKind::Image { .. } => Text::new("a picture", "图片"),
        FieldKind::Text { .. } => Text::new("a text", "文本"),
        FieldKind::Boolean if value == 0.0 => Text::new("no", "否"),
        FieldKind::Boolean => Text::new("yes", "是"),
        FieldKind::Category { values } => match index(value).and_then(|at| values.get(at)) {
            Some(word) => Text::same(word.clone()),
            None => Text::new("unknown", "未知"),
        },
    }
}

/// At most four significant decimals, groups of three digits.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    let decimals = if value.fract() == 0.0 || size >= 1000.0 {
        0
    } else if size >= 10.0 {
        1
    } else if size >= 0.1 {
        2
    } else {
        4
    };
    ingot_report::number(value, decimals)
}

/// Three significant digits: what is told and stored of a median or a bound, which may be one person's value.
pub(crate) fn rounded(value: f64) -> f64 {
    // Written out and read back, so that 0.07 stays 0.07; there is one zero.
    format!("{value:.2e}").parse().unwrap_or(value) + 0.0
}

/// The least number of three significant digits that is not below a value.
pub(crate) fn above(value: f64) -> f64 {
    let near = rounded(value);
    if near >= value { near } else { rounded(near + 2.0 * blur(near)) }
}

/// How far a number may lie from another that has the same three significant digits.
pub(crate) fn blur(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { 0.5 * 10_f64.powf(value.abs().log10().floor() - 2.0) }
}

/// A number of three significant digits in words: about it, where rounding may have changed it.
pub(crate) fn about(field: &Field, median: f64) -> Text {
    let told = value(field, median);
    let exact =
        matches!(field.kind, FieldKind::Number { integer: true, .. }) && median.abs() < 100.0;
    if exact { told } else { Text::new(format!("about {}", told.en), format!("约 {}", told.zh)) }
}

/// A share in whole percent; nothing of none.
pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or_else(String::new, |share| format!("{:.0}%", share * 100.0))
}

/// A category's index.
pub(crate) fn index(value: f64) -> Option<usize> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; a larger value saturates and is found nowhere"
    )]
    (value >= 0.0).then_some(value as usize)
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
pub(crate) fn real(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_are_written_without_spaces_stand_alone() {
        assert!("退𠮷々こカ".chars().all(alone));
        assert!(!"aé한7，。 “".chars().any(alone));
    }

    #[test]
    fn medians_are_told_in_three_digits() {
        let field =
            |integer| Field::new("n", FieldKind::Number { min: 0.0, max: 9e9, integer }, false);
        for (median, integer, told) in [
            (13_502_991_214.0, true, "about 13,500,000,000"),
            (2_192.0, true, "about 2,190"),
            (35.0, true, "35"),
            (0.123_456, false, "about 0.12"),
        ] {
            assert_eq!(about(&field(integer), rounded(median)).en, told);
            assert!((median - rounded(median)).abs() <= blur(rounded(median)) * 1.000_001);
        }
        assert_eq!(about(&field(true), 2_190.0).zh, "约 2,190");
        assert!(rounded(f64::NAN).is_nan() && rounded(-0.0).is_sign_positive());
        assert_eq!((blur(2_190.0), blur(15.0), blur(0.0)), (5.0, 0.05, 0.0));
    }
}

//! Full-width forms, as Chinese input methods write Latin letters, digits and marks (Unicode's block Halfwidth and Fullwidth Forms).

/// A full-width form as the ASCII character that it stands for, the wide blank as a blank; every other character as it is.
pub fn half_width(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        '\u{3000}' => ' ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::half_width;

    #[test]
    fn wide_forms_are_ascii_and_others_stay() {
        let narrow: String = "Ａｚ０９！～　甲é。".chars().map(half_width).collect();
        assert_eq!(narrow, "Az09!~ 甲é。");
    }
}

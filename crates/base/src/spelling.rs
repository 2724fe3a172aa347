//! Ways to write the same value, and one equality of those who are told apart by a value ([`told_apart`]): for the list of erased persons,
//! for counts of persons, for what a statistic counts of each, and for the groups of the split and of training.

use crate::half_width;
use unicode_normalization::UnicodeNormalization as _;

/// Characters that show nothing: default ignorable ones, a blank of Braille, controls, and what only changes how the one before them is drawn.
pub fn invisible(letter: char) -> bool {
    match letter {
        ' '..='~' => false,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{feff}' => {
            true
        }
        '\u{34f}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}' => true,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        '\u{fe00}'..='\u{fe0f}' | '\u{fff0}'..='\u{fffb}' => true,
        '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' => true,
        _ => letter.is_control() && !letter.is_whitespace(),
    }
}

/// Accents that stand beside their letter. The joiner among them (U+034F) shows nothing.
pub fn accent(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{34e}' | '\u{350}'..='\u{36f}' | '\u{20d0}'..='\u{20f0}')
}

/// Whether a character is an ideograph: Han, with its extensions and compatibility forms.
pub fn ideograph(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// A value as it is compared by what shows of it: without invisible characters, in half-width forms, the unbreakable blank as a blank.
/// Letters keep their case and accents, and blanks their place: José is not Jose.
pub fn narrow(text: &str) -> String {
    let seen = text.chars().filter(|letter| !invisible(*letter));
    seen.map(|letter| if letter == '\u{a0}' { ' ' } else { half_width(letter) }).collect()
}

/// A value written in one of the ways that show the same: in Unicode's form NFKC (so `é` is one letter, and full-width forms are plain
/// ones), without what nobody sees and blanks around it, one blank for several, and a plain hyphen and apostrophe for Unicode's own.
/// Letters keep their case.
pub fn unified(value: &str) -> String {
    let form: String = narrow(value).as_str().nfkc().collect();
    let words: Vec<&str> = form.split_whitespace().collect();
    let plain = words.join(" ").replace(['\u{2010}', '\u{2011}'], "-");
    plain.replace(['\u{2018}', '\u{2019}', '\u{2bc}'], "'")
}

/// A value without regard to case: [`unified`] and in lower case, with `ß` as `ss`. `CUST-1 ` is the person that `cust-1` is,
/// however the value was typed or stored. Accents, blanks within and what joins letters tell persons apart: José is not Jose,
/// `CUST 7` not `CUST-7`.
pub fn folded(value: &str) -> String {
    let lower = unified(value).to_lowercase();
    if lower.is_ascii() {
        return lower;
    }
    // A sigma at the end of a word is one all the same; and a letter that was one sign may join the accent behind it.
    lower.replace('ß', "ss").replace('ς', "σ").as_str().nfkc().collect()
}

/// A value as persons are told apart by it: [`folded`], and a whole number without the `.0` that a table gets whose column has gaps: 7005.0
/// is the person that 7005 is. Zeros in front tell persons apart.
pub fn told_apart(value: &str) -> String {
    plain(&folded(value)).to_owned()
}

/// A number without the zeros that a column's scale adds: `4600.00` is 4600.
pub fn plain(number: &str) -> &str {
    let whole = number.split_once('.').filter(|(whole, rest)| {
        let digits = whole.strip_prefix('-').unwrap_or(whole);
        let whole = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        whole && !rest.is_empty() && rest.bytes().all(|digit| digit == b'0')
    });
    whole.map_or(number, |(whole, _)| whole)
}

#[cfg(test)]
mod tests {
    use super::{folded, narrow, told_apart, unified};

    #[test]
    fn a_person_is_the_same_however_it_is_typed() {
        for typed in [
            "CUST-7 ",
            "\u{feff}cust-7",
            "\u{3000}ＣＵＳＴ－７\t",
            "Cust-7\u{200b}",
            "CU\u{ad}ST-7",
            "\u{200e}CUST-\u{200e}7\u{a0}",
            "\u{2060} CUST-7\u{a0}\u{200f} ",
            "CUST\u{2010}7",
            "cust\u{2011}7",
            "cu\u{34f}st-7",
            "cu\u{17b4}st\u{2800}-7\u{fff0}",
        ] {
            assert_eq!(folded(typed), "cust-7", "{typed:?}");
        }
        assert_eq!(folded("José García"), "josé garcía");
        assert_eq!(folded("Jose\u{301} Garci\u{301}a"), folded("José García"));
        for typed in ["O’Brien", "o‘brien", "OʼBrien", "O＇Brien"] {
            assert_eq!(folded(typed), "o'brien");
        }
        assert_eq!(folded("STRASSE"), folded("Straße"));
        assert_eq!(folded("STRAẞE"), folded("straße"));
        assert_eq!(folded("ΣΑΣ"), folded("σας"));
        assert_eq!(folded("ﬁnn"), "finn");
        assert_eq!(folded(" Ann\u{3000} \tLee"), folded("ann lee"));
    }

    #[test]
    fn what_stands_within_tells_persons_apart() {
        for (one, other) in [("CUST 7", "CUST-7"), ("José", "Jose"), ("A1-23", "A12-3")] {
            assert_ne!(folded(one), folded(other));
        }
    }

    #[test]
    fn what_is_unified_keeps_its_case() {
        assert_eq!(unified(" Ｊose\u{301}\u{a0} GARCÍA\u{200b}"), "José GARCÍA");
        assert_eq!(unified("A\u{2011}7 \n"), "A-7");
        assert_eq!(unified(" \u{3000}"), "");
    }

    #[test]
    fn what_is_folded_stays_as_it_is() {
        for value in [
            "José ",
            "ŉ",
            "’",
            "ẞ\u{301}",
            "İstanbul",
            "´a",
            "ΣΑΣ",
            "王小明",
            "ﾃｽﾄ",
            "½",
            "\u{2011}",
        ] {
            let once = folded(value);
            assert_eq!(folded(&once), once, "{value:?}");
            assert_eq!(folded(&unified(value)), once, "{value:?}");
            assert_eq!(unified(&unified(value)), unified(value), "{value:?}");
        }
    }

    #[test]
    fn a_value_is_narrow_without_what_nobody_sees() {
        assert_eq!(
            narrow("\u{feff}ＣＵＳＴ\u{ad}－\u{200e}７\u{a0}\u{3000}x\u{2060}"),
            "CUST-7  x"
        );
        assert_eq!(narrow("cust 7\n"), "cust 7\n");
        assert_eq!(narrow("Jose\u{301}"), "Jose\u{301}");
    }

    #[test]
    fn a_whole_number_is_one_person_with_and_without_its_fraction() {
        for same in ["7005", "7005.0", " 7005.00", "７００５．０"] {
            assert_eq!(told_apart(same), "7005");
        }
        for other in ["07005", "7005.", "7005.01", "7.005.0", "v7005.0", ".0", "-.0", "1e3.0"] {
            assert_eq!(told_apart(other), other, "{other}");
        }
        assert_eq!(told_apart("-7.0"), "-7");
    }
}

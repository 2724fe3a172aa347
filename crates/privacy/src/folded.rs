//! Who is one person, where persons are told apart by a value: one equality for the list of erased persons, for counts of persons, for what
//! a statistic counts of each and for the groups of the split.

use crate::detect::narrow;
use unicode_normalization::UnicodeNormalization as _;

/// A value as persons are told apart by it: `CUST-1 ` is the person that `cust-1` is, however the value was typed or stored.
///
/// What nobody sees and blanks around the value are nothing; the rest is in Unicode's form NFKC (so `é` is one letter or two, and full-width
/// forms are plain ones), in lower case with `ß` as `ss`, and with a plain hyphen for Unicode's own two. Accents, blanks within and
/// what joins letters tell persons apart: José is not Jose, `CUST 7` not `CUST-7`.
pub fn folded(value: &str) -> String {
    let lower = narrow(value).as_str().nfkc().collect::<String>().to_lowercase();
    if lower.is_ascii() {
        return lower.trim().to_owned();
    }
    let mut out = String::with_capacity(lower.len());
    for letter in lower.trim().chars() {
        match letter {
            '\u{2010}' | '\u{2011}' => out.push('-'),
            'ß' => out.push_str("ss"),
            // A sigma at the end of a word is one all the same.
            'ς' => out.push('σ'),
            other => out.push(other),
        }
    }
    // A letter that was two may join the accent behind it.
    out.as_str().nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::folded;

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
        ] {
            assert_eq!(folded(typed), "cust-7", "{typed:?}");
        }
        assert_eq!(folded("José García"), "josé garcía");
        assert_eq!(folded("Jose\u{301} Garci\u{301}a"), folded("José García"));
        assert_eq!(folded("STRASSE"), folded("Straße"));
        assert_eq!(folded("STRAẞE"), folded("straße"));
        assert_eq!(folded("ΣΑΣ"), folded("σας"));
        assert_eq!(folded("ﬁnn"), "finn");
    }

    #[test]
    fn what_stands_within_tells_persons_apart() {
        for (one, other) in [("CUST 7", "CUST-7"), ("José", "Jose"), ("A1-23", "A12-3")] {
            assert_ne!(folded(one), folded(other));
        }
    }

    #[test]
    fn what_is_folded_stays_as_it_is() {
        for value in
            ["José ", "ẞ\u{301}", "İstanbul", "´a", "ΣΑΣ", "王小明", "ﾃｽﾄ", "½", "\u{2011}"]
        {
            let once = folded(value);
            assert_eq!(folded(&once), once, "{value:?}");
        }
    }
}

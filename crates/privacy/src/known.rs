//! What a row's own protected columns say: where a text beside them says it again, no model is needed to know that it is personal.

use crate::detect::{Finding, Kind, Why};
use ingot_base::Personal;
use std::sync::Arc;

/// A value of one row that its texts must not repeat.
#[derive(Debug, Clone)]
pub struct Known {
    /// The column, by its name before protection.
    pub(crate) column: Arc<str>,
    /// Its type, where the rule says so.
    pub(crate) kind: Option<Kind>,
    /// Whether the rule hides the column for what it says of a person; one that is only dropped may say anything.
    pub(crate) hidden: bool,
    pub(crate) value: Personal<String>,
}

impl Known {
    /// `None` for a value too short to be told from ordinary words: less than two ideographs, or four letters or digits.
    pub(crate) fn new(
        column: &Arc<str>,
        kind: Option<Kind>,
        hidden: bool,
        value: &str,
    ) -> Option<Self> {
        let value = value.trim();
        let ideographs = value.chars().filter(|letter| ideograph(*letter)).count();
        let letters = value.chars().filter(|letter| letter.is_alphanumeric()).count();
        (ideographs >= 2 || letters >= 4).then(|| Self {
            column: Arc::clone(column),
            kind,
            hidden,
            value: Personal::new(value.to_ascii_lowercase()),
        })
    }

    /// Every place where a text has the value, not as a part of a longer word or number; letters' case does not matter. `judge`
    /// tells the type of a value by itself, where it is personal data whole.
    pub(crate) fn find(
        &self,
        text: &str,
        judge: &dyn Fn(&str) -> Option<Kind>,
        found: &mut Vec<Finding>,
    ) {
        let lower = text.to_ascii_lowercase();
        let mut kind = None;
        for (at, hit) in lower.match_indices(self.value.expose().as_str()) {
            let (before, behind) = (lower.get(..at), lower.get(at + hit.len()..));
            let (Some(before), Some(behind)) = (before, behind) else { continue };
            if joined(before.chars().next_back(), hit.chars().next())
                || joined(hit.chars().next_back(), behind.chars().next())
            {
                continue;
            }
            let kind = kind.get_or_insert_with(|| {
                let judged = self.kind.clone().or_else(|| judge(self.value.expose()));
                judged.or_else(|| self.hidden.then(|| Kind::Custom(Arc::clone(&self.column))))
            });
            let Some(kind) = kind else { return };
            let start = before.chars().count();
            let span = (start, start + hit.chars().count());
            let why = vec![Why::Column(Arc::clone(&self.column))];
            found.push(Finding::new(kind.clone(), span, 1.0, why));
        }
    }
}

/// Whether two neighbours make one word or number.
fn joined(left: Option<char>, right: Option<char>) -> bool {
    let part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    part(left) && part(right)
}

fn ideograph(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(value: &str, text: &str) -> Vec<(usize, usize)> {
        let known = Known::new(&Arc::from("name"), Some(Kind::Person), true, value);
        let mut found = Vec::new();
        if let Some(known) = known {
            known.find(text, &|_| None, &mut found);
        }
        found.iter().map(|one| (one.start, one.end)).collect()
    }

    #[test]
    fn a_value_is_found_whole_wherever_it_stands() {
        assert_eq!(spans("魏国峰", "魏国峰申请分期，魏国峰来电"), [(0, 3), (8, 11)]);
        assert_eq!(spans(" Ann Lee ", "as ANN LEE said; Joann Lee did not"), [(3, 10)]);
        assert_eq!(spans("1381", "13812 and 1381"), [(10, 14)]);
        assert!(spans("王", "王先生").is_empty(), "one ideograph is an ordinary word");
        assert!(spans("Al", "Al").is_empty());
    }

    #[test]
    fn the_type_is_the_rules_or_the_values_own_or_the_columns() {
        let kind = |kind, hidden, judged: Option<Kind>| {
            let known = Known::new(&Arc::from("ref"), kind, hidden, "AB-1234").unwrap();
            let mut found = Vec::new();
            known.find("see ab-1234.", &|_| judged.clone(), &mut found);
            found.pop().map(|one| one.kind)
        };
        assert_eq!(kind(Some(Kind::Plate), true, None), Some(Kind::Plate));
        assert_eq!(kind(None, true, Some(Kind::Phone)), Some(Kind::Phone));
        assert_eq!(kind(None, true, None), Some(Kind::Custom(Arc::from("ref"))));
        assert_eq!(kind(None, false, Some(Kind::Phone)), Some(Kind::Phone));
        assert_eq!(kind(None, false, None), None, "a dropped column may say anything");
    }
}

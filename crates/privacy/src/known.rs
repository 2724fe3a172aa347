//! What a row's own protected columns say: where a text beside them says it again, no model is needed to know that it is personal.
//!
//! Texts write a value in their own way: `LEE, Ann` for Ann Lee, `AB 1234` for AB-1234, `小明` for 王小明. So letters and digits are
//! compared without case and without what joins them, and of a person's name its parts count too.

use crate::detect::{Finding, Kind, Why};
use ingot_base::Personal;
use std::sync::Arc;

/// A value of one row that its texts must not repeat.
#[derive(Debug, Clone)]
pub struct Known {
    /// The column, by its name before protection.
    column: Arc<str>,
    /// Its type, where the rule says so.
    kind: Option<Kind>,
    /// Whether the rule hides the column for what it says of a person; one that is only dropped may say anything.
    hidden: bool,
    value: Personal<String>,
    /// How texts may write it.
    forms: Personal<Vec<Form>>,
}

/// A letter or digit of a text: itself in lower case and half-width, where it stands, and whether it is written large. It shows what
/// persons wrote, so there is no `Debug`.
#[derive(Clone, Copy)]
struct Letter {
    folded: char,
    at: usize,
    large: bool,
}

/// What is looked for; personal too.
#[derive(Clone)]
struct Form {
    letters: Vec<char>,
    /// Found only where it begins with a large letter: a part of a name may be an ordinary word.
    large: bool,
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
            hidden,
            forms: Personal::new(forms(kind.as_ref(), value)),
            kind,
            value: Personal::new(value.to_owned()),
        })
    }

    /// Every place where a text has the value, not as a part of a longer word or number. `judge` tells the type of a value by itself,
    /// where it is personal data whole.
    pub(crate) fn find(
        &self,
        pieces: &Pieces,
        judge: &dyn Fn(&str) -> Option<Kind>,
        found: &mut Vec<Finding>,
    ) {
        let mut spans = Vec::new();
        for form in self.forms.expose() {
            for piece in &pieces.0 {
                places(piece, form, &mut spans);
            }
        }
        if spans.is_empty() {
            return;
        }
        let judged = self.kind.clone().or_else(|| judge(self.value.expose()));
        let kind = judged.or_else(|| self.hidden.then(|| Kind::Custom(Arc::clone(&self.column))));
        let Some(kind) = kind else { return };
        let why = || vec![Why::Column(Arc::clone(&self.column))];
        found.extend(spans.into_iter().map(|span| Finding::new(kind.clone(), span, 1.0, why())));
    }
}

/// The value whole; of a person also family name first, and each part.
fn forms(kind: Option<&Kind>, value: &str) -> Vec<Form> {
    let parts: Vec<Vec<char>> = Pieces::of(value).0.iter().flat_map(|piece| words(piece)).collect();
    let mut forms = vec![Form { letters: parts.concat(), large: false }];
    if kind != Some(&Kind::Person) {
        return forms;
    }
    if let ([.., last], true) = (parts.as_slice(), parts.len() > 1) {
        let rest = parts.iter().take(parts.len() - 1).flatten();
        forms.push(Form { letters: last.iter().chain(rest).copied().collect(), large: false });
    }
    let long = parts.iter().filter(|part| part.len() >= 3 && parts.len() > 1);
    forms.extend(long.map(|part| Form { letters: part.clone(), large: true }));
    // The given name alone, where it is two ideographs.
    if let [one] = parts.as_slice()
        && one.iter().all(|letter| ideograph(*letter))
        && one.len() >= 3
    {
        let given = one.iter().skip(one.len() - 2).copied().collect();
        forms.push(Form { letters: given, large: false });
    }
    forms
}

/// A text as values are looked for in it: runs of letters and digits with nothing between them but what joins the parts of one value.
pub(crate) struct Pieces(Vec<Vec<Letter>>);

impl Pieces {
    pub(crate) fn of(text: &str) -> Self {
        let mut pieces = vec![Vec::new()];
        for (at, letter) in text.chars().map(narrow).enumerate() {
            if letter.is_alphanumeric() {
                let folded = letter.to_lowercase().next().unwrap_or(letter);
                if let Some(piece) = pieces.last_mut() {
                    piece.push(Letter { folded, at, large: letter != folded });
                }
            } else if !joins(letter) && pieces.last().is_some_and(|piece| !piece.is_empty()) {
                pieces.push(Vec::new());
            }
        }
        Self(pieces)
    }
}

/// A full-width form as the ASCII that it stands for.
fn narrow(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        other => other,
    }
}

fn joins(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(letter, '-' | '_' | '.' | ',' | '/' | '\'' | '’' | '·' | '‐' | '–')
        // Accents that stand beside their letter.
        || matches!(letter, '\u{300}'..='\u{36f}')
}

/// The parts of a piece that something joined.
fn words(piece: &[Letter]) -> Vec<Vec<char>> {
    let together = |a: &Letter, b: &Letter| a.at + 1 == b.at;
    piece.chunk_by(together).map(|part| part.iter().map(|one| one.folded).collect()).collect()
}

/// Where a piece has the form, as characters of the text.
fn places(piece: &[Letter], form: &Form, spans: &mut Vec<(usize, usize)>) {
    let length = form.letters.len();
    for (from, window) in piece.windows(length.max(1)).enumerate() {
        let same = window.iter().map(|letter| letter.folded).eq(form.letters.iter().copied());
        let (Some(first), Some(last)) = (window.first(), window.last()) else { continue };
        if !same || (form.large && !first.large && !ideograph(first.folded)) {
            continue;
        }
        // Few digits that stand apart are many things.
        let few = length < 6 && form.letters.iter().all(char::is_ascii_digit);
        if few && last.at + 1 - first.at != length {
            continue;
        }
        let before = from.checked_sub(1).and_then(|index| piece.get(index));
        let behind = piece.get(from + length);
        let goes_on = before.is_some_and(|before| one_word(*before, *first))
            || behind.is_some_and(|behind| one_word(*last, *behind));
        if !goes_on {
            spans.push((first.at, last.at + 1));
        }
    }
}

/// Whether two neighbours make one word or number.
fn one_word(left: Letter, right: Letter) -> bool {
    left.at + 1 == right.at && !ideograph(left.folded) && !ideograph(right.folded)
}

fn ideograph(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(value: &str, text: &str) -> Vec<String> {
        let known = Known::new(&Arc::from("name"), Some(Kind::Person), true, value);
        let mut found = Vec::new();
        if let Some(known) = known {
            known.find(&Pieces::of(text), &|_| None, &mut found);
        }
        let found = crate::detect::unite(found);
        let part = |one: &Finding| text.chars().skip(one.start).take(one.end - one.start).collect();
        found.iter().map(part).collect()
    }

    #[test]
    fn a_value_is_found_whole_wherever_it_stands() {
        assert_eq!(spans("魏国峰", "魏国峰申请分期，魏国峰来电"), ["魏国峰", "魏国峰"]);
        assert_eq!(spans(" Ann Lee ", "as ANN LEE said; Joann lee did not"), ["ANN LEE"]);
        assert!(spans("王", "王先生").is_empty(), "one ideograph is an ordinary word");
        assert!(spans("Al", "Al").is_empty());
    }

    #[test]
    fn a_person_is_found_as_texts_write_persons() {
        assert_eq!(spans("Oliver Lindqvist", "LINDQVIST, OLIVER: paid"), ["LINDQVIST, OLIVER"]);
        assert_eq!(spans("Oliver Lindqvist", "see Oliver_Lindqvist"), ["Oliver_Lindqvist"]);
        assert_eq!(spans("José Muñoz", "J. Muñoz, MUÑOZ/JOSÉ"), ["Muñoz", "MUÑOZ/JOSÉ"]);
        assert_eq!(spans("王小明", "王 小明和小明"), ["王 小明", "小明"]);
        assert_eq!(spans("Rose Hill", "on the hill a rose; Mrs Hill"), ["Hill"]);
    }

    #[test]
    fn a_number_is_found_however_it_is_grouped() {
        let known = Known::new(&Arc::from("ref"), Some(Kind::Plate), true, "C-8812").unwrap();
        let mut found = Vec::new();
        let text = "C8812, c 8812; C88123 and XC8812, Ｃ－８８１２";
        known.find(&Pieces::of(text), &|_| None, &mut found);
        assert_eq!(
            found.iter().map(|one| (one.start, one.end)).collect::<Vec<_>>(),
            [(0, 5), (7, 13), (34, 40)]
        );
        assert_eq!(spans("１３８００１３８０００", "call 138 0013 8000"), ["138 0013 8000"]);
    }

    #[test]
    fn what_is_known_is_not_shown() {
        let known = Known::new(&Arc::from("name"), Some(Kind::Person), true, "Zyx Qwv").unwrap();
        let shown = format!("{known:?}");
        assert!(!["Zyx", "Qwv", "'z'", "'q'"].iter().any(|part| shown.contains(part)), "{shown}");
    }

    #[test]
    fn the_type_is_the_rules_or_the_values_own_or_the_columns() {
        let kind = |kind, hidden, judged: Option<Kind>| {
            let known = Known::new(&Arc::from("ref"), kind, hidden, "AB-1234").unwrap();
            let mut found = Vec::new();
            known.find(&Pieces::of("see ab-1234."), &|_| judged.clone(), &mut found);
            found.pop().map(|one| one.kind)
        };
        assert_eq!(kind(Some(Kind::Plate), true, None), Some(Kind::Plate));
        assert_eq!(kind(None, true, Some(Kind::Phone)), Some(Kind::Phone));
        assert_eq!(kind(None, true, None), Some(Kind::Custom(Arc::from("ref"))));
        assert_eq!(kind(None, false, Some(Kind::Phone)), Some(Kind::Phone));
        assert_eq!(kind(None, false, None), None, "a dropped column may say anything");
    }
}

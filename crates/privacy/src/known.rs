//! What a row's own protected columns say: where a text beside them says it again, no model is needed to know that it is personal.
//!
//! Texts write a value in their own way: `LEE, Ann` for Ann Lee, `AB 1234` for AB-1234, `小明` for 王小明. So letters and digits are
//! compared without case, accents, what joins them and what nobody sees, a digit of any script is the digit that it shows, and of a
//! person's name its parts count too. Traditional and simplified characters are different ones here. A day is found in whatever form texts
//! write days ([`dates`]).

mod addressed;
mod behind;
mod dates;
mod escapes;
mod glued;
mod mentions;
mod pieces;
mod repeats;

pub(crate) use addressed::{Addressed, surname_of};
pub(crate) use behind::cut;
pub use behind::shortened;
pub(crate) use dates::{Written, written};
pub use mentions::{Mentions, spellings};
pub(crate) use pieces::Pieces;
pub use repeats::find_repeated;
pub(crate) use repeats::{Instead, Repeats, values_in};

use crate::calendar::Day;
use crate::detect::{Finding, Kind, Why, numeral};
use crate::dialled::subscriber;
use crate::pseudonym::FormatCipher;
use ingot_base::Personal;
use ingot_base::spelling::{ideograph, plain};
use pieces::{LOOSE, Letter, one_word, together, words};
use std::sync::Arc;

/// A value of one row that its texts must not repeat.
#[derive(Debug, Clone)]
pub struct Known {
    /// The column, by its name before protection.
    column: Arc<str>,
    /// Its type, where the rule says so.
    kind: Option<Kind>,
    /// Whether the rule leaves nothing in the table, or something coarser or moved: a token in the text that is the same for the same value
    /// would tell who shares the exact one.
    outright: bool,
    value: Personal<String>,
    /// What makes the column's token of the value, where the token has the value's form.
    cipher: Option<Arc<FormatCipher>>,
    /// The day that the value is, if it is one.
    day: Personal<Option<Day>>,
    /// How texts may write it.
    forms: Personal<Vec<Form>>,
}

/// Values of fewer letters are found only as they are usually written.
const SHORT: usize = 4;
/// Fewer digits that stand apart are many things; fewer numerals are words.
const FEW: usize = 6;
/// What is looked for; personal too.
#[derive(Clone)]
struct Form {
    letters: Vec<char>,
    /// Found only where it begins with a large letter: a part of a name may be an ordinary word.
    large: bool,
    /// Behind how many digits a number has its point.
    point: Option<usize>,
}

impl Form {
    fn of(letters: Vec<char>) -> Self {
        Self { letters, large: false, point: None }
    }
}

impl Known {
    /// `None` for a value too short to be told from ordinary words: less than two ideographs, or four letters or digits.
    pub(crate) fn new(column: &Arc<str>, kind: Option<Kind>, value: &str) -> Option<Self> {
        let value = plain(value.trim());
        telling(value).then(|| Self {
            column: Arc::clone(column),
            outright: false,
            cipher: None,
            forms: Personal::new(forms(kind.as_ref(), value)),
            kind,
            day: Personal::new(Day::parse(value)),
            value: Personal::new(value.to_owned()),
        })
    }

    /// A value that the table does not keep. `None` as for [`new`](Self::new).
    pub(crate) fn dropped(column: &Arc<str>, value: &str) -> Option<Self> {
        Self::new(column, None, value).map(|known| Self { outright: true, ..known })
    }

    /// A value that the table keeps in a coarser form, or moved. `None` for a number of less than four digits, which texts are full of (an
    /// age), and for a text of one character.
    pub(crate) fn coarse(column: &Arc<str>, value: &str) -> Option<Self> {
        let value = plain(value.trim());
        let day = Day::parse(value);
        let letters = || value.chars().filter(|letter| letter.is_alphanumeric());
        let (count, word) = (letters().count(), letters().any(char::is_alphabetic));
        if day.is_none() && count < if word { 2 } else { SHORT } {
            return None;
        }
        // A day has forms of its own. Few letters are a word where they are small: `us` is not the country.
        let mut forms = if day.is_some() { Vec::new() } else { forms(None, value) };
        let few = count < SHORT
            && letters().next().is_some_and(|first| first.is_alphabetic() && !ideograph(first));
        for form in &mut forms {
            form.large |= few;
        }
        Some(Self {
            column: Arc::clone(column),
            kind: None,
            outright: true,
            cipher: None,
            value: Personal::new(value.to_owned()),
            day: Personal::new(day),
            forms: Personal::new(forms),
        })
    }

    /// The value of a column with this cipher, where its tokens have the values' form.
    pub(crate) fn in_form(self, cipher: Option<&Arc<FormatCipher>>) -> Self {
        Self { cipher: cipher.cloned(), ..self }
    }

    /// The column's token for what a text has of the value, where the token has the value's form.
    pub(crate) fn token(&self, finding: &Finding, written: &str) -> Option<String> {
        let own = || finding.why.contains(&Why::Column(Arc::clone(&self.column)));
        self.cipher.as_ref().filter(|_| own())?.as_written(self.value(), written)
    }

    /// Whether the recipe says that the column names persons.
    fn says_person(&self) -> bool {
        self.kind == Some(Kind::Person)
    }

    /// Whether the value is a person's name that stands in the table under a token or pseudonym: by the recipe or, where that says nothing, by
    /// what was found of the column in the row's texts.
    fn is_person<'f>(&self, mut found: impl Iterator<Item = &'f Finding>) -> bool {
        let own = Why::Column(Arc::clone(&self.column));
        let mut judged = || found.any(|one| one.kind == Kind::Person && one.why.contains(&own));
        !self.outright && (self.says_person() || self.kind.is_none() && judged())
    }

    /// The value as the column has it.
    fn value(&self) -> &str {
        self.value.expose()
    }

    /// Whether days are to be looked for.
    pub(crate) fn is_day(&self) -> bool {
        self.day.expose().is_some()
    }

    /// Whether the place where a text says this is to show the column's name and nothing else, whatever stands for other findings.
    pub(crate) fn outright(&self, finding: &Finding) -> bool {
        self.outright && finding.why.contains(&Why::Column(Arc::clone(&self.column)))
    }

    /// Every place where a text has the value, not as a part of a longer word or number. `days` are those that the text writes; `judge`
    /// tells the type of a value by itself, where it is personal data whole.
    pub(crate) fn find(
        &self,
        (pieces, days): (&Pieces, &[Written]),
        judge: &dyn Fn(&str) -> Option<Kind>,
        found: &mut Vec<Finding>,
    ) {
        let mut spans = Vec::new();
        for form in self.forms.expose() {
            for piece in &pieces.0 {
                places(piece, form, &mut spans);
            }
        }
        if let Some(day) = *self.day.expose() {
            spans.extend(days.iter().filter(|written| written.is(day)).map(|written| written.span));
        }
        if spans.is_empty() {
            return;
        }
        let own = || Kind::Custom(Arc::clone(&self.column));
        let judged = |kind: &Option<Kind>| kind.clone().or_else(|| judge(self.value.expose()));
        let kind = if self.outright { own() } else { judged(&self.kind).unwrap_or_else(own) };
        let why = || vec![Why::Column(Arc::clone(&self.column))];
        found.extend(spans.into_iter().map(|span| Finding::new(kind.clone(), span, 1.0, why())));
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number with a fraction as texts write it: with the zeros that a column's scale adds, and without. `None` for what is none.
fn fraction(value: &str) -> Option<Vec<Form>> {
    let (whole, part) = value.strip_prefix('-').unwrap_or(value).split_once('.')?;
    let short = part.trim_end_matches('0');
    if !digits(whole) || !digits(part) || short.is_empty() {
        return None;
    }
    let mut parts = vec![part.to_owned(), short.to_owned(), format!("{short:0<2}")];
    parts.sort_unstable();
    parts.dedup();
    let point = Some(whole.len());
    let form =
        |part: &String| Form { point, ..Form::of(whole.chars().chain(part.chars()).collect()) };
    Some(parts.iter().map(form).collect())
}

/// Whether a value can be told from ordinary words: two ideographs, or four letters or digits.
fn telling(value: &str) -> bool {
    let ideographs = value.chars().filter(|letter| ideograph(*letter)).count();
    let letters = value.chars().filter(|letter| letter.is_alphanumeric()).count();
    ideographs >= 2 || letters >= 4
}

/// The value whole; of a person also family name first, without what is between the first and the last, and each part.
fn forms(kind: Option<&Kind>, value: &str) -> Vec<Form> {
    let parts = parts(value);
    if kind != Some(&Kind::Person) {
        return fraction(value).unwrap_or_else(|| plainly(kind, parts.concat()));
    }
    let mut forms: Vec<Form> = orders(&parts).into_iter().map(Form::of).collect();
    let long = parts.iter().filter(|part| part.len() >= 3 && parts.len() > 1);
    forms.extend(long.map(|part| Form { large: true, ..Form::of(part.clone()) }));
    // The given name alone, where it is two ideographs.
    if let [one] = parts.as_slice()
        && one.iter().all(|letter| ideograph(*letter))
        && one.len() >= 3
    {
        let given = one.iter().skip(one.len() - 2).copied().collect();
        forms.push(Form::of(given));
    }
    forms
}

/// A value whole; of a telephone number also what it is without country code.
fn plainly(kind: Option<&Kind>, letters: Vec<char>) -> Vec<Form> {
    let whole: String = letters.iter().collect();
    let number = subscriber(whole.as_bytes()).filter(|number| number.len() < whole.len());
    let number = number.filter(|_| kind == Some(&Kind::Phone));
    let short = number.map(|digits| Form::of(digits.iter().map(|one| char::from(*one)).collect()));
    std::iter::once(Form::of(letters)).chain(short).collect()
}

/// The words of a value, as they are compared.
fn parts(value: &str) -> Vec<Vec<char>> {
    Pieces::of_value(value).0.iter().flat_map(|piece| words(piece)).collect()
}

/// How the words of a person's name may stand: as they do, either end first, and the first and the last alone.
fn orders(parts: &[Vec<char>]) -> Vec<Vec<char>> {
    let mut orders = vec![parts.concat()];
    if let [first, .., last] = parts {
        let mut add = |letters: Vec<char>| {
            if !orders.contains(&letters) {
                orders.push(letters);
            }
        };
        for by in [parts.len() - 1, 1] {
            let mut turned = parts.to_vec();
            turned.rotate_left(by);
            add(turned.concat());
        }
        add([first.as_slice(), last].concat());
        add([last.as_slice(), first].concat());
    }
    orders
}

/// The letters that a person's whole name may have, and those of its parts, two and more.
fn named_by(value: &str) -> (Vec<Vec<char>>, Vec<Vec<char>>) {
    let words = parts(value);
    let mut whole = orders(&words);
    whole.retain(|letters| !letters.is_empty());
    let shorter = forms(Some(&Kind::Person), value).into_iter().map(|form| form.letters);
    let parts = shorter.chain(words);
    let parts = parts.filter(|letters| letters.len() >= 2 && !whole.contains(letters)).collect();
    (whole, parts)
}

/// Where a piece has the form, as characters of the text.
fn places(piece: &[Letter], form: &Form, spans: &mut Vec<(usize, usize)>) {
    let last = piece.len().saturating_sub(form.letters.len());
    spans.extend((0..=last).filter_map(|from| place(piece, from, form)));
}

/// The same from one letter of the piece on.
fn place(piece: &[Letter], from: usize, form: &Form) -> Option<(usize, usize)> {
    let length = form.letters.len();
    let window = piece.get(from..from.checked_add(length)?)?;
    let (first, last) = (window.first()?, window.last()?);
    let same =
        window.iter().zip(&form.letters).all(|(one, wanted)| alike(one.folded, *wanted, length));
    if !same || (form.large && !first.large && !ideograph(first.folded)) {
        return None;
    }
    let number = form.letters.iter().all(char::is_ascii_digit);
    let loose = || window.iter().skip(1).any(|letter| letter.loose > LOOSE);
    let behind = piece.get(from + length..).unwrap_or_default();
    if number && length < FEW && !is_own(form, window, behind) || length < SHORT && loose() {
        return None;
    }
    let before = piece.get(..from).unwrap_or_default();
    (!glued::goes_on(before, window, behind, form)).then_some((first.at, last.end()))
}

/// Whether few digits are written as one number: with nothing between them but at its point and between groups of three, and no further
/// group behind. Few digits that stand apart otherwise are many things.
fn is_own(form: &Form, window: &[Letter], behind: &[Letter]) -> bool {
    let whole = form.point.unwrap_or(form.letters.len());
    let (mut parted, mut grouped) = (false, false);
    for (pair, place) in window.windows(2).zip(1..) {
        let gap = matches!(pair, [a, b] if a.shown + 1 < b.shown);
        let group = pair.last().is_some_and(|letter| letter.grouped)
            && place < whole
            && (whole - place).is_multiple_of(3);
        grouped |= gap && group;
        parted |= gap && !group && form.point != Some(place);
    }
    let more = || {
        let next = behind.chunk_by(together).next().unwrap_or_default();
        let digits = next.iter().take_while(|letter| letter.folded.is_ascii_digit());
        next.first().is_some_and(|first| first.grouped) && digits.count() == 3
    };
    !(parted || grouped && form.point.is_none() && more())
}

/// Whether what stands right before a number ends in the code of a currency, or what stands right behind one begins with it.
fn is_currency(before: &[Letter], behind: &[Letter]) -> bool {
    const CODES: &[&str] =
        &["cny", "rmb", "usd", "eur", "gbp", "hkd", "jpy", "chf", "aud", "cad", "sgd", "twd"];
    let (code, outside) = match before.split_last_chunk::<3>() {
        Some((outside, code)) => (code, outside.last().zip(code.first())),
        None => match behind.split_first_chunk::<3>() {
            Some((code, outside)) => (code, code.last().zip(outside.first())),
            None => return false,
        },
    };
    let one = code.windows(2).all(|pair| matches!(pair, [a, b] if one_word(*a, *b)));
    let name: String = code.iter().map(|letter| letter.folded).collect();
    one && code.iter().all(|letter| letter.large)
        && CODES.contains(&name.as_str())
        && outside.is_none_or(|(a, b)| !one_word(*a, *b))
}

/// Whether two characters are one: of a long value also a digit and the numeral that stands for it.
fn alike(one: char, wanted: char, length: usize) -> bool {
    let value = |letter: char| match letter {
        '0'..='9' => u8::try_from(u32::from(letter) - u32::from('0')).ok(),
        other => numeral(other),
    };
    one == wanted || length >= FEW && value(one).is_some_and(|one| value(wanted) == Some(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(value: &str, text: &str) -> Vec<String> {
        let known = Known::new(&Arc::from("name"), Some(Kind::Person), value);
        let mut found = Vec::new();
        if let Some(known) = known {
            known.find((&Pieces::of(text), &[]), &|_| None, &mut found);
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
        assert_eq!(spans("Robert \"Bob\" Lindqvist", "Robert “Bob” Lindqvist").len(), 1);
        assert_eq!(spans("Rose Hill", "on the hill a rose; Mrs Hill"), ["Hill"]);
    }

    #[test]
    fn a_number_is_found_however_it_is_grouped() {
        let known = Known::new(&Arc::from("ref"), Some(Kind::Plate), "C-8812").unwrap();
        let mut found = Vec::new();
        let text = "C8812, c 8812; C88123 and XC8812, Ｃ－８８１２";
        known.find((&Pieces::of(text), &[]), &|_| None, &mut found);
        assert_eq!(
            found.iter().map(|one| (one.start, one.end)).collect::<Vec<_>>(),
            [(0, 5), (7, 13), (34, 40)]
        );
        assert_eq!(spans("１３８００１３８０００", "call 138 0013 8000"), ["138 0013 8000"]);
    }

    #[test]
    fn what_is_known_is_not_shown() {
        let known = Known::new(&Arc::from("name"), Some(Kind::Person), "Zyx Qwv").unwrap();
        let shown = format!("{known:?}");
        assert!(!["Zyx", "Qwv", "'z'", "'q'"].iter().any(|part| shown.contains(part)), "{shown}");
    }

    #[test]
    fn the_type_is_the_rules_or_the_values_own_or_the_columns() {
        let kind = |kind, judged: Option<Kind>| {
            let known = Known::new(&Arc::from("ref"), kind, "AB-1234").unwrap();
            let mut found = Vec::new();
            known.find((&Pieces::of("see ab-1234."), &[]), &|_| judged.clone(), &mut found);
            found.pop().map(|one| one.kind)
        };
        assert_eq!(kind(Some(Kind::Plate), None), Some(Kind::Plate));
        assert_eq!(kind(None, Some(Kind::Phone)), Some(Kind::Phone));
        assert_eq!(kind(None, None), Some(Kind::Custom(Arc::from("ref"))));
    }

    #[test]
    fn a_number_is_found_without_its_columns_zeros_and_at_its_own_point() {
        let found = |value: &str, text: &str| {
            let mut found = Vec::new();
            if let Some(known) = Known::new(&Arc::from("acct"), None, value) {
                known.find((&Pieces::of(text), &[]), &|_| None, &mut found);
            }
            let found = crate::detect::unite(found);
            let part =
                |one: &Finding| text.chars().skip(one.start).take(one.end - one.start).collect();
            found.iter().map(part).collect::<Vec<String>>()
        };
        assert_eq!(found("7015210.0", "loan on account 7015210 approved"), ["7015210"]);
        assert_eq!(found("7015210", "account 7015210.0."), ["7015210"]);
        assert_eq!(found("-7015210.00", "owes 7,015,210"), ["7,015,210"]);
        assert_eq!(found("70152.27", "sum 70152.27, 70,152.27"), ["70152.27", "70,152.27"]);
        assert_eq!(found("1520.50", "pays 1520.5 or 1520.50"), ["1520.5", "1520.50"]);
        assert_eq!(found("1520.5", "pays 1520.50"), ["1520.50"]);
        // Another number, and everyday ones.
        assert!(found("152.27", "1.5227 and 15.227, 152.278").is_empty());
        for (value, text) in [("12.0", "12"), ("100.0", "100"), ("1.5", "1.5"), ("45", "45")] {
            assert!(found(value, text).is_empty(), "{value}");
        }
    }

    #[test]
    fn what_is_dropped_shows_its_columns_name_alone() {
        let known = Known::dropped(&Arc::from("born"), "1985-07-03").unwrap();
        let pieces = Pieces::of("born 1985-07-03");
        let mut found = Vec::new();
        known.find((&pieces, &written(&pieces)), &|_| Some(Kind::Phone), &mut found);
        assert!(!found.is_empty() && found.iter().all(|one| known.outright(one)));
        assert!(found.iter().all(|one| one.kind == Kind::Custom(Arc::from("born"))));
        assert!(Known::dropped(&Arc::from("age"), "45").is_none());
    }

    /// What of a text is hidden for a column that is made coarser or moved.
    fn coarse(value: &str, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let pieces = Pieces::of(text);
        let days = written(&pieces);
        if let Some(known) = Known::coarse(&Arc::from("col"), value) {
            known.find((&pieces, &days), &|_| Some(Kind::Phone), &mut found);
            assert!(found.iter().all(|one| known.outright(one)));
            assert!(found.iter().all(|one| one.kind == Kind::Custom(Arc::from("col"))));
        }
        let found = crate::detect::unite(found);
        let part = |one: &Finding| text.chars().skip(one.start).take(one.end - one.start).collect();
        found.iter().map(part).collect()
    }

    #[test]
    fn what_is_kept_coarser_or_moved_is_found_whole() {
        assert_eq!(
            coarse("2023-10-20", "2023/10/20，即2023年10月20日；2023-10-21"),
            ["2023/10/20", "2023年10月20日"]
        );
        assert_eq!(coarse("2023-10-20T08:00:00", "since Oct 20, 2023."), ["Oct 20, 2023"]);
        assert_eq!(coarse("医生", "职业医生。"), ["医生"]);
        assert_eq!(coarse("RN", "an RN by training, urn, rn"), ["RN"]);
        assert_eq!(coarse("387678", "编号387678和3876781"), ["387678"]);
        assert_eq!(coarse("4600.00", "earns 4600 a month"), ["4600"]);
        for (value, text) in
            [("45", "45岁，45"), ("120", "120"), ("男", "男"), ("B", "B"), ("", "x")]
        {
            assert!(coarse(value, text).is_empty(), "{value}");
        }
    }

    #[test]
    fn a_hidden_day_is_found_in_other_forms_too() {
        let known = Known::new(&Arc::from("born"), None, "1985-07-03").unwrap();
        let pieces = Pieces::of("出生于1985年7月3日");
        let mut found = Vec::new();
        known.find((&pieces, &written(&pieces)), &|_| None, &mut found);
        assert_eq!(found.iter().map(|one| (one.start, one.end)).collect::<Vec<_>>(), [(3, 12)]);
        assert!(!known.outright(&found[0]), "the text's own action is for what is hidden whole");
    }

    #[test]
    fn nobody_hides_a_value_behind_what_is_not_seen() {
        const UNSEEN: &[char] = &[
            '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{ad}', '\u{200e}',
            '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}',
            '\u{2067}', '\u{2068}', '\u{2069}', '\u{fe00}', '\u{fe0f}', '\u{34f}', '\u{0}',
        ];
        for value in ["Oliver Lindqvist", "王小明", "13800138000", "C-8812"] {
            for unseen in UNSEEN {
                let within: Vec<String> = value.chars().map(String::from).collect();
                let written = within.join(&unseen.to_string());
                let text = format!("致 {unseen}{written}{unseen}，");
                assert_eq!(spans(value, &text), [written], "{value} {unseen:?}");
            }
        }
        assert_eq!(spans("José Muñoz", "Jose\u{301} Mun\u{303}oz"), ["Jose\u{301} Mun\u{303}oz"]);
        assert_eq!(spans("Oli\u{ad}ver Lindqvist", "an OLIVER"), ["OLIVER"]);
    }

    #[test]
    fn nobody_hides_a_value_behind_what_parts_it() {
        for part in [
            "*", "、", "<br>", "<BR />", "</b>", "&nbsp;", "&#160;", "&#x200B;", "|", " | ", "・",
            "‑", "—",
        ] {
            for value in [["138", "0013", "8000"], ["Ann", "Marie", "Lindqvist"]] {
                let written = value.join(part);
                assert!(
                    spans(&value.concat(), &format!("见{written}。")).contains(&written),
                    "{written}"
                );
            }
        }
        for part in ["*", "<br>", "&nbsp;", " ", "·", "\u{200b}"] {
            let written = ["王", "小", "明"].join(part);
            assert_eq!(spans("王小明", &format!("由{written}签")), [written], "{part}");
        }
    }

    #[test]
    fn a_short_value_is_no_list_and_not_spread_over_a_text() {
        assert!(spans("高明", "个子高、明天来").is_empty());
        assert!(spans("高明", "个子高**明天来").is_empty());
        assert!(spans("高明", "个子高<br><br>明天来").is_empty());
        assert!(spans("高明", "个子高。明天来").is_empty());
        assert!(spans("1234", "1、2、3、4和1*2*3*4").is_empty());
        assert!(spans("1234", "一二三四").is_empty());
        assert!(spans("Ann Marie Lee", "mar|ie").is_empty());
        assert!(
            spans("\u{3164}\u{3164}\u{3164}\u{3164}", "what is not seen is nowhere").is_empty()
        );
        let tags = "see <ann@x.org> and <Lindqvist>, a < b";
        assert_eq!(spans("Oliver Lindqvist", tags), ["Lindqvist"]);
    }

    #[test]
    fn a_digit_is_the_same_in_every_script() {
        for written in [
            "一五四〇一二三四五六七",
            "壹伍肆零壹贰叁肆伍陆柒",
            "幺五四〇一两三四五六七",
            "一五四 〇一二三 四五六七",
            "١٥٤٠١٢٣٤٥٦٧",
            "१५४०१२३४५६७",
            "𝟏𝟓𝟒𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕",
            "①⑤④⓪①②③④⑤⑥⑦",
            "¹⁵⁴⁰¹²³⁴⁵⁶⁷",
            "⑴⑸⑷🄋⑴⑵⑶⑷⑸⑹⑺",
            "15四零1２3④5６7",
            "1\u{fe0f}\u{20e3}5\u{fe0f}\u{20e3}4\u{fe0f}\u{20e3}01234567",
        ] {
            assert_eq!(spans("15401234567", &format!("拨{written}，")), [written]);
            assert_eq!(spans(written, "拨15401234567，"), ["15401234567"], "{written}");
        }
        assert_eq!(spans("Ann Lee", "𝐀𝐧𝐧 𝐋𝐞𝐞 and Ⓐⓝⓝ Ⓛⓔⓔ"), ["𝐀𝐧𝐧 𝐋𝐞𝐞", "Ⓐⓝⓝ Ⓛⓔⓔ"]);
        assert!(spans("15401234567", "一五四〇一二三四五六八").is_empty());
        assert_eq!(spans("张三丰", "张三丰13800"), ["张三丰"], "a numeral in a name is no digit");
    }
}

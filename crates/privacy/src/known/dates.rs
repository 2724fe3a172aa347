//! Days as texts write them, to be compared with a row's own.
//!
//! `2023-10-20`, `2023/1/4`, `2023.10.20`, `20231020`, `2023年1月4日` (or `10月20日` alone), `二〇二三年十月二十日`, `20/10/2023`, `10/20/23`,
//! `20 October 2023`, `Oct 20th, 2023`, `October 20`. A day that is only half said (`the 20th`, `10.20`) is not read.

use super::Pieces;
use super::pieces::Letter;
use crate::calendar::Day;
use crate::detect::numeral;
use ingot_base::spelling::ideograph;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A day in a text, and where. What is written the other way round in another country is there twice.
#[derive(Clone, Copy)]
pub(crate) struct Written {
    /// With its number of digits, where it is written.
    year: Option<(u32, usize)>,
    month: u32,
    of_month: u32,
    pub(super) span: (usize, usize),
}

impl Written {
    /// Whether it may be this day.
    pub(super) fn is(&self, day: Day) -> bool {
        let same = |number: u32, part: i64| i64::from(number) == part;
        let year = self.year.is_none_or(|(year, width)| match width {
            2 => same(year, day.year.rem_euclid(100)),
            _ => same(year, day.year),
        });
        year && same(self.month, day.month.into()) && same(self.of_month, day.of_month.into())
    }
}

/// Letters of one sort that stand together.
struct Run {
    what: What,
    /// First character, and one past the last.
    span: (usize, usize),
}

enum What {
    /// A number with its digits.
    Number(u32, usize),
    /// More digits than a number of a date has.
    Digits(String),
    Word(String),
    Sign(char),
}

impl Run {
    /// A number of at least and at most so many digits.
    fn number(&self, least: usize, most: usize) -> Option<(u32, usize)> {
        match self.what {
            What::Number(number, width) if (least..=most).contains(&width) => Some((number, width)),
            _ => None,
        }
    }

    fn small(&self) -> Option<u32> {
        self.number(1, 2).map(|(number, _)| number)
    }

    fn sign(&self, signs: &[char]) -> bool {
        matches!(self.what, What::Sign(sign) if signs.contains(&sign))
    }

    /// A month by its name or the first letters of it.
    fn month(&self) -> Option<u32> {
        let What::Word(word) = &self.what else { return None };
        let short = word == "sept" || word.len() == 3;
        let place = MONTHS.iter().position(|name| word == name || short && name.starts_with(word));
        place.and_then(|place| u32::try_from(place + 1).ok())
    }

    fn word(&self, words: &[&str]) -> bool {
        matches!(&self.what, What::Word(word) if words.contains(&word.as_str()))
    }
}

/// Every day that a text writes.
pub(crate) fn written(pieces: &Pieces) -> Vec<Written> {
    let mut found = Vec::new();
    for piece in &pieces.0 {
        let runs = runs(piece);
        for at in 0..runs.len() {
            let (before, rest) = runs.split_at(at);
            compact(rest, &mut found);
            year_first(rest, &mut found);
            year_last(rest, &mut found);
            month_and_day(before.last(), rest, &mut found);
            named(before.last(), rest, &mut found);
        }
    }
    found
}

fn add(
    found: &mut Vec<Written>,
    year: Option<(u32, usize)>,
    (month, of_month): (u32, u32),
    runs: &[Run],
) {
    if let [first, .., last] | [first @ last] = runs {
        found.push(Written { year, month, of_month, span: (first.span.0, last.span.1) });
    }
}

/// `20231020`, with whatever digits follow at once.
fn compact(runs: &[Run], found: &mut Vec<Written>) {
    let [Run { what: What::Digits(digits), .. }, ..] = runs else { return };
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse().ok());
    if let (Some(year), Some(month), Some(day)) = (part(0, 4), part(4, 6), part(6, 8)) {
        add(found, Some((year, 4)), (month, day), runs.get(..1).unwrap_or_default());
    }
}

/// A number, and how many runs it and the sign behind it are.
fn with_sign(runs: &[Run], at: usize, signs: &[char]) -> Option<(u32, usize)> {
    let number = runs.get(at)?.small()?;
    let signed = runs.get(at + 1).is_some_and(|run| run.sign(signs));
    Some((number, at + 1 + usize::from(signed)))
}

/// `2023-10-20`, `2023年10月20日`, `23年10月20日`.
fn year_first(runs: &[Run], found: &mut Vec<Written>) {
    let Some(year) = runs.first().and_then(|run| run.number(2, 4)).filter(|(_, width)| *width != 3)
    else {
        return;
    };
    let next = 1 + usize::from(runs.get(1).is_some_and(|run| run.sign(&['年'])));
    if let Some((month, next)) = with_sign(runs, next, &['月'])
        && let Some((day, next)) = with_sign(runs, next, &['日', '号', '號'])
    {
        add(found, Some(year), (month, day), runs.get(..next).unwrap_or_default());
    }
}

/// `20/10/2023`, `10/20/2023`, `20.10.23`.
fn year_last(runs: &[Run], found: &mut Vec<Written>) {
    let [first, second, third, ..] = runs else { return };
    let year = third.number(2, 4).filter(|(_, width)| *width != 3);
    if let (Some(one), Some(other), Some(year)) = (first.small(), second.small(), year) {
        for pair in [(one, other), (other, one)] {
            add(found, Some(year), pair, runs.get(..3).unwrap_or_default());
        }
    }
}

/// `10月20日` where no year stands before it.
fn month_and_day(before: Option<&Run>, runs: &[Run], found: &mut Vec<Written>) {
    if before.is_some_and(|run| run.sign(&['年']))
        || !runs.get(1).is_some_and(|run| run.sign(&['月']))
    {
        return;
    }
    if let Some(month) = runs.first().and_then(Run::small)
        && let Some((day, next)) = with_sign(runs, 2, &['日', '号', '號'])
    {
        add(found, None, (month, day), runs.get(..next).unwrap_or_default());
    }
}

/// `20 October 2023`, `20th of Oct`, `Oct 20, 2023`, `October 20th`, `2023 Oct 20`.
fn named(before: Option<&Run>, runs: &[Run], found: &mut Vec<Written>) {
    let ordinal = |at: usize| {
        at + usize::from(runs.get(at).is_some_and(|run| run.word(&["st", "nd", "rd", "th"])))
    };
    let month_first = || {
        let named = runs.first().and_then(Run::month)?;
        Some((named, runs.get(1).and_then(Run::small)?, ordinal(2)))
    };
    let day_first = || {
        let day = runs.first().and_then(Run::small)?;
        let next = ordinal(1);
        let next = next + usize::from(runs.get(next).is_some_and(|run| run.word(&["of"])));
        Some((runs.get(next).and_then(Run::month)?, day, next + 1))
    };
    let Some((month, day, next)) = month_first().or_else(day_first) else { return };
    let full = |run: &Run| run.number(4, 4);
    let behind = runs.get(next).and_then(full);
    let year = behind.or_else(|| before.and_then(full));
    let length = next + usize::from(behind.is_some());
    add(found, year, (month, day), runs.get(..length).unwrap_or_default());
}

/// A piece as runs of digits, of letters, and single ideographs; numerals are numbers.
fn runs(piece: &[Letter]) -> Vec<Run> {
    let sort = |letter: &Letter| match letter.folded {
        '0'..='9' => 0,
        other if numeral(other).is_some() || TENS.contains(&other) => 1,
        other if ideograph(other) => 2,
        _ => 3,
    };
    let together = |a: &Letter, b: &Letter| {
        let (a_sort, b_sort) = (sort(a), sort(b));
        a.shown + 1 >= b.shown && a_sort == b_sort && a_sort != 2
    };
    let run = |letters: &[Letter]| {
        let (first, last) = (letters.first()?, letters.last()?);
        let folded = || letters.iter().map(|letter| letter.folded);
        let what = match sort(first) {
            0 => number(folded().collect()),
            1 => spelled(&folded().collect::<Vec<char>>()),
            2 => What::Sign(first.folded),
            _ => What::Word(folded().collect()),
        };
        Some(Run { what, span: (first.at, last.end()) })
    };
    piece.chunk_by(together).filter_map(run).collect()
}

const TENS: [char; 2] = ['十', '拾'];

fn number(digits: String) -> What {
    match digits.parse() {
        Ok(number) if digits.len() <= 4 => What::Number(number, digits.len()),
        _ => What::Digits(digits),
    }
}

/// 二〇二三, 二十, 十, 三十一.
fn spelled(letters: &[char]) -> What {
    let digit = |letter: &char| numeral(*letter).map(u32::from);
    let split = letters.iter().position(|letter| TENS.contains(letter));
    let small = match split.map(|at| letters.split_at(at)) {
        None => {
            let digits = letters.iter().filter_map(digit).map(|digit| digit.to_string());
            return number(digits.collect());
        }
        Some(([], [_])) => Some(10),
        Some(([], [_, one])) => digit(one).map(|one| 10 + one),
        Some(([tens], [_])) => digit(tens).map(|tens| tens * 10),
        Some(([tens], [_, one])) => digit(tens).zip(digit(one)).map(|(tens, one)| tens * 10 + one),
        Some(_) => None,
    };
    small.map_or_else(|| What::Word(letters.iter().collect()), |small| What::Number(small, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let day = Day { year: 2023, month: 10, of_month: 4 };
        let mut spans: Vec<(usize, usize)> = written(&Pieces::of(text))
            .iter()
            .filter(|one| one.is(day))
            .map(|one| one.span)
            .collect();
        spans.sort_unstable();
        spans.dedup();
        spans.iter().map(|(from, to)| text.chars().skip(*from).take(to - from).collect()).collect()
    }

    #[test]
    fn a_day_is_found_however_it_is_written() {
        for written in [
            "2023-10-04",
            "2023-10-4",
            "2023/10/04",
            "2023/10/4",
            "2023.10.04",
            "2023.10.4",
            "20231004",
            "2023年10月4日",
            "2023年10月04日",
            "2023 年 10 月 4 日",
            "23年10月4日",
            "10月4日",
            "10月04号",
            "二〇二三年十月四日",
            "十月四日",
            "２０２３－１０－０４",
            "4/10/2023",
            "10/04/2023",
            "04.10.2023",
            "4.10.23",
            "4 October 2023",
            "04 Oct 2023",
            "4th of October, 2023",
            "Oct 4, 2023",
            "OCTOBER 4TH 2023",
            "october 4",
            "4 Oct",
            "4oct2023",
            "2023\u{200b}-10-04",
        ] {
            for text in
                [format!("于{written}入院，"), format!("on {written}; then"), written.to_owned()]
            {
                let texts = found(&text);
                assert!(texts.contains(&written.to_owned()), "{text}: {texts:?}");
            }
        }
        assert_eq!(
            found("2023-10-04T08:30:00 to 20231004083000"),
            ["2023-10-04", "20231004083000"]
        );
    }

    #[test]
    fn another_day_or_a_part_of_a_number_is_not_it() {
        for text in [
            "2023-10-14",
            "2023-1-04",
            "2022年10月4日",
            "12023-10-04",
            "2023-10-041",
            "120231004",
            "4 October 2022",
            "2022 Oct 4",
            "2022-10-04",
            "4 oct 2022",
            "october",
            "10 of 4",
            "the 4th",
            "10.4",
            "二〇二二年十月四日",
            "2023",
            "",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}

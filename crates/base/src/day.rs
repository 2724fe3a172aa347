//! Days of the calendar as people write them, one at a time: the reader of single values, which reads what a cast to date reads in a column.

use crate::clock;
use crate::half_width;

/// Days from 0000-03-01 to 1970-01-01, and the days of 400 years.
const EPOCH: i64 = 719_468;
const ERA: i64 = 146_097;
/// The years whose days a cast counts from 1970 on.
const YEARS: (i64, i64) = (-262_143, 262_142);

/// Days since 1970-01-01 of a text that is a date, or an instant's day in UTC: `2024-01-31`, `2024/1/31`, `31.1.2024`, `2024年1月31日`,
/// `20240131`, `2024-01-31T08:00:00Z`. `None` for what no calendar has, and for what could be two days: 22/09/04, 01/02/2024.
pub fn written(text: &str) -> Option<i32> {
    let narrow = |letter: char| if letter == '\u{2212}' { '-' } else { half_width(letter) };
    let text: String = text.trim().chars().map(narrow).collect();
    let text = text.trim();
    let (first, rest) = digits(text)?;
    if first.len() == 8 && rest.is_empty() {
        return compact(first.parse().ok()?);
    }
    let mut rest = rest.chars();
    let mark = rest.next().filter(|mark| matches!(mark, '-' | '/' | '.' | '年'))?;
    let (second, rest) = digits(rest.as_str())?;
    let rest = rest.strip_prefix(if mark == '年' { '月' } else { mark })?;
    let (third, rest) = digits(rest)?;
    let rest = if mark == '年' { rest.strip_prefix('日')? } else { rest };
    let (year, month, day) = if mark == '.' && first.len() <= 2 {
        (third, second, first)
    } else {
        (first, second, third)
    };
    let known = year.len() == 4 && (mark == '-' || !year.starts_with('0'));
    if !known || month.len() > 2 || day.len() > 2 {
        return None;
    }
    let days = civil(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    let minutes = if rest.is_empty() { 0 } else { ahead(rest, mark)? };
    i32::try_from(days + minutes.div_euclid(24 * 60)).ok()
}

/// Days since 1970-01-01 of a number as a cast to date reads it: eight digits are the day as it is written, 20240131; another whole number
/// counts days already. `None` for fractions, and for what no calendar has.
pub fn counted(number: f64) -> Option<i32> {
    if number.fract() != 0.0 || number.abs() > 1e9 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole, and below 1e9")]
    let whole = number as i64;
    if (10_000_000..=99_999_999).contains(&whole) {
        return compact(whole);
    }
    let (first, last) = (civil(YEARS.0, 1, 1)?, civil(YEARS.1, 12, 31)?);
    i32::try_from(whole).ok().filter(|_| (first..=last).contains(&whole))
}

/// `2024-01-31` of days since 1970-01-01; a part of a day does not count.
pub fn iso(days: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to what a calendar has")]
    let days = days.floor().clamp(-95e6, 95e6) as i64;
    let (year, month, day) = clock::date(days * 86_400);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The digits that a text begins with, and what follows them.
fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(digits, _)| !digits.is_empty())
}

/// The day of 20240131.
fn compact(number: i64) -> Option<i32> {
    // A year has four digits.
    if number < 10_000_000 {
        return None;
    }
    let days = civil(number / 10_000, number / 100 % 100, number % 100)?;
    i32::try_from(days).ok()
}

/// Days since 1970-01-01 (proleptic Gregorian): civil-to-days after Howard Hinnant.
fn civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // Years begin in March, so that the odd day comes last.
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = year.rem_euclid(400);
    let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    Some(year.div_euclid(400) * ERA + days - EPOCH)
}

/// Minutes since midnight in UTC of what follows a date: ` 08:30`, and behind hyphens also `T08:30:00.5+08:00`.
fn ahead(text: &str, mark: char) -> Option<i64> {
    let technical = mark == '-';
    let clock = text.strip_prefix(' ').or_else(|| text.strip_prefix('T').filter(|_| technical))?;
    let zone = clock.find(['Z', '+', '-']).unwrap_or(clock.len());
    let (clock, zone) =
        clock.split_at_checked(zone).filter(|(_, zone)| technical || zone.is_empty())?;
    let mut parts = clock.split(':');
    let hours = below(parts.next()?, 24)?;
    let minutes = below(parts.next()?, 60)?;
    if let Some(seconds) = parts.next() {
        let (seconds, part) =
            seconds.split_once('.').map_or((seconds, None), |(whole, part)| (whole, Some(part)));
        below(seconds, 60)?;
        let whole = |part: &str| {
            technical && !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        part.is_none_or(whole).then_some(())?;
    }
    let offset = match zone.split_at_checked(1) {
        None | Some(("Z", "")) => 0,
        Some((sign, span)) => {
            let (hours, minutes) = span.split_once(':')?;
            let span = below(hours, 24)? * 60 + below(minutes, 60)?;
            if sign == "-" { -span } else { span }
        }
    };
    parts.next().is_none().then_some(hours * 60 + minutes - offset)
}

/// One or two digits that are a number below a bound.
fn below(text: &str, bound: i64) -> Option<i64> {
    let plain = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| plain && *number < bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        let day = written("2021-08-19");
        assert_eq!(day, Some(18_858));
        for text in [
            "2021/8/19",
            "2021/08/19 23:59",
            "2021年8月19日",
            "２０２１年０８月１９日",
            "20210819",
            "19.8.2021",
            " 2021.08.19 ",
            "2021-08-19T23:59:59.25Z",
            "2021-08-20 01:00:00+08:00",
        ] {
            assert_eq!(written(text), day, "{text}");
        }
        for text in [
            "",
            "2021",
            "2021-13-01",
            "2023-02-29",
            "21-08-19",
            "19/08/2021",
            "08/19/2021",
            "2021081",
            "20211399",
            "2021-08-19T",
            "2021-08-19 24:00",
            "2021-08-19x",
            "2021年8月19",
            "18858",
        ] {
            assert_eq!(written(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_days_as_a_cast_reads_them() {
        let days = [20_210_819.0, 18_858.0, -1.0, 20_211_399.0, 1.5, 2e9, f64::NAN].map(counted);
        assert_eq!(days, [Some(18_858), Some(18_858), Some(-1), None, None, None, None]);
        assert_eq!([18_858.5, -1.0].map(iso), ["2021-08-19", "1969-12-31"]);
    }

    #[test]
    fn every_day_of_four_centuries_is_told_and_read_again() {
        for day in -40_000..120_000 {
            assert_eq!(written(&iso(f64::from(day))), Some(day));
        }
    }
}

//! Days and instants of the calendar as people write them: what a cast reads in a column, and what is read of a single value.

use crate::clock;
use crate::half_width;
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime};

/// How a text may write an instant, besides RFC 3339. Month before day and day before month cannot be told apart with slashes, so
/// neither is read.
const INSTANTS: [&str; 12] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%Y.%m.%d %H:%M:%S",
    "%Y.%m.%d %H:%M",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
];
const DAYS: [&str; 5] = ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%Y.%m.%d", "%Y年%m月%d日"];
/// 1970-01-01 in days of the common era.
const EPOCH: i32 = 719_163;
const DAY: i64 = 86_400_000_000;

/// Microseconds since 1970-01-01 of a text that is an instant or a day: `2024-01-31T08:00:00Z`, `2024/1/31`, `31.1.2024`, `2024年1月31日`,
/// `20240131`. `None` for what no calendar has, and for what could be two days: 22/09/04, 01/02/2024.
pub fn instant(text: &str) -> Option<i64> {
    let narrow = |letter: char| if letter == '\u{2212}' { '-' } else { half_width(letter) };
    let text: String = text.trim().chars().map(narrow).collect();
    let text = text.trim();
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.timestamp_micros());
    }
    let stamp = || INSTANTS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let day = || DAYS.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok());
    let compact = || {
        let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        NaiveDate::parse_from_str(text, "%Y%m%d").ok().filter(|_| digits)
    };
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN);
    let moment = stamp().or_else(|| day().or_else(compact).map(midnight))?;
    // A year has four digits: 22/09/04 could be two days, and 2022113 too.
    let whole = moment.year() >= 1000 || (text.len() == 10 && text.get(4..5) == Some("-"));
    whole.then(|| moment.and_utc().timestamp_micros())
}

/// Days since 1970-01-01 of a text that is a day, or of an [`instant`]'s day in UTC.
pub fn written(text: &str) -> Option<i32> {
    i32::try_from(instant(text)?.div_euclid(DAY)).ok()
}

/// Days since 1970-01-01 of a whole number as a cast to date reads it: eight digits are the day as it is written, 20240131; every other
/// number counts days already. `None` for what no calendar has, as 20221399.
pub fn numbered(number: i64) -> Option<i32> {
    let day = if (10_000_000..=99_999_999).contains(&number) {
        let part = |part: i64| u32::try_from(part).ok();
        let year = i32::try_from(number / 10_000).ok()?;
        NaiveDate::from_ymd_opt(year, part(number / 100 % 100)?, part(number % 100)?)?
    } else {
        NaiveDate::from_num_days_from_ce_opt(i32::try_from(number).ok()?.checked_add(EPOCH)?)?
    };
    Some(day.num_days_from_ce() - EPOCH)
}

/// The same of a number that need not be whole; `None` of one with a fraction.
pub fn counted(number: f64) -> Option<i32> {
    #[expect(clippy::cast_possible_truncation, reason = "whole, and below 1e9")]
    let whole = (number.fract() == 0.0 && number.abs() <= 1e9).then_some(number as i64);
    numbered(whole?)
}

/// `2024-01-31` of days since 1970-01-01; a part of a day does not count.
pub fn iso(days: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to what a calendar has")]
    let days = days.floor().clamp(-95e6, 95e6) as i64;
    let (year, month, day) = clock::date(days * 86_400);
    format!("{year:04}-{month:02}-{day:02}")
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

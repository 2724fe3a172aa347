//! Days of the proleptic Gregorian calendar: the little that is needed, without range limits or time zones.

use std::fmt::Write as _;

const SECONDS_PER_DAY: i64 = 86_400;

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: u8,
    /// 1 to 31.
    pub(crate) of_month: u8,
}

impl Day {
    /// The day so many days after 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`).
    ///
    /// Exact for every day count whose magnitude is below 2^60, more than any Arrow date or timestamp holds.
    pub(crate) fn from_epoch(days: i64) -> Self {
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year, month: narrow(month), of_month: narrow(day) }
    }

    /// Days since 1970-01-01 (Hinnant, `days_from_civil`); the inverse of [`from_epoch`](Self::from_epoch).
    pub(crate) fn to_epoch(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let month = (i64::from(self.month) + 9) % 12;
        let of_year = (153 * month + 2) / 5 + i64::from(self.of_month) - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    /// Reads `YYYY-MM-DD`, `YYYY/MM/DD`, `YYYY.MM.DD`, `YYYY年M月D日` (month and day of one or two digits) or `YYYYMMDD`, each
    /// alone or before a time of day; years 1 to 9999. `None` for anything else, impossible days among it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (year, rest) = digits(text, 4, 4)?;
        if rest.starts_with(|next: char| next.is_ascii_digit()) {
            let (month, rest) = digits(rest, 2, 2)?;
            let (day, rest) = digits(rest, 2, 2)?;
            return Self::checked(year, month, day).filter(|_| rest.is_empty());
        }
        let mut letters = rest.chars();
        let separator = letters.next()?;
        let (month, rest) = digits(letters.as_str(), 1, 2)?;
        let rest = rest.strip_prefix(if separator == '年' { '月' } else { separator })?;
        let (day, rest) = digits(rest, 1, 2)?;
        let rest = match separator {
            '年' => rest.strip_prefix('日')?,
            '-' | '/' | '.' => rest,
            _ => return None,
        };
        Self::checked(year, month, day).filter(|_| rest.is_empty() || is_time(rest))
    }

    fn checked(year: u32, month: u32, day: u32) -> Option<Self> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let length = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        let whole = year >= 1 && (1..=length).contains(&day);
        whole.then(|| Self {
            year: i64::from(year),
            month: narrow(month.into()),
            of_month: narrow(day.into()),
        })
    }

    /// The first year of the day's decade.
    pub(crate) fn decade(self) -> i64 {
        self.year.div_euclid(10) * 10
    }

    /// The decade as hierarchies write it, `1980s`.
    pub(crate) fn decade_text(self) -> String {
        format!("{:04}s", self.decade())
    }

    /// Appends `YYYY-MM`.
    pub(crate) fn write_month(self, out: &mut String) {
        // Writing into a string cannot fail.
        let _ = write!(out, "{:04}-{:02}", self.year, self.month);
    }

    /// Appends `YYYY-MM-DD`.
    pub(crate) fn write(self, out: &mut String) {
        // Writing into a string cannot fail.
        let _ = write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.of_month);
    }
}

/// Appends an instant as `YYYY-MM-DDTHH:MM:SS`, with the fraction's digits up to the last that is not 0: the same text for
/// the same instant in every unit.
pub(crate) fn write_instant(value: i64, per_second: i64, offset_seconds: i64, out: &mut String) {
    let seconds = value.div_euclid(per_second) + offset_seconds;
    let mut fraction = value.rem_euclid(per_second);
    Day::from_epoch(seconds.div_euclid(SECONDS_PER_DAY)).write(out);
    let of_day = seconds.rem_euclid(SECONDS_PER_DAY);
    let _ = write!(out, "T{:02}:{:02}:{:02}", of_day / 3_600, of_day / 60 % 60, of_day % 60);
    let mut place = per_second / 10;
    if fraction > 0 {
        out.push('.');
    }
    while fraction > 0 {
        let _ = write!(out, "{}", fraction / place);
        fraction %= place;
        place /= 10;
    }
}

/// The seconds of a fixed offset: `Z`, `UTC`, `+08:00`, `-0330`, `+08`.
pub(crate) fn fixed_offset(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "UTC" | "Etc/UTC" | "GMT") {
        return Some(0);
    }
    let (sign, rest) = match zone.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, zone.strip_prefix('+')?),
    };
    let (hours, rest) = digits(rest, 2, 2)?;
    let minutes = rest.strip_prefix(':').unwrap_or(rest);
    let (minutes, rest) = if minutes.is_empty() { (0, rest) } else { digits(minutes, 2, 2)? };
    if !rest.is_empty() {
        return None;
    }
    (hours < 24 && minutes < 60).then(|| sign * i64::from(hours * 3_600 + minutes * 60))
}

/// At least `least` and at most `most` ASCII digits from the front, and what follows them.
fn digits(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (front, rest) = text.split_at_checked(count).filter(|_| count >= least)?;
    Some((front.parse().ok()?, rest))
}

/// Whether the text after a date is a time of day, by its characters.
fn is_time(text: &str) -> bool {
    let inner = text.trim_start_matches([' ', 'T']);
    inner.len() < text.len()
        && inner.starts_with(|first: char| first.is_ascii_digit())
        && inner.chars().all(|letter| {
            letter.is_ascii_digit() || matches!(letter, ':' | '.' | '+' | '-' | 'Z' | ' ')
        })
}

/// Months and days: the arithmetic above keeps them below 32.
fn narrow(value: i64) -> u8 {
    u8::try_from(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i64, month: u8, day: u8) -> Day {
        Day { year, month, of_month: day }
    }

    #[test]
    fn months_and_decades_are_written_alike_everywhere() {
        let mut month = String::new();
        day(1985, 7, 3).write_month(&mut month);
        assert_eq!((month.as_str(), day(1985, 7, 3).decade()), ("1985-07", 1980));
        assert_eq!(day(985, 7, 3).decade_text(), "0980s");
    }

    #[test]
    fn known_days_of_the_epoch_count() {
        // Counts as POSIX `date -u -d DAY +%s` / 86400 gives them.
        for (count, expected) in [
            (0, day(1970, 1, 1)),
            (-1, day(1969, 12, 31)),
            (11_016, day(2000, 2, 29)),
            (19_782, day(2024, 2, 29)),
            (-25_509, day(1900, 2, 28)),
            (-25_508, day(1900, 3, 1)),
            (-719_162, day(1, 1, 1)),
            (2_932_896, day(9999, 12, 31)),
        ] {
            assert_eq!(Day::from_epoch(count), expected, "{count}");
        }
    }

    #[test]
    fn every_day_of_800_years_follows_the_one_before() {
        let mut before = Day::from_epoch(-200_000);
        for count in -199_999..100_000 {
            let now = Day::from_epoch(count);
            let mut text = String::new();
            now.write(&mut text);
            assert_eq!(Day::parse(&text), Some(now), "{count}");
            let next_day = now.of_month == before.of_month + 1 && now.month == before.month;
            let next_month = now.of_month == 1
                && (now.month == before.month + 1 || (now.month == 1 && before.month == 12));
            assert!(next_day || next_month, "{count}");
            before = now;
        }
    }

    #[test]
    fn reads_the_usual_forms_and_nothing_impossible() {
        for text in [
            "1985-07-03",
            "1985/7/3",
            "1985.07.03",
            "1985年7月3日",
            "19850703",
            " 1985-07-03 ",
            "1985-07-03T04:05:06.7Z",
            "1985-07-03 04:05",
        ] {
            assert_eq!(Day::parse(text), Some(day(1985, 7, 3)), "{text}");
        }
        for text in [
            "",
            "1985",
            "1985-07",
            "1985-02-29",
            "1985-13-01",
            "1985-00-01",
            "0000-01-01",
            "19850732",
            "198507031",
            "1985-07/03",
            "1985-07-03 Zhang",
            "85-07-03",
            "１９８５-07-03",
            "1985-07-03x",
            "1985年7月3",
            "July 3, 1985",
            "-1985-07-03",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_same_instant_has_the_same_text_in_every_unit() {
        let text = |value, per_second, offset| {
            let mut out = String::new();
            write_instant(value, per_second, offset, &mut out);
            out
        };
        assert_eq!(text(1_700_000_000, 1, 0), "2023-11-14T22:13:20");
        assert_eq!(text(1_700_000_000_000_000_000, 1_000_000_000, 0), "2023-11-14T22:13:20");
        assert_eq!(text(1_700_000_000_050, 1_000, 0), "2023-11-14T22:13:20.05");
        assert_eq!(text(-1, 1_000_000, 0), "1969-12-31T23:59:59.999999");
        assert_eq!(text(1_700_000_000, 1, 28_800), "2023-11-15T06:13:20");
    }

    #[test]
    fn fixed_offsets() {
        assert_eq!(fixed_offset("+08:00"), Some(28_800));
        assert_eq!(fixed_offset("-0330"), Some(-12_600));
        assert_eq!(fixed_offset("UTC"), Some(0));
        for zone in ["Asia/Shanghai", "+8", "+25:00", "08:00", "+08:00x", ""] {
            assert_eq!(fixed_offset(zone), None, "{zone}");
        }
    }
}

//! Time as an input, so that tests and stage records can fix it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Where the present comes from.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;

    /// RFC 3339 in UTC with whole seconds: `2026-11-23T08:00:00Z`.
    fn now_rfc3339(&self) -> String {
        rfc3339(self.now_ms())
    }
}

/// The machine's clock; `SOURCE_DATE_EPOCH` (seconds) overrides it for reproducible builds.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        if let Some(seconds) =
            std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse::<i64>().ok())
        {
            return seconds.saturating_mul(1000);
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the machine's clock is read"
        )]
        let now = SystemTime::now();
        now.duration_since(UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still: tests.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub i64);

impl Clock for FixedClock {
    fn now_ms(&self) -> i64 {
        self.0
    }
}

/// Formats milliseconds since the epoch as RFC 3339 (proleptic Gregorian).
pub fn rfc3339(ms: i64) -> String {
    let seconds = ms.div_euclid(1000);
    let (year, month, day) = date(seconds);
    let rest = seconds.rem_euclid(86_400);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Year, month and day (UTC, proleptic Gregorian) of seconds since the epoch: days-to-civil after Howard Hinnant.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "months and days are small, and so is every year that a clock tells"
)]
pub fn date(seconds: i64) -> (i32, u8, u8) {
    let days = seconds.div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    ((year + era * 400 + i64::from(month <= 2)) as i32, month as u8, day as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_795_420_799_000), "2026-11-23T07:59:59Z");
        assert_eq!(date(-1), (1969, 12, 31));
    }
}

//! Points in time as people write them.

use crate::messages::INSTANT;
use chrono::{DateTime, Days, NaiveDate, NaiveTime};
use ingot_base::{Fault, Result, clock};

/// Milliseconds since the epoch of an RFC 3339 time, or of the end of a day `YYYY-MM-DD` in UTC.
pub(crate) fn parse(text: &str) -> Option<i64> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.timestamp_millis());
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10)?;
    let end = day.checked_add_days(Days::new(1))?;
    Some(end.and_time(NaiveTime::MIN).and_utc().timestamp_millis())
}

/// The same point in the one form that packages hold: RFC 3339, UTC, whole seconds.
pub(crate) fn canonical(text: &str) -> Result<String> {
    parse(text).map(clock::rfc3339).ok_or_else(|| Fault::new(&INSTANT).arg("text", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_lasts_to_its_end_and_offsets_are_resolved() {
        assert_eq!(canonical("2027-12-31").unwrap(), "2028-01-01T00:00:00Z");
        assert_eq!(canonical("2027-12-31T08:00:00+08:00").unwrap(), "2027-12-31T00:00:00Z");
        for bad in ["", "soon", "2027-02-30", "2027-1-1", "2027-12-31T25:00:00Z"] {
            assert_eq!(canonical(bad).unwrap_err().code(), "seal-instant", "{bad}");
        }
    }
}

//! Time spans as a person writes them: `90s`, `2m`, `1h30m`.

use serde::{Deserialize, Deserializer, Serializer};
use std::time::Duration;

/// Units and their microseconds. `ms` stands before `m` and `s` so that it is found first.
const UNITS: [(&str, u64); 5] =
    [("ms", 1_000), ("us", 1), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000)];

/// The pattern that [`parse`] follows, for the JSON Schema.
pub(crate) const PATTERN: &str = "^([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?([0-9]+us)?$";

/// Reads `1h30m`, units from large to small, each at most once; `None` for anything else.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut last = u64::MAX;
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit())?;
        let (digits, after) = rest.split_at_checked(end)?;
        let number: u64 = digits.parse().ok()?;
        let (name, unit) = UNITS.iter().find(|(name, _)| after.starts_with(name))?;
        if *unit >= last {
            return None;
        }
        last = *unit;
        total = total.checked_add(number.checked_mul(*unit)?)?;
        rest = after.strip_prefix(name)?;
    }
    (!text.is_empty()).then(|| Duration::from_micros(total))
}

/// The shortest text that [`parse`] reads as the same span.
pub(crate) fn format(span: Duration) -> String {
    let mut rest = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    let mut text = String::new();
    let mut units = UNITS;
    units.sort_by_key(|(_, unit)| std::cmp::Reverse(*unit));
    for (name, unit) in units {
        if rest >= unit {
            text.push_str(&(rest / unit).to_string());
            text.push_str(name);
            rest %= unit;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

pub(crate) fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*span))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| serde::de::Error::custom("not a time span"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_spans() {
        assert_eq!(parse("2m"), Some(Duration::from_mins(2)));
        assert_eq!(parse("1h30m"), Some(Duration::from_mins(90)));
        assert_eq!(parse("1500ms"), Some(Duration::from_millis(1_500)));
        assert_eq!(parse("1ms500us"), Some(Duration::from_micros(1_500)));
        assert_eq!(parse("0s"), Some(Duration::ZERO));
        for wrong in [
            "",
            "2",
            "m",
            "2 m",
            "-2m",
            "2.5m",
            "2m1h",
            "1m1m",
            "2d",
            "99999999999999999999s",
            "二m",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn format_and_parse_agree(us in 0..10_u64.pow(15)) {
            let span = Duration::from_micros(us);
            prop_assert_eq!(parse(&format(span)), Some(span));
        }
    }
}

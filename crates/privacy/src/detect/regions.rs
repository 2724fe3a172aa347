//! Administrative divisions of China: codes (GB/T 2260) and names.

use std::collections::BTreeSet;
use std::sync::OnceLock;

/// One a line: six digits, comma, name. Compiled from the published code table.
pub(crate) const DIVISIONS: &str = include_str!("data/divisions.csv");

fn codes() -> &'static BTreeSet<u32> {
    static CODES: OnceLock<BTreeSet<u32>> = OnceLock::new();
    CODES.get_or_init(|| {
        DIVISIONS
            .lines()
            .filter_map(|line| line.split_once(','))
            .filter_map(|(code, _)| code.parse().ok())
            .collect()
    })
}

/// How well six digits name a division: 0 not at all, 1 the province, 2 the prefecture, 3 the division itself.
pub(crate) fn level(code: &[u8]) -> u8 {
    let Some(number) = code.iter().try_fold(0_u32, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0'))
    }) else {
        return 0;
    };
    let codes = codes();
    if codes.contains(&number) {
        3
    } else if codes.contains(&(number / 100 * 100)) {
        2
    } else {
        u8::from(codes.contains(&(number / 10_000 * 10_000)) || number / 10_000 == 83)
    }
}

/// The six-digit codes of counties and districts.
pub(crate) fn counties() -> &'static [u32] {
    static LIST: OnceLock<Vec<u32>> = OnceLock::new();
    LIST.get_or_init(|| codes().iter().copied().filter(|code| code % 100 != 0).collect())
}

//! Texts that are amounts or days as people write them, which `clean.cast` reads: a column of them is no column of names.

/// What most texts of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    Amounts,
    Days,
}

/// What more than half of the different texts are, if they are one of the two. Digits alone are an amount only beside others of other
/// lengths: all of one length, or with zeros in front, they are numbers of persons or things.
pub(crate) fn most(texts: &[String]) -> Option<Written> {
    let (mut days, mut amounts, mut marked) = (0, 0, false);
    let mut lengths = (usize::MAX, 0);
    for text in texts {
        if day(text) {
            days += 1;
        } else if let Some(amount) = amount(text) {
            amounts += 1;
            marked |= amount == Amount::Marked;
            lengths = (lengths.0.min(text.trim().len()), lengths.1.max(text.trim().len()));
        }
    }
    if 2 * days > texts.len() {
        Some(Written::Days)
    } else if 2 * amounts > texts.len() && (marked || lengths.0 < lengths.1) {
        Some(Written::Amounts)
    } else {
        None
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Amount {
    /// Digits and nothing else.
    Plain,
    /// With a currency's sign, a separator, a unit, or a sign before it.
    Marked,
}

/// Digits with what people write around and into them.
fn amount(text: &str) -> Option<Amount> {
    const SIGNS: [&str; 9] = ["¥", "$", "€", "£", "RMB", "CNY", "USD", "EUR", "元"];
    let narrow: String = text
        .trim()
        .chars()
        .map(|letter| match letter {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
            '￥' => '¥',
            other => other,
        })
        .collect();
    let mut rest = narrow.as_str();
    if let Some(inner) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        rest = inner.trim();
    }
    for _ in 0..2 {
        rest = rest.strip_prefix(['-', '+']).unwrap_or(rest).trim_start();
        for sign in SIGNS {
            rest = rest.strip_prefix(sign).unwrap_or(rest);
            rest = rest.strip_suffix(sign).unwrap_or(rest).trim();
        }
    }
    rest = rest.strip_suffix(['万', '亿']).unwrap_or(rest).trim_end();
    let (whole, part) = rest.split_once('.').unwrap_or((rest, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let grouped = groups.all(|group| group.len() == 3 && digits(group))
        && (first.len() <= 3 || first.len() == whole.len());
    if !(digits(first) && grouped && digits(part)) {
        return None;
    }
    if rest != text.trim() || rest.len() != first.len() {
        return Some(Amount::Marked);
    }
    (first == "0" || !first.starts_with('0')).then_some(Amount::Plain)
}

/// A day of four-digit year in one of the forms that are read, alone or before a time of day.
fn day(text: &str) -> bool {
    let text = text.trim();
    let date = text.split_once([' ', 'T']).map_or(text, |(date, _)| date);
    let parts: Vec<&str> = if let Some(inner) = date.strip_suffix('日') {
        inner.split(['年', '月']).collect()
    } else if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) {
        [0..4, 4..6, 6..8].into_iter().filter_map(|part| date.get(part)).collect()
    } else {
        ['-', '/', '.']
            .into_iter()
            .map(|sign| date.split(sign).collect::<Vec<_>>())
            .find(|parts| parts.len() == 3)
            .unwrap_or_default()
    };
    let number = |part: &&str| {
        let digits = part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u16>().ok().filter(|_| digits)
    };
    let numbers: Option<Vec<u16>> = parts.iter().map(number).collect();
    match (numbers.as_deref(), date.contains('.')) {
        (Some([year, month, day]), false) | (Some([day, month, year]), true) => {
            *year >= 1000 && (1..=12).contains(month) && (1..=31).contains(day)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<const N: usize>(texts: [&str; N]) -> Option<Written> {
        most(&texts.map(str::to_owned))
    }

    #[test]
    fn amounts_and_days_are_told_from_names() {
        for text in [
            "￥1,234.50",
            "¥ 88",
            "-¥12.5",
            "¥-12.5",
            "(1,000.00)",
            "１２３．５元",
            "3.5万",
            "1.2亿元",
            "1,234",
        ] {
            assert_eq!(amount(text), Some(Amount::Marked), "{text}");
        }
        for text in
            ["2024年1月31日", "2022/09/04", "2022-9-4", "4.9.2022", "20220904", "2022-09-04 12:30"]
        {
            assert!(day(text), "{text}");
        }
        for text in ["", "n/a", "王芳", "C0001", "12,34", "1,2345", "1.234,5", "0012345", "¥"] {
            assert!(amount(text).is_none() && !day(text), "{text}");
        }
        for text in ["2022-13-04", "22/09/04", "20221399", "1-2-3-4"] {
            assert!(!day(text), "{text}");
        }
    }

    #[test]
    fn most_texts_decide() {
        assert_eq!(of(["￥1,234.50", "￥8", "unknown"]), Some(Written::Amounts));
        assert_eq!(of(["2024年1月31日", "2024年2月1日", "?"]), Some(Written::Days));
        assert_eq!(
            of(["12", "345", "unknown"]),
            Some(Written::Amounts),
            "numbers among other texts"
        );
        assert_eq!(of(["123456", "345678", "unknown"]), None, "numbers of customers");
        assert_eq!(of(["001234", "00567", "000081"]), None, "numbers of customers");
        assert_eq!(of(["王芳", "李伟", "￥8"]), None);
        assert_eq!(of([]), None);
    }
}

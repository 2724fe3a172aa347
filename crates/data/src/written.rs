//! Numbers, days and instants as people and their programs write them.

use crate::finite::finite;
use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int64Array, StringArray};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{cast, is_not_null};
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;
use ingot_base::{day, half_width};
use std::borrow::Cow;
use std::sync::Arc;

/// What an amount may be counted in, and how many places that moves its point. The longest names first.
const UNITS: [(&str, usize); 5] = [("万亿", 12), ("亿", 8), ("億", 8), ("万", 4), ("萬", 4)];

/// Full-width letters, digits and marks as their narrow ones: `１，２` is `1,2`.
fn narrow(text: &str) -> Cow<'_, str> {
    let letter = |letter: char| match letter {
        '\u{2212}' => '-',
        '￥' => '¥',
        other => half_width(other),
    };
    if text.is_ascii() { text.into() } else { text.chars().map(letter).collect::<String>().into() }
}

/// A text as a number, as a cast to number reads it: `1234.5`, `￥1,234.50`, `(12.00)`, `1.23万`. `None` for what is not
/// certainly one, and for NaN and the infinities.
pub fn written_number(text: &str) -> Option<f64> {
    let value = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
    value(text.trim()).or_else(|| value(&number(text)?))
}

/// Whether a cast to date reads a text.
pub fn is_written_day(text: &str) -> bool {
    day::instant(text).is_some()
}

/// A text as true or false, as a cast to boolean reads it.
pub fn written_flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().trim() {
        "t" | "tr" | "tru" | "true" | "y" | "ye" | "yes" | "on" | "1" => Some(true),
        "f" | "fa" | "fal" | "fals" | "false" | "n" | "no" | "of" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// A column as another type. A value that is none becomes null, and so does a number that is not finite.
pub(crate) fn recast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    Ok(finite(converted(array, to)?).0)
}

fn converted(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let from = match array.data_type() {
        DataType::Dictionary(_, values) => values.as_ref(),
        other => other,
    };
    let temporal = matches!(to, DataType::Date32 | DataType::Timestamp(..));
    match from {
        DataType::Timestamp(..) | DataType::Date64 if to.is_integer() => {
            let days = cast(&cast(array, &DataType::Date32)?, &DataType::Int32)?;
            cast(&days, to)
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View if temporal => {
            written_times(array, to)
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View if to.is_numeric() => {
            written_numbers(array, to)
        }
        whole if whole.is_integer() && *to == DataType::Date32 => compact_days(array),
        _ => cast(array, to),
    }
}

/// Text as numbers: what Arrow reads, and what [`number`] reads besides. It is asked only where Arrow reads nothing.
fn written_numbers(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let texts = cast(array, &DataType::Utf8)?;
    let known = finite(cast(&texts, to)?).0;
    if known.null_count() == texts.null_count() {
        return Ok(known);
    }
    let rest = texts.as_string::<i32>().iter().enumerate();
    let rest: StringArray =
        rest.map(|(row, text)| text.filter(|_| known.is_null(row)).and_then(number)).collect();
    zip(&is_not_null(&known)?, &known, &cast(&rest, to)?)
}

/// Text as days or instants: what Arrow reads, and what [`day::instant`] reads besides.
fn written_times(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let texts = cast(array, &DataType::Utf8)?;
    let stamp = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None);
    let known = cast(&cast(&texts, &stamp)?, &DataType::Int64)?;
    let known = known.as_primitive::<Int64Type>();
    let times = texts.as_string::<i32>().iter().enumerate().map(|(row, text)| {
        let text = text?;
        if known.is_valid(row) { Some(known.value(row)) } else { day::instant(text) }
    });
    let times: Int64Array = times.collect();
    cast(&cast(&times, &stamp)?, to)
}

/// Whole numbers as days, each as [`day::numbered`] reads it.
fn compact_days(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let numbers = cast(array, &DataType::Int64)?;
    let numbers = numbers.as_primitive::<Int64Type>().iter();
    let days: Date32Array = numbers.map(|number| number.and_then(day::numbered)).collect();
    Ok(Arc::new(days))
}

/// A number in digits, without what people write around and into it: blanks, a currency's sign, commas between thousands, full-width
/// digits, brackets for less than nothing, ten thousands and hundred millions. `None` for a text that is not certainly a number.
fn number(text: &str) -> Option<String> {
    const SIGNS: [&str; 9] = ["¥", "$", "€", "£", "RMB", "CNY", "USD", "EUR", "元"];
    let narrow = narrow(text.trim());
    let mut rest = narrow.trim();
    let (mut less, mut signed) = (false, false);
    if let Some(inner) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        (rest, less, signed) = (inner.trim(), true, true);
    }
    let mut sign = |rest: &mut &str| {
        if let Some(inner) = rest.strip_prefix(['-', '+']).filter(|_| !signed) {
            (less, signed) = (rest.starts_with('-'), true);
            *rest = inner.trim_start();
        }
    };
    sign(&mut rest);
    for name in SIGNS {
        rest = rest.strip_prefix(name).unwrap_or(rest);
        rest = rest.strip_suffix(name).unwrap_or(rest).trim();
    }
    sign(&mut rest);
    let counted = |(unit, places): &(&str, usize)| Some((rest.strip_suffix(unit)?, *places));
    let (amount, places) = UNITS.iter().find_map(counted).unwrap_or((rest, 0));
    let plain = digits(amount.trim_end(), places)?;
    Some(if less { format!("-{plain}") } else { plain })
}

/// An amount in digits, its point moved to the right by so many places; `None` where commas stand elsewhere than between thousands.
fn digits(amount: &str, places: usize) -> Option<String> {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((front, power)) = amount.split_once(['e', 'E']) {
        let known = plain(front.replacen('.', "", 1).as_str()) && front != ".";
        let value = amount.parse::<f64>().ok().filter(|value| value.is_finite());
        return (known && places == 0 && !power.is_empty() && value.is_some())
            .then(|| amount.to_owned());
    }
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let grouped = first.len() <= 3 && groups.all(|group| group.len() == 3 && plain(group));
    let right = plain(first) && (first.len() == whole.len() || (grouped && !first.is_empty()));
    if !right || !plain(part) || (whole.is_empty() && part.is_empty()) {
        return None;
    }
    let (moved, part) = part.split_at_checked(places.min(part.len()))?;
    let zeros = "0".repeat(places - moved.len());
    let whole = format!("0{}{moved}{zeros}", whole.replace(',', ""));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    // What a whole number's point is followed by does not matter: 1,234.00 is one.
    let part = part.trim_end_matches('0');
    Some(if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::Date32Type;

    fn shown(array: &ArrayRef, to: &DataType) -> Vec<Option<String>> {
        let made = cast(&recast(array, to).unwrap(), &DataType::Utf8).unwrap();
        made.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
    }

    #[test]
    fn amounts_are_read_as_banks_write_them() {
        let texts = [
            ("6,997.02", Some("6997.02")),
            (" ￥1,234,567 ", Some("1234567.0")),
            ("-¥ 12.5", Some("-12.5")),
            ("¥-12.5", Some("-12.5")),
            ("(1,000.00)", Some("-1000.0")),
            ("１２３．５元", Some("123.5")),
            ("1e3", Some("1000.0")),
            ("1.23万", Some("12300.0")),
            ("1.5万元", Some("15000.0")),
            ("￥1.23456万", Some("12345.6")),
            ("-3 亿", Some("-300000000.0")),
            ("1,234万", Some("12340000.0")),
            ("2.5万亿元", Some("2500000000000.0")),
            ("１，２３４．５０", Some("1234.5")),
            ("１.２３万元", Some("12300.0")),
            ("（１２．００）", Some("-12.0")),
            ("\u{3000}－１２", Some("-12.0")),
            ("¥.5", Some("0.5")),
            ("¥1e3", Some("1000.0")),
            ("12,34", None),
            ("1,2345", None),
            ("1,2,3", None),
            (",123", None),
            ("1.234,5", None),
            ("1.2.3", None),
            ("12%", None),
            ("１２％", None),
            ("万", None),
            ("1.2w", None),
            ("1万2千", None),
            ("1e3万", None),
            ("--5", None),
            ("(-5)", None),
            ("nan", None),
            ("NaN", None),
            ("-inf", None),
            ("Infinity", None),
            ("¥inf", None),
            ("1e999", None),
            ("¥1e999", None),
            (".", None),
            ("n/a", None),
            ("", None),
        ];
        let array: ArrayRef = Arc::new(StringArray::from_iter_values(texts.map(|(text, _)| text)));
        let wanted: Vec<_> = texts.map(|(_, wanted)| wanted.map(str::to_owned)).into();
        assert_eq!(shown(&array, &DataType::Float64), wanted);
        for (text, wanted) in texts {
            let wanted = wanted.map(|text| text.parse::<f64>().unwrap());
            assert_eq!(
                written_number(text),
                wanted,
                "{text}: a single cell is read as a column is"
            );
        }
        // More digits than a number has room for: beyond all, so none.
        for text in
            ["9".repeat(400), format!("￥{}", "9".repeat(400)), format!("{}亿", "9".repeat(305))]
        {
            assert_eq!(written_number(&text), None, "{text}");
            let array: ArrayRef = Arc::new(StringArray::from_iter_values([&text]));
            assert_eq!(shown(&array, &DataType::Float64), vec![None::<String>], "{text}");
        }
        let whole = ["1.23万", "3亿", "1,234.00", "1.23456万", "12.5"];
        let array: ArrayRef = Arc::new(StringArray::from_iter_values(whole));
        let wanted = [Some("12300"), Some("300000000"), Some("1234"), None, None];
        assert_eq!(shown(&array, &DataType::Int64), wanted.map(|it| it.map(str::to_owned)));
    }

    #[test]
    fn flags_are_read_as_a_cast_reads_them() {
        for text in
            ["true", "T", " yes ", "on", "1", "FALSE", "n", "off", "0", "", "maybe", "是", "2"]
        {
            let array: ArrayRef = Arc::new(StringArray::from_iter_values([text]));
            let made = recast(&array, &DataType::Boolean).unwrap();
            let made = made.as_boolean().iter().next().flatten();
            assert_eq!(written_flag(text), made, "{text}");
        }
    }

    #[test]
    fn days_are_read_as_people_write_them() {
        let texts =
            ["2022/09/04", "2022年9月4日", "20220904", "2022-09-04", "4.9.2022", "09/04/2022"];
        let array: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        let day = Some("2022-09-04".to_owned());
        let wanted = vec![day.clone(), day.clone(), day.clone(), day.clone(), day.clone(), None];
        assert_eq!(shown(&array, &DataType::Date32), wanted);
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![20_220_904, 1, 99_991_231]));
        let wanted = [day, Some("1970-01-02".to_owned()), Some("9999-12-31".to_owned())];
        assert_eq!(shown(&numbers, &DataType::Date32), wanted);
    }

    #[test]
    fn a_single_day_is_read_as_a_column_is() {
        let texts = [
            "2021-08-19",
            "2021-8-9",
            "2021/8/19",
            "2021/08/19",
            "2021年8月19日",
            "２０２１年０８月１９日",
            "20210819",
            "19.8.2021",
            "2021.08.19",
            "２０２１．８．１９",
            "2021-08-19T23:59:59Z",
            "2021-08-20T01:00:00+08:00",
            "2021-08-19 10:30",
            "2021-08-19 10:30:15",
            "2021-08-19T10:30:15.25",
            "2021/08/19 10:30",
            "2021/08/19 10:30:15",
            "2021年8月19日 10:30",
            "19.08.2021 10:30",
            "1960-02-29",
            "1959-12-31T23:00:00-02:00",
            " 2021-08-19 ",
            "2021-13-01",
            "2023-02-29",
            "21-08-19",
            "19/08/2021",
            "08/19/2021",
            "2021081",
            "20211399",
            "0999-01-01",
            "2021-08-19x",
            "18858",
            "soon",
            "",
            "2021",
            "2021-08",
            "2021年8月19",
        ];
        let array: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        let made = recast(&array, &DataType::Date32).unwrap();
        for (text, day) in texts.iter().zip(made.as_primitive::<Date32Type>()) {
            assert_eq!(ingot_base::day::written(text), day, "{text}");
        }
        let numbers =
            [20_210_819, 18_858, -1, 0, 20_211_399, 9_999_999, 100_000_000, 95_026_601, 95_026_602];
        let array: ArrayRef = Arc::new(Int64Array::from(numbers.to_vec()));
        let made = recast(&array, &DataType::Date32).unwrap();
        for (number, day) in numbers.into_iter().zip(made.as_primitive::<Date32Type>()) {
            #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
            let read = ingot_base::day::counted(number as f64);
            assert_eq!(read, day, "{number}");
        }
    }

    #[test]
    fn a_day_that_no_calendar_has_is_missing() {
        let days = [
            ("2022/09/04", true),
            ("2024/02/29", true),
            ("2022/13/04", false),
            ("2023/02/29", false),
            ("22/09/04", false),
            ("20240131", true),
            ("20221399", false),
            ("20230229", false),
            ("2022113", false),
            ("2022-09-04", true),
            ("2022-9-4", true),
            ("2022-13-99", false),
            ("2022-09-31", false),
            ("4.9.22", false),
            ("2024.1.31", true),
            ("2024.13.1", false),
            ("２０２４/１/３１", true),
            ("２０２４．１．３１", true),
            ("２０２４年１月３１日", true),
            ("２０２４０１３１", true),
            ("31/01/2024", false),
            ("01/02/2024", false),
            ("24.1.31", false),
            ("2024.1", false),
        ];
        let array: ArrayRef = Arc::new(StringArray::from_iter_values(days.map(|(text, _)| text)));
        for (day, (text, valid)) in shown(&array, &DataType::Date32).iter().zip(days) {
            assert_eq!(day.is_some(), valid, "{text}: {day:?}");
        }
        let numbers = [20_221_399, 20_230_229, 20_240_001, 20_240_100, 2_000_000_000, i64::MAX];
        let array: ArrayRef = Arc::new(Int64Array::from(numbers.to_vec()));
        assert_eq!(shown(&array, &DataType::Date32), vec![None::<String>; numbers.len()]);
    }

    #[test]
    fn what_arrow_reads_stays_as_arrow_reads_it() {
        let texts = [Some("12"), Some("1,234"), None, Some("x"), Some("￥5"), Some("-7")];
        let array: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let wanted = [Some("12"), Some("1234"), None, None, Some("5"), Some("-7")];
        let wanted = wanted.map(|text| text.map(str::to_owned));
        assert_eq!(shown(&array, &DataType::Int64), wanted);
        let plain: ArrayRef = Arc::new(StringArray::from(vec![Some("1.5"), None, Some("1e3")]));
        let arrows = cast(&plain, &DataType::Float64).unwrap();
        assert_eq!(&recast(&plain, &DataType::Float64).unwrap(), &arrows);
    }
}

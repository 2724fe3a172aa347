//! Numbers, days and instants as people and their programs write them.

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int64Array, StringArray};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{cast, is_not_null};
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use arrow::error::ArrowError;
use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime};
use std::sync::Arc;

/// How a text may write an instant, besides RFC 3339 and its kin. Month before day and day before month cannot be told apart
/// with slashes, so neither is read.
const INSTANTS: [&str; 8] = [
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
];
const DAYS: [&str; 4] = ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%Y年%m月%d日"];

/// Microseconds since 1970 of a text that is an instant or a day. A year has four digits: 22/09/04 could be two days, and 2022113 too.
pub(crate) fn instant(text: &str) -> Option<i64> {
    let text = text.trim();
    let stamp = || INSTANTS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let day = || DAYS.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok());
    let compact = || {
        let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        NaiveDate::parse_from_str(text, "%Y%m%d").ok().filter(|_| digits)
    };
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN);
    let moment = stamp().or_else(|| day().or_else(compact).map(midnight))?;
    (moment.year() >= 1000).then(|| moment.and_utc().timestamp_micros())
}

/// A column as another type. A value that is none becomes null.
pub(crate) fn recast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
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
    let known = cast(&texts, to)?;
    if known.null_count() == texts.null_count() {
        return Ok(known);
    }
    let rest = texts.as_string::<i32>().iter().enumerate();
    let rest: StringArray =
        rest.map(|(row, text)| text.filter(|_| known.is_null(row)).map(number)).collect();
    zip(&is_not_null(&known)?, &known, &cast(&rest, to)?)
}

/// Text as days or instants: what Arrow reads, and what [`instant`] reads besides.
fn written_times(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let texts = cast(array, &DataType::Utf8)?;
    let stamp = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None);
    let known = cast(&cast(&texts, &stamp)?, &DataType::Int64)?;
    let known = known.as_primitive::<Int64Type>();
    let times = texts.as_string::<i32>().iter().enumerate().map(|(row, text)| {
        let text = text?;
        if known.is_valid(row) { Some(known.value(row)) } else { instant(text) }
    });
    let times: Int64Array = times.collect();
    cast(&cast(&times, &stamp)?, to)
}

/// Whole numbers as days: eight digits are the day as it is written, 20240131, and null where no calendar has it, as 20221399; every
/// other number counts days since 1970.
fn compact_days(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let numbers = cast(array, &DataType::Int64)?;
    let written = |number: i64| {
        let part = |part: i64| u32::try_from(part).ok();
        let year = i32::try_from(number / 10_000).ok()?;
        let day = NaiveDate::from_ymd_opt(year, part(number / 100 % 100)?, part(number % 100)?)?;
        Some(Date32Type::from_naive_date(day))
    };
    let counted = |number: i64| {
        let days = i32::try_from(number).ok()?;
        Date32Type::to_naive_date_opt(days).map(|_| days)
    };
    let days = numbers.as_primitive::<Int64Type>().iter().map(|number| {
        let number = number?;
        if (10_000_000..=99_999_999).contains(&number) { written(number) } else { counted(number) }
    });
    let days: Date32Array = days.collect();
    Ok(Arc::new(days))
}

/// A number without what people write around and into it: blanks, a currency's sign, commas between thousands, full-width digits,
/// brackets for less than nothing. Any other text stays as it is.
fn number(text: &str) -> String {
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
    let mut less = false;
    if let Some(inner) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        (rest, less) = (inner.trim(), true);
    }
    if let Some(inner) = rest.strip_prefix('-').filter(|_| !less) {
        (rest, less) = (inner.trim_start(), true);
    }
    for sign in SIGNS {
        rest = rest.strip_prefix(sign).unwrap_or(rest);
        rest = rest.strip_suffix(sign).unwrap_or(rest).trim();
    }
    if let Some(inner) = rest.strip_prefix('-').filter(|_| !less) {
        (rest, less) = (inner.trim_start(), true);
    }
    let (whole, part) = rest.split_once('.').map_or((rest, None), |(a, b)| (a, Some(b)));
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let grouped = (1..=3).contains(&first.len())
        && digits(first)
        && groups.all(|group| group.len() == 3 && digits(group));
    let plain = if grouped {
        let whole = whole.replace(',', "");
        part.map_or(whole.clone(), |part| format!("{whole}.{part}"))
    } else {
        rest.to_owned()
    };
    match plain.parse::<f64>() {
        Ok(_) if less => format!("-{plain}"),
        Ok(_) => plain,
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("12,34", None),
            ("1,2345", None),
            ("1.234,5", None),
            ("n/a", None),
            ("", None),
        ];
        let array: ArrayRef = Arc::new(StringArray::from_iter_values(texts.map(|(text, _)| text)));
        let wanted: Vec<_> = texts.map(|(_, wanted)| wanted.map(str::to_owned)).into();
        assert_eq!(shown(&array, &DataType::Float64), wanted);
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

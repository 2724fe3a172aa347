//! Numbers, days and instants as people and their programs write them.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use arrow::error::ArrowError;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
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
const DAYS: [&str; 5] = ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%Y年%m月%d日", "%Y%m%d"];

/// Microseconds since 1970 of a text that is an instant or a day.
pub(crate) fn instant(text: &str) -> Option<i64> {
    let text = text.trim();
    let stamp = || INSTANTS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let day = || DAYS.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok());
    let moment = stamp().or_else(|| day().map(|day| day.and_time(NaiveTime::MIN)))?;
    Some(moment.and_utc().timestamp_micros())
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
            let texts = cast(array, &DataType::Utf8)?;
            let plain: StringArray =
                texts.as_string::<i32>().iter().map(|text| text.map(number)).collect();
            cast(&plain, to)
        }
        whole if whole.is_integer() && *to == DataType::Date32 => compact_days(array),
        _ => cast(array, to),
    }
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

/// Whole numbers as days: 20240131 as it is written; every other number counts days since 1970.
fn compact_days(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let numbers = cast(array, &DataType::Int64)?;
    let written = |number: i64| {
        let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
        let part = |part: i64| u32::try_from(part).ok();
        let day = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, part(month)?, part(day)?)?;
        (1800..=2999).contains(&year).then_some(day)
    };
    let days = numbers.as_primitive::<Int64Type>().iter().map(|number| {
        let number = number?;
        written(number).map(Date32Type::from_naive_date).or_else(|| i32::try_from(number).ok())
    });
    let days: arrow::array::Date32Array = days.collect();
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
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![20_220_904, 1, 20_221_399]));
        let wanted = [day, Some("1970-01-02".to_owned())];
        assert_eq!(shown(&numbers, &DataType::Date32)[..2], wanted);
    }
}

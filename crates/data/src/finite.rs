//! Numbers that are none: NaN and the infinities. They are missing from the moment a source is read, and counted by column.

use crate::exact;
use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::datatypes::Float64Type;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Begins the text that stands for a number's own digits while a JSON object is read.
const DIGITS: &str = "\u{f8ff}digits:";

/// Stands for a number that is none while a JSON object is read; the letter at its head belongs to no script.
const MARK: &str = "\u{f8ff}not-finite";

/// The array with NaN and the infinities missing, and where they stood.
pub(crate) fn finite(array: ArrayRef) -> (ArrayRef, Vec<usize>) {
    let Some(numbers) = array.as_primitive_opt::<Float64Type>() else { return (array, Vec::new()) };
    if numbers.values().iter().all(|value| value.is_finite()) {
        return (array, Vec::new());
    }
    let odd = |row: &usize| numbers.is_valid(*row) && !numbers.value(*row).is_finite();
    let places: Vec<usize> = (0..numbers.len()).filter(odd).collect();
    let kept: Float64Array =
        numbers.iter().map(|value| value.filter(|it| it.is_finite())).collect();
    (Arc::new(kept), places)
}

/// Whether a text is the name of a number that is none, or of one beyond all: `NaN`, `-inf`, `1e999`.
pub(crate) fn is_not_finite(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|value| !value.is_finite())
}

/// Whether a value of a JSON object stands for a number that is none.
pub(crate) fn is_mark(value: &Value) -> bool {
    value.as_str() == Some(MARK)
}

/// A JSON object as programs write it: also with `NaN`, `Infinity` and `-Infinity`, which JSON does not know. As values of the
/// object they become [marks](is_mark), within lists and objects null.
pub(crate) fn object(text: &[u8]) -> serde_json::Result<Map<String, Value>> {
    serde_json::from_slice(text).or_else(|error| match strict(text) {
        Some(strict) => serde_json::from_slice(&strict),
        None => Err(error),
    })
}

/// The same; whole numbers that neither type of numbers holds exactly become [their digits](written_digits).
pub(crate) fn exact_object(text: &[u8]) -> serde_json::Result<Map<String, Value>> {
    let object = object(text)?;
    let beyond = |value: &Value| match value {
        Value::Number(number) if number.is_i64() => false,
        Value::Number(number) => number.as_f64().is_some_and(exact::may_be_another),
        _ => false,
    };
    if !object.values().any(beyond) {
        return Ok(object);
    }
    let whole = |number: &str| exact::is_whole(number) && number.parse::<i64>().is_err();
    Ok(with_digits(text, whole).unwrap_or(object))
}

/// The object with the digits of all its numbers, as [`written_digits`] finds them.
pub(crate) fn digits(text: &[u8]) -> Option<Map<String, Value>> {
    with_digits(text, |_| true)
}

/// The digits that a text of such an object stands for.
pub(crate) fn written_digits(text: &str) -> Option<&str> {
    text.strip_prefix(DIGITS)
}

/// The object with texts in place of the numbers that `chosen` takes; not within lists and objects.
fn with_digits(text: &[u8], chosen: impl Fn(&str) -> bool) -> Option<Map<String, Value>> {
    let strict = strict(text);
    let text = strict.as_deref().unwrap_or(text);
    let mut out = Vec::with_capacity(text.len() + 64);
    let (mut quoted, mut depth) = (false, 0_usize);
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        if !quoted && depth == 1 && (byte.is_ascii_digit() || *byte == b'-') {
            let part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
            let end = rest.iter().position(|byte| !part(byte)).unwrap_or(rest.len());
            let (number, after) = rest.split_at_checked(end)?;
            let own = std::str::from_utf8(number).ok()?;
            if chosen(own) {
                out.extend([b"\"", DIGITS.as_bytes(), number, b"\""].concat());
            } else {
                out.extend_from_slice(number);
            }
            rest = after;
            continue;
        }
        out.push(*byte);
        rest = after;
        match (quoted, byte) {
            (true, b'\\') => {
                let (escaped, after) = rest.split_first()?;
                out.push(*escaped);
                rest = after;
            }
            (_, b'"') => quoted = !quoted,
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    serde_json::from_slice(&out).ok()
}

/// The same object in JSON's own words; `None` when it already is.
fn strict(text: &[u8]) -> Option<Vec<u8>> {
    const NAMES: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
    let mut out = Vec::with_capacity(text.len() + 16);
    let (mut quoted, mut depth, mut changed) = (false, 0_usize, false);
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        if quoted {
            out.push(*byte);
            rest = after;
            if *byte == b'"' {
                quoted = false;
            } else if let (b'\\', Some((escaped, after))) = (*byte, after.split_first()) {
                out.push(*escaped);
                rest = after;
            }
            continue;
        }
        if let Some(name) = NAMES.iter().find(|name| rest.starts_with(name)) {
            if depth == 1 {
                out.extend([b"\"", MARK.as_bytes(), b"\""].concat());
            } else {
                out.extend(b"null");
            }
            changed = true;
            rest = rest.get(name.len()..).unwrap_or_default();
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        out.push(*byte);
        rest = after;
    }
    changed.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finite_numbers_stay() {
        let numbers =
            [Some(1.5), Some(f64::NAN), None, Some(f64::INFINITY), Some(f64::NEG_INFINITY)];
        let (kept, places) = finite(Arc::new(Float64Array::from(numbers.to_vec())));
        let wanted: ArrayRef =
            Arc::new(Float64Array::from(vec![Some(1.5), None, None, None, None]));
        assert_eq!((&kept, places), (&wanted, vec![1, 3, 4]));
        for (text, odd) in
            [("NaN", true), ("-inf", true), ("1e999", true), ("1e9", false), ("Nancy", false)]
        {
            assert_eq!(is_not_finite(text), odd, "{text}");
        }
    }

    #[test]
    fn digits_are_kept_where_a_number_cannot_be() {
        let text = br#"{"a": 98765432109876540001, "b": -1.20, "c": [98765432109876540001], "d": "5 \" 7", "e": NaN, "f": 9223372036854775807}"#;
        let object = exact_object(text).unwrap();
        assert_eq!(object["a"].as_str().and_then(written_digits), Some("98765432109876540001"));
        assert_eq!((&object["b"], &object["d"]), (&(-1.2).into(), &"5 \" 7".into()));
        assert!(is_mark(&object["e"]) && object["f"] == i64::MAX && object["c"][0].is_f64());
        let all = digits(text).unwrap();
        assert_eq!(all["b"].as_str().and_then(written_digits), Some("-1.20"));
        assert_eq!(exact_object(b"{\"a\": 1e300}").unwrap()["a"], 1e300);
    }

    #[test]
    fn json_of_programs_is_read_and_texts_stay() {
        let text = br#"{"a": NaN, "b": -Infinity, "c": [1, NaN], "d": "NaN \" Infinity", "e": 1}"#;
        let object = object(text).unwrap();
        assert!(is_mark(&object["a"]) && is_mark(&object["b"]));
        assert_eq!(object["c"], serde_json::json!([1, null]));
        assert_eq!((&object["d"], &object["e"]), (&"NaN \" Infinity".into(), &1.into()));
        for wrong in [&b"{\"a\": NaNa}"[..], b"NaN", b"{\"a\": Nan}", b"\"NaN", b"[NaN"] {
            assert!(super::object(wrong).is_err(), "{wrong:?}");
        }
    }
}

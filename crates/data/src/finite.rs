//! Numbers that are none: NaN and the infinities. They are missing from the moment a source is read, and counted by column.

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::datatypes::Float64Type;
use serde_json::{Map, Value};
use std::sync::Arc;

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

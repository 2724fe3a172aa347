//! Requests about texts: JSON whose rows have one member, the text.

use super::pictures::{member, rows};
use super::{BodyBounds, Form};
use crate::messages::{ROWS_MANY, ROWS_NONE};
use crate::problem::{FieldProblem, LISTED, Problem};
use axum::body::Bytes;
use ingot_base::Fault;
use ingot_runtime::messages::TEXT_BLANK;

/// The texts of a JSON body whose form is known, each with the name that an error gives it.
pub(super) fn json(
    body: &[u8],
    form: &Form,
    field: &str,
    bounds: BodyBounds,
) -> Result<Vec<(String, Bytes)>, Problem> {
    let rows = rows(body, form, field, bounds)?;
    match rows.len() {
        0 => return Err(Problem::new(Fault::new(&ROWS_NONE))),
        count if count > bounds.rows => {
            return Err(Problem::new(Fault::new(&ROWS_MANY).arg("limit", bounds.rows)));
        }
        _ => {}
    }
    let (mut texts, mut errors) = (Vec::with_capacity(rows.len()), Vec::new());
    for (place, row) in rows {
        let text = member(&row, field).and_then(|text| match text.trim() {
            "" => Err(Fault::new(&TEXT_BLANK)),
            _ => Ok(Bytes::copy_from_slice(text.as_bytes())),
        });
        match text {
            Ok(text) => texts.push((place, text)),
            Err(fault) if errors.len() < LISTED => {
                errors.push(FieldProblem { field: place, fault });
            }
            Err(_) => {}
        }
    }
    if errors.is_empty() { Ok(texts) } else { Err(Problem::fields(errors)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_in_three_forms_and_faults_name_their_place() {
        let bounds = BodyBounds { rows: 3, depth: 16 };
        let read = |body: &str, form: &Form| json(body.as_bytes(), form, "note", bounds);
        for (body, form, place) in [
            (r#"{"note":"hi"}"#, Form::Row, "note"),
            (r#"[{"note":"hi"}]"#, Form::List, "[0].note"),
            (r#"{"inputs":[{"note":"hi"}]}"#, Form::Envelope(None), "inputs[0].note"),
        ] {
            let texts = read(body, &form).unwrap();
            assert_eq!(texts, [(place.to_owned(), Bytes::from_static(b"hi"))]);
        }
        let code = |body: &str| read(body, &Form::List).unwrap_err().fault().code().to_owned();
        assert_eq!(code("[]"), "serve-rows-none");
        assert_eq!(code(&format!("[{}]", [r#"{"note":"a"}"#; 4].join(","))), "serve-rows-many");
        for bad in [r#"[{"note":" "}]"#, r#"[{"note":1}]"#, "[{}]", r#"[{"note":"a","x":1}]"#] {
            assert_eq!(code(bad), "serve-input", "{bad}");
        }
    }
}

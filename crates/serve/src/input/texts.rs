//! Requests about texts: JSON whose rows have one member, the text.

use super::pictures::{member, rows};
use super::{BodyBounds, Form};
use crate::messages::{ROWS_MANY, ROWS_NONE};
use crate::problem::{FieldProblem, LISTED, Problem};
use axum::body::Bytes;
use ingot_base::Fault;

/// Texts of one request at most: each takes as long as thousands of rows of a table.
pub(crate) const TEXTS: usize = 1024;
/// Texts of one request to explain: each is evaluated some hundred times.
pub(crate) const EXPLAINED: usize = 8;

/// The texts of a JSON body whose form is known, each with the name that an error gives it.
pub(super) fn json(
    body: &[u8],
    form: &Form,
    field: &str,
    bounds: BodyBounds,
) -> Result<Vec<(String, Bytes)>, Problem> {
    let rows = rows(body, form, field, bounds)?;
    let most = bounds.texts;
    match rows.len() {
        0 => return Err(Problem::new(Fault::new(&ROWS_NONE))),
        count if count > most => {
            return Err(Problem::new(Fault::new(&ROWS_MANY).arg("limit", most)));
        }
        _ => {}
    }
    let (mut texts, mut errors) = (Vec::with_capacity(rows.len()), Vec::new());
    for (place, row) in rows {
        match member(&row, field) {
            Ok(text) => texts.push((place, Bytes::copy_from_slice(text.as_bytes()))),
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
        let bounds = BodyBounds::new(10, 16).with_texts(3);
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
        assert_eq!(code(r#"[{"note":"a"},{"note":"b","note":"c"}]"#), "serve-input");
        let twice = read(r#"{"note":"a","note":"b"}"#, &Form::Row).unwrap_err();
        let told = String::from_utf8(twice.render(ingot_base::Lang::En, "id", false)).unwrap();
        assert!(told.contains("`note` stands twice"), "{told}");
        for bad in [r#"[{"note":1}]"#, "[{}]", r#"[{"note":"a","x":1}]"#] {
            assert_eq!(code(bad), "serve-input", "{bad}");
        }
    }
}
